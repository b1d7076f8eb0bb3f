"""Write an explanation as plain text, in Markdown, and in LaTeX."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from math import isnan, log10
from typing import Any, TypeAlias, cast

import numpy as np

from autograd.core.node import Node
from autograd.core.shapes import shape_of
from autograd.draw.graph.formulas import derivative_formula, step_formula
from autograd.expressions import (
    ATOM,
    POWER,
    TEST,
    Expression,
    Operation,
    PlainText,
    Symbol,
    Written,
    number_of,
)

from .chain_rule import Derivation, Path, Slope, product_of

FACTORS = 12  # shown of a product, at most
STEPS = 24  # shown of a list, at most

Step: TypeAlias = tuple[str, list[str]]  # how a node was computed, and its slopes


class Text:
    """An explanation as plain text; subclasses define other markup."""

    d, partial, arrow, dots = "d", "∂", " → ", "…"
    ratio, math, operand = "{0}{1}/{0}{2}", "{}", "  (operand {})"  # filled in by str.format
    heading, total, note = "{}, {}", "\nSum\n  {}", "  ({})"

    def __init__(self, explained: Derivation, style: PlainText) -> None:
        self.explained, self.style = explained, style

    def lines(self) -> Iterator[str]:
        """Yield the explanation, line by line."""
        x = self.explained
        derivative = f"{self.quotient(self.d, x.root, x.leaf)} = {self.number(x.derivative)}"
        yield self.heading.format(self.math.format(derivative), self.count())
        if x.paths and x.leaf is not x.root:
            yield from self.table(list(self.steps()))
            for i, path in enumerate(x.paths, 1):
                yield from self.path(i, self.route(path), self.products(path))
            if x.count > 1:
                yield self.total.format(self.sum())
            if x.count > len(x.paths):
                yield self.note.format(self.rest())
        yield from self.results(self.checks())

    # --- layout

    def table(self, steps: list[Step]) -> Iterator[str]:
        """Yield the lines on the steps and their slopes."""
        width = max(len(equation) for equation, _ in steps)
        yield "\nSteps, and their slopes"
        yield from (f"  {left:<{width}}  {right}".rstrip() for left, right in rows(steps))
        yield "\nPaths, and the products of their slopes"

    def path(self, i: int, route: str, products: list[str]) -> Iterator[str]:
        """Yield the lines on the i-th path."""
        yield f"  {route}"
        yield "    " + "\n    = ".join(products)

    def results(self, checks: list[tuple[str, str]]) -> Iterator[str]:
        """Yield the lines with the numbers to compare."""
        width = max(len(what) for what, _ in checks)
        yield "\nChecks"
        yield from (f"  {what:<{width}}  {number}" for what, number in checks)

    # --- parts

    def name(self, node: Node) -> str:
        return self.style.name(self.explained.names[node])

    def number(self, x: float) -> str:
        return self.style.number(x)

    def quotient(self, d: str, above: Node, below: Node) -> str:
        return self.ratio.format(d, self.name(above), self.name(below))

    def count(self) -> str:
        """Return how many paths there are, in words."""
        x = self.explained
        leaf, root = (self.math.format(self.name(node)) for node in (x.leaf, x.root))
        if x.leaf is x.root:
            return f"the derivative of {root} with respect to itself"
        if not x.count:
            return f"no path leads from {leaf} to {root}, which doesn't depend on it"
        many = "the only path" if x.count == 1 else f"the sum over {counted(x.count)} paths"
        return f"{many} from {leaf} to {root}"

    def steps(self) -> Iterator[Step]:
        """Yield the nodes on the paths that are written out, with their slopes."""
        x = self.explained
        on_paths = {x.leaf, *(slope.node for path in x.paths for slope in path)}
        for node in shortened([node for node in x.values if node in on_paths], STEPS):
            if node is None:
                yield self.dots, []
            else:
                yield self.equation(node), [self.slope(s) for s in x.slopes.get(node, ())]

    def equation(self, node: Node) -> str:
        """Return how a node was computed: `v1 = a * b = -8`."""
        parts = [self.name(node), self.number(self.explained.values[node])]
        if node.op and node is not self.explained.leaf:
            names, _ = self.spellings(node)
            parts.insert(1, self.spelled(step_formula(node, self.style), names))
        return " = ".join(parts)

    def slope(self, slope: Slope) -> str:
        """Return a slope as name, formula, formula of numbers, and number: `∂v1/∂a = b = 2`."""
        formula = derivative_formula(slope.graph, self.style)
        parts = [self.quotient(self.partial, slope.node, slope.arg)]
        if formula is not None and number_of(formula) is None:
            parts += [self.spelled(formula, symbols) for symbols in self.spellings(slope.node)]
        parts.append(self.number(slope.number))
        twice = sum(arg is slope.arg for arg in slope.node.args) > 1
        return " = ".join(dict.fromkeys(parts)) + self.operand.format(slope.i + 1) * twice

    def spelled(self, formula: Expression, symbols: Mapping[Any, str | float]) -> str:
        return self.style.text(formula, symbols.__getitem__)

    def spellings(self, node: Node) -> tuple[ChainMap[Any, Any], ChainMap[Any, Any]]:
        """Return how a node and its operands are written: by name where possible, by number."""
        numbers = {arg: float(x) for arg, x in zip(node.args, node.saved) if shape_of(x) == ()}
        numbers[node] = self.explained.values[node]
        names: Any = self.explained.names
        return ChainMap(names, numbers), ChainMap(numbers, names)

    def route(self, path: Path) -> str:
        """Return the names of the nodes on a path, from the leaf to the root."""
        nodes = [*(slope.arg for slope in reversed(path)), self.explained.root]
        return self.arrow.join(
            self.dots if node is None else self.name(node) for node in shortened(nodes, FACTORS)
        )

    def products(self, path: Path) -> list[str]:
        """Return the product of a path's slopes by name, as formulas, and with its result."""
        factors = zip(*map(self.factor, shortened(path, FACTORS)))
        names, formulas, numbers = (self.product(x) for x in factors)
        result = f"{numbers} = {self.number(product_of(path))}" if len(path) > 1 else numbers
        return [names, *([formulas] if formulas != numbers else []), result]

    def product(self, factors: Sequence[Written]) -> str:
        first, *others = map(Symbol, factors)
        product = reduce(lambda x, y: Operation("*", (x, y)), others, cast(Expression, first))
        return self.style.text(product, lambda factor: factor)

    def factor(self, slope: Slope | None) -> tuple[Written, Written, Written]:
        """Return a slope as name, formula and number; dots in place of those left out."""
        if slope is None:
            return (Written((self.dots,), ATOM),) * 3
        name = Written((self.quotient(self.partial, slope.node, slope.arg),), ATOM)
        number = self.style.constant(slope.number)
        formula = derivative_formula(slope.graph, self.style)
        if formula is None:
            return name, number, number
        names, _ = self.spellings(slope.node)
        factor = self.style.write(formula, names.__getitem__)
        if factor.level < POWER and number_of(formula) is None:
            factor = factor._replace(level=TEST)  # in parentheses also where none are needed
        return name, factor, number

    def sum(self) -> str:
        """Return the sum of the products."""
        x = self.explained
        terms = []
        for i, number in enumerate(map(product_of, x.paths)):
            left, right = self.style.brackets if i and number < 0 else ("", "")
            terms.append(f"{left}{self.number(number)}{right}")
        if x.count > len(x.paths):
            terms.append(self.dots)
        return " + ".join(terms) + f" = {self.number(x.derivative)}"

    def rest(self) -> str:
        """Return what the paths that are not shown add to the sum, and how to see them."""
        x = self.explained
        count = x.count - len(x.paths)
        shown = float(np.sum([product_of(path) for path in x.paths]))
        return (
            f"{counted(count)} more path{'s' * (count > 1)} not shown; their products add up to "
            f"{self.math.format(self.number(x.derivative - shown))}; "
            + (f"for all: paths={x.count}; " if x.count <= 1000 else "")
            + "or explain a part, from the leaf to a node in between"
        )

    def checks(self) -> list[tuple[str, str]]:
        """Return the derivative computed in other ways, each with its name."""
        x, number = self.explained, type(self.style)(10).number
        low, high = x.difference
        engine = "gradient by backward()" + (", which hooks may change" if x.has_hooks else "")
        found = [(engine, number(x.gradient))]
        if abs(high - low) <= 1e-6 * max(abs(low), abs(high), 1e-6) or isnan(high - low):
            return [*found, ("finite difference", number((low + high) / 2))]
        sides = f"{number(low)}, {number(high)}"
        return [*found, ("finite differences on both sides of a kink", sides)]


