"""Losses: how far predictions are from targets, in one number to minimise."""

from __future__ import annotations

from typing import Any

import autograd as ag
from autograd.shapes import shape_of
from autograd.shaping import plain_index


def same_shape(name: str, prediction: Any, target: Any) -> None:
    """Refuse shapes that differ: (N,) against (N, 1) would broadcast to N x N.

    Raises:
        ValueError: naming both shapes.
    """
    got, wanted = shape_of(prediction), shape_of(target)
    if got != wanted:
        raise ValueError(
            f"{name} needs prediction and target of one shape, but got {got} and {wanted}; "
            "reshape one of them"
        )


def reduce(losses: Any, reduction: str) -> Any:
    """The mean or the sum of the losses, or all of them for "none"."""
    if reduction == "mean":
        return ag.mean(losses)
    if reduction == "sum":
        return ag.sum(losses)
    if reduction == "none":
        return losses
    raise ValueError(f"reduction is 'mean', 'sum' or 'none', not {reduction!r}")


def mse_loss(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """The squared error, (prediction - target)^2, averaged over all entries.

    >>> import numpy as np
    >>> mse_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)

    Raises:
        ValueError: the shapes differ.
    """
    same_shape("mse_loss", prediction, target)
    return reduce((prediction - target) ** 2, reduction)


def cross_entropy(logits: Any, labels: Any, reduction: str = "mean") -> Any:
    """-log softmax(logits)[label], in nats, averaged over the batch. Takes logits: no softmax
    before it.

    >>> import numpy as np
    >>> round(float(cross_entropy(np.zeros((8, 10)), np.zeros(8, int))), 6)  # log 10
    2.302585

    Args:
        logits: (batch, classes), any real numbers.
        labels: (batch,), integers from 0 to classes - 1.

    Raises:
        ValueError: shapes that do not match, or a label out of range.
        TypeError: labels that are no integers.
    """
    labels = class_labels("cross_entropy", logits, labels)
    return reduce(ag.softmax_cross_entropy(logits, labels), reduction)


def class_labels(name: str, logits: Any, labels: Any) -> Any:
    """The labels as an array of integers that fit the logits; an error if they don't."""
    labels = plain_index(labels)
    shape = shape_of(logits)
    if len(shape) != 2 or shape_of(labels) != shape[:1]:
        raise ValueError(
            f"{name} needs logits (batch, classes) and labels (batch,), "
            f"but got {shape} and {shape_of(labels)}"
        )
    if labels.dtype.kind not in "iu":
        raise TypeError(f"{name} needs integer labels, but got {labels.dtype}")
    if labels.size and (labels.min() < 0 or labels.max() >= shape[1]):
        wrong = labels[(labels < 0) | (labels >= shape[1])][0]
        raise ValueError(
            f"{name}: label {wrong} is outside 0...{shape[1] - 1} ({shape[1]} classes)"
        )
    return labels
