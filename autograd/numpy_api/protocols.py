"""NumPy's functions applied to nodes: `np.tanh(t)`, `np.concatenate([t, u])`, `array * t`.

NumPy passes a call on to `__array_ufunc__` or `__array_function__` of an operand that has them.
The tables below map NumPy's functions to ours; a function that is in none of them raises an error.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from autograd.core import pytree, rules
from autograd.core.array_libraries import as_operand, no_fallback
from autograd.core.node import Node
from autograd.core.op import OF_UFUNC, Op

from . import (
    functions,
    joining,
    linalg,
    manipulation,
    padding,
    products,
    reductions,
    signals,
    statistics,
)  # fmt: skip
from .options import as_dtype, reduction

MODULES = functions, reductions, statistics, manipulation, joining, products, signals, padding
"""The modules of this package that have functions under NumPy's names."""

SAME_NAME: dict[Any, Callable[..., Any]] = {
    getattr(np, name): ours
    for module in MODULES
    for name, ours in vars(module).items()
    if getattr(ours, "__module__", "") == module.__name__ and hasattr(np, name)
}
"""NumPy's functions that have the name of one of ours."""

UFUNCS: dict[Any, Callable[..., Any]] = {
    ufunc: op for ufunc, op in OF_UFUNC.items() if not op.boolean
} | {
    ufunc: ours for ufunc, ours in SAME_NAME.items() if isinstance(ufunc, np.ufunc)
} | {
    np.positive: lambda x: x,
    np.conjugate: lambda x: x,
    np.radians: functions.deg2rad,
    np.degrees: functions.rad2deg,
    np.divmod: lambda x, y: (rules.floor_divide(x, y), rules.mod(x, y)),
}  # fmt: skip
"""Differentiable ufuncs: those that rows of the table name as theirs, and compositions."""

PLAIN_UFUNCS = {
    np.isnan, np.isinf, np.isfinite, np.signbit, np.logical_xor, np.spacing, np.gcd, np.lcm,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift,
}  # fmt: skip
"""Ufuncs without an operation. Like operations with true or false results, they return arrays."""


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    function: ours for function, ours in SAME_NAME.items() if not isinstance(function, np.ufunc)
} | {
    getattr(np.linalg, name): getattr(linalg, name) for name in linalg.__all__
} | {
    np.around: functions.round,
    np.real: lambda x: x,
    np.real_if_close: lambda x: x,
    np.copy: rules.alias,
}  # fmt: skip
"""Functions that are no ufuncs. Options that ours lack are an error."""

PLAIN_FUNCTIONS = {
    np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like,
    np.argsort, np.argpartition, np.searchsorted, np.nonzero,
    np.argwhere, np.flatnonzero, np.digitize, np.lexsort, np.isin, np.isposinf, np.isneginf,
    np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj, np.common_type, np.min_scalar_type,
    np.tril_indices_from, np.triu_indices_from, np.diag_indices_from, np.unravel_index,
    np.isclose, np.allclose, np.array_equal, np.array_equiv, np.result_type, np.array_repr,
    np.array_str, np.array2string, np.may_share_memory, np.shares_memory,
}  # fmt: skip
"""Functions that are not differentiable, and return plain numbers and arrays."""

IN_PLACE = {np.put, np.place, np.putmask, np.put_along_axis, np.copyto, np.fill_diagonal}
"""Functions that change their first argument, which would drop gradients."""


@reduction(np.sum, neutral=-np.inf, combine=rules.logaddexp)
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return reductions.logsumexp(x, axis, keepdims)


REDUCTIONS = {
    np.add: reductions.sum, np.multiply: reductions.prod, np.maximum: reductions.max,
    np.minimum: reductions.min, np.logaddexp: logsumexp, np.logical_and: reductions.all,
    np.logical_or: reductions.any,
}  # fmt: skip
"""The reductions by a ufunc, such as `np.add.reduce`."""


def scan_by(op: Op) -> Callable[..., Any]:
    """Return the function that combines the first 1, 2, ... n entries along an axis by `op`."""

    def accumulate(x: Any, axis: int | None = None) -> Any:
        return reductions.scan(op, x, axis)

    return reduction(np.cumsum)(accumulate)


SCANS = {
    np.add: reductions.cumsum, np.multiply: reductions.cumprod, np.maximum: scan_by(rules.maximum),
    np.minimum: scan_by(rules.minimum), np.logaddexp: scan_by(rules.logaddexp),
}  # fmt: skip
"""The scans by a ufunc, such as `np.add.accumulate`."""

RENAMED = {"a_min": "min", "a_max": "max"}
"""Options that have two names in NumPy."""


