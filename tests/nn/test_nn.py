"""Modules, layers, losses, optimisers and the loop."""

from __future__ import annotations

import contextvars
import copy
import threading
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value


def scalar_twin(net: nn.Sequential) -> nn.scalar.MLP:
    """A scalar net with the weights of a tensor net."""
    linears = [m for m in net if isinstance(m, nn.Linear)]
    twin = nn.scalar.MLP(linears[0].in_features, [m.out_features for m in linears])
    for layer, linear in zip(twin.layers, linears):
        for neuron, row, b in zip(layer.neurons, linear.weight.data, linear.bias.data):
            neuron.b.data = b
            for w, x in zip(neuron.w, row):
                w.data = x
    return twin


def test_scalar_and_tensor_nets_are_twins() -> None:
    net = nn.MLP(3, [5, 4, 2], dtype=float, rng=0)
    twin = scalar_twin(net)
    x = np.random.default_rng(1).normal(size=(6, 3))
    out = net(x)
    rows = [twin(row.tolist()) for row in x]
    np.testing.assert_allclose(out.data, [[v.data for v in row] for row in rows], atol=1e-12)
    nn.mse_loss(out, np.ones((6, 2))).backward()
    (sum((v - 1) ** 2 for row in rows for v in row) / 12).backward()
    wanted = [p.grad for layer in net if isinstance(layer, nn.Linear)
              for p in (layer.weight, layer.bias)]  # fmt: skip
    found = [[[w.grad for w in n.w] for n in layer.neurons] for layer in twin.layers]
    biases = [[n.b.grad for n in layer.neurons] for layer in twin.layers]
    for i in range(3):
        np.testing.assert_allclose(found[i], wanted[2 * i], atol=1e-12)
        np.testing.assert_allclose(biases[i], wanted[2 * i + 1], atol=1e-12)


class Tied(nn.Module):
    def __init__(self) -> None:
        shared = nn.Linear(2, 2)
        self.blocks = [shared, {"a": nn.Linear(2, 2, bias=False), "again": shared}]
        self.gain = nn.Parameter([1.0])
        self.constant = Tensor([1.0])
        self.computed = self.gain * 2
        self.v = Value(1.0)
        self.doubled = self.v * 2


def test_parameters_are_found_in_order_and_once() -> None:
    model = Tied()
    assert [name for name, _ in model.named_parameters()] == [
        "blocks.0.weight", "blocks.0.bias", "blocks.1.a.weight", "gain", "v",
    ]  # fmt: skip
    assert len(list(model.modules())) == 3
    model.eval()
    assert not any(m.training for m in model.modules())
    model.train()
    assert all(m.training for m in model.modules())
    (model.gain * model.v).sum().backward()
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())
    assert "(blocks.1.a): Linear(2, 2, bias=False)" in repr(model)


def test_state_of_arrays_and_of_numbers_is_taken_over() -> None:
    model, other = Tied(), Tied()
    model.v.data = 3.0
    state = model.state_dict()
    model.v.data, model.gain.data = 4.0, [5.0]
    assert state["v"] == 3.0 and state["gain"].tolist() == [1.0]
    other.load_state_dict(state)
    assert other.v.data == 3.0 and other.gain.tolist() == [1.0]


class Scaled(nn.Module):
    def forward(self, x: Any, factor: float = 1.0) -> Any:
        return x * factor


def test_options_are_passed_through_and_pictures_do_not_change_that() -> None:
    assert Scaled()(2.0, factor=3.0) == 6.0
    with ag.scope("net"):
        assert Scaled()(2.0, factor=3.0) == 6.0


def test_a_module_shows_its_picture_and_its_text() -> None:
    bundle = nn.Linear(2, 1)._repr_mimebundle_()
    assert bundle["text/plain"] == "Linear(2, 1)" and "<svg" in bundle["image/svg+xml"]


def test_no_gradient_stays_none_where_a_model_goes() -> None:
    net = nn.Linear(2, 1)
    before = net.weight.data
    net.to(lambda x: x + 0.0)
    assert net.weight.data is not before and net.weight.grad is None
    assert net.multiply_adds((4, 2), (4, 1)) == 8 and nn.ReLU().multiply_adds((4,), (4,)) == 0


def test_what_is_frozen_is_thawed() -> None:
    net = nn.MLP(2, [3, 1])
    assert not any(p.requires_grad for p in net.requires_grad_(False).parameters())
    assert all(p.requires_grad for p in net.requires_grad_().parameters())


def test_wrong_number_of_inputs() -> None:
    with pytest.raises(ValueError, match="expected 3 inputs, got 2"):
        nn.scalar.MLP(3, [2])([1.0, 2.0])
    with pytest.raises(ValueError, match="expected 3 inputs, got 2"):
        nn.scalar.Neuron(3)([1.0, 2.0])
    for shape in ((5, 2), (2,)):
        with pytest.raises(ValueError, match="expected 3 inputs, got 2"):
            nn.Linear(3, 4)(np.ones(shape))
    with pytest.raises(ValueError, match="a single number"):
        nn.Linear(3, 4)(1.0)
    assert nn.Linear(3, 4)(np.ones(3)).shape == (4,)
    assert nn.Linear(3, 4, bias=False)(np.ones((2, 5, 3))).shape == (2, 5, 4)


def test_seeds_rule_all_randomness() -> None:
    state = np.random.get_state()[1].tolist()
    nn.manual_seed(3)
    a = nn.MLP(3, [4, 2])
    nn.manual_seed(3)
    b = nn.MLP(3, [4, 2])
    for p, q in zip(a.parameters(), b.parameters()):
        np.testing.assert_array_equal(p.data, q.data)
    assert np.random.get_state()[1].tolist() == state
    assert (
        nn.Linear(2, 2, rng=5).weight.data.tolist() == nn.Linear(2, 2, rng=5).weight.data.tolist()
    )


