"""A net learns to read handwritten digits, or to tell garments apart.

An MLP, or a small convolutional net, with softmax and cross-entropy, trained by mini-batch gradient
descent. The small data set, `digits`, comes with scikit-learn; `mnist` and `fashion-mnist` are read
from $NAPKINGRAD_DATA/<name> or ~/.cache/napkingrad/<name>, or downloaded.

`digits predict FILE.png ...` reads digits in pictures of your own, with a net that was kept by
--save and is named by --load, or with one that is trained first.
"""

from __future__ import annotations

import json
import warnings
from argparse import (
    SUPPRESS,
    ArgumentParser,
    ArgumentTypeError,
    BooleanOptionalAction,
    Namespace,
)
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import nn
from autograd import softmax
from autograd.atomic_write import replacing
from demos import (
    StopWhenDiverged,
    add_out,
    add_seed,
    fraction,
    layer_sizes,
    own_digits,
    positive,
    save_pictures,
    whole_number,
)
from demos.digit_nets import (
    ACTIVATIONS,
    AUGMENT,
    CLASSES,
    FORM,
    OPTIMIZERS,
    RECIPES,
    SCHEDULES,
    SIDE,
    Recipe,
    conv_net,
    mlp,
    optimizer_of,
    schedules_of,
)
from nn import plots
from nn.train.checkpoint import check_writable, suffix
from nn.train.metrics import accuracy

HELD_BACK = 0.1  # of the training set, for the validation curve
PATIENCE = 5


def configure(parser: ArgumentParser) -> None:
    add_options(parser)
    parser.set_defaults(recipe="quick", hold_back=HELD_BACK)
    add_seed(parser)
    predict = parser.add_subparsers(title="pictures of your own", metavar="predict").add_parser(
        "predict",
        argument_default=SUPPRESS,  # what was said before "predict" stays
        description="Read the digit in each picture: one digit, any size, dark on light or light "
        "on dark.",
        help="read the digits in them: predict FILE.png ...",
    )
    predict.add_argument("files", type=Path, nargs="+", metavar="FILE", help="PNG, JPEG, ...")
    add_options(predict)


def add_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--dataset", choices=CLASSES, help="what to learn (default: digits)")
    add(
        "--recipe",
        choices=("quick", "long"),
        help="defaults for the options below: for seconds, or for up to three minutes",
    )
    add("--conv", action="store_true", help="a small convolutional net, with a recipe of its own")
    add("--hidden", type=layer_sizes, metavar="N[,N...]", help="neurons of each hidden layer")
    add("--activation", choices=ACTIVATIONS, help="between the layers")
    add("--epochs", type=whole_number, help="passes through the training set")
    add("--lr", type=positive, help="learning rate, the highest one of the schedule")
    add("--batch-size", type=whole_number, help="samples per step")
    add("--optimizer", choices=OPTIMIZERS, help="how weights follow their gradients")
    add("--schedule", choices=SCHEDULES, help="of the learning rate")
    add("--dropout", type=fraction, help="probability of zeroing an activation")
    add("--weight-decay", type=fraction, help="how strongly weights are drawn to zero")
    add(
        "--augment",
        action=BooleanOptionalAction,
        help="show images shifted at random (garments: mirrored)",
    )
    add(
        "--hold-back",
        type=fraction,
        metavar="SHARE",
        help="part of the training set to validate on after each epoch (default: 0.1)",
    )
    add(
        "--early-stopping",
        type=whole_number,
        metavar="EPOCHS",
        nargs="?",
        const=PATIENCE,
        help="end when so many epochs in a row (default: 5) were no better on the part held back, "
        "and keep the best weights",
    )
    add(
        "--validation",
        action="store_true",
        help="report on the part held back instead of the test set: for choosing a recipe",
    )
    add(
        "--arrays",
        type=library,
        metavar="LIBRARY",
        help="train with this library's arrays, such as cupy's on a GPU (default: numpy)",
    )
    add("--baseline", action="store_true", help="compare with scikit-learn, on the same images")
    add("--save", type=Path, metavar="FILE.npz", help="keep the net")
    add("--load", type=Path, metavar="FILE.npz", help="begin with this net; --epochs trains it on")
    add(
        "--resume",
        type=Path,
        metavar="FILE.npz",
        help="keep the state of the training here after each epoch, and go on from it",
    )
    add_out(parser)


def library(name: str) -> Any:
    """The module of that name, if it makes arrays."""
    try:
        found = import_module(name)
    except ImportError as error:
        raise ArgumentTypeError(f"{name} can't be imported: {error}") from None
    if not hasattr(found, "asarray"):
        raise ArgumentTypeError(f"{name} makes no arrays")
    return found


