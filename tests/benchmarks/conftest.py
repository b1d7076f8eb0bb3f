"""One table at the end: what was measured, our share of each rival's, and the bars to be held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest


class Row(NamedTuple):
    workload: str
    rival: str
    median: str
    ratio: float | None  # ours/theirs; none for ourselves
    bar: float | None  # the largest ratio that will do; for ourselves, the largest median
    held: bool | None
    busy: bool  # the machine was at work for others


ROWS = pytest.StashKey[list[Row]]()
MISSING = pytest.StashKey[set[str]]()
MARKS = {None: "", True: "held", False: "MISSED"}


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []
    config.stash[MISSING] = set()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[Row], None]:
    """Adds a row to the table."""
    return request.config.stash[ROWS].append


@pytest.fixture
def report_missing(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Notes a rival that is not installed."""
    return request.config.stash[MISSING].add


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not (rows := config.stash[ROWS]):
        return
    write = terminalreporter.write_line
    write("")
    width = 2 + max(len(row.workload) for row in rows)
    write(f"{'':{width}}{'':20}{'median':>14}{'ours/theirs':>14}{'bar':>10}")
    current = ""
    for row in rows:
        if row.workload != current:
            write("")
        name, current = row.workload if row.workload != current else "", row.workload
        median = ("~ " if row.busy else "") + row.median
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        bar = "" if row.bar is None else f"≤ {row.bar:.3g}"
        line = f"{name:{width}}{row.rival:20}{median:>14}{ratio:>14}{bar:>10}  "
        doubt = "?" if row.busy and row.held is not None else ""
        write((line + MARKS[row.held] + doubt).rstrip(), red=row.held is False)
    write("")
    barred = [row for row in rows if row.held is not None]
    held = sum(row.held is True and not row.busy for row in barred)
    doubtful = sum(row.busy for row in barred)
    write(f"{held} of {len(barred)} bars held" + (f", {doubtful} in doubt." if doubtful else "."))
    if missing := config.stash[MISSING]:
        write(f"Not installed: {', '.join(sorted(missing))} (make bench PEERS=1).")
    if any(row.busy for row in rows):
        write("~: others kept the machine busy. Don't trust these; measure them again.")
