"""Tracing: a function is called with symbols in place of numbers, and each operation recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from typing import Any

import numpy as np

from autograd.core import pytree, rules
from autograd.core.anomaly import user_line
from autograd.core.arguments import as_python, brief
from autograd.core.backward import backpropagate, consumers_first
from autograd.core.modes import current_mode, set_mode
from autograd.core.node import NO_KWARGS, Node, Notes, make
from autograd.core.op import OF_UFUNC, Data, Op
from autograd.node_methods import Operators
from autograd.numpy_api import protocols
from autograd.tensor import Tensor
from autograd.transforms import derivatives
from autograd.value import Value, as_float

from .refusals import (
    DataDependentError,
    array_function_failed,
    called_by_user,
    keeps_number,
    not_compiled,
)

LIMIT = 1_000_000  # operations; every one becomes a line
SLOT: Any = vars(Node)["_data"]  # symbols that stand for constants have it too
DECIDE = (
    "write ag.where(condition, x, y), ag.maximum or ag.minimum; or hand over what decides "
    "by keyword: keyword arguments are compiled in, once for each value"
)


def refuse(use: str, instead: str = DECIDE) -> Any:
    """Return a method that raises a `DataDependentError`."""

    def method(self: Symbol, *_: Any, **__: Any) -> Any:
        raise self.error(use, instead)

    return method


class Symbol(Operators):
    """A number that a function is being traced with: an argument, or what was made of some.

    It is its own data, so that code that computes with data records operations too.
    """

    __slots__ = ("index",)
    index: int  # its place among the symbols of its trace
    shape: tuple[()] = ()
    ndim = 0

    @property
    def _data(self) -> Symbol:
        if current_mode().tracer is None:
            raise TypeError(
                f"{self.describe()} is left over from compiling a function; it has no number. "
                "Return what is needed outside"
            )
        return self

    @_data.setter
    def _data(self, number: Any) -> None:  # of a constant, such as a seed
        SLOT.__set__(self, number)

    @property
    def number(self) -> Any:
        return SLOT.__get__(self)

    @staticmethod
    def constant(x: Any) -> float:
        return constant(x)

    def seed(self, seed: Any) -> Data:
        return 1.0 if seed is None else seed if isinstance(seed, Node) else as_float(seed)

    def fit(self, part: Data, op: Op) -> Data:
        return part

    def stale(self, op: Op, graph: bool = False) -> None:
        raise AssertionError("a symbol is its own data, which never changes")

    @property
    def operands(self) -> tuple[Any, ...]:
        """The operands. The backward loop asks for them just before it applies the rules: what is
        recorded from now on comes from these.
        """
        trace().origin = self
        return super().operands

    def detach(self) -> Any:
        if is_condition(self):
            return self  # it has no gradient
        return trace().add(rules.alias, (self,), NO_KWARGS, level=0)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def describe(self) -> str:
        return f"the number {self.label}" if self.label else "a number"

    def __repr__(self) -> str:
        return f"<{self.describe()} in a function that is being compiled>"

    # Conditions.

    def __and__(self, other: Any) -> Any:
        return rules.logical_and(self, other)

    def __or__(self, other: Any) -> Any:
        return rules.logical_or(self, other)

    def __invert__(self) -> Any:
        return rules.logical_not(self)

    __rand__, __ror__ = __and__, __or__

    # Uses that need the number.

    def error(self, use: str, instead: str) -> DataDependentError:
        return DataDependentError(
            f"{use} depends on {self.describe()}, but a function is compiled before its numbers "
            f"are known, at {user_line()}; {instead}"
        )

    __bool__ = refuse("a decision (if, while, and, or, not, assert, min, max, sorted)")
    __int__, __index__ = refuse("int()"), refuse("range() or an index")
    __float__ = refuse("float() or a function of math", "use autograd's own: ag.exp, ag.sin")
    __array__ = refuse("a NumPy array", "use plain lists, and autograd's own functions")
    item = refuse("item()", "use the number itself, or x.detach() to drop its gradient")
    data = property(refuse("data", "use the number itself, or x.detach() to drop its gradient"))
    backward = accumulate = refuse("backward()", "use f.grad, f.value_and_grad or ag.grad")

    def __format__(self, spec: str) -> str:
        if spec:
            raise self.error("formatting", DECIDE)
        return repr(self)

    def one_number(self) -> str:
        return (
            f"{self.describe()} is one number in this call, at {user_line()}; "
            "hand over a list to go through several"
        )

    def __iter__(self, *_: Any) -> Any:
        raise TypeError(self.one_number())

    __len__ = __getitem__ = __iter__

    def __getattr__(self, name: str) -> Any:
        if name in OF_ARRAYS:
            raise AttributeError(f"there is no {name!r} here: {self.one_number()}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs and ufunc in CONDITIONS:
            return CONDITIONS[ufunc](*inputs)
        if protocols.operation_of(ufunc) is None:
            raise not_compiled(f"np.{ufunc.__name__}")
        return protocols.array_ufunc(self, ufunc, method, *inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in LIKE:
            return LIKE[function]
        if function in REDUCING:
            trace().note_reduction(protocols.numpy_name(function))
            return self != 0.0 if function in (np.any, np.all) else 0
        if function not in protocols.FUNCTIONS or function is np.linalg.slogdet:
            raise not_compiled(protocols.numpy_name(function))
        return protocols.array_function(self, function, types, args, kwargs)


Symbol.kind = Symbol

CONDITIONS: dict[Any, Callable[..., Any]] = {
    ufunc: op for ufunc, op in OF_UFUNC.items() if op.boolean
} | {
    np.isnan: lambda x: x != x,  # noqa: PLR0124  # only nan is not itself
    np.isinf: lambda x: abs(x) == np.inf,
    np.isfinite: lambda x: abs(x) < np.inf,
}
"""NumPy's functions of numbers that return conditions."""

