"""Print the tables of advance widths that autograd/draw/formats/fonts.py holds.

    python .ci/font_widths.py

For each character, the widest of DejaVu Sans, which matplotlib brings along, and Liberation Sans
(`apt-get install fonts-liberation`), which has the metrics of Arial and Helvetica.
"""

from __future__ import annotations

from math import ceil
from pathlib import Path
from textwrap import fill

import matplotlib as mpl
from PIL import ImageFont

DEJAVU = Path(mpl.get_data_path()) / "fonts" / "ttf"
LIBERATION = Path("/usr/share/fonts/truetype/liberation")
STYLES = {"REGULAR": ("DejaVuSans", "Regular"), "BOLD": ("DejaVuSans-Bold", "Bold")}
RUNS = [
    (0x20, 0x7E), (0xA0, 0xFF), (0x391, 0x3C9), (0x410, 0x44F),  # Latin, Greek, Cyrillic
    (0x2010, 0x2026), (0x2070, 0x208E), (0x2190, 0x2195), (0x2200, 0x221E),  # signs
]  # fmt: skip
LINE = 98  # characters, at most


def main() -> None:
    for name, (ours, theirs) in STYLES.items():
        fonts = [
            ImageFont.truetype(path, 1000, layout_engine=ImageFont.Layout.BASIC)
            for path in (DEJAVU / f"{ours}.ttf", LIBERATION / f"LiberationSans-{theirs}.ttf")
        ]
        print(f'{name} = """')
        for low, high in RUNS:
            widths = [str(percent(chr(c), fonts)) for c in range(low, high + 1)]
            print(fill(f"{low:X}: {' '.join(widths)}", LINE))
        print('"""')


def percent(c: str, fonts: list[ImageFont.FreeTypeFont]) -> int:
    """The advance of a character in hundredths of the size, rounded up."""
    return max(ceil(font.getlength(c) / 10) for font in fonts)


if __name__ == "__main__":
    main()
