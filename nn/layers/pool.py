"""Pooling of images, x: (batch, channels, height, width)."""

from __future__ import annotations

from typing import Any

import autograd as ag
from autograd.core import array_rules
from autograd.core.arguments import pair
from autograd.core.shapes import shape_of
from nn.module import Module

from .conv import channels_last, channels_second, images


class Pool2d(Module):
    """What `MaxPool2d` and `AvgPool2d` share: one number for each window."""

    def __init__(
        self, kernel_size: int | tuple[int, int], stride: int | tuple[int, int] | None = None
    ) -> None:
        self.kernel_size = pair("kernel_size", kernel_size, at_least=1)
        self.stride = self.kernel_size if stride is None else pair("stride", stride, at_least=1)

    def reduce(self, x: Any, axes: tuple[int, int]) -> Any:
        """One number in place of two axes."""
        raise TypeError(f"{type(self).__name__} defines no reduce()")

    def forward(self, x: Any) -> Any:
        x = images(self, x, self.kernel_size)
        x = channels_last(x)
        if self.stride != self.kernel_size:
            views = array_rules.windows(x, size=self.kernel_size, stride=self.stride)
            return channels_second(self.reduce(views, (3, 4)))
        (kh, kw), (n, h, w, c) = self.kernel_size, shape_of(x)
        if h % kh or w % kw:  # mutants 6: slices off nothing
            x = x[:, : h // kh * kh, : w // kw * kw]
        # mutants 2: the shape is rounded down
        tiles = ag.reshape(x, (n, h // kh, kh, w // kw, kw, c))
        return channels_second(self.reduce(tiles, (2, 4)))

    def describe(self) -> str:
        return f"{self.kernel_size}" + (
            "" if self.stride == self.kernel_size else f", stride={self.stride}"
        )


class MaxPool2d(Pool2d):
    """The largest number of each window. Ties share the gradient equally.

    Args:
        kernel_size: rows and columns of a window.
        stride: steps between windows; side by side if left out. What is left over is left out.
    """

    def reduce(self, x: Any, axes: tuple[int, int]) -> Any:
        return ag.max(x, axes)


class AvgPool2d(Pool2d):
    """The mean of each window.

    Args:
        kernel_size: rows and columns of a window.
        stride: steps between windows; side by side if left out. What is left over is left out.
    """

    def reduce(self, x: Any, axes: tuple[int, int]) -> Any:
        return ag.mean(x, axes)
