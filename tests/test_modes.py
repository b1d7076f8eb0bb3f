"""Anomaly mode, hooks, leaves' choices, computing again, copying and pickling."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import gc
import math
import pickle
import sys
import weakref
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Op, Tensor, Value
from autograd.node import mode


def test_anomaly_names_op_label_operands_and_line() -> None:
    with ag.detect_anomaly(), np.errstate(all="ignore"):
        x = Value(0.0, label="x")
        with pytest.raises(ag.AnomalyError) as caught:
            x.log()
        message = str(caught.value)
        assert message.startswith("log(x = 0.0) made inf, at ")
        assert "test_modes.py" in message and message.endswith(": x.log()")
        t = Tensor([1.0, -1.0], label="t")
        with pytest.raises(ag.AnomalyError, match=r"sqrt\(t = array\(2,\) from -1.0 to 1.0\) ma"):
            ag.sqrt(t)
        with pytest.raises(ag.AnomalyError, match="div"):
            x / 0
    assert x.log().data == -np.inf


def test_anomaly_finds_the_derivative_and_where_it_was_computed() -> None:
    x = Value(0.0, label="x")
    with ag.detect_anomaly():
        y = ag.sqrt(x) * 2
        with pytest.raises(ag.AnomalyError) as caught:
            y.backward()
    message = str(caught.value)
    assert message.startswith("the derivative of sqrt(x = 0.0) for its argument 0 made inf of")
    assert message.endswith(": y = ag.sqrt(x) * 2")
    assert x.grad is None
    y.backward()
    assert x.grad == np.inf


def test_anomaly_looks_at_ops_of_two_operands_too() -> None:
    bad = Op("bad", lambda x, y: x + y, (lambda g, out, x, y: g * np.nan, lambda g, out, x, y: g))
    for kind in (Value, lambda x: Tensor(x, requires_grad=True)):
        with ag.detect_anomaly():
            y = bad(kind(1.0), kind(2.0))
            with pytest.raises(ag.AnomalyError, match="derivative of bad.*argument 0 made nan"):
                y.backward()


def test_anomaly_lets_infinities_of_the_user_pass() -> None:
    with ag.detect_anomaly():
        logits = Tensor([0.0, -np.inf], requires_grad=True)
        assert (logits * 2).data[1] == -np.inf
        out = ag.logsumexp(logits)
        out.backward()
    assert logits.grad.tolist() == [1.0, 0.0]


def test_hooks_see_and_change_gradients() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    seen = []
    remove_first = y.register_hook(lambda g: seen.append(g.tolist()))
    remove = y.register_hook(lambda g: 10 * g)
    y.sum().backward()
    assert seen == [[1.0, 1.0]] and x.grad.tolist() == [30.0, 30.0]
    remove()
    remove_first()
    x.grad = None
    y.sum().backward()
    assert seen == [[1.0, 1.0]] and x.grad.tolist() == [3.0, 3.0]
    x.register_hook(lambda g: g[:1])
    with pytest.raises(ValueError, match=r"hook .* from \(2,\) to \(1,\)"):
        y.sum().backward()
    v = Value(2.0)
    v.register_hook(lambda g: -g)
    (v * 3).backward()
    assert v.grad == -3.0


def test_what_hooks_make_of_a_values_gradient_is_a_float() -> None:
    x = Value(3.0)
    x.register_hook(lambda g: np.float64(2.0) * g)
    for total in (12.0, 24.0):
        (x * x).backward()
        assert x.grad == total and type(x.grad) is float


def test_hooks_stay_differentiable() -> None:
    def f(x: Any) -> Any:
        y = x**3
        y.register_hook(lambda g: 2 * g)
        return y

    assert ag.grad(f)(2.0) == 24.0 and ag.grad(ag.grad(f))(2.0) == 24.0


def test_leaves_choose_whether_they_require_a_gradient() -> None:
    w = Tensor([1.0])
    assert w.requires_grad_() is w and (w * 2).requires_grad
    assert not (w.requires_grad_(False) * 2).requires_grad
    v = Value(1.0).requires_grad_(False)
    assert not (v * 2).requires_grad
    with pytest.raises(ValueError, match="computed by mul"):
        (Value(1.0) * 2).requires_grad_(False)
    with pytest.raises(TypeError, match="floating-point"):
        Tensor([1]).requires_grad_()


def test_constants_stop_gradients() -> None:
    x = Value(3.0)
    (x * x.detach() + ag.stop_gradient(x)).backward()
    assert x.grad == 3.0
    assert ag.grad(lambda x: x * ag.stop_gradient(x))(3.0) == 3.0
    assert ag.grad(ag.grad(lambda x: x * ag.stop_gradient(x * x)))(3.0) == 0.0
    assert ag.stop_gradient(2.0) == 2.0


def layers(w: Tensor, calls: list[int]) -> Any:
    def f(h: Tensor) -> Tensor:
        calls.append(1)
        for _ in range(5):
            h = ag.tanh(h @ w.T + ag.sum(w) * 0.01)
        return h

    return f


def test_checkpoint_gives_the_same_gradients_and_keeps_less() -> None:
    rng = np.random.default_rng(0)
    w = Tensor(rng.normal(size=(3, 3)), requires_grad=True)
    x = Tensor(rng.normal(size=(2, 3)), requires_grad=True)
    calls: list[int] = []
    f = layers(w, calls)
    (f(x) ** 2).sum().backward()
    wanted = w.grad, x.grad
    w.grad = x.grad = None
    out = ag.checkpoint(f)(x)
    assert len(calls) == 2 and {id(a) for a in out.args} == {id(w), id(x)}
    (out**2).sum().backward()
    assert len(calls) == 3  # once more, for both arguments together
    np.testing.assert_allclose(w.grad, wanted[0], rtol=1e-15)
    np.testing.assert_allclose(x.grad, wanted[1], rtol=1e-15)


def test_checkpoint_of_every_order_nested_and_in_closures() -> None:
    def f(x: Any) -> Any:
        inner = ag.checkpoint(ag.tanh)
        return ag.checkpoint(lambda y: inner(y * x) + x)(x * 2) * x

    ag.check_gradients(f, np.array([0.3, 0.4]), order=3)
    ag.check_gradients(f, 0.3)
    assert ag.checkpoint(ag.sin)(1.0) == ag.sin(1.0)
    with ag.no_grad():
        assert not ag.checkpoint(ag.sin)(Value(1.0)).requires_grad
        assert ag.checkpoint(scaled)(1.0, factor=2.0) == 2.0
    x = Value(1.0)
    assert ag.checkpoint(lambda y: y)(x) is x
    (ag.checkpoint(scaled)(x, factor=2.0) + ag.checkpoint(lambda y: y * x.detach())(x)).backward()
    assert x.grad == 2.0 + 1.0


def scaled(x: Any, factor: float) -> Any:
    return x * factor


def test_checkpoint_records_again_whatever_the_mode_of_the_backward_pass() -> None:
    x = Value(3.0)
    out = ag.checkpoint(lambda x: x * x)(x)
    with ag.no_grad():
        out.backward()
    assert x.grad == 6.0


def test_checkpoint_refuses_what_it_can_not_repeat() -> None:
    rng = np.random.default_rng(0)
    out = ag.checkpoint(lambda x: x * rng.random())(Value(1.0))
    with pytest.raises(ValueError, match="something else the second time"):
        out.backward()
    lengths = iter((3, 2))
    out = ag.checkpoint(lambda x: x[: next(lengths)])(Tensor(np.ones(4), requires_grad=True))
    with pytest.raises(ValueError, match="something else the second time"):
        out.sum().backward()
    for returned in ([1.0], None):
        with pytest.raises(TypeError, match=f"returned {type(returned).__name__}"):
            ag.checkpoint(lambda x, y=returned: y)(Value(1.0))


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (math.nan, math.nan, True),
        (1.0, math.nan, False),
        (math.nan, 1.0, False),
        (np.array([1.0, 1.0]), np.array([1.0]), False),
    ],
)
def test_checkpoint_tells_whether_it_was_repeated(first: Any, second: Any, same: bool) -> None:
    factors = iter([first, second])
    x = Tensor(1.0, requires_grad=True)
    out = ag.checkpoint(lambda x: x * next(factors))(x)
    if same:
        out.backward()
        np.testing.assert_array_equal(x.grad, first)
    else:
        with pytest.raises(ValueError, match="something else the second time"):
            out.backward(np.ones(out.shape))


def test_checkpoint_finds_one_nan_equal_to_another() -> None:
    x = Tensor([-1.0, 1.0], requires_grad=True)
    with np.errstate(invalid="ignore"):
        ag.checkpoint(ag.log)(x).sum().backward()
    assert x.grad.tolist() == [-1.0, 1.0]


def test_checkpoint_leaves_no_cycle() -> None:
    gc.collect()
    gc.disable()
    try:
        x = Value(0.5)
        y = ag.checkpoint(lambda x: ag.sin(x) * x)(x)
        (y * y).backward()
        ag.grad(ag.grad(ag.checkpoint(ag.sin)))(1.0)
        dead = weakref.ref(y)
        del y
        assert dead() is None
    finally:
        gc.enable()


def graph() -> list[Any]:
    a = Value(2.0, label="a")
    t = Tensor([1.0, 2.0], requires_grad=True, label="t")
    b = a * 3
    c = (b * b * t).sum()
    b.grad = 5.0
    return [c, b, a, t]


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_share_among_themselves_and_with_nothing_else(again: Any) -> None:
    original = graph()
    c, b, a, t = again(original)
    assert (a.label, t.label, b.grad, a.data) == ("a", "t", 5.0, 2.0)
    assert b.args[0] is a and c.op is original[0].op
    original[0].backward()
    assert a.grad is None and t.grad is None
    c.backward()
    assert a.grad == original[2].grad == 108.0
    np.testing.assert_array_equal(t.grad, original[3].grad)
    t.data[0] = 100.0
    assert original[3].data[0] == 1.0
    slope = ag.grad(lambda x: again([x])[0] * 1.0)
    assert slope(1.0) == 0.0  # a copy is somebody else


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_deep_graphs_copy_without_recursion(again: Any) -> None:
    x = Value(1.0)
    y = x
    for _ in range(30_000):
        y = y * 1.0001 + x
    limit = sys.getrecursionlimit()
    z, w = again((y, x))
    z.backward()
    y.backward()
    assert w.grad == x.grad
    assert sys.getrecursionlimit() == limit


def test_ops_are_pickled_by_name() -> None:
    assert pickle.loads(pickle.dumps(ag.exp)) is ag.exp
    local = Op("local", lambda x: x, (lambda g, out, x: g,))
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(local(Value(1.0)))


def test_grad_mode_is_per_async_task() -> None:
    x = Value(1.0)

    async def off(event: asyncio.Event) -> bool:
        with ag.no_grad():
            event.set()
            await asyncio.sleep(0.01)
            return (x * 2).requires_grad

    async def on(event: asyncio.Event) -> bool:
        await event.wait()
        return (x * 2).requires_grad

    async def both() -> list[bool]:
        event = asyncio.Event()
        return list(await asyncio.gather(off(event), on(event)))

    assert asyncio.run(both()) == [False, True]


def test_one_switch_is_entered_twice_and_remembers_neither() -> None:
    switch = ag.no_grad()
    with switch:
        with switch:
            pass
        assert not ag.is_grad_enabled()
    assert ag.is_grad_enabled() and not switch.tokens


def test_one_switch_is_left_while_another_task_is_inside() -> None:
    switch, other = ag.no_grad(), contextvars.copy_context()
    with switch:
        other.run(switch.__enter__)
    assert ag.is_grad_enabled() and not other.run(ag.is_grad_enabled)
    other.run(switch.__exit__, None, None, None)
    assert other.run(ag.is_grad_enabled)


def test_one_switch_is_left_while_another_thread_is_leaving_it() -> None:
    """Which has its own mode back, and has not yet crossed itself off the list."""
    switch = ag.no_grad()

    def about_to_leave() -> None:
        switch.__enter__()
        mode.reset(switch.tokens[-1])

    with switch:
        contextvars.copy_context().run(about_to_leave)
    assert ag.is_grad_enabled()


def test_a_switch_is_left_by_whoever_has_entered_it() -> None:
    switch = ag.no_grad()
    with switch:
        contextvars.Context().run(switch.__exit__, None, None, None)
        assert not ag.is_grad_enabled()
    assert ag.is_grad_enabled()


def test_checkpoint_computes_again_for_another_gradient() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    out = ag.checkpoint(lambda x: x * x)(x)
    out.backward([1.0, 1.0])
    out.backward([10.0, 0.0])
    assert x.grad.tolist() == [2.0 + 20.0, 4.0]


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_remember_what_was_seen(again: Any) -> None:
    a, b = Value(2.0), Value(3.0)
    c = a * b
    a.data = 10.0
    c = again(c)
    c.backward()
    assert c.args[0].data == 10.0 and c.args[1].grad == 2.0


def test_anomaly_shows_an_array_without_entries_by_its_shape() -> None:
    with ag.detect_anomaly(), np.errstate(all="ignore"):
        t = Tensor(np.empty((0, 2)), label="t")
        with pytest.raises(ag.AnomalyError, match=r"first\(t = array\(0, 2\)\) made nan"):
            Op("first", lambda x: np.array([np.nan]), ((lambda g, out, x: g),))(t)
