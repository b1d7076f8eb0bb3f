"""Whether a saved state of a training can be gone on from."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.train.states import check_alike, check_fits, named_states


@pytest.mark.parametrize(
    ("saved", "own"),
    [
        (3, 4.5),
        (np.float32(1), True),
        ("a", "b"),
        ({"a": 1}, {"a": 2}),
        ({"a": 1, "new": [2.0]}, {"a": 2}),  # an optimizer's, after its first step
        ({"new": np.ones(3)}, {}),
        ([1.0, 2.0], []),
        ([1.0, [2.0]], [1.0]),
        ((0.9, 0.99), (0.8, 0.9)),
        (np.ones(2), np.zeros(3)),  # their own load_state_dict() looks at shapes
        ("whatever", None),
        ({"a": "whatever"}, {"a": None}),
    ],
)
def test_alike(saved: Any, own: Any) -> None:
    check_alike("part", saved, own)


@pytest.mark.parametrize(
    ("saved", "own", "message"),
    [
        ("3", 3, "its part is '3', not such as 3"),
        (None, 3, "its part is None, not such as 3"),
        (3, "3", "its part is 3, not such as '3'"),
        ([1.0], (1.0,), r"its part is \[1.0\], not such as \(1.0,\)"),
        ({"a": "1"}, {"a": 1}, "its part, a is '1', not such as 1"),
        ({"a": {"b": []}}, {"a": {"b": 1}}, r"its part, a, b is \[\], not such as 1"),
        ({"a": 1, "new": "text"}, {"a": 1}, "its part, new is 'text', not such as 0.0"),
        ({"new": [None]}, {}, "its part, new is None, not such as 0.0"),
        ([1.0, "text"], [], "its part is 'text', not such as 0.0"),
        ([1.0, "text"], [1.0, 1.0], "its part is 'text', not such as 1.0"),
        ([np.ones(2)], [1.0], r"its part is array\(\[1., 1.\]\), not such as 1.0"),
        ("x" * 99, 1, f"its part is '{'x' * 39}, not such as 1"),
    ],
)
def test_not_alike(saved: Any, own: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        check_alike("part", saved, own)


def state(**changes: Any) -> dict[str, Any]:
    optimizer = nn.Adam([nn.Parameter([1.0])])
    return {
        "epoch": 0,
        "steps per epoch": 4,
        "optimizer": named_states([optimizer]),
        "schedules": named_states([nn.StepLR(optimizer, 3)]),
        "callbacks": named_states([nn.PrintEpochs(), nn.EarlyStopping()]),
        "generators": {"library": {}},
        "history": nn.History().to_dict(),
    } | changes


def test_only_what_has_a_state_is_named() -> None:
    assert [name for name, _ in state()["callbacks"]] == ["EarlyStopping"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps per epoch": 5}, "its steps per epoch is 5, not 4"),
        ({"optimizer": [("SGD", {})]}, r"its optimizer is \['SGD'\], not \['Adam'\]"),
        ({"optimizer": []}, r"its optimizer is \[\], not \['Adam'\]"),
        ({"optimizer": [("Adam", [])]}, r"its optimizer is \[\], not such as {.*"),
        ({"optimizer": ["Adam"]}, "it holds 'Adam' in place of a name and a state"),
        ({"optimizer": [("Adam", {}, 1)]}, ".* in place of a name and a state"),
        ({"schedules": []}, r"its schedules are \[\], not \['StepLR'\]"),
        ({"callbacks": []}, r"its callbacks are \[\], not \['EarlyStopping'\]"),
        ({"generators": {}}, r"its generators are \[\], not \['library'\]"),
        ({"epoch": "1"}, "its epoch is '1', not such as 0"),
        ({"history": {"ends": ["1"]}}, "its history, ends is '1', not such as 0.0"),
    ],
)
def test_what_does_not_fit(changes: dict[str, Any], message: str) -> None:
    check_fits(state(), state())
    with pytest.raises(ValueError, match=f"^{message}$"):
        check_fits(state(**changes), state())


# --- what is not finite ---------------------------------------------------------------------------


class Watched(nn.Module):
    """A linear net with a statistic and, if asked for, a mask that is infinite on purpose."""

    def __init__(self, mask: bool = False) -> None:
        self.linear = nn.Linear(2, 1, rng=0, dtype=float)
        self.largest = nn.Buffer(0.0)
        self.mask = nn.Buffer([0.0, -np.inf]) if mask else None

    def forward(self, x: Any) -> Any:
        self.largest.data = np.maximum(self.largest.data, x.max() ** 2)
        return self.linear(np.minimum(x, 1.0))


def learn(x: Any, model: nn.Module | None = None, **options: Any) -> nn.Module:
    model = model or Watched()
    options = {"optimizer": nn.SGD(model.parameters(), lr=0.1), "epochs": 1} | options
    with np.errstate(all="ignore"):
        nn.fit(model, (x, np.ones((4, 1))), loss=nn.mse_loss, seed=0, **options)
    return model


GOOD = np.random.default_rng(0).normal(size=(4, 2))
BAD = np.where(np.arange(4)[:, None] == 2, 1e300, GOOD)


def saved_by(kind: str, path: Path) -> dict[str, Any]:
    if kind == "fit":
        return {"checkpoint": path}
    return {"callbacks": [nn.Checkpoint(path, "loss" if kind == "best" else None)]}


@pytest.mark.parametrize("kind", ["fit", "every", "best"])
@pytest.mark.parametrize("make", ["Watched", "BatchNorm1d"])
def test_no_buffer_that_is_not_finite_is_saved(kind: str, make: str, tmp_path: Path) -> None:
    def model() -> nn.Module:
        if make == "Watched":
            return Watched()
        norm = nn.BatchNorm1d(2, dtype=float)
        return nn.Sequential(norm, nn.Linear(2, 1, rng=0, dtype=float))

    path = tmp_path / "net.npz"
    net = learn(GOOD, model(), **saved_by(kind, path))
    good = nn.predict(nn.load(model(), path), GOOD)
    written = path.read_bytes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        learn(BAD, net, **saved_by(kind, path))
    name = "largest" if make == "Watched" else "running_var"
    told = [str(w.message) for w in caught if name in str(w.message)]
    assert len(told) == (kind != "best") and path.read_bytes() == written
    np.testing.assert_array_equal(nn.predict(nn.load(model(), path), GOOD), good)


def test_no_optimizer_state_that_is_not_finite_is_saved(tmp_path: Path) -> None:
    class Overflow(nn.SGD):
        def update(self, p: Any, g: Any, state: Any, *args: Any, **options: Any) -> Any:
            state["largest"] = np.full_like(p, np.inf)
            return super().update(p, g, state, *args, **options)

    model = Watched()
    with pytest.warns(RuntimeWarning, match="in the optimizer's largest after epoch 1"):
        learn(GOOD, model, checkpoint=tmp_path / "x.npz",
              optimizer=Overflow(model.parameters(), lr=0.1))  # fmt: skip
    assert not (tmp_path / "x.npz").exists()


@pytest.mark.parametrize("kind", ["fit", "every", "best"])
def test_what_is_infinite_on_purpose_is_saved(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    learn(GOOD, Watched(mask=True), **saved_by(kind, path))
    assert nn.load(Watched(mask=True), path).mask.data.tolist() == [0, -np.inf]


def test_early_stopping_restores_no_buffer_that_is_not_finite() -> None:
    data = GOOD.copy()

    class Spoil(nn.Callback):
        def on_epoch_end(self, run: Any) -> None:
            run.scores["x"] = -run.epoch  # each epoch is better than the one before
            data[:] = BAD

    model = learn(data, callbacks=[Spoil(), nn.EarlyStopping(monitor="x")], epochs=3)
    assert np.isfinite(model.largest.data)


def test_training_stops_before_a_buffer_is_spoilt() -> None:
    model = Watched()
    with pytest.warns(RuntimeWarning, match="step 1 a buffer is not finite"):
        learn(BAD, model, callbacks=[nn.StopOnNaN()])
    assert model.largest.data == 0
    learn(GOOD, Watched(mask=True), callbacks=[nn.StopOnNaN()])