def recipe_of(args: Namespace) -> Recipe:
    """The recipe of the data set, changed by the options that were given."""
    recipe = RECIPES[args.dataset, "conv" if args.conv else args.recipe]
    named = vars(args)
    given = {name: named[name] for name in Recipe._fields if named.get(name) is not None}
    if args.optimizer not in (None, recipe.optimizer):
        given.setdefault("lr", OPTIMIZERS[args.optimizer][1])
    if args.load and args.epochs is None:
        given["epochs"] = 0
    return recipe._replace(**given)


def run(args: Namespace) -> None:
    if args.load:
        take_form(args)
    args.dataset = args.dataset or "digits"
    recipe = recipe_of(args)
    for path in filter(None, (args.save, args.resume)):
        check_file(path)
    if args.baseline:
        baselines(recipe, args.seed)
    owns = [own_digits.prepare(file, SIDE[args.dataset]) for file in vars(args).get("files", ())]

    rng = np.random.default_rng(args.seed)
    side = SIDE[args.dataset]
    model = conv_net(side, recipe, rng) if args.conv else mlp(side**2, recipe, rng)
    if args.load:
        nn.load(model, args.load)
    sizes = [f"{side}x{side} conv" if args.conv else side**2, *recipe.hidden, 10]
    name = f"{args.dataset}, {'-'.join(map(str, sizes))}"
    if owns and not recipe.epochs:
        answer(model, owns, args)
        return
    train, held_back, test = parts(args)
    print(
        f"{name}: {len(train)} images to train on, {len(held_back)} held back, "
        f"{len(test)} to test on"
    )
    history = learn(model, train, held_back, recipe, args, rng)
    if args.save:
        keep(model, recipe, args)
    if owns:
        answer(model, owns, args)
    else:
        report(model, history, train, held_back if args.validation else test, recipe, args, name)


def parts(args: Namespace) -> tuple[nn.Dataset, nn.Dataset, nn.Dataset]:
    """Images to learn from, to validate on, and to test on.

    Raises:
        ValueError: an option needs images to validate on, but there are none.
    """
    if not args.hold_back and (args.early_stopping or args.validation):
        option = "--early-stopping" if args.early_stopping else "--validation"
        raise ValueError(f"{option} needs a part held back; --hold-back 0 leaves none")
    train, test = nn.datasets.load(args.dataset)
    held_back = train[:0]
    if args.hold_back:
        train, held_back = nn.split(train, 1 - args.hold_back, rng=0, stratify=True)
    if not len(train) or (args.hold_back and not len(held_back)):
        raise ValueError(f"--hold-back {args.hold_back:g} leaves one of the two parts empty")
    if args.conv:
        side = SIDE[args.dataset]
        train, held_back, test = (
            nn.Dataset(d.x.reshape(-1, 1, side, side), d.y) for d in (train, held_back, test)
        )
    return train, held_back, test


def learn(
    model: nn.Module,
    train: nn.Dataset,
    held_back: nn.Dataset,
    recipe: Recipe,
    args: Namespace,
    rng: np.random.Generator,
) -> nn.History:
    """Train, and say how it goes."""
    model.to(args.arrays or np)
    optimizer = optimizer_of(model, recipe)
    callbacks: list[nn.Callback] = [StopWhenDiverged(recipe.lr), nn.PrintEpochs()]
    if args.early_stopping:
        callbacks.append(nn.EarlyStopping(args.early_stopping))
    start = perf_counter()
    history = nn.fit(
        model,
        train,
        loss=nn.cross_entropy,
        optimizer=optimizer,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        validation=held_back if len(held_back) else None,
        schedule=schedules_of(optimizer, recipe, len(train)),
        transform=AUGMENT[args.dataset] if recipe.augment else None,
        callbacks=callbacks,
        seed=rng,
        checkpoint=args.resume,
        resume=args.resume is not None,
    )
    model.to(np)
    if history.stopped:
        print(f"stopped after {len(history.ends)} epochs: {history.stopped}")
    print(f"trained in {perf_counter() - start:.1f} s")
    return history


