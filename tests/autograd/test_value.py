"""What is peculiar to a float."""

from __future__ import annotations

import copy
import math
import operator
from fractions import Fraction

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, Value


@pytest.mark.parametrize("x", ["a", None, [1.0, 2.0], (1.0,), 1j, np.complex128(1), {}, object()])
def test_what_is_no_real_number_is_refused(x: object) -> None:
    with pytest.raises(TypeError, match="one real number, but got"):
        Value(x)
    v = Value(1.0)
    with pytest.raises(TypeError, match="one real number"):
        v.data = x
    assert v.data == 1.0
    if not isinstance(x, (list, tuple)):
        for op in (lambda: v + x, lambda: x * v, lambda: v**x, lambda: x / v):
            with pytest.raises(TypeError):
                op()


def test_a_value_of_a_value_is_refused_with_the_way_out() -> None:
    with pytest.raises(TypeError, match=r"detach\(\) or v.item\(\)"):
        Value(Value(1.0))


@pytest.mark.parametrize(
    "x", [2, True, np.int64(2), np.float32(2), np.array(2), np.array(2.0), Fraction(2), np.True_]
)
def test_numbers_of_any_type_become_floats(x: object) -> None:
    v = Value(x)
    assert type(v.data) is float and v.data == float(x)
    w = Value(3.0)
    for out in (w * x, x * w, w + x, x - w, w**x, x / w):
        assert type(out) is Value and type(out.data) is float
        w.grad = None
        out.backward()
        assert type(w.grad) is float and type(out.grad) is float


def test_numpy_beside_a_value() -> None:
    v = Value(3.0)
    assert type(np.float64(2) * v) is Value and (np.float64(2) * v).data == 6
    assert type(np.float64(2) ** v) is Value and (np.float64(2) ** v).data == 8
    assert type(np.tanh(v)) is Value and np.tanh(v).data == math.tanh(3.0)
    with pytest.raises(TypeError, match=r"wrap the array: Tensor\(array\)"):
        Value(np.ones(2))


def test_operators_of_every_day() -> None:
    v, w = Value(3.0), Value(2.0)
    assert (v**w).data == 9 and (2**v).data == 8 and abs(-v).data == 3 and (+v) is v
    assert v > w and w < 3 and v >= 3 and v != w and v == 3.0 and v != 4
    assert v != "3" and (v == None) is False  # noqa: E711  # the comparison is the point
    assert f"{v:.3f}" == "3.000" and f"{v}" == "Value(3.0)"
    assert sum([v, w, v]).data == 8
    assert bool(v) and not bool(Value(0.0))
    assert len({v, w, Value(3.0)}) == 3
    assert repr(Value(1.0, label="a")) == "Value(1.0, label='a')"


def test_leaving_the_graph_is_said_aloud() -> None:
    v = Value(3.0, label="v")
    array = np.zeros(2)

    def assign() -> None:
        array[0] = v

    for use in (
        lambda: float(v), lambda: int(v), lambda: math.exp(v), lambda: np.asarray(v),
        lambda: np.array([v, v]), assign,
    ):  # fmt: skip
        with pytest.raises(TypeError, match=r"Value 'v'.*item\(\)"):
            use()
    constant = v.detach()
    assert float(constant) == 3.0 == v.item() and math.exp(constant) == math.exp(3.0)
    assert np.asarray(constant) == 3.0 and int(constant) == 3
    with ag.no_grad():
        assert float(v * 2) == 6.0


def test_only_leaves_take_new_data() -> None:
    w = Value(1.0)
    w.data -= 0.5
    assert w.data == 0.5
    y = w * 2
    with pytest.raises(ValueError, match="computed by mul"):
        y.data = 3.0


def test_deepcopy_is_independent() -> None:
    c = Value(2.0) * 3
    d = copy.deepcopy(c)
    c.backward()
    d.backward()
    assert c.args[0].grad == 3.0 and d.args[0].grad == 3.0
    assert c.args[0] is not d.args[0] and d.op is c.op


ARRAY = np.array([[0.5, 1.5, 2.0]])
BINARY = {
    **{f.name: f for f in (
        ag.add, ag.subtract, ag.multiply, ag.divide, ag.power, ag.mod, ag.floor_divide, ag.hypot,
        ag.arctan2, ag.logaddexp, ag.xlogy, ag.maximum, ag.minimum,
    )},
    **{f.__name__: f for f in (
        ag.fmax, ag.fmin, ag.logaddexp2, ag.outer, ag.kron, np.add, np.subtract, np.multiply,
        np.divide, np.power, np.mod, np.floor_divide, np.hypot, np.arctan2, np.logaddexp, np.fmax,
        np.maximum, np.minimum, np.dot, np.inner, np.outer, np.kron,
    )},
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "**": operator.pow, "%": operator.mod, "//": operator.floordiv,
    "divmod": lambda x, y: sum(divmod(x, y)),
    "where": lambda x, y: ag.where(ARRAY > 1, x, y),
    "np.where": lambda x, y: np.where(ARRAY > 1, x, y),
    "clip": lambda x, y: ag.clip(x, y, 4.0),
    "np.clip": lambda x, y: np.clip(x, y, 4.0),
    "tensordot": lambda x, y: ag.tensordot(x, y, 0),
    "einsum": lambda x, y: ag.einsum("...,...->...", x, y),
    "concatenate": lambda x, y: np.concatenate([ag.ravel(x), ag.ravel(y)]),
    "hstack": lambda x, y: np.hstack([ag.ravel(x), ag.ravel(y)]),
}  # fmt: skip


