"""Describe how the numbers of arguments and results are nested in lists, tuples and dicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from autograd.core import pytree


class Form(NamedTuple):
    """The nesting of numbers: `kind` is list, tuple or dict, or None for a number by itself."""

    kind: type | None
    parts: tuple[Form, ...] = ()
    keys: tuple[Any, ...] = ()  # of a dict

    @staticmethod
    def of(x: Any) -> Form:
        """Return how an argument or a result is nested.

        Raises:
            TypeError: a dict has keys that are neither str nor int.
        """
        if not pytree.is_branch(x):
            return ONE
        if isinstance(x, dict):
            for key in x:
                if type(key) is not str and type(key) is not int:
                    raise TypeError(
                        f"compile() takes dicts of numbers with keys that are str or int, "
                        f"not {key!r}"
                    )
            return Form(dict, tuple(map(Form.of, x.values())), tuple(x))
        return Form(tuple if isinstance(x, tuple) else list, tuple(map(Form.of, x)))

    def size(self) -> int:
        """Return how many numbers there are."""
        return 1 if self.kind is None else sum(part.size() for part in self.parts)

    def filled(self, numbers: Iterator[Any]) -> Any:
        """Return the next numbers, nested like this."""
        if self.kind is None:
            return next(numbers)
        parts = [part.filled(numbers) for part in self.parts]
        return dict(zip(self.keys, parts)) if self.kind is dict else self.kind(parts)

    def replaced(self, inner: Form) -> Form:
        """Return the form with `inner` in place of each number: that of derivatives."""
        if self.kind is None:
            return inner
        return Form(self.kind, tuple(part.replaced(inner) for part in self.parts), self.keys)

    def part_names(self, name: str) -> list[str]:
        """Return the names of the parts of an argument: w1, w2 of a list w, p_a of a dict p."""
        keys: Sequence[Any] = self.keys or range(1, len(self.parts) + 1)
        joined = "" if not name[-1].isdigit() else "_"
        return [f"{name}{joined if isinstance(key, int) else '_'}{key}" for key in keys]

    def labels(self, name: str) -> list[str]:
        """Return the name of each number of an argument."""
        if self.kind is None:
            return [name]
        names = zip(self.parts, self.part_names(name))
        return [label for part, name in names for label in part.labels(name)]


ONE = Form(None)  # number by itself


def groups_of(forms: Sequence[Form]) -> list[list[int]]:
    """Return the positions of numbers that are together in a list, for each list."""
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


def is_plain(x: Any) -> bool:
    """Whether an argument is nested in nothing but lists, tuples and dicts themselves."""
    if not pytree.is_branch(x):
        return True
    return type(x) in (list, tuple, dict) and all(
        map(is_plain, x.values() if isinstance(x, dict) else x)
    )
