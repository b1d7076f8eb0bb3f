"""Optimisers: how parameters follow their gradients. They take `Tensor` and `Value` parameters.

Each is one class with one method, `update`, that changes an array in place and allocates nothing
after the first step. Where arrays of another library can't be changed in place, the same lines make
new ones. All `Value` parameters of a group are updated together, as one array.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from autograd import Tensor, Value
from autograd.node import Data, Node
from autograd.places import copied, is_numpys, maker_like

from .module import is_parameter

State: TypeAlias = dict[str, Any]  # of one array: further arrays of its shape, and counters


class Group:
    """Parameters that share their options: learning rate, weight decay and so on."""

    def __init__(self, params: Iterable[Any], options: Mapping[str, Any]) -> None:
        self.params = list(params)
        self.options = dict(options)
        self.initial_lr: float | None = None  # noted by the first schedule
        for p in self.params:
            if not isinstance(p, Node):
                raise TypeError(f"a parameter is a Tensor or a Value, but got {type(p).__name__}")
            if p.op is not None or not (p.level or is_parameter(p)):  # it may be frozen
                raise ValueError(f"{p.describe()} is no leaf that requires a gradient")
        self.tensors = [p for p in self.params if isinstance(p, Tensor)]
        self.values = [p for p in self.params if isinstance(p, Value)]
        self.states: list[State] = [{} for _ in self.tensors]
        self.value_state: State = {}
        self.kinds = [type(p._data) for p in self.tensors]  # of arrays, which the states have too

    def follow(self, i: int) -> None:
        """Move the i-th tensor's state to where the tensor has gone."""
        p = self.tensors[i]
        self.kinds[i], make = type(p._data), maker_like(p._data)
        self.states[i] = {k: make(x) if is_array(x) else x for k, x in self.states[i].items()}


def is_array(x: Any) -> bool:
    return hasattr(x, "__array_function__")  # no plain number of NumPy's


class Optimizer:
    """What all optimisers share. A subclass defines `update`.

    Args:
        parameters: leaves that require gradients, changed in place; or groups of them with
            options of their own: `[{"params": [w], "lr": 0.1}, {"params": [b]}]`.
        options: the options of all groups that do not say otherwise; `lr` is the learning rate.

    Raises:
        ValueError: there are no parameters, one is listed twice or needs no gradient, or an
            option is out of range.
        TypeError: something is no parameter, or an option has no meaning here.
    """

    def __init__(self, parameters: Iterable[Any], **options: Any) -> None:
        listed = list(parameters)
        self.defaults = options
        self.groups: list[Group] = []
        for group in listed if listed and isinstance(listed[0], dict) else [{"params": listed}]:
            own = {key: x for key, x in group.items() if key != "params"}
            if unknown := own.keys() - options.keys():
                raise TypeError(f"{type(self).__name__} has no option {', '.join(sorted(unknown))}")
            self.check(**(options | own))
            self.groups.append(Group(group["params"], options | own))
        everything = self.parameters()
        if not everything:
            raise ValueError("the optimizer got no parameters; pass model.parameters()")
        if len({id(p) for p in everything}) < len(everything):
            raise ValueError("the optimizer got a parameter twice")
        self._scratch: dict[Any, Data] = {}
        self._stepped = self._warned = False

    def check(self, lr: float, **options: Any) -> None:
        """Refuse options that are out of range."""
        for name, x in (("lr", lr), *options.items()):
            if isinstance(x, (int, float)) and not 0 <= x < math.inf:
                raise ValueError(f"{name} must be at least 0 and finite, but is {x}")
        for beta in options.get("betas", ()):
            if not 0 <= beta < 1:
                raise ValueError(f"betas must be at least 0 and below 1, but one is {beta}")

    def parameters(self) -> list[Any]:
        """All parameters of all groups."""
        return [p for group in self.groups for p in group.params]

    @property
    def lr(self) -> float:
        """The learning rate, of the first group if there are several. Setting it sets all."""
        return self.groups[0].options["lr"]

    @lr.setter
    def lr(self, lr: float) -> None:
        for group in self.groups:
            group.options["lr"] = lr

    # `*args` is never passed: it lets the type checker accept subclasses that name their options.
    def update(self, p: Data, g: Data, state: State, *args: Any, **options: Any) -> Data:
        """Change the array `p` in place, as far as that is possible, and return it.

        `state` is its own, and empty at first. `p -= step; return p` serves arrays that can't be
        changed too, as `p` is a new one then; what is kept in `state` is put there again. Nothing
        returned stands for `p`.
        """
        raise TypeError(f"{type(self).__name__} defines no update()")

    def scratch(self, like: Data, which: int = 0) -> Data:
        """An array of the shape and dtype of `like`, to overwrite: the same one every time.

        For other libraries' arrays it is `None`: then NumPy's functions make their `out=` anew.
        """
        key = (type(like), like.shape, like.dtype, which)
        if key not in self._scratch:
            self._scratch[key] = np.empty_like(like) if is_numpys(like) else None
        return self._scratch[key]

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
        for group in self.groups:
            for p in group.tensors:
                g = p.grad
                if g is not None and type(g) is not type(p._data):
                    p.grad = maker_like(p._data)(g)  # a plan, and of parameters as they still are
        for group in self.groups:
            kinds, states, options = group.kinds, group.states, group.options
            for i, p in enumerate(group.tensors):
                data, g = p._data, p.grad
                if g is not None:
                    if kinds[i] is not type(data):
                        group.follow(i)
                    new = self.update(data, g, states[i], **options)
                    if new is data or new is None:
                        p.mark_changed()
                    else:
                        p._replace(new)
            if any(p.grad is not None for p in group.values):
                self._step_values(group)

    def _step_values(self, group: Group) -> None:
        """All `Value` parameters as one array; those without a gradient stay as they are."""
        values, state = group.values, group.value_state
        idle = [i for i, p in enumerate(values) if p.grad is None]
        before = {k: x.copy() for k, x in state.items() if idle and is_array(x)}
        data = np.array([p._data for p in values])
        grad = np.array([0.0 if p.grad is None else p.grad for p in values])
        new = self.update(data, grad, state, **group.options)
        data = data if new is None else new
        for i in idle:
            data[i] = values[i]._data
            for k, x in before.items():
                state[k][i] = x[i]
        for p, x in zip(values, data.tolist()):
            p.data = x

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        self._stepped = False
        for group in self.groups:
            for p in group.params:
                p.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Options and state of all groups, copied, to continue from: see `load_state_dict`."""
        return {
            "groups": [
                {
                    "options": dict(group.options),
                    "states": [
                        {k: copied(x) if is_array(x) else x for k, x in s.items()}
                        for s in (*group.states, group.value_state)
                    ],
                }
                for group in self.groups
            ]
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where an optimiser of the same form was.

        Raises:
            ValueError: the groups or the parameters in them are not as many, or of other shapes;
                nothing is changed then.
        """
        groups: Sequence[Any] = state["groups"]
        if [len(g["states"]) for g in groups] != [len(g.states) + 1 for g in self.groups]:
            raise ValueError("this optimizer state belongs to other parameters: not as many")
        for saved, group in zip(groups, self.groups):
            if saved["options"].keys() != group.options.keys():
                raise ValueError(
                    f"this state has options {sorted(saved['options'])}, "
                    f"but {type(self).__name__} has {sorted(group.options)}"
                )
            count = len(group.values)
            wanted = [(p.shape, f"a {p.describe()}") for p in group.tensors]
            for s, (shape, what) in zip(saved["states"], [*wanted, ((count,), f"{count} Values")]):
                for k, x in s.items():
                    if is_array(x) and x.shape != shape:
                        raise ValueError(f"{k} has shape {x.shape} for {what}")
        for saved, group in zip(groups, self.groups):
            group.options = dict(saved["options"])
            *group.states, group.value_state = (
                {k: copied(x) if is_array(x) else x for k, x in s.items()} for s in saved["states"]
            )
            for i in range(len(group.tensors)):
                group.follow(i)

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={x!r}" for k, x in self.groups[0].options.items())
        return f"{type(self).__name__}({len(self.parameters())} parameters, {options})"


