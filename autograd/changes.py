"""Notice arrays that are changed between the operation that uses them and its derivative.

An operation keeps its operands, not copies of them, and a change in place would change its
derivative in silence. So a clock counts the changes; each operation on tensors keeps the time at
which it was computed, and the backward pass compares it with the last change of the memory behind
each operand: that of a tensor, of slices and other views of it, and of arrays that share it.
`docs/arrays.md` says what can't be noticed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import ref

import numpy as np

SMALL = 4096  # bytes: so much is copied or compared without a loss of speed that matters


class Clock:
    """The number of changes so far."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = 0


clock = Clock()


class Memory:
    """What is known of the memory of one array that owns it."""

    __slots__ = ("changed", "lent", "numbers", "owner")

    def __init__(self, owner: Any) -> None:
        self.owner = owner  # a weak reference
        self.changed = 0  # when it was changed last: what was computed before is stale
        self.lent = 0  # when its array was handed out last, to be changed by anybody
        self.numbers: bytes | None = None  # which it held then, if it is small


memories: dict[int, Memory] = {}  # by the owner's id


def owner_of(x: Any) -> Any:
    """The array whose memory `x` lies in."""
    while isinstance(base := x.base, np.ndarray):
        x = base
    return x


def memory_of(x: Any) -> Memory:
    owner = owner_of(x)
    key = id(owner)
    found = memories.get(key)
    if found is None:

        def forget(dead: Any) -> None:
            if key in memories and memories[key].owner is dead:
                del memories[key]

        found = memories[key] = Memory(ref(owner, forget))
    return found


def changed(x: Any) -> None:
    """`x`, an array, was changed in place."""
    if isinstance(x, np.ndarray):
        memory = memory_of(x)
        clock.now += 1
        memory.changed, memory.numbers = clock.now, None


def lent(x: Any) -> None:
    """`x`, an array, is handed out: a change of it can't be seen, but a small one is compared."""
    if not isinstance(x, np.ndarray) or (owner := owner_of(x)).nbytes > SMALL:
        return
    memory, numbers = memory_of(owner), owner.tobytes()
    if memory.numbers is not None and memory.numbers != numbers:  # by somebody who got it before
        memory.changed = memory.lent
    clock.now += 1
    memory.lent, memory.numbers = clock.now, numbers


def first_stale(operands: Iterable[Any], time: int) -> int | None:
    """Which of an operation's operands was changed since that time, if one was."""
    for i, x in enumerate(operands):
        if isinstance(x, np.ndarray):
            memory = memories.get(id(owner := owner_of(x)))
            if memory is not None and (
                memory.changed > time
                or (memory.lent > time and memory.numbers not in (None, owner.tobytes()))
            ):
                return i
    return None


def kept(x: Any) -> Any:
    """A user's array as an operation keeps it: a small one is copied, so that it can't change."""
    if type(x) is np.ndarray and x.nbytes <= SMALL:
        return x.copy()
    return x
