"""Facts about an operation stand in its row: nothing else knows an operation by identity."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from table import TABLE

ROOT = Path(__file__).parents[3]
ROWS = TABLE

# --- no table is keyed by operation ---------------------------------------------------------------

# The rows, and what they are made of.
MAY_NAME_OPERATIONS = {
    f"autograd/core/{name}.py" for name in ("rules", "array_rules", "matrix_rules", "op", "kernels")
}
# Algebra is about operations: x + -y is x - y.
MAY_ASK_WHICH_OPERATION = {"autograd/compiler/simplify.py"}
# Error messages name the user's line; an operation does not need to know who made it.
MAY_LOOK_AT_FRAMES = {"autograd/core/anomaly.py", "autograd/compiler/refusals.py"}
MODULES = [
    str(path.relative_to(ROOT))
    for package in ("autograd", "nn", "demos")
    for path in sorted((ROOT / package).rglob("*.py"))
]


def tables_by_operation(text: str) -> Iterator[tuple[int, str]]:
    """Lines that ask which operation it is, or that hold a table keyed by operation."""
    tree = ast.parse(text)
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("rules")
        for alias in node.names
        if alias.name in ROWS
    }

    def is_operation(node: ast.AST | None) -> bool:
        match node:
            case ast.Attribute(ast.Name("rules" | "array_rules" | "matrix_rules" | "ag"), name):
                return name in ROWS
            case ast.Name(name):
                return name in names
        return node is not None and is_forward(node)

    for node in ast.walk(tree):
        if what := question(node, is_operation):
            yield node.lineno, what


def question(node: ast.AST, is_operation: Callable[[ast.AST | None], bool]) -> str:
    """What a piece of source asks about operations, if it does."""
    match node:
        case ast.Compare(left, [ast.Is() | ast.IsNot() | ast.Eq() | ast.NotEq()], [right]):
            return "asks which function it is" * (is_forward(left) or is_forward(right))
        case ast.Compare(left, [ast.In() | ast.NotIn()], [right]):
            found = is_operation(left) and is_constant(right)
            return "looks for an operation among others" * (found or is_forward(left))
        case ast.Dict(several) | ast.Set(several):
            return "is a table of operations" * (sum(map(is_operation, several)) > 1)
        case ast.Subscript(table, key) | ast.Call(ast.Attribute(table, "get"), [key, *_]):
            found = is_operation(key) and is_constant(table)
            return "looks up an operation in a table" * found
        case ast.Attribute(ast.Name("sys"), "_getframe"):
            return "looks at the caller's frame"
    return ""


def is_forward(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "forward"


def is_constant(node: ast.AST) -> bool:
    """Whether a node names a constant of a module: a program may keep what it has met by itself."""
    return isinstance(node, ast.Name) and node.id.isupper()


@pytest.mark.parametrize("module", MODULES)
def test_no_module_knows_an_operation_by_identity(module: str) -> None:
    found = [f"line {i} {what}" for i, what in tables_by_operation((ROOT / module).read_text())]
    if module in MAY_ASK_WHICH_OPERATION:
        found = [x for x in found if "table" in x]
    if module in MAY_LOOK_AT_FRAMES:
        found = [x for x in found if "frame" not in x]
    assert found == [], "state the fact in the operation's row instead"


@pytest.mark.parametrize(
    "text",
    [
        "if op.forward is f: x", "x = node.op.forward not in y", "x = rules.add in IDENTITIES",
        "from .core.rules import add, sub\nx = {add: 1, sub: 2}", "x = {rules.add, rules.sub}",
        "x = TEXTS[op.forward]", "TEXTS.get(op.forward, 1)",
        "x = sys._getframe(1)", "from .rules import exp as e\nx = TEXTS[e]",
    ],
)  # fmt: skip
def test_a_table_by_operation_is_found(text: str) -> None:
    assert len(list(tables_by_operation(text))) == 1


def test_what_names_operations_otherwise_is_not_found() -> None:
    text = """
x = {np.add: rules.add, np.exp: rules.exp}
y = rules.add(1, 2) if op.linear is True else self.names[op.forward]
z = op is rules.neg or op in (rules.mul, rules.div)
"""
    assert list(tables_by_operation(text)) == []
