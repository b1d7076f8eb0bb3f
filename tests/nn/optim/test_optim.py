"""Optimisers: known numbers, PyTorch's, both kinds of parameters, memory, state, clipping."""

from __future__ import annotations

import copy
import math
import pickle
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, Value

# Where ten steps of PyTorch's take w from 1, with loss (w - 3)^2.
VARIANTS: list[tuple[str, dict[str, Any], float]] = [
    ("SGD", {"lr": 0.1}, 2.7852516352000),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1}, 2.6813034441798),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}, 2.7100847435851),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}, 2.8972785286742),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}, 2.8243209329943),
    ("Adagrad", {}, 1.0499656162352),
    ("Adagrad", {"lr": 0.5, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.3,
                 "eps": 1e-3}, 2.4469812727401),
    ("RMSprop", {}, 1.4802061958717),
    ("RMSprop", {"lr": 0.1, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1, "momentum": 0.5},
     2.8799662391565),
    ("RMSprop", {"lr": 0.1, "centered": True}, 2.9953415103018),
    ("RMSprop", {"lr": 0.1, "centered": True, "momentum": 0.9}, 1.6204247357331),
    ("Adam", {}, 1.0099983829305),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}, 1.9604077574911),
    ("AdamW", {}, 1.0098979537621),
    ("AdamW", {"lr": 0.1, "betas": (0.8, 0.95), "weight_decay": 0.3}, 1.5941555376669),
]  # fmt: skip
every_variant = pytest.mark.parametrize(
    ("kind", "options"), [(kind, options) for kind, options, _ in VARIANTS]
)

START = np.random.default_rng(0).normal(size=(3, 4))
GOAL = np.random.default_rng(1).normal(size=(3, 4))


def train(parameters: list[Any], optimizer: Any, steps: int, first: int = 0) -> None:
    """Steps towards the goal; each has another gradient, of another size."""
    for t in range(first, first + steps):
        optimizer.zero_grad()
        weight = np.cos(np.arange(12.0) + t).reshape(3, 4) ** 2
        loss = sum((weight[i] * (p - GOAL[i]) ** 2).sum() for i, p in enumerate(parameters))
        loss.backward()
        optimizer.step()


def rows(dtype: Any = float) -> list[nn.Parameter]:
    return [nn.Parameter(row, dtype=dtype) for row in START]


def numbers(parameters: list[Any]) -> Any:
    return np.array([p.data for p in parameters])


# --- the numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Value, nn.Parameter])
@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda w: nn.SGD([w], lr=0.1, momentum=0.9, weight_decay=0.1), (1.39, 2.0491, 2.811979)),
        (lambda w: nn.Adam([w], lr=0.1), (1.09999999975, 1.19983351388, 1.29937660795)),
        (
            lambda w: nn.AdamW([w], lr=0.1, weight_decay=0.1),
            (1.08999999975, 1.17895355323, 1.26676596733),
        ),
    ],
)
def test_known_numbers(
    make: Callable[[Any], nn.Optimizer], wanted: tuple[float, ...], kind: type
) -> None:
    w = kind(1.0)
    optimizer = make(w)
    for x in wanted:
        optimizer.zero_grad()
        ((w - 3) ** 2).backward()
        optimizer.step()
        assert w.item() == pytest.approx(x, abs=6e-12)


@pytest.mark.parametrize("kind", [Value, nn.Parameter])
@pytest.mark.parametrize(("name", "options", "wanted"), VARIANTS)
def test_where_ten_steps_lead(
    name: str, options: dict[str, Any], wanted: float, kind: type
) -> None:
    w = kind(1.0)
    optimizer = getattr(nn, name)([w], **options)
    for _ in range(10):
        optimizer.zero_grad()
        ((w - 3) ** 2).backward()
        optimizer.step()
    assert w.item() == pytest.approx(wanted, abs=1e-12)


