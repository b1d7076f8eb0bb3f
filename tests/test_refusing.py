"""Another library's arrays as the data of tensors, unchanged: any type with NumPy's protocols.

Every case of the table of ops works on arrays that stand in for CuPy's, and on CuPy's. What Dask
lacks is listed.
"""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from elsewhere import DASK, GPU, fetched, on_dask
from refusing import Device, Refusing
from table import CASES, Case

import autograd as ag
from autograd import Tensor, Value


def run(case: Case, place: Any) -> list[Any]:
    """Result, gradients and second derivatives, with all data in arrays made by `place`."""
    place = getattr(place, "asarray", place)

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


def check(case: Case, place: Any, rtol: float) -> None:
    kind = type(place.asarray(np.zeros(1)))
    for theirs, wanted in zip(run(case, place), run(case, np.asarray), strict=True):
        if type(wanted) is not float:
            assert type(theirs) is kind
            theirs, wanted = fetched(theirs), np.asarray(wanted)
        np.testing.assert_allclose(theirs, wanted, rtol=rtol, atol=1e-15, strict=True)


@pytest.mark.parametrize("place", [Refusing, Device])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_case_runs_elsewhere(case: Case, place: Any) -> None:
    check(case, place, 1e-13)


@pytest.mark.parametrize("place", [GPU])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_case_runs_on_a_gpu(case: Case, place: Any) -> None:
    check(case, place(), 1e-10)  # its elementary functions may be off by a few units


# What Dask's arrays can't do, by the name of the case, with what the error names. Dask has no order
# of entries, few functions of matrices, and those for single matrices only.
MISSING = {
    "sort": "numpy.argsort",
    **{
        nan + x: "numpy.argsort"
        for nan in ("", "nan")
        for x in ("median", "quantile", "percentile")
    },
    "partition": "numpy.argpartition",
    "unique": "equal_nan",
    "trim_zeros": "unknown chunk size",
    "periodic": "numpy.argsort",
    "det": "numpy.linalg.det",
    "slogdet": "numpy.linalg.slogdet",
    "pinv": r"numpy.linalg.(pinv|svdvals)",
    "cond": "numpy.linalg.cond",
    "eigh": "numpy.linalg.eigh",
    "eigvalsh": "numpy.linalg.eigh",
    "lstsq": "lstsq()",
}
MISSING_ON_STACKS = {
    x: f"{x} of shapes" for x in ("inv", "solve", "cholesky", "cofactors", "svd", "qr")
}
MISSING_ON_STACKS["svdvals"] = "svd of shapes"


def missing_on_dask(case: Case) -> str | None:
    """What an error of Dask names; nothing if the case runs."""
    name = str(case).partition("[")[0].split()[0]
    on_stack = len(case.args) > 0 and np.ndim(case.args[0]) > 2
    if "hermitian" in str(case) and name == "svd":
        return "numpy.linalg.eigh"
    if (
        on_stack
        and name in ("norm", "matrix_norm")
        and re.search("'?ord'?[:=] ?(-?2|'?nuc)", str(case))
    ):
        return "svd of shapes"
    if on_stack and name == "matrix_power" and "-" in str(case):
        return "inv of shapes"
    return MISSING.get(name) or (MISSING_ON_STACKS.get(name) if on_stack else None)


@pytest.mark.parametrize("place", [DASK])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_case_runs_on_dask_or_names_what_is_missing(case: Case, place: Any) -> None:
    missing = missing_on_dask(case)
    with on_dask():
        if str(case).startswith(("svd[", "svd {'full_matrices")) and missing is None:
            run(case, place())  # the vectors have other signs
            return
        if missing is None:
            check(case, place(), 1e-13)
            return
        with pytest.raises((TypeError, ValueError), match=missing):
            run(case, place())


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
    np.testing.assert_allclose(t.grad.get(), wanted, rtol=1e-15)
    assert repr(t) == "Tensor(Refusing([1. 2.]), requires_grad=True)"
    assert (t > 1.5).get().tolist() == [False, True] and t.sum().item() == 3.0


def test_a_value_beside_it_gets_a_float() -> None:
    t, v = parameter([1.0, 2.0]), Value(3.0)
    (t * v).sum().backward()
    assert v.grad == 3.0 and t.grad.get().tolist() == [3.0, 3.0]
    constant = t.detach()
    curvature = ag.grad(ag.grad(lambda v: (v * v * v * constant).sum()))(2.0)
    assert type(curvature) is float and curvature == 36.0


def test_functional_api_gives_it_back() -> None:
    def f(x: Any) -> Any:
        return (x[0] * x[1] ** 2).sum()

    x = Refusing([3.0, 2.0])
    assert ag.grad(f)(x).get().tolist() == [4.0, 12.0]
    assert ag.hessian(f)(x).get().tolist() == [[0.0, 4.0], [4.0, 6.0]]
    assert ag.hvp(f)(x)[1](Refusing([1.0, 0.0])).get().tolist() == [0.0, 4.0]
    assert ag.jvp(f)(x)[1](Refusing([1.0, 0.0])).get().tolist() == 4.0
    doubled = ag.checkpoint(lambda x: 2 * f(x))
    assert ag.jacobian(doubled)(x).get().tolist() == [8.0, 24.0]


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
    assert type(w.data) is Refusing and w.data.get().tolist() == [[2.0, 2.0]]


@pytest.mark.parametrize("kind", [Refusing, Device])
def test_a_tensor_copies_it_and_converts_it_if_told(kind: Any) -> None:
    a = kind(np.ones(2, np.float32))
    t = Tensor(a, requires_grad=True)
    a[0] = 5.0
    assert type(t.data) is kind and t.dtype == np.float32 and t.tolist() == [1.0, 1.0]
    assert Tensor(a, dtype=float).dtype == np.float64
    constant = (t * 2).detach()
    assert type(constant.data) is kind and constant.tolist() == [2.0, 2.0]
    moved = Tensor([1.0, 2.0])
    moved.data = a
    assert type(moved.data) is kind and moved.tolist() == [5.0, 1.0]


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_graphs_over_it_are_copied_and_pickled(again: Any) -> None:
    t = parameter([1.0, 2.0])
    y, s = again(((t * t).sum(), t))
    y.backward()
    assert s.grad.get().tolist() == [2.0, 4.0] and t.grad is None


@pytest.mark.parametrize("f", [ag.max, ag.min])
@pytest.mark.parametrize("many", [1, 100])  # more than 64 short rows are reduced in another way
def test_the_slopes_of_an_extremum_look_at_no_numbers_elsewhere(
    f: Callable[..., Any], many: int
) -> None:
    dask, array = pytest.importorskip("dask"), pytest.importorskip("dask.array")
    numbers = np.tile([[1.0, 2.0], [3.0, 3.0], [np.nan, 0.0]], (many, 1))
    x = ag.from_numpy(array.from_array(numbers, chunks=many), requires_grad=True)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed before it was asked for")

    with dask.config.set(scheduler=refuse):
        ag.sum(f(x, axis=1)).backward()
    slopes = ag.grad(lambda x: ag.sum(f(x, axis=1)))(numbers)
    assert np.array_equal(x.grad.compute(), slopes, equal_nan=True)
