"""Reshaping, rearranging and indexing: results equal to NumPy's, and errors."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpys import PLACES, check_as_numpy, outcome
from refusing import Refusing

import autograd as ag
from autograd import Tensor, Value

SHAPES = [(), (0,), (3,), (1, 3), (2, 3), (2, 0, 1), (2, 3, 4), (1, 2, 3, 2)]


def numbers(*shape: int) -> Any:
    return np.arange(float(np.prod(shape))).reshape(shape)


@pytest.mark.parametrize("name", ["ravel", "atleast_1d", "atleast_2d", "atleast_3d", "transpose"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes_equal_numpys(name: str, shape: tuple[int, ...]) -> None:
    x = numbers(*shape)
    wanted = getattr(np, name)(x)
    np.testing.assert_array_equal(getattr(ag, name)(x), wanted, strict=True)
    t = Tensor(x, requires_grad=True)
    out = getattr(ag, name)(t)
    np.testing.assert_array_equal(out.data, wanted, strict=True)
    assert out is t or not name.startswith("atleast") or wanted.shape != x.shape


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda x: ag.squeeze(x, 1), ValueError, r"axis 1 of shape \(2, 3\) is not of length 1"),
        (lambda x: ag.transpose(x, (0, 3)), IndexError, "axis 3 is out of bounds"),
        (lambda x: ag.transpose(x, (0, -3)), IndexError, "axis -3 is out of bounds"),
        (lambda x: ag.transpose(x, (1, 1)), ValueError, r"axes \(1, 1\) are no order"),
        (lambda x: ag.transpose(x, (0,)), ValueError, r"axes \(0,\) are no order"),
        (lambda x: ag.swapaxes(Value(1.0), 0, 0), IndexError, "out of bounds .* dimension 0"),
        (lambda x: ag.flipud(x[0, 0]), ValueError, r"flipud\(\) needs 1 dimensions or more"),
        (lambda x: ag.fliplr(x[0]), ValueError, r"fliplr\(\) needs 2 dimensions or more"),
        (lambda x: ag.diff(x[0, 0]), ValueError, r"diff\(\) needs 1 dimensions or more"),
        (lambda x: ag.take(x[0, 0], 0, 1), IndexError, "axis 1 is out of bounds"),
        (lambda x: ag.take_along_axis(x, [0], 1), ValueError, r"\(1,\) .* shape \(2, 3\)"),
        (lambda x: ag.diff(x, -1), ValueError, "n must be an integer >= 0, but got -1"),
    ],
)
def test_errors(f: Callable[..., Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        f(Tensor(numbers(2, 3)))


ROWS = np.array([[3.0, 1.0, 2.0], [5.0, 6.0, 4.0]])


@pytest.mark.parametrize(
    ("ours", "numpys"),
    [
        (lambda x: ag.transpose(x, (-1, -2)), lambda x: x.T),
        (lambda x: ag.flipud(x[0]), lambda x: x[0, ::-1]),
        (lambda x: ag.take(x, np.array([5]), 1, mode="wrap"), lambda x: x[:, 2:]),
        (lambda x: ag.take(x[0, 0], 0, 0), lambda x: np.array(x[0, 0])),
        (lambda x: x[[]], lambda x: x[[]]),
        (lambda x: x[[True, False]], lambda x: x[[True, False]]),
        (lambda x: x[:, [True, False, True]], lambda x: x[:, [True, False, True]]),
        (lambda x: ag.take_along_axis(x, ((2,), (1,))), lambda x: x[[[0], [1]], [[2], [1]]]),
        (lambda x: ag.take_along_axis(x[0], (2, 0)), lambda x: x[0][[2, 0]]),
        (lambda x: ag.sort(x), lambda x: np.sort(x)),
        (lambda x: ag.sort(x, None), lambda x: np.sort(x, None)),
        (lambda x: ag.partition(x, 1), lambda x: np.sort(x)),
        (lambda x: ag.partition(x, 0, 0), lambda x: np.sort(x, 0)),
        (lambda x: ag.partition(x, 1, None)[:2], lambda x: np.array([1.0, 2.0])),
        (lambda x: ag.diff(x, 0), lambda x: x),
        (lambda x: ag.diff(x), lambda x: np.diff(x)),
        (lambda x: ag.diff(x, 2), lambda x: np.diff(x, 2)),
        (lambda x: ag.diff(x, axis=0, prepend=1.0), lambda x: np.diff(x, axis=0, prepend=1.0)),
        (lambda x: ag.diff(x, append=1.0), lambda x: np.diff(x, append=1.0)),
        (lambda x: ag.triu(ag.stack([x, x]), 1), lambda x: np.triu(np.stack([x, x]), 1)),
    ],
)  # fmt: skip
def test_results_equal_numpys(ours: Callable[..., Any], numpys: Callable[..., Any]) -> None:
    out = ours(Tensor(ROWS, requires_grad=True))
    assert out.requires_grad
    np.testing.assert_array_equal(out.data, numpys(ROWS), strict=True)


def test_equal_entries_are_sorted_in_their_order() -> None:
    """The order decides which entry gets which gradient."""
    x = np.random.default_rng(0).integers(3, size=1000).astype(float)
    weights = np.arange(1000.0)
    slopes = ag.grad(lambda x: (ag.sort(x) * weights).sum())(x)
    for number in range(3):
        assert (np.diff(slopes[x == number]) == 1).all()


def test_negative_axes_of_transpose_are_undone() -> None:
    x = numbers(2, 3, 4)
    slopes = ag.grad(lambda t: (ag.transpose(t, (-1, 0, 1)) * x.transpose(2, 0, 1)).sum())(x)
    np.testing.assert_array_equal(slopes, x)


def test_arguments_of_another_library() -> None:
    t = Tensor(Refusing(ROWS), requires_grad=True)
    assert ag.take_along_axis(t, Refusing([[0], [2]])).tolist() == [[3.0], [4.0]]
    assert ag.diff(t, axis=0, prepend=ROWS[:1]).tolist() == [[0.0, 0.0, 0.0], [2.0, 5.0, 2.0]]


# --- parts, repetitions, grids --------------------------------------------------------------------

GRIDS = [numbers(2), numbers(3), np.array(7.0), numbers(2, 2)]


def test_entries_are_deleted_and_picked_as_numpy_does() -> None:
    x = numbers(2, 3)
    for place, axis in product(PLACES, (None, 0, 1, 2)):
        check_as_numpy("delete", x, place, axis)
    for condition, axis in product(([True, False], np.array([0, 1, 1]), [[True]]), (None, 0, 1)):
        check_as_numpy("compress", condition, x, axis)
    check_as_numpy("extract", x > 1, x)
    check_as_numpy("extract", [0, 1], x)


def test_different_entries_are_found_as_numpy_does() -> None:
    x = np.array([[3.0, 1.0, 3.0], [1.0, 2.0, 1.0], [3.0, 1.0, 3.0]])
    flags = [{"return_index": True}, {"return_inverse": True, "return_counts": True}, {}]
    for options, axis in product(flags, (None, 0, 1)):
        check_as_numpy("unique", x, axis=axis, **options)
    for equal_nan in (False, True):
        check_as_numpy("unique", np.array([np.nan, 1.0, np.nan]), equal_nan=equal_nan)
    slopes = ag.grad(lambda x: (ag.unique(x) * np.array([1.0, 2.0, 3.0])).sum())(x)
    assert slopes.tolist() == [[3.0, 1.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]


def test_arrays_are_resized_and_trimmed_as_numpy_does() -> None:
    for shape, x in product((4, (2, 2), (3, 4), 0, (0, 2)), (numbers(2, 3), np.zeros(0))):
        check_as_numpy("resize", x, shape)
    for trim, values in product(("fb", "f", "b", "F"), ([0.0, 0, 1, 0, 3, 0], [0.0, 0], [1.0])):
        check_as_numpy("trim_zeros", np.array(values), trim)
    with pytest.raises(ValueError, match=r"takes a vector, but got shape \(2, 3\)"):
        ag.trim_zeros(numbers(2, 3))
    with pytest.raises(ValueError, match="trim must be 'fb' or .*, but got 'x'"):
        ag.trim_zeros(numbers(3), "x")


def test_grids_are_numpys() -> None:
    for n, sparse, indexing in product(range(5), (False, True), ("xy", "ij", "bad")):
        check_as_numpy("meshgrid", *GRIDS[:n], sparse=sparse, indexing=indexing)
    check_as_numpy("broadcast_arrays", numbers(2, 1), *GRIDS[1:3])
    check_as_numpy("broadcast_arrays", numbers(2), numbers(3))
    grid = ag.meshgrid(numbers(2), numbers(2))
    grid[0][0] = 7.0
    assert grid[0].tolist() == [[7.0, 7.0], [0.0, 1.0]]
    assert np.shares_memory(ag.meshgrid(x := numbers(2), copy=False)[0], x)


def test_filled_arrays_have_numpys_dtypes() -> None:
    t = Tensor([[1.0, 2.0]], requires_grad=True)
    assert ag.full((2, 2), Value(3.0)).tolist() == [[3.0, 3.0]] * 2
    assert ag.full(2, 3).dtype == np.full(2, 3).dtype
    assert ag.full((2, 2), t, np.float32).dtype == np.float32
    for x in (t, Value(1.0)):
        assert np.full_like(x, 7).tolist() == np.full_like(x.data, 7).tolist()
        assert np.full_like(x, 7, shape=(3,)).shape == (3,)
        assert np.full_like(x, 7.5, int).dtype == int
        assert ag.full_like(x, Value(2.0), shape=(2,)).tolist() == [2.0, 2.0]
    assert ag.full_like(np.zeros(2, np.float32), Value(2.0)).dtype == np.float32
    assert ag.full_like(np.zeros(2), Value(2.0), np.float32).dtype == np.float32
    assert ag.full(2, Tensor(np.float32(1))).dtype == np.float32
    ag.full_like(t, t[0, 0]).sum().backward()
    assert t.grad.tolist() == [[2.0, 0.0]]


def test_weights_of_counts_are_differentiated() -> None:
    weights = Tensor([0.5, 2.0, 1.0], requires_grad=True)
    out = np.bincount([1, 3, 1], weights, minlength=5)
    assert out.tolist() == [0.0, 1.5, 0.0, 2.0, 0.0]
    out[1].backward()
    assert weights.grad.tolist() == [1.0, 0.0, 1.0]
    assert np.bincount(Tensor([1, 1])).tolist() == ag.bincount([1, 1]).tolist() == [0, 2]
    assert ag.bincount(np.zeros(0, int)).shape == (0,)
    with pytest.raises(ValueError, match=r"\(3,\) are not the weights of \(2,\)"):
        ag.bincount([1, 3], weights)


# --- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F", "A", "bad"])
def test_shapes_are_read_in_numpys_orders(order: str) -> None:
    for x in (numbers(2, 3), numbers(3, 2).T, numbers(2, 3, 2), numbers(6), np.asfortranarray(2.0)):
        check_as_numpy("ravel", x, order)
        for shape in ((3, 2), (-1,), (2, -1), 6, (1, 6), (4, 3)):
            check_as_numpy("reshape", x, shape, order=order)
        wanted = outcome(x.flatten, order)
        out = outcome(Tensor(x).flatten, order)
        assert isinstance(wanted, Exception) or out.tolist() == wanted.tolist()
    slopes = ag.grad(lambda x: ag.reshape(x, (3, 2), order)[2, 0])
    if order != "bad":
        assert (
            np.argmax(slopes(numbers(2, 3))) == np.ravel(numbers(2, 3), order)[[4, 2][order == "F"]]
        )


def test_arrays_are_flattened_as_they_are_in_memory() -> None:
    for x in (numbers(2, 3, 4).transpose(1, 0, 2), numbers(2, 3).T, numbers(2, 3), np.array(2.0)):
        check_as_numpy("ravel", x, "K")
    assert np.ravel(Value(2.0), order="K").tolist() == [2.0]
    assert ag.ravel(Tensor(Refusing(ROWS)), "K").tolist() == ROWS.ravel().tolist()


def test_entries_are_written_into_arrays() -> None:
    x, out = numbers(2, 3), np.empty(2)
    assert ag.take(x, [7, -1], None, out, "wrap") is out and out.tolist() == [1.0, 5.0]
    with pytest.raises(TypeError, match="take on nodes: there is no option 'out'"):
        ag.take(Tensor(x), [0, 1], out=out)


def test_copies_are_for_plain_arrays() -> None:
    x = numbers(2, 3)
    assert np.shares_memory(ag.reshape(x, 6), x)
    assert np.shares_memory(ag.astype(x, float, copy=False), x)
    assert not np.shares_memory(ag.astype(x, float), x)
    if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
        assert not np.shares_memory(ag.reshape(x, 6, copy=True), x)
        assert np.reshape(Tensor(x), 6, copy=True).tolist() == x.ravel().tolist()
        assert np.astype(Tensor(x, requires_grad=True), np.float32).requires_grad
    for t in (Tensor(x), Value(1.0)):
        assert ag.astype(t, np.float32).dtype == np.float32


def test_lists_of_numbers_are_arrays() -> None:
    v, w = Value(1.0), Value(2.0)
    for out, wanted in (
        (ag.unique([w, v, w]), [1.0, 2.0]), (ag.full((2, 2), [v, w]), [[1.0, 2.0]] * 2),
        (ag.trim_zeros([0.0, w]), [2.0]), (ag.bincount([1, 1], [v, w]), [0.0, 3.0]),
        (ag.astype([v, w], np.float32), [1.0, 2.0]), (ag.delete([v, w], 0), [2.0]),
    ):  # fmt: skip
        assert out.tolist() == wanted and out.requires_grad
    assert ag.astype(1, float).dtype == ag.astype([1], float).dtype == float


def test_several_arrays_get_axes_at_once() -> None:
    for name in ("atleast_1d", "atleast_2d", "atleast_3d"):
        check_as_numpy(name, np.array(2.0), numbers(3), numbers(2, 2), numbers(1, 1, 1))
        check_as_numpy(name, numbers(3), [1.0, 2.0])
        check_as_numpy(name)


def test_sorting_has_numpys_options() -> None:
    for kind in (None, "quicksort", "heapsort", "mergesort", "stable", "bad"):
        check_as_numpy("sort", ROWS, 0, kind)
    check_as_numpy("sort", ROWS, stable=True)
    check_as_numpy("sort", ROWS, order="x")
    check_as_numpy("partition", ROWS, [0, 2])
    check_as_numpy("partition", ROWS, 1, kind="bad")
