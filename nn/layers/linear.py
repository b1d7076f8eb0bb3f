"""The linear layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd as ag
from autograd import Tensor
from autograd.core import array_rules
from autograd.core.arguments import (
    flag,
    integer,
)
from autograd.core.shapes import Shape, shape_of
from nn import init
from nn.module import Module, Parameter, numbers
from nn.seed import Rng, generator_from


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
