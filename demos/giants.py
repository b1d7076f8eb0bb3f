"""Napkin maths for nets that no machine here could hold, on hardware as its makers state it."""

from __future__ import annotations

import math
from typing import NamedTuple

from demos.machine import Machine, duration, memory, quantity


class Hardware(NamedTuple):
    """Stated in data sheets: dense 16-bit products, main memory."""

    flops: float
    memory: float  # bytes
    bandwidth: float  # bytes/s


STATED = {
    "V100": Hardware(125e12, 32e9, 0.90e12),
    "A100": Hardware(312e12, 80e9, 2.04e12),
    "H100": Hardware(989e12, 80e9, 3.35e12),
    "H200": Hardware(989e12, 141e9, 4.80e12),
}
# For each parameter and token, two FLOPs forward and four backward (Kaplan et al. 2020, 2.1);
# two more where activations are computed again rather than kept, as nets of this size need it.
PER_TOKEN, PER_TOKEN_AGAIN = 6, 8
# Weights and gradients in 16 bits; weights and Adam's means in 32 (Rajbhandari et al. 2020, 3.1).
TRAINING_BYTES, WEIGHT_BYTES = 16, 2

GPT3, GPT3_TOKENS = 175e9, 300e9
GPT3_FLOPS = 3.14e23  # as published: Brown et al. 2020, table D.1
GPT3_DAYS = 34  # on 1024 A100 that reach 140 TFLOP/s: Narayanan et al. 2021, section 5.1


def report_giant(
    machine: Machine, params: float, tokens: float, devices: int, utilization: float
) -> None:
    """Print how long such a net would train, how much memory it needs, and how fast it writes."""
    flops = PER_TOKEN * params * tokens
    print(
        f"The same sums for {params:,.3g} parameters and {tokens:,.3g} tokens:\n"
        f"  products         {PER_TOKEN} FLOPs per parameter and token: {flops:.3g} FLOPs\n"
        f"  memory           {quantity(WEIGHT_BYTES * params, 'B')} of 16-bit weights; to train "
        f"them with Adam, {quantity(TRAINING_BYTES * params, 'B')} without activations"
    )
    here = Hardware(machine.peak, memory(), machine.memory_bandwidth)
    print(
        f"  {'hardware':18} {'FLOP/s':>12} {'memory':>8}  {'to hold it':>10}  {'to train it':>13}"
        "  a token written"
    )
    for name, hardware, count, reached in (
        ("this machine", here, 1, 1.0),
        *((f"{devices} x {name}", x, devices, utilization) for name, x in STATED.items()),
    ):
        time = PER_TOKEN_AGAIN * params * tokens / (hardware.flops * reached * count)
        held = TRAINING_BYTES * params / hardware.memory
        word = WEIGHT_BYTES * params / (hardware.bandwidth * count)
        print(
            f"  {name:18} {quantity(hardware.flops, ''):>12} {quantity(hardware.memory, 'B'):>8}"
            f"  {math.ceil(held):>10,}  {duration(time):>13}  {quantity(word, 's')}"
        )
    print(
        f"  (stated hardware reaches {utilization:.0%} of its FLOP/s; activations are computed "
        f"twice, {PER_TOKEN_AGAIN} FLOPs;\n  to write a token, all devices together read all "
        "weights once)"
    )
    if (params, tokens) == (GPT3, GPT3_TOKENS):
        days = PER_TOKEN_AGAIN * params * tokens / (1024 * 140e12) / 86400
        print(
            f"  published: {GPT3_FLOPS:.3g} FLOPs for GPT-3, prediction / published "
            f"{flops / GPT3_FLOPS:.2f}; {GPT3_DAYS} days\n  on 1024 A100 at 140 TFLOP/s each, "
            f"for which the sums say {days:.1f}, {days / GPT3_DAYS:.2f}"
        )
