"""Neural nets on `autograd`."""

from . import init, losses, optim, scalar
from .layers import MLP, Linear, ReLU, Sequential, Sigmoid, Tanh
from .losses import cross_entropy, mse_loss
from .module import Module, Parameter
from .optim import SGD, Optimizer
from .random import manual_seed
