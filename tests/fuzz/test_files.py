"""Files of all kinds, damaged or made up: what reads them refuses them, and changes nothing."""

from __future__ import annotations

import gzip
import json
import math
import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from contract import documented, in_little_memory, only_reading
from hypothesis import strategies as st

import nn
from nn.data.idx import read_idx
from nn.train import checkpoint

# --- bytes ----------------------------------------------------------------------------------------

EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "set", "cut", "insert", "drop", "repeat"]),
        st.floats(0, 1, exclude_max=True),
        st.one_of(st.binary(min_size=1, max_size=8), st.integers(1, 64)),
    ),
    min_size=1,
    max_size=4,
)
Edit = tuple[str, float, bytes | int]


def damaged(content: bytes, edits: list[Edit]) -> bytes:
    """Some bytes of a file changed, left out, put in or doubled."""
    out = bytearray(content)
    for kind, where, x in edits:
        at = int(where * len(out))
        some = x if isinstance(x, bytes) else bytes([x])
        n = x if isinstance(x, int) else len(x)
        if kind == "flip" and out:
            out[at] ^= 1 << n % 8
        elif kind == "set":
            out[at : at + len(some)] = some
        elif kind == "cut":
            del out[at:]
        elif kind == "insert":
            out[at:at] = some
        elif kind == "drop":
            del out[at : at + n]
        elif kind == "repeat":
            out[at:at] = out[at : at + n]
    return bytes(out)


def folder_of(path: Path) -> dict[str, bytes]:
    return {x.name: x.read_bytes() for x in path.iterdir()}


# --- IDX ------------------------------------------------------------------------------------------

HEADERS = st.builds(
    lambda start, code, shape, ndim: start + bytes([code, len(shape) if ndim is None else ndim])
    + b"".join(struct.pack(">I", n) for n in shape),
    st.sampled_from([b"\0\0", b"\0\0", b"\0\0", b"\0\1", b"\x1f\x8b"]),
    st.sampled_from([8, 8, 9, 11, 12, 13, 14, 0, 255]),
    st.lists(st.sampled_from([0, 1, 2, 3, 2**16, 2**31, 2**32 - 1]), max_size=70),
    st.none() | st.integers(0, 255),
)  # fmt: skip


@st.composite
def idx_files(draw: Any) -> bytes:
    shape = draw(st.lists(st.integers(0, 3), max_size=5))
    code = draw(st.sampled_from([8, 9, 11, 12, 13, 14]))
    right = bytes([0, 0, code, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape)
    right += bytes(math.prod(shape) * {8: 1, 9: 1, 11: 2, 12: 4, 13: 4, 14: 8}[code])
    content = draw(
        st.one_of(
            st.just(right),
            st.binary(max_size=60),
            st.builds(lambda head, rest: head + rest, HEADERS, st.binary(max_size=40)),
            st.builds(damaged, st.just(right), EDITS),
        )
    )
    if draw(st.booleans()):
        content = gzip.compress(content, mtime=0)
        if draw(st.booleans()):
            content = damaged(content, draw(EDITS))
    return bytes(content)


def test_idx_files(fuzz: Any, tmp_path: Path) -> None:
    path = tmp_path / "numbers"

    def check(content: bytes) -> None:
        path.write_bytes(content)
        with only_reading(), documented(naming=path):
            array = read_idx(path)
            assert array.nbytes < 1 << 20 and array.dtype.kind in "uif"
        assert folder_of(tmp_path) == {"numbers": content}

    fuzz("IDX files", check, idx_files(), quick=120, soak=8000)


# --- models and trainings -------------------------------------------------------------------------


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data, compression)
    return buffer.getvalue()


def signed(members: dict[str, bytes], **header: Any) -> bytes:
    """A file with a right header and checksum, whatever else is in it."""
    full = {"format": "napkingrad", "version": 1, "sha256": checkpoint.checksum(members)} | header
    head = bytes(checkpoint.as_npy("", checkpoint.as_array(json.dumps(full))))
    return zipped({"__napkingrad__.npy": head} | {f"{k}.npy": x for k, x in members.items()})


def npy(descr: object, shape: object, data: bytes = b"", fortran: object = False) -> bytes:
    head = f"{{'descr': {descr!r}, 'fortran_order': {fortran!r}, 'shape': {shape!r}}}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + data


