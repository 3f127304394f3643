"""A line of characters turned level, and its characters upright.

The angle of the line is that of the direction in which its ink extends most; the slant of the
characters is the one without which their columns of ink stand out most, as by Vinciarelli and
Luettin, https://doi.org/10.1016/S0167-8655(01)00042-3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

LONG = 2.0  # times as long as high: the least of a line whose direction can be told
STEEPEST = 30.0  # degrees
LEVEL = 0.5  # degrees: what is not worth turning
SLANTS = np.linspace(-0.9, 0.9, 37)  # columns a row that characters lean by

Box = tuple[int, int, int, int]
"""Top, left, bottom and right of a part of an image, in its pixels; the last two are beyond it."""


@dataclass(frozen=True, eq=False)
class Straightened:
    """The ink of a line, level and upright.

    Attributes:
        values: float32 (rows, columns).
        matrix: float64 (2, 2) and
        offset: float64 (2,): a place (row, column) of the line is ``matrix @ place + offset`` in
            the scan.
        angle: degrees that the line rose by, counter-clockwise.
        slant: degrees that its characters leaned to the right.
    """

    values: np.ndarray
    matrix: np.ndarray
    offset: np.ndarray
    angle: float
    slant: float

    def in_scan(self, places: np.ndarray, shape: tuple[int, int]) -> Box:
        """Return the smallest box of the scan that holds some pixels of the line.

        Args:
            places: int (n, 2), rows and columns of the pixels.
            shape: rows and columns of the scan.
        """
        found = places @ self.matrix.T + self.offset
        low = np.clip(np.rint(found.min(0)), 0, shape)
        high = np.clip(np.rint(found.max(0)) + 1, 0, shape)
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def straighten(values: np.ndarray, mask: np.ndarray) -> tuple[Straightened, ...]:
    """Return a line of characters level: as they lean and, where they do, upright too.

    A 7 alone leans without being slanted, so that only the classifier can tell which is right.

    Args:
        values: float32 (rows, columns), the ink.
        mask: bool (rows, columns), the part of it that belongs to characters.
    """
    rows, columns = np.nonzero(mask)
    tangent = find_slope(rows, columns)
    cosine, sine = math.cos(math.atan(tangent)), math.sin(math.atan(tangent))
    # place in the scan of a place in the level line, about the origin
    turn = np.array([[cosine, -sine], [sine, cosine]])
    level = np.stack([rows, columns], 1) @ turn  # the inverse of a turn is its transpose
    slant = find_slant(level[:, 0], level[:, 1])
    return tuple(_transform(values, turn, tangent, each) for each in dict.fromkeys((0.0, slant)))


def _transform(values: np.ndarray, turn: np.ndarray, tangent: float, slant: float) -> Straightened:
    if tangent == 0 and slant == 0:
        return Straightened(values, np.eye(2), np.zeros(2), 0.0, 0.0)
    matrix = turn @ np.array([[1.0, 0.0], [-slant, 1.0]])
    corners = np.array([(r, c) for r in (0, values.shape[0]) for c in (0, values.shape[1])])
    placed = corners @ np.linalg.inv(matrix).T
    low = np.floor(placed.min(0))
    size = np.ceil(placed.max(0) - low).astype(int)
    offset = matrix @ low
    made = ndimage.affine_transform(
        values, matrix, offset, output_shape=tuple(size.tolist()), order=1, mode="constant"
    )
    return Straightened(
        made, matrix, offset, math.degrees(math.atan(tangent)), math.degrees(math.atan(slant))
    )


def find_slope(rows: np.ndarray, columns: np.ndarray) -> float:
    """Return by how many rows a column a line rises; 0 where it is too short to tell.

    >>> columns = np.arange(100)
    >>> round(find_slope(50 - columns // 10, columns), 2)
    0.1
    """
    if len(rows) < 2:
        return 0.0
    spread = np.cov(np.stack([rows, columns]).astype(np.float64))
    values, axes = np.linalg.eigh(spread)
    down, across = axes[:, -1]
    if values[1] < LONG**2 * values[0] or across == 0:
        return 0.0
    tangent = -down / across
    angle = math.degrees(math.atan(tangent))
    return float(tangent) if LEVEL < abs(angle) <= STEEPEST else 0.0


def find_slant(rows: np.ndarray, columns: np.ndarray) -> float:
    """Return by how many columns a row characters lean to the right.

    Of each slant the squares of the columns' ink are summed; they are largest where strokes stand
    upright, each in few columns.

    >>> rows = np.arange(40)
    >>> round(find_slant(rows, 60 - rows // 2), 2)
    0.5
    """
    if not len(rows):
        return 0.0
    sums = []
    for slant in SLANTS:
        upright = np.rint(columns + slant * rows).astype(np.int64)
        ink = np.bincount(upright - upright.min())
        sums.append(float(np.square(ink.astype(np.float64)).sum()))
    best = float(SLANTS[int(np.argmax(sums))])
    return best if abs(best) > 1e-9 else 0.0
