"""Compiled functions: they compute what recording computes, and say what they can't."""

from __future__ import annotations

import copy
import math
import re
import threading
from collections import OrderedDict
from functools import partial
from math import fabs, gamma, sqrt
from typing import Any, NamedTuple

import numpy as np
import pytest
from table import CASES, TABLE, Case

import autograd as ag
from autograd import DataDependentError, Op, Tensor, Value
from autograd.compiler.lowered_program import lower
from autograd.core import pytree

scalar_cases = pytest.mark.parametrize(
    "case", [c for c in CASES if c.elementwise and np.shape(c.args[0]) == ()], ids=str
)
array_cases = pytest.mark.parametrize(
    "case", [c for c in CASES if c.elementwise and np.shape(c.args[0]) != ()], ids=str
)
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-320, 1e200, -1e200, 800.0, math.inf, -math.inf,
         math.nan]  # fmt: skip


def same(x: Any, y: Any, rtol: float = 1e-12) -> None:
    """Equal to rounding, and in every nan and infinity."""
    np.testing.assert_allclose(x, y, rtol=rtol, atol=1e-300)


def by(case: Case) -> Any:
    return 0 if len(case.args) == 1 else tuple(range(len(case.args)))


def recorded(f: Any, args: Any, argnums: Any, kwargs: Any = {}) -> tuple[Any, Any, Any]:  # noqa: B006
    """The value, the gradient and the second derivatives, recorded."""
    value, gradient = ag.value_and_grad(f, argnums)(*args, **kwargs)
    return value, gradient, ag.jacobian(ag.grad(f, argnums), argnums)(*args, **kwargs)


# --- every primitive ------------------------------------------------------------------------------


@scalar_cases
def test_floats_as_recorded(case: Case) -> None:
    args = [float(x) for x in case.args]
    f = ag.compile(case.f)
    value, gradient, second = recorded(case.f, args, by(case), case.kwargs)
    out = f(*args, **case.kwargs)
    assert type(out) is float
    same(out, value)
    for _ in range(2):  # traced, and once more by the source alone
        compiled = f.value_and_grad(*args, argnums=by(case), **case.kwargs)
        same(compiled[0], value)
        same(np.array(compiled[1]), np.array(gradient))
        for g in np.ravel(compiled[1]).tolist():
            assert type(g) is float
    all_of_them = f.derivatives(2, by(case))(*args, **case.kwargs)
    same(np.array(all_of_them[2]), np.array(second), rtol=1e-11)


@array_cases
def test_arrays_as_recorded(case: Case) -> None:
    f, argnums = ag.compile(case.f), by(case)
    args = np.broadcast_arrays(*case.args)
    value, gradient = f.value_and_grad(*case.args, argnums=argnums, **case.kwargs)
    tensors = [Tensor(x, requires_grad=True) for x in args]
    out = case.f(*tensors, **case.kwargs)
    same(f(*case.args, **case.kwargs), out.data)
    same(value, out.data)
    out.backward(np.ones(out.shape))
    gradient = [gradient] if len(args) == 1 else gradient
    for g, t in zip(gradient, tensors):
        assert g.shape == t.shape and type(g) is np.ndarray
        same(g, t.grad)
    second = np.array(f.derivatives(2, argnums)(*case.args, **case.kwargs)[2])
    for index in np.ndindex(out.shape):
        entry = [float(x[index]) for x in args]
        want = recorded(case.f, entry, argnums, case.kwargs)[2]
        same(second[(..., *index)], np.array(want), rtol=1e-10)


@scalar_cases
def test_edges_of_the_domain_as_recorded(case: Case) -> None:
    f, argnums, count = ag.compile(case.f), by(case), len(case.args)
    points = [(x,) for x in EDGES] if count == 1 else [(x, y) for x in EDGES for y in EDGES]
    with np.errstate(all="ignore"):
        columns = [np.array(x) for x in zip(*points)]
        on_arrays = f.value_and_grad(*columns, argnums=argnums, **case.kwargs)
        out = case.f(*(t := [Tensor(x, requires_grad=True) for x in columns]), **case.kwargs)
    out.backward(np.ones(len(points)))
    same(on_arrays[0], out.data)
    gradients = [on_arrays[1]] if count == 1 else on_arrays[1]
    for g, x in zip(gradients, t):
        same(g, x.grad)
    for point in points:
        want = ag.value_and_grad(case.f, argnums)(*point, **case.kwargs)
        got = f.value_and_grad(*point, argnums=argnums, **case.kwargs)
        same(got[0], want[0])
        same(np.array(got[1]), np.array(want[1]))
        if want[0] == 0.0:
            assert math.copysign(1.0, got[0]) == math.copysign(1.0, want[0])


def test_every_scalar_primitive_is_among_the_cases() -> None:
    from autograd.core import rules

    ops = {op for op in TABLE.values() if op.rule and op.elementwise}
    tried = {c.f for c in CASES if c.elementwise} | {x for c in CASES for x in c.covers}
    assert ops - tried <= {ag.negative, rules.alias, rules.item, rules.to, rules.astype}
    elementwise = {c.f for c in CASES if c.elementwise and isinstance(c.f, Op)}
    assert elementwise <= ops


@scalar_cases
def test_source_of_every_primitive_stands_on_its_own(case: Case) -> None:
    f = ag.compile(case.f)
    args = [float(x) for x in case.args]
    value, gradient = f.value_and_grad(*args, argnums=by(case), **case.kwargs)
    for text, kind in ((f.source, float), (f.numpy_source, np.asarray)):
        space: dict[str, Any] = {}
        exec(text, space)
        got = space[lower(f.latest, 0, 1).writer().name](*map(kind, args))
        same(got[0], value)
        same(np.array(got[1]), np.array(gradient))


# --- arguments and results ------------------------------------------------------------------------


class Point(NamedTuple):
    x: float
    y: float


@pytest.mark.parametrize(
    "p",
    [[1.0, 2.0], (1.0, 2.0), {"a": 1.0, "b": 2.0}, {"b": {"c": 1.0}, 3: [2.0, (4.0,), []]},
     Point(1.0, 2.0), OrderedDict(a=1.0, b=[2.0]), [[1.0], [2.0]]],
    ids=str,
)  # fmt: skip
def test_nested_arguments_give_gradients_of_their_form(p: Any) -> None:
    def f(p: Any, x: Any) -> Any:
        return sum(w * w * x for w in pytree.leaves(p))

    compiled = ag.compile(f)
    for x in (2.0, 3.0):
        value, gradient = compiled.value_and_grad(p, x)
        assert (value, gradient) == ag.value_and_grad(f)(p, x)
        assert type(gradient) is type(p)
    x = np.array([1.0, 2.0, 4.0])
    value, gradient = compiled.value_and_grad(p, x, reduce="sum")
    assert (value, gradient) == ag.value_and_grad(lambda p, x: f(p, x).sum())(p, Tensor(x))
    assert type(gradient) is type(p)


