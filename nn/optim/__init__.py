"""Optimisers and schedules: how parameters follow their gradients.

Each optimiser is one class with one method, `update`, that changes an array in place and allocates
nothing after the first step. Where arrays of another library can't be changed in place, the same
lines make new ones. All `Value` parameters of a group are updated together, as one array.
"""

from .adaptive import Adagrad, Adam, AdamW, RMSprop
from .clip import clip_grad_norm_, clip_grad_value_
from .optimizer import Optimizer
from .sgd import SGD

__all__ = [
    "SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "clip_grad_norm_",
    "clip_grad_value_",
]  # fmt: skip
