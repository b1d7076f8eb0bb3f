"""Vectors for integers, learned."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.core.arguments import (
    dtype_of,
    integer,
)
from autograd.core.array_libraries import first_where, is_lazy
from autograd.core.op import data_of
from nn.module import Module, Parameter, numbers
from nn.seed import Rng, generator_from


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
