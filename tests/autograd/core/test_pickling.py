"""Copies and pickles of nodes, graphs and functions under checkpoint."""

from __future__ import annotations

import copy
import pickle
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Op, Tensor, Value
from autograd.core import pickling


def graph() -> list[Any]:
    a = Value(2.0, label="a")
    t = Tensor([1.0, 2.0], requires_grad=True, label="t")
    b = a * 3
    c = (b * b * t).sum()
    b.grad = 5.0
    return [c, b, a, t]


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_share_among_themselves_and_with_nothing_else(again: Any) -> None:
    original = graph()
    c, b, a, t = again(original)
    assert (a.label, t.label, b.grad, a.data) == ("a", "t", 5.0, 2.0)
    assert b.args[0] is a and c.op is original[0].op
    original[0].backward()
    assert a.grad is None and t.grad is None
    c.backward()
    assert a.grad == original[2].grad == 108.0
    np.testing.assert_array_equal(t.grad, original[3].grad)
    t.data[0] = 100.0
    assert original[3].data[0] == 1.0
    slope = ag.grad(lambda x: again([x])[0] * 1.0)
    assert slope(1.0) == 0.0  # the copy is not the variable


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_deep_graphs_copy_without_recursion(again: Any) -> None:
    x = Value(1.0)
    y = x
    for _ in range(30_000):
        y = y * 1.0001 + x
    limit = sys.getrecursionlimit()
    z, w = again((y, x))
    z.backward()
    y.backward()
    assert w.grad == x.grad
    assert sys.getrecursionlimit() == limit


def test_ops_are_pickled_by_name() -> None:
    assert pickle.loads(pickle.dumps(ag.exp)) is ag.exp
    local = Op("local", lambda x: x, (lambda g, out, x: g,))
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(local(Value(1.0)))


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_remember_what_was_seen(again: Any) -> None:
    a, b = Value(2.0), Value(3.0)
    c = a * b
    a.data = 10.0
    c = again(c)
    c.backward()
    assert c.args[0].data == 10.0 and c.args[1].grad == 2.0


@ag.checkpoint
def cubed(x: Any, factor: float = 1.0) -> Any:
    return factor * x * x * x


class Gain(nn.Module):
    def __init__(self) -> None:
        self.w = nn.Parameter([1.0, 2.0])
        self.calls = nn.module.Buffer(0.0)

    def forward(self, x: Any) -> Any:
        self.calls.data = self.calls.data + 1
        return ag.tanh(x * self.w)


ways = pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"]
)


@ways
def test_what_was_made_under_checkpoint_is_copied(again: Any) -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = cubed(cubed(x), factor=2.0).sum()
    copied_y, copied_x = again((y, x))
    y.backward()
    assert copied_x.grad is None
    copied_y.backward()
    np.testing.assert_array_equal(copied_x.grad, x.grad)
    np.testing.assert_allclose(x.grad, 18 * x.data**8)


@ways
@pytest.mark.parametrize("name", ["decorated", "wrapped"])
def test_copies_of_copies_compute_again_once(name: str, again: Any) -> None:
    x = Value(2.0)
    y = counted(x) if name == "decorated" else ag.checkpoint(plain)(x)
    out, leaf = again(again((y, x)))
    RUNS.clear()
    out.backward()
    assert leaf.grad == 4.0 and len(RUNS) == 1


RUNS: list[int] = []


def plain(x: Any) -> Any:
    RUNS.append(1)
    return x * x


@ag.checkpoint
def counted(x: Any) -> Any:
    return plain(x)


def test_pickles_of_checkpoints_grow_as_the_graph_does() -> None:
    sizes = []
    for n in (100, 200):
        y = Value(1.0)
        for _ in range(n):
            y = unit(y)
        sizes.append(len(pickle.dumps(y)))
    assert sizes[1] < 2.2 * sizes[0]


