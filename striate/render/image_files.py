"""Arrays as image files and as the `src` of an image in a page."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray

from striate.errors import SettingError

Pixels = NDArray[np.uint8]

EXACT = 96
"""Images with no side longer than this go into a page pixel by pixel."""

LARGE = 2**20
"""Images of more pixels than this are packed less tightly still."""


def png(pixels: Pixels, *, side: int = 0) -> bytes:
    """Give an image as a PNG file, tiny ones enlarged so that every pixel can be seen.

    Args:
        pixels: uint8 (rows, columns), (rows, columns, 1), (rows, columns, 3), or with opacity
            (rows, columns, 4).
        side: the longer side wanted, in pixels. A smaller image is repeated pixel by pixel
            the whole number of times that comes nearest from below; a larger one is reduced
            to it. 0 leaves it as it is.

    Raises:
        SettingError: the array is no image.

    >>> image = np.zeros((8, 8, 1), dtype=np.uint8)
    >>> data = png(image, side=100)
    >>> data[1:4], int.from_bytes(data[16:20])  # the width: 12 times 8
    (b'PNG', 96)
    """
    from PIL import Image

    image = Image.fromarray(_flat(pixels))
    longer = max(image.size)
    if 0 < side < longer:
        image.thumbnail((side, side), Image.Resampling.BOX)
    elif side >= 2 * longer:
        times = side // longer
        size = (image.width * times, image.height * times)
        image = image.resize(size, Image.Resampling.NEAREST)
    out = io.BytesIO()
    # a page has a hundred: in an eighth of the time of level 9, maps 4 % and digits 20 % larger
    image.save(out, "PNG", compress_level=6 if image.width * image.height <= LARGE else 3)
    return out.getvalue()


def data_uri(pixels: Pixels, *, side: int = 160, quality: int = 90) -> str:
    """Give an image as a text that can stand as the `src` of an image in a page.

    Up to 96 pixels a side, and wherever it has opacity, it is an exact PNG, enlarged by whole
    numbers; beyond it is reduced to `side` and stored as a JPEG, a fifth of the size.

    Args:
        pixels: as `png` takes them.
        side: the longer side wanted, in pixels.
        quality: of a JPEG, up to 95; below 90 its colours are kept at half the resolution.

    >>> data_uri(np.zeros((8, 8), dtype=np.uint8))[:22]
    'data:image/png;base64,'
    """
    from PIL import Image

    flat = _flat(pixels)
    if max(flat.shape[:2]) <= EXACT or flat.shape[2:] == (4,):
        kind, data = "png", png(flat, side=max(side, *flat.shape[:2]))
    else:
        image = Image.fromarray(flat)
        image.thumbnail((side, side), Image.Resampling.BOX)
        out = io.BytesIO()
        image.save(
            out, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2, optimize=True
        )
        kind, data = "jpeg", out.getvalue()
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _flat(pixels: Pixels) -> Pixels:
    if pixels.dtype != np.uint8 or 0 in pixels.shape:
        raise SettingError(
            f"pixels of type {pixels.dtype} and shape {pixels.shape}; expected uint8, "
            "(rows, columns, 1 or 3)"
        )
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))):
        raise SettingError(
            f"pixels of shape {pixels.shape}; expected (rows, columns, 1, 3 or 4); a network's "
            "(channels, rows, columns) has its axes moved by numpy.moveaxis(pixels, 0, -1)"
        )
    return np.ascontiguousarray(pixels)
