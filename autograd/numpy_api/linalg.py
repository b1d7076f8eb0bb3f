"""Linear algebra: the functions of `numpy.linalg`, for matrices or stacks of them: (..., m, n)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import numpy as np

from autograd.core import matrix_rules, rules
from autograd.core.arguments import integer, number
from autograd.core.array_libraries import as_plain_array, no_fallback
from autograd.core.array_rules import _eye
from autograd.core.modes import current_mode
from autograd.core.node import Node, make
from autograd.core.op import NotDifferentiableError, Recorder, data_of
from autograd.core.precision import on_reals
from autograd.core.shapes import Axis, kept_shape, normalize_axes, ordered_axes, shape_of

from . import manipulation, products, reductions
from .joining import concatenate
from .manipulation import moveaxis, reshape, squeeze, take_along_axis
from .options import array_of
from .products import cross, matmul, matrix_transpose, multi_dot, tensordot, vecdot
from .reductions import flat_power, flatten_axes

__all__ = [
    "cholesky", "cond", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "lstsq", "matmul",
    "matrix_norm", "matrix_power", "matrix_rank", "matrix_transpose", "multi_dot", "norm", "outer",
    "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot", "trace", "vecdot",
    "vector_norm",
]  # fmt: skip

inv, det = matrix_rules.inv, matrix_rules.det


def outer(x: Any, y: Any) -> Any:
    """Return the products of each entry of `x` with each of `y`: (n,), (m,) -> (n, m)."""
    if len(shape_of(x)) != 1 or len(shape_of(y)) != 1:
        shapes = f"{shape_of(x)} and {shape_of(y)}"
        raise ValueError(f"linalg.outer is of two vectors, but the shapes are {shapes}")
    return products.outer(x, y)


def diagonal(x: Any, offset: int = 0) -> Any:
    """Return the diagonals of matrices: (..., m, n) -> (..., min(m, n))."""
    return manipulation.diagonal(x, offset, -2, -1)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """Return the sums of the diagonals of matrices: (..., m, n) -> (...)."""
    return products.trace(x, offset, -2, -1, dtype)


def matrix_power(a: Any, n: int) -> Any:
    """Return the product of n matrices `a`, or of -n inverses: (..., k, k).

    Raises:
        TypeError: n is not an integer.
        numpy.linalg.LinAlgError: the matrices are not square, or are singular where n < 0.
    """
    a, n, shape = as_plain_array(a), integer("n", n), shape_of(a)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise np.linalg.LinAlgError(f"matrix_power is of square matrices, but got shape {shape}")
    if n == 0:
        return rules.where(np.ones_like(data_of(a), dtype=bool), _eye(shape[-1], a), a)
    a, n, out = (a if n > 0 else inv(a)), abs(n), None
    while n:
        if n % 2:
            out = a if out is None else matmul(out, a)
        n //= 2
        a = matmul(a, a) if n else a
    return out


def cholesky(x: Any, upper: bool = False) -> Any:
    """Return the lower triangular L with `x == L @ L.T`, or `L.T`: (..., n, n).

    Only one triangle of `x` is read, but its gradient is symmetric.
    """
    if not upper:
        return matrix_rules.cholesky(x)
    return matrix_transpose(matrix_rules.cholesky(matrix_transpose(x)))


def pinv(a: Any, rcond: Any = None, hermitian: bool = False, rtol: Any = 1e-15) -> Any:
    """Return the pseudo-inverses of matrices: (..., m, n) -> (..., n, m).

    Args:
        a: the matrices.
        rcond: singular values up to this part of the largest one count as 0.
        hermitian: `a` is symmetric.
        rtol: another name of `rcond`; None is the larger dimension times the rounding error.
    """
    a = array_of(a)
    noise = max(shape_of(a)[-2:], default=0) * np.finfo(np.result_type(data_of(a), np.float32)).eps
    if rcond is None:
        rcond = noise if rtol is None else rtol
    elif rtol != 1e-15:
        raise ValueError("pinv takes rtol or rcond, but got both; leave one out")
    if isinstance(a, Node) and np.any(np.asarray(rcond) > 8 * noise):
        s = svdvals(data_of(a))
        kept = s > (rcond[..., None] if np.ndim(rcond) else rcond) * s[..., :1]
        if np.any(~kept & (s > 8 * noise * s[..., :1])):  # more is left out than what is 0
            u = svd(a, full_matrices=False)[0] * kept[..., None, :]
            a = matmul(u, matmul(matrix_transpose(u), a))
    return matrix_rules.pinv(a, rcond=rcond, hermitian=hermitian)


def solve(a: Any, b: Any) -> Any:
    """Return the `x` with `a @ x == b`, of the shape of `b`.

    Args:
        a: (..., n, n).
        b: a vector (n,), or (..., n, m).

    Raises:
        numpy.linalg.LinAlgError: `a` is singular.
    """
    a, b = as_plain_array(a), as_plain_array(b)
    if len(shape_of(b)) != 1:
        return matrix_rules.solve(a, b)
    # mutants 1: any negative size is inferred
    return squeeze(matrix_rules.solve(a, reshape(b, (-1, 1))), -1)


class SlogdetResult(NamedTuple):
    """The sign of a determinant, which is a constant, and the logarithm of its absolute value."""

    sign: Any
    logabsdet: Any


def slogdet(x: Any) -> SlogdetResult:
    """Return sign and logarithm of the determinants of x: (..., n, n), which can't overflow."""
    return SlogdetResult(no_fallback(np.linalg.slogdet)(data_of(x))[0], matrix_rules.logabsdet(x))


