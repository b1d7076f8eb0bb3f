"""`compile`: a scalar function that is read once, and then runs as straight-line source."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, update_wrapper
from threading import RLock
from typing import Any, NamedTuple

import numpy as np

from autograd import functional, numerics, tree
from autograd.functional import Argnums
from autograd.node import Node
from autograd.value import Value

from .blocks import Blocks, Piece
from .latex import to_latex
from .program import Program
from .roll import COLUMN, NUMBER, Roll
from .trace import Trace
from .write import NUMBER as ONE
from .write import Form, Source, Writer, flattener, part_name

LONG = 4096  # entries from which on it costs more to copy a column than to call NumPy
REDUCTIONS = (None, "mean", "sum")

TRACING = RLock()  # two threads must not write one trace

other = object()  # what a compiled function returns if it was handed something else than floats


class Graph(NamedTuple):
    """A compiled function's operations as recorded nodes, to be drawn."""

    value: Any
    gradients: list[Any]  # by each number of the arguments
    inputs: list[Value]


def form_of(x: Any) -> Form:
    """How an argument is nested."""
    if not tree.is_branch(x):
        return ONE
    if isinstance(x, dict):
        for key in x:
            if type(key) is not str and type(key) is not int:
                raise TypeError(
                    f"compile() takes dicts of numbers with keys that are str or int, not {key!r}"
                )
        return Form(dict, tuple(map(form_of, x.values())), tuple(x))
    return Form(tuple if isinstance(x, tuple) else list, tuple(map(form_of, x)))


def filled(form: Form, numbers: Any) -> Any:
    """The next numbers in this form."""
    if form.kind is None:
        return next(numbers)
    parts = [filled(part, numbers) for part in form.parts]
    return dict(zip(form.keys, parts)) if form.kind is dict else form.kind(parts)


def replaced(form: Form, inner: Form) -> Form:
    """The form of a derivative: in place of each number, one for each variable."""
    if form.kind is None:
        return inner
    return Form(form.kind, tuple(replaced(part, inner) for part in form.parts), form.keys)


def groups_of(forms: Sequence[Form]) -> list[list[int]]:
    """The positions of numbers that are together in a list."""
    groups: list[list[int]] = []
    position = 0
    stack = list(reversed(forms))
    while stack:
        form = stack.pop()
        if form.kind is None:
            position += 1
        elif all(part.kind is None for part in form.parts):
            groups.append(list(range(position, position + len(form.parts))))
            position += len(form.parts)
        else:
            stack += reversed(form.parts)
    return groups


