"""A net learns a few samples by heart, and four remedies show what they are worth.

A hundred handwritten digits are all that a net may learn from, and some of their labels are wrong.
It gets every one of them right in the end, the wrong ones too, and meanwhile reads digits that it
has never seen worse and worse: it has overfitted. Weight decay and dropout make that harder for it,
early stopping keeps the best moment, and more data leave less to be learned by heart.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import nn
from demos import (
    StopWhenDiverged,
    add_epochs,
    add_lr,
    add_out,
    add_samples,
    add_seed,
    fraction,
    positive,
    progress,
    save_pictures,
)
from nn import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HIDDEN = (64, 64)
BATCH = 20
MORE = 10  # times as many samples


@dataclass
class Attempt:
    """A net that was trained, and how its validation went."""

    name: str
    history: nn.History
    samples: int
    best: bool = False  # its best moment counts, not its end

    @property
    def chosen(self) -> int:
        """The epoch whose weights are kept, counted from 0."""
        losses = self.history.validation_loss
        return int(np.argmin(losses)) if self.best else len(losses) - 1

    @property
    def loss(self) -> float:
        return self.history.validation_loss[self.chosen]

    @property
    def accuracy(self) -> float:
        return self.history.validation_accuracy[self.chosen]


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add_samples(parser, 100, "images to learn from")
    add("--wrong", type=fraction, default=0.15, help="share of wrong labels (default: 0.15)")
    add_epochs(parser, 200, "passes through the few samples; the many have as many steps")
    add_lr(parser, 0.003)
    add("--weight-decay", type=positive, default=1.0, help="of the net that has it (default: 1)")
    add("--dropout", type=fraction, default=0.3, help="of the net that has it (default: 0.3)")
    add_seed(parser)
    add_out(parser)


def few_and_many(samples: int, wrong: float, seed: int) -> tuple[nn.Dataset, nn.Dataset, int]:
    """The first samples, with some wrong labels; ten times as many; how many of the few are wrong.

    Raises:
        ValueError: there are not as many.
    """
    train, _ = nn.datasets.load("digits")
    if samples * MORE > len(train):
        raise ValueError(
            f"--samples must be at most {len(train) // MORE}, so that there are {MORE} times as "
            f"many to compare with, not {samples}"
        )
    rng = np.random.default_rng(seed)
    part = train[rng.permutation(len(train))[: samples * MORE]]
    mislabelled = np.arange(len(part)) % samples < round(wrong * samples)  # in every part alike
    labels = np.where(mislabelled, (part.y + rng.integers(1, 10, len(part))) % 10, part.y)
    many = nn.Dataset(part.x, labels)
    return many[:samples], many, int(mislabelled[:samples].sum())


def learn(
    data: nn.Dataset,
    validation: nn.Dataset,
    args: Namespace,
    dropout: float = 0.0,
    weight_decay: float = 0.0,
) -> nn.History:
    """Train a net with as many steps as the few samples have."""
    rng = np.random.default_rng(args.seed)
    model = nn.MLP(data.x.shape[1], [*HIDDEN, 10], dropout=dropout, rng=rng)
    history = nn.fit(
        model,
        data,
        loss=nn.cross_entropy,
        optimizer=nn.AdamW(model.parameters(), lr=args.lr, weight_decay=weight_decay),
        epochs=max(1, args.epochs * args.samples // len(data)),
        batch_size=BATCH,
        validation=validation,
        callbacks=[StopWhenDiverged(args.lr)],
        seed=rng,
        progress=False,
    )
    if history.stopped:  # by Ctrl-C, which is meant for the whole story
        raise KeyboardInterrupt
    return history


def run(args: Namespace) -> None:
    few, many, wrong = few_and_many(args.samples, args.wrong, args.seed)
    _, validation = nn.datasets.load("digits")
    print(
        f"{len(few)} images to learn from, {wrong} of them with a wrong label; "
        f"{len(validation)} to validate on, all with the right one"
    )
    plans: dict[str, tuple[nn.Dataset, dict[str, float]]] = {
        "no remedy": (few, {}),
        f"weight decay {args.weight_decay:g}": (few, {"weight_decay": args.weight_decay}),
        f"dropout {args.dropout:g}": (few, {"dropout": args.dropout}),
        f"{len(many)} images": (many, {}),
    }
    attempts = []
    for name, (data, options) in progress(plans.items(), unit="net"):
        attempts.append(Attempt(name, learn(data, validation, args, **options), len(data)))
    plain = attempts[0]
    attempts.insert(1, Attempt("early stopping", plain.history, plain.samples, best=True))

    print(f"\n{'':16}  training  validation  validation")
    print(f"{'':16}  accuracy        loss    accuracy  after steps")
    for attempt in attempts:
        history, i = attempt.history, attempt.chosen
        print(
            f"{attempt.name:16}{history.accuracy[i]:10.2%}{attempt.loss:12.4f}"
            f"{attempt.accuracy:12.2%}{history.ends[i]:13}"
        )
    if args.out:
        save_pictures(args.out, {"overfit": picture(attempts)})
    best = min(attempts[1:], key=lambda attempt: attempt.loss)
    print(
        f"\nvalidation loss: {plain.loss:.3f} with no remedy, {attempts[1].loss:.3f} with early "
        f"stopping, {best.loss:.3f} with {best.name}"
    )


def picture(attempts: list[Attempt]) -> Figure:
    """On the left how the net overfits, on the right what each remedy does to that."""
    plain, early, *others = attempts
    figure = plots.new_figure(10, 4.6)
    left, right = figure.subplots(1, 2)
    sky, orange = plots.COLOURS[4], plots.COLOURS[1]
    left.plot(plain.history.ends, plain.history.loss, sky, linestyle="--", label="training")
    left.set_title(f"A net learns {plain.samples} images by heart")
    curve(left, plain, orange, "-", "validation")
    curve(right, plain, orange, "-", plain.name)
    for axes in left, right:
        x, y = early.history.ends[early.chosen], early.loss
        axes.plot(x, y, "k*", markersize=13, linestyle="none", label="early stopping: kept here")
    for place, attempt in enumerate(others):
        colour, line = plots.COLOURS[(0, 2, 3)[place]], ("--", "-.", ":")[place]
        curve(right, attempt, colour, line, attempt.name)
    right.set_title("Validation loss, and what helps")
    for axes in left, right:
        axes.set(xlabel="step (mini-batch)", ylabel="loss (nats)")
        axes.grid(alpha=0.3)
    left.set_yscale("log")
    left.legend(loc="lower left")
    highest = max(max(attempt.history.validation_loss) for attempt in attempts)
    right.set_ylim(0, 1.3 * highest)  # the legend's place
    right.legend(loc="upper right")
    return figure


def curve(axes: Axes, attempt: Attempt, colour: str, line: Any, label: str) -> None:
    history = attempt.history
    axes.plot(
        history.ends,
        history.validation_loss,
        colour,
        linestyle=line,
        linewidth=1.8,
        label=label,
    )
