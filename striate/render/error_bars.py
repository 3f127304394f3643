"""Measured values with their intervals, a dot and its error bar a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from striate.render.palette import BLUE, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class ErrorBar:
    """One measured value.

    Attributes:
        label: stands beside it.
        middle: the value.
        low: lower end of its interval.
        high: upper end.
        said: the value in words, written above it.
        colour: as "#rrggbb".
        hollow: a mark beside the colour, for whoever sees none.
    """

    label: str
    middle: float
    low: float
    high: float
    said: str = ""
    colour: str = BLUE
    hollow: bool = False


def draw_error_bars(
    axes: Axes, rows: Sequence[ErrorBar], *, title: str, across: str, zero: bool = False
) -> None:
    """Draw values with their intervals into axes, the first one on top.

    Args:
        axes: matplotlib's.
        rows: the values.
        title: what is drawn.
        across: what the horizontal axis is, with its unit.
        zero: whether 0 is marked by a line and always in sight.
    """
    from matplotlib.ticker import MaxNLocator

    if zero:
        axes.axvline(0, color=PALE, linewidth=1.2, zorder=1)
    for place, row in enumerate(rows):
        axes.hlines(place, row.low, row.high, color=row.colour, linewidth=2)
        axes.vlines([row.low, row.high], place - 0.1, place + 0.1, color=row.colour, linewidth=2)
        axes.plot(
            row.middle,
            place,
            "o",
            color=row.colour,
            markerfacecolor="white" if row.hollow else row.colour,
            markeredgewidth=2,
            markersize=8,
        )
        axes.annotate(
            row.said, (row.middle, place), (0, 8), textcoords="offset points", ha="center",
            fontsize=10,
        )  # fmt: skip
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
    axes.set_xlabel(across)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.65)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="x", color=PALE, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
