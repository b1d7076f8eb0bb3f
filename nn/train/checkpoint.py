"""Models and trainings in files, which replace what was there only once they are complete.

An `.npz` file is an ordinary zip archive of NumPy arrays, without pickle and not compressed: one
array per parameter and buffer, and a header with the format's version and a checksum of the rest.
A `.safetensors` file has the checksum in its metadata, which other programs ignore.
A training's file has more arrays, and a tree of plain things (numbers, texts, lists, dicts) as
JSON that refers to them.
"""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from autograd.atomic_write import replacing
from autograd.core import arguments
from autograd.core.array_libraries import is_numpy, to_numpy
from nn.module import Module

Arrays: TypeAlias = dict[str, NDArray[Any]]
PathLike: TypeAlias = str | os.PathLike[str]
AnyModule = TypeVar("AnyModule", bound=Module)

VERSION = 1
HEADER = "__napkingrad__"  # the member that says what file this is
TRAINING = "__training__"  # in front of the members that a training adds
DIGEST = "napkingrad.sha256"  # of the arrays, in the metadata of .safetensors


def save(model: Module, path: PathLike) -> None:
    """Write all parameters and buffers to one file, `.npz` or `.safetensors`.

    The file is complete or, if something goes wrong, what it was before. In `.safetensors` the
    names and layouts are PyTorch's: the file can be loaded into the matching PyTorch model.

    Raises:
        ValueError: the name ends otherwise.
        OSError: it can't be written.
        ModuleNotFoundError: safetensors is not installed.
    """
    kind = suffix(path)
    arguments.instance_of("model", model, Module)
    state = {name: to_numpy(x) for name, x in model.state_dict().items()}
    if kind == ".npz":
        write_npz(path, state)
        return
    tensors = {
        name: np.array(x, dtype=x.dtype.newbyteorder("="), order="C") for name, x in state.items()
    }
    data = safetensors().save(tensors, metadata={"format": "pt"})
    header, start = header_of(data)
    header["__metadata__"][DIGEST] = digest(tensors)  # the library would shuffle two entries
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with replacing(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.write(memoryview(data)[start:])


def load(model: AnyModule, path: PathLike) -> AnyModule:
    """Take over all parameters and buffers from a file of a model of the same form.

    >>> import nn, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     net = nn.MLP(2, [3, 1], rng=0)
    ...     nn.save(net, f"{folder}/net.npz")
    ...     twin = nn.load(nn.MLP(2, [3, 1], rng=1), f"{folder}/net.npz")
    >>> bool((net[0].weight.data == twin[0].weight.data).all())
    True

    The model keeps its own dtypes: numbers are converted to them, but floats not to integers. Of
    the checkpoint of a training, the model is taken. Returns the model.

    Raises:
        ValueError: the file is damaged or something else, or belongs to another model; nothing is
            changed then.
        OSError: it can't be read.
        ModuleNotFoundError: safetensors is not installed.
    """
    arguments.instance_of("model", model, Module)
    arrays = read_npz(path) if suffix(path) == ".npz" else read_safetensors(path)
    state = {name: x for name, x in arrays.items() if not name.startswith(TRAINING)}
    take_over(model, state, f"{os.fspath(path)} does not fit: ")
    return model


def take_over(
    model: Module, state: Mapping[str, Any], complaint: str = "", exact: bool = False
) -> None:
    """Give the model this state, in the dtypes and memory layouts that its arrays have.

    Layouts matter to the last bit: sums over the same numbers in another order round differently.
    `exact` refuses what would have to be converted.

    Raises:
        ValueError: it does not fit; nothing is changed then.
    """
    own = model.state_dict()
    taken = dict(state)
    for name in own.keys() & state.keys():
        x, wanted = state[name], own[name]
        if x.shape != wanted.shape or not is_numpy(x):
            continue  # load_state_dict() complains about all that are wrong
        wanted = wanted if is_numpy(wanted) else np.empty(wanted.shape, wanted.dtype)
        try:
            with np.errstate(over="raise"):
                np.copyto(wanted, x, casting="no" if exact else "same_kind")
        except TypeError:
            raise ValueError(
                f"{complaint}{name} is {x.dtype}, which the model's {wanted.dtype} can't hold"
            ) from None
        except FloatingPointError:
            raise ValueError(
                f"{complaint}{name} has numbers too large for the model's {wanted.dtype}"
            ) from None
        taken[name] = wanted
    try:
        model.load_state_dict(taken)
    except ValueError as error:
        raise ValueError(f"{complaint}{error}") from None


# --- trainings ------------------------------------------------------------------------------------


def save_training(path: PathLike, model: Mapping[str, Any], rest: Any) -> None:
    """Write a model's state, and a tree of numbers, texts, arrays, lists, tuples and dicts.

    Raises:
        TypeError: there is something else in the tree.
    """
    arrays: Arrays = {}
    text = json.dumps(pack(rest, arrays))
    weights = {name: to_numpy(x) for name, x in model.items()}
    write_npz(path, {**weights, **arrays, TRAINING: as_array(text)})


def load_training(path: PathLike) -> tuple[Arrays, Any]:
    """What `save_training` wrote.

    Raises:
        ValueError: the file is damaged or something else.
    """
    arrays = read_npz(path)
    if TRAINING not in arrays:
        raise ValueError(
            f"{os.fspath(path)} holds a model, but no training to resume; "
            "nn.load(model, path) loads it"
        )
    try:
        rest = unpack(json.loads(arrays[TRAINING].tobytes()), arrays)
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise ValueError(
            f"{os.fspath(path)} is no file that nn.fit() wrote: what it says of the training can't "
            f"be read ({type(error).__name__})"
        ) from error
    return {name: x for name, x in arrays.items() if not name.startswith(TRAINING)}, rest


def pack(x: Any, arrays: Arrays) -> Any:
    """`x` as JSON can say it, with its arrays put into `arrays`."""

    def put(array: Any) -> str:
        name = f"{TRAINING}/{len(arrays)}"
        arrays[name] = array
        return name

    if isinstance(x, np.generic):
        return {"number": put(np.asarray(x))}
    if hasattr(x, "__array_function__"):
        return {"array": put(to_numpy(x))}
    if x is None or isinstance(x, (bool, int, float, str)):
        return x
    if isinstance(x, dict):
        return {"dict": [[pack(key, arrays), pack(value, arrays)] for key, value in x.items()]}
    if isinstance(x, list):
        if x and all(type(entry) is float for entry in x):
            return {"floats": put(np.array(x))}
        return {"list": [pack(entry, arrays) for entry in x]}
    if isinstance(x, tuple):
        return {"tuple": [pack(entry, arrays) for entry in x]}
    raise TypeError(
        "a checkpoint holds numbers, texts, arrays, lists, tuples and dicts, "
        f"but no {type(x).__name__}: {x!r}"
    )


def unpack(x: Any, arrays: Mapping[str, Any]) -> Any:
    """What `pack` was given."""
    if not isinstance(x, dict):
        return x
    [(kind, inside)] = x.items()
    if kind == "number":
        return arrays[inside][()]
    if kind == "array":
        return arrays[inside]
    if kind == "floats":
        return arrays[inside].tolist()
    if kind == "dict":
        return {unpack(key, arrays): unpack(value, arrays) for key, value in inside}
    entries = [unpack(entry, arrays) for entry in inside]
    return tuple(entries) if kind == "tuple" else entries


# --- files ----------------------------------------------------------------------------------------


def suffix(path: PathLike) -> str:
    """The end of the name, which says what the file is.

    Raises:
        TypeError: `path` is neither a `str` nor a path.
        ValueError: no format is known by it, or no file can have this name.
    """
    found = arguments.path("path", path).suffix
    if found not in {".npz", ".safetensors"}:
        raise ValueError(
            f"the name of a model's file ends in .npz or .safetensors, not {found!r}: "
            f"{os.fspath(path)}"
        )
    return found


def check_writable(path: PathLike) -> None:
    """Complain now rather than after the first epoch.

    Raises:
        OSError: there is no folder for the file, or it may not be written to.
    """
    target = Path(os.path.realpath(arguments.path("path", path)))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent} to write {os.fspath(path)} to")
    if target.is_dir():
        raise IsADirectoryError(f"{os.fspath(path)} is a folder, not a file to write to")
    try:
        with TemporaryFile(dir=target.parent):
            pass
        if target.is_file():
            with open(target, "ab"):
                pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None


