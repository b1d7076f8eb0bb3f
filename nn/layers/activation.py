"""Functions of each number, as modules. They take `Value` and `Tensor`, whatever the shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd as ag
from autograd.core.arguments import integer, integers, number, one_of
from nn.module import Module, numbers


class Activation(Module):
    """A module that applies `function`, with its attributes as options."""

    function: Callable[..., Any]

    def options(self) -> dict[str, Any]:
        return {name: x for name, x in vars(self).items() if name not in ("training", "forward")}

    def forward(self, x: Any) -> Any:
        return type(self).function(numbers(self, x), **self.options())

    def describe(self) -> str:
        return ", ".join(f"{name}={x!r}" for name, x in self.options().items())


class ReLU(Activation):
    """max(x, 0)."""

    function = staticmethod(ag.relu)


class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    function = staticmethod(ag.sigmoid)


class LogSigmoid(Activation):
    """log(sigmoid(x))."""

    function = staticmethod(ag.logsigmoid)


class Tanh(Activation):
    """The hyperbolic tangent."""

    function = staticmethod(ag.tanh)


class Softplus(Activation):
    """log(1 + exp(x))."""

    function = staticmethod(ag.softplus)


class Softsign(Activation):
    """x / (1 + |x|)."""

    function = staticmethod(ag.softsign)


class SiLU(Activation):
    """x sigmoid(x)."""

    function = staticmethod(ag.silu)


class SELU(Activation):
    """The self-normalising elu."""

    function = staticmethod(ag.selu)


class Mish(Activation):
    """x tanh(softplus(x))."""

    function = staticmethod(ag.mish)


class ReLU6(Activation):
    """`x` kept between 0 and 6."""

    function = staticmethod(ag.relu6)


class Hardsigmoid(Activation):
    """x / 6 + 1/2, kept between 0 and 1."""

    function = staticmethod(ag.hardsigmoid)


class Hardswish(Activation):
    """x hardsigmoid(x)."""

    function = staticmethod(ag.hardswish)


class LeakyReLU(Activation):
    """`x` if positive, else `negative_slope * x`.

    >>> LeakyReLU(0.2)(-1.0)
    -0.2
    """

    function = staticmethod(ag.leaky_relu)

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = number("negative_slope", negative_slope)


class ELU(Activation):
    """`x` if positive, else `alpha * (exp(x) - 1)`."""

    function = staticmethod(ag.elu)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number("alpha", alpha)


class CELU(Activation):
    """`x` if positive, else `alpha * (exp(x / alpha) - 1)`."""

    function = staticmethod(ag.celu)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number("alpha", alpha, above=0)


class GELU(Activation):
    """x times the normal distribution function of x; `approximate` is "none" or "tanh"."""

    function = staticmethod(ag.gelu)

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = one_of("approximate", approximate, ("none", "tanh"))


class Hardtanh(Activation):
    """`x` kept between two bounds."""

    function = staticmethod(ag.hardtanh)

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        self.min_val = number("min_val", min_val, finite=False)
        self.max_val = number("max_val", max_val, at_least=self.min_val, finite=False)


class Softmax(Activation):
    """exp(x), scaled to sum to one along an axis; not before `cross_entropy`: it takes logits."""

    function = staticmethod(ag.softmax)

    def __init__(self, axis: int | tuple[int, ...] = -1) -> None:
        several = isinstance(axis, tuple)
        self.axis: Any = integers("axis", axis) if several else integer("axis", axis)


class LogSoftmax(Activation):
    """The logarithm of `Softmax`, without underflow: what `nll_loss` takes."""

    function = staticmethod(ag.log_softmax)

    def __init__(self, axis: int | tuple[int, ...] = -1) -> None:
        several = isinstance(axis, tuple)
        self.axis: Any = integers("axis", axis) if several else integer("axis", axis)


class GLU(Activation):
    """a sigmoid(b) for the halves a and b of `x` along an axis of even length."""

    function = staticmethod(ag.glu)

    def __init__(self, axis: int = -1) -> None:
        self.axis = integer("axis", axis)
