"""Which value of an array is black and which is white: one rule, in training and ever after.

Arrays of 8 bits (uint8) are taken as they are. All others are told by the range of their values,
in this order:

- within 0..1: 0 is black, 1 is white;
- within -1..1: -1 is black, 1 is white;
- within 0..255: 0 is black, 255 is white;
- whole numbers within 0..65535: 0 is black, 65535 is white.

Other ranges are refused. Of an image given alone the range is its own; so one too dark to reach
it is better given as uint8.

In a data set the range is that of all its images together, files of more than 8 bits included.
Whole numbers above 255 then count as 10, 12, 14 or 16 bits, by the least that hold them all, and
what no rule above takes is stretched from the smallest value of the set to the largest. The range
is recorded with the classifier (`ValueRanges`), and is the same ever after.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

Range = tuple[float, float]
"""The values of black and of white."""

WHITES = (1023, 4095, 16383, 65535)  # of 10, 12, 14 and 16 bits

EXPECTED = "0 to 255, 0 to 1 or -1 to 1 (0 to 65535 for whole numbers)"


@dataclass(frozen=True)
class ValueRanges:
    """Which values are black and white in all images of a data set that have more than 8 bits.

    Attributes:
        integers: of whole numbers; None where each image's own values decide.
        floats: of floats in files; None likewise.
    """

    integers: Range | None = None
    floats: Range | None = None


def find_black_and_white(low: float, high: float, *, whole: bool) -> tuple[float, float] | None:
    """Tell what stands for black and for white, or None where the rule has no answer.

    Args:
        low: the smallest value.
        high: the largest value.
        whole: whether the values are whole numbers by their type.

    >>> find_black_and_white(0, 251, whole=True), find_black_and_white(0, 300, whole=False)
    ((0.0, 255.0), None)
    """
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    if low >= -1 and high <= 1:
        return -1.0, 1.0
    if low >= 0 and high <= 255:
        return 0.0, 255.0
    if low >= 0 and high <= 65535 and whole:
        return 0.0, 65535.0
    return None


def find_data_range(low: float, high: float, *, whole: bool) -> Range | None:
    """Tell what stands for black and for white in a data set, or None where no rule has an answer.

    >>> find_data_range(7, 4000, whole=True), find_data_range(0, 251, whole=True)
    ((0.0, 4095.0), (0.0, 255.0))
    """
    ends = find_black_and_white(low, high, whole=whole)
    if ends == (0.0, 65535.0):
        return 0.0, float(next(white for white in WHITES if high <= white))
    return ends


def clip_to_uint8(values: np.ndarray, ends: Range, said: list[str]) -> np.ndarray:
    """Scale values by the range of a data set; those beyond it are cut off, and it is said.

    >>> clip_to_uint8(np.array([[0, 2048, 4095]], np.uint16), (0.0, 4095.0), []).tolist()
    [[0, 128, 255]]
    """
    black, white = ends
    low, high = values.min(), values.max()
    if low < black or high > white:
        said.append(
            f"its values from {low:g} to {high:g} go beyond {black:g} (black) to {white:g} (white) "
            "of the images that were learnt from: cut off there"
        )
    if values.dtype == np.uint16:
        return np.asarray(_table(black, white)[values])
    if low < black or high > white:
        values = values.astype(np.float64).clip(black, white)
    return to_uint8(values, black, white)


@functools.lru_cache(4)
def _table(black: float, white: float) -> np.ndarray:
    return to_uint8(np.arange(65536).clip(black, white), black, white)


def to_uint8(values: np.ndarray, black: float, white: float) -> np.ndarray:
    """Scale values from black to white to 0..255, rounded half up; uint8 of the same shape.

    >>> to_uint8(np.array([[0.0, 0.5, 1.0]]), 0.0, 1.0).tolist()
    [[0, 128, 255]]
    """
    result = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), 4096):
        block = values[start : start + 4096].astype(np.float64)
        result[start : start + 4096] = np.floor((block - black) * (255 / (white - black)) + 0.5)
    return result
