"""The table: every differentiable primitive, its forward function and its derivatives.

`vjps[i](g, out, *args)` is the gradient for `args[i]`, given `g = dL/dout` (shaped like `out`).
Only `+ - *` and other primitives appear, and `g` is never changed: so the one rule serves floats
(`Value`), arrays (`Tensor`), nodes themselves (derivatives of derivatives) and the compiler.
Rows that broadcast are written as if their operands had one shape; the loop sums the rest back.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .node import Data, Node, Op, per_argument
from .shapes import Axis, Shape, axes_to_sum, kept_shape, shape_of

# --- floats as IEEE has them ----------------------------------------------------------------------
# math and the bare operators raise where IEEE has an answer (log(0), 1/0, exp(1000)); NumPy knows.


def _ieee(function: Callable[..., Any], *args: float) -> float:
    with np.errstate(all="ignore"):
        return float(function(*args))


def elementary(name: str, math_name: str = "") -> Callable[[Data], Data]:
    """NumPy's function of that name; on floats math's, which is ten times as fast."""
    on_arrays, on_floats = getattr(np, name), getattr(math, math_name or name)

    def forward(x: Data) -> Data:
        if type(x) is not float:
            return on_arrays(x)
        try:
            return on_floats(x)
        except (ValueError, OverflowError):
            return _ieee(on_arrays, x)

    return forward


def _divide(x: Data, y: Data) -> Data:
    try:
        return x / y
    except ZeroDivisionError:
        return _ieee(np.divide, x, y)


def _power(x: Data, y: Data) -> Data:
    if type(x) is not float or type(y) is not float:
        return x**y
    try:
        return math.pow(x, y)
    except (ValueError, OverflowError):
        return _ieee(np.power, x, y)


def zeros_like(x: Data) -> Data:
    """A constant zero for each entry of `x`: the slope of whatever is flat."""
    data = x._data if isinstance(x, Node) else x
    return 0.0 if type(data) is float else np.zeros_like(data)


def _pick(condition: Data, x: Data, y: Data) -> Data:
    if type(x) is float and type(y) is float and shape_of(condition) == ():
        return x if condition else y
    return np.where(condition, x, y)


def _maximum(x: Data, y: Data) -> Data:
    if type(x) is float and type(y) is float:
        return x if x >= y or x != x else y  # nan wins, as in NumPy
    return np.maximum(x, y)


def _minimum(x: Data, y: Data) -> Data:
    if type(x) is float and type(y) is float:
        return x if x <= y or x != x else y
    return np.minimum(x, y)


def _sign(x: Data) -> Data:
    if type(x) is float:
        return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 * x
    return np.sign(x)


def _relu(x: Data) -> Data:
    if type(x) is float:
        return 0.0 if x <= 0.0 else x  # nan stays nan
    return np.maximum(x, 0.0)


def _sigmoid(x: Data) -> Data:
    if type(x) is float:
        small = math.exp(-math.fabs(x))  # never overflows
        return (1.0 if x >= 0.0 else small) / (1.0 + small)
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def _sum_to(x: Data, *, shape: Shape) -> Data:
    axes = axes_to_sum(shape_of(x), shape)
    return np.reshape(np.sum(x, axis=axes), shape) if axes else x


def _scatter_add(g: Data, *, index: Any, shape: Shape) -> Data:
    out = np.zeros_like(g, shape=shape)
    if _selects_once(index):
        out[index] = g
    else:
        np.add.at(out, index, g)  # an entry picked twice gets both gradients
    return out


def _selects_once(index: Any) -> bool:
    """Whether no entry can be picked twice: integers, slices, `...`, `None` and masks."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        i is None or i is ... or isinstance(i, (int, slice)) or getattr(i, "dtype", None) == bool
        for i in parts
    )


def _amax(x: Data, *, axis: Axis = None, keepdims: bool = False) -> Data:
    return np.max(x, axis=axis, keepdims=keepdims)


def _amax_vjp(g: Data, out: Data, x: Data, *, axis: Axis = None, keepdims: bool = False) -> Data:
    kept = kept_shape(shape_of(x), axis)
    winners = x == reshape(out, shape=kept)
    count = np.sum(winners, axis=axis, keepdims=True)  # ties share the gradient
    return where(winners, div(reshape(g, shape=kept), count), 0.0)


def _finite_max(x: Data, axis: Axis) -> Data:
    """The largest entry, kept, and 0 where it is infinite: the shift for sums of exponentials."""
    top = np.max(x, axis=axis, keepdims=True)
    return np.where(np.isfinite(top), top, 0.0)


def _logsumexp(x: Data, *, axis: Axis = None, keepdims: bool = False) -> Data:
    top = _finite_max(x, axis)
    with np.errstate(divide="ignore"):  # log(0) = -inf is the answer where all entries are -inf
        out = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return out if keepdims else np.squeeze(out, axis=axis)


