"""Functions of arrays in a function that is compiled for single numbers, and their errors."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from traceback import walk_tb
from typing import Any

import numpy as np

from autograd.core.anomaly import describe_line, is_library_frame, user_line
from autograd.core.op import Op
from autograd.numpy_api import linalg, protocols


class DataDependentError(TypeError):
    """A decision in a function depends on numbers that are not known when it is compiled."""

    __module__ = "autograd"  # how tracebacks and pickle name it


def not_compiled(name: str, line: str = "") -> TypeError:
    """Return the error for a function of arrays."""
    return TypeError(
        f"{name} can't be compiled, at {line or user_line()}; compile() takes functions of "
        "single numbers, and computes arrays entry by entry: write it with numbers, in lists if "
        "they are several, or call the function without compile()"
    )


def called_by_user(op: Op) -> str:
    """Return the function of this library that the user's line calls, or else the op's name."""
    frame, name = sys._getframe(1), op.name
    while frame.f_back and is_library_frame(frame):
        if has_function(frame.f_code.co_name):
            name = frame.f_code.co_name
        frame = frame.f_back
    return name


def has_function(name: str, modules: Any = (*protocols.MODULES, linalg)) -> bool:
    return any(hasattr(module, name) for module in modules)


def array_function_failed(error: Exception) -> TypeError | None:
    """Return the error that replaces one of a function of arrays for a number without axes."""
    line = name = ""
    for frame, number in walk_tb(error.__traceback__):
        if not is_library_frame(frame):
            line, name = describe_line(frame.f_code, number), ""
        elif not name and has_function(frame.f_code.co_name):
            name = frame.f_code.co_name
    of_arrays = isinstance(error, np.exceptions.AxisError) or has_function(
        name, (*protocols.MODULES[1:], linalg)
    )
    return not_compiled(name, line) if line and name and of_arrays else None


def keeps_number(op: Op, options: Mapping[str, Any]) -> bool:
    """Whether an operation on arrays, such as a sum, leaves a single number as it is.

    Raises:
        numpy.exceptions.AxisError: it has the option axis, and a number has no such axis.
    """
    if not op.options <= {"axis", "axes", "keepdims", "shape"}:
        return False
    results = []
    for x in (-1.5, 2.25):
        try:
            results.append(op.forward(x, **options))
        except (ValueError, IndexError):
            if "keepdims" in op.options:
                raise
            return False
    return all(map(np.array_equal, results, (-1.5, 2.25)))
