"""Mistakes in the source of a module: one operator, number, condition or line at a time.

A mutant is compiled from the module's changed syntax tree, and its code objects are put in place of
the old ones in the functions that are there: whoever holds such a function, as the table of
derivatives holds its lambdas, holds the mutant too, and nothing is imported twice.
"""

from __future__ import annotations

import ast
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
# Calls whose arguments may change places, or can't, as every test would notice.
SYMMETRIC = {
    "add", "broadcast_shapes", "getattr", "hasattr", "isinstance", "max", "maximum", "min",
    "minimum", "multiply", "zip", "hypot", "_radius_or_one",
}  # fmt: skip
SIGNATURE = ("decorator_list", "returns", "annotation", "args")
SILENT = ("__repr__", "describe")  # what only people read


Functions = dict[CodeType, list[FunctionType]]  # those that are alive, by their code


@dataclass(frozen=True)
class Mutant:
    """A change: functions of such code get attributes of other value.

    `name` says what is changed and where, `line` is where the changed expression begins. The last
    code is that of the function in which the change is, after those that enclose it.
    """

    name: str
    line: int
    changed: list[tuple[CodeType, str, Any]]


def mutants(module: ModuleType) -> Iterator[Mutant]:
    """All mutants of a module's functions: of what they compute, and of their defaults."""
    path = str(module.__file__)
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    original = compile(tree, path, "exec", dont_inherit=True)
    for name, place, node in candidates(tree):
        place.put(ast.fix_missing_locations(ast.copy_location(node, place.node)))
        try:
            code = compile(tree, path, "exec", dont_inherit=True)
        finally:
            place.put(place.node)
        if code != original:
            pairs = [(a, "__code__", b) for a, b in changed(original, code)]
            yield Mutant(name, place.node.lineno, pairs)
    yield from of_defaults(original, functions(module))


def candidates(tree: ast.Module) -> Iterator[tuple[str, Place, ast.AST]]:
    """All changes to a module's syntax tree: the name, the place, and what to put there."""
    names: dict[str, int] = {}
    for place in places(tree, ""):
        old = shown(place.node)
        for new, node in changes(place.node):
            name = f"{place.where}: {old} -> {new}"
            names[name] = names.get(name, 0) + 1
            if names[name] > 1:
                name += f" ({names[name]})"
            if new != old:
                yield name, place, node


def of_defaults(code: CodeType, there: Functions) -> Iterator[Mutant]:
    """Another default for an argument; its line is the first of the function."""
    for inner in code_objects(code):
        for function in there.get(inner, ())[:1]:
            name, count = function.__qualname__, inner.co_argcount
            given = function.__defaults__ or ()
            arguments = inner.co_varnames[count - len(given) : count]
            for i, (argument, x) in enumerate(zip(arguments, given, strict=True)):
                for other in others(x):
                    new = (*given[:i], other, *given[i + 1 :])
                    change = f"{argument}={x!r} -> {other!r}"
                    changed = [(inner, "__defaults__", new)]
                    yield Mutant(f"{name}: {change}", inner.co_firstlineno, changed)
        yield from of_defaults(inner, there)


def others(x: Any) -> list[Any]:
    """Another value, if it is one of numbers."""
    if isinstance(x, tuple):
        return [(*x[:i], y, *x[i + 1 :]) for i in range(len(x)) for y in others(x[i])]
    if isinstance(x, bool):
        return [not x]
    return [x + 1] if isinstance(x, int) else [x * 1.001 + 1e-3] if isinstance(x, float) else []


@dataclass(frozen=True)
class Place:
    """A node of the syntax tree that can be exchanged for another."""

    where: str  # the function around it
    node: ast.expr | ast.stmt
    put: Callable[[ast.AST], None]


def places(node: ast.AST, where: str, inside: bool = False) -> Iterator[Place]:
    """What is computed in functions; not their signatures, annotations and messages."""
    within = inside or isinstance(node, (ast.FunctionDef, ast.Lambda))
    for field, value in ast.iter_fields(node):
        if field in SIGNATURE and isinstance(node, (ast.FunctionDef, ast.Lambda, ast.AnnAssign)):
            continue
        for i, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not is_silent(child):
                put = partial(setattr, node, field) if i is None else partial(value.__setitem__, i)
                if within:
                    yield Place(where, child, put)
                if not isinstance(child, ast.Raise):
                    yield from places(child, named(child, where), within)


def is_silent(node: ast.AST) -> bool:
    """Whether only people read what a node makes."""
    return isinstance(node, (ast.JoinedStr, ast.Assert)) or getattr(node, "name", "") in SILENT


