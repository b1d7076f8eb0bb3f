"""First and second derivatives where textbook formulas cancel, overflow or underflow.

The numbers are mpmath's, with 900 digits at work.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value

# name, point, slope, slope of the slope
ROWS = [
    ("sigmoid", 1e-09, 0.25, -1.25e-10),
    ("sigmoid", 30.0, 9.357622968838423e-14, -9.357622968836672e-14),
    ("sigmoid", 40.0, 4.248354255291589e-18, -4.248354255291589e-18),
    ("sigmoid", -40.0, 4.248354255291589e-18, 4.248354255291589e-18),
    ("sigmoid", 700.0, 9.85967654375977e-305, -9.85967654375977e-305),
    ("tanh", 1e-09, 1.0, -2e-09),
    ("tanh", 10.0, 8.244614455767397e-09, -1.6489228843561127e-08),
    ("tanh", 20.0, 1.6993417021166355e-17, -3.398683404233271e-17),
    ("tanh", -20.0, 1.6993417021166355e-17, 3.398683404233271e-17),
    ("tanh", 350.0, 3.943870617503908e-304, -7.887741235007817e-304),
    ("softplus", 40.0, 1.0, 4.248354255291589e-18),
    ("softplus", -40.0, 4.248354255291589e-18, 4.248354255291589e-18),
    ("softplus", -700.0, 9.85967654375977e-305, 9.85967654375977e-305),
    ("logsigmoid", 40.0, 4.248354255291589e-18, -4.248354255291589e-18),
    ("logsigmoid", -700.0, 1.0, -9.85967654375977e-305),
    ("silu", -40.0, -1.6568581595637197e-16, -1.6143746170108038e-16),
    ("silu", 40.0, 1.0000000000000002, -1.6143746170108038e-16),
    ("silu", -700.0, -6.891913904088079e-302, -6.88205422754432e-302),
    ("gelu", -5.0, -7.146946001792295e-06, -3.4194548838888845e-05),
    ("gelu", -13.0, -1.0337304440113355e-36, -1.3358042354201376e-35),
    ("gelu", -37.0, -7.838298669418516e-297, -2.898048955934136e-295),
    ("gelu", 30.0, 1.0, -1.3233342291209357e-193),
    ("gelu tanh", -5.0, -1.5463619875325953e-06, -9.934132224996206e-06),
    ("gelu tanh", -9.0, -2.5157352850674315e-27, -4.68392857781425e-26),
    ("gelu tanh", 6.0, 1.0000000007709975, -6.824247274157194e-09),
    ("erf", 6.0, 2.617301239249265e-16, -3.1407614870991178e-15),
    ("erf", -25.0, 4.1534010636398965e-272, 2.0767005318199483e-270),
    ("erfc", 2.0, -0.020666985354092053, 0.08266794141636821),
    ("erfc", 26.0, -2.9470349932662697e-294, 1.53245819649846e-292),
    ("erfc", -3.0, -0.00013925305194674786, -0.0008355183116804871),
    ("softsign", 1e8, 9.999999800000003e-17, -1.9999999400000014e-24),
    ("softsign", -1e17, 1e-34, 2e-51),
    ("softsign", 1e100, 1e-200, -2e-300),
    ("elu", -40.0, 4.248354255291589e-18, 4.248354255291589e-18),
    ("elu", -700.0, 9.85967654375977e-305, 9.85967654375977e-305),
    ("arctan", 1e8, 9.999999999999999e-17, -1.9999999999999995e-24),
    ("arctan", -1e100, 1e-200, 2e-300),
    ("arctan", 1e150, 1e-300, -0.0),
    ("arcsinh", 1e8, 1e-08, -9.999999999999999e-17),
    ("arcsinh", 1e150, 1e-150, -1e-300),
    ("arcsinh", -1e300, 1e-300, 0.0),
    ("arccosh", 1.0000000000000009, 23726566.406062882, -1.3356869453140772e22),
    ("arccosh", 1.0000009536743164, 724.077171301595, -379625153.0065771),
    ("arccosh", 1e150, 1e-150, -1e-300),
    ("arccosh", 1e300, 1e-300, -0.0),
    ("arcsin", 1e-09, 1.0, 1e-09),
    ("arcsin", 0.9999999999999991, 23726566.406062894, 1.3356869453140766e22),
    ("arcsin", -0.9999999999999999, 67108864.0, -3.022314549036573e23),
    ("arcsin", 0.9999990463256836, 724.077516568578, 379624971.9872411),
    ("arccos", 1e-09, -1.0, -1e-09),
    ("arccos", 0.9999999999999991, -23726566.406062894, -1.3356869453140766e22),
    ("arccos", -0.9999990463256836, -724.077516568578, 379624971.9872411),
    ("arctanh", 1e-09, 1.0, 2e-09),
    ("arctanh", 0.9999999999999991, 562949953421312.2, 6.338253001141147e29),
    ("arctanh", -0.9999999999999999, 4503599627370496.0, -4.056481920730334e31),
    ("arctanh", 0.9999990463256836, 524288.2500001192, 549755813887.875),
    ("expm1", -700.0, 9.85967654375977e-305, 9.85967654375977e-305),
    ("log1p", -0.9999999999999991, 1125899906842624.0, -1.2676506002282294e30),
    ("log1p", -0.9999990463256836, 1048576.0, -1099511627776.0),
    ("log1p", 1e150, 1e-150, -1e-300),
    ("sinh", 700.0, 5.0711602736750225e303, 5.0711602736750225e303),
    ("cosh", 1e-300, 1e-300, 1.0),
    ("sqrt", 1e-200, 5e99, -2.5e299),
    ("cbrt", 1e-180, 3.333333333333333e119, -2.222222222222222e299),
    ("cbrt", 1e180, 3.333333333333333e-121, -2.2222222222222223e-301),
    ("hypot", 1e-09, 1e-09, 1.0),
    ("hypot", 1000.0, 0.999999500000375, 9.99998500001875e-10),
    ("hypot", 1e100, 1.0, 1e-300),
    ("arctan2 of y", 1e100, 1e-200, -2e-300),
    ("arctan2 of y", -1e8, 9.999999999999999e-17, 1.9999999999999995e-24),
    ("arctan2 of x", 1e100, -1e-200, 2e-300),
    ("arctan2 of x", -1e8, -9.999999999999999e-17, -1.9999999999999995e-24),
    ("logaddexp", 60.0, 1.0, 1.7587922024243116e-25),
    ("logaddexp", -700.0, 4.9088439016919216e-306, 4.9088439016919216e-306),
    ("logaddexp2", 60.0, 1.0, 4.809674745697887e-18),
    ("logaddexp2", -500.0, 3.818670454374506e-152, 2.646900658937254e-152),
    ("sinc", 0.25, -0.7728381398822342, -2.703060757258859),
    ("sinc", 1000000.25, 7.071063793309299e-07, -2.2214423279313597e-06),
]
OF_ONE = {
    "gelu tanh": lambda x: ag.gelu(x, "tanh"),
    "hypot": lambda x: ag.hypot(x, 1.0),
    "arctan2 of y": lambda x: ag.arctan2(x, 1.0),
    "arctan2 of x": lambda x: ag.arctan2(1.0, x),
    "logaddexp": lambda x: ag.logaddexp(x, 3.0),
    "logaddexp2": lambda x: ag.logaddexp2(x, 3.0),
}
rows = pytest.mark.parametrize(
    ("name", "x", "slope", "curvature"), ROWS, ids=[f"{name} at {x}" for name, x, *_ in ROWS]
)


def function(name: str) -> Any:
    return OF_ONE.get(name) or getattr(ag, name)


def slopes(f: Any, x: Any) -> tuple[Any, Any]:
    def slope(x: Any) -> Any:
        return ag.grad(lambda x: ag.sum(f(x)))(x)

    return slope(x), ag.grad(lambda x: ag.sum(slope(x)))(x)


@rows
def test_slopes_are_exact(name: str, x: float, slope: float, curvature: float) -> None:
    f, column = function(name), np.full(3, x)
    ways = {
        "floats": slopes(f, x),
        "arrays": slopes(f, column),
        "compiled": ag.compile(f).derivatives(2)(x)[1:],
        "compiled on columns": ag.compile(f).derivatives(2)(column)[1:],
    }
    for way, found in ways.items():
        for number, wanted in zip(found, (slope, curvature)):
            assert np.allclose(number, wanted, rtol=1e-12, atol=1e-306), (way, found)


def is_float32(name: str, x: float) -> bool:
    """Whether the rounding of `x` to float32, if any, matters to no slope."""
    steep = name in {"arcsin", "arccos", "arccosh", "arctanh", "log1p"} and abs(abs(x) - 1) < 0.5
    return 1e-30 < abs(x) < 1e30 and (not steep or float(np.float32(x)) == x)


@pytest.mark.parametrize(
    ("name", "x", "slope", "curvature"),
    [row for row in ROWS if is_float32(*row[:2])],
    ids=[f"{name} at {x}" for name, x, *_ in ROWS if is_float32(name, x)],
)
def test_slopes_in_float32_are_exact(name: str, x: float, slope: float, curvature: float) -> None:
    tiny, huge = 1.1754944e-38, 3.4028235e38
    with np.errstate(over="ignore"):
        found = slopes(function(name), np.full(3, x, np.float32))
    for numbers, wanted in zip(found, (slope, curvature)):
        assert numbers.dtype == np.float32
        if tiny < abs(wanted) < huge:
            np.testing.assert_allclose(numbers, wanted, rtol=2e-4)
        else:
            wanted = math.copysign(math.inf, wanted) if abs(wanted) > 1 else wanted
            np.testing.assert_allclose(numbers, np.float32(wanted), atol=2 * tiny)


TAIL = 4.248354255291589e-18  # 1 / (1 + e^40)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: nn.cross_entropy(x, [0]),
        lambda x: nn.cross_entropy(x, np.array([[1.0, 0.0]])),
        lambda x: nn.nll_loss(ag.log_softmax(x, axis=1), [0]),
        lambda x: ag.sum(ag.softmax_cross_entropy(x, [0])),
        lambda x: -ag.log_softmax(x, axis=1)[0, 0],
        lambda x: ag.logsumexp(x) - 40.0,
        lambda x: 1.0 - ag.softmax(x, axis=1)[0, 0],
    ],
    ids=["cross_entropy", "of probabilities", "nll_loss", "softmax_cross_entropy", "log_softmax",
         "logsumexp", "softmax"],
)  # fmt: skip
def test_losses_of_sure_predictions_have_exact_slopes(loss: Any, request: Any) -> None:
    logits = np.array([[40.0, 0.0]])
    slope = ag.grad(loss)(logits)
    hessian = ag.hessian(loss)(logits).reshape(2, 2)
    name = request.node.callspec.id
    if name == "logsumexp":
        np.testing.assert_allclose(slope, [[1.0, TAIL]], rtol=1e-12)
    else:
        np.testing.assert_allclose(slope, [[-TAIL, TAIL]], rtol=1e-12)
    if name == "softmax":
        np.testing.assert_allclose(hessian, [[TAIL, -TAIL], [-TAIL, TAIL]], rtol=1e-12)
    elif name != "logsumexp":
        np.testing.assert_allclose(hessian, [[TAIL, -TAIL], [-TAIL, TAIL]], rtol=1e-12)
        assert math.isclose(loss(logits), TAIL, rel_tol=1e-12)


def test_slopes_of_large_logits_lose_nothing_to_their_size() -> None:
    slopes = ag.grad(ag.logsumexp)(np.array([1e6, 1e6 - 30.0]))
    np.testing.assert_allclose(slopes, [1.0, 9.357622968839299e-14], rtol=1e-13)


def test_sums_of_exponentials_keep_what_is_small_beside_ties() -> None:
    for x, wanted in (
        ([0.0, -40.0], TAIL),
        ([0.0, 0.0, -40.0], math.log(2.0)),
        ([-math.inf, 0.0], 0.0),
        ([-math.inf, -math.inf], -math.inf),
        ([0.0, math.inf], math.inf),
    ):
        assert math.isclose(ag.logsumexp(np.array(x)), wanted, rel_tol=1e-15)
    assert np.allclose(ag.log_softmax(np.array([3.0, 3.0, -37.0]))[:2], -math.log(2.0), rtol=1e-15)


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_binary_cross_entropy_of_sure_predictions_has_exact_slopes(target: float) -> None:
    for logit in (40.0, -40.0):
        slope, curvature = slopes(
            lambda x: nn.binary_cross_entropy_with_logits(x, np.array([target])), np.array([logit])
        )
        wanted = (TAIL if logit < 0 else 1.0) if target == 0 else (-1.0 if logit < 0 else -TAIL)
        np.testing.assert_allclose(slope, [wanted], rtol=1e-12)
        np.testing.assert_allclose(curvature, [TAIL], rtol=1e-12)


def test_angles_and_distances_of_huge_and_tiny_points() -> None:
    for size in (1e200, 1e-200, 1.0):
        for kind in (Value, lambda x: Tensor(x, requires_grad=True)):
            x, y = kind(3 * size), kind(4 * size)
            ag.arctan2(y, x).backward()
            assert math.isclose(y.grad, 3 / 25 / size, rel_tol=1e-15)
            assert math.isclose(x.grad, -4 / 25 / size, rel_tol=1e-15)
            x, y = kind(3 * size), kind(4 * size)
            ag.hypot(x, y).backward()
            assert math.isclose(x.grad, 0.6, rel_tol=1e-15)
            assert math.isclose(y.grad, 0.8, rel_tol=1e-15)
    hessian = ag.hessian(lambda v: ag.hypot(v[0], v[1]))(np.array([3.0, 4e-8]))
    u = 4e-8 / 3
    np.testing.assert_allclose(hessian, [[u * u / 3, -u / 3], [-u / 3, 1 / 3]], rtol=1e-12)


@pytest.mark.parametrize(
    ("x", "wanted"),
    [
        (-5.0, -1.4332578593959695e-06),
        (-13.0, -7.952313719414843e-38),
        (-37.0, -2.1184613523340935e-298),
    ],
)
def test_gelu_of_negative_numbers_does_not_cancel(x: float, wanted: float) -> None:
    assert math.isclose(ag.gelu(x), wanted, rel_tol=1e-12)
    np.testing.assert_allclose(ag.gelu(np.array([x])), [wanted], rtol=1e-12)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_of_huge_numbers_has_slopes(approximate: str) -> None:
    for x, wanted in ((1e200, 1.0), (1e300, 1.0), (-1e200, 0.0)):
        for number in (x, np.full(2, x)):
            with np.errstate(over="ignore"):  # of squares that come to nothing
                slope, curvature = slopes(lambda x: ag.gelu(x, approximate), number)
            assert np.all(slope == wanted) and np.all(curvature == 0.0)


def test_erfc_of_arrays_is_maths() -> None:
    x = np.linspace(-7, 26.4, 20001)
    np.testing.assert_allclose(ag.erfc(x), np.vectorize(math.erfc)(x), rtol=4e-15)
    edges = np.array([-math.inf, math.inf, 30.0, 0.0])
    assert ag.erfc(edges).tolist() == [2.0, 0.0, 0.0, 1.0]
    assert math.isnan(ag.erfc(np.array([math.nan]))[0])
    assert ag.erfc(np.float32([1.0])).dtype == np.float32


LENGTHS = {
    "norm": (ag.linalg.norm, lambda x: np.sqrt((x * x).sum())),
    "norm 3": (lambda x: ag.linalg.norm(x, 3), lambda x: (np.abs(x) ** 3).sum() ** (1 / 3)),
    "norm 1/2": (lambda x: ag.linalg.norm(x, 0.5), lambda x: (np.abs(x) ** 0.5).sum() ** 2),
    "norm -1": (lambda x: ag.linalg.norm(x, -1), lambda x: 1 / (1 / np.abs(x)).sum()),
    "std": (ag.std, np.std),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", LENGTHS)
def test_lengths_of_huge_and_tiny_rows_neither_overflow_nor_vanish(name: str, dtype: Any) -> None:
    length, numpys = LENGTHS[name]
    x, exponent = np.array([1.0, -2.0, 5.0], dtype), 900 if dtype == np.float64 else 110
    tolerance = {"rtol": 1e-5 if dtype == np.float32 else 1e-12}
    np.testing.assert_allclose(length(x), numpys(x), **tolerance)
    slope, curvature = ag.grad(length)(x), ag.hessian(length)(x)
    for size in (np.ldexp(dtype(1), exponent), np.ldexp(dtype(1), -exponent)):
        far = x * size
        ulp = int(name == "norm 3")  # a third is no float: 8**(1/3) differs from 2 in the last bit
        np.testing.assert_array_max_ulp(length(far), length(x) * size, ulp)
        assert length(far).dtype == dtype
        np.testing.assert_allclose(ag.grad(length)(far), slope, **tolerance)
        np.testing.assert_allclose(ag.hessian(length)(far) * size, curvature, **tolerance)


def test_each_row_has_a_size_of_its_own() -> None:
    sizes = np.array([1e200, 1.0, 1e-200, 0.0, math.inf])[:, None]
    with np.errstate(invalid="ignore"):
        x = sizes * np.array([3.0, 4.0])
        for keepdims in (False, True):
            out, pull = ag.vjp(ag.linalg.norm)(x, axis=1, keepdims=keepdims)
            np.testing.assert_allclose(out.ravel(), 5 * sizes.ravel(), rtol=1e-15)
            g = pull(np.ones(out.shape))
            np.testing.assert_allclose(g[:3], [[0.6, 0.8]] * 3, rtol=1e-15)
            assert not g[3].any()
    matrix = np.array([[1e200, 1e200], [1e200, 1e200]])
    assert math.isclose(ag.linalg.norm(matrix), 2e200) and ag.linalg.norm(matrix, np.inf) == 2e200
    assert ag.std(matrix, axis=0).tolist() == [0.0, 0.0]
    assert ag.linalg.norm(np.array([[1e-200, 0.0], [0.0, 0.0]]), 0, axis=1).tolist() == [1.0, 0.0]
    with ag.detect_anomaly():
        assert ag.linalg.norm(Tensor(matrix)).item() == 2e200
