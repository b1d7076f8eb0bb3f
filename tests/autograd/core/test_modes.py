"""Anomaly mode, hooks, leaves' choices, computing again, copying and pickling."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import copy
import gc
import inspect
import math
import pickle
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Op, Tensor, Value
from autograd.core import pickling
from autograd.core.modes import mode


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
    for returned in ([1.0], None, "1", (x for x in ())):
        with pytest.raises(TypeError, match=f"returned {type(returned).__name__}"):
            ag.checkpoint(lambda x, y=returned: y)(Value(1.0))


@pytest.mark.parametrize("wrong", ["f", None, 1.0, Value], ids=repr)
def test_modes_and_checkpoint_wrap_functions_only(wrong: Any) -> None:
    for wrap in (ag.checkpoint, ag.no_grad(), ag.detect_anomaly(), ag.scope("a")):
        with pytest.raises(TypeError, match="must be a function, but got"):
            wrap(wrong)


def test_methods_of_all_kinds_are_decorated_in_either_order() -> None:
    class Model:
        @ag.no_grad()
        @classmethod
        def first(cls) -> Any:
            return cls, ag.is_grad_enabled()

        @classmethod
        @ag.no_grad()
        def second(cls) -> Any:
            return cls, ag.is_grad_enabled()

        @ag.no_grad()
        @staticmethod
        def third(x: Any) -> Any:
            return x, ag.is_grad_enabled()

        @ag.no_grad()
        @staticmethod
        def fourth(x: Any) -> Any:
            yield x, ag.is_grad_enabled()

    assert Model.first() == Model().second() == (Model, False)
    assert Model.third(1) == Model().third(1) == next(Model().fourth(1)) == (1, False)


def test_checkpoint_refuses_another_kind_of_result_and_other_operands() -> None:
    x, w = Value(2.0), Value(1.0)
    for first, second in (
        (lambda x: x * w, lambda x: 2.0),
        (lambda x: x * w, lambda x: x * 1.0),
        (lambda x: x * 1.0, lambda x: x * w),
    ):
        runs = iter([first, second])
        out = ag.checkpoint(lambda x, runs=runs: next(runs)(x))(x)
        with pytest.raises(ValueError, match="something else the second time"):
            out.backward()
    assert x.grad is None


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


class Twice(nn.Module):
    """A layer with side effects: counters in buffers, in every way to write one."""

    def __init__(self) -> None:
        self.w = nn.Parameter([1.0, 2.0])
        self.calls = nn.module.Buffer(0)
        self.seen, self.entry, self.raw = (nn.module.Buffer(np.zeros(2)) for _ in range(3))
        self.number = Value(0.0).requires_grad_(False)

    def forward(self, x: Any) -> Any:
        self.calls.data += 1
        self.calls.data = self.calls.data + 1
        self.seen += 1.0
        self.entry[0] = self.entry[0] + 1.0
        self.raw.data[1] += 5.0
        self.number.data += 1.0
        return x * self.w * 2.0

    def state(self) -> tuple[Any, ...]:
        buffers = self.calls, self.seen, self.entry, self.raw
        return *(x.tolist() for x in buffers), self.number.data


@pytest.mark.parametrize("order", [1, 2])
def test_what_a_function_writes_is_written_once(order: int) -> None:
    plain, once = Twice(), Twice()
    plain(Tensor([3.0, 4.0]))
    f = ag.checkpoint(once)
    if order == 1:
        f(Tensor([3.0, 4.0])).sum().backward()
        assert once.w.grad.tolist() == [6.0, 8.0]
    else:
        ag.hvp(lambda x: (f(x) ** 3).sum())(np.array([3.0, 4.0]))
    assert plain.state() == (2, [1.0, 1.0], [1.0, 0.0], [0.0, 5.0], 1.0)
    assert once.state() == plain.state()


@pytest.mark.parametrize("wrap", [ag.checkpoint, lambda f: ag.checkpoint(ag.checkpoint(f))],
                         ids=["once", "nested"])  # fmt: skip
def test_batch_norm_follows_a_batch_once(wrap: Any) -> None:
    norm = nn.BatchNorm1d(1)
    wrap(norm)(Tensor(np.array([[1.0], [3.0]], np.float32), requires_grad=True)).sum().backward()
    assert norm.running_mean.data.tolist() == pytest.approx([0.2])
    assert norm.num_batches_tracked.data == 1
    net, twin = (nn.Sequential(nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3)) for _ in range(2))
    x = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    for _ in range(2):
        net(x).sum().backward()
        wrap(lambda x: twin(x))(x).sum().backward()
    assert str(net.state_dict()) == str(twin.state_dict())


def test_an_error_in_the_second_run_leaves_what_was_written() -> None:
    layer, factors = Twice(), iter([1.0, 2.0])
    out = ag.checkpoint(lambda x: layer(x) * next(factors))(Tensor([3.0, 4.0]))
    state = layer.state()
    with pytest.raises(ValueError, match="something else the second time"):
        out.sum().backward()
    assert layer.state() == state


@pytest.mark.parametrize("wrap", [ag.checkpoint, lambda f: ag.checkpoint(ag.checkpoint(f))],
                         ids=["once", "nested"])  # fmt: skip
def test_dropout_draws_the_same_numbers_again(wrap: Any) -> None:
    x = np.random.default_rng(0).normal(size=(4, 6))
    grads = []
    for around in (lambda f: f, wrap):
        net = nn.Sequential(
            nn.Dropout(0.5, rng=1), nn.Linear(6, 6, dtype=float, rng=0), nn.Dropout(0.3, rng=1)
        )
        for _ in range(2):
            loss = (around(net)(x) ** 2).sum()
            net[0].rng.random()  # goes on from here after the backward pass
            loss.backward()
        following = net[0].rng.random()
        grads.append((net[1].weight.grad.tolist(), following))
    assert grads[0] == grads[1]


def test_a_layer_of_ones_own_may_draw_numbers_and_create_graph() -> None:
    rng = np.random.default_rng(3)
    noisy = lambda x: x**3 * nn.random.generator_from(rng).normal(size=2)
    x, factors = np.array([1.0, 2.0]), np.random.default_rng(3).normal(size=2)
    product = ag.hvp(lambda x: ag.checkpoint(noisy)(x).sum())(x)[1]
    np.testing.assert_allclose(product(np.ones(2)), 6 * x * factors)
    nn.manual_seed(0)
    seeded = ag.checkpoint(lambda x: x * nn.random.generator_from(None).normal())
    assert ag.grad(seeded)(1.0) == np.random.default_rng(0).normal()


def test_a_leaf_over_memory_that_is_read_only_may_be_given_other_data() -> None:
    t = ag.from_numpy(np.broadcast_to(1.0, (2,)))

    def f(x: Tensor) -> Tensor:
        t.data = t.data + 1.0
        return x * 2.0

    out = ag.checkpoint(f)(Tensor([1.0, 2.0], requires_grad=True)).sum()
    t._data.flags.writeable = False
    out.backward()
    assert t.tolist() == [2.0, 2.0]


def test_hooks_inside_of_checkpoint_stay_differentiable() -> None:
    def f(x: Any) -> Any:
        y = x**3
        y.register_hook(lambda g: g * g * x)
        return y * y

    slopes = [ag.grad(ag.grad(g))(2.0) for g in (f, ag.checkpoint(f))]
    assert slopes[0] == slopes[1] != 0.0


@pytest.mark.parametrize("wrap", [ag.checkpoint, lambda f: ag.checkpoint(ag.checkpoint(f))],
                         ids=["once", "nested"])  # fmt: skip
def test_hooks_of_a_function_under_checkpoint_run_once(wrap: Any) -> None:
    calls = []
    w, x = Tensor([2.0], requires_grad=True), Tensor([3.0], requires_grad=True)

    def f(x: Tensor) -> Tensor:
        w.register_hook(lambda g: calls.append("leaf"))
        y = x * w
        y.register_hook(lambda g: calls.append("inside"))
        return y * y

    wrap(f)(x).sum().backward()
    assert sorted(calls) == ["inside", "leaf"] and len(w.notes.hooks) == 1


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


SWITCHES = {
    "no_grad": (lambda: ag.no_grad(), lambda: not ag.is_grad_enabled()),
    "enable_grad": (lambda: ag.enable_grad(), ag.is_grad_enabled),
    "detect_anomaly": (lambda: ag.detect_anomaly(), lambda: mode.get().anomaly),
    "scope": (lambda: ag.scope("s"), lambda: mode.get().scope is not None),
}
switches = pytest.mark.parametrize("switch", SWITCHES)


def prepared(switch: str) -> tuple[Any, Any, Any]:
    """A decorator, what says whether the mode is on, and a mode in which it is off."""
    make, is_on = SWITCHES[switch]
    return make(), is_on, ag.no_grad() if switch == "enable_grad" else contextlib.nullcontext()


@switches
def test_a_decorated_generator_has_its_mode_and_the_caller_keeps_his(switch: str) -> None:
    decorator, is_on, off = prepared(switch)
    seen = []

    @decorator
    def count(n: int) -> Any:
        for i in range(n):
            sent = yield i
            seen.append((is_on(), sent))
        return is_on()

    def outer() -> Any:
        seen.append((yield from count(1)))

    with off:
        steps = count(3)
        assert not is_on() and next(steps) == 0
        assert not is_on() and steps.send("a") == 1
        assert not is_on() and next(steps) == 2
        with pytest.raises(StopIteration) as stop:
            next(steps)
        assert stop.value.value is True and not is_on()
        assert seen == [(True, "a"), (True, None), (True, None)]
        assert list(outer()) == [0] and seen[-1] is True
        assert not is_on()
    assert inspect.isgeneratorfunction(count) and count.__name__ == "count"


@switches
def test_a_decorated_generator_gets_exceptions_inside_its_mode(switch: str) -> None:
    decorator, is_on, off = prepared(switch)
    seen = []

    @decorator
    def steps() -> Any:
        try:
            yield 1
        except KeyError:
            seen.append(is_on())
        try:
            yield 2
        finally:
            seen.append(is_on())

    with off:
        caught = steps()
        next(caught)
        assert caught.throw(KeyError) == 2
        assert not is_on()
        caught.close()
        assert seen == [True, True] and not is_on()
        raising = steps()
        next(raising)
        with pytest.raises(ZeroDivisionError):
            raising.throw(ZeroDivisionError)
        assert not is_on()


def test_a_generator_finds_again_what_it_has_changed_itself() -> None:
    seen = []

    @ag.no_grad()
    def steps() -> Any:
        with ag.enable_grad(), ag.scope("own"):
            yield
            seen.append((ag.is_grad_enabled(), mode.get().scope.name, mode.get().anomaly))
        yield
        seen.append((ag.is_grad_enabled(), mode.get().scope))

    running = steps()
    next(running)
    assert ag.is_grad_enabled() and mode.get().scope is None
    with ag.detect_anomaly():  # of the caller's own mode, a step has the rest
        next(running)
    assert list(running) == []
    assert seen == [(True, "own", True), (False, None)]


def test_a_decorated_generator_is_one_scope() -> None:
    @ag.scope("steps")
    def steps() -> Any:
        for _ in range(3):
            yield mode.get().scope

    assert len(set(map(id, steps()))) == 1
    assert {s.name for s in steps()} == {"steps"}
    assert next(steps()) is not next(steps())


@switches
def test_a_decorated_coroutine_has_its_mode_and_other_tasks_do_not(switch: str) -> None:
    decorator, is_on, off = prepared(switch)

    @decorator
    async def work(error: type[BaseException] | None) -> bool:
        assert is_on()
        await asyncio.sleep(0)
        if error:
            raise error
        return is_on()

    async def other() -> list[bool]:
        found = []
        for _ in range(4):
            found.append(is_on())
            await asyncio.sleep(0)
        return found

    async def main() -> None:
        on, others = await asyncio.gather(work(None), other())
        assert on and others == [False] * 4 and not is_on()
        with pytest.raises(KeyError):
            await work(KeyError)
        assert not is_on()

    assert inspect.iscoroutinefunction(work)
    with off:
        asyncio.run(main())
        by_hand = work(None)
        by_hand.send(None)
        assert not is_on()  # nor does who drives it by hand
        by_hand.close()
        assert not is_on()


@switches
def test_a_decorated_asynchronous_generator_has_its_mode(switch: str) -> None:
    decorator, is_on, off = prepared(switch)
    seen = []

    @decorator
    async def steps(n: int) -> Any:
        try:
            for i in range(n):
                await asyncio.sleep(0)
                seen.append(is_on())
                try:
                    seen.append((yield i))
                except KeyError:
                    seen.append("caught")
        finally:
            seen.append(is_on())

    async def main() -> None:
        async for _ in steps(2):
            assert not is_on()
        assert seen == [True, None, True, None, True] and not is_on()
        seen.clear()
        some = steps(3)
        assert await some.asend(None) == 0
        assert await some.asend("sent") == 1 and not is_on()
        assert await some.athrow(KeyError) == 2 and not is_on()
        await some.aclose()
        assert seen == [True, "sent", True, "caught", True, True] and not is_on()

    assert inspect.isasyncgenfunction(steps)
    with off:
        asyncio.run(main())


def test_callable_objects_and_partial_functions_are_decorated_by_kind() -> None:
    class Steps:
        def __call__(self) -> Any:
            yield ag.is_grad_enabled()

        async def later(self, x: int) -> tuple[int, bool]:
            return x, ag.is_grad_enabled()

    assert list(ag.no_grad()(Steps())()) == [False]
    assert asyncio.run(ag.no_grad()(Steps().later)(1)) == (1, False)
    assert asyncio.run(ag.no_grad()(partial(Steps().later, 2))()) == (2, False)
    assert ag.is_grad_enabled()


@pytest.mark.parametrize("arguments", [((1,), {"y": 2}), ((), {"x": 1, "y": 2})], ids=str)
def test_decorated_functions_of_all_kinds_get_their_arguments(arguments: Any) -> None:
    args, kwargs = arguments

    @ag.no_grad()
    def function(x: int, *, y: int) -> tuple[int, int]:
        return x, y

    @ag.no_grad()
    def generator(x: int, *, y: int) -> Any:
        yield x, y

    @ag.no_grad()
    async def coroutine(x: int, *, y: int) -> tuple[int, int]:
        return x, y

    @ag.no_grad()
    async def asynchronous(x: int, *, y: int) -> Any:
        yield x, y

    async def first() -> Any:
        return [found async for found in asynchronous(*args, **kwargs)]

    assert function(*args, **kwargs) == (1, 2) == asyncio.run(coroutine(*args, **kwargs))
    assert list(generator(*args, **kwargs)) == [(1, 2)] == asyncio.run(first())


def test_modes_nest_as_decorators_of_generators() -> None:
    @ag.scope("outer")
    @ag.detect_anomaly()
    @ag.no_grad()
    def steps() -> Any:
        yield mode.get()

    found = next(steps())
    assert (found.recording, found.anomaly, found.scope.name) == (False, True, "outer")


def in_a_thread_that_inherits_the_context(f: Any) -> Any:
    """As every thread of free-threaded Python 3.14 does."""
    found: list[Any] = []
    context = contextvars.copy_context()
    thread = threading.Thread(target=lambda: found.append(context.run(f)))
    thread.start()
    thread.join()
    return found[0]


def test_threads_that_inherit_the_context_have_their_own_mode() -> None:
    x = Value(2.0)

    def work() -> list[Any]:
        out = [ag.is_grad_enabled(), (x * 3).requires_grad, ag.grad(lambda y: y * y)(3.0)]
        with ag.enable_grad():
            out.append((x * 3).requires_grad)
        with ag.no_grad():
            out.append((x * 3).requires_grad)
        out.append((x * 3).notes is None)
        with np.errstate(all="ignore"):
            out.append(ag.log(x * 0).data)
        return out

    expected = [True, True, 6.0, True, False, True, -math.inf]
    with ag.no_grad(), ag.detect_anomaly(), ag.scope("parent"):
        assert in_a_thread_that_inherits_the_context(work) == expected
        assert not ag.is_grad_enabled() and mode.get().scope.name == "parent"


def test_a_tape_belongs_to_its_thread() -> None:
    x = Value(3.0)

    def f(x: Value) -> Value:
        assert in_a_thread_that_inherits_the_context(lambda: (x * 5.0).data) == 15.0
        return x * x

    out = ag.checkpoint(f)(x)
    out.backward()
    assert x.grad == 6.0
    assert ag.compile(lambda y: y * in_a_thread_that_inherits_the_context(lambda: x.data))(2.0) == 6


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


@ag.checkpoint
def cubed(x: Any, factor: float = 1.0) -> Any:
    return factor * x * x * x


class Gain(nn.Module):
    def __init__(self) -> None:
        self.w = nn.Parameter([1.0, 2.0])
        self.calls = nn.module.Buffer(0.0)

    def forward(self, x: Any) -> Any:
        self.calls.data = self.calls.data + 1
        return ag.tanh(x * self.w)


ways = pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"]
)


@ways
def test_what_was_made_under_checkpoint_is_copied(again: Any) -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = cubed(cubed(x), factor=2.0).sum()
    copied_y, copied_x = again((y, x))
    y.backward()
    assert copied_x.grad is None
    copied_y.backward()
    np.testing.assert_array_equal(copied_x.grad, x.grad)
    np.testing.assert_allclose(x.grad, 18 * x.data**8)


@ways
@pytest.mark.parametrize("name", ["decorated", "wrapped"])
def test_copies_of_copies_compute_again_once(name: str, again: Any) -> None:
    x = Value(2.0)
    y = counted(x) if name == "decorated" else ag.checkpoint(plain)(x)
    out, leaf = again(again((y, x)))
    RUNS.clear()
    out.backward()
    assert leaf.grad == 4.0 and len(RUNS) == 1


RUNS: list[int] = []


def plain(x: Any) -> Any:
    RUNS.append(1)
    return x * x


@ag.checkpoint
def counted(x: Any) -> Any:
    return plain(x)


def test_pickles_of_checkpoints_grow_as_the_graph_does() -> None:
    sizes = []
    for n in (100, 200):
        y = Value(1.0)
        for _ in range(n):
            y = unit(y)
        sizes.append(len(pickle.dumps(y)))
    assert sizes[1] < 2.2 * sizes[0]


@ways
def test_a_module_under_checkpoint_is_copied_with_its_state(again: Any) -> None:
    model = nn.Sequential(Gain(), nn.Dropout(0.5, rng=0))
    y = ag.checkpoint(model)(Tensor([1.0, 2.0])).sum()
    twin, out = again((model, y))
    with ag.no_grad():
        model[0].w *= 2.0  # the copy's parameters are its own
    out.backward()
    assert model[0].w.grad is None and twin[0].w.grad is not None
    assert twin[0].calls.item() == model[0].calls.item() == 1.0
    plain = nn.Sequential(Gain(), nn.Dropout(0.5, rng=0))
    plain(Tensor([1.0, 2.0])).sum().backward()
    np.testing.assert_array_equal(twin[0].w.grad, plain[0].w.grad)


@ways
def test_a_long_chain_of_checkpoints_is_copied(again: Any) -> None:
    x = y = Value(1.0)
    for _ in range(500):
        y = unit(y)
    z, w = again((y, x))
    z.backward()
    assert w.grad == 1.0


@ag.checkpoint
def unit(x: Any) -> Any:
    return x * 1.0


def test_a_function_without_a_name_under_checkpoint_is_no_pickle_and_is_named() -> None:
    y = ag.checkpoint(lambda x: x * x)(Value(1.0))
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(y)
    assert copy.deepcopy(y).data == 1.0


class Tagged(Tensor):
    """A class of one's own, with an attribute."""


