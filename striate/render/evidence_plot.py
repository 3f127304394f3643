"""The evidence for a map: the class while pixels go and come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from striate.render.figure_files import Still
from striate.render.palette import BLUE, ORANGE, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Orders:
    """One class's probability while pixels are moved in several orders.

    Attributes:
        title: what happens: "deletion".
        shares: of the pixels moved, 0 to 1.
        by_map: the probability after each share, in the order of the map.
        by_centre: from the middle outwards.
        by_chance: in random orders, one each.
    """

    title: str
    shares: Sequence[float]
    by_map: Sequence[float]
    by_centre: Sequence[float]
    by_chance: Sequence[Sequence[float]]


def removal_still(panels: Sequence[Orders], *, about: str) -> Still:
    """Draw deletion and insertion side by side, each beside orders that know nothing.

    The band is from the lowest to the highest random order; behind each name stands the area
    under its line.

    Args:
        panels: one or more; `striate.explanation.deletion_insertion.Removal` has what they take.
        about: the class, as it is to stand at the vertical axis.

    >>> flat = Orders("deletion", (0.0, 1.0), (1.0, 0.0), (1.0, 0.5), ((1.0, 0.8), (1.0, 0.9)))
    >>> removal_still([flat], about="cat").png(dpi=40)[1:4]
    b'PNG'
    """

    def draw(figure: Figure) -> None:
        every = np.atleast_1d(figure.subplots(1, len(panels), sharey=True))
        figure.set_layout_engine("constrained", wspace=0.08)
        for place, (axes, panel) in enumerate(zip(every, panels, strict=True)):
            _draw_orders(axes, panel)
            if place == 0:
                axes.set_ylabel(f"probability of {about}")

    return Still(draw, width=1.2 + 3.4 * len(panels), height=4.2)


def _draw_orders(axes: Axes, panel: Orders) -> None:
    from matplotlib.ticker import PercentFormatter

    shares = np.asarray(panel.shares)
    chance = np.asarray(panel.by_chance)
    axes.fill_between(shares, chance.min(0), chance.max(0), color=PALE, alpha=0.3, lw=0)
    for values, colour, name, style, thick in (
        (chance.mean(0), PALE, "random orders", (0, (1, 1.5)), 2.0),
        (np.asarray(panel.by_centre), BLUE, "from the middle", (0, (5, 2)), 1.8),
        (np.asarray(panel.by_map), ORANGE, "by the map", "-", 2.4),
    ):
        area = float(((values[1:] + values[:-1]) / 2) @ np.diff(shares))
        label = f"{name}: {area:.2f}"
        axes.plot(shares, values, color=colour, linestyle=style, linewidth=thick, label=label)
    axes.set_title(panel.title, loc="left", fontsize=12, fontweight="bold")
    axes.set_xlabel("pixels moved")
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0])
    axes.set_ylim(-0.02, max(0.1, float(max(chance.max(), *panel.by_map, *panel.by_centre))) * 1.04)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %", decimals=0))
    axes.grid(axis="y", color=PALE, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1],
        labels[::-1],
        title="area under the line",
        title_fontsize=9,
        fontsize=9,
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(0.0, -0.22),
        alignment="left",
    )
