"""Drawings as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path

from autograd.files import replacing


def write(path: str | PathLike[str], forms: Mapping[str, Callable[[], str | bytes]]) -> None:
    """Write what belongs to the ending of a name, or leave a file that was there as it was.

    Args:
        path: of the file.
        forms: what makes the content, by ending.

    Raises:
        ValueError: the name has another ending.
        FileNotFoundError: there is no such directory.
    """
    path = Path(path)
    make = forms.get(path.suffix.lower())
    if make is None:
        *others, last = forms
        wanted = f"{', '.join(others)} or {last}"
        raise ValueError(f"a drawing is saved as {wanted}, but got {path.name!r}")
    content = make()
    if not path.parent.is_dir():
        raise FileNotFoundError(f"can't save {path.name}: there is no directory {path.parent}")
    with replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
