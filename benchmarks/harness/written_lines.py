"""Lines of digits drawn as a scan of an envelope shows them, from images of single digits.

Dark ink on paper; the digits of a line vary in size and height. They stand apart or touch, the line
is rotated and its digits lean, or the ground is that of a stamp: tinted, uneven, noisy and ruled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

MARGIN = 12  # pixels around the line
HEIGHT = (36, 60)  # pixels of a digit's longer side, drawn once a line
VARIED = 0.12  # of it, from one digit to the next
GAP = (2, 10)  # pixels between digits that stand apart
PRESSED = (0.0, 0.02)  # of the height: how far digits that touch are pressed into each other
INKED = 0.4  # from there on a pixel is a digit's
ROTATED, LEANING = 12.0, 0.35  # degrees; columns a row; at most, either way


@dataclass(frozen=True)
class Kind:
    """How a line is written, and on what.

    Attributes:
        name: in tables.
        touching: whether each digit touches the next; else they stand apart.
        slanted: whether the line is rotated and its digits lean.
        stamped: whether the ground is tinted, uneven, noisy and ruled.
    """

    name: str
    touching: bool = False
    slanted: bool = False
    stamped: bool = False


KINDS = (
    Kind("separate"),
    Kind("touching", touching=True),
    Kind("slanted", slanted=True),
    Kind("on stamped ground", stamped=True),
)


def draw_line(
    digits: Sequence[np.ndarray], kind: Kind, generator: np.random.Generator
) -> np.ndarray:
    """Draw a line of digits.

    Args:
        digits: each an image with bright ink on a dark ground, uint8 (rows, columns).
        kind: how they are written, and on what.
        generator: of all that is drawn by chance.

    Returns:
        uint8 (rows, columns).
    """
    return draw_line_of(digits, kind, generator)[0]


def draw_line_of(
    digits: Sequence[np.ndarray], kind: Kind, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a line of digits, and say which pixel is whose.

    Args:
        digits: each an image with bright ink on a dark ground, uint8 (rows, columns).
        kind: how they are written, and on what.
        generator: of all that is drawn by chance.

    Returns:
        uint8 (rows, columns), the scan; bool (digits, rows, columns), the ink of each, as it was
        before the line was slanted.
    """
    height = generator.uniform(*HEIGHT)
    inks = [_resize(each, height * generator.uniform(1 - VARIED, 1 + VARIED)) for each in digits]
    ink, own = _set_in_line(inks, kind, height, generator)
    if kind.slanted:
        ink = _slant(ink, generator)
    paper = generator.uniform(228, 252)
    ground = np.full(ink.shape, paper)
    noise = 2.0
    if kind.stamped:
        ground, noise = _stamp(ink.shape, generator), generator.uniform(4, 12)
    dark = generator.uniform(15, 70)
    page = ground * (1 - ink) + dark * ink + generator.normal(0, noise, ink.shape)
    scan: np.ndarray = np.clip(np.rint(page), 0, 255).astype(np.uint8)
    return scan, own


def _resize(digit: np.ndarray, side: float) -> np.ndarray:
    """Cut a digit at its ink and scale its longer side; values 0 to 1."""
    rows, columns = np.flatnonzero((digit > 50).any(1)), np.flatnonzero((digit > 50).any(0))
    cut = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    by = side / max(cut.shape)
    size = (max(2, round(by * cut.shape[1])), max(2, round(by * cut.shape[0])))
    made = Image.fromarray(cut).resize(size, Image.Resampling.BICUBIC)
    scaled: np.ndarray = np.asarray(made, np.float64) / 255
    return scaled


def _set_in_line(
    inks: Sequence[np.ndarray], kind: Kind, height: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Set digits side by side, their middles a little up or down; say which pixel is whose."""
    widest = sum(ink.shape[1] + GAP[1] for ink in inks) + 2 * MARGIN
    tallest = max(ink.shape[0] for ink in inks) + round(0.2 * height)
    line = np.zeros((tallest + 2 * MARGIN, widest))
    own = np.zeros((len(inks), *line.shape), bool)
    left, right = MARGIN, MARGIN
    for number, ink in enumerate(inks):
        rows, columns = ink.shape
        top = (len(line) - rows) // 2 + round(generator.uniform(-0.06, 0.06) * height)
        if number and kind.touching:
            left = _touching(line, ink, top, right) - round(generator.uniform(*PRESSED) * height)
        elif number:
            left = right + int(generator.integers(*GAP, endpoint=True))
        part = line[top : top + rows, left : left + columns]
        np.maximum(part, ink, out=part)
        own[number, top : top + rows, left : left + columns] = ink > INKED
        right = left + columns
    return line[:, : right + MARGIN], own[:, :, : right + MARGIN]


def _touching(line: np.ndarray, ink: np.ndarray, top: int, right: int) -> int:
    """Return the column at which a digit that comes from the right first touches the ink."""
    rows, columns = ink.shape
    for left in range(right, MARGIN, -1):
        there = line[top : top + rows, left - 1 : left - 1 + columns]
        if ((there > 0.5) & (ink > 0.5)).any():
            return left
    return right


def _slant(ink: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Let the digits lean, then rotate the line."""
    lean = generator.uniform(-LEANING, LEANING)
    room = int(abs(lean) * len(ink)) + 1
    wide = np.pad(ink, ((0, 0), (room, room)))
    offset = (0.0, lean * len(ink) / 2)
    leaning = ndimage.affine_transform(wide, [[1, 0], [-lean, 1]], offset=offset, order=1)
    turned = ndimage.rotate(leaning, generator.uniform(-ROTATED, ROTATED), order=1)
    inked = np.argwhere(turned > 0.3)
    (top, left), (bottom, right) = inked.min(0), inked.max(0) + 1
    return np.pad(turned[top:bottom, left:right], MARGIN)


def _stamp(shape: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    """Draw a tinted, uneven ground with ruled lines and the rings of a postmark."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    ground = np.full(shape, generator.uniform(150, 220))
    down, across = generator.uniform(-25, 25, 2)
    ground += down * (rows / shape[0] - 0.5) + across * (columns / shape[1] - 0.5)
    blotches = ndimage.gaussian_filter(generator.normal(0, 1, shape), 15)
    ground += 8 * blotches / blotches.std()
    for _ in range(int(generator.integers(1, 4))):
        place, thick = generator.uniform(0, shape[0]), generator.uniform(1, 2.5)
        on_line = np.abs(rows - place) < thick / 2
        ground[on_line] -= generator.uniform(40, 110)
    center = generator.uniform(0, shape[0]), generator.uniform(0, shape[1])
    distance = np.hypot(rows - center[0], columns - center[1])
    for radius in generator.uniform(20, 70, 2):
        ground[np.abs(distance - radius) < 1] -= generator.uniform(15, 35)
    return ground
