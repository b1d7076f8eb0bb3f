"""A program as Python source: one readable function, for floats and, by another head, for arrays.

Whatever the labels are, the text holds nothing but arithmetic, the function's own names and
mathematics by name: labels become identifiers that nothing else has.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.compiler.forms import Form
from autograd.compiler.names import Names, identifier, option_text
from autograd.compiler.program import Line, Program
from autograd.compiler.sandbox import defined
from autograd.compiler.syntax import ATOM, NEGATIVE, SPELLINGS, Spelling, call
from autograd.core import kernels
from autograd.core.op import Op

from . import array_functions, float_functions
from .float_functions import ON_FLOATS

WIDTH = 64  # how long an expression may grow before it gets a name


class Source(NamedTuple):
    """What was written, and what it needs to run."""

    head: str
    body: str
    name: str
    functions: dict[str, Any]

    @property
    def text(self) -> str:
        body = self.body.replace("\0\n", "")
        return f"{self.head}\n\n\n{body}" if self.head else body

    def compiled(self, guard: str = "") -> Callable[..., Any]:
        """The function; `guard` is put before its first line that computes."""
        body = self.body.replace("\0\n", guard)
        return defined(self.name, body, self.functions, (abs, type, float, list, tuple, dict))


RESERVED = {s.name for s in SPELLINGS.values() if s.name} | {"inf", "nan", "other", "math", "np"}


class Unpacking:
    """Lines that unpack nested arguments, and the names of the numbers."""

    def __init__(self, names: Names, parameters: Sequence[tuple[str, Form]]) -> None:
        self.arguments = [names.new(name) for name, _ in parameters]
        self.lines: list[str] = []
        self.leaves: list[str] = []
        self.checks: list[str] = []  # conditions that the arguments must meet
        self.keys: dict[str, Any] = {}  # of dicts, by the names that the checks have for them
        stack = [(name, form) for name, (_, form) in zip(self.arguments, parameters)][::-1]
        while stack:
            variable, form = stack.pop()
            if form.kind is None:
                self.leaves.append(variable)
                continue
            parts = [names.new(name) for name in form.part_names(variable)]
            values = variable
            self.checks.append(f"type({variable}) is {form.kind.__name__}")
            if form.kind is dict:
                values = f"{variable}.values()"
                keys = names.new("keys")
                self.keys[keys] = form.keys
                self.checks.append(f"tuple({variable}) == {keys}")
            self.lines.append(f"[{', '.join(parts)}] = {values}")
            stack += reversed(list(zip(parts, form.parts)))


def flattener(parameters: Sequence[tuple[str, Form]], other: Any) -> Callable[..., Any]:
    """Return a function that lists the numbers of arguments; of another form it returns `other`."""
    unpacking = Unpacking(Names(RESERVED), parameters)
    checks = " and ".join(unpacking.checks) or "True"
    lines = [*unpacking.lines, f"if not ({checks}):", "    return other"]
    lines.append(f"return ({''.join(f'{name}, ' for name in unpacking.leaves)})")
    body = "".join(f"    {line}\n" for line in lines)
    text = f"def flat({', '.join(unpacking.arguments)}):\n{body}"
    return Source("", text, "flat", {"other": other, **unpacking.keys}).compiled()


class Writer:
    """Writes one program: names for its lines, and a statement for each that needs one."""

    def __init__(self, program: Program, name: str, parameters: Sequence[tuple[str, Form]]) -> None:
        self.program = program
        self.names = Names(RESERVED)
        self.name = self.names.new(name)
        self.functions: dict[str, Any] = {}  # functions called, by name: op or None
        self.text: dict[int, tuple[str, int]] = {}  # of each line: how to refer to it
        self.ops: dict[Any, str] = {}  # the names of primitives of somebody's own
        self.body: list[str] = []
        self.parameters = parameters

    def write(self, forms: Sequence[Form], kind: str = "math") -> Source:
        """The function that returns the program's outputs, nested as the forms say."""
        self.unpack()
        self.statements()
        self.body.append(f"return {self.result(forms)}")
        lines = "\n".join(f"    {line}" if line != "\0" else line for line in self.body)
        arguments = ", ".join(self.arguments)
        body = f"def {self.name}({arguments}):\n{lines}\n"
        return Source(self.head(kind), body, self.name, self.space(kind))

    # The arguments.

    def unpack(self) -> None:
        """The lines that take nested arguments apart, and names for all inputs."""
        self.unpacking = Unpacking(self.names, self.parameters)
        self.body += [*self.unpacking.lines, "\0"]
        self.arguments = list(self.unpacking.arguments)
        inputs = self.program.inputs
        for i in inputs[len(self.unpacking.leaves) :]:  # what the function closes over
            self.arguments.append(self.names.new(self.program.lines[i].label or "w"))
        names = self.unpacking.leaves + self.arguments[len(self.parameters) :]
        self.text.update({i: (name, ATOM) for i, name in zip(inputs, names)})

    def guard(self) -> tuple[str, dict[str, Any]]:
        """Lines that turn away whatever is not floats nested as they were traced."""
        checks = list(self.unpacking.checks)
        if self.unpacking.leaves:
            types = (f"type({name})" for name in self.unpacking.leaves)
            checks.append(f"{' is '.join(types)} is float")
        if not checks:
            return "", {}
        return f"    if not ({' and '.join(checks)}):\n        return other\n", self.unpacking.keys

    # The lines.

    def statements(self) -> None:
        program = self.program
        live = program.live()
        uses = program.uses()
        outputs = set(program.outputs)
        consumer = {j: i for i in live for j in program.lines[i].args}
        derivatives = False
        for i in live:
            line = program.lines[i]
            if i in self.text:
                continue
            if line.op is None:
                self.text[i] = number(line.constant)
                self.note_number(line.constant)
                continue
            text, tightness = self.expression(line)
            alone = uses[i] == 1 and i not in outputs and not line.label
            if alone and program.lines[consumer[i]].rule == line.rule and len(text) < WIDTH:
                self.text[i] = text, tightness
                continue
            if line.rule and not derivatives:
                derivatives = True
                self.body.append("# Derivatives, each by the rule of the operation beside it.")
            name = self.names.new(line.label)
            self.text[i] = name, ATOM
            comment = f"  # {identifier(line.rule)}" if line.rule else ""
            self.body.append(f"{name} = {text}{comment}")

    def note_number(self, x: Any) -> None:
        if isinstance(x, float) and not math.isfinite(x):
            self.functions["nan" if math.isnan(x) else "inf"] = None

    def expression(self, line: Line) -> tuple[str, int]:
        assert line.op is not None
        spelling = self.spelling(line.op, len(line.args))
        operands = []
        for i, j in enumerate(line.args):
            text, tightness = self.text[j]
            operands.append(text if tightness >= spelling.needs[i] else f"({text})")
        text = spelling.text.format(*operands)
        for option, x in line.kwargs.items():
            text = f"{text[:-1]}{option_text(option, x)})"
        return text, spelling.tightness

    def spelling(self, op: Op, operands: int) -> Spelling:
        if op.forward in SPELLINGS:
            spelling = SPELLINGS[op.forward]
            if spelling.name:
                self.functions[spelling.name] = None
            return spelling
        if op.forward not in self.ops:
            self.ops[op.forward] = self.names.new(op.name)
            self.functions[self.ops[op.forward]] = op
        return call(self.ops[op.forward], operands)

    # The result.

    def result(self, forms: Sequence[Form]) -> str:
        outputs = iter(self.text[i][0] for i in self.program.outputs)
        return ", ".join(nested(form, outputs) for form in forms)

    # What it needs to run.

    def space(self, kind: str) -> dict[str, Any]:
        """The functions by their names."""
        return {
            name: function_for(name, kind) if op is None else op.forward
            for name, op in self.functions.items()
        }

    def head(self, kind: str) -> str:
        """The imports and definitions that the function needs to stand on its own."""
        names: set[str] = set()
        ours, defined, remarks = [], [], []
        for name, op in sorted(self.functions.items(), key=lambda pair: pair[0]):
            if op is not None:
                remarks.append(f"# {name} is a primitive of {identifier(op.__module__)}'s own")
            elif in_library(name, kind):
                names.add(name)
            elif (f := function_for(name, kind)).__module__ == kernels.__name__:
                ours.append(name)
            elif name != "abs":
                defined.append(source_of(f))
                names |= {x for x in f.__code__.co_names if hasattr(LIBRARIES[kind], x)}
        lines = remarks + [f"from {kind} import {', '.join(sorted(names))}"] * bool(names)
        if ours:
            lines.append(f"from autograd.core.kernels import {', '.join(ours)}")
        imports = "\n".join(lines)
        return "\n\n\n".join([imports] * bool(imports) + defined)


