"""What a computation graph is made of: `Op`, a row of the table, and `Node`, a number that
remembers how it was made.

`Value` (a float) and `Tensor` (an array) are the two kinds of node. Calling an `Op` on plain
numbers just computes; calling it on nodes computes and records.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from inspect import Parameter, signature
from itertools import compress, count
from typing import Any, ClassVar, TypeAlias

from . import anomaly, arguments, pytree
from .changes import clock, copy_if_small, first_stale
from .modes import ORDINARY, Mode, current_mode, mode
from .scope import Scope
from .shapes import shape_of

Data: TypeAlias = Any  # a float, or an array of any type that speaks NumPy's protocols
Rule: TypeAlias = Callable[..., Any]  # vjp(g, out, *args, **kwargs) -> gradient for one argument
Made: TypeAlias = "tuple[tuple[Node | None, ...], tuple[Data, ...], Mapping[str, Any]]"

NO_KWARGS: Mapping[str, Any] = {}  # shared: never written to
NAMED = (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
PUBLIC_NAMES = {  # of functions that are called by NumPy's name, not the table's
    "div": "divide", "mul": "multiply", "neg": "negative", "pow": "power", "sub": "subtract",
}  # fmt: skip
NOT_MADE: Made = ((), (), NO_KWARGS)  # of leaves


class Notes:
    """Attributes that few nodes have."""

    label: str | None = None
    place: str | None = None  # what the model of a parameter called it, kept when that is gone
    retains: bool = False  # a backward pass leaves a gradient on this intermediate node
    hooks: tuple[Callable[[Any], Any], ...] = ()  # see every gradient that comes in, or change it
    origin: str | None = None  # the line of the program that computed it, under detect_anomaly()
    scope: Scope | None = None  # the innermost one that was open


class NotDifferentiableError(TypeError):
    """A gradient was asked for where no derivative is defined."""

    __module__ = "autograd"  # how tracebacks and pickle name it


class Op:
    """A differentiable primitive: its forward function and one derivative rule per argument.

    `vjps[i](g, out, *args, **kwargs)` is the gradient for `args[i]`, given `g = dL/dout`, shaped
    like `out`. Rules use only `+ - *` and other primitives and never change `g`, so that one rule
    serves floats, arrays, nodes (derivatives of derivatives) and the compiler. Positional
    arguments are operands, keyword arguments are options; `None` in place of a rule says that
    there is no derivative.

    Args:
        name: how the op is called in messages and pictures.
        forward: the function on floats and on arrays.
        vjps: one rule per argument; `per_argument(make)` where their number is open.
        broadcasts: the operands broadcast against each other. Rules are then written as if all
            shapes were equal, and the backward loop sums each gradient back.
        analytic: `forward` continues to complex arrays, so that complex steps can check it.
        elementwise: each entry of the result depends on one entry of each operand alone, those at
            its own place; so pictures can show the op's local derivatives.
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        vjps: Sequence[Rule | None] | PerArgument,
        *,
        broadcasts: bool = False,
        analytic: bool = False,
        elementwise: bool = False,
    ) -> None:
        self.name = name
        self.forward = forward
        self.vjps = vjps
        self.arity = None if isinstance(vjps, PerArgument) else len(vjps)
        self.broadcasts = broadcasts
        self.analytic = analytic
        self.elementwise = elementwise
        self.__module__ = sys._getframe(1).f_globals["__name__"]  # where pickle will look for it

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for arg in args:
            if isinstance(arg, Node):
                return record(self, args, kwargs)
        try:
            return self.forward(*args, **kwargs)
        except TypeError:
            self.check_call(args, kwargs)
            raise

    def __get__(self, node: Any, owner: type | None = None) -> Any:
        return self if node is None else partial(self, node)  # `exp = rules.exp` makes a method

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        return self.name  # pickled by reference, like a function

    def __deepcopy__(self, memo: Any) -> Op:
        return self

    def check_call(self, operands: Sequence[Any], options: Mapping[str, Any]) -> None:
        """Refuse the wrong number of operands, and options that the op does not have.

        Raises:
            TypeError: in place of what Python says of the forward function.
        """
        name = PUBLIC_NAMES.get(self.name, self.name)
        if self.arity is not None and len(operands) != self.arity:
            word = "operand" if self.arity == 1 else "operands"
            raise TypeError(f"{name} takes {self.arity} {word}, got {len(operands)}")
        rules = self.vjps if self.arity is not None else (self.vjps[0],)
        rule = next((vjp for vjp in rules if vjp), None)
        if options and rule:
            _, _, *parameters = signature(rule).parameters.values()  # after g and out
            known = {p.name for p in parameters if p.kind in NAMED}
            for option in options.keys() - known:
                raise TypeError(f"{name} has no option {option!r} here; leave it out")

    def shape_error(self, operands: Sequence[Data], error: Exception) -> ValueError:
        """NumPy's complaint about shapes, with the op and the shapes by name."""
        shapes = " and ".join(str(shape_of(x)) for x in operands)
        return ValueError(f"{self.name} of shapes {shapes}: {error}")


