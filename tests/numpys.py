"""Calls of NumPy's functions on tensors, and of ours on arrays, compared with NumPy's results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd as ag
from autograd import Tensor

PLACES: list[Any] = [
    0, 1, -1, 3, -3, 9, [0, 2], [0], [], slice(0, 2), slice(None, None, 2), [True, False, True],
    np.array([1, -1]), [0, 0], 2.5, np.array(1),
]  # fmt: skip


def outcome(f: Callable[..., Any], *args: Any, **options: Any) -> Any:
    try:
        return f(*args, **options)
    except Exception as error:  # noqa: BLE001  # whatever NumPy raises
        return error


def as_nodes(x: Any) -> Any:
    """Arrays of floats as tensors, in lists too."""
    if isinstance(x, list):
        return [as_nodes(part) for part in x]
    is_float = isinstance(x, np.ndarray) and x.dtype.kind == "f"
    return Tensor(x, requires_grad=True) if is_float else x


def check_as_numpy(name: str, *args: Any, **options: Any) -> None:
    """NumPy's function on tensors, and ours on arrays, give NumPy's result or kind of error."""
    wanted = outcome(getattr(np, name), *args, **options)
    if isinstance(wanted, Warning):
        return
    for out in (
        outcome(getattr(np, name), *as_nodes(list(args)), **options),
        outcome(getattr(ag, name), *args, **options),
    ):
        call = f"{name} of {args} {options}: {wanted!r} and {out!r}"
        if isinstance(wanted, Exception):  # some of NumPy's own mistakes are of other kinds
            kinds = (IndexError, TypeError, ValueError)
            assert isinstance(out, next((k for k in kinds if isinstance(wanted, k)), Exception))
            continue
        assert not isinstance(out, Exception), call
        several = isinstance(wanted, (list, tuple))
        assert isinstance(out, tuple) == several, call
        for ours, numpys in zip(*((x if several else [x]) for x in (out, wanted)), strict=True):
            data = ours.data if isinstance(ours, Tensor) else ours
            np.testing.assert_array_equal(data, numpys, err_msg=call)
            assert (data.dtype, data.shape) == (numpys.dtype, numpys.shape), call
