"""Invalid calls raise errors that say what was expected and what came."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value, linalg
from autograd.core import array_rules, rules

T = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
V = Value(2.0)


def square(x: Any) -> Any:
    return x * x


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        # shapes and axes
        (lambda: ag.prod(T, axis=(0, -2)), ValueError, r"\(0, -2\) names one axis twice .* of 2"),
        (lambda: ag.prod(T, axis=2), np.exceptions.AxisError, "axis 2 is out of bounds .* 2"),
        (
            lambda: array_rules.sum_to(T, shape=(5, 3)),
            ValueError,
            r"\(5, 3\) does not broad.* \(2, 3\)",
        ),
        (lambda: array_rules.sum_to(T, shape=(1, 2, 3)), ValueError, "does not broadcast to"),
        (lambda: ag.squeeze(T, axis=0), ValueError, r"axis 0 of shape \(2, 3\) is not of length 1"),
        (lambda: ag.transpose(T, (0, 0)), ValueError, r"\(0, 0\) are no order of the 2 axes"),
        (lambda: ag.concatenate([]), ValueError, "at least one array"),
        (lambda: ag.split(T, 2, 1), ValueError, "3 entries do not divide into 2 equal parts"),
        (lambda: ag.where(np.ones(4, bool), T, 0.0), ValueError, r"where of shapes \(4,\) and"),
        (
            lambda: array_rules.scatter_add(
                np.ones((2, 3)), index=(np.ones((3, 2), int),), shape=(4,)
            ),
            ValueError,
            "broadcast",
        ),
        # products
        (lambda: ag.tensordot(T, T, axes=([0], [1])), ValueError, r"axes \[0\] .* \[1\] .* differ"),
        (lambda: ag.einsum("ij,jk->ik", T), ValueError, "names 2 operands, got 1"),
        (lambda: ag.einsum("ijk->i", T), ValueError, "names 3 axes where there are 2"),
        (lambda: ag.einsum("ii", T), ValueError, "'ii' has one index, 'i', .* lengths 2 and 3"),
        (lambda: ag.einsum("j,iji->ij", T[0], T[:, None]), ValueError, "'i', .* lengths 2 and 3"),
        (lambda: ag.einsum("...i->i", T), ValueError, "the axes of ... are missing in the output"),
        (lambda: ag.einsum("i1", T), ValueError, "letters and one ..., not 'i1'"),
        (lambda: ag.einsum("ij->>ij", T), ValueError, "letters and one ..., not '>ij'"),
        (lambda: ag.einsum("...i...j", T), ValueError, "one ..., not '...i...j'"),
        (lambda: ag.cross(T, T[:, :2]), ValueError, r"3 entries, .* \(2, 3\), \(2, 2\)"),
        (lambda: linalg.norm(Tensor(np.ones((2, 2, 2))), 1), ValueError, "ord=1 needs an axis"),
        (lambda: linalg.norm(T, [2]), TypeError, r"ord must be a number, but got \[2\]"),
        (lambda: V.register_hook(None), TypeError, "hook must be a function, but got None"),  # type: ignore[arg-type]
        (lambda: T.register_hook("print"), TypeError, "hook must be a function, but got 'print'"),  # type: ignore[arg-type]
        (lambda: linalg.norm(T, 3), ValueError, "no ord=3 along 2 axes"),
        # operands
        (lambda: rules.add(V), TypeError, "add takes 2 operands, got 1"),
        (lambda: ag.amax(), TypeError, r"max\(\) missing 1"),
        (lambda: ag.amin(T, axsi=0), TypeError, r"min\(\) got an unexpected .*'axsi'"),  # type: ignore[call-arg]
        (lambda: ag.where(T, None, 1.0), ValueError, "either both or neither of x and y"),
        (lambda: ag.where(T, 1.0, "a"), TypeError, "y must be a number or an array"),
        (lambda: ag.add(T, "a"), TypeError, "a number or an array, but got str 'a'"),
        (lambda: int(V), TypeError, r"int\(\) would drop the gradient"),
        (lambda: ag.gelu(T, approximate="erf"), ValueError, "'none' or 'tanh', but got 'erf'"),
        # compiled functions
        (lambda: ag.compile(square)(np.ones(2) * 1j), TypeError, "real numbers, not complex128"),
        (
            lambda: ag.compile(square).derivatives(0),
            ValueError,
            "order must be an integer >= 1, but got 0",
        ),
        (lambda: ag.compile(square).derivatives(1)(V), TypeError, "use ag.grad on nodes"),
        (lambda: ag.compile(square).backward(2.0, reduce="max"), ValueError, "'sum', not 'max'"),
        (lambda: ag.compile(max).source, ValueError, "call the function first"),
    ],
)
def test_what_is_refused(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_a_pool_that_only_half_exists_is_refused() -> None:
    class Pool(nn.layers.pool.Pool2d):
        """One that forgets to say what it makes of a window."""

    with pytest.raises(TypeError, match=r"Pool defines no reduce\(\)"):
        Pool(2)(Tensor(np.ones((1, 1, 4, 4))))


def test_what_can_not_be_assigned_leaves_the_tensor_as_it_was() -> None:
    t = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="unsupported operand"):
        t += "a"
    assert t.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "kind",
    [ag.AnomalyError, ag.DataDependentError, ag.GradientCheckError, ag.NotDifferentiableError],
)
def test_errors_have_their_public_names(kind: type[Exception]) -> None:
    error = kind("why")
    assert traceback.format_exception_only(error) == [f"autograd.{kind.__name__}: why\n"]
    assert type(pickle.loads(pickle.dumps(error))) is kind
