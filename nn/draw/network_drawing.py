"""The picture of a net: a column of neurons for each layer, and between them the weights, whose
lines show size and sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import isfinite
from typing import Any

from autograd.draw.figure import Figure
from autograd.draw.formats.box_labels import SMALL, TEXT, Text
from autograd.draw.formats.colours import Theme, stylesheet
from autograd.draw.formats.fonts import FAMILY, width
from autograd.draw.formats.images import Form, to_image
from autograd.draw.formats.notation import typeset
from autograd.draw.formats.page import to_html
from autograd.draw.formats.svg import svg_image, texts, xy
from autograd.draw.layout.geometry import Point, Size
from autograd.expressions import printable, rounded

RADIUS, APART, GAP = 16.0, 43.0, 150.0
MARGIN, HEAD, FOOT = 26.0, 44.0, 34.0
THINNEST, THICKEST = 0.35, 4.5
SIGNS = {"weight": "positive weight", "weight negative": "negative weight"}
ASIDE = 12.0  # from the dots for omitted neurons to their number
KEY = 54.0  # the width of an entry of the legend without its text
DENSE = 36  # weights between two columns: of more, each is drawn thinner

STYLE = """\
{s} {{ font-family: {family} }}
{s} .paper {{ fill: {paper} }}
{s} .weight {{ fill: none; stroke: {leaf-line}; stroke-linecap: butt }}
{s} .negative {{ stroke: {root-line}; stroke-dasharray: 5 3 }}
{s} .ring {{ fill: {step}; stroke: {step-line}; stroke-width: 1.2 }}
{s} .fill {{ fill: {leaf-line} }}
{s} .fill.low {{ fill: {root-line} }}
{s} .dot {{ fill: {quiet} }}
{s} .column {{ fill: {ink}; font-weight: bold }}
{s} .about {{ fill: {quiet}; paint-order: stroke; stroke: {paper}; stroke-width: 4 }}
{s} .number {{ fill: {ink} }}"""


@dataclass(frozen=True)
class Column:
    """A layer: its number of neurons, its name, and the neurons' outputs for an input."""

    size: int
    name: str
    about: str = ""
    names: Sequence[str] = ()  # of the neurons
    values: Sequence[float] = ()


@dataclass(frozen=True, repr=False)
class NetworkDrawing(Figure):
    """A drawn net. Notebooks show it as a picture.

    `weights[i][k][j]` leads from neuron `j` of column `i` to neuron `k` of the next.
    """

    columns: Sequence[Column]
    weights: Sequence[Any]
    shown: int = 12
    precision: int = 3
    theme: Theme = "light"

    @cached_property
    def svg(self) -> str:
        """The net as an SVG image."""
        plan, about = Plan(self), f"Neural net: {self.text}"
        css = stylesheet(STYLE, self.theme, s=f".network.{self.theme}", family=FAMILY)
        return svg_image(f"network {self.theme}", plan.size, css, plan.parts(), "img", about)

    @property
    def html(self) -> str:
        """The net as an HTML page in one file."""
        return to_html(self.svg, self.text, self.theme, "Neural net")

    @property
    def text(self) -> str:
        """The layers with their sizes, in one line."""
        about = [c.about.removeprefix(str(c.size)).removeprefix(", ") for c in self.columns]
        return " → ".join(
            printable(f"{c.name} {c.size}" + (f" ({more})" if more else ""))
            for c, more in zip(self.columns, about)
        )

    def image(self, form: Form) -> bytes:
        """The net as an image, light if the theme is "auto"."""
        drawn = replace(self, theme="light") if self.theme == "auto" else self
        return to_image(drawn.svg, *Plan(self).size, form)


