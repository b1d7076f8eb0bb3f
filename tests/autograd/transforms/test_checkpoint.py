"""Functions that the backward pass computes again."""

from __future__ import annotations

import gc
import math
import weakref
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value


def layers(w: Tensor, calls: list[int]) -> Any:
    def f(h: Tensor) -> Tensor:
        calls.append(1)
        for _ in range(5):
            h = ag.tanh(h @ w.T + ag.sum(w) * 0.01)
        return h

    return f


def test_checkpoint_gives_the_same_gradients_and_keeps_less() -> None:
    rng = np.random.default_rng(0)
    w = Tensor(rng.normal(size=(3, 3)), requires_grad=True)
    x = Tensor(rng.normal(size=(2, 3)), requires_grad=True)
    calls: list[int] = []
    f = layers(w, calls)
    (f(x) ** 2).sum().backward()
    wanted = w.grad, x.grad
    w.grad = x.grad = None
    out = ag.checkpoint(f)(x)
    assert len(calls) == 2 and {id(a) for a in out.args} == {id(w), id(x)}
    (out**2).sum().backward()
    assert len(calls) == 3  # once more, for both arguments together
    np.testing.assert_allclose(w.grad, wanted[0], rtol=1e-15)
    np.testing.assert_allclose(x.grad, wanted[1], rtol=1e-15)


def test_checkpoint_of_every_order_nested_and_in_closures() -> None:
    def f(x: Any) -> Any:
        inner = ag.checkpoint(ag.tanh)
        return ag.checkpoint(lambda y: inner(y * x) + x)(x * 2) * x

    ag.check_gradients(f, np.array([0.3, 0.4]), order=3)
    ag.check_gradients(f, 0.3)
    assert ag.checkpoint(ag.sin)(1.0) == ag.sin(1.0)
    with ag.no_grad():
        assert not ag.checkpoint(ag.sin)(Value(1.0)).requires_grad
        assert ag.checkpoint(scaled)(1.0, factor=2.0) == 2.0
    x = Value(1.0)
    assert ag.checkpoint(lambda y: y)(x) is x
    (ag.checkpoint(scaled)(x, factor=2.0) + ag.checkpoint(lambda y: y * x.detach())(x)).backward()
    assert x.grad == 2.0 + 1.0


def scaled(x: Any, factor: float) -> Any:
    return x * factor


def test_checkpoint_records_again_whatever_the_mode_of_the_backward_pass() -> None:
    x = Value(3.0)
    out = ag.checkpoint(lambda x: x * x)(x)
    with ag.no_grad():
        out.backward()
    assert x.grad == 6.0


def test_checkpoint_refuses_what_it_can_not_repeat() -> None:
    rng = np.random.default_rng(0)
    out = ag.checkpoint(lambda x: x * rng.random())(Value(1.0))
    with pytest.raises(ValueError, match="something else the second time"):
        out.backward()
    lengths = iter((3, 2))
    out = ag.checkpoint(lambda x: x[: next(lengths)])(Tensor(np.ones(4), requires_grad=True))
    with pytest.raises(ValueError, match="something else the second time"):
        out.sum().backward()
    for returned in ([1.0], None, "1", (x for x in ())):
        with pytest.raises(TypeError, match=f"returned {type(returned).__name__}"):
            ag.checkpoint(lambda x, y=returned: y)(Value(1.0))


def test_checkpoint_refuses_another_kind_of_result_and_other_operands() -> None:
    x, w = Value(2.0), Value(1.0)
    for first, second in (
        (lambda x: x * w, lambda x: 2.0),
        (lambda x: x * w, lambda x: x * 1.0),
        (lambda x: x * 1.0, lambda x: x * w),
    ):
        runs = iter([first, second])
        out = ag.checkpoint(lambda x, runs=runs: next(runs)(x))(x)
        with pytest.raises(ValueError, match="something else the second time"):
            out.backward()
    assert x.grad is None


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (math.nan, math.nan, True),
        (1.0, math.nan, False),
        (math.nan, 1.0, False),
        (np.array([1.0, 1.0]), np.array([1.0]), False),
    ],
)
def test_checkpoint_tells_whether_it_was_repeated(first: Any, second: Any, same: bool) -> None:
    factors = iter([first, second])
    x = Tensor(1.0, requires_grad=True)
    out = ag.checkpoint(lambda x: x * next(factors))(x)
    if same:
        out.backward()
        np.testing.assert_array_equal(x.grad, first)
    else:
        with pytest.raises(ValueError, match="something else the second time"):
            out.backward(np.ones(out.shape))


