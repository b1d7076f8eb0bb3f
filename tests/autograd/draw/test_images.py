"""PNG and PDF images of drawings: the picture that the SVG shows, with its text."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from functools import partial
from io import BytesIO
from pathlib import Path
from shutil import which
from subprocess import run
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, draw
from autograd.draw.drawing import Drawing
from autograd.draw.formats import images
from demos import graph
from nn.draw.network_drawing import NetworkDrawing

typst = pytest.importorskip("typst", reason="typst, which makes images, is not installed")
pytest.importorskip("PIL", reason="Pillow, which reads images, is not installed")
pytest.importorskip("matplotlib", reason="matplotlib, which brings a font, is not installed")

from test_draw import all_kinds, needs_dot, svg_texts_of  # noqa: E402
from test_fonts import SVG, parts, text_box  # noqa: E402


def pixels(image: bytes) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(BytesIO(image)).convert("RGB"), float)


def size_of(svg: str) -> tuple[float, float]:
    root = ET.fromstring(svg)
    return float(root.attrib["width"]), float(root.attrib["height"])


def saved(drawing: Drawing | NetworkDrawing, path: Path) -> bytes:
    drawing.save(path)
    return path.read_bytes()


def hidden_texts(svg: str, image: np.ndarray) -> list[str]:
    """Texts of a drawing where its image has but one colour."""
    missing = []
    for element, x, y in parts(ET.fromstring(svg)):
        if element.tag == f"{SVG}text" and "".join(element.itertext()).strip():
            box = text_box(element, x, y, "DejaVu Sans")
            left, top, right, bottom = (round(images.ZOOM * edge) for edge in box[1:])
            inside = image[top:bottom, left:right].reshape(-1, 3)
            if np.ptp(inside, axis=0).max() < 100:
                missing.append(box.name)
    return missing


DRAWINGS: dict[str, Any] = {
    "every sign": partial(all_kinds, True),
    "expression": lambda: draw(graph.expression(), slopes=True, legend=True, numbers=True),
    "layers": lambda: draw(graph.layers(), theme="dark", direction="TB"),
    "network": lambda: nn.draw_network(nn.MLP(2, [3, 1], rng=0), [0.5, -1.0], inputs=["x", "y"]),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_png_image_shows_all_text_of_the_svg(name: str, tmp_path: Path) -> None:
    drawing = DRAWINGS[name]()
    image = pixels(saved(drawing, tmp_path / "graph.png"))
    wide, high = size_of(drawing.svg)
    assert abs(image.shape[1] - 2 * wide) <= 2 and abs(image.shape[0] - 2 * high) <= 2
    assert hidden_texts(drawing.svg, image) == []


@pytest.mark.skipif(not which("pdftotext"), reason="pdftotext, of poppler-utils, is missing")
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_pdf_page_has_the_text_of_the_svg(name: str, tmp_path: Path) -> None:
    drawing = DRAWINGS[name]()
    saved(drawing, tmp_path / "graph.pdf")
    command = ["pdftotext", "-raw", tmp_path / "graph.pdf", "-"]
    page = run(command, capture_output=True, check=True, encoding="utf-8").stdout
    words = sorted("".join(svg_texts_of(drawing.svg)).replace(" ", ""))
    assert sorted("".join(page.split())) == words


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_pdf_page_is_as_large_as_the_drawing(name: str, tmp_path: Path) -> None:
    drawing = DRAWINGS[name]()
    page = saved(drawing, tmp_path / "graph.pdf")
    assert page.startswith(b"%PDF") and b"DejaVuSans" in page
    wide, high = size_of(drawing.svg)
    box = page[page.index(b"/MediaBox") :].split(b"[")[1].split(b"]")[0].split()
    assert [float(x) for x in box[2:]] == pytest.approx([0.75 * wide, 0.75 * high], abs=1.0)


def test_images_have_the_theme_or_are_light(tmp_path: Path) -> None:
    corners = {}
    for theme in ("light", "dark", "auto"):
        drawing = draw(Value(2.0, "x") * 3, theme=theme)  # type: ignore[arg-type]
        image = saved(drawing, tmp_path / f"{theme}.png")
        corners[theme] = pixels(image)[0, 0].mean()
    assert corners["light"] == corners["auto"] == 255 and corners["dark"] < 40


def test_the_legend_is_in_the_image(tmp_path: Path) -> None:
    short, tall = (
        pixels(saved(all_kinds(legend), tmp_path / "graph.png")) for legend in (False, True)
    )
    below = tall[short.shape[0] :]
    assert len(below) > 40 and below.min() < 120


def test_a_large_graph_fits_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "LONGEST", 3000.0)
    monkeypatch.setattr(images, "LONGEST_PAGE", 1440.0)
    x = Value(1.0)
    for _ in range(20):
        x = x + 1.0
    drawing = draw(x)
    assert size_of(drawing.svg)[0] > 3000
    image = pixels(saved(drawing, tmp_path / "graph.png"))
    assert image.shape[1] == 3000 and image.min() < 100
    page = saved(drawing, tmp_path / "graph.pdf")
    box = page[page.index(b"/MediaBox") :].split(b"[")[1].split(b"]")[0].split()
    assert float(box[2]) == pytest.approx(1440, abs=1)


def test_spaces_in_labels_are_kept(tmp_path: Path) -> None:
    one, two = (
        pixels(saved(draw(Value(1.0, f"a{' ' * n}b")), tmp_path / "graph.png")) for n in (1, 3)
    )
    labels = [image[36:60, 40:300].min(axis=(0, 2)) for image in (one, two)]
    ends = [np.flatnonzero(label < 60).max() for label in labels]
    assert ends[1] > ends[0] + 10


# --- fonts and packages that are missing ----------------------------------------------------------


@pytest.mark.parametrize("bundled", [True, False], ids=["Matplotlib's", "Typst's"])
def test_text_is_visible_on_a_machine_without_fonts(
    bundled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile_ = partial(typst.compile, ignore_system_fonts=True)
    monkeypatch.setattr(typst, "compile", compile_)
    if not bundled:
        monkeypatch.setattr(images, "find_spec", lambda name: None)
    drawing = all_kinds(True)
    assert hidden_texts(drawing.svg, pixels(drawing.image("png"))) == []


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_the_same_drawing_gives_the_same_bytes(form: images.Form) -> None:
    one, two = (DRAWINGS["expression"]().image(form) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("form", ["png", "pdf"])
@pytest.mark.parametrize("kind", ["expression", "network"])
def test_a_missing_package_is_named_with_its_extra(
    form: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing = DRAWINGS[kind]()
    path = tmp_path / f"graph.{form}"
    path.write_text("old")
    monkeypatch.setitem(sys.modules, "typst", None)
    message = rf"{form.upper()} images need typst, .*; pip install napkingrad\[demos\]"
    with pytest.raises(ModuleNotFoundError, match=message) as info:
        drawing.save(path)
    assert info.value.name == "typst"
    assert path.read_text() == "old"


@needs_dot
def test_graphviz_makes_the_images_where_it_is_asked_for(tmp_path: Path) -> None:
    own, other = (draw(graph.expression(), engine=engine) for engine in ("own", "dot"))  # type: ignore[arg-type]
    assert saved(own, tmp_path / "a.png") != saved(other, tmp_path / "b.png")
    assert b"cairo" in saved(other, tmp_path / "b.pdf").lower()
