"""Nested lists, tuples and dicts of numbers, such as a model's parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def is_branch(tree: Any) -> bool:
    return isinstance(tree, (list, tuple, dict))


def leaves(tree: Any) -> list[Any]:
    """The numbers of a tree, in order; of a dict in the order of its keys' insertion."""
    if not isinstance(tree, (list, tuple, dict)):
        return [tree]
    found = []
    for branch in tree.values() if isinstance(tree, dict) else tree:
        found += leaves(branch)
    return found


def map_leaves(f: Callable[[Any], Any], tree: Any) -> Any:
    """A tree of the same form with `f(leaf)` in place of each leaf."""
    if not isinstance(tree, (list, tuple, dict)):
        return f(tree)
    if isinstance(tree, dict):
        return type(tree)((key, map_leaves(f, branch)) for key, branch in tree.items())
    branches = [map_leaves(f, branch) for branch in tree]
    return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)


def rebuild(tree: Any, numbers: Iterable[Any]) -> Any:
    """A tree of the same form with the next of `numbers` in place of each leaf."""
    rest = iter(numbers)
    return map_leaves(lambda _: next(rest), tree)
