"""Checks of arguments, for every constructor and function of `autograd` and `nn`.

Each function takes the argument's name and its value, and returns the value in Python's own types:
NumPy's numbers and 0-d arrays become `int` and `float`. Strings, None, booleans, nan and nodes are
no numbers. A value of the wrong type is a TypeError, one outside the range or the choices a
ValueError; both name the argument, what was expected and what came.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


def brief(x: Any) -> str:
    """Return `x` as messages show it: shortened, with its type where the text does not show it."""
    if isinstance(x, type):
        return f"the class {x.__name__}"
    if hasattr(x, "dtype") and getattr(x, "shape", None):
        return f"an array of shape {x.shape}"
    text = repr(x)
    text = text if len(text) <= 60 else text[:57] + "..."
    known = x is None or isinstance(x, (bool, int, float, list, tuple, dict))
    return text if known else f"{text} ({type(x).__name__})"


def type_error(name: str, expected: str, x: Any, hint: str = "") -> TypeError:
    """Return the error for an argument of the wrong type."""
    return TypeError(f"{name} must be {expected}, but got {brief(x)}" + (f"; {hint}" * bool(hint)))


def value_error(name: str, expected: str, x: Any) -> ValueError:
    """Return the error for an argument that lies outside the range."""
    return ValueError(f"{name} must be {expected}, but got {brief(x)}")


def as_python(x: Any) -> Any:
    """Return a NumPy number or 0-d array as Python's number, and anything else as it is."""
    return x.item() if isinstance(x, (np.generic, np.ndarray)) and not x.ndim else x


def number(
    name: str,
    x: Any,
    *,
    at_least: float = -math.inf,
    above: float = -math.inf,
    at_most: float = math.inf,
    below: float = math.inf,
    finite: bool = True,
) -> float:
    """Return `x` as an `int` or a `float`, if it is a real number between the bounds.

    >>> number("lr", np.float64(0.5), at_least=0), number("lr", 1, at_least=0)
    (0.5, 1)
    >>> number("lr", -1, at_least=0)
    Traceback (most recent call last):
    ValueError: lr must be a finite number >= 0, but got -1
    """
    if type(x) is float and at_least <= x <= at_most and above < x < below:
        return x  # losses are called in every step
    value, bounds = as_python(x), (at_least, above, at_most, below, finite)
    if isinstance(value, bool) or not isinstance(value, Real):
        hint = "use .item() for the number it holds" if hasattr(x, "requires_grad") else ""
        raise type_error(name, range_text("number", *bounds), x, hint)
    value = as_machine_number(value)
    inside = at_least <= value <= at_most and (above == -math.inf or value > above)
    inside = inside and (below == math.inf or value < below)
    if not inside or (finite and math.isinf(value)):  # comparisons with nan are false
        raise value_error(name, range_text("number", *bounds), x)
    return value


positive = partial(number, above=0)
non_negative = partial(number, at_least=0)
probability = partial(number, at_least=0, at_most=1)
decay_rate = partial(number, at_least=0, below=1)  # the weight of a running average


def as_machine_number(x: Any) -> float:
    """Return an integer as an `int` if it fits into an int64, any other number as a `float`."""
    if isinstance(x, Integral) and -(2**63) <= int(x) < 2**63:
        return int(x)
    try:
        return float(x)
    except OverflowError:  # an integer or a fraction beyond the largest float
        return math.inf if x > 0 else -math.inf


def range_text(
    kind: str, at_least: float, above: float, at_most: float, below: float, finite: bool
) -> str:
    """Return the range in words: "a finite number >= 0"."""
    lower = [f"{sign} {x}" for sign, x in ((">=", at_least), (">", above)) if x != -math.inf]
    upper = [f"{sign} {x}" for sign, x in (("<=", at_most), ("<", below)) if x != math.inf]
    finite = finite and kind == "number" and not (lower and upper)
    article = "a finite" if finite else "an" if kind == "integer" else "a"
    return " ".join([article, kind, " and ".join(lower + upper)]).rstrip()


def integer(name: str, x: Any, *, at_least: float = -math.inf, at_most: float = math.inf) -> int:
    """Return `x` as an `int`, if it is an integer between the bounds; 2.0 is none.

    >>> integer("epochs", np.int64(3), at_least=0)
    3
    >>> integer("epochs", 1.5, at_least=0)
    Traceback (most recent call last):
    TypeError: epochs must be an integer >= 0, but got 1.5
    """
    value, bounds = as_python(x), (at_least, -math.inf, at_most, math.inf, True)
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise type_error(name, range_text("integer", *bounds), x)
    value = int(value)
    if not at_least <= value <= at_most:
        raise value_error(name, range_text("integer", *bounds), x)
    return value


