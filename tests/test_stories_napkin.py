"""Napkin maths and drawn graphs: the sums are right, and the stories tell them."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import cbrt
from pathlib import Path

import numpy as np
import pytest
from stories import lines_of, refusal

import nn
from autograd import Value, no_grad
from demos import graph, machine, sums
from demos.giants import report_giant
from demos.machine import Machine, duration, peak_memory, quantity
from demos.napkin import Training, check, random_data

MACHINE = Machine(  # numbers to reckon with in the head
    rates={10: 1e9, 1000: 1e11},
    bandwidths={1000: 1e11, 10**9: 1e10},
    call=1e-6,
    tensor_op=1e-5,
    value_ops={1000: 1e-6, 100_000: 2e-6},
    value_bytes=250.0,
)
QUICK = ("napkin", "--quick", "--samples", "512", "--batch-sizes", "16,64", "--model", "64-32-10")


# --- the sums -------------------------------------------------------------------------------------


def test_between_two_measurements_rates_lie_on_a_line_of_logarithms() -> None:
    assert MACHINE.product_seconds(100, 100, 100) == pytest.approx(2e6 / 1e10)
    assert MACHINE.product_seconds(1, 1, 1) == pytest.approx(2 / 1e9)  # the smallest one's
    assert MACHINE.product_seconds(10_000, 10_000, 10_000) == pytest.approx(2e12 / 1e11)
    assert MACHINE.value_seconds(10_000) == pytest.approx(1e4 * 2**0.5 * 1e-6)
    n, k, m = 32, 784, 128
    assert MACHINE.product_seconds(n, k, m) == MACHINE.product_seconds(m, n, k)
    assert MACHINE.product_seconds(n, k, m) > 2 * n * k * m / 1e11 * cbrt(n * k * m) / 1000


def test_the_flops_are_those_of_the_products() -> None:
    model, batch = nn.MLP(784, [128, 10], rng=0), 32
    found = sums.work(MACHINE, (784, 128, 10), batch, sums.OPTIMIZERS["sgd"])
    forward = 2 * nn.summary(model, (batch, 784)).multiply_adds
    first = 2 * batch * 784 * 128  # whose inputs are data, and get no gradient
    assert found.flops == 3 * forward - first
    assert sums.parameter_count((784, 128, 10)) == nn.summary(model, (1, 784)).parameters


def test_more_samples_take_longer_and_more_memory_but_not_each() -> None:
    recipe = sums.OPTIMIZERS["adam"]
    small, large = (sums.work(MACHINE, (784, 128, 10), batch, recipe) for batch in (32, 320))
    assert small.seconds < large.seconds < 10 * small.seconds
    assert small.bytes < large.bytes < 10 * small.bytes
    assert small.bookkeeping == large.bookkeeping


@pytest.mark.parametrize("name", sums.OPTIMIZERS)
@pytest.mark.parametrize("batch", [8, 512])
def test_the_memory_of_a_step_is_predicted(name: str, batch: int) -> None:
    sizes, recipe = (196, 64, 32, 10), sums.OPTIMIZERS[name]
    training = Training(sizes, recipe, 0.01, random_data(batch, sizes, 0), 0)

    def two_steps() -> None:
        step = training.stepper(batch)
        step()
        step()

    two_steps()  # what is imported and kept only once
    predicted = sums.work(MACHINE, sizes, batch, recipe).bytes
    assert 0.7 < predicted / peak_memory(two_steps) < 1.4


@pytest.mark.parametrize("name", sums.OPTIMIZERS)
def test_an_optimiser_keeps_as_many_arrays_as_the_sums_say(name: str) -> None:
    weight = nn.Parameter(np.ones((100, 100), np.float32))
    optimizer = sums.OPTIMIZERS[name].make([weight], lr=0.1)
    weight.grad = np.ones((100, 100), np.float32)

    def two_steps() -> None:
        for _ in range(2):
            optimizer.step()
            optimizer._stepped = False

    assert round(peak_memory(two_steps) / 40_000) == sums.OPTIMIZERS[name].copies


def test_what_would_take_too_long_or_too_much_memory_is_refused() -> None:
    recipe = sums.OPTIMIZERS["sgd"]
    slow = sums.work(MACHINE, (8000, 8000, 10), 32, recipe)
    with pytest.raises(ValueError, match=r"3 epochs in batches of 32 would take .* by the sums"):
        check([slow], 0.0, samples=60_000, epochs=2)
    large = sums.work(MACHINE, (784, 128, 10), 32, recipe)
    if machine.memory() < float("inf"):
        with pytest.raises(ValueError, match=r"batches of 32 would need 1.00 PB, by the sums"):
            check([large], 1e15, samples=32, epochs=1)


def test_gpt_3_by_the_sums_is_as_published(capsys: pytest.CaptureFixture[str]) -> None:
    report_giant(MACHINE, 175e9, 300e9, devices=1024, utilization=0.45)
    text = capsys.readouterr().out
    assert "3.15e+23 FLOPs" in text and "prediction / published 1.00" in text
    assert "350 GB" in text and "2.80 TB" in text
    row = next(line for line in text.splitlines() if "1024 x A100" in line)
    assert "34 days" in row  # Narayanan et al. 2021 say the same
    report_giant(MACHINE, 1e9, 2e10, devices=8, utilization=0.5)
    assert "published" not in capsys.readouterr().out


# --- measuring ------------------------------------------------------------------------------------


def test_the_machine_is_measured() -> None:
    found = machine.measure(seconds=0.005, rounds=1, chains=(500, 1000))
    rates = list(found.rates.values())
    assert rates == sorted(rates) and found.peak == rates[-1] > rates[0] > 0
    assert 0 < found.memory_bandwidth <= found.cache_bandwidth
    assert 0 < found.call < found.tensor_op
    assert 100 < found.value_bytes < 1000


def test_peak_memory_is_what_is_held_at_once() -> None:
    assert 8e6 < peak_memory(lambda: np.ones(10**6)) < 8.1e6
    assert 8e6 < peak_memory(lambda: [np.ones(10**6).sum() for _ in range(3)]) < 8.1e6


@pytest.mark.parametrize(
    ("x", "text"),
    [(999.6, "1.00 kB"), (9.996e9, "10.0 GB"), (1.95e11, "195 GB"), (1e-9, "1 nB"), (0.0, "0 B")],
)
def test_quantities_have_three_digits(x: float, text: str) -> None:
    assert quantity(x, "B") == text


def test_durations_have_the_largest_unit_that_fits() -> None:
    assert duration(59.0) == "59.0 s" and duration(60.0) == "1.0 minutes"
    assert duration(365.25 * 86400 * 4321) == "4,300 years"


# --- the story ------------------------------------------------------------------------------------


def test_napkin(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    lines = lines_of(capsys, *QUICK, "--out", str(tmp_path))
    assert lines[0] == "This machine, measured:"
    assert any(line.startswith("The net 64-32-10: 2,410 parameters") for line in lines)
    assert sum("batch 16, step" in line for line in lines) == 2  # time and memory
    said = re.fullmatch(
        r"prediction / measurement: time ([\d.]+) of a step, ([\d.]+) of an epoch; "
        r"memory ([\d.]+) and ([\d.]+)",
        lines[-1],
    )
    assert said
    step, epoch, step_bytes, epoch_bytes = map(float, said.groups())
    assert 0 < step < 100 and 0 < epoch < 100  # others may be using the machine
    assert 0.5 < step_bytes < 1.5 and 0.5 < epoch_bytes < 1.5
    assert (tmp_path / "roofline.png").read_bytes().startswith(b"\x89PNG")


def test_training_on_what_the_story_makes_changes_the_weights() -> None:
    sizes = (8, 4, 3)
    training = Training(sizes, sums.OPTIMIZERS["momentum"], 0.1, random_data(64, sizes, 0), 0)
    history = training.epochs(training.data, 16, epochs=3)
    assert len(history.step_loss) == 12 and history.loss[-1] < history.loss[0]
    with no_grad():
        assert training.parts()[0](training.data.x).shape == (64, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--model 784", "--model: must be whole numbers with - between them"),
        ("--model 784-0-10", "not '784-0-10'"),
        ("--model 784-128-1", "classes (at least 2) last"),
        ("--batch-sizes 0", "--batch-sizes: must be whole numbers"),
        ("--params -1", "--params: must be a number above 0"),
        ("--utilization 2", "--utilization: must be above 0 and at most 1"),
        ("--optimizer magic", "invalid choice: 'magic'"),
    ],
)
def test_wrong_options_are_refused(
    capsys: pytest.CaptureFixture[str], arguments: str, message: str
) -> None:
    assert message in refusal(capsys, "napkin", *arguments.split())


# --- graphs ---------------------------------------------------------------------------------------


def gradients(name: str) -> dict[str | None, float | None]:
    """Those of a story's labelled leaves."""
    result = getattr(graph, name)()
    result.backward()
    return {leaf.label: leaf.grad for leaf in graph.leaves(result)}


