"""Rivals timed in turns, each in a process of its own.

One after the other would compare the machine's moods as much as the programs; in one process, the
threads that one rival leaves spinning, its memory and its objects in the garbage collector would
slow down the next.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

THREADS = 2  # for everybody's matrix products
ROUNDS = 20
BURST = 0.1  # seconds of steps in a turn
PAUSE = 0.05  # seconds for the threads of the one before to go to sleep

Step: TypeAlias = Callable[[], Any]
Prepare: TypeAlias = Callable[[], tuple[Step | None, Any]]  # what to time, and what it computes


class Rival:
    """A process that prepares something, says what it computes, and runs it in bursts."""

    def __init__(self, prepare: Prepare) -> None:
        for library in "OMP", "OPENBLAS", "MKL":
            os.environ[f"{library}_NUM_THREADS"] = str(THREADS)
        self.pipe, theirs = get_context("spawn").Pipe()
        self.process = get_context("spawn").Process(
            target=_serve, args=(theirs, prepare), daemon=True
        )
        self.process.start()
        theirs.close()
        self.result = self.pipe.recv()

    def burst(self, seconds: float) -> list[float]:
        """The seconds that each step took, of as many as fit."""
        self.pipe.send(seconds)
        times: list[float] = self.pipe.recv()
        return times

    def stop(self) -> None:
        self.pipe.send(None)
        self.process.join()


def race(
    prepare: Mapping[str, Prepare], check: Callable[[Any, Any], None]
) -> dict[str, list[float]]:
    """The seconds of each rival's steps, taken in turns.

    `check(result, first)` raises if a rival computes something else than the first one does.
    """
    rivals: dict[str, Rival] = {}
    try:
        for name, what in prepare.items():
            rivals[name] = Rival(what)
        first, *others = rivals.values()
        for rival in others:
            if rival.result is not None:
                check(rival.result, first.result)
        times: dict[str, list[float]] = {name: [] for name in rivals}
        for _ in range(ROUNDS):
            for name, rival in rivals.items():
                time.sleep(PAUSE)
                times[name] += rival.burst(BURST)
        return times
    finally:
        for rival in rivals.values():
            rival.stop()


def _serve(pipe: Connection, prepare: Prepare) -> None:
    """What a rival's process does, in a thread with a stack for recursions a million deep."""

    def work() -> None:
        step, result = prepare()
        pipe.send(result)
        while (seconds := pipe.recv()) is not None:
            pipe.send(_burst(step, seconds))

    sys.setrecursionlimit(10**6)
    threading.stack_size(512 * 2**20)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def _burst(step: Step, seconds: float) -> list[float]:
    step()  # wakes the caches and the threads
    times, now = [], time.perf_counter()
    end = now + seconds
    while now < end:
        start = time.perf_counter()
        step()
        now = time.perf_counter()
        times.append(now - start)
    return times
