"""The names of nodes: one for each, and the same in every picture, text and page."""

from __future__ import annotations

import copy
import gc
import html
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value, draw, explain, scope
from autograd.core import array_rules
from autograd.draw.explorer.explore import page_data
from autograd.draw.formats.tikz import escape
from autograd.draw.graph.names import names_of
from autograd.expressions import quoted

GRAPHS: dict[str, Callable[[], Any]] = {}


def graph(f: Callable[[], Any]) -> Callable[[], Any]:
    GRAPHS[f.__name__] = f
    return f


@graph
def without_labels() -> Any:
    a, b = Value(2.0), Value(3.0)
    return (a * b + a**2).tanh() + 2 * b


@graph
def equal_labels() -> Any:
    w, other, x = Value(2.0, "w"), Value(3.0, "w"), Value(4.0, "x")
    h = w * x + other
    h.label = "h"
    y = h * h
    y.label = "h"
    return y


@graph
def labels_like_names() -> Any:
    v, w, again, u = Value(2.0, "v2"), Value(3.0, "w#1"), Value(3.0, "w"), Value(1.0, "w")
    return v * w + again * u - Value(5.0, "x1") * Value(2.0)


@graph
def labels_that_need_quotes() -> Any:
    x, y = Value(2.0, "a - b"), Value(3.0, "12")
    z = x * y
    z.label = 'say "hi"'
    return z + Value(1.0, " ")


@graph
def labelled_constants() -> Any:
    k = Value(2.0, "k").detach()
    k.label = "k"
    return k * Value(3.0, "x") + k + 4.0


@graph
def arrays() -> Any:
    w = Tensor([1.0, 2.0], requires_grad=True)
    return (w * np.array([3.0, 4.0]) + np.array([5.0, 6.0])).sum() + w[0]


@graph
def layers() -> Any:
    net = nn.MLP(2, [3, 1], rng=0)
    return nn.mse_loss(net(np.ones((4, 2), np.float32)), np.zeros((4, 1), np.float32))


@graph
def groups() -> Any:
    x = Value(2.0, "x")
    with scope("inner"):
        h = x * x + x
    return h * x


each_graph = pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)


@each_graph
def test_a_node_has_one_name_everywhere(make: Callable[[], Any]) -> None:
    root = make()
    drawing, data = draw(root, numbers=True), page_data(root)
    names = [box.name for box in drawing.picture.boxes]
    assert len(set(names)) == len(names) and all(names)
    assert [node["name"] for node in data["nodes"]] == names
    assert sorted(names_of(root).values()) == sorted(names)
    text = "\n".join(line.strip().split("  ")[0] for line in drawing.text.splitlines())
    svg = html.unescape(drawing.svg).replace("\xa0", " ")
    for name in names:
        assert f"\n{name}" in text or f"\n{quoted(name)} = " in text, name
        assert f">{name}</text>" in svg, name
        assert re.search(rf">{re.escape(html.escape(name).replace(']', '&#93;'))}<", drawing.dot)
        assert f"{{{escape(name)}}}" in drawing.tex, name


@pytest.mark.parametrize("make", [g for g in GRAPHS.values() if g not in (arrays, layers)])
def test_an_explanation_has_the_names_and_formulas_of_the_picture(make: Callable[[], Any]) -> None:
    root = make()
    names = names_of(root)
    drawn = [line.strip().split("  ")[0] for line in draw(root).text.splitlines()]
    for leaf in (node for node in names if isinstance(node, Value) and node.op is None):
        if not leaf.requires_grad:
            continue
        explained = explain(leaf, root)
        assert explained.names == names
        names_of_both = quoted(names[root]), quoted(names[leaf])
        assert explained.text.startswith("d{}/d{} = ".format(*names_of_both))
        steps = [line[2:].split("  ")[0] for line in explained.text.split("\n\n")[1].splitlines()]
        equations = [step.rpartition(" = ")[0] for step in steps if step.count(" = ") > 1]
        assert equations and set(equations) <= set(drawn)


