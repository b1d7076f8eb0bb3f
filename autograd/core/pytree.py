"""Trees: nested lists, tuples and dicts of numbers, such as a model's parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from numbers import Real
from typing import Any

from .arguments import type_error
from .shapes import Shape, shape_of


def is_branch(tree: Any) -> bool:
    return isinstance(tree, (list, tuple, dict))


def leaves(tree: Any) -> list[Any]:
    """Return the numbers of a tree in order; those of a dict by insertion of the keys."""
    if not isinstance(tree, (list, tuple, dict)):  # a call to is_branch() takes longer
        return [tree]
    found = []
    for branch in tree.values() if isinstance(tree, dict) else tree:
        found += leaves(branch)
    return found


def map_leaves(f: Callable[[Any], Any], tree: Any) -> Any:
    """Return a tree of the same form with `f(leaf)` in place of each leaf."""
    if not isinstance(tree, (list, tuple, dict)):
        return f(tree)
    if isinstance(tree, dict):
        changed = {key: map_leaves(f, branch) for key, branch in tree.items()}
        if type(tree) is dict:
            return changed
        out = copy(tree)  # a defaultdict keeps its factory
        out.update(changed)
        return out
    branches = [map_leaves(f, branch) for branch in tree]
    return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)


def rebuild(tree: Any, numbers: Iterable[Any]) -> Any:
    """Return a tree of the same form with the next of `numbers` in place of each leaf."""
    rest = iter(numbers)
    return map_leaves(lambda _: next(rest), tree)


def subscript(key: Any) -> str:
    """Return the subscript of a path in a message: `[0]`, `["a"]`."""
    return f'["{key}"]' if isinstance(key, str) and '"' not in key else f"[{key!r}]"


def match_leaves(
    name: str,
    given: Any,
    like: Any,
    model: str,
    needed: Callable[[Any], bool] = lambda leaf: True,
) -> list[Any]:
    """Return the numbers of `given` in the order of the leaves of `like`, a tree of the same form.

    Entries of dicts are paired by key, whatever their order; a list may replace a tuple. Nothing
    broadcasts.

    >>> match_leaves("direction", {"b": 2.0, "a": [1.0]}, {"a": (5.0,), "b": 6.0}, "the argument")
    [1.0, 2.0]
    >>> match_leaves("direction", {"a": [1.0]}, {"a": (5.0, 6.0)}, "the argument")
    Traceback (most recent call last):
    ValueError: direction["a"] must have 2 entries, as in the argument, but has 1

    Args:
        name: the name of `given` in messages.
        given, like: the trees.
        model: the name of `like` in messages, with an article.
        needed: a function of a leaf of `like`: whether its counterpart must not be None.
    """
    if isinstance(like, dict):
        if not isinstance(given, dict):
            raise type_error(name, f"a dict, as in {model}", given)
        for key in [*like, *given]:
            if (key in like) != (key in given):
                fault = "lacks" if key in like else "has"
                raise ValueError(f"{name} must have the keys of {model}, but {fault} {key!r}")
        branches = [(subscript(key), given[key], like[key]) for key in like]
    elif isinstance(like, (list, tuple)):
        fields = getattr(like, "_fields", None)  # of a named tuple
        other = fields and getattr(given, "_fields", fields) != fields
        if not isinstance(given, (list, tuple)) or other:
            raise type_error(name, f"a {type(like).__name__}, as in {model}", given)
        if len(given) != len(like):
            raise ValueError(
                f"{name} must have {len(like)} entries, as in {model}, but has {len(given)}"
            )
        branches = [(subscript(i), *both) for i, both in enumerate(zip(given, like))]
    else:
        if given is not None or needed(like):
            check_leaf(name, given, getattr(like, "shape", ()), model)
        return [given]
    return [
        x for path, one, two in branches for x in match_leaves(name + path, one, two, model, needed)
    ]


def check_leaf(name: str, x: Any, shape: Shape, model: str) -> None:
    """Raise unless `x` is a number or an array of the given shape."""
    if type(x) is float and not shape:
        return
    kind = getattr(getattr(x, "dtype", None), "kind", "f")
    real = kind in "fiub" and (isinstance(x, Real) or hasattr(x, "shape"))
    if not real or shape_of(x) != shape:
        wanted = f"an array of shape {shape}" if shape else "a number"
        error = type_error(name, f"{wanted}, as in {model}", x)
        raise ValueError(*error.args) if real else error
