"""The functions on arrays that columns are computed with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.core.op import Data, Op


def array_function(op: Op, dtype: Any) -> Callable[..., Any]:
    """Return the function of an operation on columns of a dtype."""
    if op.elementwise is None:
        return elementwise_only(op)
    if (
        op.rule and op.arity and None in op.vjps
    ):  # of conditions, beside which all numbers may be floats
        return of_dtype(op.on_array, dtype)
    return op.on_array


def takes_out(function: Any) -> bool:
    """Whether a function can write into an array."""
    return isinstance(function, np.ufunc) or "out" in getattr(function, "__annotations__", ())


def of_dtype(function: Callable[..., Data], dtype: Any) -> Callable[..., Data]:
    """Return the function with its results in a dtype: NumPy makes float64 of Python's floats."""

    def converted(*operands: Data, **options: Any) -> Data:
        out = function(*operands, **options)
        return out if out.dtype in (dtype, bool) else out.astype(dtype)

    return converted


def elementwise_only(op: Op) -> Callable[..., Data]:
    """Return the function of an operation, which raises if it changes shapes."""

    def checked(*operands: Data, **options: Any) -> Data:
        out = op.on_array(*operands, **options)
        wanted = np.broadcast_shapes(*map(np.shape, operands))
        if np.shape(out) != wanted:
            raise ValueError(
                f"{op.name} made shape {np.shape(out)} of {wanted}; a primitive of single numbers "
                "must work entry by entry on arrays"
            )
        return out

    return checked