OURS = ("abs", "sinc")  # what NumPy has too, but not with all that is needed
LIBRARIES: dict[str, Any] = {"math": math, "numpy": np}


def number(x: Any) -> tuple[str, int]:
    """A constant as text, and how tightly that holds together."""
    text = repr(x)
    return text, NEGATIVE if text.startswith("-") else ATOM


def nested(form: Form, numbers: Any) -> str:
    """Numbers in the form of an argument."""
    if form.kind is None:
        return str(next(numbers))
    parts = [nested(part, numbers) for part in form.parts]
    if form.kind is dict:
        return "{" + ", ".join(f"{key!r}: {part}" for key, part in zip(form.keys, parts)) + "}"
    if form.kind is list:
        return f"[{', '.join(parts)}]"
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def in_library(name: str, kind: str) -> bool:
    """Whether the function is one of `math`'s, or NumPy's."""
    if name in ("inf", "nan"):
        return True
    return name in ON_FLOATS if kind == "math" else name not in OURS and hasattr(np, name)


def function_for(name: str, kind: str) -> Any:
    """The mathematics of that name, on floats or on arrays."""
    if name == "abs":
        return abs
    if in_library(name, kind):
        return getattr(LIBRARIES[kind], name)
    ours = getattr(float_functions if kind == "math" else array_functions, name, None)
    return ours or getattr(kernels, name)  # sinc, and erf of arrays


def source_of(f: Any) -> str:
    """A function as it is written, without its annotations' imports and remarks to the linter."""
    return "\n".join(line.split("  # noqa")[0] for line in inspect.getsource(f).splitlines())
