"""Schedules: PyTorch's numbers, side by side and one after the other, and where they continue."""

from __future__ import annotations

import copy
import json
import math
import pickle
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value
from nn import schedule
from nn.optim.schedule import (
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

LRS = (0.1, 0.04)
METRICS = [5, 4, 3, 3.0001, 3, 3, 2, 2, 2, 2, 2, 2, 1.9999, 3, 3, 3, 1, 1, 1, 0.9, 1, 1, 1,
           math.nan, math.nan, math.nan]  # fmt: skip

# A schedule over an optimizer o, how many steps, and the sum of all learning rates that PyTorch
# gives the two groups in them.
RECIPES = [
    ("StepLR(o, 3)", 11, 0.46662),
    ("StepLR(o, step_size=1, gamma=0.7)", 11, 0.4602073993062),
    ("ExponentialLR(o, gamma=0.8)", 20, 0.6935436395742),
    ("LinearLR(o)", 9, 1.12),
    ("LinearLR(o, start_factor=1, end_factor=0, total_iters=7)", 9, 0.56),
    ("CosineAnnealingLR(o, T_max=10)", 10, 0.77),
    ("CosineAnnealingLR(o, 6, eta_min=0.01)", 25, 2.191961524227),
    ("OneCycleLR(o, 0.5, total_steps=30)", 29, 14.680044),
    ("OneCycleLR(o, [0.5, 0.1], epochs=4, steps_per_epoch=6)", 23, 6.986932693478),
    ("OneCycleLR(o, 0.5, 30, pct_start=0.4, three_phase=True, anneal_strategy='linear')",
     29, 11.600016),
    ("OneCycleLR(o, 2.0, 20, None, None, 0.2, 'cos', True, 0.6, 0.9, 10.0, 100.0)", 19, 38.834),
    ("OneCycleLR(o, 1.0, total_steps=10, cycle_momentum=False)", 9, 9.120032),
    ("OneCycleLR(o, 1.0, total_steps=10, pct_start=0.0)", 9, 9.000044),
    ("ReduceLROnPlateau(o, patience=1)", 26, 0.75911409),
    ("ReduceLROnPlateau(o, mode='max', factor=0.5, patience=2)", 26, 0.9778125),
    ("ReduceLROnPlateau(o, 'min', 0.3, 0, 0.5, 'abs', min_lr=[0.01, 0.001])", 26, 0.84676),
    ("ReduceLROnPlateau(o, 'max', 0.1, 1, 0.5, 'abs', 0, 0.002, 1e-3)", 26, 0.536),
    ("ReduceLROnPlateau(o, patience=0, cooldown=3)", 26, 0.62223588),
    ("SequentialLR(o, [LinearLR(o, 0.1, 1, 4), CosineAnnealingLR(o, 10)], [4])", 14, 1.015),
    ("SequentialLR(o, [LinearLR(o, 0.5, 0.7, 2), ExponentialLR(o, 0.9), StepLR(o, 2)], [3, 8])",
     14, 1.136254),
]  # fmt: skip
recipes = pytest.mark.parametrize(("recipe", "steps"), [row[:2] for row in RECIPES])


def made(recipe: str, o: Any, schedules: Any = schedule) -> Any:
    """A schedule over the optimizer, of ours or of PyTorch's."""
    return eval(recipe, {**vars(schedules), "o": o})


def optimizer(kind: Any = nn.SGD, parameter: Any = nn.Parameter, **options: Any) -> Any:
    """Two groups with learning rates of their own."""
    groups = [{"params": [parameter(np.ones(1))], "lr": lr} for lr in LRS]
    return kind(groups, **options)


def options_of(optimizer: Any) -> list[Mapping[str, Any]]:
    """Of each group, ours or PyTorch's."""
    ours = isinstance(optimizer, nn.Optimizer)
    return [g.options for g in optimizer.groups] if ours else optimizer.param_groups


def advance(chosen: Any, t: int) -> None:
    """Step number t."""
    chosen.step(*([METRICS[t]] if type(chosen).__name__ == "ReduceLROnPlateau" else []))


def watched(chosen: Any, steps: int, name: str = "lr") -> list[list[Any]]:
    """An option of each group, at first and after each step."""
    seen = [[options[name] for options in options_of(chosen.optimizer)]]
    for t in range(steps):
        advance(chosen, t)
        seen.append([options[name] for options in options_of(chosen.optimizer)])
    return seen


def pytorchs(kind: str = "SGD", **options: Any) -> tuple[Any, Any]:
    """One of PyTorch's optimizers, and its schedules."""
    torch = pytest.importorskip("torch")
    warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step")
    warnings.filterwarnings("ignore", "The epoch parameter in `scheduler.step")
    parameter = lambda x: torch.nn.Parameter(torch.tensor(x))
    return optimizer(getattr(torch.optim, kind), parameter, **options), torch.optim.lr_scheduler


@pytest.mark.parametrize(("recipe", "steps", "wanted"), RECIPES)
def test_sums_of_learning_rates(recipe: str, steps: int, wanted: float) -> None:
    found = np.sum(watched(made(recipe, optimizer()), steps))
    assert found == pytest.approx(wanted, rel=1e-12)


@recipes
def test_numbers_are_pytorchs(recipe: str, steps: int) -> None:
    theirs, ours = made(recipe, *pytorchs()), made(recipe, optimizer())
    np.testing.assert_allclose(watched(ours, steps), watched(theirs, steps), rtol=1e-12, atol=1e-17)
    assert ours.get_last_lr() == [options["lr"] for options in options_of(ours.optimizer)]
    assert ours.last_epoch == steps


@pytest.mark.parametrize(
    ("recipe", "steps"), [row[:2] for row in RECIPES if row[0].startswith("OneCycle")]
)
@pytest.mark.parametrize(
    ("kind", "option"), [("SGD", "momentum"), ("RMSprop", "momentum"), ("AdamW", "betas")]
)
def test_momentum_cycles_as_pytorchs(recipe: str, steps: int, kind: str, option: str) -> None:
    theirs = made(recipe, *pytorchs(kind))
    ours = made(recipe, optimizer(getattr(nn, kind)))
    np.testing.assert_allclose(watched(ours, steps, option), watched(theirs, steps, option),
                               rtol=1e-12)  # fmt: skip


def test_one_cycles_corners() -> None:
    sgd = optimizer()
    cycle = OneCycleLR(sgd, max_lr=1.0, total_steps=11, pct_start=0.5, div_factor=10.0)
    seen = [first for first, _ in watched(cycle, 11)]
    assert seen[0] == pytest.approx(0.1) and max(seen) == pytest.approx(seen[5], rel=0.2)
    assert seen[10] == seen[11] == pytest.approx(0.1 / 1e4)
    with pytest.raises(ValueError, match="all 11 steps of OneCycleLR are done"):
        cycle.step()
    assert cycle.last_epoch == 11 and sgd.lr == seen[11]
    for pct in (0.0, 0.1, 1.0):  # the way up or down takes no step at all
        watched(OneCycleLR(optimizer(), 1.0, 10, pct_start=pct), 10)
        watched(OneCycleLR(optimizer(), 1.0, 10, pct_start=pct, three_phase=True), 10)
    watched(OneCycleLR(optimizer(), 1.0, 1), 1)


# --- together -------------------------------------------------------------------------------------


def lrs(chosen: Any) -> list[float]:
    return [options["lr"] for options in options_of(chosen.optimizer)]


@pytest.mark.parametrize(
    "pair",
    [("LinearLR(o, 0.2, total_iters=6)", "ExponentialLR(o, 0.9)"),
     ("ExponentialLR(o, 0.9)", "LinearLR(o, 0.2, total_iters=6)"),
     ("LinearLR(o, 0.2, total_iters=4)", "ReduceLROnPlateau(o, patience=1)")],
)  # fmt: skip
def test_side_by_side_as_in_pytorch(pair: tuple[str, str]) -> None:
    (o, schedules), p = pytorchs(), optimizer()
    theirs, ours = [made(one, o, schedules) for one in pair], [made(one, p) for one in pair]
    for t in range(len(METRICS)):
        for one in (*theirs, *ours):
            advance(one, t)
        np.testing.assert_allclose(lrs(ours[0]), lrs(theirs[0]), rtol=1e-12)


def test_a_learning_rate_changed_by_hand_stays_changed() -> None:
    for make in (lambda o: ExponentialLR(o, 0.5), lambda o: StepLR(o, 1, 0.5)):
        sgd = optimizer()
        chosen = make(sgd)
        chosen.step()
        sgd.lr = 1.0
        chosen.step()
        assert [group.options["lr"] for group in sgd.groups] == pytest.approx([0.5, 0.5])
    finished = CosineAnnealingLR(sgd := optimizer(), 2)
    watched(finished, 2)
    assert sgd.lr == 0.0
    sgd.lr = 0.3
    assert [lr for lr, _ in watched(StepLR(sgd, 1), 2)] == pytest.approx([0.3, 0.03, 0.003])


def test_a_learning_rate_of_zero_can_be_changed_by_hand() -> None:
    chosen = ExponentialLR(sgd := optimizer(), 0.0)
    chosen.step()
    assert sgd.lr == 0.0
    sgd.lr = 0.5
    chosen.step()
    assert sgd.lr == 0.0


@recipes
def test_a_restart_begins_anew(recipe: str, steps: int) -> None:
    chosen = made(recipe, optimizer(nn.Adam))
    first = watched(chosen, steps)
    chosen.restart()
    assert watched(chosen, steps) == first


def test_the_first_schedule_in_a_row_begins() -> None:
    sgd = optimizer()
    warm_up = LinearLR(sgd, 0.5, total_iters=1)
    then = OneCycleLR(sgd, 0.8, total_steps=4, cycle_momentum=False)
    chosen = SequentialLR(sgd, [warm_up, then], [1])
    alone = OneCycleLR(optimizer(), 0.8, total_steps=4, cycle_momentum=False)
    assert watched(chosen, 4) == [[lr / 2 for lr in LRS], *watched(alone, 3)]


def test_one_cycle_with_its_peak_at_the_end() -> None:
    for strategy in ("cos", "linear"):
        chosen = OneCycleLR(
            optimizer(), 0.5, 4, pct_start=1.0, anneal_strategy=strategy, cycle_momentum=False
        )
        *_, peak, after = [lr for lr, _ in watched(chosen, 4)]
        assert (peak, after) == pytest.approx((0.5, 0.5 / 25 / 1e4), rel=1e-12)


@pytest.mark.parametrize(
    ("mode", "threshold_mode", "bound"),
    [("min", "rel", 1.0), ("min", "abs", 1.5), ("max", "rel", 3.0), ("max", "abs", 2.5)],
)
def test_what_a_plateau_calls_better(mode: str, threshold_mode: str, bound: float) -> None:
    """More than half of the best, 2, or more than half."""
    further = -0.01 if mode == "min" else 0.01
    for metric, better in ((bound + further, True), (bound, False), (bound - further, False)):
        chosen = ReduceLROnPlateau(
            sgd := optimizer(), mode, 0.0, 0, threshold=0.5, threshold_mode=threshold_mode
        )
        chosen.step(2.0)
        chosen.step(metric)
        assert (sgd.lr == LRS[0], sgd.lr == 0.0) == (better, not better)


# Eight metrics, and the learning rate after them: from 0.1, with patience 2.
PLATEAUS = [
    ("min", [1.0] * 8, 0.001),
    ("min", [-1.0] * 8, 0.001),
    ("min", [0.0] * 8, 0.001),
    ("max", [1.0] * 8, 0.001),
    ("max", [-1.0] * 8, 0.001),
    ("max", [0.0] * 8, 0.001),
    ("min", [2.0, 1.0, 0.0, -1.0, -2.0, -3.0, -4.0, -5.0], 0.1),
    ("max", [-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0], 0.1),
    ("min", [-1.0, -1.00005, -1.00005, -1.00005, -1.0002, -1.0002, -1.0002, -1.0002], 0.001),
    ("min", [-1.0, -1.00005, -1.00005, -1.0002, -1.0002, -1.0002, -1.0004, -1.0], 0.1),
    ("max", [-1.0, -0.9998, -0.9996, -0.9994, -0.9992, -0.999, -0.9988, -0.9986], 0.1),
    ("min", [1.0, -1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0], 0.001),
    ("min", [math.nan] * 8, 0.001),
    ("min", [-1.0, math.nan, math.nan, -1.5, math.nan, math.nan, -2.0, math.nan], 0.1),
    ("min", [math.inf] * 8, 0.001),
    ("min", [-math.inf] * 8, 0.001),
    ("max", [math.inf] * 8, 0.001),
]


@pytest.mark.parametrize(("mode", "metrics", "wanted"), PLATEAUS)
@pytest.mark.parametrize("kind", [float, np.float32])
def test_a_plateau_of_any_sign(mode: str, metrics: list[float], wanted: float, kind: Any) -> None:
    sgd = nn.SGD([nn.Parameter([1.0])], lr=0.1)
    chosen = ReduceLROnPlateau(sgd, mode, patience=2)
    for metric in metrics:
        chosen.step(kind(metric))
    assert sgd.lr == pytest.approx(wanted, rel=1e-12)


def test_what_a_plateau_waits_for_unless_told() -> None:
    """PyTorch's defaults: more than ten steps without a ten-thousandth of progress."""
    chosen = ReduceLROnPlateau(sgd := optimizer())
    for metric in (1.0, *[0.99995] * 10):
        chosen.step(metric)
        assert sgd.lr == LRS[0]
    chosen.step(0.99985)  # progress, just in time
    for _ in range(10):
        chosen.step(0.99985)
        assert sgd.lr == LRS[0]
    chosen.step(0.99985)
    assert sgd.lr == pytest.approx(LRS[0] / 10, rel=1e-12)


def test_a_plateau_from_the_start_and_a_reduction_by_next_to_nothing() -> None:
    chosen = ReduceLROnPlateau(sgd := optimizer(), factor=0.5, patience=1, eps=LRS[0] / 2)
    for _ in range(3):
        assert [group.options["lr"] for group in sgd.groups] == list(LRS)
        chosen.step(math.nan)  # after two of them, LRS[0] / 2 is no more than eps
    assert chosen.num_bad_epochs == 1
    chosen = ReduceLROnPlateau(sgd := optimizer(), factor=0.5, patience=1)
    for _ in range(2):
        assert sgd.lr == LRS[0]
        chosen.step(math.inf)
        chosen.step(math.inf)
        assert sgd.lr == LRS[0] / 2
        chosen.restart()


# --- to continue ----------------------------------------------------------------------------------


@recipes
def test_continuing_from_a_state(recipe: str, steps: int) -> None:
    whole = made(recipe, optimizer(nn.Adam))
    watched(whole, steps)
    for stop in (0, 1, steps // 2, steps):
        first = made(recipe, optimizer(nn.Adam))
        for t in range(stop):
            advance(first, t)
        state = json.loads(json.dumps(first.state_dict()))
        again = made(recipe, optimizer(nn.Adam))
        again.load_state_dict(state)
        for other in (again, copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
            for t in range(stop, steps):
                advance(other, t)
            assert options_of(other.optimizer) == options_of(whole.optimizer)
            assert other.state_dict() == whole.state_dict()


def test_a_state_is_a_copy_and_is_checked() -> None:
    sgd = optimizer()
    chosen = ExponentialLR(sgd, 0.5)
    state = chosen.state_dict()
    chosen.base_lrs[0] = 7.0
    assert state == {"last_epoch": 0, "base_lrs": list(LRS)}
    chosen.load_state_dict(state)
    assert chosen.state_dict() == state and chosen.base_lrs is not state["base_lrs"]
    plateau = ReduceLROnPlateau(sgd)
    in_a_row = SequentialLR(sgd, [chosen, LinearLR(sgd)], [3])
    before, other = sgd.lr, {"last_epoch": 2, "base_lrs": [1.0, 1.0]}
    for target, wrong, message in (
        (chosen, {"last_epoch": 0}, "holds last_epoch, base_lrs, but this one last_epoch"),
        (chosen, {"last_epoch": 3, "base_lrs": [1.0]}, "1 groups .* has 2"),
        (plateau, state, "num_bad_epochs"),
        (in_a_row, state, "schedulers"),
        (in_a_row, {"last_epoch": 1, "schedulers": [state]}, "of 1 schedules, not 2"),
        (in_a_row, {"last_epoch": 1, "schedulers": [state, {}]}, "LinearLR"),
        (in_a_row, {"last_epoch": 1, "schedulers": [other, {}]}, "LinearLR"),
    ):
        held = target.state_dict()
        with pytest.raises(ValueError, match=message):
            target.load_state_dict(wrong)
        assert target.state_dict() == held and sgd.lr == before


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"base_lrs": 3}, TypeError),
        ({"base_lrs": None}, TypeError),
        ({"base_lrs": [0.1, "0.1"]}, TypeError),
        ({"base_lrs": [0.1, -1.0]}, ValueError),
        ({"last_epoch": 1.5}, TypeError),
        ({"best": "low"}, TypeError),
        ({"best": math.nan}, ValueError),
        ({"num_bad_epochs": 1.5}, TypeError),
        ({"cooldown_counter": -1}, ValueError),
    ],
    ids=str,
)
def test_what_is_in_a_state_is_checked_by_name(
    changes: dict[str, Any], error: type[Exception]
) -> None:
    plateau = ReduceLROnPlateau(optimizer())
    held = plateau.state_dict()
    with pytest.raises(error, match=rf"^{next(iter(changes))}(\[1\])? must be "):
        plateau.load_state_dict({**held, **changes})
    assert plateau.state_dict() == held


