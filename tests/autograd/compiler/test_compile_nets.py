"""Nets of `Value`, compiled: they train as recorded ones do."""

from __future__ import annotations

import copy
import pickle
import random
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value
from autograd.compiler import lowered_program, tiling


def batch(n: int = 30) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 2))
    return x, np.where(x[:, 0] * x[:, 1] > 0, 1.0, -1.0)


def trained(
    is_compiled: bool, loss: Any, decay: float, activation: Any
) -> tuple[list[float], list[float]]:
    """Losses and weights of a few steps of descent."""
    x, y = batch()
    net = nn.scalar.MLP(2, [4, 3, 1], activation=activation, rng=0)
    weights = net.parameters()
    with_decay = lambda s, t: loss(s, t) + decay * sum(w * w for w in weights)
    optimizer, losses = nn.SGD(weights, lr=0.1, momentum=0.9), []
    step = nn.scalar.compile(net, with_decay)
    for _ in range(8):
        optimizer.zero_grad()
        if is_compiled:
            losses.append(step(x, y))
        else:
            pairs = zip(x.tolist(), y.tolist())
            total = sum(with_decay(net(row), t) for row, t in pairs) / len(x)
            total.backward()
            losses.append(total.item())
        optimizer.step()
    return losses, [w.data for w in weights]


@pytest.mark.parametrize("loss", [nn.mse_loss, nn.hinge_loss, nn.huber_loss])
@pytest.mark.parametrize(
    "activation", [ag.relu, ag.tanh, nn.Softplus()], ids=["relu", "tanh", "module"]
)
@pytest.mark.parametrize("decay", [0.0, 1e-2])
def test_training_as_recorded(loss: Any, activation: Any, decay: float) -> None:
    both = [trained(is_compiled, loss, decay, activation) for is_compiled in (True, False)]
    for got, want in zip(*both):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    losses, _ = both[0]
    assert losses[-1] < losses[0]


def test_several_outputs() -> None:
    net = nn.scalar.MLP(2, [3, 2], rng=0)
    loss = lambda out, t: (out[0] - t[0]) ** 2 + ag.abs(out[1] - t[1])
    x, _ = batch(5)
    target = x[:, ::-1] * 2
    value = nn.scalar.compile(net, loss)(x, target)
    got = [w.grad for w in net.parameters()]
    for w in net.parameters():
        w.grad = None
    total = sum(loss(net(a), b) for a, b in zip(x.tolist(), target.tolist())) / 5
    total.backward()
    np.testing.assert_allclose(value, total.item(), rtol=1e-12)
    np.testing.assert_allclose(got, [w.grad for w in net.parameters()], rtol=1e-12, atol=1e-14)


def test_gradients_are_added() -> None:
    net = nn.scalar.MLP(2, [1], rng=0)
    step = nn.scalar.compile(net, nn.mse_loss)
    x, y = batch(3)
    step(x, y)
    once = [w.grad for w in net.parameters()]
    assert all(type(g) is float for g in once)
    step(x.tolist(), y.tolist())
    assert [w.grad for w in net.parameters()] == [2 * g for g in once]


def test_batches_of_any_size_and_new_weights() -> None:
    net = nn.scalar.MLP(2, [1], rng=0)
    step = nn.scalar.compile(net, nn.mse_loss)
    for n in (1, 30, 5000):
        x, y = batch(n)
        w1, w2, b = (w.data for w in net.parameters())
        np.testing.assert_allclose(step(x, y), np.mean((x @ [w1, w2] + b - y) ** 2), rtol=1e-12)
        for w in net.parameters():
            w.data += 0.1


def test_frozen_weights_get_no_gradient() -> None:
    net = nn.scalar.MLP(2, [2, 1], rng=0)
    frozen = net.layers[0].parameters()
    for w in frozen:
        w.requires_grad_(False)
    nn.scalar.compile(net, nn.mse_loss)(*batch())
    assert all(w.grad is None for w in frozen)
    assert all(w.grad is not None for w in net.layers[1].parameters())


