"""Models, losses, optimisers and the training loop on other libraries' arrays.

The same lines run on NumPy's arrays and on others, and must give the same numbers. Whatever a
library would fetch in silence is an error: arrays that refuse say so, and Dask warns.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elsewhere import GPU, PLACES, REFUSING, STAND_IN, fetched, on_dask
from refusing import Device, Refusing

import autograd as ag
import nn
from autograd import Tensor, Value
from autograd.core import array_libraries as locations
from demos.__main__ import main

places = pytest.mark.parametrize("place", PLACES, indirect=True)


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Iterator[Any]:
    found = request.param()
    if found.__name__ == "dask.array":
        with on_dask():
            yield found
    else:
        yield found


def kind(place: Any) -> type:
    """Return the type of the arrays of a library."""
    return type(Tensor(np.zeros(2)).to(place).data)


def close(theirs: Any, wanted: Any, rtol: float = 1e-11) -> None:
    np.testing.assert_allclose(fetched(theirs), wanted, rtol=rtol, atol=1e-13)


rng = np.random.default_rng(0)
ROWS, IMAGES = rng.normal(size=(6, 5)), rng.normal(size=(3, 2, 4, 4))
WORDS = np.array([3, 0, 3, 6, 1, 2])
D = np.float64

MODELS: dict[str, tuple[Callable[[], nn.Module], Any]] = {
    "mlp": (lambda: nn.MLP(5, [4, 3], dropout=0.3, dtype=D, rng=0), ROWS),
    "no bias": (lambda: nn.Linear(5, 3, bias=False, dtype=D, rng=0), ROWS),
    "convolutions": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 3, 3, padding=1, bias=False, dtype=D, rng=0),
            nn.BatchNorm2d(3, dtype=D),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Conv2d(3, 4, 2, stride=(1, 2), padding=1, dtype=D, rng=1),
            nn.AvgPool2d(2, 1),
            nn.Flatten(),
        ),
        IMAGES,
    ),
    "norms": (
        lambda: nn.Sequential(
            nn.BatchNorm1d(5, dtype=D), nn.Linear(5, 4, dtype=D, rng=0), nn.LayerNorm(4, dtype=D)
        ),
        ROWS,
    ),
    "words": (lambda: nn.Sequential(nn.Embedding(7, 4, dtype=D, rng=0), nn.Tanh()), WORDS),
    **{
        f.__name__: (lambda f=f: nn.Sequential(nn.Linear(5, 4, dtype=D, rng=0), f()), ROWS)
        for f in (
            nn.ReLU, nn.Sigmoid, nn.LogSigmoid, nn.Tanh, nn.Softplus, nn.Softsign, nn.SiLU,
            nn.SELU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.Hardtanh, nn.Softmax, nn.LogSoftmax,
            nn.ReLU6, nn.CELU, nn.Mish, nn.Hardsigmoid, nn.Hardswish, nn.GLU,
        )
    },
}  # fmt: skip


def trained(model: nn.Module, x: Any, place: Any = np) -> list[Any]:
    """Return outputs, gradients, parameters, buffers of two steps, and the output in evaluation."""
    model.to(place)
    optimizer = nn.Adam(model.parameters(), lr=0.01)
    found = []
    for _ in range(2):
        optimizer.zero_grad()
        out = model(Tensor(x).to(place))
        (out * out).sum().backward()
        found += [out.data, *(p.grad for p in model.parameters())]
        optimizer.step()
    model.eval()
    return [*found, *model.state_dict().values(), model(Tensor(x).to(place)).data]


@places
@pytest.mark.parametrize("name", MODELS)
def test_layers_train_and_evaluate(name: str, place: Any) -> None:
    make, x = MODELS[name]
    for theirs, wanted in zip(trained(make(), x, place), trained(make(), x), strict=True):
        assert type(theirs) is kind(place)
        assert theirs.dtype == wanted.dtype
        close(theirs, wanted)


SCORES, LABELS = rng.normal(size=(5, 3)), np.array([2, 0, 1, 1, 0])
SOFT = np.exp(SCORES[::-1]) / np.exp(SCORES[::-1]).sum(1, keepdims=True)
LOSSES: dict[str, tuple[Callable[..., Any], Any]] = {
    "mse": (nn.mse_loss, SOFT),
    "l1": (nn.l1_loss, SOFT),
    "huber": (nn.huber_loss, SOFT),
    "bce": (nn.binary_cross_entropy_with_logits, SOFT),
    "bce weighted": (
        lambda x, y, reduction: nn.binary_cross_entropy_with_logits(
            x, y, reduction, pos_weight=np.array([1.0, 2.0, 3.0])
        ),
        SOFT,
    ),
    "hinge": (nn.hinge_loss, np.where(SOFT > 0.3, 1, -1)),
    "focal": (nn.focal_loss, np.where(SOFT > 0.3, 1, 0)),
    "multi margin": (nn.multi_margin_loss, LABELS),
    "ranking": (
        lambda x, y, reduction: nn.margin_ranking_loss(x, SOFT, y, reduction=reduction),
        np.where(SOFT > 0.3, 1, -1),
    ),
    "labels": (lambda x, y, reduction: nn.cross_entropy(x, y, reduction=reduction), LABELS),
    "smoothed": (
        lambda x, y, reduction: nn.cross_entropy(x, y, reduction=reduction, label_smoothing=0.1),
        LABELS,
    ),
    "weighted": (
        lambda x, y, reduction: nn.cross_entropy(x, y, np.array([1.0, 2.0, 0.5]), reduction),
        LABELS,
    ),
    "soft": (lambda x, y, reduction: nn.cross_entropy(x, y, reduction=reduction), SOFT),
    "nll": (lambda x, y, reduction: nn.nll_loss(x, y, None, reduction), LABELS),
    "nll weighted": (
        lambda x, y, reduction: nn.nll_loss(x, y, [1.0, 2.0, 0.5], reduction), LABELS,
    ),
}  # fmt: skip


@places
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("where", ["targets elsewhere", "targets of NumPy"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str, where: str, reduction: str, place: Any) -> None:
    loss, target = LOSSES[name]
    found = []
    for to in (place, np):
        x = Tensor(SCORES, requires_grad=True).to(to)
        x.retain_grad()
        y = Tensor(target).to(to).data if where == "targets elsewhere" else target
        out = loss(x, y, reduction=reduction)
        out.backward(np.cos(np.arange(5 if out.shape == (5,) else 15.0)).reshape(out.shape)
                     if out.shape else None)  # fmt: skip
        found.append((out.data, x.grad))
    for theirs, wanted in zip(*found):
        assert type(theirs) is kind(place)
        close(theirs, wanted)


@places
def test_wrong_labels_are_named(place: Any) -> None:
    scores = Tensor(SCORES).to(place)
    if kind(place).__module__.startswith("dask"):  # Dask checks nothing before it computes
        wrong = Tensor(np.array([0, 1, 7, 0, -1])).to(place).data
        assert np.isnan(nn.cross_entropy(scores, wrong).item())
        each = nn.cross_entropy(scores, wrong, reduction="none", weight=[1.0, 1.0, 1.0])
        assert np.isnan(fetched(each.data)).tolist() == [False, False, True, False, True]
        return
    wrong = Tensor(np.array([0, 1, 7, 0, -1])).to(place).data
    with pytest.raises(ValueError, match="label 7 is outside 0...2"):
        nn.cross_entropy(scores, wrong)
    with pytest.raises(ValueError, match=r"targets from 0 to 1, but got 1\.5"):
        nn.binary_cross_entropy_with_logits(scores, SOFT * 0 + 1.5)
    with pytest.raises(IndexError, match="index 7 is outside 0...6"):
        nn.Embedding(7, 2).to(place)(wrong)


OPTIMIZERS: dict[str, Callable[[list[Any]], nn.Optimizer]] = {
    "sgd": lambda p: nn.SGD(p, lr=0.1),
    "momentum": lambda p: nn.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
    "nesterov": lambda p: nn.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adagrad": lambda p: nn.Adagrad(p, lr=0.1, lr_decay=0.1, weight_decay=0.1),
    "rmsprop": lambda p: nn.RMSprop(p, lr=0.1),
    "centred": lambda p: nn.RMSprop(p, lr=0.1, momentum=0.5, centered=True, weight_decay=0.1),
    "adam": lambda p: nn.Adam(p, lr=0.1, weight_decay=0.1),
    "adamw": lambda p: nn.AdamW(p, lr=0.1),
}


@places
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_clip_step_and_follow(name: str, place: Any) -> None:
    def walk(*stations: Any) -> list[Any]:
        """Take a step in each library; parameters and state move to it."""
        w, v = nn.Parameter(ROWS), Value(2.0)
        b = nn.Parameter(ROWS[0])
        optimizer = OPTIMIZERS[name]([w, v, b])
        seen = []
        for station in stations:
            holder = nn.Module()
            holder.w, holder.b = w, b
            holder.to(station)
            optimizer.zero_grad()
            (ag.sum((w - 0.5) ** 2) * v + ag.sum(b * b)).backward()
            seen.append(nn.clip_grad_norm_([w, v, b], 5.0))
            nn.clip_grad_value_([w, v, b], 1.0)
            optimizer.step()
            assert type(w.data) is type(b.data) is kind(station)
            arrays = [x for s in optimizer.groups[0].states for x in s.values()]
            assert all(type(x) is kind(station) for x in arrays if hasattr(x, "shape"))
            seen += [np.copy(fetched(w.data)), np.copy(fetched(b.data)), v.data]
        return seen

    for theirs, wanted in zip(walk(np, place, place, np), walk(np, np, np, np), strict=True):
        close(theirs, wanted)


@places
@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_optimizers_square_gradients_of_any_size(size: float, place: Any) -> None:
    holder = nn.Module()
    holder.w = nn.Parameter(np.ones(3))
    optimizer = nn.Adam(holder.to(place).parameters(), lr=0.1, eps=0.0)
    for _ in range(3):
        holder.w.grad = np.asarray(size * np.array([1.0, -2.0, 3.0]), like=holder.w.data)
        optimizer.step()
        optimizer.zero_grad()
    close(holder.w.data, [0.7, 1.3, 0.7])


@places
def test_float32_stays_float32(place: Any) -> None:
    model = nn.MLP(5, [4, 3], dropout=0.5, rng=0).to(place)
    optimizer = nn.AdamW(model.parameters(), lr=0.1)
    out = model(Tensor(ROWS.astype(np.float32)).to(place))
    nn.cross_entropy(out, np.array([0, 1, 2, 0, 1, 2]), label_smoothing=0.1).backward()
    nn.clip_grad_norm_(model.parameters(), 0.1)
    gradients = [p.grad for p in model.parameters()]
    optimizer.step()
    state = [x for s in optimizer.groups[0].states for x in s.values() if hasattr(x, "shape")]
    for x in (out, *model.parameters(), *gradients, *state):
        assert x.dtype == np.float32


@places
def test_a_model_moves_there_and_back(place: Any) -> None:
    model = nn.Sequential(nn.Linear(5, 4, rng=0), nn.BatchNorm1d(4))
    before = {name: np.copy(x) for name, x in model.state_dict().items()}
    weight = model[0].weight
    model(Tensor(ROWS.astype(np.float32))).sum().backward()
    slope = weight.grad
    assert model.to(place) is model and model[0].weight is weight
    moved = dict(model.named_parameters()) | dict(model.named_buffers())
    assert {type(x.data) for x in moved.values()} == {kind(place)}
    assert type(weight.grad) is kind(place)
    assert [type(x) for x in model.state_dict().values()] == [kind(place)] * len(before)
    assert model.to(np)[0].weight is weight
    assert type(weight.data) is type(weight.grad) is np.ndarray
    close(weight.grad, slope)
    after = model.state_dict()
    assert {name: x.dtype for name, x in after.items()} == {n: x.dtype for n, x in before.items()}
    np.testing.assert_array_equal(after["0.weight"], before["0.weight"])
    weight.data[...] = 1.0  # in memory of its own


def test_nothing_is_moved_if_something_can_not_be() -> None:
    def only_matrices(x: Any) -> Any:
        if x.ndim != 2:
            raise ValueError("no matrix")
        return Refusing(x)

    model = nn.Linear(3, 2)
    with pytest.raises(ValueError, match="no matrix"):
        model.to(only_matrices)
    assert type(model.weight.data) is np.ndarray
    for wrong in ("cuda", np.float64, 0, None):
        with pytest.raises(TypeError, match=r"to\(\) takes a library of arrays, such as numpy"):
            model.to(wrong)
        with pytest.raises(TypeError, match=r"to\(\) takes a library of arrays, such as numpy"):
            Tensor([1.0]).to(wrong)


@places
def test_derivatives_pass_through_a_move(place: Any) -> None:
    x = Tensor(ROWS, requires_grad=True)
    y = (x * x).to(place)
    assert type(y.data) is kind(place) and y.to(place) is y
    z = (ag.exp(y).to(np) * x).sum()
    assert type(z.data) is np.float64 or isinstance(z.data, np.ndarray)
    z.backward()
    assert type(x.grad) is np.ndarray
    close(x.grad, np.exp(ROWS**2) * (1 + 2 * ROWS**2))
    by_function = y.to(lambda x: Refusing(x + 1.0))
    assert type(by_function.data) is Refusing
    close(by_function.data, np.asarray(ROWS) ** 2 + 1)
    curvature = ag.hessian(lambda x: ag.sum((ag.Tensor.to(x, place) ** 3).to(np)))(ROWS[0])
    close(curvature, np.diag(6 * ROWS[0]))


@places
def test_new_data_goes_where_the_old_were(place: Any) -> None:
    model = nn.MLP(5, [4, 3], rng=0).to(place)
    nn.init.kaiming_normal_(model[0].weight, rng=1)
    nn.init.constant_(model[0].bias, 2.0)
    assert type(model[0].weight.data) is type(model[0].bias.data) is kind(place)
    close(model[0].bias.data, np.full(4, 2.0))
    number = Tensor(0.5).to(place)
    number.data = 2.0
    assert type(number.data) is kind(place) and number.item() == 2.0
    model.load_state_dict(nn.MLP(5, [4, 3], rng=2).state_dict())
    assert type(model[0].weight.data) is kind(place)
    stays = nn.MLP(5, [4, 3], rng=0)
    stays.load_state_dict(model.state_dict())
    assert type(stays[0].weight.data) is np.ndarray
    close(model[0].weight.data, stays[0].weight.data)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_parameters_of_numpy_learn_from_samples_yet_to_be_computed(name: str) -> None:
    da = pytest.importorskip("dask.array")
    learnt = []
    for rows in ROWS, da.from_array(ROWS, chunks=(2, -1)):
        model = nn.MLP(5, [4, 3], dtype=D, rng=0)
        optimizer = OPTIMIZERS[name](model.parameters())
        for _ in range(3):
            optimizer.zero_grad()
            (model(Tensor(rows)) ** 2).mean().backward()
            optimizer.step()
            assert all(type(p.data) is np.ndarray for p in model.parameters())
        learnt.append([p.data for p in model.parameters()])
    for p, wanted in zip(*learnt[::-1], strict=True):
        close(p, wanted)


@places
def test_what_has_changed_since_is_stale(place: Any) -> None:
    t, w = Tensor(ROWS).to(place), Tensor(ROWS, requires_grad=True)
    for change in (lambda: t.__setitem__(0, 5.0), lambda: setattr(t, "data", ROWS)):
        out = ag.sum(t * w.to(place))
        change()
        assert type(t.data) is kind(place)
        with pytest.raises(ValueError, match="was changed in place after mul had used it"):
            out.backward()


@places
@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_files_hold_numpys_arrays(place: Any, ending: str, tmp_path: Path) -> None:
    if ending == "safetensors":
        pytest.importorskip("safetensors")
    model = nn.Sequential(nn.Linear(5, 4, rng=0), nn.BatchNorm1d(4)).to(place)
    nn.save(model, tmp_path / f"net.{ending}")
    for to in (place, np):
        twin = nn.Sequential(nn.Linear(5, 4, rng=1), nn.BatchNorm1d(4)).to(to)
        nn.load(twin, tmp_path / f"net.{ending}")
        for theirs, wanted in zip(twin.state_dict().values(), model.state_dict().values()):
            assert type(theirs) is kind(to)
            np.testing.assert_array_equal(fetched(theirs), fetched(wanted))


def fitted(place: Any, path: Path, **options: Any) -> tuple[nn.Module, nn.History]:
    x = np.random.default_rng(0).normal(size=(60, 5))
    data = nn.Dataset(x, (x[:, 0] > x[:, 1]).astype(int))
    model = nn.MLP(5, [8, 2], dropout=0.2, dtype=D, rng=0).to(place)
    held = options.pop("held", False)
    history = nn.fit(
        model,
        data[:40].to(place) if held else data[:40],
        loss=nn.cross_entropy,
        optimizer=nn.AdamW(model.parameters(), lr=0.05),
        validation=data[40:],
        callbacks=[nn.EarlyStopping(patience=9), nn.GradientNorm(1.0), nn.StopOnNaN()],
        schedule=(),
        l2=1e-4,
        batch_size=10,
        seed=0,
        progress=False,
        checkpoint=path / f"{place.__name__}.npz",
        **options,
    )
    return model, history


class Bare:
    """An array of a library with neither CuPy's method for conversion to NumPy nor Dask's."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.arange(3.0)


