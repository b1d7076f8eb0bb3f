"""The suite itself: its tests can fail, and have the same names in every process."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = sorted(Path(__file__).parent.rglob("test_*.py"))


def test_ids_are_the_same_in_every_process(request: pytest.FixtureRequest) -> None:
    """As pytest-xdist needs them: no memory addresses, and nothing in the order of a set."""
    own = [item.nodeid for item in request.session.items]
    assert [x for x in own if re.search("0x[0-9a-f]{6}", x)] == []
    config = request.config
    files = dict.fromkeys(item.location[0] for item in request.session.items)
    options = ["--collect-only", "-q", "-m", config.option.markexpr, "-p", "no:cacheprovider"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(config.rootpath), *files],
        check=False, capture_output=True, text=True, cwd=config.rootpath,
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTEST_ADDOPTS": ""},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr
    known = set(own)
    there = [line for line in run.stdout.splitlines() if line in known]
    assert there == own


def cannot_fail(path: Path) -> list[str]:
    """The statements of a module that look like assertions but hold whatever happens."""
    always = (ast.Constant, ast.Tuple, ast.List, ast.JoinedStr, ast.Lambda, ast.GeneratorExp)
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        test = node.test if isinstance(node, ast.Assert) else None
        calls = isinstance(test, ast.Call) and isinstance(test.func, ast.Name)
        lazy = calls and test.func.id in {"map", "filter", "zip", "iter", "reversed"}
        compared = isinstance(node, ast.Expr) and isinstance(node.value, (ast.Compare, ast.BoolOp))
        empty = isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not any(
            isinstance(part, (ast.Assert, ast.Call, ast.With)) for part in ast.walk(node)
        )  # fmt: skip
        if isinstance(test, always) or lazy or compared or empty:
            found.append(f"{path.name}:{node.lineno}")
    return found


def test_no_assertion_holds_whatever_happens(tmp_path: Path) -> None:
    assert [place for path in TESTS for place in cannot_fail(path)] == []
    wrong = [
        "assert (x == 1, 'a pair')", "assert 1", "assert 'text'", "x == 1", "x == 1 and y",
        "assert (a for a in x)", "assert map(f, x)", "def test_x():\n    x = 1",
        "assert lambda: x == 1", "assert f'{x}'",
    ]  # fmt: skip
    for statement in wrong:
        (tmp_path / "test_wrong.py").write_text(statement)
        assert cannot_fail(tmp_path / "test_wrong.py") == ["test_wrong.py:1"], statement
    (tmp_path / "test_right.py").write_text("def test_x():\n    assert x == 1\n    f(x)\n")
    assert cannot_fail(tmp_path / "test_right.py") == []
