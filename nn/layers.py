"""Layers on `Tensor`. Inputs carry the batch in front: `x: (batch, in)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import autograd as ag
from autograd import Tensor, rules
from autograd.shapes import shape_of

from . import init
from .module import Module, Parameter
from .random import Rng, generator_from


class Linear(Module):
    """`x @ weight.T + bias`.

    >>> Linear(784, 128)(np.zeros((32, 784), np.float32)).shape
    (32, 128)

    Args:
        in_features, out_features: the lengths of input and output.
        bias: whether to add one.
        dtype: of the parameters.
        rng: where the first weights are drawn from, U(-1/sqrt(in), 1/sqrt(in)) as in PyTorch.

    Shapes: `weight: (out, in)`, `bias: (out,)`, input `(..., in)`, output `(..., out)`.

    Raises:
        ValueError: the input's last axis does not have length `in_features`.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        rng = generator_from(rng)
        bound = init.fan_in_bound(in_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(init.uniform((out_features, in_features), bound, rng, dtype))
        self.bias = Parameter(init.uniform((out_features,), bound, rng, dtype)) if bias else None

    def forward(self, x: Any) -> Tensor:
        shape = shape_of(x)
        if not shape or shape[-1] != self.in_features:
            raise ValueError(
                f"Linear({self.describe()}) expected {self.in_features} inputs, "
                f"got {shape[-1] if shape else 'a single number'} (input shape {shape})"
            )
        if self.bias is not None and len(shape) == 2:
            return rules.linear(x, self.weight, self.bias)  # type: ignore[no-any-return]
        out = ag.matmul(x, self.weight.T)
        return out if self.bias is None else out + self.bias  # type: ignore[no-any-return]

    def describe(self) -> str:
        return f"{self.in_features}, {self.out_features}" + (
            ", bias=False" if self.bias is None else ""
        )


class Activation(Module):
    """A function of each number, as a module."""

    function: Callable[[Any], Any]

    def forward(self, x: Any) -> Any:
        return type(self).function(x)


class ReLU(Activation):
    """max(x, 0)."""

    function = ag.relu


class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    function = ag.sigmoid


class Tanh(Activation):
    """The hyperbolic tangent."""

    function = ag.tanh


class Sequential(Module):
    """Modules one after the other, each applied to the output of the one before.

    >>> net = Sequential(Linear(2, 3), ReLU(), Linear(3, 1))
    >>> net
    Sequential(
      (0): Linear(2, 3)
      (1): ReLU()
      (2): Linear(3, 1)
    )
    >>> [name for name, _ in net.named_parameters()]
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    def __init__(self, *modules: Module) -> None:
        for i, module in enumerate(modules):
            if not callable(module):
                raise TypeError(f"Sequential's module {i} can't be called: {module!r}")
            setattr(self, str(i), module)

    def __iter__(self) -> Iterator[Any]:
        return (x for name, x in vars(self).items() if name.isdigit())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, i: int) -> Any:
        return list(self)[i]

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x


class MLP(Sequential):
    """A multi-layer perceptron: linear layers with an activation between them.

    >>> MLP(784, [128, 10])
    MLP(
      (0): Linear(784, 128)
      (1): ReLU()
      (2): Linear(128, 10)
    )

    Args:
        nin: the number of inputs.
        nouts: the number of outputs of each layer.
        activation: a module class, used after every layer but the last.
        dtype, rng: as for `Linear`.
    """

    def __init__(
        self,
        nin: int,
        nouts: list[int],
        activation: Callable[[], Module] = ReLU,
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        rng = generator_from(rng)
        sizes = [nin, *nouts]
        modules: list[Module] = []
        for i, o in zip(sizes, sizes[1:]):
            modules += (Linear(i, o, dtype=dtype, rng=rng), activation())
        super().__init__(*modules[:-1])
