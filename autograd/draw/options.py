"""Options that are one of a few words."""

from __future__ import annotations

from typing import Any, get_args


def check_word(name: str, word: str, kind: Any) -> None:
    """Complain of an option that is none of the words of a `Literal` type.

    Raises:
        ValueError: naming the option, the words, and what came.
    """
    if word not in get_args(kind):
        wanted = ", ".join(map(repr, get_args(kind)))
        raise ValueError(f"{name} must be one of {wanted}, but got {word!r}")
