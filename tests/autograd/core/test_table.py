"""Every primitive and every public function: values, derivatives, dtypes, shapes."""

from __future__ import annotations

import builtins
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from table import CASES, NOT_FUNCTIONS, TABLE, Case

import autograd as ag
from autograd import Tensor, Value, check_gradients
from autograd.core import array_rules, pytree, rules
from autograd.core.backward import consumers_first, operands_first
from autograd.transforms.gradient_check import random_like

cases = pytest.mark.parametrize("case", CASES, ids=str)
scalar_cases = pytest.mark.parametrize(
    "case", [c for c in CASES if c.elementwise and np.shape(c.args[0]) == ()], ids=str
)


def differentiable(x: Any) -> bool:
    return getattr(x, "dtype", np.dtype(float)).kind == "f"


def as_tensors(case: Case, dtype: type = np.float64) -> list[Any]:
    return [
        Tensor(x, dtype=dtype, requires_grad=True) if differentiable(x) else x for x in case.args
    ]


@cases
def test_value_is_numpys(case: Case) -> None:
    if case.reference is None:  # then plain arrays are NumPy's own business
        wanted = case.f(*case.args)
    else:
        wanted = case.reference(*case.args, **case.kwargs)
    for args in (case.args, as_tensors(case)):
        out = case.f(*args, **case.kwargs)
        np.testing.assert_allclose(getattr(out, "data", out), wanted, rtol=1e-13, atol=1e-15)
        assert np.shape(getattr(out, "data", out)) == np.shape(wanted)


def of_variables(case: Case) -> tuple[Callable[..., Any], list[Any]]:
    """The case as a function of what can be differentiated, and that."""
    constants = {i: x for i, x in enumerate(case.args) if not differentiable(x)}

    def f(*variables: Any) -> Any:
        rest = iter(variables)
        args = (constants[i] if i in constants else next(rest) for i in range(len(case.args)))
        return case.f(*args, **case.kwargs)

    return f, [x for x in case.args if differentiable(x)]


@cases
def test_gradients_to_second_order(case: Case) -> None:
    f, variables = of_variables(case)
    if len(variables) == len(case.args):  # a row itself may be taken to the complex numbers
        check_gradients(case.f, *variables, **case.kwargs)
    else:
        check_gradients(f, *variables)


@cases
def test_slopes_have_a_slope_by_the_gradient_that_comes_in(case: Case) -> None:
    """g J is linear in g: jvp differentiates the rules by g, and <g J, v> is <g, J v>."""
    f, variables = of_variables(case)
    v = random_like(tuple(variables), np.random.default_rng(1))
    value, pull = ag.vjp(f, tuple(range(len(variables))))(*variables)
    g = random_like(value, np.random.default_rng(2))
    slope = ag.jvp(f, tuple(range(len(variables))))(*variables)[1](v)
    forth, back = np.sum(g * slope), sum(np.sum(a * b) for a, b in zip(pull(g), v))
    assert math.isclose(forth, back, rel_tol=1e-10, abs_tol=1e-12)


@cases
def test_float32_stays_float32(case: Case) -> None:
    if case.f in (rules.astype, rules.item, ag.float_power):
        return  # they change it on purpose
    args = as_tensors(case, np.float32)
    out = case.f(*args, **case.kwargs)
    assert out.dtype == np.float32
    out.backward(np.ones(out.shape, np.float32))
    for x in args:
        if isinstance(x, Tensor):
            assert x.grad is not None
            assert (x.grad.dtype, x.grad.shape) == (np.float32, x.shape)


@scalar_cases
def test_value_equals_0d_tensor(case: Case) -> None:
    values = [Value(float(x)) for x in case.args]
    tensors = [Tensor(x, requires_grad=True) for x in case.args]
    v, t = case.f(*values), case.f(*tensors)
    assert type(v) is Value and type(v.data) is float
    assert type(t) is Tensor
    assert case.f(*(float(x) for x in case.args)) == v.data
    close = {"rel_tol": 4 * np.finfo(float).eps, "abs_tol": 1e-300}
    assert math.isclose(v.data, t.item(), **close)
    v.backward()
    t.backward()
    for x, y in zip(values, tensors):
        assert type(x.grad) is float
        assert math.isclose(x.grad, y.grad, rel_tol=1e-14, abs_tol=1e-300)


