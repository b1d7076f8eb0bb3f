"""Gradients explained: the paths add up to what the engine says, in every script."""

from __future__ import annotations

import math
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from table import TABLE, Case
from test_table import scalar_cases

import autograd as ag
from autograd import Op, Tensor, Value, explain, no_grad
from autograd.core import rules
from autograd.core.backward import operands_first
from autograd.draw.explain.chain_rule import product_of
from autograd.draw.graph.formulas import derivative_formula, rule_as_graph
from autograd.expressions import PlainText

HOSTILE = [
    "<b>",
    "a\\b",
    "x|y {z}",
    'say "hi"',
    "π",
    "$a$ %b #c &d",
    "it's",
    "`x`",
    "*a* _b_",
    "~^",
]


def random_graph(rng: random.Random, leaves: list[Value], steps: int) -> Value:
    """A smooth expression that uses its numbers again and again."""
    pool: list[Any] = list(leaves)
    for _ in range(steps):
        a, b = rng.choice(pool), rng.choice(pool)
        pool.append(
            rng.choice(
                [
                    lambda a, b: a + b,
                    lambda a, b: a * b,
                    lambda a, b: a - 2.0 * b,
                    lambda a, b: ag.tanh(a),
                    lambda a, b: ag.sin(a) / (b * b + 1.5),
                    lambda a, b: a**2,
                    lambda a, b: ag.sigmoid(a) * b,
                ]
            )(a, b)
        )
        pool.append(ag.tanh(pool.pop()))  # numbers stay of order 1
    root: Value = pool[-1]
    for node in pool:
        root = root + node
    return root


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_all_paths_add_up_to_the_engines_gradient(seed: int) -> None:
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(-1.5, 1.5), label) for label in "xy"]
    root = random_graph(rng, leaves, 5)
    root.backward()
    for leaf in leaves:
        explained = explain(leaf, root, paths=100_000)
        assert len(explained.paths) == explained.count
        total = math.fsum(map(product_of, explained.paths))
        assert math.isclose(total, leaf.grad or 0.0, rel_tol=1e-12, abs_tol=1e-12)
        assert explained.gradient == (leaf.grad or 0.0)  # to the last bit
        assert np.allclose(explained.difference, explained.gradient, rtol=1e-6, atol=1e-8)


def test_a_square_has_two_paths() -> None:
    x = Value(3.0, "x")
    explained = explain(x, x * x)
    assert explained.count == 2 and [product_of(p) for p in explained.paths] == [3.0, 3.0]
    assert "∂v1/∂x = x = 3  (operand 1)" in explained.text
    assert "∂v1/∂x = x = 3  (operand 2)" in explained.text
    assert "3 + 3 = 6" in explained.text


def test_paths_are_counted_and_not_listed() -> None:
    x = y = Value(1.0, "x")
    for _ in range(60):
        y = y + y
    explained = explain(x, y, paths=3)
    assert explained.count == 2**60 and len(explained.paths) == 3
    assert "about 10^18 more paths not shown" in explained.text
    assert explained.gradient == 2.0**60


def test_what_is_not_shown_is_said_with_its_sum_and_a_way_on() -> None:
    x = Value(1.0, "x")
    y = x + x + x + x + x
    explained = explain(x, y, paths=2)
    for text in explained.text, explained.markdown, explained.latex:
        assert "3 more paths not shown" in text and "paths=5" in text
    assert "more path" not in explain(x, y, paths=5).text
    assert "1 more path not shown" in explain(x, y, paths=4).text


def test_thousands_of_doublings_have_a_count_too() -> None:
    x = y = Value(0.0)
    for _ in range(20_000):
        y = y + y
    assert "about 10^6021 paths" in explain(x, y, paths=1).text


def test_a_long_chain_is_shortened() -> None:
    x = y = Value(1.0, "x")
    for _ in range(20_000):
        y = ag.sin(y)
    explained = explain(x, y)
    assert len(explained.text.splitlines()) < 50
    assert explained.count == 1 and len(explained.paths[0]) == 20_000


