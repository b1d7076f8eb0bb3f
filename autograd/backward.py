"""Reverse-mode differentiation: an order, and one loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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
    order: list[Any] = []
    seen: set[Node] = set()
    path: list[Any] = [(None, iter(roots))]  # the nodes on it, and which operands remain of each
    while path:
        node, rest = path[-1]
        for arg in rest:
            if arg is None or arg in seen or arg.level < level or (stop and stop(arg)):
                continue
            seen.add(arg)
            path.append((arg, iter(arg.args)))
            break
        else:
            order.append(node)
            path.pop()
    order.pop()  # what uses the roots: nothing
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
    anomaly, scalar = mode.get().anomaly, Node.scalar  # a Value keeps its gradient, for teaching
    with np.errstate(all="ignore"):
        for node in order:
            g, op, notes = grads[node], node.op, node.notes
            if notes is not None and notes.hooks:
                grads[node] = g = hooked(node, g)
            if op is None:
                continue
            if type(node) is not scalar and (notes is None or not notes.retains):
                del grads[node]
            out: Data = node if graph else node._data
            saved, kwargs, vjps = node.saved, node.kwargs, op.vjps
            operands = node.operands() if graph else saved
            of_two = len(saved) == 2 and not kwargs  # no star in the call: 0.7 of the time
            x, y = operands if of_two else (None, None)
            i = -1  # enumerate() would take 0.05 of the time
            for arg in node.args:
                i += 1
                if arg is None:
                    continue
                if arg._data is not saved[i]:
                    arg.stale(op, graph)
                if arg.level >= level:
                    vjp = vjps[i]
                    if vjp is None:
                        raise missing_rule(node, arg)
                    part = vjp(g, out, x, y) if of_two else vjp(g, out, *operands, **kwargs)
                    if type(part) is not float or type(arg) is not scalar:
                        part = arg.fit(part, op)
                    if anomaly:
                        check_gradient(node, arg, g, part)
                    grads[arg] = grads[arg] + part if arg in grads else part
    return grads


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


def own(g: Data, taken: set[int]) -> Data:
    """`g`, copied if its memory is not all its own, or has been `taken` already."""
    if getattr(g, "base", None) is not None and (
        getattr(g.base, "nbytes", None) != g.nbytes or not g.flags.writeable
    ):
        g = np.copy(g)
    place = memory(g)
    if place in taken:
        g = np.copy(g)
        place = id(g)
    taken.add(place)
    return g


def memory(g: Data) -> int:
    """What tells the memory of an array, and of all views of it, from that of others."""
    base = getattr(g, "base", None)
    return id(g if base is None else base)
