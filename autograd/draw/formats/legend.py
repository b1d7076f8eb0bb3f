"""The legend of a picture: what its outlines and colours mean, and where each entry stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autograd.draw.graph.picture import Picture
from autograd.draw.layout.geometry import Size

from .box_labels import SMALL, Text
from .fonts import width

SAMPLE = Size(24.0, 14.0)  # of a box
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
    """A sample of a kind with its meaning, its upper left corner below the picture at (x, y)."""

    x: float
    y: float
    kind: str
    texts: tuple[Text, ...]


def kinds_in(picture: Picture, references: bool, slopes: bool) -> list[str]:
    """Return the kinds of signs that a picture has, in the order of the legend."""
    shown = {"folded" if box.kind == "group" else box.kind for box in picture.boxes}
    shown |= {"result"} if any(box.root for box in picture.boxes) else set()
    shown |= {"reference"} if references else set()
    shown |= {"slope"} if slopes else set()
    return [kind for kind in MEANINGS if kind in shown]


def legend_of(kinds: Sequence[str], picture_width: float) -> tuple[tuple[Entry, ...], Size]:
    """Return the entries in rows as wide as the picture, and the size of them all."""
    right = max(picture_width, NARROWEST)
    found, x, y, widest = [], INDENT, 8.0, 0.0
    for kind in kinds:
        texts = [Text(SAMPLE.width + GAP, 11.0, MEANINGS[kind], "name", size=SMALL)]
        if kind == "slope":
            texts.insert(0, Text(SAMPLE.width, 11.0, "1.5", "slope", "end", SMALL))
        wide = SAMPLE.width + GAP + width(MEANINGS[kind], SMALL)
        if x + wide > right - INDENT and x > INDENT:
            x, y = INDENT, y + ROW
        found.append(Entry(x, y, kind, tuple(texts)))
        widest = max(widest, x + wide + INDENT)
        x += wide + APART
    return tuple(found), Size(widest, y + ROW + 4.0 if found else 0.0)