def test_the_leaf_may_have_been_computed() -> None:
    x = Value(2.0, "x")
    h = x**2
    h.label = "h"
    explained = explain(h, h * h + 3 * h)
    assert explained.gradient == 11.0
    assert "x" not in explained.text.replace("expl", "")


def test_nodes_that_are_zero_are_on_the_route() -> None:
    x = Value(0.0, "x")
    assert "  x → v1 → v2\n" in explain(x, ag.sin(x) * 2.0).text


def test_no_path_one_path_and_none_needed() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    assert explain(x, y * 2).gradient == 0.0
    assert "no path leads from x to v1" in explain(x, y * 2).text
    assert "the only path from x to v1" in explain(x, x.exp()).text
    same = explain(x, x)
    assert same.text.startswith("dx/dx = 1, the derivative of x with respect to itself")
    assert same.gradient == 1.0 and np.allclose(same.difference, 1.0)


def test_a_kink_is_measured_on_both_sides() -> None:
    x = Value(0.0, "x")
    assert "on both sides of a kink" in explain(x, abs(x)).text
    low, high = explain(x, abs(x)).difference
    assert np.isclose(low, -1) and np.isclose(high, 1)


def test_a_leaf_changed_since_counts_as_it_was() -> None:
    x = Value(3.0, "x")
    y = x * x
    x.data = 100.0
    explained = explain(x, y)
    assert explained.gradient == 6.0 and np.allclose(explained.difference, 6.0)
    assert "x = 3\n" in explained.text


def test_nothing_is_left_behind() -> None:
    x = Value(3.0, "x")
    y = x * x
    explain(x, y)
    assert x.grad is None and y.grad is None and explain(x, y).text == explain(x, y).text


def test_hooks_are_told_apart_from_the_chain_rule() -> None:
    x = Value(2.0, "x")
    x.register_hook(lambda g: g * 2)
    h = x * 3.0
    h.register_hook(lambda g: g * 10)
    y = h * h
    text = explain(x, y).text
    assert "18 + 18 = 36" in text and text.startswith("dv2/dx = 36,")
    assert "gradient by backward(), which hooks may change  720" in text
    assert "add up to 18" in explain(x, y, paths=1).text
    y.backward()
    assert x.grad == 720.0


def test_single_numbers_in_tensors() -> None:
    x = Tensor(3.0, requires_grad=True, label="x")
    explained = explain(x, ag.tanh(x) * x)
    assert math.isclose(explained.gradient, math.tanh(3) + 3 * (1 - math.tanh(3) ** 2))
    assert np.allclose(explained.difference, explained.gradient)


# --- formulas -------------------------------------------------------------------------------------


def slope_formula(f: Callable[..., Any], *xs: float, i: int = 0) -> str | None:
    """The formula of the slope of `f` in its i-th operand."""
    operands = [Value(x, label) for x, label in zip(xs, "xyz")]
    out = f(*operands)
    out.label = "f"
    style = PlainText(4)
    formula = derivative_formula(rule_as_graph(out, i), style)
    return formula and style.text(formula, lambda node: node.label)


