"""A traced function as a list of lines, made as short as arithmetic exactly allows."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd.core import kernels, pytree, rules
from autograd.core.node import NO_KWARGS, Node, Op

from .syntax import COMMUTATIVE, CONDITIONS
from .trace import Symbol, Trace


class Line:
    """One number: an input, a constant, or `op` of earlier lines.

    `rule` names the operation whose derivative rule wrote it down.
    """

    __slots__ = ("args", "constant", "kwargs", "label", "op", "rule")

    def __init__(
        self,
        op: Op | None = None,
        args: tuple[int, ...] = (),
        kwargs: Mapping[str, Any] = NO_KWARGS,
        constant: float | bool | None = None,
        label: str | None = None,
        rule: str | None = None,
    ) -> None:
        self.op, self.args, self.kwargs = op, args, kwargs
        self.constant, self.label, self.rule = constant, label, rule

    @property
    def is_condition(self) -> bool:
        return isinstance(self.constant, bool) or (
            self.op is not None and self.op.forward in CONDITIONS
        )


class Program:
    """Lines, each after those that it uses, and which of them are asked for.

    Equal operations on equal operands are one line, what is constant is computed, and what changes
    no bit (x * 1, x - 0, x / 1, -(-x), x**1) is left out. Whole powers up to the cube become
    products, which differ from `pow` by a unit in the last place at most.
    """

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.known: dict[Any, int] = {}

    @classmethod
    def of(cls, trace: Trace, inputs: Iterable[Symbol], outputs: Sequence[Any]) -> Program:
        """The lines that the outputs, symbols or constants, are made of."""
        program = cls()
        place: dict[int, int] = {}
        for x in inputs:
            place[x.index] = program.input(x.label)
        needed = reachable(outputs)
        for x in trace.symbols:
            if x.index not in needed or x.index in place:
                continue
            origin = trace.origins[x.index]
            rule = origin.op.name if origin is not None and origin.op is not None else None
            assert x.op is not None
            args = tuple(
                place[arg.index] if isinstance(arg, Symbol) else program.constant(c)
                for arg, c in zip(x.args, x.saved)
            )
            i = program.apply(x.op, args, x.kwargs, rule)
            place[x.index] = i
            line = program.lines[i]
            if x.label and line.label is None and line.op is not None:
                line.label = x.label
        program.outputs = [
            place[x.index] if isinstance(x, Symbol) else program.constant(x) for x in outputs
        ]
        return program

    def add(self, line: Line) -> int:
        self.lines.append(line)
        return len(self.lines) - 1

    def input(self, label: str | None = None) -> int:
        self.inputs.append(self.add(Line(label=label)))
        return self.inputs[-1]

    def constant(self, x: float | bool) -> int:
        key = (bool, x) if isinstance(x, bool) else (float, float(x).hex())
        if key not in self.known:
            self.known[key] = self.add(Line(constant=x if isinstance(x, bool) else float(x)))
        return self.known[key]

    def apply(
        self,
        op: Op,
        args: tuple[int, ...],
        kwargs: Mapping[str, Any] = NO_KWARGS,
        rule: str | None = None,
    ) -> int:
        """The line for an operation: a new one, unless there is one that has the same number."""
        shorter = self.shorter(op, args, rule)
        if shorter is not None:
            return shorter
        constants = [self.lines[i].constant for i in args]
        if None not in constants:
            with np.errstate(all="ignore"):
                x = op.forward(*constants, **kwargs)
            return self.constant(bool(x) if isinstance(x, (bool, np.bool_)) else float(x))
        same = tuple(sorted(args)) if op.forward in COMMUTATIVE else args
        key = (op.forward, same, options_key(kwargs))
        if key not in self.known:
            self.known[key] = self.add(Line(op, args, kwargs, rule=rule))
        return self.known[key]

    def shorter(self, op: Op, args: tuple[int, ...], rule: str | None) -> int | None:
        """A line that has the same bits as this operation, with fewer operations."""
        forward = op.forward
        if forward is rules.alias.forward:
            return args[0]
        if forward is rules.where.forward:
            chosen = self.lines[args[0]].constant
            if chosen is not None:
                return args[1] if chosen else args[2]
            return args[1] if args[1] == args[2] else None
        if forward is operator.neg:
            return self.negated(args[0])
        if len(args) != 2 or any(self.lines[i].is_condition for i in args):
            return None
        x, y = args
        if forward is operator.add:
            found = self.added(x, y, rule)
            return self.added(y, x, rule) if found is None else found
        if forward is operator.sub:
            return self.subtracted(x, y, rule)
        if forward is operator.mul:
            found = self.scaled(x, y, rule)
            found = self.scaled(y, x, rule) if found is None else found
            return self.outside(op, args, rule) if found is None else found
        if forward is kernels.divide:
            return x if self.is_constant(y, 1.0) else self.outside(op, args, rule)
        if forward is kernels.power:
            return self.power(x, self.lines[y].constant, rule)
        return None

    def is_constant(self, i: int, x: float) -> bool:
        """Whether a line is this number, with its sign."""
        constant = self.lines[i].constant
        return type(constant) is float and constant.hex() == x.hex()

    def negated(self, i: int) -> int | None:
        """What a line is the negative of."""
        op = self.lines[i].op
        return self.lines[i].args[0] if op is not None and op.forward is operator.neg else None

    def added(self, x: int, y: int, rule: str | None) -> int | None:
        """The sum of x and what is -0 or a negative."""
        if self.is_constant(y, -0.0):
            return x
        inner = self.negated(y)
        return None if inner is None else self.apply(rules.sub, (x, inner), rule=rule)

    def subtracted(self, x: int, y: int, rule: str | None) -> int | None:
        """What is left of x less 0 or a negative."""
        if self.is_constant(y, 0.0):
            return x
        inner = self.negated(y)
        return None if inner is None else self.apply(rules.add, (x, inner), rule=rule)

    def scaled(self, factor: int, x: int, rule: str | None) -> int | None:
        """The product of 1 or -1 and x."""
        if self.is_constant(factor, 1.0):
            return x
        return self.apply(rules.neg, (x,), rule=rule) if self.is_constant(factor, -1.0) else None

    def outside(self, op: Op, args: tuple[int, ...], rule: str | None) -> int | None:
        """A product or a quotient with the sign taken out: -x * y as -(x * y)."""
        inner = [self.negated(i) for i in args]
        if inner == [None, None]:
            return None
        bare = tuple(i if j is None else j for i, j in zip(args, inner))
        size = self.apply(op, bare, rule=rule)
        return self.apply(rules.neg, (size,), rule=rule) if None in inner else size

    def power(self, x: int, exponent: float | None, rule: str | None) -> int | None:
        """A whole power of x as products."""
        if exponent == 0.0:
            return self.constant(1.0)
        if exponent == 1.0:
            return x
        if exponent == -1.0:
            return self.apply(rules.div, (self.constant(1.0), x), rule=rule)
        if exponent in (2.0, 3.0):
            square = self.apply(rules.mul, (x, x), rule=rule)
            return square if exponent == 2.0 else self.apply(rules.mul, (square, x), rule=rule)
        return None

    def live(self) -> list[int]:
        """The lines that the outputs need, inputs included, in order."""
        needed = bytearray(len(self.lines))
        for i in self.outputs:
            needed[i] = True
        for i in range(len(self.lines) - 1, -1, -1):
            if needed[i]:
                for j in self.lines[i].args:
                    needed[j] = True
        return [i for i, wanted in enumerate(needed) if wanted]

    def run(self, inputs: Sequence[Any], labelled: bool = False) -> list[Any]:
        """The outputs, computed line by line as recording would: on floats, arrays or nodes.

        `labelled` gives nodes the labels of their lines.
        """
        numbers: dict[int, Any] = dict(zip(self.inputs, inputs))
        for i in self.live():
            line = self.lines[i]
            if line.op is not None:
                x = line.op(*(numbers[j] for j in line.args), **line.kwargs)
                if labelled and isinstance(x, Node):
                    x.label = line.label
                numbers[i] = x
            elif i not in numbers:
                numbers[i] = line.constant
        return [numbers[i] for i in self.outputs]


def options_key(options: Mapping[str, Any]) -> Any:
    """A key that differs for 1 and 1.0, and for 0.0 and -0.0, and is equal for nan and nan."""
    return tuple(sorted((name, repr(x)) for name, x in options.items()))


def reachable(outputs: Iterable[Any]) -> set[int]:
    """The places of the symbols that these are made of."""
    found: set[int] = set()
    stack = [x for x in pytree.leaves(list(outputs)) if isinstance(x, Symbol)]
    while stack:
        x = stack.pop()
        if x.index not in found:
            found.add(x.index)
            stack += [arg for arg in x.args if isinstance(arg, Symbol)]
    return found
