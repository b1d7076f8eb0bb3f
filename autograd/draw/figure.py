"""The base class of drawings: how they are shown and saved."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from os import PathLike
from typing import Any, ClassVar

from autograd.atomic_write import replacing
from autograd.core import arguments

from .formats.images import Form


class Figure:
    """A drawing. Notebooks show it as a picture, terminals as text."""

    formats: ClassVar[Sequence[str]] = ("svg", "html", "png", "pdf", "txt")

    @property
    @abstractmethod
    def text(self) -> str: ...

    @property
    @abstractmethod
    def svg(self) -> str: ...

    @abstractmethod
    def image(self, form: Form) -> bytes: ...

    def save(self, path: str | PathLike[str]) -> None:
        """Write the drawing to a file, in the format that its name ends with.

        An error leaves a file that was there before as it was.

        Args:
            path: ends with .svg, .html, .png, .pdf or .txt, for graphs also with .tex or .dot.
                Typst makes .png and .pdf from the SVG: `pip install napkingrad[demos]`.

        Raises:
            ValueError: the name has another ending.
            FileNotFoundError: there is no such directory.
            ModuleNotFoundError: the package that makes this image is not installed.
            GraphvizMissingError: `engine="dot"` was asked for, and Graphviz is not installed.
        """
        path = arguments.path("path", path)
        form: Any = path.suffix.lower().removeprefix(".")
        if form not in self.formats:
            *others, last = (f".{known}" for known in self.formats)
            wanted = f"{', '.join(others)} or {last}"
            raise ValueError(f"a drawing is saved as {wanted}, but got {path.name!r}")
        if form in ("png", "pdf"):
            content = self.image(form)
        else:
            content = (f"{self.text}\n" if form == "txt" else getattr(self, form)).encode()
        if not path.parent.is_dir():
            raise FileNotFoundError(f"can't save {path.name}: there is no directory {path.parent}")
        with replacing(path) as file:
            file.write(content)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": self.text}
