"""Making a program that shows a difference smaller, as long as it shows it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace

from programs import Program


def smaller(source: str) -> Iterator[str]:
    """The source with one statement or one part of an expression left out, largest parts first; or
    with an argument in place of a part.
    """
    tree = ast.parse(source)
    arguments = [x.arg for x in tree.body[0].args.args]  # type: ignore[attr-defined]
    names = [ast.Name(x, ast.Load()) for x in arguments]
    for i, node in enumerate(ast.walk(tree)):
        for field, x in ast.iter_fields(node):
            if isinstance(x, list) and x and isinstance(x[0], ast.stmt):
                for k, statement in enumerate(x):
                    inside = [*getattr(statement, "body", []), *getattr(statement, "orelse", [])]
                    yield changed(tree, i, field, x[:k] + x[k + 1 :])
                    yield changed(tree, i, field, x[:k] + inside + x[k + 1 :])
            elif isinstance(x, list):
                for k, part in enumerate(x):
                    for inner in parts(part, names):
                        yield changed(tree, i, field, [*x[:k], inner, *x[k + 1 :]])
            else:
                for inner in parts(x, names):
                    yield changed(tree, i, field, inner)


def parts(x: object, names: list[ast.Name]) -> list[ast.expr]:
    """What may stand in place of an expression: the expressions in it, nearest first, and names."""
    if not isinstance(x, ast.expr) or isinstance(getattr(x, "ctx", None), ast.Store):
        return []
    return [y for y in ast.walk(x) if isinstance(y, ast.expr) and y is not x] + names


def changed(tree: ast.AST, i: int, field: str, x: object) -> str:
    """The source with another field in the i-th node."""
    before = list(ast.walk(tree))[i]
    kept, _ = getattr(before, field), setattr(before, field, x)
    try:
        return ast.unparse(deepcopy(tree))
    except (ValueError, AttributeError, RecursionError):
        return ""
    finally:
        setattr(before, field, kept)


def minimal(program: Program, shows: Callable[[Program], bool]) -> Program:
    """The smallest program found by leaving out parts that still `shows` what this one does."""
    while True:
        for source in smaller(program.source):
            if len(source) < len(program.source):
                candidate = replace(program, source=source)
                if shows(candidate):
                    program = candidate
                    break
        else:
            return program