@every_variant
def test_ten_steps_are_pytorchs(kind: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    theirs = [torch.tensor(row, requires_grad=True) for row in START]
    optimizer = getattr(torch.optim, kind)(theirs, **options)
    ours = rows()
    mine = getattr(nn, kind)(ours, **options)
    for t in range(10):
        train(ours, mine, 1, t)
        optimizer.zero_grad()
        weight = torch.tensor(np.cos(np.arange(12.0) + t).reshape(3, 4) ** 2)
        sum((weight[i] * (p - torch.tensor(GOAL[i])) ** 2).sum()
            for i, p in enumerate(theirs)).backward()  # fmt: skip
        optimizer.step()
        np.testing.assert_allclose(
            numbers(ours), [p.detach().numpy() for p in theirs], rtol=1e-12, atol=1e-12
        )


@pytest.mark.parametrize("parameter", [nn.Parameter, Value])
def test_adam_follows_betas_that_a_schedule_changes(parameter: Any) -> None:
    w = parameter(1.0)
    optimizer = nn.Adam([w], lr=0.1)
    p, m, s = 1.0, 0.0, 0.0
    for t in range(1, 21):
        betas = (0.95 - 0.01 * t, 0.9 + 0.004 * t)
        optimizer.groups[0].options["betas"] = betas
        w.grad = g = np.cos(t) * t if parameter is Value else np.asarray(np.cos(t) * t)
        optimizer._stepped = False
        optimizer.step()
        m = betas[0] * m + (1 - betas[0]) * float(g)
        s = betas[1] * s + (1 - betas[1]) * float(g) ** 2
        p -= 0.1 * m / (1 - betas[0] ** t) / (np.sqrt(s / (1 - betas[1] ** t)) + 1e-8)
        assert w.item() == pytest.approx(p, rel=1e-12)
        state = optimizer.state_dict()
        optimizer = nn.Adam([w], lr=0.1)
        optimizer.load_state_dict(state)


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"])
def test_defaults_are_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch")
    theirs = getattr(torch.optim, name)([torch.zeros(1, requires_grad=True)]).defaults
    for option, x in getattr(nn, name)([nn.Parameter([0.0])]).defaults.items():
        assert theirs[option] == x, option


# --- both kinds of parameters ---------------------------------------------------------------------


@every_variant
def test_values_move_as_tensors_do(kind: str, options: dict[str, Any]) -> None:
    tensors, values = rows(), [[Value(x) for x in row] for row in START]
    train(tensors, getattr(nn, kind)(tensors, **options), 10)
    flat = [v for row in values for v in row]
    optimizer = getattr(nn, kind)(flat, **options)
    for t in range(10):
        optimizer.zero_grad()
        weight = np.cos(np.arange(12.0) + t) ** 2
        sum(w * (v - goal) ** 2 for w, v, goal in zip(weight, flat, GOAL.ravel())).backward()
        optimizer.step()
    found = [[v.data for v in row] for row in values]
    np.testing.assert_allclose(found, numbers(tensors), rtol=1e-13)
    assert all(type(v.data) is float for v in flat)


def test_values_and_tensors_in_one_optimizer() -> None:
    v, t = Value(1.0), nn.Parameter([1.0])
    optimizer = nn.AdamW([v, t], lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        ((v - 3) ** 2 + ((t - 3) ** 2).sum()).backward()
        optimizer.step()
    assert v.data == t.data[0] > 1.3


# --- in place -------------------------------------------------------------------------------------


@every_variant
def test_parameters_stay_where_they_are(kind: str, options: dict[str, Any]) -> None:
    ours = rows(np.float32)
    before = [p.data for p in ours]
    optimizer = getattr(nn, kind)(ours, **options)
    train(ours, optimizer, 3)
    for p, memory in zip(ours, before):
        assert np.shares_memory(p.data, memory) and p.dtype == np.float32
    for state in optimizer.groups[0].states:
        for x in state.values():
            assert not isinstance(x, np.ndarray) or x.dtype == np.float32
    exact = rows()
    train(exact, getattr(nn, kind)(exact, **options), 3)
    np.testing.assert_allclose(numbers(ours), numbers(exact), rtol=2e-5, atol=2e-6)


@every_variant
def test_gradients_are_left_as_they_are(kind: str, options: dict[str, Any]) -> None:
    w = nn.Parameter(START)
    optimizer = getattr(nn, kind)([w], **options)
    for _ in range(2):
        w.grad = GOAL.copy()
        optimizer.step()
        assert np.array_equal(w.grad, GOAL)
        optimizer.zero_grad()


@every_variant
def test_nothing_is_allocated_after_the_first_step(kind: str, options: dict[str, Any]) -> None:
    w = nn.Parameter(np.ones((100, 1000)))
    optimizer = getattr(nn, kind)([w], **options)
    w.grad = np.ones_like(w.data)

    def step() -> None:
        optimizer._stepped = False  # keeps the gradient without a warning
        optimizer.step()

    for _ in range(2):
        step()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for t in range(3):
            if t and "betas" in optimizer.defaults:  # a schedule may change them
                optimizer.groups[0].options["betas"] = (0.9 - 0.1 * t, 0.99 - 0.01 * t)
            step()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < w.data.nbytes / 100


def test_a_step_makes_what_was_computed_stale() -> None:
    w = nn.Parameter([1.0])
    optimizer = nn.SGD([w], lr=0.1)
    loss = (w * w).sum()
    loss.backward()
    optimizer.step()
    with pytest.raises(ValueError, match="changed in place"):
        loss.backward()


# --- what is left out -----------------------------------------------------------------------------


@every_variant
def test_what_has_no_gradient_stays(kind: str, options: dict[str, Any]) -> None:
    used, unused, frozen = nn.Parameter([1.0]), nn.Parameter([2.0]), nn.Parameter([3.0])
    v, idle = Value(1.0), Value(5.0)
    optimizer = getattr(nn, kind)([used, unused, frozen, v, idle], **options)
    for t in range(3):
        optimizer.zero_grad()
        if t == 1:
            frozen.requires_grad_(False)
        (used.sum() * 2 + frozen.sum() + v * 2).backward()
        optimizer.step()
        if t == 0:
            after_one = frozen.data.copy()
    assert unused.data == [2.0] and idle.data == 5.0
    assert used.data[0] < 1.0 and v.data == pytest.approx(used.data[0], abs=1e-15)
    assert frozen.data == after_one != [3.0]


def test_an_idle_value_keeps_its_momentum() -> None:
    v, w = Value(1.0), Value(1.0)
    optimizer = nn.SGD([v, w], lr=0.1, momentum=0.5)
    (v + w).backward()
    optimizer.step()
    optimizer.zero_grad()
    v.grad = 1.0
    optimizer.step()
    assert w.data == 0.9 and optimizer.groups[0].value_state["velocity"].tolist() == [1.5, 1.0]


# --- groups ---------------------------------------------------------------------------------------


def test_a_value_that_idles_at_the_first_step_starts_later() -> None:
    idle, busy, alone = Value(1.0), Value(1.0), Value(1.0)
    both, single = nn.SGD([idle, busy], 0.1, momentum=0.9), nn.SGD([alone], 0.1, momentum=0.9)
    for t in range(4):
        both.zero_grad()
        single.zero_grad()
        busy.grad = 2.0
        both.step() if t == 0 else None
        if t:
            idle.grad = alone.grad = 1.0 + t
            both.step()
            single.step()
    assert idle.data == alone.data != 1.0


@every_variant
def test_groups_are_optimizers_side_by_side(kind: str, options: dict[str, Any]) -> None:
    make = getattr(nn, kind)
    one, other = rows(), rows()
    train(one, make([{"params": one[:1]}, {"params": one[1:], "lr": 0.03}], **options), 5)
    apart = make(other[:1], **options), make(other[1:], **(options | {"lr": 0.03}))
    for t in range(5):
        train(other, _Both(*apart), 1, t)
    np.testing.assert_array_equal(numbers(one), numbers(other))


class _Both:
    def __init__(self, *optimizers: nn.Optimizer) -> None:
        self.optimizers = optimizers

    def zero_grad(self) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad()

    def step(self) -> None:
        for optimizer in self.optimizers:
            optimizer.step()


def test_learning_rate_of_all_groups() -> None:
    v, w = Value(1.0), Value(1.0)
    optimizer = nn.SGD([{"params": [v], "lr": 0.5}, {"params": [w]}], lr=0.1)
    assert optimizer.lr == 0.5 and optimizer.groups[1].options["lr"] == 0.1
    optimizer.lr = 0.25
    assert [group.options["lr"] for group in optimizer.groups] == [0.25, 0.25]
    assert "lr=0.25" in repr(optimizer) and "2 parameters" in repr(optimizer)


# --- state ----------------------------------------------------------------------------------------


def everything(kind: str, options: dict[str, Any]) -> tuple[list[Any], Any, Callable[..., None]]:
    """Tensors and values in two groups, an optimizer, and a training step."""
    tensors, values = rows(), [Value(x) for x in START[0]]
    groups = [{"params": [*tensors[:2], values[0]]}, {"params": [tensors[2], *values[1:]]}]
    optimizer = getattr(nn, kind)(groups, **options)

    def step(t: int) -> None:
        optimizer.zero_grad()
        loss = sum(((p - goal) ** 2).sum() * (1 + t % 3) for p, goal in zip(tensors, GOAL))
        (loss + sum((v - t) ** 2 for v in values)).backward()
        optimizer.step()

    return [*tensors, *values], optimizer, step


@every_variant
def test_a_restored_state_continues_bit_by_bit(kind: str, options: dict[str, Any]) -> None:
    parameters, _, step = everything(kind, options)
    for t in range(6):
        step(t)
    wanted = [np.array(p.data).tobytes() for p in parameters]

    first, optimizer, step = everything(kind, options)
    for t in range(3):
        step(t)
    state = optimizer.state_dict()
    frozen = pickle.dumps(state)
    again, other, other_step = everything(kind, options | {"lr": 9.0})
    for p, q in zip(first, again):
        q.data = p.data
    other.load_state_dict(state)
    for t in range(3, 6):
        step(t)
        other_step(t)
    assert pickle.dumps(state) == frozen  # neither of the two has touched it
    for parameters in (first, again):
        assert [np.array(p.data).tobytes() for p in parameters] == wanted


def test_copies_and_pickles_train_on_by_themselves() -> None:
    model = nn.Linear(2, 1, rng=0)
    optimizer = nn.Adam(model.parameters(), lr=0.1)

    def step(model: nn.Module, optimizer: nn.Optimizer) -> bytes:
        optimizer.zero_grad()
        model(np.ones((1, 2), np.float32)).sum().backward()
        optimizer.step()
        return b"".join(p.data.tobytes() for p in model.parameters())

    step(model, optimizer)
    for duplicate in (copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))):
        twin, twins = duplicate((model, optimizer))
        before = [p.data.tolist() for p in model.parameters()]
        moved = step(twin, twins)
        assert [p.data.tolist() for p in model.parameters()] == before
        assert moved == step(*duplicate((model, optimizer)))


