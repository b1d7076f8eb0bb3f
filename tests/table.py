"""The table that drives the tests of every primitive and public function.

A case names a function, where to try it, and what NumPy says it is. The same cases test values,
first and second derivatives, dtypes, shapes, and that `Value`, `Tensor` and plain numbers agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mpmath
import numpy as np

import autograd as ag
from autograd.core import array_rules, matrix_rules, rules
from autograd.core.op import Op
from autograd.numpy_api.statistics import PLACES

TABLE = {
    name: op for place in (rules, array_rules, matrix_rules) for name, op in vars(place).items()
    if isinstance(op, Op)
}  # fmt: skip
"""All rows, by name."""

rng = np.random.default_rng(0)


@dataclass(frozen=True)
class Case:
    """`f(*args, **kwargs)` should be `reference(*args, **kwargs)`."""

    f: Callable[..., Any]
    reference: Callable[..., Any] | None
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    elementwise: bool = False
    covers: tuple[Any, ...] = ()  # what else this case tests: a row that only a wrapper calls

    def __str__(self) -> str:
        name = self.name or getattr(self.f, "name", None) or getattr(self.f, "__name__", "?")
        shapes = ",".join(str(np.shape(x)).replace(" ", "") for x in self.args)
        # A function by its name: its address is another one in every process.
        kwargs = {k: getattr(v, "__name__", v) for k, v in self.kwargs.items()}
        options = ",".join(f"{k}={v}" for k, v in kwargs.items())
        return f"{name}[{shapes}{';' if options else ''}{options}]"


def between(low: float, high: float, *shape: int) -> np.ndarray:
    return rng.uniform(low, high, shape)


def apart(*shape: int) -> np.ndarray:
    """Numbers that are nowhere close to one another, nor to zero."""
    n = int(np.prod(shape))
    return (rng.permutation(n) - n / 2 + 0.3).reshape(shape)


def elementwise(
    f: Callable[..., Any], reference: Callable[..., Any], *domains: tuple[float, float]
) -> list[Case]:
    """A function of one number or several: on arrays, broadcast, and on floats."""
    shapes = [[(2, 3)], [()]] if len(domains) == 1 else [[(2, 3), (3,)], [(2, 1), (3,)], [(), ()]]
    return [
        Case(f, reference, tuple(between(*d, *s) for d, s in zip(domains, row)), elementwise=True)
        for row in shapes
    ]


REAL, POSITIVE, NEGATIVE = (-2.0, 2.0), (0.3, 2.0), (-2.0, -0.3)
UNIT, ABOVE = (-0.9, 0.9), (1.1, 2.0)


def shaped(f: Callable[..., Any], reference: Callable[..., Any], *calls: Any) -> list[Case]:
    """A function that only moves entries: `calls` are pairs of a shape and options."""
    return [Case(f, reference, (apart(*shape),), options) for shape, options in calls]


def joined(name: str, *shapes: tuple[int, ...], module: Any = ag, **options: Any) -> Case:
    """A function of a list of arrays."""
    f, reference = getattr(module, name), getattr(np, name)
    return Case(
        lambda *xs: f(xs, **options),
        lambda *xs: reference(xs, **options),
        tuple(apart(*s) for s in shapes),
        name=f"{name} {options or ''}",
        covers=(f,),
    )


def together(name: str, *shapes: tuple[int, ...], **options: Any) -> Case:
    """A function of arrays that gives one for each: their sums, weighted."""
    f, reference = getattr(ag, name), getattr(np, name)
    weigh = lambda parts: sum(((i + 1.0) * part).sum(0) for i, part in enumerate(parts))
    return Case(
        lambda *xs: weigh(f(*xs, **options)),
        lambda *xs: weigh(reference(*xs, **options)),
        tuple(apart(*s) for s in shapes),
        name=f"{name} {options or ''}",
        covers=(f,),
    )


def parted(name: str, shape: tuple[int, ...], *args: Any) -> Case:
    """A function that gives a list of arrays: of their sums, weighted."""
    f, reference = getattr(ag, name), getattr(np, name)
    weigh = lambda parts: sum((i + 1.0) * part.sum() for i, part in enumerate(parts))
    return Case(
        lambda x: weigh(f(x, *args)),
        lambda x: weigh(reference(x, *args)),
        (apart(*shape),),
        name=f"{name} {args}",
        covers=(f,),
    )


def matrices(*stack: int, n: int = 3) -> np.ndarray:
    """Matrices far from singular."""
    return between(-1, 1, *stack, n, n) + 3 * np.eye(n)


def products(f: Callable[..., Any], *pairs: Any, **options: Any) -> list[Case]:
    reference = getattr(np, f.__name__)
    return [Case(f, reference, tuple(between(*REAL, *s) for s in pair), options) for pair in pairs]


def cofactors_along(x: Any, direction: Any) -> Any:
    """The derivative of det(x) x^-T, of regular matrices, along one direction."""
    det = np.linalg.det(x)[..., None, None]
    cofactors = det * np.swapaxes(np.linalg.inv(x), -1, -2)
    inner = np.sum(cofactors * direction, axis=(-2, -1))[..., None, None]
    return (inner * cofactors - cofactors @ np.swapaxes(direction, -1, -2) @ cofactors) / det


def solved(name: str, *args: np.ndarray, parts: Any = None, of: Any = None, **options: Any) -> Any:
    """Yield a case for each of these parts of a function of linalg; of a single result, for it.

    `of` makes what it is applied to from the argument, such as a symmetric matrix.
    """
    ours, numpys = getattr(ag.linalg, name), getattr(np.linalg, name)

    def part(f: Callable[..., Any], i: Any) -> Callable[..., Any]:
        def called(x: Any, *rest: Any) -> Any:
            out = f(of(x) if of else x, *rest, **options)
            return out if i is None else out[i]

        return called

    for i in (None,) if parts is None else parts:
        label = f"{name} {options or ''} {'' if i is None else i}"
        yield Case(part(ours, i), part(numpys, i), args, name=label, covers=(ours,))


def packed(parts: Any) -> Any:
    """The parts of a decomposition as the rows of one array, as rows of the table have them."""
    first, *rest = parts
    return np.concatenate([first.T, *(x[:, None] if x.ndim == 1 else x for x in rest)], 1)


def symmetric(x: Any) -> Any:
    return x + ag.swapaxes(x, -1, -2)


def definite(x: Any) -> Any:
    return x @ ag.swapaxes(x, -1, -2)


def erf(x: Any) -> Any:
    return np.vectorize(math.erf)(x)


def erfc(x: Any) -> Any:
    return np.vectorize(math.erfc)(x)


def by_mpmath(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of mpmath, of floats and arrays."""
    each = np.vectorize(lambda x: float(f(x)), otypes=[float])
    return lambda x: each(x)


def normal(x: Any) -> Any:
    return 0.5 * (1 + erf(x / math.sqrt(2)))


