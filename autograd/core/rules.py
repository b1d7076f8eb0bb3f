"""The table: every differentiable primitive, its forward function and its derivatives.

`vjps[i](g, out, *args)` is the gradient for `args[i]`, given `g = dL/dout` (shaped like `out`).
Only `+ - *` and other primitives appear, and `g` is never changed: so the one rule serves floats
(`Value`), arrays (`Tensor`), nodes themselves (derivatives of derivatives) and the compiler.
Rows that broadcast are written as if their operands had one shape; the loop sums the rest back.
"""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any

import numpy as np

from . import determinants, kernels
from .array_libraries import converter_like, is_numpy, no_fallback
from .kernels import elementary, numpys
from .node import Data, Op, data_of, per_argument
from .shapes import Axis, inverse_permutation, kept_shape, shape_of

LN2, LN10 = math.log(2.0), math.log(10.0)


def zeros_like(x: Data) -> Data:
    """A constant zero for each entry of `x`: the slope of whatever is flat."""
    data = data_of(x)
    return 0.0 if type(data) is float else np.zeros_like(data)


def _eye(n: int, like: Data) -> Data:
    """The identity, as an array of the same type and dtype."""
    data = data_of(like)
    i = np.arange(n, like=data)  # np.eye() and np.ones() hand CuPy's an option that they lack
    return (i[:, None] == i).astype(data.dtype)


def _ones(like: Data) -> Data:
    """A one for each row. Their product with the rows is the sum of these, in half of its time."""
    data = data_of(like)
    return np.ones_like(data, shape=len(data))


def _kept(g: Data, x: Data, axis: Axis) -> Data:
    """A reduction's gradient with the axes of size 1 put back, ready to broadcast against x."""
    return reshape(g, shape=kept_shape(shape_of(x), axis))


def _extremum_vjp(
    g: Data, out: Data, x: Data, *, axis: Axis = None, keepdims: bool = False
) -> Data:
    winners = x == _kept(out, x, axis)
    near = is_numpy(data_of(out))  # elsewhere, to look costs more than it saves
    if not near or np.any(np.isnan(data_of(out))):
        winners = winners | (x != x)  # a nan wins
    count = kernels.count(winners, axis=axis, keepdims=True)  # ties share the gradient
    share = div(_kept(g, x, axis), count)
    if near and np.all(np.isfinite(data_of(share))):
        return winners * share  # a quarter of the time of where(), but 0 * inf is nan
    return where(winners, share, 0.0)


def _others(x: Data, axis: Axis) -> Data:
    """For each entry the sum of all others along an axis, which is exact where these are 0."""
    return sum(x, axis=axis, keepdims=True) - x


def _swap(x: Data) -> Data:
    """Matrices transposed: the last two axes change places."""
    *stack, rows, columns = range(len(shape_of(x)))
    return transpose(x, axes=(*stack, columns, rows)) if stack else x.T  # mutants 1: only faster


def _along(axis: int, part: slice) -> tuple[slice, ...]:
    """The index that takes a part of one axis."""
    return (slice(None),) * axis + (part,)


def _flip(x: Data, axis: int) -> Data:
    return getitem(x, index=_along(axis, slice(None, None, -1)))


def _concatenate_vjp(i: int, g: Data, xs: tuple[Data, ...], axis: int) -> Data:
    start = builtins.sum(shape_of(x)[axis] for x in xs[:i])
    return getitem(g, index=_along(axis, slice(start, start + shape_of(xs[i])[axis])))


def _einsum_vjp(i: int, g: Data, xs: Any, inputs: tuple[str, ...], output: str) -> Data:
    """The output and operand i change places. No index stands twice in one, or in one alone."""
    rest = [x for j, x in enumerate(xs) if j != i]
    names = [name for j, name in enumerate(inputs) if j != i]
    part = einsum(g, *rest, inputs=(output, *names), output=inputs[i])
    # An axis that has one entry in all others was stretched to this operand's.
    shape = np.broadcast_shapes(shape_of(part), shape_of(xs[i]))
    # mutants 1: only faster
    return part if shape == shape_of(part) else broadcast_to(part, shape=shape)


