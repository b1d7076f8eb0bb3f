"""Mutants that change nothing, or nothing that a test could hold: by module and name, and why."""

from __future__ import annotations

import numpy as np

FASTER = "a shorter way to the same numbers"
UNITS = "what the means are counted in cancels out"
SCRATCH = "the number of a scratch array may be any but 0"


def norm_of_nothing_is_known() -> bool:
    """Whether NumPy's largest entry of none is 0, as in newer versions, and not an error."""
    try:
        return float(np.linalg.norm([], np.inf)) == 0
    except ValueError:
        return False


EQUIVALENT: dict[str, dict[str, str]] = {
    "autograd.rules": {
        "_swap: transpose(x, axes=(*stack, columns, rows)) if stack else x.T"
        " -> transpose(x, axes=(*stack, columns, rows))": FASTER,
        "_einsum_vjp: part if shape == shape_of(part) else broadcast_to(part, shape=shape)"
        " -> broadcast_to(part, shape=shape)": FASTER,
        "_power_below: x if type(y) in (int, float) and y == 2 else pow(x, y - (y != 0))"
        " -> pow(x, y - (y != 0))": FASTER,
        "_cholesky_vjp: 1 -> 2": "the matrices are square",
        "_square_or_one: 1.0 -> 1.0 and a bit": "at the origin 0 is divided by it",
        **dict.fromkeys(
            (
                "maximum: x < y -> x <= y", "maximum: x > y -> x >= y",
                "minimum: x < y -> x <= y", "minimum: x > y -> x >= y",
            ),
            "ties are shared out before",
        ),
    },
    "autograd.numerics": {},
    "autograd.backward": {},
    "nn.losses": {
        "cross_entropy: abs(total - 1) > 0.001 -> abs(total - 1) >= 0.001":
            "no sum of floats is off by 0.001 exactly",
    },
    "nn.optim": {
        "Optimizer._step_values: idle and isinstance(x, np.ndarray) -> isinstance(x, np.ndarray)":
            "copies what is not put back",
        "SGD.update: 1 -> 2": SCRATCH,
        "Adagrad.update: 1 -> 2 (2)": SCRATCH,
        "RMSprop.update: 1 -> 2": SCRATCH,
        "Adam.update: 1 -> 2 (4)": SCRATCH,
        "Adam.update: 1 - keep -> 1 + keep": UNITS,
        "Adam.update: 1 - keep -> 1": UNITS,
        "Adam.update: 1 -> 2": UNITS,
        "Adam.update: 1 - keep_squares -> 1 + keep_squares": UNITS,
        "Adam.update: 1 - keep_squares -> 1": UNITS,
        "Adam.update: 1 -> 2 (2)": UNITS,
        "scaled: x if factor == 1 else np.multiply(x, factor, out=scratch)"
        " -> np.multiply(x, factor, out=scratch)": FASTER,
        **({
            "clip_grad_norm_: float(np.linalg.norm(norms, norm_type)) if norms else 0.0"
            " -> float(np.linalg.norm(norms, norm_type))": "here NumPy knows the norm of nothing",
        } if norm_of_nothing_is_known() else {}),
    },
    "nn.schedule": {},
    "nn.init": {},
}  # fmt: skip
