"""Data sets, and splitting them."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from autograd.core.arguments import as_python, brief, flag, number
from autograd.core.array_libraries import as_array, converter, to_numpy
from nn.inputs import Array, as_numbers
from nn.seed import Rng, generator_from

from .samples import (
    Samples,
    collated,
    has_samples,
    is_list_of_arrays,
    sample,
    stacked,
)


class Dataset:
    """Samples: `x[i]` is what a model is given, and `y[i]` what it should answer.

    >>> data = Dataset(np.eye(3), [0, 1, 2])
    >>> data
    Dataset(x: (3, 3) float64, y: (3,) int64)
    >>> data[:2], data[np.array([2, 2, 1, 0])].y
    (Dataset(x: (2, 3) float64, y: (2,) int64), array([2, 2, 1, 0]))

    A slice, an array of indices or a mask picks a part, an integer one sample as a pair `(x, y)`.
    As in NumPy, a slice shares memory with the whole, and an array of indices copies.

    As in PyTorch, any object with `__len__` and `__getitem__(i) -> (x, y)` is a data set too,
    whether or not it inherits from this class: its samples are read one by one, and stacked.

    >>> class Squares(Dataset):
    ...     def __init__(self, n):
    ...         self.n = n
    ...
    ...     def __len__(self):
    ...         return self.n
    ...
    ...     def __getitem__(self, i):
    ...         return [i], i**2
    >>> from nn import DataLoader
    >>> next(iter(DataLoader(Squares(4), batch_size=3)))
    (array([[0],
           [1],
           [2]]), array([0, 1, 4]))

    Raises:
        ValueError: `x` and `y` are not equally long.
        TypeError: they hold something other than real numbers.
    """

    x: Array
    y: Array

    def __init__(self, x: ArrayLike, y: ArrayLike) -> None:
        x, y = as_numbers("x", x), as_numbers("y", y)
        if not x.ndim or not y.ndim:
            raise ValueError(f"x and y must hold one sample per row, but are {x!r} and {y!r}")
        if len(x) != len(y):
            raise ValueError(
                f"x and y must be equally long, but x has {len(x)} rows and y has {len(y)}"
            )
        vars(self).update(x=x, y=y)

    def __setattr__(self, name: str, value: Any) -> None:
        if type(self) is Dataset:
            raise AttributeError(f"can't set {name} of a Dataset; make another: Dataset(x, y)")
        super().__setattr__(name, value)

    def __len__(self) -> int:
        return len(self.x)

    @overload
    def __getitem__(self, index: int) -> tuple[Any, Any]: ...
    @overload
    def __getitem__(self, index: slice | ArrayLike) -> Dataset: ...
    def __getitem__(self, index: Any) -> Any:
        index = plain_index(index)
        if isinstance(index, int):
            return self.x[index], self.y[index]
        return Dataset(self.x[index], self.y[index])

    def to(self, place: Any) -> Dataset:
        """All samples in another library's arrays, to be held where a model is: see `Module.to`."""
        make, data = converter(place), in_arrays(self)
        return Dataset(make(data.x), make(data.y))

    def __repr__(self) -> str:
        if not has_arrays(self):
            return f"{type(self).__name__}({len(self)} samples)"
        x, y = self.x, self.y
        return f"{type(self).__name__}(x: {x.shape} {x.dtype}, y: {y.shape} {y.dtype})"


def plain_index(index: Any) -> Any:
    """An integer, a slice, or an array of indices or truths along the first axis.

    Raises:
        IndexError: it is something else.
    """
    if isinstance(index, slice):
        return index
    index = as_python(index)
    if isinstance(index, int) and not isinstance(index, bool):
        return index
    array = as_array([] if index is None else index)
    if (
        index is None
        or isinstance(index, tuple)
        or array.ndim != 1
        or (len(array) and array.dtype.kind not in "iub")
    ):
        raise IndexError(
            "a data set is indexed by an integer, a slice, or an array of integers or truths, "
            f"but got {brief(index)}"
        )
    return array if len(array) else array.astype(int)


