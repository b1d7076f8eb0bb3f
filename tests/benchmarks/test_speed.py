"""`make bench`: how fast we are, beside others, and which bars that holds.

A missed bar is marked in the table but fails nothing: machines differ, and have moods. What fails
is a rival that computes something else. Missing rivals are skipped. `make bench ARGS="-k moons"`
runs the rows that have the word in their name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.util import find_spec
from statistics import median
from typing import Any

import averaging
import chains
import compiled
import convolution
import expression
import hessian
import import_time
import mnist_training
import moons
import numpy as np
import pytest
import training_step
from conftest import Row
from race import ROUNDS, Prepare, load_of_others, measured, race
from training_step import LARGE, SMALL

OURS = "napkingrad"
PACKAGES = {  # optional: the extra `peers`
    "JAX, compiled": "jax",
    "MyGrad": "mygrad",
    "PyTorch": "torch",
    "PyTorch, by index": "torch",
    "PyTorch, of 10^5": "torch",
    "micrograd": "micrograd",
    "micrograd, of 10^5": "micrograd",
    "scikit-learn": "sklearn",
}
SCALES = {"s": 1.0, "ms": 1e3, "µs": 1e6, "ns": 1e9, "bytes": 1.0, "MB": 2.0**-20}
FLOAT32 = {"rtol": 1e-4, "atol": 1e-5}
FLOAT64 = {"rtol": 1e-9, "atol": 1e-12}
ADAM = {"rtol": 1e-4, "atol": 1e-4}  # a weight moves by up to 1e-3 in a step
BUSY = 0.15  # the share of the machine that others may use before they disturb us


@dataclass
class Workload:
    """The same work for everybody, timed in turns; ours first."""

    rivals: Mapping[str, Prepare]
    bars: Mapping[str, float] = field(default_factory=dict)  # the largest ours/theirs that will do
    tolerance: Mapping[str, float] = field(default_factory=lambda: FLOAT32)
    unit: str = "ms"
    per: int = 1  # operations in a step
    rounds: int = ROUNDS


@dataclass
class Measurement:
    """A number that each rival's process says of itself, a fresh one every time; ours first."""

    rivals: Mapping[str, Prepare]
    bars: Mapping[str, float]
    unit: str
    repeats: int = 1


def training(net: training_step.Net, size: int) -> dict[str, Prepare]:
    return {
        OURS: partial(training_step.ours, net, size),
        "NumPy by hand": partial(training_step.by_hand, net, size),
        "matrix products": partial(training_step.products, net, size),
        "PyTorch": partial(training_step.torch, net, size),
        "JAX, compiled": partial(training_step.jax, net, size),
        "MyGrad": partial(training_step.mygrad, net, size),
        "scikit-learn": partial(training_step.sklearn, net, size),
    }


SMALL_BARS = {  # by batch size
    32: {"PyTorch": 0.75, "NumPy by hand": 1.15},
    128: {"PyTorch": 0.90, "NumPy by hand": 1.10, "JAX, compiled": 1.0},
    512: {"PyTorch": 0.90, "NumPy by hand": 1.10, "JAX, compiled": 1.0},
}

