"""Derivatives of functions, nested ones too."""

from __future__ import annotations

import math
import re
from collections import OrderedDict, defaultdict
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value, grad, value_and_grad
from autograd.core import pytree


def test_any_order_on_floats_and_arrays() -> None:
    f, wanted = ag.sin, [math.cos(1), -math.sin(1), -math.cos(1), math.sin(1)]
    for slope in wanted:
        f = grad(f)
        assert type(f(1.0)) is float
        assert f(1.0) == pytest.approx(slope, rel=1e-15)
    x = np.array([1.0, 2.0])
    third = grad(lambda x: (grad(lambda y: (y**4).sum())(x) ** 2).sum())
    np.testing.assert_allclose(third(x), 2 * 4 * x**3 * 12 * x**2)
    assert type(third(x)) is np.ndarray


def test_inner_and_outer_variables_are_told_apart() -> None:
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(1.0) == 1.0
    assert grad(lambda w: grad(lambda x: w * x * x)(3.0))(2.0) == 6.0
    assert grad(lambda x: x * grad(lambda y: y * x)(2.0))(3.0) == 6.0
    assert grad(lambda x: grad(lambda y: y * y * x)(x))(3.0) == 12.0  # 2 x^2
    assert grad(grad(lambda x: grad(lambda y: x**3 * y**2)(x)))(2.0) == pytest.approx(2 * 4 * 3 * 4)


def test_plain_arguments_give_plain_results_whatever_the_function_closes_over() -> None:
    layer, w = nn.Linear(2, 1, dtype=float, rng=0), Value(2.0)
    t = Tensor([1.0, 3.0], requires_grad=True)
    computed, x = t * 1.0, np.array([0.5, -1.0])
    for f in (
        lambda x: layer(x)[0] ** 2,
        lambda x: w * (x * x).sum(),
        lambda x: (t * x * x).sum(),
        lambda x: (computed * x * x).sum() * w,
    ):
        value, slope = value_and_grad(f)(x)
        assert isinstance(value, float) and type(slope) is np.ndarray
        assert type(ag.jvp(f)(x)[1](x)) is np.float64
        assert type(ag.hvp(f)(x)[1](x)) is type(ag.hessian(f)(x)) is np.ndarray
        found, pull = ag.vjp(f)(x)
        assert isinstance(found, float) and type(pull(1.0)) is np.ndarray
    assert type(value_and_grad(lambda x: w * w)(3.0)[0]) is float
    assert all(p.grad is None for p in (w, t, *layer.parameters()))


def test_an_argument_that_is_a_node_keeps_all_connected() -> None:
    w = Value(2.0)
    for call in (
        lambda x: grad(lambda x: w * x * x)(x),
        lambda x: value_and_grad(lambda x: w * x * x)(x)[1],
        lambda x: grad(lambda y, p: w * y * y * (p["x"] / p["x"]))(3.0, {"x": x}),
        lambda x: ag.jvp(lambda x: w * x * x)(x)[1](1.0),
        lambda x: ag.vjp(lambda x: w * x * x)(x)[1](1.0),
    ):
        w.grad, slope = None, call(Value(3.0))
        assert isinstance(slope, Value) and slope.data == 12.0
        slope.backward()
        assert w.grad == 6.0
    layer = nn.Linear(2, 1, dtype=float, rng=0)
    x = Tensor([0.5, -1.0], requires_grad=True)
    penalty = (grad(lambda x: (layer(x) ** 2).sum())(x) ** 2).sum()
    penalty.backward()
    assert layer.weight.grad is not None and layer.bias.grad is not None


def test_scipy_minimizes_a_function_that_closes_over_parameters() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    layer = nn.Linear(2, 1, dtype=float, rng=0)
    found = optimize.minimize(value_and_grad(lambda x: (layer(x) ** 2).sum()), np.ones(2), jac=True)
    assert found.success and found.fun < 1e-9


def test_backward_inside_grad_and_grad_under_no_grad() -> None:
    def f(x: Value) -> Value:
        w = Value(3.0)
        (w * x * x).backward()
        return x * w.grad

    assert grad(f)(2.0) == 4.0
    with ag.no_grad():
        x = Value(2.0)
        slope = grad(lambda y: y * y)(3.0)
        assert slope == 6.0 and type(slope) is float
        assert not grad(lambda y: y * x)(x).requires_grad


def test_arguments_of_every_form() -> None:
    params = {"w": [2.0, np.array([1.0, 2.0])], "b": (1.0,)}

    def f(p: dict, x: float, scale: float = 1.0) -> Value:
        return scale * (p["w"][0] * x + (p["w"][1] * x).sum() + p["b"][0] ** 2)

    value, g = value_and_grad(f)(params, 3.0, scale=2.0)
    assert value == 2 * (6 + 9 + 1) and type(g) is dict
    assert g["w"][0] == 6.0 and g["w"][1].tolist() == [6.0, 6.0] and g["b"] == (4.0,)
    both = grad(f, argnums=(0, 1))(params, 3.0)
    assert type(both) is tuple and both[1] == 5.0
    assert grad(lambda x, y: x * y, argnums=-1)(2.0, 3.0) == 2.0
    assert grad(lambda xs: xs[0] * xs[1])([2.0, 3.0]) == [3.0, 2.0]


