"""Files and trainings survive kill -9, full disks, read-only folders, Ctrl-C and wrong clocks.

The short part takes a few of each; `make soak` takes a hundred.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import atomic_write

PATHS = os.pathsep.join([str(Path(nn.__file__).parents[1]), str(Path(__file__).parent)])
Figure = Callable[[str], None]

posix = pytest.mark.skipif(os.name != "posix", reason="signals, limits and modes are POSIX's")


class Program(subprocess.Popen[bytes]):
    """Another Python process, which prints "ready" first."""

    def __init__(self, program: str, *arguments: object) -> None:
        super().__init__(
            [sys.executable, "-W", "error", "-c", program, *map(str, arguments)],
            bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": PATHS, "NO_PROXY": "127.0.0.1"},
        )  # fmt: skip
        self.heard = b""
        self.listen("ready\n")

    def listen(self, for_what: str) -> None:
        """Wait until the process has printed this line."""
        assert self.stdout and self.stderr
        while not self.heard.endswith(for_what.encode()):
            letter = self.stdout.read(1)
            assert letter, self.heard + self.stderr.read()
            self.heard += letter

    def ended(self) -> tuple[str, str]:
        """Return the output and the errors of the process after its end."""
        out, error = self.communicate(timeout=900)
        return (self.heard + out).decode(), error.decode()

    def answer(self) -> str:
        """Return the last line of the output, if the process succeeded."""
        out, error = self.ended()
        assert self.returncode == 0, error
        return out.splitlines()[-1]

    def killed(self, seconds: float) -> bool:
        """Kill the process after some seconds; return whether it was still running."""
        time.sleep(seconds)
        self.kill()
        self.out, error = self.ended()
        assert self.returncode in {0, -getattr(signal, "SIGKILL", -1)}, error  # 1 on Windows
        return self.returncode != 0


def hidden(folder: Path) -> list[Path]:
    """Return the unfinished files in a folder."""
    return [*folder.glob(".*")]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- killed while writing -------------------------------------------------------------------------

WRITING = """
import os, sys
import numpy as np
import autograd as ag, nn

path, k, parent = sys.argv[1], int(sys.argv[2]), os.getppid()

model = nn.Linear(1000, 1000, rng=0)

def write():
    if path.endswith((".npz", ".safetensors")):
        for p in model.parameters():
            p.data = np.full(p.shape, k, np.float32)
        nn.save(model, path)
    elif path.endswith(".html"):
        ag.explore(ag.Value(float(k), label="x") * 2, path, title=f"x |{k}|")
    elif path.endswith(".csv"):
        history = nn.History()
        for _ in range(2000):
            history.add_epoch({"loss": k}, k)
        history.to_csv(path)
    else:
        graph = ag.draw(ag.Value(float(k), label="x" * 10**6 + f"|{k}|"))
        graph.save(path)

write()
print("ready", flush=True)
while os.getppid() == parent:
    k += 1
    write()
