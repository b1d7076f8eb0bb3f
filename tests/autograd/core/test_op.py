"""Facts about an operation stand in its row: nothing else knows an operation by identity."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from table import CASES, TABLE
from test_table import as_tensors

import autograd as ag
from autograd import Op
from autograd.core import array_rules, rules
from autograd.core.backward import operands_first

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


# --- what the rows say is true --------------------------------------------------------------------

Call = tuple[tuple[Any, ...], dict[str, Any]]  # the operands and options of an operation

EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, 1e-310, 1e-200, 1e200, np.inf, -np.inf, np.nan]
SPREAD = np.random.default_rng(1)
NUMBERS = np.array([*EDGES, *SPREAD.normal(size=12), *(10 * SPREAD.normal(size=6)), 30.0, -700.0])
OF_NUMBERS = [op for op in TABLE.values() if op.elementwise and op.arity and op.rule]
MAYBE = {rules.astype, rules.nan_to_num}  # linear for some dtypes, and for finite numbers


@cache
def calls() -> dict[Op, list[Call]]:
    """Every call of a row in the cases of the table, with its operands as arrays."""
    found: dict[Op, list[Call]] = {op: [] for op in TABLE.values()}
    for case in CASES:
        for node in operands_first(case.f(*as_tensors(case), **case.kwargs)):
            if node.op is not None:
                found.setdefault(node.op, []).append((node.saved, dict(node.kwargs)))
    return found


def moved(x: Any) -> Any:
    """Other numbers of the same shape, of the same sign; other conditions."""
    if np.asarray(x).dtype == bool:
        return SPREAD.random(np.shape(x)) < 0.5
    return np.where(x == 0, 1.0, x) * SPREAD.uniform(0.5, 1.5, np.shape(x))


def is_linear(op: Op, positions: tuple[int, ...], call: Call) -> bool:
    """Whether `op` is linear in these operands together, as far as numbers show."""
    args, options = call

    def value(numbers: dict[int, Any]) -> Any:
        return op.forward(*(numbers.get(i, x) for i, x in enumerate(args)), **options)

    x, y = ({i: moved(args[i]) for i in positions} for _ in range(2))
    with np.errstate(all="ignore"):
        try:
            both = value({i: -3.0 * x[i] + 2.5 * y[i] for i in positions})
            apart = -3.0 * value(x) + 2.5 * value(y)
        except (TypeError, ValueError, IndexError, np.linalg.LinAlgError):
            return False  # it takes no numbers there
    return bool(np.allclose(both, apart, rtol=1e-9, atol=1e-9, equal_nan=True))


@pytest.mark.parametrize("name", [name for name, op in TABLE.items() if op not in MAYBE])
def test_a_row_says_where_it_is_linear(name: str) -> None:
    op, found = TABLE[name], calls()[TABLE[name]]
    if not found:  # conditions, which have no derivatives
        assert op.boolean and not op.linear
        return
    subsets = [x for n in (2, 1) for x in itertools.combinations(range(op.arity or 0), n)]
    if all(is_linear(op, tuple(range(len(call[0]))), call) for call in found):
        assert op.linear is True or (op.linear == "each" and op.arity == 1)
    elif all(is_linear(op, (i,), call) for call in found for i in range(len(call[0]))):
        assert op.linear == "each"
    else:
        there = (x for x in subsets if all(is_linear(op, x, call) for call in found))
        assert op.linear == next(there, False)


def same_bits(x: Any, y: Any) -> bool:
    x, y = np.asarray(x, float), np.asarray(y, float)
    return np.array_equal(x, y, equal_nan=True) and bool(
        np.all((np.signbit(x) == np.signbit(y)) | np.isnan(x))
    )


PAIRS = [op for op in TABLE.values() if op.elementwise and op.arity == 2]
LEFT, RIGHT = map(np.array, zip(*itertools.product(NUMBERS, NUMBERS)))


def on_pairs(op: Op, x: Any = LEFT, y: Any = RIGHT) -> Any:
    kinds = (bool, bool) if op.name.startswith("logical") else (float, float)
    with np.errstate(all="ignore"):
        return op.forward(*(np.asarray(z, kind) for z, kind in zip((x, y), kinds)))


@pytest.mark.parametrize("op", PAIRS, ids=lambda op: op.name)
def test_a_row_says_whether_it_commutes(op: Op) -> None:
    assert op.commutes == same_bits(on_pairs(op), on_pairs(op, RIGHT, LEFT))
    if op.commutes and not op.name.startswith("logical"):
        pairs = itertools.product(NUMBERS.tolist(), repeat=2)
        assert all(same_bits(op.forward(x, y), op.forward(y, x)) for x, y in pairs)


@pytest.mark.parametrize("op", [op for op in PAIRS if not op.boolean], ids=lambda op: op.name)
def test_a_row_says_which_number_changes_nothing(op: Op) -> None:
    kept = [y for y in (0.0, -0.0, 1.0, -1.0) if same_bits(on_pairs(op, NUMBERS, y), NUMBERS)]
    assert any(same_bits(op.identity, y) for y in kept) if kept else op.identity is None


@pytest.mark.parametrize("name", TABLE)
def test_a_row_says_whether_it_gives_true_or_false(name: str) -> None:
    op = TABLE[name]
    results = [np.asarray(op.forward(*args, **options)) for args, options in calls()[op]]
    if op in PAIRS:
        results.append(np.asarray(on_pairs(op)))
    assert all((x.dtype == bool) == op.boolean for x in results)


@pytest.mark.parametrize("name", TABLE)
def test_a_row_says_whether_it_works_entry_by_entry(name: str) -> None:
    op = TABLE[name]
    found = [works_by_entry(op, call) for call in calls()[op]]
    assert all(found) if op.elementwise else not found or not all(found)


def works_by_entry(op: Op, call: Call) -> bool:
    """Whether a change of the first entries changes the first entry of the result alone."""
    args, options = call
    out = op.forward(*args, **options)
    try:
        if np.shape(out) != np.broadcast_shapes(*map(np.shape, args)):
            return False
        before = [np.broadcast_to(x, np.shape(out)).copy() for x in args]
        after = [x.copy() for x in before]
        for x in after:
            if x.size > 1 and x.dtype.kind == "f":
                x.flat[0] = x.flat[1] * 1.01
        pair = [np.ravel(op.forward(*x, **options))[1:] for x in (before, after)]
    except (ValueError, np.linalg.LinAlgError):
        return False
    return same_bits(*pair)


def within_4_ulp(x: Any, y: Any) -> Any:
    x, y = np.asarray(x, float), np.asarray(y, float)
    with np.errstate(all="ignore"):
        near = np.abs(x - y) <= 4 * np.spacing(np.maximum(np.abs(x), np.abs(y)))
    signs = np.signbit(x) == np.signbit(y)
    return ((x == y) & ((x != 0) | signs)) | near & (x != 0) | (np.isnan(x) & np.isnan(y))


def operands_of(op: Op) -> list[Any]:
    """All pairs of numbers, or all numbers; conditions where the operation takes them."""
    assert op.arity is not None
    if op is rules.where:
        return [LEFT > 0, LEFT, RIGHT]
    of_pairs = [LEFT, RIGHT] if op.arity == 2 else [NUMBERS]
    return [x != 0 for x in of_pairs] if op.name.startswith("logical") else of_pairs


def options_of(op: Op) -> list[dict[str, Any]]:
    """The options in the cases of the table; without those of arrays alone."""
    found = [options for _, options in calls()[op]] or [{}]
    return [x for i, x in enumerate(found) if x not in found[:i] and not {"make", "dtype"} & {*x}]


@pytest.mark.parametrize("op", OF_NUMBERS, ids=lambda op: op.name)
def test_functions_for_compiled_source_agree_with_forward(op: Op) -> None:
    arrays = operands_of(op)
    for options in options_of(op):
        with np.errstate(all="ignore"):
            if op is not rules.item:
                expected = op.forward(*arrays, **options)
                found = op.on_array(*arrays, **options)
                assert np.all(within_4_ulp(found, expected)), "on_array"
                if op.ufunc is not None:
                    assert np.all(within_4_ulp(op.ufunc(*arrays), expected)), "ufunc"
        for row in zip(*(x.tolist() for x in arrays)):
            with np.errstate(all="ignore"):
                expected = op.forward(*row, **options)
                try:
                    found = op.on_float(*row, **options)
                except (ArithmeticError, ValueError):
                    continue  # as it may where IEEE 754 has an answer
            assert within_4_ulp(found, expected), (row, found, expected)


def test_a_row_names_the_ufunc_that_equals_it() -> None:
    for op in OF_NUMBERS:
        ufunc = getattr(np, op.public_name, None)
        if isinstance(ufunc, np.ufunc) and op.ufunc is None:
            with np.errstate(all="ignore"):
                found, expected = ufunc(*operands_of(op)), op.forward(*operands_of(op))
            assert not np.all(within_4_ulp(found, expected)), op.name


def test_texts_that_depend_on_options() -> None:
    def text(op: Op, **options: Any) -> str:
        assert callable(op.text)
        return op.text(**options)

    transpose, nll = array_rules.transpose, array_rules.nll
    axes = (), (0,), (1, 0), (0, 1), (0, 2, 1), (1, 0, 2), (2, 1, 0), (0, 1, 3, 2)
    assert [text(transpose, axes=x) for x in axes] == [
        "x", "x", "x.T", "x", "x.mT", "transpose(x, (1, 0, 2))", "transpose(x, (2, 1, 0))", "x.mT",
    ]  # fmt: skip
    assert text(nll, labels=[1, 0, 2, 1], scale=0.25) == "-mean(x[labels])"
    assert text(nll, labels=[1, 0, 2, 1], scale=1.0) == "-(1.0 * sum(x[labels]))"
    assert text(rules.sinc, n=0) == "sinc(x)" and "2" in text(rules.sinc, n=2)


# --- a record that is none is refused where it is made --------------------------------------------


def rule(g: Any, out: Any, x: Any) -> Any:
    return g


def less(x: Any, y: Any) -> Any:
    return x - y


UNARY: dict[str, Any] = {"name": "op", "forward": abs, "vjps": (rule,)}
FLAGS = ("broadcasts", "analytic", "elementwise", "commutes", "boolean")


@pytest.mark.parametrize(
    ("field", "x", "error", "message"),
    [
        *((name, x, TypeError, f"{name} must be True or False, but got")
          for name in FLAGS for x in ("yes", 5, [True])),
        ("broadcasts", None, TypeError, "broadcasts must be True or False, but got None"),
        ("name", None, TypeError, "name must be a str, but got None"),
        ("name", b"op", TypeError, "name must be a str, but got b'op'"),
        ("forward", "abs", TypeError, "forward must be a function, but got 'abs' (str); pass"),
        ("forward", None, TypeError, "forward must be a function, but got None"),
        ("vjps", rule, TypeError, "; put the rule in a tuple: (rule,)"),
        ("vjps", None, TypeError, "a rule for each operand, or per_argument(make), but got None"),
        ("vjps", "x", TypeError, "vjps must be a tuple with a rule"),
        ("vjps", {"x": rule}, TypeError, "vjps must be a tuple with a rule"),
        ("vjps", ag.per_argument, TypeError, "but got the class PerArgument"),
        ("vjps", (5,), TypeError, "vjps[0] must be a function, but got 5"),
        ("vjps", (None, "f"), TypeError, "vjps[1] must be a function, but got 'f'"),
        ("vjps", (rule, rule), ValueError, "each of the 2 rules, but takes (g, out, x)"),
        ("vjps", (lambda g, out: g,), ValueError, "each of the 1 rules, but takes (g, out)"),
        ("linear", "foo", ValueError, "linear must be True or False or 'each', but got 'foo'"),
        ("linear", None, ValueError, "linear must be True or False or 'each', but got None"),
        ("linear", (1,), ValueError, "a position in linear must be an integer >= 0 and <= 0, but"),
        ("linear", [-1], ValueError, "a position in linear must be an integer >= 0 and <= 0, but"),
        ("linear", ("x",), TypeError, "a position in linear must be an integer"),
        ("identity", "0", TypeError, "identity must be a number, but got '0'"),
        ("identity", 0.0, ValueError, "identity needs an op of two operands; op is none"),
        ("boolean", True, ValueError, "op is boolean, without derivatives: its vjps must be None"),
        ("ufunc", abs, TypeError, "ufunc must be a ufunc of NumPy, but got <built-in function"),
        ("ufunc", False, TypeError, "ufunc must be a ufunc of NumPy, but got False"),
        ("ufunc", np.add, ValueError, "ufunc must take what op takes, and return one; got <ufunc"),
        ("ufunc", np.modf, ValueError, "ufunc must take what op takes, and return one; got <ufunc"),
        ("on_float", 5, TypeError, "on_float must be a function, but got 5"),
        ("on_array", "exp", TypeError, "on_array must be a function, but got 'exp'"),
        ("text", 5, TypeError, "text must be a str, or a function of the options that returns it"),
        ("formula", b"x", TypeError, "formula must be a str, or a function of the options"),
        ("tex", len, TypeError, "tex must be a str, but got <built-in function len>"),
        ("tex", r"\frac{x", ValueError, r"tex must have as many { as }, but got '\\frac{x'"),
        ("tex", r"x \} }", ValueError, "tex must have as many { as }"),
    ],
)  # fmt: skip
def test_a_field_that_is_wrong_is_refused(
    field: str, x: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        Op(**{**UNARY, field: x})
    assert message in str(caught.value)


def test_the_rules_of_any_number_of_operands_are_a_function() -> None:
    with pytest.raises(TypeError, match="make must be a function, but got 5"):
        ag.per_argument(5)  # type: ignore[arg-type]
    positions = Op("op", lambda *xs: sum(xs), ag.per_argument(lambda i: rule), linear=(0, 7))
    assert positions.linear == (0, 7)


def test_fields_are_kept_in_types_of_python() -> None:
    facts: dict[str, Any] = {
        "elementwise": np.True_, "commutes": 0, "identity": np.float64(-0.0),
        "linear": [np.int64(0)], "tex": r"\{x \} - {y}",
    }  # fmt: skip
    op = Op("op", less, [lambda *_: 1.0, None], **facts)
    assert op.elementwise is True and op.commutes is False and type(op.vjps) is tuple
    assert same_bits(op.identity, -0.0) and type(op.identity) is float and op.linear == (0,)
    assert Op("to_float", float, (rule,), on_float=float).on_float is float
    assert Op("least", np.minimum, (None, None), identity=np.inf).identity == np.inf


def test_any_number_of_operands_without_derivatives() -> None:
    """Their rules never end."""
    op = Op("most", max, ag.per_argument(lambda i: None))  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError, match="the function returned the result of most"):
        ag.compile(lambda x: op(x, 1.0)).grad(2.0)
