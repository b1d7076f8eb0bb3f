"""Nets as circles and arrows."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from nn.draw.network_drawing import NetworkDrawing

SVG = "{http://www.w3.org/2000/svg}"


def weights(drawing: NetworkDrawing) -> list[ET.Element]:
    return [x for x in ET.fromstring(drawing.svg).iter(f"{SVG}path") if "data-from" in x.attrib]


def texts(drawing: NetworkDrawing) -> list[str]:
    return ["".join(x.itertext()) for x in ET.fromstring(drawing.svg).iter(f"{SVG}text")]


def neurons(drawing: NetworkDrawing) -> int:
    return drawing.svg.count('class="ring"')


def wrong(x: Any) -> Any:
    return x


def net() -> nn.scalar.MLP:
    return nn.scalar.MLP(2, [3, 1], ag.tanh, rng=0)


def test_every_neuron_and_every_weight_is_drawn() -> None:
    drawing = nn.draw_network(net())
    assert neurons(drawing) == 2 + 3 + 1
    assert len(weights(drawing)) == 2 * 3 + 3
    assert drawing.text == "input 2 → hidden 3 (tanh) → output 1"


def test_thickness_and_dashes_tell_size_and_sign() -> None:
    model = nn.Linear(2, 1)
    model.weight.data = [[0.5, -2.0]]
    small, large = weights(nn.draw_network(model))
    assert float(small.attrib["stroke-width"]) < float(large.attrib["stroke-width"])
    assert (small.attrib["class"], large.attrib["class"]) == ("weight", "weight negative")
    assert re.search(r"\.negative \{[^}]*dasharray", nn.draw_network(model).svg)


@pytest.mark.parametrize("zero", [0.0, np.nan])
def test_weights_of_zero_and_nan_are_drawn(zero: float) -> None:
    model = nn.Linear(2, 1, rng=0)
    model.weight.data = [[zero, zero]]
    drawing = nn.draw_network(model, [1.0, zero])
    assert all(float(w.attrib["stroke-width"]) < 1 for w in weights(drawing))
    assert '"nan"' not in drawing.svg


def test_wide_layers_are_elided() -> None:
    drawing = nn.draw_network(nn.MLP(784, [128, 10]), shown=8)
    assert neurons(drawing) == 7 + 7 + 7
    assert {"777 more", "121 more", "3 more", "784", "128, ReLU"} <= set(texts(drawing))
    assert drawing.text == "input 784 → hidden 128 (ReLU) → output 10"


@pytest.mark.parametrize("model", [net(), net().to_tensor()], ids=["scalar", "tensor"])
def test_activations_are_what_the_model_computes(model: Any) -> None:
    x = [0.5, -1.0]
    columns = nn.draw_network(model, x).columns
    scalar = net()
    expected = [x, [v.data for v in scalar.layers[0](x)], [scalar(x).data]]
    for column, numbers in zip(columns, expected, strict=True):
        np.testing.assert_allclose(column.values, numbers, rtol=1e-6)


def test_an_activation_of_single_numbers_is_applied_to_each() -> None:
    model = nn.scalar.MLP(2, [3, 1], lambda v: v if v > 0.0 else 0.1 * v, rng=0)
    x = [0.5, -1.0]
    columns = nn.draw_network(model, x).columns
    np.testing.assert_allclose(columns[1].values, [v.data for v in model.layers[0](x)])
    np.testing.assert_allclose(columns[2].values, [model(x).data])


def test_names_survive() -> None:
    names = ["<b>", 'say "hi" & π']
    drawing = nn.draw_network(net(), inputs=names, outputs=["same"], theme="dark")
    assert {*names, "same"} <= set(texts(drawing))


def test_it_is_saved_and_shown(tmp_path: Path) -> None:
    drawing = nn.draw_network(net(), theme="auto")
    for suffix in ".svg", ".html", ".txt":
        drawing.save(tmp_path / f"net{suffix}")
    assert drawing.svg in (tmp_path / "net.html").read_text(encoding="utf-8")
    assert drawing._repr_mimebundle_()["image/svg+xml"] == drawing.svg
    with pytest.raises(ValueError, match=r"\.svg, .*\.pdf or \.txt, but got 'net.tex'"):
        drawing.save(tmp_path / "net.tex")


def test_nets_within_nets_are_taken_apart() -> None:
    inner = nn.Sequential(nn.Flatten(), nn.Linear(2, 3, rng=0), nn.Tanh())
    model = nn.Sequential(inner, nn.MLP(3, [2, 1], rng=1))
    drawing = nn.draw_network(model, [0.5, -1.0])
    assert drawing.text == "input 2 → hidden 1 3 (Tanh) → hidden 2 2 (ReLU) → output 1"
    given = model(np.array([[0.5, -1.0]])).numpy()[0]
    assert np.allclose(drawing.columns[-1].values, given)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.draw_network(nn.Sequential(nn.Conv2d(1, 2, 3))), TypeError, "got a Conv2d"),
        (lambda: nn.draw_network(nn.ReLU()), TypeError, "but this ReLU does not"),
        (
            lambda: nn.draw_network(nn.Sequential(nn.Tanh(), nn.Linear(2, 1)), [1.0, 2.0]),
            TypeError,
            "begin with a linear layer",
        ),
        (lambda: nn.draw_network(net(), [1.0]), ValueError, "one input of 2 numbers, but x has 1"),
        (lambda: nn.draw_network(net(), inputs=["x"]), ValueError, "2 neurons .* got 1 names"),
        (lambda: nn.draw_network(net(), shown=2), ValueError, "shown must be an integer >= 3"),
        (
            lambda: nn.draw_network(net(), theme=wrong("blue")),
            ValueError,
            "'light' or 'dark' or 'auto', but",
        ),
    ],
)
def test_mistakes_are_explained(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_names_with_control_characters_are_text() -> None:
    odd = type("\x1b[31m\nX", (nn.Tanh,), {})
    drawing = nn.draw_network(nn.Sequential(nn.Linear(2, 2), odd()))
    for form in (drawing.text, drawing.html, drawing.svg):
        assert "\x1b" not in form