def test_wrong_shapes_and_losses() -> None:
    net = nn.scalar.MLP(2, [2, 1], rng=0)
    step = nn.scalar.compile(net, nn.mse_loss)
    x, y = batch()
    for wrong in ((x[0], y), (x, y[:-1]), (x, y[:, None, None])):
        with pytest.raises(ValueError, match=r"inputs \(batch, inputs\)"):
            step(*wrong)
    with pytest.raises(ValueError, match="expected 2 inputs, got 3"):
        step(np.ones((4, 3)), np.ones(4))
    with pytest.raises(ValueError, match="one number"):
        nn.scalar.compile(net, lambda out, t: [out, t])(x, y)
    with pytest.raises(ag.DataDependentError, match="ag.where"):
        nn.scalar.compile(net, lambda out, t: out if out > t else t)(x, y)


def test_wrong_targets_are_refused_as_when_recorded() -> None:
    net = nn.scalar.MLP(2, [3, 1], rng=0)
    x = np.ones((3, 2))
    with pytest.raises(ValueError, match="targets of -1 and 1, but got 0"):
        nn.scalar.compile(net, nn.hinge_loss)(x, [1.0, 0.0, 1.0])
    with pytest.raises(ValueError, match="but got 2"):
        nn.scalar.compile(net, nn.binary_cross_entropy_with_logits)(x, [1.0, 0.0, 2.0])
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize(
    ("outputs", "shape", "got"),
    [
        (1, (3, 1), r"\(batch,\) and \(batch, 1\)"),
        (2, (3,), r"\(batch, 2\) and \(batch,\)"),
    ],
)
def test_losses_of_numbers_refuse_lists(outputs: int, shape: tuple[int, ...], got: str) -> None:
    net = nn.scalar.MLP(2, [3, outputs], rng=0)
    with pytest.raises(ValueError, match=f"but mse_loss got {got}; reshape the targets"):
        nn.scalar.compile(net, nn.mse_loss)(np.ones((3, 2)), np.ones(shape))


def test_a_copied_step_trains_the_copied_net() -> None:
    net = nn.scalar.MLP(2, [3, 1], rng=0)
    step = nn.scalar.compile(net, nn.mse_loss)
    value = step(*batch())
    for again in (copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))):
        other, train = again((net, step))
        for p in [*net.parameters(), *other.parameters()]:
            p.grad = None
        assert train(*batch()) == value
        assert all(p.grad is None for p in net.parameters())
        assert all(p.grad is not None for p in other.parameters())


def test_source() -> None:
    net = nn.scalar.MLP(1, [1], rng=0)
    step = nn.scalar.compile(net, nn.mse_loss)
    with pytest.raises(ValueError, match="call"):
        _ = step.source
    step(np.ones((2, 1)), np.ones(2))
    space: dict[str, Any] = {}
    exec(step.source, space)
    w, b = (v.data for v in net.parameters())
    value, slopes = space["of_sample"](
        [2.0], 3.0, *lowered_program.lower(step.function.latest, None, 1).captured()
    )
    assert value == (w * 2.0 + b - 3.0) ** 2
    assert sorted(slopes) == sorted([4.0 * (w * 2.0 + b - 3.0), 2.0 * (w * 2.0 + b - 3.0)])


def test_any_function_with_weights() -> None:
    a = Value(0.5, label="a")
    step = nn.scalar.compile(lambda x: ag.exp(a * x[0]), nn.mse_loss)
    x, y = np.linspace(0, 1, 7)[:, None], np.ones(7)
    assert step(x, y) == pytest.approx(np.mean((np.exp(0.5 * x[:, 0]) - 1) ** 2))
    off = np.exp(0.5 * x[:, 0]) - 1
    assert a.grad == pytest.approx(np.mean(2 * off * (off + 1) * x[:, 0]))


# --- random nets ----------------------------------------------------------------------------------

