"""Borders: results equal to NumPy's in each mode, and errors."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, Value

rng = np.random.default_rng(0)
ROWS = np.array([[3.0, 1.0, 2.0], [5.0, 6.0, 4.0]])


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda x: ag.pad(x, ((1, 2, 3),)), ValueError, r"does not fit an array of 2 dimensions"),
        (lambda x: ag.pad(x, 1.5), TypeError, r"pad_width must be integers, but got 1\.5"),
        (lambda x: ag.pad(x, -1), ValueError, "pad_width must be >= 0, but got -1"),
        (lambda x: ag.pad(x, 1, "empty"), ValueError, "mode must be 'constant' or .* 'empty'"),
        (lambda x: ag.pad(x, 1, np.pad), TypeError, "takes no function as mode; concatenate"),
        (lambda x: ag.pad(x, 1, "mean", 3.0), ValueError, "'mean' has no option 'constant_values'"),
        (lambda x: ag.pad(x, 1, "edge", end_values=3.0), ValueError, "no option 'end_values'"),
        (lambda x: ag.pad(x, 1, stat_length=3), ValueError, "no option 'stat_length'"),
        (lambda x: ag.pad(x, 1, "mean", stat_length=0), ValueError, "must be an integer >= 1"),
        (lambda x: ag.pad(x[:0], 1, "mean"), ValueError, "axis 0 has no entries"),
        (lambda x: ag.pad(x, 1, "linear_ramp", end_values=x[0, 0]), TypeError,
         "does not differentiate end_values"),
    ],
)  # fmt: skip
def test_errors(f: Callable[..., Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        f(Tensor(ROWS, requires_grad=True))


@pytest.mark.parametrize("mode", ["maximum", "mean", "median", "minimum", "linear_ramp"])
def test_computed_borders_equal_numpys(mode: str) -> None:
    option = "end_values" if mode == "linear_ramp" else "stat_length"
    for shape, dtype in product([(3,), (2, 3), (2, 3, 2), (4, 0), ()], (float, np.float32, int)):
        x = (5 * rng.normal(size=shape)).astype(dtype)
        for width, given in product((0, 1, (1, 2), 4), (1, 2, (1, 2), 9, None)):
            options = {} if given is None else {option: given}
            if x.ndim and not x.shape[-1] and width:
                continue
            wanted = np.pad(x, width, mode, **options)
            out = np.pad(Tensor(x), width, mode, **options)
            rtol = 1e-6 if dtype is np.float32 else 1e-14
            np.testing.assert_allclose(out.data, wanted, rtol, rtol, strict=True)
    assert ag.pad(x, 1, mode).tolist() == x.tolist()


def test_a_constant_border_equals_numpys() -> None:
    for x in (Tensor(ROWS), Tensor(ROWS[0, 0])):
        wanted = np.pad(x.data, 1, constant_values=7.0)
        np.testing.assert_array_equal(ag.pad(x, 1, constant_values=7.0).data, wanted, strict=True)


def test_a_number_has_no_border() -> None:
    assert type(ag.pad(1.5, 3)) is float


def test_a_border_has_a_number_for_each_side() -> None:
    padded = np.pad(Tensor(np.zeros((2, 2))), ((1, 0), (0, 0)), constant_values=(7, 0))
    assert padded.tolist() == [[7, 7], [0, 0], [0, 0]]


@pytest.mark.parametrize("widths", [{0: 1}, {-1: (1, 2)}, {0: (1, 0), 1: 2}, {}], ids=str)
def test_widths_by_axis(widths: dict[int, Any]) -> None:
    """NumPy takes them since 2.2."""
    pairs = [(0, 0), (0, 0)]
    for axis, width in widths.items():
        pairs[axis] = width if isinstance(width, tuple) else (width, width)
    x = np.arange(6.0).reshape(2, 3)
    for mode in ("constant", "edge"):
        wanted = np.pad(x, pairs, mode)  # type: ignore[call-overload]
        assert np.array_equal(ag.pad(Tensor(x), widths, mode).data, wanted)
    with pytest.raises(IndexError):
        ag.pad(x, {2: 1})
    with pytest.raises(TypeError, match=r"pad_width must be an integer, but got 1\.5"):
        ag.pad(x, {0: 1.5})


def test_constants_in_a_border_are_not_differentiated() -> None:
    with pytest.raises(TypeError, match="pad\\(\\) does not differentiate constant_values"):
        ag.pad(Tensor([1.0]), 1, constant_values=(Value(2.0), 0))
    out = ag.pad(Tensor([1.0], requires_grad=True), 1, constant_values=(Tensor(2.0), 3))
    assert out.tolist() == [2, 1, 3]
    assert ag.grad(lambda x: (ag.pad(x, 1, constant_values=(9, np.nan))[1:-1] * x).sum())(
        np.array([2.0, 3.0])
    ).tolist() == [4, 6]
