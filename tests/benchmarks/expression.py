"""sum(tanh(2x + 1) exp(-x^2)) of a million numbers in float32: its value and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from race import THREADS, Step


def numbers() -> Any:
    return np.random.default_rng(0).standard_normal(10**6, np.float32)


def ours() -> tuple[Step, list[Any]]:
    import autograd as ag

    x = ag.from_numpy(numbers(), requires_grad=True)

    def step() -> Any:
        x.grad = None
        y = (ag.tanh(2 * x + 1) * ag.exp(-(x**2))).sum()
        y.backward()
        return y

    y = step().item()
    return step, [y, x.grad]


def by_hand() -> tuple[Step, list[Any]]:
    x = numbers()
    t, e, slope, g = (np.empty_like(x) for _ in range(4))

    def step() -> Any:
        np.multiply(x, 2, out=t)
        np.add(t, 1, out=t)
        np.tanh(t, out=t)
        np.multiply(x, x, out=e)
        np.negative(e, out=e)
        np.exp(e, out=e)

        np.multiply(t, t, out=slope)  # dy/dx = 2 (1 - t^2 - x t) e
        np.multiply(x, t, out=g)
        np.add(slope, g, out=slope)
        np.subtract(1, slope, out=slope)
        np.multiply(slope, e, out=g)
        np.multiply(g, 2, out=g)
        np.multiply(t, e, out=t)
        return t.sum()

    y = step()
    return step, [y, g]


def torch() -> tuple[Step, list[Any]]:
    import torch

    torch.set_num_threads(THREADS)
    x = torch.from_numpy(numbers()).requires_grad_()

    def step() -> Any:
        x.grad = None
        y = (torch.tanh(2 * x + 1) * torch.exp(-(x**2))).sum()
        y.backward()
        return y

    y = step().item()
    return step, [y, x.grad.numpy()]


def jax() -> tuple[Step, list[Any]]:
    import jax
    from jax import numpy as jnp

    x = jnp.asarray(numbers())
    compiled = jax.jit(jax.value_and_grad(lambda x: (jnp.tanh(2 * x + 1) * jnp.exp(-(x**2))).sum()))

    def step() -> Any:
        return jax.block_until_ready(compiled(x))

    return step, [np.asarray(a) for a in step()]


def mygrad() -> tuple[Step, list[Any]]:
    import mygrad

    mygrad.turn_memory_guarding_off()  # as fast as it goes
    x = mygrad.tensor(numbers())

    def step() -> Any:
        y = (mygrad.tanh(2 * x + 1) * mygrad.exp(-(x**2))).sum()
        y.backward()
        return y

    y = step().item()
    return step, [y, x.grad]