def operation_of(ufunc: Any) -> Callable[..., Any] | None:
    """Return the operation or composition that computes a ufunc, a user's own `Op` included."""
    return UFUNCS.get(ufunc) or OF_UFUNC.get(ufunc)


def array_ufunc(self: Node, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Apply a ufunc, or a method of it, to nodes: `__array_ufunc__` of `Value` and `Tensor`."""
    ours, name = operation_of(ufunc), f"np.{ufunc.__name__}"
    if method != "__call__":
        name += f".{method}"
        methods = {"reduce": REDUCTIONS, "accumulate": SCANS}
        if ufunc in (known := methods.get(method, {})):
            return along_axis(name, known[ufunc], *inputs, **kwargs)
    if method not in ("__call__", "outer") or (ours is None and ufunc not in PLAIN_UFUNCS):
        raise not_defined(name, self)
    if "dtype" in kwargs and np.dtype(kwargs["dtype"]).kind == "f":
        dtype = kwargs.pop("dtype")
        inputs = tuple(as_dtype(x, dtype) for x in inputs)
    for option in kwargs.keys() - ({} if ours is None else signature_of(ours).parameters).keys():
        raise no_option(name, option)
    if method == "outer":
        x, y = inputs
        longer = (*np.shape(x), *[1] * np.ndim(y))
        inputs = manipulation.reshape(x, longer), y
    if ours is None or (isinstance(ours, Op) and ours.boolean):
        return ufunc(*map(plain_data, inputs))
    return ours(*inputs, **kwargs)


def along_axis(name: str, ours: Any, x: Any, axis: Any = 0, **options: Any) -> Any:
    """Return a reduction or scan as a ufunc's method has it: along the first axis by default."""
    if "out" in options:
        (options["out"],) = options["out"]
    for option in options.keys() - ours.__signature__.parameters.keys():
        raise no_option(name, option)
    return ours(x, axis, **options)


def array_function(
    self: Node, function: Any, types: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """Apply a function of NumPy to nodes: `__array_function__` of `Value` and `Tensor`."""
    if function in PLAIN_FUNCTIONS:
        plain = pytree.map_leaves(plain_data, list(args))
        options = {k: pytree.map_leaves(plain_data, x) for k, x in kwargs.items()}
        return no_fallback(function)(*plain, **options)
    name = numpy_name(function)
    if function not in FUNCTIONS:
        raise not_defined(name, self, in_place=function in IN_PLACE)
    ours = FUNCTIONS[function]
    operands, options = translate_call(function, args, kwargs)
    for option in options.keys() - signature_of(ours).parameters.keys():
        raise no_option(name, option)
    return ours(*operands, **options)


def numpy_name(function: Any) -> str:
    """Return the name of NumPy's function, such as "np.linalg.inv"."""
    return f"{function.__module__.replace('numpy', 'np', 1)}.{function.__name__}"


def plain_data(x: Any) -> Any:
    """Return the data of a node, or `x` as an operand beside nodes."""
    return x._data if isinstance(x, Node) else as_operand(x)


def translate_call(
    function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return the operands and options of a call of NumPy's function, for a call of ours.

    Options are passed by name, without those that have NumPy's default value.
    """
    theirs = signature_of(function)
    if not theirs.parameters:
        return list(args), dict(kwargs)
    operands: list[Any] = []
    options: dict[str, Any] = {}
    for name, value in theirs.bind(*args, **kwargs).arguments.items():
        parameter = theirs.parameters[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            operands += value
        elif parameter.kind is parameter.VAR_KEYWORD:
            options |= value
        elif parameter.default is parameter.empty:
            operands.append(value)
        elif value is not parameter.default:
            options[RENAMED.get(name, name)] = value
    return operands, options


@cache
def signature_of(function: Any) -> inspect.Signature:
    """Return the signature of a function; an empty one if it is written in C and has none."""
    if isinstance(function, Op):
        return inspect.Signature(function.arguments)
    try:
        return inspect.signature(function)
    except ValueError:
        return inspect.Signature()


def no_option(name: str, option: str) -> TypeError:
    """Return the error for an option that our function lacks."""
    ways = {"out": "write x = x + y in place of x += y", "where": "use np.where on the result"}
    way = ways.get(option, "leave it out")
    return TypeError(f"{name} on nodes: there is no option {option!r}; {way}")


def not_defined(name: str, x: Node, in_place: bool = False) -> TypeError:
    """Return the error for a function of NumPy that has no counterpart here."""
    way = "apply it to .numpy() or .item() for a result without gradient"
    if in_place:
        way = (
            "it changes an array in place; use where(mask, new, old), or build the tensor with "
            "stack or concatenate"
        )
    return TypeError(f"{name} is not defined on a {type(x).__name__}; {way}")
