"""Text in pictures: its room is measured for the widest of the fonts that it may be set in."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from test_layout import GRAPHS, needs_dot, values

import autograd as ag
import nn
from autograd import Tensor, Value, draw
from autograd.draw.formats import fonts
from demos import graph

pytest.importorskip("PIL", reason="Pillow, which measures text, is not installed")
mpl = pytest.importorskip("matplotlib", reason="matplotlib, which brings fonts, is not installed")

DEJAVU = Path(mpl.get_data_path()) / "fonts" / "ttf"
LIBERATION = Path("/usr/share/fonts/truetype/liberation")
FILES = {
    "DejaVu Sans": (DEJAVU / "DejaVuSans.ttf", DEJAVU / "DejaVuSans-Bold.ttf"),
    "Liberation Sans": (
        LIBERATION / "LiberationSans-Regular.ttf",
        LIBERATION / "LiberationSans-Bold.ttf",
    ),
}
INSTALLED = [name for name, (path, _) in FILES.items() if path.exists()]
BOLD = {"label", "op", "title", "column"}
SVG = "{http://www.w3.org/2000/svg}"

# --- measuring ------------------------------------------------------------------------------------


@cache
def font(family: str, bold: bool) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(FILES[family][bold]), 1000, layout_engine=ImageFont.Layout.BASIC)


def measured(text: str, size: float, bold: bool, family: str) -> float:
    width: float = font(family, bold).getlength(text) * size / 1000
    return width


class Box(NamedTuple):
    """What a text or a rectangle covers."""

    name: str
    left: float
    top: float
    right: float
    bottom: float

    def covers(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, other: Box, margin: float = 0.0) -> bool:
        return (
            self.left + margin <= other.left
            and self.top <= other.top
            and other.right <= self.right - margin
            and other.bottom <= self.bottom
        )


def text_box(element: ET.Element, x: float, y: float, family: str) -> Box:
    """The box from the baseline to the height of capitals, as wide as the text is set."""
    text = "".join(element.itertext())
    role = element.attrib["class"]
    size = float(element.attrib["font-size"])
    wide = measured(text, size, role in BOLD, family)
    x, y = x + float(element.attrib["x"]), y + float(element.attrib["y"])
    x -= {"middle": wide / 2, "end": wide}.get(element.get("text-anchor", ""), 0.0)
    return Box(f"{role} {text!r}", x, y - 0.73 * size, x + wide, y)


def rect_box(element: ET.Element, x: float, y: float) -> Box:
    left, top = x + float(element.get("x", 0)), y + float(element.get("y", 0))
    right, bottom = left + float(element.attrib["width"]), top + float(element.attrib["height"])
    return Box(element.attrib["class"], left, top, right, bottom)


def parts(
    element: ET.Element, x: float = 0.0, y: float = 0.0
) -> Iterator[tuple[ET.Element, float, float]]:
    """All elements of an image, with the shifts that hold for each."""
    shift = re.match(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)", element.get("transform", ""))
    if shift:
        x, y = x + float(shift[1]), y + float(shift[2])
    yield element, x, y
    for child in element:
        yield from parts(child, x, y)


def check(svg: str, family: str) -> None:
    """No text leaves the picture or its card, or runs into another text or a card."""
    root = ET.fromstring(svg)
    page = Box("page", 0.0, 0.0, *map(float, root.attrib["viewBox"].split()[2:]))
    texts = [text_box(e, x, y, family) for e, x, y in parts(root) if e.tag == f"{SVG}text"]
    for text in texts:
        assert page.holds(text), text
    for a, b in combinations(texts, 2):
        assert not a.covers(b), (a, b)
    cards, own = [], set()
    for element, x, y in parts(root):
        if "data-id" not in element.attrib or element.attrib["class"] == "group":
            continue
        inside = [part for child in element for part in parts(child, x, y)]
        face = [rect_box(e, a, b) for e, a, b in inside if e.get("class") == "face"][-1]
        cards.append(face)
        (cell,) = [e for e, _, _ in inside if e.get("class") == "cell"] or [None]
        for e, a, b in inside:
            if e.tag != f"{SVG}text":
                continue
            text = text_box(e, a, b, family)
            own.add(text)
            assert face.holds(text, margin=4.0), (face, text)
            if cell is not None:  # the operation's part of the card, and the rest
                edge = a + float(cell.attrib["d"].removeprefix("M").split(",")[0])
                in_cell = e.attrib["class"] == "op"
                assert text.right <= edge - 3 if in_cell else text.left >= edge + 3, text
    for text in texts:
        if text not in own:
            assert not any(card.covers(text) for card in cards), text


# --- pictures -------------------------------------------------------------------------------------


def wide_numbers() -> Value:
    x, y = Value(-123456.7, "x"), Value(-1.2345678e-89, "a rather long name of a leaf")
    z: Value = ag.where(True, x * y - 0.0001234567, 12345.678) ** -1.2345678e-10
    z.label = "Ergebnis: größer als λ₀"
    return z


def operands() -> Value:
    """Operations with many operands, whose edges arrive close to each other."""
    pick = ag.Op("pick", lambda *xs: sum(xs), (lambda g, out, *xs: g * -0.0001234,) * 7)
    xs = values("a b c d e f g")
    return pick(*xs) * pick(*reversed(xs))


def arrays() -> Tensor:
    w = Tensor(np.linspace(-12345.0, 1e-9, 6).reshape(2, 3), requires_grad=True, label="weights")
    x = Tensor(np.linspace(-1.0, 2.0, 3), label="x")
    return ag.tanh(w @ x + np.array([0.1, -100.0])).sum() * np.array([[1.0, 2.0, 3.0]])


def strange_labels() -> Value:
    labels = ["WWWWWW", "iiiiiiii", "日本語の名前", "Жужжащий", "αβγ ∂∇∞", "tab\t", "naïve Å", "🙂"]
    return sum((Value(1.0, label).tanh() for label in labels), Value(0.0))


def scopes() -> Value:
    x = Value(2.0, "x")
    with ag.scope("Wide WINDOWS\tMMMMM"):
        y = x.tanh()
    with ag.scope("Aufmerksamkeit, größer als ihr Inhalt"):
        return y * y


README = {story.__name__: story for story in graph.STORIES} | {"layers": graph.layers}
AWKWARD: dict[str, Callable[[], Any]] = {
    "wide numbers": wide_numbers,
    "operands": operands,
    "arrays": arrays,
    "strange labels": strange_labels,
    "scopes": scopes,
}
PICTURES = GRAPHS | README | AWKWARD
EVERYTHING: dict[str, Any] = {"slopes": True, "legend": True, "numbers": True, "constants": True}
PRECISE: dict[str, Any] = {"slopes": True, "precision": 8}
LOOKS = [
    *((name, way, EVERYTHING) for name in PICTURES for way in ("LR", "TB")),
    *((name, way, EVERYTHING) for name in AWKWARD for way in ("RL", "BT")),
    *((name, way, PRECISE) for name in README | AWKWARD for way in ("LR", "TB")),
    *((name, "LR", {}) for name in README | AWKWARD),
]


@cache
def computed(name: str) -> list[Any]:
    made = PICTURES[name]()
    roots = made if isinstance(made, list) else [made]
    for root in roots:
        if root.requires_grad:
            ag.sum(root).backward()
    return roots


@pytest.mark.parametrize(
    ("name", "way", "look"), LOOKS, ids=["-".join((n, d, *look)) for n, d, look in LOOKS]
)
def test_text_has_room_in_graphs(name: str, way: Any, look: dict[str, Any]) -> None:
    svg = draw(*computed(name), direction=way, **look).svg
    for family in INSTALLED:
        check(svg, family)


NETS: dict[str, Callable[[], Any]] = {
    "README": graph.net,
    "names": lambda: nn.draw_network(
        nn.MLP(2, [3, 2], rng=0),
        [-123.4, 1e-9],
        inputs=["a long name of an input", "日本"],
        outputs=["WWWWWWWWWWWWWWWWWWW", "β"],
    ),
    "wide": lambda: nn.draw_network(nn.MLP(784, [128, 10], rng=0), np.full(784, -1e6)),
    "wide output": lambda: nn.draw_network(nn.MLP(3, [1234], rng=0), shown=4),
    "few": lambda: nn.draw_network(nn.MLP(1, [1], rng=0), [0.5]),
}


@pytest.mark.parametrize("family", INSTALLED)
@pytest.mark.parametrize("name", NETS)
def test_text_has_room_in_networks(name: str, family: str) -> None:
    svg = NETS[name]().svg
    check(svg, family)
    root = ET.fromstring(svg)
    for neuron in root.iter(f"{SVG}g"):
        (ring,) = (e for e in neuron if e.get("class") == "ring")
        for number in (e for e in neuron if e.get("class") == "number"):
            box = text_box(number, 0.0, 0.0, family)
            assert box.right - box.left <= 2 * float(ring.attrib["r"]) - 3, box


@needs_dot
@pytest.mark.parametrize("family", INSTALLED)
def test_graphviz_leaves_room_for_the_widest_font(family: str) -> None:
    """Whatever the machine that drew it had, it is read on one that has DejaVu Sans."""
    boxes = []
    root = ET.fromstring(draw(graph.expression(), engine="dot", legend=True).svg)
    for text in root.iter(f"{SVG}text"):
        words = "".join(text.itertext()).strip()
        size, bold = float(text.attrib["font-size"]), text.get("font-weight") == "bold"
        left, y = float(text.attrib["x"]), float(text.attrib["y"])
        wide = measured(words, size, bold, family)
        if text.get("text-anchor") == "middle":
            left -= wide / 2
        boxes.append(Box(words, left, y - 0.73 * size, left + wide, y))
    for a, b in combinations(boxes, 2):
        assert not a.covers(b), (a, b)


@pytest.mark.parametrize("family", INSTALLED)
@pytest.mark.parametrize("bold", [False, True], ids=["regular", "bold"])
def test_widths_are_those_of_the_widest_font(family: str, bold: bool) -> None:
    """Each character of the tables, and letters with accents, which are in none."""
    known = "".join(fonts.TABLES[bold])
    for c in known + "ĄęŁőžỹ":
        assert fonts.width(c, 1000.0, bold) >= measured(c, 1000.0, bold, family), c
    text = "value gradient \N{MINUS SIGN}0.5 W×H"
    widest = max(measured(text, 10.0, bold, name) for name in INSTALLED)
    assert widest <= fonts.width(text, 10.0, bold)
    if len(INSTALLED) == len(FILES):
        assert fonts.width(text, 10.0, bold) < 1.06 * widest


def test_characters_that_the_tables_lack_get_room() -> None:
    assert fonts.width("日本", 10.0) > 20.0
    assert fonts.width("🙂", 10.0) > 12.0
    assert fonts.width("e\u0301", 10.0) == fonts.width("e", 10.0) == fonts.width("é", 10.0)
