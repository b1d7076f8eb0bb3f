"""How names, numbers and operations are written, alike in every format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .picture import Array, Box, Number, Picture, is_single

PYTHON = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "matmul": "@", "neg": "-"}
TYPESET = PYTHON | {
    "mul": "\N{MULTIPLICATION SIGN}",
    "sub": "\N{MINUS SIGN}",
    "neg": "\N{MINUS SIGN}",
}


def printable(text: str) -> str:
    r"""The text on one line: what can't be printed, as Python writes it.

    >>> print(printable("two\nlines of π"))
    two\nlines of π
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def rounded(x: float, precision: int) -> str:
    """`x` to so many significant digits, but below a million never to less than a whole number.

    >>> rounded(138.8338, 4), rounded(12345.6, 4), rounded(1e-9 / 3, 4)
    ('138.8', '12346', '3.333e-10')
    """
    x += 0.0  # no sign on zero
    whole = len(f"{abs(x):.0f}") if abs(x) < 1e6 else 0
    return f"{x:.{max(precision, whole)}g}"


def written(x: Number | None, precision: int) -> str:
    """A number; of an array its range and its norm; nothing for nothing.

    >>> from autograd.draw.picture import number
    >>> import numpy as np
    >>> written(number(np.array([-2.0, 1.0, 2.0])), 4)
    '-2 … 2, norm 3'
    """
    if x is None:
        return ""
    if isinstance(x, float):
        return rounded(x, precision)
    if 0 in x.shape:
        return "empty"
    low, high, norm = (rounded(y, precision) for y in (x.low, x.high, x.norm))
    if is_single(x):
        return low
    return f"all {low}" if x.low == x.high else f"{low} … {high}, norm {norm}"


def slope_texts(picture: Picture, precision: int) -> dict[tuple[str, int], str]:
    """The local derivatives as they stand beside edges, by box and argument."""
    return {
        (box.id, i): slope_text(slope, precision)
        for box in picture.boxes
        for i, slope in enumerate(box.slopes)
        if slope is not None
    }


def slope_text(slope: Number, precision: int) -> str:
    """A local derivative, short: of many numbers their range."""
    if isinstance(slope, Array) and slope.low != slope.high:
        return f"{rounded(slope.low, precision)} … {rounded(slope.high, precision)}"
    return written(slope, precision).removeprefix("all ")


def shape_and_dtype(x: Number | None) -> str:
    """What an array is an array of; nothing for a float."""
    return f"{x.shape} {x.dtype}" if isinstance(x, Array) else ""


def gradient(box: Box, precision: int) -> str:
    """A gradient, or why there is none: never computed is not the same as zero."""
    if box.kind == "constant" or box.value is None or not box.differentiated:
        return ""
    if box.gradient is None:
        return "not computed" if box.keeps_grad else "not kept"
    return written(box.gradient, precision)


def formula(op: str, operands: Sequence[str], signs: Mapping[str, str] = PYTHON) -> str:
    """An operation applied to its operands.

    >>> formula("mul", ["a", "b"]), formula("neg", ["a"]), formula("tanh", ["a"])
    ('a * b', '-a', 'tanh(a)')
    """
    if op not in signs:
        return f"{op}({', '.join(operands)})"
    return f" {signs[op]} ".join(operands) if len(operands) > 1 else signs[op] + operands[0]


def operation(box: Box, precision: int, signs: Mapping[str, str] = PYTHON) -> str:
    """The operation's sign or name, with those of its constants that have no box: "** 3"."""
    if all(isinstance(x, str) for x in box.operands):
        return signs.get(box.op, box.op)
    operands = ["·" if isinstance(x, str) else written(x, precision) for x in box.operands]
    return formula(box.op, operands, signs).strip("· ")
