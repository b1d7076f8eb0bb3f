"""Layers on `Tensor`. Inputs carry the batch in front: `x: (batch, in)`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import autograd as ag
from autograd import Tensor, rules
from autograd.node import data_of
from autograd.places import as_array, beside, first, is_lazy
from autograd.shapes import Shape, shape_of

from . import init
from .activations import ReLU
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
        weight = init.uniform((out_features, in_features), bound, rng, dtype)
        self.weight = Parameter(np.asfortranarray(weight))  # see the row `linear`
        self.bias = Parameter(init.uniform((out_features,), bound, rng, dtype)) if bias else None

    def forward(self, x: Any) -> Tensor:
        shape = shape_of(x)
        if not shape or shape[-1] != self.in_features:
            raise ValueError(
                f"Linear({self.describe()}) expected {self.in_features} inputs, "
                f"got {shape[-1] if shape else 'a single number'} (input shape {shape})"
            )
        if self.bias is not None and len(shape) == 2:
            return rules.linear(x, self.weight, self.bias)
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
        return ag.reshape(x, (shape_of(x)[0], math.prod(shape_of(x)[1:])))


class Dropout(Module):
    """In training, zeroes each number with probability `p` and scales the rest by 1 / (1 - p).

    So the mean stays as it is; in evaluation nothing happens (Srivastava et al. 2014, scaled in
    training as in PyTorch). The generator is this layer's own, spawned from `rng`, and NumPy's: to
    a tensor that lives elsewhere goes one byte for each number, and the net is the same anywhere.

    Raises:
        ValueError: `p` is not at least 0 and below 1.
    """

    def __init__(self, p: float = 0.5, rng: Rng = None) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout's p must be at least 0 and below 1, but is {p}")
        self.p = p
        self.rng = generator_from(rng).spawn(1)[0]

    def forward(self, x: Any) -> Any:
        if not self.training or not self.p:
            return x
        data = data_of(x)
        kept = beside(
            generator_from(self.rng).random(shape_of(x), dtype=np.float32) >= self.p, data
        )
        return x * (kept * data.dtype.type(1 / (1 - self.p)))

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
        TypeError: what is looked up are no integers.
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, dtype: Any = np.float32, rng: Rng = None
    ) -> None:
        rows = generator_from(rng).normal(size=(num_embeddings, embedding_dim))
        self.weight = Parameter(rows.astype(dtype))

    def forward(self, indices: Any) -> Any:
        indices = as_array(data_of(indices))
        if indices.dtype.kind not in "iu":
            raise TypeError(f"Embedding looks up integers, but got {indices.dtype}")
        count = self.weight.shape[0]
        wrong = (indices < 0) | (indices >= count)
        if not is_lazy(wrong) and wrong.any():
            raise IndexError(f"Embedding: index {first(indices, wrong)} is outside 0...{count - 1}")
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
        sizes = [nin, *nouts]
        modules: list[Module] = []
        for i, activate in enumerate(one_per_gap(activation, len(nouts))):
            modules += (Linear(sizes[i], sizes[i + 1], dtype=dtype, rng=rng), activate())
            if dropout:
                modules.append(Dropout(dropout, rng))
        super().__init__(*modules, Linear(sizes[-2], sizes[-1], dtype=dtype, rng=rng))


def one_per_gap(activation: Any, layers: int) -> list[Any]:
    """One activation for each place between two layers.

    Raises:
        ValueError: there are no layers, or another number of activations.
    """
    if not layers:
        raise ValueError("an MLP needs at least one layer: nouts is empty")
    chosen = list(activation) if isinstance(activation, (list, tuple)) else None
    if chosen is None:
        return [activation] * (layers - 1)
    if len(chosen) != layers - 1:
        raise ValueError(f"{layers} layers have {layers - 1} activations, but got {len(chosen)}")
    return chosen
