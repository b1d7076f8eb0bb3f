"""What a graph is made of: ops that users write, and nodes that say how they were made."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Op, Tensor, Value
from autograd.core.node import Node
from autograd.draw.graph.snapshot import keeps_grad

TWO_RULES = (lambda g, out, x, y: g, lambda g, out, x, y: -g)


def test_ops_are_of_no_kind_unless_they_say_so() -> None:
    kinds = "broadcasts", "analytic", "elementwise"
    assert not any(getattr(Op("op", abs, (None,)), kind) for kind in kinds)
    for kind in kinds:
        op = Op("op", abs, (None,), **{kind: True})  # type: ignore[arg-type]
        assert [bool(getattr(op, other)) for other in kinds] == [other == kind for other in kinds]


def test_an_op_knows_its_arity() -> None:
    less = Op("less", lambda x, y: x - y, TWO_RULES)
    assert less(Value(3.0), 1.0).data == 2.0
    for operands in ((Value(1.0),), (Value(1.0), 2.0, 3.0)):
        with pytest.raises(TypeError, match=f"less takes 2 operands, got {len(operands)}"):
            less(*operands)


@pytest.mark.parametrize("x", [1.5, np.ones(2), Value(1.5), Tensor([1.5])], ids=repr)
def test_an_op_names_itself_where_a_call_does_not_fit(x: Any) -> None:
    for call, message in (
        (lambda: ag.add(), "add takes 2 operands, got 0"),
        (lambda: ag.divide(x), "divide takes 2 operands, got 1"),
        (lambda: ag.log(x, 2.0), "log takes 1 operand, got 2"),  # math.log has a base
        (lambda: ag.hypot(x), "hypot takes 2 operands, got 1"),  # math.hypot takes any number
        (lambda: ag.hypot(x, x, x), "hypot takes 2 operands, got 3"),
        (lambda: ag.arctan2(x), "arctan2 takes 2 operands, got 1"),
        (lambda: ag.multiply(x, x, axis=0), "multiply has no option 'axis' here; leave it out"),
        (lambda: ag.subtract(x), "subtract takes 2 operands, got 1"),
        (lambda: ag.power(), "power takes 2 operands, got 0"),
        (lambda: ag.negative(x, x), "negative takes 1 operand, got 2"),
        (lambda: ag.sin(x, out=None), "sin has no option 'out' here; leave it out"),
    ):
        with pytest.raises(TypeError, match=f"^{message}$"):
            call()


def test_an_op_broadcasts_if_it_says_so() -> None:
    x, y = Tensor(np.ones((2, 3)), requires_grad=True), Tensor(np.ones(3), requires_grad=True)
    Op("less", lambda x, y: x - y, TWO_RULES, broadcasts=True)(x, y).sum().backward()
    assert y.grad.tolist() == [-2.0, -2.0, -2.0]
    out = Op("less", lambda x, y: x - y, TWO_RULES)(x, y)
    with pytest.raises(ValueError, match=r"derivative of less has shape \(2, 3\).* shape \(3,\)"):
        out.sum().backward()


def test_the_steps_that_check_an_analytic_op_are_complex() -> None:
    seen = set()

    def forward(x: np.ndarray) -> np.ndarray:
        seen.add(x.dtype.kind)
        return x * x

    for analytic, kinds in (False, {"f"}), (True, {"c", "f"}):
        seen.clear()
        square = Op("square", forward, (lambda g, out, x: 2 * g * x,), analytic=analytic)
        ag.check_gradients(square, np.array([1.0, 2.0]))
        assert seen == kinds


def test_an_op_is_pickled_by_the_name_that_its_module_has_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    twice = Op("twice", lambda x: 2 * x, (lambda g, out, x: 2 * g,))
    monkeypatch.setitem(globals(), "twice", twice)
    assert pickle.loads(pickle.dumps(twice)) is twice


def test_an_op_is_a_method_of_nodes_alone() -> None:
    assert Value.exp is ag.exp
    assert Value(0.0).exp().data == 1.0


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_a_node_says_how_it_was_made(kind: type[Node]) -> None:
    x = kind(2.0).requires_grad_()
    assert x.operands == ()
    for made, operands in ((x - 1.0, (x, 1.0)), (1.0 - x, (1.0, x)), (ag.exp(x), (x,))):
        assert all(a is b or a == b for a, b in zip(made.operands, operands, strict=True))
        assert made.kwargs == {}
    condition, first, second = ag.where(True, x, 3.0).operands
    assert condition is True and first is x and second == 3.0
    assert ag.sum(Tensor([[1.0]], requires_grad=True), axis=0).kwargs["axis"] == 0


def test_what_is_made_of_constants_alone_remembers_nothing() -> None:
    out = Tensor([1.0]) * 2
    assert out.op is None and out.args == ()


def test_leaves_share_what_says_that_nothing_made_them() -> None:
    """A tuple for each would take half as much memory again."""
    x, y = Value(1.0), Tensor([1.0])
    assert x._made is y._made and x.args == x.saved == () and not x.kwargs


def test_operations_of_any_number_of_operands_are_checked_only_if_they_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To look at their signature takes as long as to join two short arrays."""
    monkeypatch.setattr(Op, "check_call", None)
    assert ag.concatenate([Tensor([1.0]), Tensor([2.0])]).tolist() == [1.0, 2.0]


