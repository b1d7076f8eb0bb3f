"""Long chains of small operations: what a single one costs, in time and in memory."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from importlib import import_module
from time import perf_counter
from typing import Any

import numpy as np
from race import Step

# --- on scalars -----------------------------------------------------------------------------------

COUNTED = 20_000  # nodes to measure the memory of


def grown(x: Any, nodes: int) -> Any:
    """A chain of products and sums."""
    y = x
    for _ in range(nodes // 2):
        y = y * x + x
    return y


def slope(x: float, nodes: int) -> float:
    """The derivative of the chain, carried along forward."""
    y, dy = x, 1.0
    for _ in range(nodes // 2):
        y, dy = y * x + x, dy * x + y + 1.0
    return dy


def bytes_per_node(module: str) -> tuple[None, float]:
    """What a node takes, forward and backward done."""
    x = import_module(module).Value(0.5)
    gc.collect()
    tracemalloc.start()
    y = grown(x, COUNTED)
    y.backward()
    gc.collect()
    return None, tracemalloc.get_traced_memory()[0] / COUNTED


def seconds_per_node(
    number: Callable[[float], Any], nodes: int, backward_only: bool = False
) -> tuple[None, float]:
    """To build a chain, go through it backward, and delete it."""
    grown(number(0.5), 1000).backward()  # wakes the caches
    x = number(0.5)
    start = perf_counter()
    y = grown(x, nodes)
    built = perf_counter()
    y.backward()
    passed = perf_counter()
    del y
    deleted = perf_counter()
    np.testing.assert_allclose(float(x.grad), slope(0.5, nodes), rtol=1e-9)
    return None, (passed - built if backward_only else deleted - start) / nodes


def of_values(module: str, nodes: int, backward_only: bool = False) -> tuple[None, float]:
    return seconds_per_node(import_module(module).Value, nodes, backward_only)


def of_torch(nodes: int) -> tuple[None, float]:
    import torch

    return seconds_per_node(
        lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True), nodes
    )


# --- on arrays ------------------------------------------------------------------------------------

LENGTH = 1000  # operations
SLOPES = np.linspace(0.999, 1.001, 10)
SHIFTS = np.linspace(-0.01, 0.01, 10)


def on_arrays(
    array: Callable[[Any], Any], constant: Callable[[Any], Any]
) -> tuple[Step, list[Any]]:
    """y * slopes + shifts, again and again, and the gradient of the sum of the last y."""
    x, slopes, shifts = array(np.ones(10)), constant(SLOPES), constant(SHIFTS)

    def step() -> Any:
        x.grad = None
        y = x
        for _ in range(LENGTH // 2):
            y = y * slopes + shifts
        loss = y.sum()
        loss.backward()
        return loss

    loss = step().item()
    return step, [loss, np.array(x.grad)]


def ours() -> tuple[Step, list[Any]]:
    from autograd import Tensor, from_numpy

    return on_arrays(lambda x: Tensor(x, requires_grad=True), from_numpy)


def torch() -> tuple[Step, list[Any]]:
    import torch

    torch.set_num_threads(1)  # nothing to share out
    return on_arrays(lambda x: torch.tensor(x, requires_grad=True), torch.from_numpy)


def mygrad() -> tuple[Step, list[Any]]:
    import mygrad

    mygrad.turn_memory_guarding_off()  # as fast as it goes
    x = mygrad.tensor(np.ones(10))

    def step() -> Any:
        y = x
        for _ in range(LENGTH // 2):
            y = y * SLOPES + SHIFTS
        loss = y.sum()
        loss.backward()
        return loss

    loss = step().item()
    return step, [loss, np.array(x.grad)]


def by_hand() -> tuple[Step, list[Any]]:
    x = np.ones(10)
    y, g = np.empty_like(x), np.empty_like(x)

    def step() -> Any:
        np.copyto(y, x)
        for _ in range(LENGTH // 2):
            np.multiply(y, SLOPES, out=y)
            np.add(y, SHIFTS, out=y)
        g.fill(1.0)
        for _ in range(LENGTH // 2):  # a sum passes it on as it is
            np.multiply(g, SLOPES, out=g)
        return y.sum()

    return step, [step(), g]
