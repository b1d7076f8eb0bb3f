"""Long runs: memory stays flat, and a hundred models at once get the same bits as one by one."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from test_faults import Figure, Program

import autograd as ag
import nn
from autograd import Tensor

# argv: what to do, and how often. With the collector off, reference counting alone frees memory.
SOAK = """
import gc, json, math, resource, sys, tempfile, tracemalloc
from collections import Counter
from pathlib import Path
import numpy as np
import autograd as ag, nn

gc.disable()
which, steps = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(0)
x, y = rng.normal(size=(64, 6)).astype(np.float32), rng.integers(0, 3, 64)

def trained(model, optimizer, inputs, labels):
    optimizer.zero_grad()
    loss = nn.cross_entropy(model(inputs), labels)
    loss.backward()
    nn.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss

def tensors():
    model = nn.MLP(6, [16, 3], dropout=0.2, rng=0)
    optimizer = nn.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)
    schedule = nn.ExponentialLR(optimizer, 0.9999)
    loader = nn.DataLoader(nn.Dataset(x, y), 16, shuffle=True, rng=0)
    while True:
        for batch, labels in loader:
            yield trained(model, optimizer, batch, labels)
            schedule.step()

def images():
    model = nn.Sequential(nn.Conv2d(1, 2, 3, rng=0), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Flatten(), nn.Linear(8, 3, rng=1))
    optimizer = nn.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    pictures = rng.random((8, 1, 6, 6), dtype=np.float32)
    while True:
        yield trained(model, optimizer, pictures, y[:8])

def scalars():
    model = nn.scalar.MLP(3, [4, 1], rng=0)
    optimizer = nn.Adam(model.parameters(), lr=1e-3)
    rows = x[:4, :3].tolist()
    while True:
        optimizer.zero_grad()
        loss = sum((model(row) - 1.0) ** 2 for row in rows)
        loss.backward()
        optimizer.step()
        yield loss

def compiled():
    model = nn.scalar.MLP(3, [4, 1], rng=0)
    optimizer = nn.SGD(model.parameters(), lr=1e-3)
    step = ag.compile(lambda a, b, c: (model([a, b, c]) - 1.0) ** 2)
    plain = ag.compile(lambda w, t: ag.tanh(w * t) - w)
    columns = [x[:, k].astype(float) for k in range(3)]
    while True:
        optimizer.zero_grad()
        step.backward(*columns)
        step.backward(0.1, 0.2, 0.3)
        optimizer.step()
        plain.value_and_grad(0.3, 0.4)
        yield plain.value_and_grad(columns[0], 0.4, reduce="mean")

def orders():
    while True:
        ag.grad(ag.grad(lambda t: ag.sin(t) * ag.exp(t)))(0.3)
        yield ag.hessian(lambda t: ag.sum(t**3))(np.array([1.0, 2.0]))

def modes():
    model = nn.MLP(6, [8, 3], dropout=0.2, rng=0)
    optimizer = nn.Adam(model.parameters(), lr=1e-3)
    while True:
        optimizer.zero_grad()
        with ag.scope("step"), ag.detect_anomaly():
            out = ag.checkpoint(lambda t: ag.tanh(t) * t)(model(x[:4]))
            nn.cross_entropy(out, y[:4]).backward()
        with ag.no_grad():
            model(x)
        try:
            with ag.detect_anomaly(), np.errstate(all="ignore"):
                ag.log(ag.sum(model(x[:2])) * 0.0)
        except ag.AnomalyError:
            pass
        try:
            model(x[:, :5])
        except ValueError:
            pass
        optimizer.step()
        yield None

def pictures():
    w, folder = ag.Value(0.3, label="w"), tempfile.TemporaryDirectory()
    page = Path(folder.name, "page.html")
    while True:
        with ag.scope("inside"):
            loss = ag.tanh(w * 2.0 + w) * w
        loss.backward()
        w.grad = None
        drawing = ag.draw(loss)
        drawing.svg, drawing.dot, drawing.text
        ag.explain(w, loss)
        ag.explore(loss, page)
        yield loss

