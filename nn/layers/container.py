"""Layers in a row, and what stands between them: `Sequential`, `MLP`, `Flatten`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import autograd as ag
from autograd.core.arguments import (
    decay_rate,
    function,
    integer,
    integers,
    type_error,
)
from autograd.core.shapes import shape_of
from nn.module import Module, numbers
from nn.seed import Rng, generator_from

from .activation import Activation, ReLU
from .dropout import Dropout
from .linear import Linear


class Flatten(Module):
    """All axes but the batch's in one row: (n, c, h, w) becomes (n, c h w)."""

    def forward(self, x: Any) -> Any:
        x = numbers(self, x)
        shape = shape_of(x)
        if not shape:
            raise ValueError("Flatten() expected a batch (n, ...), but got a single number")
        return ag.reshape(x, (shape[0], math.prod(shape[1:])))


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

    chained = True

    def __init__(self, *modules: Callable[[Any], Any]) -> None:
        for i, module in enumerate(modules):
            if isinstance(module, (list, tuple, dict, Iterator)):
                hint = "pass the modules themselves: Sequential(*modules)"
                raise type_error(f"modules[{i}]", "a module or a function", module, hint)
            function(f"modules[{i}]", module, "a module or a function")
            setattr(self, str(i), module)

    def __iter__(self) -> Iterator[Any]:
        return (x for name, x in vars(self).items() if name.isdigit())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, i: int) -> Any:
        return list(self)[i]

    def forward(self, x: Any) -> Any:
        for name, module in vars(self).items():
            if name.isdigit():
                x = module(x)
        return x


class MLP(Sequential):
    """A multi-layer perceptron: linear layers with an activation between them.

    >>> MLP(784, [128, 10], dropout=0.2)
    MLP(
      (0): Linear(784, 128)
      (1): ReLU()
      (2): Dropout(0.2)
      (3): Linear(128, 10)
    )

    Args:
        nin: the number of inputs.
        nouts: the number of outputs of each layer.
        activation: a module class, used after every layer but the last; or a list of as many.
        dropout: the probability of zeroing an activation in training.
        dtype, rng: as for `Linear`.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Callable[[], Module] | Sequence[Callable[[], Module]] = ReLU,
        dropout: float = 0.0,
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        rng = generator_from(rng)
        sizes = layer_sizes(nin, nouts)
        modules: list[Module] = []
        dropout = decay_rate("dropout", dropout)
        for i, activate in enumerate(one_per_gap(activation, len(sizes) - 1, module_class)):
            modules += (Linear(sizes[i], sizes[i + 1], dtype=dtype, rng=rng), made_by(activate))
            if dropout:
                modules.append(Dropout(dropout, rng))
        super().__init__(*modules, Linear(sizes[-2], sizes[-1], dtype=dtype, rng=rng))


def layer_sizes(nin: Any, nouts: Any) -> list[int]:
    """The number of inputs, and that of outputs of each layer.

    Raises:
        TypeError, ValueError: they are no integers of at least 1, or there are no layers.
    """
    sizes = [integer("nin", nin, at_least=1), *integers("nouts", nouts, at_least=1)]
    if len(sizes) < 2:
        raise ValueError("an MLP needs at least one layer: nouts is empty")
    return sizes


def one_per_gap(activation: Any, layers: int, check: Callable[[str, Any], Any]) -> list[Any]:
    """One activation for each place between two layers, checked.

    Raises:
        ValueError: there is another number of activations.
    """
    if not isinstance(activation, (list, tuple)):
        return [check("activation", activation)] * (layers - 1)
    if len(activation) != layers - 1:
        raise ValueError(
            f"{layers} layers have {layers - 1} activations, but got {len(activation)}"
        )
    return [check(f"activation[{i}]", each) for i, each in enumerate(activation)]


def made_by(activate: Callable[[], Module]) -> Module:
    """The module that a class of activations makes without arguments."""
    expected = "a class of modules that takes no arguments, such as nn.Tanh"
    try:
        made = activate()
    except TypeError as error:
        raise type_error("activation", expected, activate) from error
    if not callable(made):
        raise type_error("activation", expected, activate)
    return made


def module_class(name: str, x: Any) -> Callable[[], Module]:
    """What makes the module of an activation, if `x` is such: a class, or a function."""
    for kind in Activation.__subclasses__():
        same_name = isinstance(x, str) and x.lower() == kind.__name__.lower()
        if same_name or isinstance(x, kind) or getattr(kind, "function", None) is x:
            hint = f"pass nn.{kind.__name__}"
            raise type_error(name, "a class of modules, such as nn.Tanh", x, hint)
    if not callable(x) or isinstance(x, Module):
        raise type_error(name, "a class of modules, such as nn.Tanh", x)
    made: Callable[[], Module] = x
    return made
