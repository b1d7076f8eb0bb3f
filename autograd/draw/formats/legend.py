"""The legend of a picture: what its outlines and colours mean, and where each entry stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd.draw.graph.picture import Picture
from autograd.draw.layout.geometry import Size

from .fonts import width

SAMPLE = Size(24.0, 14.0)  # of a box
SIZE = 10.5  # of the text
INDENT, ROW = 14.0, 22.0
GAP, APART = 8.0, 22.0  # between a sample and its text, and between entries
NARROWEST = 300.0  # a legend this wide stays on one line below a narrower picture

MEANINGS = {
    "leaf": "leaf",
    "constant": "constant",
    "step": "operation",
    "derivative": "operation of the derivative",
    "folded": "group, folded",
    "result": "result",
    "reference": "a node shown again",
    "slope": "local derivative",
}


class Entry(NamedTuple):
    """A sample, its upper left corner below the picture at (x, y), and its meaning beside it."""

    x: float
    y: float
    kind: str
    meaning: str


def meanings(picture: Picture, references: bool, slopes: bool) -> Iterator[tuple[str, str]]:
    """The signs that a picture has, and what they mean."""
    shown = {"folded" if box.kind == "group" else box.kind for box in picture.boxes}
    shown |= {"result"} if any(box.root for box in picture.boxes) else set()
    shown |= {"reference"} if references else set()
    shown |= {"slope"} if slopes else set()
    return ((kind, meaning) for kind, meaning in MEANINGS.items() if kind in shown)


def entries(signs: Sequence[tuple[str, str]], picture_width: float) -> tuple[Entry, ...]:
    """The entries in rows that are no wider than the picture, if that isn't very narrow."""
    right = max(picture_width, NARROWEST)
    found, x, y = [], INDENT, 8.0
    for kind, meaning in signs:
        end = x + SAMPLE.width + GAP + width(meaning, SIZE)
        if end > right - INDENT and x > INDENT:
            x, y, end = INDENT, y + ROW, end - x + INDENT
        found.append(Entry(x, y, kind, meaning))
        x = end + APART
    return tuple(found)


def size(legend: Sequence[Entry]) -> Size:
    """The room below the picture."""
    ends = [entry.x + SAMPLE.width + GAP + width(entry.meaning, SIZE) + INDENT for entry in legend]
    return Size(max(ends, default=0.0), legend[-1].y + ROW + 4.0 if legend else 0.0)
