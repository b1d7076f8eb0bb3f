r"""A scene as a LaTeX document, drawn with TikZ.

Its page is as large as the picture; its `tikzpicture` can be pasted into a paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from autograd.draw.graph.picture import Box
from autograd.draw.layout.geometry import Frame, Place, Point, Route
from autograd.expressions import GREEK, printable

from .box_labels import Card, Text
from .colours import DARK, LIGHT
from .legend import GAP, SAMPLE, SIZE, Entry
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

INKS = {
    "label": "ink", "name": "quiet", "value": "value", "gradient": "gradient", "missing": "quiet",
    "op": "cell-ink", "number": "quiet", "note": "quiet",
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


def to_tikz(scene: Scene, dark: bool = False) -> str:
    """The scene as a LaTeX document, for any of pdfLaTeX, XeLaTeX and LuaLaTeX."""
    colours: Mapping[str, str] = DARK if dark else LIGHT
    boxes = {box.id: box for box in scene.picture.boxes}
    names = {group.id: group.name for group in scene.picture.groups}
    wide, high = scene.size
    lines = [
        HEAD % (wide, high + 1),  # a page that is just full spills over
        *(rf"\definecolor{{ng-{name}}}{{HTML}}{{{c[1:].upper()}}}" for name, c in colours.items()),
        r"\pagestyle{empty}\parindent=0pt\topskip=0pt",
        r"\begin{document}",
        STYLES,
        rf"  \fill[ng-paper] (0, 0) rectangle ({wide:.1f}, {high:.1f});",
    ]
    for frame in scene.layout.frames:
        lines += framed(frame, names[frame.group])
    for route in scene.layout.routes:
        lines += drawn(route, scene)
    for place in scene.layout.places:
        lines += placed(place, boxes[place.box], scene.cards[place.id])
    for entry in scene.legend:
        lines += explained(entry, scene.layout.height)
    return "\n".join((*lines, r"\end{tikzpicture}", r"\end{document}", ""))


def framed(frame: Frame, name: str) -> Iterator[str]:
    yield rectangle("group frame", frame.x, frame.y, frame.width, frame.height)
    yield written(Text(12.0, 18.0, name, "label"), Point(frame.x, frame.y), "title")


def drawn(route: Route, scene: Scene) -> Iterator[str]:
    yield rf"  \draw[edge line] {curve(route.points)};"
    text = scene.slopes.get((route.edge.target, route.edge.argument))
    if text:
        label = scene.slope_place(route)
        yield written(label._replace(text=text), Point(0.0, 0.0), "slope")


def curve(points: Sequence[Point]) -> str:
    """A path through Bézier segments."""
    parts = [at(points[0])]
    for i in range(1, len(points), 3):
        a, b, end = points[i : i + 3]
        parts.append(f".. controls {at(a)} and {at(b)} .. {at(end)}")
    return " ".join(parts)


def at(point: Point) -> str:
    return f"({point.x:.1f}, {point.y:.1f})"


def placed(place: Place, box: Box, card: Card) -> Iterator[str]:
    kind = "folded" if box.kind == "group" else box.kind
    style = f"{kind} box" + (", reference box" if place.reference else "")
    edge = card.border
    x, y, wide, high = place.x + edge, place.y + edge, card.size.width, card.size.height
    yield f"  % {box.id}"
    if edge:
        style += ", root box"
        yield rectangle(f"{style}, fill=none", place.x, place.y, wide, high)
    yield rectangle(style, x, y, wide - 2 * edge, high - 2 * edge)
    if card.cell:
        own = box.kind == "derivative"
        inner = f"draw=none, fill=ng-{'derivative-' if own else ''}cell"
        inner += "" if own else ", rounded corners=3.5pt"
        yield rectangle(inner, x + 1, y + 1, card.cell, high - 2 * edge - 2)
    for text in card.texts:
        yield written(text, Point(place.x, place.y), INKS[text.role])


def explained(entry: Entry, top: float) -> Iterator[str]:
    """An entry of the legend, which stands below the picture."""
    x, y, (wide, high) = entry.x, top + entry.y, SAMPLE
    kind = entry.kind
    if kind == "slope":
        yield written(Text(wide, 11.0, "1.5", "note", "end", SIZE), Point(x, y), "slope")
    elif kind == "result":
        style = "step box, root box, rounded corners=3pt"
        yield rectangle(f"{style}, fill=none", x - 2, y - 2, wide + 4, high + 4)
        yield rectangle(style, x, y, wide, high)
    elif kind == "reference":
        yield rectangle("leaf box, reference box, rounded corners=7pt", x, y, wide, high)
    else:
        rounding = ", rounded corners=6pt" if kind == "leaf" else ""
        yield rectangle(f"{kind} box{rounding}", x, y, wide, high)
        if kind in {"step", "derivative"}:
            own = "derivative-" if kind == "derivative" else ""
            yield rectangle(f"draw=none, fill=ng-{own}cell", x + 1, y + 1, 8, high - 2)
    text = Text(wide + GAP, 11.0, entry.meaning, "name", "start", SIZE)
    yield written(text, Point(x, y), INKS["name"])


def written(text: Text, corner: Point, ink: str) -> str:
    bold = r"\bfseries" if text.role in {"label", "op"} else ""
    slanted = r"\itshape" if text.role == "missing" else ""
    return (
        rf"  \node[anchor={ANCHORS[text.anchor]}, text=ng-{ink}, "
        rf"font={bold}{slanted}\fontsize{{{text.size:g}}}{{{text.size:g}}}\selectfont] "
        rf"at ({corner.x + text.x:.1f}, {corner.y + text.y:.1f}) {{{escape(text.text)}}};"
    )


def rectangle(style: str, x: float, y: float, wide: float, high: float) -> str:
    return rf"  \draw[{style}] ({x:.1f}, {y:.1f}) rectangle ({x + wide:.1f}, {y + high:.1f});"


def escape(text: str) -> str:
    r"""The text as LaTeX prints it.

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