def by_place(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that takes its options by place, as NumPy 2.0 has other names for some of them."""
    return lambda *args, **options: f(*args, *options.values())


def cumulative(name: str) -> Callable[..., Any]:
    """The scan as NumPy names it since 2.1."""

    def reference(x: Any, axis: int = 0, include_initial: bool = False) -> Any:
        x = getattr(np, f"cum{name}")(x, axis)
        start = np.full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), float(name == "prod"))
        return np.concatenate([start, x], axis) if include_initial else x

    return reference


def of_some_nan(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function of an array in which large entries are made nan."""
    return lambda x, **options: f(ag.where(x < 4.0, x, np.nan), **options)


MASK = np.array([[True, False, True], [True, True, False]])

CASES: list[Case] = [
    # arithmetic
    *elementwise(ag.add, np.add, REAL, REAL),
    *elementwise(ag.subtract, np.subtract, REAL, REAL),
    *elementwise(ag.multiply, np.multiply, REAL, REAL),
    *elementwise(ag.divide, np.divide, REAL, POSITIVE),
    *elementwise(ag.power, np.power, POSITIVE, REAL),
    *elementwise(ag.negative, np.negative, REAL),
    *elementwise(ag.mod, np.mod, (5.1, 5.4), (2.1, 2.3)),
    *elementwise(ag.mod, np.mod, (-5.4, -5.1), (2.1, 2.3)),
    *elementwise(ag.floor_divide, np.floor_divide, (5.1, 5.4), (2.1, 2.3)),
    *elementwise(ag.fmod, np.fmod, (5.1, 5.4), (2.1, 2.3)),
    *elementwise(ag.fmod, np.fmod, (-5.4, -5.1), (2.1, 2.3)),
    *elementwise(ag.float_power, np.float_power, POSITIVE, REAL),
    *elementwise(ag.square, np.square, REAL),
    *elementwise(ag.reciprocal, np.reciprocal, POSITIVE),
    # elementary functions
    *elementwise(ag.exp, np.exp, REAL),
    *elementwise(ag.exp2, np.exp2, REAL),
    *elementwise(ag.expm1, np.expm1, REAL),
    *elementwise(ag.log, np.log, POSITIVE),
    *elementwise(ag.log2, np.log2, POSITIVE),
    *elementwise(ag.log10, np.log10, POSITIVE),
    *elementwise(ag.log1p, np.log1p, POSITIVE),
    *elementwise(ag.sqrt, np.sqrt, POSITIVE),
    Case(rules.flat_root, np.sqrt, (np.array([[0.4, 1.0], [2.5, 9.0]]),), elementwise=True),
    Case(rules.flat_root, np.sqrt, (np.array(1.7),), elementwise=True),
    *elementwise(ag.cbrt, np.cbrt, POSITIVE),
    *elementwise(ag.cbrt, np.cbrt, NEGATIVE),
    *elementwise(ag.sin, np.sin, REAL),
    *elementwise(ag.cos, np.cos, REAL),
    *elementwise(ag.tan, np.tan, UNIT),
    *elementwise(ag.arcsin, np.arcsin, UNIT),
    *elementwise(ag.arccos, np.arccos, UNIT),
    *elementwise(ag.arctan, np.arctan, REAL),
    *elementwise(ag.sinh, np.sinh, REAL),
    *elementwise(ag.cosh, np.cosh, REAL),
    *elementwise(ag.tanh, np.tanh, REAL),
    *elementwise(ag.arcsinh, np.arcsinh, REAL),
    *elementwise(ag.arccosh, np.arccosh, ABOVE),
    *elementwise(ag.arctanh, np.arctanh, UNIT),
    *elementwise(ag.sinc, np.sinc, UNIT),
    *elementwise(ag.sinc, np.sinc, (1.1, 9.0)),
    *elementwise(ag.sinc, np.sinc, (-3.0, -1.1)),
    Case(ag.sinc, np.sinc, (np.array([0.0, 1.0, -1.0]),), covers=(rules.sinc,)),
    *elementwise(ag.erf, erf, REAL),
    *elementwise(ag.erf, erf, (2.0, 8.0)),
    *elementwise(ag.erfc, erfc, REAL),
    *elementwise(ag.erfc, erfc, (2.0, 8.0)),
    *(
        case
        for domain in ((0.3, 2.0), (3.0, 30.0), (-0.9, -0.6), (-4.4, -4.3))
        for f, reference in (
            (ag.lgamma, lambda x: mpmath.log(abs(mpmath.gamma(x)))),
            (ag.digamma, lambda x: mpmath.psi(0, x)),
        )
        for case in elementwise(f, by_mpmath(reference), domain)
    ),
    *(
        Case(lambda x, n=n: ag.polygamma(n, x), by_mpmath(lambda x, n=n: mpmath.psi(n, x)),
             (np.array([0.2, 1.5, 40.0, -0.4, -2.7]),), name=f"polygamma {n}",
             covers=(ag.polygamma, rules.polygamma))
        for n in (0, 1, 2, 5)
    ),
    *elementwise(ag.erfinv, by_mpmath(mpmath.erfinv), UNIT),
    *elementwise(ag.logit, by_mpmath(lambda x: mpmath.log(x) - mpmath.log(1 - x)), (0.02, 0.98)),
    Case(ag.logit, lambda x, eps: np.log([9.0, 1.5, 0.25]), (np.array([1.5, 0.6, 0.2]),),
         {"eps": 0.1}, covers=(rules.logit,)),
    # secant and its kin
    *(
        case
        for name, domains in {
            "sec": [(-1.4, 1.4), (1.7, 4.0)], "sech": [REAL],
            "csc": [POSITIVE, NEGATIVE], "csch": [POSITIVE, NEGATIVE],
            "cot": [POSITIVE, NEGATIVE], "coth": [POSITIVE, NEGATIVE],
            "asec": [ABOVE, (-9.0, -1.1)], "asech": [(0.1, 0.9)],
            "acsc": [ABOVE, (-9.0, -1.1)], "acsch": [POSITIVE, NEGATIVE, (3.0, 9.0)],
            "acot": [POSITIVE, NEGATIVE], "acoth": [ABOVE, (-9.0, -1.1)],
        }.items()
        for domain in domains
        for case in elementwise(
            getattr(ag, f"arc{name[1:]}" if name[0] == "a" else name),
            by_mpmath(getattr(mpmath, name)), domain,
        )
    ),
    *elementwise(ag.sigmoid, lambda x: 1 / (1 + np.exp(-x)), REAL),
    *elementwise(ag.deg2rad, np.deg2rad, REAL),
    *elementwise(ag.rad2deg, np.rad2deg, REAL),
    *elementwise(ag.hypot, np.hypot, REAL, REAL),
    *elementwise(ag.arctan2, np.arctan2, REAL, REAL),
    *elementwise(ag.logaddexp, np.logaddexp, REAL, REAL),
    *elementwise(ag.logaddexp2, np.logaddexp2, REAL, REAL),
    *elementwise(ag.xlogy, lambda x, y: x * np.log(y), REAL, POSITIVE),
    *elementwise(rules.sech2, lambda x: 1 / np.cosh(x) ** 2, REAL),
    *elementwise(rules.logistic_density, lambda x: 0.25 / np.cosh(x / 2) ** 2, REAL),
    *elementwise(rules.one_minus_square, lambda x: 1 - x**2, REAL),
    *elementwise(rules.cosine, lambda x, y: x / np.sqrt(x**2 + y**2), REAL, REAL),
    # kinks
    *elementwise(ag.abs, np.abs, POSITIVE),
    *elementwise(ag.abs, np.abs, NEGATIVE),
    *elementwise(ag.fabs, np.fabs, NEGATIVE),
    *elementwise(ag.copysign, np.copysign, NEGATIVE, POSITIVE),
    *elementwise(ag.copysign, np.copysign, POSITIVE, NEGATIVE),
    *elementwise(ag.copysign, np.copysign, NEGATIVE, NEGATIVE),
    *elementwise(ag.heaviside, np.heaviside, POSITIVE, REAL),
    *(
        Case(lambda y, x=x: ag.heaviside(x, y), lambda y, x=x: np.heaviside(x, y),
             (between(*REAL, *shape),), name=f"heaviside of {x}", elementwise=not shape,
             covers=(ag.heaviside,))
        for x, shape in ((0.0, ()),)
    ),
    Case(lambda y: ag.heaviside(ag.concatenate([0.0 * y, 0.0 * y], 1), y),
         lambda y: np.heaviside(np.concatenate([0.0 * y, 0.0 * y], 1), y),
         (between(*REAL, 2, 1),), name="heaviside of zeros", covers=(ag.heaviside,)),
    *elementwise(ag.heaviside, np.heaviside, NEGATIVE, REAL),
    *elementwise(ag.sign, np.sign, POSITIVE),
    *elementwise(ag.floor, np.floor, (1.1, 1.9)),
    *elementwise(ag.ceil, np.ceil, (-1.9, -1.1)),
    *elementwise(ag.trunc, np.trunc, (-1.9, -1.1)),
    *elementwise(ag.fix, np.fix, (-1.9, -1.1)),
    *elementwise(ag.round, np.round, (1.6, 2.4)),
    *elementwise(ag.rint, np.rint, (1.6, 2.4)),
    *(Case(lambda x, i=i: ag.modf(x)[i], lambda x, i=i: np.modf(x)[i], (between(-1.9, -1.1, 3),),
           name="modf", covers=(ag.modf,)) for i in (0, 1)),
    Case(ag.round, np.round, (np.array([1.23, -4.56]),), {"decimals": 1}, covers=(rules.round,)),
    *elementwise(ag.maximum, np.maximum, REAL, REAL),
    *elementwise(ag.maximum, np.maximum, POSITIVE, NEGATIVE),
    *elementwise(ag.maximum, np.maximum, NEGATIVE, POSITIVE),
    *elementwise(ag.minimum, np.minimum, REAL, REAL),
    *elementwise(ag.minimum, np.minimum, POSITIVE, NEGATIVE),
    *elementwise(ag.minimum, np.minimum, NEGATIVE, POSITIVE),
    *elementwise(ag.fmax, np.fmax, REAL, REAL),
    *elementwise(ag.fmin, np.fmin, REAL, REAL),
    *elementwise(ag.nan_to_num, np.nan_to_num, REAL),
    Case(ag.clip, by_place(np.clip), (apart(5),), {"min": -1.0, "max": 1.0}),
    Case(ag.clip, by_place(np.clip), (apart(5),), {"min": None, "max": 0.5}),
    Case(ag.clip, np.clip, (apart(5), np.full(5, -1.0), np.array([-3.0, 2, 2, 2, -1]))),
    Case(ag.where, np.where,
         (np.array([True, False, True]), between(*REAL, 3), between(*REAL, 2, 1)),
         covers=(rules.where,)),
    Case(lambda x: ag.where(x > 0, x * x, x), lambda x: np.where(x > 0, x * x, x), (apart(4),),
         name="where"),
    # activations
    *(
        case
        for f, reference in (
            (ag.relu, lambda x: np.maximum(x, 0)),
            (ag.leaky_relu, lambda x: np.where(x > 0, x, 0.01 * x)),
            (ag.elu, lambda x: np.where(x > 0, x, np.expm1(x))),
            (ag.selu, lambda x: 1.05070098735548
             * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))),
            (ag.gelu, lambda x: x * normal(x)),
            (ag.silu, lambda x: x / (1 + np.exp(-x))),
            (ag.softplus, lambda x: np.log1p(np.exp(x))),
            (ag.logsigmoid, lambda x: -np.log1p(np.exp(-x))),
            (ag.softsign, lambda x: x / (1 + np.abs(x))),
            (ag.hardtanh, lambda x: np.clip(x, -1, 1)),
            (ag.relu6, lambda x: np.clip(x, 0, 6)),
            (ag.hardsigmoid, lambda x: np.clip(x / 6 + 0.5, 0, 1)),
            (ag.hardswish, lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
            (ag.celu, lambda x: np.where(x > 0, x, np.expm1(x))),
        )
        for domain in (POSITIVE, NEGATIVE, (1.5, 2.0))
        for case in elementwise(f, reference, domain)
    ),
    *(  # away from the minimum at -1.19, where the terms of the slope cancel
        case
        for domain in (POSITIVE, (-0.9, -0.3), (-2.0, -1.5))
        for case in elementwise(ag.mish, lambda x: x * np.tanh(np.log1p(np.exp(x))), domain)
    ),
    Case(ag.relu6, lambda x: np.clip(x, 0, 6), (np.array([-8.0, 3.0, 9.0]),)),
    Case(ag.hardsigmoid, lambda x: np.array([0.0, 0.0, 1.0, 1.0]),
         (np.array([-8.0, -3.1, 3.1, 8.0]),)),
    Case(ag.hardswish, lambda x: np.maximum(x, 0), (np.array([-8.0, -3.1, 3.1, 8.0]),)),
    Case(ag.celu, lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x / alpha)), (apart(5),),
         {"alpha": 2.5}),
    Case(ag.glu, lambda x: x[:, :2] / (1 + np.exp(-x[:, 2:])), (apart(3, 4),)),
    Case(ag.glu, lambda x, axis: x[:1] / (1 + np.exp(-x[1:])), (apart(2, 3),), {"axis": 0}),
    Case(ag.gelu, lambda x, approximate: 0.5 * x
         * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))), (apart(3),),
         {"approximate": "tanh"}),
    # shapes
    *shaped(ag.reshape, by_place(np.reshape),
            ((2, 3), {"shape": (3, 2)}), ((2, 3), {"shape": -1})),
    Case(lambda x: ag.reshape(x, (4, 3), "F"), lambda x: np.reshape(x, (4, 3), "F"),
         (apart(2, 3, 2),), name="reshape F"),
    *shaped(ag.ravel, np.ravel, ((2, 3), {})),
    Case(lambda x: ag.astype(x, x.dtype), lambda x: x, (apart(3),), name="astype of ag",
         covers=(ag.astype,)),
    *shaped(ag.expand_dims, np.expand_dims, ((2, 3), {"axis": (0, -1)}), ((2,), {"axis": 1})),
    *shaped(ag.squeeze, np.squeeze, ((1, 3, 1), {}), ((1, 3, 1), {"axis": -1})),
    *shaped(ag.transpose, np.transpose, ((2, 3, 4), {"axes": (1, 2, 0)}), ((2, 3), {}),
            ((2, 3, 4), {"axes": (-1, 0, 1)})),
    *shaped(ag.swapaxes, np.swapaxes, ((2, 3, 4), {"axis1": 0, "axis2": -1})),
    *shaped(ag.moveaxis, np.moveaxis, ((2, 3, 4), {"source": 0, "destination": -1}),
            ((2, 3, 4), {"source": (0, 1), "destination": (-1, 0)})),
    *shaped(ag.rollaxis, np.rollaxis,
            ((2, 3, 4), {"axis": 2}), ((2, 3, 4), {"axis": 0, "start": 3})),
    *shaped(ag.broadcast_to, np.broadcast_to, ((2, 1), {"shape": (3, 2, 4)}), ((), {"shape": 3})),
    *shaped(ag.flip, np.flip, ((2, 3), {}), ((2, 3), {"axis": 1}), ((2, 3), {"axis": (0, -1)})),
    *shaped(ag.flipud, np.flipud, ((2, 3), {})),
    *shaped(ag.fliplr, np.fliplr, ((2, 3), {})),
    *shaped(ag.roll, np.roll, ((2, 3), {"shift": 1}), ((2, 3), {"shift": (1, -1), "axis": (0, 1)})),
    *shaped(ag.rot90, np.rot90, ((2, 3), {}), ((2, 3, 4), {"k": 3, "axes": (1, 2)})),
    *shaped(ag.repeat, np.repeat, ((2, 3), {"repeats": 2}),
            ((2, 3), {"repeats": [1, 0, 2], "axis": 1})),
    *shaped(ag.tile, np.tile, ((2, 3), {"reps": 2}), ((3,), {"reps": (2, 1, 2)})),
    *shaped(ag.pad, np.pad, ((2, 3), {"pad_width": 1}), ((2, 3), {"pad_width": ((1, 0), (2, 1))}),
            ((2, 3), {"pad_width": (1, 2), "constant_values": ((7, -1), (0, 2))}),
            ((3,), {"pad_width": (1, 2), "mode": "edge"}),
            ((2, 3), {"pad_width": 1, "mode": "reflect"}),
            ((3,), {"pad_width": 2, "mode": "wrap"}),
            ((3,), {"pad_width": 2, "mode": "symmetric"}),
            ((3,), {"pad_width": 1, "constant_values": 7.0}),
            ((3, 2), {"pad_width": (1, 2), "mode": "maximum"}),
            ((3, 2), {"pad_width": 1, "mode": "minimum", "stat_length": (1, 2)}),
            ((2, 3), {"pad_width": (2, 1), "mode": "mean", "stat_length": 2}),
            ((2, 3), {"pad_width": (2, 3), "mode": "linear_ramp", "end_values": (4, -5)})),
    Case(ag.pad, np.pad, (apart(3, 2),), {"pad_width": 1, "mode": "median"}, "median pad"),
    *shaped(ag.atleast_1d, np.atleast_1d, ((), {}), ((2,), {})),
    *shaped(ag.atleast_2d, np.atleast_2d, ((), {}), ((2,), {}), ((1, 2, 1), {})),
    *shaped(ag.atleast_3d, np.atleast_3d, ((), {}), ((2,), {}), ((2, 3), {}), ((1, 2, 1), {})),
    *shaped(ag.diagonal, np.diagonal, ((3, 4), {}),
            ((2, 3, 4), {"offset": 1, "axis1": 1, "axis2": 2})),
    *shaped(ag.diag, np.diag, ((3, 4), {"k": -1}), ((3,), {}), ((3,), {"k": 2}), ((2,), {"k": -1})),
    *shaped(ag.triu, np.triu, ((3, 4), {}), ((2, 3, 3), {"k": 1})),
    *shaped(ag.tril, np.tril, ((3, 4), {}), ((2, 3, 3), {"k": -1})),
    *shaped(ag.delete, np.delete, ((4,), {"obj": [0, 2]}), ((2, 3), {"obj": -1, "axis": 1})),
    *shaped(ag.resize, np.resize, ((2, 3), {"new_shape": (2, 4)}), ((4,), {"new_shape": 3})),
    *shaped(ag.diagflat, np.diagflat, ((2, 2), {"k": 1}), ((3,), {})),
    Case(lambda x: ag.full_like(x, x[0]), lambda x: np.full_like(x, x[0]), (apart(2, 3),),
         name="full_like", covers=(ag.full_like,)),
    Case(lambda x: ag.full((2, 3), x), lambda x: x + np.zeros((2, 3)), (apart(2, 1),), name="full",
         covers=(ag.full,)),
    Case(lambda x: ag.trim_zeros(ag.pad(x, 2)), lambda x: x, (apart(3),), name="trim_zeros",
         covers=(ag.trim_zeros,)),
    Case(lambda x: ag.compress([True, False, True], x, 1),
         lambda x: np.compress([True, False, True], x, 1), (apart(2, 3),), name="compress",
         covers=(ag.compress,)),
    Case(lambda x: ag.extract([[1, 0, 1]], x), lambda x: np.extract([[1, 0, 1]], x),
         (apart(1, 3),), name="extract", covers=(ag.extract,)),
    Case(ag.unique, np.unique, (apart(2, 3),)),
    Case(lambda w: ag.bincount([0, 2, 0], w, 4), lambda w: np.bincount([0, 2, 0], w, 4),
         (apart(3),), name="bincount", covers=(ag.bincount,)),
    *(
        together(name, *shapes, **options)
        for name, options, *shapes in (
            ("broadcast_arrays", {}, (2, 1), (3,), ()), ("meshgrid", {}, (2,), (3,), (1,)),
            ("meshgrid", {"indexing": "ij"}, (2,), (3,)),
            ("meshgrid", {"sparse": True}, (2,), (3,)),
        )
    ),
    Case(ag.append, np.append, (apart(2, 2), apart(3))),
    Case(ag.append, np.append, (apart(2, 2), apart(1, 2)), {"axis": 0}),
    Case(lambda x, y: ag.insert(x, [1, 0], y), lambda x, y: np.insert(x, [1, 0], y),
         (apart(2, 2), apart(2)), name="insert", covers=(ag.insert,)),
    Case(lambda x, y: ag.insert(x, 1, y, 1), lambda x, y: np.insert(x, 1, y, 1),
         (apart(2, 2), apart(2)), name="insert"),
    Case(lambda x, y, z: ag.block([[x, y], [z]]), lambda x, y, z: np.block([[x, y], [z]]),
         (apart(2, 2), apart(2, 1), apart(3)), name="block", covers=(ag.block,)),
    Case(lambda x, y: ag.select([x > 0, x < 1], [x, y]),
         lambda x, y: np.select([x > 0, x < 1], [x, y]), (apart(2), apart(2)),
         name="select", covers=(ag.select,)),
    Case(lambda x, y: ag.choose([[1, 0], [0, 1]], [x, y]),
         lambda x, y: np.choose([[1, 0], [0, 1]], [x, y]), (apart(2), apart(2, 1)), name="choose",
         covers=(ag.choose,)),
    joined("concatenate", (2, 1), (2, 3), axis=1),
    joined("concatenate", (2, 1), (3,), axis=None),
    joined("stack", (2, 3), (2, 3), axis=-1),
    joined("vstack", (3,), (2, 3)),
    joined("hstack", (2, 1), (2, 3)),
    joined("hstack", (2,), (3,)),
    joined("dstack", (2, 3), (2, 3)),
    joined("column_stack", (2,), (2, 3)),
    parted("split", (6, 2), 3),
    parted("split", (6, 2), [1, 4]),
    parted("array_split", (7, 2), 3),
    parted("array_split", (2, 7), 3, -1),
    parted("hsplit", (2, 4), 2),
    parted("hsplit", (4,), 2),
    parted("vsplit", (4, 2), [1]),
    parted("dsplit", (2, 1, 4), [3, 1]),
    Case(lambda x: ag.unstack(x, axis=1)[2], lambda x: x[:, 2], (apart(2, 3),), name="unstack",
         covers=(ag.unstack,)),
    # signals
    *(
        Case(lambda *xs, options=options: ag.interp(*xs, **options),
             lambda *xs, options=options: np.interp(*xs, **options),
             (between(-1, 6, 3, 3), np.array([0.0, 1, 3, 4.5]), apart(4)), name=f"{name} {options}",
             covers=(ag.interp,))
        for name, options in (
            ("interp", {}), ("interp", {"left": 2, "right": -3.5}), ("periodic", {"period": 3.3}),
        )
    ),
    *(Case(f, reference, (between(*REAL, n), between(*REAL, m)), {"mode": mode})
      for f, reference in ((ag.convolve, np.convolve), (ag.correlate, np.correlate))
      for mode in ("full", "same", "valid") for n, m in ((5, 2), (3, 4))),
    Case(lambda f, x: ag.gradient(f, x, axis=0), lambda f, x: np.gradient(f, x, axis=0),
         (apart(4, 2), np.array([0.0, 1.0, 3.0, 3.5])), name="gradient", covers=(ag.gradient,)),
    Case(lambda f, x: ag.gradient(f, x, axis=-1, edge_order=2),
         lambda f, x: np.gradient(f, x, axis=-1, edge_order=2),
         (apart(2, 4), np.array([0.0, 1.0, 3.0, 3.5])), name="gradient"),
    Case(lambda f, h: ag.gradient(f, h, 2.0, edge_order=2)[0],
         lambda f, h: np.gradient(f, h, 2.0, edge_order=2)[0], (apart(3, 4), np.array(0.7)),
         name="gradient"),
    Case(lambda f, h: ag.gradient(f, h)[1], lambda f, h: np.gradient(f, h)[1],
         (apart(3, 4), np.array(0.7)), name="gradient"),
    Case(ag.ediff1d, np.ediff1d, (apart(2, 2), apart(2), apart(1))),
    Case(lambda x, y: ag.linspace(x, y, 4, axis=1), lambda x, y: np.linspace(x, y, 4, axis=1),
         (apart(2), apart(3, 1)), name="linspace", covers=(ag.linspace,)),
    Case(lambda x, y: ag.linspace(x, y, 4, False), lambda x, y: np.linspace(x, y, 4, False),
         (apart(), apart()), name="linspace"),
    Case(lambda x, y: ag.logspace(x, y, 3), lambda x, y: np.logspace(x, y, 3),
         (apart(2), apart(2)), name="logspace", covers=(ag.logspace,)),
    Case(lambda x, y: ag.geomspace(x, y, 4), lambda x, y: np.geomspace(x, y, 4),
         (between(*NEGATIVE, 2), between(*NEGATIVE, 2)), name="geomspace", covers=(ag.geomspace,)),
    Case(ag.polyval, np.polyval, (apart(3), apart(2, 2))),
    Case(ag.vander, np.vander, (between(*POSITIVE, 3),)),
    Case(ag.vander, np.vander, (between(*POSITIVE, 3),), {"N": 2, "increasing": True}),
    Case(array_rules.sum_to, lambda x, shape: x.sum((0, 2), keepdims=True)[0], (apart(3, 2, 4),),
         {"shape": (2, 1)}),
    Case(array_rules.scatter_add, lambda g, index, shape: np.array([g[1], 0.0, g[0] + g[2]]),
         (apart(3),),
         {"index": np.array([2, 0, 2]), "shape": (3,)}),
    Case(rules.astype, lambda x, dtype: x, (apart(3),), {"dtype": np.dtype(float)}),
    Case(rules.to, lambda x, make: x, (apart(3),), {"make": lambda x: x.copy()}, name="to"),
    Case(rules.item, float, (np.array(2.5),)),
    Case(rules.alias, lambda x: x, (apart(2),)),
    # indexing
    *(
        Case(lambda x, i=i: x[i], None, (apart(3, 4),), name=f"getitem {i}",
             covers=(array_rules.getitem,))
        for i in (
            1, -1, slice(1, None), (slice(None, None, -1), 2), (..., 1), (None, 1, None),
            np.array([0, 0, 2]), ([0, 0, 2], [1, 1, -1]), (slice(1), np.array([3, 3])),
            np.arange(12).reshape(3, 4) % 2 == 0, (np.array([True, False, True]), 1),
            (np.array([[0], [2]]), np.array([1, 1])),
        )
    ),
    *shaped(ag.take, np.take, ((3, 4), {"indices": [0, 0, -1]}),
            ((3, 4), {"indices": np.array([[0, 3], [3, 3]]), "axis": 1}),
            ((3, 4), {"indices": 1, "axis": 0}),
            ((3, 4), {"indices": [4, -1], "axis": 0, "mode": "wrap"}),
            ((3, 4), {"indices": [9, -1], "axis": 1, "mode": "clip"})),
    *shaped(ag.take_along_axis, np.take_along_axis,
            ((3, 4), {"indices": np.array([[0, 3], [1, 1], [2, 0]]), "axis": 1}),
            ((3, 4), {"indices": np.array([[2, 0, 1, 1]]), "axis": 0}),
            ((3, 4), {"indices": np.array([[0, 3]]), "axis": 1}),
            ((1, 4), {"indices": np.array([[0, 3], [1, 1]]), "axis": 1})),
    *shaped(ag.sort, np.sort, ((3, 4), {}), ((3, 4), {"axis": 0}), ((3, 4), {"axis": None})),
    *shaped(ag.partition, np.partition, ((5,), {"kth": 2}), ((3, 4), {"kth": 1, "axis": 0})),
    *shaped(ag.diff, np.diff, ((4,), {}), ((4, 3), {"n": 2, "axis": 0}),
            ((2, 3), {"prepend": np.float32(1), "append": np.ones((2, 2), np.float32)})),
    # reductions and scans
    *(
        Case(f, reference, (apart(2, 3, 2),), {"axis": axis, "keepdims": keepdims}, covers=(row,))
        for f, reference, row in (
            (ag.sum, np.sum, array_rules.sum), (ag.mean, np.mean, None), (ag.var, np.var, None),
            (ag.std, np.std, None), (ag.prod, np.prod, None),
            (ag.max, np.max, array_rules.max), (ag.min, np.min, array_rules.min),
            (ag.amax, np.amax, array_rules.max), (ag.amin, np.amin, array_rules.min),
            (ag.logsumexp, lambda x, **k: np.log(np.sum(np.exp(x), **k)), array_rules.logsumexp),
        )
        for axis in (None, 1, -1, (0, 2), ())
        for keepdims in (False, True)
        if axis != () or f is not ag.std  # one entry deviates by exactly 0, where a root is steep
    ),
    *shaped(ag.var, np.var, ((2, 3), {"axis": 1, "ddof": 1})),
    *shaped(ag.std, np.std, ((2, 3), {"axis": 1, "ddof": 1})),
    *shaped(ag.sum, np.sum, ((2, 3), {"initial": 2.0}), ((2, 3), {"where": MASK, "axis": 1})),
    *shaped(ag.prod, np.prod, ((2, 3), {"initial": 2.0, "where": MASK})),
    *shaped(ag.mean, np.mean, ((2, 3), {"where": MASK, "axis": 0})),
    *shaped(ag.var, np.var, ((2, 3), {"where": MASK, "ddof": 0.5}), ((2, 3), {"mean": 1.0}),
            ((2, 3), {"axis": 0, "correction": 1})),
    *shaped(ag.std, np.std, ((2, 3), {"where": MASK, "axis": 1}), ((2, 3), {"mean": 1.0})),
    *shaped(ag.max, np.max, ((2, 3), {"initial": -0.5, "axis": 0}),
            ((2, 3), {"where": MASK, "initial": -9.0, "axis": 1})),
    *shaped(ag.min, np.min, ((2, 3), {"where": MASK[:, :1], "initial": 9.0})),
    *shaped(ag.ptp, np.ptp, ((2, 3), {}), ((2, 3), {"axis": 0, "keepdims": True})),
    *shaped(ag.average, np.average, ((2, 3), {}),
            ((2, 3), {"axis": 1, "weights": np.float32([1, 2, 0.5]), "keepdims": True})),
    *shaped(ag.cumulative_sum, cumulative("sum"), ((3,), {}),
            ((2, 3), {"axis": 0, "include_initial": True})),
    *shaped(ag.cumulative_prod, cumulative("prod"), ((3,), {"include_initial": True})),
    Case(lambda x, w: ag.average(x, (2, 0), w), lambda x, w: np.average(x, (2, 0), w),
         (apart(2, 3, 4), between(*POSITIVE, 4, 2)), name="average weights"),
    Case(lambda x, w: ag.average(x, None, w, True)[0], lambda x, w: np.average(x, None, w, True)[0],
         (apart(2, 3), between(*POSITIVE, 2, 3)), name="average returned"),
    *(
        Case(f, reference, (apart(2, 5),), options)
        for f, reference in ((ag.cov, np.cov), (ag.corrcoef, np.corrcoef))
        for options in ({}, {"rowvar": False}, {"y": np.float32([3, -1, 0.5, 2, 4])})
    ),
    *shaped(ag.cov, np.cov, ((2, 5), {"fweights": [1, 2, 0, 1, 3]}), ((5,), {"bias": True}),
            ((2, 5), {"aweights": [0.5, 1.0, 0.2, 2.0, 1.0], "fweights": [1, 2, 0, 1, 3]}),
            ((2, 5), {"aweights": [0.5, 1.0, 0.2, 2.0, 1.0], "ddof": 0})),
    Case(lambda x, w: ag.cov(x, aweights=w), lambda x, w: np.cov(x, aweights=w),
         (apart(2, 5), between(*POSITIVE, 5)), name="cov aweights"),
    *shaped(ag.trapezoid, np.trapezoid, ((4,), {}), ((2, 4), {"dx": 0.5, "axis": 0}),
            ((2, 4), {"x": np.float32([0, 1, 1.5, 4])}),
            ((3, 2), {"x": np.float32([0, 1, 1.5]), "axis": 0})),
    Case(ag.trapezoid, np.trapezoid, (apart(2, 4), apart(2, 4)), name="trapezoid x"),
    *shaped(ag.quantile, np.quantile, ((2, 3), {"q": 0.3}), ((4, 3), {"q": 1, "axis": 0}),
            ((2, 3, 2), {"q": 0.6, "axis": (0, -1), "keepdims": True}),
            *(((7,), {"q": 0.4, "method": method}) for method in PLACES)),
    *shaped(ag.percentile, np.percentile, ((2, 5), {"q": 30, "axis": 1})),
    Case(lambda x, q: ag.quantile(x, q, method="hazen"),
         lambda x, q: np.quantile(x, q, method="hazen"),
         (apart(3), np.array([[0.3, 0.55], [0.6, 0.7]])), name="quantile q"),
    *(
        Case(of_some_nan(f), of_some_nan(reference), (apart(3, 5),), options, covers=(f,),
             name=f.__name__)
        for f, reference, options in (
            (ag.nansum, np.nansum, {}), (ag.nansum, np.nansum, {"axis": 0, "initial": 1.5}),
            (ag.nanprod, np.nanprod, {"axis": 1}), (ag.nancumsum, np.nancumsum, {}),
            (ag.nancumprod, np.nancumprod, {"axis": 0}), (ag.nanmean, np.nanmean, {"axis": 1}),
            (ag.nanmean, np.nanmean, {"where": np.arange(5) > 1}), (ag.nanvar, np.nanvar, {}),
            (ag.nanvar, np.nanvar, {"axis": 1, "ddof": 1}), (ag.nanstd, np.nanstd, {"axis": 1}),
            (ag.nanmax, np.nanmax, {"axis": 1}), (ag.nanmin, np.nanmin, {"keepdims": True}),
            (ag.nanmedian, np.nanmedian, {"axis": 1}), (ag.nanquantile, np.nanquantile, {"q": 0.3}),
            (ag.nanpercentile, np.nanpercentile, {"q": 70, "axis": 1}),
        )
    ),
    *shaped(ag.median, np.median, ((5,), {}), ((4, 3), {"axis": 0}), ((4, 3), {"axis": 1}),
            ((4, 3), {"keepdims": True}), ((4, 3), {"axis": -1, "keepdims": True})),
    *shaped(ag.cumsum, np.cumsum, ((2, 3), {}), ((2, 3), {"axis": -1}), ((2, 3), {"axis": 0})),
    *shaped(ag.cumprod, np.cumprod, ((2, 3), {}), ((2, 5), {"axis": -1}), ((3, 2), {"axis": 0})),
    Case(ag.prod, np.prod, (np.array([0.0, 2.0, 3.0]),)),
    Case(ag.prod, np.prod, (np.array([0.0, 0.0, 3.0]),)),
    Case(ag.prod, np.prod, (np.zeros((0, 2)),), {"axis": 0}),
    Case(ag.cumprod, np.cumprod, (np.array([2.0, 0.0, 3.0, 0.0, 4.0]),)),
    Case(array_rules.cumsum, np.cumsum, (apart(3),), {"axis": 0}),
    Case(ag.log_softmax, lambda x: x - np.log(np.exp(x).sum(-1, keepdims=True)),
         (between(*REAL, 2, 3),), covers=(array_rules.log_softmax,)),
    Case(ag.softmax, lambda x, axis: np.exp(x) / np.exp(x).sum(axis, keepdims=True),
         (between(*REAL, 2, 3),), {"axis": 0}, covers=(array_rules.softmax,)),
    Case(ag.softmax, lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
         (np.diag([2.0, -1.0, 0.5]),)),
    Case(ag.softmin, lambda x, axis: np.exp(-x) / np.exp(-x).sum(axis, keepdims=True),
         (between(*REAL, 2, 3),), {"axis": 0}),
    Case(ag.softmax_cross_entropy,
         lambda x, labels: -np.log(np.exp(x) / np.exp(x).sum(1, keepdims=True))[[0, 1], labels],
         (between(*REAL, 2, 3),), {"labels": np.array([2, 0])}),
    Case(array_rules.nll, lambda x, labels, scale: -scale * (x[0, 2] + x[1, 0]),
         (between(*REAL, 2, 3),), {"labels": np.array([2, 0]), "scale": 0.5}),
    # products
    *products(ag.matmul, ((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)),
              ((5, 2, 3), (3, 2)), ((2, 1, 2, 3), (5, 3, 2)), ((3,), (5, 3, 2)), ((5, 2, 3), (3,))),
    *products(ag.dot, ((3,), (3,)), ((2, 3), (3, 4)), ((2, 3), (3,)), ((), (3,)), ((2, 3), ()),
              ((2, 3), (4, 3, 2))),
    *products(ag.inner, ((3,), (3,)), ((2, 3), (4, 3)), ((), (3,))),
    *products(ag.outer, ((3,), (2,)), ((2, 2), (3,))),
    *products(ag.tensordot, ((2, 3, 4), (3, 4, 5)), ((3, 4), (3, 4))),
    *products(ag.tensordot, ((2, 3, 4), (4, 5, 2)), axes=([0, 2], [2, 0])),
    *products(ag.tensordot, ((2, 3), (3, 2)), axes=1),
    *products(ag.tensordot, ((2,), (3,)), axes=0),
    *products(ag.kron, ((2, 3), (3, 2)), ((2,), (3,)), ((2, 2), (3,))),
    *products(ag.cross, ((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (3,))),
    *products(ag.cross, ((3, 2), (3, 2)), axis=0),
    *products(ag.cross, ((2, 3, 4), (2, 4, 3)), axisa=1, axisb=-1, axisc=0),
    *products(ag.vdot, ((3,), (3,)), ((2, 3), (6,)), ((2, 3), (2, 3))),
    *products(ag.vecdot, ((3,), (3,)), ((2, 3), (3,))),
    *products(ag.vecdot, ((3, 2), (3, 1)), axis=0),
    *(products(ag.matvec, ((2, 3), (3,)), ((5, 2, 3), (3,)), ((2, 3), (5, 3)))
      + products(ag.vecmat, ((2,), (2, 3)), ((5, 2), (2, 3)), ((2,), (5, 2, 3)))
      if hasattr(np, "matvec") else  # from NumPy 2.2 on
      [Case(ag.matvec, lambda x, y: x @ y, (apart(2, 3), apart(3))),
       Case(ag.vecmat, lambda x, y: x @ y, (apart(2), apart(2, 3)))]),
    *shaped(ag.matrix_transpose, np.matrix_transpose, ((2, 3), {}), ((2, 3, 4), {})),
    Case(lambda x, y: ag.einsum(x, [0, 1], y, [1, 2], [0, 2]), lambda x, y: x @ y,
         (apart(2, 3), apart(3, 4)), name="einsum of lists"),
    *(
        Case(lambda *xs, o=o: ag.einsum("ij,jk,kl,j->il", *xs, optimize=o),
             lambda *xs, o=o: np.einsum("ij,jk,kl,j->il", *xs, optimize=o),
             (apart(2, 3), apart(3, 4), apart(4, 2), apart(3)), name=f"einsum optimize={o}")
        for o in (True, "greedy", "optimal", ["einsum_path", (0, 1), (0, 1), (0, 1)])
    ),
    *shaped(ag.trace, np.trace, ((3, 4), {}), ((2, 3, 3), {"offset": 1, "axis1": 1, "axis2": 2})),
    *(
        Case(lambda *xs, s=s: ag.einsum(s, *xs), lambda *xs, s=s: np.einsum(s, *xs),
             tuple(between(*REAL, *shape) for shape in shapes), name=f"einsum {s}",
             covers=(ag.einsum, array_rules.einsum))
        for s, *shapes in (
            ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ij->ji", (2, 3)),
            ("ii->i", (3, 3)), ("ii", (3, 3)), ("iij->j", (3, 3, 2)), ("ij->", (2, 3)),
            ("i,j->ij", (2,), (3,)), ("ij,ij->i", (2, 3), (2, 3)), ("...ij,...jk->...ik", (5, 2, 3),
             (3, 2)), ("i...,j...->ij...", (2, 4), (3, 4)),
            ("ijk,kl,j->il", (2, 3, 4), (4, 2), (3,)),
            ("ij,kk->i", (2, 3), (3, 3)), ("b i, b i", (2, 3), (2, 3)),
            ("ij,jk->k", (1, 3), (3, 2)),
            ("iii->i", (2, 2, 2)), (",i->i", (), (3,)), ("ij,ij->ij", (1, 3), (2, 3)),
            ("ij,ij->j", (2, 3), (1, 3)), ("ij,jk->ik", (2, 1), (3, 4)),
            ("ij,ij,ij->i", (1, 3), (2, 1), (1, 1)),
        )
    ),
    Case(array_rules.linear, lambda x, w, b: x @ w.T + b, (apart(4, 3), apart(2, 3), apart(2))),
    Case(array_rules.windows,
         lambda x, size, stride: np.stack([np.stack([x[:, i:i + 2, j:j + 3] for j in (0, 1)], 1)
                                           for i in (0, 2)], 1),
         (apart(2, 4, 4, 2),), {"size": (2, 3), "stride": (2, 1)}),
    Case(array_rules.fold,
         lambda g, **_: np.concatenate([g[:, 0, 0, :, :1], g[:, 0, 0, :, 1:] + g[:, 0, 1, :, :1],
                                        g[:, 0, 1, :, 1:]], 2)[:, :, :],
         (apart(2, 1, 2, 2, 2, 1),), {"shape": (2, 2, 3, 1), "size": (2, 2), "stride": (1, 1)}),
    # linear algebra
    *(
        Case(getattr(ag.linalg, name), getattr(np.linalg, name), (matrices(*stack),))
        for name in ("inv", "det")
        for stack in ((), (2,))
    ),
    Case(ag.linalg.det, np.linalg.det, (np.ones((1, 1)),)),
    Case(ag.linalg.det, np.linalg.det, (np.ones((0, 0)),)),
    Case(ag.linalg.det, np.linalg.det, (matrices(2)[:, [1, 0, 2]],), name="det below zero"),
    Case(ag.linalg.solve, np.linalg.solve, (matrices(), between(*REAL, 3))),
    Case(ag.linalg.solve, np.linalg.solve, (matrices(), between(*REAL, 3, 2))),
    Case(ag.linalg.solve, np.linalg.solve, (matrices(2), between(*REAL, 3, 2)),
         covers=(matrix_rules.solve,)),
    Case(lambda x: ag.linalg.slogdet(-x)[1], lambda x: np.linalg.slogdet(-x)[1], (matrices(2),),
         name="slogdet", covers=(ag.linalg.slogdet, matrix_rules.logabsdet)),
    Case(lambda x: ag.linalg.cholesky(x @ ag.swapaxes(x, -1, -2)),
         lambda x: np.linalg.cholesky(x @ np.swapaxes(x, -1, -2)), (matrices(2, 1),),
         name="cholesky", covers=(ag.linalg.cholesky,)),
    Case(ag.linalg.pinv, np.linalg.pinv, (matrices(2),)),
    Case(ag.linalg.pinv, np.linalg.pinv, (between(*REAL, 4, 2),)),
    Case(ag.linalg.pinv, np.linalg.pinv, (between(*REAL, 2, 4),)),
    Case(matrix_rules.cofactors, lambda x: np.linalg.det(x)[..., None, None]
         * np.swapaxes(np.linalg.inv(x), -1, -2), (matrices(2),)),
    Case(matrix_rules.cofactors, cofactors_along, (matrices(2), between(*REAL, 2, 3, 3))),
    *solved("cholesky", matrices(), of=definite),
    *solved("cholesky", matrices(), of=definite, upper=True),
    Case(lambda x: matrix_rules.eigh(symmetric(x), uplo="L"),
         lambda x: packed(np.linalg.eigh(symmetric(x))[::-1]), (matrices(),), name="eigh packed"),
    Case(matrix_rules.svd, lambda x: packed(np.linalg.svd(x, full_matrices=False)),
         (between(*REAL, 4, 3),)),
    Case(matrix_rules.qr, lambda x: packed(np.linalg.qr(x)), (between(*REAL, 4, 3),)),
    *solved("pinv", between(*REAL, 2, 4, 3), rcond=0.3),
    *solved("pinv", matrices(2), of=symmetric, hermitian=True),
    *(
        case
        for shape in ((3, 3), (2, 4, 3), (2, 4), (1, 3), (3, 1))
        for case in (
            *solved("svd", between(*REAL, *shape), parts=(0, 1, 2), full_matrices=False),
            *solved("svdvals", between(*REAL, *shape)),
            *solved("qr", between(*REAL, *shape), parts=(0, 1)),
            *solved("qr", between(*REAL, *shape), mode="r"),
        )
    ),
    *solved("svd", matrices(2), parts=(0, 1, 2)),
    *solved("svd", between(*REAL, 2, 4), compute_uv=False),
    *solved("svd", between(*REAL, 2, 3, 3), of=symmetric, parts=(0, 1, 2), hermitian=True),
    *solved("svd", between(*REAL, 3, 3), of=symmetric, compute_uv=False, hermitian=True),
    *solved("qr", between(*REAL, 2, 4), parts=(0, 1), mode="complete"),
    *(
        case
        for shape in ((3, 3), (2, 3, 3), (1, 1))
        for case in (
            *solved("eigh", between(*REAL, *shape), of=symmetric, parts=(0, 1)),
            *solved("eigh", between(*REAL, *shape), of=symmetric, parts=(0, 1), UPLO="U"),
            *solved("eigvalsh", between(*REAL, *shape), of=symmetric),
        )
    ),
    *solved("lstsq", between(*REAL, 5, 3), between(*REAL, 5, 2), parts=(0, 1)),
    *solved("lstsq", between(*REAL, 5, 3), between(*REAL, 5), parts=(0, 1), rcond=-1),
    *solved("lstsq", between(*REAL, 2, 3), between(*REAL, 2), parts=(0,), rcond=0.1),
    Case(lambda a: ag.linalg.lstsq(a, a)[3], lambda a: np.linalg.lstsq(a, a)[3],
         (between(*REAL, 4, 3),), name="lstsq values"),
    *(case for n in (0, 1, 2, 5, -1, -3) for case in solved("matrix_power", matrices(2), n=n)),
    *(case for p in (None, 1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc")
      for case in solved("cond", matrices(2), p=p)),
    *solved("cond", between(*REAL, 4, 2)),
    *(case for options in ({}, {"ord": 3, "axis": 1}, {"axis": (0, 2), "keepdims": True})
      for case in solved("vector_norm", apart(2, 3, 2), **options)),
    *(case for options in ({}, {"ord": 2}, {"ord": "nuc", "keepdims": True}, {"ord": 1})
      for case in solved("matrix_norm", apart(2, 3, 2), **options)),
    *solved("diagonal", apart(2, 3, 4), offset=1),
    *solved("trace", apart(2, 3, 4), offset=-1),
    *solved("outer", apart(2), apart(3)),
    *solved("vecdot", apart(2, 3), apart(2, 3), axis=0),
    *solved("matrix_transpose", apart(2, 3, 4)),
    *(
        Case(lambda *xs: ag.linalg.multi_dot(xs), lambda *xs: np.linalg.multi_dot(xs),
             tuple(between(*REAL, *shape) for shape in shapes), name="multi_dot",
             covers=(ag.linalg.multi_dot,))
        for shapes in (
            ((2, 3), (3, 4)), ((2, 5), (5, 1), (1, 4)), ((3,), (3, 2), (2, 4), (4,)),
            ((4, 2), (2, 3), (3, 1), (1, 2), (2, 3)),
        )
    ),
    *(
        Case(ag.linalg.norm, np.linalg.norm, (apart(*shape),), options)
        for shape in ((2, 3), (3, 2, 3))
        for options in (
            {"ord": "nuc", "axis": (0, 1)}, {"ord": 2, "axis": (-2, -1)},
            {"ord": -2, "axis": (1, 0), "keepdims": True},
        )
    ),
    *(
        Case(ag.linalg.norm, np.linalg.norm, (apart(2, 3),), options)
        for options in (
            {}, {"axis": 1}, {"axis": (0, 1)}, {"ord": "fro"}, {"ord": 1}, {"ord": -1},
            {"ord": np.inf}, {"ord": -np.inf, "keepdims": True}, {"ord": 1, "axis": 0},
            {"ord": 2, "axis": 1, "keepdims": True}, {"ord": np.inf, "axis": 1},
            {"ord": -np.inf, "axis": 0}, {"ord": 3, "axis": 1}, {"ord": 0.5, "axis": 1},
            {"ord": 0, "axis": 1}, {"ord": 1, "axis": (1, 0)},
        )
    ),
]  # fmt: skip

# Public names that are no differentiable functions.
NOT_FUNCTIONS = {
    ag.Value, ag.Tensor, ag.Op, ag.per_argument, ag.GradientCheckError, ag.NotDifferentiableError,
    ag.check_gradients, ag.from_numpy, ag.stop_gradient, ag.draw, ag.explain, ag.explore,
    ag.grad, ag.grad_and_aux, ag.value_and_grad, ag.elementwise_grad, ag.ggnvp, ag.ravel_pytree,
    ag.vjp, ag.jvp, ag.hvp, ag.jacobian, ag.hessian,
    ag.no_grad, ag.enable_grad, ag.is_grad_enabled,
    ag.AnomalyError, ag.checkpoint, ag.compile, ag.DataDependentError, ag.detect_anomaly, ag.scope,
    ag.linalg.matrix_rank,
    ag.argmax, ag.argmin, ag.any, ag.all, ag.count_nonzero, ag.nanargmax, ag.nanargmin,
}  # fmt: skip