@ways
def test_a_module_under_checkpoint_is_copied_with_its_state(again: Any) -> None:
    model = nn.Sequential(Gain(), nn.Dropout(0.5, rng=0))
    y = ag.checkpoint(model)(Tensor([1.0, 2.0])).sum()
    twin, out = again((model, y))
    with ag.no_grad():
        model[0].w *= 2.0  # the copy's parameters are its own
    out.backward()
    assert model[0].w.grad is None and twin[0].w.grad is not None
    assert twin[0].calls.item() == model[0].calls.item() == 1.0
    plain = nn.Sequential(Gain(), nn.Dropout(0.5, rng=0))
    plain(Tensor([1.0, 2.0])).sum().backward()
    np.testing.assert_array_equal(twin[0].w.grad, plain[0].w.grad)


@ways
def test_a_long_chain_of_checkpoints_is_copied(again: Any) -> None:
    x = y = Value(1.0)
    for _ in range(500):
        y = unit(y)
    z, w = again((y, x))
    z.backward()
    assert w.grad == 1.0


@ag.checkpoint
def unit(x: Any) -> Any:
    return x * 1.0


def test_a_function_without_a_name_under_checkpoint_is_no_pickle_and_is_named() -> None:
    y = ag.checkpoint(lambda x: x * x)(Value(1.0))
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(y)
    assert copy.deepcopy(y).data == 1.0


class Tagged(Tensor):
    """A user's subclass with an attribute."""


NODES = {
    "Value": lambda: Value(2.0, label="x"),
    "Tensor": lambda: Tensor([2.0, 3.0], requires_grad=True, label="x"),
    "constant": lambda: Tensor([2.0, 3.0], dtype=np.float32),
    "Parameter": lambda: nn.Parameter([2.0, 3.0], label="x"),
    "Buffer": lambda: nn.module.Buffer([2, 3]),
    "Tagged": lambda: Tagged([2.0]),
}


@pytest.mark.parametrize("kind", NODES)
def test_a_shallow_copy_of_a_leaf_shares_its_numbers(kind: str) -> None:
    x = NODES[kind]()
    if kind == "Tagged":
        x.tag = "mine"
    x.grad = None if not x.requires_grad else x.data
    y = copy.copy(x)
    assert type(y) is type(x) and y is not x and y.op is None
    assert (y.label, y.requires_grad) == (x.label, x.requires_grad) and y.grad is x.grad
    assert y.data is x.data and getattr(y, "tag", None) == getattr(x, "tag", None)
    for one in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(one) is type(x) and getattr(one, "tag", None) == getattr(x, "tag", None)
    y.label, y.grad = "y", None
    y.data = y.data * 0 + 1
    assert x.label != "y" and np.all(np.asarray(x.data) >= 2.0)
    assert (x.grad is None) is not x.requires_grad
    if x.requires_grad:
        x.grad = None
        (y * 3).sum().backward() if kind != "Value" else (y * 3).backward()
        assert x.grad is None and np.all(np.asarray(y.grad) == 3.0)


@pytest.mark.parametrize("kind", ["Value", "Tensor", "Parameter"])
def test_a_shallow_copy_of_a_result_has_its_history(kind: str) -> None:
    x = NODES[kind]()
    y = ag.exp(x * 2.0)
    z = copy.copy(y)
    assert z.op is y.op and z.args[0] is y.args[0] and z._data is y._data
    z.label = "z"
    assert y.label is None and type(z) is type(y)
    total = ag.sum(z)
    total.backward()
    np.testing.assert_allclose(x.grad, 2.0 * np.exp(2.0 * np.asarray(x.data)))
    assert ag.grad(lambda x: copy.copy(x * x))(3.0) == 6.0


def test_threads_that_pickle_one_graph_keep_what_it_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(pickling.NodeEntry):
        """An entry that lets another thread run before it is made."""

        def __init__(self, node: Any) -> None:
            time.sleep(1e-4)
            super().__init__(node)

    monkeypatch.setattr(pickling, "NodeEntry", Slow)
    y = Value(1.0)
    for _ in range(30):
        y = y * 1.0
    z = y * 2.0
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(lambda _: pickle.dumps((y, z)), range(8)))
    for text in texts:
        first, second = pickle.loads(text)
        assert second.args[0] is first