def test_other_containers_of_numbers_are_differentiated_as_arrays() -> None:
    pandas = pytest.importorskip("pandas")
    value, g = value_and_grad(lambda x: (x * x).sum())(pandas.Series([1.0, 2.0], index=[1, 0]))
    assert value == 5.0 and type(g) is np.ndarray and g.tolist() == [2.0, 4.0]
    for x in (np.ma.MaskedArray([1.0]), np.matrix([1.0])):
        with pytest.raises(TypeError, match="arithmetic of its own"):
            grad(ag.sum)(x)


def test_types_in_are_types_out() -> None:
    assert type(grad(lambda x: x * x)(3)) is float
    assert type(grad(lambda x: x * x)(np.float64(3))) is float
    assert type(grad(lambda x: x)(3.0)) is float
    assert type(grad(lambda x: x * x)(np.float32(3))) is np.float32
    assert type(grad(lambda x: x * x)(np.array(3.0))) is np.float64
    assert type(ag.jvp(lambda x: x * x)(3.0)[1](1.0)) is float
    g = grad(lambda x: (x * x).sum())(np.ones(2, np.float32))
    assert type(g) is np.ndarray and g.dtype == np.float32
    g = grad(ag.sum)(np.ones((2, 2)))
    g += 1  # nobody else's memory, and writable
    assert g.tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert isinstance(grad(lambda x: x * x)(Value(3.0)), Value)
    assert isinstance(grad(ag.sum)(Tensor([1.0])), Tensor)
    g = grad(lambda x: x * x)(Tensor(3.0))
    g[...] = 1.0  # as in any other constant
    assert g.item() == 1.0


def test_one_number_returned_twice_gets_both_seeds() -> None:
    def f(x: Value) -> tuple[Value, Value]:
        y = x * x
        return y, y

    assert ag.vjp(f)(3.0)[1]((1.0, 10.0)) == 66.0
    assert ag.jacobian(f)(3.0) == (6.0, 6.0)


def test_arguments_are_counted_from_either_end() -> None:
    f = lambda x, y: x * x * y
    assert (ag.grad(f, -1)(2.0, 3.0), ag.grad(f, -2)(2.0, 3.0)) == (4.0, 12.0)


@pytest.mark.parametrize(
    "transform",
    [grad, value_and_grad, ag.elementwise_grad, ag.vjp, ag.jvp, ag.hvp, ag.jacobian, ag.hessian],
    ids=lambda f: f.__name__,
)
def test_what_can_not_be_right_is_refused_at_once(transform: Any) -> None:
    with pytest.raises(TypeError, match="f must be a function, but got 'sin'"):
        transform("sin")
    with pytest.raises(TypeError, match="argnums must be an integer, but got '0'"):
        transform(ag.sin, "0")
    with pytest.raises(ValueError, match="names argument 1, but the function got 1"):
        transform(ag.sin, 1)(1.0)


def test_nothing_is_connected_under_no_grad() -> None:
    with ag.no_grad():
        value, slope = value_and_grad(lambda x, *, scale: scale * x * x)(Value(3.0), scale=2.0)
    assert type(value) is float and value == 18.0
    assert isinstance(slope, Value) and slope.data == 12.0 and not slope.requires_grad


def test_numpys_integers_are_argnums() -> None:
    f = lambda x, y: x * x * y
    for transform in (grad, lambda f, n: lambda *xs: ag.compile(f).grad(*xs, argnums=n)):
        assert transform(f, np.int64(1))(2.0, 3.0) == 4.0
        for argnums in ((np.int8(-1), 0), [1, 0], np.array([1, 0])):
            assert transform(f, argnums)(2.0, 3.0) == (4.0, 12.0)
    assert ag.compile(f).derivatives(np.int64(1), np.int64(1))(2.0, 3.0) == (12.0, 4.0)


RESULTS = {
    "bool": (True, "returned True"),
    "np.bool": (np.True_, "returned np.True_"),
    "int": (3, "returned 3"),
    "np.int64": (np.int64(3), r"returned np.int64\(3\)"),
    "None": (None, "returned None"),
    "str": ("3.0", "returned '3.0'"),
    "complex": (3j, "returned 3j"),
    "array of int": (np.array([1, 2]), "returned an array of int64"),
    "array of bool": (np.array([True]), "returned an array of bool"),
    "tensor of int": (Tensor([1, 2]), "returned an array of int64"),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_results_that_are_no_floats_are_refused(kind: str) -> None:
    out, message = RESULTS[kind]
    for transform in (
        grad, value_and_grad, ag.elementwise_grad, ag.vjp, ag.jvp, ag.hvp, ag.jacobian, ag.hessian,
        ag.check_gradients,
    ):  # fmt: skip
        with pytest.raises(TypeError, match=f"only floating-point results .* {message}"):
            if transform is ag.check_gradients:
                ag.check_gradients(lambda x: out, 1.0)
            else:
                transform(lambda x: out)(1.0)
    with pytest.raises(TypeError, match=f"only floating-point results .* {message}"):
        ag.vjp(lambda x: [x * 2, {"extra": out}])(1.0)


@pytest.mark.parametrize(
    "f",
    [np.allclose, np.argmax, lambda x: x > 0, lambda x: (x > 0).sum(), lambda x: x.astype(int)],
    ids=["allclose", "argmax", ">", "count", "astype"],
)
def test_questions_about_the_argument_have_no_slope(f) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TypeError, match="only floating-point results"):
        grad(lambda x: f(x, x) if f is np.allclose else f(x))(np.ones(2))


