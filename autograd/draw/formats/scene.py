"""A picture laid out on the page: what SVG, LaTeX and images are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from autograd.draw.graph.picture import Picture
from autograd.draw.layout.arrange import arrange, breadth_for
from autograd.draw.layout.geometry import Direction, Layout, Route, Size

from .box_labels import SMALL, Anchor, Card, Text, card, reference_card, title_size
from .fonts import width
from .legend import Entry, legend_of, signs_in
from .notation import slope_texts, typeset
from .options import Options
from .text import descriptions


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture with the position and the text of all its parts."""

    picture: Picture
    layout: Layout
    cards: dict[str, Card]  # by the id of the place
    slopes: dict[tuple[str, int], Text]  # by box and argument: beside the end of that edge
    legend: tuple[Entry, ...]  # below the picture
    size: Size  # of the picture with its legend
    descriptions: dict[str, str]  # of each box, in a sentence


def compose(picture: Picture, options: Options) -> Scene:
    """Return the picture laid out on the page.

    Boxes that are drawn again beside far uses show their names in both places.
    """
    direction, precision = options.direction, options.precision
    slopes = {key: typeset(text) for key, text in slope_texts(picture, precision).items()}
    upright = direction in {"TB", "BT"}
    widest: dict[str, float] = {}  # of each box, the widest text beside an edge that arrives there
    for (box, _), text in slopes.items():
        widest[box] = max(width(text, SMALL), widest.get(box, 0.0))
    leads = {box: 18.0 if upright else wide + 14.0 for box, wide in widest.items()}
    apart = 12.0 if not slopes else 10.0 if upright else 13.0
    across = {box: wide + 6.0 for box, wide in widest.items()} if upright else {}
    arriving = Counter(edge.target for edge in picture.edges)
    least = {}
    for box in widest:
        breadth = breadth_for(arriving[box], apart, across.get(box, 0.0))
        least[box] = Size(breadth, 0.0) if upright else Size(0.0, breadth)
    small = {box.id: reference_card(box, precision) for box in picture.boxes}

    def arranged(named: Collection[str]) -> tuple[dict[str, Card], Layout]:
        full = {
            box.id: card(box, precision, box.id in named, least.get(box.id, Size(0.0, 0.0)))
            for box in picture.boxes
        }
        return full, arrange(
            {box: face.size for box, face in full.items()},
            list(picture.edges),
            direction,
            homes={box.id: box.group for box in picture.boxes if box.group},
            groups=picture.groups,
            titles={group.id: title_size(group.name) for group in picture.groups},
            references={box: face.size for box, face in small.items()},
            leads=leads,
            apart=apart,
            ordered=picture.ordered,
            labels=across,
        )

    bare = {box.id for box in picture.boxes if not box.label}
    named = bare if options.numbers else set[str]()
    full, layout = arranged(named)
    again = {place.box for place in layout.places if place.reference}
    if again & bare - named:
        full, layout = arranged(named | again & bare)
    signs = signs_in(picture, bool(again), bool(slopes)) if options.legend else []
    legend, size = legend_of(signs, Size(layout.width, layout.height))
    return Scene(
        picture,
        layout,
        {place.id: (small if place.reference else full)[place.box] for place in layout.places},
        {
            key: beside(route, direction, slopes[key])
            for route in layout.routes
            if (key := (route.edge.target, route.edge.argument)) in slopes
        },
        legend,
        size,
        descriptions(picture, precision),
    )


def beside(route: Route, direction: Direction, slope: str) -> Text:
    """Return a local derivative at its place beside the end of its edge."""
    x, y = route.points[-1]
    places: dict[Direction, tuple[float, float, Anchor]] = {
        "LR": (x - 10, y - 3, "end"),
        "RL": (x + 10, y - 3, "start"),
        "TB": (x + 4, y - 9, "start"),
        "BT": (x + 4, y + 17, "start"),
    }
    x, y, anchor = places[direction]
    return Text(x, y, slope, "slope", anchor, SMALL)
