"""split.csv: which image of a run went where, and which belong together."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from striate.data.collection import Collection, write_rows
from striate.data.groups import Groups, group_by_names
from striate.data.split import Split

HEADER: Final = ("name", "class", "split")
GROUPING: Final = ("group", "grouped_by")  # beside it, since 1 December 2026
CONTENT: Final = "content_hash"  # and this, a little later


@dataclass(frozen=True)
class SplitRow:
    """One image that a run used.

    Attributes:
        name: as the data has it.
        label: its class.
        split: "train", "val" or "test".
        group: the name of the first image of its group; "" where it stands alone.
        why: what it has in common with its group.
        content_hash: of its pixels as the network sees them, 16 hexadecimal digits; "" where that
            was not written down.
    """

    name: str
    label: str
    split: str
    group: str = ""
    why: str = ""
    content_hash: str = ""


def write_split(
    path: Path, collection: Collection, split: Split, hashes: np.ndarray | None = None
) -> None:
    """Write split.csv: name, class, split, group and hash of every image that is used.

    What a list says besides follows, a column each.

    Args:
        path: the file.
        collection: the images.
        split: where each goes.
        hashes: uint64, of the pixels of all images; None leaves the column out.
    """
    kept, columns, groups = split.collection, collection.columns, split.groups
    called, names, classes = groups.called(collection), collection.names, kept.classes
    why = (one if group else "" for one, group in zip(groups.why, called, strict=True))
    each: list[Sequence[str]] = [called, tuple(why)]
    if hashes is not None:
        digits = hashes.astype(">u8").tobytes().hex()
        each.append([digits[first : first + 16] for first in range(0, len(digits), 16)])
    besides = list(zip(*each, *columns.values(), strict=True))
    labels = kept.labels.tolist()
    write_rows(
        path,
        (*HEADER, *GROUPING, *([] if hashes is None else [CONTENT]), *columns),
        (
            (names[index], classes[labels[index]], name, *besides[index])
            for name, indices in split.by_name().items()
            for index in indices.tolist()
        ),
    )


def read_split(path: Path) -> list[SplitRow]:
    """Read what `write_split` wrote, now or before images had groups.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such file.
    """
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        header, *rows = csv.reader(file)
    # the third was called "part" until 28 November 2026
    if tuple(header[:2]) != HEADER[:2] or any(len(row) != len(header) for row in rows):
        raise ValueError(f"its columns are {','.join(header)}, not {','.join(HEADER)}")
    width = 3
    if tuple(header[3:5]) == GROUPING:
        width = 6 if header[5:6] == [CONTENT] else 5
    return [SplitRow(*row[:width]) for row in rows]


def recall_groups(rows: Sequence[SplitRow], collection: Collection) -> Groups:
    """Return the groups of the images of a run, as its split.csv has them.

    Args:
        rows: from `read_split`.
        collection: the images, among them those of the run.
    """
    known = {row.name: row for row in rows}
    none = SplitRow("", "", "")
    mine = [known.get(name, none) for name in collection.names]
    return group_by_names([row.group for row in mine], [row.why for row in mine])
