"""The same expressions in PyTorch: values, gradients and second derivatives, kinks included."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from libraries import near
from test_numbers import LINES, OPTIONS, ROWS, SECANTS, Row, numbers

import autograd as ag
from autograd.numpy_api import protocols

torch = pytest.importorskip("torch", reason="PyTorch, of the extra `peers`, is not installed")
F, LINALG = torch.nn.functional, torch.linalg

# --- PyTorch under the names and with the arguments of `autograd` ---------------------------------


def axes(x: Any, axis: Any) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis


def on_axis(f: Any) -> Any:
    """The entries that a function finds along an axis, and on no axis the only one."""
    return lambda x, axis=None: f(x) if axis is None else f(x, axis).values


def with_numbers(f: Any) -> Any:
    return lambda x, y: f(x, torch.as_tensor(y, dtype=x.dtype))


def pad(x: Any, width: Any, mode: str = "constant", constant_values: float = 0.0) -> Any:
    mode = {"edge": "replicate", "wrap": "circular"}.get(mode, mode)
    return F.pad(x[None], width, mode, constant_values if mode == "constant" else None)[0]


def cross_entropy(x: Any, labels: Any, **options: Any) -> Any:
    return F.cross_entropy(x, torch.tensor(labels), **options)


DIFFERENT = {
    "power": torch.pow,
    "mod": torch.remainder,
    "fabs": torch.abs,
    "rint": torch.round,
    "floor_divide": lambda x, y: torch.floor_divide(x.detach(), y.detach()),  # no gradient at all
    "maximum": with_numbers(torch.maximum),
    "round": lambda x, decimals=0: torch.round(x, decimals=decimals),
    "sum": lambda x, axis=None, keepdims=False: torch.sum(x, axis, keepdims),
    "mean": lambda x, axis=None, keepdims=False: torch.mean(x, axis, keepdims),
    "var": lambda x, axis=None, ddof=0: torch.var(x, axis, correction=ddof),
    "std": lambda x, axis=None, ddof=0: torch.std(x, axis, correction=ddof),
    "prod": lambda x, axis=None: torch.prod(x) if axis is None else torch.prod(x, axis),
    "max": on_axis(torch.max),
    "min": on_axis(torch.min),
    "median": on_axis(torch.median),
    "logsumexp": lambda x, axis=None: torch.logsumexp(x, axes(x, axis)),
    "softmax": lambda x, axis=-1: torch.softmax(x, axis),
    "softmin": lambda x, axis=-1: F.softmin(x, axis),
    "log_softmax": lambda x, axis=-1: torch.log_softmax(x, axis),
    "softmax_cross_entropy": lambda x, labels: cross_entropy(x, labels, reduction="none"),
    "cumsum": lambda x, axis=0: torch.cumsum(x, axis),
    "cumprod": lambda x, axis=0: torch.cumprod(x, axis),
    "expand_dims": torch.unsqueeze,
    "transpose": torch.permute,
    "rollaxis": lambda x, axis: torch.movedim(x, axis, 0),
    "flip": lambda x, axis=None: torch.flip(x, axes(x, axis)),
    "repeat": torch.repeat_interleave,
    "pad": pad,
    "split": torch.tensor_split,
    "array_split": torch.tensor_split,
    "sort": lambda x, axis=-1: torch.sort(x, dim=axis, stable=True).values,
    "take": lambda x, indices, axis: torch.index_select(x, axis, torch.tensor(indices)),
    "take_along_axis": lambda x, i, axis: torch.take_along_dim(x, torch.tensor(i), axis),
    "cross": LINALG.cross,
    "tensordot": lambda x, y, axes=2: torch.tensordot(x, y, axes),
    "linalg": LINALG,
}


class PyTorch:
    def __getattr__(self, name: str) -> Any:
        if name in DIFFERENT:
            return DIFFERENT[name]
        return getattr(torch if hasattr(torch, name) else F, name)


# --- the table: expressions of x, y, z, and where to try them -------------------------------------

rng = np.random.default_rng(0)


def between(low: float, high: float, *shape: int) -> Any:
    return rng.uniform(low, high, shape)


REAL, POSITIVE, UNIT = between(-2, 2, 2, 3), between(0.3, 2, 2, 3), between(-0.9, 0.9, 2, 3)
LIKE, ROW, VECTOR = between(-2, 2, 2, 3), between(-2, 2, 3), between(-2, 2, 5)
CUBE, SPLIT = between(-2, 2, 2, 3, 4), between(-2, 2, 2, 2, 4)
MATRICES = between(-1, 1, 2, 3, 3) + 3 * np.eye(3)
TIES = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
ZEROS = np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [1.0, 2.0, 0.0]])


def each(names: str, call: str, *args: Any) -> list[Any]:
    return [(f"ag.{name}{call}", *args) for name in names.split()]


TABLE: list[Any] = [
    *each("""exp exp2 expm1 sin cos sinh cosh tanh arctan arcsinh sinc erf erfc square negative abs
        sign floor ceil trunc round relu leaky_relu sigmoid elu selu gelu silu hardtanh softsign
        softplus logsigmoid deg2rad rad2deg nan_to_num relu6 celu mish hardswish""", "(x)", REAL),
    *each("log log2 log10 log1p sqrt reciprocal", "(x)", POSITIVE),
    *each("tan arcsin arccos arctanh erfinv", "(x)", UNIT),
    *each("logit", "(0.5*x + 0.5)", UNIT),
    *each("logit", "(x, 0.1)", UNIT),
    *each("celu", "(x, 0.5)", REAL),
    *each("glu", "(x)", CUBE),
    *each("glu", "(x, 0)", REAL),
    *each("acos asin atanh", "(x)", UNIT),
    *each("acosh", "(1 + x)", POSITIVE),
    *each("asinh atan absolute fabs rint fix diagflat cov corrcoef", "(x)", REAL),
    *each("atan2 copysign", "(x, y)", REAL, ROW),
    *each("fmod remainder true_divide", "(x, 0.5 + y*y)", REAL, ROW),
    *each("float_power", "(x, y)", POSITIVE, ROW),
    *each("nansum nanmean nanmedian trapezoid", "(x)", VECTOR),
    *each("quantile nanquantile", "(x, 0.3)", VECTOR),
    ("ag.concat((x, y), 1)", REAL, LIKE),
    *each("arccosh", "(1 + x)", POSITIVE),
    *each("""add subtract multiply maximum minimum fmax fmin hypot arctan2 logaddexp
        logaddexp2""", "(x, y)", REAL, ROW),
    *each("divide mod floor_divide", "(x, 0.5 + y*y)", REAL, ROW),
    *each("power", "(x, y)", POSITIVE, ROW),
    *each("xlogy", "(x, y)", ROW, POSITIVE),
    ("2.0 - x/(y*y + 1) + 3*(-x)**3 - 2**y + abs(x)", REAL, ROW),
    ("ag.round(x, decimals=1)", REAL),
    ("ag.gelu(x, approximate='tanh')", REAL),
    ("ag.elu(x, 0.5)*ag.leaky_relu(x, 0.2)", REAL),
    ("ag.hardtanh(x, -0.5, 1.5)", REAL),
    ("ag.clip(x, -1.0, 1.0)", REAL),
    ("ag.clip(x, y, z)", REAL, ROW - 1, ROW + 1),
    ("ag.where(x > y, x*y, ag.sin(y))", REAL, ROW),
    # reductions and scans
    *each("sum mean var std prod max min amax amin logsumexp median", "(x)", VECTOR),
    *each("sum mean var std prod max min amax amin logsumexp median", "(x, axis=1)", CUBE),
    *each("sum mean", "(x, axis=(0, -1), keepdims=True)", CUBE),
    *each("var std", "(x, axis=1, ddof=1)", CUBE),
    *each("max min amax amin", "(x)", TIES),
    *each("amax amin", "(x, axis=1)", TIES),
    *each("maximum minimum", "(x, y)", TIES, TIES[0]),
    *each("prod cumprod", "(x, axis=1)", ZEROS),
    *each("cumsum cumprod softmax softmin log_softmax", "(x, axis=1)", CUBE),
    ("ag.softmax_cross_entropy(x, [2, 0])", REAL),
    ("ag.diff(x, n=2, axis=1)", CUBE),
    # shapes
    *each("""ravel squeeze flip fliplr flipud rot90 triu tril atleast_1d atleast_2d atleast_3d diag
        diagonal""", "(x)", REAL),
    *each("atleast_1d atleast_2d atleast_3d diag", "(x)", ROW),
    *each("atleast_1d atleast_2d atleast_3d", "(x)", np.array(0.5)),
    *each("squeeze", "(x[:1, None])", REAL),
    ("ag.reshape(x, (3, 2))", REAL),
    ("ag.expand_dims(x, -1)", REAL),
    ("ag.transpose(x, (1, 2, 0))", CUBE),
    ("ag.swapaxes(x, 0, -1)", CUBE),
    ("ag.moveaxis(x, (0, 1), (-1, 0))", CUBE),
    ("ag.rollaxis(x, 2)", CUBE),
    ("ag.broadcast_to(x, (4, 2, 3))", REAL),
    ("ag.flip(x, (0, 2))", CUBE),
    ("ag.roll(x, (1, -1), (0, 2))", CUBE),
    ("ag.rot90(x, 3, (1, 2))", CUBE),
    ("ag.repeat(x, 2, 1)", REAL),
    ("ag.tile(x, (2, 1, 2))", REAL),
    ("ag.pad(x, (1, 2))", VECTOR),
    ("ag.pad(x, (1, 2), constant_values=7.0)", VECTOR),
    ("ag.pad(x, (1, 2), 'edge')", VECTOR),
    ("ag.pad(x, (1, 2), 'reflect')", VECTOR),
    ("ag.pad(x, (1, 2), 'wrap')", VECTOR),
    ("ag.diagonal(x, 1, 1, 2)", CUBE),
    ("ag.triu(x, -1)*ag.tril(x, 1)", CUBE),
    *each("concatenate stack vstack hstack dstack column_stack", "([x, y, x])", REAL, LIKE),
    *each("concatenate stack", "([x, y], 1)", REAL, LIKE),
    *each("split array_split hsplit vsplit dsplit", "(x, 2)[1]", SPLIT),
    ("ag.array_split(x, [1, 3])[1]", VECTOR),
    # indexing
    ("x[1, ..., None, ::2]", CUBE),
    ("x[[0, 0, 1], :, [1, 1, -1]]", CUBE),
    ("x[x > 0]", CUBE),
    ("ag.take(x, [0, 0, 2], 1)", CUBE),
    ("ag.take_along_axis(x, np.array([[0, 2], [1, 1]]), 1)", REAL),
    ("ag.sort(x, 1)", CUBE),
    # products and linear algebra
    *each("matmul dot inner outer kron", "(x, y)", ROW, ROW[::-1].copy()),
    *each("inner kron cross", "(x, y)", REAL, LIKE),
    ("ag.matmul(x, y)", CUBE, between(-2, 2, 4, 2)),
    ("x @ y", ROW, MATRICES),
    ("ag.tensordot(x, y)", CUBE, between(-2, 2, 3, 4)),
    ("ag.tensordot(x, y, ([0, 2], [2, 0]))", CUBE, between(-2, 2, 4, 3, 2)),
    ("ag.einsum('...ij,kj->ik...', x, y)", CUBE, between(-2, 2, 5, 4)),
    ("ag.einsum('kii->ik', x)", MATRICES),
    ("ag.trace(x[0])", MATRICES),
    *each("linalg.inv linalg.pinv linalg.det linalg.norm", "(x)", MATRICES),
    ("ag.linalg.pinv(x)", REAL),
    ("ag.linalg.slogdet(x)[1]", MATRICES),
    ("ag.linalg.cholesky(x @ ag.swapaxes(x, 1, 2))", MATRICES),
    ("ag.linalg.solve(x, y)", MATRICES, between(-2, 2, 2, 3, 2)),
    ("ag.linalg.matmul(x, y) + ag.linalg.cross(x, y)", MATRICES, MATRICES + 1),
    *each("linalg.svdvals linalg.cond linalg.matrix_norm linalg.vector_norm", "(x)", MATRICES),
    *each("linalg.eigvalsh", "(x + ag.swapaxes(x, 1, 2))", MATRICES),
    ("ag.linalg.eigh(x + ag.swapaxes(x, 1, 2))[1]**2", MATRICES),
    ("ag.linalg.svd(x, full_matrices=False)[0]**2", REAL),
    ("ag.linalg.qr(x)[1] + ag.linalg.qr(x)[0]", MATRICES),
    ("ag.linalg.lstsq(x, y)[0]", MATRICES[0], between(-2, 2, 3, 2)),
    ("ag.linalg.matrix_power(x, 3) + ag.linalg.matrix_power(x, -2)", MATRICES),
    ("ag.linalg.multi_dot([x, y, x])", MATRICES[0], MATRICES[1]),
    ("ag.linalg.vecdot(x, y)", REAL, LIKE),
    ("ag.vdot(x, y)", VECTOR, VECTOR + 1),
    *((f"ag.linalg.norm(x, {p})", REAL) for p in ("'fro'", 1, -1, "np.inf", "-np.inf")),
    *((f"ag.linalg.norm(x, {p}, 1)", REAL) for p in (1, 2, 3, 0.5, "np.inf", "-np.inf")),
]  # fmt: skip

# Public names that both have, but PyTorch without the second derivative, or with 9 digits of it, as
# its trigamma has; and those that are no differentiable functions.
OTHERS = {
    "matrix_rank",
    "hardsigmoid", "lgamma", "digamma", "polygamma", "heaviside", "bincount", "count_nonzero",
    "full", "full_like", "linspace", "logspace", "unique",
    "gradient", "meshgrid", "select", "vander",  # of one name, with other arguments or results
    "Tensor", "Value", "all", "any", "argmax", "argmin", "enable_grad", "from_numpy", "grad",
    "is_grad_enabled", "no_grad",
}  # fmt: skip


def pull(outs: Any, args: Any, seeds: Any, create_graph: bool = True) -> Any:
    """The gradients of the arguments; zeros where PyTorch sees that nothing depends on them."""
    attached = [(x, g) for x, g in zip(outs, seeds, strict=True) if x.requires_grad]
    if not attached:
        return [torch.zeros_like(x) for x in args]
    outs, seeds = zip(*attached)
    return torch.autograd.grad(outs, args, seeds, create_graph=create_graph, materialize_grads=True)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_values_and_derivatives_to_second_order(row: Any) -> None:
    expression, *args = row

    def f(library: Any, *args: Any) -> Any:
        return eval(expression, {"ag": library, "np": np} | dict(zip("xyz", args)))

    xs = [torch.tensor(x, requires_grad=True) for x in args]
    out = f(PyTorch(), *xs)
    seeds = [torch.tensor(rng.normal(size=x.shape)) for x in (out, *args)]
    grads = pull([out], xs, seeds[:1])
    theirs = [out, *grads, *pull(grads, xs, seeds[1:])]

    first, *rest = [g.numpy() for g in seeds]
    argnums = tuple(range(len(args)))
    linearized = ag.vjp(lambda *args: f(ag, *args), argnums)
    value, back = linearized(*args)
    _, back_again = ag.vjp(lambda *args: linearized(*args)[1](first), argnums)(*args)
    ours = [value, *back(first), *back_again(tuple(rest))]
    for x, y in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(x, y.numpy(force=True), rtol=1e-12, atol=1e-12)


def test_every_function_that_both_have_is_in_the_table() -> None:
    used = {name for row in TABLE for name in re.findall(r"\.(\w+)", row[0])}
    both = {x for x in ag.__all__ if x in DIFFERENT or hasattr(torch, x) or hasattr(F, x)}
    both |= {f.__name__ for f in protocols.FUNCTIONS if hasattr(LINALG, f.__name__)}
    assert both - used - OTHERS == set()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PyTorch's, of itself
@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")
def test_functional_api() -> None:
    def f(library: Any, x: Any) -> Any:
        return library.softmax(library.tanh(x) * x[0])

    x, v, func = VECTOR, np.arange(5.0), torch.func
    y, w = torch.tensor(x), torch.tensor(v)
    ours, theirs = (lambda x: f(ag, x)), (lambda y: f(PyTorch(), y))
    for found, wanted in (
        (ag.jacobian(ours)(x), func.jacrev(theirs)(y)),
        (ag.jvp(ours)(x)[1](v), func.jvp(theirs, (y,), (w,))[1]),
        (ag.vjp(ours)(x)[1](v), func.vjp(theirs, y)[1](w)[0]),
        (ag.hessian(lambda x: ours(x)[1])(x), func.hessian(lambda y: theirs(y)[1])(y)),
        (ag.grad(lambda x: ours(x)[1])(x), func.grad(lambda y: theirs(y)[1])(y)),
    ):
        np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-12, atol=1e-12)


# --- kinks, ties, poles and infinities: the rows of docs/numbers.md -------------------------------

# PyTorch has no cbrt and interp, no lists beside tensors, no secant and its kin, few names that
# skip nan; and no slopes of //, heaviside and unique.
BEYOND = ("ag.cbrt", "//", "*[", "ag.nan", "ag.ptp", "ag.corrcoef", "ag.heaviside", "ag.interp",
          "ag.unique", *OPTIONS, *SECANTS)  # fmt: skip
EDGES = [
    pytest.param(row, line.split("|")[-2], id=str(row))
    for row, line in zip(ROWS, LINES[2:], strict=True)
    if not any(part in row.expression for part in BEYOND)
]
VERSION = tuple(int(x) for x in torch.__version__.split(".")[:2])
REMARK = re.compile(
    r"PyTorch(?:'s (?P<what>[^:]+?))?(?: (?P<bound>until|from) (?P<version>[\d.]+))?(?:, JAX)?"
    r": (?P<numbers>[^;]*?)(?: here)?\s*(?:;|$)"
)


def said(remark: str, version: tuple[int, ...]) -> dict[str, list[float]]:
    """What a remark says of this version of PyTorch: its value, its slopes or neither."""
    told = {}
    for found in REMARK.finditer(remark):
        bound = tuple(int(x) for x in (found["version"] or "0").split("."))
        if {None: True, "until": version <= bound, "from": version >= bound}[found["bound"]]:
            what = "value" if found["what"] == "value" else "slopes"
            told[what] = np.ravel(numbers(found["numbers"])).tolist()
    return told


def test_remarks_name_versions() -> None:
    remark = "likewise; PyTorch until 2.13: 1, 0; PyTorch from 2.14: [0, nan]; JAX: 0, 1"
    assert said(remark, (2, 9)) == said(remark, (2, 13)) == {"slopes": [1, 0]}
    np.testing.assert_equal(said(remark, (2, 14)), {"slopes": [0, np.nan]})
    assert said("PyTorch from 2.14: 0; JAX: 0.5", (2, 13)) == {}
    assert said("JAX: 0.5", (2, 14)) == said("", (2, 14)) == {}
    assert said("PyTorch, JAX: 0 ", (2, 14)) == said("right; PyTorch: 0 here", (2, 0))
    assert said("PyTorch's value: 0", (2, 14)) == {"value": [0]}
    assert said("PyTorch's value: 0; PyTorch's slopes: 1", (2, 0)) == {"value": [0], "slopes": [1]}
    assert said("PyTorch's `max(dim)`: [0, 1, 0]; JAX: nan", (2, 14)) == {"slopes": [0, 1, 0]}
    named = [line for line in LINES[2:] if "PyTorch" in line]
    assert named and all(REMARK.search(line.split("|")[-2]) for line in named)


@pytest.fixture
def in_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The expressions of docs/numbers.md mean PyTorch."""
    losses = SimpleNamespace(
        l1_loss=with_numbers(F.l1_loss),
        huber_loss=with_numbers(F.huber_loss),
        binary_cross_entropy_with_logits=with_numbers(F.binary_cross_entropy_with_logits),
        hinge_loss=with_numbers(lambda x, y: torch.relu(1 - y * x).mean()),
    )
    monkeypatch.setattr("test_numbers.ag", PyTorch())
    nets = SimpleNamespace(cross_entropy=cross_entropy, losses=losses)
    monkeypatch.setattr("test_numbers.nn", nets)


@pytest.mark.usefixtures("in_pytorch")
@pytest.mark.filterwarnings("ignore:.*degrees of freedom")
@pytest.mark.parametrize(("row", "remark"), EDGES)
def test_numbers_at_the_edge(row: Row, remark: str) -> None:
    """They are PyTorch's, up to the sign of a zero, unless the row says otherwise, and what."""
    args = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in row.point]
    out = row.f(*args)
    slopes = pull([out], args, [torch.ones_like(out)], create_graph=False)
    found = {
        "value": out.numpy(force=True).ravel(),
        "slopes": np.concatenate([x.numpy(force=True).ravel() for x in slopes]),
    }
    ours = {"value": [row.value], "slopes": np.concatenate([np.ravel(x) for x in row.slopes])}
    theirs = said(remark, VERSION)
    for what, numbers_found in found.items():
        if what in theirs:
            assert near(numbers_found, theirs[what]) and not near(numbers_found, ours[what]), found
        else:
            assert near(numbers_found, ours[what]), found
