"""A small program as a formula."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from autograd.compiler.names import identifier
from autograd.compiler.program import Line, Program
from autograd.core import kernels, rules

LONGEST = 4000  # characters that anybody might read
ATOM, POWER, PRODUCT, SUM, RELATION, LOGIC = 6, 5, 4, 3, 2, 1  # how tightly things hold together

INFIX: dict[Callable[..., Any], tuple[str, int]] = {
    operator.add: ("+", SUM),
    operator.sub: ("-", SUM),
    kernels.mod: (r"\bmod", PRODUCT),
    operator.eq: ("=", RELATION),
    operator.ne: (r"\ne", RELATION),
    operator.lt: ("<", RELATION),
    operator.le: (r"\le", RELATION),
    operator.gt: (">", RELATION),
    operator.ge: (r"\ge", RELATION),
    operator.and_: (r"\land", LOGIC),
    operator.or_: (r"\lor", LOGIC),
}
AROUND = {
    operator.abs: (r"\left|", r"\right|"),
    rules.sqrt.forward: (r"\sqrt{", "}"),
    rules.cbrt.forward: (r"\sqrt[3]{", "}"),
    rules.exp.forward: ("e^{", "}"),
    rules.exp2.forward: ("2^{", "}"),
    rules.floor.forward: (r"\left\lfloor ", r"\right\rfloor"),
    rules.ceil.forward: (r"\left\lceil ", r"\right\rceil"),
}
NAMED = {
    **{getattr(rules, name).forward: rf"\{name}" for name in "sin cos tan sinh cosh tanh".split()},
    **{getattr(rules, f"arc{name}").forward: rf"\arc{name}" for name in "sin cos tan".split()},
    rules.log.forward: r"\ln",
    rules.log2.forward: r"\log_{2}",
    rules.log10.forward: r"\log_{10}",
    rules.maximum.forward: r"\max",
    rules.minimum.forward: r"\min",
    rules.sigmoid.forward: r"\sigma",
    rules.sech2.forward: r"\operatorname{sech}^{2}",
    kernels.logical_not: r"\lnot",
}
GREEK = set(
    """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau
    upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega""".split()
)


def to_latex(program: Program, name: str) -> str:
    """The first output of a program, as an equation.

    Raises:
        ValueError: it would be too long to be read.
    """
    text: dict[int, tuple[str, int]] = {}
    for i in sorted({*program.inputs, *program.live()}):  # also inputs that nothing uses
        line = program.lines[i]
        operands = [text[j] for j in line.args]
        text[i] = written(line, operands, line.args)
        if len(text[i][0]) > LONGEST:
            raise ValueError(
                f"as a formula {name} would have more than {LONGEST} characters; "
                "source, with a line for each step, can be read"
            )
    inputs = ", ".join(text[i][0] for i in program.inputs)
    return f"{symbol(name)}({inputs}) = {text[program.outputs[0]][0]}"


def written(line: Line, operands: list[tuple[str, int]], args: tuple[int, ...]) -> tuple[str, int]:
    """A line as a formula, and how tightly it holds together."""
    if line.op is None:
        if line.constant is None:
            return symbol(line.label or "x"), ATOM
        return constant(line.constant)
    forward = line.op.forward
    if forward in INFIX:
        sign, level = INFIX[forward]
        right = level + (forward is not operator.add)
        return f"{at_least(level, operands[0])} {sign} {at_least(right, operands[1])}", level
    if forward is operator.neg:
        return f"-{at_least(PRODUCT, operands[0])}", SUM
    if forward is operator.mul:
        return product(operands, args)
    if forward is kernels.divide:
        return rf"\frac{{{operands[0][0]}}}{{{operands[1][0]}}}", ATOM
    if forward is kernels.power:
        return f"{{{at_least(ATOM, operands[0])}}}^{{{operands[1][0]}}}", POWER
    if forward in AROUND:
        before, after = AROUND[forward]
        return f"{before}{operands[0][0]}{after}", POWER if "^" in before else ATOM
    inside = ", ".join(text for text, _ in operands)
    if forward is rules.where.forward:
        condition, x, y = (text for text, _ in operands)
        cases = rf"{x} & \text{{if }} {condition} \\ {y} & \text{{else}}"
        return rf"\begin{{cases}} {cases} \end{{cases}}", ATOM
    called = NAMED.get(forward) or rf"\operatorname{{{plain(line.op.name)}}}"
    return rf"{called}\left({inside}\right)", ATOM


def product(operands: list[tuple[str, int]], args: tuple[int, ...]) -> tuple[str, int]:
    if args[0] == args[1]:
        return f"{{{at_least(ATOM, operands[0])}}}^{{2}}", POWER
    x, y = at_least(PRODUCT, operands[0]), at_least(POWER, operands[1])
    return rf"{x} \cdot {y}" if y[0].isdigit() else rf"{x} \, {y}", PRODUCT


def at_least(level: int, operand: tuple[str, int]) -> str:
    """An operand, in brackets if it holds together less tightly than this."""
    text, tightness = operand
    return text if tightness >= level else rf"\left({text}\right)"


def constant(x: float | bool) -> tuple[str, int]:
    if isinstance(x, bool):
        return (r"\text{true}" if x else r"\text{false}"), ATOM
    if x - x != 0.0:
        return {"inf": (r"\infty", ATOM), "-inf": (r"-\infty", SUM)}.get(str(x), ("?", ATOM))
    mantissa, _, exponent = repr(x).removesuffix(".0").partition("e")
    if exponent:
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}", PRODUCT
    return mantissa, SUM if mantissa[0] == "-" else ATOM


def symbol(name: str) -> str:
    r"""A name as mathematicians set it.

    >>> symbol("w1"), symbol("alpha"), symbol("rate"), symbol("d_x2")
    ('w_{1}', '\\alpha', '\\mathrm{rate}', 'd_{x2}')
    """
    stem, _, rest = identifier(name).strip("_").partition("_")
    digits = stem[len(stem.rstrip("0123456789")) :]
    stem = stem[: len(stem) - len(digits)]
    if stem in GREEK:
        stem = f"\\{stem}"
    elif len(stem) > 1:
        stem = rf"\mathrm{{{stem}}}"
    below = plain(f"{digits},{rest}" if digits and rest else digits or rest)
    return f"{stem}_{{{below}}}" if below else stem


def plain(text: str) -> str:
    """Text without what LaTeX takes for a command."""
    return ",".join(identifier(x).replace("_", r"\_") if not x.isdigit() else x
                    for x in text.split(",") if x)  # fmt: skip
