"""Which parts of a line make which character: the division that the classifier reads best.

Every run of neighbouring parts that a character could be made of is classified; of all divisions of
the line into such runs the likeliest is found by dynamic programming. A run's likelihood is a power
of the probability of its class, times what its width, the ink cut before it and the gaps within it
leave of that. What share the best division has of all of them, summed by the same recursion
(forward algorithm, https://doi.org/10.1109/5.18626), tells how sure the division is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from striate.errors import ImageError
from striate.model.segmentation.components import Piece
from striate.model.segmentation.cutting import Atom
from striate.model.segmentation.glyph_frame import GlyphFrame
from striate.model.segmentation.ink import SHARE

Classify = Callable[[np.ndarray], np.ndarray]
"""uint8 (n, channels, rows, columns) to the probability of each class, (n, classes)."""

LEANS = (0.25, -0.25)
"""Columns a row that characters are made to lean by; their probabilities are the mean over these
and as they are, since parts that are no character are read less alike."""
UNLIKELY = 0.3  # a probability below which a run is not looked at again

# in natural logarithms; widths, gaps and cuts are shares of the height of the line's characters
EVIDENCE = 4.5  # how much the logarithm of a run's probability counts
WIDEST = 1.4  # of a run of several parts
USUAL, WIDER = 0.62, 0.25  # width of a character; standard deviation of the logarithm above it
GAP, GAP_WIDTH = 0.9, 40.0  # what it costs to join two pieces, and each height of white between
CUT, CUT_INK = 0.22, 6.5  # what it costs to cut a piece, and each height of ink cut through
ALONE, CUT_ALONE = 1.3, 5.0  # a piece less wide is one character rather: what each height counts
SHARPNESS = 3.0  # of scores, in the share of a division: it then is as often right as it says


@dataclass(frozen=True, eq=False)
class Run:
    """Neighbouring parts of a line, read as one character.

    Attributes:
        start: index of the first part.
        stop: index behind the last.
        piece: their ink.
        probabilities: float64 (classes,).
        score: natural logarithm of how likely it is that these make one character.
        cut: whether it was cut from what it touches.
    """

    start: int
    stop: int
    piece: Piece
    probabilities: np.ndarray
    score: float
    cut: bool


@dataclass(frozen=True, eq=False)
class Division:
    """A line divided into characters.

    Attributes:
        runs: from left to right.
        score: natural logarithm of how likely it is.
        share: of the likelihood of all divisions, 0 to 1.
        frame: how its characters were laid.
    """

    runs: tuple[Run, ...]
    score: float
    share: float
    frame: GlyphFrame


def divide(
    atoms: Sequence[Atom],
    values: np.ndarray,
    *,
    height: float,
    frame: GlyphFrame,
    classify: Classify,
    length: int | None = None,
    leaning: bool = True,
) -> Division:
    """Return the best division of a line into characters.

    Args:
        atoms: the parts of the line, from left to right, at least one.
        values: float32 (rows, columns), the ink of the line.
        height: of its characters, in pixels.
        frame: how characters are laid into the network's input.
        classify: the network.
        length: how many characters there are, where that is known.
        leaning: whether characters are classified leaning as well.

    Raises:
        ImageError: it cannot be divided into so many.
    """
    spans = list_spans(atoms, height)
    pieces = [union([atom.piece for atom in atoms[start:stop]]) for start, stop in spans]
    crops = [crop(piece, values) for piece in pieces]
    probabilities = classify(np.stack([frame.lay(ink) for ink in crops]))
    likely = np.flatnonzero(probabilities.max(1) >= UNLIKELY)
    if leaning and len(likely):
        laid = [frame.lay(lean(crops[number], by)) for by in LEANS for number in likely]
        others = classify(np.stack(laid)).reshape(len(LEANS), len(likely), -1)
        probabilities[likely] = (probabilities[likely] + others.sum(0)) / (1 + len(LEANS))
    runs = []
    for (start, stop), piece, row in zip(spans, pieces, probabilities, strict=True):
        evidence = EVIDENCE * math.log(max(float(row.max()), 1e-9))
        score = evidence + prior(atoms, start, stop, piece, height)
        cut = any(atom.cut is not None for atom in (atoms[start], *atoms[stop : stop + 1]))
        runs.append(Run(start, stop, piece, row.astype(np.float64), score, cut))
    chosen, score, share = find_best(runs, len(atoms), length)
    if not chosen:
        raise ImageError(
            f"no way was found to cut the line into {length} characters; leave --length out, or "
            "cut the scan to one line"
        )
    return Division(chosen, score, share, frame)


def find_best(
    runs: Sequence[Run], parts: int, length: int | None
) -> tuple[tuple[Run, ...], float, float]:
    """Return the likeliest way to make a line of runs, its score, and its share of all ways.

    Args:
        runs: in the order of their ends.
        parts: how many the line has.
        length: how many runs are taken; None takes as many as is likeliest.

    Returns:
        No run at all where there is no way.
    """
    step = 0 if length is None else 1
    most = length or 0
    best = np.full((parts + 1, most + 1), -np.inf)  # of the first parts, with so many runs
    best[0, 0] = 0
    total = best.copy()
    came: dict[tuple[int, int], Run] = {}
    for run in sorted(runs, key=lambda one: one.stop):
        for count in range(most + 1 - step):
            score = best[run.start, count] + run.score
            at = run.stop, count + step
            if score > best[at]:
                best[at] = score
                came[at] = run
            total[at] = np.logaddexp(total[at], total[run.start, count] + SHARPNESS * run.score)
    if not np.isfinite(best[parts, most]):
        return (), -math.inf, 0.0
    chosen: list[Run] = []
    at = parts, most
    while at[0]:
        run = came[at]
        chosen.append(run)
        at = run.start, at[1] - step
    share = math.exp(SHARPNESS * best[parts, most] - total[parts, most])
    return tuple(reversed(chosen)), float(best[parts, most]), share


def lean(ink: np.ndarray, by: float) -> np.ndarray:
    """Return ink that leans by so many columns a row more to the right, cut at its rim.

    >>> lean(np.ones((8, 2), np.float32), 0.25).shape
    (8, 4)
    """
    room = int(abs(by) * len(ink)) + 1
    wide = np.pad(ink, ((0, 0), (room, room)))
    image = Image.fromarray(wide)
    across = (1, by, -by * len(ink) / 2, 0, 1, 0)  # columns, then rows, of where a pixel is taken
    how = Image.Resampling.BILINEAR
    made = np.asarray(image.transform(image.size, Image.Transform.AFFINE, across, how))
    inked = np.flatnonzero((made > SHARE).any(0))
    return made[:, inked[0] : inked[-1] + 1] if len(inked) else ink


def list_spans(atoms: Sequence[Atom], height: float) -> list[tuple[int, int]]:
    """Return every run of parts that may be one character: start and stop of each."""
    spans = []
    for start in range(len(atoms)):
        left, right = atoms[start].piece.box[1], 0
        for stop in range(start + 1, len(atoms) + 1):
            left = min(left, atoms[stop - 1].piece.box[1])
            right = max(right, atoms[stop - 1].piece.box[3])
            if stop > start + 1 and right - left > WIDEST * height:
                break
            spans.append((start, stop))
    return spans


def prior(atoms: Sequence[Atom], start: int, stop: int, piece: Piece, height: float) -> float:
    """Return the logarithm of how likely a run is one character, by its width, gaps and cuts."""
    above = max(0.0, math.log(piece.width / (USUAL * height)))
    score = -0.5 * (above / WIDER) ** 2
    for left, atom in zip(atoms[start : stop - 1], atoms[start + 1 : stop], strict=True):
        if atom.cut is None:  # a piece of its own is joined to the one before
            gap = max(0, atom.piece.box[1] - left.piece.box[3])
            score -= GAP + GAP_WIDTH * gap / height
    for atom in atoms[start : start + 1] if start else ():
        if atom.cut is not None:
            score -= CUT + CUT_INK * atom.cut / height
            score -= CUT_ALONE * max(0.0, ALONE - atom.whole / height)
    return score


def union(pieces: Sequence[Piece]) -> Piece:
    """Return the ink of several pieces as one."""
    if len(pieces) == 1:
        return pieces[0]
    top, left = (min(piece.box[i] for piece in pieces) for i in (0, 1))
    bottom, right = (max(piece.box[i] for piece in pieces) for i in (2, 3))
    ink = np.zeros((bottom - top, right - left), bool)
    for piece in pieces:
        rows = slice(piece.box[0] - top, piece.box[2] - top)
        columns = slice(piece.box[1] - left, piece.box[3] - left)
        ink[rows, columns] |= piece.ink
    return Piece((top, left, bottom, right), ink)


def crop(piece: Piece, values: np.ndarray) -> np.ndarray:
    """Return the ink of a piece with its soft rim, one pixel wide, and nothing of its neighbours.

    Args:
        piece: what is wanted.
        values: float32 (rows, columns), the ink of the line.
    """
    top, left, bottom, right = piece.box
    rows, columns = values.shape
    above, before = min(1, top), min(1, left)
    below, behind = min(1, rows - bottom), min(1, columns - right)
    ink = np.pad(piece.ink, ((above, below), (before, behind)))
    rim = ndimage.binary_dilation(ink, np.ones((3, 3), bool))
    around = values[top - above : bottom + below, left - before : right + behind]
    return np.where(rim, around, 0).astype(np.float32)
