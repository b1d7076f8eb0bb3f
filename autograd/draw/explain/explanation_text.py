"""An explanation in words and formulas: as text, in Markdown, and in LaTeX."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from math import isnan, log10
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.core.node import Node
from autograd.draw.formats.formula_styles import Formula, Script
from autograd.draw.graph.formulas import operation, written

from .chain_rule import Slope, product_of

if TYPE_CHECKING:
    from .explanation import Explanation

FACTORS = 12  # shown of a product, at most
STEPS = 24  # shown of a list, at most


class Step(NamedTuple):
    """A line on one node: how it was computed, and its slopes."""

    equation: str
    slopes: list[str]


class Product(NamedTuple):
    """A path, and the product of its slopes: in their names, as formulas, in numbers."""

    route: str
    forms: list[str]


class Writer:
    """The parts of an explanation; subclasses define their order and their markup."""

    d, partial, over, arrow, dots = "d", "∂", "/", " → ", "…"

    def __init__(self, explained: Explanation, script: Script) -> None:
        self.explained, self.script = explained, script

    @abstractmethod
    def lines(self) -> Iterator[str]:
        """The explanation, line by line."""

    def name(self, node: Node) -> str:
        return self.script.name(self.explained.names[node])

    def number(self, x: float) -> str:
        return self.script.put(x, tight=False)

    def ratio(self, d: str, above: Node, below: Node) -> str:
        return f"{d}{self.name(above)}/{d}{self.name(below)}"

    def headline(self) -> str:
        x = self.explained
        total = self.ratio(self.d, x.root, x.leaf)
        return self.mathematics(f"{total} = {self.number(x.derivative)}")

    def mathematics(self, formula: str) -> str:
        return formula

    def verdict(self) -> str:
        """How many paths there are."""
        x, leaf, root = (
            self.explained,
            *(self.mathematics(self.name(n)) for n in (self.explained.leaf, self.explained.root)),
        )
        if x.leaf is x.root:
            return "every number has slope 1 in itself"
        if not x.count:
            return f"no path leads from {leaf} to {root}, which doesn't depend on it"
        many = "the only path" if x.count == 1 else f"the sum over {counted(x.count)} paths"
        return f"{many} from {leaf} to {root}"

    def steps(self) -> Iterator[Step]:
        """The nodes on the paths that are written out."""
        x = self.explained
        on_paths = {x.leaf, *(edge.node for path in x.paths for edge in path)}
        for node in shortened([node for node in x.values if node in on_paths], STEPS):
            if node is None:
                yield Step(self.dots, [])
            else:
                yield Step(self.equation(node), [self.slope(s) for s in x.slopes.get(node, ())])

    def equation(self, node: Node) -> str:
        """`v1 = a * b = -8`."""
        parts = [self.name(node), self.number(self.explained.values[node])]
        if node.op and node is not self.explained.leaf:
            pieces = operation(node, self.script).pieces
            parts.insert(1, self.script.spelled(pieces, self.name_or_number(node)))
        return " = ".join(parts)

    def name_or_number(self, node: Node) -> Callable[[Any], str | float]:
        """Spells operands: those that lie on no path may be unnamed constants."""
        seen = {arg: x for arg, x in zip(node.args, node.saved) if arg is not None}
        names = self.explained.names
        return lambda key: names[key] if key in names else float(seen[key])

    def slope(self, slope: Slope) -> str:
        """`∂v1/∂a = b = 2`: name, formula, the formula with numbers, number."""
        formula = written(slope.graph, self.script)
        parts = [self.ratio(self.partial, slope.node, slope.arg)]
        if formula is not None and formula.number is None:
            parts += [self.named(slope, formula), self.plugged(slope, formula)]
        parts.append(self.number(slope.number))
        twice = sum(arg is slope.arg for arg in slope.node.args) > 1
        return " = ".join(dict.fromkeys(parts)) + (self.operand(slope.i) if twice else "")

    def operand(self, i: int) -> str:
        return f"  (operand {i + 1})"

    def named(self, slope: Slope, formula: Formula) -> str:
        return self.script.spelled(formula.pieces, self.name_or_number(slope.node))

    def plugged(self, slope: Slope, formula: Formula) -> str:
        """The formula with numbers in place of names."""
        seen = {
            arg: float(x) for arg, x in zip(slope.node.args, slope.node.saved) if arg is not None
        }
        seen[slope.node] = self.explained.values[slope.node]
        return self.script.spelled(formula.pieces, seen.__getitem__)

    def products(self) -> Iterator[Product]:
        for path in self.explained.paths:
            nodes = [self.explained.root, *(slope.arg for slope in path)]
            edges = shortened(path, FACTORS)
            names, formulas, numbers = (
                self.joined([None if edge is None else write(edge) for edge in edges])
                for write in (self.quotient, self.factor, self.plain)
            )
            result = f"{numbers} = {self.number(product_of(path))}" if len(path) > 1 else numbers
            yield Product(
                self.arrow.join(
                    self.dots if node is None else self.name(node)
                    for node in shortened(nodes[::-1], FACTORS)
                ),
                [names, *([formulas] if formulas != numbers else []), result],
            )

    def joined(self, factors: Sequence[Formula | None]) -> str:
        parts = [Formula((self.dots,)) if x is None else x for x in factors]
        return self.script.spelled(self.script.joined(parts), str)

    def quotient(self, slope: Slope) -> Formula:
        return Formula((self.ratio(self.partial, slope.node, slope.arg),))

    def plain(self, slope: Slope) -> Formula:
        return self.script.constant(slope.number)

    def factor(self, slope: Slope) -> Formula:
        """A slope as a factor: its formula, or its number if it has none."""
        formula = written(slope.graph, self.script)
        if formula is None:
            return self.plain(slope)
        return formula._replace(pieces=(self.named(slope, formula),))

    def sum(self) -> str:
        """The products added up, with what the paths that are not shown contribute."""
        x = self.explained
        products = [product_of(path) for path in x.paths]
        parts = [self.script.put(y, tight=i > 0) for i, y in enumerate(products)]
        if x.count > len(products):
            parts.append(self.dots)
        return " + ".join(parts) + f" = {self.number(x.derivative)}"

    def left_out(self) -> str:
        """What to do about paths that are not shown; nothing if all are."""
        x = self.explained
        rest = x.count - len(x.paths)
        if not rest:
            return ""
        shown = float(np.sum([product_of(path) for path in x.paths]))
        return (
            f"{counted(rest)} more path{'s' * (rest > 1)} not shown, of which the products add up "
            f"to {self.mathematics(self.number(x.derivative - shown))}; "
            + (f"for all: paths={x.count}; " if x.count <= 1000 else "")
            + "or explain a part, from the leaf to a node in between"
        )

    def checks(self) -> list[tuple[str, str]]:
        x, script = self.explained, type(self.script)(10)
        low, high = x.difference
        near = abs(high - low) <= 1e-6 * max(abs(low), abs(high), 1e-6) or isnan(high - low)
        return [
            (
                "the engine's gradient" + (", which hooks may change" if x.has_hooks else ""),
                script.number(x.gradient),
            ),
            (
                "finite difference" if near else "finite differences on both sides of a kink",
                script.number((low + high) / 2)
                if near
                else f"{script.number(low)}, {script.number(high)}",
            ),
        ]


def counted(n: int) -> str:
    """A number that may have thousands of digits, in words."""
    return f"{n:,}" if n < 10**9 else f"about 10^{n.bit_length() * log10(2):.0f}"


def shortened(items: Sequence[Any], most: int) -> list[Any]:
    """The items; of too many the first and last, with `None` for all between."""
    half = most // 2
    return [*items] if len(items) <= most else [*items[:half], None, *items[-half:]]


class Text(Writer):
    """As plain text."""

    def lines(self) -> Iterator[str]:
        x = self.explained
        yield f"{self.headline()}, {self.verdict()}"
        if x.paths and x.leaf is not x.root:
            yield from ("", "Steps, and their slopes")
            steps = list(self.steps())
            width = max(len(step.equation) for step in steps)
            for equation, slopes in steps:
                for left, right in zip((equation, *[""] * len(slopes)), slopes or [""]):
                    yield f"  {left:<{width}}  {right}".rstrip()
            yield from ("", "Paths, and the products of their slopes")
            for route, forms in self.products():
                first, *others = forms
                yield from (f"  {route}", f"    {first}")
                yield from (f"    = {form}" for form in others)
            if x.count > 1:
                yield from ("", "Sum", f"  {self.sum()}")
            if self.left_out():
                yield f"  ({self.left_out()})"
        yield from ("", "Checks")
        checks = self.checks()
        width = max(len(what) for what, _ in checks)
        yield from (f"  {what:<{width}}  {number}" for what, number in checks)


class Mathematics(Writer):
    """The parts that Markdown and LaTeX share."""

    partial, arrow, dots = r"\partial ", r" \to ", r"\cdots"

    def ratio(self, d: str, above: Node, below: Node) -> str:
        d = r"\mathrm{d}" if d == "d" else d
        return rf"\frac{{{d}{self.name(above)}}}{{{d}{self.name(below)}}}"

    def operand(self, i: int) -> str:
        return rf"\quad\text{{(operand {i + 1})}}"

    def mathematics(self, formula: str) -> str:
        return f"${formula}$"

    def chain(self, forms: Sequence[str]) -> str:
        """Equal expressions, one below the other."""
        first, *others = forms
        return first + r" \\ ".join(f" &= {form}" for form in others)


class Markdown(Mathematics):
    """With headings and tables as Markdown has them."""

    def lines(self) -> Iterator[str]:
        x = self.explained
        yield f"**{self.headline()}**, {self.verdict()}"
        if x.paths and x.leaf is not x.root:
            yield from ("", "| step | slopes |", "|:--|:--|")
            for equation, slopes in self.steps():
                right = " <br> ".join(map(self.mathematics, slopes))
                yield f"| {self.mathematics(equation)} | {right} |"
            for i, (route, forms) in enumerate(self.products(), 1):
                yield from ("", f"**Path {i}:** {self.mathematics(route)}", "")
                yield rf"$$\begin{{aligned}}{self.chain(forms)}\end{{aligned}}$$"
            if x.count > 1:
                yield from ("", "**Sum:**", "", f"$${self.sum()}$$")
            if self.left_out():
                yield from ("", f"({self.left_out()})")
        yield ""
        yield from (f"- {what}: {self.mathematics(number)}" for what, number in self.checks())


class Latex(Mathematics):
    """With equations as `amsmath` has them."""

    def lines(self) -> Iterator[str]:
        x = self.explained
        yield f"{self.headline()}, {self.verdict()}."
        if x.paths and x.leaf is not x.root:
            yield from (r"\begin{align*}", " \\\\\n".join(self.rows()), r"\end{align*}")
            for route, forms in self.products():
                yield f"Along {self.mathematics(route)}:"
                yield from (r"\begin{align*}", "  " + self.chain(forms), r"\end{align*}")
            if x.count > 1:
                yield from ("Their sum:", rf"\[ {self.sum()} \]")
            if self.left_out():
                yield f"({self.left_out()}.)"
        yield " ".join(f"{what.capitalize()}: {self.mathematics(n)}." for what, n in self.checks())

    def rows(self) -> Iterator[str]:
        """One line for each slope, the step itself in the first."""
        for equation, slopes in self.steps():
            for left, right in zip((equation, *[""] * len(slopes)), slopes or [""]):
                yield f"  & {left} && {right}"
