"""Identifiers of generated source: each is used once, whatever labels and keys are."""

from __future__ import annotations

import builtins
import keyword
import math
import unicodedata
from collections.abc import Iterable
from typing import Any


class Names:
    """Identifiers that are in use."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = {*taken, *dir(builtins)}
        self.counts: dict[str, int] = {}

    def new(self, wanted: str | None) -> str:
        """Return an unused identifier like `wanted`; without `wanted` the next of t1, t2 ..."""
        name = identifier(wanted) if wanted else "t"
        if wanted and name not in self.taken:
            self.taken.add(name)
            return name
        stem = name if not name[-1].isdigit() else f"{name}_"
        n = self.counts.get(stem, 1)
        while f"{stem}{n}" in self.taken:
            n += 1
        self.counts[stem] = n + 1
        self.taken.add(f"{stem}{n}")
        return f"{stem}{n}"


def identifier(text: str) -> str:
    """Return a text as an identifier, without all but letters, digits and underscores.

    >>> identifier("x|y {z}"), identifier("2π"), identifier("lambda"), identifier("__import__")
    ('x_y_z', 'n2π', 'lambda_', 'import_')
    """
    text = unicodedata.normalize("NFKC", text)[:40]  # as Python reads it
    text = "".join(c if f"a{c}".isidentifier() else " " for c in text).strip(" _")
    name = "_".join(text.replace("_", " ").split()) or "t"
    if not name.isidentifier():
        name = unicodedata.normalize("NFKC", f"n{name}")  # an accent in front joins the n
    return f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else name


def option_text(name: str, x: Any) -> str:
    """Return an option of an operation, a plain number or None, as text in a call."""
    text = repr(x) if x is None or math.isfinite(x) else f"float({str(x)!r})"
    return f", {identifier(name)}={text}"
