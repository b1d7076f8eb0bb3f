"""Exact algebra: a traced function as a program of as few operations as give the same bits.

What changes no bit (x * 1, x - 0, x / 1, -(-x), x**1) is left out, and signs are taken out of
products. Whole powers up to the cube become products, which differ from `pow` by a unit in the last
place at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from autograd.core import pytree, rules
from autograd.core.node import NO_KWARGS
from autograd.core.op import Op

from .program import Program
from .trace import Symbol, Trace


def simplified(trace: Trace, inputs: Iterable[Symbol], outputs: Sequence[Any]) -> Program:
    """Return the program of the operations that the outputs, symbols or constants, are made of."""
    program = Program()
    place = {x.index: program.input(x.label) for x in inputs}
    needed = reachable(outputs)
    for x in trace.symbols:
        if x.index not in needed or x.index in place:
            continue
        origin = trace.origins[x.index]
        rule = origin.op.name if origin is not None and origin.op is not None else None
        assert x.op is not None
        args = tuple(
            place[arg.index] if isinstance(arg, Symbol) else program.constant(c)
            for arg, c in zip(x.args, x.saved)
        )
        i = place[x.index] = apply(program, x.op, args, x.kwargs, rule)
        line = program.lines[i]
        if x.label and line.label is None and line.op is not None:
            line.label = x.label
    program.outputs = [
        place[x.index] if isinstance(x, Symbol) else program.constant(x) for x in outputs
    ]
    return program


def reachable(outputs: Iterable[Any]) -> set[int]:
    """Return the indices of the symbols that these are made of."""
    found: set[int] = set()
    stack = [x for x in pytree.leaves(list(outputs)) if isinstance(x, Symbol)]
    while stack:
        x = stack.pop()
        if x.index not in found:
            found.add(x.index)
            stack += [arg for arg in x.args if isinstance(arg, Symbol)]
    return found


def apply(
    p: Program, op: Op, args: tuple[int, ...], kwargs: Mapping[str, Any] = NO_KWARGS,
    rule: str | None = None,
) -> int:  # fmt: skip
    """Return a line of `p` with the result of an operation; lines are added as needed."""
    shorter = simpler(p, op, args, rule)
    return p.operation(op, args, kwargs, rule) if shorter is None else shorter


def simpler(p: Program, op: Op, args: tuple[int, ...], rule: str | None) -> int | None:
    """Return a line with the same bits that takes fewer operations, or None."""
    if op is rules.alias:
        return args[0]
    if op is rules.where:
        chosen = p.lines[args[0]].constant
        if chosen is not None:
            return args[1] if chosen else args[2]
        return args[1] if args[1] == args[2] else None
    if op is rules.neg:
        return negated(p, args[0])
    if op.identity is None or any(p.lines[i].is_condition for i in args):
        return None
    x, y = args
    if p.is_constant(y, op.identity):
        return x
    if op.commutes and p.is_constant(x, op.identity):
        return y
    if op is rules.pow:
        return power(p, x, p.lines[y].constant, rule)
    if op is rules.mul and p.is_constant(x, -1.0):
        return apply(p, rules.neg, (y,), rule=rule)
    if op is rules.mul and p.is_constant(y, -1.0):
        return apply(p, rules.neg, (x,), rule=rule)
    return without_signs(p, op, x, y, rule)


def without_signs(p: Program, op: Op, x: int, y: int, rule: str | None) -> int | None:
    """Return x + -y as x - y, x - -y as x + y, -x * y as -(x * y), and so on; or None."""
    a, b = negated(p, x), negated(p, y)
    if op is rules.add and b is not None:
        return apply(p, rules.sub, (x, b), rule=rule)
    if op is rules.add and a is not None:
        return apply(p, rules.sub, (y, a), rule=rule)
    if op is rules.sub and b is not None:
        return apply(p, rules.add, (x, b), rule=rule)
    if op in (rules.mul, rules.div) and (a is not None or b is not None):
        size = apply(p, op, (x if a is None else a, y if b is None else b), rule=rule)
        return apply(p, rules.neg, (size,), rule=rule) if a is None or b is None else size
    return None


def negated(p: Program, i: int) -> int | None:
    """Return the line that line `i` is the negative of, or None."""
    line = p.lines[i]
    return line.args[0] if line.op is rules.neg else None


def power(p: Program, x: int, exponent: float | None, rule: str | None) -> int | None:
    """Return a whole power of x as a product or quotient, or None."""
    if exponent == 0.0:
        return p.constant(1.0)
    if exponent == -1.0:
        return apply(p, rules.div, (p.constant(1.0), x), rule=rule)
    if exponent in (2.0, 3.0):
        square = apply(p, rules.mul, (x, x), rule=rule)
        return square if exponent == 2.0 else apply(p, rules.mul, (square, x), rule=rule)
    return None


# What sums and products are, for the search for matrix products.


def is_product(op: Op | None) -> bool:
    return op is rules.mul


@lru_cache(256)
def signs(op: Op | None) -> tuple[int, ...] | None:
    """Return the signs with which an operation adds its operands up; None if it does not.

    >>> signs(rules.sub), signs(rules.mul)
    ((1, -1), None)
    """
    if op is None or op.arity is None or op.linear is not True or not op.elementwise or op.options:
        return None
    units = [[float(i == j) for j in range(op.arity)] for i in range(op.arity)]
    found = [op.forward(*unit) for unit in units]
    return tuple(int(x) for x in found) if all(abs(x) == 1.0 for x in found) else None
