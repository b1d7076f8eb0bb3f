"""Atomic writes on every platform, for every kind of path, with the right permissions."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import atomic_write
from nn.data.idx import read_idx

posix = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode_of(file: Any) -> int:
    """Return the permissions of a path, or of an open file by its descriptor."""
    return (os.fstat(file) if isinstance(file, int) else Path(file).stat()).st_mode & 0o777


# --- platforms ------------------------------------------------------------------------------------

# argv: modules and functions of `os` that this platform lacks, and a folder.
EVERYTHING = """
import os, sys, warnings, _thread
warnings.filterwarnings("ignore", "tqdm:disabling monitor")  # for which it starts a thread
missing, functions, folder = sys.argv[1].split(), sys.argv[2].split(), sys.argv[3]
sys.modules.update(dict.fromkeys(missing))
for name in functions:
    vars(os).pop(name, None)

def start_new_thread(*args, **kwargs):
    raise RuntimeError("can't start new thread")

_thread.start_new_thread = start_new_thread
import threading
for name in ("_start_new_thread", "_start_joinable_thread"):
    if hasattr(threading, name):
        setattr(threading, name, start_new_thread)
if "fcntl" in missing:
    sys.platform = "emscripten"

import numpy as np
import autograd as ag, nn

os.chdir(folder)
x = ag.Value(2.0, label="x")
ag.explore(x * 3, "page.html")
ag.draw(x * 3).save("graph.svg")
model, data = nn.Linear(2, 1, rng=0), (np.ones((4, 2)), np.ones((4, 1)))
for _ in range(2):
    nn.save(model, "net.npz")
nn.load(model, "net.npz")
for epochs in (1, 2):
    history = nn.fit(
        model, data, loss=nn.mse_loss, optimizer=nn.SGD(model.parameters(), lr=0.1),
        epochs=epochs, checkpoint="run.npz", resume=epochs > 1,
    )
history.to_csv("history.csv")
f = ag.compile(lambda x: ag.tanh(x) * x)
column = np.linspace(0.0, 1.0, 2**19)
assert np.allclose(f(column), np.tanh(column) * column)
assert len(nn.datasets.load("moons", rng=0)[0]) == 1000
assert "napkingrad" in str(nn.data.files.folders("mnist")[-1])
print(*sorted(os.listdir()))
"""
ABSENT = {
    "browser": "fcntl msvcrt multiprocessing _multiprocessing pwd grp resource termios",
    "WASI": "fcntl msvcrt signal multiprocessing _multiprocessing pwd grp resource termios mmap "
    "ctypes _ctypes ssl _ssl",
    "no fcntl": "fcntl",
    "no signal": "signal",
    "all there": "none_such",
}


@pytest.mark.parametrize("platform", ABSENT)
def test_a_platform_may_lack_modules(platform: str, tmp_path: Path) -> None:
    lacking = "fsync chown getuid geteuid fork kill" if platform == "WASI" else ""
    environment = {k: x for k, x in os.environ.items() if not k.startswith("COVERAGE_")}
    environment["PYTHONPATH"] = str(Path(nn.__file__).parents[1])
    if platform == "WASI":
        environment.pop("HOME", None)
        environment.pop("XDG_CACHE_HOME", None)
    command = [sys.executable, "-W", "error", "-c", EVERYTHING, ABSENT[platform], lacking]
    run = subprocess.run(
        [*command, str(tmp_path)], check=False, capture_output=True, text=True, env=environment
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["graph.svg", "history.csv", "net.npz", "page.html", "run.npz"]


# --- left by programs that were killed, where there are no locks ----------------------------------


def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic_write, "fcntl", None)


def disk_without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*args: Any) -> None:
        raise OSError(95, "Operation not supported")

    if atomic_write.fcntl is not None:
        monkeypatch.setattr(atomic_write.fcntl, "flock", flock)


def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend to be a system where an open file can be neither renamed nor removed."""
    without_locks(monkeypatch)
    opened: list[Any] = []
    real_open, unlink, replace = open, Path.unlink, Path.replace

    def noting_open(*args: Any, **kwargs: Any) -> Any:
        opened.append(real_open(*args, **kwargs))
        return opened[-1]

    def held(path: Path) -> bool:
        return any(not f.closed and Path(f.name) == path for f in opened)

    def unlink_closed(path: Path, *args: Any) -> None:
        if held(path):
            raise PermissionError(13, "used by another process")
        unlink(path, *args)

    def replace_closed(path: Path, target: Any) -> Path:
        if held(path):
            raise PermissionError(13, "used by another process")
        return replace(path, target)

    monkeypatch.setattr("builtins.open", noting_open)
    monkeypatch.setattr(Path, "unlink", unlink_closed)
    monkeypatch.setattr(Path, "replace", replace_closed)
    monkeypatch.setattr(atomic_write.os, "name", "nt-like")