class Twice(nn.Module):
    """A layer with side effects: counters in buffers, in every way to write one."""

    def __init__(self) -> None:
        self.w = nn.Parameter([1.0, 2.0])
        self.calls = nn.module.Buffer(0)
        self.seen, self.entry, self.raw = (nn.module.Buffer(np.zeros(2)) for _ in range(3))
        self.number = Value(0.0).requires_grad_(False)

    def forward(self, x: Any) -> Any:
        self.calls.data += 1
        self.calls.data = self.calls.data + 1
        self.seen += 1.0
        self.entry[0] = self.entry[0] + 1.0
        self.raw.data[1] += 5.0
        self.number.data += 1.0
        return x * self.w * 2.0

    def state(self) -> tuple[Any, ...]:
        buffers = self.calls, self.seen, self.entry, self.raw
        return *(x.tolist() for x in buffers), self.number.data


@pytest.mark.parametrize("order", [1, 2])
def test_what_a_function_writes_is_written_once(order: int) -> None:
    plain, once = Twice(), Twice()
    plain(Tensor([3.0, 4.0]))
    f = ag.checkpoint(once)
    if order == 1:
        f(Tensor([3.0, 4.0])).sum().backward()
        assert once.w.grad.tolist() == [6.0, 8.0]
    else:
        ag.hvp(lambda x: (f(x) ** 3).sum())(np.array([3.0, 4.0]))
    assert plain.state() == (2, [1.0, 1.0], [1.0, 0.0], [0.0, 5.0], 1.0)
    assert once.state() == plain.state()


@pytest.mark.parametrize("wrap", [ag.checkpoint, lambda f: ag.checkpoint(ag.checkpoint(f))],
                         ids=["once", "nested"])  # fmt: skip
def test_batch_norm_follows_a_batch_once(wrap: Any) -> None:
    norm = nn.BatchNorm1d(1)
    wrap(norm)(Tensor(np.array([[1.0], [3.0]], np.float32), requires_grad=True)).sum().backward()
    assert norm.running_mean.data.tolist() == pytest.approx([0.2])
    assert norm.num_batches_tracked.data == 1
    net, twin = (nn.Sequential(nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3)) for _ in range(2))
    x = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    for _ in range(2):
        net(x).sum().backward()
        wrap(lambda x: twin(x))(x).sum().backward()
    assert str(net.state_dict()) == str(twin.state_dict())


def test_an_error_in_the_second_run_leaves_what_was_written() -> None:
    layer, factors = Twice(), iter([1.0, 2.0])
    out = ag.checkpoint(lambda x: layer(x) * next(factors))(Tensor([3.0, 4.0]))
    state = layer.state()
    with pytest.raises(ValueError, match="something else the second time"):
        out.sum().backward()
    assert layer.state() == state


@pytest.mark.parametrize("wrap", [ag.checkpoint, lambda f: ag.checkpoint(ag.checkpoint(f))],
                         ids=["once", "nested"])  # fmt: skip
def test_dropout_draws_the_same_numbers_again(wrap: Any) -> None:
    x = np.random.default_rng(0).normal(size=(4, 6))
    grads = []
    for around in (lambda f: f, wrap):
        net = nn.Sequential(
            nn.Dropout(0.5, rng=1), nn.Linear(6, 6, dtype=float, rng=0), nn.Dropout(0.3, rng=1)
        )
        for _ in range(2):
            loss = (around(net)(x) ** 2).sum()
            net[0].rng.random()  # goes on from here after the backward pass
            loss.backward()
        following = net[0].rng.random()
        grads.append((net[1].weight.grad.tolist(), following))
    assert grads[0] == grads[1]