def test_names_say_what_a_node_is() -> None:
    x, k = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0])
    text = draw(((x * k + np.array([5.0, 6.0])) * 2).sum()).text
    assert [line.split()[0] for line in text.splitlines()[1:]] == [
        "v4", "v3", "v2", "v1", "x1", "c1", "c2",
    ]  # fmt: skip


def test_a_label_renames_no_other_node() -> None:
    x, y = Value(2.0), Value(3.0)
    a = x * y
    b = a + y
    c = b * a
    before = names_of(c)
    a.label, y.label = "a", "y"
    after = names_of(c)
    assert (after[a], after[y]) == ("a", "y")
    assert all(after[node] == before[node] for node in (x, b, c))


def test_constants_of_the_roots_value_have_no_name() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True, label="x")
    assert draw(x * Tensor(2.0)).text.splitlines()[1].startswith("v1 = x * 2 ")
    y = Value(3.0, "y") * Value(1.0).detach() / 3.0
    assert list(names_of(y).values()) == ["y", "v1", "v2"]


def test_options_of_a_picture_change_no_name() -> None:
    root = groups()
    names = {box.id: box.name for box in draw(root).picture.boxes}
    for options in {"constants": True}, {"slopes": True}, {"depth": 1}, {"direction": "TB"}:
        shown = draw(root, **options).picture.boxes  # type: ignore[arg-type]
        assert {box.id: box.name for box in shown if box.name} == names
    inner, product = draw(root, depth=0).picture.boxes[-2:]
    assert (inner.name, product.name) == ("inner", names["n3"])


def test_groups_that_are_one_box_are_told_apart() -> None:
    x = Value(2.0, "part")
    y = x * 1
    for _ in range(2):
        with scope("part"):
            y = (y * 2).tanh()
    drawing = draw(y + x, depth=0, fold=False)
    assert [box.name for box in drawing.picture.boxes] == ["part", "v1", "part#1", "part#2", "v6"]
    assert "part#2 ← part#1" in drawing.text


def test_groups_of_one_name_are_all_numbered() -> None:
    x = Value(2.0, "x")
    ys = []
    for step in (lambda: x * 3.0), (lambda: x**2), x.exp:
        with scope("part"):
            ys.append(step())
    boxes = draw(ys[0] + ys[1] * ys[2], depth=0).picture.boxes
    assert [box.name for box in boxes if box.kind == "group"] == ["part#1", "part#2", "part#3"]


def test_powers_are_written_in_one_way() -> None:
    x = Value(3.0, "x")
    y = x**2 + x**0.5 + x**x + (-x) ** -1
    drawn, told = draw(y), explain(x, y).text
    for power in "x**2", "x**0.5", "x**x":
        assert power in drawn.text and f" = {power} = " in told
    data = page_data(y)
    for text in drawn.text, drawn.svg, drawn.dot, told, str(data):
        assert "²" not in text and "^" not in text.split("</style>")[-1] and "** " not in text
    assert ">**2</text>" in drawn.svg and "<b>**2</b>" in drawn.dot
    assert next(node["sign"] for node in data["nodes"] if node.get("op") == "pow") == "**2"


# --- parameters -----------------------------------------------------------------------------------


class Net(nn.Module):
    def __init__(self) -> None:
        self.layer1 = nn.Linear(2, 3, rng=0)
        self.rest = [nn.Linear(3, 1, rng=1)]
        self.gain = nn.Parameter(np.ones(1, np.float32), label="gain")

    def forward(self, x: Any) -> Any:
        return self.rest[0](self.layer1(x).relu()) * self.gain


ONES = np.ones((4, 2), np.float32)
PARAMETERS = {"layer1.weight", "layer1.bias", "rest.0.weight", "rest.0.bias", "gain"}


