"""Every option of every NumPy function that works on nodes, compared with NumPy's result.

Functions and options are read off the installed NumPy. An option without values in the lists below
fails, so that a new one of a later NumPy is noticed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy_names
import pytest
from test_as_numpy import flat, kind, outcome

import autograd as ag
from autograd import Tensor
from autograd.core import pytree
from autograd.numpy_api import protocols

X = ((np.arange(6.0) * 7) % 5 - 1.25).reshape(2, 3)
Y = np.array([[0.5, -2.0, 3.0], [1.0, 0.25, -1.0]])
V, W = X[0], Y[1]
SQUARE = np.array([[3.0, 1.0, 0.5], [1.0, 4.0, -1.0], [0.5, -1.0, 5.0]])
NANS = np.array([[1.0, np.nan, -3.0], [np.nan, 2.5, 0.5]])
CUBE = np.arange(12.0).reshape(2, 3, 2) % 5 - 1.75
MASK, LABELS = np.array([[True, False, True], [True, True, False]]), np.array([0, 1, 1])
RISING = np.array([0.0, 1.0, 2.5])

# Arguments of functions for which (X,) or (X, Y) does not do. Strings, shapes and the like stay as
# they are; arrays of floats become tensors.
ARGUMENTS: dict[str, list[tuple[Any, ...]]] = {
    "where": [(MASK, X, Y), (X,)],
    "select": [([X > 0, Y > 0], [X, Y])],
    "choose": [(LABELS, [V, W])],
    "piecewise": [(X, [X > 0, X <= 0], [1.0, -1.0])],
    "clip": [(X,)],
    "trim_zeros": [(np.array([0.0, 0.0, 1.0, 0.0, 2.0, 0.0]),)],
    "cumulative_sum": [(V,)],
    "cumulative_prod": [(V,)],
    "full": [((2, 3), 1.5)],
    "isin": [(X, V)],
    "unravel_index": [(LABELS, (2, 3))],
    "diag_indices_from": [(SQUARE,)],
    "unique": [(np.array([2.0, 1.0, 2.0]),)],
    "reshape": [(X, (3, 2)), (X, -1)],
    "expand_dims": [(X, 1), (X, (0, 2))],
    "swapaxes": [(X, 0, 1)],
    "moveaxis": [(X, 0, 1)],
    "rollaxis": [(X, 1)],
    "broadcast_to": [(X, (2, 2, 3))],
    "roll": [(X, 1), (X, (1, 2))],
    "repeat": [(X, 2)],
    "tile": [(X, (2, 1))],
    "resize": [(X, (3, 3))],
    "pad": [(X, 1), (X, ((1, 0), (2, 1)))],
    "take": [(X, [0, 1]), (X, 1)],
    "take_along_axis": [(X, np.array([[0, 1, 1]]))],
    "partition": [(X, 1)],
    "argpartition": [(X, 1)],
    "compress": [([True, False], X)],
    "extract": [(X > 0, X)],
    "insert": [(X, 1, 7.0), (X, [0, 2], [7.0, 8.0])],
    "delete": [(X, 1), (X, [0, 1])],
    "searchsorted": [(RISING, 0.5), (RISING, [0.5, 1.0, 3.0])],
    "digitize": [(X, RISING)],
    "bincount": [(LABELS,)],
    "histogram": [(X,)],
    "interp": [(X, RISING, W)],
    "trapezoid": [(X,)],
    "gradient": [(X,), (V,)],
    "convolve": [(V, W)],
    "correlate": [(V, W)],
    "polyval": [(V, X)],
    "vander": [(V,)],
    "percentile": [(X, 30.0), (X, [0, 50, 90.0])],
    "quantile": [(X, 0.3), (X, [0, 0.5, 0.9])],
    "nanpercentile": [(NANS, 30.0)],
    "nanquantile": [(NANS, 0.3)],
    "average": [(X,)],
    "cov": [(X,)],
    "corrcoef": [(X,)],
    "linspace": [(np.float64(-1.0), 2.0), (V, W)],
    "geomspace": [(np.float64(1.0), 8.0)],
    "logspace": [(np.float64(0.0), 2.0)],
    "full_like": [(X, 3.0)],
    "unstack": [(X,)],
    "meshgrid": [(V, W)],
    "broadcast_arrays": [(X, V)],
    "atleast_1d": [(X,), (np.float64(2.0), X)],
    "atleast_2d": [(X,), (V, X)],
    "atleast_3d": [(X,), (V, X)],
    "einsum": [("ij,kj->ik", X, Y), ("ij->j", X)],
    "tensordot": [(X, Y)],
    "dot": [(X, Y.T), (V, W)],
    "cross": [(X, Y)],
    "matvec": [(X, W)],
    "vecmat": [(W[:2], X)],
    "diag": [(X,), (V,)],
    "array_split": [(X, 2), (X, [1])],
    "split": [(X, 2), (X, [1])],
    "hsplit": [(X, 3)],
    "vsplit": [(X, 2)],
    "dsplit": [(CUBE, 2)],
    "diagonal": [(X,), (CUBE,)],
    "trace": [(X,), (CUBE,)],
    "rot90": [(X,)],
    "nan_to_num": [(NANS,)],
    "astype": [(X, np.float32)],
    "result_type": [(X, np.float32)],
    "linalg.solve": [(SQUARE, Y.T), (SQUARE, V)],
    "linalg.lstsq": [(X.T, V)],
    "linalg.matrix_power": [(SQUARE, 3), (SQUARE, -2)],
    "linalg.multi_dot": [([SQUARE, SQUARE + 1, SQUARE],)],
    "linalg.cross": [(X, Y)],
    "linalg.outer": [(V, W)],
    "linalg.matmul": [(X, SQUARE)],
    "linalg.tensordot": [(X, Y)],
    "linalg.vecdot": [(X, Y)],
    "linalg.svd": [(SQUARE,)],
    "linalg.svdvals": [(X,)],
    "linalg.qr": [(X,), (X.T,)],
    "linalg.pinv": [(X,)],
    "linalg.norm": [(X,), (V,)],
    "linalg.vector_norm": [(X,)],
    "linalg.matrix_norm": [(X,)],
    "linalg.matrix_rank": [(X,)],
    "linalg.matrix_transpose": [(X,)],
    "linalg.diagonal": [(X,)],
    "linalg.trace": [(X,)],
}  # fmt: skip
JOINS = ("concatenate", "stack", "vstack", "hstack", "dstack", "column_stack", "concat", "block")
ARGUMENTS |= {name: [([X, Y],)] for name in JOINS}

AXES: list[Any] = [None, 0, -1, 1, (0, 1), (0,), (), 2, 1.0, "0", [0]]
# An option's values, good and bad; for one function as "round.decimals".
VALUES: dict[str, list[Any]] = {
    "axis": AXES,
    "linalg.cross.axis": [-1, 1, 5],
    "axes": [None, 0, 1, 2, (0, 1), (1, 0), ([0], [0]), ([1, 0], [1, 0]), "a"],
    "axis1": [0, 1, -1, 2],
    "axis2": [0, 1, -1, 2],
    "axisa": [0, -1, 5],
    "axisb": [0, -1, 5],
    "axisc": [0, -1, 5],
    "keepdims": [True, False, 1, 0],
    "dtype": [None, np.float32, float, "float32", np.float16, int, "q", bool],
    "where": [True, False, MASK, MASK[0], np.array([[True], [False]])],
    "initial": [0.5, -2, 0, np.float32(9), None],
    "out": ["an array"],
    "mean": [0.25, np.array([[0.5]])],
    "correction": [0, 1, 0.5],
    "ddof": [0, 1, 0.5, 2, 7],
    "decimals": [1, 0, -1, np.int64(1), 1.5, "a"],
    "nan": [1.5, -0.0],
    "posinf": [None, 3.0],
    "neginf": [None, -3.0],
    "min": [None, -0.5, V, "a"],
    "max": [None, 0.5, V, "a"],
    "n": [0, 1, 2, -1, 1.0],
    "prepend": [0.0, Y[:, :1]],
    "append": [0.0, Y[:, :1]],
    "start": [0, 1, 2, 3, -1],
    "k": [0, 1, -1, 5, 1.0],
    "offset": [0, 1, -2, 7],
    "order": ["C", "F", "A", "K", "x", None],
    "copy": [None, True, False],
    "shape": [None, (2, 2), 3],
    "mode": ["raise", "wrap", "clip", "bad"],
    "convolve.mode": ["full", "same", "valid", "bad"],
    "correlate.mode": ["full", "same", "valid", "bad"],
    "pad.mode": [
        "constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "mean",
        "median", "minimum", "bad", 3,
    ],
    "kind": [None, "stable", "quicksort", "mergesort", "heapsort", "bad"],
    "partition.kind": ["introselect", "bad"],
    "argpartition.kind": ["introselect", "bad"],
    "stable": [None, True, False],
    "rcond": [None, 1e-15, 0.5],
    "rtol": [None, 1e-15, 0.5],
    "atol": [1e-8, 1.0],
    "tol": [None, 0.5, 10.0],
    "equal_nan": [True, False],
    "hermitian": [False, True],
    "upper": [False, True],
    "UPLO": ["L", "U", "u", "x"],
    "full_matrices": [False, True],
    "compute_uv": [True, False],
    "qr.mode": ["reduced", "r", "complete", "bad"],
    "linalg.qr.mode": ["reduced", "r", "bad"],  # "complete": test_linalg.py
    "ord": [None, 1, -1, 2, -2, np.inf, -np.inf, 0, 3, 0.5, "fro", "nuc", "bad"],
    "p": [None, 1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc", "bad"],
    "optimize": [True, False, "greedy", "optimal"],
    "weights": [None, Y, [1.0, 2.0, 0.5], [1.0, 2.0]],
    "returned": [True, False],
    "bincount.weights": [None, V],
    "minlength": [0, 5],
    "bins": [3, [0.0, 1.0, 4.0]],
    "range": [None, (0.0, 3.0)],
    "density": [None, True, False],
    "method": [
        "linear", "lower", "higher", "midpoint", "nearest", "inverted_cdf", "hazen", "weibull",
        "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf",
        "median_unbiased", "normal_unbiased", "bad",
    ],
    "y": [None, Y],
    "rowvar": [True, False],
    "bias": [True, False],
    "fweights": [None, [1, 2, 3], [1.0, 2.0, 3.0]],
    "aweights": [None, [1.0, 2.0, 0.5], [1.0, 2.0]],
    "trapezoid.x": [None, RISING],
    "dx": [1.0, 0.5, np.array([0.5, 2.0])],
    "left": [None, -7.0],
    "right": [None, 7.0],
    "digitize.right": [False, True],
    "period": [None, 2.0, -3.0, 0.0],
    "edge_order": [1, 2, 3],
    "num": [5, 1, 0, -1, 2.0],
    "endpoint": [True, False],
    "retstep": [True, False],
    "base": [10.0, 2.0],
    "indexing": ["xy", "ij", "bad"],
    "sparse": [False, True],
    "default": [0, 2.5],
    "to_end": [None, 7.0, [7.0, 8.0]],
    "to_begin": [None, 7.0],
    "trim": ["fb", "f", "b"],
    "wrap": [False, True],
    "N": [None, 2, 4],
    "increasing": [False, True],
    "include_initial": [True, False],
    "side": ["left", "right", "bad"],
    "sorter": [None, [0, 1, 2]],
    "like": [None],
    "return_index": [False, True],
    "return_inverse": [False, True],
    "return_counts": [False, True],
    "sorted": [True, False],
    "assume_unique": [False, True],
    "invert": [False, True],
    "isin.kind": [None, "sort"],
    "real_if_close.tol": [100],
    "subok": [False, True],
    "casting": ["same_kind", "no"],
    "device": [None, "cpu"],
    "overwrite_input": [False, True],
    "max_work": [0],
    "constant_values": [0.0, 2.5, (1.0, 2.0)],
    "end_values": [0.0, 2.5, (1.0, 2.0)],
    "stat_length": [None, 1, 2],
    "reflect_type": ["even", "odd"],
}  # fmt: skip
# Calls that are refused, where NumPy raises another error or makes some sense of them.
OTHER_ERRORS = {
    ("cumulative_sum", "(0, 1)"), ("cumulative_prod", "(0, 1)"), ("unstack", "(0, 1)"),
    ("cumulative_sum", "(0,)"), ("cumulative_prod", "(0,)"), ("unstack", "(0,)"),
    ("cumulative_sum", "()"), ("cumulative_prod", "()"), ("unstack", "()"), ("unstack", "[0]"),
    ("cov", "[1.0, 2.0]"), ("linalg.norm", "1.0"), ("linalg.vector_norm", "1.0"),
    ("linalg.norm", "'0'"), ("linalg.vector_norm", "'0'"), ("linalg.qr", "'bad'"),
}  # fmt: skip
NOT_COMPARED = {"empty_like", "array_str", "array2string", "array_repr"}  # garbage, and text

# Options that nodes refuse by name: those that concern classes and storage of arrays.
REFUSED = {
    "subok", "casting", "device", "overwrite_input", "like", "full_like.order", "copy.order",
    "full.order", "quantile.weights", "percentile.weights", "nanquantile.weights",
    "nanpercentile.weights", "real_if_close.tol", "nan_to_num.copy", "cov.dtype", "trim_zeros.axis",
    "unique.sorted", "sort.order", "partition.order", "var.dtype", "std.dtype", "corrcoef.dtype",
}  # fmt: skip


def name_of(function: Any) -> str:
    return protocols.numpy_name(function).removeprefix("np.")


COVERED = {
    name_of(f): f for f in sorted([*protocols.FUNCTIONS, *protocols.PLAIN_FUNCTIONS], key=name_of)
    if name_of(f) not in NOT_COMPARED
}  # fmt: skip


def options_of(name: str) -> Iterator[tuple[str, Any]]:
    """Yield every option of NumPy's function with each of the values listed for it."""
    parameters = dict(protocols.signature_of(COVERED[name]).parameters)
    for option, parameter in parameters.items():
        if parameter.default is parameter.empty or parameter.kind is parameter.POSITIONAL_ONLY:
            continue
        option = {"a_min": "min", "a_max": "max"}.get(option, option)
        values = VALUES.get(f"{name}.{option}", VALUES.get(option))
        assert values is not None, f"no values are listed for the option {option!r} of np.{name}"
        yield from ((option, value) for value in values)


