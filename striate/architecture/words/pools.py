"""The words that make maps smaller: maxpool, avgpool, sumpool, gap and flatten."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from striate.architecture.words.learnt import padded
from striate.architecture.words.window import Pair, Shape, Window, short, text_of
from striate.architecture.words.word import Kind, Layer, maps
from striate.errors import NotationError


def _half_at_most(word: str, window: Window) -> Window:
    """Pass a window on if it is padded by at most half of itself: no pool of torch takes more."""
    most = (window.kernel[0] // 2, window.kernel[1] // 2)
    if window.pad[0] > most[0] or window.pad[1] > most[1]:
        raise NotationError(
            f"{word} got pad={short(window.pad)}, more than half of its "
            f"{text_of(window.kernel)} window; pad by at most {short(most)}"
        )
    return window


@dataclass(frozen=True)
class MaxPool(Layer):
    """The largest value in each window, a channel at a time: ``maxpool 3 stride=2``.

    Attributes:
        kernel: the window.
        stride: the window's own size where left out.
        ceil: whether the last incomplete window counts.

    >>> MaxPool((2, 2)).output((64, 7, 7)), MaxPool((2, 2), ceil=True).output((64, 7, 7))
    ((64, 3, 3), (64, 4, 4))
    """

    word = "maxpool"
    arguments = {
        "kernel": Kind.PAIR,
        "stride": Kind.PAIR,
        "pad": Kind.PADDING,
        "dilation": Kind.PAIR,
        "ceil": Kind.SWITCH,
    }
    bare = ("kernel",)
    named = ("stride", "pad", "dilation", "ceil")

    kernel: Pair
    stride: Pair | None = None
    pad: Pair | Literal["same"] = (0, 0)
    dilation: Pair = (1, 1)
    ceil: bool = False

    @property
    def window(self) -> Window:
        """The window, with its stride and padding worked out."""
        stride = self.stride or self.kernel
        return _half_at_most(
            self.word, padded(self.kernel, stride, self.pad, dilation=self.dilation)
        )

    def output(self, shape: Shape) -> Shape:
        """As many channels, fewer rows and columns.

        Raises:
            NotationError: it does not fit, or some window meets nothing but padding, which has no
                largest value (torch would give -inf, and go back to a place outside the map).
        """
        channels, rows, columns = maps(self, shape)
        window = self.window
        positions = window.positions(rows, columns, ceil=self.ceil)
        for axis, side in enumerate((rows, columns)):
            if any(window.misses(axis, position, side) for position in range(positions[axis])):
                raise NotationError(
                    f"maxpool's {text_of(window.kernel)} window with dilation "
                    f"{short(window.dilation)} meets nothing but padding in {rows}x{columns} "
                    f"padded by {short(window.pad)}; dilate less, or pool less before it"
                )
        return (channels, *positions)


@dataclass(frozen=True)
class SumPool(Layer):
    """The sum of each window, a channel at a time: ``sumpool 2``."""

    word = "sumpool"
    arguments = {
        "kernel": Kind.PAIR,
        "stride": Kind.PAIR,
        "pad": Kind.PADDING,
        "ceil": Kind.SWITCH,
    }
    bare = ("kernel",)
    named = ("stride", "pad", "ceil")

    kernel: Pair
    stride: Pair | None = None
    pad: Pair | Literal["same"] = (0, 0)
    ceil: bool = False

    @property
    def window(self) -> Window:
        """The window, with its stride and padding worked out."""
        return _half_at_most(self.word, padded(self.kernel, self.stride or self.kernel, self.pad))

    def output(self, shape: Shape) -> Shape:
        """As many channels, fewer rows and columns."""
        channels, rows, columns = maps(self, shape)
        return (channels, *self.window.positions(rows, columns, ceil=self.ceil))


@dataclass(frozen=True)
class AvgPool(Layer):
    """The mean of each window, padded zeros included: ``avgpool 2``, or ``avgpool to=6x6``.

    Attributes:
        kernel: the window; None where ``to`` is given.
        to: the rows and columns to come out, whatever goes in. Row i of them is the mean of
            the rows from floor(i*n/to) to ceil((i+1)*n/to), as in torch.

    >>> AvgPool(to=(6, 6)).output((256, 13, 13))
    (256, 6, 6)
    """

    word = "avgpool"
    arguments = {
        "kernel": Kind.PAIR,
        "stride": Kind.PAIR,
        "pad": Kind.PADDING,
        "ceil": Kind.SWITCH,
        "to": Kind.PAIR,
    }
    bare = ("kernel",)
    named = ("stride", "pad", "ceil", "to")

    kernel: Pair | None = None
    stride: Pair | None = None
    pad: Pair | Literal["same"] = (0, 0)
    ceil: bool = False
    to: Pair | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel is None and self.to is None:
            raise NotationError("avgpool needs its window, as in avgpool 2, or to=, as in to=6x6")
        plain = self.stride is None and self.pad == (0, 0) and not self.ceil
        if self.to is not None and not (self.kernel is None and plain):
            raise NotationError(
                f"avgpool to={text_of(self.to)} finds its own windows; "
                "leave out the window, stride, pad and ceil"
            )

    @property
    def window(self) -> Window | None:
        """The window, with its stride and padding worked out; None where ``to`` is given."""
        if self.kernel is None:
            return None
        return _half_at_most(self.word, padded(self.kernel, self.stride or self.kernel, self.pad))

    @property
    def sees_all(self) -> bool:
        """True where ``to`` is given: its windows depend on the size of the image."""
        return self.to is not None

    def output(self, shape: Shape) -> Shape:
        """As many channels, fewer rows and columns."""
        channels, rows, columns = maps(self, shape)
        if self.window is None:
            return (channels, *(self.to or ()))
        return (channels, *self.window.positions(rows, columns, ceil=self.ceil))


@dataclass(frozen=True)
class Gap(Layer):
    """Global average pooling, the mean of each map: ``gap``.

    Lin et al. 2013, https://arxiv.org/abs/1312.4400

    >>> Gap().output((512, 7, 7))
    (512, 1, 1)
    """

    word = "gap"

    @property
    def sees_all(self) -> bool:
        """True."""
        return True

    def output(self, shape: Shape) -> Shape:
        """(channels, 1, 1)."""
        channels, _, _ = maps(self, shape)
        return (channels, 1, 1)


@dataclass(frozen=True)
class Flatten(Layer):
    """All maps in one row of features, channel by channel, row by row: ``flatten``."""

    word = "flatten"

    @property
    def sees_all(self) -> bool:
        """True: the words behind it combine all of the image."""
        return True

    def output(self, shape: Shape) -> Shape:
        """(channels * rows * columns,)."""
        return (math.prod(shape),)
