"""Where things are drawn: the positions of boxes, the curves between them, the frames of groups.

Pure data: nothing here knows what a box shows, or in which format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from autograd.draw.graph.picture import Edge

Direction: TypeAlias = Literal["LR", "RL", "TB", "BT"]


class Point(NamedTuple):
    """In pixels, `y` downwards."""

    x: float
    y: float


class Size(NamedTuple):
    """In pixels."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box stands: its upper left corner and its size; `y` grows downwards.

    What is used far from where it stands has further places beside its uses, references to it,
    with ids of their own.
    """

    id: str  # of the box, and of a reference with an ending: "n3", "n3-1", "n3-2"
    box: str
    x: float
    y: float
    width: float
    height: float
    reference: bool = False

    @property
    def center(self) -> Point:
        return Point(self.x + self.width / 2, self.y + self.height / 2)


@dataclass(frozen=True, slots=True)
class Route:
    """The curve of an edge: a start, and for each Bézier segment two control points and its end.

    `source` and `target` are the places that it connects.
    """

    edge: Edge
    source: str
    target: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """The rectangle around a group: its upper left corner and its size."""

    group: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """All that is drawn lies between (0, 0) and (width, height)."""

    places: tuple[Place, ...]
    routes: tuple[Route, ...]
    frames: tuple[Frame, ...]  # each after the one around it
    width: float
    height: float
