"""Where a line may be cut: between its pieces, and along paths through characters that touch.

Each path goes down a row at a time, near a straight line of any of several slopes, and may move
sideways within a row; the cheapest near each line, of those that cross ink, is found by dynamic
programming, as seams of seam carving are (https://doi.org/10.1145/1275808.1276390). A digit may
stand under the roof of the one before, and lean on it: paths that cross each other are all kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.model.segmentation.components import Piece

SLOPES = (-0.9, -0.6, -0.3, 0.0, 0.3, 0.6, 0.9)  # columns a row, of the lines paths keep near to
# as shares of the height of the line's characters
STEP = 0.08  # between the columns that paths are sought near
REACH = 0.12  # that a path may leave its line by
MARGIN = 0.06  # between a line's middle and the rim
NARROW = 0.45  # a piece of no more is not cut
MOST_CROSSED = 0.45  # the ink that a path may cross
ALIKE = 0.02  # of the height squared: two paths that divide the ink so alike are one
SIDEWAYS = 0.05  # what moving to a side costs, in pixels of ink
FAR = 1e6


@dataclass(frozen=True, eq=False)
class Cut:
    """One way to divide a line into what is left of it and what is right.

    Attributes:
        piece: index of the piece that it goes through, or before which it stands.
        left: bool (rows, columns) of that piece's box, the ink to its left.
        crossed: the ink, in pixels, that it crosses; None where it crosses no piece.
    """

    piece: int
    left: np.ndarray
    crossed: float | None


def list_cuts(pieces: Sequence[Piece], values: np.ndarray, height: float) -> list[Cut]:
    """Return every cut of a line, from left to right; the first and the last are its ends.

    Args:
        pieces: of the line, from left to right.
        values: float32 (rows, columns), the ink of the whole line.
        height: of the line's characters, in pixels.
    """
    cuts = []
    for number, piece in enumerate(pieces):
        cuts.append(Cut(number, np.zeros_like(piece.ink), None))
        cuts += [Cut(number, left, crossed) for left, crossed in cut_piece(piece, values, height)]
    cuts.append(Cut(len(pieces), np.zeros((0, 0), bool), None))
    return cuts


def cut_piece(piece: Piece, values: np.ndarray, height: float) -> list[tuple[np.ndarray, float]]:
    """Return the ways to cut a piece in two: the ink left of each, and how much ink it crosses.

    Args:
        piece: connected ink.
        values: float32 (rows, columns), the ink of the whole line.
        height: of the line's characters, in pixels.

    >>> ink = np.zeros((20, 41), bool)
    >>> ink[:, 2:6] = ink[:, 35:39] = ink[10, 6:35] = True
    >>> cuts = cut_piece(Piece((0, 0, 20, 41), ink), ink.astype(np.float32), 20)
    >>> round(min(crossed for _, crossed in cuts))
    1
    """
    if piece.width <= NARROW * height:
        return []
    top, left, bottom, right = piece.box
    cost = np.where(piece.ink, values[top:bottom, left:right], 0.0)
    lines = _list_lines(piece.ink.shape, height)
    paths, costs = find_paths(cost, lines, max(1, round(REACH * height)))
    cheap = costs <= MOST_CROSSED * height
    paths, costs = paths[cheap], costs[cheap]
    sides = np.arange(piece.width) <= paths[:, :, None]
    inked = sides[:, piece.ink].astype(np.float32)  # (paths, pixels of ink)
    sizes = inked.sum(1)
    unlike = sizes[:, None] + sizes - 2 * inked @ inked.T  # pixels that two paths divide otherwise
    least = ALIKE * height**2
    kept: list[int] = []
    for number in np.argsort(costs, kind="stable"):
        far = bool((unlike[number, kept] >= least).all())
        if far and least <= sizes[number] <= inked.shape[1] - least:
            kept.append(int(number))
    kept.sort(key=lambda number: float(sizes[number]))
    return [(sides[number] & piece.ink, float(costs[number])) for number in kept]


def _list_lines(shape: tuple[int, ...], height: float) -> np.ndarray:
    """Return the straight lines that paths keep near to: the column of each in each row."""
    rows, columns = shape
    margin = max(1, round(MARGIN * height))
    middles = np.arange(margin, columns - margin + 1, max(1, round(STEP * height)))
    leaning = np.multiply.outer(SLOPES, np.arange(rows) - (rows - 1) / 2)  # (slopes, rows)
    lines: np.ndarray = np.rint(middles[:, None, None] + leaning).astype(np.int64)
    return lines.reshape(-1, rows)


def find_paths(cost: np.ndarray, lines: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the cheapest path near each of several lines, and the ink that it crosses.

    Args:
        cost: float (rows, columns), the ink of a piece.
        lines: int64 (paths, rows), a column in each row; it may lie beside the piece.
        reach: columns that a path may leave its line by.

    Returns:
        float64 (paths, rows), the middle of each path in each row; float64 (paths,).
    """
    rows, columns = cost.shape
    window = np.arange(-reach, reach + 1)
    padded = np.pad(cost, ((0, 0), (1, 1)))  # beside the piece nothing is crossed
    total = np.zeros((len(lines), len(window)))  # of the cheapest path that leaves each place
    came: list[tuple[np.ndarray, np.ndarray]] = []
    for row in range(rows):
        places = np.tile(np.arange(len(window)), (len(lines), 1))
        if row:  # the windows move with their lines
            places = places + (lines[:, row] - lines[:, row - 1])[:, None]
            inside = (places >= 0) & (places < len(window))
            places = places.clip(0, len(window) - 1)
            total = np.where(inside, np.take_along_axis(total, places, 1), FAR)
        ink = padded[row][(lines[:, row, None] + window).clip(-1, columns) + 1]
        total, entered = _move_sideways(total + ink, ink + SIDEWAYS)
        came.append((places, entered))
    numbers = np.arange(len(lines))
    at = total.argmin(1)
    crossed = total.min(1)
    paths = np.empty((len(lines), rows))
    for row in range(rows - 1, -1, -1):
        places, entered = came[row]
        begun = entered[numbers, at]
        paths[:, row] = lines[:, row] + (window[at] + window[begun]) / 2
        at = places[numbers, begun]
    return paths, crossed


def _move_sideways(total: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Let paths go on within a row; return their costs, and where each one entered it.

    Args:
        total: float64 (paths, places), the cost of each place when it is entered from above.
        step: float64 (paths, places), the cost of entering it from a side.
    """
    rightward, right_from = _accumulate(total, step)
    mirrored, left_from = _accumulate(total[:, ::-1], step[:, ::-1])
    leftward, left_from = mirrored[:, ::-1], total.shape[1] - 1 - left_from[:, ::-1]
    left = leftward < rightward
    return np.where(left, leftward, rightward), np.where(left, left_from, right_from)


def _accumulate(total: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    sums = np.cumsum(step, 1)
    relative = total - sums
    least = np.minimum.accumulate(relative, 1)
    begun = np.where(relative <= least, np.arange(total.shape[1]), 0)
    return least + sums, np.maximum.accumulate(begun, 1)


def trim(piece: Piece, ink: np.ndarray) -> Piece | None:
    """Return a part of a piece in its own smallest box; None where there is no ink in it."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if not len(rows):
        return None
    top, left = piece.box[0] + int(rows[0]), piece.box[1] + int(columns[0])
    inner = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Piece((top, left, top + inner.shape[0], left + inner.shape[1]), inner)
