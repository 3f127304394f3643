"""Convolutions as products of matrices, where those are faster on a processor.

Late in a network maps are small and channels many. There oneDNN takes up to twice as long in bf16
for the gradient of the weights as for a product of matrices of the same size, and a third longer
for the convolution itself. For the gradient of the weights a product is faster, too, where all
patches fit the cache and the input has more than a few channels. In float32, on a processor with
AVX2 and no more, the gradient of 3 x 3 kernels with many channels goes by Winograd's algorithm.
Elsewhere oneDNN's own way is the faster one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.backends.torch.winograd import TILE, weight_gradient

FORWARD = 2  # positions a channel of the output up to which the convolution itself is a product
BACKWARD = 5  # the same for the gradient of the weights, times the stride
PATCHES = 2**20  # numbers in all patches up to which the gradient of the weights is a product, too
FEWEST = 16  # channels of the input from which on that is so
MANY = 96  # channels of input and output from which on Winograd's algorithm is faster with AVX2
TILES = 64  # the same of tiles of the output: with fewer, turning the kernels takes too long


@contextmanager
def convolution_products(module: nn.Module) -> Iterator[None]:
    """Let a network's convolutions be products where that is faster, on a processor.

    Results differ by rounding alone. Layers with groups or a repeated border, and those of a kind
    of someone else's, stay as they are. Behind it all do again.

    Args:
        module: the network; whatever is computed within learns by the same ways.

    >>> network = nn.Sequential(nn.Conv2d(64, 128, 3, bias=False))
    >>> with convolution_products(network), torch.autocast("cpu", torch.bfloat16):
    ...     network(torch.zeros(2, 64, 4, 4)).shape
    torch.Size([2, 128, 2, 2])
    """
    own = [part for part in module.modules() if _is_plain(part)]
    for part in own:
        part.__dict__["_conv_forward"] = partial(_convolve, part, _Window.of(part))
    try:
        yield
    finally:
        for part in own:
            del part.__dict__["_conv_forward"]


@dataclass(frozen=True)
class _Window:
    """How the kernel of a layer goes over a map; each by rows and by columns."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, int]
    dilation: tuple[int, ...]

    @classmethod
    def of(cls, layer: nn.Conv2d) -> _Window:
        """Return that of a layer whose padding is given in numbers."""
        padding = (int(layer.padding[0]), int(layer.padding[1]))
        return cls(layer.kernel_size, layer.stride, padding, layer.dilation)

    def outputs(self, x: Tensor) -> tuple[int, int]:
        """Return the rows and columns of the output."""
        rows, columns = (
            (side + 2 * pad - between * (kernel - 1) - 1) // step + 1
            for side, kernel, step, pad, between in zip(
                x.shape[2:], self.kernel, self.stride, self.padding, self.dilation, strict=True
            )
        )
        return rows, columns

    def unroll(self, x: Tensor) -> Tensor:
        """Lay the patch under the kernel at each position into a row: (position, patch).

        A patch goes by row, column and channel, as a weight does that lies channels last.
        """
        top, left = self.padding
        padded = functional.pad(x, (left, left, top, top)) if top or left else x
        last = padded.permute(0, 2, 3, 1).contiguous()  # (image, row, column, channel)
        image, row, column, channel = last.stride()
        (down, across), (by_row, by_column) = self.stride, self.dilation
        patches = last.as_strided(
            (len(x), *self.outputs(x), *self.kernel, x.shape[1]),
            (image, down * row, across * column, by_row * row, by_column * column, channel),
        )
        return patches.reshape(-1, math.prod(self.kernel) * x.shape[1])


def _is_plain(part: nn.Module) -> TypeGuard[nn.Conv2d]:
    return (
        type(part) is nn.Conv2d
        and part.groups == 1
        and part.padding_mode == "zeros"
        and not isinstance(part.padding, str)
        and "_conv_forward" not in vars(part)
    )


def _convolve(
    layer: nn.Conv2d, window: _Window, x: Tensor, weight: Tensor, bias: Tensor | None
) -> Tensor:
    """Convolve as the layer does, or by products."""
    kind = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
    gains = {torch.bfloat16: _gains_in_bf16, torch.float32: _gains_in_float32}.get(kind)
    if gains is not None and x.device.type == "cpu" and x.ndim == 4 and gains(window, x, weight):
        added = None if bias is None else bias.to(kind)
        output: Tensor = _Product.apply(x.to(kind), weight.to(kind), added, window)  # type: ignore[no-untyped-call]
        return output
    usual: Tensor = nn.Conv2d._conv_forward(layer, x, weight, bias)
    return usual


def _gains_in_bf16(window: _Window, x: Tensor, weight: Tensor) -> bool:
    positions = len(x) * math.prod(window.outputs(x))
    if positions * weight[0].numel() <= PATCHES and x.shape[1] >= FEWEST:
        return True
    return positions <= BACKWARD * len(weight) * min(window.stride)


def _gains_in_float32(window: _Window, x: Tensor, weight: Tensor) -> bool:
    if torch.backends.cpu.get_cpu_capability() != "AVX2":  # with AVX-512 oneDNN is as fast
        return False
    plain = window.kernel == (3, 3) and window.stride == window.dilation == (1, 1)
    tiles = len(x) * math.prod(math.ceil(side / TILE) for side in window.outputs(x))
    return plain and min(weight.shape[:2]) >= MANY and tiles >= TILES


class _Product(torch.autograd.Function):
    """A convolution of which the gradient of the weights is a product, or 16 in float32."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, window: _Window) -> Any:
        ctx.window = window
        ctx.save_for_backward(x, weight)
        rows, columns = window.outputs(x)
        if x.dtype == torch.float32 or len(x) * rows * columns > FORWARD * len(weight):
            return functional.conv2d(
                x, weight, bias, window.stride, window.padding, window.dilation
            )
        flat = weight.permute(0, 2, 3, 1).reshape(len(weight), -1)
        product = functional.linear(window.unroll(x), flat, bias)
        return product.view(len(x), rows, columns, -1).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        window, (slope,) = ctx.window, above
        of_x, of_weight, of_bias, _ = ctx.needs_input_grad
        slopes = slope.permute(0, 2, 3, 1).reshape(-1, len(weight))  # (position, channel)
        for_x, for_weight, for_bias = None, None, None
        if of_x:
            how = (window.stride, window.padding, window.dilation, False, (0, 0), 1)
            for_x = torch.ops.aten.convolution_backward(
                slope, x, weight, None, *how, (True, False, False)
            )[0]
        if of_weight and x.dtype == torch.float32:
            for_weight = weight_gradient(slope, x, window.padding)
        elif of_weight:
            product = slopes.T @ window.unroll(x)
            last = product.view(len(weight), *window.kernel, x.shape[1])
            for_weight = last.permute(0, 3, 1, 2)
        if of_bias:
            for_bias = slopes.sum(0)
        return for_x, for_weight, for_bias, None