def test_numbers_of_any_kind_are_floats() -> None:
    f = ag.compile(lambda x, y: x * y)
    for x in (3, np.float64(3), np.float32(3), np.int64(3), np.array(3), True + 2):
        out = f(x, 2.0)
        assert out == 6.0 and type(out) is float
        assert f(2.0, x) == 6.0
        np.testing.assert_array_equal(f(x, np.array([1.0, 2.0])), [3.0, 6.0])
    for wrong in ("3", None, 1j, object()):
        with pytest.raises(TypeError, match="by position.*keyword"):
            f(wrong, 2.0)


def test_other_forms_are_traced_anew() -> None:
    calls = []

    def total(xs: Any) -> Any:
        calls.append(1)
        return sum(x * x for x in xs)

    f = ag.compile(total)
    assert f([1.0, 2.0]) == 5.0 and f([3.0, 2.0]) == 13.0 and len(calls) == 1
    assert f([1.0, 2.0, 3.0]) == 14.0 and len(calls) == 2
    assert f((1.0, 2.0)) == 5.0 and len(calls) == 3
    assert f([3.0, 2.0]) == 13.0 and len(calls) == 3
    assert f.value_and_grad([1.0, 2.0, 3.0]) == (14.0, [2.0, 4.0, 6.0]) and len(calls) == 3


def test_dicts_go_by_their_keys() -> None:
    f = ag.compile(lambda p: p["a"] - p["b"])
    assert f({"a": 3.0, "b": 1.0}) == 2.0
    assert f({"b": 3.0, "a": 1.0}) == -2.0
    assert f.value_and_grad({"b": 3.0, "a": 1.0}) == (-2.0, {"b": -1.0, "a": 1.0})
    assert f({"a": 3.0, "b": 1.0}) == 2.0
    with pytest.raises(TypeError, match="keys that are str or int"):
        f({(1, 2): 3.0})


def test_keyword_arguments_are_compiled_in() -> None:
    @ag.compile
    def power(x: Any, n: int = 2, negative: bool = False) -> Any:
        y = 1.0
        for _ in range(n):
            y = y * x
        return -y if negative else y

    assert power(3.0) == 9.0
    assert power(3.0, n=3) == 27.0 and power(3.0, n=4, negative=True) == -81.0
    assert power.value_and_grad(3.0, n=3) == (27.0, 27.0)
    assert power(3.0) == 9.0
    with pytest.raises(TypeError, match="hashable"):
        power(3.0, n=[3])


def test_keyword_arguments_that_are_equal_but_not_the_same() -> None:
    def f(x: Any, n: Any) -> Any:
        kind = n[0] if isinstance(n, tuple) else n
        return x * {bool: 1.0, int: 2.0, float: 3.0}[type(kind)] * math.copysign(1.0, kind)

    compiled = ag.compile(f)
    for n in (1, True, 1.0, 0.0, -0.0, (1,), (True,), (-0.0,), (0.0,)):
        assert compiled(1.0, n=n) == f(1.0, n=n), n


def test_results_may_be_nested() -> None:
    f = ag.compile(lambda x, y: {"sum": x + y, "both": [x, (y, 1.0)], "more": x > y})
    assert f(2.0, 3.0) == {"sum": 5.0, "both": [2.0, (3.0, 1.0)], "more": False}
    out = f(2.0, np.array([1.0, 3.0]))
    assert out["more"].tolist() == [True, False] and out["more"].dtype == bool
    assert out["both"][1][1].tolist() == [1.0, 1.0]
    assert out["both"][0].tolist() == [2.0, 2.0]
    with pytest.raises(ValueError, match="one number"):
        f.value_and_grad(2.0, 3.0)
    with pytest.raises(TypeError, match="returns numbers"):
        ag.compile(lambda x: "x")(2.0)
    assert "return {'sum': t1, 'both': [x, (y, 1.0)], 'more': t2}" in f.source
    with pytest.raises(TypeError, match="returns numbers"):
        ag.compile(lambda x: None)(2.0)
    with pytest.raises(TypeError, match="can't use Tensor"):
        ag.compile(lambda x: Tensor([1.0, 2.0]))(2.0)


def test_constant_results() -> None:
    f = ag.compile(lambda x: 3)
    assert f(1.0) == 3.0 and f.value_and_grad(1.0) == (3.0, 0.0)
    value, gradient = f.value_and_grad(np.ones(2), reduce="sum")
    assert value == 6.0 and gradient.tolist() == [0.0, 0.0]
    assert f(np.ones(2)).tolist() == [3.0, 3.0]
    identity = ag.compile(lambda x: x)
    x = np.array([1.0, 2.0])
    value, gradient = identity.value_and_grad(x)
    value[0], gradient[0] = 5.0, 7.0
    assert x.tolist() == [1.0, 2.0] and gradient.tolist() == [7.0, 1.0]


def test_nothing_but_constants() -> None:
    """There is nothing to look at before the lines that were written are run again."""
    f = ag.compile(lambda: 1.5)
    assert [f(), f()] == [1.5, 1.5]
    g = ag.compile(lambda xs: sum(xs, 1.5))
    assert [g([]), g([]), g([1.0]), g([])] == [1.5, 1.5, 2.5, 1.5]
    with pytest.raises(TypeError, match="positional argument"):
        f(1.0)


def test_results_share_no_memory() -> None:
    f = ag.compile(lambda x, y: x * y)
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    value, (dx, dy) = f.value_and_grad(x, y, argnums=(0, 1))
    arrays = [x, y, value, dx, dy]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])
    g = ag.compile(lambda x, y: x + y).value_and_grad(x, y, argnums=(0, 1))[1]
    assert not np.shares_memory(*g)


def test_argnums() -> None:
    f = ag.compile(lambda x, y: x * y**2)
    assert f.grad(3.0, 2.0) == 4.0
    assert f.grad(3.0, 2.0, argnums=1) == f.grad(3.0, 2.0, argnums=-1) == 12.0
    assert f.grad(3.0, 2.0, argnums=(1, 0)) == (12.0, 4.0)
    with pytest.raises(ValueError, match="argument 2"):
        f.grad(3.0, 2.0, argnums=2)
    with pytest.raises(ValueError, match="reduce is"):
        f.grad(3.0, 2.0, reduce="average")
    with pytest.raises(TypeError, match="positional argument"):
        f(1.0)