def test_adam_continues_from_a_state_with_the_means_as_such() -> None:
    """Files that were written before the means were counted in units of 1 - beta."""
    w, v = nn.Parameter([1.0, 2.0]), nn.Parameter([1.0, 2.0])
    ours, theirs = nn.Adam([w], 0.1), nn.Adam([v], 0.1)
    for t in range(6):
        if t == 3:
            state = ours.state_dict()
            old = state["groups"][0]["states"][0]
            mean, squares = old.pop("units")
            old["mean"] *= mean
            old["squares"] *= squares
            v.data = w.data
            theirs.load_state_dict(state)
        for p, optimizer in ((w, ours), (v, theirs)):
            optimizer.zero_grad()
            p.grad = np.array([1.0, -2.0]) * (t + 1)
            optimizer.step()
    np.testing.assert_allclose(v.data, w.data, rtol=1e-13)


def test_a_wrong_state_changes_nothing() -> None:
    w = nn.Parameter([1.0, 2.0])
    optimizer = nn.Adam([w])
    (w * w).sum().backward()
    optimizer.step()
    before = pickle.dumps(optimizer.state_dict())

    def state_of(other: Any) -> dict[str, Any]:
        p = other.parameters()[0]
        (p * p).sum().backward()
        other.step()
        return other.state_dict()  # type: ignore[no-any-return]

    for wrong, message in (
        (nn.Adam([w, nn.Parameter([1.0])]).state_dict(), "not as many"),
        (nn.Adam([{"params": [w]}, {"params": [nn.Parameter([1.0])]}]).state_dict(), "not as many"),
        (nn.SGD([w]).state_dict(), "has options .* but Adam has"),
        (state_of(nn.Adam([nn.Parameter([1.0])])), r"shape \(1,\) for a Parameter of shape \(2,\)"),
    ):
        with pytest.raises(ValueError, match=message):
            optimizer.load_state_dict(wrong)
        assert pickle.dumps(optimizer.state_dict()) == before


