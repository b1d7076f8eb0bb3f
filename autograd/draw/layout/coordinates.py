"""Positions of ordered items within their layers: chains straight, the rest near its neighbours.

After Brandes & Köpf 2001: items are joined to blocks that stand in one line, in four ways (up or
down, leaning to one side or the other); each gives positions, and the middle of them is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .ranking import Grid

SWEEPS = 12  # of settling, at most

Separation = Callable[[int, int], float]  # from the middle of one item to that of the next


def positions(
    made: Grid,
    separation: Separation,
    spine: dict[int, int],
    links: Sequence[Sequence[tuple[int, float]]],
) -> list[float]:
    """The position of each item across the layers.

    Args:
        made: items in layers, in order.
        separation: how far apart two neighbours in a layer must be.
        spine: links that are to be straight, from upper to lower item.
        links: of each item, to which others, and how far off their middles it should stand.
    """
    n = len(made.rank)
    straight = dict(spine)
    for i in range(made.items, n):
        for j in made.downs[i]:
            if made.is_bend(j):
                straight[i] = j
    forbidden = conflicts(made, straight)
    candidates = []
    for downwards in (True, False):
        for mirrored in (False, True):
            root = blocks(made, straight, forbidden, downwards, mirrored)
            candidates.append(compacted(made.rows, root, separation, mirrored))
    candidates = lined_up(candidates)
    middle = [sum(sorted(xs)[1:3]) / 2 for xs in zip(*candidates)]
    return settled(made, middle, straight, separation, links)


def conflicts(made: Grid, straight: dict[int, int]) -> set[tuple[int, int]]:
    """Links that cross one which is to be straight: these can't be straight themselves."""
    found: set[tuple[int, int]] = set()
    for upper, lower in zip(made.rows, made.rows[1:]):
        place = {i: k for k, i in enumerate(lower)}
        lines = [(k, place[straight[i]]) for k, i in enumerate(upper) if i in straight]
        if not lines:
            continue
        before, after = [-1] * len(upper), [len(lower)] * len(upper)
        highest = -1
        at = dict(lines)
        for k in range(len(upper)):
            before[k] = highest
            highest = max(highest, at.get(k, -1))
        lowest = len(lower)
        for k in reversed(range(len(upper))):
            after[k] = lowest
            lowest = min(lowest, at.get(k, lowest))
        for k, i in enumerate(upper):
            for j in made.downs[i]:
                if straight.get(i) != j and not before[k] < place[j] < after[k]:
                    found.add((i, j))
    return found


def blocks(
    made: Grid,
    straight: dict[int, int],
    forbidden: set[tuple[int, int]],
    downwards: bool,
    mirrored: bool,
) -> list[int]:
    """The block that each item is in, by its first item: each is joined to a neighbour before it.

    That is the one at the other end of a line that is to be straight, or else the middle one.
    """
    back = {j: i for i, j in straight.items()}
    wanted = back if downwards else straight
    links = made.ups if downwards else made.downs
    rows = made.rows if downwards else made.rows[::-1]
    root = list(range(len(made.rank)))
    taken: set[int] = set()
    for beside, row in zip(rows, rows[1:]):
        place = {i: k for k, i in enumerate(beside)}
        limit = len(beside) if mirrored else -1
        for j in reversed(row) if mirrored else row:
            for i in middle_of(j, links[j], place, wanted, mirrored):
                link = (i, j) if downwards else (j, i)
                k = place[i]
                free = k < limit if mirrored else k > limit
                if free and i not in taken and link not in forbidden:
                    root[j] = root[i]
                    taken.add(i)
                    limit = k
                    break
    return root


