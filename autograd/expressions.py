"""Formulas as trees, and how plain text, Python and TeX write them.

A row of the table states its operation as a Python expression in the names of its operands:
`Op.text`, and `Op.formula` where a reader wants to see what it computes. `expression` parses it
into a tree, and a style writes trees in its language. Parentheses follow from one table of
precedence, Python's; a style lists only what its language writes in another way.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from autograd.core.op import Data, Op
from autograd.core.shapes import Shape, shape_of

# --- trees ----------------------------------------------------------------------------------------


class Symbol(NamedTuple):
    """A place for a name, or for the number that it stands for.

    In a written formula, what is put there must bind at least as tightly as `level`.
    """

    key: Any  # a node, the position of an operand, a number, "g" for an incoming gradient
    level: int = 0

    @property
    def tight(self) -> bool:
        """Whether a negative number needs parentheses here."""
        return self.level > SUM


class Constant(NamedTuple):
    """A number or an array; or the text of an index or an option."""

    value: Data


class Written(NamedTuple):
    """A formula as text with symbols in it, and how tightly it binds."""

    pieces: tuple[str | Symbol, ...]
    level: int


class Operation:
    """An operation on formulas.

    Args:
        kind: an operator, "neg", "call", "[]", ".T", "if"; or how it is written.
        operands: the formulas.
        name: of the function that is called.
        keywords: the names of the last operands.
    """

    __match_args__ = ("kind", "operands", "name")

    def __init__(
        self,
        kind: str | Written,
        operands: Sequence[Expression],
        name: str = "",
        keywords: Sequence[str] = (),
    ) -> None:
        self.kind, self.operands, self.name, self.keywords = kind, operands, name, keywords
        self.size: int = 1 + sum(getattr(x, "size", 1) for x in operands)


Expression: TypeAlias = Symbol | Constant | Operation
Spell: TypeAlias = Callable[[Any], "str | float | Written"]  # the name, number or text of a symbol


def simplified(
    kind: str, operands: Sequence[Any], name: str = "", keywords: Sequence[str] = ()
) -> Expression:
    """Return an operation on simplified operands, without steps that change no number.

    `x * 1` and `x + 0` are `x`; `x * x`, of one and the same operand, is `x**2`; `sqrt(x)**2` is
    `x`; and `a / b / b` is `a / b**2`.
    """
    numbers = [number_of(x) for x in operands]
    match kind, operands, numbers:
        case ("+", (_, x), (0.0, _)) | ("*", (_, x), (1.0, _)):
            return x
        case ("+" | "-", (x, _), (_, 0.0)) | ("*" | "/" | "**", (x, _), (_, 1.0)):
            return x
        case ("*", (_, x), (-1.0, _)) | ("*", (x, _), (_, -1.0)):
            return simplified("neg", (x,))
        case "*", (x, y), _ if x is y:
            return simplified("**", (x, Constant(2)))
        case "neg", _, (float(n),):
            return Constant(-n)
        case "/", (Operation("/", (x, y)), z), _ if y is z:
            return simplified("/", (x, simplified("**", (y, Constant(2)))))
        case "**", _, (_, 0.0):
            return Constant(1)
        case "**", _, (float(n), 2.0) if math.isfinite(n * n):
            return Constant(n * n)
        case "**", (Operation("call", (x,), "sqrt"), _), (_, 2.0):
            return x
        case "@", (Constant(x), y), _ if np.all(x == 1):  # rows of ones add up the rows
            return Operation("call", (y, Constant(0)), "sum", ("axis",))
        case "if", (_, x, y), (float(condition), *_):
            return x if condition else y
    return Operation(kind, operands, name, keywords)


def number_of(x: Expression) -> float | None:
    """Return the number that an expression is; None if it is none or more."""
    return float(x.value) if isinstance(x, Constant) and is_single(x.value) else None


def is_single(x: Data) -> bool:
    """Whether `x` is one number or truth value, without axes."""
    return isinstance(x, (int, float)) or (hasattr(x, "dtype") and shape_of(x) == ())


# --- operations as their rows state them ----------------------------------------------------------

OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.MatMult: "@", ast.Pow: "**", ast.BitAnd: "&", ast.BitOr: "|", ast.Eq: "==",
    ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip


def expression(
    op: Op,
    operands: Sequence[Expression],
    options: Mapping[str, Any],
    *fields: str,
    make: Callable[..., Expression] = Operation,
) -> Expression:
    """Return an operation as its row states it in the first of the fields that it has.

    Without any it is a call of the op's name, with the options that are short.

    >>> from autograd.core import rules
    >>> formula = expression(rules.sech2, [Symbol("x")], {}, "formula", "text")
    >>> PlainText().text(formula, str)
    '1 - tanh(x)**2'

    Args:
        make: makes operations: `simplified`, or `Operation` as they are stated.

    Raises:
        ValueError: the op states something else than a formula.
    """
    field, text = next(((f, t) for f in fields if (t := getattr(op, f))), ("", None))
    if text is None:
        shown = {k: x for k, x in options.items() if k != "keepdims" and is_short(x)}
        given = (*operands, *(Constant(option_text(k, x)) for k, x in shown.items()))
        return make("call", given, printable(op.name), tuple(map(printable, shown)))
    names: dict[str, Any] = dict(zip(op.parameters, operands))
    if op.arity is None or len(names) < len(operands):  # the last name is of all that are left
        left = operands[len(op.parameters) - 1 :]
        names[op.parameters[-1]] = left[0] if len(left) == 1 else Operation(listed(len(left)), left)
    if field == "tex":
        return Operation(template(text, tuple(names)), tuple(names.values()))
    defaults = {x.name: x.default for x in op.arguments if x.default is not x.empty}
    options = {name: x for name, x in defaults.items() if name in op.options} | dict(options)
    if callable(text):
        text, options = text(**options), {}  # it has put them in
    try:
        return Reader(names, options, make).read(parsed(text))
    except (SyntaxError, NotImplementedError, RecursionError):
        raise ValueError(
            f"the {field} of op {op.name} must be a formula of names, numbers, operators, calls, "
            f"indices, .T and `x if condition else y`, but it is {text!r}"
        ) from None


@lru_cache(1000)
def parsed(text: str) -> ast.expr:
    if not isinstance(text, str):  # a function of the options returned it
        raise NotImplementedError
    return ast.parse(text, mode="eval").body


def listed(count: int) -> Written:
    """Return so many operands beside each other, as arguments of a function."""
    pieces = [x for i in range(count) for x in (", ", Symbol(i))]
    return Written((*pieces[1:],) or ("",), TEST)


class Reader(NamedTuple):
    """Reads what a row states: operands stand in place of their names, options likewise."""

    names: Mapping[str, Expression]
    options: Mapping[str, Any]
    make: Callable[..., Expression]

    def read(self, node: ast.expr) -> Any:
        make, read = self.make, self.read
        match node:
            case ast.Name(name) if name in self.options:
                x = self.options[name]
                return Constant(x if type(x) in (int, float) else option_text(name, x))
            case ast.Name(name):
                return self.names.get(name, Constant(name))
            case ast.Constant(x):
                return Constant(repr(x) if isinstance(x, str) else x)
            case ast.UnaryOp(ast.USub(), x):
                x = read(x)
                n = number_of(x)
                return make("neg", (x,)) if n is None else Constant(-x.value)
            case ast.BinOp(x, sign, y) | ast.Compare(x, [sign], [y]) if type(sign) in OPERATORS:
                return make(OPERATORS[type(sign)], (read(x), read(y)))
            case ast.IfExp(condition, x, y):
                return make("if", (read(condition), read(x), read(y)))
            case ast.Attribute(x, "T" | "mT" as name):
                return make(f".{name}", (read(x),))
            case ast.Subscript(x, index):
                return make("[]", (read(x), Constant(self.index_text(index))))
            case ast.Tuple():
                return Constant(ast.unparse(node))
            case ast.List([index]):
                return Constant(f"[{self.index_text(index)}]")
            case ast.Call(ast.Name(name), args, named) if all(x.arg for x in named):
                xs = [*map(read, args), *map(self.keyword, named)]
                return make("call", xs, name, [str(x.arg) for x in named])
        raise NotImplementedError

    def keyword(self, node: ast.keyword) -> Any:
        x = self.read(node.value)
        return Constant(str(x.value)) if isinstance(x, Constant) else x

    def index_text(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name) and node.id in self.options:
            return index_text(self.options[node.id])
        return ast.unparse(node).strip("()")


def is_short(x: Any) -> bool:
    """Whether an option is worth its place where the row does not ask for it."""
    return isinstance(x, (int, float, tuple, str)) and len(repr(x)) < 20


def option_text(name: str, x: Any) -> str:
    if name == "axis" and isinstance(x, tuple) and len(x) == 1:
        (x,) = x
    return index_text(x) if hasattr(x, "dtype") else printable(repr(x))


def index_text(index: Any) -> str:
    """Return an index as it is written in brackets: `0`, `:, 1`; long arrays as three dots."""
    if isinstance(index, tuple):
        return ", ".join(map(index_text, index)) or "()"
    if isinstance(index, slice):
        parts = [index.start, index.stop, *([] if index.step is None else [index.step])]
        return ":".join("" if part is None else str(part) for part in parts)
    if hasattr(index, "tolist"):
        return str(index.tolist()) if index.ndim < 2 and index.size <= ENTRIES else "…"
    return "..." if index is ... else str(index)


# --- numbers and names ----------------------------------------------------------------------------

ENTRIES, FEW = 4, 6  # shown of an index that is an array, and of a constant one, at most
GREEK = dict(zip("αβγδεζηθικλμνξπρςστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "pi", "rho", "varsigma", "sigma", "tau", "upsilon", "phi", "chi",
    "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi",
    "Psi", "Omega",
)))  # fmt: skip


def rounded(x: float, precision: int) -> str:
    """Return `x` to so many significant digits, but below a million never less than a whole number.

    >>> rounded(138.8338, 4), rounded(12345.6, 4), rounded(1e-9 / 3, 4)
    ('138.8', '12346', '3.333e-10')
    """
    x += 0.0  # no sign on zero
    whole = len(f"{abs(x):.0f}") if abs(x) < 1e6 else 0
    return f"{x:.{max(precision, whole)}g}"


def nested(entries: Sequence[str], shape: Shape) -> str:
    """Return entries in brackets as NumPy writes them, on one line; "" without entries.

    >>> nested(["1", "2", "3", "4"], (2, 2))
    '[[1 2] [3 4]]'
    """
    if not entries or not shape:
        return "".join(entries)
    step = len(entries) // shape[0]
    rows = [entries[i : i + step] for i in range(0, len(entries), step)]
    return f"[{' '.join(nested(row, shape[1:]) for row in rows)}]"


def printable(text: str) -> str:
    r"""Return the text on one line: what can't be printed, as Python writes it.

    >>> print(printable("two\nlines of π"))
    two\nlines of π
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def quoted(name: str) -> str:
    """Return the name, in quotes if it could be mistaken for a number or a formula.

    >>> print(quoted("0.weight"), quoted("a - b"), quoted("12"))
    0.weight "a - b" "12"
    """
    try:
        float(name)
    except ValueError:
        return name if re.fullmatch(r"\w+(\.\w+)*(#\d+)?", name) else f'"{name}"'
    return f'"{name}"'


