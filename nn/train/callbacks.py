"""Callbacks: methods that are called at the moments of a training, and may end it."""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from autograd import AnomalyError, detect_anomaly
from autograd.core.arguments import instance_of, integer, non_negative, number, one_of
from autograd.core.array_libraries import copy_array
from autograd.core.shapes import shape_of
from nn.optim.clip import clip_grad_norm_
from nn.optim.schedule import is_better

from .checkpoint import check_writable, save, suffix, take_over
from .evaluation import called
from .history import described
from .run import Callback, Run
from .states import few, is_finite

LARGER_IS_BETTER = {"accuracy", "acc", "auc", "f1", "iou", "precision", "r2", "recall", "score"}


class Best(Callback):
    """The best epoch so far by one column of the history.

    Args:
        monitor: the column: "loss", "accuracy", "validation_loss", "validation_accuracy" or one
            that a callback added.
        min_delta: how much better counts as better.
        mode: "min" or "max", what is better. By default, larger numbers are better in columns with
            one of these words in their name: accuracy, acc, auc, f1, iou, precision, r2, recall,
            score. In all others smaller ones are.

    Raises:
        ValueError: an argument is out of range; or, in training, there is no such column.
    """

    def __init__(
        self, monitor: str, min_delta: float = 0.0, mode: Literal["min", "max"] | None = None
    ) -> None:
        self.monitor = instance_of("monitor", monitor, str)
        if mode is None:
            mode = "min" if LARGER_IS_BETTER.isdisjoint(monitor.split("_")) else "max"
        self.mode = one_of("mode", mode, ("min", "max"))
        self.min_delta = non_negative("min_delta", min_delta)
        self.best = math.inf if mode == "min" else -math.inf

    def on_train_begin(self, run: Run) -> None:
        self.best = math.inf if self.mode == "min" else -math.inf
        if run.validation is None and self.monitor in {"validation_loss", "validation_accuracy"}:
            raise ValueError(
                f"{type(self).__name__} monitors {self.monitor}, but there is no validation data; "
                "pass validation= to fit(), or monitor another column"
            )

    def improved(self, run: Run) -> bool:
        """Whether the epoch that has just ended is the best one; nan is never better, and neither
        is a model with nan or infinite numbers.
        """
        columns = run.history.epochs
        if self.monitor not in columns:
            raise ValueError(
                f"{type(self).__name__} monitors {self.monitor}, but the history has "
                f"{', '.join(columns)}; a callback that sets run.scores[{self.monitor!r}] must "
                f"come before {type(self).__name__} in the list of callbacks"
            )
        now = columns[self.monitor][-1]
        better = is_better(now, self.best, self.mode, self.min_delta) and not run.spoilt()
        if better:
            self.best = now
        return better

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.best = float(state["best"])


class EarlyStopping(Best):
    """Ends training when epochs in a row bring nothing better, and restores the best weights.

    The parameters and buffers of the best epoch are restored at the end of every training,
    whatever ended it.

    Args:
        patience: how many epochs in a row may be no better.
        min_delta, monitor, mode: what counts as better, see `Best`.
    """

    def __init__(
        self,
        patience: int = 5,
        min_delta: float = 0.0,
        monitor: str = "validation_loss",
        mode: Literal["min", "max"] | None = None,
    ) -> None:
        super().__init__(monitor, min_delta, mode)
        self.patience = integer("patience", patience, at_least=1)
        self.waited = 0
        self.weights: dict[str, Any] | None = None
        self.form: dict[str, Any] | None = None  # of the weights in training

    def on_train_begin(self, run: Run) -> None:
        super().on_train_begin(run)
        self.waited, self.weights, self.form = 0, None, form_of(run.model.state_dict())

    def on_epoch_end(self, run: Run) -> None:
        if self.improved(run):
            self.waited, self.weights = 0, run.model.state_dict()
            return
        self.waited += 1
        if self.waited >= self.patience:
            epochs = "epoch" if self.waited == 1 else "epochs"
            run.stop(f"{self.monitor} was no better for {self.waited} {epochs}")

    def on_train_end(self, run: Run) -> None:
        if self.weights is not None:
            take_over(run.model, self.weights)
            self.weights = None

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"waited": self.waited, "weights": self.weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave.

        Raises:
            ValueError: the best weights are those of another model than the one in training.
        """
        waited, weights = int(state["waited"]), state["weights"]
        if weights is not None:
            weights = dict(weights)
            if self.form not in (None, form_of(weights)):
                raise ValueError("its best weights are those of another model")
        super().load_state_dict(state)
        self.waited, self.weights = waited, weights


def form_of(weights: Mapping[str, Any]) -> dict[str, Any]:
    """What has to be the same in two models' weights: names, shapes and types."""
    return {name: (shape_of(x), getattr(x, "dtype", None)) for name, x in weights.items()}


