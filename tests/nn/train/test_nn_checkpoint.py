"""Models and trainings in files: what comes back, what is refused, what survives a crash."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from stat import S_ISDIR
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value
from nn.train import checkpoint


def bits(model: nn.Module) -> dict[str, tuple[str, bytes]]:
    """All numbers of a model, to the last bit."""
    return {name: (x.dtype.str, x.tobytes()) for name, x in model.state_dict().items()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def conv_net(seed: int) -> nn.Module:
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3, rng=seed), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(27, 4, rng=seed), nn.LayerNorm(4),
    )  # fmt: skip
    net(np.random.default_rng(seed).random((5, 1, 8, 8), dtype=np.float32))  # running statistics
    return net


class Mixed(nn.Module):
    """Numbers of all sorts, in all layouts."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.scalar = nn.scalar.MLP(2, [3, 1], rng=rng)
        self.parts = {"a/b": nn.Parameter(rng.normal(size=(2, 3)).T), "é": nn.Parameter(seed + 0.5)}
        self.permuted = nn.Parameter(rng.normal(size=(2, 3, 4)).transpose(1, 0, 2), dtype="f4")
        self.none = nn.Parameter(np.zeros((0, 3)))
        self.counts = nn.module.Buffer(np.arange(3) + seed)
        self.mask = nn.module.Buffer(np.array([bool(seed), True]))
        self.again = self.permuted


MODELS: dict[str, Callable[[int], nn.Module]] = {
    "mlp": lambda seed: nn.MLP(3, [4, 2], rng=seed),
    "float64": lambda seed: nn.Linear(3, 2, dtype=float, rng=seed),
    "float16": lambda seed: nn.Linear(3, 2, dtype=np.float16, rng=seed),
    "conv": conv_net,
    "scalar": lambda seed: nn.scalar.MLP(2, [3, 1], rng=seed),
    "mixed": Mixed,
    "nothing": lambda seed: nn.ReLU(),
}


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_bit_by_bit(name: str, suffix: str, tmp_path: Path) -> None:
    if suffix == ".safetensors":
        pytest.importorskip("safetensors")
    one, two = MODELS[name](1), MODELS[name](2)
    path = tmp_path / f"model{suffix}"
    nn.save(one, path)
    assert nn.load(two, str(path)) is two
    assert bits(one) == bits(two)
    assert names(tmp_path) == [path.name]
    for p, q in zip(one.parameters(), two.parameters()):
        if not isinstance(p, Value):
            assert p.data.strides == q.data.strides  # sums are taken in the same order
    first = path.read_bytes()
    nn.save(two, path)
    assert path.read_bytes() == first


def test_an_npz_is_an_ordinary_one(tmp_path: Path) -> None:
    net = nn.MLP(3, [2], rng=0)
    nn.save(net, tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"__napkingrad__", "0.weight", "0.bias"}
        np.testing.assert_array_equal(arrays["0.weight"], net[0].weight.data)


# --- files that do not fit ------------------------------------------------------------------------


