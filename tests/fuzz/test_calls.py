"""Random calls of the whole interface on operands of all shapes and dtypes.

What plain arrays give, tensors give too; gradients have the shape and dtype of what they belong
to; and what can't be is refused with a documented exception.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from contract import documented
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd as ag
from autograd import Tensor, Value
from autograd.core.node import Node

NOT_HERE = {
    "Op", "Tensor", "Value", "check_gradients", "checkpoint", "compile", "detect_anomaly", "draw",
    "enable_grad", "explain", "explore", "from_numpy", "is_grad_enabled", "linalg", "no_grad",
    "per_argument", "scope", "elementwise_grad", "grad", "hessian", "hvp", "jacobian", "jvp",
    "value_and_grad", "vjp",
}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(ag, name)
    for name in ag.__all__
    if name not in NOT_HERE and not name.endswith("Error")
} | {
    f"linalg.{name}": getattr(ag.linalg, name)
    for name in ["inv", "pinv", "det", "slogdet", "solve", "cholesky", "norm"]
}
DTYPES = [float] * 5 + [np.float32, np.float16, np.longdouble, int, bool, np.uint8, complex, object,
                        np.dtype(">f8"), np.dtype("U2"), np.dtype("M8[s]")]  # fmt: skip
SPECIAL = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e308, 1e-320, 0.5, -3.0]


@st.composite
def arrays(draw: Any) -> Any:
    shape = tuple(draw(st.lists(st.sampled_from([1, 2, 2, 3, 0]), max_size=4)))
    dtype = draw(st.sampled_from(DTYPES))
    size = math.prod(shape)
    numbers = draw(
        st.lists(st.floats(-3, 3) | st.sampled_from(SPECIAL), min_size=size, max_size=size)
    )
    array = np.array(numbers, float).reshape(shape)
    if np.dtype(dtype).kind in "iubM":
        array = np.nan_to_num(array, posinf=3, neginf=-3).clip(0, 3).astype(int)
    with np.errstate(all="ignore"):
        array = np.asarray(array).astype(dtype)
    if array.ndim > 1 and draw(st.integers(0, 4)) == 0:
        array = array.T
    return array[::-1] if array.ndim and draw(st.integers(0, 6)) == 0 else array


ODD = st.sampled_from(
    [0, 1, -1, 2, True, None, "x", "ij,jk", b"x", 1j, [1.0, 2.0], (1, 2), [[1.0], [1.0, 2.0]], {},
     np.float32(2), np.int8(3), slice(None), ..., 1.5, math.nan, [], ()]
)  # fmt: skip
OPERANDS = st.one_of(
    arrays(), arrays(), arrays(), st.floats(-3, 3), ODD, st.lists(arrays(), max_size=2)
)
AXES = st.sampled_from([0, 1, -1, 2, -3, None, (0,), (0, 1), (0, 0), (), "a", 1.5, True, [0], 99])
OPTIONS = st.dictionaries(
    st.sampled_from(["axis", "axis", "axis", "keepdims", "ddof", "k", "shift", "out", "where", "n",
                     "ord", "dtype", "nonsense", "offset", "decimals"]),
    AXES, max_size=2,
)  # fmt: skip


@st.composite
def calls(draw: Any) -> Any:
    name = draw(st.sampled_from(sorted(FUNCTIONS)))
    operands = draw(st.lists(OPERANDS, min_size=1, max_size=3))
    options = draw(OPTIONS) if draw(st.integers(0, 2)) == 0 else {}
    return name, operands, options


def lifted(x: Any, grad: bool) -> Any:
    """Tensors in place of arrays that can be one."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "fiub":
        return Tensor(x, requires_grad=grad and x.dtype.kind == "f")
    return [lifted(y, grad) for y in x] if isinstance(x, list) else x


def plain(x: Any) -> bool:
    """Whether NumPy computes with real numbers here: of the rest, tensors hold nothing."""
    parts = x if isinstance(x, list) else [x]
    return all(not isinstance(y, np.ndarray) or y.dtype.kind in "fiub" for y in parts)


