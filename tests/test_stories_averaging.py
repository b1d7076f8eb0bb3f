"""The stories of the neuron that averages and of descent, told quickly."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from test_demos import lines_of, refusal

import nn
from demos import averaging
from demos.__main__ import main


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
