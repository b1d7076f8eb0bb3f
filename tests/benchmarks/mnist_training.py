"""Whole trainings on MNIST, each in a process of its own: seconds, test accuracy, peak memory.

The same recipe for everybody: 784-128-10, AdamW with a one-cycle schedule, 5 epochs of batches of
128; the seconds are those of training, loader included. An epoch by itself, and the memory at batch
512, are measured with SGD.
"""

from __future__ import annotations

import math
import resource
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np
from race import THREADS, Step
from training_step import SMALL, gradient_step, parameters

EPOCHS, BATCH, LR, DECAY = 5, 128, 0.01, 0.01


def mnist() -> tuple[Any, Any]:
    import nn

    return nn.datasets.load("mnist", download=False)


# --- to 98 % --------------------------------------------------------------------------------------


def ours() -> tuple[None, float]:
    import nn

    train, test = mnist()
    model = nn.MLP(784, [128, 10], rng=0)
    optimizer = nn.AdamW(model.parameters(), lr=LR, weight_decay=DECAY)
    steps = EPOCHS * math.ceil(len(train) / BATCH)
    start = perf_counter()
    nn.fit(
        model,
        train,
        loss=nn.cross_entropy,
        optimizer=optimizer,
        epochs=EPOCHS,
        batch_size=BATCH,
        schedule=nn.OneCycleLR(optimizer, LR, total_steps=steps),
        seed=0,
        progress=False,
    )
    seconds = perf_counter() - start
    check_accuracy(nn.evaluate(model, test)["accuracy"])
    return None, seconds


def torch() -> tuple[None, float]:
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    train, test = mnist()
    x, y = torch.from_numpy(train.x), torch.from_numpy(train.y)
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=DECAY)
    steps = EPOCHS * math.ceil(len(x) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=steps)
    start = perf_counter()
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            loss = cross_entropy(model(x[chosen]), y[chosen])
            loss.backward()
            optimizer.step()
            schedule.step()
            loss.item()
    seconds = perf_counter() - start
    with torch.no_grad():
        guess = model(torch.from_numpy(test.x)).argmax(1).numpy()
    check_accuracy(float((guess == test.y).mean()))
    return None, seconds


def check_accuracy(reached: float) -> None:
    assert reached >= 0.98, f"only {reached:.2%} of the test images are recognised"


# --- one epoch ------------------------------------------------------------------------------------


def epoch_of_ours() -> tuple[Step, None]:
    import nn

    train, _ = mnist()
    model = nn.MLP(784, [128, 10], rng=0)
    optimizer = nn.SGD(model.parameters(), lr=0.05)
    loader = nn.DataLoader(train, BATCH, shuffle=True, rng=0)

    def step() -> Any:
        return nn.fit(
            model, loader, loss=nn.cross_entropy, optimizer=optimizer, epochs=1, progress=False
        )

    return step, None


def epoch_of_torch(loader: bool) -> tuple[Step, None]:
    """With PyTorch's own loader, or, much faster, batches taken out of the arrays."""
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(THREADS)
    train, _ = mnist()
    x, y = torch.from_numpy(train.x), torch.from_numpy(train.y)
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    shuffled = DataLoader(TensorDataset(x, y), BATCH, shuffle=True)

    def taken() -> Iterator[Any]:
        return ((x[chosen], y[chosen]) for chosen in torch.randperm(len(x)).split(BATCH))

    def step() -> None:
        for images, labels in shuffled if loader else taken():
            optimizer.zero_grad()
            loss = cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            loss.item()

    return step, None


def epoch_by_hand() -> tuple[Step, None]:
    train, _ = mnist()
    weights = parameters(SMALL)
    rng = np.random.default_rng(0)
    last = len(train) % BATCH or BATCH
    full, rest = (gradient_step(SMALL, weights, size) for size in (BATCH, last))

    def step() -> None:
        order = rng.permutation(len(train))
        for i in range(0, len(order), BATCH):
            chosen = order[i : i + BATCH]
            update = full if len(chosen) == BATCH else rest
            update(train.x.take(chosen, axis=0), train.y.take(chosen))

    return step, None


# --- memory ---------------------------------------------------------------------------------------


def peak_of_ours() -> tuple[None, float]:
    import nn

    train, _ = mnist()
    model = nn.MLP(784, [128, 10], rng=0)
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    nn.fit(
        model,
        train,
        loss=nn.cross_entropy,
        optimizer=optimizer,
        epochs=1,
        batch_size=512,
        progress=False,
    )
    return None, peak()


def peak_by_hand() -> tuple[None, float]:
    train, _ = mnist()
    weights = parameters(SMALL)
    step = gradient_step(SMALL, weights, 512)
    order = np.random.default_rng(0).permutation(len(train))
    for i in range(0, len(order) - 511, 512):
        chosen = order[i : i + 512]
        step(train.x[chosen], train.y[chosen])
    return None, peak()


def peak() -> float:
    """The most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
