"""The stories of the neuron that averages and of descent, told quickly."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stories import lines_of, refusal

import autograd as ag
import nn
from demos import averaging, descent
from demos.__main__ import find_stories, main


def error_of(lines: list[str]) -> float:
    """The metric of `averaging`."""
    said = re.fullmatch(r"mean squared error on \d+ other rectangles: (\S+) \(.*\)", lines[-1])
    assert said
    return float(said[1])


# --- the frame ------------------------------------------------------------------------------------


def test_a_wrong_command_is_answered_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ("averaging --lr x", "averaging --size 101", "averaging --louder", "bread"):
        assert exit_code(arguments) == 2
        out, error = capsys.readouterr()
        assert out == "" and error.count("\n") == 1 and error.startswith("python -m demos")


def exit_code(arguments: str) -> object:
    try:
        return main(arguments.split())
    except SystemExit as end:
        return end.code


def test_an_out_that_cannot_be_written_to_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        message = refusal(capsys, "averaging", "--out", str(out))
        assert "--out must be a folder that can be written to, but" in message


@pytest.mark.parametrize("name", find_stories())
def test_every_story_takes_out_and_explains_itself(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    assert exit_code(f"{name} --help") == 0
    assert "--out" in capsys.readouterr().out
    (tmp_path / "file").write_text("")
    assert "--out must be a folder" in refusal(capsys, name, "--out", str(tmp_path / "file"))


def test_a_reader_who_leaves_is_no_error() -> None:
    command = f"{sys.executable} -m demos averaging --engine tensor --epochs 100000 | head -1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Before training") and done.stderr == ""


def test_ctrl_c_ends_a_story_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(averaging, "train", interrupted)
    assert main(["averaging"]) == 130
    assert capsys.readouterr().err == "python -m demos averaging: stopped\n"


# --- averaging ------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", averaging.ENGINES)
def test_averaging(capsys: pytest.CaptureFixture[str], engine: str) -> None:
    lines = lines_of(capsys, *f"averaging --samples 100 --epochs 150 --engine {engine}".split())
    assert lines[0] == (
        "Before training it says 0.684 for [0.2, 0.5, 0.4, 0.7], whose mean is 0.45."
    )
    assert error_of(lines) < 1e-3
    losses = [float(line.split()[1]) for line in lines if re.match(r" +\d", line)]
    assert len(losses) == 11 and losses == sorted(losses, reverse=True)


def test_averaging_as_the_article_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(capsys, "averaging", "--engine", "compiled")
    at = lines.index("                 article     here")
    before, after, loss = (float(line.split()[-1]) for line in lines[at + 1 : at + 4])
    assert before == 0.684
    assert abs(after - 0.45) < 0.003
    assert loss < 2e-6
    assert error_of(lines) < 2e-6


def test_all_engines_find_the_same_weights(capsys: pytest.CaptureFixture[str]) -> None:
    for plan in (
        averaging.Plan(samples=50, epochs=20),
        averaging.Plan(size=3, samples=50, epochs=2, bias=True),
        averaging.Plan(hidden=(4, 3), samples=50, epochs=2, activation="tanh"),
    ):
        found = [
            averaging.weights_of(averaging.train(plan.completed(), engine)[0])
            for engine in averaging.ENGINES
        ]
        for weights in found[1:]:
            assert np.allclose(weights, found[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("size", "engine"), [(5, "scalar"), (10, "compiled"), (30, "tensor")])
def test_large_rectangles_are_averaged_too(size: int, engine: str) -> None:
    plan = averaging.Plan(size=size).completed()
    assert plan.samples and plan.samples >= 10 * size**2
    assert plan.lr == 2 / size**2
    net, test, _ = averaging.train(plan, engine)
    always_grey = float(((test.y - 0.5) ** 2).mean())
    assert nn.mse_loss(net(test.x), test.y).item() < always_grey / 1000
    assert np.allclose(size**2 * averaging.weights_of(net), 1, rtol=0, atol=0.02)


def test_a_net_averages_with_slopes_for_weights(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    options = "--hidden 8,8 --activation tanh --engine tensor --epochs 15 --compare --samples 200"
    lines = lines_of(capsys, "averaging", *options.split(), "--out", str(tmp_path))
    assert error_of(lines) < 2e-3
    rows = [line.split() for line in lines[1:4]]
    assert [row[0] for row in rows] == ["scalar", "compiled", "tensor"]
    assert len({f"{float(row[2]):.9e}" for row in rows}) == 1
    assert (tmp_path / "averaging.png").read_bytes().startswith(b"\x89PNG")


def test_a_size_too_large_for_an_engine_names_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = refusal(capsys, "averaging", "--size", "30")
    assert "--size 30 is too large for the scalar engine" in message
    assert message.endswith("use --engine compiled or --engine tensor")
    message = refusal(capsys, "averaging", "--size", "100", "--engine", "compiled")
    assert message.endswith("use --engine tensor")
    assert "at most 100" in refusal(capsys, "averaging", "--size", "101", "--engine", "tensor")


def test_averaging_that_diverges_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal(capsys, "averaging", "--epochs", "2000", "--lr", "5", "--engine", "tensor")
    assert "the loss became" in message and "--lr 0.5" in message


# --- descent --------------------------------------------------------------------------------------


def test_descent(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(capsys, "descent")
    found = {line.split("  ")[1]: line.split(": ")[-1] for line in lines if line.startswith("  ")}
    assert found == {
        "lr 0.002, too low": "still on the way",
        "lr 0.05": "in a local minimum, not the lowest",
        "lr 0.5, too high": "still from side to side",
        "lr 0.05, momentum 0.9": "arrived",
        "lr 0.005, too low": "still on the way",
        "lr 0.1": "arrived",
        "lr 0.95, overshoots": "arrived",
        "lr 1.01, too high": "further and further away",
        "descent, lr 0.045": "still on the way",
        "momentum 0.7, lr 0.045": "arrived",
        "Adam, lr 0.3": "arrived",
    }
    assert lines[-1].startswith("height above the lowest point of the ravine: ")
    plain, momentum, adam = (float(x) for x in re.findall(r"\d\.\de-\d\d", lines[-1]))
    assert momentum < adam < plain < 0.01


def test_the_minima_of_the_landscapes_are_minima() -> None:
    for land in descent.LANDSCAPES:
        for place in filter(None, (land.minimum, land.local)):
            slopes = [slope_at(land.height, place, i) for i in range(len(place))]
            assert np.allclose(slopes, 0, rtol=0, atol=1e-9)
    valleys = descent.LANDSCAPES[0]
    assert valleys.local is not None
    assert valleys.height(*valleys.minimum) < valleys.height(*valleys.local) < valleys.height(0.2)


def slope_at(f: Callable[..., Any], place: tuple[float, ...], i: int) -> float:
    slope: float = ag.grad(f, argnums=i)(*place)
    return slope


def test_descent_is_drawn_and_filmed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    image = pytest.importorskip("PIL.Image")
    out = str(tmp_path)
    lines = lines_of(capsys, "descent", "--epochs", "5", "--lr", "1e300", "--out", out)
    assert sum("yours, lr 1e+300" in line for line in lines) == 4  # and in the last line
    assert sum(line.endswith("further and further away") for line in lines) == 4
    assert (tmp_path / "descent.png").read_bytes().startswith(b"\x89PNG")
    with image.open(tmp_path / "descent.gif") as film:
        assert film.n_frames == 6


def test_descent_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--lr: must be a number above 0" in refusal(capsys, "descent", "--lr", "0")
    assert "--epochs: must be a whole number" in refusal(capsys, "descent", "--epochs", "x")
