"""Initialisers: the distributions that they claim, and what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from nn import Parameter, init

SHAPES = [(300, 200), (60, 40, 3, 5)]

SCALED: list[tuple[Callable[..., Any], dict[str, Any], Callable[[int, int], float], bool]] = [
    (init.xavier_uniform_, {}, lambda i, o: 2 / (i + o), True),
    (init.xavier_normal_, {"gain": 5 / 3}, lambda i, o: 25 / 9 * 2 / (i + o), False),
    (init.kaiming_uniform_, {"nonlinearity": "relu"}, lambda i, o: 2 / i, True),
    (init.kaiming_uniform_, {"a": math.sqrt(5)}, lambda i, o: 1 / (3 * i), True),
    (init.kaiming_normal_, {}, lambda i, o: 2 / i, False),
    (init.kaiming_normal_, {"mode": "fan_out", "nonlinearity": "tanh"},
     lambda i, o: 25 / 9 / o, False),
    (init.lecun_uniform_, {}, lambda i, o: 1 / i, True),
    (init.lecun_normal_, {}, lambda i, o: 1 / i, False),
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("fill", "options", "variance", "even"), SCALED)
def test_distributions(
    fill: Callable[..., Any], options: dict[str, Any], variance: Callable[[int, int], float],
    even: bool, shape: tuple[int, ...],
) -> None:  # fmt: skip
    w = Parameter(np.zeros(shape))
    assert fill(w, rng=0, **options) is w
    window = math.prod(shape[2:])
    wanted = math.sqrt(variance(shape[1] * window, shape[0] * window))
    n = w.size
    assert w.data.mean() == pytest.approx(0, abs=5 * wanted / math.sqrt(n))
    assert w.data.std() == pytest.approx(wanted, rel=5 / math.sqrt(n))
    furthest = abs(w.data).max() / wanted
    assert furthest <= math.sqrt(3) if even else furthest > 3


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("xavier_uniform_", {}), ("xavier_uniform_", {"gain": 2.0}), ("kaiming_uniform_", {}),
        ("kaiming_uniform_", {"a": 0.3, "mode": "fan_out"}),
        ("kaiming_uniform_", {"nonlinearity": "selu"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bounds_are_pytorchs(name: str, options: dict[str, Any], shape: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    theirs = getattr(torch.nn.init, name)(torch.empty(shape, dtype=torch.float64), **options)
    ours = getattr(init, name)(Parameter(np.zeros(shape)), rng=0, **options)
    assert abs(ours.data).max() == pytest.approx(float(theirs.abs().max()), rel=1e-3)


@pytest.mark.parametrize(
    ("name", "param"),
    [("linear", None), ("sigmoid", None), ("tanh", None), ("relu", None), ("leaky_relu", None),
     ("leaky_relu", 0.2), ("leaky_relu", 0.0), ("selu", None)],
)  # fmt: skip
def test_gains_are_pytorchs(name: str, param: float | None) -> None:
    torch = pytest.importorskip("torch")
    wanted = torch.nn.init.calculate_gain(name, param)
    assert init.calculate_gain(name, param) == pytest.approx(wanted, rel=1e-15)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (8, 3, 2, 2), (3, 8, 2, 2)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    w = init.orthogonal_(Parameter(np.zeros(shape)), gain=2.0, rng=0).data.reshape(shape[0], -1)
    gram = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-12)


def test_orthogonal_prefers_no_direction() -> None:
    rng = np.random.default_rng(0)
    corners = [init.orthogonal_(Parameter(np.zeros((2, 2))), rng=rng).data for _ in range(400)]
    np.testing.assert_allclose(np.mean(corners, axis=0), 0, atol=0.2)
    assert {round(float(np.linalg.det(w))) for w in corners} == {-1, 1}


def test_plain_ones_and_dtypes() -> None:
    for dtype in (np.float32, np.float64):
        b = Parameter(np.arange(5), dtype=dtype)
        assert init.zeros_(b).data.tolist() == [0] * 5 and b.dtype == dtype
        assert init.ones_(b).data.tolist() == [1] * 5
        assert init.constant_(b, 0.5).data.tolist() == [0.5] * 5
        assert b.requires_grad and init.normal_(b, 3.0, 0.1, rng=0).dtype == dtype
        assert abs(b.data - 3).max() < 0.5
        uniform = init.uniform_(b, 2.0, 4.0, rng=0).data
        assert b.dtype == dtype and uniform.min() >= 2 and uniform.max() <= 4
    assert init.zeros_(Parameter(1.0)).data == 0.0


@pytest.mark.parametrize(
    "make", [lambda: nn.Linear(400, 300, rng=0), lambda: nn.Conv2d(16, 300, 5, rng=0)]
)
def test_layers_start_evenly_within_one_over_the_root_of_their_inputs(
    make: Callable[[], nn.Module],
) -> None:
    for p in make().parameters():
        assert -1 / 20 <= p.data.min() < -0.9 / 20 and 0.9 / 20 < p.data.max() <= 1 / 20
        assert p.data.std() == pytest.approx(1 / 20 / math.sqrt(3), rel=0.1)
    assert nn.Linear(0, 3, rng=0).bias.data.tolist() == [0.0] * 3


def test_single_inputs_and_means() -> None:
    drawn = np.random.default_rng(0).normal(size=(5, 1))
    for fill, variance in ((init.kaiming_normal_, 2), (init.xavier_normal_, 1 / 3)):
        found = fill(Parameter(np.zeros((5, 1))), rng=0).data
        np.testing.assert_allclose(found, drawn * math.sqrt(variance), rtol=1e-12)
    for start in (init.xavier_uniform_, init.kaiming_normal_):
        assert start(Parameter(np.zeros((0, 0))), rng=0).size == 0


@pytest.mark.parametrize(
    ("fill", "wanted"),
    [
        (init.uniform_, lambda rng: rng.uniform(0, 1, (4, 6))),
        (init.normal_, lambda rng: rng.normal(0, 1, (4, 6))),
        (init.kaiming_uniform_, lambda rng: rng.uniform(-1, 1, (4, 6))),  # sqrt(3) sqrt(2 / 6)
    ],
)
def test_what_is_drawn_unless_told(fill: Callable[..., Any], wanted: Callable[..., Any]) -> None:
    found = fill(Parameter(np.zeros((4, 6))), rng=0).data
    np.testing.assert_allclose(found, wanted(np.random.default_rng(0)), rtol=1e-12)
    gram = init.orthogonal_(Parameter(np.zeros((6, 4))), rng=0).data
    np.testing.assert_allclose(gram.T @ gram, np.eye(4), atol=1e-12)


def test_randomness_comes_from_rng_or_the_librarys_seed() -> None:
    def drawn(rng: Any = None) -> list[float]:
        w = Parameter(np.zeros((3, 3)))
        fills = (*(row[0] for row in SCALED), init.orthogonal_, init.uniform_, init.normal_)
        return [x for fill in fills for x in fill(w, rng=rng).data.ravel().tolist()]

    assert drawn(1) == drawn(1)
    assert not set(drawn(1)) & set(drawn(2))
    nn.manual_seed(3)
    first = drawn()
    assert drawn() != first
    nn.manual_seed(3)
    assert drawn() == first


def test_a_deep_relu_net_keeps_its_signal() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 128))
    for _ in range(30):
        layer = nn.Linear(128, 128, bias=False, dtype=float)
        init.kaiming_normal_(layer.weight, nonlinearity="relu", rng=rng)
        x = np.maximum(layer(x).data, 0.0)
    assert 0.2 < np.mean(x**2) < 5


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: init.xavier_uniform_(Parameter([1.0])), ValueError, r"Parameter of shape \(1,\)"),
        (lambda: init.orthogonal_(Parameter([1.0])), ValueError, "zeros_, constant_ and uniform_"),
        (
            lambda: init.kaiming_normal_(Parameter([[1.0]]), mode="fan"),
            ValueError,
            "'fan_out', but got 'fan'",
        ),
        (lambda: init.calculate_gain("rellu"), ValueError, "'linear' or .*, but got 'rellu'"),
        (
            lambda: init.zeros_(np.ones(3)),
            TypeError,
            "tensor must be a Tensor",
        ),
    ],
)
def test_mistakes(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
