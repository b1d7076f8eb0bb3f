"""Calls of NumPy's functions on tensors, valid and invalid, compared with calls on arrays."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, Value
from autograd.numpy_api import protocols

Arguments = list[tuple[Any, ...]]

SHAPES = [(), (1,), (3,), (0,), (2, 3), (1, 3), (2, 0), (2, 3, 4), (2, 2, 2)]
AXES: list[Any] = [
    None, 0, 1, -1, 2, -4, (0,), (0, 1), (1, 0), (0, 0), (), [0], [1, 0], [], np.array(0),
    np.array([0, 1]), np.int64(0), np.uint8(1), (0, np.int8(1)), 1.0, np.float64(0.0), "0", (0.0,),
]  # fmt: skip
NUMBERS: list[Any] = [
    0, 1, -1, 2, -3, np.int64(1), np.uint8(1), np.int8(-1), np.array(1), 1.0, "1", None, (1,),
    (1, 2),
]  # fmt: skip
LENGTHS: list[Any] = [
    6, (6,), [6], -1, (-1, -1), (2, -1), 4, 2.0, (2.0, 3), np.int64(6), (np.int64(2), 3), "a", (),
    [], True, np.array([2, 3]), np.array(6), (2, 3), (3, 2), 1, (1, 1, -1), (-2, 3), (2, 3, 4),
]  # fmt: skip
SECTIONS: list[Any] = [
    1, 2, 3, -1, np.int64(3), 3.0, "1", None, [1, 3], [3, 1], [-1], [], np.array([1, 2]), [9], (0,)
]  # fmt: skip
WIDTHS: list[Any] = [
    0, 2, -1, np.int64(1), np.uint8(1), 1.0, "1", None, (1,), (1, 2), (1, 2, 3), [[1, 1], [0, 1]],
    ((1, 0), (0, 2)), ((1, 2),), ((1,), (2,)), ((0, 0), (1, 1), (2, 0)), (1.0, 2), ((1, 2, 3),),
]  # fmt: skip
CONSTANTS: list[Any] = [
    0, 7, -1.5, -0.0, (7, 1), [7, 1], ((1, 2),), ((1, 2), (3, 4)), ((1,), (2,)), [1], np.nan,
    np.array([7, 2]), np.float32(2), ((1, 2, 3),), True, (1, 2, 3), "a", None,
]  # fmt: skip
REPEATS: list[Any] = [*NUMBERS, [1, 2], [1, 2, 0], np.array([2, 1, 1]), [-1, 2], [1.0], 0]
SHIFTS: list[Any] = [*NUMBERS, [1, -1], np.array([1, 2]), 5, -7]
PLACES: list[Any] = [*NUMBERS, [0, 1], [[0, 1], [1, 0]], np.array([0, -1]), [], [5], [True, False]]
PLANES: list[Any] = [(0, 1), (1, 0), (0, 0), (0, 2), (0,), 0, (-1, -2), [0, 1], (0, 1.0), (0, 1, 2)]


def each(*options: list[Any]) -> Arguments:
    return list(product(*options))


MOVES: dict[str, Arguments] = {
    "reshape": each(LENGTHS),
    "broadcast_to": each(LENGTHS),
    "expand_dims": each([x for x in AXES if x is not None]),
    "squeeze": [(), *each(AXES)],
    "transpose": [(), *each(AXES)],
    "swapaxes": each(NUMBERS, NUMBERS),
    "moveaxis": each(AXES, AXES),
    "rollaxis": each(NUMBERS) + each(NUMBERS, NUMBERS),
    "array_split": each(SECTIONS) + each([2, [1], 0], NUMBERS),
    "split": each(SECTIONS) + each([1, [1]], NUMBERS),
    "hsplit": each(SECTIONS),
    "vsplit": each(SECTIONS),
    "dsplit": each(SECTIONS),
    "flip": [(), *each(AXES)],
    "flipud": [()],
    "fliplr": [()],
    "roll": each(SHIFTS) + each([1, -2, (1, 2), [2, 1], (1,)], AXES),
    "rot90": [(), *each(NUMBERS), *each([1, np.int64(2)], PLANES)],
    "repeat": each(REPEATS) + each([2, [1, 2], [1, 2, 3], 0], AXES),
    "tile": each(REPEATS),
    "pad": each(WIDTHS, ["constant", "edge", "wrap"]) + each([1, 0], ["bad", None]),
    "take": each(PLACES) + each([0, [0, 1], [[0], [0]]], AXES),
    "diagonal": [(), *each(NUMBERS), *each([0, 1], [0, -1, 2], [0, 1, -2, 3])],
    "trace": [(), *each(NUMBERS), *each([0, 1], [0, -1, 2], [0, 1, -2, 3])],
    "diag": [(), *each(NUMBERS)],
    "triu": [(), *each(NUMBERS)],
    "tril": [(), *each(NUMBERS)],
    "sort": [(), *each(AXES)],
    "diff": each(NUMBERS) + each([1, 2], AXES),
    "concatenate": [(), *each([0, 1, -1, 2, None, np.int64(0)])],
    "stack": [(), *each(AXES)],
    "vstack": [()],
    "hstack": [()],
    "dstack": [()],
    "column_stack": [()],
    "atleast_1d": [()],
    "atleast_2d": [()],
    "atleast_3d": [()],
    "where": [()],
    "nonzero": [()],
}
"""The arguments after the array, by function."""

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "pad": [
        {"pad_width": w, "constant_values": c}
        for w in (1, (1, 2), ((1, 0), (2, 1)))
        for c in CONSTANTS
    ],
    "take": [
        {"indices": i, "axis": a, "mode": m}
        for i in ([0, 5], [-7, 1], 1)
        for a in (None, 0)
        for m in ("raise", "wrap", "clip", "bad")
    ],
    "diff": [{"prepend": p} for p in (0.0, [1.0], np.float32(1))]
    + [{"append": p, "axis": a} for p in (0.0, [[1.0]], np.ones((2, 1))) for a in (0, -1)],
}

# NumPy accepts positions out of bounds where the result is empty, and checks arguments in another
# order.
UNLIKE = {"([0, 1], 0)", "([0, 1], 1)", "([0, 1], -1)", "(1.0,)"}


def outcome(f: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Return the result or the error of a call; a warning is returned as an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return f(*args, **options)
        except Exception as error:  # noqa: BLE001  # whatever NumPy raises
            return error


def kind(error: Exception) -> type[Exception]:
    """Return the public class of one of NumPy's errors."""
    classes = (np.exceptions.AxisError, TypeError, ValueError, IndexError)
    return next((c for c in classes if isinstance(error, c)), type(error))