def _pinv_vjp(g: Data, out: Data, x: Data) -> Data:
    """Golub & Pereyra 1973, eq. 4.12, transposed. x: (.., m, n), out and g: (.., n, m)."""
    m, n = shape_of(x)[-2:]
    outside_rows = _eye(m, x) - matmul(x, out)  # what x does not reach
    outside_columns = _eye(n, x) - matmul(out, x)  # what x forgets
    gt, pt = _swap(g), _swap(out)
    return (
        matmul(matmul(outside_rows, gt), matmul(out, pt))
        + matmul(matmul(pt, out), matmul(gt, outside_columns))
        - matmul(matmul(pt, g), pt)
    )


def _cholesky_vjp(g: Data, out: Data, x: Data) -> Data:
    """Murray 2016, eq. 9: L^-T P(L^T g) L^-1, symmetric, where P halves the diagonal."""
    n = shape_of(x)[-1]  # mutants 1: the matrices are square
    # mutants 1: equal triangles
    lower = np.tril(np.ones_like(data_of(x), shape=(n, n))) - 0.5 * _eye(n, x)
    lt = _swap(out)
    half = solve(lt, _swap(solve(lt, lower * matmul(lt, g))))
    return 0.5 * (half + _swap(half))


def _cofactors_vjp(i: int, g: Data, x: Data, directions: tuple[Data, ...]) -> Data:
    """Derivatives of det are symmetric in their directions: g comes in place of one of them."""
    rest = [d for j, d in enumerate(directions, 1) if j != i]
    return cofactors(x, *rest, g)


def _power_below(x: Data, y: Data, out: Data) -> Data:
    """x^(y-1), and 1 for y = 0."""
    if type(y) in (int, float):
        return x if y == 2 else pow(x, y - (y != 0))  # mutants 1: only faster
    return pow(x, y - where(data_of(y) != 0, one_like(out), 0.0))


def one_like(out: Data) -> Data:
    """A one in the dtype of `out`: an operand of lower precision takes on this dtype beside it."""
    data = data_of(out)
    return np.ones_like(data, shape=()) if hasattr(data, "dtype") else 1.0


def _square(x: Data) -> Data:
    return x * x


def _radius_or_one(x: Data, y: Data) -> Data:
    """The distance of (x, y) from the origin, and 1 there."""
    r = hypot(x, y)
    return where(data_of(r) == 0, 1.0, r)


def _over_square(x: Data, r: Data) -> Data:
    """x / r^2, where the square itself may be too large or too small."""
    return div(div(x, r), r)


def _stacked(x: Data) -> Data:
    """One number for each matrix of a stack, ready to broadcast against the matrices."""
    return reshape(x, shape=(*shape_of(x), 1, 1))


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

div = Op("div", kernels.divide, broadcasts=True, analytic=True,     # d(x/y) = dx/y - (x/y) dy/y
         vjps=(lambda g, out, x, y: div(g, y),
               lambda g, out, x, y: -g * div(out, y)))

# d(x^y) = y x^(y-1) dx + x^y log(x) dy. A zeroth power is flat, also at 0 where x^-1 is infinite;
# and 0^y is flat in y for y >= 0, where log(0) is not finite.
pow = Op("pow", kernels.power, broadcasts=True,
         vjps=(lambda g, out, x, y: g * (y * _power_below(x, y, out)),
               lambda g, out, x, y: g * (out * log(where((x == 0) & (y >= 0), one_like(out), x)))))

neg = Op("neg", operator.neg, analytic=True,
         vjps=(lambda g, out, x: -g,))

mod = Op("mod", kernels.mod, broadcasts=True,                       # x - y floor(x/y)
         vjps=(lambda g, out, x, y: g,
               lambda g, out, x, y: -g * floor_divide(x, y)))

# --- elementary functions -------------------------------------------------------------------------

exp = Op("exp", elementary("exp"), analytic=True,                    # d e^x = e^x dx
         vjps=(lambda g, out, x: g * out,))

exp2 = Op("exp2", elementary("exp2"),                                # d 2^x = log(2) 2^x dx
          vjps=(lambda g, out, x: g * (LN2 * out),))

