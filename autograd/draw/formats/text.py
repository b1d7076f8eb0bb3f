"""A picture as plain text."""

from __future__ import annotations

from collections.abc import Iterator

from autograd.draw.graph.picture import Box, Number, Picture
from autograd.expressions import quoted

from .notation import formula, gradient_text, number_text, summary_lines

DEEPEST = 24  # levels of indentation, at most


def to_text(picture: Picture, precision: int) -> str:
    """Return a line for each node, and below it, indented, the nodes that it was computed from.

    A node that is used twice has its line at its first use. A constant number without a label has
    no line: it stands in the formulas that use it.
    """
    equation = equations(picture, precision)
    rows = [
        (
            "  " * min(depth, DEEPEST) + equation[box.id],
            ", ".join(summary_lines(box)),
            number_text(box.value, precision),
            gradient_text(box, precision),
        )
        for box, depth in outline(picture)
    ]
    if any(box.value is not None for box in picture.boxes):
        has_gradients = any(box.differentiated for box in picture.boxes)
        rows.insert(0, ("", "", "value", "gradient" if has_gradients else ""))
    a, b, c, d = (max(map(len, column), default=0) for column in zip(*rows))
    return "\n".join(
        f"{first:<{a}}  {array:<{b}}  {value:>{c}}  {grad:>{d}}".rstrip()
        for first, array, value, grad in rows
    )


def equations(picture: Picture, precision: int) -> dict[str, str]:
    """Return how each box was computed, by its id: `y = a * b`; of a leaf its name alone."""
    boxes = {box.id: box for box in picture.boxes}

    def spell(box_id: str) -> str | Number | None:
        return boxes[box_id].name or boxes[box_id].value

    def equation(box: Box) -> str:
        if box.op:
            return f"{quoted(box.name)} = {formula(box, spell, precision)}"
        sources = [boxes[x].name or number_text(boxes[x].value, precision) for x in box.sources]
        return f"{box.name} ← {', '.join(sources)}" if sources else box.name

    return {box.id: equation(box) for box in picture.boxes}


def descriptions(picture: Picture, precision: int) -> dict[str, str]:
    """Return a sentence on each box, for screen readers: `y = a * b, value 6, gradient 1`."""
    equation = equations(picture, precision)
    found = {}
    for box in picture.boxes:
        parts = [equation[box.id] or "constant", *summary_lines(box)]
        numbers = number_text(box.value, precision), gradient_text(box, precision)
        parts += [f"{what} {x}" for what, x in zip(("value", "gradient"), numbers) if x]
        found[box.id] = ", ".join(parts)
    return found


def outline(picture: Picture) -> Iterator[tuple[Box, int]]:
    """Yield the boxes that have lines, each with its depth below a root."""
    waiting = {box.id: box for box in picture.boxes}
    used = {edge.source for edge in picture.edges}
    stack = [(box.id, 0) for box in reversed(picture.boxes) if box.root or box.id not in used]
    while stack:
        name, depth = stack.pop()
        box = waiting.pop(name, None)
        if box is not None and not box.is_bare_number:
            yield box, depth
            stack += [(source, depth + 1) for source in reversed(box.sources)]
