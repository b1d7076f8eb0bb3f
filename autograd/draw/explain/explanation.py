"""The chain rule written out for one gradient: every path, every slope, every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from autograd.core.arguments import integer
from autograd.core.backward import consumers_first
from autograd.core.node import Node
from autograd.draw.formats.formula_styles import MarkdownTex, Script, Tex
from autograd.draw.graph.names import Named, names_of

from .chain_rule import (
    Path,
    Slope,
    check_single,
    differences,
    engine_gradient,
    is_hooked,
    nodes_between,
    paths_down,
    slopes_of,
    sum_over_paths,
)
from .explanation_text import Latex, Markdown, Text


def explain(
    leaf: Node, root: Node, *, paths: int = 10, precision: int = 4, limit: int = 100_000
) -> Explanation:
    """The gradient of `root` with respect to `leaf`, as the chain rule puts it together.

    Along each path from the leaf to the root the slopes of all steps are multiplied, and the
    products are added. Beside the sum stand the engine's own gradient, found without listing any
    path, and what a small change of the leaf really does to the root.

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
      the engine's gradient  8
      finite difference      8

    Args:
        leaf: the number to derive by; it may have been computed itself.
        root: the result.
        paths: how many paths to write out at most; all are counted.
        precision: how many significant digits.
        limit: how many nodes the graph of the root may have.

    Returns: an explanation that prints as text and shows as mathematics in notebooks, with
        `.text`, `.markdown` and `.latex` (a fragment; it needs the package `amsmath`).

    Raises:
        TypeError: one of the two is no node, or there are arrays on the way, which have a slope
            for each pair of entries.
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
            f"explain() follows graphs of up to {limit} nodes, but this one has {len(order)}; "
            "explain a smaller model, or a node further inside, or ask for it all: "
            f"limit={len(order)}"
        )
    order.reverse()
    live = nodes_between(leaf, order)
    check_single(live)
    slopes = {node: list(slopes_of(node, live)) for node in live if node is not leaf}
    counts = {leaf: 1}
    for node, edges in slopes.items():
        counts[node] = sum(counts[edge.arg] for edge in edges)
    values = {node: float(node._data) for node in live}
    for edges in slopes.values():
        for node, i, arg, *_ in edges:
            values[arg] = float(node.saved[i])  # the value that the operation saw
    gradient = engine_gradient(leaf, root, live)
    has_hooks = any(map(is_hooked, live))
    return Explanation(
        leaf=leaf,
        root=root,
        names=names_of(root, leaf),
        values=values,
        slopes=slopes,
        count=counts.get(root, 0),
        paths=tuple(islice(paths_down(root, leaf, slopes), paths)) if live else (),
        derivative=sum_over_paths(leaf, root, slopes) if has_hooks else gradient,
        gradient=gradient,
        has_hooks=has_hooks,
        difference=differences(leaf, root, live),
        precision=precision,
    )


@dataclass(frozen=True, repr=False)
class Explanation:
    """A gradient explained. Notebooks show it as mathematics, terminals as text."""

    leaf: Node
    root: Node
    names: Mapping[Named, str]
    values: Mapping[Node, float]
    slopes: Mapping[Node, Sequence[Slope]]
    count: int
    paths: tuple[Path, ...]
    derivative: float
    gradient: float  # the engine's: the same, unless hooks changed it on its way
    has_hooks: bool
    difference: tuple[float, float]
    precision: int

    @property
    def text(self) -> str:
        """The explanation as plain text."""
        return "\n".join(Text(self, Script(self.precision)).lines())

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
