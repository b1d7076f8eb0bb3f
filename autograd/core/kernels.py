"""Forward functions of numbers that NumPy lacks, has slowly, or lets overflow.

`math` and the bare operators raise where IEEE 754 has an answer (log(0), 1/0, exp(1000)). NumPy has
the answer, but takes ten times as long on a float. So floats try `math` first.

Functions for compiled source use only names of `math` and NumPy: they are written out in it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import cache, partial
from inspect import signature
from math import atanh, copysign, exp, fabs, hypot, isfinite, log, log1p, nan
from typing import Any

import numpy as np

from .op import Data, data_of
from .precision import as_real
from .shapes import shape_of


def ieee(function: Callable[..., Any], *args: float) -> float:
    """Return NumPy's result for floats, without its warnings."""
    with np.errstate(all="ignore"):
        return float(function(*args))


def kernel(
    on_float: Callable[..., Data], on_array: Callable[..., Data], real: bool = False
) -> Callable[..., Data]:
    """Return the function that is `on_float` of floats, and `on_array` of anything else.

    Args:
        on_float: a function of one or two floats.
        on_array: a NumPy ufunc, or a function of as many arrays.
        real: whether integers stand for real numbers: arrays of them become float64 first.
    """
    convert = as_real if real else unchanged

    def unary(x: Data) -> Data:
        if type(x) is not float:
            x = convert(x)
            if type(x) is not float:
                return on_array(x)
        try:
            return on_float(x)
        except (ValueError, OverflowError):
            return ieee(on_array, np.float64(x))

    def binary(x: Data, y: Data) -> Data:
        if type(x) is not float or type(y) is not float:
            return on_array(convert(x), convert(y))
        try:
            return on_float(x, y)
        except (ValueError, OverflowError):
            return ieee(on_array, np.float64(x), np.float64(y))

    arguments = getattr(on_array, "nin", 0) or len(signature(on_float).parameters)
    return described(unary if arguments == 1 else binary, on_float, on_array)


def described(
    forward: Callable[..., Data], on_float: Callable[..., Data], on_array: Callable[..., Data]
) -> Callable[..., Data]:
    """Store on a forward function the facts that its `Op` reads."""
    forward.__name__ = forward.__qualname__ = on_array.__name__.removesuffix("_of_arrays")
    vars(forward).update(on_float=on_float, on_array=on_array)
    if isinstance(on_array, np.ufunc):
        vars(forward).update(ufunc=on_array)
    return forward


def unchanged(x: Data) -> Data:
    return x


def elementary(name: str) -> Callable[..., Data]:
    """Return NumPy's function of one array of that name; on floats the one that `math` has."""
    on_array = getattr(np, name)
    on_float = getattr(math, name.replace("arc", "a"))

    def unary(x: Data) -> Data:
        if type(x) is not float:
            return on_array(x)
        try:
            return on_float(x)
        except (ValueError, OverflowError):
            return ieee(on_array, x)

    return described(unary, on_float, on_array)


def ieee_operator(
    on_float: Callable[[Data, Data], Data], ufunc: Any
) -> Callable[[Data, Data], Data]:
    """Return an operator of Python that returns what `ufunc` does where it refuses floats."""

    def forward(x: Data, y: Data) -> Data:
        try:
            return on_float(x, y)
        except ZeroDivisionError:
            return ieee(ufunc, x, y)

    return described(forward, on_float, ufunc)


divide = ieee_operator(operator.truediv, np.divide)
mod = ieee_operator(operator.mod, np.mod)
floor_divide = ieee_operator(operator.floordiv, np.floor_divide)


def power(x: Data, y: Data) -> Data:
    if type(x) is not float or type(y) is not float:
        if type(y) in (int, float) and hasattr(x, "dtype") and x.dtype.kind == "f":
            if y == 2:  # in a third of the time
                return x * x
            if y == 1:  # mutants 1: only faster
                return +x
        return x**y
    try:
        return math.pow(x, y)
    except (ValueError, OverflowError):
        return ieee(np.power, x, y)