class PerArgument:
    """The rules of an op that takes any number of operands: `make(i)` is the i-th argument's."""

    def __init__(self, make: Callable[[int], Rule]) -> None:
        self.make = make

    def __iter__(self) -> Iterator[Rule]:
        return map(self.make, count())

    def __getitem__(self, i: int) -> Rule:
        return self.make(i)


per_argument = PerArgument


class Node:
    """A number that remembers how it was made. Use `Value` or `Tensor`.

    `op`, `args`, `saved` and `kwargs` say how: `args[i]` is the i-th operand's node, or `None` for
    a plain constant; `saved[i]` is the operand's data as the forward pass saw it. A leaf has no
    `op`. Most nodes have two operands and no `kwargs`, and keep them in slots of their own: without
    tuples, training on scalars takes 0.8 of the time and 0.65 of the memory.

    `level` says whose derivatives the node takes part in: 0 is a constant, 1 an ordinary node, and
    each differentiation of the functional API draws a higher number for its variables. A node is
    never below its operands, so what lies below a variable cannot depend on it.
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_left",
        "_made",
        "_right",
        "_x",
        "_y",
        "grad",
        "level",
        "notes",
        "op",
    )

    _data: Data
    grad: Data | None
    op: Op | None
    _made: Made | None  # args, saved, kwargs; None: two operands, _left and _right, _x and _y
    _left: Node | None
    _right: Node | None
    _x: Data
    _y: Data
    level: int
    notes: Notes | None
    made_at: int  # of what was computed of arrays: the time by the clock of changes

    scalar: ClassVar[type[Node]]  # Value and Tensor put themselves here
    array: ClassVar[type[Node]]
    kind: ClassVar[type[Node]]  # what an operation on this class makes

    @staticmethod
    @abstractmethod
    def constant(x: Any) -> Data:
        """`x` as a plain operand beside nodes of this kind; an error if it can't be one."""

    @abstractmethod
    def fit(self, part: Data, op: Op) -> Data:
        """A gradient contributed by `op`, in this node's own shape and dtype."""

    @abstractmethod  # mutants 1: overridden
    def stale(self, op: Op, graph: bool = False) -> None:
        """Called when the data has changed since `op` saw it, before its rules run."""

    @abstractmethod
    def seed(self, seed: Any) -> Data:
        """What `backward(seed)` starts from: checked, and 1 if it was left out."""

    @abstractmethod
    def accumulate(self, g: Data, taken: set[int]) -> None:
        """Add `g` to `.grad`, sharing no memory with what is `taken` (arrays, by `id`)."""

    @abstractmethod
    def detach(self) -> Node:
        """The same data as a constant: no gradient flows through it."""

    @property
    def args(self) -> tuple[Node | None, ...]:
        """The operands' nodes; `None` for a plain constant."""
        return (self._left, self._right) if self._made is None else self._made[0]

    @property
    def saved(self) -> tuple[Data, ...]:
        """The operands' data, as the forward pass saw it."""
        return (self._x, self._y) if self._made is None else self._made[1]

    @property
    def kwargs(self) -> Mapping[str, Any]:
        """The options of the op."""
        return NO_KWARGS if self._made is None else self._made[2]

    def operands(self) -> tuple[Any, ...]:
        """What the op was applied to: nodes, and constants as they are."""
        if self._made is None:
            left, right = self._left, self._right
            return self._x if left is None else left, self._y if right is None else right
        args, saved, _ = self._made
        return tuple([x if arg is None else arg for arg, x in zip(args, saved)])

    def check_operands(self) -> None:
        """Refuse operands whose memory was changed since the op used them.

        Raises:
            ValueError: naming the op and the operand.
        """
        i = stale_operand(self)
        if i is not None:
            assert self.op is not None
            arg, x = self.args[i] if i < len(self.args) else None, arrays_of(self)[i]
            what = arg.describe() if arg is not None else f"an array of shape {x.shape}"
            raise changed_in_place(what, self.op)

    def position(self, arg: Node) -> int:
        """Which of the operands `arg` is, the first if it is several."""
        return [x is arg for x in self.args].index(True)

    @property
    def label(self) -> str | None:
        """The name shown in messages and pictures."""
        return self.notes.label if self.notes else None

    @label.setter
    def label(self, label: str | None) -> None:
        self.note().label = None if label is None else arguments.instance_of("label", label, str)

    @property
    def leaves_grad(self) -> bool:
        """Whether a backward pass leaves a gradient on this node."""
        return (
            self.op is None
            or self.kind is Node.scalar
            or (self.notes is not None and self.notes.retains)
        )

    def note(self) -> Notes:
        """This node's notes, begun if there are none."""
        if self.notes is None:
            self.notes = Notes()
        return self.notes

    def describe(self) -> str:
        """The node in an error message: its class, its label, its shape."""
        label = f" {self.label!r}" if self.label else ""
        shape = f" of shape {shape_of(self._data)}" if self.kind is Node.array else ""
        return f"{type(self).__name__}{label}{shape}"


