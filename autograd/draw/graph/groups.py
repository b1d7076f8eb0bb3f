"""Groups drawn as one node each, and repeated groups drawn once."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from math import prod
from typing import TypeAlias

from .names import with_group_names
from .picture import Array, Box, Group, Operands, Picture

Kind: TypeAlias = tuple[object, ...]  # of a group: equal for groups that compute the same


def depths(picture: Picture) -> dict[str, int]:
    """Return the number of groups around each group."""
    found: dict[str, int] = {}
    for group in picture.groups:
        found[group.id] = found[group.parent] + 1 if group.parent else 0
    return found


def opened(picture: Picture, depth: int, fold: bool = True) -> Picture:
    """Return the picture with `depth` levels of groups; deeper groups are one node each.

    Args:
        picture: the whole graph.
        depth: 0 shows the outermost groups as nodes.
        fold: draw repeated groups once.
    """
    closed = [group for group, level in depths(picture).items() if level == depth]
    return collapsed(picture, closed, fold)


def collapsed(picture: Picture, closed: Collection[str], fold: bool = True) -> Picture:
    """Return the picture with the closed groups as one node each, and repeated ones as one.

    Groups repeat each other if they compute the same, side by side or one after the other.
    """
    outer = {"": ""}  # of each group: the outermost closed one that it is in, or ""
    for group in picture.groups:
        outer[group.id] = outer[group.parent] or (group.id if group.id in closed else "")
    home = {box.id: outer[box.group] for box in picture.boxes if outer[box.group]}
    members: dict[str, list[Box]] = defaultdict(list)
    for box in picture.boxes:
        if box.id in home:
            members[home[box.id]].append(box)
    results = {e.source for e in picture.edges if home.get(e.source) != home.get(e.target)}
    groups = {group.id: group for group in picture.groups}

    boxes: dict[str, Box] = {}
    for box in picture.boxes:
        closed_group = home.get(box.id)
        if closed_group is None:
            boxes[box.id] = replace(box, operands=renamed(box.operands, home))
        elif closed_group not in boxes:
            inside = members[closed_group]
            boxes[closed_group] = as_one(groups[closed_group], inside, results, home)
    kept = tuple(group for group in picture.groups if not outer[group.id])
    small = Picture(in_order(boxes.values()), kept)
    if fold:
        small = folded(small, {group: structure_of(inside) for group, inside in members.items()})
    return with_group_names(small)


def renamed(operands: Operands, ids: Mapping[str, str]) -> Operands:
    """Return the operands with other ids in place of those in `ids`."""
    return tuple(ids.get(x, x) if isinstance(x, str) else x for x in operands)


def as_one(group: Group, members: Sequence[Box], results: set[str], home: Mapping[str, str]) -> Box:
    """Return the node for a closed group, with the value of its result if it has only one."""
    shown = [box for box in members if box.root or box.id in results]
    only = shown[0] if len(shown) == 1 else None
    sources = dict.fromkeys(home.get(x, x) for box in members for x in box.sources)
    steps = sum(1 for box in members if box.op)
    parameters = sum(
        prod(box.value.shape) if isinstance(box.value, Array) else 1
        for box in members
        if box.kind == "leaf"
    )
    notes = [counted(steps, "operation")]
    if parameters:
        notes.append(counted(parameters, "parameter"))
    return Box(
        id=group.id,
        kind="group",
        value=only.value if only else None,
        gradient=only.gradient if only else None,
        keeps_grad=only.keeps_grad if only else True,
        label=group.name,
        operands=tuple(x for x in sources if x != group.id),
        root=any(box.root for box in members),
        group=group.parent,
        notes=tuple(notes),
    )


def counted(n: int, noun: str) -> str:
    """Return a number with a noun in the singular or plural.

    >>> counted(1, "node"), counted(12345, "node")
    ('1 node', '12,345 nodes')
    """
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def structure_of(members: Sequence[Box]) -> Kind:
    """Return what a group computes, without names and values."""
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
    sorter = TopologicalSorter({i: [place[x] for x in box.sources] for i, box in enumerate(listed)})
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


def folded(picture: Picture, structures: Mapping[str, Kind]) -> Picture:
    """Return the picture with groups of one structure as one: side by side, or in a chain.

    Groups that are computed from the same boxes never use each other, so one node can stand for
    them. Their names must be equal too, except for numbers: "query" and "key" stay two nodes.

    Args:
        picture: with closed groups as nodes.
        structures: of the closed groups, by their ids.
    """
    sources = {box.id: frozenset(box.sources) for box in picture.boxes}
    users: dict[str, set[str]] = defaultdict(set)
    for user, used in sources.items():
        for x in used:
            users[x].add(user)
    closed = [box for box in picture.boxes if box.id in structures]
    kinds: dict[str, Kind] = {
        box.id: (box.group, structures[box.id], re.sub(r"\d+", "#", box.label)) for box in closed
    }
    beside: dict[Kind, list[Box]] = defaultdict(list)
    for box in closed:
        beside[kinds[box.id], box.root, sources[box.id]].append(box)
    sets = [equal for equal in beside.values() if len(equal) > 1]
    merged = {box.id for equal in sets for box in equal}
    sets += chains([box for box in closed if box.id not in merged], kinds, users)

    stands_for = {box.id: equal[0].id for equal in sets for box in equal}
    repeated = {equal[0].id: repeat(equal) for equal in sets}
    boxes = []
    for box in picture.boxes:
        if stands_for.get(box.id, box.id) == box.id:
            box = repeated.get(box.id, box)
            operands = renamed(box.operands, stands_for)
            if box.kind == "group":  # a group uses each thing once
                operands = tuple(x for x in dict.fromkeys(operands) if x != box.id)
            boxes.append(replace(box, operands=operands))
    return Picture(in_order(boxes), picture.groups)


def chains(
    boxes: Sequence[Box], kinds: Mapping[str, Kind], users: Mapping[str, set[str]]
) -> list[list[Box]]:
    """Return the chains of groups of one kind, in which each is used by the next one only."""
    by_id = {box.id: box for box in boxes}
    following: dict[str, str] = {}
    for box in boxes:
        if len(users[box.id]) == 1 and not box.root:
            (user,) = users[box.id]
            if user in by_id and kinds[user] == kinds[box.id]:
                following[box.id] = user
    uses = Counter(following.values())
    following = {box: user for box, user in following.items() if uses[user] == 1}
    inner = set(following.values())
    found = []
    for start in following:
        if start not in inner:
            chain = [start]
            while chain[-1] in following:
                chain.append(following[chain[-1]])
            found.append([by_id[box] for box in chain])
    return found


def repeat(members: Sequence[Box]) -> Box:
    """Return one node in place of several equal groups."""
    first, last = members[0], members[-1]
    endings = {box.label.rpartition(": ")[2] for box in members}
    name = endings.pop() if len(endings) == 1 else f"{first.label} … {last.label}"
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
