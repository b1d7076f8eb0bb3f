"""Formulas: parentheses, numbers, names and simplification, in every style."""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Op, Tensor, Value, draw, explain
from autograd.core import array_rules, matrix_rules, rules
from autograd.expressions import (
    Constant,
    Expression,
    MarkdownTex,
    Operation,
    PlainText,
    Python,
    Symbol,
    Tex,
    Typeset,
    expression,
    simplified,
)

X, Y, Z = Symbol("x"), Symbol("y"), Symbol("z")
STYLES = (PlainText(4), Typeset(4), Python(), Tex(4), MarkdownTex(4))
ROWS = {
    op
    for module in (rules, array_rules, matrix_rules)
    for op in vars(module).values()
    if isinstance(op, Op)
}


def stated(text: Any, *operands: Expression, **options: Any) -> Operation:
    """What an op with this text is written as."""
    names = {1: lambda g, out, x, **_: g, 2: lambda g, out, x, y, **_: g}
    rule: Any = names.get(len(operands), lambda g, out, x, y, z, **_: g)
    op = Op("op", lambda *xs: xs[0], (rule,) * len(operands), text=text)
    made = expression(op, operands, options, "text")
    assert isinstance(made, Operation)
    return made


# --- parentheses ----------------------------------------------------------------------------------

ARITHMETIC: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "//": operator.floordiv, "%": operator.mod, "neg": operator.neg, "**": math.pow,
    "<": operator.lt, "&": lambda x, y: int(x) & int(y), "|": lambda x, y: int(x) | int(y),
}  # fmt: skip


def random_formula(rng: random.Random, depth: int) -> tuple[Expression, Any]:
    """A formula of random operations, and its value for x = 2.5 and y = -1.75."""
    if depth == 0:
        number = rng.choice([3.0, -2.0, 0.5])
        return rng.choice([(X, 2.5), (Y, -1.75), (Constant(number), number)])
    kind = rng.choice(["+", "-", "*", "*", "/", "//", "%", "neg", "neg", "**"])
    parts = [random_formula(rng, depth - 1) for _ in range(1 if kind == "neg" else 2)]
    try:
        value = ARITHMETIC[kind](*(value for _, value in parts))
    except (ArithmeticError, ValueError):
        return parts[0]
    if kind == "**" and abs(value) > 1e6:
        return parts[0]
    return Operation(kind, [formula for formula, _ in parts]), value


@pytest.mark.parametrize("seed", range(300))
def test_parentheses_stand_where_python_needs_them(seed: int) -> None:
    formula, value = random_formula(random.Random(seed), 4)
    known = {"x": 2.5, "y": -1.75, "pow": math.pow}
    source = Python().text(formula, str)
    assert eval(source, known) == value, source  # the same bits
    for text in PlainText(17).text(formula, str), PlainText(17).text(formula, known.__getitem__):
        np.testing.assert_allclose(eval(text, known), value, rtol=1e-9, err_msg=text)


