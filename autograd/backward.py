"""Reverse-mode differentiation: an order, and one loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from .anomaly import check_gradient
from .node import Data, Node, NotDifferentiableError, mode
from .shapes import shape_of


def operands_first(
    *roots: Node, level: int = 0, stop: Callable[[Node], bool] | None = None
) -> list[Node]:
    """The nodes that the roots are made of, themselves included, each after its operands.

    An iterative depth-first search. Operands come as they are written, so that the same program
    adds up the same numbers in the same order in every process.

    Args:
        roots: where to start.
        level: nodes below it are left out; constants are on level 0.
        stop: says of a node whether to leave it out, with all that is behind it.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [node for node in reversed(roots) if node.level >= level]
    while stack:
        node = stack.pop()
        if node is None:  # all that the next one is made of has been placed
            order.append(stack.pop())  # type: ignore[arg-type]  # None always lies on a node
        elif node not in seen and (stop is None or not stop(node)):
            seen.add(node)
            stack += (node, None)
            for arg in reversed(node.args):
                if arg is not None and arg.level >= level and arg not in seen:
                    stack.append(arg)
    return order


def consumers_first(*roots: Node, level: int = 1) -> list[Node]:
    """The nodes to differentiate by, each after all that use it."""
    order = operands_first(*roots, level=level)
    order.reverse()
    return order


def backpropagate(
    order: list[Node], seeds: Mapping[Node, Data], level: int = 1, graph: bool = False
) -> dict[Node, Data]:
    """The gradients, given those of the roots, of the leaves and whatever else keeps its own.

    A node's gradient is complete when its turn comes, since all its consumers had theirs; its op's
    rules then pass it on, one contribution per argument. The rules run on plain data as the
    forward pass saw it, or with `graph=True` on the nodes themselves, and then the gradients are
    nodes that can be differentiated again: the only difference between the orders.
    """
    grads = dict(seeds)
    kept: dict[Node, Data] = {}
    anomaly, scalar = mode.get().anomaly, Node.scalar  # a Value keeps its gradient, for teaching
    with np.errstate(all="ignore"):
        for node in order:
            g, op, notes = grads.pop(node), node.op, node.notes
            if notes is not None and notes.hooks:
                g = hooked(node, g)
            if op is None or type(node) is scalar or (notes is not None and notes.retains):
                kept[node] = g
            if op is None:
                continue
            out: Data = node if graph else node._data
            kwargs, operands = node.kwargs, node.operands() if graph else node.saved
            for arg, seen, vjp in zip(node.args, node.saved, op.vjps):
                if arg is None:
                    continue
                if arg._data is not seen:
                    arg.stale(op, graph)
                if arg.level >= level:
                    if vjp is None:
                        raise missing_rule(node, arg)
                    part = vjp(g, out, *operands, **kwargs) if kwargs else vjp(g, out, *operands)
                    if type(part) is not float or type(arg) is not scalar:
                        part = arg.fit(part, op)
                    if anomaly:
                        check_gradient(node, arg, g, part)
                    grads[arg] = grads[arg] + part if arg in grads else part
    kept.update(grads)  # of nodes outside of the order, at which the pass ends
    return kept


def hooked(node: Node, g: Data) -> Data:
    """The gradient that the node's hooks make of `g`."""
    assert node.notes is not None
    for hook in node.notes.hooks:
        changed = hook(g)
        if changed is not None:
            if shape_of(changed) != shape_of(g):
                raise ValueError(
                    f"a hook on {node.describe()} changed the gradient's shape "
                    f"from {shape_of(g)} to {shape_of(changed)}"
                )
            g = changed
    return g


def missing_rule(node: Node, arg: Node) -> NotDifferentiableError:
    assert node.op is not None
    return NotDifferentiableError(
        f"{node.op.name} has no derivative for its argument {node.position(arg)} "
        f"({arg.describe()}); "
        "pass arg.detach() if it is meant as a constant"
    )
