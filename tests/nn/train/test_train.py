"""The training loop: what it computes, tells, stops at, and leaves behind."""

from __future__ import annotations

import copy
import csv
import gc
import io
import math
import os
import pickle
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value
from autograd.core.modes import set_mode
from nn.train.run import Run


def clusters(n: int = 60, dtype: Any = np.float32) -> nn.Dataset:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, n)
    x = np.array([[0, 2], [2, 0], [-2, -2]])[y] + rng.normal(0, 0.5, (n, 2))
    return nn.Dataset(x.astype(dtype), y)


def net(**options: Any) -> nn.MLP:
    return nn.MLP(2, [8, 3], rng=0, **options)


def fit(model: nn.Module | None = None, data: Any = None, **options: Any) -> nn.History:
    model = model or net()
    kind = options.pop("optimizer", nn.SGD)
    optimizer = kind if isinstance(kind, nn.Optimizer) else kind(model.parameters(), lr=0.1)
    given = {"loss": nn.cross_entropy, "epochs": 3, "batch_size": 20} | options
    if not isinstance(data, nn.DataLoader):
        given = {"seed": 0} | given
    return nn.fit(model, clusters() if data is None else data, optimizer=optimizer, **given)


def bits(model: nn.Module) -> list[bytes]:
    return [x.tobytes() for x in model.state_dict().values()]


# --- what it computes -----------------------------------------------------------------------------


def test_it_is_the_loop_that_one_would_write() -> None:
    ours, by_hand, data = net(), net(), clusters()
    history = fit(ours, data, validation=data)
    optimizer = nn.SGD(by_hand.parameters(), lr=0.1)
    losses = []
    loader = nn.DataLoader(data, 20, shuffle=True, rng=0)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.cross_entropy(by_hand(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert bits(ours) == bits(by_hand) and history.step_loss == losses
    assert history.loss == [pytest.approx(np.mean(losses[i : i + 3])) for i in (0, 3, 6)]
    assert len(history.steps["accuracy"]) == 9 and history.steps["lr"] == [0.1] * 9
    scores = nn.evaluate(ours, data, nn.cross_entropy)
    assert scores == {
        "loss": history.validation_loss[-1],
        "accuracy": history.validation_accuracy[-1],
    }
    assert history.ends == [3, 6, 9] and len(history.seconds) == 3 and not history.stopped
    assert all(p.grad is None for p in ours.parameters())


def test_data_comes_as_data_set_pair_or_loader() -> None:
    data, found = clusters(), []
    for form in (data, (data.x, data.y.tolist()), nn.DataLoader(data, 20, shuffle=True, rng=0)):
        model = net()
        found.append((fit(model, form).to_dict()["steps"], bits(model)))
    assert found[0] == found[1] == found[2]


def test_the_short_last_batch_counts_as_what_it_is() -> None:
    history = fit(data=clusters(50), epochs=1)
    sizes = [20, 20, 10]
    assert history.loss == [pytest.approx(np.average(history.step_loss, weights=sizes))]
    assert history.accuracy == [pytest.approx(np.average(history.steps["accuracy"], weights=sizes))]


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        (np.ones(3), {}, TypeError, r"data must be a Dataset, a pair .* an array of shape \(3,\)"),
        ((np.ones((2, 2)), np.ones(3)), {}, ValueError, "equally long"),
        (clusters(0), {}, ValueError, "at least one batch, but there are 0 samples"),
        (
            nn.DataLoader(clusters(5), 20, drop_last=True),
            {},
            ValueError,
            "5 samples for batches of",
        ),
        (nn.DataLoader(clusters()), {"seed": 1}, ValueError, "has its own order"),
        (nn.DataLoader(clusters()), {"transform": lambda x, rng: x}, ValueError, "and transform"),
        (clusters(), {"epochs": -1}, ValueError, "epochs must be an integer >= 0, but got -1"),
        (clusters(), {"l1": -0.1}, ValueError, "l1 must be a finite number >= 0, but got -0.1"),
        (clusters(), {"schedule_per": "batch"}, ValueError, "must be None or 'step' or 'epoch'"),
        (clusters(), {"schedule": nn.StepLR(nn.SGD([Value(1.0)]), 1)}, ValueError, "another optim"),
    ],
)
def test_what_can_not_be_trained_on(
    data: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    model = net()
    before = bits(model)
    with pytest.raises(error, match=message):
        fit(model, data, **options)
    assert bits(model) == before


def test_no_epochs_change_nothing() -> None:
    model = net()
    before = bits(model)
    assert fit(model, epochs=0) == nn.History() and bits(model) == before


def test_penalties_of_large_parameters() -> None:
    one, two, three = (net(dtype=float) for _ in range(3))
    data = clusters(dtype=float)
    first = fit(one, data, l2=0.1)
    assert first == fit(two, data, optimizer=nn.SGD(two.parameters(), lr=0.1, weight_decay=0.1))
    for p, q in zip(one.parameters(), two.parameters()):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-12)
    w = three[0].weight.data.copy()
    whole = {"epochs": 1, "batch_size": 60, "seed": 0}
    fit(three, data, l1=0.5, **whole)
    plain = net(dtype=float)
    fit(plain, data, **whole)
    np.testing.assert_allclose(three[0].weight.data, plain[0].weight.data - 0.05 * np.sign(w))


def test_transforms_see_the_batches_and_the_loaders_generator() -> None:
    def noisy(x: Any, rng: np.random.Generator) -> Any:
        return x + rng.normal(size=x.shape).astype(x.dtype)

    assert fit(transform=noisy) == fit(transform=noisy) != fit()


