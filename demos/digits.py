"""A net learns to read handwritten digits, or to tell garments apart.

An MLP with ReLU, softmax and cross-entropy, trained by mini-batch gradient descent with momentum.
The small data set, `digits`, comes with scikit-learn; `mnist` and `fashion-mnist` are read from
$NAPKINGRAD_DATA/<name> or ~/.cache/napkingrad/<name>.
"""

from __future__ import annotations

import math
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

import nn
from autograd import softmax
from demos import add_out, add_seed, check_loss, new_figure, positive, whole_number
from nn.metrics import accuracy, confusion_matrix

MOMENTUM = 0.9


class Recipe(NamedTuple):
    """How to train on a data set, chosen on a part held back from its training set."""

    epochs: int
    lr: float
    batch_size: int
    classes: tuple[str, ...] = tuple("0123456789")


RECIPES = {
    "digits": Recipe(epochs=30, lr=0.05, batch_size=16),
    "mnist": Recipe(epochs=12, lr=0.05, batch_size=128),
    "fashion-mnist": Recipe(
        epochs=20,
        lr=0.02,
        batch_size=128,
        classes=(
            *("T-shirt", "trousers", "pullover", "dress", "coat"),
            *("sandal", "shirt", "sneaker", "bag", "boot"),
        ),
    ),
}


def layer_sizes(text: str) -> list[int]:
    """An option's value: `128`, or `256,128` for two hidden layers."""
    try:
        return [whole_number(size) for size in text.split(",")]
    except ArgumentTypeError:
        raise ArgumentTypeError(
            f"must be whole numbers of at least 1 with commas between them, not {text!r}"
        ) from None


def configure(parser: ArgumentParser) -> None:
    def defaults(field: str) -> str:
        return ", ".join(f"{name} {getattr(recipe, field)}" for name, recipe in RECIPES.items())

    parser.add_argument(
        "--dataset", choices=RECIPES, default="digits", help="what to learn (default: digits)"
    )
    parser.add_argument(
        "--hidden",
        type=layer_sizes,
        default=[128],
        metavar="N[,N...]",
        help="neurons of each hidden layer (default: 128)",
    )
    parser.add_argument(
        "--epochs",
        type=whole_number,
        help=f"passes through the training set (default: {defaults('epochs')})",
    )
    parser.add_argument("--lr", type=positive, help=f"learning rate (default: {defaults('lr')})")
    parser.add_argument(
        "--batch-size",
        type=whole_number,
        help=f"samples per step (default: {defaults('batch_size')})",
    )
    add_seed(parser)
    add_out(parser)


def run(args: Namespace) -> None:
    recipe = RECIPES[args.dataset]
    epochs, lr = args.epochs or recipe.epochs, args.lr or recipe.lr
    batch_size = args.batch_size or recipe.batch_size
    if args.out:  # fail now rather than after training
        new_figure(1, 1)
        args.out.mkdir(parents=True, exist_ok=True)
    train, test = nn.datasets.load(args.dataset)

    rng = np.random.default_rng(args.seed)
    sizes = [train.x.shape[1], *args.hidden, len(recipe.classes)]
    model = nn.MLP(sizes[0], sizes[1:], rng=rng)
    name = f"{args.dataset}, {'-'.join(map(str, sizes))}"
    print(f"{name}: {len(train)} images to train on, {len(test)} to test on")
    start = perf_counter()
    history = nn.fit(
        model,
        train,
        loss=nn.cross_entropy,
        optimizer=nn.SGD(model.parameters(), lr=lr, momentum=MOMENTUM),
        epochs=epochs,
        batch_size=batch_size,
        callbacks=[nn.PrintEpochs()],
        seed=rng,
    )
    check_loss(history.step_loss[-1], lr)
    print(f"trained in {perf_counter() - start:.1f} s")

    logits = nn.predict(model, test.x)
    if args.out:
        draw_loss(history, name, args.out / "loss.png")
        draw_confusion(logits, test.y, recipe.classes, name, args.out / "confusion.png")
        draw_mistakes(logits, test, recipe.classes, name, args.out / "mistakes.png")
        print(f"pictures in {args.out}: loss.png, confusion.png, mistakes.png")
    print(f"test accuracy: {accuracy(logits, test.y):.2%}")


# --- pictures -------------------------------------------------------------------------------------
# Blue and orange, and shades of one colour, can be told apart with every kind of colour vision.

BLUE, ORANGE = "#9ecae1", "#d95f02"


def draw_loss(history: nn.History, name: str, file: Path) -> None:
    """The loss of every step, and its mean over each epoch."""
    epochs = len(history.loss)
    steps = np.linspace(0, epochs, len(history.step_loss), endpoint=False)
    figure = new_figure(7, 4)
    axes = figure.add_subplot(
        title=f"Training loss ({name})", xlabel="epoch", ylabel="cross-entropy (nats)", yscale="log"
    )
    axes.plot(steps, history.step_loss, color=BLUE, linewidth=0.5, label="one mini-batch")
    axes.plot(
        np.arange(epochs) + 0.5, history.loss, color=ORANGE, marker=".", label="mean of the epoch"
    )
    axes.locator_params(axis="x", integer=True)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file)


def draw_confusion(
    logits: Any, labels: Any, classes: tuple[str, ...], name: str, file: Path
) -> None:
    """How many of each class were taken for which; off the diagonal are the mistakes."""
    counts = confusion_matrix(logits, labels, len(classes))
    mistakes = counts * (1 - np.eye(len(classes), dtype=int))
    figure = new_figure(7, 6.5)
    axes = figure.add_subplot(
        title=f"Confusion matrix, in test images ({name})\nthe darker, the more mistakes",
        xlabel="predicted class",
        ylabel="true class",
    )
    slanted: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(range(len(classes)), classes, **(slanted if len(classes[0]) > 1 else {}))
    axes.set_yticks(range(len(classes)), classes)
    axes.imshow(mistakes, cmap="Blues", vmin=0)
    half = mistakes.max() / 2
    for (i, j), count in np.ndenumerate(counts):
        axes.text(
            j,
            i,
            str(count),
            ha="center",
            va="center",
            weight="bold" if i == j else "normal",
            color="white" if mistakes[i, j] > half else "black",
        )
    figure.savefig(file)


def draw_mistakes(
    logits: Any, test: nn.Dataset, classes: tuple[str, ...], name: str, file: Path
) -> None:
    """The misread images of which the net was most certain."""
    columns, most = 8, 40
    predicted, certainty = logits.argmax(axis=1), softmax(logits).max(axis=1)
    wrong = np.flatnonzero(predicted != test.y)
    worst = wrong[np.argsort(-certainty[wrong], kind="stable")][:most]
    rows = max(1, math.ceil(len(worst) / columns))
    side = math.isqrt(test.x.shape[1])
    figure = new_figure(1.2 * columns, 0.7 + 1.5 * rows)
    figure.suptitle(
        f"The most confident of {len(wrong)} mistakes ({name})\n"
        "predicted class (probability given to it), true class below"
    )
    for place, i in enumerate(worst):
        axes = figure.add_subplot(rows, columns, place + 1, xticks=[], yticks=[])
        axes.imshow(test.x[i].reshape(side, side), cmap="gray_r", vmin=0, vmax=1)
        axes.set_title(
            f"{classes[predicted[i]]} ({certainty[i]:.0%})\n{classes[test.y[i]]}", fontsize=8
        )
    figure.savefig(file)
