"""Whether one image shows what another shows, or a part of it, or it turned or mirrored.

Both are held against each other in every way in question, as templates are matched: J. P. Lewis
1995, Fast normalized cross-correlation. Their coarse light and dark is taken away first, since
most photographs agree in it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import repeat
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
    both = one[None], other[None], np.array([proportions])
    best = float(look_first(*both, changes[0])[0])
    if best < HOPEFUL:
        return round(best, 4)
    best, around = -1.0, changes
    tried: set[Change] = set()
    for _ in range(rounds):
        scores = [float(_correlate_both_ways(*both, change)[0]) for change in around]
        tried.update(around)
        before, best = best, max([best, *scores])
        if not CLIMBED <= best < SURE or best < before + GAINED:
            break
        top = around[int(np.argmax(scores))]
        around = tuple(change for change in near(top) if change not in tried)
    return round(min(best, 1.0), 4)


def look_first(
    one: np.ndarray, other: np.ndarray, proportions: np.ndarray, change: Change
) -> np.ndarray:
    """Return the best correlation of pairs at half their sides: what is below `HOPEFUL` is none.

    Args:
        one: uint8 (pairs, THUMB, THUMB).
        other: likewise.
        proportions: (pairs, 2), columns to rows of the images themselves.
        change: of one of them.

    Returns:
        float32 (pairs,).
    """
    return _correlate_both_ways(halve(one), halve(other), proportions, change)


def _correlate_both_ways(
    one: np.ndarray, other: np.ndarray, proportions: np.ndarray, change: Change
) -> np.ndarray:
    there = _correlate(one, other, change, proportions[:, 0])
    back = _correlate(other, one, _undo(change), proportions[:, 1])
    return np.asarray(np.maximum(there, back))


def halve(thumbs: np.ndarray) -> np.ndarray:
    """Return images at half their sides, each cell the mean of four: float32 (n, side, side)."""
    rows = thumbs[:, ::2].astype(np.float32) + thumbs[:, 1::2]
    return np.asarray((rows[:, :, ::2] + rows[:, :, 1::2]) / 4)


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


def _correlate(
    whole: np.ndarray, part: np.ndarray, change: Change, proportions: np.ndarray
) -> np.ndarray:
    """Return the best correlation of images with a part of others, wherever it lies: (pairs,)."""
    side = part.shape[-1]
    tall, wide = (round(side * share) for share in change.shares)
    ground = whole.astype(np.float32)
    if change.degrees:
        turn = Change(1.0, change.degrees, change.mirrored)
        ground = np.stack(
            [resample(*each) for each in zip(whole, repeat(turn), proportions, repeat(side))]
        )
    elif change.mirrored:
        ground = ground[:, :, ::-1]
    ground = take_details(ground)
    rows, columns = (slice(*_inside(change.degrees, length)) for length in (tall, wide))
    mine = take_details(_shrink(part, tall, wide))[:, rows, columns]
    mine = mine - mine.mean((1, 2), keepdims=True)
    own = np.einsum("prc,prc->p", mine, mine) / mine[0].size
    windows = sliding_window_view(ground, (tall, wide), (1, 2))[:, :, :, rows, columns]
    products = np.einsum("pabrc,prc->pab", windows, mine) / mine[0].size
    down, across = (
        _windows(side, length, *_inside(change.degrees, length)) for length in (tall, wide)
    )
    squares = down @ ground**2 @ across.T - (down @ ground @ across.T) ** 2
    best = products / np.sqrt(np.maximum(squares, FLAT) * np.maximum(own, FLAT)[:, None, None])
    flat = (own < FLAT) | (squares.max((1, 2)) < FLAT)
    return np.asarray(np.where(flat, 0, best.max((1, 2))), np.float32)


@cache
def _windows(side: int, length: int, first: int, end: int) -> np.ndarray:
    """Return the matrix of means over a part of each window: float32 (windows, side)."""
    apart = np.arange(side) - np.arange(side - length + 1)[:, None]
    return np.asarray(((apart >= first) & (apart < end)) / (end - first), np.float32)


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


def _shrink(thumbs: np.ndarray, rows: int, columns: int) -> np.ndarray:
    values, side = thumbs.astype(np.float32), thumbs.shape[-1]
    if rows < side:
        values = _areas(rows, side) @ values
    if columns < side:
        values = values @ _areas(columns, side).T
    return np.asarray(values)


@cache
def _areas(side: int, cells_before: int) -> np.ndarray:
    """Return the matrix of area means to fewer cells: float32 (side, cells before)."""
    edges = np.arange(side + 1) / side * cells_before
    return area_means(edges, cells_before)
