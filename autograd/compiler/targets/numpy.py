"""Families of lines as statements of NumPy: each computes one array."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.compiler.registers import Register, Registers, as_slice, written
from autograd.compiler.syntax import SPELLINGS
from autograd.compiler.vectorize import (
    COLUMN,
    COMBINE,
    DOT,
    GATHER,
    LEAST,
    NUMBER,
    REDUCED,
    TOTAL,
    Roll,
)
from autograd.core import kernels, rules
from autograd.core.node import Data, Op

from .python import Names, function_for, identifier, plain_option

UFUNCS: dict[Callable[..., Any], str] = {
    operator.add: "add",
    operator.sub: "subtract",
    operator.mul: "multiply",
    kernels.divide: "divide",
    kernels.mod: "remainder",
    kernels.floor_divide: "floor_divide",
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

TAKEN = [
    *UFUNCS.values(),
    *"vector flags array part empty empty_flags matmul dot vecdot total".split(),
    *"whole blocked reduced first last start stop step n".split(),
]
"""Names in the source that no line can have."""

UNSAFE = {kernels.divide, kernels.mod, kernels.floor_divide}
"""Operators that raise on floats where IEEE has an answer."""


class Statement(NamedTuple):
    """One array computed: as an expression, and as calls that write into an array `{out}`."""

    register: Register
    expression: str
    calls: tuple[str, ...]  # empty: it can't
    reads: tuple[Register, ...]
    in_place: bool  # whether `out` may be one of the arrays that it reads


class Statements:
    """A rolled program, written family by family.

    Args:
        roll: the program.
        dtype: of all columns.
        wide: whether columns are so long that to copy one costs more than to call NumPy.
    """

    def __init__(self, roll: Roll, dtype: Any, wide: bool) -> None:
        self.roll, self.dtype, self.wide = roll, dtype, wide
        self.lines = roll.program.lines
        self.names = Names(TAKEN)
        self.own: dict[Callable[..., Data], str] = {}
        self.space: dict[str, Any] = {
            "vector": lambda xs: np.array(xs, dtype),
            "flags": np.array,
            "array": np.array,
            "total": np.add.reduce,
            "where": where_of(dtype),
        }
        self.registers = Registers(roll, self.names, self.space)
        self.stages: tuple[list[Statement], list[Statement], list[Statement]] = ([], [], [])
        self.contractions: list[Statement] = []
        self.hoisted: dict[str, Register] = {}
        for kind, family in roll.families():
            self.family(kind, family)
        ops = {line.op for line in map(self.lines.__getitem__, self.registers.homes) if line.op}
        self.multiplies = bool(ops & {COMBINE, DOT})

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
            places = [self.registers.homes.get(j) for j in self.lines[i].args]
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
        return all(self.roll.kind(s[0]) != COLUMN or self.registers.free(s) for s in slots)

    def arranged(self, lines: list[int]) -> list[int]:
        """The lines in the order of their operands' rows, to find these in one piece."""
        rows = {i: [self.registers.row(j) for j in self.lines[i].args] for i in lines}
        return sorted(lines, key=lambda i: (rows[i], i))

    def emit(
        self, lines: Sequence[int], kind: int, expression: str, calls: tuple[str, ...] = ()
    ) -> Register:
        """A statement that computes these lines, in rows."""
        first = self.lines[lines[0]]
        name = self.registers.stem(lines) if len(lines) > 1 and first.label else first.label
        condition = first.is_condition
        register = self.registers.new(name, kind, lines, condition)
        register.single = len(lines) == 1
        in_place = first.op is not COMBINE
        statement = Statement(register, expression, calls, tuple(self.registers.reads), in_place)
        inside = first.op in (DOT, TOTAL)
        (self.contractions if inside else self.stages[kind]).append(statement)
        self.registers.reads = {}
        return register

    def elementwise(self, kind: int, lines: list[int]) -> None:
        first = self.lines[lines[0]]
        op = first.op
        assert op is not None
        operands = []
        for slot in zip(*(self.lines[i].args for i in lines)):
            if len(lines) == 1 or len(set(slot)) == 1:
                operands.append(self.registers.single(slot[0]))
            elif kind == COLUMN and self.roll.kind(slot[0]) != COLUMN:
                operands.append(self.beside_columns(slot))
            else:
                operands.append(self.registers.rows(slot))
        options = "".join(f", {identifier(k)}={plain_option(x)}" for k, x in first.kwargs.items())
        alone = kind != COLUMN and len(lines) == 1
        self.emit(lines, kind, self.expression(op, operands, options, alone),
                  self.calls(op, operands, options))  # fmt: skip

    def expression(self, op: Op, operands: list[str], options: str, alone: bool) -> str:
        """The operation on arrays, or, `alone`, on a plain float."""
        spelling = SPELLINGS.get(op.forward)
        if spelling and spelling.name is None and not (alone and op.forward in UNSAFE):
            wrapped = (x if is_atom(x) else f"({x})" for x in operands)
            return spelling.text.format(*wrapped)
        return f"{self.function(op, alone)}({', '.join(operands)}{options})"

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
        row = self.registers.row
        return self.registers.rows(sorted(self.lines[i].args, key=lambda j: (row(j), j)))

    def combine(self, lines: list[int]) -> None:
        """Sums of the same columns, times numbers: a matrix times a stack of columns."""
        sums, origin, row = self.roll.sums, self.registers.origin, self.registers.row
        columns = sums[lines[0]].columns
        order = sorted(range(len(columns)), key=lambda k: (origin(columns[k]), row(columns[k])))
        columns = tuple(columns[k] for k in order)
        numbers = {i: tuple(sums[i].numbers[k] for k in order) for i in lines}
        lines = sorted(lines, key=lambda i: (row(numbers[i][0]), i))
        matrix = self.matrix([numbers[i] for i in lines])
        stack = self.registers.rows(columns) if len(set(columns)) > 1 else self.stacked(columns)
        self.space["matmul"] = np.matmul
        expression, calls = f"{matrix} @ {stack}", [f"matmul({matrix}, {stack}, out={{out}})"]
        bias = [b for i in lines if (b := sums[i].bias) is not None]
        if bias:
            text = self.beside_columns(bias)
            expression += f" + {text if is_atom(text) else f'({text})'}"
            self.space["add"] = np.add
            calls.append(f"add({{out}}, {text}, out={{out}})")
        self.emit(lines, COLUMN, expression, tuple(calls))

    def stacked(self, columns: Sequence[int]) -> str:
        return f"array([{', '.join(self.registers.single(i) for i in columns)}])"

    # Sums over all examples.

    def dots(self, lines: list[int]) -> None:
        """Sums of products of columns: of whole arrays with whole arrays, where most are needed."""
        groups: dict[Any, list[tuple[int, int, int]]] = {}
        row = self.registers.row
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
                self.space["vecdot"] = np.vecdot
                pairs = ", ".join(self.registers.rows([t[k] for t in group]) for k in (1, 2))
                self.emit([t[0] for t in group], REDUCED, f"vecdot({pairs})")
            else:
                for i, x, y in group:
                    self.grid([(i, x, y)], [x], [y])

    def grid(self, group: list[tuple[int, int, int]], left: list[int], right: list[int]) -> None:
        """The products of all columns on the left with all on the right."""
        x, y = (bracketed(self.registers.rows(side)) for side in (left, right))
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
                self.registers.homes[i] = register, row

    def totals(self, lines: list[int]) -> None:
        """Sums of columns."""
        groups: dict[Any, list[int]] = {}
        for i in lines:
            groups.setdefault(self.registers.origin(self.lines[i].args[0]), []).append(i)
        for group in groups.values():
            group = sorted(group, key=lambda i: self.registers.row(self.lines[i].args[0]))
            columns = [self.lines[i].args[0] for i in group]
            self.emit(group, REDUCED, f"total({self.registers.rows(columns)}, axis=-1)")

    # Numbers beside columns.

    def hoist(self, text: str, name: str = "numbers") -> str:
        """A name for an array of single numbers, computed once and before all blocks."""
        if text not in self.hoisted:
            register = Register(self.names.new(name), NUMBER, 1, single=True)
            self.hoisted[text] = register
            self.stages[NUMBER].append(Statement(register, text, (), (), False))
        self.registers.reads[self.hoisted[text]] = None
        return self.hoisted[text].name

    def beside_columns(self, lines: Sequence[int]) -> str:
        """Single numbers, one for each row of an array of columns."""
        if len(set(lines)) == 1:
            return self.registers.single(lines[0])
        return self.hoist(f"{bracketed(self.registers.rows(lines))}[:, None]")

    def matrix(self, lines: list[tuple[int, ...]]) -> str:
        """Single numbers as a matrix, or, of one row, as a vector."""
        m, k = len(lines), len(lines[0])
        flat = [i for row in lines for i in row]
        shape = f".reshape({m}, {k})" if m > 1 else ""
        if all(self.lines[i].op is None and i not in self.registers.homes for i in flat):
            values = np.array([self.lines[i].constant for i in flat], self.dtype)
            return self.registers.constant(values.reshape(m, k) if m > 1 else values)
        register, rows = self.registers.together(flat)
        if register is not None:
            across = [rows[i * k + j] for j in range(k) for i in range(m)]
            cut = as_slice(rows) or as_slice(across)
            self.registers.read(register)
            if cut is None:
                index = np.array(rows).reshape(m, k) if m > 1 else np.array(rows)
                return self.hoist(f"{register.name}[{self.registers.constant(index)}]")
            if as_slice(rows) is None:
                shape = f".reshape({k}, {m}).T"
            if not shape and len(rows) == register.rows:
                return register.name
            return self.hoist(f"{register.name}[{written(cut)}]{shape}")
        if len(set(flat)) > 1:
            return self.hoist(f"{self.registers.rows(flat)}{shape}")
        return self.hoist(f"vector([{self.registers.single(flat[0])}] * {m * k}){shape}")


def bracketed(text: str) -> str:
    return text if text.isidentifier() or text.endswith((")", "]")) else f"({text})"


def is_atom(text: str) -> bool:
    """Whether the text holds together: a name, a number, a call or an index."""
    return (
        text[0] not in "-(" and " " not in text.split("(", maxsplit=1)[0].split("[", maxsplit=1)[0]
    )


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


def where_of(dtype: Any) -> Callable[..., Data]:
    """NumPy's `where`, which of two plain numbers would make float64."""

    def where(condition: Data, x: Data, y: Data) -> Data:
        out: Any = np.where(condition, x, y)
        return out if out.dtype in (dtype, bool) else out.astype(dtype)

    return where
