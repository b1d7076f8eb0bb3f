"""`python -m demos` with whatever somebody types: a story, or one line that says what is wrong."""

from __future__ import annotations

import subprocess
import sys
from argparse import Action, ArgumentParser
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

pytest.importorskip("hypothesis")

from contract import CHECKOUT, in_memory_of
from hypothesis import strategies as st

from demos.__main__ import find_stories, main

VALUES = st.sampled_from(
    [
        "0", "1", "2", "-1", "1.5", "1e400", "nan", "inf", "-inf", "1e-320",
        "0x10", "1_000", "٣", "²",
        "9" * 30, "9" * 5000,
        "1,2", "1,,2", ",", "1-2", "2-2-2", "", " ", "x", "--", "-", "=", "%s",
        "{}", "\n", "\x1b[31m", "'", "$(touch planted)", "`touch planted`", "; touch planted",
        "digits", "sgd", "adam", "quick", "scalar", "tensor", "relu", "LR", "0.5", "0.999",
    ]
) | st.text(max_size=6)  # fmt: skip
PATHS = st.sampled_from(
    ["out", "deep/er/out", "file", "file/out", "net.npz", "none.npz", "x.txt", ".", "a" * 300, "\0",
     "", "spa ce", "-out", "ünï"]
)  # fmt: skip


def options_of(story: Any) -> list[Action]:
    parser = ArgumentParser()
    story.configure(parser)
    return [x for x in parser._actions if x.option_strings and x.dest != "help"]


STORIES = find_stories()
OPTIONS = {name: options_of(story) for name, story in STORIES.items()}


@st.composite
def command_lines(draw: Any) -> list[str]:
    name = draw(st.sampled_from([*STORIES, *STORIES, "nonsense", "", "--help"]))
    words = [name]
    for _ in range(draw(st.integers(0, 4))):
        options = OPTIONS.get(name, [])
        if not options or draw(st.integers(0, 9)) == 0:
            words.append(draw(VALUES))
            continue
        option = draw(st.sampled_from(options))
        words.append(draw(st.sampled_from(option.option_strings)))
        if option.nargs != 0 and draw(st.integers(0, 9)):
            values = PATHS if option.type is Path else VALUES
            if option.choices and draw(st.booleans()):
                values = st.sampled_from(list(option.choices))
            words.append(draw(values))
    if name == "digits" and draw(st.integers(0, 3)) == 0:
        words += ["predict", *draw(st.lists(PATHS, max_size=2))]
    return words


def test_command_lines(
    fuzz: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Options are read, and the folder for pictures is made; the stories are left out."""
    for story in STORIES.values():
        monkeypatch.setattr(story, "run", lambda args: None)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "file").write_text("")

    def check(words: list[str]) -> None:
        try:
            code: object = main(words)
        except SystemExit as end:
            code = end.code
        out, error = capsys.readouterr()
        assert code in (0, 2)
        if code == 2:
            assert not out and "error: " in error and "Traceback" not in error
        assert [x.name for x in tmp_path.iterdir()] == ["here"]
        named = {Path(x.partition("=")[2] or x).parts[:1] for x in words}
        for made in here.iterdir():
            assert (made.name,) in named or made.name == "file"
            if made.is_dir():
                rmtree(made)

    fuzz("command lines", check, command_lines(), quick=60, soak=5000)


EXTREMES = [
    "averaging --size 100 --epochs 1 --samples 1000000000",
    "averaging --hidden 1000000000",
    "averaging --epochs 1 --lr 1e308",
    "averaging --epochs 1 --lr 1e-320",
    "backprop --hidden 1000000000 --epochs 1",
    "clouds --hidden 1000000000 --epochs 1",
    "clouds --samples 1 --epochs 1",
    "clouds --spread 1e308 --epochs 1",
    "clouds --lr 1e308 --epochs 3",
    "descent --lr 1e308 --epochs 3",
    "digits --hidden 1000000000 --epochs 1",
    "digits --epochs 1 --batch-size 1000000000",
    "digits --epochs 1 --hold-back 0.9999999",
    "digits --epochs 1 --dropout 0.99999999 --weight-decay 0.999",
    "digits --load pyproject.toml",
    "moons --hidden 1000000000 --epochs 1",
    "moons --noise 1e308 --epochs 1",
    "moons --samples 1 --epochs 1",
    "napkin --model 1000000000-1000000000-10 --quick",
    "overfit --samples 1 --wrong 0.99 --epochs 1",
    "overfit --weight-decay 1e308 --epochs 2",
    "graph --out pyproject.toml",
]


@pytest.mark.soak
@pytest.mark.parametrize("command", EXTREMES)
def test_extremes(command: str, counts: Any) -> None:
    """Numbers at their limits, in four gigabytes: a result, or a line about what is wrong."""
    counts["extreme options"] += 1
    pytest.importorskip("sklearn")
    done = subprocess.run(
        [sys.executable, "-m", "demos", *command.split()],
        preexec_fn=in_memory_of(4096),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 2), done.stderr[-2000:]
    assert len(done.stderr.splitlines()) == (done.returncode == 2), done.stderr
