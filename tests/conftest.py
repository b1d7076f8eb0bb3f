"""What holds around every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograd.node import ORDINARY, mode


@pytest.fixture(autouse=True)
def grad_mode_is_restored() -> Iterator[None]:
    """No test, and nothing that it calls, leaves the grad mode changed."""
    assert mode.get() is ORDINARY
    yield
    assert mode.get() is ORDINARY
