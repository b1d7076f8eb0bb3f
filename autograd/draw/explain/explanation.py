"""Explain a gradient by the chain rule: every path, every slope, every number."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from autograd.core.arguments import integer
from autograd.core.backward import consumers_first
from autograd.core.node import Node
from autograd.draw.graph.names import names_of
from autograd.expressions import MarkdownTex, PlainText, Tex

from .chain_rule import (
    Derivation,
    backward_gradient,
    check_single,
    finite_differences,
    has_hooks,
    nodes_between,
    paths_between,
    slopes_of,
    sum_over_paths,
)
from .explanation_text import Latex, Markdown, Text


def explain(
    leaf: Node, root: Node, *, paths: int = 10, precision: int = 4, limit: int = 100_000
) -> Explanation:
    """Explain the derivative of `root` with respect to `leaf` by the chain rule.

    The derivative is a sum over all paths from the leaf to the root. Each path contributes the
    product of its slopes, the derivatives of each step with respect to the operand that the path
    comes from. The explanation compares the sum with the gradient that `backward()` computes, which
    lists no paths, and with a finite difference.

    >>> from autograd import Value, explain
    >>> x = Value(3.0, label="x")
    >>> y = x**2 + 2 * x
    >>> y.label = "y"
    >>> explain(x, y)
    dy/dx = 8, the sum over 2 paths from x to y
    <BLANKLINE>
    Steps, and their slopes
      x = 3
      v1 = x**2 = 9     ∂v1/∂x = 2 * x = 2 * 3 = 6
      v2 = 2 * x = 6    ∂v2/∂x = 2
      y = v1 + v2 = 15  ∂y/∂v1 = 1
                        ∂y/∂v2 = 1
    <BLANKLINE>
    Paths, and the products of their slopes
      x → v1 → y
        ∂y/∂v1 * ∂v1/∂x
        = 1 * (2 * x)
        = 1 * 6 = 6
      x → v2 → y
        ∂y/∂v2 * ∂v2/∂x
        = 1 * 2 = 2
    <BLANKLINE>
    Sum
      6 + 2 = 8
    <BLANKLINE>
    Checks
      gradient by backward()  8
      finite difference       8

    Args:
        leaf: the number to differentiate with respect to; it may be an intermediate result.
        root: the result.
        paths: how many paths to show at most; all are counted.
        precision: how many significant digits to show.
        limit: how many nodes the graph of the root may have.

    Returns: an explanation that prints as text and shows as mathematics in notebooks, with
        `.text`, `.markdown` and `.latex` (a fragment; it needs the package `amsmath`).

    Raises:
        TypeError: one of the two is not a node, or there are arrays on the paths, which have a
            slope for each pair of entries.
        ValueError: one of the two needs no gradient, the graph has more nodes than `limit`, or an
            option has a wrong value.
    """
    for node, name in (leaf, "leaf"), (root, "root"):
        if not isinstance(node, Node):
            raise TypeError(
                "explain(leaf, root) takes nodes, Value or Tensor, "
                f"but got {type(node).__name__} as {name}"
            )
        if not node.level:
            raise ValueError(
                f"{node.describe()}, the {name}, needs no gradient: it is a constant, was "
                "detached, or was computed under no_grad()"
            )
    paths = integer("paths", paths, at_least=1)
    precision = integer("precision", precision, at_least=1)
    limit = integer("limit", limit, at_least=1)
    order = consumers_first(root)
    if len(order) > limit:
        raise ValueError(
            f"explain() takes graphs of up to {limit} nodes, but this one has {len(order)}; "
            "explain a smaller model, or a node further inside, or set "
            f"limit={len(order)}"
        )
    order.reverse()
    live = nodes_between(leaf, order)
    check_single(live)
    slopes = {node: slopes_of(node, live) for node in live if node is not leaf}
    values = {node: float(node._data) for node in live}
    for edges in slopes.values():
        for node, i, arg, *_ in edges:
            values[arg] = float(node.saved[i])  # the value that the operation saw
    gradient = backward_gradient(leaf, root, live)
    hooks = any(map(has_hooks, live))
    return Explanation(
        leaf=leaf,
        root=root,
        names=names_of(root, leaf),
        values=values,
        slopes=slopes,
        count=int(sum_over_paths(leaf, root, slopes, factor=lambda slope: 1)),
        paths=tuple(islice(paths_between(root, leaf, slopes), paths)),
        derivative=sum_over_paths(leaf, root, slopes) if hooks else gradient,
        gradient=gradient,
        has_hooks=hooks,
        difference=finite_differences(leaf, root, live),
        precision=precision,
    )


@dataclass(frozen=True, repr=False)
class Explanation(Derivation):
    """A derivative explained by the chain rule. Notebooks show it as mathematics."""

    @property
    def text(self) -> str:
        """The explanation as plain text."""
        return "\n".join(Text(self, PlainText(self.precision)).lines())

    @property
    def markdown(self) -> str:
        """The explanation in Markdown, with its mathematics between dollar signs."""
        return "\n".join(Markdown(self, MarkdownTex(self.precision)).lines())

    @property
    def latex(self) -> str:
        """The explanation as a fragment of LaTeX; it needs `amsmath`."""
        return "\n".join(Latex(self, Tex(self.precision)).lines())

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {
            "text/plain": self.text,
            "text/markdown": self.markdown,
            "text/latex": self.latex,
        }