class Task:
    """One thing to be computed: a function's value, or its value and derivatives, as a program.

    Args:
        version: the function as it was traced.
        wanted: the inputs to differentiate by, by position, or None.
        form: how they are nested.
        order: how many times to differentiate.
    """

    def __init__(self, version: Version, wanted: Sequence[int], form: Form, order: int) -> None:
        trace = version.trace
        self.version = version
        inputs = [*trace.inputs, *(x for _, x in trace.closed_over.values())]
        variables = [inputs[k] for k in wanted]
        outputs = list(tree.leaves(version.out))
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
        each = iter(numbers)
        results = [filled(form, each) for form in self.forms]
        return results[0] if self.order == 0 else tuple(results)

    def on_arrays(self, leaves: Sequence[Any], types: tuple[type, ...], reduce: str | None) -> Any:
        """The results on floats and arrays, nested."""
        arrays = [x for x in leaves if type(x) is np.ndarray]
        shape, dtype = arrays[0].shape, arrays[0].dtype
        n = shape[0] if len(shape) == 1 and dtype.kind == "f" else -1
        for x in arrays:
            if x.shape != shape or x.dtype is not dtype:
                n = -1
        columns = leaves
        if n < 0:
            if any(x.ndim == 0 for x in arrays):
                return other  # it is a number
            shape, dtype = common_shape(arrays), common_dtype(arrays)
            n = math.prod(shape)
            columns = [column(x, shape, dtype) if type(x) is np.ndarray else x for x in leaves]
        if self.order:
            refuse_integers(leaves, self.wanted)
        key = (types, reduce, dtype, n >= LONG)
        blocks = self.rolled.get(key)
        if blocks is None:
            blocks = self.rolled[key] = self.roll(leaves, reduce, dtype, n >= LONG)
        if self.values:
            columns = [*columns, *self.closed()]
        if self.order == 0:
            made = blocks.run(columns, n)
        else:
            with np.errstate(all="ignore"):
                made = blocks.run(columns, n)
        return self.nested(self.collected(blocks.pieces, made, leaves, shape, dtype, reduce))

    def roll(self, leaves: Sequence[Any], reduce: str | None, dtype: Any, long: bool) -> Blocks:
        """The program for these kinds of inputs, on whole columns."""
        kinds = [COLUMN if type(x) is np.ndarray else NUMBER for x in leaves]
        kinds += [NUMBER] * len(self.values)
        totals = [False] * len(self.program.outputs)
        if reduce:
            totals = [True] + [kinds[k] == NUMBER for k in self.wanted] * (self.order > 0)
        groups = groups_of([form for _, form in self.version.parameters])
        return Blocks(Roll(self.program, kinds, groups, totals, reduce == "mean"), dtype, long)

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
        self, x: Any, piece: Piece, position: int, leaves: Sequence[Any], shape: Any,
        dtype: Any,
        reduce: str | None,
    ) -> Any:  # fmt: skip
        x = np.array(x) if piece.taken else x
        x = x.reshape(shape)
        if x.dtype not in (dtype, bool):
            x = x.astype(dtype)
        if reduce:
            leaf = leaves[self.wanted[position - 1]]
            if leaf.shape != shape:
                x = numerics.sum_to(x, shape=leaf.shape)
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


class Version:
    """A function as it was traced with arguments of certain forms, and what was made of that."""

    def __init__(
        self, f: Callable[..., Any], name: str, parameters: list[tuple[str, Form]], kwargs: Any
    ) -> None:
        self.name, self.parameters = name, parameters
        labels = [label for name, form in parameters for label in labels_of(name, form)]
        self.trace = Trace(labels)
        numbers = iter(self.trace.inputs)
        args = [filled(form, numbers) for _, form in parameters]
        self.out = self.trace.run(f, args, kwargs)
        self.flat = flattener(parameters, other)
        closed_over = self.trace.closed_over.values()
        self.values = [x for x, _ in closed_over]
        self.levels = [symbol.level for _, symbol in closed_over]
        self.weights = [x for x, symbol in closed_over if symbol.level]
        self.weight_positions = [
            k for k, (_, symbol) in enumerate(closed_over, len(labels)) if symbol.level
        ]
        self.tasks: dict[Any, Task] = {}

    def outdated(self) -> bool:
        """Whether some weight was frozen, or is no longer, since the function was traced."""
        return [x.level for x in self.values] != self.levels

    def task(self, argnums: Argnums | None, order: int) -> Task:
        """The value and the derivatives by these arguments, or by weights, up to an order."""
        key = (argnums, order)
        with TRACING:
            if key not in self.tasks:
                positions, form = self.variables(argnums) if order else ([], ONE)
                self.tasks[key] = Task(self, positions, form, order)
            return self.tasks[key]

    def variables(self, argnums: Argnums | None) -> tuple[list[int], Form]:
        """Which inputs these arguments are, or the weights for None, and how they are nested."""
        if argnums is None:
            return self.weight_positions, Form(list, (ONE,) * len(self.weights))
        chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        count = len(self.parameters)
        forms = [form for _, form in self.parameters]
        starts = [0]
        for form in forms:
            starts.append(starts[-1] + form.size())
        positions: list[int] = []
        for i in chosen:
            if not -count <= i < count:
                raise ValueError(
                    f"argnums names argument {i}, but the function got {count} arguments"
                )
            positions += range(starts[i % count], starts[i % count] + forms[i].size())
        if isinstance(argnums, int):
            return positions, forms[argnums]
        return positions, Form(tuple, tuple(forms[i] for i in chosen))


