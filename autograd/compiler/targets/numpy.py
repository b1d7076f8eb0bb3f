"""Plans as NumPy source: one function for short columns, and two that go block by block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from autograd.compiler.plan import Plan, Register, Statement
from autograd.compiler.vectorize import COLUMN, NUMBER

INDENT = "    "


class Piece(NamedTuple):
    """The place of an output: which of the returned arrays, and which row of it."""

    place: int
    row: int | None
    kind: int
    shared: bool  # whether the array is the caller's, or another output too


class NumpySource:
    """The source of a plan, the arguments that it takes, and the outputs that it returns."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.registers, self.vectorized = plan, plan.registers, plan.vectorized
        self.find_outputs()
        self.find_arguments()

    def find_outputs(self) -> None:
        self.pieces: list[Piece] = []
        self.returned: dict[str, int] = {}  # the arrays that the function returns
        self.outs: list[tuple[str, int]] = []  # columns that are returned: text and line
        v, registers = self.vectorized, self.registers
        for i in v.program.outputs:
            kind = v.kind(i)
            home = registers.homes.get(i) if i not in v.positions and kind != COLUMN else None
            text = home[0].name if home else registers.single(i)
            row = home[1] if home and not home[0].single else None
            new = text not in self.returned
            place = self.returned.setdefault(text, len(self.returned))
            if new and kind == COLUMN:
                self.outs.append((text, i))
            shared = i in v.positions or (kind == COLUMN and not new)
            self.pieces.append(Piece(place, row, kind, shared))
        self.out_names = [self.plan.names.new("out") for _ in self.outs]

    def find_arguments(self) -> None:
        """Find the inputs that are used, and in which arrays."""
        v, registers = self.vectorized, self.registers
        singles = sorted(registers.singles)
        self.numbers = registers.inputs(NUMBER) if registers.numbers in registers.wanted else []
        self.single_numbers = [i for i in singles if v.kind(i) == NUMBER]
        self.single_columns = [i for i in singles if v.kind(i) == COLUMN]
        stacks = [x for x in zip(registers.groups, registers.stacks) if x[1] in registers.wanted]
        self.groups = [group for group, _ in stacks]
        self.arguments = [registers.numbers.name] if self.numbers else []
        self.arguments += [registers.singles[i].name for i in self.single_numbers]
        self.columns = [registers.singles[i].name for i in self.single_columns]
        self.columns += [register.name for _, register in stacks]

    def whole(self) -> str:
        """Return the function for columns that are short."""
        before, during, after = self.plan.stages
        lines = assignments([*before, *during, *self.plan.contractions, *after])
        lines.append(f"return {listed(self.returned)}")
        return function("whole", [*self.arguments, *self.columns, "n"], lines)

    def blocked(self) -> str:
        """Return the functions that go through blocks, and that compute with the sums over all."""
        inner, buffers = self.inner
        before, _, after = map(assignments, self.plan.stages)
        sums = [s.register.name for s in self.plan.contractions]
        loop = ["stop = min(start + step, last)"]
        if buffers:
            loop.append("if stop - start < step:")
            loop += [f"{INDENT}{name} = {name}[..., :stop - start]" for name in buffers]
        loop += [f"{name} = part({name}_, start, stop)" for name in self.columns]
        loop += [f"{name} = {name}_[start:stop]" for name in self.out_names]
        lines = [*before]
        lines += [
            f"{name} = empty{'_flags' if r.condition else ''}({r.rows}, step)"
            for name, r in buffers.items()
        ]
        lines += [f"{name} = 0.0" for name in sums]
        lines.append("for start in range(first, last, step):")
        lines += [f"{INDENT}{line}" for line in loop + inner]
        lines.append(f"return {listed(sums)}")
        columns, outs = ([f"{x}_" for x in names] for names in (self.columns, self.out_names))
        places = dict(zip((text for text, _ in self.outs), outs))
        after.append(f"return {listed([places.get(text, text) for text in self.returned])}")
        arguments = [*self.arguments, *columns, "first", "last", "step", "n", *outs]
        return function("blocked", arguments, lines) + function(
            "reduced", [*self.arguments, *sums, "n", *outs], before + after
        )

    @cached_property
    def inner(self) -> tuple[list[str], dict[str, Register]]:
        """The lines run for each block, and its buffers, each with the register it was made for."""
        statements = [*self.plan.stages[COLUMN], *self.plan.contractions]
        last = {r: k for k, s in enumerate(statements) for r in s.reads}
        asked = {text: out for (text, _), out in zip(self.outs, self.out_names)}
        homes = self.registers.homes
        kept = {homes[i][0] for _, i in self.outs if i in homes}
        given: dict[Register, str] = {}
        spare: dict[tuple[int, bool], list[str]] = {}
        buffers: dict[str, Register] = {}
        lines: list[str] = []

        def release(k: int, statement: Statement) -> None:
            """Free the arrays that no later statement reads."""
            for r in statement.reads:
                if r in given and last[r] == k and r not in kept:
                    spare[r.rows, r.condition].append(given.pop(r))

        def array_for(r: Register) -> str:
            """Return an array to compute in: an output, a free one, or a new one."""
            if r.single and r.name in asked:
                return asked.pop(r.name)
            free = spare.setdefault((r.rows, r.condition), [])
            if not free:
                free.append(self.plan.names.new("buffer"))
                buffers[free[0]] = r
            given[r] = free.pop()
            return given[r]

        for k, s in enumerate(statements):
            if s.in_place:
                release(k, s)
            name = s.register.name
            if s in self.plan.contractions:
                lines.append(f"{name} = {name} + {s.expression}")
            elif not s.calls:
                lines.append(f"{name} = {s.expression}")
            else:
                out = array_for(s.register)
                lines += [f"{name} = {call.format(out=out)}" for call in s.calls]
            if not s.in_place:
                release(k, s)
        lines += [f"{out}[...] = {text}" for text, out in asked.items()]
        return lines, buffers

    @property
    def rows(self) -> int:
        """The number of values that a block holds for each example."""
        computed = sum(register.rows for register in self.inner[1].values())
        return computed + len(self.outs) + len(self.single_columns) + sum(map(len, self.groups))


def assignments(statements: Sequence[Statement]) -> list[str]:
    return [f"{s.register.name} = {s.expression}" for s in statements]


def listed(names: Iterable[str]) -> str:
    """Return a tuple of these names as text."""
    return f"({''.join(f'{name}, ' for name in names)})"


def function(name: str, arguments: Sequence[str], lines: Sequence[str]) -> str:
    return f"def {name}({', '.join(arguments)}):\n" + "".join(f"{INDENT}{line}\n" for line in lines)