def test_a_compiled_condition_has_no_slope() -> None:
    for call in (
        lambda: ag.compile(lambda x: x > 0).grad(1.0),
        lambda: ag.compile(lambda x: (x > 0) & (x < 2)).derivatives(1)(1.0),
        lambda: ag.compile(grad(lambda x: x > 0))(1.0),
        lambda: ag.compile(lambda x: True).value_and_grad(np.ones(2)),
    ):
        with pytest.raises(TypeError, match="only floating-point results"):
            call()


def test_what_is_not_recorded_comes_back_as_a_number() -> None:
    w = Value(3.0)
    with ag.no_grad():
        value, slope = ag.value_and_grad(lambda x: w * x)(2.0)
    assert (type(value), type(slope), value, slope) == (float, float, 6.0, 3.0)
    value, slope = ag.value_and_grad(lambda x: w.detach())(2.0)
    assert (type(value), value, slope) == (float, 3.0, 0.0)
    with ag.no_grad():
        assert type(ag.value_and_grad(lambda x: w)(2.0)[0]) is float


def test_what_does_not_depend_has_slope_zero() -> None:
    assert grad(lambda x, y: y * 2, argnums=(0, 1))(1.0, 2.0) == (0.0, 2.0)
    assert grad(lambda x: 5.0)(1.0) == 0.0 and type(grad(lambda x: 5.0)(1.0)) is float
    assert grad(lambda x: ag.sum(np.ones(2)))(np.ones(3)).tolist() == [0.0, 0.0, 0.0]
    assert grad(grad(lambda x: 2 * x))(1.0) == 0.0
    assert value_and_grad(lambda x: 5.0)(1.0) == (5.0, 0.0)
    w = Tensor([1.0, 2.0], requires_grad=True)
    value, pull = ag.vjp(lambda x: (x * x, w))(3.0)
    assert value[1].tolist() == [1.0, 2.0] and pull((1.0, None)) == 6.0  # nor does it need a seed


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: grad(lambda x: x * 2)(np.ones(3)), ValueError, r"scalar result.*\(3,\).*jacobian"),
        (lambda: grad(lambda x: [x, x])(1.0), ValueError, "returned list"),
        (lambda: grad(ag.sin, argnums=1)(1.0), ValueError, "names argument 1.*got 1"),
        (lambda: grad(ag.multiply, (0, -3))(1.0, 2.0), ValueError, "names argument -3.*got 2"),
        (lambda: grad(ag.multiply, (0, 0))(1.0, 2.0), ValueError, r"once, but is \(0, 0\)"),
        (lambda: ag.jacobian(ag.multiply, (1, -1))(1.0, 2.0), ValueError, "each argument once"),
        (lambda: ag.compile(ag.multiply).grad(1.0, 2.0, argnums=(1, 1)), ValueError, "once"),
        (lambda: ag.compile(ag.sin).grad(1.0, argnums="x"), TypeError, "must be an integer"),
        (lambda: grad(ag.sin, True), TypeError, "argnums must be an integer, but got True"),
        (lambda: ag.vjp(ag.sin, "x"), TypeError, r"argnums must be an integer, .*'x' \(str\)"),
        (lambda: ag.jvp(ag.sin, 0.0), TypeError, "argnums must be an integer, but got 0.0"),
        (lambda: ag.hessian(ag.sin, (0, None)), TypeError, r"argnums\[1\] must be an integer"),
        (lambda: grad("sin"), TypeError, "f must be a function.*pass the function itself"),
        (lambda: grad(ag.sin)(True), TypeError, "with respect to bool"),
        (lambda: grad(ag.sin)("a"), TypeError, "with respect to str"),
        (lambda: grad(ag.sin)(None), TypeError, "with respect to NoneType"),
        (lambda: grad(ag.sum)(np.arange(3)), TypeError, "array of int64; convert it"),
        (lambda: grad(ag.sum)(Tensor([1, 2])), TypeError, "array of int64; convert it"),
    ],
)
def test_bad_input(call, error, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    "f", [ag.sign, ag.floor, ag.round, lambda x: x // 1.5, lambda x: x.astype(int) * 1.5]
)
def test_flat_slopes_meet_numbers_and_arrays_in_second_order(f) -> None:  # type: ignore[no-untyped-def]
    """A number times an array: the rule of `*` gets an array of zeros as its gradient."""
    x = np.array([0.7, -1.2, 2.1])
    gradient, product = ag.hvp(lambda a, x: ag.sum(f(a * x)), (0, 1))(1.3, x)
    for found in (gradient, product((1.0, x))):
        assert found[0] == 0
        assert found[1].tolist() == [0, 0, 0]


def test_a_flat_slope_is_a_constant() -> None:
    seen = []

    def outer(x):  # type: ignore[no-untyped-def]
        seen.append(ag.grad(lambda y: ag.sum(ag.floor(y) * x))(x))
        return ag.sum(seen[-1] * x)

    assert ag.grad(outer)(np.array([0.7, 2.1])).tolist() == [0, 0]
    assert seen[0].level == 0
    w = Value(3.0)
    slope = grad(lambda y, w: ag.sum(ag.floor(y) * w))(np.array([0.7, 2.1]), w)
    assert isinstance(slope, Tensor) and slope.level == 0
    assert isinstance(grad(lambda y, w: ag.floor(y) * w)(0.7, w), Value)


def test_a_long_inner_graph_is_no_matter_to_the_outer_closure() -> None:
    """A derivative looks only at what is newer than its own variable."""
    calls = []
    from autograd.core.op import Op

    slow = Op("slow", lambda x: x * 1.0, (lambda g, out, x: calls.append(1) or g,))

    def f(x: Value) -> Value:
        history = x
        for _ in range(10):
            history = slow(history)
        return grad(lambda y: y * history)(2.0)

    assert grad(f)(3.0) == 1.0
    assert len(calls) == 10  # by the outer derivative alone


def net(p: dict, x: np.ndarray) -> Tensor:
    return ag.tanh(x @ p["w"] + p["b"]) @ p["v"]


@pytest.fixture
def point() -> tuple[dict, np.ndarray]:
    rng = np.random.default_rng(0)
    p = {"w": rng.normal(size=(3, 4)), "b": rng.normal(size=4), "v": rng.normal(size=4)}
    return p, rng.normal(size=(5, 3))


def test_products_agree_with_the_jacobian(point) -> None:  # type: ignore[no-untyped-def]
    p, x = point
    J = ag.jacobian(net)(p, x)
    assert {k: j.shape for k, j in J.items()} == {"w": (5, 3, 4), "b": (5, 4), "v": (5, 4)}
    rng = np.random.default_rng(1)
    v = {k: rng.normal(size=a.shape) for k, a in p.items()}
    g = rng.normal(size=5)
    value, pull = ag.vjp(net)(p, x)
    np.testing.assert_allclose(value, net(p, x))
    for k, pulled in pull(g).items():
        np.testing.assert_allclose(pulled, np.tensordot(g, J[k], 1))
    value, push = ag.jvp(net)(p, x)
    pushed = push(v)
    assert type(pushed) is np.ndarray
    np.testing.assert_allclose(pushed, sum((J[k] * v[k]).reshape(5, -1).sum(1) for k in p))
    np.testing.assert_allclose(push(v), pushed)  # and again


def test_hessian_and_its_product(point) -> None:  # type: ignore[no-untyped-def]
    p, x = point

    def loss(w: Tensor) -> Tensor:
        return (net({**p, "w": w}, x) ** 2).mean()

    H = ag.hessian(loss)(p["w"])
    np.testing.assert_allclose(H, np.transpose(H, (2, 3, 0, 1)), atol=1e-12)
    v = np.random.default_rng(2).normal(size=(3, 4))
    gradient, product = ag.hvp(loss)(p["w"])
    np.testing.assert_allclose(gradient, grad(loss)(p["w"]))
    np.testing.assert_allclose(product(v), np.tensordot(H, v, 2))
    h = 1e-6
    numeric = (grad(loss)(p["w"] + h * v) - grad(loss)(p["w"] - h * v)) / (2 * h)
    np.testing.assert_allclose(product(v), numeric, rtol=1e-6)
    third = grad(lambda w: (ag.hvp(loss)(w)[1](v) * v).sum())(p["w"])
    up, down = (ag.hvp(loss)(p["w"] + s * v)[1](v) for s in (1e-5, -1e-5))
    assert (third * v).sum() == pytest.approx(((up - down) * v).sum() / 2e-5, rel=1e-6)


def test_jacobians_of_every_form() -> None:
    assert ag.jacobian(lambda x: x * x)(3.0) == 6.0
    assert ag.jacobian(lambda x: x * Tensor([1.0, 2.0]))(3.0).tolist() == [1.0, 2.0]
    assert ag.jacobian(lambda x: [x, {"a": x * x}])(3.0) == [1.0, {"a": 6.0}]
    J = ag.jacobian(lambda x, y: ag.outer(x, y), argnums=(0, 1))(np.ones(2), np.ones(3))
    assert [j.shape for j in J] == [(2, 3, 2), (2, 3, 3)]
    assert ag.hessian(lambda x: x[0] * x[1] ** 2)([2.0, 3.0]) == [[0.0, 6.0], [6.0, 4.0]]
    mixed = ag.hessian(lambda x, y: x * y * y, argnums=(0, 1))(2.0, 3.0)
    assert mixed == ((0.0, 6.0), (6.0, 4.0))
    assert ag.jacobian(lambda x: x[:0])(np.ones(2)).shape == (0, 2)
    assert ag.jacobian(lambda x: np.ones(2))(1.0).tolist() == [0.0, 0.0]


def test_outer_derivatives_reach_through_all_of_them() -> None:
    x = Tensor([1.0, 2.0])
    assert grad(lambda s: ag.jacobian(lambda x: s * x**2)(x).sum())(3.0) == 6.0
    assert grad(lambda s: ag.jvp(lambda x: (s * x) ** 2)(x)[1](x).sum())(3.0) == 2 * 2 * 3 * 5.0
    assert grad(lambda s: ag.vjp(lambda x: s * x**2)(x)[1](s * x).sum())(3.0) == 2 * 2 * 3 * 5.0
    assert grad(lambda s: ag.hvp(lambda x: (s * x**3).sum())(x)[1](x).sum())(3.0) == 6 * 5.0
    assert grad(lambda s: ag.elementwise_grad(lambda x: s * x**2)(x).sum())(3.0) == 6.0
    assert grad(lambda s: value_and_grad(lambda x: s * x)(2.0)[0])(3.0) == 2.0
    assert grad(lambda s: ag.jvp(lambda x: s * x**2)(2.0)[1](1.0))(3.0) == 2 * 2.0
    direction = grad(lambda v: ag.jvp(ag.sin)(2.0)[1](v))(1.0)
    assert direction == pytest.approx(math.cos(2.0))


def test_elementwise_slopes() -> None:
    x = np.linspace(-2, 2, 7)
    f = ag.tanh
    for n in range(4):
        np.testing.assert_allclose(f(x), [nth_tanh(n, xi) for xi in x], rtol=1e-10, atol=1e-12)
        f = ag.elementwise_grad(f)
    assert ag.elementwise_grad(ag.sin)(0.0) == 1.0


def nth_tanh(n: int, x: float) -> float:
    f = ag.tanh
    for _ in range(n):
        f = grad(f)
    return f(float(x))


P = {"a": 3.0, "b": [2.0, np.array([1.0, 5.0])]}
Q = {"b": [10.0, np.array([7.0, 0.5])], "a": -1.0}  # the same form, in another order


def polynomial(p: dict) -> Value:
    return p["a"] ** 2 * p["b"][0] * p["b"][1].sum()


def test_trees_are_paired_by_key() -> None:
    slope = 2 * 3 * 2 * 6 * -1.0 + 9 * 6 * 10.0 + 9 * 2 * (7.0 + 0.5)
    assert ag.jvp(polynomial)(P)[1](Q) == pytest.approx(slope)
    assert ag.jvp(polynomial)(P)[1]({"a": -1.0, "b": tuple(Q["b"])}) == pytest.approx(slope)
    _, push = ag.jvp(lambda x, p: x * polynomial(p), (0, 1))(1.0, P)
    assert push([0.0, Q]) == pytest.approx(slope)
    product = ag.hvp(polynomial)(P)[1]
    assert product(Q)["a"] == pytest.approx(product({"a": Q["a"], "b": Q["b"]})["a"])
    _, pull = ag.vjp(lambda x: {"a": 2 * x, "b": (x * x, {"c": 5 * x})})(3.0)
    assert pull({"b": [10.0, {"c": 100.0}], "a": 1.0}) == 2 + 60 + 500
    swapped = iter([{"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}] * 20)
    ag.check_gradients(lambda x: {k: v * x for k, v in next(swapped).items()}, 0.5)


def test_messages_quote_keys_as_they_are() -> None:
    for key, path in (('a"b', "['a\"b']"), (3, "[3]"), (("x", 1), "[('x', 1)]")):
        with pytest.raises(ValueError, match=re.escape(f"direction{path} must be a number")):
            ag.jvp(lambda p, key=key: p[key] * 2)({key: 1.0})[1]({key: np.ones(2)})
    for direction in ([1.0], 1.0, np.ones(1), None):
        with pytest.raises(TypeError, match="direction must be a dict, as in the argument"):
            ag.jvp(lambda p: p["a"] * 2)({"a": 1.0})[1](direction)


def test_seeds_of_constants_may_be_left_out_but_must_fit() -> None:
    _, pull = ag.vjp(lambda x: (x * 2, np.ones(2)))(3.0)
    assert pull((1.0, None)) == pull((1.0, np.zeros(2))) == 2.0
    with pytest.raises(ValueError, match=r"seed\[1\] must be an array of shape \(2,\)"):
        pull((1.0, 1.0))
    with pytest.raises(TypeError, match=r"seed\[0\] must be a number, .* but got None"):
        pull((None, None))


class Pair(NamedTuple):
    a: Any
    b: Any


class Swapped(NamedTuple):
    b: Any
    a: Any


def test_named_tuples_are_arguments_and_results() -> None:
    slopes = grad(lambda p: p.a * p.b)(Pair(2.0, 3.0))
    assert type(slopes) is Pair and slopes == (3.0, 2.0)
    _, pull = ag.vjp(lambda x: Pair(x, 2 * x))(1.0)
    assert pull(Pair(1.0, 10.0)) == pull((1.0, 10.0)) == 21.0
    with pytest.raises(
        TypeError, match=r"seed must be a Pair, .* but got Swapped\(b=10.0, a=1.0\)"
    ):
        pull(Swapped(10.0, 1.0))


def test_a_trees_own_kind_of_dict_is_kept() -> None:
    counts = defaultdict(float, a=1.0)
    slopes = grad(lambda d: d["a"] * 2)(counts)
    assert type(slopes) is defaultdict and slopes.default_factory is float and counts["a"] == 1.0
    assert grad(lambda d: d["a"] * 2)(OrderedDict(a=1.0)) == OrderedDict(a=2.0)


ARRAY = "must be an array of shape"


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda q: q.pop("a"), ValueError, r"direction must have the keys .* but lacks 'a'"),
        (lambda q: q.update(c=1.0), ValueError, r"direction must have the keys .* but has 'c'"),
        (lambda q: q.update(b=[1.0]), ValueError, r'direction\["b"\] must have 2 entries.*has 1'),
        (lambda q: q.update(b=1.0), TypeError, r'direction\["b"\] must be a list.*got 1.0'),
        (lambda q: q.update(b={0: 1.0}), TypeError, r'direction\["b"\] must be a list'),
        (lambda q: q.update(a=[1.0]), TypeError, r'direction\["a"\] must be a number.*got \[1.0\]'),
        (lambda q: q.update(a=None), TypeError, r'direction\["a"\] must be a number.*got None'),
        (lambda q: q.update(a="1"), TypeError, r'direction\["a"\] must be a number.*\(str\)'),
        (lambda q: q.update(a=1j), TypeError, r'direction\["a"\] must be a number'),
        (lambda q: q.update(a=np.ones(1)), ValueError, r'direction\["a"\] must be a number'),
        (lambda q: q.update(b=[1.0, 2.0]), ValueError, rf'direction\["b"\]\[1\] {ARRAY} \(2,\)'),
        (lambda q: q.update(b=[1.0, np.ones(1)]), ValueError, rf"{ARRAY} \(2,\)"),
        (lambda q: q.update(b=[1.0, np.ones((2, 1))]), ValueError, rf"{ARRAY} \(2,\)"),
        (lambda q: q.update(b=[1.0, Tensor(np.ones(3))]), ValueError, rf"{ARRAY} \(2,\)"),
        (lambda q: q.update(b=[1.0, np.array("ab")]), TypeError, rf"{ARRAY} \(2,\)"),
    ],
    ids=map(str, range(15)),
)
def test_trees_of_another_form_are_refused_by_path(change, error, message) -> None:  # type: ignore[no-untyped-def]
    direction = dict(Q)
    change(direction)
    for product in (ag.jvp(polynomial)(P)[1], ag.hvp(polynomial)(P)[1]):
        with pytest.raises(error, match=message):
            product(direction)
    _, pull = ag.vjp(lambda p: p)(P)
    with pytest.raises(error, match=message.replace("direction", "seed")):
        pull(direction)


def test_seeds_must_fit() -> None:
    _, pull = ag.vjp(lambda x: x * 2)(np.ones(3))
    for seed in np.ones(2), np.ones(1), np.ones((2, 3)), 1.0, Tensor(np.ones(2)):
        with pytest.raises(ValueError, match=r"seed must be an array of shape \(3,\)"):
            pull(seed)
    with pytest.raises(ValueError, match=r"direction must be an array of shape \(3,\)"):
        ag.jvp(lambda x: (2 * x).sum())(np.ones(3))[1](np.ones((3, 1)))
    with pytest.raises(TypeError, match=r"seed must be an array of shape .* got \["):
        pull([np.ones(3), 1.0])


def test_a_seed_takes_on_the_dtype_of_the_result() -> None:
    for x, seed in ((np.ones(2, np.float32), np.array([1.0, 2.0])), (np.ones(2), np.array([1, 2]))):
        pulled = ag.vjp(lambda x: x)(x)[1](seed)
        assert pulled.dtype == x.dtype and pulled.tolist() == [1.0, 2.0]
    assert type(ag.vjp(lambda x: x)(2.0)[1](3)) is float


def test_a_seed_may_be_a_node() -> None:
    slopes = ag.vjp(lambda x: x @ x)(np.array([1.0, 2.0]))[1](seed := Value(3.0))
    assert slopes.data.tolist() == [6.0, 12.0]
    slopes.sum().backward()
    assert seed.grad == 2 * 1.0 + 2 * 2.0
    flat = ag.vjp(ag.floor)(np.array([0.7, 2.1]))[1](Tensor([1.0, 1.0], requires_grad=True))
    assert isinstance(flat, Tensor) and flat.tolist() == [0.0, 0.0]


def test_an_inner_derivative_computes_nothing_for_the_outer_variable() -> None:
    calls = []
    rules = (lambda g, out, x, y: g * y, lambda g, out, x, y: calls.append(1) or g * x)
    op = ag.Op("op", lambda x, y: x * y, rules)
    w = Value(3.0)
    slope = grad(op)(2.0, w)
    assert slope.data == 3.0
    assert not calls


# --- floats in functions of arrays ----------------------------------------------------------------

XS = np.array([2.0, 3.0])
KINDS = {
    "float": 2.0, "int": 2, "NumPy's float": np.float64(2.0), "NumPy's integer": np.int64(2),
    "0-d": np.array(2.0), "value": Value(2.0), "0-d tensor": Tensor(2.0, requires_grad=True),
}  # fmt: skip
OF_ARRAYS = [
    lambda w, b: ((w * XS + b) ** 2).sum(),
    lambda w, b: np.sum(np.sin(XS * w) / (1 + np.square(b))),
    lambda w, b: (ag.stack([w, b * w]) * XS).sum() ** 2,
    lambda w, b: (np.array([[1.0, 2.0], [3.0, 4.0]]) @ (ag.exp(w) * XS + b)).max(),
    lambda w, b: ag.where(XS > 2, w * b, w**2 * XS).sum(),
    lambda w, b: (w * XS)[1] * (b * XS)[0],
]


def plain(x: Any) -> Any:
    """Numbers in place of nodes, and floats in place of NumPy's."""
    return pytree.map_leaves(lambda x: np.asarray(getattr(x, "data", x)).tolist(), x)


PAIRS = [(f, 0.5) for f in OF_ARRAYS]
PAIRS += [(OF_ARRAYS[i], np.array([0.5, 1.0])) for i in (0, 1, 3, 4)]  # others stack or index it


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("f", "b"), PAIRS, ids=range(len(PAIRS)))
def test_a_number_meets_arrays(f: Any, b: Any, kind: str) -> None:
    def results(w: Any) -> Any:
        p = {"w": w, "b": [b]}
        of_tree = lambda p: f(p["w"], *p["b"])
        many = lambda p: {"y": f(p["w"], *p["b"]) * XS, "w": p["w"] * 1.0}
        direction = {"w": 1.0, "b": [b]}
        return [
            value_and_grad(of_tree)(p), value_and_grad(f, (0, 1))(w, b), grad(grad(f))(w, b),
            ag.hessian(of_tree)(p), ag.jacobian(many)(p), ag.elementwise_grad(many)(p),
            ag.hvp(of_tree)(p)[1](direction), ag.jvp(many)(p)[1](direction),
            ag.vjp(many)(p)[1]({"y": XS, "w": 1.0}), ag.ggnvp(many)(p)[1](direction),
        ]  # fmt: skip

    w = KINDS[kind]
    found, wanted = results(w), results(2.0)
    assert plain(found) == plain(wanted)
    slope = found[0][1]["w"]
    number = {"value": Value, "0-d tensor": Tensor, "float": float, "int": float}.get(kind, float)
    assert isinstance(slope, number) and np.ndim(getattr(slope, "data", slope)) == 0
    ag.check_gradients(f, w, b)


