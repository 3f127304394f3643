"""The solids of a drawing: how large a volume is drawn, and its faces in oblique projection.

Heights run up, widths run to the back (right and up), depths run to the right, as in the figure
of Krizhevsky, Sutskever and Hinton 2012, https://dl.acm.org/doi/10.1145/3065386. Lengths grow with
the square root of what they stand for, so that 224x224x3 and 7x7x512 can stand in one drawing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from striate.architecture.words import Pair, Shape

TALLEST: Final = 116.0  # pixels of the longest side of a map
DEEPEST: Final = 58.0  # pixels of the most channels
SLANT: Final = (0.40, 0.30)  # right and up, for each pixel of width that runs to the back
BAR: Final = 8.0  # pixels of an fc's thickness

Point = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """How many pixels stand for what; one for all boxes of a diagram.

    Attributes:
        side: the longest side of any map.
        channels: the most channels of any map.
        features: the most features of any fc.
    """

    side: int
    channels: int
    features: int

    @classmethod
    def of(cls, shapes: Sequence[Shape]) -> Scale:
        """Make the scale for these shapes."""
        maps = [shape for shape in shapes if len(shape) == 3]
        rows = [shape[0] for shape in shapes if len(shape) == 1]
        return cls(
            max([32, *(max(shape[1:]) for shape in maps)]),
            max([512, *(shape[0] for shape in maps)]),
            max([256, *rows]),
        )


@dataclass(frozen=True)
class Solid:
    """One volume's size in pixels: the front is depth x height, the slant runs to the back.

    Attributes:
        shape: what it stands for.
        height: of its front.
        depth: the width of its front, which stands for the channels.
        slant: how far its back lies to the right and above.
    """

    shape: Shape
    height: float
    depth: float
    slant: Point

    @property
    def width(self) -> float:
        """From its left edge to its right one."""
        return self.depth + self.slant[0]

    @property
    def total(self) -> float:
        """From its lowest point to its highest one."""
        return self.height + self.slant[1]


def solid(shape: Shape, scale: Scale) -> Solid:
    """Give the size of the volume that stands for a shape.

    >>> scale = Scale(224, 512, 4096)
    >>> round(solid((3, 224, 224), scale).height), round(solid((512, 7, 7), scale).height)
    (116, 21)
    """
    if len(shape) == 1:
        share = math.log(1 + shape[0]) / math.log(1 + scale.features)
        return Solid(shape, 14 + (TALLEST - 14) * share, BAR, (5.0, 4.0))
    channels, rows, columns = shape
    back = _length(columns, scale)
    return Solid(
        shape,
        _length(rows, scale),
        3 + (DEEPEST - 3) * math.sqrt(channels / scale.channels),
        (SLANT[0] * back, SLANT[1] * back),
    )


def _length(side: int, scale: Scale) -> float:
    # by logarithms 224 and 7 differ by 2.6 to 1 and all look alike; linearly, 7 vanishes beside 224
    return max(5.0, TALLEST * math.sqrt(side / scale.side))


def faces(body: Solid, x: float, y: float) -> tuple[list[Point], list[Point], list[Point]]:
    """Give the corners of the front, the top and the right face.

    Args:
        body: the solid.
        x: the left edge of its front.
        y: the lower edge of its front.
    """
    right, up = body.slant
    top, end = y - body.height, x + body.depth
    front = [(x, y), (end, y), (end, top), (x, top)]
    upper = [(x, top), (end, top), (end + right, top - up), (x + right, top - up)]
    side = [(end, y), (end + right, y - up), (end + right, top - up), (end, top)]
    return front, upper, side


def kernel(body: Solid, window: Pair, x: float, y: float) -> list[Point]:
    """Give the corners of a kernel in the middle of the right face, to the scale of the map."""
    # by the law of the sides, so that a 3x3 kernel is of one size on all maps
    rows, columns = (math.sqrt(min(1.0, window[axis] / body.shape[1 + axis])) for axis in (0, 1))
    middle = (x + body.depth + body.slant[0] / 2, y - (body.height + body.slant[1]) / 2)
    right, up = body.slant[0] * columns / 2, body.slant[1] * columns / 2
    low, high = middle[1] + rows * body.height / 2, middle[1] - rows * body.height / 2
    return [
        (middle[0] - right, low + up),
        (middle[0] + right, low - up),
        (middle[0] + right, high - up),
        (middle[0] - right, high + up),
    ]
