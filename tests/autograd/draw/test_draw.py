"""Pictures of graphs: what they show, and that no graph, label or machine breaks them."""

from __future__ import annotations

import errno
import html
import math
import os
import pickle
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Op, Tensor, Value, draw, no_grad, scope, where
from autograd.core import array_rules
from autograd.draw import Drawing, GraphvizMissingError
from autograd.draw.formats import notation
from autograd.draw.graph.picture import Array, Box
from demos import graph

needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
needs_typst = pytest.mark.skipif(not find_spec("typst"), reason="typst is not installed")
needs_matplotlib = pytest.mark.skipif(
    not find_spec("matplotlib"), reason="matplotlib is not installed"
)
needs_latex = pytest.mark.skipif(not shutil.which("pdflatex"), reason="LaTeX is not installed")

LABELS = [
    "<b>",
    "<lambda> <map>",
    "&amp;",
    "a\\b",
    "\\N \\G \\l",
    "\\\\\\",
    "x|y {z}",
    'say "hi"',
    "it's",
    "π ∂",
    "]>;",
    "node",
    "a  b",
    "#1",
]
HIDDEN = ["two\nlines", "tab\t", "\0", "\x1b[31m", "\ud800", "\u2028"]


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


def boxes(drawing: Drawing) -> list[Box]:
    return list(drawing.picture.boxes)


def by_label(drawing: Drawing) -> dict[str, Box]:
    return {box.label: box for box in boxes(drawing)}


def dot_nodes(drawing: Drawing) -> list[str]:
    return re.findall(r"^  (n\d+) \[", drawing.dot, re.MULTILINE)


def dot_edges(drawing: Drawing) -> list[tuple[str, str]]:
    return re.findall(r"^  (n\d+) -> (n\d+)", drawing.dot, re.MULTILINE)


def neuron() -> Value:
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(7.0, "b")
    o: Value = (w * x + b).tanh()
    o.label = "o"
    return o


def doublings(n: int) -> Value:
    x = Value(1.0)
    for _ in range(n):
        x = x + x
    return x


# --- the graph ------------------------------------------------------------------------------------


def test_a_square_has_two_edges() -> None:
    x = Value(3.0)
    drawing = draw(x * x)
    assert list(drawing.picture.edges) == [("n0", "n1", 0), ("n0", "n1", 1)]
    assert dot_edges(drawing) == [("n0", "n1")] * 2


def test_every_node_appears_once() -> None:
    drawing = draw(doublings(13))
    assert len(boxes(drawing)) == 14
    assert len(dot_nodes(drawing)) == len(set(dot_nodes(drawing))) == 14
    assert len(dot_edges(drawing)) == 26
    assert len(drawing.text.splitlines()) == 1 + 14


def test_boxes_come_in_the_order_of_the_computation() -> None:
    a, b, c = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c")
    d = (a - b) / c
    assert [box.label or box.op for box in boxes(draw(d))] == ["a", "b", "sub", "c", "div"]


def test_several_roots_share_what_they_were_computed_from() -> None:
    x = Value(2.0, "x")
    y, z = x.exp(), x.sin()
    drawing = draw(y, z, x)
    assert [(box.op, box.root) for box in boxes(drawing)] == [
        ("", True),
        ("exp", True),
        ("sin", True),
    ]
    assert drawing.text.count("x  ") == 1


def test_a_long_chain_is_refused_with_a_way_on() -> None:
    x = Value(1.0)
    for _ in range(100_000):
        x = x + 1.0
    with pytest.raises(ValueError, match=r"up to 500 nodes, but this one has 100001.*limit=100001"):
        draw(x)


def test_a_graph_of_a_million_nodes_is_refused_within_seconds() -> None:
    x = Value(1.0)
    for _ in range(1_000_000):
        x = x + 1.0
    start = time.process_time()
    with pytest.raises(ValueError, match=r"up to 500 nodes, but this one has 1000001"):
        draw(x)
    assert time.process_time() - start < 20  # seconds; it was a minute


def test_a_long_chain_can_be_drawn_on_demand() -> None:
    x = Value(1.0)
    for _ in range(20_000):
        x = x + 1.0
    drawing = draw(x, limit=20_001)
    assert len(dot_nodes(drawing)) == len(drawing.text.splitlines()) - 1 == 20_001


def test_a_drawing_is_a_snapshot() -> None:
    o = neuron()
    drawing = draw(o)
    before = drawing.text
    o.backward()
    assert drawing.text == before != draw(o).text


# --- what is shown of a node ----------------------------------------------------------------------


def test_not_computed_is_not_zero() -> None:
    x, y = Value(-1.0, "x"), Value(5.0, "y")
    z = x.relu()
    assert draw(z).text.count("not computed") == 2
    assert draw(z).dot.count("not computed") == 2
    z.backward()
    shown = by_label(draw(z, y))
    assert shown["x"].gradient == 0.0
    assert shown["y"].gradient is None
    assert draw(z, y).text.count("not computed") == 1


