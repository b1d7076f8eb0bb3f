"""Arguments as columns of one length and dtype, and results in the arguments' shapes and dtypes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.core import array_kernels

from .targets.numpy import Piece
from .vectorize import COLUMN


class Batch(NamedTuple):
    """Arguments as columns, and the shape and dtype of the results."""

    columns: Sequence[Any]  # floats, and arrays (n,)
    n: int
    work: Any  # the columns' dtype
    shape: tuple[int, ...]
    dtype: Any


def batch_of(leaves: Sequence[Any]) -> Batch | None:
    """Return floats and arrays as columns; None if an array has no axes: it is a number.

    Raises:
        TypeError: arrays hold something else than real numbers.
        ValueError: arrays don't broadcast against each other.
    """
    arrays = [x for x in leaves if type(x) is np.ndarray]
    shape, dtype = arrays[0].shape, arrays[0].dtype
    if len(shape) == 1 and dtype.char in "fd":
        for x in arrays:
            if x.shape != shape or x.dtype is not dtype:
                break
        else:
            return Batch(leaves, shape[0], dtype, shape, dtype)
    if any(x.ndim == 0 for x in arrays):
        return None
    shape, dtype = common_shape(arrays), common_dtype(arrays)
    work = np.result_type(dtype, np.float32)  # in float16 sums overflow
    columns = [
        np.broadcast_to(x, shape).reshape(-1).astype(work, copy=False)
        if type(x) is np.ndarray else x
        for x in leaves
    ]  # fmt: skip
    return Batch(columns, math.prod(shape), work, shape, dtype)


def common_shape(arrays: Sequence[Any]) -> Any:
    try:
        return np.broadcast_shapes(*(x.shape for x in arrays))
    except ValueError:
        shapes = ", ".join(str(x.shape) for x in arrays)
        raise ValueError(
            f"arrays handed to a compiled function must broadcast against each other, but their "
            f"shapes are {shapes}"
        ) from None


def common_dtype(arrays: Sequence[Any]) -> Any:
    """Return the floating-point dtype that results have."""
    dtypes = {x.dtype for x in arrays}
    dtype = np.result_type(*dtypes) if len(dtypes) > 1 else arrays[0].dtype
    if dtype.kind == "f":
        return dtype
    if dtype.kind in "iub":
        return np.dtype(float)
    raise TypeError(f"compiled functions compute with real numbers, not {dtype}")


def refuse_integers(leaves: Sequence[Any], wanted: Sequence[int]) -> None:
    for k in wanted:
        if k < len(leaves) and type(leaves[k]) is np.ndarray and leaves[k].dtype.kind != "f":
            raise TypeError(
                f"only floating-point numbers have gradients, but got an array of "
                f"{leaves[k].dtype}; convert it: x.astype(float)"
            )


def collected(
    pieces: Sequence[Piece], arrays: Sequence[Any], leaves: Sequence[Any], batch: Batch,
    wanted: Sequence[int], reduce: str | None,
) -> list[Any]:  # fmt: skip
    """Return the outputs as numbers and as arrays: a reduced value first, gradients by `wanted`."""
    lists: dict[int, list[float]] = {}
    results: list[Any] = []
    for position, piece in enumerate(pieces):
        x = arrays[piece.place]
        k = wanted[position - 1] if reduce and position else len(leaves)
        leaf = leaves[k] if k < len(leaves) else None  # None: a weight, or no gradient
        if piece.kind == COLUMN:
            x = np.array(x) if piece.shared else x
            x = x.reshape(batch.shape)
            if x.dtype not in (batch.dtype, bool):
                x = x.astype(batch.dtype)
            if leaf is not None:
                x = array_kernels.sum_to(x, shape=leaf.shape).astype(leaf.dtype, copy=False)
            results.append(x)
            continue
        if piece.row is not None:
            if piece.place not in lists:
                lists[piece.place] = x.tolist()
            x = lists[piece.place][piece.row]
        if not reduce:
            dtype = bool if isinstance(x, (bool, np.bool_)) else batch.dtype
            results.append(np.full(batch.shape, x, dtype))
        elif position == 0:
            results.append(batch.dtype.type(x))
        elif type(leaf) is np.ndarray:  # the same for all examples
            share = float(x) * math.prod(batch.shape) / max(leaf.size, 1)
            results.append(np.full_like(leaf, share))
        else:
            results.append(float(x))
    return results
