"""Samples, and going through them in mini-batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd.node import Node
from autograd.places import as_array, fetched, is_numpys, maker

from .random import Rng, generator_from

Array: TypeAlias = NDArray[Any]
Transform: TypeAlias = "Callable[[Array, np.random.Generator], Array]"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Samples: `x[i]` is what a model is given, and `y[i]` what it should answer.

    >>> data = Dataset(np.eye(3), [0, 1, 2])
    >>> data
    Dataset(x: (3, 3) float64, y: (3,) int64)
    >>> data[:2], data[np.array([2, 2, 1, 0])].y
    (Dataset(x: (2, 3) float64, y: (2,) int64), array([2, 2, 1, 0]))

    A slice, an array of indices or a mask picks a part, an integer one sample as a pair `(x, y)`.
    As in NumPy, a slice shares memory with the whole, and an array of indices copies.

    Raises:
        ValueError: `x` and `y` are not equally long.
    """

    x: Array
    y: Array

    def __init__(self, x: ArrayLike, y: ArrayLike) -> None:
        x, y = (np.asarray(a) if isinstance(a, Node) else as_array(a) for a in (x, y))
        if not x.ndim or not y.ndim:
            raise ValueError(f"x and y must hold one sample per row, but are {x!r} and {y!r}")
        if len(x) != len(y):
            raise ValueError(
                f"x and y must be equally long, but x has {len(x)} rows and y has {len(y)}"
            )
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", y)

    def __len__(self) -> int:
        return len(self.x)

    @overload
    def __getitem__(self, index: int) -> tuple[Any, Any]: ...
    @overload
    def __getitem__(self, index: slice | ArrayLike) -> Dataset: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, (int, np.integer)):
            return self.x[index], self.y[index]
        return Dataset(self.x[index], self.y[index])

    def to(self, place: Any) -> Dataset:
        """All samples in another library's arrays, to be held where a model is: see `Module.to`."""
        make = maker(place)
        return Dataset(make(self.x), make(self.y))

    def __repr__(self) -> str:
        x, y = self.x, self.y
        return f"Dataset(x: {x.shape} {x.dtype}, y: {y.shape} {y.dtype})"


class DataLoader:
    """All samples once per pass, in mini-batches `(x, y)` of NumPy arrays.

    >>> data = Dataset(np.arange(20).reshape(10, 2), np.arange(10))
    >>> [y.tolist() for x, y in DataLoader(data, batch_size=4)]
    [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    >>> len(DataLoader(data, batch_size=4, drop_last=True))
    2

    Without shuffling the batches are read-only views and nothing is copied; a shuffled batch is an
    array of its own, and so is what a transform makes of it.

    Args:
        data: the samples.
        batch_size: how many samples a batch has; the last one has what remains.
        shuffle: go through the samples in a new random order on each pass.
        drop_last: leave out the last batch if it is short.
        rng: where the order comes from: a generator, a seed, or the library's own generator.
        transform: what to make of the `x` of each batch, such as `RandomShift(2)`: it is called
            with `x` and the generator, and returns another array.

    Raises:
        ValueError: `batch_size` is not a whole number of at least 1.
    """

    def __init__(
        self,
        data: Dataset,
        batch_size: int = 32,
        shuffle: bool = False,
        drop_last: bool = False,
        rng: Rng = None,
        transform: Transform | None = None,
    ) -> None:
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(
                f"batch_size must be a whole number of at least 1, but is {batch_size!r}"
            )
        self.data = data
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.rng = generator_from(rng)
        self.transform = transform

    def __len__(self) -> int:
        """The number of batches in a pass."""
        full, rest = divmod(len(self.data), self.batch_size)
        return full + bool(rest and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        size, stop = self.batch_size, len(self) * self.batch_size
        order = self.rng.permutation(len(self.data)) if self.shuffle else None
        for i in range(0, stop, size):
            x, y = (
                read_only(a[i : i + size]) if order is None else rows(a, order[i : i + size])
                for a in (self.data.x, self.data.y)
            )
            yield x if self.transform is None else self.transform(x, self.rng), y


def read_only(view: Array) -> Array:
    """`view`, so that writing to a batch can't change the data."""
    if is_numpys(view):
        view.flags.writeable = False
    return view


def rows(array: Array, index: Array) -> Array:
    """Some rows of an array, in an array of their own."""
    return array.take(index, axis=0) if is_numpys(array) else array[index]  # take() is faster


def split(
    data: Dataset, fraction: float, rng: Rng = None, stratify: bool = False
) -> tuple[Dataset, Dataset]:
    """Two parts drawn at random, the first with this fraction of the samples.

    >>> train, validation = split(Dataset(np.eye(10), np.arange(10)), 0.8, rng=0)
    >>> len(train), len(validation)
    (8, 2)

    Args:
        data: the samples.
        fraction: between 0 and 1.
        rng: a generator, a seed, or `None` for the library's own generator.
        stratify: give both parts the same share of each class; `data.y` holds the classes.

    Raises:
        ValueError: a part would be empty.
    """
    size = round(fraction * len(data)) if 0 < fraction < 1 else 0
    if not 0 < size < len(data):
        raise ValueError(
            f"each part needs a sample, but a fraction of {fraction} of {len(data)} samples "
            "leaves one empty"
        )
    order = generator_from(rng).permutation(len(data))
    if stratify:
        order = order[np.argsort(share_of_class(fetched(data.y)[order]), kind="stable")]
    return data[np.sort(order[:size])], data[np.sort(order[size:])]


def share_of_class(labels: Array) -> Array:
    """For each entry, how far through the entries of its class it stands, between 0 and 1."""
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    by_class = np.argsort(classes, kind="stable")
    rank = np.empty(len(labels))
    rank[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return (rank + 0.5) / counts[classes]
