"""Values and slopes at kinks, ties, poles and infinities: every row of docs/numbers.md."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from table import CASES

import autograd as ag
import nn
from autograd import Tensor, Value
from autograd.core import rules
from autograd.core.backward import consumers_first

PAGE = Path(__file__).parents[3] / "docs" / "numbers.md"
HEADER = ["expression", "at", "value", "slope", "remark"]
SECANTS = tuple(f"ag.{arc}{name}" for arc in ("", "arc") for name in ("sec", "csc", "cot"))
OPTIONS = ("initial=", "where=[", "np.maximum")  # which no peer has
NUMBERS = {"inf": math.inf, "nan": math.nan, "pi": math.pi, "log": math.log}


@dataclass(frozen=True)
class Row:
    """`expression`, as a function of its variables, has this value and these slopes there."""

    expression: str
    point: tuple[Any, ...]  # a number or nested list of numbers per variable, and so the slopes
    value: float
    slopes: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.expression} at {', '.join(map(str, self.point))}"

    def f(self, *args: Any) -> Any:
        names = [name for name in "xy" if re.search(rf"\b{name}\b", self.expression)]
        variables = dict(zip(names, args, strict=True))
        return eval(self.expression, {"ag": ag, "nn": nn, "np": np} | variables)


def numbers(cell: str) -> tuple[Any, ...]:
    return tuple(eval(f"[{cell}]", NUMBERS))


def parse(line: str) -> Row:
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    if len(cells) != len(HEADER) or not all(re.fullmatch("`[^`]+`", cell) for cell in cells[:4]):
        raise ValueError(f"no row of {HEADER}: {line!r}")
    expression, point, value, slopes = (cell.strip("`") for cell in cells[:4])
    (number,) = numbers(value)
    return Row(expression, numbers(point), number, numbers(slopes))


LINES = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
ROWS = [parse(line) for line in LINES[2:]]


def same(found: float, wanted: float) -> bool:
    """Equal in nan, infinity and sign; what is rounded, within 4 units in the last place."""
    if math.isnan(wanted) or math.isinf(wanted) or wanted == 0:
        return repr(float(found)) == repr(float(wanted))
    return abs(found - wanted) <= 4 * math.ulp(wanted)


def check(row: Row, value: Any, slopes: list[Any]) -> None:
    assert same(value, row.value), f"{row}: the value is {value}"
    assert len(slopes) == len(row.slopes), f"{row}: there are {len(slopes)} slopes"
    for found, wanted in zip(slopes, row.slopes):
        assert np.shape(found) == np.shape(wanted), f"{row}: the slopes are {slopes}"
        pairs = zip(np.ravel(found).tolist(), np.ravel(wanted).tolist())
        assert all(same(a, b) for a, b in pairs), f"{row}: the slopes are {slopes}"


def is_scalar(row: Row) -> bool:
    return not any(isinstance(x, list) for x in row.point)


def tensor(x: Any) -> Tensor:
    return Tensor(np.array(x, float), requires_grad=True)


def check_tensors(row: Row) -> None:
    args = [tensor(x) for x in row.point]
    with np.errstate(all="ignore"):
        out = row.f(*args)
    out.backward()
    check(row, out.item(), [x.grad for x in args])


def check_values(row: Row) -> None:
    """Floats warn of nothing; lists of them are stacked."""
    leaves: list[Any] = []

    def node(x: Any) -> Any:
        if isinstance(x, list):
            return ag.stack([node(part) for part in x])
        leaves.append(Value(x))
        return leaves[-1]

    def grads(x: Any) -> Any:
        return [grads(part) for part in x] if isinstance(x, list) else leaves.pop(0).grad

    args = [node(x) for x in row.point]
    with np.errstate(all="raise" if is_scalar(row) else "ignore"):
        out = row.f(*args)
    assert isinstance(out, Value) or not is_scalar(row)
    out.backward()
    check(row, out.item(), [grads(x) for x in row.point])


def check_graph(row: Row, kind: type) -> None:
    """The rules run on nodes, as they do where something differentiates the slopes again."""
    args = [Value(x) if kind is Value else tensor(x) for x in row.point]
    slopes = ag.value_and_grad(row.f, tuple(range(len(args))))
    with np.errstate(all="ignore"):
        out, found = slopes(*args)
    assert all(isinstance(x, kind) for x in found)
    check(row, out.item(), [x.data for x in found])


rows = pytest.mark.parametrize("row", ROWS, ids=str)
scalar_rows = pytest.mark.parametrize("row", [row for row in ROWS if is_scalar(row)], ids=str)


@rows
def test_tensors(row: Row) -> None:
    check_tensors(row)


@pytest.mark.parametrize("row", [row for row in ROWS if [] not in row.point], ids=str)
def test_values(row: Row) -> None:
    check_values(row)


@rows
def test_graphs_of_tensors(row: Row) -> None:
    check_graph(row, Tensor)


@scalar_rows
def test_graphs_of_values(row: Row) -> None:
    check_graph(row, Value)


EDGES = (0.0, 5e-4, 1.0, 1.5, 2.0, 8.0, 1000.0, 1e308, 5e-324, math.inf)
POINTS = [*EDGES, *(-x for x in EDGES), math.nan]
FUNCTIONS = {str(c).split("[")[0]: (c.f, len(c.args)) for c in CASES if c.elementwise}


def alike(x: float, y: float) -> bool:
    """Of one kind and sign; finite numbers close to each other."""
    return same(x, y) or (y != 0 and math.isfinite(y) and math.isclose(x, y, rel_tol=1e-13))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_floats_and_arrays_agree_at_every_edge(name: str) -> None:
    f, arity = FUNCTIONS[name]
    for point in itertools.product(POINTS, repeat=arity):
        # Which zero of two it is, is NumPy's choice, and another one in its older versions.
        any_zero = name in {"maximum", "minimum", "fmax", "fmin", "relu"} and not any(point)
        values, tensors = [Value(x) for x in point], [tensor(np.full(9, x)) for x in point]
        with np.errstate(all="raise"):
            v = f(*values)
        with np.errstate(all="ignore"):
            t = f(*tensors)
        v.backward()
        t.backward(np.ones(9))
        for x in t.tolist():
            assert alike(x, v.data) or (any_zero and x == v.data), (point, v, t)
        for a, b in zip(values, tensors):
            assert all(alike(x, a.grad) for x in b.grad.tolist()), (point, a, b.grad)


def test_a_tie_shares_what_comes_in() -> None:
    for f in (ag.maximum, ag.minimum):
        for kind in (float, lambda x: np.full(2, x)):
            slopes = ag.grad(lambda x, y, f=f: ag.sum(3 * f(x, y)), (0, 1))(kind(2.0), kind(2.0))
            assert [np.ravel(g).tolist() for g in slopes] == [np.ravel(kind(1.5)).tolist()] * 2
    for f in (ag.max, ag.min):
        x = tensor(np.ones((300, 100)))
        f(x, axis=0).backward(np.full(100, 3.0))
        np.testing.assert_allclose(x.grad, np.full((300, 100), 0.01))
        x = tensor(np.ones((100, 4)))  # a short axis is counted in another way
        f(x, axis=1).backward(np.full(100, 3.0))
        np.testing.assert_allclose(x.grad, np.full((100, 4), 0.75))


def test_logsumexp_shifts_each_row_by_its_own_largest_entry() -> None:
    rows = np.array([[1000.0, 1000.0], [-1000.0, -1000.0], [-math.inf, -math.inf]])
    found = ag.logsumexp(rows, axis=1)  # without a warning
    np.testing.assert_allclose(found[:2], [1000 + math.log(2), -1000 + math.log(2)])
    assert found[2] == -math.inf
    assert ag.logsumexp(np.zeros((1, 2)), axis=1).shape == (1,)


def test_extrema_are_found_row_by_row_and_pass_infinities_on() -> None:
    x = tensor([[math.nan, 1.0], [1.0, 2.0]])
    ag.max(x, axis=1).sum().backward()
    assert x.grad.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    x = tensor([1.0, 2.0])
    ag.max(x).backward(math.inf)
    assert x.grad.tolist() == [0.0, math.inf]


# --- the table itself, and its tester -------------------------------------------------------------


def test_the_table_is_whole() -> None:
    header, rule = ([cell.strip() for cell in line.strip("|").split("|")] for line in LINES[:2])
    assert header == HEADER and set(rule) == {"---"}
    assert len({str(row) for row in ROWS}) == len(ROWS) >= 201  # rows come, none go


def test_every_elementwise_function_has_a_row() -> None:
    without_edges = {
        ag.arcsinh, ag.cos, ag.deg2rad, ag.erf, ag.rad2deg, ag.sinh, ag.square, ag.tan,
        rules.cosine, rules.logistic_density, rules.one_minus_square, rules.sech2,
    }  # fmt: skip
    with np.errstate(all="ignore"):
        outs = [row.f(*map(tensor, row.point)) for row in ROWS]
    ops = {node.op for node in consumers_first(*outs)}
    named = {name for row in ROWS for name in re.findall(r"ag\.(\w+)", row.expression)}
    covered = ops | {getattr(ag, name) for name in named} | without_edges
    tested = {f for case in CASES if case.elementwise for f in (case.covers or [case.f])}
    assert not tested - covered


@pytest.mark.parametrize("line", ["| `x` | `0` | `0` |", "| x | `0` | `0` | `1` | |", "| `x` |"])
def test_what_is_no_row_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="no row of"):
        parse(line)
    with pytest.raises(ValueError, match="unpack"):
        parse("| `x` | `0` | `0, 0` | `1` | |")


def wrong(x: Any) -> Any:
    """Another number, as like this one as a mistake can be."""
    if isinstance(x, list):
        return [wrong(x[0]), *x[1:]] if x else [0.0]
    if x == 0 or math.isinf(x):
        return -float(x)
    return 0.0 if math.isnan(x) else x + 6 * math.ulp(x)


@rows
def test_a_wrong_row_fails(row: Row) -> None:
    first, *rest = row.slopes
    for bad in (
        replace(row, value=wrong(row.value)),
        replace(row, slopes=(wrong(first), *rest)),
        replace(row, slopes=(*row.slopes, 0.0)),
        replace(row, slopes=tuple(rest)),
    ):
        for checked in (
            check_tensors,
            *([check_values] if [] not in row.point else []),
            lambda row: check_graph(row, Tensor),
        ):
            with pytest.raises(AssertionError, match="the value is|slopes"):
                checked(bad)
