"""What in a line of ink is a character, what a dash or a dot, and what a speck.

Pieces are the connected components of the ink, by scipy.ndimage; parts that stand above each other,
as the bar of a 5 that its writer lifted the pen for, are one piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import ndimage

from striate.errors import ImageError
from striate.model.segmentation.straightening import Box

Kind = Literal["dash", "dot", "mark"]

AROUND = np.ones((3, 3), bool)  # corners connect
# as shares of the height of the line's characters
TALL = 0.4  # the least height of a character
SPECK = 0.15  # what is smaller both ways is dirt
BAND = 0.9  # between the middle of a piece and that of the line
DASH = 0.2  # the least length of a dash
# as shares of the narrower one's width
ABOVE = 0.6  # two tall pieces that share that much of their columns are one
PART = 0.3  # likewise a small piece and a tall one
LEAST_HEIGHT = 6  # pixels of a character that can be read
MOST = 400  # pieces of a line


@dataclass(frozen=True, eq=False)
class Piece:
    """Ink that belongs together.

    Attributes:
        box: where it is in the line.
        ink: bool (rows, columns) of the box.
    """

    box: Box
    ink: np.ndarray

    @property
    def height(self) -> int:
        """How many rows it takes."""
        return self.box[2] - self.box[0]

    @property
    def width(self) -> int:
        """How many columns it takes."""
        return self.box[3] - self.box[1]

    @property
    def places(self) -> np.ndarray:
        """Row and column in the line of each of its pixels: int64 (n, 2)."""
        return np.argwhere(self.ink) + self.box[:2]

    @property
    def middle(self) -> tuple[float, float]:
        """Row and column of the middle of its box."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


@dataclass(frozen=True)
class Mark:
    """Ink in the line that is no character.

    Attributes:
        kind: a "dash" at mid-height, a "dot" at the foot (commas too), or another "mark".
        box: where it is in the scan.
    """

    kind: Kind
    box: Box


@dataclass(frozen=True, eq=False)
class Pieces:
    """What a line consists of.

    Attributes:
        tall: characters, several that touch, or large parts of one; from left to right.
        marks: dashes and dots, with what they are called, from left to right.
        specks: how many pieces are too small to be either.
        outside: how many others stand above or below the line.
        height: of the line's characters, in pixels.
    """

    tall: tuple[Piece, ...]
    marks: tuple[tuple[Kind, Piece], ...]
    specks: int
    outside: int
    height: float


def find_pieces(mask: np.ndarray) -> Pieces:
    """Return what a line consists of.

    Args:
        mask: bool (rows, columns), where the line is inked.

    Raises:
        ImageError: there is nothing of a character's size, or several lines of it.

    >>> line = np.zeros((30, 60), bool)
    >>> line[5:25, 5:9] = line[14:17, 20:32] = line[5:25, 40:44] = line[2, 50] = True
    >>> found = find_pieces(line)
    >>> len(found.tall), found.marks[0][0], found.specks
    (2, 'dash', 1)
    """
    every = _label(mask)
    sizes = np.array([max(piece.height, piece.width) for piece in every])
    if not len(sizes) or sizes.max() < LEAST_HEIGHT:
        raise ImageError(
            "no character found: nothing that is inked is as high as "
            f"{LEAST_HEIGHT} pixels; expected a scanned line of characters"
        )
    areas = np.array([int(piece.ink.sum()) for piece in every])
    heights = np.array([piece.height for piece in every])
    height = weighted_median(heights, areas)
    middles = np.array([piece.middle[0] for piece in every])
    tall = heights >= TALL * height
    middle = weighted_median(middles[tall], areas[tall])
    within = np.abs(middles - middle) <= BAND * height
    _refuse_lines(int((tall & ~within).sum()), int((tall & within).sum()))
    dirt = sizes < SPECK * height
    small = within & ~tall & ~dirt
    merged = _merge([every[i] for i in np.flatnonzero(within & tall)], ABOVE)
    marks: list[tuple[Kind, Piece]] = []
    for index in np.flatnonzero(small):
        piece = every[index]
        host = max(merged, key=lambda one: _shared(one, piece), default=None)
        if host is not None and _shared(host, piece) >= PART:
            merged[merged.index(host)] = _join(host, piece)
        else:
            marks.append((_name(piece, middle, height), piece))
    return Pieces(
        tuple(sorted(merged, key=lambda piece: piece.middle[1])),
        tuple(sorted(marks, key=lambda mark: mark[1].box[1])),
        int(dirt.sum()),
        int((~within & ~dirt).sum()),
        height,
    )


def _label(mask: np.ndarray) -> list[Piece]:
    labels, _ = ndimage.label(mask, AROUND)
    found = []
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        rows, columns = place
        box = (rows.start, columns.start, rows.stop, columns.stop)
        found.append(Piece(box, labels[place] == number))
    return found


def _refuse_lines(outside: int, within: int) -> None:
    if outside >= max(3, within / 2):
        raise ImageError(
            f"{outside} characters stand above or below a line of {within}: expected one line; "
            "cut the scan to it"
        )


def _merge(pieces: list[Piece], share: float) -> list[Piece]:
    """Join pieces that stand above each other."""
    merged: list[Piece] = []
    for piece in sorted(pieces, key=lambda one: -one.width):
        host = max(merged, key=lambda one: _shared(one, piece), default=None)
        if host is not None and _shared(host, piece) >= share and _stacked(host, piece):
            merged[merged.index(host)] = _join(host, piece)
        else:
            merged.append(piece)
    return merged


def _shared(one: Piece, other: Piece) -> float:
    """Return how much of the narrower one's columns two pieces share, 0 to 1."""
    columns = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    return max(0, columns) / min(one.width, other.width)


def _stacked(one: Piece, other: Piece) -> bool:
    """Whether two pieces share few rows, or one stands within the other."""
    rows = min(one.box[2], other.box[2]) - max(one.box[0], other.box[0])
    return rows < 0.5 * min(one.height, other.height) or _shared(one, other) > 0.9


def _join(one: Piece, other: Piece) -> Piece:
    top, left = (min(one.box[i], other.box[i]) for i in (0, 1))
    bottom, right = (max(one.box[i], other.box[i]) for i in (2, 3))
    ink = np.zeros((bottom - top, right - left), bool)
    for each in (one, other):
        rows = slice(each.box[0] - top, each.box[2] - top)
        columns = slice(each.box[1] - left, each.box[3] - left)
        ink[rows, columns] |= each.ink
    return Piece((top, left, bottom, right), ink)


def _name(piece: Piece, middle: float, height: float) -> Kind:
    flat = piece.width >= 1.3 * piece.height and piece.width >= DASH * height
    away = piece.middle[0] - middle
    if flat and abs(away) < 0.3 * height:
        return "dash"
    return "dot" if away > 0.2 * height else "mark"


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the value up to which half of the weight lies.

    Args:
        values: (n,), in any order.
        weights: of each; not all 0.

    >>> weighted_median(np.array([20, 1, 1, 1]), np.array([100, 1, 1, 1]))
    20.0
    """
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(sums, sums[-1] / 2)])
