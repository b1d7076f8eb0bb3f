"""Arithmetic of shapes and axes, beside NumPy's own: every shape and axis of a few dimensions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, permutations, product
from typing import Any

import numpy as np
import pytest
from numpy.lib.array_utils import normalize_axis_tuple

from autograd.core import shapes

SHAPES = list(chain.from_iterable(product((0, 1, 2, 3), repeat=ndim) for ndim in range(4)))


def outcome(f: Callable[..., Any], *args: Any) -> Any:
    """What comes of a call: a result, or the type of an error."""
    try:
        return f(*args)
    except (ValueError, IndexError) as error:
        return type(error)


@pytest.mark.parametrize("ndim", range(4))
def test_axes_are_counted_as_numpy_does(ndim: int) -> None:
    each = range(-ndim - 1, ndim + 1)
    for axis in (*each, *product(each, repeat=2), *product(each, repeat=3), ()):
        wanted = outcome(normalize_axis_tuple, axis, ndim)
        if isinstance(wanted, tuple):
            assert shapes.ordered_axes(axis, ndim) == list(wanted)
            wanted = tuple(sorted(wanted))
        assert outcome(shapes.normalize_axes, axis, ndim) == wanted, axis
    assert shapes.normalize_axes(None, ndim) == tuple(range(ndim))


@pytest.mark.parametrize("wrong", [1.0, "a", (0, 1.0), [0, 1], True, np.float64(0)], ids=repr)
def test_an_axis_is_a_whole_number(wrong: Any) -> None:
    with pytest.raises(TypeError, match="axis must be an integer, but got"):
        shapes.normalize_axes(wrong, 2)
    assert shapes.normalize_axes(np.int64(-1), 2) == (1,)
    assert shapes.normalize_axes((np.uint8(1), np.array(0)), 2) == (0, 1)


def test_a_shape_is_one_whole_number_or_several() -> None:
    for given in (6, (6,), [6], np.int64(6), np.array(6), np.array([6]), (np.uint8(6),)):
        shape = shapes.as_shape(given)  # type: ignore[arg-type]
        assert shape == (6,) and type(shape) is tuple and type(shape[0]) is int
    assert shapes.as_shape(()) == shapes.as_shape([]) == ()
    for wrong in (2.0, "6", None, True, (2.0, 3), (True,), np.array([2.0])):
        with pytest.raises(TypeError, match=r"shape(\[\d\])? must be an integer, but got"):
            shapes.as_shape(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_reductions_fold_what_numpy_folds(shape: tuple[int, ...]) -> None:
    x = np.ones(shape)
    for axis in (None, *range(-len(shape) - 2, len(shape) + 2), (), (0, -1)):
        kept = outcome(lambda axis: np.sum(x, axis=axis, keepdims=True).shape, axis)
        assert outcome(shapes.kept_shape, shape, axis) == kept, axis
        if isinstance(kept, tuple):
            sums = np.sum(x, axis=axis)
            assert np.all(sums == shapes.count_along(shape, axis)), axis


@pytest.mark.parametrize("ndim", range(5))
def test_an_order_of_axes_is_undone(ndim: int) -> None:
    for axes in permutations(range(ndim)):
        back = shapes.inverse_permutation(axes)
        assert [axes[i] for i in back] == list(range(ndim))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_what_was_stretched_is_summed(shape: tuple[int, ...]) -> None:
    for target in SHAPES:
        if outcome(lambda a, b: np.broadcast_to(np.empty(a), b).shape, target, shape) != shape:
            with pytest.raises(ValueError, match="does not broadcast to"):
                shapes.axes_to_sum(shape, target)
            continue
        axes = shapes.axes_to_sum(shape, target)
        assert np.ones(shape).sum(axes).size == np.empty(target).size
        added = len(shape) - len(target)
        assert all(shape[i] != 1 for i in axes if i >= added)  # nothing is summed that is there
        assert set(range(added)) <= set(axes)


def test_shapes_are_those_of_numbers_of_any_kind() -> None:
    for x in (2.0, 2, np.float32(2), [1.0, 2.0], [[1.0], [2.0]], np.ones((2, 0))):
        assert shapes.shape_of(x) == np.shape(x)