# --- results with one entry -----------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1,), (1, 1)])
def test_a_result_with_one_entry_has_a_gradient(shape: Any) -> None:
    f = lambda x: ag.reshape((x**3).sum(), shape)
    x = np.array([1.0, 2.0])
    value, gradient = value_and_grad(f)(x)
    assert value.shape == shape and value.item() == 9.0
    assert gradient.tolist() == grad(f)(x).tolist() == [3.0, 12.0]
    assert ag.hessian(f)(x).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert ag.hvp(f)(x)[1](x).tolist() == [6.0, 24.0]
    assert grad(lambda x: np.array([1.0]))(2.0) == 0.0
    with pytest.raises(ValueError, match="scalar result, but f returned list"):
        grad(lambda x: [x])(2.0)
    for more in (np.zeros((1, 0)), np.zeros((1, 2))):
        with pytest.raises(ValueError, match=r"scalar result, but f returned \(1, "):
            grad(lambda x, more: x * more)(2.0, more)


# --- auxiliary data -------------------------------------------------------------------------------


def test_auxiliary_data_comes_back_beside_the_derivatives() -> None:
    def f(x: Any) -> Any:
        y = ag.sin(x)
        return (y * y).sum(), {"y": y, "note": "as it is", "count": (3, None), "w": WEIGHT}

    x = np.array([0.3, 1.0])
    first = lambda x: f(x)[0]
    for found, aux in (
        (grad(f, has_aux=True)(x), None), (ag.grad_and_aux(f)(x), None),
        (ag.jacobian(f, has_aux=True)(x), None), (ag.hessian(f, has_aux=True)(x), None),
    ):  # fmt: skip
        derivative, aux = found
        wanted = ag.hessian(first)(x) if derivative.ndim == 2 else grad(first)(x)
        np.testing.assert_allclose(derivative, wanted, rtol=1e-15)
        assert type(aux["y"]) is np.ndarray and aux["y"].tolist() == np.sin(x).tolist()
        assert (aux["note"], aux["count"]) == ("as it is", (3, None))
        assert aux["w"] is WEIGHT  # no node of this call
    (value, aux), gradient = value_and_grad(f, has_aux=True)(x)
    assert value == first(x) and gradient.tolist() == grad(first)(x).tolist() and "y" in aux
    for transform in (ag.vjp, ag.jvp, ag.hvp):
        value, product, aux = transform(f, has_aux=True)(x)
        wanted, same = transform(first)(x)
        g = 2.0 if transform is ag.vjp else x
        np.testing.assert_array_equal(value, wanted)
        np.testing.assert_array_equal(product(g), same(g))
        assert type(aux["y"]) is np.ndarray
    assert ag.grad_and_aux(lambda x, y: (x * y, y), argnums=1)(2.0, 3.0) == (2.0, 3.0)


