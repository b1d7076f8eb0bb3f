"""One thing that a compiled function computes, as a program: on floats, and on arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.core import kernels, pytree

from .forms import Form, filled, form_of, groups_of, replaced
from .program import Program
from .targets.numpy import Statements
from .targets.python import Source, Writer
from .tiling import Blocks, Piece
from .vectorize import COLUMN, NUMBER, Roll

if TYPE_CHECKING:
    from .traced_function import Version

LONG = 4096  # entries from which on it costs more to copy a column than to call NumPy

other = object()  # what a compiled function returns if it was handed something else than floats


class Task:
    """One thing to be computed: a function's value, or its value and derivatives, as a program.

    Args:
        version: the function as it was traced.
        wanted: the inputs to differentiate by, by position.
        form: how they are nested.
        order: how many times to differentiate.
    """

    def __init__(self, version: Version, wanted: Sequence[int], form: Form, order: int) -> None:
        trace = version.trace
        self.version = version
        inputs = [*trace.inputs, *(x for _, x in trace.closed_over.values())]
        variables = [inputs[k] for k in wanted]
        outputs = list(pytree.leaves(version.out))
        self.forms = [form_of(version.out)]
        latest = outputs
        for _ in range(order):
            latest = [g for x in latest for g in trace.gradient(x, variables)]
            outputs = [*outputs, *latest]
            self.forms.append(replaced(self.forms[-1], form))
        self.wanted, self.order = wanted, order
        self.program = Program.of(trace, inputs, outputs)
        self.values = [x for x, _ in trace.closed_over.values()]
        self.rolled: dict[Any, Blocks] = {}

    def writer(self) -> Writer:
        return Writer(self.program, self.version.name, self.version.parameters)

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

    def closed(self) -> list[float]:
        """The numbers that the function closes over, as they are now."""
        return [x._data for x in self.values]

    def careful(self, leaves: Sequence[float]) -> Any:
        """The results on floats with which Python's operators raise: as IEEE has them."""
        return self.nested(self.program.run([*leaves, *self.closed()]))

    def nested(self, numbers: Sequence[Any]) -> Any:
        """All outputs in their forms: the value, or it and the derivatives of each order."""
        each = iter(numbers)
        results = [filled(form, each) for form in self.forms]
        return results[0] if self.order == 0 else tuple(results)

    def on_arrays(self, leaves: Sequence[Any], types: tuple[type, ...], reduce: str | None) -> Any:
        """The results on floats and arrays, nested.

        Raises:
            TypeError: the function reduces arrays, which it is given entry by entry.
        """
        if reduce is None and self.version.trace.reduction:
            raise TypeError(
                f"{self.version.trace.reduction} would be given one entry at a time, as a compiled "
                "function computes arrays entry by entry; use value_and_grad(..., reduce='sum') or "
                "'mean', or call the function without compile()"
            )
        arrays = [x for x in leaves if type(x) is np.ndarray]
        shape, dtype = arrays[0].shape, arrays[0].dtype
        n = shape[0] if len(shape) == 1 and dtype.char in "fd" else -1  # -1: no columns yet
        for x in arrays:
            if x.shape != shape or x.dtype is not dtype:
                n = -1
        columns, work = leaves, dtype
        if n < 0:
            if any(x.ndim == 0 for x in arrays):
                return other  # it is a number
            shape, dtype = common_shape(arrays), common_dtype(arrays)
            n = math.prod(shape)
            work = np.result_type(dtype, np.float32)  # in float16 sums overflow
            columns = [column(x, shape, work) if type(x) is np.ndarray else x for x in leaves]
        if self.order:
            refuse_integers(leaves, self.wanted)
        key = (types, reduce, work, n >= LONG)
        blocks = self.rolled.get(key)
        if blocks is None:
            blocks = self.rolled[key] = self.roll(leaves, reduce, work, n >= LONG)
        if self.values:
            columns = [*columns, *self.closed()]
        with np.errstate(all="ignore" if self.order else None):
            made = blocks.run(columns, n)
            outputs = self.collected(blocks.pieces, made, leaves, shape, dtype, reduce)
        return self.nested(outputs)

    def roll(self, leaves: Sequence[Any], reduce: str | None, dtype: Any, long: bool) -> Blocks:
        """The program for these kinds of inputs, on whole columns."""
        kinds = [COLUMN if type(x) is np.ndarray else NUMBER for x in leaves]
        kinds += [NUMBER] * len(self.values)
        totals = [False] * len(self.program.outputs)
        if reduce:
            totals = [True] + [kinds[k] == NUMBER for k in self.wanted] * (self.order > 0)
        groups = groups_of([form for _, form in self.version.parameters])
        rolled = Roll(self.program, kinds, groups, totals, reduce == "mean")
        return Blocks(Statements(rolled, dtype, wide=long))

    def collected(
        self, pieces: Sequence[Piece], made: Sequence[Any], leaves: Sequence[Any], shape: Any,
        dtype: Any, reduce: str | None,
    ) -> list[Any]:  # fmt: skip
        """The outputs out of the arrays that they are pieces of, in shape and dtype."""
        lists: dict[int, list[float]] = {}
        results: list[Any] = []
        for position, piece in enumerate(pieces):
            x = made[piece.place]
            if piece.kind == COLUMN:
                results.append(self.column_result(x, piece, position, leaves, shape, dtype, reduce))
                continue
            if piece.row is not None:
                if piece.place not in lists:
                    lists[piece.place] = x.tolist()
                x = lists[piece.place][piece.row]
            if not reduce:
                results.append(
                    np.full(shape, x, bool if isinstance(x, (bool, np.bool_)) else dtype)
                )
            elif position == 0:
                results.append(dtype.type(x))
            else:
                results.append(self.number_result(float(x), position, leaves, math.prod(shape)))
        return results

    def number_result(self, x: float, position: int, leaves: Sequence[Any], n: int) -> Any:
        """The gradient of a reduced result by one input, where it is no column."""
        k = self.wanted[position - 1]
        if k < len(leaves) and type(leaves[k]) is np.ndarray:  # the same for all examples
            return np.full_like(leaves[k], x * n / max(leaves[k].size, 1))
        return x

    def column_result(
        self, x: Any, piece: Piece, position: int, leaves: Sequence[Any], shape: Any, dtype: Any,
        reduce: str | None,
    ) -> Any:  # fmt: skip
        """A column, in the arrays' shape; the gradient of a reduced result in its input's."""
        x = np.array(x) if piece.taken else x
        x = x.reshape(shape)
        if x.dtype not in (dtype, bool):
            x = x.astype(dtype)
        if reduce:
            leaf = leaves[self.wanted[position - 1]]
            if leaf.shape != shape:
                x = kernels.sum_to(x, shape=leaf.shape)
            x = x.astype(leaf.dtype, copy=False)
        return x


