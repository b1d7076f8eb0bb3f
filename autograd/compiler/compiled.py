"""`Compiled`: a function of numbers that runs as straight-line source."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import update_wrapper
from typing import Any, NamedTuple

import numpy as np

from autograd.core import arguments, pytree
from autograd.core.array_libraries import as_operand
from autograd.core.node import Node
from autograd.transforms import derivatives
from autograd.transforms.derivatives import Argnums
from autograd.value import Value

from .forms import Form, is_plain
from .lowered_program import TRACING, LoweredProgram, lower
from .targets.latex import to_latex
from .traced_function import TracedFunction, other

REDUCTIONS = (None, "mean", "sum")
PLAIN = {float, np.ndarray}
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Graph(NamedTuple):
    """A compiled function's operations as recorded nodes, to be drawn."""

    value: Any
    gradients: list[Any]  # by each number of the arguments
    inputs: list[Value]


class Compiled:
    """A function of numbers that `compile` made: traced once for each form of arguments."""

    def __init__(self, f: Callable[..., Any], order: int = 0, argnums: Argnums = 0) -> None:
        update_wrapper(self, f, updated=())
        self.f, self.order, self.argnums = f, order, argnums
        self.traces: dict[Any, TracedFunction] = {}
        self.latest: TracedFunction | None = None
        self.recent: dict[Any, LoweredProgram] = {}  # of the latest trace without keyword arguments

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        raise TypeError(
            "compile() takes functions of numbers, but this one is a method; compile a function "
            "that calls it, or hand over the numbers of the object"
        )

    def __reduce__(self) -> Any:
        return Compiled, (self.f, self.order, self.argnums)  # copies are traced anew

    def __repr__(self) -> str:
        return f"<compiled {self.name}{f', {self.order} derivatives' if self.order else ''}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns: on floats floats, on arrays arrays, entry by entry."""
        if not kwargs:
            out = self.fast_path(args, self.argnums, self.order, None)
            if out is not None:
                return out[1]
        if any_node(args):
            if self.order:
                raise TypeError("derivatives() are of numbers and arrays; use ag.grad on nodes")
            return self.f(*args, **kwargs)
        return self.slow_path(args, kwargs, self.argnums, self.order, None)[1]

    def value_and_grad(
        self, *args: Any, argnums: Argnums = 0, reduce: str | None = None, **kwargs: Any
    ) -> Any:
        """Return the value, and the gradient by the arguments that `argnums` names, in their form.

        On arrays both are those of each entry; with `reduce`, "mean" or "sum", those of the mean
        or the sum over all entries.

        Raises:
            ValueError: the function returns something else than one number.
        """
        if reduce not in REDUCTIONS:
            raise ValueError(f"reduce is 'mean', 'sum' or None, not {reduce!r}")
        if type(argnums) is not int:
            argnums = derivatives.select_arguments(argnums, len(args))
        if not kwargs:
            out = self.fast_path(args, argnums, 1, reduce)
            if out is not None:
                return out[1]
        if any_node(args):
            return derivatives.value_and_grad(self.f, argnums)(*args, **kwargs)
        return self.slow_path(args, kwargs, argnums, 1, reduce)[1]

    def grad(
        self, *args: Any, argnums: Argnums = 0, reduce: str | None = None, **kwargs: Any
    ) -> Any:
        """Return the gradient alone: see `value_and_grad`."""
        return self.value_and_grad(*args, argnums=argnums, reduce=reduce, **kwargs)[1]

    def backward(self, *args: Any, reduce: str | None = "mean", **kwargs: Any) -> Any:
        """Return the value, and add its derivatives to the `.grad` of every `Value` that the
        function closes over, as recording it and calling `backward()` would.

        >>> import autograd as ag
        >>> w = ag.Value(3.0)
        >>> f = ag.compile(lambda x: (w * x - 1.0) ** 2)
        >>> f.backward(2.0), w.grad
        (25.0, 20.0)

        Args:
            reduce: "mean" or "sum" over all entries, if arguments are arrays.
        """
        if reduce not in REDUCTIONS[1:]:
            raise ValueError(f"reduce is 'mean' or 'sum', not {reduce!r}")
        found = self.fast_path(args, None, 1, reduce) if not kwargs else None
        program, (value, gradient) = found or self.slow_path(args, kwargs, None, 1, reduce)
        for x, g in zip(program.traced.weights, gradient):
            x.grad = g if x.grad is None else x.grad + g
        return value

    def derivatives(self, order: int, argnums: Argnums = 0) -> Compiled:
        """Return the compiled function that returns the value and all derivatives up to an order.

        >>> import autograd as ag
        >>> ag.compile(lambda x: x**3).derivatives(2)(2.0)
        (8.0, 12.0, 12.0)
        """
        order = arguments.integer("order", order, at_least=1)
        numbers = arguments.integers("argnums", argnums)
        return Compiled(self.f, order, numbers if np.ndim(argnums) else numbers[0])

    # What was written.

    @property
    def source(self) -> str:
        """Python source of the value and the gradient by all arguments, as it was last called.

        It needs `math` and nothing else, and raises where Python's own operators do: `1 / 0.0`.
        `numpy_source` is the same function for arrays.
        """
        return self.full_program().source("math").text

    @property
    def numpy_source(self) -> str:
        """The source with another head, so that the same lines run on arrays."""
        return self.full_program().source("numpy").text

    @property
    def weight_source(self) -> str:
        """The source of what `backward` computes: the value, and the derivatives by the weights."""
        return lower(self.current(), None, 1).source("math").text

    def latex(self) -> str:
        r"""Return the function's value as a formula, for small functions.

        >>> import autograd as ag
        >>> print(ag.compile(lambda w, x: ag.tanh(w * x) / 2).latex())
        f(w, x) = \frac{\tanh\left(w \, x\right)}{2}

        Raises:
            ValueError: it would be too long to be read, or the function returns several numbers.
        """
        traced = self.current()
        check_single(traced.out)
        return to_latex(lower(traced, 0, 0).program, traced.name)

    def full_program(self) -> LoweredProgram:
        """Return the program of the value and of all derivatives."""
        traced = self.current()
        if self.order:
            return lower(traced, self.argnums, self.order)
        count = len(traced.parameters)
        if traced.out is None or pytree.is_branch(traced.out) or not count:
            return lower(traced, 0, 0)
        return lower(traced, 0 if count == 1 else tuple(range(count)), 1)

    def current(self) -> TracedFunction:
        """Return the function as it was last called; before the first call, with a number for each
        parameter.
        """
        if self.latest is None:
            try:
                parameters = inspect.signature(self.f).parameters.values()
            except ValueError:
                raise ValueError("call the function first: its parameters are not known") from None
            wanted = [p for p in parameters if p.default is p.empty and p.kind in POSITIONAL]
            self.latest = self.trace([0.0] * len(wanted), {})
        return self.latest

    def graph(self, *args: Any, argnums: Argnums | None = None, **kwargs: Any) -> Graph:
        """Return the simplified operations of value and gradient on these floats, as nodes."""
        traced = self.trace(args, kwargs)
        if argnums is None:
            argnums = 0 if len(args) == 1 else tuple(range(len(args)))
        lowered = lower(traced, derivatives.select_arguments(argnums, len(args)), 1)
        program = lowered.program
        numbers = [*map(as_number, pytree.leaves(list(args))), *lowered.captured()]
        inputs = [Value(x, program.lines[i].label) for x, i in zip(numbers, program.inputs)]
        nodes = program.run(inputs, labelled=True)
        value, *gradients = (x if isinstance(x, Node) else Value(x).detach() for x in nodes)
        return Graph(value, gradients, inputs)

    def _graph_(self, *args: Any) -> tuple[list[Any], list[Any]]:  # for draw(f, *args)
        value, gradients, _ = self.graph(*args)
        return pytree.leaves(value), gradients

    # How it is run.

    def fast_path(
        self, args: Any, argnums: Argnums | None, order: int, reduce: str | None
    ) -> tuple[LoweredProgram, Any] | None:
        """Return the program and its result if the arguments have the form of the last call.

        On an error return None; the slow path reports it.
        """
        program = self.recent.get((argnums, order))
        if program is None or (argnums is None and program.traced.outdated()):
            return None
        try:
            if reduce is None:
                out = (
                    program.on_floats(*args, *program.captured())
                    if program.values
                    else program.on_floats(*args)
                )
                if out is not other:
                    return program, out
            leaves = program.traced.flatten(*args)
            types = tuple(map(type, leaves)) if leaves is not other else ()
            if np.ndarray not in types or not PLAIN.issuperset(types):
                return None
        except (ArithmeticError, ValueError, TypeError):
            return None
        out = program.on_arrays(leaves, types, reduce)
        return None if out is other else (program, out)

    def slow_path(
        self, args: Sequence[Any], kwargs: Any, argnums: Argnums | None, order: int,
        reduce: str | None,
    ) -> tuple[LoweredProgram, Any]:  # fmt: skip
        """Return the program, which is traced and lowered first if need be, and its result."""
        leaves = [as_number(x) for x in pytree.leaves(list(args))]
        traced = self.trace(args, kwargs)
        if order == 1 and self.order == 0:
            check_single(traced.out)
        program = lower(traced, argnums if order else 0, order)
        if not kwargs:
            kept = {key: p for key, p in self.recent.items() if p.traced is traced}
            self.recent = {**kept, (argnums, order): program}
        types = tuple(map(type, leaves))
        if np.ndarray in types:
            out = program.on_arrays(leaves, types, reduce)
        else:
            numbers = iter(leaves)
            plain = [form.filled(numbers) for _, form in traced.parameters]
            on_floats = program.on_floats  # errors in writing it are no errors in running it
            try:
                out = on_floats(*plain, *program.captured())
            except (ArithmeticError, ValueError):
                out = program.interpret(leaves)
        if order == 1 and argnums is not None and not all(map(is_plain, args)):
            # The gradient of an argument that is a list of another class is of that class too.
            chosen = derivatives.select_arguments(argnums, len(args))
            like = args[chosen] if isinstance(chosen, int) else tuple(args[i] for i in chosen)
            out = out[0], pytree.rebuild(like, pytree.leaves(out[1]))
        return program, out

    def trace(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TracedFunction:
        """Return the function as traced with arguments of this form."""
        forms = tuple(map(Form.of, args))
        try:
            key = (forms, *((name, static_key(x)) for name, x in sorted(kwargs.items())))
            found = self.traces.get(key)
        except TypeError:
            raise TypeError(
                "keyword arguments of a compiled function are compiled in, once for each value: "
                "they must be hashable; hand over numbers to compute with by position"
            ) from None
        if found is None or found.outdated():
            names = self.parameter_names(len(args))
            with TRACING:
                found = TracedFunction(self.f, self.name, list(zip(names, forms)), kwargs)
            self.traces[key] = found
        self.latest = found
        return found

    @property
    def name(self) -> str:
        name: str = getattr(self.f, "__name__", "f")
        return "f" if name == "<lambda>" else name

    def parameter_names(self, count: int) -> list[str]:
        names: list[str] = []
        try:
            for p in inspect.signature(self.f).parameters.values():
                if p.kind in POSITIONAL:
                    names.append(p.name)
                elif p.kind is p.VAR_POSITIONAL:
                    names += [f"{p.name}{i}" for i in range(1, count - len(names) + 1)]
        except ValueError:  # written in C
            pass
        return names[:count] + [f"x{i}" for i in range(len(names) + 1, count + 1)]


def static_key(x: Any) -> Any:
    """Return a key for the value of a keyword argument.

    1, 1.0 and True are equal, and so are 0.0 and -0.0, but functions compute different numbers with
    them; nan is not equal to itself, but they compute the same with it.
    """
    if isinstance(x, (tuple, frozenset)):
        return type(x), type(x)(map(static_key, x)) if type(x) in (tuple, frozenset) else x
    return type(x), repr(x) if isinstance(x, (float, np.floating)) else x


def any_node(args: Any) -> bool:
    return any(isinstance(x, Node) for x in pytree.leaves(list(args)))


def as_number(x: Any) -> Any:
    """Return a number in an argument as a float or an array.

    Raises:
        TypeError: it is something else.
    """
    if type(x) is float or (type(x) is np.ndarray and x.ndim):
        return x
    if isinstance(x, Node):
        return x._data
    x = as_operand(x)
    if isinstance(x, np.ndarray) and x.ndim:
        return x
    try:
        return Value.constant(x)
    except TypeError:
        raise TypeError(
            f"a compiled function takes numbers and arrays by position, in lists, tuples and "
            f"dicts, but got {type(x).__name__} {x!r}; hand over options by keyword"
        ) from None


def check_single(out: Any) -> None:
    if pytree.is_branch(out):
        raise ValueError(
            f"this needs a function that returns one number, but it returns a "
            f"{type(out).__name__}; derivatives(1) has those of several"
        )
