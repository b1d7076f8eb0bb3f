"""The checker fails on wrong rules, and only on those."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import GradientCheckError, Op, Tensor, Value, check_gradients
from autograd.core import rules

X, Y = np.array([[0.5, -1.5], [2.0, 0.7]]), np.array([[1.5, 0.4], [-0.6, 1.1]])


def product(rule: Any, **options: Any) -> Op:
    return Op("product", lambda x, y: x * y, (rule, lambda g, out, x, y: g * x), **options)


def mutating(g: Any, out: Any, x: Any, y: Any) -> Any:
    g *= y
    return g


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, out, x, y: g * y * 1.001,
        lambda g, out, x, y: -g * y,
        lambda g, out, x, y: g,
        lambda g, out, x, y: g * x,
        lambda g, out, x, y: g * ag.stop_gradient(y),  # wrong only in second order
        mutating,
    ],
    ids=["0.1 %", "sign", "missing factor", "wrong operand", "second order", "mutating"],
)
@pytest.mark.parametrize("analytic", [False, True])
def test_wrong_rules_fail(rule: Any, analytic: bool) -> None:
    with pytest.raises(GradientCheckError):
        check_gradients(product(rule, broadcasts=True, analytic=analytic), X, Y)


def test_missing_term_missing_unbroadcast_and_wrong_shape_fail() -> None:
    square = Op("square", lambda x: x * x + x, (lambda g, out, x: 2 * g * x,))
    with pytest.raises(GradientCheckError, match=r"order 1, argument 0: .*numerically.*off by"):
        check_gradients(square, 0.5)
    good = lambda g, out, x, y: g * y  # one of a row of rules
    with pytest.raises(GradientCheckError, match="shape"):
        check_gradients(product(good), X, Y[0])
    with pytest.raises(GradientCheckError, match="shape"):
        check_gradients(Op("sum", np.sum, (lambda g, out, x: np.ones((3, 3)) * g,)), X)


def test_the_report_names_argument_and_entry() -> None:
    def f(p: Any, y: Any) -> Any:
        return p["a"] * wrong_at_one(y)

    wrong_at_one = Op("w", lambda y: y * y, (lambda g, out, y: 2 * g * y + np.array([0, 0.1]),))
    with pytest.raises(GradientCheckError, match=r"argument 1, entry \(1,\)"):
        check_gradients(f, {"a": 2.0, "b": 3.0}, np.array([1.0, 2.0]))


def test_right_rules_pass_at_kinks_and_jumps_too() -> None:
    check_gradients(rules.relu, np.array([-1.0, 0.0, 1.0]))
    check_gradients(ag.abs, 0.0)
    check_gradients(ag.maximum, np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    check_gradients(ag.max, np.array([1.0, 3.0, 3.0]))
    check_gradients(lambda x: ag.where(x > 0, 1.0 + x, x), np.array([0.0, 1.0]))
    check_gradients(lambda x, y: x**y, 1.5, np.array([0.5, 2.0]))  # a Value beside a Tensor
    check_gradients(lambda x, y: x**y, np.array([0.5, 2.0]), 1.5)
    check_gradients(lambda x: x**5, 1.3, order=4)


def test_a_slope_outside_the_kink_fails() -> None:
    mygrads = Op("relu", rules.relu.forward, (lambda g, out, x: 1.5 * g * (x == 0) + g * (x > 0),))
    with pytest.raises(GradientCheckError, match="between 0 and 1"):
        check_gradients(mygrads, 0.0, order=1, seed=1)


def test_only_float64_can_be_checked() -> None:
    for x in (np.ones(2, np.float32), True, np.array([1, 2])):
        with pytest.raises(TypeError, match="float64"):
            check_gradients(ag.sum, x)


def test_nodes_that_the_function_closes_over_are_constants() -> None:
    layer, w = nn.Linear(2, 2, dtype=float, rng=0), Value(2.0)
    check_gradients(lambda x: ag.tanh(layer(x)) ** 2, X, order=3)
    check_gradients(lambda x: w * x**3, 0.5)
    with pytest.raises(GradientCheckError, match="order 1"):
        check_gradients(lambda x: layer(wrong(x)), X)
    assert all(p.grad is None for p in (w, *layer.parameters()))


def test_nodes_are_checked_at_their_numbers() -> None:
    t = Tensor(X, requires_grad=True)
    check_gradients(lambda x, v: ag.sin(x) * v, t, Value(0.5))
    with pytest.raises(GradientCheckError, match=r"argument 0, entry \(0, 0\)"):
        check_gradients(wrong, t)
    assert t.grad is None


wrong = Op("wrong", lambda x: x * x, (lambda g, out, x: g * x,))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"f": "sin"}, TypeError, "f must be a function, but got 'sin'"),
        ({"order": 0}, ValueError, "order must be an integer >= 1, but got 0"),
        ({"order": "2"}, TypeError, "order must be an integer >= 1, but got '2'"),
        ({"rtol": -1}, ValueError, "rtol must be a finite number >= 0, but got -1"),
        ({"atol": "a"}, TypeError, "atol must be a finite number >= 0, but got 'a'"),
    ],
    ids=str,
)
def test_options_of_the_check_are_checked(options: Any, error: Any, message: str) -> None:
    arguments = {"f": lambda x: x * x, **options}
    with pytest.raises(error, match=message):
        ag.check_gradients(arguments.pop("f"), 3.0, **arguments)
