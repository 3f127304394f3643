"""What the units of a map see of the image: intervals, followed through windows and joins.

The formulas are those of Araujo, Norris and Sim 2019, Computing receptive fields of
convolutional neural networks, https://distill.pub/2019/computing-receptive-fields/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from striate.architecture.words import Shape, Window

Side = int | tuple[int, int]  # pixels; (rows, columns) where the two differ
Axis = Mapping[int, tuple[int, int]]  # stride -> first and last pixel that the first unit sees


PIXELS: Final[Axis] = {1: (0, 0)}


@dataclass(frozen=True)
class Sight:
    """What the units of a map see, along rows and along columns.

    Branches may arrive with different strides (their maps can still agree in size); each
    stride keeps its own interval, and a unit sees all of them together. By itself it is that
    of the pixels of the image, which see themselves.

    A gate that has seen the whole image and scales whole channels, as in squeeze and excitation,
    is no part of it: ``gated`` says that there was one.

    >>> from striate.architecture.words import Window
    >>> Sight().through(Window((7, 7), (2, 2), (3, 3))).through(Window((3, 3), (2, 2))).size(
    ...     (64, 55, 55)
    ... )
    11
    """

    axes: tuple[Axis, Axis] = (PIXELS, PIXELS)
    gated: bool = False

    def through(self, window: Window) -> Sight:
        """What units see that look through a window at units that see this."""
        rows, columns = (
            {
                stride * window.stride[axis]: (
                    first - window.pad[axis] * stride,
                    last + (window.extent[axis] - 1 - window.pad[axis]) * stride,
                )
                for stride, (first, last) in self.axes[axis].items()
            }
            for axis in (0, 1)
        )
        return Sight((rows, columns), self.gated)

    def union(self, other: Sight) -> Sight:
        """What units see that join two branches."""
        rows, columns = (
            {
                stride: (
                    min(axis[stride][0] for axis in pair if stride in axis),
                    max(axis[stride][1] for axis in pair if stride in axis),
                )
                for stride in {*pair[0], *pair[1]}
            }
            for pair in zip(self.axes, other.axes, strict=True)
        )
        return Sight((rows, columns), self.gated or other.gated)

    def size(self, shape: Shape) -> Side:
        """How much the unit that sees most sees; with one stride all see the same."""
        return side_of(*(_extent(self.axes[axis], shape[1 + axis]) for axis in (0, 1)))

    @property
    def stride(self) -> Side:
        """Pixels from one unit to the next, the longest where branches differ."""
        return side_of(*(max(axis) for axis in self.axes))

    @property
    def start(self) -> Side:
        """The first pixel that the first unit sees; negative where that is padding."""
        return side_of(*(min(first for first, _ in axis.values()) for axis in self.axes))


def _extent(axis: Axis, units: int) -> int:
    """The most that one unit sees: first or last, for this is convex from unit to unit."""
    return max(
        max(last + unit * stride for stride, (_, last) in axis.items())
        - min(first + unit * stride for stride, (first, _) in axis.items())
        + 1
        for unit in (0, units - 1)
    )


def side_of(rows: int, columns: int) -> Side:
    """Give one number where rows and columns agree, else both."""
    return rows if rows == columns else (rows, columns)
