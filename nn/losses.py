"""Losses: how far predictions are from targets, in one number to minimise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd as ag
from autograd.core import array_rules, rules
from autograd.core.arguments import brief, number, one_of, probability
from autograd.core.array_kernels import one_hot
from autograd.core.array_libraries import first_where, is_lazy, to_library_of
from autograd.core.node import Node
from autograd.core.op import Data, data_of
from autograd.core.precision import on_reals
from autograd.core.shapes import Shape, shape_of
from autograd.numpy_api.functions import pick_labels
from autograd.numpy_api.manipulation import normalize_index
from nn.inputs import as_numbers

# --- of numbers -----------------------------------------------------------------------------------


@on_reals
def mse_loss(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """The squared error, (prediction - target)^2, averaged over all entries.

    >>> mse_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)

    Args:
        prediction, target: of one shape; a `Value` and a number are fine too.
        reduction: "mean", "sum", or "none" for the loss of each entry.

    Raises:
        ValueError: the shapes differ.
    """
    prediction, target = comparable("mse_loss", prediction, target)
    return reduce((prediction - target) ** 2, reduction)


@on_reals
def l1_loss(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """The distance |prediction - target|, averaged over all entries. At 0 its slope is 0.

    >>> l1_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(1.0)

    Args and errors: those of `mse_loss`.
    """
    prediction, target = comparable("l1_loss", prediction, target)
    return reduce(rules.abs(prediction - target), reduction)


@on_reals
def huber_loss(prediction: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """Half the squared error up to a distance of `delta`, and straight lines from there on.

    d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2) (Huber 1964, section 4).

    >>> huber_loss(np.array([1.0, 0.0]), np.array([2.0, 3.0]), reduction="none")
    array([0.5, 2.5])

    Args and errors: those of `mse_loss`, and `delta` must be greater than 0.
    """
    delta = number("delta", delta, above=0, finite=False)
    prediction, target = comparable("huber_loss", prediction, target)
    off = prediction - target
    near = ag.clip(off, -delta, delta)  # mutants 1: the median, in any order
    return reduce(near * (off - 0.5 * near), reduction)


# --- of scores for one class or the other ---------------------------------------------------------


@on_reals
def binary_cross_entropy_with_logits(
    logits: Any, target: Any, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """-target log s(logits) - (1 - target) log s(-logits) with the sigmoid s, averaged, in nats.

    Takes logits: no sigmoid before it. Exact at any size, as log s(x) = -log(1 + e^-x).

    >>> binary_cross_entropy_with_logits(np.array([1000.0, -3.0]), np.array([0.0, 0.0]), "none")
    array([1.00000000e+03, 4.85873516e-02])

    Args:
        logits: any real numbers.
        target: of the same shape, the probability of the positive class, or 0 and 1.
        reduction: as for `mse_loss`.
        pos_weight: a factor for the first term, to make rare positives count; it broadcasts.

    Raises:
        ValueError: the shapes differ, or a target lies outside 0 ... 1.
    """
    name = "binary_cross_entropy_with_logits"
    logits, target = comparable(name, logits, target, "logits")
    refuse_any(name, target, "targets from 0 to 1", lambda t: (t < 0) | (t > 1))
    positive = target
    if pos_weight is not None:
        pos_weight = like(logits, pos_weight, "pos_weight")
        refuse_any(name, pos_weight, "pos_weight of finite numbers >= 0", not_weights)
        check_broadcasts("pos_weight", shape_of(pos_weight), shape_of(logits))
        positive = target * pos_weight
    losses = positive * ag.softplus(-logits) + (1 - target) * ag.softplus(logits)
    return reduce(losses, reduction)


@on_reals
def hinge_loss(scores: Any, target: Any, reduction: str = "mean", margin: float = 1.0) -> Any:
    """max(0, margin - target * score), averaged: zero once the score is on the right side by far.

    >>> hinge_loss(np.array([2.0, 0.25, 1.0]), np.array([1, 1, -1]), reduction="none")
    array([0.  , 0.75, 2.  ])

    Args:
        scores: any real numbers.
        target: of the same shape, -1 or 1.
        reduction: as for `mse_loss`.
        margin: how far is far enough. There the slope is 0.

    Raises:
        ValueError: the shapes differ, or a target is neither -1 nor 1.
    """
    margin = number("margin", margin)
    scores, target = comparable("hinge_loss", scores, target, "scores")
    refuse_any("hinge_loss", target, "targets of -1 and 1", lambda t: abs(t) != 1)
    return reduce(ag.relu(margin - target * scores), reduction)


@on_reals
def focal_loss(
    logits: Any,
    target: Any,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    reduction: str = "mean",
) -> Any:
    """alpha_t (1 - p_t)^gamma (-log p_t), averaged, in nats: binary cross-entropy, with less weight
    for what is classified well (Lin et al. 2017, eq. 5).

    p_t is the probability of the target, s(logits) for 1 and s(-logits) for 0. Takes logits: no
    sigmoid before it. It is torchvision's `sigmoid_focal_loss`, whose `reduction` is "none" if
    nothing is said.

    >>> focal_loss(np.array([0.0, 9.0]), np.array([1, 1]), reduction="none").round(6)
    array([0.043322, 0.      ])

    Args:
        logits: any real numbers.
        target: of the same shape, 0 or 1.
        alpha: the weight of 1, from 0 to 1; that of 0 is 1 - alpha. `None`: no weights.
        gamma: 0 makes it cross-entropy; the larger, the less well-classified entries count.
        reduction: as for `mse_loss`.

    Raises:
        ValueError: the shapes differ, a target is neither 0 nor 1, alpha or gamma is out of range.
    """
    gamma = number("gamma", gamma, at_least=0)
    logits, target = comparable("focal_loss", logits, target, "logits")
    refuse_any("focal_loss", target, "targets of 0 and 1", lambda t: (t != 0) & (t != 1))
    score = (2 * target - 1) * logits  # p_t = s(score), and 1 - p_t = s(-score)
    losses = ag.exp(-gamma * ag.softplus(score)) * ag.softplus(-score)
    if alpha is not None:
        alpha = probability("alpha", alpha)
        losses = (alpha * target + (1 - alpha) * (1 - target)) * losses
    return reduce(losses, reduction)


@on_reals
def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: str = "mean"
) -> Any:
    """max(0, margin - target * (input1 - input2)), averaged: zero once the right one of two scores
    is higher by `margin`.

    >>> a, b = np.array([1.0, 2.0]), np.array([3.0, 1.5])
    >>> margin_ranking_loss(a, b, np.array([1, 1]), margin=1.0, reduction="none")
    array([3. , 0.5])

    Args:
        input1, input2: scores, of one shape.
        target: of the same shape, 1 where `input1` should be higher, -1 where `input2` should.
        margin: how much higher. There the slope is 0.
        reduction: as for `mse_loss`.

    Raises:
        ValueError: the shapes differ, or a target is neither -1 nor 1.
    """
    margin, name = number("margin", margin), "margin_ranking_loss"
    input1, target = comparable(name, input1, target, "input1")
    input1, input2 = comparable(name, input1, input2, "input1", "input2")
    refuse_any(name, target, "targets of -1 and 1", lambda t: abs(t) != 1)
    return reduce(ag.relu(margin - target * (input1 - input2)), reduction)


# --- of scores for several classes ----------------------------------------------------------------


@on_reals
def cross_entropy(
    logits: Any,
    target: Any,
    weight: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """-log softmax(logits)[label], in nats, averaged over the batch. Takes logits: no softmax
    before it.

    For probabilities q in place of labels, the sum of -q log softmax(logits) over the classes.

    >>> round(float(cross_entropy(np.zeros((8, 10)), np.zeros(8, int))), 6)  # log 10
    2.302585

    Args:
        logits: (batch, classes), any real numbers.
        target: (batch,), integers from 0 to classes - 1; or (batch, classes), probabilities.
        weight: (classes,), how much each class counts. The mean over labels is divided by the
            weights of the labels that came, as in PyTorch.
        reduction: "mean", "sum", or "none" for the loss of each sample.
        label_smoothing: what part of each target is spread evenly over all classes, 0 to 1
            (Szegedy et al. 2016, section 7).

    Raises:
        ValueError: shapes that do not match, a label out of range, probabilities that do not sum
            to one, a negative weight.
        TypeError: labels that are no integers.
    """
    label_smoothing = probability("label_smoothing", label_smoothing)
    name, logits = "cross_entropy", as_operand("logits", logits)
    shape = shape_of(logits)
    soft = len(shape) == 2 and shape_of(target) == shape
    if soft:
        refuse_any(
            name, ag.sum(data_of(target), axis=1), "probabilities that sum to 1 in each row",
            lambda total: abs(total - 1) > 1e-3,  # mutants 1: never off by exactly 0.001
        )  # fmt: skip
    else:
        target = class_labels(name, "logits", logits, "target", target)
        if weight is None and not label_smoothing:
            # mutants 1: axis 1 is the last
            return nll_of_labels(ag.log_softmax(logits, axis=1), target, reduction)
    if weight is not None:
        weight = class_weights(name, logits, weight)
    share = None if weight is None or soft else weight[target]
    if soft or label_smoothing:
        q = like(logits, target if soft else one_hot(target, logits))
        q = (1 - label_smoothing) * q + label_smoothing / shape[1]
        losses = expected_loss(logits, q if weight is None else weight * q)
    else:
        losses = share * ag.softmax_cross_entropy(logits, target)
    return reduce(losses, reduction, share)


def expected_loss(logits: Any, q: Any) -> Any:
    """The sum of -q log softmax(logits) over the classes; what has q = 0 adds 0, not 0 * inf."""
    log_p = ag.log_softmax(logits, axis=1)  # mutants 1: axis 1 is the last
    never = (data_of(q) == 0) & (data_of(log_p) == -np.inf)
    return -ag.sum(q * ag.where(never, 0.0, log_p), axis=1)


@on_reals
def nll_loss(
    log_probabilities: Any, labels: Any, weight: Any = None, reduction: str = "mean"
) -> Any:
    """-log_probabilities[label], averaged over the batch: the rest of `cross_entropy` after a
    `log_softmax`.

    >>> nll_loss(np.log([[0.5, 0.5], [0.25, 0.75]]), [0, 1], reduction="sum")
    np.float64(0.9808292530117262)

    Args:
        log_probabilities: (batch, classes).
        labels: (batch,), integers from 0 to classes - 1.
        weight, reduction: as for `cross_entropy`.

    Raises:
        ValueError: shapes that do not match, a label out of range, a negative weight.
        TypeError: labels that are no integers.
    """
    log_probabilities = as_operand("log_probabilities", log_probabilities)
    name = "log_probabilities"
    labels = class_labels("nll_loss", name, log_probabilities, "labels", labels)
    if weight is None:
        return nll_of_labels(log_probabilities, labels, reduction)
    share = class_weights("nll_loss", log_probabilities, weight)[labels]
    losses = nll_of_labels(log_probabilities, labels, "none")
    return reduce(share * losses, reduction, share)


@on_reals
def multi_margin_loss(
    scores: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    reduction: str = "mean",
) -> Any:
    """The multiclass hinge loss: max(0, margin - score of the label + score of another class)^p,
    summed over the other classes, divided by the number of classes, averaged over the batch.

    Names and factors are PyTorch's. Without the division it is Crammer and Singer's sum over all
    classes (2001), as in MyGrad's `multiclass_hinge`: multiply by the number of classes.

    >>> multi_margin_loss(np.array([[0.5, 1.0, -2.0]]), [0])  # (1.5 + 0) / 3
    np.float64(0.5)

    Args:
        scores: (batch, classes), any real numbers.
        target: (batch,), integers from 0 to classes - 1.
        p: 1 or 2.
        margin: how far is far enough. There the slope is 0.
        weight: (classes,), how much each label counts. The mean does not divide by the weights.
        reduction: "mean", "sum", or "none" for the loss of each sample.

    Raises:
        ValueError: shapes that do not match, a label out of range, a negative weight.
        TypeError: labels that are no integers.
    """
    margin, p = number("margin", margin), one_of("p", p, (1, 2))
    name, scores = "multi_margin_loss", as_operand("scores", scores)
    target = class_labels(name, "scores", scores, "target", target)
    gaps = margin - pick_labels(scores, target)[:, None] + scores
    others = ag.where(one_hot(target, scores), 0.0, ag.relu(gaps) ** p)
    losses = ag.sum(others, axis=1) / shape_of(scores)[1]
    if weight is not None:
        losses = class_weights(name, scores, weight)[target] * losses
    return reduce(losses, reduction)


# --- what they share ------------------------------------------------------------------------------


def nll_of_labels(log_p: Any, labels: Data, reduction: str) -> Any:
    """-log_p[i, labels[i]]: the mean, the sum, or all of them."""
    if reduction == "mean" and len(labels):
        return array_rules.nll(log_p, labels=labels, scale=1 / len(labels))
    return reduce(-pick_labels(log_p, labels), reduction)


def reduce(losses: Any, reduction: str, weights: Any = None) -> Any:
    """The mean or the sum of the losses, or all of them for "none".

    `weights` are in the losses already: their sum is what the mean is divided by.
    """
    if reduction == "mean":
        return ag.mean(losses) if weights is None else ag.sum(losses) / ag.sum(weights)
    if reduction == "sum":
        return ag.sum(losses)
    if reduction == "none":
        return losses
    raise ValueError(f"reduction must be 'mean', 'sum' or 'none', but got {brief(reduction)}")


def comparable(
    name: str, prediction: Any, target: Any, called: str = "prediction", other: str = "target"
) -> tuple[Any, Any]:
    """Both, ready to stand beside each other: of one shape, the target in the prediction's dtype.

    Raises:
        ValueError: naming both shapes: (N,) against (N, 1) would broadcast to N x N.
    """
    prediction, target = as_operand(called, prediction), as_operand(other, target)
    got, wanted = shape_of(prediction), shape_of(target)
    if got != wanted:
        raise ValueError(
            f"{name} needs {called} and {other} of one shape, but got {got} and {wanted}; "
            "reshape one of them"
        )
    return prediction, like(prediction, target)


def like(x: Any, y: Any, name: str = "target") -> Any:
    """`y` in the dtype of `x`, which holds real numbers, and where `x` is: labels in int64 and
    targets in float64 must not make float32 nets compute in float64.
    """
    y = to_library_of(as_operand(name, y), data_of(x))
    dtype = getattr(x, "dtype", None)
    if dtype is None or getattr(y, "dtype", dtype) == dtype:
        return y
    return y.astype(dtype)


def as_operand(name: str, x: Any) -> Any:
    """A node, a number or an array as it is; lists and tables of pandas as arrays."""
    if isinstance(x, (Node, float, int)) or (isinstance(x, np.ndarray) and x.dtype.kind in "fiub"):
        return x
    return as_numbers(name, x)


def there(x: Data) -> bool:
    """Whether there are numbers to look at: not while the loss is being compiled, nor where all is
    computed later, in one go.
    """
    return not (isinstance(x, Node) or is_lazy(x))


def refuse_any(name: str, x: Any, wanted: str, wrong: Callable[[Data], Data]) -> None:
    """Refuse numbers of which some are `wrong`, showing the first."""
    x = data_of(x)
    if not there(x):
        return
    found = wrong(x)
    if ag.any(found):
        raise ValueError(f"{name} needs {wanted}, but got {first_where(x, found):.6g}")


def class_weights(name: str, logits: Any, weight: Any) -> Data:
    """One weight for each class; an error if they are not."""
    weight = data_of(like(logits, weight, "weight"))
    classes = shape_of(logits)[1]
    if shape_of(weight) != (classes,):
        raise ValueError(
            f"{name} needs a weight for each of {classes} classes, but got {shape_of(weight)}"
        )
    refuse_any(name, weight, "weights of finite numbers >= 0", not_weights)
    return weight


def not_weights(x: Data) -> Data:
    """Where `x` is negative, infinite or nan."""
    return (x < 0) | ~np.isfinite(x)


def check_broadcasts(name: str, shape: Shape, to: Shape) -> None:
    """Refuse a shape that can't be broadcast to another."""
    if len(shape) > len(to) or any(n not in (1, m) for n, m in zip(shape[::-1], to[::-1])):
        raise ValueError(f"{name} must broadcast to shape {to}, but has shape {shape}")


def class_labels(name: str, scores: str, logits: Any, called: str, labels: Any) -> Data:
    """The labels as an array of integers that fit the logits, where these are; an error if they
    don't fit.
    """
    labels = as_operand(called, normalize_index(labels))
    shape = shape_of(logits)
    if len(shape) != 2 or shape_of(labels) != shape[:1]:
        raise ValueError(
            f"{name} needs {scores} (batch, classes) and labels (batch,), "
            f"but got {shape} and {shape_of(labels)}"
        )
    if labels.dtype.kind not in "iu":
        raise TypeError(f"{name} needs integer labels, but got {labels.dtype}")
    # What is below 0 is huge as an unsigned number: one look is enough.
    if there(labels) and labels.size and labels.astype(np.uint64).max() >= shape[1]:
        wrong = first_where(labels, (labels < 0) | (labels >= shape[1]))
        raise ValueError(
            f"{name}: label {wrong} is outside 0...{shape[1] - 1} ({shape[1]} classes)"
        )
    return to_library_of(labels, data_of(logits))