def named(node: ast.AST, where: str) -> str:
    """The name of what is around the children of a node: a function, a class, a row."""
    match node:
        case ast.FunctionDef(name) | ast.ClassDef(name):
            return f"{where}.{name}" if where else name
        case ast.Assign([ast.Name(name)]) if not where:
            return name
    return where


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What to put in place of a node, each with a name."""
    for kind in (of_operators, of_conditions, of_numbers, of_calls, of_lines):
        yield from kind(node)


def of_operators(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Another operator, one operand alone, no sign."""
    match node:
        case ast.BinOp(left, op, right):
            for other in OPERATORS.get(type(op), ()):
                yield shown(new := ast.BinOp(left, other(), right)), new
            yield shown(left), only(left, right)
            yield shown(right), only(right, left)
        case ast.AugAssign(target, op, value):
            for other in OPERATORS.get(type(op), ()):
                yield shown(new := ast.AugAssign(target, other(), value)), new
        case ast.UnaryOp(ast.USub() | ast.Not() | ast.Invert(), operand):
            yield shown(operand), only(operand)  # itself it would take on another location


def of_conditions(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Another comparison, one condition less, always one side, always the other."""
    match node:
        case ast.Compare(left, ops, comparators):
            for i, op in enumerate(ops):
                for other in COMPARISONS[type(op)]:
                    instead = [*ops[:i], other(), *ops[i + 1 :]]
                    yield shown(new := ast.Compare(left, instead, comparators)), new
        case ast.BoolOp(op, values):
            opposite = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield shown(new := ast.BoolOp(opposite, values)), new
            for i, dropped in enumerate(values):
                rest = [*values[:i], *values[i + 1 :]]
                kept = ast.BoolOp(op, rest) if len(rest) > 1 else rest[0]
                yield shown(kept), only(kept, dropped)
        case ast.IfExp(test, body, orelse):
            yield shown(body), only(body, orelse, test)
            yield shown(orelse), only(orelse, body, test)
        case ast.If(test, body, orelse) | ast.While(test, body, orelse):
            yield "else", type(node)(ast.UnaryOp(ast.Not(), test), body, orelse)


def of_numbers(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Constant(bool() as x):
            yield str(not x), ast.Constant(not x)
        case ast.Constant(int() as x):
            yield str(x + 1), ast.Constant(x + 1)
        case ast.Constant(float() as x):
            yield f"{x} and a bit", ast.Constant(x * 1.001 + 1e-3)


def of_calls(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Arguments swapped, an option left out."""
    match node:
        case ast.Call(function, args, keywords):
            if len(args) > 1 and called(function) not in SYMMETRIC:
                new = ast.Call(function, [args[1], args[0], *args[2:]], keywords)
                yield shown(new), new
            for i, keyword in enumerate(keywords):
                new = ast.Call(function, args, [*keywords[:i], *keywords[i + 1 :]])
                yield shown(new), only(new, keyword.value)


def of_lines(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """A line left out."""
    match node:
        case ast.Expr(ast.Constant()):
            return
        case (
            ast.AugAssign()
            | ast.Assign([ast.Attribute() | ast.Subscript()])
            | ast.Expr()
            | ast.Raise()
            | ast.Delete()
            | ast.Continue()
            | ast.Break()
        ):
            yield "nothing", never(node)


def called(function: ast.expr) -> str:
    """The last name of what is called."""
    return getattr(function, "attr", None) or getattr(function, "id", "")


def shown(node: ast.AST) -> str:
    """The first line of the source of a node."""
    return ast.unparse(ast.fix_missing_locations(node)).split("\n")[0]


def only(kept: ast.expr, *dropped: ast.expr) -> ast.expr:
    """`kept`, for sure. What is dropped stays in the source: code needs all its closure's names."""
    return ast.IfExp(ast.Constant(True), kept, ast.Tuple(list(dropped), ast.Load()))


def never(statement: ast.AST) -> ast.If:
    return ast.If(ast.Constant(False), [statement], [])


# --- alive ----------------------------------------------------------------------------------------


def code_objects(code: CodeType) -> list[CodeType]:
    """The code objects directly inside another: of functions, classes and comprehensions."""
    return [x for x in code.co_consts if isinstance(x, CodeType)]


def changed(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The pairs of code objects that differ, the outer before the inner."""
    if old == new:
        return
    yield old, new
    inner, others = code_objects(old), code_objects(new)
    if len(inner) == len(others):  # else something was dropped here, at this depth
        for x, y in zip(inner, others):
            yield from changed(x, y)


def functions(module: ModuleType) -> Functions:
    """All functions that are alive and were made by a module."""
    found: Functions = {}
    for x in gc.get_objects():
        if type(x) is FunctionType and x.__code__.co_filename == module.__file__:
            found.setdefault(x.__code__, []).append(x)
    return found


@contextmanager
def alive(mutant: Mutant, module: ModuleType, there: Functions) -> Iterator[None]:
    """Within this context, the module's functions, as found `there`, are those of the mutant."""
    before = [
        (function, attribute, getattr(function, attribute), new)
        for code, attribute, new in mutant.changed
        for function in there.get(code, ())
    ]
    forget_results(module)
    for function, attribute, _, new in before:
        setattr(function, attribute, new)
    try:
        yield
    finally:
        for function, attribute, old, _ in before:
            setattr(function, attribute, old)
        forget_results(module)


def forget_results(module: ModuleType) -> None:
    """Empty what `functools.cache` remembers."""
    for x in vars(module).values():
        if hasattr(x, "cache_clear"):
            x.cache_clear()
