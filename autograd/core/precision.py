"""Convert operands to the dtype to compute in: integers to float64, float16 to float32 in sums."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import numpy as np

from .array_libraries import as_operand
from .op import stack_nodes

REALS = (np.dtype(np.float64), np.dtype(np.float32))  # need no conversion


def as_real(x: Any) -> Any:
    """Return `x` with integers and booleans as float64, as in NumPy's mean()."""
    if type(x) in (float, int, bool):
        return float(x)  # beside an array, a float takes on its dtype
    if hasattr(x, "requires_grad") and not hasattr(x, "dtype"):
        return x
    x = as_operand(x) if hasattr(x, "dtype") else stack_nodes(x)
    x = x if hasattr(x, "dtype") else np.array(x)
    return x.astype(float) if x.dtype.kind in "iub" else x


def on_converted(convert: Callable[[Any], Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function: its first argument is converted, and float16 is computed in float32.

    In float32, sums and squares of such numbers do not overflow, and small constants do not vanish.
    The result is float16 again.
    """
    (first, *_) = inspect.signature(function).parameters

    @wraps(function)
    def forward(*args: Any, **kwargs: Any) -> Any:
        if not args and first in kwargs:
            args = (kwargs.pop(first),)
        x = args[0] if args else None
        # mutants 3: only faster
        plain = type(x) is np.ndarray or hasattr(x, "requires_grad")  # with ordinary arithmetic
        # mutants 1: only faster
        if x is None or (plain and getattr(x, "dtype", None) in REALS):
            return function(*args, **kwargs)
        x = convert(as_operand(stack_nodes(x)))
        if getattr(x, "dtype", None) != np.float16:
            return function(x, *args[1:], **kwargs)
        return function(x.astype(np.float32), *args[1:], **kwargs).astype(np.float16)

    return forward


def as_wide_integers(x: Any) -> Any:
    """Return `x` with small integers and booleans as 64-bit integers, as in NumPy's prod()."""
    dtype = getattr(x, "dtype", None)
    if dtype is None or dtype.kind not in "iub":  # mutants 1: an extra copy
        return x
    return x.astype(np.prod(np.empty(0, dtype)).dtype)  # mutants 1: only the dtype is used


on_reals = partial(on_converted, as_real)
on_wide_integers = partial(on_converted, as_wide_integers)
