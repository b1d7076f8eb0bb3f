"""A test session in which one mutant after the other is alive.

`python -m mutants.trials MODULE PART FILE ...`, in the folder `tests`, collects the tests in the
files, runs them once as they are, noting which functions of the module each of them calls, and then
again for each mutant, or a part of them: those that call the function that it changed, the quickest
first, until one of them fails. That one has to pass again without the mutant.
"""

from __future__ import annotations

import importlib
import json
import random
import sys
import time
from types import CodeType, FrameType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from patience import HungError, stopped_after

from autograd.core.modes import ORDINARY, mode

from . import source

SLOW = 1.0  # seconds: longer tests are no fast tests
MEMORY = 12 * 2**30  # bytes: what a mutant that never ends may take


class Trials:
    """A pytest plugin: instead of running the tests once, runs them against the mutants."""

    def __init__(self, module: ModuleType, part: float = 1.0, seed: int = 0) -> None:
        self.module = module
        self.functions = source.functions(module)
        self.mutants = list(source.mutants(module))
        if part < 1:
            some = random.Random(seed)
            self.mutants = [m for m in self.mutants if some.random() < part]
        self.seconds: dict[Any, float] = {}  # how long each test takes
        self.rank: dict[Any, float] = {}
        self.callers: dict[CodeType, list[Any]] = {}
        self.killers: dict[str, tuple[int, str | None]] = {}  # and the line of each mutant

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for item in session.items:
            self.watch(item)
        for mutant in self.mutants:
            killer = self.trial(mutant)
            self.killers[mutant.name] = mutant.line, killer.nodeid if killer else None
            if killer and run(killer, 60):  # the mutant left something behind
                raise RuntimeError(f"{killer.nodeid} still fails after {mutant.name}")
        return True

    def watch(self, item: Any) -> None:
        """Run a test as it is, and note which functions of the module it calls."""
        called: set[CodeType] = set()

        def note(frame: FrameType, event: str, _: Any) -> None:
            if event == "call" and frame.f_code.co_filename == self.module.__file__:
                called.add(frame.f_code)

        for _ in range(2):  # what is slow may be what it imports, which it does once
            source.forget_results(self.module)
            start = time.process_time()
            sys.setprofile(note)
            try:
                failed = run(item, 60)
            finally:
                sys.setprofile(None)
            self.seconds[item] = self.rank[item] = time.process_time() - start
            if failed:
                raise RuntimeError(f"{item.nodeid} fails without any mutant")
            if self.seconds[item] < SLOW:
                break
        if self.seconds[item] < SLOW:
            for code in called:
                self.callers.setdefault(code, []).append(item)

    def trial(self, mutant: source.Mutant) -> Any:
        """The test that fails with the mutant alive, if there is one."""
        code, _, _ = mutant.changed[-1]
        tests = self.callers.get(code, [])
        with source.alive(mutant, self.module, self.functions):
            for item in sorted(tests, key=self.rank.__getitem__):
                if run(item, 1 + 50 * self.seconds[item]):
                    self.rank[item] /= 2  # who found one finds more: it comes earlier
                    return item
        return None


def run(item: Any, limit: float) -> bool:
    """Whether a test fails, or takes more than so many seconds of the processor's time."""
    item._initrequest()
    if isinstance(item, pytest.DoctestItem):  # doctest empties what its examples see
        item.dtest.globs = dict(vars(item.parent.obj))
    try:
        with stopped_after(limit):
            reports = runtestprotocol(item, nextitem=None, log=False)
    except HungError:  # between two steps of the protocol, or while cleaning up
        item.session._setupstate.teardown_exact(None)
        return True
    finally:
        mode.set(ORDINARY)
    return any(report.failed for report in reports)


def main(name: str, *arguments: str) -> int:
    """Print a line of JSON: the line of each mutant, and the test that killed it."""
    import resource  # on Unix only

    part = float(arguments[0])
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    trials = Trials(importlib.import_module(name), part)
    # What a mutant leaves behind, such as a generator that never ended, must not fail the session.
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:unraisableexception"]
    options += ["--pyargs", *arguments[1:]]
    status = pytest.main(options, plugins=[trials])
    if status in (0, 5):
        print(json.dumps(trials.killers))
    return int(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
