"""Ranks of items in a layered drawing: every edge leads from a rank to a later one.

Items are numbered 0, 1, ...; an edge is a pair of them, tail and head. The layers, orders and
positions of this package follow Sugiyama, Tagawa & Toda 1981.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import TopologicalSorter
from typing import TypeAlias

Edges: TypeAlias = Sequence[tuple[int, int]]


def ranks(n: int, edges: Edges) -> list[int]:
    """Return the rank of each of n items, so that edges are short and leaves are near their uses.

    The rank is the length of the longest path to an item. Then items move to just before their
    first use, if that shortens at least as many edges as it lengthens.

    Raises:
        graphlib.CycleError: the edges form a cycle.
    """
    tails, heads = adjacency(n, edges)
    order = list(TopologicalSorter(dict(enumerate(tails))).static_order())
    rank = longest_paths(order, tails)
    for i in reversed(order):
        if heads[i]:
            # A leaf that is used only here can move along: its edge gets no longer.
            longer = sum(1 for tail in tails[i] if tails[tail] or len(heads[tail]) > 1)
            if longer <= len(heads[i]):
                rank[i] = min(rank[head] for head in heads[i]) - 1
    lowest = min(rank, default=0)
    return [r - lowest for r in rank]


def chains(rank: Sequence[int], edges: Edges) -> dict[int, int]:
    """Return the links of long chains, to be drawn straight, as a dict from tail to head.

    A link joins two items of neighbouring ranks: of all heads of its tail, the one with the longest
    path behind it, and of all tails of its head, the one with the longest path before it.
    """
    tails, heads = adjacency(len(rank), edges)
    order = sorted(range(len(rank)), key=rank.__getitem__)
    before, behind = longest_paths(order, tails), longest_paths(reversed(order), heads)
    found = {}
    for i, users in enumerate(heads):
        j = only_maximum(users, behind)
        if j is not None and rank[j] == rank[i] + 1 and only_maximum(tails[j], before) == i:
            found[i] = j
    return found


def adjacency(n: int, edges: Edges) -> tuple[list[list[int]], list[list[int]]]:
    """Return the tails of the edges into each item, and the heads of the edges out of it."""
    tails: list[list[int]] = [[] for _ in range(n)]
    heads: list[list[int]] = [[] for _ in range(n)]
    for tail, head in edges:
        tails[head].append(tail)
        heads[tail].append(head)
    return tails, heads


def longest_paths(order: Iterable[int], previous: Sequence[Sequence[int]]) -> list[int]:
    """Return the length of the longest path to each item, for a topological order of all items."""
    length = [0] * len(previous)
    for i in order:
        length[i] = 1 + max((length[j] for j in previous[i]), default=-1)
    return length


def only_maximum(items: Sequence[int], measure: Sequence[int]) -> int | None:
    """Return the item of the greatest measure; None if there are several, or no items."""
    greatest = max((measure[i] for i in items), default=0)
    found = [i for i in items if measure[i] == greatest]
    return found[0] if len(found) == 1 else None
