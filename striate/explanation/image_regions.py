"""Parts of an image that a shortcut may lie in: corners and edges, and the border all around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SIDES = (0.2, 0.3)  # of squares at the border, as shares of the image's sides
STRIP = 0.15  # the width of a strip along a whole side
STEP = 0.1  # between squares
THIRDS = ("upper", "", "lower"), ("left", "", "right")


@dataclass(frozen=True)
class Region:
    """A part of the image, in shares of its height and width.

    Attributes:
        top: the upper edge, 0 to 1.
        left: the left edge.
        bottom: the lower edge.
        right: the right edge.
        outside: whether the part is all that lies outside of these edges, not inside.
    """

    top: float
    left: float
    bottom: float
    right: float
    outside: bool = False

    @property
    def name(self) -> str:
        """Where it is, in words.

        >>> Region(0.8, 0.0, 1.0, 0.2).name, Region(0.0, 0.0, 0.15, 1.0).name
        ('the lower left corner', 'the upper edge')
        """
        if self.outside:
            return f"the border all around (outer {100 * self.top:.0f} %)"
        place = ((self.top + self.bottom) / 2, (self.left + self.right) / 2)
        down = THIRDS[0][min(2, int(place[0] * 3))]
        across = THIRDS[1][min(2, int(place[1] * 3))]
        if down and across:
            return f"the {down} {across} corner"
        if down or across:
            whole = self.right - self.left == 1 or self.bottom - self.top == 1
            return f"the {down or across} edge" + ("" if whole else ", in its middle")
        return "the middle"

    def mask(self, rows: int, columns: int) -> np.ndarray:
        """Return which pixels it has: bool (rows, columns).

        >>> Region(0.5, 0.0, 1.0, 0.5).mask(2, 2).tolist()
        [[False, False], [True, False]]
        """
        found = np.zeros((rows, columns), np.bool_)
        top, bottom = round(self.top * rows), round(self.bottom * rows)
        left, right = round(self.left * columns), round(self.right * columns)
        found[top:bottom, left:right] = True
        return ~found if self.outside else found

    def share(self, values: np.ndarray) -> float:
        """Return the share of a map that lies in it; 0 where the map is nothing.

        >>> Region(0.5, 0.0, 1.0, 0.5).share(np.array([[1.0, 1.0], [2.0, 0.0]]))
        0.5
        """
        total = float(values.sum())
        return float(values[self.mask(*values.shape)].sum()) / total if total else 0.0

    def controls(self) -> tuple[Region, ...]:
        """Return parts as large, elsewhere: mirrored ones, the middle for the border all around.

        >>> [each.name for each in Region(0.8, 0.0, 1.0, 0.2).controls()]
        ['the lower right corner', 'the upper left corner', 'the upper right corner']
        """
        if self.outside:
            side = (1 - (self.bottom - self.top) * (self.right - self.left)) ** 0.5
            first, last = (1 - side) / 2, (1 + side) / 2
            return (Region(first, first, last, last),)
        across = Region(self.top, 1 - self.right, self.bottom, 1 - self.left)
        down = Region(1 - self.bottom, self.left, 1 - self.top, self.right)
        both = Region(down.top, across.left, down.bottom, across.right)
        found: list[Region] = []
        for each in (across, down, both):
            if not any(each.overlaps(other) for other in (self, *found)):
                found.append(each)
        return tuple(found)

    def overlaps(self, other: Region) -> bool:
        """Return whether two parts, both inside of their edges, share any place.

        >>> Region(0.0, 0.0, 0.5, 0.5).overlaps(Region(0.5, 0.0, 1.0, 0.5))
        False
        """
        apart = 1e-9
        return (
            min(self.bottom, other.bottom) - max(self.top, other.top) > apart
            and min(self.right, other.right) - max(self.left, other.left) > apart
        )


def border_region(width: float) -> Region:
    """Return the border all around.

    Args:
        width: as a share of each side, above 0 and below a half.

    >>> round(float(border_region(0.1).mask(100, 100).mean()), 2)
    0.36
    """
    return Region(width, width, 1 - width, 1 - width, outside=True)


def candidate_regions() -> tuple[Region, ...]:
    """Return the squares and strips along the border in which a watermark may lie.

    >>> len(candidate_regions()), all(each.controls() for each in candidate_regions())
    (64, True)
    """
    found: list[Region] = []
    for side in SIDES:
        places = [round(place, 6) for place in np.arange(0, 1 - side + 1e-9, STEP)]
        for top in places:
            for left in places:
                if {top, left} & {places[0], places[-1]}:
                    found.append(Region(top, left, round(top + side, 6), round(left + side, 6)))
    found += [
        Region(0.0, 0.0, STRIP, 1.0),
        Region(1 - STRIP, 0.0, 1.0, 1.0),
        Region(0.0, 0.0, 1.0, STRIP),
        Region(0.0, 1 - STRIP, 1.0, 1.0),
    ]
    return tuple(found)
