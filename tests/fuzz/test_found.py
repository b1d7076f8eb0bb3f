"""What fuzzing has found, each in its smallest form."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Op, Tensor, Value, draw, explain, explore
from demos import own_digits
from demos.__main__ import main
from nn.data import idx
from nn.train import checkpoint

X = Tensor([1.0, 2.0, 3.0], requires_grad=True)

# --- expressions ----------------------------------------------------------------------------------


def test_erf_of_whole_numbers_is_no_whole_number() -> None:
    wanted = ag.erf(np.array([1.0, 2.0]))
    assert ag.erf(np.array([1, 2])).tolist() == wanted.tolist()  # was [0, 0]
    assert ag.erf(Tensor([1, 2])).tolist() == wanted.tolist()
    assert ag.erf([1.0, 2.0]).tolist() == wanted.tolist()
    assert ag.erf(2) == wanted[1]


@pytest.mark.parametrize("f", [ag.sum, ag.max, ag.logsumexp, ag.log_softmax])
@pytest.mark.parametrize("axis", [0, -1])
def test_the_axis_of_a_single_number(f: Any, axis: int) -> None:
    """NumPy's reductions let it be named; the value came, but the backward pass broke."""
    for x in Value(2.0), Tensor(2.0, requires_grad=True):
        f(x, axis=axis).backward()
        assert float(np.sum(x.grad)) == (0.0 if f is ag.log_softmax else 1.0)
    with pytest.raises(IndexError, match="axis 1 is out of bounds"):
        f(Value(2.0), axis=1)


@pytest.mark.parametrize("name", ["mean", "median"])
@pytest.mark.parametrize("axis", [0, -1, 1])
def test_the_axis_of_a_single_number_that_numpy_refuses(name: str, axis: int) -> None:
    for f, x in ((getattr(np, name), 2.0), (getattr(ag, name), Value(2.0)),
                 (getattr(ag, name), Tensor(2.0))):  # fmt: skip
        with pytest.raises(IndexError, match=f"axis {axis} is out of bounds"):
            f(x, axis=axis)


def test_infinite_matrices_come_to_an_end() -> None:
    """LAPACK's search for singular values goes on for ever in some of them."""
    regular = np.diag([1.0, 2.0, 3.0])
    x = Tensor([np.diag([np.inf, np.inf, 1.0]), regular], requires_grad=True)
    with np.errstate(all="ignore"):
        ag.linalg.det(x).sum().backward()
    assert x.grad is not None
    assert np.isnan(x.grad[0]).all() and np.allclose(x.grad[1], np.diag([6.0, 3.0, 2.0]))
    with pytest.raises(np.linalg.LinAlgError, match="pinv is of finite numbers"):
        ag.linalg.pinv(x)


def test_a_single_number_turned_round() -> None:
    x = Value(2.0)
    y = ag.flip(x)  # a float has no entries
    y.backward()
    assert (y.data, x.grad) == (2.0, 1.0)


def test_indices_in_a_tuple() -> None:
    assert ag.take_along_axis(X, (2, 0)).tolist() == [3.0, 1.0]


@pytest.mark.parametrize("dtype", [complex, object, str, "M8[s]"])
def test_tensors_stay_real(dtype: Any) -> None:
    with pytest.raises(TypeError, match="holds real numbers"):
        X.astype(dtype)
    with pytest.raises(TypeError, match="holds real numbers"):
        Tensor(np.array([1j]), dtype=float)  # was a warning
    with pytest.raises(TypeError, match="holds real numbers"):
        Tensor([1.0])[0:1] = np.array([1j])


