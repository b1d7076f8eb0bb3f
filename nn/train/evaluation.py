"""Using a trained model: its outputs, and how good they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

import autograd as ag
from autograd import Tensor, Value, no_grad
from autograd.core.arguments import brief, function, instance_of, integer
from autograd.core.array_libraries import is_numpy, to_library_of
from autograd.core.shapes import shape_of
from nn import scalar
from nn.data.dataset import Dataset, has_arrays
from nn.data.loader import DataLoader
from nn.data.samples import (
    Batches,
    Samples,
    as_batch,
    has_batches,
    has_samples,
    is_list_of_batches,
    is_list_of_pairs,
    is_pair,
)
from nn.inputs import as_numbers
from nn.module import Module, evaluation

from .metrics import accuracy

Data: TypeAlias = (
    Samples | tuple[ArrayLike, ArrayLike] | DataLoader | Iterable[tuple[ArrayLike, ArrayLike]]
)
Loss: TypeAlias = Callable[[Any, Any], Any]


def predict(model: Module, x: Any, batch_size: int = 1024) -> Any:
    """The model's outputs for all of `x`, as one array, in evaluation mode.

    >>> import nn
    >>> nn.predict(nn.Linear(3, 2), np.zeros((5, 3))).shape
    (5, 2)

    The array is where the model's parameters are; NumPy's inputs are moved there, by batches. For
    no samples, the result is as empty. No module's mode is changed: threads may share a model.

    Args:
        model: a module.
        x: an array, or what can be made one; or data as for `evaluate`, whose targets are left
            out.
        batch_size: how many samples to compute at a time, where `x` does not come in batches.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: `batch_size` is below 1; a loader that shuffles; outputs that are no rows.
    """
    instance_of("model", model, Module)
    batch_size = integer("batch_size", batch_size, at_least=1)
    return np.concatenate(outputs(model, inputs_of(x, batch_size)))


def inputs_of(x: Any, batch_size: int) -> Iterable[Any]:
    """The inputs, in batches.

    Raises:
        TypeError, ValueError: see `predict`.
    """
    if isinstance(x, DataLoader):
        if x.shuffle:
            raise ValueError("predict() needs a loader with shuffle=False: outputs keep its order")
        return (inputs for inputs, _ in x)
    if isinstance(x, Dataset) and has_arrays(x):
        x = x.x
    elif isinstance(x, (list, tuple)):
        if is_list_of_pairs(x):
            return (inputs for inputs, _ in batches_of("x", x, batch_size))
        if is_list_of_batches([x]) or is_list_of_batches(x):
            raise TypeError("x must be inputs alone, but got a pair; pass x, or a Dataset(x, y)")
    elif has_samples(x):
        return (inputs for inputs, _ in DataLoader(x, batch_size))
    elif has_batches(x):
        return (inputs_of_batch(i, batch) for i, batch in enumerate(x))
    x = as_numbers("x", x.numpy() if isinstance(x, Tensor) else x)
    if not x.ndim:
        raise TypeError(f"x must hold one sample per row, but got {brief(x)}")
    starts = range(0, max(len(x), 1), batch_size)  # an empty batch tells the shape of no outputs
    return (x[i : i + batch_size] for i in starts)


def inputs_of_batch(i: int, batch: Any) -> Any:
    """The `x` of a batch that is a pair (x, y), or `x` alone."""
    return as_batch(i, batch)[0] if is_pair(batch) else as_numbers(f"batch {i}", batch)


def outputs(model: Module, batches: Iterable[Any]) -> list[Any]:
    """The model's outputs for each batch, as arrays, in evaluation mode.

    Raises:
        ValueError: there is no batch, or a batch has other than one output per sample.
    """
    move, found = mover(model), []
    with evaluation(), no_grad():
        for x in batches:
            out = called(model, x if move is None else move(x))
            try:
                array = numbers(out)
            except ValueError:  # arrays of several shapes
                array = np.array(None)
            if array.shape[:1] != (len(x),):
                got = f"shape {array.shape}" if array.dtype.kind in "biuf" else brief(out)
                raise ValueError(
                    f"{type(model).__name__} must return one array with an output for each of "
                    f"{len(x)} samples, but returned {got}"
                )
            found.append(array)
    if not found:
        raise ValueError("the data must have at least one sample, but there are none")
    return found


def called(model: Module, x: Any) -> Any:
    """The model's outputs for a batch; nets of `nn.scalar` take one sample at a time."""
    if not isinstance(model, (scalar.MLP, scalar.Layer, scalar.Neuron)):
        return model(x)
    rows = [model(row) for row in x.tolist()]
    return ag.stack([ag.stack(row) if isinstance(row, list) else row for row in rows])


