"""The sums themselves: what a training step of an MLP will take on a machine."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import nn
from demos.machine import Machine

FLOAT = 4  # bytes of a float32


class Recipe(NamedTuple):
    """An optimiser, and what it does to each parameter (see its `update` in `nn.optim`)."""

    make: Callable[..., nn.Optimizer]
    calls: int  # of NumPy
    transfers: int  # numbers read or written
    copies: int  # arrays that it keeps: its state, and room to compute in


def momentum(parameters: Any, lr: float) -> nn.Optimizer:
    return nn.SGD(parameters, lr=lr, momentum=0.9)


OPTIMIZERS = {
    "sgd": Recipe(nn.SGD, calls=2, transfers=5, copies=1),
    "momentum": Recipe(momentum, calls=4, transfers=10, copies=2),
    "adam": Recipe(nn.Adam, calls=10, transfers=24, copies=4),
}


@dataclass(frozen=True)
class Sums:
    """What a training step will take, by the sums.

    Attributes:
        batch: samples in it.
        flops: of its matrix products.
        moved: bytes that all its operations read and write.
        products, passes, bookkeeping: seconds of the matrix products, of going through arrays
            number by number, and of Python: recording, and calling NumPy.
        bytes: that it holds at once.
        loading: seconds to gather the batch from the data set.
    """

    batch: int
    flops: int
    moved: int
    products: float
    passes: float
    bookkeeping: float
    bytes: int
    loading: float

    @property
    def seconds(self) -> float:
        return self.products + self.passes + self.bookkeeping


class Pass(NamedTuple):
    """So many numbers in each array, read or written so many times."""

    numbers: int
    transfers: int

    def seconds(self, machine: Machine) -> float:
        moved, span = FLOAT * self.numbers * self.transfers, 3 * FLOAT * self.numbers
        return machine.pass_seconds(moved, span)


def parameter_count(sizes: tuple[int, ...]) -> int:
    return sum(n * m + m for n, m in zip(sizes, sizes[1:]))


def work(machine: Machine, sizes: tuple[int, ...], batch: int, recipe: Recipe) -> Sums:
    """The sums for one step with an MLP."""
    *hidden, classes = sizes[1:]
    layers, parameters = list(zip(sizes, sizes[1:])), parameter_count(sizes)
    products = [(batch, n, m) for n, m in layers]  # x @ w.T
    products += [(n, batch, m) for n, m in layers]  # x.T @ g, the gradient of w
    products += [(batch, m, n) for n, m in layers[1:]]  # g @ w, the gradient of x: not of the data
    passes = [
        *(Pass(batch * n, 3 + 2 + 5) for n in hidden),  # bias and its gradient; relu; its gradient
        Pass(batch * classes, 3 + 12 + 11),  # the same; log_softmax; its gradient and that of nll
        *(Pass(n * m, recipe.transfers) for n, m in layers),
    ]
    operations = 2 * len(layers) + 1  # linear, relu, linear ... log_softmax, nll
    calls = 2 * len(layers) * recipe.calls + 20  # the optimiser's; those of the loss
    kept = sizes[0] + 2 * sum(hidden) + 2 * classes  # what the graph holds of each sample
    return Sums(
        batch=batch,
        flops=sum(2 * n * k * m for n, k, m in products),
        moved=FLOAT
        * (
            sum(n * k + k * m + n * m for n, k, m in products)
            + sum(p.numbers * p.transfers for p in passes)
        ),
        products=sum(machine.product_seconds(*product) for product in products),
        passes=sum(p.seconds(machine) for p in passes),
        bookkeeping=operations * machine.tensor_op + calls * machine.call,
        # Weights, gradients, the optimiser's; the graph; two gradients on their way through it.
        bytes=FLOAT * (parameters * (2 + recipe.copies) + batch * (kept + 2 * max(sizes[1:]))),
        loading=machine.pass_seconds(2 * FLOAT * batch * sizes[0], math.inf),
    )


class Measured(NamedTuple):
    """Seconds and bytes of a step; seconds and bytes of an epoch."""

    step: float
    step_bytes: float
    epoch: float
    epoch_bytes: float
