"""Convolution and pooling of images, x: (batch, channels, height, width).

Inside, images lie channels last: a convolution is then one strided view, one copy of it into a
matrix with a window in each row, and one matrix product. What it gives is a view with the channels
in their place again, so that layers in a row need no copies between them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd as ag
from autograd.core import array_rules
from autograd.core.arguments import flag, integer, pair
from autograd.core.shapes import Shape, shape_of
from nn import init
from nn.module import Module, Parameter, numbers
from nn.seed import Rng, generator_from


def channels_last(x: Any) -> Any:
    return ag.transpose(x, (0, 2, 3, 1))


def channels_second(x: Any) -> Any:
    return ag.transpose(x, (0, 3, 1, 2))


def images(module: Module, x: Any, size: Shape, padding: Shape = (0, 0)) -> Any:
    """The input, if it is a batch of images in which the windows have room."""
    x = numbers(module, x)
    shape = shape_of(x)
    if len(shape) != 4:
        raise ValueError(
            f"{module!r} expected images (batch, channels, height, width), but got shape {shape}"
        )
    for n, k, p in zip(shape[2:], size, padding):
        if n + 2 * p < k:
            raise ValueError(
                f"{module!r}: images of {shape[2:]} are smaller than the window {size}"
            )
    return x


def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
) -> Any:
    """The correlation of images with a stack of small images, as deep learning calls convolution.

    Args:
        x: (batch, channels, height, width).
        weight: (out, channels, rows, columns).
        bias: (out,), or none.
        stride: steps between windows, down and to the right.
        padding: rows of zeros above and below, columns on the left and on the right.

    Returns: (batch, out, height', width').
    """
    out_channels, channels, *size = shape_of(weight)
    x = channels_last(x)
    if any(padding):
        x = ag.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2, (0, 0)))
    views = array_rules.windows(x, size=tuple(size), stride=stride)
    n, height, width, *_ = shape_of(views)
    rows = ag.reshape(views, (n * height * width, math.prod(size) * channels))
    # mutants 1: any negative size is inferred
    matrix = ag.reshape(channels_last(weight), (out_channels, -1))
    out = ag.matmul(rows, matrix.T) if bias is None else array_rules.linear(rows, matrix, bias)
    return channels_second(ag.reshape(out, (n, height, width, out_channels)))


class Conv2d(Module):
    """Convolution of images with small images that are learnt.

    >>> Conv2d(1, 8, 5)(np.zeros((2, 1, 28, 28), np.float32)).shape
    (2, 8, 24, 24)

    Args:
        in_channels, out_channels: of the input and the output.
        kernel_size, stride, padding: one number, or one for rows and one for columns.
        bias: whether to add one per channel.
        dtype: of the parameters.
        rng: where they are drawn from, U(-1/sqrt(n), 1/sqrt(n)) for windows of n numbers.

    Shapes: `weight: (out, in, rows, columns)`, `bias: (out,)`, input (batch, in, h, w), output
    (batch, out, (h + 2 padding - rows) // stride + 1, ...).

    Raises:
        ValueError: no images, another number of channels, or images smaller than the window.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        bias: bool = True,
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        rng = generator_from(rng)
        self.in_channels = in_channels = integer("in_channels", in_channels, at_least=1)
        self.out_channels = out_channels = integer("out_channels", out_channels, at_least=1)
        self.kernel_size = pair("kernel_size", kernel_size, at_least=1)
        self.stride = pair("stride", stride, at_least=1)
        self.padding = pair("padding", padding, at_least=0)
        bias = flag("bias", bias)
        bound = init.fan_in_bound(in_channels * math.prod(self.kernel_size))
        shape = (out_channels, in_channels, *self.kernel_size)
        self.weight = Parameter(init.uniform(shape, bound, rng, dtype))
        self.bias = Parameter(init.uniform((out_channels,), bound, rng, dtype)) if bias else None

    def forward(self, x: Any) -> Any:
        x = images(self, x, self.kernel_size, self.padding)
        if shape_of(x)[1] != self.in_channels:
            raise ValueError(
                f"{self!r} expected {self.in_channels} channels, got {shape_of(x)[1]} "
                f"(input shape {shape_of(x)})"
            )
        return conv2d(x, self.weight, self.bias, self.stride, self.padding)

    def multiply_adds(self, input_shape: Shape, output_shape: Shape) -> int:
        return math.prod(output_shape) * self.in_channels * math.prod(self.kernel_size)

    def describe(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, {self.kernel_size}"]
        if self.stride != (1, 1):
            parts.append(f"stride={self.stride}")
        if self.padding != (0, 0):
            parts.append(f"padding={self.padding}")
        if self.bias is None:
            parts.append("bias=False")
        return ", ".join(parts)
