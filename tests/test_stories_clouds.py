"""The stories of clouds, moons and the four equations, told quickly."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from stories import lines_of, refusal

import nn
from autograd import Value, grad
from demos import backprop, clouds, moons
from demos.__main__ import main


def percentages(line: str) -> list[float]:
    return [float(number) for number in re.findall(r"([\d.]+)%", line)]


def assert_pictures(out: Path, *names: str) -> None:
    assert sorted(path.name for path in out.iterdir()) == sorted(f"{name}.png" for name in names)
    for path in out.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("clouds --hidden 0", "--hidden: must be a whole number of at least 1, not '0'"),
        ("clouds --spread -1", "--spread: must be a number above 0, not '-1'"),
        ("clouds --samples few", "--samples: must be a whole number"),
        ("clouds --lr 1e308 --epochs 9", "the loss became"),
        ("moons --engine steam", "invalid choice: 'steam'"),
        ("moons --noise nan", "--noise: must be a number above 0"),
        ("moons --hidden 4,,4", "--hidden: must be whole numbers"),
        ("moons --engine tensor --lr 1e200", "the loss became"),
        ("backprop --batch-size 0", "--batch-size: must be a whole number"),
        ("backprop --lr fast", "--lr: must be a number above 0, not 'fast'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], command: str, message: str
) -> None:
    assert message in refusal(capsys, *command.split())


@pytest.mark.parametrize("story", ["clouds", "moons", "backprop"])
def test_an_out_that_is_no_folder_is_refused_before_training(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, story: str
) -> None:
    (tmp_path / "file").write_text("")
    assert main([story, "--out", str(tmp_path / "file")]) == 2
    printed, error = capsys.readouterr()
    assert printed == "" and "file" in error


# --- clouds ---------------------------------------------------------------------------------------


def test_clouds_reach_97_percent(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    lines = lines_of(capsys, "clouds", "--out", tmp_path)
    assert lines[0] == "clouds, 2-5-3: 1500 points to learn from, as many fresh ones"
    assert min(percentages(lines[-1])) >= 97
    assert_pictures(tmp_path, "clouds-regions", "clouds-cost")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_on_any_draw_clouds_come_close_to_the_best_there_is(
    capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    lines = lines_of(capsys, "clouds", "--seed", seed, "--epochs", 300)
    best = [percentages(line)[0] for line in lines if "nearest of the true centres" in line]
    reached = percentages(lines[-1])
    assert len(best) == len(reached) == 2
    assert all(ours >= theirs - 0.6 for ours, theirs in zip(reached, best))


def test_engine_and_formulas_agree_to_1e_12(capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 2)) * 3, rng.integers(0, 3, 40)
    for scale in 0.01, 1.0, 30.0:  # from a net that says nothing to one that is saturated
        weights = [scale * rng.normal(size=shape) for shape in ((7, 2), (7,), (3, 7), (3,))]
        (loss, gradients), (other, formulas) = (
            slopes(weights, x, y) for slopes in (clouds.by_engine, clouds.by_formulas)
        )
        assert np.isclose(loss, other, rtol=1e-12, atol=0)
        assert clouds.difference(gradients, formulas) <= 1e-12
        assert all(np.abs(g).max() > 0 for g in gradients)


def test_a_wrong_formula_is_noticed() -> None:
    clouds.check_agreement(1e-13)
    for wrong in 1e-11, float("nan"):
        with pytest.raises(ValueError, match="one of them is wrong"):
            clouds.check_agreement(wrong)


def test_the_nearest_centre_is_right_for_97_percent_of_points() -> None:
    data, _ = nn.datasets.load("clouds", samples=150_000, rng=0)
    assert abs(np.mean(clouds.nearest_centre(data.x) == data.y) - 0.970) < 0.002


# --- the four equations ---------------------------------------------------------------------------


def test_the_four_equations(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    lines = lines_of(capsys, "backprop", "--epochs", 8, "--out", tmp_path)
    assert lines[0].startswith("digits, 64-30-10: 1348 images")
    rows = [line for line in lines if re.match(r"  \(\d\)", line)]
    assert [int(row[3]) for row in rows] == 2 * [1, 2, 3, 3, 4, 4]  # before training and after
    assert all(float(row.split()[-1]) < 1e-12 for row in rows)
    assert all(row.split()[-3] == row.split()[-2] for row in rows)
    by_engine, by_equations = percentages(lines[-1])
    assert by_engine == by_equations > 90
    assert_pictures(tmp_path, "backprop-equations", "backprop-training")


def test_the_equations_hold_for_every_depth() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random((6, 5)), np.eye(4)[rng.integers(0, 4, 6)]
    for sizes in ((5, 4), (5, 3, 4), (5, 3, 6, 2, 4)):
        weights = [(rng.normal(size=(b, a)), rng.normal(size=b)) for a, b in zip(sizes, sizes[1:])]
        rows = backprop.compare(weights, x, y)
        assert len(rows) == 3 * len(weights)
        assert all(np.abs(row.equation).max() > 0 for row in rows)
        slope = grad(lambda w: backprop.cost(backprop.forward(w, x)[1][-1], y))(weights)
        for layer, (dw, db) in enumerate(slope, 1):
            found = {row.number: row.equation for row in rows if row.layer == layer}
            assert np.allclose(found[4], dw, rtol=1e-12) and np.allclose(found[3], db, rtol=1e-12)


def test_a_wrong_equation_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = backprop.by_equations

    def wrong(weights: backprop.Weights, x: object, y: object) -> backprop.Gradients:
        found = right(weights, x, y)
        return found._replace(weights=[1.001 * dw for dw in found.weights])

    monkeypatch.setattr(backprop, "by_equations", wrong)
    weights = [(np.ones((2, 3)), np.zeros(2))]
    with pytest.raises(ValueError, match=r"∂C/∂W¹ = δ¹ᵀ a⁰ should agree"):
        backprop.compare(weights, np.ones((4, 3)), np.zeros((4, 2)))


# --- moons ----------------------------------------------------------------------------------------


def test_moons(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    lines = lines_of(capsys, "moons", "--engine", "compiled", "--out", tmp_path)
    assert lines[0].startswith("moons, 2-16-16-1: 337 parameters, 100 points")
    assert any(re.fullmatch(r"compiled engine: \S+ ms per epoch on average", x) for x in lines)
    learnt, fresh = percentages(lines[-1])
    assert learnt >= 98 and fresh >= 95
    assert_pictures(tmp_path, "moons-regions", "moons-loss")


def test_moons_on_single_numbers_quickly(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(capsys, "moons", "--samples", 30, "--epochs", 15, "--hidden", 8)
    assert percentages(lines[-1])[0] > 70


def test_all_engines_take_the_same_steps() -> None:
    data, _ = nn.datasets.load("moons", samples=12, rng=0)
    data = nn.Dataset(data.x.astype(float), data.y)
    losses = {
        name: moons.train(*learner(nn.scalar.MLP(2, [4, 1], rng=0)), data, epochs=12, lr=0.05)
        for name, learner in moons.ENGINES.items()
    }
    assert losses["scalar"][-1] < losses["scalar"][0]
    for name in "compiled", "tensor":
        assert np.allclose(losses["scalar"], losses[name], rtol=1e-9), name


def test_the_net_is_made_of_single_numbers() -> None:
    net = nn.scalar.MLP(2, [16, 16, 1], rng=0)
    model, step = moons.ENGINES["scalar"](net)
    assert model is net and all(type(p) is Value for p in net.parameters())
    assert step(np.ones((2, 2)), np.array([1.0, 1.0])) > 0
    assert all(type(p.grad) is float for p in net.parameters())
