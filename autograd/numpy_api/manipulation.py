"""Reshape, rearrange and index arrays, with functions named as in NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from autograd.core import array_rules, rules
from autograd.core.arguments import integer, one_of
from autograd.core.array_libraries import (
    as_array,
    as_plain_array,
    copy_array,
    is_numpy,
    no_fallback,
)
from autograd.core.changes import copy_if_small
from autograd.core.node import Node
from autograd.core.op import data_of, stack_nodes
from autograd.core.precision import as_real
from autograd.core.shapes import as_shape, ordered_axes, reduced_axes, shape_of

from .options import array_of, as_dtype, check_out, write

NO_BYTES = np.dtype([])  # arrays of it have a shape, but take no memory

# --- shapes ---------------------------------------------------------------------------------------


def reshape(
    x: Any, shape: int | Sequence[int], order: Any = "C", *, copy: bool | None = None
) -> Any:
    """Return `x` with another shape of the same size; one length may be -1, and is inferred.

    In `order` "F" the first axis changes fastest, and so it does in "A" if it does in memory.
    `copy` is for plain arrays, as in NumPy.
    """
    if copy is not None and not isinstance(x, Node):
        return np.reshape(x, shape, order, copy=copy)
    shape = as_shape(shape)
    if order not in ("C", None) and (
        one_of("order", order, ("C", "F", "A")) == "F" or np.isfortran(data_of(x))
    ):
        return transpose(array_rules.reshape(transpose(x), shape=shape[::-1]))
    return array_rules.reshape(x, shape=shape)


def ravel(x: Any, order: Any = "C") -> Any:
    """Return `x` flattened: (size,); `order` is that of `reshape`, or "K": as in memory."""
    if order == "K":
        strides = getattr(data_of(x), "strides", ())
        axes = sorted(range(len(strides)), key=lambda i: -abs(strides[i]))
        x, order = transpose(x, axes) if strides else x, "C"
    return reshape(x, (-1,), order)  # mutants 1: any negative size does


def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    """Return `x` converted to a dtype; `copy` is for plain arrays, as in NumPy."""
    x = array_of(x)
    plain = hasattr(x, "dtype") and not isinstance(x, Node)
    return x.astype(dtype, copy=copy) if plain else as_dtype(x, dtype)


def expand_dims(x: Any, axis: int | Sequence[int]) -> Any:
    """Return `x` with new axes of length 1 at the positions `axis` of the result."""
    return array_rules.reshape(x, shape=np.expand_dims(np.empty(shape_of(x), NO_BYTES), axis).shape)


def squeeze(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """Return `x` without axes of length 1: without the given ones, or without all of them.

    Raises:
        IndexError: a given axis lies outside the array.
        ValueError: a given axis is longer than 1.
    """
    shape = shape_of(x)
    if axis is None:
        return array_rules.reshape(x, shape=tuple([n for n in shape if n != 1]))
    axes = reduced_axes(axis, len(shape))
    if any(shape[i] != 1 for i in axes):
        raise ValueError(f"squeeze: axis {axis} of shape {shape} is not of length 1")
    return array_rules.reshape(x, shape=tuple([n for i, n in enumerate(shape) if i not in axes]))


def transpose(x: Any, axes: int | Sequence[int] | None = None) -> Any:
    """Return `x` with its axes in the order `axes`, or reversed.

    Raises:
        IndexError: one of `axes` lies outside the array.
        ValueError: `axes` does not name each axis once.
    """
    ndim = len(shape_of(x))
    if axes is None:
        return array_rules.transpose(x, axes=tuple(range(ndim - 1, -1, -1)))
    try:
        return array_rules.transpose(x, axes=np.transpose(_numbered_axes(x), axes).shape)
    except ValueError as error:
        if type(error) is not ValueError:  # NumPy's AxisError names the axis
            raise
        what = f"transpose: axes {axes} are no order of the {ndim} axes of the array"
        raise ValueError(what) from None


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Return `x` with two axes exchanged."""
    return array_rules.transpose(x, axes=np.swapaxes(_numbered_axes(x), axis1, axis2).shape)


