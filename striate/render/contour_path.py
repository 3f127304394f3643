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
    'M0 1L0.5 1L1.5 1L2 1'
    """
    from matplotlib.figure import Figure

    if min(values.shape) < 2 or not values.min() < level < values.max():
        return ""
    wider = np.pad(values, 1, mode="edge")  # so that a line goes on to the outer edge
    lines = Figure().add_subplot().contour(wider, [level]).allsegs[0]
    ends = (values.shape[1], values.shape[0])
    return "".join(
        "M" + "L".join(f"{x:.4g} {y:.4g}" for x, y in np.clip(line - 0.5, 0, ends).tolist())
        for line in lines
        if len(line) > 1
    )
