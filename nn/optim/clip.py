"""Limit gradients before a step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import Value
from autograd.core.arguments import number
from autograd.core.node import Node

from .optimizer import listed
from .squares import norm


def clip_grad_norm_(
    parameters: Any | Iterable[Any], max_norm: float, norm_type: float = 2.0
) -> float:
    """Scale all gradients together so that their norm, as one vector, is at most `max_norm`.

    Args:
        parameters: several, or one.
        max_norm: at least 0, or infinite.
        norm_type: which norm, above 0: 2 for the usual length, infinity for the largest entry.

    Returns: the norm before, to watch (Pascanu et al. 2013, Algorithm 1).
    """
    moving = [p for p in one_or_several(parameters) if p.grad is not None]
    max_norm = number("max_norm", max_norm, at_least=0, finite=False)
    norm_type = number("norm_type", norm_type, above=0, finite=False)
    total = norm(np.array([norm(p.grad, norm_type) for p in moving]), norm_type)
    if total > max_norm:
        factor = max_norm / (total + 1e-6)
        for p in moving:
            p.grad = times(p.grad, factor)
    return total


def times(g: Any, factor: float) -> Any:
    """The gradient times a factor, which may be too small for the gradient's dtype."""
    dtype = getattr(g, "dtype", None)
    if getattr(dtype, "kind", "") != "f" or factor >= np.finfo(dtype).tiny / np.finfo(dtype).eps:
        return g * factor  # a plain factor keeps the dtype
    return (g.astype(np.float64) * factor).astype(dtype)


def clip_grad_value_(parameters: Any | Iterable[Any], clip_value: float) -> None:
    """Keep every entry of every gradient between `-clip_value` and `clip_value`.

    Args:
        parameters: several, or one.
        clip_value: at least 0, or infinite.
    """
    clip_value = number("clip_value", clip_value, at_least=0, finite=False)
    for p in one_or_several(parameters):
        if isinstance(p, Value) and p.grad is not None:
            p.grad = min(max(p.grad, -clip_value), clip_value)
        elif p.grad is not None:
            g = p.grad
            most = min(
                clip_value, float(np.finfo(g.dtype).max) if g.dtype.kind == "f" else math.inf
            )
            p.grad = np.clip(g, -most, most)


def one_or_several(parameters: Any) -> list[Any]:
    """Parameters as a list, whether one or several."""
    return [parameters] if isinstance(parameters, Node) else listed("parameters", parameters)
