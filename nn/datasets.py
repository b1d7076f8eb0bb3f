"""Data sets by name, each split into a training and a test part.

>>> train, test = load("rectangles", rng=0)
>>> train
Dataset(x: (1000, 4) float64, y: (1000, 1) float64)
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable
from io import BufferedReader
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .data import Dataset, split
from .random import Rng, generator_from

Parts: TypeAlias = tuple[Dataset, Dataset]
BinaryFile: TypeAlias = BufferedReader | gzip.GzipFile


def load(name: str, directory: str | Path | None = None, **options: Any) -> Parts:
    """The training and the test part of the data set called `name`.

    - `"rectangles"`: pictures of a few grey pixels and their mean brightness; see `rectangles`.
    - `"digits"`: 1797 handwritten digits of 8x8 pixels, from scikit-learn; see `digits`.
    - `"mnist"`, `"fashion-mnist"`: 70 000 digits or garments of 28x28 pixels; see `idx_images`.

    Args:
        name: which data set.
        directory: the folder with its files, for those that are read from files.
        options: what the data set's own function takes.

    Raises:
        ValueError: there is no such data set, or a file is damaged.
        FileNotFoundError: its files are in none of the places where they may be.
        ModuleNotFoundError: it needs a package that is not installed.
    """
    if name not in SOURCES:
        raise ValueError(f"there is no data set {name!r}; there are {', '.join(SOURCES)}")
    if directory is not None:
        options["directory"] = directory
    return SOURCES[name](**options)


def rectangles(samples: int = 1000, size: int = 2, rng: Rng = None) -> Parts:
    """Squares of `size` x `size` pixels, and their mean brightness.

    Pixels are drawn from [0, 1) and rounded to one decimal; a target is the exact mean of its row
    of pixels. `x: (samples, size²)`, `y: (samples, 1)`, both in float64; the test part is as
    large as the training part.
    """
    if samples < 1 or size < 1:
        raise ValueError(f"samples and size must be at least 1, but are {samples} and {size}")
    x = generator_from(rng).random((2 * samples, size**2)).round(1)
    data = Dataset(x, x.mean(axis=1, keepdims=True))
    return data[:samples], data[samples:]


def digits(test_fraction: float = 0.25, rng: Rng = 0) -> Parts:
    """scikit-learn's copy of the UCI handwritten digits (Alpaydin & Kaynak 1998), offline.

    `x: (samples, 64)`, the 8x8 pixels row by row, in float32 from 0 to 1; `y: (samples,)`, the
    digits. Both parts have the same share of each digit. The split is the same at every call
    unless another `rng` is given, so that no test sample is ever trained on.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits  # optional, and slow to import
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the digits come with scikit-learn, which is not installed; "
            "pip install napkingrad[demos]",
            name=error.name,
        ) from None
    pixels, labels = load_digits(return_X_y=True)
    data = Dataset((pixels / 16).astype(np.float32), labels.astype(np.int64))
    return split(data, 1 - test_fraction, rng, stratify=True)


def idx_images(name: str, directory: str | Path | None = None, flatten: bool = True) -> Parts:
    """MNIST (LeCun et al. 1998) or Fashion-MNIST (Xiao et al. 2017), from their four IDX files.

    `x: (samples, 784)`, the pixels row by row, in float32 from 0 to 1, or `(samples, 28, 28)`
    without flattening; `y: (samples,)`, the classes from 0 to 9.

    The files, compressed or not, lie in `directory`; if none is given, in the folder `name` of
    the directory that the environment variable NAPKINGRAD_DATA names, or else of the cache,
    ~/.cache/napkingrad.

    Raises:
        FileNotFoundError: a file is missing; the message says where it was looked for.
        ValueError: a file is damaged, or is not what its name says.
    """
    files = find_files(name, [Path(directory)] if directory is not None else folders(name))
    return (
        read_images(files["train-images-idx3-ubyte"], files["train-labels-idx1-ubyte"], flatten),
        read_images(files["t10k-images-idx3-ubyte"], files["t10k-labels-idx1-ubyte"], flatten),
    )


SOURCES: dict[str, Callable[..., Parts]] = {
    "rectangles": rectangles,
    "digits": digits,
    "mnist": lambda **options: idx_images("mnist", **options),
    "fashion-mnist": lambda **options: idx_images("fashion-mnist", **options),
}

