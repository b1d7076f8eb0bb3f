"""An SVG drawing as a PDF page of lines and text, drawn by Matplotlib.

It reads as much of SVG and CSS as drawings use: rectangles, circles, paths and text in groups that
may be shifted, and rules for classes within classes.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias

from .png import MISSING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

POINT = 72 / 96  # points of a pixel
LONGEST = 14_400.0  # points along a side of a page, beyond which programs refuse to show it
CORNER = 0.4477  # where a quarter of a circle has its control points, seen from its corner
ANCHORS = {"start": "left", "middle": "center", "end": "right"}

Names: TypeAlias = frozenset[str]  # an element's tag and classes
Style: TypeAlias = dict[str, str]
Rule: TypeAlias = tuple[list[Names], Style]  # names of elements, each inside of the one before


def to_pdf(svg: str, width: float, height: float) -> bytes:
    """The page, as large as the drawing.

    Raises:
        ModuleNotFoundError: Matplotlib is not installed.
    """
    try:
        import matplotlib as mpl  # optional, and slow to import
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(MISSING.format("PDF", "matplotlib"), name=error.name) from None
    file = BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42, "font.family": "DejaVu Sans"}):
        figure_of(svg, width, height).savefig(file, format="pdf", metadata={"CreationDate": None})
    return file.getvalue()


def figure_of(svg: str, width: float, height: float) -> Figure:
    """The drawing as a figure of Matplotlib."""
    from matplotlib.figure import Figure

    root = ET.fromstring(svg.replace(' xmlns="http://www.w3.org/2000/svg"', ""))
    rules = list(rules_of("".join(sheet.text or "" for sheet in root.iter("style"))))
    unit = min(POINT, LONGEST / max(width, height))
    figure = Figure(figsize=(width * unit / 72, height * unit / 72))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0.0, width), ylim=(height, 0.0))
    axes.set_axis_off()
    for element, lineage, x, y in elements(root, (), 0.0, 0.0):
        style = style_of(element, lineage, rules)
        if element.tag == "text":
            set_text(axes, element, x, y, style, unit)
        elif element.tag in {"rect", "circle", "path"}:
            draw_shape(axes, outline(element), x, y, style, unit)
    return figure


def elements(
    element: ET.Element, lineage: tuple[Names, ...], x: float, y: float
) -> Iterator[tuple[ET.Element, tuple[Names, ...], float, float]]:
    """An element and all inside of it, with the names of those around, and its shift."""
    lineage = (*lineage, frozenset({element.tag, *element.get("class", "").split()}))
    if shift := re.findall(r"[-\d.]+", element.get("transform", "")):
        x, y = x + float(shift[0]), y + float(shift[1])
    yield element, lineage, x, y
    for child in element:
        yield from elements(child, lineage, x, y)


# --- style ----------------------------------------------------------------------------------------


def rules_of(sheet: str) -> Iterator[Rule]:
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet):
        style = {
            name.strip(): value.strip()
            for name, value in (line.split(":", 1) for line in body.split(";") if line.strip())
        }
        for selector in selectors.split(","):
            chain = [frozenset(part.strip(".").split(".")) for part in selector.split()]
            yield chain, style


def style_of(element: ET.Element, lineage: Sequence[Names], rules: Sequence[Rule]) -> Style:
    """The style of an element: its attributes, and over them the rules, the later ones last."""
    style: Style = dict(element.attrib)
    for chain, more in rules:
        if chain[-1] <= lineage[-1] and within(chain[:-1], lineage[:-1]):
            style |= more
    return style


def within(chain: Sequence[Names], lineage: Sequence[Names]) -> bool:
    """Whether there are such elements around an element, in this order."""
    around = iter(lineage)
    return all(any(names <= element for element in around) for names in chain)


# --- shapes and text ------------------------------------------------------------------------------


def outline(element: ET.Element) -> str:
    """The outline of a shape, as a path of SVG."""
    size = {name: float(x) for name, x in element.attrib.items() if name in {*"xyr", "cx", "cy"}}
    if element.tag == "path":
        return element.attrib["d"]
    if element.tag == "circle":
        r = size["r"]
        return rectangle(size["cx"] - r, size["cy"] - r, 2 * r, 2 * r, r)
    wide, high, r = (float(element.get(name, 0)) for name in ("width", "height", "rx"))
    return rectangle(size.get("x", 0.0), size.get("y", 0.0), wide, high, min(r, wide / 2, high / 2))


def rectangle(x: float, y: float, wide: float, high: float, r: float) -> str:
    right, bottom, c = x + wide, y + high, CORNER * r
    return (
        f"M{x + r} {y}H{right - r}C{right - c} {y} {right} {y + c} {right} {y + r}"
        f"V{bottom - r}C{right} {bottom - c} {right - c} {bottom} {right - r} {bottom}"
        f"H{x + r}C{x + c} {bottom} {x} {bottom - c} {x} {bottom - r}"
        f"V{y + r}C{x} {y + c} {x + c} {y} {x + r} {y}Z"
    )


def traced(d: str, x: float, y: float) -> Path:
    """A path of SVG, shifted: M, L, C, H, V, h and Z, as drawings use them."""
    from matplotlib.path import Path

    points: list[tuple[float, float]] = []
    codes: list[Any] = []
    for command, text in re.findall(r"([MLCHVhZ])([^MLCHVhZ]*)", d):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", text)]
        if command in "MLC":
            points += [(x + a, y + b) for a, b in zip(numbers[::2], numbers[1::2])]
        elif command == "Z":
            points.append(points[-1])
        else:
            (a, b), (to,) = points[-1], numbers
            points.append({"H": (x + to, b), "V": (a, y + to), "h": (a + to, b)}[command])
        code = {"M": Path.MOVETO, "C": Path.CURVE4, "Z": Path.CLOSEPOLY}.get(command, Path.LINETO)
        codes += [code] * (len(points) - len(codes))
    return Path(points, codes)


def draw_shape(axes: Axes, d: str, x: float, y: float, style: Style, unit: float) -> None:
    from matplotlib.patches import PathPatch

    width = float(style.get("stroke-width", 1.0))
    dashes = [float(length) / width for length in style.get("stroke-dasharray", "").split()]
    patch = PathPatch(
        traced(d, x, y),
        facecolor=style.get("fill", "black"),
        edgecolor=style.get("stroke", "none"),
        linewidth=width * unit,
        linestyle=(0, dashes) if dashes else "solid",
        capstyle="round" if style.get("stroke-linecap") == "round" else "butt",
        joinstyle="miter",
        alpha=float(style.get("opacity", 1.0)),
        clip_on=False,
    )
    axes.add_artist(patch)


def set_text(
    axes: Axes, element: ET.Element, x: float, y: float, style: Style, unit: float
) -> None:
    from matplotlib.patheffects import Normal, Stroke

    size = float(style["font-size"]) * unit
    effects: list[Any] = []
    if style.get("paint-order") == "stroke":  # a margin that keeps lines off the text
        width = float(style["stroke-width"]) * unit
        effects = [Stroke(linewidth=width, foreground=style["stroke"]), Normal()]
    axes.text(
        x + float(style["x"]),
        y + float(style["y"]),
        "".join(element.itertext()),
        color=style["fill"],
        fontsize=size,
        fontweight=style.get("font-weight", "normal"),
        fontstyle=style.get("font-style", "normal"),
        horizontalalignment=ANCHORS[style.get("text-anchor", "start")],
        verticalalignment="baseline",
        parse_math=False,
        path_effects=effects,
    )
