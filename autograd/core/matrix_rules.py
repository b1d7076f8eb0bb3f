"""Rows of the table for matrices, in stacks: (..., n, n)."""

from __future__ import annotations

import numpy as np

from . import array_kernels, determinants
from .array_libraries import no_fallback
from .array_rules import _eye, _swap, matmul, reshape
from .op import Data, Op, data_of, of_arrays, per_argument
from .rules import div, where
from .shapes import shape_of


def _symmetric(x: Data) -> Data:
    return 0.5 * (x + _swap(x))


def _lower(x: Data) -> Data:
    """Return the part below the diagonal of square matrices, and half of the diagonal."""
    n = shape_of(x)[-1]
    # mutants 1: equal triangles
    return (np.tril(np.ones_like(data_of(x), shape=(n, n))) - 0.5 * _eye(n, x)) * x


def _pinv_vjp(g: Data, out: Data, x: Data, *, rcond: Data = 1e-15, hermitian: bool = False) -> Data:
    """Golub & Pereyra 1973, eq. 4.12, transposed. x: (.., m, n), out and g: (.., n, m)."""
    m, n = shape_of(x)[-2:]
    outside_rows = _eye(m, x) - matmul(x, out)  # what x does not reach
    outside_columns = _eye(n, x) - matmul(out, x)  # what x forgets
    gt, pt = _swap(g), _swap(out)
    part = (
        matmul(matmul(outside_rows, gt), matmul(out, pt))
        + matmul(matmul(pt, out), matmul(gt, outside_columns))
        - matmul(matmul(pt, g), pt)
    )
    return _symmetric(part) if hermitian else part


def _cholesky_vjp(g: Data, out: Data, x: Data) -> Data:
    """Murray 2016, eq. 9: L^-T P(L^T g) L^-1, symmetric, where P halves the diagonal."""
    lt = _swap(out)
    half = solve(lt, _swap(solve(lt, _lower(matmul(lt, g)))))
    return _symmetric(half)


def _reciprocal(x: Data, values: Data) -> Data:
    """Return 1 / x, and 0 where x is no more than a rounding error of the values: (..., n, 1)."""
    known = data_of(values)
    n = shape_of(known)[-2]
    largest = np.abs(known).max(axis=-2, keepdims=True) if n else 0.0
    tied = np.abs(data_of(x)) <= 8 * n * np.finfo(known.dtype).eps * largest
    return where(tied, 0.0, div(1.0, where(tied, 1.0, x)))


def _eigh_vjp(g: Data, out: Data, x: Data, *, uplo: str) -> Data:
    """Giles 2008, section 3.1, symmetric: V (diag(gw) + V^T gV / (w_j - w_i)) V^T."""
    vt, w, gw = out[..., :-1], out[..., -1:], g[..., -1:]  # (.., n, n), (.., n, 1), (.., n, 1)
    turn = matmul(vt, _swap(g[..., :-1]))
    inside = 0.5 * (turn - _swap(turn)) * _reciprocal(_swap(w) - w, w)
    return _symmetric(matmul(_swap(vt), matmul(inside + gw * _eye(shape_of(w)[-2], w), vt)))


def _svd_vjp(g: Data, out: Data, x: Data) -> Data:
    """Townsend 2016, for thin matrices too, but without s_j^2 - s_i^2.

    (P s_j + Q s_i) / (s_j^2 - s_i^2) is half of (P + Q) / (s_j - s_i) + (P - Q) / (s_j + s_i): the
    second part remains where two values are equal.
    """
    m, n = shape_of(x)[-2:]
    ut, s, vt = out[..., :m], out[..., m : m + 1], out[..., m + 1 :]  # (.., k, m), (.., k, 1), ..
    gu, gs, gv = g[..., :m], g[..., m : m + 1], g[..., m + 1 :]
    p, q = matmul(ut, _swap(gu)), matmul(vt, _swap(gv))
    p, q = p - _swap(p), q - _swap(q)
    apart, together = _swap(s) - s, _swap(s) + s
    inside = 0.5 * ((p + q) * _reciprocal(apart, s) + (p - q) * _reciprocal(together, s))
    rows = matmul(inside + gs * _eye(shape_of(s)[-2], s), vt)
    if n > m:
        rows = rows + _reciprocal(s, s) * (gv - matmul(matmul(gv, _swap(vt)), vt))
    part = matmul(_swap(ut), rows)
    if m > n:
        columns = _reciprocal(s, s) * (gu - matmul(matmul(gu, _swap(ut)), ut))
        part = part + matmul(_swap(columns), vt)
    return part


def _qr_vjp(g: Data, out: Data, x: Data) -> Data:
    """Walter, Lehmann & Lamour 2012: (gQ + Q C) R^-T, C symmetric, below as R gR^T - gQ^T Q."""
    m = shape_of(x)[-2]
    qt, r, gq, gr = out[..., :m], out[..., m:], g[..., :m], g[..., m:]
    half = _lower(matmul(r, _swap(gr)) - matmul(gq, _swap(qt)))
    return _swap(solve(r, gq + matmul(half + _swap(half), qt)))


def _cofactors_vjp(i: int, g: Data, x: Data, directions: tuple[Data, ...]) -> Data:
    """Derivatives of det are symmetric in their directions: g comes in place of one of them."""
    rest = [d for j, d in enumerate(directions, 1) if j != i]
    return cofactors(x, *rest, g)


def _stacked(x: Data) -> Data:
    """Return one number per matrix of a stack, shaped to broadcast against the matrices."""
    return reshape(x, shape=(*shape_of(x), 1, 1))


# fmt: off

inv = of_arrays("inv", np.linalg.inv,                                # d(x^-1) = -x^-1 dx x^-1
                lambda g, out, x: -matmul(matmul(_swap(out), g), _swap(out)), analytic=True)

solve = of_arrays("solve", np.linalg.solve,                          # y = a^-1 b
                  lambda g, out, a, b: -matmul(solve(_swap(a), g), _swap(out)),
                  lambda g, out, a, b: solve(_swap(a), g),
                  broadcasts=True, analytic=True, linear=(1,))

det = of_arrays("det", no_fallback(np.linalg.det),                   # d det(x) = <cofactors, dx>
                lambda g, out, x: _stacked(g) * cofactors(x), analytic=True)

# Along directions, its own derivatives. They hold at singular matrices of any rank.
cofactors = Op("cofactors", determinants.cofactors,
               per_argument(lambda i: lambda g, out, x, *directions:
                                _cofactors_vjp(i, g, x, directions)), elementwise=False)

logabsdet = of_arrays("logabsdet", lambda x: no_fallback(np.linalg.slogdet)(x)[1],   # log |det(x)|
                      lambda g, out, x: _stacked(g) * _swap(inv(x)))

cholesky = of_arrays("cholesky", array_kernels.cholesky, _cholesky_vjp)  # x = L L^T

pinv = of_arrays("pinv", array_kernels.pinv, _pinv_vjp)

# Decompositions, packed into one array, as slices of which the parts are differentiated.
eigh = of_arrays("eigh", array_kernels.eigh, _eigh_vjp)              # rows of v, w
svd = of_arrays("svd", array_kernels.svd, _svd_vjp)                  # rows of u, s, v
qr = of_arrays("qr", array_kernels.qr, _qr_vjp)                      # rows of q, r
