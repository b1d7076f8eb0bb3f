"""Computations drawn as graphs, with every value and every gradient.

The first is a small expression that uses some of its numbers twice, so that their gradients are
sums; the second is a neuron with two inputs. Both are printed as text, each number above those it
was computed from. With --out they are written as pictures too, and beside them a net of two layers,
as the graph that it computes, grouped by its layers, and as circles and arrows.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import get_args

import autograd as ag
import nn
from autograd import Tensor, Value, draw, explore, scope
from autograd.draw import Direction, Drawing
from autograd.draw.network import NetworkDrawing
from demos import add_out


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


def layers() -> Tensor:
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 1, rng=1))
    with scope(""):  # modules name the parts of what is computed in a scope
        out: Tensor = model(Tensor([[0.5, -1.0]], label="x"))
    return out


def net() -> NetworkDrawing:
    model = nn.scalar.MLP(2, [6, 4, 1], ag.tanh, rng=0)
    return nn.draw_network(model, [0.5, -1.0], inputs=["x", "y"], outputs=["p"], theme="auto")


def configure(parser: ArgumentParser) -> None:
    add_out(parser)
    parser.add_argument(
        "--direction",
        choices=get_args(Direction),
        default="LR",
        help="which way pictures run: left to right, top to bottom, ... (default: LR)",
    )


def run(args: Namespace) -> None:
    results, drawings = {}, {}
    for story in expression, neuron:
        result = results[story.__name__] = story()
        result.backward()
        drawings[story.__name__] = draw(
            result, direction=args.direction, slopes=True, legend=True, theme="auto"
        )
    print(*(drawing.text for drawing in drawings.values()), sep="\n\n")
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        groups = layers()
        groups.backward()
        pictures: dict[str, Drawing | NetworkDrawing] = {
            **drawings,
            "layers": draw(groups, precision=3, theme="auto"),
            "net": net(),
        }
        print("\npictures:", *save(pictures, args.out), sep="\n")
        print("\npages to step through, in a browser:", *save_pages(results, args.out), sep="\n")


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
