"""Drawings as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike

from autograd.atomic_write import replacing
from autograd.core import arguments


def write(path: str | PathLike[str], forms: Mapping[str, Callable[[], str | bytes]]) -> None:
    """Write the content that the path's ending names; an error leaves an existing file unchanged.

    Args:
        path: of the file.
        forms: functions that return the content, by ending.

    Raises:
        TypeError: `path` is neither a `str` nor a path.
        ValueError: the name has another ending, or is one that no file can have.
        FileNotFoundError: there is no such directory.
    """
    path = arguments.path("path", path)
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
