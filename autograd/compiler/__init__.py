"""Scalar functions as source: traced, simplified, written out, and run on floats or on columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .compiled import Compiled

__all__ = ["DataDependentError", "compile"]


class DataDependentError(TypeError):
    """What a function does depends on numbers, but it is compiled before there are any."""


def compile(f: Callable[..., Any]) -> Compiled:  # noqa: A001  # re's and torch's name for it
    """A scalar function as straight-line source that runs on floats, or on columns of data at once.

    `f` is called once, with symbols in place of numbers, for each form of arguments; the rules of
    the table write its derivatives down, what is computed twice is computed once, and the result
    is a Python function that can be read: `f.source`.

    >>> import autograd as ag
    >>> import numpy as np
    >>> f = ag.compile(lambda w, x: ag.tanh(w * x))
    >>> f.value_and_grad(0.5, 2.0)
    (0.7615941559557649, 0.8399486832280523)
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> f(0.5, x)
    array([0.        , 0.46211716, 0.76159416])
    >>> f.value_and_grad(0.5, x, reduce="mean")
    (np.float64(0.4079037710719249), 0.5421321387313266)
    >>> print(f.source)
    from math import tanh
    <BLANKLINE>
    <BLANKLINE>
    def f(w, x):
        t1 = tanh(w * x)
        # Derivatives, each by the rule of the operation beside it.
        t2 = 1.0 - t1 * t1  # tanh
        d_w = t2 * x  # mul
        d_x = t2 * w  # mul
        return t1, (d_w, d_x)
    <BLANKLINE>

    Numbers may be nested in lists, tuples and dicts; arrays broadcast against each other and are
    computed with entry by entry. Keyword arguments are compiled in, once for each value. Numbers
    and weights (`Value`) that `f` closes over are read at each call of it. Called with a `Value` or
    a `Tensor`, the function records like `f` itself.

    Raises:
        DataDependentError: `f` decides by a number (`if x > 0`, `range(int(x))`): a TypeError,
            raised at that line when it is traced.
    """
    from .compiled import Compiled  # the first function loads all this, not `import autograd`

    return Compiled(f)
