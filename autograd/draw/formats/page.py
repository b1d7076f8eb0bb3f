"""A picture as an HTML page in one file."""

from __future__ import annotations

import html
import re

from .colours import DARK, Theme, colours_of

SMALLEST = 0.65  # of its size: text can still be read

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0; padding: 1.5rem; background: {paper}; color: {ink}; color-scheme: {scheme} }}
figure {{ margin: 0; overflow: auto }}
figure svg {{ display: block; margin: auto; min-width: {least:.0f}px }}
details {{ margin-top: 1.5rem; font: 0.8rem/1.4 monospace }}
{dark}
@media print {{ body {{ padding: 0 }} details {{ display: none }} }}
</style>
</head>
<body>
<figure>
{svg}</figure>
<details><summary>as text</summary>
<pre>{text}</pre>
</details>
</body>
</html>
"""
AUTO = """\
@media (prefers-color-scheme: dark) {{ body {{ background: {paper}; color: {ink} }} }}"""


def to_html(svg: str, text: str, theme: Theme, title: str = "Computation graph") -> str:
    """Return a page with the picture and its text.

    A picture that is much wider than the page is scrolled rather than shrunk.
    """
    colours = colours_of(theme)
    width = re.search(r'\bwidth="([\d.]+)', svg)
    return PAGE.format(
        title=title,
        svg=svg,
        least=SMALLEST * float(width[1]) if width else 0.0,
        text=html.escape(text),
        dark=AUTO.format_map(DARK) if theme == "auto" else "",
        scheme="light dark" if theme == "auto" else theme,
        paper=colours["paper"],
        ink=colours["ink"],
    )
