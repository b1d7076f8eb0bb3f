"""Loading data sets, and refusing damaged files. The IDX files here are written by the tests."""

from __future__ import annotations

import gzip
import os
import struct
import sys
import tracemalloc
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.data import files
from nn.data.files import FILES, Published, PublishedFile
from nn.data.idx import digest, read_idx
from nn.data.sets import load
from nn.layers.conv import Conv2d

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(array: np.ndarray[Any, Any]) -> bytes:
    """An array as the content of an IDX file."""
    code = CODES[array.dtype.str[1:]]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_set(folder: Path, train: int = 6, test: int = 4, zipped: bool = True) -> None:
    """A small data set in the form of MNIST."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(train)
    for prefix, count in (("train", train), ("t10k", test)):
        images = rng.integers(0, 256, (count, 28, 28), np.uint8)
        labels = rng.integers(0, 10, count, np.uint8)
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            content = idx(array)
            file = folder / f"{prefix}-{name}-ubyte{'.gz' if zipped else ''}"
            file.write_bytes(gzip.compress(content) if zipped else content)


def published_in(folder: Path, mirrors: tuple[str, ...] = ()) -> Published:
    """The data set in a folder, of `.gz` files, as one that these mirrors publish."""

    def described(path: Path) -> PublishedFile:
        zipped = path.read_bytes()
        content = gzip.decompress(zipped)
        return PublishedFile(len(zipped), sha256(zipped).hexdigest(), sha256(content).hexdigest())

    return Published(mirrors, tuple(described(folder / f"{file}.gz") for file in FILES))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, no NAPKINGRAD_DATA, and nobody to download from."""
    for name, published in list(files.PUBLISHED.items()):
        monkeypatch.setitem(files.PUBLISHED, name, published._replace(mirrors=()))
    monkeypatch.delenv("NAPKINGRAD_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "napkingrad"


# --- IDX ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", CODES)
@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (2, 3, 4), (0,), (3, 0)])
@pytest.mark.parametrize("zipped", [False, True])
def test_every_type_and_shape_is_read(
    tmp_path: Path, dtype: str, shape: tuple[int, ...], zipped: bool
) -> None:
    array = np.array(np.random.default_rng(0).normal(0, 50, shape).round(), dtype)
    content = idx(array)
    file = tmp_path / "numbers"
    file.write_bytes(gzip.compress(content) if zipped else content)
    found = read_idx(file)
    assert found.shape == shape and found.dtype == array.dtype and found.dtype.isnative
    assert np.array_equal(found, array)


def damage(content: bytes) -> dict[str, tuple[bytes, str]]:
    """What can be wrong with a file, and what should be said about it."""
    zipped = gzip.compress(content)
    return {
        "empty": (b"", "no IDX file"),
        "short magic": (content[:3], "no IDX file"),
        "text": (b"<html>403 Forbidden</html>", r"no IDX file.*starts with b'<htm'"),
        "text, zipped": (gzip.compress(b"<html>"), "no IDX file"),
        "unknown type": (b"\0\0\x07\x01" + content[4:], "no IDX file"),
        "header cut": (content[:9], "cut short in its header"),
        "content cut": (content[:-1], "should hold 24 bytes.*but holds only 23"),
        "too long": (content + b"\0", "should hold 24 bytes.*but holds more"),
        "content cut, zipped": (gzip.compress(content[:-1]), "but holds only 23"),
        "too long, zipped": (gzip.compress(content + b"\0"), "but holds more"),
        "zip cut": (zipped[:-12], "can't be decompressed"),
        "zip cut in its header": (zipped[:5], "can't be decompressed"),
        "zip's checksum cut": (zipped[:-6], "can't be decompressed"),
        "zip's checksum wrong": (zipped[:-8] + b"\1\2\3\4" + zipped[-4:], "can't be decompressed"),
        "zip's content damaged": (zipped[:10] + b"\xff" * 9 + zipped[19:], "can't be decompressed"),
        "rubbish after the zip": (zipped + b"rubbish", "can't be decompressed"),
        "huge": (b"\0\0\x0e\x03" + b"\xff" * 12, "holds only 0"),
        "huge, zipped": (gzip.compress(b"\0\0\x0e\xff" + b"\xff" * 1020 + b"\0"), "more than the"),
    }


