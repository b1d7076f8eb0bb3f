"""What a training leaves behind besides the model: its numbers, step by step and epoch by epoch."""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from io import StringIO
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd.atomic_write import replacing
from autograd.core import arguments

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Before what spreadsheets take for the start of a formula (OWASP, CSV Injection), at the start or
# after what some of them split at. The last four are = + - @ as Chinese and Japanese keyboards have
# them.
BEFORE_FORMULA = re.compile(r'(?:^|[,;|"\t\r\n]) *(?=[-=+@\t\r\n\uff1d\uff0b\uff0d\uff20])')

Columns: TypeAlias = dict[str, list[float]]
Path: TypeAlias = str | os.PathLike[str]


@dataclass(repr=False)
class History:
    """What happened in training, in columns of numbers.

    >>> history = History()
    >>> history.add_epoch({"loss": 0.7, "accuracy": 0.5})
    >>> history.add_epoch({"loss": 0.4, "accuracy": 0.75})
    >>> history
    History(2 epochs, 0 steps: loss 0.4000, accuracy 75.00%)
    >>> history.loss, history.epochs["accuracy"]
    ([0.7, 0.4], [0.5, 0.75])

    Two histories are equal if their numbers are, however long they took.

    Attributes:
        steps: a number per step: "loss"; "accuracy", where targets are class labels; "lr"; and
            what callbacks add.
        epochs: a number per epoch: "loss" and "accuracy" as means over the epoch; "lr" at its end;
            "validation_loss" and "validation_accuracy" after it; and what callbacks add. A number
            that an epoch or a step does not have is nan.
        ends: how many steps there had been at the end of each epoch.
        seconds: how long each epoch took.
        stopped: why training ended before its last epoch; empty if it did not.
    """

    steps: Columns = field(default_factory=dict)
    epochs: Columns = field(default_factory=dict)
    ends: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list, compare=False)
    stopped: str = ""

    @property
    def step_loss(self) -> list[float]:
        return self.steps.get("loss", [])

    @property
    def loss(self) -> list[float]:
        return self.epochs.get("loss", [])

    @property
    def accuracy(self) -> list[float]:
        """Empty where targets are no class labels."""
        return self.epochs.get("accuracy", [])

    @property
    def validation_loss(self) -> list[float]:
        """Empty without validation data."""
        return self.epochs.get("validation_loss", [])

    @property
    def validation_accuracy(self) -> list[float]:
        return self.epochs.get("validation_accuracy", [])

    def add_step(self, numbers: Mapping[str, float]) -> None:
        add_row(self.steps, numbers, len(self.step_loss))

    def add_epoch(self, numbers: Mapping[str, float], seconds: float = math.nan) -> None:
        add_row(self.epochs, numbers, len(self.ends))
        self.ends.append(len(self.step_loss))
        self.seconds.append(seconds)

    def to_dict(self) -> dict[str, Any]:
        """All of it in dicts and lists; `History(**d)` makes the history of it again."""
        return asdict(self)

    def to_csv(self, path: Path, steps: bool = False) -> None:
        """Write a line per epoch, or per step.

        A name that a spreadsheet would take for a formula gets an apostrophe in front.
        """
        columns: list[tuple[str, list[Any]]] = list(self.steps.items())
        if not arguments.flag("steps", steps):
            columns = [("steps", self.ends), *self.epochs.items(), ("seconds", self.seconds)]
        names = [harmless(name) for name, _ in columns]
        text = StringIO()
        table = csv.writer(text)
        table.writerow(["step" if steps else "epoch", *names])
        rows = zip_longest(*(numbers for _, numbers in columns), fillvalue="")
        table.writerows([i, *map(harmless, row)] for i, row in enumerate(rows, 1))
        with replacing(path) as file:
            file.write(text.getvalue().encode(errors="backslashreplace"))

    def plot(self, path: Path | None = None) -> Figure:
        """A picture of loss and accuracy, in steps and epochs; written to `path` if given.

        The ending of `path` names the format, as for Matplotlib's `savefig`; without one it is PNG.

        Raises:
            ValueError: Matplotlib does not know the format.
            OSError: the file can't be written; what was there is as it was.
            ModuleNotFoundError: matplotlib is not installed.
        """
        from nn.draw.plots import training_curves  # which reads histories, and loads slowly

        figure = training_curves(self)
        if path is not None:
            form = arguments.path("path", path).suffix[1:] or "png"
            with replacing(path) as file:
                figure.savefig(file, format=form)
        return figure

    def __repr__(self) -> str:
        last = described({name: x[-1] for name, x in self.epochs.items()})
        size = f"{len(self.ends)} epochs, {len(self.step_loss)} steps"
        return f"History({size}: {', '.join(last)})" if last else f"History({size})"


def harmless(x: Any) -> Any:
    """A cell of a table; text that a spreadsheet would compute gets an apostrophe in front."""
    return BEFORE_FORMULA.sub(r"\g<0>'", x) if isinstance(x, str) else x


def add_row(columns: Columns, row: Mapping[str, float], before: int) -> None:
    """Append a row after the `before` rows so far; where a column has no number, it gets nan."""
    for name in {**columns, **row}:
        columns.setdefault(name, [math.nan] * before).append(row.get(name, math.nan))


def amend_row(columns: Columns, row: Mapping[str, float]) -> None:
    """Write these numbers into the last row."""
    rows = max(map(len, columns.values()), default=0)
    for name, x in row.items():
        columns.setdefault(name, [math.nan] * rows)[-1:] = [x]


def described(scores: Mapping[str, float]) -> list[str]:
    """The scores in words: `["loss 0.4000", "validation accuracy 75.00%"]`."""
    return [
        f"{name.replace('_', ' ')} {x:{'.2%' if name.endswith('accuracy') else '.4f'}}"
        for name, x in scores.items()
        if name != "lr"
    ]
