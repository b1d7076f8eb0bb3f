"""The computation graph: `Node`, a number that remembers how it was made, and how it is recorded.

`Value` (a float) and `Tensor` (an array) are the two kinds of node. Calling an `Op` on plain
numbers just computes; calling it on nodes computes and records.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from typing import Any, ClassVar, TypeAlias

from . import anomaly, arguments, pytree
from .array_libraries import is_operand
from .changes import changed_in_place, clock, copy_if_small, first_stale
from .modes import ORDINARY, Mode, current_mode, mode
from .op import Data, Op, Recorder, stack_nodes
from .scope import Scope
from .shapes import shape_of

Made: TypeAlias = "tuple[tuple[Node | None, ...], tuple[Data, ...], Mapping[str, Any]]"
Binary: TypeAlias = Callable[[Any, Any], Any]

NO_KWARGS: Mapping[str, Any] = {}  # shared: never written to
LEAF: Made = ((), (), NO_KWARGS)  # shared by all leaves


class Notes:
    """Attributes that few nodes have."""

    label: str | None = None
    place: str | None = None  # a parameter's name in its model, kept when the model is gone
    retains: bool = False  # a backward pass leaves a gradient on this intermediate node
    hooks: tuple[Callable[[Any], Any], ...] = ()  # see, or change, every gradient that comes in
    origin: str | None = None  # the line of the program that computed it, under detect_anomaly()
    scope: Scope | None = None  # the innermost one that was open


class Node(Recorder):
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
        *("__weakref__", "_data", "_left", "_made", "_right", "_x", "_y"),
        *("grad", "level", "notes", "op"),
    )

    grad: Data | None
    op: Op | None
    _made: Made | None  # args, saved, kwargs; None: two operands, _left and _right, _x and _y
    _left: Node | None
    _right: Node | None
    _x: Data
    _y: Data
    level: int
    notes: Notes | None
    made_at: int  # on tensors that were computed: the time by the clock of changes

    scalar: ClassVar[type[Node]]  # set by Value and Tensor
    array: ClassVar[type[Node]]
    kind: ClassVar[type[Node]]  # the class of results of operations on this class

    @staticmethod
    @abstractmethod
    def constant(x: Any) -> Data:
        """Return `x` as a plain operand beside nodes of this kind, or raise if it can't be one."""

    @abstractmethod
    def fit(self, part: Data, op: Op) -> Data:
        """Return a gradient contributed by `op` in this node's own shape and dtype."""

    @abstractmethod  # mutants 1: overridden
    def stale(self, op: Op, graph: bool = False) -> None:
        """Called before the rules of `op` run, if the data has changed since `op` saw it."""

    @abstractmethod
    def seed(self, seed: Any) -> Data:
        """Return the gradient that `backward(seed)` starts from: checked, and 1 by default."""

    @abstractmethod
    def accumulate(self, g: Data, taken: set[int]) -> None:
        """Add `g` to `.grad`, sharing no memory with arrays that are `taken` (by `id`)."""

    @abstractmethod
    def detach(self) -> Node:
        """Return the same data as a constant: no gradient flows through it."""

    def _begin(self, data: Data, level: int, label: str | None) -> None:
        """Initialize a leaf."""
        self._data, self.level = data, level
        self.op, self._made = None, LEAF
        self.grad = self.notes = None
        if label is not None:
            self.label = label

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

    @property
    def operands(self) -> tuple[Any, ...]:
        """The operands: nodes, and constants as they are. A leaf has none."""
        if self._made is None:
            left, right = self._left, self._right
            return self._x if left is None else left, self._y if right is None else right
        return tuple([x if arg is None else arg for arg, x in zip(self.args, self.saved)])

    def check_operands(self) -> None:
        """Refuse operands whose memory was changed since the op used them.

        Raises:
            ValueError: naming the op and the operand.
        """
        i = self._stale_operand()
        if i is not None:
            assert self.op is not None
            arg, x = self.args[i] if i < len(self.args) else None, self._arrays()[i]
            what = arg.describe() if arg is not None else f"an array of shape {x.shape}"
            raise changed_in_place(what, self.op.name)

    def _arrays(self) -> list[Any]:
        """Return the data of the operands, and the numbers and arrays among the options."""
        return [*self.saved, *pytree.leaves(list(self.kwargs.values()))]

    def _stale_operand(self) -> int | None:
        """Return which of `_arrays()` was changed since the op used it, or None."""
        if self.kind is not Node.array or self.op is None:
            return None
        return first_stale(self._arrays(), self.made_at)

    @property
    def label(self) -> str | None:
        """The name shown in messages and pictures."""
        return self.notes.label if self.notes else None

    @label.setter
    def label(self, label: str | None) -> None:
        self.note().label = None if label is None else arguments.instance_of("label", label, str)

    def note(self) -> Notes:
        """Return this node's notes, created if there are none."""
        if self.notes is None:
            self.notes = Notes()
        return self.notes

    def describe(self) -> str:
        """Return the node as error messages name it: its class, its label, its shape."""
        label = f" {self.label!r}" if self.label else ""
        shape = f" of shape {shape_of(self._data)}" if self.kind is Node.array else ""
        return f"{type(self).__name__}{label}{shape}"

    @staticmethod
    def _record(op: Op, operands: Sequence[Any], kwargs: Mapping[str, Any]) -> Node:
        """Apply `op` to operands of which at least one is a node; return a node."""
        if op.arity != len(operands) and op.arity is not None:
            op.check_call(operands, kwargs)
        now = mode.get()
        if now is not ORDINARY:
            now = current_mode()
            if now.tracer is not None:
                return now.tracer.record(op, operands, kwargs)
        kind, level, args, saved = unpack_operands(op, operands)
        try:
            # mutants 1: only faster
            data = op.forward(*saved, **kwargs) if kwargs else op.forward(*saved)
        except (TypeError, ValueError) as error:
            op.explain_error(error, operands, saved, kwargs)
            raise
        if kind is Node.scalar and isinstance(data, float):
            data = float(data)  # NumPy's float64 is a float too
        else:  # an array's only item is a float, and scalars stacked are an array
            kind = Node.scalar if type(data) is float else Node.array
        if now.anomaly:
            anomaly.check_result(op, args, saved, data)
        if not level or not now.recording:
            return make(kind, data, 0)
        # mutants 1: only memory
        return make(kind, data, level, op, args, saved, kwargs or NO_KWARGS, now)


