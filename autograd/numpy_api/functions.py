"""Elementwise functions and activations that are composed from primitives.

They take floats, arrays and nodes. Names and arguments are NumPy's, or PyTorch's for activations.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.core import array_rules, rules
from autograd.core.arguments import integer, one_of, type_error
from autograd.core.array_kernels import one_hot
from autograd.core.array_libraries import is_lazy, no_fallback
from autograd.core.kernels import one_like
from autograd.core.node import Node
from autograd.core.op import data_of
from autograd.core.precision import as_real, on_reals
from autograd.core.shapes import ordered_axes, shape_of

from .joining import split
from .manipulation import normalize_index
from .options import array_of, with_out
from .reductions import log_softmax, sum

# --- elementwise ----------------------------------------------------------------------------------


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Return `x` where the condition holds, else `y`. The condition is not differentiated.

    Of a condition alone, return the positions where it holds, as `np.nonzero` does.
    """
    if x is None and y is None:
        return no_fallback(np.nonzero)(data_of(condition))
    if x is None or y is None:
        raise ValueError("where takes either both or neither of x and y")
    return rules.where(data_of(condition), _as_numbers("x", x), _as_numbers("y", y))


def square(x: Any) -> Any:
    x = array_of(x) if isinstance(x, (list, tuple)) else x
    return x * x


def reciprocal(x: Any) -> Any:
    return rules.div(1.0, x)


def float_power(x: Any, y: Any) -> Any:
    """Return x^y, computed in float64 or a wider dtype."""
    return rules.pow(_as_floats(np.float_power, x), _as_floats(np.float_power, y))


def _as_floats(ufunc: Any, x: Any) -> Any:
    """Return `x` in the floating-point dtype in which a ufunc computes."""
    x = float(x) if isinstance(x, int) else _as_numbers("x", x)
    dtype = getattr(x, "dtype", np.dtype(float))
    wide = ufunc(*[np.empty(0, dtype)] * ufunc.nin).dtype
    return x if dtype == wide else x.astype(wide)


def deg2rad(x: Any) -> Any:
    return _as_floats(np.deg2rad, x) * (math.pi / 180)


def rad2deg(x: Any) -> Any:
    return _as_floats(np.rad2deg, x) * (180 / math.pi)


def fabs(x: Any) -> Any:
    """Return |x| as a floating-point number."""
    return rules.abs(_as_floats(np.fabs, x))


def rint(x: Any) -> Any:
    """Return `x` rounded to an integer, halves to even, as a floating-point number."""
    return rules.round(_as_floats(np.rint, x))


def modf(x: Any) -> tuple[Any, Any]:
    """Return the fractional part of `x` and its integer part, both with the sign of `x`."""
    x = _as_floats(np.rint, x)
    finite = rules.where(np.isinf(data_of(x)), rules.copysign(0.0, data_of(x)), x)
    return rules.fmod(finite, 1.0), rules.trunc(x)


def sinc(x: Any) -> Any:
    """Return sin(pi x) / (pi x), and 1 at 0."""
    return rules.sinc(x, n=0)


@with_out
def round(x: Any, decimals: int = 0) -> Any:
    """Return `x` rounded to a number of decimals, halves to even; its slope is 0."""
    if not hasattr(decimals, "__index__"):
        raise type_error("decimals", "an integer", decimals)
    return rules.round(x, decimals=operator.index(decimals))


@with_out
def fix(x: Any) -> Any:
    """Return `x` rounded towards 0."""
    return rules.trunc(x)


def nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """Return `x` with finite numbers in place of nan and infinities, where its slope is 0.

    Infinities become the largest numbers of the dtype, if no others are given for them. `copy`
    must be true: nothing is written into `x`.
    """
    if copy not in (True, None):
        raise TypeError("nan_to_num writes nothing into x: leave out copy=False")
    x, nan = array_of(x), _as_numbers("nan", nan)
    data = data_of(x)
    posinf = None if posinf is None else _as_numbers("posinf", posinf)
    neginf = None if neginf is None else _as_numbers("neginf", neginf)
    usual = str(nan) in ("0", "0.0") and posinf is None and neginf is None  # -0.0 is not 0.0
    # mutants 1: only Dask's function refuses options
    options = {} if usual else {"nan": nan, "posinf": posinf, "neginf": neginf}
    return rules.where(np.isfinite(data), x, rules.nan_to_num(data, **options))


