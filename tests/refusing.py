"""An array type that speaks NumPy's protocols and refuses to become an ndarray.

It stands for arrays that live elsewhere: on a GPU, on a cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class Refusing(NDArrayOperatorsMixin):
    """`Refusing(array)` takes an array elsewhere, `fetch()` brings a copy back.

    As CuPy's arrays do, it refuses to be converted, to stand beside an ndarray unless that is an
    index, and ufuncs' methods such as `np.add.at`. It also refuses `out=`.
    """

    __slots__ = ("_array",)
    __hash__ = None  # type: ignore[assignment]  # == compares entries
    __iadd__ = NDArrayOperatorsMixin.__add__

    def __init__(self, array: Any) -> None:
        self._array = np.array(array)

    def fetch(self) -> Any:
        return self._array.copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise TypeError("this array refuses to become an ndarray")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        refuse_out(ufunc, kwargs)
        if any(isinstance(x, np.ndarray) for x in inputs):
            raise TypeError(f"{ufunc.__name__}: this array refuses to stand beside an ndarray")
        if method != "__call__" or not all(isinstance(x, (Refusing, Real)) for x in inputs):
            return NotImplemented
        return elsewhere(ufunc(*here(inputs), **kwargs))

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        refuse_out(function, kwargs)
        if not all(issubclass(t, Refusing) for t in types):
            return NotImplemented
        return elsewhere(function(*here(args), **here(kwargs)))

    def __getitem__(self, index: Any) -> Refusing:
        return Refusing(self._array[here(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(value, np.ndarray):
            raise TypeError("this array refuses to take in an ndarray")
        self._array[here(index)] = here(value)

    def astype(self, dtype: Any, copy: bool = True) -> Refusing:
        return Refusing(self._array.astype(dtype))

    def sum(self, axis: Any = None, keepdims: bool = False) -> Refusing:
        return Refusing(self._array.sum(axis=axis, keepdims=keepdims))

    def max(self, axis: Any = None, keepdims: bool = False) -> Refusing:
        return Refusing(self._array.max(axis=axis, keepdims=keepdims))

    def clip(self, low: float, high: float) -> Refusing:
        return Refusing(self._array.clip(low, high))

    def item(self) -> Any:
        return self._array.item()

    def __float__(self) -> float:
        return float(self._array)

    def __bool__(self) -> bool:
        return bool(self._array)

    def __len__(self) -> int:
        return len(self._array)

    def __repr__(self) -> str:
        return f"Refusing({self._array})"

    shape = property(lambda self: self._array.shape)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    dtype = property(lambda self: self._array.dtype)
    T = property(lambda self: Refusing(self._array.T))


def refuse_out(function: Any, kwargs: Any) -> None:
    if kwargs.get("out") is not None:
        raise TypeError(f"{function.__name__}: this array refuses out=")


def here(x: Any) -> Any:
    """ndarrays in place of the refusing arrays in a call's arguments."""
    if isinstance(x, Refusing):
        return x._array
    if isinstance(x, dict):
        return {key: here(part) for key, part in x.items()}
    return type(x)(map(here, x)) if isinstance(x, (list, tuple)) else x


def elsewhere(x: Any) -> Any:
    """Refusing arrays in place of the ndarrays in a call's result."""
    if isinstance(x, (np.ndarray, np.generic)):
        return Refusing(x)
    if isinstance(x, tuple):  # svd's has names
        return tuple(map(elsewhere, x))
    return x
