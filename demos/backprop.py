"""The four equations of backpropagation, each beside what the engine computes.

A net of sigmoids reads handwritten digits; its cost is half the squared distance of its outputs
from the right ones, averaged over a batch. For a whole batch of n images at once, a row for each,
with layers l from 1 to L, and with σ' = σ (1 - σ):

  (1) the error at the output      δᴸ = (aᴸ - y) / n ⊙ σ'(zᴸ)
  (2) the error one layer back     δˡ = δˡ⁺¹ Wˡ⁺¹ ⊙ σ'(zˡ)
  (3) the gradient of the biases   ∂C/∂bˡ = the sum of the rows of δˡ
  (4) the gradient of the weights  ∂C/∂Wˡ = δˡᵀ aˡ⁻¹

Each is computed for every layer, before training and after it. Then the equations train a net of
their own, from the same weights, on the same batches.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

import autograd as ag
import nn
from autograd import Tensor
from demos import (
    add_count,
    add_epochs,
    add_hidden,
    add_lr,
    add_out,
    add_seed,
    check_loss,
    progress,
    save_pictures,
)
from nn import plots
from nn.train.metrics import accuracy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AGREEMENT = 1e-12  # how far apart an equation and the engine may be
EQUATIONS = "errors at the output", "errors further back", "gradients of b", "gradients of W"
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

Weights: TypeAlias = list[tuple[Any, Any]]  # of each layer: W (out, in), b (out,)


class Gradients(NamedTuple):
    """Of the cost, one array for each layer."""

    errors: list[Any]  # δ, by what comes before the sigmoid: (n, out)
    biases: list[Any]  # (out,)
    weights: list[Any]  # (out, in)


Method: TypeAlias = Callable[[Weights, Any, Any], Gradients]


def forward(weights: Weights, x: Any) -> tuple[list[Any], list[Any]]:
    """Of each layer z = a Wᵀ + b; and all a = σ(z), beginning with the images."""
    sums, activations = [], [x]
    for w, b in weights:
        sums.append(activations[-1] @ w.T + b)
        activations.append(ag.sigmoid(sums[-1]))
    return sums, activations


def cost(outputs: Any, y: Any) -> Any:
    """Half the squared distance from the right outputs, averaged over the images."""
    return nn.mse_loss(outputs, y, "sum") / (2 * len(y))


def by_equations(weights: Weights, x: Any, y: Any) -> Gradients:
    """What the four equations say."""
    sums, activations = forward(weights, x)
    slopes = [ag.sigmoid(z) * (1 - ag.sigmoid(z)) for z in sums]
    errors = [(activations[-1] - y) / len(y) * slopes[-1]]  # (1)
    for (w, _), slope in zip(weights[:0:-1], slopes[-2::-1]):
        errors.insert(0, errors[0] @ w * slope)  # (2)
    return Gradients(
        errors,
        [error.sum(axis=0) for error in errors],  # (3)
        [error.T @ a for error, a in zip(errors, activations)],  # (4)
    )


def by_engine(weights: Weights, x: Any, y: Any) -> Gradients:
    """The same from the forward pass alone."""
    leaves = [(Tensor(w, requires_grad=True), Tensor(b, requires_grad=True)) for w, b in weights]
    sums, activations = forward(leaves, x)
    for z in sums:
        z.retain_grad()
    cost(activations[-1], y).backward()
    return Gradients(
        [z.grad for z in sums], [b.grad for _, b in leaves], [w.grad for w, _ in leaves]
    )


METHODS: dict[str, Method] = {"engine": by_engine, "equations": by_equations}


class Row(NamedTuple):
    """One equation for one layer, by both ways."""

    number: int
    layer: int
    formula: str
    equation: Any
    engine: Any

    @property
    def difference(self) -> float:
        return float(np.abs(self.equation - self.engine).max())


def compare(weights: Weights, x: Any, y: Any) -> list[Row]:
    """Every equation for every layer.

    Raises:
        ValueError: an equation and the engine disagree.
    """
    layers = len(weights)
    equations, engine = by_equations(weights, x, y), by_engine(weights, x, y)
    rows = []
    for i in range(layers, 0, -1):
        names = (
            (1 if i == layers else 2, error_formula(i, layers)),
            (3, f"∂C/∂b{up(i)} = Σ δ{up(i)}"),
            (4, f"∂C/∂W{up(i)} = δ{up(i)}ᵀ a{up(i - 1)}"),
        )
        for (number, formula), ours, theirs in zip(names, equations, engine, strict=True):
            rows.append(Row(number, i, formula, ours[i - 1], theirs[i - 1]))
    for row in rows:
        if not row.difference <= AGREEMENT:  # nan too
            raise ValueError(
                f"{row.formula} should agree with the engine to {AGREEMENT:g}, "
                f"but differs by {row.difference:.1e}: one of them is wrong"
            )
    return sorted(rows, key=lambda row: row.number)


def error_formula(layer: int, layers: int) -> str:
    here, above = up(layer), up(layer + 1)
    if layer == layers:
        return f"δ{here} = (a{here} - y)/n ⊙ σ'(z{here})"
    return f"δ{here} = δ{above} W{above} ⊙ σ'(z{here})"


def up(number: int) -> str:
    """The number as a superscript."""
    return str(number).translate(RAISED)


def report(rows: list[Row]) -> None:
    """The largest entry of each array by both ways, and the largest difference of any."""
    print(
        f"  {'':32}{'shape':8}  {'by the equation':>17}  {'by the engine':>17}  largest difference"
    )
    for row in rows:
        entry = np.unravel_index(np.abs(row.equation).argmax(), row.equation.shape)
        shape = "x".join(map(str, row.equation.shape))
        print(
            f"  ({row.number})  {row.formula:28}{shape:8}  {row.equation[entry]:17.14f}  "
            f"{row.engine[entry]:17.14f}  {row.difference:.1e}"
        )


class Run(NamedTuple):
    """What a training leaves behind."""

    weights: Weights
    costs: list[float]  # on all images, after each epoch
    errors: list[list[float]]  # of each layer the mean size of n δ on the way, in each epoch


def train(
    method: Method, weights: Weights, data: nn.Dataset, args: Namespace, rng: np.random.Generator
) -> Run:
    """Gradient descent on mini-batches, with the gradients that `method` finds."""
    run = Run([(w.copy(), b.copy()) for w, b in weights], [], [])
    loader = nn.DataLoader(data, args.batch_size, shuffle=True, rng=rng)
    for _ in progress(range(args.epochs)):
        sizes = []
        for x, y in loader:
            gradients = method(run.weights, x, y)
            sizes.append([len(x) * float(np.abs(error).mean()) for error in gradients.errors])
            for (w, b), dw, db in zip(run.weights, gradients.weights, gradients.biases):
                w -= args.lr * dw
                b -= args.lr * db
        run.costs.append(float(cost(forward(run.weights, data.x)[1][-1], data.y)))
        check_loss(run.costs[-1], args.lr)
        run.errors.append(np.mean(sizes, axis=0).tolist())
    return run


def agreement_picture(rows: list[Row], title: str) -> Figure:
    """Every entry by the engine against the same by its equation: all lie on the diagonal."""
    figure = plots.new_figure(8.4, 8.0)
    figure.suptitle(title)
    for number, name in enumerate(EQUATIONS, 1):
        axes = figure.add_subplot(2, 2, number, title=f"({number}) {name}")
        axes.set(xlabel="by the equation", ylabel="by the engine")
        for row in (row for row in rows if row.number == number):
            look = (row.layer - 1) % len(plots.MARKERS)
            axes.scatter(
                row.equation,
                row.engine,
                s=16,
                marker=plots.MARKERS[look],
                color=plots.COLOURS[look],
                label=f"layer {row.layer}, {row.equation.size} entries",
            )
        axes.axline((0, 0), slope=1, color="#333333", linewidth=0.8, zorder=0)
        axes.ticklabel_format(style="sci", scilimits=(-2, 2))
        axes.grid(alpha=0.3)
        if axes.collections:
            axes.legend(loc="upper left")
    return figure


def training_picture(runs: dict[str, Run], title: str) -> Figure:
    """The cost, by both ways; and how large the errors are in each layer."""
    figure = plots.new_figure(9.6, 3.8)
    figure.suptitle(title)
    left = figure.add_subplot(1, 2, 1, xlabel="epoch", ylabel="cost per image", yscale="log")
    right = figure.add_subplot(1, 2, 2, xlabel="epoch", ylabel="mean |δ| of an image", yscale="log")
    epochs = range(1, len(runs["engine"].costs) + 1)
    left.plot(epochs, runs["engine"].costs, plots.PALE_BLUE, linewidth=4, label="by the engine")
    left.plot(epochs, runs["equations"].costs, plots.ORANGE, ls="--", label="by the equations")
    for i, sizes in enumerate(zip(*runs["equations"].errors)):
        look = i % len(plots.MARKERS)
        right.plot(
            epochs,
            sizes,
            color=plots.COLOURS[look],
            marker=plots.MARKERS[look],
            markersize=4,
            label=f"layer {i + 1}",
        )
    plots.finish_curves(left)
    plots.finish_curves(right)
    return figure


def configure(parser: ArgumentParser) -> None:
    add_epochs(parser, 20)
    add_lr(parser, 3.0)
    add_hidden(parser, (30,))
    add_count(parser, "--batch-size", 10, "images per step")
    add_seed(parser)
    add_out(parser)


def run(args: Namespace) -> None:
    train_set, test_set = nn.datasets.load("digits")
    images = nn.Dataset(train_set.x.astype(float), np.eye(10)[train_set.y])  # to compare to 1e-12
    rng = np.random.default_rng(args.seed)
    sizes = [images.x.shape[1], *args.hidden, 10]
    start = [
        (rng.normal(0, nin**-0.5, (nout, nin)), np.zeros(nout))
        for nin, nout in zip(sizes, sizes[1:])
    ]
    name = "-".join(map(str, sizes))
    print(f"digits, {name}: {len(images)} images to train on, {len(test_set)} to test on")
    batch = images[: args.batch_size]

    print(f"\nThe largest entries for the first {len(batch)} images, before training:\n")
    before = compare(start, batch.x, batch.y)
    report(before)
    order = int(rng.integers(2**32))
    runs = {
        way: train(method, start, images, args, np.random.default_rng(order))
        for way, method in METHODS.items()
    }
    weights = runs["engine"].weights
    after = compare(weights, batch.x, batch.y)
    print(f"\nThe same after {args.epochs} epochs:\n")
    report(after)

    if args.out:
        pictures = {
            "backprop-equations": agreement_picture(
                after, f"The four equations and the engine ({len(batch)} digits, {name}, trained)"
            ),
            "backprop-training": training_picture(
                runs, f"A {name} net of sigmoids, trained by the engine and by the equations"
            ),
        }
        print()
        save_pictures(args.out, pictures)
    worst = max(row.difference for row in before + after)
    print(f"\nlargest difference of an equation from the engine: {worst:.1e}")
    rates = (
        f"{accuracy(forward(run.weights, test_set.x)[1][-1], test_set.y):.2%} by the {way}"
        for way, run in runs.items()
    )
    print(f"test accuracy: {', '.join(rates)}")
