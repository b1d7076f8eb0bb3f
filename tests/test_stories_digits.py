"""The stories about digits, told quickly: nets in files, own pictures, overfitting."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stories import lines_of, refusal, refusal_at_once

import nn
from demos import digit_nets, own_digits
from demos.__main__ import main

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")
Image: Any = pytest.importorskip("PIL.Image")
ImageDraw: Any = pytest.importorskip("PIL.ImageDraw")


def accuracy_in(line: str) -> float:
    said = re.fullmatch(r"(?:test|validation) accuracy: ([\d.]+)%", line)
    assert said
    return float(said[1])


# --- how nets learn -------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", digit_nets.OPTIMIZERS)
def test_every_optimizer_has_a_rate_that_suits_it(
    capsys: pytest.CaptureFixture[str], optimizer: str
) -> None:
    lines = lines_of(
        capsys, "digits", "--validation", "--epochs", 6, "--hidden", 32, "--optimizer", optimizer
    )
    assert accuracy_in(lines[-1]) > 90


@pytest.mark.parametrize("schedule", digit_nets.SCHEDULES)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_every_schedule(capsys: pytest.CaptureFixture[str], schedule: str, optimizer: str) -> None:
    options = ("--validation", "--epochs", 4, "--hidden", 16, "--optimizer", optimizer)
    lines = lines_of(capsys, "digits", *options, "--schedule", schedule)
    assert accuracy_in(lines[-1]) > 75


@pytest.mark.parametrize("activation", digit_nets.ACTIVATIONS)
def test_every_activation(capsys: pytest.CaptureFixture[str], activation: str) -> None:
    options = ("--validation", "--epochs", 5, "--hidden", 32, "--optimizer", "adam")
    lines = lines_of(capsys, "digits", *options, "--activation", activation)
    assert accuracy_in(lines[-1]) > 75


def test_schedules_move_the_rate_as_they_say() -> None:
    model = nn.Linear(2, 2, rng=0)
    rates = {}
    for schedule in ("step", "exponential", "cosine", "warm-up"):
        recipe = digit_nets.Recipe(10, 0.1, 1, schedule=schedule)
        optimizer = digit_nets.optimizer_of(model, recipe)
        [steps] = digit_nets.schedules_of(optimizer, recipe, 1)
        rates[schedule] = [optimizer.lr]
        for _ in range(10):
            steps.step()
            rates[schedule].append(optimizer.lr)
    assert np.allclose(rates["step"][9:], 0.1 * 0.2**2)
    assert np.isclose(rates["exponential"][-1], 0.001)
    assert np.isclose(rates["cosine"][-1], 0) and np.isclose(rates["warm-up"][-1], 0)
    assert np.isclose(rates["warm-up"][0], 0.02) and np.isclose(rates["warm-up"][1], 0.1)


def test_regularised_and_stopped_early(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(
        capsys,
        *("digits", "--epochs", 60, "--hidden", 64, "--dropout", 0.1, "--weight-decay", 0.0001),
        *("--augment", "--early-stopping", 4, "--hold-back", 0.2),
    )
    assert lines[0].startswith("digits, 64-64-10: 1078 images to train on, 270 held back")
    [stopped] = [line for line in lines if line.startswith("stopped after")]
    assert "validation_loss was no better for 4 epochs" in stopped
    assert accuracy_in(lines[-1]) > 90


def test_without_a_part_held_back_nothing_is_validated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = lines_of(capsys, "digits", "--epochs", 1, "--hold-back", 0)
    assert lines[0].startswith("digits, 64-128-10: 1348 images to train on, 0 held back")
    assert "validation" not in "".join(lines)
    for option in ("--early-stopping", "--validation"):
        assert f"{option} needs a part held back" in refusal_at_once(
            capsys, "digits", option, "--hold-back", 0
        )


def test_baselines_learn_from_the_same_images(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(capsys, "digits", "--epochs", 5, "--hidden", 16, "--baseline")
    scores = [float(m[1]) for line in lines if (m := re.match(r"scikit-learn.* ([\d.]+)%", line))]
    assert len(scores) == 2 and scores[0] > 90  # logistic regression
    [ours] = [line for line in lines if line.startswith("ours")]
    assert ours.split()[1] == lines[-1].split()[-1]


# --- nets in files --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net that reads the digits of 8x8 pixels."""
    path: Path = tmp_path_factory.mktemp("nets") / "net.npz"
    assert main(["digits", "--epochs", "15", "--hidden", "64", "--save", str(path)]) == 0
    return path


