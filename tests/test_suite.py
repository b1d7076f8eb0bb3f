"""The suite itself: its tests have the same names in every process, so it can run in parallel."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest


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
