"""What holds whatever comes in."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
DOCUMENTED = (TypeError, ValueError, IndexError, DeprecationWarning)  # NumPy's, before an error
INTERNAL = (  # a message that says so tells of our code, not of the caller's mistake
    "object has no attribute", "list index out of range", "tuple index out of range",
    "values to unpack", "generator raised", "list assignment index", "is not subscriptable",
)  # fmt: skip


@contextmanager
def documented(*others: type[Exception], naming: object = "") -> Iterator[None]:
    """Nothing is raised but what is documented, and it says what is wrong, and with what."""
    try:
        yield
    except (*DOCUMENTED, *others) as error:
        text = str(error)
    else:
        return
    assert text.strip(), "an exception without a message"
    assert not any(phrase in text for phrase in INTERNAL), text
    assert str(naming) in text, text


CHANGING = (  # as Python names what it does to those who audit it
    "ctypes.", "os.chmod", "os.exec", "os.fork", "os.link", "os.mkdir", "os.posix_spawn",
    "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.system", "os.truncate",
    "pickle.find_class", "shutil.", "socket.", "subprocess.",
)  # fmt: skip
watched: list[list[str]] = []  # what happened, while somebody looks; a hook can't be taken away


def note(event: str, args: tuple[Any, ...]) -> None:
    if not watched:
        return
    writes = event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event.startswith(CHANGING):
        watched[-1].append(f"{event} {args}")


sys.addaudithook(note)


@contextmanager
def only_reading() -> Iterator[None]:
    """Nothing is written, anywhere, nothing started, nothing asked of the net."""
    happened: list[str] = []
    watched.append(happened)
    try:
        yield
    finally:
        watched.pop()
    assert happened == []


def in_memory_of(megabytes: int) -> Callable[[], None]:
    """What a new process does first: it may take so much memory and no more."""
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


def in_little_memory(program: str, *arguments: object, megabytes: int = 900) -> str:
    """What a Python program prints that may take so much memory, and a minute."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        preexec_fn=in_memory_of(megabytes),
        cwd=CHECKOUT,
        env={"OPENBLAS_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