def flat(x: Any) -> Iterator[Any]:
    """Yield the arrays in nested lists."""
    if isinstance(x, (list, tuple)):
        for part in x:
            yield from flat(part)
    else:
        yield x._data if isinstance(x, Tensor) else x


def calls(name: str) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    positional = [(args, {}) for args in MOVES[name]]
    return positional + [((), options) for options in OPTIONS.get(name, [])]


@pytest.mark.parametrize("name", MOVES)
def test_each_call_has_numpys_result_or_error(name: str) -> None:
    f = getattr(np, name)
    results = 0
    for shape in SHAPES:
        x = ((np.arange(float(np.prod(shape))) * 7) % 5 - 1.25).reshape(shape)
        for args, options in calls(name):
            wanted = outcome(f, x, *args, **options)
            out = outcome(f, Tensor(x, requires_grad=True), *args, **options)
            call = f"np.{name} on {shape} with {args} {options}: {wanted!r} and {out!r}"
            if isinstance(wanted, Warning) or (0 in (shape or (0,)) and str(args) in UNLIKE):
                continue
            if isinstance(wanted, Exception):
                assert isinstance(out, kind(wanted)), call
                continue
            assert not isinstance(out, Exception), call
            results += 1
            assert isinstance(out, (list, tuple)) == isinstance(wanted, (list, tuple)), call
            for ours, numpys in zip(flat(out), flat(wanted), strict=True):
                assert (ours.dtype, ours.shape) == (numpys.dtype, numpys.shape), call
                assert np.array_equal(ours, numpys, equal_nan=True), call
                assert np.array_equal(np.signbit(ours), np.signbit(numpys)), call
    assert results


