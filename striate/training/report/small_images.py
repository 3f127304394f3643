"""Images made small, for a page that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from striate.data import Collection, count_cores
from striate.data.images import Preprocess, hold_decoded
from striate.errors import ImageError


@dataclass(frozen=True)
class SmallImage:
    """An image made small.

    Attributes:
        pixels: uint8 (rows, columns, 1 or 3), small.
        rows: of the image as it is on the disk.
        columns: likewise.
    """

    pixels: np.ndarray
    rows: int
    columns: int


def read_small(
    collection: Collection, preprocess: Preprocess, indices: Sequence[int], side: int
) -> list[SmallImage | None]:
    """Read images, their longer sides at most so many pixels; None where one has become unreadable.

    A JPEG is decoded no larger than needed.

    Args:
        collection: the images.
        preprocess: whose background and range of values are taken.
        indices: which of them.
        side: pixels.
    """

    def reduction(rows: int, columns: int) -> int:
        return next((by for by in (8, 4, 2) if max(rows, columns) >= side * by), 1)

    def read(index: int) -> SmallImage | None:
        try:
            with hold_decoded(
                collection.open(index),
                background=preprocess.background,
                reduction=reduction,
                ranges=preprocess.value_ranges,
            ) as decoded:
                image = decoded.image.copy()  # an image of the user's stays as it is
                image.thumbnail((side, side))
                pixels = np.asarray(image).reshape(image.height, image.width, -1)
                return SmallImage(pixels, decoded.rows, decoded.columns)
        except ImageError:
            return None

    with ThreadPoolExecutor(count_cores(), "striate-decode") as pool:
        return list(pool.map(read, indices))
