"""Rows of values as aligned text: how every result shows itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

from striate.terminal.colors import Mark, paint
from striate.terminal.escape import escape_controls
from striate.terminal.wrapping import count_columns, find_table_width, pad, shorten, wrap

GAP = "  "
LONGEST_WORD = 24  # columns of a word, above which it may be cut to make a table fit
INDENT = "  "  # of what follows the first row of a cell


@dataclass(frozen=True)
class Table:
    """A header and rows of texts; columns whose name stands in ``right`` are right-aligned.

    Whatever a text holds, it stays in its row: line breaks and the like are shown, not obeyed.
    Where the terminal is too narrow, headings and texts are broken at words, as long as texts keep
    ``readable`` columns; then the columns named in ``spare`` are left out; then the rest stand
    below each other in blocks, of which each begins with the first column. Numbers are never
    broken.

    >>> print(Table(("layer", "parameters"), (("conv1", "896"), ("fc1", "5,130")), {"parameters"}))
    layer  parameters
    conv1         896
    fc1         5,130
    """

    header: tuple[str, ...]
    rows: tuple[Sequence[str], ...]
    right: frozenset[str] | set[str] = frozenset()
    caption: str = ""
    spare: tuple[str, ...] = ()
    readable: int = 20
    marks: tuple[Mark, ...] = ()

    def __str__(self) -> str:
        return self.as_text()

    def as_text(self, width: int | None = None, *, color: bool = False) -> str:
        """Return it as text that fits.

        Args:
            width: columns; None takes those of the terminal, or 100.
            color: whether rows that are marked right, wrong or unsure are coloured so.
        """
        width = width or find_table_width()
        lines = [wrap(escape_controls(self.caption), width)] if self.caption else []
        table, left_out = self._without_spare(width)
        blocks = table._blocks(width)
        for number, block in enumerate(blocks):
            lines += [""] * (number > 0) + table._block(block, width, color=color)
        if left_out:
            lines.append(wrap(f"left out, for want of columns: {', '.join(left_out)}", width))
        return "\n".join(lines)

    def _without_spare(self, width: int) -> tuple[Table, list[str]]:
        """Leave out columns that can be spared, one by one, until the rest fits."""
        table, left_out = self, list[str]()
        for name in self.spare:
            if table._needs() <= width:
                break
            place = table.header.index(name)
            left_out.append(name)
            table = Table(
                table.header[:place] + table.header[place + 1 :],
                tuple((*row[:place], *row[place + 1 :]) for row in table.rows),
                self.right,
                readable=self.readable,
                marks=self.marks,
            )
        return table, left_out

    @cached_property
    def _columns(self) -> list[list[str]]:
        texts = [list(map(escape_controls, row)) for row in (self.header, *self.rows)]
        return [list(column) for column in zip(*texts, strict=True)]

    @cached_property
    def _least(self) -> list[int]:
        """Return how narrow each column can be made without breaking a word or a number."""
        return [
            max(_longest_word(column[0]), *map(count_columns, column[1:]), 0)
            if name in self.right
            else self._least_of_words(set(column))
            for name, column in zip(self.header, self._columns, strict=True)
        ]

    def _least_of_words(self, cells: set[str]) -> int:
        most = max(map(count_columns, cells))
        if most <= self.readable:
            return most
        return min(most, max(self.readable, len(INDENT) + max(map(_longest_word, cells))))

    def _needs(self) -> int:
        return sum(self._least) + len(GAP) * (len(self.header) - 1)

    def _blocks(self, width: int) -> list[list[int]]:
        """Divide the columns into blocks that fit, the first column at the head of each."""
        least = self._least
        blocks, taken = [[0]], least[0]
        for place in range(1, len(least)):
            if taken + len(GAP) + least[place] > width and len(blocks[-1]) > 1:
                blocks.append([0])
                taken = least[0]
            blocks[-1].append(place)
            taken += len(GAP) + least[place]
        return blocks

    def _block(self, block: Sequence[int], width: int, *, color: bool) -> list[str]:
        """Write some of the columns as lines."""
        every, all_least = self._columns, self._least
        columns, least = [every[place] for place in block], [all_least[place] for place in block]
        rights = [self.header[place] in self.right for place in block]
        widths = _choose_widths(columns, least, rights, width - len(GAP) * (len(block) - 1))
        indents = ["" if right else INDENT for right in rights]
        broken = [
            [_break(cell, room, indent) for cell in column]
            for column, room, indent in zip(columns, widths, indents, strict=True)
        ]
        widths = [max(count_columns(row) for cell in cells for row in cell) for cells in broken]
        lines: list[str] = []
        for number, cells in enumerate(zip(*broken, strict=True)):
            mark: Mark = self.marks[number - 1] if 0 < number <= len(self.marks) else ""
            for pieces in zip_longest(*cells, fillvalue=""):
                line = GAP.join(map(_pad, pieces, widths, rights)).rstrip()
                lines.append(paint(line, mark) if color else line)
        return lines


def _pad(text: str, width: int, right: bool) -> str:
    return pad(text, width, right=right)


def _longest_word(text: str) -> int:
    """Return the columns of the longest piece that may not be broken, as far as it may count."""
    return min(LONGEST_WORD, max(map(count_columns, wrap(text, 1, indent="").split("\n"))))


def _choose_widths(
    columns: Sequence[Sequence[str]], least: Sequence[int], rights: Sequence[bool], room: int
) -> list[int]:
    """Return a width for each column: first headings over numbers give way, then texts."""
    widths = [max(map(count_columns, column)) for column in columns]
    for give_way in ([*rights], [not right for right in rights]):
        while sum(widths) > room:
            places = [at for at, may in enumerate(give_way) if may and widths[at] > least[at]]
            if not places:
                break
            widths[max(places, key=widths.__getitem__)] -= 1
    return widths


def _break(cell: str, width: int, indent: str) -> list[str]:
    """Break a cell at words; a word that is longer than the column is cut."""
    if count_columns(cell) <= width:
        return [cell]
    return [shorten(row, width) for row in wrap(cell, width, indent=indent).split("\n")]
