"""Lines over places that are not evenly apart, on a scale of powers of ten, as SVG."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from markupsafe import Markup

from striate.render.line_plot import Curve
from striate.render.palette import LOOK, PALE, for_page
from striate.render.plot_axes import set_margins


def draw_log_plot(
    lines: Sequence[Curve],
    places: Sequence[float],
    *,
    title: str,
    across: str,
    as_percent: bool = False,
    description: str = "",
) -> Markup:
    """Draw lines over given places, as an SVG text.

    Args:
        lines: one or more, each with a value a place; nan and, on the scale of powers of ten, what
            is not above 0 leave a gap.
        places: on the horizontal axis, rising.
        title: what is drawn, in a few words.
        across: what the horizontal axis is.
        as_percent: whether the values are shares, drawn from 0 to 100 %; else the vertical scale
            is of powers of ten.
        description: what the drawing shows, for whoever cannot see it.

    >>> svg = draw_log_plot([Curve("conv1", [1.0, 0.01])], [1, 4], title="Gradient", across="epoch")
    >>> svg.startswith("<svg"), svg.count("conv1")
    (True, 0)
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import (
        LogLocator,
        MaxNLocator,
        NullLocator,
        PercentFormatter,
        StrMethodFormatter,
    )

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(LOOK)
        figure = Figure(figsize=(5.0, 3.4))
        axes = figure.add_subplot()
        axes.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=12)
        axes.set_xlabel(across)
        axes.grid(axis="y", color=PALE, alpha=0.35, linewidth=0.6)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(length=0, which="both")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
        for line in lines:
            shown = [v if math.isfinite(v) and (as_percent or v > 0) else math.nan
                     for v in line.values]  # fmt: skip
            axes.plot(
                places,
                shown,
                label=line.label,
                color=line.colour,
                linewidth=2,
                linestyle=(0, (4, 2)) if line.dashed else "-",
                marker="o",
                markersize=4,
            )
        if as_percent:
            axes.set_ylim(-0.02, 1.02)
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %", decimals=0))
        else:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(numticks=6))
            # the usual one writes powers in TeX, which matplotlib is slow to parse
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.yaxis.set_minor_locator(NullLocator())  # they have neither length nor label
        if len(lines) > 1:
            axes.legend(frameon=False, loc="best", fontsize=10)
        set_margins(axes, above=12)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return for_page(out.getvalue(), title=title, description=description)
