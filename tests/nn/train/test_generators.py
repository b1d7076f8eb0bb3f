"""Random generators, wherever a training keeps them: resumed, it ends with the same bits."""

from __future__ import annotations

import itertools
import random
import sys
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache, partial, wraps
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nn
from nn.train.generators import Generators, generators_in
from nn.train.reachable import reachable

Kept = Callable[[], dict[str, Any]]

own_generator = np.random.default_rng(0)
own_random = random.Random(0)
helpers = ModuleType("helpers_of_this_test")
sys.modules[helpers.__name__] = helpers
holder: dict[str, Any] = {}
variable: ContextVar[Any] = ContextVar("generator")


def problem() -> nn.Dataset:
    rng = np.random.default_rng(0)
    return nn.Dataset(rng.normal(size=(20, 3)), rng.normal(size=(20, 2)))


class StopError(Exception):
    """Ends a training in the middle of an epoch."""


class StopAt(nn.Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, run: nn.train.run.Run) -> None:
        if len(run.history.step_loss) == self.step:
            raise StopError


def fit(path: Path | None = None, stop: int = 0, **options: Any) -> tuple[nn.History, list[bytes]]:
    """A training of 4 epochs of 2 steps, from the same start each time; its history and weights."""
    model = options.pop("model", None) or nn.MLP(3, [4, 2], dtype=float, rng=0)
    options["callbacks"] = [*options.get("callbacks", ()), StopAt(stop)]
    kind = options.pop("kind", nn.SGD)
    options = {
        "data": problem(), "epochs": 4, "seed": 0, "batch_size": 10, "loss": nn.mse_loss,
        "optimizer": kind(model.parameters(), lr=0.01), "checkpoint": path,
    } | options  # fmt: skip
    history = nn.fit(model, **options)
    return history, [x.tobytes() for x in model.state_dict().values()]


class Slotted:
    __slots__ = ("__private", "own")

    def __init__(self) -> None:
        self.own = np.random.default_rng(3)
        self.__private = np.random.default_rng(4)

    def __call__(self, x: Any, rng: Any) -> Any:
        return x * self.own.uniform(0.9, 1.1) * self.__private.uniform(0.9, 1.1)


class OnTheClass:
    own: Any

    def __call__(self, x: Any, rng: Any) -> Any:
        return x * self.own.uniform(0.9, 1.1)


class OnTheBase(OnTheClass):
    pass


class CachedScale:
    def __init__(self) -> None:
        self.draw = lru_cache(maxsize=None)(lambda i: own_generator.uniform(0.9, 1.1))

    def __call__(self, x: Any, rng: Any) -> Any:
        return x * self.draw(float(x.sum()))


class UsesTheGlobal:
    def __call__(self, x: Any, rng: Any) -> Any:
        return scaled_by_global(x, rng)

    @staticmethod
    def static(x: Any, rng: Any) -> Any:
        return scaled_by_global(x, rng)

    @classmethod
    def of_class(cls, x: Any, rng: Any) -> Any:
        return scaled_by_global(x, rng)

    @property
    def read(self) -> Any:
        return scaled_by_global(1.0, None)


def scaled_by_global(x: Any, rng: Any) -> Any:
    return x * own_generator.uniform(0.9, 1.1)


def scaled_by_inner_function(x: Any, rng: Any) -> Any:
    def inner() -> Any:
        return own_random.uniform(0.9, 1.1)

    return x * inner()


def scaled_by_module(x: Any, rng: Any) -> Any:
    return x * helpers.rng.uniform(0.9, 1.1)


def imports_helpers(x: Any, rng: Any) -> Any:
    import helpers_of_this_test

    return x * helpers_of_this_test.rng.uniform(0.9, 1.1)


def scaled_by_holder(x: Any, rng: Any) -> Any:
    return x * holder["own"].uniform(0.9, 1.1)


def scaled_by_context(x: Any, rng: Any) -> Any:
    return x * variable.get().uniform(0.9, 1.1)


