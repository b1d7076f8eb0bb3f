"""Where the numbers of lines are: in which array, in which row of it; and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .targets.python import Names, number
from .vectorize import COLUMN, NUMBER, Roll


@dataclass(eq=False, slots=True)
class Register:
    """An array with a row for each line of a family, or, `single`, one line by itself."""

    name: str
    kind: int
    rows: int
    single: bool = False
    condition: bool = False


class Registers:
    """The arrays of a rolled program, and lines as text that reads from them.

    Args:
        roll: the program.
        names: of the arrays, and of all else in the source.
        space: what the source will find under these names.
    """

    def __init__(self, roll: Roll, names: Names, space: dict[str, Any]) -> None:
        self.roll, self.names, self.space = roll, names, space
        self.lines = roll.program.lines
        self.homes: dict[int, tuple[Register, int]] = {}
        self.singles: dict[int, Register] = {}  # inputs taken by themselves
        # What was read since the last statement, in order: a program is always written the same.
        self.reads: dict[Register, None] = {}
        self.numbers = self.new("w", NUMBER, self.inputs(NUMBER))
        self.blocks = [self.new(self.stem(group), COLUMN, group) for group in self.column_groups()]
        self.wanted: set[Register] = set()  # of these: what is used as a whole

    def inputs(self, kind: int) -> list[int]:
        roll = self.roll
        return [i for i in roll.program.inputs if roll.kind(i) == kind and i != roll.count]

    def column_groups(self) -> list[list[int]]:
        """Lists of columns that came in one list, by line."""
        roll = self.roll
        groups = [[roll.program.inputs[k] for k in group] for group in roll.groups]
        return [g for g in groups if len(g) > 1 and all(roll.kind(i) == COLUMN for i in g)]

    def stem(self, lines: Sequence[int]) -> str:
        """A name for several lines: what their labels begin with."""
        label = self.lines[lines[0]].label or ""
        return label.rstrip("0123456789_") or "t"

    def new(
        self, name: str | None, kind: int, lines: Sequence[int], condition: bool = False
    ) -> Register:
        """A register of several rows for these lines."""
        register = Register(self.names.new(name), kind, len(lines), condition=condition)
        for row, i in enumerate(lines):
            self.homes[i] = register, row
        return register

    def single(self, i: int) -> str:
        """One line as text: a scalar, or one column."""
        line = self.lines[i]
        if i == self.roll.count:
            return "n"
        if i in self.roll.positions:
            if i not in self.singles:
                name = self.names.new(line.label or "x")
                self.singles[i] = Register(name, self.roll.kind(i), 1, single=True)
            self.reads[self.singles[i]] = None
            return self.singles[i].name
        if line.op is None:
            if isinstance(line.constant, float) and line.constant - line.constant != 0.0:
                self.space[number(line.constant)[0].strip("-")] = abs(line.constant)
            return number(line.constant)[0]
        register, row = self.homes[i]
        self.read(register)
        return register.name if register.single else f"{register.name}[{row}]"

    def read(self, register: Register) -> None:
        self.reads[register] = None
        if register is self.numbers or register in self.blocks:
            self.wanted.add(register)

    # Several lines as one array.

    def constant(self, array: Any) -> str:
        name = self.names.new("constant")
        self.space[name] = array
        return name

    def together(self, lines: Sequence[int]) -> tuple[Register | None, list[int]]:
        """The register that all lines are rows of, if there is one, and the rows."""
        homes = [self.homes[i] for i in lines if i in self.homes]
        if len(homes) < len(lines) or any(h[0] is not homes[0][0] or h[0].single for h in homes):
            return None, []
        return homes[0][0], [row for _, row in homes]

    def free(self, lines: Sequence[int]) -> bool:
        """Whether several columns are one array without being copied."""
        if len(set(lines)) == 1:
            return True
        register, rows = self.together(lines)
        return register is not None and as_slice(rows) is not None

    def rows(self, lines: Sequence[int]) -> str:
        """Several lines as an array with a row for each; one row where they are all the same."""
        if len(set(lines)) == 1:
            return self.single(lines[0])
        register, rows = self.together(lines)
        if register is None:
            texts = [self.single(i) for i in lines]
            return f"{self.joiner(lines)}([{', '.join(texts)}])"
        self.read(register)
        cut = as_slice(rows)
        if cut is None:
            return f"{register.name}[{self.constant(np.array(rows))}]"
        whole = (cut.start, cut.stop, cut.step) == (0, register.rows, 1)
        return register.name if whole else f"{register.name}[{written(cut)}]"

    def joiner(self, lines: Sequence[int]) -> str:
        if self.lines[lines[0]].is_condition:
            return "flags"
        return "vector" if self.roll.kind(lines[0]) != COLUMN else "array"

    # What lines are put in order by.

    def origin(self, i: int) -> tuple[int, str]:
        """What tells the arrays apart that lines are rows of."""
        home = self.homes.get(i)
        return (0, home[0].name) if home and not home[0].single else (1, str(i))

    def row(self, i: int) -> int:
        return self.homes[i][1] if i in self.homes else 0


def as_slice(rows: Sequence[int]) -> slice | None:
    """Two rows or more as a slice, if they are evenly spaced and ascend."""
    step = rows[1] - rows[0]
    if step < 1 or any(b - a != step for a, b in zip(rows, rows[1:])):
        return None
    return slice(rows[0], rows[-1] + 1, step)


def written(cut: slice) -> str:
    return f"{cut.start}:{cut.stop}" + (f":{cut.step}" if cut.step != 1 else "")
