"""Forward functions that NumPy lacks, or that treat what it would not."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import pytest
from refusing import Refusing

import autograd as ag
from autograd import Tensor
from autograd.core import array_kernels, kernels
from autograd.core.array_libraries import to_numpy

NAN = np.full((2, 2), np.nan)
REGULAR = np.array([[1.0, 2.0], [3.0, 5.0]])


def half_of_float(x: float) -> Any:
    return "float", x / 2


def half_of_arrays(x: Any) -> Any:
    return np.asarray(x).dtype, x / 2


def test_a_kernel_of_one_operand_is_of_floats_or_of_arrays() -> None:
    half = kernels.kernel(half_of_float, half_of_arrays)
    assert half(3.0) == ("float", 1.5)
    assert half(np.array(3.0)) == (np.float64, 1.5)
    assert half(3) == half(np.array(3)) == (np.int64, 1.5)
    assert (half.__name__, half.__qualname__) == ("half", "half")
    assert vars(half) == {"on_float": half_of_float, "on_array": half_of_arrays}


def test_a_kernel_of_real_numbers_converts_integers() -> None:
    half = kernels.kernel(half_of_float, half_of_arrays, real=True)
    assert half(3.0) == half(3) == ("float", 1.5)
    assert half(np.array(3)) == (np.float64, 1.5)


def test_a_kernel_of_two_operands_has_the_answer_of_its_ufunc_where_math_raises() -> None:
    remainder = kernels.kernel(math.fmod, np.fmod)
    assert remainder(5.0, 3.0) == 2.0 and type(remainder(5.0, 3.0)) is float
    assert math.isnan(remainder(5.0, 0.0)) and type(remainder(5.0, 0.0)) is float
    assert remainder(np.array([5.0]), 3.0).tolist() == remainder(5.0, np.array([3.0])).tolist()
    assert vars(remainder) == {"on_float": math.fmod, "on_array": np.fmod, "ufunc": np.fmod}
    assert kernels.kernel(math.hypot, np.hypot)(3.0, 4.0) == 5.0  # takes any number


def test_a_kernel_counts_the_operands_of_functions_that_are_no_ufuncs() -> None:
    def quotient_of_arrays(x: Any, y: Any) -> Any:
        return np.floor_divide(x, y)

    quotient = kernels.kernel(lambda x, y: x // y, quotient_of_arrays)
    assert quotient(7.0, 2.0) == 3.0
    assert quotient(np.array([7.0]), 2.0).tolist() == [3.0]


def test_an_elementary_function_is_that_of_math_on_floats() -> None:
    for name, on_float in ("exp", math.exp), ("arcsin", math.asin):
        f, ufunc = kernels.elementary(name), getattr(np, name)
        assert f(0.3) == on_float(0.3) and type(f(0.3)) is float
        assert f(np.array([0.3])).tolist() == ufunc([0.3]).tolist()
        assert f.__name__ == name
        assert vars(f) == {"on_float": on_float, "on_array": ufunc, "ufunc": ufunc}
    assert kernels.elementary("exp")(1000.0) == math.inf
    assert math.isnan(kernels.elementary("arcsin")(2.0))


def test_an_operator_has_the_answer_of_its_ufunc_where_it_raises() -> None:
    divide = kernels.ieee_operator(operator.truediv, np.divide)
    assert divide(3.0, 2.0) == 1.5
    assert divide(-1.0, 0.0) == -math.inf and type(divide(-1.0, 0.0)) is float
    assert divide.__name__ == "divide"
    assert vars(divide) == {
        "on_float": operator.truediv, "on_array": np.divide, "ufunc": np.divide,
    }  # fmt: skip


def test_kernels_of_a_float_return_a_float() -> None:
    for out in (
        kernels.round(2.5), kernels.nan_to_num(2.5), kernels.relu(2.5), kernels.sign(2.5),
        kernels.where(True, 2.5, 1.0), kernels.zeros_like(2.5), kernels.one_like(2.5),
    ):  # fmt: skip
        assert type(out) is float
    assert kernels.logical_not(2.5) is False and kernels.logical_not(0.0) is True


def test_a_one_has_the_dtype_of_an_array_and_no_axes() -> None:
    one = kernels.one_like(np.zeros(3, np.float32))
    assert (one, one.shape, one.dtype) == (1.0, (), np.float32)


@pytest.mark.parametrize(("decimals", "wanted"), [(0, 1235.0), (2, 1234.57), (-2, 1200.0)])
def test_round_of_a_float_takes_decimals_of_either_sign(decimals: int, wanted: float) -> None:
    x = 1234.5678
    assert kernels.round(x, decimals) == np.round(x, decimals) == wanted
    assert kernels.round(-x, decimals) == np.round(-x, decimals) == -wanted


def test_round_of_a_float_has_no_decimals_by_default() -> None:
    assert kernels.round_of_float(1234.5678) == kernels.round(1234.5678) == 1235.0


def test_nan_to_num_of_a_float_takes_a_number_for_each_infinity() -> None:
    ends = {"nan": 1.0, "posinf": 2.0, "neginf": 3.0}
    for x in (math.nan, math.inf, -math.inf, 5.0):
        assert kernels.nan_to_num(x, **ends) == np.nan_to_num(x, **ends)
        assert kernels.nan_to_num(x) == np.nan_to_num(x)
        assert kernels.nan_to_num(x, posinf=2.0) == np.nan_to_num(x, posinf=2.0)
        assert kernels.nan_to_num(x, neginf=3.0) == np.nan_to_num(x, neginf=3.0)


def test_ceil_of_a_float_keeps_its_sign() -> None:
    for x in (-2.5, -0.5, -0.0, 0.0, 0.5, 2.0, 2.5, -math.inf, math.nan):
        found, wanted = kernels.ceil(x), float(np.ceil(x))
        assert found == wanted or (math.isnan(found) and math.isnan(wanted))
        assert math.copysign(1.0, found) == math.copysign(1.0, wanted)


@pytest.mark.parametrize("y", [-math.inf, -800.0, 0.0, 1.0, 1.5, 800.0, math.inf, math.nan])
@pytest.mark.parametrize("x", [-math.inf, 0.0, 1.0, math.inf, math.nan])
def test_logaddexp_of_floats_is_numpys(x: float, y: float) -> None:
    with np.errstate(invalid="ignore"):
        wanted = np.logaddexp(x, y)
    assert np.isclose(kernels.logaddexp(x, y), wanted, rtol=1e-15, atol=0, equal_nan=True)


def test_relu_of_arrays_writes_into_out() -> None:
    x, out = np.array([-1.0, 0.0, 2.0, np.inf]), np.empty(4)
    assert kernels.relu_of_arrays(x, out=out) is out
    assert out.tolist() == kernels.relu_of_arrays(x).tolist() == [0.0, 0.0, 2.0, np.inf]


def test_logit_is_exact_near_its_zero_and_at_both_ends() -> None:
    steps = [-(2.0**-17), 0.0, 2.0**-17]  # 4 d + 16/3 d^3 is the series, its next term too small
    middle = [0.5 + d for d in steps]
    others = [1e-10, 0.1, 0.249, 0.4, 0.6, 0.751, 0.9, 1.0 - 1e-10]
    wanted = [4.0 * d + 16.0 / 3.0 * d**3 for d in steps] + [
        math.log(x / (1.0 - x)) for x in others
    ]
    for found in (
        [kernels.logit_of_float(x) for x in middle + others],
        kernels.logit(np.array(middle + others)),
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_xlogy_of_a_number_and_small_integers_is_computed_in_float64() -> None:
    out = kernels.xlogy_of_arrays(2.5, np.array([1, 5], np.int8))
    assert out.dtype == np.float64 and out.tolist() == [0.0, 2.5 * math.log(5)]


def test_xlogy_of_a_number_and_an_array_of_another_library() -> None:
    x = np.array([0.0, 2.0])
    right = kernels.xlogy_of_arrays(2.0, Refusing(x + 1.0))
    left = kernels.xlogy_of_arrays(Refusing(x), 3.0)
    assert to_numpy(right).tolist() == [0.0, 2.0 * math.log(3.0)]
    assert to_numpy(left).tolist() == [0.0, 2.0 * math.log(3.0)]


def test_erf_of_whole_numbers() -> None:
    wanted = [math.erf(n) for n in (-7, 0, 1, 2)]
    assert np.allclose(kernels.erf(np.array([-7, 0, 1, 2])), wanted, rtol=1e-15, atol=0)
    assert kernels.erf(2) == math.erf(2)


def test_error_functions_of_huge_numbers_do_not_overflow() -> None:
    x = np.array([1e200, -1e200, np.inf, -np.inf])  # warnings are errors in the suite
    assert kernels.erf(x).tolist() == [1.0, -1.0, 1.0, -1.0]
    assert kernels.erfc(x).tolist() == [0.0, 2.0, 0.0, 2.0]


def test_numpys_functions_take_no_options_that_derivatives_know_nothing_of() -> None:
    x = np.ones(2)
    with pytest.raises(TypeError, match="floor has no option 'out'"):
        ag.floor(x, out=np.zeros(2))
    with pytest.raises(TypeError, match="exp has no option 'out'"):
        ag.exp(x, out=np.zeros(2))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.stack([NAN, REGULAR]), "pinv is of finite numbers"),
        (NAN.tolist(), "pinv is of finite numbers"),
        (np.ones(2), r"the shape is \(2,\)"),
    ],
)
def test_pinv_is_of_finite_matrices(x: Any, message: str) -> None:
    with pytest.raises(np.linalg.LinAlgError, match=message):
        ag.linalg.pinv(x)
    assert np.allclose(ag.linalg.pinv(REGULAR.tolist()), np.linalg.inv(REGULAR))


def test_pinv_looks_at_no_numbers_that_are_yet_to_be_computed() -> None:
    dask = pytest.importorskip("dask")
    da = pytest.importorskip("dask.array")

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("computed")

    with (
        dask.config.set(scheduler=refuse),
        pytest.raises(TypeError, match=r"dask has no numpy\.linalg\.pinv"),
    ):
        ag.linalg.pinv(da.from_array(REGULAR))


def test_relu_of_a_number_keeps_the_sign_of_zero() -> None:
    for zero in (0.0, -0.0):
        assert math.copysign(1.0, kernels.relu(zero)) == math.copysign(1.0, zero)


def test_gradients_that_do_not_fit_an_index_are_not_summed() -> None:
    index = np.arange(6).reshape(3, 2)
    with pytest.raises(ValueError, match="broadcast"):
        array_kernels.scatter_add(np.ones((2, 3)), index=index, shape=(6,))


def test_a_label_of_no_class_is_no_number() -> None:
    da = pytest.importorskip("dask.array")
    logits = Tensor(np.zeros((2, 3)))
    for labels, wanted in ([0, 2], math.log(3.0)), ([0, 7], math.nan):
        lazy = da.from_array(np.array(labels), 2)
        loss = array_kernels.nll(ag.log_softmax(logits, axis=1).data, labels=lazy, scale=0.5)
        assert np.allclose(to_numpy(loss), wanted, equal_nan=True)


def test_sums_of_float16_are_accumulated_in_float32_along_every_axis() -> None:
    x = np.ones((4096, 2), np.float16)  # from 2048 on, float16 can't add 1
    for axis in 0, -1:
        out = array_kernels.total(x if axis == 0 else np.asarray(x.T, order="F"), axis=axis)
        assert out.dtype == np.float16 and out.tolist() == [4096.0, 4096.0]