def by(draw: Callable[[], Any]) -> Any:
    return lambda x, rng: x * (1 + 0.1 * draw())


def restart() -> None:
    """Start all that is global to this module anew, as another process would."""
    global own_generator, own_random
    own_generator, own_random = np.random.default_rng(5), random.Random(5)
    helpers.rng = np.random.default_rng(6)  # type: ignore[attr-defined]
    holder["own"] = np.random.RandomState(7)
    variable.set(np.random.default_rng(8))
    OnTheClass.own = np.random.default_rng(9)
    np.random.seed(10)
    random.seed(10)


def decorated(f: Any) -> Any:
    @wraps(f)
    def wrapper(x: Any, rng: Any) -> Any:
        return f(x, rng)

    return wrapper


class Noisy(nn.SGD):
    """An optimizer with a generator."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.own = np.random.default_rng(3)

    def update(self, p: Any, g: Any, *args: Any, **options: Any) -> Any:
        return super().update(p, g * self.own.uniform(0.9, 1.1), *args, **options)


class Jitter(nn.Callback):
    def __init__(self) -> None:
        self.own = random.Random(3)

    def on_backward_end(self, run: nn.train.run.Run) -> None:
        for p in run.optimizer.parameters():
            p.grad *= self.own.uniform(0.9, 1.1)


class NoisyLoss(nn.Module):
    def __init__(self) -> None:
        self.sources = {"a": [np.random.RandomState(3)]}

    def forward(self, out: Any, y: Any) -> Any:
        return nn.mse_loss(out * self.sources["a"][0].uniform(0.9, 1.1), y)


class NoisyNet(nn.Module):
    def __init__(self) -> None:
        self.inner = nn.MLP(3, [4, 2], dtype=float, rng=0)

    def forward(self, x: Any) -> Any:
        return self.inner(scaled_by_global(x, None)) if self.training else self.inner(x)


class Samples:
    """A data set that changes its samples at random."""

    def __init__(self) -> None:
        self.data, self.own = problem(), random.Random(3)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, i: int) -> Any:
        x, y = self.data[i]
        return x * self.own.uniform(0.9, 1.1), y


class Batches:
    """Batches in an order of their own."""

    def __init__(self) -> None:
        self.own = np.random.default_rng(3)

    def __iter__(self) -> Any:
        data = problem()
        order = self.own.permutation(20)
        return iter(
            [(data.x[order[:10]], data.y[order[:10]]), (data.x[order[10:]], data.y[order[10:]])]
        )


PLACES: dict[str, Kept] = {
    "RandomState": lambda: {"transform": by(np.random.RandomState(3).uniform)},
    "random.Random": lambda: {"transform": by(random.Random(3).random)},
    "Python's method": lambda: {"transform": by(partial(random.Random(3).uniform, 0, 1))},
    "bound method": lambda: {"transform": by(np.random.default_rng(3).random)},
    "BitGenerator": lambda: {
        "transform": by(partial(lambda bits: bits.random_raw() / 2**64, np.random.PCG64(3))),
    },
    "SeedSequence": lambda: {"transform": by(partial(
        lambda s: np.random.default_rng(s.spawn(1)[0]).random(), np.random.SeedSequence(3)))},
    "spawned generators": lambda: {"transform": by(partial(
        lambda r: r.spawn(1)[0].random(), np.random.default_rng(3)))},
    "slots": lambda: {"transform": Slotted()},
    "class attribute": lambda: {"transform": OnTheClass()},
    "inherited class attribute": lambda: {"transform": OnTheBase()},
    "set": lambda: {"transform": by(partial(
        lambda s: sum(r.random() for r in sorted(s, key=repr)), {np.random.default_rng(3)}))},
    "frozenset": lambda: {"transform": by(partial(
        lambda s: next(iter(s)).random(), frozenset({random.Random(3)})))},
    "deque": lambda: {"transform": by(partial(
        lambda d: d[0].random(), deque([np.random.default_rng(3)])))},
    "namespace": lambda: {"transform": by(partial(
        lambda n: n.rng.random(), SimpleNamespace(rng=np.random.default_rng(3))))},
    "array of objects": lambda: {"transform": by(partial(
        lambda a: a[0].random(), np.array([np.random.default_rng(3)], object)))},
    "global variable": lambda: {"transform": scaled_by_global},
    "global variable, in a method": lambda: {"transform": UsesTheGlobal()},
    "global variable, in a static method": lambda: {"transform": UsesTheGlobal.static},
    "global variable, in a class method": lambda: {"transform": UsesTheGlobal.of_class},
    "global variable, decorated": lambda: {"transform": decorated(scaled_by_global)},
    "global variable, in a cached function": lambda: {"transform": CachedScale()},
    "inner function": lambda: {"transform": scaled_by_inner_function},
    "module": lambda: {"transform": scaled_by_module},
    "module, imported in the function": lambda: {"transform": imports_helpers},
    "global dict": lambda: {"transform": scaled_by_holder},
    "context variable": lambda: {"transform": scaled_by_context},
    "numpy.random": lambda: {"transform": lambda x, rng: x * np.random.uniform(0.9, 1.1)},
    "random": lambda: {"transform": lambda x, rng: x * random.uniform(0.9, 1.1)},
    "loss": lambda: {"loss": NoisyLoss()},
    "loss, global": lambda: {"loss": lambda out, y: nn.mse_loss(scaled_by_global(out, 0), y)},
    "callback": lambda: {"callbacks": [Jitter()]},
    "optimizer": lambda: {"kind": Noisy},
    "model": lambda: {"model": NoisyNet()},
    "samples": lambda: {"data": Samples()},
    "batches": lambda: {"data": Batches(), "seed": None},
    "validation": lambda: {"validation": Samples()},
    "validation_transform": lambda: {
        "validation": problem(), "validation_transform": by(random.Random(3).random),
    },
}  # fmt: skip


@pytest.mark.parametrize("kept", PLACES.values(), ids=PLACES)
def test_a_resumed_training_draws_what_an_unbroken_one_draws(kept: Kept, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"

    def train(*args: Any, **options: Any) -> Any:
        restart()
        return fit(*args, **kept(), **options)

    whole = train()
    with pytest.raises(StopError):
        train(path, 5)
    assert train(path, resume=True) == whole
    assert whole != fit()  # it does draw


class Lazy:
    """A transform that makes its generator in its first call."""

    def __call__(self, x: Any, rng: Any) -> Any:
        if not hasattr(self, "own"):
            self.own = np.random.default_rng(3)
        return x * self.own.uniform(0.9, 1.1)


class Renewed:
    """A transform that has another generator in each epoch."""

    def __init__(self) -> None:
        self.own = np.random.default_rng(3)

    def __call__(self, x: Any, rng: Any) -> Any:
        self.own = np.random.default_rng(self.own.integers(1000))
        return x * self.own.uniform(0.9, 1.1)


def test_a_generator_that_is_made_during_training_is_named(tmp_path: Path) -> None:
    with pytest.warns(RuntimeWarning, match=r"made during .* transform\.own; make") as told:
        fit(tmp_path / "run.npz", transform=Lazy())
    assert len(told) == 1 and told[0].filename == __file__


def test_a_generator_that_is_replaced_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    with pytest.raises(StopError):
        fit(path, 5, transform=Renewed())
    assert fit(path, resume=True, transform=Renewed()) == fit(transform=Renewed())


def test_global_generators_that_a_training_does_not_use_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    restart()
    fit(path, epochs=2)
    assert nn.train.checkpoint.load_training(path)[1]["shared generators"] == {}
    wanted = np.random.random(), random.random()
    restart()
    fit(path, resume=True)
    assert (np.random.random(), random.random()) == wanted


def test_a_damaged_state_changes_no_generator(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    noise = by(np.random.random)
    fit(path, transform=noise, epochs=2)
    weights, state = nn.train.checkpoint.load_training(path)
    for wrong in ({"numpy.random": {"state": 3}}, {"random": "x"}, {"other": 3}, 3):
        changed = state | {"shared generators": wrong}
        nn.train.checkpoint.save_training(path, weights, changed)
        restart()
        before = repr(np.random.get_state()), random.getstate()
        with pytest.raises(ValueError, match="is the checkpoint of another training"):
            fit(path, resume=True, transform=noise)
        assert (repr(np.random.get_state()), random.getstate()) == before


def test_a_checkpoint_can_not_have_a_seed_sequence_spawn_for_hours(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    fit(path, epochs=1)
    weights, state = nn.train.checkpoint.load_training(path)
    state["generators"]["library.seed_seq"] = 10**15
    nn.train.checkpoint.save_training(path, weights, state)
    with pytest.raises(ValueError, match="a seed sequence has spawned 1000000000000000 children"):
        fit(path, resume=True)


def counting() -> Any:
    yield from itertools.count()


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (counting, "generator"),
        (lambda: itertools.cycle([1.0, 2.0]), "cycle"),
        (lambda: itertools.count(), "count"),
        (lambda: iter(range(1000)), "range_iterator"),
        (lambda: map(abs, range(1000)), "map"),
        (random.SystemRandom, "SystemRandom"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_can_not_be_saved_is_named(source: Any, name: str, tmp_path: Path) -> None:
    held = source()

    def transform(x: Any, rng: Any) -> Any:
        return x * (held.random() if isinstance(held, random.Random) else 1 + 0 * next(held))

    with pytest.warns(RuntimeWarning, match=rf"can't hold .* transform\.held \({name}\)"):
        fit(tmp_path / "run.npz", transform=transform)
    fit(transform=transform)  # nothing is saved: nothing to warn of


def test_the_step_at_which_training_stops_is_taken_back_with_global_generators() -> None:
    restart()
    drawn: list[float] = []

    def loss(out: Any, y: Any) -> Any:
        drawn.append(np.random.random())
        return nn.mse_loss(out, y) * (np.nan if len(drawn) > 2 else 1.0)

    with pytest.warns(RuntimeWarning, match="training stopped"):
        fit(loss=loss, callbacks=[nn.StopOnNaN()])
    assert np.random.random() == drawn[2] == drawn[3]


# --- the walk -------------------------------------------------------------------------------------


def test_each_generator_is_found_once_by_its_first_name() -> None:
    rng = np.random.default_rng(0)
    found, others = generators_in({"a": [rng, {"b": rng}], "c": rng})
    assert found == {"a.0": rng, "a.0.seed_seq": rng.bit_generator.seed_seq} and not others


def test_equal_sets_are_gone_through_in_one_order() -> None:
    def states() -> list[Any]:
        made = {np.random.default_rng(i) for i in range(8)} | {random.Random(i) for i in range(8)}
        return [repr(x) for x in Generators({"a": made}).states().items()]

    assert states() == states()


def test_circles_depth_and_size_end_the_walk() -> None:
    circle: list[Any] = []
    circle.append(circle)
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    long = [np.random.default_rng(0)] * 20_000  # data, which nobody looks through
    assert not generators_in({"circle": circle, "deep": deep, "long": long})[0]


def test_code_of_packages_is_not_searched() -> None:
    names = [name for name, _ in reachable({"f": np.linalg.norm, "g": nn.mse_loss})]
    assert len(names) < 40
    assert not generators_in({"f": nn.datasets.load, "m": np.random, "t": np.random.Generator})[0]


def test_a_variable_that_is_not_set_yet_is_nothing() -> None:
    def outer() -> Any:
        def inner() -> Any:
            return later

        if inner is None:
            later = 1
        return inner

    assert not generators_in({"f": outer()})[0]
