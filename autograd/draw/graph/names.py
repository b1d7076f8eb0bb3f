"""The names of nodes: the same in every picture, text and page of a graph.

A node is called by its label, and a parameter by its place in its model: `0.weight`. If several
nodes have one label, they are numbered: `w#1`, `w#2`. All others get a letter and a number in the
order of the computation: `v1`, `v2` are results of operations, `x1`, `x2` leaves that take a
gradient, `c1`, `c2` constants. A constant number without a label has no name: formulas show its
value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from math import prod
from typing import Literal, TypeAlias

from autograd.core.backward import operands_first
from autograd.core.node import Node
from autograd.core.op import Data
from autograd.core.scope import leaf_names
from autograd.core.shapes import shape_of
from autograd.expressions import printable

from .picture import Picture

# A node; or a constant array without a node: the node that uses it, and its position there.
Named: TypeAlias = "Node | tuple[Node, int]"

LETTERS = {"step": "vtsr", "leaf": "xupq", "constant": "ckmn"}  # the first that no label uses


def names_of(*roots: Node) -> dict[Named, str]:
    """Return the name of each node that the roots were computed from, and of constant arrays.

    >>> from autograd import Value
    >>> x, y = Value(1.0, "x"), Value(2.0, "x")
    >>> list(names_of(x * y + 3.0 * Value(4.0)).values())
    ['x#1', 'x#2', 'v1', 'x3', 'v2', 'v3']
    """
    order, results = operands_first(*roots), set(roots)  # nodes are equal if their values are
    labels = labels_of(order)
    letters = {kind: letter_for(choice, labels.values()) for kind, choice in LETTERS.items()}
    uses = Counter(labels.values())
    repeated, counts = Counter[str](), Counter[str]()
    names: dict[Named, str] = {}

    def next_name(kind: str) -> str:
        counts[kind] += 1
        return f"{letters[kind]}{counts[kind]}"

    for node in order:
        for i, (arg, seen) in enumerate(zip(node.args, node.saved)):
            if arg is None and not is_number(seen):
                names[node, i] = next_name("constant")
        label, kind = labels.get(node, ""), kind_of(node)
        if kind == "constant" and not label and is_number(node._data) and node not in results:
            continue
        name = next_name(kind)  # counted with a label too: a new label renames no other node
        if uses[label] > 1:
            label = numbered(label, uses, repeated)
        names[node] = label or name
    return names


def kind_of(node: Node) -> Literal["step", "leaf", "constant"]:
    """Return whether a node is a step of the computation, a leaf, or a constant."""
    return "step" if node.op else "leaf" if node.level else "constant"


def is_number(data: Data) -> bool:
    """Whether `data` is a single number, in an array of any shape."""
    return prod(shape_of(data)) == 1


def labels_of(nodes: Sequence[Node]) -> dict[Node, str]:
    """Return the labels of the nodes that have one, and the names of models' parameters."""
    labels = {node: printable(node.label) for node in nodes if node.label}
    labels = {node: label for node, label in labels.items() if label.strip()}
    bare = [node for node in nodes if node.op is None and node not in labels]
    labels |= {node: node.notes.place for node in bare if node.notes and node.notes.place}
    for find in leaf_names if bare else ():
        labels |= find(bare)
    return labels


def letter_for(choice: str, labels: Iterable[str]) -> str:
    """Return the first letter of `choice` that makes no label when a number follows it."""
    taken = {label[0] for label in labels if re.fullmatch(r"[a-z]\d+", label)}
    return next((letter for letter in choice if letter not in taken), choice[0] + "_")


def numbered(label: str, taken: Container[str], counts: Counter[str]) -> str:
    """Return the label with the next number that makes a name which is not taken."""
    while True:
        counts[label] += 1
        if (name := f"{label}#{counts[label]}") not in taken:
            return name


def with_group_names(picture: Picture) -> Picture:
    """Return the picture with a name for each group that is drawn as one box."""
    taken = {box.name for box in picture.boxes if box.kind != "group"}
    uses = Counter(printable(box.label) for box in picture.boxes if box.kind == "group")
    repeated = Counter[str]()
    boxes = []
    for box in picture.boxes:
        if box.kind == "group":
            name = printable(box.label)
            if uses[name] > 1 or name in taken:
                name = numbered(name, taken, repeated)
            taken.add(name)
            box = replace(box, name=name)
        boxes.append(box)
    return Picture(tuple(boxes), picture.groups)
