"""How names, numbers and operations are written: alike in every format."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .picture import Box, Number

PYTHON = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "matmul": "@", "neg": "-"}


def printable(text: str) -> str:
    r"""The text on one line, with whatever can't be printed as Python writes it.

    >>> print(printable("two\nlines, π"))
    two\nlines, π
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def rounded(x: float, precision: int) -> str:
    """`x` to so many significant digits, but below a million to a whole number at least.

    >>> rounded(138.8338, 4), rounded(12345.6, 4), rounded(1e-9 / 3, 4)
    ('138.8', '12346', '3.333e-10')
    """
    whole = len(f"{abs(x):.0f}") if abs(x) < 1e6 else 0
    return f"{x:.{max(precision, whole)}g}"


def written(x: Number, precision: int) -> str:
    """A number; of an array the range and the norm.

    >>> from autograd.draw.picture import Array
    >>> written(Array((3,), "float64", -1.0, 2.0, 2.5), 4)
    '-1 … 2, norm 2.5'
    """
    if isinstance(x, float):
        return rounded(x, precision)
    low, high, norm = (rounded(y, precision) for y in (x.low, x.high, x.norm))
    if math.prod(x.shape) <= 1:
        return low if math.prod(x.shape) else "empty"
    return f"all {low}" if x.low == x.high else f"{low} … {high}, norm {norm}"


def brief(x: Number, precision: int) -> str:
    """A constant inside a formula: a number, or the shape of an array."""
    single = isinstance(x, float) or math.prod(x.shape) == 1
    return written(x, precision) if single else str(x.shape)


def gradient(box: Box, precision: int) -> str:
    """A gradient, or why there is none: which is not the same as a gradient of zero."""
    if box.kind == "constant":
        return ""
    if box.gradient is not None:
        return written(box.gradient, precision)
    return "not computed" if box.keeps_grad else "not kept"


def kind_of_array(x: Number) -> str:
    """Shape and dtype of an array; nothing for a float."""
    return "" if isinstance(x, float) else f"{x.shape} {x.dtype}"


def formula(op: str, operands: Sequence[str], symbols: Mapping[str, str] = PYTHON) -> str:
    """An operation applied.

    >>> formula("mul", ["a", "b"]), formula("neg", ["a"]), formula("tanh", ["a"])
    ('a * b', '-a', 'tanh(a)')
    """
    if op in symbols and len(operands) <= 2:
        return f" {symbols[op]} ".join(operands) if len(operands) == 2 else symbols[op] + operands[0]
    return f"{op}({', '.join(operands)})"