NPY = st.one_of(
    st.builds(
        npy,
        st.sampled_from(["<f4", "<f8", "|u1", ">i4", "|O", "|b1", "<c16", "<U3", "|V8", "M8[s]",
                         [("a", "<f4")], "nonsense", 7, None, ("<f4", (2,)), "<f4,<f4"]),
        st.lists(st.sampled_from([0, 1, 2, 3, -1, 2**31, 2**62, 10**20, True, 1.5]), max_size=4)
        .map(tuple) | st.sampled_from([None, 3, "x", [2]]),
        st.binary(max_size=40),
        st.sampled_from([False, True, None, 1]),
    ),
    st.binary(max_size=30),
    st.builds(lambda x: bytes(checkpoint.as_npy("", np.zeros(x, np.float32))),
              st.sampled_from([(3, 2), (2,), (1, 2), ()])),
)  # fmt: skip
NAMES = st.sampled_from(
    [
        "0.weight",
        "0.bias",
        "__training__",
        "__training__/0",
        "../x",
        "/tmp/x",
        "a\nb",
        "",
        "é",
        ".npy",
    ]
)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("model") / "net.npz"
    nn.save(nn.Linear(2, 3, rng=0), path)
    return path.read_bytes()


def check_model_file(content: bytes, path: Path) -> None:
    """It is loaded, or refused and the model left as it was."""
    write(path, content)
    model = nn.Linear(2, 3, rng=1)
    before = bits(model)
    with only_reading(), documented(naming=path):
        nn.load(model, path)
        before = bits(model)
    assert bits(model) == before
    assert folder_of(path.parent) == {path.name: content}


def test_model_files(fuzz: Any, tmp_path: Path, model_file: bytes) -> None:
    path = tmp_path / "net.npz"
    nn.load(nn.Linear(2, 3, rng=1), write(path, model_file))  # it is right
    fuzz(
        "model files",
        lambda content: check_model_file(content, path),
        st.one_of(
            st.builds(damaged, st.just(model_file), EDITS),
            st.builds(signed, st.dictionaries(NAMES, NPY, max_size=3)),
            st.builds(lambda m, c: zipped(m, c), st.dictionaries(NAMES, NPY, max_size=3),
                      st.sampled_from([0, 8, 12, 14])),
            st.binary(max_size=100),
        ),
        quick=80,
        soak=4000,
    )  # fmt: skip


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def bits(model: nn.Module) -> dict[str, bytes]:
    return {name: x.tobytes() for name, x in model.state_dict().items()}


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
        st.sampled_from(["__training__/0", "__training__/9", "weight"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["number", "array", "floats", "dict", "list", "tuple", "other"]),
            inner | st.lists(st.lists(inner, min_size=1, max_size=2), max_size=2),
            max_size=2,
        ),
    ),
    max_leaves=8,
)  # fmt: skip


@pytest.fixture(scope="module")
def training_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("training") / "run.npz"
    train(path, resume=False)
    return path.read_bytes()


def train(path: Path, resume: bool) -> bytes:
    """Train a little; the weights afterwards."""
    model = nn.MLP(2, [3, 2], rng=0)
    data = nn.Dataset(np.ones((4, 2), np.float32), np.array([0, 1, 0, 1]))
    optimizer = nn.Adam(model.parameters(), lr=0.1)
    nn.fit(
        model, data, loss=nn.cross_entropy, optimizer=optimizer, epochs=1, batch_size=2, seed=0,
        checkpoint=path, resume=resume, progress=False,
        schedule=nn.CosineAnnealingLR(optimizer, 5),
        callbacks=[nn.EarlyStopping(3, monitor="loss")],
    )  # fmt: skip
    return b"".join(x.tobytes() for x in model.state_dict().values())


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(content)) as file:
        return {x.removesuffix(".npy"): file.read(x) for x in file.namelist()}


def grafted(tree: Any, path: list[int], x: Any) -> Any:
    """A tree of JSON with another one in place of some part."""
    if not path or not isinstance(tree, (list, dict)) or not tree:
        return x
    keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
    key = keys[path[0] % len(keys)]
    out = tree.copy()
    out[key] = grafted(tree[key], path[1:], x)
    return out