def test_values_gradients_and_operations_are_shown() -> None:
    o = neuron()
    o.backward()
    drawing = draw(o)
    box = by_label(drawing)["o"]
    assert (box.kind, box.op, box.root) == ("step", "tanh", True)
    assert (box.value, box.gradient) == (o.data, 1.0)
    assert by_label(drawing)["w"].gradient == o.args[0].args[0].args[0].grad  # type: ignore[union-attr]
    assert [line.split() for line in drawing.text.splitlines()] == [
        ["value", "gradient"],
        ["o", "=", "tanh(v2)", "0.7616", "1"],
        ["v2", "=", "v1", "+", "b", "1", "0.42"],
        ["v1", "=", "w", "*", "x", "-6", "0.42"],
        ["w", "-3", "0.8399"],
        ["x", "2", "-1.26"],
        ["b", "7", "0.42"],
    ]


def test_equal_labels_are_told_apart() -> None:
    h = Value(1.0, "h")
    h2 = h.exp()
    h2.label = "h"
    drawing = draw(h2)
    assert len(set(dot_nodes(drawing))) == 2
    assert "h#2 = exp(h#1)" in drawing.text


def test_arrays_show_shape_dtype_and_a_summary() -> None:
    x = Tensor(np.array([[3.0, 0.0], [0.0, -4.0]], dtype=np.float32), requires_grad=True, label="x")
    y = (x * 2).sum()
    y.backward()
    drawing = draw(y)
    box = by_label(drawing)["x"]
    assert box.value == Array((2, 2), "float32", -4.0, 3.0, 5.0, (3.0, 0.0, 0.0, -4.0))
    assert box.gradient == Array((2, 2), "float32", 2.0, 2.0, 4.0, (2.0,) * 4)
    for text in "(2, 2) float32", "[[3 0] [0 -4]]", "all 2":
        assert text in drawing.text
        assert text in drawing.dot


def test_a_gradient_that_tensors_do_not_keep_is_not_called_uncomputed() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True, label="x")
    h = x.exp()
    h.label = "h"
    assert "not kept" in draw(h).text
    h.retain_grad()
    assert "not kept" not in draw(h).text


@pytest.mark.parametrize(
    ("data", "summary"),
    [
        (np.zeros((0, 3)), "(0, 3) float64  empty"),
        ([np.nan, 1.0], "[nan 1]"),
        ([np.inf, -np.inf], "[inf -inf]"),
        (np.array([3e4, 4e4], dtype=np.float16), "[30000 40000]"),
        ([True, False], "[1 0]"),
        ([[[1, 2, 3]], [[4, 5, 6]]], "[[[1 2 3]] [[4 5 6]]]"),
        (np.array([3e4] + 15 * [1e4], dtype=np.float16), "10000 … 30000, norm 48990"),
        (np.arange(1.0, 6.0) / 7e9, "1.429e-10 … 7.143e-10, norm 1.059e-09"),
        (np.append(np.ones(8), np.nan), "nan … nan, norm nan"),
        (7, "() int64  7"),
    ],
)
def test_arrays_are_shown_by_few_entries_or_a_summary(data: Any, summary: str) -> None:
    drawing = draw(Tensor(data))
    assert summary in re.sub("   +", "  ", drawing.text)
    assert summary.removeprefix("(0, 3) float64  ").removeprefix("() int64  ") in drawing.dot


def test_precision() -> None:
    x = Value(1 / 3, "x")
    assert "0.33333333" in draw(x, precision=8).text
    assert "0.33 " in draw(x, precision=2).text


# --- constants ------------------------------------------------------------------------------------


def test_constant_numbers_stand_with_the_operation() -> None:
    x = Value(3.0, "x")
    drawing = draw(2 * x**3 + where(True, x, 1.0))
    assert len(boxes(drawing)) == 5
    assert "x**3" in drawing.text
    assert ">**3</b>" in drawing.dot
    assert ">2 ×</b>" in drawing.dot  # the sign of multiplication
    assert ">where(true, ·, 1)</b>" in drawing.dot


def test_constant_numbers_as_nodes() -> None:
    x = Value(3.0, "x")
    drawing = draw(x**2 * Value(5.0).detach(), constants=True)
    assert [(box.kind, box.value) for box in boxes(drawing)] == [
        ("leaf", 3.0),
        ("constant", 2.0),
        ("step", 9.0),
        ("constant", 5.0),
        ("step", 45.0),
    ]
    assert len(dot_edges(drawing)) == 4
    assert "x**2" in drawing.text


def test_named_constants_and_arrays_are_always_drawn() -> None:
    w = Tensor([1.0, 2.0], requires_grad=True, label="w")
    x = Tensor([3.0, 4.0], label="x")
    k = Value(5.0, "k").detach()
    drawing = draw((w * x + np.array([1.0, 2.0])) * k)
    kinds = [box.kind for box in boxes(drawing)]
    assert kinds.count("constant") == 3
    assert by_label(drawing)["k"].kind == "constant"
    assert all("gradient" not in line for line in drawing.text.splitlines()[1:])


def test_a_shared_constant_is_one_node() -> None:
    with no_grad():
        k = Value(2.0, "k") * 1
    k.label = "k"
    x = Value(3.0)
    assert [box.label for box in boxes(draw(x * k + k))].count("k") == 1