WEIGHT = Tensor([1.0], requires_grad=True)


def test_auxiliary_data_stays_connected_where_an_outer_derivative_needs_it() -> None:
    def outer(x: Any) -> Any:
        slope, aux = grad(lambda x: (x**2, x**3), has_aux=True)(x)
        return slope * aux  # 2 x^4

    assert grad(outer)(2.0) == 64.0
    x = Value(2.0)
    outer(x).backward()
    assert x.grad == 64.0


@pytest.mark.parametrize("result", [1.0, [1.0, 2.0], (1.0,), (1.0, 2.0, 3.0), None])
def test_auxiliary_data_needs_a_pair(result: Any) -> None:
    for transform in (grad, value_and_grad, ag.vjp, ag.jvp, ag.jacobian, ag.hessian, ag.hvp):
        with pytest.raises(TypeError, match=r"has_aux=True.* must be a pair \(result, aux\), but"):
            transform(lambda x: result, has_aux=True)(1.0)
    with pytest.raises(TypeError, match="floating-point results"):
        grad(lambda x: ("text", x), has_aux=True)(1.0)


# --- Gauss-Newton products ------------------------------------------------------------------------


def test_gauss_newton_products_leave_out_the_curvature_of_the_inner_function() -> None:
    rng = np.random.default_rng(0)
    a, x, v = rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=3)
    f = lambda x: ag.tanh(a @ x)
    g = lambda y: ag.logsumexp(y) + (y**3).sum()
    j, h = ag.jacobian(f)(x), ag.hessian(g)(f(x))
    gradient, product = ag.ggnvp(f, g)(x)
    np.testing.assert_allclose(gradient, grad(lambda x: g(f(x)))(x), rtol=1e-12)
    np.testing.assert_allclose(product(v), j.T @ h @ j @ v, rtol=1e-12)
    gradient, product = ag.ggnvp(f)(x)
    np.testing.assert_allclose(gradient, j.T @ f(x), rtol=1e-12)
    np.testing.assert_allclose(product(v), j.T @ j @ v, rtol=1e-12)
    linear = lambda x: a @ x  # without curvature it is the Hessian product
    np.testing.assert_allclose(
        ag.ggnvp(linear, g)(x)[1](v), ag.hvp(lambda x: g(linear(x)))(x)[1](v), rtol=1e-12
    )


