"""Reductions, scans and differences, with functions named as in NumPy."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from autograd.core import array_rules, rules
from autograd.core.arguments import integer
from autograd.core.array_libraries import is_numpy, to_library_of
from autograd.core.modes import current_mode
from autograd.core.op import data_of
from autograd.core.precision import as_real, on_reals, on_wide_integers
from autograd.core.shapes import (
    Axis,
    Shape,
    kept_shape,
    normalize_axes,
    ordered_axes,
    reduced_axes,
    shape_of,
)

from .joining import concatenate
from .manipulation import atleast_1d, broadcast_to, check_ndim, flat_without_axis, getitem, ravel
from .options import array_of, reduction


@reduction(np.sum, neutral=0, combine=rules.add, row=array_rules.sum)
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the sum of all entries, or along axes."""
    return array_rules.sum(x, axis=axis, keepdims=keepdims)


def count(x: Any, axis: Axis, keepdims: bool, where: Any) -> Any:
    """Return how many entries a reduction combines into one; with a mask, an array of counts."""
    shape = shape_of(x)
    if where is True:
        # mutants 1: only faster
        axes = shape if axis is None else [shape[i] for i in normalize_axes(axis, len(shape))]
        return math.prod(axes)
    counts = np.sum(where, axis=axis, keepdims=keepdims)
    return counts.astype(getattr(data_of(x), "dtype", float))


@reduction(np.mean, neutral=0)
@on_reals
def mean(x: Any, axis: Axis = None, keepdims: bool = False, where: Any = True) -> Any:
    """Return the mean of all entries, or along axes; of no entries it is nan."""
    number = count(x, axis, keepdims, where)  # refuses axes that the sum of one number accepts
    return array_rules.sum(x, axis=axis, keepdims=keepdims) / number


mean_of = mean.__wrapped__  # `var` has an option `mean`


@reduction(np.var, neutral=0)
@on_reals
def var(
    x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False, where: Any = True,
    mean: Any = None, correction: float | None = None,
) -> Any:  # fmt: skip
    """Return the sum of squared deviations from the mean, over the number of entries - `ddof`.

    `mean` may be given, in a shape that broadcasts to that of `x`. `correction` means `ddof`.
    """
    if correction is not None and ddof:
        raise ValueError("var and std take ddof or correction, which mean the same, but got both")
    deviation = x - (mean_of(x, axis, True, where) if mean is None else mean)
    squares = deviation * deviation
    squares = squares if where is True else rules.where(where, squares, 0.0)
    freedom = count(x, axis, keepdims, where) - (ddof if correction is None else correction)
    freedom = np.maximum(freedom, 0.0) if shape_of(freedom) else builtins.max(float(freedom), 0.0)
    return rules.div(array_rules.sum(squares, axis=axis, keepdims=keepdims), freedom)


@reduction(np.std, neutral=0)
@on_reals
def std(
    x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False, where: Any = True,
    mean: Any = None, correction: float | None = None,
) -> Any:  # fmt: skip
    """Return the square root of `var`. Where all entries are equal, its slope is 0."""
    if mean is not None:
        x, mean = x - mean, 0.0  # which needs no scaling

    def deviation(x: Any) -> Any:
        return rules.flat_root(
            var.__wrapped__(x, axis, ddof, keepdims, where, mean, correction)  # not bound again
        )

    return without_overflow(deviation, x, axis)


@cache
def _safe_range(dtype: Any) -> tuple[float, float]:
    """Return bounds within which fourth powers, which second derivatives need, are in range."""
    limits = np.finfo(dtype)
    # mutants 4: scaling changes no bits
    return float(limits.tiny) ** 0.25, float(limits.max) ** 0.25


