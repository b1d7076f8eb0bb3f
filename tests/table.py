"""The table that drives the tests of every primitive and public function.

A case names a function, where to try it, and what NumPy says it is. The same cases test values,
first and second derivatives, dtypes, shapes, and that `Value`, `Tensor` and plain numbers agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import autograd as ag
from autograd import rules

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
        options = ",".join(f"{k}={v}" for k, v in self.kwargs.items())
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


REAL, POSITIVE = (-2.0, 2.0), (0.3, 2.0)
ABOVE = (1.1, 2.0)

CASES: list[Case] = [
    # arithmetic
    *elementwise(rules.add, np.add, REAL, REAL),
    *elementwise(rules.sub, np.subtract, REAL, REAL),
    *elementwise(rules.mul, np.multiply, REAL, REAL),
    *elementwise(rules.div, np.divide, REAL, POSITIVE),
    *elementwise(rules.pow, np.power, POSITIVE, REAL),
    *elementwise(rules.neg, np.negative, REAL),
    # elementary functions
    *elementwise(ag.exp, np.exp, REAL),
    *elementwise(ag.log, np.log, POSITIVE),
    *elementwise(ag.sqrt, np.sqrt, POSITIVE),
    *elementwise(ag.sin, np.sin, REAL),
    *elementwise(ag.cos, np.cos, REAL),
    *elementwise(ag.tanh, np.tanh, REAL),
    *elementwise(ag.sigmoid, lambda x: 1 / (1 + np.exp(-x)), REAL),
    # kinks
    *elementwise(ag.abs, np.abs, POSITIVE),
    *elementwise(ag.abs, np.abs, (-2.0, -0.3)),
    *elementwise(ag.sign, np.sign, POSITIVE),
    *elementwise(ag.relu, lambda x: np.maximum(x, 0), POSITIVE),
    *elementwise(ag.relu, lambda x: np.maximum(x, 0), (-2.0, -0.3)),
    *elementwise(ag.maximum, np.maximum, REAL, REAL),
    *elementwise(ag.minimum, np.minimum, REAL, REAL),
    Case(ag.where, np.where,
         (np.array([True, False, True]), between(*REAL, 3), between(*REAL, 2, 1)),
         covers=(rules.where,)),
    Case(lambda x: ag.where(x > 0, x * x, x), lambda x: np.where(x > 0, x * x, x), (apart(4),),
         name="where"),
    # shapes
    Case(ag.reshape, np.reshape, (apart(2, 3),), {"shape": (3, 2)}, covers=(rules.reshape,)),
    Case(ag.reshape, np.reshape, (apart(2, 3),), {"shape": -1}),
    Case(ag.transpose, np.transpose, (apart(2, 3, 4),), {"axes": (1, 2, 0)},
         covers=(rules.transpose,)),
    Case(ag.transpose, np.transpose, (apart(2, 3),)),
    Case(ag.broadcast_to, np.broadcast_to, (apart(2, 1),), {"shape": (3, 2, 4)},
         covers=(rules.broadcast_to,)),
    Case(rules.sum_to, lambda x, shape: x.sum((0, 2), keepdims=True)[0], (apart(3, 2, 4),),
         {"shape": (2, 1)}),
    Case(ag.expand_dims, np.expand_dims, (apart(2, 3),), {"axis": (0, -1)}),
    Case(lambda *xs: ag.concatenate(xs, 1), lambda *xs: np.concatenate(xs, 1),
         (apart(2, 1), apart(2, 3)), name="concatenate",
         covers=(ag.concatenate, rules.concatenate)),
    Case(lambda *xs: ag.stack(xs, -1), lambda *xs: np.stack(xs, -1), (apart(2, 3), apart(2, 3)),
         name="stack", covers=(ag.stack,)),
    Case(rules.scatter_add, lambda g, index, shape: np.array([g[1], 0.0, g[0] + g[2]]), (apart(3),),
         {"index": np.array([2, 0, 2]), "shape": (3,)}),
    Case(rules.astype, lambda x, dtype: x, (apart(3),), {"dtype": np.dtype(float)}),
    Case(rules.item, float, (np.array(2.5),)),
    Case(rules.alias, lambda x: x, (apart(2),)),
    *(
        Case(lambda x, i=i: x[i], None, (apart(3, 4),), name=f"getitem {i}",
             covers=(rules.getitem,))
        for i in (
            1, -1, slice(1, None), (slice(None, None, -1), 2), (..., 1), (None, 1, None),
            np.array([0, 0, 2]), ([0, 0, 2], [1, 1, -1]), (slice(1), np.array([3, 3])),
            np.arange(12).reshape(3, 4) % 2 == 0, (np.array([True, False, True]), 1),
            (np.array([[0], [2]]), np.array([1, 1])),
        )
    ),
    # reductions and products
    *(
        Case(f, reference, (apart(2, 3, 2),), {"axis": axis, "keepdims": keepdims}, covers=(row,))
        for f, reference, row in (
            (ag.sum, np.sum, rules.sum), (ag.mean, np.mean, None), (ag.max, np.max, rules.max),
            (ag.logsumexp, lambda x, **k: np.log(np.sum(np.exp(x), **k)), rules.logsumexp),
        )
        for axis in (None, 1, -1, (0, 2), ())
        for keepdims in (False, True)
    ),
    Case(ag.log_softmax, lambda x: x - np.log(np.exp(x).sum(-1, keepdims=True)),
         (between(*REAL, 2, 3),), covers=(rules.log_softmax,)),
    Case(ag.softmax, lambda x, axis: np.exp(x) / np.exp(x).sum(axis, keepdims=True),
         (between(*REAL, 2, 3),), {"axis": 0}),
    Case(ag.softmax_cross_entropy,
         lambda x, labels: -np.log(np.exp(x) / np.exp(x).sum(1, keepdims=True))[[0, 1], labels],
         (between(*REAL, 2, 3),), {"labels": np.array([2, 0])},
         covers=(rules.softmax_cross_entropy,)),
    *(
        Case(ag.matmul, np.matmul, (apart(*a), apart(*b)), covers=(rules.matmul,))
        for a, b in (
            ((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((5, 2, 3), (3, 2)),
            ((2, 1, 2, 3), (5, 3, 2)), ((3,), (5, 3, 2)), ((5, 2, 3), (3,)),
        )
    ),
    Case(rules.linear, lambda x, w, b: x @ w.T + b, (apart(4, 3), apart(2, 3), apart(2))),
]  # fmt: skip

# Public names that are no differentiable functions.
NOT_FUNCTIONS = {
    ag.Value, ag.Tensor, ag.Op, ag.GradientCheckError, ag.NotDifferentiableError,
    ag.check_gradients, ag.from_numpy, ag.stop_gradient,
    ag.grad, ag.value_and_grad, ag.no_grad, ag.enable_grad, ag.is_grad_enabled,
}  # fmt: skip
