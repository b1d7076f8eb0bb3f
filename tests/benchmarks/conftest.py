"""One table at the end: what was measured, and our share of each rival's."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

Row = tuple[str, str, float | None, str]  # workload, rival, measured or None, unit
ROWS = pytest.StashKey[list[Row]]()
BUSY = hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1) / 2


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`report(workload, rival, number, unit)` adds a row; of each workload ours comes first."""

    def add(workload: str, rival: str, measured: float | None, unit: str = "") -> None:
        request.config.stash[ROWS].append((workload, rival, measured, unit))

    return add


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not (rows := config.stash[ROWS]):
        return
    write = terminalreporter.write_line
    write("")
    write(f"{'':30}{'':18}{'median':>14}{'ours/theirs':>14}")
    current, ours = "", 0.0
    for workload, rival, measured, unit in rows:
        first = workload != current
        if first:
            current, ours = workload, measured or 0.0
        amount = f"{measured:.4g} {unit}" if measured else "not installed"
        ratio = f"{ours / measured:.2f}" if measured and not first else ""
        write(f"{workload if first else '':30}{rival:18}{amount:>14}{ratio:>14}")
    if BUSY:
        write("The machine was busy with something else before: trust none of these times.")
