"""The README's snippets run, and print what it says."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


def test_snippets_run() -> None:
    pytest.importorskip("sklearn", reason="the README trains on scikit-learn's digits")
    failed, tried = doctest.testfile(str(README), module_relative=False)
    assert tried > 15
    assert failed == 0


def test_linked_files_exist() -> None:
    links = [part.split(")")[0] for part in README.read_text().split("](")[1:]]
    local = [link for link in links if not link.startswith("http")]
    assert local
    assert all((README.parent / link).exists() for link in local)
