"""Fuzzing led by coverage: what reaches new branches is kept, and changed further.

    pip install atheris
    python tests/fuzz/guided.py TARGET FOLDER -max_total_time=300

TARGET is idx, npz, training or einsum; FOLDER keeps what reached something, for the next time;
libFuzzer's options follow. It stops at what it finds, and leaves that in a file `crash-…`, which is
tried again by naming it in place of the folder.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

CHECKOUT = Path(__file__).parents[2]
sys.path.insert(0, str(CHECKOUT))
with atheris.instrument_imports(include=["autograd", "gzip", "json", "nn", "numpy.lib", "zipfile"]):
    import gzip

    import numpy as np
    from contract import documented
    from test_calls import check_einsum
    from test_files import members_of, signed, train

    import nn
    from nn.data.idx import read_idx
    from nn.train import checkpoint

FOLDER = TemporaryDirectory()
PATH = Path(FOLDER.name, "file.npz")
train(PATH, resume=False)
WHOLE = PATH.read_bytes()
MEMBERS = members_of(WHOLE)
del MEMBERS[checkpoint.HEADER]


def idx(content: bytes) -> None:
    PATH.write_bytes(content)
    with documented(naming=PATH):
        read_idx(PATH)


def npz(content: bytes) -> None:
    """A file as it is, and members in one whose checksum is right, which would hardly be hit on."""
    parts = dict(zip(("weight", "bias"), content.split(b"|||")))
    for whole in content, signed(parts):
        PATH.write_bytes(whole)
        with documented(naming=PATH):
            nn.load(nn.Linear(2, 3, rng=0), PATH)


def training(content: bytes) -> None:
    """What a file says of a training, in JSON."""
    text = bytes(checkpoint.as_npy("", np.frombuffer(content, np.uint8)))
    PATH.write_bytes(signed({**MEMBERS, checkpoint.TRAINING: text}))
    with documented(naming=PATH):
        train(PATH, resume=True)


def einsum(content: bytes) -> None:
    data = atheris.FuzzedDataProvider(content)
    shapes = [
        [data.ConsumeIntInRange(1, 3) for _ in range(data.ConsumeIntInRange(0, 3))]
        for _ in range(data.ConsumeIntInRange(1, 3))
    ]
    subscripts = "".join("ijkA.,->"[byte % 8] for byte in data.ConsumeBytes(20))
    check_einsum((subscripts, [np.random.default_rng(0).normal(size=shape) for shape in shapes]))


IMAGES = b"\0\0\x0d\2" + bytes([0, 0, 0, 2] * 2) + np.arange(4, dtype=">f4").tobytes()
BEGINNINGS = {
    idx: [IMAGES, gzip.compress(IMAGES)],
    npz: [WHOLE, b"|||".join(MEMBERS[f"0.{name}"] for name in ("weight", "bias"))],
    training: [checkpoint.from_npy(MEMBERS[checkpoint.TRAINING]).tobytes()],
    einsum: [],
}

if __name__ == "__main__":
    (target,) = (target for target in BEGINNINGS if target.__name__ == sys.argv[1])
    folder = Path(sys.argv[2])
    if not folder.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        for k, content in enumerate(BEGINNINGS[target]):
            (folder / f"beginning-{k}").write_bytes(content)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target)
    atheris.Fuzz()
