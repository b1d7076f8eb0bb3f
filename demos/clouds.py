"""A small net tells three clouds of points apart; its gradients by the engine, and by hand.

The clouds are Gaussian, 500 points each around (0, -2), (2, 2) and (-2, 2). The net has two inputs,
five neurons with a sigmoid and three outputs with a softmax; full-batch gradient descent lowers the
negative log-likelihood of the right clouds. The engine needs only the forward pass; beside it, the
backward pass is written out in NumPy, in six formulas, and must agree to 1e-12.

The clouds overlap. Whoever knows their centres can do no better than to choose the nearest, which
is right for 97.0 % of all points, and on a draw of 1500 for more or less than that: it is printed
too. The default seed is one of those whose points allow 97 %.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

import autograd as ag
import nn
from demos import (
    add_count,
    add_epochs,
    add_lr,
    add_out,
    add_samples,
    check_loss,
    positive,
    progress,
    save_pictures,
    seed,
)
from nn import plots
from nn.data.sets import CLOUD_CENTRES
from nn.train.metrics import accuracy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AGREEMENT = 1e-12  # how far apart the two ways to a gradient may be

Weights: TypeAlias = list[Any]  # W1 (hidden, 2), b1 (hidden,), W2 (3, hidden), b2 (3,)
Slopes: TypeAlias = Callable[[Weights, Any, Any], tuple[Any, Weights]]  # the cost; its gradients


def scores(weights: Weights, x: Any) -> Any:
    """The net up to the softmax: (n, 2) -> (n, 3)."""
    w1, b1, w2, b2 = weights
    return ag.sigmoid(x @ w1.T + b1) @ w2.T + b2


def cost(weights: Weights, x: Any, y: Any) -> Any:
    """The mean of -log p, with p what the softmax gives to the right cloud, in nats."""
    return nn.cross_entropy(scores(weights, x), y)


by_engine: Slopes = ag.value_and_grad(cost)


def by_formulas(weights: Weights, x: Any, y: Any) -> tuple[Any, Weights]:
    """The same, with a backward pass written by hand."""
    w1, b1, w2, b2 = weights
    a1 = 1 / (1 + np.exp(-(x @ w1.T + b1)))  # (n, hidden)
    z2 = a1 @ w2.T + b2
    z2 -= z2.max(axis=1, keepdims=True)  # changes no probability, and nothing overflows
    log_a2 = z2 - np.log(np.exp(z2).sum(axis=1, keepdims=True))
    a2 = np.exp(log_a2)  # (n, 3), probabilities
    n, truth = len(x), np.eye(len(b2))[y]

    dz2 = (a2 - truth) / n  # softmax and logarithm together
    dw2 = dz2.T @ a1
    db2 = dz2.sum(axis=0)
    dz1 = (dz2 @ w2) * a1 * (1 - a1)  # the sigmoid's slope is a (1 - a)
    dw1 = dz1.T @ x
    db1 = dz1.sum(axis=0)
    return -log_a2[range(n), y].mean(), [dw1, db1, dw2, db2]


class Run(NamedTuple):
    """What a training leaves behind."""

    weights: Weights
    costs: list[float]  # before each epoch
    differences: list[float]  # of the gradients from those by formulas, at the same weights


def train(slopes: Slopes, weights: Weights, data: nn.Dataset, epochs: int, lr: float) -> Run:
    """Full-batch gradient descent, with an eye on how far the gradients are from the formulas'."""
    costs, differences = [], []
    for _ in progress(range(epochs)):
        loss, gradients = slopes(weights, data.x, data.y)
        check_loss(float(loss), lr)
        costs.append(float(loss))
        if slopes is not by_formulas:
            differences.append(difference(gradients, by_formulas(weights, data.x, data.y)[1]))
        weights = [w - lr * g for w, g in zip(weights, gradients)]
    return Run(weights, costs, differences)


def difference(some: Weights, others: Weights) -> float:
    """The largest between any two numbers that belong together."""
    return max(float(np.abs(a - b).max()) for a, b in zip(some, others, strict=True))


def check_agreement(worst: float) -> None:
    """Stop where the engine and the formulas disagree.

    Raises:
        ValueError: they do.
    """
    if not worst <= AGREEMENT:  # nan too
        raise ValueError(
            f"the gradients by engine and by formulas should agree to {AGREEMENT:g}, "
            f"but differ by {worst:.1e}: one of them is wrong"
        )


