"""What there is to see of a graph, whatever the format: boxes, what each is made of, and the groups
that they stand in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import nan, prod
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from autograd.core.op import Data
from autograd.core.shapes import Shape
from autograd.expressions import FEW, Expression

COMMUTATIVE = {"add", "mul", "maximum", "minimum", "fmax", "fmin", "hypot", "logaddexp", ""}

Kind: TypeAlias = Literal["leaf", "constant", "step", "derivative", "group"]


@dataclass(frozen=True, slots=True)
class Array:
    """A summary of an array, all nan if it is empty, with its entries if they are few."""

    shape: Shape
    dtype: str
    low: float
    high: float
    norm: float
    entries: tuple[float, ...] = ()


Number: TypeAlias = float | Array


@dataclass(frozen=True, slots=True)
class Box:
    """One node: a leaf, a constant, a step of the computation or of its derivative, or a group
    drawn as one node.

    `operands` are the boxes that a step was computed from, by id, in order, and as often as it
    uses them; a constant that has no box stands there itself. `formula` says how it was computed,
    with symbols for the positions of operands. `slopes` are the derivatives of the step by each of
    them: `None` where there is none to show.
    """

    id: str
    kind: Kind
    value: Number | None  # a group has its only result's, and none if it has several
    gradient: Number | None = None
    keeps_grad: bool = True  # a backward pass leaves a gradient here
    differentiated: bool = True  # there is a gradient to tell of, or that there is none
    label: str = ""  # the node's, or the parameter's or the group's name
    name: str = ""  # the label made unique, or a letter with a number; "" for bare numbers
    op: str = ""
    formula: Expression | None = field(default=None, compare=False)
    operands: tuple[str | Number, ...] = ()
    slopes: tuple[Number | None, ...] = ()
    root: bool = False
    group: str = ""  # the id of the innermost group that it stands in; "" outside of all
    notes: tuple[str, ...] = ()  # of a group: "12 nodes"
    times: int = 1  # how many equal groups this one represents

    @property
    def is_bare_number(self) -> bool:
        """A constant that goes by its value, having no other name."""
        bare = self.kind == "constant" and not self.label and not self.root
        return bare and is_single(self.value)


class Edge(NamedTuple):
    """`source` is the operand number `argument` of `target`."""

    source: str
    target: str
    argument: int


@dataclass(frozen=True, slots=True)
class Group:
    """A named part of the computation: the boxes that say so, and the groups whose parent it is."""

    id: str
    name: str
    parent: str = ""  # the id of the group around it; "" outside of all


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes in the order of the computation: a snapshot, which later changes leave alone."""

    boxes: tuple[Box, ...]
    groups: tuple[Group, ...] = ()  # each after its parent

    @property
    def ordered(self) -> frozenset[str]:
        """The boxes whose two operands can't be exchanged, as those of a difference."""
        return frozenset(
            box.id for box in self.boxes if len(box.operands) == 2 and box.op not in COMMUTATIVE
        )

    @property
    def edges(self) -> Iterator[Edge]:
        """One for each use of a box: `x * x` has two."""
        for box in self.boxes:
            for i, operand in enumerate(box.operands):
                if isinstance(operand, str):
                    yield Edge(operand, box.id, i)


def number(data: Data) -> Number:
    """The number itself; of an array what is shown of it."""
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
    """Whether this is one number, rather than several or none."""
    return isinstance(x, float) or (x is not None and prod(x.shape) == 1)
