"""Maps of one grid laid onto another."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional


def resize_map(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return a map of so many rows and columns, interpolated bilinearly between its places.

    The same as torch's ``interpolate`` with ``align_corners=False``, which is what published
    class activation maps are shown with.

    Args:
        values: (rows, columns) of any size.
        rows: wanted.
        columns: wanted.

    Returns:
        float32 (rows, columns).

    >>> resize_map(np.array([[0.0, 1.0]]), 1, 4).tolist()
    [[0.0, 0.25, 0.75, 1.0]]
    """
    given = torch.from_numpy(np.ascontiguousarray(values, np.float32))[None, None]
    size = (rows, columns)
    found = functional.interpolate(given, size, mode="bilinear", align_corners=False)
    return np.asarray(found[0, 0].numpy())
