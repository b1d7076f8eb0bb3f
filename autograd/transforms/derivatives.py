"""Derivatives of plain Python functions, to any order, all over one `vjp`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce, wraps
from itertools import count
from typing import Any, TypeAlias

import numpy as np

from autograd.core import arguments, array_libraries, array_rules, pytree, rules
from autograd.core.backward import backpropagate, consumers_first
from autograd.core.changes import copy_if_small, ensure_unshared, memory_id
from autograd.core.kernels import zeros_like
from autograd.core.modes import enable_grad, is_grad_enabled
from autograd.core.node import Node, make
from autograd.core.op import Data, data_of
from autograd.core.shapes import Shape, shape_of
from autograd.numpy_api import joining, manipulation
from autograd.tensor import from_numpy
from autograd.value import Value

Function: TypeAlias = Callable[..., Any]
Argnums: TypeAlias = int | Sequence[int]

# Each differentiation works on a level of its own, above all nodes that exist: whatever lies
# below it is a constant to it, so nested derivatives can't be confused with one another.
new_level = count(2).__next__


def new_variable(x: Any, level: int) -> Node:
    """Return a new node for `x`, to differentiate with respect to.

    A node gets an alias: a function may use the same node as its argument and in its closure, and
    only the argument is the variable. Outer derivatives still reach the node.
    """
    if isinstance(x, Node):
        node: Node = rules.alias(x)
    elif isinstance(x, (float, int, np.integer)) and not isinstance(x, bool):
        node = Value(x)
    elif hasattr(x := array_libraries.as_operand(x), "dtype"):
        node = from_numpy(copy_if_small(x))
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


def to_plain(x: Any) -> Any:
    """Return the number or array of a node, and a 0-d array as NumPy's number."""
    data = data_of(x)
    # mutants 1: [()] is the whole array
    return data[()] if isinstance(data, np.ndarray) and data.ndim == 0 else data


def as_gradient(x: Any, variable: Node, g: Data | None, graph: bool, taken: set[int]) -> Any:
    """Return the gradient `g` for the input `x`: a number for a number, a node for a node."""
    if g is None:  # nothing depends on x
        g = zeros_like(variable)
    if isinstance(g, Node):
        return g
    if type(g) is not float:
        g = ensure_unshared(np.asarray(g) if isinstance(g, np.generic) else g, taken)
    return as_node(g, variable) if graph or isinstance(x, Node) else to_plain(g)


def as_node(g: Any, like: Node) -> Node:
    """Return a gradient as a node of the kind of `like`; a plain number becomes a constant."""
    return g if isinstance(g, Node) else make(like.kind, g, 0)


def select_arguments(argnums: Argnums, count: int) -> int | tuple[int, ...]:
    """Return `argnums` counted from 0, for a function that got `count` positional arguments."""
    if type(argnums) is int and 0 <= argnums < count:  # mutants 3: only faster
        return argnums
    numbers = arguments.integers("argnums", argnums)
    for i in numbers:
        if not -count <= i < count:
            raise ValueError(f"argnums names argument {i}, but the function got {count} arguments")
    chosen = tuple(i % count for i in numbers)
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"argnums must name each argument once, but is {argnums!r}")
    return chosen if np.ndim(argnums) else chosen[0]