def test_a_state_of_other_values_is_refused() -> None:
    three, two = ([Value(1.0) for _ in range(n)] for n in (3, 2))
    optimizer = nn.Adam(three)
    three[0].grad = 1.0
    optimizer.step()
    with pytest.raises(ValueError, match=r"shape \(3,\) for 2 Values"):
        nn.Adam(two).load_state_dict(optimizer.state_dict())


# --- clipping -------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, np.inf])
@pytest.mark.parametrize("max_norm", [0.5, 2.0, 100.0])
def test_clip_grad_norm_is_pytorchs(norm_type: float, max_norm: float) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = rows(), [torch.tensor(row, requires_grad=True) for row in START]
    v = Value(0.0)
    number = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    for p, q, g in zip(ours, theirs, GOAL):
        p.grad, q.grad = g.copy(), torch.tensor(g)
    v.grad, number.grad = -1.5, torch.tensor(-1.5, dtype=torch.float64)
    unused = nn.Parameter([1.0])
    found = nn.clip_grad_norm_([*ours, v, unused], max_norm, norm_type)
    wanted = torch.nn.utils.clip_grad_norm_([*theirs, number], max_norm, norm_type)
    assert found == pytest.approx(float(wanted), rel=1e-12)
    for p, q in zip(ours, theirs):
        np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=1e-12)
    assert v.grad == pytest.approx(float(number.grad), rel=1e-12) and type(v.grad) is float
    assert unused.grad is None


def test_clip_grad_norm() -> None:
    w, v = nn.Parameter(np.zeros(2), dtype=np.float32), Value(0.0)
    w.grad, v.grad = np.array([3.0, 0.0], np.float32), 4.0
    kept = w.grad
    assert nn.clip_grad_norm_([w, v], 5.0) == 5.0 and w.grad is kept and v.grad == 4.0
    assert nn.clip_grad_norm_([w, v], 1.0) == 5.0
    assert w.grad == pytest.approx([0.6, 0.0], rel=1e-5) and v.grad == pytest.approx(0.8, rel=1e-5)
    assert w.grad.dtype == np.float32
    for norm_type in (2.0, np.inf):
        assert nn.clip_grad_norm_([nn.Parameter([1.0])], 1.0, norm_type) == 0.0


def test_clip_grad_value() -> None:
    w, v, unused = nn.Parameter(np.zeros(3), dtype=np.float32), Value(0.0), nn.Parameter([1.0])
    w.grad, v.grad = np.array([3.0, -4.0, 0.5], np.float32), -7.0
    nn.clip_grad_value_([w, v, unused], 2.0)
    assert w.grad.tolist() == [2.0, -2.0, 0.5] and w.grad.dtype == np.float32
    assert v.grad == -2.0 and type(v.grad) is float and unused.grad is None


# --- messages -------------------------------------------------------------------------------------


def test_step_without_zero_grad_warns_once() -> None:
    w = nn.Parameter([1.0])
    optimizer = nn.SGD([w], lr=0.1)
    (w * 2).sum().backward()
    optimizer.step()
    with pytest.warns(UserWarning, match="without zero_grad") as warned:
        optimizer.step()
    assert warned[0].filename == __file__  # it points to the training loop
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.step()


def test_optimizers_refuse_what_they_can_not_train() -> None:
    w = nn.Parameter([1.0])
    for parameters, error, message in (
        ([], ValueError, "no parameters"),
        ([w, w], ValueError, "twice"),
        ([{"params": [w]}, {"params": [w]}], ValueError, "twice"),
        ([w * 2], ValueError, "no leaf"),
        ([Tensor([1.0])], ValueError, "no leaf"),
        ([np.ones(1)], TypeError, r"parameters\[0\] must be .* got an array of shape \(1,\)"),
        ([{"params": [w], "speed": 1}], TypeError, "SGD has no option speed"),
        ([{"params": [w], "lr": -1}], ValueError, "lr must be a finite number >= 0"),
        ([{"params": [w]}, w], TypeError, r"parameters\[1\] must be a dict with 'params'.*both"),
        ([{"weights": [w]}], TypeError, r"parameters\[0\] must be a dict with 'params'"),
        ([{"params": [3.0]}], TypeError, r"parameters\[0\]\['params'\]\[0\] must be a Param"),
        ({"params": [w]}, TypeError, r"parameters must be .* got {'params'.*; pass a list"),
        (nn.Linear(2, 1).state_dict(), TypeError, "parameters must be a list of parameters, but"),
        (nn.Linear(2, 1).parameters, TypeError, r"call it: model.parameters\(\)"),
        (w, TypeError, "parameters must be a list of parameters.*; pass a list"),
        (nn.Linear(2, 1), TypeError, r"; pass model.parameters\(\)"),
        (nn.Sequential(nn.ReLU()), TypeError, r"; pass model.parameters\(\)"),
        (nn.Linear, TypeError, r"got the class Linear; pass model.parameters\(\)"),
        (nn.Linear(2, 1).named_parameters(), TypeError, r"parameters\[0\] must be .*'weight'"),
        (None, TypeError, "parameters must be a list of parameters, but got None"),
        ("w", TypeError, "parameters must be a list of parameters, but got 'w'"),
        (3, TypeError, "parameters must be a list of parameters, but got 3"),
    ):
        with pytest.raises(error, match=message):
            nn.SGD(parameters, lr=0.1)
    assert nn.SGD([{"params": w}]).parameters() == [w]


