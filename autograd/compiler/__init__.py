"""Functions of numbers as source: traced, simplified, written, and run on floats or on columns.

The modules are passed through once, in this order: trace, program, simplify, and for columns
vectorize, plan; then targets. `compiled` is what the user has in hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograd.core.arguments import function

from .refusals import DataDependentError

if TYPE_CHECKING:
    from .compiled import Compiled

__all__ = ["DataDependentError", "compile"]


def compile(f: Callable[..., Any]) -> Compiled:  # noqa: A001  # re's and torch's name for it
    """Return `f` as straight-line source that runs on floats, or on whole columns of data.

    `f` is called once with symbols in place of numbers, for each form of arguments. The rules of
    the table are applied to the symbols too, equal operations are computed once, and the result is
    a Python function that can be read: `f.source`.

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

    Numbers may be nested in lists, tuples and dicts; arrays broadcast against each other, and `f`
    is applied to each entry. Keyword arguments are compiled in, once for each value. Weights
    (`Value`) that `f` closes over are read at each call. Called with a `Value` or a `Tensor`, the
    function records like `f` itself.

    Raises:
        DataDependentError: `f` decides by a number (`if x > 0`, `range(int(x))`). It is a
            TypeError, and is raised at that line when `f` is traced.
        TypeError: `f` is not a function.
    """
    from .compiled import Compiled  # loaded for the first function, not by `import autograd`

    return Compiled(function("f", f))
