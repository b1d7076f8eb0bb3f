"""The operators and methods that `Value` and `Tensor` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .core import arguments, pickling, rules
from .core.array_libraries import as_operand, is_operand
from .core.backward import backward
from .core.modes import ORDINARY, current_mode, mode
from .core.node import Binary, Node, binary
from .core.op import Op
from .numpy_api import functions, joining, protocols


def compare(op: Op) -> Binary:
    """Return the method for a comparison of data: its result is a bool, or an array of them.

    While a function is traced there is no data: then it is an operation, without derivatives.
    """

    def method(self: Node, other: Any) -> Any:
        if not is_operand(other):
            return NotImplemented
        if mode.get() is not ORDINARY and current_mode().tracer is not None:
            return op(self, other)
        return op.forward(self._data, other._data if isinstance(other, Node) else as_operand(other))

    return method


class Operators(Node):
    """Arithmetic, comparisons and elementary functions of floats and arrays."""

    __slots__ = ()

    __add__, __radd__ = binary(rules.add), binary(rules.add, reflected=True)
    __sub__, __rsub__ = binary(rules.sub), binary(rules.sub, reflected=True)
    __mul__, __rmul__ = binary(rules.mul), binary(rules.mul, reflected=True)
    __truediv__, __rtruediv__ = binary(rules.div), binary(rules.div, reflected=True)
    __pow__, __rpow__ = binary(rules.pow), binary(rules.pow, reflected=True)

    __mod__, __rmod__ = binary(rules.mod), binary(rules.mod, reflected=True)
    __floordiv__ = binary(rules.floor_divide)
    __rfloordiv__ = binary(rules.floor_divide, reflected=True)
    __neg__, __abs__ = rules.neg, rules.abs
    __floor__, __ceil__, __trunc__ = rules.floor, rules.ceil, rules.trunc

    def __pos__(self) -> Any:
        return self

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __round__(self, ndigits: int | None = None) -> Any:
        return functions.round(self, 0 if ndigits is None else ndigits)

    # Comparisons compare data and give plain booleans; hashing is by identity.

    __eq__ = compare(rules.equal)
    __ne__ = compare(rules.not_equal)
    __lt__ = compare(rules.less)
    __le__ = compare(rules.less_equal)
    __gt__ = compare(rules.greater)
    __ge__ = compare(rules.greater_equal)
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        if current_mode().tracer is not None:  # the function closes over this number
            return bool(self != 0.0)
        return bool(self._data)

    exp, log, sqrt, sin, cos, tan = (
        rules.exp, rules.log, rules.sqrt, rules.sin, rules.cos, rules.tan,
    )  # fmt: skip
    tanh, sigmoid, relu, abs, sign = (
        rules.tanh, rules.sigmoid, rules.relu, rules.abs, rules.sign,
    )  # fmt: skip
    square, clip, round = functions.square, functions.clip, functions.round

    def _check_leaf(self, what: str) -> None:
        if self.op is not None:
            raise ValueError(
                f"{self.describe()} was computed by {self.op.name}; only leaves can {what}"
            )

    def _before_write(self) -> None:
        """Called before a leaf's data changes: `checkpoint` undoes the writes of its second run."""
        if mode.get() is not ORDINARY and (tape := current_mode().tape) is not None:
            tape.before_write(self)

    @property
    def requires_grad(self) -> bool:
        """Whether this number, or a number it was computed from, is differentiated."""
        return self.level > 0

    __copy__ = pickling.copy_node
    __deepcopy__ = pickling.deepcopy_node
    __reduce__ = pickling.reduce_node

    def item(self) -> float:
        """Return the number as a plain `float`, outside the graph; a tensor must have one entry."""
        data = self._data  # Dask's have no item()
        return float(data.item() if hasattr(data, "item") else np.reshape(data, ()))

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Set whether to differentiate with respect to this leaf, in place; return it.

        Raises:
            ValueError: it was computed; only leaves have this choice.
            TypeError: it holds integers.
        """
        self._check_leaf("choose whether they require a gradient. Use detach() for a constant")
        requires_grad = arguments.flag("requires_grad", requires_grad)
        if requires_grad and self.kind is Node.array and self._data.dtype.kind != "f":
            raise TypeError(f"only floating-point numbers have gradients, not {self._data.dtype}")
        self.level = int(requires_grad)
        return self

    def retain_grad(self) -> None:
        """Keep `.grad` after a backward pass although this is not a leaf. A `Value` always does."""
        self.note().retains = True

    def register_hook(self, hook: Callable[[Any], Any]) -> Callable[[], None]:
        """Call `hook(g)` with this number's gradient in every backward pass.

        The gradient is complete then. It is plain data, or a node where the pass itself is
        differentiated. If the hook returns something other than `None`, this replaces the
        gradient. It must not change `g` in place.

        Returns: a function that removes the hook.

        Raises:
            TypeError: `hook` is not a function.
        """
        if (tape := current_mode().tape) is not None:
            tape.before_hook(self)
        arguments.function("hook", hook)
        notes = self.note()
        notes.hooks = (*notes.hooks, hook)

        def remove() -> None:
            notes.hooks = tuple(h for h in notes.hooks if h is not hook)

        return remove

    def leaves_graph(self, use: str) -> TypeError:
        """Return the error for a use that would silently drop this node's gradient."""
        return TypeError(
            f"{use} would drop the gradient of {self.describe()}; "
            "use .item(), .numpy() or .detach() to leave the graph on purpose, "
            "or autograd's own functions to stay in it: stack, in place of np.array; concatenate, "
            "of np.r_; column_stack, of np.c_; full, of np.full; exp, where, ..."
        )

    def __float__(self) -> float:
        if self.level:
            raise self.leaves_graph("float()")
        return self.item()

    def __int__(self) -> int:
        if self.level:
            raise self.leaves_graph("int()")
        return int(self.item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.level:
            raise self.leaves_graph("converting to a NumPy array")
        return np.array(self._data, dtype=dtype, copy=copy)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Show it in notebooks with the graph it was computed by, if that is small."""
        from .draw.drawing import at_a_glance  # only notebooks need it

        return at_a_glance(self)

    __pandas_priority__ = 5000  # above a DataFrame's: `series * node` calls our method

    @property
    def _mask(self) -> Any:
        """Read by masked arrays before they compute, which would drop the gradient."""
        raise TypeError(
            "MaskedArray has arithmetic of its own, which tensors do not follow; "
            "use x.filled(value) for its numbers"
        )

    _stack = staticmethod(joining.stack)
    __array_ufunc__ = protocols.array_ufunc
    __array_function__ = protocols.array_function

    backward = backward
