"""The convolution: one small set of weights, used at every position of the map."""

from __future__ import annotations

from typing import Literal

import numpy as np

from striate.architecture.words import Window
from striate.backends.numpy.result import Array, ByName, Result
from striate.backends.numpy.windows import Slide


def conv(
    x: Array,
    weight: Array,
    *,
    bias: Array | None = None,
    window: Window,
    padmode: Literal["zero", "edge"] = "zero",
) -> Result:
    """Lay the kernel on every position and sum what lies under it, times the weights.

    With i for a channel that arrives and o for one that leaves, p for a place of the kernel and r
    for a position (a row and a column each), and x padded:

        y[o, r] = bias[o] + sum over i, p of weight[o, i, p] * x[i, r * stride + p * dilation]

    Every number of that sum is a product, so the chain rule gives each factor the other one,
    summed over all the places where it was used:

        dweight[o, i, p]                   = sum over images, r of dy[o, r] * x[i, r*s + p*d]
        dx[i, r * stride + p * dilation]  += sum over o of dy[o, r] * weight[o, i, p]
        dbias[o]                           = sum over images, r of dy[o, r]

    The kernel is not flipped: strictly this is a cross-correlation, as everywhere in the field.
    Goodfellow, Bengio and Courville 2016, Deep Learning, section 9.5,
    https://www.deeplearningbook.org/contents/convnets.html

    Args:
        x: (batch, channel, row, column).
        weight: (channel that leaves, channel that arrives, kernel row, kernel column).
        bias: (channel that leaves,), or None.
        window: kernel, stride, padding and dilation.
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
    y = np.zeros((len(x), len(weight), *slide.positions))  # (batch, leaving, row, column)
    for row, column in slide.places():
        seen = slide.under(padded, (row, column))  # (batch, arriving, row, column), as many as y
        y += np.einsum("birc,oi->borc", seen, weight[:, :, row, column])
    if bias is not None:
        y += bias[:, None, None]

    def back(dy: Array) -> ByName:
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


def conv_in_groups(
    x: Array,
    weight: Array,
    *,
    bias: Array | None = None,
    window: Window,
    groups: int,
    padmode: Literal["zero", "edge"] = "zero",
) -> Result:
    """Divide the channels into groups, and convolve each by itself.

    That takes ``groups`` times fewer weights. AlexNet did it to fit on two GPUs; with a group a
    channel it is a depthwise convolution: Howard et al. 2017, https://arxiv.org/abs/1704.04861

    Args:
        x: (batch, channel, row, column).
        weight: (channel that leaves, channel that arrives / groups, kernel row, kernel column).
        bias: (channel that leaves,), or None.
        window: kernel, stride, padding and dilation.
        groups: how many; it divides the channels that arrive and those that leave.
        padmode: what stands in the padding: zeros, or the border repeated.

    >>> x, weight = np.array([[[[3.0]], [[4.0]]]]), np.array([[[[10.0]]], [[[100.0]]]])
    >>> y, back = conv_in_groups(x, weight, window=Window((1, 1), (1, 1)), groups=2)
    >>> y.flatten(), back(np.ones_like(y))["weight"].flatten()
    (array([ 30., 400.]), array([3., 4.]))
    """
    biases = [None] * groups if bias is None else np.split(bias, groups)
    parts = [
        conv(x_part, weight_part, bias=bias_part, window=window, padmode=padmode)
        for x_part, weight_part, bias_part in zip(
            np.split(x, groups, axis=1), np.split(weight, groups), biases, strict=True
        )
    ]

    def back(dy: Array) -> ByName:
        dy_parts = np.split(dy, groups, axis=1)
        found = [
            back_of_part(dy_part)
            for (_, back_of_part), dy_part in zip(parts, dy_parts, strict=True)
        ]
        return {
            name: np.concatenate([part[name] for part in found], axis=1 if name == "x" else 0)
            for name in found[0]
        }

    return np.concatenate([y for y, _ in parts], axis=1), back