expm1 = Op("expm1", elementary("expm1"), analytic=True,              # e^x - 1, exact near 0
           vjps=(lambda g, out, x: g * exp(x),))

log = Op("log", elementary("log"), analytic=True,                    # d log x = dx/x
         vjps=(lambda g, out, x: div(g, x),))

log2 = Op("log2", elementary("log2"), analytic=True,
          vjps=(lambda g, out, x: div(g, LN2 * x),))

log10 = Op("log10", elementary("log10"), analytic=True,
           vjps=(lambda g, out, x: div(g, LN10 * x),))

log1p = Op("log1p", elementary("log1p"), analytic=True,              # log(1 + x), exact near 0
           vjps=(lambda g, out, x: div(g, 1.0 + x),))

sqrt = Op("sqrt", elementary("sqrt"), analytic=True,                 # d sqrt(x) = dx / 2 sqrt(x)
          vjps=(lambda g, out, x: div(0.5 * g, out),))

# The root of a sum of squares has its least at 0, where lengths and deviations have slope 0.
flat_root = Op("flat_root", sqrt.forward,
               vjps=(lambda g, out, x: div(0.5 * g, where(data_of(out) == 0, np.inf, out)),))

cbrt = Op("cbrt", elementary("cbrt"),
          vjps=(lambda g, out, x: div(g, 3.0 * out * out),))

sin = Op("sin", elementary("sin"), analytic=True,
         vjps=(lambda g, out, x: g * cos(x),))

cos = Op("cos", elementary("cos"), analytic=True,
         vjps=(lambda g, out, x: -g * sin(x),))

tan = Op("tan", elementary("tan"), analytic=True,
         vjps=(lambda g, out, x: g * (1.0 + out * out),))

arcsin = Op("arcsin", elementary("arcsin", "asin"), analytic=True,     # dx / sqrt(1 - x^2)
            vjps=(lambda g, out, x: div(g, sqrt(one_minus_square(x))),))

arccos = Op("arccos", elementary("arccos", "acos"), analytic=True,
            vjps=(lambda g, out, x: div(-g, sqrt(one_minus_square(x))),))

arctan = Op("arctan", elementary("arctan", "atan"), analytic=True,     # dx / (1 + x^2)
            vjps=(lambda g, out, x: _over_square(g, hypot(x, 1.0)),))

sinh = Op("sinh", elementary("sinh"), analytic=True,
          vjps=(lambda g, out, x: g * cosh(x),))

cosh = Op("cosh", elementary("cosh"), analytic=True,
          vjps=(lambda g, out, x: g * sinh(x),))

tanh = Op("tanh", elementary("tanh"), analytic=True,                 # d tanh x = sech^2 x dx
          vjps=(lambda g, out, x: g * sech2(x),))

arcsinh = Op("arcsinh", elementary("arcsinh", "asinh"), analytic=True,   # dx / sqrt(x^2 + 1)
             vjps=(lambda g, out, x: div(g, hypot(x, 1.0)),))

arccosh = Op("arccosh", elementary("arccosh", "acosh"), analytic=True,   # dx / sqrt(x^2 - 1)
             vjps=(lambda g, out, x: div(g, sqrt(x - 1.0) * sqrt(x + 1.0)),))

arctanh = Op("arctanh", elementary("arctanh", "atanh"), analytic=True,   # dx / (1 - x^2)
             vjps=(lambda g, out, x: div(g, one_minus_square(x)),))

sinc = Op("sinc", kernels.sinc,                                     # the n-th derivative of sinc
          vjps=(lambda g, out, x, *, n: g * sinc(x, n=n + 1),))

erf = Op("erf", kernels.erf,
         vjps=(lambda g, out, x: g * (2.0 / math.sqrt(math.pi) * exp(-(x * x))),))

erfc = Op("erfc", kernels.erfc,                                     # 1 - erf, exact far out
          vjps=(lambda g, out, x: g * (-2.0 / math.sqrt(math.pi) * exp(-(x * x))),))

sigmoid = Op("sigmoid", kernels.sigmoid,                            # d s = s (1 - s) dx
             vjps=(lambda g, out, x: g * logistic_density(x),))

