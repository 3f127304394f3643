"""What the images of several experiments have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from striate.evaluation.metrics.student_t import FEWEST, compute_mean
from striate.render import BLUE, GREEN, INK, ORANGE, PALE
from striate.render.confidence_bands import Band
from striate.render.palette import PINK
from striate.teaching.experiments.experiment_result import Measure, Point
from striate.terminal.units import format_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line = tuple[str, str]
LINES: tuple[Line, ...] = (
    (ORANGE, "s"),
    (BLUE, "o"),
    (GREEN, "^"),
    (PINK, "D"),
    (INK, "v"),
)
"""Colour and mark, in the order of networks."""

FLOOR = 1e-15  # what smaller numbers are drawn as where the axis is logarithmic


def make_band(label: str, points: Sequence[Point], line: Line) -> Band:
    """Return a line of points."""
    return Band(
        label,
        [point.across for point in points],
        [point.accuracy.mean for point in points],
        [point.accuracy.ends[0] for point in points],
        [point.accuracy.ends[1] for point in points],
        *line,
    )


def draw_dots(axes: Axes, points: Sequence[Point], lines: Sequence[Line]) -> None:
    """Draw accuracies with their intervals below each other, each with its number above it."""
    for place, (point, (colour, mark)) in enumerate(zip(points, lines, strict=True)):
        mean, (low, high) = point.accuracy.mean, point.accuracy.ends
        if low < high:
            ends = [[mean - low], [high - mean]]
            axes.errorbar(mean, place, xerr=ends, color=colour, capsize=3, linewidth=1.6)
        axes.plot(mean, place, mark, color=colour, markersize=6)
        axes.annotate(
            format_percent(mean),
            (mean, place),
            (0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    axes.set_ylim(len(points) - 0.5, -0.75)
    axes.set_xlim(-0.08, 1.12)
    axes.set_xticks([0, 0.5, 1], ["0", "50", "100 %"], fontsize=9)
    axes.set_yticks(range(len(points)), [point.network for point in points], fontsize=10)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)


def draw_layers(
    axes: Axes, groups: Sequence[tuple[str, Sequence[Measure], Line]], title: str
) -> None:
    """Draw what was measured layer by layer, on a logarithmic axis.

    Args:
        axes: matplotlib's.
        groups: the name of each line, its measures and its look.
        title: what is drawn.
    """
    for label, measures, (colour, mark) in groups:
        logs = [
            compute_mean([math.log10(max(value, FLOOR)) for value in each.values])
            for each in measures
        ]
        at = [each.across for each in measures]
        axes.plot(
            at,
            [10**each.mean for each in logs],
            color=colour,
            marker=mark,
            markersize=4,
            label=label,
        )
        if logs and logs[0].n >= FEWEST:
            low, high = ([10 ** getattr(each, end) for each in logs] for end in ("low", "high"))
            axes.fill_between(at, low, high, color=colour, alpha=0.2, lw=0)
    axes.set_yscale("log")
    layers = len(groups[0][1])
    axes.set_xticks([1, *range(4, layers, 4), layers])
    set_title(axes, title)
    axes.set_xlabel("layer", fontsize=9)
    axes.grid(axis="y", color=PALE, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0, which="both", labelsize=9)


def set_title(axes: Axes, title: str) -> None:
    """Give a panel its title."""
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")


def put_legend_below(figure: Figure, axes: Axes, columns: int) -> None:
    """Explain the lines of some axes once, below all of them."""
    handles, labels = axes.get_legend_handles_labels()
    if (legend := axes.get_legend()) is not None:
        legend.remove()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        fontsize=9,
        columnspacing=1.4,
    )


def show_image(axes: Axes, image: np.ndarray) -> None:
    """Show an image (rows, columns, channels), pixel by pixel, without axes."""
    flat = image[:, :, 0] if image.shape[2] == 1 else image
    axes.imshow(flat, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=PALE, linewidth=0.6)
