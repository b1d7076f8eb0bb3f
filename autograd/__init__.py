"""A minimal automatic-differentiation engine.

>>> from autograd import Value
>>> x = Value(3.0)
>>> y = x * x
>>> y.backward()
>>> x.grad
6.0
"""

from .check import GradientCheckError, check_gradients
from .functional import grad, value_and_grad
from .functions import (
    broadcast_to,
    concatenate,
    expand_dims,
    log_softmax,
    logsumexp,
    matmul,
    max,
    mean,
    reshape,
    softmax,
    softmax_cross_entropy,
    stack,
    stop_gradient,
    sum,
    transpose,
    where,
)
from .modes import enable_grad, is_grad_enabled, no_grad
from .node import NotDifferentiableError, Op
from .rules import abs, cos, exp, log, maximum, minimum, relu, sigmoid, sign, sin, sqrt, tanh
from .tensor import Tensor, from_numpy
from .value import Value

__all__ = [
    "GradientCheckError",
    "NotDifferentiableError",
    "Op",
    "Tensor",
    "Value",
    "abs",
    "broadcast_to",
    "check_gradients",
    "concatenate",
    "cos",
    "enable_grad",
    "exp",
    "expand_dims",
    "from_numpy",
    "grad",
    "is_grad_enabled",
    "log",
    "log_softmax",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "minimum",
    "no_grad",
    "relu",
    "reshape",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "softmax_cross_entropy",
    "sqrt",
    "stack",
    "stop_gradient",
    "sum",
    "tanh",
    "transpose",
    "value_and_grad",
    "where",
]
