"""Order of the items within each rank of a layered drawing, so that few edges cross."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from .ranking import Edges

SWEEPS = 24  # per start, at most
PATIENCE = 6  # sweeps without improvement after which a start is given up
STARTS = 4, 24  # fewest and most orders to start from
WORK = 6000  # links visited by one sweep of all starts: small drawings have more starts
EXCHANGES = 8  # rounds of exchanges after each sweep
TOO_MANY = 4000  # links of one row: exchanging neighbours is slow beyond, and helps little


class Grid:
    """Items in rows, one per rank, and the links between neighbouring rows.

    A long edge runs through bends, one in each row that it passes; all edges from one item share
    their bends. Bends are numbered after the items.
    """

    def __init__(self, rank: Sequence[int], edges: Edges) -> None:
        self.items = len(rank)  # how many; larger numbers are bends
        self.rank = list(rank)
        self.rows: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
        self.ups: list[list[int]] = [[] for _ in rank]  # neighbours in the row before, repeated
        self.downs: list[list[int]] = [[] for _ in rank]
        self.paths: list[list[int]] = []  # of each edge: its tail, bends and head
        for i, r in enumerate(rank):
            self.rows[r].append(i)
        bends: dict[tuple[int, int], int] = {}
        for tail, head in edges:
            path = [tail]
            for r in range(rank[tail] + 1, rank[head]):
                bend = bends.setdefault((tail, r), len(self.rank))
                if bend == len(self.rank):  # a new one
                    self.rank.append(r)
                    self.rows[r].append(bend)
                    self.ups.append([path[-1]])
                    self.downs.append([])
                    self.downs[path[-1]].append(bend)
                path.append(bend)
            self.downs[path[-1]].append(head)
            self.ups[head].append(path[-1])
            self.paths.append([*path, head])

    def crossings(self) -> int:
        """Return how often links cross."""
        total = 0
        for upper, lower in pairwise(self.rows):
            place = places(lower)
            seen: list[int] = []
            for i in upper:
                ends = [place[j] for j in self.downs[i]]
                total += sum(len(seen) - bisect_right(seen, end) for end in ends)
                for end in ends:
                    insort(seen, end)
        return total


def places(row: Iterable[int]) -> dict[int, int]:
    """Return the position of each item in its row."""
    return {i: k for k, i in enumerate(row)}


def reorder(grid: Grid, fixed: Collection[int] = ()) -> None:
    """Reorder the rows of a grid so that few links cross; rows with numbers in `fixed` keep theirs.

    From each of several starts, sweeps down and up sort the rows by barycentres, and then exchange
    neighbours. Of the two mirror images of the result, take the one in which more operands stand
    in their order.
    """
    first = best = [list(row) for row in grid.rows]
    fewest = grid.crossings()
    few, many = STARTS
    for start in range(max(few, min(many, WORK // (1 + sum(map(len, grid.downs)))))):
        rng = random.Random(start)  # the same picture every time
        for r, row in enumerate(first):
            grid.rows[r] = row[::-1] if start >= 2 and r not in fixed else row[:]
            if start >= 4 and r not in fixed:
                rng.shuffle(grid.rows[r])
        since_best = 0
        for sweep in range(SWEEPS):
            if not fewest or since_best >= PATIENCE:
                break
            sort_by_barycentres(grid, (sweep + start) % 2 == 0, fixed, turned=sweep % 4 >= 2)
            for _ in range(EXCHANGES):
                if not exchange(grid, fixed):
                    break
            count = grid.crossings()
            since_best += 1
            if count < fewest:
                fewest, best, since_best = count, [row[:] for row in grid.rows], 0
    grid.rows[:] = best if fixed or not is_upside_down(grid, best) else [row[::-1] for row in best]


def sort_by_barycentres(grid: Grid, downwards: bool, fixed: Collection[int], turned: bool) -> None:
    """Sort each row by the mean place of the neighbours in the row before, if there are any.

    Args:
        grid: its rows are sorted, the first one to the last or the reverse.
        downwards: whether to compare with the row above or the row below.
        fixed: numbers of rows that stay as they are.
        turned: whether to reverse items of equal means, to try another order.
    """
    rows, last = grid.rows, len(grid.rows) - 1
    order, links, step = (
        (range(1, last + 1), grid.ups, -1) if downwards else (range(last)[::-1], grid.downs, 1)
    )
    for r in order:
        if r in fixed:
            continue
        place = places(rows[r + step])
        mean = {i: sum(place[j] for j in links[i]) / len(links[i]) for i in rows[r] if links[i]}
        linked = iter(sorted(reversed(mean) if turned else mean, key=mean.__getitem__))
        rows[r] = [next(linked) if links[i] else i for i in rows[r]]


def exchange(grid: Grid, fixed: Collection[int]) -> bool:
    """Exchange neighbours wherever that removes crossings; return whether it did."""
    better = False
    for r, row in enumerate(grid.rows):
        if r in fixed or sum(len(grid.downs[i]) for i in row) > TOO_MANY:
            continue
        sides = []  # the sorted places of each item's neighbours, above and below
        for beside, links in ((r - 1, grid.ups), (r + 1, grid.downs)):
            if 0 <= beside < len(grid.rows):
                place = places(grid.rows[beside])
                sides.append({i: sorted(place[j] for j in links[i]) for i in row})
        for k in range(len(row) - 1):
            a, b = row[k], row[k + 1]
            if sum(crossings(side[a], side[b]) - crossings(side[b], side[a]) for side in sides) > 0:
                row[k], row[k + 1] = b, a
                better = True
    return better


def crossings(first: Sequence[int], second: Sequence[int]) -> int:
    """Return how often links of two neighbours cross, given the sorted places of their ends."""
    if not first or not second or first[-1] <= second[0]:
        return 0
    return sum(bisect_left(second, place) for place in first)


def is_upside_down(grid: Grid, rows: Iterable[Sequence[int]]) -> bool:
    """Return whether more pairs of operands stand in the wrong order than in the right one."""
    place = {i: k for row in rows for k, i in enumerate(row)}
    operands: defaultdict[int, list[int]] = defaultdict(list)
    for path in grid.paths:  # those that end at one box come in the order of its operands
        operands[path[-1]].append(place[path[-2]])
    pairs = [pair for found in operands.values() for pair in pairwise(found)]
    return sum(a > b for a, b in pairs) > sum(a < b for a, b in pairs)
