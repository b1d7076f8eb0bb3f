"""Schedules: how the learning rate changes while training goes on.

Names, arguments and numbers are PyTorch's. Making a schedule sets the learning rates for the first
step, and `step()` those for the next: after each batch or after each epoch, whatever it counts.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd.core.arguments import (
    as_python,
    decay_rate,
    flag,
    instance_of,
    integer,
    integers,
    non_negative,
    number,
    one_of,
    positive,
    probability,
    sequence_of,
    type_error,
)

from .optimizer import Optimizer


class LRScheduler:
    """What all schedules share. A subclass defines `lr`, a function of the number of steps.

    A learning rate that is changed in between, by hand or by another schedule, changes all that
    comes by the same factor: so schedules can be used side by side.

    >>> class InverseRoot(LRScheduler):
    ...     def lr(self, base, t):
    ...         return base / math.sqrt(1 + t)
    >>> from nn import SGD, Parameter
    >>> optimizer = SGD([Parameter([1.0])], lr=0.8)
    >>> schedule = InverseRoot(optimizer)
    >>> for _ in range(3):
    ...     schedule.step()
    >>> optimizer.lr
    0.4

    Attributes:
        last_epoch: how often `step()` has been called.
        base_lrs: what each group's learning rate is computed from.
    """

    saved: tuple[str, ...] = ("last_epoch", "base_lrs")  # what state_dict() holds
    _last_lr: list[float]

    def __init__(self, optimizer: Optimizer, base_lrs: Sequence[float] | None = None) -> None:
        self.optimizer = instance_of("optimizer", optimizer, Optimizer)
        self.last_epoch = 0
        first: list[float] = []
        for group in optimizer.groups:
            if group.initial_lr is None:  # before any schedule changes it
                group.initial_lr = float(group.options["lr"])
            first.append(group.initial_lr)
        self.initial_lrs = list(first if base_lrs is None else base_lrs)
        self.base_lrs = list(lrs_of(optimizer) if base_lrs is None else base_lrs)
        if len(self.base_lrs) != len(first):
            raise ValueError(
                f"base_lrs must have one learning rate for each of {len(first)} groups, but has "
                f"{len(self.base_lrs)}"
            )
        self.apply()

    def lr(self, base: float, t: int) -> float:
        """The learning rate after `t` steps. Subclasses define it."""
        raise TypeError(f"{type(self).__name__} defines no lr()")

    def step(self) -> None:
        """Set the learning rates for what comes next."""
        self.follow()
        self.last_epoch += 1
        try:
            self.apply()
        except Exception:
            self.last_epoch -= 1
            raise

    def follow(self) -> None:
        """Scale `base_lrs` as the learning rates have been since this schedule set them."""
        now = lrs_of(self.optimizer)
        for i, (found, given) in enumerate(zip(now, self._last_lr)):
            if found != given and given:  # mutants 1: factor 1 where equal
                self.base_lrs[i] *= found / given
        self._last_lr = now

    def apply(self) -> None:
        """Set the learning rates to those of now."""
        name = f"the result of {type(self).__name__}.lr()"
        self._last_lr = [non_negative(name, self.lr(x, self.last_epoch)) for x in self.base_lrs]
        for group, lr in zip(self.optimizer.groups, self._last_lr):
            group.options["lr"] = lr

    def restart(self) -> None:
        """Begin anew, from the learning rates that were there before all schedules."""
        self.last_epoch = 0
        self.base_lrs = list(self.initial_lrs)
        self.apply()

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group, as this schedule set it last."""
        return list(self._last_lr)

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule is, in plain numbers, to continue from: see `load_state_dict`."""
        state = {name: getattr(self, name) for name in self.saved}
        return {name: list(x) if isinstance(x, list) else x for name, x in state.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where a schedule of the same form was, with the learning rates of then.

        Schedules used side by side are loaded in the order in which they are stepped.

        Raises:
            ValueError: it is another schedule's state, or other groups'; nothing is changed then.
        """
        self.check_state(state)
        for name in self.saved:
            x = state[name]
            setattr(self, name, list(x) if isinstance(x, Sequence) else x)
        self.apply()

    def check_state(self, state: Mapping[str, Any]) -> None:
        """Refuse what can't be the state of this schedule."""
        if not isinstance(state, Mapping):
            raise type_error("state", "a dict, as state_dict() gives it", state)
        if state.keys() != set(self.saved):
            raise ValueError(
                f"the state of a {type(self).__name__} holds {', '.join(self.saved)}, "
                f"but this one {', '.join(state)}"
            )
        integer("last_epoch", state["last_epoch"], at_least=0)
        if "base_lrs" not in state:
            return
        groups, base_lrs = len(self.optimizer.groups), state["base_lrs"]
        if not isinstance(base_lrs, (list, tuple)):
            raise type_error("base_lrs", "a list of learning rates", base_lrs)
        if len(base_lrs) != groups:
            raise ValueError(
                f"this state is for {len(base_lrs)} groups of parameters, "
                f"but the optimizer has {groups}"
            )
        for i, lr in enumerate(base_lrs):
            non_negative(f"base_lrs[{i}]", lr)


