"""Switching what is done beside computing: recording on and off."""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import Token
from types import TracebackType
from typing import Any

from .node import ORDINARY, Mode, mode


class _Change(ContextDecorator):
    """A change of mode, as context manager and decorator; re-entrant, undone on exceptions."""

    def __init__(self, **change: Any) -> None:
        self.change = change
        self.tokens: list[Token[Mode]] = []

    def _recreate_cm(self) -> _Change:  # a decorated function may run in many threads at once
        return _Change(**self.change)

    def __enter__(self) -> None:
        changed = mode.get()._replace(**self.change)
        self.tokens.append(mode.set(ORDINARY if changed == ORDINARY else changed))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        mode.reset(self.tokens.pop())


def no_grad() -> _Change:
    """Compute without recording: results are constants. Context manager and decorator.

    >>> from autograd import Value, no_grad
    >>> w = Value(2.0)
    >>> with no_grad():
    ...     y = w * 3
    >>> y.requires_grad
    False
    """
    return _Change(recording=False)


def enable_grad() -> _Change:
    """Record again, inside `no_grad`. Context manager and decorator."""
    return _Change(recording=True)


def is_grad_enabled() -> bool:
    """Whether operations on what requires a gradient are being recorded."""
    return mode.get().recording
