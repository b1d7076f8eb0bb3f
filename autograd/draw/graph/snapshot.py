"""The picture of a graph as it is now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd.core.backward import operands_first
from autograd.core.node import Node
from autograd.core.op import Data
from autograd.core.scope import Scope
from autograd.expressions import Constant, Expression, Symbol, expression, printable

from .names import is_number, labels_of, names_of
from .picture import Box, Group, Number, Picture, is_single, number


def picture_of(roots: Sequence[Node], constants: bool = False, slopes: bool = False) -> Picture:
    """The graph that the roots were computed by.

    Args:
        roots: results.
        constants: give constant numbers without a label boxes of their own.
        slopes: compute the local derivatives.
    """
    return portrait(roots, constants, slopes)[0]


def too_many(roots: Sequence[Node], limit: int) -> bool:
    """Whether the graph has more than so many nodes, without walking through all of a large one."""
    seen: set[Node] = set()
    stack = list(roots)
    while stack and len(seen) <= limit:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += [arg for arg in node.args if arg is not None]
    return len(seen) > limit


def has_groups(nodes: Sequence[Node]) -> bool:
    """Whether some of the nodes were computed in a scope with a name."""
    return any(
        scope.name
        for scope in {node.notes.scope for node in nodes if node.notes}
        for scope in outermost_first(scope)
    )


def portrait(
    roots: Sequence[Node], constants: bool = False, slopes: bool = False
) -> tuple[Picture, dict[Node, str]]:
    """`picture_of`, and the id of each node's box, for those that have one."""
    nodes = operands_first(*roots)
    names, labels = names_of(*roots), labels_of(nodes)
    shown = set(roots)
    homes = Homes(nodes)
    boxes: list[Box] = []
    ids: dict[Node, str] = {}
    for node in nodes:
        group = homes.group_of(node)
        operands: list[str | Number] = []
        for i, (arg, seen) in enumerate(zip(node.args, node.saved)):
            if arg is not None and arg in ids:
                operands.append(ids[arg])
                continue
            data = number(seen)
            home = group if is_single(data) else homes.group_of_data(node)
            name = names.get((node, i), "")
            constant = Box(f"n{len(boxes)}", "constant", data, name=name, group=home)
            if constants or not constant.is_bare_number:
                boxes.append(constant)
                operands.append(constant.id)
            else:
                operands.append(data)
        box = Box(
            id=f"n{len(boxes)}",
            kind="step" if node.op else "leaf" if node.level else "constant",
            value=number(node._data),
            gradient=None if node.grad is None else number(node.grad),
            keeps_grad=node.leaves_grad,
            label=labels.get(node, ""),
            name=names.get(node, ""),
            op=printable(node.op.name) if node.op else "",
            formula=formula_of(node) if node.op else None,
            operands=tuple(operands),
            slopes=tuple(map(shown_slope, local_derivatives(node))) if slopes else (),
            root=node in shown,
            group=group,
        )
        if constants or not box.is_bare_number:
            boxes.append(box)
            ids[node] = box.id
    return Picture(tuple(boxes), tuple(homes.groups)), ids


def formula_of(node: Node) -> Expression:
    """Return the operation of a node as a formula, with operands by their position."""
    assert node.op is not None
    operands = [
        Constant(seen) if arg is None and isinstance(seen, (bool, np.bool_)) else Symbol(i)
        for i, (arg, seen) in enumerate(zip(node.args, node.saved))
    ]
    return expression(node.op, operands, node.kwargs, "text")


def local_derivatives(node: Node) -> list[Data | None]:
    """The derivatives of a node by each of its operands, the others held fixed.

    Of arrays there are some only where they are as many numbers as the operand has: where the
    result is a single number, or each of its entries depends on one entry of each operand. `None`
    stands for the rest, for operands that nothing is differentiated by, and where an array was
    changed in place since, so that what the rules need is gone.
    """
    op = node.op
    if op is None:
        return []
    for arg, seen in zip(node.args, node.saved):
        if arg is not None and arg.kind is Node.array and arg._data is not seen:
            return [None] * len(node.args)
    found: list[Data | None] = []
    one = 1.0 if node.kind is Node.scalar else np.ones_like(node._data)
    fits = op.elementwise or is_number(node._data)
    with np.errstate(all="ignore"):
        for arg, vjp in zip(node.args, op.vjps):
            if arg is None or not arg.level or vjp is None or not fits:
                found.append(None)
                continue
            found.append(vjp(one, node._data, *node.saved, **node.kwargs))
    return found


def shown_slope(data: Data | None) -> Number | None:
    return None if data is None else number(data)


class Homes:
    """The groups that nodes belong to.

    A result was computed in the innermost scope that was open. A leaf belongs to the module whose
    parameter it is, or else to the scope, opened by hand, that has all its uses.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.groups: list[Group] = []
        self.ids: dict[Scope, str] = {}
        self.scopes: dict[Node, Scope | None] = {}
        self.parameters: dict[Scope, set[int]] = {}
        uses: dict[Node, list[Scope | None]] = {}
        for node in nodes:
            self.scopes[node] = scope = node.notes.scope if node.notes else None
            for arg in node.args:
                if arg is not None and arg.op is None:
                    uses.setdefault(arg, []).append(scope)
        for leaf, around in uses.items():
            if any(around):
                self.scopes[leaf] = self.home(leaf, around)

    def home(self, leaf: Node, around: list[Scope | None]) -> Scope | None:
        """The innermost scope around all uses that the leaf may belong to."""
        first, *others = (outermost_first(scope) for scope in around)
        shared = [x for i, x in enumerate(first) if all(line[i : i + 1] == [x] for line in others)]
        for scope in reversed(shared):
            if scope.owner is None or id(leaf) in self.parameters_of(scope):
                return scope
        return None

    def parameters_of(self, scope: Scope) -> set[int]:
        """The ids of the parameters of a scope's module."""
        if scope not in self.parameters:
            named = scope.owner.named_parameters() if scope.owner is not None else ()
            self.parameters[scope] = {id(x) for _, x in named}
        return self.parameters[scope]

    def group_of(self, node: Node) -> str:
        """The id of the innermost group; "" outside of all."""
        return self.id_of(self.scopes[node])

    def group_of_data(self, node: Node) -> str:
        """The group for an array that a node was given: modules do not own their inputs."""
        scope = self.scopes[node]
        while scope is not None and scope.owner is not None:
            scope = scope.parent
        return self.id_of(scope)

    def id_of(self, scope: Scope | None) -> str:
        inside = ""
        for around in outermost_first(scope):
            if around.name and around not in self.ids:
                self.ids[around] = f"g{len(self.groups)}"
                self.groups.append(Group(self.ids[around], around.name, inside))
            inside = self.ids.get(around, inside)
        return inside


def outermost_first(scope: Scope | None) -> list[Scope]:
    line: list[Scope] = []
    while scope is not None:
        line.append(scope)
        scope = scope.parent
    return line[::-1]