def test_arrays_are_fetched_from_wherever_numpy_can() -> None:
    assert locations.to_numpy(Bare()).tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("place", REFUSING, indirect=True)
def test_batches_in_order_stay_there(place: Any) -> None:
    data = nn.Dataset(ROWS, np.arange(6)).to(place)
    batches = list(nn.DataLoader(data, 4))
    assert [type(x) for x, _ in batches] == [kind(place)] * 2
    close(batches[1][0], ROWS[4:])


@places
@pytest.mark.parametrize("held", [False, True])
def test_fit_gives_the_same_history(place: Any, held: bool, tmp_path: Path) -> None:
    # Dask's parameters are what to do, no numbers: each step computes all before it again.
    epochs = 1 if kind(place).__module__.startswith("dask") else 3
    model, history = fitted(place, tmp_path, epochs=epochs, held=held)
    twin, wanted = fitted(np, tmp_path, epochs=epochs)
    assert history.epochs.keys() == wanted.epochs.keys()
    for name, column in history.epochs.items():
        np.testing.assert_allclose(column, wanted.epochs[name], rtol=1e-9)
    for theirs, ours in zip(model.parameters(), twin.parameters()):
        assert type(theirs.data) is kind(place)
        close(theirs.data, ours.data, rtol=1e-9)
    x = np.ones((3, 5))
    close(nn.predict(model, x), nn.predict(twin, x), rtol=1e-9)
    assert nn.evaluate(model, (x, [0, 1, 1])).keys() == {"accuracy"}


