"""Full disks, folders that may not be written to, nan in the data, wrong clocks."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_faults import Program, names, posix

import nn
from autograd import Value, draw, explore

FIRST = "train-images-idx3-ubyte.gz"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder],
            check=True, capture_output=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk can't be mounted here: that takes root, and often more")
    yield folder
    subprocess.run(["umount", folder], check=True)


def problem() -> nn.Dataset:
    rng = np.random.default_rng(0)
    return nn.Dataset(rng.normal(size=(40, 3)), rng.normal(size=(40, 2)))


def fit(path: Path | None = None, **options: Any) -> tuple[nn.History, dict[str, bytes]]:
    """A training of 6 epochs of 4 steps, from the same start each time; its history and weights."""
    model = nn.MLP(3, [20, 2], dtype=float, dropout=0.2, rng=0)
    optimizer = nn.optim.Adam(model.parameters(), lr=0.01)
    options["schedule"] = [make(optimizer) for make in options.get("schedule", ())]
    options = {
        "epochs": 6, "seed": 0, "batch_size": 10, "data": problem(), "loss": nn.mse_loss,
    } | options  # fmt: skip
    history = nn.fit(model, optimizer=optimizer, checkpoint=path, **options)
    return history, {name: x.tobytes() for name, x in model.state_dict().items()}


class AtEpoch(nn.Callback):
    """Does something when so many epochs are done."""

    def __init__(self, epoch: int, action: Callable[[nn.train.run.Run], object]) -> None:
        self.epoch, self.action = epoch, action

    def on_epoch_end(self, run: nn.train.run.Run) -> None:
        if run.epoch == self.epoch:
            self.action(run)


def fill(disk: Path) -> None:
    """Write to a disk until nothing more fits."""
    with open(disk / "filler", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1024))
        except OSError:
            return


def test_a_disk_that_is_full_amid_training(small_disk: Path) -> None:
    path = small_disk / "run.npz"
    with pytest.raises(OSError, match=f"No space left on device: '{path}'"):
        fit(path, callbacks=[AtEpoch(3, lambda run: fill(small_disk))])
    assert names(small_disk) == ["filler", "run.npz"]
    (small_disk / "filler").unlink()
    assert nn.train.checkpoint.load_training(path)[1]["epoch"] == 2
    assert fit(path, resume=True) == fit()


def test_pictures_and_tables_on_a_full_disk(small_disk: Path) -> None:
    x = Value(2.0, label="x" * 3000)
    writers: dict[str, Callable[[Path], object]] = {
        "graph.svg": lambda path: draw(x * x).save(path),
        "page.html": lambda path: explore(x * x, path),
        "history.csv": lambda path: fit()[0].to_csv(path, steps=True),
    }
    for name, write in writers.items():
        path = small_disk / name
        write(path)
        before = path.read_bytes()
        fill(small_disk)
        with pytest.raises(OSError, match=f"No space left on device: '{path}'"):
            write(path)
        assert path.read_bytes() == before
        (small_disk / "filler").unlink()
        write(path)
        assert names(small_disk) == [name]
        path.unlink()


def test_a_disk_that_is_full_amid_a_download(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from test_download import FILES, GZ, Mirror, published_in, right, write_set  # or skips

    from nn.data import files

    write_set(tmp_path / "published")
    noise = np.random.default_rng(0).bytes(200_000)
    images = tmp_path / "published" / f"{FILES[2]}.gz"
    images.write_bytes(gzip.compress(noise))
    mirror = Mirror(tmp_path / "published", right)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setitem(
        files.PUBLISHED, "mnist", published_in(tmp_path / "published", (mirror.url,))
    )
    (small_disk / "filler").write_bytes(bytes(100_000))
    try:
        with pytest.raises(OSError, match=f"No space left on device: '{small_disk}/{FILES[2]}.gz'"):
            files.fetch("mnist", small_disk)
        assert names(small_disk) == ["filler", *sorted(f"{f}.gz" for f in FILES[:2])]
        (small_disk / "filler").unlink()
        files.fetch("mnist", small_disk)
        assert set(names(small_disk)) == GZ
    finally:
        mirror.closed.set()
        mirror.shutdown()
        mirror.server_close()


LIMITED = """
import resource, sys
from pathlib import Path
import autograd as ag, nn