def callbacks():
    while True:
        model = nn.MLP(6, [4, 3], dropout=0.1, rng=0)
        optimizer = nn.Adam(model.parameters())
        yield nn.fit(model, (x, y), loss=nn.cross_entropy, optimizer=optimizer, epochs=2, seed=0,
                     schedule=nn.CosineAnnealingLR(optimizer, 4), validation=(x, y), l1=1e-3,
                     callbacks=[nn.StopOnNaN(), nn.EarlyStopping(2), nn.GradientNorm(1.0)])

def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()

def counts():
    return Counter(type(thing).__name__ for thing in gc.get_objects())

print("ready", flush=True)
work = globals()[which]()
for _ in range(max(20, steps // 3)):  # caches fill up, and the lists of spare tuples
    next(work)

def measure():
    collected = gc.collect()  # which empties the interpreter's lists of spare tuples too
    return counts(), resident(), tracemalloc.get_traced_memory()[0], collected

measure()
before = measure()
for _ in range(steps // 2):
    next(work)
halfway = resident()
for _ in range(steps - steps // 2):
    next(work)
after = measure()
tracemalloc.start()
for _ in range(20):
    next(work)
first = measure()[2]
for _ in range(max(20, steps // 10)):
    next(work)
last = measure()
# What leaks grows all the time; one large page, of 2 MB, that Linux makes of many comes once.
grown = 2 * min(halfway - before[1], after[1] - halfway)
more = {name: n - before[0][name] for name, n in after[0].items() if n > before[0][name]}
print(json.dumps({"more": more, "collected": after[3] + last[3], "traced": last[2] - first,
                  "resident": grown}))
"""
WORK = {
    "tensors": 10_000, "images": 10_000, "scalars": 10_000, "compiled": 10_000, "orders": 10_000,
    "modes": 2_000, "pictures": 500, "callbacks": 500,
}  # fmt: skip
QUICK = ("tensors", "scalars", "compiled", "modes", "pictures")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc/self/statm is Linux's")
@pytest.mark.parametrize(
    ("which", "steps"),
    [
        *((which, max(20, WORK[which] // 50)) for which in QUICK),
        *(pytest.param(which, n, marks=pytest.mark.soak) for which, n in WORK.items()),
    ],
)
def test_memory_stays_flat(which: str, steps: int, figure: Figure) -> None:
    found = json.loads(Program(SOAK, which, steps).answer())
    assert found["collected"] == 0  # no cycles
    assert sum(found["more"].values()) < 20, found  # caches; not one per step
    assert found["traced"] < 2**15, found
    assert found["resident"] < 2**21, found
    figure(
        f"{steps} steps of {which}: {sum(found['more'].values())} more objects, "
        f"{max(found['resident'], 0) >> 10} kB more resident, no cycles"
    )


# --- many at once ---------------------------------------------------------------------------------

QUIET = ag.no_grad()  # one for all threads

shared = ag.compile(lambda w, b, x: (ag.tanh(w * x + b) - 0.5) ** 2 + 0.01 * w * w)


class Numbers:
    """A fingerprint of all numbers that come by."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def __call__(self, *numbers: Any) -> None:
        for x in numbers:
            self.digest.update(np.ascontiguousarray(x).tobytes())


def by_fit(seed: int, note: Numbers) -> None:
    nn.manual_seed(seed)  # for the weights, the dropout and the order alike
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(60, 5)).astype(np.float32), rng.integers(0, 3, 60)
    model = nn.MLP(5, [8, 3], dropout=0.2)
    optimizer = nn.AdamW(model.parameters(), lr=0.01)
    history = nn.fit(
        model, (x, y), loss=nn.cross_entropy, optimizer=optimizer, epochs=3, batch_size=7,
        validation=(x, y), schedule=nn.OneCycleLR(optimizer, 0.1, total_steps=27),
        callbacks=[nn.EarlyStopping(2), nn.StopOnNaN(), nn.GradientNorm(1.0)],
    )  # fmt: skip
    note(history.step_loss, *model.state_dict().values())


def by_hand(seed: int, note: Numbers) -> None:
    model = nn.scalar.MLP(2, [3, 1], rng=seed)
    optimizer = nn.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for step in range(10):
        optimizer.zero_grad()
        with ag.scope(f"step {step}"), ag.detect_anomaly():
            loss = sum((model([k * 0.1, seed * 0.01]) - 1.0) ** 2 for k in range(4))
        drawing = ag.draw(loss, depth=1) if step == 5 else None
        loss.backward()
        optimizer.step()
        note(loss.data, len(drawing.dot) if drawing else 0)
    note([p.data for p in model.parameters()])


def by_compiled(seed: int, note: Numbers) -> None:
    w, b, x = 0.1 * seed, -0.3, np.linspace(-1.0, 1.0, 5 + seed % 3)
    net = nn.scalar.MLP(2, [3, 1], rng=seed)
    own = ag.compile(lambda u, v: (net([u, v]) - 1.0) ** 2)
    for _ in range(20):
        value, (dw, db) = shared.value_and_grad(w, b, x, argnums=(0, 1), reduce="mean")
        other, slope = shared.value_and_grad(w, b, 0.3)
        w, b = w - 0.1 * dw - 0.01 * slope, b - 0.1 * db
        note(value, other, w, b)
    for _ in range(3):
        net.zero_grad()
        note(own.backward(x, x * 2.0), own.backward(0.1, seed * 0.1))
        note([p.grad for p in net.parameters()])


def by_parts(seed: int, note: Numbers) -> None:
    rng = np.random.default_rng(seed)
    w = Tensor(rng.normal(size=(3, 4)), requires_grad=True)
    for _ in range(10):
        x = rng.normal(size=(5, 3))
        hidden = ag.checkpoint(lambda w, x=x: ag.tanh(x @ w))(w)
        ag.mean(hidden * hidden).backward()
        with QUIET:
            assert not ag.is_grad_enabled()
            w -= 0.1 * w.grad
            note((w * w).data)
        assert ag.is_grad_enabled()
        w.grad = None
        note(ag.grad(ag.grad(lambda t: ag.sin(t) * t))(0.1 * seed))
        note(ag.hessian(lambda t: ag.sum(t**3))(w.numpy()[0]))


WAYS: list[Callable[[int, Numbers], None]] = [by_fit, by_hand, by_compiled, by_parts]


def trained(seed: int) -> str:
    """All numbers of a training, in few."""
    note = Numbers()
    WAYS[seed % len(WAYS)](seed, note)
    return note.digest.hexdigest()


@contextmanager
def switching(seconds: float) -> Iterator[None]:
    """Threads take turns as often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@pytest.mark.parametrize("models", [12, pytest.param(100, marks=pytest.mark.soak)])
def test_trained_at_once_equals_one_after_the_other(models: int, figure: Figure) -> None:
    ready = threading.Barrier(models)

    def begin(seed: int) -> str:
        ready.wait()
        return trained(seed)

    # The threads first: they meet what is compiled, imported and cached for the first time.
    with switching(1e-5), ThreadPoolExecutor(models) as threads:
        at_once = list(threads.map(begin, range(models)))
    assert at_once == [trained(seed) for seed in range(models)]
    assert len(set(at_once)) == models
    figure(f"{models} models trained in threads at once: the same bits as one after the other")


def test_one_switch_may_be_held_by_many() -> None:
    """`with QUIET` in many tasks and threads: each finds its own mode again."""

    async def task(k: int) -> None:
        for _ in range(5):
            with QUIET:
                await asyncio.sleep(0.0001 * k)
                assert not ag.is_grad_enabled()
            assert ag.is_grad_enabled()

    async def all_tasks() -> None:
        await asyncio.gather(*(task(k) for k in range(5)))

    def work(_: int) -> None:
        for _ in range(300):
            with QUIET, QUIET:
                assert not ag.is_grad_enabled()
            assert ag.is_grad_enabled()

    asyncio.run(all_tasks())
    with switching(1e-6), ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert not QUIET.tokens
