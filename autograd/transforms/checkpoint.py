"""Recompute intermediate results in the backward pass instead of keeping them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from functools import wraps
from numbers import Real
from operator import attrgetter
from typing import Any
from weakref import ref

import numpy as np

from autograd.core import arguments, pytree
from autograd.core.array_libraries import copy_array
from autograd.core.backward import backpropagate, operands_first
from autograd.core.modes import current_mode, set_mode
from autograd.core.node import Node, make
from autograd.core.op import Data, Op, data_of, per_argument
from autograd.core.pickling import entry_of
from autograd.core.shapes import shape_of


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return `f` without its intermediate results: the backward pass computes them again.

    Only the inputs and the result stay in memory; `f` runs twice (Griewank & Walther 2000).
    Gradients also reach nodes that `f` uses without getting them as arguments, such as the
    parameters of a model.

    Both runs must compute the same. Side effects of `autograd` and `nn` count once: running
    statistics, counters, hooks and other data of leaves that `f` writes are restored after the
    second run, and `nn.Dropout` draws the same numbers again, as do all users of
    `nn.seed.generator_from(rng)`. Other effects, on plain Python objects, happen twice.

    >>> import autograd as ag
    >>> x = ag.Value(0.5)
    >>> y = ag.checkpoint(lambda x: ag.exp(ag.sin(x)))(x)
    >>> y.op, len(y.args)
    (<op checkpoint>, 1)

    Raises:
        TypeError: `f` returned something else than one number or array.
        ValueError: in the backward pass, `f` computed something else.
    """
    arguments.function("f", f)

    @wraps(f, updated=())
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        if not current_mode().recording:
            return f(*args, **kwargs)
        tape = Tape()
        out, order = run_taped(f, args, kwargs, tape)
        if not order:
            return out
        inputs = inputs_of(order)
        op = Checkpoint(Rerun(f, args, kwargs, tape.draws, tape.written))
        saved = tuple(x._data for x in inputs)
        return make(out.kind, out._data, out.level, op, inputs, saved, now=current_mode())

    return checkpointed


class Checkpoint(Op):
    """The operation of one call of a function under `checkpoint`."""

    def __init__(self, rerun: Rerun) -> None:
        super().__init__("checkpoint", rerun.f, per_argument(rerun.rule))
        self.rerun = rerun

    def __reduce__(self) -> Any:
        return Checkpoint, (self.rerun,)

    def __deepcopy__(self, memo: Any) -> Checkpoint:
        if id(self) not in memo:
            memo[id(self)] = Checkpoint(deepcopy(self.rerun, memo))
        out: Checkpoint = memo[id(self)]
        return out


class Rerun:
    """Runs a function a second time and differentiates it by the operands of the first run."""

    def __init__(
        self, f: Any, args: Any, kwargs: Any, draws: list[Any], written: list[Any]
    ) -> None:
        self.f, self.args, self.kwargs = f, args, kwargs
        self.draws, self.written = draws, written
        self.latest: tuple[Any, Any] = None, None  # a gradient, and its results for all arguments

    def rule(self, i: int) -> Callable[..., Data]:
        def vjp(g: Data, out: Data, *operands: Data) -> Data:
            if isinstance(g, Node):
                return self.gradients(g, data_of(out), len(operands), graph=True)[i]
            if self.latest[0] is not g:
                self.latest = g, self.gradients(g, out, len(operands), graph=False)
            return self.latest[1][i]

        return vjp

    def gradients(self, g: Data, value: Data, count: int, graph: bool) -> list[Data]:
        tape = Tape(self.draws, existing(self.written))
        try:
            out, order = run_taped(self.f, self.args, self.kwargs, tape)
            inputs = inputs_of(order)
            if len(inputs) != count or not equal(out._data, value):  # mutants 1: symmetric
                raise ValueError(
                    "a function under checkpoint() computed something else the second time; it "
                    "must not depend on what has changed, nor on random numbers other than those "
                    "of nn.Dropout and nn.seed.generator_from(rng)"
                )
            grads = backpropagate(order, {out: g}, graph=graph)
            return [grads[x] for x in inputs]
        finally:
            tape.undo()

    def __deepcopy__(self, memo: Any) -> Rerun:
        """Return the object for a copy of the graph, as `copy.deepcopy` makes it."""
        f, args, kwargs = deepcopy((self.f, self.args, self.kwargs), memo)
        written = existing(self.written)
        both = [ref(x) for x in (*written, *deepcopy(written, memo))]  # f may not be a copy
        return Rerun(f, args, kwargs, self.draws, both)

    def __reduce__(self) -> Any:
        args, kwargs, written = pytree.map_leaves(
            lambda x: entry_of(x) if isinstance(x, Node) else x,
            (self.args, self.kwargs, existing(self.written)),
        )
        found = lookup(self.f)
        if getattr(found, "__wrapped__", None) is self.f:  # as `@checkpoint` leaves it
            return restore_rerun, (found, True, args, kwargs, self.draws, written)
        return restore_rerun, (self.f, False, args, kwargs, self.draws, written)