class Checkpoint(Best):
    """Saves the model after every epoch, or after every one that is the best so far.

    A model in which numbers have become nan or infinite is not saved, with a warning.

    To resume a training that was broken off, use `fit(..., checkpoint=..., resume=True)` instead.

    Args:
        path: the file, as for `nn.save`. `"net-{epoch}.npz"` keeps one for each epoch.
        monitor, min_delta, mode: save only what is better by these, see `Best`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        monitor: str | None = None,
        min_delta: float = 0.0,
        mode: Literal["min", "max"] | None = None,
    ) -> None:
        super().__init__("loss" if monitor is None else monitor, min_delta, mode)
        suffix(path)
        self.path, self.every = os.fspath(path), monitor is None
        try:
            self.path.format(epoch=0)
        except (LookupError, ValueError):
            raise ValueError(
                f"only {{epoch}} can be filled in, for example 'net-{{epoch:03}}.npz': {self.path}"
            ) from None

    def on_train_begin(self, run: Run) -> None:
        super().on_train_begin(run)
        check_writable(self.path.format(epoch=0))

    def on_epoch_end(self, run: Run) -> None:
        path = self.path.format(epoch=run.epoch)
        if not self.every:
            if self.improved(run):
                save(run.model, path)
        elif spoilt := run.spoilt():
            warnings.warn(
                f"there are nan or infinite numbers in {few(spoilt)} after epoch "
                f"{run.epoch}: {path} is not written",
                RuntimeWarning,
                stacklevel=2,
            )
        else:
            save(run.model, path)


class GradientNorm(Callback):
    """Records the norm of all gradients, as one vector, in the history's column "grad_norm".

    Args:
        max_norm: scale gradients down whose norm is larger; the norm before is recorded.
    """

    def __init__(self, max_norm: float = math.inf) -> None:
        self.max_norm = number("max_norm", max_norm, at_least=0, finite=False)

    def on_backward_end(self, run: Run) -> None:
        run.scores["grad_norm"] = clip_grad_norm_(run.optimizer.parameters(), self.max_norm)


class PrintEpochs(Callback):
    """Prints a line after every epoch: `epoch   1  loss 0.4217  accuracy 87.61%`."""

    def on_epoch_end(self, run: Run) -> None:
        from tqdm import tqdm  # imported when used: it takes longer than all of autograd

        scores = {name: x[-1] for name, x in run.history.epochs.items()}
        tqdm.write("  ".join([f"epoch {run.epoch:3}", *described(scores)]))  # above the bar
        sys.stdout.flush()


class StopOnNaN(Callback):
    """Ends training before a step that would spoil the parameters, and says what went wrong.

    When the loss, a gradient or a buffer becomes nan or infinite, the batch is computed once more
    under `detect_anomaly()`, which finds the operation; its name is in the warning and in
    `history.stopped`. The model is left as it was before the step.
    """

    def on_train_begin(self, run: Run) -> None:
        self._steps, self._shared = 0, True  # whether to take the global generators back too

    def on_step_begin(self, run: Run) -> None:
        self._steps += 1
        if self._steps == 2:  # reading the global generators takes as long as a small step
            self._shared = bool(run.generators.changed())
        self.states = run.generators.states()
        if self._shared:
            self.states |= run.generators.shared_states()
        self.buffers = [(x, copy_array(x.data)) for _, x in run.model.named_buffers()]

    def on_backward_end(self, run: Run) -> None:
        loss, moving = run.scores["loss"], run.optimizer.parameters()
        if not math.isfinite(loss):
            trouble = f"the loss is {loss}"
        elif not all(p.grad is None or is_finite(p.grad) for p in moving):
            trouble = "a gradient is not finite"
        elif not all(is_finite(x.data) or not is_finite(old) for x, old in self.buffers):
            trouble = "a buffer is not finite"
        else:
            return
        self.rewind(run)
        cause = cause_of_nan(run)
        self.rewind(run)
        run.stop(f"in step {len(run.history.step_loss) + 1} {trouble}: {cause}")
        warnings.warn(f"training stopped: {run.history.stopped}", RuntimeWarning, stacklevel=2)

    def rewind(self, run: Run) -> None:
        """Take generators and buffers back to where they were before the step."""
        run.generators.set_states(self.states)
        for buffer, data in self.buffers:
            buffer.data = data


def cause_of_nan(run: Run) -> str:
    """What makes the loss or a gradient of this batch nan or infinite."""
    x, y = run.batch
    given = {"inputs": x, "targets": y, **dict(run.model.named_parameters())}
    for name, numbers in given.items():
        if not is_finite(getattr(numbers, "data", numbers)):
            return f"there are nan or infinite numbers in {name}"
    try:
        with detect_anomaly(), np.errstate(all="ignore"):
            run.regularised(run.loss(called(run.model, x), y)).backward()
    except AnomalyError as error:
        return str(error)
    return "no operation made it out of finite numbers"
