"""Copying and pickling nodes and graphs, without recursion: a node after its operands.

`copy.deepcopy` and `pickle` walk along references, and a chain of a million operations is deeper
than Python's stack. Here a node hands them its whole graph as a list, operands first, so that each
entry refers only to entries before it. Both keep sharing: what two nodes have in common is, in one
call, copied or pickled once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from .backward import operands_first
from .changes import memory_of
from .node import NO_KWARGS, Node, arrays_of, make, stale_operand
from .op import Data


def copy_node(node: Node) -> Node:
    """`Node.__copy__`: another node of the same class, with the same data, history and gradient.

    Of a leaf it is another leaf over the same memory. Either can get other data, another gradient
    and another label then, without the other one.
    """
    out = make(type(node), node._data, node.level, node.op, node.args, node.saved, node.kwargs)
    out.grad, out.notes = node.grad, copy(node.notes)
    if node.op is not None and node.kind is Node.array:
        out.made_at = node.made_at  # a slot of Tensor
    set_attributes(out, attributes_of(node))
    return out


def attributes_of(node: Node) -> Mapping[str, Any]:
    """What a subclass of `Value` or `Tensor` that a user writes has in addition."""
    return getattr(node, "__dict__", NO_KWARGS)


def set_attributes(node: Node, attributes: Mapping[str, Any]) -> None:
    if attributes:
        vars(node).update(attributes)


def keep_stale(out: Node, i: int | None) -> None:
    """Let a copy say what the original does: that its i-th operand was changed in place."""
    if i is not None:
        memory_of(arrays_of(out)[i])
        out.made_at = -1  # before all that is known of this memory


def deepcopy_node(node: Node, memo: dict[int, Any]) -> Node:
    """`Node.__deepcopy__`."""
    for x in operands_first(node, stop=lambda x: id(x) in memo):
        args = tuple(None if arg is None else memo[id(arg)] for arg in x.args)
        parts: list[Any] = [
            deepcopy(part, memo) if part is not None and type(part) is not float else part
            for part in (x._data, x.saved, x.kwargs, x.grad, x.notes)
        ]
        data, saved, kwargs, grad, notes = parts
        op = None if x.op is None else x.op.__deepcopy__(memo)
        memo[id(x)] = out = make(type(x), data, x.level, op, args, saved, kwargs)
        out.grad, out.notes = grad, notes
        keep_stale(out, stale_operand(x))
        if attributes := attributes_of(x):
            set_attributes(out, deepcopy(attributes, memo))
    return memo[id(node)]


class Entry:
    """A node as it stands in a pickle: operands are entries too, and come out as nodes."""

    __slots__ = ("__weakref__", "node")

    def __init__(self, node: Node) -> None:
        self.node = node

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        x = self.node
        args = tuple(None if arg is None else entry_of(arg) for arg in x.args)
        # What was saved is the operand's own data, unless that was changed since.
        saved = tuple(
            () if arg is not None and arg._data is seen else (seen,)
            for arg, seen in zip(x.args, x.saved)
        )
        return restore_node, (
            type(x), x._data, x.level, x.op, args, saved, x.kwargs, x.grad, x.notes,
            attributes_of(x), stale_operand(x),
        )  # fmt: skip


# One entry per node for as long as a pickler remembers it: that is how pickles keep sharing.
_entries: WeakValueDictionary[int, Entry] = WeakValueDictionary()
_lock = Lock()  # two threads may pickle one graph


def entry_of(node: Node) -> Entry:
    with _lock:
        found = _entries.get(id(node))
        if found is None:
            found = _entries[id(node)] = Entry(node)
        return found


def reduce_node(node: Node) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """`Node.__reduce__`."""
    return last, ([entry_of(x) for x in operands_first(node)],)


def last(nodes: list[Node]) -> Node:
    return nodes[-1]


def restore_node(
    kind: type[Node],
    data: Data,
    level: int,
    op: Any,
    args: tuple[Node | None, ...],
    saved: tuple[tuple[Any, ...], ...],
    kwargs: Any,
    grad: Any,
    notes: Any,
    attributes: Mapping[str, Any] = NO_KWARGS,
    stale: int | None = None,
) -> Node:
    """The node that an `Entry` was."""
    seen = tuple(
        s[0] if s else arg._data if arg is not None else None for s, arg in zip(saved, args)
    )
    node = make(kind, data, level, op, args, seen, kwargs)
    node.grad, node.notes = grad, notes
    set_attributes(node, attributes)
    keep_stale(node, stale)
    return node
