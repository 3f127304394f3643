"""Held-out images that are training images, compressed or resized once more.

Images whose pixels are the same never stand on two sides (`striate.data.split`); of a copy that was
saved again the pixels differ a little, and the network knows it by heart all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from striate.doctor.examination import Examination
from striate.doctor.image_finding import ImageFinding
from striate.doctor.image_signs import SMALLEST
from striate.evaluation.metrics import EvaluatedImage
from striate.terminal.units import format_percent

NEAR = 4  # bits of 64; no two of 396 different photographs were nearer than 12
ALIKE, GREY_ALIKE = 0.6, 0.9  # correlation of details, of images in colour and in grey
SIDE, GREY_SIDE = 48, 200  # pixels a side, at least, of a file: small digits all look alike
BLOCK = 2**17  # pairs that are compared at once: they stay in the processor's cache
CELLS, COARSE = 32, 8  # a side, of which details are the means; that are taken away


def find_copies(examination: Examination) -> Iterator[ImageFinding]:
    """Give each held-out image that shows what a training image shows, with that one."""
    split, hashes = examination.split, examination.measured["hash"]
    train, held_out = split.train, np.concatenate([split.test, split.val])
    if min(examination.preprocess.shape[1:]) < SMALLEST or not len(held_out):
        return
    rows = max(1, BLOCK // len(train))
    for start in range(0, len(held_out), rows):
        mine = held_out[start : start + rows]
        apart = np.bitwise_count(hashes[mine, None] ^ hashes[None, train])  # (mine, train)
        nearest = apart.argmin(1)
        for place in np.flatnonzero(apart.min(1) <= NEAR).tolist():
            twin, index = int(train[nearest[place]]), int(mine[place])
            alike = _compare(examination, index, twin)
            if alike:
                bits = int(apart[place, nearest[place]])
                reason = (
                    f"a training image saved again: perceptual hashes {bits} of 64 bits apart, "
                    f"details correlated by {alike:.2f}"
                )
                both = (examination.found(index), examination.found(twin))
                yield ImageFinding("copy", reason, both)


def describe_effect(
    copies: Sequence[ImageFinding], answers: Sequence[EvaluatedImage]
) -> tuple[str, ...]:
    """Return what accuracy is without copies; nothing where none was evaluated.

    >>> from striate.doctor.image_finding import FoundImage
    >>> images = [EvaluatedImage(name, "a", "a", 0.9, 0.9, 0) for name in ("1", "2", "3")]
    >>> copy = ImageFinding("copy", "9 saved again", (FoundImage("1", "a", "val"),))
    >>> describe_effect([copy], images)
    ('1 of the 3 images that accuracy is measured on is a training image, saved again; ...',)
    """
    named = {finding.images[0].name for finding in copies}
    rest = [one for one in answers if one.name not in named]
    out = len(answers) - len(rest)
    if not out:
        return ()
    said = f"{out:,} of the {len(answers):,} images that accuracy is measured on"
    said += " is a training image" if out == 1 else " are training images"
    if not rest:
        return (f"{said}, saved again: it says nothing of images that the network does not know",)
    correct = sum(one.answer == one.truth for one in rest)
    without = "it" if out == 1 else "them"
    share = format_percent(correct / len(rest))
    return (f"{said}, saved again; without {without} accuracy is {share} (n = {len(rest):,})",)


def _compare(examination: Examination, one: int, other: int) -> float:
    """Return how well the details of two images agree; 0.0 where that proves nothing."""
    looks = [examination.close(index) for index in (one, other)]
    if None in looks:
        return 0.0
    grey = any(look is not None and look.grey for look in looks)
    least = min(min(look.rows, look.columns) for look in looks if look is not None)
    if least < (GREY_SIDE if grey else SIDE):
        return 0.0
    first, second = _details(examination.images.take([one, other]))
    alike = float(first @ second)
    return alike if alike >= (GREY_ALIKE if grey else ALIKE) else 0.0


def _details(pixels: np.ndarray) -> np.ndarray:
    """Return what is left of images without their coarse light and dark: float (n, cells).

    Args:
        pixels: uint8 (n, channels, rows, columns).
    """
    grey = pixels.sum(1, dtype=np.int64).astype(np.float64)
    cells = np.stack([_shrink(one, CELLS) for one in grey])
    coarse = np.stack([_shrink(one, COARSE) for one in cells])
    each = CELLS // COARSE
    details = cells - coarse.repeat(each, axis=1).repeat(each, axis=2)
    flat = details.reshape(len(pixels), -1)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9))


def _shrink(plane: np.ndarray, side: int) -> np.ndarray:
    """Return the means of a plane over side x side cells of whole pixels."""
    for axis in (0, 1):
        ends = np.linspace(0, plane.shape[axis], side + 1).round().astype(int)
        sizes = np.diff(ends)
        sums = np.add.reduceat(plane, ends[:-1], axis=axis)
        plane = sums / (sizes[:, None] if axis == 0 else sizes)
    return plane
