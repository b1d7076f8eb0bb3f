"""What there is to see of a graph, whatever the format: boxes, and what each is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan, prod
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from autograd.backward import operands_first
from autograd.node import Data, Node
from autograd.shapes import Shape

Kind: TypeAlias = Literal["leaf", "constant", "step"]


@dataclass(frozen=True, slots=True)
class Array:
    """What is shown of an array in place of its entries: all nan if it has none."""

    shape: Shape
    dtype: str
    low: float
    high: float
    norm: float


Number: TypeAlias = float | Array


@dataclass(frozen=True, slots=True)
class Box:
    """One node: a leaf, a constant, or a step of the computation.

    `operands` are the boxes that a step was computed from, by id, in order, and as often as it
    uses them; a constant that has no box stands there itself.
    """

    id: str
    kind: Kind
    value: Number
    gradient: Number | None = None
    keeps_grad: bool = True  # a backward pass leaves a gradient here
    label: str = ""
    op: str = ""
    operands: tuple[str | Number, ...] = ()
    root: bool = False

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
class Picture:
    """Boxes in the order of the computation: a snapshot, which later changes leave alone."""

    boxes: tuple[Box, ...]

    @property
    def edges(self) -> Iterator[Edge]:
        """One for each use of a box: `x * x` has two."""
        for box in self.boxes:
            for i, operand in enumerate(box.operands):
                if isinstance(operand, str):
                    yield Edge(operand, box.id, i)


def picture_of(roots: Sequence[Node], constants: bool, limit: int) -> Picture:
    """The graph that the roots were computed by.

    Constant numbers without a label get boxes of their own only if `constants` says so.

    Raises:
        ValueError: the graph has more than `limit` nodes.
    """
    nodes = operands_first(*roots)
    if len(nodes) > limit:
        raise ValueError(
            f"draw() shows graphs of up to {limit} nodes, but this one has {len(nodes)}; draw a "
            f"smaller model or a node further inside, or ask for it all: limit={len(nodes)}"
        )
    shown = set(roots)
    boxes: list[Box] = []
    ids: dict[Node | None, str] = {}
    for node in nodes:
        operands: list[str | Number] = []
        for arg, seen in zip(node.args, node.saved):
            if arg in ids:
                operands.append(ids[arg])
                continue
            constant = Box(f"n{len(boxes)}", "constant", number(seen))
            if constants or not constant.is_bare_number:
                boxes.append(constant)
                operands.append(constant.id)
            else:
                operands.append(constant.value)
        box = Box(
            id=f"n{len(boxes)}",
            kind="step" if node.op else "leaf" if node.level else "constant",
            value=number(node._data),
            gradient=None if node.grad is None else number(node.grad),
            keeps_grad=node.leaves_grad,
            label=node.label or "",
            op=node.op.name if node.op else "",
            operands=tuple(operands),
            root=node in shown,
        )
        if constants or not box.is_bare_number:
            boxes.append(box)
            ids[node] = box.id
    return Picture(tuple(boxes))


def number(data: Data) -> Number:
    """The number itself; of an array what is shown of it."""
    if not hasattr(data, "dtype"):
        return float(data)
    low = high = norm = nan
    if prod(data.shape):
        with np.errstate(all="ignore"):
            low, high = float(np.min(data)), float(np.max(data))
            norm = float(np.linalg.norm(np.ravel(data).astype(float)))
    return Array(tuple(data.shape), str(data.dtype), low, high, norm)


def is_single(x: Number) -> bool:
    """Whether this is one number, rather than several or none."""
    return isinstance(x, float) or prod(x.shape) == 1
