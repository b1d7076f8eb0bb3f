"""Arrays of pandas and of subclasses: their numbers are used, their arithmetic is not."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor


class Labelled:
    """Numbers with labels, which arithmetic aligns, as in pandas' Series."""

    __pandas_priority__ = 3000
    ndim = 1

    def __init__(self, data: Any, index: list[int]) -> None:
        self.values, self.index = np.array(data), index

    @property
    def dtype(self) -> Any:
        return self.values.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.values, dtype=dtype, copy=copy)

    def by_label(self, operation: Callable[..., Any]) -> Any:
        def method(other: Any) -> Any:
            if getattr(other, "__pandas_priority__", 0) > self.__pandas_priority__:
                return NotImplemented
            return Labelled(operation(self.values[::-1], np.asarray(other)), self.index)

        return method

    def transpose(self, *axes: Any, **options: Any) -> Any:
        raise ValueError("labels have no axes in another order")

    def reshape(self, *shape: Any, **options: Any) -> Any:
        raise ValueError("labels fit one shape")

    def __add__(self, other: Any) -> Any:
        return self.by_label(operator.add)(other)

    def __mul__(self, other: Any) -> Any:
        return self.by_label(operator.mul)(other)

    def __sub__(self, other: Any) -> Any:
        return self.by_label(operator.sub)(other)

    def __truediv__(self, other: Any) -> Any:
        return self.by_label(operator.truediv)(other)

    def __pow__(self, other: Any) -> Any:
        return self.by_label(operator.pow)(other)

    def __lt__(self, other: Any) -> Any:
        return self.by_label(operator.lt)(other)

    __radd__, __rmul__ = __add__, __mul__


def series(data: Any) -> Any:
    return importlib.import_module("pandas").Series(data, index=range(len(data))[::-1])


class Marked(np.ndarray):
    """A subclass that changes nothing."""


