"""How a character is laid into a classifier's input: as the images lay that it learnt from.

MNIST's digits are scaled, proportions kept, into a box of 20x20 pixels, and laid with their centre
of mass in the middle of 28x28 (http://yann.lecun.com/exdb/mnist). scikit-learn's digits fill their
image: bitmaps of 32x32 in which each block of 4x4 was counted, which leaves 8x8
(https://archive.ics.uci.edu/dataset/80).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from striate.data.images import Preprocess

BOX = 20 / 28  # of the shorter side of MNIST's images: the box of a digit
BLOCK = 4  # pixels of the bitmap to one of scikit-learn's digits, each way

Kind = Literal["centred", "filling"]


@dataclass(frozen=True)
class GlyphFrame:
    """How characters are laid into a network's input.

    Attributes:
        channels: of the input.
        height: rows of the input.
        width: columns of the input.
        kind: "centred", in the box that MNIST has and by the centre of mass, or "filling" all of
            it, counted down as scikit-learn's digits are.
        bright: whether the ink is bright on a dark ground.
    """

    channels: int
    height: int
    width: int
    kind: Kind
    bright: bool

    def lay(self, ink: np.ndarray) -> np.ndarray:
        """Return a character as the network takes it in.

        Args:
            ink: float32 (rows, columns), 0 to 1, cut at the ink's rim.

        Returns:
            uint8 (channels, height, width).

        >>> frame = GlyphFrame(1, 28, 28, "centred", bright=True)
        >>> rows, columns = np.nonzero(frame.lay(np.ones((40, 10), np.float32))[0] > 127)
        >>> int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1, float(rows.mean())
        (20, 5, 13.5)
        """
        laid = self._centre(ink) if self.kind == "centred" else self._count_down(ink)
        values = np.rint(255 * (laid if self.bright else 1 - laid)).astype(np.uint8)
        return np.repeat(values[None], self.channels, 0)

    def _centre(self, ink: np.ndarray) -> np.ndarray:
        scaled = _scale(ink, BOX * self.height, BOX * self.width)
        rows, columns = np.indices(scaled.shape, dtype=np.float64)
        mass = max(float(scaled.sum()), 1e-9)
        # MNIST's centres of mass lie from 13.5 to 14.5, counted from 0
        top = self.height / 2 - (rows * scaled).sum() / mass
        left = self.width / 2 - (columns * scaled).sum() / mass
        return _place(scaled, (self.height, self.width), (top, left))

    def _count_down(self, ink: np.ndarray) -> np.ndarray:
        fine = (BLOCK * self.height, BLOCK * self.width)
        bitmap = (_scale(ink, *fine) >= 0.5).astype(np.float64)
        spare = [whole - part for whole, part in zip(fine, bitmap.shape, strict=True)]
        placed = _place(bitmap, fine, (spare[0] / 2, spare[1] / 2))
        blocks: np.ndarray = placed.reshape(self.height, BLOCK, self.width, BLOCK).mean((1, 3))
        return blocks


def choose_frames(preprocess: Preprocess) -> tuple[GlyphFrame, ...]:
    """Return the frames that a classifier may have learnt with, the likeliest first.

    What its images were on the mean says whether their ink was bright. A network that began from
    others' weights has the mean of their images, which says nothing: both are left.

    Args:
        preprocess: of the classifier.

    >>> [frame.kind for frame in choose_frames(Preprocess(1, 28, 28, mean=(0.13,), std=(0.3,)))]
    ['centred', 'filling']
    """
    mean = sum(preprocess.mean) / len(preprocess.mean)
    known = mean != 0 and not 0.4 < mean < 0.6
    kinds: tuple[Kind, ...] = ("centred", "filling")
    if min(preprocess.height, preprocess.width) < 16:  # a box of 20 to 28 leaves too few pixels
        kinds = ("filling", "centred")
    return tuple(
        GlyphFrame(preprocess.channels, preprocess.height, preprocess.width, kind, bright)
        for bright in (True, False)
        if not known or bright == (mean < 0.5)
        for kind in kinds
    )


def _scale(ink: np.ndarray, height: float, width: float) -> np.ndarray:
    """Scale to a box, proportions kept, by areas where it becomes smaller."""
    by = min(height / ink.shape[0], width / ink.shape[1])
    size = (max(1, round(by * ink.shape[1])), max(1, round(by * ink.shape[0])))
    if size == (ink.shape[1], ink.shape[0]):
        return ink.astype(np.float64)
    how = Image.Resampling.BOX if by < 1 else Image.Resampling.BILINEAR
    if 0.5 < by < 1:
        how = Image.Resampling.HAMMING
    made = Image.fromarray(ink.astype(np.float32)).resize(size, how)
    return np.clip(np.asarray(made, np.float64), 0, 1)


def _place(part: np.ndarray, shape: tuple[int, int], corner: tuple[float, float]) -> np.ndarray:
    """Lay a part at the nearest whole pixel; what would stand out is moved in or cut."""
    placed = np.zeros(shape)
    slices = []
    cuts = []
    for size, whole, first in zip(part.shape, shape, corner, strict=True):
        start = min(max(0, round(first)), max(0, whole - size))
        slices.append(slice(start, start + min(size, whole)))
        cuts.append(slice(0, min(size, whole)))
    placed[tuple(slices)] = part[tuple(cuts)]
    return placed
