"""One kernel slid over one plane of numbers, whatever its size."""

from __future__ import annotations

from typing import Literal

import numpy as np

from striate.architecture.words import Conv, Window
from striate.errors import NotationError, SettingError

Border = Literal["zero", "edge"]

LARGEST = 2**27  # numbers along the padded image, and that come out
BLOCK = 2**15  # numbers worked on at a time: they stay in the processor's own memory


def make_window(layer: Conv, rows: int, columns: int) -> Window:
    """Return the window of a layer, making sure that it fits on a plane of rows x columns.

    Raises:
        SettingError: it does not fit once, or there is no such padding, or it makes too much.

    >>> make_window(Conv(1, kernel=(5, 5), pad=(0, 0)), 3, 3)
    Traceback (most recent call last):
    striate.errors.SettingError: the kernel of 5x5 does not fit in 3x3; pad by 1 or take ...
    """
    try:
        window = layer.window_on((1, rows, columns))
    except NotationError as error:
        raise SettingError(error.message) from error
    sides = window.padded(rows, columns)
    if any(extent > side for extent, side in zip(window.extent, sides, strict=True)):
        extent = "x".join(map(str, window.extent))
        dilated = f", with its dilation {extent}," if window.dilation != (1, 1) else ""
        needed = max(
            (most - side + 1) // 2 + pad
            for most, side, pad in zip(window.extent, sides, window.pad, strict=True)
        )
        raise SettingError(
            f"the kernel of {'x'.join(map(str, window.kernel))}{dilated} does not fit in "
            f"{sides[0]}x{sides[1]}; pad by {needed} or take a smaller one"
        )
    if sides[0] * sides[1] > LARGEST:
        raise SettingError(
            f"padded, the image has {sides[0]:,}x{sides[1]:,} pixels; "
            f"expected at most {LARGEST:,}; pad less"
        )
    return window


def pad_planes(planes: np.ndarray, window: Window, border: Border) -> np.ndarray:
    """Add the padding of a window around the last two axes: zeros, or the border repeated.

    >>> pad_planes(np.array([[1, 2]]), Window((1, 3), (1, 1), (0, 1)), "edge").tolist()
    [[1, 1, 2, 2]]
    """
    top, bottom, left, right = window.sides
    if not any(window.sides):
        return planes
    widths = [(0, 0)] * (planes.ndim - 2) + [(top, bottom), (left, right)]
    return np.pad(planes, widths, mode="constant" if border == "zero" else "edge")


def slide(plane: np.ndarray, kernel: np.ndarray, window: Window, *, border: Border) -> np.ndarray:
    """Sum, at every position of the window, the pixels under it times the kernel.

    For each weight the whole plane, shifted to where the weight lies, is multiplied and added:
    https://arxiv.org/abs/1603.07285 has the shapes. It is cross-correlation: the kernel is not
    turned. The sums are float64, added row by row of the kernel.

    Args:
        plane: (rows, columns), of any number type.
        kernel: float64 (kernel rows, kernel columns).
        window: how it slides; from `make_window`.
        border: what stands in the padding.

    >>> window = Window((2, 2), (1, 1))
    >>> slide(np.eye(3), np.array([[1.0, 2.0], [3.0, 4.0]]), window, border="zero").tolist()
    [[5.0, 3.0], [2.0, 5.0]]
    """
    rows, columns = window.positions(*plane.shape)
    source = pad_planes(plane, window, border)
    down, across = window.stride
    reach = (columns - 1) * across + 1
    offsets = [
        (i * window.dilation[0], j * window.dilation[1], float(kernel[i, j]))
        for i, j in np.ndindex(*kernel.shape)
        if kernel[i, j]
    ]
    sums = np.zeros((rows, columns))
    step = max(1, BLOCK // columns)
    product = np.empty((min(step, rows), columns))
    for first in range(0, rows, step):
        block = sums[first : first + step]
        top = first * down
        height = (len(block) - 1) * down + 1
        part = source[top : top + height + window.extent[0] - 1].astype(np.float64)
        room = product[: len(block)]
        # 0.05 to 0.5 of the time of scipy.signal.correlate for 3x3 on 12 megapixels, and whole
        # numbers stay exact; Fourier's way is faster from 11x11 on, which is rare here
        for i, j, weight in offsets:
            np.multiply(part[i : i + height : down, j : j + reach : across], weight, out=room)
            block += room
    return sums
