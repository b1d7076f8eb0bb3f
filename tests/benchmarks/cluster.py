"""What a step costs on a cluster and in one process: `OMP_NUM_THREADS=1 python` this file.

Prints docs/scaling.md's table: milliseconds by the clock and of processor time, the least of some
steps, each on all of the images given; on two workers of one thread each. Needs MNIST.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

import nn

CASES = [
    ((128,), 600),
    ((128,), 6000),
    ((128,), 60_000),
    ((1024, 1024), 6000),
    ((1024, 1024), 30_000),
]
STEPS = 6


class Cost(NamedTuple):
    """Of one step, in seconds: by the clock, and of processor time here and on the workers."""

    clock: float
    here: float
    workers: float


class Watch(nn.Callback):
    """Notes what each step costs."""

    def __init__(self, cluster: nn.Cluster | None) -> None:
        self.cluster = cluster
        self.costs: list[Cost] = []

    def now(self) -> Cost:
        workers = self.cluster.client.run(time.process_time) if self.cluster else {}
        return Cost(time.perf_counter(), time.process_time(), sum(workers.values()))

    def on_step_begin(self, run: Any) -> None:
        self.began = self.now()

    def on_step_end(self, run: Any) -> None:
        self.costs.append(Cost(*(b - a for a, b in zip(self.began, self.now()))))

    def least(self) -> Cost:
        return Cost(*map(min, zip(*self.costs[1:])))  # in the first one, things are loaded


def cost(hidden: tuple[int, ...], data: nn.Dataset, cluster: nn.Cluster | None) -> Cost:
    model = nn.MLP(784, [*hidden, 10], rng=0)
    watch = Watch(cluster)
    nn.fit(
        model,
        cluster.put(data) if cluster else data,
        loss=nn.cross_entropy,
        optimizer=nn.SGD(model.parameters(), lr=0.1),
        epochs=STEPS,
        batch_size=len(data),
        seed=0,
        executor=cluster,
        callbacks=[watch],
        progress=False,
    )
    return watch.least()


def main() -> None:
    train, _ = nn.datasets.load("mnist")
    print(
        "net, images                one process     cluster, by the clock   here   workers   ratio"
    )
    with nn.Cluster(workers=2) as cluster:
        for hidden, n in CASES:
            data = nn.Dataset(train.x[:n], train.y[:n])
            alone, spread = cost(hidden, data, None), cost(hidden, data, cluster)
            ms = [1000 * x for x in (alone.clock, *spread)]
            net = "-".join(map(str, (784, *hidden, 10)))
            print(
                f"{net:17} {n:7} {ms[0]:12.0f} ms {ms[1]:20.0f} ms {ms[2]:6.0f} {ms[3]:9.0f}",
                end="",
            )
            print(f" {np.divide(spread.clock, alone.clock):7.2f}", flush=True)


if __name__ == "__main__":
    main()
