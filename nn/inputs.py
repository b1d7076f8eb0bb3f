"""Arrays of real numbers from whatever holds them: lists, tables, arrays of other libraries."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.core.arguments import brief
from autograd.core.array_libraries import as_array
from autograd.core.node import Node

Array: TypeAlias = NDArray[Any]


def as_numbers(name: str, x: Any) -> Array:
    """Return `x` as an array of real numbers; another library's array stays as it is.

    Raises:
        TypeError: it holds something else, such as text.
        ValueError: its rows are not equally long, or some of its entries are masked.
    """
    try:
        array = np.asarray(x) if isinstance(x, Node) else as_array(x)
        if array.dtype == object:  # such as a table with columns of several types
            array = np.array(array.tolist()) if array.size else array.astype(float)
    except ValueError as error:
        raise ValueError(f"{name} must be an array, but its rows differ: {error}") from None
    if array.dtype.kind not in "biuf":
        what = f"{array.dtype}, shape {array.shape}"
        if array.dtype == object:
            odd = (entry for entry in array.flat if not isinstance(entry, (int, float)))
            what = f"{brief(next(odd, array.flat[0]))} among them" if array.ndim else brief(x)
        if array.dtype.kind in "US":
            what += "; np.unique(names, return_inverse=True) gives each name a number"
        raise TypeError(f"{name} must hold real numbers, but got {what}")
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise ValueError(f"{name} has masked entries; replace them first: x.filled(value)")
    return array
