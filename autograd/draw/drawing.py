"""What `draw` returns: a drawing, in all the forms in which it can be had."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, get_args

from autograd.node import Node

from .dot import Direction, GraphvizMissingError, render, to_dot
from .picture import Picture, picture_of
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


def draw(
    *roots: Node,
    direction: Direction = "LR",
    precision: int = 4,
    constants: bool = False,
    limit: int = 500,
) -> Drawing:
    """The graph that numbers were computed by, with all values and gradients as they are now.

    >>> from autograd import Value, draw
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b + a**2
    >>> c.backward()
    >>> draw(c)
                     value  gradient
    #1 = #2 + #5        -2         1
      #2 = a * b        -6         1
        a                2         1
        b               -3         2
      #5 = a ** 2        4         1

    A notebook shows a picture instead, and `draw(c).save("graph.svg")` writes it to a file. Images
    need Graphviz (`apt-get install graphviz`); text, and the graph in the DOT language, do not.

    Args:
        roots: results to show: each `Value` or `Tensor`, and all that it was computed from.
        direction: "LR" puts what is computed on the right of its operands; "TB" puts it below,
            "BT" above, "RL" on the left.
        precision: how many significant digits.
        constants: give constant numbers, such as the 2 of `a**2`, nodes of their own. Otherwise
            they stand with the operation, if they have no label.
        limit: how many nodes to show at most.

    Raises:
        TypeError: there is nothing to draw, or something that is no node.
        ValueError: the graph has more nodes than `limit`, or an option has a wrong value.
    """
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
    return Drawing(picture_of(roots, constants, limit), direction, precision)
