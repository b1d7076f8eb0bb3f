"""A picture set out on the page: what every drawn format is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .cards import SMALL, Card, cards, reference_card, title_size, typeset, width
from .layout import Direction, Layout, Place, Point, Route, arrange
from .notation import rounded, written
from .picture import Array, Box, Number, Picture


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture, where everything in it stands, and what it says there."""

    picture: Picture
    layout: Layout
    cards: dict[str, Card]  # by the id of the place
    slopes: dict[tuple[str, int], str]  # by box and argument: what stands beside that edge
    direction: Direction

    def box(self, place: Place) -> Box:
        return next(box for box in self.picture.boxes if box.id == place.box)


def compose(
    picture: Picture, direction: Direction, precision: int, numbers: bool = False
) -> Scene:
    """Set a picture out.

    Args:
        picture: its local derivatives are shown where it has any.
        direction: in which edges run.
        precision: how many significant digits.
        numbers: show the boxes' numbers.
    """
    faces = cards(picture, precision, numbers)
    small = {box.id: reference_card(box, precision) for box in picture.boxes}
    slopes = {
        (box.id, i): text
        for box in picture.boxes
        for i, slope in enumerate(box.slopes)
        if slope is not None and (text := slope_text(slope, precision))
    }
    longest = max((width(text, SMALL) for text in slopes.values()), default=0.0)
    upright = direction in {"TB", "BT"}
    room = 0.0 if not slopes else 18.0 if upright else longest + 14.0
    layout = arrange(
        {id: face.size for id, face in faces.items()},
        list(picture.edges),
        direction,
        homes={box.id: box.group for box in picture.boxes if box.group},
        groups=picture.groups,
        titles={group.id: title_size(group.name) for group in picture.groups},
        references={id: face.size for id, face in small.items()},
        lead=room,
        apart=longest + 10.0 if upright and slopes else 13.0 if slopes else 12.0,
    )
    drawn = {
        place.id: (small if place.reference else faces)[place.box] for place in layout.places
    }
    return Scene(picture, layout, drawn, slopes, direction)


def slope_text(slope: Number, precision: int) -> str:
    """A local derivative, short: of many numbers their range."""
    if isinstance(slope, Array) and slope.low != slope.high:
        text = f"{rounded(slope.low, precision)} … {rounded(slope.high, precision)}"
    else:
        text = written(slope, precision).removeprefix("all ")
    return typeset(text)


Tip: TypeAlias = tuple[Point, Point, Point]


def arrow(route: Route, length: float = 7.0, half: float = 3.2) -> tuple[Point, Tip]:
    """Where the line of an edge ends, and the triangle between there and the box."""
    before, end = route.points[-2:]
    far = max(abs(end.x - before.x), abs(end.y - before.y)) or 1.0
    a, b = (end.x - before.x) / far, (end.y - before.y) / far
    base = Point(end.x - length * a, end.y - length * b)
    left = Point(base.x - half * b, base.y + half * a)
    right = Point(base.x + half * b, base.y - half * a)
    return Point(end.x - 0.7 * length * a, end.y - 0.7 * length * b), (end, left, right)
