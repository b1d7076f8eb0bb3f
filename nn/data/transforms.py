"""Preparing samples: shifting images, standardising, one-hot targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any, TypeGuard, overload

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from autograd.core.arguments import (
    brief,
    dtype_of,
    function,
    integer,
    integers,
    number,
    probability,
    type_error,
)
from autograd.core.array_libraries import is_lazy, to_library_of, to_numpy
from nn.inputs import Array, as_numbers
from nn.seed import Rng, generator_from

from .dataset import Dataset, in_arrays
from .samples import Samples, has_samples


@dataclass(frozen=True)
class RandomShift:
    """Moves each image of a batch up to `pixels` down or up, and right or left, at random.

    >>> image = np.array([[[1, 2], [3, 4]]])
    >>> RandomShift(1)(image, rng=0)
    array([[[3, 4],
            [0, 0]]])

    For a `DataLoader`, as its `transform`: a net then rarely sees the same image twice. Images are
    (N, side²), (N, h, w) or (N, channels, h, w); all channels of an image move alike.

    Args:
        pixels: how far, at most; each distance is equally likely.
        fill: what comes in from beyond the edge. Where images are standardised, the background
            is no longer 0.

    Raises:
        TypeError, ValueError: an argument is no such number; or what comes are no images.
    """

    pixels: int = 2
    fill: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", integer("pixels", self.pixels, at_least=0))
        object.__setattr__(self, "fill", number("fill", self.fill))

    def __call__(self, x: Array, rng: Rng = None) -> Array:
        x = as_numbers("x", x)
        n, channels, h, w = image_shape(x)
        k, fill = self.pixels, fill_in(x.dtype, self.fill)
        framed = np.full_like(x, fill, shape=(n, channels, h + 2 * k, w + 2 * k))
        framed[:, :, k : k + h, k : k + w] = x.reshape(n, channels, h, w)
        windows = sliding_window_view(framed, (h, w), axis=(2, 3))  # (n, c, 2k+1, 2k+1, h, w)
        down, right = generator_from(rng).integers(0, 2 * k + 1, (2, n))
        shifted: Array = windows[np.arange(n), :, down, right]  # (n, c, h, w), a copy
        return shifted.reshape(x.shape)


def fill_in(dtype: np.dtype[Any], fill: float) -> Any:
    """The number in this dtype, which may be one of integers.

    Raises:
        ValueError: it can't be one of them.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.float64(fill).astype(dtype)
    if (dtype.kind != "f" and found != fill) or not np.isfinite(found):
        raise ValueError(f"fill must be a number that images in {dtype} can hold, but got {fill}")
    return found


