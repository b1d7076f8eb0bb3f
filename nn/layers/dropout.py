"""Dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.core.arguments import (
    decay_rate,
)
from autograd.core.array_libraries import as_array, to_library_of
from autograd.core.op import data_of
from autograd.core.shapes import shape_of
from nn.module import Module, numbers
from nn.seed import Rng, generator_from


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
