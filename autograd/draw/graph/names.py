"""The names of nodes: the same in every picture, text and page of a graph.

A node is called by its label, or a parameter by its place in its model: `0.weight`. If several
nodes have one label, they are numbered: `w#1`, `w#2`. All others get a letter and a number in the
order of the computation: `v1`, `v2` are results of operations, `x1`, `x2` leaves that take a
gradient, `c1`, `c2` constants. Numbers without a name are constants: they stand in formulas
themselves.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import prod
from typing import TypeAlias

from autograd.core.backward import operands_first
from autograd.core.node import Node
from autograd.core.op import Data
from autograd.core.scope import leaf_names
from autograd.core.shapes import shape_of
from autograd.expressions import printable

from .picture import Picture

# A node; or a constant array without a node, by the node that uses it and its position there.
Named: TypeAlias = "Node | tuple[Node, int]"

LETTERS = {"step": "vtsr", "leaf": "xupq", "constant": "ckmn"}  # the first that no label uses


def names_of(*roots: Node) -> dict[Named, str]:
    """The name of each node that the roots are made of, and of each constant array.

    Constant numbers without a label have none.

    >>> from autograd import Value
    >>> x, y = Value(1.0, "x"), Value(2.0, "x")
    >>> list(names_of(x * y + 3.0 * Value(4.0)).values())
    ['x#1', 'x#2', 'v1', 'x3', 'v2', 'v3']
    """
    order = operands_first(*roots)
    labels = labels_of(order)
    letters = {kind: letter_for(choice, labels.values()) for kind, choice in LETTERS.items()}
    uses = Counter(labels.values())
    met, numbers = Counter[str](), Counter[str]()
    names: dict[Named, str] = {}

    def numbered(kind: str) -> str:
        numbers[kind] += 1
        return f"{letters[kind]}{numbers[kind]}"

    for node in order:
        for i, (arg, seen) in enumerate(zip(node.args, node.saved)):
            if arg is None and not is_number(seen):
                names[node, i] = numbered("constant")
        label = labels.get(node, "")
        kind = kind_of(node)
        if kind == "constant" and not label and is_number(node._data) and node not in roots:
            continue
        name = numbered(kind)  # labelled nodes count too, so that a new label renames no other node
        if uses[label] > 1:
            met[label] += 1
            while f"{label}#{met[label]}" in uses:  # another node has this label
                met[label] += 1
            label = f"{label}#{met[label]}"
        names[node] = label or name
    return names


def kind_of(node: Node) -> str:
    """Whether a node is a step of the computation, a leaf, or a constant."""
    return "step" if node.op else "leaf" if node.level else "constant"


def is_number(data: Data) -> bool:
    """Whether it is a single number, in an array of any shape."""
    return prod(shape_of(data)) == 1


def labels_of(nodes: Sequence[Node]) -> dict[Node, str]:
    """The labels of those nodes that have one, and the names of models' parameters."""
    labels = {node: printable(node.label) for node in nodes if node.label}
    labels = {node: label for node, label in labels.items() if label.strip()}
    bare = [node for node in nodes if node.op is None and node not in labels]
    labels |= {node: node.notes.place for node in bare if node.notes and node.notes.place}
    for find in leaf_names if bare else ():
        labels |= find(bare)
    return labels


def letter_for(choice: str, labels: Iterable[str]) -> str:
    """The first letter that is, with a number, no label of a node."""
    taken = {label[0] for label in labels if re.fullmatch(r"[a-z]\d+", label)}
    return next((letter for letter in choice if letter not in taken), choice[0] + "_")


def with_group_names(picture: Picture) -> Picture:
    """The picture with a name for each group that is one box."""
    taken = {box.name for box in picture.boxes if box.kind != "group"}
    labels = Counter(printable(box.label) for box in picture.boxes if box.kind == "group")
    met = Counter[str]()
    boxes = []
    for box in picture.boxes:
        if box.kind == "group":
            name = label = printable(box.label)
            while name in taken or (labels[label] > 1 and not met[label]):
                met[label] += 1
                name = f"{label}#{met[label]}"
            taken.add(name)
            box = replace(box, name=name)
        boxes.append(box)
    return Picture(tuple(boxes), picture.groups)
