"""Go through a data set in mini-batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from autograd.core.arguments import as_python, flag, function, integer
from autograd.core.array_libraries import is_numpy
from nn.inputs import Array, as_numbers
from nn.seed import Rng, generator_from

from .dataset import Dataset, data_set, has_arrays
from .samples import (
    Samples,
    as_batch,
    collated,
    sample,
)

Transform: TypeAlias = "Callable[[Array, np.random.Generator], Array]"


def transform_of(name: str, transform: Any) -> Transform | None:
    """`transform`, if it is `None` or can be called as `transform(x, rng)`.

    Raises:
        TypeError: it can't.
    """
    if transform is None:
        return None
    function(name, transform)
    try:
        signature(transform).bind(None, None)
    except ValueError:  # it does not say what it takes
        pass
    except TypeError as error:
        raise TypeError(f"{name} is called as {name}(x, rng), but: {error}") from None
    return transform


class DataLoader:
    """All samples once per pass, in mini-batches `(x, y)` of NumPy arrays.

    >>> data = Dataset(np.arange(20).reshape(10, 2), np.arange(10))
    >>> [y.tolist() for x, y in DataLoader(data, batch_size=4)]
    [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    >>> len(DataLoader(data, batch_size=4, drop_last=True))
    2

    Without shuffling the batches are read-only views and nothing is copied; a shuffled batch is an
    array of its own, and so is what a transform makes of it, and what is stacked.

    Args:
        data: a `Dataset`, a pair of arrays `(x, y)`, or anything else with `__len__` and
            `__getitem__(i) -> (x, y)`, such as a list of pairs or a data set of PyTorch.
        batch_size: how many samples a batch has; the last one has what remains. `None` if
            `data[i]` is a whole batch.
        shuffle: go through the samples in a new random order on each pass.
        drop_last: leave out the last batch if it is short.
        rng: where the order comes from: a generator, a seed, or the library's own generator.
        transform: what to make of the `x` of each batch, such as `RandomShift(2)`: it is called
            with `x` and the generator, and returns another array.

    Raises:
        ValueError: `batch_size` is below 1; in a pass, the samples of a batch differ in shape.
        TypeError: an argument is of the wrong kind; in a pass, a sample is no pair of numbers.
    """

    def __init__(
        self,
        data: Samples | tuple[ArrayLike, ArrayLike],
        batch_size: int | None = 32,
        shuffle: bool = False,
        drop_last: bool = False,
        rng: Rng = None,
        transform: Transform | None = None,
    ) -> None:
        self.data = data_set("data", data)
        if batch_size is not None:
            batch_size = integer("batch_size", batch_size, at_least=1)
        self.batch_size = batch_size
        self.shuffle = flag("shuffle", shuffle)
        self.drop_last = flag("drop_last", drop_last)
        self.rng = generator_from(rng)
        self.seed = None if isinstance(rng, np.random.Generator) else as_python(rng)
        self.transform = transform_of("transform", transform)

    def __len__(self) -> int:
        """The number of batches in a pass."""
        full, rest = divmod(len(self.data), self.batch_size or 1)
        return full + bool(rest and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        n, size = len(self.data), self.batch_size or 1
        order = self.rng.permutation(n) if self.shuffle else None
        for i in range(0, len(self) * size, size):
            chosen = slice(i, min(i + size, n))
            x, y = self.batch(chosen if order is None else order[chosen])
            yield x if self.transform is None else self.transformed(x), y

    def batch(self, index: Any) -> tuple[Array, Array]:
        """The samples at these positions."""
        data = self.data
        if self.batch_size is not None and isinstance(data, Dataset) and has_arrays(data):
            pick = read_only if isinstance(index, slice) else rows
            return pick(data.x, index), pick(data.y, index)
        indices = range(len(data))[index] if isinstance(index, slice) else index.tolist()
        if self.batch_size is None:
            return as_batch(indices[0], sample(data, indices[0]))
        return collated(data, indices)

    def transformed(self, x: Array) -> Array:
        """`x` as the transform has it.

        Raises:
            TypeError, ValueError: the transform did not return an array with as many rows.
        """
        assert self.transform is not None
        out = as_numbers("what transform returns", self.transform(x, self.rng))
        if out.shape[:1] != x.shape[:1]:
            raise ValueError(
                f"transform must return one row per sample, but returned shape {out.shape} for "
                f"{len(x)} samples"
            )
        return out


def read_only(array: Array, part: slice) -> Array:
    """A part of an array, so that writing to it can't change the data."""
    view = array[part]
    if is_numpy(view):
        view.flags.writeable = False
    return view


def rows(array: Array, index: Array) -> Array:
    """Some rows of an array, in an array of their own."""
    return array.take(index, axis=0) if is_numpy(array) else array[index]  # take() is faster