def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Return `x` with the axes `source` at the positions `destination`, the rest in order."""
    return array_rules.transpose(x, axes=np.moveaxis(_numbered_axes(x), source, destination).shape)


def rollaxis(x: Any, axis: int, start: int = 0) -> Any:
    """Return `x` with `axis` moved before the axis `start`."""
    return array_rules.transpose(x, axes=np.rollaxis(_numbered_axes(x), axis, start).shape)


def _numbered_axes(x: Any) -> Any:
    """Return an array without entries of shape (0, 1, ..., ndim - 1).

    Where NumPy moves its axes, the shape of the result is the order of the axes.
    """
    return np.empty(range(len(shape_of(x))))


def broadcast_to(x: Any, shape: int | Sequence[int]) -> Any:
    """Return `x` repeated along new axes and axes of length 1, without copying."""
    return array_rules.broadcast_to(x, shape=as_shape(shape))


def broadcast_arrays(*xs: Any) -> tuple[Any, ...]:
    """Return the arrays, each broadcast to the shape that all of them have together."""
    shape = np.broadcast_shapes(*map(shape_of, xs))
    return tuple([array_rules.broadcast_to(x, shape=shape) for x in xs])


def meshgrid(
    *xs: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Any, ...]:
    """Return, for coordinates (n,), (m,), ... on each axis, those at each place of their grid.

    It is (m, n, ...), or (n, m, ...) for indexing "ij". With `sparse`, all other axes of a result
    have length 1 instead. `copy` makes plain results writable arrays of their own.
    """
    places = list(range(len(xs)))
    if one_of("indexing", indexing, ("xy", "ij")) == "xy":
        places[:2] = places[:2][::-1]
    # mutants 1: any negative size is inferred
    grid = [
        reshape(x, [-1 if i == place else 1 for i in range(len(xs))])
        for x, place in zip(xs, places)
    ]
    grid = grid if sparse else list(broadcast_arrays(*grid))
    return tuple([copy_array(x) if copy else x for x in grid])


def full(shape: int | Sequence[int], fill_value: Any, dtype: Any = None, order: str = "C") -> Any:
    """Return an array of a shape that holds `fill_value`, a number or array that broadcasts."""
    fill_value = stack_nodes(fill_value)
    if not isinstance(fill_value, Node):
        return np.full(shape, fill_value, dtype, order)  # type: ignore[call-overload]
    out = broadcast_to(fill_value, shape)
    return out if dtype is None else as_dtype(out, dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Any:
    """Return an array of the shape and dtype of `x` that holds `fill_value`."""
    data = data_of(x)
    if not isinstance(fill_value, Node):
        return np.full_like(data, fill_value, dtype, shape=shape)
    shape = shape_of(x) if shape is None else shape
    return full(shape, fill_value, getattr(data, "dtype", float) if dtype is None else dtype)


def check_ndim(at_least: int, x: Any, name: str) -> None:
    shape = shape_of(x)
    if len(shape) < at_least:
        raise ValueError(f"{name}() needs {at_least} dimensions or more, but got shape {shape}")


def of_each(function: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return the function of several arrays: it returns one result, or a tuple of several."""

    @wraps(function)
    def mapped(*xs: Any) -> Any:
        results = tuple(map(function, map(array_of, xs)))
        return results[0] if len(results) == 1 else results

    return mapped


@of_each
def atleast_1d(x: Any) -> Any:
    """Return `x`, a single number as (1,)."""
    return x if shape_of(x) else reshape(x, 1)


@of_each
def atleast_2d(x: Any) -> Any:
    """Return `x`, a number or a vector as one row: (1, n)."""
    # mutants 1: any negative size is inferred
    return x if len(shape_of(x)) >= 2 else reshape(x, (1, -1))


@of_each
def atleast_3d(x: Any) -> Any:
    """Return `x`, a number or a vector as (1, n, 1), a matrix as (m, n, 1)."""
    shape = shape_of(x)
    # mutants 1: any negative size is inferred
    return x if len(shape) >= 3 else reshape(x, (*shape, 1) if len(shape) == 2 else (1, -1, 1))


# --- rearranging ----------------------------------------------------------------------------------


def rearrange(x: Any, move: Callable[[Any], Any]) -> Any:
    """Return the entries of `x` moved and repeated as `move` does it with a NumPy array."""
    shape = shape_of(x)
    positions = move(np.arange(math.prod(shape)).reshape(shape))
    return array_rules.getitem(ravel(x), index=positions)