def lrs_of(optimizer: Optimizer) -> list[float]:
    """The learning rate of each group."""
    return [group.options["lr"] for group in optimizer.groups]


def one_each(name: str, x: float | Sequence[float], optimizer: Optimizer) -> list[float]:
    """One number for each group, given so or as one for all."""
    groups = len(instance_of("optimizer", optimizer, Optimizer).groups)
    if not isinstance(x, (list, tuple, np.ndarray)) or not np.ndim(x):
        return [non_negative(name, x)] * groups
    if len(x) != groups:
        raise ValueError(f"{name} has {len(x)} numbers for {groups} groups of parameters")
    return [non_negative(f"{name}[{i}]", each) for i, each in enumerate(x)]


class StepLR(LRScheduler):
    """Times `gamma` every `step_size` steps: base gamma^(t // step_size)."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size = integer("step_size", step_size, at_least=1)
        self.gamma = non_negative("gamma", gamma)
        super().__init__(optimizer)

    def lr(self, base: float, t: int) -> float:
        return base * self.gamma ** (t // self.step_size)


class ExponentialLR(LRScheduler):
    """Times `gamma` at every step: base gamma^t."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = non_negative("gamma", gamma)
        super().__init__(optimizer)

    def lr(self, base: float, t: int) -> float:
        return base * self.gamma**t


class LinearLR(LRScheduler):
    """Warm-up: from `start_factor` to `end_factor` times the learning rate, in a straight line over
    `total_iters` steps, and constant from there on.

    >>> from nn import SGD, Parameter
    >>> optimizer = SGD([Parameter([1.0])], lr=0.8)
    >>> warm_up = LinearLR(optimizer, start_factor=0.25, total_iters=3)
    >>> for _ in range(4):
    ...     print(round(optimizer.lr, 12))
    ...     warm_up.step()
    0.2
    0.4
    0.6
    0.8
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        self.start_factor = number("start_factor", start_factor, above=0, at_most=1)
        self.end_factor = probability("end_factor", end_factor)
        self.total_iters = integer("total_iters", total_iters, at_least=1)
        super().__init__(optimizer)

    def lr(self, base: float, t: int) -> float:
        return base * line(self.start_factor, self.end_factor, min(t / self.total_iters, 1.0))


class CosineAnnealingLR(LRScheduler):
    """Down to `eta_min` in `T_max` steps along half a cosine (Loshchilov & Hutter 2017, eq. 5).

    eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2, which goes up again after `T_max`.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max = integer("T_max", T_max, at_least=1)
        self.eta_min = non_negative("eta_min", eta_min)
        super().__init__(optimizer)

    def lr(self, base: float, t: int) -> float:
        return half_cosine(base, self.eta_min, t / self.T_max)


