"""Rows of the table for arrays: shapes, reductions and products."""

from __future__ import annotations

import builtins
import operator
from typing import Any

import numpy as np

from . import array_kernels
from .array_libraries import is_numpy
from .op import Data, Op, data_of, linear_map, of_arrays, per_argument
from .rules import div, exp, expm1, where
from .shapes import Axis, inverse_permutation, kept_shape, shape_of


def _eye(n: int, like: Data) -> Data:
    """Return the identity matrix, as an array of the same type and dtype."""
    data = data_of(like)
    i = np.arange(n, like=data)  # np.eye() and np.ones() hand CuPy's an option that they lack
    return (i[:, None] == i).astype(data.dtype)


def _ones(like: Data) -> Data:
    """Return a one for each row: their product with the rows sums them, in half of the time."""
    data = data_of(like)
    return np.ones_like(data, shape=len(data))


def _kept(g: Data, x: Data, axis: Axis) -> Data:
    """Return a reduction's gradient with axes of size 1 restored, to broadcast against x."""
    return reshape(g, shape=kept_shape(shape_of(x), axis))


def _extremum_vjp(
    g: Data, out: Data, x: Data, *, axis: Axis = None, keepdims: bool = False
) -> Data:
    winners = x == _kept(out, x, axis)
    near = is_numpy(data_of(out))  # elsewhere, to look costs more than it saves
    if not near or np.any(np.isnan(data_of(out))):
        winners = winners | (x != x)  # a nan wins
    count = array_kernels.count(winners, axis=axis, keepdims=True)  # ties share the gradient
    share = div(_kept(g, x, axis), count)
    if near and np.all(np.isfinite(data_of(share))):
        return winners * share  # a quarter of the time of where(), but 0 * inf is nan
    return where(winners, share, 0.0)


def _others(x: Data, axis: Axis) -> Data:
    """Return for each entry the sum of all others along an axis, exact where these are 0."""
    return sum(x, axis=axis, keepdims=True) - x


def _swap(x: Data) -> Data:
    """Return transposed matrices: the last two axes are swapped."""
    *stack, rows, columns = range(len(shape_of(x)))
    return transpose(x, axes=(*stack, columns, rows)) if stack else x.T  # mutants 1: only faster


def _along(axis: int, part: slice) -> tuple[slice, ...]:
    """Return the index that selects a part of one axis."""
    return (slice(None),) * axis + (part,)


def _flip(x: Data, axis: int) -> Data:
    return getitem(x, index=_along(axis, slice(None, None, -1)))


def _concatenate_vjp(i: int, g: Data, xs: tuple[Data, ...], axis: int) -> Data:
    start = builtins.sum(shape_of(x)[axis] for x in xs[:i])
    return getitem(g, index=_along(axis, slice(start, start + shape_of(xs[i])[axis])))


def _einsum_vjp(
    i: int, g: Data, xs: Any, inputs: tuple[str, ...], output: str, optimize: Any = False
) -> Data:
    """Swap the output and operand i. No index occurs twice in one of them, or in one alone."""
    rest = [x for j, x in enumerate(xs) if j != i]
    names = [name for j, name in enumerate(inputs) if j != i]
    part = einsum(g, *rest, inputs=(output, *names), output=inputs[i], optimize=bool(optimize))
    # An axis that has one entry in all others was stretched to this operand's.
    shape = np.broadcast_shapes(shape_of(part), shape_of(xs[i]))
    # mutants 1: only faster
    return part if shape == shape_of(part) else broadcast_to(part, shape=shape)


def _transpose_text(axes: tuple[int, ...]) -> str:
    if axes == tuple(range(len(axes))):
        return "x"
    *stack, rows, columns = range(len(axes))
    if axes == (*stack, columns, rows):
        return "x.mT" if stack else "x.T"
    return f"transpose(x, {axes})"


# fmt: off

# --- shapes: linear maps, each beside its adjoint -------------------------------------------------

reshape = linear_map("reshape", lambda x, *, shape: np.reshape(x, shape),
                     lambda g, out, x, *, shape: reshape(g, shape=shape_of(x)),
                     text="reshape(x, shape)", formula="x")

transpose = linear_map("transpose", lambda x, *, axes: np.transpose(x, axes),
                       lambda g, out, x, *, axes: transpose(g, axes=inverse_permutation(axes)),
                       text=_transpose_text)

broadcast_to = linear_map("broadcast_to", lambda x, *, shape: np.broadcast_to(x, shape),
                          lambda g, out, x, *, shape: sum_to(g, shape=shape_of(x)),
                          text="broadcast_to(x, shape)", formula="x")

