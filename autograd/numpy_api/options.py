"""Options that many of NumPy's functions share: `dtype=`, `where=`, `initial=`, `out=`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any

import numpy as np

from autograd.core import array_rules, pytree, rules
from autograd.core.arguments import type_error
from autograd.core.array_libraries import as_array, as_operand, to_library_of
from autograd.core.node import Node
from autograd.core.op import data_of, stack_nodes
from autograd.core.shapes import count_along, shape_of

Function = Callable[..., Any]
NO_VALUE = signature(np.sum).parameters["keepdims"].default  # NumPy's mark of what is not given
REAL = np.dtype(float)
SHARED = ("dtype", "initial", "where", "out", "overwrite_input")


def array_of(x: Any, like: Any = None) -> Any:
    """Return a list as an array, or as a tensor if it holds nodes, and anything else as it is.

    NumPy's arrays become arrays of the library that `like` belongs to.
    """
    x = stack_nodes(x)
    x = np.array(x) if isinstance(x, (list, tuple)) else as_operand(x)
    return to_library_of(x, data_of(like))


def as_dtype(x: Any, dtype: Any) -> Any:
    """Return `x` converted to a dtype, as an array or a tensor.

    Raises:
        TypeError: nodes are to become other than real numbers.
    """
    x, dtype = array_of(x), np.dtype(dtype)
    if isinstance(x, Node) and dtype.kind not in "fiub":
        raise TypeError(f"nodes hold real numbers, and can't be made {dtype}")
    if not hasattr(x, "dtype"):  # a number, or a Value
        x = array_rules.reshape(x, shape=())
    return x if x.dtype == dtype else rules.astype(x, dtype=dtype)


def named_as(function: Function) -> Callable[[Any], Any]:
    """Return a decorator that names a wrapper as its function, in tracebacks too."""

    def decorate(wrapper: Any) -> Any:
        wrapper.__code__ = wrapper.__code__.replace(co_name=function.__name__)
        return wraps(function)(wrapper)

    return decorate


def with_out(function: Function) -> Any:
    """Give a function the option `out`, an array that the result is written into."""

    @named_as(function)
    def forward(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is None:
            return function(*args, **kwargs)
        check_out(function.__name__, out, [args, kwargs])
        return write(function.__name__, function(*args, **kwargs), out)

    added = Parameter("out", Parameter.KEYWORD_ONLY, default=None)
    own = signature(function)
    forward.__signature__ = own.replace(parameters=[*own.parameters.values(), added])
    return forward


def signature_like(theirs: Any) -> Signature:
    """Return the signature of NumPy's function, with `x` for the array and no private defaults."""
    first, *rest = signature(theirs).parameters.values()
    rest = [p.replace(default=None) if p.default is NO_VALUE else p for p in rest]
    return Signature([first.replace(name="x"), *rest])


def reduction(
    theirs: Any, neutral: Any = None, combine: Any = None, row: Any = None
) -> Callable[[Function], Any]:
    """Return a decorator that gives a function the signature of NumPy's, and the shared options.

    The function has only the parameters that shape its result. Where it counts entries, `where` is
    one of them: True, or a mask of the shape of `x`. Options of NumPy's that it lacks are refused.

    Args:
        theirs: NumPy's function.
        neutral: the number that changes no result. It replaces the entries that `where` leaves out.
        combine: the function of the result and `initial`.
        row: the operation, if the function is no more; calls without other options go to it.
    """
    known = signature_like(theirs)

    def decorate(function: Function) -> Any:
        own = signature(function).parameters

        def in_full(*args: Any, **kwargs: Any) -> Any:
            x, options = arguments_of(reduced, *args, **kwargs)
            given = [x, *options.values()]
            shared = {option: options.pop(option, None) for option in SHARED}
            for option in options.keys() - own.keys():
                raise TypeError(f"{function.__name__} has no option {option!r} here; leave it out")
            if shared["out"] is not None:
                check_out(function.__name__, shared["out"], given)
            out = with_options(function, array_of(x), options, shared, neutral, combine, own)
            return out if shared["out"] is None else write(function.__name__, out, shared["out"])

        def in_short(
            x: Any, axis: Any = None, *args: Any, keepdims: Any = False, **rest: Any
        ) -> Any:
            if not args and not rest and type(x) is not list and type(x) is not tuple:
                return quick(x, axis=axis, keepdims=keepdims)
            return in_full(x, axis, *args, **rest, **{"keepdims": keepdims} if keepdims else {})

        quick = row or function  # mutants 1: only faster
        short = "keepdims" in own and list(own)[1] == "axis"
        reduced: Any = named_as(function)(in_short if short else in_full)
        reduced.__signature__ = known
        return reduced

    return decorate


