"""Neural nets on `autograd`: modules, losses, optimisers, data, the training loop."""

# fmt: off
from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import init, losses, optim, scalar, seed
from .layers.activation import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from .layers.container import MLP, Flatten, Sequential
from .layers.conv import Conv2d
from .layers.dropout import Dropout
from .layers.embedding import Embedding
from .layers.linear import Linear
from .layers.norm import BatchNorm1d, BatchNorm2d, LayerNorm
from .layers.pool import AvgPool2d, MaxPool2d
from .losses import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    focal_loss,
    hinge_loss,
    huber_loss,
    l1_loss,
    margin_ranking_loss,
    mse_loss,
    multi_margin_loss,
    nll_loss,
)
from .module import Buffer, Module, Parameter
from .optim import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
    clip_grad_norm_,
    clip_grad_value_,
)
from .seed import manual_seed

# What comes after the model is imported when it is first used: `import nn` takes half of the time.
LATER = {
    "data.dataset": "Dataset split",
    "data.loader": "DataLoader",
    "data.transforms": "Chain Normalize RandomFlip RandomShift one_hot",
    "draw.network": "draw_network",
    "draw.summary": "summary",
    "optim.schedule": "CosineAnnealingLR ExponentialLR LinearLR LRScheduler OneCycleLR "
                      "ReduceLROnPlateau SequentialLR StepLR",
    "train.callbacks": "Checkpoint EarlyStopping GradientNorm PrintEpochs StopOnNaN",
    "train.checkpoint": "load save",
    "train.cluster": "Cluster",
    "train.evaluation": "evaluate predict",
    "train.fit": "fit",
    "train.history": "History",
    "train.metrics": "accuracy confusion_matrix f1_score precision recall top_k_accuracy",
    "train.run": "Callback",
}
MODULES = {
    "datasets": "data.sets",
    "metrics": "train.metrics",
    "plots": "draw.plots",
    "schedule": "optim.schedule",
}

if TYPE_CHECKING:
    from .data import sets as datasets
    from .data.dataset import Dataset, split
    from .data.loader import DataLoader
    from .data.transforms import Chain, Normalize, RandomFlip, RandomShift, one_hot
    from .draw import plots
    from .draw.network import draw_network
    from .draw.summary import summary
    from .optim import schedule
    from .optim.schedule import (
        CosineAnnealingLR,
        ExponentialLR,
        LinearLR,
        LRScheduler,
        OneCycleLR,
        ReduceLROnPlateau,
        SequentialLR,
        StepLR,
    )
    from .train import metrics
    from .train.callbacks import Checkpoint, EarlyStopping, GradientNorm, PrintEpochs, StopOnNaN
    from .train.checkpoint import load, save
    from .train.cluster import Cluster
    from .train.evaluation import evaluate, predict
    from .train.fit import fit
    from .train.history import History
    from .train.metrics import (
        accuracy,
        confusion_matrix,
        f1_score,
        precision,
        recall,
        top_k_accuracy,
    )
    from .train.run import Callback

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "MLP", "SELU", "SGD", "Adagrad", "Adam", "AdamW", "AvgPool2d",
    "BatchNorm1d", "BatchNorm2d", "Buffer", "Callback", "Chain", "Checkpoint", "Cluster",
    "Conv2d", "CosineAnnealingLR", "DataLoader", "Dataset", "Dropout", "EarlyStopping",
    "Embedding", "ExponentialLR", "Flatten", "GradientNorm", "Hardsigmoid", "Hardswish",
    "Hardtanh", "History", "LRScheduler", "LayerNorm", "LeakyReLU", "Linear", "LinearLR",
    "LogSigmoid", "LogSoftmax", "MaxPool2d", "Mish", "Module", "Normalize", "OneCycleLR",
    "Optimizer", "Parameter", "PrintEpochs", "RMSprop", "RandomFlip", "RandomShift", "ReLU",
    "ReLU6", "ReduceLROnPlateau", "Sequential", "SequentialLR", "SiLU", "Sigmoid", "Softmax",
    "Softplus", "Softsign", "StepLR", "StopOnNaN", "Tanh", "accuracy",
    "binary_cross_entropy_with_logits", "clip_grad_norm_", "clip_grad_value_", "confusion_matrix",
    "cross_entropy", "datasets", "draw_network", "evaluate", "f1_score", "fit", "focal_loss",
    "hinge_loss", "huber_loss", "init", "l1_loss", "load", "losses", "manual_seed",
    "margin_ranking_loss", "metrics", "mse_loss", "multi_margin_loss", "nll_loss", "one_hot",
    "optim", "plots", "precision", "predict", "recall", "save", "scalar", "schedule", "seed",
    "split", "summary", "top_k_accuracy",
]
# fmt: on


if not TYPE_CHECKING:  # for which there would be no wrong names left

    def __getattr__(name: str) -> Any:
        if name in MODULES:
            globals()[name] = module = import_module(f"{__name__}.{MODULES[name]}")
            return module
        for place, names in LATER.items():
            if name in names.split():
                globals()[name] = found = getattr(import_module(f"{__name__}.{place}"), name)
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
