"""Switching what is done beside computing: recording, and the search for anomalies."""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import Token
from types import TracebackType
from typing import Any

from .node import ORDINARY, Mode, mode


class change(ContextDecorator):  # noqa: N801  # read as a verb: with change(recording=False)
    """A change of mode, as context manager and decorator; re-entrant, undone on exceptions."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        self.tokens: list[Token[Mode]] = []

    def _recreate_cm(self) -> change:  # a decorated function may run in many threads at once
        return change(**self.fields)

    def __enter__(self) -> None:
        changed = mode.get()._replace(**self.fields)
        self.tokens.append(mode.set(ORDINARY if changed == ORDINARY else changed))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for token in self.tokens[::-1]:
            try:
                mode.reset(token)
            except (ValueError, RuntimeError):  # another thread's or task's, which is in here too,
                continue  # or has just left
            self.tokens.remove(token)
            return


def no_grad() -> change:
    """Compute without recording: results are constants. Context manager and decorator.

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
    return mode.get().recording


def detect_anomaly() -> change:
    """Raise at the operation that first makes a nan or an infinity, forward or backward.

    The error names the operation, its operands with labels and numbers, and the line of your
    program that computed it. Slow: for finding the error, not for training. Context manager and
    decorator.

    >>> from autograd import Value, detect_anomaly, log
    >>> with detect_anomaly():
    ...     log(Value(0.0, label="x"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.anomaly.AnomalyError: log(x = 0.0) made inf, at ...
    """
    return change(anomaly=True)
