"""Roots of sums of squares, of numbers whose squares may overflow or underflow.

In float32, squares of numbers above 1.8e19 are infinite and those of numbers below 1e-23 are zero.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from autograd.core.array_libraries import is_numpy, to_numpy
from autograd.core.op import Data

State = dict[str, Any]


@cache
def safe_range(dtype: np.dtype[Any]) -> tuple[float, float]:
    """Up to which size a sum of squares is safe, and for which `eps` lost squares don't matter.

    Running sums of such squares stay finite for 2^32 steps. A lost square is below the least
    normal number, so its root is lost in the rounding of anything it is added to from `eps` on.
    """
    limits = np.finfo(dtype)
    # mutants 3: the same, up to rounding
    return float(limits.max) * 2**-32, math.sqrt(limits.tiny) / float(limits.eps)


def need_roots(squares: Data, x: Data, eps: float) -> bool:
    """Whether the squares of `x` may leave the range of `squares`, beside `eps`.

    Arrays of other libraries are not looked at: they always do. The sum may overflow, of which
    `Optimizer.step` has NumPy not warn.
    """
    if not is_numpy(x):
        return True
    largest, least_eps = safe_range(squares.dtype)
    if eps < least_eps:  # mutants 1: the same, up to rounding
        return True
    flat = x.ravel(order="K")  # mutants 1: only faster
    # mutants 1: the same, up to rounding
    return not np.vdot(flat, flat) <= largest  # also where it is nan


def denominator(
    state: State, x: Data, keep: float, share: float, eps: float, scratch: Data
) -> Data:
    """`sqrt(s) + eps`, where s becomes `keep s + share x^2`.

    The state holds s under "squares"; or the root of s under "root", computed with hypot, which no
    finite number overflows but which takes 50 times as long.

    Args:
        state: changed in place.
        x: may be `scratch`.
        keep, share, eps: see above.
        scratch: where the result is written, or None for a new array.
    """
    if "root" in state:
        root = state["root"]
        root *= math.sqrt(keep)
        part = np.multiply(x, math.sqrt(share), out=scratch)  # mutants 1: only faster
        # mutants 3: only faster; symmetric
        root = np.hypot(root, part, out=root if is_numpy(root) else None)
        state["root"] = root
        return np.add(root, eps, out=scratch)  # mutants 1: only faster
    squares = state["squares"]
    if keep != 1:  # mutants 1: only faster
        squares *= keep
    squares += scaled(np.multiply(x, x, out=scratch), share, scratch)
    state["squares"] = squares  # mutants 1: changed in place
    out = np.sqrt(squares, out=scratch)
    out += eps
    return out


def scaled(x: Data, factor: float, scratch: Data) -> Data:
    """`factor` times `x`, which may be `scratch`."""
    return x if factor == 1 else np.multiply(x, factor, out=scratch)  # mutants 1: only faster


def norm(x: Any, order: float = 2.0) -> float:
    """The norm of all entries as one vector; it overflows only if it is above the largest float.

    >>> norm(np.array([2.0**700, 0])) == 2.0**700, norm(np.array([300, 400], np.float16))
    (True, 500.0)
    """
    flat = np.ravel(x)
    if not flat.size:
        return 0.0
    if flat.dtype == np.float16:
        flat = flat.astype(np.float32)
    with np.errstate(over="ignore", under="ignore"):  # mutants 1: underflow is ignored by default
        direct = float(np.linalg.norm(flat, order))
    # mutants 4: the same, up to rounding
    if order <= 2 and 1e-12 < direct < math.inf:  # no square was lost
        return direct
    wide = to_numpy(flat).astype(np.float64)
    largest = float(np.abs(wide).max(initial=0.0))  # mutants 1: not empty
    if not 0 < largest < math.inf:  # mutants 2: the same, up to rounding
        return largest
    # mutants 1: underflow is ignored by default
    with np.errstate(under="ignore"):  # beside a 1 such powers don't count
        return largest * float(np.linalg.norm(wide / largest, order))
