"""Napkin maths: how long a net will train, from sums made before it runs.

The story measures this machine: matrix products by size, memory by size, the cost of one recorded
operation. From these and a net's sizes it predicts how long a training step and an epoch take and
how much memory they need, then runs them, and prints prediction, measurement and ratio. At the end
it makes the same sums for a net of the size of GPT-3, on hardware as its makers state it.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

import nn
from demos import (
    add_count,
    add_epochs,
    add_lr,
    add_out,
    add_samples,
    add_seed,
    layer_sizes,
    positive,
    progress,
    save_pictures,
    whole_number,
)
from demos.giants import report_giant
from demos.machine import (
    CHAINS,
    Machine,
    duration,
    fastest,
    load,
    measure,
    memory,
    peak_memory,
    quantity,
)
from demos.rooflines import roofline
from demos.sums import FLOAT, OPTIMIZERS, Measured, Recipe, Sums, parameter_count, work

BUSY = 0.5  # the load of a machine on which others compute
PATIENCE = 300.0  # seconds that a measurement may take, by the sums


# --- the same, run --------------------------------------------------------------------------------


class Training(NamedTuple):
    """What is trained: a net of these sizes, on data like MNIST but without meaning."""

    sizes: tuple[int, ...]
    recipe: Recipe
    lr: float
    data: nn.Dataset
    seed: int

    def parts(self) -> tuple[nn.Module, nn.Optimizer]:
        model = nn.MLP(self.sizes[0], self.sizes[1:], rng=self.seed)
        return model, self.recipe.make(model.parameters(), lr=self.lr)

    def stepper(self, batch: int) -> Callable[[], None]:
        """What takes one step, always on the same batch."""
        model, optimizer = self.parts()
        x, y = self.data.x[:batch].copy(), self.data.y[:batch]

        def step() -> None:
            optimizer.zero_grad()
            nn.cross_entropy(model(x), y).backward()
            optimizer.step()

        return step

    def epochs(self, data: nn.Dataset, batch: int, epochs: int = 1) -> nn.History:
        model, optimizer = self.parts()
        return nn.fit(
            model,
            data,
            loss=nn.cross_entropy,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch,
            seed=self.seed,
            progress=False,
        )

    def measured(self, batch: int, epochs: int, seconds: float) -> Measured:
        def two_steps() -> None:
            step = self.stepper(batch)
            step()
            step()

        few = self.data[: 4 * batch]  # steps enough: later ones hold no more
        return Measured(
            step=fastest(self.stepper(batch), seconds),
            step_bytes=peak_memory(two_steps),
            epoch=min(self.epochs(self.data, batch, epochs).seconds),
            epoch_bytes=peak_memory(lambda: self.epochs(few, batch)) + nbytes(self.data),
        )


def nbytes(data: nn.Dataset) -> int:
    return data.x.nbytes + data.y.nbytes


def random_data(samples: int, sizes: tuple[int, ...], seed: int) -> nn.Dataset:
    rng = np.random.default_rng(seed)
    x = rng.random((samples, sizes[0]), np.float32)
    return nn.Dataset(x, rng.integers(0, sizes[-1], samples))


def scalar_step(sizes: tuple[int, ...], x: Any, seed: int) -> Callable[[], None]:
    """Forward and backward of the same net of `Value`s, for one sample."""
    model, inputs = nn.scalar.MLP(sizes[0], sizes[1:], rng=seed), x.tolist()

    def step() -> None:
        out = model(inputs)
        sum(y * y for y in (out if isinstance(out, list) else [out])).backward()

    return step


# --- the story ------------------------------------------------------------------------------------


def report_machine(machine: Machine, busy: float) -> None:
    print("This machine, measured:")
    if busy > BUSY:
        print(
            f"  (it is busy with something else, load {busy:.1f}, so expect ratios to be off, less "
            "with\n  one thread for matrix products: OPENBLAS_NUM_THREADS=1)"
        )
    rates = machine.rates.items()
    listed = [f"{n}²: {quantity(rate, 'FLOP/s')}" for n, rate in rates]
    print("  matrix products  " + ", ".join(listed[:4]) + ",")
    print("                   " + ", ".join(listed[4:]))
    print(
        f"  memory           {quantity(machine.memory_bandwidth, 'B/s')}, "
        f"{quantity(machine.cache_bandwidth, 'B/s')} in the caches"
    )
    values = ", ".join(
        f"{quantity(seconds, 's')} {'in a graph of' if i == 0 else 'of'} {length:,}"
        for i, (length, seconds) in enumerate(machine.value_ops.items())
    )
    print(
        f"  operations       {quantity(machine.call, 's')} a NumPy call; recorded and gone back "
        f"through, {quantity(machine.tensor_op, 's')} on a Tensor;\n"
        f"                   on a Value {values}"
    )


def report_net(training: Training, sums: list[Sums]) -> None:
    sizes = training.sizes
    net = "-".join(map(str, sizes))
    print(
        f"The net {net}: {parameter_count(sizes):,} parameters, "
        f"{quantity(sums[0].flops / sums[0].batch, 'FLOP')} per sample and step; "
        f"{len(training.data):,} samples"
    )
    print("  a training step, predicted:")
    for x in sums:
        print(
            f"    batch {x.batch:<5} products {quantity(x.products, 's'):>8} + passes through "
            f"arrays {quantity(x.passes, 's'):>8} + bookkeeping {quantity(x.bookkeeping, 's'):>8}"
        )


def report_batch(sums: Sums, epoch: tuple[float, float], measured: Measured) -> list[float]:
    """Print a line for each quantity; the ratios of prediction and measurement."""
    rows = (
        ("step", "time", sums.seconds, measured.step, "s"),
        ("step", "memory", sums.bytes, measured.step_bytes, "B"),
        ("epoch", "time", epoch[0], measured.epoch, "s"),
        ("epoch", "memory", epoch[1], measured.epoch_bytes, "B"),
    )
    for what, which, predicted, found, unit in rows:
        tqdm.write(row(f"batch {sums.batch}, {what}", which, predicted, found, unit))
    return [predicted / found for _, _, predicted, found, _ in rows]


def row(what: str, which: str, predicted: float, found: float, unit: str) -> str:
    return (
        f"  {what:20} {which:8} {quantity(predicted, unit):>10} {quantity(found, unit):>10}"
        f" {predicted / found:8.2f}"
    )


def report_scalars(machine: Machine, training: Training, seconds: float) -> None:
    """The same net of `Value`s: one product and one sum for each weight, recorded one by one."""
    operations = 2 * parameter_count(training.sizes)
    time, space = machine.value_seconds(operations), operations * machine.value_bytes
    if time > PATIENCE / 30 or space > memory() / 4:
        print(
            f"  of Values, 1 sample: {duration(time)} and {quantity(space, 'B')} predicted; not run"
        )
        return
    step = scalar_step(training.sizes, training.data.x[0], training.seed)
    print(row("of Values, 1 sample", "time", time, fastest(step, seconds), "s"))
    print(row("of Values, 1 sample", "memory", space, peak_memory(step), "B"))


def epoch_of(sums: Sums, data: nn.Dataset) -> tuple[float, float]:
    """Seconds and bytes of an epoch: its steps, and gathering their batches."""
    return len(data) / sums.batch * (sums.seconds + sums.loading), sums.bytes + nbytes(data)


def check(sums: list[Sums], data_bytes: float, samples: int, epochs: int) -> None:
    """Refuse what would take too long or does not fit: that is what the sums are for.

    Raises:
        ValueError: with the sums.
    """
    for x in sums:
        time = samples / x.batch * x.seconds * (epochs + 1)
        if time > PATIENCE:
            raise ValueError(
                f"{epochs + 1} epochs in batches of {x.batch} would take {duration(time)}, by the "
                f"sums; this story stops at {duration(PATIENCE)}: choose fewer --samples, larger "
                "--batch-sizes or a smaller --model"
            )
        if x.bytes + data_bytes > memory() / 2:
            raise ValueError(
                f"batches of {x.batch} would need {quantity(x.bytes + data_bytes, 'B')}, by the "
                f"sums, of {quantity(memory(), 'B')}: choose fewer --samples, smaller "
                "--batch-sizes or a smaller --model"
            )


# --- the command line -----------------------------------------------------------------------------


def net_sizes(text: str) -> tuple[int, ...]:
    """An option's value: `784-128-10`, inputs, hidden layers and classes."""
    try:
        sizes = tuple(whole_number(size) for size in text.split("-"))
    except ArgumentTypeError:
        sizes = ()
    if len(sizes) < 2 or sizes[-1] < 2:
        raise ArgumentTypeError(
            "must be whole numbers with - between them, inputs first, classes (at least 2) last, "
            f"such as 784-128-10, not {text!r}"
        )
    return sizes


