"""Where things are drawn: the positions of boxes, the curves between them, the frames of groups.

Pure geometry: nothing here knows what a box shows, or in which format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograd.draw.graph.picture import Edge, Group

from .geometry import Direction, Frame, Layout, Place, Point, Route, Size
from .group_layout import FROM_CORNER, Padding
from .nested_layout import solve
from .ranking import CyclicError, ranks

# What is used more layers away than this is drawn again beside its far uses. An edge from a step is
# part of the story, and worth following for longer.
FAR_LEAF, FAR_STEP = 5, 20
NEAR = 2  # how far away its own place still serves it then
MARGIN = 12.0  # around the picture
FRAME = 14.0  # between a group's frame and its inside


def arrange(
    sizes: Mapping[str, Size],
    edges: Sequence[Edge],
    direction: Direction = "LR",
    *,
    homes: Mapping[str, str] | None = None,
    groups: Sequence[Group] = (),
    titles: Mapping[str, Size] | None = None,
    references: Mapping[str, Size] | None = None,
    leads: Mapping[str, float] | None = None,
    apart: float = 12.0,
    ordered: frozenset[str] = frozenset(),
    labels: Mapping[str, float] | None = None,
) -> Layout:
    """Place boxes of these sizes so that edges run in one direction.

    Args:
        sizes: of each box, by its id.
        edges: what is computed from what; they form no cycle.
        direction: in which edges run.
        homes: the innermost group that a box stands in, for those that stand in one.
        groups: each after its parent.
        titles: the size of what stands in the upper left corner of a group's frame.
        references: the boxes that may be drawn again beside far uses, with the size that they
            have there.
        leads: of a box, how far edges run straight before they arrive there, for labels.
        apart: the distance between edges that arrive at one box, where it has room for it.
        ordered: boxes at which edges arrive in their order, from the top or from the left, even
            if they cross for that.
        labels: of a box, how far the labels beside its arriving edges reach across it. They stay
            within its breadth, if that is at least `breadth_for(...)`.
    """
    homes, titles, leads, labels = dict(homes or {}), titles or {}, leads or {}, labels or {}
    copies, ends = with_references(sizes, edges, references or {}, homes)
    upright = direction in {"TB", "BT"}
    extents = {
        name: (size.height, size.width) if upright else (size.width, size.height)
        for name, (_, size) in copies.items()
    }
    parents = {group.id: group.parent for group in groups}
    paddings = {
        group.id: padding(titles.get(group.id, Size(0.0, 0.0)), direction) for group in groups
    }
    try:
        found = solve(extents, ends, homes, parents, paddings, leads, apart, ordered, labels)
    except CyclicError:  # a scope was left and entered again: no frame can hold it
        found = solve(extents, ends, {}, {}, {}, leads, apart, ordered, labels)
    frame = Turn(direction, found.length, found.breadth)
    places = tuple(
        Place(name, box, *frame.rectangle(*found.spots[name], *extents[name]), name != box)
        for name, (box, _) in copies.items()
    )
    routes = tuple(
        Route(edge, *pair, tuple(frame.point(u, v) for u, v in curve))
        for edge, pair, curve in zip(edges, ends, found.curves)
    )
    frames = tuple(Frame(name, *frame.rectangle(*at)) for name, at in found.frames.items())
    return Layout(places, routes, frames, frame.width, frame.height)


def breadth_for(edges: int, apart: float, label: float = 0.0) -> float:
    """The breadth of a box at which so many edges arrive, with labels beside them.

    One edge has room for its label when it arrives in the middle, so that chains are straight.
    """
    spread = FROM_CORNER + (edges - 1) * (apart + label) + max(FROM_CORNER, label)
    return max(spread, 2 * label)


def with_references(
    sizes: Mapping[str, Size],
    edges: Sequence[Edge],
    references: Mapping[str, Size],
    homes: dict[str, str],
) -> tuple[dict[str, tuple[str, Size]], list[tuple[str, str]]]:
    """All places, each with its box and size, and the ends of each edge.

    A box that is used far away gets further places beside those uses, since an edge across the
    whole picture would be hard to follow. They are added to `homes`.
    """
    index = {name: i for i, name in enumerate(sizes)}
    rank = ranks(len(sizes), [(index[edge.source], index[edge.target]) for edge in edges])
    reach = dict.fromkeys(sizes, 0)
    for source, target, _ in edges:
        reach[source] = max(rank[index[target]] - rank[index[source]], reach[source])
    steps = {edge.target for edge in edges}
    wide = {x for x in references if reach[x] > (FAR_STEP if x in steps else FAR_LEAF)}
    copies = {name: (name, size) for name, size in sizes.items()}
    made: dict[tuple[str, str], str] = {}
    ends = []
    for source, target, _ in edges:
        far = rank[index[target]] - rank[index[source]]
        if source in wide and far > NEAR:
            if (source, target) not in made:
                name = made[source, target] = f"{source}-{len(made) + 1}"
                copies[name] = (source, references[source])
                if target in homes:
                    homes[name] = homes[target]
            source = made[source, target]
        ends.append((source, target))
    return copies, ends


def padding(title: Size, direction: Direction) -> Padding:
    """What a frame leaves free: most at the top, where its title stands."""
    top = FRAME + title.height
    before = top if direction == "TB" else FRAME
    after = top if direction == "BT" else FRAME
    left = top if direction in {"LR", "RL"} else FRAME
    wide = title.width + 2 * FRAME
    length, breadth = (0.0, title.width) if direction in {"TB", "BT"} else (wide, 0.0)
    return Padding(before, after, left, FRAME, length, breadth)


class Turn:
    """From coordinates along and across the edges to those of the page."""

    def __init__(self, direction: Direction, length: float, breadth: float) -> None:
        self.direction, self.length = direction, length
        self.upright = direction in {"TB", "BT"}
        along, across = length + 2 * MARGIN, breadth + 2 * MARGIN
        self.width, self.height = (across, along) if self.upright else (along, across)

    def point(self, u: float, v: float) -> Point:
        if self.direction in {"RL", "BT"}:
            u = self.length - u
        u, v = u + MARGIN, v + MARGIN
        return Point(v, u) if self.upright else Point(u, v)

    def rectangle(
        self, u: float, v: float, length: float, breadth: float
    ) -> tuple[float, float, float, float]:
        """Corner and size on the page."""
        (a, b), (c, d) = self.point(u, v), self.point(u + length, v + breadth)
        return min(a, c), min(b, d), abs(c - a), abs(d - b)
