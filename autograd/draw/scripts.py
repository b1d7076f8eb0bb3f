"""Scripts in which formulas are written: plain text, and LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from autograd.node import NO_KWARGS, Data
from autograd.shapes import shape_of

from .notation import rounded

SUM, PRODUCT, POWER, ATOM = range(4)  # how tightly a formula binds
WORD = re.compile(r"\w+(#\d+)?")
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Symbol(NamedTuple):
    """A place in a formula for a name, or for the number that it stands for."""

    key: Any  # a node, or "g" for the gradient that comes in
    tight: bool = False  # a negative number needs parentheses here


Pieces: TypeAlias = "tuple[str | Symbol, ...]"


class Formula(NamedTuple):
    """A formula in some script, and what must be known to make it part of another."""

    pieces: Pieces
    rank: int = ATOM
    number: float | None = None  # if that is all it is


def in_formula(name: str) -> str:
    """The name, in quotes if it could be taken for something else."""
    return name if WORD.fullmatch(name) else f'"{name}"'


class Script:
    """Formulas as plain text: `3 · x²`, `1 - c²`, `g / (2 · v1)`."""

    times: str = " · "
    minus: str = "-"
    brackets: tuple[str, str] = "(", ")"

    def __init__(self, precision: int) -> None:
        self.precision = precision

    # what formulas are made of

    def number(self, x: float) -> str:
        return rounded(x, self.precision)

    def name(self, name: str) -> str:
        return in_formula(name)

    def constant(self, x: Data) -> Formula:
        """A plain number; of an array or anything else what can be said in short."""
        if isinstance(x, (bool, np.bool_)):
            return Formula((str(bool(x)).lower(),))
        shape = shape_of(x) if isinstance(x, (float, int)) or hasattr(x, "dtype") else None
        if shape == ():
            return Formula((self.number(float(x)),), SUM if x < 0 else ATOM, float(x))
        return Formula((f"array{shape}".replace(" ", "") if shape else "…",))

    def wrapped(self, pieces: Pieces) -> Pieces:
        left, right = self.brackets
        return (left, *pieces, right)

    def within(self, formula: Formula, rank: int) -> Pieces:
        """The formula as part of another: in parentheses if it binds less tightly than `rank`."""
        if formula.rank < rank:
            return self.wrapped(formula.pieces)
        if len(formula.pieces) == 1 and isinstance(formula.pieces[0], Symbol):
            return (formula.pieces[0]._replace(tight=True),)
        return formula.pieces

    def spelled(self, pieces: Pieces, spell: Callable[[Any], str | float]) -> str:
        """The formula with `spell(key)`, a name or a number, at each place for one."""
        return "".join(
            piece if isinstance(piece, str) else self.put(spell(piece.key), piece.tight)
            for piece in pieces
        )

    def put(self, x: str | float, tight: bool) -> str:
        if isinstance(x, str):
            return self.name(x)
        left, right = self.brackets if tight and x < 0 else ("", "")
        return f"{left}{self.number(x)}{right}"

    def joined(self, factors: Sequence[Formula]) -> Pieces:
        """A product of all factors, ones included, each one set apart."""
        first, *others = factors
        pieces = first.pieces if first.number is not None else self.within(first, POWER)
        for factor in others:
            pieces = (*pieces, self.times, *self.within(factor, POWER))
        return pieces

    # how they are combined

    def op_add(self, x: Formula, y: Formula) -> Formula:
        if x.number == 0 or y.number == 0:
            return y if x.number == 0 else x
        return Formula((*x.pieces, " + ", *self.within(y, PRODUCT)), SUM)

    def op_sub(self, x: Formula, y: Formula) -> Formula:
        if y.number == 0:
            return x
        return Formula((*x.pieces, f" {self.minus} ", *self.within(y, PRODUCT)), SUM)

    def op_mul(self, x: Formula, y: Formula) -> Formula:
        for one, other in ((x, y), (y, x)):
            if one.number == 1:
                return other
            if one.number == -1:
                return self.op_neg(other)
        left = x.pieces if x.number is not None else self.within(x, PRODUCT)
        return Formula((*left, self.times, *self.within(y, PRODUCT)), PRODUCT)

    def op_neg(self, x: Formula) -> Formula:
        return Formula((self.minus, *self.within(x, PRODUCT)), SUM)

    def op_div(self, x: Formula, y: Formula) -> Formula:
        if y.number == 1:
            return x
        return Formula((*self.within(x, PRODUCT), " / ", *self.within(y, POWER)), PRODUCT)

    def op_pow(self, x: Formula, y: Formula) -> Formula:
        if y.number in (0.0, 1.0):
            return x if y.number else self.constant(1.0)
        return self.power(x, y)

    def power(self, x: Formula, y: Formula) -> Formula:
        if y.number is not None and y.number.is_integer() and abs(y.number) < 1000:
            exponent: Pieces = (str(int(y.number)).translate(SUPERSCRIPT),)
        else:
            exponent = ("^", *self.within(y, ATOM))
        return Formula((*self.within(x, ATOM), *exponent), POWER)

    def op_sqrt(self, x: Formula) -> Formula:
        return Formula(("√", *self.within(x, ATOM)))

    def op_abs(self, x: Formula) -> Formula:
        return Formula(("|", *x.pieces, "|"))

    def op_alias(self, x: Formula) -> Formula:
        return x

    def op_astype(self, x: Formula, *, dtype: object) -> Formula:
        return x

    op_item = op_alias

    def op_matmul(self, x: Formula, y: Formula) -> Formula:
        return Formula((*self.within(x, POWER), " @ ", *self.within(y, POWER)), PRODUCT)

    def op_transpose(self, x: Formula, *, axes: Sequence[int]) -> Formula | None:
        n = len(axes)
        if tuple(axes) != (*range(n - 2), n - 1, n - 2):
            return None
        return Formula((*self.within(x, ATOM), self.transposed), POWER)

    transposed: str = "ᵀ"

    def call(
        self, name: str, operands: Sequence[Formula], kwargs: Mapping[str, str] = NO_KWARGS
    ) -> Formula:
        pieces: list[str | Symbol] = []
        for operand in operands:
            pieces += (", ", *operand.pieces) if pieces else operand.pieces
        for key, x in kwargs.items():
            pieces.append(self.option(key, x, first=not pieces))
        return Formula((self.function(name), *self.wrapped(tuple(pieces))))

    def function(self, name: str) -> str:
        return name

    def option(self, key: str, x: str, first: bool) -> str:
        return f"{'' if first else ', '}{key}={x}"


TEX_FUNCTIONS: Final = frozenset(
    ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "arcsin", "arccos", "arctan")
)
TEX: Final = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "%": r"\%", "#": r"\#", "&": r"\&",
    "_": r"\_", "^": r"{\wedge}", "~": r"{\sim}", "<": r"{<}", ">": r"{>}", "|": r"\vert ",
    "`": r"{\backprime}", "*": r"{\ast}", " ": r"\ ", "∂": r"\partial ", "[": "{[}", "]": "{]}",
    '"': r"\text{''}", "'": r"\text{'}", "-": r"\text{-}",
}  # fmt: skip
GREEK: Final = [  # in the order of Unicode
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "varsigma", "sigma", "tau", "upsilon"),
    *("phi", "chi", "psi", "omega"),
]
TEX_LETTERS: Final = TEX | {
    chr(0x3B1 + i): f"\\{name} " for i, name in enumerate(GREEK) if name != "omicron"
}


class Tex(Script):
    r"""Formulas for LaTeX's mathematics mode, and whatever else reads it: `3 \cdot x^{2}`."""

    times = r" \cdot "
    brackets = r"\left(", r"\right)"
    transposed = r"^{\top}"
    letters: Mapping[str, str] = TEX_LETTERS

    def number(self, x: float) -> str:
        if math.isnan(x):
            return r"\mathrm{nan}"
        if math.isinf(x):
            return r"\infty" if x > 0 else r"-\infty"
        mantissa, e, exponent = super().number(x).partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else mantissa

    def name(self, name: str) -> str:
        """A letter with its index, or else the text, each character as such."""
        simple = re.fullmatch(r"([^\W\d_])_?(\d*)", name)
        if simple and (simple[1] in self.letters or simple[1].isascii()):
            letter = self.letters.get(simple[1], simple[1]).strip()
            return f"{letter}_{{{simple[2]}}}" if simple[2] else letter
        return "".join(self.run(part) for part in re.findall(r"[A-Za-z0-9]+|.", name))

    def run(self, part: str) -> str:
        if part in self.letters:
            return self.letters[part]
        return rf"\mathrm{{{part}}}" if part.isascii() and part.isalnum() else rf"\text{{{part}}}"

    def op_div(self, x: Formula, y: Formula) -> Formula:
        if y.number == 1:
            return x
        return Formula((r"\frac{", *x.pieces, "}{", *y.pieces, "}"), POWER)

    def power(self, x: Formula, y: Formula) -> Formula:
        return Formula(("{", *self.within(x, ATOM), "}^{", *y.pieces, "}"), POWER)

    def op_sqrt(self, x: Formula) -> Formula:
        return Formula((r"\sqrt{", *x.pieces, "}"))

    def op_abs(self, x: Formula) -> Formula:
        return Formula((r"\left|", *x.pieces, r"\right|"))

    def op_matmul(self, x: Formula, y: Formula) -> Formula:
        return Formula((*self.within(x, POWER), r"\,", *self.within(y, POWER)), PRODUCT)

    def function(self, name: str) -> str:
        return f"\\{name}" if name in TEX_FUNCTIONS else rf"\operatorname{{{self.escaped(name)}}}"

    def option(self, key: str, x: str, first: bool) -> str:
        return ("" if first else ", ") + rf"\mathrm{{{self.escaped(key)}}}={self.escaped(x)}"

    def escaped(self, text: str) -> str:
        return "".join(self.letters.get(c, c) for c in text)


class MarkdownTex(Tex):
    """The same where Markdown stands around it, which has its own ideas of `<`, `|` and `*`."""

    letters = TEX_LETTERS | {"<": r"\lt ", ">": r"\gt "}
