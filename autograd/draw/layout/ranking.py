"""Which layer each item of a drawing stands in, and in which order: edges short, crossings few.

Items are numbered 0, 1, ...; an edge is a pair of them. Sugiyama, Tagawa & Toda 1981 is where the
method comes from: layers, then orders, then positions (in `alignment`).
"""

from __future__ import annotations

import random
from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass

SWEEPS = 24  # at most; they end when nothing has improved for a while
PATIENCE = 6
ATTEMPTS = 4, 24  # fewest and most; from the order that items have, its reverse, and others
WORK = 6000  # links looked at, in all attempts: more attempts in small drawings
EXCHANGES = 8  # rounds after each sweep
TOO_MANY = 4000  # links of one layer: transposing neighbours is slow beyond, and helps little


class CyclicError(ValueError):
    """The edges form a cycle, so there is no order to draw them in."""


def topological(n: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The items, each after all that point to it.

    Raises:
        CyclicError: there is no such order.
    """
    heads: list[list[int]] = [[] for _ in range(n)]
    missing = [0] * n
    for tail, head in edges:
        heads[tail].append(head)
        missing[head] += 1
    order = [i for i in range(n) if not missing[i]]
    for i in order:
        for head in heads[i]:
            missing[head] -= 1
            if not missing[head]:
                order.append(head)
    if len(order) < n:
        raise CyclicError("the edges form a cycle")
    return order


def ranks(n: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of each item: after all that point to it, and beside what it is used by.

    Layers by longest path; then an item with more to gain on its way out than it has to lose on
    its way in moves to just before its first use. So leaves stand beside their uses.
    """
    order = topological(n, edges)
    tails: list[list[int]] = [[] for _ in range(n)]
    heads: list[list[int]] = [[] for _ in range(n)]
    for tail, head in edges:
        tails[head].append(tail)
        heads[tail].append(head)
    rank = [0] * n
    for i in order:
        rank[i] = 1 + max((rank[tail] for tail in tails[i]), default=-1)
    for i in reversed(order):
        if heads[i]:
            # What is used nowhere else comes along: it costs nothing.
            holding = sum(1 for tail in tails[i] if tails[tail] or len(heads[tail]) > 1)
            if holding <= len(heads[i]):
                rank[i] = min(rank[head] for head in heads[i]) - 1
    lowest = min(rank, default=0)
    return [r - lowest for r in rank]


@dataclass(slots=True)
class Grid:
    """Items in layers, and the links between neighbouring layers.

    A long edge runs through bends, one in each layer between; all edges of one item share theirs.
    Bends are numbered after the items.
    """

    rows: list[list[int]]
    ups: list[list[int]]  # the neighbours in the layer before, with repetitions
    downs: list[list[int]]
    rank: list[int]
    items: int  # how many: what comes after is a bend
    paths: list[list[int]]  # of each edge: its tail, bends, and head

    def is_bend(self, i: int) -> bool:
        return i >= self.items


def grid(rank: Sequence[int], edges: Sequence[tuple[int, int]]) -> Grid:
    """The layers, in the order in which items come, with bends for the long edges."""
    n = len(rank)
    rows: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
    for i, r in enumerate(rank):
        rows[r].append(i)
    made = Grid(rows, [[] for _ in rank], [[] for _ in rank], list(rank), n, [])
    bends: dict[tuple[int, int], int] = {}
    for tail, head in edges:
        path = [tail]
        for r in range(rank[tail] + 1, rank[head]):
            bend = bends.get((tail, r))
            if bend is None:
                bend = bends[tail, r] = len(made.rank)
                made.rank.append(r)
                rows[r].append(bend)
                made.ups.append([path[-1]])
                made.downs.append([])
                made.downs[path[-1]].append(bend)
            path.append(bend)
        made.downs[path[-1]].append(head)
        made.ups[head].append(path[-1])
        made.paths.append([*path, head])
    return made


def crossings(upper: Sequence[int], lower: Sequence[int], downs: Sequence[list[int]]) -> int:
    """How often the links between two layers cross."""
    place = {i: k for k, i in enumerate(lower)}
    seen: list[int] = []
    total = 0
    for i in upper:
        ends = [place[head] for head in downs[i]]
        for end in ends:
            total += len(seen) - bisect_right(seen, end)
        for end in ends:
            insort(seen, end)
    return total


def untangle(made: Grid, fixed: Sequence[int] = ()) -> None:
    """Reorder the layers so that few links cross: barycentres, down and up, then exchanges.

    Args:
        made: changed in place.
        fixed: layers that keep their order.
    """
    first = [list(row) for row in made.rows]
    best, fewest = first, total_crossings(made)
    for start in range(attempts(made)):
        shuffled = random.Random(start)  # the same picture every time
        made.rows[:] = [list(row) if start < 2 else row[::-1] for row in first]
        for r, row in enumerate(made.rows):
            if r in fixed:
                made.rows[r] = list(first[r])
            elif start >= 4:
                shuffled.shuffle(row)
        tired = 0
        for sweep in range(SWEEPS):
            if not fewest or tired >= PATIENCE:
                break
            sweep_through(made, (sweep + start) % 2 == 0, fixed, turned=sweep % 4 >= 2)
            for _ in range(EXCHANGES):
                if not exchange(made, fixed):
                    break
            count = total_crossings(made)
            tired += 1
            if count < fewest:
                fewest, best, tired = count, [list(row) for row in made.rows], 0
    made.rows[:] = best


def attempts(made: Grid) -> int:
    low, high = ATTEMPTS
    return max(low, min(high, WORK // (1 + sum(map(len, made.downs)))))


def total_crossings(made: Grid) -> int:
    return sum(crossings(a, b, made.downs) for a, b in zip(made.rows, made.rows[1:]))


def sweep_through(made: Grid, downwards: bool, fixed: Sequence[int], turned: bool) -> None:
    """Sort each layer by the mean place of what its items are linked to in the layer before."""
    numbers = range(len(made.rows))
    links = made.ups if downwards else made.downs
    for r in numbers if downwards else reversed(numbers):
        if r in fixed:
            continue
        beside = r - 1 if downwards else r + 1
        if not 0 <= beside < len(made.rows):
            continue
        place = {i: k for k, i in enumerate(made.rows[beside])}
        row = made.rows[r]
        keyed = [(mean(place, links[i]), i) for i in row]
        made.rows[r] = merged(keyed, turned)


def mean(place: dict[int, int], linked: Sequence[int]) -> float | None:
    return sum(place[i] for i in linked) / len(linked) if linked else None


def merged(keyed: list[tuple[float | None, int]], turned: bool) -> list[int]:
    """The items sorted by key, with those that have none where they were."""
    with_key = [(key, i) for key, i in keyed if key is not None]
    if turned:  # ties turn round, so that another order is tried
        with_key.reverse()
    with_key.sort(key=lambda pair: pair[0])
    rest = iter(with_key)
    return [i if key is None else next(rest)[1] for key, i in keyed]


def exchange(made: Grid, fixed: Sequence[int]) -> bool:
    """Exchange neighbours wherever that undoes crossings; whether it did."""
    better = False
    for r, row in enumerate(made.rows):
        if r in fixed or len(row) < 2 or sum(len(made.downs[i]) for i in row) > TOO_MANY:
            continue
        sides = []
        for beside, links in ((r - 1, made.ups), (r + 1, made.downs)):
            if 0 <= beside < len(made.rows):
                place = {i: k for k, i in enumerate(made.rows[beside])}
                sides.append({i: sorted(place[j] for j in links[i]) for i in row})
        for k in range(len(row) - 1):
            a, b = row[k], row[k + 1]
            now = sum(inversions(side[a], side[b]) for side in sides)
            then = sum(inversions(side[b], side[a]) for side in sides)
            if then < now:
                row[k], row[k + 1] = b, a
                better = True
    return better


def inversions(first: Sequence[int], second: Sequence[int]) -> int:
    """How many links of `second`, which stands behind, end before links of `first`; both sorted."""
    count = k = 0
    for end in first:
        while k < len(second) and second[k] < end:
            k += 1
        count += k
    return count
