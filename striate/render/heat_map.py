"""A map over the image that it is of: where it speaks for a class, and where against it."""

from __future__ import annotations

import numpy as np

from striate.errors import SettingError
from striate.render.contour_path import contour_lines
from striate.render.heat_overlay import heat_overlay
from striate.render.image_files import Pixels
from striate.render.palette import BLUE, ORANGE

OPAQUE = 0.6  # where the map is at its reach: the thing under it can still be seen
HALF = 0.5  # of the reach, along which a line is drawn
WHITE = "#ffffff"  # beside a line, so that it is seen on any ground
FINE = 200  # pixels of the drawing for one of a line's width


def heat(
    image: Pixels,
    values: np.ndarray,
    *,
    reach: float | None = None,
    side: int = 480,
    lined: bool = False,
) -> Pixels:
    """Draw a map over its image: orange above 0, blue below, nothing at 0.

    The image is shown grey, so that only the map has colour; what lies outside of what the network
    looks at is veiled.

    Args:
        image: uint8 (rows, columns, 1 or 3), upright.
        values: float (rows, columns), the map on it; NaN where the network does not look.
        reach: the size of a number that has the full colour; None takes the largest.
        side: of the longer side of the drawing; smaller images are enlarged by a whole factor.
        lined: whether a line is drawn along half of the reach, above 0 and below.

    Returns:
        uint8 (rows, columns, 3).

    Raises:
        SettingError: map and image are of different sizes.

    >>> white = np.full((2, 2, 1), 255, np.uint8)
    >>> drawn = heat(white, np.array([[0.0, 1.0], [-1.0, np.nan]]), side=2)
    >>> drawn[0, 0].tolist(), drawn[0, 1].tolist(), drawn[1, 0].tolist()
    ([255, 255, 255], [230, 158, 102], [102, 170, 209])
    """
    if image.shape[:2] != values.shape:
        raise SettingError(
            f"a map of {values.shape} over an image of {image.shape[:2]}; expected one size "
            "(`Explanation.on_image` gives it)"
        )
    fitted = _resized(image, side)
    rows, columns = fitted.shape[:2]
    known = np.nan_to_num(values).astype(np.float32)
    largest = float(np.abs(known).max()) if reach is None else reach
    laid = _spread(known, rows, columns).copy()
    laid[_spread(np.isnan(values).astype(np.float32), rows, columns) > 0.5] = np.nan
    over = heat_overlay(laid, reach=largest, strong=OPAQUE).astype(np.float32)
    share = over[..., 3:] / 255
    drawn = np.rint(_grey(fitted) * (1 - share) + over[..., :3] * share).astype(np.uint8)
    return _line(drawn, laid, HALF * largest) if lined else drawn


def _line(drawn: Pixels, values: np.ndarray, level: float) -> Pixels:
    """Draw the lines along which a map has a level, above 0 and below."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(drawn)
    brush, width = ImageDraw.Draw(image), max(1, max(drawn.shape) // FINE)
    for color, at in ((ORANGE, level), (BLUE, -level)):
        for line in contour_lines(values, at) if level else ():
            points = [(x - 0.5, y - 0.5) for x, y in line.tolist()]  # Pillow counts from middles
            brush.line(points, fill=WHITE, width=width + 2, joint="curve")
            brush.line(points, fill=color, width=width, joint="curve")
    return np.asarray(image)


def blocks(values: np.ndarray, *, reach: float | None = None, side: int = 480) -> Pixels:
    """Draw a map by itself, on the grid that it has, without smoothing between its places.

    Args:
        values: float (rows, columns).
        reach: the size of a number that has the full colour; None takes the largest.
        side: of the longer side of the drawing, at most, in whole pixels a place.

    >>> blocks(np.array([[0.0, 1.0]]), side=4)[0, :, 2].tolist()
    [255, 255, 0, 0]
    """
    largest = float(np.abs(values).max()) if reach is None else reach
    share = np.clip(np.nan_to_num(values) / (largest or 1.0), -1, 1)[:, :, None]
    colours = np.where(share > 0, _colour(ORANGE), _colour(BLUE))
    drawn = 255 * (1 - np.abs(share)) + colours * np.abs(share)
    times = max(1, side // max(values.shape))
    return np.asarray(np.rint(drawn), np.uint8).repeat(times, 0).repeat(times, 1)


def _resized(image: Pixels, side: int) -> Pixels:
    """Bring an image to a size, in three channels: enlarged by a whole factor or averaged down."""
    from PIL import Image

    three = image if image.shape[2] == 3 else np.repeat(image, 3, axis=2)
    longer = max(three.shape[:2])
    if longer <= side:
        times = side // longer
        return three.repeat(times, 0).repeat(times, 1)
    small = Image.fromarray(np.ascontiguousarray(three))
    small.thumbnail((side, side), Image.Resampling.BOX)
    return np.array(small)


def _colour(name: str) -> np.ndarray:
    return np.array([int(name[place : place + 2], 16) for place in (1, 3, 5)], np.float32)


def _grey(image: Pixels) -> np.ndarray:
    """Give an image as grey: float (rows, columns, 1)."""
    return image.astype(np.float32) @ np.array([[0.299], [0.587], [0.114]], np.float32)


def _spread(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Bring a map to the drawing's size: repeated where it grows, averaged where it shrinks."""
    from PIL import Image

    if values.shape[0] <= rows:
        times = rows // values.shape[0]
        return values.repeat(times, 0).repeat(times, 1)
    return np.asarray(Image.fromarray(values).resize((columns, rows), Image.Resampling.BOX))
