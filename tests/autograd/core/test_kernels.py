"""Forward functions that NumPy lacks, or that treat what it would not."""

from __future__ import annotations

import math
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
