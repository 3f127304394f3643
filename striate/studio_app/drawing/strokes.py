"""Lines of a pen, and the ink they leave where training images have theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

FINE = 8  # pixels that are drawn to one of the grid's, each way
END = 0.12  # of the height: what counts as the top and as the bottom of a digit
LEAST = 1e-6

Stroke = np.ndarray
"""Where the pen went: float (points, 2), x to the right and y down, in any unit."""


@dataclass(frozen=True)
class Layout:
    """How a set of images has its digits laid.

    MNIST's are scaled, proportions kept, into a box of 20x20 pixels, and laid with their centre of
    mass in the middle of 28x28 (http://yann.lecun.com/exdb/mnist). Scikit-learn's are bitmaps of
    32x32 in which each block of 4x4 was counted (https://archive.ics.uci.edu/dataset/80); they are
    as high as the bitmap, hardly ever wider than 22 of its pixels, and were set upright as
    NIST's forms were read (NISTIR 5469): a shear brings the left rim of the top over the bottom's.

    Attributes:
        side: pixels of an image.
        block: pixels of the bitmap, each way, that were counted for one of the image; 1: none.
        high: pixels of the bitmap that a digit may be high.
        wide: likewise.
        pen: width of a line, in the same pixels.
        by_mass: whether the centre of mass is in the middle; else the box is.
        upright: whether a slanting digit is set upright.
    """

    side: int
    block: int
    high: float
    wide: float
    pen: float
    by_mass: bool
    upright: bool


MNIST = Layout(side=28, block=1, high=20, wide=20, pen=2.35, by_mass=True, upright=False)
DIGITS = Layout(side=8, block=4, high=32, wide=22, pen=5.4, by_mass=False, upright=True)
"""The pens: MNIST's is the median of 150 images, 0.12 of their height. Scikit-learn's, 0.17,
leaves as much ink as these have, within 5 %, where they or MNIST's digits are redrawn."""


def measure_extent(strokes: Sequence[Stroke]) -> float:
    """Return the larger side of the box around the points; 0 where there is none.

    >>> measure_extent([np.array([[0.1, 0.1], [0.4, 0.2]]), np.array([[0.2, 0.6]])])
    0.5
    """
    points = [stroke for stroke in strokes if len(stroke)]
    return float(np.ptp(np.concatenate(points), axis=0).max()) if points else 0.0


def measure_length(strokes: Sequence[Stroke]) -> float:
    """Return how long the lines are together, in larger sides of their box.

    >>> measure_length([np.array([[0.0, 0.0], [0.0, 2.0], [1.0, 2.0]])])
    1.5
    """
    steps = [np.diff(np.asarray(stroke, float), axis=0) for stroke in strokes]
    whole = sum(float(np.hypot(*step.T).sum()) for step in steps)
    return whole / max(measure_extent(strokes), LEAST)


def lay(strokes: Sequence[Stroke], layout: Layout) -> np.ndarray:
    """Return strokes as an image of a set, however large and wherever they were drawn.

    Args:
        strokes: with one point at least.
        layout: of the set.

    Returns:
        uint8 (side, side), the ink bright.

    >>> bar = lay([np.array([[3.0, 1.0], [3.0, 9.0]])], MNIST)
    >>> rows, columns = np.nonzero(bar > 127)
    >>> int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1, float(rows.mean())
    (20, 2, 13.5)
    """
    kept = [np.asarray(stroke, float) for stroke in strokes if len(stroke)]
    if layout.upright:
        kept = set_upright(kept)
    points = np.concatenate(kept)
    low, sides = points.min(axis=0), np.maximum(np.ptp(points, axis=0), LEAST)
    free = np.array([layout.wide, layout.high]) - layout.pen
    scale = np.full(2, min(free / sides)) if layout.by_mass else np.full(2, free[1] / sides[1])
    if not layout.by_mass:  # as high as the bitmap; too wide ones are pressed together
        scale[0] = min(scale[1], free[0] / sides[0])
        scale[1] = min(scale[1], 4 * scale[0])
    grid = layout.side * layout.block
    corner = (grid - sides * scale) / 2
    image = _draw([(stroke - low) * scale + corner for stroke in kept], grid, layout.pen)
    if layout.by_mass:
        rows, columns = np.indices(image.shape)
        mass = max(float(image.sum()), LEAST)
        # MNIST's centres of mass lie from 13.5 to 14.5, counted from 0: at whole pixels
        down, across = (
            round(grid / 2 - float((at * image).sum()) / mass) for at in (rows, columns)
        )
        return np.asarray(np.rint(255 * _move(image, down, across)), np.uint8)
    blocks = (image >= 0.5).reshape(layout.side, layout.block, layout.side, layout.block)
    return np.asarray(np.rint(255 * blocks.mean((1, 3))), np.uint8)


def set_upright(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Shear strokes so that the left rim of their top is over that of their bottom.

    >>> slant = np.array([[4.0, 0.0], [0.0, 10.0]])
    >>> np.ptp(set_upright([slant])[0][:, 0])
    np.float64(0.0)
    """
    points = np.concatenate(list(strokes))
    x, y = points.T
    height = max(float(np.ptp(y)), LEAST)
    top = x[y <= y.min() + END * height].min()
    bottom = x[y >= y.max() - END * height].min()
    slope = float(np.clip((bottom - top) / height, -0.8, 0.8))
    return [
        np.stack([each[:, 0] - slope * (each[:, 1] - y.min()), each[:, 1]], 1) for each in strokes
    ]


def _draw(strokes: Sequence[Stroke], side: int, pen: float) -> np.ndarray:
    """Draw lines: float64 (side, side), 0 to 1, which share of each pixel is inked."""
    page = Image.new("L", (side * FINE, side * FINE))
    brush = ImageDraw.Draw(page)
    half = pen * FINE / 2
    for stroke in strokes:
        points = [(x, y) for x, y in (stroke * FINE).tolist()]
        if len(points) > 1:
            brush.line(points, fill=255, width=max(1, round(2 * half)))
        for x, y in points:  # round ends and joints
            brush.ellipse((x - half, y - half, x + half, y + half), fill=255)
    return np.asarray(page.reduce(FINE), float) / 255


def _move(image: np.ndarray, down: int, across: int) -> np.ndarray:
    """Move an image by whole pixels, no further than its ink allows."""
    (rows, columns), (high, wide) = np.nonzero(image), image.shape
    if not len(rows):
        return image
    down = min(max(down, -int(rows.min())), high - 1 - int(rows.max()))
    across = min(max(across, -int(columns.min())), wide - 1 - int(columns.max()))
    return np.roll(image, (down, across), (0, 1))
