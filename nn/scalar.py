"""Neurons built of single numbers: every weight, product and sum is a `Value` to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import autograd as ag
from autograd import Value

from . import init
from .module import Module
from .random import Rng, generator_from


class Neuron(Module):
    """activation(w1 x1 + ... + wn xn + b).

    Args:
        nin: the number of inputs.
        activation: a function of one number, such as `ag.tanh`; `None` for a linear neuron.
        rng: where the weights are drawn from; the bias starts at 0.

    Raises:
        ValueError: it is given another number of inputs.
    """

    def __init__(
        self, nin: int, activation: Callable[[Any], Any] | None = ag.relu, rng: Rng = None
    ) -> None:
        weights = init.uniform((nin,), init.fan_in_bound(nin), rng, float)
        self.w = [Value(w) for w in weights]
        self.b = Value(0.0)
        self.activation = activation

    def forward(self, x: Sequence[Any]) -> Value:
        if len(x) != len(self.w):
            raise ValueError(f"{self!r} expected {len(self.w)} inputs, got {len(x)}")
        out = self.b
        for w, xi in zip(self.w, x):
            out = out + w * xi
        return self.activation(out) if self.activation else out

    def describe(self) -> str:
        name = getattr(self.activation, "name", None) or getattr(self.activation, "__name__", None)
        return f"{len(self.w)}" + (f", {name}" if name else "")


class Layer(Module):
    """Neurons that all look at the same inputs.

    Args: `nin` inputs, `nout` neurons, and what `Neuron` takes.
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        activation: Callable[[Any], Any] | None = ag.relu,
        rng: Rng = None,
    ) -> None:
        rng = generator_from(rng)
        self.neurons = [Neuron(nin, activation, rng) for _ in range(nout)]

    def forward(self, x: Sequence[Any]) -> list[Value]:
        return [neuron(x) for neuron in self.neurons]


class MLP(Module):
    """Layers one after the other; the last one is linear.

    >>> net = MLP(2, [3, 1], rng=0)
    >>> len(net.parameters()), type(net([1.0, -1.0])).__name__
    (13, 'Value')

    Args:
        nin: the number of inputs.
        nouts: the number of neurons of each layer.
        activation: of all layers but the last.
        rng: where the weights are drawn from.

    Returns, when called with `nin` numbers: a list of outputs, or the only output by itself.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Callable[[Any], Any] | None = ag.relu,
        rng: Rng = None,
    ) -> None:
        rng = generator_from(rng)
        sizes = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [
            Layer(sizes[i], sizes[i + 1], activation if i < last else None, rng)
            for i in range(len(nouts))
        ]

    def forward(self, x: Sequence[Any]) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x[0] if len(x) == 1 else x