softsign = Op("softsign", kernels.softsign,                         # x / (1 + |x|)
              vjps=(lambda g, out, x: g * _square(div(1.0, 1.0 + abs(x))),))

hypot = Op("hypot", elementary("hypot"), broadcasts=True,            # sqrt(x^2 + y^2)
           vjps=(lambda g, out, x, y: g * cosine(x, y),
                 lambda g, out, x, y: g * cosine(y, x)))

# The angle of (x, y), written arctan2(y, x); at the origin, where it has none, slope 0.
arctan2 = Op("arctan2", elementary("arctan2", "atan2"), broadcasts=True,
             vjps=(lambda g, out, y, x: g * _over_square(x, _radius_or_one(x, y)),
                   lambda g, out, y, x: -g * _over_square(y, _radius_or_one(x, y))))

# Parts of slopes above. Where textbooks write 1 - tanh^2 x, s (1 - s), 1 - x^2 and 1 - (x/r)^2, a
# difference would cancel.
sech2 = Op("sech2", kernels.sech2,                                  # 1 / cosh^2 x
           vjps=(lambda g, out, x: g * (-2.0 * tanh(x) * out),))

logistic_density = Op("logistic_density", kernels.logistic_density,     # s(x) s(-x)
                      vjps=(lambda g, out, x: -g * (tanh(0.5 * x) * out),))

one_minus_square = Op("one_minus_square", lambda x: (1.0 - x) * (1.0 + x), analytic=True,
                      vjps=(lambda g, out, x: g * (-2.0 * x),))

cosine = Op("cosine", kernels.cosine, broadcasts=True,              # x / r, where r = hypot(x, y)
            vjps=(lambda g, out, x, y: g * div(_square(cosine(y, x)), hypot(x, y)),
                  lambda g, out, x, y: -g * div(out * cosine(y, x), hypot(x, y))))

logaddexp = Op("logaddexp", numpys("logaddexp"), broadcasts=True,    # log(e^x + e^y)
               vjps=(lambda g, out, x, y: g * sigmoid(x - y),
                     lambda g, out, x, y: g * sigmoid(y - x)))

xlogy = Op("xlogy", kernels.xlogy, broadcasts=True,                 # x log(y), and 0 where x is 0
           vjps=(lambda g, out, x, y: g * log(where((x == 0) & (y <= 0), one_like(out), y)),
                 lambda g, out, x, y: g * div(x, y)))

# --- kinks: flat on both sides has slope 0; a tie is shared equally -------------------------------

sign = Op("sign", kernels.sign,
          vjps=(lambda g, out, x: zeros_like(x),))

floor = Op("floor", numpys("floor"),
           vjps=(lambda g, out, x: zeros_like(x),))

ceil = Op("ceil", numpys("ceil"),
          vjps=(lambda g, out, x: zeros_like(x),))

trunc = Op("trunc", numpys("trunc"),
           vjps=(lambda g, out, x: zeros_like(x),))

round = Op("round", numpys("round", "decimals"),
           vjps=(lambda g, out, x, *, decimals=0: zeros_like(x),))

floor_divide = Op("floor_divide", kernels.floor_divide, broadcasts=True,
                  vjps=(lambda g, out, x, y: zeros_like(out),
                        lambda g, out, x, y: zeros_like(out)))

abs = Op("abs", operator.abs,                                        # |x|' = sign x, 0 at 0
         vjps=(lambda g, out, x: g * sign(x),))

relu = Op("relu", kernels.relu,                                     # slope 0 at 0; nan stays nan
          vjps=(lambda g, out, x: g * sign(out),))

# mutants 2: ties are handled before
maximum = Op("maximum", kernels.maximum, broadcasts=True,
             vjps=(lambda g, out, x, y: where(x == y, 0.5 * g, where(x < y, 0.0, g)),
                   lambda g, out, x, y: where(x == y, 0.5 * g, where(x > y, 0.0, g))))

