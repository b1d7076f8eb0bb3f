"""Integers and booleans where real numbers are meant; sums, squares and constants in float16."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor
from nn import losses, metrics

INTEGERS = [
    np.array([0, 3, 16, 200, 255], np.uint8),
    np.array([-128, -100, 0, 100, 127], np.int8),
    np.array([0, 40000, 65535], np.uint16),
    np.array([-(2**15), 5, 2**15 - 1], np.int16),
    np.array([-(2**31), 7, 2**31 - 1], np.int32),
    np.array([-5, 0, 2**62, 2**62, 2**62], np.int64),
    np.array([5, 2**63], np.uint64),
    np.array([True, False, True]),
]
integers = pytest.mark.parametrize("x", INTEGERS, ids=[str(x.dtype) for x in INTEGERS])

NAMES = [
    "sigmoid", "softplus", "logsigmoid", "leaky_relu", "elu", "selu", "gelu", "silu",
    "hardtanh", "softsign", "erf", "erfc", "sinc", "relu", "reciprocal",
    "mean", "var", "std", "median", "logsumexp", "log_softmax", "softmax",
]  # fmt: skip
REAL_FUNCTIONS = {name: getattr(ag, name) for name in NAMES} | {
    "leaky_relu with slope 2": lambda x: ag.leaky_relu(x, 2),
    "hardtanh to 100": lambda x: ag.hardtanh(x, -1, 100),
    "gelu tanh": lambda x: ag.gelu(x, approximate="tanh"),
    "xlogy": lambda x: ag.xlogy(x, x),
    "logaddexp2": lambda x: ag.logaddexp2(x, x),
    "norm": ag.linalg.norm,
    "norm 1": lambda x: ag.linalg.norm(x, 1),
    "norm 3": lambda x: ag.linalg.norm(x, 3),
    "norm inf": lambda x: ag.linalg.norm(x, np.inf),
    "cross_entropy": lambda x: losses.cross_entropy(ag.reshape(x, (1, -1)), [0]),
    "nll_loss": lambda x: losses.nll_loss(ag.reshape(x, (1, -1)), [0]),
    "layer norm": lambda x: nn.LayerNorm(x.shape[0], elementwise_affine=False)(x),
    "batch norm": lambda x: nn.BatchNorm1d(1, affine=False)(ag.reshape(x, (-1, 1))),
}


@integers
@pytest.mark.parametrize("name", REAL_FUNCTIONS)
def test_functions_of_real_numbers_take_integers_for_such(name: str, x: Any) -> None:
    f = REAL_FUNCTIONS[name]
    with np.errstate(all="ignore"):
        wanted = f(x.astype(float))
        for found in (f(x), f(Tensor(x)).data):
            assert found.dtype == np.float64
            np.testing.assert_allclose(found, wanted, rtol=1e-12)


@integers
def test_elementary_functions_have_numpys_dtype(x: Any) -> None:
    for name in ["exp", "log", "sqrt", "sin", "tanh", "arctan", "log1p", "expm1", "cosh"]:
        with np.errstate(all="ignore"):
            wanted = getattr(np, name)(x)
            np.testing.assert_array_equal(getattr(ag, name)(x), wanted, strict=True)
            np.testing.assert_array_equal(getattr(ag, name)(Tensor(x)).data, wanted, strict=True)


@integers
def test_sums_and_products_have_numpys_dtype(x: Any) -> None:
    for name in ["sum", "prod", "cumsum", "cumprod"]:
        wanted = getattr(np, name)(x)
        np.testing.assert_array_equal(getattr(ag, name)(x), wanted, strict=True)
        np.testing.assert_array_equal(getattr(ag, name)(Tensor(x)).data, wanted, strict=True)


@integers
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
def test_losses_of_integers_do_not_wrap(name: str, reduction: str, x: Any) -> None:
    loss, y = getattr(losses, name), x[::-1].copy()
    wanted = loss(x.astype(float), y.astype(float), reduction)
    for a, b in ((x, y), (x.astype(float), y), (x, y.astype(float)), (Tensor(x), y)):
        found = loss(a, b, reduction)
        np.testing.assert_allclose(getattr(found, "_data", found), wanted, rtol=1e-12)


def test_losses_of_scores_take_integers() -> None:
    signs = np.array([-1, 1], np.int8)
    assert losses.hinge_loss(np.array([-100, -100], np.int8), signs) == 50.5
    ones = np.array([0, 1], np.uint8)
    found = losses.binary_cross_entropy_with_logits(np.array([1, 2], np.uint8), ones)
    wanted = (math.log1p(math.exp(1)) + math.log1p(math.exp(-2))) / 2
    assert math.isclose(found, wanted, rel_tol=1e-15)
    assert losses.mse_loss(prediction=np.uint8([0]), target=np.uint8([16])) == 256.0


def test_python_numbers_are_real_too() -> None:
    assert math.isclose(ag.sigmoid(True), ag.sigmoid(1.0))
    assert math.isclose(ag.softsign(3), 0.75)
    assert math.isclose(ag.gelu(1), ag.gelu(1.0))
    assert losses.mse_loss(1, 3) == 4.0
    assert ag.xlogy(2, np.ones(2, np.float32)).dtype == np.float32


@integers
def test_compiled_functions_compute_integer_columns_in_float64(x: Any) -> None:
    for f in (ag.sigmoid, ag.softsign, lambda x: -x * x, lambda x: ag.clip(x, -1, 300)):
        wanted = ag.compile(f)(x.astype(float))
        np.testing.assert_array_equal(ag.compile(f)(x), wanted, strict=True)


def test_metrics_take_labels_of_all_integer_types() -> None:
    for kind in (np.uint8, np.int8, np.uint64, np.int64):
        predicted, labels = np.array([0, 1, 20], kind), np.array([0, 1, 19], np.uint8)
        matrix = metrics.confusion_matrix(predicted, labels, 21)
        assert (matrix[0, 0], matrix[1, 1], matrix[19, 20], matrix.sum()) == (1, 1, 1, 3)
        assert math.isclose(metrics.accuracy(predicted, labels), 2 / 3)
        assert nn.one_hot(labels, 21).sum() == 3
        assert nn.one_hot(np.array([2], kind)).tolist() == [[0.0, 0.0, 1.0]]


def test_lists_are_arrays_and_name_their_arguments() -> None:
    np.testing.assert_allclose(ag.sigmoid([0, 3]), ag.sigmoid(np.array([0.0, 3.0])))
    assert ag.prod([2, 3]) == 6 and ag.median([1, 2]) == 1.5 and ag.var([1, 3]) == 1.0
    assert ag.mean(x=np.uint8([200, 100])) == 150.0
    with pytest.raises(TypeError, match="multiple values for argument 'x'"):
        ag.mean([1], x=[2])  # type: ignore[misc]  # twice
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        ag.mean()


# --- float16 --------------------------------------------------------------------------------------

rng = np.random.default_rng(0)
MANY = np.ones((2, 70000), np.float16)  # more than the largest number
LARGE = np.full((1, 1000), 100, np.float16)
SPREAD = (rng.normal(size=(4, 300)) * 100).astype(np.float16)
SMALL = (np.abs(rng.normal(size=(4, 3000))) + 0.1).astype(np.float16)

HALVES = {
    **{
        f"{name} {axis}": lambda x, name=name, axis=axis: getattr(ag, name)(x, axis=axis)
        for name in ["sum", "mean", "var", "std", "logsumexp", "median", "prod", "cumsum"]
        for axis in (None, 1)
    },
    "softmax": ag.softmax,
    "log_softmax": ag.log_softmax,
    "gelu": ag.gelu,
    "gelu tanh": lambda x: ag.gelu(x, "tanh"),
    "cumprod": lambda x: ag.cumprod(x[:, :3], axis=1),
    **{f"norm {p}": lambda x, p=p: ag.linalg.norm(x, p, axis=1) for p in (None, 1, 2, 3, np.inf)},
    "norm of all": ag.linalg.norm,
    **{
        f"{name} {way}": lambda x, name=name, way=way: getattr(losses, name)(x, 0 * x.data, way)
        for name in ("mse_loss", "l1_loss", "huber_loss", "binary_cross_entropy_with_logits")
        for way in ("mean", "sum", "none")
    },
    "cross_entropy": lambda x: losses.cross_entropy(x, np.zeros(len(x), int)),
    "cross_entropy smoothed": lambda x: losses.cross_entropy(
        x, np.zeros(len(x), int), label_smoothing=0.1
    ),
    "nll_loss": lambda x: losses.nll_loss(ag.log_softmax(x, axis=1), np.zeros(len(x), int)),
    "broadcast_to": lambda x: ag.mean(ag.broadcast_to(x[0, :1], (70000,))),
    "indices that repeat": lambda x: ag.sum(x[0][np.zeros(7000, int)] * 0.001),
    "einsum": lambda x: ag.einsum("ij,jk->ik", x, np.full((x.shape[1], 2), 1e-3, x.dtype)),
    "matmul": lambda x: x @ np.full((x.shape[1], 2), 1e-3, x.dtype),
    "repeat": lambda x: ag.repeat(x[0, :2], 3000),
}


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize(
    "x", [MANY, LARGE, SPREAD, SMALL], ids=["many", "large", "spread", "small"]
)
def test_float16_is_summed_in_float32(name: str, x: Any) -> None:
    """Value and gradient are those in float64, rounded."""

    def both(dtype: Any) -> list[Any]:
        t = Tensor(x.astype(dtype), requires_grad=True)
        out = HALVES[name](t)
        assert out.dtype == dtype
        out.backward(np.ones(out.shape, dtype))
        assert t.grad.dtype == dtype
        return [out.data, t.grad]

    with np.errstate(over="ignore", under="ignore"):
        for found, wanted in zip(both(np.float16), both(np.float64)):
            rounded = wanted.astype(np.float16).astype(float)
            np.testing.assert_allclose(found.astype(float), rounded, rtol=4e-3, atol=1e-6)


@pytest.mark.parametrize("eps", [1e-5, 1e-8])
@pytest.mark.parametrize("size", [1e-4, 1.0, 300.0])
@pytest.mark.parametrize("training", [True, False])
def test_layers_normalize_float16_in_float32(eps: float, size: float, training: bool) -> None:
    x = (rng.normal(size=(64, 4)) * size + size).astype(np.float16)
    for make in (nn.BatchNorm1d, nn.LayerNorm):
        half, double = make(4, eps=eps, dtype=np.float16), make(4, eps=eps, dtype=np.float64)
        half.train(training)
        double.train(training)
        found, wanted = half(Tensor(x)), double(Tensor(x.astype(float)))
        assert found.dtype == np.float16
        np.testing.assert_allclose(found.data.astype(float), wanted.data, rtol=2e-3, atol=2e-3)
    constant = Tensor(np.ones((8, 4), np.float16), requires_grad=True)
    nn.LayerNorm(4, eps=eps, dtype=np.float16)(constant).sum().backward()
    assert np.isfinite(constant.grad).all()


def test_partial_sums_in_float16_do_not_overflow() -> None:
    x = np.array([[60000, 60000, -60000]], np.float16)
    for kind in (lambda x: x, Tensor):
        assert ag.sum(kind(x)).item() == 60000.0
        assert ag.sum(kind(x), axis=1, keepdims=True).shape == (1, 1)
        with np.errstate(over="ignore"):
            assert ag.cumsum(kind(x)).tolist()[2] == 60000.0


def test_compiled_functions_compute_float16_columns_in_float32() -> None:
    x = np.full(70000, 2, np.float16)
    f = ag.compile(lambda x, w: w * x * x)
    value, (_, slope) = f.value_and_grad(x, 3.0, argnums=(0, 1), reduce="mean")
    assert value == 12.0 and value.dtype == np.float16
    assert slope == 4.0
    assert f(x, 3.0).dtype == np.float16


MIXED = {
    "power": lambda x, y: x**y,
    "power of the other": lambda x, y: y**x,
    "xlogy": ag.xlogy,
    "xlogy of the other": lambda x, y: ag.xlogy(y, x),
    "logaddexp": ag.logaddexp,
    "logaddexp2": ag.logaddexp2,
    "logaddexp2 of the other": lambda x, y: ag.logaddexp2(y, x),
    "divide": lambda x, y: x / y,
    "hypot": ag.hypot,
    "arctan2": ag.arctan2,
    "leaky_relu": lambda x, y: ag.leaky_relu(-x, y),
    "elu": lambda x, y: ag.elu(-x, y),
    "clip": lambda x, y: ag.clip(x, y, None) * x,
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("name", MIXED)
def test_a_float64_array_beside_low_precision_keeps_its_own(name: str, dtype: Any) -> None:
    f, x, number = MIXED[name], np.array([0.1, 0.5, 2.0, 30.0]), dtype(0.1)
    for y in (number, np.array(number), Tensor(number), np.full(4, number)):
        low, high = (lambda x, y=y: f(x, y)), (lambda x: f(x, float(number)))
        for _ in range(3):  # values and slopes of two orders
            out, wanted = low(x), high(x)
            out = out.data if isinstance(out, Tensor) else out
            assert out.dtype == np.float64
            np.testing.assert_allclose(out, wanted, rtol=1e-13, atol=1e-300)
            low, high = ag.elementwise_grad(low), ag.elementwise_grad(high)


@pytest.mark.parametrize("f", [ag.mean, ag.prod, ag.softmax, ag.logsumexp])
def test_masked_arrays_are_refused(f: Any) -> None:
    with pytest.raises(TypeError, match="MaskedArray has arithmetic of its own"):
        f(np.ma.masked_array([1.0, 2.0], [False, True]))