@pytest.mark.parametrize(
    ("text", "plain", "source", "tex"),
    [
        ("x - (y - z)", "x - (y - z)", "x - (y - z)", r"x - \left(y - z\right)"),
        ("x * (y * z)", "x * y * z", "x * (y * z)", r"x \, y \, z"),
        ("x * (y / z)", "x * y / z", "x * (y / z)", r"x \, \frac{y}{z}"),
        ("x / (y * z)", "x / (y * z)", "x / (y * z)", r"\frac{x}{y \, z}"),
        ("x * (y @ z)", "x * (y @ z)", "x * (y @ z)", r"x \, \left(y\,z\right)"),
        ("x @ y * z", "x @ y * z", "x @ y * z", r"x\,y \, z"),
        ("-(x * y)", "-x * y", "-x * y", r"-x \, y"),
        ("-(x % y)", "-(x % y)", "-(x % y)", r"-\left(x \bmod y\right)"),
        ("-(x % y * z)", "-(x % y * z)", "-(x % y * z)", r"-\left(x \bmod y \, z\right)"),
        ("x * -y", "x * (-y)", "x * (-y)", r"x \, \left(-y\right)"),
        ("x - -y * z", "x - (-y * z)", "x - (-y * z)", r"x - \left(-y \, z\right)"),
        ("x**-2", "x**-2", "pow(x, -2)", "{x}^{-2}"),
        ("x**-y", "x**(-y)", "pow(x, -y)", "{x}^{-y}"),
        ("(-x)**y", "(-x)**y", "pow(-x, y)", r"{\left(-x\right)}^{y}"),
        ("(x**y)**z", "(x**y)**z", "pow(pow(x, y), z)", r"{\left({x}^{y}\right)}^{z}"),
        ("(x / y)**z", "(x / y)**z", "pow(x / y, z)", r"{\left(\frac{x}{y}\right)}^{z}"),
        ("x // y", "x // y", "x // y", r"\left\lfloor \frac{x}{y} \right\rfloor"),
        ("(x < y) & (y >= z)", *["(x < y) & (y >= z)"] * 2,
         r"\left(x < y\right) \land \left(y \ge z\right)"),
        ("x < (y < z)", "x < (y < z)", "x < (y < z)", r"x < \left(y < z\right)"),
        ("x | (y | z)", "x | (y | z)", "x | (y | z)", r"x \lor \left(y \lor z\right)"),
        ("x & y | z", "x & y | z", "x & y | z", r"x \land y \lor z"),
        ("x + y < z", "x + y < z", "x + y < z", "x + y < z"),
        ("(x + y).T @ z[0]", "(x + y).T @ z[0]", "(x + y).T @ z[0]",
         r"\left(x + y\right)^{\top}\,z_{0}"),
        ("x[1:, 0]", "x[1:, 0]", "x[1:, 0]", "x_{1:,\\ 0}"),
        ("sin(x + y)", "sin(x + y)", "sin(x + y)", r"\sin\left(x + y\right)"),
        ("sqrt(x + y)", "sqrt(x + y)", "sqrt(x + y)", r"\sqrt{x + y}"),
        ("abs(x)**2", "abs(x)**2", "pow(abs(x), 2)", r"{\left|x\right|}^{2}"),
        ("exp(x)**2", "exp(x)**2", "pow(exp(x), 2)", r"{\left(e^{x}\right)}^{2}"),
        ("arctan(log(x))", "arctan(log(x))", "atan(log(x))",
         r"\arctan\left(\ln\left(x\right)\right)"),
        ("gauss_1(x)", "gauss_1(x)", "gauss_1(x)", r"\operatorname{gauss\_1}\left(x\right)"),
        ("x if y else z", "where(y, x, z)", "where(y, x, z)",
         r"\begin{cases} x & \text{if } y \\ z & \text{else} \end{cases}"),
        ("f(x, key=2)", "f(x, key=2)", "f(x, key=2)",
         r"\operatorname{f}\left(x, \mathrm{key}=2\right)"),
        ("g('a_b')", "g('a_b')", "g('a_b')",
         r"\operatorname{g}\left(\text{'}a\_b\text{'}\right)"),
        ("x * 2", "x * 2", "x * 2", r"x \cdot 2"),
        ("2 * x", "2 * x", "2 * x", r"2 \, x"),
        ("x * 2**y", "x * 2**y", "x * pow(2, y)", r"x \cdot {2}^{y}"),
        ("x * (2 - y)", "x * (2 - y)", "x * (2 - y)", r"x \, \left(2 - y\right)"),
        ("x * -2", "x * (-2)", "x * (-2)", r"x \cdot \left(-2\right)"),
    ],
)  # fmt: skip
def test_one_formula_in_each_language(text: str, plain: str, source: str, tex: str) -> None:
    formula = stated(text, X, Y, Z)
    written = [style.text(formula, str) for style in (PlainText(), Python(), Tex())]
    assert written == [plain, source, tex]