def test_gradients_of_big_endian_numbers() -> None:
    x = Tensor(np.array([1.0, 2.0], ">f8"), requires_grad=True)
    (x * x).sum().backward()
    assert x.grad is not None and x.grad.dtype == x.dtype == np.dtype(float)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ag.floor(X, where=np.array([True, False, True])), TypeError, "no option 'where'"),
        (lambda: ag.trunc(X, out=np.zeros(3)), TypeError, "no option 'out'"),
        (lambda: ag.tile(X, X), TypeError, "integer"),  # was endless recursion
        (lambda: ag.stack([X], axis=1.5), TypeError, "integer"),
        (lambda: ag.stack([X], axis=()), TypeError, "integer"),
        (lambda: ag.split(X, 0), ValueError, "1 part or more, not 0"),
        (lambda: ag.array_split(X, -1), ValueError, "1 part or more, not -1"),
        (lambda: ag.hsplit(Tensor(1.0), 1), ValueError, "needs 1 dimensions or more"),
        (lambda: ag.hstack([]), ValueError, "at least one array"),
        (lambda: ag.diff(X, -1), ValueError, "n must be an integer >= 0"),
        (lambda: ag.take_along_axis(X, 2), ValueError, r"indices of shape \(\)"),
        (lambda: ag.cross(Tensor(1.0), X), ValueError, "vectors have 3 entries"),
        (lambda: ag.tensordot(X, X, axes=5), ValueError, "do not both have 5 axes"),
        (lambda: ag.tensordot(X, X, axes=([3], [0])), IndexError, "axis 3 is out of bounds"),
        (lambda: ag.tensordot(X, X, axes=[]), ValueError, "a list for each array"),
        (lambda: ag.linalg.pinv(X), ValueError, r"of matrices, but the shape is \(3,\)"),
        (lambda: ag.cumsum(X, axis=()), TypeError, "integer"),
    ],
)
def test_mistakes_are_documented_exceptions(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


# --- compiled functions ---------------------------------------------------------------------------


def test_an_accent_in_front_makes_no_name_of_another_label() -> None:
    r"""Python reads n and a combining tilde as one letter: two lines had one name."""

    def f(x: Any) -> Any:
        y, z = x + 1.0, x + 2.0
        y.label, z.label = "\u0303x", "\xf1x"
        return [y, z]

    assert ag.compile(f)(1.0) == [2.0, 3.0]  # was [3.0, 3.0]


def test_a_formula_with_an_input_that_nothing_uses() -> None:
    assert ag.compile(lambda x, y: x * 2).latex() == r"f(x, y) = x \cdot 2"


def test_rounding_what_is_too_large_to_scale() -> None:
    assert ag.compile(lambda x: ag.round(x, 1))(1e308) == ag.round(1e308, 1)


# --- pictures -------------------------------------------------------------------------------------


def test_a_label_of_one_bracket(tmp_path: Path) -> None:
    assert "&#93;" in draw(Value(1.0, "]") * 2.0).dot  # Graphviz took it for the end of something


def test_operations_are_spelled_out_like_labels(tmp_path: Path) -> None:
    x = Value(1.0, "x")
    y = Op("\x1b[31m", lambda x: x, (lambda g, out, x: g,))(x)
    explore(y, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    for text in str(explain(x, y)), draw(y).text, draw(y).svg, draw(y).dot:
        assert "\x1b" not in text and "\\x1b[31m" in text.replace("\\\\", "\\").replace(
            "&#93;", "]"
        )
    assert "\x1b" not in page


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(0, 2, 2**31, 2**31), (0,) * 70])
def test_shapes_that_no_array_has(shape: tuple[int, ...], tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    path.write_bytes(bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes())
    with pytest.raises(ValueError, match="numbers has a shape that no array has"):
        idx.read_idx(path)


def test_compressed_files_unfold_to_a_gigabyte_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "numbers.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\1\0\0\0\x64" + bytes(100)))
    assert idx.read_idx(path).shape == (100,)
    monkeypatch.setattr(idx, "LARGEST", 99)
    with pytest.raises(ValueError, match="unpack it with gunzip"):
        idx.read_idx(path)


