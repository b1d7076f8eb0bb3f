"""Rivals timed in turns, each in a process of its own.

One after the other would compare the machine's moods as much as the programs; in one process, the
threads that one rival leaves spinning, its memory and its objects in the garbage collector would
slow down the next. Who waits for its turn is stopped, threads and all: NumPy's matrix products
leave a core busy for a tenth of a second after the last one.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

THREADS = 2  # for everybody's matrix products
ENVIRONMENT = {
    **{f"{library}_NUM_THREADS": str(THREADS) for library in ("OMP", "OPENBLAS", "MKL")},
    "NPROC": str(THREADS),  # what JAX looks at
    "JAX_PLATFORMS": "cpu",
}

ROUNDS = 15
WAKING = 0.02  # seconds of steps at the start of a turn that don't count
BURST = 0.08  # seconds of steps that do
PAUSE = 0.15  # seconds for threads to go to sleep, where a process can't be stopped

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>: the signal to get when the parent dies

Step: TypeAlias = Callable[[], Any]
Prepare: TypeAlias = Callable[[], tuple[Step | None, Any]]  # what to time, and what it computes


class Rival:
    """A process that prepares something, says what it computes, and runs it in bursts."""

    def __init__(self, prepare: Prepare) -> None:
        os.environ.update(ENVIRONMENT)
        self.pipe, theirs = get_context("spawn").Pipe()
        self.process = get_context("spawn").Process(
            target=_serve, args=(theirs, prepare), daemon=True
        )
        self.process.start()
        theirs.close()

    def result(self) -> Any:
        """What it computes, once it is prepared."""
        return self._received()

    def burst(self) -> list[float]:
        """The seconds that each step took, of as many as fit."""
        self._signal("SIGCONT")
        self.pipe.send("go")
        times: list[float] = self._received()
        self.rest()
        return times

    def rest(self) -> None:
        """Leave the machine to others until the next burst."""
        if not self._signal("SIGSTOP"):
            time.sleep(PAUSE)

    def end(self) -> None:
        self.process.kill()  # stopped as it may be
        self.process.join()

    def _signal(self, name: str) -> bool:
        """Whether the system has such a signal; it is sent then."""
        if hasattr(signal, name):
            os.kill(self.process.pid or 0, getattr(signal, name))
        return hasattr(signal, name)

    def _received(self) -> Any:
        received = self.pipe.recv()
        if isinstance(received, Exception):
            raise received
        return received


def race(
    prepare: Mapping[str, Prepare],
    check: Callable[[Any, Any], None],
    rounds: int = ROUNDS,
) -> dict[str, list[float]]:
    """The seconds of each rival's steps, taken in turns.

    `check(result, first)` raises if a rival computes something else than the first one does.
    """
    rivals: dict[str, Rival] = {}
    try:
        for name, what in prepare.items():
            rivals[name] = Rival(what)
        results = [rival.result() for rival in rivals.values()]
        for rival in rivals.values():
            rival.rest()
        for result in results[1:]:
            if result is not None:
                check(result, results[0])
        times: dict[str, list[float]] = {name: [] for name in rivals}
        for _ in range(rounds):
            for name, rival in rivals.items():
                times[name] += rival.burst()
        return times
    finally:
        for rival in rivals.values():
            rival.end()


def measured(prepare: Prepare) -> Any:
    """What a fresh process says."""
    rival = Rival(prepare)
    try:
        return rival.result()
    finally:
        rival.end()


def load_of_others(seconds: float = 0.1) -> float:
    """The share of the machine that is in use while we rest; 0 where the system doesn't say."""
    before = _ticks()
    time.sleep(seconds)
    used, idle = (now - then for now, then in zip(_ticks(), before))
    return used / max(used + idle, 1)


def _ticks() -> tuple[int, int]:
    """How long all cores together have been in use, and idle."""
    try:
        times = [int(x) for x in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    except OSError:
        return 0, 0
    idle = times[3] + times[4]  # the second: waiting for a disk
    return sum(times) - idle, idle


def _serve(pipe: Connection, prepare: Prepare) -> None:
    """What a rival's process does."""
    if sys.platform == "linux":  # stopped, it would outlive a parent that is killed
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    sys.setrecursionlimit(10**6)  # micrograd goes through its graphs by recursion
    try:
        step, result = prepare()
        pipe.send(result)
        while pipe.recv() == "go":
            pipe.send(_burst(step))
    except Exception as error:
        pipe.send(error)
        raise


def _burst(step: Step) -> list[float]:
    waking = _times(step, WAKING)  # caches and threads
    return waking if waking[0] > BURST else _times(step, BURST)


def _times(step: Step, seconds: float) -> list[float]:
    times, now = [], time.perf_counter()
    end = now + seconds
    while now < end:
        start = time.perf_counter()
        step()
        now = time.perf_counter()
        times.append(now - start)
    return times
