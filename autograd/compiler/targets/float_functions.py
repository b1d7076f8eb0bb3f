"""What Python's `math` lacks, for floats, under the names that NumPy has.

Compiled source that stands on its own has these functions written out at its head: so they use
nothing but `math`.
"""

from __future__ import annotations

from math import copysign, exp, fabs, hypot, isfinite, log, log1p, nan

ON_FLOATS = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "cos",
    "cosh",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "hypot",
    "log",
    "log10",
    "log1p",
    "log2",
    "pow",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
]
"""Functions that `math` has under NumPy's names, and `erf` and `erfc`, which NumPy lacks."""


def ceil(x: float) -> float:
    return copysign(-(-x // 1.0), x) if isfinite(x) else x


def cosine(x: float, y: float) -> float:
    r = hypot(x, y)
    return x / r if r else nan


def floor(x: float) -> float:
    return copysign(x // 1.0, x) if isfinite(x) else x


def logistic_density(x: float) -> float:
    small = exp(-fabs(x))
    return small / ((1.0 + small) * (1.0 + small))


def logaddexp(x: float, y: float) -> float:
    if x == y:
        return x + log(2.0)
    d = x - y
    return x + log1p(exp(-d)) if d > 0.0 else y + log1p(exp(d)) if d <= 0.0 else d


def logical_not(x: object) -> bool:
    return not x


def maximum(x: float, y: float) -> float:
    return x if x > y or x != x else y


def minimum(x: float, y: float) -> float:
    return x if x < y or x != x else y


def nan_to_num(
    x: float, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> float:
    if isfinite(x):
        return x
    if x != x:
        return float(nan)
    end = posinf if x > 0.0 else neginf
    return copysign(1.7976931348623157e308, x) if end is None else float(end)


def one_minus_square(x: float) -> float:
    return (1.0 - x) * (1.0 + x)


def relu(x: float) -> float:
    return 0.0 if x < 0.0 else x


def round(x: float, decimals: int = 0) -> float:  # NumPy's name
    scale = 10.0 ** abs(decimals)
    y = x * scale if decimals >= 0 else x / scale
    if not isfinite(y):
        return y
    y = copysign(float(y.__round__()), y)
    return y / scale if decimals >= 0 else y * scale


def sech2(x: float) -> float:
    small = exp(-2.0 * fabs(x))
    return 4.0 * small / ((1.0 + small) * (1.0 + small))


def sigmoid(x: float) -> float:
    small = exp(-fabs(x))
    return (1.0 if x >= 0.0 else small) / (1.0 + small)


def sign(x: float) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else x


def softsign(x: float) -> float:
    return x / (1.0 + fabs(x))


def trunc(x: float) -> float:
    return copysign(fabs(x) // 1.0, x) if isfinite(x) else x


def where(condition: object, x: float, y: float) -> float:
    return x if condition else y


def xlogy(x: float, y: float) -> float:
    return 0.0 if x == 0.0 and y == y else x * log(y)
