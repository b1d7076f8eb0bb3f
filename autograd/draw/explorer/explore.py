"""A page that steps through a computation: forward number by number, back by contributions."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from os import PathLike
from typing import Any, Final

import numpy as np

from autograd.atomic_write import replacing
from autograd.core import arguments
from autograd.core.backward import consumers_first, operands_first
from autograd.core.node import Node
from autograd.core.op import Data
from autograd.core.shapes import shape_of
from autograd.draw.explain.chain_rule import finite_differences, nodes_between
from autograd.draw.formats.fonts import width
from autograd.draw.formats.notation import sign
from autograd.draw.formats.text import equations
from autograd.draw.graph.formulas import derivative_formula, rule_as_graph, step_formula
from autograd.draw.graph.names import Named, is_number
from autograd.draw.graph.picture import Array, Number, Picture, number
from autograd.draw.graph.snapshot import snapshot
from autograd.draw.layout.arrange import arrange
from autograd.draw.layout.geometry import Direction, Size
from autograd.expressions import Expression, Typeset, printable

from .passes import Contribution, Hooked, Pass, early, engine, recursive, unhooked, visits

LONGEST_WRONG = 3000  # contributions of a wrong order that the page plays
TURNED = 200  # nodes up to which there are two layouts
WRONG: Final[Mapping[str, Pass]] = {"recursive": recursive, "early": early}


def explore(
    root: Node, path: str | PathLike[str], *, title: str | None = None, limit: int = 1000
) -> None:
    """Write a page that steps through the computation of `root` and its backward pass.

    One HTML file, which needs no network and nothing else: open it in a browser. It steps forward
    node by node, then back contribution by contribution, in the engine's own order and with its own
    numbers; each step says which rule was applied, and with which numbers. Readers can be asked for
    the next number before they see it, watch two wrong orders fail on shared nodes, and compare
    each leaf's gradient with a finite difference. Scopes can be collapsed. The arrow keys step,
    space plays, `?` lists the other keys.

    The graph itself is left as it is: no `.grad` changes. Hooks run once, as in a backward pass,
    and what they change is a step of its own.

    Args:
        root: the result, a single number.
        path: the file to write; its name ends with .html.
        title: the page's heading; without it, the result's label.
        limit: how many nodes to show at most.

    Raises:
        TypeError: `root` is no node, or `path` neither a `str` nor a path.
        ValueError: it is no single number or needs no gradient, an array was changed in place since
            it was used, the graph has more nodes than `limit`, or the file's name has another
            ending.
        FileNotFoundError: there is no such directory.
    """
    path = arguments.path("path", path)
    if title is not None:
        title = arguments.instance_of("title", title, str)
    if not isinstance(root, Node):
        raise TypeError(f"explore() takes a Value or Tensor, but got {type(root).__name__}")
    if not root.level:
        raise ValueError(
            f"explore() follows gradients, but {root.describe()} needs none: it is a constant, was "
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
            f"smaller model or a node further inside, or ask for it all: limit={count}"
        )
    page = page_of(story_of(root), title)
    with replacing(path) as file:
        file.write(page.encode(errors="backslashreplace"))


# --- the page -------------------------------------------------------------------------------------


def page_of(story: Mapping[str, Any], title: str | None) -> str:
    """The template with style, scripts and data filled in."""
    folder = files(__package__)
    scripts = (
        "numbers.js",
        "answers.js",
        "timeline.js",
        "graph_view.js",
        "predict.js",
        "explore.js",
    )
    filling = {
        "title": html.escape(printable(title or story["title"])),
        "style": (folder / "explore.css").read_text("utf-8"),
        "data": embedded(story),
        "script": "\n".join((folder / name).read_text("utf-8") for name in scripts),
    }
    head, *parts = (folder / "explore.html").read_text("utf-8").split("{{")
    return head + "".join(filling[name] + rest for name, rest in (p.split("}}", 1) for p in parts))


def embedded(story: Mapping[str, Any]) -> str:
    """JSON that is safe inside a script element, for any labels."""
    text = json.dumps(story, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


# --- the data -------------------------------------------------------------------------------------


def story_of(root: Node) -> dict[str, Any]:
    """All that the page shows, with nodes by their place in the picture."""
    picture, ids = snapshot([root])
    return Story(root, picture, ids).as_json()


class Story:
    """A root, its picture, and how the page refers to nodes: by their box's place among all."""

    def __init__(self, root: Node, picture: Picture, ids: Mapping[Node, str]) -> None:
        self.root, self.picture = root, picture
        place = {box.id: i for i, box in enumerate(picture.boxes)}
        self.place = {node: place[box] for node, box in ids.items()}
        self.nodes = {i: node for node, i in self.place.items()}
        self.style = Typeset(4)
        self.equations = equations(picture, 4)

    def as_json(self) -> dict[str, Any]:
        passes = {"engine": list(map(self.step, engine(self.root)))}
        count = visits(self.root)
        for name, wrong in WRONG.items():
            if name == "early" or count <= LONGEST_WRONG:
                passes[name] = list(map(self.step, wrong(self.root)))
        derivatives = self.derivatives()
        return {
            "title": self.picture.boxes[self.place[self.root]].name,
            "root": self.place[self.root],
            "seed": plain(self.root.seed(None)),
            "nodes": [self.node(i) for i in range(len(self.picture.boxes))],
            "forward": [
                self.place[n] for n in operands_first(self.root) if n.op and n in self.place
            ],
            "passes": passes,
            "visits": str(count),
            "derivatives": {str(self.place[n]): plain(x) for n, x in derivatives.items()},
            "checks": self.checks(derivatives),
            "groups": [
                {"id": g.id, "name": printable(g.name), "parent": g.parent}
                for g in self.picture.groups
            ],
            "layouts": {direction: self.layout(direction) for direction in self.directions()},
        }

    # --- nodes and steps

    def node(self, i: int) -> dict[str, Any]:
        box, node = self.picture.boxes[i], self.nodes.get(i)
        shared = {"group": box.group, "kind": box.kind, "name": box.name}
        shared["equation"] = self.equations[box.id]
        if node is None:  # a constant that is no node: an array
            return shared | {"value": described(box.value)}
        story = shared | {"value": plain(node._data)}
        story["grad"] = bool(node.level)
        if node.op:
            story["op"] = sign(box, 4)
            story["rule"] = node.op.name
            story["formula"] = self.pieces(step_formula(node, self.style), node)
            story["args"] = [self.place.get(arg) if arg is not None else None for arg in node.args]
            seen = {
                str(k): plain(x)
                for k, (arg, x) in enumerate(zip(node.args, node.saved))
                if arg is not None and arg._data is not x
            }
            if seen:
                story["seen"] = seen  # a leaf was given another number afterwards
            story["slopes"] = {
                str(k): self.slope(node, k)
                for k, arg in enumerate(node.args)
                if arg is not None and arg.level
            }
        return story

    def slope(self, node: Node, i: int) -> list[Any] | None:
        """What the rule for operand `i` makes of the gradient g, as a formula."""
        ones = np.ones_like(node._data) if hasattr(node._data, "dtype") else 1.0
        formula = derivative_formula(rule_as_graph(node, i, ones), self.style)
        return None if formula is None else self.pieces(formula, node)

    def pieces(self, formula: Expression, node: Node) -> list[Any]:
        """A formula as the page spells it: text; ["g"], a node's place or a number, if tight."""
        seen: dict[Any, Data] = {a: x for a, x in zip(node.args, node.saved) if a is not None}
        out: list[Any] = []
        for piece in self.style.write(formula).pieces:
            if isinstance(piece, str):
                out.append(piece)
            elif isinstance(piece.key, (Node, tuple)):
                at = self.place_of(piece.key)
                shown = ["#", plain(seen[piece.key])] if at is None else ["n", at]
                out.append([*shown, int(piece.tight)])
            else:
                key = ["g", 0] if piece.key == "g" else ["#", plain(piece.key)]
                out.append([*key, int(piece.tight)])
        return out

    def place_of(self, named: Named) -> int | None:
        """The position of the box of a node or a constant array; None if it has none."""
        if isinstance(named, Node):
            return self.place.get(named)
        user, i = named
        operand = self.picture.boxes[self.place[user]].operands[i]
        assert isinstance(operand, str)
        return int(operand.removeprefix("n"))  # boxes are numbered in order

    def step(self, step: Contribution | Hooked) -> list[Any]:
        """A contribution: from, operand, to, g, part, before, after. Hooks: node, before, after."""
        if isinstance(step, Hooked):
            return [self.place[step.node], plain(step.before), plain(step.after)]
        before = None if step.before is None else plain(step.before)
        return [
            self.place[step.node], step.i, self.place[step.arg],
            plain(step.g), plain(step.part), before, plain(step.after),
        ]  # fmt: skip

    # --- geometry

    def directions(self) -> tuple[Direction, ...]:
        """Those in which the page can draw the graph; a large one is laid out but once."""
        return ("LR", "TB") if len(self.picture.boxes) <= TURNED else ("LR",)

    def layout(self, direction: Direction) -> dict[str, Any]:
        """Where all is drawn."""
        sizes, references = {}, {}
        for box in self.picture.boxes:
            array = isinstance(box.value, Array) and bool(box.value.shape)
            wide = card_width(box.name, sign(box, 4), array)
            sizes[box.id] = Size(wide, 88.0 if array else 72.0)
            if box.kind != "step":
                references[box.id] = Size(
                    max(40.0, 22.0 + width(box.name[:16], 12.0, bold=True)), 26.0
                )
        homes = {box.id: box.group for box in self.picture.boxes if box.group}
        titles = {
            g.id: Size(width(f"▾ {printable(g.name)}", 12.0, bold=True) + 6.0, 22.0)
            for g in self.picture.groups
        }
        edges = list(self.picture.edges)
        layout = arrange(
            sizes, edges, direction, homes=homes, groups=self.picture.groups, titles=titles,
            references=references, ordered=self.picture.ordered,
        )  # fmt: skip
        place = {box.id: i for i, box in enumerate(self.picture.boxes)}
        return {
            "size": rounded([layout.width, layout.height]),
            "places": [
                [place[p.box], *rounded([p.x, p.y, p.width, p.height]), int(p.reference)]
                for p in layout.places
            ],
            "edges": [
                [
                    place[r.edge.source],
                    place[r.edge.target],
                    r.edge.argument,
                    *rounded(x for point in r.points for x in point),
                ]
                for r in layout.routes
            ],
            "frames": {f.group: rounded([f.x, f.y, f.width, f.height]) for f in layout.frames},
        }

    # --- finite differences

    def derivatives(self) -> dict[Node, Data]:
        """The gradients as they are without hooks."""
        gradients: dict[Node, Data] = {self.root: self.root.seed(None)}
        for step in unhooked(self.root):
            gradients[step.arg] = step.after
        return gradients

    def checks(self, gradients: Mapping[Node, Data]) -> dict[str, Any]:
        """For each leaf its gradient and the measured slope, as a pair of sides."""
        order = consumers_first(self.root)
        order.reverse()
        return {
            str(self.place[leaf]): self.check(leaf, gradients[leaf], order)
            for leaf in order
            if leaf.op is None
        }

    def check(self, leaf: Node, gradient: Data, order: Sequence[Node]) -> dict[str, Any]:
        """Single numbers are moved themselves, arrays in a random direction."""
        live = nodes_between(leaf, order)
        shape = shape_of(leaf._data)
        direction: Any = 1.0
        if shape:
            direction = np.random.default_rng(0).uniform(-1.0, 1.0, shape)  # nothing cancels
        slope = float(np.sum(gradient * direction))
        low, high = finite_differences(leaf, self.root, live, direction)
        return {"slope": plain(slope), "low": plain(low), "high": plain(high), "array": bool(shape)}


def plain(x: Data) -> Any:
    """A number in JSON, which knows neither nan nor infinity; of an array a summary."""
    if not hasattr(x, "dtype") or x.shape == ():
        x = float(x)
        return x if math.isfinite(x) else repr(x)
    return described(number(x))


def described(value: Number | None) -> Any:
    """A summary of an array in JSON: what its box shows."""
    assert isinstance(value, Array)
    summary: dict[str, Any] = {"shape": list(value.shape), "dtype": value.dtype}
    if math.prod(value.shape):
        summary |= {name: plain(getattr(value, name)) for name in ("low", "high", "norm")}
    if value.entries:
        summary["entries"] = list(map(plain, value.entries))
    return summary


def card_width(name: str, op: str, array: bool) -> float:
    """A width for name and operation, up to 18 characters of each, and for numbers."""
    head = width(name[:18], 14.0, bold=True) + width(op[:18], 14.0, bold=True) + 8.0
    number = "0" * 20 if array else "\N{MINUS SIGN}1.234e\N{MINUS SIGN}10 …"
    row = width("gradient", 10.5) + width(number, 13.0, bold=True) + 4.0
    return max(head, row) + 28.0


def rounded(xs: Iterable[float]) -> list[float]:
    return [round(x, 1) for x in xs]