@lru_cache(1000)
def identifier(text: str) -> str:
    """Return the text with all but letters, digits and underscores taken out.

    >>> identifier("x|y {z}"), identifier("2π"), identifier("lambda"), identifier("__import__")
    ('x_y_z', 'n2π', 'lambda_', 'import_')
    """
    text = unicodedata.normalize("NFKC", text)[:40]  # as Python reads it
    text = "".join(c if f"a{c}".isidentifier() else " " for c in text).strip(" _")
    name = "_".join(text.replace("_", " ").split()) or "t"
    if not name.isidentifier():
        name = unicodedata.normalize("NFKC", f"n{name}")  # an accent in front joins the n
    return f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else name


# --- precedence -----------------------------------------------------------------------------------

# How tightly a formula binds: Python's precedence. A formula that begins with a minus sign stands
# without parentheses only where it comes first, as -x * y is the same number read either way.
TEST, COMPARISON, OR, AND, SUM, SIGNED, REMAINDER, MATMUL, PRODUCT, POWER, ATOM = range(11)
LEVELS = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), COMPARISON), "|": OR, "&": AND,
    "+": SUM, "-": SUM, "%": REMAINDER, "//": REMAINDER, "@": MATMUL, "*": PRODUCT, "/": PRODUCT,
}  # fmt: skip


