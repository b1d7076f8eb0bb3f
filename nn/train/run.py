"""A training in progress: the loop, and going on from a checkpoint."""

from __future__ import annotations

import math
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from numbers import Real
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

import autograd as ag
from autograd import Tensor, Value
from autograd.core.arguments import as_python, brief, instance_of, non_negative
from autograd.core.node import Node
from nn.data.loader import DataLoader
from nn.data.samples import Batches, count_of
from nn.module import Module, evaluation
from nn.optim.optimizer import Optimizer
from nn.optim.schedule import LRScheduler, OneCycleLR, ReduceLROnPlateau
from nn.seed import generator_from

from .checkpoint import PathLike, load_training, save_training, take_over
from .evaluation import Loss, called, checked_loss, evaluate, has_classes, mover
from .generators import Generators
from .history import Columns, History, amend_row, described
from .settings import differences, settings_of
from .states import check_fits, few, named_states, not_finite

try:
    import signal
except ImportError:  # some builds of Python for WASI
    signal = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from .cluster import Cluster


class Callback:
    """Is called at the moments of a training that it defines a method for.

    `run` holds all there is to know: `run.model`, `run.optimizer`, `run.history`, `run.epoch` (how
    many are finished), `run.batch`; and `run.stop(reason)` ends the training.

    Numbers that a method puts into `run.scores` are recorded: in the history's steps, and by their
    mean in its epochs, from `on_step_begin`, `on_backward_end` and `on_step_end`; in its epochs
    from `on_epoch_end`, and in the last of them from `on_train_end`. Callbacks are called in the
    order in which they are listed, so one that monitors a score comes after the one that sets it.
    Schedules are stepped after all callbacks.

    >>> import nn
    >>> class StopAtLoss(nn.Callback):
    ...     def __init__(self, loss):
    ...         self.loss = loss
    ...
    ...     def on_epoch_end(self, run):
    ...         if run.history.loss[-1] < self.loss:
    ...             run.stop(f"the loss is below {self.loss}")
    >>> model = nn.Linear(2, 1, rng=0)
    >>> history = nn.fit(model, (np.eye(2), np.ones((2, 1))), loss=nn.mse_loss, epochs=100, seed=0,
    ...                  optimizer=nn.SGD(model.parameters(), lr=0.5), callbacks=[StopAtLoss(0.01)])
    >>> history.stopped, len(history.loss) < 20
    ('the loss is below 0.01', True)
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse methods that look like hooks but are never called.

        Raises:
            TypeError: a method's name begins with `on_`, or is a hook's in another spelling.
        """
        super().__init_subclass__(**options)
        methods = [name for name in vars(Callback) if not name.startswith("_")]
        hooks = [name for name in methods if name.startswith("on_")]
        for name in dir(cls):  # those of other base classes too
            squashed = name.replace("_", "").lower()
            respelled = [method for method in methods if method.replace("_", "") == squashed]
            if name in methods or not (name.startswith("on_") or respelled):
                continue
            near = (respelled or get_close_matches(name, hooks, cutoff=0.0))[0]
            raise TypeError(
                f"{cls.__name__}.{name} would never be called; did you mean {near}? "
                f"Callbacks have {', '.join(hooks)}"
            )

    def on_train_begin(self, run: Run) -> None:
        """Training begins, or goes on after `resume`; then `load_state_dict` comes next."""

    def on_step_begin(self, run: Run) -> None:
        """`run.batch` is about to be computed."""

    def on_backward_end(self, run: Run) -> None:
        """The gradients are there, the parameters not yet changed. `run.scores` is for numbers to
        record; if the run is stopped here, the parameters stay as they are.
        """

    def on_step_end(self, run: Run) -> None:
        """The parameters have been changed, and the step is in the history."""

    def on_epoch_end(self, run: Run) -> None:
        """The epoch is in the history, with its validation, and `run.scores` holds its numbers."""

    def on_train_end(self, run: Run) -> None:
        """Training has ended: all epochs are done, it was stopped, or Ctrl-C was pressed."""

    def state_dict(self) -> dict[str, Any]:
        """What a training checkpoint keeps of this callback."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""


@dataclass(eq=False)
class Run:
    """A training in progress: what callbacks are given.

    Attributes:
        epoch: how many epochs are finished.
        batch: inputs and targets of the step under way.
        scores: the numbers of the step under way; in `on_epoch_end`, and until the next step,
            those of the epoch. What a callback sets here is recorded in the history.
    """

    model: Module
    loader: DataLoader | Batches
    loss: Loss
    optimizer: Optimizer
    epochs: int
    validation: DataLoader | Batches | None
    callbacks: list[Callback]
    schedules: list[LRScheduler]
    schedule_per: Literal["step", "epoch"] | None
    l1: float
    l2: float
    executor: Cluster | None = None
    history: History = field(default_factory=History)
    epoch: int = 0
    batch: tuple[Any, Any] = (None, None)
    scores: dict[str, float] = field(default_factory=dict)
    complained: bool = False

    def __post_init__(self) -> None:
        self.infinite = not_finite(self.model, self.optimizer)  # on purpose, as in a mask
        self.settings = settings_of(self)
        self.generators = Generators(
            {
                "library": generator_from(None),
                "model": self.model,
                "transform": self.loader.transform,
                "loader": self.loader,
                "validation": self.validation,
                "loss": self.loss,
                "callbacks": self.callbacks,
                "optimizer": self.optimizer,
                "schedules": self.schedules,
            }
        )

    def stop(self, reason: str) -> None:
        """End the training; `reason` stands in `history.stopped`."""
        if not instance_of("reason", reason, str):
            raise ValueError("reason must say why training ends, but got ''")
        self.history.stopped = reason

    def spoilt(self) -> list[str]:
        """What has become nan or infinite: names of parameters, buffers and optimizer states."""
        found = not_finite(self.model, self.optimizer)
        return [name for name in found if name not in self.infinite]

    def tell(self, event: str, columns: Columns | None = None) -> dict[str, float]:
        """Call this method of all callbacks, one after the other.

        Scores that a callback sets are returned, and written into the last row of `columns`
        before the next callback is called.
        """
        changed: dict[str, float] = {}
        for callback in self.callbacks:
            before = dict(self.scores)
            getattr(callback, event)(self)
            new = {k: x for k, x in self.scores.items() if k not in before or x is not before[k]}
            self.scores = before  # with all that was there, even if the callback took it away
            if new:
                new = {name: as_score(name, x) for name, x in new.items()}
                self.scores |= new
                changed |= new
                if columns is not None:
                    amend_row(columns, new)
        return changed

    # The loop.

    def train(self, progress: bool, checkpoint: PathLike | None) -> None:
        from tqdm import tqdm  # imported when used: it takes longer than all of autograd

        steps = count_of(self.loader)
        in_notebook = "ipykernel" in sys.modules  # no terminal, but shows bars
        bar = tqdm(
            total=None if steps is None else self.epochs * steps,
            initial=len(self.history.step_loss),
            disable=(False if in_notebook else None) if progress else True,
        )
        shown = not bar.disable  # which a bar that is closed no longer tells
        with training_mode(self.model), ctrl_c() as pressed, bar:
            try:
                while self.epoch < self.epochs and not self.history.stopped and not pressed:
                    if not self.run_epoch(bar, pressed):
                        break
                    if checkpoint is not None:
                        self.keep(checkpoint)
            except KeyboardInterrupt:
                pressed.append(KeyboardInterrupt)
            finally:
                self.optimizer.zero_grad()
                self.batch = (None, None)
            self.tell("on_train_end", self.history.epochs if self.history.ends else None)
        if pressed and not self.history.stopped:
            self.stop("Ctrl-C")
        if self.history.stopped and shown:
            tqdm.write(f"stopped after {self.epoch} epochs: {self.history.stopped}")

    def run_epoch(self, bar: Any, pressed: Sequence[object]) -> bool:
        """Go through the data once, and validate; false if that was broken off."""
        began = perf_counter()
        bar.set_description(f"epoch {self.epoch + 1}/{self.epochs}", refresh=False)
        latest, seen = self.latest(), 0
        sums, counts = dict[str, float](), dict[str, int]()
        move = mover(self.model)
        for x, y in self.loader:
            self.step(x, y) if move is None else self.step(move(x), move(y))
            if self.history.stopped or pressed:
                return False
            seen += len(y)
            for name, score in self.scores.items():
                sums[name] = sums.get(name, 0.0) + score * len(y)
                counts[name] = counts.get(name, 0) + len(y)
            if bar.update():
                now = latest | {name: total / counts[name] for name, total in sums.items()}
                bar.set_postfix_str(short(now), refresh=False)
        if not seen:
            raise ValueError(
                f"the data gave no batch in epoch {self.epoch + 1}; an iterable of batches must "
                "start anew each time it is gone through"
            )
        self.optimizer.zero_grad()
        means = {name: total / counts[name] for name, total in sums.items()}
        means["lr"] = self.scores["lr"]
        if self.validation is not None:
            scores = evaluate(self.model, self.validation, self.loss)
            means |= {f"validation_{name}": score for name, score in scores.items()}
        bar.set_postfix_str(short(means))
        self.history.add_epoch(means, perf_counter() - began)
        self.epoch += 1
        self.scores = dict(means)
        self.tell("on_epoch_end", self.history.epochs)
        self.advance("epoch")
        return True

    def step(self, x: Any, y: Any) -> None:
        """Change the parameters once."""
        self.batch, self.scores = (x, y), {}
        early = self.tell("on_step_begin")
        self.optimizer.zero_grad()
        out = called(self.model, x)
        value = checked_loss(self.loss, self.loss(out, y))
        if not isinstance(value, (Tensor, Value)):
            raise TypeError(
                f"the loss must be a Tensor or a Value, computed from the outputs, but got "
                f"{brief(value)}; compute it by functions of autograd, and without .item()"
            )
        self.regularised(value).backward()
        if not self.history.step_loss:
            self.check_gradients()
        scores = {"loss": value.data}
        if has_classes(out, y):
            scores["accuracy"] = np.count_nonzero(out.data.argmax(axis=1) == y) / len(y)
        if self.executor is not None:
            leaves = (*self.optimizer.parameters(), *self.model.parameters())
            buffers = [x for _, x in self.model.named_buffers()]
            scores = self.executor.finish(scores, leaves, buffers)
        self.scores = {name: float(x) for name, x in scores.items()} | early
        self.scores["lr"] = self.optimizer.lr
        del out, value  # the graph: its memory is free for the optimiser and the next step
        self.tell("on_backward_end")
        self.history.add_step(self.scores)
        if not self.history.stopped:
            self.complain_of_nan()
            self.optimizer.step()
            self.tell("on_step_end", self.history.steps)
            self.advance("step")

    def check_gradients(self) -> None:
        """Refuse a loss that does not depend on what is trained.

        Raises:
            ValueError: none of the optimizer's parameters has a gradient.
        """
        if all(p.grad is None for p in self.optimizer.parameters()):
            raise ValueError(
                "the loss does not depend on any of the optimizer's parameters, so training "
                "would not change them; compute it from the model's outputs"
            )

    def complain_of_nan(self) -> None:
        """Warn once that the loss is nan, since parameters become nan too."""
        if not self.complained and math.isnan(self.scores["loss"]):
            self.complained = True
            warnings.warn(
                f"the loss is nan in step {len(self.history.step_loss)}; "
                "nn.StopOnNaN() among the callbacks stops there, and says what made it",
                RuntimeWarning,
                stacklevel=6,  # the caller of fit()
            )

    def regularised(self, value: Any) -> Any:
        """What is minimised: this loss, and the penalties of large parameters."""
        moving = self.optimizer.parameters() if self.l1 or self.l2 else ()
        for p in moving:
            if self.l1:
                value = value + self.l1 * ag.sum(ag.abs(p))
            if self.l2:
                value = value + self.l2 / 2 * ag.sum(p * p)
        return value

    def advance(self, moment: str) -> None:
        """Step the schedules whose moment it is."""
        for schedule in self.schedules:
            own = "step" if isinstance(schedule, OneCycleLR) else "epoch"
            if moment != (self.schedule_per or own):
                continue
            if isinstance(schedule, ReduceLROnPlateau):
                scores = self.scores if moment == "step" else self.latest()
                schedule.step(metric_of(schedule, scores))
            else:
                schedule.step()

    def latest(self) -> dict[str, float]:
        """The numbers of the epoch that ended last."""
        return {name: column[-1] for name, column in self.history.epochs.items()}

    # Going on.

    def keep(self, path: PathLike) -> None:
        """Write a checkpoint, unless the model has nan or infinite numbers."""
        if new := self.generators.look_again():
            self.generators.unsaved += new  # warn once
            warnings.warn(
                f"these were made during training, so a resumed training begins them anew: "
                f"{few(new)}; make them before fit(), where checkpoints find them",
                RuntimeWarning,
                stacklevel=4,
            )
        spoilt = self.spoilt()
        if not spoilt:
            save_training(path, self.model.state_dict(), self.state_dict())
            return
        warnings.warn(
            f"there are nan or infinite numbers in {few(spoilt)} after epoch {self.epoch}: "
            f"{path} is left as it was",
            RuntimeWarning,
            stacklevel=4,
        )

    def state_dict(self) -> dict[str, Any]:
        """All that a checkpoint holds beside the model."""
        return {
            "epoch": self.epoch,
            "steps per epoch": count_of(self.loader),
            "optimizer": named_states([self.optimizer]),
            "schedules": named_states(self.schedules),
            "callbacks": named_states(self.callbacks),
            "generators": self.generators.states(),
            "shared generators": self.generators.changed(),
            "settings": self.settings,
            "history": self.history.to_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a training of the same form was.

        Raises:
            ValueError: it has another form.
        """
        check_fits(state, self.state_dict())
        # The optimizer after the schedules: these set the learning rates that they had set, even
        # where something else has changed them since.
        states = (*state["schedules"], *state["optimizer"], *state["callbacks"])
        stateful = (callback for callback in self.callbacks if callback.state_dict())
        parts: tuple[Any, ...] = (*self.schedules, self.optimizer, *stateful)
        for part, (_, saved) in zip(parts, states):
            part.load_state_dict(saved)
        restored = state.get("settings", self.settings)["restored"]
        self.l1, self.l2 = (non_negative(name, restored[name]) for name in ("l1", "l2"))
        self.generators.set_states(state["generators"] | state.get("shared generators", {}))
        self.epoch, self.history = state["epoch"], History(**state["history"])

    def resume(self, path: PathLike) -> None:
        """Go on from a checkpoint.

        Raises:
            ValueError: it is damaged, or of another training; nothing is changed then.
        """
        weights, state = load_training(path)
        before = self.model.state_dict(), self.state_dict(), self.generators.shared_states()
        try:
            take_over(self.model, weights, exact=True)
            self.load_state_dict(state)
            other = differences(state.get("settings", self.settings), self.settings)
        except Exception as error:
            take_over(self.model, before[0])
            self.load_state_dict(before[1] | {"shared generators": before[2]})
            reason = error if type(error) is ValueError else type(error).__name__
            raise ValueError(f"{path} is the checkpoint of another training: {reason}") from error
        if other:
            warnings.warn(
                f"resume=True uses {'; '.join(other[:4])}" + "; ..." * (len(other) > 4),
                RuntimeWarning,
                stacklevel=3,
            )


