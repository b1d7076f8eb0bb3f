"""Pictures of training: curves, regions, weights, mistakes.

Each function returns a Matplotlib `Figure`, drawn without any global state: `figure.savefig(path)`
writes it, and a notebook shows it. Colours can be told apart with every kind of colour vision, and
whatever a colour says is said in another way too. Matplotlib comes with `napkingrad[demos]`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import no_grad
from autograd.core.arguments import function, instance_of, integer, number, pair, type_error
from autograd.core.array_libraries import to_numpy
from nn import scalar
from nn.inputs import as_numbers
from nn.module import Module, evaluation
from nn.train.evaluation import numbers
from nn.train.metrics import check_classes, confusion_matrix, plain, predicted_and_true

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn.train.history import History


# Okabe & Ito 2008, "Color Universal Design"; grey in place of black and yellow.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f")
MARKERS = "os^DvPX"
PALE_BLUE, BLUE, ORANGE = "#9ecae1", "#2171b5", "#d95f02"


def new_figure(width: float, height: float) -> Figure:
    """An empty picture, in inches.

    Raises:
        ModuleNotFoundError: Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # optional, and slow to import
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "pictures of training need matplotlib, which is not installed; "
            "pip install napkingrad[demos]",
            name=error.name,
        ) from None
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    # Notebooks know how to show Matplotlib's figures only once `pyplot` has been imported.
    vars(figure)["_repr_png_"] = partial(as_png, figure)
    return figure


def as_png(figure: Figure) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def finish_curves(axes: Axes) -> None:
    """What curves over steps or epochs need when all are drawn: whole numbers, a grid, a legend."""
    axes.locator_params(axis="x", integer=True)
    axes.grid(alpha=0.3)
    axes.legend()


