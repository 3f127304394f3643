"""What sizes the images have, from their headers: enough to choose an input size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from striate.data.collection import Collection
from striate.data.images import ImageSize, measure
from striate.errors import DataError, ImageError

SAMPLE = 2000


@dataclass(frozen=True)
class Survey:
    """The sizes of a collection's images, as (rows, columns), the right way up.

    Attributes:
        channels: 3 where any image has colour, else 1.
        height: the median number of rows.
        width: the median number of columns.
        smallest: of the image with the fewest pixels.
        median: of the image in the middle.
        largest: of the image with the most pixels.
        all_same_size: whether every image looked at has one size.
        looked_at: how many headers could be read.
        of: how many images there are; more than ``SAMPLE`` are sampled.
        deep: which of those looked at have more than 8 bits a value, by their index.
    """

    channels: int
    height: int
    width: int
    smallest: tuple[int, int]
    median: tuple[int, int]
    largest: tuple[int, int]
    all_same_size: bool
    looked_at: int
    of: int
    deep: tuple[int, ...] = ()

    def __str__(self) -> str:
        colour = "colour" if self.channels == 3 else "grey"
        rows, columns = self.median
        if self.all_same_size:
            told = f"{colour}, all {rows}x{columns}"
        else:
            small, large = ("x".join(map(str, size)) for size in (self.smallest, self.largest))
            told = f"{colour}, from {small} to {large}, the middle one {rows}x{columns}"
        sampled = self.looked_at <= SAMPLE < self.of
        return told + (f" (a sample of {self.looked_at:,} of {self.of:,})" if sampled else "")


def survey(collection: Collection) -> Survey:
    """Measure the images by their headers: all up to 2,000, else 2,000 evenly spread.

    Raises:
        DataError: where no header can be read.

    >>> from striate.data import find
    >>> print(survey(find("digits")))
    grey, all 8x8
    """
    total = len(collection)
    if isinstance(collection.content, np.ndarray):
        one = measure(collection.content[0])
        size = (one.rows, one.columns)
        return Survey(one.channels, *size, size, size, size, True, total, total)
    spread = range(total) if total <= SAMPLE else np.linspace(0, total - 1, SAMPLE).astype(int)
    found: list[ImageSize] = []
    deep: list[int] = []
    reason = ""
    for index in map(int, spread):
        try:
            found.append(measure(collection.open(index)))
        except ImageError as error:
            reason = reason or f"{collection.names[index]!r}: {error}"
            continue
        if found[-1].deep:
            deep.append(index)
    if not found:
        raise DataError(f"no image in {collection.source!r} can be read ({reason})")
    sizes = sorted(((each.rows, each.columns) for each in found), key=lambda s: (s[0] * s[1], s))
    return Survey(
        channels=max(each.channels for each in found),
        height=int(np.median([rows for rows, _ in sizes])),
        width=int(np.median([columns for _, columns in sizes])),
        smallest=sizes[0],
        median=sizes[len(sizes) // 2],
        largest=sizes[-1],
        all_same_size=sizes[0] == sizes[-1] and len(set(sizes)) == 1,
        looked_at=len(found),
        of=total,
        deep=tuple(deep),
    )
