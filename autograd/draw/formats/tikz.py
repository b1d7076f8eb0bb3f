"""A scene as a LaTeX document, drawn with TikZ.

Its page is as large as the picture; its `tikzpicture` can be pasted into a paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from autograd.draw.graph.picture import Box
from autograd.draw.layout.geometry import Place, Point
from autograd.expressions import GREEK, printable

from .box_labels import Card, Role, Text, title
from .colours import Theme, colours_of
from .legend import SAMPLE
from .scene import Scene

HEAD = r"""\documentclass{article}
\usepackage[margin=0pt, paperwidth=%.1fpt, paperheight=%.1fpt]{geometry}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[T1]{fontenc}
  \usepackage[utf8]{inputenc}
  \IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
  \newcommand{\other}[2]{U+#1} %% pdfLaTeX's fonts are small
\else
  \usepackage{fontspec}
  \newcommand{\other}[2]{#2}
\fi
\usepackage{amsmath,amssymb,tikz}
\renewcommand{\familydefault}{\sfdefault}"""

STYLES = r"""\begin{tikzpicture}[
  x=1pt, y=-1pt, line width=0.8pt, inner sep=0pt, outer sep=0pt,
  edge line/.style={draw=ng-line, -latex, shorten >=0.4pt},
  leaf box/.style={draw=ng-leaf-line, fill=ng-leaf, rounded corners=10pt},
  step box/.style={draw=ng-step-line, fill=ng-step, rounded corners=4.5pt},
  derivative box/.style={draw=ng-derivative-line, fill=ng-step, sharp corners},
  constant box/.style={draw=ng-constant-line, fill=ng-constant, dashed, rounded corners=4.5pt},
  folded box/.style={draw=ng-group-line, fill=ng-group, rounded corners=4.5pt, double},
  reference box/.style={dotted, rounded corners=8pt},
  root box/.style={draw=ng-root-line},
  group frame/.style={draw=ng-frame-line, fill=ng-frame, line width=0.6pt, rounded corners=5pt},
  ]"""

INKS: dict[Role, str] = {  # the colours of texts; others are quiet
    "label": "ink", "op": "cell-ink", "value": "value", "gradient": "gradient", "slope": "slope",
    "title": "title",
}  # fmt: skip
ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}

# Characters with a meaning in LaTeX, or missing in its fonts.
SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}", "`": r"\textasciigrave{}", "-": r"{-}",
    "\N{MINUS SIGN}": "$-$", "\N{MULTIPLICATION SIGN}": r"$\times$", "·": r"$\cdot$",
    **{c: f"$^{i}$" for i, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{c: f"$_{i}$" for i, c in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    "…": r"\dots{}", " ": "~", "∂": r"$\partial$", "∇": r"$\nabla$", "∞": r"$\infty$",
}  # fmt: skip


def to_tikz(scene: Scene, theme: Theme = "light") -> str:
    """Return the scene as a LaTeX document, for any of pdfLaTeX, XeLaTeX and LuaLaTeX."""
    colours = colours_of(theme).items()
    boxes = {box.id: box for box in scene.picture.boxes}
    names = {group.id: group.name for group in scene.picture.groups}
    wide, high = scene.size
    lines = [
        HEAD % (wide, high + 1),  # a page that is just full spills over
        *(rf"\definecolor{{ng-{name}}}{{HTML}}{{{code[1:].upper()}}}" for name, code in colours),
        r"\pagestyle{empty}\parindent=0pt\topskip=0pt",
        r"\begin{document}",
        STYLES,
        rf"  \fill[ng-paper] (0, 0) rectangle ({wide:.1f}, {high:.1f});",
    ]
    for frame in scene.layout.frames:
        lines.append(rectangle("group frame", frame.x, frame.y, frame.width, frame.height))
        lines += texts([title(names[frame.group], frame)])
    for route in scene.layout.routes:
        lines.append(rf"  \draw[edge line] {curve(route.points)};")
        slope = scene.slopes.get((route.edge.target, route.edge.argument))
        lines += texts([slope] if slope else [])
    for place in scene.layout.places:
        lines += placed(place, boxes[place.box], scene.cards[place.id])
    for entry in scene.legend:
        lines += placed(*entry)
    return "\n".join((*lines, r"\end{tikzpicture}", r"\end{document}", ""))


def curve(points: Sequence[Point]) -> str:
    """Return a path through Bézier segments."""
    parts = [at(points[0])]
    for i in range(1, len(points), 3):
        a, b, end = points[i : i + 3]
        parts.append(f".. controls {at(a)} and {at(b)} .. {at(end)}")
    return " ".join(parts)


def at(point: Point) -> str:
    return f"({point.x:.1f}, {point.y:.1f})"


def placed(place: Place, box: Box | None, card: Card) -> Iterator[str]:
    if box is not None:
        yield from outlines(place, box, card)
    yield from texts(card.texts, place.x, place.y)


def outlines(place: Place, box: Box, card: Card) -> Iterator[str]:
    """Yield the outlines of a card."""
    kind = "folded" if box.kind == "group" else box.kind
    style = f"{kind} box" + ", reference box" * place.reference
    border, (wide, high) = card.border, card.size
    if box.id:
        yield f"  % {box.id}"
    if border:
        style += ", root box"
        yield rectangle(f"{style}, fill=none", place.x, place.y, wide, high)
    x, y, wide, high = place.x + border, place.y + border, wide - 2 * border, high - 2 * border
    if high <= SAMPLE.height and kind != "derivative":
        style += f", rounded corners={high / 2 - 1 if kind == 'leaf' else 3:g}pt"
    yield rectangle(style, x, y, wide, high)
    if card.cell:
        own = kind == "derivative"
        cell = "derivative-cell" if own else "cell, rounded corners=3.5pt"
        yield rectangle(f"draw=none, fill=ng-{cell}", x + 1, y + 1, card.cell, high - 2)


def rectangle(style: str, x: float, y: float, wide: float, high: float) -> str:
    return rf"  \draw[{style}] ({x:.1f}, {y:.1f}) rectangle ({x + wide:.1f}, {y + high:.1f});"


def texts(lines: Iterable[Text], left: float = 0.0, top: float = 0.0) -> Iterator[str]:
    """Yield lines of text, with their positions counted from (left, top)."""
    for x, y, text, role, anchor, size in lines:
        bold = r"\bfseries" if role in {"label", "op", "title"} else ""
        slanted = r"\itshape" if role == "missing" else ""
        yield (
            rf"  \node[anchor={ANCHORS[anchor]}, text=ng-{INKS.get(role, 'quiet')}, "
            rf"font={bold}{slanted}\fontsize{{{size:g}}}{{{size:g}}}\selectfont] "
            rf"at ({left + x:.1f}, {top + y:.1f}) {{{escape(text)}}};"
        )


def escape(text: str) -> str:
    r"""Return the text as LaTeX source.

    >>> print(escape(r"a\b {x} 50% π"))
    a\textbackslash{}b~\{x\}~50\%~$\pi$
    """
    return "".join(map(character, printable(text)))


def character(c: str) -> str:
    if c in SPECIAL:
        return SPECIAL[c]
    if c in GREEK:
        return rf"$\{GREEK[c]}$"
    if c.isascii() or (c.isalpha() and ord(c) < 0x180):
        return c
    return rf"\other{{{ord(c):04X}}}{{{c}}}"
