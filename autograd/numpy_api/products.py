"""Products of arrays and matrices, with functions named as in NumPy."""

from __future__ import annotations

import math
import operator
import re
from functools import cache
from string import ascii_lowercase, ascii_uppercase
from typing import Any

import numpy as np

from autograd.core import array_rules
from autograd.core.arguments import integer
from autograd.core.array_libraries import as_plain_array
from autograd.core.shapes import ordered_axes, shape_of

from . import reductions
from .joining import stack
from .manipulation import check_ndim, diagonal, expand_dims, moveaxis, ravel, reshape, swapaxes
from .options import with_out

LETTERS = ascii_uppercase + ascii_lowercase  # of the indices 0, 1, ... of einsum
INDICES = re.compile(r"[A-Za-z]*(\.\.\.)?[A-Za-z]*")  # of one operand of einsum


def matmul(x: Any, y: Any) -> Any:
    """Return the matrix product (..., n, k) @ (..., k, m) -> (..., n, m).

    A vector (k,) is a row on the left and a column on the right; the result lacks its axis.

    Raises:
        ValueError: an operand is a single number, or the inner dimensions differ.
    """
    x, y = as_plain_array(x), as_plain_array(y)
    a, b = shape_of(x), shape_of(y)
    if not a or not b:
        raise ValueError(f"matmul: {a} @ {b}: both must have an axis; use * for single numbers")
    inner = b[-2:][0]
    if a[-1] != inner:
        raise ValueError(f"matmul: {a} @ {b}: inner dimensions {a[-1]} and {inner} differ")
    if len(a) > 1 and len(b) > 1:  # mutants 2: only faster
        return array_rules.matmul(x, y)
    row, column = len(a) == 1, len(b) == 1
    # mutants 2: any negative size is inferred
    out = array_rules.matmul(
        reshape(x, (1, -1)) if row else x, reshape(y, (-1, 1)) if column else y
    )
    *stack, n, m = shape_of(out)
    return reshape(out, (*stack, *([] if row else [n]), *([] if column else [m])))


@with_out
def dot(x: Any, y: Any) -> Any:
    """Return the product with a number, or the sums of products (..., k), (..., k, m) -> (..., m).

    They are over the last axis of `x` and the last but one of `y`, or the only one: (k,).
    """
    a, b = shape_of(x), shape_of(y)
    if not a or not b:
        return x * y
    return tensordot(x, y, ([-1], [-2 if len(b) > 1 else -1]))


def inner(x: Any, y: Any) -> Any:
    """Return the sums of products over the last axes: (n, k), (m, k) -> (n, m)."""
    return tensordot(x, y, ([-1], [-1])) if shape_of(x) and shape_of(y) else x * y


@with_out
def outer(x: Any, y: Any) -> Any:
    """Return the products of each entry of `x` with each of `y`: (n,), (m,) -> (n, m)."""
    # mutants 2: any negative size is inferred
    return reshape(as_plain_array(x), (-1, 1)) * reshape(as_plain_array(y), (1, -1))


def tensordot(x: Any, y: Any, axes: Any = 2) -> Any:
    """Return the sums of products over pairs of axes: (n..., k...), (k..., m...) -> (n..., m...).

    Args:
        x, y: arrays.
        axes: the number of last axes of `x` and first axes of `y`, or a list of axes for each.

    Raises:
        ValueError: `axes` are not a number or two lists, or the axes of a pair differ in length.
    """
    x, y = as_plain_array(x), as_plain_array(y)
    a, b = shape_of(x), shape_of(y)
    if isinstance(axes, (int, np.integer)):
        if not 0 <= axes <= min(len(a), len(b)):
            raise ValueError(f"tensordot: shapes {a} and {b} do not both have {axes} axes to sum")
        left, right = list(range(len(a) - axes, len(a))), list(range(axes))
    else:
        lists: Any = [[i] if isinstance(i, (int, np.integer)) else list(i) for i in axes]
        if len(lists) != 2:
            raise ValueError(f"tensordot: axes has a list for each array, but is {axes!r}")
        left, right = ordered_axes(lists[0], len(a)), ordered_axes(lists[1], len(b))
    if [a[i] for i in left] != [b[i] for i in right]:
        raise ValueError(f"tensordot: the axes {left} of {a} and {right} of {b} differ in length")
    rows = [i for i in range(len(a)) if i not in left]
    columns = [i for i in range(len(b)) if i not in right]
    out = array_rules.matmul(_as_matrix(x, rows, left), _as_matrix(y, right, columns))
    return reshape(out, [a[i] for i in rows] + [b[i] for i in columns])


def _as_matrix(x: Any, rows: list[int], columns: list[int]) -> Any:
    """Return `x` as a matrix, whose rows and columns are these axes, flattened."""
    shape = shape_of(x)
    n, m = math.prod([shape[i] for i in rows]), math.prod([shape[i] for i in columns])
    return array_rules.reshape(array_rules.transpose(x, axes=(*rows, *columns)), shape=(n, m))


