"""Trees as vectors, and back."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value


class Line(NamedTuple):
    slope: Any
    offset: Any


TREE = {"w": np.arange(4.0).reshape(2, 2), "line": Line(3.0, [np.array([5.0])]), "none": []}


def test_a_tree_and_its_vector() -> None:
    vector, unravel = ag.ravel_pytree(TREE)
    assert type(vector) is np.ndarray and vector.tolist() == [0.0, 1.0, 2.0, 3.0, 3.0, 5.0]
    back = unravel(vector + 1)
    assert back["w"].tolist() == [[1.0, 2.0], [3.0, 4.0]] and back["none"] == []
    assert back["line"] == Line(4.0, [np.array([6.0])])
    assert type(back["line"].slope) is float
    assert not np.shares_memory(vector, TREE["w"])


def test_derivatives_pass_through_both() -> None:
    loss = lambda p: (p["w"] @ p["w"]).sum() * p["line"].slope + p["line"].offset[0].sum() ** 3
    vector, unravel = ag.ravel_pytree(TREE)
    gradient = ag.grad(lambda v: loss(unravel(v)))(vector)
    assert gradient.tolist() == ag.ravel_pytree(ag.grad(loss)(TREE))[0].tolist()
    hessian = ag.hessian(lambda v: loss(unravel(v)))(vector)
    np.testing.assert_array_equal(hessian @ vector, ag.ravel_pytree(ag.hvp(loss)(TREE)[1](TREE))[0])
    cubes = ag.grad(lambda p: (ag.ravel_pytree(p)[0] ** 3).sum())(TREE)
    assert cubes["w"].tolist() == [[0.0, 3.0], [12.0, 27.0]] and cubes["line"].slope == 27.0


def test_nodes_stay_nodes() -> None:
    x, t = Value(2.0), Tensor([3.0, 4.0], requires_grad=True)
    vector, unravel = ag.ravel_pytree([x, t])
    (vector * np.array([1.0, 2.0, 3.0])).sum().backward()
    assert x.grad == 1.0 and t.grad.tolist() == [2.0, 3.0]
    number, array = unravel(vector)
    assert type(number) is Value and type(array) is Tensor
    (number * array).sum().backward()
    assert x.grad == 8.0
    assert type(unravel(np.ones(3))[0]) is float
    layer = nn.Linear(2, 3, rng=0)
    assert ag.ravel_pytree(layer.parameters())[0].shape == (9,)


def test_each_array_gets_its_dtype_back() -> None:
    tree = [np.array([1.5], np.float32), np.array([2, 3]), np.array(4.0), np.float32(5.0), 6]
    vector, unravel = ag.ravel_pytree(tree)
    assert vector.dtype == np.float64
    back = unravel(vector)
    assert [getattr(x, "dtype", type(x)) for x in back] == [
        np.float32, np.int64, np.float64, np.float32, float,
    ]  # fmt: skip
    assert [np.shape(x) for x in back] == [(1,), (2,), (), (), ()]
    assert ag.ravel_pytree([np.ones(2, np.float32)])[0].dtype == np.float32


@pytest.mark.parametrize("tree", [[], {}, {"a": []}, (np.zeros((0, 3)),)], ids=str)
def test_nothing_is_an_empty_vector(tree: Any) -> None:
    vector, unravel = ag.ravel_pytree(tree)
    assert vector.shape == (0,)
    assert str(unravel(vector)) == str(tree)


def test_what_is_no_tree_of_numbers_or_no_such_vector_is_refused() -> None:
    for leaf in ("a", None, 1j, np.array(["a"]), object()):
        with pytest.raises(TypeError, match="a leaf of the tree must be a number or an array"):
            ag.ravel_pytree([1.0, leaf])
    _, unravel = ag.ravel_pytree(TREE)
    for vector in (np.ones(5), np.ones((6, 1)), 1.0):
        with pytest.raises(ValueError, match=r"unravel\(\) needs shape \(6,\), but got"):
            unravel(vector)
