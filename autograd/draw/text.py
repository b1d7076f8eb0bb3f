"""A picture as plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .notation import brief, formula, gradient, kind_of_array, printable, written
from .picture import Box, Picture

DEEPEST = 24  # levels that are indented; every line names its operands, so the rest is clear too


def to_text(picture: Picture, precision: int) -> str:
    """A line for each node, and below it, indented, what it is made of.

    A node that is used twice has its line where it comes first; a constant without a label has
    none, and stands in the formulas that use it.
    """
    names = {box.id: name for box, name in named(picture, precision)}
    rows = [("", "", "value", "gradient")]
    for box, depth in outline(picture):
        operands = [
            names[x] if isinstance(x, str) else brief(x, precision) for x in box.operands
        ]
        made = f"{names[box.id]} = {formula(box.op, operands)}" if box.op else names[box.id]
        rows.append(
            (
                "  " * min(depth, DEEPEST) + made,
                kind_of_array(box.value),
                written(box.value, precision),
                gradient(box, precision),
            )
        )
    a, b, c, d = (max(map(len, column)) for column in zip(*rows))
    gap = 2 if b else 0
    return "\n".join(
        f"{made:{a}}{'':{gap}}{kind:{b}}  {value:>{c}}  {found:>{d}}".rstrip()
        for made, kind, value, found in rows
    )


def named(picture: Picture, precision: int) -> Iterator[tuple[Box, str]]:
    """Each box with a name of its own: its label, numbered if it has none or is not the only one."""
    uses = Counter(box.label for box in picture.boxes)
    for i, box in enumerate(picture.boxes):
        if is_nameless_constant(box):
            yield box, brief(box.value, precision)
        else:
            yield box, printable(box.label) + (f"#{i}" if not box.label or uses[box.label] > 1 else "")


def outline(picture: Picture) -> Iterator[tuple[Box, int]]:
    """Each box that has a line, with its depth below a root."""
    boxes = {box.id: box for box in picture.boxes}
    stack = [(box.id, 0) for box in picture.boxes if box.root]
    while stack:
        id, depth = stack.pop()
        box = boxes.pop(id, None)
        if box is not None and not is_nameless_constant(box):
            yield box, depth
            operands = [x for x in box.operands if isinstance(x, str)]
            stack += [(x, depth + 1) for x in reversed(operands)]


def is_nameless_constant(box: Box) -> bool:
    return box.kind == "constant" and not box.label and not box.root
