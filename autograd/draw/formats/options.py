"""The options that say how a graph looks in pictures and texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from autograd.core.arguments import flag, integer, one_of
from autograd.draw.layout.geometry import Direction

from .colours import Theme

Engine: TypeAlias = Literal["own", "dot"]


@dataclass(frozen=True)
class Options:
    """Checked options of a drawing; `draw` describes each of them.

    Raises:
        TypeError: an option has a value of the wrong type.
        ValueError: an option has a wrong value.
    """

    direction: Direction = "LR"
    precision: int = 4
    numbers: bool = False
    legend: bool = False
    theme: Theme = "light"
    engine: Engine = "own"

    def __post_init__(self) -> None:
        one_of("direction", self.direction, get_args(Direction))
        integer("precision", self.precision, at_least=1)
        flag("numbers", self.numbers)
        flag("legend", self.legend)
        one_of("theme", self.theme, get_args(Theme))
        one_of("engine", self.engine, get_args(Engine))
