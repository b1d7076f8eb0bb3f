"""Operations and their derivatives as formulas: the rules of the table, run on names.

Formulas of derivatives are not stored. A rule runs on new nodes, one for each name, and the graph
that it computes is written out. So every operation with a rule has a formula, users' own
operations too. The printer only simplifies: a division by 1, the square of a root.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.core import rules
from autograd.core.backward import operands_first
from autograd.core.modes import set_mode
from autograd.core.node import Node, make
from autograd.core.op import Data
from autograd.draw.formats.formula_styles import Formula, Script

from .names import is_number, printable
from .picture import Symbol

LONGEST = 200  # pieces of a formula; longer ones are not shown
# Operations on shape and type only, which formulas of derivatives leave out.
PLUMBING = {
    rules.reshape, rules.broadcast_to, rules.alias, rules.item, rules.astype, rules.to,
}  # fmt: skip


class Graph(NamedTuple):
    """The result of a rule, and the name of each node that it was computed from."""

    out: Any
    symbols: Mapping[Node, Any]


# --- derivatives as graphs ------------------------------------------------------------------------


def rule_as_graph(node: Node, i: int, g: Data | None = None) -> Graph | None:
    """The derivative of `node` for its argument `i`, as a graph of names.

    Args:
        node: what was computed.
        i: which operand to derive by; it must be a node.
        g: the gradient that comes in, which the formula then calls "g"; without it the formula is
            the slope of a single number.

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


def written(graph: Graph | None, script: Script) -> Formula | None:
    """The formula of a derivative, if there is one that can be read."""
    if graph is None:
        return None
    if not isinstance(graph.out, Node):
        return script.constant(spread(graph.out))
    formulas: dict[Node, Formula] = {}
    for node in operands_first(graph.out):
        if node in graph.symbols:
            formulas[node] = Formula((Symbol(graph.symbols[node]),))
        else:
            formulas[node] = applied(node, formulas, script)
        if len(formulas[node].pieces) > LONGEST:
            return None
    return formulas[graph.out]


def operation(node: Node, script: Script) -> Formula:
    """The operation of `node`, not simplified: `x * x`, `1 * tanh(x)`."""
    parts = [
        script.constant(seen)
        if arg is None and is_number(seen)
        else Formula((Symbol((node, i) if arg is None else arg),))
        for i, (arg, seen) in enumerate(zip(node.args, node.saved))
    ]
    return operation_on(node, parts, script)


def operation_on(node: Node, parts: Sequence[Formula], script: Script) -> Formula:
    """The operation of `node`, not simplified, on the formulas of its operands."""
    if node.op is rules.pow:
        return script.power(*parts)
    return combined(node, [part._replace(number=None) for part in parts], script)


def applied(node: Node, formulas: Mapping[Node, Formula], script: Script) -> Formula:
    """The operation of `node` on the formulas of its operands, simplified."""
    assert node.op is not None
    same = spread if node.op.elementwise else lambda x: x
    parts = [
        script.constant(same(seen)) if arg is None else formulas[arg]
        for arg, seen in zip(node.args, node.saved)
    ]
    if node.op in PLUMBING:
        return parts[0]
    if node.op is rules.matmul and node.args[0] is None and spread(node.saved[0]) == 1.0:
        return script.call("sum", parts[1:], {"axis": "0"})  # rows of ones add up the rows
    if node.op is rules.where and is_number(spread(node.saved[0])):
        return parts[1] if spread(node.saved[0]) else parts[2]  # the branch that was taken
    if node.op is rules.mul and node.args[0] is not None and node.args[0] is node.args[1]:
        return script.squared(parts[0])
    if node.op is rules.hypot:
        return script.root_of_squares(*parts)
    if node.op is rules.expm1:
        return script.op_sub(script.call("exp", parts), script.constant(1.0))
    return combined(node, parts, script)


def spread(x: Data) -> Data:
    """The number that all entries of an array equal, or else the array."""
    if getattr(x, "shape", ()) and x.size and (x == x.flat[0]).all():
        return float(x.flat[0])
    return x


def combined(node: Node, parts: Sequence[Formula], script: Script) -> Formula:
    """The formula of one operation: in the script's way, or as a call."""
    assert node.op is not None
    name = node.op.name
    write = getattr(script, f"op_{name}", None) if getattr(rules, name, None) is node.op else None
    formula: Formula | None = write(*parts, **node.kwargs) if write else None
    return formula or script.call(printable(name), parts, options(node.kwargs))


def options(kwargs: Mapping[str, Any]) -> dict[str, str]:
    """The options that are short enough to be shown."""
    shown = {
        printable(k): repr(x[0] if k == "axis" and isinstance(x, tuple) and len(x) == 1 else x)
        for k, x in kwargs.items()
        if isinstance(x, (bool, int, tuple, str)) and k != "keepdims"
    }
    return {k: x for k, x in shown.items() if len(x) < 20}
