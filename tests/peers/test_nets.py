"""Random nets, trained for many steps in PyTorch and here: the same weights all the way.

A net, its loss, optimizer and schedule are written once, as source that both libraries understand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from nn import optim, schedule

torch = pytest.importorskip("torch", reason="PyTorch, of the extra `peers`, is not installed")

BATCH, CLASSES = 6, 4
RTOL = 1e-8  # of the largest weight, after all steps
ACTIVATIONS = [
    "ReLU()", "Tanh()", "Sigmoid()", "GELU()", "GELU(approximate='tanh')", "SiLU()", "ELU(0.7)",
    "SELU()", "LeakyReLU(0.1)", "Softplus()", "Softsign()", "Hardtanh()", "LogSigmoid()",
    "ReLU6()", "CELU(0.5)", "Mish()", "Hardswish()", "Hardsigmoid()",
]  # fmt: skip
LOSSES = [
    "F.cross_entropy(out, labels)",
    "F.cross_entropy(out, labels, label_smoothing=0.1)",
    "F.cross_entropy(out, labels, weight=shares)",
    "F.cross_entropy(out, probabilities)",
    "F.nll_loss(log_softmax(out), labels)",
    "F.mse_loss(out, targets)",
    "F.l1_loss(out, targets)",
    "F.huber_loss(out, targets, delta=0.5)",
    "F.mse_loss(out, targets, reduction='sum')",
    "F.binary_cross_entropy_with_logits(out, probabilities)",
    "F.multi_margin_loss(out, labels, p=2, margin=0.5, weight=shares)",
    "F.margin_ranking_loss(out, targets, signs, margin=0.3)",
    "F.binary_cross_entropy_with_logits(out, probabilities, pos_weight=shares)",
]
OPTIMIZERS = [
    "SGD(groups, lr=0.05)",
    "SGD(groups, lr=0.02, momentum=0.9)",
    "SGD(groups, lr=0.02, momentum=0.8, nesterov=True, weight_decay=0.01)",
    "Adagrad(groups, lr=0.05, lr_decay=0.01, weight_decay=0.01)",
    "Adagrad(groups, lr=0.02, initial_accumulator_value=0.1)",
    "RMSprop(groups, lr=0.002)",
    "RMSprop(groups, lr=0.001, alpha=0.9, momentum=0.5, weight_decay=0.01)",
    "RMSprop(groups, lr=0.001, alpha=0.9, centered=True, eps=1e-3)",
    "Adam(groups, lr=0.005)",
    "Adam(groups, lr=0.005, betas=(0.8, 0.99), weight_decay=0.01, eps=1e-6)",
    "AdamW(groups, lr=0.005, weight_decay=0.1)",
]
SCHEDULES = [
    "StepLR(o, 20, 0.5)",
    "ExponentialLR(o, 0.99)",
    "LinearLR(o, 0.1, 1.0, 25)",
    "CosineAnnealingLR(o, 40, eta_min=1e-4)",
    "OneCycleLR(o, 0.02, total_steps=1000, cycle_momentum=False)",
    "SequentialLR(o, [LinearLR(o, 0.2, 1.0, 10), CosineAnnealingLR(o, 50)], [10])",
    "ReduceLROnPlateau(o, factor=0.5, patience=3)",
]


@pytest.fixture(scope="module")
def agreed(figure: Callable[[str], None]) -> Iterator[Counter[str]]:
    counts: Counter[str] = Counter()
    yield counts
    if counts:
        figure(f"random nets beside PyTorch: {counts['nets']}, {counts['steps']} steps, all agree")


def layers(rng: np.random.Generator) -> tuple[str, str]:
    """A net, and what it takes: "rows", "images" or "words"."""
    act = lambda: f"nn.{rng.choice(ACTIVATIONS)}"
    kind = str(rng.choice(["rows", "rows", "images", "words"]))
    parts: list[str] = []
    width = 5
    if kind == "words":
        parts, width = ["nn.Embedding(7, 3)", "nn.Flatten()"], 15
    if kind == "images":
        channels, bias = int(rng.integers(1, 4)), bool(rng.integers(2))
        pool = rng.choice(["MaxPool2d(2)", "AvgPool2d(2)", "MaxPool2d(3, 2)", "AvgPool2d(3, 2)"])
        # a bias before batch normalisation has a gradient of rounding errors, which Adam magnifies
        norm = [] if bias else [f"nn.BatchNorm2d({channels})"]
        parts = [f"nn.Conv2d(2, {channels}, 3, padding=1, bias={bias})", *norm, act()]
        parts += [f"nn.{pool}", "nn.Flatten()"]
        width = channels * (9 if "(2)" in pool else 4)
    for _ in range(int(rng.integers(1, 3))):
        before, width = width, int(rng.integers(3, 8))
        norm = str(rng.choice(["", f"nn.BatchNorm1d({width})", f"nn.LayerNorm({width})"]))
        parts.append(f"nn.Linear({before}, {width}, bias={'Batch' not in norm})")
        parts += [x for x in (norm, act()) if x]
    return f"nn.Sequential({', '.join([*parts, f'nn.Linear({width}, {CLASSES})'])})", kind


def in_float64(module: Any) -> None:
    for name, x in list(vars(module).items()):
        if isinstance(x, nn.Module):
            in_float64(x)
        elif isinstance(x, (nn.Parameter, nn.Buffer)) and x.data.dtype.kind == "f":
            setattr(module, name, type(x)(x.data.astype(float)))


class Training:
    """One library's net, optimizer and schedule."""

    def __init__(self, library: Any, code: dict[str, str], scheduled: bool) -> None:
        self.library, self.code = library, code
        ours = library is nn
        self.net = eval(code["net"], {"nn": nn if ours else torch.nn})
        if ours:
            in_float64(self.net)
        else:
            self.net.double()
        self.parameters = list(self.net.parameters())
        half = len(self.parameters) // 2
        self.groups = [
            {"params": self.parameters[:half]},
            {"params": self.parameters[half:], "lr": 0.01},
        ]
        self.optimizers = vars(optim if ours else torch.optim)
        self.schedules = vars(schedule if ours else torch.optim.lr_scheduler)
        self.scheduled = scheduled
        self.clip = nn.clip_grad_norm_ if ours else torch.nn.utils.clip_grad_norm_
        self.words: dict[str, Any] = {"F": nn.losses, "log_softmax": lambda x: ag.log_softmax(x, 1)}
        if not ours:
            self.words = {"F": torch.nn.functional, "log_softmax": lambda x: x.log_softmax(1)}

    def start(self) -> None:
        """Once the weights are what they should be."""
        self.optimizer = eval(self.code["optimizer"], {**self.optimizers, "groups": self.groups})
        self.schedule = None
        if self.scheduled:
            self.schedule = eval(self.code["schedule"], {**self.schedules, "o": self.optimizer})

    def step(self, x: Any, targets: dict[str, Any], clipped: bool) -> float:
        loss = eval(self.code["loss"], {**self.words, **targets, "out": self.net(x)})
        self.optimizer.zero_grad()
        loss.backward()
        if clipped:
            self.clip(self.parameters, 0.5)
        self.optimizer.step()
        if self.schedule:
            plateau = "Plateau" in self.code["schedule"]
            self.schedule.step(*([loss.item()] if plateau else []))
        return loss.item()

    def state(self) -> dict[str, Any]:
        return {name: np.asarray(x) for name, x in self.net.state_dict().items()}


