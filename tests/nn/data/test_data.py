"""Data sets, mini-batches, preparing samples, and how good predictions are."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, from_numpy
from nn.data.dataset import Dataset, split
from nn.data.loader import DataLoader
from nn.data.transforms import Normalize, RandomShift, one_hot
from nn.train.metrics import accuracy, confusion_matrix


@pytest.fixture
def ten() -> Dataset:
    return Dataset(np.arange(20.0).reshape(10, 2), np.arange(10))


def labels_of(loader: DataLoader) -> list[list[int]]:
    return [y.tolist() for _, y in loader]


# --- Dataset --------------------------------------------------------------------------------------


def test_an_integer_picks_a_sample_and_anything_else_a_part(ten: Dataset) -> None:
    x, y = ten[3]
    assert x.tolist() == [6.0, 7.0] and y == 3
    assert ten[-1][1] == 9
    for index in (slice(2, 4), [2, 3], np.array([2, 3]), (ten.y == 2) | (ten.y == 3)):
        part = ten[index]
        assert len(part) == 2 and part.y.tolist() == [2, 3] and part.x[:, 0].tolist() == [4, 6]


def test_a_slice_shares_memory(ten: Dataset) -> None:
    assert np.shares_memory(ten[2:5].x, ten.x)


def test_lists_become_arrays() -> None:
    data = Dataset([[1, 2], [3, 4]], [0.5, 1.5])
    assert repr(data) == "Dataset(x: (2, 2) int64, y: (2,) float64)"


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="x has 3 rows and y has 2"):
        Dataset(np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match="one sample per row"):
        Dataset(np.zeros(3), 1)


def test_a_part_out_of_range_is_refused(ten: Dataset) -> None:
    with pytest.raises(IndexError):
        ten[[10]]
    with pytest.raises(IndexError):
        ten[10]


def test_a_data_set_is_not_changed_by_accident(ten: Dataset) -> None:
    with pytest.raises(AttributeError):
        ten.x = ten.x[:5]


def test_copies_and_pickles(ten: Dataset) -> None:
    for other in (copy.deepcopy(ten), pickle.loads(pickle.dumps(ten))):
        assert np.array_equal(other.x, ten.x) and not np.shares_memory(other.x, ten.x)


# --- DataLoader -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("size", [1, 3, 4, 5, 9, 10, 11, 100])
def test_batches_are_counted_right(ten: Dataset, size: int, drop_last: bool, shuffle: bool) -> None:
    loader = DataLoader(ten, size, shuffle, drop_last, rng=0)
    lengths = [len(labels) for labels in labels_of(loader)]
    rest = [] if drop_last or 10 % size == 0 else [10 % size]
    assert lengths == [size] * (10 // size) + rest
    assert len(loader) == len(lengths)


def test_every_sample_comes_once_beside_its_label(ten: Dataset) -> None:
    seen = []
    for x, y in DataLoader(ten, 4, shuffle=True, rng=0):
        assert np.array_equal(x[:, 0], 2 * y)
        seen += y.tolist()
    assert sorted(seen) == list(range(10)) != seen


def test_each_pass_has_an_order_of_its_own_that_the_seed_decides(ten: Dataset) -> None:
    first, second = (DataLoader(ten, 4, shuffle=True, rng=5) for _ in range(2))
    passes = [labels_of(first) for _ in range(3)]
    assert passes[0] != passes[1] != passes[2]
    assert passes == [labels_of(second) for _ in range(3)]
    nn.manual_seed(5)
    assert passes[0] == labels_of(DataLoader(ten, 4, shuffle=True))
    rng = np.random.default_rng(5)
    assert passes[0] == labels_of(DataLoader(ten, 4, shuffle=True, rng=rng))


def test_numpys_global_generator_is_left_alone(ten: Dataset) -> None:
    before = np.random.get_state()[1].copy()  # type: ignore[index]
    labels_of(DataLoader(ten, 4, shuffle=True, rng=5))
    assert np.array_equal(before, np.random.get_state()[1])  # type: ignore[index]


def test_without_shuffling_nothing_is_copied_nor_can_be_changed(ten: Dataset) -> None:
    for x, y in DataLoader(ten, 4):
        assert np.shares_memory(x, ten.x) and np.shares_memory(y, ten.y)
        with pytest.raises(ValueError, match="read-only"):
            x += 1
    assert ten.x.flags.writeable


def test_a_shuffled_batch_is_an_array_of_its_own(ten: Dataset) -> None:
    before = ten.x.copy()
    for x, _ in DataLoader(ten, 4, shuffle=True, rng=0):
        x += 1
    assert np.array_equal(ten.x, before)


def test_no_samples_make_no_batches() -> None:
    loader = DataLoader(Dataset(np.zeros((0, 2)), np.zeros(0)), 4, shuffle=True)
    assert len(loader) == 0 and list(loader) == []


@pytest.mark.parametrize("size", [0, -1, 2.5, "4", True, np.nan, np.float64(4), [4]])
def test_a_batch_size_that_is_none_is_refused(ten: Dataset, size: Any) -> None:
    model = nn.Linear(2, 10)
    for use in (
        lambda: DataLoader(ten, size),
        lambda: nn.predict(model, ten.x, batch_size=size),
        lambda: nn.evaluate(model, ten, batch_size=size),
        lambda: nn.fit(model, ten, loss=nn.cross_entropy, epochs=1, batch_size=size,
                       optimizer=nn.SGD(model.parameters(), 0.1)),
    ):  # fmt: skip
        with pytest.raises((ValueError, TypeError), match="batch_size must be an integer >= 1"):
            use()


@pytest.mark.parametrize("size", [4, np.int64(4), np.array(4), np.uint8(4)], ids=repr)
def test_a_batch_size_may_be_any_integer(ten: Dataset, size: Any) -> None:
    model = nn.Linear(2, 3, rng=0)
    assert len(next(iter(DataLoader(ten, size)))[0]) == 4
    assert nn.predict(model, ten, batch_size=size).shape == (10, 3)


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_transform_changes_x_and_neither_y_nor_the_data(ten: Dataset, shuffle: bool) -> None:
    before = ten.x.copy()
    loader = DataLoader(ten, 4, shuffle, rng=0, transform=lambda x, rng: x + 100)
    for x, y in loader:
        assert np.array_equal(x[:, 0], 2 * y + 100)
    assert np.array_equal(ten.x, before)


def test_a_transform_draws_from_the_loaders_generator(ten: Dataset) -> None:
    def noisy(x: Any, rng: np.random.Generator) -> Any:
        return x + rng.random(x.shape)

    first, again = (DataLoader(ten, 4, shuffle=True, rng=5, transform=noisy) for _ in range(2))
    passes = [[x.tolist() for x, _ in first] for _ in range(2)]
    assert passes == [[x.tolist() for x, _ in again] for _ in range(2)]
    assert passes[0] != passes[1]


# --- preparing samples ----------------------------------------------------------------------------


def shifted(image: np.ndarray[Any, Any], down: int, right: int, fill: float) -> Any:
    """One image, moved pixel by pixel."""
    out = np.full_like(image, fill)
    for i, j in np.ndindex(image.shape):
        if 0 <= i + down < image.shape[0] and 0 <= j + right < image.shape[1]:
            out[i + down, j + right] = image[i, j]
    return out


@pytest.mark.parametrize("pixels", [0, 1, 2])
@pytest.mark.parametrize("fill", [0, 9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_images_are_shifted_by_every_distance(pixels: int, fill: float, dtype: Any) -> None:
    x = np.random.default_rng(0).integers(1, 9, (300, 5, 4)).astype(dtype)
    before, seen = x.copy(), set()
    found = RandomShift(pixels, fill)(x, rng=0)
    assert found.shape == x.shape and found.dtype == x.dtype
    assert np.array_equal(x, before) and not np.shares_memory(found, x)
    distances = range(-pixels, pixels + 1)
    for image, moved in zip(x, found, strict=True):
        seen |= {
            (down, right)
            for down in distances
            for right in distances
            if np.array_equal(moved, shifted(image, down, right, fill))
        }
    assert len(seen) == len(distances) ** 2


def test_flat_images_and_channels_are_shifted_alike() -> None:
    x = np.random.default_rng(0).random((50, 784))
    flat = RandomShift(3)(x, rng=1)
    assert flat.shape == x.shape
    image = RandomShift(3)(x.reshape(50, 1, 28, 28), rng=1)
    assert np.array_equal(flat.reshape(image.shape), image)
    assert np.array_equal(flat, RandomShift(3)(x.reshape(50, 28, 28), rng=1).reshape(50, 784))
    pair = RandomShift(3)(np.repeat(x.reshape(50, 1, 28, 28), 2, axis=1), rng=1)
    assert np.array_equal(pair[:, :1], image) and np.array_equal(pair[:, 1:], image)
    assert RandomShift(3)(x[:0]).shape == (0, 784)


def test_a_shift_may_be_larger_than_the_image() -> None:
    found = RandomShift(9, fill=5)(np.ones((1000, 1, 2)), rng=0).reshape(1000, 2)
    assert {tuple(image) for image in found.tolist()} == {(5, 5), (1, 5), (5, 1), (1, 1)}


def test_shifting_in_a_loader_is_seeded_and_anew_on_each_pass() -> None:
    data = Dataset(np.random.default_rng(0).random((10, 1, 6, 6), np.float32), np.arange(10))
    first, again = (DataLoader(data, 4, rng=7, transform=RandomShift(1)) for _ in range(2))
    passes = [np.concatenate([x for x, _ in first]) for _ in range(2)]
    assert not np.array_equal(*passes)
    assert np.array_equal(passes[0], np.concatenate([x for x, _ in again]))
    assert pickle.loads(pickle.dumps(first.transform)) == first.transform


@pytest.mark.parametrize("shape", [(), (4,), (3, 10), (1, 1, 1, 2, 2)])
def test_what_are_no_images_is_not_shifted(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"images are wanted.*got shape \("):
        RandomShift(1)(np.zeros(shape))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_normalised_has_mean_0_and_deviation_1(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(100, [1, 5, 0.1], (3000, 3)).astype(dtype)
    normalize = Normalize.fit(x)
    assert np.allclose(normalize.mean, x.mean(axis=0, dtype=np.float64), rtol=1e-6)
    assert np.allclose(normalize.std, x.std(axis=0, dtype=np.float64), rtol=1e-6)
    y = normalize(x)
    assert y.dtype == dtype
    assert np.allclose(y.mean(axis=0), 0, atol=1e-3) and np.allclose(y.std(axis=0), 1, atol=1e-3)


def test_the_test_part_is_normalised_as_the_training_part() -> None:
    train, test = (Dataset(np.random.default_rng(i).random((9, 2)) + i, range(9)) for i in (0, 1))
    normalize = Normalize.fit(train)
    assert np.array_equal(normalize(test).x, (test.x - train.x.mean(axis=0)) / train.x.std(axis=0))
    assert np.array_equal(normalize(test).y, test.y)
    assert normalize(test).x.mean() > 1


def test_normalising_over_other_axes() -> None:
    x = np.random.default_rng(0).normal(3, 2, (50, 2, 4, 4)) * np.array([1, 10])[:, None, None]
    x[:] = x[:1]  # all images are the same, but their pixels are not
    whole, by_channel = Normalize.fit(x, axis=None), Normalize.fit(x, axis=(0, -1, 2))
    assert whole.mean.shape == () and by_channel.std.shape == (1, 2, 1, 1)
    assert np.isclose(whole(x).std(), 1) and not np.isclose(whole(x)[:, 0].std(), 1)
    assert np.allclose(by_channel(x).std(axis=(0, 2, 3)), 1)
    assert np.array_equal(Normalize(0.5, 0.25)(np.float32([1, 0])), np.float32([2, -2]))
    assert np.isclose(whole(x.reshape(50, 32)), whole(x).reshape(50, 32)).all()


def test_what_never_changes_becomes_0() -> None:
    x = np.array([[7, 1, 0], [7, 2, 0], [7, 3, 0]], np.uint8)
    assert Normalize.fit(x)(x)[:, [0, 2]].tolist() == [[0, 0]] * 3
    assert (
        Normalize.fit(np.full((4, 2), 0.1, np.float32))(np.full((1, 2), 0.1, np.float32)).any() == 0
    )


@pytest.mark.parametrize(
    ("shape", "axis"), [((0, 3), 0), ((3, 2), 1), ((3, 2), -1), ((3, 2), 2), ((), None)]
)
def test_a_normalisation_that_makes_no_sense_is_refused(shape: Any, axis: Any) -> None:
    with pytest.raises(ValueError, match=r"needs samples and an axis|axis 2 is out of bounds"):
        Normalize.fit(np.zeros(shape), axis)


def test_one_hot() -> None:
    rows = one_hot([1, 0, 3])
    assert rows.dtype == np.float32
    assert rows.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
    assert one_hot(np.array([[1], [0]], np.uint8), 3, dtype=int).tolist() == [
        [[0, 1, 0]],
        [[1, 0, 0]],
    ]
    assert one_hot(2, 3).tolist() == [0, 0, 1]
    assert one_hot([], 3).shape == (0, 3) and one_hot([]).shape == (0, 0)


@pytest.mark.parametrize("wrong", [-1, 3])
def test_one_hot_names_a_label_out_of_range(wrong: int) -> None:
    with pytest.raises(ValueError, match=f"label {wrong} is not one of the 3 classes"):
        one_hot([0, wrong], 3)


def test_one_hot_of_fractions_is_refused() -> None:
    with pytest.raises(TypeError, match="must be integers, but are float64"):
        one_hot([0.0, 1.0])


# --- split ----------------------------------------------------------------------------------------


def test_split_parts_are_disjoint_and_complete(ten: Dataset) -> None:
    first, second = split(ten, 0.7, rng=0)
    assert len(first) == 7
    assert sorted([*first.y, *second.y]) == list(range(10))
    assert np.array_equal(first.x[:, 0], 2 * first.y)
    again, _ = split(ten, 0.7, rng=0)
    other, _ = split(ten, 0.7, rng=1)
    assert np.array_equal(first.y, again.y) and not np.array_equal(first.y, other.y)


def test_a_stratified_split_shares_out_each_class() -> None:
    labels = np.repeat([7, 1, 4], [60, 30, 10])
    first, second = split(Dataset(np.arange(100), labels), 0.8, rng=0, stratify=True)
    assert np.unique(first.y, return_counts=True)[1].tolist() == [24, 8, 48]
    assert np.unique(second.y, return_counts=True)[1].tolist() == [6, 2, 12]
    assert np.array_equal(labels[first.x], first.y)
    other, _ = split(Dataset(np.arange(100), labels), 0.8, rng=1, stratify=True)
    assert not np.array_equal(first.x, other.x)


@pytest.mark.parametrize("fraction", [0.01, 0.99, np.float32(0.01)])
def test_a_split_leaves_no_part_empty(ten: Dataset, fraction: float) -> None:
    with pytest.raises(ValueError, match="leaves one empty"):
        split(ten, fraction, rng=0)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 1.5, float("nan"), "0.5", None, 5, [0.5]])
def test_a_fraction_is_between_0_and_1(ten: Dataset, fraction: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="fraction must be a number > 0 and < 1"):
        split(ten, fraction, rng=0)


# --- metrics --------------------------------------------------------------------------------------


def test_accuracy_of_logits_and_of_labels() -> None:
    logits = np.array([[0.0, 1.0, 2.0], [5.0, 1.0, 2.0], [-1.0, -3.0, -2.0], [0.0, 1.0, 0.0]])
    labels = np.array([2, 0, 1, 1])
    assert accuracy(logits, labels) == 0.75
    assert accuracy(logits.argmax(axis=1), labels) == 0.75
    assert accuracy(Tensor(logits, requires_grad=True), from_numpy(labels)) == 0.75


@pytest.mark.parametrize(
    ("predicted", "labels"),
    [
        (np.zeros((4, 1), int), np.zeros(4, int)),
        (np.zeros(4, int), np.zeros((4, 1), int)),
        (np.zeros((4, 3)), np.zeros((4, 3), int)),
        (np.zeros((4, 3)), np.zeros(3, int)),
        (np.zeros((4, 3, 2)), np.zeros(4, int)),
        (np.zeros(()), np.zeros(())),
    ],
)
def test_shapes_that_do_not_fit_are_refused(predicted: Any, labels: Any) -> None:
    with pytest.raises(ValueError, match=r"predictions of shape"):
        accuracy(predicted, labels)
    with pytest.raises(ValueError, match=r"predictions of shape"):
        confusion_matrix(predicted, labels, 3)


def test_labels_that_are_no_integers_are_refused() -> None:
    with pytest.raises(TypeError, match="must be integers, but are float64"):
        accuracy([0.3, 0.8], [0, 1])
    with pytest.raises(TypeError, match="must be integers"):
        accuracy([[0.3, 0.8]], [1.0])


def test_the_accuracy_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        accuracy(np.zeros((0, 3)), np.zeros(0, int))


def test_confusion_matrix_has_true_classes_in_rows() -> None:
    matrix = confusion_matrix([1, 1, 0, 2], [0, 0, 0, 2], classes=4)
    assert matrix.tolist() == [[1, 2, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert matrix.dtype == np.int64
    bytes_ = np.array([200, 201], np.uint8)
    assert confusion_matrix(bytes_, bytes_, classes=256)[201, 201] == 1


@pytest.mark.parametrize("wrong", [-1, 3])
def test_confusion_matrix_names_a_label_out_of_range(wrong: int) -> None:
    with pytest.raises(ValueError, match=f"label {wrong} is not one of the 3 classes"):
        confusion_matrix([0, wrong], [0, 1], classes=3)
    with pytest.raises(ValueError, match=f"label {wrong} is not one of the 3 classes"):
        confusion_matrix([0, 1], [0, wrong], classes=3)


@pytest.mark.parametrize("shape", [(64, 16), (64, 4, 4), (64, 2, 4, 4)])
def test_images_are_mirrored_whole_and_at_random(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    y = nn.RandomFlip()(x, rng=1)
    assert y.shape == x.shape and y.dtype == x.dtype
    images, flipped = x.reshape(64, -1, 4, 4), y.reshape(64, -1, 4, 4)
    mirrored = [bool((b == a[..., ::-1]).all()) for a, b in zip(images, flipped)]
    same = [bool((b == a).all()) for a, b in zip(images, flipped)]
    assert all(m != s for m, s in zip(mirrored, same))
    assert 20 < sum(mirrored) < 44
    np.testing.assert_array_equal(y, nn.RandomFlip()(x, rng=1))
    np.testing.assert_array_equal(nn.RandomFlip(0.0)(x), x)


def test_a_chain_applies_its_transforms_in_order() -> None:
    chain = nn.Chain(lambda x, rng: x + 1, lambda x, rng: x * rng.integers(2, 3))
    assert chain(np.array([1.0, 2.0]), rng=0).tolist() == [4.0, 6.0]