@pytest.mark.parametrize(
    ("f", "xs", "slopes"),
    [
        (lambda x, y: x + y, (2.0, 3.0), ["1", "1"]),
        (lambda x, y: x - y, (2.0, 3.0), ["1", "-1"]),
        (lambda x, y: x * y, (2.0, 3.0), ["y", "x"]),
        (lambda x, y: x / y, (2.0, 3.0), ["1 / y", "-f / y"]),
        (lambda x, y: x**y, (2.0, 3.0), ["y * x**(y - 1)", "f * log(x)"]),
        (lambda x: x**3, (2.0,), ["3 * x**2"]),
        (lambda x: x**-1, (2.0,), ["-x**-2"]),
        (lambda x: x**1, (2.0,), ["1"]),
        (lambda x: -x, (2.0,), ["-1"]),
        (ag.tanh, (0.5,), ["1 - tanh(x)**2"]),
        (ag.sigmoid, (0.5,), ["sigmoid(x) * (1 - sigmoid(x))"]),
        (ag.exp, (0.5,), ["f"]),
        (ag.log, (0.5,), ["1 / x"]),
        (ag.sqrt, (0.5,), ["0.5 / f"]),
        (ag.sin, (0.5,), ["cos(x)"]),
        (ag.arcsin, (0.5,), ["1 / sqrt(1 - x**2)"]),
        (ag.relu, (0.5,), ["sign(f)"]),
        (ag.maximum, (2.0, 3.0), ["0", "1"]),
        (ag.cos, (0.5,), ["-sin(x)"]),
        (ag.arccos, (0.5,), ["-1 / sqrt(1 - x**2)"]),
        (ag.arctan, (0.5,), ["1 / (x**2 + 1)"]),
        (ag.arcsinh, (0.5,), ["1 / sqrt(x**2 + 1)"]),
        (ag.arccosh, (1.5,), ["1 / (sqrt(x - 1) * sqrt(x + 1))"]),
        (ag.arctanh, (0.5,), ["1 / (1 - x**2)"]),
        (ag.hypot, (2.0, 3.0), ["x / sqrt(x**2 + y**2)", "y / sqrt(y**2 + x**2)"]),
        (ag.arctan2, (2.0, 3.0), ["y / (y**2 + x**2)", "-x / (y**2 + x**2)"]),
        (ag.erf, (0.5,), ["1.128 * exp(-x**2)"]),
    ],
)
def test_slopes_are_written_as_in_a_book(
    f: Callable[..., Any], xs: tuple[float, ...], slopes: list[str]
) -> None:
    assert [slope_formula(f, *xs, i=i) for i in range(len(slopes))] == slopes


def test_a_formula_is_the_engines_own_rule() -> None:
    """What is written is what was computed: the graph of the formula has the slope as its value."""
    rng = random.Random(0)
    leaves = [Value(0.7), Value(-0.4)]
    root = random_graph(rng, leaves, 30)
    for leaf in leaves:
        for edges in explain(leaf, root).slopes.values():
            for edge in edges:
                assert edge.graph is not None
                out = edge.graph.out
                assert (out.data if isinstance(out, Value) else out) == edge.number


@scalar_cases
def test_every_op_has_its_slopes_written(case: Case) -> None:
    operands = [Value(x) for x in case.args]
    out = case.f(*operands, **case.kwargs)
    if not isinstance(out, Value) or not out.requires_grad:
        pytest.skip("it gives no number with a derivative")
    for operand in operands:
        explained = explain(operand, out)
        assert all(edge.graph for edges in explained.slopes.values() for edge in edges)
        assert explained.text and explained.markdown and explained.latex
        assert np.allclose(explained.difference, explained.gradient, rtol=1e-5, atol=1e-8)


FUNCTIONS = {name: op.forward for name, op in TABLE.items()}
FUNCTIONS |= {"digamma": ag.digamma, "polygamma": ag.polygamma}
FUNCTIONS |= {"true": True, "false": False, "inf": math.inf, "nan": math.nan}


@scalar_cases
def test_formulas_have_the_slopes_as_their_values(case: Case) -> None:
    """In Python's own reading: parentheses stand where they are needed."""
    out = case.f(*[Value(x) for x in case.args], **case.kwargs)
    if not isinstance(out, Value):
        pytest.skip("it gives no number")
    style = PlainText(17)
    for node in operands_first(out):
        if node.op is None:
            continue
        numbers = dict(zip(node.args, node.saved)) | {node: node.data}
        names = {key: f"x{i}" for i, key in enumerate(numbers)}
        for i, arg in enumerate(node.args):
            if arg is None or node.op.vjps[i] is None:
                continue
            formula = derivative_formula(rule_as_graph(node, i, 1.7), style)
            assert formula is not None
            text = style.text(formula, lambda k: names.get(k, k))  # noqa: B023
            known = FUNCTIONS | {name: numbers[key] for key, name in names.items()} | {"g": 1.7}
            right = node.op.vjps[i](1.7, node.data, *node.saved, **node.kwargs)
            np.testing.assert_allclose(eval(text, known), right, rtol=1e-12, err_msg=text)


