"""What holds around tests beside other libraries."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def pytorch_in_one_thread() -> Iterator[None]:
    """Arrays are tiny here: threads would wait for each other most of the time."""
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else 0
    if torch:
        torch.set_num_threads(1)
    yield
    if torch:
        torch.set_num_threads(threads)
