"""Detect operands that were changed in place between the forward and the backward pass.

An operation keeps its operands, not copies of them, so a change in place would silently change its
derivative. A clock counts the changes. Each operation on tensors stores the time at which it was
computed, and the backward pass compares this time with that of the last change of each operand's
memory. Slices, other views, and arrays that share memory have one entry in common.
`docs/arrays.md` lists what is not detected.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import ref

import numpy as np

from .array_libraries import copy_array

SMALL = 4096  # bytes: copying or comparing this much costs little time


class Clock:
    """Counts the changes so far."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = 0  # mutants 2: the clock may run faster


clock = Clock()


class Memory:
    """Records the changes of one array's memory."""

    __slots__ = ("changed", "contents", "exposed", "owner")

    def __init__(self, owner: Any) -> None:
        self.owner = owner  # a weak reference
        # mutants 1: the clock may run faster
        self.changed = 0  # time of the last change: results computed before are stale
        # mutants 1: the clock may run faster
        self.exposed = 0  # time when the user last got the array, and may have changed it since
        self.contents: bytes | None = None  # at that time, if the array is small


memories: dict[int, Memory] = {}  # by the owner's id


def owner_of(x: Any) -> Any:
    """Return the array that owns the memory of `x`."""
    while isinstance(base := x.base, np.ndarray):
        x = base
    return x


def memory_of(x: Any) -> Memory:
    owner = owner_of(x)
    key = id(owner)
    found = memories.get(key)
    if found is None:

        def forget(dead: Any) -> None:
            # mutants 3: ids reused in another thread
            if key in memories and memories[key].owner is dead:
                del memories[key]

        found = memories[key] = Memory(ref(owner, forget))
    return found


def mark_changed(x: Any) -> None:
    """Note that the array `x` was changed in place."""
    if isinstance(x, np.ndarray):
        memory = memory_of(x)
        clock.now += 1  # mutants 1: the clock may run faster
        memory.changed, memory.contents = clock.now, None


def mark_exposed(x: Any) -> None:
    """Note that the user gets the array `x`; if it is small, changes are found by comparison."""
    if not isinstance(x, np.ndarray) or (owner := owner_of(x)).nbytes > SMALL:
        return
    memory, contents = memory_of(owner), owner.tobytes()
    if memory.contents is not None and memory.contents != contents:  # changed by the user
        memory.changed = memory.exposed
    clock.now += 1  # mutants 1: the clock may run faster
    memory.exposed, memory.contents = clock.now, contents


def first_stale(operands: Iterable[Any], time: int) -> int | None:
    """Return the index of the first operand that was changed after `time`, or None."""
    for i, x in enumerate(operands):
        if isinstance(x, np.ndarray):
            memory = memories.get(id(owner := owner_of(x)))
            # mutants 1: then compared by value
            if memory is not None and (
                memory.changed > time
                or (memory.exposed > time and memory.contents not in (None, owner.tobytes()))
            ):
                return i
    return None


def copy_if_small(x: Any) -> Any:
    """Return a user's array as an operation stores it: copied if it is small."""
    return x.copy() if type(x) is np.ndarray and x.nbytes <= SMALL else x


def ensure_unshared(g: Any, taken: set[int]) -> Any:
    """Return `g`, copied if it is part of a larger array or its memory is `taken` already."""
    # mutants 4: an extra copy
    if getattr(g, "base", None) is not None and (
        getattr(g.base, "nbytes", None) != g.nbytes or not getattr(g.flags, "writeable", True)
    ):
        g = copy_array(g)
    owner = memory_id(g)
    if owner in taken:
        g = copy_array(g)
        owner = id(g)
    taken.add(owner)
    return g


def memory_id(g: Any) -> int:
    """Return the `id` of the array that owns the memory of `g`, a view of it or itself."""
    while (base := getattr(g, "base", None)) is not None:
        g = base
    return id(g)


def changed_in_place(what: str, op_name: str) -> ValueError:
    return ValueError(
        f"{what} was changed in place after {op_name} had used it; "
        "call backward() before updating it, or compute the result again"
    )
