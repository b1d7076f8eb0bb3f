"""Neural nets on `autograd`: modules, losses, optimisers, data, the training loop."""

from . import datasets, init, losses, metrics, optim, scalar
from .data import DataLoader, Dataset, split
from .layers import MLP, Linear, ReLU, Sequential, Sigmoid, Tanh
from .losses import cross_entropy, mse_loss
from .metrics import accuracy, confusion_matrix
from .module import Module, Parameter
from .optim import SGD, Optimizer
from .random import manual_seed
from .train import History, evaluate, fit, predict

__all__ = [
    "MLP",
    "SGD",
    "DataLoader",
    "Dataset",
    "History",
    "Linear",
    "Module",
    "Optimizer",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "accuracy",
    "confusion_matrix",
    "cross_entropy",
    "datasets",
    "evaluate",
    "fit",
    "init",
    "losses",
    "manual_seed",
    "metrics",
    "mse_loss",
    "optim",
    "predict",
    "scalar",
    "split",
]
