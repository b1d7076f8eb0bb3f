"""Forward functions that NumPy lacks, or that treat what it would not."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, numerics
from autograd.places import fetched

NAN = np.full((2, 2), np.nan)
REGULAR = np.array([[1.0, 2.0], [3.0, 5.0]])


def test_erf_of_whole_numbers() -> None:
    wanted = [math.erf(n) for n in (-7, 0, 1, 2)]
    assert np.allclose(numerics.erf(np.array([-7, 0, 1, 2])), wanted, rtol=1e-15, atol=0)
    assert numerics.erf(2) == math.erf(2)


def test_numpys_functions_take_no_options_that_derivatives_know_nothing_of() -> None:
    x = np.ones(2)
    with pytest.raises(TypeError, match="floor has no option 'out'"):
        ag.floor(x, out=np.zeros(2))
    with pytest.raises(TypeError, match="exp has no option 'out'"):
        ag.exp(x, out=np.zeros(2))


def test_cofactors_of_each_matrix_by_itself() -> None:
    found = numerics.cofactors(np.stack([NAN, REGULAR]))
    assert np.isnan(found[0]).all()
    assert np.allclose(found[1], [[5.0, -3.0], [-2.0, 1.0]], rtol=1e-13)


def leibniz(x: Any) -> Any:
    """The determinant as a polynomial: the sum over permutations."""
    n = x.shape[-1]
    out: Any = 0.0
    for order in itertools.permutations(range(n)):
        term: Any = (-1.0) ** sum(i > j for i, j in itertools.combinations(order, 2))
        for row, column in enumerate(order):
            term = term * x[..., row, column]
        out = out + term
    return ag.sum(out)


def directional(f: Any, directions: Any) -> Any:
    """The derivative of f along all directions."""
    if not len(directions):
        return f
    along = directional(f, directions[1:])
    return lambda x: ag.sum(ag.grad(along)(x) * directions[0])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_determinants_have_all_derivatives_at_matrices_of_any_rank(n: int) -> None:
    rng = np.random.default_rng(n)
    for rank in range(n + 1):
        for shape in ((), (2,)):
            x = rng.normal(size=(*shape, n, rank)) @ rng.normal(size=(*shape, rank, n))
            directions = rng.normal(size=(4, *shape, n, n))
            for order in range(5):
                f = directional(lambda x: ag.sum(ag.linalg.det(x)), directions[:order])
                wanted = directional(leibniz, directions[:order])(x)
                np.testing.assert_allclose(f(x), wanted, rtol=1e-11, atol=1e-12)


def test_the_hessian_of_det_at_a_singular_matrix() -> None:
    hessian = ag.hessian(ag.linalg.det)(np.ones((2, 2))).reshape(4, 4)
    wanted = [[0, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]]
    np.testing.assert_allclose(hessian, wanted, atol=1e-15)
    single = np.ones((2, 2), np.float32)
    assert ag.grad(lambda x: ag.sum(ag.grad(ag.linalg.det)(x)))(single).dtype == np.float32
    with np.errstate(invalid="ignore"):
        slopes = ag.grad(lambda x: ag.sum(ag.grad(ag.linalg.det)(x)))(np.full((2, 2), np.nan))
    assert np.isnan(slopes).all()


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
        assert math.copysign(1.0, numerics.relu(zero)) == math.copysign(1.0, zero)


def test_gradients_that_do_not_fit_an_index_are_not_summed() -> None:
    index = np.arange(6).reshape(3, 2)
    with pytest.raises(ValueError, match="broadcast"):
        numerics.scatter_add(np.ones((2, 3)), index=index, shape=(6,))


def test_a_label_of_no_class_is_no_number() -> None:
    da = pytest.importorskip("dask.array")
    logits = Tensor(np.zeros((2, 3)))
    for labels, wanted in ([0, 2], math.log(3.0)), ([0, 7], math.nan):
        lazy = da.from_array(np.array(labels), 2)
        loss = numerics.nll(ag.log_softmax(logits, axis=1).data, labels=lazy, scale=0.5)
        assert np.allclose(fetched(loss), wanted, equal_nan=True)