class Refusal:
    """A model and a file; `load` fails, and leaves both as they were."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "net.npz"
        self.model = nn.MLP(3, [4, 2], rng=5)
        nn.save(self.model, self.path)
        self.good = self.path.read_bytes()

    def __call__(self, content: bytes, match: str = "", model: nn.Module | None = None) -> None:
        self.path.write_bytes(content)
        model = model or self.model
        before = bits(model)
        with pytest.raises(ValueError, match=match) as error:
            nn.load(model, self.path)
        assert str(self.path) in str(error.value)
        assert bits(model) == before and self.path.read_bytes() == content


@pytest.fixture
def refuses(tmp_path: Path) -> Refusal:
    return Refusal(tmp_path)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (nn.MLP(3, [4, 3]), r"of another shape: 2.weight is \(2, 4\) instead of \(3, 4\)"),
        (nn.MLP(3, [2]), r"unknown: 2.weight, 2.bias; of another shape: 0.weight"),
        (nn.MLP(3, [4, 2, 2]), r"missing: 4.weight, 4.bias"),
        (nn.Linear(3, 4), r"missing: weight, bias; unknown: 0.weight"),
        (nn.ReLU(), r"unknown: 0.weight"),
    ],
)
def test_another_models_file(refuses: Refusal, other: nn.Module, message: str) -> None:
    refuses(refuses.good, message, other)


def test_damaged_files(refuses: Refusal) -> None:
    good = refuses.good
    for size in [*range(0, 200, 7), *range(200, len(good), 61), len(good) - 1]:
        refuses(good[:size], "is no file that nn.save")
    rng = np.random.default_rng(0)
    right = bits(refuses.model)
    for at in rng.integers(0, len(good), 300):
        wrong = bytearray(good)
        wrong[at] ^= 1 << rng.integers(8)
        refuses.path.write_bytes(wrong)
        model = nn.MLP(3, [4, 2], rng=6)
        before = bits(model)
        try:
            nn.load(model, refuses.path)
        except ValueError:
            assert bits(model) == before
        else:  # the bit was in a field that zip does not use
            assert bits(model) == right
    refuses(good.replace(b"0.weight", b"1.weight"), "checksum")


def archive(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


def npz(header: Any = None, **members: bytes) -> bytes:
    """A file as `nn.save` writes them, of other contents."""
    full = {"format": "napkingrad", "version": 1, "sha256": checkpoint.checksum(members)}
    text = checkpoint.as_array(json.dumps(full | (header or {})))
    head = bytes(checkpoint.as_npy("", text))
    return archive({"__napkingrad__.npy": head} | {f"{k}.npy": x for k, x in members.items()})


def npy(header: str, data: bytes = b"") -> bytes:
    """An .npy file with this header."""
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


def claim(dtype: str, shape: str) -> str:
    return f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}"


def test_foreign_files(refuses: Refusal) -> None:
    mine = bytes(checkpoint.as_npy("", np.zeros(3, np.float32)))
    buffer = BytesIO()
    np.savez(buffer, weight=np.zeros(3))
    objects = BytesIO()
    np.savez(objects, weight=np.array([{}], object))
    for content, message in (
        (b"", "not a zip"),
        (b"weights\n", "not a zip"),
        (buffer.getvalue(), "did not write it"),
        (objects.getvalue(), "an array of object"),
        (archive({"x.txt": b"hello"}), "is no file"),
        (archive({"__napkingrad__.npy": b"hello"}), "is no file"),
        (npz(a=npy(claim("|O", "(1,)"), b"12345678")), "an array of object"),
        (npz(a=npy(claim("<f8", "(10**12,)"))), "is no file"),
        (npz(a=npy(claim("<f8", "(99999999,)"))), "0 bytes for"),
        (npz(a=npy(claim("<f8", "(-1,)"))), "0 bytes for"),
        (npz(a=npy("(" * 20000)), "is no file"),
        (npz(a=mine.replace(b"NUMPY\1", b"NUMPY\2", 1)), "not an array of this format"),
        (npz({"version": 2}, a=mine), "has version 2 of the format, but this napkingrad reads"),
        (npz({"sha256": "0"}, a=mine), "checksum"),
        (npz({"format": "other"}, a=mine), "did not write it"),
    ):  # fmt: skip
        refuses(content, message)


def test_small_files_do_not_fill_the_memory(refuses: Refusal) -> None:
    import tracemalloc

    zeros = bytes(1 << 26)
    bomb = archive({"__napkingrad__.npy": zeros}, zipfile.ZIP_DEFLATED)
    whole = bytearray(npz(a=bytes(checkpoint.as_npy("", np.zeros(3)))))
    at = whole.rindex(b"PK\x01\x02")  # the directory's entry for `a`, which claims 2 GB
    whole[at + 20 : at + 28] = (2**31 - 1).to_bytes(4, "little") * 2
    del zeros
    tracemalloc.start()
    refuses(bomb, "it is compressed")
    refuses(bytes(whole), "more than it can")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 22


def test_dtypes_are_the_models(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    single, double = nn.Linear(3, 2, rng=0), nn.Linear(3, 2, dtype=float, rng=1)
    nn.save(single, path)
    nn.load(double, path)
    assert double.weight.dtype == float and (double.weight.data == single.weight.data).all()
    double.weight.data = double.weight.data / 3
    nn.save(double, path)
    nn.load(single, path)
    np.testing.assert_array_equal(single.weight.data, double.weight.data.astype(np.float32))

    double.weight.data = np.full((2, 3), 1e300)
    nn.save(double, path)
    before = bits(single)
    with pytest.raises(ValueError, match="weight has numbers too large for the model's float32"):
        nn.load(single, path)
    norm = nn.BatchNorm1d(3)
    norm.num_batches_tracked = nn.module.Buffer(1.5)
    nn.save(norm, path)
    with pytest.raises(ValueError, match="num_batches_tracked is float64, which the model's int64"):
        nn.load(nn.BatchNorm1d(3), path)
    assert bits(single) == before


def test_files_that_can_not_be_read_or_written(tmp_path: Path) -> None:
    net = nn.Linear(2, 1)
    nowhere = tmp_path / "no" / "net.npz"
    folder = tmp_path / "folder.npz"
    folder.mkdir()
    for call in (nn.load, nn.save):
        with pytest.raises(FileNotFoundError, match=str(nowhere)):
            call(net, nowhere)
        with pytest.raises(OSError, match=str(folder)):
            call(net, folder)
        for name in ("net", "net.pt", "net.npy", "net.NPZ"):
            with pytest.raises(ValueError, match="ends in .npz or .safetensors"):
                call(net, tmp_path / name)
    if os.geteuid():
        folder.chmod(0o500)
        with pytest.raises(PermissionError, match=str(folder / "net.npz")):
            nn.save(net, folder / "net.npz")
    assert names(tmp_path) == ["folder.npz"]


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_full_disk_leaves_the_old_file(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if suffix == ".safetensors":
        pytest.importorskip("safetensors")
    path = tmp_path / f"net{suffix}"
    nn.save(nn.Linear(2, 1, rng=0), path)
    old = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=f"No space left on device: '{path}'"):
        nn.save(nn.Linear(2, 1, rng=1), path)
    assert path.read_bytes() == old and names(tmp_path) == [path.name]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder can't be opened")
def test_a_file_and_then_its_name_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(S_ISDIR(os.fstat(fd).st_mode)))
    nn.save(nn.Linear(2, 1, rng=0), tmp_path / "net.npz")
    assert synced == [False, True]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link, real = tmp_path / "link.npz", tmp_path / "real" / "net.npz"
    link.symlink_to(real)
    nn.save(nn.Linear(2, 1, rng=0), link)
    assert link.is_symlink() and real.is_file()


# --- safetensors ----------------------------------------------------------------------------------


def test_without_safetensors_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    for call in (nn.save, nn.load):
        with pytest.raises(ModuleNotFoundError, match=r"pip install napkingrad\[safetensors\]"):
            call(nn.Linear(2, 1), tmp_path / "net.safetensors")
    assert not names(tmp_path)


def test_damaged_safetensors(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "net.safetensors"
    net = nn.Linear(3, 2, rng=0)
    nn.save(net, path)
    good, before = path.read_bytes(), bits(net)
    for content in (b"", b"hello", good[:9], good[:-1], b"\xff" * 8 + good[8:]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"{path} can't be read as .safetensors"):
            nn.load(net, path)
    path.write_bytes(good)
    with pytest.raises(ValueError, match="does not fit: .* of another shape: weight"):
        nn.load(nn.Linear(2, 2), path)
    with pytest.raises(FileNotFoundError, match="nothing.safetensors"):
        nn.load(net, tmp_path / "nothing.safetensors")
    assert bits(net) == before


@pytest.mark.parametrize("kind", ["net.npz", "net.safetensors", "run.npz"])
def test_a_flipped_bit_never_loads_as_other_numbers(kind: str, tmp_path: Path) -> None:
    """Where one is ignored, because the format has no use for it, all numbers are as they were."""
    if kind.endswith(".safetensors"):
        pytest.importorskip("safetensors")
    path, rng = tmp_path / kind, np.random.default_rng(3)
    model = nn.MLP(3, [4, 2], dtype=float, dropout=0.2, rng=0)
    if kind == "run.npz":
        fit(path, epochs=1)
        read: Callable[[], Any] = lambda: repr(checkpoint.load_training(path))
    else:
        nn.save(model, path)
        read = lambda: bits(nn.load(model, path))
    good, right, refused = path.read_bytes(), read(), []
    everywhere = rng.integers(0, 8 * len(good), 400)
    header = rng.integers(0, 8 * min(len(good), 500), 200)  # names, shapes, the checksum itself
    for at in {*everywhere.tolist(), *header.tolist()}:
        damaged = bytearray(good)
        damaged[at // 8] ^= 1 << at % 8
        path.write_bytes(damaged)
        try:
            found = read()
        except ValueError as error:
            refused.append(str(error))
        else:
            assert found == right, at
    assert len(refused) > 300 and all(str(path) in message for message in refused)


def test_safetensors_of_other_programs_have_no_checksum(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.numpy")
    path, layer = tmp_path / "net.safetensors", nn.Linear(2, 1, bias=False)
    for metadata in (None, {"format": "pt"}, {}):
        library.save_file({"weight": np.ones((1, 2), np.float32)}, path, metadata)
        assert (nn.load(layer, path).weight.data == 1).all()
    nn.save(layer, path)
    with pytest.importorskip("safetensors").safe_open(path, "numpy") as file:
        metadata = file.metadata()
    assert metadata["format"] == "pt" and re.fullmatch("[0-9a-f]{64}", metadata[checkpoint.DIGEST])
    library.save_file({"weight": np.zeros((1, 2), np.float32)}, path, metadata)  # kept by a program
    with pytest.raises(ValueError, match="without 'napkingrad.sha256' in its metadata"):
        nn.load(layer, path)
    assert (layer.weight.data == 1).all()


def test_weights_go_to_pytorch_and_back(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch_files = pytest.importorskip("safetensors.torch")
    ours = conv_net(0)
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 3), torch.nn.BatchNorm2d(3), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Flatten(), torch.nn.Linear(27, 4), torch.nn.LayerNorm(4),
    )  # fmt: skip
    path = tmp_path / "net.safetensors"
    nn.save(ours, path)
    torch_files.load_model(theirs, path)  # strict: all names, all shapes
    x = np.random.default_rng(1).random((6, 1, 8, 8), dtype=np.float32)
    theirs.eval()
    with torch.no_grad():
        np.testing.assert_allclose(
            nn.predict(ours, x), theirs(torch.from_numpy(x)).numpy(), rtol=1e-4, atol=1e-5
        )
        for p in theirs.parameters():
            p.add_(1.0)
    torch_files.save_model(theirs, path)
    nn.load(ours, path)
    assert {k: v.numpy().tobytes() for k, v in theirs.state_dict().items()} == {
        k: v.tobytes() for k, v in ours.state_dict().items()
    }
    torch_files.save_file({"weight": torch.ones(2, 3, dtype=torch.bfloat16)}, path)
    layer = nn.Linear(3, 2, bias=False)
    if "ml_dtypes" in sys.modules:  # JAX has taught NumPy what bfloat16 is
        assert (nn.load(layer, path).weight.data == 1).all()
    else:
        with pytest.raises(ValueError, match="safetensors"):
            nn.load(layer, path)


# --- trainings ------------------------------------------------------------------------------------


def test_trees_come_back_as_they_were(tmp_path: Path) -> None:
    tree = {
        "numbers": [1, 2.5, True, None, 10**40, float("inf"), np.float32(0.1), np.int64(3)],
        "floats": [0.1, float("-inf"), 5e-324],
        3: {"betas": (0.9, (0.99,)), "empty": [[], (), {}], "text": 'say "é"'},
        (1, 2): np.arange(6.0).reshape(2, 3),
    }
    path = tmp_path / "x.npz"
    checkpoint.save_training(path, {"w": np.ones(2)}, tree)
    model, back = checkpoint.load_training(path)
    assert list(model) == ["w"]
    assert repr(back) == repr(tree)
    with pytest.raises(TypeError, match="but no set"):
        checkpoint.save_training(path, {}, {"x": {1}})
    with pytest.raises(TypeError, match="holds complex128, but a file holds real numbers"):
        checkpoint.save_training(path, {}, {"x": np.array([1j])})
    assert repr(checkpoint.load_training(path)[1]) == repr(tree)
    nn.save(nn.Linear(1, 1), path)
    with pytest.raises(ValueError, match="holds a model, but no training"):
        checkpoint.load_training(path)


EPOCHS = 4
BATCHES = 5

# Everything that remembers takes part. argv: the file, and where to die.
TRAINING = f"""
import os, signal, sys, warnings
warnings.simplefilter("error")
from pathlib import Path
import numpy as np
import nn
from fingerprint import fingerprint

