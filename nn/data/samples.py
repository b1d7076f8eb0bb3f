"""What data may be: arrays, samples one by one, batches; and how samples become batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from autograd.core.arguments import brief
from autograd.core.node import Node
from nn.inputs import Array, as_numbers


class Samples(Protocol):
    """A data set, as PyTorch has it: `len(data)` samples, of which `data[i]` is a pair (x, y)."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any: ...


def is_array_like(x: Any) -> bool:
    """Whether `x` holds numbers itself: an array of any library, a tensor, a table of pandas."""
    if isinstance(x, type):
        return False
    return isinstance(x, Node) or hasattr(x, "__array__") or hasattr(x, "__array_function__")


def has_samples(x: Any) -> bool:
    """Whether `x` is a data set: it has `__len__` and `__getitem__`, but is no array or dict."""
    return (
        hasattr(x, "__len__")
        and hasattr(x, "__getitem__")
        and not isinstance(x, (type, str, bytes, Mapping))
        and not is_array_like(x)
    )


def has_batches(x: Any) -> bool:
    """Whether `x` gives batches: any iterable but samples, and a list of pairs (x, y) of arrays
    in which x has at least two axes and as many rows as y.
    """
    if isinstance(x, (type, str, bytes, Mapping)) or is_array_like(x) or not hasattr(x, "__iter__"):
        return False
    return is_list_of_batches(x) if has_samples(x) else True


def is_list_of_batches(x: Any) -> bool:
    """Whether the first entry of a list is a batch rather than a sample."""
    if not isinstance(x, (list, tuple)) or not x or not is_pair(x[0]):
        return False
    inputs, targets = (np.shape(part) if is_array_like(part) else () for part in x[0])
    return len(inputs) > 1 and inputs[:1] == targets[:1]


def is_list_of_pairs(x: Any) -> bool:
    """Whether a list has pairs (x, y), and not rows of numbers: the first entry has an array and
    something with another number of axes.
    """
    if not x or not is_pair(x[0]) or not is_array_like(x[0][0]):
        return False
    axes = [np.ndim(part) for part in x[0]]
    return axes[0] > 0 and axes[0] != axes[1]


def is_list_of_arrays(x: Any) -> bool:
    """Whether `x` is a list [x, y] of arrays, which is ambiguous."""
    return isinstance(x, list) and len(x) == 2 and all(map(is_array_like, x))


def is_pair(x: Any) -> bool:
    return isinstance(x, (tuple, list)) and len(x) == 2


def sample(data: Samples, i: int) -> tuple[Any, Any]:
    """Sample `i` as a pair.

    Raises:
        TypeError: it is something else.
        IndexError: there is none, although `i < len(data)`.
    """
    try:
        pair = data[i]
    except IndexError as error:
        raise IndexError(f"sample {i} of {len(data)} can't be read: {error}") from error
    if not is_pair(pair):
        raise TypeError(f"sample {i} must be a pair (x, y), but got {brief(pair)}")
    return pair[0], pair[1]


def collated(data: Samples, indices: Sequence[int]) -> tuple[Array, Array]:
    """These samples as a batch: their `x` stacked in one array, and their `y` in another.

    Raises:
        TypeError, ValueError: they hold no numbers, or differ in shape.
    """
    xs, ys = zip(*(sample(data, i) for i in indices))
    return stacked("x", xs, indices), stacked("y", ys, indices)


def stacked(name: str, parts: Sequence[Any], indices: Sequence[int]) -> Array:
    """The parts of samples in one array."""
    arrays: list[Array] = []
    for i, part in zip(indices, parts):
        array = as_numbers(f"{name} of sample {i}", part)
        if arrays and array.shape != arrays[0].shape:
            raise ValueError(
                f"the samples of a batch must have one shape, but {name} of sample {indices[0]} "
                f"has shape {arrays[0].shape}, and {name} of sample {i} has shape {array.shape}"
            )
        arrays.append(array)
    return np.stack(arrays)


def as_batch(i: int, batch: Any) -> tuple[Array, Array]:
    """Batch number `i` as two arrays, equally long.

    Raises:
        TypeError, ValueError: it is something else.
    """
    if not is_pair(batch):
        raise TypeError(f"batch {i} must be a pair (x, y), but got {brief(batch)}")
    x, y = as_numbers(f"x of batch {i}", batch[0]), as_numbers(f"y of batch {i}", batch[1])
    if not x.ndim or not y.ndim or len(x) != len(y):
        hint = "" if y.ndim else "; an iterable gives batches: for samples, pass a list of them"
        raise ValueError(
            f"x and y of batch {i} must be equally long, but have shapes {x.shape} and {y.shape}"
            + hint
        )
    return x, y


class Batches:
    """The batches of an iterable, as arrays, in the order in which they come."""

    transform = None

    def __init__(self, source: Iterable[Any]) -> None:
        self.source = source

    @property
    def once(self) -> bool:
        """Whether it can be gone through only once, as a generator."""
        return hasattr(self.source, "__next__")  # iter() might draw or open something

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        return (as_batch(i, batch) for i, batch in enumerate(self.source))


def count_of(batches: Any) -> int | None:
    """How many batches there are, if they can be counted before they come."""
    source: Any = batches.source if isinstance(batches, Batches) else batches
    try:
        return len(source)
    except TypeError:  # it has no length, or does not know it
        return None
