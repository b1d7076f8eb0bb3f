"""What docs/numbers.md says of JAX: its slopes at kinks, ties and poles, row by row."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from libraries import in_jax, near
from test_numbers import LINES, OPTIONS, ROWS, SECANTS, Row, numbers

jax = pytest.importorskip("jax", reason="JAX, of the extra `peers`, is not installed")
jnp, nn = jax.numpy, jax.nn

DIFFERENT = {
    "hardtanh": lambda x, low=-1.0, high=1.0: (
        nn.hard_tanh(x) if (low, high) == (-1.0, 1.0) else nn.relu6(x)
    ),
    "erfc": jax.scipy.special.erfc,
    "erfinv": jax.scipy.special.erfinv,
    "lgamma": jax.scipy.special.gammaln,
    "digamma": jax.scipy.special.digamma,
    "logit": lambda x, *eps: jax.scipy.special.logit(jnp.clip(x, *eps, 0.9) if eps else x),
    "fix": jnp.trunc,
    "interp": lambda x, xp, fp: jnp.interp(x, jnp.array(xp, float), jnp.array(fp, float)),
    "relu6": nn.relu6,
    "celu": nn.celu,
    "mish": nn.mish,
    "hardsigmoid": nn.hard_sigmoid,
    "hardswish": nn.hard_swish,
    "linalg": jnp.linalg,
}
LOSSES = SimpleNamespace(l1_loss=lambda x, y: abs(x - jnp.array(y)).mean())


class Jax:
    """JAX under the names of `autograd`."""

    def __getattr__(self, name: str) -> Any:
        return DIFFERENT.get(name) or in_jax().names.get(name) or getattr(jnp, name)


# JAX has no losses but what one writes by hand, no lists beside arrays, and no secant and its kin.
BEYOND = ("nn.cross", "nn.losses.h", "nn.losses.b", "*[", "corrcoef", *OPTIONS, *SECANTS)
EDGES = [
    pytest.param(row, line.split("|")[-2], id=str(row))
    for row, line in zip(ROWS, LINES[2:], strict=True)
    if not any(part in row.expression for part in BEYOND)
]


def said(remark: str, who: str = "JAX") -> list[Any] | None:
    """The slopes that a remark says JAX has, or `JAX's value`, if it names these."""
    found = re.search(rf"{who}: ([^;]*?)(?: for all)?\s*(?:;|$)", remark)
    if found is None:
        return None
    return np.ravel(numbers(found[1])).tolist()


@pytest.mark.parametrize(("row", "remark"), EDGES)
def test_numbers_at_the_edge(row: Row, remark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are JAX's, up to the sign of a zero, unless the row says otherwise."""
    monkeypatch.setattr("test_numbers.ag", Jax())
    monkeypatch.setattr("test_numbers.nn", SimpleNamespace(losses=LOSSES))
    with in_jax().at_work(), np.errstate(all="ignore"):
        args = [jnp.array(x, float) for x in row.point]
        value, slopes = jax.value_and_grad(row.f, tuple(range(len(args))))(*args)
    found = np.concatenate([np.ravel(x) for x in slopes])
    ours = np.concatenate([np.ravel(x) for x in row.slopes])
    theirs = said(remark)
    (wanted,) = said(remark, "JAX's value") or [row.value]
    assert near(value, wanted), value
    assert near(found, ours) == (theirs is None), found
    if theirs is not None:
        assert near(found, theirs, rtol=1e-3), found  # four digits are said
