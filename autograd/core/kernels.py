"""Forward functions where NumPy's own will not do: floats as IEEE has them, and stable formulas.

`math` and the bare operators raise where IEEE has an answer (log(0), 1/0, exp(1000)); NumPy knows
it, but takes ten times as long on a float. So floats try `math` first.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import cache, partial, reduce
from itertools import product
from typing import Any

import numpy as np

from .array_libraries import is_lazy, is_numpy, no_fallback
from .node import Data
from .precision import as_real
from .shapes import Axis, Shape, axes_to_sum, count_along, kept_shape, normalize_axes, shape_of


def ieee(function: Callable[..., Any], *args: float) -> float:
    """What NumPy's function says of floats, without its warnings."""
    with np.errstate(all="ignore"):
        return float(function(*args))


def elementary(name: str, math_name: str = "") -> Callable[..., Data]:
    """NumPy's function of that name; on floats the one that math has."""
    # mutants 1: runs at import
    on_arrays, on_floats = getattr(np, name), getattr(math, math_name or name)

    def unary(x: Data) -> Data:
        if type(x) is not float:
            return on_arrays(x)
        try:
            return on_floats(x)
        except (ValueError, OverflowError):
            return ieee(on_arrays, x)

    def binary(x: Data, y: Data) -> Data:  # math.log and math.hypot would take others too
        if type(x) is not float or type(y) is not float:
            return on_arrays(x, y)
        try:
            return on_floats(x, y)
        except (ValueError, OverflowError):
            return ieee(on_arrays, x, y)

    forward: Callable[..., Data] = unary if on_arrays.nin == 1 else binary
    # mutants 1: runs at import
    forward.__qualname__ = name  # in Python's own messages, about options that it has not
    return forward


def numpys(name: str, *options: str) -> Callable[..., Data]:
    """NumPy's function of that name, with these of its options; on floats a float."""
    function = getattr(np, name)

    def forward(*args: Data, **kwargs: Any) -> Data:
        for option in kwargs:  # such as out= and where=, of which the derivatives know nothing
            if option not in options:
                raise TypeError(f"{name} has no option {option!r} here; leave it out")
        for x in args:
            if type(x) is not float:
                return function(*args, **kwargs)
        with np.errstate(all="ignore"):
            return float(function(*args, **kwargs))

    return forward


def bare(
    operation: Callable[[Data, Data], Data], function: Callable[..., Any]
) -> Callable[[Data, Data], Data]:
    """A bare operator; where it refuses floats, what NumPy's function says."""

    def forward(x: Data, y: Data) -> Data:
        try:
            return operation(x, y)
        except ZeroDivisionError:
            return ieee(function, x, y)

    return forward


divide = bare(operator.truediv, np.divide)
mod = bare(operator.mod, np.mod)
floor_divide = bare(operator.floordiv, np.floor_divide)


def power(x: Data, y: Data) -> Data:
    if type(x) is not float or type(y) is not float:
        if type(y) in (int, float) and hasattr(x, "dtype") and x.dtype.kind == "f":
            if y == 2:  # in a third of the time
                return x * x
            if y == 1:  # mutants 1: only faster
                return +x
        return x**y
    try:
        return math.pow(x, y)
    except (ValueError, OverflowError):
        return ieee(np.power, x, y)


def pick(condition: Data, x: Data, y: Data) -> Data:
    if type(x) is float and type(y) is float and shape_of(condition) == ():
        return x if condition else y
    return np.where(condition, x, y)


def maximum(x: Data, y: Data) -> Data:
    if type(x) is float and type(y) is float:
        # mutants 1: which of two zeros
        return x if x > y or x != x else y  # nan wins, as in NumPy; of 0.0 and -0.0 the second
    return np.maximum(x, y)


def minimum(x: Data, y: Data) -> Data:
    if type(x) is float and type(y) is float:
        return x if x < y or x != x else y  # mutants 1: which of two zeros
    return np.minimum(x, y)


