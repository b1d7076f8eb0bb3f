"""Reductions and scans."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, Value


def test_a_median_of_nan_is_nan() -> None:
    x = np.array([[1.0, np.nan, 3.0], [4.0, 2.0, 3.0]])
    np.testing.assert_array_equal(ag.median(Tensor(x), 1).data, [np.nan, 3.0])
    out = ag.median(Tensor(x), (0, 1), keepdims=True).data
    np.testing.assert_array_equal(out, np.array([[np.nan]]), strict=True)
    np.testing.assert_array_equal(ag.median(Tensor(x[:, ::2]), [0]).data, [2.5, 3.0])
    with np.errstate(invalid="ignore"):
        out = ag.median(Tensor(x[:, :0]), 1, keepdims=True)
    np.testing.assert_array_equal(out.data, [[np.nan], [np.nan]])


@pytest.mark.parametrize("n", range(6))
def test_products_equal_numpys(n: int) -> None:
    x = np.arange(2.0 * n).reshape(2, n) - 1.5
    for axis in (None, 0, 1, (1, 0)):
        for keepdims in (False, True):
            out = ag.prod(Tensor(x), axis, keepdims=keepdims)
            np.testing.assert_allclose(out.data, np.prod(x, axis, keepdims=keepdims), strict=True)
    for axis in (None, 0, 1):
        np.testing.assert_allclose(ag.cumprod(Tensor(x), axis).data, np.cumprod(x, axis))
        np.testing.assert_allclose(ag.cumsum(Tensor(x), axis).data, np.cumsum(x, axis))
    for ours in (ag.cumsum, ag.cumprod):
        np.testing.assert_array_equal(ours(Value(2.0), 0).data, [2.0])
    ag.check_gradients(lambda x: ag.prod(x) + ag.prod(x, 0).sum() + ag.cumprod(x).sum(), x)


@pytest.mark.parametrize("name", ["max", "min", "amax", "amin", "sum", "mean", "any", "all"])
def test_reductions_equal_numpys(name: str) -> None:
    x = np.array([[1.0, 0.0, 3.0], [4.0, 2.0, -3.0]])
    for axis, kept in product((None, 0, 1), ({}, {"keepdims": True})):
        out = getattr(ag, name)(Tensor(x), axis, **kept)
        wanted = getattr(np, name)(x, axis, **kept)
        np.testing.assert_array_equal(np.asarray(getattr(out, "data", out)), wanted)
    for position in ("argmax", "argmin"):
        for axis, kept in product((None, 0, 1), ({}, {"keepdims": True})):
            wanted = getattr(np, position)(x, axis, **kept)
            np.testing.assert_array_equal(getattr(ag, position)(Tensor(x), axis, **kept), wanted)


def test_reductions_along_axes_are_real_formulas() -> None:
    x = np.array([[1.0, 0.0, 3.0], [4.0, 2.0, -3.0]])
    t = Tensor(x)
    for args, axis in (((), -1), ((0,), 0)):
        np.testing.assert_allclose(ag.softmax(t, *args).data.sum(axis), 1.0)
        np.testing.assert_allclose(np.exp(ag.log_softmax(t, *args).data).sum(axis), 1.0)
    wanted = np.log(np.exp(x).sum(0, keepdims=True))
    np.testing.assert_allclose(ag.logsumexp(t, 0, True).data, wanted)
    wanted = np.var(x, 0, ddof=1, keepdims=True)
    np.testing.assert_allclose(ag.var(t, 0, ddof=1, keepdims=True).data, wanted)
    np.testing.assert_allclose(ag.var(t, 1).data, np.var(x, 1), strict=True)
    with np.errstate(divide="ignore"):
        assert np.isinf(ag.var(t, 0, ddof=3).data).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_deviations_of_huge_and_tiny_numbers(dtype: Any) -> None:
    limits = np.finfo(dtype)
    rows = np.array([[1, 2, 4], [1, 2, 4], [1, 2, 4], [0, 0, 0]], dtype)
    unit = np.array([limits.max / 8, 1, limits.tiny * 8, 1], dtype)[:, None]
    with np.errstate(under="ignore"):
        out, pull = ag.vjp(lambda x: ag.std(x, 1))(rows * unit)
        np.testing.assert_allclose(out, np.std(rows, 1) * unit[:, 0], 1e-6)
        (slopes,) = [pull(np.ones(4, dtype))]
    np.testing.assert_allclose(slopes[:3], np.broadcast_to(slopes[1], (3, 3)), 1e-6)
    assert not slopes[3].any() and out.dtype == slopes.dtype == dtype
    assert np.isinf(ag.linalg.norm(np.array([np.inf, 1.0])))
    assert ag.linalg.norm(Tensor(np.ones((0, 2))), axis=0).tolist() == [0.0, 0.0]
