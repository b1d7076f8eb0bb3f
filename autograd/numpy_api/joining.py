"""Join and split arrays, with functions named as in NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.core import array_rules, pytree, rules
from autograd.core.arguments import one_of
from autograd.core.array_libraries import as_array, as_plain_array
from autograd.core.op import data_of
from autograd.core.shapes import ordered_axes, shape_of

from .manipulation import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    broadcast_arrays,
    check_ndim,
    getitem,
    ravel,
    reshape,
    take_along_axis,
)
from .options import array_of, as_dtype, check_out, write


def _part(x: Any) -> Any:
    """Return an array to join: matrices and the like are read as arrays."""
    return array_of(as_plain_array(x))


def concatenate(
    xs: Sequence[Any],
    axis: int | None = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Any:
    """Return the arrays `xs` joined along an existing axis, or flattened and joined for `None`.

    Raises:
        ValueError: there are no arrays, they have no axes, or other axes differ in length.
        TypeError: `casting` does not allow to convert them to `dtype` or to the dtype of `out`.
    """
    xs = list(map(_part, xs))
    if not xs:
        raise ValueError("concatenate() needs at least one array")
    if axis is None:
        xs, axis = [ravel(x) for x in xs], 0
    elif not shape_of(xs[0]):
        raise ValueError("concatenate() joins along an axis, but got single numbers; use stack()")
    (axis,) = ordered_axes((axis,), len(shape_of(xs[0])))
    joined = array_rules.concatenate(*xs, axis=axis)
    if out is None and dtype is None and casting == "same_kind":
        return joined
    if out is not None:
        check_out("concatenate", out, xs)
    if out is not None and dtype is not None:
        raise TypeError("concatenate() takes out or dtype, but got both")
    wanted = np.dtype(getattr(out, "dtype", joined.dtype) if dtype is None else dtype)
    for x in xs:
        own = getattr(x, "dtype", np.dtype(float))
        if not np.can_cast(own, wanted, casting):  # type: ignore[arg-type]
            raise TypeError(f"concatenate: {own} can't become {wanted} by casting {casting!r}")
    return as_dtype(joined, wanted) if out is None else write("concatenate", joined, out)


def stack(
    xs: Sequence[Any],
    axis: int = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Any:
    """Return the numbers or arrays `xs`, all of one shape, joined along a new axis.

    >>> from autograd import Value, stack
    >>> stack([Value(1.0), Value(2.0)])
    Tensor([1., 2.], requires_grad=True)

    Other options are those of `concatenate`.

    Raises:
        ValueError: there are no arrays, or they differ in shape.
    """
    xs = list(map(_part, xs))
    if not xs:
        raise ValueError("stack() needs at least one array")
    shape = shape_of(xs[0])
    for x in xs:
        if shape_of(x) != shape:
            raise ValueError(f"stack() of different shapes, {shape} and {shape_of(x)}")
    (axis,) = ordered_axes((axis,), len(shape) + 1)
    longer = (*shape[:axis], 1, *shape[axis:])
    xs = [array_rules.reshape(x, shape=longer) for x in xs]
    return concatenate(xs, axis, out, dtype=dtype, casting=casting)


def vstack(xs: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Return the arrays joined along the first axis; a vector is one row: (1, n)."""
    return concatenate([atleast_2d(_part(x)) for x in xs], 0, dtype=dtype, casting=casting)