class Rows(nn.Module):
    """A net of single numbers, applied row by row."""

    def __init__(self) -> None:
        self.net = nn.scalar.MLP(2, [4, 1], activation=ag.tanh, rng=0)

    def forward(self, x: Any) -> list[Value]:
        return [self.net(row) for row in x.tolist()]


def squares(out: Any, y: Any) -> Any:
    return sum((v - t) ** 2 for v, t in zip(out, y.tolist())) / len(y)


def test_nets_of_single_numbers_are_trained_alike() -> None:
    x = np.random.default_rng(0).normal(size=(40, 2))
    data = nn.Dataset(x, x[:, 0] - x[:, 1])
    model = Rows()
    optimizer = nn.Adam(model.parameters(), lr=0.1)
    history = fit(model, data, loss=squares, epochs=20, validation=data, l1=1e-4,
                  optimizer=optimizer,
                  callbacks=[nn.GradientNorm(), nn.StopOnNaN(), nn.EarlyStopping()])  # fmt: skip
    assert history.loss[-1] < 0.1 < history.loss[0] and not history.accuracy
    assert nn.predict(model, x, batch_size=7).shape == (40,)


# --- bits and memory ------------------------------------------------------------------------------


def test_the_garbage_collector_changes_no_bit() -> None:
    def run() -> tuple[list[bytes], nn.History]:
        model = nn.Sequential(nn.Linear(2, 8, rng=0), nn.BatchNorm1d(8), nn.ReLU(),
                              nn.Dropout(0.2, rng=1), nn.Linear(8, 3, rng=2))  # fmt: skip
        history = fit(model, validation=clusters(), optimizer=nn.optim.Adam, l1=1e-3)
        return bits(model), history

    with_collector = run()
    gc.disable()
    try:
        without = run()
    finally:
        gc.enable()
    gc.set_threshold(1)
    try:
        always = run()
    finally:
        gc.set_threshold(700, 10, 10)
    assert with_collector == without == always


def test_no_graph_outlives_its_step() -> None:
    alive: list[weakref.ref[Any]] = []

    class Watched(nn.Module):
        def __init__(self) -> None:
            self.inner = net()

        def forward(self, x: Any) -> Any:
            assert not any(ref() for ref in alive), "the last step's graph is still there"
            out = self.inner(x)
            alive.append(weakref.ref(out))
            return out

    class Look(nn.Callback):
        def on_step_end(self, run: Run) -> None:
            assert alive[-1]() is None

    gc.disable()
    try:
        fit(Watched(), validation=clusters(), callbacks=[Look(), nn.StopOnNaN()])
    finally:
        gc.enable()


# --- what it tells --------------------------------------------------------------------------------


class Log(nn.Callback):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def note(self, event: str) -> None:
        self.events.append(event)

    def on_train_begin(self, run: Run) -> None:
        self.note("begin")

    def on_step_begin(self, run: Run) -> None:
        assert all(p.grad is None for p in run.model.parameters()) or run.history.step_loss
        self.note("step")

    def on_backward_end(self, run: Run) -> None:
        assert all(p.grad is not None for p in run.model.parameters())
        self.before = bits(run.model)
        run.scores["twice"] = 2 * run.scores["loss"]

    def on_step_end(self, run: Run) -> None:
        assert bits(run.model) != self.before
        assert run.history.step_loss[-1] == run.scores["loss"]
        self.note("stepped")

    def on_epoch_end(self, run: Run) -> None:
        assert len(run.history.loss) == run.epoch and run.model.training
        self.note(f"epoch {run.epoch}")

    def on_train_end(self, run: Run) -> None:
        self.note("end")


def test_callbacks_are_told_in_order_and_record_numbers() -> None:
    log = Log()
    history = fit(callbacks=[log], epochs=2, batch_size=30)
    epoch = ["step", "stepped"] * 2
    assert log.events == ["begin", *epoch, "epoch 1", *epoch, "epoch 2", "end"]
    assert history.steps["twice"] == [2 * x for x in history.step_loss]
    assert history.epochs["twice"] == pytest.approx([2 * x for x in history.loss])


def test_validation_data_become_arrays_once_and_before_training() -> None:
    data, made = clusters(), []

    class Rows:
        def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
            made.append(1)
            return data.x

    assert fit(validation=(Rows(), data.y)) == fit(validation=data)
    assert made == [1]
    model = net()
    for wrong, message in ((data.x, "a pair"), ((data.x, data.y[1:]), "x has 60 rows")):
        with pytest.raises((TypeError, ValueError), match=message):
            fit(model, validation=wrong)
    assert bits(model) == bits(net())


@pytest.mark.parametrize("changes", [{"best": "x"}, {"waited": "x"}, {"weights": 3.0}])
def test_early_stopping_refuses_what_is_no_state_of_it(changes: dict[str, Any]) -> None:
    stopping = nn.EarlyStopping()
    with pytest.raises((ValueError, TypeError)):
        stopping.load_state_dict(stopping.state_dict() | changes)


