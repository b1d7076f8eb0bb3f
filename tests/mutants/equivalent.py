"""Mutants that change nothing, or nothing that a test could hold: by module and name, and why."""

from __future__ import annotations

EQUIVALENT: dict[str, dict[str, str]] = {
    module: {}
    for module in ("autograd.rules", "autograd.numerics", "autograd.backward", "nn.losses",
                   "nn.optim", "nn.schedule", "nn.init")
}  # fmt: skip