class Call:
    """One call of `f`, with variables in place of the arguments that `argnums` names.

    `inputs` are these arguments, `out` is the result and `outs` are its leaves. With `has_aux`, `f`
    returns a pair: the result, and `aux`, anything else.
    """

    def __init__(
        self,
        f: Function,
        argnums: Argnums,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        has_aux: bool = False,
    ) -> None:
        chosen = select_arguments(argnums, len(args))
        self.inputs = args[chosen] if isinstance(chosen, int) else tuple(args[i] for i in chosen)
        self.level = new_level()
        variables = pytree.map_leaves(lambda x: new_variable(x, self.level), self.inputs)
        self.variables: list[Node] = pytree.leaves(variables)
        replaced = list(args)
        if isinstance(chosen, int):
            replaced[chosen] = variables
        else:
            for i, x in zip(chosen, variables):
                replaced[i] = x
        self.recording = is_grad_enabled()
        if self.recording:
            self.out = f(*replaced, **kwargs)
        else:
            with enable_grad():
                self.out = f(*replaced, **kwargs)
        self.has_aux, self.aux = has_aux, None
        if has_aux:
            if not isinstance(self.out, tuple) or len(self.out) != 2:
                raise arguments.type_error(
                    "with has_aux=True, the function's result", "a pair (result, aux)", self.out
                )
            self.out, self.aux = self.out
        self.outs = pytree.leaves(self.out)
        for x in self.outs:
            check_differentiable(x)
        self.order = consumers_first(*filter(self.depends, self.outs), level=self.level)
        self.attached = self.recording and self.is_attached(args, kwargs)  # mutants 1: symmetric

    def is_attached(self, args: Any, kwargs: Any) -> bool:
        """Return whether the results must be nodes, to be differentiated further.

        They must if an argument is a node, or if an outer differentiation has variables here. Other
        nodes in the function's closure, such as a model's parameters, are constants.
        """
        if any(isinstance(x, Node) and x.level for x in pytree.leaves([args, kwargs])):
            return True
        operands = (x for node in self.order for x in node.args)
        # mutants 1: level 2 is warned of already
        return any(1 < x.level < self.level for x in (*operands, *self.outs) if isinstance(x, Node))

    def depends(self, x: Any) -> bool:
        return isinstance(x, Node) and x.level >= self.level

    def value(self) -> Any:
        """Return the result of `f`: nodes if they are to be differentiated further, or numbers."""
        return self.out if self.attached else pytree.map_leaves(to_plain, self.out)

    def with_aux(self, *results: Any) -> Any:
        """Return the results, and the auxiliary data of `f` after them if there are any."""
        if self.has_aux:
            results += (pytree.map_leaves(self.aux_leaf, self.aux),)
        return results if len(results) > 1 else results[0]

    def aux_leaf(self, x: Any) -> Any:
        return to_plain(x) if self.depends(x) and not self.attached else x

    def pull(self, seed: Any, name: str = "seed", model: str = "the result") -> Any:
        """Return the gradients of the inputs, in their form, given those of the result.

        Messages call the given gradients `name`, and what they must look like `model`.
        """
        given = pytree.match_leaves(name, seed, self.out, model, needed=self.depends)
        seeds: dict[Node, Data] = {}
        for x, g in zip(self.outs, given):
            if self.depends(x):
                g = g if isinstance(g, Node) else x.seed(g)
                seeds[x] = seeds[x] + g if x in seeds else g
        graph = self.attached or any(isinstance(g, Node) for g in seeds.values())
        if graph:
            seeds = {x: as_node(g, x) for x, g in seeds.items()}
        grads = backpropagate(self.order, seeds, self.level, graph)
        taken = set(map(memory_id, seeds.values()))
        results = (
            as_gradient(x, variable, grads.get(variable), graph, taken)
            for x, variable in zip(pytree.leaves(self.inputs), self.variables)
        )
        return pytree.rebuild(self.inputs, results)

    def push(self, direction: Any) -> Any:
        """Return the slopes of the result along a direction, which has the form of the inputs."""
        pytree.match_leaves("direction", direction, self.inputs, "the argument")  # or an error

        def slope(g: Any) -> Any:
            return dot(self.pull(g), direction)  # mutants 1: the same products

        product = Call(slope, 0, (pytree.map_leaves(zeros, self.out),), {}).pull(1.0)
        outer = self.attached or any(isinstance(v, Node) for v in pytree.leaves(direction))
        return product if outer else pytree.map_leaves(to_plain, product)


def check_differentiable(x: Any) -> None:
    """Refuse results without derivatives: integers, booleans, None, text, complex numbers."""
    if isinstance(x, Node) and x.op is not None and x.op.rule is None:
        what = f"the result of {x.op.name}"  # a comparison, in a function that is being compiled
    elif isinstance(x, Node) and x.kind is not Node.array:
        return
    else:
        x = data_of(x)
        if isinstance(x, float) or getattr(getattr(x, "dtype", None), "kind", "") == "f":
            return
        shape = getattr(x, "shape", ())
        what = f"an array of {x.dtype}" if shape else arguments.brief(x)
    raise TypeError(
        f"only floating-point results can be differentiated, but the function returned {what}; "
        "return a float, or an array of floats"
    )


def transform(
    f: Function, argnums: Argnums, finish: Callable[[Call], Any], has_aux: bool = False
) -> Function:
    """Return the function of f's arguments that returns `finish(call)`, for the call of `f`."""
    arguments.function("f", f)
    arguments.integers("argnums", argnums)

    @wraps(f, updated=())
    def transformed(*args: Any, **kwargs: Any) -> Any:
        return finish(Call(f, argnums, args, kwargs, has_aux))

    return transformed


