"""Averages, covariances, integrals, quantiles, and reductions that skip nan, named as in NumPy."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from autograd.core import array_rules, rules
from autograd.core.arguments import one_of
from autograd.core.op import data_of
from autograd.core.precision import as_real, on_reals
from autograd.core.shapes import Axis, Shape, kept_shape, normalize_axes, ordered_axes, shape_of

from . import reductions
from .functions import clip
from .joining import concatenate
from .manipulation import (
    atleast_2d,
    broadcast_to,
    diag,
    getitem,
    moveaxis,
    ravel,
    reshape,
    sort,
    squeeze,
    take_along_axis,
    transpose,
)  # fmt: skip
from .options import REAL, arguments_of, array_of, as_dtype, reduction
from .products import outer
from .reductions import count, flatten_axes, mean, sum

# --- averages -------------------------------------------------------------------------------------


def average(
    x: Any,
    axis: Axis = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Any:
    """Return the weighted mean of all entries, or along axes; if `returned`, with the weights' sum.

    `weights` is one for each entry, or for each position on the axes; they are differentiated too.

    Raises:
        ZeroDivisionError: the weights sum to 0.
        ValueError: they have another shape; a TypeError, if no axis is given.
    """
    x, axis = as_real(array_of(x)), tuple(axis) if isinstance(axis, list) else axis
    if weights is None:
        out = mean(x, axis, keepdims=keepdims)
        total = count(x, axis, keepdims, True) * np.ones_like(data_of(out))
        return (out, total) if returned else out
    weights = along_axes(array_of(weights, x), shape_of(x), axis)
    if getattr(weights, "dtype", REAL) == np.float16:  # their sum may be beyond
        weights = as_dtype(weights, np.float32)
    total = sum(weights, axis, keepdims=keepdims)
    if np.any(data_of(total) == 0):
        raise ZeroDivisionError("average: the weights sum to 0")
    out = weighted_mean(x, weights, total, axis, keepdims)
    if not returned:
        return out
    return out, as_dtype(broadcast_to(total, shape_of(out)), getattr(out, "dtype", REAL))


@on_reals
def weighted_mean(x: Any, weights: Any, total: Any, axis: Axis, keepdims: bool) -> Any:
    return array_rules.sum(x * weights, axis=axis, keepdims=keepdims) / total


def along_axes(weights: Any, shape: Shape, axis: Axis) -> Any:
    """Return weights for the positions on axes of an array in a shape that broadcasts to its."""
    found = shape_of(weights)
    if found == shape:
        return weights
    if axis is None:
        raise TypeError(f"average: weights of shape {found} for entries of {shape} need axis=")
    axes = ordered_axes(axis, len(shape))
    if found != tuple(shape[i] for i in axes):
        raise ValueError(f"average: weights of shape {found} do not fit axis {axis} of {shape}")
    weights = transpose(weights, tuple(int(i) for i in np.argsort(axes)))
    return reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(shape)))


def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: float | None = None,
    fweights: Any = None, aweights: Any = None, *, dtype: Any = None,
) -> Any:  # fmt: skip
    """Return the covariances of variables, the rows of `m` (and `y`): (variables, observations).

    The divisor is n - `ddof` of n observations; `ddof` is 0 with `bias`, else 1. An observation
    counts `fweights` times, and has the weight `aweights`, which is differentiated too.

    Raises:
        ValueError: `m` has more than two axes, or weights are negative or of another shape.
        TypeError: `fweights` are no integers.
    """
    if dtype is not None and np.dtype(dtype).kind != "f":
        raise TypeError(f"cov: dtype must be floating-point, but got {dtype}")
    x, w = in_rows(m, rowvar, dtype), None
    if y is not None:
        x = concatenate([x, in_rows(array_of(y, x), rowvar, dtype)])
    n = shape_of(x)[1]
    ddof = (0 if bias else 1) if ddof is None else ddof
    if ddof != int(ddof):
        raise ValueError(f"cov: ddof must be an integer, but got {ddof}")
    if fweights is not None:
        w = fweights = weights_of("fweights", fweights, x)
        if np.any(data_of(w) != np.round(data_of(w))):
            raise TypeError("cov: fweights must be integers")
    if aweights is not None:
        aweights = weights_of("aweights", aweights, x)
        w = aweights if w is None else w * aweights
    center, total = average(x, 1, w, True, keepdims=True)
    total = n if w is None else getitem(total, (0, 0))
    excess = ddof if aweights is None or not ddof else ddof * sum(w * aweights) / total
    freedom = total - excess
    if data_of(freedom) <= 0:
        warnings.warn("cov: degrees of freedom <= 0", RuntimeWarning, stacklevel=2)
        freedom = 0.0
    x = x - center
    return squeeze(rules.div((x if w is None else x * w) @ transpose(x), freedom))


def weights_of(name: str, weights: Any, x: Any) -> Any:
    weights, n = as_dtype(array_of(weights, x), data_of(x).dtype), shape_of(x)[1]
    if shape_of(weights) != (n,) or np.any(data_of(weights) < 0):
        raise ValueError(f"cov: {name} must be {n} numbers >= 0, one for each observation")
    return weights


def in_rows(x: Any, rowvar: bool, dtype: Any) -> Any:
    """Return variables as the rows of a matrix of floats: (variables, observations)."""
    x = as_real(array_of(x)) if dtype is None else as_dtype(array_of(x), dtype)
    if len(shape_of(x)) > 2:
        raise ValueError(f"cov: variables have 2 axes at most, but got shape {shape_of(x)}")
    return transpose(x) if len(shape_of(x)) == 2 and not rowvar else atleast_2d(x)


def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """Return the correlations of variables: their covariances, scaled to variances of 1."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not shape_of(c):
        return rules.div(c, c)
    deviations = rules.sqrt(diag(c))
    return clip(rules.div(c, outer(deviations, deviations)), -1.0, 1.0)


