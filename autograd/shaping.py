"""Moving entries about: shapes, joining, indexing, under NumPy's names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import rules
from .node import data_of
from .places import at_home
from .shapes import Axis, Shape, normalize_axes, shape_of

# --- shapes ---------------------------------------------------------------------------------------


def reshape(x: Any, shape: int | Sequence[int]) -> Any:
    """The same entries in another shape; one length may be -1, to be worked out."""
    return rules.reshape(x, shape=_as_shape(shape))


def _as_shape(shape: int | Sequence[int]) -> Shape:
    return (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(map(int, shape))


def ravel(x: Any) -> Any:
    """All entries in one row."""
    return rules.reshape(x, shape=(-1,))


def expand_dims(x: Any, axis: int | Sequence[int]) -> Any:
    """New axes of length 1 at the given places of the result."""
    old = iter(shape_of(x))
    ndim = len(shape_of(x)) + (len(axis) if isinstance(axis, Sequence) else 1)
    new = normalize_axes(axis, ndim)
    return rules.reshape(x, shape=tuple(1 if i in new else next(old) for i in range(ndim)))


def squeeze(x: Any, axis: Axis = None) -> Any:
    """Axes of length 1 left out: the given ones, or all.

    Raises:
        ValueError: a given axis is longer.
    """
    shape = shape_of(x)
    axes = [i for i, n in enumerate(shape) if n == 1]
    if axis is not None:
        axes = list(normalize_axes(axis, len(shape)))
        if any(shape[i] != 1 for i in axes):
            raise ValueError(f"squeeze: axis {axis} of shape {shape} is not of length 1")
    return rules.reshape(x, shape=tuple(n for i, n in enumerate(shape) if i not in axes))


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order; reversed if none is given."""
    ndim = len(shape_of(x))
    if axes is None:
        return rules.transpose(x, axes=tuple(range(ndim - 1, -1, -1)))
    order = tuple(axes)
    if sorted(a % ndim if -ndim <= a < ndim else -1 for a in order) != list(range(ndim)):
        raise ValueError(f"transpose: axes {order} are no order of the {ndim} axes of the array")
    return rules.transpose(x, axes=tuple(int(a) % ndim for a in order))


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes change places."""
    order = np.swapaxes(_axes_of(x), axis1, axis2).shape
    return rules.transpose(x, axes=order)


def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Some axes moved to other places, the rest in their order."""
    return rules.transpose(x, axes=np.moveaxis(_axes_of(x), source, destination).shape)


def rollaxis(x: Any, axis: int, start: int = 0) -> Any:
    """One axis moved before the axis `start`."""
    return rules.transpose(x, axes=np.rollaxis(_axes_of(x), axis, start).shape)


def _axes_of(x: Any) -> Any:
    """An array without entries whose shape numbers the axes of `x`: what moves them, shows how."""
    return np.empty((0, *range(1, len(shape_of(x)))) if shape_of(x) else ())


def broadcast_to(x: Any, shape: int | Sequence[int]) -> Any:
    """`x` repeated along new and length-1 axes, without copying."""
    return rules.broadcast_to(x, shape=_as_shape(shape))


def concatenate(xs: Sequence[Any], axis: int | None = 0) -> Any:
    """The arrays `xs` joined along an axis that they have, or flattened first for `None`."""
    xs = list(xs)
    if not xs:
        raise ValueError("concatenate() needs at least one array")
    if axis is None:
        xs, axis = [ravel(x) for x in xs], 0
    (axis,) = normalize_axes((axis,), len(shape_of(xs[0])))
    return rules.concatenate(*xs, axis=axis)


def stack(xs: Sequence[Any], axis: int = 0) -> Any:
    """The arrays or numbers `xs` joined along a new axis.

    >>> from autograd import Value, stack
    >>> stack([Value(1.0), Value(2.0)])
    Tensor([1., 2.], requires_grad=True)
    """
    return concatenate([expand_dims(x, axis) for x in xs], axis)


def vstack(xs: Sequence[Any]) -> Any:
    """Rows, or stacks of rows, on top of each other."""
    return concatenate([atleast_2d(x) for x in xs], 0)


def hstack(xs: Sequence[Any]) -> Any:
    """Arrays side by side: along the second axis, or the only one."""
    xs = [atleast_1d(x) for x in xs]
    return concatenate(xs, 1 if xs and len(shape_of(xs[0])) > 1 else 0)