def test_a_leaf_that_is_frozen_since_is_a_constant() -> None:
    w, x = Value(2.0), Value(3.0, "x")
    y = w * x
    w.requires_grad_(False)
    assert [box.op or box.label for box in boxes(draw(y))] == ["x", "mul"]
    assert boxes(draw(y))[-1].operands == (2.0, "n0")


def test_a_constant_alone_is_drawn() -> None:
    assert "2" in draw(Value(2.0).detach()).text


# --- labels ---------------------------------------------------------------------------------------


def svg_texts(drawing: Drawing) -> list[str]:
    return svg_texts_of(drawing.svg)


def svg_texts_of(svg: str) -> list[str]:
    texts = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(text.itertext()).replace("\xa0", " ") for text in texts]


def labelled(*labels: str) -> Value:
    x = Value(0.0)
    for label in labels:
        x = x + Value(1.0, label)
    return x


def test_ids_do_not_depend_on_labels() -> None:
    n = len(LABELS + HIDDEN)
    plain, strange = draw(labelled(*"a" * n)), draw(labelled(*LABELS, *HIDDEN))
    assert dot_nodes(plain) == dot_nodes(strange)
    assert dot_edges(plain) == dot_edges(strange)


def test_what_cannot_be_printed_is_spelled_out() -> None:
    drawing = draw(labelled(*HIDDEN))
    for label in HIDDEN:
        assert label not in drawing.dot
        assert label not in drawing.text.splitlines()
        assert ascii(label)[1:-1] in drawing.text


ENGINES = ["own", pytest.param("dot", marks=needs_dot)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_labels_survive_in_images(direction: Any, engine: Any) -> None:
    root = labelled(*LABELS, *HIDDEN, "", "same", "same")
    texts = svg_texts(draw(root, direction=direction, engine=engine))
    for label in *LABELS, *(ascii(label)[1:-1] for label in HIDDEN):
        assert label in texts
    assert texts.count("same#1") == texts.count("same#2") == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_names_of_ops_and_groups_survive_in_images(engine: Any) -> None:
    op = Op("<x> & \\N", lambda x: x, (None,))
    with scope('<g> & "\\G"'):
        root = op(Value(1.0))
    texts = svg_texts(draw(root, engine=engine))
    assert "<x> & \\N" in texts
    assert '<g> & "\\G"' in texts


def test_labels_survive_in_a_page() -> None:
    page = draw(labelled(*LABELS, "</script>", "</pre><b>")).html
    for label in *LABELS, "</script>", "</pre><b>":
        assert page.count(html.escape(label)) >= 2  # in the picture and in the text
    assert "<b>" not in page


@needs_latex
def test_labels_survive_in_latex(tmp_path: Path) -> None:
    root = labelled(*LABELS, "é ß \u0142", "\u65e5\u672c", "$x$", "50%", "~^_#`", "{", "")
    with scope("_group_ {1} & \\"):
        root = root * 2
    draw(root, slopes=True, numbers=True, legend=True).save(tmp_path / "graph.tex")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "graph.tex"]
    run = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True)
    assert run.returncode == 0, run.stdout[-2000:]
    assert b"(1 page," in run.stdout


def test_latex_escapes_what_it_would_read() -> None:
    tex = draw(labelled("a\\b {x} 50% #1 $y$ <b> π")).tex
    assert r"a\textbackslash{}b~\{x\}~50\%~\#1~\$y\$~\textless{}b\textgreater{}~$\pi$" in tex
    assert "x$_1$$^2$" in draw(labelled("x₁²")).tex


# --- images and files -----------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_svg_shows_each_node_and_fits_its_page(engine: Any) -> None:
    root = ET.fromstring(draw(neuron(), engine=engine).svg)
    nodes = [part for part in root.iter() if (part.get("class") or "").split()[:1] == ["node"]]
    assert len(nodes) == 6
    assert root.get("viewBox")
    assert root.get("style") == "max-width: 100%; height: auto"


@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        (".svg", b"<svg "),
        (".SVG", b"<svg "),
        (".html", b"<!DOCTYPE html>"),
        (".tex", b"\\documentclass"),
        pytest.param(".png", b"\x89PNG", marks=needs_typst),
        pytest.param(".PDF", b"%PDF", marks=needs_matplotlib),
    ],
)
def test_images_are_saved(tmp_path: Path, suffix: str, start: bytes) -> None:
    path = tmp_path / f"graph{suffix}"
    draw(neuron()).save(path)
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_text_and_dot_are_saved(tmp_path: Path, no_dot: None) -> None:
    drawing = draw(neuron())
    drawing.save(tmp_path / "graph.dot")
    drawing.save(str(tmp_path / "graph.txt"))
    assert (tmp_path / "graph.dot").read_text(encoding="utf-8") == drawing.dot
    assert (tmp_path / "graph.txt").read_text(encoding="utf-8") == drawing.text + "\n"


@pytest.mark.parametrize("name", ["graph.jpg", "graph", ".svg"])
def test_other_formats_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"\.svg, \.html, \.tex, \.png, \.pdf, \.dot or \.txt"):
        draw(neuron()).save(tmp_path / name)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no directory .*nowhere"):
        draw(neuron()).save(tmp_path / "nowhere" / "graph.dot")


