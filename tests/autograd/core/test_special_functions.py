"""lgamma, digamma, polygamma and erfinv over their whole domains, beside mpmath's numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, Value

rng = np.random.default_rng(0)
NEAR_ZERO = 10.0 ** rng.uniform(-300, -2, 40)
EDGES = np.array([0.5, 1.5, 9.5, 10.0])
POSITIVE = np.concatenate([
    NEAR_ZERO, rng.uniform(0.01, 3.0, 60), rng.uniform(3.0, 30.0, 40),
    10.0 ** rng.uniform(1, 300, 40), EDGES, np.nextafter(EDGES, 0.0),
])  # fmt: skip
NEGATIVE = np.concatenate([-NEAR_ZERO, -rng.uniform(0.01, 1.0, 40), -rng.uniform(1.0, 90.0, 40)])


def at(f: Callable[..., Any], points: np.ndarray) -> np.ndarray:
    """The numbers of a function of mpmath at each point."""
    with mpmath.workdps(60):
        return np.array([float(f(mpmath.mpf(float(x)))) for x in points])


def log_gamma(x: Any) -> Any:
    # far out loggamma is faster; at negative numbers its imaginary part is no concern
    return mpmath.loggamma(x) if x > 100 else mpmath.log(abs(mpmath.gamma(x)))


def test_lgamma_is_mpmaths() -> None:
    np.testing.assert_allclose(ag.lgamma(POSITIVE), at(log_gamma, POSITIVE), rtol=1e-14)
    np.testing.assert_allclose(ag.lgamma(NEGATIVE), at(log_gamma, NEGATIVE), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("zero", [1.0, 2.0])
def test_lgamma_is_exact_around_its_zeros(zero: float) -> None:
    x = zero + np.concatenate([[-0.3], -(2.0 ** -np.arange(3, 52)), 2.0 ** -np.arange(2, 51)])
    np.testing.assert_allclose(ag.lgamma(x), at(mpmath.loggamma, x), rtol=1e-14)
    assert ag.lgamma(zero) == 0.0


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 20])
def test_polygammas_are_mpmaths(n: int) -> None:
    """Even ones have zeros, where the error is absolute, as a part of what was subtracted there."""
    finite = lambda x: -(n + 1) * np.log10(abs(x)) < 280
    right, left = (x[finite(x) & (abs(x) < 1e12)] for x in (POSITIVE, NEGATIVE))
    psi = lambda x: mpmath.psi(n, x)
    np.testing.assert_allclose(ag.polygamma(n, right), at(psi, right), rtol=1e-14, atol=2e-15)
    np.testing.assert_allclose(
        ag.polygamma(n, left), at(psi, left), rtol=1e-13, atol=1e-13 * math.pi ** (n + 1)
    )
    assert ag.polygamma(n, 3.7) == ag.polygamma(n, np.array([3.7]))[0]


def test_digamma_far_out_is_a_logarithm() -> None:
    assert ag.digamma(1e300) == math.log(1e300)
    root = 1.4616321449683622  # the float next to the root
    assert math.isclose(ag.digamma(root), float(mpmath.psi(0, root)), abs_tol=1e-15)


def test_poles_and_infinities() -> None:
    whole = np.array([0.0, -0.0, -1.0, -2.0, -1e20])
    with np.errstate(divide="ignore"):
        assert (ag.lgamma(whole) == np.inf).all()
        assert ag.digamma(whole[:2]).tolist() == [-np.inf, -np.inf]
        assert ag.polygamma(1, whole[:2]).tolist() == [np.inf, np.inf]
        assert np.isnan(ag.digamma(whole[2:])).all()
        assert np.isnan(ag.polygamma(2, whole[2:])).all()  # the sides differ in sign
        assert (ag.polygamma(3, whole) == np.inf).all()
    assert ag.lgamma(math.inf) == ag.lgamma(-math.inf) == ag.digamma(math.inf) == math.inf
    assert ag.lgamma(2.5563e305) < math.inf == ag.lgamma(2.57e305)
    assert ag.lgamma(np.array([-math.inf, math.inf])).tolist() == [math.inf, math.inf]
    assert ag.polygamma(2, math.inf) == 0.0
    assert math.isnan(ag.digamma(-math.inf))
    for f in (ag.lgamma, ag.digamma, ag.erfinv):
        assert math.isnan(f(math.nan))


def test_erfinv_is_mpmaths() -> None:
    tail = 1.0 - np.concatenate([10.0 ** rng.uniform(-15.9, -2, 40), np.arange(1, 20) * 2.0**-53])
    x = np.concatenate(
        [NEAR_ZERO, rng.uniform(0.001, 0.999, 80), tail, [0.5, np.nextafter(0.5, 0)]]
    )
    wanted = at(mpmath.erfinv, x)
    np.testing.assert_allclose(ag.erfinv(x), wanted, rtol=4e-15)
    np.testing.assert_array_equal(ag.erfinv(-x), -ag.erfinv(x))
    slope = math.sqrt(math.pi) / 2 * np.exp(wanted**2)
    np.testing.assert_allclose(ag.elementwise_grad(ag.erfinv)(x), slope, rtol=2e-13)
    twice = ag.elementwise_grad(ag.elementwise_grad(ag.erfinv))(x)
    np.testing.assert_allclose(twice, 2 * wanted * slope**2, rtol=1e-12)
    assert [ag.erfinv(x) for x in (0.0, 1.0, -1.0)] == [0.0, math.inf, -math.inf]
    assert math.copysign(1.0, ag.erfinv(-0.0)) == -1.0
    assert math.isnan(ag.erfinv(1.5))


@pytest.mark.parametrize("f", [ag.lgamma, ag.digamma, ag.erfinv])
def test_other_dtypes_are_computed_in_float64(f: Any) -> None:
    for dtype in (np.float16, np.float32):
        x = np.array([0.3, 0.7], dtype)
        found = f(x)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, f(x.astype(float)).astype(dtype))
    with np.errstate(divide="ignore"):
        assert f(np.array([1])).dtype == np.float64
        assert f(np.array([1]))[0] == f(1) == f(1.0)


def test_derivatives_of_lgamma_are_polygammas() -> None:
    x = Value(2.5)
    ag.lgamma(x).backward()
    assert x.grad == ag.digamma(2.5)
    fourth = ag.grad(ag.grad(ag.grad(ag.grad(ag.lgamma))))
    assert fourth(2.5) == ag.polygamma(3, 2.5)
    assert ag.polygamma(1, Tensor([2.5], requires_grad=True)).op.name == "polygamma"


def test_polygamma_takes_orders_from_0_on() -> None:
    with pytest.raises(ValueError, match="n must be an integer >= 0, but got -1"):
        ag.polygamma(-1, 2.0)
    with pytest.raises(TypeError, match=r"n must be an integer >= 0, but got 1\.5"):
        ag.polygamma(1.5, 2.0)


def test_compiled_functions_are_the_same() -> None:
    f = ag.compile(lambda x: ag.digamma(x) + ag.lgamma(x) * ag.erfinv(x) + ag.sinc(x))
    value, slope = f.value_and_grad(0.25)
    columns = np.array([0.25, 0.75])
    np.testing.assert_allclose(f(columns), [value, f(0.75)], rtol=1e-14)
    np.testing.assert_allclose(f.grad(columns), [slope, f.grad(0.75)], rtol=1e-14)
    for source, x in ((f.source, 0.25), (f.numpy_source, np.array([0.25]))):
        names = dict[str, Any]()
        exec(source, names)  # imports what it needs
        np.testing.assert_allclose(np.ravel(names["f"](x)), [value, slope], rtol=1e-14)
