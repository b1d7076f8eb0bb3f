"""Functions of sampled signals: interpolation, convolution, slopes, spaced numbers, polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.core import array_rules, rules
from autograd.core.arguments import integer, one_of
from autograd.core.array_libraries import is_numpy, no_fallback
from autograd.core.kernels import zeros_like
from autograd.core.node import Node
from autograd.core.op import data_of
from autograd.core.precision import as_real
from autograd.core.shapes import ordered_axes, shape_of

from .joining import concatenate
from .manipulation import (
    atleast_1d,
    expand_dims,
    flip,
    getitem,
    moveaxis,
    ravel,
    take,
)
from .options import array_of, as_dtype
from .products import matmul
from .reductions import diff


def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """Return at `x` the piecewise linear function through the points xp: (n,), fp: (n,).

    At a point, its slope is the one on the right. `xp` increases, or has any order if there is a
    period, with which `left` and `right`, the results below and above `xp`, are ignored.

    Raises:
        ValueError: there are no points, `xp` and `fp` differ in shape, or the period is 0.
    """
    x, xp, fp = array_of(x), as_real(array_of(xp)), as_real(array_of(fp))
    if len(shape_of(xp)) != 1 or shape_of(fp) != shape_of(xp) or not len(xp):
        shapes = f"{shape_of(xp)} and {shape_of(fp)}"
        raise ValueError(f"interp: xp and fp must be vectors of one length, but have {shapes}")
    if len(shape_of(x)) > 1:  # mutants 1: only Dask's indices must have one axis
        return array_rules.reshape(interp(ravel(x), xp, fp, left, right, period), shape=shape_of(x))
    if period is not None:
        if data_of(period) == 0:
            raise ValueError("interp: the period must not be 0")
        period, left, right = rules.abs(period), None, None
        x, xp = rules.mod(x, period), rules.mod(xp, period)
        order = no_fallback(np.argsort)(data_of(xp))
        xp, fp = take(xp, order), take(fp, order)
        # mutants 1: more points beyond the period
        xp = concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = concatenate([fp[-1:], fp, fp[:1]])  # mutants 1: more points beyond the period
    at, points = data_of(x), data_of(xp)
    below, above = at < points[0], at > points[-1]
    # mutants 1: any number
    inside = rules.where(below | above, 0.0, x)  # so that no slope is infinite
    after = no_fallback(np.searchsorted)(points, data_of(inside), side="right")
    places = after - 1, np.minimum(after, len(points) - 1)
    x0, x1, y0, y1 = (getitem(p, i) for p in (xp, fp) for i in places)
    width = rules.where(data_of(x1) == data_of(x0), 1.0, x1 - x0)  # mutants 1: divides 0
    out = rules.div(y1 - y0, width) * (inside - x0) + y0
    out = rules.where(below, fp[0] if left is None else left, out)
    out = rules.where(above, fp[-1] if right is None else right, out)
    return out[()] if type(out) is np.ndarray else out


def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """Return the sums of a[i] v[k - i], for vectors (n,) and (m,).

    `mode` is "full": (n + m - 1,); "same": the middle max(n, m) of these; or "valid": those for
    which the vectors overlap completely.

    Raises:
        ValueError: the mode is another, or an operand is empty or has several axes.
    """
    a, v = _vectors("convolve", a, v)
    # mutants 1: in either order
    return _sliding(a, flip(v), mode) if len(v) <= len(a) else _sliding(v, flip(a), mode)


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Return the sums of a[i + k] v[i]; `mode` and errors as for `convolve`."""
    a, v = _vectors("correlate", a, v)
    return _sliding(a, v, mode) if len(v) <= len(a) else flip(_sliding(v, a, mode))


def _vectors(name: str, *xs: Any) -> list[Any]:
    vectors = [atleast_1d(array_of(x)) for x in xs]
    for x in vectors:
        if len(shape_of(x)) != 1 or not len(x):
            raise ValueError(f"{name} takes vectors of one entry or more, not {shape_of(x)}")
    return vectors


