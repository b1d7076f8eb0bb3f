"""Nets that learn images, and how: recipes, activations, optimisers, learning rates."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import nn

DIGITS = tuple("0123456789")
GARMENTS = (
    *("T-shirt", "trousers", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "boot"),
)
CLASSES = {"digits": DIGITS, "mnist": DIGITS, "fashion-mnist": GARMENTS}
SIDE = {"digits": 8, "mnist": 28, "fashion-mnist": 28}  # rows and columns of an image


class Recipe(NamedTuple):
    """How to train on a data set, chosen on a part held back from its training set."""

    epochs: int
    lr: float
    batch_size: int
    hidden: tuple[int, ...] = (128,)
    activation: str = "relu"
    optimizer: str = "momentum"
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
FORM = ("hidden", "activation", "dropout", "batch_norm", "channels", "window")  # of a net's recipe

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}
OPTIMIZERS: dict[str, tuple[Callable[..., nn.Optimizer], float]] = {  # and a rate that suits each
    "sgd": (nn.SGD, 0.3),
    "momentum": (partial(nn.SGD, momentum=0.9), 0.05),
    "nesterov": (partial(nn.SGD, momentum=0.9, nesterov=True), 0.05),
    "adagrad": (nn.Adagrad, 0.02),
    "rmsprop": (nn.RMSprop, 0.001),
    "adam": (nn.Adam, 0.002),
    "adamw": (nn.AdamW, 0.002),
}
WITH_MOMENTUM = {"momentum", "nesterov", "adam", "adamw"}
AUGMENT: dict[str, Callable[..., Any]] = {
    "digits": nn.RandomShift(1),
    "mnist": nn.RandomShift(2),
    "fashion-mnist": nn.RandomFlip(),
}


def optimizer_of(model: nn.Module, recipe: Recipe) -> nn.Optimizer:
    make, _ = OPTIMIZERS[recipe.optimizer]
    return make(model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay)


def step_down(optimizer: nn.Optimizer, recipe: Recipe, steps: int) -> nn.schedule.LRScheduler:
    """A fifth of the rate, twice: after each third of the epochs."""
    return nn.StepLR(optimizer, max(1, math.ceil(recipe.epochs / 3)), gamma=0.2)


def decay(optimizer: nn.Optimizer, recipe: Recipe, steps: int) -> nn.schedule.LRScheduler:
    """Less after every epoch; a hundredth in the end."""
    return nn.ExponentialLR(optimizer, 0.01 ** (1 / recipe.epochs))


def cosine(optimizer: nn.Optimizer, recipe: Recipe, steps: int) -> nn.schedule.LRScheduler:
    return nn.CosineAnnealingLR(optimizer, T_max=recipe.epochs)


def warm_up(optimizer: nn.Optimizer, recipe: Recipe, steps: int) -> nn.schedule.LRScheduler:
    """From a fifth of the rate to all of it in a tenth of the epochs, then as `cosine`."""
    first = max(1, recipe.epochs // 10)
    parts = [
        nn.LinearLR(optimizer, start_factor=0.2, total_iters=first),
        nn.CosineAnnealingLR(optimizer, T_max=max(1, recipe.epochs - first)),
    ]
    return nn.SequentialLR(optimizer, parts, milestones=[first])


def one_cycle(optimizer: nn.Optimizer, recipe: Recipe, steps: int) -> nn.schedule.LRScheduler:
    momentum = recipe.optimizer in WITH_MOMENTUM
    return nn.OneCycleLR(optimizer, recipe.lr, total_steps=steps, cycle_momentum=momentum)


def plateau(optimizer: nn.Optimizer, recipe: Recipe, steps: int) -> nn.schedule.LRScheduler:
    """Half the rate when the loss, on held-back images if any, was no better for 3 epochs."""
    return nn.ReduceLROnPlateau(optimizer, factor=0.5, patience=3)


SCHEDULES: dict[str, Callable[..., nn.schedule.LRScheduler] | None] = {
    "constant": None,
    "step": step_down,
    "exponential": decay,
    "cosine": cosine,
    "warm-up": warm_up,
    "one-cycle": one_cycle,
    "plateau": plateau,
}


def schedules_of(
    optimizer: nn.Optimizer, recipe: Recipe, images: int
) -> list[nn.schedule.LRScheduler]:
    make = SCHEDULES[recipe.schedule]
    steps = recipe.epochs * math.ceil(images / recipe.batch_size)
    return [make(optimizer, recipe, steps)] if make and recipe.epochs else []


def mlp(inputs: int, recipe: Recipe, rng: np.random.Generator) -> nn.Module:
    """Linear layers with an activation between them."""
    activation = ACTIVATIONS[recipe.activation]
    if not recipe.batch_norm:
        return nn.MLP(inputs, [*recipe.hidden, 10], activation, recipe.dropout, rng=rng)
    layers: list[nn.Module] = []
    for out in recipe.hidden:
        layers += [nn.Linear(inputs, out, rng=rng), nn.BatchNorm1d(out), activation()]
        layers.append(nn.Dropout(recipe.dropout, rng=rng))
        inputs = out
    return nn.Sequential(*layers, nn.Linear(inputs, 10, rng=rng))


def conv_net(side: int, recipe: Recipe, rng: np.random.Generator) -> nn.Module:
    """Convolutions, each of which halves the image, then an MLP."""
    activation = ACTIVATIONS[recipe.activation]
    layers: list[nn.Module] = []
    channels = 1
    for out in recipe.channels:
        layers += [nn.Conv2d(channels, out, recipe.window, rng=rng), nn.MaxPool2d(2)]
        layers += [nn.BatchNorm2d(out), activation()] if recipe.batch_norm else [activation()]
        channels, side = out, (side - recipe.window + 1) // 2
    return nn.Sequential(*layers, nn.Flatten(), mlp(channels * side**2, recipe, rng))