@pytest.mark.parametrize("what", damage(b""))
def test_a_damaged_file_is_named(tmp_path: Path, what: str) -> None:
    content, message = damage(idx(np.arange(24, dtype="u1").reshape(2, 3, 4)))[what]
    file = tmp_path / "numbers-idx3-ubyte.gz"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        read_idx(file)
    assert str(file) in str(error.value)
    assert "delete it and get it again" in str(error.value)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_header_that_promises_much_takes_no_memory(tmp_path: Path, zipped: bool) -> None:
    content = b"\0\0\x08\x01" + struct.pack(">I", 2**32 - 1) + bytes(1000)
    file = tmp_path / "huge"
    file.write_bytes(gzip.compress(content) if zipped else content)
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than the" if zipped else "only 1000"):
        read_idx(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_idx(tmp_path / "nowhere")


# --- MNIST's four files ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("zipped", [False, True])
def test_four_files_make_two_parts(tmp_path: Path, name: str, zipped: bool) -> None:
    write_set(tmp_path, zipped=zipped)
    train, test = load(name, tmp_path, verify=False)
    assert repr(train) == "Dataset(x: (6, 784) float32, y: (6,) int64)"
    assert repr(test) == "Dataset(x: (4, 784) float32, y: (4,) int64)"
    assert train.x.min() >= 0 and train.x.max() == 1  # 4704 random bytes contain a 255
    raw = read_idx(files.find_files(name, tmp_path)[FILES[0]])
    assert np.array_equal(train.x, (raw.reshape(6, 784) / np.float32(255)).astype(np.float32))
    unflattened, _ = load(name, tmp_path, flatten=False, verify=False)
    assert unflattened.x.shape == (6, 1, 28, 28)
    assert np.array_equal(unflattened.x.reshape(6, 784), train.x)
    assert Conv2d(1, 2, 5)(unflattened.x).shape == (6, 2, 24, 24)


def test_where_files_are_looked_for(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(cache / "mnist", train=3)
    write_set(cache / "fashion-mnist", train=4)
    assert len(load("mnist", verify=False)[0]) == 3
    assert len(load("fashion-mnist", verify=False)[0]) == 4
    monkeypatch.setenv("NAPKINGRAD_DATA", str(tmp_path / "data"))
    assert len(load("mnist", verify=False)[0]) == 3  # nothing there: on to the cache
    write_set(tmp_path / "data" / "mnist", train=5)
    assert len(load("mnist", verify=False)[0]) == 5
    write_set(tmp_path / "here", train=6)
    assert len(load("mnist", directory=str(tmp_path / "here"), verify=False)[0]) == 6


def test_without_xdg_the_cache_is_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("NAPKINGRAD_DATA", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert files.folders("mnist") == [tmp_path / ".cache" / "napkingrad" / "mnist"]


@pytest.mark.parametrize("downloading", [False, True])
def test_missing_files_say_where_they_were_looked_for(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, downloading: bool
) -> None:
    if downloading:
        pytest.importorskip("pooch")
    monkeypatch.setenv("NAPKINGRAD_DATA", str(tmp_path / "data"))
    write_set(tmp_path / "data" / "mnist")
    (tmp_path / "data" / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError) as error:
        load("mnist", download=downloading, verify=False)
    message = str(error.value)
    assert f"{tmp_path / 'data' / 'mnist'} (no t10k-labels-idx1-ubyte)" in message
    assert f"{cache / 'mnist'} (no train-images-idx3-ubyte)" in message
    assert "NAPKINGRAD_DATA" in message and "\n" not in message
    with pytest.raises(FileNotFoundError, match=r"Looked in \S+here \(no") as error:
        load("mnist", tmp_path / "here", verify=False)
    assert str(cache) not in str(error.value)


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(idx(np.zeros(5, "u1")))
    with pytest.raises(ValueError, match=r"train-images.* has 6 images.*train-labels.* 5 labels"):
        load("mnist", tmp_path, verify=False)


@pytest.mark.parametrize(
    ("file", "array", "message"),
    [
        (0, np.zeros((6, 32, 32), "u1"), r"images of 28x28 bytes, but holds uint8 .*\(6, 32, 32\)"),
        (0, np.zeros((6, 28, 28), "f4"), "images of 28x28 bytes, but holds float32"),
        (0, np.zeros(6, "u1"), "images of 28x28 bytes"),
        (1, np.zeros((6, 28, 28), "u1"), r"one byte per label, but holds uint8 .*\(6, 28, 28\)"),
        (1, np.zeros(6, "i4"), "one byte per label, but holds int32"),
        (3, np.array([0, 9, 10, 3], "u1"), "labels from 0 to 9, but has a 10"),
    ],
)
def test_a_file_with_something_else_in_it_is_named(
    tmp_path: Path, file: int, array: np.ndarray[Any, Any], message: str
) -> None:
    write_set(tmp_path, zipped=False)
    (tmp_path / FILES[file]).write_bytes(idx(array))
    with pytest.raises(ValueError, match=f"{FILES[file]} should hold {message}"):
        load("mnist", tmp_path, verify=False)


# --- damage, and other data -----------------------------------------------------------------------


@pytest.fixture
def as_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Path], None]:
    """Takes the files in a folder for the published ones of a data set."""

    def publish(name: str, folder: Path) -> None:
        monkeypatch.setitem(files.PUBLISHED, name, published_in(folder))

    return publish


@pytest.mark.parametrize("where", ["directory", "NAPKINGRAD_DATA", "cache"])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_flipped_bit_never_loads_as_other_numbers(
    zipped: bool,
    where: str,
    tmp_path: Path,
    cache: Path,
    as_published: Callable[[str, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_set(tmp_path / "published")
    as_published("mnist", tmp_path / "published")
    folder = {"cache": cache, "NAPKINGRAD_DATA": tmp_path / "data"}.get(where, tmp_path) / "mnist"
    if where == "NAPKINGRAD_DATA":
        monkeypatch.setenv("NAPKINGRAD_DATA", str(tmp_path / "data"))
    write_set(folder, zipped=zipped)
    read = partial(load, "mnist", folder if where == "directory" else None)
    right = [(part.x.tobytes(), part.y.tobytes()) for part in read()]
    rng, refused = np.random.default_rng(0), []
    for path in sorted(folder.iterdir()):
        good = path.read_bytes()
        for at in {*range(64), *rng.integers(0, 8 * len(good), 100).tolist()}:
            damaged = bytearray(good)
            damaged[at // 8] ^= 1 << at % 8
            path.write_bytes(damaged)
            try:
                found = [(part.x.tobytes(), part.y.tobytes()) for part in read()]
            except ValueError as error:
                refused.append((path.name, str(error)))
            else:  # the bit was in a field of gzip's header that changes nothing
                assert zipped and found == right
        path.write_bytes(good)
    assert len(refused) > 400
    assert all(str(folder / name) in message for name, message in refused)
    assert all("get it again" in x or "get both again" in x for _, x in refused)


def test_files_of_another_set_under_the_same_names_are_refused(
    tmp_path: Path, as_published: Callable[[str, Path], None]
) -> None:
    digits, garments = tmp_path / "digits", tmp_path / "garments"
    for name, folder, count in (("mnist", digits, 6), ("fashion-mnist", garments, 7)):
        write_set(folder, train=count)
        as_published(name, folder)
    assert len(load("fashion-mnist", garments)[0]) == 7
    with pytest.raises(
        ValueError, match=r"train-images\S+ is not the .* of fashion-mnist.*verify=F"
    ):
        load("fashion-mnist", digits)
    assert len(load("fashion-mnist", digits, verify=False)[0]) == 6


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"verify": "no"}, "verify must be True or False, but got 'no'"),
        ({"directory": b"data"}, "directory must be a str or a path, but got b'data'"),
        ({"directory": 3}, "directory must be a str or a path, but got 3"),
    ],
    ids=str,
)
def test_options_of_the_wrong_kind_are_named(option: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        load("mnist", **option)


@pytest.mark.parametrize("shape", [(0,), (5,), (0, 28, 28), (3, 28, 28)], ids=str)
def test_the_digest_is_the_files_own(shape: tuple[int, ...], tmp_path: Path) -> None:
    content = idx(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    (tmp_path / "x").write_bytes(content)
    assert digest(read_idx(tmp_path / "x")) == sha256(content).hexdigest()


@pytest.mark.skipif(
    not os.environ.get("NAPKINGRAD_DATA"), reason="NAPKINGRAD_DATA names no folder with real data"
)
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_real_data(name: str) -> None:
    train, test = load(name)
    assert train.x.shape == (60000, 784) and test.x.shape == (10000, 784)
    assert train.x.dtype == np.float32 and train.x.min() == 0 and train.x.max() == 1
    counts = np.bincount(train.y)
    if name == "fashion-mnist":
        assert counts.tolist() == [6000] * 10
    else:
        assert train.y[:5].tolist() == [5, 0, 4, 1, 9]
        assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


# --- the others -----------------------------------------------------------------------------------


def test_rectangles_and_their_means() -> None:
    train, test = load("rectangles", rng=0)
    assert train.x.shape == test.x.shape == (1000, 4) and train.y.shape == (1000, 1)
    assert np.array_equal(train.x, train.x.round(1))
    assert train.x.min() == 0 and train.x.max() == 1
    assert np.array_equal(train.y[:, 0], train.x.mean(axis=1))
    again, _ = load("rectangles", rng=0)
    other, _ = load("rectangles", rng=1)
    assert np.array_equal(train.x, again.x) and not np.array_equal(train.x, other.x)
    assert not np.array_equal(train.x, test.x)
    small, _ = load("rectangles", samples=7, size=3)
    assert small.x.shape == (7, 9)
    with pytest.raises(ValueError, match="samples must be an integer >= 1"):
        load("rectangles", samples=0)


@pytest.mark.parametrize(("name", "classes"), [("moons", 2), ("clouds", 3), ("spiral", 3)])
def test_points_in_the_plane(name: str, classes: int) -> None:
    train, test = load(name, samples=300, rng=0)
    for part in (train, test):
        assert repr(part) == "Dataset(x: (300, 2) float32, y: (300,) int64)"
        assert np.bincount(part.y).tolist() == [300 // classes] * classes
    assert not np.isin(train.x, test.x).all(axis=1).any()
    assert np.array_equal(train.x, load(name, samples=300, rng=0)[0].x)
    assert not np.array_equal(train.x, load(name, samples=300, rng=1)[0].x)
    assert len(load(name, samples=1)[1]) == 1
    with pytest.raises(ValueError, match="samples must be an integer >= 1"):
        load(name, samples=0)


def test_seedless_points_come_from_the_librarys_generator() -> None:
    nn.manual_seed(3)
    first = load("moons")[0].x
    nn.manual_seed(3)
    assert np.array_equal(first, load("moons")[0].x)


def test_moons_lie_on_half_circles() -> None:
    data, _ = load("moons", noise=0, rng=0)
    for label, (centre, up) in enumerate([((0, 0), 1), ((1, 0.5), -1)]):
        offset = data.x[data.y == label] - np.array(centre, np.float32)
        assert np.allclose(np.hypot(*offset.T), 1, atol=1e-6)
        assert (up * offset[:, 1] > -1e-6).all() and np.ptp(offset[:, 0]) > 1.9


def test_clouds_of_500_points() -> None:
    data, _ = load("clouds", rng=0)
    centres = np.array([(0, -2), (2, 2), (-2, 2)])
    for label, centre in enumerate(centres):
        cloud = data.x[data.y == label]
        assert len(cloud) == 500
        assert np.allclose(cloud.mean(axis=0), centre, atol=0.15)
        assert np.allclose(np.cov(cloud.T), np.eye(2), atol=0.15)
    nearest = ((data.x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert 0.96 < np.mean(nearest == data.y) < 0.98


def test_the_arms_of_a_spiral_are_turned_copies() -> None:
    data, _ = load("spiral", samples=1000, classes=5, noise=0, rng=0)
    radius, angle = np.hypot(*data.x.T), np.arctan2(*data.x.T)
    assert radius.max() <= 1 and np.bincount(data.y).tolist() == [200] * 5
    turned = (angle - 4 * radius - 2 * np.pi * data.y / 5 + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(turned).max() < 1e-4


def test_digits() -> None:
    pytest.importorskip("sklearn")
    train, test = load("digits")
    assert repr(train) == "Dataset(x: (1348, 64) float32, y: (1348,) int64)"
    assert len(test) == 449
    assert train.x.min() == 0 and train.x.max() == 1
    shares = np.bincount(train.y) / (np.bincount(train.y) + np.bincount(test.y))
    assert np.abs(shares - 0.75).max() < 0.005
    assert np.array_equal(train.x, load("digits")[0].x)
    assert not np.array_equal(train.x, load("digits", rng=1)[0].x)
    assert len(load("digits", test_fraction=0.5)[1]) in (898, 899)


def test_digits_without_sklearn_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install napkingrad\[demos\]"):
        load("digits")


def test_unknown_names_and_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="'cifar'; there are rectangles, moons, clouds, spiral, digits"
    ):
        load("cifar")
    with pytest.raises(TypeError, match="sample"):
        load("rectangles", sample=3)
    with pytest.raises(TypeError, match="directory"):
        load("digits", tmp_path)
