"""Operations and their derivatives as formulas: the rules of the table, run on symbols.

Formulas of derivatives are not stored. A rule runs on new nodes, one for each name, and the graph
that it computes is written out. So every operation with a rule has a formula, users' own
operations too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd.core.backward import operands_first
from autograd.core.modes import set_mode
from autograd.core.node import Node, make
from autograd.core.op import Data
from autograd.expressions import Constant, Expression, PlainText, Symbol, expression, simplified

from .names import is_number

LONGEST = 150  # operations, symbols and numbers in a formula; longer ones are not shown


class Graph(NamedTuple):
    """The result of a rule, and the name of each node that it was computed from."""

    out: Any
    symbols: Mapping[Node, Any]


def rule_as_graph(node: Node, i: int, g: Data | None = None) -> Graph | None:
    """Return the derivative of `node` with respect to its operand `i` as a graph of symbols.

    Args:
        node: the result of an operation.
        i: the position of the operand, which must be a node.
        g: the incoming gradient, which the formula then calls "g"; without it the formula is the
            slope of a single number.

    Returns: `None` if the rule runs on plain numbers only.
    """
    assert node.op is not None
    symbols: dict[Node, Any] = {}
    made: dict[Node, Node] = {}

    def symbol(data: Data, key: Any) -> Node:
        fresh = make(Node.scalar if type(data) is float else Node.array, data, 1)
        symbols[fresh] = key
        return fresh

    def operand(k: int, arg: Node | None, seen: Data) -> Any:
        if getattr(seen, "dtype", np.float64) == np.bool_ and uniform(seen) is not seen:
            return seen  # a condition that is the same for all entries
        if arg is None:
            return seen if is_number(seen) else symbol(seen, (node, k))
        if arg not in made:
            made[arg] = symbol(seen, arg)
        return made[arg]

    with set_mode(recording=True, anomaly=False, tape=None), np.errstate(all="ignore"):
        given = enumerate(zip(node.args, node.saved))
        operands = [operand(k, arg, seen) for k, (arg, seen) in given]
        out = symbol(node._data, node)
        incoming = 1.0 if g is None else symbol(g, "g")
        try:
            return Graph(node.op.vjps[i](incoming, out, *operands, **node.kwargs), symbols)
        except (TypeError, ValueError, AttributeError):  # a user's rule that works on floats only
            return None


def derivative_formula(graph: Graph | None, style: PlainText) -> Expression | None:
    """Return the formula of a derivative, simplified; None if it is too long to be read."""
    if graph is None:
        return None
    if not isinstance(graph.out, Node):
        return Constant(uniform(graph.out))
    formulas: dict[Node, Expression] = {}
    for node in operands_first(graph.out):
        if node in graph.symbols:
            formulas[node] = Symbol(graph.symbols[node])
        else:
            assert node.op is not None
            data = [uniform(x) if node.op.elementwise else x for x in node.saved]
            operands = [
                Constant(x) if arg is None else formulas[arg] for arg, x in zip(node.args, data)
            ]
            fields = (*style.fields, "formula", "text")
            formulas[node] = expression(node.op, operands, node.kwargs, *fields, make=simplified)
        if getattr(formulas[node], "size", 1) > LONGEST:
            return None
    return formulas[graph.out]


def step_formula(node: Node, style: PlainText) -> Expression:
    """Return the operation of `node`, not simplified: `x * x`, `1 * tanh(x)`."""
    assert node.op is not None
    operands = [
        Constant(seen)
        if arg is None and is_number(seen)
        else Symbol((node, i) if arg is None else arg)
        for i, (arg, seen) in enumerate(zip(node.args, node.saved))
    ]
    return expression(node.op, operands, node.kwargs, *style.fields, "text")


def uniform(x: Data) -> Data:
    """Return the number that all entries of an array equal, or else the array."""
    if getattr(x, "shape", ()) and x.size and (x == x.flat[0]).all():
        return float(x.flat[0])
    return x
