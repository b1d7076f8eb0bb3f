"""Compiled functions: calls of array functions, which they refuse, and options of every kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, Value

OF_ARRAYS: dict[str, Callable[[Any], Any]] = {
    "stack": lambda x: ag.stack([x, x]),
    "hstack": lambda x: ag.hstack([x, 1.0]),
    "vstack": lambda x: ag.vstack((x, x)),
    "dstack": lambda x: ag.dstack([x]),
    "column_stack": lambda x: ag.column_stack([x, x]),
    "reshape": lambda x: ag.reshape(x, (1, 1)),
    "ravel": lambda x: ag.ravel(x),
    "expand_dims": lambda x: ag.expand_dims(x, 0),
    "broadcast_to": lambda x: ag.broadcast_to(x, 3),
    "atleast_2d": lambda x: ag.atleast_2d(x),
    "flip": lambda x: ag.flip(x),
    "roll": lambda x: ag.roll(x, 1),
    "repeat": lambda x: ag.repeat(x, 2),
    "tile": lambda x: ag.tile(x, 2),
    "take": lambda x: ag.take(x, 0),
    "outer": lambda x: ag.outer(x, x),
    "cumsum": lambda x: ag.cumsum(x),
    "cumprod": lambda x: ag.cumprod(x),
    "median": lambda x: ag.median(x),
    "softmax": lambda x: ag.softmax(x),
    "log_softmax": lambda x: ag.log_softmax(x),
    "max": lambda x: ag.max(x, axis=1),
    "mean": lambda x: ag.mean(x, 0),
    "sum": lambda x: np.sum(x, axis=(0, 1)),
    "logsumexp": lambda x: ag.logsumexp(x, axis=-2),
    "squeeze": lambda x: ag.squeeze(x, 1),
    "transpose": lambda x: np.transpose(x, (1, 0)),
    "swapaxes": lambda x: ag.swapaxes(x, 0, 1),
    "moveaxis": lambda x: ag.moveaxis(x, 0, 1),
    "flipud": lambda x: ag.flipud(x),
    "rot90": lambda x: ag.rot90(x),
    "split": lambda x: ag.split(x, 1),
    "hsplit": lambda x: np.hsplit(x, 1),
    "concatenate": lambda x: ag.concatenate([x, x]),
    "diff": lambda x: ag.diff(x),
    "diagonal": lambda x: ag.diagonal(x),
    "trace": lambda x: ag.trace(x),
    "matmul": lambda x: ag.matmul(x, x),
    "tensordot": lambda x: ag.tensordot(x, x, 1),
    "norm": lambda x: ag.linalg.norm(x, axis=0),
    "inv": lambda x: ag.linalg.inv(x),
    "np.linalg.slogdet": lambda x: ag.linalg.slogdet(x),
    "np.argsort": lambda x: np.argsort(x),
    "percentile": lambda x: np.percentile(x, 50),
    "np.unwrap": lambda x: np.unwrap(x),
    "np.signbit": lambda x: np.signbit(x),
    "np.nextafter": lambda x: np.nextafter(x, 0.5),
}


@pytest.mark.parametrize("name", OF_ARRAYS)
def test_functions_of_arrays_name_themselves_and_their_line(name: str) -> None:
    f = ag.compile(OF_ARRAYS[name])
    for x in (0.5, np.ones(3), np.ones((2, 2), np.float32)):
        for call in (f, f.value_and_grad):
            with pytest.raises(
                TypeError, match=rf"^{name} can't be compiled, at .*test_compile_options.py:"
            ):
                call(x)


@pytest.mark.parametrize(
    "use",
    [lambda x: x.sum(), lambda x: x.T, lambda x: x[0], len, list, lambda x: x.shape[0] + x[:]],
    ids=["method", "property", "index", "length", "iteration", "shape"],
)
def test_a_number_is_no_array_in_a_compiled_function(use: Callable[[Any], Any]) -> None:
    with pytest.raises((AttributeError, TypeError, IndexError)) as caught:
        ag.compile(lambda x: use(x))(np.ones(3))
    if not isinstance(caught.value, IndexError):
        assert "the number x is one number in this call, at " in str(caught.value)


REDUCING: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: ag.sum(x * x),
    "mean": lambda x: ag.mean(x),
    "max": lambda x: ag.max(x, axis=-1),
    "amin": lambda x: np.amin(x),
    "logsumexp": lambda x: ag.logsumexp(x),
    "std": lambda x: ag.std(x) + x,
    "norm": lambda x: ag.linalg.norm(x),
    "np.any": lambda x: ag.where(np.any(x > 0), x, 0.0),
    "np.argmax": lambda x: ag.argmax(x) + x,
}


@pytest.mark.parametrize("name", REDUCING)
def test_entries_are_not_reduced_in_silence(name: str) -> None:
    """A compiled function would compute the sum of each entry, as recording it would not."""
    f = ag.compile(REDUCING[name])
    eager = REDUCING[name](Value(0.5))
    assert f(0.5) == eager.data
    for x in (np.array([0.5, -1.0]), np.ones((2, 2))):
        for call in (f, f.value_and_grad, f.derivatives(2)):
            with pytest.raises(
                TypeError, match=r"test_compile_options.*; use value_and_grad\(\.\.\., red"
            ):
                call(x)
    total, _ = f.value_and_grad(np.array([0.5, 0.5]), reduce="sum")
    assert total == 2 * f(0.5)


OPTIONS: list[Any] = [
    0, 1, -2, 1.5, -0.0, np.inf, -np.inf, np.nan, True, np.float64(2.5), np.float32(np.inf),
    np.int64(1), np.array(3.0), np.float16(0.5), 2**62, 1e-320,
]  # fmt: skip
OPTIONED: dict[str, Callable[[Any, Any], Any]] = {
    "nan": lambda x, option: ag.nan_to_num(x, nan=option),
    "posinf": lambda x, option: ag.nan_to_num(x, posinf=option),
    "neginf": lambda x, option: np.nan_to_num(x, neginf=option),
    "nan twice": lambda x, n: ag.where(
        x > 0, ag.nan_to_num(x, True, 0, 1), ag.nan_to_num(x, True, n, 1)
    ),
    "nan alone": lambda x, n: ag.where(
        x > 0, ag.nan_to_num(x, True, 0.0, 1), ag.nan_to_num(x, True, n, 1)
    ),
    "posinf twice": lambda x, option: (
        ag.nan_to_num(x, nan=0, posinf=1.0) * ag.nan_to_num(x, nan=0, posinf=option)
    ),
    "leaky_relu": ag.leaky_relu,
    "elu": ag.elu,
    "clip": lambda x, option: ag.clip(x, option, None),
    "np.clip": lambda x, option: np.clip(x, option, 7.0),
    "hardtanh": lambda x, option: ag.hardtanh(x, option, 2.0),
    "where": lambda x, option: ag.where(x > 0, option, x),
    "maximum": lambda x, option: ag.maximum(x, option),
    "product": lambda x, option: x * option,
    "comparison": lambda x, option: ag.where(x > option, 1.0, x),
}
ODD = [0.5, -1.5, math.nan, math.inf, -math.inf, 0.0, -0.0, 2.5]


@pytest.mark.parametrize("name", OPTIONED)
def test_options_are_compiled_in_whatever_number_they_are(name: str) -> None:
    """On floats and on columns, as recording has it: infinite, nan, negative zero, NumPy's."""
    for option in OPTIONS:
        f = ag.compile(lambda x, option=option: OPTIONED[name](x, option))  # traced with the option
        assert all(type(f(x)) is float for x in ODD)
        recorded = [OPTIONED[name](Value(x), option).data for x in ODD]
        np.testing.assert_array_equal([f(x) for x in ODD], recorded, str(option))
        assert np.signbit([f(x) for x in ODD]).tolist() == np.signbit(recorded).tolist(), option
        for dtype in (np.float64, np.float32):
            with np.errstate(all="ignore"):
                got, wanted = (
                    f(np.array(ODD, dtype)),
                    OPTIONED[name](Tensor(ODD, dtype=dtype), option),
                )
                assert got.dtype == dtype
                rtol = 1e-15 if dtype == np.float64 else 1e-6
                np.testing.assert_allclose(got, wanted.data, rtol, 0, True, str(option))
                assert f.value_and_grad(np.array(ODD, dtype))[1].shape == (len(ODD),)