# mutants 2: ties are handled before
minimum = Op("minimum", kernels.minimum, broadcasts=True,
             vjps=(lambda g, out, x, y: where(x == y, 0.5 * g, where(x > y, 0.0, g)),
                   lambda g, out, x, y: where(x == y, 0.5 * g, where(x < y, 0.0, g))))

where = Op("where", kernels.pick, broadcasts=True,                  # the condition is no variable
           vjps=(None,
                 lambda g, out, condition, x, y: where(condition, g, 0.0),
                 lambda g, out, condition, x, y: where(condition, 0.0, g)))

# --- shapes: linear maps, each beside its adjoint -------------------------------------------------

reshape = Op("reshape", lambda x, *, shape: np.reshape(x, shape), analytic=True,
             vjps=(lambda g, out, x, *, shape: reshape(g, shape=shape_of(x)),))

transpose = Op("transpose", lambda x, *, axes: np.transpose(x, axes), analytic=True,
               vjps=(lambda g, out, x, *, axes: transpose(g, axes=inverse_permutation(axes)),))

broadcast_to = Op("broadcast_to", lambda x, *, shape: np.broadcast_to(x, shape), analytic=True,
                  vjps=(lambda g, out, x, *, shape: sum_to(g, shape=shape_of(x)),))

sum_to = Op("sum_to", kernels.sum_to, analytic=True,
            vjps=(lambda g, out, x, *, shape: broadcast_to(g, shape=shape_of(x)),))

getitem = Op("getitem", kernels.entries, analytic=True,
             vjps=(lambda g, out, x, *, index: scatter_add(g, index=index, shape=shape_of(x)),))

scatter_add = Op("scatter_add", kernels.scatter_add, analytic=True,
                 vjps=(lambda g, out, x, *, index, shape: getitem(g, index=index),))

# Images in channels-last form, (n, h, w, c), as all their windows: (n, h', w', kh, kw, c).
windows = Op("windows", kernels.windows, analytic=True,
             vjps=(lambda g, out, x, *, size, stride:
                       fold(g, shape=shape_of(x), size=size, stride=stride),))

fold = Op("fold", kernels.fold, analytic=True,
          vjps=(lambda g, out, x, *, shape, size, stride:
                    windows(g, size=size, stride=stride),))

concatenate = Op("concatenate", lambda *xs, axis: np.concatenate(xs, axis=axis), analytic=True,
                 vjps=per_argument(lambda i: lambda g, out, *xs, axis:
                                       _concatenate_vjp(i, g, xs, axis)))

astype = Op("astype", lambda x, *, dtype: x.astype(dtype),           # whole numbers are steps
            vjps=(lambda g, out, x, *, dtype: astype(g, dtype=x.dtype) if dtype.kind == "f"
                  else zeros_like(x),))

to = Op("to", lambda x, *, make: make(x), analytic=True,             # the same numbers elsewhere
        vjps=(lambda g, out, x, *, make: to(g, make=converter_like(data_of(x))),))

item = Op("item", float,                                             # an array's only entry
          vjps=(lambda g, out, x: g,))

alias = Op("alias", lambda x: x, analytic=True,                      # the same number, a new node
           vjps=(lambda g, out, x: g,))

# --- reductions and scans -------------------------------------------------------------------------

sum = Op("sum", kernels.total, analytic=True,                         # every summand has slope 1
         vjps=(lambda g, out, x, *, axis=None, keepdims=False:
                   broadcast_to(_kept(g, x, axis), shape=shape_of(x)),))

max = Op("max", kernels.short_axes(np.max, np.maximum),
         vjps=(_extremum_vjp,))

min = Op("min", kernels.short_axes(np.min, np.minimum),
         vjps=(_extremum_vjp,))

cumsum = Op("cumsum", kernels.cumsum, analytic=True,
            vjps=(lambda g, out, x, *, axis: _flip(cumsum(_flip(g, axis), axis=axis), axis),))

logsumexp = Op("logsumexp", kernels.logsumexp,                      # slopes are softmax(x)
               vjps=(lambda g, out, x, *, axis=None, keepdims=False:
                         _kept(g, x, axis) * softmax(x, axis=axis),))

