"""Ruled lines across what is written, found and taken away; strokes that cross them stay."""

from __future__ import annotations

import numpy as np

SLOPES = np.linspace(-0.25, 0.25, 101)  # rows a column
SHAPE = 1.6  # times as wide as high: below that, a bar is rather a character's
LONGEST = 0.4  # of the width: the least unbroken length of a ruled line
CLOSED = 0.01  # of the width: gaps that break no line
THICKEST = 0.1  # of the height


def remove_ruled_lines(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Return which inked pixels belong to no ruled line, and how many lines there were.

    Lines are looked for level and up to 14 degrees off, all at one slope. Of a line those pixels
    are taken whose column holds no more ink there than the line is thick.

    Args:
        mask: bool (rows, columns), the inked pixels.

    >>> page = np.zeros((40, 120), bool)
    >>> page[20:22] = page[5:35, 50:54] = True
    >>> left, lines = remove_ruled_lines(page)
    >>> lines, int(left.sum()) == 30 * 4
    (1, True)
    """
    rows, columns = mask.shape
    kept = mask.copy()
    if columns < SHAPE * rows or not mask.any():
        return kept, 0
    inked = np.argwhere(mask)
    across = np.arange(columns)
    slope = max(SLOPES, key=lambda one: (_highest(inked, one), -abs(one)))
    shift = np.rint(slope * across).astype(np.int64)  # rows that a line has sunk by
    levelled = inked[:, 0] - shift[inked[:, 1]]
    lowest = int(levelled.min())
    full = np.zeros((int(levelled.max()) - lowest + 1, columns), bool)
    full[levelled - lowest, inked[:, 1]] = True
    lengths = np.array([_longest_run(row, max(3, round(CLOSED * columns))) for row in full])
    ruled = np.flatnonzero(lengths >= LONGEST * columns)
    lines = 0
    for group in np.split(ruled, np.flatnonzero(np.diff(ruled) > 1) + 1):
        if not 0 < len(group) <= max(2, THICKEST * rows):
            continue
        lines += 1
        _erase(kept, full, group, shift + lowest)
    return kept, lines


def _highest(inked: np.ndarray, slope: float) -> int:
    levelled = inked[:, 0] - np.rint(slope * inked[:, 1]).astype(np.int64)
    return int(np.bincount(levelled - levelled.min()).max())


def _longest_run(row: np.ndarray, gap: int) -> int:
    """Return the length of the longest run of ink in a row, gaps up to a width counted in.

    >>> _longest_run(np.array([1, 1, 0, 1, 0, 0, 0, 1], bool), 1)
    4
    """
    places = np.flatnonzero(row)
    if not len(places):
        return 0
    breaks = np.flatnonzero(np.diff(places) > gap + 1)
    starts = places[np.concatenate([[0], breaks + 1])]
    ends = places[np.concatenate([breaks, [len(places) - 1]])]
    return int((ends - starts).max()) + 1


def _erase(kept: np.ndarray, full: np.ndarray, group: np.ndarray, shift: np.ndarray) -> None:
    """Take a line out of a mask, where no stroke crosses it.

    Args:
        kept: bool (rows, columns), the mask; it is changed.
        full: bool (levelled rows, columns), the same ink with lines level.
        group: the line's rows in ``full``.
        shift: for each column, what is added to a row of ``full`` to find it in ``kept``.
    """
    first, last = int(group[0]), int(group[-1])
    above, below = max(0, first - 1), min(len(full) - 1, last + 1)
    # a ragged rim is the line's; a stroke goes on beyond it
    crossed = np.zeros(full.shape[1], bool)
    if above > 0:
        crossed |= full[above - 1] & full[above]
    if below < len(full) - 1:
        crossed |= full[below + 1] & full[below]
    columns = np.flatnonzero(~crossed)
    for row in range(above, below + 1):
        places = row + shift[columns]
        inside = (places >= 0) & (places < len(kept))
        kept[places[inside], columns[inside]] = False
