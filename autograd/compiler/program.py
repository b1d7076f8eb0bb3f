"""Programs: straight-line lists of operations on single numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd.core.node import NO_KWARGS, Node
from autograd.core.op import Op


class Line:
    """One number: an input, a constant, or `op` of earlier lines.

    `rule` names the operation whose derivative rule recorded it.
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
        return isinstance(self.constant, bool) or (self.op is not None and self.op.boolean)


class Program:
    """Lines, each after its operands, and which of them are inputs and outputs."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.known: dict[Any, int] = {}  # the line of each constant and of each operation

    def copy(self) -> Program:
        program = Program()
        program.lines, program.known = list(self.lines), dict(self.known)
        program.inputs, program.outputs = list(self.inputs), list(self.outputs)
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

    def operation(
        self, op: Op, args: tuple[int, ...], kwargs: Mapping[str, Any], rule: str | None
    ) -> int:
        """Return the line for an operation: a constant, an earlier equal one, or a new one."""
        constants = [self.lines[i].constant for i in args]
        if None not in constants:
            with np.errstate(all="ignore"):
                x = op.forward(*constants, **kwargs)
            return self.constant(bool(x) if isinstance(x, (bool, np.bool_)) else float(x))
        same = tuple(sorted(args)) if op.commutes else args
        key = (op, same, options_key(kwargs))
        if key not in self.known:
            self.known[key] = self.add(Line(op, args, kwargs, rule=rule))
        return self.known[key]

    def is_constant(self, i: int, x: float) -> bool:
        """Whether a line is this number, with its sign."""
        constant = self.lines[i].constant
        return type(constant) is float and constant.hex() == x.hex()

    def live(self) -> list[int]:
        """Return the lines that the outputs need, in order: each must come after its operands."""
        needed = bytearray(len(self.lines))
        for i in self.outputs:
            needed[i] = True
        for i in range(len(needed) - 1, -1, -1):
            if needed[i]:
                for j in self.lines[i].args:
                    needed[j] = True
        return [i for i, wanted in enumerate(needed) if wanted]

    def sorted_lines(self) -> list[int]:
        """Return the lines that the outputs need, sorted: each after its operands."""
        order: list[int] = []
        seen: set[int] = set()
        stack = [(i, False) for i in reversed(self.outputs)]
        while stack:
            i, ready = stack.pop()
            if ready:
                order.append(i)
            elif i not in seen:
                seen.add(i)
                stack.append((i, True))
                stack += [(j, False) for j in self.lines[i].args if j not in seen]
        return order

    def uses(self) -> dict[int, int]:
        """Return how often each line that is needed is used, by others and as an output."""
        uses = dict.fromkeys(self.live(), 0)
        for i in uses:
            for j in self.lines[i].args:
                uses[j] += 1
        for i in self.outputs:
            uses[i] += 1
        return uses

    def run(self, inputs: Sequence[Any], labelled: bool = False) -> list[Any]:
        """Return the outputs, computed line by line, on floats, arrays or nodes.

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
    """Return a key that differs for 1 and 1.0, and for 0.0 and -0.0, and is one for all nan."""
    return tuple(sorted((name, repr(x)) for name, x in options.items()))
