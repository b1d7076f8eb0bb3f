"""How the tests tell a story: `python -m demos arguments`, and what it printed."""

from __future__ import annotations

import pytest

from demos.__main__ import main


def lines_of(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[str]:
    """What a story prints."""
    assert main([str(argument) for argument in arguments]) == 0
    out, error = capsys.readouterr()
    assert error == ""  # no progress bar where there is no terminal
    return out.splitlines()


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line with which a command ends that can't be obeyed."""
    return refused(capsys, *arguments)[1]


def refusal_at_once(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The same of a command that says nothing else before."""
    out, line = refused(capsys, *arguments)
    assert out == ""
    return line


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[str, str]:
    try:
        code: object = main([str(argument) for argument in arguments])
    except SystemExit as error:
        code = error.code
    assert code == 2
    out, error_text = capsys.readouterr()
    (line,) = error_text.splitlines()  # and no traceback
    return out, line
