"""Data sets of one's own, samples one by one, and batches: in loaders, fit, evaluate, predict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tables import TABLES

import nn
from autograd import Tensor
from nn.data.dataset import Subset

X = np.random.default_rng(0).normal(size=(10, 2)).astype(np.float32)
Y = np.arange(10) % 3


class Mine:
    """A data set as PyTorch has it, of the first `n` samples."""

    def __init__(self, n: int = 10, sample: Callable[[int], Any] = lambda i: (X[i], int(Y[i]))):
        self.n, self.sample = n, sample
        self.read: list[int] = []

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Any:
        assert type(i) is int
        self.read.append(i)
        return self.sample(i)


class Inherited(nn.Dataset):
    """The same, derived from `nn.Dataset` without its arrays."""

    def __init__(self) -> None:
        self.x = "a file's name"  # type: ignore[assignment]

    def __len__(self) -> int:
        return 10

    def __getitem__(self, i: Any) -> Any:
        return X[i].tolist(), np.uint8(Y[i])


class Changed(nn.Dataset):
    """One that changes the arrays that it holds: all `x` are 7."""

    def __init__(self) -> None:
        super().__init__(X, Y)

    def __getitem__(self, i: Any) -> Any:
        x, y = super().__getitem__(i)
        return x * 0 + 7, y


class Foreign:
    """Another library's tensor: numbers that only `np.asarray` gets out."""

    def __init__(self, numbers: Any) -> None:
        self.numbers = numbers

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.numbers, dtype)


class Epochs:
    """Batches that start anew in each epoch; how many there are is not known."""

    def __init__(self, make: Callable[[Any], Any] = lambda x: x) -> None:
        self.make = make

    def __iter__(self) -> Iterator[Any]:
        return ([self.make(X[i : i + 4]), self.make(Y[i : i + 4])] for i in range(0, 10, 4))


class CountedEpochs(Epochs):
    def __len__(self) -> int:
        return 3


SAMPLES = {
    "object": Mine(),
    "subclass": Inherited(),
    "list": list(zip(X, Y.tolist())),
    "list of lists": [[x.tolist(), int(y)] for x, y in zip(X, Y)],
    "tuple": tuple(zip(X, Y)),
    "foreign": Mine(sample=lambda i: (Foreign(X[i]), int(Y[i]))),
    "tensors": Mine(sample=lambda i: (Tensor(X[i]), Y[i])),
    "arrays of one number": Mine(sample=lambda i: [X[i], np.array(Y[i])]),
    "subset": Subset(Mine(), np.arange(10)),
}
BATCHES = {
    "list": list(Epochs()),
    "tuple": tuple(Epochs()),
    "iterable": Epochs(),
    "counted": CountedEpochs(),
    "foreign": Epochs(Foreign),
    "lists": Epochs(lambda x: x.tolist()),
    "loader": nn.DataLoader((X, Y), 4),
    "loader of batches": nn.DataLoader(list(Epochs()), batch_size=None),
}


def net() -> nn.Module:
    return nn.Linear(2, 3, rng=0)


def learn(data: Any, model: nn.Module | None = None, **options: Any) -> nn.History:
    model = model or net()
    given = {"loss": nn.cross_entropy, "epochs": 2, "batch_size": 4} | options
    return nn.fit(model, data, optimizer=nn.SGD(model.parameters(), lr=0.1), **given)


