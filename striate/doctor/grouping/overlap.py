"""How well the middle of one image is found within another, of many pairs at once.

Two crops of one photograph need not lie within each other; but the middle of one of them lies in
the other as a rule, somewhat larger or smaller. Templates are matched as by
`striate.doctor.scan.alignment`, by Fourier transforms and at half the size.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from striate.doctor.scan.alignment import FLAT, take_details
from striate.doctor.scan.fingerprints import area_means

SIDE: Final = 24  # pixels a side of an image of which the middle is looked for
MIDDLE: Final = SIDE // 2
SIZES: Final = (19, 21, 24, 27, 30)  # pixels a side of the image in which it is
BATCH: Final = 256  # pairs at once


def overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the best correlation of the middle of one with any part of the other, either way.

    Args:
        one: uint8 (pairs, THUMB, THUMB).
        other: likewise.

    Returns:
        float32 (pairs,).

    >>> whole = np.random.default_rng(0).integers(0, 256, (1, 6, 6)).repeat(8, 1).repeat(8, 2)
    >>> bool(overlap(whole, np.roll(whole, 4, 1)) > 0.9), bool(overlap(whole, 255 - whole) > 0.9)
    (True, False)
    """
    best = np.full(len(one), -1.0, np.float32)
    for start in range(0, len(one), BATCH):
        some = slice(start, start + BATCH)
        mine, yours = one[some].astype(np.float32), other[some].astype(np.float32)
        for template, ground in ((mine, yours), (yours, mine)):
            best[some] = np.maximum(best[some], _match(template, ground))
    return best


def _match(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    edge = (SIDE - MIDDLE) // 2
    template = _resize(one, SIDE)[:, edge : edge + MIDDLE, edge : edge + MIDDLE]
    template = template - template.mean((1, 2), keepdims=True)
    own = np.maximum((template**2).mean((1, 2)), FLAT)
    best = np.full(len(one), -1.0, np.float32)
    for size in SIZES:
        ground, sides = _resize(other, size), (size, size)
        products = np.fft.rfft2(ground, sides) * np.fft.rfft2(template, sides).conj()
        places = size - MIDDLE + 1
        correlated = np.fft.irfft2(products, sides)[:, :places, :places] / MIDDLE**2
        means = _windows(places, size)
        spread = means @ ground**2 @ means.T - (means @ ground @ means.T) ** 2
        correlated /= np.sqrt(np.maximum(spread, FLAT) * own[:, None, None])
        best = np.maximum(best, correlated.max((1, 2)))
    return best


def _resize(values: np.ndarray, side: int) -> np.ndarray:
    """Return the details of images at so many pixels a side: float32 (n, side, side)."""
    cells = values.shape[1]
    means = area_means(np.arange(side + 1) / side * cells, cells)
    return take_details(means @ values @ means.T)


def _windows(places: int, size: int) -> np.ndarray:
    """Return the matrix of means over windows: float32 (places, size)."""
    apart = np.arange(size) - np.arange(places)[:, None]
    return np.asarray(((apart >= 0) & (apart < MIDDLE)) / MIDDLE, np.float32)
