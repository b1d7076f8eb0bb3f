"""Balls roll downhill: learning rates too low and too high, valleys, momentum, Adam.

Gradient descent moves a ball a step at a time, against the slope under it: p -= lr * slope. Three
landscapes show what becomes of that:

  valleys  x⁴/4 - x² + 0.4x, with a local minimum on the right and the lowest point on the left
  bowl     x² + y², where each step multiplies p by 1 - 2 lr: below 0 it overshoots, below -1 it
           climbs out
  ravine   (x² + 40 y²)/2, so steep across that the step along it has to be small; unless the ball
           has momentum, or, with Adam, a step size for each direction

With --lr, one more ball rolls in each landscape, by plain descent. With --out, the ways are written
as a picture, descent.png, and as a film, descent.gif.
"""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

import demos
import nn
from autograd import Value
from autograd.atomic_write import replacing
from nn import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point: TypeAlias = tuple[float, ...]
FAR = 20.0  # a ball that gets as far as this has left
NEAR = 0.05  # of a minimum counts as there


class Ball(NamedTuple):
    """Where one begins, and what moves it."""

    label: str
    start: Point
    optimizer: Callable[[list[Value]], nn.Optimizer]


class Landscape(NamedTuple):
    """A function to go down, and who tries to."""

    name: str
    formula: str
    height: Callable[..., Any]  # of one coordinate or two
    minimum: Point  # the lowest point
    local: Point | None  # another minimum
    view: tuple[float, ...]  # left, right, bottom, top
    balls: list[Ball]


Ways: TypeAlias = dict[str, dict[str, Any]]  # landscape, ball: its points (steps + 1, coordinates)


def valleys(x: Any) -> Any:
    return x**4 / 4 - x**2 + 0.4 * x


def bowl(x: Any, y: Any) -> Any:
    return x**2 + y**2


def ravine(x: Any, y: Any) -> Any:
    return (x**2 + 40 * y**2) / 2


def plain(lr: float) -> Callable[[list[Value]], nn.Optimizer]:
    return partial(nn.SGD, lr=lr)


def heavy(lr: float, momentum: float) -> Callable[[list[Value]], nn.Optimizer]:
    return partial(nn.SGD, lr=lr, momentum=momentum)


# Where the slope of `valleys`, x³ - 2x + 0.4, is 0: the lowest point, the ridge, the local minimum.
LOWEST, _, LOCAL = sorted(float(x.real) for x in np.roots([1.0, 0.0, -2.0, 0.4]))

LANDSCAPES = [
    Landscape(
        "valleys",
        "x⁴/4 - x² + 0.4x",
        valleys,
        (LOWEST,),
        (LOCAL,),
        (-2.4, 2.4, -2.2, 2.2),
        [
            Ball("lr 0.002, too low", (2.0,), plain(0.002)),
            Ball("lr 0.05", (2.0,), plain(0.05)),
            Ball("lr 0.5, too high", (2.0,), plain(0.5)),
            Ball("lr 0.05, momentum 0.9", (2.0,), heavy(0.05, 0.9)),
        ],
    ),
    Landscape(
        "bowl",
        "x² + y²",
        bowl,
        (0.0, 0.0),
        None,
        (-2.6, 2.6, -2.6, 2.6),
        [
            Ball("lr 0.005, too low", (-2.0, 1.5), plain(0.005)),
            Ball("lr 0.1", (-1.5, -2.0), plain(0.1)),
            Ball("lr 0.95, overshoots", (2.0, 1.5), plain(0.95)),
            Ball("lr 1.01, too high", (0.7, -0.9), plain(1.01)),
        ],
    ),
    Landscape(
        "ravine",
        "(x² + 40 y²)/2",
        ravine,
        (0.0, 0.0),
        None,
        (-4.4, 1.6, -1.6, 1.6),
        [
            Ball("descent, lr 0.045", (-4.0, 1.0), plain(0.045)),
            Ball("momentum 0.7, lr 0.045", (-4.0, 1.0), heavy(0.045, 0.7)),
            Ball("Adam, lr 0.3", (-4.0, 1.0), partial(nn.Adam, lr=0.3)),
        ],
    ),
]

