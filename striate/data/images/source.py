"""What an image can be given as, and how each is opened."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from striate.data.images.decoder_warnings import hold_warnings
from striate.data.images.safe_open import Opened, open_file, open_image
from striate.data.images.size_limits import check_pixels
from striate.data.images.value_range import (
    EXPECTED,
    ValueRanges,
    clip_to_uint8,
    find_black_and_white,
    to_uint8,
)
from striate.errors import ImageError

FileSource = str | Path | bytes | Image.Image
Source = FileSource | np.ndarray
"""What an image can be given as: a path, a file's bytes, an image of Pillow's, an array."""


@contextmanager
def open_source(source: FileSource) -> Iterator[Opened]:
    """Open a file, its bytes or an image of Pillow's, and close what was opened here.

    What Pillow says meanwhile is kept off the screen, whether or not it is collected.

    Raises:
        ImageError: the reason why it cannot be opened, in one line.
    """
    if isinstance(source, Image.Image):
        check_pixels(source.size)
        yield Opened(source)
        return
    path = Path() if isinstance(source, bytes) else Path(source)
    with contextlib.ExitStack() as stack:
        stack.enter_context(hold_warnings())
        held = io.BytesIO(source) if isinstance(source, bytes) else open_file(path)
        opened = open_image(stack.enter_context(held), path.suffix)
        if isinstance(opened.image, Image.Image):
            stack.enter_context(opened.image)
        yield opened


def image_of_array(values: np.ndarray, ranges: ValueRanges, said: list[str]) -> Image.Image:
    """Return an array as an image of 8 bits.

    Raises:
        ImageError: its shape or its values are those of no image.
    """
    channels = values.shape[2] if values.ndim == 3 else 1
    if values.ndim not in (2, 3) or channels not in (1, 3, 4) or values.dtype.kind not in "buif":
        shape = "x".join(map(str, values.shape)) or "no"
        raise ImageError(
            f"an array of shape {shape} and type {values.dtype} is not an image; "
            "expected numbers of shape rows x columns, or rows x columns x 1, 3 or 4"
        )
    check_pixels((values.shape[1], values.shape[0]))
    if channels == 1:
        values = values.reshape(values.shape[:2])
    return Image.fromarray(np.ascontiguousarray(_in_eight_bits(values, ranges, said)))


def _in_eight_bits(values: np.ndarray, ranges: ValueRanges, said: list[str]) -> np.ndarray:
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind in "iu" and ranges.integers is not None:
        return clip_to_uint8(values, ranges.integers, said)
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ImageError("it holds values that are not numbers (NaN or infinite)")
    ends = find_black_and_white(low, high, whole=values.dtype.kind in "bui")
    if ends is None and ranges.floats is not None:
        return clip_to_uint8(values, ranges.floats, said)
    if ends is None:
        raise ImageError(
            f"an array of {values.dtype} with values from {low:g} to {high:g}; expected "
            f"{EXPECTED}; scale it, best to uint8"
        )
    return to_uint8(values, *ends)
