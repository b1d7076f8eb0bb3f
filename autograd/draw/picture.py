"""What a picture of a graph shows, before any format: boxes, and what each is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from ..backward import consumers_first
from ..node import Data, Node
from ..shapes import Shape

Kind: TypeAlias = Literal["leaf", "constant", "step"]


@dataclass(frozen=True, slots=True)
class Array:
    """What is shown of an array in place of its entries; of an empty one the numbers are nan."""

    shape: Shape
    dtype: str
    low: float
    high: float
    norm: float


Number: TypeAlias = float | Array


@dataclass(frozen=True, slots=True)
class Box:
    """One node: a leaf, a constant, or a step of the computation.

    `operands` are the ids of the boxes that a step is made of, in order and as often as it uses
    them; a constant that is not drawn stands there itself.
    """

    id: str
    kind: Kind
    value: Number
    gradient: Number | None = None
    keeps_grad: bool = True  # whether a backward pass leaves a gradient here
    label: str = ""
    op: str = ""
    operands: tuple[str | Number, ...] = ()
    root: bool = False


class Edge(NamedTuple):
    """`source` is the operand number `argument` of `target`."""

    source: str
    target: str
    argument: int


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes, each after all that it is made of: a snapshot, which later changes leave alone."""

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

    Without `constants`, those that have no label stand only among the operands of their users.

    Raises:
        ValueError: the graph has more than `limit` nodes.
    """
    order = consumers_first(*roots, level=0)
    if len(order) > limit:
        raise ValueError(
            f"draw() shows at most {limit} nodes, but this graph has {len(order)}; "
            f"draw a node further inside or a smaller model, or raise the limit with limit="
        )
    boxes: list[Box] = []
    ids: dict[Node | None, str] = {}
    shown = set(roots)
    for node in reversed(order):
        if not (constants or node.level or node.label or node in shown):
            continue
        operands: list[str | Number] = []
        for arg, seen in zip(node.args, node.saved):
            if arg in ids:
                operands.append(ids[arg])
            elif constants:
                operands.append(f"n{len(boxes)}")
                boxes.append(Box(f"n{len(boxes)}", "constant", number(seen)))
            else:
                operands.append(number(seen))
        ids[node] = f"n{len(boxes)}"
        boxes.append(
            Box(
                id=ids[node],
                kind="step" if node.op else "leaf" if node.level else "constant",
                value=number(node._data),
                gradient=None if node.grad is None else number(node.grad),
                keeps_grad=keeps_grad(node),
                label=node.label or "",
                op=node.op.name if node.op else "",
                operands=tuple(operands),
                root=node in shown,
            )
        )
    return Picture(tuple(boxes))


def keeps_grad(node: Node) -> bool:
    """Whether a backward pass leaves a gradient on the node."""
    return not node.op or node.keeps_grad or bool(node.notes and node.notes.retains)


def number(data: Data) -> Number:
    """A number itself; of an array what is shown of it."""
    if not hasattr(data, "dtype"):
        return float(data)
    low = high = norm = float("nan")
    if data.size:
        with np.errstate(all="ignore"):
            low, high = float(np.min(data)), float(np.max(data))
            norm = float(np.linalg.norm(np.ravel(data).astype(float)))
    return Array(tuple(data.shape), str(data.dtype), low, high, norm)
