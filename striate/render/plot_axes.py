"""The axes that a result draws itself into: the caller's, or those of a new figure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from striate.render.figure_files import WHITE
from striate.render.palette import LOOK

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