# --- decompositions: of plain arrays they are NumPy's own -----------------------------------------


def of_nodes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function of nodes: of plain arrays it is the function of NumPy with its name."""
    numpys = no_fallback(getattr(np.linalg, function.__name__))

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(x, Recorder) for x in (*args, *kwargs.values())):
            return function(*args, **kwargs)
        return numpys(*map(as_plain_array, args), **kwargs)

    return called


def _without_slope(function: Callable[..., Any], x: Node, message: str) -> list[Any]:
    """Return the arrays that a function of NumPy returns, as nodes; refuse a gradient."""
    if x.level and current_mode().recording:
        raise NotDifferentiableError(message)
    return [make(Node.array, part, 0) for part in function(data_of(x))]


class SVDResult(NamedTuple):
    """A singular value decomposition: `x == U @ diag(S) @ Vh`."""

    U: Any
    S: Any
    Vh: Any


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and the eigenvectors, which are columns."""

    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    """Columns of length 1 at right angles, and an upper triangular matrix: `x == Q @ R`."""

    Q: Any
    R: Any


@of_nodes
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """Return the singular value decomposition: (..., m, n) -> (..., m, k), (..., k), (..., k, n).

    The values come in descending order. See the page of numbers for slopes where some are equal.

    Args:
        a: the matrices; k is min(m, n).
        full_matrices: complete U and Vh to square matrices. If m != n, that has no derivative.
        compute_uv: return all three, or the values alone.
        hermitian: `a` is symmetric; only its lower triangle is read.

    Raises:
        NotDifferentiableError: `full_matrices` of matrices that need a gradient and are not square.
    """
    m, n = shape_of(a)[-2:] if len(shape_of(a)) > 1 else (0, 0)  # then NumPy says what is wrong
    if hermitian:
        w, v = eigh(a)
        order = np.argsort(np.abs(data_of(w)))[..., ::-1]
        s = take_along_axis(rules.abs(w), order, -1)
        u = take_along_axis(v, order[..., None, :], -1)
        sign = np.copysign(1.0, np.take_along_axis(data_of(w), order, -1))[..., None, :]
        parts = SVDResult(u, s, matrix_transpose(u * sign.astype(data_of(w).dtype)))
    elif full_matrices and compute_uv and m != n:
        message = "svd: full_matrices=True has no derivative where m != n; pass full_matrices=False"
        return SVDResult(*_without_slope(no_fallback(np.linalg.svd), a, message))
    else:
        out = matrix_rules.svd(a)
        u, s, vh = out[..., :m], out[..., m], out[..., m + 1 :]
        parts = SVDResult(matrix_transpose(u), s, vh)
    return parts if compute_uv else parts.S


@of_nodes
def svdvals(x: Any) -> Any:
    """Return the singular values in descending order: (..., m, n) -> (..., min(m, n))."""
    return svd(x, compute_uv=False)


