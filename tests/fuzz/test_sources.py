"""Compiled functions: whatever labels, names and keys are, the same numbers and no other code."""

from __future__ import annotations

import ast
import math
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from contract import documented
from hypothesis import strategies as st

import autograd as ag
from autograd.expressions import identifier

HOSTILE = [
    "__import__('os').system('touch planted')", "x\nimport os", "'", '"""', "\\", "lambda", "None",
    "print", "exec", "__builtins__", "__class__", "def f():", "#", "a;b", "\0", "\r", "\u2028",
    "\u0303x", "ñx", "n\u0303x", "\U0001d431",
    "x", "x1", "x_1", "t1", "math", "np", "inf", "nan", "other",
    "f", "tanh", "{0}", "%s", "}", "\\input{x}", "$x$", "\ud800", "", " ", "_", "__", "π", "日本",
    "return", "match", "a" * 100, "keys", "float", "d_x", "whole", "blocked", "9", "²", "٣",
]  # fmt: skip
LABELS = st.sampled_from(HOSTILE) | st.text(max_size=8)
STEPS: list[tuple[int, Callable[..., Any]]] = [
    (2, lambda x, y: x + y), (2, lambda x, y: x - y), (2, lambda x, y: x * y),
    (2, lambda x, y: x / y), (2, ag.maximum), (2, ag.minimum),
    (2, lambda x, y: ag.where(x < y, x, y)),
    (2, ag.hypot), (2, lambda x, y: ag.abs(x) ** y), (1, ag.tanh), (1, ag.exp), (1, ag.log),
    (1, ag.sin), (1, ag.sqrt), (1, ag.relu), (1, ag.sigmoid), (1, lambda x: -x), (1, ag.abs),
    (1, lambda x: x**2), (1, lambda x: 1 / x), (1, ag.floor), (1, ag.arctan), (1, ag.erf),
    (1, ag.softplus), (1, ag.square), (1, lambda x: ag.round(x, 1)),
    (1, lambda x: ag.clip(x, -1, 1)),
]  # fmt: skip
ARITHMETIC = {
    ast.FunctionDef, ast.arguments, ast.arg, ast.Assign, ast.Return, ast.Name, ast.Load, ast.Store,
    ast.Constant, ast.BinOp, ast.UnaryOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod, ast.USub,
    ast.FloorDiv, ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.BitAnd,
    ast.BitOr, ast.Call, ast.keyword, ast.Attribute, ast.Tuple, ast.List, ast.Dict,
}  # fmt: skip
"""What may stand in a function that was written by the compiler."""


@st.composite
def programs(draw: Any) -> tuple[list[Any], list[str], list[float], list[str]]:
    count = draw(st.integers(1, 3))
    steps, size = [], count
    for _ in range(draw(st.integers(1, 7))):
        k = draw(st.integers(0, len(STEPS) - 1))
        operands = [draw(st.integers(0, size - 1)) for _ in range(STEPS[k][0])]
        steps.append((k, operands))
        size += 1
    labels = [draw(LABELS) for _ in steps]
    numbers = draw(
        st.lists(
            st.floats(-3, 3) | st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan, 1e308]),
            min_size=count,
            max_size=count,
        )
    )
    keys = draw(st.lists(LABELS, min_size=count, max_size=count, unique=True))
    return steps, labels, numbers, keys


def function(steps: list[Any], labels: list[str], name: str) -> Callable[..., Any]:
    def f(inputs: Any) -> Any:
        made = list(inputs.values())
        for (k, operands), label in zip(steps, labels):
            y = STEPS[k][1](*(made[i] for i in operands))
            if hasattr(y, "label"):
                y.label = label
            made.append(y)
        return made[-1]

    f.__name__ = name
    return f


def close(x: Any, y: Any) -> bool:
    return bool(np.allclose(x, y, rtol=1e-9, atol=1e-12, equal_nan=True))


def own_function(source: str) -> ast.FunctionDef:
    """The function that the source is about: the last one in it."""
    return [x for x in ast.parse(source).body if isinstance(x, ast.FunctionDef)][-1]


def names_set(tree: ast.AST) -> set[str]:
    return {
        x.id for x in ast.walk(tree) if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)
    }


def test_compiled_functions(fuzz: Any) -> None:
    def check(example: Any) -> None:
        steps, labels, numbers, keys = example
        f = function(steps, labels, labels[0])
        inputs = dict(zip(keys, numbers))
        compiled = ag.compile(f)
        with np.errstate(all="ignore"):
            value, slopes = ag.value_and_grad(f)(inputs)
            found, gradients = compiled.value_and_grad(inputs)
            assert close(found, value), compiled.source
            assert list(gradients) == list(slopes) == keys
            assert close(list(gradients.values()), list(slopes.values())), compiled.source
            columns = {key: np.full(3, x) for key, x in inputs.items()}
            assert close(compiled(columns), [value] * 3), compiled.source
            for source, x in (compiled.source, inputs), (compiled.numpy_source, columns):
                written = own_function(source)
                assert {type(node) for node in ast.walk(written)} <= ARITHMETIC, source
                assert not {name for name in names_set(written) if name.startswith("__")}
                space: dict[str, Any] = {}
                exec(source, space)
                try:
                    out, gradient = space[written.name](x)
                except (ArithmeticError, ValueError):  # as Python's bare operators do
                    assert x is inputs
                    continue
                assert close(out, value) and list(gradient) == keys
                for slope, wanted in zip(gradient.values(), slopes.values()):
                    assert close(slope, wanted), source
        with documented():
            formula = compiled.latex()
            assert formula.isprintable() and formula.count("{") == formula.count("}")

    fuzz("compiled functions", check, programs(), quick=40, soak=4000)


def test_labels_as_identifiers(fuzz: Any) -> None:
    def check(label: str) -> None:
        name = identifier(label)
        assert name.isidentifier() and name == unicodedata.normalize("NFKC", name)
        assert not name.startswith("__") and len(name) < 64
        ast.parse(f"{name} = 0")

    fuzz("identifiers", check, LABELS, quick=200, soak=10000)
