"""A step of training linear layers with ReLU, in float32: ours, by hand, everybody else's."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import cycle
from typing import Any, NamedTuple

import numpy as np
from race import THREADS, Step


class Net(NamedTuple):
    sizes: tuple[int, ...]
    optimizer: str  # as ours and PyTorch's are called; all options but the rate are the defaults
    lr: float
    checked: int  # steps after which losses and weights are compared


SMALL = Net((784, 128, 10), "SGD", 0.05, checked=20)
LARGE = Net((784, 256, 128, 10), "Adam", 1e-3, checked=3)  # it magnifies what rounding leaves

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8  # of Adam
BATCHES = 16  # gone through again and again, as an epoch would


def parameters(net: Net) -> list[Any]:
    """The weights (out, in) and biases (out,) to start from."""
    rng = np.random.default_rng(0)
    pairs = list(zip(net.sizes, net.sizes[1:]))
    draws = [(rng.normal(0, n**-0.5, (m, n)), rng.normal(0, 0.1, m)) for n, m in pairs]
    return [x.astype(np.float32) for pair in draws for x in pair]


def batches(net: Net, size: int) -> list[tuple[Any, Any]]:
    """Inputs (size, in) between 0 and 1, and labels (size,)."""
    rng = np.random.default_rng(1)
    inputs = rng.random((BATCHES, size, net.sizes[0]), np.float32)
    return list(zip(inputs, rng.integers(0, net.sizes[-1], (BATCHES, size))))


def outcome(step: Step, weights: Callable[[], list[Any]], steps: int) -> tuple[Step, list[Any]]:
    """The step, and the losses and final weights of its first few runs."""
    losses = [float(step().item()) for _ in range(steps)]
    return step, [np.array(losses), *(np.array(w) for w in weights())]


# --- frameworks -----------------------------------------------------------------------------------


def ours(net: Net, size: int) -> tuple[Step, list[Any]]:
    import nn
    from autograd import from_numpy

    model = nn.MLP(net.sizes[0], net.sizes[1:])
    for parameter, start in zip(model.parameters(), parameters(net), strict=True):
        parameter.data = start
    optimizer = getattr(nn, net.optimizer)(model.parameters(), lr=net.lr)
    data = cycle([(from_numpy(x), labels) for x, labels in batches(net, size)])

    def step() -> Any:
        x, labels = next(data)
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    return outcome(step, lambda: [p.numpy() for p in model.parameters()], net.checked)


def torch(net: Net, size: int) -> tuple[Step, list[Any]]:
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(THREADS)
    layers = [(nn.Linear(n, m), nn.ReLU()) for n, m in zip(net.sizes, net.sizes[1:])]
    model = nn.Sequential(*(module for layer in layers for module in layer))[:-1]
    with torch.no_grad():
        for parameter, start in zip(model.parameters(), parameters(net), strict=True):
            parameter.copy_(torch.from_numpy(start))
    optimizer = getattr(torch.optim, net.optimizer)(model.parameters(), lr=net.lr)
    data = cycle([(torch.from_numpy(x), torch.from_numpy(y)) for x, y in batches(net, size)])

    def step() -> Any:
        x, labels = next(data)
        optimizer.zero_grad()
        loss = cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    return outcome(step, lambda: [p.detach().numpy() for p in model.parameters()], net.checked)


def jax(net: Net, size: int) -> tuple[Step, list[Any]]:
    """The whole step compiled, its weights taken over from the step before."""
    import jax
    from jax import numpy as jnp

    def cross_entropy(weights: list[Any], x: Any, labels: Any) -> Any:
        for w, b in zip(weights[:-2:2], weights[1:-2:2]):
            x = jax.nn.relu(x @ w.T + b)
        log_p = jax.nn.log_softmax(x @ weights[-2].T + weights[-1])
        return -jnp.take_along_axis(log_p, labels[:, None], axis=1).mean()

    def adam(state: Any, gradients: list[Any]) -> Any:
        weights, means, squares, t = state
        t = t + 1
        means = [BETA1 * m + (1 - BETA1) * g for m, g in zip(means, gradients)]
        squares = [BETA2 * s + (1 - BETA2) * g * g for s, g in zip(squares, gradients)]
        rate, root = net.lr / (1 - BETA1**t), jnp.sqrt(1 - BETA2**t)
        weights = [
            w - rate * m / (jnp.sqrt(s) / root + EPS) for w, m, s in zip(weights, means, squares)
        ]
        return weights, means, squares, t

    def sgd(state: Any, gradients: list[Any]) -> Any:
        return ([w - net.lr * g for w, g in zip(state[0], gradients)],)

    def update(state: Any, x: Any, labels: Any) -> Any:
        loss, gradients = jax.value_and_grad(cross_entropy)(state[0], x, labels)
        return (adam if net.optimizer == "Adam" else sgd)(state, gradients), loss

    compiled = jax.jit(update, donate_argnums=0)
    weights = [jnp.array(w) for w in parameters(net)]
    state: Any = (weights,)
    if net.optimizer == "Adam":
        means, squares = ([jnp.zeros_like(w) for w in weights] for _ in range(2))
        state = weights, means, squares, jnp.array(0.0)
    data = cycle([(jnp.array(x), jnp.array(y)) for x, y in batches(net, size)])

    def step() -> Any:
        nonlocal state
        state, loss = compiled(state, *next(data))
        return loss.block_until_ready()

    return outcome(step, lambda: [np.asarray(w) for w in state[0]], net.checked)


def mygrad(net: Net, size: int) -> tuple[Step, list[Any]]:
    import mygrad
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    mygrad.turn_memory_guarding_off()  # as fast as it goes
    weights = [mygrad.tensor(w) for w in parameters(net)]
    update = updater(net, [w.data for w in weights])
    data = cycle(batches(net, size))

    def step() -> Any:
        x, labels = next(data)
        for w, b in zip(weights[:-2:2], weights[1:-2:2]):
            x = relu(mygrad.matmul(x, w.T) + b)
        loss = softmax_crossentropy(mygrad.matmul(x, weights[-2].T) + weights[-1], labels)
        loss.backward()
        update([w.grad for w in weights])
        return loss

    return outcome(step, lambda: [w.data for w in weights], net.checked)


def sklearn(net: Net, size: int) -> tuple[Step, list[Any] | None]:
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        net.sizes[1:-1],
        solver=net.optimizer.lower(),
        learning_rate_init=net.lr,
        alpha=0.0,
        batch_size=size,
        momentum=0.0,
        nesterovs_momentum=False,
        shuffle=False,
    )
    data = batches(net, size)
    model.partial_fit(*data[0], classes=range(net.sizes[-1]))  # it makes its weights only now
    del model._optimizer  # made again by the next step: this one's traces are gone with it
    weights = [x for pair in zip(model.coefs_, model.intercepts_) for x in pair]
    for weight, start in zip(weights, parameters(net), strict=True):
        weight[...] = start.T  # (in, out)
    remaining = cycle(data)

    def step() -> Any:
        model.partial_fit(*next(remaining))
        return np.float64(model.loss_)

    if net.optimizer == "Adam":  # its epsilon stands elsewhere: nothing to compare
        return step, None
    return outcome(step, lambda: [w.T for w in weights], net.checked)


# --- by hand --------------------------------------------------------------------------------------


def by_hand(net: Net, size: int) -> tuple[Step, list[Any]]:
    weights = [np.asfortranarray(w) for w in parameters(net)]  # whose transposes are read in order
    data = cycle(batches(net, size))
    step = gradient_step(net, weights, size)
    return outcome(lambda: step(*next(data)), lambda: weights, net.checked)


def gradient_step(net: Net, weights: list[Any], size: int) -> Callable[[Any, Any], Any]:
    """Backpropagation as a careful hand writes it: every array is allocated once."""
    gradients = [np.empty_like(w) for w in weights]
    layers = list(zip(weights[::2], weights[1::2], gradients[::2], gradients[1::2]))
    outputs = [np.empty((size, n), np.float32) for n in net.sizes[1:]]
    *hidden, z = outputs
    slopes = [np.empty_like(h) for h in hidden]
    positive = [np.empty(h.shape, bool) for h in hidden]
    rows = np.arange(size)
    update = updater(net, weights)

    def step(x: Any, labels: Any) -> Any:
        below = x
        for (w, b, _, _), out in zip(layers, outputs):
            np.matmul(below, w.T, out=out)  # (n, in) @ (in, out) -> (n, out)
            np.add(out, b, out=out)
            if out is not z:
                np.maximum(out, 0, out=out)
            below = out
        np.subtract(z, z.max(axis=1, keepdims=True), out=z)
        np.exp(z, out=z)
        np.divide(z, z.sum(axis=1, keepdims=True), out=z)
        loss = -np.log(z[rows, labels]).mean()

        z[rows, labels] -= 1  # the gradient of the loss in the logits, but for 1/n
        np.multiply(z, np.float32(1 / size), out=z)
        g = z
        for i in reversed(range(len(layers))):
            w, _, dw, db = layers[i]
            np.matmul((hidden[i - 1] if i else x).T, g, out=dw.T)  # (in, n) @ (n, out)
            np.sum(g, axis=0, out=db)
            if i:
                h, dh, mask = hidden[i - 1], slopes[i - 1], positive[i - 1]
                np.matmul(g, w, out=dh)  # (n, out) @ (out, in) -> (n, in)
                np.greater(h, 0, out=mask)
                np.multiply(dh, mask, out=dh)
                g = dh
        update(gradients)
        return loss

    return step


def updater(net: Net, weights: list[Any]) -> Callable[[list[Any]], None]:
    """What moves the weights in place, given their gradients."""
    scratch = [np.empty_like(w) for w in weights]
    means, squares = ([np.zeros_like(w) for w in weights] for _ in range(2))
    t = 0

    def sgd(gradients: list[Any]) -> None:
        for w, g, step in zip(weights, gradients, scratch):
            np.multiply(g, net.lr, out=step)
            np.subtract(w, step, out=w)

    def adam(gradients: list[Any]) -> None:  # Kingma & Ba 2015, Algorithm 1
        nonlocal t
        t += 1
        rate, root = net.lr / (1 - BETA1**t), math.sqrt(1 - BETA2**t)
        for w, g, m, s, step in zip(weights, gradients, means, squares, scratch):
            np.multiply(m, BETA1, out=m)
            np.multiply(g, 1 - BETA1, out=step)
            np.add(m, step, out=m)
            np.multiply(s, BETA2, out=s)
            np.multiply(g, g, out=step)
            np.multiply(step, 1 - BETA2, out=step)
            np.add(s, step, out=s)
            np.sqrt(s, out=step)
            np.add(step, EPS * root, out=step)
            np.divide(m, step, out=step)
            np.multiply(step, rate * root, out=step)
            np.subtract(w, step, out=w)

    return adam if net.optimizer == "Adam" else sgd


def products(net: Net, size: int) -> tuple[Step, None]:
    """The matrix products alone: nothing that computes them can be faster."""
    weights = [np.asfortranarray(w) for w in parameters(net)[::2]]
    gradients = [np.empty_like(w) for w in weights]
    outputs = [np.ones((size, n), np.float32) for n in net.sizes[1:]]
    slopes = [np.ones_like(out) for out in outputs]
    data = cycle(batches(net, size))

    def step() -> None:
        x, _ = next(data)
        inputs = [x, *outputs[:-1]]
        for below, w, out in zip(inputs, weights, outputs):
            np.matmul(below, w.T, out=out)
        for i in reversed(range(len(weights))):
            np.matmul(inputs[i].T, slopes[i], out=gradients[i].T)
            if i:
                np.matmul(slopes[i], weights[i], out=slopes[i - 1])

    return step, None