def test_gauss_newton_products_of_trees_and_of_floats() -> None:
    f = lambda p, x: {"u": p["w"] * x, "v": (p["b"] * p["w"], x)}
    g = lambda y: (y["u"] ** 2).sum() * y["v"][0]
    p, x = {"w": 2.0, "b": 3.0}, np.array([1.0, -1.0])
    gradient, product = ag.ggnvp(f, g)(p, x)
    assert gradient == grad(lambda p: g(f(p, x)))(p)
    # y = (u, u', v), H = [[2v, 0, 2u], [0, 2v, 2u'], [2u, 2u', 0]], J e_w = (x, x', b)
    assert product({"w": 1.0, "b": 0.0}) == {"w": 72.0, "b": 16.0}
    assert ag.ggnvp(lambda x: x**2)(3.0)[1](1.0) == 36.0
    assert ag.ggnvp(lambda x, y: x * y, argnums=(0, 1))(2.0, 3.0)[1]((1.0, 0.0)) == (9.0, 6.0)
    third = grad(lambda x: ag.ggnvp(lambda x: x**2)(x)[1](1.0))  # of 4 x^2
    assert third(3.0) == 24.0
    with pytest.raises(TypeError, match="g must be a function"):
        ag.ggnvp(lambda x: x, 3)
    with pytest.raises(ValueError, match="scalar result"):
        ag.ggnvp(lambda x: x, lambda y: y)(np.ones(2))
