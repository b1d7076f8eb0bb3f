"""`compile`: a scalar function that is read once, and then runs as straight-line source."""

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

from .forms import filled, form_of, is_plain
from .lowered_program import Task, other
from .targets.latex import to_latex
from .traced_function import TRACING, Version

REDUCTIONS = (None, "mean", "sum")
PLAIN = {float, np.ndarray}
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Graph(NamedTuple):
    """A compiled function's operations as recorded nodes, to be drawn."""

    value: Any
    gradients: list[Any]  # by each number of the arguments
    inputs: list[Value]


class Compiled:
    """What `compile` makes of a scalar function."""

    def __init__(self, f: Callable[..., Any], order: int = 0, argnums: Argnums = 0) -> None:
        update_wrapper(self, f, updated=())
        self.f, self.order, self.argnums = f, order, argnums
        self.versions: dict[Any, Version] = {}
        self.latest: Version | None = None
        self.tasks: dict[Any, Task] = {}  # of the latest version, without keyword arguments

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
        return f"<compiled {self.name()}{f', {self.order} derivatives' if self.order else ''}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns: on floats floats, on arrays arrays, entry by entry."""
        if not kwargs:
            out = self.again(args, self.argnums, self.order, None)
            if out is not None:
                return out[1]
        if any_node(args):
            if self.order:
                raise TypeError("derivatives() are of numbers and arrays; use ag.grad on nodes")
            return self.f(*args, **kwargs)
        return self.general(args, kwargs, self.argnums, self.order, None)[1]

    def value_and_grad(
        self, *args: Any, argnums: Argnums = 0, reduce: str | None = None, **kwargs: Any
    ) -> Any:
        """The value, and the gradient by the arguments that `argnums` names, in their form.

        On arrays both are those of each entry; with `reduce`, "mean" or "sum", those of the mean
        or the sum over all entries.

        Raises:
            ValueError: the function returns something else than one number.
        """
        if reduce not in REDUCTIONS:
            raise ValueError(f"reduce is 'mean', 'sum' or None, not {reduce!r}")
        if type(argnums) is not int:
            argnums = derivatives.selected(argnums, len(args))
        if not kwargs:
            out = self.again(args, argnums, 1, reduce)
            if out is not None:
                return out[1]
        if any_node(args):
            return derivatives.value_and_grad(self.f, argnums)(*args, **kwargs)
        return self.general(args, kwargs, argnums, 1, reduce)[1]

    def again(
        self, args: Any, argnums: Argnums | None, order: int, reduce: str | None
    ) -> tuple[Task, Any] | None:
        """The result for arguments of the form that came last, if they are, and its task.

        Exceptions are not for here: `general` meets them again, and says what they mean.
        """
        task = self.tasks.get((argnums, order))
        if task is None or (argnums is None and task.version.outdated()):
            return None
        try:
            if reduce is None:
                out = (
                    task.on_floats(*args, *task.closed()) if task.values else task.on_floats(*args)
                )
                if out is not other:
                    return task, out
            leaves = task.version.flat(*args)
            types = tuple(map(type, leaves)) if leaves is not other else ()
            if np.ndarray not in types or not PLAIN.issuperset(types):
                return None
        except (ArithmeticError, ValueError, TypeError):
            return None
        out = task.on_arrays(leaves, types, reduce)
        return None if out is other else (task, out)

    def grad(
        self, *args: Any, argnums: Argnums = 0, reduce: str | None = None, **kwargs: Any
    ) -> Any:
        """The gradient alone: see `value_and_grad`."""
        return self.value_and_grad(*args, argnums=argnums, reduce=reduce, **kwargs)[1]

    def backward(self, *args: Any, reduce: str | None = "mean", **kwargs: Any) -> Any:
        """The value, with its derivatives added to the `.grad` of every `Value` that the function
        closes over, as recording it and calling `backward()` would.

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
        found = self.again(args, None, 1, reduce) if not kwargs else None
        task, (value, gradient) = found or self.general(args, kwargs, None, 1, reduce)
        for x, g in zip(task.version.weights, gradient):
            x.grad = g if x.grad is None else x.grad + g
        return value

    def derivatives(self, order: int, argnums: Argnums = 0) -> Compiled:
        """The compiled function that returns the value and all derivatives up to an order.

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
        return self.everything().source("math").text

    @property
    def numpy_source(self) -> str:
        """The source with another head, so that the same lines run on arrays."""
        return self.everything().source("numpy").text

    @property
    def weight_source(self) -> str:
        """The source of what `backward` computes: the value, and the derivatives by the weights."""
        return self.current().task(None, 1).source("math").text

    def latex(self) -> str:
        r"""The function's value as a formula, for small functions.

        >>> import autograd as ag
        >>> print(ag.compile(lambda w, x: ag.tanh(w * x) / 2).latex())
        f(w, x) = \frac{\tanh\left(w \, x\right)}{2}

        Raises:
            ValueError: it would be too long to be read, or the function returns several numbers.
        """
        version = self.current()
        check_single(version.out)
        return to_latex(version.task(0, 0).program, version.name)

    def everything(self) -> Task:
        version = self.current()
        if self.order:
            return version.task(self.argnums, self.order)
        if version.out is None or pytree.is_branch(version.out):
            return version.task(0, 0)
        count = len(version.parameters)
        return version.task(0 if count == 1 else tuple(range(count)), int(count > 0))

    def current(self) -> Version:
        """The function as it was last called; before the first call, with a number for each
        parameter.
        """
        if self.latest is None:
            try:
                parameters = inspect.signature(self.f).parameters.values()
            except ValueError:
                raise ValueError("call the function first: its parameters are not known") from None
            wanted = [p for p in parameters if p.default is p.empty and p.kind in POSITIONAL]
            self.latest = self.version([0.0] * len(wanted), {})
        return self.latest

    def graph(self, *args: Any, argnums: Argnums | None = None, **kwargs: Any) -> Graph:
        """The operations of value and gradient on these floats, as nodes with numbers: what the
        compiled function computes, after all that was saved.
        """
        version = self.version(args, kwargs)
        if argnums is None:
            argnums = 0 if len(args) == 1 else tuple(range(len(args)))
        task = version.task(derivatives.selected(argnums, len(args)), 1)
        labels = [task.program.lines[i].label for i in task.program.inputs]
        numbers = [*map(as_number, pytree.leaves(list(args))), *task.closed()]
        inputs = [Value(x, label) for x, label in zip(numbers, labels)]
        value, *gradients = map(as_node, task.program.run(inputs, labelled=True))
        return Graph(value, gradients, inputs)

    def _graph_(self, *args: Any) -> tuple[list[Any], list[Any]]:  # for draw(f, *args)
        value, gradients, _ = self.graph(*args)
        return pytree.leaves(value), gradients

    # How it is run.

    def version(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Version:
        """The function as traced with arguments of this form."""
        forms = tuple(map(form_of, args))
        try:
            key = (forms, *((name, told_apart(x)) for name, x in sorted(kwargs.items())))
            found = self.versions.get(key)
        except TypeError:
            raise TypeError(
                "keyword arguments of a compiled function are compiled in, once for each value: "
                "they must be hashable; hand over numbers to compute with by position"
            ) from None
        if found is None or found.outdated():
            names = self.parameter_names(len(args))
            with TRACING:
                found = Version(self.f, self.name(), list(zip(names, forms)), kwargs)
            self.versions[key] = found
        self.latest = found
        return found

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

    def general(
        self, args: Sequence[Any], kwargs: Any, argnums: Argnums | None, order: int,
        reduce: str | None,
    ) -> tuple[Task, Any]:  # fmt: skip
        """Any numbers: find or make the version, and run it on floats or on arrays."""
        leaves = [as_number(x) for x in pytree.leaves(list(args))]
        version = self.version(args, kwargs)
        if order == 1 and self.order == 0:
            check_single(version.out)
        task = version.task(argnums if order else 0, order)
        if not kwargs:
            kept = {key: t for key, t in self.tasks.items() if t.version is version}
            self.tasks = {**kept, (argnums, order): task}
        types = tuple(map(type, leaves))
        if np.ndarray in types:
            return task, self.formed(task, task.on_arrays(leaves, types, reduce), args, argnums)
        try:
            numbers = iter(leaves)
            plain = [filled(form, numbers) for _, form in version.parameters]
            out = task.on_floats(*plain, *task.closed())
        except (ArithmeticError, ValueError):
            out = task.careful(leaves)
        return task, self.formed(task, out, args, argnums)

    def formed(self, task: Task, out: Any, args: Any, argnums: Argnums | None) -> Any:
        """A gradient in the very form of its argument, if that is a kind of list of its own."""
        if task.order != 1 or argnums is None or all(map(is_plain, args)):
            return out
        chosen = derivatives.selected(argnums, len(args))
        like = args[chosen] if isinstance(chosen, int) else tuple(args[i] for i in chosen)
        return out[0], pytree.rebuild(like, pytree.leaves(out[1]))


def told_apart(x: Any) -> Any:
    """A key for a keyword argument: 1, 1.0 and True are equal, and so are 0.0 and -0.0, but what
    is computed with them is not; nan is not equal to itself, but the same is computed with it.
    """
    if isinstance(x, (tuple, frozenset)):
        return type(x), type(x)(map(told_apart, x)) if type(x) in (tuple, frozenset) else x
    return type(x), repr(x) if isinstance(x, (float, np.floating)) else x


def as_node(x: Any) -> Any:
    """A result that is constant as a node, to be drawn."""
    return x if isinstance(x, Node) else Value(x).detach()


def any_node(args: Any) -> bool:
    return any(isinstance(x, Node) for x in pytree.leaves(list(args)))


def as_number(x: Any) -> Any:
    """A leaf of an argument: a float, or an array."""
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
