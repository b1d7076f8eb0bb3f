"""Every loss: derivatives to second order, PyTorch's numbers, extremes, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from tables import TABLES

import autograd as ag
import nn
from autograd import Tensor, Value, check_gradients
from autograd.core import array_rules
from nn.losses import (
    binary_cross_entropy_with_logits,
    check_broadcasts,
    cross_entropy,
    focal_loss,
    hinge_loss,
    huber_loss,
    l1_loss,
    margin_ranking_loss,
    mse_loss,
    multi_margin_loss,
    nll_loss,
)

rng = np.random.default_rng(0)
X, Y = 2 * rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
BITS = np.array([[0, 1, 1], [1, 0, 0], [0, 0, 1], [1, 1, 0]])
PARTS = rng.dirichlet(np.ones(3), size=4)
LABELS = np.array([2, 0, 1, 2])
RIVALS = rng.normal(size=(4, 3))
WEIGHT = np.array([0.5, 2.0, 1.25])

Loss = Callable[..., Any]


def ranking_loss(x: Any, target: Any, **options: Any) -> Any:
    """`margin_ranking_loss` beside scores that do not change."""
    return margin_ranking_loss(x, RIVALS, target, **options)


CASES: list[tuple[Loss, Any, Any, dict[str, Any]]] = [
    (mse_loss, X, Y, {}),
    (l1_loss, X, Y, {}),
    (huber_loss, X, Y, {}),
    (huber_loss, X, Y, {"delta": 0.3}),
    (binary_cross_entropy_with_logits, X, PARTS, {}),
    (binary_cross_entropy_with_logits, X, BITS, {}),
    (binary_cross_entropy_with_logits, X, BITS, {"pos_weight": WEIGHT}),
    (hinge_loss, X, 2 * BITS - 1, {}),
    (hinge_loss, X, 2 * BITS - 1, {"margin": 0.4}),
    (focal_loss, X, BITS, {}),
    (focal_loss, X, BITS, {"alpha": None, "gamma": 0.5}),
    *((ranking_loss, X, 2 * BITS - 1, {"margin": margin}) for margin in (0.0, 0.7)),
    *(
        (multi_margin_loss, X, LABELS, {"p": p, "margin": 0.8, "weight": weight})
        for p in (1, 2)
        for weight in (None, WEIGHT)
    ),
    *(
        (cross_entropy, X, target, {"weight": weight, "label_smoothing": smoothing})
        for target in (LABELS, PARTS)
        for weight in (None, WEIGHT)
        for smoothing in (0.0, 0.15)
    ),
    (nll_loss, np.log(PARTS), LABELS, {}),
    (nll_loss, np.log(PARTS), LABELS, {"weight": WEIGHT}),
]
REDUCTIONS = ("mean", "sum", "none")
every_loss = pytest.mark.parametrize(
    ("loss", "x", "target", "options"), CASES, ids=lambda x: getattr(x, "__name__", None)
)


@every_loss
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_derivatives(
    loss: Loss, x: Any, target: Any, options: dict[str, Any], reduction: str
) -> None:
    check_gradients(lambda x: loss(x, target, reduction=reduction, **options), x)
    if target is Y or (target is PARTS and loss is not cross_entropy):  # which has to sum to 1
        check_gradients(lambda x, y: loss(x, y, reduction=reduction, **options), x, target)


def test_cross_entropy_can_be_differentiated_by_its_probabilities() -> None:
    check_gradients(lambda x, s: cross_entropy(x, ag.softmax(s), weight=WEIGHT), X, Y)


@every_loss
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_reductions_agree(
    loss: Loss, x: Any, target: Any, options: dict[str, Any], reduction: str
) -> None:
    each = loss(x, target, reduction="none", **options)
    by_label = loss in {cross_entropy, nll_loss, multi_margin_loss}
    assert each.shape == (x.shape[:1] if by_label else x.shape)
    weighted = by_label and target is LABELS and options.get("weight") is not None
    weighted = weighted and loss is not multi_margin_loss
    count = WEIGHT[LABELS].sum() if weighted else each.size
    wanted = {"mean": each.sum() / count, "sum": each.sum(), "none": each}[reduction]
    np.testing.assert_allclose(loss(x, target, reduction=reduction, **options), wanted, rtol=1e-14)


@every_loss
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_numbers_and_gradients_are_pytorchs(
    loss: Loss, x: Any, target: Any, options: dict[str, Any], reduction: str
) -> None:
    torch = pytest.importorskip("torch")
    tensors = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    if loss is hinge_loss:  # PyTorch has only one that adds the targets of -1 up as they are
        theirs: Loss = lambda x, y, reduction, margin=1.0: {
            "mean": torch.mean, "sum": torch.sum, "none": lambda x: x,
        }[reduction](torch.relu(margin - y * x))  # fmt: skip
    elif loss is focal_loss:  # torchvision's sigmoid_focal_loss, by its formula

        def theirs(x: Any, y: Any, reduction: str, alpha: Any = 0.25, gamma: float = 2.0) -> Any:
            p, y = torch.sigmoid(x), y.double()
            each = torch.nn.functional.binary_cross_entropy_with_logits(x, y, reduction="none")
            each = each * (1 - (p * y + (1 - p) * (1 - y))) ** gamma
            each = each if alpha is None else each * (alpha * y + (1 - alpha) * (1 - y))
            return each if reduction == "none" else getattr(each, reduction)()
    elif loss is ranking_loss:
        theirs = partial(torch.nn.functional.margin_ranking_loss, input2=torch.tensor(RIVALS))
        theirs = lambda x, y, f=theirs, **options: f(x, target=y, **options)
    else:
        theirs = getattr(torch.nn.functional, loss.__name__)
    there = torch.tensor(x, requires_grad=True)
    if loss is binary_cross_entropy_with_logits:
        target = target.astype(float)
    out = theirs(there, torch.tensor(target), reduction=reduction, **tensors)
    out.sum().backward()
    here = Tensor(x, requires_grad=True)
    ours = loss(here, target, reduction=reduction, **options)
    ours.sum().backward()
    np.testing.assert_allclose(ours.data, out.detach().numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(here.grad, there.grad.numpy(), rtol=1e-12, atol=1e-14)


@every_loss
def test_float32_stays_float32(loss: Loss, x: Any, target: Any, options: dict[str, Any]) -> None:
    here = Tensor(x, requires_grad=True, dtype=np.float32)
    for given in (target, target.tolist()):
        out = loss(here, given, **options)
        out.backward()
        assert out.dtype == here.grad.dtype == np.float32
        np.testing.assert_allclose(out.data, loss(x, target, **options), rtol=1e-5)


@pytest.mark.parametrize(
    ("loss", "target"),
    [(mse_loss, 0.5), (l1_loss, 0.5), (huber_loss, 0.5), (hinge_loss, -1.0),
     (binary_cross_entropy_with_logits, 1.0), (focal_loss, 1.0)],
)  # fmt: skip
def test_single_numbers(loss: Loss, target: float) -> None:
    v, t = Value(0.3), Tensor([0.3], requires_grad=True)
    out = loss(v, target)
    out.backward()
    whole = loss(t, [target])
    whole.backward()
    assert type(out) is Value and out.data == pytest.approx(whole.item(), abs=1e-15)
    assert v.grad == pytest.approx(t.grad[0], abs=1e-15)


# --- equal to what they replace -------------------------------------------------------------------


def test_fused_rows_equal_what_they_replace() -> None:
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), rng.normal(size=5)
    labels = np.array([0, 4, 2, 2])

    def fused(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return nn.cross_entropy(array_rules.linear(x, w, b), labels)

    def composed(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return -ag.log_softmax(x @ ag.transpose(w) + b)[np.arange(4), labels].mean()

    def curvature(f):  # type: ignore[no-untyped-def]
        return ag.grad(lambda *p: sum((g**2).sum() for g in ag.grad(f, (0, 1, 2))(*p)), (0, 1, 2))

    for one, two in zip(ag.value_and_grad(fused, (0, 1, 2))(x, w, b)[1] + curvature(fused)(x, w, b),
                        ag.value_and_grad(composed, (0, 1, 2))(x, w, b)[1]
                        + curvature(composed)(x, w, b)):  # fmt: skip
        np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_labels_equal_one_hot_rows_and_nll_of_log_softmax(reduction: str, smoothing: float) -> None:
    ce = partial(cross_entropy, X, reduction=reduction, label_smoothing=smoothing)
    np.testing.assert_allclose(ce(LABELS), ce(np.eye(3)[LABELS]), rtol=1e-14)
    np.testing.assert_allclose(ce(LABELS), ce(np.eye(3, dtype=int)[LABELS]), rtol=1e-14)
    np.testing.assert_allclose(ce(LABELS), ce(LABELS, weight=[1, 1, 1]), rtol=1e-14)
    if not smoothing:
        np.testing.assert_allclose(
            ce(LABELS), nll_loss(ag.log_softmax(X), LABELS, reduction=reduction), rtol=1e-14
        )


def test_plain_labels_take_the_fused_row() -> None:
    out = cross_entropy(Tensor(X, requires_grad=True), LABELS)
    assert out.op is array_rules.nll and out.args[0].op is array_rules.log_softmax


# --- extremes -------------------------------------------------------------------------------------


def value_and_slope(loss: Loss, x: Any, target: Any) -> tuple[Any, Any]:
    x = Tensor(x, requires_grad=True)
    out = loss(x, target, reduction="sum")
    out.backward()
    return out.item(), x.grad.tolist()


def test_cross_entropy_takes_logits() -> None:
    assert cross_entropy(np.zeros((8, 10)), [0] * 8) == pytest.approx(np.log(10))


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize(
    ("logits", "label", "loss", "slope"),
    [
        ([1000.0, -1000.0], 1, 2000.0, [1.0, -1.0]),
        ([1000.0, -1000.0], 0, 0.0, [0.0, 0.0]),
        ([0.0, -np.inf], 1, np.inf, [1.0, -1.0]),
        ([0.0, -np.inf], 0, 0.0, [0.0, 0.0]),
    ],
)
def test_cross_entropy_at_extremes(
    logits: list[float], label: int, loss: float, slope: list[float], one_hot: bool
) -> None:
    target = np.eye(2)[[label]] if one_hot else [label]
    assert value_and_slope(cross_entropy, [logits], target) == (loss, [slope])


@pytest.mark.parametrize(
    ("loss", "x", "target", "value", "slope"),
    [
        (binary_cross_entropy_with_logits, 1000.0, 0.0, 1000.0, 1.0),
        (binary_cross_entropy_with_logits, 1000.0, 1.0, 0.0, 0.0),
        (binary_cross_entropy_with_logits, -1000.0, 1.0, 1000.0, -1.0),
        (binary_cross_entropy_with_logits, -1000.0, 0.0, 0.0, 0.0),
        (binary_cross_entropy_with_logits, 50.0, 1.0, np.exp(-50), -np.exp(-50)),
        (binary_cross_entropy_with_logits, 0.0, 0.25, np.log(2), 0.25),
        (mse_loss, 1000.0, -1000.0, 4e6, 4000.0),
        (l1_loss, 1000.0, -1000.0, 2000.0, 1.0),
        (l1_loss, 2.0, 2.0, 0.0, 0.0),
        (huber_loss, 1000.0, -1000.0, 1999.5, 1.0),
        (huber_loss, 1.0, 0.0, 0.5, 1.0),
        (hinge_loss, 1000.0, 1.0, 0.0, 0.0),
        (hinge_loss, 1000.0, -1.0, 1001.0, 1.0),
        (hinge_loss, 1.0, 1.0, 0.0, 0.0),
        (partial(focal_loss, gamma=0.5), 1000.0, 1.0, 0.0, 0.0),
        (partial(focal_loss, gamma=0.5), -1000.0, 1.0, 250.0, -0.25),
        (focal_loss, 1000.0, 0.0, 750.0, 0.75),
        (partial(focal_loss, alpha=None, gamma=0), 0.0, 0.0, np.log(2), 0.5),
        (focal_loss, 0.0, 1.0, np.log(2) / 16, -(1 + np.log(4)) / 32),
    ],
)
def test_extremes_and_kinks(
    loss: Loss, x: float, target: float, value: float, slope: float
) -> None:
    found, slopes = value_and_slope(loss, [x], [target])
    assert found == pytest.approx(value, rel=1e-12) and slopes == pytest.approx([slope], rel=1e-12)


def test_slopes_by_probabilities_are_there_where_these_are_zero() -> None:
    slopes = ag.grad(lambda q: cross_entropy([[0.0, 0.0]], q))(np.array([[1.0, 0.0]]))
    np.testing.assert_allclose(slopes, [[np.log(2), np.log(2)]])
    slopes = ag.grad(lambda q: cross_entropy([[0.0, -np.inf]], q))(np.array([[1.0, 0.0]]))
    assert slopes.tolist() == [[0.0, 0.0]]  # and not inf: what never comes costs nothing


def test_ranking_moves_both_scores_apart() -> None:
    a, b = (Tensor(x, requires_grad=True) for x in ([1.0, 2.0, 3.0], [3.0, 1.5, 2.0]))
    margin_ranking_loss(a, b, [1, 1, -1], margin=0.5, reduction="sum").backward()
    assert a.grad.tolist() == [-1.0, 0.0, 1.0]  # of 2.5, 0 and 1.5: at the margin it is flat
    assert b.grad.tolist() == [1.0, 0.0, -1.0]
    v, w = Value(1.0), Value(2.0)
    margin_ranking_loss(v, w, 1).backward()
    assert (v.grad, w.grad) == (-1.0, 1.0)
    assert margin_ranking_loss([1.0], [1.0], [-1]) == 0.0
    with pytest.raises(
        ValueError, match=r"input1 and input2 of one shape, but got \(2,\) and \(1,"
    ):
        margin_ranking_loss(np.ones(2), np.ones(1), np.ones(2))


def test_the_multiclass_hinge_by_hand() -> None:
    scores = np.array([[0.5, 1.0, -2.0], [3.0, 0.0, 2.5]])
    # other classes fall short by 1.5 and 0 for the first, by 0 and 0.5 for the second
    for options, wanted in (
        ({}, [0.5, 0.5 / 3]), ({"p": 2}, [0.75, 0.25 / 3]), ({"margin": 0.25}, [0.25, 0.0]),
        ({"weight": [4.0, 1.0, 1.0]}, [2.0, 2 / 3]),
    ):  # fmt: skip
        found = multi_margin_loss(scores, [0, 0], reduction="none", **options)
        np.testing.assert_allclose(found, wanted, rtol=1e-15)
    slopes = ag.grad(lambda x: 3 * multi_margin_loss(x, [0, 0], reduction="sum"))(scores)
    assert slopes.tolist() == [[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]]
    huge = 1e308 * np.array([[0.5, -0.5, 0.0]])  # a score of the label itself adds nothing
    assert multi_margin_loss(huge, [0]) == 0.0


@pytest.mark.parametrize("loss", [cross_entropy, nll_loss, multi_margin_loss])
def test_a_batch_of_none_has_no_mean(loss: Loss) -> None:
    empty, labels = Tensor(np.zeros((0, 3)), requires_grad=True), np.zeros(0, int)
    assert loss(empty, labels, reduction="sum").item() == 0.0
    with np.errstate(invalid="ignore"):
        assert np.isnan(loss(empty, labels).item())


def test_targets_take_on_the_type_of_predictions_only_if_these_are_floats() -> None:
    assert mse_loss(np.array([1, 2]), np.array([1.5, 2.5])) == 0.25
    assert mse_loss(Tensor(1.0), 3.0).item() == 4.0


def test_weights_multiply_each_term() -> None:
    zero = np.zeros(1)
    loss = binary_cross_entropy_with_logits(zero, np.array([0.25]), pos_weight=2.0)
    assert loss == pytest.approx((2 * 0.25 + 0.75) * np.log(2))
    parts = np.array([[0.25, 0.75]])
    loss = cross_entropy(np.zeros((1, 2)), parts, weight=[2.0, 4.0])
    assert loss == pytest.approx((2 * 0.25 + 4 * 0.75) * np.log(2))
    for f, scores in ((cross_entropy, np.zeros((3, 2))), (nll_loss, np.full((3, 2), -np.log(2)))):
        loss = f(scores, [0, 1, 1], weight=[2.0, 4.0], reduction="none")
        np.testing.assert_allclose(loss, np.log(2) * np.array([2.0, 4.0, 4.0]))


def test_the_ends_of_what_is_allowed() -> None:
    zeros = np.zeros((1, 2))
    assert cross_entropy(zeros, [0], label_smoothing=1.0) == pytest.approx(np.log(2))
    assert cross_entropy(np.zeros((2, 2)), [0, 1], weight=[1.0, 0.0]) == pytest.approx(np.log(2))
    assert cross_entropy(zeros, [[0.5, 0.5005]]) == pytest.approx(1.0005 * np.log(2))


# --- what they refuse -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loss",
    [mse_loss, l1_loss, huber_loss, binary_cross_entropy_with_logits, hinge_loss, focal_loss],
)
def test_what_would_broadcast(loss: Loss) -> None:
    with pytest.raises(ValueError, match=rf"{loss.__name__}.*\(3,\) and \(3, 1\)"):
        loss(Tensor(np.zeros(3)), Tensor(np.ones((3, 1))))
    with pytest.raises(ValueError, match=r"\(3,\) and \(\)"):
        loss(Tensor(np.zeros(3)), 1.0)
    with pytest.raises(ValueError, match="'mean', 'sum' or 'none', but got 'max'"):
        loss(np.zeros(3), np.ones(3), reduction="max")


@pytest.mark.parametrize("loss", [cross_entropy, nll_loss, multi_margin_loss])
@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0, 10], ValueError, r"label 10 is outside 0...9 \(10 classes\)"),
        ([-1, 0], ValueError, "label -1 is outside"),
        (np.array([255, 0], np.uint8), ValueError, "label 255 is outside"),
        ([[0], [1]], ValueError, r"\(2, 10\) and \(2, 1\)"),
        ([0, 1, 2], ValueError, r"\(3,\)"),
        (np.zeros(2), TypeError, "integer labels, but got float64"),
    ],
)
def test_labels_are_checked(
    loss: Loss, labels: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        loss(Tensor(np.zeros((2, 10))), labels)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cross_entropy(X, LABELS, weight=[1.0, 2.0]), r"each of 3 classes, but got \(2,\)"),
        (lambda: nll_loss(X, LABELS, weight=[1.0, -2.0, 1.0]), ">= 0, but got -2"),
        (lambda: nll_loss(X, [0]), r"needs log_probabilities \(batch, classes\) and labels"),
        *[
            (
                lambda w=w: binary_cross_entropy_with_logits(X, BITS, pos_weight=w),
                f"pos_weight of finite numbers >= 0, but got {w}",
            )
            for w in (-1, np.inf, np.nan)
        ],
        (
            lambda: binary_cross_entropy_with_logits(X, BITS, pos_weight=np.ones(2)),
            r"pos_weight must broadcast to shape \(\d+, 3\), but has shape \(2,\)",
        ),
        (
            lambda: binary_cross_entropy_with_logits([[0.0]], [[1.0]], pos_weight=np.ones(2)),
            r"pos_weight must broadcast to shape \(1, 1\), but has shape \(2,\)",
        ),
        (lambda: cross_entropy(X, LABELS, label_smoothing=1.5), "but got 1.5"),
        (lambda: cross_entropy(X, 2 * PARTS), "sum to 1 in each row, but got 2"),
        (lambda: cross_entropy(np.zeros((1, 2)), [[0.5, 0.5015]]), "in each row, but got 1.0015"),
        (lambda: binary_cross_entropy_with_logits([0.0], [1.5]), "but got 1.5"),
        (lambda: cross_entropy(np.zeros(3), PARTS[0]), r"\(batch, classes\)"),
        (lambda: binary_cross_entropy_with_logits(X, 2 * BITS - 1), "from 0 to 1, but got -1"),
        (lambda: hinge_loss(X, BITS), "targets of -1 and 1, but got 0"),
        (lambda: focal_loss(X, PARTS), r"targets of 0 and 1, but got 0\."),
        (lambda: focal_loss(X, BITS, alpha=-1.0), "alpha .* but got -1"),
        (lambda: focal_loss(X, BITS, gamma=-1.0), "gamma must be a finite number >= 0, but got -1"),
        (lambda: margin_ranking_loss(X, Y, BITS), "targets of -1 and 1, but got 0"),
        (lambda: margin_ranking_loss(X, Y, 1), "input1 and target of one shape"),
        (lambda: multi_margin_loss(X, [0]), r"^multi_margin_loss needs scores \(batch, classes"),
        (lambda: cross_entropy(X, [0]), r"^cross_entropy needs logits \(batch, classes"),
        (lambda: multi_margin_loss(X, LABELS, p=3), "p must be 1 or 2, but got 3"),
        (lambda: multi_margin_loss(X, LABELS, weight=[1.0, 2.0]), "each of 3 classes"),
        (lambda: huber_loss(X, Y, delta=0.0), "delta must be a number > 0, but got 0.0"),
    ],
)
def test_options_and_targets_are_checked(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_lists_of_numbers_have_a_loss_too() -> None:
    assert nn.mse_loss([1.0, 2.0], [1.0, 1.0]) == 0.5


def test_losses_do_not_look_at_numbers_that_are_yet_to_be_computed() -> None:
    dask, array = pytest.importorskip("dask"), pytest.importorskip("dask.array")
    scores, labels = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([1, 0])
    x, y, t = (array.from_array(a, chunks=1) for a in (scores, labels, scores > 0))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed before it was asked for")

    with dask.config.set(scheduler=refuse):
        loss = nn.cross_entropy(ag.from_numpy(x), y)
        apart = nn.binary_cross_entropy_with_logits(ag.from_numpy(x), t.astype(float))
    assert loss.item() == pytest.approx(nn.cross_entropy(scores, labels))
    assert apart.item() == pytest.approx(
        nn.binary_cross_entropy_with_logits(scores, (scores > 0).astype(float))
    )


LISTED, SOFT = np.array([0, 1, 2, 1]), np.eye(3)[[0, 1, 2, 1]]


@pytest.mark.parametrize(("frame", "series"), TABLES)
@pytest.mark.parametrize(
    ("loss", "target"),
    [
        (nn.cross_entropy, LISTED),
        (nn.cross_entropy, SOFT),
        (partial(nn.cross_entropy, label_smoothing=0.1), LISTED),
        (nn.nll_loss, LISTED),
        (nn.mse_loss, SOFT),
        (nn.l1_loss, SOFT),
        (nn.huber_loss, SOFT),
        (nn.binary_cross_entropy_with_logits, SOFT),
        (nn.hinge_loss, 2 * SOFT - 1),
        (nn.focal_loss, SOFT),
        (nn.multi_margin_loss, LISTED),
    ],
    ids=lambda x: getattr(x, "__name__", "partial") if callable(x) else f"{x.ndim}d",
)
def test_tables_of_pandas_are_arrays(loss: Any, target: Any, frame: Any, series: Any) -> None:
    table = (series if target.ndim == 1 else frame)(target)
    values = np.random.default_rng(0).normal(size=(4, 3))
    ours, wanted = (Tensor(values, requires_grad=True) for _ in range(2))
    out = loss(ours, table)
    assert type(out) is Tensor and out.dtype == np.float64
    loss(wanted, target).backward()
    out.backward()
    np.testing.assert_allclose(ours.grad, wanted.grad, rtol=1e-14)
    assert float(loss(frame(values), table)) == pytest.approx(float(loss(values, target)))


@pytest.mark.parametrize(("frame", "series"), TABLES)
def test_weights_may_be_tables(frame: Any, series: Any) -> None:
    logits, weight = np.random.default_rng(0).normal(size=(4, 3)), np.array([1.0, 2.0, 3.0])
    for loss, target, name in (
        (nn.cross_entropy, LISTED, "weight"),
        (nn.nll_loss, LISTED, "weight"),
        (nn.binary_cross_entropy_with_logits, SOFT, "pos_weight"),
    ):
        wanted = loss(logits, target, **{name: weight})
        assert float(loss(frame(logits), target, **{name: series(weight)})) == float(wanted)


@pytest.mark.parametrize("loss", [nn.mse_loss, nn.hinge_loss, nn.binary_cross_entropy_with_logits])
def test_arrays_of_text_are_refused_by_name(loss: Any) -> None:
    with pytest.raises(TypeError, match="^target must hold real numbers, but got <U1"):
        loss(np.zeros(2), np.array(["a", "b"]))


def test_shapes_that_broadcast_are_accepted() -> None:
    for shape in ((), (1,), (3,), (1, 3), (2, 1)):
        check_broadcasts("alpha", shape, (2, 3))
    for shape in ((2,), (3, 1), (1, 2, 3)):
        with pytest.raises(ValueError, match=r"alpha must broadcast to shape \(2, 3\)"):
            check_broadcasts("alpha", shape, (2, 3))
