"""The averaging model on scalars: one source for every engine that has single numbers."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from race import Step

WEIGHTS = [0.98, 0.4, 0.86, -0.08]


def epoch(
    weights: list[Any], rectangles: list[list[float]], targets: list[float], no_grad: Any
) -> Any:
    """The mean squared error over all rectangles, and its gradient in the weights."""
    for weight in weights:
        weight.grad = no_grad
    total = 0.0
    for pixels, target in zip(rectangles, targets):
        error = sum(w * x for w, x in zip(weights, pixels)) - target
        total = total + error**2
    loss = total / len(targets)
    loss.backward()
    return loss


def prepare(
    number: Callable[[float], Any], no_grad: Any = 0.0
) -> tuple[Step, tuple[float, list[float]]]:
    """One epoch with the numbers that `number` makes; its loss and gradient."""
    pixels = np.random.default_rng(0).random((1000, 4)).round(1)
    rectangles, targets = pixels.tolist(), pixels.mean(axis=1).tolist()
    weights = [number(w) for w in WEIGHTS]
    loss = epoch(weights, rectangles, targets, no_grad)
    result = float(loss.data), [float(w.grad) for w in weights]
    return lambda: epoch(weights, rectangles, targets, no_grad), result


def values(module: str) -> tuple[Step, Any]:
    """With the `Value` of that module."""
    return prepare(import_module(module).Value)


def torch() -> tuple[Step, Any]:
    import torch

    return prepare(lambda w: torch.tensor(w, dtype=torch.float64, requires_grad=True), None)