def labels_of(name: str, form: Form) -> list[str]:
    """The name of each number of an argument."""
    if form.kind is None:
        return [name]
    keys: Sequence[Any] = form.keys or range(1, len(form.parts) + 1)
    return [
        label
        for key, part in zip(keys, form.parts)
        for label in labels_of(part_name(name, key), part)
    ]


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
        if not kwargs:
            out = self.again(args, argnums, 1, reduce)
            if out is not None:
                return out[1]
        if any_node(args):
            return functional.value_and_grad(self.f, argnums)(*args, **kwargs)
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
        if order < 1:
            raise ValueError(f"derivatives() are of order 1 or more, not {order}")
        return Compiled(self.f, order, argnums)

    # What was written.

    @property
    def source(self) -> str:
        """Python source of the value and the gradient by all arguments, as it was last called.

        It needs `math` and nothing else. `numpy_source` is the same function for arrays.
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
        if version.out is None or tree.is_branch(version.out):
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
        task = version.task(argnums, 1)
        labels = [task.program.lines[i].label for i in task.program.inputs]
        numbers = [*map(as_number, tree.leaves(list(args))), *task.closed()]
        inputs = [Value(x, label) for x, label in zip(numbers, labels)]
        value, *gradients = map(as_node, task.program.run(inputs, labelled=True))
        return Graph(value, gradients, inputs)

    def _graph_(self, *args: Any) -> tuple[list[Any], list[Any]]:  # for draw(f, *args)
        value, gradients, _ = self.graph(*args)
        return tree.leaves(value), gradients

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
        leaves = [as_number(x) for x in tree.leaves(list(args))]
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
        like = args[argnums] if isinstance(argnums, int) else tuple(args[i] for i in argnums)
        return out[0], tree.rebuild(like, tree.leaves(out[1]))


PLAIN = {float, np.ndarray}
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def is_plain(x: Any) -> bool:
    """Whether an argument is nested in nothing but lists, tuples and dicts themselves."""
    if not tree.is_branch(x):
        return True
    return type(x) in (list, tuple, dict) and all(
        map(is_plain, x.values() if isinstance(x, dict) else x)
    )


def told_apart(x: Any) -> Any:
    """A key for a keyword argument: 1, 1.0 and True are equal, and so are 0.0 and -0.0, but what
    is computed with them is not.
    """
    if isinstance(x, (tuple, frozenset)):
        return type(x), type(x)(map(told_apart, x)) if type(x) in (tuple, frozenset) else x
    return type(x), x, x.hex() if isinstance(x, float) else None


def as_node(x: Any) -> Any:
    """A result that is constant as a node, to be drawn."""
    return x if isinstance(x, Node) else Value(x).detach()


def any_node(args: Any) -> bool:
    return any(isinstance(x, Node) for x in tree.leaves(list(args)))


def as_number(x: Any) -> Any:
    """A leaf of an argument: a float, or an array."""
    if type(x) is float or (type(x) is np.ndarray and x.ndim):
        return x
    if isinstance(x, np.ndarray) and x.ndim:
        return np.asarray(x)
    if isinstance(x, Node):
        return x._data
    try:
        return Value.constant(x)
    except TypeError:
        raise TypeError(
            f"a compiled function takes numbers and arrays by position, in lists, tuples and "
            f"dicts, but got {type(x).__name__} {x!r}; hand over options by keyword"
        ) from None


def check_single(out: Any) -> None:
    if tree.is_branch(out):
        raise ValueError(
            f"this needs a function that returns one number, but it returns a "
            f"{type(out).__name__}; derivatives(1) has those of several"
        )


def refuse_integers(leaves: Sequence[Any], wanted: Sequence[int]) -> None:
    for k in wanted:
        if k < len(leaves) and type(leaves[k]) is np.ndarray and leaves[k].dtype.kind != "f":
            raise TypeError(
                f"only floating-point numbers have gradients, but got an array of "
                f"{leaves[k].dtype}; convert it: x.astype(float)"
            )
