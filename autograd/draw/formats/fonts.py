"""The fonts of pictures, and the width of text in them.

A picture uses the first of these fonts that its reader's system has. The room for a text is as wide
as the widest of them needs, so that texts never overlap.
"""

from __future__ import annotations

from functools import lru_cache
from unicodedata import category, combining, east_asian_width, normalize

FAMILY = 'Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif'

# Advance widths in hundredths of the size, of the characters from U+0020, U+00A0 ... on: the larger
# of DejaVu Sans's and Arial's (which Helvetica and Liberation Sans share). Slanted letters are as
# wide as upright ones. Made by .ci/font_widths.py.
REGULAR = """
20: 32 41 46 84 64 95 78 28 39 39 50 84 32 37 32 34 64 64 64 64 64 64 64 64 64 64 34 34 84 84 84
56 102 69 69 73 77 67 62 78 76 30 50 67 56 87 75 79 67 79 73 67 62 74 69 99 69 67 69 39 34 39 84
56 50 62 64 55 64 62 36 64 64 28 28 58 28 98 64 62 64 64 42 53 40 64 60 82 60 60 53 64 34 64 84
A0: 32 41 64 64 64 64 34 56 50 100 48 62 84 37 100 56 50 84 41 41 50 64 64 32 50 41 48 62 97 97 97
62 69 69 69 69 69 69 100 73 67 67 67 67 30 30 30 30 78 75 79 79 79 79 79 84 79 74 74 74 74 67 67
63 62 62 62 62 62 62 99 55 62 62 62 62 28 28 28 28 62 64 62 62 62 62 62 84 62 64 64 64 64 60 64 60
391: 69 69 56 69 67 69 76 79 30 67 69 87 75 65 79 76 67 60 64 62 67 80 69 84 77 30 67 66 55 64 34
58 66 64 60 62 55 55 64 62 34 59 60 64 56 56 62 69 64 59 64 61 58 66 58 72 84
410: 69 69 69 61 79 67 108 65 75 75 71 76 87 76 79 76 67 73 62 64 87 69 78 69 107 110 84 89 69 72
108 73 62 62 59 53 70 62 91 54 65 65 61 64 76 66 62 66 64 55 59 60 86 60 69 60 92 95 71 79 59 55
85 61
2010: 37 37 64 56 100 100 50 56 32 32 32 32 52 52 52 52 56 56 59 59 37 67 100
2070: 41 37 60 60 41 41 41 41 41 41 53 53 53 37 37 40 41 41 41 41 41 41 41 41 41 41 53 53 53 37 37
2190: 100 84 100 84 100 84
2200: 69 64 52 64 64 88 67 67 88 88 72 88 88 72 64 83 76 72 84 84 84 34 64 84 63 63 64 64 64 72 84
"""
BOLD = """
20: 35 46 53 84 70 101 88 31 46 46 53 84 38 42 38 37 70 70 70 70 70 70 70 70 70 70 40 40 84 84 84
62 100 78 77 74 83 69 69 83 84 38 56 78 64 100 84 85 74 85 77 72 69 82 78 111 78 73 73 46 37 46 84
56 50 68 72 60 72 68 44 72 72 35 35 67 35 105 72 69 72 72 50 60 48 72 66 93 65 66 59 72 37 72 84
A0: 35 46 70 70 64 70 37 56 50 100 57 65 84 42 100 56 50 84 44 44 50 74 64 38 50 44 57 65 104 104
104 62 78 78 78 78 78 78 109 74 69 69 69 69 38 38 38 38 84 84 85 85 85 85 85 84 85 82 82 82 82 73
74 72 68 68 68 68 68 68 105 60 68 68 68 68 35 35 35 35 69 72 69 69 69 69 69 84 69 72 72 72 72 66
72 66
391: 78 77 64 78 69 73 84 85 38 78 78 100 84 65 85 84 74 60 69 69 73 85 78 85 85 38 73 69 56 72 39
68 69 72 69 69 56 60 72 69 39 71 64 74 69 60 69 80 72 60 78 64 68 79 65 80 87
410: 78 77 77 64 90 69 123 71 84 84 82 84 100 84 85 84 74 74 69 78 100 78 93 81 124 133 94 104 77
74 118 77 68 70 64 53 81 68 100 59 71 71 68 74 82 70 69 70 72 60 58 66 100 65 75 69 107 111 76 91
64 60 98 65
2010: 42 42 70 56 100 100 50 56 38 38 38 38 66 66 66 66 56 56 64 64 37 67 100
2070: 44 37 60 60 44 44 44 44 44 44 53 53 53 37 37 46 44 44 44 44 44 44 44 44 44 44 53 53 53 37 37
2190: 100 84 100 84 100 84
2200: 78 70 55 69 69 86 70 70 90 90 75 90 90 75 64 83 79 72 84 84 70 37 70 84 63 38 67 67 67 72 84
"""
SAFETY = 1.02  # for fonts that a system uses in place of these
IDEOGRAPH, EMOJI, OTHER = 105, 130, 100  # of characters outside the tables


def table(widths: str) -> dict[str, int]:
    """Return the width of each character; "20:" starts with the character U+0020."""
    found, code = {}, 0
    for word in widths.split():
        if word.endswith(":"):
            code = int(word[:-1], 16)
        else:
            found[chr(code)] = int(word)
            code += 1
    return found


TABLES = {False: table(REGULAR), True: table(BOLD)}


@lru_cache(maxsize=4096)
def width(text: str, size: float, bold: bool = False) -> float:
    """Return the largest width of a line of text in any of the fonts.

    >>> round(width("value", 10.0), 1)
    28.2
    """
    return sum(advance(c, bold) for c in text) * size / 100 * SAFETY


def advance(c: str, bold: bool) -> int:
    """Return the width of a character in hundredths of the size."""
    known = TABLES[bold]
    if c in known:
        return known[c]
    if combining(c):
        return 0
    if east_asian_width(c) in "WF":
        return EMOJI if category(c) == "So" else IDEOGRAPH
    return known.get(normalize("NFD", c)[0], OTHER)  # an accent doesn't make a letter wider
