"""A net learns to read handwritten digits, or to tell garments apart.

An MLP, or a small convolutional net, with relu, softmax and cross-entropy, trained by mini-batch
gradient descent. The small data set, `digits`, comes with scikit-learn; `mnist` and `fashion-mnist`
are read from $NAPKINGRAD_DATA/<name> or ~/.cache/napkingrad/<name>, or downloaded.
"""

from __future__ import annotations

import math
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

import nn
from autograd import softmax
from demos import add_out, add_seed, check_loss, positive, whole_number
from nn import plots
from nn.metrics import accuracy

DIGITS = tuple("0123456789")
GARMENTS = (
    *("T-shirt", "trousers", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "boot"),
)
CLASSES = {"digits": DIGITS, "mnist": DIGITS, "fashion-mnist": GARMENTS}


class Recipe(NamedTuple):
    """How to train on a data set, chosen on a part held back from its training set."""

    epochs: int
    lr: float
    batch_size: int
    hidden: tuple[int, ...] = (128,)
    optimizer: str = "sgd"
    schedule: str = "constant"
    dropout: float = 0.0
    weight_decay: float = 0.0
    augment: bool = False
    batch_norm: bool = False
    channels: tuple[int, ...] = (16, 32)
    window: int = 5  # of the convolutions: rows and columns


LONG: dict[str, Any] = {"optimizer": "adamw", "schedule": "one-cycle", "augment": True}
RECIPES = {
    ("digits", "quick"): Recipe(epochs=30, lr=0.05, batch_size=16),
    ("mnist", "quick"): Recipe(epochs=12, lr=0.05, batch_size=128),
    ("fashion-mnist", "quick"): Recipe(epochs=20, lr=0.02, batch_size=128),
    ("digits", "long"): Recipe(60, 0.005, 32, (256,), **LONG),
    ("mnist", "long"): Recipe(30, 0.002, 128, (512, 256), weight_decay=0.01, **LONG),
    ("fashion-mnist", "long"): Recipe(
        24, 0.003, 256, (1024, 512), dropout=0.3, weight_decay=0.05, batch_norm=True, **LONG
    ),
    ("digits", "conv"): Recipe(40, 0.005, 32, (64,), dropout=0.2, channels=(16,), window=3, **LONG),
    ("mnist", "conv"): Recipe(6, 0.003, 100, dropout=0.2, weight_decay=0.01, **LONG),
    ("fashion-mnist", "conv"): Recipe(
        6,
        0.005,
        100,
        dropout=0.3,
        weight_decay=0.05,
        batch_norm=True,
        channels=(32, 64),
        window=3,
        **LONG,
    ),
}
OPTIMIZERS: dict[str, Callable[..., nn.Optimizer]] = {
    "sgd": partial(nn.SGD, momentum=0.9),
    "adam": nn.Adam,
    "adamw": nn.AdamW,
}
AUGMENT: dict[str, Callable[..., Any]] = {
    "digits": nn.RandomShift(1),
    "mnist": nn.RandomShift(2),
    "fashion-mnist": nn.RandomFlip(),
}


def layer_sizes(text: str) -> tuple[int, ...]:
    """An option's value: `128`, or `256,128` for two hidden layers."""
    try:
        return tuple(whole_number(size) for size in text.split(","))
    except ArgumentTypeError:
        raise ArgumentTypeError(
            f"must be whole numbers of at least 1 with commas between them, not {text!r}"
        ) from None


