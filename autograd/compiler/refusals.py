"""Errors for functions of arrays in a function that is compiled for single numbers."""

from __future__ import annotations

import sys
from traceback import walk_tb
from typing import Any

import numpy as np

from autograd.core.anomaly import describe_line, is_library_frame, user_line
from autograd.core.op import Op
from autograd.numpy_api import functions, linalg, manipulation


def not_compiled(name: str, line: str = "") -> TypeError:
    """The error for a function of arrays."""
    return TypeError(
        f"{name} can't be compiled, at {line or user_line()}; compile() takes functions of "
        "single numbers, and computes arrays entry by entry: write it with numbers, in lists if "
        "they are several, or call the function without compile()"
    )


def called_by_user(op: Op) -> str:
    """The function of this library that the user's line calls, or else the name of the op."""
    frame, name = sys._getframe(1), op.name
    while frame.f_back and is_library_frame(frame):
        if has_function(frame.f_code.co_name):
            name = frame.f_code.co_name
        frame = frame.f_back
    return name


def has_function(name: str, modules: Any = (functions, manipulation, linalg)) -> bool:
    return any(hasattr(module, name) for module in modules)


def array_function_failed(error: Exception) -> TypeError | None:
    """The error in place of one that a function of arrays raises since a number has no axes."""
    line = name = ""
    for frame, number in walk_tb(error.__traceback__):
        if not is_library_frame(frame):
            line, name = describe_line(frame.f_code, number), ""
        elif not name and has_function(frame.f_code.co_name):
            name = frame.f_code.co_name
    of_arrays = isinstance(error, np.exceptions.AxisError) or has_function(
        name, (manipulation, linalg)
    )
    return not_compiled(name, line) if line and name and of_arrays else None
