"""The graph, the order and the loop: what every peer got wrong at some time."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, Value
from autograd.core import rules
from autograd.core.backward import consumers_first, contributions, operands_first
from autograd.core.op import Op


def leaf(x: float, kind: type) -> Value | Tensor:
    return Value(x) if kind is Value else Tensor(x, requires_grad=True)


kinds = pytest.mark.parametrize("kind", [Value, Tensor])


@kinds
def test_shared_node_gets_all_its_consumers_gradients(kind: type) -> None:
    x = leaf(2.0, kind)
    y = x * 3
    (y * 2 + y * 5).backward()
    assert x.grad == 21
    x = leaf(2.0, kind)
    y = x * 3
    (5 * y + 2 * y).backward()
    assert x.grad == 21
    a = leaf(1.0, kind)
    b = a + a
    (b + b).backward()
    assert a.grad == 4
    x = leaf(3.0, kind)
    (x * x).backward()
    assert x.grad == 6


@kinds
def test_micrograds_readme(kind: type) -> None:
    a, b = leaf(-4.0, kind), leaf(2.0, kind)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g:.10f}" == "24.7040816327"
    assert f"{a.grad:.10f}" == "138.8338192420"
    assert f"{b.grad:.10f}" == "645.5772594752"


@kinds
def test_second_backward_adds_exactly_once_more(kind: type) -> None:
    a = leaf(3.0, kind)
    b = a * a
    c = b * b
    c.backward()
    c.backward()
    assert a.grad == 216
    a = leaf(2.0, kind)
    h = a * 3
    (h * 1).backward()
    (h * 10).backward()
    assert a.grad == 33


def test_no_gradient_is_not_zero_gradient() -> None:
    a, b = Value(1.0), Value(2.0)
    c = a * 2
    assert a.grad is None
    c.backward()
    assert (a.grad, b.grad, c.grad) == (2.0, None, 1.0)


def test_tensors_on_the_way_keep_their_gradient_on_request() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    y.label = "y"  # a label is no request
    y.sum().backward()
    assert y.grad is None
    x = Tensor([1.0, 2.0], requires_grad=True)
    y, z = x * 2, x * 3
    y.retain_grad()
    loss = (y * z).sum()
    loss.backward()
    loss.backward()
    np.testing.assert_array_equal(y.grad, [6.0, 12.0])
    assert z.grad is None


@kinds
def test_parents_are_ordered_and_counted(kind: type) -> None:
    x, y = leaf(2.0, kind), leaf(3.0, kind)
    assert [arg is x for arg in (x * x).args] == [True, True]
    for z in (x - y, x / y, x**y):
        assert z.args[0] is x and z.args[1] is y
    z = 1 - y
    assert z.args[0] is None and z.args[1] is y and z.saved == (1.0, 3.0)


def test_order_puts_consumers_first() -> None:
    x = Value(1.0)
    y = x * 2
    z = y + x
    order = consumers_first(z * y, z)
    assert len(order) == 4
    assert order.index(z) < order.index(y) < order.index(x)


@pytest.mark.parametrize("join", [lambda *xs: xs[0] + xs[1], lambda *xs: ag.stack(xs)])
def test_operands_come_as_they_are_written(join: Any) -> None:
    leaves = [Tensor(float(i), requires_grad=True) for i in range(3)]
    order = operands_first(join(*leaves))
    found = [node for node in order if node.op is None]
    assert found == leaves[: len(found)] and len(found) > 1


PROGRAM = """
from autograd import Value
w = [Value(0.1 * i) for i in range(7)]
out = sum((w[i % 7] * w[(i * i + 1) % 7]).tanh() * (1 / (i + 1)) for i in range(60))
out.backward()
print([x.grad.hex() for x in w])
"""


def test_the_same_program_gives_the_same_bits_in_every_process() -> None:
    runs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(6)
    }
    assert len(runs) == 1


def build_chain(n: int) -> tuple[Value, Value]:
    x = Value(1.0)
    y = x
    for _ in range(n // 2):
        y = y * 1.000001
        y = y + x
    return x, y


def test_a_chain_of_a_million_operations() -> None:
    limit = sys.getrecursionlimit()
    gc.disable()
    try:
        n = 1_000_000
        x, y = build_chain(n)
        y.backward()
        k = n // 2  # x r^k + x (r^0 + ... + r^(k-1)), r = 1.000001
        r = 1.000001
        assert x.grad == pytest.approx(r**k + (r**k - 1) / (r - 1), rel=1e-9)
        dead = weakref.ref(y)
        del y
        assert dead() is None
    finally:
        gc.enable()
    assert sys.getrecursionlimit() == limit


def test_backward_takes_linear_time() -> None:
    calls = []
    double = Op("double", lambda x: 2 * x, (lambda g, out, x: calls.append(1) or 2 * g,))
    x = y = Value(1.0)
    for _ in range(60):  # 2^60 paths
        y = y + y
    y = double(y)
    y.backward()
    assert x.grad == 2.0**61
    assert len(calls) == 1
    x = Value(1.0)
    fan = sum(x * i for i in range(10_000))
    fan.backward()
    assert x.grad == sum(range(10_000))


def test_graphs_are_freed_by_reference_counting_alone() -> None:
    gc.collect()
    gc.disable()
    try:
        for x in (Value(2.0), Tensor([2.0, 3.0], requires_grad=True)):
            y = x * 3 + 1
            z = (y * y).tanh() if isinstance(x, Value) else (y * y).sum()
            z.backward()
            dead = [weakref.ref(y), weakref.ref(z)]
            del y, z
            assert [ref() for ref in dead] == [None, None]
        dead_result = weakref.ref(ag.grad(ag.grad(lambda x: x**3))(Value(1.0)))
        assert dead_result() is None
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_gradients_share_no_array() -> None:
    x, y = (Tensor(np.ones((2, 2)), requires_grad=True) for _ in "xy")
    (x + y).sum().backward()
    x.grad += 1
    np.testing.assert_array_equal(y.grad, np.ones((2, 2)))
    seed = np.ones((2, 2))
    x.grad = None
    ag.reshape(x, (2, 2)).backward(seed)
    x.grad += 1
    np.testing.assert_array_equal(seed, np.ones((2, 2)))


def test_a_gradient_is_an_array_of_its_own() -> None:
    x, y, z = (Tensor(np.ones((2, 1)), requires_grad=True) for _ in "xyz")
    ((x + y) * z).sum().backward()  # one array for x and for y
    assert not np.shares_memory(x.grad, y.grad)
    x.grad = None
    (x.sum(1) * y.sum(1)).sum().backward()  # stretched by nothing: a read-only view of its size
    x.grad += 1
    assert x.grad.tolist() == [[2.0], [2.0]]
    long = ag.concatenate([x, z, np.zeros((98, 1))])
    x.grad = z.grad = None
    (long * long).sum().backward()  # parts of one long array, which need not live on
    for part in (x.grad, z.grad):
        assert part.tolist() == [[2.0], [2.0]]
        assert part.base is None or part.base.nbytes == part.nbytes


@pytest.mark.parametrize("swapped", [False, True])
def test_a_rule_may_give_a_float_for_an_array(swapped: bool) -> None:
    """One slope for all entries: of an op of one operand, and of two."""
    x = Tensor(np.full((1, 1), 3.0, np.float32), requires_grad=True)
    y = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    Op("total", lambda x: float(x.sum()), (lambda g, out, x: g,))(x).backward()
    assert (x.grad.shape, x.grad.dtype, x.grad.tolist()) == ((1, 1), np.float32, [[1.0]])
    x.grad = None
    op = Op("two", lambda x, y: x.sum() + 2 * y.sum(), (lambda *_: 1.0, lambda *_: 2.0))
    a, b = (y, x) if swapped else (x, y)
    op(a, b).backward()
    for t, slope in ((a, 1.0), (b, 2.0)):
        assert (type(t.grad), t.grad.shape, t.grad.dtype) == (np.ndarray, t.shape, np.float32)
        assert (t.grad == slope).all()


def test_a_rule_may_give_a_value_for_an_array() -> None:
    total = Op("total", lambda x: float(x.sum()), (lambda g, out, x: g,))
    slopes = ag.grad(lambda x: total(x) ** 2)
    assert slopes(np.ones(3)).tolist() == [6.0, 6.0, 6.0]
    assert ag.jacobian(slopes)(np.ones(3)).tolist() == [[2.0, 2.0, 2.0]] * 3


def test_a_rule_may_give_an_array_for_a_float() -> None:
    """Its sum: a number stands for all the entries that it was stretched to."""
    rule = lambda g, out, *args: g * np.ones(3)
    for count in (1, 2, 3):
        op = Op("spread", lambda *xs: 3 * sum(xs), (rule,) * count)
        values = [Value(2.0) for _ in range(count)]
        op(*values).backward()
        assert [(type(v.grad), v.grad) for v in values] == [(float, 3.0)] * count


@pytest.mark.parametrize("seed", [[1, 2], np.array([1.0, 2.0]), Tensor([1.0, 2.0])])
def test_what_stays_of_a_seed_is_an_array_of_the_tensors_dtype(seed: Any) -> None:
    x = Tensor(np.ones(2, np.float32), requires_grad=True)
    y = x * 2
    y.retain_grad()
    for t, wanted in ((x, [1.0, 2.0]), (y, [1.0, 2.0])):
        x.grad = None
        t.backward(seed)
        assert type(t.grad) is np.ndarray and t.grad.dtype == np.float32
        assert t.grad.tolist() == wanted
    number = Tensor(np.float32(3), requires_grad=True)
    for two in 2, Value(2.0), np.float64(2):
        number.grad = None
        number.backward(two)
        assert type(number.grad) is np.ndarray and number.grad.dtype == np.float32
        assert number.grad == 2


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_gradient_has_the_shape_of_its_single_entry(shape: tuple[int, ...]) -> None:
    x = Tensor(np.full(shape, 3.0), requires_grad=True)
    x.backward()
    assert type(x.grad) is np.ndarray and x.grad.shape == shape and x.grad == 1.0
    x.grad = None
    (x * x).backward()
    assert type(x.grad) is np.ndarray and x.grad.shape == shape and x.grad == 6.0


def test_infinite_slopes_are_no_warnings() -> None:
    x = Tensor([0.0, 1.0], requires_grad=True)
    ag.sqrt(x).backward([1.0, 1.0])
    assert x.grad.tolist() == [np.inf, 0.5]


def test_a_gradient_shares_no_memory_with_a_seed_over_foreign_memory() -> None:
    class Mine(np.ndarray[Any, Any]):
        pass

    x = Tensor(np.ones((2, 3)), requires_grad=True)
    for seed in (np.frombuffer(bytearray(48)), np.ones(6).view(Mine), np.ones(6)[::-1]):
        x.grad = None
        ag.reshape(x, 6).backward(seed)
        assert not np.shares_memory(x.grad, seed)


@pytest.mark.parametrize("kind", [Value, lambda x: Tensor(x, requires_grad=True)])
def test_a_reflected_method_called_by_name_has_both_slopes(kind: Any) -> None:
    x, y = kind(3.0), kind(5.0)
    z = x.__rsub__(y)
    z.backward()
    assert float(z.data) == 2.0 and (x.grad, y.grad) == (-1.0, 1.0)


def test_values_seen_in_the_forward_pass_are_those_of_the_derivative() -> None:
    a, b = Value(2.0), Value(3.0)
    c = a * b
    a.data = 10
    c.backward()
    assert (b.grad, c.data) == (2.0, 6.0)

    array = np.ones(2)
    t = Tensor(array, requires_grad=True, label="t")
    array[0] = 9
    assert t.data[0] == 1
    for change in ("inplace", "data"):
        out = (t * t).sum()
        with ag.no_grad():
            if change == "inplace":
                t *= 2
            else:
                t.data = np.zeros(2)
        with pytest.raises(ValueError, match=r"Tensor 't' .* changed in place after mul"):
            out.backward()
    assert t.grad is None
    other = Tensor([2.0, 2.0], requires_grad=True)
    for x, y in ((t, other), (other, t)):
        for change in ("inplace", "data"):
            out = (x * y).sum()
            with ag.no_grad():
                if change == "inplace":
                    t *= 2
                else:
                    t.data = np.zeros(2)
            with pytest.raises(ValueError, match=r"Tensor 't' .* changed in place after mul"):
                out.backward()


def test_changed_data_is_refused_where_a_graph_of_derivatives_needs_it() -> None:
    w = Value(2.0, label="w")

    def f(x: Value) -> Value:
        out = w * x
        w.data = 5.0
        return out

    with pytest.raises(ValueError, match="Value 'w'.*changed after mul"):
        ag.grad(f)(Value(3.0))
    w.data = 2.0
    assert ag.grad(f)(3.0) == 2.0


def test_a_failed_backward_leaves_all_gradients_as_they_were() -> None:
    bad = Op("bad", lambda x: x, (None,))
    x = Value(2.0)
    (x * x).backward()
    with pytest.raises(ag.NotDifferentiableError, match="bad has no derivative.*argument 0"):
        (x * bad(x)).backward()
    assert x.grad == 4.0
    for i in (0, 1):
        half = Op("half", lambda x, y: x * y, [None if j == i else abs for j in (0, 1)])
        a, b = Value(2.0, label="a"), Value(3.0, label="b")
        operands = (a, b.detach()) if i == 0 else (a.detach(), b)
        with pytest.raises(
            ag.NotDifferentiableError, match=f"half has no derivative.*argument {i} .*'{'ab'[i]}'"
        ):
            half(*operands).backward()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Tensor([1.0, 2.0], requires_grad=True).backward(), "sum\\(\\) or mean\\(\\) it"),
        (lambda: Tensor([1.0, 2.0], requires_grad=True).backward([1.0]), r"shape \(2,\)"),
        (lambda: Tensor(3.0).backward(), "requires_grad=True"),
        (lambda: (Value(1.0).detach() * 2).backward(), "needs no gradient"),
    ],
)
def test_backward_where_it_can_not_start(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_no_rule_runs_for_a_gradient_that_nobody_asked_for() -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("computed for nothing")

    op = Op("half", lambda x, y: x * y, (lambda g, out, x, y: g * y, refuse))
    x, data = Tensor([1.0], requires_grad=True), Tensor([2.0])
    op(x, data).sum().backward()
    assert x.grad == [2.0]


def test_grad_mode_is_per_thread_and_restored() -> None:
    x = Value(1.0)
    seen = []
    with pytest.raises(KeyError), ag.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * 2).requires_grad))
        thread.start()
        thread.join()
        seen.append((x * 2).requires_grad)
        with ag.enable_grad():
            seen.append((x * 2).requires_grad)
        raise KeyError
    seen.append((x * 2).requires_grad)
    assert seen == [True, False, True, True]

    @ag.no_grad()
    def f(n: int) -> bool:
        return (x * 2).requires_grad if n == 0 else f(n - 1)

    assert not f(3)
    assert ag.is_grad_enabled()


def test_value_and_tensor_in_one_expression() -> None:
    v, t = Value(3.0), Tensor(np.array([1.0, 2.0], np.float32), requires_grad=True)
    for out in (v * t, t * v):
        assert type(out) is Tensor and out.dtype == np.float32
    (v * t + v).sum().backward()
    assert (v.grad, t.grad.tolist()) == (5.0, [3.0, 3.0])
    assert type(v.grad) is float
    assert type(rules.item(t.sum())) is Value
    stacked = ag.stack([v, v * 2])
    (stacked * stacked).sum().backward()
    assert v.grad == 5.0 + 2 * 3 + 2 * 6 * 2


def test_contributions_are_those_of_one_node_to_each_operand() -> None:
    x, y = Value(3.0), Value(4.0)
    out = x * y
    assert list(contributions(out, 2.0)) == [(0, x, 8.0), (1, y, 6.0)]
    parts = [part for _, _, part in contributions(x * x, 1.0)]
    assert parts == [3.0, 3.0] and {*map(type, parts)} == {float}
    assert [arg for _, arg, _ in contributions(x * y.detach(), 1.0)] == [x]
    assert list(contributions(out, 2.0, level=2)) == []
    nodes = [part for _, _, part in contributions(out, Value(2.0), graph=True)]
    assert [part.data for part in nodes] == [8.0, 6.0]
    assert nodes[0].op is rules.mul