def test_shapes_broadcast() -> None:
    f = ag.compile(lambda x, y: ag.tanh(x * y))
    x, y = np.linspace(-1, 1, 3)[:, None], np.linspace(1, 2, 4)
    same(f(x, y), np.tanh(x * y))
    value, (dx, dy) = f.value_and_grad(x, y, argnums=(0, 1), reduce="mean")
    tensors = Tensor(x, requires_grad=True), Tensor(y, requires_grad=True)
    out = ag.mean(ag.tanh(tensors[0] * tensors[1]))
    out.backward()
    same(value, out.data)
    for g, t in zip((dx, dy), tensors):
        assert g.shape == t.shape
        same(g, t.grad)
    with pytest.raises(ValueError, match=r"\(3, 1\), \(4, 2\)"):
        f(x, np.ones((4, 2)))
    assert f(np.ones((2, 0)), 1.0).shape == (2, 0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("n", [3, 300_000])
def test_dtypes_are_kept(dtype: Any, n: int) -> None:
    x = np.linspace(-1, 1, n).astype(dtype)
    f = ag.compile(lambda w, x: ag.where(x > 0, ag.sigmoid(w[0] * x), ag.erf(x) + w[1]))
    for reduce in (None, "mean", "sum"):
        value, (dw, dx) = f.value_and_grad([2.0, 3.0], x, argnums=(0, 1), reduce=reduce)
        assert value.dtype == dx.dtype == dtype
        assert np.shape(value) == (() if reduce else (n,))
        if reduce:
            assert all(type(g) is float for g in dw)
        else:
            assert all(g.dtype == dtype for g in dw)


def test_dtypes_are_mixed_as_numpy_mixes_them() -> None:
    x, y = np.linspace(-1, 1, 5, dtype=np.float32), np.linspace(1, 2, 5)
    value, (dx, dy) = ag.compile(lambda x, y: x * y * y).value_and_grad(
        x, y, argnums=(0, 1), reduce="sum"
    )
    assert (value.dtype, dx.dtype, dy.dtype) == (float, np.float32, float)
    same(value, (x * y * y).sum())
    same(dx, (y * y).astype(np.float32))
    same(dy, 2 * x * y)


def test_integers() -> None:
    f = ag.compile(lambda x, y: x * y)
    x = np.array([1, 2])
    assert f(x, 0.5).dtype == float
    with pytest.raises(TypeError, match="int64.*astype"):
        f.value_and_grad(x, 0.5)
    value, dy = f.value_and_grad(x, 0.5, argnums=1, reduce="sum")
    assert (value, dy) == (1.5, 3.0)


def test_strides_and_subclasses() -> None:
    f = ag.compile(lambda x, y: x - y)
    x = np.arange(12.0).reshape(3, 4)
    same(f(x.T[::2], x.T[1::2]), x.T[::2] - x.T[1::2])

    class Mine(np.ndarray):
        pass

    assert type(f(x.view(Mine), 1.0)) is np.ndarray


def test_nodes_are_recorded() -> None:
    f = ag.compile(lambda x: ag.sin(x) ** 2)
    v = Value(0.5)
    y = f(v)
    assert isinstance(y, Value)
    y.backward()
    assert v.grad == ag.grad(f)(0.5) == pytest.approx(f.grad(0.5))
    assert ag.grad(ag.grad(f))(0.5) == pytest.approx(2 * math.cos(1.0))
    t = Tensor([0.5, 1.0], requires_grad=True)
    assert isinstance(f(t), Tensor)
    ag.check_gradients(f, np.array([0.5, 1.0]))
    assert ag.compile(lambda x: f(x) + 1.0)(0.5) == f(0.5) + 1.0
    assert f.value_and_grad(v)[1].item() == pytest.approx(f.grad(0.5))


def test_derivatives_inside_are_compiled() -> None:
    f = ag.compile(lambda x: ag.grad(ag.grad(lambda y: y**3 * x))(x))
    assert f(2.0) == 24.0 and f.grad(2.0) == 24.0
    g = ag.compile(lambda x, v: ag.jvp(lambda y: [ag.sin(y), y * y])(x)[1](v))
    assert g(0.5, 2.0) == [2.0 * math.cos(0.5), 2.0]
    h = ag.compile(lambda p: ag.hessian(lambda q: q[0] ** 2 * q[1])(p))
    assert h([1.0, 3.0]) == [[6.0, 2.0], [2.0, 0.0]]


def test_detached_numbers_have_no_gradient() -> None:
    f = ag.compile(lambda x: ag.stop_gradient(x * x) * x)
    assert f.value_and_grad(3.0) == (27.0, 9.0)

    @ag.compile
    def g(x: Any) -> Any:
        with ag.no_grad():
            y = x * x
        return y * x

    assert g.value_and_grad(3.0) == (27.0, 9.0)
    with ag.no_grad():
        assert ag.compile(lambda x: x * x).value_and_grad(3.0) == (9.0, 6.0)


def test_what_is_compiled_from_a_checkpoint_is_its_function() -> None:
    f = ag.compile(lambda x: ag.checkpoint(ag.sin)(x) * x)
    assert f.source == ag.compile(lambda x: ag.sin(x) * x).source
    assert f.grad(0.5) == math.cos(0.5) * 0.5 + math.sin(0.5)
    with pytest.raises(TypeError, match="returned list"):
        ag.compile(ag.checkpoint(lambda x: [x, x * x]))(0.5)


# --- what functions close over --------------------------------------------------------------------


def test_weights_are_read_at_each_call() -> None:
    w, b = Value(2.0, label="w"), Value(1.0)
    f = ag.compile(lambda x: w * x + b)
    assert f(3.0) == 7.0
    w.data = 5.0
    assert f(3.0) == 16.0 and f.value_and_grad(3.0) == (16.0, 5.0)
    assert f(np.array([1.0, 2.0])).tolist() == [6.0, 11.0]
    b.data -= 1.0
    assert f(np.array([1.0, 2.0])).tolist() == [5.0, 10.0]
    assert f.backward(3.0) == 15.0 and (w.grad, b.grad) == (3.0, 1.0)
    assert f.backward(np.array([1.0, 2.0]), reduce="sum") == 15.0 and (w.grad, b.grad) == (6.0, 3.0)
    assert "def f(x, w, w1)" in f.source


@pytest.mark.parametrize("dropped", [Value.detach, ag.stop_gradient])
def test_detached_weights_are_read_at_each_call(dropped: Any) -> None:
    w = Value(2.0)
    f = ag.compile(lambda x: x * w * dropped(w))
    assert f.backward(3.0) == 12.0 and w.grad == 6.0
    w.data, w.grad = 5.0, None
    assert f.backward(3.0) == 75.0 and w.grad == 15.0


@pytest.mark.parametrize("look", [lambda w: w.data, lambda w: w.item(), lambda w: Value(w.data)])
def test_numbers_of_weights_are_not_baked_in(look: Any) -> None:
    w = Value(2.0)
    with pytest.raises(DataDependentError, match=r"test_compile.py.*detach\(\)"):
        ag.compile(lambda x: x * look(w))(1.0)
    assert w.data == w.item() == 2.0


def test_weights_may_be_frozen_and_thawed_between_calls() -> None:
    v, w = Value(2.0), Value(3.0).requires_grad_(False)
    f = ag.compile(lambda x: x * v * w)
    for frozen in (w, v, w):
        v.requires_grad_(v is not frozen)
        w.requires_grad_(w is not frozen)
        v.grad = w.grad = None
        for x in (1.0, np.array([1.0, 1.0])):
            f.backward(x)
        assert (v.grad, w.grad) == ((None, 4.0) if v is frozen else (6.0, None))


def test_frozen_weights_get_no_gradient() -> None:
    w, b = Value(2.0), Value(1.0)
    w.requires_grad_(False)
    f = ag.compile(lambda x: w * x + b)
    f.backward(3.0)
    assert w.grad is None and b.grad == 1.0


def test_what_was_computed_outside_is_refused() -> None:
    w = Value(2.0) * 3.0
    with pytest.raises(TypeError, match=r"was computed, at .*test_compile.py:\d+"):
        ag.compile(lambda x: w * x)(1.0)
    with pytest.raises(TypeError, match="argument"):
        ag.grad(lambda w: ag.compile(lambda x: w * x)(1.0))(3.0)
    t = Tensor([1.0], requires_grad=True)
    with pytest.raises(TypeError, match="hand over arrays as arguments"):
        ag.compile(lambda x: t * x)(1.0)
    with pytest.raises(TypeError, match="array"):
        ag.compile(lambda x: x * np.ones(3))(1.0)


def test_numbers_of_another_trace_are_refused() -> None:
    kept = []
    ag.compile(lambda x: kept.append(x) or x)(1.0)
    for use in (
        lambda: kept[0] + 1.0, lambda: ag.exp(kept[0]), lambda: kept[0] > 0,
        lambda: kept[0].detach(), lambda: ag.draw(kept[0]),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="left over"):
            use()
    with pytest.raises(TypeError, match="another function"):
        ag.compile(lambda x: x * kept[0])(1.0)
    with pytest.raises(TypeError, match="another function"):
        ag.compile(lambda x: ag.compile(lambda y: x * y)(2.0))(1.0)


# --- decisions ------------------------------------------------------------------------------------

w = Value(2.0)
DECISIONS: dict[str, Any] = {
    "if": lambda x: x if x > 0 else -x,
    "and": lambda x: x > 0 and x < 1,
    "not": lambda x: not x,
    "truth of a number": lambda x: x or 1.0,
    "truth of a weight": lambda x: x if w else -x,
    "comparison of a weight": lambda x: x if w > 1 else -x,
    "weight on the left": lambda x: x if w < x else -x,
    "float": lambda x: float(x),
    "int": lambda x: int(x),
    "math": lambda x: math.exp(x),
    "range": lambda x: sum(range(x)),
    "max": lambda x: max(x, 0.0),
    "sorted": lambda x: sorted([x, 1.0 * x]),
    "in": lambda x: 1.0 if x in [2.0, 3.0] else 2.0,
    "item": lambda x: x.item() * x,
    "data": lambda x: x.data * x,
    "format": lambda x: x * float(f"{x:.3f}"),
    "array": lambda x: np.array([x, x]).sum(),
    "backward": lambda x: (x * x).backward(),
    "any": lambda x: x if np.any(x > 0) else -x,
    "chain": lambda x: x if 0 < x < 1 else -x,
}


@pytest.mark.parametrize("name", DECISIONS)
def test_decisions_by_data_raise_at_their_line(name: str) -> None:
    f = ag.compile(DECISIONS[name])
    with pytest.raises(DataDependentError, match=r"test_compile.py:\d+") as caught:
        f(0.5)
    assert any(
        part in str(caught.value) for part in ("ag.where", "ag.exp", "own functions", "grad")
    )
    with pytest.raises(DataDependentError):
        f(np.ones(3))


def test_numbers_are_printed_by_name() -> None:
    said = []
    ag.compile(lambda x: said.append(f"{x}, {x!r}") or x)(1.0)
    assert said == [", ".join(2 * ["<the number x in a function that is being compiled>"])]
    with pytest.raises(TypeError, match=r"np\.array_equal can't be compiled"):
        ag.compile(lambda x: x * np.array_equal(x, 1.0))(1.0)


def test_conditions_are_numbers_to_choose_by() -> None:
    def f(x: Any, y: Any) -> Any:
        inside = (x > 0) & (y >= 0.5) | ~(x != y)
        return ag.where(inside, x * x, ag.maximum(y, 0.0)) + (x <= y) * x

    compiled = ag.compile(f)
    xs, ys = np.meshgrid([-1.0, 0.0, 0.5, 2.0], [-1.0, 0.0, 0.5, 2.0])
    got = compiled(xs, ys)
    for index in np.ndindex(xs.shape):
        x, y = float(xs[index]), float(ys[index])
        inside = (x > 0 and y >= 0.5) or x == y
        want = (x * x if inside else max(y, 0.0)) + (x <= y) * x
        assert got[index] == want == compiled(x, y)
    value, slope = compiled.value_and_grad(2.0, 0.5)
    assert (value, slope) == (4.0, 4.0)


def test_conditions_are_counted() -> None:
    f = ag.compile(lambda x, y: ((x > 0) + (y > 0), (x > 0) * (y > 0), ag.exp(x > 0), -(y > 0)))
    xs, ys = np.array([-1.0, 1.0, 2.0]), np.array([1.0, -1.0, 3.0])
    want = [[1, 1, 2], [0, 0, 1], [1, math.e, math.e], [-1, 0, -1]]
    same([x.tolist() for x in f(xs, ys)], want)
    assert all(x.dtype == float for x in f(xs, ys))
    for k in range(3):
        same(f(float(xs[k]), float(ys[k])), [w[k] for w in want])
    both = ag.compile(lambda x, y: (x > 0) * (y > 0))
    assert both.value_and_grad(np.ones(5), np.ones(5), reduce="sum")[0] == 5.0
    share = ag.compile(lambda x: (x > 0) * 1.0)
    assert share.value_and_grad(xs, reduce="sum")[0] == 2.0


def test_a_choice_of_conditions_is_a_number() -> None:
    f = ag.compile(lambda x, y: ag.where(x > 0, x > 1, y > 1) + (y > 0))
    xs, ys = np.array([-1.0, 2.0, 0.5]), np.array([2.0, 1.0, 1.0])
    assert f(xs, ys).tolist() == [f(x, y) for x, y in zip(xs, ys)] == [2.0, 2.0, 1.0]
    assert ag.compile(lambda x: ag.where((x > 0).detach() & (x < 2), x, 0.0))(1.0) == 1.0


def test_numpy_functions_are_traced() -> None:
    f = ag.compile(lambda x: np.where(np.isfinite(x), np.tanh(x), 0.0) + np.square(x))
    assert f(0.5) == math.tanh(0.5) + 0.25
    with pytest.raises(TypeError, match="signbit"):
        ag.compile(lambda x: np.signbit(x))(1.0)
    assert ag.compile(lambda x: ag.sum(x) + ag.mean(x) + ag.max(x))(2.0) == 6.0


def test_the_mode_is_left_as_it_was_after_an_error() -> None:
    from autograd.core.modes import ORDINARY, mode

    with pytest.raises(DataDependentError):
        ag.compile(lambda x: float(x))(1.0)
    with pytest.raises(ZeroDivisionError):
        ag.compile(lambda x: x * (1 / 0))(1.0)
    assert mode.get() is ORDINARY
    w = Value(1.0)
    assert bool(w > 0) is True and bool(w) is True


def test_errors_of_the_function_come_through() -> None:
    def f(x: Any) -> Any:
        raise ValueError("mine")

    for call in (ag.compile(f), ag.compile(f).value_and_grad):
        with pytest.raises(ValueError, match="mine"):
            call(1.0)


# --- what is written ------------------------------------------------------------------------------


def test_source_has_the_labels_and_the_rules() -> None:
    def neuron(w: Any, x: Any, b: Any) -> Any:
        total = w * x + b
        total.label = "total"
        return ag.sin(total)

    f = ag.compile(neuron)
    lines = f.source.splitlines()
    assert "    total = w * x + b" in lines
    assert any(line.endswith("# sin") and "d_total = " in line for line in lines)
    assert any(line.endswith("# mul") and line.strip().startswith("d_w = d_total * x")
               for line in lines)  # fmt: skip
    assert f.numpy_source.splitlines()[0] == "from numpy import cos, sin"
    assert f.source.splitlines()[1:] == f.numpy_source.splitlines()[1:]


HOSTILE = [
    "import os", "x\nraise SystemExit", "x; 1/0", '"""', "'", "lambda", "None", "True", "float",
    "exp", "return", "__builtins__", "__debug__", "other", "t1", "π", "ﬁ", "fi", "x y", "", " ",
    "1x", "a" * 500, "out", "out_", "buffer", "start", "x_", "whole",
    "x#", "{0}", "%s", "\0", "\\", "match", "print", "ª", "abs", "type", "d_x",
]  # fmt: skip


def named(x: Any, label: str) -> Any:
    x.label = label
    return x


def test_labels_cannot_change_what_runs() -> None:
    def f(x: Any) -> Any:
        y = x
        for k, label in enumerate(HOSTILE):
            y = ag.exp(-abs(y)) + y / (k + 2)
            y.label = label
        return y

    compiled = ag.compile(f)
    assert compiled.value_and_grad(0.7) == pytest.approx(ag.value_and_grad(f)(0.7), rel=1e-12)
    x = np.linspace(-1, 1, 5)
    assert compiled(x).tolist() == [compiled(float(v)) for v in x]
    space: dict[str, Any] = {}
    exec(compiled.source, space)
    assert space["f"](0.7) == compiled.value_and_grad(0.7)
    import ast

    outs = ag.compile(lambda x, y: [named(x * y + k, label) for k, label in enumerate(HOSTILE)])
    long = outs(np.ones(50_000), np.full(50_000, 2.0))
    assert [a[-1] for a in long] == [2.0 + k for k in range(len(HOSTILE))]
    names = {n.id for n in ast.walk(ast.parse(compiled.source)) if isinstance(n, ast.Name)}
    assert len({n for n in names if n.isidentifier()}) == len(names)
    nodes = {type(n) for n in ast.walk(ast.parse(compiled.source.split("\n\n\n")[-1]))}
    assert nodes <= {
        ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Assign, ast.Return, ast.Name,
        ast.Load, ast.Store, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Call, ast.Add, ast.Sub,
        ast.Mult, ast.Div, ast.USub, ast.Tuple,
    }  # fmt: skip


def test_hostile_names_of_arguments_keys_and_primitives() -> None:
    keys = {"x\nimport os": 1.0, "'": 2.0, "import": 3.0, 7: 4.0, "": 5.0, "\0": 6.0}
    f = ag.compile(lambda p: sum(v * v for v in p.values()))
    assert f.value_and_grad(keys) == (91.0, {k: 2 * v for k, v in keys.items()})
    space: dict[str, Any] = {}
    exec(f.source, space)
    assert space["f"](keys) == f.value_and_grad(keys)
    cube = Op("x; import os\n", lambda x: x * x * x, (lambda g, out, x: g * 3.0 * x * x,))
    g = ag.compile(lambda x: cube(x))
    assert g.value_and_grad(2.0) == (8.0, 12.0)
    assert g.value_and_grad(np.array([1.0, 2.0]), reduce="sum")[1].tolist() == [3.0, 12.0]
    assert "import os" not in g.source

    def exec_(exp: Any, d_x: Any, other: Any, abs: Any) -> Any:  # noqa: A002
        return ag.exp(exp) * d_x + other * ag.abs(abs)

    assert ag.compile(exec_)(0.0, 2.0, 3.0, -4.0) == 14.0
    exec_.__name__ = "exp) or (lambda"
    assert ag.compile(exec_)(0.0, 2.0, 3.0, -4.0) == 14.0


def test_a_primitive_of_ones_own_must_work_entry_by_entry() -> None:
    summed = Op("summed", lambda x: np.sum(x) * 1.0, (lambda g, out, x: g,))
    f = ag.compile(lambda x: summed(x))
    assert f(2.0) == 2.0
    with pytest.raises(ValueError, match="entry by entry"):
        f(np.ones(3))


def test_primitives_of_ones_own_count_in_whatever_they_like() -> None:
    """Twice in one function, with options, and with integers as results."""
    steps = Op(
        "steps",
        lambda x, by=1.0: np.floor_divide(x, by).astype(int),
        (lambda g, out, x, by=1.0: g * 0.0,),
    )
    f = ag.compile(lambda x: steps(steps(x), by=2.0) + x)
    x = np.array([1.5, 4.5, 7.0], np.float32)
    assert f(4.5) == 6.5 and f.grad(4.5) == 1.0
    assert f(x).dtype == np.float32 and f(x).tolist() == [1.5, 6.5, 10.0]
    whole = ag.compile(lambda x: steps(x))(x)
    assert whole.dtype == np.float32 and whole.tolist() == [1.0, 4.0, 7.0]
    assert f.source.count("steps(") == 2 and "by=2.0" in f.source
    with pytest.raises(
        TypeError, match="by must be a number or None in a compiled function, but got 'two'"
    ):
        ag.compile(lambda x: Op("odd", lambda x, by: x, (None,))(x, by="two"))(1.0)


def cube_of_float(x: float) -> float:
    return fabs(x) * x * x if x > 0.0 else x * x * x


def cube_of_array(x: Any) -> Any:
    return np.multiply(x * x, x)


def scaled(x: Any) -> Any:
    return SCALE * x


SCALE = 2.0


def test_primitives_of_ones_own_are_written_out() -> None:
    """Their functions on floats and on arrays, if these need `math` and NumPy alone."""
    cube = Op(
        "cube",
        lambda x: x**3,
        (lambda g, out, x: g * 3.0 * x * x,),
        elementwise=True,
        on_float=cube_of_float,
        on_array=cube_of_array,
    )
    f = ag.compile(lambda x: cube(x))
    x = np.array([1.0, -2.0])
    assert f(2.0) == 8.0 and f(x).tolist() == [1.0, -8.0]
    for text, argument in ((f.source, 2.0), (f.numpy_source, np.array([2.0]))):
        space: dict[str, Any] = {}
        exec(text, space)
        assert space["f"](argument) == (8.0, 12.0)
    assert "from math import fabs" in f.source and "import numpy as np" in f.numpy_source
    again = Op("again", cube_of_float, (lambda g, out, x: g * 3.0 * x * x,), elementwise=True)
    g = ag.compile(lambda x: again(x) + cube(x))
    assert "def again(x):" in g.source and "def cube(x):" in g.source and g(2.0) == 16.0
    other = Op("scaled", scaled, (lambda g, out, x: g * SCALE,), elementwise=True)
    assert "# scaled is a primitive of" in ag.compile(lambda x: other(x)).source


def root_of_float(x: float) -> float:
    return math.sqrt(x)


def root_without_module(x: float) -> float:
    return sqrt(x)


def root_of_many(*xs: np.ndarray[Any, Any], scale: float = 1.0) -> float:
    return scale * math.sqrt(xs[0])


def root_with_default(x: float, scale: float = SCALE) -> float:
    return x**0.5 * scale


def root(on_float: Any, name: str = "root") -> Op:
    slope = (lambda g, out, x: g * ag.divide(0.5, out),)
    return Op(name, np.sqrt, slope, elementwise=True, on_float=on_float)


def run_alone(f: Any, *args: float) -> Any:
    """What the source returns where nothing else is known."""
    space: dict[str, Any] = {}
    exec(f.source, space)
    name = f.source.split("def ")[-1].split("(")[0]
    return space[name](*args)


@pytest.mark.parametrize(
    ("on_float", "head"),
    [
        (root_of_float, "import math\n\n\ndef root(x):\n    return math.sqrt(x)"),
        (root_of_many, "import math\n\n\ndef root(*xs, scale=1.0):\n"),
        (root_without_module, "from math import sqrt\n\n\ndef root(x):\n    return sqrt(x)"),
        (math.sqrt, "from math import sqrt as root\n\n\ndef f"),
    ],
)
def test_functions_of_math_stand_in_source_as_they_are(on_float: Any, head: str) -> None:
    op = root(on_float)
    f = ag.compile(lambda x: op(x) * 2.0)
    assert f.value_and_grad(4.0) == run_alone(f, 4.0) == (4.0, 0.5)
    assert f.source.startswith(head)
    assert f.numpy_source.startswith("from numpy import sqrt as root\n")


@pytest.mark.parametrize("on_float", [root_with_default, lambda x: math.sqrt(x), partial(pow, 2.0)])
def test_functions_that_need_more_are_called_by_name(on_float: Any) -> None:
    op = root(on_float)
    f = ag.compile(lambda x: op(x))
    f(4.0)
    assert f.source.startswith("# root is a primitive of test_compile's own\n")


@pytest.mark.parametrize("name", ["fabs", "copysign", "isfinite", "hypot"])
def test_names_of_math_mean_the_same_in_all_that_is_written_out(name: str) -> None:
    """Functions that are written out call them, whatever other names there are."""

    def f(x: Any) -> Any:
        return op(x) + ag.softsign(x) + ag.floor(x)

    op = root(root_of_float, name)
    for f.__name__ in ("f", name):
        g = ag.compile(f)
        assert g.value_and_grad(4.0) == run_alone(g, 4.0) and g(4.0) == 6.8
    alone = ag.compile(lambda x: root(root_without_module, "sqrt")(x))
    assert alone.value_and_grad(4.0) == run_alone(alone, 4.0) == (2.0, 0.25)


def test_what_is_written_out_calls_no_primitive_by_a_name_of_math() -> None:
    op, other = root(gamma_of_float), root(root_of_float, "gamma")
    f = ag.compile(lambda x: op(x) + other(x))
    f(4.0)
    assert f.source.startswith("# root is a primitive of")


def gamma_of_float(x: float) -> float:
    return gamma(x) ** 0.0 * x**0.5


@pytest.mark.parametrize("elementwise", [True, None])
def test_primitives_of_any_number_of_operands(elementwise: bool | None) -> None:
    rule = ag.per_argument(lambda i: lambda g, out, *xs: g * 2.0 * xs[i])
    squares = Op("squares", lambda *xs: sum(x * x for x in xs), rule, elementwise=elementwise)
    f = ag.compile(lambda x, y: squares(x, y, 1.0))
    assert f.value_and_grad(2.0, 3.0) == (14.0, 4.0)
    value, slope = f.value_and_grad(np.array([2.0, 0.0]), 3.0)
    assert value.tolist() == [14.0, 10.0] and slope.tolist() == [4.0, 0.0]


def lines_of(f: Any, *args: Any) -> list[str]:
    f.value_and_grad(*args)
    body = f.source.split("def ")[-1].splitlines()[1:-1]
    return [line for line in body if "=" in line]


def test_common_and_dead_parts_are_left_out() -> None:
    def f(x: Any, y: Any) -> Any:
        unused = ag.sin(x) * ag.cos(y)
        assert unused is not None
        twice = ag.exp(x * y) + ag.exp(y * x)
        return twice * (2.0 * 3.0 + ag.sqrt(4.0)) * 1.0 - 0.0

    source = ag.compile(f).source
    assert source.count("exp(") == 1 and "sin" not in source and "8.0" in source
    assert "- 0.0" not in source and "* 1.0" not in source


@pytest.mark.parametrize("x", EDGES)
def test_simplification_is_exact(x: float) -> None:
    f = ag.compile(lambda x, z: (
        x * 1.0, 1.0 * x, x / 1.0, x - 0.0, x + 0.0, x + -0.0, 0.0 + x, x - (-z), z + (-x), -x * z,
        -x * -z, x / -z, x * -1.0, x**1, x**0, ag.where(x > 0, z, z), 0.0 - x, 0.0 * x,
    ))  # fmt: skip
    for z in EDGES:
        with np.errstate(all="ignore"):
            want = [
                x * 1.0, 1.0 * x, x / 1.0, x - 0.0, x + 0.0, x + -0.0, 0.0 + x, x + z, z - x,
                -x * z, x * z, -float(np.divide(x, z)), -x, x, 1.0, z, 0.0 - x, 0.0 * x,
            ]  # fmt: skip
            arrays = f(np.array([x]), np.array([z]))
        for got in (f(x, z), [float(a[0]) for a in arrays]):
            same(got, want, rtol=0)
            assert [math.copysign(1, a) for a in got if a == a] == [
                math.copysign(1, a) for a in want if a == a
            ]


def test_lines_grow_with_the_graph_and_no_faster() -> None:
    def f(x: Any, n: int = 1) -> Any:
        y = x
        for _ in range(n):
            y = ag.sin(y) * x
        return y

    counts = []
    for n in (100, 200):
        compiled = ag.compile(f)
        compiled.value_and_grad(0.5, n=n)
        counts.append(len(lower(compiled.latest, 0, 1).program.lines))
    assert counts[1] <= 2.1 * counts[0]


def test_large_graphs() -> None:
    """20,000 operations, deep and wide."""
    deep = lambda x: __import__("functools").reduce(lambda y, k: ag.sin(y) * x, range(10_000), x)
    value, slope = ag.compile(deep).value_and_grad(0.9)
    v = Value(0.9)
    y = deep(v)
    y.backward()
    same([value, slope], [y.data, v.grad])
    numbers = np.random.default_rng(0).normal(size=(2000, 5)).tolist()
    wide = lambda w: sum((sum(a * b for a, b in zip(w, row)) - 1.0) ** 2 for row in numbers)
    w = [0.1, 0.2, 0.3, 0.4, 0.5]
    got, want = ag.compile(wide).value_and_grad(w), ag.value_and_grad(wide)(w)
    same(got[0], want[0])
    same(got[1], want[1])


def test_too_many_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograd.compiler.trace.LIMIT", 100)
    with pytest.raises(ValueError, match=r"more than 100 operations.*loops are written out"):
        ag.compile(lambda x: sum(x * k for k in range(200)))(1.0)


def test_names_of_higher_derivatives() -> None:
    f = ag.compile(lambda x, y: ag.sin(x * y)).derivatives(2, argnums=(0, 1))
    f(0.5, 2.0)
    for name in ("d_x", "d_y", "d_x_x", "d_x_y", "d_y_y"):
        assert f"    {name} = " in f.source
    assert repr(f) == "<compiled f, 2 derivatives>"


def test_anything_that_can_be_called() -> None:
    import copy
    import functools
    import pickle

    import nn

    assert ag.compile(functools.partial(lambda a, x: a * x, 3.0))(2.0) == 6.0
    net = nn.scalar.MLP(2, [3, 1], rng=0)
    assert ag.compile(net)([1.0, 2.0]) == net([1.0, 2.0]).item()
    for again in (copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))):
        f = ag.compile(ag.sin)
        for _ in range(2):
            assert again(f)(1.0) == f(1.0) == math.sin(1.0)
        assert again(f.derivatives(2))(0.0) == (0.0, 1.0, 0.0)

    class Model:
        @ag.compile
        def output(self, x: Any) -> Any:
            return x

    assert Model.output is vars(Model)["output"]
    with pytest.raises(TypeError, match="method"):
        Model().output(1.0)


