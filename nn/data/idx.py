"""IDX, the file format of MNIST.

Two zero bytes, a code for the type of the entries, the number of axes, the length of each axis in
four bytes, and the entries, all with the highest byte first (LeCun et al., the MNIST page).
"""

from __future__ import annotations

import gzip
import zlib
from hashlib import sha256
from io import BufferedReader
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.core import arguments

BinaryFile: TypeAlias = BufferedReader | gzip.GzipFile

IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GET_AGAIN = "delete it and get it again"
LARGEST = 1 << 30  # bytes that a compressed file may unfold to: twenty times MNIST


def read_idx(path: str | Path) -> NDArray[Any]:
    """The array in an IDX file, compressed with gzip or not, in the dtype that its header names.

    The format has no checksum: without gzip, which has one, flipped bits give other numbers.

    Memory is taken for what the file holds, never for what its header promises. A compressed file
    may hold a thousand times its size: of more than `LARGEST` bytes it has to be unpacked first.

    Raises:
        TypeError: `path` is neither a `str` nor a path.
        FileNotFoundError: there is no such file.
        ValueError: it is no IDX file, is cut short, or holds more than its header says or than it
            may.
    """
    with open(arguments.path("path", path), "rb") as raw:
        start = raw.read(2)
        raw.seek(0)
        try:
            if start == b"\x1f\x8b":
                with gzip.open(raw) as unzipped:
                    return decode_idx(unzipped, path)
            return decode_idx(raw, path)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path} can't be decompressed ({error}); {GET_AGAIN}") from None


def decode_idx(file: BinaryFile, path: str | Path) -> NDArray[Any]:
    """The array in an open IDX file; `path` is for messages."""
    magic = read_at_most(file, 4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in IDX_TYPES:
        raise ValueError(
            f"{path} is no IDX file: it should start with two zero bytes and a type code, "
            f"but starts with {bytes(magic)!r}; {GET_AGAIN}"
        )
    dtype, ndim = np.dtype(IDX_TYPES[magic[2]]), magic[3]
    header = read_at_most(file, 4 * ndim)
    if len(header) < 4 * ndim:
        raise ValueError(f"{path} is cut short in its header; {GET_AGAIN}")
    shape = tuple(np.frombuffer(header, ">u4").tolist())
    wanted = prod(shape) * dtype.itemsize
    if wanted > LARGEST and isinstance(file, gzip.GzipFile):
        raise ValueError(
            f"{path} should unfold to more than the {LARGEST} bytes that a compressed file may; "
            f"{GET_AGAIN}, or unpack it with gunzip if it is meant so"
        )
    content = read_at_most(file, wanted)
    if len(content) < wanted or file.read(1):
        came = f"only {len(content)}" if len(content) < wanted else "more"
        raise ValueError(
            f"{path} should hold {wanted} bytes for {dtype} of shape {shape}, "
            f"but holds {came}; {GET_AGAIN}"
        )
    try:
        array = np.frombuffer(content, dtype).reshape(shape)
    except ValueError as error:  # too many axes, or one of length 0 beside some that are too long
        raise ValueError(f"{path} has a shape that no array has ({error}); {GET_AGAIN}") from None
    return array.astype(dtype.newbyteorder("="), copy=False)


def digest(array: NDArray[np.uint8]) -> str:
    """SHA-256 of the IDX file, not compressed, that holds these bytes."""
    found = sha256(bytes([0, 0, 0x08, array.ndim]) + np.array(array.shape, ">u4").tobytes())
    found.update(array.data if array.size else b"")  # an empty array has no buffer to hash
    return found.hexdigest()


def read_at_most(file: BinaryFile, n: int) -> bytearray:
    """The next `n` bytes, or what there is. `file.read(n)` would take the memory beforehand."""
    content = bytearray()
    while chunk := file.read(min(n - len(content), 1 << 20)):
        content += chunk
    return content