def test_a_users_layer_may_draw_numbers_and_create_graph() -> None:
    rng = np.random.default_rng(3)
    noisy = lambda x: x**3 * nn.seed.generator_from(rng).normal(size=2)
    x, factors = np.array([1.0, 2.0]), np.random.default_rng(3).normal(size=2)
    product = ag.hvp(lambda x: ag.checkpoint(noisy)(x).sum())(x)[1]
    np.testing.assert_allclose(product(np.ones(2)), 6 * x * factors)
    nn.manual_seed(0)
    seeded = ag.checkpoint(lambda x: x * nn.seed.generator_from(None).normal())
    assert ag.grad(seeded)(1.0) == np.random.default_rng(0).normal()


def test_a_leaf_over_memory_that_is_read_only_may_be_given_other_data() -> None:
    t = ag.from_numpy(np.broadcast_to(1.0, (2,)))

    def f(x: Tensor) -> Tensor:
        t.data = t.data + 1.0
        return x * 2.0

    out = ag.checkpoint(f)(Tensor([1.0, 2.0], requires_grad=True)).sum()
    t._data.flags.writeable = False
    out.backward()
    assert t.tolist() == [2.0, 2.0]


def test_hooks_inside_of_checkpoint_stay_differentiable() -> None:
    def f(x: Any) -> Any:
        y = x**3
        y.register_hook(lambda g: g * g * x)
        return y * y

    slopes = [ag.grad(ag.grad(g))(2.0) for g in (f, ag.checkpoint(f))]
    assert slopes[0] == slopes[1] != 0.0


@pytest.mark.parametrize("wrap", [ag.checkpoint, lambda f: ag.checkpoint(ag.checkpoint(f))],
                         ids=["once", "nested"])  # fmt: skip
def test_hooks_of_a_function_under_checkpoint_run_once(wrap: Any) -> None:
    calls = []
    w, x = Tensor([2.0], requires_grad=True), Tensor([3.0], requires_grad=True)

    def f(x: Tensor) -> Tensor:
        w.register_hook(lambda g: calls.append("leaf"))
        y = x * w
        y.register_hook(lambda g: calls.append("inside"))
        return y * y

    wrap(f)(x).sum().backward()
    assert sorted(calls) == ["inside", "leaf"] and len(w.notes.hooks) == 1


def test_checkpoint_finds_one_nan_equal_to_another() -> None:
    x = Tensor([-1.0, 1.0], requires_grad=True)
    with np.errstate(invalid="ignore"):
        ag.checkpoint(ag.log)(x).sum().backward()
    assert x.grad.tolist() == [-1.0, 1.0]


def test_checkpoint_leaves_no_cycle() -> None:
    gc.collect()
    gc.disable()
    try:
        x = Value(0.5)
        y = ag.checkpoint(lambda x: ag.sin(x) * x)(x)
        (y * y).backward()
        ag.grad(ag.grad(ag.checkpoint(ag.sin)))(1.0)
        dead = weakref.ref(y)
        del y
        assert dead() is None
    finally:
        gc.enable()


def test_checkpoint_computes_again_for_another_gradient() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    out = ag.checkpoint(lambda x: x * x)(x)
    out.backward([1.0, 1.0])
    out.backward([10.0, 0.0])
    assert x.grad.tolist() == [2.0 + 20.0, 4.0]


def test_a_checkpoint_belongs_to_the_open_scope() -> None:
    with ag.scope("part"):
        y = ag.checkpoint(lambda x: x * x)(Value(2.0))
    assert y.notes.scope.name == "part"


def test_checkpoint_returns_arrays_that_depend_on_no_node() -> None:
    constant = np.ones(2)
    assert ag.checkpoint(lambda x: constant)(Value(2.0)) is constant
