"""The training loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd import no_grad

from .data import DataLoader, Dataset
from .metrics import accuracy
from .module import Module
from .optim import Optimizer
from .random import Rng


@dataclass
class History:
    """What happened in training: one number per epoch, losses also per step.

    `accuracy` stays empty where targets are no class labels, `validation_*` without validation
    data.
    """

    step_loss: list[float] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)


def predict(model: Module, x: Any, batch_size: int = 1024) -> Any:
    """The model's outputs for all of `x`, as one array, in evaluation mode."""
    training = model.training
    model.eval()
    try:
        with no_grad():
            parts = [model(x[i : i + batch_size]).numpy() for i in range(0, len(x), batch_size)]
    finally:
        model.train(training)
    return np.concatenate(parts)


def evaluate(
    model: Module, data: Dataset, loss: Callable[[Any, Any], Any] | None = None
) -> dict[str, float]:
    """`{"loss": …, "accuracy": …}` of the model on the data, as far as they are defined."""
    out = predict(model, data.x)
    result = {"loss": float(loss(out, data.y))} if loss else {}
    if is_classes(data.y):
        result["accuracy"] = accuracy(out, data.y)
    return result


def is_classes(y: Any) -> bool:
    """Whether targets are class labels: a vector of integers."""
    return y.ndim == 1 and y.dtype.kind in "iu"


def fit(
    model: Module,
    data: Dataset,
    *,
    loss: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    epochs: int,
    batch_size: int = 32,
    validation: Dataset | None = None,
    seed: Rng = None,
    progress: bool = True,
) -> History:
    """Train `model` by mini-batches, and tell how it went.

    Args:
        data: inputs and targets; shuffled anew for each epoch.
        loss: a function of outputs and targets, averaged over the batch.
        optimizer: over the model's parameters.
        validation: data to evaluate after each epoch.
        seed: of the shuffling, or a generator; the library's own if left out.
        progress: whether to show a bar (never where the output is no terminal).

    Raises:
        ValueError: fewer than no epochs, or what model, loss and loader refuse.
    """
    from tqdm import tqdm  # imported when used: it takes longer than all of autograd

    if epochs < 0:
        raise ValueError(f"the number of epochs must not be negative, but is {epochs}")
    batches = DataLoader(data, batch_size, shuffle=True, rng=seed)
    history = History()
    classes = is_classes(data.y)
    with tqdm(total=epochs * len(batches), disable=None if progress else True) as bar:
        for epoch in range(epochs):
            model.train()
            total = correct = 0.0
            for x, y in batches:
                out = model(x)
                value = loss(out, y)
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
                step_loss = value.item()
                history.step_loss.append(step_loss)
                total += step_loss * len(y)
                if classes:
                    correct += accuracy(out, y) * len(y)
                bar.update()
            optimizer.zero_grad()
            history.loss.append(total / len(data))
            shown = {"epoch": epoch + 1, "loss": f"{history.loss[-1]:.4f}"}
            if classes:
                history.accuracy.append(correct / len(data))
                shown["accuracy"] = f"{history.accuracy[-1]:.2%}"
            if validation is not None:
                scores = evaluate(model, validation, loss)
                history.validation_loss.append(scores["loss"])
                shown["validation"] = f"{scores['loss']:.4f}"
                if "accuracy" in scores:
                    history.validation_accuracy.append(scores["accuracy"])
                    shown["validation"] = f"{scores['accuracy']:.2%}"
            bar.set_postfix(shown)
    return history