@pytest.mark.parametrize("name", [*MOVES, "clip", "median", "round"])
def test_each_call_on_a_value_has_numpys_result_or_error(name: str) -> None:
    """The number is NumPy's float64, and gradients are floats."""
    others = {"clip": each([-2, 0, [1], (1, 2)], [None, 2.0, [3, 1]]), "median": [(), (None,)]}
    positional = MOVES.get(name) or others.get(name) or [(), *each([0, 1, np.int64(-1), None, "a"])]
    for args, options in [(args, {}) for args in positional] + [
        ((), o) for o in OPTIONS.get(name, [])
    ]:
        value = Value(-1.25)
        wanted = outcome(getattr(np, name), np.float64(-1.25), *args, **options)
        out = outcome(getattr(np, name), value, *args, **options)
        call = f"np.{name} with {args} {options}: {wanted!r} and {out!r}"
        if (
            isinstance(wanted, Warning)
            or str(args) in UNLIKE
            or name + str(args) in ("tile(1.0,)", "tile([1.0],)")
        ):
            continue
        if isinstance(wanted, Exception):
            assert isinstance(out, kind(wanted)), call
            continue
        assert not isinstance(out, Exception), call
        for ours, numpys in zip([out] if isinstance(out, Value) else flat(out), flat(wanted)):
            data = ours.data if isinstance(ours, Value) else ours
            assert np.array_equal(data, numpys, equal_nan=True), call
            assert np.shape(data) == np.shape(numpys), call
        if isinstance(out, (Tensor, Value)) and np.size(out.data):
            out.backward(np.ones(out.shape) if out.shape else 1.0)
            assert type(value.grad) is float, call


REDUCTIONS = [
    "sum", "mean", "prod", "max", "min", "amax", "median", "any", "all", "argmax", "argmin",
    "var", "std", "cumsum", "cumprod",
]  # fmt: skip


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_take_the_axes_that_numpys_take(name: str) -> None:
    for shape, axis, kept in product(SHAPES, AXES, ({}, {"keepdims": True})):
        if (kept and name.startswith("cum")) or (name == "median" and 0 in shape):
            continue  # NumPy's median of no entries depends on the axes
        if isinstance(axis, np.ndarray) and axis.ndim:
            continue  # only NumPy's median takes them
        x = ((np.arange(float(np.prod(shape))) * 7) % 5 - 1.25).reshape(shape)
        wanted = outcome(getattr(np, name), x, axis=axis, **kept)
        out = outcome(getattr(np, name), Tensor(x, requires_grad=True), axis=axis, **kept)
        call = f"{shape} with {axis!r} {kept}: {wanted!r} and {out!r}"
        if isinstance(wanted, TypeError) and name == "median":
            assert isinstance(out, (TypeError, ValueError)), call
        elif isinstance(wanted, Exception):
            assert isinstance(wanted, Warning) or isinstance(out, kind(wanted)), call
        else:
            assert not isinstance(out, Exception), call
            data = out._data if isinstance(out, Tensor) else out
            np.testing.assert_allclose(data, wanted, 1e-14, 0, err_msg=call)
            assert (data.dtype, data.shape) == (wanted.dtype, wanted.shape), call


