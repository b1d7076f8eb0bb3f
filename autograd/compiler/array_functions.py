"""NumPy's function for each operation."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.core import kernels, rules
from autograd.core.op import Data, Op

from .syntax import SPELLINGS

UFUNCS: dict[Callable[..., Any], Any] = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    kernels.divide: np.divide,
    kernels.mod: np.remainder,
    kernels.floor_divide: np.floor_divide,
    operator.neg: np.negative,
    operator.abs: np.absolute,
    operator.eq: np.equal,
    operator.ne: np.not_equal,
    operator.lt: np.less,
    operator.le: np.less_equal,
    operator.gt: np.greater,
    operator.ge: np.greater_equal,
    operator.and_: np.logical_and,
    operator.or_: np.logical_or,
    kernels.power: operator.pow,
}


def array_function(op: Op, dtype: Any) -> Callable[..., Any]:
    """Return the function on arrays for an operation."""
    if op is rules.where:
        return where_of(dtype)
    if op.forward not in SPELLINGS:
        return elementwise_only(op)
    return UFUNCS.get(op.forward) or op.on_array


def takes_out(function: Any) -> bool:
    """Whether a function can write into an array."""
    return isinstance(function, np.ufunc) or function.__name__ == "relu"


def where_of(dtype: Any) -> Callable[..., Data]:
    """Return NumPy's `where`, which of two plain numbers would make float64."""

    def where(condition: Data, x: Data, y: Data) -> Data:
        out: Any = np.where(condition, x, y)
        return out if out.dtype in (dtype, bool) else out.astype(dtype)

    return where


def elementwise_only(op: Op) -> Callable[..., Data]:
    """Return a primitive's forward function, which raises where it changes shapes."""

    def forward(*operands: Data, **options: Any) -> Data:
        out = op.forward(*operands, **options)
        wanted = np.broadcast_shapes(*map(np.shape, operands))
        if np.shape(out) != wanted:
            raise ValueError(
                f"{op.name} made shape {np.shape(out)} of {wanted}; a primitive of single numbers "
                "must work entry by entry on arrays"
            )
        return out

    return forward