def test_users_ops_have_formulas_too() -> None:
    cube = Op("cube", lambda x: x * x * x, vjps=(lambda g, out, x: g * (3.0 * x * x),))
    x = Value(2.0, "x")
    assert "cube(x)" in explain(x, cube(x)).text
    assert "∂v1/∂x = 3 * x * x = 3 * 2 * 2 = 12" in explain(x, cube(x)).text


def test_arrays_in_slopes_of_users_ops_are_named() -> None:
    def forward(x: Any, w: Any) -> Any:
        return x * float(np.sum(w))

    dot = Op("dot", forward, vjps=(lambda g, out, x, w: g * ag.sum(w), None))
    x = Value(2.0, "x")
    assert "∂v1/∂x = sum(c1) = 3" in explain(x, dot(x, np.array([1.0, 2.0]))).text


def test_long_formulas_are_left_to_their_number() -> None:
    wavy = Op("wavy", lambda x: x, (lambda g, out, x: sum((ag.sin(x) for _ in range(99)), g),))
    x = Value(0.0, "x")
    assert "v1 = wavy(x) = 0  ∂v1/∂x = 1\n" in explain(x, wavy(x)).text


def test_a_missing_rule_is_named() -> None:
    step = Op("step", lambda x: float(x > 0), (None,))
    x = Value(2.0, "x")
    with pytest.raises(ag.NotDifferentiableError, match="step has no derivative .* 'x'"):
        explain(x, step(x) * x)


def test_a_rule_for_plain_floats_has_its_number() -> None:
    bare = Op("bare", math.exp, vjps=(lambda g, out, x: g * math.exp(x),))
    x = Value(0.0, "x")
    assert "∂v1/∂x = 1" in explain(x, bare(x)).text


def test_numbers_in_formulas_are_in_parentheses_where_needed() -> None:
    x, y = Value(-3.0, "x"), Value(-2.0, "y")
    text = explain(x, x**3 * y).text
    assert "3 * x**2 = 3 * (-3)**2 = 27" in text
    assert "-2 * 27 = -54" in text


# --- scripts --------------------------------------------------------------------------------------


def torture() -> Any:
    x, y = Value(2.0, HOSTILE[0]), Value(3.0, HOSTILE[1])
    out = x * y
    for label in HOSTILE[2:]:
        out = out + Value(1.5, label) * x
        out.label = label + "!"
    return explain(x, out)


def test_labels_survive_in_text() -> None:
    text = torture().text
    for label in HOSTILE[2:]:
        assert label + "!" in text
    assert '"x|y {z}!"' in text  # quoted, for it could be taken for a formula


def test_equal_and_missing_labels_get_names() -> None:
    x, other = Value(2.0, "x"), Value(3.0, "x")
    text = explain(x, x * other + Value(1.0, " ")).text
    assert "v1 = x#1 * x#2 = 6" in text
    named = Value(2.0, "v1")
    text = explain(named, named * 2 + 1).text
    assert "t1 = v1 * 2" in text  # no v2 beside the user's v1


def test_markdown_keeps_its_tables() -> None:
    markdown = torture().markdown
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len(rows) > len(HOSTILE)
    assert all(row.count("|") == 3 for row in rows)
    assert "<b" not in markdown.replace("<br>", "")
    assert len(re.findall(r"(?<!\\)\$", markdown)) % 2 == 0
    assert "`" not in markdown and "*a*" not in markdown


