"""States of a training and its parts: whether a saved one can be gone on from.

A state is a tree of numbers, texts, arrays, lists, tuples and dicts, see `checkpoint`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from nn.module import Module
from nn.optim.optimizer import Optimizer

from .history import History


def is_finite(x: Any) -> bool:
    return bool(np.isfinite(x).all())


def not_finite(model: Module, optimizer: Optimizer) -> list[str]:
    """Names of the parameters, buffers and optimizer states with nan or infinite numbers."""
    held = [*model.named_parameters(), *model.named_buffers()]
    names = {id(p): name for name, p in held}
    held += [("a parameter", p) for p in optimizer.parameters() if id(p) not in names]
    numbers = [(name, x._data) for name, x in held]
    for group in optimizer.groups:
        for state in (*group.states, group.value_state):
            numbers += [(f"the optimizer's {key}", x) for key, x in state.items()]
    return list(dict.fromkeys(name for name, x in numbers if not is_finite(x)))


def few(names: Sequence[str]) -> str:
    """The first names of many, for a message."""
    return ", ".join(names[:4]) + ", ..." * (len(names) > 4)


def named_states(parts: Iterable[Any]) -> list[tuple[str, Any]]:
    """The states of those that have one, each with the name of its class."""
    states = ((type(part).__name__, part.state_dict()) for part in parts)
    return [(name, state) for name, state in states if state]


def check_fits(saved: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Check that a training with the state `own` can continue from the `saved` one.

    Raises:
        ValueError: it is that of a training of another form.
    """
    for what in ("steps per epoch", "optimizer", "schedules", "callbacks", "generators"):
        found, wanted = form(saved[what]), form(own[what])
        if found != wanted and isinstance(found, list) and isinstance(wanted, list):
            other = [x for x in found if x not in wanted], [x for x in wanted if x not in found]
            found, wanted = other if any(other) else (found, wanted)
        if found != wanted:
            raise ValueError(
                f"its {what} {'are' if what[-1] == 's' else 'is'} {found}, not {wanted}"
            )
    for what in ("epoch", "optimizer", "schedules", "history"):  # callbacks look at theirs
        check_alike(what, saved[what], own[what])
    history = History(**saved["history"])
    check_columns(history.steps | history.epochs)


def form(x: Any) -> Any:
    """What has to be the same in two states: numbers, names, keys."""
    if isinstance(x, dict):
        return sorted(x)
    return [named(part)[0] for part in x] if isinstance(x, list) else x


def named(part: Any) -> tuple[str, Any]:
    """A part's name and its state, as `named_states` has put them together."""
    if not isinstance(part, tuple) or len(part) != 2:
        raise ValueError(f"it holds {part!r:.40} in place of a name and a state")
    return part


def check_alike(where: str, saved: Any, own: Any) -> None:
    """Check that a saved state has numbers where this one has numbers, and so on.

    What is empty as yet may have been filled with numbers; what is None, with anything.

    Raises:
        ValueError: it has something else.
    """
    if own is None:
        return
    if kind_of(own) is not kind_of(saved):
        raise ValueError(f"its {where} is {saved!r:.40}, not such as {own!r:.40}")
    if isinstance(own, dict):
        for name, x in saved.items():
            check_alike(f"{where}, {name}", x, own[name] if name in own else blank(x))
    elif isinstance(own, (list, tuple)):
        for i, x in enumerate(saved):
            check_alike(where, x, own[i] if i < len(own) else blank(x))


def check_columns(columns: Mapping[str, Any]) -> None:
    """Check that columns are those of a history.

    Raises:
        ValueError: one is no list of numbers, or is empty.
    """
    for name, column in columns.items():
        if not (isinstance(column, list) and column and all(isinstance(x, Real) for x in column)):
            raise ValueError(f"its history has {column!r:.40} for {name}, not a list of numbers")


def kind_of(x: Any) -> type | None:
    """The kind of a value in a state, or None for values that states do not hold."""
    kinds = (str, dict, list, tuple, np.ndarray, Real)
    return next((kind for kind in kinds if isinstance(x, kind)), None)


def blank(x: Any) -> Any:
    """An empty value of the kind of `x`, and 0.0 for a number."""
    empty: dict[type | None, Any] = {dict: {}, list: [], tuple: (), np.ndarray: x}
    return empty.get(kind_of(x), 0.0)
