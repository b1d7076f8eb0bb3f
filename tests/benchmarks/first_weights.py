"""How often nets of `nn.scalar` learn two moons from their first weights, and from other ones.

python tests/benchmarks/first_weights.py [SEEDS] prints a table in Markdown. A start counts if the
net has the right sign on all 100 points at the end. Each seed draws points and weights anew. The
nets are 2-16-16-1 with a linear output, trained as nets of arrays, which is the same and faster.
Two loops: that of micrograd's demo (100 steps of gradient descent, the rate going from 1 to 0.1,
with weight decay), and that of demos/moons.py (80 steps of Adam, rate 0.05).
"""

from __future__ import annotations

import math
import platform
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd as ag
import nn

SIZES = (16, 16, 1)
ACTIVATIONS = {"relu": ag.relu, "tanh": ag.tanh, "sigmoid": ag.sigmoid}

# The bound of the first weights and that of the biases, of neurons with so many inputs.
STARTS: dict[str, Callable[[int], tuple[float, float]] | None] = {
    "U(±1), biases 0 (micrograd)": lambda n: (1.0, 0.0),
    "U(±1/√n), biases 0 (earlier)": lambda n: (1 / math.sqrt(n), 0.0),
    "U(±1/√n), biases too (PyTorch)": lambda n: (1 / math.sqrt(n), 1 / math.sqrt(n)),
    "U(±gain √(3/n)), biases half (now)": None,
}


def moons(rng: Any) -> tuple[Any, Any]:
    """Points, and 1 or -1 for each."""
    train, _ = nn.datasets.moons(100, noise=0.1, rng=rng)
    return train.x.astype(float), 2.0 * train.y - 1.0


def started(activation: Any, start: Any, rng: Any) -> Any:
    """A net with first weights of its own, or of another start."""
    net = nn.scalar.MLP(2, SIZES, activation, rng=rng)
    for layer in net.layers if start else ():
        for neuron in layer.neurons:
            weights, bias = start(len(neuron.w))
            neuron.b.data = rng.uniform(-bias, bias)
            for w in neuron.w:
                w.data = rng.uniform(-weights, weights)
    return net.to_tensor()


def descend(model: Any, x: Any, signs: Any) -> None:
    """The loop of micrograd's demo."""
    optimizer = nn.SGD(model.parameters(), lr=1.0, weight_decay=2e-4)
    for step in range(100):
        optimizer.lr = 1.0 - 0.9 * step / 100
        optimizer.zero_grad()
        nn.hinge_loss(model(x)[:, 0], signs).backward()
        optimizer.step()


def adam(model: Any, x: Any, signs: Any) -> None:
    """The loop of demos/moons.py."""
    optimizer = nn.Adam(model.parameters(), lr=0.05)
    for _ in range(80):
        optimizer.zero_grad()
        nn.hinge_loss(model(x)[:, 0], signs).backward()
        optimizer.step()


LOOPS = {"micrograd's loop": descend, "Adam": adam}


def hit_rate(activation: Any, start: Any, loop: Any, seed: int) -> float:
    """The part of the points that a net gets right in the end."""
    rng = np.random.default_rng(seed)
    x, signs = moons(rng)
    model = started(activation, start, rng)
    loop(model, x, signs)
    return float(np.mean((nn.predict(model, x)[:, 0] > 0) == (signs > 0)))


def main(seeds: int) -> None:
    columns = [(name, loop) for name in ACTIVATIONS for loop in LOOPS]
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {seeds} seeds:")
    print("nets that get all points right, and the mean accuracy\n")
    print("| start | " + " | ".join(f"{name}, {loop}" for name, loop in columns) + " |")
    print("| --- |" + " --- |" * len(columns))
    for title, start in STARTS.items():
        cells = []
        for name, loop in columns:
            rates = [hit_rate(ACTIVATIONS[name], start, LOOPS[loop], seed) for seed in range(seeds)]
            cells.append(f"{sum(rate == 1 for rate in rates)} ({np.mean(rates):.1%})")
        print(f"| {title} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
