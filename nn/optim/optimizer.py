"""`Optimizer`: groups of parameters with options and state, and the step that moves them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from autograd import Tensor, Value
from autograd.core.arguments import (
    as_python,
    decay_rate,
    flag,
    instance_of,
    integer,
    is_iterable,
    non_negative,
    sequence_of,
    type_error,
)
from autograd.core.array_libraries import converter_like, copy_array, is_numpy
from autograd.core.node import Node
from autograd.core.op import Data
from autograd.core.shapes import Shape
from nn.module import Module, is_parameter

from .squares import State


class Group:
    """Parameters that share their options: learning rate, weight decay and so on."""

    def __init__(self, name: str, params: Any, options: Mapping[str, Any]) -> None:
        self.params = listed(name, params)
        self.options = dict(options)
        self.initial_lr: float | None = None  # noted by the first schedule
        for p in self.params:
            if p.op is not None or not (p.level or is_parameter(p)):  # it may be frozen
                raise ValueError(
                    f"can't optimize {p.describe()}: it is no leaf that requires a gradient"
                )
        self.tensors = [p for p in self.params if isinstance(p, Tensor)]
        self.values = [p for p in self.params if isinstance(p, Value)]
        self.states: list[State] = [{} for _ in self.tensors]
        self.value_state: State = {}
        self.kinds = [type(p._data) for p in self.tensors]  # of arrays, which the states have too

    def follow(self, i: int) -> None:
        """Move the i-th tensor's state to where the tensor has gone."""
        p = self.tensors[i]
        self.kinds[i], make = type(p._data), converter_like(p._data)
        moved = {k: make(x) if is_array(x) else x for k, x in self.states[i].items()}
        self.states[i] = {k: widened(x) if is_array(x) else x for k, x in moved.items()}


def is_array(x: Any) -> bool:
    return hasattr(x, "__array_function__")  # no plain number of NumPy's


def widened(x: Data) -> Data:
    """Arrays in float32 at least: in float16 an `eps` of 1e-8 is 0 and 300^2 is infinite."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def fit_gradient(p: Tensor) -> None:
    """Bring the gradient to where the tensor is.

    Raises:
        ValueError: it has another shape.
    """
    g: Any = p.grad
    if type(g) is not type(p._data):  # a plan, and of parameters as they still are
        p.grad = g = converter_like(p._data)(g)
    if g.shape != p._data.shape:
        raise ValueError(
            f"the gradient of {p.describe()} must have the same shape, but has {g.shape}"
        )


def same_shape(new: Any, data: Data, optimizer: Optimizer) -> Data:
    """What `update` returned in place of `data`.

    Raises:
        TypeError: it is no array of the same shape.
    """
    if not is_array(new) or new.shape != data.shape:
        name = f"the result of {type(optimizer).__name__}.update()"
        raise type_error(name, f"an array of shape {data.shape}", new)
    return new


def checked_groups(groups: Any) -> list[dict[str, Any]]:
    """The groups in the state of an optimizer.

    Raises:
        TypeError: they are something else.
    """
    found = sequence_of("state['groups']", groups, dict, "dicts")
    for i, saved in enumerate(found):
        name = f"state['groups'][{i}]"
        if not {"options", "states"} <= saved.keys():
            raise type_error(name, "a dict with 'options' and 'states'", saved)
        instance_of(f"{name}['options']", saved["options"], dict)
        sequence_of(f"{name}['states']", saved["states"], dict, "dicts")
    return found


def check_arrays(state: State, shape: Shape, owner: str) -> None:
    """Refuse a state of an update that can't be one for arrays of this shape."""
    integer("t", state.get("t", 0), at_least=0)  # how many steps were taken
    for name, x in state.items():
        if is_array(x) and x.dtype.kind not in "biuf":
            raise type_error(name, "an array of real numbers", x)
        if is_array(x) and x.shape != shape:
            raise ValueError(f"{name} has shape {x.shape} for {owner}")


NO_LISTS = (Node, Module, str, Mapping)  # although one can iterate over some of them


