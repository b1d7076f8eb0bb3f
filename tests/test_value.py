"""What is peculiar to a float."""

from __future__ import annotations

import copy
import math
from fractions import Fraction

import numpy as np
import pytest

import autograd as ag
from autograd import Value


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
    for op in (lambda: v * np.ones(2), lambda: np.ones(2) * v, lambda: np.multiply(np.ones(2), v)):
        with pytest.raises(TypeError, match=r"wrap the array: Tensor\(array\)"):
            op()


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