def make(
    kind: type[Node],
    data: Data,
    level: int,
    op: Op | None = None,
    args: Sequence[Node | None] = (),
    saved: Sequence[Data] = (),
    kwargs: Mapping[str, Any] = NO_KWARGS,
    now: Mode = ORDINARY,
) -> Node:
    """Return a node without the checks of its constructor, noted where the mode asks for it."""
    node: Node = object.__new__(kind)
    node._data, node.level, node.op = data, level, op
    if kind is Node.array:
        node.made_at = clock.now  # a slot of Tensor
    if len(args) == 2 and not kwargs:
        node._made = None
        (node._left, node._right), (node._x, node._y) = args, saved
    else:
        node._made = tuple(args), tuple(saved), kwargs
    node.grad = node.notes = None
    if now is not ORDINARY:
        if now.tape is not None:
            now.tape.append(node)
        if now.anomaly:
            node.note().origin = anomaly.user_line()
        if now.scope is not None:
            node.note().scope = now.scope
    return node


def unpack_operands(
    op: Op, operands: Sequence[Any]
) -> tuple[type[Node], int, list[Node | None], list[Data]]:
    """Return the kind of node that the operands call for, its level, and their nodes and data."""
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
            if type(x) in (list, tuple) and stack_nodes(x) is not x:
                return unpack_operands(op, [stack_nodes(x) for x in operands])
            constants = True
            args.append(None)
            saved.append(x)
    if constants:  # operands without a rule, such as conditions, need not be numbers
        checked = [arg is None and bool(rule) for arg, rule in zip(args, op.vjps)]
        # mutants 1: only faster
        if kind is Node.scalar and any(getattr(x, "ndim", 0) for x in compress(saved, checked)):
            kind = Node.array  # a Value counts as an array without axes, with a weak dtype
        saved = [
            kind.constant(x) if check else copy_if_small(x) if arg is None else x
            for x, arg, check in zip(saved, args, checked)
        ]
    return kind, level, args, saved


def binary(op: Op, reflected: bool = False) -> Binary:  # mutants 1: runs at import
    """Return the method for `self op other`, or for `other op self` if it is reflected.

    It does what `Op.__call__` does, written out for two nodes of one class and for a node and a
    constant: scalar graphs are built twice as fast.
    """
    forward, new, current, time = op.forward, object.__new__, mode.get, clock

    def method(self: Node, other: Any) -> Any:
        level = self.level
        right: Node | None = None
        if type(other) is float:
            y = other
        elif type(other) is type(self):
            y, right = other._data, other
            if other.level > level:  # mutants 1: sets it to the same
                level = other.level
        elif isinstance(other, Node):
            return op(other, self) if reflected else op(self, other)
        elif type(other) is int or is_operand(other):  # mutants 1: only faster
            # mutants 4: only faster
            if getattr(other, "ndim", 0) and self.kind is not Node.array:  # gives a tensor
                return op(other, self) if reflected else op(self, other)
            y = self.constant(other)
        else:
            return NotImplemented
        if not level or current() is not ORDINARY:
            return op(other, self) if reflected else op(self, other)
        x = self._data
        left: Node | None = self
        if reflected:
            x, y, left, right = y, x, right, self
        try:
            data = forward(x, y)
        except ValueError as error:
            raise op.shape_error((x, y), error) from None
        out: Node = new(self.kind)
        if type(data) is not float:
            out.made_at = time.now  # a slot of Tensor
        out._data = data  # one by one: to pack and unpack a tuple takes a tenth more
        out.level = level
        out.op = op
        out._made = None
        out._left = left
        out._right = right
        out._x = x
        out._y = y
        out.grad = out.notes = None
        return out

    return method