def nodes(x: Any) -> list[Any]:
    return [y for y in (x if isinstance(x, (list, tuple)) else [x]) if isinstance(y, Node)]


def test_calls(fuzz: Any) -> None:
    # NumPy's own: an integer that no dtype holds, and what the suite makes an error of
    numpys = OverflowError, np.exceptions.ComplexWarning

    def check(example: Any) -> None:
        name, operands, options = example
        before = [np.copy(x) if isinstance(x, np.ndarray) else None for x in operands]
        f, tensors = FUNCTIONS[name], [lifted(x, True) for x in operands]
        if not nodes(tensors) and not any(map(nodes, tensors)):
            return
        with np.errstate(all="ignore"), documented(*numpys):
            out = f(*tensors, **options)
            for x in nodes(out):
                assert x.data.dtype.kind in "fiub" if isinstance(x, Tensor) else True
                if x.level and np.size(x.data):
                    x.backward(np.ones_like(x.data) if isinstance(x, Tensor) else None)
            for leaf in (y for x in tensors for y in nodes(x)):
                if leaf.grad is not None:
                    assert leaf.grad.shape == leaf.shape and leaf.grad.dtype == leaf.dtype
            if all(map(plain, operands)):
                compare(f, operands, options, out)
        for x, y in zip(operands, before):
            assert y is None or str(x) == str(y)

    fuzz("calls", check, calls(), quick=150, soak=10000)


def compare(f: Any, operands: Any, options: Any, out: Any) -> None:
    """What plain arrays give is the same."""
    wanted = f(*operands, **options)
    for x, y in zip(*([a] if not isinstance(a, (list, tuple)) else a for a in (out, wanted))):
        if isinstance(x, Tensor) and not isinstance(y, Node):
            assert x.shape == np.shape(y)
            tolerance = 64 * np.finfo(x.dtype).eps if x.dtype.kind == "f" else 0
            assert np.allclose(x.data, y, rtol=tolerance, atol=tolerance, equal_nan=True)


SIZES = {"i": 2, "j": 3, "k": 1, "A": 2}  # of axes, mostly


@st.composite
def sums(draw: Any) -> tuple[str, list[Any]]:
    """Subscripts and operands of `einsum`: right ones, or with a letter or a length that is not."""
    letters = st.text("ijkA", max_size=3)
    names, shapes = [], []
    for name in draw(st.lists(letters, min_size=1, max_size=3)):
        odd = draw(st.integers(0, 9))
        shape = [SIZES[c] for c in name]
        if shape and odd < 3:
            shape[-1] = odd + 1
        if odd > 6:
            at, count = draw(st.integers(0, len(name))), draw(st.integers(0, 2))
            name = f"{name[:at]}...{name[at:]}"
            shape[at:at] = [1, 2][:count]
        names.append(name)
        shapes.append(shape)
    subscripts = ",".join(names)
    if draw(st.booleans()):
        there = sorted({c for c in subscripts if c.isalpha()})
        kept = draw(st.lists(st.sampled_from(there), max_size=3, unique=True)) if there else []
        dots = "..." if "." in subscripts and draw(st.booleans()) else ""
        subscripts += f"->{dots}{''.join(kept)}"
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(subscripts)))
        subscripts = subscripts[:at] + draw(st.sampled_from([*"ij.,->1é", "..."])) + subscripts[at:]
    return subscripts, [np.random.default_rng(0).normal(size=shape) for shape in shapes]


def check_einsum(example: tuple[str, list[Any]]) -> None:
    """The same as NumPy's; and each operand times its gradient is the result, which is linear."""
    subscripts, operands = example
    try:
        wanted = np.einsum(subscripts, *operands)
    except ValueError:
        wanted = None
    xs = [Tensor(x, requires_grad=True) for x in operands]
    out = None
    with documented():
        out = ag.einsum(subscripts, *xs)
    assert (out is None) == (wanted is None)
    if out is not None:
        assert np.allclose(out.data, wanted, rtol=1e-12, atol=1e-12)
        ag.sum(out).backward()
        for x in xs:
            assert x.grad is not None and x.grad.shape == x.shape
            assert np.isclose(np.sum(x.grad * x.data), np.sum(wanted))


