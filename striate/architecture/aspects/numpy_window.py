"""A window on its way over a map: where it stops, and what lies under it there.

Convolution and pooling share this. A window that covers kernel rows x kernel columns stops at
positions that lie ``stride`` apart; at position r its place p covers the padded map's row

    r * stride + p * dilation

and the same along columns. Dumoulin and Visin 2016, A guide to convolution arithmetic for deep
learning, https://arxiv.org/abs/1603.07285
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from striate.architecture.aspects.numpy_pass import Array
from striate.architecture.aspects.output_size import Pair, Window


@dataclass(frozen=True)
class Slide:
    """One window over maps of one size.

    Attributes:
        window: its kernel, stride, padding and dilation.
        size: rows and columns of the maps.
        ceil: whether the last incomplete window counts.

    >>> slide = Slide(Window((2, 2), (2, 2)), (4, 4))
    >>> slide.positions
    (2, 2)
    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> slide.under(x, (0, 1))[0, 0]  # the upper right place, at each of the four positions
    array([[ 1.,  3.],
           [ 9., 11.]])
    """

    window: Window
    size: Pair
    ceil: bool = False

    @property
    def positions(self) -> Pair:
        """How many positions there are, along rows and along columns."""
        return self.window.positions(*self.size, ceil=self.ceil)

    def places(self) -> Iterator[Pair]:
        """Give every place of the window, row by row."""
        rows, columns = self.window.kernel
        return ((row, column) for row in range(rows) for column in range(columns))

    def under(self, padded: Array, place: Pair) -> Array:
        """Give what lies under one place of the window, at every position.

        A view: what is added to it is added to the padded map itself.

        Args:
            padded: (..., row, column).
            place: row and column within the window.

        Returns:
            (..., position row, position column).
        """
        rows, columns = (
            slice(p * dilation, p * dilation + (count - 1) * stride + 1, stride)
            for p, dilation, stride, count in zip(
                place, self.window.dilation, self.window.stride, self.positions, strict=True
            )
        )
        return padded[..., rows, columns]

    def sides(self) -> tuple[Pair, Pair]:
        """Give rows before and behind, columns before and behind, that padding adds.

        Behind it is more than the padding where the last window, incomplete, reaches further.
        """
        before_behind = []
        for axis in (0, 1):
            pad = self.window.pad[axis]
            last = (self.positions[axis] - 1) * self.window.stride[axis]
            end = last + self.window.extent[axis]  # one behind the last row that is read
            behind = self.window.pad_behind[axis]
            before_behind.append((pad, max(behind, end - pad - self.size[axis])))
        return before_behind[0], before_behind[1]

    def pad(self, x: Array, value: float = 0.0) -> tuple[Array, Callable[[Array], Array]]:
        """Put a constant around the maps; on the way back it is cut off.

        The padding does not depend on x, so its gradient goes nowhere.

        Args:
            x: (batch, channel, row, column).
            value: what stands in the padding.
        """
        (top, _), (left, _) = self.sides()
        height, width = self.size
        padded = np.pad(x, ((0, 0), (0, 0), *self.sides()), constant_values=value)

        def back(dpadded: Array) -> Array:
            return dpadded[:, :, top : top + height, left : left + width]

        return padded, back

    def repeat_edge(self, x: Array) -> tuple[Array, Callable[[Array], Array]]:
        """Repeat the border around the maps; on the way back each copy's gradient joins it.

        Padded row r is row ``clip(r - pad)`` of x. A number that was copied n times has n
        ways into the loss, and the gradient is the sum over them.

        Args:
            x: (batch, channel, row, column).
        """
        rows, columns = (
            np.clip(np.arange(-before, side + behind), 0, side - 1)
            for (before, behind), side in zip(self.sides(), self.size, strict=True)
        )

        def back(dpadded: Array) -> Array:
            by_row = np.zeros((*x.shape[:3], len(columns)))
            for copy, row in enumerate(rows):
                by_row[:, :, row] += dpadded[:, :, copy]
            dx = np.zeros_like(x)
            for copy, column in enumerate(columns):
                dx[:, :, :, column] += by_row[:, :, :, copy]
            return dx

        return x[:, :, rows[:, None], columns], back


def convolve(
    slide: Slide, x: Array, weight: Array, bias: Array | None, *, edge: bool
) -> tuple[Array, Callable[[Array], dict[str, Array]]]:
    """Convolve maps, all channels with all; `Conv.numpy_pass` derives it.

    Args:
        slide: the window on its way.
        x: (batch, arriving, row, column).
        weight: (leaving, arriving, kernel row, kernel column).
        bias: (leaving,).
        edge: whether the border is repeated, in the place of zeros.
    """
    padded, unpad = slide.repeat_edge(x) if edge else slide.pad(x)
    y = np.zeros((len(x), len(weight), *slide.positions))  # (batch, leaving, row, column)
    for row, column in slide.places():
        seen = slide.under(padded, (row, column))  # (batch, arriving, row, column), as y
        y += np.einsum("birc,oi->borc", seen, weight[:, :, row, column])
    if bias is not None:
        y += bias[:, None, None]

    def back(dy: Array) -> dict[str, Array]:
        dpadded, dweight = np.zeros_like(padded), np.zeros_like(weight)
        for row, column in slide.places():
            seen, dseen = (slide.under(maps, (row, column)) for maps in (padded, dpadded))
            dweight[:, :, row, column] = np.einsum("borc,birc->oi", dy, seen)
            dseen += np.einsum("borc,oi->birc", dy, weight[:, :, row, column])
        gradients = {"x": unpad(dpadded), "weight": dweight}
        if bias is not None:
            gradients["bias"] = dy.sum(axis=(0, 2, 3))
        return gradients

    return y, back
