"""Mistakes in the table: its rules and forward functions wrapped, as they run."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import test_table as suite
from table import CASES, TABLE, Case

from autograd import Op, Tensor
from autograd.core.backward import consumers_first
from autograd.core.node import Node
from autograd.core.op import Data, Rule, data_of, per_argument

ROWS = [op for op in TABLE.values() if op.rule]
SLIGHTLY = 1.001

Change = Callable[[Rule], Rule]


@dataclass(frozen=True)
class Mutant:
    """A row with one mistake: `changed` are the attributes that it has while it is alive."""

    op: Op
    mistake: str
    changed: dict[str, Any]
    owner: Any = None  # whose attributes, if not the row's

    def __str__(self) -> str:
        return f"{self.op.name}: {self.mistake}"

    @contextmanager
    def alive(self) -> Iterator[None]:
        owner = self.owner or self.op
        before = {name: getattr(owner, name) for name in self.changed}
        try:
            for name, x in self.changed.items():
                setattr(owner, name, x)
            yield
        finally:
            for name, x in before.items():
                setattr(owner, name, x)


# --- mistakes in a rule ---------------------------------------------------------------------------


def times(factor: float, wanted: Callable[[Data, Data], bool] = lambda g, out: True) -> Change:
    """The rule's result scaled, where the gradient and the result are `wanted`."""

    def change(rule: Rule) -> Rule:
        def mutant(g: Data, out: Data, *args: Data, **kwargs: Any) -> Data:
            part = rule(g, out, *args, **kwargs)
            return part * factor if wanted(g, out) else part

        return mutant

    return change


def on_floats(g: Data, out: Data) -> bool:
    return type(g) is float and type(out) is float


def on_nodes(g: Data, out: Data) -> bool:
    return isinstance(g, Node) or isinstance(out, Node)


def on_arrays(g: Data, out: Data) -> bool:
    return not on_floats(g, out) and not on_nodes(g, out)


def given(
    g: Callable[[Data], Data] = lambda g: g,
    out: Callable[[Data], Data] = lambda out: out,
    args: Callable[[Sequence[Data]], Sequence[Data]] = lambda args: args,
) -> Change:
    """The rule, given something else than it should be."""

    def change(rule: Rule) -> Rule:
        return lambda g_, out_, *args_, **kwargs: rule(g(g_), out(out_), *args(args_), **kwargs)

    return change


def constant(i: int) -> Callable[[Sequence[Data]], Sequence[Data]]:
    """The i-th operand as if no gradient came from it: wrong from the second order on."""
    return lambda args: [data_of(x) if j == i else x for j, x in enumerate(args)]


def in_place(rule: Rule) -> Rule:
    """A rule that spoils the gradient that it was given."""

    def mutant(g: Data, out: Data, *args: Data, **kwargs: Any) -> Data:
        part = rule(g, out, *args, **kwargs)
        if isinstance(g, np.ndarray) and g.flags.writeable:
            part = np.copy(part)
            g *= 2.0
        return part

    return mutant


CHANGES: dict[str, Change] = {
    "sign": times(-1.0),
    "dropped": times(0.0),
    "factor": times(SLIGHTLY),
    "factor on floats": times(SLIGHTLY, on_floats),
    "factor on arrays": times(SLIGHTLY, on_arrays),
    "factor on nodes": times(SLIGHTLY, on_nodes),
    "changes g": in_place,
    "constant g": given(g=data_of),
}
CHANGES_OF_OUT: dict[str, Change] = {
    "stale out": given(out=lambda out: out * 1.1 + 0.1),
    "constant out": given(out=data_of),
}


def used(rule: Rule) -> set[str]:
    """The names of the arguments that a rule reads."""
    names: set[str] = set()
    for step in dis.get_instructions(rule):
        if any(word in step.opname for word in ("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE")):
            names.update(step.argval if isinstance(step.argval, tuple) else (step.argval,))
    return names  # of two at once, from Python 3.13 on


def operands(rule: Rule) -> list[int]:
    """Which operands a rule reads; the first two of any number."""
    code = rule.__code__
    if code.co_flags & 0x04:  # *xs
        return [0, 1]
    names = code.co_varnames[2 : code.co_argcount]
    return [i for i, name in enumerate(names) if name in used(rule)]


def changes(rule: Rule, arity: int) -> Iterator[tuple[str, Change]]:
    """All mistakes that make sense in a rule; it can't be wrong about what it does not read."""
    if "g" in used(rule):
        yield from CHANGES.items()
    else:  # the slope of what is flat
        yield "one", lambda _: lambda g, out, *args, **kwargs: g
    if "out" in used(rule):
        yield from CHANGES_OF_OUT.items()
    read = operands(rule)
    for i in read:
        yield f"constant operand {i}", given(args=constant(i))
    if read and arity > 1 and read[-1] >= arity - 2:
        yield "swapped operands", given(args=lambda args: [*args[:-2], *args[:-3:-1]])


