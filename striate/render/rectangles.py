"""Rectangles on an image: what a unit can see of it, and where it looks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from striate.render.image_files import Pixels

Box = tuple[float, float, float, float]  # top, left, bottom, right in pixels of the image


def draw_rectangles(
    image: Pixels, boxes: Sequence[tuple[Box, str]], *, side: int = 320, thick: int = 2
) -> Pixels:
    """Draw frames on an image, which is brought to a size first.

    A frame that lies outside of the image on a side is open there.

    Args:
        image: uint8 (rows, columns, 1 or 3).
        boxes: (top, left, bottom, right) in pixels of the image, each with a colour, "#rrggbb";
            later ones lie over earlier ones.
        side: of the longer side; small images are enlarged by a whole factor.
        thick: of a frame, in pixels, with a white line inside that parts it from what it frames.

    Returns:
        uint8 (rows, columns, 3).

    >>> black, boxes = np.zeros((4, 4, 1), np.uint8), [((1, 1, 3, 3), "#d55e00")]
    >>> drawn = draw_rectangles(black, boxes, side=16, thick=1)
    >>> drawn.shape, drawn[4, 4].tolist(), drawn[8, 8].tolist()
    ((16, 16, 3), [213, 94, 0], [0, 0, 0])
    """
    drawn = resized(image, side)
    down, across = drawn.shape[0] / image.shape[0], drawn.shape[1] / image.shape[1]
    for (top, left, bottom, right), colour in boxes:
        box = (round(top * down), round(left * across), round(bottom * down), round(right * across))
        _line(drawn, box, "#ffffff", thick + 1)
        _line(drawn, box, colour, thick)
    return drawn


def resized(image: Pixels, side: int) -> Pixels:
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


def _line(pixels: Pixels, box: tuple[int, int, int, int], colour: str, thick: int) -> None:
    """Paint along the inner side of a box, as far as it lies on the image."""
    rows, columns = pixels.shape[:2]
    top, left, bottom, right = box
    painted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]

    def fill(first: int, last: int, begin: int, end: int) -> None:
        pixels[
            max(0, first) : min(rows, max(0, last)), max(0, begin) : min(columns, max(0, end))
        ] = painted

    fill(top, top + thick, left, right)
    fill(bottom - thick, bottom, left, right)
    fill(top, bottom, left, left + thick)
    fill(top, bottom, right - thick, right)
