"""Modes in generators, coroutines, tasks and threads."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import math
import threading
from functools import partial
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value
from autograd.core.modes import ORDINARY, mode


def test_leaving_a_mode_by_its_opposite_gives_the_ordinary_mode_itself() -> None:
    with ag.no_grad():
        assert mode.get() != ORDINARY
        with ag.enable_grad():
            assert mode.get() is ORDINARY


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
def test_a_decorated_generator_has_a_mode_and_its_caller_another(switch: str) -> None:
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
        assert not is_on()  # the caller that drives it keeps its own mode
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
    """Run `f` in a thread with this context, as free-threaded Python 3.14 does."""
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
    """The other thread has restored its mode, and has not yet removed its token."""
    switch = ag.no_grad()

    def about_to_leave() -> None:
        switch.__enter__()
        mode.reset(switch.tokens[-1])

    with switch:
        contextvars.copy_context().run(about_to_leave)
    assert ag.is_grad_enabled()


def test_only_the_thread_that_entered_a_switch_leaves_it() -> None:
    switch = ag.no_grad()
    with switch:
        contextvars.Context().run(switch.__exit__, None, None, None)
        assert not ag.is_grad_enabled()
    assert ag.is_grad_enabled()
