"""A picture set out on the page: what every drawn format is made from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias

from autograd.draw.graph.picture import Picture
from autograd.draw.layout.arrange import arrange, breadth_for
from autograd.draw.layout.geometry import Direction, Layout, Point, Route, Size

from .box_labels import SMALL, Anchor, Card, Text, cards, reference_card, title_size
from .fonts import width
from .legend import Entry, entries, meanings
from .legend import size as legend_size
from .notation import slope_texts, typeset
from .text import descriptions


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture with the position and the text of all its parts."""

    picture: Picture
    layout: Layout
    cards: dict[str, Card]  # by the id of the place
    slopes: dict[tuple[str, int], str]  # by box and argument: what stands beside that edge
    direction: Direction
    legend: tuple[Entry, ...]  # below the picture
    descriptions: dict[str, str]  # of each box, in a sentence

    @property
    def size(self) -> Size:
        """Of the picture with its legend."""
        below = legend_size(self.legend)
        return Size(max(self.layout.width, below.width), self.layout.height + below.height)

    def slope_place(self, route: Route) -> Text:
        """Where the local derivative of an edge stands: beside its end."""
        x, y = route.points[-1]
        ends: dict[Direction, tuple[float, float, Anchor]] = {
            "LR": (x - 10, y - 3, "end"),
            "RL": (x + 10, y - 3, "start"),
            "TB": (x + 4, y - 9, "start"),
            "BT": (x + 4, y + 17, "start"),
        }
        a, b, anchor = ends[self.direction]
        return Text(a, b, "", "note", anchor, SMALL)


def compose(
    picture: Picture,
    direction: Direction,
    precision: int,
    numbers: bool = False,
    legend: bool = False,
) -> Scene:
    """Set a picture out.

    Args:
        picture: its local derivatives are shown where it has any.
        direction: in which edges run.
        precision: how many significant digits.
        numbers: show the names of boxes without a label. Those that are drawn again beside far uses
            show theirs anyway.
        legend: say what outlines mean.
    """
    slopes = {key: typeset(text) for key, text in slope_texts(picture, precision).items()}
    upright = direction in {"TB", "BT"}
    labels: dict[str, float] = {}  # of each box, the widest beside an edge that arrives there
    for (box, _), text in slopes.items():
        labels[box] = max(width(text, SMALL), labels.get(box, 0.0))
    leads = {box: 18.0 if upright else label + 14.0 for box, label in labels.items()}
    apart = 12.0 if not slopes else 10.0 if upright else 13.0
    across = {box: label + 6.0 for box, label in labels.items()} if upright else {}
    arriving = Counter(edge.target for edge in picture.edges)
    least = {}
    for box in labels:
        breadth = breadth_for(arriving[box], apart, across.get(box, 0.0))
        least[box] = Size(breadth, 0.0) if upright else Size(0.0, breadth)
    small = {box.id: reference_card(box, precision) for box in picture.boxes}

    def arranged(named: set[str]) -> tuple[dict[str, Card], Layout]:
        faces = cards(picture, precision, named, least)
        return faces, arrange(
            {name: face.size for name, face in faces.items()},
            list(picture.edges),
            direction,
            homes={box.id: box.group for box in picture.boxes if box.group},
            groups=picture.groups,
            titles={group.id: title_size(group.name) for group in picture.groups},
            references={name: face.size for name, face in small.items()},
            leads=leads,
            apart=apart,
            ordered=picture.ordered,
            labels=across,
        )

    bare = {box.id for box in picture.boxes if not box.label}
    named = bare if numbers else set[str]()
    faces, layout = arranged(named)
    again = {place.box for place in layout.places if place.reference} & bare
    if again - named:
        faces, layout = arranged(named | again)
    drawn = {place.id: (small if place.reference else faces)[place.box] for place in layout.places}
    signs = list(meanings(picture, len(drawn) > len(faces), bool(slopes))) if legend else []
    legends, texts = entries(signs, layout.width), descriptions(picture, precision)
    return Scene(picture, layout, drawn, slopes, direction, legends, texts)


Tip: TypeAlias = tuple[Point, Point, Point]


def arrow(route: Route, length: float = 7.0, half: float = 3.2) -> tuple[Point, Tip]:
    """Where the line of an edge ends, and the triangle between there and the box."""
    before, end = route.points[-2:]
    far = max(abs(end.x - before.x), abs(end.y - before.y)) or 1.0
    a, b = (end.x - before.x) / far, (end.y - before.y) / far
    base = Point(end.x - length * a, end.y - length * b)
    left = Point(base.x - half * b, base.y + half * a)
    right = Point(base.x + half * b, base.y - half * a)
    return Point(end.x - 0.7 * length * a, end.y - 0.7 * length * b), (end, left, right)
