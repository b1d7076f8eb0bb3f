"""One neuron learns to average four grey pixels.

A neuron with four weights is shown 2x2 rectangles and their mean brightness. It starts with weights
that make no sense, and gradient descent leads each of them to 1/4, which is what averaging means.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any, TypeAlias

from tqdm import tqdm

import nn
from autograd import Tensor, Value
from demos import add_seed, check_loss, positive, whole_number

START = [0.98, 0.4, 0.86, -0.08]  # the weights before training
RECTANGLE = [0.2, 0.5, 0.4, 0.7]  # to try the neuron on; its mean is 0.45

Neuron: TypeAlias = tuple[list[Any], Callable[[], Any]]  # its weights; how wrong it is with them


def scalar_neuron(data: nn.Dataset) -> Neuron:
    """A neuron made of single numbers, each a `Value` that knows how it was computed."""
    weights = [Value(w, label=f"w{i}") for i, w in enumerate(START, 1)]
    samples = list(zip(data.x.tolist(), data.y[:, 0].tolist(), strict=True))

    def neuron(pixels: list[float]) -> Any:
        return sum(w * x for w, x in zip(weights, pixels, strict=True))

    def loss() -> Any:
        return sum((neuron(pixels) - mean) ** 2 for pixels, mean in samples) / len(samples)

    return weights, loss


def tensor_neuron(data: nn.Dataset) -> Neuron:
    """The same neuron on arrays: one matrix product for all rectangles."""
    weights = Tensor(START, requires_grad=True, label="weights")

    def loss() -> Any:
        return nn.mse_loss(data.x @ weights, data.y[:, 0])

    return [weights], loss


ENGINES = {"scalar": scalar_neuron, "tensor": tensor_neuron}


def train(neuron: Neuron, epochs: int, lr: float) -> list[float]:
    """Gradient descent, reported now and then. The weights that it arrives at."""
    weights, loss = neuron
    optimizer = nn.SGD(weights, lr=lr)
    print("epoch  loss          weights")
    for epoch in tqdm(range(epochs), unit="epoch", disable=None, leave=False):
        error = loss()
        if epoch % max(1, epochs // 10) == 0:
            report(epoch, error.item(), numbers(weights))
        check_loss(error.item(), lr)
        optimizer.zero_grad()
        error.backward()  # the slope of the error in every weight w, as w.grad
        optimizer.step()  # w -= lr * w.grad
    report(epochs, loss().item(), numbers(weights))
    return numbers(weights)


def report(epoch: int, loss: float, weights: list[float]) -> None:
    tqdm.write(f"{epoch:5}  {loss:.3e}  " + " ".join(f"{w:#10.4g}" for w in weights))


def numbers(weights: list[Any]) -> list[float]:
    """Four floats, from four `Value`s or one `Tensor`."""
    return weights[0].tolist() if isinstance(weights[0], Tensor) else [w.data for w in weights]


def average(weights: list[float], pixels: list[float]) -> float:
    """What the neuron says."""
    return sum(w * x for w, x in zip(weights, pixels, strict=True))


def configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="scalar",
        help="compute with single numbers or with arrays; both give the same (default: scalar)",
    )
    parser.add_argument(
        "--samples", type=whole_number, default=1000, help="how many rectangles (default: 1000)"
    )
    parser.add_argument(
        "--epochs", type=whole_number, default=300, help="steps of descent (default: 300)"
    )
    parser.add_argument("--lr", type=positive, default=0.1, help="learning rate (default: 0.1)")
    add_seed(parser)


def run(args: Namespace) -> None:
    data, _ = nn.datasets.load("rectangles", samples=args.samples, rng=args.seed)
    print(f"Before training the neuron says {average(START, RECTANGLE):.3f} for {RECTANGLE}.\n")
    weights = train(ENGINES[args.engine](data), args.epochs, args.lr)
    true = sum(RECTANGLE) / len(RECTANGLE)
    print(
        f"\nNow it says {average(weights, RECTANGLE):.4f} for {RECTANGLE}; the mean is {true:.2f}."
    )
