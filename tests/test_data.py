"""Data sets, mini-batches, and how good predictions are."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, from_numpy
from nn.data import DataLoader, Dataset, split
from nn.metrics import accuracy, confusion_matrix


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
        ten.x = ten.x[:5]  # type: ignore[misc]


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


@pytest.mark.parametrize("size", [0, -1, 2.5, "4", None])
def test_a_batch_size_that_is_none_is_refused(ten: Dataset, size: Any) -> None:
    with pytest.raises(ValueError, match=f"whole number of at least 1, but is {size!r}"):
        DataLoader(ten, size)


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


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 1.5, 0.01, 0.99, float("nan")])
def test_a_split_leaves_no_part_empty(ten: Dataset, fraction: float) -> None:
    with pytest.raises(ValueError, match="leaves one empty"):
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
