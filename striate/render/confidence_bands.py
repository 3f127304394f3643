"""Measured lines with the bands of their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from striate.render.palette import BLUE, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Band:
    """One measured line.

    Attributes:
        label: stands in the legend.
        across: places on the horizontal axis.
        middle: the values, shares from 0 to 1.
        low: lower ends of their intervals; nan where there are none.
        high: upper ends.
        colour: as "#rrggbb".
        mark: matplotlib's marker, beside the colour for whoever sees none.
    """

    label: str
    across: Sequence[float]
    middle: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    colour: str = BLUE
    mark: str = "o"


def draw_bands(axes: Axes, bands: Sequence[Band], *, title: str, across: str) -> None:
    """Draw lines of shares with their intervals into axes, the vertical axis in per cent.

    Args:
        axes: matplotlib's.
        bands: the lines.
        title: what is drawn.
        across: what the horizontal axis is.
    """
    from matplotlib.ticker import PercentFormatter

    for band in bands:
        axes.fill_between(band.across, band.low, band.high, color=band.colour, alpha=0.2, lw=0)
        axes.plot(
            band.across,
            band.middle,
            color=band.colour,
            marker=band.mark,
            markersize=5,
            linewidth=1.8,
            label=band.label,
        )
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
    axes.set_xlabel(across)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.grid(axis="y", color=PALE, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    if len(bands) > 1:
        axes.legend(frameon=False)