def test_negative_numbers_in_place_of_names_are_in_parentheses() -> None:
    formula = stated("x * y + z - x**y", X, Y, Z)
    numbers = {"x": -3.0, "y": -2.0, "z": -1.0}
    assert PlainText(4).text(formula, numbers.get) == "(-3) * (-2) + (-1) - (-3)**(-2)"  # type: ignore[arg-type]
    pieces = Typeset(4).write(formula).pieces
    assert [(x.key, x.tight) for x in pieces if isinstance(x, Symbol)] == [
        ("x", True), ("y", True), ("z", True), ("x", True), ("y", True),
    ]  # fmt: skip
    assert Typeset(4).write(stated("f(x, 2)", X)).pieces == (
        "f", "(", Symbol("x"), ", ", Symbol(2.0), ")",
    )  # fmt: skip


def test_deep_formulas_are_written_without_recursion() -> None:
    formula: Expression = X
    for _ in range(3000):
        formula = Operation("call", [Operation("+", [formula, Constant(1)])], "sin")
    text = PlainText(4).text(formula, str)
    assert text.count("sin(") == 3000 and text.endswith(" + 1)")
    assert formula.size == 9001  # type: ignore[union-attr]


# --- what rows state ------------------------------------------------------------------------------


@pytest.mark.parametrize("op", sorted(ROWS, key=lambda op: op.name), ids=lambda op: op.name)
def test_what_a_row_states_can_be_written_in_every_style(op: Op) -> None:
    options = {
        "n": 1, "shape": (2,), "axes": (1, 0), "index": 0, "dtype": np.dtype(float), "axis": 0,
        "size": (2, 2), "stride": (1, 1), "labels": np.array([1]), "scale": 1.0,
        "inputs": ("i", "i"), "output": "i", "decimals": 2,
    }  # fmt: skip
    given = {name: options[name] for name in op.options & options.keys()}
    operands = [X, Y, Z][: op.arity or 2]
    for style in STYLES:
        for fields in ("text",), (*style.fields, "formula", "text"):
            for make in Operation, simplified:
                text = style.text(expression(op, operands, given, *fields, make=make), str)
                assert text.count("(") == text.count(")") and text.count("{") == text.count("}")
                assert all(name in text for name in "xy"[: len(operands)])


def test_options_stand_where_the_text_names_them() -> None:
    power = Op("power", lambda x, n=2: x, (lambda g, out, x, n=2: g,), text="x**n")
    plain = PlainText(4)
    assert plain.text(expression(power, [X], {"n": 3}, "text"), str) == "x**3"
    assert plain.text(expression(power, [X], {}, "text"), str) == "x**2"
    assert plain.text(expression(power, [X], {"n": -1.5}, "text"), str) == "x**-1.5"
    scaled = Op("scaled", lambda x, by: x, (lambda g, out, x, by: g,), text=lambda by: f"{by} * x")
    assert plain.text(expression(scaled, [X], {"by": 3}, "text"), str) == "3 * x"
    bare = Op("bare", lambda x, **_: x, (lambda g, out, x, **_: g,))
    given = {"axis": (1,), "keepdims": True, "by": 0.5, "how": "up", "long": "a" * 30, "f": len}
    assert plain.text(expression(bare, [X], given), str) == "bare(x, axis=1, by=0.5, how='up')"


