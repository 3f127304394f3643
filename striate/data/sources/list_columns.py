"""Which column of a list is what: the image, its label, its split, and what else is known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from striate.data.collection import natural_key, quote_few
from striate.data.sources.tables import EXPECTED, SEVERAL, Table
from striate.data.split_names import name_split
from striate.errors import DataError

# the first of these that a header has is meant
PATHS = (
    "path", "file_name", "filename", "filepath", "file_path", "file", "image_path", "img_path",
    "image_name", "img_name", "image_id", "imageid", "image", "img", "picture", "id_code", "id",
    "fname", "name",
)  # fmt: skip
LABELS = (
    "label_name", "class_name", "classname", "category_name", "label", "labels", "class", "classes",
    "target", "category", "breed", "species", "diagnosis", "choice", "y", "tag", "tags", "class_id",
    "classid", "label_id", "category_id",
)  # fmt: skip
SOME = {PATHS: "path, file_name, image_id, id", LABELS: "label, class, category, breed"}
SPLITS = ("split", "part", "set", "subset", "partition", "phase")
HELD_OUT = {"is_valid": "val", "is_val": "val", "is_validation": "val", "is_test": "test"}
FOLDS = ("fold", "folds", "kfold", "fold_id")
QUOTE = "'"  # around the name of a list
YES, NO = {"1", "1.0", "true", "yes"}, {"0", "0.0", "false", "no", ""}


@dataclass(frozen=True)
class ListedImage:
    """One row of a list.

    Attributes:
        place: which row, for messages: "line 3".
        path: of the image, below the folder of the list or whole.
        label: its class; "" where the row has none.
        split: "train", "val", "test" or a word for one of these; "" where the row has none.
        others: the values of the other columns.
    """

    place: str
    path: str
    label: str
    split: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listed:
    """The rows of a list.

    Attributes:
        images: the rows.
        others: the names of the columns that are none of path, label and split.
        notes: what was decided.
    """

    images: tuple[ListedImage, ...]
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_columns(table: Table, is_image: Callable[[str], bool]) -> Listed:
    """Return the rows of a table as images with labels, by the names of its columns.

    Args:
        table: with a header, or rows of path,label or path,label,split.
        is_image: whether a cell names an image that is there; a header does not.

    Raises:
        DataError: no column is known for the path or the label, a row lacks them, or an image has
            several labels.
    """
    words = [re.sub(r"[^a-z0-9]+", "_", cell.lower()).strip("_") for cell in table.header]
    path = _place(words, PATHS)
    label = _place(words, LABELS)
    if not table.sure and (path is None or is_image(table.header[path])):
        return _without_header(table)
    if path is None:
        raise DataError(_unknown(table, "path", PATHS))
    if label is None and len(words) == 2:
        label = 1 - path
    split = _place(words, (*SPLITS, *HELD_OUT, *FOLDS))
    hot: list[int] = []
    if label is None:
        hot = _one_hot(table, {path, split})
        if not hot:
            raise DataError(_unknown(table, "label", LABELS))
    plural = label is not None and words[label] in ("labels", "tags", "classes")
    others = [place for place in range(len(words)) if place not in {path, label, split, *hot}]
    images = []
    for place, row in table.rows:
        if len(row) <= max(path, label or 0, *hot):
            raise DataError(f"{table.name}, {place}: {list(row)!r} has no label; {EXPECTED}")
        name = row[path].strip()
        labels = [table.header[one].strip() for one in hot if row[one].strip().lower() in YES]
        if label is not None:
            labels = [one.strip() for one in row[label].split(SEVERAL)]
        if len(labels) > 1:
            refuse_labels(table.name, name, labels)
        cell = row[split].strip() if split is not None and split < len(row) else ""
        rest = tuple(row[one].strip() if one < len(row) else "" for one in others)
        images.append(ListedImage(place, name, labels[0] if labels else "", cell, rest))
    _refuse_joined(table.name, images, "|;, " if plural else "|;")
    kept = tuple(table.header[one].strip() or f"column {one + 1}" for one in others)
    return _with_splits(table.name, words[split] if split is not None else "",
                        Listed(tuple(images), kept, table.notes))  # fmt: skip


def refuse_labels(list_name: str, path: str, labels: Sequence[str]) -> None:
    """Refuse several labels of one image."""
    number = "two" if len(labels) == 2 else str(len(labels))
    raise DataError(
        f"{list_name.strip(QUOTE)} gives {path} {number} labels "
        f"({', '.join(labels)}); Striate learns one class an image"
    )


def _refuse_joined(name: str, images: Sequence[ListedImage], marks: str) -> None:
    """Refuse cells that hold several labels each: all pieces of one stand elsewhere, too."""
    labels = {one.label for one in images}
    for mark in marks:
        joined = {
            label: [piece for piece in map(str.strip, label.split(mark)) if piece]
            for label in labels
            if mark in label
        }
        counts = Counter(piece for pieces in joined.values() for piece in set(pieces))
        alone = labels - joined.keys()
        for one in images if joined else ():
            pieces = joined.get(one.label, [])
            if len(pieces) > 1 and all(each in alone or counts[each] > 1 for each in pieces):
                refuse_labels(name, one.path, pieces)


def _place(words: Sequence[str], known: Sequence[str]) -> int | None:
    """Return the column of the first known word that there is."""
    return next((words.index(word) for word in known if word in words), None)


def _without_header(table: Table) -> Listed:
    rows = [("line 1", table.header), *table.rows]
    if len(table.header) not in (2, 3):
        raise DataError(
            f"{table.name}, line 1: {quote_few(table.header, 5)} is neither a header with path "
            f"and label nor a row; {EXPECTED}, or a header with {SOME[PATHS]} for the path and "
            f"{SOME[LABELS]} for the label"
        )
    short = next(((place, row) for place, row in rows if len(row) < 2), None)
    if short is not None:
        raise DataError(f"{table.name}, {short[0]}: {list(short[1])!r} has no label; {EXPECTED}")
    return Listed(
        tuple(
            ListedImage(place, row[0].strip(), row[1].strip(), row[2].strip() if row[2:] else "")
            for place, row in rows
        ),
        notes=table.notes,
    )


def _unknown(table: Table, what: str, known: tuple[str, ...]) -> str:
    return (
        f"{table.name} has {', '.join(table.header) or 'no columns'}, but no column that is known "
        f"for the {what}; call one {SOME[known]} or the like (docs/data.md has all)"
    )


def _one_hot(table: Table, taken: set[int | None]) -> list[int]:
    """Return the columns that hold nothing but yes and no, where there are several."""
    places = [place for place in range(len(table.header)) if place not in taken]
    for _, row in table.rows:
        known = len(row)
        places = [
            one for one in places if one < known and row[one].strip().lower() in YES | NO
        ]  # fmt: skip
    return places if len(places) > 1 else []


def _with_splits(name: str, word: str, listed: Listed) -> Listed:
    """Turn what the column of the split holds into the names of splits."""
    if word in HELD_OUT:
        named = dict.fromkeys(YES, HELD_OUT[word]) | dict.fromkeys(NO, "train")
        return _renamed(listed, lambda cell: named.get(cell.lower(), cell))
    if word not in FOLDS:
        return listed
    folds = sorted({one.split for one in listed.images if one.split}, key=natural_key)
    if all(name_split(fold) for fold in folds):
        return listed
    if len(folds) < 2:
        return _renamed(listed, lambda cell: "")
    first = folds[0]
    note = f"{word} {first} of {name.strip(QUOTE)} is the validation split, "
    note += f"the other {len(folds) - 1} are train"
    return _renamed(listed, lambda cell: "val" if cell == first else "train", note)


def _renamed(listed: Listed, rename: Callable[[str], str], *notes: str) -> Listed:
    images = tuple(
        ListedImage(one.place, one.path, one.label, rename(one.split), one.others)
        for one in listed.images
    )
    return Listed(images, listed.others, (*listed.notes, *notes))