def share(text: str) -> float:
    """An option's value: above 0, at most 1."""
    number = positive(text)
    if number > 1:
        raise ArgumentTypeError(f"must be above 0 and at most 1, not {text!r}")
    return number


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--model",
        type=net_sizes,
        default=(784, 128, 10),
        metavar="N-N[-N...]",
        help="inputs, hidden layers and classes of an MLP (default: 784-128-10)",
    )
    add(
        "--batch-sizes",
        type=layer_sizes,
        default=(32, 128, 512, 2048),
        metavar="N[,N...]",
        help="samples per step (default: 32,128,512,2048)",
    )
    add_samples(parser, 60_000, "of an epoch")
    add("--optimizer", choices=OPTIMIZERS, default="momentum", help="(default: momentum)")
    add_epochs(parser, 2, "how many to run for each batch size; the fastest counts")
    add_lr(parser, 0.01)
    add("--quick", action="store_true", help="measure for an instant only")
    add("--params", type=positive, default=175e9, help="of the large net (default: 175e9, GPT-3)")
    add("--tokens", type=positive, default=300e9, help="that it reads in training (default: 300e9)")
    add_count(parser, "--devices", 1024, "that train it")
    add(
        "--utilization",
        type=share,
        default=0.45,
        help="the part of their stated FLOP/s that devices reach (default: 0.45)",
    )
    add_seed(parser)
    add_out(parser)