@on_reals
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Return the integral of `y` along an axis by the trapezoidal rule.

    Its values are those at `x`, along the axis alone or in the shape of `y`, or in steps of `dx`.
    """
    (axis,) = ordered_axes((axis,), len(shape_of(y)))
    front = (slice(None),) * axis
    if x is not None:
        x = array_of(x, y)
        if len(shape_of(x)) == 1:
            x = reshape(x, (-1, *(1 for _ in shape_of(y)[axis + 1 :])))
            dx = reductions.diff(x, axis=0)
        else:
            dx = reductions.diff(x, axis=axis)
    ends = getitem(y, (*front, slice(1, None))), getitem(y, (*front, slice(None, -1)))
    return sum(dx * (ends[0] + ends[1]) * 0.5, axis)


# --- quantiles ------------------------------------------------------------------------------------


def between(alpha: float, beta: float) -> Callable[[Any, Any], Any]:
    """Return the place of a quantile among n sorted entries (Hyndman & Fan 1996, eq. 2)."""
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


def nearest_odd(x: Any) -> Any:
    """Return the nearest integers; of halves the odd one below or above."""
    return np.where(data_of(x) % 2 == 1, x, np.floor(x) + 1)


PLACES: dict[str, Callable[[Any, Any], Any]] = {
    "linear": lambda n, q: (n - 1) * q,
    "hazen": between(0.5, 0.5),
    "weibull": between(0, 0),
    "median_unbiased": between(1 / 3, 1 / 3),
    "normal_unbiased": between(3 / 8, 3 / 8),
    "interpolated_inverted_cdf": between(0, 1),
    "midpoint": lambda n, q: (np.floor((n - 1) * q) + np.ceil((n - 1) * q)) / 2,
    "averaged_inverted_cdf": lambda n, q: (np.ceil(n * q - 1) + np.floor(n * q)) / 2,
    "lower": lambda n, q: np.floor((n - 1) * q),
    "higher": lambda n, q: np.ceil((n - 1) * q),
    "nearest": lambda n, q: np.round((n - 1) * q),
    "inverted_cdf": lambda n, q: np.ceil(n * q - 1),
    "closest_observation": lambda n, q: nearest_odd(n * q - 1.5),
}
"""The place of a quantile among n sorted entries, by NumPy's name of the method."""

ENTRIES = {"lower", "higher", "nearest", "inverted_cdf", "closest_observation"}
"""The methods whose quantiles are entries of the array."""


def quantiles(theirs: Any, whole: int = 1, skip_nan: bool = False) -> Any:
    """Return NumPy's function of quantiles q / `whole`."""

    def function(
        x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
    ) -> Any:
        q = array_of(q) if whole == 1 else rules.div(array_of(q), whole)
        return quantile_of(x, q, axis, method, keepdims, skip_nan)

    function.__name__ = function.__qualname__ = theirs.__name__
    share = "a fraction `q`" if whole == 1 else "`q` percent"
    nan = "Entries that are nan are left out." if skip_nan else "It is nan where an entry is."
    function.__doc__ = (
        f"Return the entry, or a number between two, below which {share} of all lies: "
        f"(q..., rest...).\n\n`q` is differentiated too. {nan}"
    )
    return reduction(theirs)(function)


quantile, percentile = quantiles(np.quantile), quantiles(np.percentile, 100)
nanquantile = quantiles(np.nanquantile, skip_nan=True)
nanpercentile = quantiles(np.nanpercentile, 100, skip_nan=True)


@reduction(np.median)
@on_reals
def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the median, the mean of the middle two of an even number of entries, or nan."""
    return quantile_of(x, 0.5, axis, "linear", keepdims)


@reduction(np.nanmedian)
@on_reals
def nanmedian(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return `median` of the entries that are not nan; of none it is nan."""
    return quantile_of(x, 0.5, axis, "linear", keepdims, skip_nan=True)