NUMBERS_OF = {
    "SGD": ("lr", "momentum", "weight_decay"),
    "Adagrad": ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"),
    "RMSprop": ("lr", "alpha", "eps", "weight_decay", "momentum"),
    "Adam": ("lr", "eps", "weight_decay"),
    "AdamW": ("lr", "eps", "weight_decay"),
}
NO_NUMBERS = [
    (-1, ValueError), (-0.1, ValueError), (np.float32(-1), ValueError), (np.int64(-1), ValueError),
    (np.array(-1.0), ValueError), (math.nan, ValueError), (np.float16("nan"), ValueError),
    (math.inf, ValueError), (np.float64("inf"), ValueError), ("0.1", TypeError), (None, TypeError),
    (True, TypeError), ([0.1], TypeError), (np.ones(1), TypeError), (1j, TypeError),
    (Value(0.1), TypeError), (Tensor(0.1), TypeError),
]  # fmt: skip


@pytest.mark.parametrize(("x", "error"), NO_NUMBERS, ids=lambda x: getattr(x, "__name__", ""))
def test_numbers_are_checked_whatever_their_type(x: Any, error: type[Exception]) -> None:
    for kind, names in NUMBERS_OF.items():
        for name in names:
            make, w = getattr(nn, kind), nn.Parameter([1.0])
            with pytest.raises(error, match=f"^{name} must be "):
                make([w], **{name: x})
            with pytest.raises(error, match=f"^{name} must be "):
                make([{"params": [w], name: x}])
    sgd = nn.SGD([nn.Parameter([1.0])], lr=0.5)
    with pytest.raises(error, match="^lr must be "):
        sgd.lr = x
    assert sgd.lr == 0.5
    if x != math.inf:
        for clip in (nn.clip_grad_norm_, nn.clip_grad_value_):
            with pytest.raises(error, match="^(max_norm|clip_value) must be "):
                clip([nn.Parameter([1.0])], x)
        with pytest.raises(error, match="^norm_type must be "):
            nn.clip_grad_norm_([nn.Parameter([1.0])], 1.0, x)


@pytest.mark.parametrize(
    ("kind", "options", "error", "message"),
    [
        ("SGD", {"nesterov": True}, ValueError, "nesterov needs a momentum"),
        ("SGD", {"nesterov": "yes", "momentum": 0.9}, TypeError, "nesterov must be True or False"),
        ("RMSprop", {"centered": None}, TypeError, "centered must be True or False"),
        ("RMSprop", {"alpha": 1.0}, ValueError, "alpha must be a number >= 0 and < 1"),
        ("Adam", {"betas": (0.9, 1.0)}, ValueError, r"betas\[1\] must be .* < 1, but got 1.0"),
        ("Adam", {"betas": (np.float32(-1), 0.9)}, ValueError, r"betas\[0\] must be a number >= 0"),
        ("Adam", {"betas": ("a", 0.9)}, TypeError, r"betas\[0\] must be a number"),
        ("AdamW", {"betas": 0.9}, TypeError, "betas must be two numbers"),
        ("AdamW", {"betas": (0.9, 0.99, 0.999)}, TypeError, "betas must be two numbers"),
        ("AdamW", {"betas": None}, TypeError, "betas must be two numbers"),
        ("AdamW", {"betas": np.array(0.9)}, TypeError, "betas must be two numbers"),
        ("AdamW", {"betas": "ab"}, TypeError, "betas must be two numbers"),
    ],
)
def test_options_are_checked(
    kind: str, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        getattr(nn, kind)([nn.Parameter([1.0])], **options)


@pytest.mark.parametrize("g", [1.0, [1.0], np.ones(3), np.ones((2, 1)), "ab"], ids=repr)
def test_a_gradient_of_another_shape_moves_nothing(g: Any) -> None:
    first, second = nn.Parameter([1.0, 2.0]), nn.Parameter([1.0, 2.0])
    first.grad, second.grad = np.ones(2), g
    with pytest.raises(
        ValueError, match=r"the gradient of a? ?\w* of shape \(2,\) must have the sa"
    ):
        nn.SGD([first, second], lr=0.1).step()
    assert first.data.tolist() == second.data.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("result", [np.ones(1), "new", 3.0, (1.0, 2.0)], ids=repr)
def test_an_update_returns_an_array_of_the_same_shape(result: Any) -> None:
    class Odd(nn.Optimizer):
        def update(self, p: Any, g: Any, state: Any, *args: Any, **options: Any) -> Any:
            return result

    w = nn.Parameter([1.0, 2.0])
    w.grad = np.ones(2)
    with pytest.raises(TypeError, match=r"the result of Odd.update\(\) must be an array of shape"):
        Odd([w], lr=0.1).step()
    assert w.data.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"groups": 3}, r"state\['groups'\] must be a list of dicts, but got 3"),
        ({"groups": [3]}, r"state\['groups'\]\[0\] must be a dict, but got 3"),
        ({"groups": [{"options": {}}]}, r"\[0\] must be a dict with 'options' and 'states'"),
        ({"groups": [{"options": 3, "states": []}]}, r"\['options'\] must be a dict"),
        ({"groups": [{"options": {}, "states": [None, {}]}]}, r"\['states'\]\[0\] must be a dict"),
    ],
    ids=str,
)
def test_a_state_of_another_form_is_refused_by_name(changes: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        nn.Adam([nn.Parameter([1.0])]).load_state_dict(changes)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"t": "1"}, TypeError, "^t must be an integer >= 0"),
        ({"t": -5}, ValueError, "^t must be an integer >= 0"),
        ({"mean": np.array(["a", "b"])}, TypeError, "^mean must be an array of real numbers"),
        ({"mean": np.array([1j, 1j])}, TypeError, "^mean must be an array of real numbers"),
    ],
    ids=str,
)
def test_what_is_in_a_state_is_checked(changes: Any, error: type[Exception], message: str) -> None:
    w = nn.Parameter([1.0, 2.0])
    optimizer = nn.Adam([w])
    w.grad = np.ones(2)
    optimizer.step()
    state = optimizer.state_dict()
    held = repr(state)
    state["groups"][0]["states"][0] |= changes
    with pytest.raises(error, match=message):
        optimizer.load_state_dict(state)
    assert repr(optimizer.state_dict()) == held


