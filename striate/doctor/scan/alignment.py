"""Whether one image shows what another shows, or a part of it, or it turned or mirrored.

Both are held against each other in every way in question, as templates are matched: J. P. Lewis
1995, Fast normalized cross-correlation. Their coarse light and dark is taken away first, since
most photographs agree in it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from striate.doctor.scan.fingerprints import Change, area_means, resample

BLUR: Final = 1 / 16  # of the side; what is coarser is taken away
HOPEFUL: Final = 0.3  # correlation of the first change, below which those near it are not tried
CLIMBED: Final = 0.42  # of the best of these, below which those near that are not tried in turn
SURE: Final = 0.9  # from which none need be
GAINED: Final = 0.01  # by which a round must have become better
SIZES: Final = (1.0, 0.96, 1.04)
FLAT: Final = 1.0  # mean square of what is left, below which nothing can be compared


def align(
    one: np.ndarray,
    other: np.ndarray,
    proportions: tuple[float, float],
    changes: tuple[Change, ...],
    *,
    rounds: int = 1,
) -> float:
    """Return the best correlation of two images, either being the one that was changed.

    Args:
        one: uint8 (THUMB, THUMB).
        other: likewise.
        proportions: columns to rows of each image itself.
        changes: that are tried, the likeliest first; the cut may lie anywhere.
        rounds: how often those near the best are tried in turn, while it becomes better.

    Returns:
        -1 to 1; 0.0 where there is nothing to compare in one of them.

    >>> image = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    >>> align(image, image, (1.0, 1.0), (Change(),))
    1.0
    """
    best = _both_ways(halve(one), halve(other), proportions, changes[0])
    if best < HOPEFUL:
        return round(best, 4)
    best, around = -1.0, changes
    tried: set[Change] = set()
    for _ in range(rounds):
        scores = [_both_ways(one, other, proportions, change) for change in around]
        tried.update(around)
        before, best = best, max([best, *scores])
        if not CLIMBED <= best < SURE or best < before + GAINED:
            break
        top = around[int(np.argmax(scores))]
        around = tuple(change for change in near(top) if change not in tried)
    return round(min(best, 1.0), 4)


def _both_ways(
    one: np.ndarray, other: np.ndarray, proportions: tuple[float, float], change: Change
) -> float:
    return max(
        _correlate(one, other, change, proportions[0]),
        _correlate(other, one, _undo(change), proportions[1]),
    )


def halve(thumb: np.ndarray) -> np.ndarray:
    """Return an image at half its sides, each cell the mean of four: float32."""
    rows = thumb[::2].astype(np.float32) + thumb[1::2]
    return np.asarray((rows[:, ::2] + rows[:, 1::2]) / 4)


@cache
def near(change: Change) -> tuple[Change, ...]:
    """Return a change with those beside it: a little more or less cut, or turned, or stretched.

    >>> len(near(Change(0.86))), len(near(Change(0.86, 5.0)))
    (11, 9)
    """
    if change.degrees:
        ways = [(zoom, turn, 1.0) for zoom in SIZES for turn in (0.0, -1.5, 1.5)]
    else:
        ways = [(zoom, 0.0, stretch) for zoom in SIZES for stretch in (1.0, 0.95, 1.05)]
        ways += [(1.0, turn, 1.0) for turn in (-1.5, 1.5)]
    return tuple(
        replace(
            change,
            zoom=min(1.0, change.zoom * zoom),
            degrees=change.degrees + turn,
            stretch=change.stretch * stretch,
        )
        for zoom, turn, stretch in ways
    )


def _undo(change: Change) -> Change:
    """Return the change of the other image that makes the same of both.

    >>> _undo(Change(0.8, 3.0, True)).degrees, _undo(Change(0.8, 3.0)).degrees
    (3.0, -3.0)
    """
    return change if change.mirrored else replace(change, degrees=-change.degrees)


def _correlate(whole: np.ndarray, part: np.ndarray, change: Change, proportion: float) -> float:
    """Return the best correlation of an image with a part of another, wherever it lies."""
    tall, wide = (round(len(part) * share) for share in change.shares)
    ground = whole.astype(np.float32)
    if change.degrees:
        ground = resample(
            whole, Change(1.0, change.degrees, change.mirrored), proportion, len(part)
        )
    elif change.mirrored:
        ground = ground[:, ::-1]
    ground = take_details(ground)
    template = take_details(_shrink(part, tall, wide))
    rows, columns = (slice(*_inside(change.degrees, side)) for side in (tall, wide))
    mine = template[rows, columns]
    mine = mine - mine.mean()
    size = mine.size
    windows = sliding_window_view(ground, (tall, wide))[:, :, rows, columns].reshape(-1, size)
    squares = np.einsum("ai,ai->a", windows, windows) / size - windows.mean(1) ** 2
    own = float(mine.ravel() @ mine.ravel()) / size
    if own < FLAT or float(squares.max()) < FLAT:
        return 0.0
    products = windows @ mine.ravel() / size
    return float((products / np.sqrt(np.maximum(squares, FLAT) * own)).max())


def _inside(degrees: float, side: int) -> tuple[int, int]:
    """Return the rows, and columns, of a turned image of which all lies within the original."""
    edge = int(np.ceil(np.tan(np.radians(abs(degrees))) * side / 2))
    return (edge, side - edge) if side - 2 * edge >= side // 2 else (side // 4, side - side // 4)


def take_details(values: np.ndarray) -> np.ndarray:
    """Take the coarse light and dark away from images: float32, as large.

    Args:
        values: float32 (..., rows, columns).
    """
    down, across = (_blur(side, round(BLUR * side, 1)) for side in values.shape[-2:])
    return np.asarray(values - down @ values @ across.T)


@cache
def _blur(side: int, width: float) -> np.ndarray:
    places = np.arange(side)
    weights = np.exp(-((places[:, None] - places) ** 2) / (2 * width**2))
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)


def _shrink(thumb: np.ndarray, rows: int, columns: int) -> np.ndarray:
    values = thumb.astype(np.float32)
    if rows < len(thumb):
        values = _areas(rows, len(thumb)) @ values
    if columns < len(thumb):
        values = values @ _areas(columns, len(thumb)).T
    return np.asarray(values)


@cache
def _areas(side: int, cells_before: int) -> np.ndarray:
    """Return the matrix of area means to fewer cells: float32 (side, cells before)."""
    edges = np.arange(side + 1) / side * cells_before
    return area_means(edges, cells_before)
