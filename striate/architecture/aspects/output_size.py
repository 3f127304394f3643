"""A window that slides over a map: how far it reaches and how often it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from striate.errors import NotationError

Shape = tuple[int, ...]
Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """How a word slides over the map: each a (rows, columns) pair.

    Attributes:
        kernel: pixels of the map that one position covers, dilation aside.
        stride: steps from one position to the next.
        pad: rows and columns added on each side.
        dilation: steps from one covered pixel to the next.
    """

    kernel: Pair
    stride: Pair
    pad: Pair = (0, 0)
    dilation: Pair = (1, 1)

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
        room = side + 2 * pad - self.extent[axis]
        if not ceil:
            return room // step + 1
        count = (room + step - 1) // step + 1
        return count - 1 if (count - 1) * step >= side + pad else count

    def _misfit(self, rows: int, columns: int) -> str:
        what = f"a {text_of(self.kernel)} window"
        if self.dilation != (1, 1):
            what += f" with dilation {short(self.dilation)}, so {text_of(self.extent)} in all,"
        where = f"{rows}x{columns}"
        if self.pad != (0, 0):
            where += f" padded by {short(self.pad)}"
        down, across = self.extent
        needed = (max(0, (down - rows + 1) // 2), max(0, (across - columns + 1) // 2))
        return f"{what} does not fit in {where}; pad by {short(needed)} or pool less"


def pad_window(
    kernel: Pair, stride: Pair, pad: Pair | Literal["same"], *, dilation: Pair = (1, 1)
) -> Window:
    """Return a window with ``pad=same`` worked out: dilation*(k-1)/2 on each side.

    Raises:
        NotationError: dilation*(k-1)+1 is even, so that no symmetric padding keeps the size.

    >>> pad_window((3, 5), (1, 1), "same").pad
    (1, 2)
    >>> pad_window((2, 2), (1, 1), "same")
    Traceback (most recent call last):
    striate.errors.NotationError: pad=same needs an odd window, but got 2x2; ...
    """
    if pad != "same":
        return Window(kernel, stride, pad, dilation)
    rows, columns = Window(kernel, stride, dilation=dilation).extent
    if rows % 2 == 0 or columns % 2 == 0:
        what = text_of(kernel)
        if dilation != (1, 1):
            what += f" with dilation {short(dilation)}, so {rows}x{columns} in all"
        odd = text_of((kernel[0] | 1, kernel[1] | 1))
        raise NotationError(
            f"pad=same needs an odd window, but got {what}; "
            f"take {odd}, or say the padding: pad=valid, pad=1"
        )
    return Window(kernel, stride, ((rows - 1) // 2, (columns - 1) // 2), dilation)


def text_of(value: object) -> str:
    """Write a value as the notation does: 3x3, yes, 0.5, same.

    >>> text_of((3, 224, 224)), text_of(True), text_of(1e-05)
    ('3x224x224', 'yes', '1e-5')
    """
    if isinstance(value, tuple):
        return "x".join(str(side) for side in value)
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
    if isinstance(value, tuple) and len(set(value)) == 1:
        return str(value[0])
    return text_of(value)