LIKE = {np.zeros_like: 0.0, np.ones_like: 1.0, np.shape: (), np.ndim: 0, np.size: 1}
"""NumPy's functions that return the same for any single number."""

REDUCING = {np.any, np.all, np.argmax, np.argmin}
"""NumPy's functions of arrays that do little to a single number."""

OF_ARRAYS = {name for name in dir(Tensor) if name[0] != "_" and not hasattr(Operators, name)}
OF_ARRAYS -= {"dtype"}  # by which numbers and arrays are distinguished
"""Methods and properties that only tensors have."""


def constant(x: Any) -> float:
    """Return a plain number beside symbols; errors as for a `Value`'s, with the line."""
    try:
        return as_float(x)
    except TypeError:
        if not isinstance(x, (list, tuple, np.ndarray)):
            raise
        raise TypeError(
            f"a compiled function computes with single numbers, but got {brief(x)}, at "
            f"{user_line()}; hand arrays over as arguments, to be computed with entry by entry"
        ) from None


def option(name: str, x: Any) -> Any:
    """Return an option of an operation as a plain Python number or None.

    Raises:
        TypeError: it is neither a number nor None.
    """
    x = as_python(x)
    if x is None or type(x) in (int, float, bool):
        return x
    raise TypeError(f"{name} must be a number or None in a compiled function, but got {brief(x)}")


def is_condition(x: Any) -> bool:
    """Whether an operand is true or false."""
    if isinstance(x, Symbol):
        return x.op is not None and x.op.boolean
    return isinstance(x, bool)


def trace() -> Trace:
    """Return the trace that is being made."""
    tracer = current_mode().tracer
    if not isinstance(tracer, Trace):
        raise TypeError("a number without data is left over from compiling a function")
    return tracer


