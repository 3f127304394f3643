"""Normalisation: over the batch, and over neighbouring channels."""

from __future__ import annotations

from typing import Final

import numpy as np

from striate.backends.numpy.arrays import all_but_channels, by_channel
from striate.backends.numpy.result import Array, ByName, Result

MOMENTUM: Final = 0.1  # share of the new batch in the running statistics, as in torch


def bn_training(x: Array, weight: Array, bias: Array, *, eps: float) -> Result:
    """Give every channel mean 0 and variance 1 over the batch, then a learnt scale and shift.

        mean = sum of x / n        variance = sum of (x - mean)^2 / n
        z = (x - mean) / root      root = sqrt(variance + eps)
        y = weight * z + bias

    where n counts all images, rows and columns of the channel. dbias is the sum of dy, dweight
    that of dy * z, and dz = dy * weight. An x changes the loss in three ways; dx is their sum:

        directly, z grows by 1 / root                               dz / root
        through the mean, which lowers every z                    - (sum of dz / n) / root
        through the variance, by 2 (x - mean) / n of it           - z * (sum of dz * z / n) / root

    In words: what dz has in common over the batch, and what in it follows z, would only move the
    mean and the variance, which are put right anyway. Ioffe and Szegedy 2015, section 3,
    https://arxiv.org/abs/1502.03167

    Args:
        x: (batch, channel, row, column), or (batch, feature).
        weight: the scale, (channel,).
        bias: the shift, (channel,).
        eps: keeps the root from 0.

    >>> x = np.array([[1.0], [2.0], [3.0]])
    >>> y, back = bn_training(x, np.ones(1), np.zeros(1), eps=1e-12)
    >>> y[:, 0].round(3), back(np.array([[0.0], [1.0], [0.0]]))["x"][:, 0].round(3)
    (array([-1.225,  0.   ,  1.225]), array([-0.408,  0.816, -0.408]))
    """
    over = all_but_channels(x)
    mean = x.mean(axis=over, keepdims=True)  # (1, channel, 1, 1)
    root = np.sqrt(((x - mean) ** 2).mean(axis=over, keepdims=True) + eps)
    z = (x - mean) / root
    scale = by_channel(weight, x)

    def back(dy: Array) -> ByName:
        dz = dy * scale
        in_common = dz.mean(axis=over, keepdims=True)
        following = z * (dz * z).mean(axis=over, keepdims=True)
        return {
            "x": (dz - in_common - following) / root,
            "weight": (dy * z).sum(axis=over),
            "bias": dy.sum(axis=over),
        }

    return scale * z + by_channel(bias, x), back


def bn_evaluation(
    x: Array, weight: Array, bias: Array, *, mean: Array, variance: Array, eps: float
) -> Result:
    """Normalise with the running statistics: y = weight * (x - mean) / sqrt(variance + eps) + bias.

    Mean and variance do not depend on x now, so y is a straight line in x.

    Args:
        x: (batch, channel, row, column), or (batch, feature).
        weight: the scale, (channel,).
        bias: the shift, (channel,).
        mean: running mean, (channel,).
        variance: running variance, (channel,).
        eps: keeps the root from 0.

    >>> one, two = np.ones(1), np.full(1, 2.0)
    >>> bn_evaluation(np.array([[7.0]]), two, one, mean=one, variance=np.full(1, 9.0), eps=1e-12)[0]
    array([[5.]])
    """
    over = all_but_channels(x)
    root = np.sqrt(by_channel(variance, x) + eps)
    z = (x - by_channel(mean, x)) / root
    scale = by_channel(weight, x)

    def back(dy: Array) -> ByName:
        return {
            "x": dy * scale / root,
            "weight": (dy * z).sum(axis=over),
            "bias": dy.sum(axis=over),
        }

    return scale * z + by_channel(bias, x), back


def running_statistics(x: Array, mean: Array, variance: Array) -> tuple[Array, Array]:
    """Move the running mean and variance a tenth of the way to those of this batch.

    Numbers lie nearer to their own mean than to the true one, so sum of squares / n comes out
    too small, by (n - 1) / n on average; the variance that is kept divides by n - 1 instead.

    Args:
        x: (batch, channel, row, column), or (batch, feature).
        mean: running mean so far, (channel,).
        variance: running variance so far, (channel,).

    >>> running_statistics(np.array([[1.0], [3.0]]), np.zeros(1), np.ones(1))
    (array([0.2]), array([1.1]))
    """
    over = all_but_channels(x)
    return (
        (1 - MOMENTUM) * mean + MOMENTUM * x.mean(axis=over),
        (1 - MOMENTUM) * variance + MOMENTUM * x.var(axis=over, ddof=1),
    )


def lrn(x: Array, size: int, *, alpha: float, beta: float, k: float) -> Result:
    """Damp a number where its neighbours in the channels next to it are large.

        s[c] = k + alpha / size * sum over the neighbours j of c of x[j]^2
        y[c] = x[c] * s[c]^-beta

    x[j] changes y[j] directly, and every y[c] of which it is a neighbour through s[c]:

        dx[j] = dy[j] * s[j]^-beta
                - 2 * alpha / size * beta * x[j] * sum over c of dy[c] * x[c] * s[c]^(-beta - 1)

    Krizhevsky, Sutskever and Hinton 2012, section 3.3, whose alpha is this alpha / size,
    https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks

    Args:
        x: (batch, channel, row, column).
        size: how many channels count, the middle one included.
        alpha: how much they count.
        beta: how strongly they damp.
        k: what s is without them.

    >>> lrn(np.full((1, 2, 1, 1), 2.0), 3, alpha=3.0, beta=0.5, k=1.0)[0].flatten().round(6)
    array([0.666667, 0.666667])
    """
    channels = np.arange(x.shape[1])
    offsets = channels - channels[:, None]  # of channel j from channel c, (c, j)
    near = ((offsets >= -(size // 2)) & (offsets <= (size - 1) // 2)).astype(float)
    s = k + alpha / size * np.einsum("cj,bjxy->bcxy", near, x**2)

    def back(dy: Array) -> ByName:
        through_s = np.einsum("cj,bcxy->bjxy", near, dy * x * s ** (-beta - 1))
        return {"x": dy * s**-beta - 2 * alpha / size * beta * x * through_s}

    return x * s**-beta, back
