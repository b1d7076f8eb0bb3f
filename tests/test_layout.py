"""The quality of layouts, measured: nothing overlaps, and edges cross as rarely as Graphviz's."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value
from autograd.draw.layout import Direction, Layout, Point
from autograd.draw.picture import Picture
from autograd.draw.portrait import picture_of
from autograd.draw.scene import Scene, compose
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
    return compose(picture(name), direction, 4)


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
