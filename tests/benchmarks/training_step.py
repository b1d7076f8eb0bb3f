"""A step of training a 784-128-10 net by SGD, in float32: ours, by hand, PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np
from race import THREADS, Step

SIZES = (784, 128, 10)
LR = 0.05
BATCHES = 16  # gone through again and again, as an epoch would
CHECKED = 20  # steps after which losses and weights are compared


def parameters() -> list[Any]:
    """The weights (out, in) and biases (out,) to start from."""
    rng = np.random.default_rng(0)
    pairs = list(zip(SIZES, SIZES[1:]))
    draws = [(rng.normal(0, n**-0.5, (m, n)), rng.normal(0, 0.1, m)) for n, m in pairs]
    return [x.astype(np.float32) for pair in draws for x in pair]


def batches(size: int) -> list[tuple[Any, Any]]:
    """Inputs (size, 784) between 0 and 1, and labels (size,)."""
    rng = np.random.default_rng(1)
    inputs = rng.random((BATCHES, size, SIZES[0]), np.float32)
    return list(zip(inputs, rng.integers(0, SIZES[-1], (BATCHES, size))))


def checked(step: Step, weights: list[Any]) -> tuple[Step, list[Any]]:
    """The step, and the losses and final weights of its first few runs."""
    losses = [float(step().item()) for _ in range(CHECKED)]
    return step, [np.array(losses), *(np.array(w) for w in weights)]


def ours(size: int) -> tuple[Step, list[Any]]:
    import nn
    from autograd import from_numpy

    model = nn.Sequential(nn.Linear(*SIZES[:2]), nn.ReLU(), nn.Linear(*SIZES[1:]))
    for parameter, start in zip(model.parameters(), parameters()):
        parameter.data = start
    optimizer = nn.SGD(model.parameters(), lr=LR)
    data = cycle([(from_numpy(x), labels) for x, labels in batches(size)])

    def step() -> Any:
        x, labels = next(data)
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    run, result = checked(step, [])
    return run, result + [p.numpy().copy() for p in model.parameters()]


def torch(size: int) -> tuple[Step, list[Any]]:
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(THREADS)
    model = nn.Sequential(nn.Linear(*SIZES[:2]), nn.ReLU(), nn.Linear(*SIZES[1:]))
    with torch.no_grad():
        for parameter, start in zip(model.parameters(), parameters()):
            parameter.copy_(torch.from_numpy(start))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    data = cycle([(torch.from_numpy(x), torch.from_numpy(y)) for x, y in batches(size)])

    def step() -> Any:
        x, labels = next(data)
        optimizer.zero_grad()
        loss = cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    run, result = checked(step, [])
    return run, result + [p.detach().numpy().copy() for p in model.parameters()]


def by_hand(size: int) -> tuple[Step, list[Any]]:
    weights = parameters()
    data = cycle(batches(size))
    step = gradient_step(weights, size)
    return checked(lambda: step(*next(data)), weights)


def gradient_step(weights: list[Any], size: int) -> Callable[[Any, Any], Any]:
    """Backpropagation as a careful hand writes it: every array is allocated once."""
    w1, b1, w2, b2 = weights
    dw1, db1, dw2, db2 = gradients = [np.empty_like(w) for w in weights]
    h, dh = np.empty((2, size, SIZES[1]), np.float32)
    positive = np.empty(h.shape, bool)
    z = np.empty((size, SIZES[2]), np.float32)
    rows = np.arange(size)

    def step(x: Any, labels: Any) -> Any:
        np.matmul(x, w1.T, out=h)  # (n, 784) @ (784, 128) -> (n, 128)
        np.add(h, b1, out=h)
        np.maximum(h, 0, out=h)
        np.matmul(h, w2.T, out=z)  # (n, 128) @ (128, 10) -> (n, 10)
        np.add(z, b2, out=z)
        np.subtract(z, z.max(axis=1, keepdims=True), out=z)
        np.exp(z, out=z)
        np.divide(z, z.sum(axis=1, keepdims=True), out=z)
        loss = -np.log(z[rows, labels]).mean()

        z[rows, labels] -= 1  # the gradient of the loss in the logits, but for 1/n
        np.multiply(z, np.float32(1 / size), out=z)
        np.matmul(z.T, h, out=dw2)  # (10, n) @ (n, 128) -> (10, 128)
        np.sum(z, axis=0, out=db2)
        np.matmul(z, w2, out=dh)  # (n, 10) @ (10, 128) -> (n, 128)
        np.greater(h, 0, out=positive)
        np.multiply(dh, positive, out=dh)
        np.matmul(dh.T, x, out=dw1)  # (128, n) @ (n, 784) -> (128, 784)
        np.sum(dh, axis=0, out=db1)

        for w, dw in zip(weights, gradients):
            np.multiply(dw, LR, out=dw)
            np.subtract(w, dw, out=w)
        return loss

    return step


def products(size: int) -> tuple[Step, None]:
    """The five matrix products alone: nothing that computes them can be faster."""
    w1, _, w2, _ = parameters()
    dw1, dw2 = np.empty_like(w1), np.empty_like(w2)
    h, dh = np.ones((2, size, SIZES[1]), np.float32)
    z = np.ones((size, SIZES[2]), np.float32)
    data = cycle(batches(size))

    def step() -> None:
        x, _ = next(data)
        np.matmul(x, w1.T, out=h)
        np.matmul(h, w2.T, out=z)
        np.matmul(z.T, h, out=dw2)
        np.matmul(z, w2, out=dh)
        np.matmul(dh.T, x, out=dw1)

    return step, None
