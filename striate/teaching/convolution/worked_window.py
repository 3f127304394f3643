"""One value of a pooled map, calculated so that it can be followed with a pencil."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from striate.architecture.words import AvgPool, MaxPool
from striate.errors import SettingError
from striate.teaching.convolution.pooling import Pool, pool


@dataclass(frozen=True)
class WindowTerm:
    """One number under a pooling window.

    Attributes:
        row: of the number, counted from 0; outside the map where it is padding.
        column: likewise.
        value: the number; 0 outside the map.
        counted: whether it takes part: padding is never the largest, and behind the padding
            there is nothing.
        padding: whether it lies outside the map.
    """

    row: int
    column: int
    value: float
    counted: bool
    padding: bool


@dataclass(frozen=True)
class WorkedWindow:
    """How one value of a pooled map comes about.

    Attributes:
        row: of the value, counted from 0.
        column: likewise.
        kind: "max", "avg" or "sum".
        terms: rows of what lies under the window.
        count: how many of them take part.
        sum: of those.
        value: the largest, the mean or the sum of those.
    """

    row: int
    column: int
    kind: str
    terms: tuple[tuple[WindowTerm, ...], ...]
    count: int
    sum: float
    value: float


def work_window(values: np.ndarray, layer: Pool, row: int, column: int) -> WorkedWindow:
    """Return the whole calculation of one value of a pooled map.

    Args:
        values: float64 (rows, columns), the map before.
        layer: the word of the notation, ``maxpool``, ``avgpool`` or ``sumpool``.
        row: of the value, counted from 0.
        column: likewise.

    Raises:
        SettingError: the window does not fit, or the pooled map has no such place.

    >>> found = work_window(np.arange(9.0).reshape(3, 3), AvgPool((2, 2), ceil=True), 0, 1)
    >>> found.count, found.sum, found.value
    (2, 7.0, 3.5)
    >>> [[term.counted for term in row] for row in found.terms]
    [[True, False], [True, False]]
    """
    pooled = pool(values, layer)
    if not (0 <= row < pooled.shape[0] and 0 <= column < pooled.shape[1]):
        raise SettingError(
            f"the pooled map has no row {row}, column {column}; it has rows 0 to "
            f"{pooled.shape[0] - 1} and columns 0 to {pooled.shape[1] - 1}"
        )
    window = layer.window_on((1, *values.shape))
    if window is None:
        raise AssertionError("what was pooled has a window")
    (height, width), sides = values.shape, window.sides
    pads = isinstance(layer, AvgPool) and layer.countpad
    rows: list[tuple[WindowTerm, ...]] = []
    for i in range(window.kernel[0]):
        y = row * window.stride[0] - sides.top + i * window.dilation[0]
        terms = []
        for j in range(window.kernel[1]):
            x = column * window.stride[1] - sides.left + j * window.dilation[1]
            inside = 0 <= y < height and 0 <= x < width
            padded = y < height + sides.bottom and x < width + sides.right
            value = float(values[y, x]) if inside else 0.0
            terms.append(WindowTerm(y, x, value, inside or (pads and padded), not inside))
        rows.append(tuple(terms))
    counted = [term.value for line in rows for term in line if term.counted]
    kind = "max" if isinstance(layer, MaxPool) else "avg" if isinstance(layer, AvgPool) else "sum"
    value = float(pooled[row, column])
    return WorkedWindow(row, column, kind, tuple(rows), len(counted), sum(counted), value)
