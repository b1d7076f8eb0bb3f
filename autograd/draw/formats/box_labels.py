"""The text in each box, line by line, and the size of the box."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from autograd.draw.graph.picture import Box, Picture
from autograd.draw.layout.geometry import Size
from autograd.expressions import printable

from .fonts import width
from .notation import gradient, shape_and_dtype, sign, typeset, written

Anchor: TypeAlias = Literal["start", "middle", "end"]
Role: TypeAlias = Literal["label", "name", "value", "gradient", "missing", "op", "number", "note"]

TEXT, SMALL, SIGN = 12.0, 10.5, 18.0  # sizes of type, in pixels
LINE = 16.0
PAD_X, PAD_Y = 9.0, 7.0
COLUMN = 9.0  # between a name and its number
BORDER = 3.0  # between the two outlines of a result


class Text(NamedTuple):
    """A line of text; `x` and `y` are where it begins (or its middle, or end) on its baseline."""

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
    border: float = 0.0  # how far inside of an outer outline the card itself begins


NO_SIZE = Size(0.0, 0.0)


def cards(
    picture: Picture, precision: int, named: Collection[str], least: Mapping[str, Size]
) -> dict[str, Card]:
    """The card of each box, at least as large as its size in `least`.

    Boxes without a label show their name if they are `named`.
    """
    return {
        box.id: card(box, precision, box.id in named, least.get(box.id, NO_SIZE))
        for box in picture.boxes
    }


def card(box: Box, precision: int, named: bool = False, least: Size = NO_SIZE) -> Card:
    """A box with the operation on the left, name and numbers beside it."""
    lines = list(rows(box, precision))
    number = box.name if named and not box.label else ""
    wide = max((row_width(row) for row in lines), default=0.0)
    if number:
        head = row_width(lines[0]) if lines and len(lines[0]) == 1 else 0.0
        if not head:
            lines.insert(0, ())
        wide = max(wide, head + (COLUMN if head else 0.0) + width(number, SMALL))
    op = sign(box, precision)
    size = SIGN if len(op) == 1 else TEXT
    cell = max(28.0, width(op, size, bold=True) + 2 * PAD_X) if op else 0.0
    full = Size(
        max(cell + wide + 2 * PAD_X, 34.0, least.width),
        max(len(lines) * LINE + 2 * PAD_Y - 2, 26.0, least.height),
    )
    texts: list[Text] = []
    if op:
        texts.append(Text(cell / 2, full.height / 2 + size * 0.34, op, "op", "middle", size))
    left, right = cell + PAD_X, full.width - PAD_X
    top = (full.height - len(lines) * LINE) / 2
    for i, row in enumerate(lines):
        y = top + i * LINE + LINE * 0.74
        if len(row) == 1:
            alone = not box.op and not number and len(lines) == 1
            ((text, role),) = row
            at: tuple[float, Anchor] = ((left + right) / 2, "middle") if alone else (left, "start")
            texts.append(Text(at[0], y, text, role, at[1], size_of(role)))
        elif row:
            (name, _), (value, role) = row
            texts.append(Text(left, y, name, "name", "start", SMALL))
            texts.append(Text(right, y, value, role, "end"))
    if number:
        texts.append(Text(right, top + LINE * 0.74, number, "number", "end", SMALL))
    if not box.root:
        return Card(full, tuple(texts), cell)
    moved = tuple(text._replace(x=text.x + BORDER, y=text.y + BORDER) for text in texts)
    return Card(Size(full.width + 2 * BORDER, full.height + 2 * BORDER), moved, cell, BORDER)


Row: TypeAlias = tuple[tuple[str, Role], ...]


def rows(box: Box, precision: int) -> Iterator[Row]:
    """The rows beside the operation: a line alone, or a name and a number."""
    if box.label:
        yield ((box.name, "label"),)
    if array := shape_and_dtype(box.value):
        yield ((array, "note"),)
    yield from (((note, "note"),) for note in box.notes)
    if box.value is None:
        return
    value = typeset(written(box.value, precision))
    if box.kind == "constant":
        yield ((value, "value"),)
        return
    yield (("value", "name"), (value, "value"))
    if not box.differentiated:
        return
    role: Role = "missing" if box.gradient is None else "gradient"
    yield (("gradient", "name"), (typeset(gradient(box, precision)), role))


def size_of(role: Role) -> float:
    return SMALL if role in {"name", "number", "note"} else TEXT


def row_width(row: Row) -> float:
    widths = [width(text, size_of(role), role == "label") for text, role in row]
    return sum(widths) + COLUMN * (len(widths) - 1)


def reference_card(box: Box, precision: int) -> Card:
    """The small card that refers to a box, beside a use that is far away."""
    name = box.name if box.label or box.op else written(box.value, precision)
    role: Role = "label" if box.label else "value"
    size = Size(max(width(name, TEXT, bold=True) + 2 * PAD_X, 30.0), 24.0)
    return Card(size, (Text(size.width / 2, 12 + TEXT * 0.34, name, role, "middle"),))


def title_size(name: str) -> Size:
    """The room for the name of a group in the corner of its frame."""
    return Size(width(printable(name), TEXT, bold=True), 16.0)
