"""Programs of single numbers as programs of arrays: equal operations are computed at once.

Inputs are single numbers or columns, with an entry for each example. Lines that apply one operation
to different operands make a family: one array with a row for each line, computed by one call of
NumPy. Sums of products of numbers and columns become matrix products. What is summed over all
examples is contracted directly, a sum of products by a dot product, with no column of products in
between.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.core import rules
from autograd.core.op import Op

from .program import Line, Program, options_key
from .simplify import apply, is_product, signs

LEAST = 4  # so many single numbers are worth an array
NUMBER, COLUMN, REDUCED = range(3)  # kinds of lines: computed before, for, or after all examples

DOT = Op("dot", np.dot, (None, None))  # of two columns
TOTAL = Op("total", np.sum, (None,))  # of a column
COMBINE = Op("combine", np.matmul, (None,))  # numbers times columns, summed
GATHER = Op("gather", np.sum, (None,))  # many single numbers, summed

Term = tuple[int, tuple[int, ...], int]  # sign, factors that are numbers, line


class Sum(NamedTuple):
    """number * column + ... + bias, and other columns to add, with their signs."""

    columns: tuple[int, ...]
    numbers: tuple[int, ...]
    bias: int | None
    rest: list[tuple[int, int]]


class Vectorized:
    """A program with matrix products and sums over all examples, and its families of lines.

    Args:
        program: with single numbers.
        kinds: of each input, NUMBER or COLUMN.
        groups: the positions of inputs that came in one list.
        totals: of each output, whether it is summed over all examples.
        mean: whether outputs are divided by the number of examples.
    """

    def __init__(
        self,
        program: Program,
        kinds: Sequence[int],
        groups: Sequence[Sequence[int]],
        totals: Sequence[bool],
        mean: bool,
    ) -> None:
        self.program = p = program.copy()
        self.positions = {line: k for k, line in enumerate(p.inputs)}
        self.groups = groups
        self.count = p.input("n")
        self.inputs = dict(zip(p.inputs, [*kinds, NUMBER]))
        self.kinds: list[int] = []  # of the lines, as far as they were asked for
        self.sums: dict[int, Sum] = {}
        self.reduce(totals, mean)
        self.combine()

    def kind(self, i: int) -> int:
        """Return what a line is. New lines come after their operands."""
        lines, kinds = self.program.lines, self.kinds
        while len(kinds) <= i:
            line = lines[len(kinds)]
            if line.op is DOT or line.op is TOTAL:
                kinds.append(REDUCED)
            elif line.args:
                kinds.append(max(kinds[j] for j in line.args))
            else:
                kinds.append(self.inputs.get(len(kinds), NUMBER))
        return kinds[i]

    def apply(self, op: Op, *args: int) -> int:
        return apply(self.program, op, args)

    # Sums over all examples.

    def reduce(self, totals: Sequence[bool], mean: bool) -> None:
        """Put sums over all examples in place of the outputs that are to be summed."""
        p = self.program
        self.uses = p.uses()
        for k, (i, total) in enumerate(zip(p.outputs, totals)):
            if total:
                p.outputs[k] = self.total(i, mean)
            elif mean:
                p.outputs[k] = self.apply(rules.div, i, self.count)

    def total(self, i: int, mean: bool) -> int:
        """Return the line for the sum, or the mean, of line `i` over all examples."""
        varying: int | None = None  # the sum of the terms that differ between examples
        constant: int | None = None
        for sign, factors, j in self.terms(i, through_products=True):
            if self.kind(j) != COLUMN:
                constant = self.plus(constant, sign, self.product(factors, j))
                continue
            line = self.program.lines[j]
            if self.uses[j] == 1 and self.is_product(line):
                term = self.apply(DOT, *sorted(line.args))
            else:
                term = self.apply(TOTAL, j)
            varying = self.plus(varying, sign, self.product(factors, term))
        if mean and varying is not None:
            varying = self.apply(rules.div, varying, self.count)
        if not mean and constant is not None:
            constant = self.apply(rules.mul, self.count, constant)
        first, *second = (x for x in (varying, constant) if x is not None)
        return self.apply(rules.add, first, *second) if second else first

    def is_product(self, line: Line) -> bool:
        """Whether a line is the product of two columns, of which at least one holds numbers."""
        return (
            is_product(line.op)
            and all(self.kind(j) == COLUMN for j in line.args)
            and not all(self.program.lines[j].is_condition for j in line.args)
        )

    def product(self, factors: tuple[int, ...], x: int) -> int:
        for f in factors:
            x = self.apply(rules.mul, f, x)
        return x

    def plus(self, total: int | None, sign: int, term: int) -> int:
        if total is None:
            return term if sign > 0 else self.apply(rules.neg, term)
        return self.apply(rules.add if sign > 0 else rules.sub, total, term)

    def terms(
        self, root: int, through_products: bool = False, inside: list[int] | None = None
    ) -> Iterator[Term]:
        """Yield what a line is the sum of: signs, factors that are numbers, and lines, in order.

        Lines with other uses count as one term. The lines that are split are added to `inside`.
        With `through_products` sums that are multiplied by a number are split too.
        """
        stack: list[Term] = [(1, (), root)]
        while stack:
            sign, factors, j = stack.pop()
            line = self.program.lines[j]
            other_uses = self.uses.get(j, 1) > 1 and (j != root or through_products)
            added = signs(line.op)
            if self.kind(j) != COLUMN or other_uses:
                yield sign, factors, j
            elif added:
                if inside is not None and j != root:
                    inside.append(j)
                stack += [(sign * s, factors, k) for s, k in zip(added[::-1], line.args[::-1])]
            elif not is_product(line.op) or all(self.kind(k) == COLUMN for k in line.args):
                yield sign, factors, j
            else:
                number, column = sorted(line.args, key=self.kind)
                if through_products:
                    stack.append((sign, (*factors, number), column))
                else:
                    yield (sign, factors, j) if factors else (sign, (number,), column)

    # Sums of numbers times columns.

    def combine(self) -> None:
        """Find sums of three products or more, or of two that many lines have in common."""
        p = self.program
        self.uses = p.uses()
        tried: set[int] = set()
        found: dict[int, Sum] = {}
        shared: dict[tuple[int, ...], int] = {}
        for i in reversed(p.live()):
            if i in tried or len(signs(p.lines[i].op) or ()) < 2:
                continue
            if self.kind(i) != COLUMN:
                self.gather(i, tried)
                continue
            inside: list[int] = []
            terms = list(self.terms(i, inside=inside))
            tried.update(inside)
            if sum(1 for _, factors, _ in terms if factors) < 2:
                continue
            found[i] = self.sum_of(terms)
            shared[found[i].columns] = shared.get(found[i].columns, 0) + 1
        for i, s in found.items():
            if len(s.columns) > 2 or shared[s.columns] >= LEAST:
                self.replace(i, s)

    def replace(self, i: int, s: Sum) -> None:
        """Make line `i` one operation on all products, and add the rest to it."""
        p, label = self.program, self.program.lines[i].label
        bias = () if s.bias is None else (s.bias,)
        products = Line(COMBINE, (*s.columns, *s.numbers, *bias))
        if not s.rest:
            products.label = label
            p.lines[i], self.sums[i] = products, s
            return
        total = p.add(products)
        self.sums[total] = s
        for sign, j in s.rest[:-1]:
            total = self.plus(total, sign, j)
        sign, j = s.rest[-1]
        p.lines[i] = Line(rules.add if sign > 0 else rules.sub, (total, j), label=label)

    def gather(self, i: int, tried: set[int]) -> None:
        """Make one operation of a long sum of single numbers."""
        lines, terms, stack, kind = self.program.lines, [], [i], self.kind(i)
        while stack:
            j = stack.pop()
            if lines[j].constant == 0.0:
                continue  # what sum() starts from
            summed = signs(lines[j].op) == (1, 1) and self.kind(j) == kind
            if not summed or (j != i and self.uses[j] > 1):
                terms.append(j)
            else:
                tried.add(j)
                stack += reversed(lines[j].args)
        if len(terms) >= 2 * LEAST:
            lines[i] = Line(GATHER, tuple(terms), label=lines[i].label)

    def sum_of(self, terms: Sequence[Term]) -> Sum:
        bias: int | None = None
        products: list[tuple[int, int]] = []
        rest: list[tuple[int, int]] = []
        for sign, factors, j in terms:
            if self.kind(j) != COLUMN:
                bias = self.plus(bias, sign, j)
            elif factors:
                products.append((j, factors[0] if sign > 0 else self.apply(rules.neg, factors[0])))
            else:
                rest.append((sign, j))
        products.sort(key=operator.itemgetter(0))
        if bias is not None and self.program.lines[bias].constant == 0.0:
            bias = None
        columns, numbers = zip(*products)
        return Sum(columns, numbers, bias, rest)

    # Families.

    def families(self) -> Iterator[tuple[int, list[int]]]:
        """Yield lines that can be computed at once, with their kind, each after its operands."""
        depth: dict[int, int] = {}
        groups: dict[Any, list[int]] = {}
        for i in self.program.sorted_lines():
            line, kind = self.program.lines[i], self.kind(i)
            below = [depth[j] for j in line.args if self.kind(j) == kind]
            depth[i] = 1 + max(below, default=0)
            if line.op is not None:
                at = 0 if line.op in (DOT, TOTAL) else depth[i]
                groups.setdefault((kind, at, self.pattern(i, line)), []).append(i)
        for key in sorted(groups, key=lambda key: key[:2]):
            yield key[0], sorted(groups[key])

    def pattern(self, i: int, line: Line) -> Any:
        """Return a key that two lines have in common if they can be computed at once."""
        if line.op is COMBINE:
            return COMBINE, self.sums[i].columns, self.sums[i].bias is None
        if line.op is DOT or line.op is TOTAL:
            return line.op
        if line.op is GATHER:
            return GATHER, i
        lines = self.program.lines
        operands = tuple(
            self.kind(j) if lines[j].constant is None else ("constant", j) for j in line.args
        )
        return line.op, options_key(line.kwargs), operands
