"""Anomaly mode: the operation, its operands and the line in the message."""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
from autograd import Op, Tensor, Value


def test_anomaly_names_op_label_operands_and_line() -> None:
    with ag.detect_anomaly(), np.errstate(all="ignore"):
        x = Value(0.0, label="x")
        with pytest.raises(ag.AnomalyError) as caught:
            x.log()
        message = str(caught.value)
        assert message.startswith("log(x = 0.0) made inf, at ")
        assert "test_anomaly.py" in message and message.endswith(": x.log()")
        t = Tensor([1.0, -1.0], label="t")
        with pytest.raises(ag.AnomalyError, match=r"sqrt\(t = array\(2,\) from -1.0 to 1.0\) ma"):
            ag.sqrt(t)
        with pytest.raises(ag.AnomalyError, match="div"):
            x / 0
    assert x.log().data == -np.inf


def test_anomaly_finds_the_derivative_and_where_it_was_computed() -> None:
    x = Value(0.0, label="x")
    with ag.detect_anomaly():
        y = ag.sqrt(x) * 2
        with pytest.raises(ag.AnomalyError) as caught:
            y.backward()
    message = str(caught.value)
    assert message.startswith("the derivative of sqrt(x = 0.0) for its argument 0 made inf of")
    assert message.endswith(": y = ag.sqrt(x) * 2")
    assert x.grad is None
    y.backward()
    assert x.grad == np.inf


def test_anomaly_looks_at_ops_of_two_operands_too() -> None:
    bad = Op("bad", lambda x, y: x + y, (lambda g, out, x, y: g * np.nan, lambda g, out, x, y: g))
    for kind in (Value, lambda x: Tensor(x, requires_grad=True)):
        with ag.detect_anomaly():
            y = bad(kind(1.0), kind(2.0))
            with pytest.raises(ag.AnomalyError, match="derivative of bad.*argument 0 made nan"):
                y.backward()


def test_anomaly_lets_infinities_of_the_user_pass() -> None:
    with ag.detect_anomaly():
        logits = Tensor([0.0, -np.inf], requires_grad=True)
        assert (logits * 2).data[1] == -np.inf
        out = ag.logsumexp(logits)
        out.backward()
    assert logits.grad.tolist() == [1.0, 0.0]


def test_anomaly_shows_an_array_without_entries_by_its_shape() -> None:
    with ag.detect_anomaly(), np.errstate(all="ignore"):
        t = Tensor(np.empty((0, 2)), label="t")
        with pytest.raises(ag.AnomalyError, match=r"first\(t = array\(0, 2\)\) made nan"):
            Op("first", lambda x: np.array([np.nan]), ((lambda g, out, x: g),))(t)