class Plan:
    """The positions of a drawing's neurons, weights and texts."""

    def __init__(self, drawing: NetworkDrawing) -> None:
        self.drawing, columns = drawing, drawing.columns
        rows = [visible(column.size, drawing.shown) for column in columns]
        self.more = [  # the text in place of the neurons that are left out
            f"{c.size - len(row) + 1} more" if None in row else "" for c, row in zip(columns, rows)
        ]
        tall = max(map(len, rows))
        heads = [max(width(c.name, TEXT, bold=True), width(c.about, SMALL)) for c in columns]
        gap = max(GAP, max(heads) + 24, 0.36 * tall * APART)
        left = MARGIN + names_width(columns[0]) + RADIUS
        last = left + (len(rows) - 1) * gap
        beside = max(RADIUS + names_width(columns[-1]), ASIDE + width(self.more[-1], SMALL))
        wide = last + max(beside + MARGIN, heads[-1] / 2 + 12)
        legend = MARGIN + sum(KEY + width(text, SMALL) for text in SIGNS.values())
        self.size = Size(max(wide, legend), HEAD + tall * APART + FOOT)
        left += (self.size.width - wide) / 2
        self.middles = [  # of the neurons in each column
            {
                j: Point(left + i * gap, HEAD + (k + (tall - len(row) + 1) / 2) * APART)
                for k, j in enumerate(row)
            }
            for i, row in enumerate(rows)
        ]
        self.pairs = [  # of neurons whose weights are drawn: to which, from which
            [(k, j) for k in after for j in row if k is not None and j is not None]
            for row, after in pairwise(rows)
        ]
        drawn = (w[k][j] for w, pairs in zip(drawing.weights, self.pairs) for k, j in pairs)
        self.largest = greatest(drawn)
        dense = max(len(row) * len(after) for row, after in pairwise(rows))
        self.thickest = THICKEST * min(1.0, (DENSE / dense) ** 0.5)

    def parts(self) -> Iterator[str]:
        """Yield the elements of the SVG image."""
        for i in range(len(self.pairs)):
            yield from self.edges(i)
        for i in range(len(self.middles)):
            yield from self.neurons(i)
        yield from self.legend()

    def edges(self, i: int) -> Iterator[str]:
        """Yield the weights behind a column, the large ones on top."""
        weights = self.drawing.weights[i]
        for k, j in sorted(self.pairs[i], key=lambda pair: abs(weights[pair[0]][pair[1]])):
            w = float(weights[k][j])
            share = abs(w) / self.largest if isfinite(w) else 0.0
            start, end = self.middles[i][j], self.middles[i + 1][k]
            sign = " negative" if w < 0 else ""
            yield (
                f'<path class="weight{sign}" data-from="{j}" data-to="{k}" '
                f'd="M{xy(start)}L{xy(end)}" '
                f'stroke-width="{THINNEST + share * (self.thickest - THINNEST):.2f}" '
                f'opacity="{0.2 + 0.7 * share:.2f}">'
                f"<title>{rounded(w, 4)}</title></path>"
            )

    def neurons(self, i: int) -> Iterator[str]:
        """Yield a column with its title, its neurons and their names."""
        column, is_last = self.drawing.columns[i], i == len(self.middles) - 1
        x, _ = self.middles[i][0]
        yield texts(Text(x, 18, column.name, "column", "middle"))
        yield texts(Text(x, 33, column.about, "about", "middle", SMALL))
        largest = greatest(column.values)
        for j, (x, y) in self.middles[i].items():
            if j is None:
                for d in (-8, 0, 8):
                    yield f'<circle class="dot" cx="{x:.1f}" cy="{y + d:.1f}" r="1.6"/>'
                yield texts(Text(x + ASIDE, y + 4, self.more[i], "about", size=SMALL))
                continue
            yield f'<g class="neuron" data-column="{i}" data-index="{j}">'
            yield f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS:g}"/>'
            if len(column.values):
                value = float(column.values[j])
                yield from activation(x, y, value, largest, self.drawing.precision)
            if len(column.names):
                at = x + RADIUS + 8 if is_last else x - RADIUS - 8
                name = column.names[j]
                yield texts(Text(at, y + 4, name, "about", "start" if is_last else "end"))
            yield "</g>"

    def legend(self) -> Iterator[str]:
        """Yield the meaning of the lines, and the size of the thickest if there is room."""
        x, y = MARGIN, self.size.height - 16
        for sign, text in SIGNS.items():
            yield f'<path class="{sign}" d="M{x:.0f},{y - 4:.0f}h28" stroke-width="2.6"/>'
            yield texts(Text(x + 34, y, text, "about", size=SMALL))
            x += KEY + width(text, SMALL)
        text = f"thickest: {typeset(rounded(self.largest, 3))}"
        if x + width(text, SMALL) < self.size.width:
            yield texts(Text(x, y, text, "about", size=SMALL))


def names_width(column: Column) -> float:
    """Return the room for the names beside the neurons of a column."""
    return max((width(printable(name), TEXT) + 10 for name in column.names), default=0.0)


def visible(size: int, shown: int) -> list[int | None]:
    """Return the neurons that are drawn, with `None` where some are left out."""
    if size <= shown:
        return list(range(size))
    half = (shown - 1) // 2
    return [*range(shown - 1 - half), None, *range(size - half, size)]


def greatest(numbers: Iterable[float]) -> float:
    """Return the greatest magnitude among finite numbers, or 1 if that is 0."""
    return max((abs(float(x)) for x in numbers if isfinite(x)), default=0.0) or 1.0


def activation(x: float, y: float, value: float, largest: float, precision: int) -> Iterator[str]:
    """Yield a neuron's output: as the opacity of its fill, and as a number."""
    share = abs(value) / largest if isfinite(value) else 0.0
    low = " low" if value < 0 else ""
    yield (
        f'<circle class="fill{low}" cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS - 1.6:g}" '
        f'opacity="{0.55 * share:.2f}"/>'
    )
    text = typeset(rounded(value, min(precision, 2)))
    text = re.sub("e[+]?(\N{MINUS SIGN}?)0*", r"e\1", text)  # 1e+06 as 1e6
    size = min(9.5, (2 * RADIUS - 4) / width(text, 1.0))
    yield texts(Text(x, y + 0.36 * size, text, "number", "middle", size))
