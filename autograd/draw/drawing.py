"""The result of `draw`, and how the picture that it shows is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from autograd.core.arguments import flag, integer, sequence_of
from autograd.core.backward import operands_first
from autograd.core.modes import enable_grad
from autograd.core.node import Node
from autograd.core.pytree import leaves
from autograd.core.scope import scope

from .figure import Figure
from .formats.dot import render, to_dot
from .formats.images import Form, to_image
from .formats.options import Options
from .formats.page import to_html
from .formats.scene import Scene, compose
from .formats.svg import to_svg
from .formats.text import to_text
from .formats.tikz import to_tikz
from .graph.groups import collapsed, depths, opened
from .graph.picture import Picture
from .graph.snapshot import has_groups, has_more_nodes, picture_of, snapshot

GLANCE = 60  # nodes: a notebook shows a number without its graph if that is larger


@dataclass(frozen=True, repr=False)
class Drawing(Figure):
    """A drawn graph. Notebooks show it as a picture, terminals as text."""

    formats = ("svg", "html", "tex", "png", "pdf", "dot", "txt")

    picture: Picture
    options: Options = field(default_factory=Options)

    @property
    def text(self) -> str:
        """The graph as text: below each node, indented, what it was computed from."""
        return to_text(self.picture, self.options.precision)

    @property
    def dot(self) -> str:
        """The graph in the DOT language."""
        return to_dot(self.picture, self.options)

    @cached_property
    def scene(self) -> Scene:
        """The graph laid out on the page."""
        return compose(self.picture, self.options)

    @cached_property
    def svg(self) -> str:
        """The graph as an SVG image, which shrinks to fit the page around it.

        Raises:
            GraphvizMissingError: `engine="dot"` was asked for, and Graphviz is not installed.
        """
        if self.options.engine == "own":
            return to_svg(self.scene, self.options.theme)
        svg = render(self.dot, "svg").decode()
        return '<svg style="max-width: 100%; height: auto"' + svg[svg.index("<svg") + 4 :]

    @property
    def html(self) -> str:
        """The graph as an HTML page in one file."""
        return to_html(self.svg, self.text, self.options.theme)

    @property
    def tex(self) -> str:
        """The graph as a LaTeX document, drawn with TikZ."""
        return to_tikz(self.scene, self.options.theme)

    def image(self, form: Form) -> bytes:
        """The graph as an image, light if the theme is "auto".

        Raises:
            ModuleNotFoundError: Typst is not installed.
            GraphvizMissingError: `engine="dot"` was asked for, and Graphviz is not installed.
        """
        if self.options.engine == "dot":
            return render(self.dot, form)
        svg = self.svg if self.options.theme != "auto" else to_svg(self.scene, "light")
        return to_image(svg, *self.scene.size, form)


def picture_to_draw(
    subjects: Sequence[Any],
    *,
    constants: bool,
    slopes: bool,
    depth: int | None,
    collapse: str | Sequence[str],
    fold: bool,
    limit: int,
) -> Picture:
    """Return the picture of what `draw` was given, with the groups folded that are not shown.

    Raises:
        TypeError, ValueError: as `draw` says.
    """
    constants, slopes = flag("constants", constants), flag("slopes", slopes)
    fold = flag("fold", fold)
    names = [collapse] if isinstance(collapse, str) else collapse
    names = sequence_of("collapse", names, str, "names of groups")
    limit = integer("limit", limit, at_least=1)
    depth = None if depth is None else integer("depth", depth, at_least=0)
    first: Any = subjects[0] if subjects else None
    if hasattr(first, "_picture_") and len(subjects) == 1:
        return within(first._picture_(), limit, fold)
    if hasattr(first, "_graph_"):
        values, gradients = first._graph_(*subjects[1:])
        return within(with_derivative(values, gradients, constants, slopes), limit, fold)
    if hasattr(first, "_picture_"):
        with enable_grad(), scope(""):  # for which modules open scopes of their own
            subjects = list(leaves(first(*subjects[1:])))
    if not subjects:
        raise TypeError("draw() takes results to show, Value or Tensor, but got none")
    for root in subjects:
        if not isinstance(root, Node):
            hint = "; for several: draw(*results)" if isinstance(root, (list, tuple)) else ""
            raise TypeError(
                "draw() takes Value and Tensor, a model, or a compiled function, "
                f"but got {type(root).__name__}{hint}"
            )
    if has_more_nodes(subjects, limit) and depth is None and not names:
        slopes = False  # it is drawn as its groups, which have none
        nodes = [node for node in operands_first(*subjects) if node.level or node.label]
        if len(nodes) > limit and not has_groups(nodes):
            raise too_large(len(nodes), limit)
    picture = picture_of(subjects, constants, slopes)
    if names:
        known = {group.name for group in picture.groups}
        if unknown := [name for name in names if name not in known]:
            raise ValueError(
                f"there is no group named {unknown[0]!r} to collapse; the graph has "
                + (", ".join(sorted(map(repr, known))) or "no groups: name some with scope()")
            )
        picture = collapsed(picture, {g.id for g in picture.groups if g.name in names}, fold)
    return within(picture if depth is None else opened(picture, depth, fold), limit, fold)


def with_derivative(
    values: Sequence[Node], gradients: Sequence[Node], constants: bool, slopes: bool
) -> Picture:
    """Return the graph of a compiled function, whose gradients are results like its values."""
    picture, ids = snapshot([*values, *gradients], constants, slopes)
    forward = set(operands_first(*values))
    own = {box for node, box in ids.items() if node.op and node not in forward}
    return Picture(
        tuple(
            replace(box, differentiated=False, kind="derivative" if box.id in own else box.kind)
            for box in picture.boxes
        )
    )


def within(picture: Picture, limit: int, fold: bool) -> Picture:
    """Return the picture with as many levels of groups as show at most `limit` nodes.

    Raises:
        ValueError: no level shows so few.
    """
    if len(picture.boxes) <= limit:
        return picture
    for depth in range(max(depths(picture).values(), default=-1), -1, -1):
        smaller = opened(picture, depth, fold)
        if len(smaller.boxes) <= limit:
            return smaller
    raise too_large(len(picture.boxes), limit)


def too_large(count: int, limit: int) -> ValueError:
    """Return the error for a graph of more nodes than the limit."""
    return ValueError(
        f"draw() shows graphs of up to {limit} nodes, but this one has {count}; draw "
        "a smaller model or a node further inside, name parts of it with scope(), so that they "
        f"can be drawn as one node each, or ask for it all: limit={count}"
    )


def at_a_glance(node: Node) -> dict[str, str]:
    """Return what a notebook shows of a number: its text, and its graph if that is small."""
    text = {"text/plain": repr(node)}
    if node.op is None or has_more_nodes([node], GLANCE):
        return text
    return {"image/svg+xml": Drawing(picture_of([node])).svg, **text}
