"""What torch itself lacks: other padding at each side, tables, fixed weights, and the like."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.architecture.aspects.border_reading import Border
from striate.architecture.aspects.output_size import Sides

if TYPE_CHECKING:
    from striate.architecture.aspects.connection_table import ConnectionTable
    from striate.architecture.aspects.output_size import Window


class PaddedConv2d(nn.Conv2d):
    """Conv2d behind padding that differs from side to side.

    Attributes:
        around: what is added at the left, right, top and bottom, as torch orders it.
        border: "constant" (zeros) or "replicate".
    """

    around: tuple[int, int, int, int] = (0, 0, 0, 0)
    border: str = "constant"

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (torch's name)
        """Pad and convolve (batch, channels, rows, columns)."""
        return super().forward(functional.pad(input, self.around, self.border))


class TableConv2d(PaddedConv2d):
    """Convolution whose maps read only the arriving channels that a table gives them.

    Attributes:
        table: which these are.
        weight: (links, rows, columns), a kernel for each channel that is read.
    """

    table: ConnectionTable
    places: Tensor

    def set_table(self, table: ConnectionTable) -> None:
        """Take a table that fits the channels."""
        places = torch.from_numpy(table.places(self.in_channels))
        self.table = table
        self.register_buffer("places", places, persistent=False)
        self.weight = nn.Parameter(self.weight.new_empty((table.links, *self.kernel_size)))

    def kernels(self) -> Tensor:
        """Return all kernels, (leaving, arriving, rows, columns), with zeros between."""
        return torch.cat([self.weight, torch.zeros_like(self.weight[:1])])[self.places]

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Pad and convolve (batch, channels, rows, columns)."""
        padded = functional.pad(input, self.around, self.border)
        found: Tensor = self._conv_forward(padded, self.kernels(), self.bias)
        return found


def kernels_of(module: nn.Conv2d) -> Tensor:
    """Return the kernels of a convolution, (leaving, arriving/groups, rows, columns).

    >>> kernels_of(nn.Conv2d(2, 3, 1)).shape
    torch.Size([3, 2, 1, 1])
    """
    return module.kernels() if isinstance(module, TableConv2d) else module.weight


class FixedLinear(nn.Linear):
    """Linear whose weight is kept and never learns."""

    def __init__(self, features: int, units: int, *, bias: bool) -> None:
        super().__init__(features, units, bias=bias, device="meta")
        del self.weight
        self.register_buffer("weight", torch.zeros(units, features))
        if bias:
            self.bias = nn.Parameter(torch.zeros(units))


class PaddedMaxPool2d(nn.MaxPool2d):
    """MaxPool2d behind padding that differs from side to side and never wins."""

    around: tuple[int, int, int, int] = (0, 0, 0, 0)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Pad and pool (batch, channels, rows, columns)."""
        padded = functional.pad(input, self.around, value=-math.inf)
        return super().forward(padded)  # type: ignore[no-any-return]


class PaddedAvgPool2d(nn.AvgPool2d):
    """AvgPool2d behind zeros that differ in number from side to side.

    Attributes:
        counted: whether these zeros are numbers of the mean.
    """

    around: tuple[int, int, int, int] = (0, 0, 0, 0)
    counted: bool = True

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Pad and pool (batch, channels, rows, columns)."""
        means = super().forward(functional.pad(input, self.around))
        if self.counted:
            return means
        there = torch.ones_like(input[:1, :1])
        return means / super().forward(functional.pad(there, self.around))


Padded = TypeVar("Padded", PaddedConv2d, PaddedMaxPool2d, PaddedAvgPool2d)


def set_around(module: Padded, window: Window) -> Padded:
    """Tell a module of these its padding, and return it."""
    top, bottom, left, right = window.sides
    module.around = (left, right, top, bottom)
    return module


def border_of(module: Any) -> Border:
    """Return the padding of a module of these, as it is read."""
    left, right, top, bottom = module.around
    sides = Sides(top, bottom, left, right)
    if isinstance(module, PaddedMaxPool2d):
        return Border(sides, "lowest", never_wins=True)
    edge = isinstance(module, PaddedConv2d) and module.border == "replicate"
    return Border(sides, "edge" if edge else "zero")


def pads_before(module: Any) -> tuple[int, int]:
    """Return the rows and columns that a convolution or pool of torch adds before its input.

    >>> pads_before(nn.MaxPool2d(3, padding=1)), pads_before(PaddedConv2d(1, 1, 3))
    ((1, 1), (0, 0))
    """
    if isinstance(module, PaddedConv2d | PaddedMaxPool2d | PaddedAvgPool2d):
        return module.around[2], module.around[0]
    pad = module.padding
    if isinstance(pad, str):  # "same" puts what is left over to the bottom and the right
        sides = [
            d * (k - 1) // 2 if pad == "same" else 0
            for k, d in zip(module.kernel_size, module.dilation, strict=True)
        ]
        return sides[0], sides[1]
    return (pad, pad) if isinstance(pad, int) else (pad[0], pad[1])


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each place."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Normalise (batch, channels, rows, columns); the memory layout stays that of the input."""
        normed = super().forward(input.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        # else what follows would lie channels last, and flatten would copy it
        return normed.contiguous() if input.is_contiguous() else normed


class ChannelScale(nn.Module):
    """A learnt factor a channel, and perhaps a bias.

    Attributes:
        start: what every factor is before training.
    """

    def __init__(self, channels: int, start: float, *, bias: bool = False) -> None:
        super().__init__()
        self.start = start
        self.weight = nn.Parameter(torch.full((channels,), start))
        self.bias = nn.Parameter(torch.zeros(channels)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Multiply (batch, channels, ...), and add the bias."""
        sides = (-1, *[1] * (x.ndim - 2))
        scaled = x * self.weight.view(sides)
        return scaled if self.bias is None else scaled + self.bias.view(sides)

    def extra_repr(self) -> str:
        """Return the channels."""
        return str(len(self.weight))


class ChannelSlice(nn.Module):
    """Some of the channels.

    Attributes:
        first: the first channel, from 0.
        end: the one behind the last.
    """

    def __init__(self, first: int, end: int) -> None:
        super().__init__()
        self.first, self.end = first, end

    def forward(self, x: Tensor) -> Tensor:
        """Take channels of (batch, channels, ...)."""
        return x[:, self.first : self.end]

    def extra_repr(self) -> str:
        """Return which."""
        return f"{self.first}, {self.end}"


class DropPath(nn.Module):
    """In training, leaves out all of an image with a probability, and scales the others up.

    Attributes:
        rate: the probability.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Drop images of (batch, channels, ...)."""
        if not self.training or self.rate == 0:
            return x
        kept = x.new_empty((len(x), *[1] * (x.ndim - 1))).bernoulli_(1 - self.rate)
        return x * kept.div_(1 - self.rate)

    def extra_repr(self) -> str:
        """Return the rate."""
        return str(self.rate)