@with_out
def clip(x: Any, min: Any = None, max: Any = None) -> Any:
    """Return `x` limited to [min, max], where None is no bound. On a bound its slope is 1."""
    x = _as_numbers("x", x)
    if min is not None:
        x = _limit(x, _as_numbers("min", min), operator.lt)
    return x if max is None else _limit(x, _as_numbers("max", max), operator.gt)


def _limit(x: Any, bound: Any, beyond: Callable[[Any, Any], Any]) -> Any:
    """Return `bound` where `x` lies beyond it, or where it is nan, else `x`."""
    limit = data_of(bound)
    replaced = beyond(data_of(x), limit)
    if not isinstance(limit, (int, float)) or limit != limit:
        replaced = replaced | (limit != limit)
    return rules.where(replaced, bound, x)


def _as_numbers(name: str, x: Any) -> Any:
    """Return a number, node or array of numbers as it is; a list or tuple as an array.

    Raises:
        TypeError: the argument `name` is something else.
    """
    if isinstance(x, (int, float, Node)):
        return x
    array = array_of(x)
    if hasattr(array, "dtype") and array.dtype.kind in "biuf":
        return array
    raise type_error(name, "a number or an array of numbers", x)


def fmax(x: Any, y: Any) -> Any:
    """Return the larger operand; of a number and nan the number."""
    a, b = data_of(x), data_of(y)
    return rules.where(b != b, x, rules.where(a != a, y, rules.maximum(x, y)))


def fmin(x: Any, y: Any) -> Any:
    """Return the smaller operand; of a number and nan the number."""
    a, b = data_of(x), data_of(y)
    return rules.where(b != b, x, rules.where(a != a, y, rules.minimum(x, y)))


def logaddexp2(x: Any, y: Any) -> Any:
    """Return log2(2^x + 2^y)."""
    x, y = _as_numbers("x", x), _as_numbers("y", y)
    # mutants 1: divides by one
    scale = rules.LN2 * one_like(data_of(x) + data_of(y))
    return rules.logaddexp(x * scale, y * scale) * (1 / rules.LN2)  # mutants 1: in either order


def logit(x: Any, eps: float | None = None) -> Any:
    """Return log(x / (1 - x)), the inverse of sigmoid; `x` is limited to [eps, 1 - eps] first."""
    # mutants 1: the median, in any order
    return rules.logit(x if eps is None else clip(x, eps, 1.0 - eps))


def digamma(x: Any) -> Any:
    """Return the derivative of lgamma."""
    return rules.polygamma(x, n=0)


def polygamma(n: int, x: Any) -> Any:
    """Return the n-th derivative of digamma."""
    return rules.polygamma(x, n=integer("n", n, at_least=0))


# --- activations ----------------------------------------------------------------------------------


def softplus(x: Any) -> Any:
    """Return log(1 + e^x), a smooth relu."""
    return rules.logaddexp(x, 0.0)  # mutants 1: in either order


