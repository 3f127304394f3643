"""Which ink of a line makes which character: the division that is read best.

All ink between two cuts that may be one character is weighed by a small network that knows whole
characters from parts and from several (whole_character), and what passes is classified; of all
divisions of the line into such ink the likeliest is found by dynamic programming. A score is a
weighted sum of the logarithm of the class's probability, of the odds of being one character, and
of width, ink, height, cuts and gaps.

The weights were learnt together, so that of all readings of a line the true one is likeliest:
maximum likelihood of the whole line by the forward algorithm, as in graph transformer networks
(LeCun et al. 1998, https://doi.org/10.1109/5.726791, section VI), on lines of digits that were held
out of MNIST's training files. So the same sum over all readings gives the probability of the one
that is chosen.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from striate.errors import ImageError
from striate.model.segmentation.components import Piece
from striate.model.segmentation.glyph_frame import GlyphFrame
from striate.model.segmentation.ink import SHARE
from striate.model.segmentation.runs import Candidate, Candidates

Classify = Callable[[np.ndarray], np.ndarray]
"""uint8 (n, channels, rows, columns) to the probability of each class, (n, classes)."""

LEANS = (0.25, -0.25)
"""Columns a row that characters are made to lean by; their probabilities are the mean over these
and as they are, since parts that are no character are read less alike."""
LEAST_ODDS = -1.5  # logarithm: what is less likely one character is not classified
UNLIKELY = 0.3  # a probability below which a run is not looked at again
USUAL, INKED, LOW = 0.62, 0.22, 0.9  # width, height and ink of a character, in heights

# natural logarithms that are added to a candidate's score; lengths are in heights of the line's
# characters, ink in heights squared
EVIDENCE = 2.33  # times the logarithm of the probability of its class
WHOLE = 1.43  # times the logarithm of the odds that it is one character
CHARACTER = 3.08  # for each character
WIDER, FAR_WIDER = 0.83, 0.04  # times the logarithm of width above the usual; its square
NARROWER = -0.42  # times the logarithm of width below
MORE_INK, FAR_MORE_INK = 1.04, -1.67  # times the logarithm of ink; squared, above the usual
LOWER = -6.11  # times the height that is lacking
GAP, GAP_WIDTH = -4.89, -3.82  # for two pieces that are joined; times the white between
# at either end that is cut from what it touches
CUT, CUT_INK, CUT_ROOT = 0.75, 0.74, -1.56  # once; times the ink cut through; its root
ALONE, CUT_ALONE = 1.3, -7.04  # times what the piece is less wide: it is one character rather


@dataclass(frozen=True, eq=False)
class Run:
    """The ink between two cuts of a line, read as one character.

    Attributes:
        start: index of the cut on its left.
        stop: index of the cut on its right.
        piece: the ink.
        probabilities: float64 (classes,).
        scores: natural logarithm of how likely it is one character of each class, (classes,).
        cut: whether it was cut from what it touches.
    """

    start: int
    stop: int
    piece: Piece
    probabilities: np.ndarray
    scores: np.ndarray
    cut: bool

    @functools.cached_property
    def score(self) -> float:
        """As a character of its likeliest class."""
        return float(self.scores.max())

    @functools.cached_property
    def total(self) -> float:
        """As a character of any class."""
        return float(np.logaddexp.reduce(self.scores))


@dataclass(frozen=True, eq=False)
class Division:
    """A line divided into characters.

    Attributes:
        runs: from left to right.
        score: natural logarithm of how likely it is, with the classes of its runs.
        share: of divisions into so many characters, of the likelihood of all, 0 to 1.
        probability: share of what reads the same, wherever it is cut, of all readings.
        frame: how its characters were laid.
    """

    runs: tuple[Run, ...]
    score: float
    share: float
    probability: float
    frame: GlyphFrame


def divide(
    line: Candidates,
    *,
    frame: GlyphFrame,
    classify: Classify,
    length: int | None = None,
    rough: bool = False,
) -> Division:
    """Return the best division of a line into characters.

    Args:
        line: what may be one character.
        frame: how characters are laid into the network's input.
        classify: the network.
        length: how many characters there are, where that is known.
        rough: whether fewer candidates are classified, and not leaning as well.

    Raises:
        ImageError: it cannot be divided into so many.
    """
    whole = np.array([each.whole for each in line.found])
    likely = np.flatnonzero(whole | (line.odds >= (0 if rough else LEAST_ODDS)))
    parts = len(line.cuts) - 1
    runs = _read(line, likely, frame, classify, leaning=not rough)
    chosen = find_best(runs, parts, length)
    if not chosen and len(likely) < len(line.found):
        runs = _read(line, np.arange(len(line.found)), frame, classify, leaning=not rough)
        chosen = find_best(runs, parts, length)
    if not chosen:
        raise ImageError(
            f"no way was found to cut the line into {length} characters; leave --length out, or "
            "cut the scan to one line"
        )
    every, alike, same = sum_readings(runs, chosen)
    if length is not None:
        every = alike
    score = sum(run.score for run in chosen)
    return Division(chosen, score, math.exp(alike - every), math.exp(same - every), frame)


def _read(
    line: Candidates,
    numbers: np.ndarray,
    frame: GlyphFrame,
    classify: Classify,
    *,
    leaning: bool,
) -> list[Run]:
    """Classify some of the candidates, and score them."""
    found = [line.found[number] for number in numbers]
    crops = [crop(each.piece, line.values) for each in found]
    probabilities = classify(np.stack([frame.lay(ink) for ink in crops]))
    likely = np.flatnonzero(probabilities.max(1) >= UNLIKELY)
    if leaning and len(likely):
        laid = [frame.lay(lean(crops[number], by)) for by in LEANS for number in likely]
        others = classify(np.stack(laid)).reshape(len(LEANS), len(likely), -1)
        probabilities[likely] = (probabilities[likely] + others.sum(0)) / (1 + len(LEANS))
    runs = []
    for each, row, odds in zip(found, probabilities, line.odds[numbers], strict=True):
        row = row.astype(np.float64)
        scores = EVIDENCE * np.log(row.clip(1e-9)) + WHOLE * odds + prior(each, line)
        cut = any(line.cuts[end].crossed is not None for end in (each.start, each.stop))
        runs.append(Run(each.start, each.stop, each.piece, row, scores, cut))
    return runs


def sum_readings(runs: Sequence[Run], chosen: Sequence[Run]) -> tuple[float, float, float]:
    """Return how likely all readings of a line are together, by the forward algorithm.

    Args:
        runs: of which a line can be made.
        chosen: those that it is made of.

    Returns:
        Natural logarithms: of all, of those with as many characters, and of those among them that
        read the same.
    """
    labels = [int(run.scores.argmax()) for run in chosen]
    parts = chosen[-1].stop
    every = np.full(parts + 1, -np.inf)  # of the first parts
    alike = np.full((parts + 1, len(labels) + 1), -np.inf)  # with so many characters
    every[0] = alike[0, 0] = 0
    same = alike.copy()
    for run in sorted(runs, key=lambda one: one.stop):
        start, stop = run.start, run.stop
        every[stop] = np.logaddexp(every[stop], every[start] + run.total)
        alike[stop, 1:] = np.logaddexp(alike[stop, 1:], alike[start, :-1] + run.total)
        same[stop, 1:] = np.logaddexp(same[stop, 1:], same[start, :-1] + run.scores[labels])
    return float(every[parts]), float(alike[parts, -1]), float(same[parts, -1])


def find_best(runs: Sequence[Run], parts: int, length: int | None) -> tuple[Run, ...]:
    """Return the likeliest way to make a line of runs; none at all where there is no way.

    Args:
        runs: of which it can be made.
        parts: how many the line has.
        length: how many runs are taken; None takes as many as is likeliest.
    """
    step = 0 if length is None else 1
    most = length or 0
    best = np.full((parts + 1, most + 1), -np.inf)  # of the first parts, with so many runs
    best[0, 0] = 0
    came: dict[tuple[int, int], Run] = {}
    for run in sorted(runs, key=lambda one: one.stop):
        for count in range(most + 1 - step):
            score = best[run.start, count] + run.score
            at = run.stop, count + step
            if score > best[at]:
                best[at] = score
                came[at] = run
    if not np.isfinite(best[parts, most]):
        return ()
    chosen: list[Run] = []
    at = parts, most
    while at[0]:
        run = came[at]
        chosen.append(run)
        at = run.start, at[1] - step
    return tuple(reversed(chosen))


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


def prior(candidate: Candidate, line: Candidates) -> float:
    """Return the logarithm of how likely a candidate is one character, by its measures."""
    piece, height = candidate.piece, line.height
    width = math.log(piece.width / (USUAL * height))
    ink = math.log(max(1, int(piece.ink.sum())) / (INKED * height**2))
    wider, more = max(0.0, width), max(0.0, ink)
    score = CHARACTER + WIDER * wider + FAR_WIDER * wider**2 + NARROWER * max(0.0, -width)
    score += MORE_INK * ink + FAR_MORE_INK * more**2
    score += LOWER * max(0.0, LOW - piece.height / height)
    score += GAP * len(candidate.gaps) + GAP_WIDTH * sum(candidate.gaps) / height
    for end in (candidate.start, candidate.stop):
        cut = line.cuts[end]
        if cut.crossed is not None:
            crossed = cut.crossed / height
            score += CUT + CUT_INK * crossed + CUT_ROOT * math.sqrt(crossed)
            score += CUT_ALONE * max(0.0, ALONE - line.pieces[cut.piece].width / height)
    return score


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
