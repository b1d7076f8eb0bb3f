"""`Value`, a float in a computation graph."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from .core import array_rules, rules
from .core.modes import ORDINARY, current_mode, mode
from .core.node import Node
from .core.op import Data, Op
from .node_methods import Operators


def as_float(x: Any) -> float:
    """Return a real number of any type as a `float`.

    Raises:
        TypeError: `x` is not a real number (text, None, complex, a list, another node), or is an
            array of one or more dimensions.
    """
    if type(x) is float:
        return x
    if type(x) is int:
        return float(x)
    if isinstance(x, (Real, np.number, np.bool_)) and not isinstance(x, np.complexfloating):
        return float(x)
    if isinstance(x, np.ndarray) and x.dtype.kind in "fiub":
        if x.ndim == 0:
            return float(x)
        raise TypeError(
            f"a Value is one number, but got an array of shape {x.shape}; "
            "wrap the array: Tensor(array)"
        )
    hint = "; use v.detach() or v.item() to start from its number" if isinstance(x, Node) else ""
    raise TypeError(f"a Value is one real number, but got {type(x).__name__} {x!r}{hint}")


class Value(Operators):
    """A float that remembers how it was computed.

    Every `Value` is differentiated; plain Python and NumPy numbers beside it are constants. Beside
    an array of one or more dimensions, or a `Tensor`, it gives a `Tensor`, in the array's dtype.

    >>> a, b = Value(-4.0, label="a"), Value(2.0, label="b")
    >>> c = a * b + b**3
    >>> c.backward()
    >>> c.data, a.grad, b.grad
    (0.0, 2.0, 8.0)

    Args:
        data: any real number.
        label: a name for messages and pictures.

    Raises:
        TypeError: `data` is not a real number.
    """

    __slots__ = ()
    shape: tuple[()] = ()
    ndim = 0

    _data: float
    grad: float | None

    def __init__(self, data: Any, label: str | None = None) -> None:
        self._begin(data if type(data) is float else as_float(data), 1, label)

    @property
    def data(self) -> float:
        """The number. Only a leaf can be assigned another: `w.data -= lr * w.grad`."""
        if mode.get() is not ORDINARY and (tracer := current_mode().tracer) is not None:
            return tracer.captured(self).data  # which refuses
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        self._check_leaf("be given new data. Change its inputs and compute it again")
        number = as_float(data)
        self._before_write()
        self._data = number

    def item(self) -> float:
        """Return the number as a plain `float`, outside the graph."""
        return self.data

    constant = staticmethod(as_float)

    def seed(self, seed: Any) -> float:
        return 1.0 if seed is None else as_float(seed)

    def fit(self, part: Data, op: Op) -> Data:
        if isinstance(part, Node) and part.kind is Value:
            return part
        part = array_rules.sum_to(part, shape=())
        return rules.item(part) if isinstance(part, Node) else float(part)

    def stale(self, op: Op, graph: bool = False) -> None:
        """Refuse new nodes. On plain floats the rules use the numbers that were saved."""
        if graph:
            raise ValueError(
                f"the data of {self.describe()} was changed after {op.name} had used it; "
                "higher derivatives need it as it was"
            )

    def accumulate(self, g: Data, taken: set[int]) -> None:
        self.grad = float(g) if self.grad is None else self.grad + float(g)

    def detach(self) -> Value:
        """Return the same number as a constant: no gradient flows through it."""
        if (tracer := current_mode().tracer) is not None:  # it is read at each call
            return tracer.captured(self).detach()
        out = Value(self._data, self.label)
        out.level = 0
        return out

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        grad = f", grad={self.grad!r}" if self.grad is not None else ""
        return f"Value({self._data!r}{label}{grad})"

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)


Value.kind = Node.scalar = Value