def nearest_centre(x: Any) -> Any:
    """The best answer to where a point comes from, given the centres: clouds are equally wide."""
    return np.linalg.norm(x[:, None] - np.array(CLOUD_CENTRES), axis=2).argmin(axis=1)


def cost_curves(runs: dict[str, Run]) -> Figure:
    """The cost on the way, and how far the two ways to a gradient are apart."""
    figure = plots.new_figure(9.6, 3.8)
    figure.suptitle("Three clouds: gradient descent by the engine and by hand")
    left = figure.add_subplot(1, 2, 1, xlabel="epoch", ylabel="cost (nats)", yscale="log")
    right = figure.add_subplot(
        1, 2, 2, xlabel="epoch", ylabel="largest difference of a gradient (nats)", yscale="log"
    )
    left.plot(runs["engine"].costs, plots.PALE_BLUE, linewidth=4, label="by the engine")
    left.plot(runs["formulas"].costs, plots.ORANGE, ls="--", label="by the formulas")
    worst = np.maximum(runs["engine"].differences, 1e-18)  # 0 has no place on this axis
    right.plot(worst, color=plots.BLUE, linewidth=0.8, label="engine against formulas")
    right.axhline(AGREEMENT, color=plots.ORANGE, linestyle="--", label="allowed")
    plots.finish_curves(left)
    plots.finish_curves(right)
    return figure


def configure(parser: ArgumentParser) -> None:
    add_epochs(parser, 1000, "steps of descent, each on all points")
    add_lr(parser, 1.0)
    add_count(parser, "--hidden", 5, "neurons of the hidden layer")
    add_samples(parser, 1500, "points in all")
    parser.add_argument(
        "--spread", type=positive, default=1.0, help="standard deviation of a cloud (default: 1)"
    )
    parser.add_argument(
        "--seed",
        type=seed,
        default=3,
        help="of all randomness (default: 3, a draw on which 97 %% can be reached)",
    )
    add_out(parser)


def run(args: Namespace) -> None:
    rng = np.random.default_rng(args.seed)
    train_set, test_set = (
        nn.Dataset(part.x.astype(float), part.y)  # in float64, to compare to 1e-12
        for part in nn.datasets.load("clouds", samples=args.samples, noise=args.spread, rng=rng)
    )
    print(f"clouds, 2-{args.hidden}-3: {len(train_set)} points to learn from, as many fresh ones")
    start = [
        rng.normal(size=(args.hidden, 2)),
        np.zeros(args.hidden),
        rng.normal(size=(3, args.hidden)),
        np.zeros(3),
    ]
    print(f"cost before training: {cost(start, train_set.x, train_set.y):.4g} nats\n")

    runs = {}
    for name, slopes in {"engine": by_engine, "formulas": by_formulas}.items():
        done = runs[name] = train(slopes, start, train_set, args.epochs, args.lr)
        cost_after = cost(done.weights, train_set.x, train_set.y)
        print(
            f"by the {name:8}  after {args.epochs} epochs: "
            f"cost {cost_after:.4g} nats, accuracy {hit_rate(done.weights, train_set):.2%}"
        )
    worst = max(runs["engine"].differences)
    check_agreement(worst)
    apart = difference(runs["engine"].weights, runs["formulas"].weights)
    print(f"largest difference between their gradients, in all epochs: {worst:.1e}")
    print(f"largest difference between the weights they arrive at:     {apart:.1e}\n")

    weights = runs["engine"].weights
    if args.out:
        pictures = {
            "clouds-regions": plots.decision_regions(
                lambda points: scores(weights, points),
                train_set.x,
                train_set.y,
                f"Three clouds, and what a 2-{args.hidden}-3 net makes of them",
            ),
            "clouds-cost": cost_curves(runs),
        }
        save_pictures(args.out, pictures)
    for part, data in {"these points": train_set, "fresh points": test_set}.items():
        best = float(np.mean(nearest_centre(data.x) == data.y))
        print(f"of {part}, the nearest of the true centres is right for {best:.2%}")
    print(
        f"accuracy: {hit_rate(weights, train_set):.2%} on these points, "
        f"{hit_rate(weights, test_set):.2%} on fresh ones"
    )


def hit_rate(weights: Weights, data: nn.Dataset) -> float:
    """The part of the points that are told rightly."""
    return accuracy(scores(weights, data.x), data.y)