@dataclass(frozen=True)
class RandomFlip:
    """Mirrors images left to right, each with probability `p`: for what has no handedness.

    >>> RandomFlip(1.0)(np.array([[[1, 2], [3, 4]]]), rng=0)
    array([[[2, 1],
            [4, 3]]])

    Images are as for `RandomShift`.
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", probability("p", self.p))

    def __call__(self, x: Array, rng: Rng = None) -> Array:
        x = as_numbers("x", x)
        images = x.reshape(image_shape(x))
        mirrored = generator_from(rng).random(len(x)) < self.p
        mirrored = to_library_of(mirrored, x)
        return np.where(mirrored[:, None, None, None], images[..., ::-1], images).reshape(x.shape)


class Chain:
    """Transforms one after the other.

    >>> Chain(RandomFlip(1.0), RandomFlip(1.0))(np.array([[[1, 2], [3, 4]]]), rng=0)
    array([[[1, 2],
            [3, 4]]])
    """

    def __init__(self, *transforms: Callable[[Array, Rng], Array]) -> None:
        self.transforms = tuple(
            function(f"transforms[{i}]", transform) for i, transform in enumerate(transforms)
        )

    def __call__(self, x: Array, rng: Rng = None) -> Array:
        rng = generator_from(rng)
        for transform in self.transforms:
            x = transform(x, rng)
        return x


def image_shape(x: Array) -> tuple[int, int, int, int]:
    """The number of images, channels, rows and columns."""
    side = isqrt(x.shape[1]) if x.ndim == 2 else 0
    if x.ndim == 2 and side**2 == x.shape[1]:
        return len(x), 1, side, side
    if x.ndim in {3, 4}:
        return len(x), prod(x.shape[1:-2]), x.shape[-2], x.shape[-1]
    raise ValueError(
        f"images are wanted, (N, side²), (N, h, w) or (N, channels, h, w), but got shape {x.shape}"
    )


@dataclass(frozen=True, eq=False)
class Normalize:
    """(x - mean) / std. `Normalize.fit(train)` finds both in the training part, and there alone.

    >>> train, test = Dataset([[1.0, 5.0], [3.0, 5.0]], [0, 1]), Dataset([[4.0, 6.0]], [1])
    >>> normalize = Normalize.fit(train)
    >>> normalize(train).x, normalize(test).x
    (array([[-1.,  0.],
           [ 1.,  0.]]), array([[2., 1.]]))

    It takes arrays or whole data sets, whose targets it leaves alone, and makes new ones. It is a
    `transform` of loaders too.

    Args:
        mean, std: numbers, or arrays that broadcast against x.
    """

    mean: Any
    std: Any

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            x = getattr(self, name)
            if is_lazy(x):  # its numbers are not there yet
                continue
            given = np.asarray(to_numpy(x) if hasattr(x, "__array_function__") else x)
            if given.dtype.kind not in "fiu":
                raise type_error(name, "a number or an array of numbers", x)
            if not (np.isfinite(given) & ((given > 0) | (name == "mean"))).all():
                least = " above 0; Normalize.fit() takes 1 where all are equal" * (name == "std")
                raise ValueError(f"{name} must be finite{least}, but got {brief(x)}")

    @classmethod
    def fit(cls, data: Samples | ArrayLike, axis: int | tuple[int, ...] | None = 0) -> Normalize:
        """The mean and standard deviation (ddof=0) of samples, over `axis`.

        By default each feature has its own. `axis=None` takes one for all, which suits flattened
        images, where a pixel at the edge hardly ever differs; `axis=(0, 2, 3)` one per channel.
        Where all are equal, std is 1: they become 0.

        Raises:
            ValueError: no samples, or an `axis` without the samples' own, 0.
        """
        x = in_arrays(data).x if is_data_set(data) else as_numbers("data", data)
        given = range(x.ndim) if axis is None else integers("axis", axis)
        axes = normalize_axis_tuple(given, x.ndim)
        if not x.size or 0 not in axes:
            raise ValueError(
                "Normalize.fit() needs samples and an axis that counts them, 0, "
                f"but got shape {x.shape} and axis {axis}"
            )
        count = prod(x.shape[i] for i in axes)
        mean = x.mean(axes, dtype=np.float64, keepdims=True)
        squares = np.zeros_like(mean)
        for i in range(0, len(x), 1024):  # in parts: the differences of all would fill the memory
            squares += np.square(x[i : i + 1024] - mean).sum(axes, keepdims=True)
        std = np.sqrt(squares / count)
        std[x.max(axes, keepdims=True) == x.min(axes, keepdims=True)] = 1.0
        dtype = x.dtype if x.dtype.kind == "f" else np.float64
        if axis is None:
            mean, std = mean.reshape(()), std.reshape(())
        return cls(mean.astype(dtype), std.astype(dtype))

    @overload
    def __call__(self, x: Dataset, rng: Rng = None) -> Dataset: ...
    @overload
    def __call__(self, x: ArrayLike, rng: Rng = None) -> Array: ...
    def __call__(self, x: Any, rng: Rng = None) -> Any:  # `rng` makes it a loader's transform
        if is_data_set(x):
            data = in_arrays(x)
            return Dataset(self(data.x), data.y)
        return (as_numbers("x", x) - self.mean) / self.std


def is_data_set(x: Any) -> TypeGuard[Samples]:
    """Whether `x` has samples; a list has numbers."""
    return has_samples(x) and not isinstance(x, (list, tuple))


def one_hot(labels: ArrayLike, num_classes: int | None = None, dtype: Any = np.float32) -> Array:
    """1 at each label's class and 0 elsewhere: (...,) -> (..., classes).

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)

    Args:
        labels: integers from 0.
        num_classes: how many classes there are; as many as the labels need if left out.
        dtype: of the result.

    Raises:
        TypeError: labels that are no integers.
        ValueError: a label is not in `0 ... num_classes - 1`.
    """
    found: Array = to_numpy(as_numbers("labels", labels))
    dtype = dtype_of("dtype", dtype, "biuf")
    if found.size and found.dtype.kind not in "iu":
        raise TypeError(f"class labels must be integers, but are {found.dtype}")
    if num_classes is not None:
        num_classes = integer("num_classes", num_classes, at_least=0)
    else:
        num_classes = int(found.max()) + 1 if found.size else 0
    wrong = found[(found < 0) | (found >= num_classes)]
    if wrong.size:
        raise ValueError(f"label {wrong[0]} is not one of the {num_classes} classes from 0")
    out: NDArray[Any] = np.zeros((*found.shape, num_classes), dtype)
    np.put_along_axis(out, found[..., None].astype(np.intp), 1, axis=-1)
    return out
