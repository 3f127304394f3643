"""The names of classes from a file, in the order of a network's outputs."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from striate.errors import SettingError
from striate.files.text_encoding import decode

WNID = re.compile(r"n[0-9]{8}")  # a WordNet id, as ImageNet's folders are called
SYNSET = re.compile(r"(n[0-9]{8})\s+(\S.*)")
INDEXED = re.compile(r"([0-9]+)(?![.,][0-9])[\s:.,;)]+(\S.*)")  # 0 tench, but not 0.5 mm
COLUMNED = re.compile(r"([0-9]+|n[0-9]{8})\s*[;\t,]")  # 0;tench
COLUMNS = {"index": "index", "id": "id", "wnid": "id", "name": "name", "class": "name"}
COLUMNS |= {"label": "name", "number": "index"}
EXPECTED = (
    "expected a name a line, a JSON list of names, a CSV, or an index such as "
    '{"0": ["n01440764", "tench"], ...}'
)


@dataclass(frozen=True)
class ClassList:
    """Classes in the order of the outputs.

    Attributes:
        names: no two alike.
        ids: a second name of each, or none at all.
        notes: what was changed about the names.
    """

    names: tuple[str, ...]
    ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_classes(given: str | Path | Sequence[str]) -> ClassList:
    """Read the names of the classes.

    Args:
        given: the names themselves, or a file of them: a name a line (with a WordNet id or an
            index before it, or an id alone); a JSON list; a JSON object of index to name, index
            to [id, name], or name to index; a CSV, by commas, semicolons or tabs, with the columns
            name, id and name, index and name, or those that its header names among index, id,
            name. In UTF-8, UTF-16 or a code page of Windows.

    Returns:
        The names in order. Where several classes have one name, the id is added to it, as in
        "crane (n02012849)".

    Raises:
        SettingError: the file cannot be read, or does not name each class once.

    >>> read_classes(["ant", "bee"]).names
    ('ant', 'bee')
    """
    if isinstance(given, (str, Path)):
        path = Path(given)
        text, notes = _text(path)
        rows, moved = _by_index(_rows(text, path))
        if moved:
            notes += (
                f"the numbers before the names in '{path}' were taken for their order, in which "
                f"'{rows[0][1]}' is first",
            )
        which = f"the classes in '{path}'"
    else:
        rows, which = [("", str(name)) for name in given], "the classes"
        notes = ()
    if not rows:
        raise SettingError(f"{which} are none; {EXPECTED}")
    ids, names = (tuple(column) for column in zip(*rows, strict=True))
    empty = [number for number, name in enumerate(names) if not name.strip()]
    if empty:
        raise SettingError(f"{which} have no name at index {empty[0]}; {EXPECTED}")
    ids = ids if all(ids) else ()
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        raise SettingError(f"{which} have the id '{twice[0]}' twice; expected each once")
    listed = _unlike(names, ids, which)
    return replace(listed, notes=(*notes, *listed.notes))


def _unlike(names: tuple[str, ...], ids: tuple[str, ...], which: str) -> ClassList:
    """Make names that several classes share different ones, by their ids."""
    shared = [name for name, count in Counter(names).items() if count > 1]
    if not shared:
        return ClassList(names, ids)
    if not ids:
        raise SettingError(
            f"{which} hold '{shared[0]}' more than once; expected a different name a class, or ids "
            "beside the names that tell them apart"
        )
    told = tuple(
        f"{name} ({key})" if name in shared else name for name, key in zip(names, ids, strict=True)
    )
    if len(set(told)) < len(told):
        raise SettingError(f"{which} hold '{shared[0]}' more than once, also with its id")
    example = next(name for name in told if name not in names)
    listed = ", ".join(f"'{name}'" for name in shared[:5]) + (", ..." if len(shared) > 5 else "")
    note = f"several classes are called {listed}: their ids were added, as in '{example}'"
    return ClassList(told, ids, (note,))


def _text(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the text of a file, and a note where its encoding was a guess."""
    try:
        text, page = decode(path.read_bytes())
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise SettingError(f"the classes in '{path}' cannot be read: {said}; {EXPECTED}") from error
    if "\0" in text:
        raise SettingError(f"the classes in '{path}' are no text; {EXPECTED}")
    if not page:
        return text, ()
    return text, (
        f"'{path}' is not in UTF-8 and was read in the code page {page}; if names look wrong, save "
        "it as UTF-8",
    )


