"""Joining and splitting: results equal to NumPy's, and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor

ROWS = np.array([[3.0, 1.0, 2.0], [5.0, 6.0, 4.0]])


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda x: ag.concatenate([]), ValueError, "at least one array"),
        (lambda x: ag.hstack([]), ValueError, "at least one array"),
        (lambda x: ag.stack([]), ValueError, "at least one array"),
        (lambda x: ag.array_split(x, 0), ValueError, "1 part or more, not 0"),
        (lambda x: ag.split(x, 0), ValueError, "1 part or more, not 0"),
        (lambda x: ag.hsplit(x[0, 0], 1), ValueError, r"hsplit\(\) needs 1 dimensions or more"),
        (lambda x: ag.vsplit(x[0], 1), ValueError, r"vsplit\(\) needs 2 dimensions or more"),
        (lambda x: ag.dsplit(x, 1), ValueError, r"dsplit\(\) needs 3 dimensions or more"),
        (lambda x: ag.stack([x, x.T]), ValueError, r"shapes, \(2, 3\) and \(3, 2\)"),
        (lambda x: ag.concatenate([x[0, 0], x[0, 0]]), ValueError, "single numbers; use stack"),
        (lambda x: ag.split(x, 2, 1), ValueError, "3 entries do not divide into 2 equal parts"),
    ],
)
def test_errors(f: Callable[..., Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        f(Tensor(ROWS))


@pytest.mark.parametrize(
    ("ours", "numpys"),
    [
        (lambda x: ag.concatenate([x, x]), lambda x: np.concatenate([x, x])),
        (lambda x: ag.concatenate([x, x], None), lambda x: np.concatenate([x, x], None)),
        (lambda x: ag.hstack([x]), lambda x: x),
        (lambda x: ag.hstack([x[0], x[1, :2]]), lambda x: np.hstack([x[0], x[1, :2]])),
        (lambda x: ag.hstack([x[0, 0], x[1, 1]]), lambda x: np.hstack([x[0, 0], x[1, 1]])),
        (lambda x: ag.column_stack([x[0], x[1]]), lambda x: np.column_stack([x[0], x[1]])),
        (lambda x: ag.array_split(x, 1, 1)[0], lambda x: x),
        (lambda x: ag.hsplit(x, 3)[1], lambda x: x[:, 1:2]),
        (lambda x: ag.hsplit(x[0], 3)[1], lambda x: x[0, 1:2]),
    ],
)  # fmt: skip
def test_results_equal_numpys(ours: Callable[..., Any], numpys: Callable[..., Any]) -> None:
    out = ours(Tensor(ROWS, requires_grad=True))
    assert out.requires_grad
    np.testing.assert_array_equal(out.data, numpys(ROWS), strict=True)
