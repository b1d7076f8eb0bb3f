"""A picture in the DOT language, and through Graphviz as an image."""

from __future__ import annotations

import html
from collections.abc import Iterator

from .layout import Direction
from .notation import TYPESET, gradient, operation, printable, shape_and_dtype, written
from .picture import Box, Picture

# Values are green, gradients red, as many courses have them. What kind of node it is shows in the
# outline as well as in its colour.
GREY, GREEN, RED, AMBER = "#6b6b6b", "#1b7837", "#b2182b", "#fdebc8"
STYLES = {
    "leaf": 'fillcolor="#dcebf7", color="#0072b2"',
    "constant": 'fillcolor="#f4f4f4", color="#8a8a8a", style="rounded,filled,dashed"',
    "step": 'fillcolor="#ffffff", color="#4d4d4d"',
}
ROOT = ', color="#d55e00", peripheries=2'
HEAD = """\
digraph "computation graph" {{
  graph [rankdir={direction}, bgcolor=white, pad=0.2, nodesep=0.25, ranksep=0.45]
  node [shape=box, style="rounded,filled", margin="0.06,0.04", width=0, height=0,
        fontname="Helvetica,Arial,sans-serif", fontsize=12]
  edge [color="#808080", arrowsize=0.7]"""

MISSING = """\
Graphviz draws {} images, and it's not installed: {}
(.text and .dot, or saving as .txt and .dot, work without it)"""


class GraphvizMissingError(RuntimeError):
    """An image was asked for, and Graphviz, which makes it, is not installed."""


def to_dot(picture: Picture, direction: Direction, precision: int) -> str:
    """The graph in the DOT language. Ids do not depend on labels, and labels are escaped."""
    end = ":op:w" if direction == "LR" else ""  # arrows end at the operation, which is on the left
    lines = [HEAD.format(direction=direction)]
    for box in picture.boxes:
        style = STYLES[box.kind] + (ROOT if box.root else "")
        lines += [f"  {box.id} [{style}, label=<", *table(box, precision), "  >]"]
    lines += [f"  {edge.source} -> {edge.target}{end}" for edge in picture.edges]
    return "\n".join((*lines, "}", ""))


def table(box: Box, precision: int) -> Iterator[str]:
    """The lines of a box's label: the operation on the left, name and numbers beside it."""
    rows = list(card(box, precision))
    if box.op:
        name = operation(box, precision, TYPESET)
        cell = f'rowspan="{len(rows)}" port="op" bgcolor="{AMBER}" style="rounded" cellpadding="5"'
        font = f'point-size="{18 if len(name) == 1 else 13}"'
        rows[0] = f"<td {cell}><font {font}><b>{escape(name)}</b></font></td>{rows[0]}"
    yield '    <table border="0" cellspacing="3" cellpadding="1">'
    yield from (f"      <tr>{row}</tr>" for row in rows)
    yield "    </table>"


def card(box: Box, precision: int) -> Iterator[str]:
    """The rows of name and numbers."""
    if box.label:
        yield f'<td colspan="2"><b>{escape(printable(box.label))}</b></td>'
    if array := shape_and_dtype(box.value):
        yield f'<td colspan="2">{small(array)}</td>'
    value, grad = written(box.value, precision), gradient(box, precision)
    if box.kind == "constant":
        yield f'<td colspan="2">{value}</td>'
    else:
        yield entry("value", value, GREEN)
        yield entry("gradient", grad, GREY if box.gradient is None else RED)


def entry(name: str, number: str, color: str) -> str:
    return (
        f'<td align="left">{small(name)}</td>'
        f'<td align="right"><font color="{color}">{number}</font></td>'
    )


def small(text: str) -> str:
    return f'<font color="{GREY}" point-size="10">{text}</font>'


def escape(text: str) -> str:
    r"""The text in an HTML-like label: as in HTML, but Graphviz gives backslashes a meaning too.

    >>> print(escape(r"<b> \N"))
    &lt;b&gt; \\N
    """
    return html.escape(text).replace("\\", "\\\\")


def render(dot: str, form: str) -> bytes:
    """The image that Graphviz makes of a graph in the DOT language.

    Raises:
        GraphvizMissingError: the program `dot` or the package `graphviz` is not installed.
    """
    if form == "png":  # sharp on any screen
        dot = dot.replace("graph [", "graph [dpi=192, ", 1)
    try:
        import graphviz  # only images need it
    except ImportError:
        raise GraphvizMissingError(MISSING.format(form.upper(), "pip install graphviz")) from None
    try:
        image: bytes = graphviz.pipe("dot", form, dot.encode(), quiet=True)
    except graphviz.ExecutableNotFound:
        raise GraphvizMissingError(
            MISSING.format(form.upper(), "apt-get install graphviz")
        ) from None
    return image