def quantile_of(
    x: Any, q: Any, axis: Axis, method: str, keepdims: bool, skip_nan: bool = False
) -> Any:
    place_of = PLACES[one_of("method", method, list(PLACES))]
    if not np.all((data_of(q) >= 0) & (data_of(q) <= 1)):
        raise ValueError(f"a quantile is from 0 to 1, a percentile from 0 to 100, but got {q}")
    shape, axis = shape_of(x), tuple(axis) if isinstance(axis, list) else axis
    rows = sort(flatten_axes(x, normalize_axes(axis, len(shape))), -1)  # (rest..., n), nan last
    numbers, (*rest, n) = data_of(rows), shape_of(rows)
    if keepdims:
        rest = list(kept_shape(shape, axis))
    if not n:
        return mean(x, axis, keepdims=keepdims) + np.zeros(shape_of(q) + (1,) * len(rest))  # nan
    # how many entries there are: n, or (rest..., 1)
    present: Any = np.sum(~np.isnan(numbers), -1, keepdims=True) if skip_nan else n
    if not np.all(present):
        warnings.warn("a quantile of nan alone is nan", RuntimeWarning, stacklevel=4)
    place = place_of(present, array_of(ravel(q), x))  # (k,) or (rest..., k)
    floor = np.clip(np.floor(data_of(place)), 0, np.maximum(present - 1, 0))
    lower = floor.astype(int)

    def entries(index: Any) -> Any:  # (rest..., k)
        return take_along_axis(
            rows, index.reshape((1,) * (numbers.ndim - index.ndim) + index.shape)
        )

    out = entries(lower)
    if method not in ENTRIES:
        inside = (data_of(place) > lower) & (lower < present - 1)
        weight = rules.where(inside, place - floor.astype(data_of(place).dtype), 0.0)
        if not hasattr(q, "dtype") and numbers.dtype.kind == "f":  # a number has no dtype
            weight = as_dtype(weight, numbers.dtype)
        upper = rules.where(inside, entries(np.minimum(lower + 1, n - 1)), 0.0)  # no 0 * inf
        out = out * (1.0 - weight) + upper * weight
    if not skip_nan:
        last = getitem(rows, (..., slice(n - 1, n)))
        out = rules.where(np.isnan(data_of(last)), last, out)
    return reshape(moveaxis(out, -1, 0), (*shape_of(q), *rest))


# --- without nan ----------------------------------------------------------------------------------


def without_nan(function: Any, fill: float | None = None, of_nan: str = "") -> Any:
    """Return the function `nan...`, which applies a reduction or scan to the entries but nan.

    Args:
        function: the reduction or scan.
        fill: the number in place of nan. Without one, `function` has to count: nan is masked.
        of_nan: what nan alone gives: "nan", or an "error". By default, what no entries give.
    """

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        x, options = arguments_of(called, *args, **kwargs)
        x = array_of(x)
        dtype = options.get("dtype")
        if of_nan == "nan" and dtype is not None and np.dtype(dtype).kind != "f":
            raise TypeError(f"{called.__name__}: dtype must be floating-point, but got {dtype}")
        chosen = ~np.isnan(data_of(x))
        if fill is None:
            chosen = options["where"] = chosen & data_of(array_of(options.get("where", True), x))
        elif getattr(x, "dtype", REAL).kind == "f":
            x = rules.where(chosen, x, fill)
        if of_nan and options.get("initial") is None:
            least = options.get("ddof") or options.get("correction") or 0
            enough = np.sum(chosen, axis=options.get("axis"), keepdims=True) > least
            if not np.all(enough):
                if of_nan == "error":
                    raise ValueError(f"{called.__name__}: all entries are nan")
                message = f"{called.__name__}: too few entries are not nan; the result is nan"
                warnings.warn(message, RuntimeWarning, stacklevel=2)
                x = rules.where(enough, x, np.nan)
        return function(x, **options)

    called.__doc__ = f"Return `{function.__name__}` of the entries that are not nan."
    called.__name__ = called.__qualname__ = f"nan{function.__name__}"
    called.__module__ = __name__
    return called


nansum, nanprod = without_nan(reductions.sum, 0), without_nan(reductions.prod, 1)
nancumsum, nancumprod = without_nan(reductions.cumsum, 0), without_nan(reductions.cumprod, 1)
nanmean, nanvar, nanstd = (
    without_nan(function, of_nan="nan")
    for function in (reductions.mean, reductions.var, reductions.std)
)
nanmax, nanmin = (
    without_nan(reductions.max, -np.inf, "nan"), without_nan(reductions.min, np.inf, "nan")
)  # fmt: skip
nanargmax, nanargmin = (
    without_nan(reductions.argmax, -np.inf, "error"),
    without_nan(reductions.argmin, np.inf, "error"),
)
