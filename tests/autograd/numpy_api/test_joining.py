"""Joining and splitting: results equal to NumPy's, and errors."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpys import PLACES, check_as_numpy

import autograd as ag
from autograd import Tensor, Value

ROWS = np.array([[3.0, 1.0, 2.0], [5.0, 6.0, 4.0]])


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda x: ag.concatenate([]), ValueError, "at least one array"),
        (lambda x: ag.hstack([]), ValueError, "at least one array"),
        (lambda x: ag.stack([]), ValueError, "at least one array"),
        (lambda x: ag.array_split(x, 0), ValueError, "1 part or more, not 0"),
        (lambda x: ag.split(x, 0), ValueError, "1 part or more, not 0"),
        (lambda x: ag.hsplit(x[0, 0], 1), ValueError, r"hsplit\(\) needs 1 dimensions or more"),
        (lambda x: ag.vsplit(x[0], 1), ValueError, r"vsplit\(\) needs 2 dimensions or more"),
        (lambda x: ag.dsplit(x, 1), ValueError, r"dsplit\(\) needs 3 dimensions or more"),
        (lambda x: ag.stack([x, x.T]), ValueError, r"shapes, \(2, 3\) and \(3, 2\)"),
        (lambda x: ag.concatenate([x[0, 0], x[0, 0]]), ValueError, "single numbers; use stack"),
        (lambda x: ag.split(x, 2, 1), ValueError, "3 entries do not divide into 2 equal parts"),
    ],
)
def test_errors(f: Callable[..., Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        f(Tensor(ROWS))


@pytest.mark.parametrize(
    ("ours", "numpys"),
    [
        (lambda x: ag.concatenate([x, x]), lambda x: np.concatenate([x, x])),
        (lambda x: ag.concatenate([x, x], None), lambda x: np.concatenate([x, x], None)),
        (lambda x: ag.hstack([x]), lambda x: x),
        (lambda x: ag.hstack([x[0], x[1, :2]]), lambda x: np.hstack([x[0], x[1, :2]])),
        (lambda x: ag.hstack([x[0, 0], x[1, 1]]), lambda x: np.hstack([x[0, 0], x[1, 1]])),
        (lambda x: ag.column_stack([x[0], x[1]]), lambda x: np.column_stack([x[0], x[1]])),
        (lambda x: ag.array_split(x, 1, 1)[0], lambda x: x),
        (lambda x: ag.hsplit(x, 3)[1], lambda x: x[:, 1:2]),
        (lambda x: ag.hsplit(x[0], 3)[1], lambda x: x[0, 1:2]),
    ],
)  # fmt: skip
def test_results_equal_numpys(ours: Callable[..., Any], numpys: Callable[..., Any]) -> None:
    out = ours(Tensor(ROWS, requires_grad=True))
    assert out.requires_grad
    np.testing.assert_array_equal(out.data, numpys(ROWS), strict=True)


X = np.arange(6.0).reshape(2, 3) - 1
A, B, C = np.arange(2.0), np.arange(3.0), np.array(7.0)
INSERTED = [
    np.array(9.0), np.array([7.0, 8.0]), np.array([7.0, 8.0, 9.0]), np.array([[7.0, 8.0]]),
    np.array([[7.0], [8.0]]), np.ones((2, 2)), np.zeros(0),
]  # fmt: skip


def test_values_are_appended_and_inserted_as_numpy_does() -> None:
    for values, axis in product((X, A, np.array(5.0), X[:1]), (None, 0, 1, 2)):
        check_as_numpy("append", X, values, axis)
    for place, values, axis in product(PLACES, INSERTED, (None, 0, 1, 2)):
        check_as_numpy("insert", X, place, values, axis)
    for x in (np.arange(3), np.arange(3, dtype=np.float32)):
        wanted = np.insert(x, 1, 2.7)
        np.testing.assert_array_equal(ag.insert(x, 1, 2.7), wanted, strict=True)
        np.testing.assert_array_equal(ag.insert(Tensor(x), 1, Value(2.7)).data, wanted, strict=True)
    x, v = Tensor(X, requires_grad=True), Value(2.0)
    (np.insert(x, [1, 1], v, axis=1) ** 2).sum().backward()
    assert v.grad == 16.0 and x.grad.tolist() == (2 * X).tolist()


@pytest.mark.parametrize(
    "arrays",
    [
        [[np.ones((1, 2, 1)), np.ones((1, 2, 2))], [np.ones((1, 1, 3))]],
        A, [A, B], [[A], [A]], [[np.eye(2), np.zeros((2, 1))], [np.ones((1, 3))]], [C, A], [],
        [[A], A], [np.eye(2), A], [[[A]], [[A]]], [[], []], [(A, A)], [[1, A]], [1, [2]],
    ],
    ids=str,
)  # fmt: skip
def test_blocks_are_joined_as_numpy_does(arrays: Any) -> None:
    check_as_numpy("block", arrays)


def test_blocks_may_be_of_numbers() -> None:
    v, w = Value(1.0), Value(4.0)
    out = ag.block([[v, 2.0], [3.0, w]])
    assert out.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    (out * out).sum().backward()
    assert (v.grad, w.grad) == (2.0, 8.0)


def test_select_and_choose_equal_numpys() -> None:
    for conditions, choices in (
        ([X > 1, X < 0], [X, X * 2]), ([X > 1, X < 0], [X, 2.0]), ([], []), ([X > 1], [X, X]),
        ([X], [X]), ([np.array(True), X < 0], [A[:, None], X]), ([[True, False, True]], [X]),
    ):  # fmt: skip
        check_as_numpy("select", conditions, choices)
        check_as_numpy("select", conditions, choices, 7.0)
    for mode, numbers in product(
        ("raise", "wrap", "clip", "bad"),
        (
            [0, 1, 0],
            np.array([[0, 3, 1], [-1, 1, 0]]),
            1,
            [2, 0, 0],
            [-1, 0, 0],
            [True, False, True],
            [0.5],
        ),
    ):
        check_as_numpy("choose", numbers, [B, -B], mode=mode)
        check_as_numpy("choose", numbers, [B, X], mode=mode)
        check_as_numpy("choose", numbers, [B, X, -X], mode=mode)
    chosen = ag.grad(lambda x: ag.choose([0, 1, 0], [x, 5 * x]).sum())(2.0)
    assert chosen == 7.0


def test_unstack_equals_indices() -> None:
    assert [x.tolist() for x in ag.unstack(Tensor(X))] == X.tolist()
    assert [x.tolist() for x in ag.unstack(X, axis=-1)] == X.T.tolist()
    with pytest.raises(ValueError, match=r"unstack\(\) needs 1 dimensions or more"):
        ag.unstack(Value(1.0))
    with pytest.raises(IndexError, match="axis 2 is out of bounds"):
        ag.unstack(X, axis=2)


@pytest.mark.parametrize("name", ["r_", "c_"])
def test_objects_that_join_name_the_functions_to_use(name: str) -> None:
    t = Tensor(A, requires_grad=True)
    with pytest.raises(TypeError, match=r"concatenate, of np\.r_; column_stack, of np\.c_"):
        getattr(np, name)[t, t]
    assert getattr(np, name)[t.detach(), A].shape == getattr(np, name)[A, A].shape


@pytest.mark.parametrize("name", ["concatenate", "stack", "vstack", "hstack"])
def test_results_are_cast_as_numpy_does(name: str) -> None:
    pair = [X, X.astype(np.float32)]
    for dtype, casting in product(
        (None, np.float32, float, np.float16, int), ("no", "equiv", "safe", "same_kind", "unsafe")
    ):
        check_as_numpy(name, pair, dtype=dtype, casting=casting)
    ours = getattr(ag, name)([Tensor(X, requires_grad=True)] * 2, dtype=np.float32)
    assert ours.dtype == np.float32 and ours.requires_grad


def test_plain_results_are_written_into_arrays() -> None:
    for name, args in (
        ("concatenate", [[A, A]]), ("stack", [[A, A], 1]), ("take", [X, [[0, 5]]]),
        ("compress", [[True, False], X, 0]), ("choose", [[0, 1], [A, -A]]),
    ):  # fmt: skip
        wanted = getattr(np, name)(*args)
        out = np.empty_like(wanted)
        assert getattr(ag, name)(*args, out=out) is out
        np.testing.assert_array_equal(out, wanted)
        with pytest.raises(ValueError, match="but out has"):
            getattr(ag, name)(*args, out=np.empty(7))
    np.testing.assert_array_equal(ag.choose([5, 1], [A, -A], np.empty(2), "wrap"), -A)
    t = Tensor(A, requires_grad=True)
    for call in (
        lambda out: ag.concatenate([t, t], out=out), lambda out: np.stack([t, t], out=out),
        lambda out: t.take([0], out=out), lambda out: np.compress([True], t, out=out),
        lambda out: ag.choose([0, 0], [t], out=out),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=r"on nodes: there is no option 'out'"):
            call(np.empty((2, 2)))
    with pytest.raises(TypeError, match=r"takes out or dtype, but got both"):
        ag.concatenate([A, A], out=np.empty(4), dtype=float)
    with pytest.raises(TypeError, match="float64 can.t become int64 by casting 'same_kind'"):
        ag.concatenate([A, A], out=np.empty(4, np.int64))


def test_lists_of_numbers_are_joined() -> None:
    v, w = Value(1.0), Value(2.0)
    assert ag.concatenate([[v, 3.0], [w]]).tolist() == [1.0, 3.0, 2.0]
    assert ag.stack([[v, w], [w, v]]).tolist() == [[1.0, 2.0], [2.0, 1.0]]
    assert ag.append([v], w).tolist() == [1.0, 2.0]
    assert ag.insert([v, w], 1, 5.0).tolist() == [1.0, 5.0, 2.0]
    out = ag.select([[True, False]], [[v, v]], [w, w])
    assert out.tolist() == [1.0, 2.0] and out.requires_grad


@pytest.mark.parametrize("name", ["concatenate", "stack", "vstack", "hstack", "dstack"])
def test_matrices_and_masked_arrays_are_joined_as_arrays(name: str) -> None:
    for other in (np.ma.array(X), X.view(np.matrix)):
        out = getattr(ag, name)([Tensor(X, requires_grad=True), other])
        np.testing.assert_array_equal(out.data, getattr(np, name)([X, X]), strict=True)
