"""Images side by side in a grid, and how they come into matplotlib axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from striate.render.image_files import Pixels
from striate.render.plot_axes import open_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 2  # white pixels between two images
WIDTH, TITLE = 4.8, 0.5  # inches of a new figure, and of its title


def make_grid(images: Sequence[Pixels], *, columns: int = 0, gap: int = GAP) -> Pixels:
    """Return images in a grid, row by row, white (or clear, where they have opacity) between them.

    Args:
        images: uint8 (rows, columns, 3 or 4) each, of one size; at least one.
        columns: images in a row; 0 for a grid that is about square.
        gap: pixels between two of them.

    Returns:
        uint8 (rows, columns, 3 or 4).

    >>> make_grid([np.zeros((4, 5, 3), np.uint8)] * 3).shape
    (10, 12, 3)
    """
    columns = columns or math.ceil(math.sqrt(len(images)))
    height, width, channels = images[0].shape
    rows = math.ceil(len(images) / columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, channels)
    grid = np.full(shape, 255 if channels == 3 else 0, np.uint8)
    for place, image in enumerate(images):
        top, left = place // columns * (height + gap), place % columns * (width + gap)
        grid[top : top + height, left : left + width] = image
    return grid


def show_image(ax: Axes | None, pixels: Pixels, *, title: str) -> Axes:
    """Return axes with an image in them and nothing else but its title.

    Args:
        ax: matplotlib's, or None for those of a new figure.
        pixels: uint8 (rows, columns, 3).
        title: as it is read; a dollar sign is one.

    >>> show_image(None, np.zeros((4, 8, 3), np.uint8), title="black").get_title(loc="left")
    'black'
    """
    height = WIDTH * pixels.shape[0] / pixels.shape[1] + TITLE
    with open_axes(ax, width=WIDTH, height=height) as axes:
        axes.imshow(pixels, interpolation="nearest")
        axes.set_axis_off()
        axes.set_title(title.replace("$", r"\$"), loc="left", fontsize=10)
    return axes
