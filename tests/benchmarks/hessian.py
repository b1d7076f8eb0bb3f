"""The Hessian of a 10-32-1 net's loss, in all its parameters, times a vector; 64 samples, float32.

The loss is the squared error, the activation tanh.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from race import THREADS, Step

SAMPLES = 64
SHAPES = [(32, 10), (32,), (1, 32), (1,)]  # weight and bias of the two layers


def problem() -> tuple[list[Any], list[Any], Any, Any]:
    """The parameters, the vector in their form, inputs (64, 10) and targets (64, 1)."""
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> Any:
        return rng.standard_normal(shape, np.float32) / np.float32(3)

    weights, vector = ([draw(*shape) for shape in SHAPES] for _ in range(2))
    return weights, vector, draw(SAMPLES, 10), draw(SAMPLES, 1)


def ours() -> tuple[Step, list[Any]]:
    import autograd as ag

    weights, vector, x, y = problem()
    x, y = ag.from_numpy(x), ag.from_numpy(y)

    def loss(weights: list[Any]) -> Any:
        w1, b1, w2, b2 = weights
        return ag.square(ag.tanh(x @ w1.T + b1) @ w2.T + b2 - y).mean()

    def step() -> list[Any]:
        _, product = ag.hvp(loss)(weights)
        return product(vector)

    return step, step()


def by_hand() -> tuple[Step, list[Any]]:
    """Pearlmutter (1994): `r` is the slope, along the vector, of what it stands before."""
    (w1, _, w2, _), (v1, c1, v2, c2), x, y = problem()
    b1, b2 = problem()[0][1::2]
    scale = np.float32(2 / SAMPLES)

    def step() -> list[Any]:
        h = np.tanh(x @ w1.T + b1)  # (n, 10) @ (10, 32) -> (n, 32)
        slope = 1 - h * h
        dz = scale * (h @ w2.T + b2 - y)  # (n, 32) @ (32, 1) -> (n, 1)
        dh = dz @ w2  # (n, 1) @ (1, 32) -> (n, 32)

        rh = slope * (x @ v1.T + c1)
        rdz = scale * (rh @ w2.T + h @ v2.T + c2)
        rdh = rdz @ w2 + dz @ v2
        ra = slope * rdh - 2 * dh * h * rh
        return [ra.T @ x, ra.sum(axis=0), rdz.T @ h + dz.T @ rh, rdz.sum(axis=0)]

    return step, step()


def torch() -> tuple[Step, list[Any]]:
    import torch

    torch.set_num_threads(THREADS)
    weights, vector, x, y = problem()
    w1, b1, w2, b2 = inputs = [torch.from_numpy(w).requires_grad_() for w in weights]
    vector = [torch.from_numpy(v) for v in vector]
    x, y = torch.from_numpy(x), torch.from_numpy(y)

    def step() -> Any:
        loss = torch.square(torch.tanh(x @ w1.T + b1) @ w2.T + b2 - y).mean()
        gradient = torch.autograd.grad(loss, inputs, create_graph=True)
        return torch.autograd.grad(gradient, inputs, vector)

    return step, [product.numpy() for product in step()]


def jax() -> tuple[Step, list[Any]]:
    import jax
    from jax import numpy as jnp

    weights, vector, x, y = jax.tree.map(jnp.asarray, problem())

    def loss(weights: list[Any]) -> Any:
        w1, b1, w2, b2 = weights
        return jnp.square(jnp.tanh(x @ w1.T + b1) @ w2.T + b2 - y).mean()

    compiled = jax.jit(lambda weights, vector: jax.jvp(jax.grad(loss), (weights,), (vector,))[1])

    def step() -> Any:
        return jax.block_until_ready(compiled(weights, vector))

    return step, [np.asarray(product) for product in step()]