def run(args: Namespace) -> None:
    seconds, rounds, chains = (0.02, 1, CHAINS[:2]) if args.quick else (0.25, 5, CHAINS)
    busy = load()
    machine = measure(seconds, rounds, chains)
    report_machine(machine, busy)

    recipe, batches = OPTIMIZERS[args.optimizer], [min(b, args.samples) for b in args.batch_sizes]
    sums = [work(machine, args.model, batch, recipe) for batch in batches]
    check(sums, FLOAT * args.samples * args.model[0], args.samples, args.epochs)
    data = random_data(args.samples, args.model, args.seed)
    training = Training(args.model, recipe, args.lr, data, args.seed)
    print()
    report_net(training, sums)
    print(f"\n  {'':20} {'':8} {'predicted':>10} {'measured':>10} {'ratio':>8}")
    measured, ratios = [], []
    for x in progress(sums, unit="batch size"):
        measured.append(training.measured(x.batch, args.epochs, seconds))
        ratios.append(report_batch(x, epoch_of(x, data), measured[-1]))
    report_scalars(machine, training, seconds)
    print()
    report_giant(machine, args.params, args.tokens, args.devices, args.utilization)
    print()
    if args.out:
        save_pictures(args.out, {"roofline": roofline(machine, sums, measured, args.model)})
    step, step_bytes, epoch, epoch_bytes = np.exp(np.log(ratios).mean(axis=0))
    print(
        f"prediction / measurement: time {step:.2f} of a step, {epoch:.2f} of an epoch; "
        f"memory {step_bytes:.2f} and {epoch_bytes:.2f}"
    )
