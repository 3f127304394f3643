"""Torch's convolution and pools with another padding at each side, which torch itself lacks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.architecture.aspects.border_reading import Border
from striate.architecture.aspects.output_size import Sides

if TYPE_CHECKING:
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
