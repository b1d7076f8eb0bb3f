"""The legend of a picture: the meaning of its outlines and colours, entry by entry."""

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

SIGNS: dict[str, tuple[Kind | None, str]] = {  # the kind of the sample's box, and the meaning
    "leaf": ("leaf", "leaf"),
    "constant": ("constant", "constant"),
    "step": ("step", "operation"),
    "derivative": ("derivative", "operation of the derivative"),
    "folded": ("group", "group, folded"),
    "result": ("step", "result"),
    "reference": ("leaf", "a node shown again"),
    "slope": (None, "local derivative"),
}


class Entry(NamedTuple):
    """A sample of a sign, as a card with the meaning beside it; a slope has no box."""

    place: Place
    box: Box | None
    card: Card


def signs_in(picture: Picture, references: bool, slopes: bool) -> list[str]:
    """Return the signs that a picture has, in the order of the legend."""
    roots = any(box.root for box in picture.boxes)
    shown = {"folded" if box.kind == "group" else box.kind: True for box in picture.boxes}
    shown |= {"result": roots, "reference": references, "slope": slopes}
    return [sign for sign in SIGNS if shown.get(sign)]


def legend_of(signs: Sequence[str], picture: Size) -> tuple[tuple[Entry, ...], Size]:
    """Return the entries below a picture, in rows as wide as it is, and the size of both."""
    right = max(picture.width, NARROWEST)
    found, x, y, widest = [], INDENT, picture.height + 8.0, picture.width
    for sign in signs:
        wide = SAMPLE.width + GAP + width(SIGNS[sign][1], SMALL)
        if x + wide > right - INDENT and x > INDENT:
            x, y = INDENT, y + ROW
        found.append(entry(sign, x, y))
        widest = max(widest, x + wide + INDENT)
        x += wide + APART
    return tuple(found), Size(widest, y + ROW + 4.0 if found else picture.height)


def entry(sign: str, x: float, y: float) -> Entry:
    """Return the sample of a sign with its upper left corner at (x, y)."""
    kind, meaning = SIGNS[sign]
    border = 2.0 if sign == "result" else 0.0  # the outer outline of a result
    cell = 9.6 if sign in {"step", "derivative"} else 0.0
    wide, baseline = border + SAMPLE.width, border + 11.0
    texts = [Text(wide + GAP, baseline, meaning, "name", size=SMALL)]
    if kind is None:
        texts.insert(0, Text(wide, baseline, "1.5", "slope", "end", SMALL))
    size = Size(SAMPLE.width + 2 * border, SAMPLE.height + 2 * border)
    return Entry(
        Place("", "", x - border, y - border, *size, reference=sign == "reference"),
        Box("", kind, None, root=sign == "result") if kind else None,
        Card(size, tuple(texts), cell, border),
    )
