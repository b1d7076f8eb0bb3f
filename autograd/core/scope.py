"""Named parts of a computation, by which pictures group nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .arguments import instance_of
from .modes import Mode, replace, set_mode

# Functions that name leaves without a label: `nn` adds one for the parameters of modules.
leaf_names: list[Callable[[Sequence[Any]], Mapping[Any, str]]] = []


class Scope:
    """One run of a named part: nodes that are computed while it is open belong to it.

    `owner` is the module that was called, whose parameters belong to the scope too; `None` if a
    user opened the scope. Copies and pickles omit it.
    """

    __slots__ = ("name", "owner", "parent")

    def __init__(self, name: str, parent: Scope | None = None, owner: Any = None) -> None:
        self.name, self.parent, self.owner = name, parent, owner

    def __repr__(self) -> str:
        return f"Scope({self.name!r})"

    def __reduce__(self) -> tuple[type[Scope], tuple[str, Scope | None]]:
        return Scope, (self.name, self.parent)


class scope(set_mode):  # noqa: N801  # read as a word of the language: with scope("layer 1")
    """Name the computation inside, for pictures: they frame it, and can fold it to one node.

    Scopes nest. Modules that are called inside one open scopes of their own. Context manager and
    decorator; each entry is a group of its own.

    >>> from autograd import Value, draw, scope
    >>> x = Value(3.0, label="x")
    >>> with scope("cube"):
    ...     y = x * x * x
    >>> draw(y + x, depth=0)
                                 value      gradient
    v3 = cube + x                   30  not computed
      cube ← x     2 operations     27  not computed
        x                            3  not computed

    Args:
        name: its name in pictures; the empty name makes no group, but modules open theirs.
        owner: the module that is called, if the scope stands for a call.
    """

    def __init__(self, name: str, owner: Any = None) -> None:
        super().__init__()
        self.name, self.owner = instance_of("name", name, str), owner

    def inside(self, outside: Mode) -> Mode:
        return replace(outside, scope=Scope(self.name, outside.scope, self.owner))