def dstack(xs: Sequence[Any]) -> Any:
    """Arrays one behind the other, along the third axis."""
    return concatenate([atleast_3d(x) for x in xs], 2)


def column_stack(xs: Sequence[Any]) -> Any:
    """Vectors, or matrices, as columns side by side."""
    return concatenate([x if len(shape_of(x)) > 1 else reshape(x, (-1, 1)) for x in xs], 1)


def array_split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """The parts between the given indices, or so many parts of nearly one length."""
    (axis,) = normalize_axes((axis,), len(shape_of(x)))
    n = shape_of(x)[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        if indices_or_sections < 1:
            raise ValueError(f"an array is split into 1 part or more, not {indices_or_sections}")
        size, longer = divmod(n, indices_or_sections)
        inner = [i * size + min(i, longer) for i in range(1, indices_or_sections)]
    else:
        inner = list(indices_or_sections)
    return [
        rules.getitem(x, index=(slice(None),) * axis + (slice(i, j),))
        for i, j in zip([0, *inner], [*inner, n])
    ]


def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """The parts between the given indices, or so many parts of one length.

    Raises:
        ValueError: the length can't be divided so.
    """
    parts = array_split(x, indices_or_sections, axis)
    n = shape_of(x)[axis]
    if isinstance(indices_or_sections, (int, np.integer)) and n % indices_or_sections:
        raise ValueError(f"split: {n} entries do not divide into {indices_or_sections} equal parts")
    return parts


def hsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """The parts side by side: along the second axis, or the only one."""
    return split(x, indices_or_sections, 0 if len(shape_of(x)) == 1 else 1)


def vsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """The parts on top of each other, along the first axis."""
    return split(x, indices_or_sections, 0)


def atleast_1d(x: Any) -> Any:
    """A single number as an array of one."""
    return x if shape_of(x) else reshape(x, 1)


def atleast_2d(x: Any) -> Any:
    """A number or a vector as one row."""
    return x if len(shape_of(x)) >= 2 else reshape(x, (1, -1))


def atleast_3d(x: Any) -> Any:
    """Fewer than three dimensions filled up as NumPy does: a vector becomes (1, n, 1)."""
    shape = shape_of(x)
    return x if len(shape) >= 3 else reshape(x, (*shape, 1) if len(shape) == 2 else (1, -1, 1))


def rearranged(x: Any, move: Callable[[Any], Any]) -> Any:
    """The entries of `x`, moved and repeated as `move` does with the entries of a NumPy array."""
    shape = shape_of(x)
    positions = move(np.arange(math.prod(shape)).reshape(shape))
    return rules.getitem(rules.reshape(x, shape=(-1,)), index=positions)


def flip(x: Any, axis: Axis = None) -> Any:
    """The entries in reverse order along axes, or along all."""
    ndim = len(shape_of(x))
    axes = normalize_axes(axis, ndim)
    back = slice(None, None, -1)
    return rules.getitem(x, index=tuple(back if i in axes else slice(None) for i in range(ndim)))


def flipud(x: Any) -> Any:
    """Top to bottom."""
    return flip(x, 0)


def fliplr(x: Any) -> Any:
    """Left to right."""
    return flip(x, 1)


def roll(x: Any, shift: int | Sequence[int], axis: Axis = None) -> Any:
    """The entries shifted along axes; what falls off comes in on the other side."""
    return rearranged(x, lambda a: np.roll(a, shift, axis))


def rot90(x: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Turned by 90 degrees k times, from the first axis towards the second."""
    return rearranged(x, lambda a: np.rot90(a, k, axes))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each entry several times in a row, along an axis or flattened."""
    return rearranged(x, lambda a: np.repeat(a, repeats, axis))


def tile(x: Any, reps: int | Sequence[int]) -> Any:
    """The whole array several times, side by side."""
    reps = data_of(reps)  # NumPy would hand a tensor's back to this function
    return rearranged(x, lambda a: np.tile(a, reps))


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: float = 0.0) -> Any:
    """A border around the array.

    Args:
        x: the array.
        pad_width: `((before, after), ...)` for each axis, one such pair, or one number for all.
        mode: "constant", or another of NumPy's modes that copy entries: "edge", "reflect",
            "symmetric", "wrap".
        constant_values: the number in a constant border.
    """
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        raise ValueError(f"pad: mode {mode!r} is not one that copies entries")
    if mode != "constant":
        return rearranged(x, lambda a: np.pad(a, pad_width, mode))  # type: ignore[call-overload]  # any
    inside = np.pad(np.ones_like(data_of(x), dtype=bool), pad_width)
    widths = np.broadcast_to(np.asarray(pad_width), (inside.ndim, 2))
    index = tuple(slice(int(b), int(b) + n) for (b, _), n in zip(widths, shape_of(x)))
    out = rules.scatter_add(x, index=index, shape=inside.shape)
    return rules.where(inside, out, constant_values) if constant_values else out


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The entries on a diagonal of two axes, as the last axis of the result."""
    return rearranged(x, lambda a: np.diagonal(a, offset, axis1, axis2))


def diag(x: Any, k: int = 0) -> Any:
    """A matrix's k-th diagonal, or the matrix with the vector `x` on it."""
    if len(shape_of(x)) != 1:
        return rearranged(x, lambda a: np.diag(a, k))
    i = np.arange(shape_of(x)[0])
    n = len(i) + abs(k)
    return rules.scatter_add(x, index=(i + max(-k, 0), i + max(k, 0)), shape=(n, n))


def _all_true(x: Any) -> Any:
    """A mask for the matrices in `x`, as an array of the same type."""
    return np.ones_like(data_of(x), dtype=bool, shape=shape_of(x)[-2:])


def triu(x: Any, k: int = 0) -> Any:
    """Zero below the k-th diagonal."""
    return rules.where(np.triu(_all_true(x), k), x, 0.0)


def tril(x: Any, k: int = 0) -> Any:
    """Zero above the k-th diagonal."""
    return rules.where(np.tril(_all_true(x), k), x, 0.0)


# --- indexing -------------------------------------------------------------------------------------


def getitem(x: Any, index: Any) -> Any:
    """`x[index]`: every form of index that NumPy has. Indices are not differentiated."""
    return rules.getitem(x, index=plain_index(index))


def plain_index(index: Any) -> Any:
    """An index with arrays in place of lists and tensors."""
    if isinstance(index, tuple):
        return tuple(map(plain_index, index))
    if isinstance(index, list):
        return np.array(index, dtype=None if index else int)
    return data_of(index)


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The entries at these positions along an axis, or of the flattened array."""
    x, axis = (ravel(x), 0) if axis is None else (x, axis)
    (axis,) = normalize_axes((axis,), len(shape_of(x)))
    return getitem(x, (slice(None),) * axis + (indices,))


def take_along_axis(x: Any, indices: Any, axis: int = -1) -> Any:
    """One entry of a row of `x` for each index in the same row of `indices`.

    Of the other axes, what has one entry is stretched.
    """
    (axis,) = normalize_axes((axis,), len(shape_of(x)))
    indices = plain_index(indices)
    if len(shape_of(indices)) != len(shape_of(x)):
        raise ValueError(
            f"take_along_axis: indices of shape {shape_of(indices)} do not have the dimensions of "
            f"an array of shape {shape_of(x)}"
        )
    grid: list[Any] = list(np.ix_(*map(np.arange, shape_of(x))))
    grid[axis] = indices
    return rules.getitem(x, index=tuple(grid))


def sort(x: Any, axis: int | None = -1) -> Any:
    """The entries in increasing order along an axis."""
    x, axis = (ravel(x), 0) if axis is None else (x, axis)
    return take_along_axis(x, at_home(np.argsort)(data_of(x), axis=axis, kind="stable"), axis)


def partition(x: Any, kth: int, axis: int | None = -1) -> Any:
    """The k-th smallest entry in its place, smaller ones before it and larger ones behind."""
    x, axis = (ravel(x), 0) if axis is None else (x, axis)
    return take_along_axis(x, at_home(np.argpartition)(data_of(x), kth, axis=axis), axis)


def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """The differences of neighbours along an axis, n times over."""
    (axis,) = normalize_axes((axis,), len(shape_of(x)))
    if n < 0:
        raise ValueError(f"diff: n must not be negative, but is {n}")
    for _ in range(n):
        front = (slice(None),) * axis
        x = getitem(x, (*front, slice(1, None))) - getitem(x, (*front, slice(None, -1)))
    return x