def test_training_files(fuzz: Any, tmp_path: Path, training_file: bytes) -> None:
    path = tmp_path / "run.npz"
    members = {k: x for k, x in members_of(training_file).items() if k != checkpoint.HEADER}
    tree = json.loads(checkpoint.from_npy(members["__training__"]).tobytes())

    def check(example: Any) -> None:
        if isinstance(example, bytes):
            content = example
        else:
            where, x = example
            text = checkpoint.as_array(json.dumps(grafted(tree, where, x)))
            content = signed({**members, "__training__": bytes(checkpoint.as_npy("", text))})
        write(path, content)
        with documented(naming=path):
            train(path, resume=True)
        assert set(folder_of(tmp_path)) == {"run.npz"}

    fuzz(
        "training files",
        check,
        st.one_of(
            st.tuples(st.lists(st.integers(0, 9), max_size=12), JSON),
            st.tuples(st.lists(st.integers(0, 9), max_size=12), JSON),
            st.builds(damaged, st.just(training_file), EDITS),
        ),
        quick=40,
        soak=2000,
    )


def test_safetensors_files(fuzz: Any, tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "net.safetensors"
    nn.save(nn.Linear(2, 3, rng=0), path)
    right = path.read_bytes()
    nn.load(nn.Linear(2, 3, rng=1), path)

    def made(header: Any, data: bytes, claimed: int | None) -> bytes:
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack("<Q", len(text) if claimed is None else claimed) + text + data

    entry = st.fixed_dictionaries(
        {
            "dtype": st.sampled_from(["F32", "F64", "BF16", "I64", "F8_E4M3", "X", None]),
            "shape": st.lists(st.sampled_from([0, 1, 2, 3, 2**31, 2**62, -1]), max_size=3),
            "data_offsets": st.lists(st.sampled_from([0, 8, 24, 2**40, -1]), max_size=3),
        }
    )

    fuzz(
        "safetensors files",
        lambda content: check_model_file(content, path),
        st.one_of(
            st.builds(damaged, st.just(right), EDITS),
            st.builds(
                made,
                st.dictionaries(NAMES, entry, max_size=2) | JSON | st.binary(max_size=20),
                st.binary(max_size=40),
                st.none() | st.sampled_from([0, 1, 2**31, 2**63, 2**64 - 1]),
            ),
        ),
        quick=80,
        soak=3000,
    )


# --- bombs: small files that claim to be large ----------------------------------------------------

REFUSED = """
import sys
from pathlib import Path
{imports}
path = Path(sys.argv[1])
try:
    {call}
except {errors} as error:
    assert str(path) in str(error)
    print(error)
else:
    print("read")
"""


def refused(path: Path, call: str, imports: str = "", errors: str = "ValueError") -> str:
    """What reading a file says, where memory is short: `call` with its `path`."""
    program = REFUSED.format(imports=imports, call=call, errors=errors)
    return in_little_memory(program, path)


def test_idx_bombs(tmp_path: Path) -> None:
    """10^12 bytes: promised by the header of a small file, and packed into a small one."""
    promised = b"\0\0\x08\3" + struct.pack(">III", 10**4, 10**4, 10**4)
    plain = write(tmp_path / "plain", promised + bytes(100))
    packed = write(tmp_path / "packed.gz", gzip.compress(promised + bytes(1 << 24)))
    read = "from nn.data.idx import read_idx"
    assert "holds only 100" in refused(plain, "read_idx(path)", read)
    assert "more than the" in refused(packed, "read_idx(path)", read)


@pytest.mark.parametrize("descr", ["|O", "<c16", "<U3", "|V8", "<M8[s]"])
def test_what_no_model_holds(descr: str) -> None:
    size = np.dtype(descr).itemsize
    with pytest.raises(ValueError, match="^an array of"):
        checkpoint.from_npy(npy(descr, (2,), bytes(2 * size)))


@pytest.mark.parametrize("shape", [(-1, -6), (-1, 0), (2,), (7,)])
def test_shapes_that_do_not_fit_what_is_there(shape: tuple[int, ...]) -> None:
    data = bytes(0 if 0 in shape else 24)
    with pytest.raises(ValueError, match=f"^{len(data)} bytes for an array of float32"):
        checkpoint.from_npy(npy("<f4", shape, data))


def test_zip_bombs(tmp_path: Path) -> None:
    zeros = npy("<f4", (1 << 25,), bytes(1 << 27))
    path = write(tmp_path / "bomb.npz", zipped({"0.weight.npy": zeros}, zipfile.ZIP_DEFLATED))
    del zeros
    assert path.stat().st_size < 1 << 20
    call, imports = "nn.load(nn.Linear(2, 3), path)", "import nn"
    assert "it is compressed" in refused(path, call, imports)
    claim = signed({"0.weight": npy("<f4", (10**12,))})
    assert "0 bytes for an array" in refused(write(path, claim), call, imports)


def test_safetensors_bombs(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    entry = {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}
    text = json.dumps({"0.weight": entry}).encode()
    for size in len(text), 2**40, 2**63:
        content = struct.pack("<Q", size) + text
        path = write(tmp_path / "bomb.safetensors", content)
        said = refused(path, "nn.load(nn.Linear(2, 3), path)", "import nn")
        assert "can't be read as .safetensors" in said


def png(wide: int, high: int, depth: int, colour: int, data: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    head = struct.pack(">IIBBBBB", wide, high, depth, colour, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def zeros(count: int) -> bytes:
    """So many zero bytes, packed, without ever being there."""
    packer = zlib.compressobj(1)
    return (
        b"".join(packer.compress(bytes(1 << 20)) for _ in range(-(-count >> 20))) + packer.flush()
    )


PREPARE = "own_digits.prepare(path, 28)", "from demos import own_digits"


def test_picture_bombs(tmp_path: Path) -> None:
    """10^5 x 10^5 pixels, claimed; and as many as are read at all, in black and white."""
    pytest.importorskip("PIL")
    path = write(tmp_path / "huge.png", png(10**5, 10**5, 8, 6, zlib.compress(bytes(1000))))
    assert "could be decompression bomb" in refused(path, *PREPARE)
    write(path, png(9000, 9000, 1, 0, zeros(9000 * 1126)))
    assert "too many" in refused(path, *PREPARE)
    write(path, png(8000, 8000, 1, 0, zeros(8000 * 1001)))
    assert "shows no digit" in refused(path, *PREPARE)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("depth", "colour", "width"), [(8, 6, 4), (8, 4, 2), (16, 0, 2), (16, 6, 8)]
)
def test_large_pictures_take_little_memory(
    depth: int, colour: int, width: int, tmp_path: Path
) -> None:
    pytest.importorskip("PIL")
    data = zeros(8000 * (8000 * width + 1))
    path = write(tmp_path / "large.png", png(8000, 8000, depth, colour, data))
    assert "shows no digit" in refused(path, *PREPARE)


# --- pictures -------------------------------------------------------------------------------------


@st.composite
def pictures(draw: Any) -> tuple[str, bytes]:
    """A picture of some size, mode and format, often damaged; or something else."""
    Image = pytest.importorskip("PIL.Image")
    mode = draw(
        st.sampled_from(["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I", "I;16", "F"])
    )
    form = draw(st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "EPS"]))
    wide, high = (draw(st.sampled_from([1, 2, 3, 8, 28, 60, 300])) for _ in range(2))
    pixels = np.random.default_rng(draw(st.integers(0, 99))).integers(
        0, 256, (high, wide), np.uint8
    )
    if draw(st.booleans()):
        pixels[pixels < draw(st.integers(0, 256))] = 0
    buffer = BytesIO()
    try:
        picture = Image.fromarray(pixels)
        if mode == "F" and draw(st.booleans()):
            scale = np.float32(draw(st.sampled_from([1e-38, 1.0, 1e36, np.inf, np.nan])))
            with np.errstate(all="ignore"):
                picture = Image.fromarray(pixels * scale)
        picture.convert(mode).save(buffer, form)
    except (OSError, ValueError, KeyError):  # not in this format
        pass
    content = buffer.getvalue()
    if draw(st.booleans()):
        content = damaged(content, draw(EDITS))
    return form, content


def test_picture_files(fuzz: Any, tmp_path: Path) -> None:
    own_digits = pytest.importorskip("demos.own_digits")
    path = tmp_path / "own.png"

    def check(example: tuple[str, bytes]) -> None:
        form, content = example
        write(path, content)
        with only_reading(), documented(naming=path), np.errstate(all="ignore"):
            own = own_digits.prepare(path, 28)
            assert own.image.shape == (28, 28) and np.isfinite(own.image).all()
            assert own.image.min() >= 0 and own.image.max() <= 1
            assert form != "EPS"  # for which Pillow would start a program
        assert folder_of(tmp_path) == {"own.png": content}

    fuzz("picture files", check, pictures(), quick=50, soak=5000)
