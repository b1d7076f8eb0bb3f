"""Turn source into functions: the only module that runs text."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def defined(
    name: str, text: str, names: Mapping[str, Any], builtin: Iterable[Any]
) -> Callable[..., Any]:
    """Return the function of this name in the text, which can use the given names only."""
    known = {x.__name__: x for x in builtin}
    space = {**names, "__builtins__": {**known, "__import__": for_warnings}}
    exec(compile(text, f"<compiled {name}>", "exec"), space)
    made: Callable[..., Any] = space[name]
    return made


def for_warnings(name: str, *_: Any) -> Any:
    """Replace `__import__`: since Python 3.13 NumPy issues warnings with that of its caller.

    Generated source can't call it: its identifiers do not begin with an underscore.
    """
    if name.partition(".")[0] not in ("warnings", "numpy"):
        raise ImportError(f"a compiled function imports nothing, and not {name}")
    return importlib.import_module(name)