def test_einsum(fuzz: Any) -> None:
    fuzz("sums of Einstein's", check_einsum, sums(), quick=150, soak=10000)


INDICES = st.recursive(
    st.one_of(
        st.integers(-4, 4), st.slices(4), st.none(), st.just(...), st.booleans(),
        hnp.arrays(
            st.sampled_from([int, bool, np.uint8, float]),
            hnp.array_shapes(min_side=0, max_side=3),
        ),
        st.lists(st.integers(-3, 3), max_size=3), st.sampled_from(["x", 1.0, 10**20, 1j, {}]),
    ),
    lambda inner: st.lists(inner, max_size=5).map(tuple),
    max_leaves=5,
)  # fmt: skip


def test_indices(fuzz: Any) -> None:
    def check(example: Any) -> None:
        array, index = example
        if array.dtype.kind not in "fiub":
            return
        x = lifted(array, True)
        try:
            wanted = array[index]
        except Exception:  # noqa: BLE001  # what NumPy refuses, tensors refuse
            wanted = None
        with documented(OverflowError):
            out = x[index]
            assert wanted is not None, "NumPy refuses this index"
            compare_entry(x, array, index, wanted, out)

    fuzz("indices", check, st.tuples(arrays(), INDICES), quick=120, soak=8000)


def compare_entry(x: Any, array: Any, index: Any, wanted: Any, out: Any) -> None:
    assert out.shape == np.shape(wanted) and out.dtype == x.dtype
    assert np.array_equal(out.data, wanted, equal_nan=array.dtype.kind == "f")
    if out.level and out.size:
        out.backward(np.ones_like(out.data))
        counts = np.zeros(array.shape, x.dtype)
        np.add.at(counts, index, 1)
        assert np.array_equal(x.grad, counts)


TRANSFORMS = [
    ag.grad, ag.value_and_grad, ag.jacobian, ag.hessian, ag.elementwise_grad,
    lambda f: lambda x: ag.hvp(f)(x, x), lambda f: lambda x: ag.vjp(f)(x)[1](1.0),
    lambda f: lambda x: ag.jvp(f)((x,), (x,)), lambda f: ag.grad(ag.grad(f)),
    lambda f: lambda x: ag.check_gradients(f, x),
]  # fmt: skip


def test_derivatives_of_calls(fuzz: Any) -> None:
    def check(example: Any) -> None:
        k, name, x, reduced = example
        f = FUNCTIONS[name]
        if isinstance(x, dict) or getattr(getattr(x, "dtype", None), "kind", "") == "O":
            return  # computed with as their objects please
        others = OverflowError, np.exceptions.ComplexWarning, ag.GradientCheckError
        wrapped = (lambda x: ag.sum(f(x))) if reduced else f
        with np.errstate(all="ignore"), documented(*others):
            TRANSFORMS[k](wrapped)(x)

    fuzz(
        "derivatives of calls",
        check,
        st.tuples(
            st.integers(0, len(TRANSFORMS) - 1),
            st.sampled_from(sorted(FUNCTIONS)),
            arrays() | st.floats(-3, 3) | ODD,
            st.booleans(),
        ),
        quick=80,
        soak=4000,
    )


def test_constructors(fuzz: Any) -> None:
    def check(example: Any) -> None:
        x, dtype, grad = example
        if isinstance(x, list) and any(np.iscomplexobj(y) for y in x):
            return  # NumPy warns of what it drops from those
        with np.errstate(all="ignore"), documented(OverflowError):
            assert Tensor(x, requires_grad=grad, dtype=dtype).dtype.kind in "fiub"
        with documented(OverflowError):
            assert type(Value(x).data) is float
        with documented(OverflowError):
            assert Tensor([1.0, 2.0]).astype(dtype).dtype.kind in "fiub"

    kinds = st.sampled_from(
        [None, float, "f4", int, bool, complex, object, str, "x", "M8[s]", 7, ()]
    )
    fuzz(
        "constructors", check, st.tuples(OPERANDS | ODD, kinds, st.booleans()), quick=100, soak=4000
    )
