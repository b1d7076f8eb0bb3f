"""Products and linear algebra, with functions named as in NumPy.

`linalg.inv`, `det`, `cholesky` and `pinv` take matrices or stacks of them: (..., n, n).
"""

from __future__ import annotations

import math
import operator
import re
from string import ascii_letters
from typing import Any, NamedTuple

import numpy as np

from autograd.core import array_rules, matrix_rules, rules
from autograd.core.arguments import number
from autograd.core.array_libraries import as_plain_array, no_fallback
from autograd.core.op import data_of
from autograd.core.precision import on_reals
from autograd.core.shapes import Axis, normalize_axes, ordered_axes, shape_of

from . import reductions
from .joining import stack
from .manipulation import diagonal, reshape, squeeze, take
from .reductions import flat_power

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


def einsum(subscripts: str, *xs: Any) -> Any:
    """Return Einstein's sum: `einsum("ij,jk->ik", a, b)` is the matrix product.

    Repeated indices (diagonals), indices that are only summed, and `...` work as in NumPy.

    Raises:
        TypeError: the first argument is no string of subscripts.
        ValueError: the subscripts are malformed, or do not fit the operands.
    """
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
    return array_rules.einsum(*operands, inputs=tuple(names), output=output)


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
    spare = [c for c in ascii_letters if c not in subscripts]
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


def cross(x: Any, y: Any, axis: int = -1) -> Any:
    """Return the vector products of x, y: (..., 3), whose vectors lie along `axis`.

    Raises:
        ValueError: the vectors do not have three entries.
    """
    axis, x, y = operator.index(axis), as_plain_array(x), as_plain_array(y)
    if any(s[axis : axis + 1 or None] != (3,) for s in (shape_of(x), shape_of(y))):
        raise ValueError(
            f"cross: vectors have 3 entries, but shapes are {shape_of(x)}, {shape_of(y)}"
        )
    (x1, x2, x3), (y1, y2, y3) = ([take(v, i, axis) for i in range(3)] for v in (x, y))
    return stack([x2 * y3 - x3 * y2, x3 * y1 - x1 * y3, x1 * y2 - x2 * y1], axis)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the sum along a diagonal of two axes: (n, m, ...) -> (...)."""
    return reductions.sum(diagonal(x, offset, axis1, axis2), -1)


# --- numpy.linalg ---------------------------------------------------------------------------------

inv, det, cholesky, pinv = (
    matrix_rules.inv,
    matrix_rules.det,
    matrix_rules.cholesky,
    matrix_rules.pinv,
)


def solve(a: Any, b: Any) -> Any:
    """Return the `x` with `a @ x == b`, of the shape of `b`.

    Args:
        a: (..., n, n).
        b: a vector (n,), or (..., n, m).

    Raises:
        numpy.linalg.LinAlgError: `a` is singular.
    """
    a, b = as_plain_array(a), as_plain_array(b)
    if len(shape_of(b)) != 1:
        return matrix_rules.solve(a, b)
    # mutants 1: any negative size is inferred
    return squeeze(matrix_rules.solve(a, reshape(b, (-1, 1))), -1)


class SlogdetResult(NamedTuple):
    """The sign of a determinant, which is a constant, and the logarithm of its absolute value."""

    sign: Any
    logabsdet: Any


def slogdet(x: Any) -> SlogdetResult:
    """Return sign and logarithm of the determinants of x: (..., n, n), which can't overflow."""
    return SlogdetResult(no_fallback(np.linalg.slogdet)(data_of(x))[0], matrix_rules.logabsdet(x))


@on_reals
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the length of vectors, or a norm of matrices. At zero its slope is 0.

    Args:
        x: an array.
        ord: for vectors any p, infinities included (2 if left out); for matrices, along two axes,
            "fro" (if left out), 1, -1, inf or -inf.
        axis: the axis of the vectors, or two axes of matrices; all axes if left out.
        keepdims: keep the axes with length 1.

    Raises:
        TypeError: `ord` is neither a number nor a string.
        ValueError: `ord` does not fit the number of axes, or needs singular values.
    """
    ndim = len(shape_of(x))
    if axis is None and ord is not None and ndim not in (1, 2):
        raise ValueError(f"norm: ord={ord!r} needs an axis where there are {ndim} dimensions")
    axes = normalize_axes(axis, ndim)
    if ord is not None and not isinstance(ord, (str, bool)):
        ord = number("ord", ord, finite=False)  # NumPy's name
    if isinstance(ord, str) and (len(axes) != 2 or ord not in ("fro", "nuc")):
        raise ValueError(f"norm: there is no ord={ord!r} along {len(axes)} axes")
    if isinstance(axis, tuple):
        if len(axes) not in (1, 2):
            raise ValueError(f"norm: axis must be one or two axes, but is {axis}")
        axes = tuple(ordered_axes(axis, ndim))
    if ord == 0:  # a count
        return _norm(x, ord, axes, keepdims)
    return reductions.without_overflow(lambda x: _norm(x, ord, axes, keepdims), x, axes)


def _norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """Return the norm of vectors along one axis, or of matrices along (rows, columns)."""
    # mutants 1: only faster
    if ord is None or (ord == 2 and len(axes) == 1) or ord == "fro":
        return rules.flat_root(reductions.sum(x * x, axes, keepdims=keepdims))
    size = rules.abs(x)
    if not math.prod(shape_of(x)) and ord in (1, np.inf):  # of no entries
        return reductions.sum(size, axes, keepdims=keepdims)
    if len(axes) == 1:
        if ord in (np.inf, -np.inf):
            # mutants 2: infinities are not close to 0
            return (reductions.max if ord > 0 else reductions.min)(size, axes, keepdims=keepdims)
        if ord == 0:
            return reductions.sum(rules.sign(size), axes, keepdims=keepdims)
        power = rules.pow if ord < 0 else flat_power  # mutants 1: 0 is handled above
        return power(reductions.sum(power(size, ord), axes, keepdims=keepdims), 1.0 / ord)
    if ord in (1, -1, np.inf, -np.inf):
        summed, other = axes if abs(ord) == 1 else axes[::-1]
        sums = reductions.sum(size, summed, keepdims=True)
        # mutants 1: 0 is not among them
        out = (reductions.max if ord > 0 else reductions.min)(sums, other, keepdims=True)
        return out if keepdims else squeeze(out, axes)
    raise ValueError(f"norm: there is no gradient for ord={ord!r} along {len(axes)} axes")