WORKLOADS = {
    "averaging epoch on scalars": Workload(
        {
            OURS: partial(averaging.values, "autograd"),
            "micrograd": partial(averaging.values, "micrograd.engine"),
            "PyTorch": averaging.torch,
        },
        bars={"micrograd": 1 / 4, "PyTorch": 1 / 5},
        tolerance=FLOAT64,
    ),
    "averaging epoch, compiled": Workload(
        {
            OURS: compiled.averaging_on_columns,
            "NumPy by hand": compiled.averaging_by_hand,
            "micrograd": partial(averaging.values, "micrograd.engine"),
        },
        bars={"NumPy by hand": 4.0, "micrograd": 1 / 1000},
        tolerance=FLOAT64,
    ),
    "averaging, compiled, float by float": Workload(
        {
            OURS: compiled.averaging_on_floats,
            "micrograd": partial(averaging.values, "micrograd.engine"),
        },
        bars={"micrograd": 1 / 20},
        tolerance=FLOAT64,
    ),
    "two moons step, compiled": Workload(
        {OURS: compiled.moons_step, "micrograd": moons.micrograd},
        bars={"micrograd": 1 / 500},
        tolerance=FLOAT64,
        rounds=3,
    ),
    "two moons step on scalars": Workload(
        {OURS: moons.ours, "micrograd": moons.micrograd, "PyTorch": moons.torch},
        bars={"micrograd": 1 / 5},
        tolerance=FLOAT64,
        rounds=3,
    ),
    **{
        f"784-128-10 step, SGD, batch {size}": Workload(training(SMALL, size), SMALL_BARS[size])
        for size in SMALL_BARS
    },
    **{
        f"784-256-128-10 step, Adam, batch {size}": Workload(
            training(LARGE, size), {"PyTorch": 0.80}, tolerance=ADAM
        )
        for size in SMALL_BARS
    },
    "convolution step, batch 64": Workload(
        {OURS: convolution.ours, "PyTorch": convolution.torch, "JAX, compiled": convolution.jax}
    ),
    "expression of 10^6 numbers, gradient": Workload(
        {
            OURS: expression.ours,
            "NumPy by hand": expression.by_hand,
            "PyTorch": expression.torch,
            "JAX, compiled": expression.jax,
            "MyGrad": expression.mygrad,
        },
        bars={"PyTorch": 1.0},
    ),
    "expression of 10^6, as scalar function": Workload(
        {
            OURS: compiled.expression_step,
            "NumPy by hand": expression.by_hand,
            "PyTorch": expression.torch,
        },
        bars={"NumPy by hand": 1.2, "PyTorch": 0.5},
    ),
    "chain of 1000 on 10 numbers, per op": Workload(
        {
            OURS: chains.ours,
            "NumPy by hand": chains.by_hand,
            "PyTorch": chains.torch,
            "MyGrad": chains.mygrad,
        },
        bars={"PyTorch": 2 / 3},
        tolerance=FLOAT64,
        unit="µs",
        per=chains.LENGTH,
    ),
    "Hessian-vector product, 10-32-1": Workload(
        {
            OURS: hessian.ours,
            "NumPy by hand": hessian.by_hand,
            "PyTorch": hessian.torch,
            "JAX, compiled": hessian.jax,
        },
        bars={"PyTorch": 1.0},
        unit="µs",
    ),
    "MNIST epoch, batch 128, with loader": Workload(
        {
            OURS: mnist_training.epoch_of_ours,
            "NumPy by hand": mnist_training.epoch_by_hand,
            "PyTorch": partial(mnist_training.epoch_of_torch, loader=True),
            "PyTorch, by index": partial(mnist_training.epoch_of_torch, loader=False),
        },
        unit="s",
        rounds=5,
    ),
}

MEASUREMENTS = {
    "MNIST to 98 %": Measurement(
        {OURS: mnist_training.ours, "PyTorch": mnist_training.torch},
        bars={"PyTorch": 1.0},
        unit="s",
        repeats=3,
    ),
    "peak memory, MNIST, batch 512": Measurement(
        {OURS: mnist_training.peak_of_ours, "NumPy by hand": mnist_training.peak_by_hand},
        bars={"NumPy by hand": 1.5},
        unit="MB",
    ),
    "memory of a scalar node": Measurement(
        {
            OURS: partial(chains.bytes_per_node, "autograd"),
            "micrograd": partial(chains.bytes_per_node, "micrograd.engine"),
        },
        bars={OURS: 300.0},
        unit="bytes",
    ),
    "chain of 10^6 scalars, per node": Measurement(
        {
            OURS: partial(chains.of_values, "autograd", 10**6),
            "ours, of 10^5": partial(chains.of_values, "autograd", 10**5),
            "PyTorch, of 10^5": partial(chains.of_torch, 10**5),
            "micrograd, of 10^5": partial(chains.of_values, "micrograd.engine", 10**5),
        },
        bars={},
        unit="ns",
        repeats=3,
    ),
    "chain of 10^6 scalars, backward": Measurement(
        {
            OURS: partial(chains.of_values, "autograd", 10**6, backward_only=True),
            "ours, of 10^5": partial(chains.of_values, "autograd", 10**5, backward_only=True),
        },
        bars={"ours, of 10^5": 1.5},  # linear, but for the caches
        unit="ns",
        repeats=3,
    ),
    "import autograd, nn": Measurement(
        {
            OURS: partial(import_time.seconds, "autograd, nn"),
            "import numpy": partial(import_time.seconds, "numpy"),
        },
        bars={"import numpy": 1.3},
        unit="ms",
        repeats=15,
    ),
}


