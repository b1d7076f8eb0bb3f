"""Operations and their derivatives as formulas: the rules of the table, run on names.

A derivative is written by nobody: its rule runs on fresh nodes, one for each name, and the graph
that comes out is the formula. So whatever has a rule has a formula, users' own ops included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from autograd import rules
from autograd.backward import operands_first
from autograd.modes import change
from autograd.node import NO_KWARGS, Data, Node, make
from autograd.shapes import shape_of

from .notation import printable, rounded

SUM, PRODUCT, POWER, ATOM = range(4)  # how tightly a formula binds
LONGEST = 200  # pieces of a formula; what is longer is no help to a reader
PLAIN_NODE = re.compile(r"v\d+")
WORD = re.compile(r"\w+(#\d+)?")
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Symbol(NamedTuple):
    """A place in a formula for a name, or for the number that it stands for."""

    key: Any  # a node, or "g" for the gradient that comes in
    tight: bool = False  # a negative number needs parentheses here


Pieces: TypeAlias = "tuple[str | Symbol, ...]"


class Formula(NamedTuple):
    pieces: Pieces
    rank: int = ATOM
    number: float | None = None  # if that is all it is


class Graph(NamedTuple):
    """What a rule computed, and the name of each node that it was computed from."""

    out: Any
    symbols: Mapping[Node, Any]


# --- names ----------------------------------------------------------------------------------------


def names_of(order: Sequence[Node]) -> dict[Node, str]:
    """A name for each node: its label, numbered if others have it too, or `v` and its place.

    >>> from autograd import Value
    >>> x, y = Value(1.0, "x"), Value(2.0, "x")
    >>> list(names_of([x, y, x * y]).values())
    ['x#1', 'x#2', 'v3']
    """
    labels = [printable(node.label or "").strip() for node in order]
    letter = "t" if any(map(PLAIN_NODE.fullmatch, labels)) else "v"
    uses = {label: labels.count(label) for label in set(labels)} if len(set(labels)) > 1 else {}
    met: dict[str, int] = {}
    names = {}
    for i, (node, label) in enumerate(zip(order, labels), 1):
        met[label] = met.get(label, 0) + 1
        numbered = uses.get(label, len(labels)) > 1
        names[node] = (f"{label}#{met[label]}" if numbered else label) if label else f"{letter}{i}"
    return names


def in_formula(name: str) -> str:
    """The name, in quotes if it could be taken for something else."""
    return name if WORD.fullmatch(name) else f'"{name}"'


# --- derivatives as graphs ------------------------------------------------------------------------


def rule_as_graph(node: Node, i: int, g: Data | None = None) -> Graph | None:
    """The derivative of `node` for its argument `i`, as a graph of names.

    Args:
        node: what was computed.
        i: which operand to derive by; it must be a node.
        g: the gradient that comes in, which the formula then calls "g"; without it the formula is
            the slope of a single number.

    Returns: `None` if the rule runs on plain numbers only.
    """
    assert node.op is not None
    symbols: dict[Node, Any] = {}
    made: dict[Node, Node] = {}

    def symbol(data: Data, key: Any) -> Node:
        fresh = make(Node.scalar if type(data) is float else Node.array, data, 1)
        symbols[fresh] = key
        return fresh

    def operand(arg: Node | None, seen: Data) -> Any:
        if arg is None:
            return seen
        if arg not in made:
            made[arg] = symbol(seen, arg)
        return made[arg]

    with change(recording=True, anomaly=False, tape=None), np.errstate(all="ignore"):
        operands = [operand(arg, seen) for arg, seen in zip(node.args, node.saved)]
        out = symbol(node._data, node)
        incoming = 1.0 if g is None else symbol(g, "g")
        try:
            return Graph(node.op.vjps[i](incoming, out, *operands, **node.kwargs), symbols)
        except (TypeError, ValueError, AttributeError):  # a user's rule that works on floats only
            return None


def written(graph: Graph | None, script: Script) -> Formula | None:
    """The formula of a derivative, if there is one that can be read."""
    if graph is None:
        return None
    if not isinstance(graph.out, Node):
        return script.constant(graph.out)
    formulas: dict[Node, Formula] = {}
    for node in operands_first(graph.out):
        if node in graph.symbols:
            formulas[node] = Formula((Symbol(graph.symbols[node]),))
        else:
            formulas[node] = applied(node, formulas, script)
        if len(formulas[node].pieces) > LONGEST:
            return None
    return formulas[graph.out]


def operation(node: Node, script: Script) -> Formula:
    """How `node` was computed, one operation deep and as it was done: `x · x`, `1 · tanh(x)`."""
    assert node.op is not None
    parts = [
        script.constant(seen) if arg is None else Formula((Symbol(arg),))
        for arg, seen in zip(node.args, node.saved)
    ]
    if node.op is rules.pow:
        return script.power(*parts)
    if node.op in (rules.alias, rules.item, rules.astype):
        return script.call(node.op.name, parts)
    return combined(node, [part._replace(number=None) for part in parts], script)


def applied(node: Node, formulas: Mapping[Node, Formula], script: Script) -> Formula:
    """The operation of `node` on operands that have been written, simplified."""
    parts = [
        script.constant(seen) if arg is None else formulas[arg]
        for arg, seen in zip(node.args, node.saved)
    ]
    if node.op is rules.where and isinstance(node.saved[0], (bool, np.bool_)):
        return parts[1] if node.saved[0] else parts[2]  # the branch that was taken
    if node.op is rules.mul and node.args[0] is not None and node.args[0] is node.args[1]:
        return script.power(parts[0], Formula(("2",), number=2.0))
    return combined(node, parts, script)


def combined(node: Node, parts: Sequence[Formula], script: Script) -> Formula:
    """The formula of one operation: in the script's way, or as a call."""
    assert node.op is not None
    name = node.op.name
    write = getattr(script, f"op_{name}", None) if getattr(rules, name, None) is node.op else None
    formula: Formula | None = write(*parts, **node.kwargs) if write else None
    return formula or script.call(name, parts, options(node.kwargs))


