"""Forward functions on whole arrays: sums, indices, windows, products, stable reductions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import product
from typing import Any

import numpy as np

from .array_libraries import is_lazy, is_numpy, no_fallback
from .op import Data
from .shapes import Axis, Shape, axes_to_sum, count_along, kept_shape, normalize_axes, shape_of


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


def getitem(x: Data, *, index: Any) -> Data:
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
        return scatter_add_numpy(g, index, shape)
    except (IndexError, NotImplementedError, TypeError, ValueError):
        if is_numpy(g):
            raise
        return scatter_add_by_counts(g, index, shape)  # Dask raises any of these


def scatter_add_numpy(g: Data, index: Any, shape: Shape) -> Data:
    """Return zeros with `g` added at the indexed entries."""
    out = np.zeros_like(g, shape=shape)
    dtype = out.dtype
    if selects_once(index):
        out[index] = g
    else:
        # mutants 1: symmetric
        out = out.astype(np.result_type(out, np.float32))  # float16 would lose small gradients
        np.add.at(out, index, g)  # an entry picked twice gets both gradients
    return out.astype(dtype, copy=False)  # mutants 2: an extra copy


def scatter_add_by_counts(g: Data, index: Any, shape: Shape) -> Data:
    """The same for arrays that can't be assigned to, such as Dask's, by their `bincount`."""
    size = math.prod(shape)
    places = getitem(np.reshape(np.arange(size, like=g), shape), index=index)
    places, weights = same_chunks(np.reshape(places, (-1,)), np.reshape(g, (-1,)))
    sums = np.bincount(places, weights, minlength=size)
    return np.reshape(sums, shape).astype(g.dtype)


def same_chunks(x: Data, y: Data) -> tuple[Data, Data]:
    """Return both arrays in the same chunks, if they are chunked; arithmetic aligns them."""
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
    """Return the reduction, computed over short axes by one ufunc call per entry.

    NumPy reduces each row by itself, and rows of 2 by 2, as in pooling, are many: that takes seven
    times as long on the 24 x 24 images of 16 channels of a small net.
    """

    def forward(x: Data, *, axis: Axis = None, keepdims: bool = False) -> Data:
        shape = shape_of(x)
        count = count_along(shape, axis)
        if not 1 < count <= 16 or math.prod(shape) < 64 * count:  # mutants 11: only faster
            return reduction(x, axis=axis, keepdims=keepdims)
        axes = normalize_axes(axis, len(shape))
        cells = product(*(range(n) if i in axes else [slice(None)] for i, n in enumerate(shape)))
        out = reduce(ufunc, (x[index] for index in cells))
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


def einsum(*xs: Data, inputs: Sequence[str], output: str, **options: Any) -> Data:
    subscripts = f"{','.join(inputs)}->{output}"
    if any(getattr(x, "dtype", None) == np.float16 for x in xs):  # NumPy adds these up in float16
        dtype = np.result_type(*xs)
        wide = np.result_type(dtype, np.float32)  # mutants 1: symmetric
        return np.einsum(subscripts, *xs, dtype=wide, **options).astype(dtype)
    return np.einsum(subscripts, *xs, **options)


def nll(x: Data, *, labels: Data, scale: float) -> Data:
    if is_lazy(labels):  # see functions.pick_labels()
        mine = one_hot(labels, x)
        picked = np.where(mine.any(axis=1), np.where(mine, x, 0.0).sum(axis=1), np.nan)
    else:
        picked = getitem(x, index=(np.arange(len(labels), like=labels), labels))
    return 0.0 - scale * picked.sum()  # a loss of 0 is no -0


def one_hot(labels: Data, like: Data) -> Data:
    """Rows of zeros with a one at each label, in the shape of the rows of `like`."""
    return labels[:, None] == np.arange(shape_of(like)[1], like=labels)


def windows(x: Data, *, size: Shape, stride: Shape) -> Data:
    """A view of x: (n, h, w, c) as windows of (kh, kw), every so many steps apart."""
    view = np.lib.stride_tricks.sliding_window_view(x, size, axis=(1, 2))
    return np.transpose(view[:, :: stride[0], :: stride[1]], (0, 1, 2, 4, 5, 3))


def fold(g: Data, *, shape: Shape, size: Shape, stride: Shape) -> Data:
    """Add up the entries that windows share: (n, h', w', kh, kw, c) -> (n, h, w, c).

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


def cholesky(x: Data) -> Data:
    out = np.linalg.cholesky(x)
    return np.swapaxes(out, -1, -2) if is_lazy(x) else out  # Dask returns the upper triangle


def pinv(x: Data, *, rcond: Any = 1e-15, hermitian: bool = False) -> Data:
    x = x if hasattr(x, "dtype") else np.array(x)
    if len(shape_of(x)) < 2:
        raise np.linalg.LinAlgError(f"pinv is of matrices, but the shape is {shape_of(x)}")
    if is_numpy(x) and not np.isfinite(x).all():  # see determinants.cofactors()
        raise np.linalg.LinAlgError("pinv is of finite numbers, but there are others")
    return no_fallback(np.linalg.pinv)(x, rcond, hermitian)


# Decompositions, each packed into one array: row i has all that belongs to the i-th value.


def eigh(x: Data, *, uplo: str) -> Data:
    """Return rows of an eigenvector and its eigenvalue: (..., n, n) -> (..., n, n + 1)."""
    values, vectors = no_fallback(np.linalg.eigh)(x, uplo)
    return np.concatenate([np.swapaxes(vectors, -1, -2), values[..., None]], -1)


def svd(x: Data) -> Data:
    """Return rows of u, s, v: (..., m, n) -> (..., k, m + 1 + n), where k = min(m, n)."""
    u, s, vh = no_fallback(np.linalg.svd)(x, full_matrices=False)
    return np.concatenate([np.swapaxes(u, -1, -2), s[..., None], vh], -1)


def qr(x: Data) -> Data:
    """Return rows of a column of Q and a row of R: (..., m, n) -> (..., n, m + n), n <= m."""
    q, r = no_fallback(np.linalg.qr)(x)
    return np.concatenate([np.swapaxes(q, -1, -2), r], -1)
