"""Compiled scalar functions, on the data of the other workloads and against their rivals."""

from __future__ import annotations

from typing import Any

import averaging
import expression
import moons
import numpy as np
from race import Step


def rectangles() -> tuple[Any, Any]:
    """Pixels (1000, 4) and their means (1000,)."""
    pixels = np.random.default_rng(0).random((1000, 4)).round(1)
    return pixels, pixels.mean(axis=1)


def squared_error(weights: Any, pixels: Any, target: Any) -> Any:
    return (sum(w * x for w, x in zip(weights, pixels)) - target) ** 2


def averaging_on_columns() -> tuple[Step, Any]:
    import autograd as ag

    pixels, targets = rectangles()
    columns, f = list(np.ascontiguousarray(pixels.T)), ag.compile(squared_error)

    def epoch() -> Any:
        return f.value_and_grad(averaging.WEIGHTS, columns, targets, reduce="mean")

    return epoch, epoch()


def averaging_on_floats() -> tuple[Step, Any]:
    """One call for each rectangle, as a learner would write it."""
    import autograd as ag

    pixels, targets = (x.tolist() for x in rectangles())
    f, weights = ag.compile(squared_error), averaging.WEIGHTS

    def epoch() -> Any:
        loss, gradient = 0.0, [0.0] * 4
        for x, target in zip(pixels, targets):
            error, slopes = f.value_and_grad(weights, x, target)
            loss += error
            gradient = [a + b for a, b in zip(gradient, slopes)]
        return loss / len(targets), [g / len(targets) for g in gradient]

    return epoch, epoch()


def averaging_by_hand() -> tuple[Step, Any]:
    pixels, targets = rectangles()
    weights = np.array(averaging.WEIGHTS)

    def epoch() -> Any:
        off = pixels @ weights - targets
        return off @ off / len(targets), pixels.T @ off * (2 / len(targets))

    return epoch, epoch()


def moons_step() -> tuple[Step, Any]:
    import autograd as ag
    import nn

    points, labels = map(np.array, moons.moons())
    net = nn.scalar.MLP(moons.SIZES[0], moons.SIZES[1:])
    weights = moons.started(net.parameters())

    def loss(score: Any, label: Any) -> Any:
        return ag.relu(1 - label * score) + moons.ALPHA * sum(w * w for w in weights)

    gradients, optimizer = nn.scalar.compile(net, loss), nn.SGD(weights, lr=moons.LR)

    def step() -> float:
        optimizer.zero_grad()
        value: float = gradients(points, labels)
        optimizer.step()
        return value

    losses = [step() for _ in range(moons.CHECKED)]
    return step, (losses, [w.data for w in weights])


def expression_step() -> tuple[Step, list[Any]]:
    import autograd as ag

    x, f = expression.numbers(), ag.compile(lambda x: ag.tanh(2 * x + 1) * ag.exp(-(x**2)))

    def step() -> Any:
        return f.value_and_grad(x, reduce="sum")

    value, gradient = step()
    return step, [value, gradient]