LOCKLESS = [without_locks, disk_without_locks, windows]


@pytest.fixture(params=LOCKLESS, ids=lambda f: f.__name__)
def lockless(request: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        request.param(patch)
        yield


@pytest.mark.usefixtures("lockless")
def test_without_locks_old_temporaries_are_removed_and_new_ones_kept(tmp_path: Path) -> None:
    old, new = tmp_path / ".napkingrad-1.tmp", tmp_path / ".napkingrad-2.tmp"
    for path in (old, new):
        path.touch()
    before = time.time() - 2 * atomic_write.ABANDONED
    os.utime(old, (before, before))
    target = tmp_path / "a.txt"
    for text in (b"first", b"second"):
        with atomic_write.replacing(target) as file:
            file.write(text)
            assert not old.exists() and new.exists()
    assert target.read_bytes() == b"second" and names(tmp_path) == [new.name, "a.txt"]


def test_locked_temporaries_are_kept_however_old_they_are(tmp_path: Path) -> None:
    if atomic_write.fcntl is None:
        pytest.skip("there are no locks here")
    with atomic_write.replacing(tmp_path / "a.txt") as slow:
        slow.write(b"slow")
        os.utime(slow.name, (0, 0))
        with atomic_write.replacing(tmp_path / "b.txt") as quick:
            quick.write(b"quick")
    assert (tmp_path / "a.txt").read_bytes() == b"slow"


# --- who may read it ------------------------------------------------------------------------------

SECRET = b"what nobody else may read"


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@posix
@pytest.mark.parametrize("old", [0o600, 0o640, 0o644, 0o660, 0o666, 0o400, 0o755, 0o700])
def test_a_temporary_is_readable_by_nobody_else_at_any_time(
    old: int, tmp_path: Path, umask: Callable[[int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, create, modes = tmp_path / "net.npz", os.open, []

    def noting(name: Any, flags: int, mode: int = 0o777, **options: Any) -> int:
        descriptor = create(name, flags, mode, **options)
        if flags & os.O_CREAT:
            modes.append(mode_of(descriptor))
        return descriptor

    path.touch()
    path.chmod(old)
    if not os.access(path, os.W_OK):
        path.chmod(old | 0o200)
        old |= 0o200
    monkeypatch.setattr(os, "open", noting)
    with atomic_write.replacing(path) as file:
        file.write(SECRET)
        file.flush()
        modes.append(mode_of(file.name))
    assert modes == [0o600, 0o600]
    assert mode_of(path) == old and path.read_bytes() == SECRET


@posix
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002, 0o000, 0o027])
def test_the_umask_holds_for_a_new_file_from_the_start(
    mask: int, tmp_path: Path, umask: Callable[[int], int]
) -> None:
    umask(mask)
    path = tmp_path / "net.npz"
    with atomic_write.replacing(path) as file:
        during = mode_of(file.name)
        file.write(SECRET)
    assert during == mode_of(path) == 0o666 & ~mask


WRITERS: dict[str, Callable[[Path], object]] = {
    "net.npz": lambda path: nn.save(nn.Linear(2, 1, rng=0), path),
    "page.html": lambda path: ag.explore(ag.Value(2.0) * 3.0, path),
    "graph.svg": lambda path: ag.draw(ag.Value(2.0) * 3.0).save(path),
    "history.csv": lambda path: nn.History().to_csv(path),
}
if find_spec("matplotlib"):
    WRITERS["curves.png"] = lambda path: nn.History().plot(path)


@posix
@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_keeps_a_file_private(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sync, modes = tmp_path / name, atomic_write.sync, []

    def noting(descriptor: int) -> None:
        modes.append(mode_of(descriptor))
        sync(descriptor)

    path.touch()
    path.chmod(0o600)
    monkeypatch.setattr(atomic_write, "sync", noting)
    WRITERS[name](path)
    assert modes[0] == 0o600 and mode_of(path) == 0o600 and path.stat().st_size


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
)
def test_a_file_stays_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    path.touch()
    os.chown(path, 1234, 2345)
    path.chmod(0o640)
    nn.save(nn.Linear(2, 1), path)
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1234, 2345, 0o640)


@posix
@pytest.mark.parametrize(
    ("allowed", "mode"), [("all", 0o664), ("group", 0o664), ("nothing", 0o604)]
)
def test_another_group_does_not_get_the_old_ones_rights(
    allowed: str, mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, calls = tmp_path / "a.txt", []
    path.touch()
    path.chmod(0o664)
    real = Path.stat

    class Foreign:
        st_uid, st_gid, st_mode = 1234, 2345, 0o100664

    def stat(self: Path, **options: Any) -> Any:
        return Foreign if self == path else real(self, **options)

    def chown(name: Any, user: int, group: int) -> None:
        calls.append((user, group))
        if allowed == "nothing" or (allowed == "group" and user != -1):
            raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", chown)
    with atomic_write.replacing(path) as file:
        file.write(b"x")
        file.flush()
        new = Path(file.name)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "stat", stat)
            atomic_write.copy_access(path, new)
        assert mode_of(new) == mode
        new.chmod(0o664)
    assert calls == [(1234, 2345), (-1, 2345)][: 1 if allowed == "all" else 2]


# --- kinds of paths -------------------------------------------------------------------------------


class Fspath:
    """A path class of another library."""

    def __init__(self, path: Any) -> None:
        self.path = path

    def __fspath__(self) -> Any:
        return self.path


@pytest.mark.parametrize("kind", [str, Path, Fspath], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_takes_every_kind_of_path(name: str, kind: Any, tmp_path: Path) -> None:
    for odd in ("", "with space", "é π 名", "-dash", "quote'\"", "%s {x}", "new\nline"):
        folder = tmp_path / (odd or "plain")
        folder.mkdir()
        WRITERS[name](kind(str(folder / name)))
        assert names(folder) == [name]


BAD_PATHS: dict[str, tuple[Callable[[str], Any], type[Exception], str]] = {
    "bytes": (os.fsencode, TypeError, r"path must be a str or a path, but got b'.*decodes it"),
    "bytes of __fspath__": (lambda x: Fspath(os.fsencode(x)), TypeError, "path must be a str"),
    "a number": (lambda x: 3, TypeError, "path must be a str or a path, but got 3"),
    "None": (lambda x: None, TypeError, "path must be a str or a path, but got None"),
    "an open file": (lambda x: sys.stdout, TypeError, "path must be a str or a path, but got <"),
    "NUL": (lambda x: x.replace("a-name", "a\0b"), ValueError, r"path must be a name.*a\\x00b"),
    "a lone surrogate": (lambda x: x.replace("a-name", "\ud800"), ValueError, "path must be a n"),
    "nothing": (lambda x: "", ValueError, "path must be a name that a file can have, but got ''"),
}


OTHERS: dict[str, Callable[[Any], object]] = {
    "load": lambda path: nn.load(nn.Linear(2, 1), path),
    "callback": nn.Checkpoint,
    "resumed": nn.train.checkpoint.load_training,
    "writable": nn.train.checkpoint.check_writable,
    "IDX": read_idx,
}


@pytest.mark.parametrize("what", BAD_PATHS)
@pytest.mark.parametrize("name", [*WRITERS, *OTHERS])
def test_what_is_no_path_is_refused_by_name(name: str, what: str, tmp_path: Path) -> None:
    if (name, what) == ("curves.png", "None"):
        return  # it is only drawn
    make, error, message = BAD_PATHS[what]
    call = (WRITERS | OTHERS)[name]
    suffix = Path(name).suffix or ".npz"
    (tmp_path / "x").mkdir()
    with pytest.raises(error, match=message):
        call(make(f"{tmp_path}/x/a-name{suffix}"))
    assert names(tmp_path / "x") == []


@pytest.mark.parametrize("name", WRITERS)
def test_where_no_file_can_be_is_an_error_that_names_it(name: str, tmp_path: Path) -> None:
    folder, nowhere = tmp_path / f"x{name}", tmp_path / "no" / name
    folder.mkdir()
    (tmp_path / "file").touch()
    below = tmp_path / "file" / name
    for path, wanted in ((folder, IsADirectoryError), (nowhere, FileNotFoundError),
                         (below, (FileNotFoundError, NotADirectoryError))):  # fmt: skip
        with pytest.raises(wanted) as error:
            WRITERS[name](path)
        assert path.name in str(error.value)
    assert names(tmp_path) == sorted(["file", folder.name]) and names(folder) == []


@posix
@pytest.mark.parametrize("name", WRITERS)
def test_symbolic_links(name: str, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link, second = tmp_path / "real" / name, tmp_path / name, tmp_path / f"2{name}"
    link.symlink_to("real/" + name)  # to nothing as yet
    second.symlink_to(link)
    for path in (link, second):
        WRITERS[name](path)
        assert path.is_symlink() and real.stat().st_size
    assert names(tmp_path / "real") == [name]
    circle = tmp_path / f"circle{name}"
    circle.symlink_to(circle)
    with pytest.raises(OSError, match=f"circle{name}"):
        WRITERS[name](circle)
    assert circle.is_symlink() and names(tmp_path) == sorted(
        [name, second.name, circle.name, "real"]
    )


def test_a_disk_that_can_not_sync_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(descriptor: int) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", unsupported)
    with atomic_write.replacing(tmp_path / "a.txt") as file:
        file.write(b"here")
    assert (tmp_path / "a.txt").read_bytes() == b"here"
    assert np.size(names(tmp_path)) == 1
