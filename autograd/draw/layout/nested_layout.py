"""The layout of groups within groups: each is laid out by itself, and is one item of the next.

So a frame holds what belongs to it and nothing else. Edges that leave a group or enter it pass
through ports in its frame, one for each box that they come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from autograd.draw.graph.picture import Group

from .group_layout import End, GroupLayout, Item, Padding, Part, Rectangle, Spot


def solve(
    boxes: Mapping[str, Item],
    edges: Sequence[tuple[str, str]],
    homes: Mapping[str, str],
    groups: Iterable[Group],
    paddings: Mapping[str, Padding],
    apart: float,
) -> tuple[dict[str, Rectangle], list[list[Spot]]]:
    """Return the rectangles of boxes, groups and the picture (""), and the curve of each edge.

    `edges` are pairs of boxes, and `paddings` are those of the groups and of the picture; `homes`,
    `groups` and `apart` are as in `arrange()`.

    Raises:
        graphlib.CycleError: a group uses what is computed from it.
    """
    picture = GroupLayout(paddings[""], apart)
    layouts = {"": picture}
    around = {"": [""]}  # the groups that each is in, from the outermost to itself
    for member in groups:
        inside = layouts[member.id] = GroupLayout(paddings[member.id], apart)
        layouts[member.parent].groups[member.id] = inside
        around[member.id] = [*around[member.parent], member.id]
    for box, item in boxes.items():
        layouts[homes.get(box, "")].boxes[box] = item
    routes = []
    for number, (source, target) in enumerate(edges):
        outward, inward = around[homes.get(source, "")], around[homes.get(target, "")]
        routes.append(list(parts_of(source, target, number, outward, inward)))
        for group, part in routes[-1]:
            layouts[group].parts[part] = None
    picture.solve({})

    rectangles = {"": Rectangle(0.0, 0.0, picture.length, picture.breadth)}
    for group, layout in layouts.items():
        u, v = rectangles[group][:2]
        for name, (a, b, *size) in layout.rectangles.items():
            rectangles[name] = Rectangle(u + a, v + b, *size)
    curves = []
    for parts in routes:
        way: list[Spot] = []
        for group, part in parts:
            u, v = rectangles[group][:2]
            way += [(u + a, v + b) for a, b in layouts[group].ways[part]]
        curves.append(curve(way))
    return rectangles, curves


def parts_of(
    source: str, target: str, number: int, outward: Sequence[str], inward: Sequence[str]
) -> Iterator[tuple[str, Part]]:
    """Yield the parts of an edge, each with its group.

    `outward` and `inward` are the groups around its source and its target, outermost first.
    """
    shared = sum(1 for a, b in zip(outward, inward) if a == b)
    at = End("box", source)
    for group in reversed(outward[shared:]):
        yield group, Part(at, End("out", source), source)
        at = End("group", group)
    home = outward[shared - 1]
    for group in inward[shared:]:
        yield home, Part(at, End("group", group), source)
        at, home = End("in", source), group
    yield home, Part(at, End("box", target), source, number)


def curve(way: Sequence[Spot]) -> list[Spot]:
    """Return a curve along a way: straight where it is level, and else in an S from spot to spot.

    The curve is its start, and for each Bézier segment two control points and its end.
    """
    points = [way[0]]
    for c, d in way[1:]:
        a, b = points[-1]
        if abs(d - b) >= 0.01:
            middle = (a + c) / 2
            points += [(middle, b), (middle, d), (c, d)]
        elif c - a >= 0.01:
            if len(points) > 1 and points[-4][1] == b:  # one line with the one before
                del points[-3:]
                a, _ = points[-1]
            third = (c - a) / 3
            points += [(a + third, b), (c - third, b), (c, b)]
    return points
