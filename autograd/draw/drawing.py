"""What `draw` returns: a drawing, in all the forms in which it can be had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from typing import Any, Literal, TypeAlias, get_args

from autograd.core.arguments import flag, integer, one_of, sequence_of
from autograd.core.backward import operands_first
from autograd.core.modes import enable_grad
from autograd.core.node import Node
from autograd.core.pytree import leaves
from autograd.core.scope import scope

from .formats.colours import DARK, LIGHT, Theme
from .formats.dot import render, to_dot
from .formats.images import Form, to_image
from .formats.page import to_html
from .formats.scene import Scene, compose
from .formats.svg import to_svg
from .formats.text import to_text
from .formats.tikz import to_tikz
from .graph.groups import collapsed, depths, opened
from .graph.picture import Picture
from .graph.snapshot import has_groups, has_more_nodes, picture_of, snapshot
from .layout.geometry import Direction
from .saving import write

Engine: TypeAlias = Literal["own", "dot"]

GLANCE = 60  # nodes: a notebook that shows a number draws no larger graph unasked


@dataclass(frozen=True, repr=False)
class Drawing:
    """A drawn graph. Notebooks show it as a picture, terminals as text."""

    picture: Picture
    direction: Direction = "LR"
    precision: int = 4
    numbers: bool = False
    theme: Theme = "light"
    legend: bool = False
    engine: Engine = "own"

    @property
    def text(self) -> str:
        """The graph as text: below each node, indented, what it was computed from."""
        return to_text(self.picture, self.precision)

    @property
    def dot(self) -> str:
        """The graph in the DOT language."""
        colours = DARK if self.theme == "dark" else LIGHT
        return to_dot(
            self.picture, self.direction, self.precision, self.numbers, self.legend, colours
        )

    @cached_property
    def scene(self) -> Scene:
        """The graph set out on the page."""
        return compose(self.picture, self.direction, self.precision, self.numbers, self.legend)

    @cached_property
    def svg(self) -> str:
        """The graph as an SVG image, which shrinks to fit the page that it stands in.

        Raises:
            GraphvizMissingError: `engine="dot"` was asked for, and Graphviz is not installed.
        """
        if self.engine == "own":
            return to_svg(self.scene, self.theme)
        svg = render(self.dot, "svg").decode()
        return '<svg style="max-width: 100%; height: auto"' + svg[svg.index("<svg") + 4 :]

    @property
    def html(self) -> str:
        """The graph as a page of its own, which needs nothing else."""
        return to_html(self.svg, self.text, self.theme)

    @property
    def tex(self) -> str:
        """The graph as a LaTeX document, drawn with TikZ."""
        return to_tikz(self.scene, self.theme == "dark")

    def save(self, path: str | PathLike[str]) -> None:
        """Write the drawing to a file, in the format that its name ends with.

        An error on the way leaves a file that was there before as it was.

        Args:
            path: ends with .svg, .html, .png, .pdf, .tex, .txt or .dot. The .png and the .pdf
                are made from the SVG by Typst: `pip install napkingrad[demos]`.

        Raises:
            ValueError: the name has another ending.
            FileNotFoundError: there is no such directory.
            ModuleNotFoundError: the package that makes this image is not installed.
            GraphvizMissingError: `engine="dot"` was asked for, and Graphviz is not installed.
        """
        write(
            path,
            {
                ".svg": lambda: self.svg,
                ".html": lambda: self.html,
                ".tex": lambda: self.tex,
                ".png": lambda: self.image("png"),
                ".pdf": lambda: self.image("pdf"),
                ".dot": lambda: self.dot,
                ".txt": lambda: f"{self.text}\n",
            },
        )

    def image(self, form: Form) -> bytes:
        """The picture as an image, light where the theme is the reader's."""
        if self.engine == "dot":
            return render(self.dot, form)
        svg = to_svg(self.scene, "dark" if self.theme == "dark" else "light")
        return to_image(svg, *self.scene.size, form)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": self.text}