def test_source_before_the_first_call() -> None:
    assert "def f(w, x):" in ag.compile(lambda w, x, scale=2.0: w * x * scale).source
    with pytest.raises(TypeError, match="hand over a list"):
        _ = ag.compile(lambda xs: sum(x for x in xs)).source


def test_decorator_and_names() -> None:
    @ag.compile
    def area(width: Any, height: Any) -> Any:
        """The area."""
        return width * height

    assert area.__name__ == "area" and area.__doc__ == "The area."
    assert area(2.0, 3.0) == 6.0 and "def area(width, height):" in area.source


def test_names_that_are_taken_are_not_given_away_again() -> None:
    def f(x: Any, t1: Any, t2: Any, t: Any) -> Any:
        return ag.sin(x * t1) * t2 + ag.exp(ag.sin(t) * x) * ag.sin(x * t1)

    compiled, args = ag.compile(f), (0.5, 1.5, -2.0, 0.25)
    same(compiled(*args), f(*args))
    names = re.findall(r"^    (\w+) = ", compiled.source, re.MULTILINE)
    assert len({*names, "x", "t1", "t2", "t"}) == len(names) + 4


def test_graph_is_what_is_computed() -> None:
    f = ag.compile(lambda x, y: ag.sin(x * y) + x * y)
    graph = f.graph(2.0, 3.0)
    assert isinstance(graph.value, Value)
    assert graph.value.data == f(2.0, 3.0)
    assert [g.data for g in graph.gradients] == list(f.grad(2.0, 3.0, argnums=(0, 1)))
    assert [x.label for x in graph.inputs] == ["x", "y"]
    text = ag.draw(graph.value, *graph.gradients).text
    assert "d_x" in text and "cos" in text
    only = f.graph(Value(2.0), 3.0, argnums=1)
    assert [g.data for g in only.gradients] == [f.grad(2.0, 3.0, argnums=1)]
    straight = ag.compile(lambda x, y: 3.0 * x + y).graph(1.0, 2.0)
    assert [g.data for g in straight.gradients] == [3.0, 1.0]
    assert ag.draw(straight.value, *straight.gradients).text


