"""Perceptual hashes of an image, and of what it would look like cut, turned or mirrored.

A copy that was compressed or resized has nearly the hash of its original. One that was cut or
turned has not; so each image is also hashed as it would look then, and its hashes are held
against the plain ones of the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from striate.doctor.image_signs import hash_grey

if TYPE_CHECKING:
    from scipy.sparse import csr_array

THUMB: Final = 48  # pixels a side of the grey image that is kept of each, squashed to a square
SIDE: Final = 32  # of the samples that are hashed
ZOOMS: Final = (1.0, 0.93, 0.86, 0.8, 0.74)  # shares of each side that a cut leaves, its middle
CORNER: Final = 0.85  # likewise, where the cut leaves a corner
STRETCHES: Final = (0.94, 1.06)  # there, where more is cut off one pair of sides than the other
MIDDLES: Final = (0.87, 1.15)  # likewise, where one pair of sides alone is cut
TURNS: Final = (-9.0, -6.0, -3.0, 3.0, 6.0, 9.0)  # degrees
WITHIN: Final = ((-8.0, 0.86), (-5.0, 0.9), (5.0, 0.9), (8.0, 0.86))  # turned, the edges cut away


@dataclass(frozen=True)
class Change:
    """How a copy may differ from its original.

    Attributes:
        zoom: the share of each side that is left.
        degrees: turned by so much, anticlockwise.
        mirrored: left and right exchanged.
        down: where what is left lies: -1 at the top, 0 in the middle, 1 at the bottom.
        right: likewise, -1 at the left and 1 at the right.
        stretch: by how much more of the columns is left than of zoom, and less of the rows.
    """

    zoom: float = 1.0
    degrees: float = 0.0
    mirrored: bool = False
    down: int = 0
    right: int = 0
    stretch: float = 1.0

    @property
    def shares(self) -> tuple[float, float]:
        """The shares of the rows and of the columns that are left."""
        return min(1.0, self.zoom / self.stretch), min(1.0, self.zoom * self.stretch)


CHANGES: Final = tuple(
    replace(change, mirrored=mirrored)
    for mirrored in (False, True)
    for change in (
        *(Change(zoom) for zoom in ZOOMS),
        *(Change(CORNER, down=down, right=right) for down in (-1, 1) for right in (-1, 1)),
        *(
            Change(CORNER, down=down, right=right, stretch=stretch)
            for stretch in STRETCHES
            for down in (-1, 1)
            for right in (-1, 1)
        ),
        *(Change(CORNER, stretch=stretch) for stretch in MIDDLES),
        *(Change(1.0, turn) for turn in TURNS),
        *(Change(zoom, turn) for turn, zoom in WITHIN),
    )
)
"""Those that are hashed; the first is none at all."""


def shrink(total: np.ndarray, channels: int) -> np.ndarray:
    """Return an image in grey at `THUMB` pixels a side, each cell the mean of four pixels.

    Args:
        total: uint16 (2 x THUMB, 2 x THUMB), the sum of its channels.
        channels: how many.

    Returns:
        uint8 (THUMB, THUMB).

    >>> int(shrink(np.full((96, 96), 21, np.uint16), 3)[0, 0])
    7
    """
    rows = total[::2] + total[1::2]  # by slices: a mean over two axes takes forty times as long
    cells = (rows[:, ::2] + rows[:, 1::2]) / np.float32(4 * channels)
    return np.asarray(np.rint(cells), np.uint8)


def fingerprint(thumbs: np.ndarray, proportions: np.ndarray) -> np.ndarray:
    """Return the perceptual hashes of images, changed in each of `CHANGES`.

    The 8 x 8 lowest frequencies of the discrete cosine transform, each a bit that says whether it
    is above their median: pHash, https://www.hackerfactor.com/blog/index.php?/archives/432.html.

    Args:
        thumbs: uint8 (n, THUMB, THUMB).
        proportions: (n,), columns to rows of the images themselves.

    Returns:
        uint64 (n, len(CHANGES)).

    >>> image = np.random.default_rng(0).integers(0, 256, (1, 48, 48)).astype(np.uint8)
    >>> hashes = fingerprint(np.concatenate([image, image[:, :, ::-1]]), np.ones(2))
    >>> bool(hashes[0, 0] == hashes[1, len(CHANGES) // 2])  # mirrored
    True
    """
    hashes = np.empty((len(thumbs), len(CHANGES)), np.uint64)
    turned = [place for place, change in enumerate(CHANGES) if change.degrees]
    twentieths = np.rint(np.asarray(proportions, np.float64) * 20)
    for each in np.unique(twentieths).tolist():  # all of one shape at once
        mine = np.flatnonzero(twentieths == each)
        samples = _turning(each / 20) @ thumbs[mine].reshape(len(mine), -1).T.astype(np.float32)
        grey = samples.T.reshape(-1, SIDE, SIDE)
        hashes[mine[:, None], turned] = hash_grey(grey).reshape(len(mine), -1)
    for place, change in enumerate(CHANGES):
        if not change.degrees:
            rows, columns = change.shares
            down, across = _cut(rows, change.down), _cut(columns, change.right)
            samples = down @ thumbs.astype(np.float32) @ across.T
            hashes[:, place] = hash_grey(samples[:, :, ::-1] if change.mirrored else samples)
    return hashes


@lru_cache(64)
def _turning(proportion: float) -> csr_array:
    """Return the matrix that turns a thumb in all ways of `CHANGES` at once, with `resample`.

    Args:
        proportion: columns to rows of the image itself.

    Returns:
        float32 (turns x SIDE x SIDE, THUMB x THUMB), four weights a row.
    """
    from scipy.sparse import csr_array

    columns, weights = [], []
    for change in CHANGES:
        if change.degrees:
            corners = _corners(change, max(proportion, 0.05), SIDE, THUMB)
            columns.append(np.stack([row * THUMB + column for row, column, _ in corners], -1))
            weights.append(np.stack([weight for _, _, weight in corners], -1))
    places, values = np.stack(columns).ravel(), np.stack(weights).ravel()
    starts = np.arange(0, len(places) + 1, 4)
    shape = (len(places) // 4, THUMB * THUMB)
    return csr_array((values.astype(np.float32), places.astype(np.int32), starts), shape=shape)


def resample(thumb: np.ndarray, change: Change, proportion: float, side: int = SIDE) -> np.ndarray:
    """Return an image changed: float32 (side, side), by bilinear interpolation.

    Beyond its edge an image goes on with the values of the edge.

    Args:
        thumb: (rows, columns), squashed to a square.
        change: what is done to it.
        proportion: columns to rows of the image itself, in which angles are angles.
        side: of what comes out.
    """
    values = thumb.astype(np.float32)
    # in twentieths, as `fingerprint`: another hundredth of a shape would be 0.07 pixels at most
    corners = _corners(change, max(round(proportion * 20) / 20, 0.05), side, len(thumb))
    return np.asarray(sum(values[row, column] * weight for row, column, weight in corners))


@lru_cache(4096)
def _corners(
    change: Change, proportion: float, side: int, cells: int
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]:
    """Return the four cells that each sample lies between: rows, columns and weights."""
    rows, columns = _places(change, proportion, side, cells)
    limit = cells - 1
    top = np.clip(np.floor(rows).astype(np.int64), 0, limit - 1)
    left = np.clip(np.floor(columns).astype(np.int64), 0, limit - 1)
    down = np.clip(rows - top, 0, 1).astype(np.float32)
    across = np.clip(columns - left, 0, 1).astype(np.float32)
    return (
        (top, left, (1 - across) * (1 - down)),
        (top, left + 1, across * (1 - down)),
        (top + 1, left, (1 - across) * down),
        (top + 1, left + 1, across * down),
    )


def _places(
    change: Change, proportion: float, side: int, cells: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return where in a thumb the samples of a changed image lie: rows and columns."""
    steps = (np.arange(side) + 0.5) / side - 0.5  # from the middle, in sides of the image
    down, across = np.meshgrid(steps, steps, indexing="ij")
    angle = -math.radians(change.degrees)  # where the samples of a turned image come from
    across = -across if change.mirrored else across
    across = across * proportion  # in rows of the image
    rows = math.cos(angle) * down - math.sin(angle) * across
    columns = (math.sin(angle) * down + math.cos(angle) * across) / proportion
    cut = (1 - change.zoom) / 2
    return (
        (rows * change.zoom + 0.5 + cut * change.down) * cells - 0.5,
        (columns * change.zoom + 0.5 + cut * change.right) * cells - 0.5,
    )


@cache
def _cut(zoom: float, place: int) -> np.ndarray:
    """Return the matrix that samples a part of a side: float32 (SIDE, THUMB).

    Each row holds the shares of the cells that lie in its part of the side.
    """
    middle = 0.5 + place * (1 - zoom) / 2
    edges = ((np.arange(SIDE + 1) / SIDE - 0.5) * zoom + middle) * THUMB
    return area_means(edges, THUMB)


def area_means(edges: np.ndarray, cells: int) -> np.ndarray:
    """Return the matrix of means over parts of a side: float32 (parts, cells).

    Args:
        edges: of the parts, in cells: (parts + 1,).
        cells: of the side.

    >>> area_means(np.array([0.0, 1.5, 3.0]), 3).astype(float).round(2).tolist()
    [[0.67, 0.33, 0.0], [0.0, 0.33, 0.67]]
    """
    places = np.arange(cells)
    begins, ends = np.maximum(edges[:-1, None], places), np.minimum(edges[1:, None], places + 1)
    shares = np.maximum(0, ends - begins)
    return np.asarray(shares / shares.sum(1, keepdims=True), np.float32)
