"""Neural nets on `autograd`: modules, losses, optimisers, data, the training loop."""

from . import datasets, init, losses, metrics, optim, scalar
from .activations import (
    ELU,
    GELU,
    SELU,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from .conv import AvgPool2d, Conv2d, MaxPool2d
from .data import DataLoader, Dataset, split
from .layers import MLP, Dropout, Embedding, Flatten, Linear, Sequential
from .losses import cross_entropy, mse_loss
from .metrics import accuracy, confusion_matrix
from .module import Buffer, Module, Parameter
from .norm import BatchNorm1d, BatchNorm2d, LayerNorm
from .optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop, clip_grad_norm_, clip_grad_value_
from .random import manual_seed
from .summary import summary
from .train import History, evaluate, fit, predict
from .transforms import Normalize, RandomShift, one_hot

__all__ = [
    "ELU",
    "GELU",
    "MLP",
    "SELU",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Buffer",
    "Conv2d",
    "DataLoader",
    "Dataset",
    "Dropout",
    "Embedding",
    "Flatten",
    "Hardtanh",
    "History",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "MaxPool2d",
    "Module",
    "Normalize",
    "Optimizer",
    "Parameter",
    "RMSprop",
    "RandomShift",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "accuracy",
    "clip_grad_norm_",
    "clip_grad_value_",
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
    "one_hot",
    "optim",
    "predict",
    "scalar",
    "split",
    "summary",
]
