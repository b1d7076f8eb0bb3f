"""Products of arrays: results equal to NumPy's, and errors."""

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
    ],
)
def test_errors(f: Callable[..., Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        f(Tensor(X[0, 0]))


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
    np.testing.assert_allclose(ag.cross(Tensor(x), y, axis=axis).data, wanted, 1e-12)
    if axis == -1:
        np.testing.assert_allclose(ag.cross(Tensor(x), y).data, wanted, 1e-12)


@pytest.mark.parametrize("args", [(), (1,), (0, 1, 2), (-1, 2, 0)], ids=str)
def test_trace_equals_numpys(args: tuple[int, ...]) -> None:
    np.testing.assert_allclose(ag.trace(Tensor(X), *args).data, np.trace(X, *args), 1e-12)


def test_einsum_takes_lists_of_indices() -> None:
    x, y = X[0, 0], X[0, :, 0]
    t = Tensor(x, requires_grad=True)
    for args in (
        (y, [1, 2], [0, 2]), (y, [1, 2]), (y, [1, 1], [0]), (y, [5, 1]), (y, (1, 2), (2, 0)),
        (y, [..., 1], [0, ...]), (),
    ):  # fmt: skip
        wanted = np.einsum(x, [0, 1], *args)
        for f in (ag.einsum, np.einsum):
            np.testing.assert_allclose(f(t, [0, 1], *args).data, wanted, 1e-13)
    for wrong, error in (([0, -1], ValueError), ([0, 52], ValueError), ([0, 1.0], TypeError)):
        with pytest.raises(error, match="index must be an integer"):
            ag.einsum(t, wrong)


@pytest.mark.parametrize("optimize", [True, "greedy", "optimal", ("greedy", 100)])
def test_einsum_is_optimized_as_numpys(optimize: Any) -> None:
    x, y = np.ones((2, 1)), X[0, :, 0]
    out = np.einsum("ij,jk,kl->il", Tensor(x), y, y, optimize=optimize)
    np.testing.assert_allclose(out.data, np.einsum("ij,jk,kl->il", x, y, y), 1e-13)
    half = Tensor(x.astype(np.float16))
    assert ag.einsum("ij,jk->ik", half, half.T, optimize=optimize).dtype == np.float16


def test_cross_has_numpys_axes() -> None:
    x, y = X[0], X[1].swapaxes(1, 2)
    for options in (
        {"axisa": 2, "axisb": 1}, {"axisa": -1, "axisb": 1, "axisc": 0}, {"axis": 0},
    ):  # fmt: skip
        other = X[1] if "axis" in options else y
        out = np.cross(Tensor(x), other, **options)
        np.testing.assert_allclose(out.data, np.cross(x, other, **options), 1e-13)
    with pytest.raises(ValueError, match="of two entries, which NumPy deprecates"):
        ag.cross(Tensor([1.0, 2.0]), [1.0, 2.0])


def test_products_of_vectors_are_numpys() -> None:
    x, y = X[0, 0], X[1, 0]
    for t in (x, Tensor(x)):
        for ours, wanted in (
            (np.vdot(t, y), np.vdot(x, y)), (np.vecdot(t, y), np.vecdot(x, y)),
            (np.vecdot(t, y, axis=0), np.vecdot(x, y, axis=0)),
            (ag.vecdot(t, y[0]), np.vecdot(x, y[0])),
            (ag.matvec(t, y), np.array([x @ v for v in y])),
            (ag.vecmat(y[:, 0], t), y[:, 0] @ x),
        ):  # fmt: skip
            np.testing.assert_allclose(getattr(ours, "data", ours), wanted, 1e-13)
    for f in (ag.matvec, ag.vecmat):
        with pytest.raises(ValueError, match="needs 2 dimensions or more"):
            f(Tensor(x[0]), x[0])
    with pytest.raises(ValueError, match="inner dimensions 3 and 2 differ"):
        ag.vecdot(Tensor(x), y[:, :2])


def test_stacks_are_transposed_by_a_property() -> None:
    t = Tensor(X, requires_grad=True)
    assert np.array_equal(t.mT.data, X.mT) and np.array_equal(np.matrix_transpose(t).data, X.mT)
    with pytest.raises(ValueError, match="needs 2 dimensions or more"):
        _ = Tensor([1.0]).mT
