"""A program of single numbers as one of arrays: what is done alike to many is done at once.

Inputs are single numbers or columns, with an entry for each example. Lines that do the same to
different operands make a family, which is one array with a row for each and one call of NumPy; sums
of products of numbers and columns become matrix products; and what is summed over all examples is
contracted as it is, a sum of products by a dot product, with no column of products in between.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.core import rules
from autograd.core.node import Op

from .program import Line, Program, options_key

SIGNS = {operator.add: (1, 1), operator.sub: (1, -1), operator.neg: (-1,)}
LEAST = 4  # so many single numbers are worth an array
NUMBER, COLUMN, REDUCED = range(3)  # what a line is: it comes before, during, or after all examples

DOT = Op("dot", np.dot, (None, None))  # of two columns
TOTAL = Op("total", np.sum, (None,))  # of a column
COMBINE = Op("combine", np.matmul, (None,))  # numbers times columns, summed
GATHER = Op("gather", np.sum, (None,))  # many single numbers, summed


class Sum(NamedTuple):
    """number * column + ... + bias, and columns that are added as they are, with their signs."""

    columns: tuple[int, ...]
    numbers: tuple[int, ...]
    bias: int | None
    rest: list[tuple[int, int]]


class Roll:
    """Rolls a program up.

    Args:
        program: with single numbers.
        kinds: of each input, NUMBER or COLUMN.
        groups: lists of inputs that came in one list.
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
        self.program = p = copied(program)
        self.kinds: dict[int, int] = dict(zip(p.inputs, kinds))
        self.sums: dict[int, Sum] = {}
        self.positions = {line: k for k, line in enumerate(p.inputs)}
        self.groups = groups
        self.count = p.input("n")
        self.kinds[self.count] = NUMBER
        self.label(p.live())
        self.reduce(totals, mean)
        self.label(range(len(p.lines)))
        self.combine()

    def label(self, lines: Iterable[int]) -> None:
        """What kind each line is."""
        for i in lines:
            if i not in self.kinds:
                self.kinds[i] = self.kind_of(self.program.lines[i])

    def kind_of(self, line: Line) -> int:
        if line.op is DOT or line.op is TOTAL:
            return REDUCED
        return max((self.kind(j) for j in line.args), default=NUMBER)

    def kind(self, i: int) -> int:
        if i not in self.kinds:
            self.kinds[i] = self.kind_of(self.program.lines[i])
        return self.kinds[i]

    def apply(self, op: Op, *args: int) -> int:
        i = self.program.apply(op, args)
        self.kind(i)
        return i

    # Sums over all examples.

    def reduce(self, totals: Sequence[bool], mean: bool) -> None:
        """Put sums over all examples in place of the outputs that are to be summed."""
        p = self.program
        self.uses = uses_of(p)
        outputs = []
        for i, total in zip(p.outputs, totals):
            if total:
                outputs.append(self.total(i, mean))
            elif mean:
                outputs.append(self.apply(rules.div, i, self.count))
            else:
                outputs.append(i)
        p.outputs = outputs

    def total(self, i: int, mean: bool) -> int:
        """The line for the sum, or the mean, of line `i` over all examples."""
        over: int | None = None  # the sum of what differs between examples
        alike: int | None = None
        for sign, factors, j in self.terms(i, through_products=True):
            line = self.program.lines[j]
            if self.kind(j) != COLUMN:
                term = self.product(factors, j)
                alike = self.plus(alike, sign, term)
                continue
            if self.uses[j] == 1 and self.is_product(line):
                term = self.apply(DOT, *sorted(line.args))
            else:
                term = self.apply(TOTAL, j)
            over = self.plus(over, sign, self.product(factors, term))
        if mean and over is not None:
            over = self.apply(rules.div, over, self.count)
        if not mean and alike is not None:
            alike = self.apply(rules.mul, self.count, alike)
        first, *second = (x for x in (over, alike) if x is not None)
        return self.apply(rules.add, first, *second) if second else first

    def is_product(self, line: Line) -> bool:
        """Whether a column is the product of two, of which one at least holds numbers."""
        return (
            line.op is not None
            and line.op.forward is operator.mul
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
        self, i: int, through_products: bool = False, inside: list[int] | None = None
    ) -> Iterator[tuple[int, tuple[int, ...], int]]:
        """What line `i` is the sum of: signs, numbers that are factors, and lines, in order.

        Lines that something else needs too are not taken apart; those that are go into `inside`.

        Args:
            i: a line.
            through_products: whether to take sums apart that are multiplied by a number.
            inside: where to note the sums that are taken apart.
        """
        stack: list[tuple[int, tuple[int, ...], int]] = [(1, (), i)]
        while stack:
            sign, factors, j = stack.pop()
            line = self.program.lines[j]
            forward = line.op.forward if line.op else None
            if not self.open(j, i, through_products):
                yield sign, factors, j
            elif forward in SIGNS:
                if inside is not None and j != i:
                    inside.append(j)
                signs = SIGNS[forward]
                stack += [(sign * s, factors, k) for s, k in zip(signs[::-1], line.args[::-1])]
            elif forward is operator.mul and (factor := self.factor(line)) is not None:
                product = (sign, (*factors, factor[0]), factor[1])
                if through_products:
                    stack.append(product)
                else:
                    yield (sign, factors, j) if factors else product
            else:
                yield sign, factors, j

    def open(self, j: int, root: int, through_products: bool) -> bool:
        """Whether a line in a sum may be taken apart."""
        if self.kind(j) != COLUMN:
            return False
        return self.uses.get(j, 1) <= 1 or (j == root and not through_products)

    def factor(self, line: Line) -> tuple[int, int] | None:
        """A product's number and column, if it is of one each."""
        kinds = [self.kind(j) for j in line.args]
        if NUMBER not in kinds:
            return None
        at = kinds.index(NUMBER)
        return line.args[at], line.args[1 - at]

    # Sums of numbers times columns.

    def combine(self) -> None:
        """Find sums of three products or more, or of two that many lines have in common."""
        p = self.program
        self.uses = uses_of(p)
        tried: set[int] = set()
        found: dict[int, Sum] = {}
        shared: dict[tuple[int, ...], int] = {}
        for i in reversed(p.live()):
            line = p.lines[i]
            if i in tried or line.op is None:
                continue
            if line.op.forward not in (operator.add, operator.sub):
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
        """Make line `i` one operation on all products, and add what stands beside them."""
        p = self.program
        bias = () if s.bias is None else (s.bias,)
        products = Line(COMBINE, (*s.columns, *s.numbers, *bias))
        if not s.rest:
            products.label = p.lines[i].label
            p.lines[i], self.sums[i] = products, s
            return
        total = p.add(products)
        self.sums[total] = s
        self.kinds[total] = COLUMN
        for sign, j in s.rest[:-1]:
            total = self.plus(total, sign, j)
        sign, j = s.rest[-1]
        op = rules.add if sign > 0 else rules.sub
        p.lines[i] = Line(op, (total, j), label=p.lines[i].label)

    def gather(self, i: int, tried: set[int]) -> None:
        """Make one operation of a long sum of single numbers."""
        lines, terms, stack, kind = self.program.lines, [], [i], self.kind(i)
        while stack:
            j = stack.pop()
            op = lines[j].op
            if lines[j].constant == 0.0:
                continue  # what sum() starts from
            summed = op is not None and op.forward is operator.add and self.kind(j) == kind
            if not summed or (j != i and self.uses[j] > 1):
                terms.append(j)
            else:
                tried.add(j)
                stack += reversed(lines[j].args)
        if len(terms) >= 2 * LEAST:
            lines[i] = Line(GATHER, tuple(terms), label=lines[i].label)

    def sum_of(self, terms: Sequence[tuple[int, tuple[int, ...], int]]) -> Sum:
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
        """Lines that can be computed at once, with their kind, each after what it needs."""
        order = sorted_lines(self.program)
        depth: dict[int, int] = {}
        groups: dict[Any, list[int]] = {}
        for i in order:
            line = self.program.lines[i]
            below = [depth[j] for j in line.args if self.kind(j) == self.kind(i)]
            depth[i] = 1 + max(below, default=0)
            if line.op is None:
                continue
            kind = self.kind(i)
            at = 0 if line.op in (DOT, TOTAL) else depth[i]
            groups.setdefault((kind, at, self.pattern(i)), []).append(i)
        for key in sorted(groups, key=lambda key: key[:2]):
            yield key[0], sorted(groups[key])

    def pattern(self, i: int) -> Any:
        """What two lines must have in common to be computed at once."""
        line = self.program.lines[i]
        assert line.op is not None
        if line.op is COMBINE:
            return (COMBINE, self.sums[i].columns, self.sums[i].bias is None)
        if line.op is DOT or line.op is TOTAL:
            return line.op
        if line.op is GATHER:
            return (GATHER, i)
        operands = tuple(
            ("constant", j) if self.program.lines[j].op is None and j not in self.positions
            and j != self.count else self.kind(j)
            for j in line.args
        )  # fmt: skip
        return (line.op.forward, options_key(line.kwargs), operands)


def copied(program: Program) -> Program:
    """The same lines in a program that can be changed."""
    p = Program()
    p.lines, p.inputs = list(program.lines), list(program.inputs)
    p.outputs, p.known = list(program.outputs), dict(program.known)
    return p


def uses_of(program: Program) -> dict[int, int]:
    """How often each line is used, by others and as an output."""
    uses: dict[int, int] = {}
    for i in sorted_lines(program):
        for j in program.lines[i].args:
            uses[j] = uses.get(j, 0) + 1
    for i in program.outputs:
        uses[i] = uses.get(i, 0) + 1
    return uses


def sorted_lines(program: Program) -> list[int]:
    """The lines that the outputs need, each after its operands."""
    order: list[int] = []
    seen: set[int] = set()
    stack = [(i, False) for i in reversed(program.outputs)]
    while stack:
        i, ready = stack.pop()
        if ready:
            order.append(i)
        elif i not in seen:
            seen.add(i)
            stack.append((i, True))
            stack += [(j, False) for j in program.lines[i].args if j not in seen]
    return order