path, moment = sys.argv[1], sys.argv[2]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Die(nn.Callback):
    def on_step_end(self, run):
        if moment == f"step {{len(run.history.step_loss)}}":
            die()

    def on_epoch_end(self, run):
        if moment == f"writing {{run.epoch}}":
            Path.replace = lambda old, new: die()
        print(f"epoch {{run.epoch}}", flush=True)

nn.manual_seed(7)
library = nn.seed.generator_from(None)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(50, 6)).astype(np.float32), rng.integers(0, 3, 50)
model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 3))
optimizer = nn.optim.AdamW(model.parameters(), lr=0.01)
history = nn.fit(
    model, (x, y), loss=nn.cross_entropy, optimizer=optimizer, epochs={EPOCHS}, batch_size=10,
    validation=nn.DataLoader(nn.Dataset(x, y), 20, shuffle=True, rng=3),
    callbacks=[nn.EarlyStopping(patience=2), nn.GradientNorm(1.0), Die()],
    schedule=[
        nn.OneCycleLR(optimizer, max_lr=0.1, total_steps={EPOCHS * BATCHES}),
        nn.ReduceLROnPlateau(optimizer, patience=0, factor=0.5),
    ],
    transform=lambda x, rng: x * np.float32(rng.random() + library.random()),
    l1=1e-3, seed=5, checkpoint=path, resume=True,
)
print(fingerprint(model, history, optimizer.state_dict(), library.random()))
"""


def train(path: Path, moment: str) -> subprocess.CompletedProcess[str]:
    paths = Path(nn.__file__).parents[1], Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-c", TRAINING, str(path), moment],
        capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))},
    )  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_killed_and_resumed_equals_never_stopped(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole.npz", "never")
    assert whole.returncode == 0, whole.stderr
    path = tmp_path / "run.npz"
    moments = [f"step {epoch * BATCHES + 3}" for epoch in range(EPOCHS)]
    moments[2:2] = ["writing 2", "writing 2"]
    for moment in moments:
        assert train(path, moment).returncode == -signal.SIGKILL
    end = train(path, "never")
    assert end.returncode == 0, end.stderr
    assert end.stdout.splitlines()[-1] == whole.stdout.splitlines()[-1]
    assert end.stdout.splitlines()[:-1] == [f"epoch {EPOCHS}"]
    # Once more: all is done, and the result is the same.
    assert train(path, "never").stdout.splitlines() == whole.stdout.splitlines()[-1:]


def problem() -> nn.Dataset:
    rng = np.random.default_rng(0)
    return nn.Dataset(rng.normal(size=(40, 3)), rng.normal(size=(40, 2)))


class Crash(nn.Callback):
    """An error in the middle of an epoch."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, run: nn.train.run.Run) -> None:
        if len(run.history.step_loss) == self.step:
            raise ZeroDivisionError


