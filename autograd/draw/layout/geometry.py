"""The result of a layout: the positions of boxes, the curves of edges, the frames of groups.

Positions are in pixels, from the upper left corner of the picture; `y` grows downwards. Nothing
here depends on the content of a box, or on a format.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from autograd.draw.graph.picture import Edge

Direction: TypeAlias = Literal["LR", "RL", "TB", "BT"]


class Point(NamedTuple):
    """A point of the picture."""

    x: float
    y: float


class Size(NamedTuple):
    """The size of a rectangle."""

    width: float
    height: float


class Place(NamedTuple):
    """A box as drawn: the upper left corner and the size.

    A box that is used far from where it stands has further places beside those uses: references,
    with ids of their own ("n3-1" and "n3-2" for the box "n3").
    """

    id: str
    box: str
    x: float
    y: float
    width: float
    height: float
    reference: bool = False


class Route(NamedTuple):
    """The curve of an edge: a start, and for each Bézier segment two control points and its end.

    `source` and `target` are the ids of the places that it connects.
    """

    edge: Edge
    source: str
    target: str
    points: tuple[Point, ...]


class Frame(NamedTuple):
    """The rectangle around a group: the upper left corner and the size."""

    group: str
    x: float
    y: float
    width: float
    height: float


class Layout(NamedTuple):
    """A whole picture: everything lies between (0, 0) and (width, height)."""

    places: tuple[Place, ...]
    routes: tuple[Route, ...]
    frames: tuple[Frame, ...]  # each after the one around it
    width: float
    height: float