def counted(n: int) -> str:
    """Return a number that may have thousands of digits, in words."""
    return f"{n:,}" if n < 10**9 else f"about 10^{n.bit_length() * log10(2):.0f}"


def shortened(items: Sequence[Any], most: int) -> list[Any]:
    """Return the items; of too many the first and last, with `None` for those between."""
    half = most // 2
    return [*items] if len(items) <= most else [*items[:half], None, *items[-half:]]


def rows(steps: list[Step]) -> Iterator[tuple[str, str]]:
    """Yield a row for each slope, with the step itself in the first."""
    for equation, slopes in steps:
        yield from zip((equation, *[""] * len(slopes)), slopes or [""])


class Typeset(Text):
    """The markup that Markdown and LaTeX share."""

    d, partial, arrow, dots = r"\mathrm{d}", r"\partial ", r" \to ", r"\cdots"
    ratio, math, operand = r"\frac{{{0}{1}}}{{{0}{2}}}", "${}$", r"\quad\text{{(operand {})}}"

    def chain(self, products: list[str]) -> str:
        """Return equal expressions, one below the other."""
        first, *others = products
        return first + r" \\ ".join(f" &= {product}" for product in others)


class Markdown(Typeset):
    """Headings and tables in Markdown, with mathematics between dollar signs."""

    heading, total, note = "**{}**, {}", "\n**Sum:**\n\n$${}$$", "\n({})"

    def table(self, steps: list[Step]) -> Iterator[str]:
        yield "\n| step | slopes |\n|:--|:--|"
        for equation, slopes in steps:
            right = " <br> ".join(map(self.math.format, slopes))
            yield f"| {self.math.format(equation)} | {right} |"

    def path(self, i: int, route: str, products: list[str]) -> Iterator[str]:
        yield f"\n**Path {i}:** {self.math.format(route)}\n"
        yield rf"$$\begin{{aligned}}{self.chain(products)}\end{{aligned}}$$"

    def results(self, checks: list[tuple[str, str]]) -> Iterator[str]:
        yield ""
        yield from (f"- {what}: {self.math.format(number)}" for what, number in checks)


class Latex(Typeset):
    """A fragment of LaTeX, with the equations of `amsmath`."""

    heading, total, note = "{}, {}.", "Their sum:\n\\[ {} \\]", "({}.)"

    def table(self, steps: list[Step]) -> Iterator[str]:
        lines = [f"  & {left} && {right}" for left, right in rows(steps)]
        yield from (r"\begin{align*}", " \\\\\n".join(lines), r"\end{align*}")

    def path(self, i: int, route: str, products: list[str]) -> Iterator[str]:
        yield f"Along {self.math.format(route)}:"
        yield from (r"\begin{align*}", "  " + self.chain(products), r"\end{align*}")

    def results(self, checks: list[tuple[str, str]]) -> Iterator[str]:
        yield " ".join(f"{what[0].upper()}{what[1:]}: {self.math.format(n)}." for what, n in checks)
