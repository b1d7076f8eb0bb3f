"""Forward functions for the logarithm of the gamma function, its derivatives, and erf's inverse.

They compute in float64, whatever the dtype of `x`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial, wraps
from typing import Any

import numpy as np

from .kernels import erf_of_arrays, erfc_of_arrays, ieee
from .op import Data
from .precision import as_real

# B_2, B_4 ... B_20 of the Stirling series
BERNOULLI = (
    *(1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798),
    -174611 / 330,
)


def in_float64(function: Callable[..., Data]) -> Callable[..., Data]:
    """Wrap a function of an array: it is computed in float64, and takes floats too."""

    @wraps(function)
    def forward(x: Data, **options: Any) -> Data:
        x = as_real(x)
        if type(x) is float:
            return ieee(partial(function, **options), np.float64(x))
        return function(x.astype(np.float64), **options).astype(x.dtype)

    return forward


def polynomial(coefficients: Any, x: Data) -> Data:
    """Return c0 + c1 x + c2 x^2 + ..., by Horner's rule."""
    *rest, out = coefficients
    for c in reversed(rest):
        out = out * x + c
    return out


def stirling_sum(y: Data, n: int) -> Data:
    """Return the sum of B_2j (2j + n - 1)! / (2j)! y^(-2j - n) over j, for y >= 10 + n."""
    terms = ((b, 2 * j) for j, b in enumerate(BERNOULLI, 1))
    factors = [b * (math.factorial(k + n - 1) / math.factorial(k)) for b, k in terms]
    u = 1.0 / y
    return polynomial(factors, u * u) * u ** (n + 2)


def cotangent(x: Data, n: int) -> Data:
    """Return the n-th derivative of pi cot(pi x): a polynomial in the cotangent."""
    angle = math.pi * (x - np.round(x))
    sine, derivative = np.sin(angle), np.polynomial.Polynomial([0.0, 1.0])
    for _ in range(n):
        derivative = -derivative.deriv() * np.polynomial.Polynomial([1.0, 0.0, 1.0])
    # At a pole, even orders differ in sign on both sides: nan, but at 0 the limit from the right.
    pole = np.inf if n % 2 else np.nan
    cot = np.where((sine == 0.0) & (x != 0.0), pole, np.cos(angle) / sine)
    return math.pi ** (n + 1) * polynomial(derivative.coef, cot)


@in_float64
def polygamma(x: Data, *, n: int) -> Data:
    """Return the n-th derivative of digamma (Abramowitz & Stegun 6.4.6, 6.4.7 and 6.4.11).

    Right of 0 the Stirling series gives it at x + 10 + n, from where steps of 1 lead back to x.
    Left of 0 it is reflected.
    """
    right = x > 0.0  # mutants 2: both are infinite at 0, and hold beside it
    y = np.where(right, x, 1.0 - x)
    steps = sum((1.0 / (y + k)) ** (n + 1) for k in range(9 + n, -1, -1))
    far = y + (10.0 + n)
    lead = math.factorial(n - 1) * far**-n if n else -np.log(far)
    total = lead + math.factorial(n) * (0.5 * far ** (-n - 1) + steps) + stirling_sum(far, n)
    out = -total if n % 2 == 0 else total
    # mutants 1: that part is not used
    mirrored = (-1) ** n * out - cotangent(np.where(right, 0.5, x), n)
    return np.where(right, out, mirrored)


@cache
def lgamma_at_2() -> list[float]:
    """Return the Taylor coefficients of log Gamma at 2, without the constant term, which is 0."""
    slopes = (polygamma(2.0, n=n) for n in range(28))  # mutants 1: one more term
    return [slope / math.factorial(n + 1) for n, slope in enumerate(slopes)]


@in_float64
def lgamma(x: Data) -> Data:
    """Return log |Gamma(x)|, exact also around its zeros at 1 and 2.

    From 0.5 to 10 by its Taylor series at 2 and steps of 1, beyond by the Stirling series, and
    left of 0.5 it is reflected (Abramowitz & Stegun 6.1.15, 6.1.17, 6.1.33, 6.1.41).
    """
    right = x >= 0.5  # mutants 2: both hold around 0.5
    y = np.where(right, x, 1.0 - x)
    near, far = np.minimum(y, 10.0), np.maximum(y, 10.0)  # mutants 1: not used beyond
    whole = np.floor(near + 0.5)  # mutants 1: the series holds further out
    z = near - whole  # near = whole + z
    # mutants 1: nothing is above 10
    product = math.prod(np.where(k < whole, k + z, 1.0) for k in range(2, 10))
    steps = np.where(whole < 2.0, -np.log1p(z), np.log(product))
    series = steps + z * polynomial(lgamma_at_2(), z)
    stirling = (far - 0.5) * (np.log(far) - 1.0) + (0.5 * math.log(2 * math.pi) - 0.5)
    # mutants 2: both hold around 10
    out = np.where(y < 10.0, series, stirling + stirling_sum(far, -1))
    # mutants 1: that part is not used
    left = np.where(right | np.isinf(x), 0.5, x)
    off = np.abs(left - np.round(left))
    return np.where(right | np.isinf(x), out, -np.log(off) - np.log(np.sinc(off)) - out)


@in_float64
def erfinv(x: Data) -> Data:
    """Return the inverse of erf: an approximation by Winitzki (2008), and two steps of Halley's.

    From 0.5 on they solve erfc(y) = 1 - |x|, where nothing cancels.
    """
    size = np.abs(x)
    inside = np.where(size < 1.0, size, 0.0)  # mutants 1: that part is not used
    log = np.log1p(-inside * inside) / 2
    t = 2 / (math.pi * 0.147) + log
    # mutants 1: the steps correct it
    y = np.sqrt(np.sqrt(t * t - log * (2 / 0.147)) - t)
    for _ in range(2):  # mutants 1: one more step
        # mutants 2: both hold around 0.5
        above = np.where(inside < 0.5, erf_of_arrays(y) - inside, 1.0 - inside - erfc_of_arrays(y))
        step = above * (0.5 * math.sqrt(math.pi)) * np.exp(y * y)
        y = y - step / (1.0 + y * step)
    edge = np.where(size == 1.0, np.inf, np.nan)
    return np.copysign(np.where(size < 1.0, y, edge), x)
