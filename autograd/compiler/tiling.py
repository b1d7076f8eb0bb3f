"""Run vectorized programs: on whole columns, or block by block in one thread or in two.

Columns longer than the cache are computed in blocks, in a few buffers that are reused: each number
is fetched from memory once, however long the expression.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cached_property, partial
from typing import Any

import numpy as np

from autograd.core.op import Data

from .plan import Plan
from .sandbox import defined
from .targets.numpy import NumpySource

CACHE = 1 << 21  # bytes of all arrays of a block: they stay in the cache, and calls are few
PARALLEL = 1 << 18  # examples from which on a second thread pays
CORES = os.cpu_count() or 1
SHORTEST = 1024  # numbers in a block at least: each call of NumPy should be worth it


class Tiled:
    """Runs a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.source = plan, NumpySource(plan)
        self.step = max(SHORTEST, CACHE // (plan.dtype.itemsize * max(self.source.rows, 1)))
        v, source = plan.vectorized, self.source
        # Positions among the inputs.
        inputs = (source.numbers, source.single_numbers, source.single_columns, *source.groups)
        self.numbers, self.single_numbers, self.single_columns, *self.groups = (
            [v.positions[i] for i in lines] for lines in inputs
        )

    def functions(self, text: str, *names: str) -> list[Callable[..., Any]]:
        space = self.plan.space | {
            "part": part,
            "empty": partial(empty, self.plan.dtype),
            "empty_flags": partial(empty, bool),
        }
        return [defined(name, text, space, (range, min, abs, float)) for name in names]

    @cached_property
    def whole(self) -> Callable[..., Any]:
        return self.functions(self.source.whole(), "whole")[0]

    @cached_property
    def blocked(self) -> list[Callable[..., Any]]:
        return self.functions(self.source.blocked(), "blocked", "reduced")

    def run(self, leaves: Sequence[Any], n: int) -> Sequence[Any]:
        """Return the arrays that outputs are pieces of.

        Args:
            leaves: of each input a float, or a column: (n,).
            n: the number of examples.
        """
        dtype = self.plan.dtype
        numbers: list[Any] = []
        if self.numbers:
            numbers.append(np.array([leaves[k] for k in self.numbers], dtype))
        numbers += [leaves[k] for k in self.single_numbers]
        columns = [leaves[k] for k in self.single_columns]
        stacks = [[leaves[k] for k in group] for group in self.groups]
        if n <= self.step:
            return self.whole(*numbers, *columns, *map(np.array, stacks), n)
        lines = self.plan.lines
        outs = [np.empty(n, bool if lines[i].is_condition else dtype) for _, i in self.source.outs]
        blocked, reduced = self.blocked

        def through(start: int, stop: int) -> Any:
            return blocked(*numbers, *columns, *stacks, start, stop, self.step, n, *outs)

        return reduced(*numbers, *self.in_threads(through, n), n, *outs)

    def in_threads(self, through: Callable[[int, int], Any], n: int) -> Sequence[Any]:
        """Return the sums over all blocks, computed in two threads if there is much to do.

        NumPy releases the interpreter while it computes. Matrix products have threads of their own
        already, and twice as many take five times as long.
        """
        if n < PARALLEL or CORES < 2 or self.plan.multiplies:
            return through(0, n)
        middle = -(-n // (2 * self.step)) * self.step
        context = copy_context()  # it has how floating-point errors are to be dealt with
        with ThreadPoolExecutor(1) as second:
            try:
                rest = second.submit(context.run, through, middle, n)
            except RuntimeError:  # Python in a browser and in WASI can start no thread
                return through(0, n)
            first = through(0, middle)
            return [x + y for x, y in zip(first, rest.result())]


def empty(dtype: Any, rows: int, step: int) -> Data:
    return np.empty((rows, step) if rows > 1 else step, dtype)


def part(columns: Any, start: int, stop: int) -> Data:
    """Return a block of a column, or of a list of columns, stacked."""
    if isinstance(columns, list):
        return np.array([column[start:stop] for column in columns])
    return columns[..., start:stop]
