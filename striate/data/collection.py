"""What is there: images with their classes and splits, none of them decoded yet."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import numpy as np

from striate.data.images import Source

Kind = Literal[
    "folder", "idx", "npz", "csv", "parquet", "digits", "arrays", "data frame", "dataset"
]

SPLITS = ("train", "val", "test")
_ROWS = 1000  # of a file that are looked through at once


@dataclass(frozen=True)
class Skipped:
    """One file or image that is not used, and why, in one line."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class FetchedImages:
    """Images that someone else holds and gives one at a time.

    Attributes:
        fetch: gives the image of an index; may be called by several threads.
        indices: int64, which of them belong here, in order.
    """

    fetch: Callable[[int], Source]
    indices: np.ndarray


@dataclass(frozen=True, eq=False)
class Collection:
    """The images of a folder or file: names, classes and splits.

    Attributes:
        source: what the user pointed at.
        kind: how it is laid out: "folder", "idx", "npz", "csv", "parquet", "digits"; or what it
            was given as: "arrays", "data frame", "dataset".
        classes: the names of the classes, in the order of their code points ("10" before "2"), or
            as the data itself numbers them.
        names: of each image, unique; for files the path below the root.
        labels: int64 (n,), indices into ``classes``.
        splits: of each image "train", "val", "test", or "" where the data does not say.
        skipped: what was left out, and why.
        notes: decisions that were taken, one line each, to be shown and recorded.
        remarks: what was odd about images or folders that are used all the same.
        columns: what a list says besides, by the name of its column: a value for each image.
        content: the folder that the names are relative to; all images as uint8, or uint16 whose
            range the preprocessing decides, of shape (n, rows, columns) or (n, rows, columns,
            channels); or what fetches each.
    """

    source: str
    kind: Kind
    classes: tuple[str, ...]
    names: tuple[str, ...]
    labels: np.ndarray
    splits: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    remarks: tuple[Skipped, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    content: Path | np.ndarray | FetchedImages = field(default_factory=Path, repr=False)

    def __len__(self) -> int:
        return len(self.names)

    def open(self, index: int) -> Source:
        """Return what `striate.data.images.read` takes for one image."""
        match self.content:
            case np.ndarray():
                return np.asarray(self.content[index])
            case FetchedImages():
                return self.content.fetch(int(self.content.indices[index]))
        return self.content / self.names[index]

    def only(self, indices: np.ndarray) -> Collection:
        """Return the same collection with some of its images, in the order of the indices."""
        content = self.content
        if isinstance(content, np.ndarray):
            content = content[indices]
        elif isinstance(content, FetchedImages):
            content = replace(content, indices=content.indices[indices])
        return replace(
            self,
            names=tuple(self.names[index] for index in indices),
            labels=self.labels[indices],
            splits=tuple(self.splits[index] for index in indices),
            columns={
                name: tuple(cells[index] for index in indices)
                for name, cells in self.columns.items()
            },
            content=content,
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """Count the images of each split and class; splits without images are left out."""
        found = Counter(zip(self.splits, self.labels.tolist(), strict=True))
        return {
            split: {name: found[split, label] for label, name in enumerate(self.classes)}
            for split in (*SPLITS, "")
            if split in set(self.splits)
        }


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return the key that sorts names as people do.

    >>> sorted(["10", "2", "b", "A", "a1", "a10", "a9"], key=natural_key)
    ['2', '10', 'A', 'a1', 'a9', 'a10', 'b']
    """
    folded = []
    for piece in re.findall(r"[0-9]+|[^0-9]+", name):
        if piece[0] in "0123456789":
            digits = piece.lstrip("0")
            folded.append((0, len(digits), digits))
        else:
            folded.append((1, 0, piece.casefold()))
    return [*folded, (-1, 0, name)]  # the end, before any further piece


def encode_labels(
    names: Sequence[str], *, order: Sequence[str] = ()
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the classes and each image's index into them, in the order that others give them.

    Texts are sorted by their code points, as torchvision, Keras, scikit-learn and Hugging Face sort
    folders, so that an index means the same class everywhere. Names that differ in their Unicode
    form alone, as those of macOS do, are one class.

    Args:
        names: of each image's class.
        order: classes that come first, in this order: those that the data itself numbers.

    >>> encode_labels(["b", "a", "b"])
    (('a', 'b'), array([1, 0, 1]))
    >>> encode_labels(["10", "2", "1"])[0], encode_labels(["b", "a"], order=["b", "c", "a"])[0]
    (('1', '10', '2'), ('b', 'a'))
    """
    plain = {name: normalize("NFC", name) for name in set(names)}
    there = set(plain.values())
    given = dict.fromkeys(normalize("NFC", name) for name in order)
    first = [name for name in given if name in there]
    classes = (*first, *sorted(there - set(first)))
    places = {name: place for place, name in enumerate(classes)}
    index = {name: places[form] for name, form in plain.items()}
    return classes, np.array([index[name] for name in names], dtype=np.int64)


def sort_numbers(names: Iterable[str]) -> tuple[str, ...]:
    """Return whole numbers in their order, each once; () where not all names are whole numbers.

    Labels that are numbers, in arrays and lists, are indices elsewhere: 2 comes before 10.

    >>> sort_numbers(["10", "2", "2"]), sort_numbers(["10", "b"])
    (('2', '10'), ())
    """
    once = set(names)
    if not all(re.fullmatch("-?[0-9]{1,18}", name) for name in once):
        return ()
    return tuple(sorted(once, key=lambda name: (int(name), name)))


def order_as_before(collection: Collection, classes: Sequence[str]) -> Collection:
    """Return a collection whose classes have the order that an earlier run gave them.

    Until 29 November 2026 classes were in natural order, 2 before 10; a run that began so goes on
    so. Where its order is neither that nor the present one nor of these classes, nothing changes.

    Args:
        collection: as it is found now.
        classes: of the run, perhaps without some that have no image to learn from.
    """
    natural = tuple(sorted(collection.classes, key=natural_key))
    used = set(classes)
    for order in (collection.classes, natural, tuple(classes)):
        same = set(order) == set(collection.classes)
        if same and [name for name in order if name in used] == list(classes):
            places = {name: place for place, name in enumerate(order)}
            table = np.array([places[name] for name in collection.classes], np.int64)
            return replace(collection, classes=order, labels=table[collection.labels])
    return collection


def quote_few(names: Iterable[str], most: int = 3) -> str:
    """Name a few of many, each quoted so that no odd name can break the line.

    >>> quote_few(["a", "b", "c", "d", "e"])
    "'a', 'b', 'c' and 2 more"
    """
    named = [repr(name) for name in names]
    rest = len(named) - most
    return ", ".join(named[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def format_count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    >>> format_count(1, "image"), format_count(2000, "image"), format_count(2, "class", "classes")
    ('1 image', '2,000 images', '2 classes')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def note_lost_classes(lost: Mapping[str, Sequence[Skipped]]) -> tuple[str, ...]:
    """Return a note that names the classes none of whose files can be used; none for none.

    >>> note_lost_classes({"wasp": [Skipped("w.png", "there is no such file")]})
    ("1 class is left out, as none of its files can be used: 'wasp' (1 file, 'w.png': there ...",)
    """
    if not lost:
        return ()
    told = [
        f"{name!r} ({format_count(len(files), 'file')}, {files[0].name!r}: {files[0].reason})"
        for name, files in list(lost.items())[:10]
    ]
    which = format_count(len(lost), "class is", "classes are")
    whose = "its" if len(lost) == 1 else "their"
    more = f" and {len(lost) - 10:,} more" if len(lost) > 10 else ""
    return (f"{which} left out, as none of {whose} files can be used: {', '.join(told)}{more}",)


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file that keeps any file name: newlines, commas and odd bytes included."""
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        plain = csv.writer(file, lineterminator="\n")
        quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        plain.writerow(header)
        coming = iter(rows)
        while some := list(islice(coming, _ROWS)):
            if "\r" not in "".join(chain.from_iterable(some)):
                plain.writerows(some)
                continue
            for row in some:  # a carriage return alone would not be quoted, and end the row
                (quoted if any("\r" in cell for cell in row) else plain).writerow(row)


def read_skipped(path: Path) -> list[Skipped]:
    """Read what `write_skipped` wrote."""
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return [Skipped(name, reason) for name, reason in list(csv.reader(file))[1:]]


def write_skipped(path: Path, skipped: Iterable[Skipped]) -> None:
    """Write skipped.csv: name and reason of everything that was not used."""
    write_rows(path, ("name", "reason"), ((each.name, each.reason) for each in skipped))