@pytest.mark.parametrize("option", [0, 1, np.int64(2), np.array(1), True, -1])
def test_places_to_round_to_are_compiled_in(option: Any) -> None:
    f = ag.compile(lambda x: ag.round(x, option))
    x = np.array([123.456, -0.25, 5.0])
    assert f(x).tolist() == [f(float(n)) for n in x] == np.round(x, option).tolist()
    for wrong in (1.0, np.inf, "1", np.float64(1), (1,)):
        for call in (ag.compile(lambda x, wrong=wrong: ag.round(x, wrong)), ag.round, np.round):
            with pytest.raises(TypeError):
                call(*([x] if call not in (ag.round, np.round) else [Tensor(x), wrong]))


@pytest.mark.parametrize("wrong", ["a", [1.0], 1j, object], ids=repr)
def test_options_that_are_no_numbers_are_named(wrong: Any) -> None:
    with pytest.raises(TypeError, match="nan must be a number"):
        ag.compile(lambda x: ag.nan_to_num(x, nan=wrong))(1.0)


@pytest.mark.parametrize("wrong", ["1", 1j, None, object, {}, ["a"]], ids=repr)
@pytest.mark.parametrize(
    ("f", "name"),
    [
        (ag.leaky_relu, "negative_slope"),
        (ag.elu, "alpha"),
        (ag.hardtanh, "min_val"),
        (ag.hardtanh, "max_val"),
        (ag.nan_to_num, "nan"),
        (ag.nan_to_num, "posinf"),
        (ag.nan_to_num, "neginf"),
        (ag.clip, "min"),
        (ag.clip, "max"),
        (ag.round, "decimals"),
        (ag.logaddexp2, "y"),
    ],
)
def test_functions_name_the_options_that_are_no_numbers(f: Any, name: str, wrong: Any) -> None:
    if wrong is None and name in ("posinf", "neginf", "min", "max"):
        return
    message = f"{name} must be an? (number|integer).*, but got"
    for x in (Value(0.5), Tensor([0.5]), 0.5, np.array([0.5])):
        with pytest.raises(TypeError, match=message):
            f(x, **{name: wrong})
    for argument in (0.5, np.array([0.5])):
        with pytest.raises(TypeError, match=message):
            ag.compile(lambda x: f(x, **{name: wrong}))(argument)