def infix(sign: str, level: int, right: int = 0) -> Written:
    """Return an operator between its operands; the one on the right binds tightly enough."""
    left = OR if level == COMPARISON else min(level, SIGNED)
    right = right or (level + 1 if level < SUM else REMAINDER if level == SUM else POWER)
    return Written((Symbol(0, left), sign, Symbol(1, right)), level)


@lru_cache(1000)
def template(text: str, names: tuple[str, ...] = ("x", "y", "z"), level: int | None = None) -> Any:
    """Return a text with a symbol for each word that is a name, the name's position.

    An operand between brackets needs none of its own, others must be atoms. The whole is an atom
    if all are between brackets, and needs brackets of its own if not, unless `level` says more.

    >>> template("pow(x, y)").pieces
    ('pow(', Symbol(key=0, level=0), ', ', Symbol(key=1, level=0), ')')
    """
    words = "|".join(map(re.escape, names))
    parts = re.split(rf"(?<![\\A-Za-z])({words})(?![A-Za-z0-9])", text)
    pieces: list[str | Symbol] = []
    for before, name, after in zip(parts[::2], parts[1::2], parts[2::2]):
        inside = OPENING.search(before) and CLOSING.match(after)
        pieces += [before, Symbol(names.index(name), 0 if inside else ATOM)]
    loose = any(isinstance(x, Symbol) and x.level for x in pieces)
    level = (TEST if loose else ATOM) if level is None else level
    return Written(tuple(x for x in (*pieces, parts[-1]) if x), level)


