"""Pictures of computation graphs.

`graph` describes what there is to see, `layout` where it stands, and `formats` writes it as text,
SVG, HTML, LaTeX, DOT and images. `explain` and `explorer` follow gradients through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .drawing import Drawing
    from .formats.colours import Theme
    from .formats.dot import GraphvizMissingError
    from .formats.options import Engine
    from .layout.geometry import Direction

__all__ = ["Direction", "Drawing", "GraphvizMissingError", "draw"]

MODULES = {  # imported when they are first used
    "Direction": ".layout.geometry",
    "Drawing": ".drawing",
    "GraphvizMissingError": ".formats.dot",
}


def draw(
    *subjects: Any,
    direction: Direction = "LR",
    precision: int = 4,
    constants: bool = False,
    slopes: bool = False,
    numbers: bool = False,
    legend: bool = False,
    theme: Theme = "light",
    depth: int | None = None,
    collapse: str | Sequence[str] = (),
    fold: bool = True,
    limit: int = 500,
    engine: Engine = "own",
) -> Drawing:
    """Return a drawing of the graph that computed the subjects, with its values and gradients.

    >>> from autograd import Value, draw
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = a * b + a**2
    >>> c.backward()
    >>> draw(c)
                    value  gradient
    v3 = v1 + v2       -2         1
      v1 = a * b       -6         1
        a               2         1
        b              -3         2
      v2 = a**2         4         1

    Nodes are called by their labels, and the parameters of models by their place ("0.weight"). All
    others get a letter and a number: `v1`, `v2` are results, `x1` leaves, `c1` constants. `explain`
    and `explore` use the same names.

    A notebook shows a picture instead, and `draw(c).save("graph.svg")` writes it to a file; .html
    makes a page, .tex a LaTeX document, .txt and .dot text. Only .png and .pdf need other packages:
    `pip install napkingrad[demos]`.

    `draw(model)` shows the layers of a model. `draw(model, x)` shows the graph that it computes for
    an input, with a group for each module. `draw(f, x)` shows what a compiled function computes;
    the operations of its derivative are part of the graph, in another colour.

    Args:
        subjects: results to show, each a `Value` or `Tensor`, with all that they were computed
            from. Or a model, alone or with inputs for it; or a compiled function and its arguments.
        direction: "LR" puts results on the right of their operands; "TB" puts them below, "BT"
            above, "RL" on the left.
        precision: the number of significant digits.
        constants: give constant numbers, such as the 2 of `a**2`, nodes of their own. Otherwise
            those without a label stand with the operation.
        slopes: write the local derivatives beside the edges, those of arrays as their range. Where
            each entry of a result depends on many of an operand (a matrix product, a sum along an
            axis), they would be a matrix and are left out.
        numbers: show the names of nodes without a label in pictures too.
        legend: say what outlines and colours mean, in every drawn format.
        theme: "light" or "dark", or "auto" for what the reader's system prefers.
        depth: the number of levels of groups (see `scope`) to show. Deeper groups are drawn as one
            node each; with `depth=0`, the outermost groups are.
        collapse: names of groups to draw as one node each.
        fold: draw groups that repeat each other as one: "Neuron ×16".
        limit: the largest number of nodes to show; a larger graph is drawn as its groups.
        engine: "own", or "dot" to have Graphviz's program `dot` lay out and draw all images.

    Raises:
        TypeError: there is nothing to draw, something that is not a node, or an option of the wrong
            type.
        ValueError: the graph has more nodes than `limit` and no groups to draw in their place, or
            an option has a wrong value.
    """
    from .drawing import Drawing, picture_to_draw  # the first drawing imports this
    from .formats.options import Options

    options = Options(direction, precision, numbers, legend, theme, engine)
    picture = picture_to_draw(
        subjects,
        constants=constants,
        slopes=slopes,
        depth=depth,
        collapse=collapse,
        fold=fold,
        limit=limit,
    )
    return Drawing(picture, options)


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(MODULES[name], __name__), name)