def hstack(xs: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Return the arrays joined along the second axis; vectors along their only one."""
    xs = [atleast_1d(_part(x)) for x in xs]
    axis = 1 if xs and len(shape_of(xs[0])) > 1 else 0
    return concatenate(xs, axis, dtype=dtype, casting=casting)


def dstack(xs: Sequence[Any]) -> Any:
    """Return the arrays joined along the third axis; each has the shape of `atleast_3d` first."""
    return concatenate([atleast_3d(_part(x)) for x in xs], 2)


def column_stack(xs: Sequence[Any]) -> Any:
    """Return the arrays joined along the second axis; a vector is one column: (n, 1)."""
    xs = list(map(_part, xs))
    # mutants 1: any negative size is inferred
    return concatenate([x if len(shape_of(x)) > 1 else reshape(x, (-1, 1)) for x in xs], 1)


def append(x: Any, values: Any, axis: int | None = None) -> Any:
    """Return `x` with `values` behind it along an axis, or both flattened and joined."""
    return concatenate([x, values], axis)


def insert(x: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Return `x` with `values` before the positions `obj` on an axis, or of the flattened array.

    `values` broadcast, and get the dtype of `x`.
    """
    x = array_of(x)
    values = as_dtype(array_of(values), getattr(x, "dtype", float))
    n = math.prod(shape_of(x))
    places = np.arange(n).reshape(shape_of(x))
    others = n + np.arange(math.prod(shape_of(values))).reshape(shape_of(values))
    order = np.insert(places, data_of(obj), others, axis)
    return array_rules.getitem(concatenate([x, values], None), index=order)


def block(arrays: Any) -> Any:
    """Return nested lists of arrays joined, the innermost along the last axis, and so on."""
    depth = _depth(arrays)
    ndim = max(depth, *[len(shape_of(x)) for x in pytree.leaves(arrays)])

    def join(part: Any, axis: int) -> Any:
        if isinstance(part, list):
            return concatenate([join(x, axis + 1) for x in part], axis)
        shape = shape_of(part)
        return reshape(part, (1,) * (ndim - len(shape)) + shape)

    return join(arrays, -depth)


def _depth(arrays: Any) -> int:
    """Return how many lists each array lies in."""
    if isinstance(arrays, tuple):
        raise TypeError("block takes nested lists, but got a tuple")
    if not isinstance(arrays, list):
        return 0
    depths = set(map(_depth, arrays))
    if len(depths) != 1:
        raise ValueError("block: lists must not be empty, nor nested to different depths")
    return 1 + depths.pop()


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """Return at each place the array of the first condition that holds there, or `default`."""
    if len(condlist) != len(choicelist) or not len(condlist):
        counts = f"{len(condlist)} and {len(choicelist)}"
        raise ValueError(f"select takes as many conditions as arrays, but got {counts}")
    out = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1]):
        condition = as_array(data_of(condition))
        if condition.dtype != bool:
            raise TypeError("select: conditions must be boolean arrays")
        out = rules.where(condition, array_of(choice), out)
    return out


def choose(a: Any, choices: Sequence[Any], out: Any = None, mode: str = "raise") -> Any:
    """Return at each place the array whose number stands there in `a`; all of them broadcast.

    For numbers of no array, `mode` is "raise" (a ValueError), "wrap" (around), or "clip".
    """
    if out is not None:
        check_out("choose", out, [a, choices])
        return write("choose", choose(a, choices, mode=mode), out)
    one_of("mode", mode, ("raise", "wrap", "clip"))
    numbers, n = as_array(data_of(a)), len(choices)
    if numbers.dtype.kind not in "iub":
        raise TypeError(f"choose: arrays are numbered by integers, not by {numbers.dtype}")
    numbers = numbers.astype(int)
    if mode == "wrap":
        numbers = numbers % n
    elif mode == "clip":
        numbers = numbers.clip(0, n - 1)
    elif np.any((numbers < 0) | (numbers >= n)):
        raise ValueError(
            f"choose: the numbers of {n} arrays are 0 to {n - 1}, but there are others"
        )
    *arrays, numbers = broadcast_arrays(*map(array_of, choices), numbers)
    return getitem(take_along_axis(stack(arrays), numbers[None], 0), 0)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Return `x` split at the given indices, or into that many parts of nearly equal length."""
    return _split_with(np.array_split, x, indices_or_sections, axis)


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Return `x` split at the given indices, or into that many parts of equal length.

    Raises:
        ValueError: the length is not divisible by the number of parts.
    """
    return _split_with(np.split, x, indices_or_sections, axis)


def _split_with(function: Callable[..., list[Any]], x: Any, sections: Any, axis: int) -> list[Any]:
    """Return the parts of `x` along `axis`, as NumPy's function splits the positions on it."""
    (axis,) = ordered_axes((axis,), len(shape_of(x)))
    n, front = shape_of(x)[axis], (slice(None),) * axis
    sections = data_of(sections)
    try:
        parts = function(np.arange(n), sections)
    except (ValueError, ZeroDivisionError):
        what = f"an array is split into 1 part or more, not {sections}"
        if sections > 0:  # mutants 1: one part always fits
            what = f"{n} entries do not divide into {sections} equal parts"
        raise ValueError(f"{function.__name__}: {what}") from None
    return [
        array_rules.getitem(
            x, index=(*front, slice(int(p[0]), int(p[-1]) + 1) if len(p) else slice(0))
        )
        for p in parts
    ]


def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Return `x` split along the second axis; a vector along its only one."""
    check_ndim(1, x, "hsplit")
    return split(x, indices_or_sections, 0 if len(shape_of(x)) == 1 else 1)


def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Return `x`, of two axes or more, split along the first axis."""
    check_ndim(2, x, "vsplit")
    return split(x, indices_or_sections, 0)


def dsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Return `x`, of three axes or more, split along the third axis."""
    check_ndim(3, x, "dsplit")
    return split(x, indices_or_sections, 2)


def unstack(x: Any, *, axis: int = 0) -> tuple[Any, ...]:
    """Return the parts of `x` at each place on an axis, without that axis."""
    check_ndim(1, x, "unstack")
    (axis,) = ordered_axes((axis,), len(shape_of(x)))
    front = (slice(None),) * axis
    return tuple([array_rules.getitem(x, index=(*front, i)) for i in range(shape_of(x)[axis])])
