"""The chain rule written out for one gradient: every path, every slope, every number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import Any, NamedTuple

import numpy as np

from autograd.backward import backpropagate, consumers_first, missing_rule
from autograd.check import Line
from autograd.node import Node
from autograd.shapes import shape_of

from .formulas import (
    Formula, Graph, MarkdownTex, Script, Symbol, Tex, names_of, operation, rule_as_graph, written,
)  # fmt: skip

FACTORS = 12  # of a product, before its middle is left out
STEPS = 60  # lines of a list, likewise


class Slope(NamedTuple):
    """How `node` changes with its operand number `i`, which is `arg`."""

    node: Node
    i: int
    arg: Node
    number: float
    graph: Graph | None


Path = tuple[Slope, ...]  # from the root to the leaf


def explain(leaf: Node, root: Node, *, paths: int = 10, precision: int = 4) -> Explanation:
    """The gradient of `root` with respect to `leaf`, as the chain rule puts it together.

    Along each path from the leaf to the root the slopes of all steps are multiplied, and the
    products are added. Beside the sum stand the engine's own gradient, which was computed without
    listing paths, and what a small change of the leaf really does.

    >>> from autograd import Value, explain
    >>> x = Value(3.0, label="x")
    >>> y = x * x + 2 * x
    >>> explain(x, y)
    dv4/dx = 8: the sum over 3 paths from x to v4
    <BLANKLINE>
    Steps and their slopes
      x = 3
      v2 = x · x = 9    ∂v2/∂x = x = 3 (operand 1)
                        ∂v2/∂x = x = 3 (operand 2)
      v3 = 2 · x = 6    ∂v3/∂x = 2
      v4 = v2 + v3 = 15  ∂v4/∂v2 = 1
                         ∂v4/∂v3 = 1

    Args:
        leaf: the number to derive by; it may have been computed itself.
        root: the result.
        paths: how many paths to write out at most. They are counted all the same.
        precision: how many significant digits.

    Returns: an explanation, which prints as text and shows as mathematics in notebooks; with
        `.text`, `.markdown` and `.latex`.

    Raises:
        TypeError: something is no node, or there are arrays on the way, of which paths are many.
        ValueError: one of them needs no gradient.
    """
