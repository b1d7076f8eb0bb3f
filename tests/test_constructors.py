"""Arguments of all classes in `nn`: wrong numbers, flags and names are refused by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, Value
from autograd.core.op import data_of
from nn import init, schedule

Kind = list[tuple[Any, type[Exception]]]


def wrong(error: type[Exception], *values: Any) -> Kind:
    return [(x, error) for x in values]


NO_NUMBER = wrong(TypeError, "0.1", True, [0.1], 1j, Value(0.1), Tensor(0.1), np.ones(2), float)
NO_NUMBER += wrong(ValueError, math.nan, np.float32("nan"))
INFINITE = wrong(ValueError, math.inf, np.float64("-inf"))
NEGATIVE = wrong(ValueError, -1, -0.1, np.float32(-1), np.int64(-1), np.array(-1.0))
NONE = wrong(TypeError, None)

NUMBER = NO_NUMBER + INFINITE
AT_LEAST_0 = NUMBER + NEGATIVE
OR_INFINITE = NO_NUMBER + NEGATIVE
ABOVE_0 = AT_LEAST_0 + wrong(ValueError, 0, 0.0, np.float32(0))
PROBABILITY = AT_LEAST_0 + wrong(ValueError, 1.1, 2, np.float64(1.1))
BELOW_1 = PROBABILITY + wrong(ValueError, 1, 1.0, np.float32(1))
ANY_INTEGER = wrong(TypeError, "3", True, 1.5, 3.0, np.float64(3), Value(3.0), int, math.nan)
FROM_0 = ANY_INTEGER + wrong(ValueError, -1, np.int64(-1))
FROM_1 = FROM_0 + wrong(ValueError, 0, np.int32(0), np.array(0))
PAIR_0 = FROM_0 + wrong(ValueError, (1, 2, 3), [1], (1, -1)) + wrong(TypeError, (1, 1.5), "33")
PAIR_1 = PAIR_0 + wrong(ValueError, 0, (1, 0))
SEVERAL = FROM_1 + wrong(ValueError, [3, 0], np.array([2, -1])) + wrong(TypeError, [2.5], "33")
FLAG = wrong(TypeError, "yes", None, 2, 0.5, [True], math.nan)
FLOATING = wrong(TypeError, "x", None, int, np.bool_, complex, object, 3, [1], math.nan)
REAL = wrong(TypeError, "x", None, complex, object, 3, np.datetime64, Tensor)
TITLE = wrong(TypeError, None, 3, ["a"], np.ones(2))
NAME = wrong(ValueError, "x", None, 3, ["x"])
RNG = wrong(TypeError, "x", 1.5, [1], np.random, np.random.default_rng) + wrong(ValueError, -1)


def sgd(lr: float = 0.1) -> nn.SGD:
    return nn.SGD([nn.Parameter([1.0])], lr=lr, momentum=0.9)


def matrix() -> nn.Parameter:
    return nn.Parameter(np.zeros((2, 3)))


# What is made, with arguments that are right, and for each argument what is wrong.
Case = tuple[Callable[..., Any], dict[str, Any], dict[str, Kind]]
LAYERS: list[Case] = [
    (nn.Linear, {"in_features": 2, "out_features": 3},
     {"in_features": FROM_0 + NONE, "out_features": FROM_0 + NONE, "bias": FLAG, "rng": RNG,
      "dtype": FLOATING}),
    (nn.Dropout, {}, {"p": BELOW_1 + NONE, "rng": RNG}),
    (nn.Embedding, {"num_embeddings": 4, "embedding_dim": 3},
     {"num_embeddings": FROM_1 + NONE, "embedding_dim": FROM_1 + NONE, "rng": RNG,
      "dtype": FLOATING}),
    (nn.MLP, {"nin": 2, "nouts": [3, 1]},
     {"nin": FROM_1 + NONE, "nouts": SEVERAL + NONE, "dropout": BELOW_1 + NONE, "rng": RNG,
      "dtype": FLOATING}),
    (nn.Conv2d, {"in_channels": 1, "out_channels": 2, "kernel_size": 3},
     {"in_channels": FROM_1 + NONE, "out_channels": FROM_1 + NONE, "kernel_size": PAIR_1 + NONE,
      "stride": PAIR_1 + NONE, "padding": PAIR_0 + NONE, "bias": FLAG, "rng": RNG,
      "dtype": FLOATING}),
    (nn.MaxPool2d, {"kernel_size": 2}, {"kernel_size": PAIR_1 + NONE, "stride": PAIR_1}),
    (nn.AvgPool2d, {"kernel_size": 2}, {"kernel_size": PAIR_1 + NONE, "stride": PAIR_1}),
    (nn.BatchNorm1d, {"num_features": 2},
     {"num_features": FROM_1 + NONE, "eps": AT_LEAST_0 + NONE, "momentum": PROBABILITY + NONE,
      "affine": FLAG}),
    (nn.BatchNorm2d, {"num_features": 2, "affine": False}, {"dtype": FLOATING}),
    (nn.LayerNorm, {"normalized_shape": 2},
     {"normalized_shape": SEVERAL + NONE + wrong(ValueError, [], ()), "eps": AT_LEAST_0 + NONE,
      "elementwise_affine": FLAG, "dtype": FLOATING}),
    (nn.CELU, {}, {"alpha": ABOVE_0 + NONE}),
    (nn.GLU, {}, {"axis": wrong(TypeError, 1.0, "0", None)}),
    (nn.LeakyReLU, {}, {"negative_slope": NUMBER + NONE}),
    (nn.ELU, {}, {"alpha": NUMBER + NONE}),
    (nn.GELU, {}, {"approximate": NAME}),
    (nn.Hardtanh, {}, {"min_val": NO_NUMBER + NONE,
                       "max_val": NO_NUMBER + NONE + wrong(ValueError, -2)}),
    (nn.Softmax, {}, {"axis": ANY_INTEGER + NONE}),
    (nn.LogSoftmax, {}, {"axis": ANY_INTEGER + NONE}),
    (nn.scalar.Neuron, {"nin": 2}, {"nin": FROM_0 + NONE, "rng": RNG}),
    (nn.scalar.Layer, {"nin": 2, "nout": 1}, {"nin": FROM_0, "nout": FROM_1 + NONE, "rng": RNG}),
    (nn.scalar.MLP, {"nin": 2, "nouts": [1]},
     {"nin": FROM_1 + NONE, "nouts": SEVERAL + NONE, "rng": RNG}),
    (nn.manual_seed, {"seed": 3}, {"seed": FROM_0 + NONE}),
]  # fmt: skip
SCHEDULES: list[Case] = [
    (schedule.StepLR, {"step_size": 3},
     {"step_size": FROM_1 + NONE, "gamma": AT_LEAST_0 + NONE}),
    (schedule.ExponentialLR, {"gamma": 0.5}, {"gamma": AT_LEAST_0 + NONE}),
    (schedule.LinearLR, {}, {"start_factor": ABOVE_0 + NONE + wrong(ValueError, 1.5),
                             "end_factor": PROBABILITY + NONE, "total_iters": FROM_1 + NONE}),
    (schedule.CosineAnnealingLR, {"T_max": 3},
     {"T_max": FROM_1 + NONE, "eta_min": AT_LEAST_0 + NONE}),
    (schedule.OneCycleLR, {"max_lr": 1.0, "total_steps": 9},
     {"max_lr": [x for x in AT_LEAST_0 if not np.ndim(x[0])] + NONE, "total_steps": FROM_1,
      "pct_start": PROBABILITY + NONE, "anneal_strategy": NAME, "cycle_momentum": FLAG,
      "epochs": FROM_1, "steps_per_epoch": FROM_1,
      "base_momentum": BELOW_1 + NONE, "max_momentum": BELOW_1 + NONE, "three_phase": FLAG,
      "div_factor": ABOVE_0 + NONE, "final_div_factor": ABOVE_0 + NONE}),
    (schedule.OneCycleLR, {"max_lr": 1.0, "epochs": 2, "steps_per_epoch": 2},
     {"epochs": FROM_1, "steps_per_epoch": FROM_1}),
    (schedule.ReduceLROnPlateau, {},
     {"mode": NAME, "factor": BELOW_1 + NONE, "patience": FROM_0 + NONE,
      "threshold": AT_LEAST_0 + NONE, "threshold_mode": NAME, "cooldown": FROM_0 + NONE,
      "min_lr": [x for x in AT_LEAST_0 if not np.ndim(x[0])] + NONE, "eps": AT_LEAST_0 + NONE}),
]  # fmt: skip
INITS: list[Case] = [
    (init.constant_, {"value": 1.0}, {"value": NO_NUMBER + NONE}),
    (init.uniform_, {}, {"a": NUMBER + NONE, "b": NUMBER + NEGATIVE,
                         "rng": RNG}),
    (init.normal_, {}, {"mean": NUMBER + NONE, "std": AT_LEAST_0 + NONE, "rng": RNG}),
    (init.xavier_uniform_, {}, {"gain": AT_LEAST_0 + NONE, "rng": RNG}),
    (init.xavier_normal_, {}, {"gain": AT_LEAST_0 + NONE, "rng": RNG}),
    (init.kaiming_uniform_, {},
     {"a": NUMBER + NONE, "mode": NAME, "nonlinearity": NAME, "rng": RNG}),
    (init.kaiming_normal_, {},
     {"a": NUMBER + NONE, "mode": NAME, "nonlinearity": NAME, "rng": RNG}),
    (init.orthogonal_, {}, {"gain": AT_LEAST_0 + NONE, "rng": RNG}),
    (lambda tensor, **options: init.calculate_gain(**options), {"nonlinearity": "leaky_relu"},
     {"nonlinearity": NAME, "param": NUMBER}),
]  # fmt: skip

BOTH = {"predicted": [0, 1], "labels": [0, 1], "classes": 2}
PAIRS = {"prediction": [1.0], "target": [0.5]}
SCORES = {"logits": [[1.0, 2.0]], "target": [1]}
OTHERS: list[Case] = [
    (nn.mse_loss, PAIRS, {"reduction": NAME}),
    (nn.l1_loss, PAIRS, {"reduction": NAME}),
    (nn.huber_loss, PAIRS, {"reduction": NAME, "delta": OR_INFINITE + NONE}),
    (nn.hinge_loss, {"scores": [1.0], "target": [1.0]},
     {"reduction": NAME, "margin": NUMBER + NONE}),
    (nn.binary_cross_entropy_with_logits, {"logits": [1.0], "target": [0.5]}, {"reduction": NAME}),
    (nn.focal_loss, {"logits": [1.0], "target": [1.0]},
     {"reduction": NAME, "alpha": PROBABILITY, "gamma": AT_LEAST_0 + NONE}),
    (nn.margin_ranking_loss, {"input1": [1.0], "input2": [2.0], "target": [1.0]},
     {"reduction": NAME, "margin": NUMBER + NONE}),
    (nn.multi_margin_loss, {"scores": [[1.0, 2.0]], "target": [1]},
     {"reduction": NAME, "margin": NUMBER + NONE, "p": wrong(ValueError, 3, 0, None, "1", 1.5)}),
    (nn.cross_entropy, SCORES,
     {"reduction": NAME, "label_smoothing": PROBABILITY + NONE}),
    (nn.nll_loss, {"log_probabilities": [[-1.0, -2.0]], "labels": [0]}, {"reduction": NAME}),
    (nn.top_k_accuracy, {"predicted": [[1.0, 2.0]], "labels": [1]},
     {"k": FROM_1 + NONE + wrong(ValueError, 3)}),
    (nn.confusion_matrix, BOTH, {"classes": FROM_1 + NONE}),
    (nn.precision, BOTH, {"classes": FROM_1 + NONE, "average": wrong(ValueError, "x", 3)}),
    (nn.recall, BOTH, {"classes": FROM_1 + NONE, "average": wrong(ValueError, "x", 3)}),
    (nn.f1_score, BOTH, {"classes": FROM_1 + NONE, "average": wrong(ValueError, "x", 3)}),
    (nn.RandomShift, {}, {"pixels": FROM_0 + NONE, "fill": NUMBER + NONE}),
    (nn.RandomFlip, {}, {"p": PROBABILITY + NONE}),
    (nn.Normalize, {"mean": 0.0, "std": 1.0},
     {"mean": wrong(TypeError, "0", None, [None]) + INFINITE + wrong(ValueError, math.nan),
      "std": wrong(TypeError, "1", None) + wrong(ValueError, 0, [1.0, 0.0], -1, math.nan)}),
    (nn.Normalize.fit, {"data": np.ones((2, 3))},
     {"axis": wrong(TypeError, 0.0, "0", [1.5], 1j, Value(0.0), len)}),
    (nn.one_hot, {"labels": [0, 1]}, {"num_classes": FROM_0, "dtype": REAL}),
    (nn.EarlyStopping, {},
     {"patience": FROM_1 + NONE, "min_delta": AT_LEAST_0 + NONE, "mode": NAME[:1] + NAME[2:],
      "monitor": wrong(TypeError, None, 3, ["loss"])}),
    (nn.Checkpoint, {"path": "net.npz"},
     {"path": wrong(TypeError, None, 3, b"net.npz", ["net.npz"], str) + wrong(ValueError, ""),
      "min_delta": AT_LEAST_0 + NONE, "mode": NAME[:1] + NAME[2:],
      "monitor": wrong(TypeError, 3, ["loss"], 0)}),
    (nn.GradientNorm, {}, {"max_norm": OR_INFINITE + NONE}),
    (nn.datasets.rectangles, {"samples": 3}, {"samples": FROM_1, "size": FROM_1, "rng": RNG}),
    (nn.datasets.moons, {"samples": 3}, {"samples": FROM_1, "noise": AT_LEAST_0, "rng": RNG}),
    (nn.datasets.clouds, {"samples": 3}, {"samples": FROM_1, "noise": AT_LEAST_0, "rng": RNG}),
    (nn.datasets.spiral, {"samples": 3}, {"samples": FROM_1, "classes": FROM_1,
                                          "noise": AT_LEAST_0, "rng": RNG}),
    (nn.datasets.digits, {}, {"test_fraction": ABOVE_0 + wrong(ValueError, 1, 1.5)}),
    (nn.datasets.load, {"name": "moons"}, {"name": wrong(TypeError, None, 3, ["moons"])}),
    (nn.datasets.idx_images, {"name": "mnist"}, {"flatten": FLAG, "download": FLAG}),
    (nn.summary, {"model": nn.ReLU(), "input_shape": (1, 2)},
     {"model": wrong(TypeError, nn.ReLU, None), "input_shape": FROM_0 + NONE,
      "dtype": REAL}),
    (nn.draw_network, {"model": nn.MLP(1, [1])},
     {"shown": FROM_1 + NONE + wrong(ValueError, 2), "precision": FROM_1 + NONE,
      "inputs": wrong(TypeError, "x", 3, [3]), "outputs": wrong(TypeError, "y", None)}),
]  # fmt: skip


def arguments_of(cases: list[Case], **first: Any) -> list[Any]:
    """Return a test for each argument."""
    return [
        pytest.param(make, first | given, name, kind, id=f"{made}-{name}")
        for make, given, wrong in cases
        for made in [getattr(make, "__name__", "").strip("<>")]
        for name, kind in wrong.items()
    ]


def refused(make: Callable[..., Any], given: dict[str, Any], name: str, kind: Kind) -> None:
    fresh = (sgd, matrix)
    for x, error in kind:
        options = {
            key: value() if any(value is new for new in fresh) else value
            for key, value in given.items()
        }
        with pytest.raises(error, match=rf"^{name}(\[\d+\])? must be "):
            make(**(options | {name: x}))


@pytest.mark.parametrize(("make", "given", "name", "kind"), arguments_of(LAYERS))
def test_layers(make: Any, given: dict[str, Any], name: str, kind: Kind) -> None:
    refused(make, given, name, kind)


@pytest.mark.parametrize(("make", "given", "name", "kind"), arguments_of(SCHEDULES, optimizer=sgd))
def test_schedules(make: Any, given: dict[str, Any], name: str, kind: Kind) -> None:
    refused(make, given, name, kind)


@pytest.mark.parametrize(("make", "given", "name", "kind"), arguments_of(INITS, tensor=matrix))
def test_initialisers(make: Any, given: dict[str, Any], name: str, kind: Kind) -> None:
    refused(make, given, name, kind)


@pytest.mark.parametrize(("make", "given", "name", "kind"), arguments_of(OTHERS))
def test_others(make: Any, given: dict[str, Any], name: str, kind: Kind) -> None:
    refused(make, given, name, kind)


def test_clusters() -> None:
    pytest.importorskip("distributed")
    for name, kind in (("workers", FROM_1), ("timeout", ABOVE_0 + NONE)):
        refused(nn.Cluster, {}, name, kind)


def test_pictures() -> None:
    pytest.importorskip("matplotlib")
    plane = {"model": nn.MLP(2, [1], rng=0), "x": np.eye(2), "y": [0, 1]}
    refused(nn.plots.decision_regions, plane, "resolution", FROM_1 + NONE + wrong(ValueError, 1))
    refused(nn.plots.decision_regions, plane, "boundary", NUMBER + NONE)
    refused(nn.plots.decision_regions, plane, "model", wrong(TypeError, None, "net", nn.MLP))
    refused(nn.plots.decision_regions, plane, "title", TITLE)
    images = {"weights": np.ones((2, 4))}
    refused(nn.plots.weight_images, images, "most", FROM_1 + NONE)
    refused(nn.plots.weight_images, images, "shape", PAIR_1)
    refused(nn.plots.weight_images, images, "title", TITLE)
    counts = {"logits": [0, 1], "labels": [0, 1], "classes": ["a", "b"]}
    refused(nn.plots.confusion, counts, "classes", wrong(TypeError, "ab", None, 2))
    refused(nn.plots.confusion, counts, "title", TITLE)
    misread = {"probabilities": np.eye(2), "images": np.ones((2, 4)), "labels": [0, 1],
               "classes": ["a", "b"]}  # fmt: skip
    refused(nn.plots.mistakes, misread, "classes", wrong(TypeError, "ab", None, 2))
    refused(nn.plots.mistakes, misread, "most", FROM_1 + NONE)
    refused(nn.plots.mistakes, misread, "title", TITLE)
    refused(nn.plots.training_curves, {"history": nn.History()}, "title", TITLE)
    refused(nn.plots.training_curves, {"history": nn.History()}, "unit", TITLE)
    refused(nn.plots.training_curves, {}, "history", wrong(TypeError, None, [1.0], nn.History))


@pytest.mark.parametrize("weight", [[1.0, -1.0], [math.nan, 1.0], [math.inf, 1.0]])
def test_class_weights_below_0(weight: list[float]) -> None:
    for loss in (nn.cross_entropy, nn.nll_loss):
        with pytest.raises(ValueError, match="weights of finite numbers >= 0"):
            loss(np.zeros((1, 2)), [1], weight=weight)


@pytest.mark.parametrize(
    ("dtype", "fill"),
    [(np.uint8, -1), (np.uint8, 300), (np.uint8, 1e6), (np.int16, 0.5), (np.int8, 1e30),
     (np.bool_, 2), (np.float16, 1e6)],
)  # fmt: skip
def test_images_can_hold_what_they_are_filled_with(dtype: Any, fill: float) -> None:
    with pytest.raises(
        ValueError, match=f"^fill must be a number that images in {np.dtype(dtype)}"
    ):
        nn.RandomShift(1, fill=fill)(np.zeros((2, 4), dtype), 0)


def test_fills_of_every_dtype() -> None:
    for dtype, fill in ((np.uint8, 255.0), (np.int8, -128), (np.bool_, 1), (np.float32, 0.1)):
        out = nn.RandomShift(2, fill=fill)(np.zeros((30, 4), dtype), 0)
        assert out.dtype == dtype and set(out.ravel().tolist()) == {0, dtype(fill).item()}


def test_only_models_are_saved_and_loaded() -> None:
    for x in (None, "net", nn.Linear, [nn.Linear(1, 1)]):
        for call in (nn.save, nn.load):
            with pytest.raises(TypeError, match="^model must be a Module, but got "):
                call(x, "net.npz")


def test_chains_take_functions() -> None:
    with pytest.raises(TypeError, match=r"transforms\[1\] must be a function.* pass an instance"):
        nn.Chain(nn.RandomFlip(), nn.RandomShift)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make", [row[0] for row in SCHEDULES], ids=[row[0].__name__ for row in SCHEDULES]
)
@pytest.mark.parametrize("x", [nn.SGD, None, "sgd", [1], nn.Linear(1, 1)], ids=str)
def test_schedules_take_an_optimizer(make: Any, x: Any) -> None:
    given = next(given for kind, given, _ in SCHEDULES if kind is make)
    with pytest.raises(TypeError, match="^optimizer must be an Optimizer, but got "):
        make(x, **given)


def test_sequences_of_schedules() -> None:
    o = sgd()
    for schedulers, milestones, message in (
        (schedule.StepLR(o, 1), [], "schedulers must be a list of schedules"),
        ([schedule.StepLR], [], r"schedulers\[0\] must be .* got the class StepLR; pass an inst"),
        ([schedule.StepLR(o, 1)] * 2, [1.5], r"milestones\[0\] must be an integer"),
        ([schedule.StepLR(o, 1)] * 2, "1", "milestones must be an integer"),
    ):
        with pytest.raises(TypeError, match=message):
            schedule.SequentialLR(o, schedulers, milestones)  # type: ignore[arg-type]


def test_a_schedule_of_ones_own_gives_numbers() -> None:
    for x, error in AT_LEAST_0 + NONE:

        class Odd(nn.LRScheduler):
            def lr(self, base: float, t: int) -> Any:
                return x if t else base  # noqa: B023

        odd = Odd(sgd())
        with pytest.raises(error, match=r"the result of Odd.lr\(\) must be"):
            odd.step()


@pytest.mark.parametrize("one", [np.int64(3), np.int8(3), np.array(3), np.uint16(3)], ids=repr)
def test_numpys_integers_are_taken_as_pythons(one: Any) -> None:
    """And kept as such: what is shown, and what is saved, is the same."""
    assert repr(nn.Linear(one, one, bias=np.True_)) == "Linear(3, 3)"
    assert repr(nn.Conv2d(one, one, one, one, one)) == repr(nn.Conv2d(3, 3, 3, 3, 3))
    assert repr(nn.Conv2d(one, one, (one, 2))) == "Conv2d(3, 3, (3, 2))"
    assert repr(nn.MaxPool2d(one, one)) == repr(nn.MaxPool2d(3))
    assert repr(nn.LayerNorm(one)) == repr(nn.LayerNorm((one,))) == "LayerNorm((3,))"
    assert repr(nn.BatchNorm2d(one)) == "BatchNorm2d(3)"
    assert repr(nn.Embedding(one, one)) == "Embedding(3, 3)"
    assert repr(nn.Softmax(one)) == "Softmax(axis=3)"
    assert repr(nn.MLP(one, [one, one])) == repr(nn.MLP(3, [3, 3]))
    assert repr(nn.MLP(one, np.array([one, one]))) == repr(nn.MLP(3, [3, 3]))
    assert len(nn.scalar.MLP(one, [one]).parameters()) == 12
    o = sgd(1.0)
    assert schedule.StepLR(o, one).step_size == 3
    assert type(schedule.CosineAnnealingLR(o, one).T_max) is int
    assert schedule.SequentialLR(
        o, [schedule.StepLR(o, 1), schedule.StepLR(o, 2)], np.array([one])
    ).milestones == [3]


@pytest.mark.parametrize("half", [np.float32(0.5), np.float64(0.5), np.array(0.5)], ids=repr)
def test_numpys_numbers_are_taken_as_pythons(half: Any) -> None:
    assert repr(nn.Dropout(half)) == "Dropout(0.5)"
    assert repr(nn.LeakyReLU(half)) == "LeakyReLU(negative_slope=0.5)"
    assert repr(nn.Hardtanh(-half, half)) == "Hardtanh(min_val=-0.5, max_val=0.5)"
    assert type(nn.BatchNorm1d(2, eps=half, momentum=half).momentum) is float
    cycle = schedule.OneCycleLR(o := sgd(), half, 9, base_momentum=half, div_factor=half)
    assert cycle.state_dict()["base_lrs"] == [0.5] and type(o.lr) is float
    plateau = schedule.ReduceLROnPlateau(o, min_lr=half)
    assert type(plateau.min_lrs[0]) is float


# --- things of the wrong kind ---------------------------------------------------------------------

ACTIVATIONS = [
    (nn.MLP, "tanh", "pass nn.Tanh"), (nn.MLP, "ReLU", "pass nn.ReLU"),
    (nn.MLP, nn.Tanh(), "pass nn.Tanh"), (nn.MLP, nn.LeakyReLU(0.2), "pass nn.LeakyReLU"),
    (nn.MLP, nn.Tanh.function, "pass nn.Tanh"), (nn.MLP, "none", "got 'none'"),
    (nn.MLP, None, "got None"), (nn.MLP, nn.Linear(1, 1), "got Linear"),
    (nn.scalar.MLP, "tanh", r"pass ag.tanh or nn.Tanh\(\)"),
    (nn.scalar.MLP, "none", "not its name"),
    (nn.scalar.MLP, nn.Tanh, r"pass an instance: Tanh\(...\)"), (nn.scalar.MLP, 3, "got 3"),
]  # fmt: skip


@pytest.mark.parametrize(
    "activation", [np.tanh, nn.Linear, abs, int], ids=["tanh", "Linear", "abs", "int"]
)
def test_activations_that_take_arguments(activation: Any) -> None:
    with pytest.raises(TypeError, match="^activation must be .* no arguments, such as nn.Tanh, b"):
        nn.MLP(2, [3, 1], activation=activation)


@pytest.mark.parametrize(
    ("net", "activation", "message"), ACTIVATIONS, ids=[str(i) for i in range(len(ACTIVATIONS))]
)
def test_activations_of_the_wrong_kind(net: Any, activation: Any, message: str) -> None:
    with pytest.raises(TypeError, match=rf"^activation must be .*{message}"):
        net(2, [3, 1], activation=activation)
    with pytest.raises(TypeError, match=rf"^activation\[0\] must be .*{message}"):
        net(2, [3, 1], activation=[activation])
    if net is nn.scalar.MLP:
        with pytest.raises(TypeError, match=rf"^activation must be .*{message}"):
            nn.scalar.Neuron(2, activation)


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ([nn.ReLU], r"modules\[0\] must be .* got the class ReLU; pass an instance: ReLU\(...\)"),
        ([nn.Linear(2, 2), nn.Linear], r"modules\[1\] must be .* the class Linear; pass an inst"),
        ([[nn.ReLU()]], r"modules\[0\] must be .*; pass the modules themselves: Sequential\(\*mod"),
        ([iter([nn.ReLU()])], r"pass the modules themselves"),
        ([None], r"modules\[0\] must be a module or a function, but got None"),
        (["relu"], r"modules\[0\] must be .* got 'relu'"),
    ],
)  # fmt: skip
def test_sequences_take_modules(modules: list[Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        nn.Sequential(*modules)


INPUTS: list[tuple[Callable[[], Any], Any]] = [
    (lambda: nn.Linear(2, 3, rng=0), [[1.0, 2.0], [3.0, 5.0]]),
    (lambda: nn.Flatten(), [[[1.0, 2.0], [3.0, 5.0]]]),
    (lambda: nn.Dropout(0.5, rng=0), [1.0, 2.0]),
    (lambda: nn.Dropout(0.5, rng=0).eval(), [1.0, 2.0]),
    (lambda: nn.BatchNorm1d(2), [[1.0, 2.0], [3.0, 5.0]]),
    (lambda: nn.LayerNorm(2), [[1.0, 2.0], [3.0, 5.0]]),
    (lambda: nn.Conv2d(1, 1, 1, rng=0), [[[[1.0, 2.0], [3.0, 5.0]]]]),
    (lambda: nn.MaxPool2d(2), [[[[1.0, 2.0], [3.0, 5.0]]]]),
    (lambda: nn.AvgPool2d(1), [[[[1.0, 2.0], [3.0, 5.0]]]]),
    *[
        (kind, [[1.0, -2.0], [3.0, 5.0]])
        for kind in nn.layers.activation.Activation.__subclasses__()
    ],
    (lambda: nn.MLP(2, [3, 1], dropout=0.5, rng=0), [[1.0, 2.0], [3.0, 5.0]]),
]
every_input = pytest.mark.parametrize(
    ("make", "numbers"), INPUTS, ids=[repr(make()).partition("(")[0] for make, _ in INPUTS]
)


@every_input
def test_lists_are_taken_as_arrays(make: Callable[[], Any], numbers: Any) -> None:
    wanted = make()(np.array(numbers))
    for x in (numbers, tuple(numbers), Tensor(numbers)):
        np.testing.assert_array_equal(data_of(make()(x)), data_of(wanted))
    whole = np.rint(np.array(numbers)).astype(int)
    found = make()(whole.tolist())
    keep = (nn.Flatten, nn.MaxPool2d, nn.Dropout)  # the last one does in evaluation
    assert data_of(found).dtype.kind == "f" or isinstance(make(), keep)


@every_input
@pytest.mark.parametrize(
    "x",
    [None, "ab", ["a", "b"], {1.0}, {"a": 1.0}, object(), [[1.0], [1.0, 2.0]], [None],
     np.array([1j]), np.array(["a"]), np.array([None]), 1j, Tensor],
    ids=["None", "str", "strings", "set", "dict", "object", "ragged", "list of None",
         "complex", "array of str", "array of objects", "complex number", "class"],
)  # fmt: skip
def test_inputs_of_the_wrong_kind(make: Callable[[], Any], numbers: Any, x: Any) -> None:
    with pytest.raises(TypeError, match=r"(?s)^the input of \w+\(.*\) must be .*, but got "):
        make()(x)


@every_input
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_inputs_with_arithmetic_of_their_own(make: Callable[[], Any], numbers: Any) -> None:
    masked = np.ma.array(numbers, mask=np.ones(np.shape(numbers)))
    for x in (masked, np.matrix([[1.0, 2.0]])):
        with pytest.raises(TypeError, match="has arithmetic of its own.* use "):
            make()(x)


def test_looking_up_what_is_no_array() -> None:
    for x in ([[1], [1, 2]], None, "ab", Tensor):
        with pytest.raises(TypeError, match=r"the input of Embedding\(3, 2\) must be"):
            nn.Embedding(3, 2)(x)


@pytest.mark.parametrize(
    "x",
    [None, 3.0, np.array(1.0), Value(1.0), nn.ReLU(), "ab", {1.0, 2.0}, {0: 1.0, 1: 2.0},
     ["a", "b"], [None, 1.0], [1.0, [2.0]]],
    ids=lambda x: type(x).__name__,
)  # fmt: skip
def test_inputs_of_the_wrong_kind_for_scalar_nets(x: Any) -> None:
    with pytest.raises(TypeError, match=r"the input of Neuron\(2, relu\) must be 2 numbers, but"):
        nn.scalar.MLP(2, [2, 1])(x)


def test_dropout_of_whole_numbers_scales() -> None:
    """1 / (1 - p) is no whole number: nothing is rounded."""
    out = nn.Dropout(0.2, rng=0)(np.full(1000, 4))
    assert set(np.unique(out)) == {0.0, 5.0} and abs(out.mean() - 4) < 0.3


def test_flatten_wants_a_batch() -> None:
    with pytest.raises(ValueError, match="a batch .*, but got a single number"):
        nn.Flatten()(3.0)


NOTHING = [None, "ab", ["a"], {1.0}, nn.Linear, np.array([[1j, 1.0]]), {"a": 1.0}]
ONE = np.array([[1.0, 2.0]])
NUMBERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "mse": (lambda x: nn.mse_loss(x, ONE), "prediction"),
    "mse target": (lambda x: nn.mse_loss(ONE, x), "target"),
    "l1": (lambda x: nn.l1_loss(x, ONE), "prediction"),
    "huber": (lambda x: nn.huber_loss(ONE, x), "target"),
    "hinge": (lambda x: nn.hinge_loss(x, ONE), "scores"),
    "binary": (lambda x: nn.binary_cross_entropy_with_logits(x, ONE), "logits"),
    "focal": (lambda x: nn.focal_loss(x, ONE), "logits"),
    "ranking": (lambda x: nn.margin_ranking_loss(x, ONE, ONE), "input1"),
    "ranking 2": (lambda x: nn.margin_ranking_loss(ONE, x, ONE), "input2"),
    "multi margin": (lambda x: nn.multi_margin_loss(x, [1]), "scores"),
    "multi margin labels": (lambda x: nn.multi_margin_loss(ONE, x), "target"),
    "cross entropy": (lambda x: nn.cross_entropy(x, [1]), "logits"),
    "labels": (lambda x: nn.cross_entropy(ONE, x), "target"),
    "nll": (lambda x: nn.nll_loss(x, [1]), "log_probabilities"),
    "nll labels": (lambda x: nn.nll_loss(ONE, x), "labels"),
    "accuracy": (lambda x: nn.accuracy(x, [1]), "predicted"),
    "true classes": (lambda x: nn.accuracy(ONE, x), "labels"),
    "top k": (lambda x: nn.top_k_accuracy(x, [1], 1), "predicted"),
    "confusion": (lambda x: nn.confusion_matrix(x, [1], 2), "predicted"),
    "one hot": (nn.one_hot, "labels"),
    "shift": (nn.RandomShift(1), "x"),
    "flip": (nn.RandomFlip(), "x"),
    "normalize": (nn.Normalize(0.0, 1.0), "x"),
}


@pytest.mark.parametrize(("call", "name"), NUMBERS.values(), ids=list(NUMBERS))
def test_no_numbers_for_losses_metrics_and_transforms(call: Any, name: str) -> None:
    for x in NOTHING:
        if call is NUMBERS["labels"][0] and x is NOTHING[5]:
            continue  # as many as the logits: they count as probabilities
        with pytest.raises(TypeError, match=f"^{name} must hold real numbers, but got "):
            call(x)
    with pytest.raises(ValueError, match="inhomogeneous"):  # in NumPy's words
        call([[1.0], [1.0, 2.0]])


@pytest.mark.parametrize("option", ["weight", "pos_weight"])
def test_weights_are_named_in_errors(option: str) -> None:
    for x in (x for x in NOTHING if x is not None):
        with pytest.raises(TypeError, match=f"^{option} must hold real numbers"):
            if option == "weight":
                nn.cross_entropy(ONE, [1], weight=x)
            else:
                nn.binary_cross_entropy_with_logits(ONE, ONE * 0, pos_weight=x)


@pytest.mark.parametrize(
    "x",
    [["a", "b"], [None, 1.0], [1j, 1j], np.array([1.0, None])],
    ids=["str", "None", "complex", "object"],
)
def test_a_state_without_numbers_changes_nothing(x: Any) -> None:
    layer = nn.Linear(2, 2, rng=0)
    before = layer.state_dict()
    with pytest.raises(TypeError, match="^bias must hold real numbers, but got "):
        layer.load_state_dict({"weight": np.zeros((2, 2)), "bias": x})
    assert all((x == before[name]).all() for name, x in layer.state_dict().items())


@pytest.mark.parametrize("x", [None, 3, "ab", [1.0], np.ones(2), nn.Linear], ids=str)
def test_states_are_dicts(x: Any) -> None:
    for thing in (nn.Linear(1, 1), schedule.StepLR(sgd(), 1), sgd()):
        with pytest.raises(TypeError, match=r"^state must be .* state_dict\(\) "):
            thing.load_state_dict(x)


@pytest.mark.parametrize(
    ("name", "kind"), [("last_epoch", FROM_0 + NONE), ("base_lrs", AT_LEAST_0 + NONE)]
)
def test_states_of_schedules_hold_numbers(name: str, kind: Kind) -> None:
    for x, error in kind:
        chosen = schedule.StepLR(sgd(), 1)
        before = chosen.state_dict()
        with pytest.raises(error, match=f"^{name}.* must be "):
            chosen.load_state_dict(before | {name: [x] if name == "base_lrs" else x})
        assert chosen.state_dict() == before


def test_modules_train_or_do_not() -> None:
    for x, error in FLAG:
        net = nn.Sequential(nn.ReLU())
        with pytest.raises(error, match="^training must be True or False"):
            net.train(x)
        assert net[0].training


def test_scalar_nets_from_tensors_and_compiled() -> None:
    for x in (None, 3, [nn.Linear(1, 1)], nn.Linear(1, 1), nn.MLP):
        with pytest.raises(TypeError, match="^net must be a Sequential, but got "):
            nn.scalar.MLP.from_tensor(x)
    net = nn.scalar.MLP(1, [1], rng=0)
    for model, loss, name in (
        (None, nn.mse_loss, "model"), (nn.scalar.MLP, nn.mse_loss, "model"),
        (net, "mse", "loss"), (net, None, "loss"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=f"^{name} must be a"):
            nn.scalar.compile(model, loss)  # type: ignore[arg-type]
