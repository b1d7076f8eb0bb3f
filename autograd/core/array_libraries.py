"""Where arrays live, in NumPy's memory, on a GPU, on a cluster, and the ways between.

Nothing here names such a library. Whatever speaks NumPy's protocols can be a tensor's data, and
stays where it is: numbers move when they are told to.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeAlias

import numpy as np

Maker: TypeAlias = Callable[[Any], Any]  # an array of some library, out of any other


def is_numpys(x: Any) -> bool:
    """Whether the numbers are in NumPy's memory."""
    return isinstance(x, (np.ndarray, np.generic))


def is_lazy(x: Any) -> bool:
    """Whether the numbers are yet to be computed, in one go with others, as Dask's are."""
    return hasattr(x, "__dask_graph__")


def fetched(x: Any) -> Any:
    """The numbers as NumPy has them, by whatever name the array's library has for that.

    Raises:
        TypeError: the array refuses.
    """
    if is_numpys(x):
        return x
    for way in ("get", "compute"):  # CuPy's, and Dask's, whose blocks may be CuPy's again
        if hasattr(x, way):
            return np.array(fetched(getattr(x, way)()))  # not the blocks that others refer to
    return np.asarray(x)


def maker(place: Any) -> Maker:
    """What makes arrays at a place: `asarray` of a library, or a function as it is.

    Raises:
        TypeError: it is neither.
    """
    if place is np:
        return fetched
    if hasattr(place, "asarray"):
        return place.asarray
    if not callable(place) or (isinstance(place, type) and issubclass(place, np.generic)):
        raise TypeError(
            "to() takes a library of arrays, such as numpy, or a function that makes its arrays "
            f"out of NumPy's, but got {place!r}"
        )
    return partial(made_by, place)


def made_by(make: Maker, x: Any) -> Any:
    return make(fetched(x))


def maker_like(x: Any) -> Maker:
    """What makes arrays where `x` is."""
    return fetched if is_numpys(x) else partial(np.asarray, like=x)


def plain(x: Any) -> Any:
    """`x` as an array without arithmetic of its own.

    Numbers of pandas' Series, xarray's arrays, `np.matrix` and the like become a NumPy array, which
    shares their memory where that is possible. Arrays of a library that speaks NumPy's protocols,
    and what is no array, are returned as they are.

    Raises:
        TypeError: a masked array with masked entries.
    """
    if type(x) is np.ndarray or isinstance(x, np.generic):
        return x
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise TypeError("masked entries are no numbers; fill them: x.filled(value)")
    if isinstance(x, np.ndarray):
        return x.view(np.ndarray)
    return np.asarray(x) if speaks_only_array(x) else x


def speaks_only_array(x: Any) -> bool:
    """Whether `x` can be converted to a NumPy array, and is none of another library."""
    if isinstance(x, (type, np.generic)):
        return False
    return hasattr(x, "__array__") and not hasattr(x, "__array_function__")


def operand(x: Any) -> Any:
    """`x`, to compute with: as for `plain`, but nothing that multiplies in another way than arrays.

    Raises:
        TypeError: a masked array, a matrix, or another NumPy array with arithmetic of its own.
    """
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
    return plain(x)


def as_array(x: Any) -> Any:
    """`x` as an array: another library's as it is, all else as NumPy's."""
    foreign = hasattr(x, "__array_function__") and not (is_numpys(x) or isinstance(x, type))
    return x if foreign else np.asarray(x)


def beside(x: Any, like: Any) -> Any:
    """`x` where `like` is, if it is NumPy's and `like` is not; nothing is fetched unasked."""
    if is_numpys(like) or not is_numpys(x) or not hasattr(like, "__array_function__"):
        return x
    return np.asarray(x, like=like)


def first(x: Any, found: Any) -> Any:
    """The first number that is found, for an error to show."""
    return np.ravel(fetched(x))[np.ravel(fetched(found))][0]


def copied(x: Any) -> Any:
    """The same numbers in memory of their own, laid out as they were."""
    if is_numpys(x) or not hasattr(x, "copy"):
        return np.copy(x)
    return x.copy()  # Dask has no np.copy(), and would compute


def at_home(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's function, where the numbers are: for what not every library has.

    Raises:
        TypeError: the array's library lacks it, and would fetch the numbers for NumPy (as Dask
            does, with a FutureWarning).
    """
    name = f"{function.__module__}.{function.__name__}"

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        foreign = [x for x in args if hasattr(x, "__array_function__") and not is_numpys(x)]
        if not foreign:
            return function(*args, **kwargs)
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            try:
                return function(*args, **kwargs)
            except FutureWarning:
                library = type(foreign[0]).__module__.partition(".")[0]
                raise TypeError(
                    f"{library} has no {name}; where the numbers fit into NumPy's memory, "
                    "t.to(numpy) fetches them"
                ) from None

    return called
