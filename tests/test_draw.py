"""Pictures of graphs: what they show, and that no graph, label or machine breaks them."""

from __future__ import annotations

import re
import shutil
import sys
import xml.etree.ElementTree as ET
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import Op, Tensor, Value, draw, no_grad, where
from autograd.draw import Drawing, GraphvizMissingError
from autograd.draw.picture import Array, Box
from demos import graph

needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")

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
    " ",
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
        ["o", "=", "tanh(#2)", "0.7616", "1"],
        ["#2", "=", "#3", "+", "b", "1", "0.42"],
        ["#3", "=", "w", "*", "x", "-6", "0.42"],
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
    assert "h#1 = exp(h#2)" in drawing.text


def test_arrays_show_shape_dtype_and_a_summary() -> None:
    x = Tensor(np.array([[3.0, 0.0], [0.0, -4.0]], dtype=np.float32), requires_grad=True, label="x")
    y = (x * 2).sum()
    y.backward()
    drawing = draw(y)
    box = by_label(drawing)["x"]
    assert box.value == Array((2, 2), "float32", -4.0, 3.0, 5.0)
    assert box.gradient == Array((2, 2), "float32", 2.0, 2.0, 4.0)
    for text in "(2, 2) float32", "-4 … 3, norm 5", "all 2":
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
        ([np.nan, 1.0], "nan … nan, norm nan"),
        ([np.inf, -np.inf], "-inf … inf, norm inf"),
        (np.array([3e4, 4e4], dtype=np.float16), "30000 … 40000, norm 50000"),
        ([True, False], "0 … 1, norm 1"),
        (7, "() int64  7"),
    ],
)
def test_awkward_arrays_are_summed_up(data: Any, summary: str) -> None:
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
    assert "x ** 3" in drawing.text
    assert ">** 3</b>" in drawing.dot
    assert ">2 ×</b>" in drawing.dot  # noqa: RUF001  # the sign of multiplication
    assert ">where(1, ·, 1)</b>" in drawing.dot


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
    assert "x ** 2" in drawing.text


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


def test_a_constant_alone_is_drawn() -> None:
    assert "2" in draw(Value(2.0).detach()).text


# --- labels ---------------------------------------------------------------------------------------


def svg_texts(drawing: Drawing) -> list[str]:
    texts = ET.fromstring(drawing.svg).iter("{http://www.w3.org/2000/svg}text")
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


@needs_dot
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_labels_survive_graphviz(direction: Any) -> None:
    texts = svg_texts(draw(labelled(*LABELS, *HIDDEN, "", "same", "same"), direction=direction))
    for label in *LABELS, *(ascii(label)[1:-1] for label in HIDDEN):
        assert label in texts
    assert texts.count("same") == 2


@needs_dot
def test_names_of_ops_survive_graphviz() -> None:
    op = Op("<x> & \\N", lambda x: x, (None,))
    assert "<x> & \\N" in svg_texts(draw(op(Value(1.0))))


# --- images and files -----------------------------------------------------------------------------


@needs_dot
def test_svg_shows_each_node_and_fits_its_page() -> None:
    root = ET.fromstring(draw(neuron()).svg)
    nodes = [part for part in root.iter() if part.get("class") == "node"]
    assert len(nodes) == 6
    assert root.get("viewBox")
    assert root.get("style") == "max-width: 100%; height: auto"


@needs_dot
@pytest.mark.parametrize(
    ("suffix", "start"),
    [(".svg", b"<svg "), (".png", b"\x89PNG"), (".pdf", b"%PDF"), (".PNG", b"\x89PNG")],
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
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot or \.txt"):
        draw(neuron()).save(tmp_path / name)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no directory .*nowhere"):
        draw(neuron()).save(tmp_path / "nowhere" / "graph.dot")


def test_a_failed_save_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "graph.dot"
    path.write_text("old")

    def full(self: Path, content: bytes) -> None:
        self.open("wb").close()
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space left"):
        draw(neuron()).save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_without_dot_images_name_the_cure(tmp_path: Path, no_dot: None) -> None:
    drawing = draw(neuron())
    assert drawing.dot.startswith("digraph")
    with pytest.raises(GraphvizMissingError, match="apt-get install graphviz"):
        drawing.svg  # noqa: B018  # it is computed here
    with pytest.raises(GraphvizMissingError, match="PNG.*apt-get install graphviz"):
        drawing.save(tmp_path / "graph.png")
    assert not list(tmp_path.iterdir())


def test_without_the_package_images_name_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    drawing = draw(neuron())
    assert drawing.dot.startswith("digraph")
    with pytest.raises(GraphvizMissingError, match="pip install graphviz"):
        drawing.svg  # noqa: B018


@needs_dot
def test_notebooks_show_a_picture() -> None:
    bundle = draw(neuron())._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg ")
    assert bundle["text/plain"] == draw(neuron()).text


def test_notebooks_show_text_without_dot(no_dot: None) -> None:
    bundle = draw(neuron())._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert bundle["text/plain"].startswith(draw(neuron()).text)
    assert "apt-get install graphviz" in bundle["text/plain"]


# --- mistakes -------------------------------------------------------------------------------------


def wrong(x: Any) -> Any:
    return x


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: draw(), TypeError, "Value or Tensor, but got none"),
        (lambda: draw(wrong(3.0)), TypeError, "Value and Tensor, but got float"),
        (lambda: draw(wrong([Value(1.0)])), TypeError, r"got list; for several: draw\(\*results\)"),
        (
            lambda: draw(Value(1.0), direction=wrong("up")),
            ValueError,
            "'LR', 'RL', 'TB', 'BT', but got",
        ),
        (lambda: draw(Value(1.0), precision=0), ValueError, "at least 1 digit, but got 0"),
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
    out = tmp_path / "new" / "out"
    run_demo("--out", str(out))
    printed = capsys.readouterr().out
    assert "g = " in printed
    names = ["expression.dot", "neuron.dot"]
    if shutil.which("dot"):
        names += ["expression.svg", "neuron.svg"]
    assert printed.splitlines()[-len(names) :] == [str(out / name) for name in names]
    assert all((out / name).stat().st_size for name in names)


def test_demo_draws_without_dot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], no_dot: None
) -> None:
    run_demo("--out", str(tmp_path))
    assert capsys.readouterr().out.count("apt-get install graphviz") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["expression.dot", "neuron.dot"]


def test_demo_prints_without_out(capsys: pytest.CaptureFixture[str]) -> None:
    run_demo()
    assert "o = tanh(n)" in capsys.readouterr().out
