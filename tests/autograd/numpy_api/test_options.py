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


def test_options_of_a_value_give_numpys_result() -> None:
    for name, options in (
        ("sum", {"dtype": np.float32}), ("sum", {"initial": 2.0, "where": False}),
        ("prod", {"where": True, "initial": 3.0}), ("max", {"initial": 2.0, "where": False}),
        ("mean", {"where": True, "dtype": float}), ("std", {"keepdims": True}),
        ("nanmax", {}), ("nansum", {"initial": 1}), ("quantile", {"q": [0.5, 1.0]}),
        ("average", {"weights": 2.0, "returned": True}), ("nanmedian", {"axis": ()}),
    ):  # fmt: skip
        wanted = getattr(np, name)(np.float64(1.5), **options)
        for f in (getattr(np, name), getattr(ag, name)):
            out = f(Value(1.5), **options)
            for ours, numpys in zip(*([x] if type(x) is not tuple else x for x in (out, wanted))):
                assert_same(ours, numpys, name)


NAMES = [name for name in REDUCTIONS if "out" in inspect.signature(getattr(np, name)).parameters]


@pytest.mark.parametrize("name", NAMES)
def test_out_takes_the_result_of_plain_arrays_alone(name: str) -> None:
    args = (0.5,) if "tile" in name else ()
    wanted = getattr(np, name)(X, *args)
    f, out = getattr(ag, name), np.empty_like(wanted)
    assert f(X, *args, out=out) is out and np.array_equal(out, wanted)
    assert np.allclose(f(X, *args, axis=0, out=np.empty(f(X, *args, axis=0).shape, "f4")),
                       getattr(np, name)(X, *args, axis=0))  # fmt: skip
    with pytest.raises(ValueError, match=r"the result has shape \(.*\), but out has \(7,\)"):
        f(X, *args, out=np.empty(7))
    with pytest.raises(TypeError, match="out must be an array, but got 3"):
        f(X, *args, out=3)
    for given in (Tensor(X), [Tensor(X)], X):
        into = Tensor(out) if given is X else out
        with pytest.raises(TypeError, match="on nodes: there is no option 'out', which would drop"):
            f(given, *args, out=into)
    assert np.array_equal(out, wanted)


def test_numbers_that_start_a_reduction_are_differentiated() -> None:
    for f, slopes in (
        (lambda x, y: ag.sum(x, initial=y), ([1.0, 1.0], 1.0)),
        (lambda x, y: ag.prod(x, initial=y), ([9.0, 6.0], 6.0)),
        (lambda x, y: ag.max(x, initial=y), ([0.0, 0.5], 0.5)),
        (lambda x, y: ag.min(x, initial=y), ([1.0, 0.0], 0.0)),
        (lambda x, y: ag.max(x, initial=y, where=[True, False]), ([0.0, 0.0], 1.0)),
        (lambda x, y: ag.nansum(x, initial=y), ([1.0, 1.0], 1.0)),
        (lambda x, y: ag.max(x[:0], initial=y), ([0.0, 0.0], 1.0)),
        (lambda x, y: np.logaddexp.reduce(x, initial=y, where=False), ([0.0, 0.0], 1.0)),
    ):
        for y in (Value(3.0), Tensor(3.0, requires_grad=True)):
            x = Tensor([2.0, 3.0], requires_grad=True)
            f(x, y).backward()
            assert (np.asarray(x.grad).tolist(), float(y.grad)) == slopes
    with pytest.raises(ValueError, match=r"sum: initial must be one number, but has shape \(2,\)"):
        ag.sum(X, initial=[1.0, 2.0])


def test_what_a_mask_leaves_out_has_slope_0_even_where_it_is_nan() -> None:
    x = np.array([1.0, np.nan, 3.0, np.inf])
    mask = np.array([True, False, True, False])
    for f, slopes in (
        (ag.sum, [1, 1]), (ag.prod, [3, 1]), (ag.mean, [0.5, 0.5]), (ag.var, [-1, 1]),
        (ag.std, [-0.5, 0.5]), (lambda x, where: ag.max(x, where=where, initial=0.0), [0, 1]),
    ):  # fmt: skip
        found = ag.grad(lambda x, f=f: f(x, where=mask))(x)
        np.testing.assert_allclose(found, [slopes[0], 0, slopes[1], 0], rtol=1e-15)
    for name, first in (("nansum", 1), ("nanmean", 0.5), ("nanvar", -1), ("nanmin", 1)):
        found = ag.grad(getattr(ag, name))(x[:3])
        assert found[:2].tolist() == [first, 0]


def test_options_that_do_not_fit_name_the_function() -> None:
    for call, error, message in (
        (lambda: ag.sum(X, 0, np.float32, None, True, 0, True, 1), TypeError, "sum.. too many pos"),
        (lambda: ag.max(X, where=MASK), ValueError, "max: where= needs initial=, the result"),
        (
            lambda: ag.var(X, ddof=1, correction=1),
            ValueError,
            "ddof or correction, .* got both",
        ),
        (
            lambda: ag.std(X, dtype=int),
            TypeError,
            "std: dtype must be floating-point",
        ),
        (
            lambda: ag.sum(Tensor(X), dtype=complex),
            TypeError,
            "real numbers, and can't be",
        ),
        (
            lambda: ag.quantile(X, 0.5, weights=X),
            TypeError,
            "quantile has no option 'weights'",
        ),
        (lambda: ag.sum(X, keepdim=True), TypeError, r"sum\(\) got an unexpected .*'keepdim'"),
        (lambda: ag.nanmean(X, axsi=0), TypeError, r"nanmean\(\) got an unexpected .*'axsi'"),
        (lambda: ag.quantile(X), TypeError, r"quantile\(\) missing a required argument: 'q'"),
    ):
        with pytest.raises(error, match=message):
            call()


def test_float16_is_summed_in_float32() -> None:
    x = np.full(3000, 100, np.float16)
    mask = np.arange(3000) > 1
    assert ag.mean(x, where=mask) == ag.average(x, weights=x) == ag.mean(x, dtype="f2") == 100
    assert ag.nanmean(x) == ag.nanmedian(x) == 100 and ag.std(x, where=mask) == 0
    for out in (ag.mean(x, where=mask), ag.average(x, weights=x), ag.trapezoid(x / 100)):
        assert out.dtype == np.float16