def _log_softmax(x: Data, *, axis: Axis = -1) -> Data:
    shifted = x - _finite_max(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def _linear(x: Data, w: Data, b: Data) -> Data:
    out = np.matmul(x, w.T)
    out += b
    return out


def _softmax_cross_entropy(x: Data, *, labels: Data) -> Data:
    return -np.take_along_axis(_log_softmax(x, axis=1), labels[:, None], axis=1)[:, 0]


def one_hot(labels: Data, like: Data) -> Data:
    """Rows of zeros with a one at each label, in the shape of the rows of `like`."""
    return labels[:, None] == np.arange(shape_of(like)[1])


def _swap(x: Data) -> Data:
    """Matrices transposed: the last two axes change places."""
    *stack, rows, columns = range(len(shape_of(x)))
    return transpose(x, axes=(*stack, columns, rows))


def _part(i: int, xs: tuple[Data, ...], axis: int) -> tuple[slice, ...]:
    """Where the i-th of the arrays `xs` lies in their concatenation."""
    start = 0
    for x in xs[:i]:
        start += shape_of(x)[axis]
    return (slice(None),) * axis + (slice(start, start + shape_of(xs[i])[axis]),)


def _kept(g: Data, x: Data, axis: Axis) -> Data:
    """A reduction's gradient with the axes of size 1 put back, ready to broadcast against x."""
    return reshape(g, shape=kept_shape(shape_of(x), axis))


# The table is set in columns, to be read and printed like one in a calculus book.
# fmt: off

# --- arithmetic -----------------------------------------------------------------------------------

add = Op("add", operator.add, broadcasts=True, analytic=True,        # d(x + y) = dx + dy
         vjps=(lambda g, out, x, y: g,
               lambda g, out, x, y: g))

sub = Op("sub", operator.sub, broadcasts=True, analytic=True,        # d(x - y) = dx - dy
         vjps=(lambda g, out, x, y: g,
               lambda g, out, x, y: -g))

mul = Op("mul", operator.mul, broadcasts=True, analytic=True,        # d(xy) = y dx + x dy
         vjps=(lambda g, out, x, y: g * y,
               lambda g, out, x, y: g * x))

div = Op("div", _divide, broadcasts=True, analytic=True,             # d(x/y) = dx/y - (x/y) dy/y
         vjps=(lambda g, out, x, y: div(g, y),
               lambda g, out, x, y: -g * div(out, y)))

# d(x^y) = y x^(y-1) dx + x^y log(x) dy. A zeroth power is flat, also at 0 where x^-1 is infinite;
# and 0^y is flat in y for y >= 0, where log(0) is not finite.
pow = Op("pow", _power, broadcasts=True,
         vjps=(lambda g, out, x, y: g * (y * pow(x, where(y == 0, 0.0, y - 1))),
               lambda g, out, x, y: g * (out * log(where((x == 0) & (y >= 0), 1.0, x)))))

neg = Op("neg", operator.neg, analytic=True,
         vjps=(lambda g, out, x: -g,))

# --- elementary functions -------------------------------------------------------------------------

exp = Op("exp", elementary("exp"), analytic=True,                    # d e^x = e^x dx
         vjps=(lambda g, out, x: g * out,))

log = Op("log", elementary("log"), analytic=True,                    # d log x = dx/x
         vjps=(lambda g, out, x: div(g, x),))

sqrt = Op("sqrt", elementary("sqrt"), analytic=True,                 # d sqrt(x) = dx / 2 sqrt(x)
          vjps=(lambda g, out, x: div(0.5 * g, out),))

sin = Op("sin", elementary("sin"), analytic=True,
         vjps=(lambda g, out, x: g * cos(x),))

cos = Op("cos", elementary("cos"), analytic=True,
         vjps=(lambda g, out, x: -g * sin(x),))

tanh = Op("tanh", elementary("tanh"), analytic=True,                 # d tanh x = (1 - tanh^2 x) dx
          vjps=(lambda g, out, x: g * (1.0 - out * out),))

sigmoid = Op("sigmoid", _sigmoid,                                    # d s = s (1 - s) dx
             vjps=(lambda g, out, x: g * (out * (1.0 - out)),))

# --- kinks: flat on both sides has slope 0; a tie is shared equally -------------------------------

sign = Op("sign", _sign,
          vjps=(lambda g, out, x: zeros_like(x),))

abs = Op("abs", operator.abs,                                        # |x|' = sign x, 0 at 0
         vjps=(lambda g, out, x: g * sign(x),))

relu = Op("relu", _relu,                                             # slope 0 at 0; nan stays nan
          vjps=(lambda g, out, x: g * sign(out),))

maximum = Op("maximum", _maximum, broadcasts=True,
             vjps=(lambda g, out, x, y: where(x == y, 0.5 * g, where(x > y, g, 0.0)),
                   lambda g, out, x, y: where(x == y, 0.5 * g, where(x < y, g, 0.0))))

minimum = Op("minimum", _minimum, broadcasts=True,
             vjps=(lambda g, out, x, y: where(x == y, 0.5 * g, where(x < y, g, 0.0)),
                   lambda g, out, x, y: where(x == y, 0.5 * g, where(x > y, g, 0.0))))

where = Op("where", _pick, broadcasts=True,                          # the condition is no variable
           vjps=(None,
                 lambda g, out, condition, x, y: where(condition, g, 0.0),
                 lambda g, out, condition, x, y: where(condition, 0.0, g)))

# --- shapes: linear maps, each beside its adjoint -------------------------------------------------

reshape = Op("reshape", lambda x, *, shape: np.reshape(x, shape), analytic=True,
             vjps=(lambda g, out, x, *, shape: reshape(g, shape=shape_of(x)),))

transpose = Op("transpose", lambda x, *, axes: np.transpose(x, axes), analytic=True,
               vjps=(lambda g, out, x, *, axes: transpose(g, axes=tuple(np.argsort(axes))),))

broadcast_to = Op("broadcast_to", lambda x, *, shape: np.broadcast_to(x, shape), analytic=True,
                  vjps=(lambda g, out, x, *, shape: sum_to(g, shape=shape_of(x)),))

sum_to = Op("sum_to", _sum_to, analytic=True,
            vjps=(lambda g, out, x, *, shape: broadcast_to(g, shape=shape_of(x)),))

getitem = Op("getitem", lambda x, *, index: x[index], analytic=True,
             vjps=(lambda g, out, x, *, index: scatter_add(g, index=index, shape=shape_of(x)),))

scatter_add = Op("scatter_add", _scatter_add, analytic=True,
                 vjps=(lambda g, out, x, *, index, shape: getitem(g, index=index),))

astype = Op("astype", lambda x, *, dtype: x.astype(dtype),
            vjps=(lambda g, out, x, *, dtype: astype(g, dtype=x.dtype),))

concatenate = Op("concatenate", lambda *xs, axis: np.concatenate(xs, axis=axis), analytic=True,
                 vjps=per_argument(lambda i: lambda g, out, *xs, axis:
                                       getitem(g, index=_part(i, xs, axis))))

item = Op("item", float,                                             # an array's only entry
          vjps=(lambda g, out, x: broadcast_to(g, shape=shape_of(x)),))

alias = Op("alias", lambda x: x, analytic=True,                      # the same number, a new node
           vjps=(lambda g, out, x: g,))

# --- reductions and products ----------------------------------------------------------------------

sum = Op("sum", lambda x, *, axis=None, keepdims=False: np.sum(x, axis=axis, keepdims=keepdims),
         analytic=True,                                              # every summand has slope 1
         vjps=(lambda g, out, x, *, axis=None, keepdims=False:
                   broadcast_to(_kept(g, x, axis), shape=shape_of(x)),))

max = Op("max", _amax, vjps=(_amax_vjp,))

logsumexp = Op("logsumexp", _logsumexp,                              # slopes are softmax(x)
               vjps=(lambda g, out, x, *, axis=None, keepdims=False:
                         _kept(g, x, axis) * exp(x - _kept(out, x, axis)),))

log_softmax = Op("log_softmax", _log_softmax,
                 vjps=(lambda g, out, x, *, axis=-1:
                           g - exp(out) * sum(g, axis=axis, keepdims=True),))

# -log softmax(x)[label] of each row of x: (n, classes); slopes are softmax(x) - one_hot(label).
# One row in place of two, which would fill an (n, classes) array with zeros on the way.
softmax_cross_entropy = Op("softmax_cross_entropy", _softmax_cross_entropy,
                           vjps=(lambda g, out, x, *, labels: _kept(g, x, 1) *
                                     (exp(log_softmax(x, axis=1)) - one_hot(labels, x)),))

# A layer of neurons, x @ w.T + b for x: (n, in), w: (out, in), b: (out,), in place of transpose,
# matmul and add: a training step of 784-128-10 at batch 32 takes 0.75 of the time.
linear = Op("linear", _linear,
            vjps=(lambda g, out, x, w, b: matmul(g, w),              # (n, out) @ (out, in)
                  lambda g, out, x, w, b: matmul(_swap(g), x),       # (out, n) @ (n, in)
                  lambda g, out, x, w, b: sum(g, axis=0)))

matmul = Op("matmul", operator.matmul, broadcasts=True, analytic=True,   # (.., n, k) @ (.., k, m)
            vjps=(lambda g, out, x, y: matmul(g, _swap(y)),              # (.., n, m) @ (.., m, k)
                  lambda g, out, x, y: matmul(_swap(x), g)))             # (.., k, n) @ (.., n, m)
# fmt: on
