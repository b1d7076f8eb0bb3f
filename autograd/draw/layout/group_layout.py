"""The inside of one group, laid out: layers, orders, positions, and the curves between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from .coordinates import positions
from .curves import Curve, bend_to, line_to, spread
from .ranking import grid, ranks, topological, untangle

BETWEEN_BOXES, BETWEEN_BENDS = 18.0, 12.0  # across
BETWEEN_LAYERS, BESIDE_FRAME = 46.0, 26.0  # along
FROM_CORNER = 9.0


class Key(NamedTuple):
    """Where a part of an edge begins or ends."""

    kind: str  # "box"; "group": a port of a group in here; "in", "out": a port of the frame
    id: str  # of the box or group
    port: str = ""  # for what passes through a port: the box that it comes from


class Padding(NamedTuple):
    """What a frame leaves free around its inside, and how large its inside must be."""

    before: float
    after: float
    left: float
    right: float
    length: float
    breadth: float


BARE = Padding(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass
class Sheet:
    """The inside of one group."""

    boxes: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    parts: dict[tuple[Key, Key, int], None] = field(default_factory=dict)  # of edges
    # What is found:
    length: float = 0.0
    breadth: float = 0.0
    spots: dict[str, tuple[float, float]] = field(default_factory=dict)  # corners
    ports: dict[Key, float] = field(default_factory=dict)  # how far across
    curves: dict[tuple[Key, Key, int], Curve] = field(default_factory=dict)


@dataclass
class Plan:
    """What is to be laid out: a sheet for each group, and one for what stands outside of all."""

    sheets: Mapping[str, Sheet]
    extents: Mapping[str, tuple[float, float]]  # length and breadth of each box
    paddings: Mapping[str, Padding]  # of each group's frame
    leads: Mapping[str, float]  # how far edges run straight before they arrive at each box
    apart: float  # the distance between edges that arrive at one box, besides their labels
    ordered: frozenset[str]  # boxes at which edges arrive in the order of the operands
    labels: Mapping[str, float]  # how far the labels of arriving edges reach across a box


class Level:
    """One sheet being laid out: its boxes, groups and ports as numbered items."""

    def __init__(self, plan: Plan, group: str, hints: Mapping[Key, float]) -> None:
        self.plan, self.hinted = plan, hints
        self.sheet = sheet = plan.sheets[group]
        self.padding = plan.paddings.get(group, BARE)
        ports = dict.fromkeys(
            key for part in sheet.parts for key in part[:2] if key.kind in {"in", "out"}
        )
        self.keys = [
            *sorted((key for key in ports if key.kind == "in"), key=self.wish),
            *(Key("box", box) for box in sheet.boxes),
            *(Key("group", inner) for inner in sheet.groups),
            *sorted((key for key in ports if key.kind == "out"), key=self.wish),
        ]
        self.index = {key: i for i, key in enumerate(self.keys)}
        self.edges = [(self.item(tail), self.item(head)) for tail, head, _ in sheet.parts]
        extents = [self.extent(key) for key in self.keys]
        self.lengths = [length for length, _ in extents]
        self.breadths = [breadth for _, breadth in extents]

    def wish(self, key: Key) -> float:
        return self.hinted.get(key, 0.0)

    def item(self, key: Key) -> int:
        return self.index[Key("group", key.id) if key.kind == "group" else key]

    def extent(self, key: Key) -> tuple[float, float]:
        if key.kind == "box":
            return self.plan.extents[key.id]
        if key.kind == "group":
            return self.plan.sheets[key.id].length, self.plan.sheets[key.id].breadth
        return 0.0, 0.0

    def offset(self, key: Key, side: str) -> float:
        """How far off an item's middle the port for edges into it, or out of it, is."""
        if key.kind != "group":
            return 0.0
        inner = self.plan.sheets[key.id]
        return inner.ports[Key(side, key.id, key.port)] - inner.breadth / 2

    def arrange(self) -> None:
        """Find the layers, the orders and the positions."""
        rank = self.ranks()
        self.grid = made = grid(rank, self.edges)
        fixed = []
        if self.hinted and made.rows:
            fixed = [r for r in (0, len(made.rows) - 1) if self.is_port(made.rows[r][0])]
        untangle(made, fixed)
        if not self.hinted and self.is_upside_down():
            made.rows[:] = [row[::-1] for row in made.rows]
        self.breadths += [0.0] * (len(made.rank) - len(self.keys))
        self.ends: list[tuple[float, float]] = [
            (self.offset(tail, "out"), self.offset(head, "in"))
            for tail, head, _ in self.sheet.parts
        ]
        self.v = positions(made, self.separation, self.spine(rank), self.links())
        if self.v:
            low = min(v - b / 2 for v, b in zip(self.v, self.breadths))
            self.v = [v - low for v in self.v]

    def is_upside_down(self) -> bool:
        """Whether more pairs of operands stand in the wrong order than in the right one."""
        place = {i: k for row in self.grid.rows for k, i in enumerate(row)}
        operands: dict[int, list[int]] = {}
        for path in self.grid.paths:  # those that end at one box come in the order of its operands
            operands.setdefault(path[-1], []).append(place[path[-2]])
        pairs = [pair for places in operands.values() for pair in pairwise(places)]
        return sum(a > b for a, b in pairs) > sum(a < b for a, b in pairs)

    def links(self) -> list[list[tuple[int, float]]]:
        """What each item is linked to, and where it would stand for that link to be straight."""
        found: list[dict[tuple[int, float], None]] = [{} for _ in self.grid.rank]
        for path, (out, into) in zip(self.grid.paths, self.ends):
            for a, b in pairwise(path):
                leaves = out if a == path[0] else 0.0
                arrives = into if b == path[-1] else 0.0
                found[a][b, arrives - leaves] = None
                found[b][a, leaves - arrives] = None
        return [list(wishes) for wishes in found]

    def is_port(self, i: int) -> bool:
        return i < len(self.keys) and self.keys[i].kind in {"in", "out"}

    def ranks(self) -> list[int]:
        """Layers: ports that lead in before all else, ports that lead out behind."""
        ports = [key.kind if key.kind in {"in", "out"} else "" for key in self.keys]
        inner = [i for i, kind in enumerate(ports) if not kind]
        number = {i: k for k, i in enumerate(inner)}
        found = ranks(
            len(inner),
            [(number[a], number[b]) for a, b in self.edges if a in number and b in number],
        )
        first = 1 if "in" in ports else 0
        last = first + max(found, default=-1) + 1
        place = {"in": 0, "out": last}
        return [place[kind] if kind else first + found[number[i]] for i, kind in enumerate(ports)]

    def separation(self, a: int, b: int) -> float:
        n = len(self.keys)
        boxes = a < n and b < n and not (self.is_port(a) and self.is_port(b))
        gap = BETWEEN_BOXES if boxes else BETWEEN_BENDS
        return (self.breadths[a] + self.breadths[b]) / 2 + gap

    def spine(self, rank: Sequence[int]) -> dict[int, int]:
        """Links of long chains: from each box to the one that has most behind it, if that one in
        turn has it as the operand with most before it.
        """
        n = len(self.keys)
        tails: list[list[int]] = [[] for _ in range(n)]
        heads: list[list[int]] = [[] for _ in range(n)]
        for a, b in self.edges:
            tails[b].append(a)
            heads[a].append(b)
        order = topological(n, self.edges)
        depth, height = [0] * n, [0] * n
        for i in order:
            depth[i] = 1 + max((depth[j] for j in tails[i]), default=-1)
        for i in reversed(order):
            height[i] = 1 + max((height[j] for j in heads[i]), default=-1)
        chosen = {}
        for i in range(n):
            j = most(heads[i], height)
            if j is None or rank[j] != rank[i] + 1 or most(tails[j], depth) != i:
                continue
            if self.keys[i].kind == self.keys[j].kind == "box":
                chosen[i] = j
        return chosen

    def hints(self, group: str) -> dict[Key, float]:
        """The best order of a group's ports: by where their edges come from, or go."""
        sums: dict[Key, list[float]] = {}
        for (tail, head, _), path in zip(self.sheet.parts, self.grid.paths):
            if head.kind == "group" and head.id == group:
                sums.setdefault(Key("in", group, head.port), []).append(
                    self.v[path[-2]] + (self.offset(tail, "out") if len(path) == 2 else 0.0)
                )
            if tail.kind == "group" and tail.id == group:
                sums.setdefault(Key("out", group, tail.port), []).append(
                    self.v[path[1]] + (self.offset(head, "in") if len(path) == 2 else 0.0)
                )
        return {key: sum(vs) / len(vs) for key, vs in sums.items()}

    def finish(self) -> None:
        """Write positions, ports and curves into the sheet."""
        sheet, padding = self.sheet, self.padding
        breadth = max((v + b / 2 for v, b in zip(self.v, self.breadths)), default=0.0)
        slack = max(0.0, padding.breadth - breadth)
        self.v = [padding.left + slack / 2 + v for v in self.v]
        starts, ends = self.layers_along()
        sheet.breadth = padding.left + breadth + slack + padding.right
        for i, key in enumerate(self.keys):
            r = self.grid.rank[i]
            u = self.along(i, starts[r], ends[r])
            if self.is_port(i):
                sheet.ports[key] = self.v[i]
            else:
                sheet.spots[key.id] = (u, self.v[i] - self.breadths[i] / 2)
        arrivals = self.arrivals()
        for k, (part, path) in enumerate(zip(sheet.parts, self.grid.paths)):
            sheet.curves[part] = self.curve(k, path, arrivals[k], starts, ends)

    def along(self, i: int, start: float, end: float) -> float:
        """Where in its layer an item begins: in the middle, but what is computed from nothing
        stands as near as it can to its use.
        """
        room = end - start - self.lengths[i]
        return start + (room / 2 if self.grid.ups[i] else room)

    def layers_along(self) -> tuple[list[float], list[float]]:
        """Where each layer begins and ends; the sheet's length."""
        rows, padding = self.grid.rows, self.padding
        lengths = [
            max((self.lengths[i] for i in row if i < len(self.keys)), default=0.0) for row in rows
        ]
        starts, ends = [], []
        u = 0.0 if rows and self.is_port(rows[0][0]) else padding.before
        for r, row in enumerate(rows):
            starts.append(u)
            u += lengths[r]
            ends.append(u)
            if r + 1 < len(rows):
                u += self.gap(row, rows[r + 1])
        closed = bool(rows) and self.is_port(rows[-1][0])
        self.sheet.length = u if closed else u + padding.after
        if padding.length > self.sheet.length:  # the title is wider than the inside
            extra = padding.length - self.sheet.length
            first = 1 if rows and self.is_port(rows[0][0]) else 0
            last = len(rows) - 1 if closed else len(rows)
            starts[first:last] = [x + extra / 2 for x in starts[first:last]]
            ends[first:last] = [x + extra / 2 for x in ends[first:last]]
            starts[last:] = [x + extra for x in starts[last:]]
            ends[last:] = [x + extra for x in ends[last:]]
            self.sheet.length = padding.length
        return starts, ends

    def gap(self, row: Sequence[int], following: Sequence[int]) -> float:
        """The distance between two layers: more where edges climb far."""
        here = set(following)
        climbs = (abs(self.v[i] - self.v[j]) for i in row for j in self.grid.downs[i] if j in here)
        climb = max(climbs, default=0.0)
        beside_frame = self.is_port(row[0]) or self.is_port(following[0])
        base = BESIDE_FRAME if beside_frame else BETWEEN_LAYERS
        return max(base, min(0.16 * climb, 2.2 * BETWEEN_LAYERS)) + (self.lead(following))

    def lead(self, row: Sequence[int]) -> float:
        """How far edges run straight before they arrive in a layer."""
        boxes = (self.keys[i].id for i in row if i < len(self.keys) and self.keys[i].kind == "box")
        return max((self.plan.leads.get(box, 0.0) for box in boxes), default=0.0)

    def arrivals(self) -> list[float]:
        """Where across each part of an edge ends: at a box as straight ahead as there is room."""
        found = [0.0] * len(self.edges)
        at: dict[int, list[tuple[float, int]]] = {}
        for k, ((_, head, _), path) in enumerate(zip(self.sheet.parts, self.grid.paths)):
            came = self.v[path[-2]] + (self.ends[k][0] if len(path) == 2 else 0.0)
            if head.kind == "box":
                at.setdefault(path[-1], []).append((came, k))
            else:
                found[k] = self.v[path[-1]] + self.ends[k][1]
        for i, coming in at.items():
            if self.keys[i].id not in self.plan.ordered:
                coming.sort()
            label = self.plan.labels.get(self.keys[i].id, 0.0)
            half = self.breadths[i] / 2
            low = self.v[i] - max(0.0, half - FROM_CORNER)
            high = self.v[i] + max(0.0, half - max(FROM_CORNER, label))
            apart = min(self.plan.apart + label, (high - low) / max(1, len(coming) - 1))
            wishes = [min(max(v, low), high) for v, _ in coming]
            for (_, k), v in zip(coming, spread(wishes, apart, low, high)):
                found[k] = v
        return found

    def curve(
        self, k: int, path: list[int], arrival: float, starts: list[float], ends: list[float]
    ) -> Curve:
        """The curve of one part of an edge: straight beside boxes, and bent between layers."""
        rank, v = self.grid.rank, self.v
        tail, head = path[0], path[-1]
        level = v[tail] + self.ends[k][0]
        begin = self.along(tail, starts[rank[tail]], ends[rank[tail]])
        points: Curve = [(begin + self.lengths[tail], level)]
        line_to(points, (ends[rank[tail]], level))
        for i in path[1:-1]:
            bend_to(points, (starts[rank[i]], v[i]))
            line_to(points, (ends[rank[i]], v[i]))
        lead = self.lead(self.grid.rows[rank[head]])
        bend_to(points, (starts[rank[head]] - lead, arrival))
        line_to(points, (self.along(head, starts[rank[head]], ends[rank[head]]), arrival))
        return points


def most(items: Sequence[int], measure: Sequence[int]) -> int | None:
    """The item with the greatest measure, unless several have it."""
    if not items:
        return None
    best = max(items, key=measure.__getitem__)
    return best if sum(1 for i in items if measure[i] == measure[best]) == 1 else None
