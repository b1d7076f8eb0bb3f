"""Write a page that steps through a computation: forward by nodes, back by contributions."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from os import PathLike
from typing import Any

import numpy as np

from autograd.atomic_write import replacing
from autograd.core import arguments
from autograd.core.backward import operands_first
from autograd.core.node import Node
from autograd.core.op import Data
from autograd.core.shapes import shape_of
from autograd.draw.explain.chain_rule import finite_differences, nodes_between
from autograd.draw.formats.fonts import width
from autograd.draw.formats.notation import sign
from autograd.draw.formats.text import equations
from autograd.draw.graph.formulas import derivative_formula, rule_as_graph, step_formula
from autograd.draw.graph.names import is_number
from autograd.draw.graph.picture import Array, Box, Number, number
from autograd.draw.graph.snapshot import snapshot
from autograd.draw.layout.arrange import arrange
from autograd.draw.layout.geometry import Direction, Size
from autograd.expressions import Expression, Typeset, printable

from .passes import (
    Contribution,
    HookCall,
    Pass,
    derivatives,
    early,
    recursive,
    recursive_count,
    topological,
)

LONGEST_RECURSIVE = 3000  # contributions that the page steps through
TURNED = 200  # nodes up to which there are two layouts
DIGITS = 4  # of numbers in equations
SCRIPTS = "numbers", "answers", "timeline", "graph_view", "predict", "explore"


def explore(
    root: Node, path: str | PathLike[str], *, title: str | None = None, limit: int = 1000
) -> None:
    """Write a page that steps through the computation of `root` and its backward pass.

    The page is one HTML file that needs no network: open it in a browser. It steps forward node by
    node, then back contribution by contribution, in the order and with the numbers of
    `root.backward()`; each step shows which rule was applied, and to which numbers. Readers can be
    asked for the next number before they see it, see how two wrong orders fail on shared nodes, and
    compare each leaf's gradient with a finite difference. Scopes can be collapsed. The arrow keys
    step, space plays, `?` lists the other keys.

    The graph itself does not change, nor does any `.grad`. Hooks run once, as in a backward pass,
    and what they change is a step of its own.

    Args:
        root: the result, a single number.
        path: the file to write; its name ends with .html.
        title: the page's heading; by default, the result's label.
        limit: how many nodes to show at most.

    Raises:
        TypeError: `root` is not a node, or `path` neither a `str` nor a path.
        ValueError: `root` is not a single number or needs no gradient, an array was changed in
            place since it was used, the graph has more nodes than `limit`, or the file's name has
            another ending.
        FileNotFoundError: the directory does not exist.
    """
    path = arguments.path("path", path)
    if title is not None:
        title = arguments.instance_of("title", title, str)
    if not isinstance(root, Node):
        raise TypeError(f"explore() takes a Value or Tensor, but got {type(root).__name__}")
    if not root.level:
        raise ValueError(
            f"explore() shows gradients, but {root.describe()} needs none: it is a constant, was "
            "detached, or was computed under no_grad()"
        )
    if not is_number(root._data):
        raise ValueError(
            "explore() needs a result that is a single number, but got an array of shape "
            f"{shape_of(root._data)}; sum() or mean() it"
        )
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"explore() writes an .html file, but got {path.name!r}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"can't write {path.name}: there is no directory {path.parent}")
    limit = arguments.integer("limit", limit, at_least=1)
    count = len(operands_first(root))
    if count > limit:
        raise ValueError(
            f"explore() shows graphs of up to {limit} nodes, but this one has {count}; explore a "
            f"smaller model or a node further inside, or set limit={count}"
        )
    page = page_html(page_data(root), title)
    with replacing(path) as file:
        file.write(page.encode(errors="backslashreplace"))


def page_html(data: Mapping[str, Any], title: str | None) -> str:
    """Return the template, with style, scripts and data filled in."""
    folder = files(__package__)
    filling = {
        "title": html.escape(printable(title or data["title"])),
        "style": (folder / "explore.css").read_text("utf-8"),
        "data": embedded(data),
        "script": "\n".join((folder / f"{name}.js").read_text("utf-8") for name in SCRIPTS),
    }
    head, *parts = (folder / "explore.html").read_text("utf-8").split("{{")
    return head + "".join(filling[name] + rest for name, rest in (p.split("}}", 1) for p in parts))


def embedded(data: Mapping[str, Any]) -> str:
    """Return JSON that is safe inside a script element, for any labels."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def page_data(root: Node) -> dict[str, Any]:
    """Return all that the page shows, as JSON; nodes are given by the position of their box."""
    return PageData(root).as_json()