NODES = {
    "Value": lambda: Value(2.0, label="x"),
    "Tensor": lambda: Tensor([2.0, 3.0], requires_grad=True, label="x"),
    "constant": lambda: Tensor([2.0, 3.0], dtype=np.float32),
    "Parameter": lambda: nn.Parameter([2.0, 3.0], label="x"),
    "Buffer": lambda: nn.module.Buffer([2, 3]),
    "Tagged": lambda: Tagged([2.0]),
}


@pytest.mark.parametrize("kind", NODES)
def test_a_shallow_copy_of_a_leaf_shares_its_numbers(kind: str) -> None:
    x = NODES[kind]()
    if kind == "Tagged":
        x.tag = "mine"
    x.grad = None if not x.requires_grad else x.data
    y = copy.copy(x)
    assert type(y) is type(x) and y is not x and y.op is None
    assert (y.label, y.requires_grad) == (x.label, x.requires_grad) and y.grad is x.grad
    assert y.data is x.data and getattr(y, "tag", None) == getattr(x, "tag", None)
    for one in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(one) is type(x) and getattr(one, "tag", None) == getattr(x, "tag", None)
    y.label, y.grad = "y", None
    y.data = y.data * 0 + 1
    assert x.label != "y" and np.all(np.asarray(x.data) >= 2.0)
    assert (x.grad is None) is not x.requires_grad
    if x.requires_grad:
        x.grad = None
        (y * 3).sum().backward() if kind != "Value" else (y * 3).backward()
        assert x.grad is None and np.all(np.asarray(y.grad) == 3.0)


