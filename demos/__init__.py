"""Runnable stories: `python -m demos` lists them, `python -m demos NAME --help` explains one.

Each story is a module whose docstring says in its first line what it is about, with two functions:
`configure(parser)` adds its options, and `run(args)` tells it. Here is what they share.
"""

from __future__ import annotations

import math
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path


def whole_number(text: str) -> int:
    """An option's value: an integer of at least 1."""
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")


def seed(text: str) -> int:
    """An option's value: an integer of at least 0."""
    if text.isdecimal():
        return int(text)
    raise ArgumentTypeError(f"must be a whole number of at least 0, not {text!r}")


def positive(text: str) -> float:
    """An option's value: a finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if 0 < number < math.inf:
        return number
    raise ArgumentTypeError(f"must be a number above 0, not {text!r}")


def add_seed(parser: ArgumentParser) -> None:
    parser.add_argument("--seed", type=seed, default=0, help="of all randomness (default: 0)")


def add_out(parser: ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, help="folder to write the pictures to (default: none)")


def check_loss(loss: float, lr: float) -> None:
    """Stop where training has diverged.

    Raises:
        ValueError: the loss is no finite number.
    """
    if not math.isfinite(loss):
        raise ValueError(
            f"the loss became {loss}; try a learning rate below {lr:g}: --lr {lr / 10:g}"
        )