def arguments_of(function: Any, *args: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
    """Return the array in a call of a decorated function, and the other arguments by name.

    Raises:
        TypeError: they do not fit, in place of Python's, which does not name the function.
    """
    try:
        (_, x), *options = function.__signature__.bind(*args, **kwargs).arguments.items()
    except TypeError as error:
        raise TypeError(f"{function.__name__}() {error}") from None
    return x, dict(options)


def with_options(
    function: Function, x: Any, options: Any, shared: Any, neutral: Any, combine: Any, own: Any
) -> Any:
    """Return `function(x, **options)` with the shared options, all but `out`."""
    dtype, initial, where = shared["dtype"], shared["initial"], shared["where"]
    if dtype is not None:
        if "ddof" in own and np.dtype(dtype).kind != "f":
            raise TypeError(f"{function.__name__}: dtype must be floating-point, but got {dtype}")
        x = as_dtype(x, dtype)
    needs_initial = combine in (rules.maximum, rules.minimum)
    if where is not None and where is not True:
        if needs_initial and initial is None:
            raise ValueError(
                f"{function.__name__}: where= needs initial=, the result of no entries"
            )
        if needs_initial and getattr(x, "dtype", REAL).kind != "f":  # integers have no infinity
            neutral = np.asarray(data_of(initial)).astype(x.dtype)
        where = array_of(as_array(data_of(where)).astype(bool), x)
        where = np.broadcast_to(where, shape_of(x))
        x = rules.where(where, x, neutral)
        options |= {"where": where} if "where" in own else {}
    if needs_initial and initial is not None and not count_along(shape_of(x), options.get("axis")):
        out = array_rules.sum(x, **options) + initial
    else:
        out = function(x, **options)
        if initial is not None:
            out = combine(out, as_initial(function.__name__, initial, out))
    return out if dtype is None else as_dtype(out, dtype)


def as_initial(name: str, initial: Any, like: Any) -> Any:
    """Return `initial`, a number, which does not change the dtype of a result."""
    if shape_of(initial):
        raise ValueError(f"{name}: initial must be one number, but has shape {shape_of(initial)}")
    if isinstance(initial, Node):
        return initial
    return np.asarray(initial, getattr(like, "dtype", float)).item()


def check_out(name: str, out: Any, operands: Any) -> None:
    """Refuse `out` beside nodes: a result written into memory would drop its gradient."""
    if any(isinstance(x, Node) for x in pytree.leaves(operands)):
        raise TypeError(
            f"{name} on nodes: there is no option 'out', which would drop the gradient; "
            "use the result, or pass x.numpy() for one without gradient"
        )
    if not hasattr(out, "dtype"):
        raise type_error("out", "an array", out)


def write(name: str, result: Any, out: Any) -> Any:
    """Write a result into the array `out` and return that."""
    if shape_of(out) != shape_of(result):
        shapes = f"{shape_of(result)}, but out has {shape_of(out)}"
        raise ValueError(f"{name}: the result has shape {shapes}")
    np.copyto(out, result, casting="unsafe")
    return out
