"""Training on a cluster: the samples in chunks on its workers, the parameters here.

A `Tensor` takes Dask's arrays as they are, and so do the rules of the table: on them, loss and
gradients are plans of what to compute. Here is only what gets the samples to the workers, and the
numbers back.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from autograd import Tensor, from_numpy, no_grad
from autograd.core.arguments import integer, positive
from nn.data.dataset import Dataset, in_arrays
from nn.data.loader import DataLoader
from nn.data.samples import Batches
from nn.inputs import Array
from nn.module import Module, evaluation

from .evaluation import Loss

if TYPE_CHECKING:
    from distributed import Client

INSTALL = "training on a cluster needs Dask: pip install napkingrad[cluster]"
START = "start one with `dask scheduler`, and its workers with `dask worker ADDRESS`"


class Cluster:
    """Dask's workers, on this machine or on others, to train on: `fit(..., executor=cluster)`.

    The batches are those of one machine, drawn from the same seed, and the loss and its gradients
    are computed by the same rules: a training gives the same numbers, to rounding. If a worker
    dies, Dask has the others do its part. Workers need Dask and NumPy, nothing of ours.

    Local workers are processes, which import the program that starts them: a script must begin its
    work under `if __name__ == "__main__":`.

    Args:
        where: the address of a scheduler, such as "tcp://host:8786", or a Dask client that is
            connected; workers on this machine if left out.
        workers: how many of those to start; as many as it has cores if left out.
        timeout: seconds to wait for the scheduler and for its first worker.

    Raises:
        ModuleNotFoundError: Dask is not installed.
        ConnectionError: no scheduler can be reached there, or it has no workers.
        TypeError: `where` is something else.
        ValueError: no number of workers, or one for a scheduler, which has its own.
    """

    def __init__(
        self,
        where: Any = None,
        *,
        workers: int | None = None,
        timeout: float = 10.0,
    ) -> None:
        try:
            for name in ("dask.array", "distributed"):  # slow to import, and an extra
                import_module(name)
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(INSTALL, name=error.name) from None
        check_place(where)
        if workers is not None and where is not None:
            raise ValueError("a scheduler has its own workers: leave out workers=")
        if workers is not None:
            workers = integer("workers", workers, at_least=1)
        timeout = positive("timeout", timeout)
        self.local = local_workers(workers) if where is None else None
        self.owned = where is None or isinstance(where, str)
        try:
            self.client = connected(self.local or where, timeout) if self.owned else where
            self.client.wait_for_workers(1, timeout)
        except TimeoutError:
            self.close()
            raise ConnectionError(
                f"the scheduler at {where} has no workers after {timeout:g} s: {START}"
            ) from None

    def close(self) -> None:
        """Leave the cluster, and end it if it was started here."""
        if self.owned:
            self.client.close()
        if self.local is not None:
            self.local.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Cluster({self.client.scheduler.address}: {self.threads()} threads)"

    def threads(self) -> int:
        """How much the workers can do at a time, all together."""
        return sum(self.client.nthreads().values())

    def put(self, data: Dataset) -> Dataset:
        """The samples in chunks on the workers, one for each thread.

        To be able to hand out again what a lost worker had, the scheduler keeps them too. Larger
        sets are better given as Dask arrays that the workers read from files, in chunks of their
        own.
        """
        import dask.array as da

        even = math.ceil(len(data) / self.threads())
        rows = getattr(data.x, "chunks", (even,))[0]

        def divided(a: Any) -> Any:
            chunks = (rows, *a.shape[1:])
            return a.rechunk(chunks) if is_dask(a) else da.from_array(a, chunks)

        with large_plans():
            held = self.client.persist([divided(data.x), divided(data.y)])
        return Dataset(*held)

    def loader(self, loader: DataLoader | Batches, model: Module, loss: Loss) -> WorkerBatches:
        """The batches of `loader`, on the workers.

        Raises:
            ValueError: it transforms its batches, for which they would have to be here; and what
                model and loss refuse.
            TypeError: the model is not one of tensors.
        """
        if isinstance(loader, Batches) or loader.batch_size is None:
            raise ValueError("a cluster makes the batches itself: pass samples and batch_size")
        if loader.transform is not None:
            raise ValueError("a cluster takes the samples as they are: transform them beforehand")
        data = in_arrays(loader.data)
        self.check(data, model, loss)
        data = self.put(data)
        return WorkerBatches(data, loader.batch_size, loader.shuffle, loader.drop_last, loader.rng)

    def check(self, data: Dataset, model: Module, loss: Loss) -> None:
        """Ask the loss about all targets: it can't look at them where all is computed later."""
        if not all(isinstance(p, Tensor) for p in model.parameters()):
            raise TypeError("a cluster computes with tensors: nn.MLP in place of nn.scalar.MLP")
        with evaluation(), no_grad():
            out = model(self.compute(data.x[:1]))
        for part in getattr(data.y, "blocks", [data.y]):  # they may be many: not all at once
            y = self.compute(part)
            loss(from_numpy(np.broadcast_to(out.data, (len(y), *out.shape[1:]))), y)

    def compute(self, plans: Any) -> Any:
        """NumPy's numbers in place of plans, in lists and dicts too, all in one go."""
        import dask

        with large_plans():
            (numbers,) = dask.compute(plans, scheduler=self.client)
        return numbers

    def finish(
        self, scores: Mapping[str, Any], leaves: Iterable[Tensor], buffers: Iterable[Tensor]
    ) -> dict[str, Any]:
        """The scores of a step, computed together with all gradients and buffers, which become
        NumPy's arrays.
        """
        leaves = list({id(p): p for p in leaves if p.grad is not None}.values())
        buffers = [x for x in buffers if is_dask(x.data)]
        plans = [dict(scores), [p.grad for p in leaves], [x.data for x in buffers]]
        numbers, grads, states = self.compute(plans)
        for p, g in zip(leaves, grads):
            p.grad = g if type(g) is float or g.flags.writeable else g.copy()
        for x, state in zip(buffers, states):
            x._replace(state)  # setting .data would leave it where the plan is
        return numbers


