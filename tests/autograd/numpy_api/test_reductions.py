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


# --- lists of nodes -------------------------------------------------------------------------------

LISTED = {
    "sum": (), "mean": (), "max": (0,), "median": (), "std": (1,), "cumsum": (), "sort": (),
    "ptp": (), "quantile": (0.3,), "logsumexp": (), "softmax": (), "average": (1,), "cov": (),
    "trapezoid": (), "nanmax": (), "any": (), "argmax": (), "exp": (), "square": (), "elu": (),
    "clip": (0.0, 1.0), "add": (1.0,), "multiply": ([[1.0], [2.0]],), "flip": (), "roll": (1,),
    "transpose": (), "reshape": (-1,), "ravel": (), "repeat": (2,), "take": ([0, 1], 1),
    "diff": (), "pad": (1,), "triu": (), "trace": (), "matmul": (np.ones(2),), "kron": ([1.0],),
    "nan_to_num": (), "swapaxes": (0, 1), "partition": (1,), "cumprod": (0,), "diagonal": (),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTED)
def test_lists_that_hold_nodes_are_stacked(name: str) -> None:
    """Of values, tensors and numbers, nested; variables or constants."""
    f, args = getattr(ag, name), LISTED[name]
    x = np.array([[0.5, -1.5], [2.0, 0.25]])
    wanted = f(x, *args)
    v, t = Value(0.5), Tensor([2.0, 0.25], requires_grad=True)
    for rows in ([[v, -1.5], t], ([v, Value(-1.5)], (t[0], 0.25)), [list(x[0]), t], [x[0], t]):
        out = f(rows, *args)
        assert isinstance(out, Tensor) == (wanted.dtype.kind == "f")
        np.testing.assert_allclose(getattr(out, "data", out), wanted, rtol=1e-14, strict=True)
    v.grad = t.grad = None
    if isinstance(out := f([[v, -1.5], t], *args), Tensor):
        ag.sum(out * np.cos(np.arange(out.size)).reshape(out.shape)).backward()
        leaf = Tensor(x, requires_grad=True)
        ag.sum(f(leaf, *args) * np.cos(np.arange(out.size)).reshape(out.shape)).backward()
        np.testing.assert_allclose([v.grad, *t.grad], leaf.grad.ravel()[[0, 2, 3]], rtol=1e-13)


def test_lists_are_stacked_beside_nodes_too() -> None:
    v, t = Value(2.0), Tensor([1.0, 3.0], requires_grad=True)
    ag.multiply(t, [v, 1.0]).sum().backward()
    assert v.grad == 1.0 and t.grad.tolist() == [2.0, 1.0]
    assert ag.mean([Tensor(1.0), Tensor(3.0)]).item() == 2.0
    with ag.no_grad():
        assert type(ag.max([v, t[0]])) is Tensor
    with pytest.raises(ValueError, match=r"stack\(\) of different shapes"):
        ag.sum([v, t])
