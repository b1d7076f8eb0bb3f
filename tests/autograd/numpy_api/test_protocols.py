"""NumPy's functions applied to nodes."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from table import CASES, Case

import autograd as ag
from autograd import Tensor, Value
from autograd.core import array_rules, rules
from autograd.core.op import OF_UFUNC
from autograd.numpy_api import protocols, trigonometry

# Their references are written with `math`, or make an array of numbers one by one.
NOT_IN_NUMPY = {
    ag.erf, ag.erfc, ag.gelu, ag.lgamma, ag.digamma, ag.polygamma, ag.erfinv, ag.logit,
    ag.hardsigmoid, array_rules.scatter_add, rules.item,
    *filter(callable, vars(trigonometry).values()),
}  # fmt: skip
"""Functions whose references compute with other libraries, or refuse nodes."""
NUMPYS = [c for c in CASES if c.reference and not {c.f, *c.covers} & NOT_IN_NUMPY]
DIRECT = [c for c in NUMPYS if getattr(c.reference, "__module__", "numpy").startswith("numpy")]
BOOLEAN = {ufunc for ufunc, op in OF_UFUNC.items() if op.boolean}
UFUNCS = sorted({x for x in vars(np).values() if isinstance(x, np.ufunc)}, key=str)

cases = pytest.mark.parametrize("case", NUMPYS, ids=str)


def is_variable(x: Any) -> bool:
    return np.asarray(x).dtype.kind == "f"


def tensors(case: Case, dtype: Any = float) -> list[Any]:
    return [Tensor(x, True, dtype) if is_variable(x) else x for x in case.args]


def seeded(out: Any) -> None:
    out.backward(np.cos(np.arange(out.size)).reshape(out.shape))


@cases
def test_numpys_function_on_tensors_is_ours(case: Case) -> None:
    args, ours = tensors(case), tensors(case)
    out = case.reference(*args, **case.kwargs)
    wanted = case.f(*ours, **case.kwargs)
    assert type(out) is Tensor
    np.testing.assert_allclose(out.data, wanted.data, rtol=1e-13, strict=True)
    seeded(out)
    seeded(wanted)
    for x, y in zip(args, ours):
        if isinstance(x, Tensor):
            np.testing.assert_allclose(x.grad, y.grad, rtol=1e-11, atol=1e-13, strict=True)


@pytest.mark.parametrize("case", [c for c in NUMPYS if len(c.args) > 1], ids=str)
def test_constants_on_either_side(case: Case) -> None:
    """One argument is a tensor, the others are arrays, or numbers of NumPy or of Python."""
    together = tensors(case)
    wanted = case.reference(*together, **case.kwargs)
    seeded(wanted)
    for i, x in enumerate(together):
        if not isinstance(x, Tensor):
            continue
        for number in (np.asarray, np.float64, float, Tensor):
            args = [number(x) if x.ndim == 0 else x for x in case.args]
            args[i] = Tensor(case.args[i], requires_grad=True)
            out = case.reference(*args, **case.kwargs)
            assert type(out) is Tensor
            np.testing.assert_allclose(out.data, wanted.data, rtol=1e-14, atol=1e-14, strict=True)
            seeded(out)
            np.testing.assert_allclose(args[i].grad, x.grad, rtol=1e-12, atol=1e-14, strict=True)


SCALAR = [c for c in DIRECT if c.elementwise and c.args[0].ndim == 0]


@pytest.mark.parametrize("case", SCALAR, ids=str)
def test_numpys_function_on_values(case: Case) -> None:
    numbers = list(map(float, case.args))
    values = list(map(Value, numbers))
    out, wanted = case.reference(*values), case.f(*map(Value, numbers))
    assert type(out) is Value and out.data == wanted.data
    out.backward()
    for i, v in enumerate(values):
        assert type(v.grad) is float
        for number in (float, np.float64, np.asarray):
            args = list(map(number, numbers))
            args[i] = alone = Value(numbers[i])
            out = case.reference(*args)
            assert type(out) is Value and out.data == wanted.data
            out.backward()
            assert alone.grad == v.grad


@pytest.mark.parametrize("case", [c for c in DIRECT if c.elementwise], ids=str)
def test_dtypes_are_numpys(case: Case) -> None:
    for dtype in (np.float16, np.float32):
        arrays = [x.astype(dtype) for x in case.args]
        for args, others in (
            (tensors(case, dtype), arrays),
            ([*tensors(case, dtype)[:-1], np.float64(1.5)], [*arrays[:-1], np.float64(1.5)]),
        ):
            if any(isinstance(x, Tensor) for x in args):
                out = case.reference(*args)
                assert out.dtype == np.asarray(case.reference(*others)).dtype


def test_numbers_in_lists_are_joined() -> None:
    v, w = Value(1.0), Value(2.0)
    out = np.stack([v, w, 3.0])
    assert type(out) is Tensor and out.tolist() == [1.0, 2.0, 3.0]
    np.sum(np.concatenate([out, np.ones(2), Tensor([5.0])]) ** 2).backward()
    assert (v.grad, w.grad) == (2.0, 4.0)
    with pytest.raises(TypeError, match="would drop the gradient"):
        np.sum([v, w])  # NumPy's protocol ignores the entries of a list


# --- functions without gradient -------------------------------------------------------------------


@pytest.mark.parametrize("ufunc", sorted(protocols.PLAIN_UFUNCS | BOOLEAN, key=str), ids=str)
def test_plain_ufuncs_return_plain_arrays(ufunc: Any) -> None:
    args = [np.array([0.0, 1.0, -np.inf]), np.array([1.0, 1.0, np.nan])][: ufunc.nin]
    if not any("d" in types for types in ufunc.types):
        args = [np.array([0, 1, 5]), np.array([1, 3, 2])][: ufunc.nin]
    wanted, variable = ufunc(*args), args[0].dtype.kind == "f"
    for given in (map(Tensor, args), (Tensor(args[0], requires_grad=variable), *args[1:])):
        out = ufunc(*given)
        assert type(out) is np.ndarray and np.array_equal(out, wanted, equal_nan=variable)


def test_plain_functions_return_plain_arrays() -> None:
    t = Tensor([[3.0, 1.0], [2.0, 0.0]], requires_grad=True)
    assert np.shape(t) == (2, 2) and np.ndim(t) == 2 and np.size(t) == 4
    assert np.argmax(t, 0, None).tolist() == np.argmax(t.data, 0).tolist()
    assert np.argsort(t, axis=0).tolist() == [[1, 1], [0, 0]]
    assert np.any(t) and not np.all(t) and np.count_nonzero(t) == 3
    assert np.allclose(t, t.numpy()) and np.array_equal(t, t)
    assert np.zeros_like(t).tolist() == [[0.0, 0.0]] * 2
    assert np.full_like(t, 7).tolist() == [[7.0, 7.0]] * 2
    assert np.searchsorted(t[:, 1].detach(), 0.5) == 2
    assert np.result_type(t, np.float32) == np.float64
    assert np.array_repr(t).startswith("array([[3., 1.]")


# --- NumPy's signatures ---------------------------------------------------------------------------

X = np.array([[0.5, -1.5, 2.0], [3.0, 0.25, -0.75]])
since_numpy_2_1 = pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.1.0", reason="NumPy 2.0 has older names for these"
)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x, 0, None, None, True),
        lambda x: np.sum(x, axis=0, dtype=None, out=None),
        lambda x: np.std(x, 0, None, None, 1),
        lambda x: np.max(x, 1, None, True),
        lambda x: np.amin(x, axis=1),
        lambda x: np.clip(x, -1, 1),
        lambda x: np.clip(x, None, 1),
        lambda x: np.clip(x, a_min=-1, a_max=None),
        lambda x: np.clip(a=x, a_min=-1, a_max=1),
        lambda x: np.clip(X, x, None),
        pytest.param(lambda x: np.clip(x, min=-1, max=1), marks=since_numpy_2_1),
        lambda x: np.around(x, 1),
        lambda x: np.nan_to_num(x, True, 1.0),
        lambda x: np.take(x, [0, 2], 1, None),
        lambda x: np.take_along_axis(x, np.array([[0, 0], [2, 1]]), 1),
        lambda x: np.sort(x, 0, None),
        lambda x: np.linalg.norm(x, None, 1),
        lambda x: np.linalg.pinv(a=x),
        lambda x: np.pad(x, 1, constant_values=2.0),
        lambda x: np.diff(x, prepend=0.0),
        lambda x: np.take(x, [3, -4], 1, mode="wrap"),
        lambda x: np.cross(x, X, axis=None),
        lambda x: np.einsum("ij,kj", x, X, out=None, optimize=False),
        lambda x: np.reshape(x, (3, 2), order="C"),
        pytest.param(lambda x: np.reshape(x, shape=(3, 2)), marks=since_numpy_2_1),
        lambda x: np.concatenate((x, X), 1),
        lambda x: np.matmul(x, X[0]),
        lambda x: np.divmod(x, 0.4)[1],
        lambda x: np.divmod(X, x)[0],
        lambda x: np.linalg.slogdet(x @ X.T)[1],
        lambda x: np.split(x, [1], 1)[1],
        lambda x: np.fabs(x) + np.positive(x) + np.rint(x),
        lambda x: np.radians(x) + np.degrees(x),
    ],
)
def test_arguments_in_numpys_forms(f: Any) -> None:
    t = Tensor(X, requires_grad=True)
    out = f(t)
    assert type(out) is Tensor
    np.testing.assert_allclose(out.data, f(X), rtol=1e-13, strict=True)
    ag.check_gradients(f, X, order=1)


# --- methods of ufuncs ----------------------------------------------------------------------------

REDUCED = [
    {}, {"axis": 1}, {"axis": None}, {"axis": 0, "keepdims": True}, {"axis": -1, "initial": 0.5},
    {"where": np.array([[True, False, True]] * 2), "initial": 1.0}, {"axis": (0, 1)},
]  # fmt: skip


@pytest.mark.parametrize("ufunc", protocols.REDUCTIONS, ids=lambda f: f.__name__)
def test_reductions_by_a_ufunc_are_numpys(ufunc: Any) -> None:
    boolean = ufunc in BOOLEAN
    for options in REDUCED:
        if boolean and "initial" in options:
            continue
        f = lambda x, options=options: ufunc.reduce(x, **options)
        out = f(Tensor(X, requires_grad=True))
        data = out if boolean else out.data
        np.testing.assert_allclose(data, f(X), rtol=1e-13, strict=not np.isscalar(data))
        if not boolean:
            ag.check_gradients(f, X)
    out = ufunc.reduce(Value(2.0), axis=None)
    assert getattr(out, "_data", out) == ufunc.reduce(2.0, axis=None)


@pytest.mark.parametrize("ufunc", protocols.SCANS, ids=lambda f: f.__name__)
def test_scans_by_a_ufunc_are_numpys(ufunc: Any) -> None:
    for options in ({}, {"axis": 1}, {"axis": -1, "dtype": np.float32}):
        out = ufunc.accumulate(Tensor(X), **options)
        wanted = ufunc.accumulate(X, **options)
        np.testing.assert_allclose(out.data, wanted, rtol=1e-6, strict=True)
    ag.check_gradients(lambda x: ufunc.accumulate(x, axis=1), X)
    assert ufunc.accumulate(Tensor(np.ones((0, 2)))).shape == (0, 2)


@pytest.mark.parametrize(
    "ufunc", [f for f in UFUNCS if f.nin == 2 and f.nout == 1 and not f.signature], ids=str
)
def test_outer_pairs_each_entry_with_each(ufunc: Any) -> None:
    if "dd->d" not in ufunc.types and ufunc not in BOOLEAN:  # of integers alone
        return
    if not protocols.operation_of(ufunc) and ufunc not in protocols.PLAIN_UFUNCS:
        return
    x, y = np.abs(X), np.array([1.5, 2.0])
    for args in ((x, y), (x, 0.5), (2.0, y)):
        wanted = ufunc.outer(*args)
        for tensors in product(*((a, Tensor(a)) for a in args)):
            if any(isinstance(a, Tensor) for a in tensors):
                out = ufunc.outer(*tensors)
                assert np.shape(out) == wanted.shape
                np.testing.assert_allclose(getattr(out, "data", out), wanted, rtol=1e-13)


def test_a_ufunc_computes_in_the_dtype_it_is_told() -> None:
    t = Tensor([0.5, 2.0], requires_grad=True)
    for out in (np.exp(t, dtype=np.float32), np.add(t, 1.0, dtype="f4"), np.add(1, t, dtype="f4")):
        assert out.dtype == np.float32
        out.sum().backward()
    assert t.grad.dtype == np.float64
    assert np.multiply.outer(t, [1.0, 2.0], dtype=np.float32).dtype == np.float32


# --- operations of users --------------------------------------------------------------------------


def test_the_ufunc_of_an_operation_finds_it() -> None:
    ufunc = np.frompyfunc(math.expm1, 1, 1)
    message = r"np\.expm1 .* is not defined on a Tensor"
    with pytest.raises(TypeError, match=message):
        ufunc(T)
    op = ag.Op("own", lambda x: x * 3.0, (lambda g, out, x: g * 3.0,), ufunc=ufunc)
    t, v = Tensor([1.0, 2.0], requires_grad=True), Value(2.0)
    for out, x, wanted in ((ufunc(t), t, [3.0, 6.0]), (ufunc(v), v, 6.0)):
        assert out.op is op and np.array_equal(out.data, wanted)
        out.sum().backward() if x is t else out.backward()
        assert np.array_equal(x.grad, np.full(np.shape(wanted), 3.0))
    with pytest.raises(TypeError, match="there is no option 'where'"):
        ufunc(t, where=True)


def test_operations_of_users_do_not_replace_rows() -> None:
    ag.Op("own", np.tanh, (None,), ufunc=np.tanh)
    ag.Op("own", np.square, (None,), ufunc=np.square)
    assert np.tanh(T).op is rules.tanh and np.square(T).op is rules.mul


def test_true_or_false_results_of_an_operation_are_plain() -> None:
    ufunc = np.frompyfunc(lambda x: x > 1.0, 1, 1)
    ag.Op("own", lambda x: x > 1.0, (None,), boolean=True, ufunc=ufunc)
    out = ufunc(Tensor([1.0, 2.0], requires_grad=True))
    assert type(out) is np.ndarray and out.tolist() == [False, True]


# --- functions and options that are not defined on nodes ------------------------------------------

T = Tensor(np.eye(2), requires_grad=True)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: np.histogram(T), "np.histogram"),
        (lambda: np.union1d(T, T), "np.union1d"),
        (lambda: np.copyto(np.eye(2), T), "np.copyto"),
        (lambda: np.full_like(np.eye(2), T), "np.copyto"),
        (lambda: np.put(T, 0, 1.0), "put .*; it changes an array in place; use where"),
        (lambda: np.linalg.eig(T), "np.linalg.eig"),
        (lambda: np.linalg.tensorinv(T), "np.linalg.tensorinv"),
        (lambda: np.linalg.eigvals(np.eye(2) * T), "np.linalg.eigvals"),
        (lambda: np.fft.fft(T), "np.fft.fft"),
        (lambda: np.bartlett(Value(1.0)), "would drop the gradient"),
        (lambda: np.piecewise(Value(1.0), [True], [1.0]), "np.piecewise is not defined on a Value"),
        (lambda: np.nextafter(T, 0.5), "np.nextafter"),
        (lambda: np.frexp(Value(1.0)), "np.frexp is not defined on a Value"),
        (lambda: np.einsum(T, "ij"), 'einsum: subscripts such as "ij,jk->ik" come first'),
        (lambda: np.eye(2).dot(T), "would drop the gradient"),
    ],
)
def test_what_is_not_covered_names_itself(call: Any, name: str) -> None:
    with pytest.raises(TypeError, match=name):
        call()


def functions_that_ask_their_operands() -> set[Any]:
    found = {
        f for module in (np, np.linalg, np.fft) for f in vars(module).values()
        if hasattr(f, "_implementation")
    }  # fmt: skip
    assert len(found) > 200
    return found


@pytest.mark.parametrize("node", [T, Value(1.0)], ids=["Tensor", "Value"])
def test_every_function_and_ufunc_of_numpy_is_covered_or_names_itself(node: Any) -> None:
    for f in functions_that_ask_their_operands():
        if f not in protocols.FUNCTIONS.keys() | protocols.PLAIN_FUNCTIONS:
            with pytest.raises(TypeError, match=rf"np\.[a-z.]*{f.__name__} is not defined on a"):
                node.__array_function__(f, (type(node),), (node,), {})
    for ufunc in UFUNCS:
        if not protocols.operation_of(ufunc) and ufunc not in protocols.PLAIN_UFUNCS:
            with pytest.raises(TypeError, match=rf"np\.{ufunc.__name__} is not defined on a"):
                ufunc(*[node] * ufunc.nin)


@pytest.mark.parametrize("node", [T, Value(1.0)], ids=["Tensor", "Value"])
def test_methods_of_ufuncs_are_covered_or_name_themselves(node: Any) -> None:
    for ufunc in UFUNCS:
        if ufunc.nin == 2 and ufunc.nout == 1 and not ufunc.signature:
            for method, args, covered in (
                ("reduce", (node,), protocols.REDUCTIONS),
                ("accumulate", (node,), protocols.SCANS),
                ("reduceat", (node, [0]), ()),
                ("outer", (node, node), protocols.UFUNCS.keys() | protocols.PLAIN_UFUNCS | BOOLEAN),
                ("at", (node, [0], 1.0), ()),
                ("at", (np.ones(2), [0], node), ()),
            ):
                if ufunc in covered:
                    continue
                with pytest.raises(TypeError, match=rf"np\.{ufunc.__name__}\.{method} is not def"):
                    getattr(ufunc, method)(*args)


@pytest.mark.parametrize("case", DIRECT, ids=str)
def test_options_that_are_not_covered_name_themselves(case: Case) -> None:
    f = case.reference
    data = [np.asarray(x) for x in case.args]
    result = np.asarray(f(*data, **case.kwargs))
    options = {"out": np.empty_like(result), "where": True, "dtype": np.float32, "order": "F"}
    if not isinstance(f, np.ufunc):
        taken = protocols.signature_of(f).parameters
        covered = protocols.signature_of(protocols.FUNCTIONS.get(f, f)).parameters.keys() - {"out"}
        options = {k: x for k, x in options.items() if k in taken and k not in covered}
    else:
        del options["dtype"]
        if f.signature:
            del options["where"]  # np.matmul refuses it itself
    for option, x in options.items():
        with pytest.raises(TypeError, match=rf"{f.__name__[-3:]} on nodes: .*'{option}'"):
            f(*tensors(case), **case.kwargs, **{option: x})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: np.add(np.ones(2), 1, out=t), "np.add on nodes: there is no option 'out'"),
        (lambda t: np.isnan(np.ones(2), out=t), "np.isnan on nodes: there is no option 'out'"),
        (lambda t: np.isnan(t, out=np.ones(2, bool)), "np.isnan on nodes: there is no option 'ou"),
        (lambda t: np.sum(np.ones((2, 2)), 0, out=t), "sum on nodes: there is no option 'out'"),
        (lambda t: np.add(t, 1, where=[True, False]), "np.add .*'where'; use np.where on the res"),
        (lambda t: np.add(t, 1, dtype=int), "np.add on nodes: there is no option 'dtype'"),
        (lambda t: np.maximum.reduce(t, dtype=float), "np.maximum.reduce on nodes: .*'dtype'"),
        (lambda t: np.add.reduce(t, out=np.ones(2)), "sum on nodes: there is no option 'out'"),
        (lambda t: np.matmul(t, t, axes=[(0, 1)] * 3), "np.matmul on nodes: .*'axes'"),
        (lambda t: np.pad(t, 1, np.pad), r"pad\(\) takes no function as mode"),
        (
            lambda t: np.pad(t, 1, "reflect", reflect_type="odd"),
            "np.pad on nodes: .*'reflect_type'",
        ),
    ],
)
def test_unknown_options_are_errors_by_position_and_by_name(call: Any, message: str) -> None:
    t = Tensor(np.ones(2), requires_grad=True)
    with pytest.raises((TypeError, ValueError), match=message):
        call(t)
    assert t.data.tolist() == [1.0, 1.0]


def test_arguments_of_functions_without_signature_are_passed_on() -> None:
    """NumPy's functions in C have no signature before NumPy 2.4."""
    assert not protocols.signature_of(max).parameters
    operands, options = protocols.translate_call(max, (T, 1), {"axis": 0})
    assert operands[0] is T and operands[1:] == [1] and options == {"axis": 0}
