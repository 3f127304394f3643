"""Digits of images as strokes, by means of SciPy alone: what a hand would draw on the pad."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

ENLARGED = 4  # times, before the ink is thinned
SHORTEST = 6  # pixels of the enlarged image: less is noise of the rim
SPUR = 7  # the same of a branch
# the two masks of Golay's alphabet L, each turned four times: what is ink, and what is not
INK = (((0, 0, 0), (0, 1, 0), (1, 1, 1)), ((0, 0, 0), (1, 1, 0), (0, 1, 0)))
NONE = (((1, 1, 1), (0, 0, 0), (0, 0, 0)), ((0, 1, 1), (0, 0, 1), (0, 0, 0)))


def thin(mask: np.ndarray) -> np.ndarray:
    """Return lines of one pixel: what fits one of the masks is taken off until none does."""
    while True:
        before = mask.copy()
        for turns in range(4):
            for ink, none in zip(INK, NONE, strict=True):
                turned = (np.rot90(np.array(each, bool), turns) for each in (ink, none))
                mask = mask & ~ndimage.binary_hit_or_miss(mask, *turned)
        if (mask == before).all():
            return mask


def prune(lines: np.ndarray) -> np.ndarray:
    """Return the lines without short branches, which thinning leaves where a rim is rough."""
    kept = lines.copy()
    crowd = ndimage.convolve(lines.astype(int), np.ones((3, 3), int), mode="constant") - 1
    for row, column in np.argwhere(lines & (crowd == 1)):
        path = [(int(row), int(column))]
        while len(path) <= SPUR:
            r, c = path[-1]
            around = ((r + i, c + j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)
            inside = (at for at in around if min(at) >= 0 and max(at) < min(kept.shape))
            near = [at for at in inside if kept[at] and at not in path]
            if len(near) > 1:
                kept[tuple(np.transpose(path))] = False
            if len(near) != 1:
                break
            path.append(near[0])
    return thin(kept)


def follow(lines: np.ndarray) -> list[list[tuple[float, float]]]:
    """Return the lines as strokes of (x, y): depth first, a new stroke after each way back."""
    left = {(int(row), int(column)) for row, column in np.argwhere(lines)}

    def neighbours(at: tuple[int, int]) -> list[tuple[int, int]]:
        near = [(at[0] + i, at[1] + j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
        found = [each for each in near if each in left]
        return sorted(found, key=lambda each: abs(each[0] - at[0]) + abs(each[1] - at[1]))

    strokes: list[list[tuple[int, int]]] = []
    while left:
        start = min(left, key=lambda at: (len(neighbours(at)), at))
        left.discard(start)
        stroke, trail = [start], [start]
        while trail:
            near = neighbours(trail[-1])
            if near:
                if not stroke:
                    stroke = [trail[-1]]
                left.discard(near[0])
                stroke.append(near[0])
                trail.append(near[0])
                continue
            if stroke:
                strokes.append(stroke)
                stroke = []
            trail.pop()
    long = [stroke for stroke in strokes if len(stroke) >= SHORTEST] or strokes
    return [[(x + 0.5, y + 0.5) for y, x in stroke] for stroke in long]


def redraw(image: np.ndarray) -> list[list[tuple[float, float]]]:
    """Return a digit as strokes in shares of a pad, in its middle.

    Args:
        image: uint8 (rows, columns), the ink bright.
    """
    high, wide = image.shape
    size = (wide * ENLARGED, high * ENLARGED)
    fine = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
    strokes = follow(prune(prune(thin(fine > 120))))
    largest = max(size)
    return [
        [(x / largest, y / largest) for x, y in stroke[::3] + stroke[-1:]] for stroke in strokes
    ]