@pytest.mark.parametrize("place", [*REFUSING, GPU], indirect=True)
def test_a_training_resumes_there_and_elsewhere(place: Any, tmp_path: Path) -> None:
    _, whole = fitted(np, tmp_path, epochs=4)
    _, begun = fitted(place, tmp_path, epochs=2)
    _, history = fitted(place, tmp_path, epochs=4, resume=True)
    np.testing.assert_allclose(history.epochs["loss"], whole.epochs["loss"], rtol=1e-9)
    assert history.epochs["loss"][:2] == begun.epochs["loss"]


def test_what_crosses_in_a_training_step() -> None:
    """The batch goes there, or which rows it has; the loss, the count of what is right, and whether
    the labels are classes come back.
    """
    x = np.random.default_rng(0).normal(size=(64, 20))
    model = nn.MLP(20, [16, 4], dtype=D, rng=0).to(Device)
    optimizer = nn.Adam(model.parameters())
    data = nn.Dataset(x, np.arange(64) % 4)
    crossings: list[list[tuple[str, int]]] = []

    class Watch(nn.Callback):
        def on_step_begin(self, run: Any) -> None:
            crossings.append(list(Device.crossings))
            Device.crossings.clear()

    def steps(data: Any) -> list[tuple[str, int]]:
        crossings.clear()
        nn.fit(model, data, loss=nn.cross_entropy, optimizer=optimizer, epochs=1, batch_size=16,
               callbacks=[Watch()], progress=False, seed=0)  # fmt: skip
        assert len(crossings) == 4 and crossings[1] == crossings[2] == crossings[3]
        return sorted(crossings[1])

    step = [("back", 1)] * 3
    assert steps(data) == [*step, ("there", 16), ("there", 16 * 20)]
    assert steps(data.to(Device)) == [*step, ("there", 16), ("there", 16)]


