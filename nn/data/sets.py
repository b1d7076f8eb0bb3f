"""Data sets by name, each split into a training and a test part.

>>> train, test = load("rectangles", rng=0)
>>> train
Dataset(x: (1000, 4) float64, y: (1000, 1) float64)
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from autograd.core.arguments import flag, instance_of, integer, non_negative, number
from nn.inputs import Array
from nn.seed import Rng, generator_from

from .dataset import Dataset, split
from .files import FILES, PUBLISHED, find_files
from .idx import GET_AGAIN, digest, read_idx

Parts: TypeAlias = tuple[Dataset, Dataset]

CLOUD_CENTRES = ((0.0, -2.0), (2.0, 2.0), (-2.0, 2.0))
IMAGE_SIZE = (28, 28)
CLASSES = 10


def load(name: str, directory: str | Path | None = None, **options: Any) -> Parts:
    """The training and the test part of the data set called `name`.

    - `"rectangles"`: pictures of a few grey pixels and their mean brightness; see `rectangles`.
    - `"moons"`, `"clouds"`, `"spiral"`: points in the plane, in two or three classes.
    - `"digits"`: 1797 handwritten digits of 8x8 pixels, from scikit-learn; see `digits`.
    - `"mnist"`, `"fashion-mnist"`: 70 000 digits or garments of 28x28 pixels; see `idx_images`.

    Args:
        name: which data set.
        directory: the folder with its files, for those that are read from files.
        options: what the data set's own function takes.

    Raises:
        ValueError: there is no such data set, or a file is damaged.
        FileNotFoundError: its files are in none of the places where they may be, and can't be
            downloaded.
        ModuleNotFoundError: it needs a package that is not installed.
    """
    if instance_of("name", name, str) not in SOURCES:
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
    samples = integer("samples", samples, at_least=1)
    size = integer("size", size, at_least=1)
    x = generator_from(rng).random((2 * samples, size**2)).round(1)
    data = Dataset(x, x.mean(axis=1, keepdims=True))
    return data[:samples], data[samples:]


def moons(samples: int = 1000, noise: float = 0.1, rng: Rng = None) -> Parts:
    """Two half circles of radius 1 that reach into one another.

    The upper is class 0, around (0, 0); the lower is class 1, around (1, 0.5). `noise` is the
    standard deviation by which points stray. See `points` for the rest.
    """
    rng, y = generator_from(rng), classes_in_turn(samples, 2)
    angle = rng.uniform(0, np.pi, len(y))
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x[y == 1] = (1.0, 0.5) - x[y == 1]
    return points(x, y, noise, rng)


def clouds(samples: int = 1500, noise: float = 1.0, rng: Rng = None) -> Parts:
    """Three Gaussian clouds of equally many points, around `CLOUD_CENTRES`.

    `noise` is their standard deviation. At 1 the clouds overlap: the best that can be expected of
    any classifier is an accuracy of 97.0 %. See `points` for the rest.
    """
    y = classes_in_turn(samples, 3)
    return points(np.array(CLOUD_CENTRES)[y], y, noise, generator_from(rng))


def spiral(samples: int = 1500, classes: int = 3, noise: float = 0.05, rng: Rng = None) -> Parts:
    """Arms of a spiral around (0, 0), one per class, after CS231n's notes on neural networks.

    Each arm reaches from radius 0 to 1 while it turns by 4 radians. `noise` is the standard
    deviation by which points stray. See `points` for the rest.
    """
    rng, y = generator_from(rng), classes_in_turn(samples, classes)
    radius = rng.random(len(y))
    angle = 4 * radius + 2 * np.pi * y / classes
    x = radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return points(x, y, noise, rng)


def classes_in_turn(samples: int, classes: int) -> Array:
    """0, 1, ..., 0, 1, ...: every part of it has as many of each class, or one more or less."""
    samples = integer("samples", samples, at_least=1)
    classes = integer("classes", classes, at_least=1)
    return np.arange(2 * samples, dtype=np.int64) % classes


def points(x: Array, y: Array, noise: float, rng: np.random.Generator) -> Parts:
    """Points that stray, and their classes, in two parts of equal size.

    `x: (samples, 2)` in float32; `y: (samples,)`, the classes in turn.
    """
    noise = non_negative("noise", noise)
    data = Dataset((x + rng.normal(0, noise, x.shape)).astype(np.float32), y)
    half = len(data) // 2
    return data[:half], data[half:]


def digits(test_fraction: float = 0.25, rng: Rng = 0) -> Parts:
    """scikit-learn's copy of the UCI handwritten digits (Alpaydin & Kaynak 1998), offline.

    `x: (samples, 64)`, the 8x8 pixels row by row, in float32 from 0 to 1; `y: (samples,)`, the
    digits. Both parts have the same share of each digit. The split is the same at every call
    unless another `rng` is given, so that no test sample is ever trained on.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.
    """
    test_fraction = number("test_fraction", test_fraction, above=0, below=1)
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


def idx_images(
    name: str,
    directory: str | Path | None = None,
    flatten: bool = True,
    download: bool = True,
    verify: bool = True,
) -> Parts:
    """MNIST (LeCun et al. 1998) or Fashion-MNIST (Xiao et al. 2017), from their four IDX files.

    `x: (samples, 784)`, the pixels row by row, in float32 from 0 to 1, or `(samples, 1, 28, 28)`
    without flattening, as `Conv2d` takes them; `y: (samples,)`, the classes from 0 to 9.

    The files, compressed or not, lie in `directory`; if none is given, in the folder `name` of
    the directory that the environment variable NAPKINGRAD_DATA names, or else of the cache,
    ~/.cache/napkingrad. If they are in neither, they are downloaded into the cache. Wherever they
    come from, what they hold is compared with the SHA-256 of the published files: damage is found,
    and other data under the same names. `verify=False` loads such data, of any number of samples.

    Raises:
        FileNotFoundError: a file is missing, and was not to be downloaded or no mirror gives it;
            the message says where it was looked for, and what to do.
        ModuleNotFoundError: files are missing, and pooch, which would download them, is too.
        ValueError: a file is damaged, or is not what its name says.
    """
    flatten, verify = flag("flatten", flatten), flag("verify", verify)
    files = find_files(name, directory, flag("download", download))
    published = dict(zip(FILES, PUBLISHED[name].files))

    def part(images: str, labels: str) -> Dataset:
        pixels, classes = read_images(files[images], files[labels])
        for file, array in ((images, pixels), (labels, classes)) if verify else ():
            if digest(array) != published[file].content:
                raise ValueError(
                    f"{files[file]} is not the {file} of {name}, or is damaged: its checksum is "
                    f"wrong; {GET_AGAIN}, or load other data of this form with verify=False"
                )
        x = np.divide(pixels, 255, dtype=np.float32)
        shape = (len(x), prod(IMAGE_SIZE)) if flatten else (len(x), 1, *IMAGE_SIZE)
        return Dataset(x.reshape(shape), classes.astype(np.int64))

    return part(*FILES[:2]), part(*FILES[2:])


SOURCES: dict[str, Callable[..., Parts]] = {
    "rectangles": rectangles,
    "moons": moons,
    "clouds": clouds,
    "spiral": spiral,
    "digits": digits,
    "mnist": lambda **options: idx_images("mnist", **options),
    "fashion-mnist": lambda **options: idx_images("fashion-mnist", **options),
}


def read_images(images: Path, labels: Path) -> tuple[Array, Array]:
    """Pixels and their classes as bytes, from two files that belong together."""
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
    return pixels, classes