class Units(np.ndarray):
    """A subclass with arithmetic of its own."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(hasattr(x, "requires_grad") for x in inputs):
            return NotImplemented
        return getattr(ufunc, method)(*[np.asarray(x) for x in inputs], **kwargs)


def units(data: Any) -> Any:
    return np.array(data).view(Units)


PANDAS = pytest.param(
    series,
    id="pandas",
    marks=pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is not installed"),
)
CONVERTED = [
    pytest.param(lambda data: Labelled(data, [1, 0]), id="labelled"),
    PANDAS,
    pytest.param(lambda data: np.array(data).view(Marked), id="subclass"),
]
REFUSED = [
    pytest.param(lambda data: np.array([data, data]).view(np.matrix), id="matrix"),
    pytest.param(np.ma.array, id="masked array"),
    pytest.param(lambda data: np.ma.array(data, mask=[True, False]), id="masked entries"),
    pytest.param(units, id="units"),
]
BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, np.add, np.multiply,
    np.subtract, np.power, np.maximum, np.hypot, np.dot, ag.dot, ag.maximum, ag.arctan2, np.inner,
    lambda x, y: np.concatenate([x, y]), lambda x, y: ag.stack([x, y]), np.outer, ag.kron, ag.inner,
    lambda x, y: ag.vstack([x, y]), lambda x, y: np.hstack([x, y]), lambda x, y: ag.dstack([x, y]),
    lambda x, y: ag.column_stack([x, y]), lambda x, y: ag.einsum("i,j", x, y), ag.matmul,
    lambda x, y: np.concatenate([x, y], None), lambda x, y: ag.clip(x, y, None),
]  # fmt: skip
COMPARISONS = [operator.lt, operator.ge, operator.eq, operator.ne, np.less, np.isclose]


def name_of(f: Any) -> str:
    return getattr(f, "name", None) or f.__name__


@pytest.mark.parametrize("make", CONVERTED)
@pytest.mark.parametrize("f", BINARY, ids=name_of)
def test_numbers_count_by_position_on_either_side(f: Any, make: Any) -> None:
    numbers = np.array([3.0, 0.5])
    for order in (lambda x, y: f(x, y), lambda x, y: f(y, x)):
        w, v = (Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
        wanted, out = order(v, numbers), order(w, make(numbers))
        assert type(out) is Tensor and type(out.data) in (np.ndarray, np.float64)
        np.testing.assert_array_equal(out.data, wanted.data)
        seed = np.cos(np.arange(out.size)).reshape(out.shape)
        out.backward(seed)
        wanted.backward(seed)
        np.testing.assert_array_equal(w.grad, v.grad)


@pytest.mark.parametrize("make", CONVERTED)
@pytest.mark.parametrize("f", COMPARISONS, ids=name_of)
def test_comparisons_are_plain_arrays(f: Any, make: Any) -> None:
    w = Tensor([1.0, 2.0], requires_grad=True)
    out = f(w, make([1.0, 3.0]))
    assert type(out) is np.ndarray and out.dtype == bool
    assert out.tolist() == f(w.data, np.array([1.0, 3.0])).tolist()


def test_two_products_with_other_labels_are_by_position() -> None:
    """Return the sum of two products that pandas would align by different labels."""
    w = Tensor([1.0, 2.0], requires_grad=True)
    out = np.multiply(w, Labelled([3, 4], [1, 0])) + np.multiply(w, Labelled([5, 6], [0, 1]))
    out.backward(np.ones(2))
    assert out.tolist() == [8, 20] and w.grad.tolist() == [8, 10]


@pytest.mark.parametrize("make", CONVERTED)
def test_data_become_numpys_own(make: Any) -> None:
    numbers = make([3.0, 0.5])
    made = Tensor(numbers)
    given = Tensor([0.0, 0.0])
    given.data = numbers
    part = Tensor([0.0, 0.0])
    part[:] = numbers
    added = Tensor([0.0, 0.0])
    added += numbers
    for t in (made, given, part, added):
        assert type(t.data) is np.ndarray and t.tolist() == [3.0, 0.5]
    w = Tensor([1.0, 2.0], requires_grad=True)
    (w * 1.0).backward(numbers)
    assert type(w.grad) is np.ndarray and w.grad.tolist() == [3.0, 0.5]
    places = make([1, 0, 1])
    assert w[places].tolist() == ag.take(w, places).tolist() == [2.0, 1.0, 2.0]
    assert ag.where(make([True, False]), w, 0.0).tolist() == [1.0, 0.0]
    f = ag.compile(lambda x: x * 2)
    assert type(f(numbers)) is np.ndarray and f(numbers).tolist() == [6.0, 1.0]


@pytest.mark.parametrize("make", REFUSED)
@pytest.mark.parametrize("f", [*BINARY[:11], *COMPARISONS], ids=name_of)
def test_arithmetic_of_their_own_is_refused_on_either_side(f: Any, make: Any) -> None:
    w = Tensor([1.0, 2.0], requires_grad=True)
    for args in ((w, make([3.0, 0.5])), (make([3.0, 0.5]), w)):
        with pytest.raises(TypeError, match="arithmetic of its own|exponent must be an integer"):
            f(*args)


@pytest.mark.parametrize("make", REFUSED)
def test_arithmetic_of_their_own_is_refused_in_place_and_as_data(make: Any) -> None:
    t, numbers = Tensor([[1.0, 2.0]]), make([3.0, 0.5])

    def assign() -> None:
        t.data = numbers

    for change in (
        assign,
        lambda: operator.iadd(t, numbers),
        lambda: operator.setitem(t, 0, numbers),
        lambda: (Tensor([[1.0, 2.0]], requires_grad=True) * 1.0).backward(numbers),
        lambda: ag.compile(lambda x: x * 2)(numbers),
    ):
        with pytest.raises(TypeError, match="arithmetic of its own, which tensors do not follow"):
            change()
    assert t.tolist() == [[1.0, 2.0]]


def test_a_tensor_takes_the_numbers_of_a_matrix_and_of_what_is_not_masked() -> None:
    matrix, whole = np.eye(2).view(np.matrix), np.ma.array([1.0, 2.0])
    for x in (matrix, whole, units([1.0, 2.0])):
        for t in (Tensor(x), ag.from_numpy(x)):
            assert type(t.data) is np.ndarray and np.array_equal(t.data, np.asarray(x))
    shared = ag.from_numpy(whole)
    whole[0] = 7.0
    assert shared.tolist() == [7.0, 2.0]
    for make in (Tensor, ag.from_numpy):
        with pytest.raises(TypeError, match=r"masked entries .* x\.filled\(value\)"):
            make(np.ma.array([1.0, 2.0], mask=[True, False]))


def test_memory_that_may_be_copied_is_not_shared() -> None:
    with pytest.raises(TypeError, match=r"got Labelled; use Tensor\(x\), which copies"):
        ag.from_numpy(Labelled([1.0], [0]))


def test_types_are_no_arrays() -> None:
    t = Tensor([1.0])
    assert np.zeros_like(t, dtype=np.float32).dtype == np.float32
    with pytest.raises(TypeError, match="a Tensor's operand is a number or an array, but got type"):
        t * np.float32


def called(f: Any) -> str:
    return str(getattr(f, "name", None) or f.__name__)


REAL_FUNCTIONS = [
    ag.mean, ag.var, ag.std, ag.median, ag.logsumexp, ag.softmax, ag.log_softmax, ag.linalg.norm,
    ag.prod, ag.cumprod, ag.sigmoid, ag.logsigmoid, ag.silu, ag.gelu, ag.leaky_relu, ag.elu,
    ag.selu, ag.hardtanh, ag.softsign, ag.erf, ag.erfc,
]  # fmt: skip


@pytest.mark.parametrize("f", REAL_FUNCTIONS, ids=called)
@pytest.mark.parametrize("container", CONVERTED)
def test_functions_of_reals_convert_containers(f: Any, container: Any) -> None:
    found, wanted = f(container([3.0, 4.0])), f(np.array([3.0, 4.0]))
    assert type(found) is type(wanted)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("f", REAL_FUNCTIONS, ids=called)
@pytest.mark.parametrize("container", REFUSED)
def test_functions_of_reals_refuse_arithmetic_of_its_own(f: Any, container: Any) -> None:
    with pytest.raises(TypeError, match="has arithmetic of its own"):
        f(container([3.0, 4.0]))


@pytest.mark.parametrize("container", CONVERTED)
def test_gradients_are_checked_at_the_numbers_of_a_container(container: Any) -> None:
    ag.check_gradients(lambda x: (x * x).sum(), container([3.0, 4.0]))
