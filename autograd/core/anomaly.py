"""Find the operation that first made a nan or an infinity."""

from __future__ import annotations

import linecache
import sys
from types import CodeType, FrameType
from typing import Any

import numpy as np

LIBRARIES = ("autograd", "nn", "numpy")


class AnomalyError(FloatingPointError):
    """An operation made a nan or an infinity out of finite numbers."""

    __module__ = "autograd"  # how tracebacks and pickle name it


def is_library_frame(frame: FrameType) -> bool:
    """Return whether the frame runs code of this library or of NumPy."""
    return frame.f_globals.get("__name__", "").split(".")[0] in LIBRARIES


def user_line() -> str:
    """Return the innermost running line that is neither this library's nor NumPy's."""
    frame = sys._getframe(1)
    while frame.f_back and is_library_frame(frame):
        frame = frame.f_back
    return describe_line(frame.f_code, frame.f_lineno)


def describe_line(code: CodeType, number: int) -> str:
    """Return a line of a program, with its file and its text."""
    text = linecache.getline(code.co_filename, number).strip()
    return f"{code.co_filename}:{number} in {code.co_name}" + (f": {text}" if text else "")


def nonfinite_kind(x: Any) -> str:
    """Return "nan" if a number is nan, else "inf" if one is infinite, else nothing."""
    if np.any(np.isnan(x)):
        return "nan"
    return "inf" if np.any(np.isinf(x)) else ""


def describe_data(x: Any) -> str:
    """Return a number as text, or the shape and the range of an array."""
    if not getattr(x, "shape", ()):
        return repr(float(x))
    if not x.size:
        return f"array{x.shape}"
    return f"array{x.shape} from {float(np.min(x))!r} to {float(np.max(x))!r}"


def describe_call(op: Any, args: Any, saved: Any) -> str:
    """Return the call as text, with labels and numbers."""
    parts = [
        (f"{arg.label} = " if arg is not None and arg.label else "") + describe_data(x)
        for arg, x in zip(args, saved)
    ]
    return f"{op.name}({', '.join(parts)})"


def check_result(op: Any, args: Any, saved: Any, data: Any) -> None:
    """Raise if the forward pass of `op` made a nan or an inf that no operand had."""
    new = nonfinite_kind(data)
    if new and not any(nonfinite_kind(x) in (new, "nan") for x in saved if is_number(x)):
        raise AnomalyError(f"{describe_call(op, args, saved)} made {new}, at {user_line()}")


def check_gradient(node: Any, i: int, g: Any, part: Any) -> None:
    """Raise if a rule made a nan or an inf out of a gradient that had none."""
    g, part = (getattr(x, "_data", x) for x in (g, part))
    new = nonfinite_kind(part)
    if new and nonfinite_kind(g) not in (new, "nan"):
        assert node.op is not None
        origin = node.notes.origin if node.notes else None
        raise AnomalyError(
            f"the derivative of {describe_call(node.op, node.args, node.saved)} "
            f"for its argument {i} made {new} of the gradient {describe_data(g)}"
            + (f"; computed at {origin}" if origin else "")
        )


def is_number(x: Any) -> bool:
    return isinstance(x, float) or getattr(getattr(x, "dtype", None), "kind", "") == "f"