def _sliding(x: Any, y: Any, mode: str) -> Any:
    """Return the products of `y` with the windows of its length in `x`, which is not shorter."""
    m = len(y)
    widths = {"full": (m - 1, m - 1), "same": (m // 2, (m - 1) // 2), "valid": (0, 0)}
    before, after = widths[one_of("mode", mode, widths)]
    # mutants 4: only faster
    if before and is_numpy(data_of(y)) and not np.isfinite(data_of(y)).all():
        return _overlapping(x, y, before, len(x) + before + after - m + 1)  # 0 * inf is nan
    inside = slice(before, before + len(x))
    x = array_rules.scatter_add(x, index=inside, shape=(before + len(x) + after,))
    image = array_rules.reshape(x, shape=(1, -1, 1, 1))  # mutants 1: any negative size is inferred
    # mutants 1: there is one column
    windows = array_rules.windows(image, size=(m, 1), stride=(1, 1))
    # mutants 1: any negative size is inferred
    return matmul(array_rules.reshape(windows, shape=(-1, m)), y)


def _overlapping(x: Any, y: Any, before: int, length: int) -> Any:
    """Return the sums of x[i] y[j] for each i - j + before in the range of a length."""
    place = np.arange(len(x))[:, None] - np.arange(len(y)) + before
    kept = (place >= 0) & (place < length)
    products = getitem(expand_dims(x, 1) * y, kept)
    return array_rules.scatter_add(products, index=place[kept], shape=(length,))


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Return the slopes of samples `f` along an axis, or a tuple of them along several or all axes.

    They are central differences, and one-sided ones of `edge_order` 1 or 2 at both ends. `varargs`
    are the distance of samples, one for all axes or one for each, or their positions: (n,).

    Raises:
        TypeError: there are neither one distance nor as many as axes.
        ValueError: an axis has too few samples, or positions do not fit it.
    """
    f = as_real(array_of(f))
    axes = range(len(shape_of(f))) if axis is None else ordered_axes(axis, len(shape_of(f)))
    steps = varargs or (1.0,)
    if len(steps) == 1 and not shape_of(steps[0]):
        steps = steps * len(axes)
    if len(steps) != len(axes):
        raise TypeError(f"gradient takes 1 distance or {len(axes)}, but got {len(steps)}")
    one_of("edge_order", edge_order, (1, 2))
    slopes = [_slopes(f, i, array_of(step), edge_order) for i, step in zip(axes, steps)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slopes(f: Any, axis: int, step: Any, edge_order: int) -> Any:
    n = shape_of(f)[axis]
    if n <= edge_order:
        raise ValueError(f"gradient of order {edge_order} needs more than {n} samples on an axis")
    if shape_of(step):
        if shape_of(step) != (n,):
            raise ValueError(f"gradient: positions of {n} samples have shape {shape_of(step)}")
        step = diff(as_real(step))
        rest = (1,) * (len(shape_of(f)) - axis - 1)
        # mutants 1: any of them
        even = not isinstance(step, Node) and (step == step[0]).all()  # as NumPy has it
        # mutants 1: all are equal
        step = step[0] if even else array_rules.reshape(step, shape=(n - 1, *rest))

    def part(x: Any, start: int | None, stop: int | None) -> Any:
        return getitem(x, (slice(None),) * axis + (slice(start, stop),))

    s = rules.div(part(f, 1, None) - part(f, None, -1), step)
    if not shape_of(step):
        middle = rules.div(part(f, 2, None) - part(f, None, -2), 2.0 * step)
    else:  # the slopes on both sides, each by the distance of the other
        total = step[:-1] + step[1:]
        left, right = rules.div(step[1:], total), rules.div(step[:-1], total)
        middle = part(s, None, -1) * left + part(s, 1, None) * right
    first, last = part(s, None, 1), part(s, -1, None)
    if edge_order == 2:
        first = first + (first - part(s, 1, 2)) * (right[:1] if shape_of(step) else 0.5)
        last = last + (last - part(s, -2, -1)) * (left[-1:] if shape_of(step) else 0.5)
    return concatenate([first, middle, last], axis)


def ediff1d(x: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Return the differences of neighbours in the flattened `x`, between two other parts."""
    parts = [to_begin, diff(ravel(array_of(x))), to_end]
    return concatenate([array_of(part) for part in parts if part is not None], None)


# --- spaced numbers -------------------------------------------------------------------------------


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Return `num` numbers from `start` to `stop`, which is the last one if `endpoint` is true.

    They stand along `axis`. With `retstep`, return the distance of neighbours too.
    """
    start, stop = as_real(array_of(start)), as_real(array_of(stop))
    steps = integer("num", num, at_least=0) - bool(endpoint)
    length = stop - start
    step = rules.div(length, float(steps) if steps > 0 else np.nan)
    k = _counts(num, length)
    if steps > 0:
        out = rules.where(k == steps, stop, start + k * step)  # which rounding may miss
    else:
        out = start + k * length  # mutants 2: k is 0
    whole = np.dtype(dtype).kind in "iu"
    out = moveaxis(_converted(rules.floor(out) if whole else out, dtype), 0, axis)
    return (out, step) if retstep else out


def _converted(x: Any, dtype: Any) -> Any:
    return x if dtype is None else as_dtype(x, dtype)


def _counts(num: int, like: Any) -> Any:
    """Return 0, 1, ... num - 1 along a new first axis before those of `like`, in its dtype."""
    data = data_of(like)
    counts = np.cumsum(np.ones_like(data, shape=num)) - 1
    return np.reshape(counts, (num,) + (1,) * len(shape_of(data)))


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Return the powers of `base`, a number, whose exponents are `linspace(start, stop, num)`."""
    if shape_of(base):
        raise ValueError(f"logspace: base must be one number, but has shape {shape_of(base)}")
    return _converted(rules.pow(base, linspace(start, stop, num, endpoint, axis=axis)), dtype)


def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """Return `num` numbers from `start` to `stop`, of one sign, with equal ratios of neighbours.

    Raises:
        ValueError: an end is 0.
    """
    start, stop = as_real(array_of(start)), as_real(array_of(stop))
    if np.any(data_of(start) == 0) or np.any(data_of(stop) == 0):
        raise ValueError("geomspace: neither end may be 0")
    sign = rules.sign(data_of(start))
    out = sign * logspace(rules.log10(sign * start), rules.log10(sign * stop), num, endpoint)
    k = _counts(num, start + stop)  # mutants 2: only the shape and dtype are used
    out = rules.where(k == 0, start, out)  # powers of logarithms are rounded
    out = rules.where(k == num - 1, stop, out) if endpoint and num > 1 else out
    return _converted(moveaxis(out, 0, axis), dtype)


# --- polynomials ----------------------------------------------------------------------------------


def polyval(p: Sequence[Any], x: Any) -> Any:
    """Return the polynomial with coefficients `p`, the highest power first, at `x`."""
    x = array_of(x)
    out = zeros_like(x)
    for coefficient in p:
        out = out * x + coefficient
    return out


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Return the powers N - 1, ... 1, 0 of each entry of `x`: (n,), as rows: (n, N)."""
    x = array_of(x)
    if len(shape_of(x)) != 1:
        raise ValueError(f"vander takes a vector, but got shape {shape_of(x)}")
    # mutants 1: any negative size is inferred
    powers = np.reshape(_counts(len(x) if N is None else N, x), (-1,))
    return rules.pow(expand_dims(x, 1), powers if increasing else flip(powers))
