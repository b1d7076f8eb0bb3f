"""What is composed from primitives, under NumPy's names; floats, arrays and nodes alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import rules
from .node import Data, Node
from .shapes import Axis, count_along, normalize_axes, shape_of

# --- shapes ---------------------------------------------------------------------------------------


def reshape(x: Any, shape: int | Sequence[int]) -> Any:
    """The same entries in another shape; one length may be -1, to be worked out."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return rules.reshape(x, shape=shape)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order; reversed if none is given."""
    ndim = len(shape_of(x))
    order = range(ndim)[::-1] if axes is None else axes
    return rules.transpose(
        x, axes=tuple(int(a) % ndim if -ndim <= a < 0 else int(a) for a in order)
    )


def broadcast_to(x: Any, shape: int | Sequence[int]) -> Any:
    """`x` repeated along new and length-1 axes, without copying."""
    return rules.broadcast_to(x, shape=(shape,) if isinstance(shape, int) else tuple(shape))


def expand_dims(x: Any, axis: int | Sequence[int]) -> Any:
    """New axes of length 1 at the given places of the result."""
    axes = [axis] if isinstance(axis, int) else list(axis)
    old = iter(shape_of(x))
    ndim = len(shape_of(x)) + len(axes)
    new = normalize_axes(axes, ndim)
    return rules.reshape(x, shape=tuple(1 if i in new else next(old) for i in range(ndim)))


def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """The arrays `xs` joined along an axis that they have."""
    if not xs:
        raise ValueError("concatenate() needs at least one array")
    (axis,) = normalize_axes(axis, len(shape_of(xs[0])))
    return rules.concatenate(*xs, axis=axis)


def stack(xs: Sequence[Any], axis: int = 0) -> Any:
    """The arrays or numbers `xs` joined along a new axis."""
    return concatenate([expand_dims(x, axis) for x in xs], axis)


def getitem(x: Any, index: Any) -> Any:
    """`x[index]`: every form of index that NumPy has. Indices are not differentiated."""
    return rules.getitem(x, index=plain_index(index))


def plain_index(index: Any) -> Any:
    """An index with arrays in place of lists and tensors."""
    if isinstance(index, tuple):
        return tuple(map(plain_index, index))
    if isinstance(index, Node):
        return index._data
    return np.array(index, dtype=None if index else int) if isinstance(index, list) else index


def where(condition: Any, x: Any, y: Any) -> Any:
    """`x` where the condition holds, else `y`. The condition is not differentiated."""
    return rules.where(condition._data if isinstance(condition, Node) else condition, x, y)


# --- reductions -----------------------------------------------------------------------------------


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum over all entries, or along axes."""
    return rules.sum(x, axis=axis, keepdims=keepdims)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over all entries, or along axes; of none it is nan."""
    return rules.div(sum(x, axis, keepdims), count_along(shape_of(x), axis))


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest entry. Ties share its gradient equally."""
    return rules.max(x, axis=axis, keepdims=keepdims)


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) without overflow: a smooth maximum."""
    return rules.logsumexp(x, axis=axis, keepdims=keepdims)


def log_softmax(x: Any, axis: Axis = -1) -> Any:
    """The logarithm of `softmax`, without underflow."""
    return rules.log_softmax(x, axis=axis)


def softmax(x: Any, axis: Axis = -1) -> Any:
    """exp(x) scaled to sum to one along `axis`."""
    return rules.exp(rules.log_softmax(x, axis=axis))


def softmax_cross_entropy(logits: Any, labels: Any) -> Any:
    """-log softmax(logits)[label] of each row, in nats. `nn.cross_entropy` checks and averages it.

    Args:
        logits: (n, classes).
        labels: (n,), integers from 0 to classes - 1.
    """
    return rules.softmax_cross_entropy(logits, labels=plain_index(labels))


# --- products -------------------------------------------------------------------------------------


def matmul(x: Any, y: Any) -> Any:
    """The matrix product, with NumPy's rules for vectors and stacks of matrices.

    Raises:
        ValueError: an operand is a single number, or the inner dimensions differ.
    """
    a, b = shape_of(x), shape_of(y)
    if not a or not b:
        raise ValueError(f"matmul: {a} @ {b}: both must have an axis; use * for single numbers")
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] != inner:
        raise ValueError(f"matmul: {a} @ {b}: inner dimensions {a[-1]} and {inner} differ")
    if len(a) > 1 and len(b) > 1:
        return rules.matmul(x, y)
    out = rules.matmul(
        rules.reshape(x, shape=(1, *a)) if len(a) == 1 else x,
        rules.reshape(y, shape=(*b, 1)) if len(b) == 1 else y,
    )
    kept = shape_of(out)
    kept = kept[:-1] if len(b) == 1 else kept
    return rules.reshape(
        out,
        shape=kept[:-2] + kept[-1:]
        if len(a) == 1 and len(b) > 1
        else kept[:-1]
        if len(a) == 1
        else kept,
    )


def stop_gradient(x: Data) -> Any:
    """The same number or array as a constant: no gradient flows through it."""
    return x.detach() if isinstance(x, Node) else x  # type: ignore[attr-defined]