def listed(name: str, parameters: Any) -> list[Any]:
    """Parameters as a list.

    Raises:
        TypeError: it is a model, or a single parameter, or holds something else.
    """
    kind = parameters if isinstance(parameters, type) else type(parameters)
    hint = "pass model.parameters()" if issubclass(kind, Module) else "pass a list"
    if getattr(parameters, "__name__", "") == "parameters":
        hint = "call it: model.parameters()"
    if isinstance(parameters, NO_LISTS) or not is_iterable(parameters):
        raise type_error(name, "a list of parameters", parameters, hint)
    expected = "a Parameter, a Tensor or a Value"
    nodes: type[Any] = Node
    return [instance_of(f"{name}[{i}]", p, nodes, expected) for i, p in enumerate(parameters)]


def rates(name: str, x: Any) -> tuple[float, float]:
    """Two weights of running averages."""
    if not isinstance(x, (tuple, list, np.ndarray)) or not np.ndim(x) or len(x) != 2:
        raise type_error(name, "two numbers >= 0 and < 1", x)
    return decay_rate(f"{name}[0]", x[0]), decay_rate(f"{name}[1]", x[1])


# How options are checked; other numbers, of users' optimizers, must be at least 0 too.
OPTIONS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("lr", "momentum", "weight_decay", "lr_decay", "eps"), non_negative),
    "initial_accumulator_value": non_negative,
    "alpha": decay_rate,
    "betas": rates,
    "nesterov": flag,
    "centered": flag,
}


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
        self.defaults = self.check(**options)
        self.groups: list[Group] = []
        for name, group in groups_in(parameters):
            own = {key: x for key, x in group.items() if key != "params"}
            if unknown := own.keys() - options.keys():
                raise TypeError(f"{type(self).__name__} has no option {', '.join(sorted(unknown))}")
            self.groups.append(Group(name, group["params"], self.check(**(options | own))))
        everything = self.parameters()
        if not everything:
            raise ValueError("the optimizer got no parameters; pass model.parameters()")
        if len({id(p) for p in everything}) < len(everything):
            raise ValueError("the optimizer got a parameter twice")
        self._scratch: dict[Any, Data] = {}
        self._stepped = self._warned = False

    def check(self, lr: float, **options: Any) -> dict[str, Any]:
        """The options, numbers as Python's.

        Raises:
            TypeError, ValueError: one is of the wrong kind, or out of range.
        """
        checked = {"lr": non_negative("lr", lr)}
        for name, x in options.items():
            if name in OPTIONS:
                x = OPTIONS[name](name, x)
            elif isinstance(as_python(x), Real) and not isinstance(as_python(x), bool):
                x = non_negative(name, x)
            checked[name] = x
        return checked

    def parameters(self) -> list[Any]:
        """All parameters of all groups."""
        return [p for group in self.groups for p in group.params]

    @property
    def lr(self) -> float:
        """The learning rate, of the first group if there are several. Setting it sets all."""
        return self.groups[0].options["lr"]

    @lr.setter
    def lr(self, lr: float) -> None:
        lr = non_negative("lr", lr)
        for group in self.groups:
            group.options["lr"] = lr

    # `*args` is never passed: it lets the type checker accept subclasses that name their options.
    def update(self, p: Data, g: Data, state: State, *args: Any, **options: Any) -> Data:
        """Change the array `p` in place, as far as that is possible, and return it.

        `state` is its own, and empty at first. `p -= step; return p` serves arrays that can't be
        changed too, as `p` is a new one then; what is kept in `state` is put there again. None
        means that `p` was changed in place.
        """
        raise TypeError(f"{type(self).__name__} defines no update()")

    def scratch(self, like: Data, which: int = 0) -> Data:
        """An array of the shape and dtype of `like`, to overwrite: the same one every time.

        For other libraries' arrays it is `None`: then NumPy's functions make their `out=` anew.
        """
        key = (type(like), like.shape, like.dtype, which)
        if key not in self._scratch:
            self._scratch[key] = np.empty_like(like) if is_numpy(like) else None
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
                if p.grad is not None:
                    fit_gradient(p)
        with np.errstate(over="ignore"):  # `need_roots` looks at sums that may
            for group in self.groups:
                kinds, states, options = group.kinds, group.states, group.options
                for i, p in enumerate(group.tensors):
                    data, g = p._data, p.grad
                    if g is not None:
                        if kinds[i] is not type(data):
                            group.follow(i)
                        move = self._half_moved if data.dtype.char == "e" else self.update
                        new = move(data, g, states[i], **options)
                        if new is data or new is None:  # mutants 1: only faster
                            p.mark_changed()
                        else:
                            p._replace(same_shape(new, data, self))
                if any(p.grad is not None for p in group.values):
                    self._step_values(group)

    def _half_moved(self, p: Data, g: Data, state: State, **options: Any) -> Data:
        """What `update` makes of a float16 parameter in float32, rounded once at the end."""
        wide = p.astype(np.float32)
        new = self.update(wide, g.astype(np.float32), state, **options)
        if not is_numpy(p):
            return (wide if new is None else new).astype(p.dtype)
        p[...] = wide if new is None else new
        return p

    def _step_values(self, group: Group) -> None:
        """All `Value` parameters as one array; those without a gradient stay as they are."""
        values, state = group.values, group.value_state
        idle = [i for i, p in enumerate(values) if p.grad is None]
        # mutants 1: an extra copy
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
                        {k: copy_array(x) if is_array(x) else x for k, x in s.items()}
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
        if not isinstance(state, Mapping) or "groups" not in state:
            raise type_error("state", "what state_dict() of an optimizer gave", state)
        groups = checked_groups(state["groups"])
        if [len(g["states"]) for g in groups] != [len(g.states) + 1 for g in self.groups]:
            raise ValueError("this optimizer state belongs to other parameters: not as many")
        for saved, group in zip(groups, self.groups):
            if saved["options"].keys() != group.options.keys():
                raise ValueError(
                    f"this state has options {sorted(saved['options'])}, "
                    f"but {type(self).__name__} has {sorted(group.options)}"
                )
            self.check(**saved["options"])
            count = len(group.values)
            wanted = [(p.shape, f"a {p.describe()}") for p in group.tensors]
            for s, (shape, what) in zip(saved["states"], [*wanted, ((count,), f"{count} Values")]):
                check_arrays(s, shape, what)
        for saved, group in zip(groups, self.groups):
            group.options = self.check(**saved["options"])
            *group.states, group.value_state = (
                {k: copy_array(x) if is_array(x) else x for k, x in s.items()}
                for s in saved["states"]
            )
            for i in range(len(group.tensors)):
                group.follow(i)

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={x!r}" for k, x in self.groups[0].options.items())
        return f"{type(self).__name__}({len(self.parameters())} parameters, {options})"


def groups_in(parameters: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """Groups of parameters, each with what to call its parameters in errors."""
    several = is_iterable(parameters) and not isinstance(parameters, NO_LISTS)
    given = list(parameters) if several else []
    if not any(isinstance(group, Mapping) for group in given):
        return [("parameters", {"params": given if several else parameters})]
    groups: list[tuple[str, Mapping[str, Any]]] = []
    for i, group in enumerate(given):
        if not isinstance(group, Mapping) or "params" not in group:
            hint = "" if isinstance(group, Mapping) else "pass parameters or groups, not both"
            raise type_error(f"parameters[{i}]", "a dict with 'params'", group, hint)
        params = group["params"]
        one = {"params": [params] if isinstance(params, Node) else params}
        groups.append((f"parameters[{i}]['params']", {**group, **one}))
    return groups


def decayed(g: Data, p: Data, weight_decay: float, scratch: Data) -> Data:
    """Return the gradient with that of `weight_decay / 2 * p**2` added."""
    if not weight_decay:
        return g
    decay = np.multiply(p, weight_decay, out=scratch)
    decay += g
    return decay
