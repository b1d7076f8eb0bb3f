"""First weights of scalar nets: how they are drawn, and that nets learn from them."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "first_weights.py"

GAINS = [
    (None, 1.0), (ag.relu, math.sqrt(2)), (nn.ReLU(), math.sqrt(2)), (ag.silu, math.sqrt(2)),
    (nn.GELU(), math.sqrt(2)), (nn.LeakyReLU(0.2), math.sqrt(2)), (ag.tanh, 5 / 3),
    (nn.Tanh(), 5 / 3), (ag.sigmoid, 4.0), (nn.Sigmoid(), 4.0), (ag.sin, 1.0), (lambda x: x, 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("activation", "gain"), GAINS, ids=[str(i) for i in range(len(GAINS))])
@pytest.mark.parametrize("nin", [2, 12])
def test_bounds_follow_inputs_and_activation(activation: Any, gain: float, nin: int) -> None:
    rng = np.random.default_rng(0)
    layer = nn.scalar.Layer(nin, 400, activation, rng)
    weights = np.array([[w.data for w in neuron.w] for neuron in layer.neurons])
    biases = np.array([neuron.b.data for neuron in layer.neurons])
    bound = gain * math.sqrt(3 / nin)
    assert nn.scalar.first_bound(nin, activation) == pytest.approx(bound, rel=1e-12)
    for drawn, most in ((weights, bound), (biases, bound / 2)):
        assert 0.97 * most < abs(drawn).max() <= most
        assert drawn.std() == pytest.approx(most / math.sqrt(3), rel=0.1)
    assert type(layer.neurons[0].b.data) is float


def test_sums_keep_their_size_in_deep_nets() -> None:
    """With relu, mean squares stay from layer to layer (He et al. 2015)."""
    rng = np.random.default_rng(0)
    net = nn.scalar.MLP(32, [32] * 6 + [1], rng=rng).to_tensor()
    x: Any = rng.normal(size=(200, 32))
    for module in list(net)[:-1]:
        x = module(x)
    assert 0.3 < float((x**2).mean().item()) < 3


def test_a_neuron_without_inputs_is_its_bias() -> None:
    assert nn.scalar.Neuron(0, None, rng=0)([]).data == 0.0


@pytest.mark.parametrize(("name", "least"), [("relu", 9), ("tanh", 9), ("sigmoid", 6)])
def test_nets_learn_two_moons(name: str, least: int) -> None:
    """From ten starts, as often as docs/first-weights.md says, and a bit less."""
    script = runpy.run_path(str(BENCHMARK))
    activation, adam = script["ACTIVATIONS"][name], script["adam"]
    rates = [script["hit_rate"](activation, None, adam, seed) for seed in range(10)]
    assert sum(rate == 1 for rate in rates) >= least, rates
