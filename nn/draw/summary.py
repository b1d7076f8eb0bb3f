"""What a model is made of, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from autograd import no_grad
from autograd.core.arguments import dtype_of, instance_of, integers
from autograd.core.shapes import Shape, shape_of
from nn.module import Module, evaluation, inner_modules, own_parameters, watching
from nn.train.evaluation import mover


@dataclass(frozen=True)
class Row:
    """One call of one module."""

    name: str
    kind: str
    output_shape: Shape
    parameters: int
    multiply_adds: int


@dataclass(frozen=True, repr=False)
class Summary:
    """Layers in the order in which they are used. Printed, it is a table."""

    rows: list[Row]
    parameters: int
    multiply_adds: int

    def __repr__(self) -> str:
        head = ("layer", "output", "parameters", "multiply-adds")
        body = [
            (
                f"{r.name}: {r.kind}",
                str(r.output_shape),
                f"{r.parameters:,}",
                f"{r.multiply_adds:,}",
            )
            for r in self.rows
        ]
        total = ("total", "", f"{self.parameters:,}", f"{self.multiply_adds:,}")
        widths = [max(map(len, column)) for column in zip(head, *body, total)]
        lines = [
            f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d:>{widths[3]}}"
            for a, b, c, d in (head, *body, total)
        ]
        return "\n".join(line.rstrip() for line in lines)


def summary(model: Module, input_shape: Shape, dtype: Any = np.float32) -> Summary:
    """Run `model` once on zeros and tell its layers' output shapes, parameters and arithmetic.

    >>> import nn
    >>> summary(nn.MLP(784, [128, 10]), (1, 784))
    layer      output    parameters  multiply-adds
    0: Linear  (1, 128)     100,480        100,352
    1: ReLU    (1, 128)           0              0
    2: Linear  (1, 10)        1,290          1,280
    total                   101,770        101,632

    Args:
        model: evaluated as it stands, without dropout.
        input_shape: of one input, the batch in front.
        dtype: of the input.
    """
    instance_of("model", model, Module)
    input_shape = integers("input_shape", input_shape, at_least=0)
    dtype = dtype_of("dtype", dtype, "biuf")
    rows: list[Row] = []
    counted: set[int] = set()
    leaves = dict(reversed(list(leaves_of("", model, ()))))  # a shared one under its first name

    def note(module: Module, args: tuple[Any, ...], out: Any) -> None:
        if id(module) not in leaves:
            return
        name, above = leaves[id(module)]
        own = [p for p in own_parameters(module, above) if id(p) not in counted]
        counted.update(map(id, own))
        size = sum(math.prod(shape_of(p)) for p in own)
        work = module.multiply_adds(shape_of(args[0]), shape_of(out))
        rows.append(Row(name, type(module).__name__, shape_of(out), size, work))

    with evaluation(), no_grad(), watching(note):
        x, move = np.zeros(input_shape, dtype), mover(model)
        model(x if move is None else move(x))
    return Summary(
        rows,
        sum(math.prod(shape_of(p)) for p in model.parameters()),
        sum(row.multiply_adds for row in rows),
    )


Leaf: TypeAlias = "tuple[int, tuple[str, tuple[Module, ...]]]"  # its id; name, and what is around


def leaves_of(name: str, module: Module, above: tuple[Module, ...]) -> Iterator[Leaf]:
    """The modules that no others are in."""
    inner = inner_modules(module, above)
    if not inner:
        yield id(module), (name, above)
    for child_name, child in inner:
        dotted = f"{name}.{child_name}" if name else child_name
        yield from leaves_of(dotted, child, (*above, module))
