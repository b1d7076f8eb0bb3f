"""How parameters start."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .random import Rng, generator_from


def uniform(shape: tuple[int, ...], bound: float, rng: Rng = None, dtype: Any = np.float32) -> Any:
    """Numbers drawn evenly from [-bound, bound)."""
    return generator_from(rng).uniform(-bound, bound, shape).astype(dtype)


def fan_in_bound(fan_in: int) -> float:
    """1/sqrt(fan_in), the bound of PyTorch's default for weights and biases.

    It is Kaiming's uniform initialisation with gain sqrt(1/3) (He et al. 2015, eq. 14).
    """
    return 1.0 / math.sqrt(fan_in) if fan_in else 0.0
