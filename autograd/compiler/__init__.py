"""Scalar functions as source: traced, simplified, written out, and run on floats or on columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograd.core.arguments import function

from .refusals import DataDependentError

if TYPE_CHECKING:
    from .compiled import Compiled

__all__ = ["DataDependentError", "compile"]


def compile(f: Callable[..., Any]) -> Compiled:  # noqa: A001  # re's and torch's name for it
    """A scalar function as straight-line source that runs on floats, or on columns of data at once.

    `f` is called once, with symbols in place of numbers, for each form of arguments; the rules of
    the table write its derivatives down, what is computed twice is computed once, and the result
    is a Python function that can be read: `f.source`.

    >>> import autograd as ag
    >>> import numpy as np
    >>> f = ag.compile(lambda w, x: ag.sin(w * x))
    >>> f.value_and_grad(0.5, 2.0)
    (0.8414709848078965, 1.0806046117362795)
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> f(0.5, x)
    array([0.        , 0.47942554, 0.84147098])
    >>> f.value_and_grad(0.5, x, reduce="mean")
    (np.float64(0.4402988411373665), 0.6527290578755508)
    >>> print(f.source)
    from math import cos, sin
    <BLANKLINE>
    <BLANKLINE>
    def f(w, x):
        t1 = w * x
        t2 = sin(t1)
        # Derivatives, each by the rule of the operation beside it.
        t3 = cos(t1)  # sin
        d_w = t3 * x  # mul
        d_x = t3 * w  # mul
        return t2, (d_w, d_x)
    <BLANKLINE>

    Numbers may be nested in lists, tuples and dicts; arrays broadcast against each other and are
    computed with entry by entry. Keyword arguments are compiled in, once for each value. Numbers
    and weights (`Value`) that `f` closes over are read at each call of it. Called with a `Value` or
    a `Tensor`, the function records like `f` itself.

    Raises:
        DataDependentError: `f` decides by a number (`if x > 0`, `range(int(x))`): a TypeError,
            raised at that line when it is traced.
        TypeError: `f` is no function.
    """
    from .compiled import Compiled  # the first function loads all this, not `import autograd`

    return Compiled(function("f", f))