def test_the_articles_expressions_have_the_articles_gradients() -> None:
    assert graph.product().data == -8
    assert gradients("product") == {"a": 6.0, "b": -4.0, "c": -2.0, "f": 4.0}
    assert f"{graph.micrograd().data:.4f}" == "24.7041"
    found = gradients("micrograd")
    assert (f"{found['a']:.4f}", f"{found['b']:.4f}") == ("138.8338", "645.5773")
    neuron = gradients("neuron")
    assert [round(neuron[name] or 0.0, 4) for name in ("x1", "w1", "x2", "w2")] == [-1.5, 1, 0.5, 0]


def test_the_loss_is_that_of_averaging_before_training() -> None:
    assert graph.loss().data == pytest.approx((0.684 - 0.45) ** 2)


@pytest.mark.parametrize("story", graph.STORIES, ids=lambda story: story.__name__)
def test_drawn_gradients_are_what_small_changes_do(story: Callable[[], Value]) -> None:
    result = story()
    assert all(graph.off(leaf, result) < 1e-6 for leaf in graph.leaves(result))


def test_graph(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = lines_of(capsys, "graph", "--out", str(tmp_path / "out"), "--direction", "TB")
    said = re.fullmatch(r"(\d+) gradients, .*: at most (\S+) apart", lines[-1])
    assert said and int(said[1]) > 20 and float(said[2]) < 1e-6
    assert len(list((tmp_path / "out").glob("*.svg"))) == 8
    assert "invalid choice: 'up'" in refusal(capsys, "graph", "--direction", "up")
    (tmp_path / "file").write_text("")
    assert "--out must be a folder" in refusal(capsys, "graph", "--out", str(tmp_path / "file"))