def mover(model: Module) -> Callable[[Any], Any] | None:
    """Return what moves NumPy's arrays to the model's parameters, or None if these are NumPy's."""
    like = next((p._data for p in model.parameters() if isinstance(p, Tensor)), None)
    return None if like is None or is_numpy(like) else lambda x: to_library_of(x, like)


def numbers(out: Any) -> Any:
    """Outputs as an array: of a tensor, or of nested lists of `Value`."""
    if isinstance(out, (list, tuple)):
        return np.array([numbers(x) for x in out])
    if isinstance(out, Tensor):
        return out.numpy()
    return np.asarray(out.data if isinstance(out, Value) else out)


def evaluate(
    model: Module, data: Data, loss: Loss | None = None, batch_size: int = 1024
) -> dict[str, float]:
    """`{"loss": ..., "accuracy": ...}` of the model on the data, as far as they are defined.

    The loss is computed over all outputs at once, in evaluation mode; the accuracy where targets
    are class labels. No module's mode is changed: threads may share a model.

    Args:
        model: a module.
        data: what `nn.fit` takes.
        loss: a function of outputs and targets.
        batch_size: how many samples to compute at a time, where they do not come in batches.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: there are no samples; or nothing to report, as there is no loss and targets
            are no class labels.
    """
    instance_of("model", model, Module)
    batch_size = integer("batch_size", batch_size, at_least=1)
    if loss is not None:
        function("loss", loss)
    targets = []

    def inputs() -> Iterator[Any]:
        for x, y in batches_of("data", data, batch_size):
            targets.append(y)
            yield x

    out = np.concatenate(outputs(model, inputs()))
    y = np.concatenate(targets)
    if not len(y):
        raise ValueError("evaluate() needs at least one sample, but there are none")
    guess = ag.from_numpy(out)
    result = {}
    if loss is not None:
        with evaluation(), no_grad():
            result["loss"] = float(numbers(checked_loss(loss, loss(guess, y))))
    if has_classes(guess, y):
        result["accuracy"] = accuracy(out, y)
    if not result:
        raise ValueError(
            "evaluate() has nothing to report: it needs loss=..., or class labels as targets and "
            f"an output for each class, but outputs are {out.shape} and targets {y.shape} {y.dtype}"
        )
    return result


def checked_loss(loss: Loss, value: Any) -> Any:
    """What a loss returned, if it is one number.

    Raises:
        TypeError: it is no number.
        ValueError: it is several.
    """
    if isinstance(value, (Tensor, Value)) and not value.shape:
        return value
    name = getattr(loss, "__name__", type(loss).__name__)
    if value is None:
        raise TypeError(f"the loss {name} returned None; end it with `return ...`")
    if not isinstance(value, (int, float, Tensor, Value)) and not hasattr(value, "dtype"):
        raise TypeError(f"the loss {name} must return one number, but returned {brief(value)}")
    if shape_of(value):
        raise ValueError(
            f"the loss {name} must return one number, but returned shape {shape_of(value)}; "
            "average it over the batch: loss.mean()"
        )
    return value


def has_classes(out: Any, y: Any) -> bool:
    """Whether each output is one number per class, and each target a class."""
    return (
        isinstance(out, Tensor)
        and out.ndim == 2
        and out.shape[1] > 1
        and getattr(y, "shape", None) == out.shape[:1]
        and y.dtype.kind in "iu"
    )


def batches_of(name: str, data: Any, batch_size: int, **options: Any) -> DataLoader | Batches:
    """The data in batches.

    Args:
        name: the argument.
        data: its value.
        batch_size: of what does not come in batches.
        options: further ones of the `DataLoader` that is made of samples.

    Raises:
        TypeError: it is no data.
    """
    if isinstance(data, (DataLoader, Batches)):
        return data
    is_pair_of_arrays = isinstance(data, tuple) and len(data) == 2
    if not is_pair_of_arrays and has_batches(data):
        return Batches(data)
    if not is_pair_of_arrays and not has_samples(data):
        raise TypeError(
            f"{name} must be a Dataset, a pair (x, y), a DataLoader, samples (x, y) with __len__ "
            f"and __getitem__, or an iterable of batches (x, y), but got {brief(data)}"
        )
    return DataLoader(data, batch_size, **options)