def test_options_are_kept_as_pythons_numbers() -> None:
    w = nn.Parameter([1.0])
    adam = nn.Adam([w], lr=np.float32(0.5), betas=np.array([0.5, 0.25]), eps=np.array(1))
    assert repr(adam) == "Adam(1 parameters, lr=0.5, betas=(0.5, 0.25), eps=1, weight_decay=0.0)"
    adam.lr = np.float64(0.25)  # type: ignore[assignment]
    assert adam.state_dict()["groups"][0]["options"] == adam.groups[0].options
    assert [type(x) for x in adam.groups[0].options.values()] == [float, tuple, int, float]


@pytest.mark.parametrize("options", [{"lr": -1.0}, {"betas": (0.9, 2.0)}, {"eps": "small"}])
def test_a_state_with_options_out_of_range_changes_nothing(options: dict[str, Any]) -> None:
    adam = nn.Adam([nn.Parameter([1.0])])
    state = adam.state_dict()
    state["groups"][0]["options"] |= options
    with pytest.raises((ValueError, TypeError), match=next(iter(options))):
        adam.load_state_dict(state)
    assert adam.groups[0].options == adam.defaults
    with pytest.raises(TypeError, match="state must be what state_dict"):
        adam.load_state_dict([1])  # type: ignore[arg-type]


# --- numbers whose squares leave their range ------------------------------------------------------

ADAPTIVE = {
    "Adagrad": lambda p: nn.Adagrad(p, lr=0.01),
    "RMSprop": lambda p: nn.RMSprop(p, lr=0.01),
    "momentum": lambda p: nn.RMSprop(p, lr=0.01, momentum=0.5),
    "centered": lambda p: nn.RMSprop(p, lr=0.01, centered=True),
    "Adam": lambda p: nn.Adam(p, lr=0.01),
    "no eps": lambda p: nn.Adam(p, lr=0.01, eps=0.0),
    "AdamW": lambda p: nn.AdamW(p, lr=0.01),
}


def path(make: Any, gradients: Any, dtype: Any, kind: Any = nn.Parameter) -> Any:
    """Where an optimizer takes 1 with these gradients."""
    w = kind(1.0) if kind is Value else kind([1.0], dtype=dtype)
    optimizer = make([w])
    for g in gradients:
        optimizer.zero_grad()
        w.grad = float(g) if kind is Value else np.array([g], dtype)
        optimizer.step()
    return w.data if kind is Value else float(w.data[0])


@pytest.mark.parametrize("name", ADAPTIVE)
@pytest.mark.parametrize(
    ("dtype", "size"), [(np.float32, 1e18), (np.float32, 1e30), (np.float32, 1e37),
                        (np.float32, 1e-30), (np.float64, 1e200), (np.float64, 1e-200)]
)  # fmt: skip
def test_steps_do_not_depend_on_the_size_of_gradients(name: str, dtype: Any, size: float) -> None:
    """Without eps, gradients times a constant lead to the same place."""
    make = {name: ADAPTIVE[name]}[name]
    if size < 1:  # eps is to be as small beside the gradients as it was
        make = lambda p: nn.RMSprop(p, lr=0.01, eps=0.0) if "a" in name else nn.Adam(p, 0.01, eps=0)
    shape = 1 + np.cos(np.arange(100.0)) / 2
    wanted = path(make, shape, np.float64)
    assert path(make, shape * size, dtype) == pytest.approx(wanted, rel=2e-4)
    if dtype is np.float64:
        assert path(make, shape * size, dtype, Value) == pytest.approx(wanted, rel=2e-4)


def test_ordinary_gradients_are_squared() -> None:
    """That is 50 times as fast as hypot."""
    for name in ("Adagrad", "RMSprop", "centered", "Adam", "AdamW"):
        for dtype in (np.float16, np.float32, np.float64):
            w = nn.Parameter(np.ones((20, 30)), dtype=dtype)
            optimizer = ADAPTIVE[name]([w])
            for size in (1.0, 1e-4, 60.0, 0.0):
                optimizer.zero_grad()
                w.grad = np.full_like(w.data, size)
                optimizer.step()
            state = optimizer.groups[0].states[0]
            assert "squares" in state and "root" not in state


def test_squares_that_matter_beside_a_small_eps_are_kept() -> None:
    for make in (
        lambda p, eps: nn.Adam(p, 0.01, eps=eps),
        lambda p, eps: nn.Adagrad(p, 0.01, eps=eps),
        lambda p, eps: nn.RMSprop(p, 0.01, eps=eps),
    ):
        wanted = path(lambda p, make=make: make(p, 1.0), [1.0] * 20, np.float64)
        found = path(lambda p, make=make: make(p, 1e-22), [1e-22] * 20, np.float32)
        assert found == pytest.approx(wanted, rel=1e-5)


