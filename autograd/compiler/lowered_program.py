"""Lowered programs: a traced function's value and derivatives, on floats and on columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from threading import RLock
from typing import Any

import numpy as np

from autograd.core import pytree
from autograd.transforms.derivatives import Argnums, check_differentiable

from . import columns
from .forms import ONE, Form, groups_of
from .plan import Plan
from .simplify import simplified
from .targets.python import Source, Writer
from .tiling import Tiled
from .traced_function import TracedFunction, other
from .vectorize import COLUMN, NUMBER, Vectorized

LONG = 4096  # entries from which on it costs more to copy a column than to call NumPy
TRACING = RLock()  # two threads must not write one trace


class LoweredProgram:
    """A function's value, or its value and derivatives, as a program.

    Args:
        traced: the function.
        wanted: the inputs to differentiate by, by position.
        form: how they are nested.
        order: how many times to differentiate.
    """

    def __init__(
        self, traced: TracedFunction, wanted: Sequence[int], form: Form, order: int
    ) -> None:
        self.traced, self.wanted, self.order, self.values = traced, wanted, order, traced.values
        variables = [traced.inputs[k] for k in wanted]
        outputs = latest = pytree.leaves(traced.out)
        self.forms = [Form.of(traced.out)]
        for _ in range(order):
            latest = [g for x in latest for g in traced.trace.gradient(x, variables)]
            outputs = [*outputs, *latest]
            self.forms.append(self.forms[-1].replaced(form))
        self.program = simplified(traced.trace, traced.inputs, outputs)
        self.tiled: dict[Any, Tiled] = {}  # by kinds of inputs

    def writer(self) -> Writer:
        return Writer(self.program, self.traced.name, self.traced.parameters)

    def source(self, kind: str) -> Source:
        return self.writer().write(self.forms, kind)

    @cached_property
    def on_floats(self) -> Callable[..., Any]:
        """The function of nested floats; of anything else it returns `other`."""
        writer = self.writer()
        source = writer.write(self.forms, "math")
        guard, keys = writer.guard()
        source.functions.update(keys, other=other)
        return source.compiled(guard)

    def captured(self) -> list[float]:
        """Return the numbers that the function closes over, as they are now."""
        return [x._data for x in self.values]

    def interpret(self, leaves: Sequence[float]) -> Any:
        """Return the results by IEEE 754 on floats for which Python's operators raise."""
        return self.nested(self.program.run([*leaves, *self.captured()]))

    def nested(self, numbers: Sequence[Any]) -> Any:
        """Return all outputs in their forms: the value, or it and the derivatives of each order."""
        each = iter(numbers)
        results = [form.filled(each) for form in self.forms]
        return results[0] if self.order == 0 else tuple(results)

    def on_arrays(self, leaves: Sequence[Any], types: tuple[type, ...], reduce: str | None) -> Any:
        """Return the results on floats and arrays, nested; `other` if an array is a number.

        Raises:
            TypeError: the function reduces arrays, which it is given entry by entry.
        """
        if reduce is None and self.traced.trace.reduction:
            raise TypeError(
                f"{self.traced.trace.reduction} would be given one entry at a time, as a compiled "
                "function computes arrays entry by entry; use value_and_grad(..., reduce='sum') or "
                "'mean', or call the function without compile()"
            )
        batch = columns.batch_of(leaves)
        if batch is None:
            return other
        if self.order:
            columns.refuse_integers(leaves, self.wanted)
        long = batch.n >= LONG
        key = (types, reduce, batch.work, long)
        tiled = self.tiled.get(key)
        if tiled is None:
            tiled = self.tiled[key] = self.vectorize(types, reduce, batch.work, long)
        inputs = [*batch.columns, *self.captured()] if self.values else batch.columns
        with np.errstate(all="ignore" if self.order else None):
            arrays = tiled.run(inputs, batch.n)
            pieces = tiled.source.pieces
            outputs = columns.collected(pieces, arrays, leaves, batch, self.wanted, reduce)
        return self.nested(outputs)

    def vectorize(
        self, types: tuple[type, ...], reduce: str | None, dtype: Any, long: bool
    ) -> Tiled:
        """Return the program for these types of inputs, on whole columns."""
        kinds = [COLUMN if kind is np.ndarray else NUMBER for kind in types]
        kinds += [NUMBER] * len(self.values)
        totals = [False] * len(self.program.outputs)
        if reduce:
            totals = [True] + [kinds[k] == NUMBER for k in self.wanted] * (self.order > 0)
        groups = groups_of([form for _, form in self.traced.parameters])
        vectorized = Vectorized(self.program, kinds, groups, totals, reduce == "mean")
        return Tiled(Plan(vectorized, dtype, wide=long))


def lower(traced: TracedFunction, argnums: Argnums | None, order: int) -> LoweredProgram:
    """Return the value and the derivatives up to an order by these arguments, or by the weights."""
    key = (argnums, order)
    with TRACING:
        if key not in traced.programs:
            for x in pytree.leaves(traced.out) if order else ():
                check_differentiable(x)
            wanted, form = traced.variables(argnums) if order else ([], ONE)
            traced.programs[key] = LoweredProgram(traced, wanted, form, order)
        program: LoweredProgram = traced.programs[key]
        return program