def fraction(text: str) -> float:
    """An option's value: a number of at least 0 and below 1."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if 0 <= number < 1:
        return number
    raise ArgumentTypeError(f"must be a number of at least 0 and below 1, not {text!r}")


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--dataset", choices=CLASSES, default="digits", help="what to learn (default: digits)")
    add(
        "--recipe",
        choices=("quick", "long"),
        default="quick",
        help="defaults for the options below: for seconds, or for up to three minutes",
    )
    add("--conv", action="store_true", help="a small convolutional net, with a recipe of its own")
    add("--hidden", type=layer_sizes, metavar="N[,N...]", help="neurons of each hidden layer")
    add("--epochs", type=whole_number, help="passes through the training set")
    add("--lr", type=positive, help="learning rate, the highest one of the schedule")
    add("--batch-size", type=whole_number, help="samples per step")
    add("--optimizer", choices=OPTIMIZERS, help="sgd has momentum 0.9")
    add("--schedule", choices=("constant", "one-cycle"), help="of the learning rate")
    add("--dropout", type=fraction, help="probability of zeroing an activation")
    add("--weight-decay", type=fraction, help="how strongly weights are drawn to zero")
    add(
        "--augment",
        action=BooleanOptionalAction,
        help="show images shifted at random (garments: mirrored)",
    )
    add(
        "--validation",
        action="store_true",
        help="hold back a sixth of the training set, and report on it instead of the test set",
    )
    add_seed(parser)
    add_out(parser)


def recipe_of(args: Namespace) -> Recipe:
    """The recipe of the data set, changed by the options that were given."""
    recipe = RECIPES[args.dataset, "conv" if args.conv else args.recipe]
    named = vars(args)
    given = {name: named[name] for name in Recipe._fields if named.get(name) is not None}
    return recipe._replace(**given)


def mlp(inputs: int, recipe: Recipe, rng: np.random.Generator) -> nn.Module:
    """Linear layers with relu between them."""
    if not recipe.batch_norm:
        return nn.MLP(inputs, [*recipe.hidden, 10], dropout=recipe.dropout, rng=rng)
    layers: list[nn.Module] = []
    for out in recipe.hidden:
        layers += [nn.Linear(inputs, out, rng=rng), nn.BatchNorm1d(out), nn.ReLU()]
        layers.append(nn.Dropout(recipe.dropout, rng=rng))
        inputs = out
    return nn.Sequential(*layers, nn.Linear(inputs, 10, rng=rng))


def conv_net(side: int, recipe: Recipe, rng: np.random.Generator) -> nn.Module:
    """Convolutions, each of which halves the image, then an MLP."""
    layers: list[nn.Module] = []
    channels = 1
    for out in recipe.channels:
        layers += [nn.Conv2d(channels, out, recipe.window, rng=rng), nn.MaxPool2d(2)]
        layers += [nn.BatchNorm2d(out), nn.ReLU()] if recipe.batch_norm else [nn.ReLU()]
        channels, side = out, (side - recipe.window + 1) // 2
    return nn.Sequential(*layers, nn.Flatten(), mlp(channels * side**2, recipe, rng))


def run(args: Namespace) -> None:
    recipe = recipe_of(args)
    if args.out:  # fail now rather than after training
        plots.new_figure(1, 1)
        args.out.mkdir(parents=True, exist_ok=True)
    train, test = nn.datasets.load(args.dataset)
    if args.validation:
        train, test = nn.split(train, 5 / 6, rng=0, stratify=True)
    side = math.isqrt(train.x.shape[1])
    if args.conv:
        train, test = (nn.Dataset(d.x.reshape(-1, 1, side, side), d.y) for d in (train, test))

    rng = np.random.default_rng(args.seed)
    model = conv_net(side, recipe, rng) if args.conv else mlp(side**2, recipe, rng)
    sizes = [f"{side}x{side} conv" if args.conv else side**2, *recipe.hidden, 10]
    name = f"{args.dataset}, {'-'.join(map(str, sizes))}"
    print(f"{name}: {len(train)} images to train on, {len(test)} to test on")
    options = {"lr": recipe.lr, "weight_decay": recipe.weight_decay}
    optimizer = OPTIMIZERS[recipe.optimizer](model.parameters(), **options)
    steps = recipe.epochs * math.ceil(len(train) / recipe.batch_size)
    one_cycle = recipe.schedule == "one-cycle"
    start = perf_counter()
    history = nn.fit(
        model,
        train,
        loss=nn.cross_entropy,
        optimizer=optimizer,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        schedule=[nn.OneCycleLR(optimizer, recipe.lr, total_steps=steps)] if one_cycle else [],
        transform=AUGMENT[args.dataset] if recipe.augment else None,
        callbacks=[nn.PrintEpochs()],
        seed=rng,
    )
    check_loss(history.step_loss[-1], recipe.lr)
    print(f"trained in {perf_counter() - start:.1f} s")

    logits = nn.predict(model, test.x)
    if args.out:
        classes = CLASSES[args.dataset]
        pictures = {
            "loss": plots.training_curves(history, f"Training ({name})", unit="nats"),
            "confusion": plots.confusion(
                logits, test.y, classes, f"Confusion matrix, in images ({name})"
            ),
            "mistakes": plots.mistakes(softmax(logits), test.x, test.y, classes, name),
            "weights": plots.weight_images(model, title=f"Weights of the first layer ({name})"),
        }
        for file, figure in pictures.items():
            figure.savefig(args.out / f"{file}.png")
        print(f"pictures in {args.out}: {', '.join(f'{file}.png' for file in pictures)}")
    part = "validation" if args.validation else "test"
    print(f"{part} accuracy: {accuracy(logits, test.y):.2%}")
