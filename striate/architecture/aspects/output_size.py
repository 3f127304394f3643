"""A window that slides over a map: how far it reaches and how often it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from striate.errors import NotationError

Shape = tuple[int, ...]
Pair = tuple[int, int]


class Sides(NamedTuple):
    """Rows and columns that are added at each side: ``0:1:0:1``."""

    top: int
    bottom: int
    left: int
    right: int


Pad = Pair | Sides | Literal["same", "end"]


@dataclass(frozen=True)
class Window:
    """How a word slides over the map: each a (rows, columns) pair.

    Attributes:
        kernel: pixels of the map that one position covers, dilation aside.
        stride: steps from one position to the next.
        pad: rows and columns added before the map, at the top and the left.
        dilation: steps from one covered pixel to the next.
        extra: how many more are added behind it, at the bottom and the right, than before it.
    """

    kernel: Pair
    stride: Pair
    pad: Pair = (0, 0)
    dilation: Pair = (1, 1)
    extra: Pair = (0, 0)

    @property
    def pad_behind(self) -> Pair:
        """Rows and columns added behind the map, at the bottom and the right."""
        return self.pad[0] + self.extra[0], self.pad[1] + self.extra[1]

    @property
    def even(self) -> bool:
        """Whether as much is added behind the map as before it."""
        return self.extra == (0, 0)

    @property
    def sides(self) -> Sides:
        """What is added at each side."""
        (top, left), (bottom, right) = self.pad, self.pad_behind
        return Sides(top, bottom, left, right)

    @property
    def pad_text(self) -> str:
        """The padding as the notation writes it: 1, 1x2, or 0:1:0:1."""
        return short(self.pad) if self.even else text_of(self.sides)

    def padded(self, rows: int, columns: int) -> Pair:
        """Return rows and columns of a map with its padding.

        >>> Window((3, 3), (2, 2), extra=(1, 1)).padded(8, 9)
        (9, 10)
        """
        (top, left), (bottom, right) = self.pad, self.pad_behind
        return rows + top + bottom, columns + left + right

    @property
    def extent(self) -> Pair:
        """Rows and columns from the first covered pixel to the last: dilation*(k-1)+1."""
        rows, columns = (d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))
        return rows, columns

    def positions(self, rows: int, columns: int, *, ceil: bool = False) -> Pair:
        """How many positions it takes on a map of rows x columns.

        With ``ceil`` the last incomplete window counts too, unless it would start in the
        padding behind the map: torch's rule, see ``ceil_mode`` of
        https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html

        Raises:
            NotationError: it does not fit once.

        >>> Window((3, 3), (2, 2)).positions(112, 112)
        (55, 55)
        >>> Window((3, 3), (2, 2)).positions(112, 112, ceil=True)
        (56, 56)
        >>> Window((5, 5), (1, 1)).positions(3, 3)
        Traceback (most recent call last):
        striate.errors.NotationError: a 5x5 window does not fit in 3x3; pad by 1 or pool less
        """
        down, across = self._count(rows, 0, ceil), self._count(columns, 1, ceil)
        if min(down, across) < 1:
            raise NotationError(self._misfit(rows, columns))
        return down, across

    def misses(self, axis: int, position: int, side: int) -> bool:
        """Whether it covers nothing but padding at one position along one axis.

        Args:
            axis: 0 along rows, 1 along columns.
            position: from 0.
            side: rows, or columns, of the map.

        >>> Window((2, 2), (1, 1), (1, 1), dilation=(2, 2)).misses(0, 0, 1)
        True
        """
        first = position * self.stride[axis] - self.pad[axis]
        covered = range(first, first + self.extent[axis], self.dilation[axis])
        return not any(0 <= place < side for place in covered)

    def _count(self, side: int, axis: int, ceil: bool) -> int:
        step, pad = self.stride[axis], self.pad[axis]
        room = side + pad + self.pad_behind[axis] - self.extent[axis]
        if not ceil:
            return room // step + 1
        count = (room + step - 1) // step + 1
        return count - 1 if (count - 1) * step >= side + pad else count

    def _misfit(self, rows: int, columns: int) -> str:
        what = f"a {text_of(self.kernel)} window"
        if self.dilation != (1, 1):
            what += f" with dilation {short(self.dilation)}, so {text_of(self.extent)} in all,"
        where = f"{rows}x{columns}"
        if any(self.sides):
            where += f" padded by {self.pad_text}"
        down, across = self.extent
        needed = (max(0, (down - rows + 1) // 2), max(0, (across - columns + 1) // 2))
        return f"{what} does not fit in {where}; pad by {short(needed)} or pool less"


def pad_window(
    kernel: Pair, stride: Pair, pad: Pad, *, size: Pair = (1, 1), dilation: Pair = (1, 1)
) -> Window:
    """Return a window with its padding worked out.

    "same" is dilation*(k-1)/2 on each side. "end" is what leaves n / stride, rounded up: half of
    it before the map, and where that does not come out even, the odd one behind it, as TensorFlow
    has it: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2

    Args:
        kernel: rows and columns.
        stride: likewise.
        pad: as the notation has it.
        size: rows and columns of the map; matters for "end" alone.
        dilation: likewise.

    Raises:
        NotationError: dilation*(k-1)+1 is even, so that no symmetric padding keeps the size.

    >>> pad_window((3, 5), (1, 1), "same").pad
    (1, 2)
    >>> pad_window((2, 2), (1, 1), "same")
    Traceback (most recent call last):
    striate.errors.NotationError: pad=same needs an odd window, but got 2x2; ...
    >>> pad_window((3, 3), (2, 2), "end", size=(224, 15)).sides
    Sides(top=0, bottom=1, left=1, right=1)
    """
    if isinstance(pad, Sides):
        extra = (pad.bottom - pad.top, pad.right - pad.left)
        return Window(kernel, stride, (pad.top, pad.left), dilation, extra)
    if not isinstance(pad, str):
        return Window(kernel, stride, pad, dilation)
    extent = Window(kernel, stride, dilation=dilation).extent
    if pad == "end":
        rows, columns = (
            max(0, (-(-side // step) - 1) * step + reach - side)
            for side, step, reach in zip(size, stride, extent, strict=True)
        )
        extra = (rows % 2, columns % 2)
        return Window(kernel, stride, (rows // 2, columns // 2), dilation, extra)
    rows, columns = extent
    if rows % 2 == 0 or columns % 2 == 0:
        what = text_of(kernel)
        if dilation != (1, 1):
            what += f" with dilation {short(dilation)}, so {rows}x{columns} in all"
        odd = text_of((kernel[0] | 1, kernel[1] | 1))
        raise NotationError(
            f"pad=same needs an odd window, but got {what}; "
            f"take {odd}, or say the padding: pad=end, pad=valid, pad=1"
        )
    return Window(kernel, stride, ((rows - 1) // 2, (columns - 1) // 2), dilation)


def text_of(value: object) -> str:
    """Write a value as the notation does: 3x3, yes, 0.5, same.

    >>> text_of((3, 224, 224)), text_of(True), text_of(1e-05), text_of(Sides(0, 1, 0, 1))
    ('3x224x224', 'yes', '1e-5', '0:1:0:1')
    """
    if isinstance(value, tuple):
        return (":" if isinstance(value, Sides) else "x").join(str(side) for side in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        digits, e, exponent = repr(value).partition("e")
        return f"{digits}{e}{int(exponent)}" if e else digits
    return str(value)


def short(value: object) -> str:
    """Write a value, a square size by its side alone: (2, 2) is 2.

    >>> short((2, 2)), short((1, 2)), short("same")
    ('2', '1x2', 'same')
    """
    if isinstance(value, tuple) and not isinstance(value, Sides) and len(set(value)) == 1:
        return str(value[0])
    return text_of(value)
