"""Maps side by side on one colour scale: the units of a layer, the kernels of a filter."""

from __future__ import annotations

import numpy as np

from striate.errors import SettingError
from striate.render.heat_map import blocks
from striate.render.image_files import Pixels

GAP = 4  # white pixels between two maps


def map_strip(maps: np.ndarray, *, reach: float, side: int = 84, columns: int = 0) -> Pixels:
    """Draw maps in a row: orange above 0, blue below, white at 0; the same number, the same colour.

    Args:
        maps: float (count, rows, columns).
        reach: the size of a number that has the full colour.
        side: of the longer side of one map: small ones are enlarged by a whole factor up to it,
            larger ones are averaged down to it.
        columns: how many places the row has, empty ones at its end; 0 for as many as maps.

    Returns:
        uint8 (rows, columns, 3).

    Raises:
        SettingError: there is no map.

    >>> map_strip(np.ones((2, 3, 3)), reach=1.0, side=6).shape
    (6, 16, 3)
    """
    if maps.ndim != 3 or not len(maps):
        raise SettingError(f"maps of shape {maps.shape}; expected (count, rows, columns)")
    drawn = [_sized(blocks(each, reach=reach, side=side), side) for each in maps]
    height, width = drawn[0].shape[:2]
    places = max(columns, len(maps))
    strip = np.full((height, places * (width + GAP) - GAP, 3), 255, np.uint8)
    for place, each in enumerate(drawn):
        left = place * (width + GAP)
        strip[:, left : left + width] = each
    return strip


def _sized(pixels: Pixels, side: int) -> Pixels:
    from PIL import Image

    if max(pixels.shape[:2]) <= side:
        return pixels
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(image)