# --- rolling --------------------------------------------------------------------------------------


def roll(height: Callable[..., Any], ball: Ball, steps: int) -> Any:
    """Where the ball is after each step: (steps + 1, coordinates), or fewer if it leaves."""
    point = [Value(x) for x in ball.start]
    optimizer = ball.optimizer(point)
    way = [ball.start]
    for _ in range(steps):
        optimizer.zero_grad()
        height(*point).backward()
        optimizer.step()
        way.append(tuple(p.data for p in point))
        if not math.dist(way[-1], (0.0,) * len(point)) < FAR:
            break
    return np.array(way)


def verdict(land: Landscape, way: Any) -> str:
    """What became of a ball."""
    last, before = way[-1], way[-2]
    if not np.linalg.norm(last) < FAR or np.linalg.norm(last) > np.linalg.norm(way[0]):
        return "further and further away"
    if math.dist(last, land.minimum) < NEAR:
        return "arrived"
    if land.local is not None and math.dist(last, land.local) < NEAR:
        return "in a local minimum, not the lowest"
    crossed = (last - land.minimum) * (before - land.minimum) < 0
    if crossed.any() and np.abs(last - before).max() > NEAR:
        return "still from side to side"
    return "still on the way"


def above(land: Landscape, way: Any) -> Any:
    """How high above the lowest point, after each step."""
    return land.height(*way.T) - land.height(*land.minimum)


# --- pictures -------------------------------------------------------------------------------------


def draw_ground(axes: Axes, land: Landscape) -> None:
    left, right, bottom, top = land.view
    x = np.linspace(left, right, 200)
    axes.set(
        xlim=(left, right), ylim=(bottom, top), xlabel="x", title=f"{land.name}: {land.formula}"
    )
    if len(land.minimum) == 1:
        axes.plot(x, land.height(x), color="#333333", lw=1.2)
        axes.set(ylabel="height")
        names = {"lowest point": land.minimum, "local minimum": land.local}
        for name, place in names.items():
            assert place is not None
            at = (place[0], land.height(*place))
            axes.annotate(name, at, (0, -16), textcoords="offset points", ha="center", fontsize=9)
    else:
        heights = land.height(*np.meshgrid(x, np.linspace(bottom, top, 200)))
        levels = np.quantile(heights, np.linspace(0.02, 0.95, 9))
        axes.contour(
            x, np.linspace(bottom, top, 200), heights, levels, colors="#bbbbbb", linewidths=0.8
        )
        axes.plot(*land.minimum, "+", color="#333333", markersize=11)
        axes.set(ylabel="y")


def on_ground(land: Landscape, way: Any) -> tuple[Any, Any]:
    """Points of a way in the picture: beside the height, where there is one coordinate."""
    return (way[:, 0], land.height(way[:, 0])) if way.shape[1] == 1 else (way[:, 0], way[:, 1])