def test_a_failed_save_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "graph.dot"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=f"no space left: '{path}'"):
        draw(neuron()).save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_without_dot_images_name_the_cure(tmp_path: Path, no_dot: None) -> None:
    drawing = draw(neuron(), engine="dot")
    assert drawing.dot.startswith("digraph")
    with pytest.raises(GraphvizMissingError, match="apt-get install graphviz"):
        drawing.svg  # noqa: B018  # it is computed here
    with pytest.raises(GraphvizMissingError, match="PNG.*apt-get install graphviz"):
        drawing.save(tmp_path / "graph.png")
    assert not list(tmp_path.iterdir())


def test_the_error_is_known_by_its_public_place() -> None:
    assert GraphvizMissingError.__module__ == "autograd.draw"
    assert type(pickle.loads(pickle.dumps(GraphvizMissingError("x")))) is GraphvizMissingError


def test_without_the_package_images_name_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    drawing = draw(neuron(), engine="dot")
    assert drawing.dot.startswith("digraph")
    with pytest.raises(GraphvizMissingError, match="pip install graphviz"):
        drawing.svg  # noqa: B018


def test_all_formats_are_made_without_graphviz(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_dot: None
) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    made = [".svg", ".html", ".tex", ".txt", ".dot"]
    made += [".png", ".pdf"] * bool(find_spec("typst"))
    for suffix in made:
        draw(neuron()).save(tmp_path / f"graph{suffix}")
    assert len(list(tmp_path.iterdir())) == len(made)
    assert draw(neuron())._repr_mimebundle_()["image/svg+xml"].startswith("<svg ")


def test_notebooks_show_a_picture() -> None:
    bundle = draw(neuron())._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg ")
    assert bundle["text/plain"] == draw(neuron()).text


def test_notebooks_show_numbers_with_their_graph() -> None:
    for result in neuron(), Tensor([1.0], requires_grad=True) * 2:
        bundle = result._repr_mimebundle_()
        assert bundle["image/svg+xml"] == draw(result).svg
        assert bundle["text/plain"] == repr(result)


def test_notebooks_draw_no_large_graphs_unasked() -> None:
    x = Value(1.0)
    assert list(x._repr_mimebundle_()) == ["text/plain"]
    for _ in range(100_000):
        x = x + 1.0
    assert list(x._repr_mimebundle_()) == ["text/plain"]


def test_a_page_has_the_picture_and_the_text() -> None:
    drawing = draw(neuron(), theme="auto")
    assert drawing.svg in drawing.html
    assert "0.7616" in drawing.html
    assert "prefers-color-scheme: dark" in drawing.html
    assert "http" not in drawing.html.replace("http://www.w3.org/2000/svg", "")


def test_a_page_scrolls_wide_pictures_rather_than_shrink_them() -> None:
    drawing = draw(labelled(*"abcdefgh"))
    width = float(re.findall(r' width="(\d+)"', drawing.svg)[0])
    (least,) = re.findall(r"figure svg \{[^}]*min-width: (\d+)px", drawing.html)
    assert float(least) == pytest.approx(0.65 * width, abs=1)


def test_themes_differ_in_their_colours_only() -> None:
    light, dark, auto = (draw(neuron(), theme=theme).svg for theme in ("light", "dark", "auto"))
    assert "prefers-color-scheme" in auto
    assert "prefers-color-scheme" not in light + dark
    for svg in light, dark:
        assert svg_texts_of(svg) == svg_texts_of(auto)
    assert dark.split("</style>")[1] == light.split("</style>")[1] == auto.split("</style>")[1]


def test_pictures_on_one_page_are_dressed_apart() -> None:
    """Stylesheets hold for the whole page, so each rule names its kind of picture."""
    for theme in ("light", "dark", "auto"):
        svg = draw(neuron(), theme=theme).svg
        rules = svg[svg.index("<style>") + 7 : svg.index("</style>")]
        selectors = re.findall(r"([^{}]+)\{[^{}]*\}", rules)
        for selector in selectors:
            for part in selector.removeprefix("\n@media (prefers-color-scheme: dark) {").split(","):
                assert part.strip().startswith(f".computation-graph.{theme}"), part
        assert " id=" not in svg


def test_kinds_of_nodes_differ_in_more_than_colour() -> None:
    x, k = Value(2.0, "x"), Value(3.0, "k").detach()
    drawing = draw(x * k)
    assert "stroke-dasharray" in drawing.svg
    radii = dict(re.findall(r'class="node (\w+).*?rx="([\d.]+)"/>', drawing.svg))
    assert radii["leaf"] != radii["constant"]
    assert drawing.svg.count('class="halo"') == 1


def test_nodes_and_edges_can_be_found_in_an_image() -> None:
    x = Value(3.0, "x")
    root = ET.fromstring(draw(x * x).svg)
    parts = [part.attrib for part in root.iter("{http://www.w3.org/2000/svg}g")]
    assert [part["data-id"] for part in parts if "node" in part["class"].split()] == ["n0", "n1"]
    assert [
        (part["data-source"], part["data-target"], part["data-argument"])
        for part in parts
        if part["class"] == "edge"
    ] == [("n0", "n1", "0"), ("n0", "n1", "1")]