def test_a_history_in_other_forms(tmp_path: Path) -> None:
    data = clusters()
    history = fit(validation=data)
    assert nn.History(**history.to_dict()) == history
    assert repr(history).startswith(f"History(3 epochs, 9 steps: loss {history.loss[-1]:.4f}, acc")
    assert "lr" not in repr(history)
    path = tmp_path / "history.csv"
    history.to_csv(path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [row["steps"] for row in rows] == ["3", "6", "9"]
    assert [float(row["validation_loss"]) for row in rows] == history.validation_loss
    history.to_csv(path, steps=True)
    assert len(path.read_text().splitlines()) == 10
    assert path.read_text().startswith("step,loss,accuracy,lr\n1,")


FORMULAS = [
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1+1",
    "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "loss;=1+1", "loss\t=1+1", 'loss",=1+1', "loss,=1",
    "a|=1", "-loss",
]  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS, ids=lambda name: ascii(name))
@pytest.mark.parametrize("steps", [False, True])
def test_a_table_holds_no_formulas(name: str, steps: bool, tmp_path: Path) -> None:
    history, path = nn.History(), tmp_path / "history.csv"
    history.add_step({"loss": -1.5, name: -3})
    history.add_epoch({"loss": -0.5, name: np.float32(-2.0), "note": name}, 1.0)  # type: ignore[dict-item]
    history.to_csv(path, steps)
    starts = tuple("-=+@\t\r\n\uff1d\uff0b\uff0d\uff20")
    for mark in ",;\t|":  # where spreadsheets may split
        with path.open(newline="") as file:
            cells = [cell.lstrip(" ") for row in csv.reader(file, delimiter=mark) for cell in row]
        assert {c for c in cells if c.startswith(starts)} <= {"-0.5", "-1.5", "-2.0", "-3"}
    with path.open(newline="") as file:
        head, row = csv.reader(file)
    at = -1 if steps else 3
    assert head[at].replace("'", "") == name.replace("'", "") and "'" in head[at]
    assert row[at] == ("-3" if steps else "-2.0")


@pytest.mark.parametrize(
    "name", ["loss", "validation_loss", "top-5", "a=b", "x@3", "a,b", 'a"b', "é"]
)
def test_other_names_stay_as_they_are(name: str, tmp_path: Path) -> None:
    history, path = nn.History(), tmp_path / "history.csv"
    history.add_epoch({name: 1.0})
    history.to_csv(path)
    with path.open(newline="", encoding="utf-8") as file:
        assert next(csv.reader(file))[2] == name


def test_a_score_may_have_the_name_of_a_column(tmp_path: Path) -> None:
    history = nn.History()
    history.add_epoch({"loss": 0.5, "seconds": 7.0, "steps": 8.0}, 1.0)
    history.to_csv(tmp_path / "history.csv")
    text = (tmp_path / "history.csv").read_text()
    assert text == "epoch,steps,loss,seconds,steps,seconds\n1,0,0.5,7.0,8.0,1.0\n"


def test_a_column_that_begins_late_keeps_its_place() -> None:
    history = nn.History()
    history.add_epoch({"loss": 1.0})
    history.add_epoch({"loss": 0.5, "extra": 2.0})
    assert math.isnan(history.epochs["extra"][0]) and history.epochs["extra"][1] == 2.0


def test_a_history_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "history.png"
    figure = fit(validation=clusters()).plot(path)
    assert path.read_bytes().startswith(b"\x89PNG")
    loss, accuracy = figure.axes
    assert [line.get_label() for line in loss.lines] == ["batch", "mean of the epoch", "validation"]
    assert accuracy.get_ylabel() == "accuracy" and loss.get_yscale() == "log"
    broken_off = fit(callbacks=[StopAt(2)])
    assert len(broken_off.plot().axes) == 2
    nn.History().plot(tmp_path / "empty.png")


def test_drawing_without_matplotlib_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install napkingrad\[demos\]"):
        nn.History().plot()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_is_for_terminals(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tqdm.std.time", count().__next__)  # so slow that each step is shown
    for kind, progress, shown in ((Terminal, True, True), (Terminal, False, False),
                                  (io.StringIO, True, False)):  # fmt: skip
        monkeypatch.setattr(sys, "stderr", kind())
        fit(progress=progress, validation=clusters(), callbacks=[StopAt(8)])
        text = sys.stderr.getvalue()
        for part in ("epoch 2/3", "6/9", "<", "loss 0.", "accuracy", "validation accuracy"):
            assert (part in text) == shown, part
        assert (capsys.readouterr().out == "stopped after 2 epochs: enough\n") == shown


def test_epochs_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    history = fit(callbacks=[nn.PrintEpochs()], validation=clusters(), epochs=2)
    out, error = capsys.readouterr()
    assert not error
    assert out.splitlines()[1] == (
        f"epoch   2  loss {history.loss[1]:.4f}  accuracy {history.accuracy[1]:.2%}"
        f"  validation loss {history.validation_loss[1]:.4f}"
        f"  validation accuracy {history.validation_accuracy[1]:.2%}"
    )


# --- when it stops --------------------------------------------------------------------------------


class StopAt(nn.Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, run: Run) -> None:
        if len(run.history.step_loss) == self.step:
            run.stop("enough")


def test_a_callback_ends_training() -> None:
    log = Log()
    history = fit(callbacks=[StopAt(5), log])
    assert history.stopped == "enough"
    assert len(history.step_loss) == 5 and len(history.loss) == 1
    assert log.events[-2:] == ["stepped", "end"]


class Scores(nn.Callback):
    """Writes other numbers into the history, to stop at."""

    def __init__(self, *scores: float, column: str = "validation_loss") -> None:
        self.scores, self.column = scores, column
        self.states: list[list[bytes]] = []

    def on_epoch_end(self, run: Run) -> None:
        run.history.epochs[self.column][-1] = self.scores[run.epoch - 1]
        self.states.append(bits(run.model))


@pytest.mark.parametrize(
    ("scores", "options", "epochs", "best"),
    [
        ((3, 2, 4, 4, 0), {"patience": 2}, 4, 2),
        ((3, 2, 4, 1, 2), {"patience": 2}, 5, 4),
        ((3, 2.5, 2.2, 2, 0), {"patience": 3, "min_delta": 0.9}, 5, 5),
        ((3, 2.5, 2.2, 2.2, 0), {"patience": 2, "min_delta": 0.9}, 3, 1),
        ((math.nan, 3, math.nan, math.nan, 0), {"patience": 2}, 4, 2),
        ((math.nan, math.nan, 1, 1, 1), {"patience": 2}, 2, 2),
        ((1, 2, 2, 3, 9), {"patience": 1, "mode": "max"}, 3, 2),
        ((1, 2, 2, 3, 9), {"patience": 1, "monitor": "validation_accuracy"}, 3, 2),
        ((2, 1, 1, 0, 0), {"patience": 1, "monitor": "loss"}, 3, 2),
        ((5, 4, 3, 2, 1), {"patience": 1}, 5, 5),
        ((1, 2, 3, 4, 5), {"patience": 9}, 5, 1),
    ],
)
def test_early_stopping_restores_the_best_epoch(
    scores: tuple[float, ...], options: dict[str, Any], epochs: int, best: int
) -> None:
    model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.BatchNorm1d(4), nn.Linear(4, 3, rng=1))
    script = Scores(*scores, column=options.get("monitor", "validation_loss"))
    early = nn.EarlyStopping(**options)
    for _ in range(2):  # a callback can be used again
        script.states.clear()
        history = fit(model, epochs=5, validation=clusters(), callbacks=[script, early])
        assert len(history.loss) == epochs
        assert bits(model) == script.states[best - 1]
        assert bool(history.stopped) == (epochs < 5)
    if epochs < 5:
        assert "was no better for" in history.stopped


