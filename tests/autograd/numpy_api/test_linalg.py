"""Products and linear algebra: results equal to NumPy's, and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor

X = np.random.default_rng(0).normal(size=(3, 3, 2, 3))


@pytest.mark.parametrize(
    ("subscripts", "xs"),
    [
        ("ii", (X[0, :, 0],)),
        ("ii->i", (X[0, :, 0],)),
        ("jij->i", (X[:, 0].swapaxes(1, 2)[:, :, :1].repeat(3, 2),)),
        ("iji->j", (X[:, :, 0],)),
        ("kiji->jk", (X.transpose(2, 0, 1, 3),)),
        ("iikj->jk", (X,)),
        ("ikji->jk", (X.transpose(0, 2, 1, 3),)),
        ("iiki->k", (X,)),
        ("ijij->ij", (X.transpose(2, 0, 1, 3)[[0, 1, 0], :, :, :][:, :, :, :3],)),
        ("...i", (X,)),
        ("i...", (X,)),
        ("...ij->...ji", (X,)),
        ("...ij,jk", (X, X[0, :, 0])),
        ("z...,a", (X[0, 0], X[0, 0, 0])),
        ("...,...->...", (X, X[0, 0])),
        ("b,ab", (X[0, 0, 0], X[0, 0])),
        ("ij,jk->k", (X[0, 0], X[0, :, 0])),
        ("jk,ij->k", (X[0, :, 0], X[0, 0])),
        ("i,jk,kl->il", (X[0, 0, 0], X[0, 0], X[0, :, 0])),
    ],
)
def test_einsum_equals_numpys(subscripts: str, xs: tuple[Any, ...]) -> None:
    wanted = np.einsum(subscripts, *xs)
    out = ag.einsum(subscripts, *(Tensor(x, requires_grad=True) for x in xs))
    np.testing.assert_allclose(out.data, wanted, 1e-12, 1e-14)
    assert out.shape == wanted.shape
    ag.check_gradients(lambda *xs: ag.einsum(subscripts, *xs), *xs, order=1)


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda x: x @ x, ValueError, r"\(2, 3\) @ \(2, 3\): inner dimensions 3 and 2 differ"),
        (lambda x: x @ x[:, 0], ValueError, r"\(2, 3\) @ \(2,\): inner dimensions 3 and 2 differ"),
        (lambda x: ag.matmul(x, 2.0), ValueError, r"use \* for single numbers"),
        (lambda x: ag.matmul(2.0, x), ValueError, r"use \* for single numbers"),
        (lambda x: ag.einsum(x, "ij"), TypeError, 'such as "ij,jk->ik" come first, but got Tensor'),
        (lambda x: ag.einsum("ij,j", x), ValueError, "names 2 operands, got 1"),
        (lambda x: ag.einsum("i", x), ValueError, "names 1 axes where there are 2"),
        (lambda x: ag.einsum("...ijk", x), ValueError, "names 3 axes where there are 2"),
        (lambda x: ag.einsum("ijk,...", x, x), ValueError, "names 3 axes where there are 2"),
        (lambda x: ag.einsum("ii", x), ValueError, "one index, 'i', for axes of lengths 2 and 3"),
        (lambda x: ag.einsum("i.j", x), ValueError, r"letters and one ..., not 'i.j'"),
        (lambda x: ag.einsum("...i->i", x), ValueError, "axes of ... are missing in the output"),
        (lambda x: ag.tensordot(x, x, 3), ValueError, "do not both have 3 axes to sum"),
        (lambda x: ag.tensordot(x, x, 1), ValueError, r"axes \[1\] of .* and \[0\] of .* differ"),
        (lambda x: ag.tensordot(x, x, -1), ValueError, "do not both have -1 axes to sum"),
        (lambda x: ag.tensordot(x, x, ([1],)), ValueError, "axes has a list for each array"),
        (lambda x: ag.cross(x[:, 1:], x), ValueError, r"3 entries, .* \(2, 2\), \(2, 3\)"),
        (lambda x: ag.linalg.norm(x, "a"), ValueError, "there is no ord='a' along 2 axes"),
        (lambda x: ag.linalg.norm(x, "nuc"), ValueError, "no gradient for ord='nuc' along 2 axes"),
        (lambda x: ag.linalg.norm(x, "fro", 0), ValueError, "no ord='fro' along 1 axes"),
        (lambda x: ag.linalg.norm(x, 2), ValueError, "no gradient for ord=2 along 2 axes"),
        (lambda x: ag.linalg.norm(x, 1, ()), ValueError, "axis must be one or two axes"),
        (lambda x: ag.linalg.norm(x[None], 1), ValueError, "ord=1 needs an axis"),
    ],
)
def test_errors(f: Callable[..., Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        f(Tensor(X[0, 0]))


NORMS = [
    (None, None), ("fro", None), (1, None), (-1, None), (np.inf, None), (-np.inf, None),
    (None, 0), (0, 0), (1, 0), (2, 0), (3, 1), (0.5, 1), (-1, 1), (-2, 1), (np.inf, 1),
    (-np.inf, (1,)), (1, (1, 0)), (-1, (1, 0)), (np.inf, (1, 0)), (-np.inf, (0, 1)),
    ("fro", (1, 0)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X, X[0, :, 0]), (X[0, 0], X[0, :, 0]), (X[0, 0], X[0, 0, 0]), (X[0, 0, :, 0], X[0, 0]),
        (X[0, 0, 0], X[0, 0, 1]), (X, X[0, 0, 0]), (X[0, 0, :, 0], X),
    ],
)  # fmt: skip
def test_products_equal_numpys(x: Any, y: Any) -> None:
    for ours, numpys in ((ag.matmul, np.matmul), (ag.outer, np.outer), (ag.kron, np.kron)):
        np.testing.assert_allclose(ours(Tensor(x), y).data, numpys(x, y), 1e-12, strict=True)
        ag.check_gradients(lambda x, y, f=ours: f(x, y), x, y, order=1)


@pytest.mark.parametrize(
    ("x", "y"),
    [(X, X[0, :, 0]), (X[0, 0], X[0, 0, 0]), (2.0, X[0, 0]), (X[0, 0], np.array(2.0))],
)
def test_sums_of_products_equal_numpys(x: Any, y: Any) -> None:
    for ours, numpys in ((ag.dot, np.dot), (ag.inner, np.inner)):
        np.testing.assert_allclose(ours(x, Tensor(y)).data, numpys(x, y), 1e-12, strict=True)


@pytest.mark.parametrize(
    "axes", [0, 2, np.int64(1), (3, 0), ([3], (1,)), ([0, -1], [0, 1])], ids=str
)
def test_tensordot_equals_numpys(axes: Any) -> None:
    x, y = X, np.arange(27.0).reshape(3, 3, 3) if axes != 2 else X[0].swapaxes(0, 1)
    out = ag.tensordot(Tensor(x), y, axes)
    np.testing.assert_allclose(out.data, np.tensordot(x, y, axes), 1e-12, strict=True)
    if axes == 2:
        np.testing.assert_array_equal(out.data, ag.tensordot(x, y))
        assert ag.tensordot(x, X[0, 0]).shape == (3, 3)


@pytest.mark.parametrize(("shape", "axis"), [((3, 2), 0), ((2, 3, 4), 1), ((4, 3), -1)])
def test_cross_equals_numpys(shape: tuple[int, ...], axis: int) -> None:
    x, y = np.random.default_rng(1).normal(size=(2, *shape))
    wanted = np.cross(x, y, axis=axis)
    np.testing.assert_allclose(ag.cross(Tensor(x), y, axis).data, wanted, 1e-12)
    if axis == -1:
        np.testing.assert_allclose(ag.cross(Tensor(x), y).data, wanted, 1e-12)


@pytest.mark.parametrize("args", [(), (1,), (0, 1, 2), (-1, 2, 0)], ids=str)
def test_trace_equals_numpys(args: tuple[int, ...]) -> None:
    np.testing.assert_allclose(ag.trace(Tensor(X), *args).data, np.trace(X, *args), 1e-12)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("order", "axis"), NORMS)
def test_norms_equal_numpys(order: Any, axis: Any, keepdims: bool) -> None:
    x = X[0, 0]
    out = ag.linalg.norm(Tensor(x), order, axis, keepdims)
    wanted = np.linalg.norm(x, order, axis, keepdims)
    np.testing.assert_allclose(out.data, wanted, 1e-12)
    assert out.shape == np.shape(wanted)


def test_norms_of_more_axes_equal_numpys() -> None:
    for order, axis in ((None, None), (3, 1), (1, (3, 0))):
        out = ag.linalg.norm(Tensor(X), order, axis)
        np.testing.assert_allclose(out.data, np.linalg.norm(X, order, axis), 1e-12)


def test_the_slope_of_a_length_is_0_at_zero() -> None:
    zero = np.zeros(3)
    for order in (None, 2, 3, np.inf):
        assert ag.grad(lambda x, order=order: ag.linalg.norm(x, order))(zero).tolist() == [0.0] * 3
    assert ag.linalg.norm(Tensor(zero), 0).item() == 0.0
    part = np.array([0.0, 4.0])
    assert ag.grad(lambda x: ag.linalg.norm(x, 0.5))(part).tolist() == [0.0, 1.0]
    with np.errstate(divide="ignore"):
        assert ag.linalg.norm(Tensor(part), -1).item() == 0.0


def test_norms_of_no_entries_are_0() -> None:
    for order, axis in ((None, None), (1, 0), (np.inf, 0), (1, (0, 1)), (np.inf, (0, 1))):
        assert not ag.linalg.norm(Tensor(np.ones((0, 2))), order, axis).data.any()
    with pytest.raises(ValueError, match="zero-size"):
        ag.linalg.norm(Tensor(np.ones((0, 2))), -1, (1, 0))
    for order in (1, np.inf):
        assert ag.linalg.norm(Tensor(np.ones((2, 0))), order, (0, 1)).item() == 0.0


def test_signs_of_determinants() -> None:
    sign, logabsdet = ag.linalg.slogdet(Tensor([[0.0, 2.0], [3.0, 0.0]]))
    assert sign == -1.0 and logabsdet.item() == pytest.approx(np.log(6.0))


def test_solutions_have_the_shape_of_the_right_side() -> None:
    a, b = X[0, :, 0], X[0, 0].T
    for right in (b[:, 0], b, b[:, :1]):
        out = ag.linalg.solve(Tensor(a), right)
        np.testing.assert_allclose(out.data, np.linalg.solve(a, right), strict=True)
    stack = np.array([a, a + 1.0])
    wanted = [np.linalg.solve(matrix, b[:, 0]) for matrix in stack]
    np.testing.assert_allclose(ag.linalg.solve(Tensor(stack), b[:, 0]).data, wanted)
