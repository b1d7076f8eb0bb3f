"""What `fit`, `evaluate` and `predict` refuse, by the argument's name, and what they accept."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value
from nn.data.transforms import Normalize

X = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
Y = np.arange(12) % 3


class Net(nn.Module):
    def __init__(self) -> None:
        self.inner = nn.Linear(2, 3, rng=0)

    def forward(self, x: Any) -> Any:
        return self.inner(x)


def learn(model: Any = None, data: Any = (X, Y), **options: Any) -> nn.History:
    model = Net() if model is None else model
    options.setdefault("optimizer", lambda: nn.SGD(model.parameters(), lr=0.1))
    if type(options["optimizer"]).__name__ == "function":
        options["optimizer"] = options["optimizer"]()
    given = {"loss": nn.cross_entropy, "epochs": 1, "batch_size": 4} | options
    return nn.fit(model, data, **given)


def optimizer() -> nn.SGD:
    return nn.SGD([nn.Parameter([1.0])], lr=0.1)


WRONG: dict[str, tuple[list[Any], str]] = {
    "optimizer": ([nn.Adam, None, "adam", 0.1, [nn.Parameter([1.0])]], "must be an Optimizer"),
    "loss": (["mse", None, nn.Module, nn.Flatten, 3], "must be a function"),
    "epochs": ([1.5, "3", None, -1, np.nan, np.float64(3), True, [3]], "must be an integer >= 0"),
    "batch_size": ([0, -1, 1.5, np.nan, "4", None, True], "must be an integer >= 1"),
    "schedule": ([nn.StepLR, "step", 3, None, [nn.StepLR], [None]], "must be an? "),
    "schedule_per": (["batch", 1, "Step", nn.StepLR], "must be None or 'step' or 'epoch'"),
    "callbacks": ([nn.EarlyStopping(), nn.EarlyStopping, [nn.EarlyStopping], None, 3, "x",
                   [print], {"a": nn.Callback()}], "must be an? "),
    "l1": ([-1, np.nan, np.inf, "0.1", None, True, Value(0.1)], "must be a finite number >= 0"),
    "l2": ([-1e-9, np.float32("nan"), [0.1], 1j], "must be a finite number >= 0"),
    "seed": ([-1, 1.5, "0", np.nan, random.Random(0), np.random.RandomState(0), [1], True],
             "must be an? (seed|integer)"),
    "progress": ([None, "no", 2], "must be True or False"),
    "resume": ([None, "yes", 2], "must be True or False"),
    "checkpoint": ([3, b"x.npz", True, ["x.npz"], 1.5], "must be the path of an .npz file"),
    "transform": (["flip", 3, nn.RandomFlip, lambda x: x], "(must be a function|is called as)"),
    "validation_transform": (["flip", nn.RandomFlip, lambda: 3], "(must be a f|is called as)"),
    "executor": (["tcp://host", nn.Cluster, 3], "must be a Cluster"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, x, id=f"{name}-{i}")
        for name in WRONG
        for i, x in enumerate(WRONG[name][0])
    ],
)
def test_a_wrong_kind_is_named_before_anything_changes(name: str, value: Any) -> None:
    model, message = Net(), WRONG[name][1]
    before = model.state_dict()
    rng = np.random.default_rng(0)
    options = {"optimizer": nn.SGD(model.parameters(), lr=0.1), "seed": rng, "validation": (X, Y)}
    with pytest.raises((TypeError, ValueError), match=rf"^{name}(\[0\])? {message}"):
        learn(model, **options | {name: value})
    assert all((x == before[name]).all() for name, x in model.state_dict().items())
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": np.int64(2)},
        {"epochs": np.array(2)},
        {"batch_size": np.int64(5)},
        {"l1": np.float32(0.1), "l2": 1},
        {"seed": np.int64(3)},
        {"seed": np.random.default_rng(3)},
        {"progress": 0, "resume": False},
        {"callbacks": (nn.PrintEpochs() for _ in range(1))},
        {"callbacks": {nn.GradientNorm()}},
        {"transform": Normalize.fit(X), "validation": (X, Y)},
        {"schedule_per": "step", "schedule": []},
    ],
    ids=lambda options: " ".join(options),
)
def test_other_numbers_and_containers_are_accepted(options: dict[str, Any]) -> None:
    assert learn(**options).loss


@pytest.mark.parametrize(
    "model",
    [Net, None, "net", lambda x: x, nn.Linear, 3],
    ids=lambda x: getattr(x, "__name__", str(x)),
)
def test_a_model_is_an_instance(model: Any) -> None:
    uses: list[Callable[[], Any]] = [
        lambda: nn.fit(model, (X, Y), loss=nn.mse_loss, epochs=1, optimizer=optimizer()),
        lambda: nn.evaluate(model, (X, Y)),
        lambda: nn.predict(model, X),
    ]
    for use in uses:
        with pytest.raises(TypeError, match="^model must be a Module, but got"):
            use()


@pytest.mark.parametrize(
    ("loss", "error", "message"),
    [
        (lambda out, y: 0.5, TypeError, "must be a Tensor or a Value.* got 0.5"),
        (lambda out, y: nn.cross_entropy(out, y).item(), TypeError, "must be a Tensor or a Value"),
        (lambda out, y: np.float64(1), TypeError, "must be a Tensor or a Value"),
        (lambda out, y: None, TypeError, r"the loss <lambda> returned None; end it with `return"),
        (lambda out, y: "x", TypeError, "must return one number, but returned 'x'"),
        (lambda out, y: [out], TypeError, "must return one number, but returned"),
        (lambda out, y: out, ValueError, r"one number, but returned shape \(4, 3\).*mean\(\)"),
        (lambda out, y: out.sum(axis=0, keepdims=True)[0, :1], ValueError, r"shape \(1,\)"),
        (lambda out, y: nn.cross_entropy(out, y, reduction="none"), ValueError, r"shape \(4,\)"),
        (lambda out, y: Tensor(1.0), ValueError, "needs no gradient"),
    ],
)  # fmt: skip
def test_a_loss_is_one_number_with_a_gradient(loss: Any, error: Any, message: str) -> None:
    model = Net()
    before = model.state_dict()
    with pytest.raises(error, match=message):
        learn(model, loss=loss)
    assert all((x == before[name]).all() for name, x in model.state_dict().items())
    assert model.training and all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize(
    "loss", [lambda out, y: None, lambda out, y: "x", lambda out, y: out, "mse", nn.Module]
)
def test_evaluate_refuses_losses_alike(loss: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="loss"):
        nn.evaluate(Net(), (X, Y), loss)
    assert nn.evaluate(Net(), (X, Y), lambda out, y: 0.5)["loss"] == 0.5


def test_a_loss_is_evaluated_in_evaluation_mode_and_not_recorded() -> None:
    seen: list[Any] = []

    class Dropped(nn.Module):
        def __init__(self) -> None:
            self.drop, self.scale = nn.Dropout(0.5, rng=0), nn.Parameter(1.0)

        def forward(self, out: Any, y: Any) -> Any:
            seen.append(nn.cross_entropy(self.drop(out) * self.scale, y))
            return seen[-1]

    loss = Dropped()
    wanted = nn.evaluate(Net(), (X, Y), nn.cross_entropy)["loss"]
    assert nn.evaluate(Net(), (X, Y), loss)["loss"] == pytest.approx(wanted, rel=1e-5)
    assert not seen[0].requires_grad and loss.training


def test_a_forward_without_return_is_named() -> None:
    class Forgetful(Net):
        def forward(self, x: Any) -> Any:
            self.inner(x)

    for use in (lambda: learn(Forgetful()), lambda: nn.predict(Forgetful(), X),
                lambda: nn.evaluate(Forgetful(), (X, Y))):  # fmt: skip
        with pytest.raises(TypeError, match=r"Forgetful\.forward\(\) returned None"):
            use()


class Twins(Net):
    def forward(self, x: Any) -> Any:
        return self.inner(x), self.inner(x)


class Total(Net):
    def forward(self, x: Any) -> Any:
        return self.inner(x).sum()


class Uneven(Net):
    def forward(self, x: Any) -> Any:
        return self.inner(x), 1


class Turned(Net):
    def forward(self, x: Any) -> Any:
        return self.inner(x).T


@pytest.mark.parametrize("kind", [Twins, Total, Uneven, Turned])
def test_outputs_that_are_no_rows_are_named(kind: type[nn.Module]) -> None:
    for use in (lambda: nn.predict(kind(), X), lambda: nn.evaluate(kind(), (X, Y))):
        with pytest.raises(ValueError, match=f"{kind.__name__} must return one array with an out"):
            use()


# --- optimizers of other parameters ---------------------------------------------------------------


def test_an_optimizer_of_another_model_is_refused() -> None:
    model = Net()
    with pytest.raises(ValueError, match=r"none of the model's parameters.*SGD\(model.parameters"):
        learn(model, optimizer=nn.SGD(Net().parameters(), lr=0.1))


def test_parameters_may_be_left_out() -> None:
    model = Net()
    before = model.state_dict()
    learn(model, optimizer=nn.SGD([model.inner.weight], lr=0.1))
    after = model.state_dict()
    assert (after["inner.weight"] != before["inner.weight"]).any()
    np.testing.assert_array_equal(after["inner.bias"], before["inner.bias"])


def test_foreign_parameters_are_warned_of() -> None:
    model, scale = Net(), nn.Parameter([1.0, 1.0, 1.0])
    given = nn.SGD([*model.parameters(), scale], lr=0.1)
    with pytest.warns(RuntimeWarning, match=r"has 1 parameters .* shapes \(3,\)\): they"):
        learn(model, optimizer=given)
    assert scale.data.tolist() == [1, 1, 1]
    with pytest.warns(RuntimeWarning, match="not the model's"):
        learn(model, optimizer=given, loss=lambda out, y: nn.cross_entropy(out * scale, y))
    assert scale.data.tolist() != [1, 1, 1]


def test_parameters_of_a_loss_are_not_foreign() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            self.scale = nn.Parameter([1.0, 1.0, 1.0])

        def forward(self, out: Any, y: Any) -> Any:
            return nn.cross_entropy(out * self.scale, y)

    model, loss = Net(), Scaled()
    learn(model, loss=loss, optimizer=nn.SGD([*model.parameters(), *loss.parameters()], lr=0.1))
    assert loss.scale.data.tolist() != [1, 1, 1]


def test_a_model_without_parameters_of_its_own_is_warned_of() -> None:
    w = nn.Parameter(np.zeros((2, 3)))

    class Closure(nn.Module):
        def forward(self, x: Any) -> Any:
            return x @ w

    with pytest.warns(RuntimeWarning, match="not the model's"):
        learn(Closure(), optimizer=nn.SGD([w], lr=0.1))
    assert w.data.any()


# --- nets of single numbers -----------------------------------------------------------------------


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_net_of_single_numbers_is_trained_as_its_tensor_twin(outputs: int) -> None:
    net = nn.scalar.MLP(2, [4, outputs], activation=ag.tanh, rng=0)
    twin = net.to_tensor()
    x = X.astype(float)
    y, loss = (Y, nn.cross_entropy) if outputs == 3 else (x[:, 0] * x[:, 1], nn.mse_loss)

    def train(model: Any, y: Any) -> nn.History:
        return learn(model, (x, y), loss=loss, validation=(x, y), epochs=5, seed=0)

    found, wanted = train(net, y), train(twin, y if outputs == 3 else y[:, None])
    for name, column in wanted.epochs.items():
        assert found.epochs[name] == pytest.approx(column), name
    ours, theirs = nn.predict(net, x, batch_size=5), nn.predict(twin, x)
    np.testing.assert_allclose(ours, theirs.reshape(ours.shape), rtol=1e-9)


# --- transforms -----------------------------------------------------------------------------------


def test_transforms_may_apply_to_validation_too() -> None:
    normalize = Normalize(5.0, 2.0)
    history = learn(transform=normalize, validation=(X, Y), validation_transform=normalize, seed=0)
    apart = learn(data=normalize(nn.Dataset(X, Y)), validation=normalize(nn.Dataset(X, Y)), seed=0)
    assert history == apart
    assert learn(transform=normalize, validation=(X, Y), seed=0).epochs["validation_loss"] != (
        apart.validation_loss
    )
    with pytest.raises(ValueError, match="validation_transform needs data to transform"):
        learn(validation_transform=normalize)
    for batches in (nn.DataLoader((X, Y)), [(X, Y)]):
        with pytest.raises(ValueError, match="validation comes in batches"):
            learn(validation=batches, validation_transform=normalize)


@pytest.mark.parametrize(
    ("transform", "error", "message"),
    [
        (lambda x, rng: None, TypeError, "what transform returns must hold real numbers"),
        (
            lambda x, rng: x[:2],
            ValueError,
            r"one row per sample, .* shape \(2, 2\) for 4",
        ),
        (lambda x, rng: x.astype(str), TypeError, "what transform returns must hold real numbers"),
    ],
)
def test_a_transform_returns_as_many_rows(transform: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        learn(transform=transform)


def test_a_checkpoint_may_be_any_path(tmp_path: Path) -> None:
    for path in (tmp_path / "a.npz", str(tmp_path / "b.npz")):
        learn(checkpoint=path)
        assert Path(path).exists()
