"""A scene as an SVG image.

Elements have classes by which a stylesheet can dress them, and data attributes by which a program
can find them: `.node[data-id]`, `.reference[data-id]` (drawn again beside a far use),
`.edge[data-source][data-target][data-argument]`, `.group[data-id]`. None has an `id`, so that
several pictures can stand on one page.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence

from autograd.draw.graph.picture import Box
from autograd.draw.layout.geometry import Frame, Place, Point, Route, Size
from autograd.expressions import printable

from .box_labels import Card, Text, title
from .colours import Theme, stylesheet
from .fonts import FAMILY
from .legend import SAMPLE, Entry
from .scene import Scene

RADII = {"leaf": 13.0, "derivative": 0.0}  # of corners, where they are not 6
TIP, HALF = 7.0, 3.2  # length and half the width of an arrow's head

STYLE = """\
{s} {{ font-family: {family} }}
{s} text {{ white-space: pre; font-variant-numeric: tabular-nums }}
{s} .line {{ fill: none; stroke-width: 1.3 }}
{s} .face {{ stroke-width: 1.2 }}
{s} .constant .face {{ stroke-dasharray: 4 3 }}
{s} .reference .face {{ stroke-dasharray: 1.5 2.5; stroke-linecap: round }}
{s} .halo {{ fill: none; stroke-width: 1.2 }}
{s} .frame {{ stroke-width: 1 }}
{s} .label, {s} .op, {s} .title {{ font-weight: bold }}
{s} .missing {{ font-style: italic }}"""

COLOURS = """\
{s} .paper {{ fill: {paper} }}
{s} .label {{ fill: {ink} }}
{s} .name, {s} .note, {s} .number, {s} .missing {{ fill: {quiet} }}
{s} .value {{ fill: {value} }}
{s} .gradient {{ fill: {gradient} }}
{s} .slope {{ fill: {slope}; stroke: {paper}; stroke-width: 3; paint-order: stroke }}
{s} .op {{ fill: {cell-ink} }}
{s} .cell {{ fill: {cell} }}
{s} .line {{ stroke: {line} }}
{s} .head {{ fill: {line} }}
{s} .step .face {{ fill: {step}; stroke: {step-line} }}
{s} .derivative .face {{ fill: {step}; stroke: {derivative-line} }}
{s} .derivative .cell {{ fill: {derivative-cell} }}
{s} .derivative .op {{ fill: {derivative-cell-ink} }}
{s} .leaf .face {{ fill: {leaf}; stroke: {leaf-line} }}
{s} .constant .face {{ fill: {constant}; stroke: {constant-line} }}
{s} .folded .face {{ fill: {group}; stroke: {group-line} }}
{s} .root .face, {s} .root .halo {{ stroke: {root-line} }}
{s} .frame {{ fill: {frame}; stroke: {frame-line} }}
{s} .title {{ fill: {title} }}"""


def to_svg(scene: Scene, theme: Theme = "light") -> str:
    """Return the scene as an SVG image, which shrinks to fit the page around it."""
    layout = scene.layout
    boxes = {box.id: box for box in scene.picture.boxes}
    names = {group.id: group.name for group in scene.picture.groups}
    scope = f".computation-graph.{theme}"
    css = f"{STYLE.format(s=scope, family=FAMILY)}\n{stylesheet(COLOURS, theme, s=scope)}"
    parts = [
        '<g class="groups">',
        *(framed(frame, names[frame.group]) for frame in layout.frames),
        "</g>",
        '<g class="edges" aria-hidden="true">',
        *(edge(route, scene) for route in layout.routes),
        "</g>",
        '<g class="nodes">',
        *(node(place, boxes[place.box], scene) for place in layout.places),
        "</g>",
    ]
    if scene.legend:
        parts += ['<g class="legend">', *map(explained, scene.legend), "</g>"]
    about = f"Computation graph with {len(boxes)} nodes"
    return svg_image(f"computation-graph {theme}", scene.size, css, parts, "group", about)


def svg_image(
    classes: str, size: Size, css: str, parts: Iterable[str], role: str, about: str
) -> str:
    """Return an SVG image of these classes, style and parts, with a description for readers."""
    wide, high = f"{size.width:.0f}", f"{size.height:.0f}"
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" class="{classes}" '
        f'viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
        f'style="max-width: 100%; height: auto" role="{role}" aria-label="{escape(about)}">'
    )
    paper = f'<rect class="paper" width="{wide}" height="{high}"/>'
    return "\n".join((start, f"<style>\n{css}\n</style>", paper, *parts, "</svg>", ""))


def framed(frame: Frame, name: str) -> str:
    outline = rect("frame", frame.x, frame.y, frame.width, frame.height, 8)
    return f'<g class="group" data-id="{frame.group}">{outline}{texts(title(name, frame))}</g>'


def edge(route: Route, scene: Scene) -> str:
    source, target, argument = route.edge
    end, head = arrow(route)
    slope = scene.slopes.get((target, argument))
    return (
        f'<g class="edge" data-source="{source}" data-target="{target}" '
        f'data-argument="{argument}">'
        f'<path class="line" d="{path((*route.points[:-1], end))}"/>'
        f'<path class="head" d="M{"L".join(map(xy, head))}Z"/>'
        f"{texts(slope) if slope else ''}</g>"
    )


def arrow(route: Route) -> tuple[Point, tuple[Point, Point, Point]]:
    """Return where the line of an edge ends, and the triangle between there and the box."""
    before, end = route.points[-2:]
    far = max(abs(end.x - before.x), abs(end.y - before.y)) or 1.0
    a, b = (end.x - before.x) / far, (end.y - before.y) / far
    base = Point(end.x - TIP * a, end.y - TIP * b)
    left = Point(base.x - HALF * b, base.y + HALF * a)
    right = Point(base.x + HALF * b, base.y - HALF * a)
    return Point(end.x - 0.7 * TIP * a, end.y - 0.7 * TIP * b), (end, left, right)


def path(points: Sequence[Point]) -> str:
    """Return Bézier curves through a start and three points each."""
    return f"M{xy(points[0])}C" + " ".join(map(xy, points[1:]))


def xy(point: Point) -> str:
    return f"{point.x:.1f},{point.y:.1f}"


def node(place: Place, box: Box, scene: Scene) -> str:
    drawn = outlined(scene.cards[place.id], box, place.reference)
    names = ("" if place.reference else "node ") + kind_of(box, place.reference)
    return (
        f'<g class="{names}" data-id="{box.id}" role="img" {moved(place)}>'
        f"<title>{escape(scene.descriptions[box.id])}</title>{drawn}</g>"
    )


def explained(entry: Entry) -> str:
    place, box, card = entry
    if box is None:
        return f"<g {moved(place)}>{texts(*card.texts)}</g>"
    names = kind_of(box, place.reference)
    return f'<g class="{names}" {moved(place)}>{outlined(card, box, place.reference)}</g>'


def kind_of(box: Box, reference: bool) -> str:
    """Return the classes of a box."""
    kind = "folded" if box.kind == "group" else box.kind
    return f"reference {kind}" if reference else kind + " root" * box.root


def moved(place: Place) -> str:
    return f'transform="translate({place.x:.1f} {place.y:.1f})"'


def outlined(card: Card, box: Box, reference: bool) -> str:
    return "".join(outlines(card, box, reference)) + texts(*card.texts)


def outlines(card: Card, box: Box, reference: bool) -> Iterator[str]:
    """Yield the outlines of a card."""
    border = card.border
    wide, high = card.size.width - 2 * border, card.size.height - 2 * border
    scale = 0.5 if high <= SAMPLE.height else 1.0
    radius = high / 2 if reference else RADII.get(box.kind, 6.0) * scale
    if box.times > 1 and not reference:  # a stack of cards
        for shift in (6, 3):
            yield rect("face", border + shift, border - shift, wide, high, radius)
    if border:
        yield rect("halo", 0, 0, *card.size, radius + border)
    yield rect("face", border, border, wide, high, radius)
    if card.cell:
        low, r = border + 0.6, max(radius - 0.6, 0.0)
        c = 0.4477 * r  # from a corner to the control points of its quarter of a circle
        top, bottom, right = low, low + high - 1.2, border + card.cell
        yield (
            f'<path class="cell" d="M{right:.1f},{top:.1f}V{bottom:.1f}H{low + r:.1f}'
            f"C{low + c:.1f},{bottom:.1f} {low:.1f},{bottom - c:.1f} {low:.1f},{bottom - r:.1f}"
            f"V{top + r:.1f}"
            f'C{low:.1f},{top + c:.1f} {low + c:.1f},{top:.1f} {low + r:.1f},{top:.1f}Z"/>'
        )


def rect(name: str, x: float, y: float, wide: float, high: float, radius: float) -> str:
    at = f'x="{x:.1f}" y="{y:.1f}" ' if x or y else ""
    return f'<rect class="{name}" {at}width="{wide:.1f}" height="{high:.1f}" rx="{radius:g}"/>'


def texts(*lines: Text) -> str:
    """Return lines of text, each with its role as its class."""
    return "".join(
        f'<text class="{role}" x="{x:.1f}" y="{y:.1f}"'
        + (f' text-anchor="{anchor}"' if anchor != "start" else "")
        + f' font-size="{size:.3g}">{escape(text)}</text>'
        for x, y, text, role, anchor, size in lines
    )


def escape(text: str) -> str:
    return html.escape(printable(text))
