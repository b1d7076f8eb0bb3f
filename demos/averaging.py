"""One neuron learns to average grey pixels.

A neuron with four weights is shown 2x2 rectangles and their mean brightness. It starts with weights
that make no sense, and gradient descent leads each of them to 1/4, which is what averaging means.

With --size N it is N² weights, and each goes to 1/N². That is harder: all rectangles are about
equally bright, so the loss bends some 3N² times as much along "all weights up" as along any other
line. That limits the learning rate, to 2/N² here; momentum makes up for it along the others. A step
looks at ten new rectangles, an epoch at 10 N² or more.

With --hidden a net learns the same, by Adam; the slopes of its output by its pixels take the place
of the weights.
"""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

import autograd as ag
import demos
import nn
from demos import check_loss, whole_number
from nn import plots

START = [0.98, 0.4, 0.86, -0.08]  # the weights before training
RECTANGLE = [0.2, 0.5, 0.4, 0.7]  # to try the neuron on; its mean is 0.45
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU}
LARGEST = 100  # rows and columns: an epoch takes ten seconds then

# Seconds per weight and rectangle, about; an epoch of more than PATIENCE is refused.
COST = {"scalar": 4e-6, "compiled": 1.3e-7, "tensor": 0.0}
PATIENCE = 10.0