"""


def number_in(path: Path) -> int:
    """Return the number that fills the whole file, of those written one after the other."""
    if path.suffix in {".npz", ".safetensors"}:
        model = nn.load(nn.Linear(1000, 1000), path)
        found = {int(x) for p in model.parameters() for x in np.unique(p.data)}
    else:
        text = path.read_text()
        if path.suffix == ".html":
            assert text.endswith("</html>\n")
            found = {int(text.split("<title>")[1].split("|")[1])}
        elif path.suffix == ".csv":
            rows = text.splitlines()[1:]
            assert len(rows) == 2000
            found = {int(row.split(",")[-1]) for row in rows}
        else:
            assert text.endswith("}\n")
            found = {int(text.split("|")[1].rstrip("\\"))}
    assert len(found) == 1
    return found.pop()


@posix
@pytest.mark.parametrize(
    ("name", "kills"),
    [
        ("net.npz", 4),
        ("page.html", 2),
        *(
            pytest.param(name, 100 if name == "net.npz" else 25, marks=pytest.mark.soak)
            for name in ("net.npz", "net.safetensors", "graph.dot", "page.html", "history.csv")
        ),
    ],
)
def test_killed_while_writing(name: str, kills: int, tmp_path: Path, figure: Figure) -> None:
    if name.endswith(".safetensors"):
        pytest.importorskip("safetensors")
    rng, path = random.Random(name), tmp_path / name
    latest, unfinished = 0, 0
    for k in range(kills):
        child = Program(WRITING, path, latest + 1)
        while k % 2 == 0 and child.poll() is None and not hidden(tmp_path):
            pass  # at any moment, but every other time when a file has been begun
        assert child.killed(rng.uniform(0, 0.01))
        found = number_in(path)
        assert found > latest
        latest = found
        assert len(hidden(tmp_path)) <= 1  # what earlier ones left has been removed
        unfinished += len(hidden(tmp_path))
    with atomic_write.replacing(path) as file:
        file.write(b"the last word")
    assert names(tmp_path) == [name] and path.read_bytes() == b"the last word"
    figure(f"{name}: killed {kills} times while writing, {unfinished} amid a file: 0 damaged")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError(), OSError("of the net")])
def test_what_goes_wrong_amid_a_file_leaves_the_old_one_alone(
    error: BaseException, tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(type(error)) as raised, atomic_write.replacing(path) as file:
        file.write(b"new")
        raise error
    assert raised.value is error
    assert names(tmp_path) == ["a.txt"] and path.read_bytes() == b"old"


def test_what_others_are_writing_is_not_taken_for_abandoned(tmp_path: Path) -> None:
    path, other = tmp_path / "a.txt", tmp_path / "b.txt"
    foreign = tmp_path / ".something.tmp"
    foreign.write_text("not ours")
    with atomic_write.replacing(path) as slow:
        slow.write(b"slow ")
        for text in (b"1", b"2"):
            with atomic_write.replacing(path) as quick, atomic_write.replacing(other) as third:
                quick.write(text)
                third.write(text)
        assert path.read_bytes() == other.read_bytes() == b"2"
        slow.write(b"but whole")
    assert path.read_bytes() == b"slow but whole"
    assert names(tmp_path) == [foreign.name, "a.txt", "b.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, ValueError])
def test_what_is_broken_off_leaves_nothing(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), atomic_write.replacing(path) as file:
        file.write(b"half of")
        raise error
    assert names(tmp_path) == ["a.txt"] and path.read_text() == "old"


def test_a_file_taken_for_abandoned_before_it_was_locked_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, taken = atomic_write.lock, []

    def too_late(file: Any, wait: bool) -> bool:
        if wait and not taken:
            taken.append(file.name)
            Path(file.name).unlink()
        return lock(file, wait)

    monkeypatch.setattr(atomic_write, "lock", too_late)
    with atomic_write.replacing(tmp_path / "a.txt") as file:
        file.write(b"here")
    assert taken and names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"here"


@posix
def test_who_may_read_a_file_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    nn.save(nn.Linear(2, 1), path)
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    assert path.stat().st_mode == ordinary.stat().st_mode
    path.chmod(0o600)
    nn.save(nn.Linear(2, 1), path)
    assert path.stat().st_mode & 0o777 == 0o600


@posix
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        history = nn.History()
        history.add_epoch({"loss": 0.5}, seconds=1.0)
        history.to_csv(path)
        assert os.read(reader, 1000).splitlines() == [b"epoch,steps,loss,seconds", b"1,0,0.5,1.0"]
    finally:
        os.close(reader)
    assert path.is_fifo() and names(tmp_path) == [path.name]


@posix
def test_the_disk_is_asked_to_keep_the_name_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, fsync, synced = tmp_path / "a.txt", os.fsync, []

    def noted(descriptor: int) -> None:
        synced.append((os.path.samestat(os.fstat(descriptor), tmp_path.stat()), names(tmp_path)))
        fsync(descriptor)
        if len(synced) == 2:
            raise OSError(errno.EINVAL, "as network disks may say")

    monkeypatch.setattr(os, "fsync", noted)
    before = open_descriptors()
    with atomic_write.replacing(path) as file:
        file.write(b"here")
    (new,) = synced[0][1]
    assert synced == [(False, [new]), (True, ["a.txt"])] and new != "a.txt"
    assert open_descriptors() == before

    open_file = os.open

    def unreadable(path: Any, flags: int, mode: int = 0o777) -> int:
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "a folder that may be written to, but not read")
        return open_file(path, flags, mode)

    monkeypatch.setattr(os, "open", unreadable)
    with atomic_write.replacing(path) as file:
        file.write(b"again")
    assert path.read_bytes() == b"again"


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/dev/fd").iterdir()}


def test_what_was_begun_anew_under_the_name_of_an_abandoned_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, lock = tmp_path / ".napkingrad-0.tmp", atomic_write.lock

    def overtaken(file: Any, wait: bool) -> bool:
        left.rename(tmp_path / "removed by a third one")
        left.write_text("begun anew")
        return lock(file, wait)

    left.touch()
    monkeypatch.setattr(atomic_write, "lock", overtaken)
    atomic_write.remove_abandoned(tmp_path)
    assert left.read_text() == "begun anew"
    monkeypatch.undo()
    atomic_write.remove_abandoned(tmp_path)
    assert not left.exists()


# --- killed while downloading ---------------------------------------------------------------------

DOWNLOADING = """
import json, sys
import pooch, requests, tqdm
import nn
from nn.data import files

