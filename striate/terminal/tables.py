"""Rows of values as aligned text: how every result shows itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from striate.terminal.escape import escape_controls


@dataclass(frozen=True)
class Table:
    """A header and rows of texts; columns whose name stands in ``right`` are right-aligned.

    Whatever a text holds, it stays in its row: line breaks and the like are shown, not obeyed.

    >>> print(Table(("layer", "parameters"), (("conv1", "896"), ("fc1", "5,130")), {"parameters"}))
    layer  parameters
    conv1         896
    fc1         5,130
    """

    header: tuple[str, ...]
    rows: tuple[Sequence[str], ...]
    right: frozenset[str] | set[str] = frozenset()
    caption: str = ""

    def __str__(self) -> str:
        texts = [tuple(map(escape_controls, row)) for row in (self.header, *self.rows)]
        columns = list(zip(*texts, strict=True))
        widths = [max(len(cell) for cell in column) for column in columns]
        lines = [
            "  ".join(
                cell.rjust(width) if name in self.right else cell.ljust(width)
                for name, cell, width in zip(self.header, row, widths, strict=True)
            ).rstrip()
            for row in texts
        ]
        return "\n".join([escape_controls(self.caption), *lines] if self.caption else lines)