def test_the_states_of_schedules_in_a_row_are_a_list() -> None:
    sgd = optimizer()
    with pytest.raises(TypeError, match="schedulers must be a list of states, but got 3"):
        SequentialLR(sgd, [StepLR(sgd, 1)], []).load_state_dict({"last_epoch": 0, "schedulers": 3})


def test_a_step_that_fails_changes_nothing() -> None:
    class Odd(LRScheduler):
        broken, calls = False, 0

        def lr(self, base: float, t: int) -> float:
            self.calls += 1
            return math.nan if self.broken and self.calls % 2 == 0 else base / (1 + t)

    sgd = optimizer()
    odd = Odd(sgd)
    odd.step()
    sgd.lr, odd.broken = 0.3, True
    for _ in range(2):  # the learning rate of the second group is no number
        with pytest.raises(ValueError, match=r"the result of Odd.lr\(\) must be"):
            odd.step()
        assert odd.last_epoch == 1 and schedule.lrs_of(sgd) == [0.3, 0.3]
    odd.broken = False
    odd.step()
    assert odd.last_epoch == 2 and odd.get_last_lr() == pytest.approx([0.2, 0.2])


def test_a_schedule_of_ones_own() -> None:
    class Halving(LRScheduler):
        def lr(self, base: float, t: int) -> float:
            return base / 2**t

    assert [lr for lr, _ in watched(Halving(optimizer()), 2)] == [0.1, 0.05, 0.025]
    with pytest.raises(TypeError, match=r"LRScheduler defines no lr\(\)"):
        LRScheduler(optimizer())
    with pytest.raises(ValueError, match="one learning rate for each of 2 groups, but has 0"):
        Halving(optimizer(), [])