ONE = [
    lambda x: x, lambda x: -x, ag.tanh, ag.relu, ag.sigmoid, ag.sin, lambda x: 1.0 - x,
    lambda x: x * x, ag.abs, lambda x: ag.clip(x, -0.5, 0.5), lambda x: 1.0 / (2.0 + x * x),
    ag.softplus, lambda x: (x > 0) * x, lambda x: ag.where(x > 0, 1.0, 0.0),
]  # fmt: skip
TWO = [
    lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, ag.maximum,
    lambda x, y: ag.where((x > y) | (y > 0.3), x * y, y), lambda x, y: x / (1.5 + y * y),
]  # fmt: skip


def random_net(seed: int, leaves: list[Any]) -> Any:
    """Layers, functions of one number and of two, and long sums, each of what was there before."""
    r = random.Random(seed)
    pool = list(leaves)
    for _ in range(r.randint(1, 5)):
        match r.randrange(4):
            case 0:
                inputs, f = [r.choice(pool) for _ in range(r.randint(2, 5))], r.choice(ONE)
                sign = r.choice([1.0, -1.0])
                for _ in range(r.randint(1, 6)):
                    total = r.choice([*leaves, 0.5])
                    for x in inputs:
                        w = r.choice([*leaves, r.uniform(-1, 1)])
                        total = total + w * x if sign > 0 else total - w * x
                    pool.append(f(total))
            case 1:
                f, chosen = r.choice(ONE), r.sample(pool, min(len(pool), r.randint(1, 8)))
                pool += [f(x) for x in chosen]
            case 2:
                g = r.choice(TWO)
                pool += [g(r.choice(pool), r.choice(pool)) for _ in range(r.randint(1, 6))]
            case 3:
                pool.append(sum(ag.tanh(x) for x in pool[-r.randint(2, 12) :]))
    return sum(ag.sin(x) * r.choice([1.0, -1.0, 0.5]) for x in pool[-r.randint(1, 12) :])


@pytest.mark.parametrize("seed", range(150))
def test_random_nets(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On numbers beside columns: at one go, row by row where columns are long, and in blocks."""
    r, rng = random.Random(seed), np.random.default_rng(seed)
    n, reduce = r.choice([1, 2, 7]), r.choice([None, "mean", "sum"])
    net = lambda leaves: random_net(seed, leaves)
    leaves = [rng.uniform(-1, 1, n)] + [
        rng.uniform(-1, 1, n) if r.random() < 0.5 else r.uniform(-1, 1)
        for _ in range(r.randint(0, 5))
    ]
    rows = [[float(np.broadcast_to(x, n)[i]) for x in leaves] for i in range(n)]
    both = [ag.value_and_grad(net)(row) for row in rows]
    values, gradients = np.array([v for v, _ in both]), np.array([g for _, g in both]).T
    if np.abs(gradients).max() > 1e3:
        pytest.skip("so steep that rounding errors show")
    fold = {None: lambda x: x, "mean": np.mean, "sum": np.sum}[reduce]
    scale = 1 / n if reduce == "mean" else 1.0
    close = {"rtol": 1e-9, "atol": 1e-9}
    for step, long in ((1000, 1000), (1000, 1), (2, 1)):
        monkeypatch.setattr(lowered_program, "LONG", long)
        monkeypatch.setattr(tiling, "SHORTEST", step)
        monkeypatch.setattr(tiling, "CACHE", 1)
        f = ag.compile(net)
        value, gradient = f.value_and_grad(leaves, reduce=reduce)
        np.testing.assert_allclose(value, fold(values), **close)
        for x, g, want in zip(leaves, gradient, gradients):
            column = isinstance(x, np.ndarray)
            np.testing.assert_allclose(g, want * scale if column else fold(want), **close)
        value, gradient = f.value_and_grad(rows[0])
        np.testing.assert_allclose([value, *gradient], [values[0], *gradients[:, 0]], **close)
