"""A CSV file that lists images: path, label and perhaps split."""

from __future__ import annotations

import csv
from pathlib import Path

from striate.data.collection import Collection, quote_few
from striate.data.sources.image_list import ListedImage, collect_list
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
    needed = max(columns["path"], columns["label"])
    for number, row in rows[first:]:
        if len(row) <= needed:
            raise DataError(f"{path.name!r}, line {number}: {row!r} has no label; {_EXPECTED}")
    listed = [
        ListedImage(
            place=f"line {number}",
            path=row[columns["path"]].strip(),
            label=row[columns["label"]].strip(),
            split=row[columns["split"]].strip()
            if columns.get("split", len(row)) < len(row)
            else "",
        )
        for number, row in rows[first:]
    ]
    return collect_list(
        listed, path.parent, source=source, kind="csv", list_name=repr(path.name), within=within
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
