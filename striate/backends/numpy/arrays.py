"""Arrays: taken as they are given, and seen a channel at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from striate.backends.numpy.result import Array
from striate.errors import SettingError


def by_channel(values: Array, x: Array) -> Array:
    """Lay one number a channel out so that it meets all of its channel in x.

    Args:
        values: (channel,).
        x: (batch, channel, row, column), or (batch, feature).

    Returns:
        (1, channel, 1, 1), or (1, feature).

    >>> by_channel(np.array([1.0, 2.0]), np.zeros((5, 2, 3, 3))).shape
    (1, 2, 1, 1)
    """
    return values.reshape(1, -1, *[1] * (x.ndim - 2))


def all_but_channels(x: Array) -> tuple[int, ...]:
    """Give the axes over which one channel extends: batch, row and column.

    >>> all_but_channels(np.zeros((5, 2, 3, 3)))
    (0, 2, 3)
    """
    return tuple(axis for axis in range(x.ndim) if axis != 1)


def numbers(values: ArrayLike, name: str) -> Array:
    """Take anything array-like as float64, lists and torch tensors too.

    Args:
        values: what is given.
        name: what it is, for the message.

    Raises:
        SettingError: it holds no numbers.

    >>> numbers([[1, 2]], "the images")
    array([[1., 2.]])
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise SettingError(
            f"{name} cannot be read as an array of numbers: {error}; expected a NumPy array; "
            "for a torch tensor, give tensor.detach().cpu().double().numpy()"
        ) from error