def decayed(g: Data, p: Data, weight_decay: float, scratch: Data) -> Data:
    """The gradient with that of `weight_decay / 2 * p**2` added."""
    if not weight_decay:
        return g
    decay = np.multiply(p, weight_decay, out=scratch)
    decay += g
    return decay


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum as in PyTorch.

    g = grad + weight_decay p;  v = momentum v + g;  p -= lr v, where v starts as the first g;
    with `nesterov`, p -= lr (g + momentum v) (Sutskever et al. 2013, in PyTorch's form).

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
        if nesterov and not momentum:
            raise ValueError("nesterov needs a momentum greater than 0")
        super().__init__(
            parameters, lr=lr, momentum=momentum, weight_decay=weight_decay, nesterov=nesterov
        )

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
                state["velocity"] = copied(g)
            else:
                state["velocity"] *= momentum
                state["velocity"] += g
            if nesterov:
                ahead = np.multiply(state["velocity"], momentum, out=self.scratch(p, 1))
                ahead += g
                g = ahead
            else:
                g = state["velocity"]
        p -= np.multiply(g, lr, out=room)
        return p


class Adagrad(Optimizer):
    """A step size for each entry that shrinks with the gradients it has seen (Duchi et al. 2011).

    s += g^2;  p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )

    def update(
        self,
        p: Data,
        g: Data,
        state: State,
        *,
        lr: float,
        lr_decay: float,
        weight_decay: float,
        initial_accumulator_value: float,
        eps: float,
    ) -> Data:
        if not state:
            state |= {"t": 0, "squares": np.full_like(p, initial_accumulator_value)}
        state["t"] += 1
        g = decayed(g, p, weight_decay, self.scratch(p))
        room = self.scratch(p, 1)
        state["squares"] += np.multiply(g, g, out=room)
        step = np.sqrt(state["squares"], out=room)
        step += eps
        step = np.divide(g, step, out=room)
        step *= lr / (1 + (state["t"] - 1) * lr_decay)
        p -= step
        return p


class RMSprop(Optimizer):
    """Gradients over their running root mean square (Tieleman & Hinton 2012, lecture 6.5).

    s = alpha s + (1 - alpha) g^2;  d = sqrt(s) + eps, or with `centered` sqrt(s - m^2) + eps where
    m is the running mean of g (Graves 2013);  v = momentum v + g / d;  p -= lr v
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
        )

    def update(
        self,
        p: Data,
        g: Data,
        state: State,
        *,
        lr: float,
        alpha: float,
        eps: float,
        weight_decay: float,
        momentum: float,
        centered: bool,
    ) -> Data:
        if not state:
            state |= {"squares": np.zeros_like(p), "mean": np.zeros_like(p)}
            state["velocity"] = np.zeros_like(p)
        g = decayed(g, p, weight_decay, self.scratch(p))
        room = self.scratch(p, 1)
        squares = np.multiply(g, g, out=room)
        state["squares"] = running_mean(state["squares"], squares, alpha, room)
        if centered:
            state["mean"] = running_mean(state["mean"], g, alpha, room)
            step = np.multiply(state["mean"], state["mean"], out=room)
            step = np.subtract(state["squares"], step, out=room)
            step = np.sqrt(step, out=room)
        else:
            step = np.sqrt(state["squares"], out=room)
        step += eps
        step = np.divide(g, step, out=room)
        if momentum:
            state["velocity"] *= momentum
            state["velocity"] += step
            step = np.multiply(state["velocity"], lr, out=room)
        else:
            step *= lr
        p -= step
        return p


