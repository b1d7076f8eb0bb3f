"""Every layer: derivatives to second order, PyTorch's numbers, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value, check_gradients
from nn.layers.activation import Activation
from nn.layers.conv import conv2d
from nn.layers.pool import Pool2d

rng = np.random.default_rng(0)
IMAGES = rng.normal(size=(3, 2, 6, 5))

ACTIVATIONS = [kind for kind in vars(nn).values()
               if isinstance(kind, type) and issubclass(kind, Activation)]  # fmt: skip

LAYERS: list[tuple[Callable[[], nn.Module], np.ndarray]] = [
    (lambda: nn.Linear(3, 2, dtype=float, rng=0), rng.normal(size=(4, 3))),
    (lambda: nn.Linear(3, 2, bias=False, dtype=float, rng=0), rng.normal(size=(2, 4, 3))),
    (lambda: nn.Linear(3, 2, dtype=float, rng=0), rng.normal(size=(2, 4, 3))),
    (lambda: nn.Linear(3, 2, dtype=float, rng=0), rng.normal(size=3)),
    (lambda: nn.Linear(3, 2, bias=False, dtype=float, rng=0), rng.normal(size=(4, 3))),
    (lambda: nn.Flatten(), IMAGES),
    (lambda: nn.Dropout(0.5, rng=0).eval(), rng.normal(size=(4, 3))),
    (lambda: nn.BatchNorm1d(3, dtype=float), rng.normal(size=(4, 3))),
    (lambda: nn.BatchNorm1d(3, affine=False, dtype=float), rng.normal(size=(4, 3, 2))),
    (lambda: nn.BatchNorm1d(3, dtype=float).eval(), rng.normal(size=(4, 3))),
    (lambda: nn.BatchNorm2d(2, dtype=float), IMAGES),
    (lambda: nn.LayerNorm(3, dtype=float), rng.normal(size=(4, 3))),
    (lambda: nn.LayerNorm((2, 3), dtype=float), rng.normal(size=(4, 2, 3))),
    (lambda: nn.LayerNorm(3, elementwise_affine=False), rng.normal(size=(4, 3))),
    (lambda: nn.Conv2d(2, 3, 3, dtype=float, rng=0), IMAGES),
    (lambda: nn.Conv2d(2, 3, (3, 2), (2, 1), (1, 2), dtype=float, rng=0), IMAGES),
    (lambda: nn.Conv2d(2, 3, 2, 2, bias=False, dtype=float, rng=0), IMAGES),
    (lambda: nn.MaxPool2d(2), IMAGES),
    (lambda: nn.MaxPool2d(3, 1), IMAGES),
    (lambda: nn.AvgPool2d((3, 2)), IMAGES),
    (lambda: nn.AvgPool2d(3, 2), IMAGES),
    (lambda: nn.MLP(3, [4, 2], nn.Tanh, dtype=float, rng=0), rng.normal(size=(4, 3))),
    *((kind, np.array([[-2.0, -0.4], [0.3, 1.7]])) for kind in ACTIVATIONS),
]  # fmt: skip


def name_of(x: Any) -> str:
    return repr(x()).replace("\n", "") if callable(x) else str(x.shape)


@pytest.mark.parametrize(("make", "x"), LAYERS, ids=name_of)
def test_derivatives_by_input_and_parameters(make: Callable[[], nn.Module], x: Any) -> None:
    layer = make()
    parameters = layer.parameters()

    def f(x: Any, *values: Any) -> Any:
        saved = dict(layer.named_parameters())
        names = list(saved)
        try:
            for name, value in zip(names, values):
                replace(layer, name, value)
            return layer(x)
        finally:
            for name in names:
                replace(layer, name, saved[name])

    check_gradients(f, x, *(p.data for p in parameters))


def replace(module: nn.Module, name: str, x: Any) -> None:
    *path, last = name.split(".")
    for part in path:
        module = getattr(module, part)
    setattr(module, last, x)


TORCH = [
    ("Linear(5, 3)", (4, 5)),
    ("Linear(5, 3, bias=False)", (2, 4, 5)),
    ("Linear(5, 3)", (2, 4, 5)),
    ("Linear(5, 3)", (5,)),
    ("Conv2d(2, 3, 3)", (3, 2, 6, 5)),
    ("Conv2d(2, 3, (3, 2), (2, 1), (1, 2))", (3, 2, 6, 5)),
    ("Conv2d(2, 3, 5, padding=2, bias=False)", (3, 2, 6, 5)),
    ("Conv2d(2, 3, 1)", (3, 2, 6, 5)),
    ("Conv2d(2, 3, (8, 7), padding=1)", (3, 2, 6, 5)),
    ("MaxPool2d(1)", (3, 2, 6, 5)),
    ("MaxPool2d((6, 5))", (3, 2, 6, 5)),
    ("MaxPool2d((4, 3))", (3, 2, 6, 5)),
    ("MaxPool2d((4, 1))", (3, 2, 6, 5)),
    ("MaxPool2d(2)", (3, 2, 6, 5)),
    ("MaxPool2d(3, 2)", (3, 2, 7, 7)),
    ("AvgPool2d(2)", (3, 2, 6, 5)),
    ("AvgPool2d((3, 2), 1)", (3, 2, 6, 5)),
    ("BatchNorm1d(5)", (4, 5)),
    ("BatchNorm1d(5)", (2, 5)),
    ("BatchNorm1d(5, affine=False)", (4, 5)),
    ("BatchNorm2d(2)", (3, 2, 6, 5)),
    ("LayerNorm(5)", (4, 5)),
    ("LayerNorm((2, 5))", (4, 2, 5)),
    ("LayerNorm(5, elementwise_affine=False)", (4, 5)),
    ("Flatten()", (3, 2, 6, 5)),
    *((f"{kind.__name__}()", (4, 5)) for kind in ACTIVATIONS if "oftmax" not in kind.__name__),
]


@pytest.mark.parametrize(("code", "shape"), TORCH, ids=lambda x: x if isinstance(x, str) else "")
@pytest.mark.parametrize("training", [True, False])
def test_layers_are_pytorchs(code: str, shape: tuple[int, ...], training: bool) -> None:
    torch = pytest.importorskip("torch")
    ours = eval(f"nn.{code}", {"nn": nn}).train(training)
    theirs = eval(f"nn.{code}", {"nn": torch.nn}).double().train(training)
    generator = np.random.default_rng(1)
    state = {name: generator.uniform(0.5, 1.5, x.shape) for name, x in ours.state_dict().items()
             if x.shape}  # fmt: skip
    replaced = {name: Tensor(x) for name, x in state.items()}
    for name in replaced:  # in float64, to compare digits
        p = getattr(ours, name)
        setattr(ours, name, type(p)(state[name]))
    counters = {k: v for k, v in theirs.state_dict().items() if k not in state}
    theirs.load_state_dict({k: torch.tensor(v) for k, v in state.items()} | counters)
    data = generator.normal(size=shape)
    x, y = Tensor(data, requires_grad=True), torch.tensor(data, requires_grad=True)
    for _ in range(2):  # running statistics go on
        out, wanted = ours(x), theirs(y)
    weights = generator.normal(size=out.shape)
    np.testing.assert_allclose(out.data, wanted.detach().numpy(), rtol=1e-12, atol=1e-12)
    out.backward(weights)
    wanted.backward(torch.tensor(weights))
    np.testing.assert_allclose(x.grad, y.grad.numpy(), rtol=1e-10, atol=1e-10)
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters()):
        np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=1e-10, atol=1e-10, err_msg=name)
    for name, buffer in ours.named_buffers():
        np.testing.assert_allclose(buffer.data, theirs.state_dict()[name].numpy(), rtol=1e-12)


@pytest.mark.parametrize("kind", ACTIVATIONS, ids=lambda kind: kind.__name__)
def test_activations_keep_float32_and_take_values(kind: type[Activation]) -> None:
    x = np.array([[-1.0, 2.0]], np.float32)
    assert kind()(Tensor(x)).dtype == np.float32
    if "oftmax" not in kind.__name__ and kind is not nn.GLU:  # they need an axis
        assert kind()(Value(0.5)).data == pytest.approx(kind()(Tensor([0.5])).data[0], rel=1e-15)


def test_layers_compute_in_their_own_dtype() -> None:
    x = np.ones((2, 1, 8, 8), np.float32)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Flatten(), nn.Dropout(0.3), nn.LayerNorm(18),
                        nn.Linear(18, 3))  # fmt: skip
    out = net(x)
    assert out.dtype == np.float32
    out.sum().backward()
    assert all(p.grad.dtype == np.float32 for p in net.parameters())
    assert all(p.grad.shape == p.shape for p in net.parameters())


def test_dropout_keeps_the_mean_and_repeats_itself() -> None:
    x = np.ones(100_000, np.float32)
    layer = nn.Dropout(0.3, rng=0)
    out = layer(Tensor(x)).data
    assert set(np.unique(out)) == {0.0, np.float32(1 / 0.7)}
    assert out.mean() == pytest.approx(1, abs=0.01)
    np.testing.assert_array_equal(out, nn.Dropout(0.3, rng=0)(Tensor(x)).data)
    assert (layer(Tensor(x)).data != out).any()
    t = Tensor(x)
    assert layer.eval()(t) is t
    assert nn.Dropout(0.0)(t) is t and nn.Dropout().p == 0.5
    two = nn.MLP(2, [8, 8, 1], dropout=0.5, rng=0)
    masks = [m(Tensor(np.ones(64, np.float32))).tolist() for m in two if isinstance(m, nn.Dropout)]
    assert masks[0] != masks[1]


def test_batch_statistics_follow_in_training_only() -> None:
    layer = nn.BatchNorm1d(2)
    x = rng.normal(3, 2, (50, 2)).astype(np.float32)
    out = layer(x).data
    np.testing.assert_allclose(out.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(out.var(0), 1, atol=1e-3)
    np.testing.assert_allclose(layer.running_mean.data, 0.1 * x.mean(0), rtol=1e-5)
    assert layer.num_batches_tracked.data == 1
    before = layer.state_dict()
    layer.eval()(x)
    for name, y in layer.state_dict().items():
        np.testing.assert_array_equal(y, before[name])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Conv2d(2, 3, 3)(np.ones((1, 4, 8, 8))), ValueError, "2 channels, got 4"),
        (lambda: nn.Conv2d(2, 3, 3)(np.ones((2, 8, 8))), ValueError, r"images .* \(2, 8, 8\)"),
        (lambda: nn.Conv2d(2, 3, 3)(np.ones((1, 2, 2, 8))), ValueError, "smaller than the window"),
        (lambda: nn.Conv2d(2, 3, (9, 7), padding=1)(IMAGES), ValueError, "smaller than the window"),
        (lambda: nn.Conv2d(2, 3, (3, 3, 3)), ValueError, "one integer or two"),
        (lambda: nn.Conv2d(2, 3, 9)(np.ones((1, 2, 8, 8))), ValueError, "smaller than the window"),
        (lambda: nn.Conv2d(2, 3, 0), ValueError, "kernel_size must be"),
        (lambda: nn.MaxPool2d(2, 0), ValueError, "stride must be"),
        (lambda: nn.MaxPool2d((7, 1))(IMAGES), ValueError, "smaller than the window"),
        (lambda: nn.MaxPool2d((1, 6))(IMAGES), ValueError, "smaller than the window"),
        (lambda: Pool2d(2)(IMAGES), TypeError, "Pool2d defines no reduce"),
        (lambda: nn.BatchNorm1d(3)(np.ones((4, 2))), ValueError, r"length 3.*\(4, 2\)"),
        (lambda: nn.BatchNorm1d(3)(np.ones((1, 3))), ValueError, "more than one number"),
        (lambda: nn.BatchNorm2d(3)(np.ones((4, 3))), ValueError, "expected 4 axes"),
        (lambda: nn.LayerNorm(3)(np.ones((4, 2))), ValueError, r"an input of shape \(4, 2\)"),
        (lambda: nn.Dropout(1.0), ValueError, "< 1, but got 1.0"),
        (lambda: nn.Embedding(5, 2)([0, 5]), IndexError, r"index 5 is outside 0...4"),
        (lambda: nn.Embedding(5, 2)([0, -1]), IndexError, r"index -1 is outside 0...4"),
        (lambda: nn.Embedding(5, 2)([0.0]), TypeError, "float64"),
        (lambda: nn.MLP(2, []), ValueError, "at least one layer"),
        (lambda: nn.MLP(2, [3, 1], [nn.ReLU, nn.Tanh]), ValueError, "1 activations, but got 2"),
        (lambda: nn.Sequential(nn.ReLU(), 3), TypeError, "modules.1. must be .* but got 3"),
        (lambda: nn.Module()(1.0), TypeError, "Module defines no forward"),
    ],
)  # fmt: skip
def test_bad_input(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_embedding_adds_up_what_is_looked_up_twice() -> None:
    table = nn.Embedding(4, 2)
    table(np.array([[1, 1], [3, 1]])).sum().backward()
    assert table.weight.grad.tolist() == [[0, 0], [3, 3], [0, 0], [1, 1]]


def test_convolution_is_what_loops_say() -> None:
    w = rng.normal(size=(3, 2, 3, 2))
    out = conv2d(IMAGES, w, stride=(1, 2))
    wanted = np.zeros((3, 3, 4, 2))
    for n, o, i, j in np.ndindex(*wanted.shape):
        wanted[n, o, i, j] = (IMAGES[n, :, i : i + 3, 2 * j : 2 * j + 2] * w[o]).sum()
    np.testing.assert_allclose(out, wanted, rtol=1e-12)
    np.testing.assert_allclose(conv2d(IMAGES, w)[:, :, :, ::2], wanted, rtol=1e-12)


def test_summary_counts_shapes_parameters_and_products() -> None:
    net = nn.Sequential(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                        nn.Dropout(0.5), nn.Linear(8 * 144, 10))  # fmt: skip
    net[4].eval()
    table = nn.summary(net, (2, 1, 28, 28))
    assert [row.output_shape for row in table.rows] == [
        (2, 8, 24, 24), (2, 8, 24, 24), (2, 8, 12, 12), (2, 1152), (2, 1152), (2, 10),
    ]  # fmt: skip
    assert table.parameters == 8 * 26 + 1153 * 10 == sum(p.size for p in net.parameters())
    assert table.multiply_adds == 2 * (8 * 24 * 24 * 25 + 11520)
    assert str(table).splitlines()[-1].split() == ["total", "11,738", "253,440"]
    assert net.training and not net[4].training
    assert "forward" not in vars(net[0])
    assert len(net) == 6
    two = nn.summary(nn.Conv2d(2, 3, (3, 2)), (1, 2, 6, 5))
    assert two.multiply_adds == 3 * (4 * 4) * (2 * 3 * 2)
    shared = nn.Linear(3, 3)
    table = nn.summary(nn.Sequential(shared, shared), (1, 3))
    assert [row.parameters for row in table.rows] == [12, 0]
    assert table.parameters == 12


def test_scalar_nets_become_tensor_nets_and_back() -> None:
    for activation in (ag.tanh, [nn.ReLU(), nn.LeakyReLU(0.3)], [ag.elu, ag.sigmoid]):
        scalar, x = nn.scalar.MLP(3, [5, 4, 2], activation, rng=0), rng.normal(size=3)
        for p in scalar.parameters():
            p.data = rng.normal()  # numbers that no seed draws, and biases that are not 0
        wanted = [v.data for v in scalar(x.tolist())]
        tensor = scalar.to_tensor()
        np.testing.assert_allclose(tensor(x[None]).data[0], wanted, atol=1e-12)
        for p in tensor.parameters():
            p.data = rng.normal(size=p.shape)
        again = nn.scalar.MLP.from_tensor(tensor)
        wanted = tensor(x[None]).data[0]
        np.testing.assert_allclose([v.data for v in again(x.tolist())], wanted, atol=1e-12)
        scalar.layers[0].neurons[0].b.data = 100.0
        assert tensor[0].bias.data[0] != 100.0
    with pytest.raises(ValueError, match="no module for the activation"):
        nn.scalar.MLP(2, [2, 1], lambda x: x).to_tensor()
    with pytest.raises(ValueError, match="Linear, Linear"):
        nn.scalar.MLP.from_tensor(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)))


def test_freezing_and_state() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    net[0].requires_grad_(False)
    net(np.ones((4, 2), np.float32)).sum().backward()
    assert net[0].weight.grad is None and net[2].weight.grad is not None
    state = net.state_dict()
    other = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    other.load_state_dict(state)
    x = np.ones((4, 2), np.float32)
    np.testing.assert_array_equal(net.eval()(x).data, other.eval()(x).data)
    before = other.state_dict()
    for bad, message in (
        ({k: v for k, v in state.items() if k != "0.bias"}, "missing: 0.bias"),
        (state | {"extra": 1.0}, "unknown: extra"),
        (state | {"2.weight": np.ones((2, 2))}, r"2.weight is \(2, 2\) instead of \(1, 3\)"),
    ):
        with pytest.raises(ValueError, match=message):
            other.load_state_dict({k: v * 2 for k, v in bad.items()})
    for name, y in other.state_dict().items():
        np.testing.assert_array_equal(y, before[name])


@pytest.mark.parametrize(
    ("make", "numbers"),
    [(lambda: nn.Linear(50, 40, rng=0), 50), (lambda: nn.Conv2d(8, 16, (3, 2), rng=0), 48)],
    ids=["Linear", "Conv2d"],
)
def test_first_weights_fill_their_range(make: Callable[[], Any], numbers: int) -> None:
    layer, bound = make(), numbers**-0.5
    for p in layer.parameters():
        assert 0.8 * bound < np.abs(p.data).max() <= bound
    assert abs(layer.weight.data.mean()) < 0.1 * bound


def test_norms_have_weights_unless_told_otherwise() -> None:
    for layer in nn.BatchNorm1d(3), nn.BatchNorm2d(3), nn.LayerNorm(3):
        assert [(p.shape, p.data[0]) for p in layer.parameters()] == [((3,), 1.0), ((3,), 0.0)]
    for layer in nn.BatchNorm1d(3, affine=False), nn.LayerNorm(3, elementwise_affine=False):
        assert not list(layer.parameters())


def test_what_is_looked_up_is_not_computed_before_it_is_asked_for() -> None:
    dask, array = pytest.importorskip("dask"), pytest.importorskip("dask.array")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed before it was asked for")

    table = nn.Embedding(4, 2, rng=0).to(array)
    words = array.from_array(np.array([1, 3]), chunks=1)
    with dask.config.set(scheduler=refuse):
        rows = table(words)
    with dask.config.set(scheduler="synchronous"):
        assert rows.tolist() == table.weight.data[[1, 3]].compute().tolist()


def test_an_embedding_says_how_large_it_is() -> None:
    assert repr(nn.Embedding(5, 3)) == "Embedding(5, 3)"


class Forgetful(nn.Module):
    """Its `forward` has no `return`."""

    def forward(self, x: Any) -> Any:
        ag.tanh(x)


@pytest.mark.parametrize("inside", [False, True])
def test_a_forward_without_return_is_named(inside: bool) -> None:
    model = nn.Sequential(Forgetful(), nn.Linear(2, 1)) if inside else Forgetful()
    for call in (model, lambda x: nn.predict(model, x), lambda x: nn.summary(model, x.shape)):
        with pytest.raises(TypeError, match=r"Forgetful\.forward\(\) returned None"):
            call(np.ones((3, 2)))
