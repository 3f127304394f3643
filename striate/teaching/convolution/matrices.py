"""Convolution as a product of matrices, forward and backward, for whole batches.

Every patch under the kernel becomes a row of a matrix ("im2col"); then the convolution is one
matrix product, and so are both of its gradients. With P the patches, one a row, W the weights,
one filter a column, and G the gradient of the loss by every output, one filter a column:

    forward:    Y = P W
    weights:    dL/dW = P^T G
    input:      dL/dP = G W^T, each number then added back to the pixel it came from ("col2im")

K. Chellapilla, S. Puri, P. Simard, High performance convolutional neural networks for document
processing, 2006, https://inria.hal.science/inria-00112631; the gradients are those of any matrix
product, Y = P W.
"""

from __future__ import annotations

import math

import numpy as np

from striate.architecture.words import Conv, Pair, Window
from striate.errors import SettingError
from striate.teaching.convolution.sliding import make_window, pad_planes

MOST = 2**26  # numbers of unrolled patches, half a gibibyte


def unroll(images: np.ndarray, layer: Conv) -> np.ndarray:
    """Lay every patch under the kernel out as a row.

    Args:
        images: (batch, channels, rows, columns).
        layer: kernel, stride, padding, dilation and groups.

    Returns:
        float64 (batch, groups, positions, channels/groups * kernel rows * kernel columns).

    Raises:
        SettingError: the kernel does not fit, or the patches are too many to hold.

    >>> unroll(np.arange(9.0).reshape(1, 1, 3, 3), Conv(1, (2, 2), pad=(0, 0)))[0, 0].tolist()
    [[0.0, 1.0, 3.0, 4.0], [1.0, 2.0, 4.0, 5.0], [3.0, 4.0, 6.0, 7.0], [4.0, 5.0, 7.0, 8.0]]
    """
    batch, channels, rows, columns = _check_shape(images, layer)
    window = make_window(layer, rows, columns)
    down, across = window.positions(rows, columns)
    values = channels * math.prod(window.kernel)
    if batch * values * down * across > MOST:
        raise SettingError(
            f"unrolled, that is {batch * down * across:,} patches of {values:,} numbers, "
            f"{batch * values * down * across * 8 / 2**30:,.1f} GiB; take a smaller image or a "
            "larger stride"
        )
    source = pad_planes(images, window, layer.padmode)
    patches = np.lib.stride_tricks.sliding_window_view(source, window.extent, axis=(2, 3))
    patches = patches[  # (batch, channels, down, across, kernel rows, kernel columns)
        :, :, :: window.stride[0], :: window.stride[1], :: window.dilation[0], :: window.dilation[1]
    ]
    grouped = patches.reshape(
        batch, layer.groups, channels // layer.groups, down, across, *window.kernel
    )
    ordered = grouped.transpose(0, 1, 3, 4, 2, 5, 6)
    return np.ascontiguousarray(
        ordered.reshape(batch, layer.groups, down * across, -1), dtype=np.float64
    )


def roll(patches: np.ndarray, layer: Conv, size: Pair) -> np.ndarray:
    """Add every number of unrolled patches back to the pixel it came from.

    It is the transpose of `unroll`: sum(unroll(x) * p) = sum(x * roll(p)) for any x and p.

    Args:
        patches: (batch, groups, positions, channels/groups * kernel rows * kernel columns).
        layer: the one they were unrolled by.
        size: rows and columns of the images.

    Returns:
        float64 (batch, channels, rows, columns).

    >>> layer = Conv(1, (2, 2), pad=(0, 0))
    >>> roll(np.ones((1, 1, 4, 4)), layer, (3, 3))[0, 0].tolist()  # how often each is used
    [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    """
    window = make_window(layer, *size)
    down, across = window.positions(*size)
    kernel_rows, kernel_columns = window.kernel
    batch, groups = patches.shape[:2]
    parts = patches.reshape(batch, groups, down, across, -1, kernel_rows, kernel_columns)
    parts = parts.transpose(0, 1, 4, 5, 6, 2, 3).reshape(
        batch, -1, kernel_rows, kernel_columns, down, across
    )
    whole = np.zeros((batch, parts.shape[1], *window.padded(*size)))
    for i, j in np.ndindex(kernel_rows, kernel_columns):
        top, left = i * window.dilation[0], j * window.dilation[1]
        whole[
            :,
            :,
            top : top + (down - 1) * window.stride[0] + 1 : window.stride[0],
            left : left + (across - 1) * window.stride[1] + 1 : window.stride[1],
        ] += parts[:, :, i, j]
    return _cut_border(whole, window, layer, size)