mirrors, sizes = json.loads(sys.argv[1])
published = files.Published(tuple(mirrors), tuple(files.PublishedFile(*f) for f in sizes))
files.PUBLISHED["mnist"] = published
nn.datasets, nn.datasets.load
print("ready", flush=True)
train, test = nn.datasets.load("mnist")
print(len(train), len(test))
"""


@posix
@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.soak)])
def test_killed_while_downloading(
    kills: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    from test_download import GZ, Handler, Mirror, published_in, write_set  # skips without pooch

    def slow(handler: Handler, content: bytes) -> None:
        handler.send(b"", Content_Length=len(content))
        for i in range(0, len(content), 256):
            handler.wfile.write(content[i : i + 256])
            handler.wait(0.002)

    write_set(tmp_path / "published")
    published = {name: (tmp_path / "published" / name).read_bytes() for name in GZ}
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("NAPKINGRAD_DATA", raising=False)
    cache = tmp_path / "napkingrad" / "mnist"
    mirror = Mirror(tmp_path / "published", slow)
    task = json.dumps(published_in(tmp_path / "published", (mirror.url,)))
    rng, done, unfinished = random.Random(0), 0, 0
    try:
        while done < kills:
            child = Program(DOWNLOADING, task)
            while done % 2 == 0 and child.poll() is None and not hidden(cache):
                pass
            was_killed = child.killed(rng.uniform(0, 0.02 if done % 2 == 0 else 0.2))
            left, whole = hidden(cache), {path.name for path in cache.glob("[!.]*")}
            assert len(left) <= 1 and whole <= GZ
            assert all((cache / name).read_bytes() == published[name] for name in whole)
            done, unfinished = done + was_killed, unfinished + len(left)
            if not was_killed or whole == GZ:
                assert whole == GZ
                shutil.rmtree(cache)
        mirror.asked.clear()
        there = {path.name for path in cache.glob("[!.]*")}
        assert Program(DOWNLOADING, task).answer() == "6 4"
        assert set(mirror.asked) == GZ - there and set(names(cache)) == GZ
    finally:
        mirror.closed.set()
        mirror.shutdown()
        mirror.server_close()
    figure(f"downloads: killed {kills} times, {unfinished} amid a file: 0 damaged")


# --- killed while training ------------------------------------------------------------------------

# argv: which net, how many epochs, and the checkpoint. Says "." after a step, "|" after an epoch.
TRAINING = """
import sys
import numpy as np
import nn
from fingerprint import fingerprint

which, epochs, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]

class Tell(nn.Callback):
    def on_step_end(self, run):
        print(end=".", flush=True)

    def on_epoch_end(self, run):
        print(end="|", flush=True)

    def on_train_end(self, run):
        print(end="$", flush=True)

class Rows(nn.Module):
    def __init__(self):
        self.net = nn.scalar.MLP(3, [4, 2], rng=0)

    def forward(self, x):
        return [self.net(row) for row in x.tolist()]

def squares(out, y):
    return sum((v - t) ** 2 for row, ts in zip(out, y.tolist()) for v, t in zip(row, ts)) / y.size

nn.manual_seed(7)
library = nn.seed.generator_from(None)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(50, 3)), rng.integers(0, 2, 50)
transform, schedules = None, []
if which == "layers":
    loss = nn.cross_entropy
    model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3),
                          nn.Linear(8, 2))
    optimizer = nn.optim.AdamW(model.parameters(), lr=0.01)
    transform = lambda x, rng: x * (rng.random() + library.random())
    schedules = [nn.ReduceLROnPlateau(optimizer, patience=0, factor=0.9),
                 nn.OneCycleLR(optimizer, max_lr=0.1, total_steps=epochs * 5)]
