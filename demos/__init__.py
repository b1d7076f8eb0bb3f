"""Runnable stories: `python -m demos` lists them, `python -m demos NAME --help` explains one.

Each story is a module whose docstring says in its first line what it is about, with two functions:
`configure(parser)` adds its options, and `run(args)` tells it. The folder that `--out` names is
there, and can be written to, by the time `run` is called, and so is what draws the pictures. Here
is what stories share.
"""

from __future__ import annotations

import math
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, TypeVar

from tqdm import tqdm

import nn
from autograd.atomic_write import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

T = TypeVar("T")

# --- values of options ----------------------------------------------------------------------------


MOST = 10**9  # of anything: with more, numbers grow that neither machines nor formulas are for


def whole_number(text: str) -> int:
    """An option's value: an integer of at least 1, and at most MOST."""
    if text.isdecimal() and len(text) < 4000 and int(text) > 0:
        if int(text) > MOST:
            raise ArgumentTypeError(f"must be at most {MOST}, not {text!r:.40}")
        return int(text)
    raise ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")


def seed(text: str) -> int:
    """An option's value: an integer of at least 0."""
    if text.isdecimal() and len(text) < 4000:
        return int(text)
    raise ArgumentTypeError(f"must be a whole number of at least 0, not {text!r:.40}")


def positive(text: str) -> float:
    """An option's value: a finite number above 0."""
    number = number_or_nan(text)
    if 0 < number < math.inf:
        return number
    raise ArgumentTypeError(f"must be a number above 0, not {text!r}")


def fraction(text: str) -> float:
    """An option's value: a number of at least 0 and below 1."""
    number = number_or_nan(text)
    if 0 <= number < 1:
        return number
    raise ArgumentTypeError(f"must be a number of at least 0 and below 1, not {text!r}")


def number_or_nan(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def layer_sizes(text: str) -> tuple[int, ...]:
    """An option's value: `128`, or `256,128` for two hidden layers."""
    try:
        return tuple(whole_number(size) for size in text.split(","))
    except ArgumentTypeError:
        raise ArgumentTypeError(
            f"must be whole numbers from 1 to {MOST} with commas between them, not {text!r:.40}"
        ) from None


# --- options --------------------------------------------------------------------------------------


def add_seed(parser: ArgumentParser) -> None:
    parser.add_argument("--seed", type=seed, default=0, help="of all randomness (default: 0)")


def add_count(parser: ArgumentParser, option: str, default: int, what: str) -> None:
    parser.add_argument(
        option, type=whole_number, default=default, metavar="N", help=f"{what} (default: {default})"
    )


def add_epochs(parser: ArgumentParser, default: int, what: str = "passes through the data") -> None:
    add_count(parser, "--epochs", default, what)


def add_lr(parser: ArgumentParser, default: float) -> None:
    parser.add_argument(
        "--lr", type=positive, default=default, help=f"learning rate (default: {default:g})"
    )


def add_hidden(parser: ArgumentParser, default: tuple[int, ...]) -> None:
    shown = ",".join(map(str, default))
    parser.add_argument(
        "--hidden",
        type=layer_sizes,
        metavar="N[,N...]",
        default=default,
        help=f"neurons of each hidden layer (default: {shown})",
    )


def add_samples(parser: ArgumentParser, default: int, what: str) -> None:
    add_count(parser, "--samples", default, what)


def add_engine(parser: ArgumentParser, engines: Iterable[str], default: str) -> None:
    parser.add_argument(
        "--engine",
        choices=tuple(engines),
        default=default,
        help=f"what computes the numbers; all give the same (default: {default})",
    )


def add_out(parser: ArgumentParser, plots: bool = True) -> None:
    """`plots`: whether it takes matplotlib to draw them."""
    parser.add_argument("--out", type=Path, help="folder to write the pictures to (default: none)")
    parser.set_defaults(plots=plots)


# --- on the way -----------------------------------------------------------------------------------


def prepare(out: Path, plots: bool) -> None:
    """Make the folder, and try whether pictures can be made there: before a story, not after it.

    Raises:
        ValueError: the folder can't be written to.
        ModuleNotFoundError: matplotlib is not installed.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise ValueError(
            f"--out must be a folder that can be written to, but {out} is not: {error.strerror}"
        ) from None
    if plots:
        nn.plots.new_figure(1, 1)


def progress(steps: Iterable[T], unit: str = "epoch") -> Iterable[T]:
    """The steps, with a bar that shows how far they are, where there is a terminal."""
    return tqdm(steps, unit=unit, disable=None, leave=False)


def check_loss(loss: float, lr: float) -> None:
    """Stop where training has diverged.

    Raises:
        ValueError: the loss is no finite number.
    """
    if not math.isfinite(loss):
        raise ValueError(
            f"the loss became {loss}; try a learning rate below {lr:g}: --lr {lr / 10:g}"
        )


class StopWhenDiverged(nn.Callback):
    """Ends a story with an error as soon as its training has diverged.

    Raises:
        ValueError: the loss is no finite number.
    """

    def __init__(self, lr: float) -> None:
        self.lr = lr

    def on_backward_end(self, run: nn.train.run.Run) -> None:
        check_loss(run.scores["loss"], self.lr)


def save_pictures(out: Path, pictures: Mapping[str, Figure]) -> None:
    """Write each figure as `NAME.png`, and say so."""
    for name, figure in pictures.items():
        with replacing(out / f"{name}.png") as file:
            figure.savefig(file, format="png")
    print(f"pictures in {out}: {', '.join(f'{name}.png' for name in pictures)}")
