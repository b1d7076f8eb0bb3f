"""Properties that hold for every expression, shape, dtype and index, on random examples."""

from __future__ import annotations

import copy
import math
import operator
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from autograd.compiler import tiling

pytest.importorskip("hypothesis")

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from table import CASES
from test_compile import recorded, same

import autograd as ag
from autograd import Tensor, Value

examples = settings(max_examples=200, derandomize=True, deadline=None, database=None)
few_examples = settings(examples, max_examples=50)

# --- expressions ----------------------------------------------------------------------------------

# What a step of an expression does, on anything, and its slopes on floats, worked out by hand.
STEPS: dict[str, tuple[Callable[..., Any], Callable[..., tuple[float, ...]]]] = {
    "add": (operator.add, lambda x, y: (1.0, 1.0)),
    "sub": (operator.sub, lambda x, y: (1.0, -1.0)),
    "mul": (operator.mul, lambda x, y: (y, x)),
    "neg": (operator.neg, lambda x: (-1.0,)),
    "tanh": (ag.tanh, lambda x: (1 - math.tanh(x) ** 2,)),
    "sin": (ag.sin, lambda x: (math.cos(x),)),
    "scale": (lambda x: 3.0 * x, lambda x: (3.0,)),
    "shift": (lambda x: x - 0.5, lambda x: (1.0,)),
    "bell": (lambda x: 1 / (1 + x * x), lambda x: (-2 * x / (1 + x * x) ** 2,)),
    "root": (lambda x: (2 + x**2) ** 0.5, lambda x: (x / math.sqrt(2 + x * x),)),
}


@dataclass(frozen=True)
class Expression:
    """Steps that each take earlier numbers, by position: first the leaves, then the steps."""

    leaves: tuple[float, ...]
    constants: tuple[int, ...]  # which of the leaves are no variables
    steps: tuple[tuple[str, tuple[int, ...]], ...]
    roots: tuple[int, ...]

    def numbers(self, leaves: Any) -> list[Any]:
        """All numbers on the way, made of these leaves."""
        made = list(leaves)
        for name, operands in self.steps:
            made.append(STEPS[name][0](*(made[i] for i in operands)))
        return made

    def __call__(self, leaves: Any) -> Any:
        """A weighted sum of the roots."""
        made = self.numbers(leaves)
        return sum((k + 1.0) * made[i] for k, i in enumerate(self.roots))

    def variables(self, kind: Callable[[float], Any]) -> list[Any]:
        return [x if i in self.constants else kind(x) for i, x in enumerate(self.leaves)]


@st.composite
def expressions(draw: Any) -> Expression:
    n = draw(st.integers(1, 4))
    leaves = draw(st.tuples(*[st.floats(-2, 2, width=16)] * n))
    constants = draw(st.sets(st.integers(1, 3)))
    steps = []
    for i in range(n, n + draw(st.integers(1, 9))):
        name = draw(st.sampled_from(list(STEPS)))
        count = STEPS[name][1].__code__.co_argcount
        steps.append((name, tuple(draw(st.integers(0, i - 1)) for _ in range(count))))
    last = n + len(steps) - 1
    roots = (last, *draw(st.lists(st.integers(0, last), max_size=2)))
    made = Expression(leaves, tuple(constants), tuple(steps), roots)
    assume(max(map(abs, made.numbers(leaves))) < 1e4)
    return made


def slope(expression: Expression, made: list[float], root: int, leaf: int) -> float:
    """d root / d leaf: over all paths from one to the other, the sum of products of slopes."""
    if root == leaf:
        return 1.0
    if root < len(expression.leaves):
        return 0.0
    name, operands = expression.steps[root - len(expression.leaves)]
    slopes = STEPS[name][1](*(made[i] for i in operands))
    return sum(
        local * slope(expression, made, i, leaf) for i, local in zip(operands, slopes, strict=True)
    )


def close(x: Any, y: Any) -> bool:
    return np.allclose(x, y, rtol=1e-9, atol=1e-9)


@examples
@given(expressions())
def test_backward_sums_over_all_paths(e: Expression) -> None:
    made = e.numbers(e.leaves)
    leaves = e.variables(Value)
    nodes = e.numbers(leaves)
    for root in e.roots:  # one pass after the other, over shared nodes
        if isinstance(nodes[root], Value):
            nodes[root].backward()
    for i, x in enumerate(leaves):
        if isinstance(x, Value):
            reached = [slope(e, made, root, i) for root in e.roots]
            assert close(x.grad or 0.0, sum(reached))


