"""How good predictions are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor
from autograd.core.arguments import integer, one_of
from autograd.core.array_libraries import to_numpy
from nn.inputs import as_numbers


def accuracy(predicted: Any, labels: Any) -> float:
    """The share of predictions that are right, between 0 and 1.

    >>> accuracy([[0.1, 2.0], [1.5, 0.3]], [1, 1])
    0.5

    Args:
        predicted: logits or probabilities, (samples, classes), or class labels, (samples,).
        labels: the true classes, (samples,).

    Raises:
        ValueError: the shapes do not fit, there are no samples, or a label is not one of the
            columns of `predicted`.
        TypeError: labels that are no integers.
    """
    predicted, labels = predicted_and_true(predicted, labels)
    if not labels.size:
        raise ValueError("accuracy() needs at least one sample")
    return float(np.mean(predicted == labels))


def top_k_accuracy(predicted: Any, labels: Any, k: int = 5) -> float:
    """The share of samples whose class is among the `k` with the highest scores.

    Of equal scores that of the first class counts as higher, as in `argmax`.

    >>> top_k_accuracy([[0.1, 2.0, 1.0], [1.5, 0.3, 0.9]], [2, 1], k=2)
    0.5

    Args:
        predicted: logits or probabilities, (samples, classes).
        labels: the true classes, (samples,).
        k: from 1 to the number of classes, where it is always 1.0.

    Raises:
        ValueError: the shapes do not fit, there are no samples, or a label or `k` is out of range.
        TypeError: labels that are no integers.
    """
    scores, labels = plain("predicted", predicted), plain("labels", labels)
    if scores.ndim != 2:
        raise ValueError(f"top_k_accuracy() needs scores (samples, classes), not {scores.shape}")
    predicted_and_true(scores, labels)
    if not labels.size:
        raise ValueError("top_k_accuracy() needs at least one sample")
    classes = scores.shape[1]
    k = integer("k", k, at_least=1, at_most=classes)
    labels = labels[:, None].astype(np.int64)
    own = np.take_along_axis(scores, labels, axis=1)
    reached = (scores < own) | ((scores == own) & (np.arange(classes) >= labels))  # never by a nan
    return float(np.mean(classes - np.sum(reached, axis=1) < k))


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
    classes = integer("classes", classes, at_least=1)
    predicted, labels = predicted_and_true(predicted, labels)
    check_classes(predicted, classes)
    check_classes(labels, classes)
    pairs = labels.astype(np.int64) * classes + predicted.astype(np.int64)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def precision(predicted: Any, labels: Any, classes: int, average: str | None = "macro") -> Any:
    """Of the samples taken for a class, the share that belongs to it; averaged over the classes.

    >>> precision([0, 1, 1, 2], [0, 1, 2, 2], classes=3, average=None)
    array([1. , 0.5, 1. ])

    Args:
        predicted, labels, classes: as for `confusion_matrix`.
        average: "macro" for the mean over classes, each counting the same, or `None` for one
            number per class. What is 0/0, for want of samples, counts as 0.

    Raises:
        ValueError, TypeError: as in `confusion_matrix`.
    """
    hits, taken, _ = counts(predicted, labels, classes)
    return averaged(ratio(hits, taken), average)


def recall(predicted: Any, labels: Any, classes: int, average: str | None = "macro") -> Any:
    """Of the samples that belong to a class, the share taken for it; averaged over the classes.

    >>> recall([0, 1, 1, 2], [0, 1, 2, 2], classes=3, average=None)
    array([1. , 1. , 0.5])

    Args and errors: those of `precision`.
    """
    hits, _, there = counts(predicted, labels, classes)
    return averaged(ratio(hits, there), average)


def f1_score(predicted: Any, labels: Any, classes: int, average: str | None = "macro") -> Any:
    """The harmonic mean of precision and recall of a class; averaged over the classes.

    >>> f1_score([0, 1, 1, 2], [0, 1, 2, 2], classes=3, average=None).round(3)
    array([1.   , 0.667, 0.667])

    Args and errors: those of `precision`.
    """
    hits, taken, there = counts(predicted, labels, classes)
    return averaged(ratio(2 * hits, taken + there), average)


def counts(predicted: Any, labels: Any, classes: int) -> tuple[NDArray[np.int64], ...]:
    """Of each class: how many samples were taken for it rightly, taken for it, and belong to it."""
    matrix = confusion_matrix(predicted, labels, classes)
    return np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)


def ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """The quotients, and 0 for 0/0."""
    return part / np.maximum(whole, 1)


def averaged(scores: NDArray[np.float64], average: str | None) -> Any:
    """The mean over classes, or every class by itself for `None`."""
    one_of("average", average, ("macro", None))
    return scores if average is None else float(scores.mean())


def plain(name: str, x: Any) -> NDArray[Any]:
    """The numbers of a tensor, a list or an array, as NumPy's."""
    return to_numpy(array_of(name, x))


def array_of(name: str, x: Any) -> Any:
    """The numbers of a tensor, a list or an array, where they are."""
    return x.numpy() if isinstance(x, Tensor) else as_numbers(name, x)


def check_classes(found: NDArray[Any], classes: int) -> None:
    """Refuse labels that name no class."""
    wrong = found[(found < 0) | (found >= classes)]
    if wrong.size:
        raise ValueError(f"label {wrong[0]} is not one of the {classes} classes from 0")


def predicted_and_true(predicted: Any, labels: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both as class labels, one per sample."""
    predicted, labels = array_of("predicted", predicted), array_of("labels", labels)
    classes = None
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
        classes = predicted.shape[1]
        predicted = predicted.argmax(axis=1)
    predicted, labels = to_numpy(predicted), to_numpy(labels)
    for found in (predicted, labels):
        if found.size and found.dtype.kind not in "iub":
            raise TypeError(f"class labels must be integers, but are {found.dtype}")
    if classes is not None:
        check_classes(labels, classes)
    return predicted, labels
