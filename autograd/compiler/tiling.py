"""Rolled programs as NumPy source, and how they are run: at once, or block by block.

Columns that are longer than the cache are gone through in blocks, into a few arrays that are used
again and again: each number is fetched from memory once, however long the expression.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from autograd.core.node import Data

from .registers import Register
from .sandbox import defined
from .targets.numpy import Statement, Statements
from .vectorize import COLUMN, NUMBER, REDUCED

CACHE = 1 << 21  # bytes of all arrays of a block: they stay in the cache, and calls are few
PARALLEL = 1 << 18  # examples from which on a second thread pays
CORES = os.cpu_count() or 1
SHORTEST = 1024  # numbers in a block at least: each call of NumPy should be worth it
INDENT = "    "


class Piece(NamedTuple):
    """Where an output is found: in which of the returned arrays, and in which row of it."""

    place: int
    row: int | None
    kind: int
    taken: bool  # whether the array is the caller's, or another output too


class Blocks:
    """Writes statements as a function of the inputs' data, and runs it."""

    def __init__(self, statements: Statements) -> None:
        self.statements, self.registers = statements, statements.registers
        self.roll, self.dtype = statements.roll, statements.dtype
        self.find_outputs()
        self.find_arguments()
        self.space = self.statements.space | {
            "part": part,
            "empty": partial(empty, self.dtype),
            "empty_flags": partial(empty, bool),
        }
        rows = sum(self.inner[1].values()) + len(self.outs) + sum(map(len, self.groups))
        rows += len(self.single_columns)
        self.step = max(SHORTEST, CACHE // (self.dtype.itemsize * max(rows, 1)))

    def find_outputs(self) -> None:
        """What the function returns, and the outputs as pieces of that."""
        self.pieces: list[Piece] = []
        self.returned: list[str] = []
        self.outs: list[tuple[str, int]] = []  # columns that are asked for: their text, their line
        seen: dict[str, int] = {}
        roll, registers = self.roll, self.registers
        for i in roll.program.outputs:
            kind = roll.kind(i)
            home = registers.homes.get(i) if i not in roll.positions else None
            text = home[0].name if home and kind != COLUMN else registers.single(i)
            row = home[1] if home and kind != COLUMN and not home[0].single else None
            taken = i in roll.positions or (kind == COLUMN and text in seen)
            if kind == COLUMN and text not in seen:
                self.outs.append((text, i))
            if text not in seen:
                seen[text] = len(self.returned)
                self.returned.append(text)
            self.pieces.append(Piece(seen[text], row, kind, taken))
        self.out_names = [self.statements.names.new("out") for _ in self.outs]

    def find_arguments(self) -> None:
        """What the function takes: the inputs that it uses, and in which arrays."""
        roll, registers = self.roll, self.registers
        positions, singles = roll.positions, registers.singles
        self.takes_numbers = registers.numbers in registers.wanted
        self.number_positions = [positions[i] for i in registers.inputs(NUMBER)]
        self.single_numbers = sorted(i for i in singles if roll.kind(i) == NUMBER)
        self.single_columns = sorted(i for i in singles if roll.kind(i) == COLUMN)
        self.arguments = [registers.numbers.name] if self.takes_numbers else []
        self.arguments += [singles[i].name for i in self.single_numbers]
        self.column_names = [singles[i].name for i in self.single_columns]
        self.groups = []
        for group, block in zip(registers.column_groups(), registers.blocks):
            if block in registers.wanted:
                self.groups.append([positions[i] for i in group])
                self.column_names.append(block.name)

    # As source.

    def text(self) -> str:
        """The function, for columns that are short."""
        before, during, after = self.statements.stages
        body = [*before, *during, *self.statements.contractions, *after]
        lines = [f"{s.register.name} = {s.expression}" for s in body]
        lines.append(f"return {listed(self.returned)}")
        return function("whole", [*self.arguments, *self.column_names, "n"], lines)

    def blocked_text(self) -> str:
        """The functions that go through columns block by block, and that make something of sums."""
        inner, buffers, flags = self.inner
        before = [f"{s.register.name} = {s.expression}" for s in self.statements.stages[NUMBER]]
        lines = list(before)
        for name, rows in buffers.items():
            lines.append(f"{name} = empty{'_flags' if name in flags else ''}({rows}, step)")
        sums = [s.register.name for s in self.statements.contractions]
        lines += [f"{name} = 0.0" for name in sums]
        lines.append("for start in range(first, last, step):")
        loop = ["stop = min(start + step, last)"]
        if buffers:
            loop.append("if stop - start < step:")
            loop += [f"{INDENT}{name} = {name}[..., :stop - start]" for name in buffers]
        loop += [f"{name} = part({name}_, start, stop)" for name in self.column_names]
        loop += [f"{name} = {name}_[start:stop]" for name in self.out_names]
        lines += [f"{INDENT}{line}" for line in loop + inner]
        lines.append(f"return {listed(sums)}")
        columns = [f"{name}_" for name in self.column_names]
        outs = [f"{name}_" for name in self.out_names]
        after = [f"{s.register.name} = {s.expression}" for s in self.statements.stages[REDUCED]]
        places = {text: name for (text, _), name in zip(self.outs, outs)}
        after.append(f"return {listed([places.get(text, text) for text in self.returned])}")
        return function(
            "blocked", [*self.arguments, *columns, "first", "last", "step", "n", *outs], lines
        ) + function("reduced", [*self.arguments, *sums, "n", *outs], before + after)

    @cached_property
    def inner(self) -> tuple[list[str], dict[str, int], set[str]]:
        """What is done for each block, and the arrays that it is done in: their rows, and which
        are of conditions.
        """
        statements = [*self.statements.stages[COLUMN], *self.statements.contractions]
        last = {r: k for k, s in enumerate(statements) for r in s.reads}
        asked = {text: out for (text, _), out in zip(self.outs, self.out_names)}
        kept = {self.registers.homes[i][0] for _, i in self.outs if i in self.registers.homes}
        given: dict[Register, str] = {}
        spare: dict[tuple[int, bool], list[str]] = {}
        buffers: dict[str, int] = {}
        flags: set[str] = set()
        lines: list[str] = []

        def release(k: int, statement: Statement) -> None:
            """Take back the arrays that nothing reads from now on."""
            for r in statement.reads:
                if r in given and last[r] == k and r not in kept:
                    spare[r.rows, r.condition].append(given.pop(r))

        def array_for(r: Register) -> str:
            """An array to compute in: one that is asked for, one that is free, or a new one."""
            if r.single and r.name in asked:
                return asked.pop(r.name)
            free = spare.setdefault((r.rows, r.condition), [])
            if not free:
                free.append(self.statements.names.new("buffer"))
                buffers[free[0]] = r.rows
                flags.update(free if r.condition else ())
            given[r] = free.pop()
            return given[r]

        for k, s in enumerate(statements):
            if s.in_place:
                release(k, s)
            name = s.register.name
            if s in self.statements.contractions:
                lines.append(f"{name} = {name} + {s.expression}")
            elif not s.calls:
                lines.append(f"{name} = {s.expression}")
            else:
                out = array_for(s.register)
                lines += [f"{name} = {call.format(out=out)}" for call in s.calls]
            if not s.in_place:
                release(k, s)
        lines += [f"{out}[...] = {text}" for text, out in asked.items()]
        return lines, buffers, flags

    # How it is run.

    @cached_property
    def at_one_go(self) -> Callable[..., Any]:
        return self.compiled(self.text(), "whole")

    @cached_property
    def by_blocks(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        text = self.blocked_text()
        return self.compiled(text, "blocked"), self.compiled(text, "reduced")

    def compiled(self, text: str, name: str) -> Callable[..., Any]:
        return defined(name, text, self.space, (range, min, abs, float))

    def run(self, leaves: Sequence[Any], n: int) -> Sequence[Any]:
        """The arrays that outputs are pieces of.

        Args:
            leaves: of each input a float, or a column: (n,).
            n: the number of examples.
        """
        positions = self.roll.positions
        numbers: list[Any] = []
        if self.takes_numbers:
            numbers.append(np.array([leaves[k] for k in self.number_positions], self.dtype))
        numbers += [leaves[positions[i]] for i in self.single_numbers]
        short = n <= self.step
        columns = [leaves[positions[i]] for i in self.single_columns]
        for group in self.groups:
            stack = [leaves[k] for k in group]
            columns.append(np.array(stack) if short else stack)
        if short:
            return self.at_one_go(*numbers, *columns, n)
        lines = self.roll.program.lines
        outs = [np.empty(n, bool if lines[i].is_condition else self.dtype) for _, i in self.outs]
        blocked, reduced = self.by_blocks

        def through(start: int, stop: int) -> Any:
            return blocked(*numbers, *columns, start, stop, self.step, n, *outs)

        sums = self.in_threads(through, n)
        return reduced(*numbers, *sums, n, *outs)

    def in_threads(self, through: Callable[[int, int], Any], n: int) -> list[Any]:
        """The sums over all blocks, in two threads if there is much to do: NumPy lets go of the
        interpreter while it computes. Matrix products have threads of their own already, and
        twice as many take five times as long.
        """
        if n < PARALLEL or CORES < 2 or self.statements.multiplies:
            return list(through(0, n))
        middle = -(-n // (2 * self.step)) * self.step
        context = copy_context()  # it has how floating-point errors are to be dealt with
        with ThreadPoolExecutor(1) as second:
            try:
                rest = second.submit(context.run, through, middle, n)
            except RuntimeError:  # Python in a browser and in WASI can start no thread
                return list(through(0, n))
            first = through(0, middle)
            return [x + y for x, y in zip(first, rest.result())]


def listed(names: Sequence[str]) -> str:
    """A tuple of these names."""
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def function(name: str, arguments: Sequence[str], lines: Sequence[str]) -> str:
    return f"def {name}({', '.join(arguments)}):\n" + "".join(f"{INDENT}{line}\n" for line in lines)


def empty(dtype: Any, rows: int, step: int) -> Data:
    return np.empty((rows, step) if rows > 1 else step, dtype)


def part(columns: Any, start: int, stop: int) -> Data:
    """A block of a column, or of a list of columns, stacked."""
    if isinstance(columns, list):
        return np.array([column[start:stop] for column in columns])
    return columns[..., start:stop]
