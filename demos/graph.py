"""Computations drawn as graphs, with every value and every gradient.

The expressions that articles on backpropagation begin with, some of whose numbers are used twice,
so that their gradients are sums; a neuron with two inputs, a layer of two neurons, and the loss of
a neuron that should average. All are printed as text, each number above those it was computed from.
With --out they are written as pictures too, and as pages to step through; beside them a net of two
layers, as the graph that it computes, grouped by its layers, and as circles and arrows.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any, get_args

import autograd as ag
import nn
from autograd import Tensor, Value, draw, explain, explore, scope
from autograd.core.backward import consumers_first
from autograd.draw import Direction, Drawing
from demos import add_out
from demos.averaging import RECTANGLE, START
from nn.draw.network_drawing import NetworkDrawing


def product() -> Value:
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    e = a * b
    d = e + c
    f = Value(-2.0, label="f")
    result: Value = d * f
    e.label, d.label, result.label = "e", "d", "L"
    return result


def expression() -> Value:
    a, b = Value(-4.0, label="a"), Value(2.0, label="b")
    c = a + b
    d = a * b + b**3
    e = c - d
    f = e**2
    g: Value = f / 2 + 10 / f
    c.label, d.label, e.label, f.label, g.label = "c", "d", "e", "f", "g"
    return g


def neuron() -> Value:
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")  # tanh has a slope of 1/2 then
    n = w1 * x1 + w2 * x2 + b
    o: Value = n.tanh()
    n.label, o.label = "n", "o"
    return o


def micrograd() -> Value:
    """What micrograd's page begins with: 24.7041, and slopes of 138.8338 and 645.5773."""
    a, b = Value(-4.0, label="a"), Value(2.0, label="b")
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + ag.relu(b + a)
    d += 3 * d + ag.relu(b - a)
    e = c - d
    f = e**2
    g: Value = f / 2.0
    g += 10.0 / f
    c.label, d.label, e.label, f.label, g.label = "c", "d", "e", "f", "g"
    return g


def layer() -> Value:
    """Two neurons that see the same inputs, one after the other in frames, and their sum."""
    neurons = nn.scalar.Layer(2, 2, ag.tanh, rng=0)
    with scope(""):  # the frames are those of the modules
        outputs = neurons([Value(0.5, label="x1"), Value(-1.0, label="x2")])
    total: Value = outputs[0] + outputs[1]
    total.label = "sum"
    return total


def loss() -> Value:
    """How wrong the neuron of `averaging` is, before training, about one rectangle."""
    weights = [Value(w, label=f"w{i}") for i, w in enumerate(START, 1)]
    first, *others = (w * x for w, x in zip(weights, RECTANGLE, strict=True))
    said: Any = sum(others, first)
    error = said - sum(RECTANGLE) / len(RECTANGLE)
    squared: Value = error**2
    said.label, error.label, squared.label = "said", "error", "loss"
    return squared


def layers() -> Tensor:
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 1, rng=1))
    with scope(""):  # modules name the parts of what is computed in a scope
        out: Tensor = model(Tensor([[0.5, -1.0]], label="x"))
    return out


def net() -> NetworkDrawing:
    model = nn.scalar.MLP(2, [6, 4, 1], ag.tanh, rng=0)
    return nn.draw_network(model, [0.5, -1.0], inputs=["x", "y"], outputs=["p"], theme="auto")


def configure(parser: ArgumentParser) -> None:
    add_out(parser, plots=False)
    parser.add_argument(
        "--direction",
        choices=get_args(Direction),
        default="LR",
        help="which way pictures run: left to right, top to bottom, ... (default: LR)",
    )


STORIES = (product, expression, micrograd, neuron, layer, loss)


def run(args: Namespace) -> None:
    results, drawings = {}, {}
    for story in STORIES:
        result = results[story.__name__] = story()
        result.backward()
        drawings[story.__name__] = draw(
            result, direction=args.direction, slopes=True, legend=True, theme="auto"
        )
    for name, drawing in drawings.items():
        print(f"{name}\n{drawing.text}\n")
    if args.out:
        groups = layers()
        groups.backward()
        pictures: dict[str, Drawing | NetworkDrawing] = {
            **drawings,
            "layers": draw(groups, precision=3, theme="auto"),
            "net": net(),
        }
        print("pictures:", *save(pictures, args.out), sep="\n")
        print("\npages to step through, in a browser:", *save_pages(results, args.out), sep="\n")
        print()
    checks = [off(leaf, result) for result in results.values() for leaf in leaves(result)]
    print(
        f"{len(checks)} gradients, and what a small change of the number really does: "
        f"at most {max(checks):.0e} apart"
    )


def leaves(result: Value) -> list[Value]:
    """What a result was computed from and has gradients for."""
    return [
        node
        for node in consumers_first(result)
        if isinstance(node, Value) and node.op is None and node.level
    ]


def off(leaf: Value, result: Value) -> float:
    """How far a gradient is from the finite differences, relative to numbers above 1."""
    found = explain(leaf, result)
    return max(abs(found.gradient - x) for x in found.difference) / max(1.0, abs(found.gradient))


def save(drawings: dict[str, Drawing | NetworkDrawing], out: Path) -> list[Path]:
    """Write each drawing as an image; the paths."""
    paths = []
    for name, drawing in drawings.items():
        path = out / f"{name}.svg"
        drawing.save(path)
        paths.append(path)
    return paths


def save_pages(results: dict[str, Value], out: Path) -> list[Path]:
    """Write for each result the page that steps through its computation; the paths."""
    paths = []
    for name, result in results.items():
        path = out / f"{name}.html"
        explore(result, path)
        paths.append(path)
    return paths
