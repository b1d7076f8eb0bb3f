"""micrograd's demo: a 2-16-16-1 net of single numbers learns to tell two moons apart.

A step is forward, backward and update on all 100 points, with the max-margin loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from race import Step

SIZES = (2, 16, 16, 1)
POINTS, ALPHA, LR = 100, 1e-4, 0.1
CHECKED = 2  # steps after which losses and weights are compared


def moons() -> tuple[list[list[float]], list[int]]:
    """Points on two interleaved half circles with noise, and which one, as -1 or 1."""
    rng = np.random.default_rng(0)
    angle = np.linspace(0, np.pi, POINTS // 2)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.concatenate([upper, [1, 0.5] - upper])
    points += rng.normal(0, 0.1, points.shape)
    return points.tolist(), [-1] * len(angle) + [1] * len(angle)


def start() -> list[float]:
    """The parameters to start from, neuron by neuron: the weights, then the bias."""
    rng = np.random.default_rng(1)
    rows = [n for n, m in zip(SIZES, SIZES[1:]) for _ in range(m)]
    return [x for n in rows for x in (*rng.uniform(-1, 1, n).tolist(), 0.0)]


def prepare(
    net: Callable[[list[float]], Any], parameters: list[Any], no_grad: Any = 0.0
) -> tuple[Step, tuple[list[float], list[float]]]:
    points, labels = moons()

    def step() -> Any:
        losses = [(1 + -label * net(point)).relu() for point, label in zip(points, labels)]
        data_loss = sum(losses) * (1.0 / len(losses))
        loss = data_loss + ALPHA * sum(p * p for p in parameters)
        for p in parameters:
            p.grad = no_grad
        loss.backward()
        for p in parameters:
            p.data = p.data - LR * p.grad
        return loss

    losses = [float(step().data) for _ in range(CHECKED)]
    return step, (losses, [float(p.data) for p in parameters])


def ours() -> tuple[Step, Any]:
    from nn.scalar import MLP

    net = MLP(SIZES[0], SIZES[1:])
    return prepare(net, started(net.parameters()))


def micrograd() -> tuple[Step, Any]:
    from micrograd.nn import MLP

    net = MLP(SIZES[0], list(SIZES[1:]))
    return prepare(net, started(net.parameters()))


def started(parameters: list[Any]) -> list[Any]:
    for p, x in zip(parameters, start(), strict=True):
        p.data = x
    return parameters


def torch() -> tuple[Step, Any]:
    """Every number a tensor of its own, as in the others."""
    import torch

    parameters = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in start()]
    unused = iter(parameters)
    layers = [
        [([next(unused) for _ in range(n)], next(unused)) for _ in range(m)]
        for n, m in zip(SIZES, SIZES[1:])
    ]

    def net(x: list[Any]) -> Any:
        for layer in layers:
            x = [sum((w * xi for w, xi in zip(weights, x)), bias) for weights, bias in layer]
            if layer is not layers[-1]:
                x = [out.relu() for out in x]
        return x[0]

    return prepare(net, parameters, no_grad=None)