def test_nodes_are_described_for_those_who_hear_the_picture() -> None:
    a, b = Value(2.0, "a"), Value(3.0, "b")
    loss = a * b + 4.0
    loss.label = "L"
    loss.backward()
    drawing = draw(loss * np.array([5.0, 6.0]), constants=True, precision=3)
    svg = "{http://www.w3.org/2000/svg}"
    root = ET.fromstring(drawing.svg)
    nodes = [part for part in root.iter(f"{svg}g") if part.get("data-id") and part.get("role")]
    assert [node.findtext(f"{svg}title") for node in nodes] == [
        "a, value 2, gradient 3",
        "b, value 3, gradient 2",
        "v1 = a * b, value 6, gradient 1",
        "constant, value 4",
        "L = v1 + 4, value 10, gradient 1",
        "c1, (2,) float64, value [5 6]",
        "v3 = L * c1, (2,) float64, value [50 60], gradient not kept",
    ]
    assert {node.get("role") for node in nodes} == {"img"}
    assert root.get("role") == "group"  # the parts of an "img" have no meaning of their own
    with scope("part"):
        inner = a * b
    svg_of_group = draw(inner + a + b, depth=0).svg
    assert "<title>part ← a, b, 1 operation, value 6, gradient not computed</title>" in svg_of_group


def test_local_derivatives_stand_beside_edges() -> None:
    x, y = Value(3.0, "x"), Value(-4.0, "y")
    drawing = draw((x * y).tanh() - y, slopes=True)
    slopes = [slope for box in boxes(drawing) for slope in box.slopes]
    assert slopes == [-4.0, 3.0, pytest.approx(1 - math.tanh(-12.0) ** 2), 1.0, -1.0]
    assert svg_texts(drawing).count("\N{MINUS SIGN}4") == 2  # and as the value of y
    assert " 3 " in drawing.dot
    assert "slope" not in draw(x * y).svg.split("</style>")[1]


SQUARE = Tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
ROW = Tensor([1.0, 2.0], requires_grad=True)
STACK = Tensor(np.ones((2, 2, 2)), requires_grad=True)


@pytest.mark.parametrize(
    ("out", "slopes"),
    [
        # one for each entry
        (SQUARE * 3, ["3", None]),
        (SQUARE * ROW, ["1 … 2", "1 … 3"]),
        (ROW.exp(), ["2.718 … 7.389"]),
        (ag.where(np.array([True, False]), ROW, 3.0 * ROW), [None, "0 … 1", "0 … 1"]),
        (ROW.astype(np.float32), ["1"]),
        (ag.hypot(ROW, 0.0), ["1", None]),
        (ag.sign(ROW), ["0"]),
        # a single result: one for each entry of the operand
        (ROW[None] @ ROW[:, None], ["1 … 2", "1 … 2"]),
        (ROW.sum(), ["1"]),
        (SQUARE.max(), ["0 … 1"]),
        (ag.logsumexp(ROW), ["0.2689 … 0.7311"]),
        (ag.linalg.det(SQUARE), ["-1 … 3"]),
        (ag.einsum("i,i->", ROW, ROW), ["1 … 2", "1 … 2"]),
        (ROW[1], ["0 … 1"]),
        # else a matrix of them: none is shown
        (SQUARE @ SQUARE, [None, None]),
        (ROW[None] @ SQUARE, [None, None]),
        (STACK @ SQUARE, [None, None]),
        (ag.einsum("ij,jk->ik", SQUARE, SQUARE), [None, None]),
        (ag.einsum("ij,ij->ij", SQUARE, SQUARE), [None, None]),
        (ag.linalg.solve(SQUARE, ROW[:, None]), [None, None]),
        (ag.linalg.inv(SQUARE), [None]),
        (ag.linalg.cholesky(SQUARE), [None]),
        (array_rules.linear(SQUARE, SQUARE, ROW), [None, None, None]),
        (ag.sum(SQUARE, axis=0), [None]),
        (ag.max(SQUARE, axis=0), [None]),
        (ag.softmax(ROW), [None]),
        (ag.log_softmax(ROW), [None]),
        (ag.cumsum(ROW), [None]),
        (ag.reshape(SQUARE, 4), [None]),
        (SQUARE.T, [None]),
        (ag.broadcast_to(ROW, (2, 2)), [None]),
        (ROW[:1][:, None] * 1.0, ["1", None]),
        (ROW[::-1], [None]),
        (ag.concatenate([ROW, ROW]), [None, None]),
    ],
    ids=lambda x: "" if isinstance(x, list) else x.op.name,
)
def test_local_derivatives_of_arrays_stand_where_there_is_one_for_each_entry(
    out: Any, slopes: list[str | None]
) -> None:
    drawing = draw(out, slopes=True)
    box = boxes(drawing)[-1]
    assert [s if s is None else notation.slope_text(s, 4) for s in box.slopes] == slopes
    edges = [edge for edge in drawing.picture.edges if edge.target == box.id]
    for edge, slope in ((edge, slopes[edge.argument]) for edge in edges):
        assert (drawing.scene.slopes.get((box.id, edge.argument)) is None) == (slope is None)
        assert slope is None or f'label=" {slope} "' in drawing.dot
    assert ROW.grad is None and SQUARE.grad is None


