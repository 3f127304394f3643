"""A map as a transparent image, to lie over the image that it is of, in either theme."""

from __future__ import annotations

import numpy as np

from striate.render.image_files import Pixels
from striate.render.palette import BLUE, ORANGE

STRONG = 0.8  # opacity where the map is at its reach
UNSEEN = 0.72  # of grey over what the network does not look at
GREY = 128


def heat_overlay(
    values: np.ndarray, *, reach: float | None = None, strong: float = STRONG
) -> Pixels:
    """Draw a map as colours that are as opaque as its numbers are large.

    Orange above 0, blue below, nothing at 0; grey where the network does not look.

    Args:
        values: float (rows, columns); NaN where the network does not look.
        reach: the size of a number that has the full colour; None takes the largest.
        strong: the opacity that it has, 0 to 1.

    Returns:
        uint8 (rows, columns, 4): red, green, blue, opacity.

    >>> heat_overlay(np.array([[0.0, 1.0, -2.0, np.nan]]))[0, :, 3].tolist()
    [0, 102, 204, 184]
    """
    known = np.nan_to_num(values).astype(np.float32)
    largest = float(np.abs(known).max()) if reach is None else reach
    share = np.clip(known / (largest or 1.0), -1, 1)
    unseen = np.isnan(values)
    drawn = np.empty((*values.shape, 4), np.uint8)
    colors = [[int(name[k : k + 2], 16) for k in (1, 3, 5)] for name in (BLUE, ORANGE)]
    drawn[..., :3] = np.array(colors, np.uint8)[(share > 0).astype(int)]
    drawn[..., :3][unseen] = GREY
    drawn[..., 3] = np.rint(255 * np.where(unseen, UNSEEN, strong * np.abs(share)))
    return drawn


def is_cut(drawn: Pixels) -> bool:
    """Return whether an overlay shows a part that the network does not look at."""
    return bool((drawn[..., :3] == GREY).all(-1).any())
