"""What is composed from primitives, under NumPy's names; on floats, arrays and nodes alike."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from operator import index
from typing import Any

import numpy as np

from autograd.core import rules
from autograd.core.arguments import one_of, wrong
from autograd.core.array_libraries import is_lazy, is_numpys, operand
from autograd.core.kernels import numpys, one_hot
from autograd.core.modes import current_mode
from autograd.core.node import Node, Op, data_of
from autograd.core.precision import as_real, in_wide_numbers, on_reals
from autograd.core.rules import where as _where
from autograd.core.shapes import Axis, Shape, kept_shape, normalize_axes, reduced_axes, shape_of

from .manipulation import concatenate, normalize_index, ravel, sort

# --- elementwise ----------------------------------------------------------------------------------

finite = Op(
    "nan_to_num", numpys("nan_to_num", "nan", "posinf", "neginf"), (None,)
)  # for nan_to_num(), beside what is finite


def where(condition: Any, x: Any, y: Any) -> Any:
    """`x` where the condition holds, else `y`. The condition is not differentiated."""
    return _where(data_of(condition), _numbers("x", x), _numbers("y", y))


def square(x: Any) -> Any:
    return x * x


def reciprocal(x: Any) -> Any:
    return rules.div(1.0, x)


def deg2rad(x: Any) -> Any:
    return x * (math.pi / 180)


def rad2deg(x: Any) -> Any:
    return x * (180 / math.pi)


def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), smooth at 0."""
    return rules.sinc(x, n=0)


def round(x: Any, decimals: int = 0) -> Any:
    """The nearest number with so many decimals, the even one of two; its slope is 0."""
    if not hasattr(decimals, "__index__"):
        raise wrong("decimals", "an integer", decimals)
    return rules.round(x, decimals=index(decimals))