@pytest.mark.parametrize("place", [STAND_IN, GPU], indirect=True)
@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_images_are_learnt_there_as_here(name: str, place: Any) -> None:
    try:
        train, test = nn.datasets.load(name, **({"download": False} if name == "mnist" else {}))
    except (FileNotFoundError, ModuleNotFoundError) as error:
        pytest.skip(f"{name} is not at hand: {error}")

    def losses(place: Any) -> tuple[list[float], float]:
        model = nn.MLP(train.x[0].size, [32, 10], dropout=0.1, rng=0).to(place)
        optimizer = nn.Adam(model.parameters(), lr=0.01)
        history = nn.fit(model, train[:1024].to(place), loss=nn.cross_entropy, epochs=4, seed=0,
                         optimizer=optimizer, progress=False)  # fmt: skip
        return history.step_loss, nn.evaluate(model, test)["accuracy"]

    (found, accuracy), (wanted, _) = losses(place), losses(np)
    np.testing.assert_allclose(found, wanted, rtol=1e-2)
    np.testing.assert_allclose(found[:8], wanted[:8], rtol=1e-5)
    assert accuracy > 0.8


@pytest.mark.parametrize("place", [STAND_IN, GPU], indirect=True)
def test_the_demo_runs_there(place: Any, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    library = "refusing" if place is Device else place.__name__
    lines = []
    for options in ([], ["--arrays", library]):
        assert main(["digits", "--epochs", "2", *options]) == 0
        lines.append(capsys.readouterr().out.splitlines()[-1])
    assert lines[0] == lines[1] and "accuracy" in lines[0]


def test_the_demo_names_what_makes_no_arrays(capsys: pytest.CaptureFixture[str]) -> None:
    for name, why in (("math", "math makes no arrays"), ("nowhere", "nowhere can't be imported")):
        with pytest.raises(SystemExit):
            main(["digits", "--arrays", name])
        assert why in capsys.readouterr().err


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_labels_that_are_yet_to_be_computed_are_not_looked_at(reduction: str) -> None:
    dask, array = pytest.importorskip("dask"), pytest.importorskip("dask.array")
    numbers, labels = np.arange(12.0).reshape(4, 3), np.array([0, 2, 1, 1])
    logits = Tensor(numbers, requires_grad=True)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed before it was asked for")

    with dask.config.set(scheduler=refuse):
        loss = nn.cross_entropy(logits, array.from_array(labels, chunks=2), reduction=reduction)
    wanted = nn.cross_entropy(numbers, labels, reduction=reduction)
    np.testing.assert_allclose(loss.data.compute(), wanted)


def test_dask_names_what_is_missing() -> None:
    da = pytest.importorskip("dask.array")
    t = Tensor(da.ones((3, 3)), requires_grad=True)
    for use, name in (
        (ag.sort, "numpy.argsort"),
        (ag.linalg.det, "numpy.linalg.det"),
        (np.argsort, "numpy.argsort"),
    ):
        with warnings.catch_warnings(), pytest.raises(TypeError, match=name):
            warnings.simplefilter("ignore")  # whatever a program does about warnings
            use(t)
    with pytest.raises(TypeError, match="how many entries such a mask picks is known only when"):
        t[t.data > 1]
    with pytest.raises(NotImplementedError, match="fancy indexing"):
        t[da.arange(3), da.arange(3)]


def test_dask_counts_what_it_can_not_write() -> None:
    da = pytest.importorskip("dask.array")
    x = Tensor(da.ones(6, chunks=2, dtype=np.float32), requires_grad=True)
    y = ag.diag(x[[0, 0, 1, 2, 3, 4, 5]])
    assert y.dtype == np.float32
    ag.sum(y).backward()
    assert x.grad.dtype == np.float32 and x.grad.compute().tolist() == [2.0] + [1.0] * 5