def _by_index(rows: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], bool]:
    """Put rows in order where an index stands before each name, in its column or by a blank.

    Returns:
        The rows, and whether numbers within the names put them in another order.
    """
    in_names = not any(key for key, _ in rows)
    if in_names:
        split = [INDEXED.fullmatch(name) for _, name in rows]
        pairs = [(match[1], match[2]) for match in split if match]
    else:
        pairs = [(key, name) for key, name in rows if key.isdecimal()]
    numbers = sorted(int(key) for key, _ in pairs)
    if len(pairs) < len(rows) or not numbers or numbers[0] > 1:
        return rows, False
    if numbers != list(range(numbers[0], numbers[0] + len(rows))):
        return rows, False
    ordered = sorted(pairs, key=lambda each: int(each[0]))
    return [("", name) for _, name in ordered], in_names and ordered != pairs


def _rows(text: str, path: Path) -> list[tuple[str, str]]:
    """Return (id or "", name) of each class, in order."""
    if text.lstrip().startswith(("{", "[")):
        try:
            return _of_json(json.loads(text), path)
        except (ValueError, RecursionError) as error:
            raise SettingError(f"'{path}' is no JSON: {error}; {EXPECTED}") from error
    lines = [line.strip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    if path.suffix.lower() in (".csv", ".tsv") or all(COLUMNED.match(line) for line in lines):
        return _of_csv(lines, path)
    rows: list[tuple[str, str]] = []
    synsets = all(SYNSET.fullmatch(line) for line in lines)
    for line in lines:
        match = SYNSET.fullmatch(line) if synsets else None
        key = match[1] if match else line if WNID.fullmatch(line) else ""
        rows.append((key, match[2] if match else line))
    return rows


def _of_json(found: Any, path: Path) -> list[tuple[str, str]]:
    if isinstance(found, dict):
        values = list(found.values())
        if values and all(type(value) is int for value in values):  # name to index
            found = {str(value): name for name, value in found.items()}
            if len(found) < len(values):
                raise SettingError(f"'{path}' gives an index twice; {EXPECTED}")
        return [_of_entry(found[key], path) for key in _in_order(list(found), path)]
    return [_of_entry(entry, path) for entry in found]


def _of_entry(entry: Any, path: Path) -> tuple[str, str]:
    """Read a name, or [id, name] with what may follow."""
    if isinstance(entry, str):
        return "", entry
    if isinstance(entry, list) and len(entry) >= 2 and all(isinstance(e, str) for e in entry):
        return entry[0], entry[1]
    raise SettingError(f"'{path}' has {str(entry)[:60]!r} for a class; {EXPECTED}")


def _in_order(keys: Sequence[str], path: Path) -> list[str]:
    """Sort the indices of an index; each from 0 on must be there once."""
    numbers = {int(key): key for key in keys if key.isdecimal()}
    lacking = [number for number in range(len(keys)) if number not in numbers]
    if lacking:
        raise SettingError(
            f"'{path}' has {len(keys):,} classes and none of index {lacking[0]}; expected the "
            f"indices 0 to {len(keys) - 1:,}"
        )
    return [numbers[number] for number in range(len(keys))]


def _are_indices(cells: Sequence[str]) -> bool:
    """Say whether cells are the numbers from 0 on, or from 1 on, in any order."""
    numbers = sorted(int(cell) for cell in cells if cell.isdecimal())
    first = numbers[0] if numbers else -1
    return first in (0, 1) and numbers == list(range(first, first + len(cells)))


def _of_csv(lines: Sequence[str], path: Path) -> list[tuple[str, str]]:
    between = max(",;\t", key=lambda mark: sum(mark in line for line in lines))
    table = csv.reader(lines, delimiter=between)
    rows = [[cell.strip() for cell in row] for row in table if any(row)]
    if not rows:
        return []
    header = [COLUMNS.get(cell.casefold(), "") for cell in rows[0]]
    if "name" in header:
        rows = rows[1:]
    else:
        header = [[], ["name"], ["id", "name"], ["index", "id", "name"]][min(len(rows[0]), 3)]
        if len(rows[0]) == 2 and _are_indices([row[1] for row in rows if len(row) > 1]):
            header = ["name", "index"] if not _are_indices([row[0] for row in rows]) else header
    for number, row in enumerate(rows, 1):
        if len(row) < len(header):
            raise SettingError(
                f"row {number} of '{path}' has {len(row)} columns; expected {len(header)}, as the "
                "first has"
            )
    if "index" in header:
        place = header.index("index")
        cells = [row[place] for row in rows]
        if _are_indices(cells):  # from 1 on, too, as in a list by lines
            rows = sorted(rows, key=lambda row: int(row[place]))
        else:
            by_index = dict(zip(cells, rows, strict=True))
            rows = [by_index[index] for index in _in_order(cells, path)]
    key = header.index("id") if "id" in header else None
    name = header.index("name")
    return [(row[key] if key is not None else "", row[name]) for row in rows]
