"""Files that list images, as tables of texts: CSV, JSON Lines and Label Studio's JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from striate.data.collection import quote_few
from striate.errors import DataError
from striate.files.text_encoding import decode

EXPECTED = "expected path,label or path,label,split in each line"
LARGEST = 2**30  # bytes of a list: far above a million rows


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of texts.

    Attributes:
        name: what the list is called in messages: the file's name in quotes.
        header: the first row of a CSV, which may be none; else the names of the columns.
        sure: whether the header surely is one.
        rows: each with its place, such as "line 2", without the header.
        notes: what was decided in reading it.
    """

    name: str
    header: tuple[str, ...]
    sure: bool
    rows: Sequence[tuple[str, Sequence[str]]]
    notes: tuple[str, ...] = ()


def read_table(path: Path, names: Callable[[], Iterable[str]] = tuple) -> Table:
    """Read a file that lists images.

    Args:
        path: of the file; its ending says what it is.
        names: gives the names of the files that it may list, to tell its encoding where it is in
            neither UTF-8 nor UTF-16.

    Raises:
        DataError: it cannot be read, or is a list of boxes or outlines, with its line.
    """
    text, notes = _text(path, names)
    name = repr(path.name)
    ending = path.suffix.lower()
    if ending == ".jsonl":
        return _of_objects(name, _json_lines(name, text), notes)
    if ending == ".json":
        return _of_objects(name, _json_objects(name, text), notes)
    if ending == ".xml":
        raise DataError(f"{name} is {_xml_kind(text)}; {NOT_READ}")
    (_, first), *rest = _csv_rows(name, text)
    return Table(name, tuple(cell.strip() for cell in first), False, rest, notes)


NOT_READ = (
    "Striate learns one class an image, and does not read it; export one folder a class, or a CSV "
    "of path,label"
)


def _text(path: Path, names: Callable[[], Iterable[str]]) -> tuple[str, tuple[str, ...]]:
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path.name!r} has more than {LARGEST:,} bytes, too many for a list")
        data = path.read_bytes()
        data.decode("utf-8-sig")
        known: Iterable[str] = ()
    except UnicodeDecodeError:
        known = names()
    except OSError as error:
        raise DataError(f"{path.name!r} cannot be read: {error}; {EXPECTED}") from error
    try:
        text, page = decode(data, known)
    except UnicodeError as error:
        raise DataError(f"{path.name!r} cannot be read as CSV: {error}; {EXPECTED}") from error
    if not page:
        return text, ()
    return text, (
        f"{path.name} is not in UTF-8 and was read in the code page {page}; if names look wrong, "
        "save it as UTF-8 (in Excel: CSV UTF-8)",
    )


def _csv_rows(name: str, text: str) -> list[tuple[str, list[str]]]:
    """Return all rows that are not empty, with their line numbers."""
    lines = list(io.StringIO(text, newline=""))  # by \n and \r alone: names may hold other breaks
    reader = csv.reader(lines, delimiter=_delimiter(lines[:20]))
    try:
        rows = [
            (f"line {reader.line_num}", row) for row in reader if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise DataError(f"{name} cannot be read as CSV: {error}; {EXPECTED}") from error
    if not rows:
        raise DataError(f"{name} is empty; {EXPECTED}")
    return rows


def _delimiter(lines: Sequence[str]) -> str:
    """Return what stands between the cells: what is in most lines, and as often in each."""

    def even(mark: str) -> tuple[int, int]:
        counts = [line.count(mark) for line in lines if line.strip()]
        found = [count for count in counts if count]
        return (len(found), -len(set(found))) if found else (0, 0)

    return max(",;\t", key=lambda mark: (*even(mark), sum(line.count(mark) for line in lines)))


def _json_lines(name: str, text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(io.StringIO(text), 1):
        if line.strip():
            yield f"line {number}", _json(f"{name}, line {number}", line)


def _json_objects(name: str, text: str) -> list[tuple[str, Any]]:
    """Return the tasks of Label Studio, or any objects of a list; COCO is refused by name."""
    found = _json(name, text)
    if isinstance(found, dict) and {"images", "annotations"} <= found.keys():
        raise DataError(f"{name} is COCO's JSON of boxes and outlines; {NOT_READ}")
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise DataError(f"{name} is no list of images: expected a JSON list of objects")
    return [(f"entry {number}", _of_task(each)) for number, each in enumerate(found, 1)]


def _json(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is no JSON: {error}") from error


def _of_task(task: Any) -> Any:
    """Return a task of Label Studio as a flat object: its data, and the choice made for it."""
    if isinstance(task.get("data"), dict):
        made = [each for each in task.get("annotations", []) if not each.get("was_cancelled")]
        values = [one.get("value", {}) for each in made for one in each.get("result", [])]
        labels = [name for value in values for name in value.get("choices", [])]
        others = sorted({key for value in values for key in value} - {"choices"})
        if others and not labels:
            raise DataError(
                f"Label Studio's JSON holds {quote_few(others)}, but no choices; {NOT_READ}"
            )
        task = {**task["data"], "choice": list(dict.fromkeys(labels))}
    if "choice" in task and isinstance(task.get("image"), str):
        place = unquote(task["image"])
        local = place.partition("?d=")[2]
        task["image"] = local or re.sub(r".*/", "", place.partition("?")[0])
    return task


def _of_objects(name: str, found: Iterable[tuple[str, Any]], notes: tuple[str, ...]) -> Table:
    objects = list(found)
    wrong = next((place for place, each in objects if not isinstance(each, dict)), "")
    if wrong or not objects:
        raise DataError(f"{name}{', ' + wrong if wrong else ''}: expected an object an image")
    columns = tuple(dict.fromkeys(key for _, each in objects for key in each))
    rows = [(place, [_cell(each.get(key)) for key in columns]) for place, each in objects]
    return Table(name, columns, True, rows, notes)


SEVERAL = "\0"  # between the labels of one cell


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(each, str | int) for each in value):
        return SEVERAL.join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _xml_kind(text: str) -> str:
    start = text[:5000]
    if "<annotations" in start:
        return "CVAT's XML of boxes and outlines"
    return "Pascal VOC's XML of boxes" if "<annotation" in start else "XML"
