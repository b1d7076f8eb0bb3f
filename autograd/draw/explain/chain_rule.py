"""The parts of the chain rule: slopes, paths, and ways to compute the derivative."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from autograd.core.backward import backpropagate, contributions, hooked
from autograd.core.node import Node
from autograd.core.op import Data
from autograd.core.shapes import shape_of
from autograd.draw.graph.formulas import Graph, rule_as_graph
from autograd.draw.graph.names import Named
from autograd.transforms.gradient_check import Section


class Slope(NamedTuple):
    """The derivative of `node` with respect to its operand number `i`, which is `arg`."""

    node: Node
    i: int
    arg: Node
    number: float

    @property
    def graph(self) -> Graph | None:
        """The formula of the slope, as a graph of symbols."""
        return rule_as_graph(self.node, self.i)


Path: TypeAlias = tuple[Slope, ...]  # from the root to the leaf


@dataclass(frozen=True, repr=False)
class Derivation:
    """One derivative by the chain rule, with all that its explanation shows."""

    leaf: Node
    root: Node
    names: Mapping[Named, str]
    values: Mapping[Node, float]
    slopes: Mapping[Node, Sequence[Slope]]
    count: int  # of all paths
    paths: tuple[Path, ...]  # the first ones
    derivative: float
    gradient: float  # by backward(): another number than the derivative if hooks change it
    has_hooks: bool
    difference: tuple[float, float]  # finite differences; at a kink, those on its two sides
    precision: int


def nodes_between(leaf: Node, order: Sequence[Node]) -> dict[Node, None]:
    """Return the nodes of the order that depend on the leaf, itself included, as an ordered set."""
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
                f"explain() takes single numbers only, but the path contains {node.describe()}"
                + (f", a result of {node.op.name}" if node.op else "")
                + "; build the computation of Value (nets: nn.scalar.MLP), or see arrays in "
                "explore(root, file), and their slopes by jacobian()"
            )


def slopes_of(node: Node, live: Mapping[Node, None]) -> list[Slope]:
    """Return the slopes of a node in those operands that depend on the leaf."""
    one = 1.0 if node.kind is Node.scalar else np.ones_like(node._data)
    with np.errstate(all="ignore"):
        return [
            Slope(node, i, arg, float(part))
            for i, arg, part in contributions(node, one)
            if arg in live
        ]


def paths_between(root: Node, leaf: Node, slopes: Mapping[Node, Sequence[Slope]]) -> Iterator[Path]:
    """Yield all paths from the root to the leaf, depth first."""
    path: list[Slope] = []
    pending = [iter(slopes.get(root, ()))]  # of each node on the path, the slopes still to follow
    if root is leaf:
        yield ()
    while pending:
        slope = next(pending[-1], None)
        if slope is None:
            pending.pop()
            del path[-1:]
        elif slope.arg is leaf:
            yield (*path, slope)
        else:
            path.append(slope)
            pending.append(iter(slopes[slope.arg]))


def product_of(path: Path) -> float:
    """Return the product of a path's slopes: its contribution to the derivative."""
    return math.prod(slope.number for slope in path)


def sum_over_paths(
    leaf: Node,
    root: Node,
    slopes: Mapping[Node, Sequence[Slope]],
    factor: Callable[[Slope], float] = lambda slope: slope.number,
) -> float:
    """Return the sum over all paths of the products of their factors, without listing any path.

    Factors of 1 count the paths.
    """
    sums: dict[Node, float] = {leaf: 1}
    for node, edges in slopes.items():
        sums[node] = sum(factor(edge) * sums[edge.arg] for edge in edges)
    return sums.get(root, 0)


def backward_gradient(leaf: Node, root: Node, live: dict[Node, None]) -> float:
    """Return the leaf's gradient by a backward pass that changes no `.grad`."""
    if not live:
        return 0.0
    order = [node for node in reversed(live) if node is not leaf]
    gradient = backpropagate(order, {root: root.seed(None)})[leaf]
    return float(hooked(leaf, gradient) if has_hooks(leaf) else gradient)


def has_hooks(node: Node) -> bool:
    """Whether hooks may change the node's gradient."""
    return node.notes is not None and bool(node.notes.hooks)


def precise(x: Data) -> Data:
    """Convert float32 to float64, which finite differences need."""
    return x.astype(np.float64) if getattr(x, "dtype", None) == np.float32 else x


def finite_differences(
    leaf: Node, root: Node, live: Mapping[Node, None], direction: Data = 1.0
) -> tuple[float, float]:
    """Return the measured slope of the root in the leaf; at a kink, those on its two sides.

    The recorded operations are applied again to a moved leaf. An array is moved in a direction, an
    array of its shape.
    """
    if not live:
        return 0.0, 0.0
    at = 0.0 if shape_of(leaf._data) else float(leaf._data)

    def root_at(x: float) -> float:
        by = (x - at) * direction
        now: dict[Node | None, Data] = {}
        for node in live:
            operands = [
                precise(seen) + by if arg is leaf else now[arg] if arg in now else precise(seen)
                for arg, seen in zip(node.args, node.saved)
            ]
            if node is leaf:
                now[node] = precise(leaf._data) + by
            elif node.op:
                now[node] = node.op.forward(*operands, **node.kwargs)
        return float(np.sum(now[root]))  # its only entry

    with np.errstate(all="ignore"):
        return Section(root_at, (at,), 0, ()).slopes_at_kink()
