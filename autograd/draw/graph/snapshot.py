"""The picture of a graph as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.core.backward import operands_first
from autograd.core.node import Node
from autograd.core.scope import Scope
from autograd.expressions import Constant, Expression, Symbol, expression, printable

from .names import is_number, kind_of, labels_of, names_of
from .picture import Box, Group, Number, Picture, is_single, number


def picture_of(roots: Sequence[Node], constants: bool = False, slopes: bool = False) -> Picture:
    """Return the picture of the graph that computed the roots.

    Args:
        roots: results.
        constants: give constant numbers without a label boxes of their own.
        slopes: compute the local derivatives.
    """
    return snapshot(roots, constants, slopes)[0]


def has_more_nodes(roots: Sequence[Node], limit: int) -> bool:
    """Whether the graph has more than `limit` nodes; visits no more of them than that."""
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
    scopes = {node.notes.scope for node in nodes if node.notes}
    return any(outer.name for scope in scopes for outer in outermost_first(scope))


def snapshot(
    roots: Sequence[Node], constants: bool = False, slopes: bool = False
) -> tuple[Picture, dict[Node, str]]:
    """Return `picture_of` the roots, and the ids of the nodes that have boxes."""
    nodes, results = operands_first(*roots), set(roots)
    names, labels = names_of(*roots), labels_of(nodes)
    groups = Groups(nodes)
    boxes: list[Box] = []
    ids: dict[Node, str] = {}
    formulas: dict[Any, Expression] = {}

    def add(box: Box) -> bool:
        if constants or not box.is_bare_number:
            boxes.append(box)
            return True
        return False

    for node in nodes:
        group = groups.of(node)
        operands: list[str | Number] = []
        for i, (arg, seen) in enumerate(zip(node.args, node.saved)):
            if arg is not None and arg in ids:
                operands.append(ids[arg])
                continue
            data = number(seen)
            around = group if is_single(data) else groups.of_input(node)
            name = names.get((node, i), "")
            constant = Box(f"n{len(boxes)}", "constant", data, name=name, group=around)
            operands.append(constant.id if add(constant) else data)
        box = Box(
            id=f"n{len(boxes)}",
            kind=kind_of(node),
            value=number(node._data),
            gradient=None if node.grad is None else number(node.grad),
            keeps_grad=keeps_grad(node),
            label=labels.get(node, ""),
            name=names.get(node, ""),
            op=printable(node.op.name) if node.op else "",
            formula=formula_of(node, formulas) if node.op else None,
            operands=tuple(operands),
            ordered=node.op is not None and len(operands) == 2 and not node.op.commutes,
            slopes=local_derivatives(node) if slopes else (),
            root=node in results,
            group=group,
        )
        if add(box):
            ids[node] = box.id
    return Picture(tuple(boxes), tuple(groups.found)), ids


def formula_of(node: Node, known: dict[Any, Expression]) -> Expression:
    """Return the operation of a node, with operands by their position; `known` is a cache."""
    assert node.op is not None
    operands = tuple(
        Constant(seen) if arg is None and isinstance(seen, (bool, np.bool_)) else Symbol(i)
        for i, (arg, seen) in enumerate(zip(node.args, node.saved))
    )
    if node.kwargs:
        return expression(node.op, operands, node.kwargs, "text")
    if (node.op, operands) not in known:
        known[node.op, operands] = expression(node.op, operands, {}, "text")
    return known[node.op, operands]


def local_derivatives(node: Node) -> tuple[Number | None, ...]:
    """Return the derivatives of a node by each of its operands, the others held fixed.

    Arrays have them only where they are as many numbers as the operand has: the result is a single
    number, or each of its entries depends on one entry of each operand. All others are `None`:
    where an operand needs no gradient or the op has no rule for it, and where an array that the
    rules need was changed in place.
    """
    op, saved = node.op, node.saved
    if op is None:
        return ()
    one = 1.0 if node.kind is Node.scalar else np.ones_like(node._data)
    shown = op.elementwise or is_number(node._data)
    for arg, seen in zip(node.args, saved):
        if arg is not None and arg.kind is Node.array and arg._data is not seen:
            shown = False
    with np.errstate(all="ignore"):
        return tuple(
            number(vjp(one, node._data, *saved, **node.kwargs))
            if shown and vjp and arg is not None and arg.level
            else None
            for arg, vjp in zip(node.args, op.vjps)
        )


class Groups:
    """The groups of a graph's nodes.

    A result belongs to the innermost scope that was open when it was computed. A parameter belongs
    to its module; any other leaf to the innermost scope, opened by hand, around all its uses.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.found: list[Group] = []  # each after its parent
        self.ids: dict[Scope, str] = {}
        self.parameters: dict[Scope, set[int]] = {}
        self.scopes = {node: node.notes.scope if node.notes else None for node in nodes}
        users: dict[Node, list[Scope | None]] = {}
        for node in nodes:
            for arg in node.args:
                if arg is not None and arg.op is None:
                    users.setdefault(arg, []).append(self.scopes[node])
        for leaf, scopes in users.items():
            if any(scopes):
                self.scopes[leaf] = self.scope_of_leaf(leaf, scopes)

    def scope_of_leaf(self, leaf: Node, users: list[Scope | None]) -> Scope | None:
        """Return the innermost scope around all uses that the leaf may belong to."""
        shared = set.intersection(*(set(outermost_first(scope)) for scope in users))
        for scope in reversed(outermost_first(users[0])):
            if scope in shared and (scope.owner is None or id(leaf) in self.parameters_of(scope)):
                return scope
        return None

    def parameters_of(self, scope: Scope) -> set[int]:
        """Return the ids of the parameters of a scope's module."""
        if scope not in self.parameters:
            self.parameters[scope] = {id(x) for _, x in scope.owner.named_parameters()}
        return self.parameters[scope]

    def of(self, node: Node) -> str:
        """Return the id of the innermost group around a node; "" outside of all."""
        return self.id_of(self.scopes[node])

    def of_input(self, node: Node) -> str:
        """Return the id of the group for an array that a node was given: never a module's own."""
        scope = self.scopes[node]
        while scope is not None and scope.owner is not None:
            scope = scope.parent
        return self.id_of(scope)

    def id_of(self, scope: Scope | None) -> str:
        inside = ""
        for around in outermost_first(scope):
            if around.name and around not in self.ids:
                self.ids[around] = f"g{len(self.found)}"
                self.found.append(Group(self.ids[around], around.name, inside))
            inside = self.ids.get(around, inside)
        return inside


def outermost_first(scope: Scope | None) -> list[Scope]:
    """Return a scope and all that are around it."""
    scopes: list[Scope] = []
    while scope is not None:
        scopes.append(scope)
        scope = scope.parent
    return scopes[::-1]


def keeps_grad(node: Node) -> bool:
    """Whether a backward pass leaves a gradient on this node."""
    retains = node.notes is not None and node.notes.retains
    return node.op is None or node.kind is Node.scalar or retains
