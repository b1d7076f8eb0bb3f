"""A picture in the DOT language, and through Graphviz as an image."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping

from autograd.draw.graph.picture import Box, Picture
from autograd.draw.layout.geometry import Direction
from autograd.expressions import printable

from .colours import LIGHT
from .legend import meanings
from .notation import gradient, shape_and_dtype, sign, slope_texts, written

# What kind of node it is shows in the outline as well as in its colour.
STYLES = {
    "leaf": 'fillcolor="{leaf}", color="{leaf-line}"',
    "constant": 'fillcolor="{constant}", color="{constant-line}", style="rounded,filled,dashed"',
    "step": 'fillcolor="{step}", color="{step-line}"',
    "derivative": 'fillcolor="{step}", color="{derivative-line}", style="filled"',
    "group": 'fillcolor="{group}", color="{group-line}", penwidth=2',
}
SAMPLE = (
    '<table border="1" cellborder="0" cellspacing="0" fixedsize="true" width="24" height="14" '
    'bgcolor="{%s}" color="{%s}" style="%s"><tr><td></td></tr></table>'
)
SAMPLES = {
    "leaf": SAMPLE % ("leaf", "leaf-line", "rounded"),
    "constant": SAMPLE % ("constant", "constant-line", "rounded,dashed"),
    "step": SAMPLE % ("cell", "step-line", "rounded"),
    "derivative": SAMPLE % ("derivative-cell", "derivative-line", "solid"),
    "folded": SAMPLE % ("group", "group-line", "rounded"),
    "result": '<table border="1" cellborder="0" cellspacing="2" color="{root-line}" '
    'style="rounded"><tr><td>' + SAMPLE % ("step", "root-line", "rounded") + "</td></tr></table>",
    "slope": '<font color="{slope}" point-size="10">1.5</font>',
}
ROOT = ', color="{root-line}", peripheries=2'
# Graphviz measures text in the first font that is installed; the others are narrower.
FONTS = "DejaVu Sans,Verdana,Helvetica,Arial,sans-serif"
HEAD = """\
digraph "computation graph" {{
  graph [rankdir={direction}, bgcolor="{paper}", pad=0.2, nodesep=0.25, ranksep=0.45,
         fontname="{fonts}", fontsize=12, fontcolor="{title}"]
  node [shape=box, style="rounded,filled", margin="0.06,0.04", width=0, height=0,
        fontname="{fonts}", fontsize=12, fontcolor="{ink}"]
  edge [color="{line}", arrowsize=0.7, fontname="{fonts}", fontsize=10,
        fontcolor="{slope}"]"""

MISSING = """\
engine="dot" has {} images made by Graphviz, which is not installed: {}
(without engine="dot", images are made without it)"""


class GraphvizMissingError(RuntimeError):
    """An image was asked for, and Graphviz, which makes it, is not installed."""


def to_dot(
    picture: Picture,
    direction: Direction,
    precision: int,
    numbers: bool = False,
    legend: bool = False,
    colours: Mapping[str, str] = LIGHT,
) -> str:
    """The graph in the DOT language. Ids do not depend on labels, and labels are escaped."""
    writer = Writer(picture, precision, numbers, colours)
    end = ":op:w" if direction == "LR" else ""  # arrows end at the operation, which is on the left
    lines = [HEAD.format(direction=direction, fonts=FONTS, **colours), *writer.inside("", "  ")]
    cells = {box.id: end for box in picture.boxes if box.op}
    for source, target, argument in picture.edges:
        slope = writer.slopes.get((target, argument), "")
        label = f' [label=" {slope} "]' if slope else ""
        lines.append(f"  {source} -> {target}{cells.get(target, '')}{label}")
    if legend:  # last, since clusters would inherit its position
        lines += [*writer.legend(), "  labelloc=b", "  labeljust=l"]
    return "\n".join((*lines, "}", ""))


class Writer:
    """Boxes and groups in the DOT language."""

    def __init__(
        self, picture: Picture, precision: int, numbers: bool, colours: Mapping[str, str]
    ) -> None:
        self.picture, self.precision = picture, precision
        self.numbers, self.colours = numbers, colours
        self.slopes = slope_texts(picture, precision)
        self.members: dict[str, list[Box]] = {}
        for box in picture.boxes:
            self.members.setdefault(box.group, []).append(box)

    def inside(self, group: str, indent: str) -> Iterator[str]:
        """The nodes of a group, and its inner groups as clusters."""
        for box in self.members.get(group, []):
            style = STYLES[box.kind] + (ROOT if box.root else "")
            yield f"{indent}{box.id} [{style.format_map(self.colours)}, label=<"
            yield from self.table(box)
            yield "  >]"
        for inner in self.picture.groups:
            if inner.parent == group:
                yield f"{indent}subgraph cluster_{inner.id} {{"
                yield f"{indent}  label=<{escape(printable(inner.name)) or ' '}>; labeljust=l"
                style = 'style="rounded,filled"; fillcolor="{frame}"; color="{frame-line}"'
                yield f"{indent}  {style.format_map(self.colours)}"
                yield from self.inside(inner.id, indent + "  ")
                yield f"{indent}}}"

    def table(self, box: Box) -> Iterator[str]:
        """The lines of a box's label: the operation on the left, name and numbers beside it."""
        rows = list(self.card(box))
        if box.op:
            name = sign(box, self.precision)
            own = "derivative-" if box.kind == "derivative" else ""
            paper, ink = self.colours[f"{own}cell"], self.colours[f"{own}cell-ink"]
            cell = (
                f'rowspan="{len(rows)}" port="op" bgcolor="{paper}" style="rounded" cellpadding="5"'
            )
            font = f'point-size="{18 if len(name) == 1 else 13}" color="{ink}"'
            rows[0] = f"<td {cell}><font {font}><b>{escape(name)}</b></font></td>{rows[0]}"
        yield '    <table border="0" cellspacing="3" cellpadding="1">'
        yield from (f"      <tr>{row}</tr>" for row in rows)
        yield "    </table>"

    def card(self, box: Box) -> Iterator[str]:
        """The rows of name and numbers."""
        number = box.name if self.numbers and not box.label else ""
        name = f"<b>{escape(box.name)}</b>" if box.label else ""
        if name or number:
            grey = self.small(number) if number else ""
            yield f'<td colspan="2">{" ".join(filter(None, (name, grey)))}</td>'
        for line in filter(None, (shape_and_dtype(box.value), *box.notes)):
            yield f'<td colspan="2">{self.small(line)}</td>'
        value, grad = written(box.value, self.precision), gradient(box, self.precision)
        if box.kind == "constant":
            yield f'<td colspan="2">{value}</td>'
        elif box.value is not None:
            yield self.entry("value", value, "value")
            if box.differentiated:
                yield self.entry("gradient", grad, "quiet" if box.gradient is None else "gradient")

    def legend(self) -> Iterator[str]:
        """The legend, as the label of the graph."""
        yield '  label=<<table border="0" cellspacing="6" cellpadding="0"><tr>'
        for kind, meaning in meanings(self.picture, False, bool(self.slopes)):
            yield f"    <td>{SAMPLES[kind].format_map(self.colours)}</td>"
            yield f'    <td>{self.small(meaning)}</td><td width="8"></td>'
        yield "  </tr></table>>"

    def entry(self, name: str, number: str, colour: str) -> str:
        return (
            f'<td align="left">{self.small(name)}</td>'
            f'<td align="right"><font color="{self.colours[colour]}">{number}</font></td>'
        )

    def small(self, text: str) -> str:
        return f'<font color="{self.colours["quiet"]}" point-size="10">{escape(text)}</font>'


def escape(text: str) -> str:
    r"""The text in an HTML-like label: as in HTML, but Graphviz gives backslashes a meaning too.

    >>> print(escape(r"<b> \N"))
    &lt;b&gt; \\N
    """
    # a closing bracket alone ends the section of plain text that Graphviz makes of it
    return html.escape(text).replace("\\", "\\\\").replace("]", "&#93;")


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