def test_numbers_among_the_options_are_simplified_like_others() -> None:
    scaled = Op("scaled", lambda x, by: x, (lambda g, out, x, by: g,), text="x * by + by")
    for by, text in (1.0, "x + 1"), (2.0, "x * 2 + 2"), ("b", "x * 'b' + 'b'"):
        formula = expression(scaled, [X], {"by": by}, "text", make=simplified)
        assert PlainText(4).text(formula, str) == text


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (0, "x[0]"), (slice(None), "x[:]"), (slice(1, None), "x[1:]"), (slice(0, 5, 2), "x[0:5:2]"),
        ((slice(None, -1), None, ...), "x[:-1, None, ...]"), ((), "x[()]"),
        (np.array([3, 1]), "x[[3, 1]]"), (np.arange(5), "x[…]"), (np.eye(2) > 0, "x[…]"),
        ((0, np.array([1, 2])), "x[0, [1, 2]]"),
    ],
    ids=str,
)  # fmt: skip
def test_indices(index: Any, text: str) -> None:
    formula = expression(array_rules.getitem, [X], {"index": index}, "text")
    assert PlainText().text(formula, str) == text


def test_operands_may_share_a_name() -> None:
    each = ag.core.op.per_argument(lambda i: lambda g, out, *xs: g)
    mean = Op("mean3", lambda *xs: xs[0], each, text="sum(xs) / 3")
    assert PlainText().text(expression(mean, [X, Y, Z], {}, "text"), str) == "sum(x, y, z) / 3"
    total = Op("total", lambda *xs: sum(xs), each, text="total(1, xs) + xs", tex=r"\sum xs")
    for operands, text, tex in (
        ([X], "total(1, x) + x", r"\sum x"),
        ([X, Y], "total(1, x, y) + (x, y)", r"\sum \left(x, y\right)"),
    ):
        assert PlainText().text(expression(total, operands, {}, "text"), str) == text
        assert Tex().text(expression(total, operands, {}, "tex"), str) == tex
    more = Op("more", lambda x, *xs: x, ag.per_argument(lambda i: lambda g, out, x, *xs: g),
              text="x + sum(xs)")  # fmt: skip
    assert PlainText().text(expression(more, [X], {}, "text"), str) == "x + sum()"


@pytest.mark.parametrize(
    "text", ["x +", "lambda: x", "x = 1", "[x for x in y]", "x.y", "f.g(x)", "f(**x)"]
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"the text of op op must be a formula of .*, but it is '"):
        stated(text, X)


def test_a_function_of_the_options_that_gives_no_formula_is_refused() -> None:
    op = Op("op", lambda x: x, (lambda g, out, x: g,), text=lambda: 5)  # type: ignore[arg-type,return-value]
    with pytest.raises(ValueError, match="the text of op op must be a formula of .*, but it is 5"):
        expression(op, [X], {}, "text")


def test_ones_own_op_is_written_alike_everywhere() -> None:
    gauss = Op(
        "gauss",
        lambda x, mu: ag.exp(-((x - mu) ** 2)),
        (lambda g, out, x, mu: g * out * (-2.0 * (x - mu)), lambda g, out, x, mu: g * out),
        elementwise=True,
        formula="exp(-(x - mu)**2)",
        tex=r"\varphi_{mu}\left(x\right)",
    )
    x, mu = Value(2.0, "x1"), Value(0.5, "beta")
    y = gauss(x, mu)
    assert "v1 = gauss(x1, beta)" in draw(y).text
    assert "v1 = gauss(x1, beta)" in explain(x, y).text
    assert r"v_{1} = \varphi_{\beta}\left(x_{1}\right)" in explain(x, y).latex
    assert ag.compile(lambda x1, beta: gauss(x1, beta) * 2).latex() == (
        r"f(x_{1}, \beta) = \varphi_{\beta}\left(x_{1}\right) \cdot 2"
    )
    outer = Op("outer", lambda x: x, (lambda g, out, x: g * gauss(x, 1.0),))
    assert "∂v1/∂x1 = exp(-(x1 - 1)**2)" in explain(x, outer(x)).text


def test_an_op_without_texts_is_a_call_of_its_name() -> None:
    op = Op("my op\n", lambda x: x, (lambda g, out, x: g,))
    formula = expression(op, [X], {}, "tex", "formula", "text")
    assert PlainText().text(formula, str) == "my op\\n(x)"
    assert Tex().text(formula, str) == r"\operatorname{my\ op\backslash n}\left(x\right)"