# --- IDX files ------------------------------------------------------------------------------------
# Two zero bytes, a code for the type of the entries, the number of axes, the length of each axis
# in four bytes, and the entries, all with the highest byte first (LeCun et al., the MNIST page).

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
IMAGE_SIZE = (28, 28)
CLASSES = 10
IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GET_AGAIN = "delete it and get it again"


def folders(name: str) -> list[Path]:
    """Where a data set's files may lie, in the order in which to look."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "napkingrad")
    given = os.environ.get("NAPKINGRAD_DATA")
    return [root / name for root in ([Path(given), cache] if given else [cache])]


def find_files(name: str, folders: list[Path]) -> dict[str, Path]:
    """The path of each of the four files, all from the first folder that has them."""
    tried = []
    for folder in folders:
        found = {
            file: path
            for file in FILES
            for path in (folder / f"{file}.gz", folder / file)
            if path.is_file()
        }
        missing = [file for file in FILES if file not in found]
        if not missing:
            return found
        tried.append(f"{folder} (no {missing[0]})")
    raise FileNotFoundError(
        f"{name} needs four files, {', '.join(FILES)}, as they are or as .gz, in one folder. "
        f"Looked in {' and '.join(tried)}. Put them there, or set NAPKINGRAD_DATA to the "
        f"directory that has them in its folder {name}"
    )


def read_images(images: Path, labels: Path, flatten: bool) -> Dataset:
    """Pixels from 0 to 1 and their classes, from two files that belong together."""
    pixels, classes = read_idx(images), read_idx(labels)
    if pixels.dtype != np.uint8 or pixels.shape[1:] != IMAGE_SIZE:
        raise ValueError(
            f"{images} should hold images of 28x28 bytes, but holds {pixels.dtype} "
            f"of shape {pixels.shape}; {GET_AGAIN}"
        )
    if classes.dtype != np.uint8 or classes.ndim != 1:
        raise ValueError(
            f"{labels} should hold one byte per label, but holds {classes.dtype} "
            f"of shape {classes.shape}; {GET_AGAIN}"
        )
    if len(pixels) != len(classes):
        raise ValueError(
            f"{images} has {len(pixels)} images, but {labels} has {len(classes)} labels; "
            "they do not belong together: get both again"
        )
    if classes.size and classes.max() >= CLASSES:
        raise ValueError(
            f"{labels} should hold labels from 0 to {CLASSES - 1}, but has a {classes.max()}; "
            f"{GET_AGAIN}"
        )
    x = np.divide(pixels, 255, dtype=np.float32)
    return Dataset(x.reshape(len(x), -1) if flatten else x, classes.astype(np.int64))


def read_idx(path: str | Path) -> NDArray[Any]:
    """The array in an IDX file, compressed with gzip or not, in the dtype that its header names.

    Memory is taken for what the file holds, never for what its header promises.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no IDX file, is cut short, or holds more than its header says.
    """
    with open(path, "rb") as raw:
        start = raw.read(2)
        raw.seek(0)
        try:
            if start == b"\x1f\x8b":
                with gzip.open(raw) as unzipped:
                    return decode_idx(unzipped, path)
            return decode_idx(raw, path)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path} can't be decompressed ({error}); {GET_AGAIN}") from None


def decode_idx(file: BinaryFile, path: str | Path) -> NDArray[Any]:
    """The array in an open IDX file; `path` is for messages."""
    magic = read_at_most(file, 4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in IDX_TYPES:
        raise ValueError(
            f"{path} is no IDX file: it should start with two zero bytes and a type code, "
            f"but starts with {bytes(magic)!r}; {GET_AGAIN}"
        )
    dtype, ndim = np.dtype(IDX_TYPES[magic[2]]), magic[3]
    header = read_at_most(file, 4 * ndim)
    if len(header) < 4 * ndim:
        raise ValueError(f"{path} is cut short in its header; {GET_AGAIN}")
    shape = tuple(np.frombuffer(header, ">u4").tolist())
    wanted = prod(shape) * dtype.itemsize
    content = read_at_most(file, wanted)
    if len(content) < wanted or file.read(1):
        came = f"only {len(content)}" if len(content) < wanted else "more"
        raise ValueError(
            f"{path} should hold {wanted} bytes for {dtype} of shape {shape}, "
            f"but holds {came}; {GET_AGAIN}"
        )
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def read_at_most(file: BinaryFile, n: int) -> bytearray:
    """The next `n` bytes, or what there is. `file.read(n)` would take the memory beforehand."""
    content = bytearray()
    while chunk := file.read(min(n - len(content), 1 << 20)):
        content += chunk
    return content