def test_local_derivatives_of_ones_own_ops_are_shown_if_they_are_elementwise() -> None:
    rule = (lambda g, out, x: g * 2.0,)
    for elementwise in True, False:
        op = Op("op", lambda x: 2.0 * x, rule, broadcasts=True, elementwise=elementwise)
        (slope,) = boxes(draw(op(ROW), slopes=True))[-1].slopes
        assert (slope is not None) == elementwise


def test_no_local_derivatives_from_arrays_that_have_changed_since() -> None:
    w = Tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    w.data -= 0.5
    of_mul, of_sum = (box.slopes for box in draw(loss, slopes=True).picture.boxes if box.op)
    assert of_mul == (None, None) and of_sum != (None,)
    x = Value(2.0)
    y = x * x
    x.data = 5.0
    assert draw(y, slopes=True).picture.boxes[-1].slopes == (2.0, 2.0)  # as it was then


def test_numbers_show_the_names_of_nodes_without_labels() -> None:
    drawing = draw(neuron(), numbers=True)
    shown = [text for text in svg_texts(drawing) if re.fullmatch(r"v\d", text)]
    assert shown == ["v1", "v2"]  # the third step has a label
    assert ">v2<" in drawing.dot and ">v3<" not in drawing.dot


def test_a_node_that_is_drawn_again_shows_its_name_in_both_places() -> None:
    h = Value(2.0, "x") * 3.0
    y = h
    for _ in range(40):
        y = y.tanh()
    drawing = draw(y * h)
    assert [place.box for place in drawing.scene.layout.places if place.reference] == ["n1"]
    assert svg_texts(drawing).count("v1") == 2 and "v2" not in svg_texts(drawing)


def test_the_legend_explains_what_there_is() -> None:
    texts = svg_texts(draw(neuron(), legend=True))
    assert {"leaf", "operation", "result"} <= set(texts)
    assert "constant" not in texts
    assert "constant" in svg_texts(draw(Value(2.0) * 3, constants=True, legend=True))


def test_the_legend_of_a_models_layers_has_no_result() -> None:
    texts = svg_texts(draw(nn.MLP(2, [3, 1]), legend=True))
    assert "group, folded" in texts and "result" not in texts


def all_kinds(legend: bool) -> Drawing:
    """A drawing with every sign, most of them in one group that is folded."""
    x = Value(2.0, "x")
    with scope("part"):
        y = x * 3.0
    for _ in range(5):
        y = y.tanh()
    return draw(y * x * 2.0, constants=True, slopes=True, legend=legend, collapse="part")


@pytest.mark.parametrize("form", ["svg", "dot", "tex", "html"])
def test_every_drawn_format_has_the_legend(form: str) -> None:
    signs = {"leaf", "constant", "operation", "group, folded", "result", "local derivative"}
    if form != "dot":  # Graphviz draws each node once
        signs.add("a node shown again")
    with_legend, without = getattr(all_kinds(True), form), getattr(all_kinds(False), form)
    for meaning in signs:
        meaning = meaning.replace(" ", "~") if form == "tex" else meaning
        count = [len(re.findall(rf"[>{{]{meaning}\s*[<}}]", x)) for x in (with_legend, without)]
        assert count == [1, 0], meaning


def test_legends_of_narrow_pictures_have_several_lines() -> None:
    svg = draw(Value(2.0, "x") * 3, constants=True, legend=True, direction="TB").svg
    legend = svg[svg.index('class="legend"') :]
    entries = re.findall(r'<g class="[\w ]+" transform="translate\([\d.]+ ([\d.]+)\)"', legend)
    assert len(entries) == 4 and len(set(entries)) > 1
    assert float(re.findall(r'viewBox="0 0 (\d+)', svg)[0]) <= 320


@needs_dot
def test_graphviz_draws_the_legend() -> None:
    drawing = draw(grouped(), slopes=True, legend=True, engine="dot")
    assert {"leaf", "operation", "result", "local derivative"} <= {
        text.strip() for text in svg_texts(drawing)
    }
    assert svg_texts(drawing).count("leaf") == 1  # clusters don't repeat it


# --- groups ---------------------------------------------------------------------------------------


def grouped() -> Value:
    x, w = Value(2.0, "x"), Value(3.0, "w")
    with scope("outer"):
        with scope("inner"):
            h = x * w
        k = h.tanh() + x
    return k * x


def test_groups_are_framed() -> None:
    drawing = draw(grouped())
    assert [(g.name, g.parent) for g in drawing.picture.groups] == [("outer", ""), ("inner", "g0")]
    assert [(box.op or box.label, box.group) for box in boxes(drawing)] == [
        ("x", ""),
        ("w", "g1"),
        ("mul", "g1"),
        ("tanh", "g0"),
        ("add", "g0"),
        ("mul", ""),
    ]
    assert {"outer", "inner"} <= set(svg_texts(drawing))
    assert drawing.dot.count("subgraph cluster_") == 2


def test_depth_opens_so_many_levels() -> None:
    root = grouped()
    assert [box.label for box in boxes(draw(root, depth=0))] == ["x", "outer", ""]
    assert [box.label or box.op for box in boxes(draw(root, depth=1))] == [
        "x", "inner", "tanh", "add", "mul",
    ]  # fmt: skip
    assert draw(root, depth=2).picture == draw(root).picture


