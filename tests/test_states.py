"""Whether a saved state of a training can be gone on from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from nn.states import check_alike, check_fits, named_states


@pytest.mark.parametrize(
    ("saved", "own"),
    [
        (3, 4.5),
        (np.float32(1), True),
        ("a", "b"),
        ({"a": 1}, {"a": 2}),
        ({"a": 1, "new": [2.0]}, {"a": 2}),  # an optimizer's, after its first step
        ({"new": np.ones(3)}, {}),
        ([1.0, 2.0], []),
        ([1.0, [2.0]], [1.0]),
        ((0.9, 0.99), (0.8, 0.9)),
        (np.ones(2), np.zeros(3)),  # their own load_state_dict() looks at shapes
        ("whatever", None),
        ({"a": "whatever"}, {"a": None}),
    ],
)
def test_alike(saved: Any, own: Any) -> None:
    check_alike("part", saved, own)


@pytest.mark.parametrize(
    ("saved", "own", "message"),
    [
        ("3", 3, "its part is '3', not such as 3"),
        (None, 3, "its part is None, not such as 3"),
        (3, "3", "its part is 3, not such as '3'"),
        ([1.0], (1.0,), r"its part is \[1.0\], not such as \(1.0,\)"),
        ({"a": "1"}, {"a": 1}, "its part, a is '1', not such as 1"),
        ({"a": {"b": []}}, {"a": {"b": 1}}, r"its part, a, b is \[\], not such as 1"),
        ({"a": 1, "new": "text"}, {"a": 1}, "its part, new is 'text', not such as 0.0"),
        ({"new": [None]}, {}, "its part, new is None, not such as 0.0"),
        ([1.0, "text"], [], "its part is 'text', not such as 0.0"),
        ([1.0, "text"], [1.0, 1.0], "its part is 'text', not such as 1.0"),
        ([np.ones(2)], [1.0], r"its part is array\(\[1., 1.\]\), not such as 1.0"),
        ("x" * 99, 1, f"its part is '{'x' * 39}, not such as 1"),
    ],
)
def test_not_alike(saved: Any, own: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        check_alike("part", saved, own)


def state(**changes: Any) -> dict[str, Any]:
    optimizer = nn.Adam([nn.Parameter([1.0])])
    return {
        "epoch": 0,
        "steps per epoch": 4,
        "optimizer": named_states([optimizer]),
        "schedules": named_states([nn.StepLR(optimizer, 3)]),
        "callbacks": named_states([nn.PrintEpochs(), nn.EarlyStopping()]),
        "generators": {"library": {}},
        "history": nn.History().to_dict(),
    } | changes


def test_only_what_has_a_state_is_named() -> None:
    assert [name for name, _ in state()["callbacks"]] == ["EarlyStopping"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps per epoch": 5}, "its steps per epoch is 5, not 4"),
        ({"optimizer": [("SGD", {})]}, r"its optimizer is \['SGD'\], not \['Adam'\]"),
        ({"optimizer": []}, r"its optimizer is \[\], not \['Adam'\]"),
        ({"optimizer": [("Adam", [])]}, r"its optimizer is \[\], not such as {.*"),
        ({"optimizer": ["Adam"]}, "it holds 'Adam' in place of a name and a state"),
        ({"optimizer": [("Adam", {}, 1)]}, ".* in place of a name and a state"),
        ({"schedules": []}, r"its schedules are \[\], not \['StepLR'\]"),
        ({"callbacks": []}, r"its callbacks are \[\], not \['EarlyStopping'\]"),
        ({"generators": {}}, r"its generators are \[\], not \['library'\]"),
        ({"epoch": "1"}, "its epoch is '1', not such as 0"),
        ({"history": {"ends": ["1"]}}, "its history, ends is '1', not such as 0.0"),
    ],
)
def test_what_does_not_fit(changes: dict[str, Any], message: str) -> None:
    check_fits(state(), state())
    with pytest.raises(ValueError, match=f"^{message}$"):
        check_fits(state(**changes), state())