# --- what they refuse -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda o: StepLR(o, 0), ValueError, "step_size must be an integer >= 1"),
        (lambda o: CosineAnnealingLR(o, 2.5), TypeError, "T_max"),
        (lambda o: LinearLR(o, start_factor=0.0), ValueError, "start_factor must be a number > 0"),
        (lambda o: LinearLR(o, start_factor=1.5), ValueError, "<= 1, but got 1.5"),
        (lambda o: LinearLR(o, end_factor=1.5), ValueError, "<= 1, but got 1.5"),
        (lambda o: OneCycleLR(o, 1.0, steps_per_epoch=3), ValueError, "or both epochs"),
        (lambda o: OneCycleLR(o, 1.0, 10, pct_start=1.5), ValueError, "pct_start"),
        (lambda o: LinearLR(o, end_factor=2.0), ValueError, "end_factor must be"),
        (lambda o: OneCycleLR(o, 1.0), ValueError, "total_steps, or both epochs"),
        (lambda o: OneCycleLR(o, 1.0, epochs=3), ValueError, "total_steps, or both epochs"),
        (lambda o: OneCycleLR(o, 1.0, 10, pct_start=30), ValueError, "pct_start"),
        (lambda o: OneCycleLR(o, 1.0, 10, anneal_strategy="sin"), ValueError, "but got 'sin'"),
        (lambda o: OneCycleLR(o, [1.0], 10), ValueError, "max_lr has 1 numbers for 2 groups"),
        (lambda o: OneCycleLR(optimizer(nn.Adagrad), 1.0, 10), ValueError, "Adagrad has no"),
        (lambda o: ReduceLROnPlateau(o, factor=1.0), ValueError, "factor must be .* < 1"),
        (lambda o: ReduceLROnPlateau(o, mode="low"), ValueError, "but got 'low'"),
        (lambda o: ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "but got 'x'"),
        (lambda o: ReduceLROnPlateau(o, min_lr=[0.1]), ValueError, "min_lr has 1"),
        (lambda o: SequentialLR(o, [StepLR(o, 1)], [1]), ValueError, "one fewer than schedulers"),
        (lambda o: SequentialLR(o, [], []), ValueError, "one fewer than schedulers"),
        (lambda o: SequentialLR(o, [StepLR(o, 1)] * 2, [0]), ValueError, "be an integer >= 1"),
        (lambda o: SequentialLR(o, [StepLR(optimizer(), 1)], []), ValueError, "another optimizer"),
        (lambda o: SequentialLR(o, [ReduceLROnPlateau(o)], []), TypeError, "a metric at each step"),
    ],
)  # fmt: skip
def test_mistakes(make: Callable[[Any], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(optimizer())


def lr_of(optimizer: nn.SGD) -> Any:
    return optimizer.groups[0].options["lr"]


def test_a_plateau_begins_anew() -> None:
    """With the first learning rate, and nothing remembered of the metrics so far."""
    optimizer = nn.SGD([Value(1.0)], lr=1.0)
    plateau = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    for metric in (1.0, 2.0, 2.0, 2.0):
        plateau.step(metric)
    assert lr_of(optimizer) == 0.5 and plateau.num_bad_epochs == 1
    plateau.restart()
    assert lr_of(optimizer) == 1.0
    for metric in (3.0, 3.0):  # a new best, and one bad epoch
        plateau.step(metric)
    assert lr_of(optimizer) == 1.0
    plateau.step(3.0)
    assert lr_of(optimizer) == 0.5


def test_the_last_learning_rates_are_those_of_the_schedule_at_work() -> None:
    optimizer = nn.SGD([Value(1.0)], lr=1.0)
    schedule = SequentialLR(
        optimizer, [LinearLR(optimizer, 0.5, 1.0, 2), ExponentialLR(optimizer, 0.1)], [3]
    )
    seen = []
    for _ in range(6):
        assert schedule.get_last_lr() == [lr_of(optimizer)]
        seen.append(lr_of(optimizer))
        schedule.step()
    assert seen == pytest.approx([0.5, 0.75, 1.0, 1.0, 0.1, 0.01])
