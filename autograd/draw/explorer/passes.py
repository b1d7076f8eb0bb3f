"""A backward pass taken down contribution by contribution: as the engine does it, and in orders
in which it goes wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from autograd.core.backward import consumers_first, hooked, missing_rule
from autograd.core.node import Node
from autograd.core.op import Data


class Contribution(NamedTuple):
    """`node` passes its gradient `g` on to its operand number `i`: `part` is added there."""

    node: Node
    i: int
    arg: Node
    g: Data
    part: Data
    before: Data | None  # what had been there
    after: Data


class Hooked(NamedTuple):
    """The hooks of `node` made `after` of its gradient, before it was passed on."""

    node: Node
    before: Data
    after: Data


Pass: TypeAlias = Callable[[Node], Iterator[Contribution]]
Gradients: TypeAlias = dict[Node, Data]


def engine(root: Node) -> Iterator[Contribution | Hooked]:
    """What `root.backward()` does, in the same order and to the same bit."""
    grads: Gradients = {root: root.seed(None)}
    for node in consumers_first(root):
        if node.notes is not None and node.notes.hooks:
            before = grads[node]
            grads[node] = hooked(node, before)
            yield Hooked(node, before, grads[node])
        yield from contributions(node, grads)


def unhooked(root: Node) -> Iterator[Contribution]:
    """The same pass without hooks: the derivatives themselves."""
    grads: Gradients = {root: root.seed(None)}
    for node in consumers_first(root):
        yield from contributions(node, grads)


def recursive(root: Node) -> Iterator[Contribution]:
    """The wrong way that comes to mind first: whenever something arrives, all is passed on again.

    What a shared node had passed on before counts once more each time; and there is a visit for
    each path.
    """
    return at_arrival(root, again=True)


def early(root: Node) -> Iterator[Contribution]:
    """Another wrong way: each node once, as soon as it is reached.

    What arrives at a shared node after that is never passed on.
    """
    return at_arrival(root, again=False)


def at_arrival(root: Node, again: bool) -> Iterator[Contribution]:
    """Each node passes on what it has as soon as something arrives: the first time, or each."""
    grads: Gradients = {root: root.seed(None)}
    ahead, met = [contributions(root, grads)], {root}
    while ahead:
        step = next(ahead[-1], None)
        if step is None:
            ahead.pop()
        else:
            yield step
            if again or step.arg not in met:
                met.add(step.arg)
                ahead.append(contributions(step.arg, grads))


def contributions(node: Node, grads: Gradients) -> Iterator[Contribution]:
    """What the rules of a node's op make of its gradient, added where it belongs.

    Raises:
        ValueError: an array was changed in place since; a backward pass refuses it too.
    """
    op = node.op
    if op is None:
        return
    g = grads[node]
    for i, (arg, seen, vjp) in enumerate(zip(node.args, node.saved, op.vjps)):
        if arg is None:
            continue
        if arg._data is not seen:
            arg.stale(op)
        if not arg.level:
            continue
        if vjp is None:
            raise missing_rule(node, i)
        with np.errstate(all="ignore"):
            part = vjp(g, node._data, *node.saved, **node.kwargs)
            if type(part) is not float or type(arg) is not Node.scalar:
                part = arg.fit(part, op)
            before = grads.get(arg)
            grads[arg] = part if before is None else before + part
        yield Contribution(node, i, arg, g, part, before, grads[arg])


def visits(root: Node) -> int:
    """How many contributions the recursive way makes: one for each path that ends at a use."""
    paths: dict[Node, int] = {root: 1}
    total = 0
    for node in consumers_first(root):
        for arg in node.args:
            if arg is not None and arg.level:
                paths[arg] = paths.get(arg, 0) + paths[node]
                total += paths[node]
    return total
