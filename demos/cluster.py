"""A net learns on several processes or machines, with the losses of a single one.

The images lie in chunks on Dask's workers; the weights stay here. Each step works out, by the rules
of the one table, what there is to compute for the loss and all gradients, and has it computed on
all images in one go. The same net also learns in this process alone, and the losses are compared:
they agree, even if a worker is killed in the middle of a step (--kill 5).

The workers are processes on this machine, or those of a cluster that is there already:
  dask scheduler                                    on one machine,
  dask worker tcp://host:8786                       on some others (with Dask and NumPy), and then
  python -m demos cluster --scheduler tcp://host:8786
"""

from __future__ import annotations

import os
import signal
from argparse import ArgumentParser, Namespace
from threading import Timer
from typing import TYPE_CHECKING, Any

import numpy as np

import nn
from demos import (
    add_count,
    add_lr,
    add_out,
    add_seed,
    check_loss,
    layer_sizes,
    save_pictures,
    whole_number,
)
from demos.digit_nets import CLASSES
from demos.machine import quantity
from nn import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TIMEOUT = 5.0  # seconds to wait for a cluster
CLOSE = {"float32": 1e-5, "float64": 1e-10}  # how far apart losses may be, of 1


def configure(parser: ArgumentParser) -> None:
    add, where = parser.add_argument, parser.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", type=whole_number, default=2, help="to start on this machine (default: 2)"
    )
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a cluster that is there already")
    add("--dataset", choices=CLASSES, default="digits", help="what to learn (default: digits)")
    add("--samples", type=whole_number, help="of its training set (default: all)")
    add(
        "--hidden",
        type=layer_sizes,
        default=(128,),
        metavar="N[,N...]",
        help="neurons of each hidden layer (default: 128)",
    )
    add_count(parser, "--steps", 10, "each on all images")
    add("--dtype", choices=CLOSE, default="float32", help="of all numbers (default: float32)")
    add("--kill", type=whole_number, metavar="STEP", help="kill a worker in the middle of it")
    add_lr(parser, 0.2)
    add_seed(parser)
    add_out(parser)


class KillWorker(nn.Callback):
    """Kills one of the workers on this machine, once, half a step after a step has begun."""

    def __init__(self, cluster: nn.Cluster, step: int) -> None:
        self.victim = min(cluster.client.run(os.getpid).values())
        self.step = step

    def on_step_begin(self, run: Any) -> None:
        if run.epoch + 1 == self.step:
            usual = min(run.history.seconds, default=0.1)
            kill = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows ends it by either
            Timer(usual / 2, os.kill, (self.victim, kill)).start()


def learn(args: Namespace, data: nn.Dataset, cluster: nn.Cluster | None = None) -> nn.History:
    """Gradient descent from the same first weights, here or on the cluster."""
    sizes = (*args.hidden, len(CLASSES[args.dataset]))
    model = nn.MLP(data.x.shape[1], sizes, dtype=np.dtype(args.dtype), rng=args.seed)
    return nn.fit(
        model,
        data,
        loss=nn.cross_entropy,
        optimizer=nn.SGD(model.parameters(), lr=args.lr),
        epochs=args.steps,
        batch_size=len(data),
        callbacks=[KillWorker(cluster, args.kill)] if cluster and args.kill else [],
        seed=args.seed,
        executor=cluster,
    )


def run(args: Namespace) -> None:
    if args.kill and (args.scheduler or args.kill > args.steps or args.workers < 2):
        raise ValueError(
            "--kill needs one of the steps, and two or more workers that were started here: "
            "those of a --scheduler are others' to kill"
        )
    train, _ = nn.datasets.load(args.dataset)
    data = nn.Dataset(train.x[: args.samples].astype(args.dtype), train.y[: args.samples])
    workers = None if args.scheduler else args.workers
    with nn.Cluster(args.scheduler, workers=workers, timeout=TIMEOUT) as cluster:
        sizes = (data.x.shape[1], *args.hidden, len(CLASSES[args.dataset]))
        print(
            f"{args.dataset}, {'-'.join(map(str, sizes))}: {len(data)} images in {args.dtype}, "
            f"{cluster.threads()} workers"
        )
        spread = learn(args, data, cluster)
    alone = learn(args, data)
    report(args, alone, spread)


def report(args: Namespace, alone: nn.History, spread: nn.History) -> None:
    """Print both trainings side by side.

    Raises:
        ValueError: their losses differ by more than rounding.
    """
    a, b = np.array([alone.step_loss, spread.step_loss])
    check_loss(a[-1], args.lr)
    apart = np.abs(b / a - 1)
    print("  step   loss, alone   loss, cluster     apart")
    for step, (x, y, difference) in enumerate(zip(a, b, apart), 1):
        killed = "   a worker was killed" if step == args.kill else ""
        print(f"  {step:4}  {x:12.8f}  {y:14.8f}  {difference:8.1e}{killed}")
    if args.out:
        save_pictures(args.out, {"cluster-losses": loss_curves(args, alone, spread)})
    times = (quantity(min(history.seconds), "s") for history in (alone, spread))
    print("fastest step: {} alone, {} on the cluster".format(*times))
    if not apart.max() <= CLOSE[args.dtype]:  # nan too
        raise ValueError(f"the losses are {apart.max():.1e} apart, more than {CLOSE[args.dtype]}")
    print(f"largest difference of losses: {apart.max():.1e}")


def loss_curves(args: Namespace, alone: nn.History, spread: nn.History) -> Figure:
    """The loss of each step, by one process and by the cluster: one line upon the other."""
    figure = plots.new_figure(5.6, 3.8)
    figure.suptitle(f"{args.dataset}: gradient descent on all images, here and on a cluster")
    axes = figure.add_subplot(1, 1, 1, xlabel="step", ylabel="loss (nats)")
    steps = range(1, len(alone.step_loss) + 1)
    axes.plot(steps, alone.step_loss, plots.PALE_BLUE, linewidth=4, label="one process")
    axes.plot(steps, spread.step_loss, plots.ORANGE, ls="--", label="cluster")
    if args.kill:
        axes.axvline(args.kill, color=plots.BLUE, linewidth=0.8, label="a worker was killed")
    plots.finish_curves(axes)
    return figure
