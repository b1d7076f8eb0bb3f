"""`make bench`: how fast we are, beside others. Missing rivals are skipped."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

import averaging
import mnist_training
import numpy as np
import pytest
import training_step
from race import Prepare, Rival, race

OURS = "napkingrad"
PACKAGES = {"micrograd": "micrograd", "PyTorch": "torch"}  # optional: the extra `peers`

WORKLOADS: dict[str, dict[str, Prepare]] = {
    "averaging epoch on scalars": {
        OURS: partial(averaging.prepare, "autograd"),
        "micrograd": partial(averaging.prepare, "micrograd.engine"),
    },
    **{
        f"784-128-10 step, batch {size}": {
            OURS: partial(training_step.ours, size),
            "NumPy by hand": partial(training_step.by_hand, size),
            "matrix products": partial(training_step.products, size),
            "PyTorch": partial(training_step.torch, size),
        }
        for size in (32, 128, 512)
    },
}
TOLERANCE = {"averaging epoch on scalars": {"rtol": 1e-9}}
FLOAT32 = {"rtol": 1e-4, "atol": 1e-5}

NODES: dict[str, Prepare] = {
    OURS: partial(averaging.bytes_per_node, "autograd"),
    "micrograd": partial(averaging.bytes_per_node, "micrograd.engine"),
}


def installed(rival: str) -> bool:
    return rival not in PACKAGES or find_spec(PACKAGES[rival]) is not None


@cache
def raced(workload: str) -> dict[str, list[float]]:
    tolerance = TOLERANCE.get(workload, FLOAT32)

    def check(result: Any, ours: Any) -> None:
        for theirs, mine in zip(result, ours, strict=True):
            np.testing.assert_allclose(theirs, mine, **tolerance)

    present = {name: what for name, what in WORKLOADS[workload].items() if installed(name)}
    return race(present, check)


class RecordedTime:
    """A clock for pytest-benchmark that goes on by what the rivals' processes have measured: its
    own would make them run one after the other."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def add(self, seconds: float) -> None:
        self.now += seconds


clock = RecordedTime()


@pytest.mark.parametrize(
    ("workload", "rival"),
    [(workload, rival) for workload, rivals in WORKLOADS.items() for rival in rivals],
)
@pytest.mark.benchmark(timer=clock)
def test_time(workload: str, rival: str, benchmark: Any, report: Callable[..., None]) -> None:
    if not installed(rival):
        report(workload, rival, None)
        pytest.skip(f"{rival} is not installed: make bench PEERS=1")
    benchmark.group = workload
    times = iter(raced(workload)[rival])
    rounds = len(raced(workload)[rival])
    benchmark.pedantic(lambda: clock.add(next(times)), rounds=rounds)
    report(workload, rival, 1e3 * benchmark.stats.stats.median, "ms")


@pytest.mark.parametrize("rival", NODES)
def test_memory_of_a_node(rival: str, report: Callable[..., None]) -> None:
    if not installed(rival):
        report("a scalar node", rival, None)
        pytest.skip(f"{rival} is not installed: make bench PEERS=1")
    measured = Rival(NODES[rival])
    measured.stop()
    report("a scalar node", rival, measured.result, "bytes")


TRAININGS: dict[str, Prepare] = {OURS: mnist_training.ours, "PyTorch": mnist_training.torch}
PEAKS: dict[str, Prepare] = {
    OURS: mnist_training.peak_of_ours,
    "NumPy by hand": mnist_training.peak_by_hand,
}


@pytest.fixture(scope="module")
def mnist() -> None:
    try:
        mnist_training.mnist()
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("mnist")
def test_training_to_98_percent(report: Callable[..., None]) -> None:
    """Three trainings each, in turns; every one of them must get there."""
    present = [name for name in TRAININGS if installed(name)]
    seconds: dict[str, list[float]] = {name: [] for name in present}
    for _ in range(3):
        for name in present:
            rival = Rival(TRAININGS[name])
            rival.stop()
            took, accuracy = rival.result
            assert accuracy >= 0.98, f"{name}: {accuracy:.2%}"
            seconds[name].append(took)
    for name in TRAININGS:
        median = float(np.median(seconds[name])) if name in seconds else None
        report("MNIST to 98 %", name, median, "s")


@pytest.mark.usefixtures("mnist")
@pytest.mark.parametrize("rival", PEAKS)
def test_peak_memory(rival: str, report: Callable[..., None]) -> None:
    measured = Rival(PEAKS[rival])
    measured.stop()
    report("peak memory, MNIST, batch 512", rival, measured.result / 2**20, "MB")
