"""Rows of the table for matrices, in stacks: (..., n, n)."""

from __future__ import annotations

import numpy as np

from . import array_kernels, determinants
from .array_libraries import no_fallback
from .array_rules import _eye, _swap, matmul, reshape
from .op import Data, Op, data_of, of_arrays, per_argument
from .shapes import shape_of


def _pinv_vjp(g: Data, out: Data, x: Data) -> Data:
    """Golub & Pereyra 1973, eq. 4.12, transposed. x: (.., m, n), out and g: (.., n, m)."""
    m, n = shape_of(x)[-2:]
    outside_rows = _eye(m, x) - matmul(x, out)  # what x does not reach
    outside_columns = _eye(n, x) - matmul(out, x)  # what x forgets
    gt, pt = _swap(g), _swap(out)
    return (
        matmul(matmul(outside_rows, gt), matmul(out, pt))
        + matmul(matmul(pt, out), matmul(gt, outside_columns))
        - matmul(matmul(pt, g), pt)
    )


def _cholesky_vjp(g: Data, out: Data, x: Data) -> Data:
    """Murray 2016, eq. 9: L^-T P(L^T g) L^-1, symmetric, where P halves the diagonal."""
    n = shape_of(x)[-1]  # mutants 1: the matrices are square
    # mutants 1: equal triangles
    lower = np.tril(np.ones_like(data_of(x), shape=(n, n))) - 0.5 * _eye(n, x)
    lt = _swap(out)
    half = solve(lt, _swap(solve(lt, lower * matmul(lt, g))))
    return 0.5 * (half + _swap(half))


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

cholesky = of_arrays("cholesky", np.linalg.cholesky, _cholesky_vjp)  # x = L L^T

pinv = of_arrays("pinv", array_kernels.pinv, _pinv_vjp)