@with_out
def einsum(subscripts: Any, *xs: Any, optimize: Any = False) -> Any:
    """Return Einstein's sum: `einsum("ij,jk->ik", a, b)` is the matrix product.

    Repeated indices (diagonals), indices that are only summed, and `...` work as in NumPy. So do
    lists of indices, `einsum(a, [0, 1], b, [1, 2], [0, 2])`.

    Args:
        subscripts: the indices of the operands and of the result, such as "ij,jk->ik".
        xs: the operands.
        optimize: multiply pair by pair, in an order that NumPy finds ("greedy", "optimal"; True is
            the first), or in that of `np.einsum_path`. It changes nothing but the time.

    Raises:
        TypeError: the first argument is no string of subscripts.
        ValueError: the subscripts are malformed, or do not fit the operands.
    """
    if xs and isinstance(xs[0], (list, tuple)) and not isinstance(subscripts, str):
        subscripts, *xs = _subscripts_of_lists(subscripts, *xs)  # type: ignore[assignment]
    if not isinstance(subscripts, str):
        what = type(subscripts).__name__
        raise TypeError(f'einsum: subscripts such as "ij,jk->ik" come first, but got {what}')
    xs = tuple(map(as_plain_array, xs))
    inputs, output = _parse_subscripts(subscripts.replace(" ", ""), [len(shape_of(x)) for x in xs])
    operands, names = [], []
    for i, (x, name) in enumerate(zip(xs, inputs)):
        x, name = _take_diagonals(x, name, subscripts)
        elsewhere = output + "".join(inputs[:i] + inputs[i + 1 :])
        alone = tuple(k for k, c in enumerate(name) if c not in elsewhere)
        operands.append(reductions.sum(x, alone) if alone else x)  # mutants 1: only faster
        names.append("".join(c for c in name if c in elsewhere))
    options = {"optimize": optimize} if optimize is not False else {}
    return array_rules.einsum(*operands, inputs=tuple(names), output=output, **options)


def _subscripts_of_lists(*args: Any) -> tuple[Any, ...]:
    """Return the subscripts for `x, [0, 1], y, [1, 2], [0, 2]`, and the operands."""
    named = [
        "".join("..." if i is ... else LETTERS[integer("index", i, at_least=0, at_most=51)]
                for i in indices)
        for indices in (*args[1::2], *args[len(args) - len(args) % 2 :])
    ]  # fmt: skip
    xs = args[: len(args) - len(args) % 2 : 2]
    return ",".join(named[: len(xs)]) + "".join(f"->{x}" for x in named[len(xs) :]), *xs


def _take_diagonals(x: Any, name: str, subscripts: str) -> tuple[Any, str]:
    """Return an operand of einsum and its indices, with one axis for each repeated index."""
    for letter in sorted(set(name)):
        while name.count(letter) > 1:  # the diagonal of two axes becomes the last axis
            one = name.index(letter)
            two = name.index(letter, one + 1)
            n, m = shape_of(x)[one], shape_of(x)[two]
            if n != m:
                raise ValueError(
                    f"einsum: {subscripts!r} has one index, {letter!r}, for axes of lengths "
                    f"{n} and {m}"
                )
            x = diagonal(x, axis1=one, axis2=two)
            name = name[:one] + name[one + 1 : two] + name[two + 1 :] + letter
    return x, name