@pytest.mark.parametrize("array", [[1.0], (1.0, 2.0), np.ones(2)], ids=repr)
def test_arrays_from_outside_are_refused_at_their_line(array: Any) -> None:
    for f in (lambda x: x * array, lambda x: array - x, lambda x: ag.where(x > 0, array, x)):
        with pytest.raises(
            TypeError, match=r"got .*, at .*test_compile_options.*; hand arrays over as arg"
        ):
            ag.compile(f)(1.0)


@pytest.mark.parametrize("axis", ["0", 1.0, [0]], ids=repr)
def test_a_reduction_of_a_number_has_the_axes_of_a_number(axis: Any) -> None:
    for f in (ag.sum, ag.max, ag.mean, ag.logsumexp):
        with pytest.raises(TypeError):
            ag.compile(lambda x, f=f: f(x, axis=axis))(1.0)
    assert ag.compile(lambda x: ag.sum(x, axis=0))(2.0) == 2.0


def test_errors_about_axes_of_ones_own_come_through() -> None:
    def f(x: Any) -> Any:
        return x * np.ones(2).sum(axis=3)

    with pytest.raises(np.exceptions.AxisError):
        ag.compile(f)(1.0)
    with pytest.raises(ValueError, match="approximate"):
        ag.compile(lambda x: ag.gelu(x, "bad"))(1.0)


def test_keyword_arguments_are_compiled_once_for_each_number() -> None:
    f = ag.compile(lambda x, k=1: x * k)
    numbers = [1, 1.0, True, -0.0, 0.0, np.float32(0.0), np.float32(-0.0), np.int64(1), math.inf]
    for n, k in enumerate([*numbers, float("nan"), np.float32("nan")], 1):
        for _ in range(2):
            np.testing.assert_equal(f(2.0, k=k), 2.0 * float(k))
            assert len(f.traces) == n
    np.testing.assert_equal(f(2.0, k=float("nan")), math.nan)
    assert len(f.traces) == 11


def test_arguments_are_chosen_by_numpys_integers_too() -> None:
    f = ag.compile(lambda x, y: x * x * y)
    for one in (1, -1, np.int64(1), np.uint8(1), np.array(1)):
        assert f.grad(2.0, 3.0, argnums=one) == f.derivatives(1, one)(2.0, 3.0)[1] == 4.0
        assert len(f.graph(2.0, 3.0, argnums=one).gradients) == 1
    for both in ((0, 1), [0, 1], np.array([0, 1]), (np.int8(0), -1)):
        assert f.grad(2.0, 3.0, argnums=both) == (12.0, 4.0)
        assert len(f.graph(2.0, 3.0, argnums=both).gradients) == 2
    for wrong in (True, 1.0, "0", (0.0,)):
        for call in (f.grad, f.graph, f.value_and_grad):
            with pytest.raises(TypeError, match="argnums.* must be an integer, but got"):
                call(2.0, 3.0, argnums=wrong)


@pytest.mark.parametrize("wrong", [3, "f", None, np.ones(2), Value(1.0), dict], ids=repr)
def test_only_functions_are_compiled(wrong: Any) -> None:
    with pytest.raises(TypeError, match="f must be a function, but got"):
        ag.compile(wrong)
