"""Reverse-mode differentiation: an order, and one loop."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .node import Data, Node, NotDifferentiableError, Op


def consumers_first(*roots: Node, level: int = 1) -> list[Node]:
    """The nodes that the roots are made of, themselves included, each after all that use it.

    An iterative depth-first search, reversed; operands in the order in which they were written,
    so that the same program adds up the same numbers in the same order in every process. Nodes
    below `level` are constants, and are left out.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [root for root in roots if root.level >= level]
    while stack:
        node = stack.pop()
        if node is None:  # all that the next one is made of has been placed
            order.append(stack.pop())  # type: ignore[arg-type]  # None always lies on a node
        elif node not in seen:
            seen.add(node)
            stack += (node, None)
            for arg in node.args:
                if arg is not None and arg.level >= level and arg not in seen:
                    stack.append(arg)
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
    with np.errstate(all="ignore"):
        for node in order:
            g = grads.pop(node)
            op = node.op
            if op is None or node.keeps_grad or (node.notes and node.notes.retains):
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
                        raise missing_rule(op, node.args.index(arg), arg)
                    part = vjp(g, out, *operands, **kwargs) if kwargs else vjp(g, out, *operands)
                    if type(part) is not arg.plain:
                        part = arg.fit(part, op)
                    grads[arg] = grads[arg] + part if arg in grads else part
    return kept


def missing_rule(op: Op, i: int, arg: Node) -> NotDifferentiableError:
    return NotDifferentiableError(
        f"{op.name} has no derivative for its argument {i} ({arg.describe()}); "
        "pass arg.detach() if it is meant as a constant"
    )
