"""A close look at one image as it is in its file: few colours, lines of text, nothing at all.

It is given to few images, which a coarse look at all (`striate.doctor.image_signs`) has chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from striate.data.images import Preprocess, Source, hold_decoded

LONGEST = 800  # pixels a side that are looked at; of larger images every second, third, ...
SAMPLE = 400  # pixels a side on which colours are counted
EDGE = 8  # by how much a pixel may differ from its neighbours and lie in a flat part
SHADES = 10  # are few
COVERED, FLAT = 0.95, 0.5  # of the flat parts, by these; of the image, by flat parts
INK = 32  # by how much text differs from its ground
LINE_OF, TALLEST = 4, 0.3  # pixels a line of text is high at least; of the image, at most
STROKES = 10  # in a row of pixels through it
THICK = 0.7  # of a line's height, the longest strokes on the mean
PLAIN_ROWS = 0.4  # of all rows, where an image is nothing but text and icons
PLAIN_ROW, SAME = 0.7, 8  # of a row, that has one colour; within so much
CONSTANT = 0.999  # of an image that is blank, or grey
NOISE, TINT = 8, 10  # by how much its values may vary, or its channels differ


@dataclass(frozen=True)
class CloseLook:
    """What a close look at an image gives.

    Attributes:
        shades: colours that cover 95 % of its flat parts; 0 where they are many, or it has few
            flat parts.
        lines: what looks like lines of text in two colours.
        blank: whether all of it, but for noise, is of one colour.
        rows: of the file's image.
        columns: of the file's image.
        grey: whether it has no colours.
    """

    shades: int
    lines: int
    blank: bool
    rows: int
    columns: int
    grey: bool


def look_closely(source: Source, preprocess: Preprocess) -> CloseLook:
    """Look at an image as it is in its file; a large JPEG is decoded smaller.

    Raises:
        ImageError: it can no longer be read.

    >>> look_closely(np.zeros((60, 80), np.uint8), Preprocess())
    CloseLook(shades=1, lines=0, blank=True, rows=60, columns=80, grey=True)
    """

    def reduction(rows: int, columns: int) -> int:
        return next((by for by in (8, 4, 2) if max(rows, columns) >= LONGEST * by), 1)

    with hold_decoded(
        source,
        background=preprocess.background,
        reduction=reduction,
        ranges=preprocess.value_ranges,
    ) as decoded:
        step = -(-max(decoded.image.size) // LONGEST)
        pixels = np.atleast_3d(np.asarray(decoded.image))[::step, ::step]
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    return CloseLook(
        shades=count_shades(planes),
        lines=count_text_lines(planes),
        blank=is_blank(planes),
        rows=decoded.rows,
        columns=decoded.columns,
        grey=is_grey(planes),
    )


def count_shades(planes: np.ndarray) -> int:
    """Return how many of 4,096 colours, or of 32 greys, cover 95 % of the flat parts of an image.

    Flat are pixels that differ little from those above, below, left and right of them: text and
    icons blend into their ground where they meet it, in many colours of no interest.

    Args:
        planes: uint8 (1 or 3, rows, columns).

    Returns:
        At least 1; 0 where they are more than 10, or where half of the image is not flat.

    >>> halves = np.zeros((3, 40, 40), np.uint8)
    >>> halves[:, :, 20:] = 200
    >>> count_shades(halves)
    2
    """
    step = -(-max(planes.shape[1:]) // SAMPLE)
    planes = planes[:, ::step, ::step]
    flat = np.ones(planes.shape[1:], np.bool_)
    down = _differ(planes[:, 1:], planes[:, :-1]) <= EDGE
    across = _differ(planes[:, :, 1:], planes[:, :, :-1]) <= EDGE
    flat[1:] &= down
    flat[:-1] &= down
    flat[:, 1:] &= across
    flat[:, :-1] &= across
    if flat.mean() < FLAT:
        return 0
    code = np.zeros(int(flat.sum()), np.int32)
    bits = 5 if is_grey(planes) else 4
    for plane in planes[: 1 if bits == 5 else 3]:
        code = (code << bits) | (plane[flat] >> (8 - bits))
    counts = np.sort(np.bincount(code))[::-1]
    needed = int(np.searchsorted(counts.cumsum(), COVERED * counts.sum())) + 1
    return needed if needed <= SHADES else 0


def count_text_lines(planes: np.ndarray) -> int:
    """Return how many lines of an image look like text: many short strokes, nothing above or below.

    Each row of pixels is held against its own median, so that the ground may change from row to
    row. A line of text is a run of rows with many strokes between rows with at most two, those of a
    frame. Where less than two fifths of the rows are plain, it is no image of text alone.

    Args:
        planes: uint8 (1 or 3, rows, columns).

    >>> from PIL import Image, ImageDraw
    >>> image = Image.new("L", (200, 80), 255)
    >>> ImageDraw.Draw(image).text((20, 30), "no image available")
    >>> count_text_lines(np.asarray(image)[None])
    1
    """
    sample = planes[:, :, ::4]
    middle = sample.shape[2] // 2
    ground = np.partition(sample, middle, axis=2)[:, :, middle]
    apart = _differ(planes, ground[:, :, None])
    ink = apart > INK
    strokes = (ink[:, 1:] & ~ink[:, :-1]).sum(1) + ink[:, 0]  # that begin, in each row
    plain = (strokes <= 2) & ((apart <= SAME).mean(1) >= PLAIN_ROW)
    if plain.mean() < PLAIN_ROWS:
        return 0
    busy = np.diff(np.concatenate([[False], strokes > 2, [False]]).astype(np.int8))
    lines = 0
    for first, end in zip(np.flatnonzero(busy == 1), np.flatnonzero(busy == -1), strict=True):
        height = end - first
        if not LINE_OF <= height <= TALLEST * len(ink):
            continue
        thick = ink[first:end].sum() / strokes[first:end].sum()
        lines += bool(np.quantile(strokes[first:end], 0.6) >= STROKES and thick <= THICK * height)
    return lines


def is_grey(planes: np.ndarray) -> bool:
    """Return whether an image has no colours, but for what JPEG adds.

    Args:
        planes: uint8 (1 or 3, rows, columns).
    """
    return bool(np.quantile(planes.max(0) - planes.min(0), CONSTANT) <= TINT)


def is_blank(planes: np.ndarray) -> bool:
    """Return whether 99.9 % of an image is of one colour, within what noise and JPEG change.

    Args:
        planes: uint8 (1 or 3, rows, columns).
    """
    sample = np.sort(planes[:, ::8, ::8].reshape(len(planes), -1), axis=1)
    ground = sample[:, sample.shape[1] // 2]
    near = _differ(planes, ground[:, None, None]) <= NOISE
    return bool(near.mean() >= CONSTANT)


def _differ(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return by how much colours differ, in the channel where they do most: uint8 (rows, ...)."""
    return np.asarray((np.maximum(one, other) - np.minimum(one, other)).max(0))
