"""A step of training a small convolutional net (after LeCun et al. 1998) by SGD, in float32.

Two convolutions 5x5, to 8 and 16 channels, each with ReLU and 2x2 max pooling, then one linear
layer; 64 images of 28x28 pixels.
"""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np
from race import THREADS, Step
from training_step import outcome

SHAPES = [(8, 1, 5, 5), (8,), (16, 8, 5, 5), (16,), (10, 256), (10,)]
SIZE, BATCHES, LR, CHECKED = 64, 4, 0.05, 5


def parameters() -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.uniform(-1, 1, s).astype(np.float32) / np.prod(s[1:]) ** 0.5 for s in SHAPES]


def batches() -> list[tuple[Any, Any]]:
    """Images (size, 1, 28, 28) between 0 and 1, and labels (size,)."""
    rng = np.random.default_rng(1)
    images = rng.random((BATCHES, SIZE, 1, 28, 28), np.float32)
    return list(zip(images, rng.integers(0, 10, (BATCHES, SIZE))))


def ours() -> tuple[Step, list[Any]]:
    import nn
    from autograd import from_numpy

    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(256, 10)),
    )
    for parameter, start in zip(model.parameters(), parameters(), strict=True):
        parameter.data = start
    optimizer = nn.SGD(model.parameters(), lr=LR)
    data = cycle([(from_numpy(x), labels) for x, labels in batches()])

    def step() -> Any:
        x, labels = next(data)
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    return outcome(step, lambda: [p.numpy() for p in model.parameters()], CHECKED)


def torch() -> tuple[Step, list[Any]]:
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(THREADS)
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(256, 10)),
    )
    with torch.no_grad():
        for parameter, start in zip(model.parameters(), parameters(), strict=True):
            parameter.copy_(torch.from_numpy(start))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    data = cycle([(torch.from_numpy(x), torch.from_numpy(y)) for x, y in batches()])

    def step() -> Any:
        x, labels = next(data)
        optimizer.zero_grad()
        loss = cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    return outcome(step, lambda: [p.detach().numpy() for p in model.parameters()], CHECKED)


def jax() -> tuple[Step, list[Any]]:
    import jax
    from jax import lax
    from jax import numpy as jnp

    def pooled(x: Any) -> Any:
        window = (1, 1, 2, 2)
        return lax.reduce_window(jax.nn.relu(x), -jnp.inf, lax.max, window, window, "VALID")

    def cross_entropy(weights: list[Any], x: Any, labels: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = weights
        for w, b in (w1, b1), (w2, b2):
            x = pooled(lax.conv_general_dilated(x, w, (1, 1), "VALID") + b[:, None, None])
        log_p = jax.nn.log_softmax(x.reshape(SIZE, -1) @ w3.T + b3)
        return -jnp.take_along_axis(log_p, labels[:, None], axis=1).mean()

    def update(weights: list[Any], x: Any, labels: Any) -> tuple[list[Any], Any]:
        loss, gradients = jax.value_and_grad(cross_entropy)(weights, x, labels)
        return [w - LR * g for w, g in zip(weights, gradients)], loss

    compiled = jax.jit(update, donate_argnums=0)
    weights = [jnp.array(w) for w in parameters()]
    data = cycle([(jnp.array(x), jnp.array(y)) for x, y in batches()])

    def step() -> Any:
        nonlocal weights
        weights, loss = jax.block_until_ready(compiled(weights, *next(data)))
        return loss

    return outcome(step, lambda: [np.asarray(w) for w in weights], CHECKED)