def test_a_thread_that_inherits_the_context_has_a_generator_of_its_own() -> None:
    """As every thread of free-threaded Python 3.14 does: two must not draw from one at once."""
    nn.manual_seed(3)
    context, found = contextvars.copy_context(), []

    def draw() -> None:
        found.append(nn.seed.generator_from(None))
        found.append(nn.seed.generator_from(None))
        nn.manual_seed(3)
        found.append(nn.Linear(2, 2).weight.data.tolist())

    thread = threading.Thread(target=lambda: context.run(draw))
    thread.start()
    thread.join()
    assert found[0] is found[1] is not nn.seed.generator_from(None)
    assert found[2] == nn.Linear(2, 2).weight.data.tolist()


def test_evaluation_stays_with_its_thread_where_threads_inherit_the_context() -> None:
    model, seen = nn.Dropout(0.5), []
    with nn.module.evaluation():
        context = contextvars.copy_context()
        thread = threading.Thread(target=lambda: seen.append(context.run(lambda: model.training)))
        thread.start()
        thread.join()
        seen.append(model.training)
    assert seen == [True, False] and model.training


def spirals() -> nn.Dataset:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    angle = rng.normal(0, 0.2, 300) + y * 2.1
    return nn.Dataset(np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32), y)


def test_fit_learns_and_repeats_itself() -> None:
    def run() -> tuple[nn.History, list[bytes]]:
        model = nn.MLP(2, [16, 3], rng=0)
        data = spirals()
        history = nn.fit(model, data, loss=nn.cross_entropy, epochs=8, batch_size=32,
                         optimizer=nn.SGD(model.parameters(), lr=0.2, momentum=0.9),
                         validation=data, seed=0)  # fmt: skip
        return history, [p.data.tobytes() for p in model.parameters()]

    history, bits = run()
    assert history.validation_accuracy[-1] > 0.97 and history.loss[-1] < history.loss[0] / 4
    assert len(history.step_loss) == 8 * 10 and len(history.accuracy) == 8
    assert run() == (history, bits)


def test_evaluation_leaves_the_model_in_training_mode() -> None:
    model = nn.MLP(2, [4, 3], rng=0)
    data = spirals()
    scores = nn.evaluate(model, data, nn.cross_entropy)
    assert set(scores) == {"loss", "accuracy"} and model.training
    assert nn.predict(model, data.x, batch_size=7).shape == (300, 3)


# --- modules that hold the modules around them ----------------------------------------------------


class Block(nn.Module):
    """A layer that knows the net around it."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.gain = nn.Parameter([2.0])

    def forward(self, x: Any) -> Any:
        return x * self.gain


class Parent(nn.Module):
    def __init__(self, hold: Any) -> None:
        self.block = Block(hold(self))
        self.weight = nn.Parameter([3.0, 4.0])
        self.linear = nn.Linear(2, 1, rng=0)

    def forward(self, x: Any) -> Any:
        return self.linear(self.block(x) * self.weight)


def circle(net: Any) -> list[Any]:
    around: list[Any] = [net]
    around.append(around)
    return around


HOLDS: dict[str, Any] = {
    "itself": lambda net: net,
    "in a list": lambda net: [net],
    "in a tuple": lambda net: (net,),
    "in a dict": lambda net: {"net": net},
    "deep": lambda net: {"a": [({"net": net},)]},
    "a list in itself": circle,
}


@pytest.mark.parametrize("hold", HOLDS.values(), ids=list(HOLDS))
def test_modules_may_hold_the_modules_around_them(hold: Any) -> None:
    net, x = Parent(hold), np.ones((1, 2), np.float32)
    names = ["block.gain", "weight", "linear.weight", "linear.bias"]
    assert [name for name, _ in net.named_parameters()] == names
    assert [name for name, _ in net.named_modules()] == ["", "block", "linear"]
    assert list(net.state_dict()) == names
    assert len(net.block.parameters()) == 4 and len(list(net.block.modules())) == 3
    assert not net.eval().block.training and net.train().linear.training
    net(x).sum().backward()
    net.zero_grad()
    assert all(p.grad is None for p in net.requires_grad_(False).parameters())
    text = repr(net)
    assert text.count("Parent(...)") == 1 and text.count("Linear(2, 1)") == 1
    assert repr(net.block).count("Block(...)") == 1
    twin = copy.deepcopy(net)
    assert next(iter(twin.block.children()))[1] is twin and twin.block is not net.block
    twin.load_state_dict(net.state_dict())
    picture = ag.draw(net).text
    assert picture.count("Linear(2, 1)") == 1 and picture.count("Parent") <= 2
    ag.draw(net, x)
    rows = nn.summary(net, (1, 2)).rows
    assert [(row.name, row.parameters) for row in rows] == [("block", 1), ("linear", 3)]
    assert nn.summary(net, (1, 2)).parameters == 6


def test_a_repr_that_fails_leaves_nothing_behind() -> None:
    class Broken(nn.Module):
        fails = True

        def describe(self) -> str:
            if self.fails:
                raise ValueError("no words")
            return "fine"

    broken = Broken()
    with pytest.raises(ValueError, match="no words"):
        repr(broken)
    broken.fails = False
    assert repr(broken) == "Broken(fine)"


def test_modules_are_found_at_any_depth() -> None:
    deepest = nn.Linear(1, 1)
    net: Any = deepest
    for _ in range(3000):
        around = nn.Module()
        around.inner = net  # type: ignore[attr-defined]
        net = around
    assert len(net.parameters()) == 2 and not net.eval().inner.training and not deepest.training
