"""What holds around every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograd.node import ORDINARY, mode
from nn import download


@pytest.fixture(autouse=True)
def grad_mode_is_restored() -> Iterator[None]:
    """No test, and nothing that it calls, leaves the grad mode changed."""
    assert mode.get() is ORDINARY
    yield
    assert mode.get() is ORDINARY


@pytest.fixture(autouse=True)
def nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks a real mirror."""
    for name, published in list(download.PUBLISHED.items()):
        monkeypatch.setitem(download.PUBLISHED, name, published._replace(mirrors=()))
