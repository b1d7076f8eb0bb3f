"""The settings of a training as plain values, to compare with those of a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from types import FunctionType
from typing import Any, Literal, Protocol

import numpy as np

from autograd.core.arguments import as_python
from autograd.core.array_libraries import is_numpy
from autograd.core.node import Node
from nn.data.loader import DataLoader
from nn.data.samples import Batches
from nn.module import Module
from nn.optim.optimizer import Optimizer
from nn.optim.schedule import LRScheduler, OneCycleLR

from .reachable import LONG, PLAIN, is_library, reachable


class Training(Protocol):
    """The attributes of a `Run` that are its settings."""

    model: Module
    loader: DataLoader | Batches
    optimizer: Optimizer
    validation: DataLoader | Batches | None
    callbacks: list[Any]
    schedules: list[LRScheduler]
    schedule_per: Literal["step", "epoch"] | None
    l1: float
    l2: float

    @property
    def loss(self) -> Any: ...


def settings_of(run: Training) -> dict[str, dict[str, Any]]:
    """The settings that a checkpoint restores, and those that are only compared."""
    options = ("batch_size", "shuffle", "drop_last")
    loader = {name: getattr(run.loader, name, None) for name in options}
    loader["samples"] = len(run.loader.data) if isinstance(run.loader, DataLoader) else None
    seed = {"seed": getattr(run.loader, "seed", None)}
    return {
        "restored": {**dict(options_of(run)), "l1": run.l1, "l2": run.l2, **seed},
        "given": {**dict(traits_of(run)), "schedule_per": run.schedule_per, **loader},
    }


def options_of(run: Training) -> Iterator[tuple[str, Any]]:
    """The optimizer's options as they were before schedules, without those that these cycle."""
    cycled = set()
    for schedule in all_schedules(run):
        if isinstance(schedule, OneCycleLR):
            cycled.add(schedule.momentum_name)
            yield "max_lr", described(schedule.initial_lrs)
    groups = run.optimizer.groups
    for i, group in enumerate(groups):
        first = {} if group.initial_lr is None else {"lr": group.initial_lr}
        for name, x in (group.options | first).items():
            if name not in cycled:
                yield f"{name} of group {i}" if len(groups) > 1 else name, described(x)


def traits_of(run: Training) -> Iterator[tuple[str, Any]]:
    """The options of loss, transforms, model, schedules and callbacks, by dotted names."""
    owners = {"loss": run.loss, "transform": run.loader.transform, "model": run.model}
    if run.validation is not None:
        owners["validation_transform"] = run.validation.transform
    for name, x in reachable(owners, code=False):
        last = name.rpartition(".")[2]
        if not last.startswith("_") and last != "training" and is_trait(x):
            yield name, described(x)
    yield from attributes_of(all_schedules(run))
    # A user's callback without a state may only observe: it is not compared.
    yield from attributes_of([c for c in run.callbacks if c.state_dict() or is_ours(c)])


def attributes_of(parts: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """The options of schedules or callbacks: attributes that are not part of their state."""
    counts: dict[str, int] = {}
    for x in parts:
        kind = type(x).__name__
        counts[kind] = counts.get(kind, 0) + 1
        name = kind if counts[kind] == 1 else f"{kind} {counts[kind]}"
        changing = {*x.state_dict(), "base_lrs", "initial_lrs", "path"}
        for key, value in vars(x).items():
            if is_option(value) and key not in changing and not key.startswith("_"):
                yield f"{name}.{key}", described(value)


def is_option(x: Any) -> bool:
    """Whether it is a number, a text or None, or a list of such."""
    entries = x if isinstance(x, (list, tuple)) else [x]
    return all(isinstance(as_python(entry), PLAIN) for entry in entries)


def is_ours(x: Any) -> bool:
    return type(x).__module__.partition(".")[0] == "nn"


def all_schedules(run: Training) -> list[LRScheduler]:
    """The schedules, and those inside them."""
    return [x for s in run.schedules for x in (s, *getattr(s, "schedulers", ()))]


def is_trait(x: Any) -> bool:
    """Whether an object is compared as a whole, and not by what it contains."""
    if hasattr(x, "dtype"):
        return is_numpy(x) and x.dtype != object and x.size <= LONG
    return not isinstance(x, (Node, dict, list, tuple))


def described(x: Any) -> Any:
    """A plain value as it is; a text for anything else, the same in every process."""
    x = as_python(x)
    if isinstance(x, (bool, int, float, str, type(None))):
        return x
    if isinstance(x, (tuple, list)):
        return tuple(described(entry) for entry in x)
    if isinstance(x, np.ndarray):
        return f"array {x.shape} {sha256(x.tobytes()).hexdigest()[:8]}"
    if isinstance(x, FunctionType) and not is_library(x.__module__ or ""):
        constants = [c for c in x.__code__.co_consts if isinstance(c, (int, float, str))]
        used = [*x.__code__.co_names, *(c for c in constants if c != x.__doc__)]
        inside = ", ".join(map(str, used))
        if len(inside) > 60:
            inside = f"code {sha256(inside.encode()).hexdigest()[:8]}"
        return f"{x.__qualname__.rpartition('.')[2].strip('<>')}({inside})"
    if isinstance(x, partial):
        return f"partial({described(x.func)})"
    return getattr(x, "__qualname__", None) or type(x).__qualname__


def differences(saved: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    """How the settings of a checkpoint and of the training that resumes it differ, and which of
    both are used.
    """
    found = []
    for kind in ("restored", "given"):
        before, now = saved[kind], own[kind]
        for name in (name for name in now if name in before):
            old, new = before[name], now[name]
            if repr(old) == repr(new) or (name == "seed" and None in {old, new}):
                continue
            used = (old, new) if kind == "restored" else (new, old)
            whose = ("the checkpoint's", "the given")
            first, second = whose if kind == "restored" else whose[::-1]
            found.append(f"{first} {name} {used[0]!r}, not {second} {used[1]!r}")
    return found
