"""Scopes: what belongs to them, and that they cost nothing where there are none."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, draw, no_grad, scope
from autograd.draw.graph.picture import Picture


def paths(picture: Picture) -> dict[str, str]:
    """The names of the groups around each box, by its label or operation."""
    groups = {group.id: group for group in picture.groups}

    def path(group: str) -> str:
        if not group:
            return ""
        return f"{path(groups[group].parent)}/{groups[group].name}"

    return {box.label or box.op: path(box.group) for box in picture.boxes}


def test_scopes_nest() -> None:
    x = Value(2.0, "x")
    with scope("a"):
        with scope("b"):
            y = x.exp()
        z = y.sin()
    assert y.notes is not None and repr(y.notes.scope) == "Scope('b')"
    assert paths(draw(z * x).picture) == {"x": "", "exp": "/a/b", "sin": "/a", "mul": ""}


def test_each_entry_is_a_group_of_its_own() -> None:
    x = Value(2.0, "x")
    for _ in range(3):
        with scope("step"):
            x = x.exp()
    assert [group.name for group in draw(x).picture.groups] == ["step"] * 3


def test_a_scope_is_a_decorator() -> None:
    @scope("norm")
    def norm(x: Value, y: Value) -> Any:
        return (x * x + y * y).sqrt()

    first = norm(Value(3.0), Value(4.0))
    assert len(draw(first + norm(first, first)).picture.groups) == 2


def test_a_scope_ends_on_exceptions() -> None:
    with pytest.raises(RuntimeError), scope("a"):
        raise RuntimeError
    assert draw(Value(1.0).exp()).picture.groups == ()


def test_threads_have_their_own_scopes() -> None:
    shared = scope("shared")

    def work(i: int) -> str:
        with scope(f"thread {i}"), shared:
            return paths(draw(Value(1.0).exp()).picture)["exp"]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(8))) == [f"/thread {i}/shared" for i in range(8)]


def test_a_leaf_belongs_where_all_its_uses_are() -> None:
    x, w = Value(2.0, "x"), Value(3.0, "w")
    with scope("a"):
        y = x * w
    with scope("b"):
        z = y * x
    assert paths(draw(z).picture)["x"] == ""
    assert paths(draw(z).picture)["w"] == "/a"


def test_modules_open_scopes_inside_of_one() -> None:
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Sequential(nn.Tanh()))
    x = np.ones((1, 2), np.float32)
    assert draw(model(x)).picture.groups == ()
    with scope("model"):
        found = paths(draw(model(x)).picture)
    assert found["0.weight"] == found["linear"] == "/model/Sequential/0: Linear"
    assert found["tanh"] == "/model/Sequential/1: Sequential/0: Tanh"


def test_an_empty_name_lets_modules_name_themselves() -> None:
    with scope(""):
        out = nn.scalar.Neuron(2, rng=0)([1.0, 2.0])
    assert set(paths(draw(out).picture).values()) == {"/Neuron"}


def test_inputs_of_a_module_stay_outside() -> None:
    x, y = Value(1.0, "x"), Value(2.0, "y")
    with scope(""):
        out = nn.scalar.Neuron(2, rng=0)([x, y])
    found = paths(draw(out).picture)
    assert found["x"] == found["y"] == ""
    assert found["w1"] == found["b"] == "/Neuron"


def test_nothing_is_noted_without_a_scope() -> None:
    assert (Value(1.0) * 2).notes is None
    assert nn.scalar.Neuron(2, rng=0)([1.0, 2.0]).notes is None


def test_constants_are_in_no_scope() -> None:
    with scope("a"), no_grad():
        out = Value(1.0) * 2
    assert out.notes is None


@pytest.mark.parametrize("copy", [deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_keep_their_groups(copy: Any) -> None:
    model = nn.scalar.MLP(2, [2, 1], rng=0)
    with scope("net"):
        out = model([Value(1.0, "x"), Value(2.0, "y")])
    groups = copy(out).note().scope
    assert groups.name == "neurons.0: Neuron"
    assert groups.owner is None  # copies of nodes do not copy the model
    assert draw(copy(out)).picture.groups == draw(out).picture.groups


def test_a_group_in_a_cycle_cannot_be_one_node_and_is_named() -> None:
    with scope("in no cycle"):
        x = Value(2.0) * 2.0
    with scope("G"):
        inside = x * 2.0
        context = copy_context()
    root = context.run(lambda y: y * 3.0, inside * 5.0)
    awkward: list[dict[str, Any]] = [{"depth": 0}, {"collapse": "G"}, {"limit": 2}]
    for options in awkward:
        with pytest.raises(ValueError, match="the group 'G'.*leave it open"):
            draw(root, **options)
    assert draw(root).svg


def test_a_scope_is_named_by_a_string() -> None:
    for name in (1, None, Value):
        with pytest.raises(TypeError, match="name must be a str, but got"):
            scope(name)
