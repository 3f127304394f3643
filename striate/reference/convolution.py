"""The convolution: one small set of weights, used at every position of the map."""

from __future__ import annotations

from typing import Literal

import numpy as np

from striate.layers import Window
from striate.reference.result import Array, ByName, Result
from striate.reference.windows import Slide


def conv(
    x: Array,
    weight: Array,
    *,
    bias: Array | None = None,
    window: Window,
    groups: int = 1,
    padmode: Literal["zero", "edge"] = "zero",
) -> Result:
    """Lay the kernel on every position and sum what lies under it, times the weights.

    With p for a place of the kernel, r for a position, i for a channel that arrives and o for
    one that leaves:

        y[o, r] = bias[o] + sum over i, p of weight[o, i, p] * x[i, r * stride + p * dilation]

    Every number of that sum is a product, so the chain rule gives each factor the other one,
    summed over all the places where it was used:

        dweight[o, i, p]                   = sum over pictures, r of dy[o, r] * x[i, r*s + p*d]
        dx[i, r * stride + p * dilation]  += sum over o of weight[o, i, p] * dy[o, r]
        dbias[o]                           = sum over pictures, r of dy[o, r]

    The kernel is not flipped: strictly this is a cross-correlation, as everywhere in the field.
    Goodfellow, Bengio and Courville 2016, Deep Learning, section 9.5, equations 9.9 to 9.11,
    https://www.deeplearningbook.org/contents/convnets.html

    Args:
        x: (batch, channel, row, column).
        weight: (channel that leaves, channel that arrives / groups, kernel row, kernel column).
        bias: (channel that leaves,), or None.
        window: kernel, stride, padding and dilation.
        groups: the channels are divided into as many parts, each convolved by itself.
        padmode: what stands in the padding: zeros, or the border repeated.

    >>> smile = np.array(
    ...     [[0, 0, 0, 0, 0], [0, 1, 0, 1, 0], [0, 0, 1, 0, 0], [1, 0, 0, 0, 1], [0, 1, 1, 1, 0]],
    ...     dtype=float,
    ... )
    >>> diagonal = np.eye(2)
    >>> y, back = conv(smile[None, None], diagonal[None, None], window=Window((2, 2), (1, 1)))
    >>> y[0, 0]
    array([[1., 0., 1., 0.],
           [0., 2., 0., 1.],
           [0., 0., 1., 1.],
           [2., 1., 1., 0.]])
    >>> back(np.ones_like(y))["weight"][0, 0]  # how many ones each weight met
    array([[4., 4.],
           [7., 7.]])
    """
    slide = Slide(window, x.shape[2:])
    padded, unpad = slide.repeat_edge(x) if padmode == "edge" else slide.pad(x)
    maps = _grouped(padded, groups)  # (batch, group, channel that arrives, row, column)
    kernels = weight.reshape(groups, -1, *weight.shape[1:])  # (group, leaves, arrives, row, column)

    y = np.zeros((len(x), len(weight), *slide.positions))
    y_in_groups = _grouped(y, groups)  # (batch, group, channel that leaves, row, column)
    for row, column in slide.places():
        seen = slide.under(maps, (row, column))
        y_in_groups += np.einsum("bgirc,goi->bgorc", seen, kernels[..., row, column])
    if bias is not None:
        y += bias[:, None, None]

    def back(dy: Array) -> ByName:
        dy_in_groups = _grouped(dy, groups)
        dmaps, dkernels = np.zeros_like(maps), np.zeros_like(kernels)
        for row, column in slide.places():
            seen, dseen = slide.under(maps, (row, column)), slide.under(dmaps, (row, column))
            dseen += np.einsum("bgorc,goi->bgirc", dy_in_groups, kernels[..., row, column])
            dkernels[..., row, column] = np.einsum("bgorc,bgirc->goi", dy_in_groups, seen)
        gradients = {
            "x": unpad(dmaps.reshape(padded.shape)),
            "weight": dkernels.reshape(weight.shape),
        }
        if bias is not None:
            gradients["bias"] = dy.sum(axis=(0, 2, 3))
        return gradients

    return y, back


def _grouped(maps: Array, groups: int) -> Array:
    """Divide the channels: (batch, group, channel of the group, row, column)."""
    batch, channels, rows, columns = maps.shape
    return maps.reshape(batch, groups, channels // groups, rows, columns)
