"""The dtypes that are computed in: integers where real numbers are meant, and float16 in sums."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from .array_libraries import as_operand

REALS = (np.dtype(np.float64), np.dtype(np.float32))  # computed in as they are


def as_real(x: Any) -> Any:
    """`x` with integers and booleans as float64, as NumPy's mean() has it."""
    if type(x) in (float, int, bool):
        return float(x)  # which takes on the dtype of what stands beside it
    if hasattr(x, "requires_grad") and not hasattr(x, "dtype"):
        return x
    x = as_operand(x) if hasattr(x, "dtype") else np.array(x)
    return x.astype(float) if x.dtype.kind in "iub" else x


def on_reals(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, given `as_real(x)`; and float16 as float32, with the result in float16 again.

    In float32 sums and squares of such numbers do not overflow, nor do small constants vanish.
    """
    return on_converted(function, as_real)  # mutants 1: runs at import


def in_wide_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but small integers and booleans become 64-bit integers, as in NumPy's prod()."""
    return on_converted(function, as_wide_integers)  # mutants 1: runs at import


def on_converted(function: Callable[..., Any], convert: Callable[[Any], Any]) -> Callable[..., Any]:
    """`function`, its first argument converted, and from float16 to float32 and back."""
    (first, *_) = inspect.signature(function).parameters

    @wraps(function)
    def forward(*args: Any, **kwargs: Any) -> Any:
        if not args and first in kwargs:
            args = (kwargs.pop(first),)
        x = args[0] if args else None
        if x is None or (plain_or_node(x) and getattr(x, "dtype", None) in REALS):
            return function(*args, **kwargs)
        x = convert(as_operand(x))
        if getattr(x, "dtype", None) != np.float16:
            return function(x, *args[1:], **kwargs)
        return function(x.astype(np.float32), *args[1:], **kwargs).astype(np.float16)

    return forward


def plain_or_node(x: Any) -> bool:
    """Whether `x` is no array with arithmetic of its own, such as a masked one."""
    return type(x) is np.ndarray or hasattr(x, "requires_grad")


def as_wide_integers(x: Any) -> Any:
    dtype = getattr(x, "dtype", None)
    if dtype is None or dtype.kind not in "iub":  # mutants 1: an extra copy
        return x
    return x.astype(np.prod(np.empty(0, dtype)).dtype)  # mutants 1: only the dtype is used
