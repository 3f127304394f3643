"""Maps side by side on one colour scale: the units of a layer, the kernels of a filter."""

from __future__ import annotations

import numpy as np

from striate.errors import SettingError
from striate.render.heat_map import blocks
from striate.render.heat_overlay import heat_overlay
from striate.render.image_files import Pixels

GAP = 4  # pixels between two maps, white or clear


def map_strip(
    maps: np.ndarray, *, reach: float, side: int = 84, columns: int = 0, clear: bool = False
) -> Pixels:
    """Draw maps in a row: orange above 0, blue below; the same number, the same colour.

    Args:
        maps: float (count, rows, columns).
        reach: the size of a number that has the full colour.
        side: of the longer side of one map: small ones are enlarged by a whole factor up to it,
            larger ones are averaged down to it.
        columns: how many places the row has, empty ones at its end; 0 for as many as maps.
        clear: whether 0 and what is empty is transparent, for any ground, instead of white.

    Returns:
        uint8 (rows, columns, 3), or 4 where it is clear.

    Raises:
        SettingError: there is no map.

    >>> map_strip(np.ones((2, 3, 3)), reach=1.0, side=6).shape
    (6, 16, 3)
    """
    if maps.ndim != 3 or not len(maps):
        raise SettingError(f"maps of shape {maps.shape}; expected (count, rows, columns)")
    drawn = [draw_map(each, reach=reach, side=side, clear=clear) for each in maps]
    height, width, channels = drawn[0].shape
    places = max(columns, len(maps))
    ground = 0 if clear else 255
    strip = np.full((height, places * (width + GAP) - GAP, channels), ground, np.uint8)
    for place, each in enumerate(drawn):
        left = place * (width + GAP)
        strip[:, left : left + width] = each
    return strip


def draw_map(values: np.ndarray, *, reach: float, side: int, clear: bool = False) -> Pixels:
    """Draw one map by itself; for the arguments see `map_strip`.

    >>> draw_map(np.array([[0.0, 1.0]]), reach=1.0, side=2, clear=True)[0].tolist()
    [[0, 114, 178, 0], [213, 94, 0, 255]]
    """
    sized = _sized(values, side)
    times = max(1, side // max(sized.shape))
    if clear:
        return heat_overlay(sized, reach=reach, strong=1.0).repeat(times, 0).repeat(times, 1)
    return blocks(sized, reach=reach, side=side)


def _sized(values: np.ndarray, side: int) -> np.ndarray:
    from PIL import Image

    if max(values.shape) <= side:
        return values
    image = Image.fromarray(np.ascontiguousarray(values, np.float32))
    image.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(image)