def nan_to_num(x: Any, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Finite numbers in place of nan and infinities, where the slope is 0."""
    data = data_of(x)
    nan = _numbers("nan", nan)
    posinf = None if posinf is None else _numbers("posinf", posinf)
    neginf = None if neginf is None else _numbers("neginf", neginf)
    usual = str(nan) in ("0", "0.0") and posinf is None and neginf is None  # -0.0 is not 0.0
    options = {} if usual else {"nan": nan, "posinf": posinf, "neginf": neginf}
    return _where(np.isfinite(data), x, finite(data, **options))  # Dask's takes none


def clip(x: Any, min: Any = None, max: Any = None) -> Any:
    """`x` kept between two bounds, either of which may be left out. On a bound its slope is 1."""
    x = _numbers("x", x)
    if min is not None:
        min = _numbers("min", min)
        x = _where(_or_nan(data_of(x) < data_of(min), data_of(min)), min, x)
    if max is not None:
        max = _numbers("max", max)
        x = _where(_or_nan(data_of(x) > data_of(max), data_of(max)), max, x)
    return x


def _numbers(name: str, x: Any) -> Any:
    """`x`, if it is a number or an array of numbers, node or not; lists become arrays.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(x, (int, float, Node)):
        return x
    array = np.array(x) if isinstance(x, (list, tuple)) else operand(x)
    if hasattr(array, "dtype") and array.dtype.kind in "biuf":
        return array
    raise wrong(name, "a number or an array of numbers", x)


def _or_nan(outside: Any, bound: Any) -> Any:
    """Where numbers lie outside a bound, or the bound is nan, which the result is then too."""
    known = isinstance(bound, (int, float)) and bound == bound
    return outside if known else outside | (bound != bound)


def fmax(x: Any, y: Any) -> Any:
    """The larger one; of a number and nan the number."""
    a, b = data_of(x), data_of(y)
    return _where(b != b, x, _where(a != a, y, rules.maximum(x, y)))


def fmin(x: Any, y: Any) -> Any:
    """The smaller one; of a number and nan the number."""
    a, b = data_of(x), data_of(y)
    return _where(b != b, x, _where(a != a, y, rules.minimum(x, y)))


def logaddexp2(x: Any, y: Any) -> Any:
    """log2(2^x + 2^y)."""
    x, y = _numbers("x", x), _numbers("y", y)
    one = rules.one_like(data_of(x) + data_of(y))
    return rules.logaddexp(x * (rules.LN2 * one), y * (rules.LN2 * one)) * (1 / rules.LN2)


# --- activations ----------------------------------------------------------------------------------


def softplus(x: Any) -> Any:
    """log(1 + e^x), a smooth relu."""
    return rules.logaddexp(x, 0.0)


def logsigmoid(x: Any) -> Any:
    """log(sigmoid(x)), without underflow."""
    return -softplus(-as_real(x))


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """`x` if positive, else `negative_slope * x`."""
    x, negative_slope = as_real(x), _numbers("negative_slope", negative_slope)
    return _where(data_of(x) > 0, x, negative_slope * x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """`x` if positive, else `alpha * (e^x - 1)` (Clevert et al. 2016)."""
    x, alpha = as_real(x), _numbers("alpha", alpha)
    positive = data_of(x) > 0
    return _where(positive, x, alpha * rules.expm1(_where(positive, 0.0, x)))


def selu(x: Any) -> Any:
    """The self-normalising elu (Klambauer et al. 2017, eq. 2)."""
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


@on_reals
def gelu(x: Any, approximate: str = "none") -> Any:
    """The number times the normal distribution function of x (Hendrycks & Gimpel 2016).

    Args:
        x: any real numbers.
        approximate: "none", or "tanh" for the paper's approximation.
    """
    if one_of("approximate", approximate, ("none", "tanh")) == "tanh":
        near = clip(x, -100.0, 100.0)  # beyond, sigmoid is 0 or 1, and cubes may overflow
        return x * rules.sigmoid(math.sqrt(8 / math.pi) * (near + 0.044715 * (near * near * near)))
    return x * (0.5 * rules.erfc(x * -math.sqrt(0.5)))


def silu(x: Any) -> Any:
    """The product x sigmoid(x)."""
    x = as_real(x)
    return x * rules.sigmoid(x)


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """`x` kept between two bounds, on which its slope is 0."""
    x = as_real(x)
    min_val, max_val = _numbers("min_val", min_val), _numbers("max_val", max_val)
    x = _where(_or_nan(data_of(x) <= min_val, min_val), min_val, x)
    return _where(_or_nan(data_of(x) >= max_val, max_val), max_val, x)


# --- reductions and scans -------------------------------------------------------------------------


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum over all entries, or along axes."""
    return rules.sum(x, axis=axis, keepdims=keepdims)


@on_reals
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over all entries, or along axes; of none it is nan."""
    return sum(x, axis, keepdims) / _count(x, axis)


def _count(x: Any, axis: Axis) -> int:
    """How many entries are averaged; of a single number no axis can be named, as in NumPy."""
    shape = shape_of(x)
    return math.prod(shape[i] for i in normalize_axes(axis, len(shape)))


@on_reals
def var(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The mean squared distance from the mean; the divisor is the count less `ddof`, or 0."""
    off = x - mean(x, axis, keepdims=True)
    freedom = float(np.maximum(_count(x, axis) - ddof, 0.0))
    return rules.div(sum(off * off, axis, keepdims), freedom)


@on_reals
def std(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The root of `var`. Where all entries are equal, its slope is 0."""
    return in_range(lambda x: rules.flat_root(var(x, axis, ddof, keepdims)), x, axis)


@cache
def _usual(dtype: Any) -> tuple[float, float]:
    """Between which numbers fourth powers, which second derivatives need, are in range."""
    limits = np.finfo(dtype)
    return float(limits.tiny) ** 0.25, float(limits.max) ** 0.25


def in_range(length: Callable[[Any], Any], x: Any, axis: Axis) -> Any:
    """`length(x)`, a norm or deviation, where powers of entries of `x` may overflow or vanish.

    Rows of huge or tiny entries are divided by a power of two first, and their length multiplied.
    """
    if not is_numpys(data_of(x)):
        return length(x)
    low, high = _usual(data_of(x).dtype)
    if not current_mode().anomaly:  # which would report powers that overflow
        with np.errstate(over="ignore"):
            out = length(x)
        data = data_of(out)
        if low < data < high if not data.ndim else np.all((low < data) & (data < high)):
            return out
    largest = np.max(np.abs(data_of(x)), axis, keepdims=True, initial=0.0)
    far = np.isfinite(largest) & (largest > 0) & ~((low < largest) & (largest < high))
    if not np.any(far):
        return length(x)
    unit = np.ldexp(np.ones_like(largest), np.where(far, np.frexp(largest)[1] - 1, 0))
    out = length(x / unit)
    return out * np.reshape(unit, shape_of(out))


def flat_power(size: Any, exponent: float) -> Any:
    """A power of what is not negative, with slope 0 at 0: there sums of powers have their least."""
    zero = data_of(size) == 0
    return _where(zero, 0.0, _where(zero, 1.0, size) ** exponent)


def _folded(x: Any, axes: Shape) -> Any:
    """The entries along some axes in one row each, as the last axis."""
    shape = shape_of(x)
    rest = tuple(i for i in range(len(shape)) if i not in axes)
    order = rest + axes
    x = rules.transpose(x, axes=order) if order != tuple(range(len(shape))) else x
    return rules.reshape(x, shape=(*(shape[i] for i in rest), math.prod(shape[i] for i in axes)))


@in_wide_numbers
def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product of all entries, or along axes: by halves, so that a zero divides nothing."""
    shape = shape_of(x)
    out = _folded(x, reduced_axes(axis, len(shape)))
    while (n := shape_of(out)[-1]) > 1:
        half = n // 2
        pairs = out[..., :half] * out[..., half : 2 * half]
        out = concatenate([pairs, out[..., 2 * half :]], -1) if n % 2 else pairs
    out = out[..., 0] if n else 1.0 + sum(out, -1)
    return rules.reshape(out, shape=kept_shape(shape, axis)) if keepdims else out


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest entry. Ties share its gradient equally."""
    return rules.max(x, axis=axis, keepdims=keepdims)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest entry. Ties share its gradient equally."""
    return rules.min(x, axis=axis, keepdims=keepdims)


def amax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The same as `max`, under NumPy's other name."""
    return rules.max(x, axis=axis, keepdims=keepdims)


def amin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The same as `min`, under NumPy's other name."""
    return rules.min(x, axis=axis, keepdims=keepdims)


@on_reals
def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The middle one of the sorted entries, or the mean of the middle two; nan if there is one."""
    shape, axis = shape_of(x), tuple(axis) if isinstance(axis, list) else axis
    axes = normalize_axes(axis, len(shape))
    ordered = sort(_folded(x, axes), -1)
    n = shape_of(ordered)[-1]
    if not n:
        return mean(x, axis, keepdims)  # nan
    middle = 0.5 * (ordered[..., (n - 1) // 2] + ordered[..., n // 2])
    last = ordered[..., n - 1]
    out = _where(np.isnan(data_of(last)), last, middle)
    return rules.reshape(out, shape=kept_shape(shape, axis)) if keepdims else out


def _along_axis(x: Any, axis: int | None) -> tuple[Any, int]:
    """What a scan runs along: an axis, or all entries of the flattened array or single number."""
    x = x if axis is not None and shape_of(x) else ravel(x)
    (axis,) = normalize_axes((0 if axis is None else axis,), len(shape_of(x)))
    return x, axis


def cumsum(x: Any, axis: int | None = None) -> Any:
    """The sums of the first 1, 2, 3 ... entries along an axis, or of the flattened array."""
    x, axis = _along_axis(x, axis)
    return rules.cumsum(x, axis=axis)


@in_wide_numbers
def cumprod(x: Any, axis: int | None = None) -> Any:
    """The products of the first 1, 2, 3 ... entries along an axis, or of the flattened array.

    By doubling (Hillis & Steele 1986), so that a zero divides nothing.
    """
    x, axis = _along_axis(x, axis)
    front, reach = (slice(None),) * axis, 1
    while reach < shape_of(x)[axis]:
        left, right = (*front, slice(None, -reach)), (*front, slice(reach, None))
        x = concatenate([x[(*front, slice(None, reach))], x[left] * x[right]], axis)
        reach *= 2
    return x


@on_reals
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) without overflow: a smooth maximum."""
    return rules.logsumexp(x, axis=axis, keepdims=keepdims)


@on_reals
def log_softmax(x: Any, axis: Axis = -1) -> Any:
    """The logarithm of `softmax`, without underflow."""
    return rules.log_softmax(x, axis=axis)


@on_reals
def softmax(x: Any, axis: Axis = -1) -> Any:
    """exp(x) scaled to sum to one along `axis`."""
    return rules.softmax(x, axis=axis)


def softmax_cross_entropy(logits: Any, labels: Any) -> Any:
    """-log softmax(logits)[label] of each row, in nats. `nn.cross_entropy` checks and averages it.

    Args:
        logits: (n, classes).
        labels: (n,), integers from 0 to classes - 1.
    """
    return -picked(log_softmax(logits, axis=1), normalize_index(labels))


def picked(x: Any, labels: Any) -> Any:
    """The entry of each row of x: (n, classes) that its label names; they may lie elsewhere too."""
    if is_lazy(labels):  # by them one can't pick yet, but choose. Of no class, there is no number
        mine = one_hot(labels, data_of(x))
        return _where(mine.any(axis=1), sum(_where(mine, x, 0.0), 1), np.nan)
    return rules.getitem(x, index=(np.arange(len(labels), like=labels), labels))


# --- what tells about numbers, and has no gradient ------------------------------------------------


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The position of the largest entry, the first of equals."""
    return np.argmax(data_of(x), axis=axis, keepdims=keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The position of the smallest entry, the first of equals."""
    return np.argmin(data_of(x), axis=axis, keepdims=keepdims)


def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether some entry is not zero."""
    return np.any(data_of(x), axis=axis, keepdims=keepdims)


def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether no entry is zero."""
    return np.all(data_of(x), axis=axis, keepdims=keepdims)


def stop_gradient(x: Any) -> Any:
    """The same number or array as a constant: no gradient flows through it."""
    return x.detach() if isinstance(x, Node) else x