elif which == "images":
    x, loss = rng.random((50, 1, 6, 6), dtype=np.float32), nn.cross_entropy
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.LayerNorm((2, 4, 4)), nn.GELU(), nn.Flatten(),
                          nn.Linear(32, 2))
    optimizer = nn.optim.RMSprop(model.parameters(), lr=0.001, momentum=0.9, centered=True)
    transform = nn.RandomShift(1)
    schedules = [nn.CosineAnnealingLR(optimizer, epochs)]
else:
    x, y, loss, model = x[:10], rng.normal(size=(10, 2)), squares, Rows()
    optimizer = nn.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    parts = [nn.LinearLR(optimizer), nn.ExponentialLR(optimizer, 0.99)]
    schedules = [nn.SequentialLR(optimizer, parts, milestones=[3])]
print("ready", flush=True)
history = nn.fit(
    model, (x, y), loss=loss, optimizer=optimizer, epochs=epochs, batch_size=len(x) // 5,
    schedule=schedules, transform=transform, seed=5, checkpoint=path, resume=True,
    callbacks=[nn.GradientNorm(1.0), nn.EarlyStopping(10**6, monitor="loss"), Tell()],
)
if history.stopped:
    print()
    print(history.stopped)
    sys.exit()
print()
print(fingerprint(model, history, optimizer.state_dict(), [s.state_dict() for s in schedules],
                  library.random()))
"""
NETS = ("layers", "images", "scalars")


@posix
@pytest.mark.parametrize(
    ("which", "kills", "epochs"),
    [
        ("layers", 4, 12),
        *(pytest.param(which, 40, 100, marks=pytest.mark.soak) for which in NETS),
    ],
)
def test_killed_and_resumed_equals_never_stopped(
    which: str, kills: int, epochs: int, tmp_path: Path, figure: Figure
) -> None:
    whole = Program(TRAINING, which, epochs, tmp_path / "whole.npz").answer()
    path = tmp_path / "run.npz"
    rng, done, amid = random.Random(which), 0, 0
    while done < kills:
        child = Program(TRAINING, which, epochs, path)
        child.listen("..." if done % 2 else "|")  # amid an epoch, or about to be written
        if child.killed(rng.uniform(0, 0.01 if done % 2 else 0.05)):
            done, amid = done + 1, amid + child.out.endswith(".")
        if whole in child.out:  # it was quicker; once more from the beginning
            path.unlink()
    assert Program(TRAINING, which, epochs, path).answer() == whole
    assert hidden(tmp_path) == []
    figure(f"training of {which}: killed {kills} times, {amid} amid an epoch: the same bits")


@posix
@pytest.mark.parametrize("presses", [3, pytest.param(100, marks=pytest.mark.soak)])
def test_ctrl_c_at_any_moment(presses: int, tmp_path: Path, figure: Figure) -> None:
    which, epochs = "layers", 12 if presses < 10 else 150
    whole = Program(TRAINING, which, epochs, tmp_path / "whole.npz").answer()
    path = tmp_path / "run.npz"
    rng, stopped, done = random.Random(3), 0, 0
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # children inherit deafness
    try:
        while done < presses:
            child = Program(TRAINING, which, epochs, path)
            child.listen(".")
            for _ in range(1 + done % 2):
                time.sleep(rng.uniform(0, 0.05))
                child.send_signal(signal.SIGINT)
            out, error = child.ended()
            if whole in out:
                path.unlink()  # it was quicker
                continue
            done += 1
            in_order = not error and child.returncode == 0
            if not in_order:  # pressed twice, or when training had ended
                assert done % 2 == 0 or "$" in out, error
                interrupted = child.returncode == -signal.SIGINT
                ended = out.splitlines()[-1] == "Ctrl-C"  # and so it was Python's own end
                assert interrupted or (ended and child.returncode == 0), error
            stopped += in_order and out.splitlines()[-1] == "Ctrl-C"
            assert hidden(tmp_path) == []
    finally:
        signal.signal(signal.SIGINT, before)
    assert stopped
    assert Program(TRAINING, which, epochs, path).answer() == whole
    figure(
        f"Ctrl-C at {presses} moments, every other time twice: {stopped} ended in order; "
        "the same bits after resuming"
    )