@cases
def test_gradients_share_no_memory_and_leave_operands_alone(case: Case) -> None:
    args = as_tensors(case)
    before = [np.copy(x.data) for x in args if isinstance(x, Tensor)]
    seed = np.ones(np.shape(case.f(*case.args, **case.kwargs)))
    out = case.f(*args, **case.kwargs)
    if isinstance(out, Value):
        out.backward()
    else:
        out.backward(seed)
    tensors = [x for x in args if isinstance(x, Tensor)]
    arrays = [x.data for x in tensors] + [x.grad for x in tensors] + [seed]
    for i, x in enumerate(arrays):
        for y in arrays[:i]:
            assert not np.shares_memory(x, y)
    for x, y in zip(tensors, before):
        np.testing.assert_array_equal(x.data, y)


@pytest.mark.parametrize("exponent", [1, 2, 3, -1, 2.0])
def test_plain_numbers_have_powers(exponent: Any) -> None:
    for x in (3, 3.0, np.float32(3.0), np.arange(1.0, 4.0)):
        np.testing.assert_allclose(ag.power(x, exponent), x**exponent, rtol=1e-6)


def test_powers_of_whole_numbers_have_numpys_dtype() -> None:
    for x in (np.arange(3), np.arange(3.0, dtype=np.float32)):
        for exponent in (1, 2, 3, 1.0, 2.0, 3.0):
            wanted = x**exponent
            found = ag.power(x, exponent)
            assert found.dtype == wanted.dtype
            np.testing.assert_allclose(found, wanted)


@pytest.mark.parametrize("case", [c for c in scalar_cases.args[1] if len(c.args) == 2], ids=str)
def test_a_number_may_stand_beside_an_array(case: Case) -> None:
    x, y = (float(x) for x in case.args)
    many = np.full(3, case.reference(x, y))
    for dtype in (np.float64, np.float32)[: 1 if case.f is ag.float_power else 2]:
        a, b = np.full(3, x, dtype), np.full(3, y, dtype)
        for out in (
            case.f(x, b), case.f(a, y), case.f(x, Tensor(b)).data, case.f(Tensor(a), y).data,
        ):  # fmt: skip
            assert out.dtype == dtype
            np.testing.assert_allclose(out, many, rtol=1e-5)
    assert ag.xlogy(0.0, np.array([0.0, 2.0])).tolist() == [0.0, 0.0]


def test_plain_lists_and_whole_numbers_are_computed_too() -> None:
    assert [ag.relu(x) for x in (3, -2)] == [3, 0]
    assert ag.relu([3, -2]).tolist() == [3, 0]
    assert ag.sum([[1, 2], [3, 4]], axis=0).tolist() == [4, 6]
    np.testing.assert_allclose(ag.log_softmax([[0.0, 0.0]]), np.full((1, 2), -np.log(2)))


ROWS = [op for op in TABLE.values() if op.rule]


def test_rows_say_whether_they_are_elementwise() -> None:
    """Each entry of such a result moves with the entry at its place, in each operand, alone."""
    mixing = {op: set[bool]() for op in ROWS}
    for case in CASES:
        for node in operands_first(*nodes_of(case.f(*as_tensors(case), **case.kwargs))):
            if node.op in mixing and any(np.size(x) > 1 for x in node.saved):
                mixing[node.op].add(mixes_entries(node))
    assert {op for op, found in mixing.items() if not found} == {rules.item}
    assert [op for op, found in mixing.items() if op.elementwise == (True in found)] == []


def nodes_of(out: Any) -> list[Any]:
    return [x for x in pytree.leaves(out) if isinstance(x, Tensor) and x.op]


