"""How parameters start.

Names that end in `_` are PyTorch's: they fill a tensor in place and return it. Matrices are
`(out, in)`, filters `(out, in, height, width)`, as layers have them.

>>> from nn import Linear, init
>>> layer = Linear(64, 32)
>>> _ = init.kaiming_normal_(layer.weight, nonlinearity="relu", rng=0)
>>> _ = init.zeros_(layer.bias)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from autograd import Tensor
from autograd.core.arguments import dtype_of, instance_of, non_negative, number, one_of
from autograd.core.shapes import Shape

from .seed import Rng, generator_from

T = TypeVar("T", bound=Tensor)

# --- drawn by layers ------------------------------------------------------------------------------


def uniform(shape: Shape, bound: float, rng: Rng = None, dtype: Any = np.float32) -> Any:
    """Numbers drawn evenly from [-bound, bound)."""
    dtype = dtype_of("dtype", dtype)
    return generator_from(rng).uniform(-bound, bound, shape).astype(dtype)


def fan_in_bound(fan_in: int) -> float:
    """1/sqrt(fan_in), the bound of PyTorch's default for weights and biases.

    It is Kaiming's uniform initialisation with gain sqrt(1/3) (He et al. 2015, eq. 15).
    """
    return 1.0 / math.sqrt(fan_in) if fan_in else 0.0


# --- plain ----------------------------------------------------------------------------------------


def constant_(tensor: T, value: float) -> T:
    """Every entry the same."""
    value = number("value", value, finite=False)
    return filled(tensor, lambda shape: np.full(shape, value))


def zeros_(tensor: T) -> T:
    return constant_(tensor, 0.0)


def ones_(tensor: T) -> T:
    return constant_(tensor, 1.0)


def uniform_(tensor: T, a: float = 0.0, b: float = 1.0, rng: Rng = None) -> T:
    """Drawn evenly from [a, b)."""
    low = number("a", a)
    high = number("b", b, at_least=low)
    return filled(tensor, lambda shape: generator_from(rng).uniform(low, high, shape))


def normal_(tensor: T, mean: float = 0.0, std: float = 1.0, rng: Rng = None) -> T:
    """Drawn from the normal distribution."""
    mean, std = number("mean", mean), non_negative("std", std)
    return filled(tensor, lambda shape: generator_from(rng).normal(mean, std, shape))


def filled(tensor: T, numbers: Callable[[Shape], Any]) -> T:
    """The tensor, with numbers of its shape in its own dtype."""
    instance_of("tensor", tensor, Tensor)
    tensor.data = numbers(tensor.shape)
    return tensor


# --- scaled to keep the signal's size from layer to layer -----------------------------------------


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """What to multiply weights by so that an activation neither shrinks nor grows the signal.

    >>> round(calculate_gain("relu") ** 2, 12)
    2.0

    Args:
        nonlinearity: "linear", "sigmoid", "tanh", "relu", "leaky_relu" or "selu"; the gains are
            PyTorch's (for relu and leaky_relu He et al. 2015, eq. 10 and 15).
        param: the negative slope of "leaky_relu", 0.01 if left out.

    Raises:
        ValueError: another name.
    """
    slope = 0.01 if param is None else number("param", param)
    gains = {
        "linear": 1.0,
        "sigmoid": 1.0,
        "tanh": 5 / 3,
        "relu": math.sqrt(2),
        "leaky_relu": math.sqrt(2 / (1 + slope**2)),
        "selu": 3 / 4,
    }
    return gains[one_of("nonlinearity", nonlinearity, gains)]


def fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs an output has, and how many outputs an input.

    Raises:
        ValueError: the tensor has fewer than two axes.
    """
    if instance_of("tensor", tensor, Tensor).ndim < 2:
        raise ValueError(
            f"this start needs weights (out, in, ...), but got a {tensor.describe()}; "
            "for biases there are zeros_, constant_ and uniform_"
        )
    outputs, inputs, *window = tensor.shape
    return inputs * math.prod(window), outputs * math.prod(window)


def scaled_uniform_(tensor: T, std: float, rng: Rng) -> T:
    """Drawn evenly, with this standard deviation."""
    return uniform_(tensor, -math.sqrt(3) * std, math.sqrt(3) * std, rng)


def xavier_std(tensor: Tensor, gain: float) -> float:
    # mutants 1: only for empty arrays
    return non_negative("gain", gain) * math.sqrt(2 / max(sum(fans(tensor)), 1))


def xavier_uniform_(tensor: T, gain: float = 1.0, rng: Rng = None) -> T:
    """The variance 2 gain^2 / (inputs + outputs), evenly (Glorot & Bengio 2010, eq. 16)."""
    return scaled_uniform_(tensor, xavier_std(tensor, gain), rng)


def xavier_normal_(tensor: T, gain: float = 1.0, rng: Rng = None) -> T:
    """The variance 2 gain^2 / (inputs + outputs), normal (Glorot & Bengio 2010, eq. 12)."""
    return normal_(tensor, 0.0, xavier_std(tensor, gain), rng)


def kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    modes = dict(zip(("fan_in", "fan_out"), fans(tensor)))
    fan = modes[one_of("mode", mode, modes)]
    return calculate_gain(nonlinearity, number("a", a)) / math.sqrt(max(fan, 1))


def kaiming_uniform_(
    tensor: T,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    rng: Rng = None,
) -> T:
    """The variance gain^2 / fan, evenly (He et al. 2015, eq. 10 and 14).

    Args:
        tensor: (out, in, ...).
        a: the negative slope of a leaky_relu.
        mode: "fan_in" keeps the signal's size on the way forward, "fan_out" the gradient's on the
            way back.
        nonlinearity: the name of an activation, for `calculate_gain`.
        rng: where the numbers are drawn from.
    """
    return scaled_uniform_(tensor, kaiming_std(tensor, a, mode, nonlinearity), rng)


def kaiming_normal_(
    tensor: T,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    rng: Rng = None,
) -> T:
    """The variance gain^2 / fan, normal (He et al. 2015, eq. 10 and 14). Args: see above."""
    return normal_(tensor, 0.0, kaiming_std(tensor, a, mode, nonlinearity), rng)


def lecun_uniform_(tensor: T, rng: Rng = None) -> T:
    """The variance 1 / inputs, evenly (LeCun et al. 1998, "Efficient BackProp", section 4.6)."""
    return kaiming_uniform_(tensor, nonlinearity="linear", rng=rng)


def lecun_normal_(tensor: T, rng: Rng = None) -> T:
    """The variance 1 / inputs, normal, as selu needs it (Klambauer et al. 2017)."""
    return kaiming_normal_(tensor, nonlinearity="linear", rng=rng)


def orthogonal_(tensor: T, gain: float = 1.0, rng: Rng = None) -> T:
    """Rows, or columns if they are fewer, at right angles and of length `gain`, evenly among all
    such matrices (Saxe et al. 2014; Mezzadri 2007, section 5). Axes after the first count as one.
    """
    fans(tensor)
    gain = non_negative("gain", gain)
    rows = tensor.shape[0]
    columns = math.prod(tensor.shape[1:])
    tall = generator_from(rng).normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    # mutants 2: never 0; same distribution
    q *= np.where(np.diag(r) < 0, -gain, gain)  # the signs make it even
    return filled(tensor, (q if rows >= columns else q.T).reshape)  # mutants 1: same distribution
