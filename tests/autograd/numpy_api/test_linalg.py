"""Linear algebra: results equal to NumPy's, slopes where spectra are degenerate, and errors."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor

X = np.random.default_rng(0).normal(size=(3, 3, 2, 3))
VARIABLE = Tensor(np.zeros((2, 3)), requires_grad=True)


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda x: ag.linalg.norm(x, "a"), ValueError, "there is no ord='a' along 2 axes"),
        (lambda x: ag.linalg.norm(x, "fro", 0), ValueError, "no ord='fro' along 1 axes"),
        (lambda x: ag.linalg.norm(x, 3), ValueError, "no ord=3 along 2 axes"),
        (lambda x: ag.linalg.svd(x + VARIABLE), ag.NotDifferentiableError, "full_matrices=False"),
        (
            lambda x: ag.linalg.qr((x + VARIABLE).T, "complete"),
            ag.NotDifferentiableError,
            "qr: mode='complete' has no derivative",
        ),
        (lambda x: ag.linalg.qr(x + VARIABLE, "raw"), ag.NotDifferentiableError, "mode='raw'"),
        (lambda x: ag.linalg.qr(x, "bad"), ValueError, "Unrecognized mode 'bad'"),
        (lambda x: ag.linalg.svd(x[0]), np.linalg.LinAlgError, "dimensional"),
        (lambda x: ag.linalg.qr(x[0]), np.linalg.LinAlgError, "dimensional"),
        (lambda x: ag.linalg.eigh(x), np.linalg.LinAlgError, "square"),
        (lambda x: ag.linalg.eigh(x @ x.T, "A"), ValueError, "UPLO argument must be"),
        (lambda x: ag.linalg.matrix_power(x, 2), np.linalg.LinAlgError, "of square matrices"),
        (lambda x: ag.linalg.matrix_power(x, 0.5), TypeError, "n must be an integer"),
        (lambda x: ag.linalg.multi_dot([x]), ValueError, "two arrays or more, but got 1"),
        (lambda x: ag.linalg.multi_dot([x, x[0], x]), np.linalg.LinAlgError, "shapes are"),
        (lambda x: ag.linalg.outer(x, x), ValueError, "of two vectors"),
        (lambda x: ag.linalg.pinv(x, 0.1, rtol=0.2), ValueError, "rtol or rcond"),
        (lambda x: ag.linalg.lstsq(x, x.T), np.linalg.LinAlgError, "Incompatible"),
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
    ("nuc", None), (2, None), (-2, None), (2, (1, 0)), ("nuc", (0, 1)),
    (-np.inf, (1,)), (1, (1, 0)), (-1, (1, 0)), (np.inf, (1, 0)), (-np.inf, (0, 1)),
    ("fro", (1, 0)),
]  # fmt: skip


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


# --- degenerate spectra ---------------------------------------------------------------------------


def rotated(values: list[float], seed: int = 0) -> Any:
    """A symmetric matrix with these eigenvalues, equal ones to rounding."""
    q = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values),) * 2))[0]
    return q @ np.diag(values) @ q.T


def slope_along(f: Callable[..., Any], x: Any, direction: Any, step: float = 1e-5) -> float:
    return float((f(x + step * direction) - f(x - step * direction)) / (2 * step))


TIED = [np.eye(3), np.diag([1.0, 1.0, 2.0]), *(rotated([1.0, 1.0, 3.0], seed) for seed in range(5))]
DIRECTION = np.random.default_rng(9).normal(size=(3, 3))
DIRECTION = DIRECTION + DIRECTION.T


def projector(x: Any) -> Any:
    """Onto the last two eigenvectors of a matrix, whatever they are."""
    v = ag.linalg.eigh(x)[1][..., :2]
    return v @ ag.matrix_transpose(v)


WEIGHTS = np.random.default_rng(8).normal(size=(3, 3))


def polar(x: Any) -> Any:
    """The nearest orthogonal matrix."""
    u, _, vh = ag.linalg.svd(x)
    return u @ vh


INVARIANT: dict[str, Callable[..., Any]] = {
    "sum of eigenvalues": lambda x: ag.linalg.eigvalsh(x).sum(),
    "squares of eigenvalues": lambda x: (ag.linalg.eigvalsh(x) ** 2).sum(),
    "logarithms of eigenvalues": lambda x: ag.log(ag.linalg.eigvalsh(x)).sum(),
    "eigenvalues from svd": lambda x: ag.linalg.svd(x, hermitian=True)[1].sum(),
    "nuclear norm": lambda x: ag.linalg.norm(x, "nuc"),
    "squares of singular values": lambda x: (ag.linalg.svdvals(x) ** 2).sum(),
    "polar": lambda x: (polar(x) * WEIGHTS).sum(),
}


@pytest.mark.parametrize("name", INVARIANT)
def test_what_depends_on_no_choice_of_vectors_has_its_slope_at_ties(name: str) -> None:
    f = INVARIANT[name]
    for x in TIED:
        found = np.sum(ag.grad(f)(x) * DIRECTION)
        assert found == pytest.approx(slope_along(f, x, DIRECTION), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", ["sum of eigenvalues", "nuclear norm", "polar"])
def test_some_have_their_second_slope_at_ties(name: str) -> None:
    f = INVARIANT[name]
    for x in TIED:
        found = np.sum(ag.hvp(f)(x)[1](DIRECTION) * DIRECTION)
        second = slope_along(lambda y: np.sum(ag.grad(f)(y) * DIRECTION), x, DIRECTION)
        assert found == pytest.approx(second, rel=1e-5, abs=1e-5)


def test_subspaces_of_equal_eigenvalues_have_a_slope() -> None:
    f = lambda x: (projector(x) * WEIGHTS).sum()
    for x in TIED[1:]:
        found = np.sum(ag.grad(f)(x) * DIRECTION)
        assert found == pytest.approx(slope_along(f, x, DIRECTION), rel=1e-6)


def test_the_spectral_norm_shares_ties_and_is_flat_at_zero() -> None:
    norm = ag.linalg.norm
    np.testing.assert_allclose(ag.grad(lambda x: norm(x, 2))(np.eye(2)), np.eye(2) / 2)
    np.testing.assert_allclose(
        ag.grad(lambda x: norm(x, -2))(np.diag([1.0, 3.0])), [[1, 0], [0, 0]], atol=1e-15
    )
    for order in (2, -2, "nuc"):
        assert not ag.grad(lambda x, order=order: norm(x, order))(np.zeros((2, 3))).any()
    part = np.diag([2.0, 0.0])
    np.testing.assert_allclose(ag.grad(lambda x: norm(x, "nuc"))(part), [[1, 0], [0, 0]])


def test_norms_of_huge_and_tiny_matrices() -> None:
    x = X[0, 0]
    for order, unit in ((2, 1e200), ("nuc", 1e-200), (-2, 1e160)):
        f = lambda x, order=order: ag.linalg.norm(x, order)
        assert f(x * unit) == pytest.approx(unit * f(x), rel=1e-13)
        np.testing.assert_allclose(ag.grad(f)(x * unit), ag.grad(f)(x), 1e-12)


def test_gradients_by_symmetric_matrices_are_symmetric() -> None:
    x = rotated([1.0, 2.0, 4.0])
    for f in (
        lambda x: (ag.linalg.eigh(x)[1] * WEIGHTS).sum(),
        lambda x: (ag.linalg.eigvalsh(x, "U") * WEIGHTS[0]).sum(),
        lambda x: (ag.linalg.pinv(x, hermitian=True) * WEIGHTS).sum(),
    ):
        g = ag.grad(f)(x)
        np.testing.assert_allclose(g, g.T, 1e-13)
        assert np.sum(g * DIRECTION) == pytest.approx(slope_along(f, x, DIRECTION), rel=1e-6)


def test_only_one_triangle_is_read() -> None:
    x = np.array([[2.0, 9.0], [1.0, 2.0]])
    for uplo, wanted in (("L", [1.0, 3.0]), ("U", [-7.0, 11.0])):
        np.testing.assert_allclose(ag.linalg.eigvalsh(Tensor(x), uplo).data, wanted)
        np.testing.assert_allclose(ag.linalg.eigh(Tensor(x), uplo).eigenvalues.data, wanted)


# --- options --------------------------------------------------------------------------------------


def test_complete_decompositions_without_gradient_are_numpys() -> None:
    x = X[0, :, 0, :2]
    for t in (Tensor(x), x):
        for ours, numpys in (
            (ag.linalg.svd(t), np.linalg.svd(x)),
            (ag.linalg.qr(t, "complete"), np.linalg.qr(x, "complete")),
            (ag.linalg.qr(t, "raw"), np.linalg.qr(x, "raw")),
        ):
            for part, wanted in zip(ours, numpys, strict=True):
                assert type(part) is type(t)
                np.testing.assert_array_equal(getattr(part, "data", part), wanted)
    with ag.no_grad():
        assert ag.linalg.svd(Tensor(x, requires_grad=True)).U.shape == (3, 3)


def test_results_have_names() -> None:
    x = Tensor(rotated([1.0, 2.0]), requires_grad=True)
    assert ag.linalg.svd(x)._fields == ("U", "S", "Vh")
    assert ag.linalg.qr(x)._fields == ("Q", "R")
    assert ag.linalg.eigh(x)._fields == ("eigenvalues", "eigenvectors")


@pytest.mark.parametrize("p", [None, 1, -1, 2, -2, np.inf, -np.inf, "fro"])
def test_condition_numbers_of_singular_matrices_are_numpys(p: Any) -> None:
    x = np.array([np.zeros((2, 2)), np.diag([1.0, 0.0]), np.diag([2.0, 4.0]), np.eye(2)])
    t = Tensor(x, requires_grad=True)
    out = ag.linalg.cond(t, p)
    np.testing.assert_allclose(out.data, np.linalg.cond(x, p), 1e-13)
    out[2].backward()
    assert np.isfinite(t.grad[2:]).all()


def test_least_squares_is_numpys() -> None:
    rng = np.random.default_rng(0)
    thin, wide = rng.normal(size=(4, 2)), rng.normal(size=(2, 4))
    flat = np.outer(thin[:, 0], [1.0, 2.0])
    for a, b, rcond in product((thin, flat), (thin, thin[:, 0]), (None, -1, 0.5)):
        if a is thin or rcond != -1:  # then the solution is made of rounding errors
            check_least_squares(a, b, rcond)
    check_least_squares(wide, wide[:, 0], None)


def check_least_squares(a: Any, b: Any, rcond: Any) -> None:
    wanted = np.linalg.lstsq(a, b, rcond)
    x, squares, rank, s = ag.linalg.lstsq(Tensor(a, requires_grad=True), b, rcond)
    np.testing.assert_allclose(x.data, wanted[0], 1e-12, 1e-14)
    np.testing.assert_allclose(getattr(squares, "data", squares), wanted[1], 1e-12, 1e-14)
    assert rank == wanted[2] and type(rank) is not Tensor
    np.testing.assert_allclose(s.data, wanted[3], 1e-12, 1e-14)


def test_ranks_are_plain_numbers() -> None:
    x = np.array([np.eye(2), np.ones((2, 2))])
    for call in (ag.linalg.matrix_rank, np.linalg.matrix_rank):
        assert call(Tensor(x, requires_grad=True)).tolist() == [2, 1]
        assert call(Tensor(x), rtol=2.0).tolist() == [0, 0]


def test_numpys_names_of_linear_algebra_work_on_tensors() -> None:
    """Each function of numpy.linalg that is here gives what it gives for arrays."""
    x = rotated([1.0, 2.0, 4.0])
    args = {
        "matrix_power": (3,), "lstsq": (x,), "solve": (x,), "tensordot": (x,), "matmul": (x,),
        "vecdot": (x,), "cross": (x,),
    }  # fmt: skip
    for name in sorted(set(ag.linalg.__all__) - {"outer", "multi_dot"}):
        f = getattr(np.linalg, name)
        wanted, out = f(x, *args.get(name, ())), f(Tensor(x), *args.get(name, ()))
        several = isinstance(wanted, tuple)
        for ours, numpys in zip(out if several else [out], wanted if several else [wanted]):
            np.testing.assert_allclose(getattr(ours, "data", ours), numpys, 1e-12, 1e-13)
    t = Tensor(x, requires_grad=True)
    np.testing.assert_allclose(np.linalg.outer(t[0], t[1]).data, np.linalg.outer(x[0], x[1]))
    np.testing.assert_allclose(np.linalg.multi_dot([t, x, t]).data, x @ x @ x)


def test_a_zeroth_power_is_the_identity() -> None:
    x = Tensor([[np.nan, 1.0], [0.0, 1.0]], requires_grad=True)
    out = ag.linalg.matrix_power(x, 0)
    out.sum().backward()
    assert out.data.tolist() == [[1.0, 0.0], [0.0, 1.0]] and not x.grad.any()
    assert ag.linalg.matrix_power(np.array([[1, 1], [0, 1]]), 3).tolist() == [[1, 3], [0, 1]]


def test_norms_of_vectors_flatten_their_axes() -> None:
    for axis, order in product((None, 0, (0, 2), (1,)), (2, 1, np.inf, 0, 3)):
        for keepdims in (False, True):
            options = {"axis": axis, "ord": order, "keepdims": keepdims}
            out = np.linalg.vector_norm(Tensor(X[0]), **options)
            np.testing.assert_allclose(out.data, np.linalg.vector_norm(X[0], **options), 1e-13)


def test_products_of_matrices_are_made_in_the_cheapest_order() -> None:
    """(10, 2) @ (2, 50) @ (50, 3) costs 360 steps from the right, 2500 from the left."""
    x, y, z = (Tensor(np.ones(s), requires_grad=True) for s in ((10, 2), (2, 50), (50, 3)))
    out = ag.linalg.multi_dot([x, y, z])
    assert out.operands[0] is x and out.operands[1].shape == (2, 3)