# --- samples --------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_samples_are_stacked_as_arrays_are_cut(data: Any) -> None:
    for options in ({}, {"shuffle": True, "rng": 0}, {"drop_last": True}):
        wanted = list(nn.DataLoader((X, Y), 4, **options))
        found = list(nn.DataLoader(data, 4, **options))
        assert len(found) == len(wanted) == len(nn.DataLoader(data, 4, **options))
        for (x, y), (x_wanted, y_wanted) in zip(found, wanted):
            np.testing.assert_array_equal(x, x_wanted)
            np.testing.assert_array_equal(y, y_wanted)
            assert x.dtype.kind == "f" and y.dtype.kind in "iu"


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_samples_train_and_are_evaluated_as_arrays(data: Any) -> None:
    wanted = learn((X, Y), validation=(X, Y), seed=0)
    found = learn(data, validation=data, seed=0)
    assert found.steps["accuracy"] == wanted.steps["accuracy"]
    for name, column in wanted.epochs.items():
        assert found.epochs[name] == pytest.approx(column, rel=1e-5), name
    scores = nn.evaluate(net(), (X, Y), nn.cross_entropy)
    assert nn.evaluate(net(), data, nn.cross_entropy, batch_size=3) == pytest.approx(scores)


@pytest.mark.parametrize("name", ["object", "subclass", "foreign", "subset", "list"])
def test_inputs_of_samples_are_predicted(name: str) -> None:
    for data in (SAMPLES[name], nn.DataLoader(SAMPLES[name], 4)):
        found = nn.predict(net(), data, batch_size=4)
        np.testing.assert_allclose(found, nn.predict(net(), X), rtol=1e-6)


def test_each_sample_is_read_once_per_epoch() -> None:
    data = Mine()
    learn(data, epochs=3)
    assert sorted(data.read) == sorted([*range(10)] * 3)


def test_a_subclass_that_changes_its_samples_is_heeded_everywhere() -> None:
    data, sevens = Changed(), np.full((10, 2), 7, np.float32)
    seen: list[Any] = []

    class Look(nn.Module):
        def __init__(self) -> None:
            self.inner = net()

        def forward(self, x: Any) -> Any:
            seen.append(x)
            return self.inner(x)

    first, second = nn.split(data, 0.5, rng=0)
    stratified, _ = nn.split(data, 0.6, rng=0, stratify=True)
    for use in (
        lambda: list(nn.DataLoader(data, 3)),
        lambda: learn(data, Look(), validation=data),
        lambda: nn.evaluate(Look(), data),
        lambda: nn.predict(Look(), data),
        lambda: nn.predict(Look(), first),
        lambda: learn(stratified, Look(), validation=second),
    ):
        seen.extend(x for x, _ in use() or ()) if use.__code__.co_names[0] == "list" else use()
    assert seen and all((x == 7).all() for x in seen)
    np.testing.assert_array_equal(data.to(np).x, sevens)
    assert nn.data.transforms.Normalize.fit(data).mean.tolist() == [[7, 7]]
    assert (nn.data.transforms.Normalize(7, 1)(data).x == 0).all()
    assert repr(data) == "Changed(10 samples)"