folder = Path(sys.argv[1])
small, large = nn.Linear(10, 10), nn.Linear(300, 100)
x, long_name = ag.Value(2.0, label="x"), ag.Value(2.0, label="y" * 10**6)
history = nn.History()
history.add_epoch({"loss": 1.0})
long = nn.History()
for _ in range(5000):
    long.add_epoch({"loss": 1.0})
writers = {
    "net.npz": lambda path, much: nn.save(large if much else small, path),
    "graph.txt": lambda path, much: ag.draw((long_name if much else x) * x).save(path),
    "page.html": lambda path, much: ag.explore(x * 2 if much else x, path),
    "history.csv": lambda path, much: (long if much else history).to_csv(path),
}
for name, write in writers.items():
    write(folder / name, False)
print("ready", flush=True)
before = {path: path.read_bytes() for path in folder.iterdir()}
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
for name, write in writers.items():
    try:
        write(folder / name, True)
    except OSError as error:
        print(name, error.strerror, error.filename == str(folder / name))
assert {path: path.read_bytes() for path in folder.iterdir()} == before
"""


@posix
def test_files_that_may_not_grow_as_large(tmp_path: Path) -> None:
    out, error = Program(LIMITED, tmp_path).ended()
    assert not error
    assert out.splitlines()[1:] == [
        f"{name} File too large True"
        for name in ("net.npz", "graph.txt", "page.html", "history.csv")
    ]


# argv: a folder with `locked`, which may not be written to, and `open`, in which a file may not.
FORBIDDEN = """
import os, shutil, sys
from pathlib import Path
import numpy as np
import autograd as ag, nn
from nn.data import files

folder = Path(sys.argv[1])
x, steps = ag.Value(2.0, label="x"), []

class Count(nn.Callback):
    def on_step_begin(self, run):
        steps.append(1)

def train(path):
    model = nn.Linear(2, 1, rng=0)
    nn.fit(model, (np.ones((4, 2)), np.ones((4, 1))), loss=nn.mse_loss, epochs=1, seed=0,
           optimizer=nn.SGD(model.parameters()), callbacks=[Count()], checkpoint=path)

def keep(path):
    model = nn.Linear(2, 1, rng=0)
    nn.fit(model, (np.ones((4, 2)), np.ones((4, 1))), loss=nn.mse_loss, epochs=1, seed=0,
           optimizer=nn.SGD(model.parameters()), callbacks=[Count(), nn.Checkpoint(path)])

writers = {
    "net.npz": lambda path: nn.save(nn.Linear(2, 1, rng=0), path),
    "run.npz": train,
    "kept.npz": keep,
    "graph.svg": lambda path: ag.draw(x * x).save(path),
    "page.html": lambda path: ag.explore(x * x, path),
    "history.csv": lambda path: nn.History().to_csv(path),
}
for name, write in writers.items():  # all that is imported later is, and the files are there
    write(folder / "open" / name)
    shutil.copy(folder / "open" / name, folder / "locked" / name)
    os.chmod(folder / "open" / name, 0o444)
(folder / "secret.npz").touch(0o000)
(folder / "locked").chmod(0o555)
before = {path: path.read_bytes() for path in folder.glob("*/*")}
print("ready", flush=True)
if os.geteuid() == 0:
    os.setuid(65534)
steps.clear()

def refused(action, path):
    try:
        action(path)
    except PermissionError as error:
        print(path.relative_to(folder), str(path) in str(error))

for place in ("locked", "open"):
    for name, write in writers.items():
        refused(write, folder / place / name)
refused(lambda path: nn.load(nn.Linear(2, 1), path), folder / "secret.npz")
writers["net.npz"](folder / "dark" / "net.npz")  # one can write there, but not look
assert (folder / "dark" / "net.npz").stat().st_size
try:
    import pooch
except ImportError:
    pass
else:
    refused(lambda path: files.fetch("mnist", path), folder / "locked" / "cache")
    published = files.PUBLISHED["mnist"]
    files.PUBLISHED["mnist"] = published._replace(mirrors=("http://127.0.0.1:9/",))
    first = folder / "locked" / f"{files.FILES[0]}.gz"
    refused(lambda path: files.fetch("mnist", path.parent), first)