def common_shape(arrays: Sequence[Any]) -> Any:
    try:
        return np.broadcast_shapes(*(x.shape for x in arrays))
    except ValueError:
        shapes = ", ".join(str(x.shape) for x in arrays)
        raise ValueError(
            f"arrays handed to a compiled function must broadcast against each other, but their "
            f"shapes are {shapes}"
        ) from None


def common_dtype(arrays: Sequence[Any]) -> Any:
    """The floating-point dtype that all is computed in."""
    dtype = arrays[0].dtype
    for x in arrays:
        if x.dtype is not dtype:
            dtype = np.result_type(dtype, x.dtype)
    if dtype.kind == "f":
        return dtype
    if dtype.kind in "iub":
        return np.dtype(float)
    raise TypeError(f"compiled functions compute with real numbers, not {dtype}")


def column(x: Any, shape: Any, dtype: Any) -> Any:
    """An array as one column of all examples."""
    if x.shape != shape:
        x = np.broadcast_to(x, shape)
    if x.ndim != 1:
        x = x.reshape(-1)
    return x if x.dtype is dtype else x.astype(dtype)


def refuse_integers(leaves: Sequence[Any], wanted: Sequence[int]) -> None:
    for k in wanted:
        if k < len(leaves) and type(leaves[k]) is np.ndarray and leaves[k].dtype.kind != "f":
            raise TypeError(
                f"only floating-point numbers have gradients, but got an array of "
                f"{leaves[k].dtype}; convert it: x.astype(float)"
            )
