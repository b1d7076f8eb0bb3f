"""Borders around arrays: `pad`, with NumPy's modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.core import array_rules, pytree, rules
from autograd.core.arguments import integer, one_of
from autograd.core.node import Node
from autograd.core.op import data_of
from autograd.core.shapes import shape_of

from . import reductions, statistics
from .joining import concatenate
from .manipulation import broadcast_to, flip, getitem, rearrange, take
from .signals import linspace

COPYING = ("edge", "reflect", "symmetric", "wrap")
STATISTICS = {
    "maximum": reductions.max,
    "mean": reductions.mean,
    "median": statistics.median,
    "minimum": reductions.min,
}
OPTIONS = {"constant": "constant_values", "linear_ramp": "end_values"} | dict.fromkeys(
    STATISTICS, "stat_length"
)


def pad(
    x: Any,
    pad_width: Any,
    mode: str = "constant",
    constant_values: Any = 0.0,
    stat_length: Any = None,
    end_values: Any = 0.0,
) -> Any:
    """Return `x` with a border.

    Args:
        x: the array.
        pad_width: `((before, after), ...)` for each axis, one such pair, one number for all, or a
            dict of widths by axis.
        mode: "constant"; "edge", "reflect", "symmetric" or "wrap", which copy entries; "maximum",
            "mean", "median" or "minimum" of entries along each axis; or "linear_ramp".
        constant_values, end_values: the numbers in a constant border, or at the ends of ramps, in
            one of the forms of `pad_width`. They are not differentiated.
        stat_length: of how many entries at the edge the maximum etc. are, likewise, or None.

    Raises:
        ValueError: the mode or its option is another, a width is negative, or widths do not fit.
        TypeError: a width is no integer, the mode is a function, or values require a gradient.
    """
    if callable(mode):
        raise TypeError("pad() takes no function as mode; concatenate the border")
    one_of("mode", mode, ("constant", *COPYING, *STATISTICS, "linear_ramp"))
    options = {
        "constant_values": constant_values,
        "stat_length": stat_length,
        "end_values": end_values,
    }
    for name, value in options.items():
        if any(isinstance(c, Node) and c.level for c in pytree.leaves(value)):
            raise TypeError(
                f"pad() does not differentiate {name}; use their .item() or .numpy(), or "
                "concatenate the border"
            )
        if name != OPTIONS.get(mode) and str(value) not in ("None", "0", "0.0"):
            raise ValueError(f"pad: mode {mode!r} has no option {name!r}")
    option = pytree.map_leaves(data_of, options.get(OPTIONS.get(mode, "")))
    ndim = len(shape_of(x))
    pairs = _pad_widths(pad_width, ndim)
    of_axes = np.broadcast_to(np.array(option), (ndim, 2)).tolist()
    if not ndim:
        return x
    if mode == "constant":
        return _with_constants(x, pairs, option)
    if mode in COPYING:
        return rearrange(x, lambda a: np.pad(a, pairs, mode))  # type: ignore[call-overload]
    border = _ramp if mode == "linear_ramp" else _statistic(STATISTICS[mode])
    for axis, (widths, (first, last)) in enumerate(zip(pairs, of_axes)):
        if not any(widths):
            continue
        if not shape_of(x)[axis]:
            raise ValueError(f"pad: axis {axis} has no entries, from which to compute a border")
        before = border(x, axis, widths[0], first)
        after = flip(border(flip(x, axis), axis, widths[1], last), axis)
        x = concatenate([before, x, after], axis)
    return x


def _with_constants(x: Any, pairs: list[list[int]], constants: Any) -> Any:
    shape = shape_of(x)
    index = tuple(slice(before, before + n) for (before, _), n in zip(pairs, shape))
    padded = tuple(before + n + after for (before, after), n in zip(pairs, shape))
    out = array_rules.scatter_add(x, index=index, shape=padded)
    if str(constants) in ("0", "0.0"):  # not -0.0
        return out
    zeros = np.zeros_like(data_of(x))
    border = np.pad(zeros, pairs, constant_values=constants)
    inside = np.pad(np.ones_like(zeros, dtype=bool), pairs)  # mutants 1: ones are true
    return rules.where(inside, out, border)


def _statistic(statistic: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function for a border before `x`, of a statistic of its first entries."""

    def border(x: Any, axis: int, width: int, length: int | None) -> Any:
        if length is not None:
            integer("stat_length", length, at_least=1)
        part = getitem(x, (slice(None),) * axis + (slice(length),))
        out = statistic(part, axis=axis, keepdims=True)
        dtype = getattr(data_of(x), "dtype", np.dtype(float))
        out = rules.round(out).astype(dtype) if dtype.kind in "iu" else out
        shape = shape_of(x)
        return broadcast_to(out, (*shape[:axis], width, *shape[axis + 1 :]))

    return border


def _ramp(x: Any, axis: int, width: int, end: float) -> Any:
    return linspace(end, take(x, 0, axis), width, False, False, data_of(x).dtype, axis)


def _pad_widths(pad_width: Any, ndim: int) -> list[list[int]]:
    """Return the widths before and after each axis, given in one of NumPy's forms."""
    if isinstance(pad_width, dict):
        by_axis: list[Any] = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            pair = width if isinstance(width, tuple) else (width, width)
            by_axis[integer("axis", axis)] = [integer("pad_width", n) for n in pair]
        pad_width = by_axis
    widths = np.asarray(data_of(pad_width))
    if widths.dtype.kind != "i":
        raise TypeError(f"pad: pad_width must be integers, but got {pad_width!r}")
    if np.any(widths < 0):
        raise ValueError(f"pad: pad_width must be >= 0, but got {pad_width!r}")
    try:
        return np.broadcast_to(widths, (ndim, 2)).tolist()
    except ValueError:
        raise ValueError(
            f"pad: pad_width {pad_width!r} does not fit an array of {ndim} dimensions"
        ) from None
