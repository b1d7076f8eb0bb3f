"""Nets of linear layers as circles and arrows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import numpy as np

from autograd import Tensor, no_grad
from autograd.core.arguments import integer, one_of, sequence_of
from autograd.core.array_libraries import to_numpy
from autograd.core.op import data_of
from nn import scalar
from nn.inputs import as_numbers
from nn.layers.container import Flatten, Sequential
from nn.layers.dropout import Dropout
from nn.layers.linear import Linear
from nn.module import Module

if TYPE_CHECKING:
    from autograd.draw.formats.colours import Theme

    from .network_drawing import NetworkDrawing


def draw_network(
    model: Module,
    x: Any = None,
    *,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    shown: int = 12,
    precision: int = 3,
    theme: Theme = "light",
) -> NetworkDrawing:
    """A net as circles and arrows: a column for each layer, weights by thickness and by sign.

    >>> import nn
    >>> draw_network(nn.scalar.MLP(2, [3, 1], rng=0), inputs=["x", "y"])
    input 2 → hidden 3 (relu) → output 1

    A notebook shows the picture; `.save("net.svg")` writes it to a file.

    Args:
        model: an `nn.MLP` or a `Sequential` of linear layers with activations between them, or an
            `nn.scalar.MLP`.
        x: one input, whose activations are shown in the neurons.
        inputs, outputs: names for the neurons of the first and the last layer.
        shown: how many neurons of a layer are drawn at most; of wider ones, some are left out.
        precision: how many significant digits.
        theme: "light", "dark", or "auto" for what the reader's system prefers.

    Raises:
        TypeError: the model is no such net.
        ValueError: the names are not as many as the neurons, or `shown` is below 3.
    """
    from autograd.draw.formats.colours import Theme  # the first picture loads this

    from .network_drawing import Column, NetworkDrawing

    theme = one_of("theme", theme, get_args(Theme))
    shown = integer("shown", shown, at_least=3)
    precision = integer("precision", precision, at_least=1)
    inputs = sequence_of("inputs", inputs, str, "names")
    outputs = sequence_of("outputs", outputs, str, "names")
    rows = layers_of(model)
    weights = [weight for weight, _, _ in rows]
    sizes = [weights[0].shape[1], *(len(w) for w in weights)]
    values = [()] * len(sizes) if x is None else activations(rows, x)
    last = len(sizes) - 1
    columns = []
    for i, size in enumerate(sizes):
        name = "input" if i == 0 else "output" if i == last else f"hidden {i}"
        if last == 2 and i == 1:
            name = "hidden"
        names = inputs if i == 0 else outputs if i == last else ()
        if names and len(names) != size:
            raise ValueError(f"{size} neurons of the {name} layer got {len(names)} names")
        about = "" if i == 0 else called(rows[i - 1][2])
        if size > shown:
            about = f"{size}, {about}" if about else str(size)
        columns.append(Column(size, name, about, names, values[i]))
    return NetworkDrawing(columns, weights, shown, precision, theme)


Row: TypeAlias = tuple[Any, Any, list[Any]]  # weights (out, in), biases (out,), what follows them


def layers_of(model: Module) -> list[Row]:
    """The linear layers, each with its weights, its biases and the activations behind it.

    Raises:
        TypeError: the model is made of other things too.
    """
    if isinstance(model, scalar.MLP):
        return [
            (
                np.array([[w.data for w in neuron.w] for neuron in layer.neurons]),
                np.array([neuron.b.data for neuron in layer.neurons]),
                [f for f in [layer.neurons[0].activation] if f],
            )
            for layer in model.layers
        ]
    rows: list[Row] = []
    for module in one_by_one(model):
        if isinstance(module, Linear):
            bias = np.zeros(module.out_features) if module.bias is None else module.bias.data
            rows.append((to_numpy(module.weight.data), to_numpy(bias), []))
        elif isinstance(module, Module) and module.parameters():
            raise TypeError(
                "draw_network() draws nets of linear layers with activations between them, but "
                f"got a {type(module).__name__}; draw(model) shows any model's layers"
            )
        elif not isinstance(module, (Dropout, Flatten)):
            if not rows:
                break
            rows[-1][2].append(module)
    if not rows:
        raise TypeError(
            "draw_network() draws nets that begin with a linear layer, but this "
            f"{type(model).__name__} does not; draw(model) shows any model's layers"
        )
    return rows


def one_by_one(model: Any) -> Iterator[Any]:
    """The layers of a model, with composed modules replaced by their children."""
    if isinstance(model, Sequential):
        for module in model:
            yield from one_by_one(module)
    else:
        yield model


def activations(rows: Sequence[Row], x: Any) -> list[Any]:
    """What the neurons of each column give for one input, the input's own numbers first.

    Raises:
        ValueError: the input is no such row of numbers.
    """
    found = [np.ravel(to_numpy(as_numbers("x", data_of(x)))).astype(float)]
    if found[0].shape != rows[0][0].shape[1:]:
        raise ValueError(
            f"draw_network() shows one input of {rows[0][0].shape[1]} numbers, "
            f"but x has {found[0].size}"
        )
    with no_grad():
        for weight, bias, functions in rows:
            out: Any = weight @ found[-1] + bias
            for function in functions:
                out = applied(function, out)
            found.append(np.asarray(out, float))
    return found


def applied(function: Any, out: Any) -> Any:
    """An activation of a row of numbers, for those too that take batches or single numbers."""
    try:
        return data_of(function(Tensor(out[None])))[0]
    except (TypeError, ValueError):  # a function of one number, that looks at it perhaps
        return np.array([float(data_of(function(y))) for y in out.tolist()])


def called(functions: Sequence[Any]) -> str:
    """The names of activations, as one reads them."""
    names = [
        getattr(f, "name", None) or getattr(f, "__name__", None) or type(f).__name__
        for f in functions
    ]
    return ", ".join(names)
