"""Checks of arguments, for every constructor and function of `autograd` and `nn`.

Each function takes the argument's name and its value, and returns the value as plain Python has
it: NumPy's numbers, and arrays with one entry and no axes, become `int` and `float`. Strings,
None, booleans, nan and nodes are no numbers. Errors name the argument, and say what was expected
and what came.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


def brief(x: Any) -> str:
    """A value in a message: shortened, with its type where the text does not tell it."""
    if isinstance(x, type):
        return f"the class {x.__name__}"
    if hasattr(x, "dtype") and getattr(x, "shape", None):
        return f"an array of shape {x.shape}"
    text = repr(x)
    text = text if len(text) <= 60 else text[:57] + "..."
    if x is None or isinstance(x, (bool, int, float, list, tuple, dict)):
        return text
    return f"{text} ({type(x).__name__})"


def type_error(name: str, expected: str, x: Any, hint: str = "") -> TypeError:
    """The error for an argument of the wrong kind."""
    return TypeError(f"{name} must be {expected}, but got {brief(x)}" + (f"; {hint}" * bool(hint)))


def as_python(x: Any) -> Any:
    """A NumPy number, or a NumPy array without axes, as Python's; anything else as it is."""
    if isinstance(x, np.generic) or (isinstance(x, np.ndarray) and not x.ndim):
        return x.item()
    return x


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
    """`x` as a real number, an `int` or a `float`, between the bounds.

    >>> number("lr", np.float64(0.5), at_least=0), number("lr", 1, at_least=0)
    (0.5, 1)
    >>> number("lr", -1, at_least=0)
    Traceback (most recent call last):
    ValueError: lr must be a finite number >= 0, but got -1

    Raises:
        TypeError: `x` is no real number.
        ValueError: `x` is nan, is infinite although `finite`, or lies outside the bounds.
    """
    if type(x) is float and at_least <= x <= at_most and above < x < below:
        return x  # losses are called in every step
    value = as_python(x)
    if isinstance(value, bool) or not isinstance(value, Real):
        hint = "use .item() for the number it holds" if hasattr(x, "requires_grad") else ""
        raise type_error(name, range_of("number", at_least, above, at_most, below, finite), x, hint)
    value = as_machine_number(value)
    inside = at_least <= value <= at_most and (above == -math.inf or value > above)
    inside = inside and (below == math.inf or value < below)
    if not inside or (finite and math.isinf(value)):  # a nan is inside of nothing
        expected = range_of("number", at_least, above, at_most, below, finite)
        raise ValueError(f"{name} must be {expected}, but got {brief(x)}")
    return value


def as_machine_number(x: Any) -> float:
    """An integer as an `int` if it fits into an int64, any other number as a `float`."""
    if isinstance(x, Integral) and -(2**63) <= int(x) < 2**63:
        return int(x)
    try:
        return float(x)
    except OverflowError:  # an integer or a fraction beyond the largest float
        return math.inf if x > 0 else -math.inf


def range_of(
    kind: str, at_least: float, above: float, at_most: float, below: float, finite: bool
) -> str:
    """What was expected, in words: "a finite number >= 0 and < 1"."""
    lower = [f"{sign} {x}" for sign, x in ((">=", at_least), (">", above)) if x != -math.inf]
    upper = [f"{sign} {x}" for sign, x in (("<=", at_most), ("<", below)) if x != math.inf]
    bounds = lower + upper
    bounded = lower and upper
    article = "a finite" if finite and kind == "number" and not bounded else "a"
    article = "an" if article == "a" and kind[0] in "aeiou" else article
    return " ".join([article, kind, " and ".join(bounds)]).rstrip()


def positive(name: str, x: Any) -> float:
    """`x` as a finite number above 0; errors as for `number`."""
    return number(name, x, above=0)


def non_negative(name: str, x: Any) -> float:
    """`x` as a finite number of at least 0; errors as for `number`."""
    return number(name, x, at_least=0)


def probability(name: str, x: Any) -> float:
    """`x` as a number from 0 to 1, both included; errors as for `number`."""
    return number(name, x, at_least=0, at_most=1)


def decay_rate(name: str, x: Any) -> float:
    """`x` as a number from 0 to below 1, as the weight of a running average; errors likewise."""
    return number(name, x, at_least=0, below=1)


def integer(name: str, x: Any, *, at_least: float = -math.inf, at_most: float = math.inf) -> int:
    """`x` as an `int` between the bounds; 2.0 is no integer.

    >>> integer("epochs", np.int64(3), at_least=0)
    3
    >>> integer("epochs", 1.5, at_least=0)
    Traceback (most recent call last):
    TypeError: epochs must be an integer >= 0, but got 1.5

    Raises:
        TypeError: `x` is no integer.
        ValueError: `x` lies outside the bounds.
    """
    value = as_python(x)
    expected = range_of("integer", at_least, -math.inf, at_most, math.inf, True)
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise type_error(name, expected, x)
    value = int(value)
    if not at_least <= value <= at_most:
        raise ValueError(f"{name} must be {expected}, but got {brief(x)}")
    return value