def samples(name: str) -> list[tuple[Any, ...]]:
    """Return the arguments to call a function with."""
    if name in ARGUMENTS:
        return ARGUMENTS[name]
    if name.startswith("nan"):
        return [(NANS,)]
    parameters = protocols.signature_of(COVERED[name]).parameters.values()
    needed = [p for p in parameters if p.default is p.empty]
    matrices = (SQUARE, SQUARE) if name.startswith("linalg") else (X, Y)
    return [matrices[: len(needed) or 2]]


def as_tensors(x: Any, requires_grad: bool = False) -> Any:
    def convert(leaf: Any) -> Any:
        floats = isinstance(leaf, (np.ndarray, np.float64)) and leaf.dtype.kind == "f"
        return Tensor(leaf, requires_grad) if floats else leaf

    return pytree.map_leaves(convert, x)


def assert_same(ours: Any, numpys: Any, call: str) -> None:
    for a, b in zip(flat(ours), flat(numpys), strict=True):
        a = a._data if hasattr(a, "_data") else a
        if isinstance(b, (np.ndarray, np.generic)):
            assert (np.asarray(a).dtype, np.shape(a)) == (b.dtype, b.shape), call
            rtol = 1e-6 if b.dtype == np.float32 else 2e-3 if b.dtype == np.float16 else 1e-12
            np.testing.assert_allclose(a, b, rtol, 1e-14, err_msg=call)
        else:
            assert a == b, call


