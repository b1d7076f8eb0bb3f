"""Optimisers that scale each gradient by its earlier sizes: Adagrad, RMSprop, Adam, AdamW."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd.core.op import Data

from .optimizer import Optimizer, decayed
from .squares import State, denominator, need_roots, scaled


class Adagrad(Optimizer):
    """A step size for each entry that shrinks with the gradients it has seen (Duchi et al. 2011).

    s += g^2;  p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )

    def update(
        self,
        p: Data,
        g: Data,
        state: State,
        *,
        lr: float,
        lr_decay: float,
        weight_decay: float,
        initial_accumulator_value: float,
        eps: float,
    ) -> Data:
        if not state:
            state |= {"t": 0, "squares": np.full_like(p, initial_accumulator_value)}
        state["t"] += 1
        g = decayed(g, p, weight_decay, self.scratch(p))
        room = self.scratch(p, 1)  # mutants 1: any number but 0
        if "squares" in state and need_roots(state["squares"], g, eps):
            state["root"] = np.sqrt(state.pop("squares"))
        step = np.divide(g, denominator(state, g, 1.0, 1.0, eps, room), out=room)
        step *= lr / (1 + (state["t"] - 1) * lr_decay)
        p -= step
        return p


class RMSprop(Optimizer):
    """Gradients over their running root mean square (Tieleman & Hinton 2012, lecture 6.5).

    s = alpha s + (1 - alpha) g^2;  v = momentum v + g / (sqrt(s) + eps);  p -= lr v

    With `centered`, the running variance of g takes the place of s (Graves 2013). It is computed
    from the running mean m as alpha s + alpha (1 - alpha) (g - m)^2: no difference of two means,
    which rounding could make negative.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
        )

    def update(
        self,
        p: Data,
        g: Data,
        state: State,
        *,
        lr: float,
        alpha: float,
        eps: float,
        weight_decay: float,
        momentum: float,
        centered: bool,
    ) -> Data:
        if not state:
            state |= {"squares": np.zeros_like(p), "centered": centered}
            state |= {"mean": np.zeros_like(p), "velocity": np.zeros_like(p)}
        g = decayed(g, p, weight_decay, self.scratch(p))
        room = self.scratch(p, 1)  # mutants 1: any number but 0
        if centered and "centered" not in state:  # an older file: there, the mean of g^2
            variance = state["squares"] - state["mean"] * state["mean"]
            state |= {"squares": np.maximum(variance, 0), "centered": True}
        if "squares" in state and need_roots(state["squares"], g, eps):
            state["root"] = np.sqrt(state.pop("squares"))
        if centered:
            off = np.subtract(g, state["mean"], out=room)
            below = denominator(state, off, alpha, alpha * (1 - alpha), eps, room)
            mean = state["mean"]
            mean *= alpha
            mean += np.multiply(g, 1 - alpha, out=self.scratch(p, 2))
            state["mean"] = mean
        else:
            below = denominator(state, g, alpha, 1 - alpha, eps, room)
        step = np.divide(g, below, out=room)
        if momentum:
            state["velocity"] *= momentum
            state["velocity"] += step
            step = np.multiply(state["velocity"], lr, out=room)
        else:
            step *= lr
        p -= step
        return p


class Adam(Optimizer):
    """Running means of the gradient and of its square, corrected for their start at zero.

    m = b1 m + (1 - b1) g;  s = b2 s + (1 - b2) g^2;
    p -= lr m / (1 - b1^t) / (sqrt(s / (1 - b2^t)) + eps)  (Kingma & Ba 2015, Algorithm 1)

    `weight_decay` is added to the gradient, as in PyTorch; `AdamW` keeps it apart.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def update(
        self,
        p: Data,
        g: Data,
        state: State,
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
    ) -> Data:
        keep, keep_squares = betas
        if not state:
            state |= {"t": 0, "mean": np.zeros_like(p), "squares": np.zeros_like(p)}
            state["units"] = (1 - keep, 1 - keep_squares)  # mutants 6: a common factor cancels
        state["t"] += 1
        g = decayed(g, p, weight_decay, self.scratch(p))
        room = self.scratch(p, 1)  # mutants 1: any number but 0
        unit, unit_of_squares = state.get("units", (1.0, 1.0))  # older files have the means as such
        if "squares" in state and need_roots(state["squares"], g, eps):
            state["root"] = np.sqrt(state.pop("squares")) * math.sqrt(unit_of_squares)
            state["mean"] = state["mean"] * unit
            state["units"] = unit, unit_of_squares = 1.0, 1.0
        t, mean = state["t"], state["mean"]
        mean *= keep  # counted in units of 1 - beta, and made up for below: two passes less
        mean += scaled(g, (1 - keep) / unit, room)  # 1, unless a schedule changes the betas
        state["mean"] = mean
        root = math.sqrt(unit_of_squares / (1 - keep_squares**t))
        share = (1 - keep_squares) / unit_of_squares
        below = denominator(state, g, keep_squares, share, eps / root, room)
        step = np.divide(mean, below, out=room)
        step *= lr * unit / (1 - keep**t) / root
        p -= step
        return p


class AdamW(Adam):
    """Adam with weight decay that is no part of the gradient (Loshchilov & Hutter 2019, Alg. 2).

    p *= 1 - lr weight_decay before each step of Adam.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def update(self, p: Data, g: Data, state: State, **options: Any) -> Data:
        p *= 1 - options["lr"] * options["weight_decay"]
        return super().update(p, g, state, **(options | {"weight_decay": 0.0}))