def test_nodes_say_whether_a_backward_pass_leaves_a_gradient_on_them() -> None:
    t = Tensor([1.0, 2.0], requires_grad=True)
    labelled, kept, v = t * 2, t * 3, Value(1.0) * 2
    labelled.label = "no request"
    kept.retain_grad()
    assert keeps_grad(t) and keeps_grad(v) and keeps_grad(kept)
    assert not keeps_grad(t * 2) and not keeps_grad(labelled)


def test_conditions_are_no_numbers_to_a_value() -> None:
    x = Value(2.0)
    out = ag.where(np.array([True, False, True]), x, 0.0)
    assert out.tolist() == [2.0, 0.0, 2.0]
    out.sum().backward()
    assert x.grad == 2.0


LABELLED = {
    "Value": lambda label: Value(1.0, label=label),
    "Tensor": lambda label: Tensor([1.0], label=label),
    "from_numpy": lambda label: ag.from_numpy(np.ones(1), label=label),
    "Parameter": lambda label: nn.Parameter([1.0], label=label),
    "Buffer": lambda label: nn.module.Buffer([1.0], label=label),
    "leaf": lambda label: setattr(Value(1.0), "label", label),
    "computed": lambda label: setattr(Tensor([1.0], requires_grad=True) * 2, "label", label),
}


@pytest.mark.parametrize("make", LABELLED)
@pytest.mark.parametrize("label", [5, True, b"x", ["x"], str], ids=repr)
def test_a_label_is_a_string(make: str, label: Any) -> None:
    with pytest.raises(TypeError, match="label must be a str, but got"):
        LABELLED[make](label)
    LABELLED[make](np.str_("x"))
    LABELLED[make](None)


def test_a_refused_label_changes_nothing() -> None:
    x = Value(1.0, label="x")
    with pytest.raises(TypeError, match="label must be a str, but got 5"):
        x.label = 5  # type: ignore[assignment]
    assert x.label == "x"
    x.label = None
    assert x.label is None


@pytest.mark.parametrize("flag", ["yes", None, 2, 0.5, [True]], ids=repr)
def test_requires_grad_is_true_or_false(flag: Any) -> None:
    for make in (
        lambda: Tensor([1.0], requires_grad=flag),
        lambda: ag.from_numpy(np.ones(1), flag),
        lambda: nn.Parameter([1.0], flag),
        lambda: Tensor([1.0]).requires_grad_(flag),
        lambda: Value(1.0).requires_grad_(flag),
    ):
        with pytest.raises(TypeError, match="requires_grad must be True or False, but got"):
            make()
    assert Tensor([1.0], requires_grad=np.True_).requires_grad


@pytest.mark.parametrize("mode", [ag.enable_grad, ag.no_grad])
def test_operands_keep_their_order_on_every_way_of_recording(mode: Any) -> None:
    v, t, array = Value(8.0), Tensor([2.0, 4.0], requires_grad=True), np.array([2.0, 4.0])
    with mode():
        assert (v - 3.0).data == 5.0 and (3.0 - v).data == -5.0
        assert (v - t).data.tolist() == [6.0, 4.0] and (t - v).data.tolist() == [-6.0, -4.0]
        assert (t - 1).data.tolist() == [1.0, 3.0] and (1 - t).data.tolist() == [-1.0, -3.0]
        assert v.__sub__(array).data.tolist() == [6.0, 4.0]
        assert v.__rsub__(array).data.tolist() == [-6.0, -4.0]
        assert v.__sub__(t).data.tolist() == [6.0, 4.0]
        assert v.__rsub__(t).data.tolist() == [-6.0, -4.0]


def test_errors_of_forward_functions_come_out() -> None:
    def forward(x: Any) -> Any:
        raise TypeError("not today")

    with pytest.raises(TypeError, match="not today"):
        Op("op", forward, (None,))(Value(1.0))
    with pytest.raises(ValueError, match=r"add of shapes \(2,\) and \(3,\)"):
        ag.add(Tensor([1.0, 2.0]), Tensor([1.0, 2.0, 3.0]))