@pytest.mark.parametrize(
    ("template", "written", "squared"),
    [
        (r"\left\lfloor x \right\rfloor", r"\left\lfloor a + b \right\rfloor", "{#}^{2}"),
        (r"\Gamma(x, 2)", r"\Gamma(a + b, 2)", "{#}^{2}"),
        (r"x!", r"\left(a + b\right)!", r"{\left(#\right)}^{2}"),
        (r"\max x", r"\max \left(a + b\right)", r"{\left(#\right)}^{2}"),
        (r"{x}^{*}", r"{\left(a + b\right)}^{*}", r"{\left(#\right)}^{2}"),
        (r"\xi_{x}", r"\xi_{a + b}", "{#}^{2}"),
    ],
)
def test_operands_in_a_template_of_tex(template: str, written: str, squared: str) -> None:
    op = Op("op", lambda x: x, (lambda g, out, x: g,), tex=template)
    formula = expression(op, [stated("x + y", Symbol("a"), Symbol("b"))], {}, "tex")
    assert Tex().text(formula, str) == written
    assert Tex().text(Operation("**", [formula, Constant(2)]), str) == squared.replace("#", written)


# --- simplification -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        ("x + 0", "x"), ("0 + x", "x"), ("x - 0", "x"), ("0 - x", "0 - x"), ("x * 1", "x"),
        ("1 * x", "x"), ("x / 1", "x"), ("1 / x", "1 / x"), ("x**1", "x"), ("x**0", "1"),
        ("-1 * x", "-x"), ("x * -1", "-x"), ("x * x", "x**2"), ("x * y", "x * y"),
        ("x / y / y", "x / y**2"), ("x / y / z", "x / y / z"), ("sqrt(x)**2", "x"),
        ("sqrt(x) * y", "sqrt(x) * y"), ("3**2", "9"), ("1e200**2", "1e+200**2"), ("-(2)", "-2"),
        ("x if 1 else y", "x"), ("x if 0 else y", "y"), ("x if z else y", "where(z, x, y)"),
        ("y * (x * 1 + 0)", "y * x"), ("2 * 3 * x", "2 * 3 * x"),
    ],
)  # fmt: skip
def test_steps_that_change_no_number_are_left_out(text: str, simple: str) -> None:
    op = Op("op", lambda x: x, (lambda g, out, x, y, z: g,) * 3, text=text)
    formula = expression(op, [X, Y, Z], {}, "text", make=simplified)
    assert PlainText(4).text(formula, str) == simple


def test_rows_of_ones_add_up() -> None:
    ones = Constant(np.ones((1, 3)))
    assert PlainText(4).text(simplified("@", [ones, X]), str) == "sum(x, axis=0)"
    assert PlainText(4).text(simplified("@", [X, ones]), str) == "x @ [[1 1 1]]"


# --- numbers and names ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "plain", "source", "tex"),
    [
        (0.5, "0.5", "0.5", "0.5"),
        (2.0, "2", "2.0", "2"),
        (-0.0, "0", "-0.0", "0"),
        (1 / 3, "0.3333", "0.3333333333333333", "0.3333"),
        (123456.7, "123457", "123456.7", "123457"),
        (2.5e-20, "2.5e-20", "2.5e-20", r"2.5 \cdot 10^{-20}"),
        (math.inf, "inf", "inf", r"\infty"),
        (-math.inf, "-inf", "-inf", r"-\infty"),
        (math.nan, "nan", "nan", r"\mathrm{nan}"),
        (True, "true", "True", r"\text{true}"),
        (np.float32(0.25), "0.25", None, "0.25"),
        (np.array([[1.0, 2.5]]), "[[1 2.5]]", None, "[[1 2.5]]"),
        (np.zeros((3, 4)), "array(3,4)", None, "array(3,4)"),
    ],
    ids=str,
)
def test_numbers(x: Any, plain: str, source: str | None, tex: str) -> None:
    styles = (PlainText(4), Tex(4)) if source is None else (PlainText(4), Tex(4), Python())
    written = [style.text(Constant(x), str) for style in styles]
    assert written == [plain, tex, source][: len(styles)]


