"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd.core.array_libraries import copy_array
from autograd.core.op import Data

from .optimizer import Optimizer, decayed
from .squares import State


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum as in PyTorch.

    g = grad + weight_decay p;  v = momentum v + g;  p -= lr v, where v starts as the first g;
    with `nesterov`, p -= lr (g + momentum v) (Sutskever et al. 2013, in PyTorch's form).

    >>> from autograd import Value
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
        lr: float = 1e-3,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr=lr, momentum=momentum, weight_decay=weight_decay, nesterov=nesterov
        )

    def check(self, lr: float, **options: Any) -> dict[str, Any]:
        checked = super().check(lr, **options)
        if checked["nesterov"] and not checked["momentum"]:
            raise ValueError("nesterov needs a momentum greater than 0")
        return checked

    def update(
        self,
        p: Data,
        g: Data,
        state: State,
        *,
        lr: float,
        momentum: float,
        weight_decay: float,
        nesterov: bool,
    ) -> Data:
        room = self.scratch(p)
        g = decayed(g, p, weight_decay, room)
        if momentum:
            if "velocity" not in state:
                state["velocity"] = copy_array(g)
            else:
                state["velocity"] *= momentum
                state["velocity"] += g
            if nesterov:
                # mutants 1: any number but 0
                ahead = np.multiply(state["velocity"], momentum, out=self.scratch(p, 1))
                ahead += g
                g = ahead
            else:
                g = state["velocity"]
        p -= np.multiply(g, lr, out=room)
        return p
