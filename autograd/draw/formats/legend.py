"""The legend of a picture: what its outlines and colours mean, and where each entry stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autograd.draw.graph.picture import Box, Kind, Picture
from autograd.draw.layout.geometry import Place, Size

from .box_labels import SMALL, Card, Text
from .fonts import width

SAMPLE = Size(24.0, 14.0)  # of a box
INDENT, ROW = 14.0, 22.0
GAP, APART = 8.0, 22.0  # between a sample and its text, and between entries
NARROWEST = 300.0  # a legend this wide stays on one line below a narrower picture

BOXES: dict[str, Kind] = {
    "constant": "constant", "step": "step", "derivative": "derivative", "folded": "group",
    "result": "step",
}  # fmt: skip
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
    """A sample of a kind, as a card with the meaning beside it; a slope has no box."""

    place: Place
    box: Box | None
    card: Card


def kinds_in(picture: Picture, references: bool, slopes: bool) -> list[str]:
    """Return the kinds of signs that a picture has, in the order of the legend."""
    roots = any(box.root for box in picture.boxes)
    shown = {"folded" if box.kind == "group" else box.kind: True for box in picture.boxes}
    shown |= {"result": roots, "reference": references, "slope": slopes}
    return [kind for kind in MEANINGS if shown.get(kind)]


def legend_of(kinds: Sequence[str], picture: Size) -> tuple[tuple[Entry, ...], Size]:
    """Return the entries below a picture, in rows as wide as it is, and the size of both."""
    right = max(picture.width, NARROWEST)
    found, x, y, widest = [], INDENT, picture.height + 8.0, picture.width
    for kind in kinds:
        wide = SAMPLE.width + GAP + width(MEANINGS[kind], SMALL)
        if x + wide > right - INDENT and x > INDENT:
            x, y = INDENT, y + ROW
        found.append(entry(kind, x, y))
        widest = max(widest, x + wide + INDENT)
        x += wide + APART
    return tuple(found), Size(widest, y + ROW + 4.0 if found else picture.height)


def entry(kind: str, x: float, y: float) -> Entry:
    """Return the sample of a kind with its upper left corner at (x, y)."""
    border = 2.0 if kind == "result" else 0.0  # the outer outline of a result
    cell = 9.6 if kind in {"step", "derivative"} else 0.0
    wide, baseline = border + SAMPLE.width, border + 11.0
    texts = [Text(wide + GAP, baseline, MEANINGS[kind], "name", size=SMALL)]
    box = None
    if kind == "slope":
        texts.insert(0, Text(wide, baseline, "1.5", "slope", "end", SMALL))
    else:
        box = Box("", BOXES.get(kind, "leaf"), None, root=kind == "result")
    size = Size(SAMPLE.width + 2 * border, SAMPLE.height + 2 * border)
    place = Place("", "", x - border, y - border, *size, reference=kind == "reference")
    return Entry(place, box, Card(size, tuple(texts), cell, border))
