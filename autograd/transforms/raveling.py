"""Trees of numbers as one vector, for optimisers and solvers that take vectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import accumulate
from numbers import Real
from typing import Any

import numpy as np

from autograd.core import pytree, rules
from autograd.core.arguments import type_error
from autograd.core.array_libraries import as_operand
from autograd.core.node import Node
from autograd.core.op import data_of
from autograd.core.shapes import shape_of
from autograd.numpy_api import joining, manipulation


def ravel_pytree(tree: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return all numbers of a tree as a vector, and the function that makes a tree of a vector.

    Both can be differentiated. The vector has the dtype to which those of the tree promote; in the
    tree, each array gets its own back.

    >>> vector, unravel = ravel_pytree({"w": np.array([[1.0], [2.0]]), "b": 3.0})
    >>> vector, unravel(2 * vector)
    (array([1., 2., 3.]), {'w': array([[2.],
           [4.]]), 'b': 6.0})

    Raises:
        TypeError: the tree holds something else than numbers and arrays of them.
    """
    leaves = [as_number("a leaf of the tree", x) for x in pytree.leaves(tree)]
    ends = list(accumulate(math.prod(shape_of(x)) for x in leaves))
    size = ends[-1] if ends else 0

    def unravel(vector: Any) -> Any:
        if shape_of(vector) != (size,):
            raise ValueError(f"unravel() needs shape ({size},), but got {shape_of(vector)}")
        parts = joining.split(vector, ends[:-1])
        return pytree.rebuild(tree, map(shaped_like, leaves, parts))

    vectors = [manipulation.ravel(x) for x in leaves]
    return joining.concatenate(vectors) if vectors else np.zeros(0), unravel


def as_number(name: str, x: Any) -> Any:
    """Return a number, an array of numbers or a node, or raise a TypeError."""
    kind = getattr(getattr(x := as_operand(x), "dtype", None), "kind", "f")
    if isinstance(x, (Node, Real)) or (hasattr(x, "dtype") and kind in "fiub"):
        return x
    raise type_error(name, "a number or an array of numbers", x)


def shaped_like(x: Any, part: Any) -> Any:
    """Return the entries of a vector as a number if `x` is one, or in its shape and dtype."""
    dtype = getattr(data_of(x), "dtype", None)
    if dtype is None:
        return rules.item(part[0])
    part = manipulation.reshape(part, shape_of(x))
    return part if part.dtype == dtype else part.astype(dtype)  # mutants 1: only faster
