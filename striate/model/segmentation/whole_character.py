"""How likely ink is one whole character, by how it lies among its neighbours, whatever it reads.

A classifier knows nothing but its classes: two digits that touch, or half of one, look like one of
them. So a small network of its own looks at each candidate: at its ink, at the ink to its left and
at that to its right, in a window that is as large against the line whatever the candidate's size.
`python -m benchmarks.whole_characters` learns it anew.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from striate.model.segmentation.components import Piece
from striate.model.segmentation.cutting import Cut, list_cuts
from striate.model.segmentation.runs import Candidate, Candidates, list_candidates

if TYPE_CHECKING:
    from striate.model.classifier import Classifier

FILE = Path(__file__).with_name("whole_character.safetensors")
SIDE = 32  # pixels of a window, each way
TALL = 22  # of them, a character of the line's height has
BATCH = 512


def weigh_candidates(pieces: Sequence[Piece], values: np.ndarray, height: float) -> Candidates:
    """Return all ink of a line that may be one character, and how likely it is.

    Args:
        pieces: of the line, from left to right.
        values: float32 (rows, columns), the ink of the line.
        height: of its characters, in pixels.
    """
    cuts = list_cuts(pieces, values, height)
    found = list_candidates(cuts, pieces, height)
    shape = int(values.shape[0]), int(values.shape[1])
    windows = draw_windows(found, cuts, pieces, shape, height)
    network = load_network()
    answers = np.concatenate(
        [
            network.probabilities(windows[start : start + BATCH])
            for start in range(0, len(windows), BATCH)
        ]
    )
    no, yes = np.log(answers.astype(np.float64).clip(1e-9)).T
    return Candidates(found, cuts, pieces, values, height, yes - no)


@functools.cache
def load_network() -> Classifier:
    """Return the network that tells one whole character from anything else."""
    from striate.model.loading import load

    return load(FILE)


def draw_windows(
    candidates: Sequence[Candidate],
    cuts: Sequence[Cut],
    pieces: Sequence[Piece],
    shape: tuple[int, int],
    height: float,
) -> np.ndarray:
    """Return each candidate among its neighbours: its ink, that to its left, that to its right.

    Args:
        candidates: ordered by the cut they start at.
        cuts: of the line, from left to right.
        pieces: of the line, from left to right.
        shape: rows and columns of the line.
        height: of the line's characters, in pixels.

    Returns:
        uint8 (candidates, 3, SIDE, SIDE), 255 where a pixel is all ink.
    """
    size = max(1, round(SIDE * height / TALL))  # of a window in the line
    owner = np.full((shape[0] + 2 * size, shape[1] + 2 * size), len(pieces), np.int32)
    for number, piece in enumerate(pieces):
        top, left, bottom, right = piece.box
        owner[size + top : size + bottom, size + left : size + right][piece.ink] = number
    drawn = np.empty((len(candidates), SIDE, SIDE, 3), np.uint8)
    start = -1
    for number, candidate in enumerate(candidates):
        if candidate.start != start:
            start = candidate.start
            before = owner < cuts[start].piece
            begun = pieces[cuts[start].piece].box
            before[size + begun[0] : size + begun[2], size + begun[1] : size + begun[3]] |= cuts[
                start
            ].left
        top, left, bottom, right = candidate.piece.box
        first, second = round((top + bottom + size) / 2), round((left + right + size) / 2)
        window = np.zeros((size, size, 3), bool)
        place = slice(first, first + size), slice(second, second + size)
        window[:, :, 1] = before[place]
        window[:, :, 2] = (owner[place] < len(pieces)) & ~before[place]
        _lay(window[:, :, 0], candidate.piece, size + top - first, size + left - second)
        window[:, :, 2] &= ~window[:, :, 0]
        made = Image.fromarray(window.astype(np.uint8) * np.uint8(255))
        drawn[number] = np.asarray(made.resize((SIDE, SIDE), Image.Resampling.BOX))
    return np.ascontiguousarray(drawn.transpose(0, 3, 1, 2))


def _lay(window: np.ndarray, piece: Piece, top: int, left: int) -> None:
    """Lay ink into a window at a place that may stand out of it."""
    rows = slice(max(0, top), min(len(window), top + piece.height))
    columns = slice(max(0, left), min(len(window), left + piece.width))
    window[rows, columns] = piece.ink[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]
