"""Determinants: cofactors, and derivatives of all orders at matrices of any rank."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.core import determinants

NAN = np.full((2, 2), np.nan)
REGULAR = np.array([[1.0, 2.0], [3.0, 5.0]])


def test_cofactors_of_each_matrix_by_itself() -> None:
    found = determinants.cofactors(np.stack([NAN, REGULAR]))
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