@of_nodes
def eigh(a: Any, UPLO: str = "L") -> Any:  # NumPy's name
    """Return eigenvalues and eigenvectors of symmetric matrices: (..., n), (..., n, n).

    The values come in ascending order. Only the triangle that `UPLO` names, "L" or "U", is read,
    but the gradient is symmetric. See the page of numbers for slopes where some values are equal.
    """
    out = matrix_rules.eigh(a, uplo=UPLO)
    return EighResult(out[..., -1], matrix_transpose(out[..., :-1]))


@of_nodes
def eigvalsh(a: Any, UPLO: str = "L") -> Any:  # NumPy's name
    """Return the eigenvalues of symmetric matrices in ascending order: (..., n, n) -> (..., n)."""
    return eigh(a, UPLO)[0]


@of_nodes
def qr(a: Any, mode: str = "reduced") -> Any:
    """Return Q and R, or R alone: (..., m, n) -> (..., m, k), (..., k, n), where k is min(m, n).

    Args:
        a: the matrices. For a gradient their first k columns must be linearly independent.
        mode: "reduced", "r", "complete" (Q is square) or "raw". Where the last two differ from the
            first, they have no derivative.

    Raises:
        NotDifferentiableError: such a `mode`, of matrices that need a gradient.
    """
    shape = shape_of(a)
    if mode not in ("reduced", "r") and (
        mode != "complete" or len(shape) < 2 or shape[-2] > shape[-1]
    ):
        message = f'qr: mode={mode!r} has no derivative; pass mode="reduced"'
        return QRResult(*_without_slope(lambda x: no_fallback(np.linalg.qr)(x, mode), a, message))
    m, k = (shape[-2], min(shape[-2:])) if len(shape) > 1 else (0, 0)  # then NumPy says
    out = matrix_rules.qr(a[..., :k] if k < shape[-1] else a)
    q, r = matrix_transpose(out[..., :m]), out[..., m:]
    if k < shape[-1]:
        r = concatenate([r, matmul(matrix_transpose(q), a[..., k:])], -1)
    return r if mode == "r" else QRResult(q, r)


@of_nodes
def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Any, Any, Any, Any]:
    """Return the `x` with the least `norm(a @ x - b)`, and of several the shortest.

    Args:
        a: (m, n).
        b: (m,) or (m, k).
        rcond: singular values up to this part of the largest one count as 0.

    Returns: x: (n,) or (n, k); the sums of squares of `a @ x - b`: (k,), or (0,) where `a` does not
        have more rows than its rank, n; the rank; and the singular values of `a`.
    """
    _, squares, rank, _ = no_fallback(np.linalg.lstsq)(data_of(a), data_of(b), rcond)
    eps = np.finfo(data_of(squares).dtype).eps
    rcond = max(shape_of(a)) * eps if rcond is None else eps if rcond < 0 else rcond
    x = matmul(pinv(a, rcond), b)
    rest = matmul(a, x) - b
    columns = rest if len(shape_of(b)) > 1 else reshape(rest, (-1, 1))
    squares = reductions.sum(columns * columns, 0) if len(squares) else squares
    return x, squares, rank, svdvals(a)


def matrix_rank(
    A: Any,
    tol: Any = None,
    hermitian: bool = False,
    rtol: Any = None,
) -> Any:
    """Return the ranks of matrices, by their singular values; they are plain numbers."""
    rank = no_fallback(np.linalg.matrix_rank)
    return rank(data_of(as_plain_array(A)), tol, hermitian, rtol=rtol)


@of_nodes
def cond(x: Any, p: Any = None) -> Any:
    """Return the condition numbers of matrices: norm(x, p) * norm(inv(x), p); inf if singular.

    `p` is one of the orders of `norm`; if left out it is 2, and the matrices need not be square.
    """
    data = data_of(x)
    known = no_fallback(np.linalg.cond)(data, p)
    with np.errstate(all="ignore"):
        if p is None or p in (2, -2):
            s = svdvals(x)
            out = rules.div(s[..., -1], s[..., 0]) if p == -2 else rules.div(s[..., 0], s[..., -1])
        else:
            singular = (no_fallback(np.linalg.slogdet)(data)[0] == 0)[..., None, None]
            regular = rules.where(singular, _eye(shape_of(x)[-1], x), x)
            out = norm(x, p, (-2, -1)) * norm(inv(regular), p, (-2, -1))
    return rules.where(np.isinf(known), known, out)


