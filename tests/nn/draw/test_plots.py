"""Pictures of training: what they show, and that no global state is touched."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from nn import plots

pytest.importorskip("matplotlib", reason="pictures of training need matplotlib")


@pytest.fixture(autouse=True)
def pyplot_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)


def history() -> nn.History:
    made = nn.History()
    for i in range(6):
        made.add_step({"loss": 1.0 / (i + 1), "accuracy": i / 6})
        if i % 3 == 2:
            made.ends.append(i + 1)
            made.epochs.setdefault("loss", []).append(0.5 / i)
            made.epochs.setdefault("validation_loss", []).append(0.6 / i)
    return made


def drawn(figure: Any) -> Any:
    """The figure, after it was rendered: warnings of the layout are errors."""
    figure.canvas.draw()
    return figure


def test_curves() -> None:
    loss, accuracy = drawn(plots.training_curves(history(), "Training", unit="nats")).axes
    assert loss.get_ylabel() == "loss (nats)" and loss.get_xlabel() == "step (mini-batch)"
    batch, mean, validation = loss.lines
    assert list(batch.get_ydata()) == history().step_loss
    assert list(mean.get_xdata()) == list(validation.get_xdata()) == [3, 6]
    assert [text.get_text() for text in loss.get_legend().get_texts()] == [
        "batch", "mean of the epoch", "validation",
    ]  # fmt: skip
    assert accuracy.get_ylabel() == "accuracy"


@pytest.mark.parametrize("outputs", [1, 3])
def test_regions_are_the_models(outputs: int) -> None:
    x = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    y = np.array([0, 1, 1]) if outputs == 1 else np.arange(3)
    asked: list[Any] = []

    def model(points: Any) -> Any:
        asked.append(points)
        return points[:, 0] if outputs == 1 else points @ x.T

    figure = drawn(plots.decision_regions(model, x, y, "Plane", resolution=30))
    assert figure.axes[0].get_title() == "Plane" and len(figure.axes[0].collections) > 3
    (points,) = asked
    assert points.shape == (900, 2)
    assert (points.min(axis=0) < x.min(axis=0)).all() and (points.max(axis=0) > x.max(axis=0)).all()
    markers = figure.legends[0].legend_handles
    shapes = {handle.get_paths()[0].vertices.tobytes() for handle in markers}
    assert len(shapes) == len(np.unique(y))  # a second cue beside colour


def test_where_a_model_has_no_number_nothing_is_shaded() -> None:
    x, y = np.array([[-1.0, 0.0], [1.0, 1.0]]), np.array([0, 1])
    with np.errstate(all="ignore"):
        drawn(plots.decision_regions(lambda p: np.log(p[:, 0]), x, y))
        drawn(plots.decision_regions(lambda p: 1.0 / np.maximum(p[:, 0], 0.0) - 1.0, x, y))


def test_only_classes_that_win_somewhere_are_shaded() -> None:
    x, y = np.array([[-1.0, 0.0], [1.0, 1.0]]), np.array([0, 1])
    from matplotlib.contour import ContourSet

    zeros = lambda p: np.zeros(len(p))
    half = lambda p: np.stack([p[:, 0], -p[:, 0], zeros(p) - 99.0], axis=1)
    whole = lambda p: np.stack([zeros(p), zeros(p) - 1.0], axis=1)
    none = lambda p: np.stack([zeros(p), zeros(p)], axis=1)
    counts = []
    for model in half, whole, none:
        collections = drawn(plots.decision_regions(model, x, y, resolution=8)).axes[0].collections
        counts.append(sum(isinstance(c, ContourSet) for c in collections))
    assert counts == [4, 1, 0]  # regions, and their borders


def test_every_kind_of_model_has_regions() -> None:
    x, y = np.random.default_rng(0).normal(size=(9, 2)), np.arange(9) % 2
    tensor = nn.Sequential(nn.Linear(2, 4, rng=0), nn.Dropout(0.5), nn.Linear(4, 2, rng=1))
    net = nn.scalar.MLP(2, [3, 1], ag.tanh, rng=0)
    odd = nn.scalar.MLP(2, [3, 1], lambda v: v * v, rng=0)  # no module has this activation
    for model in tensor, net, odd, nn.scalar.Neuron(2, rng=0):
        drawn(plots.decision_regions(model, x, y[:, None], resolution=8))
    assert tensor.training and all(p.grad is None for p in tensor.parameters())


def test_a_scalar_net_gives_what_its_neurons_say() -> None:
    net = nn.scalar.MLP(2, [3, 1], lambda v: v * v, rng=0)
    points = np.array([[0.5, -1.0], [2.0, 0.25]])
    assert plots.outputs_at(net, points).tolist() == [[net(p).data] for p in points.tolist()]
    twin = nn.scalar.MLP(2, [3, 1], ag.tanh, rng=0)
    found = plots.outputs_at(twin, points)[:, 0]
    assert np.allclose(found, [twin(p).data for p in points.tolist()], rtol=1e-12)


def test_weights_are_images() -> None:
    weights = np.arange(3 * 16.0).reshape(3, 16)
    figure = drawn(plots.weight_images(weights))
    images = [axes.images[0].get_array() for axes in figure.axes[:3]]
    assert [np.array(image).tolist() for image in images] == weights.reshape(3, 4, 4).tolist()
    assert figure.axes[0].images[0].get_clim() == (-47, 47)  # white is 0
    assert figure.axes[-1].get_ylabel() == "weight"
    model = nn.Sequential(nn.Linear(12, 40, rng=0), nn.ReLU())
    assert "the first 32 of 40" in plots.weight_images(model, (3, 4))._suptitle.get_text()  # type: ignore[attr-defined]
    drawn(plots.weight_images(nn.Conv2d(3, 5, 3, rng=0)))
    behind = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 2, rng=0))
    shown = drawn(plots.weight_images(behind)).axes[0].images[0].get_array()
    assert np.array(shown).tolist() == behind[1].weight.data[0].reshape(2, 2).tolist()


def test_class_names_are_no_formulas() -> None:
    names = ["$x^{$", "b$1$ costs 3$"]
    figure = plots.confusion(np.array([0, 1]), np.array([0, 1]), names)
    wrong = plots.mistakes(np.eye(2), np.zeros((2, 4)), np.array([1, 0]), names)
    for made in (figure, wrong):
        drawn(made)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        r"\$x^{\$",
        r"b\$1\$ costs 3\$",
    ]


def test_confusions_and_mistakes() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]])
    labels, classes = np.array([0, 1, 0, 0]), ("zero", "one")
    axes = drawn(plots.confusion(scores, labels, classes, "Test")).axes[0]
    assert [text.get_text() for text in axes.texts] == ["1", "2", "0", "1"]
    figure = drawn(plots.mistakes(scores, np.zeros((4, 2, 2)), labels, classes))
    assert [axes.get_title() for axes in figure.axes] == ["one (70%)\nzero", "one (60%)\nzero"]
    drawn(plots.confusion(labels, labels, classes))
    none = drawn(plots.mistakes(np.eye(2)[labels], np.zeros((4, 4)), labels, classes))
    assert "No mistakes" in none._suptitle.get_text()


def misread(
    probabilities: Any = ((0.2, 0.8), (0.3, 0.7)),
    images: Any = ((1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 0.0, 0.0)),
    labels: Any = (0, 0),
    classes: Any = ("a", "b"),
) -> Any:
    return plots.mistakes(probabilities, images, labels, classes)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (lambda: plots.decision_regions(len, np.zeros((3, 3)), np.zeros(3)), r"points \(n, 2\)"),
        (lambda: plots.decision_regions(len, np.zeros((3, 2)), np.zeros(2)), r"n classes"),
        (
            lambda: plots.decision_regions(lambda p: p[:5], np.zeros((3, 2)), np.zeros(3)),
            r"an output for each of 14400 points.*gave \(5, 2\)",
        ),
        (lambda: plots.decision_regions(len, np.zeros((0, 2)), []), r"not \(0, 2\)"),
        (
            lambda: plots.decision_regions(
                lambda p: p[:, 0] * np.nan, np.zeros((3, 2)), np.zeros(3)
            ),
            "all outputs are nan or infinite",
        ),
        (lambda: plots.weight_images(np.zeros((0, 4))), "no neurons"),
        (lambda: plots.weight_images(np.zeros((3, 12))), r"3 x 3 of 12 weights; say which: shape="),
        (lambda: plots.weight_images(np.zeros((3, 9)), ()), r"shape must be one integer or two"),
        (lambda: plots.weight_images(np.zeros((3, 9)), (0, 0)), r"shape\[0\] must be an integer"),
        (lambda: plots.weight_images(np.zeros(3)), r"not \(3,\)"),
        (lambda: plots.weight_images(nn.ReLU()), "ReLU has no matrix of weights"),
        (lambda: plots.decision_regions(len, [[np.nan, 0.0]], [0]), "needs finite x and y"),
        (lambda: misread([0.1, 0.9]), r"needs probabilities \(n, classes\), not \(2,\)"),
        (lambda: misread(np.eye(3)), "predictions of shape .* labels of shape"),
        (lambda: misread(labels=[0, 2]), "label 2 is not one of the 2 classes"),
        (lambda: misread(labels=[0, -1]), "label -1 is not one of the 2 classes"),
        (lambda: misread(classes=["a"]), "label 1 is not one of the 1 classes"),
        (lambda: misread(images=np.ones((2, 5))), r"a square image .* have shape \(2, 5\)"),
        (lambda: misread(images=np.ones((3, 4))), r"for each of 2 labels, .* shape \(3, 4\)"),
    ],
)
def test_what_cannot_be_drawn_is_refused(picture: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        picture()


def test_infinite_outputs_are_shaded_as_the_surest(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.axes import Axes

    contourf, shaded = Axes.contourf, []

    def noted(axes: Axes, across: Any, up: Any, out: Any, **options: Any) -> Any:
        shaded.append(out)
        return contourf(axes, across, up, out, **options)

    monkeypatch.setattr(Axes, "contourf", noted)

    def model(points: Any) -> Any:
        out = np.clip(points[:, :1], -2.0, 2.0)
        out[points[:, 0] > 0.5] = np.inf
        out[points[:, 0] < -0.5] = -np.inf
        out[np.abs(points[:, 0]) < 0.1] = np.nan
        return out

    x = np.array([[-1.0, -1.0], [1.0, 1.0]])
    plots.decision_regions(model, x, np.array([0, 1]))
    (out,) = shaded
    assert 0 < out.max() == -out.min() <= 0.5 and np.isfinite(out.compressed()).all()
    assert not out.mask[:, [0, -1]].any() and out.mask.any()  # only what is nan is left white


def test_notebooks_show_every_plot_without_pyplot() -> None:
    figures = {
        "training_curves": plots.training_curves(history()),
        "History.plot": history().plot(),
        "decision_regions": plots.decision_regions(lambda p: p[:, 0], np.eye(2), [0, 1]),
        "weight_images": plots.weight_images(np.eye(4)),
        "confusion": plots.confusion([0, 1], [0, 1], ["a", "b"]),
        "mistakes": plots.mistakes(np.eye(2), np.ones((2, 4)), np.array([1, 0]), ["a", "b"]),
    }
    assert set(figures) - {"History.plot"} == {
        name
        for name, f in vars(plots).items()
        if getattr(f, "__annotations__", {}).get("return") == "Figure" and name != "new_figure"
    }
    for name, figure in figures.items():
        png = figure._repr_png_()
        size = [int.from_bytes(png[i : i + 4], "big") for i in (16, 20)]
        assert png.startswith(b"\x89PNG"), name
        assert size == [int(150 * x) for x in figure.get_size_inches()], name


def test_notebook_figures_can_be_pickled() -> None:
    again = pickle.loads(pickle.dumps(plots.weight_images(np.eye(4))))
    assert again._repr_png_().startswith(b"\x89PNG")


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for draw in (lambda: plots.training_curves(history()), lambda: plots.weight_images(np.eye(4))):
        with pytest.raises(ModuleNotFoundError, match=r"pip install napkingrad\[demos\]"):
            draw()