log_softmax = Op("log_softmax", kernels.log_softmax,
                 vjps=(lambda g, out, x, *, axis=-1:                 # g - softmax(x) sum(g)
                           -g * expm1(out) - exp(out) * _others(g, axis),))

softmax = Op("softmax", kernels.softmax,                            # d s = s (dx - <s, dx>)
             vjps=(lambda g, out, x, *, axis=-1:
                       -g * out * expm1(log_softmax(x, axis=axis)) - out * _others(g * out, axis),))

# The loss of log-probabilities x: (n, classes), in place of getitem, neg, sum and mul.
nll = Op("nll", kernels.nll, analytic=True,                         # -scale * sum of x[i, label i]
         vjps=(lambda g, out, x, *, labels, scale: kernels.one_hot(labels, x) * (-scale * g),))

# --- products -------------------------------------------------------------------------------------

matmul = Op("matmul", operator.matmul, broadcasts=True, analytic=True,   # (.., n, k) @ (.., k, m)
            vjps=(lambda g, out, x, y: matmul(g, _swap(y)),              # (.., n, m) @ (.., m, k)
                  lambda g, out, x, y: matmul(_swap(x), g)))             # (.., k, n) @ (.., n, m)

# A layer of neurons, x @ w.T + b for x: (n, in), w: (out, in), b: (out,), in place of transpose,
# matmul and add: a training step of 784-128-10 at batch 32 takes 0.75 of the time.
linear = Op("linear", kernels.linear,
            vjps=(lambda g, out, x, w, b: g @ w,                     # (n, out) @ (out, in)
                  lambda g, out, x, w, b: (x.T @ g).T,               # ((in, n) @ (n, out)).T
                  lambda g, out, x, w, b: _ones(g) @ g))             # (n,) @ (n, out)

einsum = Op("einsum", kernels.einsum, broadcasts=True, analytic=True,
            vjps=per_argument(lambda i: lambda g, out, *xs, inputs, output:
                                  _einsum_vjp(i, g, xs, inputs, output)))

# --- matrices, in stacks: (.., n, n) --------------------------------------------------------------

inv = Op("inv", np.linalg.inv, analytic=True,                        # d(x^-1) = -x^-1 dx x^-1
         vjps=(lambda g, out, x: -matmul(matmul(_swap(out), g), _swap(out)),))

solve = Op("solve", np.linalg.solve, broadcasts=True, analytic=True,     # y = a^-1 b
           vjps=(lambda g, out, a, b: -matmul(solve(_swap(a), g), _swap(out)),
                 lambda g, out, a, b: solve(_swap(a), g)))

det = Op("det", no_fallback(np.linalg.det), analytic=True,              # d det(x) = <cofactors, dx>
         vjps=(lambda g, out, x: _stacked(g) * cofactors(x),))

# Along directions, its own derivatives. They hold at singular matrices of any rank.
cofactors = Op("cofactors", determinants.cofactors,
               vjps=per_argument(lambda i: lambda g, out, x, *directions:
                                     _cofactors_vjp(i, g, x, directions)))

logabsdet = Op("logabsdet", lambda x: no_fallback(np.linalg.slogdet)(x)[1],  # log |det(x)|
               vjps=(lambda g, out, x: _stacked(g) * _swap(inv(x)),))

cholesky = Op("cholesky", np.linalg.cholesky,                        # x = L L^T
              vjps=(_cholesky_vjp,))

pinv = Op("pinv", kernels.pinv,
          vjps=(_pinv_vjp,))
# fmt: on

for _op in (
    *(add, sub, mul, div, pow, neg, mod, exp, exp2, expm1, log, log2, log10, log1p, sqrt, cbrt),
    flat_root,
    *(sin, cos, tan, arcsin, arccos, arctan, sinh, cosh, tanh, arcsinh, arccosh, arctanh),
    *(sinc, erf, erfc, sigmoid, softsign, hypot, arctan2, logaddexp, xlogy, sign, floor, ceil),
    *(trunc, round, sech2, logistic_density, one_minus_square, cosine),
    *(floor_divide, abs, relu, maximum, minimum, where, astype, to, item, alias),
):
    _op.elementwise = True
del _op