OPENING = re.compile(r"([{(\[,&|]|\\\\|\\l[a-z]+|\\(text|begin)\{[^}]*\})\s*$")
CLOSING = re.compile(r"\s*([)\],&|]|\}(?![\^_])|\\\\|\\r[a-z]+)")

# --- styles ---------------------------------------------------------------------------------------


class PlainText:
    """Formulas as plain text, spelled as in Python: `3 * x**2`, `1 - c**2`, `g / (2 * v1)`."""

    signs: ClassVar[Mapping[str, str]] = {"neg": "-"}  # other signs stand between spaces
    forms: ClassVar[dict[str, tuple[str, int]]] = {
        "**": ("x**y", POWER), ".T": ("x.T", ATOM), ".mT": ("x.mT", ATOM), "[]": ("x[y]", ATOM),
        "if": ("where(x, y, z)", ATOM),
    }  # fmt: skip
    functions: ClassVar[Mapping[str, str]] = {}  # that have another name
    brackets = "(", ")"
    fields: tuple[str, ...] = ()  # of ops, to look at before `formula` and `text`
    exact = False  # whether parentheses keep the order of products

    def __init__(self, precision: int | None = None) -> None:
        self.precision = precision  # significant digits; None: all

    def text(self, x: Expression, spell: Spell) -> str:
        """Return the formula, with `spell(key)` in place of each symbol."""
        return "".join(map(str, self.write(x, spell).pieces))

    def write(self, x: Expression, spell: Spell | None = None) -> Written:
        """Return the formula; without `spell`, with symbols for numbers too."""
        done: dict[int, Written] = {}
        stack = [x]
        while stack:  # each after its operands, without recursion
            x = stack[-1]
            if not isinstance(x, Operation):
                done[id(stack.pop())] = self.leaf(x, spell)
                continue
            ahead = [y for y in x.operands if id(y) not in done]
            stack += ahead
            if not ahead:
                operands = [done[id(y)] for y in x.operands]
                done[id(stack.pop())] = self.fill(self.form(x, operands), operands)
        return done[id(x)]

    def fill(self, form: Written, operands: Sequence[Written]) -> Written:
        """Return the form with operands by position, in parentheses if they bind less tightly."""
        pieces: list[str | Symbol] = []
        level = form.level
        for piece in form.pieces:
            if isinstance(piece, str):
                pieces.append(piece)
                continue
            x = operands[piece.key]
            if x.level < piece.level:
                pieces += [self.brackets[0], *x.pieces, self.brackets[1]]
            elif isinstance(x.pieces[0], Symbol) and len(x.pieces) == 1:
                pieces.append(Symbol(x.pieces[0].key, piece.level))
            else:
                level = level if pieces else min(level, x.level)  # -x * y begins with a minus too
                pieces += x.pieces
        return Written(tuple(pieces), level)

    def form(self, x: Operation, operands: Sequence[Written]) -> Written:
        """Return how an operation is written, with symbols for the positions of operands."""
        kind = x.kind
        if isinstance(kind, Written):
            return kind
        if kind == "neg":
            return Written((self.signs["neg"], Symbol(0, MATMUL)), SIGNED)
        function = f"{x.name}()" if len(operands) == 1 else ""
        if kind == "call" and function not in self.forms:
            return self.call(x)
        if kind in LEVELS and kind not in self.forms:
            right = PRODUCT if kind == "*" and not self.exact else 0  # x * (y * z) is x * y * z
            return infix(self.signs.get(kind, f" {kind} "), LEVELS[kind], right)
        text, level = self.forms[function if kind == "call" else kind]
        form: Written = template(text, level=level)
        if text == "x**y" and isinstance(x.operands[1], Constant):  # x**-2
            return form._replace(pieces=(*form.pieces[:-1], Symbol(1)))
        return form

    def call(self, x: Operation) -> Written:
        positional = len(x.operands) - len(x.keywords)
        pieces: list[str | Symbol] = [self.function(x.name), self.brackets[0]]
        for k in range(len(x.operands)):
            key = self.keyword(x.keywords[k - positional]) if k >= positional else ""
            pieces += [f"{', ' * (k > 0)}{key}", Symbol(k)]
        return Written((*(piece for piece in pieces if piece), self.brackets[1]), ATOM)

    def leaf(self, x: Symbol | Constant, spell: Spell | None) -> Written:
        if isinstance(x, Constant):
            number = None if isinstance(x.value, (bool, np.bool_)) else number_of(x)
            if spell is None and number is not None:
                return Written((Symbol(number),), ATOM)
            return self.constant(x.value)
        found = Written((Symbol(x.key),), ATOM) if spell is None else spell(x.key)
        if isinstance(found, Written):
            return found
        if isinstance(found, str):
            return Written((self.name(found),), ATOM)
        written = self.constant(found)
        return written._replace(level=SUM) if found < 0 else written

    def constant(self, x: Data) -> Written:
        """Return a number, a text, or the entries of a small array, of a large one the shape."""
        if isinstance(x, (bool, np.bool_, str)):
            text = self.literal(x if isinstance(x, str) else str(bool(x)).lower())
        elif is_single(x):
            text = self.number(float(x))
            level = SIGNED if text[0] in "-\N{MINUS SIGN}" else PRODUCT if " " in text else ATOM
            return Written((text,), level)
        elif hasattr(x, "dtype") and 0 < math.prod(shape_of(x)) <= FEW:
            text = nested([self.number(float(y)) for y in np.ravel(x)], shape_of(x))
        else:
            text = f"array{shape_of(x)}".replace(" ", "") if hasattr(x, "dtype") else "…"
        return Written((text,), ATOM)

    def number(self, x: float) -> str:
        if self.precision is None:
            return repr(x).removesuffix(".0")
        return rounded(x, self.precision)

    def name(self, name: str) -> str:
        return quoted(name)

    def literal(self, text: str) -> str:
        return text

    def function(self, name: str) -> str:
        return self.functions.get(name, name)

    def keyword(self, name: str) -> str:
        return f"{name}="