def training_curves(history: History, title: str = "", unit: str = "") -> Figure:
    """Loss and accuracy over the steps of a training: each batch, each epoch's mean, validation.

    Args:
        history: what `nn.fit` returned.
        title: of the picture.
        unit: of the loss, such as "nats".
    """
    if not hasattr(history, "steps") or isinstance(history, type):
        raise type_error("history", "what nn.fit() returned", history)
    instance_of("title", title, str)
    instance_of("unit", unit, str)
    names = [x for x in ("loss", "accuracy") if x in history.steps or x in history.epochs]
    figure = new_figure(4.8 * max(len(names), 1), 3.8)
    if title:
        figure.suptitle(title)
    for place, name in enumerate(names, 1):
        label = f"{name} ({unit})" if unit and name == "loss" else name
        axes = figure.add_subplot(1, len(names), place, xlabel="step (mini-batch)", ylabel=label)
        steps = history.steps.get(name, [])
        axes.plot(range(1, len(steps) + 1), steps, PALE_BLUE, linewidth=0.6, label="batch")
        for column, color, marker, text in (
            (name, BLUE, "o", "mean of the epoch"),
            (f"validation_{name}", ORANGE, "s", "validation"),
        ):
            if column_numbers := history.epochs.get(column):
                ends = history.ends[-len(column_numbers) :]
                axes.plot(ends, column_numbers, color, marker=marker, markersize=4, label=text)
        if name == "loss" and min(steps, default=0) > 0:
            axes.set_yscale("log")
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def decision_regions(
    model: Callable[..., Any],
    x: Any,
    y: Any,
    title: str = "",
    *,
    boundary: float = 0.0,
    resolution: int = 120,
) -> Figure:
    """Which class a model gives to each point of the plane, and the points that it learned from.

    Args:
        model: of points (n, 2) it gives one number each, or one per class; or a module of
            `nn.scalar`, which is asked point by point.
        x: the points, (n, 2).
        y: their classes, (n,) or (n, 1): whole numbers; for one output also -1 and 1.
        title: of the picture.
        boundary: for one output, where one class ends and the other begins; 0.5 for probabilities.
        resolution: points on each axis at which the model is asked.

    Raises:
        ValueError: the points don't lie in a plane, or the model gives no output for each point.
    """
    function("model", model)
    instance_of("title", title, str)
    boundary = number("boundary", boundary)
    resolution = integer("resolution", resolution, at_least=2)
    x, y = to_numpy(as_numbers("x", x)).astype(float), to_numpy(as_numbers("y", y)).reshape(-1)
    if x.ndim != 2 or x.shape[1] != 2 or len(x) != len(y) or not len(x):
        raise ValueError(
            f"decision_regions() needs points (n, 2) and n classes, not {x.shape} and {y.shape}"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("decision_regions() needs finite x and y, but some are nan or infinite")
    low, high = x.min(axis=0), x.max(axis=0)
    margin = 0.12 * np.maximum(high - low, 1e-9)
    across, up = (
        np.linspace(a, b, resolution) for a, b in zip(low - margin, high + margin, strict=True)
    )
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    out = outputs_at(model, points)
    classes = np.unique(y)
    wide, tall = high - low + 2 * margin
    width = 4.4 if out.shape[1] == 1 else 5.1  # of the plane: one output has a colour bar beside it
    figure = new_figure(6.0, 1.05 + width * min(max(tall / wide, 0.4), 1.2))
    figure.set_layout_engine("compressed")  # a colour bar is as high as axes of equal scales
    axes = figure.add_subplot(title=title, xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    if out.shape[1] == 1:
        shade_sides(figure, axes, across, up, out[:, 0] - boundary)
    else:
        shade_classes(axes, across, up, out)
    colours = COLOURS[:2] if out.shape[1] == 1 else COLOURS
    for i, label in enumerate(classes):
        place = i if out.shape[1] == 1 else int(label)
        axes.scatter(
            x[y == label, 0],
            x[y == label, 1],
            s=22,
            color=colours[place % len(colours)],
            marker=MARKERS[place % len(MARKERS)],
            edgecolors="white",
            linewidths=0.6,
            label=f"class {label}",
        )
    figure.legend(loc="outside lower center", ncols=min(len(classes), 4), frameon=False)
    return figure


def outputs_at(model: Callable[..., Any], points: Any) -> Any:
    """What the model gives for each point: (n, outputs)."""
    if isinstance(model, scalar.MLP):
        with suppress(ValueError):  # an activation that only scalar nets have
            model = model.to_tensor()  # the same net, for all points at once
    with evaluation(), no_grad():
        if isinstance(model, (scalar.MLP, scalar.Layer, scalar.Neuron)):
            out = numbers([model(point) for point in points.tolist()])
        else:
            out = numbers(model(points))
    if out.ndim == 0 or len(out) != len(points) or out.ndim > 2:
        raise ValueError(
            f"decision_regions() needs an output for each of {len(points)} points, "
            f"(n,) or (n, classes), but the model gave {out.shape}"
        )
    return out.reshape(len(points), -1)


def shade_sides(figure: Figure, axes: Axes, across: Any, up: Any, out: Any) -> None:
    """One output: a line where it is 0, and the deeper a colour the further from it."""
    from matplotlib.colors import LinearSegmentedColormap  # optional, and slow to import

    sides = LinearSegmentedColormap.from_list("sides", [COLOURS[0], "#ffffff", COLOURS[1]])
    if not np.isfinite(out).any():
        raise ValueError("decision_regions() needs numbers, but all outputs are nan or infinite")
    most = float(np.abs(out[np.isfinite(out)]).max()) or 1.0
    out = np.ma.masked_invalid(np.clip(out, -most, most)).reshape(len(up), len(across))
    levels = np.linspace(-most, most, 15)
    area = axes.contourf(across, up, out, levels=levels, cmap=sides, alpha=0.55)
    if out.min() < 0 < out.max():
        axes.contour(across, up, out, levels=[0.0], colors="#333333", linewidths=1.6)
    bar = figure.colorbar(area, ax=axes, label="output, from the boundary", ticks=[-most, 0, most])
    bar.set_ticklabels([f"\N{MINUS SIGN}{most:.2g}", "0", f"{most:.2g}"])


def shade_classes(axes: Axes, across: Any, up: Any, out: Any) -> None:
    """One output for each class: the winner's colour, and a line where two are equal."""
    for i in range(out.shape[1]):
        others = np.delete(out, i, axis=1).max(axis=1)
        lead = (out[:, i] - others).reshape(len(up), len(across))
        if lead.max() > 0:
            colour = COLOURS[i % len(COLOURS)]
            axes.contourf(across, up, lead, levels=[0.0, lead.max()], colors=[colour], alpha=0.3)
            if lead.min() < 0:
                axes.contour(across, up, lead, levels=[0.0], colors="#333333", linewidths=1.0)


def weight_images(
    weights: Any, shape: tuple[int, int] | None = None, title: str = "", *, most: int = 32
) -> Figure:
    """The weights of each neuron of a first layer, as the image that it looks for.

    Args:
        weights: (neurons, pixels) or (neurons, channels, rows, columns), or a model, of which the
            first such parameter is taken.
        shape: rows and columns of an image; without it, images are square.
        title: of the picture.
        most: how many neurons to show.

    Raises:
        ValueError: there are no such weights, or they don't have this shape.
    """
    instance_of("title", title, str)
    most = integer("most", most, at_least=1)
    if shape is not None:
        shape = pair("shape", shape, at_least=1)
    if isinstance(weights, Module):
        weights = first_weights(weights)
    weights = to_numpy(numbers(weights))
    if weights.ndim == 4:
        weights, shape = weights.mean(axis=1), None  # over the channels
    elif weights.ndim == 2:
        side = math.isqrt(weights.shape[1])
        rows, columns = (side, side) if shape is None else pair("shape", shape, at_least=1)
        if rows * columns != weights.shape[1]:
            raise ValueError(
                f"weight_images() can't make images of {rows} x {columns} of "
                f"{weights.shape[1]} weights; say which: shape=(rows, columns)"
            )
        weights = weights.reshape(-1, rows, columns)
    else:
        raise ValueError(
            "weight_images() needs weights (neurons, pixels) or (neurons, channels, rows, "
            f"columns), not {weights.shape}"
        )
    shown = weights[:most]
    if not len(shown):
        raise ValueError("weight_images() got no neurons to show")
    columns = min(8, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = new_figure(1.05 * columns + 1.1, 1.05 * rows + 0.9)
    rest = f" (the first {len(shown)} of {len(weights)})" if len(shown) < len(weights) else ""
    figure.suptitle((title or "Weights of the first layer, neuron by neuron") + rest, fontsize=11)
    scale = float(np.abs(shown).max()) or 1.0
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, image in zip(grid.flat, shown):
        picture = axes.imshow(image, cmap="RdBu_r", vmin=-scale, vmax=scale)
    figure.colorbar(picture, ax=grid, label="weight", shrink=0.9, format="%.2g")
    return figure


def class_names(classes: Any) -> list[str]:
    """The names of classes; a text by itself is no list of letters."""
    if isinstance(classes, str) or not isinstance(classes, Iterable):
        raise type_error("classes", "a list of names", classes)
    return [str(name) for name in classes]


def first_weights(model: Module) -> Any:
    """The first parameter that is a matrix or a bank of filters."""
    for parameter in model.parameters():
        if getattr(parameter, "ndim", 0) in (2, 4):
            return parameter
    raise ValueError(f"{type(model).__name__} has no matrix of weights and no filters to show")


def confusion(logits: Any, labels: Any, classes: Sequence[str], title: str = "") -> Figure:
    """How many of each class were taken for which; off the diagonal are the mistakes.

    Args:
        logits: scores (n, classes), or the predicted classes (n,).
        labels: the true classes, (n,).
        classes: their names.
        title: of the picture.
    """
    instance_of("title", title, str)
    classes = class_names(classes)
    counts = confusion_matrix(logits, labels, len(classes))
    mistakes = counts * (1 - np.eye(len(classes), dtype=int))
    figure = new_figure(7, 6.5)
    axes = figure.add_subplot(
        title="\n".join(filter(None, (title, "the darker, the more mistakes"))),
        xlabel="predicted class",
        ylabel="true class",
    )
    slanted: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    names = [literal(name) for name in classes]
    axes.set_xticks(range(len(classes)), names, **(slanted if max(map(len, classes)) > 3 else {}))
    axes.set_yticks(range(len(classes)), names)
    axes.imshow(mistakes, cmap="Blues", vmin=0, vmax=max(1, mistakes.max()))
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
    return figure


def literal(name: str) -> str:
    """A class's name for Matplotlib, which takes what stands between two `$` for a formula."""
    return str(name).replace("$", r"\$")


def mistakes(
    probabilities: Any,
    images: Any,
    labels: Any,
    classes: Sequence[str],
    title: str = "",
    *,
    most: int = 40,
) -> Figure:
    """The misread images of which the model was most certain.

    Args:
        probabilities: of each class, (n, classes).
        images: (n, pixels) or (n, ..., rows, columns), square, from 0 to 1.
        labels: the true classes, (n,).
        classes: their names.
        title: of the picture.
        most: how many to show.
    """
    instance_of("title", title, str)
    classes = class_names(classes)
    most = integer("most", most, at_least=1)
    probabilities = plain("probabilities", probabilities)
    images = plain("images", images)
    if probabilities.ndim != 2:
        raise ValueError(f"mistakes() needs probabilities (n, classes), not {probabilities.shape}")
    predicted, labels = predicted_and_true(probabilities, labels)
    check_classes(predicted, len(classes))
    check_classes(labels, len(classes))
    side = math.isqrt(math.prod(images.shape[1:]))
    if images.shape[:1] != labels.shape or images.size != len(labels) * side**2:
        raise ValueError(
            f"mistakes() needs a square image for each of {len(labels)} labels, but images have "
            f"shape {images.shape}"
        )
    certainty = probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    worst = wrong[np.argsort(-certainty[wrong], kind="stable")][:most]
    columns = min(max(len(worst), 1), 8)
    rows = math.ceil(len(worst) / columns)
    figure = new_figure(max(1.2 * columns, 4.8), 0.9 + 1.5 * rows)
    count = "One mistake" if len(wrong) == 1 else f"The most confident of {len(wrong)} mistakes"
    key = "predicted class (probability given to it), true class below"
    head = (title, count, key) if len(wrong) else (title, "No mistakes")
    figure.suptitle("\n".join(filter(None, head)), fontsize=11)
    for place, i in enumerate(worst, 1):
        axes = figure.add_subplot(rows, columns, place, xticks=[], yticks=[])
        axes.imshow(images[i].reshape(side, side), cmap="gray_r", vmin=0, vmax=1)
        given, true = literal(classes[predicted[i]]), literal(classes[labels[i]])
        axes.set_title(f"{given} ({certainty[i]:.0%})\n{true}", fontsize=8)
    return figure
