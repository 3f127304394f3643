"""Layers that stand in a table once for all their repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from striate.architecture.layer_table.row import Row

LONGEST = 64  # layers of what is repeated
FEWEST = 3  # rows that a fold must save to be worth its own


@dataclass(frozen=True)
class Repeat:
    """Layers that are the same as those before them, but for what they see.

    Attributes:
        rows: all that are left out.
        period: how many layers are repeated.
    """

    rows: tuple[Row, ...]
    period: int

    @property
    def count(self) -> int:
        """How often they are repeated."""
        return len(self.rows) // self.period

    @property
    def name(self) -> str:
        """The first and the last block that is left out, or layer where there are no blocks."""
        first, last = (_block(row.name) or row.name for row in (self.rows[0], self.rows[-1]))
        return first if first == last else f"{first}-{last}"

    @property
    def text(self) -> str:
        """What they are, in words."""
        layers = "the layer before" if self.period == 1 else f"the {self.period} layers before"
        return f"{layers}, again" if self.count == 1 else f"{layers}, {self.count} times more"


def fold_repeats(rows: Sequence[Row]) -> list[Row | Repeat]:
    """Return the rows, the repeats of a sequence of layers in one entry behind it.

    Within blocks, only whole blocks are repeats.
    """
    folded: list[Row | Repeat] = []
    at = 0
    while at < len(rows):
        period, count = _find_repeat(rows, at)
        folded += rows[at : at + period]
        if count:
            left_out = rows[at + period : at + period * (1 + count)]
            folded.append(Repeat(tuple(left_out), period))
        at += period * (1 + count)
    return folded


def _find_repeat(rows: Sequence[Row], at: int) -> tuple[int, int]:
    """Return the period and count of the repeats that save most rows; (1, 0) where none do."""
    best, saved = (1, 0), FEWEST - 1
    if not _begins(rows, at):
        return best
    for period in range(1, min(LONGEST, (len(rows) - at) // 2) + 1):
        count, end = 0, at + period
        while _begins(rows, end) and _alike(rows, at, end, period):
            count, end = count + 1, end + period
        while count and not _begins(rows, end):
            count, end = count - 1, end - period
        if count * period > saved:
            best, saved = (period, count), count * period
    return best


def _alike(rows: Sequence[Row], first: int, second: int, period: int) -> bool:
    if second + period > len(rows):
        return False
    return all(
        _signature(rows[first + place]) == _signature(rows[second + place])
        for place in range(period)
    )


def _signature(row: Row) -> tuple[object, ...]:
    return row.text, row.output, row.parameters, row.macs, row.activation_memory, row.stride


def _begins(rows: Sequence[Row], at: int) -> bool:
    """Return whether a row is the first of its block, or in none; the end counts as one."""
    if at >= len(rows):
        return True
    block = _block(rows[at].name)
    return not block or at == 0 or block != _block(rows[at - 1].name)


def _block(name: str) -> str:
    return name.rpartition(".")[0]
