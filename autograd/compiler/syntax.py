"""How each operation is written: in Python, alike for floats and for arrays, and in LaTeX."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from autograd.core import kernels, rules
from autograd.core.op import Op

# How tightly a name or a call holds together, and a negative; the other levels are Python's too.
ATOM, NEGATIVE = 100, 70


class Spelling(NamedTuple):
    """An operation as text: `text` has {0}, {1} for its operands, which must hold together at
    least as tightly as `needs` says; the whole then does so by `tightness`.
    """

    text: str
    tightness: int
    needs: tuple[int, ...]
    name: str | None = None  # of the function called


def infix(sign: str, tightness: int) -> Spelling:
    return Spelling(f"{{0}} {sign} {{1}}", tightness, (tightness, tightness + 1))


def comparison(sign: str) -> Spelling:
    return Spelling(f"{{0}} {sign} {{1}}", 20, (30, 30))


def call(name: str, operands: int) -> Spelling:
    inside = ", ".join(f"{{{i}}}" for i in range(operands))
    return Spelling(f"{name}({inside})", ATOM, (0,) * operands, name)


def called(op: Op, name: str = "") -> tuple[Callable[..., Any], Spelling]:
    return op.forward, call(name or op.name, op.arity or 1)


SPELLINGS: dict[Callable[..., Any], Spelling] = {
    operator.add: infix("+", 50),
    operator.sub: infix("-", 50),
    operator.mul: infix("*", 60),
    kernels.divide: infix("/", 60),
    kernels.mod: infix("%", 60),
    kernels.floor_divide: infix("//", 60),
    operator.and_: infix("&", 40),
    operator.or_: infix("|", 30),
    operator.neg: Spelling("-{0}", NEGATIVE, (NEGATIVE,)),
    operator.eq: comparison("=="),
    operator.ne: comparison("!="),
    operator.lt: comparison("<"),
    operator.le: comparison("<="),
    operator.gt: comparison(">"),
    operator.ge: comparison(">="),
    operator.abs: call("abs", 1),
    kernels.logical_not: call("logical_not", 1),
    rules.alias.forward: Spelling("{0}", 0, (0,)),
    rules.nan_to_num.forward: call("nan_to_num", 1),
    **dict(
        called(op)
        for op in (
            rules.pow, rules.exp, rules.exp2, rules.expm1, rules.log, rules.log2, rules.log10,
            rules.log1p, rules.sqrt, rules.cbrt, rules.sin, rules.cos, rules.tan, rules.sinh,
            rules.cosh, rules.tanh, rules.sinc, rules.erf, rules.erfc, rules.sigmoid, rules.hypot,
            rules.softsign, rules.sech2, rules.logistic_density, rules.one_minus_square,
            rules.cosine, rules.logaddexp, rules.xlogy, rules.sign, rules.floor, rules.ceil,
            rules.trunc, rules.round, rules.relu, rules.maximum, rules.minimum, rules.where,
        )
    ),
    **dict(
        called(op, op.name.replace("arc", "a"))
        for op in (
            rules.arcsin, rules.arccos, rules.arctan, rules.arcsinh, rules.arccosh, rules.arctanh,
            rules.arctan2,
        )
    ),
}  # fmt: skip
"""By forward function: what has the same one, also in a primitive of somebody's own, is the same
operation."""

COMMUTATIVE = {operator.add, operator.mul, operator.eq, operator.ne, operator.and_, operator.or_}
CONDITIONS = {
    operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge, operator.and_,
    operator.or_, kernels.logical_not,
}  # fmt: skip
"""What gives true or false."""