class Plan(NamedTuple):
    """What is learned, and how; what is None is chosen by the size."""

    size: int = 2
    samples: int | None = None  # an epoch has
    epochs: int | None = None
    lr: float | None = None
    hidden: tuple[int, ...] = ()
    activation: str = "relu"
    bias: bool = False
    seed: int = 0

    @property
    def pixels(self) -> int:
        return self.size**2

    @property
    def sizes(self) -> list[int]:
        return [self.pixels, *self.hidden, 1]

    @property
    def weights(self) -> int:
        return sum(a * b for a, b in zip(self.sizes, self.sizes[1:]))

    @property
    def all_at_once(self) -> bool:
        """Each step looks at all rectangles, the same in each epoch: so the article has it."""
        return self.size == 2 and not self.hidden

    def completed(self) -> Plan:
        """Nothing left open."""
        epochs = 300 if self.all_at_once else 4
        lr = 0.1 if self.all_at_once else 2 / self.pixels
        if self.hidden:
            epochs, lr = max(4, min(30, 300 // self.size)), 0.02 / self.size
        return self._replace(
            samples=self.samples or max(1000, 10 * self.pixels),
            epochs=self.epochs or epochs,
            lr=self.lr or lr,
        )


ARTICLE = Plan().completed()


class Learner(NamedTuple):
    """A net on one of the engines."""

    parameters: list[Any]
    gradients: Callable[[Any, Any], float]  # of a batch, left in .grad; the mean squared error
    arrays: Callable[[], nn.Sequential]  # the net as it is now, to be asked


class Run(NamedTuple):
    """How training went: the loss of each step; at some steps the weights."""

    losses: list[float]
    steps: list[int]
    weights: list[Any]


# --- engines --------------------------------------------------------------------------------------


def on_scalars(net: nn.Sequential) -> Learner:
    """A net made of single numbers, each a `Value` that knows how it was computed."""
    numbers = nn.scalar.MLP.from_tensor(net)

    def gradients(x: Any, y: Any) -> float:
        rows = zip(x.tolist(), y.tolist(), strict=True)
        error = sum((numbers(pixels) - mean) ** 2 for pixels, mean in rows) / len(y)
        error.backward()
        return float(error.item())

    return Learner(trained(numbers, net), gradients, numbers.to_tensor)


def compiled(net: nn.Sequential) -> Learner:
    """The same numbers; what is done to one rectangle is written out once, for all of a batch."""
    numbers = nn.scalar.MLP.from_tensor(net)
    return Learner(
        trained(numbers, net), nn.scalar.compile(numbers, nn.mse_loss), numbers.to_tensor
    )


def on_arrays(net: nn.Sequential) -> Learner:
    """The same net on arrays: one matrix product for all rectangles."""

    def gradients(x: Any, y: Any) -> float:
        error = nn.mse_loss(net(x)[:, 0], y)
        error.backward()
        return float(error.item())

    return Learner(net.parameters(), gradients, lambda: net)


def trained(numbers: nn.scalar.MLP, net: nn.Sequential) -> list[Any]:
    """The parameters; on scalars each neuron has a bias, which stays 0 where `net` has none."""
    if net[0].bias is None:
        return list(numbers.layers[0].neurons[0].w)
    return numbers.parameters()


ENGINES = {"scalar": on_scalars, "compiled": compiled, "tensor": on_arrays}


def check_size(plan: Plan, engine: str) -> None:
    """Refuse what nobody wants to wait for.

    Raises:
        ValueError: an epoch takes this engine too long.
    """
    if plan.size > LARGEST:
        raise ValueError(f"--size must be at most {LARGEST}, not {plan.size}")
    seconds = {name: cost * plan.weights * (plan.samples or 0) for name, cost in COST.items()}
    if seconds[engine] > PATIENCE:
        others = " or ".join(f"--engine {name}" for name in COST if seconds[name] <= PATIENCE)
        others = others or "fewer --samples or a smaller net"
        raise ValueError(
            f"--size {plan.size} is too large for the {engine} engine: an epoch of {plan.samples} "
            f"rectangles and {plan.weights} weights would take about {seconds[engine]:.0f} s; "
            f"use {others}"
        )


# --- training -------------------------------------------------------------------------------------


def begin(plan: Plan, engine: str) -> tuple[Learner, Iterator[tuple[Any, Any]], nn.Dataset]:
    """The same for each engine: an untrained net, batches without end, and other rectangles."""
    rng = np.random.default_rng(plan.seed)
    samples = plan.samples if plan.all_at_once else 1000
    train, test = nn.datasets.load("rectangles", samples=samples, size=plan.size, rng=rng)
    learner = ENGINES[engine](new_net(plan, rng))
    return learner, batches(train if plan.all_at_once else None, plan.pixels, rng), test


def new_net(plan: Plan, rng: np.random.Generator) -> nn.Sequential:
    if plan.hidden:
        activation = ACTIVATIONS[plan.activation]
        return nn.MLP(plan.pixels, plan.sizes[1:], activation, dtype=float, rng=rng)
    neuron = nn.Linear(plan.pixels, 1, bias=plan.bias, dtype=float, rng=rng)
    far_off = 4 * rng.uniform(-1, 1, plan.pixels) / plan.pixels
    neuron.weight.data = [START if plan.size == 2 else far_off]
    return nn.Sequential(neuron)


def batches(
    data: nn.Dataset | None, pixels: int, rng: np.random.Generator
) -> Iterator[tuple[Any, Any]]:
    """All of the data each time, or without data ten new rectangles: (n, pixels) and (n,)."""
    while True:
        x = rng.random((10, pixels)).round(1) if data is None else data.x
        yield x, x.mean(axis=1)


def optimizer_of(plan: Plan, learner: Learner) -> nn.Optimizer:
    lr = plan.lr or 0.0
    if plan.hidden:
        return nn.Adam(learner.parameters, lr)
    return nn.SGD(learner.parameters, lr, momentum=0.0 if plan.all_at_once else 0.9)


def steps_per_epoch(plan: Plan) -> int:
    return 1 if plan.all_at_once else math.ceil((plan.samples or 0) / 10)


def train(plan: Plan, engine: str) -> tuple[nn.Sequential, nn.Dataset, Run]:
    """Gradient descent, reported now and then. The net, rectangles it was not shown, the course."""
    learner, batch, test = begin(plan, engine)
    optimizer = optimizer_of(plan, learner)
    steps = (plan.epochs or 0) * steps_per_epoch(plan)
    run = Run([], [], [])
    few = plan.pixels <= 4
    what = "slope by each pixel" if plan.hidden else "weights"
    print(
        "epoch  loss       " + (what if few else f"{what} times {plan.pixels}: least, mean, most")
    )
    for step in demos.progress(range(steps + 1), unit="step"):
        x, y = next(batch)
        if step % max(1, steps // 200) == 0 or step == steps:
            run.steps.append(step)
            run.weights.append(weights_of(learner.arrays()))
        optimizer.zero_grad()
        loss = learner.gradients(x, y)  # and the slope of the loss in every weight w, as w.grad
        if step % max(1, steps // 10) == 0 or step == steps:
            w = run.weights[-1] if few else spread(weights_of(learner.arrays()))
            row = " ".join(f"{number:#10.4g}" for number in w)
            tqdm.write(f"{step / steps_per_epoch(plan):5.3g}  {loss:.3e}  {row}")
        check_loss(loss, optimizer.lr)
        run.losses.append(loss)
        if step < steps:
            optimizer.step()  # w -= lr * w.grad, at its plainest
    return learner.arrays(), test, run


def weights_of(net: nn.Sequential) -> Any:
    """The slope of the output by each pixel: of a neuron its weights, of a net at medium grey."""
    grey = np.full((1, net[0].in_features), 0.5)
    return ag.grad(lambda x: net(x).sum())(grey)[0]


def spread(weights: Any) -> list[float]:
    """Least, mean and most, each times the number of weights: 1 is what averaging takes."""
    return [len(weights) * float(x) for x in (weights.min(), weights.mean(), weights.max())]


def compare(plan: Plan) -> None:
    """The time per epoch of each engine, side by side, from twenty steps of each."""
    print("engine    seconds per epoch  loss after 20 steps")
    for engine in ENGINES:
        try:
            check_size(plan, engine)
        except ValueError:
            print(f"{engine:10}{'too slow':>17}")
            continue
        learner, batch, _ = begin(plan, engine)
        optimizer, seconds = optimizer_of(plan, learner), []
        for _ in range(20):
            x, y = next(batch)
            start = perf_counter()
            optimizer.zero_grad()
            loss = learner.gradients(x, y)
            optimizer.step()
            seconds.append(perf_counter() - start)
        print(f"{engine:10}{median(seconds) * steps_per_epoch(plan):17.6f}  {loss:.12e}")
    print()


# --- the picture ----------------------------------------------------------------------------------


def picture(plan: Plan, run: Run) -> Any:
    """The weights on their way to 1/N², and the loss."""
    figure = plots.new_figure(10, 4.2)
    title = f"{plan.size}x{plan.size} rectangles, " + "-".join(map(str, plan.sizes))
    figure.suptitle(f"Learning to average ({title})")
    name = "slope of the output by a pixel" if plan.hidden else "weight"
    left, right = figure.subplots(1, 2)
    weights = np.array(run.weights)  # (records, pixels)
    if plan.pixels <= 4:
        for i, way in enumerate(weights.T):
            style = ("-", "--", "-.", ":")[i]
            left.plot(
                run.steps,
                way,
                style,
                color=plots.COLOURS[i],
                lw=2,
                label=f"pixel {i + 1}" if plan.hidden else f"$w_{i + 1}$",
            )
    else:
        least, low, high, most = np.quantile(weights, (0, 0.05, 0.95, 1), axis=1)
        left.fill_between(run.steps, least, most, color=plots.PALE_BLUE, label="all weights")
        left.fill_between(run.steps, low, high, color=plots.BLUE, label="nine in ten")
        left.plot(run.steps, weights.mean(axis=1), "k-", lw=1.5, label="their mean")
    goal = {"color": "#333333", "linestyle": (0, (2, 2)), "linewidth": 1.5, "zorder": 3}
    left.axhline(1 / plan.pixels, **goal, label=f"1/N² = {1 / plan.pixels:g}")
    left.set(
        xlabel="step of descent", ylabel=name, title="The slopes" if plan.hidden else "The weights"
    )
    parts = np.array_split(np.array(run.losses), min(len(run.losses), 200))
    ends = np.cumsum([len(part) for part in parts])
    right.semilogy(ends, [part.mean() for part in parts], color=plots.BLUE, lw=2, label="loss")
    right.set(xlabel="step of descent", ylabel="mean squared error (brightness²)", title="The loss")
    if plan._replace(seed=0) == ARTICLE:
        right.axhline(1e-6, **goal, label="the article, after 300 epochs")
    for axes in (left, right):
        axes.locator_params(axis="x", nbins=6)
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


# --- the command ----------------------------------------------------------------------------------


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    demos.add_count(parser, "--size", 2, f"rows and columns of a rectangle, at most {LARGEST}")
    demos.add_engine(parser, ENGINES, "scalar")
    add("--compare", action="store_true", help="first time an epoch on each engine")
    add("--bias", action="store_true", help="the neuron has a bias too; it should become 0")
    add("--hidden", type=demos.layer_sizes, default=(), metavar="N[,N...]", help="a net instead")
    add("--activation", choices=ACTIVATIONS, default="relu", help="of --hidden (default: relu)")
    add("--samples", type=whole_number, help="rectangles an epoch (default: 10 N², 1000 or more)")
    add("--epochs", type=whole_number, help="passes (default: 300; where N > 2, 4; nets: 4 to 30)")
    add("--lr", type=demos.positive, help="learning rate (default: 0.1; N > 2: 2/N²; nets: 0.02/N)")
    demos.add_seed(parser)
    demos.add_out(parser)


def plan_of(args: Namespace) -> Plan:
    return Plan(**{name: getattr(args, name) for name in Plan._fields}).completed()


def run(args: Namespace) -> None:
    plan = plan_of(args)
    check_size(plan, args.engine)
    if args.compare:
        compare(plan)
    pixels, name = example(plan)
    before = begin(plan, args.engine)[0].arrays()(pixels).item()
    print(f"Before training it says {before:.3f} for {name}, whose mean is {pixels.mean():.2f}.")
    print(description(plan), end="\n\n")
    net, test, course = train(plan, args.engine)
    after = net(pixels).item()
    print(f"\nNow it says {after:.4f}; the mean is {pixels.mean():.2f}.")
    if plan._replace(seed=0) == ARTICLE:
        print("\n                 article     here")
        print(f"before training    0.684    {before:.3f}")
        print(f"after 300 epochs  ~ 0.45    {after:.3f}")
        print(f"loss at the end   ~ 1e-6  {course.losses[-1]:.1e}\n")
    if plan.bias and not plan.hidden:
        print(f"Its bias is {net[0].bias.item():.2e}.")
    if args.out:
        demos.save_pictures(args.out, {"averaging": picture(plan, course)})
    error = nn.mse_loss(net(test.x), test.y).item()
    print(
        f"mean squared error on {len(test)} other rectangles: {error:.2e} "
        f"(always saying 0.5: {nn.mse_loss(np.full_like(test.y, 0.5), test.y):.1e})"
    )


def example(plan: Plan) -> tuple[Any, str]:
    """A rectangle to try the net on, and what to call it."""
    if plan.size == 2:
        return np.array([RECTANGLE]), str(RECTANGLE)
    return np.linspace(0, 0.9, plan.pixels)[None], "a rectangle that shades from 0 to 0.9"


def description(plan: Plan) -> str:
    n = plan.pixels
    samples = f"{plan.samples} rectangles" + ("" if plan.all_at_once else " an epoch, ten a step")
    return (
        f"learning rate {plan.lr:g}"
        + (f" = {(plan.lr or 0) * n:g}/N²" if plan.size > 2 and not plan.hidden else "")
        + f", {samples}"
        + (f" = {(plan.samples or 0) / n:g} N²" if plan.size > 2 else "")
        + f", {plan.epochs} epochs"
    )