def installed(rival: str) -> bool:
    return rival not in PACKAGES or find_spec(PACKAGES[rival]) is not None


def present(rivals: Mapping[str, Prepare]) -> dict[str, Prepare]:
    return {name: what for name, what in rivals.items() if installed(name)}


def raced(name: str) -> dict[str, list[float]]:
    """The seconds that each operation took."""
    work = WORKLOADS[name]

    def check(result: Any, ours: Any) -> None:
        for theirs, mine in zip(result, ours, strict=True):
            np.testing.assert_allclose(theirs, mine, **work.tolerance)

    times = race(present(work.rivals), check, work.rounds)
    return {rival: [t / work.per for t in row] for rival, row in times.items()}


def asked(name: str) -> dict[str, list[float]]:
    """The numbers that the processes say, in turns."""
    work = MEASUREMENTS[name]
    said: dict[str, list[float]] = {rival: [] for rival in present(work.rivals)}
    for _ in range(work.repeats):
        for rival, numbers in said.items():
            numbers.append(measured(work.rivals[rival]))
    return said


@cache
def numbers_of(name: str) -> tuple[dict[str, list[float]], bool]:
    """All that was measured of a workload; whether others kept the machine busy around it."""
    before = load_of_others()
    numbers = raced(name) if name in WORKLOADS else asked(name)
    return numbers, max(before, load_of_others()) > BUSY


def row_of(name: str, work: Workload | Measurement, rival: str) -> Row:
    numbers, busy = numbers_of(name)
    theirs, ours = median(numbers[rival]), median(numbers[OURS])
    amount = theirs * SCALES[work.unit]
    ratio, bar = None if rival == OURS else ours / theirs, work.bars.get(rival)
    held = None if bar is None else (amount if ratio is None else ratio) <= bar
    return Row(name, rival, f"{amount:.4g} {work.unit}", ratio, bar, held, busy)


@cache
def why_no_mnist() -> str | None:
    try:
        mnist_training.mnist()
    except FileNotFoundError as error:
        return str(error)
    return None


def skip_impossible(name: str, rival: str, report_missing: Callable[[str], None]) -> None:
    if not installed(rival):
        report_missing(rival.split(",", maxsplit=1)[0])
        pytest.skip(f"{rival} is not installed: make bench PEERS=1")
    if "MNIST" in name and (reason := why_no_mnist()):
        pytest.skip(reason)


def rows(works: Mapping[str, Workload | Measurement]) -> list[tuple[str, str]]:
    return [(name, rival) for name, work in works.items() for rival in work.rivals]


class RecordedTime:
    """A clock for pytest-benchmark that goes on by what the rivals' processes have measured: its
    own would make them run one after the other."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def add(self, seconds: float) -> None:
        self.now += seconds


clock = RecordedTime()


@pytest.mark.parametrize(("name", "rival"), rows(WORKLOADS))
@pytest.mark.benchmark(timer=clock)
def test_time(
    name: str,
    rival: str,
    benchmark: Any,
    report: Callable[[Row], None],
    report_missing: Callable[[str], None],
) -> None:
    skip_impossible(name, rival, report_missing)
    benchmark.group = name
    times = numbers_of(name)[0][rival]
    following = iter(times)
    benchmark.pedantic(lambda: clock.add(next(following)), rounds=len(times))
    report(row_of(name, WORKLOADS[name], rival))


@pytest.mark.parametrize(("name", "rival"), rows(MEASUREMENTS))
def test_measurement(
    name: str,
    rival: str,
    report: Callable[[Row], None],
    report_missing: Callable[[str], None],
) -> None:
    skip_impossible(name, rival, report_missing)
    report(row_of(name, MEASUREMENTS[name], rival))
