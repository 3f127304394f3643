"""Numbers kept a channel at a time: how they meet maps, and which axes make up one channel."""

from __future__ import annotations

from striate.reference.result import Array


def by_channel(values: Array, x: Array) -> Array:
    """Lay one number a channel out so that it meets all of its channel in x.

    Args:
        values: (channel,).
        x: (batch, channel, row, column), or (batch, feature).

    Returns:
        (1, channel, 1, 1), or (1, feature).

    >>> import numpy as np
    >>> by_channel(np.array([1.0, 2.0]), np.zeros((5, 2, 3, 3))).shape
    (1, 2, 1, 1)
    """
    return values.reshape(1, -1, *[1] * (x.ndim - 2))


def all_but_channels(x: Array) -> tuple[int, ...]:
    """Give the axes over which one channel extends: batch, row and column.

    >>> import numpy as np
    >>> all_but_channels(np.zeros((5, 2, 3, 3)))
    (0, 2, 3)
    """
    return tuple(axis for axis in range(x.ndim) if axis != 1)