def has_arrays(data: Samples) -> bool:
    """Whether the samples are rows of `data.x` and `data.y`: a subclass of `Dataset` that defines
    `__getitem__` has other samples.
    """
    return isinstance(data, Dataset) and type(data).__getitem__ is Dataset.__getitem__


def in_arrays(data: Samples) -> Dataset:
    """All samples of a data set, in arrays."""
    if isinstance(data, Dataset) and has_arrays(data):
        return data
    return Dataset(*collated(data, range(len(data))))


def data_set(name: str, data: Any) -> Samples:
    """`data`, or the pair `(x, y)` as a `Dataset`.

    Raises:
        TypeError: it is no data set.
    """
    if isinstance(data, tuple) and len(data) == 2:
        return Dataset(*data)
    if is_list_of_arrays(data):
        raise TypeError(f"{name} is a list of two arrays; pass a pair: (x, y)")
    if not has_samples(data):
        raise TypeError(
            f"{name} must be a Dataset, a pair (x, y), or samples (x, y) with __len__ and "
            f"__getitem__, but got {brief(data)}"
        )
    return data


class Subset:
    """Some samples of a data set, read when they are asked for."""

    def __init__(self, data: Samples, indices: Array) -> None:
        self.data, self.indices = data, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> Any:
        index = plain_index(index)
        if isinstance(index, int):
            return self.data[int(self.indices[index])]
        return Subset(self.data, self.indices[index])

    def __repr__(self) -> str:
        return f"Subset({len(self)} of {len(self.data)} samples)"


@overload
def split(
    data: Dataset, fraction: float, rng: Rng = None, stratify: bool = False
) -> tuple[Dataset, Dataset]: ...


@overload
def split(
    data: Samples, fraction: float, rng: Rng = None, stratify: bool = False
) -> tuple[Samples, Samples]: ...


def split(data: Any, fraction: float, rng: Rng = None, stratify: bool = False) -> Any:
    """Two parts drawn at random, the first with this fraction of the samples.

    >>> train, validation = split(Dataset(np.eye(10), np.arange(10)), 0.8, rng=0)
    >>> len(train), len(validation)
    (8, 2)

    Args:
        data: what a `DataLoader` takes. Parts of a `Dataset` of arrays are such again; the parts
            of other samples read them when they are asked for.
        fraction: between 0 and 1.
        rng: a generator, a seed, or `None` for the library's own generator.
        stratify: give both parts the same share of each class; `y` holds the classes.

    Raises:
        ValueError: a part would be empty.
        TypeError: an argument is of the wrong kind.
    """
    data = data_set("data", data)
    n = len(data)
    size = round(number("fraction", fraction, above=0, below=1) * n)
    if not 0 < size < n:
        raise ValueError(
            f"each part needs a sample, but a fraction of {fraction} of {n} leaves one empty"
        )
    order = generator_from(rng).permutation(n)
    if flag("stratify", stratify):
        order = order[np.argsort(share_of_class(classes_of(data)[order]), kind="stable")]
    parts = np.sort(order[:size]), np.sort(order[size:])
    if has_arrays(data):
        return data[parts[0]], data[parts[1]]
    return Subset(data, parts[0]), Subset(data, parts[1])


def classes_of(data: Samples) -> Array:
    """The class of each sample.

    Raises:
        ValueError: samples have more than one number for it.
    """
    if isinstance(data, Dataset) and has_arrays(data):
        labels = to_numpy(data.y)
    else:
        every = range(len(data))
        labels = stacked("y", [sample(data, i)[1] for i in every], every)
    if labels.ndim != 1:
        raise ValueError(f"stratify needs one class per sample, but y has shape {labels.shape}")
    return labels


def share_of_class(labels: Array) -> Array:
    """For each entry, how far through the entries of its class it stands, between 0 and 1."""
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    by_class = np.argsort(classes, kind="stable")
    rank = np.empty(len(labels))
    rank[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return (rank + 0.5) / counts[classes]