def report(
    model: nn.Module,
    history: nn.History,
    train: nn.Dataset,
    test: nn.Dataset,
    recipe: Recipe,
    args: Namespace,
    name: str,
) -> None:
    """Pictures, baselines, and the accuracy."""
    logits = nn.predict(model, test.x)
    if args.out:
        classes = CLASSES[args.dataset]
        pictures = {
            "confusion": plots.confusion(
                logits, test.y, classes, f"Confusion matrix, in images ({name})"
            ),
            "mistakes": plots.mistakes(softmax(logits), test.x, test.y, classes, name),
            "weights": plots.weight_images(model, title=f"Weights of the first layer, {name}"),
        }
        if history.step_loss:
            curves = plots.training_curves(history, f"Training ({name})", unit="nats")
            pictures = {"loss": curves, **pictures}
        save_pictures(args.out, pictures)
    part = "validation" if args.validation else "test"
    if args.baseline:
        print(f"\n{'':42}{part} accuracy  seconds")
        for line in scores(baselines(recipe, args.seed), train, test):
            print(line)
        print(f"{'ours':42}{accuracy(logits, test.y):{len(part) + 9}.2%}\n")
    print(f"{part} accuracy: {accuracy(logits, test.y):.2%}")


def baselines(recipe: Recipe, seed: int) -> dict[str, Any]:
    """scikit-learn's models, by their names.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.
    """
    try:
        from sklearn.linear_model import LogisticRegression  # optional, and slow to import
        from sklearn.neural_network import MLPClassifier
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the baselines are scikit-learn's, which is not installed; "
            "pip install napkingrad[demos]",
            name=error.name,
        ) from None
    epochs = recipe.epochs or 30
    return {
        "logistic regression": LogisticRegression(max_iter=200),
        f"MLP, {'-'.join(map(str, recipe.hidden))} hidden, {epochs} epochs": (
            MLPClassifier(recipe.hidden, max_iter=epochs, random_state=seed)
        ),
    }


def scores(models: dict[str, Any], train: nn.Dataset, test: nn.Dataset) -> list[str]:
    """How well they do, each in a line."""
    from sklearn.exceptions import ConvergenceWarning  # optional, and slow to import

    lines = []
    for name, model in models.items():
        start = perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # as many epochs as ours, not more
            model.fit(train.x.reshape(len(train), -1), train.y)
        score = model.score(test.x.reshape(len(test), -1), test.y)
        lines.append(f"{f'scikit-learn, {name}':42}{score:14.2%}{perf_counter() - start:9.1f}")
    return lines


def answer(model: nn.Module, owns: Sequence[own_digits.Own], args: Namespace) -> None:
    """What the net says to pictures of one's own."""
    classes = CLASSES[args.dataset]
    images = np.stack([own.image for own in owns])
    images = images[:, None] if args.conv else images.reshape(len(owns), -1)
    probabilities = softmax(nn.predict(model, images).astype(float))
    print(
        *(own_digits.bars(own, p, classes) for own, p in zip(owns, probabilities, strict=True)),
        sep="\n",
    )
    if args.out:
        shown = min(len(owns), 20)
        save_pictures(
            args.out, {"predictions": own_digits.chart(owns[:shown], probabilities, classes)}
        )
    for own, p in zip(owns, probabilities, strict=True):
        print(f"{own.name}: {classes[int(p.argmax())]} ({p.max():.2%})")


# --- nets in files --------------------------------------------------------------------------------


def check_file(path: Path) -> None:
    """Complain now rather than after training.

    Raises:
        ValueError: a net can't be written to this file.
    """
    suffix(path)
    try:
        check_writable(path)
    except OSError as error:
        raise ValueError(str(error)) from None


def keep(model: nn.Module, recipe: Recipe, args: Namespace) -> None:
    """Write the net, and beside it, as JSON, what net it is."""
    nn.save(model, args.save)
    form = {"dataset": args.dataset, "conv": args.conv}
    form |= {name: getattr(recipe, name) for name in FORM}
    with replacing(form_file(args.save)) as file:
        file.write(f"{json.dumps(form, indent=1)}\n".encode())
    print(f"net in {args.save}, what net it is in {form_file(args.save).name}")


def take_form(args: Namespace) -> None:
    """Let the options that were not given be those of the net that is to be loaded.

    Raises:
        ValueError: what is written beside the net is no description of one.
    """
    path = form_file(args.load)
    if not path.exists():  # from elsewhere: the options say what net it is
        return
    try:
        form: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        form = {name: form[name] for name in ("dataset", "conv", *FORM)}
        CLASSES[form["dataset"]], ACTIVATIONS[form["activation"]]
    except (ValueError, TypeError, LookupError) as error:
        raise ValueError(
            f"{path} does not say what net {args.load.name} is ({type(error).__name__}: {error}); "
            "delete it, and say by options what net it is"
        ) from None
    for name, x in form.items():
        if vars(args).get(name) in (None, False):
            setattr(args, name, tuple(x) if isinstance(x, list) else x)


def form_file(path: Path) -> Path:
    return path.with_suffix(".json")