def draw_ways(axes: Axes, land: Landscape, ways: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Each ball with its trail: the lines, to be moved."""
    lines = []
    for i, (label, way) in enumerate(ways.items()):
        color, marker = plots.COLOURS[i], plots.MARKERS[i]
        (trail,) = axes.plot(
            *on_ground(land, way), "-", color=color, marker=marker, markersize=3, lw=0.9, alpha=0.75
        )
        x, y = on_ground(land, way[-1:])
        (ball,) = axes.plot(
            x, y, marker, color=color, markersize=9, markeredgecolor="white", ls="", label=label
        )
        lines.append((trail, ball))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), fontsize=9, frameon=False)
    return lines


def picture(ways: Ways) -> Figure:
    """The ways over the ground, and below them how high the balls are after each step."""
    figure = plots.new_figure(13.5, 9)
    figure.suptitle("Gradient descent on three landscapes")
    grid = figure.subplots(2, len(LANDSCAPES), height_ratios=(1.25, 1))
    for land, (ground, curve) in zip(LANDSCAPES, grid.T, strict=True):
        draw_ground(ground, land)
        draw_ways(ground, land, ways[land.name])
        for i, (label, way) in enumerate(ways[land.name].items()):
            heights = np.maximum(above(land, way), 1e-12)
            mark = {"marker": plots.MARKERS[i], "markevery": 10, "markersize": 5}
            curve.semilogy(heights, color=plots.COLOURS[i], label=label, lw=1.5, **mark)
        curve.set(
            xlabel="step", ylabel="height above the lowest point", title=land.name, ylim=(1e-9, 1e3)
        )
        curve.grid(alpha=0.3)
    return figure


def film(ways: Ways, path: Path, frames: int = 81) -> None:
    """The balls rolling, as an animated GIF.

    Raises:
        ModuleNotFoundError: Pillow is not installed.
    """
    try:
        from PIL import Image  # optional
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "films need Pillow, which is not installed; pip install napkingrad[demos]",
            name=error.name,
        ) from None

    from matplotlib.backends.backend_agg import FigureCanvasAgg  # slow to import

    figure = plots.new_figure(12.5, 5.2)
    figure.set_dpi(72)
    canvas: Any = FigureCanvasAgg(figure)  # untyped
    title = figure.suptitle("Gradient descent")
    moving = []
    for land, axes in zip(LANDSCAPES, figure.subplots(1, len(LANDSCAPES)), strict=True):
        draw_ground(axes, land)
        for way, lines in zip(ways[land.name].values(), draw_ways(axes, land, ways[land.name])):
            moving.append((axes, land, way, lines))
    for artist in (title, *(line for *_, lines in moving for line in lines)):
        artist.set_animated(True)  # left out of the ground, which is drawn once
    canvas.draw()
    ground = canvas.copy_from_bbox(figure.bbox)

    def shot(step: int) -> Image.Image:
        canvas.restore_region(ground)
        title.set_text(f"Gradient descent, step {step}")
        figure.draw_artist(title)
        for axes, land, way, (trail, ball) in moving:
            trail.set_data(*on_ground(land, way[: step + 1]))
            ball.set_data(*on_ground(land, way[: step + 1][-1:]))
            axes.draw_artist(trail)
            axes.draw_artist(ball)
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])

    steps = max(len(way) for _, _, way, _ in moving) - 1
    colours = shot(steps).quantize(256, Image.Quantize.MAXCOVERAGE)  # the last picture has them all
    shots = [
        shot(step).quantize(palette=colours, dither=Image.Dither.NONE)
        for step in sorted({round(s) for s in np.linspace(0, steps, frames)})
    ]
    durations = [100] * (len(shots) - 1) + [2500]  # milliseconds
    with replacing(path) as file:
        shots[0].save(
            file, format="GIF", save_all=True, append_images=shots[1:], duration=durations, loop=0
        )


# --- the command ----------------------------------------------------------------------------------


def configure(parser: ArgumentParser) -> None:
    demos.add_epochs(parser, 80, "steps of each ball")
    parser.add_argument("--lr", type=demos.positive, help="learning rate of one more ball")
    demos.add_out(parser)


def balls_of(land: Landscape, lr: float | None) -> Sequence[Ball]:
    extra = [] if lr is None else [Ball(f"yours, lr {lr:g}", land.balls[0].start, plain(lr))]
    return [*land.balls, *extra]


def run(args: Namespace) -> None:
    ways: Ways = {}
    for land in LANDSCAPES:
        ways[land.name] = {
            ball.label: roll(land.height, ball, args.epochs) for ball in balls_of(land, args.lr)
        }
        print(f"{land.name}: {land.formula}")
        for label, way in ways[land.name].items():
            at = ", ".join(f"{x:.3g}" for x in way[-1])
            print(f"  {label:24} ({at}) after {len(way) - 1} steps: {verdict(land, way)}")
        print()
    if args.out:
        film(ways, args.out / "descent.gif")
        demos.save_pictures(args.out, {"descent": picture(ways)})
        print(f"film in {args.out}: descent.gif")
    land = LANDSCAPES[-1]
    heights = (f"{above(land, way)[-1]:.1e} ({label})" for label, way in ways[land.name].items())
    print(f"height above the lowest point of the ravine: {', '.join(heights)}")
