"""Options of reductions and scans, compared with NumPy's results on arrays."""

from __future__ import annotations

import inspect
import warnings
from itertools import product
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, Value

REDUCTIONS = [
    "sum", "prod", "mean", "var", "std", "max", "min", "amax", "amin", "any", "all", "argmax",
    "argmin", "count_nonzero", "ptp", "median", "cumsum", "cumprod", "nansum", "nanprod",
    "nanmean", "nanvar", "nanstd", "nanmax", "nanmin", "nanargmax", "nanargmin", "nanmedian",
    "nancumsum", "nancumprod", "quantile", "percentile", "nanquantile", "nanpercentile",
]  # fmt: skip
"""The functions with a signature of NumPy's."""

X = np.array([[0.5, -1.5, 2.0, 4.0], [3.0, 0.25, -0.75, 0.0], [1.0, 7.0, -2.0, 5.0]])
NAN = np.where(np.abs(X - 1) < 1.1, np.nan, X)
MASK = np.array([[True, False, True, True], [False, True, True, False], [True] * 4])
CHOICES: dict[str, list[Any]] = {
    "axis": [None, 0, -1, (0, 1), (1,), ()],
    "dtype": [np.float32, np.float64, np.int64, "f2"],
    "out": [],
    "keepdims": [True, False],
    "initial": [0.5, 2, np.float64(-3.0)],
    "where": [MASK, [True, False, True, True], MASK[:, :1], True],
    "ddof": [1, 0.5, 2],
    "mean": [np.zeros((3, 1)), np.float64(0.5)],
    "correction": [1, 0],
    "overwrite_input": [False],
    "method": [
        "linear", "hazen", "weibull", "median_unbiased", "normal_unbiased", "lower", "higher",
        "interpolated_inverted_cdf", "midpoint", "averaged_inverted_cdf", "nearest",
        "inverted_cdf", "closest_observation",
    ],
}  # fmt: skip
"""Values of each option."""


def has_a_result(name: str, x: Any, options: dict[str, Any]) -> bool:
    """Whether NumPy's result is sound: no integer is nan, and quantiles along () are moved."""
    if options.get("dtype") is np.int64 and (name[-3:] in ("ean", "var", "std") or x is NAN):
        return False
    return options.get("axis") != () or "tile" not in name


def outcome(f: Any, *args: Any, **options: Any) -> Any:
    """Return the result or the error of a call, whatever it warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return f(*args, **options)
        except (TypeError, ValueError, IndexError) as error:
            return error


def calls(name: str) -> list[dict[str, Any]]:
    """Options of a function, each alone and each with each other one."""
    taken = list(inspect.signature(getattr(np, name)).parameters)[1:]
    values = [
        [{option: value} for value in CHOICES[option]] for option in taken if CHOICES.get(option)
    ]
    pairs = [
        a | b for i, one in enumerate(values) for two in values[:i] for a, b in product(one, two)
    ]
    return [{}] + [options for group in values for options in group] + pairs


def assert_same(out: Any, wanted: Any, call: str) -> None:
    if isinstance(wanted, Exception):
        assert isinstance(out, (TypeError, ValueError, IndexError)), call
        return
    assert not isinstance(out, Exception), call
    data = np.asarray(out._data if isinstance(out, (Tensor, Value)) else out)
    assert (data.dtype, data.shape) == (np.asarray(wanted).dtype, np.shape(wanted)), call
    loose = data.dtype in (np.float16, np.float32)
    np.testing.assert_allclose(
        data, wanted, 1e-2 if data.dtype == np.float16 else 1e-5 if loose else 1e-13, 1e-14,
        err_msg=call,
    )  # fmt: skip


@pytest.mark.parametrize("name", REDUCTIONS)
def test_each_option_gives_numpys_result(name: str) -> None:
    """Of arrays by our function and by NumPy's on a tensor; NumPy's errors are errors too."""
    ours, theirs = getattr(ag, name), getattr(np, name)
    q = [(0.3,), ([[0.0, 0.25], [0.6, 1.0]],)] if "quantile" in name else [()]
    q = [(30,), ([5.0, 95.0],)] if "percentile" in name else q
    results = 0
    for x, args, options in product((X, NAN, X.astype(int)), q, calls(name)):
        if not has_a_result(name, x, options):
            continue
        wanted = outcome(theirs, x, *args, **options)
        for f, given in ((ours, x), (theirs, Tensor(x))):
            call = f"{name}({x.dtype}, {args}, {options}): {wanted!r}"
            assert_same(outcome(f, given, *args, **options), wanted, call)
        results += not isinstance(wanted, Exception)
    assert results > 3
