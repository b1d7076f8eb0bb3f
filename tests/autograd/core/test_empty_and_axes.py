"""Reductions of nothing, along empty axes and of single numbers; degrees of freedom; bounds."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value

ARRAYS = [np.zeros(s) for s in ((0,), (2, 0), (0, 3), (2, 0, 3), (0, 2, 2), (2, 0, 0))]
arrays = pytest.mark.parametrize("x", ARRAYS, ids=[str(x.shape) for x in ARRAYS])
AXES: list[Any] = [None, 0, -1, 1, (0,), (0, -1), (), 2, -4, (0, 0), 0.0, "0", (None,), np.int64(0)]
REDUCTIONS = ["sum", "mean", "var", "std", "prod", "max", "min", "median", "any", "all"]


def result(f: Any) -> Any:
    """What f returns, or the kind of error that it raises."""
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
        try:
            return f()
        except (TypeError, ValueError, IndexError) as error:
            return TypeError if isinstance(error, TypeError) else ValueError


def same_as_numpys(name: str, x: Any, **options: Any) -> None:
    wanted = result(lambda: getattr(np, name)(x, **options))
    for kind in (Tensor, lambda x: x):
        found = result(lambda kind=kind: getattr(ag, name)(kind(x), **options))
        if isinstance(wanted, type):
            assert found is wanted, (options, found, wanted)
        else:
            np.testing.assert_array_equal(getattr(found, "_data", found), wanted)
            assert np.shape(found) == np.shape(wanted)


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), *(x.shape for x in ARRAYS)], ids=str)
def test_reductions_take_and_refuse_axes_as_numpy_does(name: str, shape: Any) -> None:
    x = np.arange(float(math.prod(shape))).reshape(shape)
    for axis in AXES:
        if name == "median" and x.size == 0 and isinstance(axis, tuple):
            continue  # NumPy's own error about a shape
        for keepdims in (False, True):
            same_as_numpys(name, x, axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "argmax", "argmin"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), *(x.shape for x in ARRAYS)], ids=str)
def test_scans_and_positions_take_and_refuse_axes_as_numpy_does(name: str, shape: Any) -> None:
    x = np.arange(float(math.prod(shape))).reshape(shape)
    for axis in AXES:
        same_as_numpys(name, x, axis=axis)


@pytest.mark.parametrize("name", ["mean", "var", "std", "median"])
def test_single_numbers_have_no_axis_to_average(name: str) -> None:
    for x in (Tensor(2.5), Value(2.5), 2.5, np.array(2.5)):
        for axis in (0, -1, (0,)):
            with pytest.raises(np.exceptions.AxisError):
                getattr(ag, name)(x, axis)
    assert ag.mean(Tensor(2.5)).item() == 2.5


@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize("ddof", [0, 1, 2, 3, 5, 0.5, 2.5, -1, math.nan, math.inf])
def test_degrees_of_freedom_are_numpys(name: str, ddof: float) -> None:
    for x in (np.array([1.0, 2.0]), np.ones(1), np.ones((2, 2)), np.zeros((0, 3))):
        for axis in (None, 0):
            same_as_numpys(name, x, ddof=ddof, axis=axis)


@arrays
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_smooth_maxima_along_empty_axes(x: Any, axis: int | None) -> None:
    wanted = np.where(np.sum(np.ones_like(x), axis=axis) == 0, -math.inf, 0.0)
    for keepdims in (False, True):
        t = Tensor(x, requires_grad=True)
        out = ag.logsumexp(t, axis, keepdims)
        assert out.shape == np.sum(x, axis=axis, keepdims=keepdims).shape
        assert out.data.ravel().tolist() == wanted.ravel().tolist()
        out.backward(np.ones(out.shape))
        assert t.grad.shape == x.shape
        np.testing.assert_array_equal(ag.logsumexp(x, axis, keepdims), out.data)
    if axis is not None:
        for f in (ag.softmax, ag.log_softmax):
            t = Tensor(x, requires_grad=True)
            out = f(t, axis)
            out.backward(np.ones(out.shape))
            assert out.shape == t.grad.shape == x.shape


NORMS = [None, 1, 2, 3, 0, 0.5, -1, np.inf, -np.inf]


@arrays
@pytest.mark.parametrize("p", NORMS)
def test_norms_of_nothing(x: Any, p: Any) -> None:
    for axis in (0, -1):
        wanted = result(lambda axis=axis: np.linalg.norm(x, p, axis))
        if p == np.inf:  # an error in older versions
            wanted = np.zeros(np.sum(x, axis=axis).shape)
        t = Tensor(x, requires_grad=True)
        found = result(lambda axis=axis, t=t: ag.linalg.norm(t, p, axis))
        if isinstance(wanted, type):
            assert found is wanted
        else:
            np.testing.assert_array_equal(found.data, wanted)
            found.backward(np.ones(found.shape))
            assert t.grad.shape == x.shape
    if x.ndim > 1 and p in (1, np.inf):
        assert not ag.linalg.norm(x, p, (-2, -1)).any()


@pytest.mark.parametrize("n", [0, 2])
def test_linear_algebra_of_empty_stacks_and_matrices(n: int) -> None:
    for x in (np.zeros((0, n, n)), np.zeros((2, 0, 0)), np.zeros((0, 0))):
        for name in ("inv", "det", "cholesky", "pinv"):
            t = Tensor(x, requires_grad=True)
            out = getattr(ag.linalg, name)(t)
            np.testing.assert_array_equal(out.data, getattr(np.linalg, name)(x))
            out.backward(np.ones(out.shape))
            assert t.grad.shape == x.shape
        right = np.zeros((*x.shape[:-1], 2))
        np.testing.assert_array_equal(ag.linalg.solve(x, right), np.linalg.solve(x, right))
        np.testing.assert_array_equal(ag.matmul(x, x), x @ x)
        np.testing.assert_array_equal(ag.einsum("...ij,...jk->...ik", x, x), x @ x)


@pytest.mark.parametrize(("reduction", "wanted"), [("mean", math.nan), ("sum", 0.0)])
def test_losses_of_no_samples(reduction: str, wanted: float) -> None:
    for loss, target in (
        (nn.cross_entropy, np.zeros(0, int)),
        (nn.cross_entropy, np.zeros((0, 3))),
        (nn.nll_loss, np.zeros(0, int)),
        (nn.mse_loss, np.zeros((0, 3))),
        (nn.l1_loss, np.zeros((0, 3))),
        (nn.binary_cross_entropy_with_logits, np.zeros((0, 3))),
    ):
        x = Tensor(np.zeros((0, 3)), requires_grad=True)
        with np.errstate(invalid="ignore"):
            out = loss(x, target, reduction=reduction)
        np.testing.assert_equal(out.item(), wanted)
        out.backward()
        assert x.grad.shape == (0, 3)


BOUNDS = [
    (math.nan, 2.0), (0.0, math.nan), (math.nan, math.nan), (math.nan, None), (None, math.nan),
    (3.0, 1.0), (math.inf, -math.inf), (-math.inf, math.inf), (2.0, math.nan), (0.0, 1.0),
]  # fmt: skip


@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
def test_clip_takes_bounds_as_numpy_does(bounds: Any) -> None:
    x = np.array([0.5, math.nan, 7.0, -math.inf])
    wanted = np.clip(x, *bounds)
    found = [ag.clip(x, *bounds), ag.clip(Tensor(x), *bounds).data]
    found.append([ag.clip(Value(v), *bounds).data for v in x.tolist()])
    compiled = ag.compile(lambda x: ag.clip(x, *bounds))
    found += [compiled(x), [compiled(v) for v in x.tolist()]]
    found.append(np.clip(Tensor(x), *bounds).data)
    arrays = [None if b is None else np.full(4, b) for b in bounds]
    found.append(ag.clip(Tensor(x), *arrays).data)
    for numbers in found:
        np.testing.assert_array_equal(numbers, wanted)


def test_nan_bounds_leave_no_slope() -> None:
    assert ag.grad(lambda x: ag.clip(x, math.nan, 2.0))(1.0) == 0.0
    assert ag.grad(lambda x: ag.hardtanh(x, -1.0, math.nan))(0.5) == 0.0
    bounds = np.array([math.nan, 0.0, 0.0])
    slopes = ag.grad(lambda x: ag.sum(ag.clip(x, bounds, 2.0)))(np.array([1.0, 1.0, -1.0]))
    assert slopes.tolist() == [0.0, 1.0, 0.0]
    slope = ag.grad(lambda low: ag.clip(1.0, low, 2.0))(math.nan)
    assert slope == 1.0  # the result is the bound
