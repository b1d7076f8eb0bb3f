"""Neurons built of single numbers: every weight, product and sum is a `Value` to look at."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeAlias

import numpy as np

import autograd as ag
from autograd import Value
from autograd.core.arguments import function, instance_of, integer, type_error
from nn import init, losses
from nn.inputs import as_numbers
from nn.layers import container
from nn.layers.activation import Activation
from nn.layers.container import Flatten, Sequential, layer_sizes, one_per_gap
from nn.layers.dropout import Dropout
from nn.layers.linear import Linear

from .module import Module
from .seed import Rng, generator_from

Function: TypeAlias = Callable[[Any], Any]  # of one number


class Neuron(Module):
    """activation(w1 x1 + ... + wn xn + b).

    Args:
        nin: the number of inputs.
        activation: a function of one number, such as `ag.tanh`; `None` for a linear neuron.
        rng: where weights and bias are drawn from, see `first_bound`.

    Raises:
        ValueError: it is given another number of inputs.
    """

    def __init__(self, nin: int, activation: Function | None = ag.relu, rng: Rng = None) -> None:
        nin = integer("nin", nin, at_least=0)
        if activation is not None:
            activation = function_of_number("activation", activation)
        rng, bound = generator_from(rng), first_bound(nin, activation)
        weights = init.uniform((nin,), bound, rng, float)
        self.w = [Value(w, label=f"w{i}") for i, w in enumerate(weights, 1)]
        self.b = Value(rng.uniform(-bound / 2, bound / 2), label="b")
        self.activation = activation

    def forward(self, x: Sequence[Any]) -> Value:
        try:
            given = -1 if isinstance(x, (str, bytes, dict, set, frozenset)) else len(x)
        except TypeError:
            given = -1
        if given < 0:
            raise type_error(f"the input of {self!r}", f"{len(self.w)} numbers", x)
        if given != len(self.w):
            raise ValueError(f"{self!r} expected {len(self.w)} inputs, got {given}")
        out = self.b
        try:
            for w, xi in zip(self.w, x):
                out = out + w * xi
        except TypeError as error:
            raise type_error(f"the input of {self!r}", f"{len(self.w)} numbers", x) from error
        return self.activation(out) if self.activation else out

    def describe(self) -> str:
        name = getattr(self.activation, "name", None) or getattr(self.activation, "__name__", None)
        return f"{len(self.w)}" + (f", {name or repr(self.activation)}" if self.activation else "")


# By what activations shrink a signal, which weights make up for: He et al. 2015 for relu and its
# smooth kin, PyTorch's for tanh, and 1 / sigmoid'(0) for sigmoid (Glorot & Bengio 2010).
GAINS = {
    **dict.fromkeys(("relu", "leaky_relu", "elu", "gelu", "silu", "softplus"), math.sqrt(2)),
    "tanh": 5 / 3,
    "sigmoid": 4.0,
}


def first_bound(nin: int, activation: Function | None) -> float:
    """The first weights of a neuron are drawn from U(-bound, bound), its bias from half of that.

    bound = gain sqrt(3 / nin): then the weighted sum is as large as the inputs, times the gain of
    the activation, which is 1 for linear neurons and functions that aren't in `GAINS`. How well
    nets learn from this start: `docs/first-weights.md`.

    >>> round(first_bound(6, ag.relu), 6), round(first_bound(3, None), 6)
    (1.0, 1.0)
    """
    function = getattr(activation, "function", activation)  # that of a module
    name = str(getattr(function, "name", None) or getattr(function, "__name__", ""))
    return GAINS.get(name, 1.0) * math.sqrt(3) * init.fan_in_bound(nin)


class Layer(Module):
    """Neurons that all look at the same inputs.

    Args: `nin` inputs, `nout` neurons, and what `Neuron` takes.
    """

    def __init__(
        self, nin: int, nout: int, activation: Function | None = ag.relu, rng: Rng = None
    ) -> None:
        rng = generator_from(rng)
        nout = integer("nout", nout, at_least=1)
        self.neurons = [Neuron(nin, activation, rng) for _ in range(nout)]

    def forward(self, x: Sequence[Any]) -> list[Value]:
        return [neuron(x) for neuron in self.neurons]


class MLP(Module):
    """Layers one after the other; the last one is linear.

    >>> net = MLP(2, [3, 1], rng=0)
    >>> len(net.parameters()), type(net([1.0, -1.0])).__name__
    (13, 'Value')

    Args:
        nin: the number of inputs.
        nouts: the number of neurons of each layer.
        activation: of all layers but the last; or a list of as many.
        rng: where the weights are drawn from.

    Returns, when called with `nin` numbers: a list of outputs, or the only output by itself.
    """

    chained = True

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Function | Sequence[Function] = ag.relu,
        rng: Rng = None,
    ) -> None:
        rng = generator_from(rng)
        sizes = layer_sizes(nin, nouts)
        functions = [*one_per_gap(activation, len(sizes) - 1, function_of_number), None]
        self.layers = [
            Layer(sizes[i], sizes[i + 1], function, rng) for i, function in enumerate(functions)
        ]

    def forward(self, x: Sequence[Any]) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x[0] if len(x) == 1 else x

    def to_tensor(self) -> container.MLP:
        """The same net on arrays, in float64: equal outputs, weights of its own.

        Raises:
            ValueError: an activation has no module.
        """
        neurons = [layer.neurons for layer in self.layers]
        net = container.MLP(
            len(neurons[0][0].w),
            [len(row) for row in neurons],
            [module_maker(row[0].activation) for row in neurons[:-1]],
            dtype=float,
            rng=0,
        )
        linears = [m for m in net if isinstance(m, Linear)]
        for linear, row in zip(linears, neurons):
            linear.weight.data = [[w.data for w in neuron.w] for neuron in row]
            assert linear.bias is not None
            linear.bias.data = [neuron.b.data for neuron in row]
        return net

    @classmethod
    def from_tensor(cls, net: Sequential) -> Self:
        """The same net on `Value`: equal outputs, weights of its own.

        Raises:
            ValueError: the net is no sequence of linear layers with one activation between two.
        """
        instance_of("net", net, Sequential)
        modules = [m for m in net if not isinstance(m, (Dropout, Flatten))]
        linears, between = modules[::2], modules[1::2]
        if (
            len(linears) != len(between) + 1
            or not all(isinstance(m, Linear) for m in linears)
            or not all(isinstance(m, Activation) for m in between)
        ):
            raise ValueError(
                "a scalar MLP has linear layers with one activation between two, but got "
                + ", ".join(type(m).__name__ for m in net)
            )
        out = cls(linears[0].in_features, [m.out_features for m in linears], between, rng=0)
        for layer, linear in zip(out.layers, linears):
            bias = np.zeros(linear.out_features) if linear.bias is None else linear.bias.data
            for neuron, row, b in zip(layer.neurons, linear.weight.data, bias):
                neuron.b.data = b
                for w, x in zip(neuron.w, row):
                    w.data = x
        return out


def compile(  # noqa: A001  # autograd's name for it
    model: Callable[[Sequence[Any]], Any], loss: Callable[[Any, Any], Any]
) -> Step:
    """A step of training on a batch: the recorded engine's numbers, at the speed of arrays.

    What `model` and `loss` do to one sample is written out once as source for a whole batch.

    >>> import nn
    >>> net = MLP(1, [4, 1], rng=0)
    >>> step = nn.scalar.compile(net, nn.mse_loss)
    >>> optimizer = nn.SGD(net.parameters(), lr=0.1)
    >>> x = np.linspace(-1.0, 1.0, 20)[:, None]
    >>> for _ in range(300):
    ...     optimizer.zero_grad()
    ...     error = step(x, x[:, 0] ** 2)  # the mean loss, and the gradients of all parameters
    ...     optimizer.step()
    >>> error < 0.02
    True

    Args:
        model: a net of `Value`, or a function of a list of numbers that uses some.
        loss: a function of the model's output and the target, for one sample. It may use the
            model's parameters too, as weight decay does.
    """
    return Step(model, loss)


class Step:
    """What `compile` makes of a model and its loss."""

    def __init__(self, model: Callable[[Any], Any], loss: Callable[[Any, Any], Any]) -> None:
        expected = "a net of Values or a function of a list of numbers"
        function("model", model, expected)
        function("loss", loss, "a function of an output and a target")
        of_numbers = getattr(loss, "__module__", "") == losses.__name__

        def of_sample(x: Any, target: Any) -> Any:
            out = model(x)
            if of_numbers:
                refuse_lists(loss.__name__, out, target)
            return loss(out, target)

        self.model, self.loss, self.of_numbers = model, loss, of_numbers
        self.function = ag.compile(of_sample)

    def __call__(self, x: Any, target: Any) -> float:
        """The mean loss over a batch; its gradient is added to every parameter's `.grad`.

        Args:
            x: (batch, inputs), any real numbers.
            target: (batch,), or (batch, outputs) if the model has several outputs.
        """
        x = as_numbers("x", x).astype(float)
        target = as_numbers("target", target).astype(float)
        if x.ndim != 2 or target.shape[:1] != x.shape[:1] or target.ndim > 2:
            raise ValueError(
                "a compiled step takes inputs (batch, inputs) and targets (batch,) or "
                f"(batch, outputs), but got {x.shape} and {target.shape}"
            )
        if not len(x):
            raise ValueError("a compiled step needs at least one sample")
        if self.of_numbers and target.ndim == 1:
            self.loss(np.zeros_like(target), target)  # what it refuses, it refuses here too
        columns = target if target.ndim == 1 else list(target.T)
        return float(self.function.backward(list(x.T), columns))

    def __reduce__(self) -> Any:
        return Step, (self.model, self.loss)  # a copy trains the copied model

    @property
    def source(self) -> str:
        """Python source of the loss of one sample and its gradients by the parameters.

        Raises:
            ValueError: the step has not been taken yet: the number of inputs is not known.
        """
        if self.function.latest is None:
            raise ValueError("call the step on a batch first: then it is written")
        return self.function.weight_source


def refuse_lists(name: str, out: Any, target: Any) -> None:
    """Refuse several outputs or targets of a sample: the loss is one of two numbers."""
    got = [f"(batch, {len(x)})" if isinstance(x, list) else "(batch,)" for x in (out, target)]
    if got != ["(batch,)", "(batch,)"]:
        raise ValueError(
            f"in a compiled step, nn's losses take outputs and targets (batch,), but {name} got "
            f"{got[0]} and {got[1]}; reshape the targets, or write a loss that goes through lists"
        )


def function_of_number(name: str, x: Any) -> Function:
    """An activation, if it is a function or a module, and neither a class nor a name."""
    expected = "a function of one number, such as ag.tanh"
    for kind in Activation.__subclasses__():
        if isinstance(x, str) and x.lower() == kind.__name__.lower():
            raise type_error(name, expected, x, f"pass ag.{x.lower()} or nn.{kind.__name__}()")
    return function(name, x, expected)


def module_maker(activation: Function | None) -> Callable[[], Module]:
    """What makes the module for an activation: a module is its own, a function has a class."""
    if isinstance(activation, Module):
        return lambda: activation
    for kind in Activation.__subclasses__():
        if getattr(kind, "function", None) is activation:
            return kind
    raise ValueError(f"there is no module for the activation {activation!r}; use one of nn's")
