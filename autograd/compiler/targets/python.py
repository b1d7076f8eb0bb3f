"""Programs as Python source: one readable function, for floats and, with another head, for arrays.

Whatever the labels are, the text holds nothing but arithmetic, the function's own names and calls
of mathematical functions: labels become identifiers that nothing else has.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from inspect import getsource, isbuiltin, isfunction
from textwrap import dedent
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

from autograd.compiler.forms import Form
from autograd.compiler.names import Names, option_text
from autograd.compiler.program import Line, Program
from autograd.compiler.sandbox import defined
from autograd.core import kernels, rules
from autograd.core.op import Op
from autograd.expressions import (
    ATOM,
    Constant,
    Expression,
    Operation,
    Python,
    Symbol,
    Written,
    expression,
    identifier,
)

WIDTH = 64  # how long an expression may grow before it gets a name


class Source(NamedTuple):
    """A written function, and what it needs to run."""

    head: str
    body: str
    name: str
    functions: dict[str, Any]

    @property
    def text(self) -> str:
        body = self.body.replace("\0\n", "")
        return f"{self.head}\n\n\n{body}" if self.head else body

    def compiled(self, guard: str = "") -> Callable[..., Any]:
        """Return the function; `guard` is put before its first line that computes."""
        body = self.body.replace("\0\n", guard)
        return defined(self.name, body, self.functions, (abs, type, float, list, tuple, dict))


PYTHON = Python()
ROWS = {op for op in vars(rules).values() if isinstance(op, Op)}
# Rows whose text is what their function on floats does; all others are called by their names.
STATED = {op for op in ROWS if op.text and (isbuiltin(op.on_float) or op.text == "x")}
CALLED = [op for op in ROWS - STATED if op.elementwise]
FUNCTIONS = {"pow": rules.pow} | {PYTHON.function(op.name): op for op in CALLED}
# Functions of ours that are written out call functions of math by their names.
RESERVED = {*FUNCTIONS, *(vars(kernels).keys() & vars(math)), "inf", "nan", "other", "math", "np"}


class Template(NamedTuple):
    """An operation as text for `str.format`, its level, and the levels that its operands need."""

    text: str
    level: int
    needed: list[int]
    leads: bool  # whether it begins with the first operand
    calls: list[str]


def template_of(formula: Expression, count: int) -> Template:
    """Return the template of a formula with symbols for so many operands."""
    pieces, level = PYTHON.write(formula, lambda i: Written((Symbol(i),), ATOM))
    text = "".join(f"{{{x.key}}}" if isinstance(x, Symbol) else x for x in pieces)
    needed = [0] * count
    for x in pieces:
        if isinstance(x, Symbol):
            needed[x.key] = max(needed[x.key], x.level)
    leads = isinstance(pieces[0], Symbol) and pieces[0].key == 0
    return Template(text, level, needed, leads, CALL.findall(text))


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
        self.functions: dict[str, Op | None] = {}  # by name; None for inf and nan
        self.text: dict[int, tuple[str, int]] = {}  # of each line, with its level
        self.templates: dict[Any, Template] = {}
        self.own: dict[Op, str] = {}  # names of operations that are not in the table
        self.body: list[str] = []
        self.parameters = parameters

    def write(self, forms: Sequence[Form], kind: str = "math") -> Source:
        """Return the function that returns the program's outputs, nested as the forms say."""
        self.unpack()
        self.statements()
        self.body.append(f"return {self.result(forms)}")
        lines = "\n".join(f"    {line}" if line != "\0" else line for line in self.body)
        arguments = ", ".join(self.arguments)
        body = f"def {self.name}({arguments}):\n{lines}\n"
        return Source(self.head(kind), body, self.name, self.space(kind))

    # The arguments.

    def unpack(self) -> None:
        """Write the lines that unpack nested arguments, and name all inputs."""
        self.unpacking = Unpacking(self.names, self.parameters)
        self.body += [*self.unpacking.lines, "\0"]
        self.arguments = list(self.unpacking.arguments)
        inputs = self.program.inputs
        for i in inputs[len(self.unpacking.leaves) :]:  # what the function closes over
            self.arguments.append(self.names.new(self.program.lines[i].label or "w"))
        names = self.unpacking.leaves + self.arguments[len(self.parameters) :]
        self.text.update({i: (name, ATOM) for i, name in zip(inputs, names)})

    def guard(self) -> tuple[str, dict[str, Any]]:
        """Return lines that return `other` unless the arguments are floats, nested as traced.

        With them come the keys of dicts, by the names that the lines have for them.
        """
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
        uses = program.uses()
        outputs = set(program.outputs)
        consumer = {j: i for i in uses for j in program.lines[i].args}
        derivatives = False
        for i in uses:
            line = program.lines[i]
            if i in self.text:
                continue
            if line.op is None:
                number = PYTHON.constant(line.constant)
                self.text[i] = str(number.pieces[0]), number.level
                self.note_number(line.constant)
                continue
            text, level = self.expression(line)
            alone = uses[i] == 1 and i not in outputs and not line.label
            if alone and program.lines[consumer[i]].rule == line.rule and len(text) < WIDTH:
                self.text[i] = text, level
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
        """Return the operation of a line and its level: `PYTHON.fill`, in a third of the time."""
        text, level, needed, leads, _ = self.template(line)
        operands: list[str] = []
        for j, need in zip(line.args, needed):
            operand, binding = self.text[j]
            if binding < need:
                operand = f"({operand})"
            elif leads and not operands:
                level = min(level, binding)
            operands.append(operand)
        return text.format(*operands), level

    def template(self, line: Line) -> Template:
        """Return how the operation of a line is written, and note the functions that it calls."""
        op, options = line.op, line.kwargs
        assert op is not None
        key = (op, *((name, repr(x)) for name, x in options.items())) if options else op
        known = TEMPLATES if op in ROWS and not options else self.templates
        if key not in known:
            formula = self.formula(op, [Symbol(i) for i in range(len(line.args))], options)
            known[key] = template_of(formula, len(line.args))
        for name in known[key].calls:
            self.functions[name] = op if op not in ROWS else FUNCTIONS[name]
        return known[key]

    def formula(self, op: Op, operands: list[Symbol], options: Mapping[str, Any]) -> Expression:
        """Return an operation as its row states it, or as a call."""
        if op in STATED:
            return expression(op, operands, options, "text")
        if op not in ROWS and op not in self.own:
            self.own[op] = self.names.new(op.name)
        given = [Constant(option_text(*option).removeprefix(", ")) for option in options.items()]
        return Operation("call", [*operands, *given], self.own.get(op) or PYTHON.function(op.name))

    # The result.

    def result(self, forms: Sequence[Form]) -> str:
        outputs = iter(self.text[i][0] for i in self.program.outputs)
        return ", ".join(nested(form, outputs) for form in forms)

    # What it needs to run.

    def space(self, kind: str) -> dict[str, Any]:
        """Return the functions by their names."""
        return {
            name: getattr(math, name) if op is None else function_for(op, kind)
            for name, op in self.functions.items()
        }

    def head(self, kind: str) -> str:
        """Return the imports and definitions that the function needs to stand on its own."""
        library = LIBRARIES[kind]
        names: set[str] = set()
        modules: set[str] = set()
        remarks: list[str] = []
        ours: dict[str, list[str]] = {}  # names by their modules
        definitions = []
        taken = {self.name, *self.own.values()}
        for name, op in sorted(self.functions.items(), key=lambda pair: pair[0]):
            f = op and function_for(op, kind)
            used: set[str] = set()
            known = getattr(f, "__name__", "")
            if isfunction(f) and (text := source_of(f, name, used, library)) and not used & taken:
                definitions.append(text)
                names |= used - MODULES.keys()
                modules |= used & MODULES.keys()
            elif op is not None and op not in ROWS and getattr(library, known, None) is f:
                names.add(known if known == name else f"{known} as {name}")
            elif op is not None and op not in ROWS:
                remarks.append(f"# {name} is a primitive of {identifier(op.__module__)}'s own")
            elif isfunction(f):
                ours.setdefault(f.__module__, []).append(name)
            else:
                names |= {name} - {"abs"}  # which Python has
        lines = remarks + [MODULES[x] for x in sorted(modules)]
        lines += [f"from {kind} import {', '.join(sorted(names))}"] * bool(names)
        lines += [f"from {module} import {', '.join(ours[module])}" for module in sorted(ours)]
        imports = "\n".join(lines)
        return "\n\n\n".join([imports] * bool(imports) + definitions)


