"""A picture of one's own, brought to the form of the images that a net has learned from.

MNIST's form: white on black, the digit 20 pixels tall or wide, its centre of mass in the middle of
28x28 pixels (LeCun et al. 1998, "Gradient-based learning applied to document recognition", III.A).
scikit-learn's 8x8 digits fill their frame.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nn import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL import Image

Array = NDArray[Any]

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")  # that run no program to be read
MOST = 1 << 26  # pixels: more than cameras make, and a quarter of a gigabyte in colour
LARGE = 256  # larger pictures are made smaller before anything else
LEAST_CONTRAST = 0.08  # between digit and paper, from 0 to 1
STROKE = 0.1  # of the digit's size: how thick strokes are at least, as MNIST's are


class Own(NamedTuple):
    """A picture, and what a net is given for it."""

    name: str
    grey: Array  # as it came, from 0 (black) to 1
    image: Array  # (side, side), from 0 to 1
    dark: bool  # whether the digit was darker than its paper


def prepare(path: Path, side: int) -> Own:
    """Read a picture of one digit, of any size and polarity, and bring it to side x side pixels.

    Raises:
        ModuleNotFoundError: Pillow is not installed.
        ValueError: it can't be read, or there is nothing to see in it.
    """
    grey = read_grey(path)
    try:
        ink, dark = ink_of(grey)
    except ValueError as error:
        raise ValueError(f"{path} {error}") from None
    image = framed(thickened(ink), side, inner=side if side < 20 else side - 8)
    return Own(path.name, grey, image, dark)


def read_grey(path: Path) -> Array:
    """The picture in shades of grey, from 0 (black) to 1, no larger than is of use."""
    try:
        from PIL import Image, ImageOps  # optional, and slow to import
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "pictures are read with Pillow, which is not installed; pip install napkingrad[demos]",
            name=error.name,
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as opened:
                check_size(*opened.size)
                ImageOps.exif_transpose(opened, in_place=True)  # as it was held
                picture = made_small(opened)
    except FileNotFoundError:
        raise ValueError(f"there is no picture {path}") from None
    except Exception as error:  # Pillow has many ways to be surprised
        raise ValueError(f"{path} can't be read as a picture: {error}") from error
    if picture.mode == "F":  # of 16 or 32 bits: how bright white is, is not said
        wide = np.nan_to_num(np.asarray(picture, float), posinf=0.0, neginf=0.0)
        spread = float(np.ptp(wide)) or 1.0
        picture = Image.fromarray(((wide - wide.min()) / spread * 255).astype(np.uint8))
    if picture.has_transparency_data:
        picture = on_paper(picture.convert("LA"))
    return np.asarray(picture.convert("L"), float) / 255


def check_size(wide: int, high: int) -> None:
    """Refuse what would take the memory, before it does."""
    if wide * high > MOST:
        raise ValueError(f"{wide}x{high} pixels are too many")


def made_small(picture: Image.Image) -> Image.Image:
    """At most LARGE pixels wide and high, in grey, with transparency, or in numbers of any size."""
    from PIL import Image

    if picture.mode[0] in "IF":
        small = picture.convert("I").convert("F") if picture.mode[0] == "I" else picture
    else:
        small = picture.convert("RGBA" if picture.has_transparency_data else "L")
    small.thumbnail((LARGE, LARGE), Image.Resampling.BOX)
    return small


def on_paper(picture: Any) -> Any:
    """Grey and transparency, laid on white if what is opaque is dark, else on black."""
    from PIL import Image

    grey, alpha = (np.asarray(band, float) for band in picture.split())
    dark = (grey * alpha).sum() <= 127.5 * alpha.sum()
    paper = Image.new("LA", picture.size, (255 if dark else 0, 255))
    return Image.alpha_composite(paper.convert("RGBA"), picture.convert("RGBA"))


def ink_of(grey: Array) -> tuple[Array, bool]:
    """How much ink there is at each pixel, from 0 to 1, and whether it is dark on light.

    Raises:
        ValueError: there is none.
    """
    ink = paper_of(grey) - grey
    dark = bool((ink.clip(0) ** 2).sum() >= (ink.clip(max=0) ** 2).sum())
    ink = (ink if dark else -ink).clip(0)
    most = float(ink.max())
    if most < LEAST_CONTRAST:
        raise ValueError("shows no digit: all of it is about equally bright")
    ink /= most
    ink[ink < otsu(ink) / 2] = 0.0  # the grain of the paper
    return ink, dark


def paper_of(grey: Array) -> Array:
    """How bright the paper is everywhere: the plane through the pixels at the edge.

    Light that falls from one side is part of it; what strays from the plane (a stroke that reaches
    the edge) is left out of a second one.
    """
    h, w = grey.shape
    y, x = np.mgrid[:h, :w]
    width = max(1, min(h, w) // 16)
    edge = (x < width) | (x >= w - width) | (y < width) | (y >= h - width)
    places = np.stack([np.ones(h * w), x.ravel() / w, y.ravel() / h], axis=1)
    near = edge.ravel() & (np.abs(grey - np.median(grey[edge])).ravel() < 0.25)
    for _ in range(2):
        plane = places @ np.linalg.lstsq(places[near], grey.ravel()[near], rcond=None)[0]
        off = np.abs(grey.ravel() - plane)
        near = edge.ravel() & (off <= 0.02 + 2 * np.median(off[edge.ravel()]))
    return plane.reshape(h, w)


def otsu(ink: Array) -> float:
    """The threshold that parts numbers from 0 to 1 best in two (Otsu 1979)."""
    counts, edges = np.histogram(ink, bins=64, range=(0.0, 1.0))
    middles = (edges[:-1] + edges[1:]) / 2
    below, sums = np.cumsum(counts)[:-1], np.cumsum(counts * middles)[:-1]
    above = counts.sum() - below
    with np.errstate(all="ignore"):
        gap = sums / below - ((counts * middles).sum() - sums) / above
        between = np.nan_to_num(below * above * gap**2)
    return float(edges[1:-1][between.argmax()])


def thickened(ink: Array) -> Array:
    """The same with strokes as thick as a pen's: made small, hair lines would fade away."""
    from PIL import Image, ImageFilter

    mask = ink >= 0.5
    edges = float(np.diff(mask, axis=0).sum() + np.diff(mask, axis=1).sum())
    thickness = 2 * float(mask.sum()) / max(edges, 1.0)  # a line has an edge on either side
    size = max(int(np.ptp(places)) for places in np.nonzero(mask))
    missing = STROKE * size - thickness
    if missing < 1:
        return ink
    size = 2 * math.ceil(missing / 2) + 1
    picture = Image.fromarray((np.pad(ink, size // 2) * 255).astype(np.uint8))
    return np.asarray(picture.filter(ImageFilter.MaxFilter(size)), float) / 255


def framed(ink: Array, side: int, inner: int) -> Array:
    """The digit, `inner` pixels tall or wide, its centre of mass in the middle of a square."""
    from PIL import Image

    rows, columns = np.nonzero(ink >= 0.3)
    ink = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    h, w = (max(1, round(n * inner / max(ink.shape))) for n in ink.shape)
    small = Image.fromarray(ink.astype(np.float32)).resize((w, h), Image.Resampling.BOX)
    digit = np.asarray(small).clip(0, 1)
    digit = digit / digit.max()
    image = np.zeros((side, side), np.float32)
    top, left = (
        min(max(round(side / 2 - centre), 0), side - n)
        for centre, n in zip(centre_of_mass(digit), (h, w), strict=True)
    )
    image[top : top + h, left : left + w] = digit
    return image


def centre_of_mass(image: Array) -> tuple[float, float]:
    """In pixels from the upper and the left edge."""
    y, x = np.indices(image.shape) + 0.5
    return float((y * image).sum() / image.sum()), float((x * image).sum() / image.sum())


# --- answers --------------------------------------------------------------------------------------


def bars(own: Own, probabilities: Array, classes: Sequence[str]) -> str:
    """The probabilities as text, a bar for each class."""
    ink = "dark on light" if own.dark else "light on dark"
    widest = max(map(len, classes))
    lines = [f"{own.name}, {ink}:"]
    for name, p in zip(classes, probabilities, strict=True):
        lines.append(f"  {name:>{widest}} {p:7.2%} {'█' * round(40 * p)}".rstrip())
    return "\n".join(lines)


def chart(owns: Sequence[Own], probabilities: Array, classes: Sequence[str]) -> Figure:
    """Each picture as it came, as the net was given it, and what the net says."""
    figure = plots.new_figure(8.5, 0.5 + 2.6 * len(owns))
    grid = figure.subplots(
        len(owns), 3, squeeze=False, gridspec_kw={"width_ratios": (1.0, 1.0, 1.7)}
    )
    for (given, seen, bar), own, p in zip(grid, owns, probabilities, strict=True):
        side = len(own.image)
        for axes, image, title in (
            (given, own.grey, own.name if len(own.name) < 24 else f"{own.name[:20]}..."),
            (seen, own.image, f"as the net sees it: {side}x{side}"),
        ):
            axes.imshow(image, cmap="gray", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
            axes.set_title(title, fontsize=10)
        best = int(p.argmax())
        colours = [plots.ORANGE if i == best else plots.BLUE for i in range(len(classes))]
        bar.bar(range(len(classes)), 100 * p, color=colours)
        long = max(map(len, classes)) > 3
        bar.set_xticks(range(len(classes)), classes, rotation=60 if long else 0)
        bar.set(xlabel="class", ylabel="probability (%)", ylim=(0, 109))
        bar.set_title(f"the net says {classes[best]}", fontsize=10)
        bar.text(best, 100 * p[best] + 1, f"{p[best]:.2%}", ha="center", fontsize=9)
        bar.grid(alpha=0.3, axis="y")
        bar.set_axisbelow(True)
    return figure
