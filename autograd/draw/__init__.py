"""Pictures of computation graphs: one neutral description of what there is to see, and a module
for each form in which it is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.node import Node

if TYPE_CHECKING:
    from .dot import Direction, GraphvizMissingError
    from .drawing import Drawing

__all__ = ["Direction", "Drawing", "GraphvizMissingError", "draw"]


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
    from .drawing import drawing  # the first picture loads all this, not `import autograd`

    return drawing(roots, direction, precision, constants, limit)


def __getattr__(name: str) -> Any:
    if name in __all__:
        from . import dot, drawing

        return getattr(dot if hasattr(dot, name) else drawing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
