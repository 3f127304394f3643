"""Curves over counted steps, drawn by matplotlib."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from striate.render.palette import BLUE, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Curve:
    """One line of a chart.

    Attributes:
        label: stands in the legend.
        values: one a place on the horizontal axis; nan leaves a gap.
        colour: as "#rrggbb".
        dashed: a second mark beside the colour, for whoever sees no colours.
    """

    label: str
    values: Sequence[float]
    colour: str = BLUE
    dashed: bool = False


def draw_curves(
    axes: Axes,
    lines: Sequence[Curve],
    *,
    title: str,
    across: str,
    marked: int | None = None,
    as_percent: bool = False,
) -> None:
    """Draw lines over counted steps into axes; the arguments are those of `draw_line_plot`."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=20)
    axes.set_xlabel(across)
    axes.grid(axis="y", color=PALE, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    if as_percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    if marked is not None:
        axes.axvline(marked, color=PALE, linewidth=1.2, linestyle=(0, (1, 2)))
        above = axes.get_xaxis_transform()
        axes.text(marked, 1.02, "best", transform=above, ha="center", fontsize=10)
    for line in lines:
        steps = range(1, len(line.values) + 1)
        finite = [value if math.isfinite(value) else math.nan for value in line.values]
        axes.plot(
            steps,
            finite,
            label=line.label,
            color=line.colour,
            linewidth=2,
            linestyle=(0, (4, 2)) if line.dashed else "-",
            marker="o" if len(finite) <= 15 else None,
            markersize=4,
        )
        if marked is not None and 1 <= marked <= len(finite):
            axes.plot(marked, finite[marked - 1], "o", color=line.colour, markersize=8)
    longest = max((len(line.values) for line in lines), default=1)
    axes.set_xlim(0.7, max(longest, 1) + 0.3)
    if longest <= 6:
        axes.set_xticks(range(1, max(longest, 1) + 1))
    if not as_percent and min((v for line in lines for v in line.values), default=0) >= 0:
        axes.set_ylim(bottom=0)
    if as_percent and longest == 1:
        axes.set_ylim(0, 1.02)
    elif as_percent and max((v for line in lines for v in line.values), default=0) > 0.8:
        axes.set_ylim(top=1.02)
    if len(lines) > 1:
        axes.legend(frameon=False, loc="best")
