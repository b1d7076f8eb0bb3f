"""Groups drawn as one node each, and repeated groups drawn once."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from math import prod
from typing import TypeAlias

from .names import with_group_names
from .picture import Array, Box, Group, Number, Picture

Shape: TypeAlias = tuple[object, ...]  # of a group: equal for groups that compute alike


def depths(picture: Picture) -> dict[str, int]:
    """How many groups are around each group."""
    found: dict[str, int] = {}
    for group in picture.groups:
        found[group.id] = found[group.parent] + 1 if group.parent else 0
    return found


def opened(picture: Picture, depth: int, fold: bool = True) -> Picture:
    """The picture with `depth` levels of groups; deeper groups are one node each.

    Args:
        picture: of which.
        depth: 0 shows the outermost groups as nodes.
        fold: draw once what is repeated.
    """
    closed = [group for group, level in depths(picture).items() if level == depth]
    return collapsed(picture, closed, fold)


def collapsed(picture: Picture, closed: Collection[str], fold: bool = True) -> Picture:
    """The picture with these groups as one node each, and repeated ones among them as one.

    Groups repeat each other if they compute the same, side by side or one after the other.
    """
    outer = {"": ""}  # of each group: the outermost closed one that it is in, if any
    for group in picture.groups:
        outer[group.id] = outer[group.parent] or (group.id if group.id in closed else "")
    home = {box.id: outer[box.group] for box in picture.boxes}
    inside: dict[str, list[Box]] = defaultdict(list)
    for box in picture.boxes:
        inside[home[box.id]].append(box)
    results = {e.source for e in picture.edges if home[e.source] != home[e.target]}
    groups = {group.id: group for group in picture.groups}

    boxes: dict[str, Box] = {}
    alike: dict[str, Shape] = {}
    for box in picture.boxes:
        group_id = home[box.id]
        if not group_id:
            seen = (home.get(x, "") or x if isinstance(x, str) else x for x in box.operands)
            boxes[box.id] = replace(box, operands=tuple(seen))
        elif group_id not in boxes:
            members = inside[group_id]
            boxes[group_id] = as_one(groups[group_id], members, results, home)
            alike[group_id] = shape_of(members, groups)
    kept = tuple(group for group in picture.groups if not outer[group.id])
    small = Picture(in_order(boxes.values()), kept)
    return with_group_names(folded(small, alike) if fold else small)


def as_one(group: Group, members: Sequence[Box], results: set[str], home: dict[str, str]) -> Box:
    """The node for a closed group, with the value of its result if it has only one."""
    shown = [box for box in members if box.root or box.id in results]
    only = shown[0] if len(shown) == 1 else None
    sources = dict.fromkeys(
        home[x] or x
        for box in members
        for x in box.operands
        if isinstance(x, str) and home[x] != group.id
    )
    return Box(
        id=group.id,
        kind="group",
        value=only.value if only else None,
        gradient=only.gradient if only else None,
        keeps_grad=only.keeps_grad if only else True,
        label=group.name,
        operands=tuple(sources),
        root=any(box.root for box in members),
        group=group.parent,
        notes=notes_of(members),
    )


def notes_of(members: Sequence[Box]) -> tuple[str, ...]:
    """The notes that a folded group shows in place of its content."""
    steps = sum(1 for box in members if box.op)
    parameters = sum(size(box.value) for box in members if box.kind == "leaf")
    notes = [counted(steps, "operation")]
    if parameters:
        notes.append(counted(parameters, "parameter"))
    return tuple(notes)


def counted(n: int, what: str) -> str:
    """So many of something.

    >>> counted(1, "node"), counted(12345, "node")
    ('1 node', '12,345 nodes')
    """
    return f"{n:,} {what}" + ("" if n == 1 else "s")


def size(x: Number | None) -> int:
    return prod(x.shape) if isinstance(x, Array) else 1


def shape_of(members: Sequence[Box], groups: dict[str, Group]) -> Shape:
    """The structure of what a group computes, without names and values."""
    place = {box.id: i for i, box in enumerate(members)}
    return tuple(
        (
            box.kind,
            box.op,
            box.value.shape if isinstance(box.value, Array) else (),
            tuple(place.get(x, -1) if isinstance(x, str) else -1 for x in box.operands),
        )
        for box in members
    )


def in_order(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """Return the boxes in topological order; where it leaves a choice, in their given order.

    Raises:
        ValueError: a group uses something that is computed from it.
    """
    listed = list(boxes)
    place = {box.id: i for i, box in enumerate(listed)}
    sorter = TopologicalSorter[int]()
    for i, box in enumerate(listed):
        sorter.add(i, *{place[x] for x in box.operands if isinstance(x, str)})
    try:
        sorter.prepare()
    except CycleError as error:
        name = next(listed[i].label for i in error.args[1] if listed[i].kind == "group")
        raise ValueError(
            f"the group {name!r} uses a result that was computed from it, so it can't be drawn as "
            "one node; leave it open, and raise limit= if there are too many nodes"
        ) from None
    ready: list[int] = []
    order = []
    while sorter:
        for i in sorter.get_ready():
            heappush(ready, i)
        order.append(first := heappop(ready))
        sorter.done(first)
    return tuple(listed[i] for i in order)


# --- repeated structure ---------------------------------------------------------------------------


def folded(picture: Picture, alike: dict[str, Shape]) -> Picture:
    """Groups of one structure as one: side by side with the same operands, or in a chain.

    Groups that are made from the same never use each other, so one node can stand for them. Their
    names must be equal too, except for numbers: "query" and "key" stay two nodes.

    Args:
        picture: with closed groups as nodes.
        alike: by their ids, what is equal for groups that compute alike.
    """
    sources: dict[str, set[str]] = {}
    targets: dict[str, set[str]] = defaultdict(set)
    for box in picture.boxes:
        sources[box.id] = {x for x in box.operands if isinstance(x, str)}
        for x in sources[box.id]:
            targets[x].add(box.id)
    rows: dict[object, list[Box]] = defaultdict(list)
    for box in picture.boxes:
        if box.id in alike:
            kind = box.group, alike[box.id], numberless(box.label), box.root
            rows[kind, frozenset(sources[box.id])].append(box)
    sets = [row for row in rows.values() if len(row) > 1]
    merged = {box.id for row in sets for box in row}
    single = [box for box in picture.boxes if box.id in alike and box.id not in merged]
    sets += chains(single, alike, targets)

    stands_for = {box.id: members[0].id for members in sets for box in members}
    repeated = {members[0].id: repeat(members) for members in sets}
    boxes = []
    for box in picture.boxes:
        if stands_for.get(box.id, box.id) == box.id:
            known = repeated.get(box.id, box)
            seen = [stands_for.get(x, x) if isinstance(x, str) else x for x in known.operands]
            if box.kind == "group":  # a group uses each thing once
                seen = [x for x in dict.fromkeys(seen) if x != box.id]
            boxes.append(replace(known, operands=tuple(seen)))
    return Picture(in_order(boxes), picture.groups)


def chains(
    boxes: Sequence[Box], alike: dict[str, Shape], targets: dict[str, set[str]]
) -> list[list[Box]]:
    """Chains of equal groups, each used only by the next."""

    def kind(box: Box) -> object:
        return box.group, alike[box.id], numberless(box.label)

    by_id = {box.id: box for box in boxes}
    following: dict[str, str] = {}
    for box in boxes:
        after = targets[box.id]
        if len(after) == 1 and not box.root:
            (next_id,) = after
            after_box = by_id.get(next_id)
            if after_box and kind(box) == kind(after_box):
                following[box.id] = next_id
    uses = Counter(following.values())
    following = {a: b for a, b in following.items() if uses[b] == 1}
    inner = set(following.values())
    runs = []
    for start in following:
        if start in inner:
            continue
        run = [start]
        while run[-1] in following:
            run.append(following[run[-1]])
        runs.append([by_id[name] for name in run])
    return runs


def numberless(name: str) -> str:
    """A name that is equal for "block 1" and "block 12"."""
    return re.sub(r"\d+", "#", name)


def repeat(members: Sequence[Box]) -> Box:
    """One node in place of several equal groups."""
    first, last = members[0], members[-1]
    names = [box.label for box in members]
    endings = {name.rpartition(": ")[2] for name in names}
    name = endings.pop() if len(endings) == 1 else f"{names[0]} … {names[-1]}"
    return replace(
        first,
        label=f"{name} ×{len(members)}",
        value=None,
        gradient=None,
        operands=tuple(dict.fromkeys(x for box in members for x in box.operands)),
        root=last.root,
        notes=tuple(f"{note} each" for note in first.notes),
        times=len(members),
    )
