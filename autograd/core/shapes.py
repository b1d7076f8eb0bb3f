"""Arithmetic of shapes and axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from .arguments import integer, integers

Shape: TypeAlias = tuple[int, ...]
Axis: TypeAlias = int | tuple[int, ...] | None


def shape_of(x: Any) -> Shape:
    """Return the shape of a float, an array, a node, or a list as NumPy reads it."""
    if type(x) is float:  # mutants 1: only faster
        return ()
    if hasattr(x, "shape"):
        return x.shape
    try:
        return np.shape(x)
    except TypeError:
        if not isinstance(x, (list, tuple)):
            raise
        return (len(x), *shape_of(x[0]))  # NumPy can't read nodes


def as_shape(shape: int | Sequence[int]) -> Shape:
    """Return a shape, or the length of a single axis, as a tuple of `int`.

    Raises:
        TypeError: a length is not an integer.
    """
    if type(shape) is tuple and all(type(n) is int for n in shape):
        return shape
    return integers("shape", shape)


def normalize_axes(axis: Axis, ndim: int) -> Shape:
    """Return an axis, or a tuple of axes, as sorted non-negative numbers; `None` means all.

    Raises:
        TypeError: an axis is not an integer.
        IndexError: an axis lies outside the array (NumPy's `AxisError`).
        ValueError: an axis is named twice.
    """
    if axis is None:
        return tuple(range(ndim))
    return tuple(sorted(ordered_axes(axis if isinstance(axis, tuple) else (axis,), ndim)))


def ordered_axes(axis: int | Sequence[int], ndim: int) -> list[int]:
    """Return an axis, or a sequence of axes, as non-negative numbers in their order."""
    ordered = []
    for a in axis if isinstance(axis, (tuple, list)) else (axis,):
        if type(a) is not int:
            a = integer("axis", a)
        if not -ndim <= a < ndim:
            raise np.exceptions.AxisError(a, ndim)
        ordered.append(a % ndim)
    if len(set(ordered)) < len(ordered):
        raise ValueError(f"axis {axis} names one axis twice in an array of {ndim} dimensions")
    return ordered


def reduced_axes(axis: Axis, ndim: int) -> Shape:
    """Return the axes of a reduction. A single number has none, but NumPy allows one axis."""
    if not ndim and np.ndim(axis) == 0:  # type: ignore[arg-type]
        normalize_axes(axis, 1)
        return ()
    return normalize_axes(axis, ndim)


def kept_shape(shape: Shape, axis: Axis) -> Shape:
    """Return the shape of a reduction over `axis` with `keepdims=True`."""
    axes = reduced_axes(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def count_along(shape: Shape, axis: Axis) -> int:
    """Return how many entries a reduction over `axis` combines into one."""
    return math.prod(shape[i] for i in reduced_axes(axis, len(shape)))


def inverse_permutation(axes: Sequence[int]) -> Shape:
    """Return the order of axes that undoes the permutation `axes`."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def axes_to_sum(shape: Shape, target: Shape) -> Shape:
    """Return the axes of `shape` that broadcasting `target` to it adds or stretches.

    Raises:
        ValueError: `target` does not broadcast to `shape`.
    """
    extra = len(shape) - len(target)
    stretched = []
    for i, n in enumerate(shape):
        wanted = 1 if i < extra else target[i - extra]
        if wanted == 1 and (i < extra or n != 1):
            stretched.append(i)
        elif wanted != n:
            extra = -1  # mutants 1: any negative number
            break
    if extra < 0:
        raise ValueError(f"shape {target} does not broadcast to {shape}")
    return tuple(stretched)