def test_numbers_with_a_power_of_ten_are_products() -> None:
    for text, tex in (
        ("x * y", r"x \cdot 1 \cdot 10^{-9}"),
        ("y**x", r"{\left(1 \cdot 10^{-9}\right)}^{x}"),
    ):
        spelled = {"x": "x", "y": 1e-9}
        assert Tex(4).text(stated(text, X, Y), spelled.__getitem__) == tex


@pytest.mark.parametrize(
    ("name", "plain", "tex"),
    [
        ("x", "x", "x"),
        ("w1", "w1", "w_{1}"),
        ("x_12", "x_12", "x_{12}"),
        ("alpha", "alpha", r"\alpha"),
        ("beta2", "beta2", r"\beta_{2}"),
        ("α", "α", r"\alpha"),
        ("Γ_x", "Γ_x", r"\Gamma_{x}"),
        ("lambda", "lambda", r"\lambda"),
        ("rate", "rate", r"\mathrm{rate}"),
        ("w#2", "w#2", r"w\#2"),
        ("0.weight", "0.weight", r"0\text{.}\mathrm{weight}"),
        ("a - b", '"a - b"', r"a\ \text{-}\ b"),
        ("{x}$\\", '"{x}$\\"', r"\lbrace x\rbrace \$\backslash "),
        ("é", "é", r"\text{é}"),
        ("a\nb", '"a\nb"', r"a\backslash \mathrm{nb}"),
        ("1e5", '"1e5"', r"\mathrm{1e5}"),
    ],
)
def test_names(name: str, plain: str, tex: str) -> None:
    assert PlainText().name(name) == plain
    assert Tex().name(name) == tex


def test_names_and_formulas_in_latex_are_those_of_an_explanation() -> None:
    w, alpha, loss = Value(2.0, "w1"), Value(-3.0, "alpha"), Value(0.5, "learning_rate")
    y = ag.tanh(w * alpha) / ag.log(loss)
    formula = ag.compile(lambda w1, alpha, learning_rate: ag.tanh(w1 * alpha)).latex()
    assert formula == (
        r"f(w_{1}, \alpha, \mathrm{learning}_{\mathrm{rate}}) = "
        r"\tanh\left(w_{1} \, \alpha\right)"
    )
    latex = explain(w, y).latex
    assert r"v_{1} = w_{1} \, \alpha = -6" in latex
    assert r"\frac{v_{2}}{v_{3}}" in latex
    assert r"\ln\left(\mathrm{learning}_{\mathrm{rate}}\right)" in explain(loss, y).latex


def test_markdown_keeps_its_own_signs() -> None:
    style = MarkdownTex(4)
    text = style.text(stated("abs(x) if x < y else x", X, Y), lambda key: f"<{key}|")
    assert not set("<>|") & set(text)
    x = Value(-2.0, "x")
    rows = [line for line in explain(x, abs(x) * 3).markdown.splitlines() if line[:1] == "|"]
    assert all(row.count("|") == 3 for row in rows)


def test_the_slope_of_where_is_the_branch_that_was_taken_everywhere() -> None:
    from autograd.draw.explorer.explore import page_data

    x = Tensor([1.0, 2.0], requires_grad=True)
    for condition, slope in (
        (np.array([True, True]), [["g", 0, 0]]),
        (np.array([True, False]), None),
    ):
        step = page_data(ag.where(condition, x, 0.0).sum())["nodes"][-2]
        found = step["rules"]["1"]
        assert found == slope if slope else found[0] == "where("