def integers(name: str, x: Any, *, at_least: float = -math.inf) -> tuple[int, ...]:
    """A sequence of integers, or one integer, as a tuple of `int`; errors as for `integer`."""
    several = isinstance(x, Sequence) and not isinstance(x, (str, bytes))
    if not several and not (isinstance(x, np.ndarray) and x.ndim):
        return (integer(name, x, at_least=at_least),)
    return tuple(integer(f"{name}[{i}]", n, at_least=at_least) for i, n in enumerate(x))


def pair(name: str, x: Any, *, at_least: float = -math.inf) -> tuple[int, int]:
    """One integer, for both axes of an image, or two, as a pair.

    >>> pair("kernel_size", np.int64(3), at_least=1), pair("stride", (2, 1), at_least=1)
    ((3, 3), (2, 1))

    Raises:
        TypeError: not an integer or a sequence of integers.
        ValueError: the sequence does not have two entries, or one is below `at_least`.
    """
    if isinstance(x, (tuple, list)) or (isinstance(x, np.ndarray) and x.ndim):
        if len(x) != 2:
            raise ValueError(f"{name} must be one integer or two, but got {brief(x)}")
        return integer(name, x[0], at_least=at_least), integer(name, x[1], at_least=at_least)
    return (integer(name, x, at_least=at_least),) * 2


def flag(name: str, x: Any) -> bool:
    """`x` as a `bool`; 0 and 1 count as such, strings and None don't."""
    value = as_python(x)
    if isinstance(value, bool) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise type_error(name, "True or False", x)


def one_of(name: str, x: T, choices: Collection[Any]) -> T:
    """`x`, if it is one of the choices; NumPy's strings count as Python's.

    Raises:
        ValueError: it is not.
    """
    x = as_python(x)
    if not any(x is choice or (type(x) is type(choice) and x == choice) for choice in choices):
        listed = " or ".join(map(repr, choices))
        raise ValueError(f"{name} must be {listed}, but got {brief(x)}")
    return x


def instance_of(name: str, x: Any, kind: type[T], expected: str = "") -> T:
    """`x`, if it is an instance of `kind`; its class, or a name of it, is none.

    >>> instance_of("name", dict, dict)
    Traceback (most recent call last):
    TypeError: name must be a dict, but got the class dict; pass an instance: dict(...)

    Args:
        name: the argument.
        x: its value.
        kind: the class.
        expected: what the message calls it, with an article; made from the class's name.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(x, kind):
        return x
    article = "an" if kind.__name__[0] in "AEIOUaeiou" else "a"
    hint = ""
    if isinstance(x, type) and issubclass(x, kind):
        hint = f"pass an instance: {x.__name__}(...)"
    raise type_error(name, expected or f"{article} {kind.__name__}", x, hint)


def function(name: str, x: Any, expected: str = "a function") -> Callable[..., Any]:
    """`x`, if it can be called; a class is none, since calling it only makes an instance.

    Raises:
        TypeError: it is something else, such as the name of a function.
    """
    if isinstance(x, type):
        raise type_error(name, expected, x, f"pass an instance: {x.__name__}(...)")
    if not callable(x):
        hint = "pass the function itself, not its name" if isinstance(x, str) else ""
        raise type_error(name, expected, x, hint)
    return x


def sequence_of(name: str, xs: Any, kind: type[T], expected: str = "") -> list[T]:
    """The entries of an iterable as a list, if each is an instance of `kind`.

    Raises:
        TypeError: `xs` is no iterable, or is one such instance; or an entry is something else.
    """
    if isinstance(xs, (kind, str)) or not is_iterable(xs):
        what = expected or f"{kind.__name__} objects"
        hint = f"pass a list: [{name}]" if isinstance(xs, kind) else ""
        raise type_error(name, f"a list of {what}", xs, hint)
    return [instance_of(f"{name}[{i}]", x, kind) for i, x in enumerate(xs)]


def is_iterable(x: Any) -> bool:
    """Whether `x` can be iterated over; classes and arrays without axes can't be."""
    try:
        iter(x)
    except TypeError:
        return False
    return True


def dtype_of(name: str, x: Any, kinds: str = "f") -> np.dtype[Any]:
    """`x` as a dtype of floating-point numbers, or of one of NumPy's other `kinds`.

    >>> dtype_of("dtype", np.float32)
    dtype('float32')
    >>> dtype_of("dtype", int)
    Traceback (most recent call last):
    TypeError: dtype must be a floating-point dtype, such as np.float32, but got the class int

    Raises:
        TypeError: it is something else; None too, which NumPy takes for float64.
    """
    try:
        found = None if x is None else np.dtype(x)
    except (TypeError, ValueError):
        found = None
    if found is None or found.kind not in kinds:
        what = "floating-point dtype" if kinds == "f" else "dtype of real numbers"
        raise type_error(name, f"a {what}, such as np.float32", x)
    return found


def path(name: str, x: Any) -> Path:
    """`x`, a `str` or an `os.PathLike`, as a path that a file can have.

    >>> path("path", b"net.npz")
    Traceback (most recent call last):
    TypeError: path must be a str or a path, but got b'net.npz' (bytes); os.fsdecode() decodes it

    Raises:
        TypeError: it is something else.
        ValueError: it is empty, or has characters that no file's name can have.
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