def without_overflow(length: Callable[[Any], Any], x: Any, axis: Axis) -> Any:
    """Return `length(x)`, a norm or deviation along `axis`, without overflow or underflow.

    Rows of huge or tiny entries are divided by a power of two first, and their length multiplied.
    """
    if not is_numpy(data_of(x)):
        return length(x)
    low, high = _safe_range(data_of(x).dtype)
    if not current_mode().anomaly:  # which would report powers that overflow
        with np.errstate(over="ignore"):
            out = length(x)
        data = data_of(out)
        # mutants 9: scaling changes no bits
        if low < data < high if not data.ndim else np.all((low < data) & (data < high)):
            return out
    largest = np.max(np.abs(data_of(x)), axis, keepdims=True, initial=0.0)
    # mutants 9: scaling changes no bits
    far = np.isfinite(largest) & (largest > 0) & ~((low < largest) & (largest < high))
    if not np.any(far):
        return length(x)
    # mutants 1: scaling changes no bits
    unit = np.ldexp(np.ones_like(largest), np.where(far, np.frexp(largest)[1] - 1, 0))
    out = length(x / unit)
    return out * np.reshape(unit, shape_of(out))


def flat_power(size: Any, exponent: float) -> Any:
    """Return a power of numbers >= 0, with slope 0 at 0, where sums of powers have a minimum."""
    zero = data_of(size) == 0
    # mutants 1: any positive number
    return rules.where(zero, 0.0, rules.where(zero, 1.0, size) ** exponent)


def flatten_axes(x: Any, axes: Shape) -> Any:
    """Return `x` with `axes` flattened into one, which is the last: (rest..., product of axes)."""
    shape = shape_of(x)
    rest = tuple(i for i in range(len(shape)) if i not in axes)
    order = rest + axes
    # mutants 1: only faster
    x = array_rules.transpose(x, axes=order) if order != tuple(range(len(shape))) else x
    return array_rules.reshape(
        x, shape=(*(shape[i] for i in rest), math.prod(shape[i] for i in axes))
    )


@reduction(np.prod, neutral=1, combine=rules.mul)
@on_wide_integers
def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the product of all entries, or along axes.

    Halves are multiplied until one entry is left, so that no slope divides by an entry, which may
    be 0.
    """
    shape = shape_of(x)
    out = flatten_axes(x, reduced_axes(axis, len(shape)))
    while (n := shape_of(out)[-1]) > 1:
        half = n // 2
        pairs = out[..., :half] * out[..., half : 2 * half]
        # mutants 4: only faster
        out = concatenate([pairs, out[..., 2 * half :]], -1) if n % 2 else pairs
    out = out[..., 0] if n else 1.0 + sum(out, -1)  # mutants 1: the sum is 0
    return array_rules.reshape(out, shape=kept_shape(shape, axis)) if keepdims else out


@reduction(np.max, neutral=-np.inf, combine=rules.maximum, row=array_rules.max)
def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the largest entry of all, or along axes. Ties share its gradient equally."""
    return array_rules.max(x, axis=axis, keepdims=keepdims)


@reduction(np.min, neutral=np.inf, combine=rules.minimum, row=array_rules.min)
def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the smallest entry of all, or along axes. Ties share its gradient equally."""
    return array_rules.min(x, axis=axis, keepdims=keepdims)


amax, amin = max, min


@reduction(np.ptp)
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the largest entry minus the smallest one, of all or along axes."""
    largest, smallest = array_rules.max, array_rules.min
    return largest(x, axis=axis, keepdims=keepdims) - smallest(x, axis=axis, keepdims=keepdims)


@reduction(np.cumsum)
def cumsum(x: Any, axis: int | None = None) -> Any:
    """Return the sums of the first 1, 2, ... n entries along an axis, or flattened."""
    x, axis = flat_without_axis(x if shape_of(x) else ravel(x), axis)
    return array_rules.cumsum(x, axis=axis)


@reduction(np.cumprod)
@on_wide_integers
def cumprod(x: Any, axis: int | None = None) -> Any:
    """Return the products of the first 1, 2, ... n entries along an axis, or flattened."""
    return scan(rules.mul, x, axis)


