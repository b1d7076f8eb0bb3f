"""What holds around every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from autograd.node import ORDINARY, mode
from nn import download

FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture(autouse=True)
def grad_mode_is_restored() -> Iterator[None]:
    """No test, and nothing that it calls, leaves the grad mode changed."""
    assert mode.get() is ORDINARY
    yield
    assert mode.get() is ORDINARY


@pytest.fixture(autouse=True)
def nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks a real mirror."""
    for name, published in list(download.PUBLISHED.items()):
        monkeypatch.setitem(download.PUBLISHED, name, published._replace(mirrors=()))


@pytest.fixture(scope="session")
def figure(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Notes one line, such as "mutants: 412 tried, 412 killed", for the end of the run."""
    return pytestconfig.stash.setdefault(FIGURES, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests counted, in their own words."""
    figures = terminalreporter.config.stash.get(FIGURES, [])
    if figures:
        terminalreporter.section("trust")
        for line in figures:
            terminalreporter.write_line(line)