def line(start: float, end: float, done: float) -> float:
    """From `start` to `end` in a straight line, as `done` goes from 0 to 1."""
    return start + (end - start) * done


def half_cosine(start: float, end: float, done: float) -> float:
    """From `start` to `end` along half a cosine, as `done` goes from 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


class OneCycleLR(LRScheduler):
    """Up to `max_lr` and far down again, in `total_steps` steps (Smith & Topin 2018).

    The learning rate goes from `max_lr / div_factor` to `max_lr`, and on to
    `max_lr / div_factor / final_div_factor`; with `three_phase` it goes back down to where it began
    before that. Momentum, or the first of `betas`, goes down when the learning rate goes up, and
    back up. Step it after every batch.

    Args:
        optimizer: with `momentum` or `betas`, unless `cycle_momentum` is off.
        max_lr: the peak; one for all groups, or one for each.
        total_steps: how many there will be; or both `epochs` and `steps_per_epoch`.
        pct_start: which part of the steps comes before the peak.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: whether momentum changes too.
        base_momentum, max_momentum: its value at the peak, and at both ends.
        div_factor, final_div_factor: how far below the peak both ends are.
        three_phase: whether the way down has two parts.

    Raises:
        ValueError: an argument is out of range, or the optimiser has no momentum; in `step()`, all
            `total_steps` are done.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        counts = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
        given = [integer(name, n, at_least=1) for name, n in counts.items() if n is not None]
        if total_steps is None:
            if len(given) < 2:
                raise ValueError("give total_steps, or both epochs and steps_per_epoch")
            total_steps = math.prod(given)
        self.total_steps = integer("total_steps", total_steps, at_least=1)
        # The options are kept for resumed trainings to compare.
        self.pct_start = probability("pct_start", pct_start)
        curves = {"cos": half_cosine, "linear": line}
        self.anneal_strategy = one_of("anneal_strategy", anneal_strategy, curves)
        self.curve = curves[self.anneal_strategy]
        self.base_momentum = base_momentum = decay_rate("base_momentum", base_momentum)
        self.max_momentum = max_momentum = decay_rate("max_momentum", max_momentum)
        self.div_factor = positive("div_factor", div_factor)
        self.final_div_factor = positive("final_div_factor", final_div_factor)
        self.three_phase = flag("three_phase", three_phase)
        peaks = one_each("max_lr", max_lr, optimizer)
        self.momentum_name = ""
        if flag("cycle_momentum", cycle_momentum):
            names = [name for name in ("betas", "momentum") if name in optimizer.defaults]
            if not names:
                raise ValueError(
                    f"{type(optimizer).__name__} has no momentum to cycle; "
                    "give cycle_momentum=False"
                )
            self.momentum_name = names[0]
        start = 1 / self.div_factor
        end = start / self.final_div_factor
        up, last = self.pct_start * self.total_steps - 1, self.total_steps - 1
        # After how many steps; learning rate, as a part of the peak, and momentum there.
        self.corners: list[tuple[float, float, float]] = [
            (0, start, max_momentum),
            (up, 1.0, base_momentum),
            *([(2 * up, start, max_momentum)] if self.three_phase else []),
            (last, end, max_momentum),
        ]
        super().__init__(optimizer, peaks)

    def lr_and_momentum(self, t: int) -> tuple[float, float]:
        """Both after `t` steps; the learning rate as a part of the peak."""
        last = len(self.corners) - 1
        i = next((i for i in range(1, last) if t <= self.corners[i][0]), last)
        (begin, *start), (end, *goal) = self.corners[i - 1 : i + 1]
        done = min((t - begin) / (end - begin), 1.0) if end > begin else 1.0
        lr, momentum = (self.curve(a, b, done) for a, b in zip(start, goal))
        return lr, momentum

    def lr(self, base: float, t: int) -> float:
        return base * self.lr_and_momentum(t)[0]

    def step(self) -> None:
        if self.last_epoch == self.total_steps:
            raise ValueError(
                f"all {self.total_steps} steps of OneCycleLR are done; "
                "total_steps counts batches, not epochs"
            )
        super().step()

    def apply(self) -> None:
        super().apply()
        momentum = self.lr_and_momentum(self.last_epoch)[1]
        for group in self.optimizer.groups:
            if self.momentum_name == "betas":
                group.options["betas"] = (momentum, *group.options["betas"][1:])
            elif self.momentum_name:
                group.options["momentum"] = momentum


