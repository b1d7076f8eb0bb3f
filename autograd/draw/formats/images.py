"""An SVG drawing as a PNG image or a PDF page, made by Typst.

Text is set in DejaVu Sans, which comes with Matplotlib, if that is installed: then every machine
makes the same image. Otherwise in the system's fonts, or in Typst's own if there are none.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeAlias

from .fonts import FAMILY

Form: TypeAlias = Literal["png", "pdf"]

POINT = 72 / 96  # points per pixel
ZOOM = 2.0  # pixels of an image per pixel of the drawing: sharp on any screen
LARGEST, LONGEST = 1e8, 30_000.0  # pixels of an image in all, and along a side
LONGEST_PAGE = 14_400.0  # points along a side of a page; programs refuse to show longer ones

PAGE = """\
#set page(width: {}pt, height: {}pt, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg", width: 100%)
"""


def to_image(svg: str, width: float, height: float, form: Form) -> bytes:
    """Return an image twice as large as the drawing, or a page as large as the drawing.

    Drawings that are too large for programs to show are scaled down.

    Raises:
        ModuleNotFoundError: Typst is not installed.
    """
    try:
        import typst  # optional
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{form.upper()} images need typst, which is not installed; "
            "pip install napkingrad[demos]",
            name=error.name,
        ) from None
    fonts = bundled_fonts()
    if fonts:
        svg = svg.replace(FAMILY, f'"DejaVu Sans", {FAMILY}')
    longest = max(width, height)
    unit = min(POINT, LONGEST_PAGE / longest)  # points per pixel of the drawing
    zoom = min(ZOOM, LONGEST / longest, (LARGEST / (width * height)) ** 0.5)
    page: Any = PAGE.format(unit * width, unit * height).encode()
    image: bytes = typst.compile(
        page,
        format=form,
        ppi=72 * zoom / unit,
        sys_inputs={"svg": svg},
        font_paths=fonts,
        timestamp=datetime(2000, 1, 1, tzinfo=UTC),  # the same drawing gives the same bytes
    )
    return image


def bundled_fonts() -> list[Path]:
    """Return the folder of the fonts that come with Matplotlib, if it is installed."""
    matplotlib = find_spec("matplotlib")
    if matplotlib is None or matplotlib.origin is None:
        return []
    return [Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf"]
