"""A picture in the DOT language, and as an image made by Graphviz."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterator

from autograd.draw.graph.picture import Box, Picture
from autograd.expressions import printable

from .box_labels import Row, rows
from .colours import colours_of
from .legend import SIGNS, signs_in
from .notation import sign, slope_texts
from .options import Options

# The kind of a node shows in its outline as well as in its colour.
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
CLUSTER = 'style="rounded,filled"; fillcolor="{frame}"; color="{frame-line}"'
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

    __module__ = "autograd.draw"


def to_dot(picture: Picture, options: Options) -> str:
    """Return the graph in the DOT language. Ids do not depend on labels."""
    return "\n".join((*Writer(picture, options).lines(), ""))


class Writer:
    """Writes a picture in the DOT language."""

    def __init__(self, picture: Picture, options: Options) -> None:
        self.picture, self.options = picture, options
        self.colours = colours_of(options.theme)
        self.slopes = slope_texts(picture, options.precision)
        self.members: dict[str, list[Box]] = defaultdict(list)
        for box in picture.boxes:
            self.members[box.group].append(box)

    def lines(self) -> Iterator[str]:
        direction = self.options.direction
        yield HEAD.format(direction=direction, fonts=FONTS, **self.colours)
        yield from self.inside("", "  ")
        # arrows end at the operation, where it is on their side
        port = ":op:w" if direction == "LR" else ""
        ports = {box.id: port for box in self.picture.boxes if box.op}
        for source, target, argument in self.picture.edges:
            slope = self.slopes.get((target, argument), "")
            label = f' [label=" {slope} "]' if slope else ""
            yield f"  {source} -> {target}{ports.get(target, '')}{label}"
        if self.options.legend:  # last, since clusters would inherit its position
            yield from self.legend()
        yield "}"

    def inside(self, group: str, indent: str) -> Iterator[str]:
        """Yield the nodes of a group, and its inner groups as clusters."""
        for box in self.members[group]:
            style = STYLES[box.kind] + (ROOT if box.root else "")
            yield f"{indent}{box.id} [{style.format_map(self.colours)}, label=<"
            yield from self.table(box)
            yield "  >]"
        for inner in self.picture.groups:
            if inner.parent == group:
                yield f"{indent}subgraph cluster_{inner.id} {{"
                yield f"{indent}  label=<{escape(printable(inner.name)) or ' '}>; labeljust=l"
                yield f"{indent}  {CLUSTER.format_map(self.colours)}"
                yield from self.inside(inner.id, indent + "  ")
                yield f"{indent}}}"

    def table(self, box: Box) -> Iterator[str]:
        """Yield the label of a box: the operation on the left, name and numbers beside it."""
        shown = list(map(self.row, rows(box, self.options.precision)))
        if self.options.numbers and box.name and not box.label:
            shown.insert(0, self.row(((box.name, "number"),)))
        if box.op:
            name = sign(box, self.options.precision)
            own = "derivative-" if box.kind == "derivative" else ""
            paper, ink = self.colours[f"{own}cell"], self.colours[f"{own}cell-ink"]
            cell = (
                f'rowspan="{len(shown)}" port="op" bgcolor="{paper}" style="rounded" '
                'cellpadding="5"'
            )
            font = f'point-size="{18 if len(name) == 1 else 13}" color="{ink}"'
            shown[0] = f"<td {cell}><font {font}><b>{escape(name)}</b></font></td>{shown[0]}"
        yield '    <table border="0" cellspacing="3" cellpadding="1">'
        yield from (f"      <tr>{row}</tr>" for row in shown)
        yield "    </table>"

    def row(self, row: Row) -> str:
        """Return the cells of a row: a text across both columns, or a name and a number."""
        text, role = row[-1]
        if len(row) == 2:
            colour = self.colours["quiet" if role == "missing" else role]
            return (
                f'<td align="left">{self.small(row[0][0])}</td>'
                f'<td align="right"><font color="{colour}">{text}</font></td>'
            )
        cell = f"<b>{escape(text)}</b>" if role == "label" else text
        return f'<td colspan="2">{self.small(text) if role in {"note", "number"} else cell}</td>'

    def legend(self) -> Iterator[str]:
        """Yield the legend, as the label of the graph."""
        yield '  label=<<table border="0" cellspacing="6" cellpadding="0"><tr>'
        for shown in signs_in(self.picture, False, bool(self.slopes)):
            yield f"    <td>{SAMPLES[shown].format_map(self.colours)}</td>"
            yield f'    <td>{self.small(SIGNS[shown][1])}</td><td width="8"></td>'
        yield "  </tr></table>>\n  labelloc=b\n  labeljust=l"

    def small(self, text: str) -> str:
        return f'<font color="{self.colours["quiet"]}" point-size="10">{escape(text)}</font>'


def escape(text: str) -> str:
    r"""Return the text for an HTML-like label: as in HTML, with backslashes doubled.

    >>> print(escape(r"<b> \N"))
    &lt;b&gt; \\N
    """
    # a closing bracket alone ends the section of plain text that Graphviz makes of it
    return html.escape(text).replace("\\", "\\\\").replace("]", "&#93;")


def render(dot: str, form: str) -> bytes:
    """Return the image that Graphviz makes of a graph in the DOT language.

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
        cure = "apt-get install graphviz"
        raise GraphvizMissingError(MISSING.format(form.upper(), cure)) from None
    return image