def drawn_input(kind: str, rng: np.random.Generator) -> Any:
    if kind == "words":
        return rng.integers(7, size=(BATCH, 5))
    return rng.normal(size=(BATCH, 2, 6, 6) if kind == "images" else (BATCH, 5))


def drawn_targets(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "labels": rng.integers(CLASSES, size=BATCH),
        "probabilities": rng.dirichlet(np.ones(CLASSES), BATCH),
        "targets": rng.normal(size=(BATCH, CLASSES)),
        "signs": np.where(rng.random((BATCH, CLASSES)) > 0.5, 1.0, -1.0),
        "shares": rng.uniform(0.5, 2.0, CLASSES),
    }


def train_both(seed: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    net, kind = layers(rng)
    code = {"net": net, "loss": rng.choice(LOSSES), "optimizer": rng.choice(OPTIMIZERS)}
    code["schedule"] = rng.choice(SCHEDULES)
    scheduled, clipped = bool(rng.integers(2)), bool(rng.integers(2))
    nn.manual_seed(seed)
    ours = Training(nn, code, scheduled)
    theirs = Training(torch.nn, code, scheduled)
    missing = theirs.net.load_state_dict(
        {name: torch.from_numpy(np.array(x)) for name, x in ours.state().items()}
    )
    assert not missing.missing_keys and not missing.unexpected_keys
    ours.start()
    theirs.start()
    said = f"{code}\nscheduled={scheduled}, clipped={clipped}, seed {seed}"
    for t in range(steps):
        x, targets = drawn_input(kind, rng), drawn_targets(rng)
        loss = ours.step(x, targets, clipped)
        there = {name: torch.from_numpy(y) for name, y in targets.items()}
        wanted = theirs.step(torch.from_numpy(x), there, clipped)
        assert loss == pytest.approx(wanted, rel=RTOL, abs=RTOL), f"step {t} of {said}"
    for name, found in theirs.state().items():
        np.testing.assert_allclose(
            ours.state()[name], found, rtol=0, atol=RTOL * max(1.0, abs(found).max()),
            err_msg=f"{name} in {said}",
        )  # fmt: skip
    x = drawn_input(kind, rng)
    with torch.no_grad():
        wanted = theirs.net.eval()(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(ours.net.eval()(x).numpy(), wanted, rtol=1e-6, atol=1e-6)


def train_all(seeds: range, steps: int, agreed: Counter[str]) -> None:
    for seed in seeds:
        train_both(seed, steps)
        agreed.update(nets=1, steps=steps)


def test_a_dozen_nets(agreed: Counter[str]) -> None:
    train_all(range(12), 60, agreed)


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, 500, 50))
def test_hundreds_of_nets(start: int, agreed: Counter[str]) -> None:
    train_all(range(start, start + 50), 200, agreed)