def sign(x: Data) -> Data:
    if type(x) is float:
        return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else x
    return np.sign(x)


def relu(x: Data) -> Data:
    if type(x) is float:
        return 0.0 if x < 0.0 else x  # nan stays nan
    x = x if hasattr(x, "dtype") else np.array(x)
    return x.clip(0.0, np.inf)  # in a third of maximum's time


def sigmoid(x: Data) -> Data:
    if type(x) is float:
        small = math.exp(-math.fabs(x))  # never overflows
        return (1.0 if x >= 0.0 else small) / (1.0 + small)  # mutants 1: both are 0.5 at 0
    x = as_real(x)
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)  # mutants 1: both are 0.5 at 0


def sech2(x: Data) -> Data:
    """1 / cosh(x)^2, by an exponential that can't overflow."""
    if type(x) is float:
        small = math.exp(-2.0 * math.fabs(x))
        return 4.0 * small / ((1.0 + small) * (1.0 + small))
    small = np.exp(-2.0 * np.abs(x))
    return 4.0 * small / np.square(1.0 + small)


def logistic_density(x: Data) -> Data:
    """sigmoid(x) sigmoid(-x), likewise."""
    if type(x) is float:
        small = math.exp(-math.fabs(x))
        return small / ((1.0 + small) * (1.0 + small))
    small = np.exp(-np.abs(x))
    return small / np.square(1.0 + small)


def softsign(x: Data) -> Data:
    x = as_real(x)
    return x / (1.0 + abs(x))


def cosine(x: Data, y: Data) -> Data:
    """The cosine of the angle of (x, y); nan at the origin."""
    return divide(x, elementary("hypot")(x, y))  # mutants 1: symmetric


def xlogy(x: Data, y: Data) -> Data:
    if type(x) is float and type(y) is float:
        return 0.0 if x == 0.0 and y == y else x * elementary("log")(y)
    x, y = as_real(x), as_real(y)
    zero = (x == 0) & ~np.isnan(y)
    one = np.ones_like(x if hasattr(x, "dtype") else y, shape=(), dtype=np.result_type(x, y))
    return np.where(zero, 0.0, x * np.log(np.where(zero, one, y)))


@cache
def _scaled_erfc() -> Any:
    """The Chebyshev series of exp(x^2) erfc(x) / t in t = 2 / (2 + x), for x from 1 to 26.5.

    NumPy has no erf; math's, for floats only, gives the points to interpolate.
    """

    def point(t: float) -> float:
        x = 2 / t - 2
        return math.erfc(x) / (t * exp_of_minus_square(x))

    # mutants 2: rounding
    return np.polynomial.Chebyshev.interpolate(np.vectorize(point), 19, domain=[0.0701, 2 / 3])


def chebyshev(series: Any, x: Data) -> Data:
    """The sum of a Chebyshev series. To call the series would make NumPy's array of any other."""
    offset, scale = series.mapparms()
    return np.polynomial.chebyshev.chebval(offset + scale * x, series.coef)


def exp_of_minus_square(x: Data) -> Data:
    """exp(-x^2) for x >= 0: the square of `near` is exact, and what is left over is small."""
    near = np.floor(16.0 * np.minimum(x, 30.0)) / 16.0  # mutants 2: rounding; 0 beyond 27
    return np.exp(-near * near) * np.exp((near - x) * (near + x))


def erfc_beyond_1(x: Data) -> Data:
    t = 2.0 / (2.0 + x)
    return exp_of_minus_square(x) * t * chebyshev(_scaled_erfc(), t)


def erf_below_1(x: Data) -> Data:
    """The Taylor series."""
    u = x * x
    series = 0.0 * u  # mutants 1: broadcast by the first term
    for n in range(19, -1, -1):  # mutants 1: one more term
        series = series * u + (-1) ** n / (math.factorial(n) * (2 * n + 1))
    return x * series * (2 / math.sqrt(math.pi))


