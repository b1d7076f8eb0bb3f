"""A scene as an SVG image.

Elements have classes by which a stylesheet can dress them, and data attributes by which a program
can find them: `.node[data-id]`, `.reference[data-id]` (drawn again beside a far use),
`.edge[data-source][data-target][data-argument]`, `.group[data-id]`. None has an `id`, so that
several pictures can stand on one page.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from autograd.draw.graph.picture import Box, Group
from autograd.draw.layout.geometry import Frame, Place, Point, Route
from autograd.expressions import printable

from .box_labels import SMALL, TEXT, Card, Text
from .colours import DARK, LIGHT, Theme
from .fonts import FAMILY
from .legend import GAP, SAMPLE, SIZE
from .scene import Scene, arrow

RADII = {"leaf": 13.0, "derivative": 0.0}  # of corners, where they are not 6

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
    """The scene as an SVG image, which shrinks to fit the page around it."""
    layout = scene.layout
    boxes = {box.id: box for box in scene.picture.boxes}
    groups = {group.id: group for group in scene.picture.groups}
    wide, high = scene.size
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" '
        f'class="computation-graph {theme}" '
        f'viewBox="0 0 {wide:.0f} {high:.0f}" width="{wide:.0f}" height="{high:.0f}" '
        'style="max-width: 100%; height: auto" role="group" '
        f'aria-label="Computation graph with {len(boxes)} nodes">'
    )
    parts = [
        head,
        f"<style>\n{style(theme)}\n</style>",
        f'<rect class="paper" width="{wide:.0f}" height="{high:.0f}"/>',
        '<g class="groups">',
        *(frame(f, groups[f.group]) for f in layout.frames),
        "</g>",
        '<g class="edges" aria-hidden="true">',
        *(edge(route, scene) for route in layout.routes),
        "</g>",
        '<g class="nodes">',
        *(node(place, boxes[place.box], scene) for place in layout.places),
        "</g>",
        *legend(scene),
        "</svg>",
        "",
    ]
    return "\n".join(parts)


def style(theme: Theme) -> str:
    """The stylesheet, which dresses this class of pictures only."""
    scope = f".computation-graph.{theme}"
    dark = COLOURS.format_map({"s": scope, **DARK})
    light = COLOURS.format_map({"s": scope, **LIGHT})
    colours = {
        "light": light,
        "dark": dark,
        "auto": f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}",
    }
    return f"{STYLE.format(s=scope, family=FAMILY)}\n{colours[theme]}"


def frame(frame: Frame, group: Group) -> str:
    corner = f'x="{frame.x:.1f}" y="{frame.y:.1f}"'
    return (
        f'<g class="group" data-id="{group.id}">'
        f'<rect class="frame" {corner} width="{frame.width:.1f}" height="{frame.height:.1f}" '
        'rx="8"/>'
        f'<text class="title" x="{frame.x + 12:.1f}" y="{frame.y + 18:.1f}" '
        f'font-size="{TEXT:g}">{escape(group.name)}</text></g>'
    )


def edge(route: Route, scene: Scene) -> str:
    source, target, argument = route.edge
    end, tip = arrow(route)
    text = scene.slopes.get((target, argument), "")
    return (
        f'<g class="edge" data-source="{source}" data-target="{target}" '
        f'data-argument="{argument}">'
        f'<path class="line" d="{path((*route.points[:-1], end))}"/>'
        f'<path class="head" d="M{"L".join(map(xy, tip))}Z"/>'
        + (slope(text, scene.slope_place(route)) if text else "")
        + "</g>"
    )


def path(points: Sequence[Point]) -> str:
    """Bézier curves through a start and three points each."""
    return f"M{xy(points[0])}C" + " ".join(map(xy, points[1:]))


def xy(point: Point) -> str:
    return f"{point.x:.1f},{point.y:.1f}"


def slope(text: str, place: Text) -> str:
    """A local derivative beside the end of its edge."""
    x, y, _, _, anchor, size = place
    return (
        f'<text class="slope" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
        f'font-size="{size:g}">{escape(text)}</text>'
    )


def node(place: Place, box: Box, scene: Scene) -> str:
    card = scene.cards[place.id]
    kind = "folded" if box.kind == "group" else box.kind
    names = [
        "reference" if place.reference else "node",
        kind,
        *(["root"] if box.root and not place.reference else []),
    ]
    return (
        f'<g class="{" ".join(names)}" data-id="{box.id}" role="img" '
        f'transform="translate({place.x:.1f} {place.y:.1f})">'
        f"<title>{escape(scene.descriptions[box.id])}</title>"
        + "".join(faces(card, box, place.reference))
        + "".join(texts(card))
        + "</g>"
    )


def faces(card: Card, box: Box, reference: bool) -> Iterator[str]:
    """The outlines of a card."""
    edge = card.border
    wide, high = card.size.width - 2 * edge, card.size.height - 2 * edge
    radius = high / 2 if reference else RADII.get(box.kind, 6.0)
    if box.times > 1 and not reference:  # a stack of cards
        for shift in (6, 3):
            yield rect("face", edge + shift, edge - shift, wide, high, radius)
    if edge:
        yield rect("halo", 0, 0, *card.size, radius + edge)
    yield rect("face", edge, edge, wide, high, radius)
    if card.cell:
        low, r = edge + 0.6, max(radius - 0.6, 0.0)
        c = 0.4477 * r  # where a quarter of a circle has its control points, seen from its corner
        top, bottom, right = low, low + high - 1.2, edge + card.cell
        yield (
            f'<path class="cell" d="M{right:.1f},{top:.1f}V{bottom:.1f}H{low + r:.1f}'
            f"C{low + c:.1f},{bottom:.1f} {low:.1f},{bottom - c:.1f} {low:.1f},{bottom - r:.1f}"
            f"V{top + r:.1f}"
            f'C{low:.1f},{top + c:.1f} {low + c:.1f},{top:.1f} {low + r:.1f},{top:.1f}Z"/>'
        )


def rect(name: str, x: float, y: float, wide: float, high: float, radius: float) -> str:
    at = f'x="{x:g}" y="{y:g}" ' if x or y else ""
    return f'<rect class="{name}" {at}width="{wide:.1f}" height="{high:.1f}" rx="{radius:g}"/>'


def texts(card: Card) -> Iterator[str]:
    for x, y, text, role, anchor, size in card.texts:
        at = f' text-anchor="{anchor}"' if anchor != "start" else ""
        yield (
            f'<text class="{role}" x="{x:.1f}" y="{y:.1f}"{at} font-size="{size:g}">'
            f"{escape(text)}</text>"
        )


def escape(text: str) -> str:
    return html.escape(printable(text))


# --- the legend -----------------------------------------------------------------------------------


def legend(scene: Scene) -> Iterator[str]:
    """The entries below the picture."""
    if not scene.legend:
        return
    yield f'<g class="legend" transform="translate(0 {scene.layout.height:.0f})">'
    for x, y, kind, meaning in scene.legend:
        text = (
            f'<text class="name" x="{SAMPLE.width + GAP:g}" y="11" font-size="{SIZE:g}">'
            f"{meaning}</text>"
        )
        yield f'<g transform="translate({x:.1f} {y:.1f})">{sample(kind)}{text}</g>'
    yield "</g>"


def sample(kind: str) -> str:
    """A small box of its kind, or a local derivative."""
    wide, high = SAMPLE
    if kind == "slope":
        return slope("1.5", Text(wide, 11.0, "", "note", "end", SMALL))
    if kind == "result":
        halo = rect("halo", -2, -2, wide + 4, high + 4, 5)
        return f'<g class="step root">{halo}{rect("face", 0, 0, wide, high, 3)}</g>'
    if kind == "reference":
        return f'<g class="reference leaf">{rect("face", 0, 0, wide, high, high / 2)}</g>'
    face = rect("face", 0, 0, wide, high, min(RADII.get(kind, 6.0), high) / 2)
    if kind in {"step", "derivative"}:
        radius = RADII.get(kind, 4.8) / 2
        face += f'<rect class="cell" x="0.6" y="0.6" width="9" height="12.8" rx="{radius}"/>'
    return f'<g class="{kind}">{face}</g>'
