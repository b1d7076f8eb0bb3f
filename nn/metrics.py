"""How good predictions are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor


def accuracy(predicted: Any, labels: Any) -> float:
    """The share of predictions that are right, between 0 and 1.

    >>> accuracy([[0.1, 2.0], [1.5, 0.3]], [1, 1])
    0.5

    Args:
        predicted: logits or probabilities, (samples, classes), or class labels, (samples,).
        labels: the true classes, (samples,).

    Raises:
        ValueError: the shapes do not fit, or there are no samples.
        TypeError: labels that are no integers.
    """
    predicted, labels = predicted_and_true(predicted, labels)
    if not labels.size:
        raise ValueError("accuracy() needs at least one sample")
    return float(np.mean(predicted == labels))


def confusion_matrix(predicted: Any, labels: Any, classes: int) -> NDArray[np.int64]:
    """How often which class was taken for which: row is the true class, column the predicted.

    >>> confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2], classes=3)
    array([[1, 0, 0],
           [0, 1, 0],
           [0, 1, 1]])

    Args:
        predicted: logits or probabilities, (samples, classes), or class labels, (samples,).
        labels: the true classes, (samples,).
        classes: how many there are.

    Raises:
        ValueError: the shapes do not fit, or a label is not in `0 ... classes - 1`.
        TypeError: labels that are no integers.
    """
    predicted, labels = predicted_and_true(predicted, labels)
    for found in (predicted, labels):
        wrong = found[(found < 0) | (found >= classes)]
        if wrong.size:
            raise ValueError(f"label {wrong[0]} is not one of the {classes} classes from 0")
    pairs = labels.astype(np.int64) * classes + predicted
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def predicted_and_true(predicted: Any, labels: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both as class labels, one per sample."""
    predicted, labels = (
        x.numpy() if isinstance(x, Tensor) else np.asarray(x) for x in (predicted, labels)
    )
    if labels.ndim != 1 or predicted.shape[:1] != labels.shape or predicted.ndim > 2:
        raise ValueError(
            "wanted predictions of shape (N, classes) or (N,) and labels of shape (N,), "
            f"but got {predicted.shape} and {labels.shape}"
        )
    if predicted.ndim == 2:
        if predicted.shape[1] < 2:
            raise ValueError(
                f"predictions of shape {predicted.shape} have one column, but a choice needs two "
                "classes; use predicted[:, 0] if they are class labels"
            )
        predicted = predicted.argmax(axis=1)
    for found in (predicted, labels):
        if found.size and found.dtype.kind not in "iub":
            raise TypeError(f"class labels must be integers, but are {found.dtype}")
    return predicted, labels
