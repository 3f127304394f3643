"""Parts of an image covered or repainted by strokes of a brush, before a network sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from striate.errors import SettingError
from striate.explanation.baselines import make_baseline
from striate.explanation.preprocessed_image import PreprocessedImage

Paint = Literal["gray", "blur", "color", "copy"]
FINE = 1024  # pixels a side on which strokes are drawn at least, so that their rims are true


@dataclass(frozen=True)
class Stroke:
    """One stroke of a brush.

    Attributes:
        paint: "gray", the mean image, which is 0 to the network; "blur", the image without
            detail; "color"; or "copy", another part of the image.
        radius: of the brush, in pixels of the network's input.
        points: (row, column) each, in pixels of the input from its upper left corner.
        color: red, green and blue, 0 to 255.
        offset: rows and columns from what is painted to what is copied.
    """

    paint: Paint
    radius: float
    points: tuple[tuple[float, float], ...]
    color: tuple[int, int, int] = (0, 0, 0)
    offset: tuple[int, int] = (0, 0)


def retouch(image: PreprocessedImage, strokes: Sequence[Stroke]) -> np.ndarray:
    """Return what a network gets of an image once strokes were laid on it, one after the other.

    Blur and copy take what the image was before the first stroke, whatever lies there now.

    Args:
        image: as the network gets it.
        strokes: the oldest first.

    Returns:
        uint8 (channels, height, width).

    Raises:
        SettingError: a stroke has no points or no size.

    >>> from striate.data.images import Preprocess
    >>> plain = Preprocess(1, 5, 5, mean=(0.5,), std=(1.0,))
    >>> white = np.full((5, 5, 1), 255, np.uint8)
    >>> seen = PreprocessedImage("p", white, plain.pixels(white), plain, plain.placement(5, 5))
    >>> retouch(seen, [Stroke("gray", 0.9, ((2.5, 2.5),))])[0, 2].tolist()
    [255, 255, 128, 255, 255]
    """
    before = image.pixels
    found = before.copy()
    for stroke in strokes:
        if not stroke.points or stroke.radius <= 0:
            raise SettingError("a stroke has no points, or its brush no size")
        covered = cover(stroke, before.shape[1], before.shape[2])
        found[:, covered] = _paint(image, stroke)[:, covered]
    return found


def cover(stroke: Stroke, rows: int, columns: int) -> np.ndarray:
    """Return which pixels a stroke covers, those whose middle lies under it: bool (rows, columns).

    >>> cover(Stroke("gray", 1.2, ((1.5, 1.5),)), 3, 4).astype(int).tolist()
    [[0, 1, 0, 0], [1, 1, 1, 0], [0, 1, 0, 0]]
    """
    times = max(2, -(-FINE // max(rows, columns)) // 2 * 2)
    mask = Image.new("1", (columns * times, rows * times))
    pen, reach = ImageDraw.Draw(mask), stroke.radius * times
    places = [(column * times, row * times) for row, column in stroke.points]
    if len(places) > 1:
        pen.line(places, fill=1, width=max(1, round(2 * reach)))
    for x, y in places:
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=1)
    found: np.ndarray = np.array(mask, bool)[times // 2 :: times, times // 2 :: times]
    return found


def _paint(image: PreprocessedImage, stroke: Stroke) -> np.ndarray:
    """Return what shows wherever a stroke lies: uint8 (channels, height, width)."""
    before = image.pixels
    match stroke.paint:
        case "gray":
            mean = np.rint(np.array(image.preprocess.mean) * 255).clip(0, 255)
            return np.broadcast_to(mean.astype(np.uint8)[:, None, None], before.shape)
        case "blur":
            return np.asarray(np.rint(make_baseline(before)).clip(0, 255), np.uint8)
        case "color":
            color = np.array(stroke.color, np.float64)
            if len(before) == 1:
                color = np.array([color @ (0.299, 0.587, 0.114)])
            return np.broadcast_to(np.rint(color).astype(np.uint8)[:, None, None], before.shape)
        case "copy":
            rows, columns = (
                np.clip(np.arange(side) + by, 0, side - 1)
                for side, by in zip(before.shape[1:], stroke.offset, strict=True)
            )
            return np.asarray(before[:, rows[:, None], columns[None]])
