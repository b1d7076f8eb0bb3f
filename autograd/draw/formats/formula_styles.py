"""Scripts in which formulas are written: plain text, and LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from autograd.core.node import NO_KWARGS
from autograd.core.op import Data
from autograd.core.shapes import Shape, shape_of
from autograd.draw.graph.names import in_formula
from autograd.draw.graph.picture import FEW, Pieces, Symbol

from .notation import nested, rounded

SUM, NEGATED, MATMUL, PRODUCT, POWER, ATOM = range(6)  # how tightly a formula binds
ENTRIES = 4  # shown of an index that is an array, at most


class Formula(NamedTuple):
    """A formula in some script, and what must be known to make it part of another."""

    pieces: Pieces
    rank: int = ATOM
    number: float | None = None  # if that is all it is
    square: Formula | None = None  # of a root: the formula under it
    quotient: tuple[Formula, Formula] | None = None  # numerator and denominator


class Script:
    """Formulas as plain text, as Python spells them: `3 * x**2`, `1 - c**2`, `g / (2 * v1)`."""

    times: str = " * "
    minus: str = "-"
    brackets: tuple[str, str] = "(", ")"

    def __init__(self, precision: int) -> None:
        self.precision = precision

    # parts of formulas

    def number(self, x: float) -> str:
        return rounded(x, self.precision)

    def name(self, name: str) -> str:
        return in_formula(name)

    def constant(self, x: Data) -> Formula:
        """A plain number, or the entries of a small array; for other data a short description."""
        if isinstance(x, (bool, np.bool_)):
            return Formula((str(bool(x)).lower(),))
        shape = shape_of(x) if isinstance(x, (float, int)) or hasattr(x, "dtype") else None
        if shape == ():
            return Formula((self.number(float(x)),), NEGATED if x < 0 else ATOM, float(x))
        if shape and 0 < math.prod(shape) <= FEW:
            return Formula((nested([self.number(float(y)) for y in np.ravel(x)], shape),))
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
        """The product of all factors, including factors of 1, each in parentheses if needed."""
        first, *others = factors
        pieces = first.pieces if first.number is not None else self.within(first, POWER)
        for factor in others:
            pieces = (*pieces, self.times, *self.within(factor, POWER))
        return pieces

    # operations

    def op_add(self, x: Formula, y: Formula) -> Formula:
        if x.number == 0 or y.number == 0:
            return y if x.number == 0 else x
        return Formula((*x.pieces, " + ", *self.within(y, MATMUL)), SUM)

    def op_sub(self, x: Formula, y: Formula) -> Formula:
        if y.number == 0:
            return x
        return Formula((*x.pieces, f" {self.minus} ", *self.within(y, MATMUL)), SUM)

    def op_mul(self, x: Formula, y: Formula) -> Formula:
        for one, other in ((x, y), (y, x)):
            if one.number == 1:
                return other
            if one.number == -1:
                return self.op_neg(other)
        left = self.within(x, NEGATED)
        return Formula((*left, self.times, *self.within(y, PRODUCT)), min(x.rank, PRODUCT))

    def op_neg(self, x: Formula) -> Formula:
        return Formula((self.minus, *self.within(x, MATMUL)), NEGATED)

    def op_div(self, x: Formula, y: Formula) -> Formula:
        if y.number == 1:
            return x
        if x.quotient and x.quotient[1] == y:
            return self.op_div(x.quotient[0], self.squared(y))
        return self.fraction(x, y)._replace(quotient=(x, y))

    def fraction(self, x: Formula, y: Formula) -> Formula:
        pieces = *self.within(x, NEGATED), " / ", *self.within(y, POWER)
        return Formula(pieces, min(x.rank, PRODUCT))

    def op_pow(self, x: Formula, y: Formula) -> Formula:
        if y.number in (0.0, 1.0):
            return x if y.number else self.constant(1.0)
        return self.power(x, y)

    def power(self, x: Formula, y: Formula) -> Formula:
        exponent = self.within(y, ATOM) if y.number is None else y.pieces
        return Formula((*self.within(x, ATOM), "**", *exponent), POWER)

    def squared(self, x: Formula) -> Formula:
        if x.number is not None:
            return self.constant(x.number**2)
        return x.square or self.power(x, Formula(("2",), number=2.0))

    def op_sqrt(self, x: Formula) -> Formula:
        return self.call("sqrt", [x])._replace(square=x)

    op_flat_root = op_sqrt

    def root_of_squares(self, x: Formula, y: Formula) -> Formula:
        return self.op_sqrt(self.op_add(self.squared(x), self.squared(y)))

    def op_matmul(self, x: Formula, y: Formula) -> Formula:
        return Formula((*self.within(x, POWER), " @ ", *self.within(y, POWER)), MATMUL)

    def op_linear(self, x: Formula, w: Formula, b: Formula) -> Formula:
        return self.op_add(self.op_matmul(x, self.transposed(w)), b)

    def op_transpose(self, x: Formula, *, axes: Sequence[int]) -> Formula:
        n = len(axes)
        if tuple(axes) == tuple(range(n)):
            return x
        if n > 1 and tuple(axes) == (*range(n - 2), n - 1, n - 2):
            return self.transposed(x, stack=n > 2)
        return self.call("transpose", [x, Formula((str(tuple(axes)),))])

    def transposed(self, x: Formula, stack: bool = False) -> Formula:
        return Formula((*self.within(x, ATOM), ".mT" if stack else ".T"))

    def op_getitem(self, x: Formula, *, index: Any) -> Formula:
        return self.indexed(x, index_text(index))

    def op_scatter_add(self, x: Formula, *, index: Any, shape: Shape) -> Formula:
        return self.call("scatter_add", [x, Formula((f"[{index_text(index)}]",))])

    def indexed(self, x: Formula, index: str) -> Formula:
        return Formula((*self.within(x, ATOM), f"[{index}]"))

    def op_nll(self, x: Formula, *, labels: Data, scale: float) -> Formula:
        mean = scale * len(labels) == 1
        total = self.call("mean" if mean else "sum", [self.indexed(x, "labels")])
        return self.op_neg(total if mean else self.op_mul(self.constant(scale), total))

    def op_sum_to(self, x: Formula, *, shape: Shape) -> Formula:
        return self.call("sum", [x])

    def op_reshape(self, x: Formula, *, shape: Shape) -> Formula:
        return self.call("reshape", [x, Formula((str(tuple(shape)),))])

    def op_broadcast_to(self, x: Formula, *, shape: Shape) -> Formula:
        return self.call("broadcast_to", [x, Formula((str(tuple(shape)),))])

    def op_astype(self, x: Formula, *, dtype: object) -> Formula:
        return self.call(str(dtype), [x])

    def op_alias(self, x: Formula) -> Formula:
        return x

    op_item = op_alias

    def op_to(self, x: Formula, *, make: object) -> Formula:
        return x

    def op_softmax(self, x: Formula, *, axis: Any) -> Formula:
        return self.call("softmax", [x], {"axis": str(axis)})  # None too: the default is -1

    def op_sinc(self, x: Formula, *, n: int) -> Formula:
        return self.call("sinc", [x], {"n": str(n)} if n else {})  # its n-th derivative

    def op_one_minus_square(self, x: Formula) -> Formula:
        return self.op_sub(self.constant(1.0), self.squared(x))

    def op_sech2(self, x: Formula) -> Formula:
        return self.op_one_minus_square(self.call("tanh", [x]))

    def op_logistic_density(self, x: Formula) -> Formula:
        s = self.call("sigmoid", [x])
        return self.op_mul(s, self.op_sub(self.constant(1.0), s))

    def op_cosine(self, x: Formula, y: Formula) -> Formula:
        return self.op_div(x, self.root_of_squares(x, y))

    def op_einsum(self, *xs: Formula, inputs: Sequence[str], output: str) -> Formula:
        return self.call("einsum", [Formula((f"'{','.join(inputs)}->{output}'",)), *xs])

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


def index_text(index: Any) -> str:
    """An index as it is written in brackets: `0`, `:, 1`; long arrays as three dots."""
    if isinstance(index, tuple):
        return ", ".join(map(index_text, index)) or "()"
    if isinstance(index, slice):
        parts = [index.start, index.stop, *([] if index.step is None else [index.step])]
        return ":".join("" if part is None else str(part) for part in parts)
    if index is None or index is Ellipsis:
        return "None" if index is None else "..."
    if hasattr(index, "tolist"):
        return str(index.tolist()) if index.ndim < 2 and index.size <= ENTRIES else "…"
    return str(index)


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


class Template(Script):
    """Formulas in which numbers are symbols too, to be written later, to any precision."""

    def constant(self, x: Data) -> Formula:
        if not isinstance(x, (bool, np.bool_)) and (
            isinstance(x, (float, int)) or (hasattr(x, "dtype") and shape_of(x) == ())
        ):
            return Formula((Symbol(float(x)),), number=float(x))
        return super().constant(x)


class PageTemplate(Template):
    """The same, typeset with signs of mathematics."""

    times = " \N{MULTIPLICATION SIGN} "
    minus = "\N{MINUS SIGN}"


class Tex(Script):
    r"""Formulas for LaTeX's mathematics mode: `3 \cdot x^{2}`."""

    times = r" \cdot "
    brackets = r"\left(", r"\right)"
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

    def fraction(self, x: Formula, y: Formula) -> Formula:
        return Formula((r"\frac{", *x.pieces, "}{", *y.pieces, "}"), POWER)

    def power(self, x: Formula, y: Formula) -> Formula:
        return Formula(("{", *self.within(x, ATOM), "}^{", *y.pieces, "}"), POWER)

    def transposed(self, x: Formula, stack: bool = False) -> Formula:
        return Formula((*self.within(x, ATOM), r"^{\top}"), POWER)

    def indexed(self, x: Formula, index: str) -> Formula:
        return Formula((*self.within(x, ATOM), f"_{{{self.escaped(index)}}}"), POWER)

    def op_sqrt(self, x: Formula) -> Formula:
        return Formula((r"\sqrt{", *x.pieces, "}"), square=x)

    op_flat_root = op_sqrt

    def op_abs(self, x: Formula) -> Formula:
        return Formula((r"\left|", *x.pieces, r"\right|"))

    def op_matmul(self, x: Formula, y: Formula) -> Formula:
        return Formula((*self.within(x, POWER), r"\,", *self.within(y, POWER)), MATMUL)

    def function(self, name: str) -> str:
        return f"\\{name}" if name in TEX_FUNCTIONS else rf"\operatorname{{{self.escaped(name)}}}"

    def option(self, key: str, x: str, first: bool) -> str:
        return ("" if first else ", ") + rf"\mathrm{{{self.escaped(key)}}}={self.escaped(x)}"

    def escaped(self, text: str) -> str:
        return "".join(self.letters.get(c, c) for c in text)


class MarkdownTex(Tex):
    """The same inside Markdown, where `<` and `|` have meanings of their own."""

    letters = TEX_LETTERS | {"<": r"\lt ", ">": r"\gt "}
