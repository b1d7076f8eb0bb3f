"""How the numbers of arguments and of results are nested in lists, tuples and dicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from autograd.core import pytree


class Form(NamedTuple):
    """How numbers are nested in an argument or a result: `kind` is None for a number."""

    kind: type | None
    parts: tuple[Form, ...] = ()
    keys: tuple[Any, ...] = ()  # of a dict

    def size(self) -> int:
        """How many numbers there are."""
        return 1 if self.kind is None else sum(part.size() for part in self.parts)


ONE = Form(None)  # number by itself


def form_of(x: Any) -> Form:
    """How an argument is nested."""
    if not pytree.is_branch(x):
        return ONE
    if isinstance(x, dict):
        for key in x:
            if type(key) is not str and type(key) is not int:
                raise TypeError(
                    f"compile() takes dicts of numbers with keys that are str or int, not {key!r}"
                )
        return Form(dict, tuple(map(form_of, x.values())), tuple(x))
    return Form(tuple if isinstance(x, tuple) else list, tuple(map(form_of, x)))


def filled(form: Form, numbers: Iterator[Any]) -> Any:
    """The next numbers in this form."""
    if form.kind is None:
        return next(numbers)
    parts = [filled(part, numbers) for part in form.parts]
    return dict(zip(form.keys, parts)) if form.kind is dict else form.kind(parts)


def replaced(form: Form, inner: Form) -> Form:
    """The form of a derivative: in place of each number, one for each variable."""
    if form.kind is None:
        return inner
    return Form(form.kind, tuple(replaced(part, inner) for part in form.parts), form.keys)


def groups_of(forms: Sequence[Form]) -> list[list[int]]:
    """The positions of numbers that are together in a list."""
    groups: list[list[int]] = []
    position = 0
    stack = list(reversed(forms))
    while stack:
        form = stack.pop()
        if form.kind is None:
            position += 1
        elif all(part.kind is None for part in form.parts):
            groups.append(list(range(position, position + len(form.parts))))
            position += len(form.parts)
        else:
            stack += reversed(form.parts)
    return groups


def labels_of(name: str, form: Form) -> list[str]:
    """The name of each number of an argument."""
    if form.kind is None:
        return [name]
    keys: Sequence[Any] = form.keys or range(1, len(form.parts) + 1)
    return [
        label
        for key, part in zip(keys, form.parts)
        for label in labels_of(part_name(name, key), part)
    ]


def part_name(variable: str, key: Any) -> str:
    """What a part of an argument is called."""
    if isinstance(key, int):
        return f"{variable}{key}" if not variable[-1].isdigit() else f"{variable}_{key}"
    return f"{variable}_{key}"


def is_plain(x: Any) -> bool:
    """Whether an argument is nested in nothing but lists, tuples and dicts themselves."""
    if not pytree.is_branch(x):
        return True
    return type(x) in (list, tuple, dict) and all(
        map(is_plain, x.values() if isinstance(x, dict) else x)
    )
