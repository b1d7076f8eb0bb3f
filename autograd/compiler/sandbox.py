"""Where what was written becomes a function: the one place that runs text."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def defined(
    name: str, text: str, names: Mapping[str, Any], builtin: Iterable[Any]
) -> Callable[..., Any]:
    """The function of this name in the text, in which nothing but the given names has a meaning."""
    known = {x.__name__: x for x in builtin}
    space = {**names, "__builtins__": {**known, "__import__": for_warnings}}
    exec(compile(text, f"<compiled {name}>", "exec"), space)
    made: Callable[..., Any] = space[name]
    return made


def for_warnings(name: str, *_: Any) -> Any:
    """Stands in for `__import__`: from Python 3.13 on, NumPy warns by the one of its caller.

    No source asks for it: identifiers do not begin with an underscore, and it has no statements.
    """
    if name.partition(".")[0] not in ("warnings", "numpy"):
        raise ImportError(f"a compiled function imports nothing, and not {name}")
    return importlib.import_module(name)
