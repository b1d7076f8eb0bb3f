"""Pictures of napkin maths: the roofline of a machine, and what a training step consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from demos.machine import Machine, quantity
from demos.sums import FLOAT, Measured, Sums
from nn import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def roofline(
    machine: Machine, sums: list[Sums], measured: list[Measured], sizes: tuple[int, ...]
) -> Figure:
    """A machine's roofline with the steps below it, and what the steps consist of."""
    figure = plots.new_figure(11, 4.6)
    figure.suptitle(f"Napkin maths for {'-'.join(map(str, sizes))} on this machine")
    left, right = figure.subplots(1, 2)
    draw_roofline(left, machine, sums, measured)
    draw_times(right, sums, measured)
    return figure


def draw_roofline(axes: Axes, machine: Machine, sums: list[Sums], measured: list[Measured]) -> None:
    """Williams et al. 2009: no program is above what memory brings or arithmetic can do."""
    intensities = np.geomspace(0.3, 300, 200)
    for bandwidth, style, name in (
        (machine.cache_bandwidth, "--", "caches"),
        (machine.memory_bandwidth, "-", "memory"),
    ):
        axes.plot(
            intensities,
            np.minimum(machine.peak, bandwidth * intensities) / 1e9,
            style,
            color="#333333",
            label=f"roof: {quantity(bandwidth, 'B/s')} from {name}",
        )
    blue, orange, green, *_ = plots.COLOURS
    sides = np.array(list(machine.rates))
    axes.plot(
        2 * sides**3 / (3 * FLOAT * sides**2),
        np.array(list(machine.rates.values())) / 1e9,
        "o-",
        color=blue,
        linewidth=1,
        markersize=5,
        label=f"products, {sides[0]}² to {sides[-1]}²",
    )
    x = [s.flops / s.moved for s in sums]
    for seconds, marker, face, name in (
        ([s.seconds for s in sums], "s", "none", "predicted"),
        ([m.step for m in measured], "D", orange, "measured, by batch size"),
    ):
        y = [s.flops / t / 1e9 for s, t in zip(sums, seconds)]
        axes.scatter(
            x, y, s=60 if face == "none" else 26, marker=marker, facecolors=face,
            edgecolors=orange if face != "none" else green, linewidths=1.6, zorder=3,
            label=f"training steps, {name}",
        )  # fmt: skip
    for i, (s, m) in enumerate(zip(sums, measured)):
        axes.annotate(
            str(s.batch),
            (x[i], s.flops / m.step / 1e9),
            xytext=(0, -14 - 11 * (i % 2)),  # neighbours beside each other
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=8,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none"},
        )
    axes.set(
        title="Roofline", xscale="log", yscale="log",
        xlabel="arithmetic intensity (FLOP per byte moved)", ylabel="speed (GFLOP/s)",
    )  # fmt: skip
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")


def draw_times(axes: Axes, sums: list[Sums], measured: list[Measured]) -> None:
    """Per sample: what is paid once per step is shared by a batch."""
    bottom = np.zeros(len(sums))
    for name, part, colour, hatch in (
        ("matrix products", "products", plots.COLOURS[0], ""),
        ("passes through arrays", "passes", plots.COLOURS[4], "///"),
        ("bookkeeping in Python", "bookkeeping", plots.COLOURS[5], "..."),
    ):
        height = np.array([1e6 * getattr(s, part) / s.batch for s in sums])
        axes.bar(
            range(len(sums)), height, bottom=bottom, color=colour, hatch=hatch, edgecolor="white",
            width=0.6, label=f"predicted: {name}",
        )  # fmt: skip
        bottom += height
    found = [1e6 * m.step / s.batch for s, m in zip(sums, measured)]
    axes.plot(range(len(sums)), found, "D", color=plots.COLOURS[1], markersize=7, label="measured")
    for i, (s, m) in enumerate(zip(sums, measured)):
        axes.annotate(
            f"× {s.seconds / m.step:.2f}",
            (i, max(bottom[i], found[i])),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    axes.set_xticks(range(len(sums)), [str(s.batch) for s in sums])
    axes.set(
        title="A training step (× prediction / measurement)",
        xlabel="batch (samples)",
        ylabel="time per sample (µs)",
        ylim=(0, 1.2 * max(*bottom, *found)),
    )
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.legend(fontsize=8)
