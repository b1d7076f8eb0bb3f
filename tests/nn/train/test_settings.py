"""A resumed training with other settings says so, and which of both it uses."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.train.settings import described

X, Y = (np.random.default_rng(i).normal(size=(20, 2)) for i in (0, 1))


def scaled_mse(k: float) -> Callable[[Any, Any], Any]:
    return lambda out, y: k * nn.mse_loss(out, y)


def sgd(**options: Any) -> Callable[[Any], Any]:
    return lambda params: nn.SGD(params, **{"lr": 0.1, "momentum": 0.9} | options)


def groups(lr: float) -> Callable[[Any], Any]:
    return lambda params: nn.SGD([{"params": params[:1], "lr": lr}, {"params": params[1:]}], lr=0.1)


def fit(path: Path | None, **options: Any) -> tuple[nn.History, list[bytes]]:
    """A training of 3 epochs of 3 steps; its history and weights."""
    model = options.pop("model", None) or nn.MLP(2, [4, 2], dropout=0.2, dtype=float, rng=0)
    optimizer = options.pop("optimizer", sgd())(model.parameters())
    make = options.pop("schedule", None)
    options = {
        "loss": nn.mse_loss, "epochs": 3, "batch_size": 9, "seed": 0, "data": (X, Y),
        "schedule": make(optimizer) if make else (), "checkpoint": path,
    } | options  # fmt: skip
    history = nn.fit(model, optimizer=optimizer, **options)
    return history, [x.tobytes() for x in model.state_dict().values()]


def step(**options: Any) -> Callable[[Any], Any]:
    return lambda optimizer: nn.StepLR(optimizer, **{"step_size": 2} | options)


def one_cycle(peak: float, **options: Any) -> Callable[[Any], Any]:
    return lambda optimizer: nn.OneCycleLR(optimizer, peak, total_steps=20, **options)


def other_cycle(option: str, x: Any, default: Any) -> tuple[Any, ...]:
    first, second = {"schedule": one_cycle(0.2)}, {"schedule": one_cycle(0.2, **{option: x})}
    return first, second, f"the given OneCycleLR.{option} {x!r}, not the checkpoint's {default!r}"


def edited(factor: str) -> Any:
    """A loss in a program whose author changes a number between two runs."""
    names: dict[str, Any] = {"nn": nn, "__name__": "program"}
    exec(f"def mine(out, y):\n    'The loss.'\n    return {factor} * nn.mse_loss(out, y)", names)
    return names["mine"]


def sequence(iterations: int, milestone: int = 1) -> Callable[[Any], Any]:
    return lambda optimizer: nn.SequentialLR(
        optimizer,
        [nn.LinearLR(optimizer, total_iters=iterations), nn.StepLR(optimizer, 2)],
        milestones=[milestone],
    )


OTHER: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    # What the checkpoint was written with, what it is resumed with, what is told.
    "lr": ({}, {"optimizer": sgd(lr=0.01)}, "the checkpoint's lr 0.1, not the given 0.01"),
    "momentum": ({}, {"optimizer": sgd(momentum=0.5)}, "the checkpoint's momentum 0.9, not"),
    "weight decay": ({}, {"optimizer": sgd(weight_decay=0.1)},
                     "the checkpoint's weight_decay 0.0, not the given 0.1"),
    "betas": ({"optimizer": nn.Adam},
              {"optimizer": lambda params: nn.Adam(params, betas=(0.5, 0.9))},
              "the checkpoint's betas (0.9, 0.999), not the given (0.5, 0.9)"),
    "groups": ({"optimizer": groups(0.2)}, {"optimizer": groups(0.3)},
               "the checkpoint's lr of group 0 0.2, not the given 0.3"),
    "lr under a schedule": (
        {"schedule": step()}, {"schedule": step(), "optimizer": sgd(lr=0.01)},
        "the checkpoint's lr 0.1, not the given 0.01",
    ),
    "l1": ({"l1": 0.1}, {"l1": 0.2}, "the checkpoint's l1 0.1, not the given 0.2"),
    "l2": ({}, {"l2": 0.2}, "the checkpoint's l2 0.0, not the given 0.2"),
    "seed": ({}, {"seed": 1}, "the checkpoint's seed 0, not the given 1"),
    "loader's seed": (
        {"data": nn.DataLoader((X, Y), 9, rng=3), "seed": None},
        {"data": nn.DataLoader((X, Y), 9, rng=4), "seed": None},
        "the checkpoint's seed 3, not the given 4",
    ),
    "loss": ({}, {"loss": nn.l1_loss}, "the given loss 'l1_loss', not the checkpoint's 'mse_loss'"),
    "lambda": ({"loss": lambda out, y: nn.mse_loss(out, y)},
               {"loss": lambda out, y: nn.huber_loss(out, y)},
               "the given loss 'lambda(nn, huber_loss)', not the checkpoint's"),
    "number in a closure": ({"loss": scaled_mse(2)}, {"loss": scaled_mse(3)},
                            "the given loss.k 3, not the checkpoint's 2"),
    "partial": ({"loss": partial(nn.huber_loss, delta=1.0)},
                {"loss": partial(nn.huber_loss, delta=2.0)},
                "the given loss.keywords.delta 2.0, not the checkpoint's 1.0"),
    "array": ({"transform": nn.data.transforms.Normalize(np.zeros(2), np.ones(2))},
              {"transform": nn.data.transforms.Normalize(np.ones(2), np.ones(2))},
              "the given transform.mean 'array (2,) "),
    "transform": ({"transform": lambda x, rng: x},
                  {"transform": lambda x, rng: 2 * x}, "the given transform 'lambda(2)', not the"),
    "no transform": ({}, {"transform": lambda x, rng: x},
                     "the given transform 'lambda()', not the checkpoint's None"),
    "batch size": ({}, {"batch_size": 8}, "the given batch_size 8, not the checkpoint's 9"),
    "shuffle": ({"data": nn.DataLoader((X, Y), 9), "seed": None},
                {"data": nn.DataLoader((X, Y), 9, shuffle=True), "seed": None},
                "the given shuffle True, not the checkpoint's False"),
    "schedule": ({"schedule": step()}, {"schedule": step(gamma=0.5)},
                 "the given StepLR.gamma 0.5, not the checkpoint's 0.1"),
    "max_lr": ({"schedule": one_cycle(0.2)}, {"schedule": one_cycle(0.3)},
               "the checkpoint's max_lr (0.2,), not the given (0.3,)"),
    "pct_start": other_cycle("pct_start", 0.5, 0.3),
    "strategy": other_cycle("anneal_strategy", "linear", "cos"),
    "base momentum": other_cycle("base_momentum", 0.5, 0.85),
    "max momentum": other_cycle("max_momentum", 0.99, 0.95),
    "div_factor": other_cycle("div_factor", 5.0, 25.0),
    "final_div_factor": other_cycle("final_div_factor", 10.0, 10000.0),
    "three phases": other_cycle("three_phase", True, False),
    "function of the same name": ({"loss": edited("2.0")}, {"loss": edited("3.0")},
                                  "the given loss 'mine(nn, mse_loss, 3.0)', not the checkpoint's"),
    "long function": ({"loss": edited("2.0")}, {"loss": edited("1.0 + sum([1.0]) * len([1.5, 7])")},
                      "the given loss 'mine("),
    "number of samples": ({}, {"data": (X[:19], Y[:19])}, "the given samples 19, not the chec"),
    "drop_last": ({"data": nn.DataLoader((X[:18], Y[:18]), 9), "seed": None},
                  {"data": nn.DataLoader((X[:18], Y[:18]), 9, drop_last=True), "seed": None},
                  "the given drop_last True, not the checkpoint's False"),
    "schedule inside another": ({"schedule": sequence(3)}, {"schedule": sequence(4)},
                                "the given LinearLR.total_iters 4, not the checkpoint's 3"),
    "milestones": ({"schedule": sequence(3)}, {"schedule": sequence(3, 2)},
                   "the given SequentialLR.milestones (2,), not the checkpoint's (1,)"),
    "second of two": ({"schedule": lambda o: [step()(o), step()(o)]},
                      {"schedule": lambda o: [step()(o), step(gamma=0.5)(o)]},
                      "the given StepLR 2.gamma 0.5, not the checkpoint's 0.1"),
    "callback without a state": ({"callbacks": [nn.GradientNorm(1.0)]},
                                 {"callbacks": [nn.GradientNorm(2.0)]},
                                 "the given GradientNorm.max_norm 2.0, not the checkpoint's 1.0"),
    "schedule_per": ({"schedule": step()}, {"schedule": step(), "schedule_per": "step"},
                     "the given schedule_per 'step', not the checkpoint's None"),
    "dropout": ({}, {"model": nn.MLP(2, [4, 2], dropout=0.5, dtype=float, rng=0)},
                "p 0.5, not the checkpoint's 0.2"),
    "patience": ({"callbacks": [nn.EarlyStopping(5, monitor="loss")]},
                 {"callbacks": [nn.EarlyStopping(6, monitor="loss")]},
                 "the given EarlyStopping.patience 6, not the checkpoint's 5"),
    "validation": ({"validation": (X, Y)},
                   {"validation": (X, Y), "validation_transform": lambda x, rng: x},
                   "the given validation_transform 'lambda()', not the checkpoint's None"),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHER)
def test_other_settings_are_told(case: str, tmp_path: Path) -> None:
    first, second, message = OTHER[case]
    path = tmp_path / "run.npz"
    fit(path, **first | {"epochs": 1})
    with pytest.warns(RuntimeWarning, match=f"^resume=True uses .*{re.escape(message)}") as told:
        fit(path, resume=True, **second)
    assert len(told) == 1 and told[0].filename == __file__


@pytest.mark.parametrize("case", OTHER)
def test_equal_settings_are_not_told(case: str, tmp_path: Path) -> None:
    first, _, _ = OTHER[case]
    if "rng" in str(first.get("data", "")) or isinstance(first.get("data"), nn.DataLoader):
        pytest.skip("the loader's generator has gone on")
    path = tmp_path / "run.npz"
    fit(path, **first | {"epochs": 1})
    assert fit(path, resume=True, **first) == fit(None, **first)


@pytest.mark.parametrize("case", ["lr", "momentum", "weight decay", "l1", "l2", "seed"])
def test_the_checkpoints_numbers_are_used(case: str, tmp_path: Path) -> None:
    first, second, _ = OTHER[case]
    path = tmp_path / "run.npz"
    fit(path, **first | {"epochs": 1})
    with pytest.warns(RuntimeWarning, match="the checkpoint's"):
        resumed = fit(path, resume=True, **second)
    assert resumed == fit(None, **first) != fit(None, **second)


def test_the_given_loss_is_used(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    fit(path, epochs=1)
    with pytest.warns(RuntimeWarning, match="the given loss"):
        history, _ = fit(path, resume=True, loss=lambda out, y: 0 * out.sum() + 7)
    assert history.loss[1:] == [7, 7]


def test_more_epochs_and_other_observers_are_not_told(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    fit(path, epochs=1, callbacks=[nn.PrintEpochs()])
    fit(path, epochs=5, resume=True, callbacks=[nn.GradientNorm()], progress=False)


def test_the_same_objects_may_go_on(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    model = nn.MLP(2, [4, 2], dropout=0.2, dtype=float, rng=0)
    optimizer = nn.SGD(model.parameters(), lr=0.1, momentum=0.9)
    schedules = [nn.OneCycleLR(optimizer, 0.1, total_steps=20),
                 nn.ReduceLROnPlateau(optimizer, patience=0)]  # fmt: skip
    early = nn.EarlyStopping(monitor="loss")
    for epochs in (1, 2, 3):
        nn.fit(
            model, (X, Y), loss=nn.mse_loss, optimizer=optimizer, epochs=epochs, batch_size=9,
            schedule=schedules, callbacks=[early], seed=0, checkpoint=path, resume=True,
        )  # fmt: skip


def test_a_checkpoint_without_settings_is_resumed(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    whole = fit(None)
    fit(path, epochs=1)
    weights, state = nn.train.checkpoint.load_training(path)
    del state["settings"], state["shared generators"]
    nn.train.checkpoint.save_training(path, weights, state)
    assert fit(path, resume=True) == whole


@pytest.mark.parametrize("wrong", [3, {}, {"restored": 3, "given": {}}, {"restored": {"l1": -1}}])
def test_settings_that_are_none_are_refused(wrong: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    fit(path, epochs=1)
    weights, state = nn.train.checkpoint.load_training(path)
    nn.train.checkpoint.save_training(path, weights, state | {"settings": wrong})
    with pytest.raises(ValueError, match="is the checkpoint of another training"):
        fit(path, resume=True)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.float32(0.5), 0.5),
        ((np.int64(1), [2.5]), (1, (2.5,))),
        (nn.mse_loss, "mse_loss"),
        (nn.Linear(1, 1), "Linear"),
        (nn.Linear, "Linear"),
        (partial(nn.mse_loss), "partial(mse_loss)"),
        (np.exp, "exp"),
        (1j, "complex"),
    ],
    ids=lambda x: str(x).partition(" at ")[0],
)
def test_words_are_the_same_in_every_process(x: Any, words: Any) -> None:
    assert described(x) == words
