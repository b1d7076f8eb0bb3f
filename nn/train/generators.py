"""The random generators that a training uses: where they are, and their states."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd.core.arguments import integer

from .reachable import reachable

KINDS = (
    np.random.Generator,
    np.random.BitGenerator,
    np.random.SeedSequence,
    np.random.RandomState,
    random.Random,
)
SPAWNED = 10_000  # the most children that a seed sequence spawns to catch up with a checkpoint


class Generators:
    """All generators in some objects, and NumPy's and Python's global ones.

    Attributes:
        unsaved: names of things in the objects whose state can't be saved, such as iterators.
    """

    def __init__(self, owners: Mapping[str, Any]) -> None:
        self.owners = owners
        self.found, self.unsaved = generators_in(owners)
        self.shared = {"numpy.random": np.random, "random": random}  # generators themselves
        self.first = self.shared_states()

    def look_again(self) -> list[str]:
        """Follow generators that have been replaced by others; return the names of those, and of
        iterators, that were not there before.
        """
        found, others = generators_in(self.owners)
        self.found |= {name: found[name] for name in self.found if name in found}
        known = {*self.found, *self.unsaved}
        new = [name for name in (*found, *others) if name not in known]
        return [name for name in new if not name.endswith(".seed_seq")]

    def states(self) -> dict[str, Any]:
        """The states of those in the objects."""
        return {name: state_of(x) for name, x in self.found.items()}

    def shared_states(self) -> dict[str, Any]:
        """The states of the global ones."""
        return {name: state_of(x) for name, x in self.shared.items()}

    def changed(self) -> dict[str, Any]:
        """The states of the global ones that something has used so far."""
        states = self.shared_states()
        return {name: x for name, x in states.items() if key_of(x) != key_of(self.first[name])}

    def set_states(self, states: Mapping[str, Any]) -> None:
        """Set states that one of these methods gave."""
        for name, state in states.items():
            set_state((self.found | self.shared)[name], state)


def generators_in(owners: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The random generators in these objects, NumPy's and Python's, by dotted name; and the names
    of those things whose state can't be saved, such as iterators.
    """
    found: dict[str, Any] = {}
    others: list[str] = []
    for name, x in reachable(owners):
        if isinstance(x, KINDS) and not isinstance(x, random.SystemRandom):
            found[name] = x
            children = getattr(getattr(x, "bit_generator", x), "seed_seq", None)
            if isinstance(children, np.random.SeedSequence):
                found[f"{name}.seed_seq"] = children
        elif is_stateful(x):
            others.append(f"{name} ({type(x).__name__})")
    return found, others


def is_stateful(x: Any) -> bool:
    """Whether `x` has a state that can't be saved, as iterators and PyTorch's generators have."""
    kind = type(x)
    if isinstance(x, random.SystemRandom):
        return True
    if kind.__module__ in {"builtins", "itertools"}:
        return hasattr(kind, "__next__")
    return kind.__name__ == "Generator" and hasattr(kind, "get_state")  # such as PyTorch's


def state_of(generator: Any) -> Any:
    """The state of a random generator, or of `numpy.random` or `random`, as plain data."""
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    if isinstance(generator, np.random.BitGenerator):
        return generator.state
    if isinstance(generator, np.random.SeedSequence):
        return generator.n_children_spawned
    if generator is np.random or isinstance(generator, np.random.RandomState):
        return generator.get_state(legacy=False)
    return generator.getstate()


def key_of(state: Any) -> Any:
    """A state as something that can be compared."""
    if isinstance(state, dict):
        return {name: key_of(x) for name, x in state.items()}
    return state.tobytes() if isinstance(state, np.ndarray) else state


def set_state(generator: Any, state: Any) -> None:
    """Set what `state_of` gave. A seed sequence can only go on.

    Raises:
        ValueError: a seed sequence would have to go on for long.
    """
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, np.random.BitGenerator):
        generator.state = state
    elif isinstance(generator, np.random.SeedSequence):
        skipped = integer("spawned", state) - generator.n_children_spawned
        if skipped > SPAWNED:
            raise ValueError(f"a seed sequence has spawned {state} children")
        generator.spawn(max(skipped, 0))
    elif generator is np.random or isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.setstate(state)
