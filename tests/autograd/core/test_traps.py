"""What goes wrong easily, and went wrong elsewhere, where no other file of tests holds it."""

from __future__ import annotations

import copy
import inspect
import math
import operator
import pickle
import subprocess
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Op, Tensor, Value
from autograd.core import rules

kinds = pytest.mark.parametrize("kind", [Value, Tensor])


def leaf(x: float, kind: type) -> Any:
    return Value(x) if kind is Value else Tensor(x, requires_grad=True)


# --- nothing falls off the tape -------------------------------------------------------------------

OPERATORS: list[Callable[..., Any]] = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    operator.pow, operator.iadd, operator.imul,
    lambda x, y: divmod(x, y)[0], lambda x, y: divmod(x, y)[1],
]  # fmt: skip


@kinds
@pytest.mark.parametrize("op", OPERATORS)
def test_operators_are_recorded_on_either_side(op: Callable[..., Any], kind: type) -> None:
    for other in (2.5, 2, np.float64(2.5), Value(2.5), Tensor(2.5)):
        for swapped in (False, True):
            x = leaf(3.0, kind) * 1.0  # no leaf: an augmented assignment makes a new node
            out = op(other, x) if swapped else op(x, other)
            assert type(out) is (kind if not isinstance(other, Tensor) else Tensor)
            assert out.requires_grad and any(arg is x for arg in out.args)
            out.backward()


@kinds
def test_other_operators_are_recorded(kind: type) -> None:
    for op in (operator.neg, operator.pos, abs, round, math.floor, math.ceil, math.trunc):
        x = leaf(3.0, kind)
        out = op(x)
        assert type(out) is kind and out.requires_grad
        out.backward()
        assert x.grad is not None


NOT_DIFFERENTIATED = {
    "accumulate", "check_operands", "constant", "describe", "fit", "leaves_graph", "mark_changed",
    "note", "operands", "position", "seed", "stale",  # what the engine itself calls
    "backward", "detach", "item", "numpy", "register_hook", "requires_grad_", "retain_grad",
    "tolist", "argpartition", "argsort", "nonzero", "searchsorted",
    "fill", "partition", "resize", "sort",  # what changes an array in place
}  # fmt: skip


@kinds
def test_methods_are_the_functions_that_are_tested(kind: type) -> None:
    known = [x for module in (ag, ag.linalg, rules) for x in vars(module).values()]
    functions = [x for x in known if isinstance(x, (Op, types.FunctionType))]
    own = (
        {"astype", "compress", "reshape", "transpose", "flatten", "to"} if kind is Tensor else set()
    )
    for name in dir(kind):
        method = inspect.getattr_static(kind, name)
        if not name.startswith("_") and callable(method) and not isinstance(method, type):
            assert method in functions or name in NOT_DIFFERENTIATED | own, name
    t = Tensor(np.ones((2, 3)), requires_grad=True)
    for out in (
        t.astype(np.float32), t.reshape(3, 2), t.transpose(1, 0), t.T, t.flatten(), t[0],
        t.to(np.copy),
    ):  # fmt: skip
        assert out.requires_grad and out.args[0] is t


# --- numbers keep their type ----------------------------------------------------------------------


@pytest.mark.parametrize("op", OPERATORS[:7])
def test_python_scalars_leave_float32_alone(op: Callable[..., Any]) -> None:
    for scalar in (2, 2.5, True, np.float32(2.5), np.ones(2, np.float32)):
        for swapped in (False, True):
            t = Tensor(np.array([1.5, 3.0], np.float32), requires_grad=True)
            out = op(scalar, t) if swapped else op(t, scalar)
            out.sum().backward()
            assert out.dtype == t.grad.dtype == np.float32


# --- gradients ------------------------------------------------------------------------------------


@kinds
def test_no_gradient_before_or_beside_a_pass(kind: type) -> None:
    x, y = leaf(1.0, kind), leaf(2.0, kind)
    out = x * 0
    z = y * 3
    assert x.grad is None and z.grad is None
    out.backward()
    assert x.grad == 0.0  # a zero is a gradient
    assert y.grad is None and z.grad is None


def test_new_work_on_a_shared_node_after_a_pass() -> None:
    x = Tensor([2.0, 3.0], requires_grad=True)
    h = x * 3
    h.sum().backward()
    (h * h).sum().backward()
    assert x.grad.tolist() == [3 + 2 * 6 * 3, 3 + 2 * 9 * 3]


def test_an_index_out_of_range_is_an_error() -> None:
    t = Tensor(np.arange(3.0), requires_grad=True)
    for use in (
        lambda: t[3],
        lambda: t[-4],
        lambda: t[[0, 3]],
        lambda: t[(np.array([3]),)],
        lambda: t[0, 0],
        lambda: t[np.array([True, False])],
        lambda: ag.take(t, 3),
        lambda: ag.take(t, [-4], axis=0),
        lambda: ag.take_along_axis(t, np.array([3]), 0),
        lambda: ag.partition(t, 3),
    ):
        with pytest.raises((IndexError, ValueError), match="out of bounds|too many|boolean"):
            use()


@pytest.mark.parametrize(
    "x", [Value(1.0), Tensor(1.0, requires_grad=True), Tensor([1.0, 2.0], requires_grad=True)]
)
def test_arrays_filled_by_assignment_name_what_joins_nodes(x: Any) -> None:
    array = np.zeros(2)

    def assign(index: Any) -> None:
        array[index] = x

    for use in (lambda: assign(0), lambda: assign(...), lambda: np.array([x, x])):
        with pytest.raises((TypeError, ValueError)) as caught:
            use()
        hint = caught.value.__cause__ or caught.value  # NumPy may complain of our complaint
        assert isinstance(hint, TypeError) and "stack" in str(hint)
    assert array.tolist() == [0.0, 0.0]


