"""Where randomness comes from: a generator that is passed, or the library's own.

Neither NumPy's nor Python's global state is read or written.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TypeAlias

import numpy as np

Rng: TypeAlias = "int | np.random.Generator | None"  # np.random is imported when first used

_generator: ContextVar[np.random.Generator | None] = ContextVar("nn generator", default=None)


def manual_seed(seed: int) -> None:
    """Start the library's own generator anew, in this thread or async task.

    >>> import nn
    >>> nn.manual_seed(0)
    >>> a = nn.Linear(2, 2).weight.data
    >>> nn.manual_seed(0)
    >>> bool((a == nn.Linear(2, 2).weight.data).all())
    True
    """
    _generator.set(np.random.default_rng(seed))


def generator_from(rng: Rng) -> np.random.Generator:
    """A generator: the one given, one seeded by an integer, or the library's own for `None`."""
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is not None:
        return np.random.default_rng(rng)
    generator = _generator.get()
    if generator is None:
        generator = np.random.default_rng()
        _generator.set(generator)
    return generator
