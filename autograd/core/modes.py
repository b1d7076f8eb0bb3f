"""Turn recording, anomaly detection and naming on and off, per thread and async task."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextvars import ContextVar, Token
from functools import partial, wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import coroutine
from typing import Any, NamedTuple, Protocol, TypeVar

from .arguments import function

F = TypeVar("F", bound=Callable[..., Any])


class Tape(Protocol):
    """Records what a function under `checkpoint` does, and undoes what it does twice."""

    def append(self, node: Any) -> None: ...

    def before_write(self, node: Any) -> None: ...  # to a leaf's data

    def before_hook(self, node: Any) -> None: ...

    def before_draw(self, rng: Any) -> None: ...  # of a random number


class Tracer(Protocol):
    """Records operations whose operands have no numbers yet."""

    def record(self, op: Any, operands: Sequence[Any], kwargs: Mapping[str, Any]) -> Any: ...

    def captured(self, x: Any) -> Any: ...  # the symbol for a `Value` from outside


class Mode(NamedTuple):
    """Settings of the operations in one thread and async task."""

    recording: bool = True
    anomaly: bool = False  # results and gradients are checked for nan and inf
    tape: Tape | None = None  # gets all new nodes, for checkpoint()
    scope: Any = None  # the `Scope` of new nodes in pictures, or None
    tracer: Tracer | None = None  # records operations instead of computing them, for compile()
    thread: object = None  # the key of the thread that set it


class ThisThread(threading.local):
    """Has a `key` that is another object in each thread, and never used again."""

    def __init__(self) -> None:
        self.key = object()  # mutants 1: runs in other threads


this_thread = ThisThread()
ORDINARY = Mode()
mode: ContextVar[Mode] = ContextVar("autograd mode", default=ORDINARY)


def current_mode() -> Mode:
    """Return the mode of this thread and task, and `ORDINARY` for one set by another thread.

    A thread may start with its parent's context, as in free-threaded Python.
    """
    found = mode.get()
    # mutants 1: only faster
    return found if found is ORDINARY or found.thread is this_thread.key else ORDINARY


def replace(outside: Mode, **fields: Any) -> Mode:
    """Return a mode with some fields changed, and `ORDINARY` itself if the result equals it."""
    fields["thread"] = this_thread.key
    changed = outside._replace(**fields)
    return ORDINARY if changed[:-1] == ORDINARY[:-1] else changed  # all but the thread


class set_mode:  # noqa: N801  # read as a verb: with set_mode(recording=False)
    """Change fields of the mode, as context manager and decorator; re-entrant, undone on errors.

    It decorates functions, generators, coroutines and asynchronous generators. The mode is changed
    while their code runs, and is the caller's while they are suspended.
    """

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        self.tokens: list[Token[Mode]] = []

    def inside(self, outside: Mode) -> Mode:
        """Return the mode inside, given that outside."""
        return replace(outside, **self.fields)

    def __enter__(self) -> None:
        self.tokens.append(mode.set(self.inside(current_mode())))

    def __exit__(self, *error: object) -> None:
        for token in self.tokens[::-1]:
            try:
                mode.reset(token)
            except (ValueError, RuntimeError):  # it belongs to another thread or task
                continue
            self.tokens.remove(token)
            return

    def __call__(self, f: F) -> F:
        if isinstance(f, (classmethod, staticmethod)):
            return type(f)(self(f.__func__))
        function("what a mode decorates", f)
        code = (f, getattr(f, "__call__", f))  # noqa: B004  # of a function, or of a callable object
        wrapper: Callable[..., Any] = wrap_function
        for is_kind, wrap_kind in (
            (isgeneratorfunction, wrap_generator),
            (iscoroutinefunction, wrap_coroutine),
            (isasyncgenfunction, wrap_async_generator),
        ):
            if any(map(is_kind, code)):
                wrapper = wrap_kind
        wrapped: Any = wraps(f)(wrapper(f, self))
        return wrapped


class Body:
    """Runs the code of a decorated function, step by step, in a mode of its own.

    Changes that the code makes itself, by a `with` around a `yield`, are restored at the next step.
    """

    def __init__(self, change: set_mode) -> None:
        self.inside: Callable[[Mode], Mode] = change.inside

    def run(self, step: Callable[..., Any], *args: Any) -> Any:
        """Return `step(*args)`, called in this mode."""
        found, outside = mode.get(), current_mode()
        mode.set(self.inside(outside))
        try:
            return step(*args)
        finally:
            fields = zip(Mode._fields, current_mode(), outside)
            changed = {name: now for name, now, before in fields if now is not before}
            self.inside = partial(replace, **changed)
            mode.set(found)

    def steps(self, generator: Any) -> Generator[Any, Any, Any]:
        """Do what `yield from generator` does; it may be a coroutine too."""
        try:
            item = self.run(generator.send, None)
            while True:
                try:
                    sent = yield item
                except GeneratorExit:
                    self.run(generator.close)
                    raise
                except BaseException as error:  # noqa: BLE001  # passed on to the generator
                    item = self.run(generator.throw, error)
                else:
                    item = self.run(generator.send, sent)
        except StopIteration as stop:
            return stop.value

    @coroutine
    def wait(self, awaitable: Any) -> Generator[Any, Any, Any]:
        """Do what `await awaitable` does."""
        return (yield from self.steps(awaitable))


def wrap_function(f: Callable[..., Any], change: set_mode) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        found = mode.get()
        mode.set(change.inside(current_mode()))
        try:
            return f(*args, **kwargs)
        finally:
            mode.set(found)

    return wrapped


def wrap_generator(f: Callable[..., Any], change: set_mode) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return (yield from Body(change).steps(f(*args, **kwargs)))

    return wrapped


def wrap_coroutine(f: Callable[..., Any], change: set_mode) -> Callable[..., Any]:
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        return await Body(change).wait(f(*args, **kwargs))

    return wrapped


def wrap_async_generator(f: Callable[..., Any], change: set_mode) -> Callable[..., Any]:
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        generator, wait = f(*args, **kwargs), Body(change).wait
        try:
            item = await wait(generator.asend(None))
            while True:
                try:
                    sent = yield item
                except GeneratorExit:
                    await wait(generator.aclose())
                    raise
                except BaseException as error:  # noqa: BLE001  # passed on to the generator
                    item = await wait(generator.athrow(error))
                else:
                    item = await wait(generator.asend(sent))
        except StopAsyncIteration:
            return

    return wrapped


def no_grad() -> set_mode:
    """Compute without recording: results are constants. Context manager and decorator.

    Like all modes it holds in this thread and async task. As a decorator it holds while the code
    of the function, generator or coroutine runs, and not while that is suspended.

    >>> from autograd import Value, no_grad
    >>> w = Value(2.0)
    >>> with no_grad():
    ...     y = w * 3
    >>> y.requires_grad
    False
    """
    return set_mode(recording=False)


def enable_grad() -> set_mode:
    """Record again, inside `no_grad`. Context manager and decorator."""
    return set_mode(recording=True)


def is_grad_enabled() -> bool:
    """Return whether operations on nodes that require a gradient are recorded."""
    return current_mode().recording


def detect_anomaly() -> set_mode:
    """Raise at the operation that first makes a nan or an infinity, forward or backward.

    The error names the operation, its operands with labels and numbers, and the line of your
    program that computed it. Slow: use it to find an error, not to train. Context manager and
    decorator.

    >>> from autograd import Value, detect_anomaly, log
    >>> with detect_anomaly():
    ...     log(Value(0.0, label="x"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.AnomalyError: log(x = 0.0) made inf, at ...
    """
    return set_mode(anomaly=True)
