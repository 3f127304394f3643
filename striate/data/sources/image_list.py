"""Images listed with their classes: each found in its folder, none twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from striate.data.collection import (
    Collection,
    Kind,
    Skipped,
    encode_labels,
    format_count,
    note_lost_classes,
    quote_few,
    sort_numbers,
)
from striate.data.sources.image_files import ImageFiles
from striate.data.sources.list_columns import Listed, refuse_labels
from striate.data.split_names import name_split
from striate.errors import DataError, join_words


@dataclass(frozen=True, eq=False)
class ImageList:
    """A list, and where its images are looked for.

    Attributes:
        name: what it is called in messages.
        listed: its rows.
        files: where they are looked for.
        split: of the rows that say none.
    """

    name: str
    listed: Listed
    files: ImageFiles
    split: str = ""


def collect_lists(lists: Sequence[ImageList], root: Path, *, source: str, kind: Kind) -> Collection:
    """Return the images of one or several lists as a collection.

    Args:
        lists: with their rows.
        root: what the names of the images are relative to.
        source: what the user pointed at.
        kind: of the collection.

    Raises:
        DataError: a row has no path or an unknown split, one image has two classes, or none is
            there.
    """
    found = _Found()
    for one in lists:
        found.take(one)
    if not found.places:
        first = found.skipped[:1]
        told = f" (the first: {first[0].name!r}, {first[0].reason})" if first else ""
        names = join_words(each.name for each in lists)
        verb = "lists" if len(lists) == 1 else "list"
        raise DataError(f"none of the images that {names} {verb} can be found{told}")
    classes, numbers = encode_labels(found.labels, order=sort_numbers(found.labels))
    lost = {name: files for name, files in found.without.items() if name not in found.labels}
    notes = [note for each in lists for note in each.listed.notes]
    elsewhere = [name for each in lists for name in each.files.elsewhere]
    if elsewhere:
        which = format_count(len(elsewhere), "image was", "images were")
        notes.append(f"{which} found by name, not where listed: {quote_few(elsewhere, 10)}")
    return Collection(
        source=source,
        kind=kind,
        classes=classes,
        names=tuple(found.places),
        labels=numbers,
        splits=tuple(found.splits),
        skipped=tuple(found.skipped),
        notes=(*notes, *note_lost_classes(lost)),
        remarks=tuple(Skipped(name, "found by name, not where listed") for name in elsewhere),
        columns={
            column: tuple(row.get(column, "") for row in found.others)
            for column in dict.fromkeys(name for each in lists for name in each.listed.others)
        },
        content=root,
    )


class _Found:
    """The images of lists, as far as they are gone through."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.labels: list[str] = []
        self.splits: list[str] = []
        self.others: list[dict[str, str]] = []
        self.skipped: list[Skipped] = []
        self.without: dict[str, list[Skipped]] = defaultdict(list)  # by the label

    def take(self, one: ImageList) -> None:
        """Go through a list."""
        for row in one.listed.images:
            where = f"{one.name}, {row.place}"
            if not row.path:
                raise DataError(
                    f"{where}: {row.label!r} has no path; expected path and label in each row"
                )
            split = name_split(row.split) if row.split else one.split
            if split is None or (row.split and not split):
                raise DataError(f"{where}: the split {row.split!r}; expected train, val or test")
            found, reason = one.files.locate(row.path)
            if not row.label:
                reason = f"{row.place} gives it no label"
            if reason:
                self.skipped.append(Skipped(row.path, reason))
                if row.label:
                    self.without[row.label].append(self.skipped[-1])
            elif found not in self.places:
                self.places[found] = len(self.labels)
                self.labels.append(row.label)
                self.splits.append(split)
                self.others.append(dict(zip(one.listed.others, row.others, strict=True)))
            elif self.labels[before := self.places[found]] != row.label:
                refuse_labels(one.name, row.path, [self.labels[before], row.label])
            elif self.splits[before] != split:
                raise DataError(
                    f"{where}: {row.path!r} is listed in {split!r}, and before in "
                    f"{self.splits[before]!r}; keep one of the two"
                )
            else:
                self.skipped.append(Skipped(row.path, f"{row.place} lists it a second time"))