def logsigmoid(x: Any) -> Any:
    """Return log(sigmoid(x)), without underflow."""
    return -softplus(-as_real(x))


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """Return `x` where it is positive, else `negative_slope * x`."""
    x, negative_slope = as_real(x), _as_numbers("negative_slope", negative_slope)
    return rules.where(data_of(x) > 0, x, negative_slope * x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return `x` where it is positive, else `alpha * (e^x - 1)` (Clevert et al. 2016)."""
    x, alpha = as_real(x), _as_numbers("alpha", alpha)
    positive = data_of(x) > 0
    # mutants 1: any small number
    return rules.where(positive, x, alpha * rules.expm1(rules.where(positive, 0.0, x)))


def selu(x: Any) -> Any:
    """Return the self-normalising elu of `x` (Klambauer et al. 2017, eq. 2)."""
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


@on_reals
def gelu(x: Any, approximate: str = "none") -> Any:
    """Return `x` times the normal distribution function of `x` (Hendrycks & Gimpel 2016).

    `approximate` is "none", or "tanh" for the paper's approximation.
    """
    if one_of("approximate", approximate, ("none", "tanh")) == "tanh":
        # mutants 3: any large bounds, in either order
        near = clip(x, -100.0, 100.0)  # beyond, sigmoid is 0 or 1, and cubes may overflow
        return x * rules.sigmoid(math.sqrt(8 / math.pi) * (near + 0.044715 * (near * near * near)))
    return x * (0.5 * rules.erfc(x * -math.sqrt(0.5)))


def silu(x: Any) -> Any:
    """Return x sigmoid(x)."""
    x = as_real(x)
    return x * rules.sigmoid(x)


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """Return `x` limited to an interval. On a bound its slope is 0."""
    x = _limit(as_real(x), _as_numbers("min_val", min_val), operator.le)
    return _limit(x, _as_numbers("max_val", max_val), operator.ge)


def relu6(x: Any) -> Any:
    """Return `x` limited to [0, 6]. On a bound its slope is 0."""
    return hardtanh(x, 0.0, 6.0)  # mutants 1: the median, in any order


def hardsigmoid(x: Any) -> Any:
    """Return x / 6 + 1/2, limited to [0, 1]."""
    return relu6(as_real(x) + 3.0) / 6.0


def hardswish(x: Any) -> Any:
    """Return x hardsigmoid(x) (Howard et al. 2019, section 5.2)."""
    x = as_real(x)
    return x * hardsigmoid(x)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """Return `x` where it is positive, else `alpha * (e^(x / alpha) - 1)` (Barron 2017)."""
    x, alpha = as_real(x), _as_numbers("alpha", alpha)
    # mutants 2: rounding
    return rules.where(data_of(x) > 0, x, alpha * elu(rules.div(x, alpha)))


def mish(x: Any) -> Any:
    """Return x tanh(softplus(x)) (Misra 2020)."""
    x = as_real(x)
    return x * rules.tanh(softplus(x))


@on_reals
def glu(x: Any, axis: int = -1) -> Any:
    """Return a * sigmoid(b) for the halves a and b of `x` along `axis` (Dauphin et al. 2017).

    Raises:
        ValueError: the axis has an odd length.
    """
    shape = shape_of(x)
    (axis,) = ordered_axes((axis,), len(shape))
    if shape[axis] % 2:
        raise ValueError(f"glu needs an even length along axis {axis}, but got {shape}")
    a, b = split(x, 2, axis)
    return a * rules.sigmoid(b)


# --- labels and constants -------------------------------------------------------------------------


def softmax_cross_entropy(logits: Any, labels: Any) -> Any:
    """Return -log softmax(logits)[label] of each row, in nats: (n,).

    `nn.cross_entropy` checks labels, and returns the mean.

    Args:
        logits: (n, classes).
        labels: (n,), integers from 0 to classes - 1.
    """
    return -pick_labels(log_softmax(logits, axis=1), normalize_index(labels))


def pick_labels(x: Any, labels: Any) -> Any:
    """Return the entry of each row of x: (n, classes) at its label: (n,).

    Lazy labels, whose values are not known yet, select by masks: nan where a label is no class.
    """
    if is_lazy(labels):
        mask = one_hot(labels, data_of(x))
        return rules.where(mask.any(axis=1), sum(rules.where(mask, x, 0.0), 1), np.nan)
    # mutants 1: only CuPy's indices must be CuPy's
    return array_rules.getitem(x, index=(np.arange(len(labels), like=labels), labels))


def stop_gradient(x: Any) -> Any:
    """Return `x` as a constant: no gradient flows through it."""
    return x.detach() if isinstance(x, Node) else x