@pytest.mark.parametrize("name", ["object", "subclass", "subset"])
def test_samples_are_normalised(name: str) -> None:
    normalize = nn.data.transforms.Normalize.fit(SAMPLES[name])
    wanted = nn.data.transforms.Normalize.fit(X)
    np.testing.assert_allclose(normalize.mean, wanted.mean, rtol=1e-5)
    found = normalize(SAMPLES[name])
    np.testing.assert_allclose(found.x, wanted(X), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(found.y, Y)


def test_a_subclass_that_only_adds_something_stays_as_fast() -> None:
    class Named(nn.Dataset):
        name = "ten"

    data = Named(X, Y)
    batch = next(iter(nn.DataLoader(data, 4)))[0]
    assert np.shares_memory(batch, X) and repr(data).startswith("Named(x: (10, 2) float32")

    class Fewer(Named):
        def __len__(self) -> int:
            return 5

    assert [len(x) for x, _ in nn.DataLoader(Fewer(X, Y), 4)] == [4, 1]


def test_split_reads_no_sample_before_it_is_asked_for() -> None:
    data = Mine()
    first, second = nn.split(data, 0.7, rng=0)
    assert not data.read and (len(first), len(second)) == (7, 3)
    assert repr(first) == "Subset(7 of 10 samples)"
    assert sorted([first[i][1] for i in range(7)] + [second[i][1] for i in range(3)]) == sorted(Y)
    assert [int(y) for _, y in (first[-1], first[1:3][0], first[[2]][0])] == [
        int(Y[data.read[i]]) for i in (-3, -2, -1)
    ]
    arrays, _ = nn.split(nn.Dataset(X, Y), 0.7, rng=0)
    np.testing.assert_array_equal(arrays.y, [first[i][1] for i in range(7)])
    stratified, _ = nn.split(Mine(9), 2 / 3, rng=0, stratify=True)
    assert sorted(stratified[i][1] for i in range(6)) == [0, 0, 1, 1, 2, 2]


def test_a_transform_sees_batches_of_samples() -> None:
    def scaled(x: Any, rng: np.random.Generator) -> Any:
        return 10 * x

    wanted = next(iter(nn.DataLoader((X, Y), 4, transform=scaled)))[0]
    np.testing.assert_array_equal(next(iter(nn.DataLoader(Mine(), 4, transform=scaled)))[0], wanted)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (Mine(sample=lambda i: X[i]), TypeError, r"sample 0 must be a pair \(x, y\), but got an"),
        (Mine(sample=lambda i: None), TypeError, r"sample 0 must be a pair \(x, y\), but got None"),
        (Mine(sample=lambda i: (X[i], 1, 2)), TypeError, "sample 0 must be a pair"),
        (Mine(sample=lambda i: {"x": 1, "y": 2}), TypeError, "sample 0 must be a pair .* got {'x'"),
        (Mine(sample=lambda i: (X[i], None)), TypeError, "y of sample 0 must hold real num"),
        (Mine(sample=lambda i: (X[i], "cat")), TypeError, "y of sample 0 must .* np.unique"),
        (Mine(sample=lambda i: ({"a": 1}, 0)), TypeError, "x of sample 0 must hold real numbers"),
        (Mine(sample=lambda i: ([[1], [2, 3]], 0)), ValueError, "x of sample 0 must be an array"),
        (Mine(sample=lambda i: (np.ones(2 + i // 2), 0)), ValueError,
         r"x of sample 0 has shape \(2,\), and x of sample 2 has shape \(3,\)"),
        (Mine(sample=lambda i: (X[i], np.ones(1 + i // 3))), ValueError,
         r"y of sample 0 has shape \(1,\), and y of sample 3 has shape \(2,\)"),
        (Mine(11), IndexError, "sample 8|sample 10 of 11 can't be read"),
        ([(1, 2), 3], TypeError, "sample 1 must be a pair"),
        (Mine(0), ValueError, "at least one (batch|sample), but there are"),
        ([], ValueError, "at least one (batch|sample), but there are"),
    ],
)  # fmt: skip
def test_samples_that_are_none_are_named(data: Any, error: type[Exception], message: str) -> None:
    options = {"batch_size": 20, "loss": nn.cross_entropy}
    model = net()
    uses: list[Callable[[], Any]] = [
        lambda: nn.evaluate(model, data, **options),
        lambda: nn.fit(model, nn.DataLoader(data, 20), loss=nn.cross_entropy, epochs=1,
                       optimizer=nn.SGD(model.parameters(), 0.1)),
        lambda: nn.predict(model, nn.DataLoader(data, 20)),
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(error, match=message):
            use()


# --- batches --------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", BATCHES.values(), ids=BATCHES)
def test_batches_train_and_are_evaluated(data: Any) -> None:
    wanted = learn(nn.DataLoader((X, Y), 4), validation=(X, Y))
    found = learn(data, validation=data)
    assert len(found.step_loss) == 6
    for name, column in wanted.epochs.items():
        assert found.epochs[name] == pytest.approx(column, rel=1e-5), name
    scores = nn.evaluate(net(), (X, Y), nn.cross_entropy)
    assert nn.evaluate(net(), data, nn.cross_entropy) == pytest.approx(scores)
    np.testing.assert_allclose(nn.predict(net(), data), nn.predict(net(), X), rtol=1e-6)


def test_batches_of_inputs_are_predicted() -> None:
    found = nn.predict(net(), (X[i : i + 4] for i in range(0, 10, 4)))
    np.testing.assert_allclose(found, nn.predict(net(), X), rtol=1e-6)


def test_batches_are_begun_once_per_epoch() -> None:
    """An `__iter__` may draw numbers, or open something."""

    class Counted:
        begun = 0

        def __iter__(self) -> Any:
            self.begun += 1
            return iter([(X, Y)])

    data = Counted()
    learn(data, epochs=3)
    assert data.begun == 3


def test_batches_that_come_only_once() -> None:
    assert len(learn(iter(Epochs()), epochs=1).step_loss) == 3
    assert nn.evaluate(net(), iter(Epochs()))["accuracy"] >= 0
    for options in ({"data": iter(Epochs())}, {"data": (X, Y), "validation": iter(Epochs())}):
        with pytest.raises(ValueError, match="anew in each of 2 epochs, but got an iterator"):
            learn(**options)


def test_batches_that_run_out() -> None:
    class Exhausted:
        def __init__(self) -> None:
            self.rest = iter(Epochs())

        def __iter__(self) -> Iterator[Any]:
            yield from self.rest

    with pytest.raises(ValueError, match="no batch in epoch 2; an iterable .* start anew"):
        learn(Exhausted())


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        (X, TypeError, r"batch 1 must be a pair \(x, y\), but got an array of shape \(10, 2\)"),
        ((X, Y, Y), TypeError, "batch 1 must be a pair"),
        ((X, Y[:3]), ValueError, r"batch 1 must be equally long, .* \(10, 2\) and \(3,\)"),
        ((X, 1), ValueError, r"batch 1 must be equally long, .* \(10, 2\) and \(\)"),
        ((X, ["a"] * 10), TypeError, "y of batch 1 must hold real numbers"),
    ],
)
def test_batches_that_are_none_are_named(batch: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        learn([(X, Y), batch])


@pytest.mark.parametrize(
    "data", [None, 3, "x", b"x", X, {"x": X, "y": Y}, Foreign(X), nn.Dataset, Tensor(X)], ids=type
)
def test_what_is_no_data_is_refused_by_name(data: Any) -> None:
    model = net()
    before = model.state_dict()
    uses: dict[str, Callable[[], Any]] = {
        "data": lambda: learn(data, model),
        "validation": lambda: data is not None and learn((X, Y), model, validation=data),
    }
    for name, use in uses.items():
        if name == "validation" and data is None:
            continue
        with pytest.raises(TypeError, match=f"{name} must be a Dataset, a pair"):
            use()
    for other in (lambda: nn.DataLoader(data), lambda: nn.split(data, 0.5),
                  lambda: nn.evaluate(model, data)):  # fmt: skip
        with pytest.raises(TypeError, match="data must be a Dataset, a pair"):
            other()
    assert all((x == before[name]).all() for name, x in model.state_dict().items())


@pytest.mark.parametrize(
    "x",
    [None, 3, "x", {"x": X}, [["a"]], [object()]],
    ids=["None", "number", "text", "dict", "texts", "objects"],
)
def test_what_is_no_input_is_refused(x: Any) -> None:
    with pytest.raises(TypeError, match="x must hold (real numbers|one sample per row)"):
        nn.predict(net(), x)


def test_ambiguous_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match="shuffle=False"):
        nn.predict(net(), nn.DataLoader((X, Y), shuffle=True))
    with pytest.raises(TypeError, match="inputs alone, but got a pair"):
        nn.predict(net(), (X, Y))
    with pytest.raises(TypeError, match=r"data is a list of two arrays; pass a pair: \(x, y\)"):
        learn([X, Y])
    with pytest.raises(ValueError, match="batch 0 must be .* for samples, pass a list of them"):
        learn(zip(X, Y), epochs=1)
    assert nn.predict(net(), (X[0], X[1])).shape == (2, 3)


# --- arrays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("frame", "series"), TABLES)
def test_tables_of_pandas_are_arrays(frame: Any, series: Any) -> None:
    x, y, model = frame(X), series(Y), net()
    np.testing.assert_array_equal(nn.Dataset(x, y).x, X)
    np.testing.assert_allclose(nn.predict(model, x), nn.predict(model, X), rtol=1e-6)
    scores = nn.evaluate(model, (X, Y), nn.cross_entropy)
    assert nn.evaluate(model, (x, y), nn.cross_entropy) == pytest.approx(scores)
    wanted = learn((X, Y), validation=(X, Y), seed=0)
    found = learn((x, y), validation=(x, y), seed=0)
    assert found.loss == pytest.approx(wanted.loss)
    assert len(next(iter(nn.DataLoader((x, y), 4)))[1]) == 4
    first, _ = nn.split((x, y), 0.7, rng=0, stratify=True)
    assert len(first) == 7
    assert nn.data.transforms.Normalize.fit(x)(x).shape == (10, 2)
    np.testing.assert_array_equal(nn.data.transforms.one_hot(y, 3), np.eye(3)[Y])
    images = frame(np.arange(8.0).reshape(2, 4))
    for transform in (nn.RandomFlip(1.0), nn.RandomShift(1), nn.Chain(nn.RandomFlip(1.0))):
        np.testing.assert_array_equal(
            transform(images, 0), transform(np.arange(8.0).reshape(2, 4), 0)
        )
    assert nn.Dataset(frame(X[:0]), series(Y[:0])).x.shape == (0, 2)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.array([["a", "b"]] * 10), TypeError, "x must hold real numbers, but got <U1, shape"),
        (np.array([[1, None]] * 10), TypeError, "x must hold real numbers, but got None among"),
        ([[10**30, 1]] * 10, TypeError, "x must hold real numbers, but got 1000000"),
        (np.ones((10, 2), complex), TypeError, "x must hold real numbers, but got complex128"),
        (np.zeros((10, 2), "M8[s]"), TypeError, "x must hold real numbers, but got datetime64"),
        ([[1.0, 2.0]] * 9 + [[1.0]], ValueError, "x must be an array, but its rows differ"),
        (np.ma.masked_less(X, 0), ValueError, "x has masked entries"),
    ],
    ids=["text", "None", "large", "complex", "dates", "ragged", "masked"],
)  # fmt: skip
def test_arrays_of_something_else_are_refused(x: Any, error: type[Exception], message: str) -> None:
    for use in (lambda: nn.Dataset(x, Y), lambda: nn.predict(net(), x), lambda: learn((x, Y))):
        with pytest.raises(error, match=message):
            use()


def test_class_names_are_refused_with_a_way_out() -> None:
    with pytest.raises(TypeError, match=r"y must hold real numbers, .* np\.unique\(names"):
        learn((X, ["cat"] * 10))


@pytest.mark.parametrize(
    "index", [None, 1.5, "0", True, (0, 1), [[0]], [0.5], ..., np.ones((2, 2), bool)], ids=str
)
def test_an_index_that_is_none_is_refused(index: Any) -> None:
    for data in (nn.Dataset(X, Y), Subset(Mine(), np.arange(10))):
        with pytest.raises(IndexError, match="indexed by an integer, a slice, or an array"):
            data[index]


def test_indices_of_every_integer_type() -> None:
    data = nn.Dataset(X, Y)
    for index in (3, np.int64(3), np.uint8(3), np.array(3), -7):
        assert data[index][1] == Y[3] and data[index][0].shape == (2,)
    assert len(data[[]]) == 0 and len(data[np.array([True] * 3 + [False] * 7)]) == 3
    for beyond in (10, -11, np.int64(10), [0, 10]):
        with pytest.raises(IndexError, match="out of bounds"):
            data[beyond]