def _parse_subscripts(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """Return the indices of each operand and of the output, with letters in place of `...`."""
    left, arrow, output = subscripts.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(ndims):
        raise ValueError(f"einsum: {subscripts!r} names {len(inputs)} operands, got {len(ndims)}")
    if wrong := [name for name in (*inputs, output) if not INDICES.fullmatch(name)]:
        raise ValueError(
            f"einsum: {subscripts!r}: indices are letters and one ..., not {wrong[0]!r}"
        )
    spare = [c for c in LETTERS if c not in subscripts]
    hidden = [ndim - len(name.replace("...", "")) for name, ndim in zip(inputs, ndims)]
    ellipsis = "".join(spare[: max(hidden)])
    inputs = [name.replace("...", ellipsis[len(ellipsis) - n :]) for name, n in zip(inputs, hidden)]
    for name, ndim in zip(inputs, ndims):
        if len(name) != ndim:
            raise ValueError(
                f"einsum: {subscripts!r} names {len(name)} axes where there are {ndim}"
            )
    if arrow and ellipsis and "..." not in output:
        raise ValueError(f"einsum: {subscripts!r}: the axes of ... are missing in the output")
    if not arrow:
        joined = "".join(inputs)
        output = ellipsis + "".join(
            sorted(c for c in set(joined) if joined.count(c) == 1 and c not in ellipsis)
        )
    return inputs, output.replace("...", ellipsis)


def kron(x: Any, y: Any) -> Any:
    """Return the block matrix of every entry of `x` times `y`: (n, m), (p, q) -> (n p, m q)."""
    x, y = as_plain_array(x), as_plain_array(y)
    a, b = shape_of(x), shape_of(y)
    a, b = (1,) * (len(b) - len(a)) + a, (1,) * (len(a) - len(b)) + b
    entries = reshape(x, [length for n in a for length in (n, 1)])
    blocks = entries * reshape(y, [length for n in b for length in (1, n)])
    return reshape(blocks, [n * m for n, m in zip(a, b)])


def cross(
    x: Any, y: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """Return the vector products of x, y: (..., 3).

    The vectors of `x` lie along `axisa`, those of `y` along `axisb` and the results along `axisc`,
    or all along `axis`.

    Raises:
        ValueError: the vectors do not have three entries.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = as_plain_array(x), as_plain_array(y)
    if shape_of(x) and shape_of(y):
        x, y = moveaxis(x, operator.index(axisa), -1), moveaxis(y, operator.index(axisb), -1)
    if not shape_of(x)[-1:] == shape_of(y)[-1:] == (3,):
        raise ValueError(
            f"cross: vectors have 3 entries, but shapes are {shape_of(x)}, {shape_of(y)}; of two "
            "entries, which NumPy deprecates, write x[0] * y[1] - x[1] * y[0]"
        )
    (x1, x2, x3), (y1, y2, y3) = ([v[..., i] for i in range(3)] for v in (x, y))
    out = stack([x2 * y3 - x3 * y2, x3 * y1 - x1 * y3, x1 * y2 - x2 * y1], -1)
    return moveaxis(out, -1, operator.index(axisc))


def vdot(x: Any, y: Any) -> Any:
    """Return the sum of the products of all entries, in order: (n,), (n,) -> ()."""
    return dot(ravel(as_plain_array(x)), ravel(as_plain_array(y)))


def vecdot(x: Any, y: Any, axis: int = -1) -> Any:
    """Return the sums of products along an axis of each: (..., n), (..., n) -> (...)."""
    x, y = (moveaxis(as_plain_array(v), operator.index(axis), -1) for v in (x, y))
    return matmul(expand_dims(x, -2), expand_dims(y, -1))[..., 0, 0]


def matvec(x: Any, y: Any) -> Any:
    """Return the products of matrices and vectors: (..., m, n), (..., n) -> (..., m)."""
    check_ndim(2, x, "matvec")
    return matmul(x, expand_dims(as_plain_array(y), -1))[..., 0]


def vecmat(x: Any, y: Any) -> Any:
    """Return the products of vectors and matrices: (..., m), (..., m, n) -> (..., n)."""
    check_ndim(2, y, "vecmat")
    return matmul(expand_dims(as_plain_array(x), -2), y)[..., 0, :]


def matrix_transpose(x: Any) -> Any:
    """Return transposed matrices: (..., m, n) -> (..., n, m)."""
    check_ndim(2, x, "matrix_transpose")
    return swapaxes(x, -1, -2)


@with_out
def multi_dot(arrays: Any) -> Any:
    """Return the product of two or more matrices, in the order that takes the fewest steps.

    The first and the last may be vectors, as in `matmul`.

    Raises:
        ValueError: there are fewer than two, or the inner dimensions differ.
        numpy.linalg.LinAlgError: one of them has another number of dimensions.
    """
    xs = [as_plain_array(x) for x in arrays]
    shapes = [shape_of(x) for x in xs]
    if len(xs) < 2:
        raise ValueError(f"multi_dot needs two arrays or more, but got {len(xs)}")
    if any(len(shape) not in ((1, 2) if i in (0, len(xs) - 1) else (2,))
           for i, shape in enumerate(shapes)):  # fmt: skip
        raise np.linalg.LinAlgError(f"multi_dot is of matrices, but the shapes are {shapes}")
    lengths = [1 if len(shapes[0]) == 1 else shapes[0][0], *(shape[0] for shape in shapes[1:]),
               1 if len(shapes[-1]) == 1 else shapes[-1][1]]  # fmt: skip

    @cache
    def cheapest(i: int, j: int) -> tuple[int, int]:
        """Return the steps for xs[i:j], and where to split it."""
        costs = ((cheapest(i, k)[0] + cheapest(k, j)[0] + lengths[i] * lengths[k] * lengths[j], k)
                 for k in range(i + 1, j))  # fmt: skip
        return min(costs, default=(0, i))

    def product(i: int, j: int) -> Any:
        k = cheapest(i, j)[1]
        return xs[i] if k == i else matmul(product(i, k), product(k, j))

    return product(0, len(xs))


@with_out
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    """Return the sum along a diagonal of two axes: (n, m, ...) -> (...)."""
    return reductions.sum(diagonal(x, offset, axis1, axis2), -1, dtype)
