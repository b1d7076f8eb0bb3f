"""Secant, cosecant, cotangent and their kin, composed so that they are exact near 0 and far out.

They take floats, arrays and nodes.
"""

from __future__ import annotations

from typing import Any

from autograd.core import rules
from autograd.core.kernels import one_like
from autograd.core.op import data_of
from autograd.core.precision import as_real


def sec(x: Any) -> Any:
    return rules.div(1.0, rules.cos(x))


def csc(x: Any) -> Any:
    return rules.div(1.0, rules.sin(x))


def cot(x: Any) -> Any:
    return rules.div(1.0, rules.tan(x))


def sech(x: Any) -> Any:
    """Return 1 / cosh(x)."""
    half = 0.5 * as_real(x)  # of x itself, powers of e would overflow, or vanish too early
    t = rules.tanh(half)
    return rules.div(rules.sech2(half), 1.0 + t * t)


def csch(x: Any) -> Any:
    """Return 1 / sinh(x)."""
    x, side = as_real(x), _side(x)
    # mutants 2: divides by 1 or -1
    return rules.div((-2.0 * side) * rules.exp(-side * x), rules.expm1(-2.0 * side * x))


def coth(x: Any) -> Any:
    return rules.div(1.0, rules.tanh(x))


def arcsec(x: Any) -> Any:
    return rules.arccos(rules.div(1.0, x))


def arccsc(x: Any) -> Any:
    return rules.arcsin(rules.div(1.0, x))


def arccot(x: Any) -> Any:
    """Return arctan(1 / x), from -pi/2 to pi/2; pi/2 at 0, where it jumps."""
    side = _side(x)
    return rules.arctan2(side, side * x)


def arcsech(x: Any) -> Any:
    return rules.log1p(rules.sqrt(rules.one_minus_square(x))) - rules.log(x)


def arccsch(x: Any) -> Any:
    """Return arcsinh(1 / x)."""
    x = as_real(x)
    small, side = abs(data_of(x)) < 1, _side(x)  # mutants 2: both hold around 1
    near, far = rules.where(small, x, side), rules.where(small, side, x)  # near 0 1/x overflows
    logs = rules.log1p(rules.hypot(1.0, near)) - rules.log(side * near)
    return rules.where(small, side * logs, rules.arcsinh(rules.div(1.0, far)))


def arccoth(x: Any) -> Any:
    return rules.arctanh(rules.div(1.0, x))


def _side(x: Any) -> Any:
    """Return -1 where `x` is negative, else 1, in its dtype."""
    x = as_real(data_of(x))
    return rules.where(x < 0, -one_like(x), one_like(x))
