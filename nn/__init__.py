"""Neural nets on `autograd`: modules, losses, optimisers, data, the training loop."""

# fmt: off
from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import init, losses, optim, scalar
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
from .layers import MLP, Dropout, Embedding, Flatten, Linear, Sequential
from .losses import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    huber_loss,
    l1_loss,
    mse_loss,
    nll_loss,
)
from .module import Buffer, Module, Parameter
from .norm import BatchNorm1d, BatchNorm2d, LayerNorm
from .optim import SGD, Adagrad, Adam, AdamW, RMSprop, clip_grad_norm_, clip_grad_value_
from .optimizer import Optimizer
from .random import manual_seed

# What comes after the model is imported when it is first used: `import nn` takes half of the time.
LATER = {
    "callbacks": "Checkpoint EarlyStopping GradientNorm PrintEpochs StopOnNaN",
    "checkpoint": "load save",
    "cluster": "Cluster",
    "data": "DataLoader Dataset split",
    "datasets": "",
    "evaluation": "evaluate predict",
    "history": "History",
    "metrics": "accuracy confusion_matrix f1_score precision recall top_k_accuracy",
    "network": "draw_network",
    "plots": "",
    "run": "Callback",
    "schedule": "CosineAnnealingLR ExponentialLR LinearLR LRScheduler OneCycleLR "
                "ReduceLROnPlateau SequentialLR StepLR",
    "summaries": "summary",
    "train": "fit",
    "transforms": "Chain Normalize RandomFlip RandomShift one_hot",
}

if TYPE_CHECKING:
    from . import datasets, metrics, plots, schedule
    from .callbacks import Checkpoint, EarlyStopping, GradientNorm, PrintEpochs, StopOnNaN
    from .checkpoint import load, save
    from .cluster import Cluster
    from .data import DataLoader, Dataset, split
    from .evaluation import evaluate, predict
    from .history import History
    from .metrics import accuracy, confusion_matrix, f1_score, precision, recall, top_k_accuracy
    from .network import draw_network
    from .run import Callback
    from .schedule import (
        CosineAnnealingLR,
        ExponentialLR,
        LinearLR,
        LRScheduler,
        OneCycleLR,
        ReduceLROnPlateau,
        SequentialLR,
        StepLR,
    )
    from .summaries import summary
    from .train import fit
    from .transforms import Chain, Normalize, RandomFlip, RandomShift, one_hot

__all__ = [
    "ELU", "GELU", "MLP", "SELU", "SGD", "Adagrad", "Adam", "AdamW", "AvgPool2d", "BatchNorm1d",
    "BatchNorm2d", "Buffer", "Callback", "Chain", "Checkpoint", "Cluster", "Conv2d",
    "CosineAnnealingLR", "DataLoader", "Dataset", "Dropout", "EarlyStopping", "Embedding",
    "ExponentialLR", "Flatten", "GradientNorm", "Hardtanh", "History", "LRScheduler", "LayerNorm",
    "LeakyReLU", "Linear", "LinearLR", "LogSigmoid", "LogSoftmax", "MaxPool2d", "Module",
    "Normalize", "OneCycleLR", "Optimizer", "Parameter", "PrintEpochs", "RMSprop", "RandomFlip",
    "RandomShift", "ReLU", "ReduceLROnPlateau", "Sequential", "SequentialLR", "SiLU", "Sigmoid",
    "Softmax", "Softplus", "Softsign", "StepLR", "StopOnNaN", "Tanh", "accuracy",
    "binary_cross_entropy_with_logits", "clip_grad_norm_", "clip_grad_value_", "confusion_matrix",
    "cross_entropy", "datasets", "draw_network", "evaluate", "f1_score", "fit", "hinge_loss",
    "huber_loss", "init", "l1_loss", "load", "losses", "manual_seed", "metrics", "mse_loss",
    "nll_loss", "one_hot", "optim", "plots", "precision", "predict", "recall", "save", "scalar",
    "schedule", "split", "summary", "top_k_accuracy",
]
# fmt: on


if not TYPE_CHECKING:  # for which there would be no wrong names left

    def __getattr__(name: str) -> Any:
        for place, names in LATER.items():
            if name == place or name in names.split():
                module = import_module(f"{__name__}.{place}")
                globals()[name] = found = module if name == place else getattr(module, name)
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
