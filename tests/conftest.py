"""What holds around every test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autograd.core.modes import ORDINARY, mode
from nn.data import files

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
    for name, published in list(files.PUBLISHED.items()):
        monkeypatch.setitem(files.PUBLISHED, name, published._replace(mirrors=()))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium that notes down its requests and what its console says."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in (
        *("headless=new", "no-sandbox", "disable-gpu", "disable-background-networking"),
        *("no-first-run", "disable-sync", "disable-component-update", "window-size=1300,900"),
        f"user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):
        options.add_argument(f"--{option}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield made
    made.quit()


@pytest.fixture(scope="session")
def figure(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Notes one line, such as "mutants: 412 tried, 412 killed", for the end of the run."""
    return pytestconfig.stash.setdefault(FIGURES, []).append


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where pytest-xdist runs tests in parallel: hand the lines to the process that reports."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["figures"] = session.config.stash.get(FIGURES, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    output = getattr(node, "workeroutput", {})
    node.config.stash.setdefault(FIGURES, []).extend(output.get("figures", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests counted, in their own words."""
    figures = terminalreporter.config.stash.get(FIGURES, [])
    if figures:
        terminalreporter.section("trust")
        for line in figures:
            terminalreporter.write_line(line)
