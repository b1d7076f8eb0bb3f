"""What `draw` returns: a drawing, in all the forms in which it can be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, get_args

from autograd.node import Node

from .dot import Direction, GraphvizMissingError, render, to_dot
from .picture import Picture
from .portrait import picture_of
from .text import to_text


@dataclass(frozen=True, repr=False)
class Drawing:
    """A drawn graph. Notebooks show it as a picture, terminals as text."""

    picture: Picture
    direction: Direction
    precision: int

    @property
    def text(self) -> str:
        """The graph as text: below each node, indented, what it was computed from."""
        return to_text(self.picture, self.precision)

    @property
    def dot(self) -> str:
        """The graph in the DOT language."""
        return to_dot(self.picture, self.direction, self.precision)

    @cached_property
    def svg(self) -> str:
        """The graph as an SVG image, which shrinks to fit the page that it stands in.

        Raises:
            GraphvizMissingError: Graphviz, which makes images, is not installed.
        """
        svg = render(self.dot, "svg").decode()
        return '<svg style="max-width: 100%; height: auto"' + svg[svg.index("<svg") + 4 :]

    def save(self, path: str | PathLike[str]) -> None:
        """Write the drawing to a file, in the format that its name ends with.

        An error on the way leaves a file that was there before as it was.

        Args:
            path: ends with .svg, .png, .pdf, .dot or .txt.

        Raises:
            ValueError: the name has another ending.
            FileNotFoundError: there is no such directory.
            GraphvizMissingError: an image was asked for, and Graphviz is not installed.
        """
        path = Path(path)
        content = self._content(path)
        if not path.parent.is_dir():
            raise FileNotFoundError(f"can't save {path.name}: there is no directory {path.parent}")
        part = path.with_name(f"{path.name}.part")
        try:
            part.write_bytes(content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _content(self, path: Path) -> bytes:
        match path.suffix.lower():
            case ".svg":
                return self.svg.encode()
            case ".png" | ".pdf" as suffix:
                return render(self.dot, suffix[1:])
            case ".dot":
                return self.dot.encode()
            case ".txt":
                return f"{self.text}\n".encode()
        raise ValueError(
            f"a drawing is saved as .svg, .png, .pdf, .dot or .txt, but got {path.name!r}"
        )

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.svg, "text/plain": self.text}
        except GraphvizMissingError as error:
            return {"text/plain": f"{self.text}\n\n{error}"}


def drawing(
    roots: Sequence[Any], direction: Direction, precision: int, constants: bool, limit: int
) -> Drawing:
    """What `draw` returns."""
    if not roots:
        raise TypeError("draw() takes results to show, Value or Tensor, but got none")
    for root in roots:
        if not isinstance(root, Node):
            hint = "; for several: draw(*results)" if isinstance(root, (list, tuple)) else ""
            raise TypeError(f"draw() takes Value and Tensor, but got {type(root).__name__}{hint}")
    if direction not in get_args(Direction):
        wanted = ", ".join(map(repr, get_args(Direction)))
        raise ValueError(f"direction must be one of {wanted}, but got {direction!r}")
    if precision < 1:
        raise ValueError(f"precision must be at least 1 digit, but got {precision}")
    return Drawing(picture_of(roots, constants), direction, precision)
