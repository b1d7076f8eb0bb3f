"""Computing again instead of remembering."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from . import tree
from .backward import backpropagate, operands_first
from .modes import change
from .node import Data, Node, Op, current_mode, data_of, make, noted, per_argument
from .shapes import shape_of


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, forgetting its intermediate results: the backward pass computes them again.

    Memory then holds what goes in and what comes out; `f` runs twice (Griewank & Walther 2000).
    Gradients also reach what `f` uses without getting it as an argument, such as the parameters
    of a model. It must compute the same both times.

    >>> import autograd as ag
    >>> x = ag.Value(0.5)
    >>> y = ag.checkpoint(lambda x: ag.exp(ag.sin(x)))(x)
    >>> y.op, len(y.args)
    (<op checkpoint>, 1)

    Raises:
        TypeError: `f` returned something else than one number or array.
        ValueError: in the backward pass, `f` did not compute the same again.
    """

    @wraps(f, updated=())
    def forgetful(*args: Any, **kwargs: Any) -> Any:
        if not current_mode().recording:
            return f(*args, **kwargs)
        out, order = recorded(f, args, kwargs)
        if not order:
            return out
        inside = set(order)
        operands = {arg: None for x in order for arg in x.args if arg is not None and arg.level}
        edge = tuple(x for x in operands if x not in inside)

        def derivatives(g: Data, value: Data, graph: bool) -> list[Data]:
            again, order = recorded(f, args, kwargs)
            if not same(again._data, value):
                raise ValueError(
                    "a function under checkpoint() computed something else the second time; "
                    "it must not draw random numbers or depend on what has changed"
                )
            grads = backpropagate(order, {again: g}, graph=graph)
            return [grads[x] for x in edge]

        latest: list[Any] = [None, None]  # a gradient, and what it gave for all arguments

        def rule(i: int) -> Callable[..., Data]:
            def vjp(g: Data, out: Data, *operands: Data) -> Data:
                if isinstance(g, Node):
                    return derivatives(g, data_of(out), graph=True)[i]
                if latest[0] is not g:
                    latest[:] = g, derivatives(g, out, graph=False)
                return latest[1][i]

            return vjp

        op = Op("checkpoint", f, per_argument(rule))
        saved = tuple(x._data for x in edge)
        return noted(make(out.kind, out._data, out.level, op, edge, saved), current_mode())

    return forgetful


def same(x: Data, y: Data) -> bool:
    """Whether all numbers are equal, one nan to another."""
    if shape_of(x) != shape_of(y):
        return False
    return bool(np.all((x == y) | np.isnan(x) & np.isnan(y)))


def recorded(f: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Any, list[Node]]:
    """The result of `f`, and the nodes that were made for it on the way, consumers first.

    Raises:
        TypeError: the result is no single number or array.
    """
    tape: list[Node] = []
    with change(recording=True, tape=tape):
        out = f(*args, **kwargs)
    if tree.is_branch(out) or out is None:
        raise TypeError(
            f"checkpoint() needs a function that returns one number or array, "
            f"but it returned {type(out).__name__}"
        )
    made = set(tape)
    inside = [out] if isinstance(out, Node) else []
    return out, operands_first(*inside, stop=lambda x: x not in made)[::-1]