@pytest.mark.parametrize(
    "tree",
    [None, {}, [], {"number": []}, {"dict": [[1]]}, {"array": "none"}, {"list": 3}, "x"],
)
def test_trees_of_another_form(tree: Any, tmp_path: Path) -> None:
    """With a right checksum: whoever writes the file chooses that too."""
    path = tmp_path / "run.npz"
    model = nn.Linear(1, 1, rng=0)
    text = checkpoint.as_array(json.dumps(tree))
    checkpoint.write_npz(path, {**model.state_dict(), checkpoint.TRAINING: text})
    before = model.weight.data.copy()
    with pytest.raises(ValueError, match=r"run.npz is (no file that|the checkpoint of)"):
        nn.fit(
            model, nn.Dataset(np.ones((2, 1)), np.ones((2, 1))), loss=nn.mse_loss, epochs=1,
            optimizer=nn.SGD(model.parameters(), lr=0.1), checkpoint=path, resume=True,
        )  # fmt: skip
    assert np.array_equal(model.weight.data, before)


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("epoch", "x"),
        ("epoch", None),
        ("history", {"steps": {"loss": "x"}}),
        ("history", {"steps": {"loss": np.ones(2)}}),  # this and the next went wrong later
        ("history", {"epochs": {"loss": []}}),
        ("optimizer", [()]),
        ("callbacks", ["x"]),
    ],
)
def test_states_that_hold_something_else(name: str, x: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    data = nn.Dataset(np.ones((2, 1)), np.ones((2, 1)))

    def fit(resume: bool) -> None:
        model = nn.Linear(1, 1, rng=0)
        nn.fit(
            model, data, loss=nn.mse_loss, epochs=1, checkpoint=path, resume=resume, seed=0,
            optimizer=nn.SGD(model.parameters(), lr=0.1),
        )  # fmt: skip

    fit(resume=False)
    weights, state = checkpoint.load_training(path)
    checkpoint.save_training(path, weights, state | {name: x})
    with pytest.raises(ValueError, match="run.npz is the checkpoint of another .*: its? "):
        fit(resume=True)


@pytest.mark.parametrize("name", ["wei.ght", "weight"])
def test_best_weights_that_are_another_models(name: str, tmp_path: Path) -> None:
    """They were restored at the end of the training, which then was lost."""
    path, model = tmp_path / "run.npz", nn.Linear(1, 1, rng=0)

    optimizer = nn.SGD(model.parameters(), lr=0.1)

    def fit(resume: bool) -> None:
        nn.fit(
            model, (np.ones((2, 1)), np.ones((2, 1))), loss=nn.mse_loss, epochs=1, seed=0,
            optimizer=optimizer, checkpoint=path, resume=resume,
            callbacks=[nn.EarlyStopping(monitor="loss")],
        )  # fmt: skip

    fit(resume=False)
    weights, state = checkpoint.load_training(path)
    best = state["callbacks"][0][1]["weights"]
    best[name] = best.pop("weight")[:, :0]
    checkpoint.save_training(path, weights, state)
    optimizer = nn.SGD(model.parameters(), lr=0.2, momentum=0.9)
    before, state = model.weight.data.copy(), optimizer.state_dict()
    with pytest.raises(ValueError, match=r"run.npz is .* its best weights are those of another"):
        fit(resume=True)
    assert np.array_equal(model.weight.data, before)
    assert optimizer.state_dict() == state  # that of the file had been taken over already


def test_pictures_are_read_by_no_other_program(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    image.new("L", (30, 30)).save(
        tmp_path / "own.png", "EPS"
    )  # for which Pillow starts Ghostscript
    with pytest.raises(ValueError, match=r"own.png can't be read as a picture"):
        own_digits.prepare(tmp_path / "own.png", 28)


def test_pictures_of_too_many_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = pytest.importorskip("PIL.Image")
    image.new("1", (60, 50)).save(tmp_path / "own.png")
    monkeypatch.setattr(own_digits, "MOST", 2999)
    with pytest.raises(ValueError, match=r"own.png can't be .*: 60x50 pixels are too many"):
        own_digits.prepare(tmp_path / "own.png", 28)


# --- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("clouds --epochs 9999999999", "--epochs: must be at most 1000000000"),
        (f"clouds --seed {'9' * 5000}", "--seed: must be a whole number"),
        ("moons --hidden 9999999999", "--hidden: must be whole numbers from 1 to 1000000000"),
        ("moons --hidden 999999999", "makes 2999999997 weights"),  # was a memory filled up
        ("clouds --hidden 1000000000 --samples 1000000000", "too little memory"),
        (
            "averaging --hidden 1000000000 --samples 1000000000",
            "is too large for the scalar engine",
        ),
    ],
)
def test_numbers_too_large(
    command: str, message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*args: Any) -> None:
        raise MemoryError("Unable to allocate")

    monkeypatch.setattr("demos.clouds.run", no_memory)
    try:
        code: object = main(command.split())
    except SystemExit as end:
        code = end.code
    error = capsys.readouterr().err
    assert code == 2 and message in error and len(error.splitlines()) == 1
