"""The averaging model on scalars: one source for every engine that has a `Value`."""

from __future__ import annotations

import gc
import tracemalloc
from importlib import import_module
from typing import Any

import numpy as np

WEIGHTS = [0.98, 0.4, 0.86, -0.08]
NODES = 20_000


def epoch(weights: list[Any], rectangles: list[list[float]], targets: list[float]) -> Any:
    """The mean squared error over all rectangles, and its gradient in the weights."""
    for weight in weights:
        weight.grad = 0.0
    total = 0.0
    for pixels, target in zip(rectangles, targets):
        error = sum(w * x for w, x in zip(weights, pixels)) - target
        total = total + error**2
    loss = total / len(targets)
    loss.backward()
    return loss


def prepare(module: str) -> tuple[Any, Any]:
    """One epoch with the `Value` of that module; its loss and gradient."""
    Value = import_module(module).Value
    pixels = np.random.default_rng(0).random((1000, 4)).round(1)
    rectangles, targets = pixels.tolist(), pixels.mean(axis=1).tolist()
    weights = [Value(w) for w in WEIGHTS]
    loss = epoch(weights, rectangles, targets)
    result = [loss.data, *(w.grad for w in weights)]
    return lambda: epoch(weights, rectangles, targets), result


def bytes_per_node(module: str) -> tuple[None, float]:
    """What a node of a chain of products and sums takes, forward and backward done."""
    Value = import_module(module).Value
    w = Value(0.5)
    gc.collect()
    tracemalloc.start()
    y = w
    for _ in range(NODES // 2):
        y = y * w + w
    y.backward()
    gc.collect()
    return None, tracemalloc.get_traced_memory()[0] / NODES