def metric_of(schedule: ReduceLROnPlateau, scores: Mapping[str, float]) -> float:
    """The score that the schedule monitors.

    Raises:
        ValueError: there is none.
    """
    name = schedule.monitor
    if name is None:
        name = "accuracy" if schedule.mode == "max" else "loss"
        name = f"validation_{name}" if f"validation_{name}" in scores else name
    if name not in scores:
        hint = "targets are no class labels; " * (schedule.monitor is None)
        raise ValueError(
            f"ReduceLROnPlateau in mode {schedule.mode!r} monitors {name}, but {hint}"
            f"the scores are {', '.join(scores)}"
        )
    return scores[name]


def as_score(name: str, x: Any) -> float:
    """A score that a callback set, as a float.

    Raises:
        TypeError: it is no number.
    """
    if not isinstance(name, str):
        raise TypeError(f"the names in run.scores must be text, but got {brief(name)}")
    x = as_python(x)
    if not isinstance(x, Real):
        hint = "; use .item()" * isinstance(x, Node)
        raise TypeError(f"run.scores[{name!r}] must be a number, but got {brief(x)}{hint}")
    return float(x)


def short(scores: Mapping[str, float]) -> str:
    """What fits beside a progress bar."""
    validation = "validation_accuracy" if "validation_accuracy" in scores else "validation_loss"
    names = ("loss", "accuracy", validation)
    return ", ".join(described({name: scores[name] for name in names if name in scores}))


@contextmanager
def training_mode(model: Module) -> Iterator[None]:
    """Inside, the model is in training mode; afterwards each module is in the mode it was in."""
    modules = list(model.modules())
    with evaluation(False):
        before = [module.training for module in modules]
        if not model.training:
            model.train()
        try:
            yield
        finally:
            for module, training in zip(modules, before):
                module.training = training


@contextmanager
def ctrl_c() -> Iterator[list[object]]:
    """A list that is not empty after Ctrl-C; pressed again, it interrupts as always.

    Nothing changes where the program handles it itself, or where signals don't arrive: outside
    the main thread, and where there are none.
    """
    pressed: list[object] = []

    def note(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    ours = (
        signal is not None
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
