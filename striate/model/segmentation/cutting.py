"""Where characters that touch may be cut: paths from top to bottom that cross little ink.

Each path goes down a row at a time and may move one column to either side, so that it follows
strokes that lean; the cheapest near each column is found by dynamic programming, as seams of seam
carving are (https://doi.org/10.1145/1275808.1276390).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from striate.model.segmentation.components import Piece

# as shares of the height of the line's characters
STEP = 0.04  # between the columns that paths are sought near
REACH = 0.1  # that a path may leave its column by
APART = 0.08  # the least between two paths, and between a path and the rim
NARROW = 0.45  # a piece of no more is not cut
SIDEWAYS = 0.05  # what moving to a side costs, in pixels of ink


@dataclass(frozen=True, eq=False)
class Atom:
    """A part of a piece between two paths, or all of one.

    Attributes:
        piece: its ink, where it is.
        whole: columns of the piece that it is a part of.
        cut: the ink, in pixels, that the path to its left crosses; None where a piece begins.
    """

    piece: Piece
    whole: int
    cut: float | None


def cut_piece(piece: Piece, values: np.ndarray, height: float) -> list[Atom]:
    """Return the parts of a piece, from left to right, that characters can be made of.

    Args:
        piece: connected ink.
        values: float32 (rows, columns), the ink of the whole line.
        height: of the line's characters, in pixels.

    >>> ink = np.zeros((20, 41), bool)
    >>> ink[:, 2:6] = ink[:, 35:39] = ink[10, 6:35] = True
    >>> parts = cut_piece(Piece((0, 0, 20, 41), ink), ink.astype(np.float32), 20)
    >>> max(part.cut for part in parts if part.cut is not None)
    1.0
    """
    if piece.width <= NARROW * height:
        return [Atom(piece, piece.width, None)]
    top, left, bottom, right = piece.box
    cost = np.where(piece.ink, values[top:bottom, left:right], 0.0)
    paths, costs = find_paths(cost, height)
    kept: list[int] = []
    for number in np.argsort(costs, kind="stable"):
        middle = paths[number].mean()
        if all(abs(middle - paths[other].mean()) >= APART * height for other in kept):
            kept.append(int(number))
    kept.sort(key=lambda number: float(paths[number].mean()))
    columns = np.arange(piece.width)
    side = np.zeros(piece.ink.shape, np.int64)  # how many paths are to the left of a pixel
    for number in kept:
        side += columns[None, :] > paths[number][:, None]
    atoms: list[Atom] = []
    for place in range(len(kept) + 1):
        part = trim(piece, piece.ink & (side == place))
        if part is not None:
            crossed = float(costs[kept[place - 1]]) if atoms else None
            atoms.append(Atom(part, piece.width, crossed))
    return atoms


def find_paths(cost: np.ndarray, height: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the cheapest path near each of many columns, and the ink that it crosses.

    Args:
        cost: float (rows, columns), the ink of a piece.
        height: of the line's characters, in pixels.

    Returns:
        int64 (paths, rows), the column of each path in each row; float64 (paths,).
    """
    rows, columns = cost.shape
    margin, reach = max(1, round(APART * height)), max(1, round(REACH * height))
    starts = np.arange(margin, columns - margin, max(1, round(STEP * height)))
    if not len(starts):
        return np.zeros((0, rows), np.int64), np.zeros(0)
    window = np.arange(-reach, reach + 1)
    places = starts[:, None] + window  # (paths, window): the columns each may take
    allowed = (places >= 1) & (places < columns - 1)
    places = places.clip(0, columns - 1)
    total = np.where(allowed, 0.0, np.inf)
    came: list[np.ndarray] = []
    for row in range(rows):
        if row:
            padded = np.pad(total, ((0, 0), (1, 1)), constant_values=np.inf)
            options = np.stack(
                [padded[:, :-2] + SIDEWAYS, padded[:, 1:-1], padded[:, 2:] + SIDEWAYS]
            )
            came.append(options.argmin(0))
            total = options.min(0)
        total = total + cost[row][places]
    ends = total.argmin(1)
    numbers = np.arange(len(starts))
    paths = np.empty((len(starts), rows), np.int64)
    at = ends
    for row in range(rows - 1, -1, -1):
        paths[:, row] = places[numbers, at]
        if row:
            at = at + came[row - 1][numbers, at] - 1
    crossed = np.take_along_axis(cost, paths.T, 1).sum(0)
    return paths, crossed


def trim(piece: Piece, ink: np.ndarray) -> Piece | None:
    """Return a part of a piece in its own smallest box; None where there is no ink in it."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if not len(rows):
        return None
    top, left = piece.box[0] + int(rows[0]), piece.box[1] + int(columns[0])
    inner = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Piece((top, left, top + inner.shape[0], left + inner.shape[1]), inner)
