"""Pooling: many numbers of a map become one, a channel at a time; nothing is learnt."""

from __future__ import annotations

import numpy as np

from striate.architecture.words import Pair, Window
from striate.backends.numpy.result import Array, ByName, Result
from striate.backends.numpy.windows import Slide


def maxpool(x: Array, window: Window, *, ceil: bool = False) -> Result:
    """Keep the largest number of each window.

    Only the winner changes y, and y grows as fast as it does, so the winner gets all of dy
    and the others nothing. Of several that are equal the first wins, row by row, as in torch.

    Args:
        x: (batch, channel, row, column).
        window: kernel, stride, padding and dilation; the padding never wins.
        ceil: whether the last incomplete window counts.

    >>> y, back = maxpool(np.array([[[[1.0, 5.0], [5.0, 2.0]]]]), Window((2, 2), (2, 2)))
    >>> y[0, 0], back(np.ones_like(y))["x"][0, 0]
    (array([[5.]]), array([[0., 1.],
           [0., 0.]]))
    """
    slide = Slide(window, x.shape[2:], ceil)
    padded, unpad = slide.pad(x, -np.inf)
    seen = np.stack([slide.under(padded, place) for place in slide.places()])
    winner = seen.argmax(axis=0)  # number of the place, (batch, channel, row, column)

    def back(dy: Array) -> ByName:
        dpadded = np.zeros_like(padded)
        for number, place in enumerate(slide.places()):
            dseen = slide.under(dpadded, place)
            dseen += dy * (winner == number)
        return {"x": unpad(dpadded)}

    return seen.max(axis=0), back


def sumpool(x: Array, window: Window, *, ceil: bool = False) -> Result:
    """Sum the numbers of each window.

    y grows by 1 as any of its numbers grows by 1, so each of them gets dy; a number that lies
    in several windows gets the sum of theirs.

    Args:
        x: (batch, channel, row, column).
        window: kernel, stride, padding and dilation.
        ceil: whether the last incomplete window counts.

    >>> y, back = sumpool(np.array([[[[1.0, 2.0, 3.0]]]]), Window((1, 2), (1, 1)))
    >>> y[0, 0, 0], back(np.ones_like(y))["x"][0, 0, 0]
    (array([3., 5.]), array([1., 2., 1.]))
    """
    slide = Slide(window, x.shape[2:], ceil)
    padded, unpad = slide.pad(x)
    y = np.zeros((*x.shape[:2], *slide.positions))
    for place in slide.places():
        y += slide.under(padded, place)

    def back(dy: Array) -> ByName:
        dpadded = np.zeros_like(padded)
        for place in slide.places():
            dseen = slide.under(dpadded, place)
            dseen += dy
        return {"x": unpad(dpadded)}

    return y, back


def avgpool(x: Array, window: Window, *, ceil: bool = False) -> Result:
    """Take the mean of each window: the sum, divided by how many numbers it has.

    Padded zeros count as numbers; what an incomplete window covers behind them does not:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html

    Args:
        x: (batch, channel, row, column).
        window: kernel, stride and padding.
        ceil: whether the last incomplete window counts.

    >>> y, back = avgpool(np.array([[[[1.0, 2.0, 6.0]]]]), Window((1, 2), (1, 2)), ceil=True)
    >>> y[0, 0, 0], back(np.ones_like(y))["x"][0, 0, 0]
    (array([1.5, 6. ]), array([0.5, 0.5, 1. ]))
    """
    y, back_of_sum = sumpool(x, window, ceil=ceil)
    rows, columns = (
        np.array(
            [
                min(start + kernel, side + 2 * pad) - start
                for start in range(0, count * stride, stride)
            ]
        )
        for kernel, pad, stride, side, count in zip(
            window.kernel, window.pad, window.stride, x.shape[2:], y.shape[2:], strict=True
        )
    )
    numbers = rows[:, None] * columns  # in each window, (position row, position column)
    return y / numbers, lambda dy: back_of_sum(dy / numbers)


def adaptive_avgpool(x: Array, to: Pair) -> Result:
    """Take the mean of ``to`` parts of each map, whatever its size.

    Part i of n rows goes from row floor(i * n / to) up to, not including, row
    ceil((i + 1) * n / to); neighbouring parts share a row where n / to is no whole number.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html

    Args:
        x: (batch, channel, row, column).
        to: rows and columns to come out.

    >>> y, back = adaptive_avgpool(np.array([[[[1.0, 2.0, 6.0]]]]), (1, 2))
    >>> y[0, 0, 0], back(np.ones_like(y))["x"][0, 0, 0]
    (array([1.5, 4. ]), array([0.5, 1. , 0.5]))
    """
    rows, columns = (
        [slice(i * side // parts, -(-(i + 1) * side // parts)) for i in range(parts)]
        for side, parts in zip(x.shape[2:], to, strict=True)
    )
    y = np.empty((*x.shape[:2], *to))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            y[:, :, i, j] = x[:, :, row, column].mean(axis=(2, 3))

    def back(dy: Array) -> ByName:
        dx = np.zeros_like(x)
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                part = dx[:, :, row, column]
                part += dy[:, :, i, j, None, None] / (part.shape[2] * part.shape[3])
        return {"x": dx}

    return y, back


def gap(x: Array) -> Result:
    """Take the mean of each map, global average pooling: y = sum of x / n, so dx = dy / n.

    Lin, Chen and Yan 2013, Network in network, section 3.2, https://arxiv.org/abs/1312.4400

    Args:
        x: (batch, channel, row, column).

    >>> gap(np.array([[[[1.0, 2.0], [3.0, 6.0]]]]))[0]
    array([[[[3.]]]])
    """
    numbers = x.shape[2] * x.shape[3]
    y = x.sum(axis=(2, 3), keepdims=True) / numbers  # (batch, channel, 1, 1)
    return y, lambda dy: {"x": np.broadcast_to(dy / numbers, x.shape)}
