"""A CSV file that lists images: path, label and perhaps split."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from unicodedata import normalize

from striate.data.collection import SPLIT_WORDS, Collection, Skipped, encode_labels, quote_few
from striate.errors import DataError

_HEADERS = {
    "path": "path", "file": "path", "filename": "path", "file_name": "path", "filepath": "path",
    "image": "path", "image_path": "path", "picture": "path", "name": "path", "img": "path",
    "label": "label", "class": "label", "target": "label", "category": "label",
    "classname": "label", "class_name": "label", "y": "label",
    "split": "split", "part": "split", "set": "split", "subset": "split", "partition": "split",
}  # fmt: skip


def find_csv(path: Path, source: str, *, within: Path | None = None) -> Collection:
    """Find the images that a CSV lists: path,label or path,label,split, a header or not.

    Paths are relative to the CSV. Commas, semicolons and tabs are understood, and a BOM.

    Args:
        path: the CSV.
        source: what the user pointed at.
        within: a folder that no path may lead out of; None where any may.

    Raises:
        DataError: where it is no such list, with the row.
    """
    rows = _rows(path)
    columns, first = _columns(rows, path)
    names: list[str] = []
    kinds: list[str] = []
    splits: list[str] = []
    skipped: list[Skipped] = []
    seen: dict[str, int] = {}
    for number, row in rows[first:]:
        if len(row) <= max(columns["path"], columns["label"]):
            raise DataError(f"{path.name!r}, line {number}: {row!r} has no label; {_EXPECTED}")
        name, label = row[columns["path"]].strip(), row[columns["label"]].strip()
        if not name:
            raise DataError(f"{path.name!r}, line {number}: {row!r} has no path; {_EXPECTED}")
        split = _split(row, columns.get("split"), path, number)
        found, reason = _locate(path.parent, name, within)
        if not label:
            reason = f"line {number} gives it no label"
        if reason:
            skipped.append(Skipped(name, reason))
            continue
        if found in seen:
            before = seen[found]
            if (kinds[before], splits[before]) == (label, split):
                skipped.append(Skipped(name, f"line {number} lists it a second time"))
                continue
            raise DataError(
                f"{path.name!r}, line {number}: {name!r} is listed as {quote_few([label, split])}, "
                f"and before as {quote_few([kinds[before], splits[before]])}; keep one of the two"
            )
        seen[found] = len(names)
        names.append(found)
        kinds.append(label)
        splits.append(split)
    if not names:
        told = f" (the first: {skipped[0].name!r}, {skipped[0].reason})" if skipped else ""
        raise DataError(f"none of the images that {path.name!r} lists can be found{told}")
    classes, labels = encode_labels(kinds)
    return Collection(
        source=source,
        kind="csv",
        classes=classes,
        names=tuple(names),
        labels=labels,
        splits=tuple(splits),
        skipped=tuple(skipped),
        content=path.parent,
    )


_EXPECTED = "expected path,label or path,label,split in each line"


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Read all rows that are not empty, with their line numbers."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        errors = "strict" if encoding == "utf-16" else "surrogateescape"
        with path.open(encoding=encoding, errors=errors, newline="") as text:
            head = text.readline()
            text.seek(0)
            reader = csv.reader(text, delimiter=_delimiter(head))
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeError, csv.Error) as error:
        raise DataError(f"{path.name!r} cannot be read as CSV: {error}; {_EXPECTED}") from error
    if not rows:
        raise DataError(f"{path.name!r} is empty; {_EXPECTED}")
    return rows


def _delimiter(line: str) -> str:
    counts = {mark: line.count(mark) for mark in ",;\t"}
    return max(counts, key=lambda mark: counts[mark])


def _columns(rows: list[tuple[int, list[str]]], path: Path) -> tuple[dict[str, int], int]:
    """Tell which column is what, and the first row of data."""
    number, row = rows[0]
    words = [_HEADERS.get(cell.strip().lower(), "") for cell in row]
    is_header = "path" in words and "label" in words
    if is_header and not (path.parent / row[0].strip()).is_file():
        columns = {word: place for place, word in reversed(list(enumerate(words))) if word}
        return columns, 1
    if len(row) not in (2, 3):
        raise DataError(
            f"{path.name!r}, line {number}: {quote_few(row, 5)} is neither a header with path and "
            f"label nor a row; {_EXPECTED}"
        )
    return {"path": 0, "label": 1, **({"split": 2} if len(row) == 3 else {})}, 0


def _split(row: list[str], column: int | None, path: Path, number: int) -> str:
    if column is None or column >= len(row) or not row[column].strip():
        return ""
    word = row[column].strip().lower()
    if word not in SPLIT_WORDS:
        raise DataError(
            f"{path.name!r}, line {number}: the split {row[column]!r}; expected train, val or test"
        )
    return SPLIT_WORDS[word]


def _locate(folder: Path, name: str, within: Path | None) -> tuple[str, str]:
    """Give the name under which a listed image is found, or the reason why it is not."""
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
