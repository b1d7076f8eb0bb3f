"""The layout of a picture: the positions of boxes, the curves of edges, the frames of groups.

Pure geometry: nothing here depends on the content of a box, or on a format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError

from autograd.draw.graph.picture import Edge, Group

from .geometry import Direction, Frame, Layout, Place, Point, Route, Size
from .group_layout import FROM_CORNER, Item, Padding
from .nested_layout import solve
from .ranking import ranks

# A box with uses more ranks away than this is drawn again beside its far uses. An edge from a step
# is part of the computation, and worth following for longer.
FAR_LEAF, FAR_STEP = 5, 20
NEAR = 2  # ranks to the uses that such a box itself still has an edge to
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
    """Return positions for boxes of these sizes, so that edges run in one direction.

    Args:
        sizes: of each box, by its id.
        edges: from operands to what is computed from them; they form no cycle.
        direction: in which edges run.
        homes: the innermost group of each box that is in one.
        groups: each after its parent.
        titles: the size of the title in the upper left corner of a group's frame.
        references: the boxes that may be drawn again beside far uses, with their sizes there.
        leads: how far edges run straight before they arrive at a box, to leave room for labels.
        apart: the distance between edges that arrive at one box, where it has room for it.
        ordered: boxes at which edges arrive in the order of the operands, from the top or from the
            left, even if they cross for that.
        labels: how far the labels beside arriving edges reach across a box. They stay within its
            breadth, if that is at least `breadth_for(...)`.
    """
    homes, titles, leads, labels = dict(homes or {}), titles or {}, leads or {}, labels or {}
    copies, ends = with_references(sizes, edges, references or {}, homes)
    upright = direction in {"TB", "BT"}
    items = {}
    for name, (_, (width, height)) in copies.items():
        size = (height, width) if upright else (width, height)
        items[name] = Item(*size, leads.get(name, 0.0), labels.get(name, 0.0), name in ordered)
    paddings = {group.id: padding(titles.get(group.id), direction) for group in groups}
    paddings[""] = Padding(MARGIN, MARGIN, MARGIN, MARGIN)
    try:
        rectangles, curves = solve(items, ends, homes, groups, paddings, apart)
    except CycleError:  # a scope was left and entered again: no frame can hold it
        rectangles, curves = solve(items, ends, {}, (), paddings, apart)
    whole = rectangles[""]

    def turned(
        u: float, v: float, length: float = 0.0, breadth: float = 0.0
    ) -> tuple[float, float, float, float]:
        """Return x, y, width and height of a rectangle on the page."""
        if direction in {"RL", "BT"}:
            u = whole.length - u - length
        return (v, u, breadth, length) if upright else (u, v, length, breadth)

    places = tuple(
        Place(name, box, *turned(*rectangles[name]), name != box)
        for name, (box, _) in copies.items()
    )
    routes = tuple(
        Route(edge, *pair, tuple(Point(*turned(u, v)[:2]) for u, v in curve))
        for edge, pair, curve in zip(edges, ends, curves)
    )
    frames = tuple(
        Frame(group.id, *turned(*rectangles[group.id]))
        for group in groups
        if group.id in rectangles
    )
    return Layout(places, routes, frames, *turned(*whole)[2:])


def breadth_for(edges: int, apart: float, label: float = 0.0) -> float:
    """Return the breadth of a box at which so many edges arrive, with labels beside them.

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
    """Return the box and the size of each place, and the places that each edge joins.

    A box that is used far away gets further places beside those uses, since an edge across the
    whole picture is hard to follow. Their groups are added to `homes`.
    """
    index = {name: i for i, name in enumerate(sizes)}
    rank = ranks(len(sizes), [(index[edge.source], index[edge.target]) for edge in edges])
    spans = [rank[index[edge.target]] - rank[index[edge.source]] for edge in edges]
    steps = {edge.target for edge in edges}
    far = {
        edge.source
        for edge, span in zip(edges, spans)
        if span > (FAR_STEP if edge.source in steps else FAR_LEAF)
    }
    far &= references.keys()
    copies = {name: (name, size) for name, size in sizes.items()}
    made: dict[tuple[str, str], str] = {}
    ends = []
    for (source, target, _), span in zip(edges, spans):
        at = source
        if source in far and span > NEAR:
            at = made.setdefault((source, target), f"{source}-{len(made) + 1}")
            copies[at] = source, references[source]
            if target in homes:
                homes[at] = homes[target]
        ends.append((at, target))
    return copies, ends


def padding(title: Size | None, direction: Direction) -> Padding:
    """Return the padding of a frame: the most at the top, where its title is."""
    width, height = title or Size(0.0, 0.0)
    top, wide = FRAME + height, width + 2 * FRAME
    if direction in {"LR", "RL"}:
        return Padding(FRAME, FRAME, top, FRAME, length=wide)
    before, after = (top, FRAME) if direction == "TB" else (FRAME, top)
    return Padding(before, after, FRAME, FRAME, breadth=wide)
