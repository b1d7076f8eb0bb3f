"""Training on Dask's workers: the numbers of one machine, whatever happens to the workers."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from socket import create_server
from threading import Thread, Timer
from typing import Any

import numpy as np
import pytest

import nn
from demos.__main__ import main

pytest.importorskip("distributed", reason="a cluster is Dask's: pip install napkingrad[cluster]")

import dask.array as da
from distributed import Client

APART = {np.float32: 1e-5, np.float64: 1e-10}
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def cluster() -> Iterator[nn.Cluster]:
    with nn.Cluster(workers=2, timeout=60) as cluster:
        yield cluster


def images(dtype: Any = np.float32, samples: int = 101) -> nn.Dataset:
    """Pixels and classes: a net can learn them by heart."""
    rng = np.random.default_rng(0)
    return nn.Dataset(rng.random((samples, 12)).astype(dtype), rng.integers(0, 4, samples))


def learn(
    cluster: nn.Cluster | None,
    data: Any,
    model: nn.Module | None = None,
    optimizer: Callable[..., nn.Optimizer] = nn.SGD,
    **options: Any,
) -> tuple[nn.History, nn.Module]:
    """Train a net from the same first weights, for a few steps."""
    dtype = data.x.dtype if isinstance(data, nn.Dataset) else np.float32
    model = model or nn.MLP(12, [8, 4], dtype=dtype, rng=0)
    options = {"loss": nn.cross_entropy, "epochs": 3, "batch_size": 101, "seed": 0} | options
    moving = optimizer(model.parameters(), lr=0.1)
    history = nn.fit(model, data, optimizer=moving, executor=cluster, **options)
    return history, model


def assert_same(one: tuple[nn.History, nn.Module], other: tuple[nn.History, nn.Module]) -> None:
    """The same numbers, to rounding."""
    (history, model), (theirs, their_model) = one, other
    rtol = APART[model.parameters()[0].data.dtype.type]
    assert len(history.step_loss) == len(theirs.step_loss) > 0
    for name, column in history.steps.items():
        np.testing.assert_allclose(theirs.steps[name], column, rtol=rtol, err_msg=name)
    state, their_state = model.state_dict(), their_model.state_dict()
    for name, x in state.items():
        assert type(x) is type(their_state[name]) is np.ndarray
        np.testing.assert_allclose(
            their_state[name], x, rtol=10 * rtol, atol=rtol, strict=True, err_msg=name
        )


# --- the same numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [101, 60])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_and_weights_are_those_of_one_machine(
    cluster: nn.Cluster, dtype: Any, batch_size: int
) -> None:
    here, there = (
        learn(c, images(dtype), optimizer=nn.Adam, batch_size=batch_size) for c in (None, cluster)
    )
    assert here[0].step_loss[-1] < here[0].step_loss[0]
    assert_same(here, there)


def test_samples_one_by_one_are_gathered(cluster: nn.Cluster) -> None:
    data = images()
    assert_same(learn(None, data), learn(cluster, list(zip(data.x, data.y.tolist()))))
    batches = [(data.x, data.y)]
    for wrong in (iter(batches), nn.DataLoader(batches, batch_size=None)):
        with pytest.raises(ValueError, match="a cluster makes the batches itself"):
            nn.fit(model := nn.MLP(12, [4], rng=0), wrong, loss=nn.cross_entropy, epochs=1,
                   optimizer=nn.SGD(model.parameters(), lr=0.1), executor=cluster)  # fmt: skip


def batch_norm() -> nn.Module:
    return nn.Sequential(nn.Linear(12, 4, rng=0), nn.BatchNorm1d(4), nn.Tanh())


def layer_norm() -> nn.Module:
    return nn.Sequential(nn.LayerNorm(12), nn.Linear(12, 4, rng=0), nn.Softplus())


@pytest.mark.parametrize("make", [batch_norm, layer_norm])
def test_statistics_are_those_of_all_samples(
    cluster: nn.Cluster, make: Callable[[], nn.Module]
) -> None:
    assert_same(*(learn(c, images(), make(), l1=1e-3, l2=1e-2) for c in (None, cluster)))


@pytest.mark.parametrize(
    "loss",
    [nn.mse_loss, nn.l1_loss, nn.huber_loss, nn.binary_cross_entropy_with_logits, nn.cross_entropy],
)
def test_other_targets(cluster: nn.Cluster, loss: Any) -> None:
    x = images().x
    y = np.exp(x[:, :4]) / np.exp(x[:, :4]).sum(axis=1, keepdims=True)  # may be probabilities
    assert_same(*(learn(c, nn.Dataset(x, y), loss=loss) for c in (None, cluster)))


def test_a_training_goes_on_elsewhere(cluster: nn.Cluster, tmp_path: Path) -> None:
    whole = learn(None, images(), batch_size=60, epochs=2)
    file = tmp_path / "run.npz"
    learn(cluster, images(), batch_size=60, epochs=1, checkpoint=file)
    resumed = learn(None, images(), batch_size=60, epochs=2, checkpoint=file, resume=True)
    assert_same(whole, resumed)


def test_a_loader_keeps_its_batches_and_order(cluster: nn.Cluster) -> None:
    def loader() -> nn.DataLoader:
        return nn.DataLoader(images(), 30, shuffle=False, drop_last=True)

    here, there = (learn(c, loader(), seed=None, epochs=2) for c in (None, cluster))
    assert len(there[0].step_loss) == 2 * 3
    assert_same(here, there)


def test_batches_hold_the_samples_of_their_range_and_keep_their_places() -> None:
    data = nn.Dataset(da.arange(10, chunks=(4, 3, 3)), da.arange(10, chunks=(4, 3, 3)))
    batches = list(nn.train.cluster.WorkerBatches(data, 4, shuffle=True, rng=1))
    wanted = nn.DataLoader(nn.Dataset(np.arange(10), np.arange(10)), 4, shuffle=True, rng=1)
    for (x, y), (theirs, _) in zip(batches, wanted, strict=True):
        assert x.chunks == y.chunks
        assert x.compute().tolist() == y.compute().tolist() == sorted(theirs)
    assert [n for x, _ in batches for n in x.chunks[0]].count(0) == 0


# --- how it is done -------------------------------------------------------------------------------


def test_a_step_is_computed_in_one_go(cluster: nn.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, get = [], Client.get
    held = cluster.put(images())
    learn(cluster, held, epochs=1)

    def counted(self: Client, *args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return get(self, *args, **kwargs)

    monkeypatch.setattr(Client, "get", counted)
    learn(cluster, held, epochs=1)
    begin = len(calls)  # the check of the targets, and one step
    learn(cluster, held, epochs=6)
    assert len(calls) - begin == begin + 5


def test_workers_need_nothing_of_ours(cluster: nn.Cluster) -> None:
    learn(cluster, images())

    def ours() -> list[str]:
        return sorted({"autograd", "nn"} & sys.modules.keys())

    assert list(cluster.client.run(ours).values()) == [[], []]


def test_the_samples_are_sent_once(cluster: nn.Cluster) -> None:
    held = cluster.put(images())
    assert held.x.chunks == ((51, 50), (12,)) and held.y.chunks == ((51, 50),)
    again = cluster.put(held)
    assert again.x.name == held.x.name
    assert_same(learn(None, images()), learn(cluster, held))


def test_dasks_own_arrays_keep_their_chunks(cluster: nn.Cluster) -> None:
    data = images()
    x, y = da.from_array(data.x, chunks=(30, 5)), da.from_array(data.y, chunks=17)
    held = cluster.put(nn.Dataset(x, y))
    assert held.x.chunks == ((30, 30, 30, 11), (12,)) and held.y.chunks == ((30, 30, 30, 11),)
    assert_same(learn(None, data), learn(cluster, (x, y)))


def test_a_client_that_is_there_already_stays_open(cluster: nn.Cluster) -> None:
    with nn.Cluster(cluster.client) as again:
        assert_same(learn(None, images()), learn(again, images()))
    assert cluster.client.status == "running" and "2 threads" in repr(cluster)


def test_callbacks_see_numpys_gradients(cluster: nn.Cluster) -> None:
    class Watch(nn.Callback):
        def on_backward_end(self, run: Any) -> None:
            grads = [p.grad for p in run.model.parameters()]
            assert all(type(g) is np.ndarray and g.flags.writeable for g in grads)
            assert all(g.dtype == np.float32 for g in grads)

    assert_same(*(
        learn(c, images(), callbacks=[nn.GradientNorm(0.1), Watch()]) for c in (None, cluster)
    ))  # fmt: skip


def test_the_readmes_lines_run() -> None:
    text = (ROOT / "README.md").read_text()
    parts = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (lines,) = (part for part in parts if "Cluster(" in part)
    model = nn.MLP(12, [8, 4], rng=0)
    names = {"nn": nn, "model": model, "train": images()}
    exec(lines, names)
    assert len(names["history"].step_loss) == 10


# --- what goes wrong ------------------------------------------------------------------------------


def kill_a_worker(cluster: nn.Cluster) -> None:
    os.kill(min(cluster.client.run(os.getpid).values()), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_killed_worker_changes_nothing(cluster: nn.Cluster, dtype: Any) -> None:
    class Kill(nn.Callback):
        def on_epoch_end(self, run: Any) -> None:
            if run.epoch == 2:  # early in the next step
                Timer(0.01, kill_a_worker, (cluster,)).start()

    before = set(cluster.client.run(os.getpid).values())
    whole = learn(None, images(dtype), epochs=6)
    assert_same(whole, learn(cluster, images(dtype), epochs=6, callbacks=[Kill()]))
    cluster.client.wait_for_workers(2, 60)
    assert set(cluster.client.run(os.getpid).values()) != before


@pytest.mark.parametrize("where", ["tcp://127.0.0.1:9", "no address", "carrier-pigeon://host:1"])
def test_a_scheduler_that_is_not_there(where: str) -> None:
    with pytest.raises(ConnectionError, match=f"no Dask scheduler can be reached at {where}"):
        nn.Cluster(where, timeout=0.5)


def test_what_answers_is_no_scheduler() -> None:
    with closing(create_server(("127.0.0.1", 0))) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(1)

        Thread(target=answer, daemon=True).start()
        where = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ConnectionError, match="no Dask scheduler can be reached"):
            nn.Cluster(where, timeout=2)


def test_a_scheduler_without_workers() -> None:
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as empty,
        pytest.raises(ConnectionError, match="has no workers after 0.5 s"),
    ):
        nn.Cluster(empty.scheduler_address, timeout=0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"workers": 0}, "workers must be an integer >= 1"),
        ({"where": "tcp://host:8786", "workers": 2}, "a scheduler has its own workers"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.Cluster(**arguments)


@pytest.mark.parametrize("where", [8786, ("host", 8786), Path("host")])
def test_what_is_no_place(where: Any) -> None:
    with pytest.raises(TypeError, match="takes the address of a scheduler, .*or a Dask client"):
        nn.Cluster(where)


def test_without_dask_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask.array", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install napkingrad\[cluster\]"):
        nn.Cluster()


def test_what_the_loss_refuses_is_refused_before_training(cluster: nn.Cluster) -> None:
    x, y = images().x, images().y.copy()
    y[77] = 4
    for data in ((x, y), (da.from_array(x, chunks=50), da.from_array(y, chunks=50))):
        model = nn.MLP(12, [8, 4], rng=0)
        before = model.state_dict()
        with pytest.raises(ValueError, match="label 4 is outside 0...3"):
            learn(cluster, data, model)
        assert all((before[name] == p).all() for name, p in model.state_dict().items())
    with pytest.raises(ValueError, match="needs prediction and target of one shape"):
        learn(cluster, images(), loss=nn.mse_loss)


def test_a_label_that_is_no_class_is_never_a_number() -> None:
    """Where nobody has looked at the labels, as `fit` does."""
    logits = nn.Linear(12, 4, rng=0)(da.ones((3, 12), dtype=np.float32))
    labels = da.from_array(np.array([0, 4, 1]), chunks=2)
    assert np.isnan(nn.cross_entropy(logits, labels).data.compute())
    each = nn.cross_entropy(logits, labels, reduction="none").data.compute()
    assert np.isnan(each).tolist() == [False, True, False]


def test_what_a_cluster_does_not_do(cluster: nn.Cluster) -> None:
    with pytest.raises(ValueError, match="transform them beforehand"):
        learn(cluster, images(), transform=nn.RandomShift(1))
    with pytest.raises(TypeError, match="a cluster computes with tensors"):
        learn(cluster, images(), nn.scalar.MLP(12, [4]))


# --- the story ------------------------------------------------------------------------------------


def test_the_story(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    options = "--samples 200 --hidden 16 --steps 4 --kill 2"
    assert main(["cluster", *options.split()]) == 0
    out, error = capsys.readouterr()
    lines = out.splitlines()
    assert error == "" and lines[0] == "digits, 64-16-10: 200 images in float32, 2 workers"
    assert lines[3].endswith("a worker was killed")
    assert float(lines[-1].removeprefix("largest difference of losses: ")) < 1e-5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--scheduler tcp://127.0.0.1:9", "no Dask scheduler can be reached at tcp://127.0.0.1:9"),
        ("--scheduler tcp://127.0.0.1:9 --workers 3", "not allowed with argument"),
        ("--kill 11", "--kill needs one of the steps"),
        ("--kill 1 --workers 1", "two or more workers"),
    ],
)
def test_the_story_refuses(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    message: str,
) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.setattr("demos.cluster.TIMEOUT", 0.5)
    try:
        code: object = main(["cluster", *arguments.split()])
    except SystemExit as error:
        code = error.code
    text = capsys.readouterr().err
    assert code == 2 and message in text and len(text.splitlines()) == 1


@pytest.mark.soak
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_all_of_mnist(capsys: pytest.CaptureFixture[str], dtype: str) -> None:
    """Ten steps on 60 000 images, a worker killed in the fifth: the story compares the losses."""
    try:
        nn.datasets.load("mnist")
    except FileNotFoundError as error:
        pytest.skip(f"MNIST is not here: {error}")
    assert main(["cluster", "--dataset", "mnist", "--dtype", dtype, "--kill", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "60000 images" in lines[0] and lines[6].endswith("a worker was killed")
