"""The confusion matrix, drawn: true classes in rows, predicted classes in columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from striate.render.palette import BLUE, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_COUNTS = 20  # classes, above which the numbers would not be legible in their cells
MOST_NAMES = 60  # classes, above which not every one is named
LONGEST = 18  # letters of a class's name
CELL, FRAME, LARGEST = 0.42, 1.9, 12.0  # inches: a cell, what is around them, a side at most


def compute_matrix_size(names: Sequence[str]) -> tuple[float, float]:
    """Return the width and height in inches that suit a matrix of these classes.

    >>> compute_matrix_size(["cat", "dog"])
    (4.8, 4.2)
    """
    side = len(names) * (CELL if len(names) <= MOST_COUNTS else CELL / 2)
    letters = 0.09 * max(len(_shorten(name)) for name in names)
    return (
        round(min(LARGEST, max(4.8, side + letters + FRAME)), 2),
        round(min(LARGEST, max(4.2, side + letters + FRAME - 0.5)), 2),
    )


def draw_confusion_matrix(
    axes: Axes, counts: ArrayLike, names: Sequence[str], *, title: str = ""
) -> None:
    """Draw a confusion matrix into axes, each cell by its share of the row.

    The counts stand in the cells of up to 20 classes; a cell without an image stays empty.

    Args:
        axes: matplotlib's.
        counts: int (classes, classes), images by true class (rows) and answer (columns).
        names: of the classes.
        title: what is drawn.
    """
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    table = np.asarray(counts)
    rows = table.sum(axis=1, keepdims=True)
    shares = np.divide(table, rows, out=np.zeros(table.shape), where=rows > 0)
    colors = LinearSegmentedColormap.from_list("striate", ["#ffffff", BLUE])
    norm = PowerNorm(0.5, vmin=0, vmax=1)  # a share of 1 % is still told from none
    axes.imshow(shares, cmap=colors, norm=norm, interpolation="nearest")
    if len(names) <= MOST_COUNTS:
        for (row, column), count in np.ndenumerate(table):
            if count:
                color = "white" if shares[row, column] > 0.4 else INK
                axes.text(
                    column, row, f"{count:,}", ha="center", va="center", color=color, fontsize=9
                )
    step = -(-len(names) // MOST_NAMES)
    places = range(0, len(names), step)
    shown = [_shorten(names[place]) for place in places]
    turned = max(map(len, shown)) > 3
    axes.set_xticks(places, shown, rotation=90 if turned else 0, fontsize=9)
    axes.set_yticks(places, shown, fontsize=9)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#d9dde2", linewidth=0.6 if len(names) <= MOST_COUNTS else 0.2)
    axes.tick_params(which="minor", length=0)
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")


def _shorten(name: str) -> str:
    """Return a name in the length that fits, with dollar signs as they are written."""
    short = name if len(name) <= LONGEST else name[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return short.replace("$", r"\$")
