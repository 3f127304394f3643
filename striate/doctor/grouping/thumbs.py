"""A small grey image of each, taken while it is decoded, by which near copies are found."""

from __future__ import annotations

import numpy as np

from striate.data import Images
from striate.data.images import Preprocess
from striate.data.loader import Watch
from striate.doctor.scan.fingerprints import THUMB

MOST = 50_000  # images of which they are kept: 115 MB
SIDE = 2 * THUMB  # pixels a side that are looked at; of larger images every second, third, ...
BATCH = 64
STEP = 8  # pixels, of which one is asked for its colour where an image ends


class Thumbs:
    """Small grey images, each cell the mean of its part: `load` calls it with each image.

    Args:
        images: how many there will be.
        preprocess: by which they are made to fit; what it pads with is cut away again.

    >>> thumbs = Thumbs(1, Preprocess(height=96, width=96))
    >>> thumbs(0, 0, np.full((3, 96, 96), 7, np.uint8))
    >>> thumbs.values.shape, int(thumbs.values[0, 0, 0]), thumbs.there.tolist()
    ((1, 48, 48), 7, [True])
    """

    def __init__(self, images: int, preprocess: Preprocess) -> None:
        self.values = np.zeros((images, THUMB, THUMB), np.uint8)
        self.there = np.zeros(images, np.bool_)
        self._then: Watch | None = None
        padded = preprocess.fit == "pad"
        self._ground = np.array(preprocess.border, np.uint8)[:, None, None] if padded else None

    def __call__(self, index: int, value: int, pixels: np.ndarray) -> None:
        """Take an image of so and so hash."""
        self._take(index, pixels)
        if self._then is not None:
            self._then(index, value, pixels)

    def before(self, then: Watch) -> Thumbs:
        """Return the same, which gives each image on to another one."""
        self._then = then
        return self

    def complete(self, images: Images) -> None:
        """Take the images that were not passed on; none that would have to be read again."""
        if images.mode == "streamed":
            return
        missing = np.flatnonzero(images.usable & ~self.there)
        for start in range(0, len(missing), BATCH):
            indices = missing[start : start + BATCH]
            for index, pixels in zip(indices.tolist(), images.take(indices), strict=True):
                self._take(index, pixels)

    def _take(self, index: int, pixels: np.ndarray) -> None:
        if self._ground is not None:
            pixels = _cut_away(pixels, self._ground)
        rows, columns = pixels.shape[1:]
        down, across = max(1, rows // SIDE), max(1, columns // SIDE)
        grey = pixels[:, ::down, ::across].sum(0, dtype=np.float32) / len(pixels)
        self.values[index] = np.rint(_shrink(_shrink(grey).T).T)
        self.there[index] = True


def _shrink(values: np.ndarray) -> np.ndarray:
    """Return the means of the rows of each of `THUMB` parts: float32 (THUMB, columns)."""
    # no product of matrices, for which BLAS wakes threads: 0.1 ms takes 4 ms beside other work
    each, rest = divmod(len(values), THUMB)
    if each and not rest:  # a quarter of the time of sums over ranges
        return np.asarray(values.reshape(THUMB, each, -1).sum(1) / each)
    ends = np.arange(THUMB + 1) * len(values) // THUMB
    sums = np.add.reduceat(values, ends[:-1], axis=0)
    return np.asarray(sums / np.maximum(np.diff(ends), 1)[:, None])


def _cut_away(pixels: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Return an image without the rows and columns at its edges that are all of one colour."""
    ground = ground if len(pixels) == 3 else ground[:1]
    rows = np.flatnonzero((pixels[:, :, ::STEP] != ground).any((0, 2)))
    columns = np.flatnonzero((pixels[:, ::STEP] != ground).any((0, 1)))
    if len(rows) < 2 or len(columns) < 2:
        return pixels
    return pixels[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
