"""Compare derivatives with numerical ones: for the rules here, and for those that users add."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd.core import pytree
from autograd.core.arguments import function, integer, non_negative
from autograd.core.array_libraries import as_operand
from autograd.core.modes import no_grad
from autograd.core.op import Op, data_of
from autograd.core.shapes import shape_of

from .derivatives import Call, dot, grad

STEP = 6e-6  # of central differences, relative to the argument: the cube root of float64's epsilon


class GradientCheckError(AssertionError):
    """A derivative differs from the numerical one."""

    __module__ = "autograd"  # how tracebacks and pickle name it


def check_gradients(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    seed: int = 0,
    **kwargs: Any,
) -> None:
    """Compare the derivatives of `f` at `args` with numerical ones; raise if they differ.

    The output is weighted by random numbers, and its slope in each entry of each argument is
    compared; the next order does the same with those slopes, weighted at random again.
    Numerical slopes are central differences, or complex steps (Squire & Trapp 1998) if `f` is an
    `Op` declared analytic. At a kink any slope between those on both sides passes, and where
    the function jumps, any slope at all.

    >>> import autograd as ag
    >>> ag.check_gradients(lambda x, y: ag.sin(x) * y, 0.5, np.array([1.0, 2.0]))

    Args:
        f: a function of floats and arrays, also nested in lists, tuples and dicts.
        args: where to check, in float64; an `int` is one too. Keyword arguments are passed through.
            Nodes in the function's closure, such as a model's parameters, are constants.
        order: the highest order of derivative to check.
        rtol, atol: the largest difference that passes, relative and absolute.
        seed: of the random weights.

    Raises:
        GradientCheckError: naming order, argument and entry, with both numbers.
        TypeError: an argument is not in float64: numerical slopes need the precision.
    """
    function("f", f)
    order = integer("order", order, at_least=1)
    rtol, atol = non_negative("rtol", rtol), non_negative("atol", atol)
    args = pytree.map_leaves(as_checked, args)
    for x in pytree.leaves(args):
        if type(x) is not float and getattr(x, "dtype", None) != np.float64:
            what = getattr(x, "dtype", type(x).__name__)
            raise TypeError(f"check_gradients() needs float64 numbers, but got {what}: {x!r}")
    rng = np.random.default_rng(seed)
    argnums = tuple(range(len(args)))
    call = Call(f, argnums, args, kwargs)
    weights = random_like(call.out, rng)
    given = pytree.map_leaves(np.copy, weights)
    with shape_errors_as_failures(1):
        call.pull(weights)
    if not all(map(np.array_equal, pytree.leaves(weights), pytree.leaves(given))):
        raise GradientCheckError("order 1: a rule changed the gradient that it was given")

    scalar = weighted(f, given, kwargs)
    exact = weighted(f.forward, given, kwargs) if isinstance(f, Op) and f.analytic else None
    for n in range(1, order + 1):
        gradient = grad(scalar, argnums)
        with shape_errors_as_failures(n):
            found = gradient(*args)
        for k, g in enumerate(pytree.leaves(found)):
            for entry in np.ndindex(shape_of(g)):
                section = Section(exact or scalar, args, k, entry)
                slope = section.complex_slope() if exact else section.slope()
                value = float(np.asarray(g)[entry])
                slack = atol + rtol * max(abs(slope), abs(value))
                if abs(value - slope) <= slack < np.inf:
                    continue
                low, high = (slope, slope) if exact else section.slopes_at_kink()
                if not low - slack <= value <= high + slack:
                    raise GradientCheckError(report(n, args, k, entry, value, low, high))
        scalar, exact = weighted(gradient, random_like(args, rng), {}), None


def as_checked(x: Any) -> Any:
    """Return an argument as plain numbers, and an integer as a float."""
    x = as_operand(data_of(x))
    return float(x) if isinstance(x, (int, np.integer)) and not isinstance(x, bool) else x


def weighted(f: Callable[..., Any], weights: Any, kwargs: dict[str, Any]) -> Callable[..., Any]:
    """Return the function that gives the sum of f's results, each times its weight."""
    return lambda *args: dot(weights, f(*args, **kwargs))


class Section:
    """A scalar function of one entry of the k-th leaf of `args`, by the change of that entry."""

    def __init__(self, f: Callable[..., Any], args: Any, k: int, entry: tuple[int, ...]) -> None:
        self.f, self.args, self.k, self.entry = f, args, k, entry
        self.leaves = pytree.leaves(args)
        self.step = STEP * max(1.0, abs(float(np.asarray(self.leaves[k])[entry])))

    def __call__(self, h: complex) -> Any:
        moved = list(self.leaves)
        if shape_of(moved[self.k]) == ():
            moved[self.k] = moved[self.k] + h
        else:
            moved[self.k] = moved[self.k].astype(type(h))
            moved[self.k][self.entry] += h
        with no_grad():  # nodes in the function's closure are constants
            return data_of(self.f(*pytree.rebuild(self.args, moved)))

    def complex_slope(self) -> float:
        return float(np.imag(self(1e-30j))) / 1e-30

    def slope(self) -> float:
        """Return the central difference."""
        return float(self(self.step) - self(-self.step)) / (2 * self.step)

    def slopes_at_kink(self) -> tuple[float, float]:
        """Return the slopes on the left and on the right, lower first, if they differ.

        At a smaller step, they differ less if the function is curved, as much at a kink, and more
        at a jump, where any slope passes.
        """

        def sides(h: float) -> tuple[float, float]:
            here = self(0.0)
            left, right = float(here - self(-h)) / h, float(self(h) - here) / h
            return min(left, right), max(left, right)

        low, high = sides(self.step)
        near_low, near_high = sides(self.step / 16)
        gap, near_gap = high - low, near_high - near_low
        far, near = max(abs(low), abs(high)), max(abs(near_low), abs(near_high))
        noise = 1e-6 * abs(float(self(0.0))) + 1e-6
        if near > 8 * far + noise:
            return -np.inf, np.inf
        if near_gap > gap / 2 and near_gap > 1e-3 * near + noise:
            return near_low, near_high
        slope = self.slope()
        return slope, slope


def report(
    order: int, args: Any, k: int, entry: tuple[int, ...], value: float, low: float, high: float
) -> str:
    """Return the message: which entry is wrong, and by how much."""
    counts = [len(pytree.leaves(arg)) for arg in args]
    i, leaf = [(i, leaf) for i, count in enumerate(counts) for leaf in range(count)][k]
    where = f"argument {i}" + (f", leaf {leaf}" if counts[i] > 1 else "")
    where += f", entry {entry}" if entry else ""
    wanted = f"{low:.10g}" if low == high else f"between {low:.10g} and {high:.10g}"
    return (
        f"order {order}, {where}: the derivative is {value:.10g}, but numerically it is {wanted} "
        f"(off by {min(abs(value - low), abs(value - high)):.3g})"
    )


def random_like(x: Any, rng: np.random.Generator) -> Any:
    """Return random weights in the form of `x`; none is near zero, which would hide an error."""

    def draw(x: Any) -> Any:
        shape = shape_of(x)
        weights = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
        return weights if hasattr(x, "dtype") else float(weights)

    return pytree.map_leaves(draw, x)


@contextmanager
def shape_errors_as_failures(order: int) -> Iterator[None]:
    """Raise the error of a gradient of the wrong shape as a failed check."""
    try:
        yield
    except ValueError as error:
        raise GradientCheckError(f"order {order}: {error}") from error