def erf(x: Data) -> Data:
    """The error function: up to 1 by its Taylor series, beyond as 1 - erfc."""
    x = as_real(x)
    if type(x) is float:
        return math.erf(x)
    size = np.abs(x)
    tail = 1.0 - erfc_beyond_1(np.maximum(size, 1.0))  # mutants 1: rounding
    # mutants 1: both hold at 1
    out = np.where(size < 1.0, erf_below_1(np.minimum(size, 1.0)), tail)
    return np.copysign(out, x).astype(x.dtype)


def erfc(x: Data) -> Data:
    """1 - erf(x), exact also where that would cancel."""
    x = as_real(x)
    if type(x) is float:
        return math.erfc(x)
    near = 1.0 - erf_below_1(np.clip(x, -1.0, 1.0))  # mutants 2: that part is not used
    tail = erfc_beyond_1(np.maximum(np.abs(x), 1.0))
    # mutants 3: both hold at 1; 0 takes the other branch
    return np.where(np.abs(x) < 1.0, near, np.where(x < 0.0, 2.0 - tail, tail)).astype(x.dtype)


def sinc(x: Data, *, n: int) -> Data:
    """The n-th derivative of sin(pi x) / (pi x).

    Near 0 by the Taylor series, elsewhere by x s_n + n s_(n-1) = d^n/dx^n sin(pi x) / pi.
    """
    if type(x) is float:
        return ieee(partial(sinc, n=n), np.float64(x))
    x = as_real(x)
    small = np.abs(x) < 1.0  # mutants 2: both hold at 1; both hold near 1
    near, far = np.where(small, x, 0.0), np.where(small, 1.0, x)  # mutants 2: that part is not used
    series = sum(
        (-1) ** k * math.pi ** (2 * k) / (2 * k + 1) / math.factorial(2 * k - n)
        * near ** (2 * k - n)
        for k in range((n + 1) // 2, 13 + n)  # mutants 1: one more term
    )  # fmt: skip
    angle = math.pi * np.fmod(far, 2.0)  # of a large far * pi rounding would leave little
    s: Any = 0.0  # mutants 1: times 0
    for m in range(n + 1):
        s = (math.pi ** (m - 1) * np.sin(angle + m * math.pi / 2) - m * s) / far
    return np.where(small, series, s)


def total(x: Data, *, axis: Axis = None, keepdims: bool = False) -> Data:
    x = x if hasattr(x, "dtype") else np.array(x)
    if x.dtype.char == "e":  # NumPy adds these up in float16
        return x.sum(axis=axis, keepdims=keepdims, dtype=np.float32).astype(np.float16)
    return x.sum(axis=axis, keepdims=keepdims)  # with half of the overhead of np.sum


def cumsum(x: Data, *, axis: int) -> Data:
    if getattr(x, "dtype", None) == np.float16:  # as total() does
        return np.cumsum(x, axis=axis, dtype=np.float32).astype(np.float16)
    return np.cumsum(x, axis=axis)


def sum_to(x: Data, *, shape: Shape) -> Data:
    axes = axes_to_sum(shape_of(x), shape)
    return np.reshape(total(x, axis=axes), shape) if axes else x


def entries(x: Data, *, index: Any) -> Data:
    x = np.asarray(x) if type(x) is float else x  # mutants 1: only faster
    if is_numpy(x):
        return x[index]
    try:
        out = x[index]
    except (NotImplementedError, TypeError):  # Dask supports few forms of indices
        if not is_at_hand(index):
            raise
    else:
        if out.size == out.size:
            return out
        if not is_at_hand(index):  # Dask's nan: results without a shape would be wrong in silence
            raise TypeError(
                "how many entries such a mask picks is known only when it is computed; "
                "use where(mask, x, 0)"
            )
    places = np.arange(math.prod(shape_of(x))).reshape(shape_of(x))[index]
    # mutants 1: any negative size is inferred
    return np.reshape(np.reshape(x, (-1,))[places.reshape(-1)], places.shape)


def scatter_add(g: Data, *, index: Any, shape: Shape) -> Data:
    try:
        return added(g, index, shape)
    except (IndexError, NotImplementedError, TypeError, ValueError):
        if is_numpy(g):
            raise
        return counted(g, index, shape)  # Dask raises any of these


def added(g: Data, index: Any, shape: Shape) -> Data:
    """Zeros with g added where the index points."""
    out = np.zeros_like(g, shape=shape)
    dtype = out.dtype
    if selects_once(index):
        out[index] = g
    else:
        # mutants 1: symmetric
        out = out.astype(np.result_type(out, np.float32))  # float16 would lose small gradients
        np.add.at(out, index, g)  # an entry picked twice gets both gradients
    return out.astype(dtype, copy=False)  # mutants 2: an extra copy


def counted(g: Data, index: Any, shape: Shape) -> Data:
    """The same for arrays that can't be written to so, as Dask's and CuPy's: they can count."""
    size = math.prod(shape)
    places = entries(np.reshape(np.arange(size, like=g), shape), index=index)
    places, weights = alike(np.reshape(places, (-1,)), np.reshape(g, (-1,)))
    sums = np.bincount(places, weights, minlength=size)
    return np.reshape(sums, shape).astype(g.dtype)


def alike(x: Data, y: Data) -> tuple[Data, Data]:
    """Both, divided into the same chunks if they lie in chunks: arithmetic brings that about."""
    x = x + np.zeros_like(y, dtype=x.dtype)  # mutants 1: adds zeros
    return x, y + np.zeros_like(x, dtype=y.dtype)  # mutants 2: adds zeros; converted afterwards


def is_at_hand(index: Any) -> bool:
    """Whether all arrays in an index are NumPy's."""
    # mutants 1: rows are in the same memory
    parts = index if isinstance(index, tuple) else (index,)
    return all(is_numpy(i) or not hasattr(i, "__array_function__") for i in parts)


def selects_once(index: Any) -> bool:
    """Whether no entry can be picked twice: integers, slices, `...`, `None` and masks."""
    parts = index if isinstance(index, tuple) else (index,)  # mutants 1: only faster
    # mutants 5: only faster
    return all(
        i is None or i is ... or isinstance(i, (int, slice)) or getattr(i, "dtype", None) == bool
        for i in parts
    )


def short_axes(
    reduction: Callable[..., Data], ufunc: Callable[[Data, Data], Data]
) -> Callable[..., Data]:
    """A reduction that takes short axes entry by entry, all at once.

    NumPy reduces each row by itself, and rows of 2 by 2, as in pooling, are many: that takes seven
    times as long on the 24 x 24 images of 16 channels of a small net.
    """

    def forward(x: Data, *, axis: Axis = None, keepdims: bool = False) -> Data:
        shape = shape_of(x)
        count = count_along(shape, axis)
        if not 1 < count <= 16 or math.prod(shape) < 64 * count:  # mutants 12: only faster
            return reduction(x, axis=axis, keepdims=keepdims)
        axes = normalize_axes(axis, len(shape))
        entries = product(*(range(n) if i in axes else [slice(None)] for i, n in enumerate(shape)))
        out = reduce(ufunc, (x[index] for index in entries))
        return np.reshape(out, kept_shape(shape, axis)) if keepdims else out

    return forward


# mutants 2: only faster
count = short_axes(np.sum, lambda x, y: x.astype(np.int8, copy=False) + y)  # of what is true


def logsumexp(x: Data, *, axis: Axis = None, keepdims: bool = False) -> Data:
    top = maximum_of(x, axis)
    top = np.where(np.isfinite(top), top, 0.0)  # mutants 1: any finite shift
    out = top + log_sum_exp(x - top, axis)
    return out if keepdims else np.squeeze(out, axis=axis)


def log_softmax(x: Data, *, axis: Axis = -1) -> Data:
    below = x - maximum_of(x, axis)
    return below - log_sum_exp(below, axis)


def softmax(x: Data, *, axis: Axis = -1) -> Data:
    out = np.exp(x - maximum_of(x, axis))
    return out / out.sum(axis=axis, keepdims=True)


def maximum_of(x: Data, axis: Axis) -> Data:
    """The largest entry along an axis, which is kept; of no entries any number will do."""
    x = x if hasattr(x, "dtype") else np.array(x)  # mutants 1: an extra copy
    return (x.max if x.size else x.sum)(axis=axis, keepdims=True)


def log_sum_exp(below: Data, axis: Axis) -> Data:
    """log(sum(exp(below))), where the largest entry is 0: its 1 would swallow what is small."""
    small, top = np.exp(below), below == 0
    others = (small - top).sum(axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):  # log(0) = -inf is right of no entries, or only of -inf
        return np.log1p(others + (top.sum(axis=axis, keepdims=True, dtype=small.dtype) - 1))


def linear(x: Data, w: Data, b: Data) -> Data:
    out = np.matmul(x, w.T)
    out += b
    return out


def einsum(*xs: Data, inputs: Sequence[str], output: str) -> Data:
    subscripts = f"{','.join(inputs)}->{output}"
    if any(getattr(x, "dtype", None) == np.float16 for x in xs):  # NumPy adds these up in float16
        dtype = np.result_type(*xs)
        wide = np.result_type(dtype, np.float32)  # mutants 1: symmetric
        return np.einsum(subscripts, *xs, dtype=wide).astype(dtype)
    return np.einsum(subscripts, *xs)


def nll(x: Data, *, labels: Data, scale: float) -> Data:
    if is_lazy(labels):  # see functions.pick_labels()
        mine = one_hot(labels, x)
        picked = np.where(mine.any(axis=1), np.where(mine, x, 0.0).sum(axis=1), np.nan)
    else:
        picked = entries(x, index=(np.arange(len(labels), like=labels), labels))
    return 0.0 - scale * picked.sum()  # a loss of 0 is no -0


def one_hot(labels: Data, like: Data) -> Data:
    """Rows of zeros with a one at each label, in the shape of the rows of `like`."""
    return labels[:, None] == np.arange(shape_of(like)[1], like=labels)


def windows(x: Data, *, size: Shape, stride: Shape) -> Data:
    """A view of x: (n, h, w, c) as windows of (kh, kw), every so many steps apart."""
    view = np.lib.stride_tricks.sliding_window_view(x, size, axis=(1, 2))
    return np.transpose(view[:, :: stride[0], :: stride[1]], (0, 1, 2, 4, 5, 3))


def fold(g: Data, *, shape: Shape, size: Shape, stride: Shape) -> Data:
    """What windows share is added up: (n, h', w', kh, kw, c) -> (n, h, w, c).

    One row of all windows in a column at a time: these are runs of kw * c numbers, where one entry
    of all windows would be runs of c, and take three times as long.
    """
    out = np.zeros_like(g, shape=shape)
    _, height, width, rows, columns, _ = shape_of(g)
    for i in range(rows):
        down = slice(i, i + stride[0] * height, stride[0])
        for j in range(width):
            out[:, down, j * stride[1] : j * stride[1] + columns] += g[:, :, j, i]
    return out


def pinv(x: Data) -> Data:
    x = x if hasattr(x, "dtype") else np.array(x)
    if len(shape_of(x)) < 2:
        raise np.linalg.LinAlgError(f"pinv is of matrices, but the shape is {shape_of(x)}")
    if is_numpy(x) and not np.isfinite(x).all():  # see determinants.cofactors()
        raise np.linalg.LinAlgError("pinv is of finite numbers, but there are others")
    return no_fallback(np.linalg.pinv)(x)