def test_latex_is_balanced() -> None:
    latex = re.sub(r"\\[{}$%#&_\\]", "", torture().latex)
    assert latex.count("{") == latex.count("}")
    assert not set("%#~`") & set(latex)
    assert r"\pi" in latex


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="LaTeX (pdflatex) is not installed")
def test_latex_compiles(tmp_path: Path) -> None:
    (tmp_path / "a.tex").write_text(
        "\\documentclass{article}\\usepackage{amsmath,amssymb}\\begin{document}\n"
        + torture().latex
        + "\n\\end{document}\n"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    done = subprocess.run(
        command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout[-2000:]


def test_simple_names_are_typeset_as_mathematics() -> None:
    w, alpha = Value(2.0, "w1"), Value(3.0, "\N{GREEK SMALL LETTER ALPHA}")
    loss = w * alpha
    loss.label = "loss"
    latex = explain(w, loss).latex
    assert r"\frac{\partial \mathrm{loss}}{\partial w_{1}} = \alpha = 3" in latex


def test_notebooks_get_all_three() -> None:
    x = Value(1e-9, "x")
    explained = explain(x, x * 1.5)
    bundle = explained._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/markdown", "text/latex"}
    assert bundle["text/plain"] == str(explained) == explained.text
    assert r"1 \cdot 10^{-9}" in bundle["text/latex"]


# --- refusals -------------------------------------------------------------------------------------


def test_what_cannot_be_explained_is_refused_with_a_way_out() -> None:
    x, w = Value(1.0, "x"), Tensor([1.0, 2.0], requires_grad=True, label="w")
    with pytest.raises(TypeError, match="takes nodes, Value or Tensor, but got float as leaf"):
        explain(1.0, x)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Tensor 'w' of shape \(2,\); build .* of Value"):
        explain(w, (w * w).sum())
    with no_grad():
        constant = x * 2
    with pytest.raises(ValueError, match="the root, needs no gradient"):
        explain(x, constant)
    with pytest.raises(ValueError, match="paths must be an integer >= 1, but got 0"):
        explain(x, x * x, paths=0)


def test_large_graphs_are_refused_with_a_way_on() -> None:
    x = y = Value(1.0, "x")
    for _ in range(1000):
        y = y + 1.0
    with pytest.raises(ValueError, match=r"up to 100 nodes, but this one has 1001.*limit=1001"):
        explain(x, y, limit=100)
    assert explain(x, y, limit=1001).gradient == 1.0
    for _ in range(100_000):
        y = y + 1.0
    with pytest.raises(ValueError, match=r"up to 100000 nodes, but this one has 101001"):
        explain(x, y)


def test_arrays_beside_the_paths_are_no_hindrance() -> None:
    w = Tensor([1.0, 2.0], requires_grad=True)
    x = Tensor(3.0, requires_grad=True, label="x")
    assert explain(x, (w * w).sum() * x).gradient == 5.0


def test_numbers_of_two_dtypes() -> None:
    x = Tensor(np.float32(2.0), requires_grad=True, label="x")
    explained = explain(x, x.astype(float) ** 2)
    assert explained.gradient == explained.derivative == 4.0
    assert "float64(x) = 2" in explained.text


@pytest.mark.parametrize(
    ("f", "text", "latex"),
    [
        (lambda x: abs(x) * 3, "abs(x)", r"\left|x\right|"),
        (lambda x: x / 1, "x / 1", r"\frac{x}{1}"),
        (lambda x: x * math.inf, "x * inf", r"x \cdot \infty"),
        (lambda x: x * -math.inf, "x * (-inf)", r"\left(-\infty\right)"),
        (lambda x: x * math.nan, "x * nan", r"x \cdot \mathrm{nan}"),
    ],
)
def test_rare_numbers_and_operations_are_written(f: Any, text: str, latex: str) -> None:
    x = Value(-2.0, "x")
    explained = explain(x, f(x))
    assert text in explained.text
    assert latex in explained.latex


@pytest.mark.parametrize(
    ("slope", "text", "latex"),
    [
        (lambda x: 0.0 + x, "∂v1/∂x = x = 2", "= x = 2"),
        (lambda x: ag.sin(x) + 0.0, "∂v1/∂x = sin(x) = ", r"= \sin\left(x\right) = "),
        (lambda x: rules.alias(rules.astype(x, dtype=float)), "∂v1/∂x = x = 2", "= x = 2"),
        (lambda x: ag.divide(x, 1.0), "∂v1/∂x = x = 2", "= x = 2"),
        (
            lambda x: ag.sum(ag.matmul(ag.reshape(x, (1, 1)), np.ones((1, 1)))),
            "@ [[1]]",
            r"\,[[1]]",
        ),
    ],
)
def test_formulas_of_ones_own_rules_are_simplified(slope: Any, text: str, latex: str) -> None:
    op = Op("op", lambda x: x, (lambda g, out, x: g * slope(x),))
    x = Tensor(2.0, requires_grad=True, label="x")
    explained = explain(x, op(x))
    assert text in explained.text and latex in explained.latex