@examples
@given(expressions())
def test_every_number_on_the_way_gets_its_slope(e: Expression) -> None:
    made = e.numbers(e.leaves)
    nodes = e.numbers([Value(x) for x in e.leaves])
    root = len(nodes) - 1
    nodes[root].backward()
    for i, node in enumerate(nodes):
        if node.grad is None:
            assert slope(e, made, root, i) == 0
        else:
            assert close(node.grad, slope(e, made, root, i))


@examples
@given(expressions())
def test_tensors_of_one_number_are_values(e: Expression) -> None:
    results = []
    for kind in (Value, lambda x: Tensor(x, requires_grad=True)):
        leaves = e.variables(kind)
        out = e(leaves)
        if isinstance(out, float):  # made of constants only
            return
        out.backward()
        results.append([out.item(), *(x.grad for x in leaves if not isinstance(x, float))])
    for one, other in zip(*results, strict=True):
        assert (one is None) == (other is None)
        assert one is None or math.isclose(one, other, rel_tol=1e-13, abs_tol=1e-12)


SHAPES = ((2, 1), (3,), (), (2, 3))


@examples
@given(expressions())
def test_a_broadcast_tensor_is_many_values(e: Expression) -> None:
    arrays = [np.resize([x, x + 0.5, x - 0.25], s) for x, s in zip(e.leaves, SHAPES)]
    tensors = [Tensor(a, requires_grad=True) for a in arrays]
    out = e(tensors)
    out.backward(np.ones(out.shape))
    grads = [np.zeros(np.broadcast_shapes(*map(np.shape, arrays))) for _ in arrays]
    for entry in np.ndindex(grads[0].shape):
        values = [Value(np.broadcast_to(a, grads[0].shape)[entry]) for a in arrays]
        number = e(values)
        assert close(number.data, np.broadcast_to(out.data, grads[0].shape)[entry])
        number.backward()
        for g, v in zip(grads, values):
            g[entry] = v.grad or 0.0
    spread = math.prod(grads[0].shape) / out.size  # an entry of the result stood for so many
    for t, g in zip(tensors, grads):
        assert close(0.0 if t.grad is None else t.grad * spread, summed_back(g, t.shape))


@examples
@given(expressions())
def test_second_derivatives(e: Expression) -> None:
    def f(x: Any) -> Any:
        return e([x[i] for i in range(len(e.leaves))])

    x, h = np.array(e.leaves), 1e-5
    hessian = ag.hessian(f)(x)
    assert close(hessian, hessian.T)
    central = [(ag.grad(f)(x + h * d) - ag.grad(f)(x - h * d)) / (2 * h) for d in np.eye(len(x))]
    size = 1 + np.abs(hessian).max()
    np.testing.assert_allclose(hessian, central, rtol=1e-5, atol=1e-5 * size)
    along = ag.grad(ag.grad(lambda v: e([v, *e.leaves[1:]])))(e.leaves[0])
    assert type(along) is float and close(along, hessian[0, 0])


@examples
@given(expressions(), st.sampled_from([Value, lambda x: Tensor([x, 1.0], requires_grad=True)]))
def test_copies_and_pickles_are_the_same_graph(e: Expression, kind: Any) -> None:
    leaves = [kind(x) for x in e.leaves]
    original = [e(leaves).sum() if kind is not Value else e(leaves), *leaves]
    copies = [copy.deepcopy(original), pickle.loads(pickle.dumps(original))]
    for out, *_ in [original, *copies]:
        out.backward()
    for again in copies:
        for x, y in zip(original, again, strict=True):
            assert np.array_equal(x.data, y.data) and np.array_equal(x.grad, y.grad)
            assert x is not y


# --- shapes ---------------------------------------------------------------------------------------

# The functions of several numbers, and arguments from their domains.
BROADCASTING = {str(c): c for c in CASES if c.elementwise and len(c.args) > 1 and c.args[0].ndim}


