"""Copy and pickle nodes and graphs without recursion.

`copy.deepcopy` and `pickle` follow references recursively, and a chain of a million operations is
deeper than Python's stack. Here a node gives them its whole graph as a list, operands first, so
each entry refers only to entries before it. Within one call, shared parts are copied once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from operator import itemgetter
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from .backward import operands_first
from .changes import memory_of
from .node import NO_KWARGS, Node, make
from .op import Data


def build(
    grad: Any, notes: Any, stale: int | None, attributes: Mapping[str, Any], *made: Any
) -> Node:
    """Return `make(*made)`, with the other parts of a node.

    `stale` is the index of an operand that was changed in place, or None; `attributes` are those of
    an instance of a user's subclass.
    """
    node = make(*made)
    node.grad, node.notes = grad, notes
    if stale is not None:
        memory_of(node._arrays()[stale])
        node.made_at = -1  # before all known changes of this memory
    if attributes:
        vars(node).update(attributes)
    return node


def attributes_of(node: Node) -> Mapping[str, Any]:
    """Return the attributes that an instance of a user's subclass has in addition."""
    return getattr(node, "__dict__", NO_KWARGS)


def copy_node(node: Node) -> Node:
    """Return `copy.copy(node)`: another node of the same class, with the same data and history.

    The copy of a leaf is another leaf over the same memory. It can get other data, another gradient
    and another label.
    """
    out = build(
        node.grad, copy(node.notes), None, attributes_of(node),
        type(node), node._data, node.level, node.op, node.args, node.saved, node.kwargs,
    )  # fmt: skip
    if node.op is not None and node.kind is Node.array:
        out.made_at = node.made_at  # a slot of Tensor
    return out


def deepcopy_node(node: Node, memo: dict[int, Any]) -> Node:
    """Return `copy.deepcopy(node)`."""
    for x in operands_first(node, stop=lambda x: id(x) in memo):
        args = tuple(None if arg is None else memo[id(arg)] for arg in x.args)
        grad, notes, data, saved, kwargs = (
            deepcopy(part, memo) if part is not None and type(part) is not float else part
            for part in (x.grad, x.notes, x._data, x.saved, x.kwargs)
        )
        op = None if x.op is None else x.op.__deepcopy__(memo)
        made = type(x), data, x.level, op, args, saved, kwargs
        memo[id(x)] = out = build(grad, notes, x._stale_operand(), {}, *made)
        if attributes := attributes_of(x):  # they may refer to the node
            vars(out).update(deepcopy(attributes, memo))
    return memo[id(node)]


class NodeEntry:
    """A node in a pickle: its operands are entries too, and are unpickled as nodes."""

    __slots__ = ("__weakref__", "node")

    def __init__(self, node: Node) -> None:
        self.node = node

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        x = self.node
        args = tuple(None if arg is None else entry_of(arg) for arg in x.args)
        # Saved data that are still the operand's own are stored once.
        saved = tuple(
            () if arg is not None and arg._data is seen else (seen,)
            for arg, seen in zip(x.args, x.saved)
        )
        rest = x.grad, x.notes, x._stale_operand(), attributes_of(x)
        return restore_node, (rest, type(x), x._data, x.level, x.op, args, saved, x.kwargs)


# One entry per node for as long as a pickler refers to it: so pickles keep sharing.
_entries: WeakValueDictionary[int, NodeEntry] = WeakValueDictionary()
_lock = Lock()  # two threads may pickle one graph


def entry_of(node: Node) -> NodeEntry:
    with _lock:
        found = _entries.get(id(node))
        if found is None:
            found = _entries[id(node)] = NodeEntry(node)
        return found


def reduce_node(node: Node) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return `node.__reduce__()`."""
    return itemgetter(-1), ([entry_of(x) for x in operands_first(node)],)


def restore_node(
    rest: tuple[Any, ...],
    kind: type[Node],
    data: Data,
    level: int,
    op: Any,
    args: tuple[Node | None, ...],
    saved: tuple[tuple[Any, ...], ...],
    kwargs: Any,
) -> Node:
    """Return the node that a `NodeEntry` was."""
    seen = [s[0] if s else None if arg is None else arg._data for s, arg in zip(saved, args)]
    return build(*rest, kind, data, level, op, args, seen, kwargs)
