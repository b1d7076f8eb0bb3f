"""Positions of ordered items across their rows: chains straight, the rest near its neighbours.

After Brandes & Köpf 2001: items are joined to blocks that stand in one line, in four ways (from the
first row or the last, from the left or the right). Each way gives positions; the median is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import accumulate, pairwise
from math import inf
from statistics import median
from typing import TypeAlias

from .ordering import Grid, places

BETWEEN_BOXES, BETWEEN_BENDS = 18.0, 12.0  # distances across
SWEEPS = 12  # of settle(), at most

Gap: TypeAlias = Callable[[int, int], float]  # from the middle of an item to that of its neighbour


def positions(
    grid: Grid,
    breadths: Sequence[float],
    chains: Mapping[int, int],
    offsets: Sequence[tuple[float, float]],
) -> list[float]:
    """Return the position of each item's middle across the rows.

    Args:
        grid: items in rows, in order.
        breadths: of each item; 0 for bends and ports.
        chains: links to be drawn straight, from the upper to the lower item.
        offsets: of each path, how far off the middle of its tail and of its head it ends.
    """
    if not breadths:
        return []
    bends = range(grid.items, len(breadths))
    straight = {**chains, **{i: j for i in bends for j in grid.downs[i] if j in bends}}

    def gap(a: int, b: int) -> float:
        boxes = breadths[a] and breadths[b]
        return (breadths[a] + breadths[b]) / 2 + (BETWEEN_BOXES if boxes else BETWEEN_BENDS)

    candidates = []
    for downwards in True, False:
        for sign in 1, -1:
            rows = [row[::sign] for row in (grid.rows if downwards else reversed(grid.rows))]
            links = grid.ups if downwards else grid.downs
            wanted = {j: i for i, j in straight.items()} if downwards else straight
            x = compacted(rows, blocks(rows, links, wanted), gap)
            candidates.append((sign, [sign * v for v in x]))
    low, high = min(((min(x), max(x)) for _, x in candidates), key=lambda span: span[1] - span[0])
    for sign, x in candidates:  # align all with the narrowest, on the side that they lean to
        move = low - min(x) if sign == 1 else high - max(x)
        x[:] = [v + move for v in x]
    middle = [median(xs) for xs in zip(*(x for _, x in candidates))]
    settle(middle, grid, straight, gap, offsets)
    return middle


def blocks(
    rows: Sequence[Sequence[int]], links: Sequence[Sequence[int]], wanted: Mapping[int, int]
) -> list[int]:
    """Return the first item of the block that each item is in.

    An item joins the block of a neighbour in the row before: of the one in `wanted`, or else of the
    median one. No two joins cross, and none crosses a later one that is wanted.
    """
    root = list(range(len(links)))
    for beside, row in pairwise(rows):
        place = places(beside)
        ends = (place[wanted[j]] if j in wanted else inf for j in reversed(row))
        bounds = list(accumulate(ends, min, initial=inf))[-2::-1]  # of the items further on
        last = -1
        for j, bound in zip(row, bounds):
            if j in wanted:
                options, bound = [place[wanted[j]]], inf
            else:
                near = sorted(place[i] for i in links[j])
                options = near[(len(near) - 1) // 2 : len(near) // 2 + 1]
            for k in options:
                if last < k < bound:
                    root[j], last = root[beside[k]], k
                    break
    return root


def compacted(rows: Sequence[Sequence[int]], root: Sequence[int], gap: Gap) -> list[float]:
    """Return positions with each block in one line, close together, and leaning to the left."""
    left: dict[int, dict[int, float]] = {r: {} for r in root}  # the blocks left of each, and gaps
    for row in rows:
        for a, b in pairwise(row):
            known = left[root[b]]
            known[root[a]] = max(gap(a, b), known.get(root[a], 0.0))
    order = list(TopologicalSorter(left).static_order())
    x: dict[int, float] = {}
    for block in order:
        x[block] = max((x[other] + width for other, width in left[block].items()), default=0.0)
    room: dict[int, float] = {}
    for block in reversed(order):  # to the right, up to the next block
        x[block] = room.get(block, x[block])
        for other, width in left[block].items():
            room[other] = min(x[block] - width, room.get(other, inf))
    return [x[r] for r in root]


def shifts(
    grid: Grid, offsets: Sequence[tuple[float, float]]
) -> list[dict[tuple[int, float], None]]:
    """Return the links of each item: to which item, and how far from there the link is straight."""
    found: list[dict[tuple[int, float], None]] = [{} for _ in grid.rank]
    for path, (out, into) in zip(grid.paths, offsets):
        for a, b in pairwise(path):
            shift = (into if b == path[-1] else 0.0) - (out if a == path[0] else 0.0)
            found[a][b, shift] = found[b][a, -shift] = None
    return found


def settle(
    x: list[float],
    grid: Grid,
    straight: Mapping[int, int],
    gap: Gap,
    offsets: Sequence[tuple[float, float]],
) -> None:
    """Move each line of items, if there is room, to the median of where its links are straight."""
    links = shifts(grid, offsets)
    before = {b: a for row in grid.rows for a, b in pairwise(row)}
    behind = {a: b for b, a in before.items()}
    lines = straight_lines(x, straight)
    line_of = {i: k for k, line in enumerate(lines) for i in line}
    for sweep in range(SWEEPS):
        moved = 0.0
        for line in lines if sweep % 2 == 0 else reversed(lines):
            ends = [(i, link) for i in line for link in links[i] if line_of[link[0]] != line_of[i]]
            wishes = sorted(x[j] + shift - x[i] for i, (j, shift) in ends)
            if not wishes:
                continue
            low, high = wishes[(len(wishes) - 1) // 2], wishes[len(wishes) // 2]
            if line[0] >= grid.items:  # bends: an edge is straighter if it keeps to its nearer end
                step = max(low, min(high, 0.0))
            else:
                step = (low + high) / 2
            for i in line:
                if i in behind:
                    step = min(step, x[behind[i]] - gap(i, behind[i]) - x[i])
            for i in line:
                if i in before:
                    step = max(step, x[before[i]] + gap(before[i], i) - x[i])
            moved = max(moved, abs(step))
            for i in line:
                x[i] += step
        if moved < 0.05:
            break


def straight_lines(x: Sequence[float], straight: Mapping[int, int]) -> list[list[int]]:
    """Return the items in the lines that came out straight, each from its first item on."""
    joined = {i: j for i, j in straight.items() if abs(x[i] - x[j]) < 1e-6}
    lines = []
    for i in sorted({*range(len(x))} - {*joined.values()}):
        line = [i]
        while line[-1] in joined:
            line.append(joined[line[-1]])
        lines.append(line)
    return lines
