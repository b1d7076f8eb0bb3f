"""A description of a graph for all formats: boxes, what each shows, and the groups around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import nan, prod
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from autograd.core.op import Data
from autograd.core.shapes import Shape
from autograd.expressions import FEW, Expression

Kind: TypeAlias = Literal["leaf", "constant", "step", "derivative", "group"]


@dataclass(frozen=True, slots=True)
class Array:
    """A summary of an array, nan if it is empty, with its entries if they are few."""

    shape: Shape
    dtype: str
    low: float
    high: float
    norm: float
    entries: tuple[float, ...] = ()


Number: TypeAlias = float | Array
Operands: TypeAlias = tuple[str | Number, ...]  # ids of boxes; a constant without a box as it is


@dataclass(frozen=True, slots=True)
class Box:
    """One node: a leaf, a constant, a step of the computation or of its derivative, or a group
    that is drawn as one node.
    """

    id: str
    kind: Kind
    value: Number | None  # of a group: its result's, if it has only one
    gradient: Number | None = None
    keeps_grad: bool = True  # a backward pass leaves a gradient on the node
    differentiated: bool = True  # show the gradient, or that there is none
    label: str = ""  # the node's, or the name of the parameter or the group
    name: str = ""  # the label made unique, or a letter with a number; "" for bare numbers
    op: str = ""
    formula: Expression | None = field(default=None, compare=False)  # of a step
    operands: Operands = ()  # the formula refers to them by their positions
    ordered: bool = False  # its two operands can't be exchanged, such as those of a difference
    slopes: tuple[Number | None, ...] = ()  # the local derivatives, None where none is shown
    root: bool = False
    group: str = ""  # the id of the innermost group around it; "" outside of all
    notes: tuple[str, ...] = ()  # of a group: "12 operations"
    times: int = 1  # how many equal groups this one stands for

    @property
    def sources(self) -> list[str]:
        """The ids of the boxes that it was computed from, in order, as often as it uses them."""
        return [x for x in self.operands if isinstance(x, str)]

    @property
    def is_bare_number(self) -> bool:
        """Whether this is a constant that is called by its value."""
        bare = self.kind == "constant" and not self.label and not self.root
        return bare and is_single(self.value)


class Edge(NamedTuple):
    """`source` is the operand number `argument` of `target`."""

    source: str
    target: str
    argument: int


@dataclass(frozen=True, slots=True)
class Group:
    """A named part of the computation, around the boxes and groups that refer to its id."""

    id: str
    name: str
    parent: str = ""  # the id of the group around it; "" outside of all


@dataclass(frozen=True, slots=True)
class Picture:
    """A snapshot of a graph: boxes in the order of the computation, and their groups."""

    boxes: tuple[Box, ...]
    groups: tuple[Group, ...] = ()  # each after its parent

    @property
    def ordered(self) -> frozenset[str]:
        """The ids of the boxes whose operands keep their order."""
        return frozenset(box.id for box in self.boxes if box.ordered)

    @property
    def edges(self) -> Iterator[Edge]:
        """One edge for each use of a box: `x * x` has two."""
        for box in self.boxes:
            for i, operand in enumerate(box.operands):
                if isinstance(operand, str):
                    yield Edge(operand, box.id, i)


def number(data: Data) -> Number:
    """Return a float as it is, and the summary of an array."""
    if not hasattr(data, "dtype"):
        return float(data)
    low = high = norm = nan
    entries: tuple[float, ...] = ()
    if size := prod(data.shape):
        flat = np.ravel(data).astype(float)
        with np.errstate(all="ignore"):
            low, high = float(np.min(data)), float(np.max(data))
            norm = float(np.linalg.norm(flat))
        if size <= FEW:
            entries = tuple(map(float, flat))
    return Array(tuple(data.shape), str(data.dtype), low, high, norm, entries)


def is_single(x: Number | None) -> bool:
    """Whether `x` is exactly one number."""
    return isinstance(x, float) or (x is not None and prod(x.shape) == 1)