def flip(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Return `x` with its entries in reverse order along the given axes, or along all."""
    ndim = len(shape_of(x))
    axes = range(ndim) if axis is None else normalize_axis_tuple(axis, ndim)
    back = slice(None, None, -1)
    return array_rules.getitem(
        x, index=tuple(back if i in axes else slice(None) for i in range(ndim))
    )


def flipud(x: Any) -> Any:
    """Return `x` reversed along its first axis: (m, ...)."""
    check_ndim(1, x, "flipud")
    return flip(x, 0)


def fliplr(x: Any) -> Any:
    """Return `x` reversed along its second axis: (m, n, ...)."""
    check_ndim(2, x, "fliplr")
    return flip(x, 1)


def roll(x: Any, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Any:
    """Return `x` shifted along axes, or flattened; what leaves at one end enters at the other."""
    return rearrange(x, lambda a: np.roll(a, shift, axis))


def rot90(x: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Return `x` rotated by 90 degrees k times, from the first of two axes towards the second."""
    return rearrange(x, lambda a: np.rot90(a, k, axes))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Return `x` with each entry repeated, along an axis or flattened.

    Args:
        x: an array.
        repeats: the number of copies, or one for each position on the axis: (n,).
        axis: the axis of the copies; `x` is flattened first if it is left out.
    """
    repeats = data_of(repeats)  # NumPy would hand a tensor's back to this function
    return rearrange(x, lambda a: np.repeat(a, repeats, axis))


def delete(x: Any, obj: Any, axis: int | None = None) -> Any:
    """Return `x` without the positions that `obj` indexes on an axis, or of the flattened array."""
    obj = data_of(obj)
    return rearrange(x, lambda a: np.delete(a, obj, axis))


def resize(x: Any, new_shape: int | Sequence[int]) -> Any:
    """Return the entries of `x`, repeated as often as another shape needs them."""
    if not math.prod(shape_of(x)):
        return np.zeros_like(data_of(x), shape=new_shape)
    return rearrange(x, lambda a: np.resize(a, new_shape))


def trim_zeros(x: Any, trim: str = "fb") -> Any:
    """Return a vector without zeros at its front, "f", at its back, "b", or at both."""
    x = array_of(x)
    if len(shape_of(x)) != 1:
        raise ValueError(f"trim_zeros takes a vector, but got shape {shape_of(x)}")
    trim = one_of("trim", str(trim).lower(), ("fb", "bf", "f", "b"))
    (found,) = no_fallback(np.nonzero)(data_of(x))
    front = int(found[0]) if len(found) and "f" in trim else 0
    back = int(found[-1]) + 1 if len(found) and "b" in trim else shape_of(x)[0]
    return getitem(x, slice(front, back if len(found) else 0))


def tile(x: Any, reps: int | Sequence[int]) -> Any:
    """Return `x` repeated as a whole, `reps` times along each axis."""
    reps = data_of(reps)
    return rearrange(x, lambda a: np.tile(a, reps))


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return a diagonal of two axes of `x`, as the last axis of the result: (..., k)."""
    return rearrange(x, lambda a: np.diagonal(a, offset, axis1, axis2))


def diag(x: Any, k: int = 0) -> Any:
    """Return the k-th diagonal of a matrix, or the square matrix with the vector `x` on it."""
    if len(shape_of(x)) != 1:
        return rearrange(x, lambda a: np.diag(a, k))
    k = integer("k", k)
    i = np.arange(shape_of(x)[0])
    n = len(i) + abs(k)
    return array_rules.scatter_add(x, index=(i + max(-k, 0), i + max(k, 0)), shape=(n, n))


def diagflat(x: Any, k: int = 0) -> Any:
    """Return the square matrix with the flattened `x` on its k-th diagonal."""
    return diag(ravel(x), k)


def _all_true(x: Any) -> Any:
    """Return a mask for the matrices in `x`, as an array of the same library: (m, n)."""
    # mutants 3: ones are true; equal masks
    return np.ones_like(data_of(stack_nodes(x)), dtype=bool, shape=shape_of(x)[-2:])


def triu(x: Any, k: int = 0) -> Any:
    """Return `x`: (..., m, n) with zeros below the k-th diagonal."""
    return rules.where(np.triu(_all_true(x), k), x, 0.0)


def tril(x: Any, k: int = 0) -> Any:
    """Return `x`: (..., m, n) with zeros above the k-th diagonal."""
    return rules.where(np.tril(_all_true(x), k), x, 0.0)


# --- indexing -------------------------------------------------------------------------------------


def getitem(x: Any, index: Any) -> Any:
    """Return `x[index]` for every form of index that NumPy has; it is not differentiated."""
    return array_rules.getitem(x, index=normalize_index(index))


def normalize_index(index: Any) -> Any:
    """Return the index with arrays in place of lists and tensors."""
    if isinstance(index, tuple):
        return tuple(map(normalize_index, index))
    if isinstance(index, list):
        array = np.array(index)
        return array if array.size else array.astype(int)  # as NumPy reads empty lists
    if isinstance(index, (int, slice)):  # mutants 1: only faster
        return index
    return copy_if_small(as_plain_array(data_of(index)))


def flat_without_axis(x: Any, axis: int | None) -> tuple[Any, int]:
    """Return `x` and a non-negative axis: of the flattened `x` if `axis` is None."""
    x = stack_nodes(x)
    x, axis = (ravel(x), 0) if axis is None else (x, axis)
    return x, ordered_axes((axis,), len(shape_of(x)))[0]


def take(
    x: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise"
) -> Any:
    """Return the entries of `x` at `indices` along an axis, or of the flattened array.

    The shape of `indices` takes the place of the axis. For indices outside the axis, `mode` is
    "raise" (an IndexError), "wrap" (around), or "clip" (to the first or last entry).
    """
    if out is not None:
        check_out("take", out, [x, indices])
        return write("take", take(x, indices, axis, mode=mode), out)
    x, axis = flat_without_axis(x if shape_of(x) else ravel(x), axis)
    indices = data_of(indices)
    if is_numpy(indices) or not hasattr(indices, "__array_function__"):
        positions: Any = np.arange(shape_of(x)[axis])
        indices = np.take(positions, indices, mode=mode)  # type: ignore[call-overload]  # any mode
    return getitem(x, (slice(None),) * axis + (indices,))


def compress(condition: Any, x: Any, axis: int | None = None, out: Any = None) -> Any:
    """Return `x` where conditions: (n,) hold on an axis, or in the flattened array."""
    condition = as_plain_array(data_of(condition))
    if len(shape_of(condition)) != 1:
        raise ValueError(f"compress: condition must be a vector, not {shape_of(condition)}")
    return take(x, no_fallback(np.nonzero)(condition)[0], axis, out)


def extract(condition: Any, x: Any) -> Any:
    """Return the entries of `x`, flattened, where a condition holds."""
    return compress(np.ravel(data_of(condition)), x)


def unique(
    x: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
) -> Any:
    """Return the different entries of `x`, sorted. The first of equal ones gets the gradient."""
    x, find = array_of(x), no_fallback(np.unique)
    _, index, *more = find(
        data_of(x), True, return_inverse, return_counts, axis, equal_nan=equal_nan
    )
    more = [index, *more] if return_index else more
    return (take(x, index, axis), *more) if more else take(x, index, axis)


def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    """Return the entries of `x` at `indices` along an axis, each from the row of its index.

    Args:
        x: an array: (..., n, ...); flattened first if `axis` is None.
        indices: integers: (..., k, ...). All other axes broadcast against those of `x`.
        axis: the axis of n and k.

    Raises:
        ValueError: `indices` have another number of axes than `x`.
    """
    x, axis = flat_without_axis(x, axis)
    indices = normalize_index(indices)
    if len(shape_of(indices)) != len(shape_of(x)):
        raise ValueError(
            f"take_along_axis: indices of shape {shape_of(indices)} do not have the dimensions of "
            f"an array of shape {shape_of(x)}"
        )
    grid: list[Any] = list(np.ix_(*map(np.arange, shape_of(x))))
    grid[axis] = indices
    return array_rules.getitem(x, index=tuple(grid))


def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """Return how often 0, 1, ... occur in `x`: (n,), or the sums of the weights that they have."""
    x, weights = data_of(x), stack_nodes(weights)
    if not isinstance(weights, Node):
        return no_fallback(np.bincount)(x, weights, minlength)
    counts = no_fallback(np.bincount)(x, None, minlength)
    if shape_of(weights) != shape_of(x):
        raise ValueError(f"bincount: {shape_of(weights)} are not the weights of {shape_of(x)}")
    return array_rules.scatter_add(as_real(weights), index=as_array(x), shape=shape_of(counts))


def sort(
    x: Any,
    axis: int | None = -1,
    kind: str | None = None,
    order: None = None,
    *,
    stable: bool | None = None,
) -> Any:
    """Return `x` sorted in increasing order along an axis, or flattened and sorted for `None`.

    Every `kind` of sorting is stable, and `order` is for structured arrays, which are refused.
    """
    one_of("kind", kind, (None, "quicksort", "heapsort", "mergesort", "stable"))
    if order is not None:
        raise ValueError("sort: order= is for structured arrays; leave it out")
    x, axis = flat_without_axis(x, axis)
    return take_along_axis(x, no_fallback(np.argsort)(data_of(x), axis=axis, kind="stable"), axis)


def partition(
    x: Any, kth: int | Sequence[int], axis: int | None = -1, kind: str = "introselect"
) -> Any:
    """Return `x` with its k-th smallest entry where sorting would put it along an axis.

    Smaller entries stand before it and larger ones behind it, in any order.
    """
    one_of("kind", kind, ("introselect",))
    x, axis = flat_without_axis(x, axis)
    return take_along_axis(x, no_fallback(np.argpartition)(data_of(x), kth, axis=axis), axis)
