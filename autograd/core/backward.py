"""Reverse-mode differentiation: an order, and one loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

import numpy as np

from .anomaly import check_gradient
from .array_libraries import copy_array
from .changes import clock
from .modes import current_mode
from .node import NO_KWARGS, Data, Node, NotDifferentiableError, Op
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
            stack.append(node)
            stack.append(None)
            if node._made is None:
                left, right = node._left, node._right
                # mutants 1: checked again when visited
                if right is not None and right.level >= level and right not in seen:
                    stack.append(right)
                # mutants 1: checked again when visited
                if left is not None and left.level >= level and left not in seen:
                    stack.append(left)
                continue
            # mutants 1: checked again when visited
            stack += [
                arg
                for arg in reversed(node._made[0])
                if arg is not None and arg.level >= level and arg not in seen
            ]
    return order


def consumers_first(*roots: Node, level: int = 1) -> list[Node]:
    """The nodes to differentiate by, each after all that use it."""
    order = operands_first(*roots, level=level)
    order.reverse()
    return order


def backpropagate(  # noqa: C901  # the two-operand case stands here twice, for speed
    order: list[Node], seeds: Mapping[Node, Data], level: int = 1, graph: bool = False
) -> dict[Node, Data]:
    """The gradients, given those of the roots, of the leaves and whatever else keeps its own.

    A node's gradient is complete when its turn comes, since all its consumers had theirs; its op's
    rules then pass it on, one contribution per argument. The rules run on plain data as the
    forward pass saw it, or with `graph=True` on the nodes themselves, and then the gradients are
    nodes that can be differentiated again: the only difference between the orders.
    """
    grads = dict(seeds)
    anomaly, array = current_mode().anomaly, Node.array
    scalar = Node.scalar  # a Value keeps its gradient, for teaching
    plain = not graph and not anomaly
    with np.errstate(all="ignore"):
        for node in order:
            g, op, notes = grads[node], node.op, node.notes
            if notes is not None and notes.hooks:  # mutants 1: without hooks nothing is called
                grads[node] = g = hooked(node, g)
            if op is None:
                continue
            if type(node) is not scalar:
                if type(node) is array and node.made_at != clock.now:  # mutants 1: only faster
                    node.check_operands()
                if notes is None or not notes.retains:
                    del grads[node]
            if not plain or node._made is not None:
                pass_on(node, op, g, grads, level, graph, anomaly)
                continue
            left, right, x, y = node._left, node._right, node._x, node._y  # as pass_on does it,
            if left is not None:  # spelt out for two operands, in half of the time
                if left._data is not x:
                    left.stale(op)
                if left.level >= level:
                    part = (op.vjps[0] or missing_rule(node, left))(g, node._data, x, y)
                    if type(part) is not float or type(left) is not scalar:
                        part = left.fit(part, op)
                    grads[left] = grads[left] + part if left in grads else part
            if right is not None:
                if right._data is not y:
                    right.stale(op)
                if right.level >= level:
                    part = (op.vjps[1] or missing_rule(node, right))(g, node._data, x, y)
                    if type(part) is not float or type(right) is not scalar:
                        part = right.fit(part, op)
                    grads[right] = grads[right] + part if right in grads else part
    return grads


def pass_on(
    node: Node, op: Op, g: Data, grads: dict[Node, Data], level: int, graph: bool, anomaly: bool
) -> None:
    """Add what `node` contributes to the gradients of its operands: one rule for each."""
    out = node if graph else node._data
    args, saved, kwargs = node._made or (node.args, node.saved, NO_KWARGS)
    operands = node.operands() if graph else saved
    for arg, seen, vjp in zip(args, saved, op.vjps):
        if arg is None:
            continue
        if arg._data is not seen:
            arg.stale(op, graph)
        if arg.level >= level:
            part = (vjp or missing_rule(node, arg))(g, out, *operands, **kwargs)
            if type(part) is not float or type(arg) is not Node.scalar:
                part = arg.fit(part, op)
            if anomaly:
                check_gradient(node, arg, g, part)
            grads[arg] = grads[arg] + part if arg in grads else part


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


def missing_rule(node: Node, arg: Node) -> NoReturn:
    assert node.op is not None
    raise NotDifferentiableError(
        f"{node.op.name} has no derivative for its argument {node.position(arg)} "
        f"({arg.describe()}); "
        "pass arg.detach() if it is meant as a constant"
    )


def own(g: Data, taken: set[int]) -> Data:
    """`g`, copied if its memory is not all its own, or has been `taken` already."""
    # mutants 4: an extra copy
    if getattr(g, "base", None) is not None and (
        getattr(g.base, "nbytes", None) != g.nbytes or not getattr(g.flags, "writeable", True)
    ):
        g = copy_array(g)
    place = memory(g)
    if place in taken:
        g = copy_array(g)
        place = id(g)
    taken.add(place)
    return g


def memory(g: Data) -> int:
    """What tells the memory of an array, and of all views of it, from that of others."""
    while (base := getattr(g, "base", None)) is not None:
        g = base  # of a view of somebody else's memory it is a view too
    return id(g)