# --- columns --------------------------------------------------------------------------------------


def test_the_averaging_neuron_is_a_matrix_product() -> None:
    f = ag.compile(lambda w, x, t: (sum(a * b for a, b in zip(w, x)) - t) ** 2)
    rng = np.random.default_rng(0)
    X = rng.random((1000, 4))
    t, w = X.mean(1), [0.98, 0.4, 0.86, -0.08]
    value, gradient = f.value_and_grad(w, list(X.T), t, reduce="mean")
    off = X @ w - t
    same(value, off @ off / 1000)
    same(gradient, 2 * X.T @ off / 1000)
    text = next(iter(lower(f.latest, 0, 1).tiled.values())).source.whole()
    assert text.count("@") == 2 and text.count(" = ") == 7


def test_pairs_of_columns_are_multiplied_pair_by_pair() -> None:
    """And not all with all: of 64 products, the gradient by these weights needs 8."""
    f = ag.compile(lambda w, x: sum(ag.tanh(a * b) for a, b in zip(w, x)))
    rng = np.random.default_rng(0)
    w, X = rng.uniform(-1, 1, 8), rng.normal(size=(8, 50))
    value, gradient = f.value_and_grad(list(w), list(X), argnums=0, reduce="mean")
    out = np.tanh(w[:, None] * X)
    same(value, out.sum(0).mean())
    same(gradient, ((1 - out**2) * X).mean(1))
    assert "vecdot(" in numpy_text(f) and "@" not in numpy_text(f)


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        (((0, 0), (1, 1), (2, 2)), "dot("),  # too few, of too many
        (((0, 0), (0, 1), (1, 1)), "@"),  # all but one of four
    ],
)
def test_few_pairs_of_columns(pairs: Any, text: str) -> None:
    f = ag.compile(lambda x, y: sum(ag.exp(x[i]) * y[j] for i, j in pairs))
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(2, 3, 50))
    value = f.value_and_grad(list(X), list(Y), argnums=(), reduce="mean")[0]
    same(value, sum(np.exp(X[i]) * Y[j] for i, j in pairs).mean())
    assert text in numpy_text(f)


