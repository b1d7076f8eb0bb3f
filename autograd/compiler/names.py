"""Identifiers of generated source: each is used once, whatever labels and keys are."""

from __future__ import annotations

import builtins
import math
from collections.abc import Iterable
from typing import Any

from autograd.expressions import identifier


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


def option_text(name: str, x: Any) -> str:
    """Return an option of an operation, a plain number or None, as text in a call."""
    text = repr(x) if x is None or math.isfinite(x) else f"float({str(x)!r})"
    return f", {identifier(name)}={text}"
