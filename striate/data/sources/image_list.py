"""Images listed with their classes: each found in its folder, none twice."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from striate.data.collection import (
    Collection,
    Kind,
    Skipped,
    encode_labels,
    quote_few,
)
from striate.data.split_names import SPLIT_WORDS
from striate.errors import DataError


@dataclass(frozen=True)
class ListedImage:
    """One row of a list.

    Attributes:
        place: which row, for messages: "line 3".
        path: of the image, below the folder of the list or whole.
        label: its class; "" where the row has none.
        split: "train", "val", "test" or a word for one of these; "" where the row has none.
    """

    place: str
    path: str
    label: str
    split: str = ""


def collect_list(
    listed: Iterable[ListedImage],
    folder: Path,
    *,
    source: str,
    kind: Kind,
    list_name: str,
    within: Path | None = None,
) -> Collection:
    """Return the images of a list as a collection.

    Args:
        listed: its rows.
        folder: what the paths are relative to.
        source: what the user pointed at.
        kind: of the collection.
        list_name: what the list is called in messages.
        within: a folder that no path may lead out of; None where any may.

    Raises:
        DataError: a row has no path or an unknown split, one image has two classes, or none is
            there.
    """
    names: list[str] = []
    labels: list[str] = []
    splits: list[str] = []
    skipped: list[Skipped] = []
    seen: dict[str, int] = {}
    for row in listed:
        where = f"{list_name}, {row.place}"
        if not row.path:
            raise DataError(
                f"{where}: {row.label!r} has no path; expected path and label in each row"
            )
        split = SPLIT_WORDS.get(row.split.lower(), "")
        if row.split and not split:
            raise DataError(f"{where}: the split {row.split!r}; expected train, val or test")
        found, reason = _locate(folder, row.path, within)
        if not row.label:
            reason = f"{row.place} gives it no label"
        if reason:
            skipped.append(Skipped(row.path, reason))
            continue
        if found in seen:
            before = seen[found]
            if (labels[before], splits[before]) == (row.label, split):
                skipped.append(Skipped(row.path, f"{row.place} lists it a second time"))
                continue
            raise DataError(
                f"{where}: {row.path!r} is listed as {quote_few([row.label, split])}, and before "
                f"as {quote_few([labels[before], splits[before]])}; keep one of the two"
            )
        seen[found] = len(names)
        names.append(found)
        labels.append(row.label)
        splits.append(split)
    if not names:
        told = f" (the first: {skipped[0].name!r}, {skipped[0].reason})" if skipped else ""
        raise DataError(f"none of the images that {list_name} lists can be found{told}")
    classes, numbers = encode_labels(labels)
    return Collection(
        source=source,
        kind=kind,
        classes=classes,
        names=tuple(names),
        labels=numbers,
        splits=tuple(splits),
        skipped=tuple(skipped),
        content=folder,
    )


def _locate(folder: Path, name: str, within: Path | None) -> tuple[str, str]:
    """Return the name under which a listed image is found, or the reason why it is not."""
    plain = name.replace("\\", "/")
    spellings = (name, plain, normalize("NFC", plain), normalize("NFD", plain))  # macOS: NFD
    for spelt in dict.fromkeys(spellings):
        try:
            target = folder / spelt
            if not target.is_file():
                continue
            if within is not None and not target.resolve().is_relative_to(within.resolve()):
                return name, "leads out of the zip's own folder"
        except (OSError, ValueError):
            return name, "not a possible file name"
        return os.path.normpath(spelt).replace(os.sep, "/"), ""
    return name, "there is no such file"
