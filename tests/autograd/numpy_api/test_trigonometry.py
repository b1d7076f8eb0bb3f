"""Secant and its kin, near 0 and far out: values, slopes and slopes of slopes are mpmath's."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

import autograd as ag
from autograd import Tensor

FAR = [1e-200, 1e-8, 0.3, 2.0, 20.0, 400.0, 720.0]
POINTS = {
    "sec": [0.0, 1e-8, 1.5, 3.0, -100.0],
    "csc": [1e-150, 1e-8, 1.5, 3.0, -100.0],
    "cot": [1e-150, 1e-8, 1.5, 3.0, -100.0],
    "sech": [0.0, *FAR, -2.0, -720.0],
    "csch": [1e-100, *FAR[1:], -2.0, -720.0],
    "coth": [1e-100, *FAR[1:-2], -2.0],
    "arcsec": [1.25, -1.25, 3.0, 1e8, -1e100],
    "arccsc": [1.25, -1.25, 3.0, 1e8, -1e100],
    "arccot": [1e-200, 1e-8, 0.3, -0.3, 2.0, -2.0, 1e8, -1e100],
    "arcsech": [1e-150, 1e-8, 0.3, 0.75, 1 - 2**-30],
    "arccsch": [1e-150, 1e-8, 0.3, -0.3, 0.99, 1.0, 2.0, -2.0, 1e8, -1e100],
    "arccoth": [1.25, -1.25, 3.0, 1e8, -1e100],
}
ROWS = [(name, x) for name, points in POINTS.items() for x in points]


@pytest.mark.parametrize(("name", "x"), ROWS)
def test_values_and_slopes_are_mpmaths(name: str, x: float) -> None:
    f = getattr(ag, name)
    with mpmath.workdps(900):
        reference = getattr(mpmath, name.replace("arc", "a"))
        wanted = [float(mpmath.diff(reference, mpmath.mpf(x), n)) for n in range(3)]
    for g, y in zip((f, ag.grad(f), ag.grad(ag.grad(f))), wanted):
        for found in (g(x), g(np.array(x))):
            assert math.isclose(found, y, rel_tol=1e-13, abs_tol=1e-300), g
    assert math.isclose(f(Tensor([x])).data[0], wanted[0], rel_tol=1e-13)


@pytest.mark.parametrize("x", [1000.0, -1000.0, math.inf, -math.inf])
def test_hyperbolic_ones_do_not_overflow(x: float) -> None:
    sign = math.copysign(1.0, x)
    for f, limit in ((ag.sech, 0.0), (ag.csch, 0.0), (ag.coth, sign)):
        for order in (f, ag.grad(f), ag.grad(ag.grad(f))):
            assert order(x) == order(np.array(x)) == limit
            limit = 0.0


@pytest.mark.parametrize("x", [math.inf, -math.inf])
def test_inverses_end_flat(x: float) -> None:
    sign = math.copysign(1.0, x)
    assert ag.arcsec(x) == math.pi / 2
    for f in (ag.arcsec, ag.arccsc, ag.arccot, ag.arccsch, ag.arccoth):
        assert f is ag.arcsec or (f(x) == 0.0 and math.copysign(1.0, f(x)) == sign)
        assert ag.grad(f)(x) == 0.0


def test_edges_of_domains() -> None:
    assert ag.arcsech(1.0) == ag.arcsec(1.0) == 0.0
    assert ag.arcsec(-1.0) == math.pi
    assert ag.arcsech(0.0) == ag.arccsch(0.0) == ag.csch(0.0) == ag.coth(0.0) == math.inf
    assert ag.grad(ag.arccsch)(0.0) == ag.grad(ag.arcsech)(1.0) == -math.inf
    assert ag.arccot(0.0) == math.pi / 2
    assert ag.grad(ag.arccot)(0.0) == -1.0
    for f, x in ((ag.arcsec, 0.5), (ag.arccsc, 0.5), (ag.arccoth, 0.5), (ag.arcsech, -0.5),
                 (ag.arcsech, 1.5), (ag.arccsch, math.nan), (ag.arccot, math.nan)):  # fmt: skip
        assert math.isnan(f(x))


@pytest.mark.parametrize("name", POINTS)
def test_integers_become_real_numbers(name: str) -> None:
    f: Any = getattr(ag, name)
    x = 1 if name == "arcsech" else 2
    wanted = f(float(x))
    assert f(x) == wanted
    found = f(np.array([x]))
    assert found.dtype == np.float64
    assert math.isclose(found[0], wanted, rel_tol=1e-15)
