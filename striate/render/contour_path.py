"""The line along which a map has a value: its points, and the path of an SVG drawing."""

from __future__ import annotations

import numpy as np


def contour_lines(values: np.ndarray, level: float) -> list[np.ndarray]:
    """Return where a map has a value, between its cells: nothing where it has it nowhere.

    Args:
        values: float (rows, columns), the number of a cell at its middle: that of the first at
            0.5, 0.5; NaN where there is none, at which lines end.
        level: the value.

    Returns:
        Of each line its points, float (points, 2): across and down, in cells.

    >>> contour_lines(np.array([[0.0, 0.0], [2.0, 2.0]]), 1.0)[0].tolist()
    [[0.0, 1.0], [0.5, 1.0], [1.5, 1.0], [2.0, 1.0]]
    """
    from matplotlib.figure import Figure

    known = values[~np.isnan(values)]
    if min(values.shape) < 2 or not known.size or not known.min() < level < known.max():
        return []
    wider = np.pad(values, 1, mode="edge")  # so that a line goes on to the outer edge
    lines = Figure().add_subplot().contour(wider, [level]).allsegs[0]
    ends = (values.shape[1], values.shape[0])
    return [np.clip(line - 0.5, 0, ends) for line in lines if len(line) > 1]


def contour_path(values: np.ndarray, level: float) -> str:
    """Return these lines as the `d` of an SVG path; "" where there is none.

    >>> contour_path(np.array([[0.0, 0.0], [2.0, 2.0]]), 1.0)
    'M0 1L0.5 1L1.5 1L2 1'
    """
    return "".join(
        "M" + "L".join(f"{x:.4g} {y:.4g}" for x, y in line.tolist())
        for line in contour_lines(values, level)
    )
