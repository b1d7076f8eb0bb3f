"""Layers on `Tensor`. Inputs carry the batch in front: `x: (batch, in)`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import autograd as ag
from autograd import Tensor
from autograd.core import array_rules
from autograd.core.arguments import (
    decay_rate,
    dtype_of,
    flag,
    function,
    integer,
    integers,
    type_error,
)
from autograd.core.array_libraries import as_array, first_where, is_lazy, to_library_of
from autograd.core.op import data_of
from autograd.core.shapes import Shape, shape_of

from . import activations, init
from .activations import ReLU
from .module import Module, Parameter, numbers
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
        self.in_features = in_features = integer("in_features", in_features, at_least=0)
        self.out_features = out_features = integer("out_features", out_features, at_least=0)
        bound = init.fan_in_bound(in_features)
        bias = flag("bias", bias)
        weight = init.uniform((out_features, in_features), bound, rng, dtype)
        self.weight = Parameter(np.asfortranarray(weight))  # see the row `linear`
        self.bias = Parameter(init.uniform((out_features,), bound, rng, dtype)) if bias else None

    def forward(self, x: Any) -> Tensor:
        x = numbers(self, x)
        shape = shape_of(x)
        if not shape or shape[-1] != self.in_features:
            raise ValueError(
                f"Linear({self.describe()}) expected {self.in_features} inputs, "
                f"got {shape[-1] if shape else 'a single number'} (input shape {shape})"
            )
        if self.bias is not None and len(shape) == 2:
            return array_rules.linear(x, self.weight, self.bias)
        out = ag.matmul(x, self.weight.T)
        return out if self.bias is None else out + self.bias

    def multiply_adds(self, input_shape: Shape, output_shape: Shape) -> int:
        return math.prod(output_shape) * self.in_features

    def describe(self) -> str:
        return f"{self.in_features}, {self.out_features}" + (
            ", bias=False" if self.bias is None else ""
        )


class Flatten(Module):
    """All axes but the batch's in one row: (n, c, h, w) becomes (n, c h w)."""

    def forward(self, x: Any) -> Any:
        x = numbers(self, x)
        shape = shape_of(x)
        if not shape:
            raise ValueError("Flatten() expected a batch (n, ...), but got a single number")
        return ag.reshape(x, (shape[0], math.prod(shape[1:])))


class Dropout(Module):
    """In training, zeroes each number with probability `p` and scales the rest by 1 / (1 - p).

    So the mean stays as it is; in evaluation nothing happens (Srivastava et al. 2014, scaled in
    training as in PyTorch). The generator is this layer's own, spawned from `rng`, and NumPy's: to
    a tensor that lives elsewhere goes one byte for each number, and the net is the same anywhere.

    Raises:
        ValueError: `p` is not at least 0 and below 1.
    """

    def __init__(self, p: float = 0.5, rng: Rng = None) -> None:
        self.p = decay_rate("p", p)
        self.rng = generator_from(rng).spawn(1)[0]  # mutants 1: one more, unused

    def forward(self, x: Any) -> Any:
        x = numbers(self, x)
        if not self.training or not self.p:
            return x
        data, scale = as_array(data_of(x)), 1 / (1 - self.p)
        # mutants 1: other draws, same distribution
        drawn = generator_from(self.rng).random(shape_of(x), dtype=np.float32)
        kept = to_library_of(drawn >= self.p, data)  # mutants 1: equality has probability 0
        return x * (kept * (data.dtype.type(scale) if data.dtype.kind == "f" else scale))

    def describe(self) -> str:
        return f"{self.p}"


class Embedding(Module):
    """A row of weights for each integer: a table to look words up in.

    >>> Embedding(10, 3)(np.array([[1, 2], [2, 9]])).shape
    (2, 2, 3)

    Args:
        num_embeddings: how many rows; the integers go from 0 to one less.
        embedding_dim: how long a row is.
        dtype, rng: of the rows, drawn from N(0, 1) as in PyTorch.

    Raises:
        IndexError: an integer is out of range.
        TypeError: the input does not hold integers.
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, dtype: Any = np.float32, rng: Rng = None
    ) -> None:
        num_embeddings = integer("num_embeddings", num_embeddings, at_least=1)
        embedding_dim = integer("embedding_dim", embedding_dim, at_least=1)
        dtype = dtype_of("dtype", dtype)
        rows = generator_from(rng).normal(size=(num_embeddings, embedding_dim))
        self.weight = Parameter(rows.astype(dtype))

    def forward(self, indices: Any) -> Any:
        indices = data_of(numbers(self, indices))
        if indices.dtype.kind not in "iu":
            raise TypeError(f"Embedding looks up integers, but got {indices.dtype}")
        count = self.weight.shape[0]
        wrong = (indices < 0) | (indices >= count)
        if not is_lazy(wrong) and wrong.any():
            raise IndexError(
                f"Embedding: index {first_where(indices, wrong)} is outside 0...{count - 1}"
            )
        return self.weight[indices]

    def describe(self) -> str:
        return ", ".join(map(str, self.weight.shape))


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
    for kind in activations.Activation.__subclasses__():
        same_name = isinstance(x, str) and x.lower() == kind.__name__.lower()
        if same_name or isinstance(x, kind) or getattr(kind, "function", None) is x:
            hint = f"pass nn.{kind.__name__}"
            raise type_error(name, "a class of modules, such as nn.Tanh", x, hint)
    if not callable(x) or isinstance(x, Module):
        raise type_error(name, "a class of modules, such as nn.Tanh", x)
    made: Callable[[], Module] = x
    return made
