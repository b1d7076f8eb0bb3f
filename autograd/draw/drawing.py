"""Drawings: what `draw` returns, shows and saves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, get_args

from ..node import Node
from .dot import Direction, GraphvizMissingError, render, to_dot
from .picture import Picture, picture_of
from .text import to_text


@dataclass(frozen=True, repr=False)
class Drawing:
    """A drawn graph. A notebook shows it as a picture, a terminal as text."""

    picture: Picture
    direction: Direction
    precision: int

    @property
    def text(self) -> str:
        """The graph as plain text: each node above what it was computed from."""
        return to_text(self.picture, self.precision)

    @property
    def dot(self) -> str:
        """The graph in the DOT language, for Graphviz and other programs."""
        return to_dot(self.picture, self.direction, self.precision)

    @cached_property
    def svg(self) -> str:
        return render(self.dot, "svg").decode()

def draw(
    *roots: Node,
    direction: Direction = "LR",
    precision: int = 4,
    constants: bool = True,
    limit: int = 500,
) -> Drawing:
    return Drawing(picture_of(roots, constants, limit), direction, precision)