@pytest.mark.parametrize(
    "order",
    [None, 1, -1, 0.5, np.inf, -np.inf, np.float32(3), np.int64(0), "fro", "a", ""],
    ids=repr,
)
def test_norms_take_the_axes_and_orders_that_numpys_take(order: Any) -> None:
    axes = [None, 0, -1, 2, -4, (0,), (0, 1), (1, 0), (0, 0), (), (0, 1, 2), np.int64(0), [0]]
    for shape, axis in product([(3,), (2, 3), (2, 3, 4)], axes):
        x = np.arange(float(np.prod(shape))).reshape(shape) - 1.5
        wanted = outcome(np.linalg.norm, x, order, axis)
        out = outcome(np.linalg.norm, Tensor(x), order, axis)
        if isinstance(wanted, Exception):
            assert isinstance(out, kind(wanted)), (shape, axis, wanted, out)
        else:
            np.testing.assert_allclose(out.data, wanted, 1e-14, err_msg=f"{shape} {axis} {out!r}")


@pytest.mark.parametrize("name", [name for name in MOVES if hasattr(ag, name)])
def test_our_functions_treat_plain_arrays_alike(name: str) -> None:
    for shape in [(3,), (2, 3)]:
        x = np.arange(float(np.prod(shape))).reshape(shape)
        for args, options in calls(name):
            out = outcome(getattr(ag, name), Tensor(x), *args, **options)
            plain = outcome(getattr(ag, name), x, *args, **options)
            if isinstance(out, Exception):
                assert type(plain) is type(out), (name, args, plain, out)
            else:
                for ours, wanted in zip(flat(plain), flat(out), strict=True):
                    assert np.array_equal(ours, wanted, equal_nan=True), (name, args)