def test_a_collapsed_group_has_its_result_and_a_summary() -> None:
    root = grouped()
    root.backward()
    inner = by_label(draw(root, collapse="inner"))["inner"]
    h = root.args[0].args[0].args[0]  # type: ignore[union-attr]
    assert h is not None
    assert (inner.value, inner.gradient) == (h.data, h.grad)
    assert inner.notes == ("1 operation", "1 parameter")
    assert inner.operands == ("n0",)
    assert inner.group == "g0"


@pytest.mark.parametrize("options", [{"depth": 0}, {"collapse": "part"}])
def test_a_group_that_uses_its_own_result_cannot_be_one_node(options: dict[str, Any]) -> None:
    @scope("part")
    def steps(x: Value) -> Iterator[Value]:
        y = x * 2.0
        yield y
        yield ends.pop() * 3.0

    ends: list[Value] = []
    run = steps(Value(1.0))
    ends.append(next(run) + 1.0)
    z = next(run)
    assert [group.name for group in draw(z).picture.groups] == ["part"]
    with pytest.raises(ValueError, match="group 'part' uses a result that was computed from it"):
        draw(z, **options)


def test_an_unknown_group_is_named() -> None:
    with pytest.raises(ValueError, match="no group named 'iner'.*'inner', 'outer'"):
        draw(grouped(), collapse="iner")
    with pytest.raises(ValueError, match="no groups"):
        draw(neuron(), collapse=["inner"])


def rows_of(n: int, chain: bool) -> Value:
    x, parts = Value(2.0, "x"), []
    first = x
    for i in range(n):
        with scope(f"part {i}"):
            out = (x * Value(3.0, "w")).tanh()
        parts.append(out)
        x = out if chain else x
    return first * parts[-1] if chain else sum(parts[1:], parts[0])


@pytest.mark.parametrize("chain", [False, True])
def test_what_repeats_is_folded(chain: bool) -> None:
    root = rows_of(12, chain)
    drawing = draw(root, depth=0)
    (part,) = [box for box in boxes(drawing) if box.kind == "group"]
    assert part.label == "part 0 … part 11 ×12"
    assert part.times == 12
    assert part.operands == ("n0",)
    assert part.notes == ("2 operations each", "1 parameter each")
    faces = [card.count('class="face"') for card in drawing.svg.split("<g class=")[1:]]
    assert max(faces) == 3 and faces.count(3) == 1  # it is drawn as a stack
    single = draw(root, depth=0, fold=False)
    assert sum(box.kind == "group" for box in boxes(single)) == 12


def test_only_what_is_alike_is_folded() -> None:
    x, parts = Value(2.0, "x"), []
    for i in range(4):
        with scope(f"part {i}"):
            parts.append(x.tanh() if i % 2 else x.exp() * x)
    drawing = draw(sum(parts[1:], parts[0]), depth=0)
    assert [box.label for box in boxes(drawing) if box.kind == "group"] == [
        "part 0 … part 2 ×2",
        "part 1 … part 3 ×2",
    ]


def test_a_large_graph_is_drawn_as_its_groups() -> None:
    root = rows_of(40, chain=False)
    assert len(boxes(draw(root))) > 100
    small = draw(root, limit=100, fold=False)
    assert sum(box.kind == "group" for box in boxes(small)) == 40
    with pytest.raises(ValueError, match=r"up to 10 nodes.*scope\(\).*limit="):
        draw(root, limit=10, fold=False)


class Beside(nn.Module):
    """Modules that are called in an order that only their owner knows."""

    def __init__(self, *parts: nn.Module) -> None:
        self.parts = list(parts)


def test_a_model_is_drawn_as_its_layers() -> None:
    drawing = draw(nn.MLP(784, [128, 10]))
    assert [box.label for box in boxes(drawing)] == [
        "0: Linear(784, 128)",
        "1: ReLU",
        "2: Linear(128, 10)",
    ]
    notes = [box.notes for box in boxes(drawing)]
    assert notes == [("100,480 parameters",), (), ("1,290 parameters",)]
    assert [edge[:2] for edge in drawing.picture.edges] == [("n0", "n1"), ("n1", "n2")]
    assert "2: Linear(128, 10)" in drawing.text
    beside = draw(Beside(nn.Linear(2, 3), nn.ReLU()))
    assert [box.operands for box in boxes(beside)] == [(), ()]  # their order is not known
    bundle = nn.MLP(2, [1])._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg ")
    assert bundle["text/plain"] == repr(nn.MLP(2, [1]))


def test_a_scalar_net_of_fifty_thousand_nodes_is_drawn_as_its_layers() -> None:
    model = nn.scalar.MLP(784, [16, 10], rng=0)
    alone, called = draw(model), draw(model, [0.5] * 784)
    assert [box.label for box in boxes(alone)] == ["layers.0: Layer", "layers.1: Layer"]
    assert [box.label for box in boxes(called)] == ["Neuron ×16", "Neuron ×10"]
    assert [box.label for box in boxes(draw(model, [0.5] * 784, depth=1))] == [
        "layers.0: Layer",
        "layers.1: Layer",
    ]


