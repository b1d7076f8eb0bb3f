"""The snippets of the README and of the pages in docs run, and print what stands there."""

from __future__ import annotations

import doctest
import re
from argparse import ArgumentParser
from pathlib import Path

import pytest

from demos import graph

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_snippets_run(page: Path) -> None:
    if "nn.datasets" in page.read_text("utf-8"):
        pytest.importorskip("sklearn", reason="it trains on scikit-learn's digits")
    failed, _ = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert failed == 0


def test_the_readme_shows_results() -> None:
    assert len(doctest.DocTestParser().get_examples(PAGES[0].read_text("utf-8"))) > 15


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_linked_files_exist(page: Path) -> None:
    links = [part.split(")")[0] for part in page.read_text("utf-8").split("](")[1:]]
    assert all((page.parent / x).exists() for x in links if not x.startswith(("http", "#")))


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_named_modules_exist(page: Path) -> None:
    names = re.findall(r"`((?:autograd|nn|demos|tests)/[\w/]+\.py)`", page.read_text("utf-8"))
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_pictures_of_graphs_are_those_that_the_demo_draws(tmp_path: Path) -> None:
    parser = ArgumentParser()
    graph.configure(parser)
    graph.run(parser.parse_args(["--out", str(tmp_path)]))
    for name in "expression", "layers", "net":
        drawn = (tmp_path / f"{name}.svg").read_text("utf-8")
        shown = (ROOT / "docs" / f"{name}.svg").read_text("utf-8")
        assert drawn == shown, f"python -m demos graph --out out; cp out/{name}.svg docs/"