def running_mean(mean: Data, x: Data, keep: float, scratch: Data) -> Data:
    """`keep mean + (1 - keep) x`, in place of `mean`; `scratch` may be `x`."""
    mean *= keep
    mean += np.multiply(x, 1 - keep, out=scratch)
    return mean


class Adam(Optimizer):
    """Running means of the gradient and of its square, corrected for their start at zero.

    m = b1 m + (1 - b1) g;  s = b2 s + (1 - b2) g^2;
    p -= lr m / (1 - b1^t) / (sqrt(s / (1 - b2^t)) + eps)  (Kingma & Ba 2015, Algorithm 1)

    `weight_decay` is added to the gradient, as in PyTorch; `AdamW` keeps it apart.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def update(
        self,
        p: Data,
        g: Data,
        state: State,
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
    ) -> Data:
        keep, keep_squares = betas
        if not state:
            state |= {"t": 0, "mean": np.zeros_like(p), "squares": np.zeros_like(p)}
            state["units"] = (1 - keep, 1 - keep_squares)
        state["t"] += 1
        t, mean, squares = state["t"], state["mean"], state["squares"]
        unit, unit_of_squares = state.get("units", (1.0, 1.0))  # older files have the means as such
        g = decayed(g, p, weight_decay, self.scratch(p))
        room = self.scratch(p, 1)
        mean *= keep  # counted in units of 1 - beta, and made up for below: two passes less
        mean += scaled(g, (1 - keep) / unit, room)  # 1, unless a schedule changes the betas
        squares *= keep_squares
        squares += scaled(np.multiply(g, g, out=room), (1 - keep_squares) / unit_of_squares, room)
        state["mean"], state["squares"] = mean, squares
        root = math.sqrt(unit_of_squares / (1 - keep_squares**t))
        step = np.sqrt(squares, out=room)
        step += eps / root
        step = np.divide(mean, step, out=room)
        step *= lr * unit / (1 - keep**t) / root
        p -= step
        return p


def scaled(x: Data, factor: float, scratch: Data) -> Data:
    """`factor` times `x`, which may be `scratch`."""
    return x if factor == 1 else np.multiply(x, factor, out=scratch)


class AdamW(Adam):
    """Adam with weight decay that is no part of the gradient (Loshchilov & Hutter 2019, Alg. 2).

    p *= 1 - lr weight_decay before each step of Adam.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def update(self, p: Data, g: Data, state: State, **options: Any) -> Data:
        p *= 1 - options["lr"] * options["weight_decay"]
        return super().update(p, g, state, **(options | {"weight_decay": 0.0}))


def clip_grad_norm_(parameters: Iterable[Any], max_norm: float, norm_type: float = 2.0) -> float:
    """Scale all gradients together so that their norm, as one vector, is at most `max_norm`.

    Returns: the norm before, to watch (Pascanu et al. 2013, Algorithm 1).
    """
    moving = [p for p in parameters if p.grad is not None]
    norms = [float(np.linalg.norm(np.ravel(p.grad), norm_type)) for p in moving]
    total = float(np.linalg.norm(norms, norm_type)) if norms else 0.0
    if total > max_norm:
        for p in moving:
            p.grad = p.grad * (max_norm / (total + 1e-6))  # a plain factor keeps the dtype
    return total


def clip_grad_value_(parameters: Iterable[Any], clip_value: float) -> None:
    """Keep every entry of every gradient between `-clip_value` and `clip_value`."""
    for p in parameters:
        if p.grad is not None:
            clipped = np.clip(p.grad, -clip_value, clip_value)
            p.grad = float(clipped) if isinstance(p, Value) else clipped
