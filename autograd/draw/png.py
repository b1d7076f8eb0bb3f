"""An SVG drawing as a PNG image.

Text is set in DejaVu Sans where Matplotlib is installed, which brings that font along: then every
machine makes the same image, also one without fonts.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from .fonts import FAMILY

ZOOM = 2.0  # pixels for each of the drawing's: sharp on any screen
LARGEST, LONGEST = 1e8, 30_000.0  # pixels in all, and along a side
BUNDLED = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans-Oblique.ttf")

MISSING = "{} images need {}, which is not installed; pip install napkingrad[demos]"
NO_FONT = (
    f"PNG images need one of the fonts {FAMILY}, but none is installed; "
    "pip install matplotlib, which brings one, or apt-get install fonts-dejavu-core"
)
PROBE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{}</svg>'
LETTER = f"<text y='9' font-size='9' font-family='{FAMILY}'>x</text>"


def to_png(svg: str, width: float, height: float) -> bytes:
    """The image, twice as large as the drawing; of a very large drawing, as large as it can be.

    Raises:
        ModuleNotFoundError: resvg-py is not installed.
        RuntimeError: no font of the drawing is installed.
    """
    try:
        from resvg_py import svg_to_bytes  # optional
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(MISSING.format("PNG", "resvg-py"), name=error.name) from None
    files = bundled_fonts()
    if files:
        svg = svg.replace(FAMILY, f'"DejaVu Sans", {FAMILY}')
    elif svg_to_bytes(PROBE.format(LETTER)) == svg_to_bytes(PROBE.format("")):
        raise RuntimeError(NO_FONT)
    zoom = min(ZOOM, LONGEST / max(width, height), (LARGEST / (width * height)) ** 0.5)
    return bytes(svg_to_bytes(svg, width=round(zoom * width), font_files=files))


def bundled_fonts() -> list[str]:
    """The font files that come with Matplotlib, if it is installed."""
    matplotlib = find_spec("matplotlib")
    if matplotlib is None or matplotlib.origin is None:
        return []
    folder = Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf"
    return [str(folder / name) for name in BUNDLED]
