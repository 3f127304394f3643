"""Files that list images with their classes: found in a folder or its splits, and read."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from striate.data.collection import Collection
from striate.data.sources.folder_tree import DOCUMENTS, list_folder
from striate.data.sources.image_files import ImageFiles
from striate.data.sources.image_list import ImageList, collect_lists
from striate.data.sources.list_columns import QUOTE, read_columns
from striate.data.sources.tables import read_table
from striate.data.split_names import name_split, says_nothing
from striate.errors import DataError

TABLES = (".csv", ".tsv", ".jsonl", ".json", ".xml")
"""What may be a list in a folder; a .txt only where it is pointed at."""


@dataclass(frozen=True)
class Lists:
    """The lists of a folder.

    Attributes:
        lists: read, with the split of each.
        refused: of each file that is no list, why not.
    """

    lists: tuple[ImageList, ...]
    refused: tuple[str, ...] = ()

    @property
    def labels(self) -> set[str]:
        """The labels of all rows."""
        return {row.label for one in self.lists for row in one.listed.images if row.label}

    def finds_an_image(self) -> bool:
        """Return whether one of the first rows names an image that is there."""
        first = [(one, row) for one in self.lists for row in one.listed.images[:20]]
        found = any(not one.files.locate(row.path)[1] for one, row in first)
        for one in self.lists:
            one.files.elsewhere.clear()
        return found


def find_list(path: Path, source: str, within: Path | None) -> Collection:
    """Find the images that a file lists.

    Args:
        path: of the file.
        source: what the user pointed at.
        within: a folder that no path may lead out of; None where any may.

    Raises:
        DataError: it is no such list, with the row.
    """
    root = path.parent
    return collect_lists([_read(path, root, "", within)], root, source=source, kind="csv")


def collect(found: Lists, root: Path, source: str) -> Collection:
    """Return the images of a folder's lists, and say which these are."""
    collection = collect_lists(found.lists, root, source=source, kind="csv")
    names = [one.name.strip(QUOTE) for one in found.lists]
    if len(names) == 1:
        note = f"{names[0]} was taken as the list of images"
    else:
        which = [f"{one.name} ({one.split})" for one in found.lists]
        note = f"the lists of the splits were taken: {', '.join(which)}"
    return dataclasses.replace(collection, notes=(note, *collection.notes))


def find_lists(folder: Path, source: str, within: Path | None) -> Lists:
    """Return the lists of a folder: its own, else those of each split or of annotations.

    Raises:
        DataError: there are several, and their names are not those of splits.
    """
    listing = list_folder(folder)
    own = _candidates(listing.files)
    found = _read_all([(folder / name, "") for name in own], folder, within)
    if not found.lists:
        inner = [
            (folder / name / file, name_split(name) or "")
            for name in listing.folders
            if name_split(name) or says_nothing(name)
            for file in _candidates(list_folder(folder / name).files)
        ]
        deeper = _read_all(inner, folder, within)
        found = Lists(deeper.lists, (*found.refused, *deeper.refused))
    if len(found.lists) < 2 or all(one.split for one in found.lists):
        return found
    splits = [name_split(PurePath(one.name.strip(QUOTE)).stem) for one in found.lists]
    if None in splits or len(set(splits)) < len(splits):
        raise DataError(
            f"{source!r} holds several lists of images ({', '.join(e.name for e in found.lists)}); "
            "point at the one that is meant"
        )
    parts = zip(found.lists, splits, strict=True)
    return Lists(tuple(dataclasses.replace(one, split=split or "") for one, split in parts))


def _candidates(files: Sequence[str]) -> list[str]:
    """Return the files that may be lists: of images, not of answers handed in."""
    names = [
        name for name in files if name.lower().endswith(TABLES) and "submission" not in name.lower()
    ]
    if not names:
        return []
    images = {PurePath(name).stem for name in files if not name.lower().endswith(DOCUMENTS)}
    # what is named as an image speaks of that alone; one of them tells what they are
    return [name for name in names if PurePath(name).stem not in images] or names[:1]


def _read_all(files: Sequence[tuple[Path, str]], root: Path, within: Path | None) -> Lists:
    lists, refused = [], []
    for path, split in files:
        try:
            lists.append(_read(path, root, split, within))
        except DataError as error:
            refused.append(str(error))
    return Lists(tuple(lists), tuple(refused))


def _read(path: Path, root: Path, split: str, within: Path | None) -> ImageList:
    below = path.parent.relative_to(root).as_posix()
    files = ImageFiles(root, f"{below}/" if split else "", path.name, within)
    table = read_table(path, files.walk)
    listed = read_columns(table, lambda name: (path.parent / name).is_file())
    name = path.name if below == "." else f"{below}/{path.name}"
    return ImageList(repr(name), listed, files, split)
