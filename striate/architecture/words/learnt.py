"""The words that learn: conv, fc, bn and prelu."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from striate.architecture.words.window import Pair, Shape, Window, short, text_of
from striate.architecture.words.word import Kind, Layer, maps
from striate.errors import NotationError


@dataclass(frozen=True)
class Conv(Layer):
    """Convolution (cross-correlation, as everywhere in the field): ``conv 3x3 64 stride=2``.

    Attributes:
        channels: feature maps that come out.
        pad: "same" adds dilation*(k-1)/2 on each side; (0, 0) is ``valid``.
        groups: parts that the channels are divided into, each convolved by itself.
        padmode: what stands in the padding: "zero", or the border repeated, "edge".

    >>> print(Conv(64, kernel=(5, 5), pad=(0, 0)).output((3, 32, 32)))
    (64, 28, 28)
    """

    word = "conv"
    arguments = {
        "kernel": Kind.SIZE,
        "channels": Kind.WHOLE,
        "stride": Kind.PAIR,
        "pad": Kind.PADDING,
        "dilation": Kind.PAIR,
        "groups": Kind.WHOLE,
        "bias": Kind.SWITCH,
        "padmode": Kind.BORDER,
    }
    bare = ("kernel", "channels")
    named = ("stride", "pad", "dilation", "groups", "bias", "padmode")

    channels: int
    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    pad: Pair | Literal["same"] = "same"
    dilation: Pair = (1, 1)
    groups: int = 1
    bias: bool = True
    padmode: Literal["zero", "edge"] = "zero"

    @property
    def window(self) -> Window:
        """The window, with its padding worked out."""
        return padded(self.kernel, self.stride, self.pad, dilation=self.dilation)

    def output(self, shape: Shape) -> Shape:
        """(channels, rows, columns) of the feature maps."""
        arriving, rows, columns = maps(self, shape)
        for direction, count in (("arrive", arriving), ("leave", self.channels)):
            if count % self.groups:
                raise NotationError(
                    f"groups={self.groups} does not divide the {count} channels that {direction}; "
                    f"{math.gcd(arriving, self.channels)} or a divisor of it would"
                )
        return (self.channels, *self.window.positions(rows, columns))

    def parameters(self, shape: Shape) -> int:
        """The weights, channels * arriving/groups * kernel rows * kernel columns, and biases."""
        weights = self.channels * (shape[0] // self.groups) * math.prod(self.kernel)
        return weights + (self.channels if self.bias else 0)

    def macs(self, shape: Shape) -> int:
        """One for every weight at every position."""
        _, rows, columns = self.output(shape)
        return self.channels * (shape[0] // self.groups) * math.prod(self.kernel) * rows * columns


def padded(
    kernel: Pair, stride: Pair, pad: Pair | Literal["same"], *, dilation: Pair = (1, 1)
) -> Window:
    """Work out ``pad=same``: dilation*(k-1)/2 on each side.

    Raises:
        NotationError: dilation*(k-1)+1 is even, so that no symmetric padding keeps the size.

    >>> padded((3, 5), (1, 1), "same").pad
    (1, 2)
    >>> padded((2, 2), (1, 1), "same")
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


@dataclass(frozen=True)
class Fc(Layer):
    """Full connection, every feature to every unit: ``fc 128``.

    >>> Fc(10).parameters((84,)), Fc(10).macs((84,))
    (850, 840)
    """

    word = "fc"
    arguments = {"units": Kind.WHOLE, "bias": Kind.SWITCH}
    bare = ("units",)
    named = ("bias",)

    units: int
    bias: bool = True

    def output(self, shape: Shape) -> Shape:
        """(units,)."""
        if len(shape) != 1:
            raise NotationError(
                f"fc takes features in one row, but maps of {text_of(shape)} arrive; "
                "put flatten before it"
            )
        return (self.units,)

    def parameters(self, shape: Shape) -> int:
        """The weights, features * units, and biases."""
        return shape[0] * self.units + (self.units if self.bias else 0)

    def macs(self, shape: Shape) -> int:
        """One for every weight."""
        return shape[0] * self.units


@dataclass(frozen=True)
class Bn(Layer):
    """Batch normalisation with a learnt scale and shift a channel: ``bn eps=1e-5``.

    Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167. The running mean and variance
    are measured, not learnt, and do not count as parameters.
    """

    word = "bn"
    arguments = {"eps": Kind.DECIMAL}
    named = ("eps",)

    eps: float = 1e-5

    @classmethod
    def check(cls, name: str, value: object) -> None:
        """An eps of 0 would divide by zero where all values are alike."""
        if isinstance(value, (int, float)) and value <= 0:
            raise NotationError(f"bn got eps={text_of(value)}, but it must be above 0")

    def parameters(self, shape: Shape) -> int:
        """A scale and a shift a channel."""
        return 2 * shape[0]


@dataclass(frozen=True)
class Prelu(Layer):
    """x where positive, slope*x where negative, with a learnt slope a channel.

    He et al. 2015, https://arxiv.org/abs/1502.01852
    """

    word = "prelu"

    def parameters(self, shape: Shape) -> int:
        """A slope a channel."""
        return shape[0]