def scan(op: Callable[[Any, Any], Any], x: Any, axis: int | None) -> Any:
    """Return the first 1, 2, ... n entries along an axis, or flattened, combined by `op`.

    They are computed by doubling (Hillis & Steele 1986), so that no slope divides by an entry.
    """
    x, axis = flat_without_axis(x if shape_of(x) else ravel(x), axis)
    front, reach = (slice(None),) * axis, 1
    while reach < shape_of(x)[axis]:  # mutants 1: combines no entries
        left, right = (*front, slice(None, -reach)), (*front, slice(reach, None))
        x = concatenate([x[(*front, slice(None, reach))], op(x[left], x[right])], axis)
        reach *= 2
    return x


def cumulative(scan: Any, start: int, name: str) -> Any:
    """Return NumPy's function for sums or products along an axis, which may begin by `start`."""

    def function(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None,
        include_initial: bool = False,
    ) -> Any:  # fmt: skip
        x, shape = array_of(x), shape_of(x)
        if axis is None and len(shape) > 1:
            raise ValueError(f"{name}() of shape {shape} needs one axis: axis=")
        if include_initial:
            (axis,) = ordered_axes((axis or 0,), len(shape) or 1)
            edge = (*shape[:axis], 1, *shape[axis + 1 :])
            first = np.full_like(data_of(x), start, shape=edge)
            x = concatenate([first, atleast_1d(x)], axis)
        return scan(x, axis, dtype, out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Return `{scan.__name__}` along an axis, after {start} if it is included."
    return function


cumulative_sum = cumulative(cumsum, 0, "cumulative_sum")
cumulative_prod = cumulative(cumprod, 1, "cumulative_prod")


@on_reals
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return log(sum(exp(x))) of all entries, or along axes, without overflow."""
    return array_rules.logsumexp(x, axis=axis, keepdims=keepdims)


@on_reals
def log_softmax(x: Any, axis: Axis = -1) -> Any:
    """Return log(softmax(x)) along `axis`, without underflow."""
    return array_rules.log_softmax(x, axis=axis)


@on_reals
def softmax(x: Any, axis: Axis = -1) -> Any:
    """Return exp(x), scaled to a sum of 1 along `axis`."""
    return array_rules.softmax(x, axis=axis)


def softmin(x: Any, axis: Axis = -1) -> Any:
    """Return softmax(-x) along `axis`."""
    return softmax(-as_real(x), axis)


def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Return the n-th differences of neighbours along an axis, which are n fewer entries.

    `prepend` and `append` are numbers or arrays to join to `x` along the axis first.

    Raises:
        ValueError: n is negative, or `x` is a single number.
    """
    if integer("n", n, at_least=0) == 0:
        return x
    check_ndim(1, x, "diff")
    (axis,) = ordered_axes((axis,), len(shape_of(x)))
    front = (slice(None),) * axis
    edge = (*shape_of(x)[:axis], 1, *shape_of(x)[axis + 1 :])
    ends = [e if e is None or shape_of(e) else broadcast_to(e, edge) for e in (prepend, append)]
    before, after = (to_library_of(e, data_of(x)) for e in ends)
    parts = [part for part in (before, x, after) if part is not None]
    x = concatenate(parts, axis) if len(parts) > 1 else x  # mutants 2: only faster
    for _ in range(n):
        x = getitem(x, (*front, slice(1, None))) - getitem(x, (*front, slice(None, -1)))
    return x


# --- functions without gradient -------------------------------------------------------------------


@reduction(np.argmax)
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Return the position of the largest entry along an axis or flattened, the first of ties."""
    return np.argmax(data_of(x), axis=axis, keepdims=keepdims)


@reduction(np.argmin)
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Return the position of the smallest entry along an axis or flattened, the first of ties."""
    return np.argmin(data_of(x), axis=axis, keepdims=keepdims)


@reduction(np.count_nonzero)
def count_nonzero(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return how many entries are nonzero, of all or along axes."""
    return np.count_nonzero(data_of(x), axis=axis, keepdims=keepdims)


@reduction(np.any, neutral=False)
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return whether any entry is nonzero, of all or along axes."""
    return np.any(data_of(x), axis=axis, keepdims=keepdims)


@reduction(np.all, neutral=True)
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return whether all entries are nonzero, of all or along axes."""
    return np.all(data_of(x), axis=axis, keepdims=keepdims)
