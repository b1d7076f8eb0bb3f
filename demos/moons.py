"""A net of single numbers learns where one moon ends and the other begins.

Points lie on two half circles that reach into one another; no straight line parts them. The net has
two inputs, two layers of 16 neurons with relu, and one output, whose sign is the answer. The hinge
loss asks of it to be at least 1 on one moon and at most -1 on the other, and Adam sees to it.

Every weight, product and sum is a `Value`, some 65 000 of them in each epoch. Compiled, or as a net
of arrays, the same net takes the same steps in far less time: --engine compiled.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from tqdm import tqdm

import nn
from demos import (
    add_engine,
    add_epochs,
    add_hidden,
    add_lr,
    add_out,
    add_samples,
    add_seed,
    check_loss,
    positive,
    progress,
    save_pictures,
)
from nn import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_WEIGHTS = 100_000

# Of points (n, 2) and signs (n,): the mean loss, while its gradients are added to the parameters.
Step: TypeAlias = Callable[[Any, Any], float]


def scalar_learner(net: nn.scalar.MLP) -> tuple[nn.Module, Step]:
    """Point by point, with every number recorded."""

    def step(x: Any, signs: Any) -> float:
        pairs = zip(x.tolist(), signs.tolist(), strict=True)
        loss = sum(nn.hinge_loss(net(point), sign) for point, sign in pairs) / len(x)
        loss.backward()
        return float(loss.item())

    return net, step


def compiled_learner(net: nn.scalar.MLP) -> tuple[nn.Module, Step]:
    """The same for one point written out once, and run on all points at a time."""
    return net, nn.scalar.compile(net, nn.hinge_loss)


def tensor_learner(net: nn.scalar.MLP) -> tuple[nn.Module, Step]:
    """The same net on arrays: one matrix product for each layer."""
    model = net.to_tensor()

    def step(x: Any, signs: Any) -> float:
        loss = nn.hinge_loss(model(x)[:, 0], signs)
        loss.backward()
        return float(loss.item())

    return model, step


ENGINES = {"scalar": scalar_learner, "compiled": compiled_learner, "tensor": tensor_learner}


def train(model: nn.Module, step: Step, data: nn.Dataset, epochs: int, lr: float) -> list[float]:
    """Steps of Adam on all points, reported now and then. The loss before each."""
    optimizer = nn.Adam(model.parameters(), lr=lr)
    losses = []
    for epoch in progress(range(epochs)):
        optimizer.zero_grad()
        losses.append(step(data.x, signs_of(data)))
        check_loss(losses[-1], lr)
        if epoch % max(1, epochs // 10) == 0:
            tqdm.write(f"epoch {epoch:4}  loss {losses[-1]:.4f}")
        optimizer.step()
    return losses


def signs_of(data: nn.Dataset) -> Any:
    """-1 on the upper moon, 1 on the lower."""
    return 2.0 * data.y - 1.0


def hit_rate(model: nn.Module, data: nn.Dataset) -> float:
    """The part of the points for which the output has the right sign."""
    net = model.to_tensor() if isinstance(model, nn.scalar.MLP) else model
    return float(np.mean((nn.predict(net, data.x)[:, 0] > 0) == data.y))


def loss_curve(losses: list[float], title: str) -> Figure:
    figure = plots.new_figure(6.0, 3.8)
    axes = figure.add_subplot(title=title, xlabel="epoch", ylabel="mean hinge loss", yscale="log")
    axes.plot(losses, color=plots.BLUE, label="on all points, before each step")
    plots.finish_curves(axes)
    return figure


def configure(parser: ArgumentParser) -> None:
    add_engine(parser, ENGINES, "scalar")
    add_epochs(parser, 80, "steps of Adam, each on all points")
    add_lr(parser, 0.05)
    add_hidden(parser, (16, 16))
    add_samples(parser, 100, "points on both moons")
    parser.add_argument(
        "--noise",
        type=positive,
        default=0.1,
        help="standard deviation by which points stray (default: 0.1)",
    )
    add_seed(parser)
    add_out(parser)


def run(args: Namespace) -> None:
    rng = np.random.default_rng(args.seed)
    train_set, test_set = (
        nn.Dataset(part.x.astype(float), part.y)
        for part in nn.datasets.load("moons", samples=args.samples, noise=args.noise, rng=rng)
    )
    layers = (2, *args.hidden, 1)
    weights = sum(n * m for n, m in zip(layers, layers[1:]))
    if weights > MOST_WEIGHTS:
        raise ValueError(
            f"--hidden {','.join(map(str, args.hidden))} makes {weights} weights, each a number of "
            f"its own here; choose at most {MOST_WEIGHTS}"
        )
    net = nn.scalar.MLP(2, [*args.hidden, 1], rng=rng)
    sizes = "-".join(map(str, (2, *args.hidden, 1)))
    print(
        f"moons, {sizes}: {len(net.parameters())} parameters, {len(train_set)} points to learn "
        "from, as many fresh ones"
    )
    model, step = ENGINES[args.engine](net)
    start = perf_counter()
    losses = train(model, step, train_set, args.epochs, args.lr)
    per_epoch = (perf_counter() - start) / args.epochs
    print(f"{args.engine} engine: {1000 * per_epoch:.3g} ms per epoch on average\n")

    if args.out:
        pictures = {
            "moons-regions": plots.decision_regions(
                model, train_set.x, train_set.y, f"Two moons, and where a {sizes} net parts them"
            ),
            "moons-loss": loss_curve(losses, f"Two moons: training of a {sizes} net"),
        }
        save_pictures(args.out, pictures)
    print(
        f"accuracy: {hit_rate(model, train_set):.2%} on these points, "
        f"{hit_rate(model, test_set):.2%} on fresh ones"
    )
