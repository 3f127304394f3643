"""The line along which a map has a value, as the path of an SVG drawing."""

from __future__ import annotations

import numpy as np


def contour_path(values: np.ndarray, level: float) -> str:
    """Return where a map has a value, between its cells: "" where it has it nowhere.

    Args:
        values: float (rows, columns), the number of a cell at its middle: that of the first at
            0.5, 0.5.
        level: the value.

    Returns:
        The `d` of an SVG path, across and down in cells.

    >>> contour_path(np.array([[0.0, 0.0], [2.0, 2.0]]), 1.0)
    'M0.5 1L1.5 1'
    """
    from matplotlib.figure import Figure

    if min(values.shape) < 2 or not values.min() < level < values.max():
        return ""
    lines = Figure().add_subplot().contour(values, [level]).allsegs[0]
    return "".join(
        "M" + "L".join(f"{across + 0.5:.4g} {down + 0.5:.4g}" for across, down in line.tolist())
        for line in lines
        if len(line) > 1
    )