@pytest.mark.parametrize("swapped", [False, True], ids=["value first", "array first"])
@pytest.mark.parametrize("name", BINARY)
def test_a_value_beside_an_array_gives_a_tensor(name: str, swapped: bool) -> None:
    """It counts as a tensor without axes, and gets its gradient as a float."""
    f = BINARY[name] if not swapped else lambda x, y: BINARY[name](y, x)
    v, t = Value(1.2), Tensor(1.2, requires_grad=True)
    for array in (ARRAY, ARRAY[0], np.broadcast_to(ARRAY, (2, 3)), ARRAY[:, :0]):
        if "where" in name and array.shape[-1] != 3:
            continue
        v.grad = t.grad = None
        out, wanted = f(v, array), f(t, Tensor(array))
        assert type(out) is Tensor and out.shape == wanted.shape
        np.testing.assert_allclose(out.data, wanted.data, rtol=1e-15)
        out.sum().backward()
        wanted.sum().backward()
        assert type(v.grad) is float
        np.testing.assert_allclose(v.grad, t.grad, rtol=1e-13, atol=1e-15)
    ag.check_gradients(lambda x: f(x, ARRAY), 1.2, order=2)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, float, int, np.uint8, bool])
def test_a_value_has_a_weak_dtype_beside_an_array(dtype: type) -> None:
    array = np.array([1, 1], dtype)
    for f in (operator.add, operator.mul, operator.truediv, ag.maximum, ag.hypot):
        for out, wanted in (
            (f(Value(2.0), array), f(2.0, array)),
            (f(array, Value(2.0)), f(array, 2.0)),
        ):
            assert out.dtype == wanted.dtype and out.tolist() == wanted.tolist()
    v = Value(2.0)
    (v * array).sum().backward()
    assert v.grad == 2.0 and type(v.grad) is float


def test_floats_and_arrays_meet_in_nested_arguments() -> None:
    loss = lambda p, x: ((p["w"] * x + p["b"]) ** 2).sum()
    params, x = {"w": 3.0, "b": np.array([1.0, 2.0])}, np.array([2.0, 3.0])
    value, slopes = ag.value_and_grad(loss)(params, x)
    assert value == 170.0 and slopes["w"] == 94.0 and slopes["b"].tolist() == [14.0, 22.0]
    assert type(slopes["w"]) is float and type(slopes["b"]) is np.ndarray
    product = ag.hvp(loss)(params, x)[1]
    assert product({"b": np.array([1.0, 0.0]), "w": 2.0})["w"] == 2 * (4 + 9) * 2 + 2 * 2.0
    ag.check_gradients(loss, params, x, order=3)
    x32 = x.astype(np.float32)
    value, slopes = ag.value_and_grad(lambda w: (w * x32).sum())(3.0)
    assert value.dtype == np.float32 and slopes == 5.0 and type(slopes) is float


def test_what_is_no_array_of_numbers_is_refused_beside_a_value() -> None:
    v = Value(2.0)
    uses = (operator.mul, operator.add, operator.pow, ag.multiply, ag.add)
    for x in ([1.0, 2.0], (1.0,), np.array([None]), np.array(["a"]), np.array([1j])):
        for f in uses:
            for operands in ((v, x), (x, v)):
                with pytest.raises(TypeError, match=r"one real number|holds real numbers"):
                    f(*operands)
    for use in (lambda: v @ ARRAY, lambda: ARRAY @ v):
        with pytest.raises((TypeError, ValueError), match="matmul|unsupported operand"):
            use()


def test_modes_hold_where_a_value_meets_an_array() -> None:
    v = Value(2.0, label="v")
    with ag.no_grad():
        assert not (v * ARRAY).requires_grad and not (v.detach() * ARRAY).requires_grad
    with (
        ag.detect_anomaly(),
        np.errstate(divide="ignore"),
        pytest.raises(ag.AnomalyError, match=r"div\(v = 2.0, array\(2,\)"),
    ):
        v / np.zeros(2)
    assert (v < ARRAY).tolist() == [[False, False, False]]
    assert str(ag.draw((v * ARRAY).sum()))


def test_a_compiled_function_names_the_array_that_it_closes_over() -> None:
    for f in (
        lambda v: v * ARRAY,
        lambda v: np.multiply(ARRAY, v),
        lambda v: ag.where(v > ARRAY, 1, v),
    ):
        with pytest.raises(TypeError, match=r"got an array of shape \(1, 3\), at .*test_value"):
            ag.compile(f)(2.0)
    with pytest.raises(AttributeError, match=r"'sum' .*: the number v is one number in this call"):
        ag.compile(lambda v: v.sum())(2.0)
    assert ag.compile(lambda v: ag.sum(v * 2))(1.5) == 3.0
