"""Layers that bring numbers to mean 0 and variance 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd as ag
from autograd.core.arguments import dtype_of, flag, integer, integers, non_negative, probability
from autograd.core.op import data_of
from autograd.core.precision import on_reals
from autograd.core.shapes import Shape, shape_of
from nn.module import Buffer, Module, Parameter, numbers


class BatchNorm(Module):
    """What `BatchNorm1d` and `BatchNorm2d` share: statistics over all axes but the second.

    y = (x - mean) / sqrt(var + eps) * weight + bias (Ioffe & Szegedy 2015, Algorithm 1), in
    training with the batch's own mean and variance, and else with their running means:
    running = (1 - momentum) running + momentum batch, of the unbiased variance, as in PyTorch.

    Args:
        num_features: the length of the second axis.
        eps: keeps the root away from zero.
        momentum: how fast the running statistics follow.
        affine: whether to learn `weight` and `bias`.
        dtype: of parameters and statistics.

    Raises:
        ValueError: another shape, or in training only one number per feature.
    """

    ndims: tuple[int, ...]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        self.num_features = num_features = integer("num_features", num_features, at_least=1)
        self.eps, self.momentum = non_negative("eps", eps), probability("momentum", momentum)
        affine, dtype = flag("affine", affine), dtype_of("dtype", dtype)
        self.weight = Parameter(np.ones(num_features, dtype)) if affine else None
        self.bias = Parameter(np.zeros(num_features, dtype)) if affine else None
        self.running_mean = Buffer(np.zeros(num_features, dtype))
        self.running_var = Buffer(np.ones(num_features, dtype))
        self.num_batches_tracked = Buffer(0)

    def forward(self, x: Any) -> Any:
        x = numbers(self, x)
        shape = shape_of(x)
        if len(shape) not in self.ndims or shape[1] != self.num_features:
            axes = " or ".join(map(str, self.ndims))
            raise ValueError(
                f"{self!r} expected {axes} axes, the second of length {self.num_features}, "
                f"but got shape {shape}"
            )
        kept = (1, -1) + (1,) * (len(shape) - 2)  # mutants 1: any negative size is inferred
        half = x.dtype == np.float16  # its squares overflow, and small eps vanish
        x = x.astype(np.float32) if half else x
        if self.training:
            axes_left = tuple(i for i in range(len(shape)) if i != 1)
            mean = ag.mean(x, axes_left, keepdims=True)
            off = x - mean
            var = ag.mean(off * off, axes_left, keepdims=True)
            # mutants 1: divides exactly
            self.track(data_of(mean), data_of(var), math.prod(shape) // shape[1])
        else:
            off = x - data_of(self.running_mean).reshape(kept)
            var = data_of(self.running_var).reshape(kept)
            var = var.astype(np.result_type(var, np.float32), copy=False)
        out = off / ag.sqrt(var + self.eps)
        out = out.astype(np.float16) if half else out
        if self.weight is None or self.bias is None:  # mutants 3: both are None or neither
            return out
        if len(shape) == 2:
            return out * self.weight + self.bias
        return out * self.weight.reshape(kept) + self.bias.reshape(kept)

    def track(self, mean: Any, var: Any, count: int) -> None:
        """Let the running statistics follow those of a batch of so many numbers per feature."""
        if count < 2:
            raise ValueError(f"{self!r} needs more than one number per feature in training")
        keep, take = 1 - self.momentum, self.momentum
        # mutants 1: any negative size is inferred
        unbiased = var.reshape(-1) * (count / (count - 1))
        # mutants 1: any negative size is inferred
        self.running_mean.data = keep * data_of(self.running_mean) + take * mean.reshape(-1)
        self.running_var.data = keep * data_of(self.running_var) + take * unbiased
        self.num_batches_tracked.data = data_of(self.num_batches_tracked) + 1

    def describe(self) -> str:
        return f"{self.num_features}" + (", affine=False" if self.weight is None else "")


class BatchNorm1d(BatchNorm):
    """Batch normalisation of x: (batch, features) or (batch, features, length); see `BatchNorm`."""

    ndims = (2, 3)


class BatchNorm2d(BatchNorm):
    """Batch normalisation of images, x: (batch, channels, height, width); see `BatchNorm`."""

    ndims = (4,)


class LayerNorm(Module):
    """Each sample by its own mean and variance, over the last axes (Ba et al. 2016, eq. 4).

    Args:
        normalized_shape: the lengths of these axes, or of the last one.
        eps: keeps the root away from zero.
        elementwise_affine: whether to learn `weight` and `bias`, one for each entry.
        dtype: of the parameters.

    Raises:
        ValueError: the input's last axes have other lengths.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        shape: Shape = integers("normalized_shape", normalized_shape, at_least=1)
        if not shape:
            raise ValueError("normalized_shape must be one length or several, but got ()")
        self.normalized_shape, dtype = shape, dtype_of("dtype", dtype)
        self.eps = non_negative("eps", eps)
        elementwise_affine = flag("elementwise_affine", elementwise_affine)
        self.weight = Parameter(np.ones(shape, dtype)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(shape, dtype)) if elementwise_affine else None

    def forward(self, x: Any) -> Any:
        x = numbers(self, x)
        n = len(self.normalized_shape)
        if shape_of(x)[-n:] != self.normalized_shape:
            raise ValueError(f"{self!r} got an input of shape {shape_of(x)}")
        axes = tuple(range(-n, 0))
        out = standardized(x, axes, self.eps)
        # mutants 3: both are None or neither
        return out if self.weight is None or self.bias is None else out * self.weight + self.bias

    def describe(self) -> str:
        return f"{self.normalized_shape}"


@on_reals
def standardized(x: Any, axes: Shape, eps: float) -> Any:
    """`x` with mean 0 and variance 1 along some axes."""
    off = x - ag.mean(x, axes, keepdims=True)
    return off / ag.sqrt(ag.mean(off * off, axes, keepdims=True) + eps)
