"""The axes that a drawing stands in: the caller's, or those of a new figure, and their margins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from striate.render.figure_files import WHITE
from striate.render.palette import LOOK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDEST = 0.6  # of the figure: the room for labels at the left
LETTER = 0.64  # of the font's size: the width of a digit, and more


@contextmanager
def open_axes(ax: Axes | None, *, width: float, height: float) -> Iterator[Axes]:
    """Return the axes given, or those of a new figure that pyplot knows nothing of.

    What is drawn into a new figure looks as all drawings of Striate do; axes that are given keep
    the caller's matplotlib settings.

    Args:
        ax: matplotlib's, or None.
        width: of a new figure, inches.
        height: of a new figure, inches.

    >>> with open_axes(None, width=4, height=3) as axes:
    ...     _ = axes.set_title("accuracy")
    >>> axes.figure.get_size_inches().tolist()
    [4.0, 3.0]
    """
    if ax is not None:
        yield ax
        return
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(LOOK)
        mpl.rcParams.update(WHITE)
        # not pyplot's figure, which would stay in its memory until it is closed
        yield Figure(figsize=(width, height), layout="constrained").add_subplot()


def set_margins(axes: Axes, *, above: float, label_size: float = 11.0) -> None:
    """Give axes alone in their figure the room that labels, title and axis name take, by counting.

    matplotlib's constrained layout measures every text twice, which takes as long as drawing; and
    it measures in its own font, where a page has another.

    Args:
        axes: drawn, with a title of 12 points at most and one line below, in a figure that has no
            layout engine.
        above: points between the axes and their title.
        label_size: of the labels at the left, in points.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure(figsize=(4, 3)).add_subplot()
    >>> set_margins(axes, above=6)  # 0.0 to 1.0 at the left
    >>> round(float(axes.get_position().x0) * 4, 2)
    0.41
    """
    figure, axis = axes.get_figure(root=True), axes.yaxis
    if figure is None:
        raise ValueError("the axes stand in no figure")
    low, high = sorted(axes.get_ylim())
    places = [place for place in axis.get_majorticklocs() if low <= place <= high]
    longest = max(map(len, axis.get_major_formatter().format_ticks(places)), default=0)
    width, height = figure.get_size_inches()
    figure.subplots_adjust(
        left=min(WIDEST, (0.12 + longest * LETTER * label_size / 72) / width),
        right=1 - 0.2 / width,
        bottom=0.52 / height,
        top=1 - (0.22 + above / 72) / height,
    )