@pytest.mark.parametrize("kind", ["Value", "Tensor", "Parameter"])
def test_a_shallow_copy_of_a_result_has_its_history(kind: str) -> None:
    x = NODES[kind]()
    y = ag.exp(x * 2.0)
    z = copy.copy(y)
    assert z.op is y.op and z.args[0] is y.args[0] and z._data is y._data
    z.label = "z"
    assert y.label is None and type(z) is type(y)
    total = ag.sum(z)
    total.backward()
    np.testing.assert_allclose(x.grad, 2.0 * np.exp(2.0 * np.asarray(x.data)))
    assert ag.grad(lambda x: copy.copy(x * x))(3.0) == 6.0


def test_threads_that_pickle_one_graph_keep_what_it_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(pickling.Entry):
        """Which lets another thread run in the middle."""

        def __init__(self, node: Any) -> None:
            time.sleep(1e-4)
            super().__init__(node)

    monkeypatch.setattr(pickling, "Entry", Slow)
    y = Value(1.0)
    for _ in range(30):
        y = y * 1.0
    z = y * 2.0
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(lambda _: pickle.dumps((y, z)), range(8)))
    for text in texts:
        first, second = pickle.loads(text)
        assert second.args[0] is first


def test_anomaly_shows_an_array_without_entries_by_its_shape() -> None:
    with ag.detect_anomaly(), np.errstate(all="ignore"):
        t = Tensor(np.empty((0, 2)), label="t")
        with pytest.raises(ag.AnomalyError, match=r"first\(t = array\(0, 2\)\) made nan"):
            Op("first", lambda x: np.array([np.nan]), ((lambda g, out, x: g),))(t)
