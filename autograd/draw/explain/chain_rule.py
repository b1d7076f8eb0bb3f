"""The parts of the chain rule: slopes, paths, and the gradient computed in three ways."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from autograd.core.backward import backpropagate, hooked, missing_rule
from autograd.core.node import Data, Node
from autograd.core.shapes import shape_of
from autograd.draw.graph.formulas import Graph, rule_as_graph
from autograd.transforms.gradient_check import Line


class Slope(NamedTuple):
    """How `node` changes with its operand number `i`, which is `arg`."""

    node: Node
    i: int
    arg: Node
    number: float

    @property
    def graph(self) -> Graph | None:
        """Its formula, as a graph of names."""
        return rule_as_graph(self.node, self.i)


Path: TypeAlias = tuple[Slope, ...]  # from the root to the leaf


def nodes_between(leaf: Node, order: Sequence[Node]) -> dict[Node, None]:
    """The nodes of the order that depend on the leaf, itself included: a set that keeps order."""
    live: dict[Node, None] = {}
    for node in order:
        if node is leaf or any(arg in live for arg in node.args):
            live[node] = None
    return live


def check_single(live: Mapping[Node, None]) -> None:
    """Refuse arrays, which have a slope for each pair of entries."""
    for node in live:
        if shape_of(node._data) != ():
            raise TypeError(
                f"explain() follows single numbers, but on the way is {node.describe()}"
                + (f", made by {node.op.name}" if node.op else "")
                + "; build the computation of Value (nets: nn.scalar.MLP), or see arrays in "
                "explore(root, file), and their slopes by jacobian()"
            )


def slopes_of(node: Node, live: Mapping[Node, None]) -> Iterator[Slope]:
    """The slopes of a step in those operands that depend on the leaf: its rules, with g = 1."""
    op = node.op
    assert op is not None
    one = 1.0 if node.kind is Node.scalar else np.ones_like(node._data)
    for i, (arg, vjp) in enumerate(zip(node.args, op.vjps)):
        if arg is None or arg not in live:
            continue
        if vjp is None:
            raise missing_rule(node, arg)
        with np.errstate(all="ignore"):
            slope = arg.fit(vjp(one, node._data, *node.saved, **node.kwargs), op)
        yield Slope(node, i, arg, float(slope))


def paths_down(root: Node, leaf: Node, slopes: Mapping[Node, Sequence[Slope]]) -> Iterator[Path]:
    """All paths, depth first. Each step down leads to the leaf sooner or later."""
    if root is leaf:
        yield ()
        return
    path: list[Slope] = []
    ahead = [iter(slopes[root])]
    while ahead:
        edge = next(ahead[-1], None)
        if edge is None:
            ahead.pop()
            if path:
                path.pop()
        elif edge.arg is leaf:
            yield (*path, edge)
        else:
            path.append(edge)
            ahead.append(iter(slopes[edge.arg]))


def product_of(path: Path) -> float:
    """The contribution of a path: the product of its slopes."""
    return math.prod(slope.number for slope in path)


def engine_gradient(leaf: Node, root: Node, live: dict[Node, None]) -> float:
    """The leaf's gradient from a backward pass, which changes no `.grad`."""
    if not live:
        return 0.0
    order = [node for node in reversed(live) if node is not leaf]  # the pass ends at the leaf
    gradient = backpropagate(order, {root: root.seed(None)})[leaf]
    return float(hooked(leaf, gradient) if is_hooked(leaf) else gradient)


def is_hooked(node: Node) -> bool:
    """Whether hooks may change the node's gradient."""
    return node.notes is not None and bool(node.notes.hooks)


def sum_over_paths(leaf: Node, root: Node, slopes: Mapping[Node, Sequence[Slope]]) -> float:
    """The products of all paths added up, without listing any."""
    sums = {leaf: 1.0}
    for node, edges in slopes.items():
        sums[node] = sum((edge.number * sums[edge.arg] for edge in edges), 0.0)
    return sums.get(root, 0.0)


def root_moved(leaf: Node, root: Node, live: Mapping[Node, None], by: Data) -> float:
    """The root, computed again by the recorded operations with the leaf changed, in float64."""
    now = {leaf: precise(leaf._data) + by}
    for node in live:
        if node.op and node is not leaf:
            operands = [
                now[arg]
                if arg is not None and arg is not leaf and arg in now
                else precise(seen) + (by if arg is leaf else 0.0)
                for arg, seen in zip(node.args, node.saved)
            ]
            now[node] = node.op.forward(*operands, **node.kwargs)
    return float(np.sum(now[root]))  # its only entry


def precise(x: Data) -> Data:
    """The same number with the precision that differences need."""
    return x.astype(np.float64) if getattr(x, "dtype", None) == np.float32 else x


def differences(leaf: Node, root: Node, live: Mapping[Node, None]) -> tuple[float, float]:
    """The slope measured by small changes of the leaf; at a kink, that on its left and right."""
    if not live:
        return 0.0, 0.0
    at = float(leaf._data)
    with np.errstate(all="ignore"):
        return Line(lambda x: root_moved(leaf, root, live, x - at), (at,), 0, ()).slopes_at_kink()
