"""The text in each box, line by line, and the size of the box."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from autograd.draw.graph.picture import Box
from autograd.draw.layout.geometry import Frame, Size
from autograd.expressions import printable

from .fonts import width
from .notation import gradient_text, number_text, sign, summary_lines, typeset

Anchor: TypeAlias = Literal["start", "middle", "end"]
Role: TypeAlias = Literal[
    "label", "name", "value", "gradient", "missing", "op", "number", "note", "slope", "title",
    "column", "about",  # of nets
]  # fmt: skip
Row: TypeAlias = tuple[tuple[str, Role], ...]  # texts side by side

TEXT, SMALL, SIGN = 12.0, 10.5, 18.0  # font sizes, in pixels
NUMBERS = {"value", "gradient"}  # roles
LINE = 16.0  # height
PAD_X, PAD_Y = 9.0, 7.0
COLUMN = 9.0  # between a name and its number
BORDER = 3.0  # between the two outlines of a result


class Text(NamedTuple):
    """A line of text; its start, middle or end is at `x` on its baseline `y`."""

    x: float
    y: float
    text: str
    role: Role
    anchor: Anchor = "start"
    size: float = TEXT


@dataclass(frozen=True, slots=True)
class Card:
    """A box as it is drawn, its upper left corner at (0, 0)."""

    size: Size
    texts: tuple[Text, ...]
    cell: float = 0.0  # the width of the part on the left that holds the operation
    border: float = 0.0  # the distance from an outer outline to the card itself


NO_SIZE = Size(0.0, 0.0)


def card(box: Box, precision: int, named: bool = False, least: Size = NO_SIZE) -> Card:
    """Return the card of a box: the operation on the left, name and numbers beside it.

    Args:
        box: what to show.
        precision: the number of significant digits.
        named: show the name of a box without a label.
        least: the smallest size.
    """
    lines: list[Row] = [
        tuple((typeset(text) if role in NUMBERS else text, role) for text, role in row)
        for row in rows(box, precision)
    ]
    if named and box.name and not box.label:
        beside = lines.pop(0) if lines and len(lines[0]) == 1 else (("", "name"),)
        lines.insert(0, (*beside, (box.name, "number")))
    wide = max(map(row_width, lines), default=0.0)
    op = sign(box, precision)
    size = SIGN if len(op) == 1 else TEXT
    cell = max(28.0, width(op, size, bold=True) + 2 * PAD_X) if op else 0.0
    full = Size(
        max(cell + wide + 2 * PAD_X, 34.0, least.width),
        max(len(lines) * LINE + 2 * PAD_Y - 2, 26.0, least.height),
    )
    left, right = cell + PAD_X, full.width - PAD_X
    first = (full.height - len(lines) * LINE) / 2 + LINE * 0.74  # the baseline of the first line
    texts: list[Text] = []
    if op:
        texts.append(Text(cell / 2, full.height / 2 + size * 0.34, op, "op", "middle", size))
    for i, row in enumerate(lines):
        places: list[tuple[float, Anchor]] = [(left, "start"), (right, "end")]
        if len(row) == len(lines) == 1 and not op:
            places = [((left + right) / 2, "middle")]
        texts += [
            Text(x, first + i * LINE, text, role, anchor, size_of(role))
            for (text, role), (x, anchor) in zip(row, places)
            if text
        ]
    if not box.root:
        return Card(full, tuple(texts), cell)
    moved = tuple(text._replace(x=text.x + BORDER, y=text.y + BORDER) for text in texts)
    return Card(Size(full.width + 2 * BORDER, full.height + 2 * BORDER), moved, cell, BORDER)


def rows(box: Box, precision: int) -> Iterator[Row]:
    """Yield the rows beside the operation: a text alone, or a name and a number."""
    if box.label:
        yield ((box.name, "label"),)
    yield from (((line, "note"),) for line in summary_lines(box))
    if box.value is None:
        return
    value = number_text(box.value, precision)
    if box.kind == "constant":
        yield ((value, "value"),)
        return
    yield ("value", "name"), (value, "value")
    if box.differentiated:
        role: Role = "missing" if box.gradient is None else "gradient"
        yield ("gradient", "name"), (gradient_text(box, precision), role)


def size_of(role: Role) -> float:
    return SMALL if role in {"name", "number", "note"} else TEXT


def row_width(row: Row) -> float:
    widths = [width(text, size_of(role), role == "label") for text, role in row if text]
    return sum(widths) + COLUMN * (len(widths) - 1)


def reference_card(box: Box, precision: int) -> Card:
    """Return the small card that refers to a box, beside a use that is far away."""
    name = box.name if box.label or box.op else number_text(box.value, precision)
    size = Size(max(width(name, TEXT, bold=True) + 2 * PAD_X, 30.0), 24.0)
    role: Role = "label" if box.label else "value"
    return Card(size, (Text(size.width / 2, 12 + TEXT * 0.34, name, role, "middle"),))


def title_size(name: str) -> Size:
    """Return the room for the name of a group in the corner of its frame."""
    return Size(width(printable(name), TEXT, bold=True), 16.0)


def title(name: str, frame: Frame) -> Text:
    """Return the name of a group in the corner of its frame."""
    return Text(frame.x + 12, frame.y + 18, name, "title")
