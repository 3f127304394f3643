"""What was odd about images that are used: counted by kind, so that ten lines tell of thousands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from striate.data.collection import Skipped

MOST_KINDS, MOST_NAMES = 10, 3


@dataclass
class _Kind:
    remark: str
    count: int = 0
    same: bool = True  # of all, to the digit
    names: list[str] = field(default_factory=list)


class RemarkCount:
    """Counts remarks: of one kind where they differ in numbers, or in brackets at the end, alone.

    >>> counted = RemarkCount()
    >>> for name in ("a.tif", "b.tif"):
    ...     counted.add(name, "the first of its 5 pages is used")
    >>> counted.lines()
    ("2 images are odd but used: the first of its 5 pages is used ('a.tif', 'b.tif')",)
    >>> counted.add("c.tif", "the first of its 7 pages is used")
    >>> counted.lines()
    ("3 images are odd but used: the first of its 5 pages is used, or other numbers ('a.tif', ...",)
    """

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}

    def add(self, name: str, remark: str) -> None:
        """Count what there is to say of an image."""
        remark = re.sub(r" \(.*\)$", "", remark)
        kind = self._kinds.setdefault(re.sub(r"\d[\d.,]*", "#", remark), _Kind(remark))
        kind.count += 1
        kind.same &= remark == kind.remark
        if len(kind.names) < MOST_NAMES:
            kind.names.append(name)

    def lines(self) -> tuple[str, ...]:
        """Return a line a kind, the commonest first, of ten at most."""
        if not self._kinds:
            return ()
        from striate.data.collection import format_count, quote_few

        kinds = sorted(self._kinds.values(), key=lambda kind: -kind.count)
        told = []
        for kind in kinds[:MOST_KINDS]:
            more = kind.count - len(kind.names)
            names = quote_few(kind.names) + (f" and {more:,} more" if more else "")
            which = format_count(kind.count, "image is", "images are")
            numbers = "" if kind.same else ", or other numbers"
            told.append(f"{which} odd but used: {kind.remark}{numbers} ({names})")
        if len(kinds) > MOST_KINDS:
            told.append(f"and {format_count(len(kinds) - MOST_KINDS, 'other kind')} of remarks")
        return tuple(told)


def count_remarks(remarks: Iterable[Skipped]) -> tuple[str, ...]:
    """Return what there is to say of many images, in a few lines."""
    counted = RemarkCount()
    for each in remarks:
        counted.add(each.name, each.reason)
    return counted.lines()
