"""Functions of numbers, reductions and scans: arguments, edges, and dtypes far out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from refusing import Refusing

import autograd as ag
from autograd import Tensor, Value
from autograd.numpy_api import functions

ROW = np.array([1.5, -2.0, 0.5])
EDGES = np.array([np.nan, np.inf, -np.inf, 1.0])


@pytest.mark.parametrize(
    "options",
    [{}, {"nan": 1.0}, {"nan": -0.0}, {"posinf": 2.0}, {"neginf": [3.0]}, {"nan": 4, "posinf": 5}],
    ids=str,
)
def test_nan_to_num_equals_numpys(options: dict[str, Any]) -> None:
    t = Tensor(EDGES, requires_grad=True)
    out, wanted = ag.nan_to_num(t, **options), np.nan_to_num(EDGES, **options)
    np.testing.assert_array_equal(out.data, wanted)
    np.testing.assert_array_equal(np.signbit(out.data), np.signbit(wanted))
    out.sum().backward()
    assert t.grad.tolist() == [0.0, 0.0, 0.0, 1.0]


NUMBERS = "must be a number or an array of numbers, but got"


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: ag.round(x, 1.0), r"decimals must be an integer, but got 1\.0"),
        (lambda x: ag.nan_to_num(x, nan="a"), f"nan {NUMBERS} 'a'"),
        (lambda x: ag.nan_to_num(x, posinf="a"), f"posinf {NUMBERS} 'a'"),
        (lambda x: ag.nan_to_num(x, neginf="a"), f"neginf {NUMBERS} 'a'"),
        (lambda x: ag.clip("a"), f"x {NUMBERS} 'a'"),
        (lambda x: ag.clip(x, "a"), f"min {NUMBERS} 'a'"),
        (lambda x: ag.clip(x, None, ["a"]), f"max {NUMBERS} "),
        (lambda x: ag.clip(x, None, np.ma.array([1.0])), "MaskedArray has arithmetic of its own"),
        (lambda x: ag.hardtanh(x, "a"), f"min_val {NUMBERS} 'a'"),
        (lambda x: ag.hardtanh(x, 0.0, "a"), f"max_val {NUMBERS} 'a'"),
        (lambda x: ag.leaky_relu(x, "a"), f"negative_slope {NUMBERS} 'a'"),
        (lambda x: ag.elu(x, "a"), f"alpha {NUMBERS} 'a'"),
        (lambda x: ag.logaddexp2(x, "a"), f"y {NUMBERS} 'a'"),
        (lambda x: ag.logaddexp2("a", x), f"x {NUMBERS} 'a'"),
        (lambda x: ag.where(True, x, "a"), f"y {NUMBERS} 'a'"),
        (lambda x: ag.where(True, "a", x), f"x {NUMBERS} 'a'"),
    ],
)
def test_errors_name_the_argument(f: Callable[..., Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        f(Tensor(ROW))


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (ag.leaky_relu, 0.0, 0.01),
        (ag.leaky_relu, 0.5, 1.0),
        (lambda x: ag.elu(x, 2.0), 0.0, 2.0),
        (ag.hardtanh, -1.0, 0.0),
        (ag.hardtanh, -0.99, 1.0),
        (ag.hardtanh, 1.0, 0.0),
        (lambda x: ag.clip(x, -1, 1), -1.0, 1.0),
        (lambda x: ag.clip(x, -1, 1), 1.0, 1.0),
        (lambda x: ag.clip(x, -1, 1), 1.5, 0.0),
        (ag.deg2rad, 2.0, np.pi / 180),
        (ag.rad2deg, 2.0, 180 / np.pi),
    ],
)
def test_slopes_at_kinks(f: Callable[..., Any], x: float, slope: float) -> None:
    assert ag.grad(f)(x) == pytest.approx(slope, rel=1e-15)
    assert ag.grad(lambda t: f(t).sum())(np.array([x]))[0] == pytest.approx(slope, rel=1e-15)


def test_bounds_replace_what_lies_beyond_them() -> None:
    low, high = Value(-1.0), Tensor([1.0, np.nan, 1.0], requires_grad=True)
    out = ag.clip(Tensor(ROW), low, high)
    np.testing.assert_array_equal(out.data, [1.0, np.nan, 0.5])
    out.sum().backward()
    assert high.grad.tolist() == [1.0, 1.0, 0.0] and low.grad == 0.0
    assert np.isnan(ag.clip(2.0, np.nan)) and ag.clip(2.0, 3) == 3 and ag.clip(2.0, 1, 2) == 2.0


def test_activations_do_not_overflow() -> None:
    far = Tensor([1e200, -1e200])
    with np.errstate(over="raise"):
        assert ag.gelu(far, "tanh").tolist() == ag.elu(far, 0.0).tolist() == [1e200, 0.0]
        assert ag.gelu(Tensor([1e100, -1e100])).tolist() == [1e100, 0.0]


def test_elementwise_functions_equal_numpys() -> None:
    x = Tensor(ROW)
    for name in ("square", "reciprocal", "sinc"):
        out, wanted = getattr(ag, name)(x), getattr(np, name)(ROW)
        np.testing.assert_allclose(out.data, wanted, 1e-15, 1e-15)
    assert ag.round(2.25).is_integer() and ag.round(2.25, 1) == 2.2
    wanted = np.where([True, False, True], ROW, 0.0)
    np.testing.assert_array_equal(ag.where([True, False, True], x, 0.0).data, wanted)
    assert ag.selu(1.0) == 1.0507009873554805
    assert ag.selu(-1.0) == 1.0507009873554805 * (1.6732632423543772 * np.expm1(-1.0))
    assert ag.elu(0.5) == 0.5
    assert ag.hardtanh(-1.5) == -1.0 and ag.hardtanh(1.5) == 1.0


def test_where_of_a_condition_alone_returns_positions() -> None:
    (found,) = ag.where(np.array([0.0, 2.0, np.nan]))
    assert found.tolist() == [1, 2]
    assert [i.tolist() for i in ag.where(Tensor(np.eye(2)))] == [[0, 1], [0, 1]]
    with pytest.raises(ValueError, match="either both or neither of x and y"):
        ag.where(True, 1.0)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int64, np.float16, np.float32])
def test_integers_become_numpys_floats(dtype: type) -> None:
    whole = np.array([0, 1, 1], dtype)
    for name in ("fabs", "rint", "deg2rad", "rad2deg", "modf", "float_power", "copysign", "fmod",
                 "heaviside", "degrees", "radians"):  # fmt: skip
        f = getattr(np, name)
        rest = (np.array([1, 1, 1], dtype),) * (f.nin - 1)
        wanted = f(whole, *rest)
        for out in (f(Tensor(whole), *rest), getattr(ag, name, f)(whole, *rest)):
            for ours, numpys in zip(*((x if f.nout > 1 else [x]) for x in (out, wanted))):
                data = ours.data if isinstance(ours, Tensor) else ours
                np.testing.assert_allclose(data, numpys, 1e-3 if numpys.itemsize < 4 else 1e-6)
                assert data.dtype == numpys.dtype, name


def test_plain_numbers_become_floats() -> None:
    for f in (
        ag.fabs,
        ag.rint,
        ag.deg2rad,
        lambda x: ag.float_power(x, 2),
        lambda x: ag.modf(x)[0],
    ):
        assert type(f(0)) is float
    assert ag.fabs(-2) == 2.0 and ag.rint(3) == 3.0
    assert ag.float_power([2, 3], 2).tolist() == [4.0, 9.0]


def test_parts_of_infinities_and_of_whole_numbers() -> None:
    x = np.array([np.inf, -np.inf, np.nan, -3.0, 3.5, 0.0, -0.0])
    t = Tensor(x, requires_grad=True)
    for ours, numpys in zip(np.modf(t), np.modf(x)):
        np.testing.assert_array_equal(ours.data, numpys)
        np.testing.assert_array_equal(np.signbit(ours.data), np.signbit(numpys))
    np.modf(t)[0].sum().backward()
    assert t.grad.tolist() == [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]


def test_fmod_counts_whole_periods_where_division_rounds() -> None:
    """1 / 0.1 is 10, but the remainder of 1.0 is just below 0.1."""
    for x in (1.0, -1.0, np.float64(1.0)):
        assert ag.grad(ag.fmod, 1)(x, 0.1) == -9.0 * np.sign(x)
        assert ag.fmod(x, 0.1) == np.fmod(x, 0.1)


def test_numpys_own_functions_without_a_counterpart() -> None:
    x = np.array([-1.5, 2.5])
    t = Tensor(x, requires_grad=True)
    for f in (np.fix, np.conjugate, np.real, np.real_if_close, np.copy):
        out = f(t)
        np.testing.assert_array_equal(out.data, f(x))
        assert out.requires_grad
    np.testing.assert_array_equal(np.spacing(t), np.spacing(x))
    whole = np.array([4, 6])
    for f in (np.gcd, np.lcm, np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift):
        assert f(Tensor(whole), 2).tolist() == f(whole, 2).tolist()
    assert np.invert(Tensor([True, False])).tolist() == [False, True]
    with pytest.raises(TypeError, match=r"np\.nextafter is not defined on a Tensor"):
        np.nextafter(t, 1.0)


def test_fmax_and_fmin_ignore_nan() -> None:
    x, y = np.array([np.nan, 1.0, 2.0, np.nan]), np.array([3.0, np.nan, 1.0, np.nan])
    for ours, numpys in ((ag.fmax, np.fmax), (ag.fmin, np.fmin)):
        np.testing.assert_array_equal(ours(Tensor(x), y).data, numpys(x, y))


class Lazy(np.ndarray):
    """Labels whose values are not known yet."""

    __dask_graph__ = None
    __array_ufunc__ = np.ndarray.__array_ufunc__


def test_labels_pick_one_entry_of_each_row() -> None:
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    labels = np.array([2, 0])
    for given in (labels, labels.view(Lazy)):
        t = Tensor(x, requires_grad=True)
        out = functions.pick_labels(t, given)
        assert out.tolist() == [3.0, 4.0]
        out.sum().backward()
        assert t.grad.tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    out = functions.pick_labels(Tensor(x), np.array([3, 1]).view(Lazy))
    np.testing.assert_array_equal(out.data, [np.nan, 5.0])
    assert functions.pick_labels(Tensor(Refusing(x)), Refusing(labels)).tolist() == [3.0, 4.0]
    loss = ag.softmax_cross_entropy(Tensor(x), [2, 0])
    np.testing.assert_allclose(loss.data, np.log(np.exp(x).sum(1)) - [3.0, 4.0])


def test_classes_are_on_the_second_axis_of_logits() -> None:
    for logits in (1.0, Value(1.0), np.zeros(3), Tensor(np.zeros(3))):
        with pytest.raises(np.exceptions.AxisError, match="axis 1 is out of bounds"):
            ag.softmax_cross_entropy(logits, 0)
    stacked = np.stack([ROW, ROW + 1.0, 2.0 * ROW], axis=1)[None]  # (1, classes, columns)
    loss = ag.softmax_cross_entropy(stacked, [1])
    wanted = [ag.softmax_cross_entropy(stacked[..., i], [1])[0] for i in range(3)]
    np.testing.assert_allclose(loss, [wanted], rtol=1e-15)


def test_constants_have_no_gradient() -> None:
    v, t = Value(2.0), Tensor([1.0], requires_grad=True)
    assert ag.stop_gradient(1.5) == 1.5
    for x in (v, t):
        out = ag.stop_gradient(x)
        assert type(out) is type(x) and not out.requires_grad and out.data == x.data


def test_logit_is_exact_where_its_logarithms_cancel_and_at_both_ends() -> None:
    for x, wanted in (
        (0.5 + 2.0**-40, 2.0**-38), (2.0**-1000, -1000 * math.log(2)), (0.25, -math.log(3)),
        (0.75, math.log(3)), (1 - 2.0**-53, 53 * math.log(2)), (0.0, -math.inf), (1.0, math.inf),
    ):  # fmt: skip
        with np.errstate(divide="ignore"):
            for found in (ag.logit(x), ag.logit(np.array([x]))[0]):
                assert math.isclose(found, wanted, rel_tol=1e-15)
    assert math.isnan(ag.logit(1.5)) and math.isnan(ag.logit(-0.5))
    assert ag.logit(np.array([0, 1]), eps=0.25).tolist() == ag.logit([0.25, 0.75]).tolist()
    assert ag.grad(ag.logit)(2.0**-40) == 2.0**40 / (1 - 2.0**-40)


def test_glu_splits_an_axis_of_even_length() -> None:
    x = np.array([[3, 1], [0, 2]])
    np.testing.assert_array_equal(ag.glu(x), [[3 * ag.sigmoid(1.0)], [0.0]])
    np.testing.assert_array_equal(ag.glu(x, axis=0), [[1.5, ag.sigmoid(2.0)]])
    with pytest.raises(ValueError, match=r"glu needs an even length along axis 0, but got \(3,\)"):
        ag.glu(np.ones(3))
    for axis, x in ((-1, 1.0), (1, np.ones(2))):
        with pytest.raises(np.exceptions.AxisError):
            ag.glu(x, axis)


@pytest.mark.parametrize("f", [ag.relu6, ag.hardsigmoid, ag.hardswish, ag.celu, ag.mish])
def test_activations_take_integers_and_lists(f: Any) -> None:
    found = f([0, 1])
    assert found.dtype == np.float64
    assert found.tolist() == [f(0.0), f(1.0)] == [f(0), f(1)]


def test_activations_have_their_formulas_numbers() -> None:
    assert ag.relu6(2.0**-20) == 2.0**-20
    assert ag.hardsigmoid(0.0) == 0.5
    assert ag.hardswish(1.0) == 2 / 3
    assert ag.celu(-1.0) == math.expm1(-1.0)
    assert math.isclose(ag.mish(2.0), 2 * math.tanh(math.log1p(math.e**2)), rel_tol=1e-15)


def test_derivatives_of_the_gamma_function() -> None:
    assert math.isclose(ag.digamma(1.0), -0.5772156649015329, rel_tol=1e-14)
    assert ag.polygamma(0, 1.0) == ag.digamma(1.0)
    assert math.isclose(ag.polygamma(1, 1.0), math.pi**2 / 6, rel_tol=1e-14)
    with pytest.raises(ValueError, match="n must be an integer >= 0, but got -1"):
        ag.polygamma(-1, 1.0)


def test_celu_scales_what_its_exponential_takes() -> None:
    assert ag.celu(-1.0, 0.5) == 0.5 * math.expm1(-2.0)
    assert ag.celu(np.array([1e200, -1e200]), 1e-10).tolist() == [1e200, -1e-10]
    assert ag.grad(ag.celu)(1e200, 1e-10) == 1.0
    slope = ag.grad(ag.celu, argnums=1)(-1.0, 0.5)  # by alpha: e^u (1 - u) - 1 for u = x / alpha
    assert math.isclose(slope, 3 * math.exp(-2.0) - 1, rel_tol=1e-15)


def test_hardsigmoid_reaches_one() -> None:
    assert ag.hardsigmoid(np.array([3.0, 2.9, 1e30], np.float32)).tolist()[::2] == [1.0, 1.0]
    assert ag.hardswish(np.float32(1e38)) == np.float32(1e38)


OTHER_NAMES = """
    absolute acos acosh around asin asinh atan atan2 atanh concat degrees permute_dims pow
    radians remainder true_divide
"""


@pytest.mark.parametrize("name", OTHER_NAMES.split())
def test_other_names_are_of_numpys_functions(name: str) -> None:
    x = np.array([0.5, 0.5]) + (name == "acosh")
    args: tuple[Any, ...] = (x, x)[: getattr(getattr(np, name), "nin", 1)]
    args = ([x, x],) if name == "concat" else args
    np.testing.assert_array_equal(getattr(ag, name)(*args), getattr(np, name)(*args), strict=True)
    assert any(getattr(ag, other) is getattr(ag, name) for other in dir(ag) if other != name)