def integers(name: str, x: Any, *, at_least: float = -math.inf) -> tuple[int, ...]:
    """Return a sequence of integers, or one, as a tuple of `int`; errors as for `integer`."""
    several = isinstance(x, Sequence) and not isinstance(x, (str, bytes))
    if not several and not (isinstance(x, np.ndarray) and x.ndim):
        return (integer(name, x, at_least=at_least),)
    return tuple(integer(f"{name}[{i}]", n, at_least=at_least) for i, n in enumerate(x))


def pair(name: str, x: Any, *, at_least: float = -math.inf) -> tuple[int, int]:
    """Return two integers, or one for both axes of an image, as a pair.

    >>> pair("kernel_size", np.int64(3), at_least=1), pair("stride", (2, 1), at_least=1)
    ((3, 3), (2, 1))
    """
    found = integers(name, x, at_least=at_least)
    if np.ndim(x) and len(found) != 2:
        raise ValueError(f"{name} must be one integer or two, but got {brief(x)}")
    return found[0], found[-1]


def flag(name: str, x: Any) -> bool:
    """Return `x` as a `bool`; 0 and 1 are accepted, strings and None are not."""
    value = as_python(x)
    if isinstance(value, bool) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise type_error(name, "True or False", x)


def one_of(name: str, x: T, choices: Collection[Any]) -> T:
    """Return `x`, if it is one of the choices, with NumPy's strings as Python's; else raise."""
    x = as_python(x)
    if not any(x is choice or (type(x) is type(choice) and x == choice) for choice in choices):
        listed = " or ".join(map(repr, choices))
        raise ValueError(f"{name} must be {listed}, but got {brief(x)}")
    return x


def instance_of(name: str, x: Any, kind: type[T], expected: str = "") -> T:
    """Return `x`, if it is an instance of `kind`; a class is no instance of itself.

    >>> instance_of("name", dict, dict)
    Traceback (most recent call last):
    TypeError: name must be a dict, but got the class dict; pass an instance: dict(...)

    Args:
        name: of the argument.
        x: its value.
        kind: the class.
        expected: what messages call an instance, with an article; by default, the class's name.
    """
    if isinstance(x, kind):
        return x
    article = "an" if kind.__name__[0] in "AEIOUaeiou" else "a"
    hint = ""
    if isinstance(x, type) and issubclass(x, kind):
        hint = f"pass an instance: {x.__name__}(...)"
    raise type_error(name, expected or f"{article} {kind.__name__}", x, hint)


def function(name: str, x: Any, expected: str = "a function") -> Callable[..., Any]:
    """Return `x`, if it can be called; refuse classes, since a call only makes an instance."""
    if isinstance(x, type):
        raise type_error(name, expected, x, f"pass an instance: {x.__name__}(...)")
    if not callable(x):
        hint = "pass the function itself, not its name" if isinstance(x, str) else ""
        raise type_error(name, expected, x, hint)
    return x


def sequence_of(name: str, xs: Any, kind: type[T], expected: str = "") -> list[T]:
    """Return the entries of an iterable as a list, if each is an instance of `kind`."""
    if isinstance(xs, (kind, str)) or not is_iterable(xs):
        what = expected or f"{kind.__name__} objects"
        hint = f"pass a list: [{name}]" if isinstance(xs, kind) else ""
        raise type_error(name, f"a list of {what}", xs, hint)
    return [instance_of(f"{name}[{i}]", x, kind) for i, x in enumerate(xs)]


def is_iterable(x: Any) -> bool:
    """Return whether `x` can be iterated over; classes and 0-d arrays can't be."""
    try:
        iter(x)
    except TypeError:
        return False
    return True


def dtype_of(name: str, x: Any, kinds: str = "f") -> np.dtype[Any]:
    """Return `x` as a dtype of floating-point numbers, or of one of NumPy's other `kinds`.

    >>> dtype_of("dtype", np.float32)
    dtype('float32')
    >>> dtype_of("dtype", int)
    Traceback (most recent call last):
    TypeError: dtype must be a floating-point dtype, such as np.float32, but got the class int
    """
    found = None
    with suppress(TypeError, ValueError):
        found = None if x is None else np.dtype(x)  # NumPy takes None for float64
    if found is None or found.kind not in kinds:
        what = "floating-point dtype" if kinds == "f" else "dtype of real numbers"
        raise type_error(name, f"a {what}, such as np.float32", x)
    return found


def path(name: str, x: Any) -> Path:
    """Return `x`, a `str` or an `os.PathLike`, as the path of a file.

    >>> path("path", b"net.npz")
    Traceback (most recent call last):
    TypeError: path must be a str or a path, but got b'net.npz' (bytes); os.fsdecode() decodes it
    """
    from pathlib import Path  # imported when used: most programs write no files

    found = os.fspath(x) if isinstance(x, os.PathLike) else x
    if not isinstance(found, str):
        hint = "os.fsdecode() decodes it" if isinstance(found, bytes) else ""
        raise type_error(name, "a str or a path", x, hint)
    try:
        possible = bool(found) and b"\0" not in os.fsencode(found)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise ValueError(f"{name} must be a name that a file can have, but got {found!r}")
    return Path(found)
