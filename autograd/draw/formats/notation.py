"""The notation of names, numbers and operations, the same in every format."""

from __future__ import annotations

from collections.abc import Callable

from autograd.draw.graph.picture import Array, Box, Number, Picture, is_single
from autograd.expressions import ATOM, SUM, Operation, PlainText, Typeset, Written, nested, rounded

MINUS = "\N{MINUS SIGN}"
LONGEST = 28  # characters of the entries of an array, at most


def number_text(x: Number | None, precision: int) -> str:
    """Return a number as text: an array by its entries, or its range and its norm; "" for None.

    >>> from autograd.draw.graph.picture import number
    >>> import numpy as np
    >>> number_text(number(np.array([-2.0, 1.0, 2.0])), 4)
    '[-2 1 2]'
    >>> number_text(number(np.arange(-8.0, 9.0)), 4)
    '-8 … 8, norm 20.2'
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


def gradient_text(box: Box, precision: int) -> str:
    """Return a gradient as text, or why there is none: not computed differs from zero."""
    if box.kind == "constant" or box.value is None or not box.differentiated:
        return ""
    if box.gradient is None:
        return "not computed" if box.keeps_grad else "not kept"
    return number_text(box.gradient, precision)


def slope_texts(picture: Picture, precision: int) -> dict[tuple[str, int], str]:
    """Return the local derivatives that stand beside edges, by box and argument."""
    return {
        (box.id, i): slope_text(slope, precision)
        for box in picture.boxes
        for i, slope in enumerate(box.slopes)
        if slope is not None
    }


def slope_text(slope: Number, precision: int) -> str:
    """Return a local derivative as short text: of an array its range."""
    if isinstance(slope, Array) and slope.low != slope.high:
        return f"{rounded(slope.low, precision)} … {rounded(slope.high, precision)}"
    return number_text(slope, precision).removeprefix("all ")


def summary_lines(box: Box) -> list[str]:
    """Return the lines that describe a box beside its numbers: shape and dtype, and notes."""
    array = [f"{box.value.shape} {box.value.dtype}"] if isinstance(box.value, Array) else []
    return [*array, *box.notes]


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
        return x if isinstance(x, str) else as_operand(number_text(x, precision))

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
        return as_operand("·" if isinstance(x, str) else typeset(number_text(x, precision)))

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
