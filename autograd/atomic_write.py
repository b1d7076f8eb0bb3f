"""Files that are written whole, or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import BufferedRandom
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from time import time
from uuid import uuid4

from .core import arguments

try:
    import fcntl
except ImportError:  # Windows, and Python in a browser or in WASI
    fcntl = None  # type: ignore[assignment]

ABANDONED = 3600.0  # seconds without a write, where no lock tells whether the writer still runs
UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}  # by a file system, rather than failed


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BufferedRandom]:
    """Open a new file that replaces `path` once it is complete and on the disk.

    Until then it lies beside `path` under a hidden name, readable by nobody who may not read
    `path`. It is removed after an error; if the program is killed, the next one that writes to the
    folder removes it. The owner and permissions of the old file are kept, and a symbolic link
    stays: the file that it names is replaced. A device or a pipe is written to instead.

    Raises:
        TypeError: `path` is neither a `str` nor a path.
        ValueError: no file can have this name.
        OSError: it can't be written; what was there is as it was.
    """
    given = arguments.path("path", path)
    if given.exists() and not (given.is_file() or given.is_dir()):
        with TemporaryFile() as file:
            yield file
            file.seek(0)
            with open(given, "wb") as device:
                copyfileobj(file, device)
        return
    target = Path(os.path.realpath(given))
    refuse_target(target, given)
    remove_abandoned(target.parent)
    new = target.with_name(f".napkingrad-{uuid4().hex}.tmp")
    # The umask applies to a new file; one that replaces another is private until it is complete.
    mode = 0o600 if target.exists() else 0o666
    try:
        with opened(new, mode) as file:
            yield file
            file.flush()
            copy_access(target, new)
            sync(file.fileno())
            if os.name == "posix":
                new.replace(target)  # while it is locked: nobody takes it for abandoned
        if os.name != "posix":
            new.replace(target)  # there, only a closed file can be renamed
    except OSError as error:
        discard(new)
        if error.errno is None:
            raise  # not from this machine's files
        # Name the path that was asked for, not the temporary one.
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    except BaseException:
        discard(new)
        raise
    sync_names(target.parent)


def refuse_target(target: Path, given: Path) -> None:
    """Raise the error that opening `target` for writing would raise, as renaming would not."""
    number = 0
    if target.is_dir():
        number = errno.EISDIR
    elif target.is_symlink():  # still, although links were followed: they go round in a circle
        number = errno.ELOOP
    elif target.is_file() and not os.access(target, os.W_OK):
        number = errno.EACCES
    if number:
        raise OSError(number, os.strerror(number), os.fspath(given))


@contextmanager
def opened(new: Path, mode: int) -> Iterator[BufferedRandom]:
    """A new file, locked for as long as it is open, on systems and disks that have locks."""
    while True:
        with open(new, "x+b", opener=partial(os.open, mode=mode)) as file:
            lock(file, wait=True)
            if new.exists():
                yield file
                return
        # Between the two it was taken for abandoned.


def copy_access(target: Path, new: Path) -> None:
    """Give `new` the owner and permissions of `target`, if there is one, as far as allowed."""
    with suppress(OSError):  # some disks know no owners or permissions
        was, now = target.stat(), new.stat()
        mode = was.st_mode & 0o777
        if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
            try:
                os.chown(new, was.st_uid, was.st_gid)
            except OSError:  # only root may give a file away, but to a group of one's own it goes
                try:
                    os.chown(new, -1, was.st_gid)
                except OSError:
                    mode &= 0o707  # another group must not get what the old one was allowed
        if mode != now.st_mode & 0o777:
            new.chmod(mode)


def discard(new: Path) -> None:
    with suppress(OSError):  # it may never have come to be
        new.unlink()


def lock(file: BufferedRandom, wait: bool) -> bool | None:
    """Whether this program has the file's lock now; None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # this disk has none
        return None
    return True


def sync(descriptor: int) -> None:
    """Wait until the disk has what was written, where that can be asked for."""
    if not hasattr(os, "fsync"):
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def sync_names(folder: Path) -> None:
    """Wait until the disk has the names in a folder, where that can be asked for."""
    if os.name != "posix":
        return
    with suppress(OSError):  # who may write to a folder may not always read it; some disks refuse
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            sync(descriptor)
        finally:
            os.close(descriptor)


def remove_abandoned(folder: Path) -> None:
    """Remove the unfinished files of programs that were killed.

    A lock ends with its program. Where there are no locks, nobody has written to such a file for
    an hour; and on Windows a file that is open can't be removed.
    """
    for left in folder.glob(".napkingrad-*.tmp"):
        with suppress(OSError):
            with open(left, "r+b") as file:
                status = os.fstat(file.fileno())
                locked = lock(file, wait=False)
                abandoned = time() - status.st_mtime > ABANDONED if locked is None else locked
                # Not if another one was begun under its name meanwhile.
                abandoned = abandoned and os.path.samestat(status, left.stat())
                if abandoned and os.name == "posix":
                    left.unlink()
            if abandoned and os.name != "posix":
                left.unlink()
