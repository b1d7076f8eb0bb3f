"""Which public functions of the installed NumPy work on nodes: `python tests/numpy_names.py`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from autograd.numpy_api import protocols

MEANING = {
    "differentiable": "work on nodes, and return nodes",
    "plain": "return plain numbers and arrays, without gradient",
    "refused": 'raise "… is not defined on a Tensor": complex numbers, bits, dates, files, sets',
    "not dispatched": "never see nodes: NumPy makes arrays, or asks for dtypes and settings",
}


def kind_of(function: Any) -> str:
    """Return which of the kinds in `MEANING` a function of NumPy is."""
    if isinstance(function, np.ufunc):
        ours, plain = protocols.operation_of(function), protocols.PLAIN_UFUNCS
    else:
        if not hasattr(function, "_implementation"):  # has no __array_function__ protocol
            return "not dispatched"
        ours, plain = protocols.FUNCTIONS.get(function), protocols.PLAIN_FUNCTIONS
    if function in plain:
        return "plain"
    return "differentiable" if ours else "refused"


def names() -> dict[str, list[str]]:
    """Return the names of public functions of `numpy` and `numpy.linalg`, by kind."""
    by_kind: dict[str, list[str]] = {kind: [] for kind in MEANING}
    for module, prefix in ((np, ""), (np.linalg, "linalg.")):
        for name in module.__all__:
            function = getattr(module, name)
            if callable(function) and not isinstance(function, (type, ModuleType)):
                by_kind[kind_of(function)].append(prefix + name)
    return by_kind


def table() -> list[str]:
    """Return the counts as the lines of a table."""
    version = ".".join(np.__version__.split(".")[:2])
    rows = [f"| {len(names()[kind])} | {meaning} |" for kind, meaning in MEANING.items()]
    return [f"| NumPy {version} | functions that |", "|---|---|", *rows]


if __name__ == "__main__":
    print("\n".join(table()))
    for kind, found in names().items():
        print(f"\n{kind}: {' '.join(sorted(found))}")