# --- first weights --------------------------------------------------------------------------------

STARTS = [
    "nn.Linear(120, 90).weight",
    "nn.Linear(5, 9000).bias",
    "nn.Conv2d(6, 40, (5, 3)).weight",
    "nn.Embedding(300, 30).weight",
    "nn.init.normal_(nn.Linear(90, 100).weight, 1.0, 0.3)",
    "nn.init.uniform_(nn.Linear(90, 100).weight, -0.2, 0.7)",
    "nn.init.xavier_normal_(nn.Linear(90, 100).weight, 2.0)",
    "nn.init.xavier_uniform_(nn.Conv2d(6, 40, 5).weight)",
    "nn.init.kaiming_normal_(nn.Conv2d(6, 40, 5).weight, mode='fan_out', nonlinearity='relu')",
    "nn.init.kaiming_uniform_(nn.Linear(90, 100).weight, 0.3)",
    "nn.init.orthogonal_(nn.Linear(100, 90).weight, 1.5)",
]


@pytest.mark.parametrize("code", STARTS)
def test_first_weights_come_from_pytorchs_distribution(code: str) -> None:
    """By the largest distance of the two distribution functions (Kolmogorov & Smirnov): larger in
    one of a thousand pairs of samples of one distribution.
    """
    nn.manual_seed(0)
    torch.manual_seed(0)
    found, wanted = (
        np.sort(eval(code, {"nn": x}).detach().numpy(), axis=None) for x in (nn, torch.nn)
    )
    both = np.concatenate([found, wanted])
    below = [np.searchsorted(x, both, side="right") / x.size for x in (found, wanted)]
    assert np.abs(below[0] - below[1]).max() < 1.95 * np.sqrt(2 / found.size)
