"""What a character of a line may be: the ink between any two of its cuts that lie side by side."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from striate.model.segmentation.components import Piece
from striate.model.segmentation.cutting import Cut, trim

WIDEST = 1.25  # of what may be one character, in heights of the line's characters
LEAST_INK = 0.04  # of it, in heights squared
ACROSS = 0.004  # ink on the wrong side of both cuts, in heights squared: what is less is left out


@dataclass(frozen=True, eq=False)
class Candidate:
    """Ink that may be one character.

    Attributes:
        start: index of the cut on its left.
        stop: index of the cut on its right.
        piece: the ink.
        gaps: of the pieces that it joins, the white between each and the next, in pixels.
        whole: whether it is a piece, uncut.
    """

    start: int
    stop: int
    piece: Piece
    gaps: tuple[int, ...]
    whole: bool


@dataclass(frozen=True, eq=False)
class Candidates:
    """All ink of a line that may be one character.

    Attributes:
        found: ordered by the cut they start at.
        cuts: of the line, from left to right.
        pieces: of the line, from left to right.
        values: float32 (rows, columns), the ink of the line.
        height: of its characters, in pixels.
        odds: float (candidates,), logarithm of the odds that it is one whole character.
    """

    found: Sequence[Candidate]
    cuts: Sequence[Cut]
    pieces: Sequence[Piece]
    values: np.ndarray
    height: float
    odds: np.ndarray


def list_candidates(cuts: Sequence[Cut], pieces: Sequence[Piece], height: float) -> list[Candidate]:
    """Return all ink that may be one character; whole pieces are always among it.

    Args:
        cuts: of the line, from left to right.
        pieces: of the line, from left to right.
        height: of the line's characters, in pixels.
    """
    found = []
    for start, first in enumerate(cuts[:-1]):
        for stop, parts in _end_after(start, cuts, pieces, height):
            last = cuts[stop]
            uncut = first.crossed is None and last.crossed is None
            whole = uncut and last.piece == first.piece + 1
            piece = unite(parts)
            much = np.count_nonzero(piece.ink) >= LEAST_INK * height**2
            if whole or (much and piece.width <= WIDEST * height):
                gaps = (
                    max(0, after.box[1] - before.box[3])
                    for before, after in itertools.pairwise(parts)
                )
                found.append(Candidate(start, stop, piece, tuple(gaps), whole))
    return found


def _end_after(
    start: int, cuts: Sequence[Cut], pieces: Sequence[Piece], height: float
) -> Iterator[tuple[int, list[Piece]]]:
    """Give each cut that may end what begins at one, and the parts of pieces between."""
    first = cuts[start]
    begun = pieces[first.piece]
    rest = trim(begun, begun.ink & ~first.left)
    if rest is None:
        return
    for stop in range(start + 1, len(cuts)):
        last = cuts[stop]
        if last.piece == first.piece:
            if np.count_nonzero(first.left & ~last.left) > ACROSS * height**2:
                continue
            part = trim(begun, last.left & ~first.left)
            parts = [] if part is None else [part]
        else:
            parts = [rest, *pieces[first.piece + 1 : last.piece]]
            if last.crossed is not None:
                ended = pieces[last.piece]
                part = trim(ended, last.left)
                parts += [] if part is None else [part]
            if last.piece > first.piece + 1 and _span(parts[:-1]) > WIDEST * height:
                return
        if parts:
            yield stop, parts


def _span(parts: Sequence[Piece]) -> int:
    return max(part.box[3] for part in parts) - min(part.box[1] for part in parts)


def unite(pieces: Sequence[Piece]) -> Piece:
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