# --- functions for compiled source: of floats ... -------------------------------------------------


def where_of_floats(condition: object, x: float, y: float) -> float:
    return x if condition else y


def maximum_of_floats(x: float, y: float) -> float:
    # mutants 1: which of two zeros
    return x if x > y or x != x else y  # nan wins, as in NumPy; of 0.0 and -0.0 the second


def minimum_of_floats(x: float, y: float) -> float:
    return x if x < y or x != x else y  # mutants 1: which of two zeros


def sign_of_float(x: float) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else x


def floor_of_float(x: float) -> float:
    return copysign(x // 1.0, x) if isfinite(x) else x


def ceil_of_float(x: float) -> float:
    return copysign(-x // 1.0, x) if isfinite(x) else x  # floor(-x) = -ceil(x)


def trunc_of_float(x: float) -> float:
    return copysign(fabs(x) // 1.0, x) if isfinite(x) else x


def round_of_float(x: float, decimals: int = 0) -> float:
    scale = 10.0 ** abs(decimals)
    y = x * scale if decimals >= 0 else x / scale  # mutants 2: the scale is 1 at 0
    if not isfinite(y):
        return y
    y = copysign(float(y.__round__()), y)
    return y / scale if decimals >= 0 else y * scale  # mutants 2: the scale is 1 at 0


def logical_not_of_float(x: object) -> bool:
    return not x


def nan_to_num_of_float(
    x: float, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> float:
    if isfinite(x):
        return x
    if x != x:
        return float(nan)
    end = posinf if x > 0.0 else neginf  # mutants 2: x is infinite
    return copysign(1.7976931348623157e308, x) if end is None else float(end)


def heaviside_of_floats(x: float, y: float) -> float:
    # mutants 3: x is not 0 there
    return y if x == 0.0 else 1.0 if x > 0.0 else 0.0 if x < 0.0 else x


def relu_of_float(x: float) -> float:
    return 0.0 if x < 0.0 else x  # nan stays nan


def sigmoid_of_float(x: float) -> float:
    small = exp(-fabs(x))  # never overflows
    return (1.0 if x >= 0.0 else small) / (1.0 + small)  # mutants 1: both are 0.5 at 0


def logistic_density_of_float(x: float) -> float:
    small = exp(-fabs(x))
    return small / ((1.0 + small) * (1.0 + small))


def sech2_of_float(x: float) -> float:
    small = exp(-2.0 * fabs(x))
    return 4.0 * small / ((1.0 + small) * (1.0 + small))


def softsign_of_float(x: float) -> float:
    return x / (1.0 + fabs(x))


def cosine_of_floats(x: float, y: float) -> float:
    r = hypot(x, y)
    return x / r if r else nan


def logaddexp_of_floats(x: float, y: float) -> float:
    if x == y:
        return x + log(2.0)
    d = x - y
    # mutants 2: both hold near 0
    return x + log1p(exp(-d)) if d > 0.0 else y + log1p(exp(d))


def logit_of_float(x: float) -> float:
    # mutants 4: both hold at 1/4 and 3/4
    return 2.0 * atanh(2.0 * x - 1.0) if 0.25 < x < 0.75 else log(x) - log1p(-x)


def xlogy_of_floats(x: float, y: float) -> float:
    return 0.0 if x == 0.0 and y == y else x * log(y)


# --- ... and of arrays ----------------------------------------------------------------------------


def relu_of_arrays(x: Data, out: Data = None) -> Data:  # Dask's clip() has no out
    return x.clip(0.0, np.inf, out=out)  # in a third of the time of maximum


def sigmoid_of_arrays(x: Data) -> Data:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0, small) / (1.0 + small)  # mutants 1: both are 0.5 at 0


def logistic_density_of_arrays(x: Data) -> Data:
    small = np.exp(-np.abs(x))
    return small / np.square(1.0 + small)


def sech2_of_arrays(x: Data) -> Data:
    small = np.exp(-2.0 * np.abs(x))
    return 4.0 * small / np.square(1.0 + small)


def softsign_of_arrays(x: Data) -> Data:
    return x / (1.0 + abs(x))


def one_minus_square_of_arrays(x: Data) -> Data:
    return (1.0 - x) * (1.0 + x)


def cosine_of_arrays(x: Data, y: Data) -> Data:
    return x / np.hypot(x, y)


def logit_of_arrays(x: Data) -> Data:
    """Return log(x / (1 - x)), exact also near 1/2, where the logarithms cancel."""
    # mutants 2: that part is not used
    middle = 2.0 * np.arctanh(np.clip(2.0 * x - 1.0, -0.5, 0.5))
    # mutants 1: both hold at 1/4 and 3/4
    return np.where(np.abs(x - 0.5) < 0.25, middle, np.log(x) - np.log1p(-x))


def xlogy_of_arrays(x: Data, y: Data) -> Data:
    zero = (x == 0) & (y == y)  # not nan
    # mutants 2: only faster; symmetric
    one = np.ones_like(x if hasattr(x, "dtype") else y, shape=(), dtype=np.result_type(x, y))
    return np.where(zero, 0.0, x * np.log(np.where(zero, one, y)))


logical_not = kernel(logical_not_of_float, np.logical_not)
maximum = kernel(maximum_of_floats, np.maximum)
minimum = kernel(minimum_of_floats, np.minimum)
sign = kernel(sign_of_float, np.sign)
floor = kernel(floor_of_float, np.floor)
ceil = kernel(ceil_of_float, np.ceil)
trunc = kernel(trunc_of_float, np.trunc)
heaviside = kernel(heaviside_of_floats, np.heaviside)
logaddexp = kernel(logaddexp_of_floats, np.logaddexp)
sigmoid = kernel(sigmoid_of_float, sigmoid_of_arrays, real=True)
logistic_density = kernel(logistic_density_of_float, logistic_density_of_arrays)
sech2 = kernel(sech2_of_float, sech2_of_arrays)
softsign = kernel(softsign_of_float, softsign_of_arrays, real=True)
logit = kernel(logit_of_float, logit_of_arrays, real=True)
one_minus_square = kernel(one_minus_square_of_arrays, one_minus_square_of_arrays)
cosine = kernel(cosine_of_floats, cosine_of_arrays)
xlogy = kernel(xlogy_of_floats, xlogy_of_arrays, real=True)


def where(condition: Data, x: Data, y: Data) -> Data:
    if type(x) is float and type(y) is float and shape_of(condition) == ():
        return x if condition else y
    return np.where(condition, x, y)


def round(x: Data, decimals: int = 0) -> Data:
    return round_of_float(x, decimals) if type(x) is float else np.round(x, decimals)


def nan_to_num(x: Data, **options: Any) -> Data:
    return nan_to_num_of_float(x, **options) if type(x) is float else np.nan_to_num(x, **options)


def relu(x: Data) -> Data:
    if type(x) is float:
        return relu_of_float(x)
    return (x if hasattr(x, "dtype") else np.array(x)).clip(0.0, np.inf)


described(relu, relu_of_float, relu_of_arrays)
described(where, where_of_floats, np.where)
described(round, round_of_float, np.round)
described(nan_to_num, nan_to_num_of_float, np.nan_to_num)
described(power, math.pow, operator.pow)


# --- what NumPy lacks: the error functions, and derivatives of sinc -------------------------------


@cache
def _scaled_erfc() -> Any:
    """Return the Chebyshev series of exp(x^2) erfc(x) / t in t = 2 / (2 + x), for x from 1 to 26.5.

    NumPy has no erf; math's, for floats only, gives the points to interpolate.
    """

    def point(t: float) -> float:
        x = 2 / t - 2
        return math.erfc(x) / (t * exp_of_minus_square(x))

    # mutants 1: rounding
    return np.polynomial.Chebyshev.interpolate(np.vectorize(point), 19, domain=[0.0701, 2 / 3])


def chebyshev(series: Any, x: Data) -> Data:
    """Return the sum of a Chebyshev series. Calling the series would return NumPy's array."""
    offset, scale = series.mapparms()
    return np.polynomial.chebyshev.chebval(offset + scale * x, series.coef)


def exp_of_minus_square(x: Data) -> Data:
    """Return exp(-x^2) for x >= 0: the square of `near` is exact, and the remainder is small."""
    x = np.minimum(x, 30.0)  # mutants 1: it is 0 beyond 27
    near = np.floor(16.0 * x) / 16.0  # mutants 1: rounding
    return np.exp(-near * near) * np.exp((near - x) * (near + x))


def erfc_beyond_1(x: Data) -> Data:
    t = 2.0 / (2.0 + x)
    return exp_of_minus_square(x) * t * chebyshev(_scaled_erfc(), t)


def erf_below_1(x: Data) -> Data:
    """Return erf(x) for |x| <= 1 by its Taylor series."""
    u = x * x
    series = 0.0 * u  # mutants 1: broadcast by the first term
    for n in range(19, -1, -1):  # mutants 1: one more term
        series = series * u + (-1) ** n / (math.factorial(n) * (2 * n + 1))
    return x * series * (2 / math.sqrt(math.pi))


def erf_of_arrays(x: Data) -> Data:
    """Return the error function: up to 1 by its Taylor series, beyond as 1 - erfc."""
    size = np.abs(x)
    tail = 1.0 - erfc_beyond_1(np.maximum(size, 1.0))
    # mutants 2: both hold at 1; that part is not used
    out = np.where(size < 1.0, erf_below_1(np.minimum(size, 1.0)), tail)
    return np.copysign(out, x).astype(x.dtype)


def erfc_of_arrays(x: Data) -> Data:
    """Return 1 - erf(x), exact also where the difference would cancel."""
    # mutants 3: symmetric; that part is not used
    near = 1.0 - erf_below_1(np.clip(x, -1.0, 1.0))
    tail = erfc_beyond_1(np.maximum(np.abs(x), 1.0))
    # mutants 3: both hold at 1; 0 takes the other branch
    return np.where(np.abs(x) < 1.0, near, np.where(x < 0.0, 2.0 - tail, tail)).astype(x.dtype)


erf = kernel(math.erf, erf_of_arrays, real=True)
erfc = kernel(math.erfc, erfc_of_arrays, real=True)


def sinc(x: Data, *, n: int = 0) -> Data:
    """Return the n-th derivative of sin(pi x) / (pi x).

    Near 0 by the Taylor series, elsewhere by x s_n + n s_(n-1) = d^n/dx^n sin(pi x) / pi.
    """
    if type(x) is float:
        return ieee(partial(sinc, n=n), np.float64(x))
    x = as_real(x)
    small = np.abs(x) < 1.0  # mutants 2: both hold at 1; both hold near 1
    near, far = np.where(small, x, 0.0), np.where(small, 1.0, x)  # mutants 2: that part is not used
    series = sum(
        (-1) ** k * math.pi ** (2 * k) / (2 * k + 1) / math.factorial(2 * k - n)
        * near ** (2 * k - n)
        for k in range((n + 1) // 2, 13 + n)  # mutants 1: one more term
    )  # fmt: skip
    angle = math.pi * np.fmod(far, 2.0)  # of a large far * pi rounding would leave little
    s: Any = 0.0  # mutants 1: times 0
    for m in range(n + 1):
        s = (math.pi ** (m - 1) * np.sin(angle + m * math.pi / 2) - m * s) / far
    return np.where(small, series, s)


# --- constants for rules --------------------------------------------------------------------------


def zeros_like(x: Data) -> Data:
    """Return a constant zero for each entry of `x`: the slope of a step."""
    data = data_of(x)
    return 0.0 if type(data) is float else np.zeros_like(data)


def one_like(out: Data) -> Data:
    """Return a one in the dtype of `out`, to which an operand of lower precision is promoted."""
    data = data_of(out)
    return np.ones_like(data, shape=()) if hasattr(data, "dtype") else 1.0
