"""The strokes of an image: along the middle of its ink."""

from __future__ import annotations

import numpy as np
from PIL import Image

from striate.studio_app.drawing.strokes import Stroke

FINE = 84  # pixels a side
SPUR = 0.6  # branches shorter than that share of the stroke's width are noise of the rim
# the eight neighbours, clockwise from above
AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def thin(mask: np.ndarray) -> np.ndarray:
    r"""Return the middle lines of a mask, one pixel wide, by Zhang and Suen's algorithm.

    https://doi.org/10.1145/357994.358023. Rims are taken off from two sides in turn until nothing
    changes.

    Args:
        mask: bool (rows, columns).

    >>> bar = np.zeros((7, 12), bool)
    >>> bar[2:5, 1:11] = True
    >>> print(*("".join("-#"[each] for each in row) for row in thin(bar).astype(int)), sep="\n")
    ------------
    ------------
    ------------
    --#######---
    ------------
    ------------
    ------------
    """
    left = np.pad(mask, 1).astype(np.uint8)
    inner = left[1:-1, 1:-1]
    rows, columns = mask.shape
    rims = _find_rims()
    changed = True
    while changed:
        changed = False
        for is_rim in rims:
            around = np.zeros(mask.shape, np.uint8)  # a bit for each neighbour
            for place, (down, across) in enumerate(AROUND):
                beside = left[1 + down : 1 + down + rows, 1 + across : 1 + across + columns]
                around |= beside << place
            gone = is_rim[around] & (inner > 0)
            if gone.any():
                inner[gone] = 0
                changed = True
    return inner > 0


def _find_rims() -> tuple[np.ndarray, np.ndarray]:
    """Return for both sides in turn which of the 256 kinds of neighbours let a pixel be taken."""
    codes = np.arange(256)
    p = [codes >> place & 1 == 1 for place in range(8)]
    count = sum(each.astype(np.int8) for each in p)
    turns = sum((~p[i] & p[(i + 1) % 8]).astype(np.int8) for i in range(8))
    up, right, down, across = p[0], p[2], p[4], p[6]
    rim = (count >= 2) & (count <= 6) & (turns == 1)
    return (
        rim & ~(up & right & down) & ~(right & down & across),
        rim & ~(up & right & across) & ~(up & down & across),
    )


def trace(skeleton: np.ndarray, *, shortest: float = 0.0) -> list[Stroke]:
    """Return middle lines as strokes: from an end, or along a ring, straight on at a crossing.

    What crosses a line that is drawn already is two strokes, which meet there.

    Args:
        skeleton: bool (rows, columns), lines of one pixel.
        shortest: strokes of fewer points are left out, unless there are no others.

    >>> line = np.zeros((3, 6), bool)
    >>> line[1, 1:5] = True
    >>> trace(line)[0].tolist()
    [[1.5, 1.5], [2.5, 1.5], [3.5, 1.5], [4.5, 1.5]]
    """
    left = {(int(row), int(column)) for row, column in np.argwhere(skeleton)}
    every = frozenset(left)

    def beside(
        at: tuple[int, int], among: frozenset[tuple[int, int]] | set[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        near = [(at[0] + down, at[1] + across) for down, across in AROUND]
        return [each for each in near if each in among]

    strokes: list[Stroke] = []
    while left:
        ends = [at for at in left if len(beside(at, left)) <= 1]
        at = min(ends) if ends else min(left)
        path = [at]
        before = [each for each in beside(at, every) if each not in left]
        left.discard(at)
        while near := beside(at, left):
            back = path[-4] if len(path) > 3 else path[0]
            going = (at[0] - back[0], at[1] - back[1])
            nearest = max(
                near,
                key=lambda each: (
                    going[0] * (each[0] - at[0])
                    + going[1] * (each[1] - at[1])
                    - 0.1 * (each[0] != at[0] and each[1] != at[1])
                ),
            )
            left.discard(nearest)
            path.append(nearest)
            at = nearest
        after = [each for each in beside(at, every) if each not in path[-3:] and each not in left]
        # a ring is closed, and a branch begins and ends where it meets what was drawn before
        path = [*before[:1], *path, *after[:1]]
        strokes.append(np.array([(column + 0.5, row + 0.5) for row, column in path]))
    long = [stroke for stroke in strokes if len(stroke) >= shortest]
    return long or strokes


def find_strokes(ink: np.ndarray, *, fine: int = FINE) -> list[Stroke]:
    """Return the strokes of a small image of ink, in its own pixels.

    Args:
        ink: float (rows, columns), 0 to 1.
        fine: pixels a side, to which it is enlarged first.

    >>> image = np.zeros((28, 28))
    >>> image[4:24, 13:16] = 1
    >>> (stroke,) = find_strokes(image)
    >>> bool(np.ptp(stroke[:, 1]) > 15), bool(abs(stroke[:, 0].mean() - 14.5) < 0.5)
    (True, True)
    """
    by = max(1, round(fine / max(ink.shape)))
    enlarged = Image.fromarray(ink.astype(np.float32)).resize(
        (by * ink.shape[1], by * ink.shape[0]), Image.Resampling.BICUBIC
    )
    mask = np.asarray(enlarged) > 0.45 * float(np.max(np.asarray(enlarged)))
    lines = thin(mask)
    width = mask.sum() / max(1, lines.sum())
    return [each / by for each in trace(lines, shortest=1 + SPUR * width)]