def test_what_can_not_be_monitored() -> None:
    for options, message in (
        ({"patience": 0}, "patience must be an integer >= 1"),
        ({"min_delta": -1}, "min_delta must be a finite number >= 0"),
        ({"mode": "least"}, "mode must be 'min' or 'max'"),
    ):
        with pytest.raises(ValueError, match=message):
            nn.EarlyStopping(**options)
    with pytest.raises(ValueError, match="there is no validation data"):
        fit(callbacks=[nn.EarlyStopping()])
    with pytest.raises(ValueError, match="monitors f1, but the history has loss, accuracy, lr"):
        fit(callbacks=[nn.EarlyStopping(monitor="f1")])


def test_the_model_is_saved_after_each_epoch_or_the_best(tmp_path: Path) -> None:
    model, script = net(), Scores(3, 1, 2)
    fit(model, validation=clusters(), callbacks=[
        script, nn.Checkpoint(tmp_path / "{epoch:02}.npz"), nn.Checkpoint(tmp_path / "last.npz"),
        nn.Checkpoint(tmp_path / "best.npz", monitor="validation_loss"),
    ])  # fmt: skip
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["01.npz", "02.npz", "03.npz", "best.npz", "last.npz"]
    for name, state in (("01", 0), ("02", 1), ("best", 1), ("03", 2), ("last", 2)):
        assert bits(nn.load(net(), tmp_path / f"{name}.npz")) == script.states[state]
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        fit(callbacks=[nn.Checkpoint(tmp_path / "no" / "x.npz")])
    with pytest.raises(ValueError, match="only {epoch} can be filled in"):
        nn.Checkpoint("{loss}.npz")
    with pytest.raises(ValueError, match="ends in .npz"):
        nn.Checkpoint("x.pt")
    assert nn.Checkpoint("x.npz").monitor == "loss" and nn.Checkpoint("x.npz", "").monitor == ""


def test_gradient_norms_are_recorded_and_bounded() -> None:
    free, bounded, small = (
        fit(callbacks=callbacks) for callbacks in ([nn.GradientNorm()], [nn.GradientNorm(0.01)], [])
    )
    x, y = next(iter(nn.DataLoader(clusters(), 20, shuffle=True, rng=0)))
    model = net()
    nn.cross_entropy(model(x), y).backward()
    norm = math.sqrt(sum((p.grad**2).sum() for p in model.parameters()))
    assert free.steps["grad_norm"][0] == bounded.steps["grad_norm"][0] == pytest.approx(norm)
    assert len(free.steps["grad_norm"]) == 9 and free.step_loss == small.step_loss
    assert bounded.loss[-1] > free.loss[-1]


class Fragile(nn.Module):
    """Something that breaks in the fourth step."""

    def __init__(self, function: Any) -> None:
        self.norm, self.drop = nn.BatchNorm1d(2), nn.Dropout(0.5, rng=0)
        self.linear = nn.Linear(2, 3, rng=0)
        self.function = function
        self.calls = nn.module.Buffer(0.0)

    def forward(self, x: Any) -> Any:
        self.calls.data = self.calls.data + 1
        out = self.linear(self.drop(self.norm(x)))
        return self.function(out, 0.0 if self.calls.data == 4 else 1.0)


@pytest.mark.parametrize(
    ("function", "cause"),
    [
        (lambda out, k: ag.log(out * 0 + k), r"the loss is nan: log\(.*made inf"),
        (lambda out, k: out + ag.sqrt(out * 0 + k), r"a gradient is not finite: .* of sqrt"),
        (lambda out, k: out if k else out * 1e38 * 1e38, "the loss is nan: mul"),
    ],
)  # fmt: skip
@np.errstate(all="ignore")
def test_training_stops_at_nan_and_names_the_operation(function: Any, cause: str) -> None:
    model = Fragile(function)
    states: list[Any] = []

    class Remember(nn.Callback):
        def on_step_begin(self, run: Run) -> None:
            states.append((bits(run.model), model.drop.rng.bit_generator.state))

    with pytest.warns(RuntimeWarning, match=f"training stopped: in step 4 {cause}"):
        history = fit(model, callbacks=[nn.StopOnNaN(), Remember()])
    assert history.stopped.startswith("in step 4")
    assert len(history.step_loss) == 4 and len(states) == 4
    assert (bits(model), model.drop.rng.bit_generator.state) == states[-1]
    assert all(p.grad is None for p in model.parameters())


