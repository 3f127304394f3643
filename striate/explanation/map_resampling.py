"""Maps of one grid laid onto another."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from striate.explanation.cell_centers import CellCenters


def resize_map(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return a map of so many rows and columns, interpolated bilinearly between its places.

    The same as torch's ``interpolate`` with ``align_corners=False``, which is what published
    class activation maps are shown with; `lay_map` lays cells where they look.

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


def lay_map(values: np.ndarray, centers: CellCenters | None, rows: int, columns: int) -> np.ndarray:
    """Return a map of cells on the pixels of the input: where the cells look, else stretched.

    Args:
        values: (rows, columns) of the cells.
        centers: of their receptive fields; None where these are not known.
        rows: of the input.
        columns: of the input.

    Returns:
        float32 (rows, columns).

    >>> lay_map(np.array([[0.0, 1.0]]), None, 1, 4).tolist()
    [[0.0, 0.25, 0.75, 1.0]]
    """
    if centers is None:
        return resize_map(values, rows, columns)
    return centers.lay(values, rows, columns)