class Trace:
    """The operations in one call of a function: symbols, in the order in which they were made.

    Args:
        inputs: the names of the numbers that the function gets.
    """

    def __init__(self, inputs: Sequence[str]) -> None:
        self.symbols: list[Symbol] = []
        self.origins: list[Symbol | None] = []  # whose rule recorded it; None: the function
        self.origin: Symbol | None = None
        self.captured_values: dict[int, tuple[Value, Symbol]] = {}  # the function closes over
        self.variables: dict[int, tuple[Value, Symbol]] = {}
        self.level = derivatives.new_level()
        self.reduction: str | None = None  # the first call of one, and its line
        self.inputs = [self.symbol(label=name) for name in inputs]

    def symbol(
        self, op: Op | None = None, args: Any = (), saved: Any = (), kwargs: Any = NO_KWARGS,
        level: int = 1, label: str | None = None,
    ) -> Symbol:  # fmt: skip
        if len(self.symbols) >= LIMIT:
            raise ValueError(
                f"the function takes more than {LIMIT} operations on single numbers; loops are "
                "written out when it is compiled. Hand over arrays in place of long lists, "
                "or compile what is inside the loop"
            )
        symbol = make(Symbol, None, level, op, args, saved, kwargs)
        assert isinstance(symbol, Symbol)
        notes = symbol.notes = Notes()
        notes.label, notes.retains = label, True
        symbol.index = len(self.symbols)
        self.symbols.append(symbol)
        self.origins.append(self.origin)
        return symbol

    def record(self, op: Op, operands: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Return the result of `op` on operands of which at least one is no plain number."""
        if op.elementwise is False:
            if len(operands) != 1 or not keeps_number(op, kwargs):
                raise not_compiled(called_by_user(op))
            if "keepdims" in op.options and self.origin is None:
                self.note_reduction(called_by_user(op))
            return self.add(rules.alias, operands, NO_KWARGS)
        options = {name: option(f"{op.name}: {name}", x) for name, x in kwargs.items()}
        return self.add(op, operands, options or NO_KWARGS)

    def note_reduction(self, name: str) -> None:
        """Note a call that does something else to arrays than to their entries."""
        if self.reduction is None:
            self.reduction = f"{name}(), at {user_line()},"

    def add(
        self, op: Op, operands: Sequence[Any], kwargs: Mapping[str, Any], level: int | None = None
    ) -> Any:
        saved = tuple(map(self.operand, operands, op.vjps))
        if not op.boolean and any(map(is_condition, saved)):
            saved = self.counted(saved, op)
        args = tuple(x if isinstance(x, Symbol) else None for x in saved)
        flat = not current_mode().recording or all(rule is None for _, rule in zip(saved, op.vjps))
        if level is None:
            level = 0 if flat else max((x.level for x in args if x is not None), default=0)
        return self.symbol(op, args, saved, kwargs, level)

    def counted(self, operands: tuple[Any, ...], op: Op) -> tuple[Any, ...]:
        """Return conditions as numbers, where all operands are conditions: true is one.

        Operands without a rule, such as the first of `where`, remain conditions beside others.
        """
        numbers = [bool(rule) for _, rule in zip(operands, op.vjps)]
        if not any(numbers):
            numbers = [True] * len(operands)
        if not all(map(is_condition, compress(operands, numbers))):
            return operands
        return tuple(
            self.add(rules.where, (x, 1.0, 0.0), NO_KWARGS) if number else x
            for x, number in zip(operands, numbers)
        )

    def operand(self, x: Any, rule: Any) -> Any:
        """Return `x` as it stands in an operation: a symbol of this trace, or a constant."""
        if isinstance(x, Symbol):
            if not hasattr(x, "index"):
                return x.number  # a constant that was given the form of a node
            if x.index >= len(self.symbols) or self.symbols[x.index] is not x:
                raise TypeError(
                    f"{x.describe()} belongs to another function that is being compiled, "
                    f"at {user_line()}; hand it over as an argument"
                )
            return x
        if isinstance(x, Node):
            return self.captured(x)
        return bool(x) if isinstance(x, (bool, np.bool_)) and not rule else constant(x)

    def captured(self, x: Node) -> Symbol:
        """Return the symbol for a `Value` that the function closes over: one more input."""
        if not isinstance(x, Value):
            raise TypeError(
                f"a scalar function can't use {x.describe()}, at {user_line()}; "
                "hand over arrays as arguments: they are computed with entry by entry"
            )
        if x.op is None and x.level > self.level:  # of a differentiation within the function
            if id(x) not in self.variables:
                symbol = self.symbol(rules.alias, (x,), (x._data,), level=x.level)
                self.variables[id(x)] = x, symbol
            return self.variables[id(x)][1]
        if x.op is not None or x.level > 1:
            raise TypeError(
                f"a compiled function can close over numbers and over a Value that was set, such "
                f"as a weight, but {x.describe()} was computed, at {user_line()}; "
                "hand it over as an argument"
            )
        if id(x) not in self.captured_values:
            origin, self.origin = self.origin, None
            self.captured_values[id(x)] = x, self.symbol(level=x.level, label=x.label)
            self.origin = origin
        return self.captured_values[id(x)][1]

    def run(self, f: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> Any:
        """Return what `f` returns: symbols and constants, in lists, tuples and dicts."""
        with set_mode(recording=True, anomaly=False, tape=None, tracer=self):
            try:
                out = f(*args, **kwargs)
            except (ValueError, IndexError) as error:
                if (failed := array_function_failed(error)) is None:
                    raise
                raise failed from error
            return pytree.map_leaves(self.result, out)

    def result(self, x: Any) -> Any:
        try:
            return x if isinstance(x, (bool, np.bool_)) else self.operand(x, True)
        except TypeError as error:
            if isinstance(x, Node):
                raise
            raise TypeError(
                f"a compiled function returns numbers, in lists, tuples and dicts, not "
                f"{type(x).__name__}"
            ) from error

    def gradient(self, root: Any, inputs: Sequence[Symbol]) -> list[Any]:
        """Return the derivatives of `root` by the inputs, with the rules applied to symbols."""
        if not isinstance(root, Symbol) or not root.level:
            return [0.0] * len(inputs)
        with set_mode(recording=True, anomaly=False, tape=None, tracer=self):
            grads = backpropagate(consumers_first(root), {root: 1.0}, graph=True)
        self.origin = None
        name = root.label or "f"
        above = name if name.startswith("d_") else "d" if name == "f" else f"d_{name}"
        for x, g in grads.items():
            if isinstance(g, Symbol) and self.origins[g.index] is not None and x.label:
                g.label = g.label or f"{above}_{x.label}"
        return [grads.get(x, 0.0) for x in inputs]
