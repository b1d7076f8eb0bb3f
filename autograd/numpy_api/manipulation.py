"""Moving entries about: shapes, joining, indexing, under NumPy's names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from autograd.core import pytree, rules
from autograd.core.arguments import integer, one_of
from autograd.core.array_libraries import at_home, beside, is_numpys, plain
from autograd.core.changes import kept
from autograd.core.node import Node, data_of
from autograd.core.shapes import as_shape, ordered_axes, shape_of

EMPTY = np.dtype([])  # entries without bytes

# --- shapes ---------------------------------------------------------------------------------------


def reshape(x: Any, shape: int | Sequence[int]) -> Any:
    """The same entries in another shape; one length may be -1, to be worked out."""
    return rules.reshape(x, shape=as_shape(shape))


def ravel(x: Any) -> Any:
    """All entries in one row."""
    return rules.reshape(x, shape=(-1,))


def stand_in(x: Any) -> Any:
    """An array of the shape of `x` without data: NumPy's functions check axes on it."""
    return np.empty(shape_of(x), EMPTY)


def expand_dims(x: Any, axis: int | Sequence[int]) -> Any:
    """New axes of length 1 at the given places of the result."""
    return rules.reshape(x, shape=np.expand_dims(stand_in(x), axis).shape)


def squeeze(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """Axes of length 1 left out: the given ones, or all.

    Raises:
        ValueError: a given axis is longer.
    """
    try:
        return rules.reshape(x, shape=np.squeeze(stand_in(x), axis).shape)
    except ValueError as error:
        if type(error) is not ValueError:  # NumPy's AxisError names the axis
            raise
        raise ValueError(
            f"squeeze: axis {axis} of shape {shape_of(x)} is not of length 1"
        ) from None


def transpose(x: Any, axes: int | Sequence[int] | None = None) -> Any:
    """The axes in another order; reversed if none is given."""
    if axes is None:
        return rules.transpose(x, axes=tuple(range(len(shape_of(x)) - 1, -1, -1)))
    try:
        return rules.transpose(x, axes=np.transpose(_axes_of(x), axes).shape)
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        raise ValueError(
            f"transpose: axes {axes} are no order of the {len(shape_of(x))} axes of the array"
        ) from None


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes change places."""
    return rules.transpose(x, axes=np.swapaxes(_axes_of(x), axis1, axis2).shape)


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
    return rules.broadcast_to(x, shape=as_shape(shape))


def concatenate(xs: Sequence[Any], axis: int | None = 0) -> Any:
    """The arrays `xs` joined along an axis that they have, or flattened first for `None`."""
    xs = list(map(plain, xs))
    if not xs:
        raise ValueError("concatenate() needs at least one array")
    if axis is None:
        xs, axis = [ravel(x) for x in xs], 0
    elif not shape_of(xs[0]):
        raise ValueError("concatenate() joins along an axis, but got single numbers; use stack()")
    (axis,) = ordered_axes((axis,), len(shape_of(xs[0])))
    return rules.concatenate(*xs, axis=axis)


def stack(xs: Sequence[Any], axis: int = 0) -> Any:
    """The arrays or numbers `xs` joined along a new axis.

    >>> from autograd import Value, stack
    >>> stack([Value(1.0), Value(2.0)])
    Tensor([1., 2.], requires_grad=True)
    """
    xs = list(map(plain, xs))
    if not xs:
        raise ValueError("stack() needs at least one array")
    shape = shape_of(xs[0])
    for x in xs:
        if shape_of(x) != shape:
            raise ValueError(f"stack() of different shapes, {shape} and {shape_of(x)}")
    (axis,) = ordered_axes((axis,), len(shape) + 1)
    longer = (*shape[:axis], 1, *shape[axis:])
    return rules.concatenate(*[rules.reshape(x, shape=longer) for x in xs], axis=axis)


def vstack(xs: Sequence[Any]) -> Any:
    """Rows, or stacks of rows, on top of each other."""
    return concatenate([atleast_2d(plain(x)) for x in xs], 0)


def hstack(xs: Sequence[Any]) -> Any:
    """Arrays side by side: along the second axis, or the only one."""
    xs = [atleast_1d(plain(x)) for x in xs]
    return concatenate(xs, 1 if xs and len(shape_of(xs[0])) > 1 else 0)


def dstack(xs: Sequence[Any]) -> Any:
    """Arrays one behind the other, along the third axis."""
    return concatenate([atleast_3d(plain(x)) for x in xs], 2)


def column_stack(xs: Sequence[Any]) -> Any:
    """Vectors, or matrices, as columns side by side."""
    xs = list(map(plain, xs))
    return concatenate([x if len(shape_of(x)) > 1 else reshape(x, (-1, 1)) for x in xs], 1)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """The parts between the given indices, or so many parts of nearly one length."""
    return _parts(np.array_split, x, indices_or_sections, axis)


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """The parts between the given indices, or so many parts of one length.

    Raises:
        ValueError: the length can't be divided so.
    """
    return _parts(np.split, x, indices_or_sections, axis)


def _parts(cut: Callable[..., list[Any]], x: Any, sections: Any, axis: int) -> list[Any]:
    """The parts of `x` along an axis that `cut` makes of the positions on that axis."""
    (axis,) = ordered_axes((axis,), len(shape_of(x)))
    n, front = shape_of(x)[axis], (slice(None),) * axis
    sections = data_of(sections)
    try:
        parts = cut(np.arange(n), sections)
    except (ValueError, ZeroDivisionError):
        what = f"an array is split into 1 part or more, not {sections}"
        if np.ndim(sections) == 0 and sections > 0:
            what = f"{n} entries do not divide into {sections} equal parts"
        raise ValueError(f"{cut.__name__}: {what}") from None
    return [
        rules.getitem(x, index=(*front, slice(int(p[0]), int(p[-1]) + 1) if len(p) else slice(0)))
        for p in parts
    ]


def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """The parts side by side: along the second axis, or the only one."""
    _at_least(1, x, "hsplit")
    return split(x, indices_or_sections, 0 if len(shape_of(x)) == 1 else 1)


def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """The parts on top of each other, along the first axis."""
    _at_least(2, x, "vsplit")
    return split(x, indices_or_sections, 0)


def dsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """The parts one behind the other, along the third axis."""
    _at_least(3, x, "dsplit")
    return split(x, indices_or_sections, 2)


def _at_least(ndim: int, x: Any, name: str) -> None:
    if len(shape_of(x)) < ndim:
        raise ValueError(f"{name}() needs {ndim} dimensions or more, but got shape {shape_of(x)}")


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


def flip(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """The entries in reverse order along axes, or along all."""
    ndim = len(shape_of(x))
    axes = range(ndim) if axis is None else normalize_axis_tuple(axis, ndim)
    back = slice(None, None, -1)
    return rules.getitem(x, index=tuple(back if i in axes else slice(None) for i in range(ndim)))


def flipud(x: Any) -> Any:
    """Top to bottom."""
    _at_least(1, x, "flipud")
    return flip(x, 0)


def fliplr(x: Any) -> Any:
    """Left to right."""
    _at_least(2, x, "fliplr")
    return flip(x, 1)


def roll(x: Any, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Any:
    """The entries shifted along axes; what falls off comes in on the other side."""
    return rearranged(x, lambda a: np.roll(a, shift, axis))


def rot90(x: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Turned by 90 degrees k times, from the first axis towards the second."""
    return rearranged(x, lambda a: np.rot90(a, k, axes))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each entry several times in a row, along an axis or flattened."""
    repeats = data_of(repeats)  # NumPy would hand a tensor's back to this function
    return rearranged(x, lambda a: np.repeat(a, repeats, axis))


def tile(x: Any, reps: int | Sequence[int]) -> Any:
    """The whole array several times, side by side."""
    reps = data_of(reps)
    return rearranged(x, lambda a: np.tile(a, reps))


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0.0) -> Any:
    """A border around the array.

    Args:
        x: the array.
        pad_width: `((before, after), ...)` for each axis, one such pair, one number for all, or a
            dict of widths by axis.
        mode: "constant", or another of NumPy's modes that copy entries: "edge", "reflect",
            "symmetric", "wrap".
        constant_values: the numbers in a constant border, in one of the forms of `pad_width`.
            They are not differentiated.

    Raises:
        ValueError: another mode, a negative width, or widths that do not fit the axes.
        TypeError: a width is no integer, or `constant_values` require a gradient.
    """
    one_of("mode", mode, ("constant", "edge", "reflect", "symmetric", "wrap"))
    shape = shape_of(x)
    pairs = _pad_widths(pad_width, len(shape))
    widths: Any = pairs or 0  # NumPy refuses the pairs of no axes
    if mode != "constant":
        return rearranged(x, lambda a: np.pad(a, widths, mode))  # type: ignore[call-overload]  # any
    index = tuple(slice(before, before + n) for (before, _), n in zip(pairs, shape))
    padded = tuple(before + n + after for (before, after), n in zip(pairs, shape))
    out = rules.scatter_add(x, index=index, shape=padded) if shape else x
    if type(constant_values) in (int, float) and str(constant_values) in ("0", "0.0"):  # no -0.0
        return out
    if any(isinstance(c, Node) and c.level for c in pytree.leaves(constant_values)):
        raise TypeError(
            "pad() does not differentiate constant_values; use their .item() or .numpy(), or "
            "concatenate the border"
        )
    constants = pytree.map_leaves(data_of, constant_values)
    zeros = np.zeros_like(data_of(x))
    border = np.pad(zeros, widths, constant_values=constants)
    inside = np.pad(np.ones_like(zeros, dtype=bool), widths)
    return rules.where(inside, out, border)


def _pad_widths(pad_width: Any, ndim: int) -> list[list[int]]:
    """The widths before and after each axis, in NumPy's forms."""
    if isinstance(pad_width, dict):
        by_axis: list[Any] = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            before, after = width if isinstance(width, tuple) else (width, width)
            by_axis[integer("axis", axis)] = (
                integer("pad_width", before), integer("pad_width", after)
            )  # fmt: skip
        pad_width = by_axis
    widths = np.asarray(data_of(pad_width))
    if widths.dtype.kind != "i":
        raise TypeError(f"pad: pad_width must be integers, but got {pad_width!r}")
    if np.any(widths < 0):
        raise ValueError(f"pad: pad_width must be >= 0, but got {pad_width!r}")
    try:
        return np.broadcast_to(widths, (ndim, 2)).tolist()
    except ValueError:
        raise ValueError(
            f"pad: pad_width {pad_width!r} does not fit an array of {ndim} dimensions"
        ) from None


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The entries on a diagonal of two axes, as the last axis of the result."""
    return rearranged(x, lambda a: np.diagonal(a, offset, axis1, axis2))


def diag(x: Any, k: int = 0) -> Any:
    """A matrix's k-th diagonal, or the matrix with the vector `x` on it."""
    if len(shape_of(x)) != 1:
        return rearranged(x, lambda a: np.diag(a, k))
    k = integer("k", k)
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
        array = np.array(index)
        return array if array.size else array.astype(int)  # as NumPy reads empty lists
    if isinstance(index, (int, slice)):
        return index
    return kept(plain(data_of(index)))


def take(x: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    """The entries at these positions along an axis, or of the flattened array.

    `mode` says what positions outside mean: an error ("raise"), counting on from the other end
    ("wrap"), or the first or last entry ("clip").
    """
    flat = axis is None or not shape_of(x)
    (axis,) = (0,) if axis is None else ordered_axes((axis,), len(shape_of(x)) or 1)
    x = ravel(x) if flat else x
    indices = data_of(indices)
    if is_numpys(indices) or not hasattr(indices, "__array_function__"):
        places: Any = np.arange(shape_of(x)[axis])
        indices = np.take(places, indices, mode=mode)  # type: ignore[call-overload]  # any mode
    return getitem(x, (slice(None),) * axis + (indices,))


def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    """One entry of a row of `x` for each index in the same row of `indices`.

    Of the other axes, what has one entry is stretched. Without an axis, `x` is flattened first.
    """
    x, axis = (ravel(x), 0) if axis is None else (x, axis)
    (axis,) = ordered_axes((axis,), len(shape_of(x)))
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
    ordered_axes((axis,), len(shape_of(x)))
    return take_along_axis(x, at_home(np.argpartition)(data_of(x), kth, axis=axis), axis)


def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The differences of neighbours along an axis, n times over.

    `prepend` and `append` are numbers or arrays to join to `x` along the axis first.
    """
    if integer("n", n, at_least=0) == 0:
        return x
    _at_least(1, x, "diff")
    (axis,) = ordered_axes((axis,), len(shape_of(x)))
    front = (slice(None),) * axis
    edge = (*shape_of(x)[:axis], 1, *shape_of(x)[axis + 1 :])
    ends = [e if e is None or shape_of(e) else broadcast_to(e, edge) for e in (prepend, append)]
    ends = [e if isinstance(e, Node) else beside(e, data_of(x)) for e in ends]
    parts = [part for part in (ends[0], x, ends[1]) if part is not None]
    x = concatenate(parts, axis) if len(parts) > 1 else x
    for _ in range(n):
        x = getitem(x, (*front, slice(1, None))) - getitem(x, (*front, slice(None, -1)))
    return x