def test_one_number_before_all_columns() -> None:
    f = ag.compile(lambda w, x: ag.tanh(sum((w * w) * v for v in x)))
    X = np.random.default_rng(0).normal(size=(3, 20))
    same(f(0.5, list(X)), np.tanh(0.25 * X.sum(0)))
    assert "] * 3)" in numpy_text(f)


def numpy_text(f: Any) -> str:
    """The source of the latest call on columns."""
    (tiled,) = next(iter(f.latest.programs.values())).tiled.values()
    return str(tiled.source.whole())


def test_columns_of_integers_are_converted() -> None:
    f = ag.compile(lambda x: x / 2)
    for n in (np.arange(3), np.array([False, True])):
        out = f(n)
        assert out.dtype == float and out.tolist() == (n / 2).tolist()


@pytest.mark.parametrize("activation", [ag.relu, ag.tanh, ag.sigmoid, ag.softplus])
@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_nets_of_lists(activation: Any, reduce: str) -> None:
    def net(p: Any, x: Any) -> Any:
        for layer in p[:-1]:
            x = [activation(sum(w * v for w, v in zip(ws, x)) - b) for ws, b in layer]
        return sum(w * v for w, v in zip(p[-1], x)) + x[0]

    rng = np.random.default_rng(0)
    params = [
        [(rng.normal(size=n).tolist(), 0.1 * k) for k in range(m)] for n, m in ((3, 5), (5, 4))
    ] + [rng.normal(size=4).tolist()]
    X, t = rng.normal(size=(7, 3)), rng.normal(size=7)
    loss = lambda p, x, t: (net(p, x) - t) ** 2 + 0.01 * sum(w * w for w in pytree.leaves(p))
    value, gradient = ag.compile(loss).value_and_grad(params, list(X.T), t, reduce=reduce)
    scale = 1 / 7 if reduce == "mean" else 1.0
    both = [ag.value_and_grad(loss)(params, x, y) for x, y in zip(X.tolist(), t.tolist())]
    same(value, scale * sum(v for v, _ in both))
    leaves = [list(pytree.leaves(g)) for _, g in both]
    np.testing.assert_allclose(list(pytree.leaves(gradient)), scale * np.sum(leaves, 0),
                               rtol=1e-11, atol=1e-12)  # fmt: skip