def scalar_gradient(call: Call) -> Any:
    """Return the gradient of a result that must be one number, or an array of one."""
    out = call.out
    if pytree.is_branch(out) or any(n != 1 for n in shape_of(out)):
        what = type(out).__name__ if pytree.is_branch(out) else shape_of(out)
        raise ValueError(
            f"grad() needs a scalar result, but f returned {what}; "
            "use jacobian(f), or sum the result"
        )
    return call.pull(ones(out))


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that returns `f(*args)` and its gradient, from one call of `f`.

    >>> from autograd import value_and_grad
    >>> value_and_grad(lambda x, y: x * y**2)(3.0, 2.0)
    (12.0, 4.0)
    >>> value_and_grad(lambda x, y: x * y**2, argnums=(0, 1))(3.0, 2.0)
    (12.0, (4.0, 12.0))

    With `has_aux`, as for `grad`, it returns `((value, aux), gradient)`.
    """

    def finish(call: Call) -> tuple[Any, Any]:
        gradient = scalar_gradient(call)
        return call.with_aux(call.value()), gradient

    return transform(f, argnums, finish, has_aux)


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the gradient of a function of floats, arrays, or nested lists, tuples, dicts of them.

    The gradient has the form of the argument. Calls of `grad` nest, for derivatives of any order.

    >>> import autograd as ag
    >>> cube = lambda x: x**3
    >>> ag.grad(cube)(2.0), ag.grad(ag.grad(cube))(2.0), ag.grad(ag.grad(ag.grad(cube)))(2.0)
    (12.0, 12.0, 6.0)

    Floats and arrays give floats and arrays; nodes in the closure of `f`, such as a model's
    parameters, are constants. Where an argument is a `Value` or a `Tensor` that requires a
    gradient, the results are nodes, and `backward()` passes through them to all nodes that `f`
    uses.

    >>> w = ag.Value(2.0)
    >>> ag.grad(lambda x: w * x * x)(3.0), ag.grad(lambda x: w * x * x)(ag.Value(3.0))
    (12.0, Value(12.0))

    Args:
        f: a function that returns one number. Keyword arguments are passed through.
        argnums: the positional argument to differentiate by, or a tuple of several.
        has_aux: `f` returns a pair `(result, aux)`, such as a loss and predictions; the result is
            `(gradient, aux)`. Nodes of this call in `aux` become numbers, as those in `result`.

    Raises:
        ValueError: `f` returned something else than one number.
        TypeError: an argument holds integers, or no numbers, or `f` returned an integer, a boolean
            or no number. A `float` that does not depend on the argument has slope 0.
    """
    return transform(f, argnums, lambda call: call.with_aux(scalar_gradient(call)), has_aux)


def grad_and_aux(f: Function, argnums: Argnums = 0) -> Function:
    """Return `grad(f, argnums, has_aux=True)`: `f` returns a pair, the gradient is of its first."""
    return grad(f, argnums, has_aux=True)


def elementwise_grad(f: Function, argnums: Argnums = 0) -> Function:
    """Return the function f' that gives the slope of `f` at each entry of an array, in its shape.

    Exact if each entry of the result depends on the same entry of the argument only; otherwise it
    is the gradient of the sum of all entries.

    >>> import autograd as ag
    >>> elementwise_grad(ag.square)(np.array([1.0, 2.0, 3.0]))
    array([2., 4., 6.])
    """
    return transform(f, argnums, lambda call: call.pull(pytree.map_leaves(ones, call.out)))