assert {path: path.read_bytes() for path in folder.glob("*/*")} == before
assert not steps
"""


@posix
def test_what_may_not_be_written_to() -> None:
    with tempfile.TemporaryDirectory() as name:  # which others may enter, unlike pytest's
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "locked").mkdir()
        (folder / "open").mkdir()
        (folder / "open").chmod(0o777)
        (folder / "dark").mkdir()
        (folder / "dark").chmod(0o333)
        out, error = Program(FORBIDDEN, folder).ended()
        (folder / "locked").chmod(0o755)
        (folder / "dark").chmod(0o755)
    assert not error
    told = out.splitlines()[1:]
    written = ("net.npz", "run.npz", "kept.npz", "graph.svg", "page.html", "history.csv")
    wanted = [f"{place}/{name} True" for place in ("locked", "open") for name in written]
    wanted += ["secret.npz True"]
    assert told[: len(wanted)] == wanted
    assert told[len(wanted) :] in ([], [f"locked/{name} True" for name in ("cache", FIRST)])


# --- numbers, clocks, learning rates --------------------------------------------------------------


def test_nan_in_the_data_is_said_once_and_in_time() -> None:
    data = problem()
    data.x[7] = np.nan
    with pytest.warns(RuntimeWarning) as warned:
        history, _ = fit(data=data)
    first = history.step_loss.index(next(x for x in history.step_loss if x != x))
    (said,) = (str(w.message) for w in warned)
    assert said.startswith(f"the loss is nan in step {first + 1}; nn.StopOnNaN() among")
    assert warned[0].filename == __file__


class Poison:
    """A transform that gives nan from some epoch on."""

    def __init__(self, epoch: int) -> None:
        self.batches, self.epoch = 0, epoch

    def __call__(self, x: Any, rng: np.random.Generator) -> Any:
        self.batches += 1
        return x * (np.nan if self.batches > 4 * self.epoch else 1.0)


def test_good_parameters_are_not_replaced_by_nan(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    with pytest.warns(RuntimeWarning) as warned:
        history, weights = fit(path, transform=Poison(2))
    assert len(history.loss) == 6 and all(
        np.isnan(np.frombuffer(x)).all() for x in weights.values()
    )
    assert [str(w.message) for w in warned][1:] == [
        "there are nan or infinite numbers in 0.weight, 0.bias, 3.weight, 3.bias, ... "
        f"after epoch {epoch}: "
        f"{path} is left as it was"
        for epoch in (3, 4, 5, 6)
    ]
    assert all(w.filename == __file__ for w in warned)
    assert nn.train.checkpoint.load_training(path)[1]["epoch"] == 2
    with pytest.warns(RuntimeWarning, match=r"given transform\.epoch 99, not the checkpoint's 2"):
        resumed = fit(path, resume=True, transform=Poison(99))
    assert resumed == fit(transform=Poison(99))


@pytest.mark.parametrize("year", [1970, 2100, "backwards"])
def test_a_wrong_clock_changes_nothing(
    year: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tqdm.std

    class Terminal:
        encoding = "utf-8"

        def write(self, text: str) -> None: ...
        def flush(self) -> None: ...
        def isatty(self) -> bool:
            return True

    whole, path = fit(tmp_path / "right.npz"), tmp_path / "run.npz"
    seconds = {1970: 0.0, 2100: 4.1e9}.get(year, 1e9)

    def now() -> float:
        nonlocal seconds
        seconds += -3600.0 if year == "backwards" else 0.01
        return seconds

    monkeypatch.setattr(time, "time", now)
    monkeypatch.setattr(time, "time_ns", lambda: int(now() * 1e9))
    monkeypatch.setattr(tqdm.std, "time", now)
    monkeypatch.setattr(sys, "stderr", Terminal())
    fit(path, epochs=3)
    os.utime(path, (now(), now()))
    assert fit(path, resume=True) == whole
    nn.save(nn.Linear(2, 1, rng=0), path)
    first = path.read_bytes()
    now()
    os.utime(path, (now(), now()))
    nn.save(nn.Linear(2, 1, rng=0), path)
    assert path.read_bytes() == first


SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "exponential": lambda o: nn.ExponentialLR(o, 0.9),
    "linear": lambda o: nn.LinearLR(o, 0.3),
    "cosine": lambda o: nn.CosineAnnealingLR(o, 6),
    "steps": lambda o: nn.StepLR(o, 2, 0.5),
    "plateau": lambda o: nn.ReduceLROnPlateau(o, patience=0, factor=0.5),
    "cycle": lambda o: nn.OneCycleLR(o, 0.1, total_steps=24),
    "sequence": lambda o: nn.SequentialLR(
        o, [nn.LinearLR(o, 0.3, total_iters=2), nn.OneCycleLR(o, 0.2, total_steps=24)], [3]
    ),
}


WHICH = [
    *((name,) for name in SCHEDULES),
    ("plateau", "cycle"),
    ("cycle", "plateau"),
    *(pytest.param(pair, marks=pytest.mark.soak) for pair in permutations(SCHEDULES, 2)),
]


class StoppedError(Exception):
    pass


def stop(run: nn.train.run.Run) -> None:
    raise StoppedError


def slower(run: nn.train.run.Run) -> None:
    run.optimizer.lr *= 0.3


@pytest.mark.parametrize("which", WHICH, ids=" ".join)
@pytest.mark.parametrize("by_hand", [False, True])
def test_learning_rates_go_on_as_they_were(
    which: tuple[str, ...], by_hand: bool, tmp_path: Path
) -> None:
    """Whoever changed them last: one of several schedules, or a callback."""
    options: dict[str, Any] = {"schedule": [SCHEDULES[name] for name in which]}
    changing = [AtEpoch(3, slower)] if by_hand else []
    path = tmp_path / "run.npz"
    for epoch in (3, 4):
        with pytest.raises(StoppedError):
            fit(path, callbacks=[*changing, AtEpoch(epoch + 1, stop)], **options)
        assert nn.train.checkpoint.load_training(path)[1]["epoch"] == epoch
        whole = fit(callbacks=changing, **options)
        assert fit(path, resume=True, callbacks=changing, **options) == whole
        path.unlink()


# --- generators, wherever they are kept -----------------------------------------------------------


class Noise:
    def __init__(self, seed: int = 8) -> None:
        self.own = np.random.default_rng(seed)

    def __call__(self, x: Any, rng: np.random.Generator) -> Any:
        return x + self.own.normal(0, 0.1, size=x.shape)


def in_a_chain() -> dict[str, Any]:
    return {"transform": nn.data.transforms.Chain(Noise(), Noise(9))}


def in_a_closure() -> dict[str, Any]:
    own = np.random.default_rng(3)
    if own is None:
        unset = 0  # never: an empty cell
    return {"transform": lambda x, rng: x * own.uniform(0.9, 1.1) if own else unset}


def in_a_closure_with_a_class() -> dict[str, Any]:
    own, kind = np.random.default_rng(3), np.float64
    return {"transform": lambda x, rng: x * kind(own.uniform(0.9, 1.1))}


def in_a_default() -> dict[str, Any]:
    def transform(x: Any, rng: Any, own: Any = np.random.default_rng(3)) -> Any:  # noqa: B008
        return x * own.uniform(0.9, 1.1)

    transform.__defaults__ = (np.random.default_rng(3),)  # a new one for each training
    return {"transform": transform}


def in_a_keyword() -> dict[str, Any]:
    def transform(x: Any, rng: Any, *, own: Any = None) -> Any:
        return x * own.uniform(0.9, 1.1)

    transform.__kwdefaults__ = {"own": np.random.default_rng(3)}
    return {"transform": transform}


def in_a_method() -> dict[str, Any]:
    return {"transform": Noise().__call__}


def in_a_partial() -> dict[str, Any]:
    def scaled(own: Any, x: Any, rng: Any) -> Any:
        return x * own[0].uniform(0.9, 1.1)

    return {"transform": partial(scaled, {0: np.random.default_rng(3)})}


def in_validation() -> dict[str, Any]:
    return {"validation": nn.DataLoader(problem(), 8, transform=Noise())}


def in_the_loss() -> dict[str, Any]:
    noise = Noise()
    return {"loss": lambda out, y: nn.mse_loss(out, noise(y, noise.own))}


def in_a_circle() -> dict[str, Any]:
    noise = Noise()
    noise.self = [noise]  # type: ignore[attr-defined]
    return {"transform": noise}


@pytest.mark.parametrize(
    "kept",
    [
        in_a_chain, in_a_closure, in_a_closure_with_a_class, in_a_default, in_a_keyword,
        in_a_method, in_a_partial, in_validation, in_the_loss, in_a_circle,
    ],
)  # fmt: skip
def test_generators_are_found_wherever_they_are_kept(
    kept: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "run.npz"
    with pytest.raises(StoppedError):
        fit(path, callbacks=[AtEpoch(3, stop)], **kept())
    assert fit(path, resume=True, **kept()) == fit(**kept())
