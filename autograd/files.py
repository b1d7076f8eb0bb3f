"""Files that are written whole, or not at all."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedRandom
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from uuid import uuid4

if sys.platform != "win32":
    import fcntl


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BufferedRandom]:
    """A new file that takes the place of `path` when it is complete, and on the disk.

    Until then it has a hidden name beside it. If something goes wrong it is removed, and if the
    program is killed, the next one that writes to the folder removes it. A device or a pipe is not
    replaced: what is complete is written to it.

    Raises:
        OSError: it can't be written; what was there is as it was.
    """
    given = Path(path)
    if given.exists() and not (given.is_file() or given.is_dir()):
        with TemporaryFile() as file:
            yield file
            file.seek(0)
            with open(given, "wb") as device:
                copyfileobj(file, device)
        return
    target = Path(os.path.realpath(path))  # a link stays, and what it names is replaced
    if target.is_file() and not os.access(target, os.W_OK):  # renaming would not ask
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
    remove_abandoned(target.parent)
    new = target.with_name(f".napkingrad-{uuid4().hex}.tmp")
    try:
        with opened(new) as file:
            yield file
            file.flush()
            with suppress(OSError):  # who may read it stays as it was, if it was and disks know
                new.chmod(target.stat().st_mode & 0o777)
            os.fsync(file.fileno())
            if os.name == "posix":
                new.replace(target)  # while it is locked: nobody takes it for abandoned
        if os.name != "posix":
            new.replace(target)  # there, only a closed file can be renamed
    except OSError as error:
        discard(new)
        if error.errno is None:
            raise  # not from this machine's files
        # About the path that was asked for, not about the temporary one.
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    except BaseException:
        discard(new)
        raise
    sync_names(target.parent)


@contextmanager
def opened(new: Path) -> Iterator[BufferedRandom]:
    """The file, new and locked for as long as it is open, on systems and disks that have locks."""
    while True:
        with open(new, "x+b") as file:
            lock(file, wait=True)
            if new.exists():
                yield file
                return
        # Between the two it was taken for abandoned.


def discard(new: Path) -> None:
    with suppress(OSError):  # it may never have come to be
        new.unlink()


def lock(file: BufferedRandom, wait: bool) -> bool:
    """Whether the file is locked now; if somebody else has it, `wait` for them or don't."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # somebody has it, or this disk knows no locks
        return False
    return True


def sync_names(folder: Path) -> None:
    """Have the disk keep the names in a folder now, where that can be asked for."""
    if os.name != "posix":
        return
    with suppress(OSError):  # who may write to a folder may not always read it; some disks refuse
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_abandoned(folder: Path) -> None:
    """Remove the unfinished files of programs that were killed: a lock ends with its program."""
    for left in folder.glob(".napkingrad-*.tmp"):
        with suppress(OSError), open(left, "r+b") as file:
            if lock(file, wait=False) and os.path.samestat(os.fstat(file.fileno()), left.stat()):
                left.unlink()  # and not another that was begun anew under its name
