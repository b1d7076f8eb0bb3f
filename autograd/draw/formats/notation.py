"""The notation of names, numbers and operations, the same in every format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from autograd.core.shapes import Shape
from autograd.draw.graph.picture import Array, Box, Number, Picture, is_single

# Signs of mathematics in place of Python's, wherever text is drawn.
TYPESET = {
    " * ": " \N{MULTIPLICATION SIGN} ",
    " - ": " \N{MINUS SIGN} ",
    "-": "\N{MINUS SIGN}",
}
LONGEST = 28  # characters of the entries of an array
SIGNS = {"add", "sub", "mul", "div", "pow", "matmul", "neg"}
CALL = re.compile(r"([^()]+)\(·(, ·)*(, [^·]*)?\)")


def rounded(x: float, precision: int) -> str:
    """`x` to so many significant digits, but below a million never to less than a whole number.

    >>> rounded(138.8338, 4), rounded(12345.6, 4), rounded(1e-9 / 3, 4)
    ('138.8', '12346', '3.333e-10')
    """
    x += 0.0  # no sign on zero
    whole = len(f"{abs(x):.0f}") if abs(x) < 1e6 else 0
    return f"{x:.{max(precision, whole)}g}"


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


def nested(entries: Sequence[str], shape: Shape) -> str:
    """Entries in brackets as NumPy writes them, on one line; "" without entries.

    >>> nested(["1", "2", "3", "4"], (2, 2))
    '[[1 2] [3 4]]'
    """
    if not entries or not shape:
        return "".join(entries)
    step = len(entries) // shape[0]
    rows = [entries[i : i + step] for i in range(0, len(entries), step)]
    return f"[{' '.join(nested(row, shape[1:]) for row in rows)}]"


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


def formula(box: Box, spell: Callable[[str], str], precision: int) -> str:
    """How a box was computed: its formula, with `spell(id)` for each operand that has a box.

    >>> from autograd import Value
    >>> from autograd.draw.graph.snapshot import picture_of
    >>> step = picture_of([2 * Value(3.0)]).boxes[-1]
    >>> formula(step, lambda box_id: "x", 4)
    '2 * x'
    """
    return "".join(pieces_of(box, spell, lambda x: written(x, precision)))


def sign(box: Box, precision: int) -> str:
    """The operation as it stands in a box: its sign or name, with constants that have no box.

    >>> from autograd import Value
    >>> from autograd.draw.graph.snapshot import picture_of
    >>> x = Value(3.0)
    >>> [sign(picture_of([y]).boxes[-1], 4) for y in (x * x, x**2, x.tanh())]
    ['×', '**2', 'tanh']
    """

    def number(x: Number | None) -> str:
        return written(x, precision).replace("-", TYPESET["-"])

    text = "".join(TYPESET.get(piece, piece) for piece in pieces_of(box, lambda _: "·", number))
    if all(isinstance(x, str) for x in box.operands):
        if call := CALL.fullmatch(text):
            return call[1]
        if box.op not in SIGNS and not text.startswith(("·[", "·.")):
            return box.op
    return text.strip("· ") or box.op


def pieces_of(
    box: Box, spell: Callable[[str], str], number: Callable[[Number | None], str]
) -> Iterator[str]:
    """The pieces of a box's formula as text."""
    for piece in box.formula:
        if isinstance(piece, str):
            yield piece
            continue
        x = box.operands[piece.key] if isinstance(piece.key, int) else piece.key
        text = spell(x) if isinstance(x, str) else number(x)
        yield f"({text})" if piece.tight and text.startswith(("-", TYPESET["-"])) else text