def leaves(drawing: Any) -> set[str]:
    return {box.name for box in drawing.picture.boxes if box.kind == "leaf"}


def test_parameters_are_called_by_their_place_in_the_model() -> None:
    net = Net()
    assert leaves(draw(net(ONES).sum())) == PARAMETERS
    assert leaves(draw(net, ONES)) == PARAMETERS
    data = page_data(net(ONES).sum())
    assert {node["name"] for node in data["nodes"] if node["kind"] == "leaf"} == PARAMETERS
    assert "@ layer1.weight.T + layer1.bias" in draw(net(ONES)).text
    outer = nn.Sequential(net)
    assert leaves(draw(net(ONES).sum())) == {f"0.{x}" for x in PARAMETERS - {"gain"}} | {"gain"}
    del outer
    gc.collect()
    assert leaves(draw(net(ONES).sum())) == PARAMETERS


class Child(nn.Module):
    def __init__(self, parent: nn.Module) -> None:
        self.parent, self.last = parent, nn.Linear(2, 1, rng=0)


class Parent(nn.Module):
    def __init__(self) -> None:
        self.child, self.first = Child(self), nn.Linear(2, 2, rng=0)

    def forward(self, x: Any) -> Any:
        return self.child.last(self.first(x))


def test_modules_that_hold_each_other_name_parameters_from_the_older_one() -> None:
    parent = Parent()
    names = {"first.weight", "first.bias", "child.last.weight", "child.last.bias"}
    assert leaves(draw(parent(ONES))) == names
    other, outer = nn.Linear(1, 1, rng=0), [nn.Sequential(parent), nn.Sequential(parent)]
    both = {"0." + name for name in names} | {"weight", "bias"}
    assert leaves(draw(other(parent(ONES)))) == both
    del outer


def test_parameters_keep_their_names_when_their_model_is_gone() -> None:
    out = nn.Sequential(nn.MLP(2, [3, 1], rng=0), nn.Tanh())(ONES)
    gc.collect()
    names = {"0.0.weight", "0.0.bias", "0.2.weight", "0.2.bias"}
    assert leaves(draw(out)) == leaves(draw(copy.deepcopy(out))) == names
    twice = nn.Linear(2, 1, rng=0)
    out = twice(ONES)
    twice.weight.label = "own"
    del twice
    assert leaves(draw(out)) == {"own", "bias"}


@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))],
    ids=["deepcopy", "pickle"],
)
def test_copies_of_models_name_their_own_parameters(copied: Callable[[Any], Any]) -> None:
    net = nn.MLP(2, [2], rng=0)
    twin = copied(net)
    assert leaves(draw((net(ONES) + twin(ONES)).sum())) == {
        "0.weight#1", "0.bias#1", "0.weight#2", "0.bias#2",
    }  # fmt: skip


def test_naming_parameters_changes_neither_state_nor_repr() -> None:
    net = Net()
    before = repr(net), list(net.state_dict()), repr(net.layer1.weight)
    draw(net(ONES).sum())
    assert (repr(net), list(net.state_dict()), repr(net.layer1.weight)) == before
    assert net.layer1.weight.label is None


def test_a_parameter_of_no_module_is_a_leaf_like_others() -> None:
    assert leaves(draw(nn.Parameter([1.0, 2.0]).sum())) == {"x1"}


# --- formulas -------------------------------------------------------------------------------------

X = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, label="x")
W = Tensor(np.ones((4, 3)), requires_grad=True, label="w")
B = Tensor(np.ones(4), requires_grad=True, label="b")


