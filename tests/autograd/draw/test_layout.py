"""The quality of layouts, measured: nothing overlaps, and edges cross as rarely as Graphviz's."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import combinations, pairwise
from typing import Any, get_args

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value
from autograd.draw.formats.options import Options
from autograd.draw.formats.scene import Scene, compose
from autograd.draw.graph.picture import Edge, Group, Picture
from autograd.draw.graph.snapshot import picture_of
from autograd.draw.layout import ordering
from autograd.draw.layout.arrange import arrange
from autograd.draw.layout.geometry import Direction, Frame, Layout, Place, Point, Size
from demos import graph

needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")

# --- twenty graphs --------------------------------------------------------------------------------


def values(names: str) -> list[Value]:
    return [Value(0.3 * i - 1.0, label) for i, label in enumerate(names.split(), 1)]


def doublings() -> Value:
    x = Value(1.0, "x")
    for _ in range(13):
        x = x + x
    return x


def shared_leaf() -> Value:
    x, h = values("x h")
    for _ in range(30):
        h = h * x
    return h


def powers() -> Value:
    (x,) = values("x")
    return x + x**2 / 2 + x**3 / 6 + x**4 / 24 + x**5 / 120


def horner() -> Value:
    x, a, b, c, d, e = values("x a b c d e")
    return (((a * x + b) * x + c) * x + d) * x + e


def dot_product() -> Value:
    w, x = values("w1 w2 w3 w4 w5 w6"), values("x1 x2 x3 x4 x5 x6")
    return sum((a * b for a, b in zip(w, x)), Value(0.0, "b"))


def softmax() -> list[Value]:
    exps = [x.exp() for x in values("a b c d")]
    total = sum(exps[1:], exps[0])
    return [e / total for e in exps]


def residual() -> Value:
    x, *weights = values("x w1 w2 w3 w4 w5")
    for w in weights:
        x = x + (x * w).tanh()
    return x


def lattice() -> Value:
    """As a dynamic program has it: each entry from the one above and the one on the left."""
    table = {(i, 0): Value(1.0) for i in range(6)} | {(0, j): Value(1.0) for j in range(6)}
    for i in range(1, 6):
        for j in range(1, 6):
            table[i, j] = table[i - 1, j] + table[i, j - 1]
    return table[5, 5]


def recurrent() -> Value:
    w, u, h = values("w u h0")
    for i in range(6):
        h = (w * h + u * Value(0.1 * i, f"x{i}")).tanh()
    return h


def tree() -> Value:
    row = [Value(float(i)) for i in range(16)]
    while len(row) > 1:
        row = [a * b for a, b in zip(row[::2], row[1::2])]
    return row[0]


def butterflies() -> list[Value]:
    """As the fast Fourier transform has them."""
    row = [Value(float(i)) for i in range(8)]
    for step in (1, 2, 4):
        row = [row[i] + row[i ^ step] for i in range(8)]
    return row


def made_at_random(n: int, seed: int, reach: int) -> Value:
    rng = random.Random(seed)
    nodes = [Value(1.0) for _ in range(4)]
    for _ in range(n):
        nodes.append(rng.choice(nodes[-reach:]) + rng.choice(nodes[-reach:]))
    used = {id(arg) for node in nodes for arg in node.args}
    return sum((node for node in nodes if id(node) not in used), Value(0.0))


def scalar_net(nin: int, nouts: list[int]) -> Callable[[], Value]:
    return lambda: nn.scalar.MLP(nin, nouts, rng=0)(values(" ".join("xyzuv"[:nin])))


def in_scopes(nin: int, nouts: list[int]) -> Callable[[], Value]:
    def made() -> Value:
        with ag.scope("net"):
            out: Value = scalar_net(nin, nouts)()
        return out

    return made


def blocks() -> Value:
    x, w = values("x w")
    for i in range(4):
        with ag.scope(f"block {i}"):
            with ag.scope("inside"):
                y = (x * w).tanh() * x
            x = x + y
    return x


def tensor_net() -> Tensor:
    first, last = nn.Linear(4, 8, rng=0), nn.Linear(8, 3, rng=1)
    model = nn.Sequential(first, nn.LayerNorm(8), nn.ReLU(), last)
    with ag.scope("model"):
        out = model(np.ones((5, 4), np.float32))
    with ag.scope("loss"):
        loss: Tensor = nn.cross_entropy(out, np.array([0, 1, 2, 0, 1]))
    return loss


def attention() -> Tensor:
    x = Tensor(np.ones((3, 4)), label="x")
    q, k, v = (x @ Tensor(np.eye(4), requires_grad=True, label=name) for name in "QKV")
    out: Tensor = ag.softmax(q @ k.T / 2, axis=-1) @ v
    return out + x


GRAPHS: dict[str, Callable[[], Any]] = {
    "expression": graph.expression,
    "neuron": graph.neuron,
    "square": lambda: Value(3.0, "x") * 2 + 1,
    "doublings": doublings,
    "shared leaf": shared_leaf,
    "powers": powers,
    "horner": horner,
    "dot product": dot_product,
    "softmax": softmax,
    "residual": residual,
    "lattice": lattice,
    "recurrent": recurrent,
    "tree": tree,
    "butterflies": butterflies,
    "random": lambda: made_at_random(40, 0, 8),
    "larger random": lambda: made_at_random(80, 1, 12),
    "small net": scalar_net(2, [3, 1]),
    "net": scalar_net(3, [4, 4, 1]),
    "grouped net": in_scopes(2, [3, 2, 1]),
    "blocks": blocks,
    "tensors": tensor_net,
    "attention": attention,
}


@cache
def picture(name: str) -> Picture:
    made = GRAPHS[name]()
    return picture_of(made if isinstance(made, list) else [made])


@cache
def scene(name: str, direction: Direction = "LR") -> Scene:
    return compose(picture(name), Options(direction))


# --- geometry -------------------------------------------------------------------------------------

Segment = tuple[Point, Point]


def sampled(points: Sequence[Point], steps: int = 8) -> list[Point]:
    """A Bézier curve as a line through points on it."""
    line = [points[0]]
    for i in range(0, len(points) - 3, 3):
        a, b, c, d = points[i : i + 4]
        for k in range(1, steps + 1):
            t = k / steps
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            x, y = (sum(w * p[i] for w, p in zip(weights, (a, b, c, d))) for i in (0, 1))
            line.append(Point(x, y))
    return line


def crossing(a: Segment, b: Segment) -> tuple[int, int] | None:
    """Where two segments cross in their insides, to the pixel."""
    (p, q), (r, s) = a, b
    along = (q.x - p.x) * (s.y - r.y) - (q.y - p.y) * (s.x - r.x)
    if not along:
        return None
    t = ((r.x - p.x) * (s.y - r.y) - (r.y - p.y) * (s.x - r.x)) / along
    u = ((r.x - p.x) * (q.y - p.y) - (r.y - p.y) * (q.x - p.x)) / along
    if not (0 < t < 1 and 0 < u < 1):
        return None
    return round(p.x + t * (q.x - p.x)), round(p.y + t * (q.y - p.y))


def crossings(routes: Sequence[tuple[str, str, list[Point]]]) -> int:
    """How many times edges that have no end in common are seen to cross.

    Edges from one box that run in the same line there cross another one together, once.
    """
    seen = set()
    segments = [
        (min(a.x, b.x), max(a.x, b.x), number, (a, b))
        for number, (_, _, line) in enumerate(routes)
        for a, b in pairwise(line)
    ]
    segments.sort(key=lambda s: s[0])
    open_ones: list[tuple[float, float, int, Segment]] = []
    for segment in segments:
        open_ones = [s for s in open_ones if s[1] >= segment[0]]
        for other in open_ones:
            a, b = routes[segment[2]], routes[other[2]]
            if not {a[0], a[1]} & {b[0], b[1]} and (at := crossing(segment[3], other[3])):
                seen.add((*sorted((a[0], b[0])), at))
        open_ones.append(segment)
    return len(seen)


def routes_of(layout: Layout) -> list[tuple[str, str, list[Point]]]:
    return [(r.source, r.target, sampled(r.points)) for r in layout.routes]


def middle(place: Place) -> float:
    return place.y + place.height / 2


def overlap(a: Place | Frame, b: Place | Frame, apart: float = 0.0) -> bool:
    return (
        a.x < b.x + b.width + apart
        and b.x < a.x + a.width + apart
        and a.y < b.y + b.height + apart
        and b.y < a.y + a.height + apart
    )


def contains(outer: Frame, inner: Place | Frame) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def inside(point: Point, box: Place) -> bool:
    return (
        box.x + 0.5 < point.x < box.x + box.width - 0.5
        and box.y + 0.5 < point.y < box.y + box.height - 0.5
    )


def groups_around(picture: Picture, group: str) -> Iterator[str]:
    parents = {group.id: group.parent for group in picture.groups}
    while group:
        yield group
        group = parents[group]


def check(scene: Scene) -> None:
    """Nothing overlaps, no edge runs through a box, and frames hold what belongs to them."""
    layout, picture = scene.layout, scene.picture
    for a, b in combinations(layout.places, 2):
        assert not overlap(a, b, apart=4), (a, b)
    near = {place.id: place for place in layout.places}
    for route in layout.routes:
        points = sampled(route.points, steps=12)
        assert not any(inside(p, place) for place in layout.places for p in points), route
        assert near[route.source].box == route.edge.source
        assert near[route.target].box == route.edge.target
    homes = {box.id: set(groups_around(picture, box.group)) for box in picture.boxes}
    for frame in layout.frames:
        for place in layout.places:
            if not place.reference:
                member = frame.group in homes[place.box]
                assert contains(frame, place) if member else not overlap(frame, place)
    for place in layout.places:
        assert 0 < place.x < place.x + place.width < layout.width
        assert 0 < place.y < place.y + place.height < layout.height
    for route in layout.routes:
        assert all(0 < x < layout.width and 0 < y < layout.height for x, y in route.points)


# --- the twenty -----------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", get_args(Direction))
@pytest.mark.parametrize("name", GRAPHS)
def test_nothing_overlaps_and_no_edge_runs_through_a_box(name: str, direction: Direction) -> None:
    check(scene(name, direction))


@pytest.mark.parametrize("name", GRAPHS)
def test_edges_run_in_one_direction(name: str) -> None:
    layout = scene(name).layout
    places = {place.id: place for place in layout.places}
    for route in layout.routes:
        xs = [point.x for point in route.points]
        source, target = places[route.source], places[route.target]
        assert xs == sorted(xs)
        assert route.points[0] == pytest.approx((source.x + source.width, middle(source)))
        assert route.points[-1].x == pytest.approx(target.x)
        assert target.y < route.points[-1].y < target.y + target.height


@pytest.mark.parametrize("name", GRAPHS)
def test_most_operands_arrive_in_their_order(name: str) -> None:
    """The first one above the second: of two mirror images the better one is drawn."""
    arrivals: dict[str, list[tuple[int, float]]] = {}
    for route in scene(name).layout.routes:
        at = (route.edge.argument, route.points[-1].y)
        arrivals.setdefault(route.edge.target, []).append(at)
    pairs = [pair for at in arrivals.values() for pair in pairwise(y for _, y in sorted(at))]
    assert sum(a < b for a, b in pairs) >= sum(a > b for a, b in pairs)


def differences() -> Value:
    """Operands that cross on their way, whichever comes first."""
    a, b, c = values("a b c")
    e, f = (a - b).tanh(), (b - a).tanh() / c
    return (e - f) ** (f - e) + (f - c) / (c - e)


@pytest.mark.parametrize("direction", get_args(Direction))
@pytest.mark.parametrize("make", [differences, graph.micrograd, attention])
def test_operands_that_cannot_be_exchanged_arrive_in_their_order(
    make: Callable[[], Any], direction: Direction
) -> None:
    shown = picture_of([make()])
    assert shown.ordered
    layout = compose(shown, Options(direction)).layout
    arrived: dict[str, dict[int, float]] = {}
    for route in layout.routes:
        if route.edge.target in shown.ordered:
            end = route.points[-1]
            across = end.y if direction in {"LR", "RL"} else end.x
            arrived.setdefault(route.edge.target, {})[route.edge.argument] = across
    for places in arrived.values():
        assert len(places) < 2 or places[0] < places[1] - 5


def graphviz(scene: Scene, picture: Picture) -> list[tuple[str, str, list[Point]]]:
    """Where Graphviz has the edges, with boxes of the same sizes and the same groups."""
    lines = [
        'digraph {rankdir=LR nodesep=0.25 ranksep=0.64 node [shape=box fixedsize=true label=""]'
    ]

    def write(group: str) -> None:
        for inner in picture.groups:
            if inner.parent == group:
                lines.append(f"subgraph cluster_{inner.id} {{")
                write(inner.id)
                lines.append("}")
        for box in picture.boxes:
            if box.group == group:
                wide, high = scene.cards[box.id].size
                lines.append(f"{box.id} [width={wide / 72} height={high / 72}]")

    write("")
    lines += [f"{edge.source} -> {edge.target}" for edge in picture.edges]
    text = "\n".join([*lines, "}"])
    dot = ["dot", "-Tjson"]
    run = subprocess.run(dot, input=text.encode(), capture_output=True, check=True)
    drawn = json.loads(run.stdout)
    names = [x["name"] for x in drawn["objects"]]
    routes = []
    for edge in drawn["edges"]:
        points = [x.split(",") for x in edge["pos"].split() if not x.startswith("e,")]
        line = sampled([Point(float(x), float(y)) for x, y in points])
        routes.append((names[edge["tail"]], names[edge["head"]], line))
    return routes


@needs_dot
def test_edges_cross_about_as_rarely_as_graphvizs() -> None:
    ours = theirs = 0
    for name in GRAPHS:
        shown, drawn = picture(name), scene(name)
        bare = arrange(  # without references, which Graphviz has none of
            {box.id: drawn.cards[box.id].size for box in shown.boxes},
            list(shown.edges),
            homes={box.id: box.group for box in shown.boxes if box.group},
            groups=shown.groups,
        )
        ours += crossings(routes_of(bare))
        theirs += crossings(graphviz(drawn, shown))
    assert theirs > 0
    assert ours <= 1.3 * theirs


# --- single properties ----------------------------------------------------------------------------


def boxes(n: int) -> dict[str, Size]:
    return {f"n{i}": Size(90.0, 44.0) for i in range(n)}


def edges(*pairs: tuple[int, int]) -> list[Edge]:
    return [Edge(f"n{a}", f"n{b}", i) for i, (a, b) in enumerate(pairs)]


@pytest.mark.parametrize("limit", ["SWEEPS", "EXCHANGES"])
def test_however_early_it_ends_fewer_edges_cross(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, limit, 1)
    rng = random.Random(0)
    rank = [i // 8 for i in range(40)]
    links = [(i, 8 * (rank[i] + 1) + rng.randrange(8)) for i in range(32) for _ in range(2)]
    made = ordering.Grid(rank, links)
    before, items = made.crossings(), [sorted(row) for row in made.rows]
    ordering.reorder(made)
    assert made.crossings() < before / 2
    assert [sorted(row) for row in made.rows] == items


@pytest.mark.parametrize(("name", "limit"), [("expression", 0.0), ("powers", 300), ("random", 400)])
def test_edges_make_few_detours(name: str, limit: float) -> None:
    """Lines of bends move into free room, if only one side has a neighbour too."""
    detours = 0.0
    for route in scene(name).layout.routes:
        ys = [y for _, y in route.points]
        low, high = sorted((ys[0], ys[-1]))
        detours += low - min(low, *ys) + max(high, *ys) - high
    assert detours <= limit


def test_long_edges_keep_level_with_their_source() -> None:
    """c of (a + b) - (a * b + b**3) has one bend on its way, not two."""
    shown, drawn = picture("expression"), scene("expression")
    (c,) = [box.id for box in shown.boxes if box.name == "c"]
    (route,) = [route for route in drawn.layout.routes if route.source == c]
    levels = [y for _, y in route.points[::3]]
    assert sum(abs(a - b) > 0.01 for a, b in pairwise(levels)) == 1


def test_a_chain_is_straight() -> None:
    layout = arrange(boxes(50), edges(*pairwise(range(50))))
    assert len({middle(place) for place in layout.places}) == 1
    assert all(len({y for _, y in route.points}) == 1 for route in layout.routes)


def test_a_chain_stays_straight_where_leaves_join_it() -> None:
    """h = h * x + b, over and over."""
    pairs, h, n = [], 0, 1
    for _ in range(10):
        pairs += [(h, n + 1), (n, n + 1), (n + 1, n + 3), (n + 2, n + 3)]
        h, n = n + 3, n + 4
    layout = arrange(boxes(n), edges(*pairs))
    heads = {b for _, b in pairs}
    heights = {middle(place) for place in layout.places if int(place.id[1:]) in heads}
    assert len(heights) == 1


def test_a_square_has_two_edges_to_be_seen() -> None:
    x = Value(3.0)
    first, second = compose(picture_of([x * x]), Options()).layout.routes
    assert first.points[0] == second.points[0]
    assert abs(first.points[-1].y - second.points[-1].y) >= 10


def test_a_leaf_is_drawn_again_beside_far_uses() -> None:
    layout = scene("shared leaf").layout
    references = [place for place in layout.places if place.reference]
    assert references
    assert {place.box for place in references} == {"n1"}
    reach = max(abs(r.points[-1].x - r.points[0].x) for r in layout.routes)
    assert reach < layout.width / 8


def test_a_leaf_that_is_used_twice_far_away_is_drawn_again_once() -> None:
    pick = ag.Op("pick", lambda h, x, y: h + x + y, (lambda g, out, *args: g,) * 3)
    (x,) = values("x")
    h = x
    for _ in range(12):
        h = ag.sin(h)
    layout = compose(picture_of([pick(h, x, x)]), Options()).layout
    (again,) = [place for place in layout.places if place.reference]
    assert [route.source for route in layout.routes].count(again.id) == 2


def test_a_leaf_that_is_used_nearby_is_drawn_once() -> None:
    assert not any(place.reference for place in scene("expression").layout.places)


@pytest.mark.parametrize("shared", [True, False])
def test_a_thousand_steps_are_work_for_a_thousand(shared: bool) -> None:
    """Each step uses the one before, and a node that is a leaf, or a step itself."""
    n = 1000
    pairs = [(i, i + 1) for i in range(1, n)] + [(0, i) for i in range(2, n + 1)]
    if not shared:
        pairs = [(a + 1, b + 1) for a, b in pairs] + [(0, 1)]
    sizes = boxes(n + 2)
    layout = arrange(sizes, edges(*pairs), references=sizes)
    points = sum(len(route.points) for route in layout.routes)
    assert points < 30 * n


def test_long_edges_of_one_box_run_together() -> None:
    pairs = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 4), (0, 5)]
    layout = arrange(boxes(6), edges(*pairs))
    routes = {(r.source, r.target): r.points for r in layout.routes}
    near, far = routes["n0", "n4"], routes["n0", "n5"]
    assert near[:4] == far[:4]  # up to where they run straight
    assert {near[4].y, near[-4].y} == {far[4].y, far[-4].y} == {near[3].y}


def test_frames_of_two_groups_do_not_touch() -> None:
    groups = [Group("a", "a"), Group("b", "b"), Group("c", "c", "b")]
    homes = {"n0": "a", "n2": "a", "n1": "b", "n3": "c"}
    layout = arrange(
        boxes(5), edges((0, 2), (1, 3), (2, 4), (3, 4), (0, 3)), homes=homes, groups=groups
    )
    a, b, c = sorted(layout.frames, key=lambda frame: frame.group)
    assert not overlap(a, b, apart=8)
    assert contains(b, Place("c", "c", c.x, c.y, c.width, c.height))


def test_groups_in_groups_in_groups() -> None:
    """Ports that stand in a bad order are put right at each depth: not twice as often each time."""
    depth = 60
    groups = [Group(f"g{i}", "g", f"g{i - 1}" if i else "") for i in range(depth)]
    pairs = [(0, 3), (1, 2), (2, 5), (3, 4)]
    innermost = f"g{depth - 1}"
    layout = arrange(
        boxes(6), edges(*pairs), homes={"n2": innermost, "n3": innermost}, groups=groups
    )
    assert len(layout.frames) == depth
    assert all(contains(a, b) for a, b in pairwise(layout.frames))


def test_groups_that_use_each_other_are_drawn_without_frames() -> None:
    """a1 -> b -> a2: one frame can't stand both before and behind the other."""
    groups = [Group("a", "a"), Group("b", "b")]
    homes = {"n0": "a", "n1": "b", "n2": "a"}
    layout = arrange(boxes(3), edges((0, 1), (1, 2)), homes=homes, groups=groups)
    assert [place.id for place in layout.places] == ["n0", "n1", "n2"]
    assert not layout.frames


def test_an_empty_picture_has_a_size() -> None:
    layout = arrange({}, [])
    assert (layout.places, layout.routes) == ((), ())
    assert layout.width > 0 and layout.height > 0


def test_the_same_graph_is_laid_out_the_same_way() -> None:
    made = [compose(picture_of([made_at_random(40, 3, 8)]), Options()).layout for _ in range(2)]
    assert made[0] == made[1]