def drawing(
    subjects: Sequence[Any],
    *,
    constants: bool,
    slopes: bool,
    limit: int,
    depth: int | None,
    collapse: str | Sequence[str],
    fold: bool,
    **look: Any,
) -> Drawing:
    """What `draw` does."""
    for name, kind in (("direction", Direction), ("theme", Theme), ("engine", Engine)):
        look[name] = one_of(name, look[name], get_args(kind))
    look |= {name: flag(name, look[name]) for name in ("numbers", "legend")}
    constants, slopes = flag("constants", constants), flag("slopes", slopes)
    fold = flag("fold", fold)
    names = [collapse] if isinstance(collapse, str) else collapse
    names = sequence_of("collapse", names, str, "names of groups")
    look["precision"] = integer("precision", look["precision"], at_least=1)
    limit = integer("limit", limit, at_least=1)
    depth = None if depth is None else integer("depth", depth, at_least=0)
    if subjects and hasattr(subjects[0], "_picture_"):
        if len(subjects) == 1:
            return Drawing(within(subjects[0]._picture_(), limit), **look)
        subjects = results_of(*subjects)
    if subjects and hasattr(subjects[0], "_graph_"):
        value, gradients = subjects[0]._graph_(*subjects[1:])
        whole = with_derivative(value, gradients, constants, slopes)
        return Drawing(within(whole, limit, fold), **look)
    check_roots(subjects)
    if has_more_nodes(subjects, limit) and depth is None and not names:
        slopes = False  # of groups there are none to show
        nodes = [node for node in operands_first(*subjects) if node.level or node.label]
        if len(nodes) > limit and not has_groups(nodes):
            raise too_large(len(nodes), limit)
    whole = picture_of(subjects, constants, slopes)
    if names:
        known = {group.name for group in whole.groups}
        if unknown := [name for name in names if name not in known]:
            raise ValueError(
                f"there is no group named {unknown[0]!r} to collapse; the graph has "
                + (", ".join(sorted(map(repr, known))) or "no groups: name some with scope()")
            )
        whole = collapsed(whole, {g.id for g in whole.groups if g.name in names}, fold)
    if depth is not None:
        return Drawing(within(opened(whole, depth, fold), limit), **look)
    return Drawing(within(whole, limit, fold), **look)


def check_roots(roots: Sequence[Any]) -> None:
    if not roots:
        raise TypeError("draw() takes results to show, Value or Tensor, but got none")
    for root in roots:
        if not isinstance(root, Node):
            hint = "; for several: draw(*results)" if isinstance(root, (list, tuple)) else ""
            raise TypeError(
                "draw() takes Value and Tensor, a model, or a compiled function, "
                f"but got {type(root).__name__}{hint}"
            )


def results_of(model: Callable[..., Any], *inputs: Any) -> list[Any]:
    """The results of a model for some inputs, grouped by its modules."""
    with enable_grad(), scope(""):
        return list(leaves(model(*inputs)))


def with_derivative(
    values: Sequence[Node], gradients: Sequence[Node], constants: bool, slopes: bool
) -> Picture:
    """The graph of a compiled function, in which gradients are computed like anything else."""
    picture, ids = snapshot([*values, *gradients], constants, slopes)
    forward = set(operands_first(*values))
    own = {name for node, name in ids.items() if node.op and node not in forward}
    boxes = [replace(box, differentiated=False) for box in picture.boxes]
    return Picture(
        tuple(replace(box, kind="derivative") if box.id in own else box for box in boxes)
    )


def within(picture: Picture, limit: int, fold: bool = True) -> Picture:
    """The picture, with as many levels of its groups as show no more than so many nodes.

    Raises:
        ValueError: no level shows as few.
    """
    if len(picture.boxes) <= limit:
        return picture
    for depth in range(max(depths(picture).values(), default=-1), -1, -1):
        smaller = opened(picture, depth, fold)
        if len(smaller.boxes) <= limit:
            return smaller
    raise too_large(len(picture.boxes), limit)


def too_large(count: int, limit: int) -> ValueError:
    """The error for a graph of more nodes than the limit."""
    return ValueError(
        f"draw() shows graphs of up to {limit} nodes, but this one has {count}; draw "
        "a smaller model or a node further inside, name parts of it with scope(), so that they "
        f"can be drawn as one node each, or ask for it all: limit={count}"
    )


def at_a_glance(node: Node) -> dict[str, str]:
    """How a notebook shows a number: with the graph that it was computed by, if that is small."""
    text = {"text/plain": repr(node)}
    if node.op is None or has_more_nodes([node], GLANCE):
        return text
    return {"image/svg+xml": Drawing(picture_of([node])).svg, **text}