def test_adam_with_huge_gradients_in_float32() -> None:
    assert path(ADAPTIVE["Adam"], [1e18] * 1500, np.float32) == pytest.approx(-14, rel=1e-4)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_gradients_may_become_huge_in_between(name: str) -> None:
    gradients = [1.0] * 5 + [-1e25] * 2 + [1.0] * 5
    wanted = path(ADAPTIVE[name], gradients, np.float64)
    assert path(ADAPTIVE[name], gradients, np.float32) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_a_state_after_huge_gradients_continues_bit_by_bit(name: str) -> None:
    gradients = [1.0, -1e30, 2e30, 3.0, -1.0, 1e29]
    wanted = path(ADAPTIVE[name], gradients, np.float32)
    w = nn.Parameter([1.0], dtype=np.float32)
    optimizer = ADAPTIVE[name]([w])
    for g in gradients:
        state = pickle.loads(pickle.dumps(optimizer.state_dict()))
        optimizer = ADAPTIVE[name]([w])
        optimizer.load_state_dict(state)
        w.grad = np.array([g], np.float32)
        optimizer.step()
    assert float(w.data[0]) == wanted


def test_huge_and_small_gradients_beside_each_other() -> None:
    w = nn.Parameter([1.0, 1.0, 1.0], dtype=np.float32)
    optimizer = nn.Adam([w], lr=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        w.grad = np.array([1e30, 1.0, 0.0], np.float32)
        optimizer.step()
    np.testing.assert_allclose(w.data, [0.0, 0.0, 1.0], atol=1e-5)


@pytest.mark.parametrize("gradient", [0.1, 1.0, 1e-4, 3.0])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_variance_is_never_negative(gradient: float, dtype: Any) -> None:
    """That of a constant gradient g after t steps is g^2 alpha^t (1 - alpha^t)."""
    g = float(dtype(gradient))
    root = lambda part: g * math.sqrt(part * (1 - part))
    make = lambda p: nn.RMSprop(p, lr=1e-4, centered=True)
    wanted = 1 - sum(1e-4 * g / (root(0.99**t) + 1e-8) for t in range(1, 2001))
    found = path(make, [g] * 2000, dtype)
    assert math.isfinite(found)
    if dtype is not np.float16:  # where many steps are smaller than the rounding of the parameter
        assert found == pytest.approx(wanted, rel=1e-8 if dtype is np.float64 else 1e-2)


def test_a_centered_state_of_older_files_goes_on() -> None:
    new, old = nn.Parameter([1.0, 1.0]), nn.Parameter([1.0, 1.0])
    ours, theirs = (nn.RMSprop([p], 0.01, centered=True) for p in (new, old))
    for t in range(6):
        if t == 3:
            state = ours.state_dict()
            saved = state["groups"][0]["states"][0]
            saved["squares"] += saved["mean"] ** 2
            del saved["centered"]
            old.data = new.data
            theirs.load_state_dict(state)
        for p, optimizer in ((new, ours), (old, theirs)):
            optimizer.zero_grad()
            p.grad = np.array([1.0, -2.0]) * (t + 1)
            optimizer.step()
    np.testing.assert_allclose(old.data, new.data, rtol=1e-12)


@every_variant
def test_float16_moves_as_float32_does(kind: str, options: dict[str, Any]) -> None:
    """Its state is kept in float32, where an eps of 1e-8 is not 0 and 300^2 is not infinite."""
    start = START.astype(np.float16)
    half, single = (nn.Parameter(start, dtype=dtype) for dtype in (np.float16, np.float32))
    optimizers = [getattr(nn, kind)([p], **options) for p in (half, single)]
    goal = (300 * GOAL).astype(np.float16)
    goal[0, 0] = 0
    for _ in range(3):
        half.data = single.data.astype(np.float16)  # rounded as often
        single.data = half.data.astype(np.float32)
        for p, optimizer in zip((half, single), optimizers):
            optimizer.zero_grad()
            p.grad = goal.astype(p.dtype)
            optimizer.step()
        assert half.dtype == np.float16
        np.testing.assert_array_equal(half.data, single.data.astype(np.float16))
    states = [optimizer.state_dict()["groups"][0]["states"][0] for optimizer in optimizers]
    for name, x in states[0].items():
        assert getattr(x, "dtype", np.float32) == np.float32
        np.testing.assert_array_equal(x, states[1][name])


def test_a_state_in_float16_is_loaded_in_float32() -> None:
    w = nn.Parameter([1.0, 2.0], dtype=np.float16)
    optimizer = nn.Adam([w])
    w.grad = np.array([0.5, -0.5], np.float16)
    optimizer.step()
    state = optimizer.state_dict()
    saved = state["groups"][0]["states"][0]
    saved |= {k: x.astype(np.float16) for k, x in saved.items() if isinstance(x, np.ndarray)}
    other = nn.Adam([w])
    other.load_state_dict(state)
    assert other.groups[0].states[0]["mean"].dtype == np.float32


CLIPPED = [
    (np.float32, [3e20, -4e20], 5e20),
    (np.float32, [3e38, -3e38, 3e38], 3e38 * math.sqrt(3)),
    (np.float32, [3e-25, 4e-25], 5e-25),
    (np.float16, [300.0, -400.0], 500.0),
    (np.float16, [60000.0, 60000.0], 60000 * math.sqrt(2)),
    (np.float64, [3e200, 4e200], 5e200),
    (np.float64, [3e-200, 4e-200], 5e-200),
]


@pytest.mark.parametrize(("dtype", "gradient", "wanted"), CLIPPED)
def test_norms_of_any_size(dtype: Any, gradient: list[float], wanted: float) -> None:
    one, parts = nn.Parameter(np.zeros(len(gradient)), dtype=dtype), []
    one.grad = np.array(gradient, dtype)
    for g in gradient:
        parts.append(nn.Parameter(0.0, dtype=dtype))
        parts[-1].grad = np.array(g, dtype)
    for parameters in (one, [one], parts):
        found = nn.clip_grad_norm_(parameters, math.inf)
        assert found == pytest.approx(wanted, rel=1e-3, abs=0.0)
        if wanted > 1:
            nn.clip_grad_norm_(parameters, 1.0)
            found = np.ravel(one.grad if parameters is not parts else [p.grad for p in parts])
            np.testing.assert_allclose(found, np.array(gradient) / wanted, rtol=2e-3)
            assert found.dtype == dtype
            one.grad = np.array(gradient, dtype)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0, 0.5, math.inf])