def test_a_call_of_a_model_shows_its_parameters_by_name() -> None:
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU())
    drawing = draw(model, np.ones((4, 2), np.float32))
    names = {group.id: group.name for group in drawing.picture.groups}
    assert {(box.label, names.get(box.group)) for box in boxes(drawing) if box.kind != "step"} == {
        ("0.weight", "0: Linear"),
        ("0.bias", "0: Linear"),
        ("", None),  # the input
    }


def test_models_record_for_a_picture_only() -> None:
    model = nn.Linear(2, 1, rng=0)
    with no_grad():
        assert by_label(draw(model, np.ones((1, 2), np.float32)))["weight"]
    assert model(np.ones((1, 2), np.float32)).notes is None


# --- mistakes -------------------------------------------------------------------------------------


def wrong(x: Any) -> Any:
    return x


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: draw(), TypeError, "Value or Tensor, but got none"),
        (lambda: draw(wrong(3.0)), TypeError, "or a compiled function, but got float"),
        (
            lambda: draw(Value(1.0), theme=wrong("blue")),
            ValueError,
            "theme must be 'light' or 'dark' or 'auto', but",
        ),
        (lambda: draw(Value(1.0), engine=wrong("neato")), ValueError, "'own' or 'dot', but got"),
        (lambda: draw(Value(1.0), depth=-1), ValueError, "depth must be an integer >= 0"),
        (lambda: draw(wrong([Value(1.0)])), TypeError, r"got list; for several: draw\(\*results\)"),
        (
            lambda: draw(Value(1.0), direction=wrong("up")),
            ValueError,
            "'LR' or 'RL' or 'TB' or 'BT', but got",
        ),
        (
            lambda: draw(Value(1.0), theme=wrong("blue")),
            ValueError,
            "theme must be 'light' or 'dark'",
        ),
        (
            lambda: draw(Value(1.0), collapse=wrong(3)),
            TypeError,
            "collapse must be a list of names",
        ),
        (lambda: draw(Value(1.0), collapse=wrong([1])), TypeError, "collapse.0. must be a str"),
        *[
            (
                lambda flag=flag: draw(Value(1.0), **{flag: "no"}),
                TypeError,
                f"{flag} must be True or",
            )
            for flag in ("slopes", "legend", "numbers", "constants", "fold")
        ],
        (lambda: draw(Value(1.0), precision=0), ValueError, "precision must be an integer >= 1"),
        (lambda: draw(Value(1.0), precision=wrong("4")), TypeError, "precision must be an integer"),
        (lambda: draw(Value(1.0), limit=0), ValueError, "limit must be an integer >= 1, but got 0"),
    ],
)
def test_mistakes_are_explained(
    call: Callable[[], Drawing], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


# --- the demo -------------------------------------------------------------------------------------


def run_demo(*argv: str) -> None:
    parser = ArgumentParser()
    graph.configure(parser)
    graph.run(parser.parse_args(argv))


def test_demo_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    run_demo("--out", str(out))
    printed = capsys.readouterr().out
    assert "g = " in printed
    stories = [story.__name__ for story in graph.STORIES]
    names = [f"{name}.svg" for name in (*stories, "layers", "net")]
    names += [f"{name}.html" for name in stories]
    assert [line for line in printed.splitlines() if line.startswith(str(out))] == [
        str(out / name) for name in names
    ]
    assert all((out / name).stat().st_size for name in names)


def test_demo_prints_without_out(capsys: pytest.CaptureFixture[str]) -> None:
    run_demo()
    assert "o = tanh(n)" in capsys.readouterr().out


# --- compiled functions ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compiled() -> Drawing:
    @ag.compile
    def loss(w, x):  # type: ignore[no-untyped-def]
        guess = ag.tanh(w * x)
        guess.label = "guess"
        return guess**2

    return draw(loss, 0.5, 2.0, legend=True)


def test_a_compiled_function_shows_its_derivative_apart(compiled: Drawing) -> None:
    boxes = {box.label: box for box in compiled.picture.boxes if box.label}
    assert boxes["guess"].kind == "step" and boxes["w"].kind == "leaf"
    assert boxes["d_w"].kind == boxes["d_guess"].kind == "derivative"
    assert boxes["d_w"].root and boxes["d_x"].root
    assert boxes["d_w"].value == ag.grad(lambda w: ag.tanh(w * 2.0) ** 2)(0.5)


def test_it_tells_of_no_gradients_but_those_that_it_computes(compiled: Drawing) -> None:
    words = "".join(ET.fromstring(compiled.svg).itertext()).split("</style>")[-1]
    for text in (compiled.text, words.split("title")[-1], compiled.dot):
        assert "gradient" not in text and "not computed" not in text


def test_the_derivative_has_a_colour_and_a_shape_of_its_own(compiled: Drawing) -> None:
    nodes = ET.fromstring(compiled.svg).iter("{http://www.w3.org/2000/svg}g")
    (node, *_) = (n for n in nodes if n.get("class") == "node derivative root")
    assert {part.get("rx") for part in node if part.get("class") == "face"} == {"0"}
    assert "operation of the derivative" in compiled.svg
    assert "derivative box" in compiled.tex