class WorkerBatches(DataLoader):
    """The batches of a `DataLoader` whose samples lie on workers: no sample leaves its own.

    A batch holds the samples that it would hold on one machine, those of each worker together.
    """

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        assert isinstance(self.data, Dataset)
        data, n, size = self.data, len(self.data), self.batch_size or 1
        order = self.rng.permutation(n) if self.shuffle else np.arange(n)
        for i in range(0, len(self) * size, size):
            rows = np.sort(order[i : i + size])
            if len(rows) == n:
                yield data.x, data.y
            else:
                yield chosen(data.x, rows), chosen(data.y, rows)


def chosen(x: Any, rows: Array) -> Any:
    """These rows, in ascending order, as chunks that are parts of those of `x`."""
    import dask.array as da

    ends = np.cumsum(x.chunks[0])
    parts = np.split(rows, np.searchsorted(rows, ends[:-1]))
    return da.concatenate(
        [
            x.blocks[i][part - end + length]
            for i, (part, end, length) in enumerate(zip(parts, ends, x.chunks[0]))
            if len(part)
        ]
    )


def is_dask(x: Any) -> bool:
    return hasattr(x, "__dask_graph__")


def check_place(where: Any) -> None:
    """Refuse what is neither the address of a scheduler nor a client."""
    from distributed import Client

    if not (where is None or isinstance(where, (str, Client))):
        raise TypeError(
            "Cluster takes the address of a scheduler, such as 'tcp://host:8786', or a Dask "
            f"client, but got {where!r:.60}; a Dask cluster has get_client()"
        )


def local_workers(count: int | None) -> Any:
    """Processes of one thread each on this machine, with a scheduler that only it can reach."""
    import dask
    from distributed import LocalCluster

    with dask.config.set({"distributed.comm.timeouts.connect": "5s"}):  # to one that has died
        return LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            memory_limit=None,
            dashboard_address="127.0.0.1:0",  # a free port
            silence_logs=logging.CRITICAL,  # what matters comes as an exception
        )


def connected(where: Any, timeout: float) -> Client:
    """A client of the scheduler there.

    Raises:
        ConnectionError: there is none.
    """
    from distributed import Client

    client = Client.__new__(Client)  # a name for what is to be closed, should it fail
    try:
        Client.__init__(client, where, timeout=timeout)
    except (OSError, ValueError, MemoryError) as error:  # the last if something else answers
        client.close()
        raise ConnectionError(
            f"no Dask scheduler can be reached at {where} ({error}): {START}"
        ) from None
    return client


@contextmanager
def large_plans() -> Iterator[None]:
    """Inside, Dask does not warn of plans that carry samples or parameters: they have to travel."""
    import dask

    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PB"}):
        yield