def options(kwargs: Mapping[str, Any]) -> dict[str, str]:
    """The options that are short enough to be shown."""
    shown = {k: repr(x) for k, x in kwargs.items() if isinstance(x, (bool, int, tuple, str))}
    return {k: x for k, x in shown.items() if len(x) < 20}


# --- scripts --------------------------------------------------------------------------------------


class Script:
    """Formulas as plain text: `3 · x²`, `1 - c²`, `g / (2 · v1)`."""

    times: str = " · "
    minus: str = "-"

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
            return Formula((self.number(float(x)),), ATOM if x >= 0 else SUM, float(x))
        return Formula((f"array{shape}".replace(" ", "") if shape else "…",))

    def wrapped(self, pieces: Pieces) -> Pieces:
        return ("(", *pieces, ")")

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
        number = self.number(x)
        return "".join(self.wrapped((number,))) if tight and x < 0 else number  # type: ignore[arg-type]

    def joined(self, factors: Iterable[Formula]) -> Pieces:
        """A product of all factors, ones included."""
        pieces: list[str | Symbol] = []
        for factor in factors:
            pieces += (self.times, *self.within(factor, PRODUCT)) if pieces else (
                self.within(factor, PRODUCT) if factor.number is None else factor.pieces
            )
        return tuple(pieces)

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
        return x if y.number == 1 else self.power(x, y)

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


TEX_FUNCTIONS: Final = frozenset("sin cos tan sinh cosh tanh exp log arcsin arccos arctan".split())
TEX: Final = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "%": r"\%", "#": r"\#", "&": r"\&",
    "_": r"\_", "^": r"{\wedge}", "~": r"{\sim}", "<": r"{<}", ">": r"{>}", "|": r"\vert ",
    "`": r"{\backprime}", "*": r"{\ast}", " ": r"\ ", "∂": r"\partial ", "[": "{[}", "]": "{]}",
    '"': r"\text{''}", "'": r"\text{'}", "-": r"\text{-}",
}  # fmt: skip
GREEK: Final = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho "
    "varsigma sigma tau upsilon phi chi psi omega"
).split()
TEX_LETTERS: Final = TEX | {
    chr(ord("α") + i): f"\\{name} " for i, name in enumerate(GREEK) if name != "omicron"
}


class Tex(Script):
    r"""Formulas for LaTeX's mathematics mode, and whatever else reads it: `3 \cdot x^{2}`."""

    times = r" \cdot "
    transposed = r"^{\top}"
    letters: Mapping[str, str] = TEX_LETTERS

    def number(self, x: float) -> str:
        if x != x:
            return r"\mathrm{nan}"
        if abs(x) == float("inf"):
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

    def wrapped(self, pieces: Pieces) -> Pieces:
        return (r"\left(", *pieces, r"\right)")

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

    letters = TEX_LETTERS | {"<": r"\lt ", ">": r"\gt ", '"': r"\text{”}", "'": r"\text{’}"}
