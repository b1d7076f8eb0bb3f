"""`nn.fit`: the training of a model in one call."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from autograd.core.arguments import (
    flag,
    function,
    instance_of,
    integer,
    non_negative,
    one_of,
    sequence_of,
    type_error,
)
from nn.data.loader import DataLoader, Transform, transform_of
from nn.data.samples import Batches, count_of
from nn.module import Module
from nn.optim.optimizer import Optimizer
from nn.optim.schedule import LRScheduler
from nn.seed import Rng, generator_from

from .checkpoint import PathLike, check_writable
from .evaluation import Data, Loss, batches_of
from .history import History
from .run import Callback, Run
from .states import few

if TYPE_CHECKING:
    from .cluster import Cluster


def fit(
    model: Module,
    data: Data,
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int = 32,
    validation: Data | None = None,
    callbacks: Iterable[Callback] = (),
    schedule: LRScheduler | Sequence[LRScheduler] = (),
    schedule_per: Literal["step", "epoch"] | None = None,
    transform: Transform | None = None,
    validation_transform: Transform | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    seed: Rng = None,
    progress: bool = True,
    checkpoint: PathLike | None = None,
    resume: bool = False,
    executor: Cluster | None = None,
) -> History:
    """Train `model` by mini-batches and return the history.

    >>> import nn
    >>> train, _ = nn.datasets.load("rectangles", samples=200, rng=0)
    >>> model = nn.Linear(4, 1, rng=0)
    >>> nn.fit(model, train, loss=nn.mse_loss, optimizer=nn.SGD(model.parameters(), lr=0.1),
    ...        epochs=5, seed=0)
    History(5 epochs, 35 steps: loss 0.0264)

    Ctrl-C ends training after the step under way, and the history so far is returned; pressed
    again, it does not wait for the step.

    Args:
        model: parts that are in evaluation mode inside a training model, such as a frozen batch
            norm, stay in it. Afterwards all modes are as before.
        data: inputs and targets, as a pair `(x, y)` of arrays; a `Dataset`, or anything with
            `__len__` and `__getitem__(i) -> (x, y)`; a `DataLoader`; or another iterable of batches
            `(x, y)`, which must start anew in each epoch. A list whose first entry is a pair of
            arrays, of two axes or more and as many rows, is a list of batches; any other list has
            samples. Samples are shuffled anew for each epoch, and batches come as they are. They
            are moved to where the model's parameters are; see `Dataset.to` for holding all of them
            there.
        loss: a function of outputs and targets, averaged over the batch.
        optimizer: over the model's parameters, or some of them: the others stay as they are. It
            warns of parameters that are not the model's.
        epochs: how often to go through the data, what was done before `resume` included.
        batch_size: samples per step; a `DataLoader` has its own.
        validation: data to evaluate after each epoch, in the same forms.
        callbacks: see `Callback`.
        schedule: one or several, of the optimizer's learning rate.
        schedule_per: when schedules are stepped; by itself after each step for `OneCycleLR`, whose
            total counts steps, and after each epoch for all others. `ReduceLROnPlateau` is given
            the score that it monitors.
        transform: changes the inputs of each batch, see `DataLoader`.
        validation_transform: the same for the validation data, which `transform` leaves alone.
        l1, l2: add `l1 sum |p| + l2 / 2 sum p^2` over the optimizer's parameters to what is
            minimised (not to the losses in the history). `l2` does what SGD's `weight_decay` does.
        seed: of the shuffling, or a generator; the library's own if left out.
        progress: show a bar, where the output is a terminal or a notebook.
        checkpoint: an .npz file to write after each epoch, with all that it takes to go on: model,
            optimizer, schedules, callbacks, history, and random generators: the library's, those in
            model, data, transforms, loss, optimizer, schedules and callbacks and in the global
            variables that these use, and NumPy's and Python's global ones if anything used them.
            It warns of iterators among these, whose place can't be saved. If parameters, buffers
            or the optimizer's state have become nan or infinite, the file stays as it was, with a
            warning.
        resume: go on from `checkpoint`, if the file exists. With the same arguments (`epochs` may
            differ) it ends with the same bits as if it had never been broken off. It warns of
            other arguments: the optimizer's options, `l1`, `l2` and the seed are the checkpoint's;
            loss, transforms, schedules' options and the batch size are the given ones.
        executor: a `Cluster` that holds the samples and computes loss and gradients.

    Raises:
        ValueError: no samples, an argument out of range, a schedule of another optimizer, or a
            checkpoint that is damaged or of another training; and what model and loss refuse.
        TypeError: an argument is of the wrong kind, or a batch, an output or a loss is.
    """
    instance_of("model", model, Module)
    instance_of("optimizer", optimizer, Optimizer)
    function("loss", loss)
    check_parameters(model, optimizer, loss)
    epochs = integer("epochs", epochs, at_least=0)
    batch_size = integer("batch_size", batch_size, at_least=1)
    schedules = [schedule] if isinstance(schedule, LRScheduler) else schedule
    schedules = sequence_of("schedule", schedules, LRScheduler, "schedules of learning rates")
    if any(schedule.optimizer is not optimizer for schedule in schedules):
        raise ValueError("the schedule belongs to another optimizer; make it from this one")
    transform_of("validation_transform", validation_transform)
    progress, resume = flag("progress", progress), flag("resume", resume)
    loader = loader_of(data, batch_size, transform, seed)
    if executor is not None:
        from .cluster import Cluster  # most trainings have none

        loader = instance_of("executor", executor, Cluster).loader(loader, model, loss)
    if validation is not None:  # lists become arrays once, not after each epoch
        validation = validation_of(validation, validation_transform, seed)
    elif validation_transform is not None:
        raise ValueError("validation_transform needs data to transform: validation=...")
    for name, batches in (("data", loader), ("validation", validation)):
        if epochs > 1 and isinstance(batches, Batches) and batches.once:
            raise ValueError(
                f"{name} must give its batches anew in each of {epochs} epochs, but got an "
                "iterator, which can be gone through only once; pass a list of batches, or an "
                "object whose __iter__ starts anew"
            )
    run = Run(
        model=model,
        loader=loader,
        loss=loss,
        optimizer=optimizer,
        epochs=epochs,
        validation=validation,
        callbacks=sequence_of("callbacks", callbacks, Callback),
        schedules=schedules,
        schedule_per=one_of("schedule_per", schedule_per, (None, "step", "epoch")),
        l1=non_negative("l1", l1),
        l2=non_negative("l2", l2),
        executor=executor,
    )
    check_checkpoint(checkpoint, resume)
    if checkpoint is not None and run.generators.unsaved:
        warnings.warn(
            "a checkpoint can't hold where these are, so a resumed training begins them anew: "
            f"{few(run.generators.unsaved)}",
            RuntimeWarning,
            stacklevel=2,
        )
    run.tell("on_train_begin")
    if resume and checkpoint is not None and Path(checkpoint).exists():
        run.resume(checkpoint)
    run.train(progress, checkpoint)
    return run.history


def loader_of(
    data: Data, batch_size: int, transform: Transform | None, seed: Rng
) -> DataLoader | Batches:
    """Batches to train on.

    Raises:
        ValueError: there are none.
    """
    generator_from(seed, "seed")  # its errors name the argument
    loader = batches_of("data", data, batch_size, shuffle=True, rng=seed, transform=transform)
    made_here = isinstance(loader, DataLoader) and loader is not data
    if not made_here and not (transform is None and seed is None):
        what = "a DataLoader has its" if loader is data else "batches have their"
        raise ValueError(f"{what} own order and transform: give them to what makes the batches")
    if count_of(loader) == 0:
        found = "none"
        if isinstance(loader, DataLoader):
            found = f"{len(loader.data)} samples"
            found += f" for batches of {loader.batch_size}" * loader.drop_last
        raise ValueError(f"training needs at least one batch, but there are {found}")
    return loader


def validation_of(data: Data, transform: Transform | None, seed: Rng) -> DataLoader | Batches:
    """Batches to evaluate.

    Raises:
        ValueError: they come as batches, which have a transform of their own.
    """
    rng = generator_from(seed, "seed")
    loader = batches_of("validation", data, 1024, rng=rng, transform=transform)
    if transform is not None and (loader is data or isinstance(loader, Batches)):
        raise ValueError("validation comes in batches: give the transform to what makes them")
    return loader


def check_parameters(model: Module, optimizer: Optimizer, loss: Loss) -> None:
    """Warn of parameters that the optimizer has and the model has not.

    Raises:
        ValueError: it has none of the model's.
    """
    own = {id(p) for p in model.parameters()}
    if own.isdisjoint(map(id, optimizer.parameters())) and own:
        raise ValueError(
            "the optimizer has none of the model's parameters, so training would not change the "
            f"model; make one of them: {type(optimizer).__name__}(model.parameters(), ...)"
        )
    if isinstance(loss, Module):
        own |= {id(p) for p in loss.parameters()}
    if foreign := [p for p in optimizer.parameters() if id(p) not in own]:
        shapes = ", ".join(str(p.shape) for p in foreign[:3]) + ", ..." * (len(foreign) > 3)
        warnings.warn(
            f"the optimizer has {len(foreign)} parameters that are not the model's (of shapes "
            f"{shapes}): they change only if the loss depends on them, and nn.save and checkpoints "
            "leave them out",
            RuntimeWarning,
            stacklevel=3,
        )


def check_checkpoint(path: PathLike | None, resume: bool) -> None:
    """Check that a checkpoint can be written to this path.

    Raises:
        TypeError, ValueError: it is no path of an .npz file.
        OSError: the file can't be written.
    """
    if path is None:
        if resume:
            raise ValueError("resume=True needs the file to resume from: checkpoint=...")
        return
    if not isinstance(path, (str, os.PathLike)):
        raise type_error("checkpoint", "the path of an .npz file", path)
    if Path(path).suffix != ".npz":
        raise ValueError(f"checkpoint must be the path of an .npz file, but got {path}")
    check_writable(path)