class Typeset(PlainText):
    """The same with the signs of mathematics: `3 × x**2`."""

    signs: ClassVar = {
        "neg": "\N{MINUS SIGN}", "-": " \N{MINUS SIGN} ", "*": " \N{MULTIPLICATION SIGN} ",
    }  # fmt: skip

    def number(self, x: float) -> str:
        return super().number(x).replace("-", "\N{MINUS SIGN}")


class Python(PlainText):
    """Python source, for the functions of `math` or of NumPy."""

    exact = True
    forms: ClassVar = PlainText.forms | {"**": ("pow(x, y)", ATOM)}
    functions: ClassVar = {
        f"arc{f}": f"a{f}" for f in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "tan2")
    }

    def constant(self, x: Data) -> Written:
        text = x if isinstance(x, str) else repr(x)
        return Written((text,), SIGNED if text[0] == "-" else ATOM)

    def name(self, name: str) -> str:
        return identifier(name)


TEX_LETTERS = {
    "\\": r"\backslash ", "{": r"\lbrace ", "}": r"\rbrace ", "$": r"\$", "%": r"\%", "#": r"\#",
    "&": r"\&", "_": r"\_", "^": r"{\wedge}", "~": r"{\sim}", "<": r"{<}", ">": r"{>}",
    "|": r"\vert ", "`": r"{\backprime}", "*": r"{\ast}", " ": r"\ ", "∂": r"\partial ",
    "[": "{[}", "]": "{]}", '"': r"\text{''}", "'": r"\text{'}", "-": r"\text{-}",
    **{c: f"\\{name} " for c, name in GREEK.items()},
}  # fmt: skip
RUNS = re.compile(r"[A-Za-z0-9]+|.")
NUMBER = re.compile(r"-?[\d.]+|-\\infty")
NUMERAL = re.compile(r"\{?(\d|\\infty|\\mathrm\{nan)")