def test_a_net_that_was_kept_answers_as_before(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "net.npz"
    shape = ("--hidden", "24,12", "--activation", "tanh", "--dropout", 0.1)
    before = lines_of(capsys, "digits", "--epochs", 3, *shape, "--save", path)[-1]
    lines = lines_of(capsys, "digits", "--load", path)
    assert lines[-1] == before and not any(line.startswith("epoch") for line in lines)
    assert lines[0].startswith("digits, 64-24-12-10:")
    better = lines_of(capsys, "digits", "--load", path, "--epochs", 3)
    assert accuracy_in(better[-1]) > accuracy_in(before)

    path.with_suffix(".json").unlink()  # as a net from elsewhere
    assert lines_of(capsys, "digits", "--load", path, *shape)[-1] == before
    assert f"{path} does not fit" in refusal_at_once(capsys, "digits", "--load", path)


def test_a_convolutional_net_is_kept_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "conv.npz"
    before = lines_of(capsys, "digits", "--conv", "--epochs", 2, "--save", path)[-1]
    assert lines_of(capsys, "digits", "--load", path)[-1] == before


def test_a_training_goes_on_where_it_was(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "run.npz"
    options = ("digits", "--hidden", 16, "--dropout", 0.1, "--augment")
    whole = lines_of(capsys, *options, "--epochs", 4)
    lines_of(capsys, *options, "--epochs", 2, "--resume", path)
    rest = lines_of(capsys, *options, "--epochs", 4, "--resume", path)
    assert [line for line in rest if line.startswith("epoch")] == whole[3:5]
    assert rest[-1] == whole[-1]
    again = lines_of(capsys, *options, "--epochs", 4, "--resume", path)
    assert again[-1] == whole[-1] and not any(line.startswith("epoch") for line in again)
    further = lines_of(capsys, *options, "--epochs", 5, "--resume", path)
    assert [line[:9] for line in further if line.startswith("epoch")] == ["epoch   5"]
    assert "is the checkpoint of another training" in refusal(
        capsys, "digits", "--hidden", 8, "--resume", path
    )


def test_files_are_looked_at_before_training(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for option in ("--save", "--resume"):
        assert ".npz" in refusal_at_once(capsys, "digits", option, tmp_path / "net.txt")
        assert "no folder" in refusal_at_once(
            capsys, "digits", option, tmp_path / "none" / "net.npz"
        )
        (tmp_path / "folder.npz").mkdir(exist_ok=True)
        assert "is a folder" in refusal_at_once(capsys, "digits", option, tmp_path / "folder.npz")
    assert "/proc/net.npz" in refusal_at_once(capsys, "digits", "--save", "/proc/net.npz")
    assert "none.npz" in refusal_at_once(capsys, "digits", "--load", tmp_path / "none.npz")
    (tmp_path / "broken.npz").write_bytes(b"PK")
    assert "damaged" in refusal_at_once(capsys, "digits", "--load", tmp_path / "broken.npz")
    for text in ("[]", "{", '{"dataset": "digits"}'):
        (tmp_path / "broken.json").write_text(text)
        message = refusal_at_once(capsys, "digits", "--load", tmp_path / "broken.npz")
        assert "broken.json does not say what net broken.npz is" in message


# --- pictures of one's own ------------------------------------------------------------------------


def seven(size: tuple[int, int], paper: int, ink: int, width: int, corner: float = 0.3) -> Any:
    """A 7, drawn with a pen."""
    picture = Image.new("L", size, paper)
    w, h = size
    stroke = [(corner * w, 0.2 * h), ((corner + 0.4) * w, 0.2 * h), ((corner + 0.1) * w, 0.85 * h)]
    ImageDraw.Draw(picture).line(stroke, fill=ink, width=width, joint="curve")
    return picture


def shaded(picture: Any) -> Any:
    """The same in light that falls from one side, and with grain."""
    grey = np.asarray(picture, float)
    grey = grey * np.linspace(0.7, 1, grey.shape[1]) + np.random.default_rng(0).normal(
        0, 5, grey.shape
    )
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def transparent(picture: Any, colour: tuple[int, int, int]) -> Any:
    """The ink alone, on nothing."""
    clear = Image.new("RGBA", picture.size, (*colour, 0))
    clear.putalpha(Image.fromarray(255 - np.asarray(picture)))
    return clear


PICTURES = {
    "dark on light": seven((400, 400), 255, 0, 40),
    "light on dark": seven((400, 400), 10, 240, 40),
    "small": seven((40, 40), 255, 0, 4),
    "large": seven((3000, 2000), 255, 0, 220),
    "in a corner": seven((600, 500), 250, 20, 55, corner=0.02),
    "pale": seven((400, 400), 200, 150, 40),
    "in a shadow": shaded(seven((400, 400), 230, 30, 40)),
    "dark and transparent": transparent(seven((400, 400), 255, 0, 40), (0, 0, 60)),
    "light and transparent": transparent(seven((400, 400), 255, 0, 40), (255, 255, 230)),
    "16 bits": Image.fromarray(np.asarray(seven((400, 400), 255, 0, 40)).astype(np.uint16) * 200),
    "with a palette": seven((400, 400), 255, 0, 40).convert("P"),
    "colour": seven((400, 400), 255, 0, 40).convert("RGB"),
    "black and white": seven((400, 400), 255, 0, 40).convert("1"),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures_of_all_kinds_come_to_the_same_form(kind: str, tmp_path: Path) -> None:
    PICTURES["dark on light"].save(tmp_path / "plain.png")
    PICTURES[kind].save(tmp_path / "own.png")
    own = own_digits.prepare(tmp_path / "own.png", 28)
    assert own.dark == (not kind.startswith("light"))
    image = own.image
    assert image.shape == (28, 28) and image.dtype == np.float32
    assert image.min() == 0 and image.max() == 1
    rows, columns = np.nonzero(image > 0.2)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    assert np.allclose(own_digits.centre_of_mass(image), 14, atol=0.75)
    if kind not in {"large", "in a corner"}:  # of another shape
        plain = own_digits.prepare(tmp_path / "plain.png", 28).image
        assert np.abs(image - plain).mean() < 0.03


def test_hair_lines_are_thickened(tmp_path: Path) -> None:
    inked = []
    for width in (2, 40):
        seven((400, 400), 255, 0, width).save(tmp_path / "own.png")
        inked.append(own_digits.prepare(tmp_path / "own.png", 28).image.sum())
    assert 0.6 < inked[0] / inked[1] < 1.4


def test_a_net_reads_pictures_made_of_its_test_images(net: Path, tmp_path: Path) -> None:
    _, test = nn.datasets.load("digits")
    model = nn.load(nn.MLP(64, [64, 10]), net)
    images = []
    for i, x in enumerate(test.x[:100]):
        grey = (x.reshape(8, 8) * 200).astype(np.uint8)
        large = np.asarray(Image.fromarray(grey).resize((160, 160), Image.Resampling.BICUBIC))
        page = np.zeros((200 + i, 220), np.uint8)
        page[20:180, 30:190] = large
        Image.fromarray(255 - page if i % 2 else page).save(tmp_path / "own.png")
        images.append(own_digits.prepare(tmp_path / "own.png", 8).image.ravel())
    assert nn.accuracy(nn.predict(model, np.stack(images)), test.y[:100]) > 0.85


def test_predict(capsys: pytest.CaptureFixture[str], net: Path, tmp_path: Path) -> None:
    zero = Image.new("L", (100, 140), 255)
    ImageDraw.Draw(zero).ellipse([25, 20, 75, 120], outline=0, width=14)
    zero.save(tmp_path / "zero.png")
    seven((90, 90), 0, 255, 9).save(tmp_path / "seven.jpg")
    files = (tmp_path / "zero.png", tmp_path / "seven.jpg")
    lines = lines_of(capsys, "digits", "--load", net, "predict", *files, "--out", tmp_path / "out")
    assert lines[0] == "zero.png, dark on light:" and lines[11] == "seven.jpg, light on dark:"
    shares = [float(line.split()[1].rstrip("%")) for line in lines[1:11]]
    assert abs(sum(shares) - 100) < 0.1
    assert lines[-2] == f"zero.png: 0 ({shares[0]:.2f}%)" and shares[0] > 80
    assert (tmp_path / "out" / "predictions.png").read_bytes().startswith(b"\x89PNG")
    assert lines_of(capsys, "digits", "predict", "--load", net, *files)[-2:] == lines[-2:]
    assert "(--help lists" in refusal_at_once(capsys, "digits", "predict")
    assert "invalid choice: 'guess'" in refusal_at_once(capsys, "digits", "guess", "x.png")


def test_a_net_is_trained_where_none_is_loaded(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    seven((90, 90), 0, 255, 9).save(tmp_path / "seven.png")
    lines = lines_of(capsys, "digits", "--conv", "--epochs", 3, "predict", tmp_path / "seven.png")
    assert lines[0].startswith("digits, 8x8 conv-64-10:")
    assert re.fullmatch(r"seven.png: \d \([\d.]+%\)", lines[-1])


def test_what_is_no_picture_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    seven((90, 90), 0, 255, 9).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:90])
    (tmp_path / "text.png").write_text("no picture")
    Image.new("L", (30, 30), 200).save(tmp_path / "blank.png")
    Image.new("RGBA", (30, 30), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    for name, reason in {
        "none.png": "there is no picture",
        "text.png": "can't be read as a picture",
        "cut.png": "can't be read as a picture",
        "blank.png": "shows no digit",
        "clear.png": "shows no digit",
    }.items():
        message = refusal_at_once(capsys, "digits", "predict", tmp_path / name)
        assert name in message and reason in message
    assert "can't be read" in refusal_at_once(capsys, "digits", "predict", tmp_path)


def test_pictures_that_would_fill_the_memory_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Image.new("L", (300, 300)).save(tmp_path / "huge.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 60_000)
    with pytest.raises(ValueError, match="huge.png can't be read as a picture"):
        own_digits.prepare(tmp_path / "huge.png", 28)


# --- overfit --------------------------------------------------------------------------------------


def test_overfit(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = lines_of(capsys, "overfit", "--epochs", 100, "--out", tmp_path)
    assert lines[0].startswith("100 images to learn from, 15 of them with a wrong label")
    rows = {line[:16].strip(): line[16:].split() for line in lines if re.search(r"%.*%", line)}
    accuracy = {name: float(row[0].rstrip("%")) for name, row in rows.items()}
    loss = {name: float(row[1]) for name, row in rows.items()}
    assert accuracy["no remedy"] == 100
    remedies = ("early stopping", "weight decay 1", "dropout 0.3", "1000 images")
    assert all(loss[name] < 0.85 * loss["no remedy"] for name in remedies)
    assert loss["1000 images"] == min(loss.values())
    said = re.fullmatch(r"validation loss: ([\d.]+) with no remedy, .* with 1000 images", lines[-1])
    assert said and float(said[1]) == pytest.approx(loss["no remedy"], abs=1e-3)
    assert (tmp_path / "overfit.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--samples 200", "--samples must be at most 134"),
        ("--samples 0", "--samples: must be a whole number of at least 1"),
        ("--wrong 1", "--wrong: must be a number of at least 0 and below 1"),
        ("--weight-decay -1", "--weight-decay: must be a number above 0"),
        ("--dropout x", "--dropout: must be a number of at least 0 and below 1"),
    ],
)
def test_overfit_refuses(capsys: pytest.CaptureFixture[str], options: str, reason: str) -> None:
    assert reason in refusal_at_once(capsys, "overfit", *options.split())


def test_overfit_that_diverges_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal(capsys, "overfit", "--epochs", 3, "--lr", "1e30")
    assert "the loss became" in message


def test_ctrl_c_ends_the_whole_story(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(*args: Any, **options: Any) -> nn.History:
        return nn.History(stopped="Ctrl-C")

    monkeypatch.setattr(nn, "fit", pressed)
    assert main(["overfit"]) == 130
    assert capsys.readouterr().err == "python -m demos overfit: stopped\n"


def test_a_picture_is_read_as_the_camera_was_held(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    grey = np.zeros((30, 50), np.uint8)
    grey[2:10, 5:45] = 255
    held = image.Exif()
    held[0x0112] = 6  # orientation: to be turned by a quarter, clockwise
    image.fromarray(grey).save(tmp_path / "turned.png", exif=held)
    assert np.array_equal(own_digits.read_grey(tmp_path / "turned.png") * 255, np.rot90(grey, -1))
