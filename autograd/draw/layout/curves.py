"""Curves of edges, and where they arrive: along the edges (`u`) and across them (`v`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Curve: TypeAlias = list[tuple[float, float]]  # a start; then two control points and an end each


def spread(wishes: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Places near the wishes, which are sorted, but `apart` from each other and within bounds."""
    pools: list[list[float]] = []  # of wishes less what comes before: equal places in each
    for k, wish in enumerate(wishes):
        pools.append([wish - k * apart])
        while len(pools) > 1 and mean(pools[-2]) > mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    places = [mean(pool) for pool in pools for _ in pool]
    top = high - (len(wishes) - 1) * apart
    return [max(low, min(p, top)) + k * apart for k, p in enumerate(places)]


def mean(xs: Sequence[float]) -> float:
    return sum(xs) / len(xs)


def line_to(points: Curve, end: tuple[float, float]) -> None:
    """Go on straight, if there is any way to go."""
    a, b = points[-1]
    if end[0] - a < 0.01:
        return
    if len(points) > 1 and points[-4][1] == points[-3][1] == points[-2][1] == b:
        del points[-3:]  # it is straight already: make it longer
        a = points[-1][0]
    third = (end[0] - a) / 3
    points += [(a + third, b), (end[0] - third, b), (end[0], b)]


def bend_to(points: Curve, end: tuple[float, float]) -> None:
    """Go on in an S: leaving and arriving straight along."""
    (a, b), (c, d) = points[-1], end
    if abs(d - b) < 0.01:
        line_to(points, end)
    else:
        middle = (a + c) / 2
        points += [(middle, b), (middle, d), end]
