"""How fast this machine is at what training consists of, measured in a second or two.

Whatever else runs can only slow a measurement down, so the fastest run of several counts.
"""

from __future__ import annotations

import math
import os
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

import autograd as ag
from autograd import Tensor, Value

SIDES = (8, 16, 32, 64, 128, 256, 512, 1024)  # of the square matrices that are multiplied
SPANS = tuple(3 * 4**k for k in range(6, 14))  # bytes of three arrays: 12 KB to 200 MB
FLOPS, BANDWIDTH = "FLOP/s", "B/s"
CHAINS = (2_000, 20_000, 200_000)  # operations on single numbers in one graph


@dataclass(frozen=True)
class Machine:
    """What napkin sums are made of.

    Attributes:
        rates: FLOP/s of a product of two square float32 matrices, by their side.
        bandwidths: bytes/s, read and written, of adding two arrays, by the bytes of all three.
        call: seconds of one NumPy call on next to nothing.
        tensor_op: seconds to record one operation on a small `Tensor` and to go back through it.
        value_ops: the same for a `Value`, by the number of operations in the graph: the more there
            are, the more memory there is to wander through.
        value_bytes: of memory, for one recorded operation on a `Value`.
    """

    rates: dict[int, float]
    bandwidths: dict[int, float]
    call: float
    tensor_op: float
    value_ops: dict[int, float]
    value_bytes: float

    @property
    def peak(self) -> float:
        """FLOP/s of the fastest product."""
        return max(self.rates.values())

    @property
    def memory_bandwidth(self) -> float:
        """Bytes/s where arrays are too large for any cache."""
        return self.bandwidths[max(self.bandwidths)]

    @property
    def cache_bandwidth(self) -> float:
        """Bytes/s where a cache holds them."""
        return max(self.bandwidths.values())

    def product_seconds(self, n: int, k: int, m: int) -> float:
        """A product (n, k) @ (k, m): at the rate of square matrices with as many FLOPs."""
        flops = 2 * n * k * m
        return flops / between(self.rates, (n * k * m) ** (1 / 3))

    def pass_seconds(self, moved: float, span: float) -> float:
        """Moving so many bytes, in arrays that take up `span` bytes together."""
        return moved / between(self.bandwidths, span)

    def value_seconds(self, operations: int) -> float:
        """To record so many operations on `Value`s in one graph, and to go back through it."""
        return operations * between(self.value_ops, operations)


def between(table: dict[int, float], x: float) -> float:
    """Where a table has no entry: a straight line between two, in logarithms."""
    logs = np.log(list(table)), np.log(list(table.values()))
    return float(np.exp(np.interp(math.log(x), *logs)))


def measure(seconds: float = 0.1, rounds: int = 5, chains: Sequence[int] = CHAINS) -> Machine:
    """This machine, with so much time for each number.

    Args:
        seconds: more are more reliable where other programs run.
        rounds: in which arrays are measured again, so that a busy moment disturbs one at most.
        chains: lengths of the graphs of single numbers.
    """
    part = seconds / rounds
    probes: dict[Any, Callable[[], float]] = {
        **{(FLOPS, side): partial(product_rate, side, part) for side in SIDES},
        **{(BANDWIDTH, span): partial(addition_rate, span, part) for span in SPANS},
        "call": partial(call_rate, part),
        "tensor": partial(tensor_rate, part),
    }
    best = dict.fromkeys(probes, 0.0)
    for _ in range(rounds):
        for name, probe in probes.items():
            best[name] = max(best[name], probe())
    # Larger products are faster: a dip is a disturbance.
    rates = np.maximum.accumulate([best[FLOPS, side] for side in SIDES])
    return Machine(
        rates=dict(zip(SIDES, rates.tolist())),
        bandwidths={span: best[BANDWIDTH, span] for span in SPANS},
        call=1 / best["call"],
        tensor_op=1 / best["tensor"],
        value_ops={length: value_seconds(length, seconds) / length for length in chains},
        value_bytes=peak_memory(partial(neuron, numbers(chains[1]))) / chains[1],
    )


def product_rate(side: int, seconds: float) -> float:
    a, out = np.ones((side, side), np.float32), np.empty((side, side), np.float32)
    return 2 * side**3 / fastest(lambda: np.matmul(a, a, out=out), seconds)


def addition_rate(span: int, seconds: float) -> float:
    a, b, out = np.ones((3, span // 12), np.float32)
    return span / fastest(lambda: np.add(a, b, out=out), seconds)


def call_rate(seconds: float, calls: int = 100) -> float:
    x = np.zeros(1, np.float32)

    def run() -> None:
        for _ in range(calls):
            np.add(x, x, out=x)

    return calls / fastest(run, seconds)


def tensor_rate(seconds: float, length: int = 100) -> float:
    x = Tensor(np.ones(1, np.float32), requires_grad=True)

    def run() -> None:
        out: Any = x
        for _ in range(length):
            out = ag.relu(out)
        out.backward()

    return length / fastest(run, seconds)


def value_seconds(length: int, seconds: float) -> float:
    return fastest(partial(neuron, numbers(length)), seconds)


def numbers(operations: int) -> list[Value]:
    """Weights of a neuron that takes so many."""
    return [Value(0.5) for _ in range(operations // 2)]


def neuron(weights: list[Value]) -> Any:
    """A sum of products, and back to every weight."""
    out: Any = 0.0
    for w in weights:
        out = out + w * 0.5
    out.backward()
    return out


def fastest(run: Callable[[], Any], seconds: float) -> float:
    """The time of the fastest run, of as many as fit into `seconds` and of at least three."""
    run()  # what is slow only once
    times: list[float] = []
    until = perf_counter() + seconds
    while len(times) < 3 or perf_counter() < until:
        began = perf_counter()
        run()
        times.append(perf_counter() - began)
    return min(times)


def peak_memory(run: Callable[[], Any]) -> int:
    """Bytes that Python and NumPy hold at once, at most, during a run: what was there not counted.

    What a library allocates for itself, such as the buffers of a matrix product, isn't seen.
    """
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def load() -> float:
    """How many programs have been running of late, or 0 where the system doesn't say."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return 0.0


def memory() -> float:
    """Bytes of main memory, or infinity where the system doesn't say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float("inf")


def quantity(x: float, unit: str) -> str:
    """A number of three digits with its unit, as people say it.

    >>> quantity(0.00033, "s"), quantity(1.95e11, "FLOP/s"), quantity(128, "B"), quantity(0, "s")
    ('330 µs', '195 GFLOP/s', '128 B', '0 s')
    """
    prefixes: Iterable[tuple[float, str]] = (
        *((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")),
        *((1e-3, "m"), (1e-6, "µ")),
    )
    for size, prefix in prefixes:
        if abs(x) >= 0.9995 * size:
            digits = max(0, 2 - int(np.log10(max(abs(x) / size, 1)) + 1e-3))
            return f"{x / size:.{digits}f} {prefix}{unit}"
    return f"{x * 1e9:.3g} n{unit}" if x else f"0 {unit}"


def duration(seconds: float) -> str:
    """A time, in the largest unit that fits.

    >>> duration(0.00033), duration(90), duration(3e6), duration(1e12)
    ('330 µs', '1.5 minutes', '35 days', '32,000 years')
    """
    units = (("years", 365.25 * 86400), ("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0))
    for name, size in units:
        if seconds >= size:
            x = seconds / size
            x = round(x, 1) if x < 10 else round(x, -max(0, len(str(int(x))) - 2))
            return f"{x:.1f} {name}" if x < 10 else f"{x:,.0f} {name}"
    return quantity(seconds, "s")
