"""Arrays of NumPy and of other libraries (CuPy, Dask), and conversions between them.

Any array type that speaks NumPy's protocols can be a tensor's data, and no library is named here.
Arrays stay where they are: only `to()` and the functions that say so convert them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial, wraps
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

Converter: TypeAlias = Callable[[Any], Any]  # from an array of any library to one of its own


def is_numpy(x: Any) -> bool:
    """Return whether `x` is an array or a number of NumPy's own."""
    return isinstance(x, (np.ndarray, np.generic))


def is_lazy(x: Any) -> bool:
    """Return whether the numbers are computed later, together with others, as Dask's are."""
    return hasattr(x, "__dask_graph__")


def is_foreign(x: Any) -> bool:
    """Return whether `x` is an array (or a class) of another library with NumPy's protocols."""
    return hasattr(x, "__array_function__") and not is_numpy(x)


def to_numpy(x: Any) -> Any:
    """Return the numbers as a NumPy array, by the method that the array's library has for that."""
    if is_numpy(x):
        return x
    for method in ("get", "compute"):  # CuPy's, and Dask's, whose blocks may be CuPy's again
        if hasattr(x, method):
            return np.array(to_numpy(getattr(x, method)()))  # a copy: Dask may use the blocks again
    return np.asarray(x)


def converter(library: Any) -> Converter:
    """Return the converter to a library's arrays: its `asarray`, or a function of NumPy arrays."""
    if library is np:
        return to_numpy
    if hasattr(library, "asarray"):
        return library.asarray
    if not callable(library) or (isinstance(library, type) and issubclass(library, np.generic)):
        raise TypeError(
            "to() takes a library of arrays, such as numpy, or a function that makes its arrays "
            f"out of NumPy's, but got {library!r}"
        )
    return partial(convert_from_numpy, library)


def convert_from_numpy(convert: Converter, x: Any) -> Any:
    return convert(to_numpy(x))


def converter_like(x: Any) -> Converter:
    """Return the converter to the library of the array `x`."""
    return to_numpy if is_numpy(x) else partial(np.asarray, like=x)


def to_library_of(x: Any, like: Any) -> Any:
    """Return `x`, converted if it is NumPy's and `like` is an array of another library."""
    return np.asarray(x, like=like) if is_numpy(x) and is_foreign(like) else x


def is_convertible(x: Any) -> bool:
    """Return whether NumPy can convert `x`, which speaks no other protocol, to an array."""
    if isinstance(x, (type, np.generic)):
        return False
    return hasattr(x, "__array__") and not hasattr(x, "__array_function__")


def as_plain_array(x: Any) -> Any:
    """Return `x` as an array without arithmetic of its own.

    Numbers of pandas' Series, xarray's arrays, `np.matrix` and the like become a NumPy array, which
    shares their memory where that is possible. Arrays of a library that speaks NumPy's protocols,
    and objects that are no arrays, are returned as they are. Masked entries are refused.
    """
    if type(x) is np.ndarray or isinstance(x, np.generic):
        return x
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise TypeError("masked entries are no numbers; fill them: x.filled(value)")
    if isinstance(x, np.ndarray):
        return x.view(np.ndarray)
    return np.asarray(x) if is_convertible(x) else x


def as_operand(x: Any) -> Any:
    """Return `as_plain_array(x)`, but refuse masked arrays, matrices and others like them."""
    if type(x) is np.ndarray:
        return x
    if isinstance(x, np.ndarray) and (
        isinstance(x, (np.ma.MaskedArray, np.matrix))
        or type(x).__array_ufunc__ is not np.ndarray.__array_ufunc__
    ):
        way = "x.filled(value)" if isinstance(x, np.ma.MaskedArray) else "np.asarray(x)"
        raise TypeError(
            f"{type(x).__name__} has arithmetic of its own, which tensors do not follow; "
            f"use {way} for its numbers"
        )
    return as_plain_array(x)


def is_operand(x: Any) -> bool:
    """Return whether `x` can be combined with a node: a real number, an array or a list."""
    return hasattr(x, "__array__") or isinstance(x, (list, tuple, Real))


def as_array(x: Any) -> Any:
    """Return `x` as an array: another library's array as it is, all else as NumPy's."""
    return x if is_foreign(x) and not isinstance(x, type) else np.asarray(x)


def first_where(x: Any, condition: Any) -> Any:
    """Return the first entry of `x` where the condition holds, as an error shows it."""
    return np.ravel(to_numpy(x))[np.ravel(to_numpy(condition))][0]


def copy_array(x: Any) -> Any:
    """Return a copy of `x` with the same layout in memory."""
    if is_numpy(x) or not hasattr(x, "copy"):
        return np.copy(x)
    return x.copy()  # Dask has no np.copy(), and would compute


def no_fallback(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a NumPy function that other libraries may lack, so that it never converts their arrays.

    Dask would, with a FutureWarning; then the wrapped function raises a TypeError.
    """
    name = f"{function.__module__}.{function.__name__}"

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        foreign = next(filter(is_foreign, args), None)
        if foreign is None:
            return function(*args, **kwargs)
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            try:
                return function(*args, **kwargs)
            except FutureWarning:
                library = type(foreign).__module__.partition(".")[0]
                raise TypeError(
                    f"{library} has no {name}; where the numbers fit into NumPy's memory, "
                    "t.to(numpy) fetches them"
                ) from None

    return called
