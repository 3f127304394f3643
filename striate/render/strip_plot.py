"""Many numbers a row, row under row: where most lie, and which stand apart."""

from __future__ import annotations

import io
from collections.abc import Sequence

from markupsafe import Markup

from striate.render.palette import BLUE, INK, LOOK, PALE, for_page
from striate.render.plot_axes import set_margins


def draw_strip_plot(
    rows: Sequence[tuple[str, Sequence[float]]],
    *,
    title: str,
    across: str,
    description: str = "",
) -> Markup:
    """Draw a strip of dots for each row, with a mark at the middle one, as an SVG text.

    Args:
        rows: (name, values from 0 up), drawn from the top down.
        title: what is drawn, in a few words.
        across: what the values are.
        description: what the drawing shows, for whoever cannot see it.

    >>> rows = [("conv1", [0.1, 0.2]), ("conv2", [0.3])]
    >>> svg = draw_strip_plot(rows, title="Moved", across="share")
    >>> svg.startswith("<svg"), svg.count("conv")
    (True, 2)
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(LOOK)
        figure = Figure(figsize=(5.0, 1.1 + 0.2 * max(3, len(rows))))
        axes = figure.add_subplot()
        axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
        axes.set_xlabel(across)
        axes.grid(axis="x", color=PALE, alpha=0.35, linewidth=0.6)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(length=0)
        axes.tick_params(axis="y", labelsize=9)
        for place, (_, values) in enumerate(rows):
            axes.plot(
                values, [place] * len(values), "o", color=BLUE, markersize=3, alpha=0.25, mew=0
            )
            middle = sorted(values)[len(values) // 2]
            axes.plot([middle, middle], [place - 0.35, place + 0.35], color=INK, linewidth=1.5)
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        set_margins(axes, above=6, label_size=9)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return for_page(out.getvalue(), title=title, description=description)
