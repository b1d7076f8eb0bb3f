"""A picture as plain text."""

from __future__ import annotations

from collections.abc import Iterator

from autograd.draw.graph.picture import Box, Number, Picture
from autograd.expressions import quoted

from .notation import formula, gradient, shape_and_dtype, written

DEEPEST = 24  # levels that are indented; deeper lines still name their operands


def to_text(picture: Picture, precision: int) -> str:
    """A line for each node, and below it, indented, what it was computed from.

    A node that is used twice has its line at its first use. A constant number without a label has
    none: it stands in the formulas that use it.
    """
    lines = list(outline(picture))
    made = equations(picture, precision)
    numbered = any(box.value is not None for box in picture.boxes)
    has_gradients = any(box.differentiated for box in picture.boxes)
    rows = [("", "", "value", "gradient" if has_gradients else "")]
    for box, depth in lines:
        value, grad = written(box.value, precision), gradient(box, precision)
        about = ", ".join(filter(None, (shape_and_dtype(box.value), *box.notes)))
        rows.append(("  " * min(depth, DEEPEST) + made[box.id], about, value, grad))

    if not numbered:
        del rows[0]
    a, b, c, d = (max(map(len, column), default=0) for column in zip(*rows))
    return "\n".join(
        f"{first:<{a}}  {array:<{b}}  {value:>{c}}  {grad:>{d}}".rstrip()
        for first, array, value, grad in rows
    )


def equations(picture: Picture, precision: int) -> dict[str, str]:
    """How each box was computed, by its id: `y = a * b`; of a leaf its name alone."""
    boxes = {box.id: box for box in picture.boxes}

    def spell(box_id: str) -> str | Number | None:
        return boxes[box_id].name or boxes[box_id].value

    def equation(box: Box) -> str:
        if box.op:
            return f"{quoted(box.name)} = {formula(box, spell, precision)}"
        sources = [boxes[x].name for x in box.operands if isinstance(x, str)]
        return f"{box.name} ← {', '.join(sources)}" if sources else box.name

    return {box.id: equation(box) for box in picture.boxes}


def descriptions(picture: Picture, precision: int) -> dict[str, str]:
    """Each box as a sentence, for screen readers: `y = a * b, value 6, gradient 1`."""

    def parts(box: Box, equation: str) -> Iterator[str]:
        yield equation or "constant"
        yield from (shape_and_dtype(box.value), *box.notes)
        if box.value is not None:
            yield f"value {written(box.value, precision)}"
        if grad := gradient(box, precision):
            yield f"gradient {grad}"

    made = equations(picture, precision)
    return {box.id: ", ".join(filter(None, parts(box, made[box.id]))) for box in picture.boxes}


def outline(picture: Picture) -> Iterator[tuple[Box, int]]:
    """The boxes that have lines, in their order, each with its depth below a root."""
    waiting = {box.id: box for box in picture.boxes}
    used = {edge.source for edge in picture.edges}
    stack = [(box.id, 0) for box in reversed(picture.boxes) if box.root or box.id not in used]
    while stack:
        name, depth = stack.pop()
        box = waiting.pop(name, None)
        if box is not None and not box.is_bare_number:
            yield box, depth
            stack += [(x, depth + 1) for x in reversed(box.operands) if isinstance(x, str)]