def summed_back(g: Any, shape: tuple[int, ...]) -> Any:
    """The gradient of what was broadcast from `shape`, by the definition."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def check_broadcasting(f: Any, arrays: list[Any], shapes: Any, full: Any) -> None:
    """The gradients of broadcast operands are those of their copies in full shape, summed back."""
    tensors = [Tensor(x, requires_grad=True) for x in arrays]
    copies = [Tensor(np.broadcast_to(x, s), requires_grad=True) for x, s in zip(arrays, full)]
    out, wanted = f(*tensors), f(*copies)
    np.testing.assert_allclose(out.data, wanted.data, rtol=1e-13, atol=1e-13, strict=True)
    seed = np.random.default_rng(0).normal(size=out.shape)
    out.backward(seed)
    wanted.backward(seed)
    for t, c, shape in zip(tensors, copies, shapes):
        assert t.grad.shape == t.shape == shape
        np.testing.assert_allclose(t.grad, summed_back(c.grad, shape), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", BROADCASTING)
@few_examples
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_dims=3, max_side=3))
def test_binary_functions_broadcast(name: str, shapes: Any) -> None:
    case = BROADCASTING[name]
    arrays = [np.resize(x, s) for x, s in zip(case.args, shapes.input_shapes)]
    full = [shapes.result_shape] * 2
    check_broadcasting(case.f, arrays, shapes.input_shapes, full)


@pytest.mark.parametrize(
    ("f", "signature"),
    [(ag.matmul, "(n,k),(k,m)->(n,m)"), (ag.linalg.solve, "(n,n),(n,m)->(n,m)")],
)
@few_examples
@given(st.data())
def test_stacks_of_matrices_broadcast(f: Any, signature: str, data: Any) -> None:
    strategy = hnp.mutually_broadcastable_shapes(signature=signature, max_dims=2, max_side=3)
    shapes = data.draw(strategy).input_shapes
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s) for s in shapes]
    if f is ag.linalg.solve:
        arrays[0] += 9 * np.eye(shapes[0][-1])
    stack = np.broadcast_shapes(*(s[:-2] for s in shapes))
    check_broadcasting(f, arrays, shapes, [(*stack, *s[-2:]) for s in shapes])


# --- dtypes ---------------------------------------------------------------------------------------

GIVES_FLOAT64 = {ag.float_power}  # as NumPy does
UNARY = {c.f for c in CASES if c.elementwise and len(c.args) == 1}
BINARY = {c.f for c in CASES if c.elementwise and len(c.args) == 2} - GIVES_FLOAT64
DTYPES = [np.float16, np.float32, np.float64]


@examples
@given(st.data(), st.sampled_from(DTYPES))
def test_every_function_keeps_the_dtype(data: Any, dtype: Any) -> None:
    """Random functions of the table on top of one another, with Python numbers between them."""
    x = Tensor([-1.5, -0.25, 0.5, 1.25], dtype=dtype, requires_grad=True)
    functions = st.sampled_from(sorted(UNARY, key=str) + sorted(BINARY, key=str))
    y = x
    with np.errstate(all="ignore"):  # most are out of their domain
        for f in data.draw(st.lists(functions, min_size=1, max_size=5)):
            y = f(y) if f in UNARY else f(y, data.draw(st.sampled_from([x, y, 2, 0.5, True])))
            assert y.dtype == dtype
        y.backward(np.ones(4, dtype))
    assert x.grad.dtype == dtype and x.grad.shape == (4,)


@examples
@given(expressions(), st.lists(st.sampled_from(DTYPES), min_size=4, max_size=4))
def test_mixed_dtypes_promote_as_in_numpy(e: Expression, dtypes: Any) -> None:
    arrays = [np.array([x, 1.0], dtype) for x, dtype in zip(e.leaves, dtypes)]
    tensors = [Tensor(a, requires_grad=True) for a in arrays]
    with np.errstate(all="ignore"):
        out, wanted = e(tensors).sum(), np.sum(e(arrays))
        assert out.dtype == wanted.dtype
        out.backward()
    for t, a in zip(tensors, arrays):
        assert t.grad is None or t.grad.dtype == a.dtype


# --- indices --------------------------------------------------------------------------------------


def masks(shape: tuple[int, ...]) -> Any:
    return hnp.arrays(bool, shape)


@st.composite
def mixed(draw: Any, shape: tuple[int, ...]) -> Any:
    """An index with integer arrays, lists, masks, integers, slices and new axes, side by side."""
    integers = draw(hnp.array_shapes(max_dims=2, max_side=3))
    index: list[Any] = []
    for n in shape:
        entries = st.integers(-n, n - 1)
        index.append(
            draw(
                st.one_of(
                    entries,
                    st.slices(n),
                    hnp.arrays(np.int64, integers, elements=entries),
                    st.lists(entries, min_size=integers[-1], max_size=integers[-1]),
                )
            )
        )
        index += draw(st.sampled_from([[], [], [None]]))
    return tuple(index[: draw(st.integers(1, len(index)))])


def indices(shape: tuple[int, ...]) -> Any:
    basic = hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)
    arrays = hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_side=4))
    return st.one_of(basic, arrays, mixed(shape), masks(shape), masks(shape[:1]))


@examples
@given(st.data())
def test_every_index_gives_its_gradient_back(data: Any) -> None:
    shape = data.draw(hnp.array_shapes(max_dims=3, max_side=4))
    index = data.draw(indices(shape))
    array = np.arange(math.prod(shape), dtype=float).reshape(shape)
    t = Tensor(array, requires_grad=True)
    picked = t[index]
    np.testing.assert_array_equal(picked.data, array[index], strict=True)
    seed = np.random.default_rng(0).integers(1, 9, picked.shape).astype(float)
    wanted = np.zeros(shape)
    np.add.at(wanted, index, seed)
    picked.backward(seed)
    np.testing.assert_array_equal(t.grad, wanted, strict=True)
    # Picking is linear: its gradient, as a function of the seed, has the slope that it began with.
    _, pull = ag.vjp(lambda g: ag.vjp(lambda x: x[index])(array)[1](g))(seed)
    np.testing.assert_array_equal(pull(array), array[index])


# --- compiled expressions -------------------------------------------------------------------------


@examples
@given(expressions())
def test_random_expressions_on_floats(e: Expression) -> None:
    leaves = list(e.leaves)
    f = ag.compile(e)
    value, gradient, hessian = recorded(lambda *x: e(x), leaves, tuple(range(len(leaves))))
    got = f.derivatives(2)(leaves)
    same(got[0], value)
    np.testing.assert_allclose(got[1], gradient, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(got[2], hessian, rtol=1e-9, atol=1e-9 * (1 + np.abs(hessian).max()))
    np.testing.assert_allclose(f.value_and_grad(leaves)[1], gradient, rtol=1e-9, atol=1e-9)


@examples
@given(expressions(), st.data())
def test_random_expressions_on_arrays(e: Expression, data: Any) -> None:
    """Some leaves are columns, of a length that takes one block or several; the others numbers."""
    n = data.draw(st.sampled_from([1, 3, 9]))
    rng = np.random.default_rng(0)
    leaves = [rng.uniform(-1, 1, n) if data.draw(st.booleans()) else float(x) for x in e.leaves]
    if not any(isinstance(x, np.ndarray) for x in leaves):
        leaves[0] = rng.uniform(-1, 1, n)
    reduce = data.draw(st.sampled_from([None, "mean", "sum"]))
    f = ag.compile(e)
    rows = [[float(np.broadcast_to(x, n)[i]) for x in leaves] for i in range(n)]
    want = [ag.value_and_grad(e)(row) for row in rows]
    values = np.array([w[0] for w in want])
    gradients = np.array([w[1] for w in want]).T
    scale = {"mean": 1 / n, "sum": 1.0, None: 1.0}[reduce]
    for step, length in ((1000, 1000), (1000, 1), (2, 1)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("autograd.compiler.lowered_program.LONG", length)
            patch.setattr(tiling, "SHORTEST", step)
            patch.setattr(tiling, "CACHE", 1)
            got = ag.compile(e).value_and_grad(leaves, reduce=reduce)
        close = {"rtol": 1e-9, "atol": 1e-8}
        np.testing.assert_allclose(
            got[0], values if reduce is None else values.sum() * scale, **close
        )
        for x, g, w in zip(leaves, got[1], gradients):
            if reduce is None or isinstance(x, np.ndarray):
                assert np.shape(g) == (n,)
                np.testing.assert_allclose(g, w * scale, **close)
            else:
                assert type(g) is float
                np.testing.assert_allclose(g, w.sum() * scale, **close)
    np.testing.assert_allclose(f(leaves), values, **close)


@few_examples
@given(expressions())
def test_written_source_stands_on_its_own(e: Expression) -> None:
    f = ag.compile(e)
    want = f.value_and_grad(list(e.leaves))
    for text, kind in ((f.source, float), (f.numpy_source, np.asarray)):
        space: dict[str, Any] = {}
        exec(text, space)
        got = space["f"]([kind(x) for x in e.leaves])
        same(got[0], want[0])
        np.testing.assert_allclose(got[1], want[1], rtol=1e-9, atol=1e-12)
