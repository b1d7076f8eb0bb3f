"""Where randomness comes from: a generator that is passed, or the library's own.

Neither NumPy's nor Python's global generator is used.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TypeAlias

import numpy as np

from autograd.core.arguments import as_python, integer, type_error
from autograd.core.modes import current_mode, this_thread

Rng: TypeAlias = "int | np.random.Generator | None"  # np.random is imported when first used

# With the thread that made it: another one, which may inherit the context, makes its own.
_generator: ContextVar[tuple[np.random.Generator | None, object]] = ContextVar(
    "nn generator", default=(None, None)
)


def manual_seed(seed: int) -> None:
    """Start the library's own generator anew, in this thread or async task.

    >>> import nn
    >>> nn.manual_seed(0)
    >>> a = nn.Linear(2, 2).weight.data
    >>> nn.manual_seed(0)
    >>> bool((a == nn.Linear(2, 2).weight.data).all())
    True
    """
    seed = integer("seed", seed, at_least=0)
    _generator.set((np.random.default_rng(seed), this_thread.key))


def generator_from(rng: Rng, name: str = "rng") -> np.random.Generator:
    """A generator: the one given, one seeded by an integer, or the library's own for `None`.

    A layer asks here for its own each time it draws, so that `checkpoint` can repeat the numbers.

    Raises:
        TypeError: `rng`, the argument `name`, is something else.
        ValueError: the seed is negative.
    """
    if rng is not None and not isinstance(rng, np.random.Generator):
        if isinstance(rng, (np.random.SeedSequence, np.random.BitGenerator)):
            return np.random.default_rng(rng)
        if not isinstance(as_python(rng), int):
            raise type_error(name, "a seed, an integer >= 0, or a numpy.random.Generator", rng)
        return np.random.default_rng(integer(name, rng, at_least=0))
    if rng is None:
        rng, thread = _generator.get()
        if rng is None or thread is not this_thread.key:
            rng = np.random.default_rng()
            _generator.set((rng, this_thread.key))
    if (tape := current_mode().tape) is not None:
        tape.before_draw(rng)
    return rng