@kinds
def test_stacked_nodes_stay_connected(kind: type) -> None:
    x = leaf(2.0, kind)
    (ag.stack([x, x * x]) * [10.0, 1.0]).sum().backward()
    assert x.grad == 10.0 + 4.0


def test_an_array_is_never_multiplied_in_place_by_a_node() -> None:
    array = before = np.ones(2)
    for t in (Tensor([2.0, 3.0], requires_grad=True), Tensor([2.0, 3.0])):
        with pytest.raises(TypeError, match="no option 'out'"):
            array *= t
    assert array is before and array.tolist() == [1.0, 1.0]


# --- nets -----------------------------------------------------------------------------------------


def outputs(model: nn.Module) -> Any:
    x = [0.5, -1.0, 2.0]
    return ag.stack(model(x)) if isinstance(model, nn.scalar.MLP) else model(np.array([x]))


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize("make", [nn.MLP, nn.scalar.MLP])
def test_models_are_copied_and_pickled_whole(make: Any, again: Any) -> None:
    model = make(3, [4, 2], rng=0)
    other = again(model)
    before = outputs(model).data
    np.testing.assert_array_equal(outputs(other).data, before)  # bit for bit
    outputs(other).sum().backward()
    assert all(p.grad is not None for p in other.parameters())
    assert all(p.grad is None for p in model.parameters())
    optimizer = nn.SGD(other.parameters(), lr=0.1)
    optimizer.step()
    np.testing.assert_array_equal(outputs(model).data, before)
    assert not np.array_equal(outputs(other).data, before)
    assert not set(map(id, model.parameters())) & set(map(id, other.parameters()))


@pytest.mark.parametrize("kind", [Value, nn.Parameter])
@pytest.mark.parametrize(
    ("optimizer", "options", "wanted"),
    [
        (nn.Adam, {}, [1.09999999975, 1.19983351388, 1.29937660795]),
        (nn.AdamW, {"weight_decay": 0.1}, [1.08999999975, 1.17895355323, 1.26676596733]),
    ],
)
def test_adams_numbers(optimizer: Any, options: Any, wanted: list[float], kind: type) -> None:
    w = kind(1.0)
    steps = optimizer([w], lr=0.1, **options)
    for number in wanted:
        steps.zero_grad()
        ((w - 3) ** 2).backward()
        steps.step()
        assert w.item() == pytest.approx(number, abs=1e-11)


class Remembering(nn.Module):
    """The identity, times a weight that is right already."""

    def __init__(self) -> None:
        self.w = nn.Parameter(1.0)
        self.seen: list[float] = []

    def forward(self, x: Any) -> Tensor:
        self.seen += np.ravel(x).tolist()
        return x * self.w


class Counting(nn.SGD):
    """How many steps it takes."""

    steps = 0

    def step(self) -> None:
        self.steps += 1
        super().step()


def test_every_batch_is_trained_on_also_a_short_one_without_loss() -> None:
    model = Remembering()
    optimizer = Counting(model.parameters(), lr=0.1)
    x = np.arange(10.0)[:, None]
    history = nn.fit(model, nn.Dataset(x, x), loss=nn.mse_loss, optimizer=optimizer, epochs=1,
                     batch_size=4, seed=0, progress=False)  # fmt: skip
    assert optimizer.steps == 3 and history.step_loss == [0.0, 0.0, 0.0]
    assert sorted(model.seen) == x[:, 0].tolist()
    assert model.w.grad is None


@pytest.mark.parametrize(
    "name", ["mse_loss", "l1_loss", "huber_loss", "hinge_loss", "binary_cross_entropy_with_logits"]
)
def test_losses_do_not_broadcast(name: str) -> None:
    for shapes in (((3,), (3, 1)), ((3, 1), (3,)), ((3,), ()), ((3, 1), (3, 3))):
        x, y = (np.ones(shape) for shape in shapes)
        with pytest.raises(ValueError, match="one shape") as caught:
            getattr(nn.losses, name)(Tensor(x, requires_grad=True), y)
        assert all(str(shape) in str(caught.value) for shape in shapes)


def test_cross_entropy_says_that_it_takes_logits() -> None:
    assert next(iter(inspect.signature(nn.cross_entropy).parameters)) == "logits"
    assert "no softmax" in inspect.cleandoc(nn.cross_entropy.__doc__ or "")


def test_dropout_keeps_the_mean_and_stops_at_evaluation() -> None:
    model = nn.Sequential(nn.Dropout(0.3, rng=0))
    x = Tensor(np.ones(100_000, np.float32), requires_grad=True)
    out = model(x)
    assert out.mean().item() == pytest.approx(1, abs=0.01)
    assert set(np.unique(out.data)) == {np.float32(0), np.float32(1 / 0.7)}
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, out.data)  # the same ones, scaled the same
    model.eval()
    assert model(x) is x


# --- a bare machine -------------------------------------------------------------------------------

BARE = """
import sys
for name in ("matplotlib", "sklearn", "pooch", "PIL", "torch", "graphviz", "pytest"):
    sys.modules[name] = None
import numpy as np
import autograd as ag
import nn
x = np.eye(4, dtype=np.float32)
model = nn.MLP(4, [8, 4], rng=0)
nn.fit(model, nn.Dataset(x, np.arange(4)), loss=nn.cross_entropy, epochs=30, seed=0,
       optimizer=nn.Adam(model.parameters(), lr=0.1), progress=False)
print(nn.accuracy(model(x), np.arange(4)), ag.draw(ag.Value(2.0, "x") * 3).text.count("x"))
"""


def test_nothing_optional_is_needed() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", BARE],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "1.0 2\n" and not run.stderr