class PageData:
    """The picture of a graph, with the position of each node's box in it."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.picture, ids = snapshot([root])
        self.boxes = self.picture.boxes
        self.position = {box.id: i for i, box in enumerate(self.boxes)}
        self.index: dict[Node | None, int] = {n: self.position[box] for n, box in ids.items()}
        self.style = Typeset(DIGITS)

    def as_json(self) -> dict[str, Any]:
        root, index, picture = self.root, self.index, self.picture
        nodes = {i: node for node, i in index.items()}
        texts = equations(picture, DIGITS)
        count = recursive_count(root)
        passes: dict[str, Pass] = {"topological": topological, "early": early}
        if count <= LONGEST_RECURSIVE:
            passes["recursive"] = recursive
        slopes = derivatives(root)
        order = operands_first(root, level=1)
        return {
            "title": self.boxes[index[root]].name,
            "root": index[root],
            "seed": plain(root.seed(None)),
            "nodes": [
                self.node(box, nodes.get(i)) | {"equation": texts[box.id]}
                for i, box in enumerate(self.boxes)
            ],
            "forward": [index[node] for node in operands_first(root) if node.op and node in index],
            "passes": {name: list(map(self.step, steps(root))) for name, steps in passes.items()},
            "recursiveCount": str(count),
            "derivatives": {str(index[node]): plain(x) for node, x in slopes.items()},
            "checks": {
                str(index[leaf]): self.check(leaf, slopes[leaf], order)
                for leaf in order
                if leaf.op is None
            },
            "groups": [
                {"id": g.id, "name": printable(g.name), "parent": g.parent} for g in picture.groups
            ],
            "layouts": {
                direction: self.layout(direction)
                for direction in (("LR", "TB") if len(self.boxes) <= TURNED else ("LR",))
            },
        }

    def node(self, box: Box, node: Node | None) -> dict[str, Any]:
        data: dict[str, Any] = {"group": box.group, "kind": box.kind, "name": box.name}
        if node is None:  # an array that is a constant operand
            return data | {"value": described(box.value)}
        data |= {"value": plain(node._data), "grad": bool(node.level)}
        if not node.op:
            return data
        uses = enumerate(zip(node.args, node.saved))
        operands = [(str(i), arg, x) for i, (arg, x) in uses if arg is not None]
        return data | {
            "op": node.op.name,
            "sign": sign(box, DIGITS),
            "formula": self.pieces(step_formula(node, self.style), node),
            "args": [self.index.get(arg) for arg in node.args],
            # values that the operation saw, of leaves that were given other ones since
            "seen": {i: plain(x) for i, arg, x in operands if arg._data is not x},
            "rules": {i: self.rule(node, int(i)) for i, arg, _ in operands if arg.level},
        }

    def rule(self, node: Node, i: int) -> list[Any] | None:
        """Return the contribution to operand `i` as a formula of the incoming gradient g."""
        ones = np.ones_like(node._data) if hasattr(node._data, "dtype") else 1.0
        formula = derivative_formula(rule_as_graph(node, i, ones), self.style)
        return None if formula is None else self.pieces(formula, node)

    def pieces(self, formula: Expression, node: Node) -> list[Any]:
        """Return a formula as text and symbols, each with 1 if a number needs parentheses there."""
        return [
            piece if isinstance(piece, str) else [*self.symbol(piece.key, node), int(piece.tight)]
            for piece in self.style.write(formula).pieces
        ]

    def symbol(self, key: Any, node: Node) -> tuple[str, Any]:
        """Return what a symbol in a formula of `node` stands for: a box, a number, or g."""
        if isinstance(key, tuple):  # a constant array, by its node and position there
            user, i = key
            return "n", self.position[str(self.boxes[self.index[user]].operands[i])]
        if isinstance(key, Node):
            if key in self.index:
                return "n", self.index[key]
            key = next(x for arg, x in zip(node.args, node.saved) if arg is key)
        return ("g", 0) if isinstance(key, str) else ("#", plain(key))

    def step(self, step: Contribution | HookCall) -> list[Any]:
        """Return a contribution with 7 entries, or a call of hooks with 3."""
        if isinstance(step, HookCall):
            return [self.index[step.node], plain(step.before), plain(step.after)]
        before = None if step.before is None else plain(step.before)
        return [
            self.index[step.node], step.i, self.index[step.arg],
            plain(step.g), plain(step.part), before, plain(step.after),
        ]  # fmt: skip

    def layout(self, direction: Direction) -> dict[str, Any]:
        """Return the size of the graph, and the places of boxes, edges and frames."""
        names = {box.id: width(box.name[:16], 12.0, bold=True) for box in self.boxes}
        found = arrange(
            {box.id: card_size(box) for box in self.boxes},
            list(self.picture.edges),
            direction,
            homes={box.id: box.group for box in self.boxes if box.group},
            groups=self.picture.groups,
            titles={
                g.id: Size(width(f"▾ {printable(g.name)}", 12.0, bold=True) + 6.0, 22.0)
                for g in self.picture.groups
            },
            references={
                box.id: Size(max(40.0, 22.0 + names[box.id]), 26.0)
                for box in self.boxes
                if box.kind != "step"
            },
            ordered=self.picture.ordered,
        )
        position = self.position
        return {
            "size": rounded([found.width, found.height]),
            "places": [
                [position[p.box], *rounded([p.x, p.y, p.width, p.height]), int(p.reference)]
                for p in found.places
            ],
            "edges": [
                [
                    *(position[r.edge.source], position[r.edge.target], r.edge.argument),
                    *rounded(x for point in r.points for x in point),
                ]
                for r in found.routes
            ],
            "frames": {f.group: rounded([f.x, f.y, f.width, f.height]) for f in found.frames},
        }

    def check(self, leaf: Node, gradient: Data, order: Sequence[Node]) -> dict[str, Any]:
        """Return a leaf's slope and finite differences; an array is moved in a random direction."""
        shape = shape_of(leaf._data)
        direction: Any = 1.0
        if shape:
            direction = np.random.default_rng(0).uniform(-1.0, 1.0, shape)  # nothing cancels
        low, high = finite_differences(leaf, self.root, nodes_between(leaf, order), direction)
        slope = plain(np.sum(gradient * direction))
        return {"slope": slope, "low": plain(low), "high": plain(high), "array": bool(shape)}


