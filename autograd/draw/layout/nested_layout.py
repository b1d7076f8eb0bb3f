"""Drawings within drawings: the inside of each group is laid out by itself, and is then one item of
what is around it.

So a frame holds what belongs to it and nothing else. Edges that leave a group or come in pass
through ports in its frame, one for each box that they come from. All is in coordinates along the
direction of the edges (`u`) and across it (`v`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .curves import Curve
from .group_layout import Key, Level, Padding, Plan, Sheet


@dataclass
class Solution:
    """Corners of boxes, frames (corner, length and breadth), and a curve for each edge."""

    spots: dict[str, tuple[float, float]]
    frames: dict[str, tuple[float, float, float, float]]
    curves: list[Curve]
    length: float
    breadth: float


def solve(
    extents: Mapping[str, tuple[float, float]],
    edges: Sequence[tuple[str, str]],
    homes: Mapping[str, str],
    parents: Mapping[str, str],
    paddings: Mapping[str, Padding],
    leads: Mapping[str, float],
    apart: float,
    ordered: frozenset[str],
    labels: Mapping[str, float],
) -> Solution:
    """Lay out boxes of these lengths and breadths.

    Args:
        extents: length and breadth of each box.
        edges: from which box to which.
        homes: the innermost group of each box that stands in one.
        parents: the group around each group, "" outside of all.
        paddings: of each group's frame.
        leads: how far edges run straight before they arrive at each box.
        apart: the distance between edges that arrive at one box, where it has room.
        ordered: boxes at which edges arrive in the order of the operands.
        labels: how far the labels of arriving edges reach across each box.

    Raises:
        CyclicError: a group uses what is made of it.
    """
    sheets = {"": Sheet()} | {group: Sheet() for group in parents}
    for box in extents:
        sheets[homes.get(box, "")].boxes.append(box)
    for group, parent in parents.items():
        sheets[parent].groups.append(group)
    around = {"": [""]}
    for group, parent in parents.items():
        around[group] = [*around[parent], group]

    courses = []
    for number, (source, target) in enumerate(edges):
        course = list(course_of(source, target, number, around, homes))
        for group, part in course:
            sheets[group].parts[part] = None
        courses.append(course)

    solver = Solver(Plan(sheets, extents, paddings, leads, apart, ordered, labels))
    solver.solve("", {})
    return solver.gathered(courses)


def course_of(
    source: str,
    target: str,
    number: int,
    around: Mapping[str, list[str]],
    homes: Mapping[str, str],
) -> list[tuple[str, tuple[Key, Key, int]]]:
    """The parts of an edge: out of the groups that hold its source, and into the target's."""
    outward, inward = around[homes.get(source, "")], around[homes.get(target, "")]
    shared = sum(1 for a, b in zip(outward, inward) if a == b)
    course = []
    at = Key("box", source)
    for group in reversed(outward[shared:]):
        course.append((group, (at, Key("out", group, source), -1)))
        at = Key("group", group, source)
    level = outward[shared - 1]
    for group in inward[shared:]:
        course.append((level, (at, Key("group", group, source), -1)))
        at, level = Key("in", group, source), group
    course.append((level, (at, Key("box", target), number)))
    return course


class Solver:
    """Lays out sheet within sheet."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.sheets = plan, plan.sheets

    def solve(self, group: str, hints: Mapping[Key, float]) -> None:
        """Lay out a group, the groups in it first: then again, their ports in a better order.

        Args:
            group: which.
            hints: the order in which its ports are best, if that is known.
        """
        sheet = self.sheets[group]
        if not hints:  # with hints it is done again: what is inside is solved already
            for inner in sheet.groups:
                self.solve(inner, {})
        level = Level(self.plan, group, hints)
        level.arrange()
        ahead = {inner: level.hints(inner) for inner in sheet.groups}
        disordered = [inner for inner, wanted in ahead.items() if self.disordered(inner, wanted)]
        if disordered:
            for inner in disordered:
                self.solve(inner, ahead[inner])
            level = Level(self.plan, group, hints)
            level.arrange()
        level.finish()

    def disordered(self, group: str, wanted: Mapping[Key, float]) -> bool:
        """Whether a group's ports stand in another order than is wanted."""
        ports = self.sheets[group].ports
        for kind in ("in", "out"):
            order = sorted((key for key in wanted if key.kind == kind), key=wanted.__getitem__)
            if any(ports[a] > ports[b] for a, b in zip(order, order[1:])):
                return True
        return False

    def gathered(self, courses: Sequence[Sequence[tuple[str, tuple[Key, Key, int]]]]) -> Solution:
        """All in the coordinates of the outermost sheet."""
        corners = {"": (0.0, 0.0)}
        spots: dict[str, tuple[float, float]] = {}
        frames = {}
        for group, sheet in self.sheets.items():
            u, v = corners[group]
            for box in sheet.boxes:
                spots[box] = (u + sheet.spots[box][0], v + sheet.spots[box][1])
            for inner in sheet.groups:
                corner = (u + sheet.spots[inner][0], v + sheet.spots[inner][1])
                corners[inner] = corner
                frames[inner] = (*corner, self.sheets[inner].length, self.sheets[inner].breadth)
        curves = []
        for course in courses:
            curve: Curve = []
            for group, part in course:
                u, v = corners[group]
                more = [(u + a, v + b) for a, b in self.sheets[group].curves[part]]
                curve += more[1:] if curve else more
            curves.append(curve)
        outermost = self.sheets[""]
        return Solution(spots, frames, curves, outermost.length, outermost.breadth)