def test_warnings_are_numpys_in_values_and_none_in_gradients() -> None:
    f = ag.compile(lambda x: ag.log(x))
    zero = np.zeros(3)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        f(zero)
    assert f.value_and_grad(zero)[1].tolist() == [math.inf] * 3
    assert f.value_and_grad(0.0) == (-math.inf, math.inf)


def test_threads() -> None:
    f = ag.compile(lambda xs: sum(ag.sin(x) * x for x in xs))
    failed = []

    def work(count: int) -> None:
        for k in range(200):
            xs = [0.1 * k] * (1 + (k + count) % 3)
            value, gradient = f.value_and_grad(xs)
            want = math.sin(0.1 * k) * (0.1 * k) * len(xs)
            if len(gradient) != len(xs) or not math.isclose(value, want, abs_tol=1e-12):
                failed.append((xs, value))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failed


def test_gradients_that_are_the_same_for_all_examples() -> None:
    f = ag.compile(lambda x, y: 3.0 * x + y)
    x, y = np.ones((2, 1)), np.ones((2, 4))
    for reduce, scale in (("sum", 1.0), ("mean", 1 / 8)):
        dx, dy = f.grad(x, y, argnums=(0, 1), reduce=reduce)
        assert dx.tolist() == [[12 * scale]] * 2 and dy.tolist() == [[scale] * 4] * 2