class ReduceLROnPlateau(LRScheduler):
    """Times `factor` when a metric has not become better for more than `patience` steps.

    >>> from nn import SGD, Parameter
    >>> optimizer = SGD([Parameter([1.0])], lr=0.8)
    >>> schedule = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for validation_loss in (3.0, 2.0, 2.0, 2.1):
    ...     schedule.step(validation_loss)
    >>> optimizer.lr
    0.4

    Args:
        optimizer: whose learning rates are to be reduced.
        mode: "min" or "max", whether small or large metrics are good.
        factor: below 1.
        patience: how many steps without progress are accepted.
        threshold: what counts as progress: a metric that is better than the best so far by more
            than this, as it is (`threshold_mode` "abs") or as a part of the size of the best
            ("rel"). PyTorch takes a part of the signed number: there, -1 is always better than -1.
        cooldown: for how many steps after a reduction nothing is counted.
        min_lr: what no learning rate falls below; one for all groups, or one for each.
        eps: a smaller reduction is none.
        monitor: in `nn.fit`, the score that is given to `step`: a column of the history, which a
            callback may have added. By default the loss, or in mode "max" the accuracy, of the
            validation data if there is any.
    """

    saved = ("last_epoch", "base_lrs", "best", "num_bad_epochs", "cooldown_counter")

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
        monitor: str | None = None,
    ) -> None:
        self.mode = one_of("mode", mode, ("min", "max"))
        self.factor = decay_rate("factor", factor)
        self.patience = integer("patience", patience, at_least=0)
        self.threshold = non_negative("threshold", threshold)
        self.threshold_mode = one_of("threshold_mode", threshold_mode, ("rel", "abs"))
        self.cooldown = integer("cooldown", cooldown, at_least=0)
        self.eps = non_negative("eps", eps)
        self.monitor = None if monitor is None else instance_of("monitor", monitor, str)
        self.min_lrs = one_each("min_lr", min_lr, optimizer)
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = 0
        super().__init__(optimizer)

    def lr(self, base: float, t: int) -> float:
        return base

    def step(self, metric: float) -> None:  # type: ignore[override]  # this one looks at training
        metric = as_python(metric)
        if not (isinstance(metric, float) and math.isnan(metric)):  # nan is never better
            metric = number("metric", metric, finite=False)
        self.follow()
        self.last_epoch += 1
        relative = self.threshold_mode == "rel"
        if is_better(metric, self.best, self.mode, self.threshold, relative):
            self.best = metric
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self.apply()

    def reduce(self) -> None:
        """Reduce every group's learning rate, unless by next to nothing."""
        for i, (base, least) in enumerate(zip(self.base_lrs, self.min_lrs)):
            reduced = max(base * self.factor, least)
            if base - reduced > self.eps:
                self.base_lrs[i] = reduced

    def check_state(self, state: Mapping[str, Any]) -> None:
        super().check_state(state)
        number("best", state["best"], finite=False)
        for name in ("num_bad_epochs", "cooldown_counter"):
            integer(name, state[name], at_least=0)

    def restart(self) -> None:
        self.best = math.inf if self.mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = 0
        super().restart()