# --- mistakes in a row ----------------------------------------------------------------------------


def with_rule(op: Op, i: int, change: Change) -> Any:
    """The rules of a row, of which the i-th is changed."""
    if isinstance(op.vjps, per_argument):
        make = op.vjps.make
        return per_argument(lambda j: change(make(j)) if j == i else make(j))
    return tuple(change(rule) if j == i else rule for j, rule in enumerate(op.vjps))


def scaled(forward: Callable[..., Any], floats: bool) -> Callable[..., Any]:
    """The forward function, a little too large: on floats, or on arrays."""

    def mutant(*args: Data, **kwargs: Any) -> Data:
        out = forward(*args, **kwargs)
        return out * SLIGHTLY if (type(out) is float) == floats else out

    return mutant


def first_instead_of_sum(op: Op) -> Any:
    """`Tensor.fit` that takes one entry for the sum over what was broadcast, for one op."""
    fit = Tensor.fit

    def mutant(self: Tensor, part: Data, by: Op) -> Data:
        if by is op and hasattr(part, "shape") and part.shape != self.shape:
            part = part[(0,) * (part.ndim - self.ndim)]
            for axis, n in enumerate(self.shape):
                if n == 1:
                    part = part[(slice(None),) * axis + (slice(1),)]
        return fit(self, part, by)

    return mutant


def not_summed(op: Op) -> Any:
    """`Tensor.fit` that leaves what was broadcast as it is, for one op."""
    fit = Tensor.fit
    return lambda self, part, by: part if by is op else fit(self, part, by)


def mutants_of(op: Op) -> Iterator[Mutant]:
    """All mutants of a row."""
    yield Mutant(op, "forward on arrays", {"forward": scaled(op.forward, floats=False)})
    if takes_floats(op):
        yield Mutant(op, "forward on floats", {"forward": scaled(op.forward, floats=True)})
    if op.broadcasts:
        yield Mutant(op, "not un-broadcast", {"fit": not_summed(op)}, Tensor)
        yield Mutant(op, "one entry for the sum", {"fit": first_instead_of_sum(op)}, Tensor)
    numbered = range(2 if op.arity is None else op.arity)
    for i in numbered:
        rule = op.vjps[i]
        if rule is not None:
            for mistake, change in changes(rule, len(numbered)):
                if mistake == "factor on floats" and not takes_floats(op):
                    continue
                yield Mutant(op, f"slope {i}, {mistake}", {"vjps": with_rule(op, i, change)})
    if op.arity is not None and op.arity > 1:
        *rest, x, y = op.vjps
        yield Mutant(op, "swapped rules", {"vjps": (*rest, y, x)})


# --- who notices ----------------------------------------------------------------------------------


@cache
def cases_of() -> dict[Op, list[Case]]:
    """The cases in which each row takes part, the simplest first."""
    found: dict[Op, list[tuple[int, int]]] = {op: [] for op in ROWS}
    for k, case in enumerate(CASES):
        order = consumers_first(case.f(*suite.as_tensors(case), **case.kwargs))
        for op in {node.op for node in order if node.op}:
            found[op].append((len(order), k))
    return {op: [CASES[k] for _, k in sorted(places)] for op, places in found.items()}


def is_scalar(case: Case) -> bool:
    """Whether a case is tried on floats too."""
    return case.elementwise and np.shape(case.args[0]) == ()


def takes_floats(op: Op) -> bool:
    """Whether floats come to a row as they are; to others they come as arrays."""
    return any(map(is_scalar, cases_of()[op]))


def checks(case: Case) -> Iterator[Callable[[Case], None]]:
    """The fast gradient tests of the suite that a case takes part in."""
    yield suite.test_gradients_to_second_order
    yield suite.test_slopes_have_a_slope_by_the_gradient_that_comes_in
    yield suite.test_value_is_numpys
    if is_scalar(case):
        yield suite.test_value_equals_0d_tensor
    yield suite.test_gradients_share_no_memory_and_leave_operands_alone
    yield suite.test_float32_stays_float32


def killed(mutant: Mutant) -> bool:
    """Whether any of the fast gradient tests fails while the mutant is alive."""
    with mutant.alive():
        for case in cases_of()[mutant.op]:
            for check in checks(case):
                try:
                    check(case)
                except Exception:  # noqa: BLE001  # whatever it is, a test that raises has failed
                    return True
    return False