def forward(images: np.ndarray, weights: np.ndarray, layer: Conv) -> np.ndarray:
    """Convolve a batch by one matrix product: Y = P W.

    Args:
        images: (batch, channels, rows, columns).
        weights: (filters, channels/groups, kernel rows, kernel columns).
        layer: stride, padding, dilation and groups; its kernel is that of the weights.

    Returns:
        float64 (batch, filters, rows, columns).

    Raises:
        SettingError: they do not fit together.

    >>> forward(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), Conv(1, (2, 2), pad=(0, 0)))
    array([[[[4., 4.],
             [4., 4.]]]])
    """
    columns = _order_columns(weights, layer, images.shape[1])
    product = unroll(images, layer) @ columns  # (batch, groups, positions, filters/groups)
    down, across = layer.window_on(images.shape[1:]).positions(*images.shape[2:])
    maps: np.ndarray = product.swapaxes(2, 3).reshape(len(images), -1, down, across)
    return maps


def compute_weight_gradient(images: np.ndarray, gradient: np.ndarray, layer: Conv) -> np.ndarray:
    """Return the gradient of the loss by every weight: dL/dW = P^T G, summed over the batch.

    Args:
        images: what went in, (batch, channels, rows, columns).
        gradient: of the loss by what came out, (batch, filters, rows, columns).
        layer: stride, padding, dilation and groups.

    Returns:
        float64 (filters, channels/groups, kernel rows, kernel columns).

    >>> layer = Conv(1, (2, 2), pad=(0, 0))
    >>> x, g = np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2))
    >>> compute_weight_gradient(x, g, layer).tolist()
    [[[[8.0, 12.0], [20.0, 24.0]]]]
    """
    patches = unroll(images, layer)
    _check_gradient(gradient, layer, images.shape)
    grouped = _order_by_position(gradient, layer)  # (batch, groups, positions, filters/groups)
    product = (patches.swapaxes(2, 3) @ grouped).sum(axis=0)  # (groups, values, filters/groups)
    channels = images.shape[1] // layer.groups
    weights: np.ndarray = product.swapaxes(1, 2)
    return weights.reshape(layer.channels, channels, *layer.kernel)


def compute_input_gradient(
    weights: np.ndarray, gradient: np.ndarray, layer: Conv, *, size: Pair
) -> np.ndarray:
    """Return the gradient of the loss by every pixel: dL/dP = G W^T, added back to the pixels.

    Args:
        weights: (filters, channels/groups, kernel rows, kernel columns).
        gradient: of the loss by what came out, (batch, filters, rows, columns).
        layer: stride, padding, dilation and groups.
        size: rows and columns of what went in.

    Returns:
        float64 (batch, channels, rows, columns).

    >>> layer = Conv(1, (2, 2), pad=(0, 0))
    >>> g, w = np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2))
    >>> compute_input_gradient(w, g, layer, size=(3, 3))[0, 0].tolist()
    [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    """
    channels = weights.shape[1] * layer.groups
    columns = _order_columns(weights, layer, channels)
    _check_gradient(gradient, layer, (len(gradient), channels, *size))
    product = _order_by_position(gradient, layer) @ columns.swapaxes(1, 2)
    return roll(product, layer, size)


def _order_by_position(gradient: np.ndarray, layer: Conv) -> np.ndarray:
    batch = len(gradient)
    return gradient.reshape(batch, layer.groups, layer.channels // layer.groups, -1).swapaxes(2, 3)


def _order_columns(weights: np.ndarray, layer: Conv, channels: int) -> np.ndarray:
    """Lay every filter out as a column: (groups, values, filters/groups)."""
    expected = (layer.channels, channels // layer.groups, *layer.kernel)
    if weights.shape != expected:
        raise SettingError(
            f"the weights have shape {weights.shape}; '{layer}' over {channels} channels "
            f"needs {expected}"
        )
    flat = weights.astype(np.float64).reshape(layer.groups, layer.channels // layer.groups, -1)
    return flat.swapaxes(1, 2)


def _check_shape(images: np.ndarray, layer: Conv) -> tuple[int, int, int, int]:
    if images.ndim != 4 or 0 in images.shape or images.shape[1] % layer.groups:
        raise SettingError(
            f"the batch has shape {images.shape}; expected (batch, channels, rows, columns)"
            + (f" with channels a multiple of groups={layer.groups}" if layer.groups > 1 else "")
        )
    batch, channels, rows, columns = images.shape
    return batch, channels, rows, columns


def _check_gradient(gradient: np.ndarray, layer: Conv, shape: tuple[int, ...]) -> None:
    expected = (shape[0], *layer.output(shape[1:]))
    if gradient.shape != expected:
        raise SettingError(
            f"the gradient has shape {gradient.shape}; what comes out of '{layer}' has {expected}"
        )


def _cut_border(whole: np.ndarray, window: Window, layer: Conv, size: Pair) -> np.ndarray:
    """Take the padding away; what was added to a repeated border belongs to the border."""
    for axis, (pad, side) in enumerate(zip(window.pad, size, strict=True), start=2):
        before, inner, after = np.split(whole, [pad, pad + side], axis=axis)
        if layer.padmode == "edge":
            inner = inner.copy()
            first = (slice(None),) * axis + (slice(0, 1),)
            last = (slice(None),) * axis + (slice(side - 1, side),)
            inner[first] += before.sum(axis=axis, keepdims=True)
            inner[last] += after.sum(axis=axis, keepdims=True)
        whole = inner
    return whole
