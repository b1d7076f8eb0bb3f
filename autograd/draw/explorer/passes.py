"""Backward passes, contribution by contribution: in the right order, and in two wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np

from autograd.core.backward import consumers_first, contributions, hooked
from autograd.core.node import Node
from autograd.core.op import Data
from autograd.draw.explain.chain_rule import has_hooks


class Contribution(NamedTuple):
    """`node`, with gradient `g`, adds `part` to the gradient of `arg`, its operand number `i`."""

    node: Node
    i: int
    arg: Node
    g: Data
    part: Data
    before: Data | None  # the gradient of `arg` so far
    after: Data


class HookCall(NamedTuple):
    """The hooks of `node` change its gradient, before the node passes it on."""

    node: Node
    before: Data
    after: Data


Pass: TypeAlias = Callable[[Node], Iterator[Contribution | HookCall]]
Gradients: TypeAlias = dict[Node, Data]


def topological(root: Node) -> Iterator[Contribution | HookCall]:
    """Yield the steps of `root.backward()`, in the same order and with the same numbers."""
    grads: Gradients = {root: root.seed(None)}
    for node in consumers_first(root):
        if has_hooks(node):
            before, grads[node] = grads[node], hooked(node, grads[node])
            yield HookCall(node, before, grads[node])
        yield from pass_on(node, grads)


def derivatives(root: Node) -> Gradients:
    """Return the derivatives of the root: the gradients as they are without hooks."""
    grads: Gradients = {root: root.seed(None)}
    for node in consumers_first(root):
        for _ in pass_on(node, grads):
            pass
    return grads


def depth_first(root: Node, repeat: bool) -> Iterator[Contribution]:
    """Yield the steps of a wrong pass, in which nodes don't wait for all their contributions.

    Args:
        root: the result.
        repeat: a node passes its gradient on at each contribution, so what it passed on before
            counts again, once for each path. Otherwise it passes it on at the first one only, and
            what is added later is lost.
    """
    grads: Gradients = {root: root.seed(None)}
    pending, reached = [pass_on(root, grads)], {root}
    while pending:
        step = next(pending[-1], None)
        if step is None:
            pending.pop()
            continue
        yield step
        if repeat or step.arg not in reached:
            reached.add(step.arg)
            pending.append(pass_on(step.arg, grads))


recursive, early = partial(depth_first, repeat=True), partial(depth_first, repeat=False)


def pass_on(node: Node, grads: Gradients) -> Iterator[Contribution]:
    """Add what `node` contributes to the gradients of its operands."""
    g = grads[node]
    with np.errstate(all="ignore"):
        parts = list(contributions(node, g)) if node.op else []
    for i, arg, part in parts:
        before = grads.get(arg)
        with np.errstate(all="ignore"):
            grads[arg] = part if before is None else before + part
        yield Contribution(node, i, arg, g, part, before, grads[arg])


def recursive_count(root: Node) -> int:
    """Return the number of contributions in the recursive order: one for each path to a node."""
    paths: dict[Node, int] = {root: 1}
    total = 0
    for node in consumers_first(root):
        for arg in node.args:
            if arg is not None and arg.level:
                paths[arg] = paths.get(arg, 0) + paths[node]
                total += paths[node]
    return total
