"""The notation of names, numbers and operations, the same in every format."""

from __future__ import annotations

from collections.abc import Callable

from autograd.draw.graph.picture import Array, Box, Number, Picture, is_single
from autograd.expressions import ATOM, SUM, Operation, PlainText, Typeset, Written, nested, rounded

MINUS = "\N{MINUS SIGN}"
LONGEST = 28  # characters of the entries of an array


def written(x: Number | None, precision: int) -> str:
    """A number; of an array its entries, or its range and its norm; "" for None.

    >>> from autograd.draw.graph.picture import number
    >>> import numpy as np
    >>> written(number(np.array([-2.0, 1.0, 2.0])), 4), written(number(np.arange(-8.0, 9.0)), 4)
    ('[-2 1 2]', '-8 … 8, norm 20.2')
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
    if x.low == x.high:
        return f"all {low}"
    entries = nested([rounded(y, precision) for y in x.entries], x.shape)
    return entries if 0 < len(entries) <= LONGEST else f"{low} … {high}, norm {norm}"


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
    """The shape and dtype of an array; "" for a float."""
    return f"{x.shape} {x.dtype}" if isinstance(x, Array) else ""


def gradient(box: Box, precision: int) -> str:
    """A gradient, or why there is none: never computed is not the same as zero."""
    if box.kind == "constant" or box.value is None or not box.differentiated:
        return ""
    if box.gradient is None:
        return "not computed" if box.keeps_grad else "not kept"
    return written(box.gradient, precision)


def formula(box: Box, spell: Callable[[str], str | Number | None], precision: int) -> str:
    """Return how a box was computed, with the name or value `spell(id)` of each operand's box.

    >>> from autograd import Value
    >>> from autograd.draw.graph.snapshot import picture_of
    >>> step = picture_of([2 * Value(3.0)]).boxes[-1]
    >>> formula(step, lambda box_id: "x", 4)
    '2 * x'
    """

    def symbol(i: int) -> str | Written:
        operand = box.operands[i]
        x = spell(operand) if isinstance(operand, str) else operand
        return x if isinstance(x, str) else as_operand(written(x, precision))

    return "" if box.formula is None else PlainText(precision).text(box.formula, symbol)


def sign(box: Box, precision: int) -> str:
    """Return the operation as it stands in a box: its sign or name, with constants without boxes.

    >>> from autograd import Value
    >>> from autograd.draw.graph.snapshot import picture_of
    >>> x = Value(3.0)
    >>> [sign(picture_of([y]).boxes[-1], 4) for y in (x * x, x**2, x.tanh())]
    ['×', '**2', 'tanh']
    """

    def symbol(i: int) -> Written:
        x = box.operands[i]
        return as_operand("·" if isinstance(x, str) else typeset(written(x, precision)))

    x = box.formula
    if isinstance(x, Operation) and all(isinstance(operand, str) for operand in box.operands):
        if x.kind == "call":
            return x.name
        if any(isinstance(operand, Operation) for operand in x.operands):
            return box.op
    return (Typeset(precision).text(x, symbol).strip("· ") if x else "") or box.op


def as_operand(number: str) -> Written:
    """Return a number or a range of numbers to stand in a formula."""
    return Written((number,), SUM if number.startswith(("-", MINUS)) else ATOM)


def typeset(number: str) -> str:
    """Return a number with signs of subtraction in place of hyphens."""
    return number.replace("-", MINUS)
