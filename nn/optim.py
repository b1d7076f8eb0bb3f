"""Optimisers: how parameters follow their gradients. They take `Tensor` and `Value` parameters."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import Value
from autograd.node import Data, Node
from autograd.tensor import Tensor

State = dict[str, Any]


class Optimizer:
    """What all optimisers share. A subclass defines `update`, for one array.

    Args:
        parameters: leaves that require gradients; each is changed in place.
        lr: the learning rate.

    Raises:
        ValueError: there are no parameters, one is listed twice, or one needs no gradient.
    """

    def __init__(self, parameters: Iterable[Any], lr: float) -> None:
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError("the optimizer got no parameters; pass model.parameters()")
        if len({id(p) for p in self.parameters}) < len(self.parameters):
            raise ValueError("the optimizer got a parameter twice")
        for p in self.parameters:
            if not isinstance(p, Node):
                raise TypeError(f"a parameter is a Tensor or a Value, but got {type(p).__name__}")
            if p.op is not None or not p.level:
                raise ValueError(f"{p.describe()} is no leaf that requires a gradient")
        if lr < 0:
            raise ValueError(f"the learning rate must not be negative, but is {lr}")
        self.lr = lr
        self.tensors = [p for p in self.parameters if isinstance(p, Tensor)]
        self.values = [p for p in self.parameters if isinstance(p, Value)]
        self.states: list[State] = [{} for _ in self.tensors]
        self.value_state: State = {}
        self._stepped = self._warned = False

    def update(self, data: Data, grad: Data, state: State) -> None:
        """Change `data` in place. `state` is this array's own, empty at first."""
        raise TypeError(f"{type(self).__name__} defines no update()")

    def step(self) -> None:
        """Move every parameter that has a gradient.

        Warns once if no `zero_grad()` came since the last step: gradients add up.
        """
        if self._stepped and not self._warned:
            self._warned = True
            warnings.warn(
                "step() again without zero_grad() since the last one: the gradients of both "
                "steps have been added up",
                stacklevel=2,
            )
        self._stepped = True
        for p, state in zip(self.tensors, self.states):
            if p.grad is not None:
                self.update(p._data, p.grad, state)
                p._replace(p._data)
        if self.values:
            self._step_values()

    def _step_values(self) -> None:
        """All `Value` parameters as one array, so that each rule is written once."""
        idle = [i for i, p in enumerate(self.values) if p.grad is None]
        before = {k: x.copy() for k, x in self.value_state.items() if isinstance(x, np.ndarray)}
        data = np.array([p._data for p in self.values])
        grad = np.array([0.0 if p.grad is None else p.grad for p in self.values])
        self.update(data, grad, self.value_state)
        for i in idle:
            data[i] = self.values[i]._data
            for k, x in before.items():
                self.value_state[k][i] = x[i]
        for p, x in zip(self.values, data.tolist()):
            p.data = x

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        self._stepped = False
        for p in self.parameters:
            p.grad = None


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum as in PyTorch.

    g = grad + weight_decay * p;  v = momentum * v + g;  p -= lr * v  (v starts as the first g),
    or with `nesterov` p -= lr * (g + momentum * v) (Sutskever et al. 2013, in PyTorch's form).

    >>> w = Value(1.0)
    >>> optimizer = SGD([w], lr=0.1)
    >>> ((w - 3) ** 2).backward()
    >>> optimizer.step()
    >>> round(w.data, 12)
    1.4
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        if nesterov and not momentum:
            raise ValueError("nesterov needs a momentum greater than 0")
        self.momentum, self.weight_decay, self.nesterov = momentum, weight_decay, nesterov

    def update(self, data: Data, grad: Data, state: State) -> None:
        step = state.setdefault("step", None)
        if step is None:
            step = state["step"] = np.empty_like(data)
        if self.weight_decay:
            np.multiply(data, self.weight_decay, out=step)
            step += grad
            grad = step
        if self.momentum:
            if "velocity" not in state:
                state["velocity"] = np.copy(grad)
            else:
                state["velocity"] *= self.momentum
                state["velocity"] += grad
            if self.nesterov:
                grad = grad + self.momentum * state["velocity"]
            else:
                grad = state["velocity"]
        np.multiply(grad, self.lr, out=step)
        data -= step