sum_to = linear_map("sum_to", array_kernels.sum_to,
                    lambda g, out, x, *, shape: broadcast_to(g, shape=shape_of(x)),
                    text="sum(x)")

getitem = linear_map("getitem", array_kernels.getitem,
                     lambda g, out, x, *, index: scatter_add(g, index=index, shape=shape_of(x)),
                     text="x[index]")

scatter_add = linear_map("scatter_add", array_kernels.scatter_add,
                         lambda g, out, x, *, index, shape: getitem(g, index=index),
                         text="scatter_add(x, [index])")

# Images in channels-last form, (n, h, w, c), as all their windows: (n, h', w', kh, kw, c).
windows = linear_map("windows", array_kernels.windows,
                     lambda g, out, x, *, size, stride:
                         fold(g, shape=shape_of(x), size=size, stride=stride))

fold = linear_map("fold", array_kernels.fold,
                  lambda g, out, x, *, shape, size, stride: windows(g, size=size, stride=stride))

concatenate = Op("concatenate", lambda *xs, axis: np.concatenate(xs, axis=axis),
                 per_argument(lambda i: lambda g, out, *xs, axis: _concatenate_vjp(i, g, xs, axis)),
                 elementwise=False, linear=True, analytic=True)

# --- reductions and scans -------------------------------------------------------------------------

sum = linear_map("sum", array_kernels.total,                         # every summand has slope 1
                 lambda g, out, x, *, axis=None, keepdims=False:
                     broadcast_to(_kept(g, x, axis), shape=shape_of(x)))

max = of_arrays("max", array_kernels.short_axes(np.max, np.maximum), _extremum_vjp)
min = of_arrays("min", array_kernels.short_axes(np.min, np.minimum), _extremum_vjp)

cumsum = linear_map("cumsum", array_kernels.cumsum,
                    lambda g, out, x, *, axis: _flip(cumsum(_flip(g, axis), axis=axis), axis))

logsumexp = of_arrays("logsumexp", array_kernels.logsumexp,          # slopes are softmax(x)
                      lambda g, out, x, *, axis=None, keepdims=False:
                          _kept(g, x, axis) * softmax(x, axis=axis))

log_softmax = of_arrays("log_softmax", array_kernels.log_softmax,    # g - softmax(x) sum(g)
                        lambda g, out, x, *, axis=-1:
                            -g * expm1(out) - exp(out) * _others(g, axis))

softmax = of_arrays("softmax", array_kernels.softmax,                # d s = s (dx - <s, dx>)
                    lambda g, out, x, *, axis=-1:
                        -g * out * expm1(log_softmax(x, axis=axis)) - out * _others(g * out, axis),
                    text="softmax(x, axis=axis)")

# The loss of log-probabilities x: (n, classes), in place of getitem, neg, sum and mul.
nll = linear_map("nll", array_kernels.nll,                           # -scale * sum of x[i, label i]
                 lambda g, out, x, *, labels, scale:
                     array_kernels.one_hot(labels, x) * (-scale * g),
                 text=lambda labels, scale: "-mean(x[labels])" if scale * len(labels) == 1
                 else f"-({scale} * sum(x[labels]))")

# --- products -------------------------------------------------------------------------------------

matmul = of_arrays("matmul", operator.matmul,                        # (.., n, k) @ (.., k, m)
                   lambda g, out, x, y: matmul(g, _swap(y)),         # (.., n, m) @ (.., m, k)
                   lambda g, out, x, y: matmul(_swap(x), g),         # (.., k, n) @ (.., n, m)
                   text="x @ y", broadcasts=True, analytic=True, linear="each")

# A layer of neurons, x @ w.T + b for x: (n, in), w: (out, in), b: (out,), in place of transpose,
# matmul and add: a training step of 784-128-10 at batch 32 takes 0.75 of the time.
linear = of_arrays("linear", array_kernels.linear,
                   lambda g, out, x, w, b: g @ w,                    # (n, out) @ (out, in)
                   lambda g, out, x, w, b: (x.T @ g).T,              # ((in, n) @ (n, out)).T
                   lambda g, out, x, w, b: _ones(g) @ g,             # (n,) @ (n, out)
                   text="x @ w.T + b", linear=(0, 2))

einsum = Op("einsum", array_kernels.einsum,
            per_argument(lambda i: lambda g, out, *xs, inputs, output, optimize=False:
                             _einsum_vjp(i, g, xs, inputs, output, optimize)),
            elementwise=False, broadcasts=True, analytic=True, linear="each",
            text=lambda inputs, output, optimize=False:
                f"einsum('{','.join(inputs)}->{output}', xs)")