def test_latex() -> None:
    def f(x1: Any, alpha: Any, rate: Any) -> Any:
        chosen = ag.where(x1 > 0, x1 * x1, -(x1 + 1.0))
        return chosen * (alpha - (rate - 2.0)) / ag.sqrt(rate) + ag.exp(-x1) ** 1.5

    assert ag.compile(f).latex() == (
        r"f(x_{1}, \alpha, \mathrm{rate}) = \frac{\begin{cases} {x_{1}}^{2} & \text{if } x_{1} > 0 "
        r"\\ -\left(x_{1} + 1\right) & \text{else} \end{cases} \, "
        r"\left(\alpha - \left(\mathrm{rate} - 2\right)\right)}{\sqrt{\mathrm{rate}}} "
        r"+ {\left(e^{-x_{1}}\right)}^{1.5}"
    )
    for g, formula in (
        (lambda x: 2.5e-20 * x, r"2.5 \cdot 10^{-20} \, x"),
        (lambda x: (1e30 + x) ** 2.0, r"{\left(1 \cdot 10^{30} + x\right)}^{2}"),
        (lambda x: True, r"\text{true}"),
        (lambda x: x**-1.0, r"\frac{1}{x}"),
    ):
        assert ag.compile(g).latex() == f"f(x) = {formula}"
    with pytest.raises(ValueError, match="more than 4000 characters"):
        deep = ag.compile(
            lambda x: __import__("functools").reduce(lambda y, _: y * y + y, range(20), x)
        )
        deep.latex()


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.elementwise and not np.shape(c.args[0])], ids=str
)
def test_every_primitive_has_a_formula(case: Case) -> None:
    f = ag.compile(case.f)
    f(*map(float, case.args), **case.kwargs)
    text = f.latex()
    assert text.count("{") == text.count("}") and text.count(r"\left") == text.count(r"\right")


def test_a_copy_of_a_number_is_that_number() -> None:
    for again in (copy.copy, copy.deepcopy):
        assert ag.compile(lambda x: again(x * x) + again([x])[0]).grad(3.0) == 7.0  # noqa: B023


def test_an_inner_derivative_stays_connected_to_arguments_and_weights() -> None:
    f = ag.compile(lambda x: x * ag.grad(lambda y: y * y * x)(2.0))  # 4 x^2
    assert f.value_and_grad(3.0) == (36.0, 24.0)
    assert f.derivatives(2)(3.0) == (36.0, 24.0, 8.0)
    w = Value(5.0)
    g = ag.compile(lambda x: x * ag.grad(lambda y: w * y * y)(2.0))
    assert g.backward(3.0) == 60.0 and w.grad == 12.0