# --- norms ----------------------------------------------------------------------------------------


@on_reals
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the length of vectors, or a norm of matrices. At zero its slope is 0.

    Args:
        x: an array.
        ord: for vectors any p, infinities included (2 if left out); for matrices, along two axes,
            "fro" (if left out), "nuc", 1, -1, 2, -2, inf or -inf.
        axis: the axis of the vectors, or two axes of matrices; all axes if left out.
        keepdims: keep the axes with length 1.

    Raises:
        TypeError: `ord` is neither a number nor a string.
        ValueError: `ord` does not fit the number of axes.
    """
    ndim = len(shape_of(x))
    if axis is None and ord is not None and ndim not in (1, 2):
        raise ValueError(f"norm: ord={ord!r} needs an axis where there are {ndim} dimensions")
    axes = normalize_axes(axis, ndim)
    if ord is not None and not isinstance(ord, (str, bool)):
        ord = number("ord", ord, finite=False)  # NumPy's name
    if isinstance(ord, str) and (len(axes) != 2 or ord not in ("fro", "nuc")):
        raise ValueError(f"norm: there is no ord={ord!r} along {len(axes)} axes")
    if isinstance(axis, tuple):
        if len(axes) not in (1, 2):
            raise ValueError(f"norm: axis must be one or two axes, but is {axis}")
        axes = tuple(ordered_axes(axis, ndim))
    if ord == 0:  # a count
        return _norm(x, ord, axes, keepdims)
    return reductions.without_overflow(lambda x: _norm(x, ord, axes, keepdims), x, axes)


def _norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """Return the norm of vectors along one axis, or of matrices along (rows, columns)."""
    # mutants 1: only faster
    if ord is None or (ord == 2 and len(axes) == 1) or ord == "fro":
        return rules.flat_root(reductions.sum(x * x, axes, keepdims=keepdims))
    if len(axes) == 2 and ord in ("nuc", 2, -2):
        values = rules.abs(svdvals(moveaxis(x, axes, (-2, -1))))  # abs is flat at 0
        # mutants 1: 0 is not among them
        reduction = (
            reductions.sum if ord == "nuc" else reductions.max if ord > 0 else reductions.min
        )
        out = reduction(values, -1)
        return reshape(out, kept_shape(shape_of(x), axes)) if keepdims else out
    size = rules.abs(x)
    if not math.prod(shape_of(x)) and ord in (1, np.inf):  # of no entries
        return reductions.sum(size, axes, keepdims=keepdims)
    if len(axes) == 1:
        if ord in (np.inf, -np.inf):
            # mutants 2: infinities are not close to 0
            return (reductions.max if ord > 0 else reductions.min)(size, axes, keepdims=keepdims)
        if ord == 0:
            return reductions.sum(rules.sign(size), axes, keepdims=keepdims)
        power = rules.pow if ord < 0 else flat_power  # mutants 1: 0 is handled above
        return power(reductions.sum(power(size, ord), axes, keepdims=keepdims), 1.0 / ord)
    if ord in (1, -1, np.inf, -np.inf):
        summed, other = axes if abs(ord) == 1 else axes[::-1]
        sums = reductions.sum(size, summed, keepdims=True)
        # mutants 1: 0 is not among them
        out = (reductions.max if ord > 0 else reductions.min)(sums, other, keepdims=True)
        return out if keepdims else squeeze(out, axes)
    raise ValueError(f"norm: there is no ord={ord!r} along {len(axes)} axes")


def vector_norm(x: Any, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """Return the norms of vectors along an axis, or of all entries along several or all axes."""
    shape = shape_of(x)
    axes = normalize_axes(axis, len(shape))
    out = norm(flatten_axes(as_plain_array(x), axes), ord, -1)
    return reshape(out, kept_shape(shape, axes)) if keepdims else out


def matrix_norm(x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Return the norms of matrices: (..., m, n) -> (...). `ord` is as for `norm`."""
    return norm(x, ord, (-2, -1), keepdims)