@pytest.mark.parametrize(
    ("out", "formula"),
    [
        (array_rules.linear(X, W, B), "x @ w.T + b"),
        (X @ W.T, "x @ v1"),
        (W.T, "w.T"),
        (ag.transpose(ag.expand_dims(X, 0), (0, 2, 1)), "v1.mT"),
        (ag.softmax(X), "softmax(x, axis=-1)"),
        (ag.sum(X, axis=0, keepdims=True), "sum(x, axis=0)"),
        (ag.sum(X, axis=(-1,)), "sum(x, axis=-1)"),
        (ag.std(X), "sqrt(v6)"),
        (ag.linalg.norm(X), "sqrt(v2)"),
        (ag.mean(X), "v1 / 6"),
        (X[0], "x[0]"),
        (X[:, 1:], "x[:, 1:]"),
        (X[..., None], "x[..., None]"),
        (X[np.array([1, 0])], "x[[1, 0]]"),
        (ag.reshape(X, 6), "reshape(x, (6,))"),
        (ag.broadcast_to(B, (2, 4)), "broadcast_to(b, (2, 4))"),
        (X.astype(np.float32), "float32(x)"),
        (ag.einsum("ij,kj->ik", X, W), "einsum('ij,kj->ik', x, w)"),
        (ag.sinc(X), "sinc(x)"),
        (nn.cross_entropy(X, np.array([0, 2])), "-mean(v1[labels])"),
        (ag.concatenate([X, X]), "concatenate(x, x, axis=0)"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_operations_are_written_as_mathematics(out: Any, formula: str) -> None:
    assert draw(out).text.splitlines()[1].split(" = ")[1].split("  ")[0] == formula


SQUARE = Tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True, label="s")
TWIST = ag.Op("twist", lambda x: x, (lambda g, out, x: x * (x @ g) - (x @ g) * x,))
SOFTMAX_RULE = "-g × v1 × (exp(log_softmax(x, axis=-1)) - 1) - v1 × (sum(g × v1, axis=-1) - g × v1)"


@pytest.mark.parametrize(
    ("out", "formulas"),
    [
        (X.sum(), ["g"]),
        (ag.sum(X, axis=1, keepdims=True), ["g"]),
        (ag.reshape(X, 6), ["g"]),
        (ag.broadcast_to(B, (2, 4)), ["sum(g)"]),
        (X[0], ["scatter_add(g, [0])"]),
        (ag.expand_dims(X, 0).sum(), ["g"]),
        (array_rules.linear(X, W, B), ["g @ w", "(x.T @ g).T", "sum(g, axis=0)"]),
        (ag.sign(X), ["0"]),
        (ag.softmax(X), [SOFTMAX_RULE]),
        (ag.log_softmax(X), ["-g × (exp(v1) - 1) - exp(v1) × (sum(g, axis=-1) - g)"]),
        (ag.logsumexp(X), ["g × softmax(x, axis=None)"]),
        (ag.transpose(X, (0, 1)), ["g"]),
        (TWIST(SQUARE), ["s × (s @ g) - s @ g × s"]),
        (X * np.arange(6.0).reshape(2, 3), ["g × c1"]),
        (ag.where(np.array([True, False, True]), X, 0.0), ["where(c1, g, 0)"]),
    ],
    ids=[
        *("sum", "sum along an axis", "reshape", "broadcast_to", "getitem", "expand_dims"),
        *("linear", "sign", "softmax", "log_softmax", "logsumexp", "transpose"),
        *("matmul in a product", "constant array", "condition"),
    ],
)
def test_derivatives_are_written_without_changes_of_shape(out: Any, formulas: list[str]) -> None:
    data = page_data(ag.sum(out))
    step = next(node for node in data["nodes"] if node["kind"] == "step")

    def spelled(piece: Any) -> str:
        if isinstance(piece, str):
            return piece
        kind, key, _ = piece
        return {"n": lambda: data["nodes"][key]["name"], "#": lambda: f"{key:g}"}.get(
            kind, lambda: "g"
        )()

    found = ["".join(map(spelled, slope)) for slope in step["rules"].values()]
    assert [formula.replace("\N{MINUS SIGN}", "-") for formula in found] == formulas
