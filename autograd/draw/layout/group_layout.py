"""The layout of the inside of one group: ranks, orders, positions, and the ways of its edges.

Coordinates are `u` in the direction of the edges and `v` across it, from the corner of the group's
frame; a box has a length along `u` and a breadth along `v`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean
from typing import Literal, NamedTuple, TypeAlias

from .coordinates import positions
from .ordering import Grid, reorder
from .ranking import chains, ranks

BETWEEN_RANKS, BESIDE_FRAME = 46.0, 26.0  # distances along the edges
SLOPE, WIDEST = 0.16, 101.2  # a gap between ranks per distance that edges climb, and its maximum
FROM_CORNER = 9.0  # where edges may arrive at a box

Spot: TypeAlias = tuple[float, float]  # u and v


class Item(NamedTuple):
    """A box to place, or a whole group."""

    length: float = 0.0
    breadth: float = 0.0
    lead: float = 0.0  # how far edges run straight before they arrive
    label: float = 0.0  # how far the labels of arriving edges reach across it
    ordered: bool = False  # whether edges arrive in the order of the operands


class Rectangle(NamedTuple):
    """The corner and the size of an item."""

    u: float
    v: float
    length: float
    breadth: float


class Padding(NamedTuple):
    """The room between a frame and its inside, and the least length and breadth of the frame."""

    before: float  # along the edges
    after: float
    low: float  # across
    high: float
    length: float = 0.0
    breadth: float = 0.0


class End(NamedTuple):
    """The item at which a part of an edge begins or ends.

    "in" and "out" are ports in the frame of the group itself, by the box that their edges come
    from, which pass through it.
    """

    kind: Literal["box", "group", "in", "out"]
    id: str


class Part(NamedTuple):
    """The part of an edge that is inside a group, but in no group within it.

    Edges from one box share their parts, except for the last, which has the number of its edge.
    """

    tail: End
    head: End
    source: str  # the box that the edge comes from
    number: int = -1


@dataclass
class GroupLayout:
    """The inside of a group; `solve()` sets the fields from `length` on."""

    padding: Padding
    apart: float  # the distance between edges that arrive at one box, in addition to their labels
    boxes: dict[str, Item] = field(default_factory=dict)
    groups: dict[str, GroupLayout] = field(default_factory=dict)
    parts: dict[Part, None] = field(default_factory=dict)

    length: float = 0.0
    breadth: float = 0.0
    rectangles: dict[str, Rectangle] = field(default_factory=dict)  # of boxes and groups
    ports: dict[End, float] = field(default_factory=dict)  # how far across
    ways: dict[Part, list[Spot]] = field(default_factory=dict)  # straight or bent between spots

    def solve(self, wanted: Mapping[End, float]) -> None:
        """Lay out the groups inside, then this one; again if their ports stand in a bad order.

        Args:
            wanted: where the ports of the frame should be, for their order; empty the first time,
                when this is not known.
        """
        if not wanted:
            for group in self.groups.values():
                group.solve({})
        self.arrange(wanted)
        hints = [(group, self.hints(name)) for name, group in self.groups.items()]
        disordered = [(group, hint) for group, hint in hints if group.disagrees(hint)]
        for group, hint in disordered:
            group.solve(hint)
        if disordered:
            self.arrange(wanted)
        self.finish()

    def disagrees(self, wanted: Mapping[End, float]) -> bool:
        """Return whether the ports stand in another order."""
        order = sorted(wanted, key=lambda end: (end.kind, wanted[end]))
        pairs = [(a, b) for a, b in pairwise(order) if a.kind == b.kind]
        return any(self.ports[a] > self.ports[b] for a, b in pairs)

    def hints(self, group: str) -> dict[End, float]:
        """Return the best positions of a group's ports: the mean of where their edges lead."""
        found: defaultdict[End, list[float]] = defaultdict(list)
        for part, levels in zip(self.parts, self.levels):
            if part.head == ("group", group):
                found[End("in", part.source)].append(levels[-2])
            if part.tail == ("group", group):
                found[End("out", part.source)].append(levels[1])
        return {end: fmean(levels) for end, levels in found.items()}

    def arrange(self, wanted: Mapping[End, float]) -> None:
        """Find the rank of each item, its position across, and the levels at which edges pass."""
        ins = dict.fromkeys(part.tail for part in self.parts if part.tail.kind == "in")
        outs = dict.fromkeys(part.head for part in self.parts if part.head.kind == "out")
        self.ends = [
            *sorted(ins, key=lambda end: wanted.get(end, 0.0)),
            *(End("box", name) for name in self.boxes),
            *(End("group", name) for name in self.groups),
            *sorted(outs, key=lambda end: wanted.get(end, 0.0)),
        ]
        index = {end: i for i, end in enumerate(self.ends)}
        edges = [(index[part.tail], index[part.head]) for part in self.parts]
        first, last = len(ins), len(self.ends) - len(outs)  # the items between are no ports
        inside = [(a - first, b - first) for a, b in edges if a >= first and b < last]
        inner = ranks(last - first, inside)
        start = 1 if ins else 0  # ports that lead in are before all other items, the rest behind
        end = start + max(inner, default=-1) + 1
        rank = [*[0] * first, *(start + r for r in inner), *[end] * len(outs)]
        self.grid = grid = Grid(rank, edges)
        self.port_rows = {rank[i] for i in range(len(rank)) if not first <= i < last}
        reorder(grid, self.port_rows if wanted else ())
        groups = (Item(group.length, group.breadth) for group in self.groups.values())
        self.items = [Item() for _ in grid.rank]  # ports and bends
        self.items[first:last] = [*self.boxes.values(), *groups]
        boxes = range(first, first + len(self.boxes))
        links = {i: j for i, j in chains(rank, edges).items() if i in boxes and j in boxes}
        offsets = [
            (self.offset(part.tail, "out", part), self.offset(part.head, "in", part))
            for part in self.parts
        ]
        breadths = [item.breadth for item in self.items]
        v = positions(grid, breadths, links, offsets)
        least = min((x - b / 2 for x, b in zip(v, breadths)), default=0.0)
        most = max((x + b / 2 for x, b in zip(v, breadths)), default=0.0)
        breadth = self.padding.low + most - least + self.padding.high
        self.breadth = max(breadth, self.padding.breadth)
        shift = self.padding.low - least + (self.breadth - breadth) / 2
        self.v = [x + shift for x in v]
        self.levels = [[self.v[i] for i in path] for path in grid.paths]
        for levels, (out, into) in zip(self.levels, offsets):
            levels[0] += out
            levels[-1] += into

    def offset(self, end: End, side: Literal["in", "out"], part: Part) -> float:
        """Return how far off the middle of an item a part of an edge ends there."""
        if end.kind != "group":
            return 0.0
        group = self.groups[end.id]
        return group.ports[End(side, part.source)] - group.breadth / 2

    def finish(self) -> None:
        """Set the length, the rectangles, the ports, and the ways of edges."""
        grid, v = self.grid, self.v
        spans = self.spans()
        u = []  # where each item begins
        for item, r, ups in zip(self.items, grid.rank, grid.ups):
            start, end = spans[r]
            room = end - start - item.length
            u.append(start + (room / 2 if ups else room))  # a leaf stands near its use
        for i, at in enumerate(self.ends):
            if at.kind in {"in", "out"}:
                self.ports[at] = v[i]
            else:
                length, breadth = self.items[i][:2]
                self.rectangles[at.id] = Rectangle(u[i], v[i] - breadth / 2, length, breadth)
        self.arrive()
        for part, path, levels in zip(self.parts, grid.paths, self.levels):
            way = self.ways[part] = []
            for i, level in zip(path, levels):
                start, end = spans[grid.rank[i]]
                if i == path[0]:
                    start = u[i] + self.items[i].length
                elif i == path[-1]:
                    start, end = start - self.lead(grid.rank[i]), u[i]
                way += [(start, level), (end, level)]

    def spans(self) -> list[tuple[float, float]]:
        """Return where each row begins and ends; set the length of the group."""
        padding, last = self.padding, len(self.grid.rows) - 1
        before = 0.0 if 0 in self.port_rows else padding.before
        after = 0.0 if last in self.port_rows else padding.after
        u, spans = before, []
        for r, row in enumerate(self.grid.rows):
            u += self.gap(r) if r else 0.0
            length = max(self.items[i].length for i in row)
            spans.append((u, u + length))
            u += length
        self.length = max(u + after, padding.length)
        free = self.length - u - after  # where the title is longer than the inside
        shifts = [free / 2 for _ in spans]
        for r in self.port_rows:
            shifts[r] = free if r else 0.0
        return [(start + shift, end + shift) for (start, end), shift in zip(spans, shifts)]

    def gap(self, r: int) -> float:
        """Return the distance between a row and the one before: more where edges climb far."""
        grid, v = self.grid, self.v
        climb = max((abs(v[i] - v[j]) for j in grid.rows[r] for i in grid.ups[j]), default=0.0)
        least = BESIDE_FRAME if self.port_rows & {r - 1, r} else BETWEEN_RANKS
        return max(least, min(SLOPE * climb, WIDEST)) + self.lead(r)

    def lead(self, r: int) -> float:
        return max(self.items[i].lead for i in self.grid.rows[r])

    def arrive(self) -> None:
        """Set the levels at which edges arrive at boxes: straight ahead, if there is room."""
        coming: defaultdict[int, list[list[float]]] = defaultdict(list)
        for path, levels in zip(self.grid.paths, self.levels):
            if self.ends[path[-1]].kind == "box":
                coming[path[-1]].append(levels)
        for i, edges in coming.items():
            item = self.items[i]
            if not item.ordered:
                edges.sort(key=lambda levels: levels[-2])
            low = self.v[i] - max(0.0, item.breadth / 2 - FROM_CORNER)
            high = self.v[i] + max(0.0, item.breadth / 2 - max(FROM_CORNER, item.label))
            apart = min(self.apart + item.label, (high - low) / max(1, len(edges) - 1))
            wishes = [min(max(levels[-2], low), high) for levels in edges]
            for levels, level in zip(edges, spread(wishes, apart, low, high)):
                levels[-1] = level


def spread(wishes: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Return places near the wishes, in their order, `apart` from each other and within bounds.

    Isotonic regression: neighbours that are too near pool, and get the mean of their wishes.
    """
    pools: list[list[float]] = []  # of wishes, less the room for what comes before
    for k, wish in enumerate(wishes):
        pools.append([wish - k * apart])
        while len(pools) > 1 and fmean(pools[-2]) > fmean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    places = [fmean(pool) for pool in pools for _ in pool]
    top = high - (len(wishes) - 1) * apart
    return [max(low, min(place, top)) + k * apart for k, place in enumerate(places)]