def test_every_option_has_values_and_every_value_an_option() -> None:
    for name in COVERED:
        list(options_of(name))


@pytest.mark.parametrize("name", COVERED)
def test_every_option_has_numpys_result_or_error(name: str) -> None:
    f, results = COVERED[name], 0
    ours = getattr(ag.linalg if "." in name else ag, name.rsplit(".", maxsplit=1)[-1], None)
    for args in samples(name):
        calls: list[tuple[str, Any]] = [("", None), *options_of(name)]
        for option, value in calls:
            if option == "out":
                continue  # below
            options = {option: value} if option else {}
            wanted = outcome(f, *args, **options)
            if isinstance(wanted, Warning):
                continue
            tries: list[tuple[Callable[..., Any], Any, str]] = [
                (f, as_tensors(args), "on tensors"),
                (f, as_tensors(args, requires_grad=True), "on tensors with gradients"),
            ]
            if ours is not None:
                tries.append((ours, args, "ours, on arrays"))
            for function, operands, what in tries:
                call = f"np.{name}{np.shape(args[0])} {options} {what}"
                out = outcome(function, *operands, **options)
                refused = {option, f"{name}.{option}"} & REFUSED
                if refused and isinstance(out, TypeError) and option in str(out):
                    continue
                if (name, repr(value)) in OTHER_ERRORS:
                    assert isinstance(out, (TypeError, ValueError)), f"{call}: {out!r}"
                elif isinstance(wanted, Exception):
                    assert isinstance(out, kind(wanted)), f"{call}: {wanted!r} and {out!r}"
                else:
                    assert not isinstance(out, Exception), f"{call}: {out!r}"
                    assert_same(out, wanted, f"{call}: {wanted!r} and {out!r}")
                    results += 1
    assert results


