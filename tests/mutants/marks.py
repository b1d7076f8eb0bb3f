"""Marks in the source: how many mutants of a line change nothing that a test could notice.

A mark is a comment, with the reason:

    out = x if y == 2 else power(x, y)  # mutants 1: only faster

It counts the mutants whose changed expression begins on that line. A mark on a line of its own
counts those of the whole statement below it (of its header, if the statement is compound), except
on lines with a mark of their own. The default of an argument is on the first line of its function,
that of the first decorator if there is one.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

MARK = re.compile(r"#\s*mutants (\d+): \S")


@dataclass(frozen=True)
class Mark:
    """At most and at least `count` mutants survive on the `lines`, of which the mark is on one."""

    line: int
    count: int
    lines: frozenset[int]


def marks(text: str) -> list[Mark]:
    """Return the marks in the source of a module.

    Raises:
        ValueError: a comment begins as a mark does, but is none, or stands above no statement.
    """
    counts, alone = {}, set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and re.match(r"#\W*mutants?\b", token.string):
            line = token.start[0]
            found = MARK.match(token.string)
            if not found:
                raise ValueError(f"line {line}: wanted '# mutants N: reason', got {token.string!r}")
            counts[line] = int(found[1])
            if not token.line[: token.start[1]].strip():
                alone.add(line)
    below = headers(ast.parse(text))
    found = []
    for line, count in counts.items():
        lines = {line}
        if line in alone:
            first = next((n for n in sorted(below) if n > line), None)
            code = text.splitlines()[line : first and first - 1]
            if first is None or any(x.strip() and not x.lstrip().startswith("#") for x in code):
                raise ValueError(f"line {line}: no statement begins below this mark")
            if any(first in mark.lines for mark in found):
                raise ValueError(f"line {line}: the statement below has two marks; add them up")
            lines |= set(range(first, below[first] + 1)) - counts.keys()
        found.append(Mark(line, count, frozenset(lines)))
    return found


def headers(tree: ast.AST) -> dict[int, int]:
    """Return the last line of each statement, or of its header if it is compound, by the first."""
    found: dict[int, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            last = node.end_lineno or node.lineno
            match node:
                case ast.Match(cases=[case, *_]):
                    last = case.pattern.lineno - 1
                case ast.stmt(body=[statement, *_]):
                    last = max(node.lineno, first_line(statement) - 1)
            found[first_line(node)] = max(last, found.get(first_line(node), 0))
    return found


def first_line(node: ast.stmt) -> int:
    """Return where a statement begins, with its decorators."""
    return min(x.lineno for x in [node, *getattr(node, "decorator_list", [])])


def compare(survivors: Iterable[tuple[int, str]], text: str) -> tuple[list[str], list[str]]:
    """Return the gaps and the stale marks: too many and too few survivors, as messages.

    Args:
        survivors: the line and the name of each mutant that no test noticed.
        text: the source of the module, with its marks.
    """
    names: dict[int, list[str]] = {}
    for line, name in survivors:
        names.setdefault(line, []).append(name)
    gaps, stale = [], []
    for mark in marks(text):
        found = [x for line in sorted(mark.lines) for x in names.pop(line, [])]
        if len(found) > mark.count:
            gaps.append(f"line {mark.line}: {mark.count} marked, but {len(found)} survive: {found}")
        elif len(found) < mark.count:
            stale.append(f"line {mark.line}: {mark.count} marked, {len(found)} survive: {found}")
    gaps += [f"line {line}: no mark, but {len(x)} survive: {x}" for line, x in names.items()]
    return gaps, stale


def total(text: str) -> int:
    """Return how many mutants the marks of a module count."""
    return sum(mark.count for mark in marks(text))


def impossible(candidates: Iterable[int], text: str) -> list[str]:
    """Return the marks of more mutants than there are on their lines, as messages.

    Args:
        candidates: the line of each mutant of the module.
        text: the source of the module, with its marks.
    """
    there = Counter(candidates)
    return [
        f"line {mark.line}: {mark.count} marked, but only {n} mutants begin there"
        for mark in marks(text)
        if mark.count > (n := sum(there[line] for line in mark.lines))
    ]
