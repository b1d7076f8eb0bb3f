"""Derivatives of plain Python functions, to any order, all over one `vjp`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from itertools import count
from typing import Any, TypeAlias

import numpy as np

from . import rules, tree
from .backward import backpropagate, consumers_first
from .modes import enable_grad, is_grad_enabled
from .node import Data, Node, make
from .shapes import shape_of
from .tensor import from_numpy, own
from .value import Value

Function: TypeAlias = Callable[..., Any]
Argnums: TypeAlias = int | tuple[int, ...]

# Each differentiation works on a level of its own, above all nodes that exist: whatever lies
# below it is a constant to it, so nested derivatives can't be confused with one another.
_levels = count(2)


def variable(x: Any, level: int) -> Node:
    """A fresh node for `x`, to differentiate with respect to.

    A node is given an alias: what the function does with its argument is told apart from what it
    does with the same node by way of a closure, and outer derivatives still reach through.
    """
    if isinstance(x, Node):
        node: Node = rules.alias(x)
    elif isinstance(x, (float, int)):
        node = Value(x)
    elif hasattr(x, "dtype"):
        node = from_numpy(np.asarray(x) if isinstance(x, np.generic) else x)
    else:
        raise TypeError(f"can't differentiate with respect to {type(x).__name__} {x!r}")
    if node.kind is Node.array and node._data.dtype.kind != "f":
        raise TypeError(
            f"only floating-point numbers have gradients, but got an array of {node._data.dtype}; "
            "convert it: x.astype(float)"
        )
    node.level = level
    node.note().retains = True
    return node


def plain(x: Any) -> Any:
    """A number outside the graph: a float, or an array; an array's single entry as NumPy's."""
    data = x._data if isinstance(x, Node) else x
    return data[()] if isinstance(data, np.ndarray) and data.ndim == 0 else data


def result(x: Any, variable: Node, g: Data | None, graph: bool, taken: set[int]) -> Any:
    """A gradient `g` for the input `x`: a number for a number, a node for a node."""
    if g is None:  # nothing depends on x
        g = rules.zeros_like(variable)
    if isinstance(g, Node):
        return g
    g = g if type(g) is float else own(np.asarray(g) if isinstance(g, np.generic) else g, taken)
    return as_node(g, variable) if graph or isinstance(x, Node) else plain(g)


def as_node(g: Any, like: Node) -> Node:
    """A gradient as a node of its own node's kind; a constant if it is a plain number."""
    return g if isinstance(g, Node) else make(like.kind, g, 0)


class Trace:
    """One call of `f`, with variables in place of the arguments that `argnums` names."""

    def __init__(
        self, f: Function, argnums: Argnums, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        for i in chosen:
            if not -len(args) <= i < len(args):
                raise ValueError(
                    f"argnums names argument {i}, but the function got {len(args)} arguments"
                )
        self.inputs = args[argnums] if isinstance(argnums, int) else tuple(args[i] for i in chosen)
        self.level = next(_levels)
        variables = tree.map_leaves(lambda x: variable(x, self.level), self.inputs)
        self.variables: list[Node] = list(tree.leaves(variables))
        replaced = list(args)
        for i, x in zip(chosen, (variables,) if isinstance(argnums, int) else variables):
            replaced[i] = x
        self.recording = is_grad_enabled()
        with enable_grad():
            self.out = f(*replaced, **kwargs)
        self.roots = [x for x in tree.leaves(self.out) if self.depends(x)]
        self.order = consumers_first(*self.roots, level=self.level)
        # Whether something outer is differentiating too: then the results must be nodes.
        self.attached = self.recording and any(
            arg is not None and 0 < arg.level < self.level
            for node in self.order
            for arg in node.args
        )

    def depends(self, x: Any) -> bool:
        return isinstance(x, Node) and x.level >= self.level

    def value(self) -> Any:
        """What `f` returned: nodes where something outer differentiates them, else numbers."""

        def outer(x: Any) -> bool:
            return isinstance(x, Node) and 0 < x.level < self.level

        return tree.map_leaves(
            lambda x: x if self.attached or (self.recording and outer(x)) else plain(x), self.out
        )

    def pull(self, seed: Any) -> Any:
        """The gradients for the inputs, given those of the outputs, in the form of the inputs."""
        outs, given = list(tree.leaves(self.out)), list(tree.leaves(seed))
        if len(outs) != len(given):
            raise ValueError(f"the function has {len(outs)} outputs, but got {len(given)} seeds")
        seeds: dict[Node, Data] = {}
        for x, g in zip(outs, given):
            if self.depends(x):
                g = g if isinstance(g, Node) else x.seed(g)
                seeds[x] = seeds[x] + g if x in seeds else g
        graph = self.attached or any(isinstance(g, Node) for g in seeds.values())
        if graph:
            seeds = {x: as_node(g, x) for x, g in seeds.items()}
        grads = backpropagate(self.order, seeds, self.level, graph)
        taken = set(map(id, seeds.values()))
        return tree.rebuild(
            self.inputs,
            (
                result(x, variable, grads.get(variable), graph, taken)
                for x, variable in zip(tree.leaves(self.inputs), self.variables)
            ),
        )


def scalar_trace(f: Function, argnums: Argnums, args: Any, kwargs: Any) -> Trace:
    """A trace of a function that must return one number."""
    trace = Trace(f, argnums, args, kwargs)
    if tree.is_branch(trace.out) or shape_of(trace.out) != ():
        what = type(trace.out).__name__ if tree.is_branch(trace.out) else shape_of(trace.out)
        raise ValueError(
            f"grad() needs a scalar result, but f returned {what}; "
            "use jacobian(f), or sum the result"
        )
    return trace


def value_and_grad(f: Function, argnums: Argnums = 0) -> Function:
    """The function that returns `f(*args)` and its gradient, from one call of `f`.

    >>> from autograd import value_and_grad
    >>> value_and_grad(lambda x, y: x * y**2)(3.0, 2.0)
    (12.0, 4.0)
    >>> value_and_grad(lambda x, y: x * y**2, argnums=(0, 1))(3.0, 2.0)
    (12.0, (4.0, 12.0))
    """

    @wraps(f, updated=())
    def differentiated(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        trace = scalar_trace(f, argnums, args, kwargs)
        return trace.value(), trace.pull(1.0)

    return differentiated


def grad(f: Function, argnums: Argnums = 0) -> Function:
    """The gradient of a function of floats, arrays, or nested lists, tuples and dicts of them.

    The gradient has the form of the argument. Functions nest, to any order.

    >>> import autograd as ag
    >>> cube = lambda x: x**3
    >>> ag.grad(cube)(2.0), ag.grad(ag.grad(cube))(2.0), ag.grad(ag.grad(ag.grad(cube)))(2.0)
    (12.0, 12.0, 6.0)

    Args:
        f: a function that returns one number. Keyword arguments are passed through.
        argnums: which positional argument to differentiate by, or a tuple of them.

    Raises:
        ValueError: `f` returned something else than one number.
        TypeError: an argument holds integers, or no numbers.
    """

    @wraps(f, updated=())
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return scalar_trace(f, argnums, args, kwargs).pull(1.0)

    return gradient
