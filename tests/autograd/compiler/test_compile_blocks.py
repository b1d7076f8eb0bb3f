"""Compiled functions on long columns: block by block, in one thread or in two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, Value
from autograd.compiler import tiling


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("n", [1, 4095, 4096, 200_001])
def test_blocks(n: int, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiling, "CORES", cores)
    monkeypatch.setattr(tiling, "CACHE", 1 << 14)
    monkeypatch.setattr(tiling, "PARALLEL", 1 << 17)
    f = ag.compile(lambda a, x, y: ag.where(x > y, ag.tanh(a * x + 1.0), x) * ag.exp(-(y**2)))
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, n))
    value, (da, dx) = f.value_and_grad(2.0, x, y, argnums=(0, 1), reduce="sum")
    a, t = Value(2.0), Tensor(x, requires_grad=True)
    out = (ag.where(x > y, ag.tanh(a * t + 1.0), t) * np.exp(-(y**2))).sum()
    out.backward()
    np.testing.assert_allclose(value, out.data, rtol=1e-9)
    np.testing.assert_allclose(da, a.grad, rtol=1e-9)
    np.testing.assert_allclose(dx, t.grad, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(f(2.0, x, y).sum(), value, rtol=1e-9)


@pytest.fixture
def two_threads(monkeypatch: pytest.MonkeyPatch) -> int:
    """Columns of the length that is given are gone through in two threads."""
    monkeypatch.setattr(tiling, "CORES", 2)
    monkeypatch.setattr(tiling, "CACHE", 1)
    monkeypatch.setattr(tiling, "PARALLEL", 1 << 12)
    return 1 << 12


def test_warnings_are_wanted_or_not_in_both_threads(two_threads: int) -> None:
    f = ag.compile(lambda x: ag.log(x) + 1.0)
    x = np.ones(two_threads)
    x[-1] = 0.0  # which the second thread will come by
    with np.errstate(all="ignore"):
        assert f(x)[-1] == -np.inf
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        f(x)


def test_matrix_products_are_left_to_their_own_threads(
    two_threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("another thread was asked for")

    monkeypatch.setattr(tiling, "ThreadPoolExecutor", refuse)
    X = np.ones((4, two_threads))
    net = lambda w, x: sum(ag.tanh(sum(a * b for a, b in zip(row, x))) for row in w)
    w = [[0.1 * (i + j) for i in range(4)] for j in range(4)]
    assert ag.compile(net)(w, list(X)).shape == (two_threads,)
    with pytest.raises(AssertionError, match="another thread"):
        ag.compile(ag.tanh)(X[0])


def test_conditions_take_a_byte_each() -> None:
    f = ag.compile(lambda x: ag.where(ag.sin(x) > 0.5, x, 0.0))
    f(np.ones(3))
    (tiled,) = next(iter(f.latest.programs.values())).tiled.values()
    assert "empty_flags(" in tiled.source.blocked()


@pytest.mark.parametrize("n", [3, 4096])
def test_results_share_no_memory(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiling, "CACHE", 1)
    x = np.ones(n)

    def twice(x: Any) -> Any:
        y = ag.exp(x)
        return [y, y, x, x]

    results = [x, *ag.compile(twice)(x)]
    for i, result in enumerate(results):
        assert not any(np.shares_memory(result, other) for other in results[:i])