def plain(x: Data) -> Any:
    """Return a number for JSON, which has no nan or infinity; of an array a summary."""
    if not hasattr(x, "dtype") or x.shape == ():
        x = float(x)
        return x if math.isfinite(x) else repr(x)
    return described(number(x))


def described(value: Number | None) -> dict[str, Any]:
    """Return a summary of an array for JSON."""
    assert isinstance(value, Array)
    summary: dict[str, Any] = {"shape": list(value.shape), "dtype": value.dtype}
    if math.prod(value.shape):
        summary |= {name: plain(getattr(value, name)) for name in ("low", "high", "norm")}
    if value.entries:
        summary["entries"] = list(map(plain, value.entries))
    return summary


def card_size(box: Box) -> Size:
    """Return the size for name and operation, up to 18 characters of each, and for numbers."""
    is_array = isinstance(box.value, Array) and bool(box.value.shape)
    texts = box.name[:18], sign(box, DIGITS)[:18]
    head = sum(width(text, 14.0, bold=True) for text in texts) + 8.0
    number = "0" * 20 if is_array else "\N{MINUS SIGN}1.234e\N{MINUS SIGN}10 …"
    row = width("gradient", 10.5) + width(number, 13.0, bold=True) + 4.0
    return Size(max(head, row) + 28.0, 88.0 if is_array else 72.0)


def rounded(xs: Iterable[float]) -> list[float]:
    return [round(x, 1) for x in xs]
