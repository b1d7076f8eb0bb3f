"""Interpolation, convolution, slopes, spaced numbers: results equal to NumPy's, ends and errors."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpys import check_as_numpy, outcome

import autograd as ag
from autograd import Tensor, Value

rng = np.random.default_rng(0)
XP, FP = np.array([0.0, 1.0, 3.0, 4.0]), np.array([1.0, 2.0, 0.0, 5.0])
POINTS = np.array([[-1.0, 0.0, 0.5], [1.0, 3.5, 4.0], [5.0, np.nan, np.inf]])

# --- interp ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", [{}, {"left": -7.0}, {"right": 9.0}, {"left": 0, "right": np.nan}])
def test_interpolation_equals_numpys(ends: dict[str, Any]) -> None:
    wanted = np.interp(POINTS, XP, FP, **ends)
    for x, y in ((Tensor(POINTS), FP), (POINTS, Tensor(FP, requires_grad=True))):
        out = np.interp(x, XP, y, **ends)
        np.testing.assert_allclose(out.data, wanted, 1e-15, strict=True)
    for x in (-1.0, 0.0, 2.0, 4.0, 7.0):
        plain = ag.interp(x, XP.tolist(), FP.tolist(), **ends)
        np.testing.assert_equal(plain, np.interp(x, XP, FP, **ends))
        assert type(plain) is np.float64
        out = np.interp(Value(x), XP, FP, **ends)
        assert type(out) is Value
        np.testing.assert_equal(out.data, plain)
        np.testing.assert_equal(
            ag.interp(x, [1.0], [2.0], **ends), np.interp(x, [1], [2.0], **ends)
        )


@pytest.mark.parametrize("period", [3.5, -2.0, 1.0, 1e9])
def test_periodic_interpolation_equals_numpys(period: float) -> None:
    x, order = rng.uniform(-9, 9, (3, 4)), [2, 0, 3, 1]
    for xp in (XP, XP[order] - 7.0):
        out = np.interp(Tensor(x, requires_grad=True), xp, FP, left=9.0, period=period)
        np.testing.assert_allclose(out.data, np.interp(x, xp, FP, period=period), 1e-12, 1e-13)


def test_slopes_of_an_interpolation() -> None:
    """At a point that on the right; beyond the last one it is flat."""
    slope = ag.grad(lambda x: ag.interp(x, XP, FP))
    assert [slope(x) for x in (-1.0, 0.0, 1.0, 3.5, 4.0, 5.0)] == [0.0, 1.0, -1.0, 5.0, 0.0, 0.0]
    steep = ag.grad(lambda y: ag.interp(np.array([np.inf, 2.0, -np.inf]), XP, y).sum())(FP)
    assert steep.tolist() == [1.0, 0.5, 0.5, 1.0]
    left, right = Value(2.0), Value(3.0)
    ag.interp(np.array([-1.0, 4.0, 5.0, 6.0]), XP, FP, left, right).sum().backward()
    assert (left.grad, right.grad) == (1.0, 2.0)


def test_points_that_are_equal_make_no_nan() -> None:
    slopes = ag.grad(lambda y: ag.interp(np.array([0.5, 1.0]), [0.0, 1.0, 1.0], y).sum())(FP[:3])
    assert slopes.tolist() == [0.5, 0.5, 1.0]


# --- convolve and correlate -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["convolve", "correlate"])
def test_sliding_products_equal_numpys(name: str) -> None:
    for n, m, mode in product(range(1, 6), range(1, 6), ("full", "same", "valid")):
        a, v = rng.normal(size=n), rng.normal(size=m)
        wanted = getattr(np, name)(a, v, mode)
        for out in (getattr(np, name)(Tensor(a), v, mode), getattr(np, name)(a, Tensor(v), mode)):
            np.testing.assert_allclose(out.data, wanted, 1e-12, 1e-15, strict=True)
    whole = np.arange(4), np.array([2, 3])
    np.testing.assert_array_equal(getattr(ag, name)(*whole), getattr(np, name)(*whole), strict=True)
    assert getattr(ag, name)(2.0, [3.0, 4.0], "full").shape == (2,)
    for args in ((np.ones(3), np.ones(0)), (np.ones((2, 2)), np.ones(2)), (XP, FP, "bad")):
        check_as_numpy(name, *args)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_infinities_spoil_only_what_they_reach(mode: str) -> None:
    for a, v in product(([1.0, 2.0, 3.0], [np.inf, 1.0, 2.0]), ([1.0, np.inf], [np.nan, 2.0, 0.0])):
        for f, name in product((np.convolve, np.correlate), (0, 1)):
            with np.errstate(invalid="ignore"):
                out = f(Tensor(a), v, mode) if name else f(a, Tensor(v), mode)
                np.testing.assert_array_equal(out.data, f(a, v, mode))


def test_float16_is_added_up_in_float32() -> None:
    ones = np.ones(5000, np.float16)
    assert ag.convolve(Tensor(ones), ones, "valid").tolist() == [5000.0]


# --- gradient -------------------------------------------------------------------------------------

SAMPLES = rng.normal(size=(4, 5))
UNEVEN, EVEN = np.array([0.0, 1.0, 3.0, 4.5]), np.array([0.0, 0.5, 1.0, 1.5, 2.0])


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(
    ("steps", "options"),
    [
        ((), {}), ((2.0,), {}), ((2, 0.5), {}), ((UNEVEN, EVEN), {}), ((UNEVEN, 3.0), {}),
        ((), {"axis": 1}), ((), {"axis": (1, 0)}), ((EVEN, UNEVEN), {"axis": (1, 0)}),
        ((EVEN**2,), {"axis": -1}), ((2.0, 1.0, 1.0), {}), ((EVEN,), {"axis": 0}),
        ((UNEVEN,), {}), ((np.ones((4, 1)), 1.0), {}), ((), {"axis": 2}), ((), {"axis": (0, 0)}),
        (([0, 1, 3, 7],), {"axis": 0}),
    ],
)  # fmt: skip
def test_slopes_equal_numpys(steps: Any, options: Any, order: int) -> None:
    wanted = outcome(np.gradient, SAMPLES, *steps, **options, edge_order=order)
    if isinstance(wanted, Exception):
        with pytest.raises(ValueError if isinstance(wanted, ValueError) else TypeError):
            np.gradient(Tensor(SAMPLES), *steps, **options, edge_order=order)
        return
    out = np.gradient(Tensor(SAMPLES), *steps, **options, edge_order=order)
    assert isinstance(out, tuple) == isinstance(wanted, (list, tuple))
    for ours, numpys in zip(*((x if isinstance(out, tuple) else [x]) for x in (out, wanted))):
        np.testing.assert_allclose(ours.data, numpys, 1e-12, 1e-14, strict=True)


def test_an_infinite_sample_spoils_its_neighbours_alone() -> None:
    with np.errstate(invalid="ignore"):
        for x in (np.array([1.0, 2.0, np.inf, 3.0, 5.0]), np.array([np.inf, 1.0, 2.0])):
            np.testing.assert_array_equal(ag.gradient(x), np.gradient(x))
            even = np.arange(len(x)) + 2.0
            np.testing.assert_array_equal(ag.gradient(x, even), np.gradient(x, even))


def test_even_positions_are_differentiated_each() -> None:
    samples = EVEN**3
    for f in (lambda x: ag.gradient(samples, x)[2], lambda x: ag.gradient(samples, x)[0]):
        numerical = [(f(EVEN + 1e-6 * unit) - f(EVEN - 1e-6 * unit)) / 2e-6 for unit in np.eye(5)]
        np.testing.assert_allclose(ag.grad(f)(EVEN), numerical, rtol=1e-6, atol=1e-8)


def test_samples_are_too_few_or_of_integers() -> None:
    check_as_numpy("gradient", np.ones(1))
    check_as_numpy("gradient", np.ones(2), edge_order=2)
    check_as_numpy("gradient", np.ones(5), edge_order=3)
    assert ag.gradient([1, 4, 9]).tolist() == np.gradient([1, 4, 9]).tolist()
    assert ag.gradient(3.0) == ()


# --- spaced numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["linspace", "logspace", "geomspace"])
def test_spaced_numbers_equal_numpys(name: str) -> None:
    f = getattr(np, name)
    ends: Any = [
        (1.0, 2.0),
        (3.0, 0.5),
        *[(-2.5, 1.2)] * (name == "linspace"),
        (np.array([1.0, 2.0]), np.array([[3.0], [4.0]])),
    ]
    options = product((0, 1, 2, 5), (True, False), (0, -1), (None, int, np.float32))
    for (start, stop), (num, endpoint, axis, dtype) in product(ends, options):
        wanted = f(start, stop, num, endpoint, dtype=dtype, axis=axis)
        for given in ((Tensor(start), stop), (start, Tensor(stop, requires_grad=True))):
            out = f(*given, num, endpoint, dtype=dtype, axis=axis)
            assert (out.shape, out.dtype) == (wanted.shape, wanted.dtype)
            rounding = 1.0 if dtype is int and name != "linspace" else 0.0
            np.testing.assert_allclose(out.data, wanted, 1e-6 if dtype else 1e-13, rounding)
    np.testing.assert_array_equal(getattr(ag, name)(1.0, 2.0, 3), f(1.0, 2.0, 3))
    assert f(Value(1.0), 2.0).shape == (50,)
    ends = rng.uniform(1, 9, size=(2, 200)) * 10.0 ** rng.integers(-3, 3, size=(2, 200))
    if name != "logspace":
        for num in (2, 7, 50):  # both ends are exact
            out = f(*map(Tensor, ends), num)
            np.testing.assert_array_equal(out.data[[0, -1]], ends)
    assert f(Tensor(np.float32(1)), 2.0, 3).dtype == np.float32
    with pytest.raises(ValueError, match="num must be an integer >= 0"):
        f(Value(1.0), 2.0, -1)


def test_steps_of_spaced_numbers() -> None:
    for num, endpoint in product((0, 1, 2, 5), (True, False)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = np.linspace(1.0, 3.0, num, endpoint, retstep=True)
        out, step = np.linspace(Tensor(1.0), 3.0, num, endpoint, retstep=True)
        np.testing.assert_array_equal(out.data, wanted[0])
        np.testing.assert_array_equal(step.data, wanted[1])


def test_slopes_of_the_ends() -> None:
    x, y = Value(-1.0), Value(-4.0)
    for f in (np.linspace, np.geomspace):
        slopes = ag.jacobian(lambda x, y, f=f: f(x, y, 3), (0, 1))(x.data, y.data)
        assert [float(g[i]) for g in slopes for i in (0, 2)] == [1.0, 0.0, 0.0, 1.0]
    assert ag.jacobian(lambda b: np.logspace(0.0, 2.0, 3, base=b))(3.0).tolist() == [0.0, 1.0, 6.0]
    with pytest.raises(ValueError, match=r"base must be one number, but has shape \(2,\)"):
        np.logspace(0, 2, 3, base=Tensor([2.0, 3.0]))
    for ends in ((x, 0.0), (0.0, x)):
        with pytest.raises(ValueError, match="neither end may be 0"):
            np.geomspace(*ends)


# --- differences and polynomials ------------------------------------------------------------------


def test_differences_of_the_flattened_array_equal_numpys() -> None:
    for ends in ((), (9.0,), ([1.0, 2.0], np.array([[3.0]])), (None, 4.0)):
        out, wanted = np.ediff1d(Tensor(SAMPLES), *ends), np.ediff1d(SAMPLES, *ends)
        np.testing.assert_array_equal(out.data, wanted, strict=True)


def test_polynomials_equal_numpys() -> None:
    for p, x in (([1.0, 2.0, 3.0], 2.0), ([], np.ones(2)), ([2.0], np.ones((2, 2))), ([1, 2], [3])):
        np.testing.assert_array_equal(ag.polyval(p, x), np.polyval(p, x), strict=True)
    p, x = Tensor([1.0, 2.0, 3.0], requires_grad=True), Value(2.0)
    np.polyval(p, x).backward()
    assert p.grad.tolist() == [4.0, 2.0, 1.0] and x.grad == 6.0
    for n, increasing in product((None, 0, 2, 5), (False, True)):
        for x in (np.array([1.0, -2.0, 3.0]), np.array([1, 2])):
            out = np.vander(Tensor(x), n, increasing)
            np.testing.assert_array_equal(out.data, np.vander(x, n, increasing), strict=True)


ERRORS: list[tuple[Callable[[], Any], str]] = [
    (lambda: ag.interp(1.0, [], []), r"vectors of one length, but have \(0,\) and \(0,\)"),
    (lambda: ag.interp(1.0, XP, FP[1:]), r"vectors of one length, but have \(4,\) and \(3,\)"),
    (lambda: ag.interp(1.0, 1.0, 2.0), r"vectors of one length, but have \(\) and \(\)"),
    (lambda: ag.interp(1.0, XP, FP, period=0), "the period must not be 0"),
    (lambda: ag.convolve(XP, []), r"vectors of one entry or more, not \(0,\)"),
    (lambda: ag.correlate(XP, np.eye(2)), r"vectors of one entry or more, not \(2, 2\)"),
    (lambda: ag.convolve(XP, FP, "all"), "mode must be 'full' or 'same' or 'valid', but got 'all'"),
    (lambda: ag.gradient(XP, FP[1:]), r"positions of 4 samples have shape \(3,\)"),
    (lambda: ag.gradient(XP[:2], edge_order=2), "order 2 needs more than 2 samples"),
    (lambda: ag.gradient(XP, edge_order=3), "edge_order must be 1 or 2, but got 3"),
    (lambda: ag.vander(np.eye(2)), r"takes a vector, but got shape \(2, 2\)"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors_say_what_came(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
    with pytest.raises(TypeError, match="gradient takes 1 distance or 1, but got 2"):
        ag.gradient(XP, 1.0, 2.0)