METHODS: dict[str, Arguments] = {
    "reshape": [
        (), (6,), (2, 3), ((2, 3),), (-1,), (2.0, 3), (np.int64(3), 2), ([3, 2],), ("a",), (0,),
    ],
    "transpose": [
        (), (None,), (0,), (1, 0), ((1, 0),), ([],), ((),), (0, 0), (0, 2), (1.0, 0), (-1, 0),
    ],
    "squeeze": [(), (0,), (None,), ((),)],
    "swapaxes": [(0, 1), (0, 2), (1.0, 0)],
    "ravel": [()],
    "repeat": [(2,), ([1, 2], 0), (-1,), (1.5,)],
    "take": [(0,), ([0, 1], 1), ([7],), (0, 2)],
    "diagonal": [(), (1,), (0, 1, 0), (0, 0, 0)],
    "trace": [(), (1,), (0, 1, 0), (0, 0, 0)],
    "sum": [(), (0, None, None, True), (0, "f4"), (None, None, None, False, 2.0), (0, None, 3)],
    "prod": [(0, None, None, True, 2.0), (0, "f4", None, False, 1.0, True), (1,)],
    "mean": [(0, None, None, True), (None, np.float32), (0, None, None, True, True)],
    "var": [(0, None, None, 0.5, True), (0, np.float32), (None, 1)],
    "std": [(0, None, None, 0.5), (None, None, None, 0, True)],
    "max": [(0, None, True, 1.5), (0, 1), (None, None, False, 9.0, False)],
    "min": [(0, None, True, 1.5), (None, None, False, -9.0)],
    "any": [(0,), (0, 1)],
    "all": [(0,), (0, None, True, True)],
    "argmax": [(0,), (0, None, True), (None, None)],
    "cumsum": [(0, np.float32), (0, None, None), (0, 1, 2)],
    "cumprod": [(0, np.float32), (), (5,)],
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_methods_have_the_result_or_error_of_numpys_methods(name: str) -> None:
    for shape in [(), (3,), (1,), (2, 3), (1, 6), (2, 3, 4)]:
        x = np.arange(float(np.prod(shape))).reshape(shape)
        for args in METHODS[name]:
            wanted = outcome(getattr(x, name), *args)
            out = outcome(getattr(Tensor(x), name), *args)
            call = f"{name} of {shape} with {args}: {wanted!r} and {out!r}"
            if isinstance(wanted, Exception):
                assert isinstance(out, kind(wanted)), call
            else:
                assert not isinstance(out, Exception), call
                data = out._data if isinstance(out, Tensor) else out
                np.testing.assert_allclose(data, wanted, 1e-14, err_msg=call)
                assert (data.shape, data.dtype) == (wanted.shape, wanted.dtype), call


@pytest.mark.parametrize("no_axes", [(), [], 0, (0,)], ids=str)
def test_arguments_that_are_false_are_not_missing(no_axes: Any) -> None:
    """`axes or None` would reverse the axes."""
    t = Tensor(np.ones((2, 3)))
    for f in (Tensor.transpose, np.transpose, ag.transpose):
        with pytest.raises(ValueError, match=r"are no order of the 2 axes"):
            f(t, no_axes)


PAIRED: dict[str, Callable[..., Any]] = {
    **{
        name: getattr(np, name)
        for name in ("dot", "inner", "outer", "kron", "matmul", "add", "hypot", "maximum")
    },
    "solve": np.linalg.solve,
    "cross": lambda x, y: np.cross(x, y, axis=0),
    "where": lambda x, y: np.where([True, False, True], x, y),
    "clip": lambda x, y: np.clip(x, y, None),
    "concatenate": lambda x, y: np.concatenate((x, y)),
    "concatenate 1": lambda x, y: np.concatenate([x, y], 1),
    "concatenate all": lambda x, y: np.concatenate([x, y], None),
    **{
        name: lambda x, y, name=name: getattr(np, name)([x, y])
        for name in ("stack", "vstack", "hstack", "dstack", "column_stack")
    },
    "stack -1": lambda x, y: np.stack((x, y), -1),
    **{
        f"tensordot {axes}": lambda x, y, axes=axes: np.tensordot(x, y, axes)
        for axes in (
            0, 1, 2, np.int64(1), 1.0, "1", (0, 0), (-1, 0), ([0], [0]), ((0, 1), (1, 0)),
            [[0], [1]], (0, (0,)), ([0],), np.array([0, 0]), ([0, 0], [0, 0]), (5, 0),
            ((0.0,), (0,)),
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRED)
def test_each_call_with_two_arrays_has_numpys_result_or_error(name: str) -> None:
    f, rng = PAIRED[name], np.random.default_rng(0)
    shapes = [(), (1,), (3,), (0,), (2, 3), (3, 2), (1, 3), (3, 3), (2, 3, 4)]
    for one, two in product(shapes, shapes):
        x, y = rng.normal(size=one), rng.normal(size=two)
        wanted = outcome(f, x, y)
        for args in ((Tensor(x, requires_grad=True), y), (x, Tensor(y)), (Tensor(x), Tensor(y))):
            out = outcome(f, *args)
            call = f"{name} of {one} and {two}: {wanted!r} and {out!r}"
            if isinstance(wanted, Warning):
                continue
            if isinstance(wanted, IndexError) and name.startswith("tensordot"):  # NumPy's mistake
                assert isinstance(out, (IndexError, ValueError)), call
            elif isinstance(wanted, Exception):
                assert isinstance(out, kind(wanted)), call
            else:
                assert not isinstance(out, Exception), call
                assert out.shape == np.shape(wanted), call
                np.testing.assert_allclose(out.data, wanted, 1e-12, 1e-14, err_msg=call)


INDICES: list[Any] = [
    0, -1, 5, np.int64(1), np.array(1), True, False, 1.0, "a", None, ..., (), [], [[]], [()],
    (0, 0), (0, 0, 0, 0), (..., 0), (..., ...), slice(None, None, -1), slice(0, 1.0),
    slice(None, None, 0), slice(np.int64(0), np.int64(2)), [0, 1], [[0], [1]], [True, False],
    np.array([0.0]), [0.5], np.array([], float), ([0, 1], [0, 1]), ([0, 1], [0, 1, 2]),
    ([0], None), (slice(1), [0]), {}, range(2), b"a", 1j, ((0, 1), (0, 1)), (0, [0]),
    (slice(None), True), [None], 2**70, (np.array([True, False]), 0),
    np.array([[True, False, True], [False, True, True]]),
]  # fmt: skip


def test_each_index_has_numpys_result_or_error() -> None:
    for shape, index in product(SHAPES, INDICES):
        x = ((np.arange(float(np.prod(shape))) * 7) % 5 - 1.25).reshape(shape)
        t = Tensor(x, requires_grad=True)
        wanted, out = outcome(x.__getitem__, index), outcome(t.__getitem__, index)
        call = f"{shape} at {index!r}: {wanted!r} and {out!r}"
        changed = Tensor(x)
        assigned = outcome(changed.__setitem__, index, 7.0)
        if isinstance(wanted, Exception):
            assert isinstance(out, kind(wanted)) and isinstance(assigned, Exception), call
            continue
        assert isinstance(out, Tensor) and assigned is None, call
        assert out.shape == np.shape(wanted) and np.array_equal(out.data, wanted), call
        out.backward(np.ones(out.shape))
        slopes, y = np.zeros(shape), x.copy()
        np.add.at(slopes, index, 1.0)
        y[index] = 7.0
        assert np.array_equal(t.grad, slopes) and np.array_equal(changed.data, y), call


# --- error messages -------------------------------------------------------------------------------


def test_where_of_a_condition_alone_is_nonzero() -> None:
    for x in (np.array([0.0, 1.0, np.nan]), np.eye(2)):
        found = np.where(Tensor(x, requires_grad=True))
        assert [i.tolist() for i in found] == [i.tolist() for i in np.where(x)]
    for call in (lambda t: np.where(t, t), lambda t: np.where([True], t)):
        with pytest.raises(ValueError, match=r"where takes either both or neither of x and y"):
            call(Tensor([1.0]))


def messages(f: Callable[..., Any], *operands: Any) -> Iterator[str]:
    """Yield the messages of errors about too few, too many and misspelt arguments."""
    for args, options in (
        ((), {}),
        (operands, {"axsi": 0}),
        (operands * 9, {}),
        (operands[:1], {}),
        (operands[:1], {"axsi": 0}),
    ):
        error = outcome(f, *args, **options)
        if isinstance(error, TypeError):
            yield str(error)


def functions_of_arrays() -> list[str]:
    modules = ["autograd.core.rules", *(module.__name__ for module in protocols.MODULES)]
    names = [*ag.__all__, "abs", "all", "any", "max", "min", "round", "sum"]
    return [name for name in names if getattr(getattr(ag, name), "__module__", "") in modules]


ANY_NUMBER = {"broadcast_arrays", "meshgrid", "atleast_1d", "atleast_2d", "atleast_3d"}
"""Functions of any number of arrays."""


@pytest.mark.parametrize("name", functions_of_arrays())
def test_calls_that_do_not_fit_name_the_function(name: str) -> None:
    f = getattr(ag, name)
    own = getattr(f, "name", None) or f.__name__
    for x in (1.5, np.eye(2), Tensor(np.eye(2), requires_grad=True)):
        said = list(messages(f, x, x))
        assert len(said) >= (2 if name in ANY_NUMBER else 3)
        for message in said:
            assert (
                "<locals>" not in message and "_operator" not in message and "math" not in message
            )
            assert own in message or "not iterable" in message or "tri()" in message, message


@pytest.mark.parametrize("f", protocols.FUNCTIONS, ids=lambda f: f.__name__)
def test_calls_of_numpys_functions_that_do_not_fit_name_them(f: Any) -> None:
    t = Tensor(np.eye(2), requires_grad=True)
    for message in messages(f, t, t):
        assert f.__name__ in message or "iter" in message, message
