"""Metrics: known numbers, scikit-learn's, and what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tables import TABLES

import nn
from autograd import Tensor
from nn import metrics, schedule

rng = np.random.default_rng(0)
LABELS = rng.integers(0, 5, 60)
SCORES = rng.normal(size=(60, 5)) + 1.5 * np.eye(5)[LABELS]
PREDICTED = SCORES.argmax(1)


def test_accuracy_takes_scores_or_labels() -> None:
    share = np.mean(PREDICTED == LABELS)
    for given in (SCORES, PREDICTED, Tensor(SCORES, requires_grad=True), PREDICTED.tolist()):
        assert metrics.accuracy(given, LABELS) == share
    assert type(metrics.accuracy(SCORES, LABELS)) is float


def test_top_k() -> None:
    for k in range(1, 6):
        best = np.argsort(-SCORES, axis=1)[:, :k]
        wanted = np.mean([label in row for label, row in zip(LABELS, best)])
        assert metrics.top_k_accuracy(SCORES, LABELS, k) == wanted
    assert metrics.top_k_accuracy(Tensor(SCORES), LABELS, 1) == metrics.accuracy(SCORES, LABELS)
    assert metrics.top_k_accuracy(SCORES, LABELS) == 1.0
    ties = np.zeros((5, 5)), np.arange(5)
    assert [metrics.top_k_accuracy(*ties, k) for k in range(1, 6)] == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert metrics.top_k_accuracy([[np.nan, np.nan]], [1], k=1) == 0.0  # a broken model


@pytest.mark.parametrize("name", ["precision", "recall", "f1_score"])
@pytest.mark.parametrize("average", ["macro", None])
def test_scores_are_scikit_learns(name: str, average: str | None) -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    wanted = getattr(theirs, name if name == "f1_score" else f"{name}_score")
    score: Callable[..., Any] = getattr(metrics, name)
    for predicted, labels, classes in (
        (PREDICTED, LABELS, 5),
        (PREDICTED, LABELS, 7),  # two that never come
        ([0, 0, 1], [1, 1, 0], 2),
        ([0, 0, 0], [0, 1, 2], 3),
    ):
        found = score(predicted, labels, classes, average=average)
        expected = wanted(labels, predicted, average=average, labels=range(classes),
                          zero_division=0.0)  # fmt: skip
        np.testing.assert_allclose(found, expected, rtol=1e-14)
        assert type(found) is float if average else found.shape == (classes,)
    assert np.all(score(SCORES, LABELS, 5) == score(PREDICTED, LABELS, 5))


def test_confusion_matrix_counts_every_sample() -> None:
    matrix = nn.confusion_matrix(SCORES, LABELS, 5)
    assert matrix.sum() == 60 and np.trace(matrix) == np.sum(PREDICTED == LABELS)
    assert matrix.sum(axis=1).tolist() == np.bincount(LABELS, minlength=5).tolist()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: metrics.accuracy([[1.0], [2.0]], [0, 1]), ValueError, "one column"),
        (lambda: metrics.accuracy([0, 1], [[0], [1]]), ValueError, r"\(2,\) and \(2, 1\)"),
        (lambda: metrics.accuracy([], []), ValueError, "at least one"),
        (lambda: metrics.accuracy(SCORES, LABELS + 1), ValueError, "label 5 is not one of the 5"),
        (lambda: metrics.accuracy(SCORES, LABELS - 1), ValueError, "label -1 is not one of the 5"),
        (lambda: metrics.accuracy([0.0, 1.0], [0, 1]), TypeError, "float64"),
        (lambda: metrics.top_k_accuracy([0, 1], [0, 1], 1), ValueError, r"not \(2,\)"),
        (lambda: metrics.top_k_accuracy(SCORES, LABELS, 6), ValueError, "<= 5, but got 6"),
        (lambda: metrics.top_k_accuracy(SCORES, LABELS, 0), ValueError, "but got 0"),
        (lambda: metrics.top_k_accuracy(SCORES, LABELS + 1, 1), ValueError, "label 5 is not one"),
        (lambda: metrics.top_k_accuracy(SCORES, LABELS[:5]), ValueError, r"\(60, 5\) and \(5,\)"),
        (lambda: metrics.top_k_accuracy(np.zeros((0, 3)), np.zeros(0, int), 1), ValueError, "one"),
        (lambda: metrics.precision([0, 2], [0, 1], 2), ValueError, "label 2 is not one of the 2"),
        (lambda: metrics.recall([0, 1], [0, -1], 2), ValueError, "label -1"),
        (lambda: metrics.f1_score([0, 1], [0, 1], 2, "micro"), ValueError, "but got 'micro'"),
    ],
)  # fmt: skip
def test_mistakes(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("now", "best", "mode", "threshold", "relative", "wanted"),
    [
        (1.0, 1.0, "min", 0.0, False, False),
        (0.9, 1.0, "min", 0.0, False, True),
        (0.9, 1.0, "max", 0.0, False, False),
        (-0.9, -1.0, "max", 0.0, False, True),
        (0.5, 1.0, "min", 0.5, False, False),
        (0.49, 1.0, "min", 0.5, False, True),
        (1.5, 1.0, "max", 0.5, True, False),
        (1.51, 1.0, "max", 0.5, True, True),
        (-1.0, -1.0, "min", 0.5, True, False),
        (-1.5, -1.0, "min", 0.5, True, False),
        (-1.51, -1.0, "min", 0.5, True, True),
        (-0.5, -1.0, "max", 0.5, True, False),
        (-0.49, -1.0, "max", 0.5, True, True),
        (0.0, 0.0, "min", 0.5, True, False),
        (-1e-300, 0.0, "min", 0.5, True, True),
        (-1.0, 1.0, "min", 0.5, True, True),
        (1.0, math.inf, "min", 0.5, True, True),
        (math.inf, math.inf, "min", 0.5, True, False),
        (-math.inf, math.inf, "min", 0.5, True, True),
        (-math.inf, -math.inf, "min", 0.5, True, False),
        (1.0, -math.inf, "max", 0.5, True, True),
        (math.nan, math.inf, "min", 0.0, False, False),
        (math.nan, 1.0, "max", 0.0, False, False),
    ],
)
def test_what_is_better(
    now: float, best: float, mode: str, threshold: float, relative: bool, wanted: bool
) -> None:
    assert schedule.is_better(now, best, mode, threshold, relative) is wanted


@pytest.mark.parametrize(("frame", "series"), TABLES)
def test_tables_of_pandas_are_arrays(frame: Any, series: Any) -> None:
    scores, labels = np.random.default_rng(0).normal(size=(20, 4)), np.arange(20) % 4
    for metric, options in (
        (metrics.accuracy, {}),
        (metrics.top_k_accuracy, {"k": 2}),
        (metrics.confusion_matrix, {"classes": 4}),
        (metrics.precision, {"classes": 4}),
        (metrics.recall, {"classes": 4}),
        (metrics.f1_score, {"classes": 4}),
    ):
        found = metric(frame(scores), series(labels), **options)
        np.testing.assert_array_equal(found, metric(scores, labels, **options))