@np.errstate(all="ignore")
def test_nan_that_no_operation_made() -> None:
    data = clusters()
    data.x[7] = np.nan
    model = net()
    before = bits(model)
    with pytest.warns(
        RuntimeWarning, match="step 1 .*: there are nan or infinite numbers in inputs"
    ):
        fit(model, data, batch_size=60, callbacks=[nn.StopOnNaN()])
    assert bits(model) == before
    model[2].bias.data = np.array([0.0, np.inf, 0.0])
    with pytest.warns(RuntimeWarning, match=r"infinite numbers in 2\.bias"):
        fit(model, callbacks=[nn.StopOnNaN()])


def test_nan_that_does_not_come_again() -> None:
    """As a loss with numbers of its own may make it: there is nothing left to be found."""
    factors = iter([np.nan])
    with pytest.warns(RuntimeWarning, match="no operation made it out of finite numbers"):
        fit(
            loss=lambda out, y: nn.cross_entropy(out, y) * next(factors, 1.0),
            callbacks=[nn.StopOnNaN()],
        )


class Press(nn.Callback):
    """Ctrl-C, so many times, in step 5."""

    def __init__(self, times: int) -> None:
        self.times = times

    def on_step_begin(self, run: Run) -> None:
        if len(run.history.step_loss) == 4:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)


@pytest.fixture
def heeding_ctrl_c() -> Iterator[None]:
    """As at a terminal: jobs in the background, and their children, are started deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding_ctrl_c")
def test_ctrl_c_waits_for_the_step() -> None:
    handler = signal.getsignal(signal.SIGINT)
    for times, steps in ((1, 5), (2, 4)):
        model = net()
        model.eval()
        early = nn.EarlyStopping(monitor="loss")
        history = fit(model, callbacks=[Press(times), early])
        assert history.stopped == "Ctrl-C"
        assert len(history.step_loss) == steps and len(history.loss) == 1
        assert not model.training and all(p.grad is None for p in model.parameters())
        assert signal.getsignal(signal.SIGINT) is handler
        first = net()
        fit(first, epochs=1)
        assert bits(model) == bits(first)  # the best epoch's, as at the end of every training


def test_a_programs_own_handler_of_ctrl_c_is_left_alone() -> None:
    seen = []
    handler = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        assert not fit(callbacks=[Press(1)]).stopped and seen == [1]
    finally:
        signal.signal(signal.SIGINT, handler)
    found: list[nn.History] = []
    thread = threading.Thread(target=lambda: found.append(fit()))
    thread.start()
    thread.join()
    assert found == [fit()]


@pytest.mark.usefixtures("heeding_ctrl_c")
@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_ctrl_c_in_a_program() -> None:
    program = """
import sys, numpy as np, nn
model = nn.MLP(50, [64, 3], rng=0)
x, y = np.zeros((1000, 50), np.float32), np.zeros(1000, int)
history = nn.fit(model, (x, y), loss=nn.cross_entropy, epochs=10**6, callbacks=[nn.PrintEpochs()],
                 optimizer=nn.SGD(model.parameters(), lr=0.1))