def with_out() -> list[str]:
    """Return the names of the functions with the option `out` whose results are nodes."""
    return [
        name
        for name, f in COVERED.items()
        if f in protocols.FUNCTIONS and "out" in protocols.signature_of(f).parameters
    ]


@pytest.mark.parametrize("name", with_out())
def test_out_is_written_without_gradients_and_refused_with_them(name: str) -> None:
    f = COVERED[name]
    ours = getattr(ag.linalg if "." in name else ag, name.rsplit(".", maxsplit=1)[-1], None)
    for args in samples(name):
        wanted = np.asarray(f(*args))
        out = np.full_like(wanted, 7)
        if ours is not None:
            assert ours(*args, out=out) is out
            assert_same(out, wanted, name)
            if wanted.shape:
                error = outcome(ours, *args, out=np.empty((9, *wanted.shape[1:]), wanted.dtype))
                assert isinstance(error, ValueError), error
        with pytest.raises(TypeError, match="out"):
            f(*as_tensors(args, requires_grad=True), out=np.empty_like(wanted))


def test_the_readme_of_tests_counts_numpys_names() -> None:
    """`python tests/numpy_names.py` prints the table."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    if numpy_names.table()[0] not in readme:
        assert re.search(r"^\| NumPy 2\.\d+ \| functions that \|$", readme, re.MULTILINE)
        pytest.skip("tests/README.md counts the names of another NumPy")
    assert "\n".join(numpy_names.table()) in readme
