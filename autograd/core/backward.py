"""Reverse-mode differentiation: an order, one step, and one loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import numpy as np

from .anomaly import check_gradient
from .changes import clock, memory_id
from .modes import current_mode
from .node import NO_KWARGS, Node
from .op import Data, NotDifferentiableError
from .shapes import shape_of


def operands_first(
    *roots: Node, level: int = 0, stop: Callable[[Node], bool] | None = None
) -> list[Node]:
    """Return the roots and all nodes that they were computed from, each after its operands.

    An iterative depth-first search. Operands come in their order in the program, so the same
    program adds up the same numbers in the same order in every process.

    Args:
        roots: where to start.
        level: nodes of lower levels are left out; constants have level 0.
        stop: whether to leave out a node, and all that only it was computed from.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [node for node in reversed(roots) if node.level >= level]
    while stack:
        node = stack.pop()
        if node is None:  # the operands of the next one have been placed
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
    """Return the nodes to differentiate by, each after all nodes that use it."""
    order = operands_first(*roots, level=level)
    order.reverse()
    return order


def contributions(
    node: Node, g: Data, level: int = 1, graph: bool = False
) -> Iterator[tuple[int, Node, Data]]:
    """Apply the rules of `node` to its gradient `g`: yield each operand's contribution.

    Args:
        level: operands of lower levels are left out.
        graph: run the rules on nodes, not on plain data, so that the results are nodes.

    Yields: the operand's position, the operand, and the contribution in its shape and dtype.

    Raises:
        NotDifferentiableError: the op has no rule for an operand.
        ValueError: an operand was changed in place since the op used it.
    """
    op = node.op
    assert op is not None
    args, saved, kwargs = node._made or (node.args, node.saved, NO_KWARGS)
    out, operands = (node, node.operands) if graph else (node._data, saved)
    for i, arg in enumerate(args):
        if arg is None:
            continue
        if arg._data is not saved[i]:
            arg.stale(op, graph)
        if arg.level >= level:
            part = (op.vjps[i] or missing_rule(node, i))(g, out, *operands, **kwargs)
            if type(part) is not float or type(arg) is not Node.scalar:
                part = arg.fit(part, op)
            yield i, arg, part


def backpropagate(  # noqa: C901  # the two-operand case is spelt out twice, for speed
    order: list[Node], seeds: Mapping[Node, Data], level: int = 1, graph: bool = False
) -> dict[Node, Data]:
    """Return the gradients of the leaves, and of other nodes that keep theirs.

    It starts from `seeds`, the gradients of the roots. A node's gradient is complete when its turn
    comes, since all its consumers had theirs. Its op's rules then pass it on, one contribution per
    operand whose level is not below `level`. The rules run on plain data as the
    forward pass saw it, or with `graph=True` on the nodes themselves; the gradients are then nodes
    that can be differentiated again. This is the only difference between the orders.
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
                for i, arg, part in contributions(node, g, level, graph):
                    if anomaly:
                        check_gradient(node, i, g, part)
                    grads[arg] = grads[arg] + part if arg in grads else part
                continue
            left, right, x, y = node._left, node._right, node._x, node._y  # the same, spelt out
            if left is not None:  # for two operands, in half of the time
                if left._data is not x:
                    left.stale(op)
                if left.level >= level:
                    part = (op.vjps[0] or missing_rule(node, 0))(g, node._data, x, y)
                    if type(part) is not float or type(left) is not scalar:
                        part = left.fit(part, op)
                    grads[left] = grads[left] + part if left in grads else part
            if right is not None:
                if right._data is not y:
                    right.stale(op)
                if right.level >= level:
                    part = (op.vjps[1] or missing_rule(node, 1))(g, node._data, x, y)
                    if type(part) is not float or type(right) is not scalar:
                        part = right.fit(part, op)
                    grads[right] = grads[right] + part if right in grads else part
    return grads


def backward(self: Node, seed: Data = None) -> None:
    """Add the derivatives of this number to the `.grad` of the nodes it was computed from.

    Every leaf that requires a gradient gets it. So does every intermediate `Value`, and an
    intermediate `Tensor` after `retain_grad()`. Calling it twice adds twice; set `.grad = None`
    (or call an optimiser's `zero_grad()`) in between.

    Args:
        seed: the gradient of this node itself, of its shape; 1 by default. A tensor of more than
            one entry needs it, since its derivative is not a single number.

    Raises:
        ValueError: this node needs no gradient, is no scalar and got no seed, or the seed has
            another shape.
    """
    if not self.level:
        raise ValueError(
            f"backward() on {self.describe()}, which needs no gradient: it is made of "
            "constants only, was detached, or was computed under no_grad(); "
            "give a tensor that it is made of requires_grad=True"
        )
    start = self.seed(seed)
    taken = {memory_id(start)}  # arrays that some .grad, or the caller, holds already
    for node, g in backpropagate(consumers_first(self), {self: start}).items():
        before = node.grad
        if type(g) is not float:
            node.accumulate(g, taken)
        else:
            node.grad = g if before is None else before + g


def hooked(node: Node, g: Data) -> Data:
    """Return `g` as the node's hooks change it."""
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


def missing_rule(node: Node, i: int) -> NoReturn:
    op: Any = node.op
    arg: Any = node.args[i]
    raise NotDifferentiableError(
        f"{op.name} has no derivative for its argument {i} ({arg.describe()}); "
        "pass arg.detach() if it is meant as a constant"
    )