def vjp(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that returns `f(*args)` and its vector-Jacobian product, g -> g J.

    A product takes one backward pass, whatever the number of inputs.

    >>> value, pull = vjp(lambda x: x**2)(np.array([1.0, 2.0]))
    >>> value, pull(np.array([1.0, 0.5]))
    (array([1., 4.]), array([2., 2.]))

    Args:
        f: a function of floats, arrays, or nested lists, tuples and dicts of them, that returns
            one of these.
        argnums: the positional argument to differentiate by, or a tuple of several.
        has_aux: `f` returns a pair `(result, aux)`; then `aux` is returned after the product.
    """
    return transform(f, argnums, lambda call: call.with_aux(call.value(), call.pull), has_aux)


def jvp(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that returns `f(*args)` and its Jacobian-vector product, v -> J v.

    This is the slope along a direction. A product takes two backward passes and none forward: g J
    is linear in g, and its derivative by g in the direction of v is J v (Townsend 2017).

    >>> value, push = jvp(lambda x: x**2)(np.array([1.0, 2.0]))
    >>> value, push(np.array([1.0, 0.5]))
    (array([1., 4.]), array([2., 2.]))

    Args: as for `vjp`; the direction has the form of the argument.
    """
    return transform(f, argnums, lambda call: call.with_aux(call.value(), call.push), has_aux)


def hvp(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that returns the gradient of `f` and its Hessian product, v -> H v.

    H is symmetric, so H v is a vector-Jacobian product of the gradient: one backward pass over the
    graph of the gradient, and H itself is never formed (Pearlmutter 1994).

    >>> gradient, product = hvp(lambda x: (x**3).sum())(np.array([1.0, 2.0]))
    >>> gradient, product(np.array([1.0, 1.0]))
    (array([ 3., 12.]), array([ 6., 12.]))
    """

    def finish(call: Call) -> tuple[Any, Function]:
        return call.with_aux(call.value(), lambda v: call.pull(v, "direction", "the argument"))

    return transform(grad(f, argnums, has_aux), argnums, finish, has_aux)


def half_square(x: Any) -> Any:
    """Return half the sum of the squares of all numbers in a tree."""
    return 0.5 * dot(x, x)


def ggnvp(f: Function, g: Function = half_square, argnums: Argnums = 0) -> Function:
    """Return the function that returns the gradient of g(f(*args)) and its Gauss-Newton product.

    The product is v -> J' H J v, where J is the Jacobian of `f`, and H the Hessian of `g` at the
    result of `f`: the Hessian product without the curvature of `f`. It is positive semi-definite
    where `g` is convex, as losses of predictions are (Schraudolph 2002).

    >>> gradient, product = ggnvp(lambda x: x**2)(np.array([1.0, 2.0]))
    >>> gradient, product(np.array([1.0, 1.0]))
    (array([ 2., 16.]), array([ 4., 16.]))

    Args:
        f: a function as for `vjp`, such as one from weights to predictions.
        g: a function of its result that returns one number; half the sum of squares by default.
        argnums: the positional argument of `f` to differentiate by, or a tuple of several.
    """
    arguments.function("g", g)

    def finish(call: Call) -> tuple[Any, Function]:
        slope, curved = hvp(g)(call.value())
        return call.pull(slope), lambda v: call.pull(curved(call.push(v)))

    return transform(f, argnums, finish)


def jacobian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function of all derivatives of all entries of `f(*args)`.

    They have the shape of the result, then that of the argument. Each entry of the result takes
    one backward pass.

    >>> jacobian(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 3.0]))
    array([[3., 0., 1.],
           [0., 3., 2.]])

    Where argument or result are nested, so is the Jacobian: first like the result.
    """

    def finish(call: Call) -> Any:
        seeds = [zeros(x) for x in call.outs]

        def rows(k: int) -> Any:
            """Return the derivatives of the k-th number or array of the result."""
            shape, others = shape_of(seeds[k]), list(seeds)
            pulled = []
            for entry in np.ndindex(shape):
                others[k] = zeros(seeds[k]) if shape else 1.0
                if shape:
                    others[k][entry] = 1.0
                pulled.append(pytree.leaves(call.pull(pytree.rebuild(call.out, others))))
            columns = (
                stacked([row[j] for row in pulled], shape, x)
                for j, x in enumerate(pytree.leaves(call.inputs))
            )
            return pytree.rebuild(call.inputs, columns)

        return call.with_aux(pytree.rebuild(call.out, map(rows, range(len(seeds)))))

    return transform(f, argnums, finish, has_aux)


def hessian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function of all second derivatives of `f`, which returns one number.

    It is the Jacobian of the gradient, in the shape of the argument, twice.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    return jacobian(grad(f, argnums, has_aux), argnums, has_aux)


def stacked(rows: list[Any], shape: Shape, x: Any) -> Any:
    """Return the gradients of all entries of a result as one array: its shape, then that of x."""
    if not shape:
        return rows[0]
    if not rows:
        return np.zeros(shape + shape_of(x))
    return manipulation.reshape(joining.stack(rows), shape + shape_of(x))


def dot(x: Any, y: Any) -> Any:
    """Return the sum of the products of all numbers in two trees of one form."""
    pairs = zip(pytree.match_leaves("x", x, y, "y"), pytree.leaves(y))
    # mutants 1: only its slope is used
    return reduce(operator.add, (array_rules.sum(a * b) for a, b in pairs), 0.0)


def zeros(x: Any) -> Any:
    """Return zeros of the shape and dtype of a result, as plain numbers."""
    data = data_of(x)
    return np.zeros_like(data) if hasattr(data, "dtype") else 0.0


def ones(x: Any) -> Any:
    data = data_of(x)
    # mutants 1: converted to float anyway
    return np.ones_like(data) if hasattr(data, "dtype") else 1.0
