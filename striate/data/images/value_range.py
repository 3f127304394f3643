"""Which value of an array is black and which is white: one rule, in training and ever after.

Arrays of 8 bits (uint8) are taken as they are. All others are told by the range of their values,
in this order:

- within 0..1: 0 is black, 1 is white;
- within -1..1: -1 is black, 1 is white;
- within 0..255: 0 is black, 255 is white;
- whole numbers within 0..65535: 0 is black, 65535 is white.

Other ranges are refused. In a data set the range is that of all its images together, and of an
image given alone its own; so an image too dark to reach its range is better given as uint8.
"""

from __future__ import annotations

import numpy as np

EXPECTED = "0 to 255, 0 to 1 or -1 to 1 (0 to 65535 for whole numbers)"


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