print(history.stopped, len(history.step_loss) >= 32)
"""
    root = str(Path(nn.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", program], text=True, env=os.environ | {"PYTHONPATH": root},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdout
        assert child.stdout.readline().startswith("epoch   1")
        child.send_signal(signal.SIGINT)
        out, error = child.communicate(timeout=30)
    assert out.splitlines()[-1] == "Ctrl-C True" and not error and child.returncode == 0


# --- scores of callbacks --------------------------------------------------------------------------


SKIP = object()


class Sets(nn.Callback):
    """Sets scores at one moment: "x" to the given numbers, one after the other."""

    def __init__(self, moment: str, *numbers: Any, name: str = "x") -> None:
        rest = iter(numbers or count(1))

        def hook(run: Run) -> None:
            number = next(rest)
            if number is not SKIP:
                run.scores[name] = number

        setattr(self, moment, hook)


@pytest.mark.parametrize("moment", ["on_step_begin", "on_backward_end", "on_step_end"])
def test_scores_of_steps_are_recorded(moment: str) -> None:
    history = fit(callbacks=[Sets(moment)], epochs=2)
    assert history.steps["x"] == [1, 2, 3, 4, 5, 6]
    assert history.epochs["x"] == [2, 5]
    assert history == nn.History(**history.to_dict()) and len(history.steps["loss"]) == 6


def test_a_constant_score_is_recorded_in_every_row() -> None:
    for moment in ("on_step_begin", "on_backward_end", "on_step_end"):
        history = fit(callbacks=[Sets(moment, *[0.5] * 6)], epochs=2)
        assert history.steps["x"] == [0.5] * 6 and history.epochs["x"] == [0.5] * 2
    assert fit(callbacks=[Sets("on_epoch_end", *[0.5] * 3)]).epochs["x"] == [0.5] * 3


def test_scores_of_epochs_are_recorded() -> None:
    history = fit(callbacks=[Sets("on_epoch_end")])
    assert history.epochs["x"] == [1, 2, 3] and "x" not in history.steps
    assert "x 3.0000" in repr(history)


@pytest.mark.parametrize(
    ("moment", "steps", "epochs"),
    [
        ("on_step_end", [math.nan, 4, math.nan, math.nan, 2, 3], [4, 2.5]),
        ("on_epoch_end", None, [math.nan, 4]),
    ],
)
def test_scores_that_are_set_now_and_then_keep_their_place(
    moment: str, steps: Any, epochs: Any
) -> None:
    history = fit(callbacks=[Sets(moment, SKIP, 4, SKIP, SKIP, 2, 3)], epochs=2)
    np.testing.assert_array_equal(history.epochs["x"], epochs)
    if steps:
        np.testing.assert_array_equal(history.steps["x"], steps)


def test_epochs_of_a_score_that_stops_coming_are_nan() -> None:
    history = fit(callbacks=[Sets("on_epoch_end", 1.0, SKIP, SKIP)])
    np.testing.assert_array_equal(history.epochs["x"], [1, math.nan, math.nan])


def test_at_the_end_of_an_epoch_scores_are_those_of_the_epoch() -> None:
    seen = []

    class Look(nn.Callback):
        def on_epoch_end(self, run: Run) -> None:
            seen.append(dict(run.scores))
            assert run.scores == run.latest()

    history = fit(callbacks=[Look()], validation=clusters())
    assert [s["validation_loss"] for s in seen] == history.validation_loss
    assert [s["loss"] for s in seen] == history.loss


def test_scores_at_the_end_belong_to_the_last_epoch() -> None:
    history = fit(callbacks=[Sets("on_train_end", 7.0)])
    np.testing.assert_array_equal(history.epochs["x"], [math.nan, math.nan, 7])
    assert fit(callbacks=[Sets("on_train_end", 7.0)], epochs=0) == nn.History()


@pytest.mark.parametrize(
    "moment", ["on_step_begin", "on_backward_end", "on_step_end", "on_epoch_end"]
)
def test_scores_may_be_replaced_but_not_taken_away(moment: str) -> None:
    class Replace(nn.Callback):
        def take(self, run: Run) -> None:
            run.scores = {"x": 1.0}

        def clear(self, run: Run) -> None:
            run.scores.clear()

    first, second = Replace(), Replace()
    setattr(first, moment, first.take)
    setattr(second, moment, second.clear)
    history, plain = fit(callbacks=[first, second]), fit()
    assert history.epochs.pop("x") == [1.0] * 3
    assert history.epochs == plain.epochs and history.steps["loss"] == plain.steps["loss"]


def test_a_score_has_a_name() -> None:
    with pytest.raises(TypeError, match="names in run.scores must be text, but got 3"):
        fit(callbacks=[Sets("on_epoch_end", name=3)])  # type: ignore[arg-type]


@pytest.mark.parametrize("x", ["high", None, [1.0], Value(1.0), np.ones(2), 1j], ids=str)
def test_a_score_that_is_no_number_is_named(x: Any) -> None:
    for moment in ("on_step_begin", "on_backward_end", "on_step_end", "on_epoch_end"):
        with pytest.raises(TypeError, match=r"run.scores\['x'\] must be a number, but got"):
            fit(callbacks=[Sets(moment, x)])


@pytest.mark.parametrize("x", [np.float32(0.5), np.array(0.5), True, 1, math.nan, math.inf])
def test_scores_are_kept_as_floats(x: Any) -> None:
    for moment in ("on_backward_end", "on_epoch_end"):
        found = fit(callbacks=[Sets(moment, *[x] * 3)], epochs=1).epochs["x"]
        assert type(found[0]) is float
        np.testing.assert_equal(found[0], float(x))


@pytest.mark.parametrize(
    ("name", "mode", "numbers", "epochs", "best"),
    [
        ("val_f1", None, (0.1, 0.5, 0.4, 0.3), 3, 2),
        ("val_f1", "min", (0.1, 0.5, 0.4, 0.3), 2, 1),
        ("val_rmse", None, (0.3, 0.2, 0.4, 0.1), 3, 2),
        ("auc", None, (0.3, 0.2, 0.4, 0.1), 2, 1),
    ],
)
def test_scores_of_callbacks_are_monitored(
    tmp_path: Path, name: str, mode: Any, numbers: Any, epochs: int, best: int
) -> None:
    model = net()
    states: list[list[bytes]] = []
    keep = nn.Callback()
    keep.on_epoch_end = lambda run: states.append(bits(run.model))  # type: ignore[method-assign]
    path = tmp_path / "best.npz"
    history = fit(model, epochs=4, callbacks=[
        Sets("on_epoch_end", *numbers, name=name), keep,
        nn.Checkpoint(path, monitor=name, mode=mode),
        nn.EarlyStopping(monitor=name, patience=1, mode=mode),
    ])  # fmt: skip
    assert len(history.loss) == epochs and history.epochs[name] == list(numbers[:epochs])
    assert bits(model) == bits(nn.load(net(), path)) == states[best - 1]


@pytest.mark.parametrize("per", ["epoch", "step"])
def test_a_plateau_of_a_callbacks_score(per: Any) -> None:
    model = net()
    optimizer = nn.SGD(model.parameters(), lr=0.8)
    plateau = nn.ReduceLROnPlateau(optimizer, factor=0.5, patience=0, monitor="x")
    moment = f"on_{per}_end"
    history = fit(model, optimizer=optimizer, schedule=plateau, schedule_per=per,
                  callbacks=[Sets(moment, *[3.0, 4.0, 2.0, 1.0] * 3)], epochs=4)  # fmt: skip
    column = history.epochs if per == "epoch" else history.steps
    assert column["lr"][:4] == [0.8, 0.8, 0.4, 0.4]


def test_a_score_that_nothing_sets_is_named() -> None:
    model = net()
    optimizer = nn.SGD(model.parameters(), lr=0.8)
    plateau = nn.ReduceLROnPlateau(optimizer, monitor="val_f1")
    with pytest.raises(ValueError, match="monitors val_f1, but the scores are loss, accuracy, lr"):
        fit(model, optimizer=optimizer, schedule=plateau)
    late = [nn.EarlyStopping(monitor="x"), Sets("on_epoch_end")]
    with pytest.raises(ValueError, match="lr; a callback that sets .*'x'.* before EarlyStopping"):
        fit(callbacks=late)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("on_epoch_ends", "on_epoch_end"),
        ("on_step", "on_step_end"),
        ("on_batch_end", "on_"),
        ("on_training_begin", "on_train_begin"),
        ("onEpochEnd", "on_epoch_end"),
        ("on_Step_end", "on_step_end"),
        ("_on_epoch_end", "on_epoch_end"),
        ("on_fit_start", "on_"),
        ("statedict", "state_dict"),
    ],
)
def test_a_misspelt_hook_is_refused_where_it_is_defined(name: str, meant: str) -> None:
    for base in (nn.Callback, nn.EarlyStopping):
        with pytest.raises(TypeError, match=rf"Mine.{name} would never .* did you mean {meant}"):
            type("Mine", (base,), {name: lambda self, run: None})


def test_a_misspelt_hook_of_another_base_class_is_refused() -> None:
    class Mixin:
        def on_batch_end(self, run: Any) -> None: ...

    with pytest.raises(TypeError, match="Both.on_batch_end would never be called"):
        type("Both", (Mixin, nn.Callback), {})


@pytest.mark.parametrize(("reason", "error"), [("", ValueError), (None, TypeError), (3, TypeError)])
def test_a_stop_has_a_reason(reason: Any, error: type[Exception]) -> None:
    class Stop(nn.Callback):
        def on_epoch_end(self, run: Any) -> None:
            run.stop(reason)

    with pytest.raises(error, match="^reason must "):
        fit(callbacks=[Stop()])


def test_a_loss_without_the_parameters_trains_nothing() -> None:
    with pytest.raises(ValueError, match="does not depend on any of the optimizer's parameters"):
        fit(loss=lambda out, y: (ag.Value(2.0) - 1) ** 2)


def test_other_methods_of_callbacks_are_their_own() -> None:
    class Mine(nn.Callback):
        online = one = True

        def once(self) -> None: ...
        def epoch(self) -> None: ...
        def on_epoch_end(self, run: Run) -> None: ...
        def state_dict(self) -> dict[str, Any]:
            return {}

    fit(callbacks=[Mine()])


# --- schedules ------------------------------------------------------------------------------------


def test_schedules_are_stepped_when_they_should_be() -> None:
    def rates(per: Any, kind: Any, *arguments: Any, **options: Any) -> list[float]:
        model = net()
        optimizer = nn.SGD(model.parameters(), lr=0.8, momentum=0.9)
        history = fit(model, optimizer=optimizer, schedule=kind(optimizer, *arguments, **options),
                      schedule_per=per, epochs=2)  # fmt: skip
        assert history.epochs["lr"] == history.steps["lr"][2::3]
        return [round(x, 6) for x in history.steps["lr"]]

    halving = {"gamma": 0.5}
    assert rates(None, nn.schedule.ExponentialLR, **halving) == [0.8] * 3 + [0.4] * 3
    assert rates("step", nn.schedule.ExponentialLR, **halving) == [0.8, 0.4, 0.2, 0.1, 0.05, 0.025]
    cycle = rates(None, nn.schedule.OneCycleLR, 1.0, total_steps=6, pct_start=0.5)
    assert cycle[0] == 0.04 and cycle[2] == 1.0 and cycle[5] < 1e-5
    assert rates("epoch", nn.schedule.OneCycleLR, 1.0, total_steps=6)[:3] == [0.04] * 3


@pytest.mark.parametrize(
    ("mode", "column", "scores", "rates"),
    [
        ("min", "validation_loss", (2.0, 3.0, 1.0), [0.8, 0.8, 0.4]),
        ("max", "validation_accuracy", (0.2, 0.1, 0.3), [0.8, 0.8, 0.4]),
    ],
)
def test_plateaus_are_the_validations(
    monkeypatch: pytest.MonkeyPatch, mode: str, column: str, scores: Any, rates: list[float]
) -> None:
    told = iter(scores)
    name = column.removeprefix("validation_")
    monkeypatch.setattr(nn.train.run, "evaluate", lambda *_: {name: next(told)})
    model = net()
    optimizer = nn.SGD(model.parameters(), lr=0.8)
    plateau = nn.schedule.ReduceLROnPlateau(optimizer, mode=mode, factor=0.5, patience=0)
    history = fit(model, optimizer=optimizer, schedule=[plateau], validation=clusters())
    assert history.epochs["lr"] == rates
    with pytest.raises(ValueError, match="targets are no class labels"):
        data, model = clusters(), nn.Linear(2, 2)
        optimizer = nn.SGD(model.parameters(), lr=0.8)
        fit(model, (data.x, data.x), loss=nn.mse_loss, optimizer=optimizer,
            schedule=nn.schedule.ReduceLROnPlateau(optimizer, mode="max"))  # fmt: skip


# --- using a model --------------------------------------------------------------------------------


def frozen() -> nn.Sequential:
    """A training model with parts in evaluation mode."""
    model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.BatchNorm1d(4), nn.Dropout(0.5, rng=0),
                          nn.Linear(4, 3, rng=0))  # fmt: skip
    model[1].eval()
    return model


def modes(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


def test_modes_are_restored_one_by_one() -> None:
    model, data = frozen(), clusters()
    before, statistics = modes(model), model[1].running_mean.data.copy()
    assert sorted(set(before)) == [False, True]
    a, b = (nn.predict(model, data.x) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    nn.evaluate(model, data)
    fit(model)
    assert modes(model) == before
    np.testing.assert_array_equal(model[1].running_mean.data, statistics)  # a frozen norm stays so
    for broken in (
        lambda: nn.predict(model, np.ones((3, 5))),
        lambda: fit(model, (data.x.T, data.x.T)),
    ):
        with pytest.raises(ValueError, match="expected 2 inputs"):
            broken()
        assert modes(model) == before
    model.eval()
    statistics = model[1].running_mean.data.copy()
    fit(model)
    assert not any(modes(model))
    assert (model[1].running_mean.data != statistics).any()  # trained in training mode all the same


class Gate(nn.Module):
    """Holds each call until the other threads have begun theirs, and notes the mode."""

    def __init__(self, barrier: threading.Barrier) -> None:
        self.barrier = barrier
        self.modes: list[bool] = []

    def forward(self, x: Any) -> Any:
        self.barrier.wait(30)
        self.modes.append(self.training)
        return x


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result() for done in [pool.submit(work) for work in works]]


@pytest.mark.parametrize("ask", ["predict", "evaluate", "decision_regions", "summary"])
def test_threads_that_use_one_model_leave_its_modes_alone(ask: str) -> None:
    gate = Gate(threading.Barrier(8))
    model = nn.Sequential(nn.Dropout(0.5, rng=0), gate)
    data = nn.Dataset(np.ones((64, 2)), np.zeros(64, int))

    def work() -> None:
        if ask == "predict":
            for _ in range(5):
                assert (nn.predict(model, data, batch_size=8) == 1).all()
        elif ask == "evaluate":
            scores = nn.evaluate(model, data, nn.cross_entropy, batch_size=8)
            assert scores["loss"] == pytest.approx(np.log(2))
        elif ask == "decision_regions":
            assert (nn.plots.outputs_at(model, data.x) == 1).all()
        else:
            assert len(nn.summary(model, (3, 2)).rows) == 2

    in_threads(*[work] * 8)
    assert not any(gate.modes) and modes(model) == [True] * 3
    assert (model[0](data.x) == 0).any()


def test_one_thread_predicts_while_another_trains() -> None:
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Dropout(0.5, rng=0))
    data, done, seen = clusters(), threading.Event(), []

    class Record(nn.Callback):
        def on_step_end(self, run: Run) -> None:
            seen.append(model[1].training)

    def train() -> None:
        fit(model, epochs=30, callbacks=[Record()])
        done.set()

    def ask() -> None:
        while not done.is_set():
            assert (nn.predict(model, data.x[:4]) != 0).all()

    in_threads(train, ask)
    assert len(seen) == 90 and all(seen) and modes(model) == [True] * 3


def test_a_model_is_trained_in_training_mode_inside_an_evaluation() -> None:
    drop = nn.Dropout(0.5, rng=0)
    seen: list[bool] = []

    class Outer(nn.Module):
        def forward(self, x: Any) -> Any:
            inner = nn.Sequential(nn.Linear(2, 3, rng=0), drop)
            callback = nn.Callback()
            callback.on_step_end = lambda run: seen.append(drop.training)  # type: ignore[method-assign]
            with set_mode(recording=True):
                fit(inner, callbacks=[callback], epochs=1)
            assert not inner.training
            return x

    nn.predict(Outer(), np.ones((2, 2)))
    assert seen == [True] * 3


def test_a_mode_can_be_read_set_and_copied() -> None:
    model = nn.Sequential(nn.Dropout())
    model[0].training = False
    again = pickle.loads(pickle.dumps(copy.deepcopy(model)))
    assert modes(again) == modes(model) == [True, False]
    assert again.train().training and again[0].training


def test_predictions_of_few_and_none() -> None:
    model, data = net(), clusters()
    whole = nn.predict(model, data.x)
    assert isinstance(whole, np.ndarray) and whole.dtype == np.float32
    np.testing.assert_allclose(nn.predict(model, data.x, batch_size=7), whole, rtol=1e-6)
    np.testing.assert_array_equal(nn.predict(model, data), whole)
    assert nn.predict(model, data.x[:0]).shape == (0, 3)
    assert nn.predict(model, [[0.0, 1.0]]).shape == (1, 3)
    x = np.ones((3, 2))
    assert not np.shares_memory(nn.predict(nn.Flatten(), x), x)
    with pytest.raises(ValueError, match="at least one sample"):
        nn.evaluate(model, (data.x[:0], data.y[:0]))


def test_evaluations() -> None:
    model, data = net(), clusters()
    wanted = nn.evaluate(model, data, nn.cross_entropy)
    assert wanted["accuracy"] == nn.accuracy(nn.predict(model, data.x), data.y)
    out = Tensor(nn.predict(model, data.x))
    assert wanted["loss"] == nn.cross_entropy(out, data.y).item()
    for same in ((data.x, data.y), nn.DataLoader(data, 60)):
        assert nn.evaluate(model, same, nn.cross_entropy) == wanted
    # Losses that are no plain means over samples are right too.
    sums = [nn.evaluate(model, data, lambda out, y: ((out - 1) ** 2).sum(), batch_size=n)["loss"]
            for n in (7, 60)]  # fmt: skip
    assert sums[0] == pytest.approx(sums[1], rel=1e-5)
    assert nn.evaluate(nn.Linear(2, 1), (data.x, data.x[:, :1]), nn.mse_loss).keys() == {"loss"}
    with pytest.raises(ValueError, match=r"nothing to report: .* outputs are \(60, 1\)"):
        nn.evaluate(nn.Linear(2, 1), data)