@pytest.mark.parametrize("size", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_norms_of_any_order(order: float, size: float) -> None:
    w = nn.Parameter(np.zeros(3))
    w.grad = np.array([1.0, -2.0, 3.0]) * size
    wanted = float(np.linalg.norm([1.0, 2.0, 3.0], order)) * size
    assert nn.clip_grad_norm_(w, math.inf, order) == pytest.approx(wanted, rel=1e-12, abs=0.0)


@pytest.mark.parametrize("order", [1e3, 1e4, 1e300])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_norms_of_high_order_are_close_to_the_largest_entry(order: float, dtype: Any) -> None:
    w = nn.Parameter(np.zeros(2), dtype=dtype)
    w.grad = np.array([1.5, -1.0], dtype)
    assert nn.clip_grad_norm_(w, math.inf, order) == pytest.approx(1.5, rel=1e-6)


def test_norms_of_high_order_of_small_numbers() -> None:
    w = nn.Parameter(np.zeros(2), dtype=np.float32)
    for order, size in ((4.0, 1e-11), (3.0, 1e-12), (8.0, 1e-5)):
        w.grad = np.array([3.0, 4.0], np.float32) * np.float32(size)
        wanted = (3.0**order + 4.0**order) ** (1 / order) * size
        found = nn.clip_grad_norm_(w, math.inf, order)
        assert found == pytest.approx(wanted, rel=1e-6, abs=0.0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("clip_value", [0, 1.5, np.float32(2), 1e6, 1e300, math.inf])
def test_values_are_clipped_in_every_dtype(dtype: Any, clip_value: float) -> None:
    w, v = nn.Parameter(np.zeros(4), dtype=dtype), Value(0.0)
    w.grad, v.grad = np.array([-3.0, 0.5, math.inf, math.nan], dtype), math.nan
    nn.clip_grad_value_([w, v], clip_value)
    c = min(float(clip_value), float(np.finfo(dtype).max))
    np.testing.assert_array_equal(w.grad, np.clip([-3.0, 0.5, math.inf, math.nan], -c, c))
    assert w.grad.dtype == dtype and math.isnan(v.grad)


@pytest.mark.parametrize("clip", [nn.clip_grad_norm_, nn.clip_grad_value_])
def test_clipping_takes_parameters_not_models(clip: Any) -> None:
    for model in (nn.Linear(2, 1), nn.Sequential(nn.Linear(2, 1)), nn.Linear):
        with pytest.raises(
            TypeError, match=r"(?s)parameters must be .*; pass model.parameters\(\)"
        ):
            clip(model, 1.0)
    with pytest.raises(TypeError, match=r"parameters\[0\] must be a Parameter"):
        clip([np.ones(2)], 1.0)
    w = nn.Parameter([1.0])
    w.grad = np.array([3.0])
    clip(w, 1.0)
    assert w.grad == pytest.approx([1.0], rel=1e-5)


def test_what_they_take_at_the_edge() -> None:
    w = Tensor([1.0], requires_grad=True)  # no Parameter, but a leaf
    w.grad = np.array([2.0])
    nn.Adam([w], lr=0.1, betas=(0.0, 0.0), eps=0.0).step()  # the sign of the gradient
    np.testing.assert_allclose(w.data, [0.9])


def test_the_base_class_moves_nothing() -> None:
    w = nn.Parameter([1.0])
    (w * 1).sum().backward()
    with pytest.raises(TypeError, match=r"Optimizer defines no update\(\)"):
        nn.Optimizer([w], lr=0.1).step()


class Signs(nn.Optimizer):
    """Steps against the sign of the gradient: in place, by a new array, or without saying so."""

    def __init__(self, parameters: Any, way: str) -> None:
        super().__init__(parameters, lr=0.5)
        self.way = way

    def update(self, p: Any, g: Any, state: Any, *args: Any, lr: float, **options: Any) -> Any:
        if self.way == "anew":
            return p - lr * np.sign(g)
        p -= lr * np.sign(g)
        return p if self.way == "in place" else None


@pytest.mark.parametrize("way", ["in place", "anew", "silently"])
def test_an_update_of_ones_own(way: str) -> None:
    w, a, idle = nn.Parameter([1.0, 2.0]), Value(3.0), Value(4.0)
    optimizer = Signs([w, a, idle], way)
    (loss := (w * w).sum() * a).backward()
    optimizer.step()
    assert (w.tolist(), a.data, idle.data) == ([0.5, 1.5], 2.5, 4.0)
    with pytest.raises(ValueError, match="changed in place"):
        loss.backward()


def test_a_net_frozen_before_is_fine_tuned() -> None:
    net = nn.MLP(2, [3, 1], rng=0)
    net[0].requires_grad_(False)
    before = net.state_dict()
    optimizer = nn.Adam(net.parameters(), lr=0.1)
    net(np.ones((4, 2), np.float32)).sum().backward()
    optimizer.step()
    moved = {name: bool((x != before[name]).any()) for name, x in net.state_dict().items()}
    assert moved == {"0.weight": False, "0.bias": False, "2.weight": True, "2.bias": True}