def restore_rerun(
    f: Any, decorated: bool, args: Any, kwargs: Any, draws: Any, written: Iterable[Node]
) -> Rerun:
    """Return the `Rerun` that was pickled."""
    f = f.__wrapped__ if decorated else f
    return Rerun(f, args, kwargs, draws, [ref(x) for x in written])


def lookup(f: Any) -> Any:
    """Return what pickle finds under a function's name in its module, or None."""
    try:
        return attrgetter(f.__qualname__)(sys.modules[f.__module__])
    except (AttributeError, KeyError):
        return None


def existing(references: Iterable[Any]) -> list[Node]:
    return [x for reference in references if (x := reference()) is not None]


class Tape:
    """Records what a function does: new nodes, writes to leaves, new hooks, random draws.

    In a second run, generators give the numbers of the first run. `undo` then restores the leaves
    that both runs wrote, the hooks, and the states of generators.

    Args:
        draws: the states that generators drew from in the first run.
        written: the leaves that the first run wrote and that still exist.
    """

    def __init__(self, draws: list[Any] | None = None, written: Iterable[Node] = ()) -> None:
        self.outer = current_mode().tape
        self.nodes: list[Node] = []
        self.draws: list[Any] = []
        self.written: list[Any] = []  # weak references: most leaves may not outlive the run
        self.first_draws: Iterator[Any] | None = None if draws is None else iter(draws)
        self.first_written = set(written)
        self.changes: list[Callable[[], None]] = []  # functions that undo changes

    def append(self, node: Node) -> None:
        self.nodes.append(node)

    def before_write(self, x: Node) -> None:
        """Called before a leaf gets other data or its array is changed in place."""
        if self.outer is not None:
            self.outer.before_write(x)
        self.written.append(ref(x))
        if x in self.first_written:
            data = x._data
            writeable = isinstance(data, np.ndarray) and data.flags.writeable
            before = copy_array(data) if writeable else None  # mutants 1: an extra copy

            def restore() -> None:
                x._data = data
                if writeable:
                    data[...] = before

            self.changes.append(restore)

    def before_hook(self, x: Node) -> None:
        """Called before a node gets a hook. Those of outer nodes exist since the first run."""
        if self.outer is not None:
            self.outer.before_hook(x)
        if not any(x is node for node in self.nodes):
            notes, hooks = x.note(), x.note().hooks
            self.changes.append(lambda: setattr(notes, "hooks", hooks))

    def before_draw(self, rng: np.random.Generator) -> None:
        """Called before a generator draws a number."""
        if self.outer is not None:
            self.outer.before_draw(rng)
        bits = rng.bit_generator
        if self.first_draws is not None:
            state = bits.state
            self.changes.append(lambda: setattr(bits, "state", state))
            first = next(self.first_draws, state)
            if first["bit_generator"] == state["bit_generator"]:
                bits.state = first
        self.draws.append(bits.state)

    def undo(self) -> None:
        while self.changes:
            self.changes.pop()()


def equal(x: Data, y: Data) -> bool:
    """Return whether shapes and all numbers are equal; nan equals nan."""
    return shape_of(x) == shape_of(y) and bool(np.all((x == y) | np.isnan(x) & np.isnan(y)))


def run_taped(f: Callable[..., Any], args: Any, kwargs: Any, tape: Tape) -> tuple[Any, list[Node]]:
    """Return the result of `f` and the nodes it was computed with, consumers first."""
    with set_mode(recording=True, tape=tape):
        out = f(*args, **kwargs)
    if not isinstance(out, (Node, Real)) and not hasattr(out, "dtype"):
        raise TypeError(
            f"checkpoint() needs a function that returns one number or array, "
            f"but it returned {type(out).__name__}"
        )
    made = set(tape.nodes)
    inside = [out] if isinstance(out, Node) else []
    return out, operands_first(*inside, stop=lambda x: x not in made)[::-1]


def inputs_of(order: list[Node]) -> tuple[Node, ...]:
    """Return the operands of these nodes that are not among them, without constants."""
    inside = set(order)
    operands = {arg: None for x in order for arg in x.args if arg is not None and arg.level}
    return tuple(x for x in operands if x not in inside)