def as_array(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


def write_npz(path: PathLike, arrays: Mapping[str, Any]) -> None:
    """Write arrays, and in front of them the header; equal arrays make equal files."""
    members = {name: as_npy(name, x) for name, x in arrays.items()}
    header = {"format": "napkingrad", "version": VERSION, "sha256": checksum(members)}
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, data in {HEADER: as_npy(HEADER, as_array(json.dumps(header))), **members}.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                member.write(data)


def checksum(members: Mapping[str, bytes]) -> str:
    """SHA-256 over the names and contents of all but the header."""
    digest = sha256()
    for name, data in members.items():
        if name != HEADER:
            digest.update(f"{name}\0{len(data)}\0".encode())
            digest.update(data)
    return digest.hexdigest()


def as_npy(name: str, x: Any) -> bytes:
    """The array as the content of an .npy file, version 1.0."""
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{name} holds {x.dtype}, but a file holds real numbers")
    buffer = BytesIO()
    npy.write_array(buffer, x, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()  # not getbuffer(): Pythons before 3.12.2 may crash on its garbage


def from_npy(data: bytes) -> NDArray[Any]:
    """The array in an .npy file of version 1.0; what it claims to be is checked before use."""
    buffer = BytesIO(data)
    if npy.read_magic(buffer) != (1, 0):
        raise ValueError("not an array of this format")
    shape, fortran, dtype = npy.read_array_header_1_0(buffer)
    if dtype.kind not in "fiub":
        raise ValueError(f"an array of {dtype}")
    start = buffer.tell()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data) - start:
        raise ValueError(f"{len(data) - start} bytes for an array of {dtype} {shape}")
    order: Literal["F", "C"] = "F" if fortran else "C"
    return np.frombuffer(data, dtype, offset=start).reshape(shape, order=order)


def read_npz(path: PathLike) -> Arrays:
    """All arrays but the header. What the file claims is checked before memory is spent on it.

    Raises:
        ValueError: it is damaged or something else.
        OSError: it can't be read.
    """
    with open(arguments.path("path", path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            members = dict(read_members(file, size))
            arrays = {name: from_npy(data) for name, data in members.items()}
            header = json.loads(arrays.pop(HEADER).tobytes()) if HEADER in arrays else {}
        except Exception as error:  # zipfile has a dozen ways to be surprised
            raise ValueError(
                f"{os.fspath(path)} is no file that nn.save() wrote, or is damaged: {error}"
            ) from error
    if not isinstance(header, dict) or header.get("format") != "napkingrad":
        raise ValueError(f"{os.fspath(path)} holds arrays, but nn.save() did not write it")
    if header.get("version") != VERSION:
        raise ValueError(
            f"{os.fspath(path)} has version {header.get('version')} of the format, "
            f"but this napkingrad reads version {VERSION}"
        )
    if header.get("sha256") != checksum(members):
        raise ValueError(f"{os.fspath(path)} is damaged: its checksum is wrong")
    return arrays


def read_members(file: BinaryIO, size: int) -> Iterator[tuple[str, bytes]]:
    """The contents of a zip archive by name, together no larger than the file itself.

    Raises:
        ValueError: it is compressed: a small file could fill the memory.
    """
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
            raise ValueError("it is compressed")
        if sum(info.file_size for info in infos) > size:
            raise ValueError("it claims to hold more than it can")
        for info in infos:
            yield info.filename.removesuffix(".npy"), archive.read(info)


def safetensors() -> Any:
    """`safetensors.numpy`."""
    try:
        import safetensors.numpy  # optional
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            ".safetensors files need safetensors, which is not installed; "
            "pip install napkingrad[safetensors], or use .npz",
            name=error.name,
        ) from None
    return safetensors.numpy


def read_safetensors(path: PathLike) -> Arrays:
    """All arrays of a .safetensors file; a checksum that `save` put there is compared.

    Raises:
        ValueError: it is damaged or something else, or holds numbers that NumPy has not.
        OSError: it can't be read.
    """
    read: Callable[[PathLike], Arrays] = safetensors().load_file
    with open(path, "rb") as file:
        data = file.read(8)
        data += file.read(min(int.from_bytes(data, "little"), os.fstat(file.fileno()).st_size))
    try:
        arrays = read(path)
    except Exception as error:  # SafetensorError, and KeyError for bfloat16
        raise ValueError(f"{os.fspath(path)} can't be read as .safetensors: {error}") from error
    wanted = (header_of(data)[0].get("__metadata__") or {}).get(DIGEST)
    if wanted is not None and wanted != digest(arrays):
        raise ValueError(
            f"{os.fspath(path)} is damaged, or a program has changed its arrays and kept their "
            f"checksum: the arrays do not match it; get the file again, or save it anew without "
            f"{DIGEST!r} in its metadata"
        )
    return arrays


def header_of(data: bytes) -> tuple[dict[str, Any], int]:
    """The header of a .safetensors file, and where it ends."""
    end = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:end]), end


def digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over the arrays by name, with their dtypes and shapes, in little-endian order."""
    total = sha256()
    for name, x in sorted(arrays.items()):
        x = x.astype(x.dtype.newbyteorder("<"), copy=False)
        total.update(f"{name}\0{x.dtype.str}\0{x.shape}\0".encode())
        total.update(x.tobytes())
    return total.hexdigest()
