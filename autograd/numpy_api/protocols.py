"""NumPy's own functions on nodes: `np.tanh(t)`, `np.concatenate([t, u])`, `array * t`.

NumPy hands a call over to `__array_ufunc__` or `__array_function__` of an operand that has them;
here each of its functions finds ours. What is missing from the tables raises, by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from autograd.core import pytree, rules
from autograd.core.array_libraries import as_operand, no_fallback
from autograd.core.node import Node, Op, data_of

from . import functions, linalg, manipulation

UFUNCS: dict[Any, Callable[..., Any]] = {
    getattr(np, op.name): op
    for op in vars(rules).values()
    if isinstance(op, Op) and isinstance(getattr(np, op.name, None), np.ufunc)
} | {
    np.add: rules.add,
    np.subtract: rules.sub,
    np.multiply: rules.mul,
    np.divide: rules.div,
    np.power: rules.pow,
    np.negative: rules.neg,
    np.positive: lambda x: x,
    np.mod: rules.mod,
    np.fabs: rules.abs,
    np.absolute: rules.abs,
    np.divmod: lambda x, y: (rules.floor_divide(x, y), rules.mod(x, y)),
    np.square: functions.square,
    np.reciprocal: functions.reciprocal,
    np.deg2rad: functions.deg2rad,
    np.radians: functions.deg2rad,
    np.rad2deg: functions.rad2deg,
    np.degrees: functions.rad2deg,
    np.rint: rules.round,
    np.fmax: functions.fmax,
    np.fmin: functions.fmin,
    np.logaddexp2: functions.logaddexp2,
    np.matmul: linalg.matmul,
}
"""Differentiable ufuncs. Most rows of the table have the name of theirs."""

FLAT_UFUNCS = {
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.isnan, np.isinf, np.isfinite, np.signbit, np.logical_not, np.logical_and, np.logical_or,
    np.logical_xor,
}  # fmt: skip
"""Ufuncs that tell something about the data, and give plain arrays."""


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """`np.where`: of a condition alone, the positions where it holds, as `np.nonzero`."""
    if x is None and y is None:
        return no_fallback(np.nonzero)(data_of(condition))
    if x is None or y is None:
        raise ValueError("np.where takes either both or neither of x and y")
    return functions.where(condition, x, y)


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    getattr(np, name): getattr(module, name)
    for module, names in (
        (functions, """sinc round nan_to_num clip sum mean var std prod max min amax amin median
            cumsum cumprod argmax argmin any all"""),
        (manipulation, """reshape ravel expand_dims squeeze transpose swapaxes moveaxis rollaxis
            broadcast_to concatenate stack vstack hstack dstack column_stack array_split split
            hsplit vsplit dsplit atleast_1d atleast_2d atleast_3d flip flipud fliplr roll rot90
            repeat tile pad diagonal diag triu tril take take_along_axis sort partition diff"""),
        (linalg, "dot inner outer tensordot einsum kron cross trace"),
    )
    for name in names.split()
} | {
    getattr(np.linalg, name): getattr(linalg, name)
    for name in "inv pinv det slogdet solve cholesky norm".split()
} | {
    np.where: where,
    np.around: functions.round,
    np.full_like: lambda x, fill_value, dtype=None: np.full_like(data_of(x), fill_value, dtype),
}  # fmt: skip
"""Functions with the name of ours. Options that ours lack are an error, not ignored."""

FLAT_FUNCTIONS = {
    np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like,
    np.argsort, np.argpartition, np.searchsorted, np.count_nonzero, np.nonzero,
    np.isclose, np.allclose, np.array_equal, np.result_type, np.array_repr, np.array_str,
    np.array2string, np.may_share_memory, np.shares_memory,
}  # fmt: skip
"""Functions that look at data or shape only, and give plain numbers and arrays."""


RENAMED = {"a_min": "min", "a_max": "max"}
"""Options that NumPy has under a second name."""


def array_ufunc(self: Node, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """`Value` and `Tensor`'s `__array_ufunc__`."""
    if method != "__call__" or (ufunc not in UFUNCS and ufunc not in FLAT_UFUNCS):
        method = f".{method}" if method != "__call__" else ""
        raise uncovered(f"np.{ufunc.__name__}{method}", self)
    for option in kwargs:
        raise no_option(f"np.{ufunc.__name__}", option)
    return UFUNCS[ufunc](*inputs) if ufunc in UFUNCS else ufunc(*map(plain_data, inputs))


def array_function(
    self: Node, function: Any, types: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """`Value` and `Tensor`'s `__array_function__`."""
    if function in FLAT_FUNCTIONS:
        plain = pytree.map_leaves(plain_data, list(args))
        options = {k: pytree.map_leaves(plain_data, x) for k, x in kwargs.items()}
        return no_fallback(function)(*plain, **options)
    name = name_of(function)
    if function not in FUNCTIONS:
        raise uncovered(name, self)
    ours = FUNCTIONS[function]
    operands, options = translated(function, args, kwargs)
    for option in options.keys() - parameters(ours).keys():
        raise no_option(name, option)
    return ours(*operands, **options)


def name_of(function: Any) -> str:
    """How a function of NumPy is called: "np.linalg.inv"."""
    return f"{function.__module__.replace('numpy', 'np', 1)}.{function.__name__}"


def plain_data(x: Any) -> Any:
    """The data of a node, or `x` as it stands beside one."""
    return x._data if isinstance(x, Node) else as_operand(x)


def translated(
    function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call of NumPy's function as ours takes them: options by name.

    Options that have the value that NumPy gives them anyway are left out.
    """
    theirs = parameters(function)
    if not theirs:
        return list(args), dict(kwargs)
    operands: list[Any] = []
    options: dict[str, Any] = {}
    call = inspect.Signature(list(theirs.values())).bind(*args, **kwargs)
    for name, value in call.arguments.items():
        parameter = theirs[name]
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
def parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    """The parameters of a function; none if it is written in C and does not tell."""
    if isinstance(function, Op):  # a rule takes the gradient and the result, and then the same
        return dict(list(parameters(function.vjps[0]).items())[2:])
    try:
        return inspect.signature(function).parameters
    except ValueError:
        return {}


def no_option(name: str, option: str) -> TypeError:
    way = "leave it out" if option != "out" else "write x = x + y in place of x += y"
    return TypeError(f"{name} on nodes: there is no option {option!r}; {way}")


def uncovered(name: str, x: Node) -> TypeError:
    return TypeError(
        f"{name} is not defined on a {type(x).__name__}; "
        "apply it to .numpy() or .item() for a result without gradient"
    )
