"""Perceptual hashes of an image, and of what it would look like cut, turned or mirrored.

A copy that was compressed or resized has nearly the hash of its original. One that was cut or
turned has not; so each image is also hashed as it would look then, and its hashes are held
against the plain ones of the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Final

import numpy as np

from striate.doctor.image_signs import hash_grey

THUMB: Final = 48  # pixels a side of the grey image that is kept of each, squashed to a square
SIDE: Final = 32  # of the samples that are hashed
ZOOMS: Final = (1.0, 0.93, 0.86, 0.8, 0.74)  # shares of each side that a cut leaves, its middle
CORNER: Final = 0.85  # likewise, where the cut leaves a corner
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
    """

    zoom: float = 1.0
    degrees: float = 0.0
    mirrored: bool = False
    down: int = 0
    right: int = 0


CHANGES: Final = tuple(
    replace(change, mirrored=mirrored)
    for mirrored in (False, True)
    for change in (
        *(Change(zoom) for zoom in ZOOMS),
        *(Change(CORNER, down=down, right=right) for down in (-1, 1) for right in (-1, 1)),
        *(Change(1.0, turn) for turn in TURNS),
        *(Change(zoom, turn) for turn, zoom in WITHIN),
    )
)
"""Those that are hashed; the first is none at all."""


def shrink(pixels: np.ndarray) -> np.ndarray:
    """Return images in grey at `THUMB` pixels a side, each cell the mean of its part.

    Args:
        pixels: uint8 (n, channels, rows, columns), of which rows and columns are multiples of
            `THUMB`.

    Returns:
        uint8 (n, THUMB, THUMB).

    >>> shrink(np.full((1, 3, 96, 96), 7, np.uint8)).shape
    (1, 48, 48)
    """
    n, channels, rows, columns = pixels.shape
    cells = pixels.reshape(n, channels, THUMB, rows // THUMB, THUMB, columns // THUMB)
    return np.asarray(np.rint(cells.mean((1, 3, 5), dtype=np.float32)), np.uint8)


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
    for place, change in enumerate(CHANGES):
        if change.degrees:
            samples = np.stack(
                [
                    resample(thumb, change, float(each))
                    for thumb, each in zip(thumbs, proportions, strict=True)
                ]
            )
        else:
            down, across = _cut(change.zoom, change.down), _cut(change.zoom, change.right)
            samples = down @ thumbs.astype(np.float32) @ across.T
            samples = samples[:, :, ::-1] if change.mirrored else samples
        hashes[:, place] = hash_grey(samples)
    return hashes


def resample(thumb: np.ndarray, change: Change, proportion: float, side: int = SIDE) -> np.ndarray:
    """Return an image changed: float32 (side, side), by bilinear interpolation.

    Beyond its edge an image goes on with the values of the edge.

    Args:
        thumb: (rows, columns), squashed to a square.
        change: what is done to it.
        proportion: columns to rows of the image itself, in which angles are angles.
        side: of what comes out.
    """
    rows, columns = _places(change, round(proportion, 2), side, len(thumb))
    limit = len(thumb) - 1
    top = np.clip(np.floor(rows).astype(np.int64), 0, limit - 1)
    left = np.clip(np.floor(columns).astype(np.int64), 0, limit - 1)
    down = np.clip(rows - top, 0, 1).astype(np.float32)
    across = np.clip(columns - left, 0, 1).astype(np.float32)
    values = thumb.astype(np.float32)
    upper = values[top, left] * (1 - across) + values[top, left + 1] * across
    lower = values[top + 1, left] * (1 - across) + values[top + 1, left + 1] * across
    return np.asarray(upper * (1 - down) + lower * down)


@lru_cache(4096)
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
