"""A picture in the DOT language, and through Graphviz as an image."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Literal, TypeAlias

from .notation import PYTHON, brief, formula, gradient, kind_of_array, printable, written
from .picture import Box, Picture

Direction: TypeAlias = Literal["LR", "RL", "TB", "BT"]

TYPESET = PYTHON | {
    "mul": "\N{MULTIPLICATION SIGN}",
    "sub": "\N{MINUS SIGN}",
    "neg": "\N{MINUS SIGN}",
}

# Forward is green, backward red. Kinds of node differ in their outline as well as in colour.
GREY, GREEN, RED, AMBER = "#6b6b6b", "#1b7837", "#b2182b", "#fdebc8"
OUTLINE = {
    "leaf": 'fillcolor="#dcebf7", color="#0072b2"',
    "constant": 'style="rounded,filled,dashed", fillcolor="#f4f4f4", color="#8a8a8a"',
    "step": 'fillcolor="#ffffff", color="#4d4d4d"',
}
ROOT = ', peripheries=2, color="#d55e00"'
HEAD = """\
digraph "computation graph" {{
  graph [rankdir={direction}, bgcolor=white, pad=0.2, nodesep=0.25, ranksep=0.45]
  node [shape=box, style="rounded,filled", margin="0.05,0.03",
        fontname="Helvetica,Arial,sans-serif", fontsize=12]
  edge [color="#808080", arrowsize=0.7]"""


class GraphvizMissingError(RuntimeError):
    """An image was asked for, and Graphviz is not installed."""


def to_dot(picture: Picture, direction: Direction, precision: int) -> str:
    """The graph in the DOT language. Ids do not depend on labels; labels are escaped."""
    entry = ":op:w" if direction == "LR" else ""  # arrows end where the operation is written
    lines = [HEAD.format(direction=direction)]
    for box in picture.boxes:
        outline = OUTLINE[box.kind] + (ROOT if box.root else "")
        lines += [f"  {box.id} [{outline}, label=<", *table(box, precision), "  >]"]
    lines += [f"  {source} -> {target}{entry}" for source, target, _ in picture.edges]
    return "\n".join([*lines, "}", ""])


def table(box: Box, precision: int) -> Iterator[str]:
    """The lines of the HTML-like label: the operation on the left, name and numbers beside it."""
    rows = list(card(box, precision))
    if box.op:
        op = f"<b>{escape(operation(box, precision))}</b>"
        cell = f'<td rowspan="{len(rows)}" port="op" bgcolor="{AMBER}" style="rounded" width="26">'
        rows[0] = f'{cell}<font point-size="14">{op}</font></td>{rows[0]}'
    yield '    <table border="0" cellspacing="0" cellpadding="2">'
    yield from (f"      <tr>{row}</tr>" for row in rows)
    yield "    </table>"


def card(box: Box, precision: int) -> Iterator[str]:
    """The rows of cells that every box has."""
    if box.label:
        yield f'<td colspan="2"><b>{escape(printable(box.label))}</b></td>'
    if array := kind_of_array(box.value):
        yield f'<td colspan="2"><font color="{GREY}" point-size="10">{array}</font></td>'
    value = written(box.value, precision)
    if box.kind == "constant":
        yield f'<td colspan="2">{value}</td>'
    else:
        yield entry("value", value, GREEN)
        yield entry("gradient", gradient(box, precision), RED if box.gradient is not None else GREY)


def entry(name: str, number: str, color: str) -> str:
    return (
        f'<td align="left"><font color="{GREY}" point-size="10">{name}</font></td>'
        f'<td align="right"><font color="{color}">{number}</font></td>'
    )


def operation(box: Box, precision: int) -> str:
    """The sign or the name of the operation, with the constants that are not drawn."""
    if all(isinstance(x, str) for x in box.operands):
        return TYPESET.get(box.op, box.op)
    operands = ["·" if isinstance(x, str) else brief(x, precision) for x in box.operands]
    return formula(box.op, operands, TYPESET).strip("· ")


def render(dot: str, format: str) -> bytes:
    """The image that Graphviz makes of a graph in the DOT language.

    Raises:
        GraphvizMissingError: the `dot` program or the `graphviz` package is not installed.
    """
    try:
        import graphviz  # only images need it
    except ImportError:
        raise missing(format, "the graphviz package is not installed: pip install graphviz") from None
    try:
        image: bytes = graphviz.pipe("dot", format, dot.encode(), quiet=True)
    except graphviz.ExecutableNotFound:
        raise missing(format, "...") from None
    return image
