"""Write files whole or not at all."""

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

ABANDONED = 3600.0  # seconds since the last write, where there are no locks
UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}  # operations of some file systems


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BufferedRandom]:
    """Open a new file that replaces `path` once it is complete and on the disk.

    Until then it is in the same folder under a hidden name, and only users who may read `path` may
    read it. After an error it is removed; if the program is killed, the next program that writes
    to the folder removes it. The owner and permissions of the old file are kept. A symbolic link
    is kept too, and the file that it names is replaced. A device or a pipe is written to instead.

    Raises:
        TypeError: `path` is neither a `str` nor a path.
        ValueError: no file can have this name.
        OSError: the file can't be written; an old file is unchanged.
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
        with open_locked(new, mode) as file:
            yield file
            file.flush()
            copy_access(target, new)
            sync(file.fileno())
            if os.name == "posix":
                new.replace(target)  # while it is locked, so that no program removes it
        if os.name != "posix":
            new.replace(target)  # there, only a closed file can be renamed
    except BaseException as error:
        with suppress(OSError):  # the file may not exist
            new.unlink()
        if isinstance(error, OSError) and error.errno is not None:  # else not from files here
            # The path in the message is the one asked for, not the temporary one.
            raise OSError(error.errno, error.strerror, os.fspath(path)) from None
        raise
    sync_names(target.parent)


def refuse_target(target: Path, given: Path) -> None:
    """Raise the error of opening `target` for writing: renaming another file to it raises none."""
    for wrong, number in (
        (target.is_dir(), errno.EISDIR),
        (target.is_symlink(), errno.ELOOP),  # still a link, after links were followed: a loop
        (target.is_file() and not os.access(target, os.W_OK), errno.EACCES),
    ):
        if wrong:
            raise OSError(number, os.strerror(number), os.fspath(given))


@contextmanager
def open_locked(new: Path, mode: int) -> Iterator[BufferedRandom]:
    """Open a new file, locked until it is closed, on systems and disks that have locks."""
    while True:
        with open(new, "x+b", opener=partial(os.open, mode=mode)) as file:
            lock(file, wait=True)
            if new.exists():
                yield file
                return
        # Another program removed it, before it was locked.


def copy_access(target: Path, new: Path) -> None:
    """Give `new` the owner and permissions of `target`, if it exists, as far as allowed."""
    with suppress(OSError):  # some disks have no owners or permissions
        was, now = target.stat(), new.stat()
        mode = was.st_mode & 0o777
        if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
            try:
                os.chown(new, was.st_uid, was.st_gid)
            except OSError:  # only root may change the owner, but users may change the group
                try:
                    os.chown(new, -1, was.st_gid)
                except OSError:
                    mode &= 0o707  # the permissions of the old group are not for another
        if mode != now.st_mode & 0o777:
            new.chmod(mode)


def lock(file: BufferedRandom, wait: bool) -> bool | None:
    """Lock a file and return whether that succeeded, or None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # this disk has no locks
        return None
    return True


def sync(descriptor: int) -> None:
    """Wait until the data are on the disk, on systems that support this."""
    if not hasattr(os, "fsync"):
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def sync_names(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, on systems that support this."""
    if os.name != "posix":
        return
    with suppress(OSError):  # a folder may be writable but not readable; some disks refuse
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            sync(descriptor)
        finally:
            os.close(descriptor)


def remove_abandoned(folder: Path) -> None:
    """Remove the unfinished files of programs that were killed.

    The lock of a program ends with it. Where there are no locks, such a file was not written to for
    an hour; and on Windows an open file can't be removed.
    """
    for left in folder.glob(".napkingrad-*.tmp"):
        with suppress(OSError):
            with open(left, "r+b") as file:
                status = os.fstat(file.fileno())
                locked = lock(file, wait=False)
                abandoned = time() - status.st_mtime > ABANDONED if locked is None else locked
                # Not if another file has got its name meanwhile.
                abandoned = abandoned and os.path.samestat(status, left.stat())
                if abandoned and os.name == "posix":
                    left.unlink()
            if abandoned and os.name != "posix":
                left.unlink()
