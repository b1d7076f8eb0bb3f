"""A picture set out on the page: what every drawn format is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .cards import (
    SMALL,
    Anchor,
    Card,
    Text,
    cards,
    reference_card,
    title_size,
    typeset,
    width,
)
from .geometry import Direction, Layout, Point, Route
from .layout import arrange
from .notation import slope_texts
from .picture import Picture


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture, where everything in it stands, and what it says there."""

    picture: Picture
    layout: Layout
    cards: dict[str, Card]  # by the id of the place
    slopes: dict[tuple[str, int], str]  # by box and argument: what stands beside that edge
    direction: Direction

    def slope_place(self, route: Route) -> Text:
        """Where the local derivative of an edge stands: beside its end."""
        x, y = route.points[-1]
        ends: dict[Direction, tuple[float, float, Anchor]] = {
            "LR": (x - 10, y - 3, "end"),
            "RL": (x + 10, y - 3, "start"),
            "TB": (x + 4, y - 9, "start"),
            "BT": (x + 4, y + 17, "start"),
        }
        a, b, anchor = ends[self.direction]
        return Text(a, b, "", "note", anchor, SMALL)


def compose(picture: Picture, direction: Direction, precision: int, numbers: bool = False) -> Scene:
    """Set a picture out.

    Args:
        picture: its local derivatives are shown where it has any.
        direction: in which edges run.
        precision: how many significant digits.
        numbers: show the boxes' numbers.
    """
    faces = cards(picture, precision, numbers)
    small = {box.id: reference_card(box, precision) for box in picture.boxes}
    slopes = {key: typeset(text) for key, text in slope_texts(picture, precision).items()}
    longest = max((width(text, SMALL) for text in slopes.values()), default=0.0)
    upright = direction in {"TB", "BT"}
    room = 0.0 if not slopes else 18.0 if upright else longest + 14.0
    layout = arrange(
        {name: face.size for name, face in faces.items()},
        list(picture.edges),
        direction,
        homes={box.id: box.group for box in picture.boxes if box.group},
        groups=picture.groups,
        titles={group.id: title_size(group.name) for group in picture.groups},
        references={name: face.size for name, face in small.items()},
        lead=room,
        apart=longest + 10.0 if upright and slopes else 13.0 if slopes else 12.0,
    )
    drawn = {place.id: (small if place.reference else faces)[place.box] for place in layout.places}
    return Scene(picture, layout, drawn, slopes, direction)


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
