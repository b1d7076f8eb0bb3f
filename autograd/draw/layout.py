"""Where things are drawn: the positions of boxes, the curves between them, the frames of groups.

Pure geometry: nothing here knows what a box shows, or in which format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from .picture import Edge, Group

Direction: TypeAlias = Literal["LR", "RL", "TB", "BT"]


class Point(NamedTuple):
    x: float
    y: float


class Size(NamedTuple):
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box stands: its upper left corner and its size; `y` grows downwards.

    A leaf that is used far from where it stands has further places beside its uses, `references`
    to it, with ids of their own.
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


def arrange(
    sizes: Mapping[str, Size],
    edges: Sequence[Edge],
    direction: Direction = "LR",
    *,
    homes: Mapping[str, str] | None = None,
    groups: Sequence[Group] = (),
    references: Mapping[str, Size] | None = None,
    lead: float = 0.0,
) -> Layout:
    """Place boxes of these sizes so that edges run in one direction, without loops.

    Args:
        sizes: of each box, by its id.
        edges: what is computed from what.
        direction: in which edges run.
        homes: the innermost group that a box stands in, for those that stand in one.
        groups: each after its parent.
        references: the boxes that may be drawn again beside far uses, with the size that they
            have there.
        lead: how far edges run straight before they arrive, for labels.
    """
    raise NotImplementedError