def mixes_entries(node: Any) -> bool:
    """Whether an entry of some operand moves entries of the result elsewhere than at its place."""
    out, shape = node.data, node.data.shape
    for i, x in enumerate(node.saved):
        if node.op.vjps[i] is None or getattr(x, "dtype", np.dtype(float)).kind != "f":
            continue
        try:
            places = np.broadcast_to(np.arange(np.size(x)).reshape(np.shape(x)), shape)
        except ValueError:
            return True
        if np.shape(x) != shape and not node.op.broadcasts:
            return True
        for k in range(np.size(x)):
            moved = np.array(x, float)
            moved.flat[k] *= 1.001
            operands = [*node.saved[:i], moved, *node.saved[i + 1 :]]
            now = node.op.forward(*operands, **node.kwargs)
            if ((now != out) & (places != k) & (out == out)).any():
                return True
    return False


@pytest.mark.parametrize("axis", [-1, 0, (0, 1)], ids=str)
def test_softmax_is_one_node_and_equals_the_exponential_of_log_softmax(axis: Any) -> None:
    x = np.random.default_rng(0).normal(size=(4, 5)) * 3

    def composed(x: Any) -> Any:
        return ag.exp(ag.log_softmax(x, axis=axis))

    def single(x: Any) -> Any:
        return ag.softmax(x, axis=axis)

    assert single(Tensor(x, requires_grad=True)).op is array_rules.softmax
    np.testing.assert_allclose(single(x), composed(x), rtol=2e-15)
    for derivative in (ag.jacobian, lambda f: ag.hessian(lambda x: ag.sum(f(x) ** 2))):
        np.testing.assert_allclose(
            derivative(single)(x), derivative(composed)(x), rtol=1e-12, atol=1e-15
        )


def test_a_single_choice_has_the_shape_of_both() -> None:
    assert ag.where(False, np.zeros(3), 2.0).tolist() == [2.0] * 3
    assert ag.where(True, 2.0, np.zeros(3)).tolist() == [2.0] * 3
    assert ag.where([True, False], 1.0, 2.0).tolist() == [1.0, 2.0]


def test_erf_of_arrays_is_maths() -> None:
    x = np.linspace(0, 6.5, 20001)
    wanted = np.vectorize(math.erf)(x)
    assert (np.abs(ag.erf(x) - wanted) <= 8 * np.spacing(wanted)).all()


@pytest.mark.parametrize("n", range(14))
def test_sinc_has_high_derivatives_on_both_sides_of_one(n: int) -> None:
    """Within 1 they come from a series, beyond from a recurrence."""
    for x in (1.0, -1.0):
        inside, outside = (rules.sinc(np.array(x * (1 + d)), n=n) for d in (-1e-9, 1e-9))
        assert math.isclose(inside, outside, rel_tol=1e-6, abs_tol=1e-6)


def public_functions() -> list[Any]:
    names = [name for name in vars(ag) if not name.startswith("_")]
    public = [x for x in (getattr(ag, n) for n in names) if not isinstance(x, types.ModuleType)]
    return public + [getattr(ag.linalg, name) for name in ag.linalg.__all__]


def test_every_row_and_every_public_name_is_in_the_table() -> None:
    covered = {c.f for c in CASES} | {x for c in CASES for x in c.covers}
    for case in CASES:
        out = case.f(*as_tensors(case), **case.kwargs)
        covered |= {node.op for node in consumers_first(out)}
    rows = {x for x in TABLE.values() if x.rule}
    missing = [x for x in rows | set(public_functions()) if x not in covered | NOT_FUNCTIONS]
    assert not missing


def test_rows_are_named_as_they_are_called() -> None:
    assert all(op.name == name for name, op in TABLE.items())


def test_a_star_import_leaves_pythons_own_names_alone() -> None:
    assert not set(ag.__all__) & set(dir(builtins))
    assert {name for name in vars(ag) if hasattr(builtins, name) and name[0] != "_"} == {
        "abs", "all", "any", "compile", "max", "min", "pow", "round", "sum",
    }  # fmt: skip
