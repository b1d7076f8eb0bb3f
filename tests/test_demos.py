"""The stories, told quickly: what they print, write and refuse."""

from __future__ import annotations

import math
import re
import sys
from argparse import Namespace
from pathlib import Path

import pytest
from stories import lines_of, refusal, refusal_at_once

import nn
from demos import cluster
from demos.__main__ import find_stories, main

# --- the command line -----------------------------------------------------------------------------


def test_without_a_name_the_stories_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(capsys)
    assert "  averaging  One neuron learns to average grey pixels." in lines
    assert any(line.startswith("  digits     A net learns") for line in lines)


@pytest.mark.parametrize("name", ["averaging", "digits"])
def test_each_story_explains_itself(capsys: pytest.CaptureFixture[str], name: str) -> None:
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    assert "--epochs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("juggling", "invalid choice: 'juggling'"),
        ("averaging --epochs 0", "--epochs: must be a whole number of at least 1, not '0'"),
        ("averaging --epochs many", "--epochs: must be a whole number"),
        ("averaging --lr -1", "--lr: must be a number above 0, not '-1'"),
        ("averaging --lr nan", "--lr: must be a number above 0"),
        ("averaging --lr fast", "--lr: must be a number above 0, not 'fast'"),
        ("averaging --seed -3", "--seed: must be a whole number of at least 0"),
        ("averaging --engine steam", "invalid choice: 'steam'"),
        ("digits --dataset cifar", "invalid choice: 'cifar'"),
        ("digits --batch-size 0", "--batch-size: must be a whole number of at least 1"),
        ("digits --hidden 16,,8", "--hidden: must be whole numbers"),
        ("digits --dropout 1", "--dropout: must be a number of at least 0 and below 1"),
        ("digits --hold-back 1", "--hold-back: must be a number of at least 0 and below 1"),
        ("digits --early-stopping 0", "--early-stopping: must be a whole number of at least 1"),
        ("digits --schedule never", "invalid choice: 'never'"),
        ("digits --activation step", "invalid choice: 'step'"),
        ("digits --optimizer magic", "invalid choice: 'magic'"),
        ("digits --dataset mnist", "mnist needs four files"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: str,
    message: str,
) -> None:
    monkeypatch.delenv("NAPKINGRAD_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert message in refusal(capsys, *arguments.split())


# --- digits ---------------------------------------------------------------------------------------


def test_digits(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    out = tmp_path / "a" / "b"
    lines = lines_of(capsys, "digits", "--epochs", "5", "--hidden", "32,16", "--out", str(out))
    assert lines[0].startswith("digits, 64-32-16-10: 1213 images to train on, 135 held")
    said = re.fullmatch(r"test accuracy: ([\d.]+)%", lines[-1])
    assert said and float(said[1]) > 90
    assert sum(line.startswith("epoch") for line in lines) == 5
    for picture in ("loss.png", "confusion.png", "mistakes.png", "weights.png"):
        assert (out / picture).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("options", ["--recipe long --epochs 12", "--conv --epochs 6 --no-augment"])
def test_digits_by_other_recipes(capsys: pytest.CaptureFixture[str], options: str) -> None:
    pytest.importorskip("sklearn")
    lines = lines_of(capsys, "digits", "--validation", *options.split())
    said = re.fullmatch(r"validation accuracy: ([\d.]+)%", lines[-1])
    assert said and float(said[1]) > 90


def test_digits_reach_their_accuracy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    first, again = (lines_of(capsys, "digits")[-1] for _ in range(2))
    assert first == again
    assert float(first.removeprefix("test accuracy: ").removesuffix("%")) >= 96


def test_digits_that_diverge_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    message = refusal(capsys, "digits", "--epochs", "2", "--lr", "1e30")
    assert "the loss became" in message


@pytest.mark.parametrize("lr", ["inf", "nan", "0", "-1", "x"])
def test_a_learning_rate_is_a_number_above_0(lr: str, capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal_at_once(capsys, "moons", f"--lr={lr}")
    assert f"must be a number above 0, not '{lr}'" in message


def test_an_out_that_is_no_folder_is_refused_before_training(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_text("")
    assert "file" in refusal_at_once(capsys, "digits", "--out", tmp_path / "file")


def test_baselines_without_sklearn_say_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    message = refusal(capsys, "digits", "--dataset", "mnist", "--baseline")
    assert "scikit-learn" in message and "pip install napkingrad[demos]" in message


@pytest.mark.parametrize("story", sorted(find_stories().keys() - {"graph"}))
def test_pictures_without_matplotlib_say_what_to_install(
    story: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    message = refusal_at_once(capsys, story, "--out", tmp_path)
    assert "pip install napkingrad[demos]" in message


def test_graphs_are_drawn_without_matplotlib(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    lines_of(capsys, "graph", "--out", tmp_path)
    assert (tmp_path / "neuron.svg").is_file()


@pytest.mark.parametrize(
    ("loss", "message"), [(0.5001, "the losses are 2.0e-04 apart"), (math.nan, "are nan apart")]
)
def test_a_cluster_that_computes_something_else_is_not_believed(loss: float, message: str) -> None:
    histories = nn.History(), nn.History()
    for history, last in zip(histories, (0.5, loss)):
        for x in (1.0, last):
            history.add_step({"loss": x})
            history.add_epoch({"loss": x}, seconds=1.0)
    args = Namespace(lr=0.1, kill=None, out=None, dtype="float32")
    with pytest.raises(ValueError, match=message):
        cluster.report(args, *histories)