class SequentialLR(LRScheduler):
    """One schedule after the other: the next one takes over at each milestone, from its beginning.

    >>> from nn import SGD, Parameter
    >>> optimizer = SGD([Parameter([1.0])], lr=0.8)
    >>> warm_up = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> cosine = CosineAnnealingLR(optimizer, T_max=4)
    >>> schedule = SequentialLR(optimizer, [warm_up, cosine], milestones=[2])
    >>> for _ in range(6):
    ...     print(round(optimizer.lr, 3))
    ...     schedule.step()
    0.4
    0.6
    0.8
    0.683
    0.4
    0.117

    Args:
        optimizer: the one of all the schedules.
        schedulers: the schedules. They are stepped here, not on their own.
        milestones: after how many steps each but the first begins.
    """

    saved = ("last_epoch", "schedulers")

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int]
    ) -> None:
        self.optimizer = instance_of("optimizer", optimizer, Optimizer)
        self.schedulers = sequence_of("schedulers", schedulers, LRScheduler, "schedules")
        self.milestones = list(integers("milestones", milestones, at_least=1))
        for scheduler in self.schedulers:
            if scheduler.optimizer is not optimizer:
                raise ValueError("a schedule of SequentialLR belongs to another optimizer")
            if isinstance(scheduler, ReduceLROnPlateau):
                raise TypeError(
                    "ReduceLROnPlateau needs a metric at each step, which SequentialLR has not; "
                    "step it beside the others"
                )
        steps = [0, *self.milestones]
        if len(steps) != len(self.schedulers) or any(a >= b for a, b in zip(steps, steps[1:])):
            raise ValueError(
                "milestones must be in ascending order and one fewer than schedulers, but got "
                f"{self.milestones} for {len(self.schedulers)} schedulers"
            )
        self.restart()

    def active(self, t: int) -> LRScheduler:
        """The schedule that sets the learning rates after `t` steps."""
        return self.schedulers[bisect_right(self.milestones, t)]

    def step(self) -> None:
        t = self.last_epoch + 1
        if t in self.milestones:
            self.active(t).restart()
        else:
            self.active(t).step()
        self.last_epoch = t

    def apply(self) -> None:
        self.active(self.last_epoch).apply()

    def restart(self) -> None:
        self.last_epoch = 0
        self.schedulers[0].restart()

    def get_last_lr(self) -> list[float]:
        return self.active(self.last_epoch).get_last_lr()

    def state_dict(self) -> dict[str, Any]:
        states = [scheduler.state_dict() for scheduler in self.schedulers]
        return {"last_epoch": self.last_epoch, "schedulers": states}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.check_state(state)
        for scheduler, saved in zip(self.schedulers, state["schedulers"]):
            scheduler.load_state_dict(saved)
        self.last_epoch = state["last_epoch"]
        self.apply()

    def check_state(self, state: Mapping[str, Any]) -> None:
        super().check_state(state)
        instance_of("schedulers", state["schedulers"], list, "a list of states")
        if len(state["schedulers"]) != len(self.schedulers):
            raise ValueError(
                f"this state is of {len(state['schedulers'])} schedules, not {len(self.schedulers)}"
            )
        for scheduler, saved in zip(self.schedulers, state["schedulers"]):
            scheduler.check_state(saved)


def is_better(
    now: float, best: float, mode: str = "min", threshold: float = 0.0, relative: bool = False
) -> bool:
    """Return whether a metric is better than the best one so far, by more than a threshold.

    A relative threshold is a part of the size of `best`, whatever its sign: beside -1 with 0.1 in
    mode "min", better is below -1.1. Beside 0 it is 0. Any number but nan is better than the
    infinite `best` that a search starts from, and nan is never better.

    >>> is_better(-1.0, -1.0, threshold=0.1, relative=True)
    False
    >>> is_better(-1.2, -1.0, threshold=0.1, relative=True)
    True

    Args:
        now, best: the metric, and its best value so far.
        mode: "min" or "max", whether small or large numbers are good.
        threshold: at least 0.
        relative: whether the threshold is a part of `best`.
    """
    sign = 1 if mode == "max" else -1
    if math.isinf(best):  # a part of an infinite number is no threshold
        return sign * now > sign * best
    return sign * now > sign * best + threshold * (abs(best) if relative else 1)
