"""Another library's arrays as the data of tensors, unchanged: any type with NumPy's protocols.

Every case of the table of ops works, so that there is no list of exceptions.
"""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from refusing import Refusing
from table import CASES, Case

import autograd as ag
from autograd import Tensor, Value


def run(case: Case, place: type) -> list[Any]:
    """Result, gradients and second derivatives, with all data in arrays made by `place`."""

    def move(x: Any) -> Any:
        return place(x) if isinstance(x, np.ndarray) else x

    ours = [
        Tensor(move(x), requires_grad=True) if np.asarray(x).dtype.kind == "f" else move(x)
        for x in case.args
    ]
    # Labels are data; other options that are arrays are indices, which may be NumPy's.
    options = {k: move(x) if k == "labels" else x for k, x in case.kwargs.items()}
    out = case.f(*ours, **options)
    scalar = isinstance(out, Value)
    seed = None if scalar else move(np.cos(np.arange(out.size, dtype=float)).reshape(out.shape))
    out.backward(seed)
    variables = tuple(i for i, x in enumerate(ours) if isinstance(x, Tensor))

    def slopes(*args: Any) -> Any:
        _, pull = ag.vjp(case.f, variables)(*args, **options)
        return pull(1.0 if scalar else seed)

    point = [x.data if isinstance(x, Tensor) else x for x in ours]
    again, pull = ag.vjp(slopes, variables)(*point)
    return [out.data, *(ours[i].grad for i in variables), *again, *pull(again)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_case_runs_elsewhere(case: Case) -> None:
    for theirs, wanted in zip(run(case, Refusing), run(case, np.asarray), strict=True):
        if type(wanted) is not float:
            assert type(theirs) is Refusing
            theirs, wanted = theirs.fetch(), np.asarray(wanted)
        np.testing.assert_allclose(theirs, wanted, rtol=1e-13, atol=1e-15, strict=True)


def parameter(data: Any) -> Tensor:
    return Tensor(Refusing(data), requires_grad=True)


def test_the_array_refuses() -> None:
    a = Refusing([1.0, 2.0])
    for use in (
        lambda: np.asarray(a),
        lambda: np.ones(2) + a,
        lambda: np.where([True, False], np.ones(2), a),
        lambda: np.add(a, a, out=np.ones(2)),
        lambda: np.sum(a, out=a),
        lambda: a.__setitem__(0, np.ones(())),
        lambda: np.add.at(a, [0], a[0]),
    ):
        with pytest.raises(TypeError, match="refuses|no implementation found|NotImplemented"):
            use()


def test_what_stands_beside_it_is_never_converted_in_silence() -> None:
    t = parameter([1.0, 2.0])
    for use in (lambda: t * np.ones(2), lambda: np.ones(2) * t, lambda: ag.maximum(t, np.ones(2))):
        with pytest.raises(TypeError, match="refuses to stand beside an ndarray"):
            use()
    with pytest.raises(TypeError, match="converting to a NumPy array would drop"):
        np.asarray(t)
    with pytest.raises(TypeError, match="refuses to become an ndarray"):
        np.asarray(t.detach())


def test_numpys_functions_and_both_operators_reach_it() -> None:
    t, a = parameter([1.0, 2.0]), Refusing([3.0, 4.0])
    out = np.sum(a * np.tanh(t) - t / a + np.float64(2) * t + 1)
    assert type(out) is Tensor and type(out.data) is Refusing
    out.backward()
    wanted = np.array([3.0, 4.0]) / np.cosh([1.0, 2.0]) ** 2 - 1 / np.array([3.0, 4.0]) + 2
    np.testing.assert_allclose(t.grad.fetch(), wanted, rtol=1e-15)
    assert repr(t) == "Tensor(Refusing([1. 2.]), requires_grad=True)"
    assert (t > 1.5).fetch().tolist() == [False, True] and t.sum().item() == 3.0


def test_a_value_beside_it_gets_a_float() -> None:
    t, v = parameter([1.0, 2.0]), Value(3.0)
    (t * v).sum().backward()
    assert v.grad == 3.0 and t.grad.fetch().tolist() == [3.0, 3.0]
    constant = t.detach()
    curvature = ag.grad(ag.grad(lambda v: (v * v * v * constant).sum()))(2.0)
    assert type(curvature) is float and curvature == 36.0


def test_functional_api_gives_it_back() -> None:
    def f(x: Any) -> Any:
        return (x[0] * x[1] ** 2).sum()

    x = Refusing([3.0, 2.0])
    assert ag.grad(f)(x).fetch().tolist() == [4.0, 12.0]
    assert ag.hessian(f)(x).fetch().tolist() == [[0.0, 4.0], [4.0, 6.0]]
    assert ag.hvp(f)(x)[1](Refusing([1.0, 0.0])).fetch().tolist() == [0.0, 4.0]
    assert ag.jvp(f)(x)[1](Refusing([1.0, 0.0])).fetch().tolist() == 4.0
    doubled = ag.checkpoint(lambda x: 2 * f(x))
    assert ag.jacobian(doubled)(x).fetch().tolist() == [8.0, 24.0]


def test_training_step_in_place() -> None:
    w = parameter([[0.5, -0.5]])
    x, y = Tensor(Refusing([[1.0, 2.0], [3.0, 4.0]])), Tensor(Refusing([[1.0], [2.0]]))
    losses = []
    with ag.detect_anomaly():
        for _ in range(100):
            w.grad = None
            loss = ag.mean((x @ w.T - y) ** 2)
            loss.backward()
            with ag.no_grad():
                w -= 0.05 * w.grad
            losses.append(loss.item())
    assert losses == sorted(losses, reverse=True) and losses[-1] < 0.01 * losses[0]
    w.data = Refusing(np.zeros((1, 2)))
    w.data += 2.0
    assert type(w.data) is Refusing and w.data.fetch().tolist() == [[2.0, 2.0]]


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_graphs_over_it_are_copied_and_pickled(again: Any) -> None:
    t = parameter([1.0, 2.0])
    y, s = again(((t * t).sum(), t))
    y.backward()
    assert s.grad.fetch().tolist() == [2.0, 4.0] and t.grad is None
