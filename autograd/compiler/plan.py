"""Plans of vectorized programs: which array holds which lines, and the statements in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autograd.core.op import Op

from .array_functions import array_function, takes_out
from .names import Names, option_text
from .vectorize import COLUMN, COMBINE, DOT, GATHER, LEAST, NUMBER, REDUCED, TOTAL, Vectorized

TAKEN = """vector flags array part empty empty_flags matmul dot vecdot total add whole blocked
reduced first last start stop step n inf nan""".split()
"""Names in the source that no line can have."""


@dataclass(eq=False, slots=True)
class Register:
    """An array with a row for each line of a family, or, `single`, one line by itself."""

    name: str
    kind: int
    rows: int
    single: bool = False
    condition: bool = False


class Statement(NamedTuple):
    """One array computed: as an expression, and as calls that write into an array `{out}`."""

    register: Register
    expression: str
    calls: tuple[str, ...] = ()  # empty: it can't
    reads: tuple[Register, ...] = ()
    in_place: bool = False  # whether `out` may be one of the arrays that it reads


class Registers:
    """The arrays of a vectorized program, and lines as text that reads from them.

    Args:
        vectorized: the program.
        names: of the arrays, and of everything else in the source.
        space: the constants and functions that the source uses, by name.
    """

    def __init__(self, vectorized: Vectorized, names: Names, space: dict[str, Any]) -> None:
        self.vectorized, self.names, self.space = vectorized, names, space
        self.lines = vectorized.program.lines
        self.homes: dict[int, tuple[Register, int]] = {}  # of lines: the array and the row
        self.singles: dict[int, Register] = {}  # inputs used by themselves
        self.wanted: set[Register] = set()  # arrays of inputs that are used
        # What was read since the last statement, in order: a program is always written the same.
        self.reads: dict[Register, None] = {}
        self.numbers = self.new("w", NUMBER, self.inputs(NUMBER))
        self.groups = self.column_groups()
        self.stacks = [self.new(self.stem(group), COLUMN, group) for group in self.groups]

    def inputs(self, kind: int) -> list[int]:
        v = self.vectorized
        return [i for i in v.positions if v.kind(i) == kind]

    def column_groups(self) -> list[list[int]]:
        """Return the lines of columns that came in one list, for each list."""
        v = self.vectorized
        groups = [[v.program.inputs[k] for k in group] for group in v.groups if len(group) > 1]
        return [group for group in groups if all(v.kind(i) == COLUMN for i in group)]

    def stem(self, lines: Sequence[int]) -> str:
        """Return a name for several lines: the beginning of their labels."""
        label = self.lines[lines[0]].label or ""
        return label.rstrip("0123456789_") or "t"

    def new(
        self, name: str | None, kind: int, lines: Sequence[int], condition: bool = False
    ) -> Register:
        """Return a register with a row for each of these lines."""
        register = Register(self.names.new(name), kind, len(lines), condition=condition)
        for row, i in enumerate(lines):
            self.homes[i] = register, row
        return register

    def read(self, register: Register) -> None:
        self.reads[register] = None
        self.wanted.add(register)

    def single(self, i: int) -> str:
        """Return one line as text: a scalar, or one column."""
        line = self.lines[i]
        if i == self.vectorized.count:
            return "n"
        if i in self.vectorized.positions:
            if i not in self.singles:
                name = self.names.new(line.label or "x")
                self.singles[i] = Register(name, self.vectorized.kind(i), 1, single=True)
            self.reads[self.singles[i]] = None
            return self.singles[i].name
        if line.op is None:
            x = line.constant
            if isinstance(x, float) and x - x != 0.0:
                self.space[repr(x).strip("-")] = abs(x)
            return repr(x)
        register, row = self.homes[i]
        self.read(register)
        return register.name if register.single else f"{register.name}[{row}]"

    # Several lines as one array.

    def constant(self, array: Any) -> str:
        name = self.names.new("constant")
        self.space[name] = array
        return name

    def common(self, lines: Sequence[int]) -> tuple[Register | None, list[int]]:
        """Return the register that all lines are rows of, if there is one, and the rows."""
        homes = [self.homes[i] for i in lines if i in self.homes]
        if len(homes) < len(lines) or any(h[0] is not homes[0][0] or h[0].single for h in homes):
            return None, []
        return homes[0][0], [row for _, row in homes]

    def is_view(self, lines: Sequence[int]) -> bool:
        """Whether several columns are one array without a copy."""
        if len(set(lines)) == 1:
            return True
        register, rows = self.common(lines)
        return register is not None and as_slice(rows) is not None

    def rows(self, lines: Sequence[int]) -> str:
        """Return several lines as an array with a row for each; one row if all are the same."""
        if len(set(lines)) == 1:
            return self.single(lines[0])
        register, rows = self.common(lines)
        if register is None:
            texts = ", ".join(map(self.single, lines))
            return f"{self.constructor(lines[0])}([{texts}])"
        self.read(register)
        cut = as_slice(rows)
        if cut is None:
            return f"{register.name}[{self.constant(np.array(rows))}]"
        whole = cut == f"0:{register.rows}"
        return register.name if whole else f"{register.name}[{cut}]"

    def constructor(self, i: int) -> str:
        if self.lines[i].is_condition:
            return "flags"
        return "array" if self.vectorized.kind(i) == COLUMN else "vector"

    # Keys that lines are sorted by.

    def origin(self, i: int) -> tuple[int, str]:
        """Return a key of the array that a line is a row of."""
        home = self.homes.get(i)
        return (0, home[0].name) if home and not home[0].single else (1, str(i))

    def row(self, i: int) -> int:
        return self.homes[i][1] if i in self.homes else 0


class Plan:
    """The statements of a vectorized program, family by family.

    Args:
        vectorized: the program.
        dtype: of all columns.
        wide: whether columns are so long that to copy one costs more than to call NumPy.
    """

    def __init__(self, vectorized: Vectorized, dtype: Any, wide: bool) -> None:
        self.vectorized, self.dtype, self.wide = vectorized, dtype, wide
        self.lines = vectorized.program.lines
        self.names = Names(TAKEN)
        self.functions: dict[tuple[Op, bool], str] = {}
        self.space: dict[str, Any] = {
            "vector": lambda xs: np.array(xs, dtype),
            "flags": np.array,
            "array": np.array,
            "total": np.add.reduce,
            "matmul": np.matmul,
            "vecdot": np.vecdot,
            "dot": np.dot,
            "add": np.add,
        }
        self.registers = Registers(vectorized, self.names, self.space)
        self.stages: tuple[list[Statement], list[Statement], list[Statement]] = ([], [], [])
        self.contractions: list[Statement] = []
        self.hoisted: dict[str, Register] = {}
        self.multiplies = False  # whether there are matrix products
        for kind, family in vectorized.families():
            self.family(kind, family)

    def family(self, kind: int, lines: list[int]) -> None:
        op = self.lines[lines[0]].op
        self.multiplies |= op is COMBINE or op is DOT
        if op is COMBINE:
            self.combine(lines)
        elif op is DOT:
            self.dots(lines)
        elif op is TOTAL:
            self.totals(lines)
        elif op is GATHER:
            args = sorted(self.lines[lines[0]].args, key=lambda j: (self.registers.row(j), j))
            self.emit(lines, kind, f"total({self.registers.rows(args)})")
        else:
            for group in self.grouped(lines):
                if len(group) > 1 and self.at_once(kind, group):
                    self.elementwise(kind, group)
                else:
                    for i in group:
                        self.elementwise(kind, [i])

    def grouped(self, lines: list[int]) -> list[list[int]]:
        """Return lines in groups that read from the same arrays, in the order of the rows read."""
        groups: dict[Any, list[int]] = {}
        rows = {i: [self.registers.row(j) for j in self.lines[i].args] for i in lines}
        for i in sorted(lines):
            homes = [self.registers.homes.get(j) for j in self.lines[i].args]
            key = tuple(h[0].name if h and not h[0].single else "" for h in homes)
            groups.setdefault(key, []).append(i)
        return [sorted(group, key=lambda i: (rows[i], i)) for group in groups.values()]

    def at_once(self, kind: int, lines: list[int]) -> bool:
        """Whether to compute these lines in one array."""
        if kind != COLUMN:
            return len(lines) >= LEAST
        if len(lines) >= LEAST and not self.wide:
            return True
        slots = zip(*(self.lines[i].args for i in lines))
        return all(self.vectorized.kind(s[0]) != COLUMN or self.registers.is_view(s) for s in slots)

    def emit(
        self, lines: Sequence[int], kind: int, expression: str, calls: tuple[str, ...] = ()
    ) -> Register:
        """Add a statement that computes these lines, in rows."""
        first = self.lines[lines[0]]
        name = self.registers.stem(lines) if len(lines) > 1 and first.label else first.label
        register = self.registers.new(name, kind, lines, first.is_condition)
        register.single = len(lines) == 1
        reads = tuple(self.registers.reads)
        statement = Statement(register, expression, calls, reads, first.op is not COMBINE)
        contracts = first.op in (DOT, TOTAL)
        (self.contractions if contracts else self.stages[kind]).append(statement)
        self.registers.reads = {}
        return register

    def elementwise(self, kind: int, lines: list[int]) -> None:
        first = self.lines[lines[0]]
        assert first.op is not None
        operands = []
        for slot in zip(*(self.lines[i].args for i in lines)):
            if len(lines) == 1 or len(set(slot)) == 1:
                operands.append(self.registers.single(slot[0]))
            elif kind == COLUMN and self.vectorized.kind(slot[0]) != COLUMN:
                operands.append(self.beside_columns(slot))
            else:
                operands.append(self.registers.rows(slot))
        name = self.function(first.op, kind != COLUMN and len(lines) == 1)
        call = f"{name}({', '.join(operands)}"
        if first.kwargs:
            options = "".join(option_text(*option) for option in first.kwargs.items())
            self.emit(lines, kind, f"{call}{options})")
        else:
            calls = (f"{call}, out={{out}})",) if takes_out(self.space[name]) else ()
            self.emit(lines, kind, f"{call})", calls)

    def function(self, op: Op, single: bool) -> str:
        """Return the name of the function for an operation on arrays, or on a `single` number."""
        if (op, single) not in self.functions:
            name = self.functions[op, single] = self.names.new(op.name)
            self.space[name] = op.forward if single else array_function(op, self.dtype)
        return self.functions[op, single]

    def combine(self, lines: list[int]) -> None:
        """Add sums of the same columns times numbers: a matrix times a stack of columns."""
        sums, registers = self.vectorized.sums, self.registers
        columns = sums[lines[0]].columns
        place = {j: (registers.origin(j), registers.row(j)) for j in columns}
        order = sorted(range(len(columns)), key=lambda k: place[columns[k]])
        columns = tuple(columns[k] for k in order)
        numbers = {i: tuple(sums[i].numbers[k] for k in order) for i in lines}
        lines = sorted(lines, key=lambda i: (registers.row(numbers[i][0]), i))
        matrix = self.matrix([numbers[i] for i in lines])
        if len(set(columns)) > 1:
            stack = registers.rows(columns)
        else:
            stack = f"array([{', '.join(map(registers.single, columns))}])"
        expression, calls = f"{matrix} @ {stack}", [f"matmul({matrix}, {stack}, out={{out}})"]
        bias = [b for i in lines if (b := sums[i].bias) is not None]
        if bias:
            text = self.beside_columns(bias)
            expression = f"add({expression}, {text})"
            calls.append(f"add({{out}}, {text}, out={{out}})")
        self.emit(lines, COLUMN, expression, tuple(calls))

    # Sums over all examples.

    def dots(self, lines: list[int]) -> None:
        """Add sums of products of columns; of two arrays all pairs, if most are needed."""
        groups: dict[Any, list[tuple[int, int, int]]] = {}
        row, rows = self.registers.row, self.registers.rows
        for i in lines:
            pair = [(self.registers.origin(j), j) for j in self.lines[i].args]
            (a, x), (b, y) = sorted(pair, key=lambda p: p[0])
            groups.setdefault((a, b), []).append((i, x, y))
        for group in groups.values():
            left, right = ({t[k]: None for t in group} for k in (1, 2))
            if 2 * len(group) >= len(left) * len(right):
                self.grid(group, sorted(left, key=row), sorted(right, key=row))
            elif len(group) >= LEAST:
                group = sorted(group, key=lambda t: (row(t[1]), row(t[2])))
                sums, *sides = zip(*group)
                self.emit(sums, REDUCED, f"vecdot({', '.join(map(rows, sides))})")
            else:
                for i, x, y in group:
                    self.grid([(i, x, y)], [x], [y])

    def grid(self, group: list[tuple[int, int, int]], left: list[int], right: list[int]) -> None:
        """Add the products of all columns on the left with all on the right."""
        x, y = map(self.registers.rows, (left, right))
        if len(left) > 1 and len(right) > 1:
            text = f"({x} @ {y}.T).reshape(-1)"
        elif len(left) == len(right):
            text = f"dot({x}, {y})"
        else:
            text = f"{x} @ {y}" if len(left) > len(right) else f"{y} @ {x}"
        found = {(a, b): i for i, a, b in group}
        order = [found.get((a, b)) for a in left for b in right]
        register = self.emit([i for i in order if i is not None], REDUCED, text)
        register.rows = len(order)
        for row, line in enumerate(order):
            if line is not None:
                self.registers.homes[line] = register, row

    def totals(self, lines: list[int]) -> None:
        """Add sums of columns."""
        groups: dict[Any, list[int]] = {}
        for i in lines:
            groups.setdefault(self.registers.origin(self.lines[i].args[0]), []).append(i)
        for group in groups.values():
            group = sorted(group, key=lambda i: self.registers.row(self.lines[i].args[0]))
            columns = [self.lines[i].args[0] for i in group]
            self.emit(group, REDUCED, f"total({self.registers.rows(columns)}, axis=-1)")

    # Numbers beside columns.

    def hoist(self, text: str) -> str:
        """Return a name for an array of single numbers, computed once and before all blocks."""
        if text not in self.hoisted:
            register = Register(self.names.new("numbers"), NUMBER, 1, single=True)
            self.hoisted[text] = register
            self.stages[NUMBER].append(Statement(register, text))
        self.registers.reads[self.hoisted[text]] = None
        return self.hoisted[text].name

    def beside_columns(self, lines: Sequence[int]) -> str:
        """Return single numbers, one for each row of an array of columns."""
        if len(set(lines)) == 1:
            return self.registers.single(lines[0])
        return self.hoist(f"{self.registers.rows(lines)}[:, None]")

    def matrix(self, lines: list[tuple[int, ...]]) -> str:
        """Return single numbers as a matrix, or, of one row, as a vector."""
        m, k = len(lines), len(lines[0])
        flat = [i for row in lines for i in row]
        shape = f".reshape({m}, {k})" if m > 1 else ""
        registers = self.registers
        if all(self.lines[i].constant is not None for i in flat):
            values = np.array([self.lines[i].constant for i in flat], self.dtype)
            return registers.constant(values.reshape(m, k) if m > 1 else values)
        register, rows = registers.common(flat)
        if register is None:
            if len(set(flat)) > 1:
                return self.hoist(f"{registers.rows(flat)}{shape}")
            return self.hoist(f"vector([{registers.single(flat[0])}] * {m * k}){shape}")
        registers.read(register)
        if cut := as_slice(rows):
            whole = not shape and len(rows) == register.rows
            return register.name if whole else self.hoist(f"{register.name}[{cut}]{shape}")
        if cut := as_slice([rows[i * k + j] for j in range(k) for i in range(m)]):
            return self.hoist(f"{register.name}[{cut}].reshape({k}, {m}).T")
        index = np.array(rows).reshape(m, k) if m > 1 else np.array(rows)
        return self.hoist(f"{register.name}[{registers.constant(index)}]")


def as_slice(rows: Sequence[int]) -> str | None:
    """Return two rows or more as a slice, if they are evenly spaced and ascend.

    >>> as_slice([1, 2, 3]), as_slice([0, 2, 4]), as_slice([0, 1, 3]), as_slice([2, 1])
    ('1:4', '0:5:2', None, None)
    """
    step = rows[1] - rows[0]
    if step < 1 or any(b - a != step for a, b in zip(rows, rows[1:])):
        return None
    return f"{rows[0]}:{rows[-1] + 1}" + (f":{step}" if step != 1 else "")
