"""NumPy's own functions on nodes: `np.tanh(t)`, `np.concatenate([t, u])`, `array * t`.

NumPy hands a call over to `__array_ufunc__` or `__array_function__` of an operand that has them;
here each of its functions finds ours. What is missing from the tables raises, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import functions, rules
from .node import Node

UFUNCS: dict[Any, Callable[..., Any]] = {
    np.add: rules.add,
    np.subtract: rules.sub,
    np.multiply: rules.mul,
    np.divide: rules.div,
    np.power: rules.pow,
    np.float_power: rules.pow,
    np.negative: rules.neg,
    np.positive: lambda x: x,
    np.absolute: rules.abs,
    np.fabs: rules.abs,
    np.sign: rules.sign,
    np.exp: rules.exp,
    np.log: rules.log,
    np.sqrt: rules.sqrt,
    np.sin: rules.sin,
    np.cos: rules.cos,
    np.tanh: rules.tanh,
    np.maximum: rules.maximum,
    np.minimum: rules.minimum,
    np.matmul: functions.matmul,
}
"""Differentiable ufuncs."""

FLAT_UFUNCS = {
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.isnan, np.isinf, np.isfinite, np.signbit, np.logical_not, np.logical_and, np.logical_or,
}  # fmt: skip
"""Ufuncs that tell something about the data, and give plain arrays."""

FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: functions.sum,
    np.mean: functions.mean,
    np.max: functions.max,
    np.reshape: functions.reshape,
    np.transpose: functions.transpose,
    np.broadcast_to: functions.broadcast_to,
    np.expand_dims: functions.expand_dims,
    np.concatenate: functions.concatenate,
    np.stack: functions.stack,
    np.where: functions.where,
}
"""Differentiable functions. Options that ours lack are an error, not ignored."""

FLAT_FUNCTIONS = {np.shape, np.ndim, np.size, np.argmax, np.argmin, np.zeros_like, np.ones_like}
"""Functions that look at data or shape only, and give plain numbers and arrays."""


def array_ufunc(self: Node, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """`Value` and `Tensor`'s `__array_ufunc__`."""
    if method == "__call__" and ufunc in FLAT_UFUNCS:
        return ufunc(*map(data_of, inputs), **kwargs)
    if method != "__call__" or ufunc not in UFUNCS:
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        raise uncovered(name, self)
    refuse_options(ufunc.__name__, kwargs)
    return UFUNCS[ufunc](*inputs)


def array_function(
    self: Node, function: Any, types: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """`Value` and `Tensor`'s `__array_function__`."""
    if function in FLAT_FUNCTIONS:
        return function(*map(data_of, args), **kwargs)
    if function not in FUNCTIONS:
        raise uncovered(function.__name__, self)
    try:
        return FUNCTIONS[function](*args, **kwargs)
    except TypeError as error:
        if "unexpected keyword" in str(error) or "positional argument" in str(error):
            raise TypeError(f"np.{function.__name__} on a {type(self).__name__}: {error}") from None
        raise


def data_of(x: Any) -> Any:
    return x._data if isinstance(x, Node) else x


def refuse_options(name: str, kwargs: Mapping[str, Any]) -> None:
    for option, value in kwargs.items():
        if value is not None:
            raise TypeError(f"np.{name} on nodes has no option {option!r}; leave it out")


def uncovered(name: str, x: Node) -> TypeError:
    return TypeError(
        f"np.{name} is not defined on a {type(x).__name__}; "
        "apply it to .numpy() or .item() for a result without gradient"
    )
