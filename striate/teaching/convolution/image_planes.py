"""An image taken apart into planes: grey, each colour apart, or all channels of a network."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from striate.errors import ImageError, SettingError
from striate.teaching.convolution.named_filters import Filter
from striate.teaching.convolution.number_grids import is_grid, parse_image

Channels = Literal["auto", "gray", "each", "sum"]
COLORS = ("red", "green", "blue")


def read_image(image: ArrayLike | str) -> np.ndarray:
    """Return an image as numbers, (rows, columns, channels), as they are: nothing is scaled.

    Raises:
        ImageError: it is no array of numbers.
        SettingError: it is a text, but not one of a grid.

    >>> read_image("01/10").shape, read_image([[1, 2, 3]]).shape
    ((2, 2, 1), (1, 3, 1))
    """
    if isinstance(image, str):
        if not is_grid(image):
            raise ImageError(
                f"'{image[:60]}' is no grid of numbers such as '010/101'; "
                "open a file with striate.data.images.read and give the array"
            )
        return parse_image(image)[:, :, None]
    expected = "expected numbers of shape (rows, columns), or (rows, columns, channels)"
    try:
        values = np.asarray(image)
    except ValueError as error:
        raise ImageError(f"the image's rows differ in length; {expected}") from error
    if values.dtype.kind not in "buif" or values.ndim not in (2, 3) or 0 in values.shape:
        raise ImageError(f"the image has shape {values.shape} and type {values.dtype}; {expected}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ImageError("the image holds values that are not numbers (NaN or infinite)")
    if values.dtype.kind == "b":
        values = values.astype(np.uint8)
    return values if values.ndim == 3 else values[:, :, None]


def settle_channels(channels: Channels, filter: Filter, count: int) -> Channels:  # noqa: A002
    """Settle what ``auto`` stands for, and make sure that filter and image fit.

    A filter with a kernel for each channel sums over them. One that keeps the brightness makes
    an image of an image, so colours stay colours. Any other makes one map of the grey image.

    Raises:
        SettingError: they do not fit.

    >>> from striate.teaching.convolution.named_filters import FILTERS
    >>> settle_channels("auto", FILTERS["sharpen"], 3)
    'each'
    >>> settle_channels("auto", FILTERS["sobel-x"], 3)
    'gray'
    """
    if channels not in get_args(Channels):
        raise SettingError(f"channels is '{channels}'; expected auto, gray, each or sum")
    kernels = len(filter.kernels)
    if channels == "auto":
        if kernels > 1 or count not in (1, 3):
            channels = "sum"
        else:
            channels = "each" if filter.keeps_brightness and count == 3 else "gray"
    if channels == "gray" and count not in (1, 3):
        raise SettingError(
            f"the image has {count} channels, and only 1 or 3 can be made grey; "
            "take channels 'each' or 'sum'"
        )
    arriving = 1 if channels == "gray" else count
    if kernels not in (1, arriving):
        raise SettingError(
            f"the filter has {kernels} kernels, but the image has "
            f"{arriving} channel{'s' * (arriving > 1)}"
            f"{' once made grey' * (channels == 'gray' and count == 3)}; "
            "give one kernel for all, or one for each channel"
        )
    return channels


def split_planes(values: np.ndarray, channels: Channels) -> np.ndarray:
    """Return the planes that are convolved: (channels, rows, columns), of the image's own type.

    Args:
        values: (rows, columns, channels).
        channels: what `settle_channels` settled.
    """
    if channels == "gray" and values.shape[2] == 3:
        return to_gray(values)[None]
    return np.moveaxis(values, 2, 0)


def to_gray(values: np.ndarray) -> np.ndarray:
    """Make colours grey: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).

    Of 8 bits, 8 bits come out, rounded as Pillow and so every other part of Striate does.

    Args:
        values: (rows, columns, 3).

    >>> to_gray(np.array([[[255, 0, 0]]], dtype=np.uint8)).tolist()
    [[76]]
    """
    if values.dtype != np.uint8:
        weighted: np.ndarray = values.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
        return weighted
    shades = np.empty(values.shape[:2], np.uint8)
    for start in range(0, len(values), 256):
        red, green, blue = np.moveaxis(values[start : start + 256].astype(np.uint32), 2, 0)
        mixed = red * 19595 + green * 38470 + blue * 7471 + 0x8000
        shades[start : start + 256] = mixed >> 16
    return shades


def name_planes(channels: Channels, count: int) -> tuple[str, ...]:
    """Name the planes: grey; red, green, blue; or channel 1 to the last.

    >>> name_planes("gray", 1), name_planes("sum", 2)
    (('grey',), ('channel 1', 'channel 2'))
    """
    if count == 1:
        return ("grey",)
    if count == 3:
        return COLORS
    return tuple(f"channel {number}" for number in range(1, count + 1))
