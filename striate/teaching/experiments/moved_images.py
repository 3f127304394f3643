"""Images moved on a canvas that is larger than they are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from striate.teaching.experiments.design import Pixels, Views

EIGHT = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)]
NOT_MOVED = "not moved"
LARGE = 32  # pixels a side, about, to which a stem shrinks larger images


def name_move(far: float) -> str:
    """Name a move.

    >>> name_move(0), name_move(2)
    ('not moved', 'by 2')
    """
    return f"by {far:g}" if far else NOT_MOVED


def give_moved_views(pixels: Pixels, moves: Sequence[int]) -> Views:
    """Give images as they are, and moved in eight directions by so many pixels."""
    for far in moves:
        directions = EIGHT if far else EIGHT[:1]
        yield name_move(far), far, [shift(pixels, far * r, far * c) for r, c in directions]


def place_on_canvas(pixels: Pixels, margin: int, ground: Sequence[int]) -> Pixels:
    """Put images (n, rows, columns, channels) into the middle of a larger canvas.

    >>> place_on_canvas(np.full((1, 1, 1, 1), 9, np.uint8), 1, [0])[0, :, :, 0].tolist()
    [[0, 0, 0], [0, 9, 0], [0, 0, 0]]
    """
    n, rows, columns, channels = pixels.shape
    canvas = np.empty((n, rows + 2 * margin, columns + 2 * margin, channels), np.uint8)
    canvas[:] = np.asarray(ground, np.uint8)
    canvas[:, margin : margin + rows, margin : margin + columns] = pixels
    return canvas


def shift(pixels: Pixels, down: int, right: int) -> Pixels:
    """Move images; what leaves at one border, which is margin only, comes in at the other.

    >>> shift(np.arange(4, dtype=np.uint8).reshape(1, 2, 2, 1), 1, 0)[0, :, :, 0].tolist()
    [[2, 3], [0, 1]]
    """
    return np.roll(pixels, (down, right), axis=(1, 2))


def write_stem(side: int) -> str:
    """Write what all networks begin with where images are large: halved until about 32 pixels.

    >>> write_stem(16), write_stem(160)
    ('', '[conv 8 stride=2 bias=no > bn > relu]*2 > ')
    """
    halvings = max(0, round(math.log2(side / LARGE)))
    return f"[conv 8 stride=2 bias=no > bn > relu]*{halvings} > " if halvings else ""