TEMPLATES: dict[Any, Template] = {}  # of rows of the table, without options
CALL = re.compile(r"\b(?!float\b)(\w+)\(")
LIBRARIES: dict[str, Any] = {"math": math, "numpy": np}
MODULES = {"math": "import math", "np": "import numpy as np"}


def function_for(op: Op, kind: str) -> Any:
    """Return the function of an operation on floats or on arrays."""
    return op.on_float if kind == "math" else op.on_array


def nested(form: Form, numbers: Any) -> str:
    """Return the next numbers as text, nested like an argument."""
    if form.kind is None:
        return str(next(numbers))
    parts = [nested(part, numbers) for part in form.parts]
    if form.kind is dict:
        return "{" + ", ".join(f"{key!r}: {part}" for key, part in zip(form.keys, parts)) + "}"
    if form.kind is list:
        return f"[{', '.join(parts)}]"
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def source_of(f: Callable[..., Any], name: str, used: set[str], library: Any) -> str:
    """Return the source of a function under another name, without annotations.

    It is empty if the function needs more than `math`, NumPy as `np`, and the names of a library,
    which are added to `used`.
    """
    text, words = definition_of(f.__code__, name)
    if f.__closure__:
        return ""
    for word in words & f.__globals__.keys() - {*f.__code__.co_varnames}:
        known = {"math": math, "np": np}.get(word, getattr(library, word, None))
        if f.__globals__[word] is not known:
            return ""
        used.add(word)
    return text


@lru_cache(1000)  # a function with `where` and `maximum` compiles in 0.7 of the time
def definition_of(code: CodeType, name: str) -> tuple[str, frozenset[str]]:
    """Return the source of a function's code, under another name, and the words in it.

    It is empty if the code is not that of a plain `def` in a file.
    """
    try:
        definition = ast.parse(dedent(getsource(code))).body[0]
    except (OSError, SyntaxError):  # it was made by exec(), or is part of a longer line
        return "", frozenset()
    if not isinstance(definition, ast.FunctionDef) or definition.decorator_list:
        return "", frozenset()
    arguments = definition.args
    definition.name, definition.returns = name, None
    for node in ast.walk(arguments):
        if isinstance(node, ast.arg):
            node.annotation = None
    if any(isinstance(node, ast.Name) for node in ast.walk(arguments)):  # in defaults
        return "", frozenset()
    words = (node.id for node in ast.walk(definition) if isinstance(node, ast.Name))
    return ast.unparse(definition), frozenset(words)