def middle_of(
    j: int, linked: Sequence[int], place: dict[int, int], wanted: dict[int, int], mirrored: bool
) -> list[int]:
    """The neighbours that an item may be joined to, the best first."""
    if j in wanted:
        return [wanted[j]]
    near = sorted(linked, key=place.__getitem__)
    if not near:
        return []
    low, high = near[(len(near) - 1) // 2], near[len(near) // 2]
    return [high, low] if mirrored else [low, high]


def compacted(
    rows: Sequence[Sequence[int]], root: Sequence[int], separation: Separation, mirrored: bool
) -> list[float]:
    """Positions with each block in one line, close together, leaning to one side."""
    after: dict[int, dict[int, float]] = {r: {} for r in root}
    waiting = dict.fromkeys(after, 0)
    for row in rows:
        line = row[::-1] if mirrored else row
        for a, b in zip(line, line[1:]):
            gap = separation(b, a) if mirrored else separation(a, b)
            known = after[root[a]]
            if root[b] not in known:
                waiting[root[b]] += 1
            known[root[b]] = max(gap, known.get(root[b], 0.0))
    order = [block for block, count in waiting.items() if not count]
    x = dict.fromkeys(after, 0.0)
    for block in order:
        for other, gap in after[block].items():
            x[other] = max(x[other], x[block] + gap)
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    for block in reversed(order):  # what has room moves up to what stands behind it
        if after[block]:
            x[block] = max(x[block], min(x[other] - gap for other, gap in after[block].items()))
    return [-x[r] if mirrored else x[r] for r in root]


def lined_up(candidates: list[list[float]]) -> list[list[float]]:
    """The candidates shifted to where the narrowest of them lies."""
    narrowest = min(candidates, key=lambda xs: max(xs, default=0.0) - min(xs, default=0.0))
    low, high = min(narrowest, default=0.0), max(narrowest, default=0.0)
    out = []
    for k, xs in enumerate(candidates):
        move = high - max(xs, default=0.0) if k % 2 else low - min(xs, default=0.0)
        out.append([x + move for x in xs])
    return out


def settled(
    made: Grid,
    x: list[float],
    straight: dict[int, int],
    separation: Separation,
    links: Sequence[Sequence[tuple[int, float]]],
) -> list[float]:
    """Blocks moved to the middle of what they are linked to, as far as there is room."""
    lines = straight_lines(x, straight)
    before, behind = neighbours(made.rows)
    for sweep in range(SWEEPS):
        moved = 0.0
        for line in lines if sweep % 2 == 0 else reversed(lines):
            members = set(line)
            wishes = sorted(
                x[j] + shift - x[i] for i in line for j, shift in links[i] if j not in members
            )
            if not wishes:
                continue
            middle = (wishes[(len(wishes) - 1) // 2] + wishes[len(wishes) // 2]) / 2
            low = max(
                (x[before[i]] + separation(before[i], i) - x[i] for i in line if i in before),
                default=middle,
            )
            high = min(
                (x[behind[i]] - separation(i, behind[i]) - x[i] for i in line if i in behind),
                default=middle,
            )
            step = max(low, min(high, middle)) if low <= high else 0.0
            if abs(step) > 0.01:
                moved = max(moved, abs(step))
                for i in line:
                    x[i] += step
        if moved < 0.05:
            break
    return x


def straight_lines(x: Sequence[float], straight: dict[int, int]) -> list[list[int]]:
    """The items in lines that came out straight, each line from its first item on."""
    joined = {i: j for i, j in straight.items() if abs(x[i] - x[j]) < 1e-6}
    inner = set(joined.values())
    lines = []
    for i in range(len(x)):
        if i not in inner:
            line = [i]
            while line[-1] in joined:
                line.append(joined[line[-1]])
            lines.append(line)
    return lines


def neighbours(rows: Sequence[Sequence[int]]) -> tuple[dict[int, int], dict[int, int]]:
    """What stands before each item in its layer, and what behind."""
    before: dict[int, int] = {}
    behind: dict[int, int] = {}
    for row in rows:
        for a, b in zip(row, row[1:]):
            before[b], behind[a] = a, b
    return before, behind
