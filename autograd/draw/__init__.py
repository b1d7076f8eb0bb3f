"""Pictures of computation graphs: one neutral description of what there is to see, how it is set
out on the page, and a module for each form in which it is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .drawing import Drawing, Engine
    from .formats.colours import Theme
    from .formats.dot import GraphvizMissingError
    from .layout.geometry import Direction

__all__ = ["Direction", "Drawing", "GraphvizMissingError", "draw"]


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
    """The graph that numbers were computed by, with all values and gradients as they are now.

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

    Nodes are called by their labels, the parameters of models by their place ("0.weight"), and all
    others by a letter and a number: `v1`, `v2` are results, `x1` leaves, `c1` constants. `explain`
    and `explore` use the same names.

    A notebook shows a picture instead, and `draw(c).save("graph.svg")` writes it to a file; .html
    makes a page, .tex a LaTeX document, .txt and .dot text. Only .png and .pdf need other packages:
    `pip install napkingrad[demos]`.

    `draw(model)` shows the layers of a model, and `draw(model, x)` the graph that it computes for
    an input, with a group for each module. `draw(f, x)` shows what a compiled function computes:
    its derivative's own operations, in another colour, are part of the graph.

    Args:
        subjects: results to show: each `Value` or `Tensor`, and all that it was computed from. Or
            a model, alone or with inputs for it; or a compiled function and its arguments.
        direction: "LR" puts what is computed on the right of its operands; "TB" puts it below,
            "BT" above, "RL" on the left.
        precision: how many significant digits.
        constants: give constant numbers, such as the 2 of `a**2`, nodes of their own. Otherwise
            they stand with the operation, if they have no label.
        slopes: write the local derivatives beside the edges: of arrays their range. Where each
            entry of a result depends on many of an operand (a matrix product, a sum along an axis)
            they would be a matrix, and are left out.
        numbers: show the names of nodes without a label in pictures too.
        legend: say what outlines and colours mean, in every drawn format.
        theme: "light" or "dark", or "auto" for what the reader's system prefers.
        depth: how many levels of groups (see `scope`) to show; what is deeper is drawn as one
            node each, and with `depth=0` the outermost groups are.
        collapse: names of groups to draw as one node each.
        fold: draw groups that repeat each other as one: "Neuron ×16".
        limit: how many nodes to show at most; a larger graph is drawn as its groups.
        engine: "own", or "dot" to have Graphviz's program `dot` lay out and draw all images.

    Raises:
        TypeError: there is nothing to draw, or something that is no node.
        ValueError: the graph has more nodes than `limit` and no groups to draw in their place, or
            an option has a wrong value.
    """
    from .drawing import drawing  # the first picture loads all this, not `import autograd`

    return drawing(
        subjects,
        direction=direction,
        precision=precision,
        constants=constants,
        slopes=slopes,
        numbers=numbers,
        legend=legend,
        theme=theme,
        depth=depth,
        collapse=collapse,
        fold=fold,
        limit=limit,
        engine=engine,
    )


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import drawing
    from .formats import dot
    from .layout import geometry

    home = next(module for module in (drawing, dot, geometry) if hasattr(module, name))
    return getattr(home, name)
