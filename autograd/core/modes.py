"""Turn recording, anomaly detection and naming on and off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextvars import ContextVar, Token
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import TracebackType
from typing import Any, NamedTuple, Protocol, TypeVar

from .arguments import function

F = TypeVar("F", bound=Callable[..., Any])


class ThisThread(threading.local):
    """A key for the running thread: another object in each, and never used again."""

    def __init__(self) -> None:
        self.key = object()  # mutants 1: runs in other threads


this_thread = ThisThread()


class Mode(NamedTuple):
    """Whether operations are recorded, checked, traced: per thread and per async task."""

    recording: bool = True
    anomaly: bool = False
    tape: Tape | None = None  # where new nodes are noted, for checkpoint()
    scope: Any = None  # the `Scope` that new nodes belong to, or None
    tracer: Tracer | None = None  # records operations instead of computing them, for compile()
    thread: object = None  # the key of the thread that set it


class Tape(Protocol):
    """Records what a function under `checkpoint` does, and undoes what it does twice."""

    def append(self, node: Any) -> None: ...

    def before_write(self, node: Any) -> None: ...  # to a leaf's data

    def before_hook(self, node: Any) -> None: ...

    def before_draw(self, rng: Any) -> None: ...  # of a random number


class Tracer(Protocol):
    """Records operations whose operands have no numbers yet."""

    def record(self, op: Any, operands: Sequence[Any], kwargs: Mapping[str, Any]) -> Any: ...

    def captured(self, x: Any) -> Any: ...  # what stands for a `Value` from outside


ORDINARY = Mode()
mode: ContextVar[Mode] = ContextVar("autograd mode", default=ORDINARY)


def current_mode() -> Mode:
    """The mode of this thread and task.

    A thread may start with its parent's context, as those of free-threaded Python do: a mode that
    another thread has set does not count.
    """
    found = mode.get()
    # mutants 1: only faster
    return found if found is ORDINARY or found.thread is this_thread.key else ORDINARY


class change:  # noqa: N801  # read as a verb: with change(recording=False)
    """A change of mode, as context manager and decorator; re-entrant, undone on exceptions.

    It decorates functions, generators, coroutines and asynchronous generators. The mode is changed
    while their code runs, and is the caller's while they are suspended.
    """

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        self.tokens: list[Token[Mode]] = []

    def renewed(self) -> change:
        """Return an equal object: a decorated function may run in several threads."""
        return change(**self.fields)

    def changed(self, now: Mode) -> Mode:
        """The mode inside."""
        return applied(now, **self.fields)

    def __enter__(self) -> None:
        self.tokens.append(mode.set(self.changed(current_mode())))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
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
        decorate: Any = on_function
        for is_kind, on_kind in (
            (isgeneratorfunction, on_generator),
            (iscoroutinefunction, on_coroutine),
            (isasyncgenfunction, on_async_generator),
        ):
            if any(map(is_kind, code)):
                decorate = on_kind
        decorated: F = decorate(f, self.renewed)
        return decorated


def on_function(f: Callable[..., Any], renewed: Callable[[], change]) -> Callable[..., Any]:
    @wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        with renewed():
            return f(*args, **kwargs)

    return decorated


def on_generator(f: Callable[..., Any], renewed: Callable[[], change]) -> Callable[..., Any]:
    @wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        return (yield from resumed(f(*args, **kwargs), Suspended(renewed())))

    return decorated


def on_coroutine(f: Callable[..., Any], renewed: Callable[[], change]) -> Callable[..., Any]:
    @wraps(f)
    async def decorated(*args: Any, **kwargs: Any) -> Any:
        return await Awaited(f(*args, **kwargs), Suspended(renewed()))

    return decorated


def on_async_generator(f: Callable[..., Any], renewed: Callable[[], change]) -> Callable[..., Any]:
    @wraps(f)
    async def decorated(*args: Any, **kwargs: Any) -> Any:
        body, inside = f(*args, **kwargs), Suspended(renewed())
        try:
            item = await Awaited(body.asend(None), inside)
            while True:
                try:
                    sent = yield item
                except GeneratorExit:
                    await Awaited(body.aclose(), inside)
                    raise
                except BaseException as error:  # noqa: BLE001  # passed on to the body
                    item = await Awaited(body.athrow(error), inside)
                else:
                    item = await Awaited(body.asend(sent), inside)
        except StopAsyncIteration:
            return

    return decorated


def applied(now: Mode, **fields: Any) -> Mode:
    """Return `now` with some fields changed, and `ORDINARY` itself if the result equals it."""
    fields["thread"] = this_thread.key
    changed = now._replace(**fields)
    return ORDINARY if changed[:-1] == ORDINARY[:-1] else changed  # all but the thread


class Suspended:
    """The mode of a generator's or coroutine's body: set at each step, reset at each pause.

    Changes that the body makes itself, by a `with` around a `yield`, are restored at the next step.
    """

    def __init__(self, switch: change) -> None:
        self.switch = switch
        self.fields: dict[str, Any] | None = None  # those that differ from the caller's

    def __enter__(self) -> None:
        self.found, self.outside = mode.get(), current_mode()
        if self.fields is None:
            mode.set(self.switch.changed(self.outside))
        else:
            mode.set(applied(self.outside, **self.fields))

    def __exit__(self, *error: object) -> None:
        self.fields = {
            name: inside
            for name, inside, outside in zip(Mode._fields, current_mode(), self.outside)
            if inside is not outside
        }
        mode.set(self.found)


def resumed(body: Any, inside: Suspended) -> Generator[Any, Any, Any]:
    """Do what `yield from body` does, for a generator or coroutine `body`, in a mode of its own."""
    try:
        with inside:
            item = body.send(None)
        while True:
            try:
                sent = yield item
            except GeneratorExit:
                with inside:
                    body.close()
                raise
            except BaseException as error:  # noqa: BLE001  # passed on to the body
                with inside:
                    item = body.throw(error)
            else:
                with inside:
                    item = body.send(sent)
    except StopIteration as stop:
        return stop.value


class Awaited:
    """An awaitable whose code runs in a mode of its own."""

    def __init__(self, body: Any, inside: Suspended) -> None:
        self.body, self.inside = body, inside

    def __await__(self) -> Generator[Any, Any, Any]:
        return resumed(self.body, self.inside)


def no_grad() -> change:
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
    return change(recording=False)


def enable_grad() -> change:
    """Record again, inside `no_grad`. Context manager and decorator."""
    return change(recording=True)


def is_grad_enabled() -> bool:
    """Whether operations on what requires a gradient are being recorded."""
    return current_mode().recording


def detect_anomaly() -> change:
    """Raise at the operation that first makes a nan or an infinity, forward or backward.

    The error names the operation, its operands with labels and numbers, and the line of your
    program that computed it. Slow: for finding the error, not for training. Context manager and
    decorator.

    >>> from autograd import Value, detect_anomaly, log
    >>> with detect_anomaly():
    ...     log(Value(0.0, label="x"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.AnomalyError: log(x = 0.0) made inf, at ...
    """
    return change(anomaly=True)
