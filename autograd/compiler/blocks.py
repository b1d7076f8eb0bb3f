"""Rolled programs as NumPy source, and how they are run: at once, or block by block.

Columns that are longer than the cache are gone through in blocks, into a few arrays that are used
again and again: each number is fetched from memory once, however long the expression.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from autograd import numerics, rules
from autograd.node import Data, Op

from .roll import COLUMN, COMBINE, DOT, GATHER, LEAST, NUMBER, REDUCED, TOTAL, Roll
from .spelling import SPELLINGS
from .write import Names, function_for, identifier, number, plain_option

CACHE = 1 << 21  # bytes of all arrays of a block: they stay in the cache, and calls are few
PARALLEL = 1 << 18  # examples from which on a second thread pays
CORES = os.cpu_count() or 1
SHORTEST = 1024  # numbers in a block at least: each call of NumPy should be worth it
INDENT = "    "

UFUNCS: dict[Callable[..., Any], str] = {
    operator.add: "add",
    operator.sub: "subtract",
    operator.mul: "multiply",
    numerics.divide: "divide",
    numerics.mod: "remainder",
    numerics.floor_divide: "floor_divide",
    operator.neg: "negative",
    operator.abs: "absolute",
    operator.eq: "equal",
    operator.ne: "not_equal",
    operator.lt: "less",
    operator.le: "less_equal",
    operator.gt: "greater",
    operator.ge: "greater_equal",
    operator.and_: "logical_and",
    operator.or_: "logical_or",
}
"""NumPy's functions for operations that are written otherwise: they can write into an array that is
there already, as most that are called by name can.
"""

OWN = [
    "vector",
    "flags",
    "array",
    "part",
    "empty",
    "empty_flags",
    "matmul",
    "dot",
    "vecdot",
    "total",
    "whole",
    "blocked",
    "reduced",
    "first",
    "last",
]
"""Further functions that are called by name."""

UNSAFE = {numerics.divide, numerics.mod, numerics.floor_divide}
"""Operators that raise on floats where IEEE has an answer."""


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
    calls: tuple[str, ...]  # empty: it can't
    reads: tuple[Register, ...]
    in_place: bool  # whether `out` may be one of the arrays that it reads


class Piece(NamedTuple):
    """Where an output is found: in which of the returned arrays, and in which row of it."""

    place: int
    row: int | None
    kind: int
    taken: bool  # whether the array is the caller's, or another output too


class Blocks:
    """Writes a rolled program as a function of the inputs' data, and runs it.

    Args:
        roll: the program.
        dtype: of all columns.
        wide: whether columns are so long that to copy one costs more than to call NumPy.
    """

    def __init__(self, roll: Roll, dtype: Any, wide: bool) -> None:
        self.roll, self.dtype, self.wide = roll, dtype, wide
        self.lines = roll.program.lines
        self.names = Names(["start", "stop", "step", "n", *UFUNCS.values(), *OWN])
        self.own: dict[Callable[..., Data], str] = {}
        self.space: dict[str, Any] = {
            "__builtins__": {"range": range, "min": min, "abs": abs},
            "vector": lambda xs: np.array(xs, dtype),
            "flags": np.array,
            "array": np.array,
            "part": part,
            "total": np.add.reduce,
            "where": where_of(dtype),
            "empty": lambda rows, step: np.empty((rows, step) if rows > 1 else step, dtype),
            "empty_flags": lambda rows, step: np.empty((rows, step) if rows > 1 else step, bool),
        }
        self.homes: dict[int, tuple[Register, int]] = {}
        self.singles: dict[int, Register] = {}  # inputs taken by themselves
        self.stages: tuple[list[Statement], list[Statement], list[Statement]] = ([], [], [])
        self.contractions: list[Statement] = []
        self.hoisted: dict[str, Register] = {}
        self.reads: dict[Register, None] = {}  # in order: the same program is written the same
        self.numbers = self.place("w", NUMBER, self.inputs(NUMBER))
        self.blocks = [
            self.place(self.stem(group), COLUMN, group) for group in self.column_groups()
        ]
        self.wanted: set[Register] = set()  # of these: what is used as a whole
        for kind, family in roll.families():
            self.family(kind, family)
        self.finish()

    # Inputs.

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

    def place(
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

    def hoist(self, text: str, name: str = "numbers") -> str:
        """A name for an array of single numbers, computed once and before all blocks."""
        if text not in self.hoisted:
            register = Register(self.names.new(name), NUMBER, 1, single=True)
            self.hoisted[text] = register
            self.stages[NUMBER].append(Statement(register, text, (), (), False))
        self.reads[self.hoisted[text]] = None
        return self.hoisted[text].name

    def beside_columns(self, lines: Sequence[int]) -> str:
        """Single numbers, one for each row of an array of columns."""
        if len(set(lines)) == 1:
            return self.single(lines[0])
        return self.hoist(f"{self.bracketed(self.rows(lines))}[:, None]")

    @staticmethod
    def bracketed(text: str) -> str:
        return text if text.isidentifier() or text.endswith((")", "]")) else f"({text})"

    def matrix(self, lines: list[tuple[int, ...]]) -> str:
        """Single numbers as a matrix, or, of one row, as a vector."""
        m, k = len(lines), len(lines[0])
        flat = [i for row in lines for i in row]
        shape = f".reshape({m}, {k})" if m > 1 else ""
        if all(self.lines[i].op is None and i not in self.homes for i in flat):
            values = np.array([self.lines[i].constant for i in flat], self.dtype)
            return self.constant(values.reshape(m, k) if m > 1 else values)
        register, rows = self.together(flat)
        if register is not None:
            across = [rows[i * k + j] for j in range(k) for i in range(m)]
            cut = as_slice(rows) or as_slice(across)
            self.read(register)
            if cut is None:
                index = self.constant(np.array(rows).reshape(m, k) if m > 1 else np.array(rows))
                return self.hoist(f"{register.name}[{index}]")
            if as_slice(rows) is None:
                shape = f".reshape({k}, {m}).T"
            if not shape and len(rows) == register.rows:
                return register.name
            return self.hoist(f"{register.name}[{written(cut)}]{shape}")
        text = (
            self.rows(flat) if len(set(flat)) > 1 else f"vector([{self.single(flat[0])}] * {m * k})"
        )
        return self.hoist(f"{text}{shape}")

    # Families.

    def family(self, kind: int, lines: list[int]) -> None:
        op = self.lines[lines[0]].op
        if op is COMBINE:
            self.combine(lines)
        elif op is DOT:
            self.dots(lines)
        elif op is TOTAL:
            self.totals(lines)
        elif op is GATHER:
            self.emit(lines, kind, f"total({self.in_any_order(lines[0])})")
        else:
            for group in self.alike(kind, lines):
                if len(group) > 1 and self.at_once(kind, group):
                    self.elementwise(kind, group)
                else:
                    for i in group:
                        self.elementwise(kind, [i])

    def alike(self, kind: int, lines: list[int]) -> list[list[int]]:
        """Lines whose operands are rows of the same arrays, in the order of these rows."""
        groups: dict[Any, list[int]] = {}
        for i in lines:
            places = [self.homes.get(j) for j in self.lines[i].args]
            key = tuple(h[0].name if h and not h[0].single else "" for h in places)
            groups.setdefault(key, []).append(i)
        return [self.arranged(group) for group in groups.values()]

    def at_once(self, kind: int, lines: list[int]) -> bool:
        """Whether to compute these lines in one array."""
        if kind != COLUMN:
            return len(lines) >= LEAST
        if len(lines) >= LEAST and not self.wide:
            return True
        slots = zip(*(self.lines[i].args for i in lines))
        return all(self.roll.kind(s[0]) != COLUMN or self.free(s) for s in slots)

    def arranged(self, lines: list[int]) -> list[int]:
        """The lines in the order of their operands' rows, to find these in one piece."""
        rows = {i: [self.row(j) for j in self.lines[i].args] for i in lines}
        return sorted(lines, key=lambda i: (rows[i], i))

    def emit(
        self, lines: Sequence[int], kind: int, expression: str, calls: tuple[str, ...] = ()
    ) -> Register:
        """A statement that computes these lines, in rows."""
        first = self.lines[lines[0]]
        name = self.stem(lines) if len(lines) > 1 and first.label else first.label
        condition = first.is_condition
        register = self.place(name, kind, lines, condition)
        register.single = len(lines) == 1
        in_place = first.op is not COMBINE
        statement = Statement(register, expression, calls, tuple(self.reads), in_place)
        inside = first.op in (DOT, TOTAL)
        (self.contractions if inside else self.stages[kind]).append(statement)
        self.reads = {}
        return register

    def elementwise(self, kind: int, lines: list[int]) -> None:
        first = self.lines[lines[0]]
        op = first.op
        assert op is not None
        operands = []
        for slot in zip(*(self.lines[i].args for i in lines)):
            if len(lines) == 1 or len(set(slot)) == 1:
                operands.append(self.single(slot[0]))
            elif kind == COLUMN and self.roll.kind(slot[0]) != COLUMN:
                operands.append(self.beside_columns(slot))
            else:
                operands.append(self.rows(slot))
        options = "".join(f", {identifier(k)}={plain_option(x)}" for k, x in first.kwargs.items())
        alone = kind != COLUMN and len(lines) == 1
        self.emit(lines, kind, self.expression(op, operands, options, alone),
                  self.calls(op, operands, options))  # fmt: skip

    def expression(self, op: Op, operands: list[str], options: str, alone: bool) -> str:
        """The operation on arrays, or, `alone`, on a plain float."""
        spelling = SPELLINGS.get(op.forward)
        if spelling and spelling.name is None and not (alone and op.forward in UNSAFE):
            wrapped = (x if self.is_atom(x) else f"({x})" for x in operands)
            return spelling.text.format(*wrapped)
        return f"{self.function(op, alone)}({', '.join(operands)}{options})"

    @staticmethod
    def is_atom(text: str) -> bool:
        """Whether the text holds together: a name, a number, a call or an index."""
        return (
            text[0] not in "-("
            and " " not in text.split("(", maxsplit=1)[0].split("[", maxsplit=1)[0]
        )

    def function(self, op: Op, alone: bool) -> str:
        """The name of the function for an operation."""
        spelling = SPELLINGS.get(op.forward)
        if spelling is None or alone:
            if op.forward not in self.own:
                name = self.own[op.forward] = self.names.new(f"float_{op.name}")
                self.space[name] = op.forward if spelling else elementwise_only(op)
            return self.own[op.forward]
        assert spelling.name is not None
        # NumPy's own pow() is slow where `**` knows a short cut.
        power = spelling.name == "pow"
        function = operator.pow if power else function_for(spelling.name, "numpy")
        self.space.setdefault(spelling.name, function)
        return spelling.name

    def calls(self, op: Op, operands: list[str], options: str) -> tuple[str, ...]:
        """The operation as a call that writes into an array."""
        spelling = SPELLINGS.get(op.forward)
        name = UFUNCS.get(op.forward) or (spelling.name if spelling else None)
        if name in (None, "pow") or options:
            return ()
        if op.forward is not rules.relu.forward:
            if not isinstance(getattr(np, name, None), np.ufunc):
                return ()
            self.space[name] = getattr(np, name)
        return (f"{name}({', '.join(operands)}, out={{out}})",)

    def in_any_order(self, i: int) -> str:
        """The numbers that line `i` is the sum of."""
        return self.rows(sorted(self.lines[i].args, key=lambda j: (self.row(j), j)))

    def combine(self, lines: list[int]) -> None:
        """Sums of the same columns, times numbers: a matrix times a stack of columns."""
        sums = self.roll.sums
        columns = sums[lines[0]].columns
        order = sorted(
            range(len(columns)), key=lambda k: (self.origin(columns[k]), self.row(columns[k]))
        )
        columns = tuple(columns[k] for k in order)
        numbers = {i: tuple(sums[i].numbers[k] for k in order) for i in lines}
        lines = sorted(lines, key=lambda i: (self.row(numbers[i][0]), i))
        matrix = self.matrix([numbers[i] for i in lines])
        stack = self.rows(columns) if len(set(columns)) > 1 else self.stacked(columns)
        self.space["matmul"] = np.matmul
        expression, calls = f"{matrix} @ {stack}", [f"matmul({matrix}, {stack}, out={{out}})"]
        bias = [b for i in lines if (b := sums[i].bias) is not None]
        if bias:
            text = self.beside_columns(bias)
            expression += f" + {text if self.is_atom(text) else f'({text})'}"
            self.space["add"] = np.add
            calls.append(f"add({{out}}, {text}, out={{out}})")
        self.emit(lines, COLUMN, expression, tuple(calls))

    def stacked(self, columns: Sequence[int]) -> str:
        return f"array([{', '.join(self.single(i) for i in columns)}])"

    # Sums over all examples.

    def dots(self, lines: list[int]) -> None:
        """Sums of products of columns: of whole arrays with whole arrays, where most are needed."""
        groups: dict[Any, list[tuple[int, int, int]]] = {}
        for i in lines:
            pair = [(self.origin(j), j) for j in self.lines[i].args]
            (a, x), (b, y) = sorted(pair, key=lambda p: p[0])
            groups.setdefault((a, b), []).append((i, x, y))
        for group in groups.values():
            left, right = ({t[k]: None for t in group} for k in (1, 2))
            if 2 * len(group) >= len(left) * len(right):
                self.grid(group, sorted(left, key=self.row), sorted(right, key=self.row))
            elif len(group) >= LEAST:
                group = sorted(group, key=lambda t: (self.row(t[1]), self.row(t[2])))
                self.space["vecdot"] = np.vecdot
                pairs = ", ".join(self.rows([t[k] for t in group]) for k in (1, 2))
                self.emit([t[0] for t in group], REDUCED, f"vecdot({pairs})")
            else:
                for i, x, y in group:
                    self.grid([(i, x, y)], [x], [y])

    def origin(self, i: int) -> tuple[int, str]:
        """What tells the arrays apart that lines are rows of."""
        home = self.homes.get(i)
        return (0, home[0].name) if home and not home[0].single else (1, str(i))

    def row(self, i: int) -> int:
        return self.homes[i][1] if i in self.homes else 0

    def grid(self, group: list[tuple[int, int, int]], left: list[int], right: list[int]) -> None:
        """The products of all columns on the left with all on the right."""
        x, y = (self.bracketed(self.rows(side)) for side in (left, right))
        found = {(a, b): i for i, a, b in group}
        if len(left) == 1 or len(right) == 1:
            self.space["dot"] = np.dot
            text = f"dot({x}, {y})" if len(left) == len(right) else f"{y} @ {x}"
            text = f"{x} @ {y}" if len(left) > len(right) else text
        else:
            text = f"({x} @ {y}.T).reshape(-1)"
        order = [found.get((a, b)) for a in left for b in right]
        present = [i for i in order if i is not None]
        register = self.emit(present, REDUCED, text)
        register.rows = len(order)
        for row, i in enumerate(order):
            if i is not None:
                self.homes[i] = register, row

    def totals(self, lines: list[int]) -> None:
        """Sums of columns."""
        groups: dict[Any, list[int]] = {}
        for i in lines:
            groups.setdefault(self.origin(self.lines[i].args[0]), []).append(i)
        for group in groups.values():
            group = sorted(group, key=lambda i: self.row(self.lines[i].args[0]))
            columns = [self.lines[i].args[0] for i in group]
            self.emit(group, REDUCED, f"total({self.rows(columns)}, axis=-1)")

    # The function.

    def finish(self) -> None:
        """Find the outputs, write the function and compile it."""
        self.pieces: list[Piece] = []
        self.returned: list[str] = []
        self.outs: list[tuple[str, int]] = []  # columns that are asked for: their text, their line
        seen: dict[str, int] = {}
        for i in self.roll.program.outputs:
            kind = self.roll.kind(i)
            home = self.homes.get(i) if i not in self.roll.positions else None
            text = home[0].name if home and kind != COLUMN else self.single(i)
            row = home[1] if home and kind != COLUMN and not home[0].single else None
            taken = i in self.roll.positions or (kind == COLUMN and text in seen)
            if kind == COLUMN and text not in seen:
                self.outs.append((text, i))
            if text not in seen:
                seen[text] = len(self.returned)
                self.returned.append(text)
            self.pieces.append(Piece(seen[text], row, kind, taken))
        ops = {line.op for line in map(self.lines.__getitem__, self.homes) if line.op}
        self.multiplies = bool(ops & {COMBINE, DOT})
        self.out_names = [self.names.new("out") for _ in self.outs]
        positions = self.roll.positions
        self.takes_numbers = self.numbers in self.wanted
        self.number_positions = [positions[i] for i in self.inputs(NUMBER)]
        self.single_numbers = sorted(i for i in self.singles if self.roll.kind(i) == NUMBER)
        self.single_columns = sorted(i for i in self.singles if self.roll.kind(i) == COLUMN)
        self.arguments = [self.numbers.name] if self.takes_numbers else []
        self.arguments += [self.singles[i].name for i in self.single_numbers]
        self.column_names = [self.singles[i].name for i in self.single_columns]
        self.groups = []
        for group, block in zip(self.column_groups(), self.blocks):
            if block in self.wanted:
                self.groups.append([positions[i] for i in group])
                self.column_names.append(block.name)
        rows = sum(self.inner[1].values()) + len(self.outs) + sum(map(len, self.groups))
        rows += len(self.single_columns)
        size = CACHE // (self.dtype.itemsize * max(rows, 1))
        self.step = max(SHORTEST, size)

    @cached_property
    def at_one_go(self) -> Callable[..., Any]:
        return self.compiled(self.text(), "whole")

    @cached_property
    def by_blocks(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        text = self.blocked_text()
        return self.compiled(text, "blocked"), self.compiled(text, "reduced")

    def compiled(self, text: str, name: str) -> Callable[..., Any]:
        exec(compile(text, f"<compiled {name}>", "exec"), self.space)  # written above
        made: Callable[..., Any] = self.space[name]
        return made

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
        outs = [np.empty(n, bool if self.lines[i].is_condition else self.dtype)
                for _, i in self.outs]  # fmt: skip
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
        if n < PARALLEL or CORES < 2 or self.multiplies:
            return list(through(0, n))
        middle = -(-n // (2 * self.step)) * self.step
        context = copy_context()  # it has how floating-point errors are to be dealt with
        with ThreadPoolExecutor(1) as second:
            rest = second.submit(context.run, through, middle, n)
            first = through(0, middle)
            return [x + y for x, y in zip(first, rest.result())]

    def text(self) -> str:
        """The function, for columns that are short."""
        body = [s for stage in (self.stages[NUMBER], self.stages[COLUMN], self.contractions,
                                self.stages[REDUCED]) for s in stage]  # fmt: skip
        lines = [f"{s.register.name} = {s.expression}" for s in body]
        lines.append(f"return {listed(self.returned)}")
        return function("whole", [*self.arguments, *self.column_names, "n"], lines)

    def blocked_text(self) -> str:
        """The functions that go through columns block by block, and that make something of sums."""
        inner, buffers, flags = self.inner
        before = [f"{s.register.name} = {s.expression}" for s in self.stages[NUMBER]]
        lines = list(before)
        for name, rows in buffers.items():
            lines.append(f"{name} = empty{'_flags' if name in flags else ''}({rows}, step)")
        sums = [s.register.name for s in self.contractions]
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
        after = [f"{s.register.name} = {s.expression}" for s in self.stages[REDUCED]]
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
        statements = [*self.stages[COLUMN], *self.contractions]
        last = {r: k for k, s in enumerate(statements) for r in s.reads}
        asked = {text: out for (text, _), out in zip(self.outs, self.out_names)}
        kept = {self.homes[i][0] for _, i in self.outs if i in self.homes}
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
                free.append(self.names.new("buffer"))
                buffers[free[0]] = r.rows
                flags.update(free if r.condition else ())
            given[r] = free.pop()
            return given[r]

        for k, s in enumerate(statements):
            if s.in_place:
                release(k, s)
            name = s.register.name
            if s in self.contractions:
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


def elementwise_only(op: Op) -> Callable[..., Data]:
    """The forward function of somebody's own primitive, held to work entry by entry."""

    def forward(*operands: Data, **options: Any) -> Data:
        out = op.forward(*operands, **options)
        wanted = np.broadcast_shapes(*map(np.shape, operands))
        if np.shape(out) != wanted:
            raise ValueError(
                f"{op.name} made shape {np.shape(out)} of {wanted}; a primitive of single numbers "
                "must work entry by entry on arrays"
            )
        return out

    return forward


def listed(names: Sequence[str]) -> str:
    """A tuple of these names."""
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def function(name: str, arguments: Sequence[str], lines: Sequence[str]) -> str:
    return f"def {name}({', '.join(arguments)}):\n" + "".join(f"{INDENT}{line}\n" for line in lines)


def where_of(dtype: Any) -> Callable[..., Data]:
    """NumPy's `where`, which of two plain numbers would make float64."""

    def where(condition: Data, x: Data, y: Data) -> Data:
        out: Any = np.where(condition, x, y)
        return out if out.dtype in (dtype, bool) else out.astype(dtype)

    return where


def part(columns: Any, start: int, stop: int) -> Data:
    """A block of a column, or of a list of columns, stacked."""
    if isinstance(columns, list):
        return np.array([column[start:stop] for column in columns])
    return columns[..., start:stop]


def as_slice(rows: Sequence[int]) -> slice | None:
    """The rows as a slice, if they are evenly spaced and ascend."""
    if len(rows) == 1:
        return slice(rows[0], rows[0] + 1, 1)
    step = rows[1] - rows[0]
    if step < 1 or any(b - a != step for a, b in zip(rows, rows[1:])):
        return None
    return slice(rows[0], rows[-1] + 1, step)


def written(cut: slice) -> str:
    return f"{cut.start}:{cut.stop}" + (f":{cut.step}" if cut.step != 1 else "")
