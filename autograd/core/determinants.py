"""Cofactors, the derivatives of determinants, and their own derivatives of any order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations
from string import ascii_lowercase

import numpy as np

from .op import Data
from .shapes import shape_of


def cofactors(x: Data, *directions: Data) -> Data:
    """Return det(x) inv(x)^T for x: (.., n, n), or its derivative along k directions.

    Computed from singular values, since x may have no inverse. The directions are matrices like x.

    The cofactors of x = U diag(s) V^T are det(U) det(V) U diag(products of all other s) V^T. Their
    derivatives are those of the minors of diag(s): of k + 1 rows and columns, times all other s.
    """
    finite = np.isfinite(x).all(axis=(-2, -1), keepdims=True)
    # mutants 1: becomes nan
    u, s, vt = np.linalg.svd(np.where(finite, x, 0.0))  # with infinities LAPACK may never end
    ut, v = np.swapaxes(u, -1, -2), np.swapaxes(vt, -1, -2)
    # mutants 1: factors are 1 or -1
    handed = (np.linalg.det(u) * np.linalg.det(vt))[..., None, None]
    inner = minors(s, [ut @ d @ v for d in directions])
    return np.where(finite, handed * (u @ inner @ vt), np.nan)


def minors(s: Data, directions: Sequence[Data]) -> Data:
    """Return the derivative of the cofactors of diag(s) along the directions: (.., n, n).

    The sum over k + 1 different rows, and over the orders of these as columns, of one entry of each
    direction, of the sign of the order, and of all other s; the last entry is left open.
    """
    k, one = len(directions), _identity(s)
    rows, others = ascii_lowercase[: k + 1], products_of_others(s, k + 1)
    out: Data = 0.0
    for order in permutations(range(k + 1)):
        entries = [f"...{rows[i]}{rows[order[i]]}" for i in range(k)]
        subscripts = ",".join([f"...{rows}", *entries, f"{rows[order[k]]}z"]) + f"->...{rows[k]}z"
        # mutants 1: permutations have no ties
        sign = (-1) ** sum(i > j for i, j in combinations(order, 2))
        # mutants 2: only faster
        out = out + sign * np.einsum(subscripts, others, *directions, one, optimize=True)
    return out


def _identity(s: Data) -> Data:
    i = np.arange(shape_of(s)[-1], like=s)  # mutants 1: only for CuPy
    return (i[:, None] == i).astype(s.dtype)


def products_of_others(s: Data, count: int) -> Data:
    """Return for each choice of `count` entries of s the product of all others; 0 for repeats."""
    i = np.arange(shape_of(s)[-1], like=s)  # mutants 1: only for CuPy
    *chosen, last = np.meshgrid(*[i] * count, indexing="ij")  # mutants 1: symmetric
    rest = s[(..., *(None,) * (count - 1), slice(None))]
    for x in chosen:
        rest = np.where(x == last, 1.0, rest)
    one = np.ones_like(rest[..., :1])
    before = np.cumprod(np.concatenate([one, rest[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([one, rest[..., :0:-1]], -1), -1)[..., ::-1]
    products = before * after
    for x, y in combinations([*chosen, last], 2):
        products = np.where(x == y, 0.0, products)  # mutants 2: these terms cancel
    return products
