"""What the words of `programs` mean in each library, and how each one differentiates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from programs import Names, listed

import autograd as ag
from autograd import Tensor, Value
from autograd.numpy_api import protocols

Numbers = list[Any]  # the value, the gradient by each argument, and the Hessian times a direction

WORDS = listed("""abs arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax broadcast_to clip
        concatenate cos cosh cumprod cumsum einsum elu erf exp exp2 expand_dims expm1 flip
        gelu grad hardtanh hypot jacobian leaky_relu log log10 log1p log2 log_softmax
        logaddexp logsigmoid logsumexp matmul max maximum mean min minimum outer prod
        reciprocal relu reshape roll selu sigmoid sign silu sin sinh softmax softplus softsign
        sort sqrt square stack std stop_gradient sum tan tanh transpose tril triu
        value_and_grad var where xlogy""")


class Library(NamedTuple):
    """Words, and what makes numbers of a function and the place and direction to look at."""

    names: Names
    differentiate: Callable[[Any, Any, Any], Numbers]
    at_work: Callable[[], AbstractContextManager[Any]] = nullcontext


def near(found: Any, wanted: Any, rtol: float = 1e-12) -> bool:
    """Equal but for rounding: relative to what is wanted, however small, unless that is zero."""
    found, wanted = np.broadcast_arrays(np.asarray(found, float), np.asarray(wanted, float))
    at_zero = np.allclose(found[wanted == 0], 0.0, rtol=0, atol=1e-12)
    return at_zero and np.allclose(
        found[wanted != 0], wanted[wanted != 0], rtol=rtol, atol=0, equal_nan=True
    )


# --- ours -----------------------------------------------------------------------------------------

OURS: Names = {name: getattr(ag, name) for name in WORDS}
OURS |= {"inv": ag.linalg.inv, "eye": np.eye, "array": np.array, "number": np.float64}

# NumPy's own functions where it has them, called with our nodes.
NUMPYS: Names = OURS | {
    name: getattr(np, name)
    for name in WORDS
    if getattr(np, name, None) in protocols.UFUNCS | protocols.FUNCTIONS
}


def functional(f: Any, args: Any, direction: Any) -> Numbers:
    """By `value_and_grad`, and backward through the backward pass."""
    argnums = tuple(range(len(args)))
    value, gradient = ag.value_and_grad(f, argnums)(*args)
    again, product = ag.hvp(f, argnums)(*args)
    np.testing.assert_equal(again, gradient)
    return [value, *gradient, *product(direction)]


def forward(f: Any, args: Any, direction: Any) -> Numbers:
    """By `vjp`, and the slope of the gradient along the direction."""
    argnums = tuple(range(len(args)))
    value, pull = ag.vjp(f, argnums)(*args)
    return [value, *pull(1.0), *ag.jvp(ag.grad(f, argnums), argnums)(*args)[1](direction)]


def recorded(f: Any, args: Any, direction: Any) -> Numbers:
    """By `.backward()` on leaves: for the gradient, and for its product with the direction."""

    def fresh() -> list[Any]:
        return [Value(x) if isinstance(x, float) else Tensor(x, requires_grad=True) for x in args]

    def slopes(leaves: Any, root: Any) -> list[Any]:
        if root.requires_grad:
            root.backward()
        return [np.zeros(x.shape) if x.grad is None else x.grad for x in leaves]

    leaves, again = fresh(), fresh()
    out = f(*leaves)
    gradient = ag.grad(f, tuple(range(len(args))))(*again)
    along = sum(ag.sum(g * v) for g, v in zip(gradient, direction, strict=True))
    return [out.item(), *slopes(leaves, out), *slopes(again, along)]


def first_order(f: Any, args: Any, direction: Any) -> Numbers:
    """Without the Hessian."""
    value, gradient = ag.value_and_grad(f, tuple(range(len(args))))(*args)
    return [value, *gradient]


def compiled(f: Any, args: Any, direction: Any) -> Numbers:
    """By all derivatives to second order, as compiled on floats."""
    argnums = tuple(range(len(args)))
    program = ag.compile(f)
    value, gradient, hessian = program.derivatives(2, argnums)(*args)
    np.testing.assert_equal(program.value_and_grad(*args, argnums=argnums), (value, gradient))
    np.testing.assert_equal(program(*args), value)
    return [value, *gradient, *(np.dot(row, direction) for row in hessian)]


def compiled_on_columns(f: Any, args: Any, direction: Any) -> Numbers:
    """The same on arrays, of which the last entries are the place to look at."""
    columns = [np.linspace(x - 0.1, x, 3) for x in args]
    value, gradient, hessian = ag.compile(f).derivatives(2, tuple(range(len(args))))(*columns)
    product = [sum(h * v for h, v in zip(row, direction, strict=True)) for row in hessian]
    return [x[-1] for x in (value, *gradient, *product)]


COMPILED = {"floats": Library(OURS, compiled), "columns": Library(OURS, compiled_on_columns)}
OUR_WAYS = {
    "functional": Library(OURS, functional),
    "forward": Library(OURS, forward),
    "recorded": Library(OURS, recorded),
    "NumPy's names": Library(NUMPYS, functional),
}

# --- PyTorch --------------------------------------------------------------------------------------


def tapes(torch: Any) -> Names:
    """Derivatives by tape, as tapes themselves: what a function closes over may need them too."""

    def traced(f: Any, x: Any) -> Any:
        x = x.view_as(x) if x.requires_grad else x.detach().requires_grad_()
        return x, f(x)

    def pulled(x: Any, out: Any) -> Any:
        if not out.requires_grad:
            return torch.zeros_like(x)
        return torch.autograd.grad(out, x, create_graph=True, materialize_grads=True)[0]

    def value_and_grad(f: Any) -> Any:
        def g(x: Any) -> Any:
            x, out = traced(f, x)
            return out, pulled(x, out)

        return g

    def jacobian(f: Any) -> Any:
        def g(x: Any) -> Any:
            x, out = traced(f, x)
            return torch.stack([pulled(x, y) for y in out])

        return g

    return {
        "grad": lambda f: lambda x: value_and_grad(f)(x)[1],
        "jacobian": jacobian,
        "value_and_grad": value_and_grad,
    }


@cache
def pytorch() -> Library:
    import torch

    F = torch.nn.functional

    def tensor(x: Any) -> Any:
        return x if isinstance(x, torch.Tensor) else torch.tensor(x, dtype=torch.float64)

    def both(f: Any) -> Any:
        return lambda x, y: f(tensor(x), tensor(y))

    def dim(f: Any, values: bool = False, **fixed: Any) -> Any:
        def g(x: Any, axis: int | None = None, **options: Any) -> Any:
            if axis is None:
                return f(x, **fixed)
            out = f(x, axis, **fixed, **options)
            return out.values if values else out

        return g

    same = listed("""
        abs arccos arccosh arcsin arcsinh arctan arctanh broadcast_to clip cos cosh einsum erf exp
        exp2 expm1 log log10 log1p log2 matmul outer reciprocal reshape sigmoid sign sin sinh sqrt
        square stack tan tanh tril triu where
    """)
    names = tapes(torch) | {name: getattr(torch, name) for name in same}
    names |= {
        name: getattr(F, name)
        for name in listed(
            """elu gelu hardtanh leaky_relu logsigmoid relu selu silu softplus softsign"""
        )
    }
    names |= {
        name: both(getattr(torch, name))
        for name in listed("arctan2 hypot logaddexp maximum minimum xlogy")
    }
    names |= {name: dim(getattr(torch, name)) for name in listed("sum mean prod cumsum cumprod")}
    names |= {name: dim(getattr(torch, name), values=True) for name in ["max", "min", "sort"]}
    names |= {name: dim(getattr(torch, name), correction=0) for name in ("var", "std")}
    names |= {
        "argmax": torch.argmax,
        "array": lambda x: torch.from_numpy(np.array(x)),
        "concatenate": torch.cat,
        "expand_dims": torch.unsqueeze,
        "eye": lambda n: torch.eye(n, dtype=torch.float64),
        "flip": lambda x, axis: torch.flip(x, (axis,)),
        "inv": torch.linalg.inv,
        "log_softmax": torch.log_softmax,
        "logsumexp": lambda x, axis=None: x.exp().sum(axis).log(),
        "number": tensor,
        "roll": lambda x, shift, axis: torch.roll(x, shift, axis),
        "softmax": torch.softmax,
        "stop_gradient": lambda x: x.detach(),
        "transpose": lambda x: torch.permute(x, tuple(range(x.ndim))[::-1]),
    }

    def differentiate(f: Any, args: Any, direction: Any) -> Numbers:
        xs = [tensor(x).requires_grad_() for x in args]
        vs = [tensor(v) for v in direction]
        options = {"create_graph": True, "materialize_grads": True}
        out = f(*xs)
        zeros = [torch.zeros_like(x) for x in xs]
        gradient = torch.autograd.grad(out, xs, **options) if out.requires_grad else zeros
        along = sum((g * v).sum() for g, v in zip(gradient, vs, strict=True))
        product = torch.autograd.grad(along, xs, **options) if along.requires_grad else zeros
        return [x.numpy(force=True) for x in (out, *gradient, *product)]

    return Library(names, differentiate)


# --- JAX ------------------------------------------------------------------------------------------


@cache
def in_jax() -> Library:
    import jax
    import jax.numpy as jnp

    names: Names = {name: getattr(jnp, name) for name in WORDS if hasattr(jnp, name)}
    names |= {
        name: getattr(jax.nn, name)
        for name in listed(
            """elu leaky_relu log_softmax logsumexp relu selu sigmoid silu softmax softplus"""
        )
    }
    names |= {
        "array": jnp.array,
        "erf": jax.scipy.special.erf,
        "eye": jnp.eye,
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
        "grad": jax.grad,
        "hardtanh": jax.nn.hard_tanh,
        "inv": jnp.linalg.inv,
        "jacobian": jax.jacrev,
        "logsigmoid": jax.nn.log_sigmoid,
        "number": np.float64,
        "softsign": jax.nn.soft_sign,
        "stop_gradient": jax.lax.stop_gradient,
        "value_and_grad": jax.value_and_grad,
        "xlogy": jax.scipy.special.xlogy,
    }

    def differentiate(f: Any, args: Any, direction: Any) -> Numbers:
        """The Hessian forward over backward, by rules of their own for either."""
        xs, vs = (tuple(map(jnp.asarray, x)) for x in (args, direction))
        argnums = tuple(range(len(xs)))
        f_and_grad = jax.value_and_grad(f, argnums)
        (value, gradient), (_, product) = jax.jvp(f_and_grad, xs, vs)
        return [np.asarray(x) for x in (value, *gradient, *product)]

    @contextmanager
    def at_work() -> Iterator[None]:
        """In double precision, and operation by operation: few of them are alike in two programs,
        and to compile one takes longer than all else here.
        """
        with jax.enable_x64(True), jax.disable_jit():
            yield

    return Library(names, differentiate, at_work)


# --- no library of derivatives at all -------------------------------------------------------------


@cache
def high_precision() -> Library:
    """Numerical derivatives of single numbers, of which rounding leaves the first 25 digits."""
    from mpmath import mp, mpf

    same = listed("""cos cosh erf exp expm1 hypot log log10 log1p sign sin sinh sqrt tan tanh""")
    names: Names = {name: getattr(mp, name) for name in same}
    names |= {"arc" + name[1:]: getattr(mp, name) for name in ["acos", "asin", "atan"]}
    names |= {"arc" + name[1:]: getattr(mp, name) for name in ["acosh", "asinh", "atanh"]}
    names |= {
        "abs": abs,
        "arctan2": mp.atan2,
        "clip": lambda x, low, high: min(high, x if low is None else max(low, x)),
        "elu": lambda x, scale=1: x if x > 0 else scale * mp.expm1(x),
        "exp2": lambda x: 2**x,
        "gelu": lambda x: x * mp.ncdf(x),
        "grad": lambda f: lambda x: mp.diff(f, x),
        "hardtanh": lambda x: min(max(x, -1), 1),
        "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
        "log2": lambda x: mp.log(x, 2),
        "logaddexp": lambda x, y: mp.log(mp.exp(x) + mp.exp(y)),
        "logsigmoid": lambda x: -mp.log1p(mp.exp(-x)),
        "maximum": max,
        "minimum": min,
        "number": mpf,
        "reciprocal": lambda x: 1 / x,
        "relu": lambda x: max(x, 0),
        "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
        "silu": lambda x: x / (1 + mp.exp(-x)),
        "softplus": lambda x: mp.log1p(mp.exp(x)),
        "softsign": lambda x: x / (1 + abs(x)),
        "square": lambda x: x * x,
        "value_and_grad": lambda f: lambda x: (f(x), mp.diff(f, x)),
        "where": lambda condition, x, y: x if condition else y,
        "xlogy": lambda x, y: x * mp.log(y),
    }
    alpha, scale = "1.6732632423543772848170429916717", "1.0507009873554804934193349852946"
    names["selu"] = lambda x: mpf(scale) * names["elu"](x, mpf(alpha))

    def differentiate(f: Any, args: Any, direction: Any) -> Numbers:
        def slope(i: int, t: Any) -> Any:
            """By the i-th argument, so far along the direction."""
            here = [x + t * v for x, v in zip(args, direction, strict=True)]
            return mp.diff(lambda x: f(*here[:i], x, *here[i + 1 :]), here[i])

        with mp.workdps(25):
            args, every = [mpf(x) for x in args], range(len(args))
            gradient = [slope(i, mpf(0)) for i in every]
            product = [mp.diff(partial(slope, i), mpf(0)) for i in every]
            return [float(x) for x in (f(*args), *gradient, *product)]

    return Library(names, differentiate)


@cache
def complex_numbers() -> Library:
    """The slope by an entry as the imaginary part of a step too small to change the real one
    (Squire & Trapp 1998): exact, and no second order.

    NumPy orders complex numbers by their real parts; what else looks at them, is written here.
    """
    from scipy.special import erf

    def axis_of(x: Any, axis: Any) -> Any:
        return tuple(range(np.ndim(x))) if axis is None else axis

    def clip(x: Any, low: Any, high: Any) -> Any:
        x = x if low is None else np.where(np.real(x) < low, low, x)
        return np.where(np.real(x) > high, high, x)

    def elu(x: Any, alpha: float = 1.0) -> Any:
        return np.where(np.real(x) > 0, x, alpha * np.expm1(x))

    def logsumexp(x: Any, axis: Any = None) -> Any:
        return np.log(np.sum(np.exp(x), axis=axis))

    def softmax(x: Any, axis: Any) -> Any:
        return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)

    def var(x: Any, axis: Any = None) -> Any:
        return np.mean((x - np.mean(x, axis=axis_of(x, axis), keepdims=True)) ** 2, axis=axis)

    def magnitude(x: Any) -> Any:
        return np.where(np.real(x) < 0, -x, x)

    names: Names = {name: getattr(np, name) for name in WORDS if hasattr(np, name)}
    names |= {
        "abs": magnitude,
        "arctan2": lambda x, y: np.arctan(x / y),
        "array": np.array,
        "clip": clip,
        "elu": elu,
        "erf": erf,
        "eye": np.eye,
        "gelu": lambda x: 0.5 * x * (1 + erf(x * np.sqrt(0.5))),
        "hardtanh": lambda x: clip(x, -1.0, 1.0),
        "hypot": lambda x, y: np.sqrt(x * x + y * y),
        "inv": np.linalg.inv,
        "leaky_relu": lambda x: np.where(np.real(x) > 0, x, 0.01 * x),
        "log_softmax": lambda x, axis: np.log(softmax(x, axis)),
        "logaddexp": lambda x, y: np.log(np.exp(x) + np.exp(y)),
        "logsigmoid": lambda x: -np.log(1 + np.exp(-x)),
        "logsumexp": logsumexp,
        "number": np.float64,
        "relu": lambda x: np.where(np.real(x) > 0, x, 0.0),
        "selu": lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772),
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "sign": lambda x: np.sign(np.real(x)),
        "silu": lambda x: x / (1 + np.exp(-x)),
        "softmax": softmax,
        "softplus": lambda x: np.log(1 + np.exp(x)),
        "softsign": lambda x: x / (1 + magnitude(x)),
        "std": lambda x, axis=None: np.sqrt(var(x, axis)),
        "var": var,
        "xlogy": lambda x, y: x * np.log(y),
    }
    step = 1e-30

    def differentiate(f: Any, args: Any, direction: Any) -> Numbers:
        gradient = [np.zeros(np.shape(x)) for x in args]
        at = [np.array(x, complex) for x in args]
        for x, g in zip(at, gradient, strict=True):
            for entry in np.ndindex(g.shape):
                x[entry] += step * 1j
                g[entry] = np.imag(f(*(x[()] for x in at))) / step
                x[entry] -= step * 1j
        return [np.real(f(*(x[()] for x in at))), *gradient]

    return Library(names, differentiate)
