"""Whole trainings on MNIST, each in a process of its own: seconds, test accuracy, peak memory.

The same recipe for everybody: 784-128-10, AdamW with a one-cycle schedule, 5 epochs of batches of
128; the seconds are those of training, loader included. Memory is measured at batch 512 with SGD.
"""

from __future__ import annotations

import math
import resource
from time import perf_counter
from typing import Any

import numpy as np
from race import THREADS

EPOCHS, BATCH, LR, DECAY = 5, 128, 0.01, 0.01


def mnist() -> tuple[Any, Any]:
    import nn

    return nn.datasets.load("mnist", download=False)


def ours() -> tuple[None, tuple[float, float]]:
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
    return None, (seconds, nn.evaluate(model, test)["accuracy"])


def torch() -> tuple[None, tuple[float, float]]:
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
    return None, (seconds, float((guess == test.y).mean()))


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
    from training_step import gradient_step, parameters

    train, _ = mnist()
    weights = parameters()
    step = gradient_step(weights, 512)
    order = np.random.default_rng(0).permutation(len(train))
    for i in range(0, len(order) - 511, 512):
        chosen = order[i : i + 512]
        step(train.x[chosen], train.y[chosen])
    return None, peak()


def peak() -> float:
    """The most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
