"""Write a small program as a formula."""

from __future__ import annotations

from autograd.compiler.program import Program
from autograd.expressions import Constant, Expression, Symbol, Tex, expression, simplified

LONGEST = 4000  # characters; a longer formula can't be read


def to_latex(program: Program, name: str) -> str:
    """Return the first output of a program as an equation.

    Raises:
        ValueError: it would be too long to be read.
    """
    tex = Tex()
    formulas: dict[int, Expression] = {}
    for i in sorted({*program.inputs, *program.live()}):  # also inputs that nothing uses
        line = program.lines[i]
        if line.op is not None:
            operands, fields = [formulas[j] for j in line.args], (*tex.fields, "formula", "text")
            formulas[i] = expression(line.op, operands, line.kwargs, *fields, make=simplified)
        else:
            known = line.constant is not None
            formulas[i] = Constant(line.constant) if known else Symbol(line.label or "x")
        if getattr(formulas[i], "size", 1) > LONGEST:
            raise too_long(name)
    inputs = ", ".join(tex.text(formulas[i], str) for i in program.inputs)
    text = f"{tex.name(name)}({inputs}) = {tex.text(formulas[program.outputs[0]], str)}"
    if len(text) > LONGEST:
        raise too_long(name)
    return text


def too_long(name: str) -> ValueError:
    return ValueError(
        f"as a formula {name} would have more than {LONGEST} characters; "
        "source, with a line for each step, can be read"
    )
