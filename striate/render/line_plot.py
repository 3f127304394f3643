"""Curves over counted steps, as SVG."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from striate.render.palette import BLUE, LOOK, PALE, for_page
from striate.render.plot_axes import set_margins

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


def draw_line_plot(
    lines: Sequence[Curve],
    *,
    title: str,
    across: str,
    marked: int | None = None,
    as_percent: bool = False,
    description: str = "",
) -> Markup:
    """Draw lines over counted steps, as an SVG text.

    Written for a width of 360 points, so that it is read without enlarging on a phone; its
    text stays text, and its colours follow the page's `--ink`, `--faint`, `--blue`,
    `--orange` and `--green` where the page defines them. matplotlib's settings are changed
    while it draws and put back, so draw from one thread at a time.

    Args:
        lines: one or more, each with a value a step, steps counted from 1.
        title: what is drawn, in a few words.
        across: what the horizontal axis counts, such as "epoch".
        marked: the step to mark as the best one.
        as_percent: whether the values are shares, 0 to 1, to be labelled in per cent; other
            values that are not negative are drawn from 0 up.
        description: what the drawing shows, for whoever cannot see it.

    >>> loss = Curve("loss", [2.0, 1.0, 0.5])
    >>> svg = draw_line_plot([loss], title="Loss", across="epoch", marked=3)
    >>> svg.startswith("<svg"), svg.endswith("</svg>")
    (True, True)
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(LOOK)
        figure = Figure(figsize=(5.0, 3.4))
        axes = figure.add_subplot()
        draw_curves(
            axes,
            lines,
            title=title,
            across=across,
            marked=marked,
            as_percent=as_percent,
        )
        set_margins(axes, above=20)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return for_page(out.getvalue(), title=title, description=description)


def draw_curves(
    axes: Axes,
    lines: Sequence[Curve],
    *,
    title: str,
    across: str,
    marked: int | None = None,
    as_percent: bool = False,
) -> None:
    """Draw lines over counted steps into axes; the arguments are those of `curves`."""
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