class Tex(PlainText):
    r"""Formulas for the mathematics mode of LaTeX, with `amsmath`: `3 \, x^{2}`."""

    signs: ClassVar = {
        "neg": "-", "==": " = ", "!=": r" \ne ", "<=": r" \le ", ">=": r" \ge ", "|": r" \lor ",
        "&": r" \land ", "%": r" \bmod ", "*": r" \, ", "@": r"\,",
    }  # fmt: skip
    forms: ClassVar = {
        "/": (r"\frac{x}{y}", POWER), "//": (r"\left\lfloor \frac{x}{y} \right\rfloor", ATOM),
        "**": ("{x}^{y}", POWER), ".T": (r"x^{\top}", POWER), ".mT": (r"x^{\top}", POWER),
        "[]": ("x_{y}", POWER), "abs()": (r"\left|x\right|", ATOM), "sqrt()": (r"\sqrt{x}", ATOM),
        "cbrt()": (r"\sqrt[3]{x}", ATOM), "exp()": ("e^{x}", POWER), "exp2()": ("2^{x}", POWER),
        "if": (r"\begin{cases} y & \text{if } x \\ z & \text{else} \end{cases}", ATOM),
    }  # fmt: skip
    functions: ClassVar = {
        **{f: f"\\{f}" for f in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min")},
        **{f"arc{f}": rf"\arc{f}" for f in ("sin", "cos", "tan")},
        "log": r"\ln", "log2": r"\log_{2}", "log10": r"\log_{10}", "maximum": r"\max",
        "minimum": r"\min", "sigmoid": r"\sigma", "logical_not": r"\lnot",
    }  # fmt: skip
    brackets = r"\left(", r"\right)"
    fields = ("tex",)

    def form(self, x: Operation, operands: Sequence[Written]) -> Written:
        form = super().form(x, operands)
        if x.kind == "*":  # a number on the right
            text, whole = "".join(map(str, operands[1].pieces)), operands[1].level < PRODUCT
            if (NUMBER.fullmatch if whole else NUMERAL.match)(text):
                return form._replace(pieces=(form.pieces[0], r" \cdot ", form.pieces[2]))
        return form

    def constant(self, x: Data) -> Written:
        if isinstance(x, (bool, np.bool_)):
            return Written((rf"\text{{{str(bool(x)).lower()}}}",), ATOM)
        return super().constant(x)

    def number(self, x: float) -> str:
        if not math.isfinite(x):
            return r"\mathrm{nan}" if math.isnan(x) else r"\infty" if x > 0 else r"-\infty"
        mantissa, e, exponent = super().number(x).partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else mantissa

    def name(self, name: str) -> str:
        r"""Return a name as mathematicians set it: a letter or a word, with its index.

        >>> print(*map(Tex().name, ("w1", "alpha", "rate", "d_x2", "0.w")))
        w_{1} \alpha \mathrm{rate} d_{\mathrm{x2}} 0\text{.}w
        """
        name = printable(name)
        simple = re.fullmatch(r"([A-Za-z]+|[α-ωΓ-Ω])([0-9]*)(?:_(\w+))?", name)
        if simple is None:
            return "".join(map(self.run, RUNS.findall(name)))
        stem, *below = simple.groups("")
        stem = GREEK.get(stem, stem)
        stem = f"\\{stem}" if stem in GREEK.values() else self.run(stem)
        index = ",".join("".join(map(self.run, RUNS.findall(x))) for x in below if x)
        return f"{stem}_{{{index}}}" if index else stem

    def run(self, part: str) -> str:
        if part in TEX_LETTERS:
            return TEX_LETTERS[part]
        if part.isascii() and (part.isdigit() or (len(part) == 1 and part.isalpha())):
            return part
        return rf"\mathrm{{{part}}}" if part.isascii() and part.isalnum() else rf"\text{{{part}}}"

    def literal(self, text: str) -> str:
        return "".join(TEX_LETTERS.get(c, c) for c in text)

    def function(self, name: str) -> str:
        return self.functions.get(name) or rf"\operatorname{{{self.literal(name)}}}"

    def keyword(self, name: str) -> str:
        return rf"\mathrm{{{self.literal(name)}}}="


class MarkdownTex(Tex):
    """The same inside Markdown, where `<` and `|` have meanings of their own."""

    escapes = str.maketrans({"<": r"\lt ", ">": r"\gt ", "|": r"\vert "})

    def text(self, x: Expression, spell: Spell) -> str:
        return super().text(x, spell).translate(self.escapes)

    def name(self, name: str) -> str:
        return super().name(name).translate(self.escapes)
