"""Hooks, and leaves that choose whether they require a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, Value


def test_hooks_see_and_change_gradients() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    seen = []
    remove_first = y.register_hook(lambda g: seen.append(g.tolist()))
    remove = y.register_hook(lambda g: 10 * g)
    y.sum().backward()
    assert seen == [[1.0, 1.0]] and x.grad.tolist() == [30.0, 30.0]
    remove()
    remove_first()
    x.grad = None
    y.sum().backward()
    assert seen == [[1.0, 1.0]] and x.grad.tolist() == [3.0, 3.0]
    x.register_hook(lambda g: g[:1])
    with pytest.raises(ValueError, match=r"hook .* from \(2,\) to \(1,\)"):
        y.sum().backward()
    v = Value(2.0)
    v.register_hook(lambda g: -g)
    (v * 3).backward()
    assert v.grad == -3.0


def test_what_hooks_make_of_a_values_gradient_is_a_float() -> None:
    x = Value(3.0)
    x.register_hook(lambda g: np.float64(2.0) * g)
    for total in (12.0, 24.0):
        (x * x).backward()
        assert x.grad == total and type(x.grad) is float


def test_hooks_stay_differentiable() -> None:
    def f(x: Any) -> Any:
        y = x**3
        y.register_hook(lambda g: 2 * g)
        return y

    assert ag.grad(f)(2.0) == 24.0 and ag.grad(ag.grad(f))(2.0) == 24.0


def test_leaves_choose_whether_they_require_a_gradient() -> None:
    w = Tensor([1.0])
    assert w.requires_grad_() is w and (w * 2).requires_grad
    assert not (w.requires_grad_(False) * 2).requires_grad
    v = Value(1.0).requires_grad_(False)
    assert not (v * 2).requires_grad
    with pytest.raises(ValueError, match="computed by mul"):
        (Value(1.0) * 2).requires_grad_(False)
    with pytest.raises(TypeError, match="floating-point"):
        Tensor([1]).requires_grad_()


def test_constants_stop_gradients() -> None:
    x = Value(3.0)
    (x * x.detach() + ag.stop_gradient(x)).backward()
    assert x.grad == 3.0
    assert ag.grad(lambda x: x * ag.stop_gradient(x))(3.0) == 3.0
    assert ag.grad(ag.grad(lambda x: x * ag.stop_gradient(x * x)))(3.0) == 0.0
    assert ag.stop_gradient(2.0) == 2.0
