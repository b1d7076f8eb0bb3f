"""Using a trained model: its outputs, and how good they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

import autograd as ag
from autograd import Tensor, Value, no_grad
from autograd.places import beside, is_numpys

from .data import DataLoader, Dataset
from .metrics import accuracy
from .module import Module, evaluation

Samples: TypeAlias = Dataset | DataLoader | tuple[ArrayLike, ArrayLike]
Loss: TypeAlias = Callable[[Any, Any], Any]


def predict(model: Module, x: Any, batch_size: int = 1024) -> Any:
    """The model's outputs for all of `x`, as one array, in evaluation mode.

    >>> import nn
    >>> nn.predict(nn.Linear(3, 2), np.zeros((5, 3))).shape
    (5, 2)

    The array is where the model's parameters are; NumPy's inputs are moved there, by batches. For
    no samples, the result is as empty. Afterwards all modes are as before.
    """
    if isinstance(x, Dataset):
        x = x.x
    elif not hasattr(x, "shape"):
        x = np.asarray(x)
    starts = range(0, max(len(x), 1), batch_size)  # an empty batch tells the shape of no outputs
    return np.concatenate(outputs(model, (x[i : i + batch_size] for i in starts)))


def outputs(model: Module, batches: Iterable[Any]) -> list[Any]:
    """The model's outputs for each batch, as arrays, in evaluation mode."""
    move = mover(model)
    with evaluation(), no_grad():
        return [numbers(model(x if move is None else move(x))) for x in batches]


def mover(model: Module) -> Callable[[Any], Any] | None:
    """What brings NumPy's arrays to the model's parameters; `None` if these are NumPy's."""
    like = next((p._data for p in model.parameters() if isinstance(p, Tensor)), None)
    return None if like is None or is_numpys(like) else lambda x: beside(x, like)


def numbers(out: Any) -> Any:
    """Outputs as an array: of a tensor, or of nested lists of `Value`."""
    if isinstance(out, (list, tuple)):
        return np.array([numbers(x) for x in out])
    if isinstance(out, Tensor):
        return out.numpy()
    return np.asarray(out.data if isinstance(out, Value) else out)


def evaluate(
    model: Module, data: Samples, loss: Loss | None = None, batch_size: int = 1024
) -> dict[str, float]:
    """`{"loss": ..., "accuracy": ...}` of the model on the data, as far as they are defined.

    The loss is computed over all outputs at once, in evaluation mode; the accuracy where targets
    are class labels. Afterwards all modes are as before.

    Raises:
        ValueError: there are no samples.
    """
    batches = data if isinstance(data, DataLoader) else DataLoader(dataset_of(data), batch_size)
    targets = []

    def inputs() -> Iterator[Any]:
        for x, y in batches:
            targets.append(y)
            yield x

    parts = outputs(model, inputs())
    if not parts:
        raise ValueError("evaluate() needs at least one sample, but there are none")
    out, y = np.concatenate(parts), np.concatenate(targets)
    guess = ag.from_numpy(out)
    result = {}
    if loss is not None:
        with evaluation(), no_grad():
            result["loss"] = float(numbers(loss(guess, y)))
    if has_classes(guess, y):
        result["accuracy"] = accuracy(out, y)
    return result


def has_classes(out: Any, y: Any) -> bool:
    """Whether each output is one number per class, and each target a class."""
    return (
        isinstance(out, Tensor)
        and out.ndim == 2
        and out.shape[1] > 1
        and getattr(y, "shape", None) == out.shape[:1]
        and y.dtype.kind in "iu"
    )


def dataset_of(data: Any) -> Dataset:
    """`data`, or the pair as a `Dataset`."""
    if isinstance(data, Dataset):
        return data
    if isinstance(data, tuple) and len(data) == 2:
        return Dataset(*data)
    raise TypeError(
        f"data is a Dataset, a pair (x, y) or a DataLoader, but got {type(data).__name__}"
    )