def fit(path: Path | None = None, crash: int = 0, **options: Any) -> tuple[nn.History, Any]:
    """A training of 8 epochs of 4 steps, from the same start each time."""
    model = options.pop("model", None) or nn.MLP(3, [4, 2], dtype=float, dropout=0.2, rng=0)
    kind = options.pop("optimizer", nn.optim.Adam)
    callbacks = [*options.pop("callbacks", ()), Crash(crash)]
    options = {"epochs": 8, "seed": 0, "batch_size": 10, "data": problem()} | options
    history = nn.fit(
        model, optimizer=kind(model.parameters(), lr=0.01), loss=options.pop("loss", nn.mse_loss),
        callbacks=callbacks, checkpoint=path, **options,
    )  # fmt: skip
    return history, bits(model)


def test_the_checkpoint_of_a_training_is_a_model_too(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    _, end = fit(path, resume=True)  # there is no such file yet
    model = nn.MLP(3, [4, 2], dropout=0.2, dtype=float)
    assert bits(nn.load(model, path)) == end


def test_a_resumed_training_may_be_longer(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    fit(path, epochs=3)
    assert fit(path, resume=True) == fit()
    assert fit(path, epochs=5, resume=True) == fit()  # it has been longer already


class Peaking(nn.SGD):
    """An optimiser that notes its largest learning rate, and has none before the first step."""

    peak: float | None = None

    def step(self) -> None:
        super().step()
        self.peak = max(self.peak or 0.0, self.lr)

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"peak": self.peak}

    def load_state_dict(self, state: Any) -> None:
        super().load_state_dict(state)
        self.peak = state["peak"]


def test_what_is_none_at_first_may_come_back_as_anything(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    fit(path, epochs=3, optimizer=Peaking)
    assert checkpoint.load_training(path)[1]["optimizer"][0][1]["peak"] == 0.01
    assert fit(path, resume=True, optimizer=Peaking) == fit(optimizer=Peaking)


def test_early_stopping_goes_on_counting(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"

    def stopping() -> dict[str, Any]:
        early = nn.EarlyStopping(patience=3, min_delta=0.05, monitor="loss")
        return {"callbacks": [early], "epochs": 30}

    whole = fit(**stopping())
    epochs = len(whole[0].loss)
    assert 4 < epochs < 30
    for epoch in range(1, epochs):
        path.unlink(missing_ok=True)
        with pytest.raises(ZeroDivisionError):
            fit(path, crash=4 * epoch + 2, **stopping())
        assert fit(path, resume=True, **stopping()) == whole
    assert fit(path, resume=True, **stopping()) == whole  # it had stopped, and stays so


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_generators_of_all_kinds(kind: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    with pytest.raises(ZeroDivisionError):
        fit(path, crash=10, seed=np.random.Generator(kind(3)))
    resumed = fit(path, resume=True, seed=np.random.Generator(kind(99)))
    assert resumed == fit(seed=np.random.Generator(kind(3)))
    with pytest.raises(ValueError, match="another training"):
        fit(path, resume=True, seed=0)  # another kind of generator


class Noise:
    """A transform with a generator of its own."""

    def __init__(self) -> None:
        self.own = np.random.default_rng(8)

    def __call__(self, x: Any, rng: np.random.Generator) -> Any:
        return x + self.own.normal(size=x.shape)


def test_a_transforms_own_generator_is_found(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    with pytest.raises(ZeroDivisionError):
        fit(path, crash=10, transform=Noise())
    assert fit(path, resume=True, transform=Noise()) == fit(transform=Noise())


class Rows(nn.Module):
    """A net of single numbers, applied row by row."""

    def __init__(self) -> None:
        self.net = nn.scalar.MLP(3, [2, 2], rng=0)

    def forward(self, x: Any) -> Any:
        return [self.net(row) for row in x.tolist()]


def squares(out: Any, y: Any) -> Any:
    return sum((v - t) ** 2 for row, ts in zip(out, y) for v, t in zip(row, ts)) / y.size


def test_trainings_of_single_numbers_resume_too(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"

    def scalars() -> dict[str, Any]:
        return {"model": Rows(), "loss": squares, "epochs": 3, "l1": 0.01, "l2": 0.01}

    with pytest.raises(ZeroDivisionError):
        fit(path, crash=7, **scalars())
    assert fit(path, resume=True, **scalars()) == fit(**scalars())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": nn.SGD}, r"its optimizer is \['Adam'\], not \['SGD'\]"),
        ({"batch_size": 20}, "its steps per epoch is 4, not 2"),
        ({"callbacks": [nn.EarlyStopping(monitor="loss")]}, r"callbacks are \[\], not \['Early"),
        ({"model": nn.MLP(3, [4, 2], dtype=float, rng=0)}, "unknown: 3.weight"),
        ({"model": nn.MLP(3, [4, 2], dropout=0.2)}, "float64, which the model's float32 can't"),
        ({"model": nn.Sequential(nn.Linear(3, 4, dtype=float), nn.ReLU(), nn.ReLU(),
                                 nn.Linear(4, 2, dtype=float))}, "its generators are"),
    ],
)  # fmt: skip
def test_the_checkpoint_of_another_training_changes_nothing(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "run.npz"
    fit(path, epochs=1)
    content = path.read_bytes()
    model = options.setdefault("model", nn.MLP(3, [4, 2], dtype=float, dropout=0.2, rng=0))
    before = bits(model)
    with pytest.raises(ValueError, match=message) as error:
        fit(path, resume=True, **options)
    assert f"{path} is the checkpoint of another training" in str(error.value)
    assert bits(model) == before and path.read_bytes() == content


def test_what_was_taken_over_before_something_did_not_fit_is_given_back(tmp_path: Path) -> None:
    path, data = tmp_path / "run.npz", problem()
    model = nn.MLP(3, [4, 2], dtype=float, dropout=0.2, rng=0)
    optimizer = nn.Adam(model.parameters(), lr=0.1)
    schedule, stopping = nn.ExponentialLR(optimizer, 0.5), nn.EarlyStopping(monitor="loss")

    def train(resume: bool) -> None:
        nn.fit(
            model, data, loss=nn.mse_loss, optimizer=optimizer, schedule=schedule, epochs=1,
            callbacks=[stopping], checkpoint=path, resume=resume, seed=0,
        )  # fmt: skip

    def states() -> str:
        return repr((model.state_dict(), optimizer.state_dict(), schedule.state_dict()))

    start = model.state_dict(), optimizer.state_dict(), schedule.state_dict()
    train(resume=False)
    weights, state = nn.train.checkpoint.load_training(path)
    state["callbacks"] = [("EarlyStopping", {})]  # the last that its state is given to
    nn.train.checkpoint.save_training(path, weights, state)
    for part, x in zip((model, optimizer, schedule), start):
        part.load_state_dict(x)
    before = states()
    with pytest.raises(ValueError, match="is the checkpoint of another training: KeyError"):
        train(resume=True)
    assert states() == before


def test_where_a_checkpoint_can_not_be_is_said_before_training(tmp_path: Path) -> None:
    model = nn.MLP(3, [4, 2], dtype=float)
    before = bits(model)
    path = tmp_path / "run.npz"
    path.write_bytes(b"?")
    for file, resume, error, message in (
        (None, True, ValueError, "resume=True needs the file"),
        (tmp_path / "run.safetensors", False, ValueError, "the path of an .npz file"),
        (tmp_path / "no" / "run.npz", False, FileNotFoundError, "there is no folder"),
        (path, True, ValueError, "run.npz is no file that nn.save"),
    ):
        with pytest.raises(error, match=message):
            fit(file, resume=resume, model=model)
    assert bits(model) == before