def arrays_of(node: Node) -> list[Any]:
    """The data of the operands, and the numbers and arrays among the options."""
    return [*node.saved, *pytree.leaves(list(node.kwargs.values()))]


def stale_operand(node: Node) -> int | None:
    """Return which of `arrays_of(node)` was changed since the op used it, or None."""
    if node.kind is not Node.array or node.op is None:
        return None
    return first_stale(arrays_of(node), node.made_at)


def changed_in_place(what: str, op: Op) -> ValueError:
    return ValueError(
        f"{what} was changed in place after {op.name} had used it; "
        "call backward() before updating it, or compute the result again"
    )


def data_of(x: Any) -> Data:
    """The plain numbers of `x`, node or not."""
    return x._data if isinstance(x, Node) else x


def make(
    kind: type[Node],
    data: Data,
    level: int,
    op: Op | None = None,
    args: Sequence[Node | None] = (),
    saved: Sequence[Data] = (),
    kwargs: Mapping[str, Any] = NO_KWARGS,
) -> Node:
    """A node without the checks of its constructor."""
    node: Node = object.__new__(kind)
    node._data, node.level, node.op = data, level, op
    if kind is Node.array:
        node.made_at = clock.now  # type: ignore[misc]  # a slot of Tensor
    if len(args) == 2 and not kwargs:
        node._made = None
        (node._left, node._right), (node._x, node._y) = args, saved
    else:
        node._made = tuple(args), tuple(saved), kwargs
    node.grad = node.notes = None
    return node


def record(op: Op, operands: Sequence[Any], kwargs: Mapping[str, Any]) -> Node:
    """Apply `op` to operands of which one at least is a node: a node that remembers it."""
    if op.arity is not None and op.arity != len(operands):
        op.check_call(operands, kwargs)
    doing = mode.get()
    if doing is not ORDINARY:
        doing = current_mode()
        if doing.tracer is not None:
            return doing.tracer.record(op, operands, kwargs)
    kind, level, args, saved = taken_apart(op, operands)
    try:
        # mutants 1: only faster
        data = op.forward(*saved, **kwargs) if kwargs else op.forward(*saved)
    except TypeError:
        op.check_call(operands, kwargs)
        raise
    except ValueError as error:
        if type(error) is not ValueError:  # NumPy's AxisError and LinAlgError speak for themselves
            raise
        raise op.shape_error(saved, error) from None
    if kind is Node.scalar and isinstance(data, float):
        data = float(data)  # NumPy's float64 is a float too
    else:  # an array's only item is a float, and scalars stacked are an array
        kind = Node.scalar if type(data) is float else Node.array
    if doing.anomaly:
        anomaly.check_result(op, args, saved, data)
    if not level or not doing.recording:
        return make(kind, data, 0)
    node = make(kind, data, level, op, args, saved, kwargs or NO_KWARGS)  # mutants 1: only memory
    return node if doing is ORDINARY else noted(node, doing)  # mutants 1: only faster


def noted(node: Node, doing: Mode) -> Node:
    """`node`, noted down where the mode asks for it."""
    if doing.tape is not None:
        doing.tape.append(node)
    if doing.anomaly:
        node.note().origin = anomaly.user_line()
    if doing.scope is not None:
        node.note().scope = doing.scope
    return node


def has_axes(x: Any) -> bool:
    """Whether `x` is an array of one or more dimensions."""
    return bool(getattr(x, "ndim", 0))


def taken_apart(
    op: Op, operands: Sequence[Any]
) -> tuple[type[Node], int, list[Node | None], list[Data]]:
    """The kind of node that the operands call for, its level, and their nodes and data."""
    kind, level, constants = Node.scalar, 0, False  # mutants 1: only faster
    args: list[Node | None] = []
    saved: list[Data] = []
    for x in operands:
        if isinstance(x, Node):
            args.append(x)
            saved.append(x._data)
            if x.level > level:  # mutants 1: sets it to the same
                level = x.level
            if x.kind is not kind:
                kind = Node.array
        else:
            constants = True
            args.append(None)
            saved.append(x)
    if constants:  # what has no rule, such as a condition, is no number to be checked
        checked = [arg is None and bool(rule) for arg, rule in zip(args, op.vjps)]
        # mutants 1: only faster
        if kind is Node.scalar and any(map(has_axes, compress(saved, checked))):
            kind = Node.array  # a Value counts as an array without axes, with a weak dtype
        saved = [
            kind.constant(x) if check else copy_if_small(x) if arg is None else x
            for x, arg, check in zip(saved, args, checked)
        ]
    return kind, level, args, saved
